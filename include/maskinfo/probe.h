/* What frozen features know of labels: k nearest neighbours (as in DINO: cosine similarity, votes
 * weighted by exp(similarity / 0.07); Wu et al. 2018) and a linear classifier (multinomial logistic
 * regression with a ridge, features standardised on the training part). */
#ifndef MASKINFO_PROBE_H
#define MASKINFO_PROBE_H

#include "maskinfo/run.h"
#include "maskinfo/scalar.h"

typedef struct mi_probe_data {
    size_t count, size;        /* examples, features of one */
    const mi_scalar *features; /* (count, size) */
    const int *labels;         /* (count), 0 .. classes-1 */
} mi_probe_data;

/* Shares of held-out examples that are told rightly. MI_INPUT: a class without training examples is
 * allowed; no examples, labels out of range, features that are constant or not finite are not. */
mi_code mi_probe_neighbors(const mi_probe_data *training, const mi_probe_data *held_out,
                           size_t classes, size_t neighbors, const mi_run *run,
                           double *ret_accuracy, mi_status *status);
mi_code mi_probe_linear(const mi_probe_data *training, const mi_probe_data *held_out,
                        size_t classes, double ridge, const mi_run *run, double *ret_accuracy,
                        mi_status *status);

#endif
