/* Columns of a sweep over one axis: means with intervals over seeds, a line for each combination of
 * the other axes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
#include "sweep_lines.h"
#include "text.h"

enum { TITLE_MARGIN = 34, UNTITLED_MARGIN = 12, HEIGHT = 300, BOTTOM_MARGIN = 56 };

/* Returns the characters of tics that stand upright. */
static size_t put_x_axis(mi_sheet *sheet, const mi_lines_plan *p, mi_box box)
{
    const mi_swept_axis *x = p->x;
    if (!x->numeric) {
        fprintf(sheet->script, "set xrange [-0.5:%zu.5]\n", x->count - 1);
        return mi_sweep_tics(sheet, x, 'x', box.right - box.left);
    }
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < x->count; i++) {
        low = fmin(low, x->values[i]);
        high = fmax(high, x->values[i]);
    }
    mi_sweep_range range = {.logarithmic = x->logarithmic};
    if (x->logarithmic) {
        double factor = high > low ? pow(high / low, 0.04) : 2;
        range.low = low / factor;
        range.high = high * factor;
    } else {
        double margin = high > low ? 0.04 * (high - low) : 1;
        range.low = low - margin;
        range.high = high + margin;
    }
    fprintf(sheet->script, "%sset xrange [%.6g:%.6g]\n", x->logarithmic ? "set logscale x; " : "",
            range.low, range.high);
    return mi_sweep_places(sheet, x, range, box.right - box.left);
}

/* The unit, " (nats)", that all columns have; "" where there is none. */
static const char *common_unit(const mi_lines_plan *p)
{
    const char *unit = NULL;
    for (size_t i = 0; i < p->column_count; i++) {
        const mi_swept_column *column = &p->swept->columns[p->columns[i]];
        const char *own = column->label + strlen(column->bare);
        unit = unit == NULL || strcmp(unit, own) == 0 ? own : "";
    }
    return unit == NULL ? "" : unit;
}

/* The names of the columns; each with its unit, if they differ and that has room. */
static void y_label(const mi_lines_plan *p, size_t limit, char label[MI_SWEEP_LABEL])
{
    enum { PART = 50, BYTES = 4 * PART + 1 };
    const char *unit = common_unit(p);
    char joined[2][MI_SWEEP_COLUMNS * (BYTES + 2)] = {"", ""};
    size_t used[2] = {0, 0};
    for (size_t i = 0; i < p->column_count; i++) {
        const mi_swept_column *column = &p->swept->columns[p->columns[i]];
        char full[MI_SWEEP_LABEL], bare[BYTES];
        mi_sweep_name(full, column->bare, column->label, PART);
        mi_text_fit(bare, sizeof bare, column->bare, PART, "");
        mi_append(joined[0], sizeof joined[0], &used[0], "%s%s", i > 0 ? ", " : "", full);
        mi_append(joined[1], sizeof joined[1], &used[1], "%s%s", i > 0 ? ", " : "", bare);
    }
    if (unit[0] != '\0' && 2 * mi_text_length(unit) < limit) {
        mi_text_fit(label, MI_SWEEP_LABEL, joined[1], limit, unit);
    } else {
        mi_text_fit(label, MI_SWEEP_LABEL, joined[mi_text_length(joined[0]) <= limit ? 0 : 1],
                    limit, "");
    }
}

typedef struct drawn {
    int means, seeds;
    bool band;
} drawn;

static void put_interval(mi_sheet *sheet, const mi_lines_plan *p, drawn d, mi_look look, bool cut)
{
    if (d.band && p->x->numeric) {
        /* gnuplot does not cut what it fills at the ends of the axis. */
        mi_sheet_item(sheet,
                      "data index %d using 1:%s with filledcurves fc rgb '%s' fs transparent "
                      "solid 0.15 noborder",
                      d.means, cut ? "(clip($3)):(clip($4))" : "3:4", look.color);
    } else if (d.band) {
        mi_sheet_item(sheet, "data index %d using 1:2:3:4 with yerrorbars lc rgb '%s' lw 1.4 pt -1",
                      d.means, look.color);
    }
}

static void put_line(mi_sheet *sheet, const mi_lines_plan *p, drawn d, mi_look look, size_t column)
{
    if (d.seeds >= 0) {
        mi_sheet_item(sheet, "data index %d using 1:2 with points lc rgb '%s' pt 7 ps 0.28",
                      d.seeds, look.color);
    }
    mi_sheet_item(sheet, "data index %d using 1:2 with %s lc rgb '%s' lw 1.8 dt %d pt %d ps %s",
                  d.means, p->x->numeric ? "linespoints" : "points", look.color,
                  p->x->numeric ? look.dash : 1, look.point + (int)column * 2,
                  column == 0 ? "0.8" : "0.6");
}

static void draw_series(mi_sheet *sheet, const mi_lines_plan *p, const drawn *all, size_t panel,
                        bool cut)
{
    bool alone = mi_lines_alone(p, panel);
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t c = 0; c < p->column_count; c++) {
            const drawn *d = &all[series * MI_SWEEP_COLUMNS + c];
            mi_look look = mi_lines_look(p, series, c);
            if (d->means >= 0) {
                put_interval(sheet, p, *d, look, cut);
                put_line(sheet, p, *d, look, c);
            }
            if (d->means >= 0 && alone) {
                mi_sheet_item(sheet,
                              "data index %d using 1:($5 == 1 ? $2 : NaN) with points lc rgb "
                              "'%s' lw 1 pt 6 ps 1.7",
                              d->means, look.color);
            }
        }
    }
}

/* Returns the characters of tics that stand upright. */
static size_t draw_panel(mi_sheet *sheet, const mi_lines_plan *p, size_t panel, mi_box box,
                         int room)
{
    drawn all[MI_SWEEP_SERIES * MI_SWEEP_COLUMNS];
    char title[MI_SWEEP_LABEL], label[MI_SWEEP_LABEL];
    mi_lines_span s = mi_lines_span_of(p, panel);
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t c = 0; c < p->column_count; c++) {
            drawn *d = &all[series * MI_SWEEP_COLUMNS + c];
            d->means = mi_lines_means(sheet, p, panel, series, c, &d->band);
            d->seeds = d->means < 0 ? -1 : mi_lines_seeds(sheet, p, panel, series, c);
        }
    }
    box.left += room;
    mi_combinations_label(&p->panels, p->swept, panel, true, title);
    y_label(p, mi_sheet_upright(box), label);
    mi_sweep_panel(sheet, box, room, title, p->x, label);
    mi_sweep_put_range(sheet, s.range);
    size_t upright = put_x_axis(sheet, p, box);
    if (s.cut) {
        fprintf(sheet->script, "clip(v) = v < %.6g ? %.6g : v > %.6g ? %.6g : v\n", s.range.low,
                s.range.low, s.range.high, s.range.high);
    }
    draw_series(sheet, p, all, panel, s.cut);
    mi_sheet_end(sheet);
    return upright;
}

static int widest_room(const mi_lines_plan *p)
{
    size_t most = 0;
    for (size_t panel = 0; panel < p->panels_shown; panel++) {
        size_t own = mi_sweep_characters(mi_lines_span_of(p, panel).range);
        most = own > most ? own : most;
    }
    return mi_sweep_room(most);
}

static void draw_panels(mi_sheet *sheet, const mi_lines_plan *p)
{
    int columns = p->panels_shown > 1 ? 2 : 1, room = widest_room(p);
    for (size_t first = 0; first < p->panels_shown; first += (size_t)columns) {
        int top = sheet->bottom + (p->panels.axis_count > 0 ? TITLE_MARGIN : UNTITLED_MARGIN);
        size_t upright = 0;
        for (size_t k = first; k < first + (size_t)columns && k < p->panels_shown; k++) {
            size_t own = draw_panel(sheet, p, k,
                                    mi_sheet_cell((int)(k - first), columns, top, HEIGHT), room);
            upright = own > upright ? own : upright;
        }
        sheet->bottom = top + HEIGHT + BOTTOM_MARGIN + (int)upright * 4;
    }
}

void mi_sweep_lines(mi_sheet *sheet, const mi_swept_figure *figure)
{
    mi_lines_plan p;
    if (mi_lines_plan_make(sheet->report->opt_swept, figure, &p) != MI_OK) {
        sheet->failed = true;
        return;
    }
    draw_panels(sheet, &p);
    mi_lines_legend(sheet, &p);
    free(p.rows);
}
