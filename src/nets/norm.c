#include "norm.h"

#include <math.h>
#include <stdio.h>

static const mi_scalar epsilon = (mi_scalar)1e-6;

mi_code mi_norm_add(mi_tensors *tensors, const char *prefix, size_t width, mi_norm *ret_norm,
                    mi_status *status)
{
    char name[MI_TENSOR_NAME];
    *ret_norm = (mi_norm){.width = width};
    snprintf(name, sizeof name, "%s.weight", prefix);
    mi_code code = mi_tensors_add(tensors, name, 1, &width, false, &ret_norm->weight, status);
    if (code == MI_OK) {
        snprintf(name, sizeof name, "%s.bias", prefix);
        code = mi_tensors_add(tensors, name, 1, &width, false, &ret_norm->bias, status);
    }
    return code;
}

/* x and y are (rows,width), mean and scale (rows). The variance is taken about the mean in a second
 * pass over the row, which is in the cache: E x^2 - (E x)^2 would lose it beside a large mean. */
void mi_norm_forward(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                     const mi_scalar *x, mi_scalar *y, mi_scalar *mean, mi_scalar *scale)
{
    size_t width = norm->width;
    const mi_scalar *g = parameters + norm->weight, *b = parameters + norm->bias;
    for (size_t r = 0; r < rows; r++) {
        const mi_scalar *row = x + r * width;
        mi_scalar sum = 0, square = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t c = 0; c < width; c++) {
            sum += row[c];
        }
        mi_scalar m = sum / (mi_scalar)width;
#pragma omp simd reduction(+ : square)
        for (size_t c = 0; c < width; c++) {
            square += (row[c] - m) * (row[c] - m);
        }
        mi_scalar s = 1 / (mi_scalar)sqrt(square / (mi_scalar)width + epsilon);
#pragma omp simd
        for (size_t c = 0; c < width; c++) {
            y[r * width + c] = (row[c] - m) * s * g[c] + b[c];
        }
        mean[r] = m;
        scale[r] = s;
    }
}

/* With h = (x - mean) scale and y = h g + b: dg += sum of dy h, db += sum of dy, and, because mean
 * and scale depend on x, dx = scale (dy g - mean of dy g - h * mean of dy g h). dx = keep dx +
 * this.
 */
static void backward(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                     const mi_scalar *x, const mi_scalar *mean, const mi_scalar *scale,
                     const mi_scalar *dy, mi_scalar keep, mi_scalar *dx, mi_scalar *gradient)
{
    size_t width = norm->width;
    const mi_scalar *g = parameters + norm->weight;
    mi_scalar *dg = gradient + norm->weight, *db = gradient + norm->bias;
    for (size_t r = 0; r < rows; r++) {
        const mi_scalar *row = x + r * width, *d = dy + r * width;
        mi_scalar m = mean[r], s = scale[r], sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
        for (size_t c = 0; c < width; c++) {
            mi_scalar h = (row[c] - m) * s;
            sum += d[c] * g[c];
            product += d[c] * g[c] * h;
            dg[c] += d[c] * h;
            db[c] += d[c];
        }
        sum /= (mi_scalar)width;
        product /= (mi_scalar)width;
        mi_scalar *out = dx + r * width;
#pragma omp simd
        for (size_t c = 0; c < width; c++) {
            mi_scalar h = (row[c] - m) * s;
            mi_scalar own = s * (d[c] * g[c] - sum - h * product);
            out[c] = keep != 0 ? keep * out[c] + own : own;
        }
    }
}

void mi_norm_backward(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                      const mi_scalar *x, const mi_scalar *mean, const mi_scalar *scale,
                      const mi_scalar *dy, mi_scalar *dx, mi_scalar *gradient)
{
    backward(norm, parameters, rows, x, mean, scale, dy, 0, dx, gradient);
}

void mi_norm_backward_add(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                          const mi_scalar *x, const mi_scalar *mean, const mi_scalar *scale,
                          const mi_scalar *dy, mi_scalar *dx, mi_scalar *gradient)
{
    backward(norm, parameters, rows, x, mean, scale, dy, 1, dx, gradient);
}
