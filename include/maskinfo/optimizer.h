/* AdamW (Loshchilov and Hutter 2019, algorithm 2), learning-rate schedules, clipping and the
 * exponential moving average of weights. Results do not depend on the thread count. */
#ifndef MASKINFO_OPTIMIZER_H
#define MASKINFO_OPTIMIZER_H

#include "maskinfo/run.h"
#include "maskinfo/tensors.h"

typedef struct mi_adamw {
    double beta1, beta2, epsilon;
    double decay; /* of tensors that have decay; decoupled: values *= 1 - rate * decay */
} mi_adamw;

/* One step, t = 1, 2, ...: values, first and second moments are (total). `factor` multiplies the
 * gradient (clipping). As torch.optim.AdamW. */
mi_code mi_adamw_step(const mi_adamw *adamw, const mi_tensors *tensors, size_t t, double rate,
                      double factor, const mi_scalar *gradient, mi_scalar *first, mi_scalar *second,
                      mi_scalar *values, const mi_run *run, mi_status *status);

/* Euclidean norm of the whole block (total), whose paddings are 0, in double precision in a fixed
 * order; not finite where an entry is not. */
double mi_gradient_norm(const mi_tensors *tensors, const mi_scalar *gradient, const mi_run *run);

/* Name of the first tensor of a block (total) that holds an entry which is not finite; NULL: none.
 */
const char *mi_first_bad_tensor(const mi_tensors *tensors, const mi_scalar *block);

/* Linear from 0 over `warmup` steps (the value at step t is peak * (t+1)/warmup), then half a
 * cosine from peak at step `warmup` to final at the last step, steps-1 (Loshchilov and Hutter 2017,
 * "SGDR", eq. 5). t = 0 .. steps-1; where no two steps are left behind the warm-up: peak. */
typedef struct mi_schedule {
    double peak, final;
    size_t warmup, steps;
} mi_schedule;
double mi_schedule_at(const mi_schedule *schedule, size_t t);

/* average = momentum * average + (1 - momentum) * values. */
mi_code mi_average_step(double momentum, size_t total, const mi_scalar *values, mi_scalar *average,
                        const mi_run *run, mi_status *status);

#endif
