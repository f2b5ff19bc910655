/* Posterior Monte Carlo on toy models whose entropies are closed. */
#include "support.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/curve.h"
#include "maskinfo/memory.h"
#include "maskinfo/posterior.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

/* --- Polya's urn: p ~ Beta(a, b), then N bits of probability p. Given k bits with s ones, the next
 * is one with probability (a+s)/(a+b+k); s is beta-binomial. --- */

enum { URN_SITES = 9 };

static const double urn_a = 0.6, urn_b = 1.1;

static mi_shape urn_shape(const void *state)
{
    (void)state;
    return (mi_shape){
        .dimensions = 1, .sites = URN_SITES, .rows = 1, .columns = URN_SITES, .vocabulary = 2};
}

static double binary_entropy(double p)
{
    return -p * log(p) - (1 - p) * log(1 - p);
}

/* log probability of one sequence with s ones in k bits */
static double urn_log_probability(size_t k, size_t s)
{
    return gsl_sf_lnbeta(urn_a + (double)s, urn_b + (double)(k - s)) - gsl_sf_lnbeta(urn_a, urn_b);
}

static mi_code urn_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                            gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                            mi_status *status)
{
    (void)state, (void)origin, (void)status;
    int *bits = scratch;
    double p = gsl_ran_beta(draw, urn_a, urn_b);
    size_t k = 0, s = 0, all = 0, hidden_ones = 0;
    for (size_t i = 0; i < URN_SITES; i++) {
        bits[i] = gsl_rng_uniform(draw) < p;
        k += !masked[i];
        s += (size_t)(!masked[i] && bits[i]);
        all += (size_t)bits[i];
    }
    hidden_ones = all - s;
    double one = (urn_a + (double)s) / (urn_a + urn_b + (double)k);
    double hidden = (double)(URN_SITES - k);
    result->conditional_entropy = binary_entropy(one);
    result->cross_entropy =
        -((double)hidden_ones * log(one) + (hidden - (double)hidden_ones) * log(1 - one)) / hidden;
    if (wants_joint) {
        result->joint_information =
            (urn_log_probability(URN_SITES, all) - urn_log_probability(k, s) -
             urn_log_probability(URN_SITES - k, hidden_ones)) /
            URN_SITES;
    }
    return MI_OK;
}

static mi_code urn_scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    (void)state;
    return mi_allocate(URN_SITES, sizeof(int), ret_scratch, status);
}

static bool yes(const void *state)
{
    (void)state;
    return true;
}

static const mi_model_class urn_class = {
    .name = "urn",
    .shape = urn_shape,
    .evaluate = urn_evaluate,
    .scratch_create = urn_scratch_create,
    .scratch_destroy = free,
    .has_held_out = yes,
};

static double urn_entropy(size_t k)
{
    double sum = 0;
    for (size_t s = 0; s <= k; s++) {
        sum += gsl_sf_choose((unsigned)k, (unsigned)s) * exp(urn_log_probability(k, s)) *
               binary_entropy((urn_a + (double)s) / (urn_a + urn_b + (double)k));
    }
    return sum;
}

static mi_profile *profile_of(const mi_model_class *class, void *model_state, size_t samples,
                              uint64_t seed, int threads)
{
    mi_model model = {.class = class, .state = model_state};
    mi_profile *profile = NULL;
    mi_run run = support_run(seed);
    run.threads = threads;
    assert_int_equal(mi_posterior_profile(&model, samples, &run, &profile, NULL), MI_OK);
    return profile;
}

static void urn_profile_is_the_closed_one(void **state)
{
    (void)state;
    enum { SAMPLES = 4000 };
    double mean[URN_SITES], error[URN_SITES];
    mi_profile *profile = profile_of(&urn_class, NULL, SAMPLES, 3, 2);
    assert_int_equal(profile->sites, URN_SITES);
    assert_false(profile->exact);
    assert_int_equal(profile->series[MI_MSE].replicates, 0);
    for (int kind = MI_ENTROPY; kind <= MI_CROSS_ENTROPY; kind += MI_CROSS_ENTROPY) {
        bool held_out = kind == MI_CROSS_ENTROPY; /* a quarter of the samples, so twice the error */
        assert_int_equal(profile->series[kind].replicates, held_out ? SAMPLES / 4 : SAMPLES);
        mi_profile_mean(profile, (mi_series_kind)kind, mean, error);
        for (size_t k = 0; k < URN_SITES; k++) {
            assert_near(mean[k], urn_entropy(k), 4 * error[k] + 1e-14);
            assert_true(error[k] < (held_out ? 0.04 : 0.02));
        }
    }
    /* the law of one bit does not depend on the draw */
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    assert_near(mean[0], binary_entropy(0.6 / 1.7), 1e-14);
    mi_profile_destroy(profile);
}

/* Held-out replicates are others than the model's. */
static void held_out_replicates_are_their_own(void **state)
{
    (void)state;
    enum { HELD_OUT = 300 };
    double entropy[HELD_OUT], cross[HELD_OUT], correlation = 0;
    mi_profile *profile = profile_of(&urn_class, NULL, 4 * HELD_OUT, 3, 1);
    assert_int_equal(profile->series[MI_CROSS_ENTROPY].replicates, HELD_OUT);
    for (size_t j = 0; j < HELD_OUT; j++) {
        entropy[j] = profile->series[MI_ENTROPY].values[j * URN_SITES + 5];
        cross[j] = profile->series[MI_CROSS_ENTROPY].values[j * URN_SITES + 5];
    }
    assert_true(mi_rank_correlation(entropy, cross, HELD_OUT, &correlation));
    assert_near(correlation, 0, 4 / sqrt(HELD_OUT));
    mi_profile_destroy(profile);
}

static void errors_cover(void **state)
{
    (void)state;
    enum { TRIALS = 300 };
    size_t hits[3] = {0};
    const double ratio = 0.41;
    double truth =
        urn_entropy(0) - (0.69 * urn_entropy(5) + 0.31 * urn_entropy(6)); /* 9 - 9 * 0.41 = 5.31 */
    for (uint64_t seed = 0; seed < TRIALS; seed++) {
        double mean[URN_SITES], error[URN_SITES];
        mi_curve *curve = NULL;
        mi_profile *profile = profile_of(&urn_class, NULL, 150, seed, 1);
        mi_profile_mean(profile, MI_ENTROPY, mean, error);
        hits[0] += fabs(mean[4] - urn_entropy(4)) < 1.96 * error[4];
        mi_profile_mean(profile, MI_CROSS_ENTROPY, mean, error);
        hits[1] += fabs(mean[2] - urn_entropy(2)) < 1.96 * error[2];
        assert_int_equal(mi_curve_from_profile(profile, 2, MI_COUNT_FIXED, &ratio, 1, &curve, NULL),
                         MI_OK);
        hits[2] += fabs(curve->mean[MI_Q_INFORMATION][0] - truth) <
                   1.96 * curve->error[MI_Q_INFORMATION][0];
        mi_curve_destroy(curve);
        mi_profile_destroy(profile);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_near((double)hits[i] / TRIALS, 0.95, 4 * sqrt(0.95 * 0.05 / TRIALS));
    }
}

static void threads_do_not_change_a_byte(void **state)
{
    (void)state;
    mi_profile *one = profile_of(&urn_class, NULL, 64, 9, 1);
    mi_profile *two = profile_of(&urn_class, NULL, 64, 9, 2);
    mi_profile *other = profile_of(&urn_class, NULL, 64, 10, 2);
    for (int kind = MI_ENTROPY; kind <= MI_CROSS_ENTROPY; kind += MI_CROSS_ENTROPY) {
        size_t size = one->series[kind].replicates * URN_SITES * sizeof(double);
        assert_true(size > 0);
        assert_memory_equal(one->series[kind].values, two->series[kind].values, size);
        assert_true(memcmp(one->series[kind].values, other->series[kind].values, size) != 0);
    }
    mi_profile_destroy(one);
    mi_profile_destroy(two);
    mi_profile_destroy(other);
}

/* Joint information from the masks agrees with the profile's sums and with the closed form. */
static void joint_information_agrees(void **state)
{
    (void)state;
    enum { SAMPLES = 6000 };
    mi_model model = {.class = &urn_class};
    mi_run run = support_run(17);
    double *values = calloc(SAMPLES, sizeof *values), mean = 0, error = 0, expected = 0;
    assert_non_null(values);
    assert_int_equal(mi_posterior_joint(&model, 0.41, SAMPLES, &run, values, NULL), MI_OK);
    mi_mean_error(values, 1, SAMPLES, &mean, &error);
    /* m = 3 with probability 0.31, else 4 (3.69 on average): (F_m + F_{9-m} - F_9)/9 */
    for (size_t k = 0; k < URN_SITES; k++) {
        double h = urn_entropy(k) / URN_SITES;
        expected += 0.31 * ((k < 3) + (k < 6) - 1) * h + 0.69 * ((k < 4) + (k < 5) - 1) * h;
    }
    assert_near(mean, expected, 4 * error);
    assert_true(error < 0.05 * expected);
    assert_int_equal(mi_posterior_joint(&model, 1.2, SAMPLES, &run, values, NULL), MI_INPUT);
    /* 0.9 of a site: no mask in a tenth of the replicates */
    assert_int_equal(mi_posterior_joint(&model, 0.1, 1000, &run, values, NULL), MI_OK);
    size_t none = 0;
    for (size_t j = 0; j < 1000; j++) {
        none += values[j] == 0;
    }
    assert_near((double)none / 1000, 0.1, 4 * sqrt(0.09 / 1000));
    free(values);
}

/* --- equicorrelated Gaussian sites X_i = Z + E_i, unit variances: given k others the variance is
 * 1 + 1/(1+k), whatever they are. --- */

enum { FIELD_SITES = 6 };

static mi_shape field_shape(const void *state)
{
    (void)state;
    return (mi_shape){.dimensions = 1, .sites = FIELD_SITES, .rows = 1, .columns = FIELD_SITES};
}

static mi_code field_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                              gsl_rng *draw, bool wants_joint, void *scratch,
                              mi_mask_result *result, mi_status *status)
{
    (void)state, (void)origin, (void)draw, (void)wants_joint, (void)status;
    double visible = 0;
    assert_null(scratch);
    for (size_t i = 0; i < FIELD_SITES; i++) {
        visible += !masked[i];
    }
    double variance = 1 + 1 / (1 + visible);
    result->conditional_entropy = log(2 * 3.14159265358979324 * 2.71828182845904524 * variance) / 2;
    result->mse = variance / 2;
    return MI_OK;
}

static const mi_model_class field_class = {
    .name = "field", .shape = field_shape, .evaluate = field_evaluate};

static void continuous_models_have_an_error_floor(void **state)
{
    (void)state;
    mi_profile *profile = profile_of(&field_class, NULL, 5, 1, 2);
    assert_int_equal(profile->series[MI_CROSS_ENTROPY].replicates, 0);
    assert_int_equal(profile->series[MI_MSE].replicates, 5);
    for (size_t j = 0; j < 5; j++) {
        for (size_t k = 0; k < FIELD_SITES; k++) {
            double variance = ((double)k + 2) / ((double)k + 1);
            size_t at = j * FIELD_SITES + k;
            assert_near(profile->series[MI_MSE].values[at], variance / 2, 1e-14);
            assert_near(profile->series[MI_ENTROPY].values[at],
                        0.5 * log(variance) + 1.41893853320467274, 1e-14);
        }
    }
    mi_profile_destroy(profile);
}

/* --- a model that only writes down what it is asked --- */

enum { SPY_SITES = 40 };

typedef struct spy {
    size_t visits[SPY_SITES][SPY_SITES]; /* [visible count][site]: times masked in the replicate */
    size_t calls[SPY_SITES];
    double first_draw; /* of the replicate */
    size_t different;  /* calls whose draw was another */
} spy;

static mi_shape spy_shape(const void *state)
{
    (void)state;
    return (mi_shape){
        .dimensions = 1, .sites = SPY_SITES, .rows = 1, .columns = SPY_SITES, .vocabulary = 2};
}

static mi_code spy_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                            gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                            mi_status *status)
{
    (void)origin, (void)wants_joint, (void)scratch, (void)status;
    spy *s;
    memcpy(&s, state, sizeof s); /* a spy behind a pointer to const */
    size_t hidden = 0;
    for (size_t i = 0; i < SPY_SITES; i++) {
        hidden += masked[i];
    }
    size_t k = SPY_SITES - hidden;
    for (size_t i = 0; i < SPY_SITES; i++) {
        s->visits[k][i] += masked[i];
    }
    s->calls[k]++;
    double value = gsl_rng_uniform(draw);
    if (k == 0) {
        s->first_draw = value; /* k = 0 opens each replicate */
    }
    s->different += value != s->first_draw;
    result->conditional_entropy = masked[7]; /* identifies the order */
    return MI_OK;
}

static const mi_model_class spy_class = {
    .name = "spy", .shape = spy_shape, .evaluate = spy_evaluate};

static void masks_are_disjoint_and_configurations_stay(void **state)
{
    (void)state;
    spy notes = {.different = 0}, *handle = &notes;
    mi_profile *profile = profile_of(&spy_class, &handle, 2, 5, 1);
    for (size_t k = 0; k < SPY_SITES; k++) {
        size_t hidden = SPY_SITES - k, fitting = SPY_SITES / hidden;
        size_t masks = fitting < 16 ? fitting : 16, visits = 0;
        assert_int_equal(notes.calls[k], 2 * masks);
        for (size_t i = 0; i < SPY_SITES; i++) {
            assert_true(notes.visits[k][i] <= 2); /* at most once a replicate */
            visits += notes.visits[k][i];
        }
        assert_int_equal(visits, 2 * masks * hidden);
    }
    assert_int_equal(notes.different, 0);
    mi_profile_destroy(profile);
}

/* A given site is masked in a share (N-k)/N of the replicates: orders are random. */
static void orders_are_random(void **state)
{
    (void)state;
    spy notes = {.different = 0}, *handle = &notes;
    double mean[SPY_SITES], error[SPY_SITES];
    mi_profile *profile = profile_of(&spy_class, &handle, 2000, 5, 1);
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    for (size_t k = 0; k < SPY_SITES / 2; k += 3) { /* one mask a replicate */
        double share = (double)(SPY_SITES - k) / SPY_SITES;
        assert_near(mean[k], share, 4 * sqrt(share * (1 - share) / 2000));
    }
    mi_profile_destroy(profile);
}

/* --- failures --- */

static mi_code endless_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                                gsl_rng *draw, bool wants_joint, void *scratch,
                                mi_mask_result *result, mi_status *status)
{
    (void)state, (void)masked, (void)origin, (void)draw, (void)wants_joint, (void)scratch;
    (void)status;
    result->conditional_entropy = INFINITY;
    return MI_OK;
}

static mi_shape infinite_shape(const void *state)
{
    (void)state;
    return (mi_shape){.dimensions = 1};
}

static const mi_model_class endless_class = {
    .name = "endless", .shape = field_shape, .evaluate = endless_evaluate};
static const mi_model_class infinite_class = {
    .name = "infinite", .shape = infinite_shape, .evaluate = endless_evaluate};
static const mi_model_class mute_class = {.name = "mute", .shape = field_shape};

static void refused(const mi_model_class *class, size_t samples, mi_code expected, const char *word)
{
    mi_model model = {.class = class};
    mi_run run = support_run(1);
    mi_profile *profile = NULL;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_posterior_profile(&model, samples, &run, &profile, &status), expected);
    assert_null(profile);
    assert_non_null(strstr(status.message, word));
}

static void failures_are_reported(void **state)
{
    (void)state;
    refused(&endless_class, 5, MI_NUMERIC, "endless");
    refused(&infinite_class, 5, MI_INPUT, "finite model");
    refused(&mute_class, 5, MI_INPUT, "evaluate a mask");
    refused(&urn_class, 1, MI_INPUT, "at least 2 samples");
}

static void interruption_is_heeded(void **state)
{
    (void)state;
    volatile sig_atomic_t interrupt = 1;
    mi_model model = {.class = &urn_class};
    mi_run run = support_run(1);
    mi_profile *profile = NULL;
    run.opt_interrupt = &interrupt;
    assert_int_equal(mi_posterior_profile(&model, 50, &run, &profile, NULL), MI_INTERRUPTED);
    assert_null(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urn_profile_is_the_closed_one),
        cmocka_unit_test(held_out_replicates_are_their_own),
        cmocka_unit_test(errors_cover),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(joint_information_agrees),
        cmocka_unit_test(continuous_models_have_an_error_floor),
        cmocka_unit_test(masks_are_disjoint_and_configurations_stay),
        cmocka_unit_test(orders_are_random),
        cmocka_unit_test(failures_are_reported),
        cmocka_unit_test(interruption_is_heeded),
    };
    mi_start();
    return cmocka_run_group_tests_name("posterior", tests, NULL, NULL);
}
