/* Mixtures of Gaussians of one variance on a line: what is known of a site while the class of the
 * scene is not. With weights p_c, means m_c and the variance s^2,
 *
 *     f(x) = sum_c p_c N(x; m_c, s^2),      H = - integral of f log f.
 *
 * The integral is had by the trapezoidal rule with the step s/5 on all points within 7.6 s of a
 * mean, which converges exponentially for analytic functions (Trefethen and Weideman 2014, "The
 * exponentially convergent trapezoidal rule", SIAM Review 56). f log f is one but for the complex
 * zeros of f: of two components d s apart, s pi/d off the real axis, where f is of the order of
 * exp(-d^2/8). A zero at the height y s costs exp(-2 pi y / (1/5)), so that the error is at most of
 * the order of the largest exp(-10 pi^2/d - d^2/8), 1.7e-9 at d = 7.3, times a factor well below 1
 * because f vanishes at the branch point. (Against adaptive quadrature no error above 1e-10 has
 * been seen: tests/test_scene.c.) The points left out beyond 7.6 s cost below 2e-12.
 *
 * Two cases are closed: a single component; and means within s/20 of one another, where
 *     H = log(2 pi e (s^2 + Var m)) / 2
 * is wrong by less than 2e-12 nats (the squared skewness over 12, d^6/108/12 at most).
 */
#ifndef MASKINFO_MODELS_SCENE_MIXTURE_H
#define MASKINFO_MODELS_SCENE_MIXTURE_H

#include <stddef.h>

enum {
    MI_MIXTURE_COMPONENTS = 64,
    MI_MIXTURE_REACH = 38, /* steps on either side of a mean */
    MI_MIXTURE_POINTS = MI_MIXTURE_COMPONENTS * (2 * MI_MIXTURE_REACH + 2)
};

/* What one thread works with. */
typedef struct mi_mixture_room {
    double weight[MI_MIXTURE_COMPONENTS], mean[MI_MIXTURE_COMPONENTS];
    double density[MI_MIXTURE_POINTS];
} mi_mixture_room;

/* H of `count` components, 1 to MI_MIXTURE_COMPONENTS. weights sum to 1; those below 1e-14 count as
 * 0, which costs less than 4e-13 nats each. */
double mi_mixture_entropy(const double *weights, const double *means, size_t count, double variance,
                          mi_mixture_room *room);

/* log f at 0. */
double mi_mixture_log_density(const double *weights, const double *means, size_t count,
                              double variance);

/* Var m = sum_c p_c (m_c - mean)^2, which the mixture's variance exceeds s^2 by. */
double mi_mixture_spread(const double *weights, const double *means, size_t count);

/* logs (count) become weights exp(logs) / sum of exp(logs); returns the log of that sum. */
double mi_mixture_normalize(double *logs, size_t count);

/* - sum_c p_c log p_c. */
double mi_weights_entropy(const double *weights, size_t count);

#endif
