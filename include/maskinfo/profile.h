/* The entropy profile (docs/theory.md, section 1), the one currency between models and everything
 * after them: for sites 1..N and k = 0..N-1
 *
 *     h_k = average over sites i and over uniformly random k-subsets S without i of H(X_i | X_S),
 *
 * in nats per site, together with independent replicates of it from which every error is taken. */
#ifndef MASKINFO_PROFILE_H
#define MASKINFO_PROFILE_H

#include "maskinfo/status.h"

typedef enum mi_series_kind {
    MI_ENTROPY,       /* h_k: conditional entropy, or held-out conditional cross-entropy */
    MI_MSE,           /* Bayes-optimal squared error of a masked site given k visible ones, divided
                         by the mean marginal variance of all sites: 1 at k = 0 */
    MI_CROSS_ENTROPY, /* -log posterior of the true symbol on held-out data */
    MI_GIVEN_SCALE,   /* h_k were the contrast of the crop known (scale mixtures) */
    MI_IN_SAMPLE,     /* h_k evaluated on fitting data, to show over-fitting */
    MI_NEIGHBORS,     /* h_k were only those of the k visible sites known that are lattice
                         neighbours of the masked one */
    MI_CLASS,         /* I(C; X_S) of k visible sites, nats, not per site; 0 at k = 0 */
    MI_SEMANTIC,      /* part of h_0 - h_k that comes through the class: what is more than were the
                         class known, I(X_i; C) - I(X_i; C | X_S); 0 at k = 0 */
    MI_SERIES_KINDS
} mi_series_kind;

/* R replicates of N numbers; the estimate is the mean over replicates. A replicate is the unit that
 * may be treated as independent: a random order, a drawn sequence, an image. */
typedef struct mi_series {
    size_t replicates; /* 0: the series is absent */
    double *values;    /* (replicates, sites) */
} mi_series;

typedef struct mi_profile {
    size_t sites; /* N */
    bool exact;   /* no sampling error: one replicate of each series */
    mi_series series[MI_SERIES_KINDS];
} mi_profile;

/* An empty profile of `sites` sites. */
mi_code mi_profile_create(size_t sites, mi_profile **ret_profile, mi_status *status);

/* Give the series `kind` room for `replicates` rows, zeroed. */
mi_code mi_profile_add(mi_profile *profile, mi_series_kind kind, size_t replicates,
                       mi_status *status);

/* Mean over replicates of h_k and its standard error (0 where the profile is exact or has one
 * replicate): mean and opt_error are (sites). The series must be present. */
void mi_profile_mean(const mi_profile *profile, mi_series_kind kind, double *mean,
                     double *opt_error);

/* Accepts NULL. */
void mi_profile_destroy(mi_profile *profile);

#endif
