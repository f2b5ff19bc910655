/* Estimates from samples beside the truth. */
#include <stdlib.h>

#include "figure.h"
#include "trials.h"

enum { TITLE_MARGIN = 34, BOTTOM_MARGIN = 52, MARGIN = 20, COLORS = 6 };

static const char *const colors[COLORS] = {"#0072b2", "#d55e00", "#009e73",
                                           "#cc3377", "#332288", "#8c6d1f"};

static bool any(const mi_report *report)
{
    return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(report->result, "gaussian")) > 0 ||
           cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(report->result, "discrete")) > 0;
}

/* Rows of one curve as a block of the data file. */
static int put_block(mi_sheet *sheet, const mi_trials *t, size_t from, size_t count,
                     const char *label, const char *heading)
{
    return mi_sheet_block(sheet, label, heading, t->values + from * t->columns, t->columns, count);
}

/* y with bars of two standard errors, and its line. Columns count from 0. */
static void put_series(mi_sheet *sheet, int block, int x, int y, int error, const char *color,
                       int point, int dash)
{
    mi_sheet_item(sheet, "data index %d using %d:%d with lines lc rgb '%s' lw 1.6 dt %d", block,
                  x + 1, y + 1, color, dash);
    mi_sheet_item(
        sheet, "data index %d using %d:%d:(2*$%d) with yerrorbars lc rgb '%s' lw 1.4 pt %d ps 0.9",
        block, x + 1, y + 1, error + 1, color, point);
}

static void put_truth(mi_sheet *sheet, int block, int x, int y)
{
    mi_sheet_item(sheet, "data index %d using %d:%d with lines lc rgb '#000000' lw 2.2", block,
                  x + 1, y + 1);
}

/* The panel of the rows from..end-1, which have one correlation. */
static void draw_correlation(mi_sheet *sheet, const mi_trials *t, size_t from, size_t end,
                             mi_box box)
{
    static const char heading[] =
        "correlation samples dimensions truth(nats) ksg(nats) ksg_se(nats) ksg_lowest(nats) "
        "log-determinant(nats) log-determinant_se(nats) less_its_bias(nats)";
    char title[96];
    snprintf(title, sizeof title, "Pairs of Gaussians, correlation %g",
             t->values[from * t->columns + MI_T_CORRELATION]);
    mi_sheet_panel(sheet, box, title, "dimensions of x and of y", "information (nats)");
    fputs("set logscale x 2; set xrange [*:*]; set yrange [*:*]; set offsets graph 0.03, graph "
          "0.03, graph 0.04, graph 0.04\n"
          "set arrow from graph 0, first 0 to graph 1, first 0 nohead lc rgb '#aaaaaa' lw 1 back\n",
          sheet->script);
    size_t number = 0;
    for (size_t at = from; at < end; number++) {
        size_t count = mi_trials_group(t, at, MI_T_SAMPLES + 1);
        int block = put_block(sheet, t, at, count, title, heading);
        const char *color = colors[number % COLORS];
        if (number == 0) {
            put_truth(sheet, block, MI_T_DIMENSIONS, MI_T_TRUTH);
        }
        put_series(sheet, block, MI_T_DIMENSIONS, MI_T_GAUSSIAN, MI_T_GAUSSIAN_SE, color, 4, 4);
        put_series(sheet, block, MI_T_DIMENSIONS, MI_T_KSG, MI_T_KSG_SE, color, 7, 1);
        mi_sheet_item(sheet, "data index %d using %d:%d with points lc rgb '%s' pt 10 ps 0.8",
                      block, MI_T_DIMENSIONS + 1, MI_T_KSG_LOWEST + 1, color);
        at += count;
    }
    mi_sheet_end(sheet);
}

/* A column of a legend: the first entry (NULL: none), then one for each curve of the rows before
 * `end`: a line and marker and a text with the numbers of two columns. */
typedef struct key {
    const char *heading, *opt_first;
    const char *style;
    const char *format; /* of the numbers in columns `a` and `b` of the curve's first row */
    int a, b;
} key;

static int put_key(mi_sheet *sheet, const mi_trials *t, size_t end, size_t keys, const key *k,
                   int column)
{
    size_t number = 0;
    int entries = k->opt_first != NULL, half = MI_SHEET_WIDTH / 2;
    for (size_t at = 0; at < end; at += mi_trials_group(t, at, keys)) {
        entries++;
    }
    mi_sheet_key(sheet, MARGIN + column * half, half + column * half, entries, k->heading);
    if (k->opt_first != NULL) {
        mi_sheet_item(sheet, "keyentry with %s", k->opt_first);
    }
    for (size_t at = 0; at < end; at += mi_trials_group(t, at, keys), number++) {
        const double *row = t->values + at * t->columns;
        char text[128];
        snprintf(text, sizeof text, k->format, row[k->a], row[k->b]);
        mi_sheet_item(sheet, "keyentry with linespoints lc rgb '%s' lw 1.6 ps 0.9 %s title '%s'",
                      colors[number % COLORS], k->style, text);
    }
    mi_sheet_end(sheet);
    return entries;
}

/* Two columns side by side. */
static void put_keys(mi_sheet *sheet, const mi_trials *t, size_t end, size_t keys,
                     const key columns[2])
{
    int left = put_key(sheet, t, end, keys, &columns[0], 0);
    int right = put_key(sheet, t, end, keys, &columns[1], 1);
    sheet->bottom += MI_LINE_HEIGHT * ((left > right ? left : right) + 1) + MARGIN;
}

static const key gaussian_keys[2] = {
    {"Bars: two standard errors over the sets",
     "lines lc rgb '#000000' lw 2.2 title 'truth, -d/2 log(1 - correlation^2)'", "pt 7 dt 1",
     "nearest neighbours (KSG), %.0f samples", MI_T_SAMPLES, MI_T_SAMPLES},
    {"", "points lc rgb '#000000' pt 10 ps 0.8 title 'lowest KSG estimate of the sets'",
     "pt 4 dt 4", "log-determinant, %.0f samples", MI_T_SAMPLES, MI_T_SAMPLES}};

static const key discrete_keys[2] = {
    {"Bars: two standard errors over the sets",
     "lines lc rgb '#000000' lw 2.2 title 'exact (below: context of 1, above: of 2 or more)'",
     "pt 7 dt 1", "plug-in, context of %.0f (%.6g cells)", MI_T_CONTEXT, MI_T_CELLS},
    {"", NULL, "pt 4 dt 4", "with the Miller-Madow correction, context of %.0f", MI_T_CONTEXT,
     MI_T_CELLS}};

static size_t count_correlations(const mi_trials *t)
{
    size_t count = 0;
    for (size_t at = 0; at < t->rows; at += mi_trials_group(t, at, MI_T_CORRELATION + 1)) {
        count++;
    }
    return count;
}

static void draw_gaussian(mi_sheet *sheet, const mi_trials *t)
{
    size_t panels = count_correlations(t), number = 0;
    int columns = panels > 1 ? 2 : 1, top = sheet->bottom;
    if (panels == 0) {
        return;
    }
    for (size_t at = 0; at < t->rows; number++) {
        size_t count = mi_trials_group(t, at, MI_T_CORRELATION + 1);
        int row = (int)number / columns;
        top = sheet->bottom + row * (TITLE_MARGIN + MI_PANEL_HEIGHT + BOTTOM_MARGIN) + TITLE_MARGIN;
        draw_correlation(sheet, t, at, at + count,
                         mi_sheet_cell((int)number % columns, columns, top, MI_PANEL_HEIGHT));
        at += count;
    }
    sheet->bottom = top + MI_PANEL_HEIGHT + BOTTOM_MARGIN;
    /* The curves of the first correlation, which the panels share. */
    put_keys(sheet, t, mi_trials_group(t, 0, MI_T_CORRELATION + 1), MI_T_SAMPLES + 1,
             gaussian_keys);
}

static void draw_discrete(mi_sheet *sheet, const mi_trials *t)
{
    static const char heading[] = "context(sites) cells samples truth(nats) plug-in(nats) "
                                  "plug-in_se(nats) miller_madow(nats) miller_madow_se(nats)";
    int top = sheet->bottom + TITLE_MARGIN;
    size_t number = 0;
    if (t->rows == 0) {
        return;
    }
    mi_sheet_panel(sheet, mi_sheet_cell(0, 1, top, MI_PANEL_HEIGHT),
                   "Counts on a first-order chain: one site and its context", "samples",
                   "information (nats)");
    fputs("set logscale x; set xrange [*:*]; set format x '%.0f'; set yrange [*:*]\n"
          "set offsets graph 0.03, graph 0.03, graph 0.04, graph 0.04\n",
          sheet->script);
    for (size_t at = 0; at < t->rows; number++) {
        size_t count = mi_trials_group(t, at, MI_T_CONTEXT + 1);
        const char *color = colors[number % COLORS];
        int block = put_block(sheet, t, at, count, "counts", heading);
        put_truth(sheet, block, MI_T_DRAWN, MI_T_KNOWN);
        put_series(sheet, block, MI_T_DRAWN, MI_T_PLUGIN, MI_T_PLUGIN_SE, color, 7, 1);
        put_series(sheet, block, MI_T_DRAWN, MI_T_MILLER_MADOW, MI_T_MILLER_MADOW_SE, color, 4, 4);
        at += count;
    }
    mi_sheet_end(sheet);
    sheet->bottom = top + MI_PANEL_HEIGHT + BOTTOM_MARGIN;
    put_keys(sheet, t, t->rows, MI_T_CONTEXT + 1, discrete_keys);
}

static void draw(mi_sheet *sheet)
{
    mi_trials gaussian = {0}, discrete = {0};
    /* The rows are good, mi_report_read has checked them; without memory a panel stays out. */
    if (mi_trials_read(sheet->report->result, MI_TRIALS_GAUSSIAN, &gaussian, NULL) == MI_OK) {
        draw_gaussian(sheet, &gaussian);
    }
    if (mi_trials_read(sheet->report->result, MI_TRIALS_DISCRETE, &discrete, NULL) == MI_OK) {
        draw_discrete(sheet, &discrete);
    }
    free(gaussian.values);
    free(discrete.values);
    mi_sheet_note(
        sheet, "Nearest neighbours fall short in many dimensions, where the k-th neighbour is far "
               "away; their estimates scatter about 0 without information and are shown as they "
               "are. Log-determinants are right here because the samples are Gaussian. Counts "
               "find information in empty cells: they are too high until there are many samples "
               "for each of the vocab^(context + 1) cells, and the correction makes up for the "
               "occupied ones alone.");
}

const mi_figure mi_figure_estimators = {
    .name = "estimators",
    .question = "When can information be estimated from samples?",
    .caption = "Estimates of mutual information from samples less the known truth, with bars of "
               "two standard errors. What stays off the zero line although samples are many is "
               "bias, and is worst in many dimensions.",
    .estimators = true,
    .any = any,
    .draw = draw,
};
