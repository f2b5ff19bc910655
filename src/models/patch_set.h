/* Crops grouped by replicate, and what a fit says of each of them as a whole. */
#ifndef MASKINFO_MODELS_PATCH_SET_H
#define MASKINFO_MODELS_PATCH_SET_H

#include "crops.h"
#include "patch_fit.h"

typedef struct mi_patch_set {
    const mi_crops *crops; /* the caller's */
    size_t replicates;
    size_t *begin;       /* (replicates + 1) where in members a replicate begins */
    size_t *members;     /* (crops) indices of crops, replicate by replicate */
    double *posterior;   /* (crops, scales) p(z | x) from the whole crop */
    double *log_density; /* (crops) log p(x) of the whole crop */
} mi_patch_set;

mi_code mi_patch_set_create(const mi_crops *crops, const mi_patch_fit *fit, const mi_run *run,
                            mi_patch_set **ret_set, mi_status *status);
void mi_patch_set_destroy(mi_patch_set *set); /* accepts NULL */

/* Averages over the crops of a replicate that need no order: every site alone, with nothing else
 * visible, averaged over all sites. */
typedef struct mi_patch_marginal {
    double entropy;     /* cross-entropy, nats per site */
    double given_scale; /* the same were z known */
    double square;      /* squared deviation from the mean, per coordinate */
} mi_patch_marginal;

/* marginals is (replicates). */
mi_code mi_patch_marginals(const mi_patch_set *set, const mi_patch_fit *fit, size_t block,
                           const mi_run *run, mi_patch_marginal *marginals, mi_status *status);

#endif
