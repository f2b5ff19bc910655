/* A method made from JSON, and its gradient on a batch. */
#ifndef MASKINFO_TESTS_METHOD_SUPPORT_H
#define MASKINFO_TESTS_METHOD_SUPPORT_H

#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/document.h"
#include "maskinfo/method.h"
#include "maskinfo/random.h"

/* The method `name` with the parameters of a JSON object. */
static inline mi_method method_of(const char *name, const char *json, mi_source_shape shape)
{
    mi_method method = {.class = mi_method_find(name)};
    mi_faults faults = {.file = "test"};
    mi_binding binding = {&faults, 1};
    mi_status status = {.code = MI_OK};
    mi_values *values = NULL;
    cJSON *object = mi_document_parse(json, strlen(json), &faults), *resolved = NULL;
    assert_non_null(method.class);
    assert_int_equal(mi_bind(&binding, object, "method", method.class->parameters, NULL, &values,
                             &resolved, &status),
                     MI_OK);
    if (faults.count > 0) {
        fail_msg("%s", faults.messages[0]);
    }
    if (method.class->create(values, &shape, &method.state, &status) != MI_OK) {
        fail_msg("%s: %s %s", name, status.place, status.message);
    }
    mi_values_destroy(values);
    cJSON_Delete(object);
    cJSON_Delete(resolved);
    return method;
}

/* A block as a network's parameters are, zero. free(). */
static inline mi_scalar *block_of(mi_method method)
{
    return calloc(method.class->tensors(method.state)->total, sizeof(mi_scalar));
}

typedef struct method_pass {
    mi_method method;
    mi_weights weights;
    const mi_examples *batch;
} method_pass;

static inline mi_code pass_shard(const mi_shard *shard, void *context, mi_status *status)
{
    const method_pass *p = context;
    return p->method.class->shard(p->method.state, &p->weights, p->batch, shard, status);
}

/* Loss of a batch in `shards` shards on `threads` threads in *ret_loss; opt_gradient becomes its
 * gradient. The arenas are of the size that `carve` counts. */
static inline mi_code method_loss(mi_method method, const mi_scalar *values,
                                  const mi_examples *batch, size_t shards, int threads,
                                  mi_scalar *opt_gradient, double *ret_loss, mi_status *status)
{
    const mi_tensors *tensors = method.class->tensors(method.state);
    mi_run run = {.seed = 1, .threads = threads};
    mi_scalar *transposed = block_of(method);
    assert_int_equal(mi_tensors_transpose(tensors, values, transposed, &run, NULL), MI_OK);
    mi_arena dry = {0};
    method.class->carve(method.state, mi_shards_largest(shards, batch->count), true, &dry);
    mi_shards *work = NULL;
    size_t total = opt_gradient != NULL ? tensors->total : 0;
    assert_int_equal(mi_shards_create(shards, threads, total, dry.used, &work, NULL), MI_OK);
    method_pass pass = {method, {values, transposed}, batch};
    double sums[MI_SHARD_SUMS];
    mi_code code =
        mi_shards_run(work, &run, batch->count, pass_shard, &pass, opt_gradient, sums, status);
    *ret_loss = sums[MI_SUM_LOSS];
    mi_shards_destroy(work);
    free(transposed);
    return code;
}

/* Loss, and gradient where opt_gradient is given, in two shards. */
static inline double loss_of(mi_method method, const mi_scalar *values, const mi_examples *batch,
                             mi_scalar *opt_gradient)
{
    double loss = 0;
    mi_status status = {.code = MI_OK};
    if (method_loss(method, values, batch, 2, 1, opt_gradient, &loss, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return loss;
}

/* Every tensor, signed: central differences of the loss in each of its entries (or `most` evenly
 * spread ones) against the gradient; the largest deviation over the tensor's largest entry is below
 * the tolerance. In double precision. */
static inline void gradients_equal_differences(mi_method method, mi_scalar *values,
                                               const mi_examples *batch, size_t most,
                                               double tolerance)
{
    static const double step = 1e-4;
    const mi_tensors *tensors = method.class->tensors(method.state);
    mi_scalar *gradient = block_of(method), *other = block_of(method);
    loss_of(method, values, batch, gradient);
    for (size_t t = 0; t < tensors->count; t++) {
        const mi_tensor *tensor = &tensors->items[t];
        size_t stride = tensor->count > most ? tensor->count / most : 1;
        double worst = 0, largest = 0;
        for (size_t i = 0; i < tensor->count; i += stride) {
            mi_scalar *x = values + tensor->offset + i, kept = *x;
            double loss[4], places[] = {-2, -1, 1, 2};
            for (int k = 0; k < 4; k++) {
                *x = (mi_scalar)((double)kept + places[k] * step);
                loss[k] = loss_of(method, values, batch, other); /* as in training */
            }
            *x = kept;
            double numeric = (loss[0] - 8 * loss[1] + 8 * loss[2] - loss[3]) / (12 * step);
            double exact = (double)gradient[tensor->offset + i];
            worst = fmax(worst, fabs(numeric - exact));
            largest = fmax(largest, fabs(exact));
        }
        if (!(largest > 0) || !(worst < tolerance * largest)) {
            fail_msg("%s: largest difference %.3g of entries up to %.3g", tensor->name, worst,
                     largest);
        }
    }
    free(gradient);
    free(other);
}

#endif
