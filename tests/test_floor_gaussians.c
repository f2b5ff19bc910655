/* Densities of residuals against their formulas in plain loops, for sites of two values: covariance
 * of the other half of the examples, diagonal where residuals are few, contrasts fitted by EM. */
#include "support.h"

#include <gsl/gsl_math.h>
#include <string.h>

#include "../src/methods/floor.h"

enum { SITES = 3, BLOCK = 2, VALUES = SITES * BLOCK, MOST = 80, SCALES = 13, STEPS = 60 };

static const double deviation = 1.7, log_unit = 0.3;

typedef struct field {
    size_t samples;
    mi_scalar residuals[MOST * VALUES];
    unsigned char masked[MOST * SITES];
} field;

/* Residuals of two correlated values whose size differs from site to site; every fifth site is
 * visible. */
static void fill(field *f, size_t samples)
{
    f->samples = samples;
    for (size_t i = 0; i < samples * SITES; i++) {
        double a = sin(1.1 + 2.3 * (double)i), b = cos(0.4 + 1.7 * (double)(i * i % 97));
        double size = exp(1.5 * sin(0.9 * (double)i));
        f->residuals[BLOCK * i] = (mi_scalar)(size * a);
        f->residuals[BLOCK * i + 1] = (mi_scalar)(size * (0.8 * a + 0.5 * b));
        f->masked[i] = i % 5 != 2;
    }
}

static void judge(const field *f, bool exact, int threads, double *sums)
{
    size_t token_of[SITES] = {0, 1, 2}, kind[SITES] = {0};
    mi_run run = support_run(1);
    mi_source source = {.example = {.log_unit = log_unit}};
    run.threads = threads;
    mi_floor_plan plan = {.run = &run,
                          .source = &source,
                          .shape = {.deviation = deviation},
                          .values = VALUES,
                          .tokens = SITES,
                          .sites = SITES,
                          .block = BLOCK,
                          .token_of = token_of,
                          .kind = kind,
                          .kinds = 1,
                          .exact = exact};
    mi_status status = {.code = MI_OK};
    mi_code code = mi_floor_gaussians(&plan, f->residuals, f->masked, f->samples, sums, &status);
    assert_string_equal(status.message, "");
    assert_int_equal(code, MI_OK);
}

/* S = [a c; c b]. */
typedef struct law {
    double a, b, c;
    double weights[SCALES];
} law;

static law covariance_of(const field *f, size_t half, size_t *ret_count)
{
    law l = {0};
    double n = 0;
    for (size_t i = 0; i < f->samples * SITES; i++) {
        if (f->masked[i] && i / SITES % 2 == half) {
            double x = (double)f->residuals[BLOCK * i], y = (double)f->residuals[BLOCK * i + 1];
            l.a += x * x;
            l.b += y * y;
            l.c += x * y;
            n++;
        }
    }
    *ret_count = (size_t)n;
    l.a /= n;
    l.b /= n;
    l.c = n < 10 * BLOCK ? 0 : l.c / n;
    return l;
}

static double form(const law *l, double x, double y)
{
    return (l->b * x * x - 2 * l->c * x * y + l->a * y * y) / (l->a * l->b - l->c * l->c);
}

/* z^(-n/2) exp(-s / 2z), z = 2^(k-6). */
static double term(double s, size_t k)
{
    double z = pow(2, (double)k - 6);
    return pow(z, -0.5 * BLOCK) * exp(-0.5 * s / z);
}

/* Each step: the mean share of a scale, with one more residual spread evenly. */
static void fit(const field *f, size_t half, size_t count, law *l)
{
    for (size_t k = 0; k < SCALES; k++) {
        l->weights[k] = 1.0 / SCALES;
    }
    for (size_t step = 0; step < STEPS; step++) {
        double next[SCALES];
        for (size_t k = 0; k < SCALES; k++) {
            next[k] = 1.0 / SCALES;
        }
        for (size_t i = 0; i < f->samples * SITES; i++) {
            double all = 0, s = form(l, (double)f->residuals[BLOCK * i],
                                     (double)f->residuals[BLOCK * i + 1]);
            if (!f->masked[i] || i / SITES % 2 != half) {
                continue;
            }
            for (size_t k = 0; k < SCALES; k++) {
                all += l->weights[k] * term(s, k);
            }
            for (size_t k = 0; k < SCALES; k++) {
                next[k] += l->weights[k] * term(s, k) / all;
            }
        }
        for (size_t k = 0; k < SCALES; k++) {
            l->weights[k] = next[k] / (double)(count + 1);
        }
    }
}

/* -log q of the residuals in the model's units. */
static void check(const field *f, bool exact)
{
    double sums[MOST], again[MOST], constant = BLOCK * log(deviation) + log_unit;
    law laws[2];
    for (size_t half = 0; half < 2; half++) {
        size_t count = 0;
        laws[half] = covariance_of(f, half, &count);
        if (!exact) {
            fit(f, half, count, &laws[half]);
        }
    }
    judge(f, exact, 1, sums);
    for (size_t e = 0; e < f->samples; e++) {
        const law *l = &laws[(e + 1) % 2];
        double expected = 0;
        for (size_t i = e * SITES; i < (e + 1) * SITES; i++) {
            double q = 0, s = form(l, (double)f->residuals[BLOCK * i],
                                   (double)f->residuals[BLOCK * i + 1]);
            for (size_t k = 0; k < SCALES && !exact; k++) {
                q += l->weights[k] * term(s, k);
            }
            double exponent = exact ? 0.5 * s : -log(q);
            double root = 0.5 * log(l->a * l->b - l->c * l->c);
            expected += f->masked[i] ? exponent + root + log(2 * M_PI) + constant : 0;
        }
        assert_near(sums[e], expected, 1e-10 * (1 + fabs(expected)));
    }
    judge(f, exact, 3, again);
    assert_memory_equal(sums, again, f->samples * sizeof *sums);
}

static void few_residuals(void **state)
{
    (void)state;
    static field f;
    fill(&f, 7);
    check(&f, true);
    check(&f, false);
}

static void many_residuals(void **state)
{
    (void)state;
    static field f;
    fill(&f, MOST);
    check(&f, true);
    check(&f, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_residuals),
        cmocka_unit_test(many_residuals),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
