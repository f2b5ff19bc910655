/* What a transformer needs of the LayerNorm beyond the public functions. */
#ifndef MI_NETS_NORM_H
#define MI_NETS_NORM_H

#include "maskinfo/layers.h"

/* As mi_norm_backward, but the gradient is added to dx, which carries that of the residual branch;
 * dy is another block. */
void mi_norm_backward_add(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                          const mi_scalar *x, const mi_scalar *mean, const mi_scalar *scale,
                          const mi_scalar *dy, mi_scalar *dx, mi_scalar *gradient);

#endif
