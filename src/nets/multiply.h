/* The three products of a linear layer y = x W^T + b, where W is (out,in) and `transposed` holds
 * W^T, (in,out), which the way forward reads. Matrices are row-major and dense. */
#ifndef MI_NETS_MULTIPLY_H
#define MI_NETS_MULTIPLY_H

#include <stddef.h>

#include "maskinfo/scalar.h"

/* Rows of a block of the way forward. A kernel holds tiles of 6 rows by 64 columns (or 12 by 32) in
 * registers: a multiple of both. */
enum { MI_MULTIPLY_BLOCK = 24 };

/* y (rows,out) = x (rows,in) W^T + b; opt_bias (out), NULL: none. */
void mi_multiply_forward(size_t rows, size_t in, size_t out, const mi_scalar *x,
                         const mi_scalar *transposed, const mi_scalar *opt_bias, mi_scalar *y);

/* dW (out,in) += dy^T x, db (out) += sum of the rows of dy, dx (rows,in) = dy W, of x (rows,in) and
 * dy (rows,out). opt_db, opt_dx: NULL where it is not wanted. */
void mi_multiply_backward(size_t rows, size_t in, size_t out, const mi_scalar *x,
                          const mi_scalar *dy, const mi_scalar *weight, mi_scalar *dw,
                          mi_scalar *opt_db, mi_scalar *opt_dx);

#endif
