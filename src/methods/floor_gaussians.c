/* Gaussian predictive densities around point predictions. A site of the kind q (its place in a
 * token) has the residuals r ~ N(0, S_q), S_q the mean of r r^T over the masked sites of that kind
 * of the examples of the other half: so the density owes nothing to the example that it is judged
 * by, and the mean of -log density is not below H(X_i | x_v), whatever the network.
 *
 * Noise of one step of whole numbers, which makes their entropy a differential one, is taken in
 * expectation: S_q gains g I and r^T S^-1 r gains g tr S^-1, g = step^2 / 12.
 */
#include <gsl/gsl_cblas.h>
#include <gsl/gsl_math.h>
#include <lapack.h>
#include <math.h>
#include <stdlib.h>

#include "floor.h"
#include "maskinfo/memory.h"

enum { HALVES = 2, RESIDUALS_PER_VALUE = 10 }; /* fewer: the covariance is kept diagonal */

typedef struct density {
    size_t residuals;
    double *root;    /* (block, block) L^-1, S = L L^T, column-major */
    double constant; /* of -log density */
    double trace;    /* g tr S^-1 */
} density;

typedef struct job {
    const mi_floor_plan *plan;
    const mi_scalar *residuals;
    const unsigned char *masked;
    size_t samples;
    double noise, constant;
    density *densities; /* (HALVES, kinds) */
    double *rooms;      /* (threads, block) */
    double *sums;
} job;

static bool is_masked(const job *j, size_t sample, size_t site)
{
    return j->masked[sample * j->plan->tokens + j->plan->token_of[site]] != 0;
}

static void load(const job *j, size_t sample, size_t site, double *r)
{
    size_t block = j->plan->block;
    const mi_scalar *from = j->residuals + sample * j->plan->values + site * block;
    for (size_t i = 0; i < block; i++) {
        r[i] = (double)from[i];
    }
}

/* Lower triangle of the mean of r r^T, with the noise. */
static void accumulate(const job *j, size_t half, size_t kind, double *r, density *d)
{
    size_t block = j->plan->block;
    int n = (int)block;
    for (size_t e = half; e < j->samples; e += HALVES) {
        for (size_t s = 0; s < j->plan->sites; s++) {
            if (j->plan->kind[s] == kind && is_masked(j, e, s)) {
                load(j, e, s, r);
                cblas_dsyr(CblasColMajor, CblasLower, n, 1, r, 1, d->root, n);
                d->residuals++;
            }
        }
    }
    bool diagonal = d->residuals < RESIDUALS_PER_VALUE * block;
    for (size_t i = 0; i < block * block && d->residuals > 0; i++) {
        bool on = i % block == i / block;
        d->root[i] = on || !diagonal ? d->root[i] / (double)d->residuals : 0;
        d->root[i] += on ? j->noise : 0;
    }
}

/* S becomes L^-1. A covariance that is not positive leaves the density unknown (NAN). */
static void invert(const job *j, density *d)
{
    int n = (int)j->plan->block, info = 0;
    double logs = 0;
    LAPACK_dpotrf("L", &n, d->root, &n, &info);
    if (info == 0) {
        LAPACK_dtrtri("L", "N", &n, d->root, &n, &info);
    }
    for (size_t c = 0; c < j->plan->block; c++) {
        const double *column = d->root + c * j->plan->block;
        logs -= log(column[c]);
        for (size_t i = c; i < j->plan->block; i++) {
            d->trace += j->noise * gsl_pow_2(column[i]);
        }
    }
    d->constant = info == 0 && d->residuals > 0 ? logs + j->constant : NAN;
}

static mi_code fit(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)status;
    const job *j = context;
    density *d = &j->densities[index];
    size_t kinds = j->plan->kinds;
    accumulate(j, index / kinds, index % kinds, j->rooms + thread * j->plan->block, d);
    invert(j, d);
    return MI_OK;
}

static mi_code judge(size_t e, size_t thread, void *context, mi_status *status)
{
    (void)status;
    const job *j = context;
    size_t block = j->plan->block, other = (e + 1) % HALVES;
    double *r = j->rooms + thread * block, sum = 0;
    for (size_t s = 0; s < j->plan->sites; s++) {
        if (!is_masked(j, e, s)) {
            continue;
        }
        const density *d = &j->densities[other * j->plan->kinds + j->plan->kind[s]];
        load(j, e, s, r);
        cblas_dtrmv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, (int)block, d->root,
                    (int)block, r, 1);
        sum += d->constant + 0.5 * (cblas_ddot((int)block, r, 1, r, 1) + d->trace);
    }
    j->sums[e] = sum;
    return MI_OK;
}

static mi_code allocate(job *j, mi_status *status)
{
    size_t block = j->plan->block, count = HALVES * j->plan->kinds;
    mi_code code = mi_allocate(count, sizeof *j->densities, &j->densities, status);
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        code = mi_allocate(block * block, sizeof(double), &j->densities[i].root, status);
    }
    return code == MI_OK ? mi_allocate((size_t)j->plan->run->threads * block, sizeof(double),
                                       &j->rooms, status)
                         : code;
}

mi_code mi_floor_gaussians(const mi_floor_plan *plan, const mi_scalar *residuals,
                           const unsigned char *masked, size_t samples, double *sums,
                           mi_status *status)
{
    const mi_example_shape *e = &plan->source->example;
    double deviation = plan->shape.deviation, block = (double)plan->block;
    job j = {.plan = plan, .residuals = residuals, .masked = masked, .samples = samples};
    j.sums = sums;
    j.noise = gsl_pow_2(e->grain / deviation) / 12;
    j.constant = block * (0.5 * (M_LNPI + M_LN2) + log(deviation)) + e->log_unit;
    mi_code code = allocate(&j, status);
    if (code == MI_OK) {
        code = mi_parallel_for(plan->run, "residuals", HALVES * plan->kinds, fit, &j, status);
    }
    if (code == MI_OK) {
        code = mi_parallel_for(plan->run, "residuals", samples, judge, &j, status);
    }
    for (size_t i = 0; i < HALVES * plan->kinds && j.densities != NULL; i++) {
        free(j.densities[i].root);
    }
    free(j.densities);
    free(j.rooms);
    return code;
}
