#include "maskinfo/tensors.h"

#include <assert.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "quiet.h"
#include "transpose.h"

/* Numbers that a tensor's place in the block is a multiple of: a cache line of floats. */
enum { ALIGNMENT = 16 };

static mi_code grow(mi_tensors *tensors, mi_status *status)
{
    if (tensors->count < tensors->capacity) {
        return MI_OK;
    }
    size_t capacity = 2 * tensors->capacity + 16;
    mi_code code = mi_resize(capacity, sizeof *tensors->items, &tensors->items, status);
    tensors->capacity = code == MI_OK ? capacity : tensors->capacity;
    return code;
}

/* Product of the shape; MI_INPUT where the block that ends with it would overflow. */
static mi_code measure(const mi_tensors *tensors, const char *name, int rank, const size_t *shape,
                       size_t *ret_count, mi_status *status)
{
    /* So that bytes, of doubles too, fit in size_t as well. */
    size_t limit = SIZE_MAX / sizeof(double) - ALIGNMENT - tensors->total;
    size_t count = 1;
    for (int d = 0; d < rank; d++) {
        if (shape[d] != 0 && count > limit / shape[d]) {
            return mi_fail(status, MI_INPUT, "the tensor \"%s\" is too large for memory", name);
        }
        count *= shape[d];
    }
    *ret_count = count;
    return MI_OK;
}

mi_code mi_tensors_add(mi_tensors *tensors, const char *name, int rank, const size_t *shape,
                       bool decay, size_t *ret_offset, mi_status *status)
{
    assert(rank >= 0 && rank <= MI_TENSOR_RANK && strlen(name) < MI_TENSOR_NAME);
    assert(mi_tensors_find(tensors, name) == NULL);
    size_t count = 0;
    mi_code code = measure(tensors, name, rank, shape, &count, status);
    if (code == MI_OK) {
        code = grow(tensors, status);
    }
    if (code != MI_OK) {
        return code;
    }
    mi_tensor *tensor = &tensors->items[tensors->count++];
    *tensor = (mi_tensor){.rank = rank, .count = count, .offset = tensors->total, .decay = decay};
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
    for (int d = 0; d < rank; d++) {
        tensor->shape[d] = shape[d];
    }
    tensors->total += (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    tensors->parameters += count;
    *ret_offset = tensor->offset;
    return MI_OK;
}

const mi_tensor *mi_tensors_find(const mi_tensors *tensors, const char *name)
{
    for (size_t i = 0; i < tensors->count; i++) {
        if (strcmp(tensors->items[i].name, name) == 0) {
            return &tensors->items[i];
        }
    }
    return NULL;
}

size_t mi_tensors_index(const mi_tensors *tensors, const char *name)
{
    const mi_tensor *tensor = mi_tensors_find(tensors, name);
    assert(tensor != NULL);
    return (size_t)(tensor - tensors->items);
}

void mi_tensors_free(mi_tensors *tensors)
{
    free(tensors->items);
    *tensors = (mi_tensors){0};
}

/* Sides of a tensor read as a matrix. */
static size_t matrix_rows(const mi_tensor *tensor)
{
    return tensor->rank > 0 ? tensor->shape[0] : 1;
}

static size_t matrix_columns(const mi_tensor *tensor)
{
    size_t rows = matrix_rows(tensor);
    return rows > 0 ? tensor->count / rows : 0;
}

typedef struct transposition {
    const mi_tensors *tensors;
    const mi_scalar *values;
    mi_scalar *transposed;
} transposition;

static mi_code transpose_one(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    const transposition *t = context;
    const mi_tensor *tensor = &t->tensors->items[index];
    if (tensor->rank >= 2 && tensor->decay) {
        size_t rows = matrix_rows(tensor), columns = matrix_columns(tensor);
        mi_transpose(rows, columns, t->values + tensor->offset, columns,
                     t->transposed + tensor->offset, rows);
    }
    return MI_OK;
}

mi_code mi_tensors_transpose(const mi_tensors *tensors, const mi_scalar *values,
                             mi_scalar *transposed, const mi_run *run, mi_status *status)
{
    transposition t = {.tensors = tensors, .values = values, .transposed = transposed};
    mi_run quiet = mi_quiet_run(run, false);
    return mi_parallel_for(&quiet, "transposition", tensors->count, transpose_one, &t, status);
}

void mi_initialize_uniform(const mi_tensors *tensors, size_t index, gsl_rng *stream,
                           mi_scalar *values)
{
    const mi_tensor *tensor = &tensors->items[index];
    double bound = sqrt(6 / (double)(matrix_rows(tensor) + matrix_columns(tensor)));
    for (size_t i = 0; i < tensor->count; i++) {
        values[tensor->offset + i] = (mi_scalar)(bound * (2 * gsl_rng_uniform(stream) - 1));
    }
}

void mi_initialize_normal(const mi_tensors *tensors, size_t index, double deviation,
                          gsl_rng *stream, mi_scalar *values)
{
    const mi_tensor *tensor = &tensors->items[index];
    for (size_t i = 0; i < tensor->count; i++) {
        values[tensor->offset + i] = (mi_scalar)gsl_ran_gaussian_ziggurat(stream, deviation);
    }
}

void mi_initialize_constant(const mi_tensors *tensors, size_t index, double value,
                            mi_scalar *values)
{
    const mi_tensor *tensor = &tensors->items[index];
    for (size_t i = 0; i < tensor->count; i++) {
        values[tensor->offset + i] = (mi_scalar)value;
    }
}
