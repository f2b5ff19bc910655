/* Does a fitted density contradict itself? Two signs of it in a profile: information that increases
 * with r, which no information can do (conditioning never adds entropy, but a wrong density's
 * cross-entropy may rise when more is visible), and held-out information far below that on the
 * fitting data. docs/theory.md, section 3.5.
 */
#ifndef MASKINFO_MISFIT_H
#define MASKINFO_MISFIT_H

#include "maskinfo/profile.h"

typedef struct mi_misfit {
    bool detected;     /* rises or over_fitted */
    bool rises;        /* increase_z > critical */
    double increase_z; /* normal score of the most significant rise; 0: none */
    double critical;   /* score that a profile which never rises exceeds once in 100 */
    double increase;   /* of i(r), nats per site, from the lower to the higher ratio */
    double lower_ratio, higher_ratio;
    bool over_fitted;           /* held_out below 4/5 of in_sample, by more than two errors */
    double in_sample, held_out; /* i(r) at the smallest r, nats per site; 0 where there is no
                                   MI_IN_SAMPLE */
    double difference_error;    /* of in_sample - held_out */
    char sentence[400];         /* for people; "" where nothing is detected */
} mi_misfit;

/* Looks at up to ten averages of h_k over stretches of k, and at all pairs of them: the difference
 * of a pair against its error over replicates (Student's t, Bonferroni over the pairs). Exact
 * profiles and those of fewer than two replicates have no errors, and pass. */
mi_code mi_misfit_find(const mi_profile *profile, mi_misfit *ret_misfit, mi_status *status);

#endif
