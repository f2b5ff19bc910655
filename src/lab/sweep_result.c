/* The result of a sweep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep.h"

/* The configuration of the first unit of each case. */
static mi_code put_first_units(mi_writer *w, const mi_sweep *s, cJSON *result, mi_status *status)
{
    cJSON *units = cJSON_CreateArray();
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < s->case_count; i++) {
        mi_experiment *inner = NULL;
        mi_faults faults = {.file = "experiment"};
        code = mi_sweep_unit(s, i * (s->count / s->case_count), &faults, &inner, status);
        if (code == MI_OK) {
            mi_append_item(w, units, mi_sweep_configuration(inner));
        }
        mi_faults_clear(&faults);
        mi_experiment_destroy(inner);
    }
    mi_add_item(w, result, "first_units", units);
    return code;
}

static cJSON *columns_of(mi_writer *w, const mi_sweep_book *book)
{
    cJSON *columns = cJSON_Duplicate(book->sweep->columns, 1), *column = NULL;
    size_t i = 0;
    cJSON_ArrayForEach(column, columns)
    {
        mi_add_bool(w, column, "numeric", mi_rows_numeric(book->rows, i++));
    }
    return columns;
}

/* The first axis with numbers, else the first of the grid, else that of cases; NULL: none. */
static const char *usual_axis(const mi_sweep *s)
{
    const cJSON *axis = NULL;
    size_t i = 0;
    cJSON_ArrayForEach(axis, s->axes)
    {
        if (cJSON_IsTrue(mi_lab_item(axis, "numeric")) && s->axis[i].count > 1) {
            return s->axis[i].name;
        }
        i++;
    }
    return s->axis_count == 0 ? NULL : s->axis[s->has_cases && s->axis_count > 1 ? 1 : 0].name;
}

/* One figure a numeric column. */
static cJSON *usual_figures(mi_writer *w, const mi_sweep *s, const cJSON *columns)
{
    cJSON *figures = cJSON_CreateArray();
    const cJSON *column = NULL;
    const char *axis = usual_axis(s);
    cJSON_ArrayForEach(column, columns)
    {
        if (axis != NULL && cJSON_IsTrue(mi_lab_item(column, "numeric"))) {
            const char *name = mi_lab_item(column, "name")->valuestring;
            cJSON *figure = cJSON_CreateObject();
            mi_add_text(w, figure, "name", name);
            mi_add_text(w, figure, "kind", "lines");
            mi_add_text(w, figure, "x", axis);
            mi_add_text(w, figure, "y", NULL);
            mi_add_text(w, figure, "title", NULL);
            mi_add_text(w, figure, "note", NULL);
            mi_add_item(w, figure, "columns", cJSON_CreateStringArray(&name, 1));
            mi_append_item(w, figures, figure);
        }
    }
    return figures;
}

static void put_layout(mi_writer *w, const mi_sweep_book *book, cJSON *result)
{
    const mi_sweep *s = book->sweep;
    cJSON *columns = columns_of(w, book);
    cJSON *figures =
        s->opt_figures != NULL ? cJSON_Duplicate(s->opt_figures, 1) : usual_figures(w, s, columns);
    mi_add_text(w, result, "units", "nats");
    mi_add_number(w, result, "unit_count", (double)s->count);
    mi_add_number(w, result, "done", (double)mi_rows_count(book->rows, MI_ROW_DONE));
    mi_add_number(w, result, "failed", (double)mi_rows_count(book->rows, MI_ROW_FAILED));
    mi_add_item(w, result, "axes", cJSON_Duplicate(s->axes, 1));
    mi_add_item(w, result, "seeds", cJSON_Duplicate(s->seeds, 1));
    mi_add_item(w, result, "columns", columns);
    mi_add_item(w, result, "figures", figures);
}

typedef mi_code (*table_writer)(const mi_rows *rows, const char *path, mi_status *status);

static mi_code write_tables(mi_writer *w, const mi_sweep_book *book, cJSON *result,
                            mi_status *status)
{
    static const struct {
        const char *name;
        table_writer write;
    } tables[] = {{"table.csv", mi_rows_write_csv},
                  {"table.json", mi_rows_write_json},
                  {"cells.csv", mi_rows_write_cells_csv}};
    const char *directory = book->options->opt_directory;
    cJSON *files = cJSON_CreateArray();
    mi_code code = MI_OK;
    for (size_t i = 0; directory != NULL && code == MI_OK && i < sizeof tables / sizeof *tables;
         i++) {
        char path[MI_SWEEP_PATH];
        snprintf(path, sizeof path, "%s/%s", directory, tables[i].name);
        code = tables[i].write(book->rows, path, status);
        mi_append_item(w, files, cJSON_CreateString(tables[i].name));
    }
    mi_add_item(w, result, "files", files);
    return code;
}

static void put_head(mi_writer *w, const mi_experiment *e, cJSON *result)
{
    mi_add_text(w, result, "maskinfo", MI_VERSION);
    mi_add_text(w, result, "experiment", "sweep");
    mi_add_text(w, result, "title", e->title);
    mi_add_item(w, result, "config", cJSON_Duplicate(e->sweep->config, 1));
    mi_add_text(w, result, "inner", mi_experiment_kind_name(e->sweep->kind));
}

mi_code mi_sweep_result(const mi_experiment *e, const mi_sweep_book *book, cJSON **ret_result,
                        mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject();
    put_head(&w, e, result);
    mi_code code = put_first_units(&w, e->sweep, result, status);
    if (code == MI_OK) {
        put_layout(&w, book, result);
        code = mi_rows_put_cells(book->rows, result, status);
    }
    if (code == MI_OK) {
        mi_add_text(&w, result, "answer", NULL);
        code = write_tables(&w, book, result, status);
    }
    if (code == MI_OK && w.failed) {
        code = mi_fail(status, MI_MEMORY, "out of memory for the result");
    }
    if (code != MI_OK) {
        cJSON_Delete(result);
        return code;
    }
    *ret_result = result;
    return MI_OK;
}
