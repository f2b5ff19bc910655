/* The layers that networks are made of, forward and backward by hand. Matrices are row-major; a
 * "row" is a token. Offsets point into a block of parameters (maskinfo/tensors.h). Backward
 * functions add to `gradient`, a block like the parameters', and overwrite dx. Nothing is
 * allocated. */
#ifndef MASKINFO_LAYERS_H
#define MASKINFO_LAYERS_H

#include "maskinfo/arena.h"
#include "maskinfo/tensors.h"

/* y (rows,out) = x (rows,in) W^T + b. */
typedef struct mi_linear {
    size_t in, out;
    size_t weight; /* offset of W (out,in) */
    size_t bias;   /* offset of b (out); MI_NO_BIAS where there is none */
} mi_linear;

#define MI_NO_BIAS ((size_t)-1)

/* Adds PREFIX.weight and PREFIX.bias to the table. */
mi_code mi_linear_add(mi_tensors *tensors, const char *prefix, size_t in, size_t out, bool bias,
                      mi_linear *ret_linear, mi_status *status);
void mi_linear_forward(const mi_linear *layer, const mi_weights *weights, size_t rows,
                       const mi_scalar *x, mi_scalar *y);
/* dW += dy^T x, db += sum of dy, dx = dy W; opt_dx NULL where the input needs none. */
void mi_linear_backward(const mi_linear *layer, const mi_weights *weights, size_t rows,
                        const mi_scalar *x, const mi_scalar *dy, mi_scalar *opt_dx,
                        mi_scalar *gradient);

/* Rows rounded up to the blocks in which the way forward takes them. A kernel is written for each
 * number of rows behind the last whole block, in a third of a millisecond: where the number differs
 * from batch to batch, rows of zeros behind it are cheaper. */
size_t mi_linear_rows(size_t rows);
/* They become 0: of x (mi_linear_rows(rows),columns). */
void mi_linear_pad(size_t rows, size_t columns, mi_scalar *x);

/* y = (x - mean) / sqrt(variance + 1e-6) * g + b over each row (Ba et al. 2016). Keeps mean and
 * 1/sqrt(variance + 1e-6), (rows) each, for the way back. */
typedef struct mi_norm {
    size_t width;
    size_t weight, bias; /* offsets of g and b, (width) each */
} mi_norm;

mi_code mi_norm_add(mi_tensors *tensors, const char *prefix, size_t width, mi_norm *ret_norm,
                    mi_status *status);
void mi_norm_forward(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                     const mi_scalar *x, mi_scalar *y, mi_scalar *mean, mi_scalar *scale);
/* dx may be dy. */
void mi_norm_backward(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                      const mi_scalar *x, const mi_scalar *mean, const mi_scalar *scale,
                      const mi_scalar *dy, mi_scalar *dx, mi_scalar *gradient);

/* y = x/2 (1 + erf(x / sqrt 2)) (Hendrycks and Gimpel 2016), and dx = dy y'(x). In place allowed.
 */
void mi_gelu_forward(size_t count, const mi_scalar *x, mi_scalar *y);
void mi_gelu_backward(size_t count, const mi_scalar *x, const mi_scalar *dy, mi_scalar *dx);

/* Softmax of each row of x (rows,columns) divided by the temperature, which is positive, in place,
 * the largest entry taken out first; and its logarithm. A row with a NaN becomes NaN. */
void mi_softmax(size_t rows, size_t columns, mi_scalar temperature, mi_scalar *x);
void mi_log_softmax(size_t rows, size_t columns, mi_scalar temperature, mi_scalar *x);

/* Fixed sine-cosine positions (rows*columns, width) of a lattice (He et al. 2021, appendix A.1: as
 * in their code, half of the width for the column and then half for the row, each sines and then
 * cosines) or of a sequence, where rows is 1 (Vaswani et al. 2017, section 3.5: sines and cosines
 * in turn). width: a multiple of 4 for a lattice of more than one row, else of 2. */
void mi_positions(size_t rows, size_t columns, size_t width, mi_scalar *positions);

/* The same for a lattice of rows x columns that is stretched over one of whole_rows x
 * whole_columns: place i of n has the coordinate (i + 1/2) N / n - 1/2, as pixels that are resized.
 * Where whole_rows is 1 both are sequences. */
void mi_positions_at(size_t rows, size_t columns, size_t whole_rows, size_t whole_columns,
                     size_t width, mi_scalar *positions);

#endif
