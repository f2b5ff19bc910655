/* The density of crops: a Gaussian, or a Gaussian scale mixture, with a shrunk covariance. */
#ifndef MASKINFO_MODELS_PATCH_FIT_H
#define MASKINFO_MODELS_PATCH_FIT_H

#include "crops.h"
#include "moments.h"
#include "scales.h"

typedef struct mi_patch_options {
    mi_crop_shape shape;
    size_t scales;     /* 1: a Gaussian */
    size_t iterations; /* of EM at most; not used by a Gaussian */
    double enough;     /* EM ends at a gain of less, nats per coordinate of a crop */
    double shrinkage;  /* share of the stationary covariance, or negative: chosen by validation */
} mi_patch_options;

typedef struct mi_patch_fit {
    size_t dimension, crops; /* of a crop; that were fitted */
    double *mean;            /* (dimension) */
    double *covariance;      /* (dimension, dimension) Sigma, both triangles */
    mi_scales *scales;
    double shrinkage;
    size_t steps;           /* of log_likelihood */
    double *log_likelihood; /* (steps) mean over the fitting crops of log p before each update of
                               Sigma that was kept, and after the last, with the weights' one more
                               point; never decreases */
} mi_patch_fit;

/* Fit by EM on all fitting crops, after the shrinkage has been chosen by the likelihood of the
 * validation crops under a covariance of those fitting crops that do not touch validation areas. */
mi_code mi_patch_fit_create(const mi_crops *fitting, const mi_crops *validation,
                            const mi_patch_options *options, const mi_run *run,
                            mi_patch_fit **ret_fit, mi_status *status);
void mi_patch_fit_destroy(mi_patch_fit *fit); /* accepts NULL */

#endif
