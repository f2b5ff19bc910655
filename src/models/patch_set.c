#include "patch_set.h"

#include <gsl/gsl_math.h>
#include <stdlib.h>
#include <string.h>

#include "dense.h"
#include "maskinfo/memory.h"
#include "whiten.h"

/* Up to MANY images each is a replicate of its own, more make FOLDED replicates. */
enum { MANY = 64, FOLDED = 32 };

static void group_crops(mi_patch_set *set)
{
    size_t filled = 0;
    for (size_t g = 0; g < set->replicates; g++) {
        set->begin[g] = filled;
        for (size_t c = 0; c < set->crops->count; c++) {
            if (set->crops->area[c] % set->replicates == g) {
                set->members[filled++] = c;
            }
        }
    }
    set->begin[set->replicates] = filled;
}

static mi_code allocate_set(const mi_crops *crops, mi_patch_set **ret_set, mi_status *status)
{
    mi_patch_set *set = NULL;
    size_t areas = crops->area[crops->count - 1] + 1;
    mi_code code = mi_allocate(1, sizeof *set, &set, status);
    if (code == MI_OK) {
        set->crops = crops;
        set->replicates = areas <= MANY ? areas : FOLDED;
        code = mi_allocate(set->replicates + 1, sizeof *set->begin, &set->begin, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(crops->count, sizeof *set->members, &set->members, status);
    }
    double **fields[] = {&set->norm, &set->precision, &set->log_scale};
    for (size_t i = 0; i < 3 && code == MI_OK; i++) {
        code = mi_allocate(crops->count, sizeof(double), fields[i], status);
    }
    *ret_set = set;
    return code;
}

static mi_code whiten_set(mi_patch_set *set, const mi_patch_fit *fit, const mi_run *run,
                          mi_status *status)
{
    size_t n = fit->dimension;
    double *factor = NULL;
    mi_code code = mi_allocate(n * n, sizeof *factor, &factor, status);
    if (code == MI_OK) {
        memcpy(factor, fit->covariance, n * n * sizeof *factor);
        code = mi_cholesky(factor, n, status);
    }
    if (code == MI_OK) {
        code = mi_whitened_norms(set->crops, fit->mean, factor, run, set->norm, status);
    }
    free(factor);
    return code;
}

mi_code mi_patch_set_create(const mi_crops *crops, const mi_patch_fit *fit, const mi_run *run,
                            mi_patch_set **ret_set, mi_status *status)
{
    mi_patch_set *set = NULL;
    mi_code code = allocate_set(crops, &set, status);
    if (code == MI_OK) {
        group_crops(set);
        code = whiten_set(set, fit, run, status);
    }
    if (code != MI_OK) {
        mi_patch_set_destroy(set);
        return code;
    }
    for (size_t c = 0; c < crops->count; c++) {
        mi_scales_posterior(fit->scales, fit->dimension, set->norm[c], &set->precision[c],
                            &set->log_scale[c]);
    }
    *ret_set = set;
    return MI_OK;
}

void mi_patch_set_destroy(mi_patch_set *set)
{
    if (set == NULL) {
        return;
    }
    free(set->begin);
    free(set->members);
    free(set->norm);
    free(set->precision);
    free(set->log_scale);
    free(set);
}

typedef struct averaging {
    const mi_patch_set *set;
    const mi_patch_fit *fit;
    size_t block;
    mi_patch_marginal *marginals;
} averaging;

/* factor becomes the Cholesky factor of the covariance of one site. */
static mi_code factor_site(const mi_patch_fit *fit, size_t site, size_t d, double *factor,
                           mi_status *status)
{
    mi_gather_lower(fit->covariance, fit->dimension, &site, 1, d, factor);
    return mi_cholesky(factor, d, status);
}

/* Add a crop's share of one site; x is (block), room. */
static void add_site(const averaging *a, size_t crop, size_t site, const double *factor, double *x,
                     mi_patch_marginal *sum)
{
    size_t d = a->block;
    double square = 0, q = 0;
    const float *values = mi_crop(a->set->crops, crop) + site * d;
    for (size_t i = 0; i < d; i++) {
        x[i] = values[i] - a->fit->mean[site * d + i];
        square += x[i] * x[i];
    }
    mi_solve_lower(factor, d, x, 1);
    for (size_t i = 0; i < d; i++) {
        q += x[i] * x[i];
    }
    sum->square += square / (double)d;
    sum->entropy -= mi_scales_log_density(a->fit->scales, d, q);
    sum->given_scale += 0.5 * ((double)d * a->set->log_scale[crop] + q * a->set->precision[crop]);
}

static mi_code average_replicate(const averaging *a, size_t g, double *factor, double *x,
                                 mi_status *status)
{
    size_t d = a->block, sites = a->fit->dimension / d;
    mi_patch_marginal sum = {0};
    double log_roots = 0;
    for (size_t site = 0; site < sites; site++) {
        mi_code code = factor_site(a->fit, site, d, factor, status);
        if (code != MI_OK) {
            return code;
        }
        log_roots += 0.5 * mi_factor_log_determinant(factor, d) / (double)sites;
        for (size_t m = a->set->begin[g]; m < a->set->begin[g + 1]; m++) {
            add_site(a, a->set->members[m], site, factor, x, &sum);
        }
    }
    double terms = (double)(sites * (a->set->begin[g + 1] - a->set->begin[g]));
    double constant = log_roots + (double)d * (M_LNPI + M_LN2) / 2;
    a->marginals[g].entropy = sum.entropy / terms + constant;
    a->marginals[g].given_scale = sum.given_scale / terms + constant;
    a->marginals[g].square = sum.square / terms;
    return MI_OK;
}

static mi_code average_unit(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    const averaging *a = context;
    double *factor = NULL;
    mi_code code = mi_allocate(a->block * (a->block + 1), sizeof *factor, &factor, status);
    if (code == MI_OK) {
        code = average_replicate(a, index, factor, factor + a->block * a->block, status);
    }
    free(factor);
    return code;
}

mi_code mi_patch_marginals(const mi_patch_set *set, const mi_patch_fit *fit, size_t block,
                           const mi_run *run, mi_patch_marginal *marginals, mi_status *status)
{
    averaging a = {set, fit, block, marginals};
    return mi_parallel_for(run, "sites alone", set->replicates, average_unit, &a, status);
}
