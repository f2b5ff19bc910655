#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "sweep_lines.h"
#include "text.h"

enum {
    CROWDED = 8, /* more lines than this are spread over panels, where axes allow it */
    MOST_PANELS = 6,
    DECADES = 100,   /* a span that needs a logarithm */
    MOST_DOTS = 1500 /* single seeds */
};

/* Columns of a block, and of a block of single seeds. */
enum { X, MEAN, LOW, HIGH, SEEDS, BLOCK_COLUMNS };

static void take_columns(mi_lines_plan *p)
{
    for (size_t i = 0; i < p->figure->count && p->column_count < MI_SWEEP_COLUMNS; i++) {
        if (p->swept->columns[p->figure->columns[i]].numeric) {
            p->columns[p->column_count++] = p->figure->columns[i];
        }
    }
}

/* Are all values of the columns the same whatever the value on the axis? Then a line for each
 * would hide all but the last. */
static bool idle(const mi_lines_plan *p, size_t axis)
{
    const mi_swept *s = p->swept;
    for (size_t cell = 0; cell < s->cell_count; cell++) {
        size_t first = cell - mi_swept_at(s, cell, axis) * s->strides[axis];
        for (size_t c = 0; c < p->column_count; c++) {
            const mi_swept_value *a = mi_sweep_value(s, cell, p->columns[c]);
            const mi_swept_value *b = mi_sweep_value(s, first, p->columns[c]);
            bool same = a->count == b->count && (a->count == 0 || a->mean == b->mean);
            if (!same) {
                return false;
            }
        }
    }
    return true;
}

/* Cases are different experiments: they have panels of their own where several columns are shown.
 * The first of the other axes gives panels where there would be too many lines for one. */
static void take_axes(mi_lines_plan *p)
{
    size_t others[MI_SWEEP_AXES], lines = p->column_count, left = 0;
    for (size_t a = 0; a < p->swept->axis_count; a++) {
        if (a == p->figure->x || p->swept->axes[a].count == 1) {
            continue;
        }
        if (idle(p, a)) {
            p->idle[p->idle_count++] = a;
        } else {
            others[left++] = a;
            lines *= p->swept->axes[a].count;
        }
    }
    for (size_t i = 0, count = left; i < count; i++) {
        size_t a = others[i];
        size_t values = p->swept->axes[a].count;
        bool cases = strcmp(p->swept->axes[a].name, "case") == 0 && p->column_count > 1;
        bool panel =
            (cases || (lines > CROWDED && left > 1)) && values * p->panels.count <= MOST_PANELS;
        mi_combinations_add(panel ? &p->panels : &p->series, p->swept, a);
        lines /= panel ? values : 1;
        left -= panel;
    }
}

/* Positive values that span more than two decades need a logarithm to be told apart. */
static bool spans_decades(const mi_lines_plan *p)
{
    double low = INFINITY, high = 0;
    for (size_t cell = 0; cell < p->swept->cell_count; cell++) {
        for (size_t c = 0; c < p->column_count; c++) {
            const mi_swept_value *v = mi_sweep_value(p->swept, cell, p->columns[c]);
            low = fmin(low, v->mean);
            high = fmax(high, v->mean);
            for (size_t s = 0; v->opt_each != NULL && s < p->swept->seed_count; s++) {
                low = fmin(low, v->opt_each[s]);
            }
        }
    }
    return low > 0 && high > DECADES * low;
}

/* Place of a value on the x axis: categories stand at 0, 1, ..., the series side by side. */
static double place(const mi_lines_plan *p, size_t i, size_t series, size_t column)
{
    if (p->x->numeric) {
        return p->x->values[i];
    }
    size_t stands = p->series_shown * p->column_count;
    double step = stands > 1 ? 0.6 / (double)(stands - 1) : 0;
    return (double)i + (stands > 1 ? step * (double)(series * p->column_count + column) - 0.3 : 0);
}

static int by_x(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (left[X] > right[X]) - (left[X] < right[X]);
}

size_t mi_lines_cell(const mi_lines_plan *p, size_t panel, size_t series, size_t i)
{
    return mi_combinations_cell(&p->panels, p->swept, panel) +
           mi_combinations_cell(&p->series, p->swept, series) + i * p->swept->strides[p->figure->x];
}

int mi_lines_means(mi_sheet *sheet, const mi_lines_plan *p, size_t panel, size_t series,
                   size_t column, bool *ret_band)
{
    char label[MI_SWEEP_LABEL], heading[160];
    size_t count = 0;
    *ret_band = false;
    for (size_t i = 0; i < p->x->count; i++) {
        const mi_swept_value *v =
            mi_sweep_value(p->swept, mi_lines_cell(p, panel, series, i), p->columns[column]);
        double *row = p->rows + count * BLOCK_COLUMNS;
        if (isfinite(v->mean)) {
            row[X] = place(p, i, series, column);
            row[MEAN] = v->mean;
            row[LOW] = v->low;
            row[HIGH] = v->high;
            row[SEEDS] = (double)v->count;
            *ret_band = *ret_band || v->high > v->low;
            count++;
        }
    }
    if (count == 0) {
        return -1;
    }
    qsort(p->rows, count, BLOCK_COLUMNS * sizeof *p->rows, by_x);
    mi_combinations_label(&p->series, p->swept, series, true, label);
    snprintf(heading, sizeof heading, "%s %s_mean low high seeds", p->x->name,
             p->swept->columns[p->columns[column]].name);
    return mi_sheet_block(sheet, label[0] != '\0' ? label : "means", heading, p->rows,
                          BLOCK_COLUMNS, count);
}

int mi_lines_seeds(mi_sheet *sheet, const mi_lines_plan *p, size_t panel, size_t series,
                   size_t column)
{
    size_t count = 0;
    if (p->swept->seed_count < 2 ||
        p->x->count * p->swept->seed_count * p->series_shown * p->panels_shown * p->column_count >
            MOST_DOTS) {
        return -1;
    }
    for (size_t i = 0; i < p->x->count; i++) {
        const mi_swept_value *v =
            mi_sweep_value(p->swept, mi_lines_cell(p, panel, series, i), p->columns[column]);
        for (size_t s = 0; v->opt_each != NULL && v->count > 1 && s < p->swept->seed_count; s++) {
            if (isfinite(v->opt_each[s])) {
                p->rows[2 * count] = place(p, i, series, column);
                p->rows[2 * count++ + 1] = v->opt_each[s];
            }
        }
    }
    return count == 0 ? -1 : mi_sheet_block(sheet, "single seeds", "x value", p->rows, 2, count);
}

mi_code mi_lines_plan_make(const mi_swept *swept, const mi_swept_figure *figure,
                           mi_lines_plan *ret_plan)
{
    mi_lines_plan *p = ret_plan;
    size_t seeds = swept->seed_count > 0 ? swept->seed_count : 1;
    *p = (mi_lines_plan){.swept = swept,
                         .figure = figure,
                         .x = &swept->axes[figure->x],
                         .panels = {.count = 1},
                         .series = {.count = 1}};
    take_columns(p);
    take_axes(p);
    p->logarithmic = spans_decades(p);
    p->series_shown = p->series.count < MI_SWEEP_SERIES ? p->series.count : MI_SWEEP_SERIES;
    p->panels_shown = p->panels.count;
    return mi_allocate(p->x->count * seeds, BLOCK_COLUMNS * sizeof *p->rows, &p->rows, NULL);
}
