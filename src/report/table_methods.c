/* Methods side by side as a table, and what became of each run of a self-distillation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "html.h"
#include "maskinfo/stream.h"
#include "table_train.h"
#include "text.h"

enum {
    LABEL,
    METHOD,
    PARAMETERS,
    LOSS,
    SECONDS,
    MEMORY,
    KNN,
    LINEAR,
    PATCH,
    COLLAPSE,
    TARGET,
    COLUMNS
};
static const char *const headings[COLUMNS] = {"run",       "method",   "parameters", "final loss",
                                              "seconds",   "MB",       "k-NN %",     "linear %",
                                              "patches %", "collapse", "predicts"};

enum { O_LABEL, O_SEED, O_VERDICT, O_STEP, O_INFORMATION, O_ENTROPY, O_CEILING, O_COLUMNS };
static const char *const outcome_headings[O_COLUMNS] = {
    "run", "seed", "collapse", "step", "information, nats", "teacher's entropy", "ln K"};

enum { LABEL_LIMIT = 40 };

static const char *const base_names[MI_BASES] = {
    [MI_BASE_RAW] = "raw pixels", [MI_BASE_UNTRAINED] = "untrained encoder"};
static const char *const way_names[MI_WAYS] = {"k nearest neighbours", "linear classifier",
                                               "classifier of patches"};

static const char notes[] =
    "\nShares of held-out labels that classifiers of frozen features tell, ± one standard error: "
    "k\n"
    "nearest neighbours, linear of images, linear of single patches. Final loss: mean of the last\n"
    "stretch of steps; methods' losses are not of one kind and not to be compared.\n";

/* Clean text into a cell, cut where it does not fit. */
static void put_text(char *cell, const char *text, size_t limit)
{
    size_t bytes = mi_text_bytes(text, limit);
    while (bytes >= MI_CELL) {
        bytes = mi_text_bytes(text, --limit);
    }
    snprintf(cell, MI_CELL, "%.*s", (int)bytes, text);
}

static void fill_method(const mi_cells *cells, size_t i, const mi_compared *m)
{
    put_text(mi_cell(cells, i, LABEL), m->label, LABEL_LIMIT);
    if (isfinite(m->seed)) {
        size_t used = strlen(mi_cell(cells, i, LABEL));
        snprintf(mi_cell(cells, i, LABEL) + used, MI_CELL - used, ", seed %.0f", m->seed);
    }
    put_text(mi_cell(cells, i, METHOD), m->method, LABEL_LIMIT);
    put_text(mi_cell(cells, i, TARGET), m->target, 2 * LABEL_LIMIT);
    mi_cell_number(cells, i, PARAMETERS, 0, m->parameters);
    mi_cell_number(cells, i, LOSS, 4, m->final_loss);
    mi_cell_number(cells, i, SECONDS, 1, m->seconds);
    mi_cell_number(cells, i, MEMORY, 1, m->bytes / 1e6);
    for (int w = 0; w < MI_WAYS; w++) {
        mi_cell_estimate(cells, i, (size_t)(KNN + w), 1, 100 * m->accuracy[w], 100 * m->error[w]);
    }
    if (m->collapse != MI_VERDICT_UNKNOWN) {
        put_text(mi_cell(cells, i, COLLAPSE),
                 m->collapse == MI_VERDICT_NONE ? mi_verdict_name(m->collapse) : m->verdict,
                 LABEL_LIMIT);
    }
}

static bool has_base(const mi_comparison *c, int base)
{
    return isfinite(c->base[base][0]) || isfinite(c->base[base][1]) || isfinite(c->base[base][2]);
}

static mi_code fill_methods(const mi_comparison *c, mi_cells *cells, mi_status *status)
{
    size_t rows = c->count;
    mi_code code = mi_cells_create(c->count + MI_BASES, headings, COLUMNS, cells, status);
    for (size_t i = 0; i < c->count && code == MI_OK; i++) {
        fill_method(cells, i, &c->methods[i]);
    }
    for (int b = 0; b < MI_BASES && code == MI_OK; b++) {
        if (has_base(c, b)) {
            snprintf(mi_cell(cells, rows, LABEL), MI_CELL, "%s", base_names[b]);
            for (int w = 0; w < MI_WAYS; w++) {
                mi_cell_number(cells, rows, (size_t)(KNN + w), 1, 100 * c->base[b][w]);
            }
            rows++;
        }
    }
    cells->rows = code == MI_OK ? rows : 0;
    return code;
}

static mi_code fill_outcomes(const mi_comparison *c, mi_cells *cells, mi_status *status)
{
    mi_code code = mi_cells_create(c->outcome_count, outcome_headings, O_COLUMNS, cells, status);
    for (size_t i = 0; i < c->outcome_count && code == MI_OK; i++) {
        const mi_outcome *o = &c->outcomes[i];
        put_text(mi_cell(cells, i, O_LABEL), o->label, LABEL_LIMIT);
        mi_cell_number(cells, i, O_SEED, 0, o->seed);
        snprintf(mi_cell(cells, i, O_VERDICT), MI_CELL, "%s", mi_verdict_name(o->verdict));
        mi_cell_number(cells, i, O_STEP, 0, o->step);
        mi_cell_number(cells, i, O_INFORMATION, 4, o->information);
        mi_cell_number(cells, i, O_ENTROPY, 4, o->teacher_entropy);
        mi_cell_number(cells, i, O_CEILING, 4, o->log_prototypes);
    }
    return code;
}

/* Are all accuracies missing for one reason? */
static bool has_none(const mi_compared *m)
{
    for (int w = 0; w < MI_WAYS; w++) {
        if (isfinite(m->accuracy[w]) || strcmp(m->reasons[w], m->reasons[0]) != 0) {
            return false;
        }
    }
    return m->reasons[0][0] != '\0';
}

/* Why an accuracy is missing. */
static void write_reasons(const mi_comparison *c, FILE *file)
{
    for (size_t i = 0; i < c->count; i++) {
        const mi_compared *m = &c->methods[i];
        if (has_none(m)) {
            fprintf(file, "\n%s: no accuracy, %s\n", m->label, m->reasons[0]);
            continue;
        }
        for (int w = 0; w < MI_WAYS; w++) {
            if (!isfinite(m->accuracy[w]) && m->reasons[w][0] != '\0') {
                fprintf(file, "\n%s, %s: none, %s\n", m->label, way_names[w], m->reasons[w]);
            }
        }
    }
}

static void write_tables(const mi_comparison *c, const mi_cells *methods, const mi_cells *outcomes,
                         bool markdown, FILE *file)
{
    void (*write)(const mi_cells *, FILE *) = markdown ? mi_cells_markdown : mi_cells_plain;
    if (outcomes->rows > 0) {
        write(outcomes, file);
        fputs(methods->rows > 0 ? "\n" : "", file);
    }
    if (methods->rows > 0) {
        write(methods, file);
        fputs(notes, file);
        write_reasons(c, file);
    }
}

static mi_code write_text(const mi_comparison *c, const mi_cells *methods, const mi_cells *outcomes,
                          bool markdown, char **ret_text, mi_status *status)
{
    size_t size = 0;
    FILE *file = mi_open_text(ret_text, &size);
    bool whole = file != NULL;
    if (whole) {
        write_tables(c, methods, outcomes, markdown, file);
        whole = ferror(file) == 0;
        whole = fclose(file) == 0 && whole;
    }
    return whole ? MI_OK : mi_fail(status, MI_MEMORY, "no memory for the table of methods");
}

mi_code mi_methods_text(const mi_runs *runs, char **opt_plain, char **opt_markdown,
                        mi_status *status)
{
    const mi_comparison *c = &runs->comparison;
    mi_cells methods = {.rows = 0}, outcomes = {.rows = 0};
    mi_code code = fill_methods(c, &methods, status);
    if (code == MI_OK) {
        code = fill_outcomes(c, &outcomes, status);
    }
    if (code == MI_OK && opt_plain != NULL) {
        code = write_text(c, &methods, &outcomes, false, opt_plain, status);
    }
    if (code == MI_OK && opt_markdown != NULL) {
        code = write_text(c, &methods, &outcomes, true, opt_markdown, status);
    }
    free(methods.text);
    free(outcomes.text);
    return code;
}

mi_code mi_methods_html(const mi_runs *runs, FILE *page, mi_status *status)
{
    const mi_comparison *c = &runs->comparison;
    mi_cells methods = {.rows = 0}, outcomes = {.rows = 0};
    mi_prose prose;
    mi_code code = fill_methods(c, &methods, status);
    if (code == MI_OK) {
        code = fill_outcomes(c, &outcomes, status);
    }
    if (code == MI_OK) {
        mi_cells_html(&outcomes, "What became of each run", page);
        mi_cells_html(&methods, "Methods side by side", page);
        code = mi_prose_open(&prose, status);
    }
    if (code == MI_OK) {
        if (methods.rows > 0) {
            fputs(notes, prose.file);
            write_reasons(c, prose.file);
        }
        code = mi_prose_close(&prose, page, status);
    }
    free(methods.text);
    free(outcomes.text);
    return code;
}
