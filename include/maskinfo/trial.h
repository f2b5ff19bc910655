/* Estimators of mutual information on samples whose truth is known. docs/theory.md, section 6. */
#ifndef MASKINFO_TRIAL_H
#define MASKINFO_TRIAL_H

#include "maskinfo/run.h"

/* d pairs of standard Gaussians, independent but for the correlation rho within each pair: x has
 * one of each pair, y the other, and I(x; y) = -d/2 log(1 - rho^2). */
typedef struct mi_gaussian_pairs {
    size_t dimensions;  /* d */
    double correlation; /* rho, in (-1, 1) */
    size_t samples;     /* N of a set */
    size_t sets;        /* independent ones, at least 2 */
    size_t neighbors;   /* k */
    uint64_t index;     /* sets of different trials that must be independent differ in it */
} mi_gaussian_pairs;

/* Means over the sets with their standard errors, nats. */
typedef struct mi_gaussian_trial {
    double truth;
    double ksg, ksg_error;
    double ksg_lowest;               /* smallest estimate of a set */
    size_t ksg_negative;             /* sets whose estimate is below 0 */
    size_t ksg_tied;                 /* sum over the sets of mi_ksg's */
    bool has_gaussian;               /* false where N <= 2d: the covariance would be singular */
    double gaussian, gaussian_error; /* uncorrected */
    double gaussian_bias;            /* the known one */
} mi_gaussian_trial;

/* Sets are drawn from MI_PURPOSE_PAIRS. MI_INPUT as mi_ksg_information. */
mi_code mi_gaussian_trial_run(const mi_gaussian_pairs *pairs, const mi_run *run,
                              mi_gaussian_trial *ret_trial, mi_status *status);

#endif
