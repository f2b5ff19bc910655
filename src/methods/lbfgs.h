/* Minimum of a smooth, strictly convex function of many variables: limited-memory BFGS (Nocedal and
 * Wright 2006, Numerical Optimization, algorithm 7.5). GSL's multimin keeps one pair of differences
 * and needs several times the evaluations. */
#ifndef MASKINFO_METHODS_LBFGS_H
#define MASKINFO_METHODS_LBFGS_H

#include "maskinfo/status.h"

/* Value and gradient (n) at x (n). */
typedef mi_code (*mi_smooth)(const double *x, double *ret_value, double *gradient, void *context,
                             mi_status *status);

/* x: the start, then the minimum, where no entry of the gradient exceeds `tolerance`. MI_NUMERIC:
 * not within `limit` iterations, or no descent in double precision. */
mi_code mi_lbfgs(mi_smooth function, void *context, size_t n, double tolerance, size_t limit,
                 double *x, size_t *ret_iterations, mi_status *status);

#endif
