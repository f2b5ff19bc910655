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

/* c (rows,columns) = a (rows,depth) b (depth,columns). b's rows are b_row apart and are read, c's
 * are c_row apart and are written, up to mi_padded(columns). c is neither a nor b. */
void mi_block_product(size_t rows, size_t columns, size_t depth, mi_strided a, const mi_scalar *b,
                      size_t b_row, mi_scalar *c, size_t c_row);

#endif
