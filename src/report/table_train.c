/* A training run as a table: each ratio of the evaluation, and how the loss stands to the floor. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "html.h"
#include "maskinfo/stream.h"
#include "table_train.h"
#include "text.h"

enum { RATIO, LOSS, FLOOR, GAP, PERCENT, NATS, NETWORK, EXACT, CLASS, CLASS_EXACT, LEAK, COLUMNS };

static const char *const headings[COLUMNS] = {"ratio", "loss",        "floor",        "gap",
                                              "gap %", "gap, nats",   "i(r) network", "i(r) exact",
                                              "class", "class exact", "leak"};

enum { VERDICT = 512 };

static void fill_point(const mi_cells *cells, size_t i, const mi_trained *t)
{
    const double *p = t->points.values + i * t->points.columns;
    snprintf(mi_cell(cells, i, RATIO), MI_CELL, "%g", p[MI_P_RATIO]);
    mi_cell_estimate(cells, i, LOSS, 4, p[MI_P_LOSS], p[MI_P_LOSS_SE]);
    mi_cell_number(cells, i, FLOOR, 4, p[MI_P_FLOOR]);
    mi_cell_estimate(cells, i, GAP, 4, p[MI_P_GAP], p[MI_P_GAP_SE]);
    mi_cell_number(cells, i, PERCENT, 2, p[MI_P_GAP_PERCENT]);
    mi_cell_estimate(cells, i, NATS, 4, p[MI_P_GAP_NATS], p[MI_P_GAP_NATS_SE]);
    mi_cell_estimate(cells, i, NETWORK, 4, p[MI_P_INFORMATION], p[MI_P_INFORMATION_SE]);
    mi_cell_number(cells, i, EXACT, 4, p[MI_P_EXACT_INFORMATION]);
    mi_cell_number(cells, i, CLASS, 3, p[MI_P_CLASS]);
    mi_cell_number(cells, i, CLASS_EXACT, 3, p[MI_P_CLASS_EXACT]);
    snprintf(mi_cell(cells, i, LEAK), MI_CELL, "%s", p[MI_P_LEAK] > 0 ? "LEAK" : "");
}

/* The means of a run whose ratio is drawn for each sample. */
static void fill_means(const mi_cells *cells, size_t i, const mi_evaluation *e)
{
    snprintf(mi_cell(cells, i, RATIO), MI_CELL, "mean");
    mi_cell_estimate(cells, i, LOSS, 4, e->loss, e->loss_se);
    mi_cell_number(cells, i, FLOOR, 4, e->floor);
    mi_cell_estimate(cells, i, GAP, 4, e->gap, e->gap_se);
    mi_cell_number(cells, i, PERCENT, 2, e->gap_percent);
    mi_cell_estimate(cells, i, NATS, 4, e->gap_nats, e->gap_nats_se);
    mi_cell_number(cells, i, CLASS, 3, e->class_accuracy);
    mi_cell_number(cells, i, CLASS_EXACT, 3, e->class_accuracy_exact);
}

static void put_best(FILE *file, const char *name, const mi_best *best)
{
    if (isfinite(best->ratio)) {
        fprintf(file, "%s %.3g", name, best->ratio);
        if (isfinite(best->low) && isfinite(best->high) && best->high > best->low) {
            fprintf(file, " [%.3g, %.3g]", best->low, best->high);
        }
        fputs(best->edge ? " (edge)" : "", file);
    }
}

static void put_network(FILE *file, const mi_trained *t)
{
    if (!isfinite(t->best.ratio) && t->best_reason[0] != '\0') {
        fprintf(file, "network none (%s)", t->best_reason);
    }
    put_best(file, "network", &t->best);
}

static void put_optima(FILE *file, const mi_trained *t)
{
    bool network = isfinite(t->best.ratio) || t->best_reason[0] != '\0';
    bool both = network && isfinite(t->exact_best.ratio);
    if (isfinite(t->best.ratio) || isfinite(t->exact_best.ratio)) {
        fputs("\nr* = argmax of r i(r): ", file);
        put_network(file, t);
        fputs(both ? ", " : "", file);
        put_best(file, t->held_out ? "model" : "exact", &t->exact_best);
        putc('\n', file);
    }
}

static void put_share(FILE *file, double value)
{
    if (isfinite(value)) {
        fprintf(file, "%.1f %%", 100 * value);
    } else {
        putc('-', file);
    }
}

static void put_probe(FILE *file, const mi_probed *p)
{
    static const char *const names[MI_PROBES] = {"untrained encoder", "raw values",
                                                 "trained encoder"};
    if (!p->there) {
        return;
    }
    fputs("\nlabels told (k nearest neighbours / linear): ", file);
    for (int k = MI_PROBES - 1; k >= 0; k--) {
        fprintf(file, "%s ", names[k]);
        put_share(file, p->knn[k]);
        fputs(" / ", file);
        put_share(file, p->linear[k]);
        fputs(k > 0 ? ", " : "\n", file);
    }
    if (isfinite(p->patch[MI_PROBE_TRAINED])) {
        fputs("told from single patches (linear): ", file);
        for (int k = MI_PROBES - 1; k >= 0; k--) {
            fprintf(file, "%s ", names[k]);
            put_share(file, p->patch[k]);
            fputs(k > 0 ? ", " : "\n", file);
        }
    }
}

static void put_collapse(FILE *file, const mi_trained *t)
{
    const mi_collapse *c = &t->collapse;
    if (c->verdict == MI_VERDICT_UNKNOWN) {
        return;
    }
    fprintf(file, "\ncollapse: %s", mi_verdict_name(c->verdict));
    if (isfinite(c->step)) {
        fprintf(file, " from step %.0f", c->step);
    }
    if (isfinite(c->information)) {
        fprintf(file, "; information of image and prototype %.4g nats", c->information);
    }
    if (isfinite(c->information) && isfinite(t->monitored.log_prototypes)) {
        fprintf(file, " of ln K = %.4g", t->monitored.log_prototypes);
    }
    putc('\n', file);
    if (c->verdict != MI_VERDICT_NONE && c->message[0] != '\0') {
        fprintf(file, "%s\n", c->message);
    }
    if (c->remark[0] != '\0') {
        fprintf(file, "%s\n", c->remark);
    }
    if (t->patch_collapse.verdict != MI_VERDICT_UNKNOWN) {
        fprintf(file, "collapse of patches: %s\n", mi_verdict_name(t->patch_collapse.verdict));
    }
}

static void write_run(const mi_trained *t, const mi_cells *cells, FILE *file)
{
    char verdict[VERDICT];
    bool leak = mi_trained_leaks(t);
    mi_trained_verdict(t, verdict, sizeof verdict);
    fprintf(file, "%s%s%s", t->label, t->method[0] != '\0' ? ": " : "", t->method);
    if (isfinite(t->parameters)) {
        fprintf(file, ", %.0f parameters", t->parameters);
    }
    fprintf(file, "; %s\n\n", t->loss_name);
    if (cells->rows > 0) {
        mi_cells_plain(cells, file);
    }
    fprintf(file, "\n%s%s%s\n", leak ? "!!! " : "", verdict, leak ? " !!!" : "");
    if (isfinite(t->final_loss) && isfinite(t->evaluation.loss)) {
        fprintf(file, "\nloss of the last steps %.5g\n", t->final_loss);
    }
    put_collapse(file, t);
    put_optima(file, t);
    put_probe(file, &t->probed);
}

static mi_code fill(const mi_trained *t, mi_cells *cells, const char *names[COLUMNS],
                    mi_status *status)
{
    bool means = !isfinite(t->evaluation.ratio) && t->points.rows > 1;
    memcpy(names, headings, sizeof headings);
    names[EXACT] = t->held_out ? "i(r) model" : headings[EXACT];
    mi_code code = mi_cells_create(t->points.rows + means, names, COLUMNS, cells, status);
    for (size_t i = 0; code == MI_OK && i < t->points.rows; i++) {
        fill_point(cells, i, t);
    }
    if (code == MI_OK && means) {
        fill_means(cells, t->points.rows, &t->evaluation);
    }
    return code;
}

mi_code mi_train_text(const mi_runs *runs, char **ret_text, mi_status *status)
{
    const mi_trained *t = &runs->runs[0];
    size_t size = 0;
    mi_cells cells;
    const char *names[COLUMNS];
    mi_code code = fill(t, &cells, names, status);
    if (code != MI_OK) {
        return code;
    }
    FILE *file = mi_open_text(ret_text, &size);
    bool whole = file != NULL;
    if (whole) {
        write_run(t, &cells, file);
        whole = ferror(file) == 0;
        whole = fclose(file) == 0 && whole;
    }
    free(cells.text);
    return whole ? MI_OK : mi_fail(status, MI_MEMORY, "no memory for the table of the run");
}

mi_code mi_train_html(const mi_runs *runs, FILE *page, mi_status *status)
{
    const mi_trained *t = &runs->runs[0];
    mi_cells cells;
    mi_prose prose;
    const char *names[COLUMNS];
    mi_code code = fill(t, &cells, names, status);
    if (code == MI_OK) {
        mi_cells_html(&cells, "Loss, floor and information at each ratio", page);
        code = mi_prose_open(&prose, status);
    }
    if (code == MI_OK) {
        put_collapse(prose.file, t);
        put_optima(prose.file, t);
        put_probe(prose.file, &t->probed);
        code = mi_prose_close(&prose, page, status);
    }
    free(cells.text);
    return code;
}
