/* Binding a JSON object to a parameter table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/document.h"
#include "maskinfo/memory.h"

typedef struct binder {
    const mi_binding *binding;
    mi_status *status;
} binder;

static void range_fault(const binder *b, const char *path, const mi_parameter *p,
                        const cJSON *value)
{
    char range[256], shown[64];
    mi_faults_add(b->binding->faults, path, "%s; must be %s",
                  mi_document_show(value, shown, sizeof shown),
                  mi_parameter_range(p, range, sizeof range));
}

static bool in_range(const mi_parameter *p, double x)
{
    bool above = (p->flags & MI_LOW_OPEN) ? x > p->low : x >= p->low;
    bool below = (p->flags & MI_HIGH_OPEN) ? x < p->high : x <= p->high;
    return isfinite(x) && above && below;
}

static bool is_number_in_range(const mi_parameter *p, const cJSON *value)
{
    return cJSON_IsNumber(value) && in_range(p, value->valuedouble);
}

static bool is_whole_in_range(const mi_parameter *p, const cJSON *value)
{
    return is_number_in_range(p, value) && fabs(value->valuedouble) <= 0x1p53 &&
           value->valuedouble == floor(value->valuedouble);
}

/* The binders below return whether the value is acceptable; memory failures leave a message in
 * b->status and are noticed by its code. */

static bool bind_choice(const binder *b, const mi_parameter *p, const cJSON *value, mi_value *out)
{
    for (const char *const *choice = p->choices; cJSON_IsString(value) && *choice != NULL;
         choice++) {
        if (strcmp(*choice, value->valuestring) == 0) {
            return mi_copy_text(*choice, &out->text, b->status) == MI_OK;
        }
    }
    return false;
}

static bool bind_paths(const binder *b, const cJSON *value, mi_value *out)
{
    bool single = cJSON_IsString(value);
    size_t count = single ? 1 : (size_t)cJSON_GetArraySize(value);
    if ((!single && !cJSON_IsArray(value)) || count == 0 ||
        mi_allocate(count, sizeof *out->paths, &out->paths, b->status) != MI_OK) {
        return false;
    }
    const cJSON *item = single ? value : value->child;
    for (size_t i = 0; i < count; i++, item = item->next) {
        if (!cJSON_IsString(item) || item->valuestring[0] == '\0' ||
            mi_copy_text(item->valuestring, &out->paths[i], b->status) != MI_OK) {
            return false;
        }
        out->path_count++;
    }
    return true;
}

static bool bind_grid(const mi_parameter *p, const cJSON *value, mi_value *out)
{
    if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) != 2) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        const cJSON *side = cJSON_GetArrayItem(value, i);
        if (!is_whole_in_range(p, side)) {
            return false;
        }
        out->grid[i] = (size_t)side->valuedouble;
    }
    return true;
}

static bool bind_row(const binder *b, const char *path, const mi_parameter *p, const cJSON *row,
                     double *values)
{
    size_t column = 0;
    for (const cJSON *item = row->child; item != NULL; item = item->next, column++) {
        if (!is_number_in_range(p, item)) {
            char deeper[MI_PATH_SIZE], shown[64];
            mi_path_index(deeper, path, column);
            mi_faults_add(b->binding->faults, deeper, "%s; must be a number in [%g, %g]",
                          mi_document_show(item, shown, sizeof shown), p->low, p->high);
            return false;
        }
        values[column] = item->valuedouble;
    }
    return true;
}

static bool bind_matrix(const binder *b, const char *path, const mi_parameter *p,
                        const cJSON *value, mi_value *out)
{
    size_t rows = cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 0;
    size_t columns =
        rows > 0 && cJSON_IsArray(value->child) ? (size_t)cJSON_GetArraySize(value->child) : 0;
    size_t count = 0;
    if (columns == 0 || mi_product(rows, columns, &count, b->status) != MI_OK ||
        mi_allocate(count, sizeof(double), &out->matrix.values, b->status) != MI_OK) {
        range_fault(b, path, p, value);
        return false;
    }
    out->matrix.rows = rows;
    out->matrix.columns = columns;
    size_t i = 0;
    for (const cJSON *row = value->child; row != NULL; row = row->next, i++) {
        char deeper[MI_PATH_SIZE];
        mi_path_index(deeper, path, i);
        if (!cJSON_IsArray(row) || (size_t)cJSON_GetArraySize(row) != columns) {
            mi_faults_add(b->binding->faults, deeper, "must be a row of %zu numbers, like row 0",
                          columns);
            return false;
        }
        if (!bind_row(b, deeper, p, row, out->matrix.values + i * columns)) {
            return false;
        }
    }
    return true;
}

static bool bind_list(const binder *b, const char *path, const mi_parameter *p, const cJSON *value,
                      mi_value *out)
{
    size_t count = cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 0, i = 0;
    if (count == 0 || count > MI_LIST_LIMIT) {
        range_fault(b, path, p, value);
        return false;
    }
    if (mi_allocate(count, sizeof(double), &out->matrix.values, b->status) != MI_OK) {
        return false;
    }
    out->matrix.rows = 1;
    out->matrix.columns = count;
    for (const cJSON *item = value->child; item != NULL; item = item->next, i++) {
        char deeper[MI_PATH_SIZE];
        mi_path_index(deeper, path, i);
        if (!((p->flags & MI_WHOLE) ? is_whole_in_range(p, item) : is_number_in_range(p, item))) {
            range_fault(b, deeper,
                        &(mi_parameter){.type = (p->flags & MI_WHOLE) ? MI_INTEGER : MI_REAL,
                                        .low = p->low,
                                        .high = p->high,
                                        .flags = p->flags},
                        item);
            return false;
        }
        out->matrix.values[i] = item->valuedouble;
    }
    return true;
}

static double scaled(const binder *b, const mi_parameter *p, double value)
{
    if (!(p->flags & MI_EFFORT)) {
        return value;
    }
    return fmin(p->high, fmax(p->low, round(value * b->binding->effort)));
}

/* Faults inside matrices and groups are reported where they are; all others here. */
static mi_code bind_value(const binder *b, const char *path, const mi_parameter *p,
                          const cJSON *value, mi_value *out, cJSON **ret_resolved)
{
    bool good = true, reported = false;
    switch (p->type) {
    case MI_REAL:
        good = is_number_in_range(p, value);
        out->real = good ? scaled(b, p, value->valuedouble) : 0;
        break;
    case MI_INTEGER:
        good = is_whole_in_range(p, value);
        out->integer = good ? (long long)scaled(b, p, value->valuedouble) : 0;
        break;
    case MI_FLAG:
        good = cJSON_IsBool(value);
        out->integer = cJSON_IsTrue(value);
        break;
    case MI_CHOICE:
        good = bind_choice(b, p, value, out);
        break;
    case MI_TEXT:
        good = cJSON_IsString(value) &&
               mi_copy_text(value->valuestring, &out->text, b->status) == MI_OK;
        break;
    case MI_PATHS:
        good = bind_paths(b, value, out);
        break;
    case MI_GRID:
        good = bind_grid(p, value, out);
        break;
    case MI_MATRIX:
        reported = true;
        good = bind_matrix(b, path, p, value, out);
        break;
    case MI_LIST:
        reported = true;
        good = bind_list(b, path, p, value, out);
        break;
    case MI_GROUP:
        reported = cJSON_IsObject(value);
        good = reported && mi_bind(b->binding, value, path, p->group, NULL, &out->group,
                                   ret_resolved, b->status) == MI_OK;
        break;
    }
    if (b->status->code == MI_MEMORY) {
        return MI_MEMORY;
    }
    out->given = good;
    if (!good && !reported) {
        range_fault(b, path, p, value);
    }
    if (*ret_resolved == NULL) {
        *ret_resolved = p->type == MI_INTEGER && good ? cJSON_CreateNumber((double)out->integer)
                                                      : cJSON_Duplicate(value, 1);
    }
    return *ret_resolved == NULL ? mi_fail(b->status, MI_MEMORY, "out of memory") : MI_OK;
}

static mi_code bind_parameter(const binder *b, const cJSON *object, const char *parent,
                              mi_value *out, cJSON *resolved)
{
    const mi_parameter *p = out->parameter;
    char path[MI_PATH_SIZE];
    mi_path_key(path, parent, p->name);
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, p->name);
    cJSON *fallback = NULL, *bound = NULL;
    mi_code code = MI_OK;
    if (value == NULL && p->fallback == NULL) {
        char range[256];
        mi_faults_add(b->binding->faults, path, "missing; must be %s",
                      mi_parameter_range(p, range, sizeof range));
        return MI_OK;
    }
    if (value == NULL) {
        fallback = cJSON_Parse(p->fallback);
        value = fallback;
    }
    bool optional = p->fallback != NULL && strcmp(p->fallback, "null") == 0;
    if (value == NULL) {
        code = mi_fail(b->status, MI_MEMORY, "out of memory");
    } else if (optional && cJSON_IsNull(value)) {
        bound = cJSON_CreateNull();
    } else {
        code = bind_value(b, path, p, value, out, &bound);
    }
    if (code == MI_OK && !cJSON_AddItemToObject(resolved, p->name, bound)) {
        cJSON_Delete(bound);
        code = mi_fail(b->status, MI_MEMORY, "out of memory");
    }
    cJSON_Delete(fallback);
    return code;
}

static bool is_listed(const char *key, const mi_parameter *table, const char *const *opt_other)
{
    for (const mi_parameter *p = table; p->name != NULL; p++) {
        if (strcmp(p->name, key) == 0) {
            return true;
        }
    }
    for (const char *const *other = opt_other; other != NULL && *other != NULL; other++) {
        if (strcmp(*other, key) == 0) {
            return true;
        }
    }
    return false;
}

static void legal_keys(const mi_parameter *table, const char *const *opt_other, char *text,
                       size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (const char *const *other = opt_other; other != NULL && *other != NULL && used < size;
         other++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", *other);
    }
    for (const mi_parameter *p = table; p->name != NULL && used < size; p++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", p->name);
    }
}

static void unknown_keys(const binder *b, const cJSON *object, const char *parent,
                         const mi_parameter *table, const char *const *opt_other)
{
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        if (!is_listed(item->string, table, opt_other)) {
            char path[MI_PATH_SIZE], legal[512];
            mi_path_key(path, parent, item->string);
            legal_keys(table, opt_other, legal, sizeof legal);
            mi_faults_add(b->binding->faults, path, "unknown key; known here: %s", legal);
        }
    }
}

mi_code mi_bind(const mi_binding *binding, const cJSON *object, const char *path,
                const mi_parameter *table, const char *const *opt_other, mi_values **ret_values,
                cJSON **ret_resolved, mi_status *status)
{
    mi_status local = {.code = MI_OK};
    binder b = {binding, status != NULL ? status : &local};
    b.status->code = MI_OK;
    mi_values *values = NULL;
    cJSON *resolved = cJSON_CreateObject();
    mi_code code = mi_values_create(table, &values, b.status);
    if (code == MI_OK && resolved == NULL) {
        code = mi_fail(b.status, MI_MEMORY, "out of memory");
    }
    if (code == MI_OK && object != NULL && !cJSON_IsObject(object)) {
        char shown[64];
        mi_faults_add(binding->faults, path, "%s; must be an object",
                      mi_document_show(object, shown, sizeof shown));
        object = NULL;
    } else if (code == MI_OK && object != NULL) {
        unknown_keys(&b, object, path, table, opt_other);
    }
    for (size_t i = 0; code == MI_OK && i < values->count; i++) {
        code = bind_parameter(&b, object, path, &values->items[i], resolved);
    }
    if (code != MI_OK) {
        mi_values_destroy(values);
        cJSON_Delete(resolved);
        return code;
    }
    *ret_values = values;
    *ret_resolved = resolved;
    return MI_OK;
}
