#include "scales.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

/* Terms this far below the largest change no digit of their sum. */
static const double negligible = 40;
/* Contrasts under a first covariance move by factors of this size under the final one. */
static const double margin = 8;

mi_code mi_scales_create(size_t count, double low, double high, double brightness,
                         mi_scales **ret_scales, mi_status *status)
{
    mi_scales *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    s->count = count;
    s->brightness = brightness;
    double **fields[] = {&s->log_scale, &s->precision, &s->log_weight};
    for (size_t i = 0; i < 3 && code == MI_OK; i++) {
        code = mi_allocate(count, sizeof(double), fields[i], status);
    }
    if (code != MI_OK) {
        mi_scales_destroy(s);
        return code;
    }
    for (size_t j = 0; j < count; j++) {
        double place = count == 1 ? 0.5 : (double)j / (double)(count - 1);
        s->log_scale[j] = log(low) + place * (log(high) - log(low));
        s->precision[j] = exp(-s->log_scale[j]);
        s->log_weight[j] = -log((double)count);
    }
    *ret_scales = s;
    return MI_OK;
}

mi_code mi_scales_span(size_t scales, double brightness, size_t n, double s, const mi_norm *norms,
                       size_t count, mi_scales **ret_scales, mi_status *status)
{
    if (scales == 1) {
        return mi_scales_create(1, 1, 1, brightness, ret_scales, status);
    }
    double low = INFINITY, high = 0;
    for (size_t c = 0; c < count; c++) {
        double contrast = (norms[c].q - norms[c].t * norms[c].t / s) / (double)n;
        low = GSL_MIN(low, contrast);
        high = GSL_MAX(high, contrast);
    }
    return mi_scales_create(scales, low / margin, high * margin, brightness, ret_scales, status);
}

mi_code mi_scales_copy(const mi_scales *scales, mi_scales **ret_scales, mi_status *status)
{
    size_t size = scales->count * sizeof(double);
    mi_code code = mi_scales_create(scales->count, 1, 1, scales->brightness, ret_scales, status);
    if (code == MI_OK) {
        memcpy((*ret_scales)->log_scale, scales->log_scale, size);
        memcpy((*ret_scales)->precision, scales->precision, size);
        memcpy((*ret_scales)->log_weight, scales->log_weight, size);
    }
    return code;
}

void mi_scales_destroy(mi_scales *scales)
{
    if (scales == NULL) {
        return;
    }
    free(scales->log_scale);
    free(scales->precision);
    free(scales->log_weight);
    free(scales);
}

void mi_scales_terms(const mi_scales *scales, size_t n, double s, double *terms)
{
    double beta = scales->brightness;
    for (size_t j = 0; j < scales->count; j++) {
        terms[j] = scales->log_weight[j] - 0.5 * (double)n * scales->log_scale[j] -
                   0.5 * log1p(beta * s * scales->precision[j]);
        terms[scales->count + j] = beta / (1 / scales->precision[j] + beta * s);
    }
}

static inline double term_of(const mi_scales *scales, const double *terms, mi_norm norm, size_t j)
{
    double slope = terms[scales->count + j];
    return terms[j] - 0.5 * scales->precision[j] * (norm.q - slope * norm.t * norm.t);
}

static double largest_term(const mi_scales *scales, const double *terms, mi_norm norm)
{
    double largest = -INFINITY;
    for (size_t j = 0; j < scales->count; j++) {
        double term = term_of(scales, terms, norm, j);
        largest = term > largest ? term : largest;
    }
    return largest;
}

double mi_scales_log_density(const mi_scales *scales, const double *terms, mi_norm norm)
{
    double largest = largest_term(scales, terms, norm), sum = 0;
    for (size_t j = 0; j < scales->count; j++) {
        double below = term_of(scales, terms, norm, j) - largest;
        if (below > -negligible) {
            sum += exp(below);
        }
    }
    return largest + log(sum);
}

double mi_scales_posterior(const mi_scales *scales, const double *terms, mi_norm norm,
                           double *posterior)
{
    double largest = largest_term(scales, terms, norm), sum = 0;
    for (size_t j = 0; j < scales->count; j++) {
        double below = term_of(scales, terms, norm, j) - largest;
        posterior[j] = below > -negligible ? exp(below) : 0;
        sum += posterior[j];
    }
    for (size_t j = 0; j < scales->count; j++) {
        posterior[j] /= sum;
    }
    return largest + log(sum);
}

double mi_scales_expected_term(const mi_scales *scales, const double *terms, mi_norm norm,
                               const double *posterior)
{
    double sum = 0;
    for (size_t j = 0; j < scales->count; j++) {
        sum += posterior[j] * term_of(scales, terms, norm, j);
    }
    return sum;
}

double mi_scales_expected_brightness(const mi_scales *scales, const double *terms, mi_norm norm,
                                     const double *posterior)
{
    double slope = 0;
    for (size_t j = 0; j < scales->count; j++) {
        slope += posterior[j] * terms[scales->count + j];
    }
    return slope * norm.t;
}

/* densities (count, scales): exp(terms_z), each row divided by its largest. */
static void fill_densities(const mi_scales *scales, const double *terms, const mi_norm *norms,
                           size_t count, double *densities)
{
    for (size_t c = 0; c < count; c++) {
        double *row = densities + c * scales->count;
        double largest = largest_term(scales, terms, norms[c]);
        for (size_t j = 0; j < scales->count; j++) {
            row[j] = exp(term_of(scales, terms, norms[c], j) - largest);
        }
    }
}

/* w_j <- (1/J + sum over points of w_j p_j / sum_k w_k p_k) / (points + 1) */
static void weight_step(const double *densities, size_t count, size_t scales, double *weights,
                        double *next)
{
    for (size_t j = 0; j < scales; j++) {
        next[j] = 0;
    }
    for (size_t c = 0; c < count; c++) {
        const double *row = densities + c * scales;
        double sum = 0;
        for (size_t j = 0; j < scales; j++) {
            sum += weights[j] * row[j];
        }
        for (size_t j = 0; j < scales; j++) {
            next[j] += row[j] / sum;
        }
    }
    for (size_t j = 0; j < scales; j++) {
        weights[j] = (1.0 / (double)scales + weights[j] * next[j]) / (double)(count + 1);
    }
}

/* densities are those of equal weights. */
static void fit_weights(mi_scales *scales, const double *densities, size_t count, size_t steps,
                        double *weights, const double *start)
{
    for (size_t j = 0; j < scales->count; j++) {
        weights[j] = start[j];
    }
    for (size_t step = 0; step < steps; step++) {
        weight_step(densities, count, scales->count, weights, weights + scales->count);
    }
    for (size_t j = 0; j < scales->count; j++) {
        scales->log_weight[j] = log(weights[j]);
    }
}

mi_code mi_scales_fit_weights(mi_scales *scales, size_t n, double s, const mi_norm *norms,
                              size_t count, size_t steps, mi_status *status)
{
    double *densities = NULL, *room = NULL;
    size_t size = 0, scale_count = scales->count;
    mi_code code = mi_product(count, scale_count, &size, status);
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *densities, &densities, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(5 * scale_count, sizeof *room, &room, status);
    }
    if (code == MI_OK) {
        double *start = room + 4 * scale_count;
        for (size_t j = 0; j < scale_count; j++) {
            start[j] = exp(scales->log_weight[j]);
            scales->log_weight[j] = 0;
        }
        mi_scales_terms(scales, n, s, room);
        fill_densities(scales, room, norms, count, densities);
        fit_weights(scales, densities, count, steps, room + 2 * scale_count, start);
    }
    free(densities);
    free(room);
    return code;
}

double mi_scales_log_prior(const mi_scales *scales)
{
    double sum = 0;
    for (size_t j = 0; j < scales->count; j++) {
        sum += scales->log_weight[j];
    }
    return sum / (double)scales->count;
}

double mi_scales_normalise(mi_scales *scales)
{
    double mean = 0;
    for (size_t j = 0; j < scales->count; j++) {
        mean += exp(scales->log_weight[j]) * scales->log_scale[j];
    }
    for (size_t j = 0; j < scales->count; j++) {
        scales->log_scale[j] -= mean;
        scales->precision[j] = exp(-scales->log_scale[j]);
    }
    return exp(mean);
}
