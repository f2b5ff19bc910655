/* Whitened norms of crops, and their density under a scale mixture. */
#ifndef MASKINFO_MODELS_WHITEN_H
#define MASKINFO_MODELS_WHITEN_H

#include "crops.h"
#include "scales.h"

/* panel (dimension, count), column by column: x - mean of the crops chosen[0..count-1], or of
 * `first`, first + 1, ... where chosen is NULL; their sites in the given order, or as they are
 * where opt_order is NULL. */
void mi_center_crops(const mi_crops *crops, const size_t *opt_chosen, size_t first, size_t count,
                     const double *mean, const size_t *opt_order, size_t block, double *panel);

/* q and t of a whitened point. */
mi_norm mi_norm_of(const double *whitened, const double *unit, size_t n);

/* unit (n) = u = L^-1 1; returns s = u.u. */
double mi_whitened_unit(const double *factor, size_t n, double *unit);

/* q = y.y and t = u.y of all crops, y = L^-1 (x - mean), and s = u.u; factor is L (dimension,
 * dimension). */
mi_code mi_whitened_norms(const mi_crops *crops, const double *mean, const double *factor,
                          const mi_run *run, mi_norm *norms, double *ret_s, mi_status *status);

/* Mean over points of log p(x), from their norms; terms is of mi_scales_terms. */
double mi_mean_log_density(const mi_scales *scales, const double *terms, size_t dimension,
                           double log_determinant, const mi_norm *norms, size_t count);

#endif
