/* Class and texture: X_i = T_C(i) + G_i, the class C uniform over K, T_c fixed templates
 * (scene_templates.h), G a Gaussian Markov random field (gmrf.h) independent of C.
 *
 * Given the class everything is Gaussian with the same covariance, so that one factorisation serves
 * all classes, and what is known of a masked site is a mixture of K Gaussians of one variance,
 *
 *     p(x_i | x_S) = sum_c p(c | x_S) N(x_i; m_ic, s_i^2).
 *
 * Its entropy, variance and weights are exact (scene_mixture.h); the mean over x and over masks is
 * sampled.
 */
#ifndef MASKINFO_MODELS_SCENE_H
#define MASKINFO_MODELS_SCENE_H

#include "gmrf.h"
#include "maskinfo/model.h"
#include "scene_mixture.h"

typedef struct mi_scene {
    mi_gmrf *texture;
    size_t sites, classes; /* N, K */
    double *templates;     /* (N,K) T_c(i) */
    double *marginal;      /* (N) H(X_i) */
    double *texture_alone; /* (N) H(X_i | C) */
    double mean_marginal;  /* mean of H(X_i) */
    double mean_variance;  /* mean of Var(X_i) */
} mi_scene;

/* I(X_i; C) - I(X_i; C | x_S), what of I(X_i; x_S) comes through the class: I(X_i; x_S) less
 * I(X_i; x_S | C). `entropy` is H(X_i | x_S) and `variance` that of X_i given x_S and C. */
double mi_scene_semantic(const mi_scene *scene, size_t site, double entropy, double variance);

/* The callbacks of mi_scene_class that stand in files of their own. */
mi_code mi_scene_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                          gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                          mi_status *status);
mi_code mi_scene_scratch_create(const void *state, void **ret_scratch, mi_status *status);
void mi_scene_scratch_destroy(void *scratch);
mi_code mi_scene_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                        mi_status *status);
mi_code mi_scene_example_shape(const void *state, mi_example_shape *ret_shape, mi_status *status);
mi_code mi_scene_example(const void *state, mi_origin origin, gsl_rng *draw, void *scratch,
                         double *values, int *ret_label, mi_status *status);
mi_code mi_scene_posterior(const void *state, const unsigned char *masked, gsl_rng *draw,
                           void *scratch, mi_mask_posterior *posterior, mi_status *status);
mi_code mi_scene_profile(const void *state, size_t samples, const mi_run *run,
                         mi_profile **ret_profile, mi_status *status);

#endif
