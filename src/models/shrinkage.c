#include "shrinkage.h"

#include <math.h>
#include <stdlib.h>

#include "dense.h"
#include "maskinfo/memory.h"
#include "whiten.h"

/* Roughly equal steps of log(a / (1 - a)), and both ends. The likelihood is flat around its
 * maximum, so that a finer search would change nothing that can be measured. */
static const double shares[] = {0, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.99, 1};
enum { SHARES = sizeof shares / sizeof shares[0] };

/* EM steps on the weights of the validation crops' contrasts. */
enum { WEIGHT_STEPS = 50 };

typedef struct search {
    const double *covariance, *mean;
    const mi_stationary *stationary;
    const mi_crops *validation;
    size_t scales;
    double brightness;
    double likelihood[SHARES];
} search;

/* Room for one share. */
typedef struct room {
    double *matrix; /* (dimension, dimension) */
    mi_norm *norms; /* (validation) */
    double *terms;  /* (2, scales) */
} room;

/* The weights are fitted to the crops that are scored: the same few numbers at every share, they do
 * not tell one from another. */
static mi_code score(const search *s, double unit_square, const room *r, double *ret_likelihood,
                     mi_status *status)
{
    mi_scales *scales = NULL;
    size_t n = s->validation->dimension, count = s->validation->count;
    mi_code code =
        mi_scales_span(s->scales, s->brightness, n, unit_square, r->norms, count, &scales, status);
    if (code == MI_OK) {
        code = mi_scales_fit_weights(scales, n, unit_square, r->norms, count, WEIGHT_STEPS, status);
    }
    if (code == MI_OK) {
        mi_scales_terms(scales, n, unit_square, r->terms);
        *ret_likelihood = mi_mean_log_density(
            scales, r->terms, n, mi_factor_log_determinant(r->matrix, n), r->norms, count);
    }
    mi_scales_destroy(scales);
    return code;
}

static mi_code try_factor(search *s, size_t index, const room *r, mi_status *status)
{
    size_t n = s->validation->dimension;
    mi_run alone = {.threads = 1};
    double unit_square = 0;
    mi_shrink(s->covariance, n, s->stationary, shares[index], MI_NOISE_FLOOR, r->matrix);
    mi_code code = mi_cholesky(r->matrix, n, status);
    if (code == MI_NUMERIC) {
        s->likelihood[index] = -INFINITY;
        return MI_OK;
    }
    if (code == MI_OK) {
        code = mi_whitened_norms(s->validation, s->mean, r->matrix, &alone, r->norms, &unit_square,
                                 status);
    }
    return code == MI_OK ? score(s, unit_square, r, &s->likelihood[index], status) : code;
}

static mi_code try_share(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    search *s = context;
    size_t n = s->validation->dimension;
    room r = {0};
    mi_code code = mi_allocate(n * n, sizeof *r.matrix, &r.matrix, status);
    if (code == MI_OK) {
        code = mi_allocate(s->validation->count, sizeof *r.norms, &r.norms, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(2 * s->scales, sizeof *r.terms, &r.terms, status);
    }
    if (code == MI_OK) {
        code = try_factor(s, index, &r, status);
    }
    free(r.matrix);
    free(r.norms);
    free(r.terms);
    return code;
}

mi_code mi_shrinkage_choose(const double *covariance, const double *mean,
                            const mi_stationary *stationary, const mi_crops *validation,
                            size_t scales, double brightness, const mi_run *run, double *ret_share,
                            mi_status *status)
{
    search s = {covariance, mean, stationary, validation, scales, brightness, {0}};
    mi_code code = mi_parallel_for(run, "choosing the shrinkage", SHARES, try_share, &s, status);
    if (code != MI_OK) {
        return code;
    }
    size_t best = 0;
    for (size_t i = 1; i < SHARES; i++) {
        best = s.likelihood[i] > s.likelihood[best] ? i : best;
    }
    if (!isfinite(s.likelihood[best])) {
        return mi_fail(status, MI_NUMERIC,
                       "no covariance of %zu dimensions from these crops is positive definite: "
                       "more crops or a smaller grid or patch are needed",
                       validation->dimension);
    }
    *ret_share = shares[best];
    return MI_OK;
}
