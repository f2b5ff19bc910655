/* Columns of a sweep over one axis: means with intervals over seeds, a line for each combination of
 * the other axes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "sweep_parts.h"
#include "text.h"

enum {
    TITLE_MARGIN = 34,
    UNTITLED_MARGIN = 12,
    HEIGHT = 300,
    BOTTOM_MARGIN = 56,
    MARGIN = 20,
    MOST_SERIES = 16, /* in one panel: as many looks differ */
    CROWDED = 8,      /* more lines than this are spread over panels, where axes allow it */
    MOST_PANELS = 6,
    MOST_COLUMNS = 5, /* as there are dashes */
    MOST_DOTS = 1500, /* single seeds */
    EXPLICIT_TICS = 12,
    DECADES = 100
};

static const int dashes[MOST_COLUMNS] = {1, 2, 4, 5, 3};

/* Columns of a block, and of a block of single seeds. */
enum { X, MEAN, LOW, HIGH, BLOCK_COLUMNS };

typedef struct plan {
    const mi_swept *swept;
    const mi_swept_figure *figure;
    const mi_swept_axis *x;
    mi_combinations panels, series;
    size_t columns[MOST_COLUMNS], column_count; /* the numeric ones */
    size_t series_shown, panels_shown;
    bool logarithmic; /* the y axis */
    bool any_interval;
    size_t idle_count; /* other axes on which nothing here depends */
    size_t idle[MI_SWEEP_AXES];
    double *rows; /* room for a block of all seeds */
} plan;

static void take_columns(plan *p)
{
    for (size_t i = 0; i < p->figure->count && p->column_count < MOST_COLUMNS; i++) {
        if (p->swept->columns[p->figure->columns[i]].numeric) {
            p->columns[p->column_count++] = p->figure->columns[i];
        }
    }
}

/* Are all values of the columns the same whatever the value on the axis? Then a line for each
 * would hide all but the last. */
static bool idle(const plan *p, size_t axis)
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
static void take_axes(plan *p)
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
static bool spans_decades(const plan *p)
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
static double place(const plan *p, size_t i, size_t series, size_t column)
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

static size_t cell_of(const plan *p, size_t panel, size_t series, size_t i)
{
    return mi_combinations_cell(&p->panels, p->swept, panel) +
           mi_combinations_cell(&p->series, p->swept, series) + i * p->swept->strides[p->figure->x];
}

/* The block of means of a line; -1 where it has none. *ret_band: is there an interval? */
static int put_means(mi_sheet *sheet, const plan *p, size_t panel, size_t series, size_t column,
                     bool *ret_band)
{
    char label[MI_SWEEP_LABEL], heading[160];
    size_t count = 0;
    *ret_band = false;
    for (size_t i = 0; i < p->x->count; i++) {
        const mi_swept_value *v =
            mi_sweep_value(p->swept, cell_of(p, panel, series, i), p->columns[column]);
        double *row = p->rows + count * BLOCK_COLUMNS;
        if (isfinite(v->mean)) {
            row[X] = place(p, i, series, column);
            row[MEAN] = v->mean;
            row[LOW] = p->logarithmic && v->low <= 0 ? v->mean / DECADES : v->low;
            row[HIGH] = v->high;
            *ret_band = *ret_band || v->high > v->low;
            count++;
        }
    }
    if (count == 0) {
        return -1;
    }
    qsort(p->rows, count, BLOCK_COLUMNS * sizeof *p->rows, by_x);
    mi_combinations_label(&p->series, p->swept, series, true, label);
    snprintf(heading, sizeof heading, "%s %s_mean low high", p->x->name,
             p->swept->columns[p->columns[column]].name);
    return mi_sheet_block(sheet, label[0] != '\0' ? label : "means", heading, p->rows,
                          BLOCK_COLUMNS, count);
}

/* The block of single seeds of a line; -1 where there is at most one of each cell. */
static int put_seeds(mi_sheet *sheet, const plan *p, size_t panel, size_t series, size_t column)
{
    size_t count = 0;
    if (p->swept->seed_count < 2 ||
        p->x->count * p->swept->seed_count * p->series_shown * p->panels_shown * p->column_count >
            MOST_DOTS) {
        return -1;
    }
    for (size_t i = 0; i < p->x->count; i++) {
        const mi_swept_value *v =
            mi_sweep_value(p->swept, cell_of(p, panel, series, i), p->columns[column]);
        for (size_t s = 0; v->opt_each != NULL && v->count > 1 && s < p->swept->seed_count; s++) {
            if (isfinite(v->opt_each[s])) {
                p->rows[2 * count] = place(p, i, series, column);
                p->rows[2 * count++ + 1] = v->opt_each[s];
            }
        }
    }
    return count == 0 ? -1 : mi_sheet_block(sheet, "single seeds", "x value", p->rows, 2, count);
}

static mi_look look_of(const plan *p, size_t series, size_t column)
{
    mi_look look = mi_look_of(p->series_shown > 1 ? series : column);
    look.dash = dashes[column];
    return look;
}

/* The range of means and seeds, and of intervals as far as they are not much wider: Student's
 * interval of two seeds would leave nothing else to be seen. */
static void put_range(mi_sheet *sheet, const plan *p, size_t panel)
{
    double low = INFINITY, high = -INFINITY, bottom = INFINITY, top = -INFINITY;
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t k = 0; k < p->x->count * p->column_count; k++) {
            const mi_swept_value *v =
                mi_sweep_value(p->swept, cell_of(p, panel, series, k / p->column_count),
                               p->columns[k % p->column_count]);
            low = fmin(low, v->mean);
            high = fmax(high, v->mean);
            bottom = fmin(bottom, fmin(v->mean, v->low));
            top = fmax(top, fmax(v->mean, v->high));
            for (size_t s = 0; v->opt_each != NULL && s < p->swept->seed_count; s++) {
                low = fmin(low, v->opt_each[s]);
                high = fmax(high, v->opt_each[s]);
            }
        }
    }
    double spread = high - low;
    if (p->logarithmic && low > 0) {
        fprintf(sheet->script, "set logscale y; set format y '%%.0e'; set yrange [%.6g:%.6g]\n",
                low / 1.5, high * 1.5);
    } else if (spread > 1e-9 * fmax(fabs(high), fabs(low))) {
        double below = fmax(low - 0.6 * spread, fmin(bottom, low) - 0.05 * spread);
        double above = fmin(high + 0.6 * spread, fmax(top, high) + 0.05 * spread);
        fprintf(sheet->script, "set yrange [%.6g:%.6g]\n", below, above);
    } else if (isfinite(spread)) {
        double margin = high != 0 ? 0.1 * fabs(high) : 1;
        fprintf(sheet->script, "set yrange [%.6g:%.6g]\n", low - margin, high + margin);
    }
}

/* Returns the characters of tics that stand upright. */
static size_t put_x_axis(mi_sheet *sheet, const plan *p, mi_box box)
{
    const mi_swept_axis *x = p->x;
    if (!x->numeric) {
        fprintf(sheet->script, "set xrange [-0.5:%zu.5]\n", x->count - 1);
        return mi_sweep_tics(sheet, x, 'x', NULL, box.right - box.left);
    }
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < x->count; i++) {
        low = fmin(low, x->values[i]);
        high = fmax(high, x->values[i]);
    }
    if (x->logarithmic) {
        double factor = high > low ? pow(high / low, 0.04) : 2;
        fprintf(sheet->script, "set logscale x; set xrange [%.6g:%.6g]\n", low / factor,
                high * factor);
        return x->count <= EXPLICIT_TICS
                   ? mi_sweep_tics(sheet, x, 'x', x->values, box.right - box.left)
                   : 0;
    }
    double margin = high > low ? 0.04 * (high - low) : 1;
    fprintf(sheet->script, "set xrange [%.6g:%.6g]\n", low - margin, high + margin);
    return 0;
}

static void y_label(const plan *p, char label[MI_SWEEP_LABEL])
{
    size_t used = 0;
    label[0] = '\0';
    for (size_t i = 0; i < p->column_count; i++) {
        const char *name = p->swept->columns[p->columns[i]].label;
        mi_append(label, MI_SWEEP_LABEL, &used, "%s%.*s", i > 0 ? ", " : "",
                  (int)mi_text_bytes(name, 40), name);
    }
}

typedef struct drawn {
    int means, seeds;
    bool band;
} drawn;

static void put_line(mi_sheet *sheet, const plan *p, drawn d, mi_look look, size_t column)
{
    if (d.band && p->x->numeric) {
        mi_sheet_item(sheet,
                      "data index %d using 1:3:4 with filledcurves fc rgb '%s' fs transparent "
                      "solid 0.15 noborder",
                      d.means, look.color);
    } else if (d.band) {
        mi_sheet_item(sheet, "data index %d using 1:2:3:4 with yerrorbars lc rgb '%s' lw 1.4 pt -1",
                      d.means, look.color);
    }
    if (d.seeds >= 0) {
        mi_sheet_item(sheet, "data index %d using 1:2 with points lc rgb '%s' pt 7 ps 0.28",
                      d.seeds, look.color);
    }
    mi_sheet_item(sheet, "data index %d using 1:2 with %s lc rgb '%s' lw 1.8 dt %d pt %d ps %s",
                  d.means, p->x->numeric ? "linespoints" : "points", look.color,
                  p->x->numeric ? look.dash : 1, look.point + (int)column * 2,
                  column == 0 ? "0.8" : "0.6");
}

static void draw_series(mi_sheet *sheet, const plan *p, const drawn *all)
{
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t c = 0; c < p->column_count; c++) {
            const drawn *d = &all[series * MOST_COLUMNS + c];
            if (d->means >= 0) {
                put_line(sheet, p, *d, look_of(p, series, c), c);
            }
        }
    }
}

/* Returns the characters of tics that stand upright. */
static size_t draw_panel(mi_sheet *sheet, const plan *p, size_t panel, mi_box box)
{
    drawn all[MOST_SERIES * MOST_COLUMNS];
    char title[MI_SWEEP_LABEL], label[MI_SWEEP_LABEL];
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t c = 0; c < p->column_count; c++) {
            drawn *d = &all[series * MOST_COLUMNS + c];
            d->means = put_means(sheet, p, panel, series, c, &d->band);
            d->seeds = d->means < 0 ? -1 : put_seeds(sheet, p, panel, series, c);
        }
    }
    mi_combinations_label(&p->panels, p->swept, panel, true, title);
    y_label(p, label);
    mi_sheet_panel(sheet, box, title, p->x->label, label);
    put_range(sheet, p, panel);
    size_t upright = put_x_axis(sheet, p, box);
    draw_series(sheet, p, all);
    mi_sheet_end(sheet);
    return upright;
}

static void draw_panels(mi_sheet *sheet, const plan *p)
{
    int columns = p->panels_shown > 1 ? 2 : 1;
    for (size_t first = 0; first < p->panels_shown; first += (size_t)columns) {
        int top = sheet->bottom + (p->panels.axis_count > 0 ? TITLE_MARGIN : UNTITLED_MARGIN);
        size_t upright = 0;
        for (size_t k = first; k < first + (size_t)columns && k < p->panels_shown; k++) {
            size_t own =
                draw_panel(sheet, p, k, mi_sheet_cell((int)(k - first), columns, top, HEIGHT));
            upright = own > upright ? own : upright;
        }
        sheet->bottom = top + HEIGHT + BOTTOM_MARGIN + (int)upright * 4;
    }
}

/* Names of the axes whose values a line has. */
static void series_heading(const plan *p, char heading[MI_SWEEP_LABEL])
{
    size_t used = 0;
    heading[0] = '\0';
    for (size_t i = 0; i < p->series.axis_count; i++) {
        const char *name = p->swept->axes[p->series.axes[i]].label;
        mi_append(heading, MI_SWEEP_LABEL, &used, "%s%.*s", i > 0 ? ", " : "",
                  (int)mi_text_bytes(name, 40), name);
    }
}

static void put_series_key(mi_sheet *sheet, const plan *p)
{
    char heading[MI_SWEEP_LABEL], label[MI_SWEEP_LABEL];
    series_heading(p, heading);
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH / 2, (int)p->series_shown, heading);
    for (size_t s = 0; s < p->series_shown; s++) {
        mi_look look = look_of(p, s, 0);
        mi_combinations_label(&p->series, p->swept, s, false, label);
        mi_sheet_item(sheet, "keyentry with %s lc rgb '%s' lw 1.8 pt %d ps 0.8 title ",
                      p->x->numeric ? "linespoints" : "points", look.color, look.point);
        mi_text_quote(sheet->script, label, 60, "");
    }
    mi_sheet_end(sheet);
}

static void put_column_key(mi_sheet *sheet, const plan *p, int left)
{
    mi_sheet_key(sheet, left, MI_SHEET_WIDTH, (int)p->column_count, "");
    for (size_t c = 0; c < p->column_count; c++) {
        mi_look look = look_of(p, 0, c);
        mi_sheet_item(sheet, "keyentry with %s lc rgb '%s' lw 1.8 dt %d pt %d ps 0.8 title ",
                      p->x->numeric ? "linespoints" : "points",
                      p->series_shown > 1 ? "#444444" : look.color, p->x->numeric ? look.dash : 1,
                      look.point + (int)c * 2);
        mi_text_quote(sheet->script, p->swept->columns[p->columns[c]].label, 60, "");
    }
    mi_sheet_end(sheet);
}

static void put_keys(mi_sheet *sheet, const plan *p)
{
    size_t lines = p->column_count;
    if (p->series_shown > 1) {
        put_series_key(sheet, p);
        lines = p->series_shown + 1;
    }
    if (p->column_count > 1) {
        put_column_key(sheet, p, p->series_shown > 1 ? MI_SHEET_WIDTH / 2 : MARGIN);
    }
    if (p->series_shown > 1 || p->column_count > 1) {
        sheet->bottom +=
            MI_LINE_HEIGHT * (int)(lines > p->column_count ? lines : p->column_count) + MARGIN;
    }
}

static void put_notes(mi_sheet *sheet, const plan *p)
{
    char note[700];
    size_t used = 0;
    if (p->swept->seed_count > 1 && !p->any_interval) {
        mi_append(note, sizeof note, &used,
                  "Means over %zu seeds; no setting has two values, so that no spread is known.",
                  p->swept->seed_count);
    } else if (p->swept->seed_count > 1) {
        mi_append(note, sizeof note, &used,
                  "Means over %zu seeds; %s: Student's 95 %% interval of the mean; small points: "
                  "single seeds.",
                  p->swept->seed_count, p->x->numeric ? "bands" : "bars");
    } else {
        mi_append(note, sizeof note, &used, "One seed: no spread is known.");
    }
    for (size_t i = 0; i < p->idle_count; i++) {
        const char *label = p->swept->axes[p->idle[i]].bare;
        mi_append(note, sizeof note, &used, "%s%.*s%s", i == 0 ? " Nothing here depends on " : ", ",
                  (int)mi_text_bytes(label, 60), label, i + 1 == p->idle_count ? "." : "");
    }
    if (p->series_shown < p->series.count) {
        mi_append(note, sizeof note, &used, " The first %zu of %zu lines; cells.csv has all.",
                  p->series_shown, p->series.count);
    }
    mi_sweep_notes(sheet, p->figure, note);
}

void mi_sweep_lines(mi_sheet *sheet, const mi_swept_figure *figure)
{
    const mi_swept *swept = sheet->report->opt_swept;
    plan p = {.swept = swept,
              .figure = figure,
              .x = &swept->axes[figure->x],
              .panels = {.count = 1},
              .series = {.count = 1}};
    take_columns(&p);
    take_axes(&p);
    p.logarithmic = spans_decades(&p);
    p.any_interval = mi_swept_has_intervals(swept);
    p.series_shown = p.series.count < MOST_SERIES ? p.series.count : MOST_SERIES;
    p.panels_shown = p.panels.count;
    size_t seeds = swept->seed_count > 0 ? swept->seed_count : 1;
    if (mi_allocate(p.x->count * seeds, BLOCK_COLUMNS * sizeof *p.rows, &p.rows, NULL) != MI_OK) {
        sheet->failed = true;
        return;
    }
    draw_panels(sheet, &p);
    put_keys(sheet, &p);
    put_notes(sheet, &p);
    free(p.rows);
}
