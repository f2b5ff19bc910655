/* A trained network against what is exactly possible: held-out examples and masks, on which both
 * the network and the model's exact posterior predict. docs/networks.md. */
#ifndef MASKINFO_FLOOR_H
#define MASKINFO_FLOOR_H

#include "maskinfo/train.h"

/* Evaluation at one ratio. Errors are standard errors over samples. Numbers that there are not are
 * NAN here (null in results). */
typedef struct mi_floor_point {
    double ratio;
    size_t samples;
    /* What the method trains: squared error of masked pixels divided by the source's variance
     * (mae), of normalised pixels where those are the target; cross-entropy of masked symbols, nats
     * (mlm). */
    double loss, loss_se;
    double floor, floor_se; /* the least that is possible on the same examples and masks */
    double gap, gap_se;     /* loss - floor, paired */
    /* Entropies of a masked site, nats. The network's is a bound: the cross-entropy of its
     * predictions, for mae of a Gaussian of a variance for each token entry around them. */
    double conditional_entropy, conditional_entropy_se;
    double exact_conditional_entropy;
    double gap_nats, gap_nats_se;
    double marginal_entropy;
    double information, information_se; /* marginal minus conditional entropies */
    double exact_information;
    double class_accuracy, class_accuracy_exact; /* scene: decoding of C; else NAN */
    bool leak; /* the loss is below the floor by more than 4 errors */
} mi_floor_point;

/* Evaluate the method's weights at `count` ratios with `samples` held-out examples each, the same
 * ones at every ratio. opt_information (samples, count) gets each example's share of
 * points[].information: the replicates from which the error of an optimum is taken. */
mi_code mi_floor_evaluate(const mi_setting *setting, const mi_weights *weights,
                          const double *ratios, size_t count, size_t samples, const mi_run *run,
                          mi_floor_point *points, double *opt_information, mi_status *status);

/* A few held-out examples for pictures: what there was, what was hidden, what was predicted, and
 * the exact posterior mean where the model has one. For symbols: the entropy of the prediction and
 * the log-probability of the truth at each site. */
typedef struct mi_pictures {
    size_t count, rows, columns, channels; /* of pixels; symbols: rows 1 */
    double *original;      /* (count, rows, columns, channels), in the model's units; symbols */
    unsigned char *masked; /* (count, rows, columns) */
    double *predicted;     /* as original; symbols: the likeliest one */
    double *opt_exact;     /* as original: posterior mean */
    double *opt_surprise;  /* symbols: -log p(truth), network's; (count, columns) */
} mi_pictures;

mi_code mi_pictures_make(const mi_setting *setting, const mi_weights *weights, double ratio,
                         size_t count, const mi_run *run, mi_pictures **ret_pictures,
                         mi_status *status);
void mi_pictures_destroy(mi_pictures *pictures); /* accepts NULL */

#endif
