/* What completed images tell of the class of a scene. */
#include <stdlib.h>

#include "floor.h"
#include "maskinfo/memory.h"
#include "maskinfo/probe.h"

/* Of the classifier, and where the streams of its examples and masks begin: beyond those of the
 * probes of labelled images. */
static const double ridge = 1e-2;
static const uint64_t first_example = (uint64_t)1 << 62, first_mask = (uint64_t)1 << 63;

typedef struct job {
    const mi_floor_plan *plan;
    mi_floor_bench *benches;
    mi_floor_draws draws;
    size_t samples;
    mi_scalar *completed; /* (samples, values) */
    int *labels;          /* (samples) */
} job;

static mi_code complete_unit(size_t index, size_t thread, void *context, mi_status *status)
{
    const job *j = context;
    const mi_floor_plan *plan = j->plan;
    mi_floor_bench *b = &j->benches[thread];
    size_t first = index * plan->unit, left = j->samples - first;
    size_t count = left < plan->unit ? left : plan->unit;
    mi_code code = mi_floor_predict(plan, &j->draws, first, count, b, status);
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        mi_floor_complete(plan, b, i, j->completed + (first + i) * plan->values);
        j->labels[first + i] = b->labels[i];
    }
    return code;
}

static mi_code classify(const job *j, const mi_scalar *held_out, const int *labels,
                        double *ret_accuracy, mi_status *status)
{
    const mi_probe_data training = {j->samples, j->plan->values, j->completed, j->labels};
    const mi_probe_data judged = {j->samples, j->plan->values, held_out, labels};
    return mi_probe_linear(&training, &judged, j->plan->shape.classes, ridge, j->plan->run,
                           ret_accuracy, status);
}

mi_code mi_floor_class(const mi_floor_plan *plan, mi_floor_bench *benches, double ratio,
                       const mi_scalar *held_out, const int *labels, size_t samples,
                       double *ret_accuracy, mi_status *status)
{
    job j = {.plan = plan, .benches = benches, .samples = samples};
    j.draws = (mi_floor_draws){MI_TRAINING,   MI_PURPOSE_PROBE, MI_PURPOSE_PROBE,
                               first_example, first_mask,       ratio};
    mi_code code = mi_allocate(samples * plan->values, sizeof *j.completed, &j.completed, status);
    if (code == MI_OK) {
        code = mi_allocate(samples, sizeof *j.labels, &j.labels, status);
    }
    if (code == MI_OK) {
        code = mi_parallel_for(plan->run, "examples for the classifier",
                               (samples + plan->unit - 1) / plan->unit, complete_unit, &j, status);
    }
    if (code == MI_OK) {
        code = classify(&j, held_out, labels, ret_accuracy, status);
    }
    free(j.completed);
    free(j.labels);
    return code;
}
