#include "train_parts.h"

#include <math.h>

#include "maskinfo/format.h"
#include "text.h"

/* Of the height of a panel, where the lines of optima end and their names begin. */
static const double LINE_END = 0.82;

enum { LABEL_LIMIT = 54, VERDICT = 512, LEAK_LIMIT = 110 };

const char mi_exact_color[] = "#222222", mi_floor_color[] = "#009e73";

const char *mi_network_color(const mi_trained *trained)
{
    return trained->group == MI_GROUP_TEXT ? "#d55e00" : "#0072b2";
}

const mi_trained *mi_report_run(const mi_report *report)
{
    return report->train ? &report->opt_runs->runs[0] : NULL;
}

int mi_points_block(mi_sheet *sheet, const mi_trained *t)
{
    static const char heading[] =
        "ratio loss loss_se floor floor_se gap gap_se conditional_entropy(nats) "
        "conditional_entropy_se(nats) exact_conditional_entropy(nats) gap(nats) gap_se(nats) "
        "information(nats) information_se(nats) exact_information(nats) objective(nats) "
        "exact_objective(nats) class_accuracy class_accuracy_exact reference_loss "
        "exact_conditional_entropy_pooled(nats) objective_se(nats) gap(%) leak pooled_gap(nats)";
    if (t->points.rows == 0) {
        return -1; /* gnuplot counts no empty blocks */
    }
    return mi_sheet_block(sheet, t->label, heading, t->points.values, t->points.columns,
                          t->points.rows);
}

int mi_exact_block(mi_sheet *sheet, const mi_trained *t)
{
    static const char heading[] =
        "ratio conditional_entropy(nats) information(nats) objective(nats)";
    if (t->exact.rows == 0) {
        return -1;
    }
    return mi_sheet_block(sheet, t->held_out ? "model of held-out data" : "exact", heading,
                          t->exact.values, t->exact.columns, t->exact.rows);
}

void mi_put_points(mi_sheet *sheet, const mi_trained *t, int block, int value, int error)
{
    const char *color = mi_network_color(t);
    int point = t->group == MI_GROUP_TEXT ? 7 : 6;
    if (!mi_rows_have(&t->points, (size_t)value)) {
        return;
    }
    if (error >= 0) {
        mi_sheet_item(sheet,
                      "data index %d using 1:%d:(2*$%d) with yerrorbars lc rgb '%s' lw 1.6 "
                      "pt %d ps 0.9",
                      block, value + 1, error + 1, color, point);
    }
    mi_sheet_item(sheet, "data index %d using 1:%d with points lc rgb '%s' lw 1.6 pt %d ps 0.9",
                  block, value + 1, color, point);
}

static void put_band(mi_sheet *sheet, const mi_best *best, const char *color)
{
    if (best->low < best->high) {
        fprintf(sheet->script,
                "set object rectangle from %.6g, graph 0 to %.6g, graph %.2f back fc rgb '%s' fs "
                "transparent solid 0.1 noborder\n",
                best->low, best->high, LINE_END, color);
    }
}

/* Names stand above the lines, where no curve comes, on the side where there are fewer lines. */
void mi_put_best(mi_sheet *sheet, const mi_best *best, const char *name, const char *color, int row,
                 bool left)
{
    char interval[48] = "";
    if (!isfinite(best->ratio)) {
        return;
    }
    if (best->low < best->high) {
        snprintf(interval, sizeof interval, " [%.3g, %.3g]", best->low, best->high);
    }
    put_band(sheet, best, color);
    fprintf(sheet->script,
            "set arrow from %.6g, graph 0 to %.6g, graph %.2f nohead back lc rgb '%s' lw 1.4 dt 2\n"
            "set label '%s %.3g%s%s' at graph %s, graph 1 offset 0, %g %s front tc rgb '%s' font "
            "',11'\n",
            best->ratio, best->ratio, LINE_END, color, name, best->ratio, interval,
            best->edge ? " (edge)" : "", left ? "0.03" : "0.98", -0.7 - 1.15 * row,
            left ? "left" : "right", color);
}

void mi_put_range(mi_sheet *sheet, double low, double high, double bottom, double top)
{
    if (low <= high) {
        double width = high > low ? high - low : fmax(fabs(high), 1e-6) * 0.1;
        fprintf(sheet->script, "set yrange [%.8g:%.8g]\n", low - bottom * width,
                high + top * width);
    }
}

void mi_put_verdict(mi_sheet *sheet, const mi_trained *t)
{
    char text[VERDICT];
    mi_trained_verdict(t, text, sizeof text);
    if (mi_trained_leaks(t)) {
        fprintf(sheet->script,
                "\n# leak\neval(clean)\nunset border; unset tics\nset lmargin at screen X(20); set "
                "rmargin at screen X(980)\nset tmargin at screen Y(%d); set bmargin at screen "
                "Y(%d)\nset yrange [0:1]\n",
                sheet->bottom, sheet->bottom + 16);
        for (const char *rest = text; *rest != '\0';) {
            size_t bytes = mi_text_line(rest, LEAK_LIMIT);
            fputs("set label ", sheet->script);
            mi_text_quote_bytes(sheet->script, rest, bytes);
            fprintf(sheet->script,
                    " at screen X(20), Y(%d) left tc rgb '#cc0000' font 'DejaVu Sans Bold,14'\n",
                    sheet->bottom + 12);
            sheet->bottom += 22;
            rest += bytes + (rest[bytes] == ' ');
        }
        mi_sheet_end(sheet);
        sheet->bottom += 8;
    } else {
        mi_sheet_note(sheet, text);
    }
}

void mi_put_run_heading(mi_sheet *sheet, const mi_trained *t)
{
    char text[256];
    size_t used = 0;
    mi_append(text, sizeof text, &used, "%.*s", (int)mi_text_bytes(t->label, LABEL_LIMIT),
              t->label);
    if (isfinite(t->evaluation.ratio)) {
        mi_append(text, sizeof text, &used, " (ratio %g)", t->evaluation.ratio);
    } else if (isfinite(t->evaluation.loss)) {
        mi_append(text, sizeof text, &used, " (ratio drawn anew)");
    }
    mi_sheet_heading(sheet, text);
}
