/* Fits against exact curves, an independent minimiser, and many simulated noisy curves. */
#include "synthetic.h"

#include <string.h>

#include <gsl/gsl_math.h>

#include "../src/info/jackknife.h"
#include "maskinfo/fit.h"
#include "maskinfo/statistics.h"

enum { P = SYNTHETIC_POINTS };

static double exponential(double r)
{
    return 2.31 * exp(-1.7342 * r);
}

static double power(double r)
{
    return 0.83 * pow(1 - r, 5.71);
}

static mi_fit fit_truth(mi_fit_kind kind, synthetic_truth truth)
{
    double ratios[P], values[P];
    mi_fit fit;
    synthetic_ratios(ratios);
    for (size_t p = 0; p < P; p++) {
        values[p] = truth(ratios[p]);
    }
    assert_int_equal(mi_fit_points(kind, ratios, values, NULL, P, &fit, NULL), MI_OK);
    return fit;
}

static void assert_finite(const mi_fit *fit)
{
    const double numbers[] = {
        fit->amplitude,      fit->amplitude_error, fit->exponent,  fit->exponent_error,
        fit->sampling_error, fit->misfit,          fit->r_squared, fit->aicc,
        fit->optimal_ratio};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_true(isfinite(numbers[i]));
    }
}

static void exact_curves_are_recovered(void **state)
{
    (void)state;
    mi_fit fit = fit_truth(MI_FIT_EXPONENTIAL, exponential);
    assert_true(fit.valid);
    assert_near(fit.amplitude, 2.31, 1e-8);
    assert_near(fit.exponent, 1.7342, 1e-8);
    assert_near(fit.optimal_ratio, 1 / 1.7342, 1e-8);
    assert_near(fit.r_squared, 1, 1e-12);
    assert_false(fit.corner);
    assert_finite(&fit);
    assert_near(mi_fit_value(MI_FIT_EXPONENTIAL, &fit, 0.37), exponential(0.37), 1e-8);
    fit = fit_truth(MI_FIT_POWER, power);
    assert_true(fit.valid);
    assert_near(fit.amplitude, 0.83, 1e-8);
    assert_near(fit.exponent, 5.71, 1e-8);
    assert_near(fit.optimal_ratio, 1 / 6.71, 1e-8);
    assert_finite(&fit);
    assert_near(mi_fit_value(MI_FIT_POWER, &fit, 0.37), power(0.37), 1e-8);
}

/* --- an independent weighted fit: A by linear regression at each exponent, the exponent by golden
 * section, the rest from the formulas. --- */

typedef struct sample {
    mi_fit_kind kind;
    double ratios[P], values[P], errors[P], variance[P];
} sample;

static double family(const sample *s, double exponent, size_t p)
{
    return s->kind == MI_FIT_EXPONENTIAL ? exp(-exponent * s->ratios[p])
                                         : pow(1 - s->ratios[p], exponent);
}

static double chi_square_at(const sample *s, double exponent, double *ret_amplitude)
{
    double xy = 0, xx = 0, sum = 0;
    for (size_t p = 0; p < P; p++) {
        double x = family(s, exponent, p);
        xy += x * s->values[p] / s->variance[p];
        xx += x * x / s->variance[p];
    }
    *ret_amplitude = xy / xx;
    for (size_t p = 0; p < P; p++) {
        sum += pow(s->values[p] - *ret_amplitude * family(s, exponent, p), 2) / s->variance[p];
    }
    return sum;
}

static double golden_section(const sample *s, double low, double high)
{
    const double golden = (sqrt(5) - 1) / 2;
    double amplitude = 0;
    for (int i = 0; i < 80; i++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        if (chi_square_at(s, a, &amplitude) < chi_square_at(s, b, &amplitude)) {
            high = b;
        } else {
            low = a;
        }
    }
    return (low + high) / 2;
}

/* Square roots of the diagonal of (J^T W J)^-1, the 2x2 inverse written out. */
static void expected_errors(const sample *s, double amplitude, double exponent, double *errors)
{
    double aa = 0, ae = 0, ee = 0;
    for (size_t p = 0; p < P; p++) {
        double x = s->kind == MI_FIT_EXPONENTIAL ? s->ratios[p] : -log(1 - s->ratios[p]);
        double da = family(s, exponent, p), de = -amplitude * x * da;
        aa += da * da / s->variance[p];
        ae += da * de / s->variance[p];
        ee += de * de / s->variance[p];
    }
    errors[0] = sqrt(ee / (aa * ee - ae * ae));
    errors[1] = sqrt(aa / (aa * ee - ae * ae));
}

static double expected_aicc(const sample *s, double chi_square)
{
    double likelihood = -chi_square / 2;
    for (size_t p = 0; p < P; p++) {
        likelihood -= log(sqrt(2 * M_PI * s->variance[p]));
    }
    return 2 * 3 - 2 * likelihood + 2.0 * 3 * 4 / (P - 4);
}

static double expected_r_squared(const sample *s, double chi_square)
{
    double weight = 0, mean = 0, total = 0;
    for (size_t p = 0; p < P; p++) {
        weight += 1 / s->variance[p];
        mean += s->values[p] / s->variance[p];
    }
    mean /= weight;
    for (size_t p = 0; p < P; p++) {
        total += pow(s->values[p] - mean, 2) / s->variance[p];
    }
    return 1 - chi_square / total;
}

static void check_against_independent_fit(sample *s, double expected_reduced)
{
    mi_fit fit;
    double amplitude = 0, errors[2];
    assert_int_equal(mi_fit_points(s->kind, s->ratios, s->values, s->errors, P, &fit, NULL), MI_OK);
    assert_true(fit.valid);
    for (size_t p = 0; p < P; p++) {
        s->variance[p] = pow(s->errors[p], 2) + pow(fit.misfit, 2);
    }
    double exponent = golden_section(s, 0, 12);
    double chi_square = chi_square_at(s, exponent, &amplitude);
    assert_near(fit.exponent, exponent, 1e-6);
    assert_near(fit.amplitude, amplitude, 1e-6);
    expected_errors(s, amplitude, exponent, errors);
    assert_near(fit.amplitude_error, errors[0], 1e-6);
    assert_near(fit.exponent_error, errors[1], 1e-6);
    assert_near(fit.r_squared, expected_r_squared(s, chi_square), 1e-9);
    assert_near(fit.aicc, expected_aicc(s, chi_square), 1e-6);
    if (expected_reduced > 0) {
        assert_true(fit.misfit > 0);
        assert_near(chi_square / (P - 2), expected_reduced, 1e-6);
    } else {
        assert_true(fit.misfit == 0);
        assert_true(chi_square <= P - 2);
    }
}

static sample make_sample(mi_fit_kind kind, double wave)
{
    sample s = {.kind = kind};
    synthetic_ratios(s.ratios);
    for (size_t p = 0; p < P; p++) {
        double r = s.ratios[p];
        s.values[p] = 1.4 * exp(-2.2 * r) + wave * sin(31 * r);
        s.errors[p] = 0.01 + 0.03 * r;
    }
    return s;
}

/* Residuals below the errors: no misfit. */
static void weighted_fit_without_misfit(void **state)
{
    (void)state;
    sample s = make_sample(MI_FIT_EXPONENTIAL, 0.012);
    check_against_independent_fit(&s, 0);
}

/* Residuals above the errors: the misfit makes the reduced chi-square 1. */
static void weighted_fit_with_misfit(void **state)
{
    (void)state;
    sample s = make_sample(MI_FIT_EXPONENTIAL, 0.09);
    check_against_independent_fit(&s, 1);
    s = make_sample(MI_FIT_POWER, 0.012);
    check_against_independent_fit(&s, 1);
}

/* --- many noisy curves --- */

static bool covers(double estimate, double truth, double error)
{
    return fabs(estimate - truth) < 1.959964 * error;
}

static void errors_of_independent_points_cover(void **state)
{
    (void)state;
    enum { TRIALS = 400 };
    size_t hits[2] = {0}, misfits = 0;
    for (uint64_t seed = 0; seed < TRIALS; seed++) {
        double ratios[P], values[P], errors[P];
        gsl_rng *stream = NULL;
        mi_fit fit[2];
        assert_int_equal(mi_stream_create(seed, MI_PURPOSE_TEST, 1, &stream, NULL), MI_OK);
        synthetic_ratios(ratios);
        for (size_t p = 0; p < P; p++) {
            errors[p] = 0.05 + 0.2 * ratios[p];
            values[p] = exponential(ratios[p]) + gsl_ran_gaussian(stream, errors[p]);
        }
        assert_int_equal(
            mi_fit_points(MI_FIT_EXPONENTIAL, ratios, values, errors, P, &fit[0], NULL), MI_OK);
        for (size_t p = 0; p < P; p++) {
            values[p] = power(ratios[p]) + gsl_ran_gaussian(stream, 0.013);
        }
        assert_int_equal(mi_fit_points(MI_FIT_POWER, ratios, values, NULL, P, &fit[1], NULL),
                         MI_OK);
        assert_true(fit[0].valid && fit[1].valid);
        hits[0] += covers(fit[0].exponent, 1.7342, fit[0].exponent_error);
        hits[1] += covers(fit[1].exponent, 5.71, fit[1].exponent_error);
        misfits += fit[0].misfit > 0;
        gsl_rng_free(stream);
    }
    assert_share(hits[0], TRIALS, 0.95);
    assert_share(hits[1], TRIALS, 0.95);
    /* chi-square with 47 degrees of freedom exceeds 47 with probability 0.473 */
    assert_share(misfits, TRIALS, 0.473);
}

/* Noise shared by the points of a replicate: only the jackknife sees it. */
static void jackknife_covers_shared_noise(void **state)
{
    (void)state;
    enum { TRIALS = 300 };
    const synthetic_noise noise = {.point = 0.01, .constant = 0.5, .slope = 0.8};
    size_t hits = 0, naive = 0;
    for (uint64_t seed = 0; seed < TRIALS; seed++) {
        mi_fit fit;
        mi_curve *curve = synthetic_curve(exponential, 70, noise, seed);
        assert_int_equal(mi_fit_curve(MI_FIT_EXPONENTIAL, curve, &fit, NULL), MI_OK);
        assert_true(fit.valid);
        assert_finite(&fit);
        hits += covers(fit.exponent, 1.7342, fit.sampling_error);
        naive += covers(fit.exponent, 1.7342, fit.exponent_error);
        mi_curve_destroy(curve);
    }
    assert_share(hits, TRIALS, 0.95);
    assert_true(naive < hits);
}

/* Of a mean, one replicate a block, the jackknife is the usual error; with more replicates than
 * blocks it estimates the same. */
static void jackknife_of_a_mean(void **state)
{
    (void)state;
    double values[100], means[32], mean = 0, error = 0;
    for (size_t i = 0; i < 100; i++) {
        values[i] = sin(2.3 * (double)(i * i));
    }
    assert_int_equal(mi_jackknife_blocks(7), 7);
    assert_int_equal(mi_jackknife_means(values, 7, 1, means, NULL), MI_OK);
    mi_mean_error(values, 1, 7, &mean, &error);
    assert_near(mi_jackknife_error(means, 7), error, 1e-15);
    assert_near(means[2], (7 * mean - values[2]) / 6, 1e-15);
    assert_int_equal(mi_jackknife_blocks(100), 32);
    assert_int_equal(mi_jackknife_means(values, 100, 1, means, NULL), MI_OK);
    mi_mean_error(values, 1, 100, &mean, &error);
    assert_near(means[0], (100 * mean - values[0] - values[1] - values[2]) / 97, 1e-15);
    assert_near(mi_jackknife_error(means, 32), error, error / 2); /* 4 * 13 % */
}

static void aicc_prefers_the_true_family(void **state)
{
    (void)state;
    enum { TRIALS = 40 };
    const synthetic_noise noise = {.point = 0.05};
    size_t right = 0;
    for (uint64_t seed = 0; seed < TRIALS; seed++) {
        for (int truth = MI_FIT_EXPONENTIAL; truth <= MI_FIT_POWER; truth++) {
            mi_fit fit[2];
            mi_curve *curve =
                synthetic_curve(truth == MI_FIT_EXPONENTIAL ? exponential : power, 20, noise, seed);
            assert_int_equal(mi_fit_curve(MI_FIT_EXPONENTIAL, curve, &fit[0], NULL), MI_OK);
            assert_int_equal(mi_fit_curve(MI_FIT_POWER, curve, &fit[1], NULL), MI_OK);
            right += fit[truth].aicc < fit[1 - truth].aicc;
            mi_curve_destroy(curve);
        }
    }
    assert_int_equal(right, 2 * TRIALS);
    mi_fit a = fit_truth(MI_FIT_POWER, power), b = fit_truth(MI_FIT_EXPONENTIAL, power);
    assert_true(a.aicc < b.aicc && isfinite(a.aicc));
}

/* --- corners and what can not be fitted --- */

static double shallow(double r)
{
    return 1.1 * exp(-0.65 * r);
}

static double constant(double r)
{
    (void)r;
    return 0.77;
}

static double constant_but_for_rounding(double r)
{
    return 0.77 + 1e-15 * r;
}

static double rising(double r)
{
    return 1.66 * exp(0.23 * r);
}

static double rising_power(double r)
{
    return 1.66 * pow(1 - r, -0.31);
}

static void optimum_may_be_a_corner(void **state)
{
    (void)state;
    mi_fit fit = fit_truth(MI_FIT_EXPONENTIAL, shallow);
    assert_near(fit.exponent, 0.65, 1e-8);
    assert_true(fit.corner && fit.optimal_ratio == 1);
    fit = fit_truth(MI_FIT_EXPONENTIAL, constant);
    assert_true(fit.valid && fit.corner && fit.r_squared == 0);
    assert_near(fit.exponent, 0, 1e-10);
    assert_finite(&fit);
    fit = fit_truth(MI_FIT_EXPONENTIAL, constant_but_for_rounding);
    assert_true(fit.valid && fit.r_squared == 0);
    fit = fit_truth(MI_FIT_EXPONENTIAL, rising);
    assert_near(fit.exponent, -0.23, 1e-8);
    assert_true(fit.corner && fit.optimal_ratio == 1);
    fit = fit_truth(MI_FIT_POWER, rising_power);
    assert_near(fit.exponent, -0.31, 1e-8);
    assert_true(fit.corner && fit.optimal_ratio == 1);
    assert_near(mi_exponential_optimum(4), 0.25, 1e-15);
    assert_near(mi_power_optimum(4), 0.2, 1e-15);
}

static double zero(double r)
{
    (void)r;
    return 0;
}

static double crossing(double r)
{
    return 0.9 * exp(-4 * r) - 0.05;
}

static void impossible_fits_give_a_reason(void **state)
{
    (void)state;
    const double ratios[] = {0.1, 0.2, 0.3, 0.4}, values[] = {4, 3, 2, 1};
    mi_fit fit = fit_truth(MI_FIT_POWER, zero);
    assert_false(fit.valid);
    assert_string_equal(fit.reason, "no information to fit");
    assert_finite(&fit);
    assert_int_equal(mi_fit_points(MI_FIT_POWER, ratios, values, NULL, 4, &fit, NULL), MI_OK);
    assert_false(fit.valid);
    assert_string_equal(fit.reason, "fewer than 5 ratios");
    mi_curve *curve = synthetic_curve(zero, 30, (synthetic_noise){.point = 0.1}, 5);
    assert_int_equal(mi_fit_curve(MI_FIT_POWER, curve, &fit, NULL), MI_OK);
    assert_false(fit.valid);
    assert_string_equal(fit.reason, "no information beyond its error");
    mi_curve_destroy(curve);
}

/* Values at and below zero are data like others. */
static void negative_points_are_used(void **state)
{
    (void)state;
    sample s = {.kind = MI_FIT_EXPONENTIAL};
    synthetic_ratios(s.ratios);
    for (size_t p = 0; p < P; p++) {
        s.values[p] = crossing(s.ratios[p]);
        s.errors[p] = 0.001;
    }
    check_against_independent_fit(&s, 1);
}

static void constant_curve_with_noise(void **state)
{
    (void)state;
    mi_fit fit;
    mi_curve *curve = synthetic_curve(constant, 40, (synthetic_noise){.point = 0.05}, 3);
    assert_int_equal(mi_fit_curve(MI_FIT_EXPONENTIAL, curve, &fit, NULL), MI_OK);
    assert_true(fit.valid);
    assert_near(fit.exponent, 0, 4 * fit.exponent_error);
    assert_finite(&fit);
    mi_curve_destroy(curve);
}

static void one_point_is_no_fit(void **state)
{
    (void)state;
    const double ratio = 0.5, information = 1;
    mi_fit fit;
    assert_int_equal(mi_fit_points(MI_FIT_POWER, &ratio, &information, NULL, 1, &fit, NULL), MI_OK);
    assert_false(fit.valid);
    assert_string_equal(fit.reason, "fewer than 5 ratios");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_point_is_no_fit),
        cmocka_unit_test(exact_curves_are_recovered),
        cmocka_unit_test(weighted_fit_without_misfit),
        cmocka_unit_test(weighted_fit_with_misfit),
        cmocka_unit_test(errors_of_independent_points_cover),
        cmocka_unit_test(jackknife_covers_shared_noise),
        cmocka_unit_test(jackknife_of_a_mean),
        cmocka_unit_test(aicc_prefers_the_true_family),
        cmocka_unit_test(optimum_may_be_a_corner),
        cmocka_unit_test(impossible_fits_give_a_reason),
        cmocka_unit_test(negative_points_are_used),
        cmocka_unit_test(constant_curve_with_noise),
    };
    mi_start();
    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
