#include <math.h>

#include "figure.h"

enum {
    COLUMNS = 3,
    DATA_HEIGHT = 150,
    RESIDUAL_HEIGHT = 60,
    TITLE_MARGIN = 52, /* two lines */
    GAP = 14,          /* between data and residuals */
    BOTTOM_MARGIN = 56,
    TITLE_LIMIT = 50
};

static bool listed(const mi_source *s)
{
    return mi_source_in(s, "fits") && (s->exponential.valid || s->power.valid);
}

static const mi_panel panel = {"", "", false, listed, MI_F_INFORMATION, MI_F_INFORMATION_SE, ""};

static const mi_field fields[] = {MI_F_RATIO,         MI_F_INFORMATION, MI_F_INFORMATION_SE,
                                  MI_F_EXPONENTIAL,   MI_F_POWER,       MI_F_EXPONENTIAL_RESIDUAL,
                                  MI_F_POWER_RESIDUAL};

static const char exponential_line[] = "lc rgb '#000000' lw 1.2 dt 1";
static const char power_line[] = "lc rgb '#000000' lw 1.2 dt 2";

static bool any(const mi_report *report)
{
    return mi_panel_any(&panel, report);
}

static void put_parameters(mi_sheet *sheet, const mi_source *s)
{
    char text[160];
    int used = 0;
    if (s->exponential.valid) {
        used = snprintf(text, sizeof text, "λ = %.3g (R² %.3f)   ", s->exponential.exponent,
                        fmax(-9.999, s->exponential.r_squared));
    }
    if (s->power.valid) {
        snprintf(text + used, sizeof text - (size_t)used, "κ = %.3g (R² %.3f)", s->power.exponent,
                 fmax(-9.999, s->power.r_squared));
    }
    fprintf(sheet->script, "set label '%s' at graph 0.5, graph 1.06 center font ',10'\n", text);
}

static void put_errors(mi_sheet *sheet, const mi_source *s, mi_field value)
{
    int block = sheet->block_of[s->number], y = mi_sheet_column(sheet, value);
    size_t step = s->points > 24 ? s->points / 12 : 1;
    if (mi_source_has(s, MI_F_INFORMATION_SE)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:%d:(2*$%d) every %zu with yerrorbars ls %zu dt 1 lw 1",
                      block, y, mi_sheet_column(sheet, MI_F_INFORMATION_SE), step, s->number + 1);
    } else {
        mi_sheet_item(sheet, "data index %d using 1:%d every %zu with points ls %zu", block, y,
                      step, s->number + 1);
    }
}

static void put_line(mi_sheet *sheet, const mi_source *s, mi_field value, const char *style)
{
    if (mi_source_has(s, value)) {
        mi_sheet_item(sheet, "data index %d using 1:%d with lines %s", sheet->block_of[s->number],
                      mi_sheet_column(sheet, value), style);
    }
}

static void draw_data(mi_sheet *sheet, const mi_source *s, mi_box box, bool first_column)
{
    mi_sheet_panel(sheet, box, s->label, "", first_column ? "i(r) (nats)" : "");
    fputs("set title ", sheet->script);
    mi_sheet_label(sheet, s, TITLE_LIMIT, "");
    fputs(" font ',11' offset 0,0.5\nset format x ''\n", sheet->script);
    put_parameters(sheet, s);
    put_line(sheet, s, MI_F_EXPONENTIAL, exponential_line);
    put_line(sheet, s, MI_F_POWER, power_line);
    put_errors(sheet, s, MI_F_INFORMATION);
    mi_sheet_end(sheet);
}

static double largest_residual(const mi_source *s)
{
    double most = 0;
    for (size_t i = 0; i < s->points; i++) {
        most = fmax(most, fabs(s->values[MI_F_EXPONENTIAL_RESIDUAL][i]));
        most = fmax(most, fabs(s->values[MI_F_POWER_RESIDUAL][i]));
    }
    return most;
}

static void draw_residuals(mi_sheet *sheet, const mi_source *s, mi_box box, bool first_column)
{
    double span = mi_round_up(largest_residual(s));
    mi_sheet_panel(sheet, box, "", "masking ratio r", first_column ? "data - fit" : "");
    fprintf(sheet->script,
            "set yrange [%.3g:%.3g]; set ytics (%.1g, 0, %.1g)\n"
            "set arrow from 0, first 0 to 1, first 0 nohead lc rgb '#aaaaaa' lw 1 back\n",
            -1.2 * span, 1.2 * span, -span, span);
    put_line(sheet, s, MI_F_EXPONENTIAL_RESIDUAL, exponential_line);
    put_line(sheet, s, MI_F_POWER_RESIDUAL, power_line);
    mi_sheet_end(sheet);
}

static void draw_cells(mi_sheet *sheet)
{
    int cell = 0;
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *s = &sheet->report->sources[i];
        if (!mi_panel_shows(&panel, s)) {
            continue;
        }
        int column = cell % COLUMNS, row = cell / COLUMNS;
        int pitch = TITLE_MARGIN + DATA_HEIGHT + GAP + RESIDUAL_HEIGHT + BOTTOM_MARGIN;
        int top = sheet->bottom + row * pitch + TITLE_MARGIN;
        draw_data(sheet, s, mi_sheet_cell(column, COLUMNS, top, DATA_HEIGHT), column == 0);
        top += DATA_HEIGHT + GAP;
        draw_residuals(sheet, s, mi_sheet_cell(column, COLUMNS, top, RESIDUAL_HEIGHT), column == 0);
        cell++;
    }
    int rows = (cell + COLUMNS - 1) / COLUMNS;
    sheet->bottom += rows * (TITLE_MARGIN + DATA_HEIGHT + GAP + RESIDUAL_HEIGHT + BOTTOM_MARGIN);
}

static void draw(mi_sheet *sheet)
{
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], &panel, 1);
    draw_cells(sheet);
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, 3, "");
    mi_sheet_item(sheet, "keyentry with points pt 7 ps 0.75 lc rgb '#888888' title "
                         "'computed i(r), bars ± 2 standard errors (in the colour and marker "
                         "that the source has everywhere)'");
    mi_sheet_item(sheet, "keyentry with lines %s title 'exponential, I₀ exp(-λ r)'",
                  exponential_line);
    mi_sheet_item(sheet,
                  "keyentry with lines %s title 'power law, I₀ (1-r)^κ, which is 0 at r = 1 as "
                  "i(r) must be'",
                  power_line);
    mi_sheet_end(sheet);
    sheet->bottom += 3 * MI_LINE_HEIGHT + 16;
    mi_sheet_note(sheet, "The exponential is a model, not a law: i(1) = 0 exactly, while "
                         "I₀ exp(-λ) > 0. Residuals without structure would be noise; a "
                         "bow means that the model has the wrong shape. Numbers: fits.txt.");
}

const mi_figure mi_figure_fits = {
    .name = "fits",
    .question = "Is the decay exponential?",
    .caption = "Each curve with the exponential and the power law fitted to it, and what they "
               "leave. A residual that follows a pattern, not R² alone, says that the shape is "
               "wrong; i(1) = 0 forces the exponential to fail near r = 1.",
    .compare = true,
    .any = any,
    .draw = draw,
    .tables = mi_fits_tables,
};
