/* Posterior Monte Carlo: the entropy profile of any model that can evaluate a mask. */
#ifndef MASKINFO_POSTERIOR_H
#define MASKINFO_POSTERIOR_H

#include "maskinfo/model.h"

/* One replicate is one drawn configuration and one random order of the sites; for each k the mask
 * hides all but the first k sites of the order (and, while several disjoint masks of that size fit,
 * those too, up to 16: their mean is taken), and h_k is the mean entropy of the exact posteriors
 * (Rao-Blackwell: never -log p of the drawn symbol). Fills MI_ENTROPY, MI_MSE for continuous
 * models, what the model tells beyond (MI_NEIGHBORS, MI_CLASS) and, from the model's held-out data
 * where it has any, MI_CROSS_ENTROPY, in replicates of its own, a quarter as many (at least 16,
 * where there are so many samples). At least 2 samples; MI_NUMERIC where a posterior is not finite.
 */
mi_code mi_posterior_profile(const mi_model *model, size_t samples, const mi_run *run,
                             mi_profile **ret_profile, mi_status *status);

/* Add MI_CROSS_ENTROPY alone, in the same way, to a profile had otherwise (by the model's exact
 * algorithm). Does nothing where the model has no held-out data. */
mi_code mi_posterior_held_out(const mi_model *model, size_t samples, const mi_run *run,
                              mi_profile *profile, mi_status *status);

/* Joint information I(x_m; x_v)/N straight from the masks, without the profile, at one ratio:
 * values is (samples), one number a replicate. Masks are those of MI_COUNT_FIXED. A check on the
 * profile's sums. */
mi_code mi_posterior_joint(const mi_model *model, double ratio, size_t samples, const mi_run *run,
                           double *values, mi_status *status);

#endif
