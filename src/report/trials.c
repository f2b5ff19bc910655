#include "trials.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cells.h"
#include "maskinfo/memory.h"
#include "maskinfo/stream.h"
#include "source.h"

enum { PLACE = 3 /* columns that place a row */ };

static const char *const gaussian_keys[MI_T_GAUSSIAN_COLUMNS] = {
    "correlation", "samples",    "dimensions", "truth",       "ksg",
    "ksg_se",      "ksg_lowest", "gaussian",   "gaussian_se", "gaussian_corrected"};
static const char *const discrete_keys[MI_T_DISCRETE_COLUMNS] = {
    "context", "cells",     "samples",      "truth",
    "plugin",  "plugin_se", "miller_madow", "miller_madow_se"};

static const struct {
    const char *name;
    size_t columns;
    const char *const *keys;
} kinds[] = {[MI_TRIALS_GAUSSIAN] = {"gaussian", MI_T_GAUSSIAN_COLUMNS, gaussian_keys},
             [MI_TRIALS_DISCRETE] = {"discrete", MI_T_DISCRETE_COLUMNS, discrete_keys}};

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_discrete(const void *a, const void *b)
{
    const double *x = a, *y = b;
    int order = 0;
    for (int i = 0; i < PLACE && order == 0; i++) {
        order = compare_numbers(x[i], y[i]);
    }
    return order;
}

static int compare_gaussian(const void *a, const void *b)
{
    const double *x = a, *y = b;
    int order = compare_numbers(y[MI_T_CORRELATION], x[MI_T_CORRELATION]);
    return order != 0 ? order : compare_discrete(a, b);
}

static mi_code read_row(const cJSON *row, mi_trial_kind kind, size_t index, double *values,
                        mi_status *status)
{
    for (size_t c = 0; c < kinds[kind].columns; c++) {
        values[c] = mi_json_number(row, kinds[kind].keys[c]);
        if (c < PLACE && !isfinite(values[c])) {
            char place[48];
            snprintf(place, sizeof place, "%s[%zu]", kinds[kind].name, index);
            return mi_fail_at(status, place, "a trial needs the number \"%s\"",
                              kinds[kind].keys[c]);
        }
    }
    return MI_OK;
}

mi_code mi_trials_read(const cJSON *result, mi_trial_kind kind, mi_trials *ret_trials,
                       mi_status *status)
{
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(result, kinds[kind].name);
    size_t columns = kinds[kind].columns, i = 0;
    if (!cJSON_IsArray(rows)) {
        return mi_fail_at(status, kinds[kind].name, "an estimators result needs this array");
    }
    mi_trials t = {.columns = columns, .rows = (size_t)cJSON_GetArraySize(rows)};
    mi_code code = mi_allocate(t.rows, columns * sizeof *t.values, &t.values, status);
    for (const cJSON *row = rows->child; code == MI_OK && row != NULL; row = row->next, i++) {
        code = read_row(row, kind, i, t.values + i * columns, status);
    }
    if (code != MI_OK) {
        free(t.values);
        return code;
    }
    qsort(t.values, t.rows, columns * sizeof *t.values,
          kind == MI_TRIALS_GAUSSIAN ? compare_gaussian : compare_discrete);
    *ret_trials = t;
    return MI_OK;
}

mi_code mi_trials_check(const cJSON *result, mi_status *status)
{
    mi_trials gaussian = {0}, discrete = {0};
    mi_code code = mi_trials_read(result, MI_TRIALS_GAUSSIAN, &gaussian, status);
    if (code == MI_OK) {
        code = mi_trials_read(result, MI_TRIALS_DISCRETE, &discrete, status);
    }
    free(gaussian.values);
    free(discrete.values);
    return code;
}

size_t mi_trials_group(const mi_trials *t, size_t from, size_t keys)
{
    const double *first = t->values + from * t->columns;
    size_t count = 1;
    for (; from + count < t->rows; count++) {
        for (size_t k = 0; k < keys; k++) {
            if (first[count * t->columns + k] != first[k]) {
                return count;
            }
        }
    }
    return count;
}

/* "value ± error" in `width` characters, or "-". */
static void put_estimate(FILE *file, double value, double error)
{
    if (!isfinite(value)) {
        fprintf(file, "  %18s", "-");
    } else if (!isfinite(error)) {
        fprintf(file, "  %18.4f", value);
    } else {
        fprintf(file, "  %9.4f ± %6.4f", value, error);
    }
}

static void put_gaussian(const mi_trials *t, FILE *file)
{
    fprintf(file, "Gaussian pairs, nats\n%11s  %7s  %10s  %8s  %18s  %18s  %18s\n", "correlation",
            "samples", "dimensions", "truth", "nearest neighbours", "log-determinant",
            "less its bias");
    for (size_t i = 0; i < t->rows; i++) {
        const double *row = t->values + i * t->columns;
        fprintf(file, "%11g  %7.0f  %10.0f  %8.4f", row[MI_T_CORRELATION], row[MI_T_SAMPLES],
                row[MI_T_DIMENSIONS], row[MI_T_TRUTH]);
        put_estimate(file, row[MI_T_KSG], row[MI_T_KSG_SE]);
        put_estimate(file, row[MI_T_GAUSSIAN], row[MI_T_GAUSSIAN_SE]);
        put_estimate(file, row[MI_T_CORRECTED], NAN);
        putc('\n', file);
    }
}

static void put_discrete(const mi_trials *t, FILE *file)
{
    fprintf(file, "\nCounts on a chain, nats\n%11s  %7s  %10s  %8s  %18s  %18s\n", "context",
            "samples", "cells", "truth", "plug-in", "Miller-Madow");
    for (size_t i = 0; i < t->rows; i++) {
        const double *row = t->values + i * t->columns;
        fprintf(file, "%11.0f  %7.0f  %10.6g  %8.4f", row[MI_T_CONTEXT], row[MI_T_DRAWN],
                row[MI_T_CELLS], row[MI_T_KNOWN]);
        put_estimate(file, row[MI_T_PLUGIN], row[MI_T_PLUGIN_SE]);
        put_estimate(file, row[MI_T_MILLER_MADOW], row[MI_T_MILLER_MADOW_SE]);
        putc('\n', file);
    }
}

mi_code mi_trials_text(const cJSON *result, char **ret_text, mi_status *status)
{
    mi_trials gaussian = {0}, discrete = {0};
    size_t size = 0;
    mi_code code = mi_trials_read(result, MI_TRIALS_GAUSSIAN, &gaussian, status);
    if (code == MI_OK) {
        code = mi_trials_read(result, MI_TRIALS_DISCRETE, &discrete, status);
    }
    FILE *file = code == MI_OK ? mi_open_text(ret_text, &size) : NULL;
    if (file != NULL) {
        put_gaussian(&gaussian, file);
        put_discrete(&discrete, file);
    }
    if (code == MI_OK && (file == NULL || fclose(file) != 0)) {
        code = mi_fail(status, MI_MEMORY, "no memory for the table of trials");
    }
    free(gaussian.values);
    free(discrete.values);
    return code;
}

enum { HEADINGS = 7 };
static const char *const gaussian_headings[HEADINGS] = {
    "correlation",        "samples",         "dimensions",   "truth",
    "nearest neighbours", "log-determinant", "less its bias"};
static const char *const discrete_headings[HEADINGS - 1] = {"context", "samples", "cells",
                                                            "truth",   "plug-in", "Miller-Madow"};

static void fill_gaussian(const mi_cells *cells, size_t i, const double *row)
{
    snprintf(mi_cell(cells, i, 0), MI_CELL, "%g", row[MI_T_CORRELATION]);
    mi_cell_number(cells, i, 1, 0, row[MI_T_SAMPLES]);
    mi_cell_number(cells, i, 2, 0, row[MI_T_DIMENSIONS]);
    mi_cell_number(cells, i, 3, 4, row[MI_T_TRUTH]);
    mi_cell_estimate(cells, i, 4, 4, row[MI_T_KSG], row[MI_T_KSG_SE]);
    mi_cell_estimate(cells, i, 5, 4, row[MI_T_GAUSSIAN], row[MI_T_GAUSSIAN_SE]);
    mi_cell_number(cells, i, 6, 4, row[MI_T_CORRECTED]);
}

static void fill_discrete(const mi_cells *cells, size_t i, const double *row)
{
    mi_cell_number(cells, i, 0, 0, row[MI_T_CONTEXT]);
    mi_cell_number(cells, i, 1, 0, row[MI_T_DRAWN]);
    snprintf(mi_cell(cells, i, 2), MI_CELL, "%.6g", row[MI_T_CELLS]);
    mi_cell_number(cells, i, 3, 4, row[MI_T_KNOWN]);
    mi_cell_estimate(cells, i, 4, 4, row[MI_T_PLUGIN], row[MI_T_PLUGIN_SE]);
    mi_cell_estimate(cells, i, 5, 4, row[MI_T_MILLER_MADOW], row[MI_T_MILLER_MADOW_SE]);
}

static mi_code write_html(const cJSON *result, mi_trial_kind kind, FILE *page, mi_status *status)
{
    bool gaussian = kind == MI_TRIALS_GAUSSIAN;
    mi_trials trials = {0};
    mi_cells cells = {.rows = 0};
    mi_code code = mi_trials_read(result, kind, &trials, status);
    if (code == MI_OK) {
        code = mi_cells_create(trials.rows, gaussian ? gaussian_headings : discrete_headings,
                               gaussian ? HEADINGS : HEADINGS - 1, &cells, status);
    }
    for (size_t i = 0; code == MI_OK && i < trials.rows; i++) {
        (gaussian ? fill_gaussian : fill_discrete)(&cells, i, trials.values + i * trials.columns);
    }
    if (code == MI_OK) {
        mi_cells_html(&cells, gaussian ? "Gaussian pairs, nats" : "Counts on a chain, nats", page);
    }
    free(cells.text);
    free(trials.values);
    return code;
}

mi_code mi_trials_html(const cJSON *result, FILE *page, mi_status *status)
{
    mi_code code = write_html(result, MI_TRIALS_GAUSSIAN, page, status);
    return code == MI_OK ? write_html(result, MI_TRIALS_DISCRETE, page, status) : code;
}
