/* Gaussian scale mixtures (Wainwright and Simoncelli 2000, "Scale mixtures of Gaussians and the
 * statistics of natural images", NIPS 12) with a brightness of their own:
 *
 *     x = mean + b 1 + sqrt(z) g,
 *
 * g Gaussian with covariance Sigma, z a contrast with weights w_z on a grid, and b Gaussian with
 * variance beta, independent of z. Wainwright and Simoncelli's law is one of band-pass
 * coefficients, which have no mean level; pixels have, and it does not shrink with the contrast: a
 * bright sky is smooth. Without b the density of one pixel alone is wrong by a nat and the
 * information with it.
 *
 * For n coordinates let Sigma = L L^T, y = L^-1 (x - mean), u = L^-1 1, q = y.y, t = u.y, s = u.u.
 * By the matrix determinant lemma and the Sherman-Morrison formula
 *
 *     log p(x) = -n/2 log 2 pi - log|L| + log sum_z exp(terms_z),
 *     terms_z = log w_z - n/2 log z - 1/2 log(1 + beta s / z) - (q - slope_z t^2) / 2z,
 *     slope_z = beta / (z + beta s),
 *
 * and given z and x, b is Gaussian with mean slope_z t and variance slope_z z. So q, t and s, which
 * grow along an order of the coordinates, are all that is ever needed. A plain Gaussian is the grid
 * {1} with beta = 0.
 */
#ifndef MASKINFO_MODELS_SCALES_H
#define MASKINFO_MODELS_SCALES_H

#include "maskinfo/status.h"

typedef struct mi_scales {
    size_t count;
    double *log_scale;  /* log z, increasing */
    double *precision;  /* 1/z */
    double *log_weight; /* log w; w > 0 */
    double brightness;  /* beta */
} mi_scales;

/* What whitening leaves of a point. */
typedef struct mi_norm {
    double q, t;
} mi_norm;

/* `count` scales from low to high, equally spaced in their logarithm (one scale: the geometric
 * mean of both), with equal weights. */
mi_code mi_scales_create(size_t count, double low, double high, double brightness,
                         mi_scales **ret_scales, mi_status *status);

/* A grid that reaches a factor 8 beyond the contrasts (q - t^2/s)/n of `count` points of n
 * coordinates; {1} for one scale. */
mi_code mi_scales_span(size_t scales, double brightness, size_t n, double s, const mi_norm *norms,
                       size_t count, mi_scales **ret_scales, mi_status *status);
mi_code mi_scales_copy(const mi_scales *scales, mi_scales **ret_scales, mi_status *status);
void mi_scales_destroy(mi_scales *scales); /* accepts NULL */

/* The parts of terms_z that do not depend on the point, for n coordinates with s = u.u: terms is
 * (2, count), constants and slopes. */
void mi_scales_terms(const mi_scales *scales, size_t n, double s, double *terms);

/* log sum_z exp(terms_z). */
double mi_scales_log_density(const mi_scales *scales, const double *terms, mi_norm norm);

/* p(z | x), (count). Returns log sum_z exp(terms_z). */
double mi_scales_posterior(const mi_scales *scales, const double *terms, mi_norm norm,
                           double *posterior);

/* sum_z posterior_z terms_z. */
double mi_scales_expected_term(const mi_scales *scales, const double *terms, mi_norm norm,
                               const double *posterior);

/* E[b | x] = sum_z posterior_z slope_z t. */
double mi_scales_expected_brightness(const mi_scales *scales, const double *terms, mi_norm norm,
                                     const double *posterior);

/* `steps` EM steps on the weights, for `count` points with the same terms. One more point, spread
 * evenly over the scales, counts with them: a new point may have a contrast that none of these had,
 * and must not be impossible. log p of these points and that one never decreases. */
mi_code mi_scales_fit_weights(mi_scales *scales, size_t n, double s, const mi_norm *norms,
                              size_t count, size_t steps, mi_status *status);

/* log p of the one more point: the mean of log w_z. */
double mi_scales_log_prior(const mi_scales *scales);

/* Divide all z by their weighted geometric mean, which is returned: multiplying Sigma by it leaves
 * the density as it was and makes its scale a number that can be compared. */
double mi_scales_normalise(mi_scales *scales);

#endif
