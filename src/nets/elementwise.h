/* Loops over single numbers that layers are put together from. */
#ifndef MI_NETS_ELEMENTWISE_H
#define MI_NETS_ELEMENTWISE_H

#include <stddef.h>

#include "maskinfo/scalar.h"

/* y (count) = gelu(x), and x becomes the slope gelu'(x): with the exponential at hand the slope
 * costs three operations, and the way back is one product. */
void mi_gelu_slopes(size_t count, mi_scalar *x, mi_scalar *y);

/* y (count) *= x. */
void mi_times(size_t count, const mi_scalar *x, mi_scalar *y);

/* sums (columns) += the sum of the rows of x (rows,columns). */
void mi_add_rows(size_t rows, size_t columns, const mi_scalar *x, mi_scalar *sums);

#endif
