/* Matrices turned. */
#ifndef MI_NETS_TRANSPOSE_H
#define MI_NETS_TRANSPOSE_H

#include <stddef.h>

#include "maskinfo/scalar.h"

/* y (columns,rows) = x^T, of x (rows,columns); rows of x and y are `from` and `to` apart. */
void mi_transpose(size_t rows, size_t columns, const mi_scalar *x, size_t from, mi_scalar *y,
                  size_t to);

/* The same with the rows of y filled up with 0 to mi_padded(rows). */
void mi_transpose_padded(size_t rows, size_t columns, const mi_scalar *x, size_t from, mi_scalar *y,
                         size_t to);

#endif
