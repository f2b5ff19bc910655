/* The runs of checks: their optima beside the exact ones, their losses beside the floors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "html.h"
#include "maskinfo/format.h"
#include "maskinfo/stream.h"
#include "table_train.h"
#include "text.h"

enum { SOURCE, EXACT, NETWORK, PROBE, LOSS, FLOOR, GAP, PERCENT, NATS, LEAK, COLUMNS };

static const char *const headings[COLUMNS] = {"source",    "exact r*", "network r*", "probe r*",
                                              "loss",      "floor",    "gap",        "gap %",
                                              "gap, nats", "leak"};

static const char notes[] =
    "\nr*: argmax of r i(r), in brackets its 95 % interval (edge: at the first or last ratio), of\n"
    "the exact curve (*: of a model of real data, no bound) and of the network's points; of\n"
    "the probe, the ratio whose frozen encoder tells labels best. Loss and floor at the training\n"
    "ratio, or their means over all ratios; ± one standard error.\n";

static void put_best(char *cell, const mi_best *best, const char *mark)
{
    size_t used = 0;
    if (isfinite(best->ratio)) {
        mi_append(cell, MI_CELL, &used, "%.3g%s", best->ratio, mark);
        if (isfinite(best->low) && isfinite(best->high) && best->high > best->low) {
            mi_append(cell, MI_CELL, &used, " [%.3g, %.3g]", best->low, best->high);
        }
        mi_append(cell, MI_CELL, &used, "%s", best->edge ? " edge" : "");
    }
}

/* The probe's interval is that of its curve, where the curve is of this run. */
static void put_probe(char *cell, const mi_runs *runs, size_t i)
{
    const mi_best *best = &runs->curve.best;
    if (runs->curve.there && strcmp(runs->curve.label, runs->runs[i].label) == 0 &&
        best->ratio == runs->probe_ratios[i]) {
        put_best(cell, best, "");
    } else if (isfinite(runs->probe_ratios[i])) {
        snprintf(cell, MI_CELL, "%.3g", runs->probe_ratios[i]);
    }
}

static void fill_row(const mi_cells *cells, size_t i, const mi_runs *runs)
{
    const mi_trained *t = &runs->runs[i];
    const mi_evaluation *e = &t->evaluation;
    snprintf(mi_cell(cells, i, SOURCE), MI_CELL, "%.*s", (int)mi_text_bytes(t->label, 40),
             t->label);
    put_best(mi_cell(cells, i, EXACT), &t->exact_best, t->held_out ? "*" : "");
    put_best(mi_cell(cells, i, NETWORK), &t->best, "");
    put_probe(mi_cell(cells, i, PROBE), runs, i);
    mi_cell_estimate(cells, i, LOSS, 4, e->loss, e->loss_se);
    mi_cell_number(cells, i, FLOOR, 4, e->floor);
    mi_cell_estimate(cells, i, GAP, 4, e->gap, e->gap_se);
    mi_cell_number(cells, i, PERCENT, 2, e->gap_percent);
    mi_cell_estimate(cells, i, NATS, 4, e->gap_nats, e->gap_nats_se);
    snprintf(mi_cell(cells, i, LEAK), MI_CELL, "%s", mi_trained_leaks(t) ? "LEAK" : "");
}

static void write_leaks(const mi_runs *runs, FILE *file)
{
    char verdict[512];
    for (size_t i = 0; i < runs->count; i++) {
        if (mi_trained_leaks(&runs->runs[i])) {
            fprintf(file, "\n!!! %s: %s !!!\n", runs->runs[i].label,
                    mi_trained_verdict(&runs->runs[i], verdict, sizeof verdict));
        }
    }
}

static void write_curve(const mi_probe_curve *c, FILE *file)
{
    if (c->there && isfinite(c->rank_correlation)) {
        fprintf(file,
                "\nLinear probe over the ratio (%s) and the published accuracies%s%s: rank "
                "correlation %.2f.\n",
                c->label, c->origin[0] != '\0' ? " of " : "", c->origin, c->rank_correlation);
    }
}

static mi_code write_text(const mi_runs *runs, const mi_cells *cells, bool markdown,
                          char **ret_text, mi_status *status)
{
    size_t size = 0;
    FILE *file = mi_open_text(ret_text, &size);
    bool whole = file != NULL;
    if (whole) {
        (markdown ? mi_cells_markdown : mi_cells_plain)(cells, file);
        fputs(notes, file);
        write_curve(&runs->curve, file);
        write_leaks(runs, file);
        whole = ferror(file) == 0;
        whole = fclose(file) == 0 && whole;
    }
    return whole ? MI_OK : mi_fail(status, MI_MEMORY, "no memory for the table of checks");
}

static mi_code fill(const mi_runs *runs, mi_cells *cells, mi_status *status)
{
    mi_code code = mi_cells_create(runs->count, headings, COLUMNS, cells, status);
    for (size_t i = 0; code == MI_OK && i < runs->count; i++) {
        fill_row(cells, i, runs);
    }
    return code;
}

mi_code mi_checks_text(const mi_runs *runs, char **opt_plain, char **opt_markdown,
                       mi_status *status)
{
    mi_cells cells;
    mi_code code = fill(runs, &cells, status);
    if (code == MI_OK && opt_plain != NULL) {
        code = write_text(runs, &cells, false, opt_plain, status);
    }
    if (code == MI_OK && opt_markdown != NULL) {
        code = write_text(runs, &cells, true, opt_markdown, status);
    }
    free(cells.text);
    return code;
}

mi_code mi_checks_html(const mi_runs *runs, FILE *page, mi_status *status)
{
    mi_cells cells;
    mi_prose prose;
    mi_code code = fill(runs, &cells, status);
    if (code == MI_OK) {
        mi_cells_html(&cells, "Trained networks beside exact curves", page);
        code = mi_prose_open(&prose, status);
    }
    if (code == MI_OK) {
        fputs(notes, prose.file);
        write_curve(&runs->curve, prose.file);
        write_leaks(runs, prose.file);
        code = mi_prose_close(&prose, page, status);
    }
    free(cells.text);
    return code;
}
