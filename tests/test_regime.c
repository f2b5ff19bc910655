/* Regimes of known curves, and how often noise is taken for one. */
#include "synthetic.h"

#include <gsl/gsl_cdf.h>

#include "maskinfo/optimum.h"

static double concave(double r)
{
    return 1.3 * (1 - r * r);
}

static double convex(double r)
{
    return 1.7 * pow(1 - r, 2.7);
}

/* Convex below 1/2, concave above; the mirror image of itself, so that the shares are equal. */
static double mixed(double r)
{
    return 0.4 - 0.3 * r - 0.8 * pow(r - 0.5, 3);
}

static double straight(double r)
{
    return 0.9 * (1 - r);
}

static mi_regime find(synthetic_truth truth, size_t replicates, synthetic_noise noise,
                      uint64_t seed)
{
    mi_regime regime;
    mi_curve *curve = synthetic_curve(truth, replicates, noise, seed);
    assert_int_equal(mi_regime_find(curve, &regime, NULL), MI_OK);
    mi_curve_destroy(curve);
    return regime;
}

static mi_regime exact(synthetic_truth truth)
{
    return find(truth, 1, (synthetic_noise){0}, 1);
}

static void exact_curves_have_their_regime(void **state)
{
    (void)state;
    mi_regime regime = exact(concave);
    assert_int_equal(regime.verdict, MI_REDUNDANT);
    assert_near(regime.concave_share, 1, 0);
    assert_near(regime.concave_z, 1e6, 0);
    assert_near(regime.convex_z, 0, 0);
    regime = exact(convex);
    assert_int_equal(regime.verdict, MI_SYNERGISTIC);
    assert_near(regime.concave_share, 0, 0);
    assert_near(regime.convex_z, 1e6, 0);
    regime = exact(mixed);
    assert_int_equal(regime.verdict, MI_MIXED);
    assert_near(regime.concave_share, 0.5, 1e-9);
    regime = exact(straight);
    assert_int_equal(regime.verdict, MI_UNDETERMINED);
    assert_near(regime.concave_share, 0.5, 0);
    assert_near(regime.concave_share_error, 0, 0);
}

/* Nine bins: 7 + 5 + 3 + 1 differences. */
static void tests_are_counted_and_bounded(void **state)
{
    (void)state;
    mi_regime regime = exact(concave);
    assert_int_equal(regime.tests, 16);
    assert_near(gsl_cdf_ugaussian_Q(regime.critical), 0.025 / 16, 1e-12);
    regime = find(concave, 12, (synthetic_noise){.point = 0.01}, 1);
    assert_near(gsl_cdf_tdist_Q(regime.critical, 11), 0.025 / 16, 1e-10);
}

/* Three points: one difference, whose z, replicate by replicate, is elementary. */
static void z_of_a_single_difference(void **state)
{
    (void)state;
    const double ratios[] = {0.1, 0.4, 0.7};
    const double information[3][3] = {{3, 2.5, 1.25}, {2.75, 2.75, 1.5}, {3, 2.25, 1.25}};
    mi_rates rates[9];
    mi_curve *curve = NULL;
    mi_regime regime;
    for (size_t i = 0; i < 9; i++) {
        rates[i] = (mi_rates){.entropy = 4, .conditional_entropy = 4 - information[i / 3][i % 3]};
    }
    assert_int_equal(mi_curve_from_rates(rates, 3, 0, ratios, 3, &curve, NULL), MI_OK);
    assert_int_equal(mi_regime_find(curve, &regime, NULL), MI_OK);
    /* differences -0.75, -1.25, -0.25: mean -0.75, standard deviation 0.5 */
    assert_int_equal(regime.tests, 1);
    assert_near(regime.concave_z, 0.75 / (0.5 / sqrt(3)), 1e-9);
    assert_near(regime.convex_z, 0, 0);
    assert_near(regime.critical, 4.3026527, 1e-6); /* t, 2 degrees of freedom, 97.5 % */
    assert_int_equal(regime.verdict, MI_UNDETERMINED);
    mi_curve_destroy(curve);
    assert_int_equal(mi_curve_from_rates(rates, 3, 0, ratios, 2, &curve, NULL), MI_OK);
    assert_int_equal(mi_regime_find(curve, &regime, NULL), MI_OK);
    assert_int_equal(regime.tests, 0);
    assert_int_equal(regime.verdict, MI_UNDETERMINED);
    mi_curve_destroy(curve);
}

/* A straight line with noise has no curvature: at most 5 % of the verdicts may see one. */
static void noise_is_undetermined(void **state)
{
    (void)state;
    enum { TRIALS = 500 };
    const size_t replicates[] = {5, 20, 200};
    const double worst = 0.05 + 3 * sqrt(0.05 * 0.95 / TRIALS);
    for (size_t i = 0; i < 3; i++) {
        size_t false_verdicts = 0;
        for (uint64_t seed = 0; seed < TRIALS; seed++) {
            mi_regime regime =
                find(straight, replicates[i], (synthetic_noise){.point = 0.1, .slope = 0.3}, seed);
            false_verdicts += regime.verdict != MI_UNDETERMINED;
        }
        assert_true((double)false_verdicts / TRIALS <= worst);
        assert_true(replicates[i] == 5 || false_verdicts > 0); /* not by never deciding */
    }
}

/* At every level of noise the wrong sign is rare; at low noise the right one is certain. */
static void wrong_signs_are_rare(void **state)
{
    (void)state;
    enum { TRIALS = 300 };
    const double levels[] = {0.1, 1.2, 6};
    for (size_t i = 0; i < 3; i++) {
        size_t right = 0, wrong = 0;
        for (uint64_t seed = 0; seed < TRIALS; seed++) {
            synthetic_noise noise = {.point = levels[i], .constant = 0.2};
            mi_regime a = find(concave, 40, noise, seed), b = find(convex, 40, noise, seed);
            right += a.verdict == MI_REDUNDANT;
            right += b.verdict == MI_SYNERGISTIC;
            wrong += a.verdict == MI_SYNERGISTIC || a.verdict == MI_MIXED;
            wrong += b.verdict == MI_REDUNDANT || b.verdict == MI_MIXED;
        }
        assert_true((double)wrong / (2 * TRIALS) <= 0.05);
        assert_true(i > 0 || right >= 2 * TRIALS * 97 / 100);
        assert_true(i < 2 || right < 2 * TRIALS / 2);
    }
}

/* Wide differences find a curvature that is below the noise of the narrow ones. */
static void wide_differences_add_power(void **state)
{
    (void)state;
    enum { TRIALS = 100 };
    size_t found = 0;
    for (uint64_t seed = 0; seed < TRIALS; seed++) {
        /* 40 replicates of noise 0.7 at 5.3 points a bin: error of a second difference
         * 0.7 * sqrt(6 / 40 / 5.3) = 0.118; the narrowest is 2 * 1.3 * 0.107^2 = 0.03, a quarter of
         * it, the widest 2 * 1.3 * 0.427^2 = 0.47, four times it */
        mi_regime regime = find(concave, 40, (synthetic_noise){.point = 0.7}, seed);
        found += regime.verdict == MI_REDUNDANT;
    }
    assert_true(found > TRIALS * 3 / 4);
}

static void mixed_curves_are_seen_through_noise(void **state)
{
    (void)state;
    mi_regime regime = find(mixed, 100, (synthetic_noise){.point = 0.01, .slope = 0.2}, 6);
    assert_int_equal(regime.verdict, MI_MIXED);
    assert_true(regime.concave_share_error > 0);
}

/* The true share is 1/2 and noise pulls there too, so the jackknife interval can be checked. */
static void share_error_covers(void **state)
{
    (void)state;
    enum { TRIALS = 300 };
    size_t hits = 0;
    for (uint64_t seed = 0; seed < TRIALS; seed++) {
        mi_regime regime = find(mixed, 100, (synthetic_noise){.point = 0.02}, seed);
        hits += fabs(regime.concave_share - 0.5) < 1.959964 * regime.concave_share_error;
    }
    assert_share(hits, TRIALS, 0.95);
}

static void verdicts_have_names(void **state)
{
    (void)state;
    assert_string_equal(mi_regime_name(MI_REDUNDANT), "redundant");
    assert_string_equal(mi_regime_name(MI_SYNERGISTIC), "synergistic");
    assert_string_equal(mi_regime_name(MI_MIXED), "mixed");
    assert_string_equal(mi_regime_name(MI_UNDETERMINED), "undetermined");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_curves_have_their_regime),
        cmocka_unit_test(tests_are_counted_and_bounded),
        cmocka_unit_test(z_of_a_single_difference),
        cmocka_unit_test(noise_is_undetermined),
        cmocka_unit_test(wrong_signs_are_rare),
        cmocka_unit_test(wide_differences_add_power),
        cmocka_unit_test(mixed_curves_are_seen_through_noise),
        cmocka_unit_test(share_error_covers),
        cmocka_unit_test(verdicts_have_names),
    };
    mi_start();
    return cmocka_run_group_tests_name("regime", tests, NULL, NULL);
}
