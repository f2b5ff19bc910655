/* Centring and collapse: the linear theory against the eigenvalues of its matrix and against the
 * non-linear step; the equilibrium of the centre against its closed forms. */
#include "support.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_vector.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/dynamics.h"
#include "maskinfo/random.h"

/* The setting of docs/task4.md. */
static mi_dynamics setting(double temperature, double momentum)
{
    return (mi_dynamics){.prototypes = 16,
                         .inputs = 1,
                         .learning_rate = 0.05,
                         .student_temperature = 0.1,
                         .teacher_temperature = temperature,
                         .teacher_momentum = 0.996,
                         .center_momentum = momentum};
}

static void four_points_of_the_theory(void **state)
{
    (void)state;
    static const struct {
        double temperature, momentum;
        bool stable;
    } points[] = {{0.02, 0.9, true}, {0.02, 0.99, false}, {0.04, 0.99, true}, {0.04, 0.999, false}};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        mi_dynamics d = setting(points[i].temperature, points[i].momentum);
        mi_trial_outcome o;
        assert_int_equal(mi_constant_stable(&d, false), points[i].stable);
        assert_int_equal(mi_constant_stable(&d, true), points[i].stable);
        assert_int_equal(mi_constant_mode(&d, false).growth < 0, points[i].stable);
        assert_int_equal(mi_constant_mode(&d, true).growth < 0, points[i].stable);
        assert_int_equal(mi_simulate_outcome(&d, 1e-5, 20000, 3, i, &o, NULL), MI_OK);
        assert_int_equal(!o.grows, points[i].stable);
        assert_int_equal(o.outcome, mi_predict_outcome(&d));
        assert_true(points[i].stable ? o.entropy > 0.999 : o.entropy < 0.6);
    }
}

/* The linear step word by word: s, t, c of a small output, in the order of dynamics.h. */
static void linear_step(const mi_dynamics *d, const double x[3], double y[3])
{
    double k = d->learning_rate / ((double)d->prototypes * d->student_temperature);
    double moved = d->center_momentum * x[2] + (1 - d->center_momentum) * x[1];
    double used = d->update_before ? moved : x[2];
    y[0] = x[0] + k * ((x[1] - used) / d->teacher_temperature - x[0] / d->student_temperature);
    y[1] = d->teacher_momentum * x[1] + (1 - d->teacher_momentum) * y[0];
    y[2] = moved;
}

/* Largest modulus of an eigenvalue of the step's matrix, those that are 1 by construction aside. */
static double largest_modulus(const mi_dynamics *d)
{
    gsl_matrix *matrix = gsl_matrix_alloc(3, 3);
    gsl_vector_complex *values = gsl_vector_complex_alloc(3);
    gsl_eigen_nonsymm_workspace *work = gsl_eigen_nonsymm_alloc(3);
    double largest = 0;
    for (size_t c = 0; c < 3; c++) {
        double x[3] = {0, 0, 0}, y[3];
        x[c] = 1;
        linear_step(d, x, y);
        for (size_t r = 0; r < 3; r++) {
            gsl_matrix_set(matrix, r, c, y[r]);
        }
    }
    assert_int_equal(gsl_eigen_nonsymm(matrix, values, work), 0);
    for (size_t i = 0; i < 3; i++) {
        gsl_complex z = gsl_vector_complex_get(values, i);
        largest = fmax(largest, hypot(GSL_REAL(z), GSL_IMAG(z)));
    }
    gsl_eigen_nonsymm_free(work);
    gsl_vector_complex_free(values);
    gsl_matrix_free(matrix);
    return largest;
}

static double uniform(gsl_rng *stream, double low, double high)
{
    return low + (high - low) * gsl_rng_uniform(stream);
}

static mi_dynamics random_setting(gsl_rng *stream)
{
    mi_dynamics d = setting(exp(uniform(stream, log(0.01), log(0.3))), 0);
    d.teacher_momentum = 1 - exp(uniform(stream, log(1e-3), 0));
    d.center_momentum = 1 - exp(uniform(stream, log(1e-4), 0));
    d.learning_rate = exp(uniform(stream, log(1e-3), log(0.5)));
    d.update_before = gsl_rng_uniform(stream) < 0.5;
    return d;
}

/* Growth, and both of Jury's conditions with their overshooting students. */
static void modes_are_eigenvalues_of_the_step(void **state)
{
    (void)state;
    enum { SETTINGS = 4000 };
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, 5, MI_PURPOSE_TEST, 0);
    size_t unstable = 0;
    for (int i = 0; i < SETTINGS; i++) {
        mi_dynamics d = random_setting(stream);
        double modulus = largest_modulus(&d);
        assert_near(mi_constant_mode(&d, true).growth, log(modulus), 1e-6);
        if (fabs(modulus - 1) > 1e-9) {
            assert_int_equal(mi_constant_stable(&d, true), modulus < 1);
        }
        unstable += modulus > 1;
    }
    assert_true(unstable > SETTINGS / 10 && unstable < 9 * SETTINGS / 10);
}

/* A student whose gain is just too large overshoots, whatever teacher and centre do. */
static void overshooting(void **state)
{
    (void)state;
    static const double momenta[][2] = {{0.9, 0.8}, {0.3, 0.4}, {0.6, 0.1}};
    for (size_t i = 0; i < 3; i++) {
        mi_dynamics d = setting(0.15, momenta[i][1]);
        d.teacher_momentum = momenta[i][0];
        double a = 1 - momenta[i][0], b = 1 - momenta[i][1], rho = 0.1 / 0.15;
        /* the polynomial at w = -2, z = -1: (G-2)(a-2)(b-2) = 2 a G rho */
        double bound = 2 * (2 - a) * (2 - b) / ((2 - a) * (2 - b) - 2 * a * rho);
        for (int above = 0; above < 2; above++) {
            double gain = bound * (above ? 1.0001 : 0.9999) * d.student_temperature;
            d.learning_rate = mi_dynamics_learning_rate(&d, gain);
            assert_int_equal(mi_constant_stable(&d, true), !above);
            assert_int_equal(largest_modulus(&d) < 1, !above);
        }
    }
}

/* A start that is saturated already and dies is no growth. */
static void saturated_start(void **state)
{
    (void)state;
    mi_dynamics d = setting(0.06, 0.9968);
    mi_trial_outcome o;
    assert_int_equal(mi_simulate_outcome(&d, 10, 20000, 3, 0, &o, NULL), MI_OK);
    assert_false(o.grows);
    assert_int_equal(o.saturated, 0);
}

/* One small non-linear step is the linear one, up to the third order. */
static void the_step_is_linear_near_uniform(void **state)
{
    (void)state;
    for (int before = 0; before < 2; before++) {
        mi_dynamics d = setting(0.04, 0.9);
        mi_simulation s;
        d.update_before = before == 1;
        assert_int_equal(mi_simulation_start(&s, &d, 1e-7, 3, 1, NULL), MI_OK);
        double x[3] = {0, 0, 0}, mean = 0;
        for (size_t k = 0; k < 16; k++) {
            mean += s.student[k] / 16;
        }
        x[0] = x[1] = s.student[2] - mean;
        for (int step = 0; step < 50; step++) {
            double y[3];
            linear_step(&d, x, y);
            memcpy(x, y, sizeof y);
            mi_simulation_step(&s);
        }
        assert_near((s.student[2] - mean) / x[0], 1, 1e-4);
        assert_near((s.teacher[2] - mean) / x[1], 1, 1e-4);
        mi_simulation_free(&s);
    }
}

/* lambda at which the sign of the condition changes, against the law, with small and large gains.
 */
static void law_without_the_gain(void **state)
{
    (void)state;
    static const double temperatures[] = {0.02, 0.04, 0.06, 0.08};
    for (size_t i = 0; i < 4; i++) {
        mi_dynamics d = setting(temperatures[i], 0.9);
        double continuous = mi_center_law(&d, false), discrete = mi_center_law(&d, true);
        assert_near(continuous, 1 - 0.004 * (0.1 / temperatures[i] - 1), 1e-14);
        assert_near(0.996 * (1 - discrete), 0.004 * (0.1 / temperatures[i] - 1), 1e-14);
        d.learning_rate = mi_dynamics_learning_rate(&d, 0.1); /* G = 1: the worst gain */
        assert_near(mi_dynamics_gain(&d), 0.1, 1e-15);
        assert_near(mi_center_border(&d, true), discrete, 1e-9);
        d.learning_rate = mi_dynamics_learning_rate(&d, 1e6); /* continuous: no gain too large */
        assert_near(mi_center_border(&d, false), continuous, 1e-7);
        d.update_before = true;
        d.learning_rate = mi_dynamics_learning_rate(&d, 0.1);
        assert_near(mi_center_border(&d, true), mi_center_law(&d, true), 1e-9);
    }
    mi_dynamics dino = setting(0.04, 0.9);
    assert_near(mi_center_law(&dino, false), 0.994, 1e-12);
}

/* Without an EMA teacher a centre that is moved after use never holds, one of the batch does. */
static void without_teacher(void **state)
{
    (void)state;
    mi_dynamics d = setting(0.04, 0.9);
    d.teacher_momentum = 0;
    assert_true(mi_center_law(&d, true) < 0);
    d.learning_rate = mi_dynamics_learning_rate(&d, 0.1);
    for (int i = 0; i <= 20; i++) {
        d.center_momentum = i / 20.0;
        assert_false(mi_constant_stable(&d, true));
        assert_true(mi_constant_mode(&d, true).growth > 0);
    }
    d.update_before = true;
    d.center_momentum = 0;
    assert_true(mi_constant_stable(&d, true));
    assert_near(mi_center_law(&d, true), 0.4, 1e-15);
}

static void critical_gain_is_the_border(void **state)
{
    (void)state;
    mi_dynamics d = setting(0.04, 0.999);
    double critical = mi_critical_gain(&d);
    assert_near(critical, 7.0e-5, 0.05e-5);
    d.learning_rate = mi_dynamics_learning_rate(&d, 0.999 * critical);
    assert_true(largest_modulus(&d) < 1);
    d.learning_rate = mi_dynamics_learning_rate(&d, 1.001 * critical);
    assert_true(largest_modulus(&d) > 1);
    d.center_momentum = 0.99;
    assert_true(isinf(mi_critical_gain(&d)));
    d.center_momentum = 1;
    assert_near(mi_critical_gain(&d), 0, 0);
}

/* Gains over two decades: stable at 0.993, not at 0.995. */
static void gains_over_two_decades(void **state)
{
    (void)state;
    enum { GAINS = 5 };
    mi_dynamics d[2 * GAINS];
    mi_trial_outcome o[2 * GAINS];
    mi_run run = support_run(4);
    for (int i = 0; i < 2 * GAINS; i++) {
        d[i] = setting(0.04, i < GAINS ? 0.993 : 0.995);
        d[i].learning_rate = mi_dynamics_learning_rate(&d[i], 0.0019 * pow(10, 0.5 * (i % GAINS)));
    }
    assert_int_equal(mi_simulate_outcomes(d, 2 * GAINS, 1e-5, 20000, &run, o, NULL), MI_OK);
    for (int i = 0; i < 2 * GAINS; i++) {
        assert_int_equal(o[i].grows, i >= GAINS);
        assert_int_equal(mi_constant_stable(&d[i], true), i < GAINS);
        assert_int_equal(mi_constant_stable(&d[i], false), i < GAINS);
    }
}

/* A centre that never moves, and a teacher that does not. */
static void what_never_moves(void **state)
{
    (void)state;
    mi_dynamics d = setting(0.04, 1);
    mi_trial_outcome o;
    assert_false(mi_constant_stable(&d, true));
    assert_int_equal(mi_predict_outcome(&d), MI_OUTCOME_COLLAPSE);
    assert_int_equal(mi_simulate_outcome(&d, 1e-5, 5000, 3, 0, &o, NULL), MI_OK);
    assert_int_equal(o.outcome, MI_OUTCOME_COLLAPSE);
    assert_int_equal(o.changes, 0);
    /* c stays 0: the constant part is a feature of gain g */
    assert_near(mi_constant_mode(&d, true).growth, mi_feature_mode(&d, true).growth, 1e-12);
    d.teacher_temperature = 0.2;
    assert_true(mi_constant_stable(&d, true) && mi_constant_stable(&d, false));
    assert_int_equal(mi_predict_outcome(&d), MI_OUTCOME_UNIFORM);
    assert_near(mi_center_border(&d, true), 1, 0);
    d = setting(0.04, 0.9);
    d.teacher_momentum = 1;
    assert_true(mi_constant_stable(&d, true) && mi_constant_stable(&d, false));
    assert_true(mi_constant_mode(&d, true).growth < 0);
}

static void map_agrees(void **state)
{
    (void)state;
    enum { SIDE = 9 };
    mi_dynamics d[SIDE * SIDE];
    mi_trial_outcome o[SIDE * SIDE], again[SIDE * SIDE];
    mi_run two = support_run(1), one = {.seed = 1, .threads = 1};
    size_t same = 0, kinds[MI_OUTCOMES] = {0};
    for (int i = 0; i < SIDE * SIDE; i++) {
        d[i] = setting(0.012 * pow(0.15 / 0.012, i % SIDE / (SIDE - 1.0)),
                       1 - 0.2 * pow(0.0001 / 0.2, i / SIDE / (SIDE - 1.0)));
    }
    assert_int_equal(mi_simulate_outcomes(d, SIDE * SIDE, 1e-5, 12000, &two, o, NULL), MI_OK);
    assert_int_equal(mi_simulate_outcomes(d, SIDE * SIDE, 1e-5, 12000, &one, again, NULL), MI_OK);
    for (int i = 0; i < SIDE * SIDE; i++) {
        assert_int_equal(o[i].outcome, again[i].outcome);
        assert_memory_equal(&o[i].entropy, &again[i].entropy, sizeof o[i].entropy);
        same += o[i].outcome == mi_predict_outcome(&d[i]);
        kinds[o[i].outcome]++;
    }
    assert_true((double)same >= 0.95 * SIDE * SIDE);
    for (int k = 0; k < MI_OUTCOMES; k++) {
        assert_true(kinds[k] >= 5);
    }
}

/* H(mean p) - mean H(p), KL and entropies by hand on two opposite inputs. */
static void outputs_by_hand(void **state)
{
    (void)state;
    mi_dynamics d = setting(0.04, 0.9);
    mi_simulation s;
    d.inputs = 2;
    d.prototypes = 2;
    assert_int_equal(mi_simulation_start(&s, &d, 0, 1, 0, NULL), MI_OK);
    const double p[] = {0.8, 0.2, 0.3, 0.7}, q[] = {0.6, 0.4, 0.5, 0.5};
    memcpy(s.teacher_out, p, sizeof p);
    memcpy(s.student_out, q, sizeof q);
    mi_outputs o = mi_simulation_outputs(&s);
    double mean = -0.5 * (0.8 * log(0.8) + 0.2 * log(0.2) + 0.3 * log(0.3) + 0.7 * log(0.7));
    assert_near(o.entropy, mean, 1e-14);
    assert_near(o.entropy_of_mean, -0.55 * log(0.55) - 0.45 * log(0.45), 1e-14);
    assert_near(o.information, o.entropy_of_mean - o.entropy, 1e-15);
    assert_near(o.divergence,
                0.5 * (0.8 * log(0.8 / 0.6) + 0.2 * log(0.2 / 0.4) + 0.3 * log(0.3 / 0.5) +
                       0.7 * log(0.7 / 0.5)),
                1e-14);
    assert_int_equal(o.top, 0);
    assert_near(o.top_share, 0.55, 1e-15);
    mi_simulation_free(&s);
}

/* Information survives with centring and sharpening, and in no other condition where the inputs
 * look alike. */
static void information_survives_in_both_only(void **state)
{
    (void)state;
    enum { REPLICATES = 8 };
    mi_run run = support_run(2);
    for (int condition = 0; condition < 4; condition++) {
        mi_dynamics d = setting(condition >= 2 ? 0.04 : 0.2, condition % 2 == 1 ? 0.9 : 1);
        double information[REPLICATES];
        int survived = 0;
        d.inputs = 2;
        d.similarity = 0.95;
        assert_int_equal(
            mi_simulate_information(&d, 1e-3, 6000, REPLICATES, 0, &run, information, NULL), MI_OK);
        for (int i = 0; i < REPLICATES; i++) {
            survived += information[i] > 0.5 * log(2);
        }
        assert_true(condition == 3 ? survived == REPLICATES : survived <= 1);
    }
}

/* Features grow as their eigenvalue says, whatever the similarity. */
static void feature_mode_is_measured(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        mi_dynamics d = setting(0.04, 0.9);
        mi_simulation s;
        d.inputs = 3;
        d.similarity = i == 0 ? 0 : 0.8;
        double growth = mi_feature_mode(&d, true).growth, before = 0;
        assert_int_equal(mi_simulation_start(&s, &d, 1e-9, 3, 0, NULL), MI_OK);
        for (int step = 0; step < 2000; step++) {
            if (step == 1500) {
                before = mi_simulation_outputs(&s).spread;
            }
            mi_simulation_step(&s);
        }
        assert_near(log(mi_simulation_outputs(&s).spread / before) / 500, growth, 1e-4 * growth);
        mi_simulation_free(&s);
    }
}

/* -- equilibrium ------------------------------------------------------------------------------- */

static mi_stream_result stream_of(double momentum, double drift, double correlation, bool before,
                                  int threads)
{
    mi_stream_setting s = {.momentum = momentum,
                           .batch = 4,
                           .mean = 0.7,
                           .deviation = 1.3,
                           .start = 5.1,
                           .drift = drift,
                           .correlation = correlation,
                           .update_before = before,
                           .replicates = 300,
                           .window = 300};
    mi_run run = {.seed = 17, .threads = threads};
    mi_stream_result r;
    assert_int_equal(mi_stream_simulate(&s, &run, &r, NULL), MI_OK);
    return r;
}

static void expect_predicted(const mi_predicted *p)
{
    assert_near(p->value, p->predicted, 4 * p->error);
    assert_true(p->error < 0.1 * fabs(p->predicted));
}

static void centre_in_equilibrium(void **state)
{
    (void)state;
    const double v = 1.3 * 1.3 / 4;
    for (int before = 0; before < 2; before++) {
        mi_stream_result r = stream_of(0.9, 0, 0, before == 1, 2);
        assert_near(r.variance.predicted, v * 0.1 / 1.9, 1e-15);
        assert_near(r.distance.predicted, v * 2 / 1.9 * (before ? 0.81 : 1), 1e-14);
        assert_near(r.rate.predicted, -log(0.9), 1e-15);
        expect_predicted(&r.variance);
        expect_predicted(&r.distance);
        expect_predicted(&r.rate);
        assert_near(r.lag.value, 0, 4 * r.lag.error);
        assert_near(r.error[0].value, 5.1 - 0.7, 1e-12);
        for (size_t i = 1; i < r.points; i++) {
            assert_near(r.error[i].predicted, pow(0.9, (double)r.step[i]) * 4.4, 1e-12);
            assert_near(r.error[i].value, r.error[i].predicted, 4 * r.error[i].error);
        }
    }
}

static void centre_lags_behind(void **state)
{
    (void)state;
    mi_stream_result after = stream_of(0.9, 0.3, 0, false, 2);
    mi_stream_result before = stream_of(0.9, 0.3, 0, true, 2);
    assert_near(after.lag.predicted, 3, 1e-12);
    assert_near(before.lag.predicted, 2.7, 1e-12);
    expect_predicted(&after.lag);
    expect_predicted(&before.lag);
    expect_predicted(&after.variance);
    expect_predicted(&before.distance);
    assert_near(after.error[12].predicted, pow(0.9, (double)after.step[12]) * (4.4 + 2.7) - 2.7,
                1e-12);
    assert_near(after.error[12].value, after.error[12].predicted, 4 * after.error[12].error);
}

/* The double sum (1-lambda)^2 sum_jk lambda^(j+k) phi^|j-k|. */
static void correlated_batches(void **state)
{
    (void)state;
    static const double correlations[] = {0.7, -0.5};
    for (int i = 0; i < 2; i++) {
        double phi = correlations[i], sum = 0, l = 0.8;
        for (int j = 0; j < 200; j++) {
            for (int k = 0; k < 200; k++) {
                sum += (1 - l) * (1 - l) * pow(l, j + k) * pow(phi, abs(j - k));
            }
        }
        mi_stream_result r = stream_of(l, 0, phi, false, 2);
        assert_near(r.variance.predicted, 1.3 * 1.3 / 4 * sum, 1e-12);
        expect_predicted(&r.variance);
        expect_predicted(&r.distance);
        r = stream_of(l, 0, phi, true, 2);
        expect_predicted(&r.distance);
    }
}

static void streams_at_any_thread_count(void **state)
{
    (void)state;
    mi_stream_result one = stream_of(0.5, 0.1, 0.3, false, 1);
    mi_stream_result two = stream_of(0.5, 0.1, 0.3, false, 2);
    assert_memory_equal(&one.variance, &two.variance, sizeof one.variance);
    assert_memory_equal(&one.rate, &two.rate, sizeof one.rate);
}

/* With momentum 0 the centre is the batch mean before. */
static void no_memory_at_momentum_zero(void **state)
{
    (void)state;
    mi_stream_result r = stream_of(0, 0, 0, false, 2);
    assert_near(r.variance.predicted, 1.3 * 1.3 / 4, 1e-15);
    expect_predicted(&r.variance);
    assert_true(isnan(r.rate.value));
    r = stream_of(0, 0, 0, true, 2);
    assert_near(r.distance.value, 0, 1e-20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_points_of_the_theory),
        cmocka_unit_test(modes_are_eigenvalues_of_the_step),
        cmocka_unit_test(overshooting),
        cmocka_unit_test(saturated_start),
        cmocka_unit_test(the_step_is_linear_near_uniform),
        cmocka_unit_test(law_without_the_gain),
        cmocka_unit_test(without_teacher),
        cmocka_unit_test(critical_gain_is_the_border),
        cmocka_unit_test(gains_over_two_decades),
        cmocka_unit_test(what_never_moves),
        cmocka_unit_test(map_agrees),
        cmocka_unit_test(outputs_by_hand),
        cmocka_unit_test(information_survives_in_both_only),
        cmocka_unit_test(feature_mode_is_measured),
        cmocka_unit_test(centre_in_equilibrium),
        cmocka_unit_test(centre_lags_behind),
        cmocka_unit_test(correlated_batches),
        cmocka_unit_test(streams_at_any_thread_count),
        cmocka_unit_test(no_memory_at_momentum_zero),
    };
    mi_start();
    return cmocka_run_group_tests_name("dynamics", tests, NULL, NULL);
}
