#include "elementwise.h"

#include "lanes.h"
#include "maskinfo/layers.h"

/* The normal distribution function Phi(x), and exp(-x^2/2). */
static inline mi_lanes normal(mi_lanes x, mi_lanes *ret_exponential)
{
    const mi_scalar half_log2_e = (mi_scalar)0.72134752044448170368;
    mi_lanes e = mi_exp2_lanes(-half_log2_e * (x * x));
    mi_lanes tail = mi_normal_tail_lanes(mi_larger(x, -x), e);
    *ret_exponential = e;
    return mi_select(x < 0, tail, 1 - tail);
}

/* gelu(x) = x Phi(x): its slope is Phi(x) + x phi(x). */
static inline mi_lanes slope(mi_lanes x, mi_lanes phi, mi_lanes exponential)
{
    const mi_scalar root = (mi_scalar)0.39894228040143267794; /* 1 / sqrt(2 pi) */
    return phi + root * x * exponential;
}

void mi_gelu_forward(size_t count, const mi_scalar *x, mi_scalar *y)
{
    for (size_t i = 0; i < count; i += MI_LANES) {
        mi_lanes e, v = mi_load_left(x + i, count - i, 0);
        mi_store_left(y + i, v * normal(v, &e), count - i);
    }
}

void mi_gelu_backward(size_t count, const mi_scalar *x, const mi_scalar *dy, mi_scalar *dx)
{
    for (size_t i = 0; i < count; i += MI_LANES) {
        mi_lanes e, v = mi_load_left(x + i, count - i, 0);
        mi_lanes phi = normal(v, &e);
        mi_store_left(dx + i, mi_load_left(dy + i, count - i, 0) * slope(v, phi, e), count - i);
    }
}

void mi_gelu_slopes(size_t count, mi_scalar *x, mi_scalar *y)
{
    for (size_t i = 0; i < count; i += MI_LANES) {
        mi_lanes e, v = mi_load_left(x + i, count - i, 0);
        mi_lanes phi = normal(v, &e);
        mi_store_left(y + i, v * phi, count - i);
        mi_store_left(x + i, slope(v, phi, e), count - i);
    }
}

void mi_times(size_t count, const mi_scalar *x, mi_scalar *y)
{
    for (size_t i = 0; i < count; i += MI_LANES) {
        mi_lanes v = mi_load_left(x + i, count - i, 0) * mi_load_left(y + i, count - i, 0);
        mi_store_left(y + i, v, count - i);
    }
}

/* One strip of the columns, whose sums stay in registers. */
static void add_strip(size_t rows, size_t row, const mi_scalar *x, mi_scalar *sums)
{
    mi_lanes sum[4];
    for (size_t j = 0; j < 4; j++) {
        sum[j] = mi_load(sums + j * MI_LANES);
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < 4; j++) {
            sum[j] += mi_load(x + r * row + j * MI_LANES);
        }
    }
    for (size_t j = 0; j < 4; j++) {
        mi_store(sums + j * MI_LANES, sum[j]);
    }
}

void mi_add_rows(size_t rows, size_t columns, const mi_scalar *x, mi_scalar *sums)
{
    size_t c = 0;
    for (; c + 4 * MI_LANES <= columns; c += 4 * MI_LANES) {
        add_strip(rows, columns, x + c, sums + c);
    }
    for (; c < columns; c += MI_LANES) {
        mi_lanes sum = mi_load_left(sums + c, columns - c, 0);
        for (size_t r = 0; r < rows; r++) {
            sum += mi_load_left(x + r * columns + c, columns - c, 0);
        }
        mi_store_left(sums + c, sum, columns - c);
    }
}

static mi_scalar largest(size_t count, const mi_scalar *x)
{
    mi_lanes most = mi_splat(x[0]);
    for (size_t i = 0; i < count; i += MI_LANES) {
        most = mi_larger(mi_load_left(x + i, count - i, x[0]), most);
    }
    return mi_largest_lane(most);
}

/* y (count) = exp((x - largest) / t); their sum. y may be x; NULL: the sum alone. */
static mi_scalar powers(size_t count, mi_scalar temperature, mi_scalar most, const mi_scalar *x,
                        mi_scalar *opt_y)
{
    mi_lanes sum = {0};
    for (size_t i = 0; i < count; i += MI_LANES) {
        mi_lanes v = mi_load_left(x + i, count - i, -(mi_scalar)INFINITY);
        mi_lanes e = mi_exp_lanes((v - most) / temperature);
        sum += e;
        if (opt_y != NULL) {
            mi_store_left(opt_y + i, e, count - i);
        }
    }
    return mi_sum_lanes(sum);
}

/* x (rows,columns) becomes exp(x / t) / sum of exp(x / t) along each row. */
void mi_softmax(size_t rows, size_t columns, mi_scalar temperature, mi_scalar *x)
{
    for (size_t r = 0; r < rows && columns > 0; r++) {
        mi_scalar *row = x + r * columns;
        mi_scalar share = 1 / powers(columns, temperature, largest(columns, row), row, row);
        for (size_t c = 0; c < columns; c++) {
            row[c] *= share;
        }
    }
}

/* x (rows,columns) becomes x / t - log of the sum of exp(x / t) along each row. */
void mi_log_softmax(size_t rows, size_t columns, mi_scalar temperature, mi_scalar *x)
{
    for (size_t r = 0; r < rows && columns > 0; r++) {
        mi_scalar *row = x + r * columns, most = largest(columns, row);
        mi_scalar log_sum = (mi_scalar)log(powers(columns, temperature, most, row, NULL));
        for (size_t c = 0; c < columns; c++) {
            row[c] = (row[c] - most) / temperature - log_sum;
        }
    }
}
