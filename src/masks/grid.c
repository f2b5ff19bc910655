/* Grid-wise masks: one of every d sites, on the most regular lattice of that density, stays visible
 * (ratio 1 - 1/d) or is hidden (ratio 1/d), at a random offset. d = 4 is MAE's grid of 75 %, one
 * visible patch of every 2x2; d = 2 is the chessboard.
 *
 * A lattice of index d is a basis (a, s), (0, b) with a b = d and 0 <= s < b (its Hermite normal
 * form): site (row, column) belongs to it where a divides row and b divides column - s row/a. */
#include "masks.h"

#include <gsl/gsl_math.h>
#include <stdio.h>

enum { LARGEST_INDEX = 32 };

/* Ratios are given in decimals; those of the largest lattices lie 10^-3 apart. */
static const double tolerance = 4e-4;

static const mi_parameter parameters[] = {
    {.name = NULL},
};

typedef struct lattice {
    size_t a, b, s;
} lattice;

/* Squared length of the shortest vector that is not zero: i (a, s) + j (0, b). */
static size_t shortest(const lattice *l)
{
    size_t best = l->b * l->b;
    for (size_t i = 1; i <= l->b; i++) {
        size_t rest = i * l->s % l->b;
        size_t across = GSL_MIN(rest, l->b - rest), down = i * l->a;
        best = GSL_MIN(best, down * down + across * across);
    }
    return best;
}

/* Does it have a site in every window of the layout's size? */
static bool fits(const lattice *l, mi_layout layout)
{
    return l->a <= layout.rows && l->b <= layout.columns;
}

/* The lattice of index d with the longest shortest vector, of several the first with the least
 * slant s and then the least difference of its sides; false where none fits. */
static bool find_lattice(size_t d, mi_layout layout, lattice *ret_lattice)
{
    size_t best = 0, best_sides = 0;
    for (size_t s = 0; s < d; s++) {
        for (size_t a = 1; a <= d; a++) {
            lattice l = {a, d / a, s};
            size_t sides = l.a > l.b ? l.a - l.b : l.b - l.a;
            if (d % a != 0 || s >= l.b || !fits(&l, layout)) {
                continue;
            }
            size_t length = shortest(&l);
            bool same_slant = best > 0 && ret_lattice->s == s;
            if (length > best || (length == best && same_slant && sides < best_sides)) {
                *ret_lattice = l;
                best = length;
                best_sides = sides;
            }
        }
    }
    return best > 0;
}

/* The index of a ratio, and whether its lattice is the hidden one; 0 where there is none. */
static size_t index_of(double ratio, bool *ret_hidden)
{
    for (size_t d = 2; d <= LARGEST_INDEX; d++) {
        if (fabs(ratio - (1 - 1 / (double)d)) <= tolerance) {
            *ret_hidden = false;
            return d;
        }
        if (fabs(ratio - 1 / (double)d) <= tolerance) {
            *ret_hidden = true;
            return d;
        }
    }
    return 0;
}

static size_t ratios(const mi_values *values, mi_layout layout, double *ret_ratios)
{
    (void)values;
    size_t count = 0;
    lattice l;
    for (size_t d = LARGEST_INDEX; d >= 2; d--) {
        if (find_lattice(d, layout, &l)) {
            ret_ratios[count++] = 1 / (double)d;
        }
    }
    for (size_t d = 3; d <= LARGEST_INDEX; d++) {
        if (find_lattice(d, layout, &l)) {
            ret_ratios[count++] = 1 - 1 / (double)d;
        }
    }
    return count;
}

static mi_code refuse(double ratio, mi_layout layout, mi_status *status)
{
    double possible[MI_MASK_RATIOS], below = 0, above = 1;
    size_t count = ratios(NULL, layout, possible);
    for (size_t i = 0; i < count; i++) {
        below = possible[i] < ratio ? possible[i] : below;
        above = possible[i] > ratio ? fmin(above, possible[i]) : above;
    }
    char nearest[96] = "none fits these sites";
    if (below > 0 && above < 1) {
        snprintf(nearest, sizeof nearest, "the nearest are %.6g and %.6g", below, above);
    } else if (count > 0) {
        snprintf(nearest, sizeof nearest, "the nearest is %.6g", below > 0 ? below : above);
    }
    return mi_fail_at(status, "ratio",
                      "%g is the ratio of no regular lattice of %zu x %zu sites (1/d or 1-1/d, d = "
                      "2..%d): %s",
                      ratio, layout.rows, layout.columns, LARGEST_INDEX, nearest);
}

static mi_code check(const mi_values *values, mi_layout layout, double ratio, mi_status *status)
{
    (void)values;
    bool hidden = false;
    lattice l;
    size_t d = index_of(ratio, &hidden);
    return d > 0 && find_lattice(d, layout, &l) ? MI_OK : refuse(ratio, layout, status);
}

static void draw(const mi_values *values, mi_layout layout, double ratio, gsl_rng *stream,
                 unsigned char *masked)
{
    (void)values;
    bool hidden = false;
    lattice l = {1, 1, 0};
    find_lattice(index_of(ratio, &hidden), layout, &l);
    size_t row_offset = gsl_rng_uniform_int(stream, l.a);
    size_t column_offset = gsl_rng_uniform_int(stream, l.b);
    for (size_t row = 0; row < layout.rows; row++) {
        size_t i = row + row_offset;
        /* + b b keeps the difference from going below zero */
        size_t shift = column_offset + l.b * l.b - i / l.a * l.s % l.b;
        for (size_t column = 0; column < layout.columns; column++) {
            bool on = i % l.a == 0 && (column + shift) % l.b == 0;
            masked[row * layout.columns + column] = on == hidden;
        }
    }
}

const mi_mask_class mi_grid_mask = {
    .name = "grid",
    .summary = "a regular lattice of sites stays visible or is hidden, as in MAE's grid of 75 %",
    .parameters = parameters,
    .check = check,
    .ratios = ratios,
    .draw = draw,
};
