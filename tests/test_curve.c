/* Curves from hand-made profiles and rates, against the formulas written out. */
#include "support.h"

#include <gsl/gsl_sf_gamma.h>
#include <string.h>

#include "maskinfo/curve.h"

enum { SITES = 7, REPLICATES = 3, POINTS = 5 };

/* None of r N is whole but the last two: 5.04, 6.3 are not, 3.5 and 7/7*2 are. */
static const double ratios[POINTS] = {0.2, 2.0 / 7, 0.5, 0.72, 0.9};

/* Any non-increasing profile, another one in each replicate. */
static double h(size_t replicate, size_t k)
{
    return 2.385 - 0.31 * sqrt((double)k) - 0.07 * (double)(replicate * k) +
           0.113 * (double)replicate;
}

static void fill_series(mi_profile *profile, mi_series_kind kind, double factor, double shift)
{
    assert_int_equal(mi_profile_add(profile, kind, REPLICATES, NULL), MI_OK);
    for (size_t j = 0; j < REPLICATES; j++) {
        for (size_t k = 0; k < SITES; k++) {
            profile->series[kind].values[j * SITES + k] =
                factor * h(j, k) + shift * (double)(k * k);
        }
    }
}

static mi_profile *make_profile(void)
{
    mi_profile *profile = NULL;
    assert_int_equal(mi_profile_create(SITES, &profile, NULL), MI_OK);
    fill_series(profile, MI_ENTROPY, 1, 0);
    return profile;
}

static mi_curve *make_curve(const mi_profile *profile, mi_mask_count count)
{
    mi_curve *curve = NULL;
    assert_int_equal(mi_curve_from_profile(profile, 27, count, ratios, POINTS, &curve, NULL),
                     MI_OK);
    return curve;
}

/* (F_m + F_{N-m} - F_N)/N by the double sum. */
static double joint_of_count(size_t replicate, size_t m)
{
    double sum = 0;
    for (size_t k = 0; k < SITES; k++) {
        sum += ((k < m) + (k < SITES - m) - 1) * h(replicate, k);
    }
    return sum / SITES;
}

static double binomial(size_t k, double p, size_t n)
{
    return gsl_sf_choose((unsigned)n, (unsigned)k) * pow(p, (double)k) *
           pow(1 - p, (double)(n - k));
}

static void fixed_counts_interpolate(void **state)
{
    (void)state;
    mi_profile *profile = make_profile();
    mi_curve *curve = make_curve(profile, MI_COUNT_FIXED);
    for (size_t j = 0; j < REPLICATES; j++) {
        for (size_t p = 0; p < POINTS; p++) {
            /* round up with probability `up`: m masked sites, N - m visible */
            double count = ratios[p] * SITES, up = count - floor(count + 1e-12);
            size_t m = (size_t)floor(count + 1e-12), at = j * POINTS + p;
            double conditional = (1 - up) * h(j, SITES - m) * (m > 0) + up * h(j, SITES - m - 1);
            double joint = (1 - up) * joint_of_count(j, m) + up * joint_of_count(j, m + 1);
            assert_near(curve->values[MI_Q_CONDITIONAL][at], conditional, 1e-13);
            assert_near(curve->values[MI_Q_INFORMATION][at], h(j, 0) - conditional, 1e-13);
            assert_near(curve->values[MI_Q_OBJECTIVE][at], ratios[p] * (h(j, 0) - conditional),
                        1e-13);
            assert_near(curve->values[MI_Q_JOINT][at], joint, 1e-13);
        }
    }
    mi_curve_destroy(curve);
    mi_profile_destroy(profile);
}

static void bernoulli_counts_mix(void **state)
{
    (void)state;
    mi_profile *profile = make_profile();
    mi_curve *curve = make_curve(profile, MI_COUNT_BERNOULLI);
    for (size_t j = 0; j < REPLICATES; j++) {
        for (size_t p = 0; p < POINTS; p++) {
            double r = ratios[p], conditional = 0, joint = 0;
            for (size_t k = 0; k < SITES; k++) {
                conditional += binomial(k, 1 - r, SITES - 1) * h(j, k);
            }
            for (size_t m = 0; m <= SITES; m++) {
                joint += binomial(m, r, SITES) * joint_of_count(j, m);
            }
            size_t at = j * POINTS + p;
            assert_near(curve->values[MI_Q_CONDITIONAL][at], conditional, 1e-13);
            assert_near(curve->values[MI_Q_INFORMATION][at], h(j, 0) - conditional, 1e-13);
            assert_near(curve->values[MI_Q_JOINT][at], joint, 1e-13);
        }
    }
    mi_curve_destroy(curve);
    mi_profile_destroy(profile);
}

static void means_and_errors_over_replicates(void **state)
{
    (void)state;
    mi_profile *profile = make_profile();
    mi_curve *curve = make_curve(profile, MI_COUNT_FIXED);
    for (size_t p = 0; p < POINTS; p++) {
        const double *v = curve->values[MI_Q_INFORMATION] + p;
        double mean = (v[0] + v[POINTS] + v[2 * POINTS]) / 3;
        double square =
            pow(v[0] - mean, 2) + pow(v[POINTS] - mean, 2) + pow(v[2 * POINTS] - mean, 2);
        assert_near(curve->mean[MI_Q_INFORMATION][p], mean, 1e-14);
        assert_near(curve->error[MI_Q_INFORMATION][p], sqrt(square / 6), 1e-14);
    }
    /* h_0 of the replicates: 2.385 + 0.113 j, j = 0, 1, 2 */
    assert_near(curve->entropy, 2.498, 1e-14);
    assert_near(curve->entropy_error, 0.113 / sqrt(3), 1e-14);
    assert_false(curve->exact);
    assert_int_equal(curve->sites, SITES);
    assert_int_equal(curve->vocabulary, 27);
    mi_curve_destroy(curve);
    mi_profile_destroy(profile);
}

static void other_series_become_quantities(void **state)
{
    (void)state;
    mi_profile *profile = make_profile();
    fill_series(profile, MI_MSE, 0.3, 0);
    fill_series(profile, MI_CROSS_ENTROPY, 1.25, 0.01);
    fill_series(profile, MI_GIVEN_SCALE, 0.6, 0);
    fill_series(profile, MI_IN_SAMPLE, 1.5, 0);
    mi_curve *curve = make_curve(profile, MI_COUNT_FIXED);
    /* point 1 masks 2 of 7 sites: 5 are visible */
    for (size_t j = 0; j < REPLICATES; j++) {
        size_t at = j * POINTS + 1;
        double gain = h(j, 0) - h(j, 5);
        assert_near(curve->values[MI_Q_MSE][at], 0.3 * h(j, 5), 1e-13);
        assert_near(curve->values[MI_Q_CROSS_ENTROPY][at], 1.25 * h(j, 5) + 0.25, 1e-13);
        assert_near(curve->values[MI_Q_HELD_OUT_INFORMATION][at], 1.25 * gain - 0.25, 1e-13);
        assert_near(curve->values[MI_Q_SCALE][at], 0.4 * gain, 1e-13);
        assert_near(curve->values[MI_Q_IN_SAMPLE][at], 1.5 * gain, 1e-13);
    }
    mi_curve_destroy(curve);
    mi_profile_destroy(profile);
}

/* Whatever the profile, random masks of ratios r and 1 - r have the same joint information, and it
 * is largest at 1/2. */
static void joint_information_is_symmetric(void **state)
{
    (void)state;
    enum { N = 196, P = 49 };
    double symmetric[P];
    mi_profile *profile = NULL;
    assert_int_equal(mi_profile_create(N, &profile, NULL), MI_OK);
    assert_int_equal(mi_profile_add(profile, MI_ENTROPY, 1, NULL), MI_OK);
    profile->exact = true;
    for (size_t k = 0; k < N; k++) {
        profile->series[MI_ENTROPY].values[k] = 3.1 - 2.7 * pow((double)k / N, 3.4) - (k > 60);
    }
    for (size_t p = 0; p < P; p++) {
        symmetric[p] = (double)(p + 1) / (P + 1);
    }
    for (int count = MI_COUNT_FIXED; count <= MI_COUNT_BERNOULLI; count++) {
        mi_curve *curve = NULL;
        assert_int_equal(
            mi_curve_from_profile(profile, 0, (mi_mask_count)count, symmetric, P, &curve, NULL),
            MI_OK);
        for (size_t p = 0; p < P; p++) {
            const double *joint = curve->mean[MI_Q_JOINT];
            assert_near(joint[p], joint[P - 1 - p], 1e-12);
            assert_true(joint[p] <= joint[P / 2]);
            assert_true(joint[p] > 0);
            assert_true(curve->error[MI_Q_JOINT][p] == 0);
        }
        assert_true(curve->exact);
        mi_curve_destroy(curve);
    }
    mi_profile_destroy(profile);
}

/* Independent sites: no information, whatever rounding the binomial weights have. */
static void independent_sites_have_no_information(void **state)
{
    (void)state;
    enum { N = 500 };
    mi_profile *profile = NULL;
    assert_int_equal(mi_profile_create(N, &profile, NULL), MI_OK);
    assert_int_equal(mi_profile_add(profile, MI_ENTROPY, 1, NULL), MI_OK);
    profile->exact = true;
    for (size_t k = 0; k < N; k++) {
        profile->series[MI_ENTROPY].values[k] = 3.2958368660043290;
    }
    mi_curve *curve = make_curve(profile, MI_COUNT_BERNOULLI);
    for (size_t p = 0; p < POINTS; p++) {
        assert_near(curve->mean[MI_Q_INFORMATION][p], 0, 1e-14);
        assert_near(curve->mean[MI_Q_JOINT][p], 0, 1e-12);
    }
    mi_curve_destroy(curve);
    mi_profile_destroy(profile);
}

static void refused(const mi_profile *profile, mi_mask_count count, const double *asked,
                    size_t points, mi_code expected, const char *word)
{
    mi_curve *curve = NULL;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_curve_from_profile(profile, 0, count, asked, points, &curve, &status),
                     expected);
    assert_null(curve);
    assert_non_null(strstr(status.message, word));
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    const double small[] = {0.1, 0.5}, wide[] = {0.5, 1}, back[] = {0.5, 0.5}, first[] = {1.0 / 7};
    mi_profile *profile = make_profile();
    mi_curve *curve = NULL;
    refused(profile, MI_COUNT_FIXED, small, 2, MI_INPUT, "less than one of 7 sites");
    refused(profile, MI_COUNT_FIXED, wide, 2, MI_INPUT, "not between 0 and 1");
    refused(profile, MI_COUNT_FIXED, back, 2, MI_INPUT, "increase");
    refused(profile, MI_COUNT_FIXED, back, 0, MI_INPUT, "at least one ratio");
    assert_int_equal(mi_curve_from_profile(profile, 0, MI_COUNT_BERNOULLI, small, 2, &curve, NULL),
                     MI_OK);
    mi_curve_destroy(curve);
    assert_int_equal(mi_curve_from_profile(profile, 0, MI_COUNT_FIXED, first, 1, &curve, NULL),
                     MI_OK);
    assert_near(curve->values[MI_Q_CONDITIONAL][0], h(0, 6), 1e-13);
    mi_curve_destroy(curve);
    profile->series[MI_ENTROPY].values[3] = INFINITY;
    refused(profile, MI_COUNT_BERNOULLI, small, 2, MI_NUMERIC, "not finite");
    mi_profile_destroy(profile);
}

static void exact_profiles_must_be_finite(void **state)
{
    (void)state;
    mi_profile *profile = NULL;
    assert_int_equal(mi_profile_create(SITES, &profile, NULL), MI_OK);
    assert_int_equal(mi_profile_add(profile, MI_ENTROPY, 1, NULL), MI_OK);
    profile->exact = true;
    profile->series[MI_ENTROPY].values[3] = NAN;
    refused(profile, MI_COUNT_BERNOULLI, ratios, POINTS, MI_NUMERIC, "not finite");
    mi_profile_destroy(profile);
}

static void replicates_must_match_and_suffice(void **state)
{
    (void)state;
    mi_profile *profile = NULL;
    assert_int_equal(mi_profile_create(SITES, &profile, NULL), MI_OK);
    refused(profile, MI_COUNT_FIXED, ratios, POINTS, MI_INPUT, "empty");
    assert_int_equal(mi_profile_add(profile, MI_ENTROPY, 1, NULL), MI_OK);
    refused(profile, MI_COUNT_FIXED, ratios, POINTS, MI_INPUT, "at least 2 replicates");
    profile->exact = true;
    fill_series(profile, MI_GIVEN_SCALE, 1, 0);
    refused(profile, MI_COUNT_FIXED, ratios, POINTS, MI_INPUT, "given the scale");
    mi_profile_destroy(profile);
}

static void rates_become_a_curve(void **state)
{
    (void)state;
    mi_rates rates[2][POINTS];
    mi_curve *curve = NULL;
    for (size_t j = 0; j < 2; j++) {
        for (size_t p = 0; p < POINTS; p++) {
            rates[j][p] = (mi_rates){.entropy = 3 + 0.25 * (double)j,
                                     .conditional_entropy = 1.3 + ratios[p],
                                     .joint_information = 0.41 * ratios[p] * (1 - ratios[p])};
        }
    }
    assert_int_equal(mi_curve_from_rates(rates[0], 2, 27, ratios, POINTS, &curve, NULL), MI_OK);
    for (size_t p = 0; p < POINTS; p++) {
        double r = ratios[p];
        assert_near(curve->mean[MI_Q_CONDITIONAL][p], 1.3 + r, 1e-14);
        assert_near(curve->mean[MI_Q_INFORMATION][p], 1.825 - r, 1e-14);
        assert_near(curve->error[MI_Q_INFORMATION][p], 0.125, 1e-14);
        assert_near(curve->mean[MI_Q_OBJECTIVE][p], r * (1.825 - r), 1e-14);
        assert_near(curve->mean[MI_Q_JOINT][p], 0.41 * r * (1 - r), 1e-14);
    }
    assert_near(curve->entropy, 3.125, 1e-14);
    assert_near(curve->entropy_error, 0.125, 1e-14);
    assert_int_equal(curve->sites, 0);
    assert_int_equal(curve->count, MI_COUNT_BERNOULLI);
    assert_false(curve->exact);
    mi_curve_destroy(curve);
    assert_int_equal(mi_curve_from_rates(rates[0], 1, 27, ratios, POINTS, &curve, NULL), MI_OK);
    assert_true(curve->exact);
    mi_curve_destroy(curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_counts_interpolate),
        cmocka_unit_test(bernoulli_counts_mix),
        cmocka_unit_test(means_and_errors_over_replicates),
        cmocka_unit_test(other_series_become_quantities),
        cmocka_unit_test(joint_information_is_symmetric),
        cmocka_unit_test(independent_sites_have_no_information),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(exact_profiles_must_be_finite),
        cmocka_unit_test(replicates_must_match_and_suffice),
        cmocka_unit_test(rates_become_a_curve),
    };
    mi_start();
    return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
