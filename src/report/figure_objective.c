/* r i(r), and below it one row per source with the three optima, on the same axis. */
#include <math.h>

#include "figure.h"

enum {
    TITLE_MARGIN = 34,
    CURVE_HEIGHT = 250,
    GAP = 14,
    ROW_HEIGHT = 34,
    BOTTOM_MARGIN = 52,
    LABEL_LIMIT = 44 /* characters of a label in a row of half the width */
};

static bool is_text(const mi_source *s)
{
    return s->group == MI_GROUP_TEXT && mi_source_in(s, "objective");
}

static bool is_image(const mi_source *s)
{
    return s->group == MI_GROUP_IMAGE && mi_source_in(s, "objective");
}

#define HEADROOM "set yrange [0:1.13]; set ytics 0, 0.2, 1\n"

static const mi_panel shares[MI_GROUPS] = {
    {"Text", "r i(r) / its maximum", false, is_text, MI_F_OBJECTIVE_SHARE, MI_F_OBJECTIVE_SHARE_SE,
     HEADROOM},
    {"Images", "r i(r) / its maximum", false, is_image, MI_F_OBJECTIVE_SHARE,
     MI_F_OBJECTIVE_SHARE_SE, HEADROOM},
};

/* A single curve shows its nats. */
#define ROOM_ABOVE "set offsets 0, 0, graph 0.13, 0\n"

static const mi_panel absolutes[MI_GROUPS] = {
    {"", "objective r i(r)", true, is_text, MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE, ROOM_ABOVE},
    {"", "objective r i(r)", true, is_image, MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE, ROOM_ABOVE},
};

static const mi_field fields[] = {MI_F_RATIO, MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE,
                                  MI_F_OBJECTIVE_SHARE, MI_F_OBJECTIVE_SHARE_SE};

static const char triangle[] = "pt 9 ps 1.1";
static const char square[] = "pt 5 ps 0.9";
static const char circle[] = "pt 7 ps 1.2";

static bool any(const mi_report *report)
{
    return mi_panel_any(&absolutes[MI_GROUP_TEXT], report) ||
           mi_panel_any(&absolutes[MI_GROUP_IMAGE], report);
}

/* The measured optimum in words, at the right end of its row. */
static void put_value(mi_sheet *sheet, const mi_source *s, double y)
{
    char text[96];
    if (!s->has_optimum) {
        snprintf(text, sizeof text, "no optimum");
    } else if (s->edge) {
        snprintf(text, sizeof text, "r* = %.2f (last ratio)", s->optimum);
    } else if (s->high > s->low) {
        snprintf(text, sizeof text, "r* = %.2f [%.2f, %.2f]", s->optimum, s->low, s->high);
    } else {
        snprintf(text, sizeof text, "r* = %.2f", s->optimum);
    }
    fprintf(sheet->script, "set label '%s' at graph 0.99, first %g right font ',10'\n", text, y);
}

/* Name of a row with the line and marker that the source has in every figure. */
static void put_name(mi_sheet *sheet, const mi_source *s, double y, size_t limit)
{
    size_t style = s->number + 1;
    fprintf(sheet->script,
            "set arrow from graph 0.01, first %g to graph 0.07, first %g nohead ls %zu\n"
            "set label '' at graph 0.04, first %g point ls %zu\n"
            "set label ",
            y, y, style, y, style);
    mi_sheet_label(sheet, s, limit, "");
    fprintf(sheet->script, " at graph 0.08, first %g left font ',10'\n", y);
}

static int put_optima(mi_sheet *sheet, const mi_source *s, double y)
{
    double row[] = {y,
                    s->exponential.valid ? s->exponential.optimum : NAN,
                    s->power.valid ? s->power.optimum : NAN,
                    s->optimum,
                    isfinite(s->low) ? s->low : s->optimum,
                    isfinite(s->high) ? s->high : s->optimum};
    return mi_sheet_block(sheet, s->label, "row exponential power measured low high", row,
                          sizeof row / sizeof row[0], 1);
}

static void mark_optima(mi_sheet *sheet, const mi_source *s, int block)
{
    const char *color = s->look.color;
    if (s->has_optimum) {
        mi_sheet_item(sheet, "data index %d using 4:1:5:6 with xerrorbars %s lw 2 lc rgb '%s'",
                      block, circle, color);
    }
    if (s->exponential.valid) {
        mi_sheet_item(sheet, "data index %d using 2:1 with points %s lc rgb '%s'", block, triangle,
                      color);
    }
    if (s->power.valid) {
        mi_sheet_item(sheet, "data index %d using 3:1 with points %s lc rgb '%s'", block, square,
                      color);
    }
}

static int count_rows(const mi_panel *panel, const mi_report *report)
{
    int rows = 0;
    for (size_t i = 0; i < report->count; i++) {
        rows += mi_panel_shows(panel, &report->sources[i]);
    }
    return rows;
}

/* Rows are counted from the top; a name stands in the upper half of its row, the marks in the
 * lower. */
static void draw_rows(mi_sheet *sheet, const mi_panel *panel, mi_box box, int rows, size_t limit)
{
    const mi_report *report = sheet->report;
    int row = 0;
    mi_sheet_panel(sheet, box, "", "masking ratio r", "");
    fprintf(sheet->script, "set yrange [%d:0]; unset ytics; set xrange [0:1]\n", rows);
    fputs("set arrow from 0.15, graph 0 to 0.15, graph 1 nohead lc rgb '#dddddd' lw 1 back\n"
          "set arrow from 0.75, graph 0 to 0.75, graph 1 nohead lc rgb '#dddddd' lw 1 back\n",
          sheet->script);
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (mi_panel_shows(panel, s)) {
            put_name(sheet, s, row + 0.28, limit);
            put_value(sheet, s, row + 0.28);
            row++;
        }
    }
    row = 0;
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (mi_panel_shows(panel, s)) {
            mark_optima(sheet, s, put_optima(sheet, s, row + 0.72));
            row++;
        }
    }
    mi_sheet_end(sheet);
}

static void draw_column(mi_sheet *sheet, const mi_panel *panel, int column, int columns, int rows)
{
    mi_panel with_lines = *panel;
    char settings[1024];
    snprintf(settings, sizeof settings, "%s%sset format x ''; set xlabel ''\n", panel->settings,
             mi_reference_lines);
    with_lines.settings = settings;
    int top = sheet->bottom + TITLE_MARGIN;
    mi_sheet_draw_sound(sheet, &with_lines, mi_sheet_cell(column, columns, top, CURVE_HEIGHT));
    fputs("set offsets 0, 0, 0, 0\n", sheet->script);
    top += CURVE_HEIGHT + GAP;
    draw_rows(sheet, panel, mi_sheet_cell(column, columns, top, rows * ROW_HEIGHT), rows,
              columns == 1 ? 3 * LABEL_LIMIT : LABEL_LIMIT);
}

static void draw_key(mi_sheet *sheet)
{
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, 3, "");
    mi_sheet_item(sheet,
                  "keyentry with points %s lc rgb '#555555' title "
                  "'measured: argmax of r i(r), with its 95 %% interval'",
                  circle);
    mi_sheet_item(sheet,
                  "keyentry with points %s lc rgb '#555555' title "
                  "'exponential fit: min(1, 1/λ); at λ ≤ 1 the corner r = 1'",
                  triangle);
    mi_sheet_item(sheet, "keyentry with points %s lc rgb '#555555' title 'power-law fit: 1/(1+κ)'",
                  square);
    mi_sheet_end(sheet);
    sheet->bottom += 3 * MI_LINE_HEIGHT + 20;
    mi_sheet_note(sheet, "Shaded bands: ± 2 standard errors of r i(r), much of them common to all "
                         "ratios. The curve of a source marked (misfit), whose density contradicts "
                         "itself, is left out; its row is kept.");
}

static void draw(mi_sheet *sheet)
{
    const mi_panel *panels = sheet->report->compare ? shares : absolutes;
    int rows[MI_GROUPS], columns = 0, column = 0, most = 0;
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], panels, MI_GROUPS);
    for (int g = 0; g < MI_GROUPS; g++) {
        rows[g] = count_rows(&panels[g], sheet->report);
        columns += rows[g] > 0;
        most = rows[g] > most ? rows[g] : most;
    }
    for (int g = 0; g < MI_GROUPS; g++) {
        if (rows[g] > 0) {
            draw_column(sheet, &panels[g], column++, columns, rows[g]);
        }
    }
    sheet->bottom += TITLE_MARGIN + CURVE_HEIGHT + GAP + most * ROW_HEIGHT + BOTTOM_MARGIN;
    draw_key(sheet);
}

const mi_figure mi_figure_objective = {
    .name = "objective",
    .question = "Which masking ratio maximises r·i(r)?",
    .caption = "r·i(r) over r with its largest value marked; grey lines are the ratios of BERT (15 "
               "%) and MAE (75 %). Left each curve as it is, right each divided by its maximum. "
               "How flat a top is says how much the choice matters.",
    .compare = true,
    .curve = true,
    .any = any,
    .draw = draw,
};
