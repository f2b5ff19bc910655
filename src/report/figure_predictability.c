/* Published accuracies of masks over the information that such masks leave in a source. */
#include <math.h>

#include "figure.h"
#include "text.h"

enum { TITLE_MARGIN = 44, HEIGHT = 300, BOTTOM_MARGIN = 60, POINT_COLUMNS = 5, ORIGIN_LIMIT = 150 };

/* One panel: accuracies of one kind. */
static const struct metric {
    const char *title, *y_label;
    int column; /* of the data block */
} metrics[] = {
    {"Fine-tuned", "published top-1 accuracy (%)", 4},
    {"Linear probe", "published top-1 accuracy (%)", 5},
};
enum { METRICS = sizeof metrics / sizeof metrics[0] };

static double accuracy(const mi_published_mask *mask, int metric)
{
    return metric == 0 ? mask->fine_tune : mask->linear_probe;
}

static bool any(const mi_report *report)
{
    return report->opt_comparison != NULL && report->opt_comparison->count > 1;
}

/* One block for each mask, so that each has its own look. */
static int put_block(mi_sheet *sheet, const mi_published_mask *mask)
{
    char label[64];
    double row[POINT_COLUMNS] = {mask->ratio, mask->information, mask->information_se,
                                 mask->fine_tune, mask->linear_probe};
    snprintf(label, sizeof label, "%s masks", mask->strategy->name);
    return mi_sheet_block(sheet, label,
                          "ratio information(nats) information_se(nats) fine_tune(%) "
                          "linear_probe(%)",
                          row, POINT_COLUMNS, 1);
}

/* Room on all sides, for the names of the points. */
static void put_ranges(mi_sheet *sheet, const mi_strategy_comparison *c, int metric)
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < c->count; i++) {
        const mi_published_mask *mask = &c->masks[i];
        double error = isfinite(mask->information_se) ? 2 * mask->information_se : 0;
        low[0] = fmin(low[0], mask->information - error);
        high[0] = fmax(high[0], mask->information + error);
        low[1] = fmin(low[1], accuracy(mask, metric)); /* passes over what is missing */
        high[1] = fmax(high[1], accuracy(mask, metric));
    }
    for (int axis = 0; axis < 2; axis++) {
        double room = high[axis] > low[axis] ? (high[axis] - low[axis]) * 0.22 : 0.5;
        if (isfinite(low[axis])) {
            fprintf(sheet->script, "set %crange [%.6g:%.6g]\n", "xy"[axis], low[axis] - room,
                    high[axis] + room);
        }
    }
    fputs("set xtics autofreq\n", sheet->script);
}

static void put_correlation(mi_sheet *sheet, double correlation)
{
    char text[64] = "rank correlation: too few masks";
    if (isfinite(correlation)) {
        snprintf(text, sizeof text, "rank correlation %.2f", correlation);
    }
    fprintf(sheet->script, "set label '%s' at graph 0.5, graph 1.04 center font ',11'\n", text);
}

static void put_name(mi_sheet *sheet, const mi_published_mask *mask, int metric)
{
    fprintf(sheet->script,
            "set label '%s %.3g %%' at %.9g, %.9g center offset 0,1 tc rgb '%s' font ',11'\n",
            mask->strategy->name, 100 * mask->ratio, mask->information, accuracy(mask, metric),
            mask->strategy->color);
}

static void draw_metric(mi_sheet *sheet, int metric)
{
    const mi_strategy_comparison *c = sheet->report->opt_comparison;
    mi_box box = mi_sheet_cell(metric, METRICS, sheet->bottom + TITLE_MARGIN, HEIGHT);
    mi_sheet_panel(sheet, box, "",
                   c->image ? "information i at the same masks (nats per patch)"
                            : "information i at the same masks (nats per token)",
                   metric == 0 ? metrics[metric].y_label : "");
    fprintf(sheet->script, "set title '%s' font ',13' offset 0,0.8\n", metrics[metric].title);
    put_ranges(sheet, c, metric);
    put_correlation(sheet, metric == 0 ? c->fine_tune_correlation : c->linear_probe_correlation);
    for (size_t i = 0; i < c->count; i++) {
        if (isfinite(accuracy(&c->masks[i], metric))) {
            put_name(sheet, &c->masks[i], metric);
        }
    }
    for (size_t i = 0; i < c->count; i++) {
        const mi_strategy *look = c->masks[i].strategy;
        if (isfinite(c->masks[i].information_se)) {
            mi_sheet_item(sheet,
                          "data index %zu using 2:%d:(2*$3) with xerrorbars lc rgb '%s' lw 1.4 "
                          "pt %d ps 1.4",
                          i, metrics[metric].column, look->color, look->full_point);
        } else {
            mi_sheet_item(sheet, "data index %zu using 2:%d with points lc rgb '%s' pt %d ps 1.4",
                          i, metrics[metric].column, look->color, look->full_point);
        }
    }
    mi_sheet_end(sheet);
}

static void draw(mi_sheet *sheet)
{
    const mi_strategy_comparison *c = sheet->report->opt_comparison;
    char note[ORIGIN_LIMIT * 4 + 400];
    for (size_t i = 0; i < c->count; i++) {
        put_block(sheet, &c->masks[i]);
    }
    for (int m = 0; m < METRICS; m++) {
        draw_metric(sheet, m);
    }
    sheet->bottom += TITLE_MARGIN + HEIGHT + BOTTOM_MARGIN;
    mi_sheet_note(sheet, c->sentence);
    snprintf(note, sizeof note,
             "Information: of the source \"%.*s\", bars ± 2 standard errors. Accuracies: %.*s. The "
             "networks saw other data than this source; what can be compared is the order of the "
             "masks.",
             (int)mi_text_bytes(c->source, ORIGIN_LIMIT / 2), c->source,
             (int)mi_text_bytes(c->origin, ORIGIN_LIMIT), c->origin);
    mi_sheet_note(sheet, note);
}

const mi_figure mi_figure_predictability = {
    .name = "predictability",
    .question = "Do published accuracies follow the predictability of the masks?",
    .caption = "Published accuracies of masks beside how much the visible patches tell under the "
               "same masks. If accuracy followed predictability the points would rise from left to "
               "right; four points can contradict that, not establish it.",
    .compare = true,
    .any = any,
    .draw = draw,
};
