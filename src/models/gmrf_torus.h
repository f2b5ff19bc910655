/* Gaussian field on a torus: Q is block circulant, its eigenvectors are plane waves (Rue and Held
 * 2005, section 2.6), and its eigenvalues are, at the wave (a,b) with u = sin^2(pi a / rows) and
 * v = sin^2(pi b / columns),
 *
 *     4 neighbours:  kappa + 4 u + 4 v
 *     8 neighbours:  kappa + 12 u + 12 v - 16 u v.
 *
 * The sines keep what is left of kappa at small waves.
 */
#ifndef MASKINFO_MODELS_GMRF_TORUS_H
#define MASKINFO_MODELS_GMRF_TORUS_H

#include "gmrf.h"

double mi_torus_eigenvalue(const mi_gmrf *gmrf, size_t a, size_t b);

/* log|Q|, the sum of their logarithms. */
double mi_torus_log_determinant(const mi_gmrf *gmrf);

/* (N) Sigma_ij - 1 / (kappa N) of two sites by the rows and columns between them, row by row: the
 * Fourier transform of 1 / eigenvalues in both directions without that of the constant wave, which
 * may be far larger than all others. */
mi_code mi_torus_covariances(const mi_gmrf *gmrf, double *covariances, mi_status *status);

/* A regular lattice of sites: each `down` rows and each `across` columns, both of which divide the
 * sides. */
typedef struct mi_sublattice {
    size_t down, across;
} mi_sublattice;

/* Are the sites with masked[i] == want such a lattice, wherever it starts, that is neither all of
 * the torus nor a single site? */
bool mi_torus_find_sublattice(const mi_gmrf *gmrf, const unsigned char *masked, unsigned char want,
                              mi_sublattice *ret_sublattice);

/* I(x_s; x_rest) in nats, of the sites s of a lattice and all others: (log|Sigma_ss| + log|Q_ss|)
 * / 2. Both blocks are block circulant on the smaller torus, and their eigenvalues are the means of
 * 1 / lambda and of lambda over the waves that the lattice can not tell apart (aliases). */
double mi_torus_sublattice_information(const mi_gmrf *gmrf, mi_sublattice s);

#endif
