/* The three products of a linear layer y = x W^T + b, where W is (out,in) and `transposed` holds
 * W^T, (in,out), which some shapes read faster. Matrices are row-major and dense. */
#ifndef MI_NETS_MULTIPLY_H
#define MI_NETS_MULTIPLY_H

#include <stddef.h>

#include "maskinfo/scalar.h"

/* y (rows,out) = x (rows,in) W^T + b; opt_bias (out), NULL: none. */
void mi_multiply_forward(size_t rows, size_t in, size_t out, const mi_scalar *x,
                         const mi_scalar *weight, const mi_scalar *transposed,
                         const mi_scalar *opt_bias, mi_scalar *y);

/* dx (rows,in) = dy (rows,out) W. */
void mi_multiply_input(size_t rows, size_t in, size_t out, const mi_scalar *dy,
                       const mi_scalar *weight, const mi_scalar *transposed, mi_scalar *dx);

/* dW (out,in) += dy^T x, with x (rows,in) and dy (rows,out). */
void mi_multiply_weight(size_t rows, size_t in, size_t out, const mi_scalar *x, const mi_scalar *dy,
                        mi_scalar *gradient);

#endif
