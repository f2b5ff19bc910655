#include "blocks.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dense.h"
#include "maskinfo/memory.h"

typedef struct sweep {
    const double *factor;
    size_t sites, block;
    double *covariances; /* (sites, block, block) C_i(k), lower triangles */
    double *root;        /* (block, block) */
} sweep;

/* C_i(k) = C_i(k+1) + L_ik L_ik^T: only sums of squares, as in mi_variances_step_back. */
static void step_back(sweep *w, size_t i, size_t k)
{
    size_t n = w->sites * w->block, d = w->block;
    const double *tile = w->factor + i * d + k * d * n;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, (int)d, (int)d, 1.0, tile, (int)n, 1.0,
                w->covariances + i * d * d, (int)d);
}

static double trace_of(const double *matrix, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += matrix[i * n + i];
    }
    return sum;
}

static mi_code log_root_of(sweep *w, size_t i, double *ret_log_root, mi_status *status)
{
    size_t d = w->block;
    memcpy(w->root, w->covariances + i * d * d, d * d * sizeof *w->root);
    mi_code code = mi_cholesky(w->root, d, status);
    *ret_log_root = 0.5 * mi_factor_log_determinant(w->root, d);
    return code;
}

/* The diagonal block of L is lower triangular: what lies above it is not part of L. */
static void start_block(sweep *w, size_t k)
{
    size_t n = w->sites * w->block, d = w->block;
    double *covariance = w->covariances + k * d * d;
    for (size_t b = 0; b < d; b++) {
        for (size_t a = 0; a < d; a++) {
            w->root[a + b * d] = a < b ? 0 : w->factor[k * d + a + (k * d + b) * n];
        }
    }
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, (int)d, (int)d, 1.0, w->root, (int)d, 0.0,
                covariance, (int)d);
}

static mi_code sweep_blocks(sweep *w, double *log_root, double *trace, double *next_trace,
                            mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t k = w->sites; k-- > 0 && code == MI_OK;) {
        double log_sum = 0, trace_sum = 0;
        start_block(w, k);
        for (size_t i = k; i < w->sites && code == MI_OK; i++) {
            double value = 0;
            if (i > k) {
                step_back(w, i, k);
            }
            code = log_root_of(w, i, &value, status);
            log_sum += value;
            trace_sum += trace_of(w->covariances + i * w->block * w->block, w->block);
        }
        log_root[k] = log_sum / (double)(w->sites - k);
        trace[k] = trace_sum / (double)(w->sites - k);
        next_trace[k] = trace_of(w->covariances + k * w->block * w->block, w->block);
    }
    return code;
}

/* The same for blocks of one variable, without a library call for each number. */
static mi_code sweep_single(const double *factor, size_t sites, double *log_root, double *trace,
                            double *next_trace, mi_status *status)
{
    double *variances = NULL;
    mi_code code = mi_allocate(sites, sizeof *variances, &variances, status);
    for (size_t k = sites; k-- > 0 && code == MI_OK;) {
        double log_sum = 0, sum = 0;
        mi_variances_step_back(factor, sites, k, variances);
        for (size_t i = k; i < sites; i++) {
            log_sum += log(variances[i]);
            sum += variances[i];
        }
        log_root[k] = 0.5 * log_sum / (double)(sites - k);
        trace[k] = sum / (double)(sites - k);
        next_trace[k] = variances[k];
    }
    free(variances);
    return code;
}

mi_code mi_remaining_blocks(const double *factor, size_t sites, size_t block, double *log_root,
                            double *trace, double *next_trace, mi_status *status)
{
    if (block == 1) {
        return sweep_single(factor, sites, log_root, trace, next_trace, status);
    }
    sweep w = {.factor = factor, .sites = sites, .block = block};
    mi_code code =
        mi_allocate(sites * block * block, sizeof *w.covariances, &w.covariances, status);
    if (code == MI_OK) {
        code = mi_allocate(block * block, sizeof *w.root, &w.root, status);
    }
    if (code == MI_OK) {
        code = sweep_blocks(&w, log_root, trace, next_trace, status);
    }
    free(w.covariances);
    free(w.root);
    return code;
}
