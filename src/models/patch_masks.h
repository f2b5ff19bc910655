/* Single masks under a fitted density of crops: held-out cross-entropies of the masked sites given
 * all visible ones. With Sigma_vv = L L^T, y = L^-1 (x_v - mean), u = L^-1 1 and W = L^-1 Sigma_vm,
 * a masked site i of coordinates x_i has, given x_v and a contrast and brightness, the covariance
 *
 *     V_i = Sigma_ii - W_i^T W_i = L_i L_i^T,
 *
 * and adds to q, t and s of the visible sites (scales.h) the norms of
 *
 *     y_i = L_i^-1 (x_i - mean_i - W_i^T y),     u_i = L_i^-1 (1 - W_i^T u).
 */
#ifndef MASKINFO_MODELS_PATCH_MASKS_H
#define MASKINFO_MODELS_PATCH_MASKS_H

#include "lattice.h"
#include "maskinfo/model.h"
#include "patch_examples.h"
#include "patch_fit.h"
#include "patch_set.h"

/* Crops of one draw, at most. */
enum { MI_DRAW_CROPS = 64 };

typedef struct mi_patch_masks {
    const mi_patch_fit *fit; /* the caller's */
    size_t sites, block;
    double log_unit; /* added to every entropy of a site */
    mi_lattice *lattice;
    mi_patch_set *set; /* of the evaluation crops; a draw is a replicate of it */
    double variance;   /* per coordinate, mean over replicates: the unit of squared errors */
} mi_patch_masks;

mi_code mi_patch_masks_create(const mi_patch_fit *fit, mi_crop_shape shape, double log_unit,
                              const mi_crops *evaluation, const mi_run *run,
                              mi_patch_masks **ret_masks, mi_status *status);
void mi_patch_masks_destroy(mi_patch_masks *masks); /* accepts NULL */

/* As mi_model_class's evaluate, but for the origin: the sites are always held-out crops. One of the
 * set's replicates is drawn and, where it has more than MI_DRAW_CROPS crops, that many of them
 * without replacement. Every number is a mean over these crops:
 *
 *     conditional_entropy = cross_entropy   -log p(x_i | x_v), the held-out cross-entropy
 *     marginal_entropy                      -log p(x_i) of the same sites
 *     neighbor_entropy                      -log p(x_i | visible lattice neighbours of i)
 *     joint_information                     (log p(x) - log p(x_m) - log p(x_v)) / N
 *
 * so that each is the entropy or information only as far as the density is right. */
mi_code mi_patch_masks_evaluate(const mi_patch_masks *masks, const unsigned char *masked,
                                gsl_rng *draw, bool wants_joint, void *scratch,
                                mi_mask_result *result, mi_status *status);

/* As mi_model_class's posterior: of one held-out crop, the one that `example` draws, with noise
 * where values are whole numbers. The mean is that of the fitted density. */
mi_code mi_patch_masks_posterior(const mi_patch_masks *masks, const mi_patch_data *data,
                                 const unsigned char *masked, gsl_rng *draw, void *scratch,
                                 mi_mask_posterior *posterior, mi_status *status);
mi_code mi_patch_masks_scratch(const mi_patch_masks *masks, void **ret_scratch, mi_status *status);
void mi_patch_masks_scratch_destroy(void *scratch); /* accepts NULL */

#endif
