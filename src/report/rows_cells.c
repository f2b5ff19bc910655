#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"
#include "rows_parts.h"

static const double upper_tail = 0.025; /* of a 95 % interval */

const char *mi_number_text(double value, char room[MI_NUMBER_SIZE])
{
    snprintf(room, MI_NUMBER_SIZE, "%.15g", value);
    double read = strtod(room, NULL);
    if (fabs(read - value) > fmax(fabs(read), fabs(value)) * DBL_EPSILON) {
        snprintf(room, MI_NUMBER_SIZE, "%.17g", value);
    }
    return room;
}

const char *mi_rows_text(const mi_rows *rows, size_t unit, size_t column, char *room)
{
    size_t place = unit * rows->column_count + column;
    double number = rows->numbers[place];
    switch (rows->kinds[place]) {
    case MI_VALUE_NUMBER:
        return mi_number_text(number, room);
    case MI_VALUE_BOOL:
        return number != 0 ? "true" : "false";
    case MI_VALUE_TEXT:
        return rows->texts.texts[(size_t)number];
    default:
        return "";
    }
}

size_t mi_rows_cell_count(const mi_rows *rows, size_t cell, mi_row_status status)
{
    size_t count = 0;
    for (size_t s = 0; s < rows->seed_count; s++) {
        count += mi_rows_status(rows, cell * rows->seed_count + s) == status;
    }
    return count;
}

mi_aggregate mi_rows_aggregate(const mi_rows *rows, size_t cell, size_t column, double *buffer)
{
    mi_aggregate a = {.mean = NAN, .deviation = NAN, .low = NAN, .high = NAN};
    for (size_t s = 0; s < rows->seed_count; s++) {
        size_t place = (cell * rows->seed_count + s) * rows->column_count + column;
        if (rows->kinds[place] == MI_VALUE_NUMBER) {
            buffer[a.count++] = rows->numbers[place];
        }
    }
    if (a.count == 0) {
        return a;
    }
    double error = 0;
    mi_mean_error(buffer, 1, a.count, &a.mean, &error);
    if (a.count > 1) {
        double half = error * gsl_cdf_tdist_Qinv(upper_tail, (double)a.count - 1);
        a.deviation = error * sqrt((double)a.count);
        a.low = a.mean - half;
        a.high = a.mean + half;
    }
    return a;
}

/* Why the first done unit of the cell without a value has none. */
static const char *first_reason(const mi_rows *rows, size_t cell, size_t column)
{
    for (size_t s = 0; s < rows->seed_count; s++) {
        size_t unit = cell * rows->seed_count + s;
        size_t place = unit * rows->column_count + column;
        if (mi_rows_status(rows, unit) == MI_ROW_DONE && rows->kinds[place] == MI_VALUE_NULL &&
            rows->numbers[place] > 0) {
            return rows->texts.texts[(size_t)rows->numbers[place]];
        }
    }
    return "the results have no number there";
}

const char *mi_rows_reason(const mi_rows *rows, size_t cell, size_t column, mi_aggregate aggregate)
{
    if (aggregate.count > 1) {
        return NULL;
    }
    if (aggregate.count == 1) {
        return "one value has no spread";
    }
    if (mi_rows_cell_count(rows, cell, MI_ROW_DONE) > 0) {
        return first_reason(rows, cell, column);
    }
    return mi_rows_cell_count(rows, cell, MI_ROW_FAILED) > 0 ? "every unit that ran failed"
                                                             : "no unit has run";
}

typedef struct texts {
    mi_writer *writer;
    cJSON *object;
    size_t count;
} texts;

static void add_text(const char *text, size_t times, void *context)
{
    texts *t = context;
    t->count += times;
    mi_add_number(t->writer, t->object, text, (double)times);
}

/* The numbers of a cell, or the texts of all that it has, by seed. */
static cJSON *each_json(const mi_rows *rows, mi_writer *w, size_t cell, size_t column, bool words)
{
    char room[MI_NUMBER_SIZE];
    cJSON *array = cJSON_CreateArray();
    for (size_t s = 0; s < rows->seed_count; s++) {
        size_t unit = cell * rows->seed_count + s, place = unit * rows->column_count + column;
        cJSON *item = NULL;
        if (rows->kinds[place] == MI_VALUE_NULL) {
            item = cJSON_CreateNull();
        } else if (words) {
            item = cJSON_CreateString(mi_rows_text(rows, unit, column, room));
        } else {
            item = cJSON_CreateNumber(mi_result_round(rows->numbers[place]));
        }
        mi_append_item(w, array, item);
    }
    return array;
}

static cJSON *text_json(const mi_rows *rows, mi_writer *w, size_t cell, size_t column)
{
    cJSON *json = cJSON_CreateObject();
    texts t = {.writer = w, .object = cJSON_CreateObject()};
    w->failed = mi_rows_texts(rows, cell, column, add_text, &t, NULL) != MI_OK || w->failed;
    mi_add_number(w, json, "count", (double)t.count);
    mi_add_item(w, json, "texts", t.object);
    if (rows->unit_count <= MI_MOST_EACH) {
        mi_add_item(w, json, "each", each_json(rows, w, cell, column, true));
    }
    return json;
}

static cJSON *number_json(const mi_rows *rows, mi_writer *w, size_t cell, size_t column,
                          double *buffer)
{
    cJSON *json = cJSON_CreateObject();
    mi_aggregate a = mi_rows_aggregate(rows, cell, column, buffer);
    mi_add_number(w, json, "count", (double)a.count);
    mi_add_number(w, json, "mean", a.mean);
    mi_add_number(w, json, "deviation", a.deviation);
    mi_add_number(w, json, "low", a.low);
    mi_add_number(w, json, "high", a.high);
    const char *reason = mi_rows_reason(rows, cell, column, a);
    if (reason != NULL) {
        mi_add_text(w, json, "reason", reason);
    }
    if (rows->unit_count <= MI_MOST_EACH) {
        mi_add_item(w, json, "each", each_json(rows, w, cell, column, false));
    }
    return json;
}

/* What a cell needs beside itself. */
typedef struct desk {
    mi_writer writer;
    size_t *at;     /* (axis_count) */
    double *buffer; /* (seed_count) */
    bool *numeric;  /* (column_count) */
} desk;

static cJSON *place_json(const mi_rows *rows, desk *d, size_t unit, size_t *ret_seed)
{
    cJSON *array = cJSON_CreateArray();
    mi_rows_place(rows, unit, d->at, ret_seed);
    for (size_t i = 0; i < rows->axis_count; i++) {
        mi_append_item(&d->writer, array, cJSON_CreateNumber((double)d->at[i]));
    }
    return array;
}

static cJSON *cell_json(const mi_rows *rows, desk *d, size_t cell)
{
    size_t seed = 0;
    mi_writer *w = &d->writer;
    cJSON *json = cJSON_CreateObject();
    mi_add_item(w, json, "at", place_json(rows, d, cell * rows->seed_count, &seed));
    mi_add_number(w, json, "done", (double)mi_rows_cell_count(rows, cell, MI_ROW_DONE));
    mi_add_number(w, json, "failed", (double)mi_rows_cell_count(rows, cell, MI_ROW_FAILED));
    cJSON *values = cJSON_CreateObject();
    for (size_t c = 0; c < rows->column_count; c++) {
        mi_add_item(w, values, rows->columns[c],
                    d->numeric[c] ? number_json(rows, w, cell, c, d->buffer)
                                  : text_json(rows, w, cell, c));
    }
    mi_add_item(w, json, "values", values);
    return json;
}

static void put_cells(const mi_rows *rows, desk *d, cJSON *result)
{
    if (rows->cell_count > MI_MOST_CELLS) {
        mi_add_null(&d->writer, result, "cells",
                    "there are too many for this file: cells.csv has them");
        return;
    }
    cJSON *cells = cJSON_CreateArray();
    for (size_t c = 0; c < rows->column_count; c++) {
        d->numeric[c] = mi_rows_numeric(rows, c);
    }
    for (size_t cell = 0; cell < rows->cell_count && !d->writer.failed; cell++) {
        mi_append_item(&d->writer, cells, cell_json(rows, d, cell));
    }
    mi_add_item(&d->writer, result, "cells", cells);
}

static void put_failures(const mi_rows *rows, desk *d, cJSON *result)
{
    size_t seed = 0, written = 0;
    cJSON *failures = cJSON_CreateArray();
    for (size_t unit = 0; unit < rows->unit_count && written < MI_MOST_FAILURES; unit++) {
        if (mi_rows_status(rows, unit) != MI_ROW_FAILED) {
            continue;
        }
        cJSON *failure = cJSON_CreateObject();
        mi_add_number(&d->writer, failure, "unit", (double)unit);
        mi_add_item(&d->writer, failure, "at", place_json(rows, d, unit, &seed));
        mi_add_number(&d->writer, failure, "seed", rows->seeds[seed]->valuedouble);
        mi_add_text(&d->writer, failure, "message", rows->texts.texts[rows->messages[unit]]);
        mi_append_item(&d->writer, failures, failure);
        written++;
    }
    mi_add_item(&d->writer, result, "failures", failures);
}

mi_code mi_rows_put_cells(const mi_rows *rows, cJSON *result, mi_status *status)
{
    desk d = {.writer = {.failed = false}};
    mi_code code = mi_allocate(rows->axis_count, sizeof *d.at, &d.at, status);
    if (code == MI_OK) {
        code = mi_allocate(rows->seed_count, sizeof *d.buffer, &d.buffer, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(rows->column_count, sizeof *d.numeric, &d.numeric, status);
    }
    if (code == MI_OK) {
        put_cells(rows, &d, result);
        put_failures(rows, &d, result);
        code = d.writer.failed ? mi_fail(status, MI_MEMORY, "no memory for the cells") : MI_OK;
    }
    free(d.at);
    free(d.buffer);
    free(d.numeric);
    return code;
}
