/* Lattices too large for dense matrices: Q is factorised by nested dissection (dissection.h,
 * sparse.h), variances come by selected inversion (selected.c).
 *
 * The whole Q of a small kappa is all but singular. One site s is left out; with m all others,
 * w = Q_mm^-1 1 and Q 1 = kappa 1,
 *
 *     E(x_m | x_s) = g_m x_s,   g_m = -Q_mm^-1 Q_ms = 1 - kappa w,    g_s = 1,
 *     1 / Sigma_ss = Q_ss - Q_sm Q_mm^-1 Q_ms = kappa (1 + sum of w_j over the neighbours j of s),
 *     log|Q| = log|Q_mm| - log Sigma_ss,        Sigma = S + Sigma_ss g g^T,   S_mm = Q_mm^-1,
 *
 * and S is 0 in the row and column of s. All are sums of positive numbers: nothing cancels, and
 * Q_mm is no worse than the lattice's own Laplacian with one site held, whatever kappa.
 *
 * On a torus log|Q| and the variances are had from the eigenvalues (gmrf_torus.h) instead.
 */
#ifndef MASKINFO_MODELS_GMRF_LARGE_H
#define MASKINFO_MODELS_GMRF_LARGE_H

#include "gmrf.h"
#include "sparse.h"

enum { MI_PAIRS = 13 }; /* a site itself, and half of the 24 sites around it */

struct mi_gmrf_large {
    size_t *order;    /* (N) nested dissection */
    double *pairs;    /* free: (N, 13) S of each site with those not before it, two steps apart;
                         torus: (1, 13), the same for all sites */
    double *response; /* free: (N) g; torus: NULL, 1 everywhere */
    size_t left_out;  /* s */
};

/* Bytes that a lattice needs: once, and for each thread that evaluates masks. Of the same order as
 * what is then used, not a bound. */
typedef struct mi_gmrf_estimate {
    double once, thread;
} mi_gmrf_estimate;
mi_gmrf_estimate mi_gmrf_estimate_memory(double sites, bool torus);

/* gmrf->large, log_determinant and common of a lattice whose other parts are set. What is costly is
 * skipped where the run only validates. */
mi_code mi_gmrf_large_create(mi_gmrf *gmrf, int neighbors, const mi_run *run, mi_status *status);
void mi_gmrf_large_destroy(mi_gmrf_large *opt_large);

double mi_gmrf_large_regular(const mi_gmrf *gmrf, size_t i, size_t j);

/* Room for the blocks of Q. */
mi_code mi_gmrf_large_solver(const mi_gmrf *gmrf, mi_sparse **ret_solver, mi_status *status);

/* Where the sites with masked[i] == want stand in nested dissection: sites (N) and position (N);
 * their number. opt_masked NULL: all but the one left out. */
size_t mi_gmrf_large_list(const mi_gmrf *gmrf, const unsigned char *opt_masked, unsigned char want,
                          size_t *sites, size_t *position);

/* Factorise the block of Q of `count` >= 1 listed sites. position is read for listed sites and
 * their neighbours only, and entries of others must be >= count. */
mi_code mi_gmrf_large_factorise(const mi_gmrf *gmrf, const size_t *sites, const size_t *position,
                                size_t count, mi_sparse *solver, mi_status *status);

/* residual (count), (Q x) of the listed sites, becomes Q_mm^-1 (Q x)_m; variance (count) the
 * diagonal of Q_mm^-1, in the order of the list. Uses the factor up. */
mi_code mi_gmrf_large_conditional(mi_sparse *solver, double *residual, double *variance,
                                  mi_status *status);

/* innovation (N) = Q x becomes x. sites, position, rest and w (N) are work space. */
mi_code mi_gmrf_large_configuration(const mi_gmrf *gmrf, size_t *sites, size_t *position,
                                    mi_sparse *solver, double *rest, double *w, double *innovation,
                                    mi_status *status);

#endif
