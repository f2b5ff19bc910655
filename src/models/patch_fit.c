#include "patch_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dense.h"
#include "maskinfo/memory.h"
#include "shrinkage.h"
#include "whiten.h"

/* EM steps on the weights for each update of Sigma. They cost nothing beside it. */
enum { WEIGHT_STEPS = 50 };

/* What a fit needs beside its result. */
typedef struct work {
    const mi_crops *crops;
    const mi_patch_options *options;
    const mi_run *run;
    mi_role *roles;     /* (crops) r = E[1/z | x], E[b/z | x] / r */
    mi_norm *norms;     /* (crops) */
    double *factor;     /* (dimension, dimension) */
    double *terms;      /* (2, scales) */
    double *posterior;  /* (scales) */
    double unit_square; /* s */
    double brightness;  /* beta */
    double uncertainty; /* mean over crops of f - e^2/r of em_crop */
    double *best;       /* (dimension, dimension + 1) covariance and mean to go back to */
    mi_scales *best_scales;
} work;

static bool is_mixture(const work *w)
{
    return w->options->scales > 1;
}

/* Rows whose pixels are compared with those of the next row; a crop of one row has but its own. */
static size_t rough_rows(mi_crop_shape shape)
{
    return mi_crop_height(shape) > 1 ? mi_crop_height(shape) - 1 : 1;
}

/* Differences that roughness is the mean square of. */
static double rough_differences(mi_crop_shape shape)
{
    double directions = mi_crop_height(shape) > 1 ? 2.0 : 1.0;
    return directions * (double)(rough_rows(shape) * (mi_crop_width(shape) - 1) * shape.channels);
}

/* Mean squared difference of neighbouring pixels: a crop's contrast before anything is known of
 * its covariance. Differences nearly whiten the 1/f^2 spectrum of natural images. */
static double roughness(const float *crop, mi_crop_shape shape)
{
    double sum = 0;
    bool has_below = mi_crop_height(shape) > 1;
    size_t width = mi_crop_width(shape);
    for (size_t r = 0; r < rough_rows(shape); r++) {
        for (size_t c = 0; c + 1 < width; c++) {
            const float *here = crop + mi_crop_coordinate(shape, r, c);
            const float *next = crop + mi_crop_coordinate(shape, r, c + 1);
            const float *below = has_below ? crop + mi_crop_coordinate(shape, r + 1, c) : here;
            for (size_t i = 0; i < shape.channels; i++) {
                double down = below[i] - (double)here[i], right = next[i] - (double)here[i];
                sum += down * down + right * right;
            }
        }
    }
    return sum / rough_differences(shape);
}

static double level(const float *crop, size_t dimension)
{
    double sum = 0;
    for (size_t i = 0; i < dimension; i++) {
        sum += crop[i];
    }
    return sum / (double)dimension;
}

/* The start of a mixture: each crop's roughness as its scale, and its mean level as its brightness.
 * A few differences of typical size count with a crop's own, so that in crops of few pixels, where
 * roughness says little, no crop has nearly all the weight. */
static void start_mixture(work *w)
{
    enum { TYPICAL = 4 };
    size_t count = w->crops->count;
    mi_crop_shape shape = w->options->shape;
    double own = rough_differences(shape);
    double log_typical = 0, mean = 0;
    for (size_t c = 0; c < count; c++) {
        const float *crop = mi_crop(w->crops, c);
        w->roles[c] = (mi_role){roughness(crop, shape), level(crop, w->crops->dimension)};
        log_typical += log(w->roles[c].weight) / (double)count;
        mean += w->roles[c].brightness / (double)count;
    }
    for (size_t c = 0; c < count; c++) {
        mi_role *role = &w->roles[c];
        role->weight = (own + TYPICAL) / (own * role->weight + TYPICAL * exp(log_typical));
        role->brightness -= mean;
        w->brightness += role->brightness * role->brightness / (double)count;
    }
}

/* A Gaussian has neither scales nor brightnesses. */
static void start_roles(work *w)
{
    if (is_mixture(w)) {
        start_mixture(w);
        return;
    }
    for (size_t c = 0; c < w->crops->count; c++) {
        w->roles[c] = (mi_role){.weight = 1};
    }
}

/* Mean and unshrunk covariance. Brightnesses that are the very levels of their crops leave no
 * variance along 1 and nothing to estimate it from yet: it starts as large as a coordinate's. */
static mi_code fit_moments(const work *w, const mi_role *roles, mi_patch_fit *fit,
                           mi_status *status)
{
    size_t n = fit->dimension;
    mi_code code = mi_crops_mean(w->crops, roles, w->run, fit->mean, status);
    if (code == MI_OK) {
        code = mi_crops_covariance(w->crops, roles, fit->mean, w->run, fit->covariance, status);
    }
    double more = w->uncertainty;
    for (size_t i = 0; i < n && is_mixture(w) && fit->scales == NULL; i++) {
        more += fit->covariance[i * n + i] / (double)n;
    }
    for (size_t i = 0; i < n * n; i++) {
        fit->covariance[i] += more;
    }
    return code;
}

/* Sigma from the crops without their scales and brightnesses. */
static mi_code update_covariance(const work *w, mi_patch_fit *fit, mi_status *status)
{
    mi_stationary *stationary = NULL;
    mi_code code = fit_moments(w, w->roles, fit, status);
    if (code == MI_OK) {
        code = mi_stationary_create(fit->covariance, w->options->shape, &stationary, status);
    }
    if (code == MI_OK) {
        mi_shrink(fit->covariance, fit->dimension, stationary, fit->shrinkage, MI_NOISE_FLOOR,
                  fit->covariance);
    }
    mi_stationary_destroy(stationary);
    return code;
}

/* Choose the shrinkage with a covariance of the crops that `apart` keeps. */
static mi_code search_shrinkage(const work *w, const mi_role *apart, const mi_crops *validation,
                                mi_patch_fit *fit, mi_status *status)
{
    mi_stationary *stationary = NULL;
    mi_code code = fit_moments(w, apart, fit, status);
    if (code == MI_OK) {
        code = mi_stationary_create(fit->covariance, w->options->shape, &stationary, status);
    }
    if (code == MI_OK) {
        code =
            mi_shrinkage_choose(fit->covariance, fit->mean, stationary, validation,
                                w->options->scales, w->brightness, w->run, &fit->shrinkage, status);
    }
    mi_stationary_destroy(stationary);
    return code;
}

static mi_code choose_shrinkage(const work *w, const mi_crops *validation, mi_patch_fit *fit,
                                mi_status *status)
{
    mi_role *apart = NULL;
    mi_code code = mi_allocate(w->crops->count, sizeof *apart, &apart, status);
    if (code == MI_OK) {
        for (size_t c = 0; c < w->crops->count; c++) {
            apart[c] = w->roles[c];
            apart[c].weight *= w->crops->apart[c];
        }
        code = search_shrinkage(w, apart, validation, fit, status);
    }
    free(apart);
    return code;
}

static mi_code fit_weights(work *w, mi_patch_fit *fit, mi_status *status)
{
    size_t n = fit->dimension, count = w->crops->count;
    mi_code code = MI_OK;
    if (fit->scales == NULL) {
        code = mi_scales_span(w->options->scales, w->brightness, n, w->unit_square, w->norms, count,
                              &fit->scales, status);
    }
    if (code == MI_OK) {
        fit->scales->brightness = w->brightness;
        code = mi_scales_fit_weights(fit->scales, n, w->unit_square, w->norms, count, WEIGHT_STEPS,
                                     status);
    }
    return code;
}

/* Norms and weights under the present Sigma, and the likelihood that they give. */
static mi_code expect(work *w, mi_patch_fit *fit, mi_status *status)
{
    size_t n = fit->dimension;
    memcpy(w->factor, fit->covariance, n * n * sizeof *w->factor);
    mi_code code = mi_cholesky(w->factor, n, status);
    if (code == MI_NUMERIC) {
        return mi_fail(status, MI_NUMERIC,
                       "the covariance of %zu crops in %zu dimensions, %g of it their stationary "
                       "average, is not positive definite: more crops or a smaller grid or patch "
                       "are needed",
                       w->crops->count, n, fit->shrinkage);
    }
    if (code == MI_OK) {
        code = mi_whitened_norms(w->crops, fit->mean, w->factor, w->run, w->norms, &w->unit_square,
                                 status);
    }
    if (code == MI_OK) {
        code = fit_weights(w, fit, status);
    }
    if (code == MI_OK) {
        mi_scales_terms(fit->scales, n, w->unit_square, w->terms);
        fit->log_likelihood[fit->steps++] =
            mi_scales_log_prior(fit->scales) / (double)w->crops->count +
            mi_mean_log_density(fit->scales, w->terms, n, mi_factor_log_determinant(w->factor, n),
                                w->norms, w->crops->count);
    }
    return code;
}

/* The posterior moments of crop c that the updates of Sigma and beta need. With b given z Gaussian
 * of mean m_z = slope_z t and variance slope_z z, the expected square of the residual over z is
 *
 *     E[(x - b)(x - b)^T / z] = r (x - e/r)(x - e/r)^T + (f - e^2/r) 1 1^T,
 *     r = E[1/z],  e = E[m_z / z],  f = E[m_z^2 / z + slope_z].
 */
static void em_crop(work *w, const mi_scales *scales, size_t c, double *ret_square)
{
    double r = 0, e = 0, f = 0, square = 0, t = w->norms[c].t;
    mi_scales_posterior(scales, w->terms, w->norms[c], w->posterior);
    for (size_t j = 0; j < scales->count; j++) {
        double p = w->posterior[j], precision = scales->precision[j];
        double slope = w->terms[scales->count + j], mean = slope * t;
        r += p * precision;
        e += p * precision * mean;
        f += p * (precision * mean * mean + slope);
        square += p * (mean * mean + slope / precision);
    }
    w->roles[c] = (mi_role){r, e / r};
    w->uncertainty += (f - e * e / r) / (double)w->crops->count;
    *ret_square = square;
}

/* beta, Sigma and the mean given the scales and brightnesses, then these anew. */
static mi_code em_step(work *w, mi_patch_fit *fit, mi_status *status)
{
    double sum = 0, square = 0;
    w->uncertainty = 0;
    for (size_t c = 0; c < w->crops->count; c++) {
        em_crop(w, fit->scales, c, &square);
        sum += square;
    }
    w->brightness = sum / (double)w->crops->count;
    mi_code code = update_covariance(w, fit, status);
    return code == MI_OK ? expect(w, fit, status) : code;
}

static mi_code keep_best(work *w, const mi_patch_fit *fit, mi_status *status)
{
    size_t n = fit->dimension;
    mi_scales_destroy(w->best_scales);
    w->best_scales = NULL;
    memcpy(w->best, fit->covariance, n * n * sizeof *w->best);
    memcpy(w->best + n * n, fit->mean, n * sizeof *w->best);
    return mi_scales_copy(fit->scales, &w->best_scales, status);
}

static void restore_best(work *w, mi_patch_fit *fit)
{
    size_t n = fit->dimension;
    memcpy(fit->covariance, w->best, n * n * sizeof *w->best);
    memcpy(fit->mean, w->best + n * n, n * sizeof *w->best);
    mi_scales_destroy(fit->scales);
    fit->scales = w->best_scales;
    w->best_scales = NULL;
    fit->steps--;
}

/* EM until it gains little. Without shrinkage no step can lose; a shrunk Sigma is not quite the one
 * that maximises, so that a step may, near the end or where the stationary average is not positive
 * definite, and is taken back. */
static mi_code iterate(work *w, mi_patch_fit *fit, mi_status *status)
{
    mi_code code = MI_OK;
    double gain = INFINITY;
    for (size_t i = 0;
         i < w->options->iterations && gain > w->options->enough * (double)fit->dimension; i++) {
        code = keep_best(w, fit, status);
        if (code == MI_OK) {
            code = em_step(w, fit, status);
        }
        if (code != MI_OK && code != MI_NUMERIC) {
            return code;
        }
        if (code == MI_NUMERIC) {
            fit->log_likelihood[fit->steps++] = -INFINITY;
        }
        gain = fit->log_likelihood[fit->steps - 1] - fit->log_likelihood[fit->steps - 2];
        if (!(gain >= 0)) {
            restore_best(w, fit);
        }
    }
    return MI_OK;
}

/* The same density, with a geometric mean contrast of 1. */
static void normalise(mi_patch_fit *fit)
{
    double factor = mi_scales_normalise(fit->scales);
    for (size_t i = 0; i < fit->dimension * fit->dimension; i++) {
        fit->covariance[i] *= factor;
    }
}

static mi_code run_fit(work *w, const mi_crops *validation, mi_patch_fit *fit, mi_status *status)
{
    mi_code code = MI_OK;
    start_roles(w);
    if (fit->shrinkage < 0) {
        code = choose_shrinkage(w, validation, fit, status);
    }
    if (code == MI_OK) {
        code = update_covariance(w, fit, status);
    }
    if (code == MI_OK) {
        code = expect(w, fit, status);
    }
    if (code == MI_OK && is_mixture(w)) {
        code = iterate(w, fit, status);
    }
    if (code == MI_OK) {
        normalise(fit);
    }
    return code;
}

static mi_code allocate_fit(size_t dimension, const mi_patch_options *options,
                            mi_patch_fit **ret_fit, mi_status *status)
{
    mi_patch_fit *fit = NULL;
    mi_code code = mi_allocate(1, sizeof *fit, &fit, status);
    if (code == MI_OK) {
        fit->dimension = dimension;
        fit->shrinkage = options->shrinkage;
        code = mi_allocate(dimension, sizeof *fit->mean, &fit->mean, status);
    }
    if (code == MI_OK) {
        code =
            mi_allocate(dimension * dimension, sizeof *fit->covariance, &fit->covariance, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(options->iterations + 1, sizeof *fit->log_likelihood,
                           &fit->log_likelihood, status);
    }
    *ret_fit = fit;
    return code;
}

static mi_code allocate_work(work *w, mi_status *status)
{
    size_t n = w->crops->dimension;
    mi_code code = mi_allocate(w->crops->count, sizeof *w->roles, &w->roles, status);
    if (code == MI_OK) {
        code = mi_allocate(w->crops->count, sizeof *w->norms, &w->norms, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(n * n, sizeof *w->factor, &w->factor, status);
    }
    if (code == MI_OK && is_mixture(w)) {
        code = mi_allocate(n * (n + 1), sizeof *w->best, &w->best, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(2 * w->options->scales, sizeof *w->terms, &w->terms, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(w->options->scales, sizeof *w->posterior, &w->posterior, status);
    }
    return code;
}

static void free_work(work *w)
{
    free(w->roles);
    free(w->norms);
    free(w->factor);
    free(w->terms);
    free(w->posterior);
    free(w->best);
    mi_scales_destroy(w->best_scales);
}

mi_code mi_patch_fit_create(const mi_crops *fitting, const mi_crops *validation,
                            const mi_patch_options *options, const mi_run *run,
                            mi_patch_fit **ret_fit, mi_status *status)
{
    mi_patch_fit *fit = NULL;
    work w = {.crops = fitting, .options = options, .run = run};
    mi_code code = allocate_fit(fitting->dimension, options, &fit, status);
    if (code == MI_OK) {
        fit->crops = fitting->count;
        code = allocate_work(&w, status);
    }
    if (code == MI_OK) {
        code = run_fit(&w, validation, fit, status);
    }
    free_work(&w);
    if (code != MI_OK) {
        mi_patch_fit_destroy(fit);
        return code;
    }
    *ret_fit = fit;
    return MI_OK;
}

void mi_patch_fit_destroy(mi_patch_fit *fit)
{
    if (fit == NULL) {
        return;
    }
    free(fit->mean);
    free(fit->covariance);
    mi_scales_destroy(fit->scales);
    free(fit->log_likelihood);
    free(fit);
}
