/* Gaussian scale mixtures (Wainwright and Simoncelli 2000, "Scale mixtures of Gaussians and the
 * statistics of natural images", NIPS 12): x = sqrt(z) g, g Gaussian with covariance Sigma and z a
 * contrast with weights on a grid. For n coordinates with Sigma = L L^T and q = |L^-1 x|^2,
 *
 *     log p(x) = -n/2 log 2 pi - log|L| + m_n(q),   m_n(q) = log sum_z w_z z^(-n/2) exp(-q / 2z).
 *
 * A plain Gaussian is the grid {1}.
 */
#ifndef MASKINFO_MODELS_SCALES_H
#define MASKINFO_MODELS_SCALES_H

#include "maskinfo/status.h"

typedef struct mi_scales {
    size_t count;
    double *log_scale;  /* log z, increasing */
    double *precision;  /* 1/z */
    double *log_weight; /* log w; -infinity where w = 0 */
} mi_scales;

/* `count` scales from low to high, equally spaced in their logarithm (one scale: the geometric
 * mean of both), with equal weights. */
mi_code mi_scales_create(size_t count, double low, double high, mi_scales **ret_scales,
                         mi_status *status);

/* A grid that reaches a factor e beyond the contrasts q/n of `count` points of n coordinates; {1}
 * for one scale. */
mi_code mi_scales_span(size_t scales, size_t n, const double *q, size_t count,
                       mi_scales **ret_scales, mi_status *status);
void mi_scales_destroy(mi_scales *scales); /* accepts NULL */

/* m_n(q). */
double mi_scales_log_density(const mi_scales *scales, size_t n, double q);

/* E[1/z | x] and E[log z | x] from n coordinates of x; each may be NULL. */
void mi_scales_posterior(const mi_scales *scales, size_t n, double q, double *opt_precision,
                         double *opt_log_scale);

/* `steps` EM steps on the weights, for the q of `count` points of n coordinates. The likelihood of
 * the points never decreases. */
mi_code mi_scales_fit_weights(mi_scales *scales, size_t n, const double *q, size_t count,
                              size_t steps, mi_status *status);

/* Add one point, spread evenly over the scales, to the `count` points that the weights come from: a
 * new point may have a contrast that none of them had, and must not count as impossible. */
void mi_scales_smooth(mi_scales *scales, size_t count);

/* Divide all z by their weighted geometric mean, which is returned: multiplying Sigma by it leaves
 * the density as it was and makes its scale a number that can be compared. */
double mi_scales_normalise(mi_scales *scales);

#endif
