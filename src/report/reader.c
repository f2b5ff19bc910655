#include "reader.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "text.h"

/* Sums and differences of numbers up to here, and their places on axes, stay finite. */
static const double LARGEST = 1e100;

/* "node.key", "key" at the top; cut where it does not fit. */
static void join(char place[MI_PLACE_SIZE], const mi_node *node, const char *key)
{
    bool dot = node->place[0] != '\0' && key[0] != '\0' && key[0] != '[';
    char joined[2 * MI_PLACE_SIZE];
    snprintf(joined, sizeof joined, "%s%s%.60s", node->place, dot ? "." : "", key);
    snprintf(place, MI_PLACE_SIZE, "%.*s", MI_PLACE_SIZE - 1, joined);
}

void mi_reader_fault(mi_reader *r, const mi_node *node, const char *key, const char *format, ...)
{
    char place[MI_PLACE_SIZE], text[320];
    va_list arguments;
    if (r->code != MI_OK) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    join(place, node, key);
    r->code = mi_fail_at(r->status, place, "%s", text);
}

/* NULL also for null, and after a fault. */
static const cJSON *item_at(const mi_reader *r, const mi_node *node, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node->json, key);
    return r->code == MI_OK && !cJSON_IsNull(item) ? item : NULL;
}

double mi_get_number(mi_reader *r, const mi_node *node, const char *key)
{
    const cJSON *item = item_at(r, node, key);
    if (item == NULL) {
        return NAN;
    }
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= LARGEST)) {
        mi_reader_fault(r, node, key, "must be a number of magnitude up to %g, or null", LARGEST);
        return NAN;
    }
    return item->valuedouble;
}

double mi_get_in(mi_reader *r, const mi_node *node, const char *key, double low, double high)
{
    double value = mi_get_number(r, node, key);
    if (!(value >= low && value <= high)) {
        mi_reader_fault(r, node, key, "must be a number in [%g, %g]", low, high);
    }
    return value;
}

size_t mi_get_whole(mi_reader *r, const mi_node *node, const char *key, size_t low, size_t high)
{
    double value = mi_get_number(r, node, key);
    if (!(value >= (double)low && value <= (double)high && value == floor(value))) {
        mi_reader_fault(r, node, key, "must be a whole number in [%zu, %zu]", low, high);
        return low;
    }
    return (size_t)value;
}

bool mi_get_bool(mi_reader *r, const mi_node *node, const char *key)
{
    const cJSON *item = item_at(r, node, key);
    if (item != NULL && !cJSON_IsBool(item)) {
        mi_reader_fault(r, node, key, "must be true, false or null");
    }
    return cJSON_IsTrue(item);
}

const char *mi_get_text(mi_reader *r, const mi_node *node, const char *key)
{
    const cJSON *item = item_at(r, node, key);
    if (item != NULL && !cJSON_IsString(item)) {
        mi_reader_fault(r, node, key, "must be a text or null");
    }
    return cJSON_GetStringValue(item);
}

char *mi_get_clean(mi_reader *r, const mi_node *node, const char *key)
{
    const char *text = mi_get_text(r, node, key);
    char *clean = NULL;
    mi_code code = mi_text_clean(text == NULL ? "" : text, &clean, r->status);
    if (r->code == MI_OK) {
        r->code = code;
    }
    return clean;
}

static mi_node child(mi_reader *r, const mi_node *node, const char *key, bool array)
{
    mi_node found = {.json = item_at(r, node, key)};
    join(found.place, node, key);
    if (found.json != NULL && (array ? !cJSON_IsArray(found.json) : !cJSON_IsObject(found.json))) {
        mi_reader_fault(r, node, key, "must be %s or null", array ? "an array" : "an object");
        found.json = NULL;
    }
    return found;
}

mi_node mi_get_object(mi_reader *r, const mi_node *node, const char *key)
{
    return child(r, node, key, false);
}

mi_node mi_get_array(mi_reader *r, const mi_node *node, const char *key)
{
    return child(r, node, key, true);
}

mi_node mi_get_element(mi_reader *r, const mi_node *array, const cJSON *json, size_t index)
{
    char key[32];
    mi_node element = {.json = json};
    snprintf(key, sizeof key, "[%zu]", index);
    join(element.place, array, key);
    if (!cJSON_IsObject(json)) {
        mi_reader_fault(r, &element, "", "must be an object");
    }
    return element;
}

/* Into row `index` of the rows; the first column increases. */
static void read_row(mi_reader *r, const mi_node *element, const char *const *keys, size_t columns,
                     double low, double high, const mi_number_rows *rows, size_t index)
{
    double *row = rows->values + index * rows->columns;
    for (size_t c = 0; c < rows->columns; c++) {
        row[c] = c >= columns ? NAN
                 : c == 0     ? mi_get_in(r, element, keys[c], low, high)
                              : mi_get_number(r, element, keys[c]);
    }
    if (index > 0 && !(row[0] > row[-(ptrdiff_t)rows->columns])) {
        mi_reader_fault(r, element, keys[0], "must be larger than that of the element before");
    }
}

mi_number_rows mi_get_rows(mi_reader *r, const mi_node *node, const char *key,
                           const char *const *keys, size_t columns, size_t room, double low,
                           double high)
{
    mi_number_rows rows = {.columns = columns + room};
    mi_node array = mi_get_array(r, node, key);
    size_t count = array.json == NULL ? 0 : (size_t)cJSON_GetArraySize(array.json), i = 0;
    if (r->code == MI_OK) {
        r->code = mi_allocate(count, rows.columns * sizeof *rows.values, &rows.values, r->status);
    }
    if (r->code != MI_OK || count == 0) {
        return rows;
    }
    for (const cJSON *item = array.json->child; item != NULL && r->code == MI_OK;
         item = item->next, i++) {
        mi_node element = mi_get_element(r, &array, item, i);
        read_row(r, &element, keys, columns, low, high, &rows, i);
    }
    rows.rows = r->code == MI_OK ? count : 0;
    return rows;
}

static void fill_values(mi_reader *r, const mi_node *node, const char *key, const cJSON *item,
                        double low, double high, double *values)
{
    for (size_t i = 0; item != NULL && r->code == MI_OK; item = item->next, i++) {
        values[i] = item->valuedouble;
        if (!(cJSON_IsNumber(item) && values[i] >= low && values[i] <= high)) {
            char place[64];
            snprintf(place, sizeof place, "%.40s[%zu]", key, i);
            mi_reader_fault(r, node, place, "must be a number in [%g, %g]", low, high);
        }
    }
}

double *mi_get_values(mi_reader *r, const mi_node *node, const char *key, size_t count, double low,
                      double high)
{
    mi_node array = mi_get_array(r, node, key);
    double *values = NULL;
    if (array.json == NULL) {
        return NULL;
    }
    if ((size_t)cJSON_GetArraySize(array.json) != count) {
        mi_reader_fault(r, node, key, "%d numbers; must be %zu", cJSON_GetArraySize(array.json),
                        count);
    } else {
        r->code = mi_allocate(count, sizeof *values, &values, r->status);
    }
    if (r->code == MI_OK) {
        fill_values(r, node, key, array.json->child, low, high, values);
    }
    return values;
}
