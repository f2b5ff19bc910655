/* One mask of a Gaussian field, straight from its precision matrix (Rue and Held 2005,
 * theorem 2.3):
 *
 *     Var(x_i | x_v) = [(Q_mm)^-1]_ii,      x_m - E(x_m | x_v) = (Q_mm)^-1 (Q x)_m,
 *     I(x_m; x_v) = (log|Q_mm| + log|Q_vv| - log|Q|) / 2.
 *
 * The draw enters through b = Q x alone, whose covariance is Q: b = sqrt(kappa) z + sum over edges
 * of w_ij (e_i - e_j) with independent standard normal z and w needs no factor of Q (Papandreou and
 * Yuille 2010, "Gaussian sampling by local perturbations"). Channels are independent and alike: one
 * is drawn, and stands for all of them in the cross-entropy.
 */
#include "gmrf.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dense.h"
#include "gmrf_band.h"
#include "gmrf_large.h"
#include "gmrf_neighbors.h"
#include "gmrf_torus.h"
#include "gmrf_work.h"
#include "maskinfo/memory.h"

void mi_gmrf_scratch_destroy(void *opt_scratch)
{
    mi_gmrf_work *s = opt_scratch;
    if (s != NULL) {
        free(s->matrix);
        mi_sparse_destroy(s->solver);
        free(s->sites);
        free(s->innovation);
        free(s);
    }
}

/* `sites` and `innovation` own the blocks of the vectors after them. */
mi_code mi_gmrf_scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    const mi_gmrf *gmrf = state;
    size_t n = gmrf->lattice->sites;
    mi_gmrf_work *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    if ((code = gmrf->large != NULL
                    ? mi_gmrf_large_solver(gmrf, &s->solver, status)
                    : mi_allocate(n * n, sizeof *s->matrix, &s->matrix, status)) != MI_OK ||
        (code = mi_allocate(2 * n, sizeof *s->sites, &s->sites, status)) != MI_OK ||
        (code = mi_allocate(3 * n, sizeof *s->innovation, &s->innovation, status)) != MI_OK) {
        mi_gmrf_scratch_destroy(s);
        return code;
    }
    s->position = s->sites + n;
    s->residual = s->innovation + n;
    s->variance = s->innovation + 2 * n;
    *ret_scratch = s;
    return MI_OK;
}

/* b = Q x; the same draws in the same order whatever the mask. */
void mi_gmrf_draw(const mi_gmrf *gmrf, gsl_rng *draw, mi_gmrf_work *s)
{
    double *innovation = s->innovation;
    const mi_lattice *lattice = gmrf->lattice;
    for (size_t i = 0; i < lattice->sites; i++) {
        innovation[i] = gsl_ran_gaussian_ziggurat(draw, sqrt(gmrf->kappa));
    }
    for (size_t i = 0; i < lattice->sites; i++) {
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            size_t j = lattice->neighbor[i][e];
            if (j > i) {
                double difference = gsl_ran_gaussian_ziggurat(draw, 1);
                innovation[i] += difference;
                innovation[j] -= difference;
            }
        }
    }
}

/* List the sites that are masked, or those that are not; their number. */
static size_t list_sites(const mi_gmrf *gmrf, const unsigned char *masked, bool want,
                         mi_gmrf_work *s)
{
    size_t count = 0;
    if (gmrf->large != NULL) {
        return mi_gmrf_large_list(gmrf, masked, want, s->sites, s->position);
    }
    for (size_t i = 0; i < gmrf->lattice->sites; i++) {
        if ((masked[i] != 0) == want) {
            s->position[i] = count;
            s->sites[count++] = i;
        }
    }
    return count;
}

/* Cholesky factor of the block of Q that list_sites chose, in s->matrix (count,count). */
static mi_code factorise_block(const mi_gmrf *gmrf, const unsigned char *masked, size_t count,
                               mi_gmrf_work *s, mi_status *status)
{
    const mi_lattice *lattice = gmrf->lattice;
    if (gmrf->large != NULL) {
        return mi_gmrf_large_factorise(gmrf, s->sites, s->position, count, s->solver, status);
    }
    for (size_t i = 0; i < count * count; i++) {
        s->matrix[i] = 0;
    }
    for (size_t p = 0; p < count; p++) {
        size_t i = s->sites[p];
        s->matrix[p * count + p] = gmrf->kappa + (double)lattice->degree[i];
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            size_t j = lattice->neighbor[i][e];
            if ((masked[j] != 0) == (masked[i] != 0)) {
                s->matrix[p * count + s->position[j]] = -1;
            }
        }
    }
    return mi_cholesky(s->matrix, count, status);
}

/* Of the block that factorise_block factorised last. */
static double block_log_determinant(const mi_gmrf *gmrf, size_t count, const mi_gmrf_work *s)
{
    return gmrf->large != NULL ? mi_sparse_log_determinant(s->solver)
                               : mi_factor_log_determinant(s->matrix, count);
}

/* Residuals and conditional variances of the masked sites, and log|Q_mm|. */
static mi_code given_visible(const mi_gmrf *gmrf, const unsigned char *masked, size_t count,
                             mi_gmrf_work *s, double *ret_log_determinant, mi_status *status)
{
    mi_code code = factorise_block(gmrf, masked, count, s, status);
    if (code != MI_OK) {
        return code;
    }
    *ret_log_determinant = block_log_determinant(gmrf, count, s);
    for (size_t p = 0; p < count; p++) {
        s->residual[p] = s->innovation[s->sites[p]];
    }
    if (gmrf->large != NULL) {
        return mi_gmrf_large_conditional(s->solver, s->residual, s->variance, status);
    }
    mi_solve_lower(s->matrix, count, s->residual, 1);
    mi_solve_lower_transposed(s->matrix, count, s->residual, 1);
    code = mi_invert_lower(s->matrix, count, status);
    for (size_t p = 0; p < count && code == MI_OK; p++) {
        const double *column = s->matrix + p * count + p;
        s->variance[p] = cblas_ddot((int)(count - p), column, 1, column, 1);
    }
    return code;
}

/* x of a dense field. Q may be all but singular, its regular part is not. */
static void dense_configuration(const mi_gmrf *gmrf, mi_gmrf_work *s)
{
    size_t n = gmrf->lattice->sites;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += s->innovation[i];
    }
    mi_gmrf_regular_times(gmrf, s->innovation, s->variance, s->residual);
    for (size_t i = 0; i < n; i++) {
        s->residual[i] += gmrf->common * sum;
    }
}

mi_code mi_gmrf_configuration(const mi_gmrf *gmrf, mi_gmrf_work *s, mi_status *status)
{
    if (gmrf->large == NULL) {
        dense_configuration(gmrf, s);
        return MI_OK;
    }
    mi_code code = mi_gmrf_large_configuration(gmrf, s->sites, s->position, s->solver, s->residual,
                                               s->variance, s->innovation, status);
    memcpy(s->residual, s->innovation, gmrf->lattice->sites * sizeof *s->residual);
    return code;
}

/* What given_visible gives, without any visible site. */
static mi_code given_nothing(const mi_gmrf *gmrf, mi_gmrf_work *s, mi_status *status)
{
    mi_code code = mi_gmrf_configuration(gmrf, s, status);
    for (size_t i = 0; i < gmrf->lattice->sites; i++) {
        s->sites[i] = i;
        s->variance[i] = mi_gmrf_variance(gmrf, i);
    }
    return code;
}

/* A regular lattice of a large torus needs no second factor. */
static bool lattice_information(const mi_gmrf *gmrf, const unsigned char *masked,
                                double *ret_information)
{
    mi_sublattice found;
    if (gmrf->large == NULL || !gmrf->torus ||
        (!mi_torus_find_sublattice(gmrf, masked, 0, &found) &&
         !mi_torus_find_sublattice(gmrf, masked, 1, &found))) {
        return false;
    }
    *ret_information = mi_torus_sublattice_information(gmrf, found);
    return true;
}

static mi_code joint_information(const mi_gmrf *gmrf, const unsigned char *masked,
                                 double log_masked, mi_gmrf_work *s, double *ret_information,
                                 mi_status *status)
{
    double n = (double)gmrf->lattice->sites, information = 0;
    if (lattice_information(gmrf, masked, &information)) {
        *ret_information = gmrf->channels * information / n;
        return MI_OK;
    }
    size_t visible = list_sites(gmrf, masked, false, s);
    mi_code code = factorise_block(gmrf, masked, visible, s, status);
    if (code == MI_OK) {
        double logs = log_masked + block_log_determinant(gmrf, visible, s);
        *ret_information = gmrf->channels * 0.5 * (logs - gmrf->log_determinant) / n;
    }
    return code;
}

/* Means over the masked sites of what their lattice alone tells: nothing visible, and only the
 * visible neighbours. */
static void summarise_nearby(const mi_gmrf *gmrf, const unsigned char *masked, size_t count,
                             const mi_gmrf_work *s, mi_mask_result *result)
{
    double alone = 0, nearby = 0, n = (double)count;
    for (size_t p = 0; p < count; p++) {
        alone += log(mi_gmrf_variance(gmrf, s->sites[p]));
        nearby += mi_gmrf_log_variance_given_neighbors(gmrf, s->sites[p], masked);
    }
    result->marginal_entropy = gmrf->channels * mi_gaussian_entropy(alone / n);
    result->neighbor_entropy = gmrf->channels * mi_gaussian_entropy(nearby / n);
}

/* Means over the masked sites: entropies of N(0, v), and -log N(e; 0, v) of the residuals e. */
static void summarise(const mi_gmrf *gmrf, const unsigned char *masked, size_t count,
                      const mi_gmrf_work *s, mi_mask_result *result)
{
    summarise_nearby(gmrf, masked, count, s, result);
    double logs = 0, squares = 0, variances = 0;
    for (size_t p = 0; p < count; p++) {
        logs += log(s->variance[p]);
        squares += s->residual[p] * s->residual[p] / s->variance[p];
        variances += s->variance[p];
    }
    double n = (double)count, entropy = mi_gaussian_entropy(logs / n);
    result->conditional_entropy = gmrf->channels * entropy;
    result->cross_entropy = gmrf->channels * (entropy + 0.5 * (squares / n - 1));
    result->mse = variances / n / gmrf->mean_variance;
}

mi_code mi_gmrf_judge(const mi_gmrf *gmrf, const unsigned char *masked, mi_gmrf_work *s,
                      size_t *ret_count, double *ret_log_masked, mi_mask_result *result,
                      mi_status *status)
{
    size_t count = list_sites(gmrf, masked, true, s);
    *result = (mi_mask_result){0};
    *ret_count = count;
    *ret_log_masked = 0;
    mi_code code = count == gmrf->lattice->sites
                       ? given_nothing(gmrf, s, status)
                       : given_visible(gmrf, masked, count, s, ret_log_masked, status);
    if (code == MI_OK) {
        summarise(gmrf, masked, count, s, result);
    }
    return code;
}

mi_code mi_gmrf_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                         gsl_rng *draw, bool wants_joint, void *opaque, mi_mask_result *result,
                         mi_status *status)
{
    (void)origin; /* there is no held-out data */
    const mi_gmrf *gmrf = state;
    mi_gmrf_work *s = opaque;
    double log_masked = 0;
    size_t count = 0;
    mi_gmrf_draw(gmrf, draw, s);
    mi_code code = mi_gmrf_judge(gmrf, masked, s, &count, &log_masked, result, status);
    return code == MI_OK && wants_joint && count < gmrf->lattice->sites
               ? joint_information(gmrf, masked, log_masked, s, &result->joint_information, status)
               : code;
}

mi_code mi_gmrf_sample(const void *state, gsl_rng *draw, void *opaque, double *values,
                       mi_status *status)
{
    const mi_gmrf *gmrf = state;
    mi_gmrf_work *s = opaque;
    mi_gmrf_draw(gmrf, draw, s);
    mi_code code = mi_gmrf_configuration(gmrf, s, status);
    memcpy(values, s->residual, gmrf->lattice->sites * sizeof *values);
    return code;
}
