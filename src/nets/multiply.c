#include "multiply.h"

#include <string.h>

#include "product.h"

/* Rows are worked through in blocks, so that what one step writes the next still finds in the
 * cache: the bias laid down and the product added to it, the two products that read dy. A kernel
 * holds tiles of 6 rows by 64 columns (or 12 by 32) in registers, of which BLOCK is a multiple. A
 * block of the product dy^T x also reads and writes all of dW, so it is longer. The number of rows
 * of a block depends on the number of rows alone: each shape always has the same order of sums. */
enum { BLOCK = 24, LONG_BLOCK = 96 };

static void add_bias(size_t rows, size_t out, const mi_scalar *bias, mi_scalar *y)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < out; j++) {
            y[r * out + j] += bias[j];
        }
    }
}

static void set_bias(size_t rows, size_t out, const mi_scalar *bias, mi_scalar *y)
{
    for (size_t r = 0; r < rows; r++) {
        memcpy(y + r * out, bias, out * sizeof *y);
    }
}

/* What is done to the rows of a block before its product is added. */
typedef void (*prepare)(size_t rows, size_t n, const mi_scalar *bias, mi_scalar *y);

/* y (rows,n) = x (rows,k) B, with B (k,n), or y + x B where `add`. */
static void blocks(size_t rows, size_t k, size_t n, const mi_scalar *x, const mi_scalar *b,
                   bool add, prepare opt_prepare, const mi_scalar *bias, mi_scalar *y)
{
    mi_shape shape = {.m = BLOCK, .n = n, .k = k, .a = k, .b = n, .c = n, .add = add};
    mi_product product = {.kernel = NULL};
    size_t made = 0;
    for (size_t r = 0; r < rows; r += shape.m) {
        shape.m = rows - r < BLOCK ? rows - r : BLOCK;
        if (shape.m != made) {
            product = mi_product_of(shape);
            made = shape.m;
        }
        if (opt_prepare != NULL) {
            opt_prepare(shape.m, n, bias, y + r * n);
        }
        mi_product_run(&product, x + r * k, b, y + r * n);
    }
}

void mi_multiply_forward(size_t rows, size_t in, size_t out, const mi_scalar *x,
                         const mi_scalar *weight, const mi_scalar *transposed,
                         const mi_scalar *opt_bias, mi_scalar *y)
{
    (void)weight;
    blocks(rows, in, out, x, transposed, opt_bias != NULL, opt_bias != NULL ? set_bias : NULL,
           opt_bias, y);
}

void mi_multiply_add(size_t rows, size_t in, size_t out, const mi_scalar *x,
                     const mi_scalar *transposed, const mi_scalar *opt_bias, mi_scalar *y)
{
    blocks(rows, in, out, x, transposed, true, opt_bias != NULL ? add_bias : NULL, opt_bias, y);
}

/* sum (columns) += column sums of dy (rows,columns), four rows at a time. */
static void add_columns(size_t rows, size_t columns, const mi_scalar *dy, mi_scalar *restrict sum)
{
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        const mi_scalar *d = dy + r * columns;
        for (size_t j = 0; j < columns; j++) {
            sum[j] += (d[j] + d[columns + j]) + (d[2 * columns + j] + d[3 * columns + j]);
        }
    }
    for (; r < rows; r++) {
        for (size_t j = 0; j < columns; j++) {
            sum[j] += dy[r * columns + j];
        }
    }
}

void mi_multiply_backward(size_t rows, size_t in, size_t out, const mi_scalar *x,
                          const mi_scalar *dy, const mi_scalar *weight, mi_scalar *dw,
                          mi_scalar *opt_db, mi_scalar *opt_dx)
{
    for (size_t r = 0, count; r < rows; r += count) {
        count = rows - r < 2 * LONG_BLOCK ? rows - r : LONG_BLOCK;
        const mi_scalar *d = dy + r * out;
        mi_product_once((mi_shape){.m = out,
                                   .n = in,
                                   .k = count,
                                   .a = out,
                                   .b = in,
                                   .c = in,
                                   .turned = true,
                                   .add = true},
                        d, x + r * in, dw);
        if (opt_db != NULL) {
            add_columns(count, out, d, opt_db);
        }
        if (opt_dx != NULL) {
            blocks(count, out, in, d, weight, false, NULL, NULL, opt_dx + r * in);
        }
    }
}

void mi_multiply_input(size_t rows, size_t in, size_t out, const mi_scalar *dy,
                       const mi_scalar *weight, const mi_scalar *transposed, mi_scalar *dx)
{
    (void)transposed;
    blocks(rows, out, in, dy, weight, false, NULL, NULL, dx);
}

void mi_multiply_weight(size_t rows, size_t in, size_t out, const mi_scalar *x, const mi_scalar *dy,
                        mi_scalar *gradient)
{
    mi_multiply_backward(rows, in, out, x, dy, NULL, gradient, NULL, NULL);
}
