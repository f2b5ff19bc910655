/* Weighted least squares of y = A exp(-e x). Both families of fit.h are this: x = r gives
 * A exp(-e r), and x = -log(1-r) gives A (1-r)^e. */
#ifndef MASKINFO_INFO_DECAY_H
#define MASKINFO_INFO_DECAY_H

#include "maskinfo/status.h"

typedef struct mi_decay {
    double amplitude, amplitude_error;
    double exponent, exponent_error; /* errors from the variances given, not from the residuals */
    double chi_square;               /* sum of squared residuals over their variances */
} mi_decay;

/* The points and the solver's workspace; the caller fills x, y and variance (> 0). */
typedef struct mi_decay_problem mi_decay_problem;

mi_code mi_decay_create(size_t points, mi_decay_problem **ret_problem, mi_status *status);
void mi_decay_destroy(mi_decay_problem *problem); /* accepts NULL */

/* (points) each, owned by the problem. */
double *mi_decay_x(mi_decay_problem *problem);
double *mi_decay_y(mi_decay_problem *problem);
double *mi_decay_variance(mi_decay_problem *problem);

/* Starting values: the straight line log y = log A - e x through the points with y > 0, each
 * weighted by y^2/variance (the variance of log y). False with fewer than two such points. */
bool mi_decay_start(const mi_decay_problem *problem, mi_decay *ret_decay);

/* Minimise from *decay, which is overwritten by the solution; false where the iteration does not
 * converge or the errors are not finite. */
bool mi_decay_solve(mi_decay_problem *problem, mi_decay *decay);

#endif
