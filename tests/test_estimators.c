/* Estimators from samples: plug-in counts by hand and by enumeration of all samples, nearest
 * neighbours against a sort of all distances, log-determinants against the sample correlation. */
#include "support.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/gaussian.h"
#include "maskinfo/ksg.h"
#include "maskinfo/plugin.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"
#include "maskinfo/trial.h"

static void expect_message(const mi_status *status, const char *text)
{
    if (strstr(status->message, text) == NULL) {
        fail_msg("\"%s\" does not contain \"%s\"", status->message, text);
    }
}

static void entropy_of_counts_by_hand(void **state)
{
    (void)state;
    const uint64_t counts[] = {2, 0, 1, 1};
    mi_plugin e;
    assert_int_equal(mi_plugin_entropy(counts, 4, &e, NULL), MI_OK);
    assert_near(e.value, 1.5 * log(2), 1e-15); /* 1/2 log 2 + 2 (1/4 log 4) */
    assert_near(e.correction, 2.0 / 8, 1e-15);
    /* terms log 2, log 2, 2 log 2, 2 log 2: variance (log 2)^2 / 3, of four */
    assert_near(e.error, log(2) / sqrt(12), 1e-15);
    assert_int_equal(e.cells, 3);
}

static void information_of_pairs_by_hand(void **state)
{
    (void)state;
    const uint64_t x[] = {0, UINT64_MAX, 0, UINT64_MAX}, y[] = {5, 7, 5, 5};
    const double terms[] = {log(4 * 2 / 6.0), log(4 * 1 / 2.0), log(4 * 2 / 6.0), log(4 * 1 / 6.0)};
    double mean = 0, error = 0;
    mi_plugin e, entropy;
    mi_mean_error(terms, 1, 4, &mean, &error);
    assert_int_equal(mi_plugin_information(x, y, 4, &e, NULL), MI_OK);
    assert_near(e.value, mean, 1e-15);
    assert_near(e.error, error, 1e-15);
    assert_near(e.correction, (2 + 2 - 3 - 1) / 8.0, 1e-15);
    assert_int_equal(e.cells, 3);
    /* a variable tells its own entropy about itself; K_x + K_x - K_x - 1 */
    assert_int_equal(mi_plugin_information(y, y, 4, &e, NULL), MI_OK);
    assert_int_equal(mi_plugin_entropy_of(y, 4, &entropy, NULL), MI_OK);
    assert_near(e.value, entropy.value, 1e-15);
    assert_near(e.value, -0.25 * log(0.25) - 0.75 * log(0.75), 1e-15);
    assert_near(e.correction, 1.0 / 8, 1e-15);
    assert_near(e.correction, entropy.correction, 1e-15);
}

static void ranks_of_symbols(void **state)
{
    (void)state;
    uint64_t symbols[] = {UINT64_MAX, 3, 3, (uint64_t)1 << 63, 0, 3}, kinds = 0;
    const uint64_t expected[] = {3, 1, 1, 2, 0, 1};
    assert_int_equal(mi_plugin_rank(symbols, 6, &kinds, NULL), MI_OK);
    assert_int_equal(kinds, 4);
    assert_memory_equal(symbols, expected, sizeof expected);
}

/* What all samples of size n of a law over three cells give on average. */
typedef struct moments_of_all {
    double value, corrected, squares, error_squares, weight;
} moments_of_all;

static moments_of_all enumerate(const double p[3], uint64_t n)
{
    moments_of_all m = {0, 0, 0, 0, 0};
    for (uint64_t a = 0; a <= n; a++) {
        for (uint64_t b = 0; a + b <= n; b++) {
            const uint64_t counts[] = {a, b, n - a - b};
            double logs = gsl_sf_lnfact((unsigned)n);
            mi_plugin e;
            assert_int_equal(mi_plugin_entropy(counts, 3, &e, NULL), MI_OK);
            for (int k = 0; k < 3; k++) {
                logs += (double)counts[k] * log(p[k]) - gsl_sf_lnfact((unsigned)counts[k]);
            }
            double weight = exp(logs);
            m.weight += weight;
            m.value += weight * e.value;
            m.corrected += weight * (e.value + e.correction);
            m.squares += weight * e.value * e.value;
            m.error_squares += weight * e.error * e.error;
        }
    }
    return m;
}

/* E H-hat = H - (K-1)/2n + (1 - sum 1/p)/12n^2 + O(1/n^3) (Harris 1975). */
static void bias_by_enumeration_of_all_samples(void **state)
{
    (void)state;
    const double p[] = {0.5, 0.3, 0.2};
    double truth = 0, inverse = 0;
    for (int k = 0; k < 3; k++) {
        truth -= p[k] * log(p[k]);
        inverse += 1 / p[k];
    }
    for (uint64_t n = 40; n <= 160; n *= 2) {
        double size = (double)n, second = (1 - inverse) / (12 * size * size);
        moments_of_all m = enumerate(p, n);
        assert_near(m.weight, 1, 1e-10);
        assert_near(m.value, truth - 2 / (2 * size) + second, 0.2 * fabs(second));
        assert_near(m.corrected, truth, 1.2 * fabs(second));
        /* the delta method's error is that of the sampling, up to O(1/n) */
        double variance = m.squares - m.value * m.value;
        assert_near(m.error_squares / variance, 1, 4 / size);
    }
}

static void bad_counts(void **state)
{
    (void)state;
    const uint64_t none[] = {0, 0};
    mi_plugin e;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_plugin_entropy(none, 2, &e, &status), MI_INPUT);
    expect_message(&status, "all 2 counts are 0");
    assert_int_equal(mi_plugin_information(none, none, 0, &e, &status), MI_INPUT);
    expect_message(&status, "0 samples; must be in [1, 4294967296]");
}

/* -- nearest neighbours ------------------------------------------------------------------------ */

/* (dimensions, count) Gaussian numbers; resolution 0, or a multiple of it. */
static double *random_points(uint64_t key, size_t dimensions, size_t count, double resolution)
{
    gsl_rng *stream = NULL;
    double *values = malloc(dimensions * count * sizeof *values);
    assert_non_null(values);
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, key, &stream, NULL), MI_OK);
    for (size_t i = 0; i < dimensions * count; i++) {
        double value = gsl_ran_gaussian(stream, 1);
        values[i] = resolution > 0 ? resolution * round(value / resolution) : value;
    }
    gsl_rng_free(stream);
    return values;
}

static double apart(const double *values, size_t dimensions, size_t count, size_t i, size_t j)
{
    double most = 0;
    for (size_t c = 0; c < dimensions; c++) {
        most = fmax(most, fabs(values[c * count + i] - values[c * count + j]));
    }
    return most;
}

/* Number of the other points strictly within a distance of point i. */
static int nearer(const double *values, size_t dimensions, size_t count, size_t i, double eps)
{
    int number = 0;
    for (size_t j = 0; j < count; j++) {
        number += j != i && apart(values, dimensions, count, i, j) < eps;
    }
    return number;
}

/* Eq. 8 word by word: all joint distances of a point sorted. */
static mi_ksg naive(const mi_points *p, size_t k)
{
    mi_ksg result = {gsl_sf_psi_int((int)k) + gsl_sf_psi_int((int)p->count), 0};
    double *all = malloc(p->count * sizeof *all), mean = 0;
    assert_non_null(all);
    for (size_t i = 0; i < p->count; i++) {
        size_t others = 0;
        for (size_t j = 0; j < p->count; j++) {
            if (j != i) {
                all[others++] = fmax(apart(p->x, p->x_dimensions, p->count, i, j),
                                     apart(p->y, p->y_dimensions, p->count, i, j));
            }
        }
        mi_sort(all, others);
        double eps = all[k - 1];
        result.tied += k < others && all[k] == eps;
        mean += (gsl_sf_psi_int(nearer(p->x, p->x_dimensions, p->count, i, eps) + 1) +
                 gsl_sf_psi_int(nearer(p->y, p->y_dimensions, p->count, i, eps) + 1)) /
                (double)p->count;
    }
    free(all);
    result.information -= mean;
    return result;
}

static mi_ksg ksg_of(const mi_points *p, size_t k, int threads)
{
    mi_run run = {.seed = 1, .threads = threads};
    mi_ksg ksg;
    mi_status status = {.code = MI_OK};
    if (mi_ksg_information(p, k, &run, &ksg, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return ksg;
}

static void neighbours_equal_a_sort_of_all_distances(void **state)
{
    (void)state;
    static const struct {
        size_t count, x, y, k;
        double resolution;
    } cases[] = {{130, 1, 1, 3, 0}, {61, 2, 3, 1, 0},    {129, 4, 1, 7, 0},
                 {40, 1, 2, 39, 0}, {200, 2, 2, 4, 0.3}, {2, 1, 1, 1, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        size_t n = cases[c].count;
        double *x = random_points(2 * c, cases[c].x, n, cases[c].resolution);
        double *y = random_points(2 * c + 1, cases[c].y, n, cases[c].resolution);
        mi_points p = {n, cases[c].x, cases[c].y, x, y};
        mi_ksg fast = ksg_of(&p, cases[c].k, 2), slow = naive(&p, cases[c].k);
        assert_near(fast.information, slow.information, 1e-12);
        assert_int_equal(fast.tied, slow.tied);
        assert_true((fast.tied > 0) == (cases[c].resolution > 0));
        free(x);
        free(y);
    }
}

static void neighbours_at_any_thread_count(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    double *x = random_points(1, 3, COUNT, 0), *y = random_points(2, 3, COUNT, 0);
    mi_points p = {COUNT, 3, 3, x, y};
    mi_ksg one = ksg_of(&p, 3, 1), two = ksg_of(&p, 3, 2);
    assert_memory_equal(&one.information, &two.information, sizeof one.information);
    free(x);
    free(y);
}

static void bad_points(void **state)
{
    (void)state;
    double x[] = {0, 0, 0, 1, 2}, y[] = {0, 0, 0, 1, NAN};
    mi_points p = {5, 1, 1, x, y};
    mi_run run = support_run(1);
    mi_ksg ksg;
    mi_gaussian gaussian;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_ksg_information(&p, 5, &run, &ksg, &status), MI_INPUT);
    assert_string_equal(status.place, "neighbors");
    expect_message(&status, "5 nearest neighbours of 5 samples; must be in [1, samples - 1]");
    assert_int_equal(mi_ksg_information(&p, 0, &run, &ksg, &status), MI_INPUT);
    assert_int_equal(mi_ksg_information(&p, 2, &run, &ksg, &status), MI_INPUT);
    expect_message(&status, "not finite");
    y[4] = 2;
    assert_int_equal(mi_ksg_information(&p, 2, &run, &ksg, &status), MI_INPUT);
    expect_message(&status, "coincides with its 2 nearest ones");
    assert_int_equal(mi_ksg_information(&p, 3, &run, &ksg, &status), MI_OK);
    mi_points few = {2, 1, 1, x, y}, equal = {3, 1, 1, x, y};
    assert_int_equal(mi_gaussian_information(&few, &gaussian, &status), MI_INPUT);
    expect_message(&status, "2 samples of 1 + 1 variables");
    assert_int_equal(mi_gaussian_information(&equal, &gaussian, &status), MI_NUMERIC);
    expect_message(&status, "singular");
}

/* -- Gaussian pairs ---------------------------------------------------------------------------- */

static mi_gaussian_trial trial_of(size_t dimensions, double correlation, size_t samples,
                                  size_t sets)
{
    mi_gaussian_pairs pairs = {dimensions, correlation, samples, sets, 3, 0};
    mi_run run = support_run(11);
    mi_gaussian_trial trial;
    mi_status status = {.code = MI_OK};
    if (mi_gaussian_trial_run(&pairs, &run, &trial, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return trial;
}

static void neighbours_find_one_dimensional_information(void **state)
{
    (void)state;
    mi_gaussian_trial t = trial_of(1, 0.5, 1000, 24);
    assert_near(t.truth, -0.5 * log(0.75), 1e-15);
    assert_near(t.ksg, t.truth, 4 * t.ksg_error);
    assert_true(t.ksg_error > 0 && t.ksg_error < 0.02);
    assert_int_equal(t.ksg_negative, 0);
}

/* Without information half of the estimates are below 0, and stay there. */
static void negative_estimates_are_kept(void **state)
{
    (void)state;
    mi_gaussian_trial t = trial_of(1, 0, 300, 40);
    assert_near(t.truth, 0, 0);
    assert_near(t.ksg, 0, 4 * t.ksg_error);
    assert_near((double)t.ksg_negative, 20, 4 * sqrt(40 * 0.25));
    assert_true(t.ksg_lowest < -t.ksg_error);
}

static void neighbours_fall_short_in_many_dimensions(void **state)
{
    (void)state;
    mi_gaussian_trial t = trial_of(16, 0.5, 500, 4);
    assert_near(t.truth, -8 * log(0.75), 1e-14);
    assert_true(t.ksg + 4 * t.ksg_error < 0.5 * t.truth);
}

/* I = -1/2 log(1 - r^2) with r the sample correlation. */
static void log_determinant_of_one_pair(void **state)
{
    (void)state;
    enum { COUNT = 37 };
    double *x = random_points(1, 1, COUNT, 0), *y = random_points(2, 1, COUNT, 0);
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (int i = 0; i < COUNT; i++) {
        y[i] += 1e3 + 0.7 * x[i];
    }
    for (int i = 0; i < COUNT; i++) {
        sx += x[i] / COUNT;
        sy += y[i] / COUNT;
    }
    for (int i = 0; i < COUNT; i++) {
        sxx += (x[i] - sx) * (x[i] - sx);
        syy += (y[i] - sy) * (y[i] - sy);
        sxy += (x[i] - sx) * (y[i] - sy);
    }
    mi_points p = {COUNT, 1, 1, x, y};
    mi_gaussian g;
    assert_int_equal(mi_gaussian_information(&p, &g, NULL), MI_OK);
    assert_near(g.information, -0.5 * log(1 - sxy * sxy / (sxx * syy)), 1e-12);
    /* 2 log|S_1| less log|S_2|: 1/2 (psi((n-1)/2) - psi((n-2)/2)) */
    assert_near(g.bias, 0.5 * (gsl_sf_psi(COUNT / 2.0 - 0.5) - gsl_sf_psi(COUNT / 2.0 - 1)), 1e-14);
    free(x);
    free(y);
}

static void bias_of_log_determinants(void **state)
{
    (void)state;
    mi_gaussian_trial t = trial_of(4, 0.5, 40, 200), none = trial_of(4, 0.5, 8, 4);
    assert_true(t.has_gaussian && !none.has_gaussian);
    assert_near(t.gaussian - t.gaussian_bias, t.truth, 4 * t.gaussian_error);
    assert_true(t.gaussian_bias > 8 * t.gaussian_error); /* the test can see it */
}

static void bad_trials(void **state)
{
    (void)state;
    mi_gaussian_pairs pairs = {1, 1, 100, 4, 3, 0};
    mi_run run = support_run(1);
    mi_gaussian_trial trial;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_gaussian_trial_run(&pairs, &run, &trial, &status), MI_INPUT);
    expect_message(&status, "correlation 1");
    pairs.correlation = 0.5;
    pairs.neighbors = 100;
    assert_int_equal(mi_gaussian_trial_run(&pairs, &run, &trial, &status), MI_INPUT);
    assert_string_equal(status.place, "neighbors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entropy_of_counts_by_hand),
        cmocka_unit_test(information_of_pairs_by_hand),
        cmocka_unit_test(ranks_of_symbols),
        cmocka_unit_test(bias_by_enumeration_of_all_samples),
        cmocka_unit_test(bad_counts),
        cmocka_unit_test(neighbours_equal_a_sort_of_all_distances),
        cmocka_unit_test(neighbours_at_any_thread_count),
        cmocka_unit_test(bad_points),
        cmocka_unit_test(neighbours_find_one_dimensional_information),
        cmocka_unit_test(negative_estimates_are_kept),
        cmocka_unit_test(neighbours_fall_short_in_many_dimensions),
        cmocka_unit_test(log_determinant_of_one_pair),
        cmocka_unit_test(bias_of_log_determinants),
        cmocka_unit_test(bad_trials),
    };
    mi_start();
    return cmocka_run_group_tests_name("estimators", tests, NULL, NULL);
}
