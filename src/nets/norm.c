#include "norm.h"

#include <stdio.h>

#include "lanes.h"

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

/* One row. The variance is taken about the mean in a second pass over the row, which is in the
 * cache: E x^2 - (E x)^2 would lose it beside a large mean. `whole` tells the compiler that the
 * width is one of whole vectors. */
static inline __attribute__((always_inline)) void
forward_row(size_t width, bool whole, const mi_scalar *g, const mi_scalar *b, const mi_scalar *x,
            mi_scalar *y, mi_scalar *mean, mi_scalar *scale)
{
    mi_lanes sum = {0}, square = {0};
    for (size_t c = 0; c < width; c += MI_LANES) {
        sum += mi_load_left(x + c, whole ? MI_LANES : width - c, 0);
    }
    mi_scalar m = mi_sum_lanes(sum) / (mi_scalar)width;
    for (size_t c = 0; c < width; c += MI_LANES) {
        mi_lanes h = mi_load_left(x + c, whole ? MI_LANES : width - c, m) - m;
        square += h * h;
    }
    mi_scalar variance = mi_sum_lanes(square) / (mi_scalar)width;
    mi_scalar s = 1 / (mi_scalar)sqrt(variance + epsilon);
    for (size_t c = 0; c < width; c += MI_LANES) {
        size_t left = whole ? MI_LANES : width - c;
        mi_lanes h = (mi_load_left(x + c, left, m) - m) * s;
        mi_store_left(y + c, h * mi_load_left(g + c, left, 0) + mi_load_left(b + c, left, 0), left);
    }
    *mean = m;
    *scale = s;
}

/* x and y are (rows,width), mean and scale (rows). */
void mi_norm_forward(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                     const mi_scalar *x, mi_scalar *y, mi_scalar *mean, mi_scalar *scale)
{
    size_t width = norm->width;
    const mi_scalar *g = parameters + norm->weight, *b = parameters + norm->bias;
    for (size_t r = 0; r < rows; r++) {
        if (width % MI_LANES == 0) {
            forward_row(width, true, g, b, x + r * width, y + r * width, mean + r, scale + r);
        } else {
            forward_row(width, false, g, b, x + r * width, y + r * width, mean + r, scale + r);
        }
    }
}

/* One row of the way back, all (width) but the row's own mean m and scale s. */
typedef struct row_back {
    const mi_scalar *x, *dy, *g;
    mi_scalar m, s;
    mi_scalar *dx, *dg, *db;
} row_back;

/* With h = (x - mean) scale and y = h g + b: dg += dy h, db += dy, and, because mean and scale
 * depend on x, dx = scale (dy g - mean of dy g - h * mean of dy g h); `add` adds it to dx. */
static inline __attribute__((always_inline)) void backward_row(size_t width, bool whole, bool add,
                                                               const row_back *r)
{
    mi_lanes sum = {0}, product = {0};
    for (size_t c = 0; c < width; c += MI_LANES) {
        size_t left = whole ? MI_LANES : width - c;
        mi_lanes h = (mi_load_left(r->x + c, left, r->m) - r->m) * r->s;
        mi_lanes dy = mi_load_left(r->dy + c, left, 0);
        mi_lanes weighed = dy * mi_load_left(r->g + c, left, 0);
        sum += weighed;
        product += weighed * h;
        mi_store_left(r->dg + c, mi_load_left(r->dg + c, left, 0) + dy * h, left);
        mi_store_left(r->db + c, mi_load_left(r->db + c, left, 0) + dy, left);
    }
    mi_scalar mean_sum = mi_sum_lanes(sum) / (mi_scalar)width;
    mi_scalar mean_product = mi_sum_lanes(product) / (mi_scalar)width;
    for (size_t c = 0; c < width; c += MI_LANES) {
        size_t left = whole ? MI_LANES : width - c;
        mi_lanes h = (mi_load_left(r->x + c, left, r->m) - r->m) * r->s;
        mi_lanes weighed = mi_load_left(r->dy + c, left, 0) * mi_load_left(r->g + c, left, 0);
        mi_lanes held = add ? mi_load_left(r->dx + c, left, 0) : mi_splat(0);
        mi_store_left(r->dx + c, held + r->s * (weighed - mean_sum - h * mean_product), left);
    }
}

static void backward(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                     const mi_scalar *x, const mi_scalar *mean, const mi_scalar *scale,
                     const mi_scalar *dy, bool add, mi_scalar *dx, mi_scalar *gradient)
{
    size_t width = norm->width;
    for (size_t i = 0; i < rows; i++) {
        row_back r = {.x = x + i * width,
                      .dy = dy + i * width,
                      .g = parameters + norm->weight,
                      .m = mean[i],
                      .s = scale[i],
                      .dx = dx + i * width,
                      .dg = gradient + norm->weight,
                      .db = gradient + norm->bias};
        if (width % MI_LANES == 0) {
            backward_row(width, true, add, &r);
        } else {
            backward_row(width, false, add, &r);
        }
    }
}

void mi_norm_backward(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                      const mi_scalar *x, const mi_scalar *mean, const mi_scalar *scale,
                      const mi_scalar *dy, mi_scalar *dx, mi_scalar *gradient)
{
    backward(norm, parameters, rows, x, mean, scale, dy, false, dx, gradient);
}

void mi_norm_backward_add(const mi_norm *norm, const mi_scalar *parameters, size_t rows,
                          const mi_scalar *x, const mi_scalar *mean, const mi_scalar *scale,
                          const mi_scalar *dy, mi_scalar *dx, mi_scalar *gradient)
{
    backward(norm, parameters, rows, x, mean, scale, dy, true, dx, gradient);
}
