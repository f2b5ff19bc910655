#include "maskinfo/rows.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "rows_parts.h"

/* The elements of an array, which cJSON keeps as a list, in *ret_items: free(). */
static mi_code list(const cJSON *array, const cJSON ***ret_items, size_t *ret_count,
                    mi_status *status)
{
    const cJSON *item;
    size_t i = 0;
    *ret_count = (size_t)cJSON_GetArraySize(array);
    mi_code code = mi_allocate(*ret_count, sizeof **ret_items, ret_items, status);
    if (code == MI_OK) {
        cJSON_ArrayForEach(item, array)
        {
            (*ret_items)[i++] = item;
        }
    }
    return code;
}

static const char *name_of(const cJSON *object)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "name"));
}

static bool all_texts(const cJSON *const *items, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        all = all && cJSON_IsString(items[i]);
    }
    return all;
}

static bool all_numbers(const cJSON *const *items, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        all = all && cJSON_IsNumber(items[i]);
    }
    return all;
}

static mi_code read_axis(const cJSON *json, size_t number, mi_row_axis *axis, mi_status *status)
{
    size_t labels = 0;
    char place[64];
    axis->name = name_of(json);
    axis->numeric = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "numeric"));
    mi_code code =
        list(cJSON_GetObjectItemCaseSensitive(json, "values"), &axis->values, &axis->count, status);
    if (code == MI_OK) {
        code =
            list(cJSON_GetObjectItemCaseSensitive(json, "labels"), &axis->labels, &labels, status);
    }
    if (code != MI_OK) {
        return code;
    }
    snprintf(place, sizeof place, "axes[%zu]", number);
    if (axis->name == NULL || axis->count == 0 || labels != axis->count ||
        !all_texts(axis->labels, labels) ||
        (axis->numeric && !all_numbers(axis->values, axis->count))) {
        return mi_fail_at(status, place,
                          "must have a name, values and as many labels, and numbers where it is "
                          "numeric");
    }
    return MI_OK;
}

static mi_code read_axes(mi_rows *rows, const cJSON *axes, mi_status *status)
{
    const cJSON *axis;
    rows->axis_count = (size_t)cJSON_GetArraySize(axes);
    rows->cell_count = 1;
    mi_code code = mi_allocate(rows->axis_count, sizeof *rows->axes, &rows->axes, status);
    size_t i = 0;
    cJSON_ArrayForEach(axis, axes)
    {
        if (code == MI_OK) {
            code = read_axis(axis, i, &rows->axes[i], status);
        }
        if (code == MI_OK) {
            code = mi_product(rows->cell_count, rows->axes[i].count, &rows->cell_count, status);
        }
        i++;
    }
    return code;
}

static mi_code read_columns(mi_rows *rows, const cJSON *columns, mi_status *status)
{
    const cJSON *column;
    size_t i = 0;
    rows->column_count = (size_t)cJSON_GetArraySize(columns);
    mi_code code = mi_allocate(rows->column_count, sizeof *rows->columns, &rows->columns, status);
    if (code == MI_OK && rows->column_count == 0) {
        code = mi_fail_at(status, "columns", "must name at least one value");
    }
    cJSON_ArrayForEach(column, columns)
    {
        if (code == MI_OK && name_of(column) == NULL) {
            code = mi_fail_at(status, "columns", "each must have a name");
        }
        if (code == MI_OK) {
            rows->columns[i++] = name_of(column);
        }
    }
    return code;
}

static mi_code read_seeds(mi_rows *rows, const cJSON *seeds, mi_status *status)
{
    mi_code code = list(seeds, &rows->seeds, &rows->seed_count, status);
    if (code == MI_OK && (rows->seed_count == 0 || !all_numbers(rows->seeds, rows->seed_count))) {
        code = mi_fail_at(status, "seeds", "must be an array of numbers with at least one");
    }
    return code == MI_OK ? mi_product(rows->cell_count, rows->seed_count, &rows->unit_count, status)
                         : code;
}

static mi_code make_room(mi_rows *rows, mi_status *status)
{
    size_t values = 0;
    uint32_t empty = 0;
    mi_code code = mi_product(rows->unit_count, rows->column_count, &values, status);
    if (code == MI_OK) {
        code = mi_allocate(rows->unit_count, sizeof *rows->statuses, &rows->statuses, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(rows->unit_count, sizeof *rows->messages, &rows->messages, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(values, sizeof *rows->kinds, &rows->kinds, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(values, sizeof *rows->numbers, &rows->numbers, status);
    }
    return code == MI_OK ? mi_intern(&rows->texts, "", &empty, status) : code;
}

mi_code mi_rows_create(const cJSON *axes, const cJSON *seeds, const cJSON *columns,
                       mi_rows **ret_rows, mi_status *status)
{
    mi_rows *rows = NULL;
    mi_code code = mi_allocate(1, sizeof *rows, &rows, status);
    if (code != MI_OK) {
        return code;
    }
    code = read_axes(rows, axes, status);
    if (code == MI_OK) {
        code = read_seeds(rows, seeds, status);
    }
    if (code == MI_OK) {
        code = read_columns(rows, columns, status);
    }
    if (code == MI_OK) {
        code = make_room(rows, status);
    }
    if (code != MI_OK) {
        mi_rows_destroy(rows);
        return code;
    }
    *ret_rows = rows;
    return MI_OK;
}

void mi_rows_destroy(mi_rows *rows)
{
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; rows->axes != NULL && i < rows->axis_count; i++) {
        free(rows->axes[i].values);
        free(rows->axes[i].labels);
    }
    free(rows->axes);
    free(rows->seeds);
    free(rows->columns);
    free(rows->statuses);
    free(rows->messages);
    free(rows->kinds);
    free(rows->numbers);
    mi_interned_clear(&rows->texts);
    free(rows);
}

/* A row without values, as if its unit had not run. */
static void clear(mi_rows *rows, size_t unit)
{
    for (size_t c = 0; c < rows->column_count; c++) {
        rows->kinds[unit * rows->column_count + c] = MI_VALUE_NULL;
        rows->numbers[unit * rows->column_count + c] = 0;
    }
    rows->statuses[unit] = MI_ROW_MISSING;
    rows->messages[unit] = 0;
}

/* Keep one value; of a null the reason, which may be NULL. */
static mi_code keep(mi_rows *rows, size_t place, const cJSON *value, const cJSON *opt_reason,
                    mi_status *status)
{
    uint32_t text = 0;
    mi_code code = MI_OK;
    if (cJSON_IsNumber(value)) {
        rows->kinds[place] = MI_VALUE_NUMBER;
        rows->numbers[place] = value->valuedouble;
    } else if (cJSON_IsBool(value)) {
        rows->kinds[place] = MI_VALUE_BOOL;
        rows->numbers[place] = cJSON_IsTrue(value);
    } else if (cJSON_IsString(value) || cJSON_IsNull(value)) {
        const char *words = cJSON_GetStringValue(cJSON_IsString(value) ? value : opt_reason);
        code = mi_intern(&rows->texts, words != NULL ? words : "", &text, status);
        rows->kinds[place] = cJSON_IsString(value) ? MI_VALUE_TEXT : MI_VALUE_NULL;
        rows->numbers[place] = text;
    } else {
        code = mi_fail(status, MI_INPUT, "a value must be a number, a string, true, false or null");
    }
    return code;
}

mi_code mi_rows_done(mi_rows *rows, size_t unit, const cJSON *values, const cJSON *opt_reasons,
                     mi_status *status)
{
    if (unit >= rows->unit_count || !cJSON_IsArray(values) ||
        (size_t)cJSON_GetArraySize(values) != rows->column_count) {
        return mi_fail(status, MI_INPUT, "unit %zu of %zu must have %zu values", unit,
                       rows->unit_count, rows->column_count);
    }
    mi_code code = MI_OK;
    size_t place = unit * rows->column_count;
    const cJSON *reason = cJSON_IsArray(opt_reasons) ? opt_reasons->child : NULL;
    for (const cJSON *value = values->child; value != NULL && code == MI_OK; value = value->next) {
        code = keep(rows, place++, value, reason, status);
        reason = reason != NULL ? reason->next : NULL;
    }
    rows->statuses[unit] = MI_ROW_DONE;
    rows->messages[unit] = 0;
    if (code != MI_OK) {
        clear(rows, unit);
    }
    return code;
}

mi_code mi_rows_failed(mi_rows *rows, size_t unit, const char *message, mi_status *status)
{
    if (unit >= rows->unit_count) {
        return mi_fail(status, MI_INPUT, "there is no unit %zu: there are %zu", unit,
                       rows->unit_count);
    }
    clear(rows, unit);
    rows->statuses[unit] = MI_ROW_FAILED;
    return mi_intern(&rows->texts, message, &rows->messages[unit], status);
}

size_t mi_rows_units(const mi_rows *rows)
{
    return rows->unit_count;
}

mi_row_status mi_rows_status(const mi_rows *rows, size_t unit)
{
    return (mi_row_status)rows->statuses[unit];
}

size_t mi_rows_count(const mi_rows *rows, mi_row_status status)
{
    size_t count = 0;
    for (size_t unit = 0; unit < rows->unit_count; unit++) {
        count += mi_rows_status(rows, unit) == status;
    }
    return count;
}

bool mi_rows_numeric(const mi_rows *rows, size_t column)
{
    bool numeric = true;
    for (size_t unit = 0; unit < rows->unit_count && numeric; unit++) {
        int kind = rows->kinds[unit * rows->column_count + column];
        numeric = mi_rows_status(rows, unit) != MI_ROW_DONE || kind == MI_VALUE_NUMBER ||
                  kind == MI_VALUE_NULL;
    }
    return numeric;
}

const char *mi_rows_why_empty(const mi_rows *rows, size_t column)
{
    const char *why = NULL;
    for (size_t unit = 0; unit < rows->unit_count; unit++) {
        size_t place = unit * rows->column_count + column;
        if (mi_rows_status(rows, unit) != MI_ROW_DONE) {
            continue;
        }
        if (rows->kinds[place] != MI_VALUE_NULL) {
            return NULL;
        }
        if (why == NULL) {
            why = rows->texts.texts[(size_t)rows->numbers[place]];
        }
    }
    return why;
}

void mi_rows_place(const mi_rows *rows, size_t unit, size_t *at, size_t *ret_seed)
{
    size_t rest = unit / rows->seed_count;
    *ret_seed = unit % rows->seed_count;
    for (size_t i = rows->axis_count; i-- > 0;) {
        at[i] = rest % rows->axes[i].count;
        rest /= rows->axes[i].count;
    }
}
