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

/* q_c = |L^-1 (x_c - mean)|^2 of all crops; factor is L (dimension, dimension). */
mi_code mi_whitened_norms(const mi_crops *crops, const double *mean, const double *factor,
                          const mi_run *run, double *norms, mi_status *status);

/* Mean over points of log p(x), from their norms. */
double mi_mean_log_density(const mi_scales *scales, size_t dimension, double log_determinant,
                           const double *norms, size_t count);

#endif
