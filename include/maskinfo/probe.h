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

/* Shares of held-out examples that are told rightly. Classes without training examples are allowed
 * and never told. MI_INPUT: no examples, no features, labels out of range, features that are not
 * finite or all constant over the training part (single constant ones carry nothing and are
 * allowed), neighbors 0, ridge not positive.
 *
 * Neighbours: all training examples where there are fewer than `neighbors`. Of equally similar
 * ones the earlier is the nearer, of classes with equal votes the smaller is told. A vector of
 * zeros has similarity 0 to everything. */
mi_code mi_probe_neighbors(const mi_probe_data *training, const mi_probe_data *held_out,
                           size_t classes, size_t neighbors, const mi_run *run,
                           double *ret_accuracy, mi_status *status);

/* Minimises mean(-log p(label)) + ridge/2 * sum of squared weights, of standardised features; the
 * intercepts are free. (scikit-learn's C is 1 / (count * ridge).) MI_NUMERIC: no convergence. */
mi_code mi_probe_linear(const mi_probe_data *training, const mi_probe_data *held_out,
                        size_t classes, double ridge, const mi_run *run, double *ret_accuracy,
                        mi_status *status);

#endif
