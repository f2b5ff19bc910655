#include <math.h>

#include "maskinfo/layers.h"

/* 10000^(-i/count), i = 0..count-1. */
static double frequency(size_t i, size_t count)
{
    return pow(10000, -(double)i / (double)count);
}

/* A place p on a line: `width`/2 sines of p times each frequency, then as many cosines. */
static void sines_then_cosines(double p, size_t width, mi_scalar *ret_code)
{
    for (size_t i = 0; i < width / 2; i++) {
        double angle = p * frequency(i, width / 2);
        ret_code[i] = (mi_scalar)sin(angle);
        ret_code[width / 2 + i] = (mi_scalar)cos(angle);
    }
}

/* Place i of `count` that are stretched over `whole`, at its centre. */
static double stretched(size_t i, size_t count, size_t whole)
{
    return ((double)i + 0.5) * ((double)whole / (double)count) - 0.5;
}

/* Sines and cosines in turn (Vaswani et al. 2017, section 3.5). */
static void sequence(size_t columns, size_t whole, size_t width, mi_scalar *positions)
{
    for (size_t c = 0; c < columns; c++) {
        for (size_t i = 0; i < width / 2; i++) {
            double angle = stretched(c, columns, whole) * frequency(i, width / 2);
            positions[c * width + 2 * i] = (mi_scalar)sin(angle);
            positions[c * width + 2 * i + 1] = (mi_scalar)cos(angle);
        }
    }
}

void mi_positions_at(size_t rows, size_t columns, size_t whole_rows, size_t whole_columns,
                     size_t width, mi_scalar *positions)
{
    if (whole_rows == 1) {
        sequence(columns, whole_columns, width, positions);
        return;
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            mi_scalar *code = positions + (r * columns + c) * width;
            sines_then_cosines(stretched(c, columns, whole_columns), width / 2, code);
            sines_then_cosines(stretched(r, rows, whole_rows), width / 2, code + width / 2);
        }
    }
}

void mi_positions(size_t rows, size_t columns, size_t width, mi_scalar *positions)
{
    mi_positions_at(rows, columns, rows, columns, width, positions);
}
