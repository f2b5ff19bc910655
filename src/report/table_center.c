/* Centring and collapse: what is predicted beside what was simulated. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "centered.h"
#include "html.h"
#include "maskinfo/stream.h"
#include "source.h"
#include "text.h"

typedef void (*row_function)(const mi_cells *cells, size_t row, const cJSON *item);

/* Text of the result, cut to a cell. */
static void put_text(const mi_cells *cells, size_t row, size_t column, const cJSON *item,
                     const char *key)
{
    const char *text = mi_json_text(item, key);
    char *clean = NULL;
    if (text != NULL && mi_text_clean(text, &clean, NULL) == MI_OK) {
        snprintf(mi_cell(cells, row, column), MI_CELL, "%.*s", (int)mi_text_bytes(clean, 44),
                 clean);
    }
    free(clean);
}

static void put_number(const mi_cells *cells, size_t row, size_t column, const cJSON *item,
                       const char *key, const char *suffix)
{
    double value = mi_json_number(item, key);
    if (isfinite(value)) {
        snprintf(mi_cell(cells, row, column), MI_CELL, "%.6g%s", value, suffix);
    }
}

/* "value ± error (predicted)". */
static void put_predicted(const mi_cells *cells, size_t row, size_t column, const cJSON *item,
                          const char *name)
{
    char key[64];
    double value = mi_json_number(item, name);
    snprintf(key, sizeof key, "%s_se", name);
    double error = mi_json_number(item, key);
    snprintf(key, sizeof key, "%s_predicted", name);
    double predicted = mi_json_number(item, key);
    if (isfinite(value) && isfinite(error) && isfinite(predicted)) {
        snprintf(mi_cell(cells, row, column), MI_CELL, "%.4g ± %.1g (%.4g)", value, error,
                 predicted);
    }
}

static const char *const stream_headings[] = {"stream", "centre moved", "lambda",  "variance",
                                              "lag",    "rate",         "distance"};

static void put_stream(const mi_cells *cells, size_t row, const cJSON *item)
{
    put_text(cells, row, 0, item, "kind");
    put_text(cells, row, 1, item, "update");
    put_number(cells, row, 2, item, "center_momentum", "");
    put_predicted(cells, row, 3, item, "variance");
    if (mi_json_number(item, "drift") != 0) {
        put_predicted(cells, row, 4, item, "drift_lag");
    }
    put_predicted(cells, row, 5, item, "rate");
    put_predicted(cells, row, 6, item, "distance");
}

static const char *const point_headings[] = {"tau_t",     "lambda", "gain",   "predicted",
                                             "simulated", "growth", "entropy"};

static void put_point(const mi_cells *cells, size_t row, const cJSON *item)
{
    put_number(cells, row, 0, item, "teacher_temperature", "");
    put_number(cells, row, 1, item, "center_momentum", "");
    put_number(cells, row, 2, item, "gain", "");
    put_text(cells, row, 3, item, "predicted");
    put_text(cells, row, 4, item, "simulated");
    mi_cell_number(cells, row, 5, 5, mi_json_number(item, "growth"));
    mi_cell_number(cells, row, 6, 3, mi_json_number(item, "entropy"));
}

static const char *const count_headings[] = {"condition", "similarity", "survives", "information"};

static void put_count(const mi_cells *cells, size_t row, const cJSON *item)
{
    put_text(cells, row, 0, item, "condition");
    put_number(cells, row, 1, item, "similarity", "");
    snprintf(mi_cell(cells, row, 2), MI_CELL, "%.0f %%", 100 * mi_json_number(item, "survived"));
    mi_cell_estimate(cells, row, 3, 3, mi_json_number(item, "information"),
                     mi_json_number(item, "information_se"));
}

static const char *const published_headings[] = {"table",     "setting",   "accuracy", "law",
                                                 "satisfied", "collapsed", "critical", "needs"};

static void put_bool(const mi_cells *cells, size_t row, size_t column, const cJSON *item,
                     const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, key);
    if (cJSON_IsBool(value)) {
        snprintf(mi_cell(cells, row, column), MI_CELL, "%s", cJSON_IsTrue(value) ? "yes" : "no");
    }
}

static void put_published(const mi_cells *cells, size_t row, const cJSON *item)
{
    put_text(cells, row, 0, item, "table");
    put_text(cells, row, 1, item, "setting");
    put_number(cells, row, 2, item, "accuracy", "");
    put_number(cells, row, 3, item, "law", "");
    put_bool(cells, row, 4, item, "satisfied");
    put_bool(cells, row, 5, item, "collapsed");
    put_number(cells, row, 6, item, "critical_gain", "");
    put_text(cells, row, 7, item, "needs");
}

static const struct section {
    const char *part, *name, *title;
    const char *const *headings;
    size_t columns;
    row_function put;
} sections[] = {
    {NULL, "streams", "Streams of batch means: simulated ± standard error (predicted)",
     stream_headings, sizeof stream_headings / sizeof *stream_headings, put_stream},
    {"stability", "points", "Single settings", point_headings,
     sizeof point_headings / sizeof *point_headings, put_point},
    {"stability", "gains", "The law without the gain, at several gains", point_headings,
     sizeof point_headings / sizeof *point_headings, put_point},
    {"loop", "counts", "How often information survives, and its mean (nats)", count_headings,
     sizeof count_headings / sizeof *count_headings, put_count},
    {NULL, "published", "Published settings against the law (largest lambda stable at every gain)",
     published_headings, sizeof published_headings / sizeof *published_headings, put_published},
};

/* No rows where the result does not have the part. */
static mi_code fill_section(const cJSON *result, const struct section *s, mi_cells *cells,
                            mi_status *status)
{
    const cJSON *array = mi_centered_array(result, s->part, s->name), *item = NULL;
    size_t row = 0, rows = array == NULL ? 0 : (size_t)cJSON_GetArraySize(array);
    mi_code code = mi_cells_create(rows, s->headings, s->columns, cells, status);
    if (code != MI_OK) {
        return code;
    }
    cJSON_ArrayForEach(item, array)
    {
        s->put(cells, row++, item);
    }
    return MI_OK;
}

static mi_code write_section(const cJSON *result, const struct section *s, FILE *file,
                             mi_status *status)
{
    mi_cells cells;
    mi_code code = fill_section(result, s, &cells, status);
    if (code == MI_OK && cells.rows > 0) {
        fprintf(file, "%s\n", s->title);
        mi_cells_plain(&cells, file);
        putc('\n', file);
    }
    free(cells.text);
    return code;
}

static void write_agreement(const cJSON *result, FILE *file)
{
    const cJSON *s = cJSON_GetObjectItemCaseSensitive(result, "stability");
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(result, "equilibrium");
    double agreement = mi_json_number(s, "agreement");
    if (isfinite(mi_json_number(e, "largest_z"))) {
        fprintf(file, "Largest z-score of the streams: %.2f\n\n", mi_json_number(e, "largest_z"));
    }
    if (isfinite(agreement)) {
        fprintf(file,
                "Map of %d settings: simulated as predicted in %.1f %%; grows or not in %.1f %% "
                "(differential equations: %.1f %%)\n\n",
                cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(s, "grid")), 100 * agreement,
                100 * mi_json_number(s, "border_agreement"),
                100 * mi_json_number(s, "border_agreement_continuous"));
    }
}

mi_code mi_centered_text(const cJSON *result, char **ret_text, mi_status *status)
{
    size_t size = 0;
    FILE *file = mi_open_text(ret_text, &size);
    mi_code code = file == NULL ? mi_fail(status, MI_MEMORY, "no memory for the table") : MI_OK;
    for (size_t i = 0; code == MI_OK && i < sizeof sections / sizeof *sections; i++) {
        code = write_section(result, &sections[i], file, status);
    }
    if (file != NULL) {
        write_agreement(result, file);
        bool whole = ferror(file) == 0;
        whole = fclose(file) == 0 && whole;
        code =
            code == MI_OK && !whole ? mi_fail(status, MI_MEMORY, "no memory for the table") : code;
    }
    if (code != MI_OK) {
        free(*ret_text);
        *ret_text = NULL;
    }
    return code;
}

mi_code mi_centered_html(const cJSON *result, FILE *page, mi_status *status)
{
    mi_prose prose;
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < sizeof sections / sizeof *sections; i++) {
        mi_cells cells;
        code = fill_section(result, &sections[i], &cells, status);
        if (code == MI_OK) {
            mi_cells_html(&cells, sections[i].title, page);
        }
        free(cells.text);
    }
    if (code == MI_OK) {
        code = mi_prose_open(&prose, status);
    }
    if (code == MI_OK) {
        write_agreement(result, prose.file);
        code = mi_prose_close(&prose, page, status);
    }
    return code;
}
