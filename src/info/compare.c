#include "maskinfo/compare.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <stdio.h>

static const double certainty = 0.95, largest_z = 1e6;

/* True where both sides are valid; else the reason of the first that is not. */
static bool both_valid(bool text_valid, const char *text_reason, bool image_valid,
                       const char *image_reason, char *reason, size_t size)
{
    if (!text_valid) {
        snprintf(reason, size, "text: %s", text_reason);
    } else if (!image_valid) {
        snprintf(reason, size, "image: %s", image_reason);
    }
    return text_valid && image_valid;
}

static double squared_error(const mi_fit *fit)
{
    return gsl_pow_2(fit->exponent_error) + gsl_pow_2(fit->sampling_error);
}

static double bounded_z(double difference, double error)
{
    if (difference == 0) {
        return 0;
    }
    return fabs(difference) < largest_z * error ? difference / error
                                                : copysign(largest_z, difference);
}

static void compare_rates(const mi_fit *text, const mi_fit *image, mi_comparison *c)
{
    c->rate_valid = both_valid(text->valid, text->reason, image->valid, image->reason,
                               c->rate_reason, sizeof c->rate_reason);
    if (!c->rate_valid) {
        return;
    }
    c->rate_difference = text->exponent - image->exponent;
    c->rate_difference_error = sqrt(squared_error(text) + squared_error(image));
    c->rate_z = bounded_z(c->rate_difference, c->rate_difference_error);
    c->rate_probability = gsl_cdf_ugaussian_P(c->rate_z);
    c->rate_holds = c->rate_probability >= certainty;
}

/* The increasing draws of an optimum; an exact one is one draw of itself. */
static const double *draws_of(const mi_optimum *optimum, size_t *ret_count)
{
    *ret_count = optimum->draws == 0 ? 1 : optimum->draws;
    return optimum->draws == 0 ? &optimum->ratio : optimum->samples;
}

/* Share of pairs (x, y) with x < y, ties by halves (the Mann-Whitney statistic over its largest
 * value): one merge of the two increasing arrays. */
static double share_below(const double *x, size_t x_count, const double *y, size_t y_count)
{
    double pairs = 0;
    size_t below = 0, up_to = 0; /* numbers of x below y[j], and not above it */
    for (size_t j = 0; j < y_count; j++) {
        while (below < x_count && x[below] < y[j]) {
            below++;
        }
        while (up_to < x_count && x[up_to] <= y[j]) {
            up_to++;
        }
        pairs += (double)(below + up_to) / 2;
    }
    return pairs / ((double)x_count * (double)y_count);
}

static void compare_optima(const mi_optimum *text, const mi_optimum *image, mi_comparison *c)
{
    c->optimum_valid = both_valid(text->valid, text->reason, image->valid, image->reason,
                                  c->optimum_reason, sizeof c->optimum_reason);
    if (!c->optimum_valid) {
        return;
    }
    size_t text_count = 0, image_count = 0;
    const double *text_draws = draws_of(text, &text_count);
    const double *image_draws = draws_of(image, &image_count);
    c->optimum_difference = text->ratio - image->ratio;
    c->optimum_probability = share_below(text_draws, text_count, image_draws, image_count);
    c->optimum_holds = c->optimum_probability >= certainty;
}

void mi_compare(const mi_fit *text_fit, const mi_optimum *text_optimum, const mi_fit *image_fit,
                const mi_optimum *image_optimum, mi_comparison *ret_comparison)
{
    *ret_comparison = (mi_comparison){.rate_valid = false};
    compare_rates(text_fit, image_fit, ret_comparison);
    compare_optima(text_optimum, image_optimum, ret_comparison);
}
