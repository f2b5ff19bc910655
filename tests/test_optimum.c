/* Measured optima of known curves, their intervals, and what has none. */
#include "synthetic.h"

#include <string.h>

#include "maskinfo/optimum.h"

static double power_2(double r)
{
    return 1.9 * pow(1 - r, 2.31);
}

static double power_5(double r)
{
    return 0.83 * pow(1 - r, 5.71);
}

static double power_half(double r)
{
    return 1.3 * sqrt(1 - r);
}

static mi_optimum find(const mi_curve *curve, int threads)
{
    mi_optimum optimum;
    mi_run run = support_run(11);
    run.threads = threads;
    assert_int_equal(mi_optimum_find(curve, &run, &optimum, NULL), MI_OK);
    return optimum;
}

static mi_optimum exact_optimum(synthetic_truth truth)
{
    mi_curve *curve = synthetic_curve(truth, 1, (synthetic_noise){0}, 1);
    mi_optimum optimum = find(curve, 1);
    mi_curve_destroy(curve);
    return optimum;
}

static void check_exact(synthetic_truth truth, double ratio)
{
    mi_optimum o = exact_optimum(truth);
    assert_true(o.valid);
    assert_near(o.ratio, ratio, 1e-3);
    assert_near(o.objective, ratio * truth(ratio), 1e-4);
    assert_true(o.low == o.ratio && o.high == o.ratio);
    assert_int_equal(o.draws, 0);
    assert_null(o.samples);
    assert_false(o.edge);
    assert_near(o.resolution, 0.02, 1e-12);
}

static void optimum_of_powers(void **state)
{
    (void)state;
    check_exact(power_2, 1 / 3.31);
    check_exact(power_5, 1 / 6.71);
    check_exact(power_half, 1 / 1.5);
}

/* r i(r) = 1 - (r - 0.37)^2 is a parabola: exact at any spacing. */
static void parabola_is_exact_at_unequal_spacing(void **state)
{
    (void)state;
    const double ratios[] = {0.05, 0.2, 0.28, 0.41, 0.62, 0.9};
    mi_rates rates[6];
    mi_curve *curve = NULL;
    for (size_t p = 0; p < 6; p++) {
        double objective = 1 - pow(ratios[p] - 0.37, 2);
        rates[p] = (mi_rates){.entropy = 30, .conditional_entropy = 30 - objective / ratios[p]};
    }
    assert_int_equal(mi_curve_from_rates(rates, 1, 0, ratios, 6, &curve, NULL), MI_OK);
    mi_optimum o = find(curve, 1);
    assert_near(o.ratio, 0.37, 1e-12);
    assert_near(o.objective, 1, 1e-12);
    assert_near(o.resolution, (0.62 - 0.28) / 2, 1e-12);
    mi_curve_destroy(curve);
}

static double constant(double r)
{
    (void)r;
    return 0.77;
}

static double steep(double r)
{
    return exp(-80 * r);
}

static void optimum_at_an_edge(void **state)
{
    (void)state;
    mi_optimum o = exact_optimum(constant);
    assert_true(o.valid && o.edge);
    assert_near(o.ratio, 0.98, 1e-15);
    assert_near(o.resolution, 0.02, 1e-12);
    o = exact_optimum(steep);
    assert_true(o.valid && o.edge);
    assert_near(o.ratio, 0.02, 1e-15);
}

static double zero(double r)
{
    (void)r;
    return 0;
}

static double inverse(double r)
{
    return 0.01 / r;
}

static void what_has_no_optimum_says_why(void **state)
{
    (void)state;
    mi_optimum o = exact_optimum(zero);
    assert_false(o.valid);
    assert_non_null(strstr(o.reason, "nowhere above"));
    o = exact_optimum(inverse);
    assert_false(o.valid);
    assert_non_null(strstr(o.reason, "flat"));
    mi_curve *curve = synthetic_curve(zero, 20, (synthetic_noise){.point = 0.2}, 4);
    o = find(curve, 1);
    assert_false(o.valid);
    assert_non_null(strstr(o.reason, "error"));
    assert_null(o.samples);
    mi_curve_destroy(curve);
}

static void interval_covers_the_truth(void **state)
{
    (void)state;
    enum { TRIALS = 300 };
    const synthetic_noise noise = {.point = 0.05, .constant = 0.2, .slope = 0.3};
    size_t hits = 0;
    double width = 0;
    for (uint64_t seed = 0; seed < TRIALS; seed++) {
        mi_curve *curve = synthetic_curve(power_2, 60, noise, seed);
        mi_optimum o = find(curve, 2);
        assert_true(o.valid && o.low <= o.ratio && o.ratio <= o.high);
        hits += o.low <= 1 / 3.31 && 1 / 3.31 <= o.high;
        width += (o.high - o.low) / TRIALS;
        mi_optimum_free(&o);
        mi_curve_destroy(curve);
    }
    assert_share(hits, TRIALS, 0.95);
    assert_true(width > 0.005 && width < 0.2);
}

static void draws_are_sorted_and_free_of_threads(void **state)
{
    (void)state;
    mi_curve *curve = synthetic_curve(power_5, 25, (synthetic_noise){.point = 0.1}, 8);
    mi_optimum one = find(curve, 1), two = find(curve, 2);
    assert_int_equal(one.draws, 1000);
    assert_memory_equal(one.samples, two.samples, one.draws * sizeof *one.samples);
    for (size_t i = 1; i < one.draws; i++) {
        assert_true(one.samples[i - 1] <= one.samples[i]);
    }
    assert_true(one.samples[0] < one.samples[999]);
    mi_optimum_free(&one);
    mi_optimum_free(&two);
    assert_null(one.samples);
    mi_curve_destroy(curve);
}

static void interruption_leaves_nothing_behind(void **state)
{
    (void)state;
    volatile sig_atomic_t interrupt = 1;
    mi_run run = support_run(1);
    run.opt_interrupt = &interrupt;
    mi_optimum o;
    mi_curve *curve = synthetic_curve(power_5, 25, (synthetic_noise){.point = 0.01}, 8);
    assert_int_equal(mi_optimum_find(curve, &run, &o, NULL), MI_INTERRUPTED);
    assert_false(o.valid);
    assert_null(o.samples);
    mi_curve_destroy(curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimum_of_powers),
        cmocka_unit_test(parabola_is_exact_at_unequal_spacing),
        cmocka_unit_test(optimum_at_an_edge),
        cmocka_unit_test(what_has_no_optimum_says_why),
        cmocka_unit_test(interval_covers_the_truth),
        cmocka_unit_test(draws_are_sorted_and_free_of_threads),
        cmocka_unit_test(interruption_leaves_nothing_behind),
    };
    mi_start();
    return cmocka_run_group_tests_name("optimum", tests, NULL, NULL);
}
