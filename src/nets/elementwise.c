#include <math.h>

#include "maskinfo/layers.h"

static const double root_half = 0.70710678118654752440; /* 1 / sqrt 2 */
static const double root_2pi = 0.39894228040143267794;  /* 1 / sqrt(2 pi) */

/* y (count) = x Phi(x), with Phi the normal distribution function. */
void mi_gelu_forward(size_t count, const mi_scalar *x, mi_scalar *y)
{
    for (size_t i = 0; i < count; i++) {
        double v = x[i];
        y[i] = (mi_scalar)(v * 0.5 * (1 + erf(v * root_half)));
    }
}

/* y = x Phi(x): dx (count) = dy (Phi(x) + x phi(x)). */
void mi_gelu_backward(size_t count, const mi_scalar *x, const mi_scalar *dy, mi_scalar *dx)
{
    for (size_t i = 0; i < count; i++) {
        double v = x[i];
        dx[i] = (mi_scalar)(dy[i] *
                            (0.5 * (1 + erf(v * root_half)) + v * root_2pi * exp(-0.5 * v * v)));
    }
}

static mi_scalar largest(size_t count, const mi_scalar *x)
{
    mi_scalar most = x[0];
    for (size_t i = 1; i < count; i++) {
        most = x[i] > most ? x[i] : most;
    }
    return most;
}

/* x (rows,columns) becomes exp(x / t) / sum of exp(x / t) along each row. */
void mi_softmax(size_t rows, size_t columns, mi_scalar temperature, mi_scalar *x)
{
    for (size_t r = 0; r < rows && columns > 0; r++) {
        mi_scalar *row = x + r * columns, most = largest(columns, row), sum = 0;
        for (size_t c = 0; c < columns; c++) {
            row[c] = (mi_scalar)exp((row[c] - most) / temperature);
            sum += row[c];
        }
        for (size_t c = 0; c < columns; c++) {
            row[c] /= sum;
        }
    }
}

/* x (rows,columns) becomes x / t - log of the sum of exp(x / t) along each row. */
void mi_log_softmax(size_t rows, size_t columns, mi_scalar temperature, mi_scalar *x)
{
    for (size_t r = 0; r < rows && columns > 0; r++) {
        mi_scalar *row = x + r * columns, most = largest(columns, row), sum = 0;
        for (size_t c = 0; c < columns; c++) {
            row[c] = (row[c] - most) / temperature;
            sum += (mi_scalar)exp(row[c]);
        }
        mi_scalar log_sum = (mi_scalar)log(sum);
        for (size_t c = 0; c < columns; c++) {
            row[c] -= log_sum;
        }
    }
}
