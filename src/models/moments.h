/* Weighted mean and covariance of crops, and the covariance's shrinkage towards a stationary one:
 *
 *     mean = sum_c w_c (x_c - b_c) / sum_c w_c,
 *     S = sum_c w_c (x_c - b_c - mean)(x_c - b_c - mean)^T / n,
 *
 * n the number of positive weights: the maximum-likelihood moments of a scale mixture whose crops
 * have scales 1/w_c and brightnesses b_c (on all coordinates alike). A weight of 0 leaves the crop
 * out.
 */
#ifndef MASKINFO_MODELS_MOMENTS_H
#define MASKINFO_MODELS_MOMENTS_H

#include "crops.h"

/* weight and brightness of a crop */
typedef struct mi_role {
    double weight, brightness;
} mi_role;

/* roles is (crops), mean (dimension). */
mi_code mi_crops_mean(const mi_crops *crops, const mi_role *roles, const mi_run *run, double *mean,
                      mi_status *status);

/* covariance is (dimension, dimension), both triangles. Each entry is summed by one thread in the
 * order of the crops, so that the bytes do not depend on the number of threads. */
mi_code mi_crops_covariance(const mi_crops *crops, const mi_role *roles, const double *mean,
                            const mi_run *run, double *covariance, mi_status *status);

/* The mean of a covariance over all pairs of pixels with the same displacement, channel by channel.
 * Windows that fall anywhere on an image have such a covariance, with far fewer parameters than the
 * sample one. */
typedef struct mi_stationary {
    size_t height, width, channels; /* of the crop */
    size_t *row, *column, *channel; /* (dimension) of each coordinate */
    double *values; /* (height, 2 width - 1, channels, channels) by row and column displacement */
} mi_stationary;

mi_code mi_stationary_create(const double *covariance, mi_crop_shape shape,
                             mi_stationary **ret_stationary, mi_status *status);
void mi_stationary_destroy(mi_stationary *stationary); /* accepts NULL */

/* shrunk = (1 - share) covariance + share * stationary + floor * mean variance * identity, both
 * triangles; shrunk may be covariance. */
void mi_shrink(const double *covariance, size_t dimension, const mi_stationary *stationary,
               double share, double floor, double *shrunk);

#endif
