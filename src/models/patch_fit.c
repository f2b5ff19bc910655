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
    double *precision; /* (crops) E[1/z | x] */
    double *norms;     /* (crops) q */
    double *factor;    /* (dimension, dimension) */
} work;

/* Mean squared difference of neighbouring pixels: a crop's contrast before anything is known of
 * its covariance. Differences nearly whiten the 1/f^2 spectrum of natural images. */
static double roughness(const float *crop, mi_crop_shape shape)
{
    double sum = 0;
    size_t height = mi_crop_height(shape), width = mi_crop_width(shape);
    for (size_t r = 0; r + 1 < height; r++) {
        for (size_t c = 0; c + 1 < width; c++) {
            double here = crop[mi_crop_coordinate(shape, r, c)];
            double down = crop[mi_crop_coordinate(shape, r + 1, c)] - here;
            double right = crop[mi_crop_coordinate(shape, r, c + 1)] - here;
            sum += down * down + right * right;
        }
    }
    return sum / (2.0 * (double)((height - 1) * (width - 1)));
}

static void start_precisions(work *w)
{
    for (size_t c = 0; c < w->crops->count; c++) {
        w->precision[c] =
            w->options->scales == 1 ? 1 : 1 / roughness(mi_crop(w->crops, c), w->options->shape);
    }
}

/* Sigma from the crops divided by their scales. */
static mi_code update_covariance(work *w, mi_patch_fit *fit, mi_status *status)
{
    mi_stationary *stationary = NULL;
    mi_code code = mi_crops_mean(w->crops, w->precision, w->run, fit->mean, status);
    if (code == MI_OK) {
        code =
            mi_crops_covariance(w->crops, w->precision, fit->mean, w->run, fit->covariance, status);
    }
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

/* Choose the shrinkage from the crops that do not touch a validation area. */
static mi_code choose_shrinkage(work *w, const mi_crops *validation, mi_patch_fit *fit,
                                mi_status *status)
{
    mi_stationary *stationary = NULL;
    for (size_t c = 0; c < w->crops->count; c++) {
        w->norms[c] = w->crops->apart[c] ? w->precision[c] : 0;
    }
    mi_code code = mi_crops_mean(w->crops, w->norms, w->run, fit->mean, status);
    if (code == MI_OK) {
        code = mi_crops_covariance(w->crops, w->norms, fit->mean, w->run, fit->covariance, status);
    }
    if (code == MI_OK) {
        code = mi_stationary_create(fit->covariance, w->options->shape, &stationary, status);
    }
    if (code == MI_OK) {
        code = mi_shrinkage_choose(fit->covariance, fit->mean, stationary, validation,
                                   w->options->scales, w->run, &fit->shrinkage, status);
    }
    mi_stationary_destroy(stationary);
    return code;
}

/* Norms and weights under the present Sigma, and the likelihood that they give. */
static mi_code expect(work *w, mi_patch_fit *fit, mi_status *status)
{
    size_t n = fit->dimension;
    memcpy(w->factor, fit->covariance, n * n * sizeof *w->factor);
    mi_code code = mi_cholesky(w->factor, n, status);
    if (code == MI_OK) {
        code = mi_whitened_norms(w->crops, fit->mean, w->factor, w->run, w->norms, status);
    }
    if (code == MI_OK && fit->scales == NULL) {
        code =
            mi_scales_span(w->options->scales, n, w->norms, w->crops->count, &fit->scales, status);
    }
    if (code == MI_OK) {
        code =
            mi_scales_fit_weights(fit->scales, n, w->norms, w->crops->count, WEIGHT_STEPS, status);
    }
    if (code == MI_OK) {
        fit->log_likelihood[fit->steps++] = mi_mean_log_density(
            fit->scales, n, mi_factor_log_determinant(w->factor, n), w->norms, w->crops->count);
    }
    return code;
}

/* Sigma given the scales, then the scales given Sigma. */
static mi_code em_step(work *w, mi_patch_fit *fit, mi_status *status)
{
    for (size_t c = 0; c < w->crops->count; c++) {
        mi_scales_posterior(fit->scales, fit->dimension, w->norms[c], &w->precision[c], NULL);
    }
    mi_code code = update_covariance(w, fit, status);
    return code == MI_OK ? expect(w, fit, status) : code;
}

static void normalise(mi_patch_fit *fit, size_t crops)
{
    mi_scales_smooth(fit->scales, crops);
    double factor = mi_scales_normalise(fit->scales);
    for (size_t i = 0; i < fit->dimension * fit->dimension; i++) {
        fit->covariance[i] *= factor;
    }
}

static mi_code run_fit(work *w, const mi_crops *validation, mi_patch_fit *fit, mi_status *status)
{
    mi_code code = MI_OK;
    start_precisions(w);
    if (fit->shrinkage < 0) {
        code = choose_shrinkage(w, validation, fit, status);
    }
    if (code == MI_OK) {
        code = update_covariance(w, fit, status);
    }
    if (code == MI_OK) {
        code = expect(w, fit, status);
    }
    size_t steps = w->options->scales == 1 ? 0 : w->options->iterations;
    for (size_t i = 0; i < steps && code == MI_OK; i++) {
        code = em_step(w, fit, status);
    }
    if (code == MI_OK) {
        normalise(fit, w->crops->count);
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
    mi_code code = mi_allocate(w->crops->count, sizeof *w->precision, &w->precision, status);
    if (code == MI_OK) {
        code = mi_allocate(w->crops->count, sizeof *w->norms, &w->norms, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(n * n, sizeof *w->factor, &w->factor, status);
    }
    return code;
}

mi_code mi_patch_fit_create(const mi_crops *fitting, const mi_crops *validation,
                            const mi_patch_options *options, const mi_run *run,
                            mi_patch_fit **ret_fit, mi_status *status)
{
    mi_patch_fit *fit = NULL;
    work w = {.crops = fitting, .options = options, .run = run};
    mi_code code = allocate_fit(fitting->dimension, options, &fit, status);
    if (code == MI_OK) {
        code = allocate_work(&w, status);
    }
    if (code == MI_OK) {
        code = run_fit(&w, validation, fit, status);
    }
    free(w.precision);
    free(w.norms);
    free(w.factor);
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
