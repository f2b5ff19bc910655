#include "maskinfo/optimizer.h"

#include <gsl/gsl_math.h>
#include <stdint.h>

#include "quiet.h"

/* Numbers that one unit of an elementwise loop changes. Each is changed on its own, so that the
 * result depends neither on this nor on threads. */
enum { CHUNK = 16384 };

static size_t chunk_count(size_t total)
{
    return (total + CHUNK - 1) / CHUNK;
}

typedef struct update {
    const mi_tensors *tensors;
    const mi_scalar *gradient;
    mi_scalar *first, *second, *values;
    mi_scalar beta1, beta2, epsilon, factor;
    mi_scalar size;             /* rate / (1 - beta1^t) */
    mi_scalar scale;            /* 1 / sqrt(1 - beta2^t) */
    mi_scalar keep_decay, keep; /* what is kept of a value with and without decay */
} update;

#ifdef MI_DOUBLE
#define square_root sqrt
#else
#define square_root sqrtf
#endif

/* g = factor gradient
 * m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
 * x = keep x - size m / (scale sqrt(v) + epsilon) */
static void update_range(const update *u, size_t start, size_t end, mi_scalar keep)
{
    const mi_scalar *restrict gradient = u->gradient;
    mi_scalar *restrict m = u->first, *restrict v = u->second, *restrict x = u->values;
    const mi_scalar beta1 = u->beta1, beta2 = u->beta2, factor = u->factor, scale = u->scale;
    const mi_scalar size = u->size, epsilon = u->epsilon;
    for (size_t i = start; i < end; i++) {
        mi_scalar g = factor * gradient[i];
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        x[i] = keep * x[i] - size * m[i] / (scale * square_root(v[i]) + epsilon);
    }
}

static mi_code update_chunk(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    const update *u = context;
    size_t start = index * CHUNK, end = start + CHUNK;
    for (size_t t = 0; t < u->tensors->count; t++) {
        const mi_tensor *tensor = &u->tensors->items[t];
        size_t from = tensor->offset > start ? tensor->offset : start;
        size_t to = tensor->offset + tensor->count < end ? tensor->offset + tensor->count : end;
        if (from < to) {
            update_range(u, from, to, tensor->decay ? u->keep_decay : u->keep);
        }
    }
    return MI_OK;
}

mi_code mi_adamw_step(const mi_adamw *adamw, const mi_tensors *tensors, size_t t, double rate,
                      double factor, const mi_scalar *gradient, mi_scalar *first, mi_scalar *second,
                      mi_scalar *values, const mi_run *run, mi_status *status)
{
    double n = (double)t;
    update u = {
        .tensors = tensors,
        .gradient = gradient,
        .first = first,
        .second = second,
        .values = values,
        .beta1 = (mi_scalar)adamw->beta1,
        .beta2 = (mi_scalar)adamw->beta2,
        .epsilon = (mi_scalar)adamw->epsilon,
        .factor = (mi_scalar)factor,
        .size = (mi_scalar)(rate / (1 - pow(adamw->beta1, n))),
        .scale = (mi_scalar)(1 / sqrt(1 - pow(adamw->beta2, n))),
        .keep_decay = (mi_scalar)(1 - rate * adamw->decay),
        .keep = 1,
    };
    mi_run quiet = mi_quiet_run(run, false);
    return mi_parallel_for(&quiet, "update", chunk_count(tensors->total), update_chunk, &u, status);
}

/* The sum of squares is cut into a fixed number of parts, and each into lanes that are added in
 * order. */
enum { PARTS = 64, LANES = 16 };

typedef struct squares {
    const mi_scalar *block;
    size_t total;
    double parts[PARTS];
} squares;

static mi_code square_part(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    squares *s = context;
    size_t size = (s->total / LANES + PARTS - 1) / PARTS * LANES; /* total: a multiple of LANES */
    size_t start = index * size, end = start + size < s->total ? start + size : s->total;
    double lanes[LANES] = {0};
    for (size_t i = start; i < end; i += LANES) {
        for (size_t k = 0; k < LANES; k++) {
            double x = (double)s->block[i + k];
            lanes[k] += x * x;
        }
    }
    double sum = 0;
    for (size_t k = 0; k < LANES; k++) {
        sum += lanes[k];
    }
    s->parts[index] = sum;
    return MI_OK;
}

double mi_gradient_norm(const mi_tensors *tensors, const mi_scalar *gradient, const mi_run *run)
{
    squares s = {.block = gradient, .total = tensors->total};
    mi_run quiet = mi_quiet_run(run, false);
    mi_parallel_for(&quiet, "norm", PARTS, square_part, &s, NULL);
    double sum = 0;
    for (size_t p = 0; p < PARTS; p++) {
        sum += s.parts[p];
    }
    return sqrt(sum);
}

const char *mi_first_bad_tensor(const mi_tensors *tensors, const mi_scalar *block)
{
    for (size_t t = 0; t < tensors->count; t++) {
        const mi_tensor *tensor = &tensors->items[t];
        for (size_t i = 0; i < tensor->count; i++) {
            if (!isfinite(block[tensor->offset + i])) {
                return tensor->name;
            }
        }
    }
    return NULL;
}

double mi_schedule_at(const mi_schedule *schedule, size_t t)
{
    if (t < schedule->warmup) {
        return schedule->peak * (double)(t + 1) / (double)schedule->warmup;
    }
    double done = (double)t - (double)schedule->warmup;
    double all = (double)schedule->steps - 1 - (double)schedule->warmup;
    double share = all > 0 ? fmin(done / all, 1) : 0;
    return schedule->final + 0.5 * (schedule->peak - schedule->final) * (1 + cos(M_PI * share));
}

typedef struct averaging {
    mi_scalar momentum;
    size_t total;
    const mi_scalar *values;
    mi_scalar *average;
} averaging;

static mi_code average_chunk(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    const averaging *a = context;
    size_t start = index * CHUNK, end = start + CHUNK < a->total ? start + CHUNK : a->total;
    const mi_scalar *restrict values = a->values;
    mi_scalar *restrict average = a->average;
    const mi_scalar momentum = a->momentum;
    for (size_t i = start; i < end; i++) {
        average[i] = momentum * average[i] + (1 - momentum) * values[i];
    }
    return MI_OK;
}

mi_code mi_average_step(double momentum, size_t total, const mi_scalar *values, mi_scalar *average,
                        const mi_run *run, mi_status *status)
{
    averaging a = {
        .momentum = (mi_scalar)momentum, .total = total, .values = values, .average = average};
    mi_run quiet = mi_quiet_run(run, false);
    return mi_parallel_for(&quiet, "average", chunk_count(total), average_chunk, &a, status);
}
