#include "scales.h"

#include <gsl/gsl_math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

/* Terms this far below the largest change no digit of their sum. */
static const double negligible = 40;

mi_code mi_scales_create(size_t count, double low, double high, mi_scales **ret_scales,
                         mi_status *status)
{
    mi_scales *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code == MI_OK) {
        s->count = count;
        code = mi_allocate(count, sizeof(double), &s->log_scale, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof(double), &s->precision, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof(double), &s->log_weight, status);
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

mi_code mi_scales_span(size_t scales, size_t n, const double *q, size_t count,
                       mi_scales **ret_scales, mi_status *status)
{
    if (scales == 1) {
        return mi_scales_create(1, 1, 1, ret_scales, status);
    }
    double low = q[0], high = q[0];
    for (size_t c = 1; c < count; c++) {
        low = q[c] < low ? q[c] : low;
        high = q[c] > high ? q[c] : high;
    }
    return mi_scales_create(scales, low / (double)n / M_E, high / (double)n * M_E, ret_scales,
                            status);
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

/* log(w_z z^(-n/2) exp(-q/2z)) */
static inline double log_term(const mi_scales *s, size_t j, double half_n, double q)
{
    return s->log_weight[j] - half_n * s->log_scale[j] - 0.5 * q * s->precision[j];
}

static double largest_term(const mi_scales *s, double half_n, double q)
{
    double largest = -INFINITY;
    for (size_t j = 0; j < s->count; j++) {
        double term = log_term(s, j, half_n, q);
        largest = term > largest ? term : largest;
    }
    return largest;
}

double mi_scales_log_density(const mi_scales *scales, size_t n, double q)
{
    double half_n = 0.5 * (double)n;
    double largest = largest_term(scales, half_n, q), sum = 0;
    for (size_t j = 0; j < scales->count; j++) {
        double term = log_term(scales, j, half_n, q) - largest;
        if (term > -negligible) {
            sum += exp(term);
        }
    }
    return largest + log(sum);
}

void mi_scales_posterior(const mi_scales *scales, size_t n, double q, double *opt_precision,
                         double *opt_log_scale)
{
    double half_n = 0.5 * (double)n, largest = largest_term(scales, half_n, q);
    double sum = 0, precision = 0, log_scale = 0;
    for (size_t j = 0; j < scales->count; j++) {
        double share = exp(log_term(scales, j, half_n, q) - largest);
        sum += share;
        precision += share * scales->precision[j];
        log_scale += share * scales->log_scale[j];
    }
    if (opt_precision != NULL) {
        *opt_precision = precision / sum;
    }
    if (opt_log_scale != NULL) {
        *opt_log_scale = log_scale / sum;
    }
}

/* densities (count, scales): z^(-n/2) exp(-q/2z), each row divided by its largest. */
static void fill_densities(const mi_scales *s, size_t n, const double *q, size_t count,
                           double *densities)
{
    double half_n = 0.5 * (double)n;
    for (size_t c = 0; c < count; c++) {
        double *row = densities + c * s->count, largest = -INFINITY;
        for (size_t j = 0; j < s->count; j++) {
            row[j] = -half_n * s->log_scale[j] - 0.5 * q[c] * s->precision[j];
            largest = row[j] > largest ? row[j] : largest;
        }
        for (size_t j = 0; j < s->count; j++) {
            row[j] = exp(row[j] - largest);
        }
    }
}

/* w_j <- mean over points of w_j p_j / sum_k w_k p_k. A point that no scale in use can reach (all
 * terms underflow) has no say. */
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
        for (size_t j = 0; j < scales && sum > 0; j++) {
            next[j] += row[j] / sum;
        }
    }
    double total = 0;
    for (size_t j = 0; j < scales; j++) {
        weights[j] *= next[j];
        total += weights[j];
    }
    for (size_t j = 0; j < scales; j++) {
        weights[j] /= total;
    }
}

mi_code mi_scales_fit_weights(mi_scales *scales, size_t n, const double *q, size_t count,
                              size_t steps, mi_status *status)
{
    double *densities = NULL, *weights = NULL;
    size_t size = 0;
    mi_code code = mi_product(count, scales->count, &size, status);
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *densities, &densities, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(2 * scales->count, sizeof *weights, &weights, status);
    }
    if (code == MI_OK) {
        fill_densities(scales, n, q, count, densities);
        for (size_t j = 0; j < scales->count; j++) {
            weights[j] = exp(scales->log_weight[j]);
        }
        for (size_t step = 0; step < steps; step++) {
            weight_step(densities, count, scales->count, weights, weights + scales->count);
        }
        for (size_t j = 0; j < scales->count; j++) {
            scales->log_weight[j] = log(weights[j]);
        }
    }
    free(densities);
    free(weights);
    return code;
}

void mi_scales_smooth(mi_scales *scales, size_t count)
{
    double n = (double)count, each = 1.0 / (double)scales->count;
    for (size_t j = 0; j < scales->count; j++) {
        scales->log_weight[j] = log((n * exp(scales->log_weight[j]) + each) / (n + 1));
    }
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
