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
    double *norms;
} whitening;

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
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += gsl_pow_2(panel[c * n + i]);
        }
        w->norms[first + c] = sum;
    }
    free(panel);
    return MI_OK;
}

mi_code mi_whitened_norms(const mi_crops *crops, const double *mean, const double *factor,
                          const mi_run *run, double *norms, mi_status *status)
{
    whitening w = {crops, mean, factor, norms};
    return mi_parallel_for(run, "whitening crops", (crops->count + BATCH - 1) / BATCH, whiten_unit,
                           &w, status);
}

double mi_mean_log_density(const mi_scales *scales, size_t dimension, double log_determinant,
                           const double *norms, size_t count)
{
    double sum = 0;
    for (size_t c = 0; c < count; c++) {
        sum += mi_scales_log_density(scales, dimension, norms[c]);
    }
    return sum / (double)count - 0.5 * log_determinant - (double)dimension * (M_LNPI + M_LN2) / 2;
}
