/* The ordering of two curves: elementary cases, and how often a verdict of 95 % is right. */
#include "synthetic.h"

#include "maskinfo/compare.h"

static mi_fit fit_of(double rate, double error, double sampling_error)
{
    return (mi_fit){
        .valid = true, .exponent = rate, .exponent_error = error, .sampling_error = sampling_error};
}

static mi_optimum optimum_of(double ratio)
{
    return (mi_optimum){.valid = true, .ratio = ratio, .low = ratio, .high = ratio};
}

static void rates_by_the_formula(void **state)
{
    (void)state;
    mi_fit text = fit_of(1.75, 0.3, 0.4), image = fit_of(0.5, 0.6, 0.2);
    mi_optimum optimum = optimum_of(0.5);
    mi_comparison c;
    mi_compare(&text, &optimum, &image, &optimum, &c);
    assert_true(c.rate_valid);
    assert_near(c.rate_difference, 1.25, 1e-15);
    assert_near(c.rate_difference_error, sqrt(0.65), 1e-15);
    assert_near(c.rate_z, 1.25 / sqrt(0.65), 1e-14);
    assert_near(c.rate_probability, (1 + erf(1.25 / sqrt(1.3))) / 2, 1e-14);
    assert_false(c.rate_holds); /* 93.95 % */
    text.exponent = 1.85;
    mi_compare(&text, &optimum, &image, &optimum, &c);
    assert_true(c.rate_holds); /* 95.3 % */
    mi_compare(&image, &optimum, &text, &optimum, &c);
    assert_near(c.rate_z, -1.35 / sqrt(0.65), 1e-14);
    assert_false(c.rate_holds);
}

static void exact_rates_and_optima(void **state)
{
    (void)state;
    mi_fit fast = fit_of(1.75, 0, 0), slow = fit_of(0.5, 0, 0);
    mi_optimum early = optimum_of(0.31), late = optimum_of(0.72);
    mi_comparison c;
    mi_compare(&fast, &early, &slow, &late, &c);
    assert_true(c.rate_holds && c.optimum_holds);
    assert_near(c.rate_z, 1e6, 0);
    assert_near(c.rate_probability, 1, 0);
    assert_near(c.optimum_probability, 1, 0);
    assert_near(c.optimum_difference, -0.41, 1e-15);
    mi_compare(&slow, &late, &fast, &early, &c);
    assert_near(c.rate_z, -1e6, 0);
    assert_near(c.rate_probability, 0, 0);
    assert_near(c.optimum_probability, 0, 0);
    mi_compare(&fast, &early, &fast, &early, &c);
    assert_near(c.rate_probability, 0.5, 0);
    assert_near(c.optimum_probability, 0.5, 0);
    assert_false(c.rate_holds || c.optimum_holds);
}

/* Share of pairs by the double loop, with ties within and between. */
static void pairs_of_draws_are_counted(void **state)
{
    (void)state;
    double x[] = {0.1, 0.3, 0.3, 0.5, 0.52, 0.8}, y[] = {0.2, 0.3, 0.5, 0.5, 0.9};
    mi_fit fit = fit_of(1, 0.1, 0);
    mi_optimum a = {.valid = true, .ratio = 0.4, .draws = 6, .samples = x};
    mi_optimum b = {.valid = true, .ratio = 0.5, .draws = 5, .samples = y}, exact = optimum_of(0.5);
    mi_comparison c;
    double pairs = 0, below = 0;
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 5; j++) {
            pairs += x[i] < y[j] ? 1 : x[i] == y[j] ? 0.5 : 0;
        }
        below += x[i] < 0.5 ? 1 : x[i] == 0.5 ? 0.5 : 0;
    }
    mi_compare(&fit, &a, &fit, &b, &c);
    assert_near(c.optimum_probability, pairs / 30, 1e-15);
    mi_compare(&fit, &b, &fit, &a, &c);
    assert_near(c.optimum_probability, 1 - pairs / 30, 1e-15);
    mi_compare(&fit, &a, &fit, &exact, &c);
    assert_near(c.optimum_probability, below / 6, 1e-15);
}

static void invalid_halves_say_why(void **state)
{
    (void)state;
    mi_fit good = fit_of(1, 0.1, 0), bad = {.reason = "no information to fit"};
    mi_optimum there = optimum_of(0.3), none = {.reason = "r i(r) is flat"};
    mi_comparison c;
    mi_compare(&good, &none, &bad, &there, &c);
    assert_false(c.rate_valid || c.optimum_valid || c.rate_holds || c.optimum_holds);
    assert_string_equal(c.rate_reason, "image: no information to fit");
    assert_string_equal(c.optimum_reason, "text: r i(r) is flat");
    mi_compare(&good, &there, &bad, &there, &c);
    assert_true(c.optimum_valid && !c.rate_valid);
}

static double fast(double r)
{
    return 2.1 * exp(-1.8 * r);
}

static double slow(double r)
{
    return 1.3 * exp(-1.2 * r);
}

static void analyse(synthetic_truth truth, double noise, uint64_t seed, mi_fit *fit,
                    mi_optimum *optimum)
{
    mi_run run = support_run(seed);
    mi_curve *curve =
        synthetic_curve(truth, 40, (synthetic_noise){.point = noise, .slope = noise}, seed);
    assert_int_equal(mi_fit_curve(MI_FIT_EXPONENTIAL, curve, fit, NULL), MI_OK);
    assert_int_equal(mi_optimum_find(curve, &run, optimum, NULL), MI_OK);
    mi_curve_destroy(curve);
}

/* Curves that do not differ: a claim at 95 % may be wrong in 5 % of the cases. Curves that do: it
 * is made. */
static void verdicts_are_calibrated(void **state)
{
    (void)state;
    enum { TRIALS = 200 };
    const double bound = 0.05 + 4 * sqrt(0.05 * 0.95 / TRIALS);
    size_t rate = 0, optimum = 0, power = 0;
    for (uint64_t seed = 0; seed < TRIALS; seed++) {
        mi_fit a, b;
        mi_optimum x, y;
        mi_comparison c;
        analyse(fast, 0.2, 2 * seed, &a, &x);
        analyse(fast, 0.2, 2 * seed + 1, &b, &y);
        mi_compare(&a, &x, &b, &y, &c);
        rate += c.rate_holds;
        optimum += c.optimum_holds;
        mi_optimum_free(&x);
        mi_optimum_free(&y);
        analyse(fast, 0.02, 2 * seed, &a, &x);
        analyse(slow, 0.02, 2 * seed + 1, &b, &y);
        mi_compare(&a, &x, &b, &y, &c);
        power += c.rate_holds && c.optimum_holds;
        mi_optimum_free(&x);
        mi_optimum_free(&y);
    }
    assert_true((double)rate / TRIALS <= bound);
    assert_true((double)optimum / TRIALS <= bound);
    assert_true(power > TRIALS * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_by_the_formula),       cmocka_unit_test(exact_rates_and_optima),
        cmocka_unit_test(pairs_of_draws_are_counted), cmocka_unit_test(invalid_halves_say_why),
        cmocka_unit_test(verdicts_are_calibrated),
    };
    mi_start();
    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
