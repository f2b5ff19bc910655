/* Runs of self-distillation that differ in what keeps them from collapse: the information between
 * image and prototype over the steps of each seed, and what became of each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "table_train.h"
#include "text.h"
#include "train_parts.h"

enum {
    TITLE_MARGIN = 50, /* two lines */
    HEIGHT = 190,
    BOTTOM_MARGIN = 52,
    MARGIN = 20,
    MOST_LABELS = 64,
    MOST_SEEDS = 12,
    TITLE_LIMIT = 40,
    NARROW = 100, /* labels of the matrix of outcomes */
    BROAD = 340,
    LETTER = 8, /* about its width */
    MATRIX_LIMIT = 44,
    WIDE = 120, /* a cell with room for all */
    CELL = 34,
    WIDEST = 190,
    SEED_COLORS = 6,
    SEED_NAME = 32
};

static const char *const seed_colors[SEED_COLORS] = {"#0072b2", "#d55e00", "#332288",
                                                     "#56b4e9", "#661100", "#8c6d1f"};

/* Indices of the first run or outcome of each label, and the seeds in the order met. */
typedef struct view {
    const mi_runs *runs;
    const mi_comparison *c;
    const char *labels[MOST_LABELS];
    size_t label_count;
    double seeds[MOST_SEEDS];
    size_t seed_count;
    size_t seeds_left_out;
    double end, most; /* of the axes: steps and nats */
} view;

static bool any(const mi_report *report)
{
    return report->methods && report->opt_runs->comparison.collapse;
}

static void add_label(view *v, const char *label)
{
    for (size_t i = 0; i < v->label_count; i++) {
        if (strcmp(v->labels[i], label) == 0) {
            return;
        }
    }
    if (v->label_count < MOST_LABELS) {
        v->labels[v->label_count++] = label;
    }
}

static bool same_seed(double a, double b)
{
    return a == b || (!isfinite(a) && !isfinite(b));
}

/* Place of a seed; MOST_SEEDS where there are too many. */
static size_t place_of(const view *v, double seed)
{
    size_t i = 0;
    while (i < v->seed_count && !same_seed(v->seeds[i], seed)) {
        i++;
    }
    return i < v->seed_count ? i : MOST_SEEDS;
}

static void add_seed(view *v, double seed)
{
    if (place_of(v, seed) == MOST_SEEDS) {
        if (v->seed_count < MOST_SEEDS) {
            v->seeds[v->seed_count++] = seed;
        } else {
            v->seeds_left_out++;
        }
    }
}

static void look_through(view *v)
{
    v->end = 1;
    for (size_t i = 0; i < v->runs->count; i++) {
        const mi_trained *t = &v->runs->runs[i];
        const mi_number_rows *rows = &t->monitored.steps;
        double low = 0;
        add_label(v, t->label);
        add_seed(v, t->seed);
        if (rows->rows > 0) {
            v->end = fmax(v->end, mi_rows_at(rows, rows->rows - 1, MI_M_STEP));
            mi_rows_range(rows, MI_M_INFORMATION, 0, rows->columns, &low, &v->most);
            mi_rows_range(rows, MI_M_TEACHER_ENTROPY, 0, rows->columns, &low, &v->most);
        }
        v->most = fmax(v->most, t->monitored.log_prototypes);
    }
    for (size_t i = 0; i < v->c->outcome_count; i++) {
        add_label(v, v->c->outcomes[i].label);
        add_seed(v, v->c->outcomes[i].seed);
    }
}

/* "seed 3"; returns text. */
static const char *seed_name(double seed, char text[SEED_NAME])
{
    snprintf(text, SEED_NAME, isfinite(seed) ? "seed %.6g" : "no seed", seed);
    return text;
}

static const char *seed_color(size_t place)
{
    return seed_colors[place % SEED_COLORS];
}

/* What became of a run: of the result's outcomes, else of the run itself. */
static mi_outcome outcome_of(const view *v, const char *label, double seed)
{
    mi_outcome o = {NULL, seed, NAN, NAN, NAN, NAN, MI_VERDICT_UNKNOWN};
    for (size_t i = 0; i < v->c->outcome_count; i++) {
        if (strcmp(v->c->outcomes[i].label, label) == 0 &&
            same_seed(v->c->outcomes[i].seed, seed)) {
            return v->c->outcomes[i];
        }
    }
    for (size_t i = 0; i < v->runs->count; i++) {
        const mi_trained *t = &v->runs->runs[i];
        if (strcmp(t->label, label) == 0 && same_seed(t->seed, seed)) {
            o.verdict = t->collapse.verdict;
            o.step = t->collapse.step;
            o.information = t->collapse.information;
            o.log_prototypes = t->monitored.log_prototypes;
        }
    }
    return o;
}

/* "uniform 3 of 3" or "no collapse 2, uniform 1 of 3": the verdicts of a label's seeds. */
static mi_verdict put_summary(const view *v, const char *label, char *text, size_t size)
{
    size_t counts[MI_VERDICTS] = {0}, total = 0, used = 0;
    mi_verdict most = MI_VERDICT_UNKNOWN;
    for (size_t s = 0; s < v->seed_count; s++) {
        mi_outcome o = outcome_of(v, label, v->seeds[s]);
        counts[o.verdict] += o.verdict != MI_VERDICT_UNKNOWN;
        total += o.verdict != MI_VERDICT_UNKNOWN;
    }
    text[0] = '\0';
    for (int k = 0; k < MI_VERDICT_UNKNOWN; k++) {
        if (counts[k] > 0) {
            mi_append(text, size, &used, "%s%s %zu", used > 0 ? ", " : "",
                      mi_verdict_name((mi_verdict)k), counts[k]);
            most = most == MI_VERDICT_UNKNOWN || counts[k] > counts[most] ? (mi_verdict)k : most;
        }
    }
    mi_append(text, size, &used, total > 0 ? " of %zu" : "no verdict", total);
    return most;
}

static int put_run(mi_sheet *sheet, const mi_trained *t)
{
    enum { COLUMNS = 4 };
    static const size_t columns[COLUMNS] = {MI_M_STEP, MI_M_INFORMATION, MI_M_TEACHER_ENTROPY,
                                            MI_M_MEAN_ENTROPY};
    const mi_number_rows *rows = &t->monitored.steps;
    double *numbers = NULL;
    char label[4 * TITLE_LIMIT + SEED_NAME], seed[SEED_NAME];
    if (rows->rows == 0) {
        return -1;
    }
    if (mi_allocate(rows->rows * COLUMNS, sizeof *numbers, &numbers, NULL) != MI_OK) {
        sheet->failed = true;
        return -1;
    }
    for (size_t i = 0; i < rows->rows * COLUMNS; i++) {
        numbers[i] = mi_rows_at(rows, i / COLUMNS, columns[i % COLUMNS]);
    }
    snprintf(label, sizeof label, "%.*s, %s", (int)mi_text_bytes(t->label, TITLE_LIMIT), t->label,
             seed_name(t->seed, seed));
    int block = mi_sheet_block(sheet, label,
                               "step information(nats) teacher_entropy(nats) "
                               "mean_entropy(nats)",
                               numbers, COLUMNS, rows->rows);
    free(numbers);
    return block;
}

static void put_curves(mi_sheet *sheet, const mi_trained *t, const char *color, int block)
{
    if (mi_rows_have(&t->monitored.steps, MI_M_TEACHER_ENTROPY)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:(valid(3) ? $3 : 1/0) with lines lc rgb '%s' lw 1.2 "
                      "dt 2",
                      block, color);
    }
    if (mi_rows_have(&t->monitored.steps, MI_M_INFORMATION)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:(valid(2) ? $2 : 1/0) with lines lc rgb '%s' lw 1.9",
                      block, color);
    }
}

static void put_collapse_step(mi_sheet *sheet, const view *v, const mi_trained *t,
                              const char *color)
{
    double step = outcome_of(v, t->label, t->seed).step;
    if (step >= 0 && step <= v->end) {
        fprintf(sheet->script,
                "set arrow from %.6g, graph 0 to %.6g, graph 0.07 nohead front lc rgb '%s' lw 3\n",
                step, step, color);
    }
}

static void put_titles(mi_sheet *sheet, const view *v, const char *label, mi_box box)
{
    char text[128];
    mi_verdict most = put_summary(v, label, text, sizeof text);
    fputs("set label ", sheet->script);
    mi_text_quote(sheet->script, label, TITLE_LIMIT, "");
    fprintf(sheet->script,
            " at screen X(%d), Y(%d) center font ',13'\n"
            "set label '%s' at screen X(%d), Y(%d) center tc rgb '%s' font ',12'\n",
            (box.left + box.right) / 2, box.top - 32, text, (box.left + box.right) / 2,
            box.top - 13, mi_verdict_color(most));
}

static void draw_label(mi_sheet *sheet, const view *v, const char *label, mi_box box)
{
    double ceiling = NAN;
    int blocks[MI_MOST_RUNS] = {0};
    for (size_t i = 0; i < v->runs->count; i++) {
        bool own = strcmp(v->runs->runs[i].label, label) == 0;
        blocks[i] = own ? put_run(sheet, &v->runs->runs[i]) : -1;
        ceiling = own ? fmax(ceiling, v->runs->runs[i].monitored.log_prototypes) : ceiling;
    }
    mi_sheet_panel(sheet, box, "", "step", "nats");
    put_titles(sheet, v, label, box);
    fprintf(sheet->script, "set xrange [0:%.6g]; set yrange [0:%.6g]\n", 1.03 * v->end,
            1.16 * fmax(v->most, 1e-9));
    if (isfinite(ceiling)) {
        fprintf(sheet->script,
                "set arrow from graph 0, first %.8g to graph 1, first %.8g nohead back lc rgb '%s' "
                "lw 1.6 dt 3\nset label 'ln K = %.4g' at graph 0.98, first %.8g offset 0,0.7 right "
                "front tc rgb '%s' font ',11'\n",
                ceiling, ceiling, mi_exact_color, ceiling, ceiling, mi_exact_color);
    }
    for (size_t i = 0; i < v->runs->count; i++) {
        const mi_trained *t = &v->runs->runs[i];
        if (blocks[i] >= 0) {
            put_collapse_step(sheet, v, t, seed_color(place_of(v, t->seed)));
        }
    }
    for (size_t i = 0; i < v->runs->count; i++) {
        const mi_trained *t = &v->runs->runs[i];
        if (blocks[i] >= 0) {
            put_curves(sheet, t, seed_color(place_of(v, t->seed)), blocks[i]);
        }
    }
    mi_sheet_end(sheet);
}

static void draw_labels(mi_sheet *sheet, const view *v)
{
    int columns = v->label_count < 2 ? 1 : v->label_count <= 4 ? 2 : 3, top = sheet->bottom;
    for (size_t i = 0; i < v->label_count; i++) {
        int row = (int)i / columns;
        top = sheet->bottom + row * (TITLE_MARGIN + HEIGHT + BOTTOM_MARGIN) + TITLE_MARGIN;
        draw_label(sheet, v, v->labels[i], mi_sheet_cell((int)i % columns, columns, top, HEIGHT));
    }
    sheet->bottom = top + HEIGHT + BOTTOM_MARGIN;
}

static void put_key(mi_sheet *sheet, const view *v)
{
    char seed[SEED_NAME];
    int seeds = v->seed_count > 1 ? (int)v->seed_count : 0;
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH / 2 + 80, 3, "");
    mi_sheet_item(sheet, "keyentry with lines lc rgb '#0072b2' lw 1.9 title 'information between "
                         "image and prototype'");
    mi_sheet_item(sheet, "keyentry with lines lc rgb '#0072b2' lw 1.2 dt 2 title 'mean entropy of "
                         "a teacher''s output'");
    mi_sheet_item(sheet,
                  "keyentry with lines lc rgb '#0072b2' lw 3 title 'tick on the x axis: step "
                  "of the collapse'");
    mi_sheet_end(sheet);
    if (seeds > 0) {
        mi_sheet_key(sheet, MI_SHEET_WIDTH / 2 + 100, MI_SHEET_WIDTH, seeds, "");
        for (int s = 0; s < seeds; s++) {
            mi_sheet_item(sheet, "keyentry with lines lc rgb '%s' lw 1.9 title '%s'",
                          seed_color((size_t)s), seed_name(v->seeds[s], seed));
        }
        mi_sheet_end(sheet);
    }
    sheet->bottom += (seeds > 3 ? seeds : 3) * MI_LINE_HEIGHT + MARGIN;
}

static const char *const short_names[MI_VERDICTS] = {
    [MI_VERDICT_NONE] = "none", [MI_VERDICT_UNIFORM] = "uniform",
    [MI_VERDICT_ONE] = "one",   [MI_VERDICT_DIMENSIONAL] = "dimens.",
    [MI_VERDICT_UNKNOWN] = "-",
};

static void put_cell(mi_sheet *sheet, const mi_outcome *o, size_t row, size_t column, int width)
{
    const char *color = mi_verdict_color(o->verdict);
    char second[64] = "";
    size_t used = 0;
    fprintf(sheet->script,
            "set object rectangle from %zu-0.48, %zu-0.46 to %zu+0.48, %zu+0.46 back fc rgb '%s' "
            "fs transparent solid 0.22 noborder\n"
            "set label '%s' at %zu, %zu offset 0,%s center front font ',%d'\n",
            column, row, column, row, color,
            width >= WIDE ? mi_verdict_name(o->verdict) : short_names[o->verdict], column, row,
            isfinite(o->information) || isfinite(o->step) ? "0.4" : "0", width >= WIDE ? 11 : 9);
    if (isfinite(o->information)) {
        mi_append(second, sizeof second, &used, "%.2f nats", o->information);
    }
    if (isfinite(o->step) && width >= WIDE) {
        mi_append(second, sizeof second, &used, "%sstep %.0f", used > 0 ? ", " : "", o->step);
    }
    fprintf(sheet->script,
            "set label '%s' at %zu, %zu offset 0,-0.55 center front tc rgb '#444444' font ',9'\n",
            second, column, row);
}

/* The room of the longest label. */
static int label_room(const view *v)
{
    int room = NARROW;
    for (size_t i = 0; i < v->label_count; i++) {
        int own = MARGIN + LETTER * (int)mi_text_length(v->labels[i]);
        room = own > room ? own : room;
    }
    return room < BROAD ? room : BROAD;
}

/* Outcomes: labels down, seeds across. */
static void draw_outcomes(mi_sheet *sheet, const view *v)
{
    int count = (int)v->seed_count, labels = label_room(v) + MARGIN;
    char seed[SEED_NAME];
    int room = (MI_SHEET_WIDTH - labels - MARGIN) / count;
    int width = room < WIDEST ? room : WIDEST, top = sheet->bottom + TITLE_MARGIN;
    mi_box box = {labels, labels + width * count, top, top + CELL * (int)v->label_count};
    mi_sheet_panel(sheet, box, "", "", "");
    fprintf(sheet->script,
            "unset border; unset tics; set xrange [-0.5:%d-0.5]; set yrange [%zu-0.5:-0.5]\n"
            "set label 'What became of each run' at screen X(%d), Y(%d) left font ',13'\n",
            count, v->label_count, MARGIN, top - 36);
    for (int s = 0; s < count; s++) {
        fprintf(sheet->script, "set label '%s' at %d, graph 1 offset 0,0.7 center font ',11'\n",
                seed_name(v->seeds[s], seed), s);
    }
    for (size_t i = 0; i < v->label_count; i++) {
        fputs("set label ", sheet->script);
        mi_text_quote(sheet->script, v->labels[i], MATRIX_LIMIT, "");
        fprintf(sheet->script, " at screen X(%d), first %zu right font ',12'\n", labels - 12, i);
        for (size_t s = 0; s < v->seed_count; s++) {
            mi_outcome o = outcome_of(v, v->labels[i], v->seeds[s]);
            put_cell(sheet, &o, i, s, width);
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom = box.bottom + MARGIN;
}

static void draw(mi_sheet *sheet)
{
    const mi_runs *runs = sheet->report->opt_runs;
    view v = {.runs = runs, .c = &runs->comparison};
    look_through(&v);
    mi_sheet_heading(sheet, v.c->title);
    draw_labels(sheet, &v);
    put_key(sheet, &v);
    draw_outcomes(sheet, &v);
    mi_sheet_note(sheet,
                  "Information: entropy of the mean output less the mean entropy of an "
                  "output, at most ln K. Uniform: every output is the uniform one; one "
                  "prototype: every output is the same one; both tell nothing of the image.");
    if (v.seeds_left_out > 0) {
        char text[96];
        snprintf(text, sizeof text, "%d seeds of more are shown in the table.", MOST_SEEDS);
        mi_sheet_note(sheet, text);
    }
}

static mi_code tables(const mi_report *report, char **ret_plain, char **ret_markdown,
                      mi_status *status)
{
    return mi_methods_text(report->opt_runs, ret_plain, ret_markdown, status);
}

const mi_figure mi_figure_collapse = {
    .name = "collapse",
    .question = "What keeps the outputs from collapsing?",
    .caption =
        "A panel for each kind of run: information between image and prototype over the steps "
        "(solid) and the teacher's mean entropy (dashed), a colour for each seed, ln K dotted. "
        "Where the solid line falls to zero the outputs no longer tell images apart.",
    .methods = true,
    .any = any,
    .draw = draw,
    .tables = tables,
};
