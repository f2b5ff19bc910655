/* Products of the small matrices of one attention head. */
#ifndef MI_NETS_BLOCK_PRODUCT_H
#define MI_NETS_BLOCK_PRODUCT_H

#include <stddef.h>

#include "maskinfo/scalar.h"

/* A matrix whose entry (i,k) is at values[i * row + k * step]: either way round. */
typedef struct mi_strided {
    const mi_scalar *values;
    size_t row, step;
} mi_strided;

/* A matrix of dense rows, each `row` behind the last; 0: the same row again and again. */
typedef struct mi_dense_rows {
    const mi_scalar *values;
    size_t row;
} mi_dense_rows;

/* c (rows,columns) = start + a b, of a (rows,depth), b (depth,columns) and start (rows,columns);
 * opt_start.values NULL: a b. start may be c; a and b are other matrices. Rows of c are c_row
 * apart. */
void mi_block_product(size_t rows, size_t columns, size_t depth, mi_strided a, mi_dense_rows b,
                      mi_dense_rows opt_start, mi_scalar *c, size_t c_row);

#endif
