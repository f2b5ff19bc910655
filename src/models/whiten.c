#include "whiten.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

#include "dense.h"
#include "maskinfo/memory.h"

/* Crops that are whitened at once: enough for the triangular solve to run near the speed of a
 * matrix product, few enough for many units of work. */
enum { BATCH = 128 };

static void center_crop(const float *crop, const double *mean, const size_t *opt_order,
                        size_t sites, size_t block, double *column)
{
    for (size_t k = 0; k < sites; k++) {
        size_t from = (opt_order == NULL ? k : opt_order[k]) * block;
        for (size_t a = 0; a < block; a++) {
            column[k * block + a] = crop[from + a] - mean[from + a];
        }
    }
}

void mi_center_crops(const mi_crops *crops, const size_t *opt_chosen, size_t first, size_t count,
                     const double *mean, const size_t *opt_order, size_t block, double *panel)
{
    for (size_t c = 0; c < count; c++) {
        size_t index = opt_chosen == NULL ? first + c : opt_chosen[c];
        center_crop(mi_crop(crops, index), mean, opt_order, crops->dimension / block, block,
                    panel + c * crops->dimension);
    }
}

typedef struct whitening {
    const mi_crops *crops;
    const double *mean, *factor;
    const double *unit; /* (dimension) u */
    mi_norm *norms;
} whitening;

mi_norm mi_norm_of(const double *whitened, const double *unit, size_t n)
{
    mi_norm norm = {0};
    for (size_t i = 0; i < n; i++) {
        norm.q += whitened[i] * whitened[i];
        norm.t += whitened[i] * unit[i];
    }
    return norm;
}

static mi_code whiten_unit(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    const whitening *w = context;
    size_t n = w->crops->dimension, first = index * BATCH;
    size_t count = GSL_MIN(BATCH, w->crops->count - first);
    double *panel = NULL;
    mi_code code = mi_allocate(count * n, sizeof *panel, &panel, status);
    if (code != MI_OK) {
        return code;
    }
    mi_center_crops(w->crops, NULL, first, count, w->mean, NULL, 1, panel);
    mi_solve_lower(w->factor, n, panel, count);
    for (size_t c = 0; c < count; c++) {
        w->norms[first + c] = mi_norm_of(panel + c * n, w->unit, n);
    }
    free(panel);
    return MI_OK;
}

double mi_whitened_unit(const double *factor, size_t n, double *unit)
{
    for (size_t i = 0; i < n; i++) {
        unit[i] = 1;
    }
    mi_solve_lower(factor, n, unit, 1);
    return mi_norm_of(unit, unit, n).q;
}

mi_code mi_whitened_norms(const mi_crops *crops, const double *mean, const double *factor,
                          const mi_run *run, mi_norm *norms, double *ret_s, mi_status *status)
{
    double *unit = NULL;
    mi_code code = mi_allocate(crops->dimension, sizeof *unit, &unit, status);
    if (code == MI_OK) {
        *ret_s = mi_whitened_unit(factor, crops->dimension, unit);
        whitening w = {crops, mean, factor, unit, norms};
        code = mi_parallel_for(run, "whitening crops", (crops->count + BATCH - 1) / BATCH,
                               whiten_unit, &w, status);
    }
    free(unit);
    return code;
}

double mi_mean_log_density(const mi_scales *scales, const double *terms, size_t dimension,
                           double log_determinant, const mi_norm *norms, size_t count)
{
    double sum = 0;
    for (size_t c = 0; c < count; c++) {
        sum += mi_scales_log_density(scales, terms, norms[c]);
    }
    return sum / (double)count - 0.5 * log_determinant - (double)dimension * (M_LNPI + M_LN2) / 2;
}
