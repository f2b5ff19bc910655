/* Training runs beside their exact curves, and probes of encoders trained at several ratios beside
 * published accuracies. */
#include <math.h>

#include "maskinfo/format.h"
#include "table_train.h"
#include "text.h"
#include "train_parts.h"

enum {
    TITLE_MARGIN = 50, /* two lines */
    HEIGHT = 210,
    PROBE_HEIGHT = 270,
    BOTTOM_MARGIN = 52,
    MARGIN = 20,
    PANELS = 3, /* side by side */
    TITLE_LIMIT = 40,
    RIGHT_AXIS = 90,
    LABEL_MARGIN = 56,
    ORIGIN_LIMIT = 100
};

static const char linear_color[] = "#0072b2", knn_color[] = "#332288",
                  linear_style[] = "lc rgb '#0072b2' lw 1.8 pt 4 ps 1",
                  knn_style[] = "lc rgb '#332288' lw 1.8 dt 4 pt 6 ps 1",
                  published_style[] = "lc rgb '#000000' lw 1.2 dt 3 pt 13 ps 1.2";

static bool any(const mi_report *report)
{
    return report->checks;
}

/* "loss 0.412, floor 0.401: 2.7 % above" */
static void put_losses(const mi_evaluation *e, char *text, size_t size)
{
    size_t used = 0;
    mi_append(text, size, &used, isfinite(e->loss) ? "loss %.4g" : "no loss", e->loss);
    mi_append(text, size, &used, isfinite(e->floor) ? ", floor %.4g" : ", no exact floor",
              e->floor);
    if (isfinite(e->floor) && isfinite(e->gap_percent)) {
        mi_append(text, size, &used, e->gap_percent < 99.5 ? ": %.2g %% above" : ": %.0f %% above",
                  fmax(e->gap_percent, 0));
    }
}

static void put_second_line(mi_sheet *sheet, const mi_trained *t, mi_box box)
{
    char text[128] = "LEAK: loss below floor";
    bool leak = mi_trained_leaks(t);
    if (!leak) {
        put_losses(&t->evaluation, text, sizeof text);
    }
    fprintf(sheet->script, "set label '%s' at screen X(%d), Y(%d) center tc rgb '%s' font ',%d'\n",
            text, (box.left + box.right) / 2, box.top - 12, leak ? "#cc0000" : "#555555",
            leak ? 12 : 11);
}

static void put_curve(mi_sheet *sheet, const mi_trained *t, int exact, int points)
{
    if (mi_rows_have(&t->exact, MI_E_OBJECTIVE)) {
        mi_sheet_item(sheet, "data index %d using 1:%d with lines lc rgb '%s' lw 2 dt %d", exact,
                      MI_E_OBJECTIVE + 1, mi_exact_color, t->held_out ? 4 : 1);
    } else if (mi_rows_have(&t->points, MI_P_EXACT_OBJECTIVE)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:%d with linespoints lc rgb '%s' lw 1 dt 3 pt 2 "
                      "ps 0.8",
                      points, MI_P_EXACT_OBJECTIVE + 1, mi_exact_color);
    }
    mi_put_points(sheet, t, points, MI_P_OBJECTIVE, MI_P_OBJECTIVE_SE);
}

static void draw_run(mi_sheet *sheet, const mi_trained *t, mi_box box)
{
    double low = 0, high = -INFINITY;
    int points = mi_points_block(sheet, t), exact = mi_exact_block(sheet, t);
    mi_sheet_panel(sheet, box, "", "masking ratio r", "r i(r), nats per site");
    fputs("set label ", sheet->script);
    mi_text_quote(sheet->script, t->label, TITLE_LIMIT, "");
    fprintf(sheet->script, " at screen X(%d), Y(%d) center font ',13'\n",
            (box.left + box.right) / 2, box.top - 31);
    put_second_line(sheet, t, box);
    mi_rows_range(&t->exact, MI_E_OBJECTIVE, 0, t->exact.columns, &low, &high);
    mi_rows_range(&t->points, MI_P_OBJECTIVE, 2, MI_P_OBJECTIVE_SE, &low, &high);
    mi_rows_range(&t->points, MI_P_EXACT_OBJECTIVE, 0, t->points.columns, &low, &high);
    mi_put_range(sheet, low, high, low < 0 ? 0.05 : 0, 0.3);
    mi_put_best(sheet, &t->exact_best, t->held_out ? "model" : "exact", mi_exact_color, 0, true);
    mi_put_best(sheet, &t->best, "network", mi_network_color(t), 1, true);
    put_curve(sheet, t, exact, points);
    mi_sheet_end(sheet);
}

static void draw_runs(mi_sheet *sheet, const mi_runs *runs)
{
    int columns = runs->count < PANELS ? (int)runs->count : PANELS, top = sheet->bottom;
    for (size_t i = 0; i < runs->count; i++) {
        int row = (int)i / columns;
        top = sheet->bottom + row * (TITLE_MARGIN + HEIGHT + BOTTOM_MARGIN) + TITLE_MARGIN;
        draw_run(sheet, &runs->runs[i], mi_sheet_cell((int)i % columns, columns, top, HEIGHT));
    }
    sheet->bottom = top + HEIGHT + BOTTOM_MARGIN;
}

/* What the panels hold between them. */
typedef struct contents {
    bool groups[MI_GROUPS], curves, densities, exact_points;
} contents;

static contents look_through(const mi_runs *runs)
{
    contents c = {.curves = false};
    for (size_t i = 0; i < runs->count; i++) {
        const mi_trained *t = &runs->runs[i];
        bool curve = mi_rows_have(&t->exact, MI_E_OBJECTIVE);
        c.groups[t->group] = true;
        c.curves = c.curves || (curve && !t->held_out);
        c.densities = c.densities || (curve && t->held_out);
        c.exact_points =
            c.exact_points || (!curve && mi_rows_have(&t->points, MI_P_EXACT_OBJECTIVE));
    }
    return c;
}

static void put_runs_key(mi_sheet *sheet, const mi_runs *runs)
{
    static const char *const names[MI_GROUPS] = {
        [MI_GROUP_TEXT] = "text", [MI_GROUP_IMAGE] = "images"};
    contents c = look_through(runs);
    int entries = c.curves + c.densities + c.exact_points + c.groups[0] + c.groups[1];
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH, entries, "");
    if (c.curves) {
        mi_sheet_item(sheet,
                      "keyentry with lines lc rgb '%s' lw 2 title 'exact: no predictor "
                      "gains more'",
                      mi_exact_color);
    }
    if (c.densities) {
        mi_sheet_item(sheet,
                      "keyentry with lines lc rgb '%s' lw 2 dt 4 title 'a model of "
                      "the data on held-out ones, which a network may surpass'",
                      mi_exact_color);
    }
    if (c.exact_points) {
        mi_sheet_item(
            sheet,
            "keyentry with linespoints lc rgb '%s' lw 1 dt 3 pt 2 title 'exact or of that model, "
            "on the same examples and masks'",
            mi_exact_color);
    }
    for (int group = 0; group < MI_GROUPS; group++) {
        const mi_trained t = {.group = (mi_group)group};
        if (c.groups[group]) {
            mi_sheet_item(sheet,
                          "keyentry with linespoints lc rgb '%s' lw 1.6 pt %d ps 0.9 title "
                          "'networks on %s (bar: two standard errors)'",
                          mi_network_color(&t), group == MI_GROUP_TEXT ? 7 : 6, names[group]);
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom += entries * MI_LINE_HEIGHT + MARGIN;
    mi_sheet_note(sheet, "Numbers above a panel's dashed lines: r*, the argmax of r i(r), and its "
                         "95 % interval, which is the band (edge: at the first or last ratio).");
}

static void put_series(mi_sheet *sheet, const mi_probe_curve *c, int block, int value, int error,
                       const char *style, const char *color)
{
    if (mi_rows_have(&c->points, (size_t)error)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:($%d-2*$%d):(0):(4*$%d) with vectors nohead lc rgb "
                      "'%s' lw 1.4",
                      block, value + 1, error + 1, error + 1, color);
    }
    if (mi_rows_have(&c->points, (size_t)value)) {
        mi_sheet_item(sheet, "data index %d using 1:%d with linespoints %s", block, value + 1,
                      style);
    }
}

static void put_published_axis(mi_sheet *sheet, const mi_probe_curve *c, mi_box box)
{
    double low = INFINITY, high = -INFINITY;
    mi_rows_range(&c->published, 1, 0, c->published.columns, &low, &high);
    double room = high > low ? 0.12 * (high - low) : 0.05;
    fprintf(sheet->script,
            "set border 11; set y2tics; set y2range [%.6g:%.6g]\nset label 'published accuracy "
            "(own axis)' at screen X(%d), Y(%d) center rotate\n",
            low - room, high + room, box.right + LABEL_MARGIN, (box.top + box.bottom) / 2);
}

static void draw_probe(mi_sheet *sheet, const mi_probe_curve *c)
{
    double low = INFINITY, high = -INFINITY;
    int top = sheet->bottom + TITLE_MARGIN;
    mi_box box = mi_sheet_cell(0, 1, top, PROBE_HEIGHT);
    int points = mi_sheet_block(sheet, c->label, "ratio knn knn_se linear linear_se",
                                c->points.values, c->points.columns, c->points.rows);
    box.right -= RIGHT_AXIS;
    mi_sheet_panel(sheet, box, "", "masking ratio r of the pre-training",
                   "share of held-out labels told");
    fputs("set title ", sheet->script);
    mi_text_quote(sheet->script, c->label, TITLE_LIMIT, ": what frozen encoders tell of labels");
    fputs(" font ',13' offset 0,-0.4\n", sheet->script);
    mi_rows_range(&c->points, MI_C_KNN, 2, MI_C_KNN_SE, &low, &high);
    mi_rows_range(&c->points, MI_C_LINEAR, 2, MI_C_LINEAR_SE, &low, &high);
    mi_put_range(sheet, low, high, 0.08, 0.28);
    mi_put_best(sheet, &c->best, "linear probe best at", linear_color, 0, true);
    if (c->published.rows > 0) {
        put_published_axis(sheet, c, box);
    }
    put_series(sheet, c, points, MI_C_LINEAR, MI_C_LINEAR_SE, linear_style, linear_color);
    put_series(sheet, c, points, MI_C_KNN, MI_C_KNN_SE, knn_style, knn_color);
    if (c->published.rows > 0) {
        int block =
            mi_sheet_block(sheet, c->origin[0] != '\0' ? c->origin : "published", "ratio accuracy",
                           c->published.values, c->published.columns, c->published.rows);
        mi_sheet_item(sheet, "data index %d using 1:2 axes x1y2 with linespoints %s", block,
                      published_style);
    }
    mi_sheet_end(sheet);
    fputs("unset y2tics\n", sheet->script);
    sheet->bottom = top + PROBE_HEIGHT + BOTTOM_MARGIN;
}

static void put_probe_key(mi_sheet *sheet, const mi_probe_curve *c)
{
    char suffix[96];
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH, 3, "");
    mi_sheet_item(sheet,
                  "keyentry with linespoints %s title 'linear classifier on frozen features "
                  "(bar: two standard errors)'",
                  linear_style);
    mi_sheet_item(sheet, "keyentry with linespoints %s title 'k nearest neighbours'", knn_style);
    if (c->published.rows > 0) {
        mi_sheet_item(sheet, "keyentry with linespoints %s title ", published_style);
        if (isfinite(c->rank_correlation)) {
            snprintf(suffix, sizeof suffix, " (right axis); rank correlation with linear %.2f",
                     c->rank_correlation);
        } else {
            snprintf(suffix, sizeof suffix, " (right axis); too few points for a rank correlation");
        }
        mi_text_quote(sheet->script, c->origin[0] != '\0' ? c->origin : "published", ORIGIN_LIMIT,
                      suffix);
    }
    mi_sheet_end(sheet);
    sheet->bottom += 3 * MI_LINE_HEIGHT + MARGIN;
}

static void draw(mi_sheet *sheet)
{
    const mi_runs *runs = sheet->report->opt_runs;
    draw_runs(sheet, runs);
    put_runs_key(sheet, runs);
    if (runs->curve.there && runs->curve.points.rows > 0) {
        draw_probe(sheet, &runs->curve);
        put_probe_key(sheet, &runs->curve);
    }
    if (runs->curve.there && runs->curve.published.rows > 0) {
        mi_sheet_note(sheet, "The published networks are far larger and saw other data; the two "
                             "axes are not to be compared, only the shapes of the curves.");
    }
    for (size_t i = 0; i < runs->count; i++) {
        if (mi_trained_leaks(&runs->runs[i])) {
            mi_sheet_heading(sheet, runs->runs[i].label);
            mi_put_verdict(sheet, &runs->runs[i]);
        }
    }
}

static mi_code tables(const mi_report *report, char **ret_plain, char **ret_markdown,
                      mi_status *status)
{
    return mi_checks_text(report->opt_runs, ret_plain, ret_markdown, status);
}

const mi_figure mi_figure_checks = {
    .name = "checks",
    .question = "Do trained networks find the exact curves and their optima?",
    .caption = "r·i(r) of each trained network (marks, two standard errors) beside the exact curve "
               "(black), and below it the accuracy of probes over the masking ratio beside "
               "published ones. A network below its curve has not learned all that is to be had; "
               "one above it would be a leak.",
    .checks = true,
    .any = any,
    .draw = draw,
    .tables = tables,
};
