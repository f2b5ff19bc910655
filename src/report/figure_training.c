/* The loss over the steps, and the floor under it. */
#include <math.h>

#include "maskinfo/format.h"
#include "train_parts.h"

enum { TITLE_MARGIN = 34, HEIGHT = 300, SMALL = 150, BOTTOM_MARGIN = 52, MARGIN = 20 };

/* From where on steps are easier seen on a logarithmic axis. */
static const double LONG = 50;

static bool any(const mi_report *report)
{
    const mi_trained *t = mi_report_run(report);
    return t != NULL && mi_rows_have(&t->steps, MI_S_LOSS);
}

static double last_step(const mi_trained *t)
{
    return mi_rows_at(&t->steps, t->steps.rows - 1, MI_S_STEP);
}

/* The rows of the second half of the steps. */
static mi_number_rows second_half(const mi_number_rows *steps)
{
    double half = mi_rows_at(steps, steps->rows - 1, MI_S_STEP) / 2;
    size_t first = 0;
    while (first + 1 < steps->rows && mi_rows_at(steps, first, MI_S_STEP) < half) {
        first++;
    }
    return (mi_number_rows){steps->rows - first, steps->columns,
                            steps->values + first * steps->columns};
}

/* The axis spans means, floor and held-out loss; the range of single steps may leave it. */
static void put_axes(mi_sheet *sheet, const mi_trained *t, const mi_number_rows *steps, double from,
                     bool zoomed)
{
    const mi_evaluation *e = &t->evaluation;
    double low = INFINITY, high = -INFINITY, end = last_step(t);
    mi_rows_range(steps, MI_S_LOSS, 0, steps->columns, &low, &high);
    if (zoomed) {
        mi_rows_range(steps, MI_S_LOW, 0, steps->columns, &low, &high);
        mi_rows_range(steps, MI_S_HIGH, 0, steps->columns, &low, &high);
    }
    low = fmin(low, fmin(e->floor, e->loss)); /* fmin passes over what is missing */
    high = fmax(high, fmax(e->floor, e->loss));
    if (!zoomed) {
        low = fmin(low, t->uniform_loss);
        high = fmax(high, t->uniform_loss);
    }
    mi_put_range(sheet, low, high, 0.14, zoomed || !isfinite(t->uniform_loss) ? 0.05 : 0.14);
    if (!zoomed && end / from >= LONG) {
        fprintf(sheet->script, "set logscale x; set xrange [%.6g:%.6g]\n", from, 1.15 * end);
    } else {
        double room = end > from ? 0.03 * (end - from) : 0.5 * end; /* gnuplot refuses no width */
        fprintf(sheet->script, "set xrange [%.6g:%.6g]; set xtics autofreq\n",
                zoomed ? from - room : 0, end + 2 * room);
    }
}

static void put_floor(mi_sheet *sheet, const mi_trained *t)
{
    const mi_evaluation *e = &t->evaluation;
    const char *name = "floor, the least that is possible:";
    double height = e->floor;
    if (!isfinite(height) && isfinite(e->reference_loss)) {
        name = "loss of the model of the data, no floor:";
        height = e->reference_loss;
    }
    if (isfinite(height)) {
        fprintf(sheet->script,
                "set arrow from graph 0, first %.8g to graph 1, first %.8g nohead lc rgb '%s' lw "
                "2\nset label '%s %.4g' at graph 0.02, first %.8g offset 0,-0.8 left front tc rgb "
                "'%s' font ',11'\n",
                height, height, mi_floor_color, name, height, height, mi_floor_color);
    }
}

/* Where outputs without any preference would leave the loss; in the axis of the first panel. */
static void put_uniform(mi_sheet *sheet, const mi_trained *t)
{
    double height = t->uniform_loss;
    if (isfinite(height)) {
        fprintf(sheet->script,
                "set arrow from graph 0, first %.8g to graph 1, first %.8g nohead lc rgb '%s' lw "
                "1.6 dt 3\nset label 'of uniform outputs, %s: %.5g' at graph 0.98, first %.8g "
                "offset 0,0.7 right front tc rgb '%s' font ',11'\n",
                height, height, mi_exact_color,
                isfinite(t->monitored.log_patch_prototypes) ? "weighted ln K" : "ln K", height,
                height, mi_exact_color);
    }
}

static void put_loss(mi_sheet *sheet, const mi_trained *t, int block, int held_out)
{
    const char *color = mi_network_color(t);
    if (mi_rows_have(&t->steps, MI_S_LOW) && mi_rows_have(&t->steps, MI_S_HIGH)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:%d:%d with filledcurves fc rgb '%s' fs transparent "
                      "solid 0.2 noborder",
                      block, MI_S_LOW + 1, MI_S_HIGH + 1, color);
    }
    mi_sheet_item(sheet, "data index %d using 1:%d with lines lc rgb '%s' lw 1.8", block,
                  MI_S_LOSS + 1, color);
    if (held_out >= 0) {
        mi_sheet_item(sheet,
                      "data index %d using 1:2:(2*$3) with yerrorbars lc rgb '#000000' lw 1.8 pt 7 "
                      "ps 1",
                      held_out);
        mi_sheet_item(sheet, "data index %d using 1:2 with points lc rgb '#000000' pt 7 ps 1",
                      held_out);
    }
    mi_sheet_end(sheet);
}

static void draw_losses(mi_sheet *sheet, const mi_trained *t, int block, int held_out)
{
    mi_number_rows late = second_half(&t->steps);
    int top = sheet->bottom + TITLE_MARGIN;
    mi_sheet_panel(sheet, mi_sheet_cell(0, 2, top, HEIGHT), "All steps", "step", t->loss_name);
    put_axes(sheet, t, &t->steps, mi_rows_at(&t->steps, 0, MI_S_STEP), false);
    put_floor(sheet, t);
    put_uniform(sheet, t);
    put_loss(sheet, t, block, held_out);
    mi_sheet_panel(sheet, mi_sheet_cell(1, 2, top, HEIGHT), "The second half", "step",
                   t->loss_name);
    put_axes(sheet, t, &late, mi_rows_at(&late, 0, MI_S_STEP), true);
    put_floor(sheet, t);
    put_loss(sheet, t, block, held_out);
    sheet->bottom = top + HEIGHT + BOTTOM_MARGIN;
}

static void draw_small(mi_sheet *sheet, const mi_trained *t, int block, int column, size_t value,
                       const char *title)
{
    int top = sheet->bottom + TITLE_MARGIN;
    double low = INFINITY, high = -INFINITY;
    mi_rows_range(&t->steps, value, 0, t->steps.columns, &low, &high);
    mi_sheet_panel(sheet, mi_sheet_cell(column, 2, top, SMALL), title, "step", "");
    fprintf(sheet->script, "set xrange [0:%.6g]; set xtics autofreq\n", 1.02 * last_step(t));
    mi_put_range(sheet, fmin(low, 0), high, 0, 0.08);
    mi_sheet_item(sheet, "data index %d using 1:%zu with lines lc rgb '%s' lw 1.6", block,
                  value + 1, mi_network_color(t));
    mi_sheet_end(sheet);
}

static void put_key(mi_sheet *sheet, const mi_trained *t, bool held_out)
{
    const mi_evaluation *e = &t->evaluation;
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH, 3, "");
    mi_sheet_item(sheet,
                  "keyentry with lines lc rgb '%s' lw 1.8 title 'loss of the batches, mean "
                  "over a stretch of steps'",
                  mi_network_color(t));
    mi_sheet_item(sheet,
                  "keyentry with boxes fc rgb '%s' fs transparent solid 0.2 noborder title "
                  "'its smallest and largest in the stretch'",
                  mi_network_color(t));
    if (held_out) {
        char text[96];
        size_t used = 0;
        mi_append(text, sizeof text, &used, "held-out loss at the end, %.4g", e->loss);
        if (isfinite(e->loss_se)) {
            mi_append(text, sizeof text, &used, " ± %.2g (bar: two standard errors)", e->loss_se);
        }
        mi_sheet_item(sheet, "keyentry with linespoints lc rgb '#000000' lw 1.8 pt 7 title '%s'",
                      text);
    }
    mi_sheet_end(sheet);
    sheet->bottom += 3 * MI_LINE_HEIGHT + MARGIN;
}

static void draw(mi_sheet *sheet)
{
    const mi_trained *t = mi_report_run(sheet->report);
    const mi_evaluation *e = &t->evaluation;
    double end[] = {last_step(t), e->loss, e->loss_se, e->floor, e->floor_se};
    mi_put_run_heading(sheet, t);
    int block = mi_sheet_block(sheet, t->label, "step loss loss_low loss_high rate gradient_norm",
                               t->steps.values, t->steps.columns, t->steps.rows);
    int held_out =
        mi_sheet_block(sheet, "held-out, after the last step", "step loss loss_se floor floor_se",
                       end, sizeof end / sizeof *end, 1);
    held_out = isfinite(e->loss) ? held_out : -1;
    draw_losses(sheet, t, block, held_out);
    if (mi_rows_have(&t->steps, MI_S_RATE) || mi_rows_have(&t->steps, MI_S_NORM)) {
        draw_small(sheet, t, block, 0, MI_S_RATE, "Learning rate");
        draw_small(sheet, t, block, 1, MI_S_NORM, "Norm of the gradient, before clipping");
        sheet->bottom += TITLE_MARGIN + SMALL + BOTTOM_MARGIN;
    }
    put_key(sheet, t, held_out >= 0);
    mi_put_verdict(sheet, t);
}

const mi_figure mi_figure_training = {
    .name = "training",
    .question = "How close does the loss come to its floor?",
    .caption = "Loss of the batches over the steps with its range, and the held-out loss at the "
               "end; below, the second half enlarged. The green line is the floor that no "
               "predictor can pass: what remains above it is the network's.",
    .train = true,
    .any = any,
    .draw = draw,
};
