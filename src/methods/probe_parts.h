/* What the two probes share, and the fit of the linear one. */
#ifndef MASKINFO_METHODS_PROBE_PARTS_H
#define MASKINFO_METHODS_PROBE_PARTS_H

#include "maskinfo/probe.h"

/* Faults of the input that both probes refuse (probe.h). */
mi_code mi_probe_check(const mi_probe_data *training, const mi_probe_data *held_out, size_t classes,
                       mi_status *status);

/* Multinomial logistic regression of standardised features z = (x - mean) * scale:
 * p(c | x) = softmax_c(intercept_c + sum_j weight_cj z_j). */
typedef struct mi_softmax {
    size_t size, classes; /* only classes that have training examples */
    int *labels;          /* (classes), of them in the caller's numbering, increasing */
    double *mean, *scale; /* (size); scale 0: a constant feature */
    double *weights;      /* (classes, size + 1); the last of a row is the intercept */
    size_t iterations;
} mi_softmax;

/* Fit to data that mi_probe_check has passed. */
mi_code mi_softmax_fit(const mi_probe_data *training, size_t classes, double ridge,
                       const mi_run *run, mi_softmax **ret_model, mi_status *status);
void mi_softmax_destroy(mi_softmax *model); /* accepts NULL */

/* The penalised loss of the model's weights on the data, and its gradient where opt_gradient,
 * (classes, size + 1), is not NULL. Every label must be one of the model's. */
mi_code mi_softmax_loss(const mi_softmax *model, const mi_probe_data *data, double ridge,
                        const mi_run *run, double *ret_loss, double *opt_gradient,
                        mi_status *status);

/* told[i]: the likeliest label of example i, the smaller of equals. */
mi_code mi_softmax_tell(const mi_softmax *model, const mi_probe_data *data, const mi_run *run,
                        int *told, mi_status *status);

#endif
