/* Mutual information as if the samples were Gaussian: log-determinants of their covariance. */
#ifndef MASKINFO_GAUSSIAN_H
#define MASKINFO_GAUSSIAN_H

#include "maskinfo/ksg.h"

typedef struct mi_gaussian {
    double information; /* 1/2 (log|S_x| + log|S_y| - log|S|) of the sample covariance S, nats;
                           never negative */
    double bias;        /* its expectation less the truth, were the samples Gaussian: with p
                           variables and n samples E log|S| - log|Sigma| =
                           p log(2/(n-1)) + sum_{j=1..p} psi((n-j)/2) (Wishart; Misra, Singh and
                           Demchuk 2005, J. Multivariate Analysis 92:324); independent of Sigma */
} mi_gaussian;

/* MI_INPUT where n <= x_dimensions + y_dimensions; MI_NUMERIC where a variable is constant or a
 * combination of others. A standard error is taken over independent sets, by the caller. */
mi_code mi_gaussian_information(const mi_points *points, mi_gaussian *ret_gaussian,
                                mi_status *status);

#endif
