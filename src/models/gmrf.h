/* Gaussian Markov random field on a lattice (Rue and Held 2005, "Gaussian Markov Random Fields",
 * chapter 2): a zero-mean Gaussian of the precision matrix
 *
 *     Q = kappa I + sum over edges (i,j) of (e_i - e_j)(e_i - e_j)^T,      Sigma = Q^-1.
 *
 * The constant vector 1 is an eigenvector of Q with the eigenvalue kappa, on every lattice, because
 * each edge term sends it to zero. A small kappa therefore spoils the condition of Q in this one
 * direction only, and it is taken out exactly: with a shift c > 0
 *
 *     Q_c = Q + (c/N) 1 1^T,   S = Q_c^-1,   Sigma = S + a 1 1^T,   a = c / (kappa (kappa+c) N),
 *     log|Q| = log|Q_c| + log(kappa / (kappa+c)).
 *
 * Only the well-conditioned Q_c and S are ever factorised whole, whatever kappa. Large lattices
 * have sparse factors instead (gmrf_large.h). Either way Sigma = S + a g g^T with a regular part S,
 * a common variance a and the response g of each site to it.
 */
#ifndef MASKINFO_MODELS_GMRF_H
#define MASKINFO_MODELS_GMRF_H

#include "lattice.h"
#include "maskinfo/model.h"

typedef struct mi_gmrf_large mi_gmrf_large;
typedef struct mi_gmrf_band mi_gmrf_band;

typedef struct mi_gmrf {
    mi_lattice *lattice;
    bool torus;
    double kappa;
    double channels;        /* independent copies of the field at each site: entropies times this */
    double *regular;        /* S (N,N), full; NULL where the lattice is large */
    mi_gmrf_large *large;   /* NULL where it is not */
    mi_gmrf_band *band;     /* for products with S; NULL where these take the matrix */
    double common;          /* a, the variance that all sites share */
    double log_determinant; /* log|Q| */
    double mean_variance;   /* mean of Sigma_ii */
    double mean_last_variance; /* mean of 1/Q_ii: all other sites visible */
    double scale;              /* mean of Q_ii: variances times this are of order 1 */
    double log_variance;       /* mean of log Sigma_ii */
    double log_last_variance;  /* mean of log 1/Q_ii */
} mi_gmrf;

/* Entropy of a Gaussian of which log_variance is known: (log 2 pi e + log_variance) / 2. */
double mi_gaussian_entropy(double log_variance);

/* S_ij, where the lattice is large of i = j, of neighbours and of sites with a common neighbour;
 * g_i; Sigma_ii. */
double mi_gmrf_regular(const mi_gmrf *gmrf, size_t i, size_t j);
double mi_gmrf_response(const mi_gmrf *gmrf, size_t i);
double mi_gmrf_variance(const mi_gmrf *gmrf, size_t i);

/* The field that the parameters grid, neighbors, kappa and boundary of `values` describe, the table
 * of any model that has them; release with mi_gmrf_destroy, which accepts NULL. `large` treats the
 * lattice as a large one whatever its size, so that both ways can be compared. */
mi_code mi_gmrf_create(const mi_values *values, long long channels, bool large, const mi_run *run,
                       mi_gmrf **ret_gmrf, mi_status *status);
void mi_gmrf_destroy(void *gmrf);
/* The callbacks of mi_gmrf_class that stand in files of their own. */
mi_code mi_gmrf_profile(const void *state, size_t samples, const mi_run *run,
                        mi_profile **ret_profile, mi_status *status);
mi_code mi_gmrf_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                         gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                         mi_status *status);
mi_code mi_gmrf_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                       mi_status *status);
mi_code mi_gmrf_example_shape(const void *state, mi_example_shape *ret_shape, mi_status *status);
mi_code mi_gmrf_example(const void *state, mi_origin origin, gsl_rng *draw, void *scratch,
                        double *values, int *ret_label, mi_status *status);
mi_code mi_gmrf_posterior(const void *state, const unsigned char *masked, gsl_rng *draw,
                          void *scratch, mi_mask_posterior *posterior, mi_status *status);
mi_code mi_gmrf_scratch_create(const void *state, void **ret_scratch, mi_status *status);
void mi_gmrf_scratch_destroy(void *scratch);

#endif
