/* All parameters of a network in one block, carved by a table of names and shapes. Names and shapes
 * are those that PyTorch users know from timm and from MAE's published checkpoints
 * ("blocks.0.attn.qkv.weight" (3W, W), "blocks.0.attn.qkv.bias" (3W)), so that files of weights can
 * be exchanged: a linear layer y = x W^T + b has W of shape (out, in). */
#ifndef MASKINFO_TENSORS_H
#define MASKINFO_TENSORS_H

#include <gsl/gsl_rng.h>

#include "maskinfo/run.h"
#include "maskinfo/scalar.h"

enum { MI_TENSOR_NAME = 96, MI_TENSOR_RANK = 4 };

typedef struct mi_tensor {
    char name[MI_TENSOR_NAME];
    int rank;
    size_t shape[MI_TENSOR_RANK];
    size_t count;  /* product of the shape */
    size_t offset; /* of its first number in the block, a multiple of 16 */
    bool decay;    /* weight decay applies: matrices; not biases, norms, tokens */
} mi_tensor;

typedef struct mi_tensors {
    size_t count, capacity;
    mi_tensor *items;
    size_t total;      /* numbers in the block, padding counted */
    size_t parameters; /* without padding */
} mi_tensors;

/* Append a tensor; its offset in *ret_offset. MI_INPUT: the sizes overflow. */
mi_code mi_tensors_add(mi_tensors *tensors, const char *name, int rank, const size_t *shape,
                       bool decay, size_t *ret_offset, mi_status *status);
const mi_tensor *mi_tensors_find(const mi_tensors *tensors, const char *name); /* NULL: none */
/* Index in tensors->items of a tensor that is there. */
size_t mi_tensors_index(const mi_tensors *tensors, const char *name);
void mi_tensors_free(mi_tensors *tensors); /* what it holds, not itself */

/* The block of a network's parameters, and beside it the same block with each matrix transposed,
 * (in, out) at the same offset, which some products read faster. `transposed` is brought up to date
 * by mi_tensors_transpose after each change of `values`. */
typedef struct mi_weights {
    const mi_scalar *values;     /* (total) */
    const mi_scalar *transposed; /* (total) */
} mi_weights;

/* Transpose every tensor of rank 2 and more that has decay, read as a matrix of shape[0] rows. */
mi_code mi_tensors_transpose(const mi_tensors *tensors, const mi_scalar *values,
                             mi_scalar *transposed, const mi_run *run, mi_status *status);

/* Initial values: Glorot's uniform law on +-sqrt(6 / (rows + columns)); normal(0, deviation);
 * a constant. */
void mi_initialize_uniform(const mi_tensors *tensors, size_t index, gsl_rng *stream,
                           mi_scalar *values);
void mi_initialize_normal(const mi_tensors *tensors, size_t index, double deviation,
                          gsl_rng *stream, mi_scalar *values);
void mi_initialize_constant(const mi_tensors *tensors, size_t index, double value,
                            mi_scalar *values);

#endif
