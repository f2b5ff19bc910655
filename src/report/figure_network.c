/* What a trained network gains from its context, beside what could be gained. */
#include <math.h>

#include "train_parts.h"

enum { TITLE_MARGIN = 34, HEIGHT = 270, SMALL = 190, BOTTOM_MARGIN = 52, MARGIN = 20 };

static const char pooled_style[] = "lc rgb '#777777' lw 1.2 dt 4 pt 1 ps 0.8",
                  reference_style[] = "lc rgb '#009e73' lw 1.6 dt 4 pt 2 ps 0.8";

static bool any(const mi_report *report)
{
    const mi_trained *t = mi_report_run(report);
    return t != NULL && t->points.rows > 0 &&
           (mi_rows_have(&t->points, MI_P_INFORMATION) || mi_rows_have(&t->points, MI_P_LOSS));
}

typedef struct blocks {
    int points, exact;
} blocks;

/* A curve of the exact block, or where that is missing the points' own exact numbers. */
static void put_exact(mi_sheet *sheet, const mi_trained *t, blocks b, size_t curve, size_t point)
{
    int dash = t->held_out ? 4 : 1;
    if (mi_rows_have(&t->exact, curve)) {
        mi_sheet_item(sheet, "data index %d using 1:%zu with lines lc rgb '%s' lw 2 dt %d", b.exact,
                      curve + 1, mi_exact_color, dash);
    } else if (mi_rows_have(&t->points, point)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:%zu with linespoints lc rgb '%s' lw 1 dt 3 pt "
                      "2 ps 0.8",
                      b.points, point + 1, mi_exact_color);
    }
}

static void put_exact_range(mi_sheet *sheet, const mi_trained *t, size_t curve, size_t value,
                            size_t error, size_t exact)
{
    double low = 0, high = -INFINITY;
    mi_rows_range(&t->exact, curve, 0, t->exact.columns, &low, &high);
    mi_rows_range(&t->points, value, 2, error, &low, &high);
    mi_rows_range(&t->points, exact, 0, t->points.columns, &low, &high);
    mi_put_range(sheet, low, high, low < 0 ? 0.05 : 0, 0.26);
}

static void draw_information(mi_sheet *sheet, const mi_trained *t, blocks b)
{
    int top = sheet->bottom + TITLE_MARGIN;
    mi_sheet_panel(sheet, mi_sheet_cell(0, 2, top, HEIGHT), "Information i(r)", "masking ratio r",
                   "nats per site");
    put_exact_range(sheet, t, MI_E_INFORMATION, MI_P_INFORMATION, MI_P_INFORMATION_SE,
                    MI_P_EXACT_INFORMATION);
    put_exact(sheet, t, b, MI_E_INFORMATION, MI_P_EXACT_INFORMATION);
    mi_put_points(sheet, t, b.points, MI_P_INFORMATION, MI_P_INFORMATION_SE);
    mi_sheet_end(sheet);
    mi_sheet_panel(sheet, mi_sheet_cell(1, 2, top, HEIGHT), "Objective r i(r)", "masking ratio r",
                   "nats per site");
    put_exact_range(sheet, t, MI_E_OBJECTIVE, MI_P_OBJECTIVE, MI_P_OBJECTIVE_SE,
                    MI_P_EXACT_OBJECTIVE);
    mi_put_best(sheet, &t->exact_best, t->held_out ? "model r*" : "exact r*", mi_exact_color, 0,
                true);
    mi_put_best(sheet, &t->best, "network r*", mi_network_color(t), 1, true);
    put_exact(sheet, t, b, MI_E_OBJECTIVE, MI_P_EXACT_OBJECTIVE);
    mi_put_points(sheet, t, b.points, MI_P_OBJECTIVE, MI_P_OBJECTIVE_SE);
    mi_sheet_end(sheet);
    sheet->bottom = top + HEIGHT + BOTTOM_MARGIN;
}

static void draw_gap(mi_sheet *sheet, const mi_trained *t, blocks b, int column, int columns)
{
    double low = 0, high = 0;
    mi_sheet_panel(sheet, mi_sheet_cell(column, columns, sheet->bottom + TITLE_MARGIN, SMALL),
                   t->held_out ? "Network minus model" : "Gap: network minus exact",
                   "masking ratio r", "nats per site");
    mi_rows_range(&t->points, MI_P_GAP_NATS, 2, MI_P_GAP_NATS_SE, &low, &high);
    mi_rows_range(&t->points, MI_P_POOLED_GAP, 0, t->points.columns, &low, &high);
    mi_put_range(sheet, low, high, 0.08, 0.1);
    fprintf(sheet->script,
            "set arrow from graph 0, first 0 to graph 1, first 0 nohead back lc rgb '%s' lw 1.4\n",
            mi_exact_color);
    if (mi_rows_have(&t->points, MI_P_POOLED_GAP)) {
        mi_sheet_item(sheet, "data index %d using 1:%d with linespoints %s", b.points,
                      MI_P_POOLED_GAP + 1, pooled_style);
    }
    mi_put_points(sheet, t, b.points, MI_P_GAP_NATS, MI_P_GAP_NATS_SE);
    mi_sheet_end(sheet);
}

static void draw_loss(mi_sheet *sheet, const mi_trained *t, blocks b, int column, int columns)
{
    double low = INFINITY, high = -INFINITY;
    mi_sheet_panel(sheet, mi_sheet_cell(column, columns, sheet->bottom + TITLE_MARGIN, SMALL),
                   mi_rows_have(&t->points, MI_P_FLOOR) ? "Loss and its floor" : "Loss",
                   "masking ratio r", t->loss_name);
    mi_rows_range(&t->points, MI_P_LOSS, 2, MI_P_LOSS_SE, &low, &high);
    mi_rows_range(&t->points, MI_P_FLOOR, 2, MI_P_FLOOR_SE, &low, &high);
    mi_rows_range(&t->points, MI_P_REFERENCE, 0, t->points.columns, &low, &high);
    mi_put_range(sheet, low, high, 0.08, 0.1);
    if (mi_rows_have(&t->points, MI_P_FLOOR)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:%d with linespoints lc rgb '%s' lw 1.6 pt 2 ps "
                      "0.8",
                      b.points, MI_P_FLOOR + 1, mi_floor_color);
    }
    if (mi_rows_have(&t->points, MI_P_REFERENCE)) {
        mi_sheet_item(sheet, "data index %d using 1:%d with linespoints %s", b.points,
                      MI_P_REFERENCE + 1, reference_style);
    }
    mi_put_points(sheet, t, b.points, MI_P_LOSS, MI_P_LOSS_SE);
    if (mi_trained_leaks(t)) {
        mi_sheet_item(sheet,
                      "data index %d using ($%d == 1 ? $1 : 1/0):%d with points lc rgb "
                      "'#cc0000' lw 2.5 pt 6 ps 2.4",
                      b.points, MI_P_LEAK + 1, MI_P_LOSS + 1);
    }
    mi_sheet_end(sheet);
}

/* Decoding of the class: share of right answers. */
static void draw_class(mi_sheet *sheet, const mi_trained *t, blocks b, int column, int columns)
{
    mi_sheet_panel(sheet, mi_sheet_cell(column, columns, sheet->bottom + TITLE_MARGIN, SMALL),
                   "Class told from the visible", "masking ratio r", "share of examples");
    fputs("set yrange [0:1.05]\n", sheet->script);
    mi_sheet_item(sheet, "data index %d using 1:%d with linespoints lc rgb '%s' lw 1.6 pt 2 ps 0.8",
                  b.points, MI_P_CLASS_EXACT + 1, mi_exact_color);
    mi_put_points(sheet, t, b.points, MI_P_CLASS, -1);
    mi_sheet_end(sheet);
}

static void draw_residuals(mi_sheet *sheet, const mi_trained *t, blocks b)
{
    bool gap = mi_rows_have(&t->points, MI_P_GAP_NATS), loss = mi_rows_have(&t->points, MI_P_LOSS);
    bool class = mi_rows_have(&t->points, MI_P_CLASS);
    int columns = gap + loss + class, column = 0;
    if (gap) {
        draw_gap(sheet, t, b, column++, columns);
    }
    if (loss) {
        draw_loss(sheet, t, b, column++, columns);
    }
    if (class) {
        draw_class(sheet, t, b, column++, columns);
    }
    sheet->bottom += columns > 0 ? TITLE_MARGIN + SMALL + BOTTOM_MARGIN : 0;
}

/* The entries that stand for exact numbers; returns how many there are. */
static int put_exact_entries(mi_sheet *sheet, const mi_trained *t)
{
    bool shown = mi_rows_have(&t->points, MI_P_INFORMATION), curve = shown && t->exact.rows > 0;
    bool points = shown && mi_rows_have(&t->points, MI_P_EXACT_INFORMATION);
    if (curve) {
        mi_sheet_item(sheet, "keyentry with lines lc rgb '%s' lw 2 dt %d title '%s'",
                      mi_exact_color, t->held_out ? 4 : 1,
                      t->held_out ? "a model of the data on held-out ones, which a network may "
                                    "surpass"
                                  : "exact: no predictor gains more");
    } else if (points) {
        mi_sheet_item(sheet,
                      "keyentry with linespoints lc rgb '%s' lw 1 dt 3 pt 2 title '%s, on "
                      "the same examples and masks'",
                      mi_exact_color, t->held_out ? "the model of the data" : "exact");
    }
    return curve || points;
}

static void put_key(mi_sheet *sheet, const mi_trained *t)
{
    enum { MOST = 5 };
    int entries = 1;
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH, MOST, "");
    mi_sheet_item(sheet,
                  "keyentry with linespoints lc rgb '%s' lw 1.6 pt %d ps 0.9 title 'the network on "
                  "held-out examples (bar: two standard errors)'",
                  mi_network_color(t), t->group == MI_GROUP_TEXT ? 7 : 6);
    entries += put_exact_entries(sheet, t);
    if (mi_rows_have(&t->points, MI_P_POOLED_GAP)) {
        mi_sheet_item(sheet,
                      "keyentry with linespoints %s title 'of the gap: what exact means lose too, "
                      "given one covariance for all masks'",
                      pooled_style);
        entries++;
    }
    if (mi_rows_have(&t->points, MI_P_FLOOR)) {
        mi_sheet_item(sheet,
                      "keyentry with linespoints lc rgb '%s' lw 1.6 pt 2 ps 0.8 title 'floor of "
                      "the loss, on the same examples and masks'",
                      mi_floor_color);
        entries++;
    }
    if (mi_rows_have(&t->points, MI_P_REFERENCE)) {
        mi_sheet_item(sheet, "keyentry with linespoints %s title 'loss of the model of the data'",
                      reference_style);
        entries++;
    }
    mi_sheet_end(sheet);
    sheet->bottom += entries * MI_LINE_HEIGHT + MARGIN;
}

static void draw(mi_sheet *sheet)
{
    const mi_trained *t = mi_report_run(sheet->report);
    mi_put_run_heading(sheet, t);
    blocks b = {.points = mi_points_block(sheet, t)};
    b.exact = mi_exact_block(sheet, t);
    if (mi_rows_have(&t->points, MI_P_INFORMATION)) {
        draw_information(sheet, t, b);
    }
    draw_residuals(sheet, t, b);
    put_key(sheet, t);
    mi_put_verdict(sheet, t);
    if (mi_rows_have(&t->points, MI_P_INFORMATION)) {
        mi_sheet_note(sheet,
                      "r*: argmax of r i(r), the band its 95 % interval. A network's i(r) is the "
                      "entropy of a site less the cross-entropy of its predictions: a lower bound "
                      "of the information.");
    }
}

const mi_figure mi_figure_network = {
    .name = "network",
    .question = "What does the network gain from its context?",
    .caption = "What the network gains from its context (marks, two standard errors) beside the "
               "exact curve (black), the gap between them, and the loss with its floor. No mark "
               "may lie above the exact curve by more than its error.",
    .train = true,
    .any = any,
    .draw = draw,
};
