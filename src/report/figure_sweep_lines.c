/* Columns of a sweep over one axis: means with intervals over seeds, a line for each combination of
 * the other axes. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/format.h"
#include "sweep_lines.h"
#include "text.h"

enum {
    TITLE_MARGIN = 34,
    UNTITLED_MARGIN = 12,
    HEIGHT = 300,
    BOTTOM_MARGIN = 56,
    MARGIN = 20,
    EXPLICIT_TICS = 12
};

static const int dashes[MI_SWEEP_COLUMNS] = {1, 2, 4, 5, 3};

static mi_look look_of(const mi_lines_plan *p, size_t series, size_t column)
{
    mi_look look = mi_look_of(p->series_shown > 1 ? series : column);
    look.dash = dashes[column];
    return look;
}

/* The range of means and seeds, and of intervals as far as they are not much wider: Student's
 * interval of two seeds would leave nothing else to be seen. */
static void put_range(mi_sheet *sheet, const mi_lines_plan *p, size_t panel)
{
    double low = INFINITY, high = -INFINITY, bottom = INFINITY, top = -INFINITY;
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t k = 0; k < p->x->count * p->column_count; k++) {
            const mi_swept_value *v =
                mi_sweep_value(p->swept, mi_lines_cell(p, panel, series, k / p->column_count),
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
static size_t put_x_axis(mi_sheet *sheet, const mi_lines_plan *p, mi_box box)
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

static void y_label(const mi_lines_plan *p, char label[MI_SWEEP_LABEL])
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

static void put_line(mi_sheet *sheet, const mi_lines_plan *p, drawn d, mi_look look, size_t column)
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

static void draw_series(mi_sheet *sheet, const mi_lines_plan *p, const drawn *all)
{
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t c = 0; c < p->column_count; c++) {
            const drawn *d = &all[series * MI_SWEEP_COLUMNS + c];
            if (d->means >= 0) {
                put_line(sheet, p, *d, look_of(p, series, c), c);
            }
        }
    }
}

/* Returns the characters of tics that stand upright. */
static size_t draw_panel(mi_sheet *sheet, const mi_lines_plan *p, size_t panel, mi_box box)
{
    drawn all[MI_SWEEP_SERIES * MI_SWEEP_COLUMNS];
    char title[MI_SWEEP_LABEL], label[MI_SWEEP_LABEL];
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t c = 0; c < p->column_count; c++) {
            drawn *d = &all[series * MI_SWEEP_COLUMNS + c];
            d->means = mi_lines_means(sheet, p, panel, series, c, &d->band);
            d->seeds = d->means < 0 ? -1 : mi_lines_seeds(sheet, p, panel, series, c);
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

static void draw_panels(mi_sheet *sheet, const mi_lines_plan *p)
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
static void series_heading(const mi_lines_plan *p, char heading[MI_SWEEP_LABEL])
{
    size_t used = 0;
    heading[0] = '\0';
    for (size_t i = 0; i < p->series.axis_count; i++) {
        const char *name = p->swept->axes[p->series.axes[i]].label;
        mi_append(heading, MI_SWEEP_LABEL, &used, "%s%.*s", i > 0 ? ", " : "",
                  (int)mi_text_bytes(name, 40), name);
    }
}

static void put_series_key(mi_sheet *sheet, const mi_lines_plan *p)
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

static void put_column_key(mi_sheet *sheet, const mi_lines_plan *p, int left)
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

static void put_keys(mi_sheet *sheet, const mi_lines_plan *p)
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

static void put_notes(mi_sheet *sheet, const mi_lines_plan *p)
{
    char note[700];
    size_t used = 0;
    if (p->swept->seed_count > 1) {
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
    mi_lines_plan p;
    if (mi_lines_plan_make(sheet->report->opt_swept, figure, &p) != MI_OK) {
        sheet->failed = true;
        return;
    }
    draw_panels(sheet, &p);
    put_keys(sheet, &p);
    put_notes(sheet, &p);
    free(p.rows);
}
