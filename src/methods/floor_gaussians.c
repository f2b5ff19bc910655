/* Predictive densities around point predictions. A site of the kind q (its place in a token) has
 * the residuals r ~ N(0, S_q), S_q the mean of r r^T over the masked sites of that kind of the
 * examples of the other half: so the density owes nothing to the example that it is judged by, and
 * the mean of -log density is not below H(X_i | x_v), whatever the network.
 *
 * Real pixels differ in contrast from place to place, and so do residuals: there the density is a
 * mixture of N(0, z S_q) over a grid of z (Wainwright and Simoncelli 2000, as the model `patches`),
 * whose weights are fitted by EM on the same half,
 *
 *     log q(r) = log sum_z w_z exp(-n/2 log z - s / 2z) - log|S_q|/2 - n/2 log 2 pi,
 *     s = r^T S_q^-1 r.
 */
#include <gsl/gsl_cblas.h>
#include <gsl/gsl_math.h>
#include <lapack.h>
#include <math.h>
#include <stdlib.h>

#include "floor.h"
#include "maskinfo/memory.h"

enum {
    HALVES = 2,
    RESIDUALS_PER_VALUE = 10, /* fewer: the covariance is kept diagonal */
    SCALES = 13,              /* 2^-6, 2^-5 ... 2^6 */
    STEPS = 60,               /* of EM */
    FITTED = 20000            /* residuals that the weights are fitted on, at most */
};

typedef struct density {
    size_t residuals;
    double *root;    /* (block, block) L^-1, S = L L^T, column-major */
    double constant; /* of -log density */
    double weights[SCALES];
} density;

typedef struct job {
    const mi_floor_plan *plan;
    const mi_scalar *residuals;
    const unsigned char *masked;
    size_t samples, scales;
    double constant;
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

/* s = |L^-1 r|^2. Not by BLAS, whose last bits may depend on where a thread's r is aligned. */
static double square(const job *j, const density *d, size_t sample, size_t site, double *r)
{
    size_t block = j->plan->block;
    double sum = 0;
    load(j, sample, site, r);
    for (size_t c = block; c-- > 0;) { /* column by column, so that r is read before it changes */
        const double *column = d->root + c * block;
        double factor = r[c];
        r[c] *= column[c];
        for (size_t i = c + 1; i < block; i++) {
            r[i] += column[i] * factor;
        }
    }
    for (size_t i = 0; i < block; i++) {
        sum += r[i] * r[i];
    }
    return sum;
}

/* Lower triangle of the mean of r r^T. */
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
        bool kept = i % block == i / block || !diagonal;
        d->root[i] = kept ? d->root[i] / (double)d->residuals : 0;
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
        logs -= log(d->root[c * j->plan->block + c]);
    }
    d->constant = info == 0 && d->residuals > 0 ? logs + j->constant : NAN;
}

/* exp(-n/2 log z - s / 2z) of all scales, divided by the largest, whose logarithm is returned. */
static double terms(const job *j, double s, double *row)
{
    double largest = -INFINITY, n = (double)j->plan->block;
    for (size_t k = 0; k < j->scales; k++) {
        double exponent = (double)k - (double)(j->scales / 2);
        row[k] = -0.5 * (n * M_LN2 * exponent + s * exp2(-exponent));
        largest = fmax(largest, row[k]);
    }
    for (size_t k = 0; k < j->scales; k++) {
        row[k] = exp(row[k] - largest);
    }
    return largest;
}

/* EM on rows (count, scales), with one more residual spread evenly over the scales. */
static void fit_weights(size_t scales, const double *rows, size_t count, double *weights)
{
    for (size_t step = 0; step < STEPS; step++) {
        double next[SCALES] = {0};
        for (size_t c = 0; c < count; c++) {
            double sum = 0;
            for (size_t k = 0; k < scales; k++) {
                sum += weights[k] * rows[c * scales + k];
            }
            for (size_t k = 0; k < scales; k++) {
                next[k] += weights[k] * rows[c * scales + k] / sum;
            }
        }
        for (size_t k = 0; k < scales; k++) {
            weights[k] = (next[k] + 1 / (double)scales) / (double)(count + 1);
        }
    }
}

static mi_code mix(const job *j, size_t half, size_t kind, double *r, density *d, mi_status *status)
{
    double *rows = NULL;
    size_t stride = d->residuals / FITTED + 1, count = 0, seen = 0;
    for (size_t k = 0; k < j->scales; k++) {
        d->weights[k] = 1 / (double)j->scales;
    }
    if (j->scales == 1 || isnan(d->constant)) {
        return MI_OK;
    }
    mi_code code =
        mi_allocate((d->residuals / stride + 1) * j->scales, sizeof *rows, &rows, status);
    for (size_t e = half; e < j->samples && code == MI_OK; e += HALVES) {
        for (size_t s = 0; s < j->plan->sites; s++) {
            if (j->plan->kind[s] == kind && is_masked(j, e, s) && seen++ % stride == 0) {
                terms(j, square(j, d, e, s, r), rows + count++ * j->scales);
            }
        }
    }
    if (code == MI_OK) {
        fit_weights(j->scales, rows, count, d->weights);
    }
    free(rows);
    return code;
}

static mi_code fit(size_t index, size_t thread, void *context, mi_status *status)
{
    const job *j = context;
    density *d = &j->densities[index];
    size_t half = index / j->plan->kinds, kind = index % j->plan->kinds;
    double *r = j->rooms + thread * j->plan->block;
    accumulate(j, half, kind, r, d);
    invert(j, d);
    return mix(j, half, kind, r, d, status);
}

static mi_code judge(size_t e, size_t thread, void *context, mi_status *status)
{
    (void)status;
    const job *j = context;
    size_t other = (e + 1) % HALVES;
    double *r = j->rooms + thread * j->plan->block, row[SCALES], sum = 0;
    for (size_t s = 0; s < j->plan->sites; s++) {
        if (!is_masked(j, e, s)) {
            continue;
        }
        const density *d = &j->densities[other * j->plan->kinds + j->plan->kind[s]];
        double mixed = 0, largest = terms(j, square(j, d, e, s, r), row);
        for (size_t k = 0; k < j->scales; k++) {
            mixed += d->weights[k] * row[k];
        }
        sum += d->constant - largest - log(mixed);
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
    double block = (double)plan->block, log_unit = plan->source->example.log_unit;
    job j = {.plan = plan, .residuals = residuals, .masked = masked, .samples = samples};
    j.sums = sums;
    j.scales = plan->exact ? 1 : SCALES;
    j.constant = block * (0.5 * (M_LNPI + M_LN2) + log(plan->shape.deviation)) + log_unit;
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
