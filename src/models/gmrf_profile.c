/* The whole profile of a Gaussian field from one factorisation per random order of its sites.
 *
 * Let L be the Cholesky factor of S, the regular part of the covariance (gmrf.h), in that order.
 * The conditional variances under S of all sites that are still masked after the first k are
 * running sums over rows of L (dense.h), not only that of the next site, its squared diagonal
 * entry. The common part a 1 1^T is a random constant of variance a added to the field, and comes
 * in as in kriging with an unknown mean (Cressie 1993, "Statistics for Spatial Data", section 3.4):
 * with u = L^-1 1,
 *
 *     Var(x_j | x_0..x_{k-1}) = sum_{l=k..j} L_jl^2 + t_j(k)^2 / (1/a + s(k)),
 *     t_j(k) = 1 - sum_{l<k} L_jl u_l = sum_{l=k..j} L_jl u_l,        s(k) = sum_{l<k} u_l^2.
 *
 * h_k is estimated by the mean over all masked sites j >= k, which is the conditional expectation
 * of the next site's entropy given the set of the first k sites (Rao-Blackwell).
 */
#include "gmrf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dense.h"
#include "gmrf_neighbors.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"

/* What one thread works with; all arrays but the matrix are (N). */
typedef struct workspace {
    gsl_rng *stream;
    size_t *order;
    double *factor;                     /* (N,N) */
    double *ones;                       /* u */
    double *seen;                       /* s(k) */
    double *regular, *drift, *variance; /* sum of squares, t_j(k) and Var at the current k */
} workspace;

typedef struct job {
    const mi_gmrf *gmrf;
    const mi_run *run;
    workspace *workspaces; /* one per thread */
    double *entropy, *mse; /* (samples, N) */
} job;

static void workspace_free(workspace *w)
{
    gsl_rng_free(w->stream);
    free(w->order);
    free(w->factor);
    free(w->ones);
}

/* The five vectors share one block, which `ones` owns. */
static mi_code workspace_init(workspace *w, size_t n, mi_status *status)
{
    mi_code code = mi_stream_create(0, MI_PURPOSE_ORDER, 0, &w->stream, status);
    if (code != MI_OK || (code = mi_allocate(n, sizeof *w->order, &w->order, status)) != MI_OK ||
        (code = mi_allocate(n * n, sizeof *w->factor, &w->factor, status)) != MI_OK ||
        (code = mi_allocate(5 * n, sizeof *w->ones, &w->ones, status)) != MI_OK) {
        return code;
    }
    w->seen = w->ones + n;
    w->regular = w->ones + 2 * n;
    w->drift = w->ones + 3 * n;
    w->variance = w->ones + 4 * n;
    return MI_OK;
}

/* L of the permuted S, u and s. */
static mi_code factorise(const mi_gmrf *gmrf, workspace *w, mi_status *status)
{
    size_t n = gmrf->lattice->sites;
    mi_gather_lower(gmrf->regular, n, w->order, n, 1, w->factor);
    mi_code code = mi_cholesky(w->factor, n, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t k = 0; k < n; k++) {
        w->ones[k] = 1;
        w->regular[k] = w->drift[k] = 0;
    }
    mi_solve_lower(w->factor, n, w->ones, 1);
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        w->seen[k] = sum;
        sum += w->ones[k] * w->ones[k];
    }
    return MI_OK;
}

/* From the sums of k+1 to those and the variances of k. */
static void step_back(const mi_gmrf *gmrf, workspace *w, size_t k)
{
    size_t n = gmrf->lattice->sites;
    const double *column = w->factor + k * n;
    const double *regular = w->regular;
    double *drift = w->drift, *variance = w->variance;
    double one = w->ones[k], gain = 1 / (1 / gmrf->common + w->seen[k]);
    mi_variances_step_back(w->factor, n, k, w->regular);
#pragma omp simd
    for (size_t j = k; j < n; j++) {
        drift[j] += column[j] * one;
        variance[j] = regular[j] + gain * drift[j] * drift[j];
    }
}

/* Mean log and mean of positive numbers. A logarithm is taken of products of up to 64 of them times
 * `scale`. With at least one visible site, variances times the mean of Q_ii lie between 0.5 (all
 * neighbours visible) and 400 (a path of 100 sites visible at one end), so that such a product
 * stays between 2^-64 and 2^554. */
static void mean_logs(const double *values, size_t count, double scale, double *ret_log,
                      double *ret_mean)
{
    enum { CHUNK = 64 };
    double logs = 0, sum = 0;
    for (size_t from = 0; from < count; from += CHUNK) {
        size_t to = from + CHUNK < count ? from + CHUNK : count;
        double product = 1;
#pragma omp simd reduction(* : product) reduction(+ : sum)
        for (size_t i = from; i < to; i++) {
            product *= scale * values[i];
            sum += values[i];
        }
        logs += log(product);
    }
    *ret_log = logs / (double)count - log(scale);
    *ret_mean = sum / (double)count;
}

/* One replicate: one random order. The ends do not depend on it and are set to their exact values.
 */
static mi_code one_order(size_t index, size_t thread, void *context, mi_status *status)
{
    job *j = context;
    const mi_gmrf *gmrf = j->gmrf;
    workspace *w = &j->workspaces[thread];
    size_t n = gmrf->lattice->sites;
    double *entropy = j->entropy + index * n, *mse = j->mse + index * n;
    mi_stream_set(w->stream, j->run->seed, MI_PURPOSE_ORDER, index);
    mi_random_order(w->stream, w->order, n);
    mi_code code = factorise(gmrf, w, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t k = n; k-- > 1;) {
        double mean_log = 0, mean = 0;
        step_back(gmrf, w, k);
        mean_logs(w->variance + k, n - k, gmrf->scale, &mean_log, &mean);
        entropy[k] = gmrf->channels * mi_gaussian_entropy(mean_log);
        mse[k] = mean / gmrf->mean_variance;
    }
    entropy[0] = gmrf->channels * mi_gaussian_entropy(gmrf->log_variance);
    entropy[n - 1] = gmrf->channels * mi_gaussian_entropy(gmrf->log_last_variance);
    mse[0] = 1;
    mse[n - 1] = gmrf->mean_last_variance / gmrf->mean_variance;
    return MI_OK;
}

/* What visible neighbours leave is known in closed form: the same in all replicates. */
static mi_code fill_neighbors(const mi_gmrf *gmrf, size_t samples, mi_profile *profile,
                              mi_status *status)
{
    mi_code code = mi_profile_add(profile, MI_NEIGHBORS, samples, status);
    if (code != MI_OK) {
        return code;
    }
    double *values = profile->series[MI_NEIGHBORS].values;
    mi_gmrf_neighbor_profile(gmrf, values);
    for (size_t j = 1; j < samples; j++) {
        memcpy(values + j * profile->sites, values, profile->sites * sizeof *values);
    }
    return MI_OK;
}

static mi_code fill_profile(const mi_gmrf *gmrf, size_t samples, const mi_run *run,
                            mi_profile *profile, mi_status *status)
{
    size_t threads = (size_t)run->threads, n = gmrf->lattice->sites;
    job j = {.gmrf = gmrf, .run = run};
    mi_code code = mi_profile_add(profile, MI_ENTROPY, samples, status);
    if (code != MI_OK || (code = mi_profile_add(profile, MI_MSE, samples, status)) != MI_OK ||
        (code = fill_neighbors(gmrf, samples, profile, status)) != MI_OK ||
        (code = mi_allocate(threads, sizeof *j.workspaces, &j.workspaces, status)) != MI_OK) {
        return code;
    }
    j.entropy = profile->series[MI_ENTROPY].values;
    j.mse = profile->series[MI_MSE].values;
    for (size_t t = 0; t < threads && code == MI_OK; t++) {
        code = workspace_init(&j.workspaces[t], n, status);
    }
    if (code == MI_OK) {
        code = mi_parallel_for(run, "random orders", samples, one_order, &j, status);
    }
    for (size_t t = 0; t < threads; t++) {
        workspace_free(&j.workspaces[t]);
    }
    free(j.workspaces);
    return code;
}

mi_code mi_gmrf_profile(const void *state, size_t samples, const mi_run *run,
                        mi_profile **ret_profile, mi_status *status)
{
    const mi_gmrf *gmrf = state;
    mi_profile *profile = NULL;
    if (samples == 0) {
        return mi_fail(status, MI_INPUT, "a profile needs at least one random order");
    }
    mi_code code = mi_profile_create(gmrf->lattice->sites, &profile, status);
    if (code == MI_OK) {
        code = fill_profile(gmrf, samples, run, profile, status);
    }
    if (code != MI_OK) {
        mi_profile_destroy(profile);
        return code;
    }
    *ret_profile = profile;
    return MI_OK;
}
