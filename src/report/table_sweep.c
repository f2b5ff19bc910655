/* The cells of a sweep as a table for a terminal. */
#include <math.h>
#include <stdlib.h>

#include "cells.h"
#include "html.h"
#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "maskinfo/stream.h"
#include "swept.h"
#include "text.h"

enum {
    MOST_ROWS = 40,
    MOST_HTML_ROWS = 1000,
    MOST_FAILURES = 5,
    LABEL = 40,
    HEADING = 28,
    MESSAGE = 200
};

/* The label, or the short name where a label is written for the space of a figure. */
static const char *heading(const char *name, const char *label)
{
    return mi_text_length(label) <= HEADING ? label : name;
}

/* "1.234 ± 0.056": two digits of half the interval, and the value to the same place. */
static void put_value(const mi_swept *s, const mi_cells *cells, size_t row, size_t column,
                      const mi_swept_value *value)
{
    double half = (value->high - value->low) / 2;
    if (value->texts != NULL) {
        snprintf(mi_cell(cells, row, column), MI_CELL, "%.*s",
                 (int)mi_text_bytes(value->texts, LABEL), value->texts);
    } else if (half > 1e-9 * fabs(value->mean)) { /* less is rounding */
        int decimals = 1 - (int)floor(log10(half));
        mi_cell_estimate(cells, row, column,
                         decimals < 0   ? 0
                         : decimals > 9 ? 9
                                        : decimals,
                         value->mean, half);
    } else if (isfinite(value->mean)) {
        snprintf(mi_cell(cells, row, column), MI_CELL, "%.5g%s", value->mean,
                 half >= 0                  ? " ± 0"
                 : mi_swept_alone(s, value) ? "*"
                                            : "");
    }
}

static void put_row(const mi_swept *s, const mi_cells *cells, size_t cell)
{
    size_t column = 0;
    for (size_t a = 0; a < s->axis_count; a++) {
        const char *label = s->axes[a].labels[mi_swept_at(s, cell, a)];
        snprintf(mi_cell(cells, cell, column++), MI_CELL, "%.*s", (int)mi_text_bytes(label, LABEL),
                 label);
    }
    for (size_t c = 0; c < s->column_count; c++) {
        put_value(s, cells, cell, column++, &s->values[cell * s->column_count + c]);
    }
    if (s->failed_units[cell] > 0) {
        snprintf(mi_cell(cells, cell, column), MI_CELL, "%zu", s->failed_units[cell]);
    }
}

static mi_code write_cells(const mi_swept *s, size_t most, bool html, FILE *file, mi_status *status)
{
    size_t rows = s->cell_count < most ? s->cell_count : most, count = 0;
    const char **headings = NULL;
    mi_cells cells = {.rows = 0};
    mi_code code =
        mi_allocate(s->axis_count + s->column_count + 1, sizeof *headings, &headings, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t a = 0; a < s->axis_count; a++) {
        headings[count++] = html ? s->axes[a].label : heading(s->axes[a].name, s->axes[a].label);
    }
    for (size_t c = 0; c < s->column_count; c++) {
        headings[count++] =
            html ? s->columns[c].label : heading(s->columns[c].name, s->columns[c].label);
    }
    headings[count++] = "failed";
    code = mi_cells_create(rows, headings, count, &cells, status);
    if (code == MI_OK) {
        for (size_t cell = 0; cell < rows; cell++) {
            put_row(s, &cells, cell);
        }
        if (html) {
            mi_cells_html(&cells, "Cells of the sweep", file);
        } else {
            mi_cells_plain(&cells, file);
        }
    }
    free(cells.text);
    free(headings);
    return code;
}

static void write_failures(const mi_swept *s, FILE *file)
{
    size_t shown = 0;
    if (s->failed == 0) {
        return;
    }
    fprintf(file, "\n%zu of %zu units failed:\n", s->failed, s->units);
    const cJSON *item = s->opt_failures != NULL ? s->opt_failures->child : NULL;
    for (; item != NULL && shown < MOST_FAILURES; item = item->next, shown++) {
        const cJSON *unit = cJSON_GetObjectItemCaseSensitive(item, "unit");
        const char *message =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "message"));
        char *clean = NULL;
        if (message != NULL && mi_text_clean(message, &clean, NULL) == MI_OK) {
            fprintf(file, "  %.0f: %.*s\n", cJSON_GetNumberValue(unit),
                    (int)mi_text_bytes(clean, MESSAGE), clean);
        }
        free(clean);
    }
    if (s->failed > shown) {
        fprintf(file, "  and %zu more, in table.csv\n", s->failed - shown);
    }
}

static bool any_alone(const mi_swept *s)
{
    bool any = false;
    for (size_t i = 0; i < s->cell_count * s->column_count && !any; i++) {
        any = s->columns[i % s->column_count].numeric && mi_swept_alone(s, &s->values[i]);
    }
    return any;
}

static void write_notes(const mi_swept *s, size_t most, FILE *file)
{
    if (s->cell_count > most) {
        fprintf(file, "and %zu more in cells.csv\n", s->cell_count - most);
    }
    if (mi_swept_has_intervals(s)) {
        char text[200];
        size_t used = 0;
        mi_swept_put_seeds(s, NULL, s->column_count, text, sizeof text, &used);
        fprintf(file, "\nMeans over %s; ± half of Student's 95 %% interval of the mean%s.\n", text,
                any_alone(s) ? "; * one seed alone" : "");
    }
}

mi_code mi_swept_text(const mi_swept *s, char **ret_text, mi_status *status)
{
    size_t size = 0;
    mi_code code = MI_OK;
    FILE *file = mi_open_text(ret_text, &size);
    if (file == NULL) {
        return mi_fail(status, MI_MEMORY, "no memory for the table of cells");
    }
    if (s->values == NULL) {
        fprintf(file, "%zu of %zu units done. No cells: %s.\n", s->done, s->units,
                s->cells_reason[0] != '\0' ? s->cells_reason : "the result has none");
    } else {
        code = write_cells(s, MOST_ROWS, false, file, status);
        write_notes(s, MOST_ROWS, file);
    }
    write_failures(s, file);
    bool whole = ferror(file) == 0;
    whole = fclose(file) == 0 && whole;
    if (code == MI_OK && !whole) {
        code = mi_fail(status, MI_MEMORY, "no memory for the table of cells");
    }
    if (code != MI_OK) {
        free(*ret_text);
        *ret_text = NULL;
    }
    return code;
}

mi_code mi_swept_html(const mi_swept *s, FILE *page, mi_status *status)
{
    mi_prose prose;
    mi_code code = s->values != NULL ? write_cells(s, MOST_HTML_ROWS, true, page, status) : MI_OK;
    if (code == MI_OK) {
        code = mi_prose_open(&prose, status);
    }
    if (code == MI_OK) {
        if (s->values == NULL) {
            fprintf(prose.file, "No cells: %s.\n", s->cells_reason);
        } else {
            write_notes(s, MOST_HTML_ROWS, prose.file);
        }
        write_failures(s, prose.file);
        code = mi_prose_close(&prose, page, status);
    }
    return code;
}
