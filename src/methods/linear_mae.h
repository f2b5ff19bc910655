/* The moments of a linear masked autoencoder's data. */
#ifndef MASKINFO_METHODS_LINEAR_MAE_H
#define MASKINFO_METHODS_LINEAR_MAE_H

#include "maskinfo/linear.h"

/* (d,d) each, of the data divided by n d, so that losses are per value. */
typedef struct mi_linear_moments {
    size_t size;
    double trace;   /* of S */
    double *second; /* (1-m) S */
    double *ridge;  /* M = (1-m)^2 S + m (1-m) D */
} mi_linear_moments;

mi_code mi_linear_moments_create(const mi_linear_data *data, double ratio,
                                 mi_linear_moments *moments, mi_status *status);
void mi_linear_moments_free(mi_linear_moments *moments);

/* tr S - 2 tr (1-m) S W + tr W^T M W. */
mi_code mi_linear_moments_loss(const mi_linear_moments *moments, const double *product,
                               double *ret_loss, mi_status *status);

/* The rank must be in 1 .. d, the ratio in (0, 1), the token must divide d, the data be finite. */
mi_code mi_linear_check(const mi_linear_data *data, double ratio, size_t rank, mi_status *status);

#endif
