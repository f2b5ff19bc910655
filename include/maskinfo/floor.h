/* A trained network against what is exactly possible: held-out examples and masks, on which both
 * the network and the model's exact posterior predict. docs/networks.md. */
#ifndef MASKINFO_FLOOR_H
#define MASKINFO_FLOOR_H

#include "maskinfo/train.h"

/* Evaluation at one ratio. Errors are standard errors over examples. Numbers that there are not are
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
     * predictions, for mae of Gaussians around them whose covariance is one for each place of a
     * site in its token, from the residuals of the other half of the examples; of real pixels of
     * mixtures of such Gaussians over contrasts. */
    double conditional_entropy, conditional_entropy_se;
    double exact_conditional_entropy; /* real data: the model's cross-entropy, a reference; of real
                                         pixels on the first 128 examples */
    double exact_conditional_entropy_pooled; /* of the same Gaussians around the exact posterior
                                                means: what more is the network's own; else NAN */
    double gap_nats, gap_nats_se; /* conditional_entropy - exact_conditional_entropy, paired */
    double marginal_entropy;
    double information, information_se; /* marginal minus conditional entropies */
    double exact_information;
    double reference_loss, reference_loss_se; /* real data: the model's own loss, not a floor */
    double class_accuracy;       /* scene: a linear classifier of C on completed images */
    double class_accuracy_exact; /* ... and of C by its exact posterior given x_v; else NAN */
    bool leak; /* the loss is below the floor by more than 4 errors of the gap, and
                  by more yet of few examples (Student's t) */
} mi_floor_point;

/* NULL where evaluations have an exact floor, else why not: one clause. */
const char *mi_floor_reason(const mi_setting *setting);

/* Evaluate the method's weights at `count` ratios with `samples` held-out examples each (at least
 * 4), the same ones at every ratio. A ratio that is NAN takes masks as training does
 * (setting->ratio). opt_information (samples, count) gets each example's share of
 * points[].information: the replicates from which the error of an optimum is taken. MI_INPUT with
 * status->place "samples", or as the strategy refuses a ratio; MI_NUMERIC: the network's loss or a
 * posterior is not finite. */
mi_code mi_floor_evaluate(const mi_setting *setting, const mi_weights *weights,
                          const double *ratios, size_t count, size_t samples, const mi_run *run,
                          mi_floor_point *points, double *opt_information, mi_status *status);

/* The first `count` held-out examples of an evaluation at `ratio`, for pictures: what there was,
 * what was hidden, what was predicted, and the posterior mean where the model has an exact one. */
typedef struct mi_pictures {
    size_t count, rows, columns, channels; /* of pixels or symbols */
    double *original;      /* (count, rows, columns, channels), in the model's units; symbols */
    unsigned char *masked; /* (count, rows, columns) */
    double *predicted;     /* as original; symbols: the likeliest one */
    double *opt_exact;     /* as original: posterior mean */
    double *opt_surprise;  /* symbols: -log p(truth), network's, 0 where visible; as masked */
} mi_pictures;

/* On one thread. Errors as of mi_floor_evaluate, any count. */
mi_code mi_pictures_make(const mi_setting *setting, const mi_weights *weights, double ratio,
                         size_t count, const mi_run *run, mi_pictures **ret_pictures,
                         mi_status *status);
void mi_pictures_destroy(mi_pictures *pictures); /* accepts NULL */

#endif
