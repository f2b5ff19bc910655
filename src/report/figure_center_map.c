/* Outcomes over teacher temperature and centre momentum, with the borders that are predicted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "centered.h"
#include "figure.h"
#include "maskinfo/memory.h"

enum {
    TITLE_MARGIN = 34,
    HEIGHT = 300,
    BOTTOM_MARGIN = 56,
    COLORBOX = 62, /* room right of the axes */
    MARGIN = 20,
    OUTCOMES = 4
};

static const struct {
    const char *name, *color, *meaning;
} outcomes[OUTCOMES] = {
    {"stable", "#009e73", "stable: the shared part decays, differences between inputs grow"},
    {"uniform", "#56b4e9", "uniform: both decay"},
    {"oscillation", "#e69f00", "oscillation: the shared part grows and changes its sign"},
    {"collapse", "#d55e00", "collapse: it grows straight into one prototype"}};

static const double TURN = 6.283185307179586; /* radians */

/* Columns of a cell. */
enum { X, Y, X_LOW, X_HIGH, Y_LOW, Y_HIGH, ENTROPY, GROWTH, PERIOD, COLUMNS };

typedef struct map {
    const cJSON *grid;
    double across, down; /* factors from the middle of a cell to its edges */
    double *rows;        /* room for all cells */
} map;

static bool any(const mi_report *report)
{
    return mi_centered_array(report->result, "stability", "grid") != NULL;
}

/* Half the step from a cell to the next that differs in the number. */
static double half_step(const cJSON *grid, const char *key, bool left)
{
    const cJSON *item = NULL;
    double first = mi_json_number(grid->child, key);
    cJSON_ArrayForEach(item, grid)
    {
        double other = mi_json_number(item, key);
        if (other != first) {
            return sqrt(left ? (1 - other) / (1 - first) : other / first);
        }
    }
    return 1.1;
}

static void fill_cell(const map *m, const cJSON *item, double *row)
{
    double frequency = mi_json_number(item, "frequency");
    row[X] = mi_json_number(item, "teacher_temperature");
    row[Y] = 1 - mi_json_number(item, "center_momentum");
    row[X_LOW] = row[X] / m->across;
    row[X_HIGH] = row[X] * m->across;
    row[Y_LOW] = row[Y] * m->down;
    row[Y_HIGH] = row[Y] / m->down;
    row[ENTROPY] = mi_json_number(item, "entropy");
    row[GROWTH] = mi_json_number(item, "growth");
    row[PERIOD] = frequency > 0 ? TURN / frequency : NAN;
}

/* The block of the cells of an outcome (NULL: all), or of those that are not as predicted; -1 where
 * there are none. */
static int put_cells(mi_sheet *sheet, const map *m, const char *opt_outcome, bool differing)
{
    const cJSON *item = NULL;
    size_t count = 0;
    cJSON_ArrayForEach(item, m->grid)
    {
        const char *simulated = mi_json_text(item, "simulated");
        bool taken = (opt_outcome == NULL || strcmp(simulated, opt_outcome) == 0) &&
                     !(differing && mi_centered_is(item, "predicted", simulated));
        if (taken) {
            fill_cell(m, item, m->rows + count++ * COLUMNS);
        }
    }
    return count == 0 ? -1
                      : mi_sheet_block(sheet, opt_outcome != NULL ? opt_outcome : "cells",
                                       "teacher_temperature 1-center_momentum left right bottom "
                                       "top entropy/lnK growth(per_step) period(steps)",
                                       m->rows, COLUMNS, count);
}

static int put_borders(mi_sheet *sheet)
{
    static const char *const keys[] = {"teacher_temperature", "border_continuous",
                                       "border_discrete", "law_continuous", "law_discrete"};
    const cJSON *borders = mi_centered_array(sheet->report->result, "stability", "borders");
    double *rows = NULL;
    size_t count = 0;
    int block = -1;
    if (borders != NULL &&
        mi_centered_rows(borders, keys, 5, NULL, NULL, &rows, &count, NULL) == MI_OK) {
        for (size_t i = 0; i < count; i++) {
            for (size_t c = 1; c < 5; c++) { /* 1 has no place on a logarithmic axis */
                double left = 1 - rows[i * 5 + c];
                rows[i * 5 + c] = left > 0 ? left : NAN;
            }
        }
        block = mi_sheet_block(sheet, "borders",
                               "teacher_temperature 1-border(continuous) 1-border(discrete) "
                               "1-law(continuous) 1-law(discrete)",
                               rows, 5, count);
    }
    free(rows);
    return block;
}

static void begin_panel(mi_sheet *sheet, const map *m, mi_box box, const char *title)
{
    double x[2] = {INFINITY, 0}, y[2] = {INFINITY, 0};
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, m->grid)
    {
        double row[COLUMNS];
        fill_cell(m, item, row);
        x[0] = fmin(x[0], row[X_LOW]);
        x[1] = fmax(x[1], row[X_HIGH]);
        y[0] = fmin(y[0], row[Y_LOW]);
        y[1] = fmax(y[1], row[Y_HIGH]);
    }
    mi_sheet_panel(sheet, box, title, "teacher temperature", "1 - centre momentum");
    fprintf(sheet->script,
            "set logscale x; set logscale y; set xrange [%.6g:%.6g]; set yrange [%.6g:%.6g]\n"
            "set xtics (0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.5, 1)\n"
            "set format y '%%g'; unset colorbox; set style fill solid noborder\n",
            x[0], x[1], y[0], y[1]);
}

static void put_lines(mi_sheet *sheet, int borders)
{
    if (borders >= 0) {
        mi_sheet_item(sheet, "data index %d using 1:3 with lines lc rgb '#000000' lw 2.4", borders);
        mi_sheet_item(sheet, "data index %d using 1:4 with lines lc rgb '#ffffff' lw 1.2 dt 2",
                      borders);
    }
}

static void draw_outcomes(mi_sheet *sheet, const map *m, mi_box box, int borders)
{
    int blocks[OUTCOMES], differing = put_cells(sheet, m, NULL, true);
    for (int i = 0; i < OUTCOMES; i++) {
        blocks[i] = put_cells(sheet, m, outcomes[i].name, false);
    }
    begin_panel(sheet, m, box, "Simulated outcome");
    for (int i = 0; i < OUTCOMES; i++) {
        if (blocks[i] >= 0) {
            mi_sheet_item(sheet,
                          "data index %d using 1:2:3:4:5:6 with boxxyerror fc rgb '%s' lw 0.1",
                          blocks[i], outcomes[i].color);
        }
    }
    put_lines(sheet, borders);
    if (differing >= 0) {
        mi_sheet_item(sheet, "data index %d using 1:2 with points lc rgb '#000000' pt 2 ps 0.8",
                      differing);
    }
    mi_sheet_end(sheet);
}

static void draw_heat(mi_sheet *sheet, const map *m, mi_box box, int all, int borders,
                      const char *title, int column, const char *settings)
{
    box.right -= COLORBOX;
    begin_panel(sheet, m, box, title);
    fprintf(sheet->script,
            "set colorbox vertical user origin X(%d), Y(%d) size real(12)/width, "
            "real(%d)/height\nset cbtics font ',10'; %s\n",
            box.right + 8, box.bottom, box.bottom - box.top, settings);
    mi_sheet_item(sheet, "data index %d using 1:2:3:4:5:6:%d with boxxyerror lc palette lw 0.1",
                  all, column + 1);
    put_lines(sheet, borders);
    mi_sheet_end(sheet);
}

static void put_keys(mi_sheet *sheet)
{
    int half = MI_SHEET_WIDTH / 2;
    mi_sheet_key(sheet, MARGIN, half + 60, OUTCOMES, "");
    for (int i = 0; i < OUTCOMES; i++) {
        mi_sheet_item(sheet, "keyentry with boxes fc rgb '%s' fs solid noborder title '%s'",
                      outcomes[i].color, outcomes[i].meaning);
    }
    mi_sheet_end(sheet);
    mi_sheet_key(sheet, half + 60, MI_SHEET_WIDTH, OUTCOMES, "");
    mi_sheet_item(sheet, "keyentry with lines lc rgb '#000000' lw 2.4 title 'predicted border, at "
                         "this gain'");
    mi_sheet_item(sheet, "keyentry with lines lc rgb '#999999' lw 1.2 dt 2 title 'law for every "
                         "gain (white in the panels)'");
    mi_sheet_item(sheet, "keyentry with points lc rgb '#000000' pt 2 ps 0.8 title 'not as "
                         "predicted'");
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * (OUTCOMES + 1) + MARGIN;
}

static void put_numbers(mi_sheet *sheet)
{
    const cJSON *s = cJSON_GetObjectItemCaseSensitive(sheet->report->result, "stability");
    const cJSON *c = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(sheet->report->result, "config"), "stability");
    char note[512];
    snprintf(note, sizeof note,
             "%d settings, gain g = %.4g, tau_s = %.4g, teacher momentum %.6g, %.0f prototypes. "
             "Simulated as predicted: %.1f %%; shared part grows or not as predicted: %.1f %% "
             "(differential equations: %.1f %%).",
             cJSON_GetArraySize(mi_centered_array(sheet->report->result, "stability", "grid")),
             mi_json_number(s, "gain"), mi_json_number(c, "student_temperature"),
             mi_json_number(c, "teacher_momentum"), mi_json_number(c, "prototypes"),
             100 * mi_json_number(s, "agreement"), 100 * mi_json_number(s, "border_agreement"),
             100 * mi_json_number(s, "border_agreement_continuous"));
    mi_sheet_note(sheet, note);
    mi_sheet_note(
        sheet, "Below the border the centre follows too slowly: what all inputs share grows. "
               "Growth and period are those of the fastest mode near the uniform output; without "
               "a period (white) it grows or decays without a change of sign. Where a collapse "
               "lasts longer than 1/(1 - lambda) steps the centre catches up and another "
               "prototype takes over: only a centre that never moves lets one prototype stay.");
}

static void draw(mi_sheet *sheet)
{
    const cJSON *grid = mi_centered_array(sheet->report->result, "stability", "grid");
    map m = {.grid = grid,
             .across = half_step(grid, "teacher_temperature", false),
             .down = half_step(grid, "center_momentum", true)};
    if (mi_allocate((size_t)cJSON_GetArraySize(grid), COLUMNS * sizeof *m.rows, &m.rows, NULL) !=
        MI_OK) {
        sheet->failed = true;
        return;
    }
    int all = put_cells(sheet, &m, NULL, false), borders = put_borders(sheet);
    int top = sheet->bottom + TITLE_MARGIN, second = top + HEIGHT + BOTTOM_MARGIN + TITLE_MARGIN;
    draw_outcomes(sheet, &m, mi_sheet_cell(0, 2, top, HEIGHT), borders);
    draw_heat(sheet, &m, mi_sheet_cell(1, 2, top, HEIGHT), all, borders,
              "Entropy of the shared output over ln K, simulated", ENTROPY,
              "set cbtics autofreq; set palette defined (0 '#440154', 0.5 '#21918c', 1 '#fde725'); "
              "set cbrange [0:1]");
    draw_heat(sheet, &m, mi_sheet_cell(0, 2, second, HEIGHT), all, borders,
              "Growth of the shared part (per 1000 steps), predicted", GROWTH,
              "set palette defined (0 '#2166ac', 0.5 '#f7f7f7', 1 '#b2182b'); set cbrange "
              "[-0.008:0.008]; set cbtics ('-8' -0.008, '-4' -0.004, '0' 0, '4' 0.004, '8' 0.008)");
    draw_heat(sheet, &m, mi_sheet_cell(1, 2, second, HEIGHT), all, borders,
              "Period of its oscillation (steps), predicted", PERIOD,
              "set palette defined (0 '#fee8c8', 0.5 '#e34a33', 1 '#4a0a0a'); set logscale cb; set "
              "cbrange [300:30000]; set cbtics (300, 1000, 3000, 10000, 30000)");
    fputs("unset logscale cb; unset colorbox\n", sheet->script);
    sheet->bottom = second + HEIGHT + BOTTOM_MARGIN;
    put_keys(sheet);
    put_numbers(sheet);
    free(m.rows);
}

const mi_figure mi_figure_center_map = {
    .name = "center_map",
    .question = "Which centre is fast enough to keep the outputs from collapsing?",
    .caption = "What became of the outputs at each teacher temperature and centre momentum in the "
               "simulation, with the predicted borders as lines. Where the colours change beside a "
               "line, prediction and simulation disagree.",
    .center = true,
    .any = any,
    .draw = draw,
};
