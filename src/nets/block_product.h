/* Products of the small matrices of one attention head. */
#ifndef MI_NETS_BLOCK_PRODUCT_H
#define MI_NETS_BLOCK_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "maskinfo/scalar.h"

/* A matrix whose entry (i,k) is at values[i * row + k * step]: either way round. */
typedef struct mi_strided {
    const mi_scalar *values;
    size_t row, step;
} mi_strided;

/* c (rows,columns) = a (rows,depth) b (depth,columns), or c + a b where `add`. Rows of b and c
 * are b_row and c_row apart. c is neither a nor b. */
void mi_block_product(size_t rows, size_t columns, size_t depth, mi_strided a, const mi_scalar *b,
                      size_t b_row, bool add, mi_scalar *c, size_t c_row);

#endif
