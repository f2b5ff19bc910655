/* What the visible lattice neighbours of a site tell about it (docs/theory.md, section 4):
 * H(X_i | X_T) of a subset T of the neighbours of i, from the covariance of i and its neighbours.
 */
#ifndef MASKINFO_MODELS_GMRF_NEIGHBORS_H
#define MASKINFO_MODELS_GMRF_NEIGHBORS_H

#include "gmrf.h"

/* log Var(x_i | x_T), T the neighbours that are visible (masked[j] == 0). */
double mi_gmrf_log_variance_given_neighbors(const mi_gmrf *gmrf, size_t site,
                                            const unsigned char *masked);

/* h (N) becomes the mean over sites i and over uniformly random k-subsets S of the other sites of
 * H(X_i | X_(S and neighbours of i)), k = 0..N-1, in closed form: S meets the d neighbours of i in
 * exactly a given set of t with the probability
 *
 *     C(N-1-d, k-t) / C(N-1, k) = (k)_t (N-1-k)_(d-t) / (N-1)_d,   (x)_t = x (x-1) ... (x-t+1).
 */
void mi_gmrf_neighbor_profile(const mi_gmrf *gmrf, double *h);

#endif
