#include <stdio.h>
#include <string.h>

#include "maskinfo/layers.h"
#include "multiply.h"

mi_code mi_linear_add(mi_tensors *tensors, const char *prefix, size_t in, size_t out, bool bias,
                      mi_linear *ret_linear, mi_status *status)
{
    char name[MI_TENSOR_NAME];
    *ret_linear = (mi_linear){.in = in, .out = out, .bias = MI_NO_BIAS};
    snprintf(name, sizeof name, "%s.weight", prefix);
    mi_code code =
        mi_tensors_add(tensors, name, 2, (size_t[]){out, in}, true, &ret_linear->weight, status);
    if (code == MI_OK && bias) {
        snprintf(name, sizeof name, "%s.bias", prefix);
        code = mi_tensors_add(tensors, name, 1, &out, false, &ret_linear->bias, status);
    }
    return code;
}

void mi_linear_forward(const mi_linear *layer, const mi_weights *weights, size_t rows,
                       const mi_scalar *x, mi_scalar *y)
{
    mi_multiply_forward(rows, layer->in, layer->out, x, weights->transposed + layer->weight,
                        layer->bias == MI_NO_BIAS ? NULL : weights->values + layer->bias, y);
}

size_t mi_linear_rows(size_t rows)
{
    return (rows + MI_MULTIPLY_BLOCK - 1) / MI_MULTIPLY_BLOCK * MI_MULTIPLY_BLOCK;
}

void mi_linear_pad(size_t rows, size_t columns, mi_scalar *x)
{
    memset(x + rows * columns, 0, (mi_linear_rows(rows) - rows) * columns * sizeof *x);
}

/* y = x W^T + b: dW += dy^T x, db += sum of dy, dx = dy W. */
void mi_linear_backward(const mi_linear *layer, const mi_weights *weights, size_t rows,
                        const mi_scalar *x, const mi_scalar *dy, mi_scalar *opt_dx,
                        mi_scalar *gradient)
{
    mi_multiply_backward(rows, layer->in, layer->out, x, dy, weights->values + layer->weight,
                         gradient + layer->weight,
                         layer->bias == MI_NO_BIAS ? NULL : gradient + layer->bias, opt_dx);
}
