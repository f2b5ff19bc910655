/* Curves of one source under several masking strategies: a row of panels for each source. */
#include <math.h>
#include <string.h>

#include "figure.h"
#include "text.h"

enum {
    TITLE_MARGIN = 34,
    HEIGHT = 190,
    BOTTOM_MARGIN = 52,
    SPARSE = 12, /* up to so many points each has its marker and its error bar */
    MARKERS = 8,
    LABEL_LIMIT = 90,
    DASHES = 4
};

static bool listed(const mi_source *s)
{
    return mi_source_in(s, "strategies") && s->opt_strategy != NULL && s->origin[0] != '\0' &&
           mi_source_has(s, MI_F_INFORMATION);
}

static bool same_origin(const mi_source *a, const mi_source *b)
{
    return strcmp(a->origin, b->origin) == 0;
}

bool mi_strategies_show(const mi_report *report, const mi_source *s)
{
    bool shared = false;
    for (size_t i = 0; i < report->count && !shared; i++) {
        const mi_source *other = &report->sources[i];
        shared = listed(other) && same_origin(s, other) && other->opt_strategy != s->opt_strategy;
    }
    return shared && listed(s);
}

size_t mi_strategies_rank(const mi_report *report, const mi_source *s, bool within_strategy)
{
    size_t rank = 0;
    for (size_t i = 0; i < s->number; i++) {
        const mi_source *other = &report->sources[i];
        bool counted = !within_strategy || other->opt_strategy == s->opt_strategy;
        rank += counted && mi_strategies_show(report, other) && same_origin(s, other);
    }
    return rank;
}

static bool any(const mi_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        if (mi_strategies_show(report, &report->sources[i])) {
            return true;
        }
    }
    return false;
}

static const mi_field fields[] = {MI_F_RATIO,     MI_F_INFORMATION, MI_F_INFORMATION_SE,
                                  MI_F_JOINT,     MI_F_JOINT_SE,    MI_F_MSE,
                                  MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE};

static const struct column {
    const char *title, *y_label;
    bool per_site;
    mi_field value, error;
} columns[] = {
    {"information i(r)", "nats per", true, MI_F_INFORMATION, MI_F_INFORMATION_SE},
    {"joint I(x_m; x_v) / N", "nats per", true, MI_F_JOINT, MI_F_JOINT_SE},
    {"MSE floor", "share of the variance", false, MI_F_MSE, MI_F_NONE},
    {"objective r i(r)", "nats per", true, MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static int dash_of(const mi_sheet *sheet, const mi_source *s)
{
    static const int dashes[DASHES] = {1, 2, 4, 5};
    return s->misfit ? 3 : dashes[mi_strategies_rank(sheet->report, s, true) % DASHES];
}

/* Few points, such as those that a lattice can have, are seen one by one. */
static void put_sparse(mi_sheet *sheet, const mi_source *s, int y, int error)
{
    const mi_strategy *look = s->opt_strategy;
    int block = sheet->block_of[s->number];
    mi_sheet_item(sheet, "data index %d using 1:%d with lines lc rgb '%s' lw 0.8 dt %d", block, y,
                  look->color, dash_of(sheet, s));
    if (error > 0) {
        mi_sheet_item(sheet,
                      "data index %d using 1:%d:(2*$%d) with yerrorbars lc rgb '%s' lw 1 pt %d "
                      "ps 0.9",
                      block, y, error, look->color, look->open_point);
    } else {
        mi_sheet_item(sheet, "data index %d using 1:%d with points lc rgb '%s' pt %d ps 0.9", block,
                      y, look->color, look->open_point);
    }
}

static void put_dense(mi_sheet *sheet, const mi_source *s, int y, int error)
{
    const mi_strategy *look = s->opt_strategy;
    int block = sheet->block_of[s->number];
    size_t step = s->points / MARKERS;
    if (error > 0) {
        mi_sheet_item(sheet,
                      "data index %d using 1:($%d-2*$%d):($%d+2*$%d) with filledcurves "
                      "fc rgb '%s' fs transparent solid 0.2 noborder",
                      block, y, error, y, error, look->color);
    }
    mi_sheet_item(sheet, "data index %d using 1:%d with lines lc rgb '%s' lw 1.8 dt %d", block, y,
                  look->color, dash_of(sheet, s));
    mi_sheet_item(sheet,
                  "data index %d using 1:%d every %zu::%zu with points lc rgb '%s' pt %d ps 0.75",
                  block, y, step, s->number % step, look->color, look->open_point);
}

static void put_curve(mi_sheet *sheet, const mi_source *s, const struct column *column)
{
    bool errors = column->error != MI_F_NONE && mi_source_has(s, column->error) && !s->misfit;
    int y = mi_sheet_column(sheet, column->value);
    int error = errors ? mi_sheet_column(sheet, column->error) : 0;
    if (!mi_source_has(s, column->value)) {
        return;
    }
    if (s->points <= SPARSE) {
        put_sparse(sheet, s, y, error);
    } else {
        put_dense(sheet, s, y, error);
    }
}

static double objective_near(const mi_source *s, double ratio)
{
    double value = NAN, least = INFINITY;
    for (size_t i = 0; i < s->points; i++) {
        double distance = fabs(s->values[MI_F_RATIO][i] - ratio);
        if (isfinite(s->values[MI_F_OBJECTIVE][i]) && distance < least) {
            least = distance;
            value = s->values[MI_F_OBJECTIVE][i];
        }
    }
    return value;
}

static void put_optimum(mi_sheet *sheet, const mi_source *s)
{
    double height = objective_near(s, s->optimum);
    if (!s->has_optimum || !isfinite(height)) {
        return;
    }
    double row[] = {s->optimum, height, isfinite(s->low) ? s->low : s->optimum,
                    isfinite(s->high) ? s->high : s->optimum};
    int block = mi_sheet_block(sheet, s->label, "optimum objective low(95%) high(95%)", row, 4, 1);
    mi_sheet_item(sheet,
                  "data index %d using 1:2:3:4 with xerrorbars lc rgb '%s' lw 1.6 pt %d ps 1.4",
                  block, s->opt_strategy->color, s->opt_strategy->full_point);
}

/* Do the visits of one row reach this source? */
static bool in_row(const mi_sheet *sheet, const mi_source *leader, const mi_source *s)
{
    return mi_strategies_show(sheet->report, s) && same_origin(leader, s);
}

static bool row_has(const mi_sheet *sheet, const mi_source *leader, mi_field field)
{
    bool any_value = false;
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *s = &sheet->report->sources[i];
        any_value = any_value || (in_row(sheet, leader, s) && mi_source_has(s, field));
    }
    return any_value;
}

static void draw_panel(mi_sheet *sheet, const mi_source *leader, const struct column *column,
                       mi_box box)
{
    const mi_report *report = sheet->report;
    const char *site = leader->group == MI_GROUP_TEXT ? " token" : " patch";
    char y_label[64];
    snprintf(y_label, sizeof y_label, "%s%s", column->y_label, column->per_site ? site : "");
    bool empty = !row_has(sheet, leader, column->value);
    mi_sheet_panel(sheet, box, column->title, "masking ratio r", empty ? "" : y_label);
    fputs("set xtics 0, 0.25, 1\n", sheet->script);
    if (empty) {
        fputs("unset border; unset tics; set xlabel ''; set yrange [0:1]\n"
              "set label 'not for discrete sources' at graph 0.5, graph 0.5 center "
              "tc rgb '#777777' font ',11'\n",
              sheet->script);
    }
    for (size_t i = 0; i < report->count; i++) {
        if (in_row(sheet, leader, &report->sources[i])) {
            put_curve(sheet, &report->sources[i], column);
        }
    }
    for (size_t i = 0; i < report->count && column->value == MI_F_OBJECTIVE; i++) {
        if (in_row(sheet, leader, &report->sources[i])) {
            put_optimum(sheet, &report->sources[i]);
        }
    }
    mi_sheet_end(sheet);
}

/* The floor of the squared error has its column where one source has it. */
static bool has_floors(const mi_sheet *sheet)
{
    bool floors = false;
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *s = &sheet->report->sources[i];
        floors = floors || (mi_strategies_show(sheet->report, s) && mi_source_has(s, MI_F_MSE));
    }
    return floors;
}

static void draw_row(mi_sheet *sheet, const mi_source *leader)
{
    int top = sheet->bottom + TITLE_MARGIN, cells = has_floors(sheet) ? COLUMNS : COLUMNS - 1,
        cell = 0;
    for (int c = 0; c < COLUMNS; c++) {
        if (columns[c].value == MI_F_MSE && cells < COLUMNS) {
            continue;
        }
        draw_panel(sheet, leader, &columns[c], mi_sheet_cell(cell, cells, top, HEIGHT));
        cell++;
    }
    sheet->bottom = top + HEIGHT + BOTTOM_MARGIN;
}

static void draw_key(mi_sheet *sheet)
{
    const mi_report *report = sheet->report;
    int entries = 0;
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, (int)report->count + 5, "");
    for (const mi_strategy *m = mi_strategies; m->name != NULL; m++) {
        bool seen = false;
        for (size_t i = 0; i < report->count && !seen; i++) {
            seen = sheet->block_of[i] >= 0 && report->sources[i].opt_strategy == m;
        }
        if (seen) {
            mi_sheet_item(sheet,
                          "keyentry with linespoints lc rgb '%s' lw 1.8 pt %d ps 0.9 "
                          "title '%s: %s'",
                          m->color, m->open_point, m->name, m->meaning);
            entries++;
        }
    }
    mi_sheet_item(sheet, "keyentry with points lc rgb '#555555' pt 7 ps 1.4 title "
                         "'filled: the optimum r* of r i(r), with its 95 %% interval'");
    entries++;
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (sheet->block_of[i] >= 0 && mi_strategies_rank(report, s, true) > 0) {
            mi_sheet_item(sheet, "keyentry with lines lc rgb '%s' lw 1.8 dt %d title ",
                          s->opt_strategy->color, dash_of(sheet, s));
            mi_sheet_label(sheet, s, LABEL_LIMIT, "");
            entries++;
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * entries + 20;
}

static void draw(mi_sheet *sheet)
{
    const mi_report *report = sheet->report;
    sheet->fields = fields;
    sheet->field_count = sizeof fields / sizeof fields[0];
    for (size_t i = 0; i < report->count; i++) {
        if (mi_strategies_show(report, &report->sources[i])) {
            mi_sheet_source_block(sheet, &report->sources[i]);
        }
    }
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (mi_strategies_show(report, s) && mi_strategies_rank(report, s, false) == 0) {
            mi_sheet_heading(sheet, s->origin);
            draw_row(sheet, s);
        }
    }
    draw_key(sheet);
    mi_sheet_note(sheet,
                  "The same source, other masks. i(r): information of the visible sites about "
                  "one hidden site, averaged over hidden sites and masks. Bands and bars: "
                  "± 2 standard errors. A lattice has few ratios: they are joined for the "
                  "eye, with nothing known between them. Numbers: strategies.txt.");
    mi_sheet_misfits(sheet);
}

const mi_figure mi_figure_strategies = {
    .name = "strategies",
    .question = "What does the masking strategy change?",
    .caption = "For each source its information, joint information, squared error and r·i(r) under "
               "random, block and grid masks. Curves are comparable only at the same r; lattices "
               "exist at a few ratios alone, joined by a thin line for the eye.",
    .compare = true,
    .any = any,
    .draw = draw,
    .tables = mi_strategies_tables,
};
