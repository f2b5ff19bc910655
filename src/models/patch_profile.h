/* The entropy profile of a density of crops: held-out conditional cross-entropies along random
 * orders of the sites. */
#ifndef MASKINFO_MODELS_PATCH_PROFILE_H
#define MASKINFO_MODELS_PATCH_PROFILE_H

#include "crops.h"
#include "maskinfo/profile.h"
#include "patch_fit.h"

/* MI_ENTROPY, MI_MSE, MI_NEIGHBORS, MI_GIVEN_SCALE (scale mixtures) from the evaluation crops,
 * MI_IN_SAMPLE from fitting crops. The replicate is the image: crops of one image are alike, images
 * are not. More than 64 images make 32 replicates, image i in replicate i mod 32.
 *
 * Each replicate has its own random orders, so that the differences between replicates also hold
 * the error of sampling orders. `samples` orders are shared out, and each replicate has at least
 * one. */
mi_code mi_patch_profile(const mi_patch_fit *fit, mi_crop_shape shape, const mi_crops *evaluation,
                         const mi_crops *fitting, size_t samples, const mi_run *run,
                         mi_profile **ret_profile, mi_status *status);

#endif
