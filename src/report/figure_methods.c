/* Methods side by side: what their frozen features tell of labels, and what they cost. A method is
 * a row of all panels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "table_train.h"
#include "text.h"
#include "train_parts.h"

enum {
    TITLE_MARGIN = 40,
    ROW = 34,
    LEAST = 100, /* height of the panels */
    LABELS = 250,
    SPACE = 22, /* between panels */
    MARGIN = 20,
    BOTTOM_MARGIN = 44,
    LABEL_LIMIT = 32,
    TARGET_LIMIT = 44,
    REASON_LIMIT = 200,
    SECONDS = MI_WAYS, /* panels after those of accuracies */
    BYTES,
    PANELS
};

static const char *const titles[PANELS] = {"k-NN", "linear", "linear, patches", "time", "memory"};
static const char point_style[] = "lc rgb '#0072b2' lw 1.8 pt 7 ps 1",
                  seed_style[] = "lc rgb '#56b4e9' lw 1 pt 6 ps 0.6";

static const struct {
    const char *name, *color;
    int dash;
} bases[MI_BASES] = {[MI_BASE_RAW] = {"raw pixels", "#e69f00", 1},
                     [MI_BASE_UNTRAINED] = {"untrained encoder", "#777777", 2}};

typedef struct view {
    const mi_runs *runs;
    const mi_comparison *c;
    bool shown[PANELS];
    int count, top, bottom; /* of panels; their axes */
    int block, seeds;       /* data: methods, and single runs (-1: none) */
    bool minutes;
} view;

static bool any(const mi_report *report)
{
    return report->methods && report->opt_runs->comparison.count > 0 &&
           !report->opt_runs->comparison.collapse;
}

static double value_of(const view *v, size_t row, int panel)
{
    const mi_compared *m = &v->c->methods[row];
    return panel < MI_WAYS    ? m->accuracy[panel]
           : panel == SECONDS ? m->seconds / (v->minutes ? 60 : 1)
                              : m->bytes / 1e6;
}

static double probe_of(const mi_trained *t, int way)
{
    const mi_probed *p = &t->probed;
    const double *all[MI_WAYS] = {p->knn, p->linear, p->patch};
    return p->there ? all[way][MI_PROBE_TRAINED] : NAN;
}

static void look_through(view *v)
{
    double longest = 0;
    for (size_t i = 0; i < v->c->count; i++) {
        longest = fmax(longest, v->c->methods[i].seconds);
    }
    v->minutes = longest >= 300;
    for (int p = 0; p < PANELS; p++) {
        for (size_t i = 0; i < v->c->count; i++) {
            v->shown[p] = v->shown[p] || isfinite(value_of(v, i, p));
        }
        v->count += v->shown[p];
    }
}

static void put_methods(mi_sheet *sheet, view *v)
{
    enum { COLUMNS = 1 + 2 * MI_WAYS + 2 };
    double *rows = NULL;
    if (mi_allocate(v->c->count * COLUMNS, sizeof *rows, &rows, NULL) != MI_OK) {
        sheet->failed = true;
        return;
    }
    for (size_t i = 0; i < v->c->count; i++) {
        double *row = rows + i * COLUMNS;
        row[0] = (double)i;
        for (int w = 0; w < MI_WAYS; w++) {
            row[1 + 2 * w] = v->c->methods[i].accuracy[w];
            row[2 + 2 * w] = v->c->methods[i].error[w];
        }
        row[1 + 2 * MI_WAYS] = value_of(v, i, SECONDS);
        row[2 + 2 * MI_WAYS] = value_of(v, i, BYTES);
    }
    v->block = mi_sheet_block(sheet, "methods, in the order of the rows",
                              v->minutes ? "row knn knn_se linear linear_se patch_linear "
                                           "patch_linear_se time(minutes) memory(MB)"
                                         : "row knn knn_se linear linear_se patch_linear "
                                           "patch_linear_se time(s) memory(MB)",
                              rows, COLUMNS, v->c->count);
    free(rows);
}

static size_t runs_of(const view *v, const char *label)
{
    size_t count = 0;
    for (size_t i = 0; i < v->runs->count; i++) {
        count += strcmp(v->runs->runs[i].label, label) == 0;
    }
    return count;
}

/* The runs of methods that ran with several seeds. */
static void put_seeds(mi_sheet *sheet, view *v)
{
    enum { COLUMNS = 2 + MI_WAYS };
    double *rows = NULL;
    size_t used = 0;
    if (mi_allocate((v->c->count * v->runs->count + 1) * COLUMNS, sizeof *rows, &rows, NULL) !=
        MI_OK) {
        sheet->failed = true;
        return;
    }
    for (size_t i = 0; i < v->c->count; i++) {
        const char *label = v->c->methods[i].label;
        bool several = runs_of(v, label) > 1 && !isfinite(v->c->methods[i].seed);
        for (size_t k = 0; k < v->runs->count && several; k++) {
            const mi_trained *t = &v->runs->runs[k];
            if (strcmp(t->label, label) == 0) {
                double *row = rows + used++ * COLUMNS;
                row[0] = (double)i;
                row[1] = t->seed;
                for (int w = 0; w < MI_WAYS; w++) {
                    row[2 + w] = probe_of(t, w);
                }
            }
        }
    }
    v->seeds = used == 0 ? -1
                         : mi_sheet_block(sheet, "single runs", "row seed knn linear patch_linear",
                                          rows, COLUMNS, used);
    free(rows);
}

/* Labels of the rows, below each what it predicts, or that it collapsed. */
static void put_labels(mi_sheet *sheet, const view *v)
{
    for (size_t i = 0; i < v->c->count; i++) {
        const mi_compared *m = &v->c->methods[i];
        bool collapsed = m->collapse != MI_VERDICT_NONE && m->collapse != MI_VERDICT_UNKNOWN;
        bool second = collapsed || m->target[0] != '\0';
        char suffix[32] = "";
        if (isfinite(m->seed)) {
            snprintf(suffix, sizeof suffix, ", seed %.0f", m->seed);
        }
        fputs("set label ", sheet->script);
        mi_text_quote(sheet->script, m->label, LABEL_LIMIT, suffix);
        fprintf(sheet->script, " at screen X(%d), first %zu offset 0,%s right font ',12'\n",
                LABELS - 12, i, second ? "0.4" : "0");
        if (second) {
            fputs("set label ", sheet->script);
            mi_text_quote(sheet->script, collapsed ? "collapsed: " : m->target, TARGET_LIMIT,
                          collapsed ? m->verdict : "");
            fprintf(sheet->script,
                    " at screen X(%d), first %zu offset 0,-0.55 right tc rgb '%s' font ',9'\n",
                    LABELS - 12, i, collapsed ? mi_verdict_color(m->collapse) : "#666666");
        }
    }
}

/* Tics no closer than this: 1, 2 or 5 of a power of ten. */
static double tics(double least)
{
    double unit = pow(10, floor(log10(least))), times = least / unit;
    return unit * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

/* Numbers stand in the right quarter. */
static void put_accuracy_axis(mi_sheet *sheet, const view *v, int way)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < v->c->count; i++) {
        double value = v->c->methods[i].accuracy[way], error = v->c->methods[i].error[way];
        double width = isfinite(error) ? 2 * error : 0;
        low = fmin(low, value - width);
        high = fmax(high, value + width);
    }
    for (int b = 0; b < MI_BASES; b++) {
        low = fmin(low, v->c->base[b][way]);
        high = fmax(high, v->c->base[b][way]);
    }
    for (size_t k = 0; k < v->runs->count && v->seeds >= 0; k++) {
        low = fmin(low, probe_of(&v->runs->runs[k], way));
        high = fmax(high, probe_of(&v->runs->runs[k], way));
    }
    double room = 100 * (high > low ? high - low : 0.1);
    fprintf(sheet->script, "set xrange [%.6g:%.6g]; set format x '%%g %%%%'; set xtics %.6g\n",
            100 * low - 0.08 * room, 100 * high + 0.5 * room, tics(0.6 * room));
}

static void put_bases(mi_sheet *sheet, const view *v, int way)
{
    for (int b = 0; b < MI_BASES; b++) {
        double value = 100 * v->c->base[b][way];
        if (isfinite(value)) {
            fprintf(sheet->script,
                    "set arrow from %.6g, graph 0 to %.6g, graph 1 nohead back lc rgb '%s' lw 1.6 "
                    "dt %d\n",
                    value, value, bases[b].color, bases[b].dash);
        }
    }
}

static void put_accuracies(mi_sheet *sheet, const view *v, int way)
{
    int value = 2 + 2 * way, error = value + 1;
    if (v->seeds >= 0) {
        mi_sheet_item(sheet, "data index %d using (100*$%d):1 with points %s", v->seeds, 3 + way,
                      seed_style);
    }
    mi_sheet_item(sheet,
                  "data index %d using (100*($%d-2*$%d)):1:(400*$%d):(0) with vectors nohead lc "
                  "rgb '#0072b2' lw 1.6",
                  v->block, value, error, error);
    mi_sheet_item(sheet, "data index %d using (100*$%d):1 with points %s", v->block, value,
                  point_style);
}

/* The number itself, at the right end of the row. */
static void put_numbers(mi_sheet *sheet, const view *v, int panel)
{
    for (size_t i = 0; i < v->c->count; i++) {
        double value = value_of(v, i, panel);
        char text[32] = "none";
        if (isfinite(value)) {
            snprintf(text, sizeof text, panel < MI_WAYS ? "%.1f" : "%.3g",
                     panel < MI_WAYS ? 100 * value : value);
        }
        fprintf(sheet->script,
                "set label '%s' at graph 0.99, first %zu right front tc rgb '%s' font ',10'\n",
                text, i, isfinite(value) ? "#000000" : "#888888");
    }
}

static void put_costs(mi_sheet *sheet, const view *v, int panel)
{
    int value = 2 + 2 * MI_WAYS + panel - SECONDS;
    mi_sheet_item(sheet,
                  "data index %d using ($%d/2):1:($%d/2):(0.22) with boxxyerror fc rgb '#bbbbbb' "
                  "fs solid border lc rgb '#777777' lw 1",
                  v->block, value, value);
}

static void put_cost_axis(mi_sheet *sheet, const view *v, int panel)
{
    double most = 0;
    for (size_t i = 0; i < v->c->count; i++) {
        most = fmax(most, value_of(v, i, panel));
    }
    fprintf(sheet->script, "set xrange [0:%.6g]; set xtics %.6g\n", 1.45 * fmax(most, 1e-9),
            tics(fmax(most, 1e-9) / 2));
}

static void draw_panel(mi_sheet *sheet, const view *v, int panel, int place)
{
    int width = (MI_SHEET_WIDTH - LABELS - MARGIN - SPACE * (v->count - 1)) / v->count;
    int left = LABELS + place * (width + SPACE);
    mi_box box = {left, left + width, v->top, v->bottom};
    const char *unit = panel < MI_WAYS    ? "held-out labels told"
                       : panel == SECONDS ? (v->minutes ? "minutes" : "seconds")
                                          : "MB";
    mi_sheet_panel(sheet, box, titles[panel], unit, "");
    fprintf(sheet->script,
            "set yrange [%zu-0.5:-0.5]; unset ytics; set grid ytics lc rgb '#eeeeee'\n",
            v->c->count);
    if (place == 0) {
        put_labels(sheet, v);
    }
    put_numbers(sheet, v, panel);
    if (panel < MI_WAYS) {
        put_accuracy_axis(sheet, v, panel);
        put_bases(sheet, v, panel);
        put_accuracies(sheet, v, panel);
    } else {
        put_cost_axis(sheet, v, panel);
        put_costs(sheet, v, panel);
    }
    mi_sheet_end(sheet);
}

static bool has_base(const mi_comparison *c, int base)
{
    return isfinite(c->base[base][0]) || isfinite(c->base[base][1]) || isfinite(c->base[base][2]);
}

static void put_key(mi_sheet *sheet, const view *v)
{
    int entries = 1;
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH, 2 + MI_BASES, "");
    mi_sheet_item(sheet,
                  "keyentry with linespoints %s title 'frozen features, nothing of the encoder "
                  "learned from labels (bar: two standard errors)'",
                  point_style);
    if (v->seeds >= 0) {
        mi_sheet_item(sheet, "keyentry with points %s title 'single seeds'", seed_style);
        entries++;
    }
    for (int b = 0; b < MI_BASES; b++) {
        if (has_base(v->c, b)) {
            mi_sheet_item(sheet, "keyentry with lines lc rgb '%s' lw 1.6 dt %d title '%s'",
                          bases[b].color, bases[b].dash, bases[b].name);
            entries++;
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom += entries * MI_LINE_HEIGHT + MARGIN;
}

static bool same_reasons(const mi_compared *m)
{
    return strcmp(m->reasons[0], m->reasons[1]) == 0 && strcmp(m->reasons[0], m->reasons[2]) == 0;
}

/* Why an accuracy is missing: once where it is the same for all. */
static void put_reasons(mi_sheet *sheet, const view *v)
{
    static const char unknown[] = "not measured";
    char text[REASON_LIMIT * 4];
    for (size_t i = 0; i < v->c->count; i++) {
        const mi_compared *m = &v->c->methods[i];
        bool missing[MI_WAYS], all = true;
        for (int w = 0; w < MI_WAYS; w++) {
            missing[w] = !isfinite(m->accuracy[w]);
            all = all && missing[w];
        }
        for (int w = 0; w < (all && same_reasons(m) ? 1 : MI_WAYS); w++) {
            const char *reason = m->reasons[w][0] != '\0' ? m->reasons[w] : unknown;
            size_t used = 0;
            if (missing[w] && (v->shown[w] || all)) {
                mi_append(text, sizeof text, &used, "%.*s: no accuracy%s%s: %.*s.",
                          (int)mi_text_bytes(m->label, LABEL_LIMIT), m->label,
                          all && same_reasons(m) ? "" : ", ",
                          all && same_reasons(m) ? "" : titles[w],
                          (int)mi_text_bytes(reason, REASON_LIMIT), reason);
                mi_sheet_note(sheet, text);
            }
        }
    }
}

static void draw(mi_sheet *sheet)
{
    const mi_runs *runs = sheet->report->opt_runs;
    view v = {.runs = runs, .c = &runs->comparison, .block = -1, .seeds = -1};
    int place = 0, height = (int)v.c->count * ROW;
    look_through(&v);
    mi_sheet_heading(sheet, v.c->title);
    put_methods(sheet, &v);
    put_seeds(sheet, &v);
    v.top = sheet->bottom + TITLE_MARGIN;
    v.bottom = v.top + (height > LEAST ? height : LEAST);
    for (int p = 0; p < PANELS; p++) {
        if (v.shown[p]) {
            draw_panel(sheet, &v, p, place++);
        }
    }
    sheet->bottom = v.count > 0 ? v.bottom + BOTTOM_MARGIN : sheet->bottom;
    put_key(sheet, &v);
    mi_sheet_note(sheet, "Classifiers of frozen features: k nearest neighbours and linear of whole "
                         "images, linear of single patches. Each panel has its own axis.");
    put_reasons(sheet, &v);
}

static mi_code tables(const mi_report *report, char **ret_plain, char **ret_markdown,
                      mi_status *status)
{
    return mi_methods_text(report->opt_runs, ret_plain, ret_markdown, status);
}

const mi_figure mi_figure_methods = {
    .name = "methods",
    .question = "What do the methods' features tell, at which price?",
    .caption = "A row for each method and a panel for each number, with two standard errors; "
               "vertical lines are raw pixels and the untrained encoder. A method left of the raw "
               "pixels has learned nothing that helps with these labels.",
    .methods = true,
    .any = any,
    .draw = draw,
    .tables = tables,
};
