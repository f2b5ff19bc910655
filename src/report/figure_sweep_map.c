#include <math.h>
#include <string.h>

#include "sweep_heat.h"

/* Columns of a box. */
enum { X, Y, LEFT, RIGHT, BOTTOM, TOP, VALUE, COLUMNS };

size_t mi_heat_cell(const mi_heat_map *m, size_t panel, size_t i, size_t j)
{
    return mi_combinations_cell(&m->panels, m->swept, panel) + i * m->swept->strides[m->figure->x] +
           j * m->swept->strides[m->figure->y];
}

static size_t text_index(const mi_heat_map *m, const char *text)
{
    size_t k = 0;
    while (k < m->text_count && strcmp(m->texts[k], text) != 0) {
        k++;
    }
    return k;
}

mi_heat_shown mi_heat_show(const mi_heat_map *m, size_t cell)
{
    const mi_swept_value *value = mi_sweep_value(m->swept, cell, m->column);
    if (m->numeric && isfinite(value->mean)) {
        return MI_HEAT_NUMBERS;
    }
    if (!m->numeric && value->count > 0) {
        return MI_HEAT_WORDS;
    }
    return m->swept->failed_units[cell] > 0 ? MI_HEAT_FAILED : MI_HEAT_EMPTY;
}

/* Would the number be another with so many decimals? */
static bool differs(double value, int decimals, double most)
{
    double scale = pow(10, decimals);
    return fabs(value - round(value * scale) / scale) > 1e-9 * most;
}

/* The decimals of all numbers of a column, so that they can be compared: three digits of the
 * largest, two of what they differ by, none that are 0 in all. -1: powers of ten. */
static int decimals_of(const mi_heat_map *m)
{
    enum { MOST = 7 };
    double most = fmax(fabs(m->low), fabs(m->high)), spread = m->high - m->low;
    if (!(most > 0) || !isfinite(spread)) {
        return 0;
    }
    if (most < 1e-3 || most >= 1e6) {
        return -1;
    }
    int decimals = 2 - (int)floor(log10(most) - 1e-3); /* as many for 1 as for 0.99 */
    if (spread > 1e-9 * most) {
        int needed = 1 - (int)floor(log10(spread));
        decimals = needed > decimals ? needed : decimals;
    }
    decimals = decimals < 0 ? 0 : decimals > MOST ? MOST : decimals;
    for (bool same = true; same && decimals > 0; decimals -= same) {
        for (size_t cell = 0; cell < m->swept->cell_count && same; cell++) {
            double mean = mi_sweep_value(m->swept, cell, m->column)->mean;
            same = !isfinite(mean) || !differs(mean, decimals - 1, most);
        }
    }
    return decimals;
}

size_t mi_heat_print(const mi_heat_map *m, const mi_swept_value *value, char text[MI_HEAT_NUMBER])
{
    const char *mark = mi_swept_alone(m->swept, value) ? "*" : "";
    double mean = value->mean;
    if (m->decimals < 0) {
        return (size_t)snprintf(text, MI_HEAT_NUMBER, "%.2e%s", mean, mark);
    }
    mean = fabs(mean) < 0.5 * pow(10, -m->decimals) ? 0 : mean; /* not "-0.00" */
    return (size_t)snprintf(text, MI_HEAT_NUMBER, "%.*f%s", m->decimals, mean, mark);
}

/* The digits of the numbers, and the characters of the longest. */
static void measure_numbers(mi_heat_map *m)
{
    char text[MI_HEAT_NUMBER];
    m->decimals = decimals_of(m);
    m->longest = 0;
    for (size_t cell = 0; cell < m->swept->cell_count; cell++) {
        const mi_swept_value *value = mi_sweep_value(m->swept, cell, m->column);
        size_t length = isfinite(value->mean) ? mi_heat_print(m, value, text) : 0;
        m->longest = length > m->longest ? length : m->longest;
        m->any_alone = m->any_alone || (m->numeric && mi_swept_alone(m->swept, value));
    }
}

void mi_heat_measure(mi_heat_map *m)
{
    m->low = INFINITY;
    m->high = -INFINITY;
    for (size_t cell = 0; cell < m->swept->cell_count; cell++) {
        const mi_swept_value *value = mi_sweep_value(m->swept, cell, m->column);
        mi_heat_shown what = mi_heat_show(m, cell);
        m->low = fmin(m->low, value->mean);
        m->high = fmax(m->high, value->mean);
        m->any_failed = m->any_failed || what == MI_HEAT_FAILED;
        m->any_empty = m->any_empty || what == MI_HEAT_EMPTY;
        if (what == MI_HEAT_WORDS && m->text_count < MI_HEAT_TEXTS &&
            text_index(m, value->most) == m->text_count) {
            m->texts[m->text_count++] = value->most;
        }
    }
    if (m->numeric) {
        measure_numbers(m);
    }
    m->any_numbers = m->any_numbers || m->numeric;
    m->any_words = m->any_words || !m->numeric;
}

int mi_heat_boxes(mi_sheet *sheet, const mi_heat_map *m, size_t panel, mi_heat_shown what,
                  size_t text)
{
    static const char *const names[] = {[MI_HEAT_NUMBERS] = "cells",
                                        [MI_HEAT_WORDS] = "text",
                                        [MI_HEAT_FAILED] = "failed",
                                        [MI_HEAT_EMPTY] = "empty"};
    size_t count = 0;
    for (size_t k = 0; k < m->x->count * m->y->count; k++) {
        size_t i = k % m->x->count, j = k / m->x->count, cell = mi_heat_cell(m, panel, i, j);
        const mi_swept_value *value = mi_sweep_value(m->swept, cell, m->column);
        if (mi_heat_show(m, cell) != what ||
            (what == MI_HEAT_WORDS && text_index(m, value->most) != text)) {
            continue;
        }
        double *row = m->rows + COLUMNS * count++;
        row[X] = (double)i;
        row[Y] = (double)j;
        row[LEFT] = row[X] - 0.5;
        row[RIGHT] = row[X] + 0.5;
        row[BOTTOM] = row[Y] - 0.5;
        row[TOP] = row[Y] + 0.5;
        row[VALUE] = what == MI_HEAT_WORDS ? (double)value->count : value->mean;
    }
    return count == 0 ? -1
                      : mi_sheet_block(sheet, what == MI_HEAT_WORDS ? m->texts[text] : names[what],
                                       "x_index y_index left right bottom top value", m->rows,
                                       COLUMNS, count);
}

bool mi_heat_diverges(const mi_heat_map *m)
{
    return m->low < 0 && m->high > 0;
}

bool mi_heat_bright(const mi_heat_map *m, double value)
{
    if (mi_heat_diverges(m)) {
        return fabs(value) < 0.55 * fmax(m->high, -m->low);
    }
    return m->high > m->low ? (value - m->low) / (m->high - m->low) > 0.55 : false;
}
