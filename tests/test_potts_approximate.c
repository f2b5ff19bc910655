/* Potts field: Gibbs sampling and belief propagation against exact sums. */
#include "potts_support.h"

#include <gsl/gsl_randist.h>

#include "../src/models/autocorrelation.h"
#include "../src/models/potts.h"
#include "maskinfo/posterior.h"

/* --- autocorrelation time --- */

/* x_t = phi x_{t-1} + noise has rho(t) = phi^t, so 1 + 2 sum = (1 + phi) / (1 - phi). The window of
 * 5 times leaves out e^-10; the error is about sqrt(2 (2 M + 1) / n) of it (Sokal 1997). */
static void test_autocorrelation_time(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    const double phis[] = {0, 0.5, 0.9, 0.98};
    double *x = malloc(COUNT * sizeof *x);
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (size_t p = 0; p < 4; p++) {
        double phi = phis[p], value = 0, truth = (1 + phi) / (1 - phi);
        for (size_t t = 0; t < COUNT; t++) {
            value = phi * value + gsl_ran_gaussian(stream, sqrt(1 - phi * phi));
            x[t] = value + 3;
        }
        double error = truth * sqrt(2 * (2 * 5 * truth + 1) / COUNT);
        assert_near(mi_autocorrelation_time(x, COUNT), truth, 4 * error);
    }
    for (size_t t = 0; t < COUNT; t++) {
        x[t] = 0.1;
    }
    assert_near(mi_autocorrelation_time(x, COUNT), 1, 0);
    gsl_rng_free(stream);
    free(x);
}

/* --- belief propagation --- */

static void compare_masks(const potts_field *exact, const potts_field *other, double tolerance,
                          double joint_tolerance)
{
    potts_seat truth = potts_sit(exact), seat = potts_sit(other);
    size_t sites = exact->rows * exact->columns;
    unsigned char masked[64];
    for (uint64_t key = 0; key < 20; key++) {
        for (size_t i = 0; i < sites; i++) {
            masked[i] = (i * 5 + key * 3) % 20 < 4 + key % 16;
        }
        masked[key % sites] = 1;
        mi_mask_result a = potts_evaluated(truth.model, truth.scratch, truth.draw, key, masked),
                       b = potts_evaluated(seat.model, seat.scratch, seat.draw, key, masked);
        assert_near(b.conditional_entropy, a.conditional_entropy, tolerance);
        assert_near(b.cross_entropy, a.cross_entropy, tolerance);
        assert_near(b.joint_information, a.joint_information, joint_tolerance);
    }
    potts_rise(&truth);
    potts_rise(&seat);
}

/* A line has no loop: posteriors and the Bethe free energy are exact. */
static void test_belief_on_trees(void **state)
{
    (void)state;
    const double couplings[] = {0.9, -1.4, 3};
    for (size_t i = 0; i < 3; i++) {
        potts_field exact = {1, 14, 3, couplings[i], 8, "exact", 0}, belief = exact;
        belief.inference = "belief";
        compare_masks(&exact, &belief, 1e-8, 1e-8);
        exact.rows = 14;
        exact.columns = 1;
        belief = exact;
        belief.inference = "belief";
        compare_masks(&exact, &belief, 1e-8, 1e-8);
    }
}

/* A weak coupling: the shortest loops are triangles (8 neighbours) or squares (4), which change a
 * law in the order of t^3 or t^4, t = tanh(coupling / 2), for each loop a site lies on (12 and 4),
 * and entropies no more than the law. */
static void test_belief_at_weak_coupling(void **state)
{
    (void)state;
    potts_field exact = {6, 6, 2, 0.1, 8, "exact", 0}, belief = {6, 6, 2, 0.1, 8, "belief", 0};
    double t = tanh(0.05);
    compare_masks(&exact, &belief, 12 * pow(t, 3), 12 * pow(t, 3));
    exact.neighbors = belief.neighbors = 4;
    compare_masks(&exact, &belief, 4 * pow(t, 4), 4 * pow(t, 4));
}

/* Strong coupling on a grid: messages settle, or are given up, and stay probabilities. */
static void test_belief_at_strong_coupling(void **state)
{
    (void)state;
    const double couplings[] = {1, 5, -3};
    for (size_t i = 0; i < 3; i++) {
        potts_field f = {8, 8, 2, couplings[i], 8, "belief", 0};
        potts_seat seat = potts_sit(&f);
        unsigned char masked[64];
        for (size_t s = 0; s < 64; s++) {
            masked[s] = s % 4 != 1;
        }
        mi_mask_result r = potts_evaluated(seat.model, seat.scratch, seat.draw, 1, masked);
        assert_true(r.conditional_entropy >= 0 && r.conditional_entropy <= log(2) + 1e-12);
        assert_true(isfinite(r.joint_information));
        potts_rise(&seat);
    }
}

/* --- Gibbs sampling --- */

/* Mean energy, its square and the order parameter's proxy (equal corners) of Gibbs samples against
 * exact samples' law, by enumeration. */
static void test_gibbs_samples(void **state)
{
    (void)state;
    potts_field f = {3, 4, 2, 0.41, 8, "gibbs", 0};
    potts_law law = potts_enumerate(&f);
    potts_seat seat = potts_sit(&f);
    sample pairs = {0, 0, 0}, squares = {0, 0, 0}, corners = {0, 0, 0};
    double mean = 0, square = 0, corner = 0;
    for (size_t c = 0; c < law.count; c++) {
        const unsigned char *x = law.symbols + c * law.sites;
        double equal = (double)potts_equal_pairs(&f, x);
        mean += law.p[c] * equal;
        square += law.p[c] * equal * equal;
        corner += law.p[c] * (x[0] == x[11]);
    }
    for (uint64_t key = 0; key < 20000; key++) {
        unsigned char x[16];
        potts_drawn(seat.model, seat.scratch, seat.draw, key, x);
        double equal = (double)potts_equal_pairs(&f, x);
        sample_add(&pairs, equal);
        sample_add(&squares, equal * equal);
        sample_add(&corners, x[0] == x[11]);
    }
    sample_check(&pairs, mean, "equal pairs");
    sample_check(&squares, square, "their square");
    sample_check(&corners, corner, "equal corners");
    potts_rise(&seat);
    potts_law_free(&law);
}

/* Posterior probabilities of one mask: independent chains against the exact ones by z-score. */
static void test_gibbs_posteriors(void **state)
{
    (void)state;
    potts_field f = {6, 6, 3, 0.45, 8, "exact", 0};
    potts_seat seat = potts_sit(&f);
    const mi_potts *potts = seat.model->state;
    mi_potts_sweep *sweep = NULL;
    unsigned char x[36], walker[36], hidden[36];
    double truth[108], estimate[108];
    sample posterior[108] = {{0, 0, 0}};
    for (size_t i = 0; i < 36; i++) {
        hidden[i] = i * 7 % 12 < 8;
    }
    potts_drawn(seat.model, seat.scratch, seat.draw, 4, x);
    assert_int_equal(
        mi_potts_sweep_create(potts->lattice, potts->frontier, 3, f.coupling, &sweep, NULL), MI_OK);
    assert_int_equal(mi_potts_sweep_hide(sweep, hidden, NULL), MI_OK);
    mi_potts_sweep_observe(sweep, x);
    mi_potts_sweep_forward(sweep);
    mi_potts_sweep_backward(sweep, truth, NULL);
    for (int chain = 0; chain < 200; chain++) {
        memcpy(walker, x, sizeof x);
        mi_potts_gibbs_posterior(&potts->bath, hidden, 400, seat.draw, walker, estimate);
        for (size_t i = 0; i < 108; i++) {
            sample_add(&posterior[i], estimate[i]);
        }
    }
    for (size_t i = 0; i < 108; i++) {
        if (hidden[i / 3]) {
            sample_check(&posterior[i], truth[i], "posterior");
        }
    }
    mi_potts_sweep_destroy(sweep);
    potts_rise(&seat);
}

/* Many sweeps bring entropies to the exact ones: with S effective sweeps a probability errs by at
 * most 1/2 sqrt(1/S); an entropy by that times |log(p / (1 - p))|, on the mean over sites less. */
static void test_gibbs_entropies(void **state)
{
    (void)state;
    potts_field exact = {6, 6, 2, 0.3, 8, "exact", 0}, gibbs = {6, 6, 2, 0.3, 8, "gibbs", 20000};
    potts_seat truth = potts_sit(&exact), seat = potts_sit(&gibbs);
    const mi_potts *potts = truth.model->state;
    unsigned char masked[36], x[36];
    for (size_t i = 0; i < 36; i++) {
        masked[i] = i % 3 != 0;
    }
    /* The same configuration for both: that of the Gibbs model, evaluated by the exact sweep. */
    potts_drawn(seat.model, seat.scratch, seat.draw, 2, x);
    mi_mask_result r = potts_evaluated(seat.model, seat.scratch, seat.draw, 2, masked);
    mi_potts_sweep *sweep = NULL;
    double posterior[72], entropy = 0;
    assert_int_equal(mi_potts_sweep_create(potts->lattice, potts->frontier, 2, 0.3, &sweep, NULL),
                     MI_OK);
    assert_int_equal(mi_potts_sweep_hide(sweep, masked, NULL), MI_OK);
    mi_potts_sweep_observe(sweep, x);
    mi_potts_sweep_forward(sweep);
    mi_potts_sweep_backward(sweep, posterior, NULL);
    for (size_t i = 0; i < 72; i++) {
        entropy -= masked[i / 2] ? posterior[i] * log(posterior[i]) / 24 : 0;
    }
    assert_near(r.conditional_entropy, entropy, 2 * 0.5 * sqrt(10.0 / 20000));
    mi_potts_sweep_destroy(sweep);
    potts_rise(&truth);
    potts_rise(&seat);
}

/* --- labels --- */

static void check_remark(const potts_field *f, const char *words)
{
    char text[512];
    mi_model *model = potts_model(f);
    bool said = model->class->remark(model->state, text, sizeof text);
    assert_int_equal(said, words != NULL);
    if (said && strstr(text, words) == NULL) {
        fail_msg("\"%s\" does not contain \"%s\"", text, words);
    }
    mi_model_destroy(model);
}

static void test_remarks(void **state)
{
    (void)state;
    const potts_field fields[] = {{6, 6, 2, 0.3, 8, "auto", 0},
                                  {6, 6, 2, 0.3, 8, "gibbs", 0},
                                  {6, 6, 2, 0.3, 8, "belief", 0},
                                  {20, 20, 2, 0.3, 8, "auto", 0}};
    check_remark(&fields[0], NULL);
    check_remark(&fields[1], "approximate: posteriors by Gibbs, 400 sweeps each");
    check_remark(&fields[1], "measured autocorrelation time");
    check_remark(&fields[2], "loopy belief propagation (6 of 6 trial masks converged");
    check_remark(&fields[2], "exact samples");
    check_remark(&fields[3], "thinning");
}

/* Results of sampling do not depend on threads, and an approximation refuses to pass for exact. */
static void test_reproducible(void **state)
{
    (void)state;
    potts_field f = {5, 5, 2, 0.3, 8, "gibbs", 20};
    mi_model *model = potts_model(&f);
    mi_profile *one = NULL, *two = NULL;
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_posterior_profile(model, 8, &run, &one, NULL), MI_OK);
    run.threads = 1;
    assert_int_equal(mi_posterior_profile(model, 8, &run, &two, NULL), MI_OK);
    assert_memory_equal(one->series[MI_ENTROPY].values, two->series[MI_ENTROPY].values,
                        8 * 25 * sizeof(double));
    assert_int_equal(model->class->exact_allowed(model->state, &status), MI_INPUT);
    assert_non_null(strstr(status.message, "gibbs"));
    mi_profile_destroy(one);
    mi_profile_destroy(two);
    mi_model_destroy(model);
}

static void test_interrupted(void **state)
{
    (void)state;
    potts_field f = {20, 20, 2, 0.3, 8, "gibbs", 0};
    volatile sig_atomic_t interrupt = 1;
    mi_run run = support_run(1);
    mi_values *values = potts_values(&f);
    mi_model *model = NULL;
    run.opt_interrupt = &interrupt;
    assert_int_equal(mi_model_create(mi_model_find("potts"), values, &run, &model, NULL),
                     MI_INTERRUPTED);
    mi_values_destroy(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_autocorrelation_time),
        cmocka_unit_test(test_belief_on_trees),
        cmocka_unit_test(test_belief_at_weak_coupling),
        cmocka_unit_test(test_belief_at_strong_coupling),
        cmocka_unit_test(test_gibbs_samples),
        cmocka_unit_test(test_gibbs_posteriors),
        cmocka_unit_test(test_gibbs_entropies),
        cmocka_unit_test(test_remarks),
        cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_interrupted),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
