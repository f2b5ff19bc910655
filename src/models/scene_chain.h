/* Sites of a scene revealed one by one, and what the revealed ones tell of the class and of all
 * other sites, under each class.
 *
 * The texture is a regular field of the covariance S plus a constant of the variance a (gmrf.h). Of
 * a drawn scene with the class C, the constant w, and the regular texture R only the differences
 *
 *     d_c(j) = T_C(j) + R_j - T_c(j)
 *
 * are kept, which are small for the true class however large templates and a are. Under the class c
 * they are a regular field plus an unknown constant of the mean -w and the variance a. Let L be the
 * Cholesky factor of S in the order of the sites, u = L^-1 1 and y_c = L^-1 d_c. With the first k
 * sites revealed (kriging with an unknown mean: Cressie 1993, "Statistics for Spatial Data",
 * section 3.4)
 *
 *     g = 1/a + sum_{l<k} u_l^2,               b_c = -w/a + sum_{l<k} u_l y_lc,
 *     t_j = 1 - sum_{l<k} L_jl u_l,            e_jc = d_c(j) - sum_{l<k} L_jl y_lc,
 *     Var(x_j | c, x_0..x_{k-1}) = S_jj - sum_{l<k} L_jl^2 + t_j^2 / g,
 *     x_j - E(x_j | c, x_0..x_{k-1}) = e_jc - t_j b_c / g,
 *     log p(x_0..x_{k-1} | c) = (b_c^2 / g - sum_{l<k} y_lc^2) / 2 + terms that no class changes.
 */
#ifndef MASKINFO_MODELS_SCENE_CHAIN_H
#define MASKINFO_MODELS_SCENE_CHAIN_H

#include "scene.h"

/* A drawn configuration. */
typedef struct mi_scene_draw {
    size_t class;
    double constant;     /* w */
    double *differences; /* (N,K) */
    double *texture;     /* (N) R */
    double *innovation;  /* (2,N) room: Q_c R, and work */
} mi_scene_draw;

mi_code mi_scene_draw_create(const mi_scene *scene, mi_scene_draw **ret_draw, mi_status *status);
void mi_scene_draw_destroy(mi_scene_draw *draw); /* accepts NULL */

/* Draw a configuration: the same one from the same stream, whatever is asked of it later. */
void mi_scene_draw_fill(const mi_scene *scene, gsl_rng *stream, mi_scene_draw *draw);

typedef struct mi_scene_chain {
    size_t classes, count, revealed;
    double *factor;           /* L (count,count), column-major, lower triangle */
    double *variance, *drift; /* (count) S_jj - sum of L_jl^2, and t_j */
    double *residual;         /* (count,K) e_jc */
    double *squares, *cross;  /* (K) sum of y_lc^2, and b_c */
    double start, gain;       /* 1/a, and g */
    double log_pivots;        /* sum of log L_ll^2 of the revealed */
} mi_scene_chain;

/* For orders of up to `room` sites. */
mi_code mi_scene_chain_create(const mi_scene *scene, size_t room, mi_scene_chain **ret_chain,
                              mi_status *status);
void mi_scene_chain_destroy(mi_scene_chain *chain); /* accepts NULL */

/* Take up `count` different sites, none of them revealed yet. */
mi_code mi_scene_chain_start(const mi_scene *scene, const mi_scene_draw *draw, const size_t *order,
                             size_t count, mi_scene_chain *chain, mi_status *status);

/* Reveal the next site. Sites up to it are of no use to mi_scene_chain_site afterwards. */
void mi_scene_chain_reveal(mi_scene_chain *chain);

/* weights (K) become p(c | the revealed sites). */
void mi_scene_chain_weights(const mi_scene_chain *chain, double *weights);

/* Of the j-th site, not yet revealed: its variance given class and revealed sites, the same for all
 * classes, and residuals (K), the drawn value less its mean under each class. */
double mi_scene_chain_site(const mi_scene_chain *chain, size_t j, double *residuals);

/* log|covariance of the revealed sites given the class|. */
double mi_scene_chain_log_determinant(const mi_scene *scene, const mi_scene_chain *chain);

#endif
