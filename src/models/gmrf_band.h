/* The regular part S = Q_c^-1 of a free lattice (gmrf.h) times a vector, without its N^2 numbers:
 * sites in rows along the shorter side make Q a band. Q_c R = b with Q_c = Q + (c/N) 1 1^T and
 * Q 1 = kappa 1 gives
 *
 *     sum R = sum b / (kappa + c),      Q R = b - (c/N) (sum R) 1 = b',
 *
 * and with the last site s left out, m the others and g the response to s (gmrf_large.h),
 *
 *     R_m = p + g_m R_s,   p = Q_mm^-1 b'_m,      R_s = (sum R - sum p) / sum g,
 *
 * in which nothing is singular, whatever kappa.
 */
#ifndef MASKINFO_MODELS_GMRF_BAND_H
#define MASKINFO_MODELS_GMRF_BAND_H

#include "gmrf.h"

struct mi_gmrf_band {
    size_t count, width; /* N - 1, and entries of a row of the factor before its diagonal */
    size_t *order;       /* (N) the site at each place */
    double *factor;      /* (count, width) L of Q_mm, row i: L_i,i-width .. L_i,i-1 */
    double *inverse;     /* (count) 1 / L_ii */
    double *response;    /* (N) g by place */
    double shift, response_sum;
};

/* gmrf->band, or nothing where it would not be the faster way. `shift` is c. */
mi_code mi_gmrf_band_create(mi_gmrf *gmrf, double shift, mi_status *status);
void mi_gmrf_band_destroy(mi_gmrf_band *opt_band);

/* product (N) = S b, by the band where there is one. work (N) is room; all different. */
void mi_gmrf_regular_times(const mi_gmrf *gmrf, const double *b, double *work, double *product);

#endif
