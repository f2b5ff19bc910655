/* Mixtures of Gaussians of one variance: the trapezoidal rule against adaptive quadrature. */
#include "support.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <string.h>

#include "../src/models/scene_mixture.h"
#include "maskinfo/random.h"

typedef struct mixture {
    size_t count;
    double weights[MI_MIXTURE_COMPONENTS], means[MI_MIXTURE_COMPONENTS], variance;
} mixture;

static double density(double x, const mixture *m)
{
    double sum = 0;
    for (size_t c = 0; c < m->count; c++) {
        sum += m->weights[c] * gsl_ran_gaussian_pdf(x - m->means[c], sqrt(m->variance));
    }
    return sum;
}

static double integrand(double x, void *context)
{
    double f = density(x, context);
    return f > 0 ? -f * log(f) : 0;
}

/* Adaptive 61-point Gauss-Kronrod rules between the means and beyond the outer ones. The means are
 * sorted. */
static double adaptive_entropy(mixture *m)
{
    gsl_integration_workspace *space = gsl_integration_workspace_alloc(2000);
    gsl_function function = {.function = integrand, .params = m};
    double sum = 0, part = 0, error = 0, reach = 12 * sqrt(m->variance);
    double from = m->means[0] - reach;
    for (size_t c = 0; c <= m->count; c++) {
        double to = c < m->count ? m->means[c] : m->means[m->count - 1] + reach;
        if (to > from) {
            gsl_integration_qag(&function, from, to, 1e-13, 1e-13, 2000, GSL_INTEG_GAUSS61, space,
                                &part, &error);
            sum += part;
        }
        from = to;
    }
    gsl_integration_workspace_free(space);
    return sum;
}

static double check(mixture *m)
{
    static mi_mixture_room room;
    double expected = adaptive_entropy(m);
    double entropy = mi_mixture_entropy(m->weights, m->means, m->count, m->variance, &room);
    assert_near(entropy, expected, 1e-10);
    return fabs(entropy - expected);
}

/* Two components at distances that bring the complex zeros of the density near to the real axis,
 * with equal and unequal weights, near and far, and at a distance where the closed form ends. */
static void two_components(void **state)
{
    (void)state;
    const double weights[] = {0.5, 0.3, 0.013, 1e-6, 1e-12};
    double worst = 0;
    for (size_t w = 0; w < 5; w++) {
        for (double distance = 0.01; distance < 40; distance *= 1.07) {
            mixture m = {2, {weights[w], 1 - weights[w]}, {-0.3, -0.3 + 1.7 * distance}, 1.7 * 1.7};
            worst = fmax(worst, check(&m));
        }
    }
    print_message("two components: largest error %.2g\n", worst);
}

static void draw_mixture(gsl_rng *stream, size_t count, double range, mixture *m)
{
    double sum = 0;
    *m = (mixture){.count = count, .variance = exp(gsl_ran_gaussian(stream, 2))};
    double at = gsl_ran_gaussian(stream, 5);
    for (size_t c = 0; c < count; c++) {
        at += gsl_rng_uniform(stream) * range / (double)count * sqrt(m->variance);
        m->means[c] = at;
        m->weights[c] = gsl_ran_gamma(stream, 0.3, 1);
        sum += m->weights[c];
    }
    for (size_t c = 0; c < count; c++) {
        m->weights[c] /= sum;
    }
}

static void many_components(void **state)
{
    (void)state;
    const double ranges[] = {0.09, 1, 10, 60, 400};
    gsl_rng *stream = NULL;
    double worst = 0;
    assert_int_equal(mi_stream_create(3, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (size_t i = 0; i < 400; i++) {
        mixture m;
        draw_mixture(stream, 1 + i % MI_MIXTURE_COMPONENTS, ranges[i % 5], &m);
        worst = fmax(worst, check(&m));
    }
    print_message("many components: largest error %.2g\n", worst);
    gsl_rng_free(stream);
}

/* The order of the components does not matter, nor a shift or a reflection; components that do not
 * meet add log K. */
static void order_shift_and_distance(void **state)
{
    (void)state;
    static mi_mixture_room room;
    const double weights[] = {0.2, 0.5, 0.3}, means[] = {0.4, -1.3, 2.2};
    const double turned[] = {0.3, 0.2, 0.5}, shifted[] = {-2.2 + 7, -0.4 + 7, 1.3 + 7};
    double far[MI_MIXTURE_COMPONENTS], equal[MI_MIXTURE_COMPONENTS];
    double entropy = mi_mixture_entropy(weights, means, 3, 0.36, &room);
    assert_near(mi_mixture_entropy(turned, shifted, 3, 0.36, &room), entropy, 1e-10);
    for (size_t c = 0; c < MI_MIXTURE_COMPONENTS; c++) {
        equal[c] = 1.0 / MI_MIXTURE_COMPONENTS;
        far[c] = 1e9 * (double)((c * 37) % MI_MIXTURE_COMPONENTS);
    }
    assert_near(mi_mixture_entropy(equal, far, MI_MIXTURE_COMPONENTS, 0.36, &room),
                log(MI_MIXTURE_COMPONENTS) + 0.5 * log(2 * M_PI * M_E * 0.36), 1e-10);
}

static void density_spread_and_weights(void **state)
{
    (void)state;
    mixture m = {3, {0.2, 0.5, 0.3}, {-1.3, 0.4, 2.2}, 0.7};
    double logs[] = {-1000 + log(0.2), -1000 + log(0.5), -1000 + log(0.3)};
    double mean = 0.2 * -1.3 + 0.5 * 0.4 + 0.3 * 2.2;
    double square = 0.2 * 1.69 + 0.5 * 0.16 + 0.3 * 4.84;
    assert_near(mi_mixture_log_density(m.weights, m.means, 3, 0.7), log(density(0, &m)), 1e-14);
    assert_near(mi_mixture_spread(m.weights, m.means, 3), square - mean * mean, 1e-14);
    assert_near(mi_mixture_normalize(logs, 3), -1000, 1e-12);
    assert_near(logs[1], 0.5, 1e-12);
    assert_near(mi_weights_entropy(m.weights, 3), -0.2 * log(0.2) - 0.5 * log(0.5) - 0.3 * log(0.3),
                1e-15);
    assert_near(mi_weights_entropy((const double[]){0, 1}, 2), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_components),
        cmocka_unit_test(many_components),
        cmocka_unit_test(order_shift_and_distance),
        cmocka_unit_test(density_spread_and_weights),
    };
    mi_start();
    return cmocka_run_group_tests_name("mixtures", tests, NULL, NULL);
}
