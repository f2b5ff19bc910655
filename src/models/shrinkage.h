/* Choice of the share of the stationary covariance by held-out likelihood. */
#ifndef MASKINFO_MODELS_SHRINKAGE_H
#define MASKINFO_MODELS_SHRINKAGE_H

#include "moments.h"
#include "scales.h"

/* Least eigenvalue that every covariance is given, relative to its mean variance: above the
 * rounding error of a factorisation of 4096 dimensions (about n^2 2^-53), and far below the noise
 * of one grey level, 1/12, beside the variance of a photograph. */
#define MI_NOISE_FLOOR 1e-8

/* The share, among a fixed list from 0 to 1, under which the validation crops are most likely;
 * their contrasts have a grid of `scales` scales. MI_NUMERIC where no share gives a positive
 * definite matrix. */
mi_code mi_shrinkage_choose(const double *covariance, const double *mean,
                            const mi_stationary *stationary, const mi_crops *validation,
                            size_t scales, double brightness, const mi_run *run, double *ret_share,
                            mi_status *status);

#endif
