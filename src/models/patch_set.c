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

static mi_code allocate_set(const mi_crops *crops, size_t scales, mi_patch_set **ret_set,
                            mi_status *status)
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
    if (code == MI_OK) {
        code = mi_allocate(crops->count * scales, sizeof *set->posterior, &set->posterior, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(crops->count, sizeof *set->log_density, &set->log_density, status);
    }
    *ret_set = set;
    return code;
}

static void fill_posteriors(mi_patch_set *set, const mi_patch_fit *fit, double log_determinant,
                            double unit_square, const mi_norm *norms, double *terms)
{
    double constant = 0.5 * (log_determinant + (double)fit->dimension * (M_LNPI + M_LN2));
    mi_scales_terms(fit->scales, fit->dimension, unit_square, terms);
    for (size_t c = 0; c < set->crops->count; c++) {
        double *posterior = set->posterior + c * fit->scales->count;
        set->log_density[c] =
            mi_scales_posterior(fit->scales, terms, norms[c], posterior) - constant;
    }
}

static mi_code whiten_set(mi_patch_set *set, const mi_patch_fit *fit, const mi_run *run,
                          mi_status *status)
{
    size_t n = fit->dimension;
    double *factor = NULL, *terms = NULL, unit_square = 0;
    mi_norm *norms = NULL;
    mi_code code = mi_allocate(n * n, sizeof *factor, &factor, status);
    if (code == MI_OK) {
        code = mi_allocate(2 * fit->scales->count, sizeof *terms, &terms, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(set->crops->count, sizeof *norms, &norms, status);
    }
    if (code == MI_OK) {
        memcpy(factor, fit->covariance, n * n * sizeof *factor);
        code = mi_cholesky(factor, n, status);
    }
    if (code == MI_OK) {
        code = mi_whitened_norms(set->crops, fit->mean, factor, run, norms, &unit_square, status);
    }
    if (code == MI_OK) {
        fill_posteriors(set, fit, mi_factor_log_determinant(factor, n), unit_square, norms, terms);
    }
    free(factor);
    free(terms);
    free(norms);
    return code;
}

mi_code mi_patch_set_create(const mi_crops *crops, const mi_patch_fit *fit, const mi_run *run,
                            mi_patch_set **ret_set, mi_status *status)
{
    mi_patch_set *set = NULL;
    mi_code code = allocate_set(crops, fit->scales->count, &set, status);
    if (code == MI_OK) {
        group_crops(set);
        code = whiten_set(set, fit, run, status);
    }
    if (code != MI_OK) {
        mi_patch_set_destroy(set);
        return code;
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
    free(set->posterior);
    free(set->log_density);
    free(set);
}

typedef struct averaging {
    const mi_patch_set *set;
    const mi_patch_fit *fit;
    size_t block;
    mi_patch_marginal *marginals;
} averaging;

/* Room for one site. */
typedef struct room {
    double *factor;          /* (block, block) of the site's covariance */
    double *unit, *whitened; /* (block) */
    double *none, *terms;    /* (2, scales) terms of no coordinate and of the site's */
} room;

static mi_code factor_site(const averaging *a, size_t site, room *r, mi_status *status)
{
    const mi_patch_fit *fit = a->fit;
    mi_gather_lower(fit->covariance, fit->dimension, &site, 1, a->block, r->factor);
    mi_code code = mi_cholesky(r->factor, a->block, status);
    if (code == MI_OK) {
        double unit_square = mi_whitened_unit(r->factor, a->block, r->unit);
        mi_scales_terms(fit->scales, 0, 0, r->none);
        mi_scales_terms(fit->scales, a->block, unit_square, r->terms);
    }
    return code;
}

/* Add a crop's share of one site. */
static void add_site(const averaging *a, size_t crop, size_t site, const room *r,
                     mi_patch_marginal *sum)
{
    size_t d = a->block;
    const mi_scales *scales = a->fit->scales;
    const double *posterior = a->set->posterior + crop * scales->count;
    const float *values = mi_crop(a->set->crops, crop) + site * d;
    for (size_t i = 0; i < d; i++) {
        r->whitened[i] = values[i] - a->fit->mean[site * d + i];
        sum->square += gsl_pow_2(r->whitened[i]) / (double)d;
    }
    mi_solve_lower(r->factor, d, r->whitened, 1);
    mi_norm nothing = {0}, norm = mi_norm_of(r->whitened, r->unit, d);
    sum->entropy -= mi_scales_log_density(scales, r->terms, norm);
    sum->given_scale += mi_scales_expected_term(scales, r->none, nothing, posterior) -
                        mi_scales_expected_term(scales, r->terms, norm, posterior);
}

static mi_code average_replicate(const averaging *a, size_t g, room *r, mi_status *status)
{
    size_t d = a->block, sites = a->fit->dimension / d;
    mi_patch_marginal sum = {0};
    double log_roots = 0;
    for (size_t site = 0; site < sites; site++) {
        mi_code code = factor_site(a, site, r, status);
        if (code != MI_OK) {
            return code;
        }
        log_roots += 0.5 * mi_factor_log_determinant(r->factor, d) / (double)sites;
        for (size_t m = a->set->begin[g]; m < a->set->begin[g + 1]; m++) {
            add_site(a, a->set->members[m], site, r, &sum);
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
    size_t d = a->block, scales = a->fit->scales->count;
    double *block = NULL;
    mi_code code = mi_allocate(d * d + 2 * d + 4 * scales, sizeof *block, &block, status);
    if (code == MI_OK) {
        room r = {.factor = block, .unit = block + d * d};
        r.whitened = r.unit + d;
        r.none = r.whitened + d;
        r.terms = r.none + 2 * scales;
        code = average_replicate(a, index, &r, status);
    }
    free(block);
    return code;
}

mi_code mi_patch_marginals(const mi_patch_set *set, const mi_patch_fit *fit, size_t block,
                           const mi_run *run, mi_patch_marginal *marginals, mi_status *status)
{
    averaging a = {set, fit, block, marginals};
    return mi_parallel_for(run, "sites alone", set->replicates, average_unit, &a, status);
}
