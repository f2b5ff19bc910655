#include "multiply.h"

#include <string.h>

#include "elementwise.h"
#include "gemm.h"

/* Rows are worked through in blocks, so that what one step writes the next still finds in the
 * cache: the bias laid down and the product added to it, the two products that read dy. A
 * block of the product dy^T x also reads and writes all of dW, so it is longer. The number of rows
 * of a block depends on the number of rows alone: each shape always has the same order of sums. */
enum { BLOCK = MI_MULTIPLY_BLOCK, LONG_BLOCK = 96 };

/* y (rows,n) = x (rows,k) B + b, with B (k,n) and opt_bias (n). */
static void blocks(size_t rows, size_t k, size_t n, const mi_scalar *x, const mi_scalar *b,
                   const mi_scalar *opt_bias, mi_scalar *y)
{
    mi_gemm_shape shape = {
        .m = BLOCK, .n = n, .k = k, .a = k, .b = n, .c = n, .add = opt_bias != NULL};
    mi_gemm product = {.kernel = NULL};
    size_t made = 0;
    for (size_t r = 0; r < rows; r += shape.m) {
        shape.m = rows - r < BLOCK ? rows - r : BLOCK;
        if (shape.m != made) {
            product = mi_gemm_of(shape);
            made = shape.m;
        }
        for (size_t i = r; opt_bias != NULL && i < r + shape.m; i++) {
            memcpy(y + i * n, opt_bias, n * sizeof *y);
        }
        mi_gemm_run(&product, x + r * k, b, y + r * n);
    }
}

void mi_multiply_forward(size_t rows, size_t in, size_t out, const mi_scalar *x,
                         const mi_scalar *transposed, const mi_scalar *opt_bias, mi_scalar *y)
{
    blocks(rows, in, out, x, transposed, opt_bias, y);
}

void mi_multiply_backward(size_t rows, size_t in, size_t out, const mi_scalar *x,
                          const mi_scalar *dy, const mi_scalar *weight, mi_scalar *dw,
                          mi_scalar *opt_db, mi_scalar *opt_dx)
{
    for (size_t r = 0, count; r < rows; r += count) {
        count = rows - r < 2 * LONG_BLOCK ? rows - r : LONG_BLOCK;
        const mi_scalar *d = dy + r * out;
        mi_gemm_once((mi_gemm_shape){.m = out,
                                     .n = in,
                                     .k = count,
                                     .a = out,
                                     .b = in,
                                     .c = in,
                                     .turned = true,
                                     .add = true},
                     d, x + r * in, dw);
        if (opt_db != NULL) {
            mi_add_rows(count, out, d, opt_db);
        }
        if (opt_dx != NULL) {
            blocks(count, out, in, d, weight, NULL, opt_dx + r * in);
        }
    }
}
