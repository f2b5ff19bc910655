/* Curves over the masking ratio: what the profile (or an infinite model's rates) gives at each
 * ratio, per replicate, so that every later number can carry an error. docs/theory.md, section 1.
 */
#ifndef MASKINFO_CURVE_H
#define MASKINFO_CURVE_H

#include "maskinfo/mask.h"
#include "maskinfo/model.h"

/* Quantities of one ratio. Nats per site unless said. */
typedef enum mi_quantity {
    MI_Q_CONDITIONAL,          /* h_n, or its Bernoulli mixture */
    MI_Q_INFORMATION,          /* i(r) = h_0 - h_n */
    MI_Q_JOINT,                /* I(x_m; x_v) / N */
    MI_Q_OBJECTIVE,            /* J(r) = r i(r) */
    MI_Q_MSE,                  /* as MI_MSE */
    MI_Q_CROSS_ENTROPY,        /* held-out cross-entropy of the posteriors */
    MI_Q_HELD_OUT_INFORMATION, /* held-out cross-entropy without context minus with context */
    MI_Q_SCALE,                /* part of i(r) that the crop's contrast carries */
    MI_Q_IN_SAMPLE,            /* i(r) on the fitting data */
    MI_Q_INTERPOLATION,        /* h_0 - h of MI_NEIGHBORS: what the visible neighbours tell */
    MI_Q_FAR,                  /* i(r) less that: what only sites farther away tell */
    MI_Q_CLASS,                /* I(C; x_v), nats, not per site */
    MI_Q_MILLER_MADOW,         /* of plug-in counts: what the correction adds to i(r) */
    MI_Q_SEMANTIC,             /* as MI_SEMANTIC */
    MI_QUANTITIES
} mi_quantity;

typedef struct mi_curve {
    size_t points;
    double *ratios; /* (points), increasing, in (0, 1) */
    size_t sites;   /* 0: infinite */
    size_t vocabulary;
    bool exact;
    mi_mask_count count;
    double entropy, entropy_error; /* h_0 */
    /* Replicates of each quantity, (replicates[q], points); absent where replicates[q] is 0. */
    size_t replicates[MI_QUANTITIES];
    double *values[MI_QUANTITIES];
    /* Mean and standard error, (points), where present. */
    double *mean[MI_QUANTITIES];
    double *error[MI_QUANTITIES];
} mi_curve;

/* From a finite profile. A fractional number of visible sites interpolates between its neighbours
 * (the mean of the mask that MI_COUNT_FIXED describes). MI_INPUT where a fixed ratio masks less
 * than one site, or a profile that is not exact has fewer than 2 replicates. */
mi_code mi_curve_from_profile(const mi_profile *profile, size_t vocabulary, mi_mask_count count,
                              const double *ratios, size_t points, mi_curve **ret_curve,
                              mi_status *status);

/* From (replicates, points) rates of an infinite model; exact where there is one replicate. */
mi_code mi_curve_from_rates(const mi_rates *rates, size_t replicates, size_t vocabulary,
                            const double *ratios, size_t points, mi_curve **ret_curve,
                            mi_status *status);

/* From (replicates, points) numbers of each quantity (NULL: absent) and of h_0 (NULL: unknown, the
 * curve's entropy is NAN). MI_Q_INFORMATION and MI_Q_OBJECTIVE must be there. */
mi_code mi_curve_from_values(double *const values[MI_QUANTITIES], const double *opt_entropies,
                             size_t replicates, const mi_shape *shape, mi_mask_count count,
                             const double *ratios, size_t points, mi_curve **ret_curve,
                             mi_status *status);
void mi_curve_destroy(mi_curve *curve); /* accepts NULL */

#endif
