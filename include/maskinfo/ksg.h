/* Mutual information of continuous samples by nearest neighbours: Kraskov, Stoegbauer and
 * Grassberger 2004, "Estimating mutual information", doi:10.1103/PhysRevE.69.066138, estimator 1,
 * their eq. 8,
 *
 *     I = psi(k) + psi(N) - < psi(n_x + 1) + psi(n_y + 1) >,
 *
 * where eps_i is the distance of point i to its k-th neighbour in the maximum norm over all
 * coordinates of x and y, and n_x, n_y count the points whose distance in x, or in y, is strictly
 * below eps_i. docs/theory.md, section 6.
 *
 * The estimate has no bound: near independence half of the estimates are negative, and they are
 * returned as they are. Within one set the terms are dependent, so a standard error is taken over
 * independent sets, by the caller. */
#ifndef MASKINFO_KSG_H
#define MASKINFO_KSG_H

#include "maskinfo/run.h"

/* N pairs (x, y), coordinate by coordinate: coordinate c of point i at c * count + i. */
typedef struct mi_points {
    size_t count;                      /* N */
    size_t x_dimensions, y_dimensions; /* at least 1 each */
    const double *x, *y;               /* (dimensions, count), finite */
} mi_points;

typedef struct mi_ksg {
    double information; /* nats; may be negative */
    size_t tied;        /* points whose k-th and (k+1)-th neighbour are equally far: with a density
                           there are none; rounded data have them, and their eps_i is coarse */
} mi_ksg;

/* O(N^2 d), exact; in parallel over the points. MI_INPUT: k not in [1, N-1], a coordinate that is
 * not finite, or a point that coincides with its k-th neighbour: discrete or rounded data, where
 * there is no density and the estimate would depend on rounding alone. */
mi_code mi_ksg_information(const mi_points *points, size_t neighbors, const mi_run *run,
                           mi_ksg *ret_ksg, mi_status *status);

#endif
