/* The centre on its way to the equilibrium, and in it: predicted and simulated. */
#include <math.h>
#include <stdlib.h>

#include "centered.h"
#include "figure.h"
#include "maskinfo/memory.h"

enum {
    TITLE_MARGIN = 34,
    HEIGHT = 260,
    BOTTOM_MARGIN = 52,
    MARGIN = 20,
    COLORS = 4,
    MEASURES = 4,
    WAY = 4
};

static const char *const colors[COLORS] = {"#0072b2", "#d55e00", "#009e73", "#332288"};
static const char *const measures[MEASURES] = {"variance", "drift_lag", "rate", "distance"};
static const char *const measure_names[MEASURES] = {"variance of the centre", "drift lag", "rate",
                                                    "distance from the batch mean"};
static const int measure_points[MEASURES] = {7, 5, 9, 13};

static bool any(const mi_report *report)
{
    return mi_centered_array(report->result, NULL, "streams") != NULL;
}

static const char *const way_keys[WAY] = {"step", "mean_error", "mean_error_se",
                                          "mean_error_predicted"};

/* |mean error| over the steps of the streams of a kind that are moved after use. */
static void draw_way(mi_sheet *sheet, const cJSON *streams, const char *kind, const char *title,
                     const char *y_label, bool logarithmic, mi_box box)
{
    const cJSON *stream = NULL;
    int blocks[COLORS], number = 0;
    double momenta[COLORS];
    cJSON_ArrayForEach(stream, streams)
    {
        double *rows = NULL;
        size_t count = 0;
        if (number == COLORS || !mi_centered_is(stream, "kind", kind) ||
            !mi_centered_is(stream, "update", "after")) {
            continue;
        }
        if (mi_centered_rows(cJSON_GetObjectItemCaseSensitive(stream, "way"), way_keys, WAY, NULL,
                             NULL, &rows, &count, NULL) != MI_OK) {
            sheet->failed = true;
            return;
        }
        momenta[number] = mi_json_number(stream, "center_momentum");
        for (size_t i = 0; i < count; i++) {
            rows[i * WAY] *= 1 - momenta[number];
        }
        blocks[number++] = mi_sheet_block(
            sheet, kind, "step*(1-lambda) mean_error mean_error_se predicted", rows, WAY, count);
        free(rows);
    }
    mi_sheet_panel(sheet, box, title, "step times (1 - momentum)", y_label);
    fprintf(sheet->script,
            "%sset xrange [-0.1:*]; set yrange [*:*]; set format y '%%g'\n"
            "set key at graph 0.98, graph 0.97 right top font ',11'\n",
            logarithmic ? "set logscale y; " : "");
    for (int i = 0; i < number; i++) {
        const char *value = logarithmic ? "(abs($2))" : "2";
        mi_sheet_item(sheet, "data index %d using 1:%s with lines lc rgb '%s' lw 1.4 notitle",
                      blocks[i], logarithmic ? "(abs($4))" : "4", colors[i]);
        mi_sheet_item(sheet,
                      "data index %d using 1:%s:(2*$3) with yerrorbars lc rgb '%s' pt 7 ps 0.7 "
                      "title 'lambda = %.6g'",
                      blocks[i], value, colors[i], momenta[i]);
    }
    mi_sheet_end(sheet);
}

/* Rows of a measure: number of the stream, value over prediction, its error, z-score. */
static int put_measure(mi_sheet *sheet, const cJSON *streams, int measure)
{
    const cJSON *stream = NULL;
    double *rows = NULL;
    size_t count = 0, number = 0;
    char key[64];
    int block = -1;
    if (mi_allocate((size_t)cJSON_GetArraySize(streams), 4 * sizeof *rows, &rows, NULL) != MI_OK) {
        sheet->failed = true;
        return -1;
    }
    cJSON_ArrayForEach(stream, streams)
    {
        double value = mi_json_number(stream, measures[measure]);
        snprintf(key, sizeof key, "%s_predicted", measures[measure]);
        double predicted = mi_json_number(stream, key);
        snprintf(key, sizeof key, "%s_se", measures[measure]);
        double error = mi_json_number(stream, key);
        number++;
        if (isfinite(value) && isfinite(error) && fabs(predicted) > 0 && error > 0) {
            double *row = rows + 4 * count++;
            row[0] = (double)number + 0.15 * (measure - 1.5);
            row[1] = value / predicted;
            row[2] = error / fabs(predicted);
            row[3] = (value - predicted) / error;
        }
    }
    if (count > 0) {
        block = mi_sheet_block(sheet, measure_names[measure],
                               "stream value/predicted error/predicted z", rows, 4, count);
    }
    free(rows);
    return block;
}

/* "stationary after 0.9" below each stream. */
static void put_stream_names(mi_sheet *sheet, const cJSON *streams)
{
    const cJSON *stream = NULL;
    int number = 0;
    fputs("set xtics rotate by 60 right font ',10' (", sheet->script);
    cJSON_ArrayForEach(stream, streams)
    {
        fprintf(sheet->script, "%s'%.10s, %.6s, %.6g' %d", number > 0 ? ", " : "",
                mi_json_text(stream, "kind"), mi_json_text(stream, "update"),
                mi_json_number(stream, "center_momentum"), number + 1);
        number++;
    }
    fputs(")\n", sheet->script);
}

static void draw_measures(mi_sheet *sheet, const cJSON *streams, const int blocks[MEASURES],
                          mi_box box, bool z)
{
    mi_sheet_panel(sheet, box,
                   z ? "Simulated less predicted, in standard errors" : "Simulated over predicted",
                   "", z ? "z" : "ratio");
    put_stream_names(sheet, streams);
    fprintf(sheet->script,
            "set xrange [0.3:%d.7]; set yrange [%s]; set xlabel ''\n"
            "set arrow from graph 0, first %d to graph 1, first %d nohead lc rgb '#888888'\n",
            cJSON_GetArraySize(streams), z ? "-5:5" : "*:*", z ? 0 : 1, z ? 0 : 1);
    for (int line = -4; z && line <= 4; line += 8) {
        fprintf(sheet->script,
                "set arrow from graph 0, first %d to graph 1, first %d nohead lc rgb '#bbbbbb' dt "
                "2\n",
                line, line);
    }
    for (int i = 0; i < MEASURES; i++) {
        if (blocks[i] >= 0 && z) {
            mi_sheet_item(sheet, "data index %d using 1:4 with points lc rgb '%s' pt %d ps 0.9",
                          blocks[i], colors[i], measure_points[i]);
        } else if (blocks[i] >= 0) {
            mi_sheet_item(sheet,
                          "data index %d using 1:2:(2*$3) with yerrorbars lc rgb '%s' pt %d ps 0.8",
                          blocks[i], colors[i], measure_points[i]);
        }
    }
    mi_sheet_end(sheet);
}

static void draw(mi_sheet *sheet)
{
    enum { NAMES = 132 /* room below for the streams' names */ };
    const cJSON *streams = mi_centered_array(sheet->report->result, NULL, "streams");
    int top = sheet->bottom + TITLE_MARGIN, second = top + HEIGHT + BOTTOM_MARGIN + TITLE_MARGIN;
    int blocks[MEASURES];
    draw_way(sheet, streams, "stationary", "Stationary teacher: the mean error dies out",
             "|E[c] - mu| (logits)", true, mi_sheet_cell(0, 2, top, HEIGHT));
    draw_way(sheet, streams, "drifting", "Drifting teacher: the centre lags behind",
             "E[c] - mu (logits)", false, mi_sheet_cell(1, 2, top, HEIGHT));
    for (int i = 0; i < MEASURES; i++) {
        blocks[i] = put_measure(sheet, streams, i);
    }
    draw_measures(sheet, streams, blocks, mi_sheet_cell(0, 2, second, HEIGHT), false);
    draw_measures(sheet, streams, blocks, mi_sheet_cell(1, 2, second, HEIGHT), true);
    sheet->bottom = second + HEIGHT + NAMES;
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH / 2, MEASURES, "");
    for (int i = 0; i < MEASURES; i++) {
        mi_sheet_item(sheet, "keyentry with points lc rgb '%s' pt %d ps 0.9 title '%s'", colors[i],
                      measure_points[i], measure_names[i]);
    }
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * (MEASURES + 1) + MARGIN;
    mi_sheet_note(
        sheet, "Lines: predicted. Bars: two standard errors over independent streams. Above: the "
               "centre moved after use; below: both orders (kind, centre moved after or before "
               "use, momentum). Where the mean error is below its noise the logarithmic panel "
               "shows noise.");
}

const mi_figure mi_figure_center_equilibrium = {
    .name = "center_equilibrium",
    .question = "Where does the centre settle, how fast, and how closely?",
    .caption = "How the centre moves to its place and how much it fluctuates there, simulated "
               "(marks with two standard errors) beside the closed forms (lines). Marks off a line "
               "by more than their bars speak against the form.",
    .center = true,
    .any = any,
    .draw = draw,
};
