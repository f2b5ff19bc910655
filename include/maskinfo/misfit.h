/* Does a fitted density contradict itself? Four signs of it in a profile: information that
 * increases with r or is negative, which no information can do (conditioning never adds entropy,
 * but a wrong density's cross-entropy may rise when more is visible); held-out information far
 * below that on the fitting data; in a scale mixture, a known contrast that makes a prediction
 * worse; and sites beyond the visible neighbours that make it worse than the neighbours alone do.
 * docs/theory.md, section 3.5.
 */
#ifndef MASKINFO_MISFIT_H
#define MASKINFO_MISFIT_H

#include "maskinfo/curve.h"
#include "maskinfo/profile.h"

typedef struct mi_misfit {
    bool detected; /* rises, over_fitted, contrast_varies or far_misleads */

    bool rises;        /* increase_z > critical */
    double increase_z; /* normal score of the most significant rise of i(r); 0: none */
    double critical;   /* what a profile that never rises exceeds once in 100 */
    double increase;   /* nats per site, from the lower to the higher ratio */
    double lower_ratio, higher_ratio;

    bool over_fitted;           /* held_out below 4/5 of in_sample, by more than two errors */
    double in_sample, held_out; /* i(r) at the smallest r, nats per site; 0: no MI_IN_SAMPLE */
    double difference_error;    /* of in_sample - held_out */

    bool contrast_varies; /* contrast_z beyond what chance exceeds once in 100, and
                              contrast_loss above 5 % of held_out */
    double
        contrast_loss; /* h_0 with known contrast minus h_0, nats per site; 0: no MI_GIVEN_SCALE */
    double contrast_z; /* its normal score; 0 where it is negative, as it should be */

    bool far_misleads; /* far_z beyond what chance exceeds once in 100 over all stretches, and
                          far_loss above 5 % of held_out */
    double far_loss;   /* largest h_k less that of MI_NEIGHBORS, nats per site, over stretches of k;
                          0:   never positive, or no MI_NEIGHBORS */
    double far_ratio;  /* where */
    double far_z;

    char sentence[800]; /* for people; "" where nothing is detected */
} mi_misfit;

/* For a rise, looks at h_0 and up to ten averages of h_k over stretches of k, and at all pairs of
 * them: the difference of a pair against its error over replicates (Student's t, Bonferroni over
 * the pairs). Exact profiles and those of fewer than two replicates have no errors, and pass. */
mi_code mi_misfit_find(const mi_profile *profile, mi_misfit *ret_misfit, mi_status *status);

/* The sign that a curve computed mask by mask can show: far_misleads, from MI_Q_FAR at each ratio
 * (Bonferroni over the ratios). Not detected where the curve has no MI_Q_FAR. */
mi_code mi_misfit_of_curve(const mi_curve *curve, mi_misfit *ret_misfit, mi_status *status);

#endif
