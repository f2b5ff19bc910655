/* Rows brought to length 1. */
#include <math.h>

#include "maskinfo/heads.h"

static const double shortest = 1e-12;

/* In double precision: squares of large floats would overflow, those of small ones vanish. */
static double product(size_t width, const mi_scalar *x, const mi_scalar *y)
{
    double sum[8] = {0};
    for (size_t c = 0; c < width; c += 8) {
        size_t left = width - c < 8 ? width - c : 8;
        for (size_t j = 0; j < left; j++) {
            sum[j] += (double)x[c + j] * (double)y[c + j];
        }
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* x and y are (rows,width), inverse (rows). */
void mi_unit_rows(size_t rows, size_t width, const mi_scalar *x, mi_scalar *y, mi_scalar *inverse)
{
    for (size_t r = 0; r < rows; r++) {
        double length = sqrt(product(width, x + r * width, x + r * width));
        double scale = length <= shortest ? 0 : 1 / length;
        for (size_t c = 0; c < width; c++) {
            y[r * width + c] = (mi_scalar)((double)x[r * width + c] * scale);
        }
        inverse[r] = (mi_scalar)scale;
    }
}

/* y = x / |x|: dx = (dy - y (y . dy)) / |x|; rows of inverse 0 have no direction: dx = 0. */
void mi_unit_rows_backward(size_t rows, size_t width, const mi_scalar *y, const mi_scalar *inverse,
                           const mi_scalar *dy, mi_scalar *dx)
{
    for (size_t r = 0; r < rows; r++) {
        const mi_scalar *u = y + r * width, *d = dy + r * width;
        mi_scalar along = (mi_scalar)product(width, u, d), scale = inverse[r];
        for (size_t c = 0; c < width; c++) {
            dx[r * width + c] = scale * (d[c] - u[c] * along);
        }
    }
}
