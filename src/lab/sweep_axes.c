/* The axes of a sweep: their names, values and labels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "sweep.h"

enum { MOST_LABEL = 200 };

bool mi_sweep_name_good(mi_resolver *r, const char *name, const char *path, const cJSON *taken)
{
    static const char *const reserved[] = {"case", "seed", "unit",  "status",
                                           "note", "done", "failed"};
    const cJSON *other = NULL;
    size_t before = r->faults->count;
    if (name[0] == '\0' || strlen(name) > 64 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(name)) {
        mi_faults_add(r->faults, path,
                      "\"%.80s\"; must be 1 to 64 of the letters a-z, 0-9, _ and -", name);
    }
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (strcmp(reserved[i], name) == 0) {
            mi_faults_add(r->faults, path, "\"%s\" is the name of a column of every table", name);
        }
    }
    cJSON_ArrayForEach(other, taken)
    {
        const cJSON *theirs = mi_lab_item(other, "name");
        if (cJSON_IsString(theirs) && strcmp(theirs->valuestring, name) == 0) {
            mi_faults_add(r->faults, path, "\"%s\" is there twice", name);
        }
    }
    return r->faults->count == before;
}

/* Cut at the limit, but not within a letter. */
static void copy_label(char text[MOST_LABEL], const char *printed)
{
    size_t length = strlen(printed);
    if (length >= MOST_LABEL) {
        length = MOST_LABEL - 1;
        while (length > 0 && ((unsigned char)printed[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(text, printed, length);
    text[length] = '\0';
}

/* Values of a range have up to 15 digits, which no axis of a figure has room for. */
static cJSON *label_of(const cJSON *value)
{
    enum { ROOM = 8 };
    char text[MOST_LABEL];
    if (cJSON_IsString(value)) {
        return cJSON_CreateString(value->valuestring);
    }
    char *printed = cJSON_PrintUnformatted(value);
    if (cJSON_IsNumber(value) && printed != NULL && strlen(printed) > ROOM) {
        snprintf(text, sizeof text, "%.6g", value->valuedouble);
    } else {
        copy_label(text, printed != NULL ? printed : "?");
    }
    cJSON_free(printed);
    return cJSON_CreateString(text);
}

static cJSON *labels_of(mi_writer *w, const cJSON *values)
{
    cJSON *labels = cJSON_CreateArray();
    const cJSON *value = NULL;
    cJSON_ArrayForEach(value, values)
    {
        mi_append_item(w, labels, label_of(value));
    }
    return labels;
}

static bool all_numbers(const cJSON *values)
{
    const cJSON *value = NULL;
    cJSON_ArrayForEach(value, values)
    {
        if (!cJSON_IsNumber(value)) {
            return false;
        }
    }
    return true;
}

static double spaced(double from, double to, bool equal_quotients, size_t i, size_t last)
{
    double share = (double)i / (double)last;
    double value = equal_quotients ? from * pow(to / from, share) : from + (to - from) * share;
    return mi_result_round(i == 0 ? from : i == last ? to : value);
}

/* An array of equally spaced values; NULL after a fault or for want of memory. */
static cJSON *spaced_values(mi_resolver *r, const cJSON *object, const char *path)
{
    mi_values *values = NULL;
    cJSON *bound = NULL, *array = NULL;
    mi_writer w = {.failed = false};
    size_t before = r->faults->count;
    mi_code code = mi_bind(&r->binding, object, path, mi_sweep_values_parameters, NULL, &values,
                           &bound, r->status);
    if (code == MI_OK && r->faults->count == before) {
        double from = mi_real(values, "from"), to = mi_real(values, "to");
        bool quotients = mi_is(values, "spacing", "log");
        size_t steps = mi_count(values, "steps");
        if (quotients && !(from > 0 && to > 0)) {
            mi_faults_add(r->faults, path, "from %g to %g; logarithmic spacing needs both above 0",
                          from, to);
        } else {
            array = cJSON_CreateArray();
            for (size_t i = 0; i < steps; i++) {
                double value = spaced(from, to, quotients, i, steps - 1);
                mi_append_item(&w, array, cJSON_CreateNumber(value));
            }
        }
    }
    mi_values_destroy(values);
    cJSON_Delete(bound);
    return array;
}

static cJSON *read_values(mi_resolver *r, const cJSON *item, const char *path)
{
    char shown[64];
    if (cJSON_IsObject(item)) {
        return spaced_values(r, item, path);
    }
    if (cJSON_IsArray(item) && item->child != NULL) {
        return cJSON_Duplicate(item, 1);
    }
    mi_faults_add(r->faults, path,
                  "%s; must be an array of values or { \"from\", \"to\", "
                  "\"steps\", \"spacing\" }",
                  item == NULL ? "missing" : mi_document_show(item, shown, sizeof shown));
    return NULL;
}

/* "set" or "labels" as an array, whether it is one or a single text. */
static cJSON *texts_of(const mi_value *value)
{
    return cJSON_CreateStringArray((const char *const *)value->paths, (int)value->path_count);
}

static void put_labels(mi_resolver *r, mi_writer *w, const mi_values *values, const char *path,
                       const cJSON *list, cJSON *axis)
{
    const mi_value *labels = mi_values_find(values, "labels");
    int count = cJSON_GetArraySize(list);
    if (labels->given && labels->path_count != (size_t)count) {
        char at[MI_PATH_SIZE];
        mi_path_key(at, path, "labels");
        mi_faults_add(r->faults, at, "%zu labels of %d values; must be as many", labels->path_count,
                      count);
    }
    mi_add_item(w, axis, "labels", labels->given ? texts_of(labels) : labels_of(w, list));
}

static mi_code put_axis(mi_resolver *r, const mi_values *values, const char *path, cJSON *list,
                        cJSON *axes)
{
    mi_writer w = {.failed = false};
    cJSON *axis = cJSON_CreateObject();
    const char *name = mi_text(values, "name");
    mi_add_text(&w, axis, "name", name);
    mi_add_text(&w, axis, "label", mi_given(values, "label") ? mi_text(values, "label") : name);
    mi_add_text(&w, axis, "unit", mi_text(values, "unit"));
    mi_add_text(&w, axis, "scale", mi_text(values, "scale"));
    mi_add_item(&w, axis, "set", texts_of(mi_values_find(values, "set")));
    mi_add_bool(&w, axis, "numeric", all_numbers(list));
    put_labels(r, &w, values, path, list, axis);
    mi_add_item(&w, axis, "values", list);
    mi_append_item(&w, axes, axis);
    return w.failed ? mi_resolve_no_memory(r) : MI_OK;
}

/* Of the axis that was put last: rows of equal values, or of equal names, would be taken for one.
 */
static mi_code refuse_twins(mi_resolver *r, const char *path, const cJSON *axes)
{
    static const char *const lists[] = {"values", "labels"};
    const cJSON *axis = cJSON_GetArrayItem(axes, cJSON_GetArraySize(axes) - 1);
    size_t before = r->faults->count;
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && r->faults->count == before && i < 2; i++) {
        char at[MI_PATH_SIZE];
        mi_path_key(at, path, lists[i]);
        code = mi_sweep_refuse_twins(r, mi_lab_item(axis, lists[i]), at);
    }
    return code;
}

static mi_code resolve_axis(mi_resolver *r, const cJSON *entry, size_t index, mi_sweep *s)
{
    static const char *const other[] = {"values", NULL};
    char path[MI_PATH_SIZE], at[MI_PATH_SIZE];
    mi_values *values = NULL;
    cJSON *bound = NULL, *list = NULL;
    size_t before = r->faults->count;
    mi_path_index(path, "grid", index);
    mi_code code = mi_bind(&r->binding, entry, path, mi_sweep_grid_parameters, other, &values,
                           &bound, r->status);
    cJSON_Delete(bound);
    if (code == MI_OK) {
        mi_path_key(at, path, "values");
        list = read_values(r, mi_lab_item(entry, "values"), at);
    }
    if (code == MI_OK && mi_given(values, "name")) {
        mi_path_key(at, path, "name");
        mi_sweep_name_good(r, mi_text(values, "name"), at, s->axes);
    }
    if (code == MI_OK && r->faults->count == before) {
        code = list == NULL ? mi_resolve_no_memory(r) : put_axis(r, values, path, list, s->axes);
        code = code == MI_OK ? refuse_twins(r, path, s->axes) : code;
    } else {
        cJSON_Delete(list);
    }
    mi_values_destroy(values);
    return code;
}

/* The items of an array as an array of pointers, for quick access by index. */
static mi_code list_items(const cJSON *array, const cJSON ***ret_items, size_t *ret_count,
                          mi_status *status)
{
    const cJSON *item = NULL;
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

static mi_code list_texts(const cJSON *array, const char ***ret_texts, size_t *ret_count,
                          mi_status *status)
{
    const cJSON *item = NULL;
    size_t i = 0;
    *ret_count = (size_t)cJSON_GetArraySize(array);
    mi_code code = mi_allocate(*ret_count, sizeof **ret_texts, ret_texts, status);
    if (code == MI_OK) {
        cJSON_ArrayForEach(item, array)
        {
            (*ret_texts)[i++] = item->valuestring;
        }
    }
    return code;
}

static mi_code index_axes(mi_sweep *s, mi_status *status)
{
    const cJSON *axis = NULL;
    size_t labels = 0, i = 0;
    s->axis_count = (size_t)cJSON_GetArraySize(s->axes);
    mi_code code = mi_allocate(s->axis_count, sizeof *s->axis, &s->axis, status);
    cJSON_ArrayForEach(axis, s->axes)
    {
        mi_sweep_axis *a = code == MI_OK ? &s->axis[i++] : NULL;
        if (a != NULL) {
            a->name = mi_lab_item(axis, "name")->valuestring;
            code = list_texts(mi_lab_item(axis, "set"), &a->paths, &a->path_count, status);
        }
        if (code == MI_OK) {
            code = list_items(mi_lab_item(axis, "values"), &a->values, &a->count, status);
        }
        if (code == MI_OK) {
            code = list_texts(mi_lab_item(axis, "labels"), &a->labels, &labels, status);
        }
    }
    return code;
}

static mi_code add_case_axis(mi_resolver *r, const cJSON *document, mi_sweep *s)
{
    mi_writer w = {.failed = false};
    cJSON *axis = cJSON_CreateObject(), *labels = cJSON_CreateArray();
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, mi_lab_item(document, "cases"))
    {
        const cJSON *label = mi_lab_item(entry, "label");
        mi_append_item(&w, labels,
                       cJSON_CreateString(cJSON_IsString(label) ? label->valuestring : ""));
    }
    mi_add_text(&w, axis, "name", "case");
    mi_add_text(&w, axis, "label", "case");
    mi_add_text(&w, axis, "unit", "");
    mi_add_text(&w, axis, "scale", "linear");
    mi_add_item(&w, axis, "set", cJSON_CreateArray());
    mi_add_bool(&w, axis, "numeric", false);
    mi_add_item(&w, axis, "values", cJSON_Duplicate(labels, 1));
    mi_add_item(&w, axis, "labels", labels);
    mi_append_item(&w, s->axes, axis);
    return w.failed ? mi_resolve_no_memory(r) : mi_sweep_refuse_twins(r, labels, "cases");
}

/* How many values an axis has; 1 where that is not to be told. */
static double length_of(const cJSON *axis)
{
    const cJSON *values = mi_lab_item(axis, "values");
    int listed = cJSON_IsArray(values) ? cJSON_GetArraySize(values) : 0;
    double steps = cJSON_IsObject(values) ? mi_lab_number(values, "steps") : (double)listed;
    return steps >= 1 && steps <= MI_SWEEP_UNITS ? steps : 1;
}

/* Before the values themselves are made, for which there may be no room. */
static bool count_units(mi_resolver *r, const cJSON *grid, const mi_sweep *s)
{
    double count = (double)s->seed_count * (double)s->case_count;
    const cJSON *axis = NULL;
    cJSON_ArrayForEach(axis, grid)
    {
        count *= length_of(axis);
    }
    if (count > MI_SWEEP_UNITS) {
        mi_faults_add(r->faults, "grid", "%.0f units (values of the axes times seeds); at most %d",
                      count, MI_SWEEP_UNITS);
    }
    return count <= MI_SWEEP_UNITS;
}

static void multiply_axes(mi_sweep *s)
{
    s->count = s->seed_count;
    for (size_t i = 0; i < s->axis_count; i++) {
        s->count *= s->axis[i].count;
    }
}

mi_code mi_sweep_resolve_axes(mi_resolver *r, const cJSON *document, mi_sweep *s)
{
    const cJSON *grid = mi_lab_item(document, "grid"), *entry = NULL;
    size_t before = r->faults->count, i = 0;
    s->axes = cJSON_CreateArray();
    mi_code code = s->axes == NULL ? mi_resolve_no_memory(r) : MI_OK;
    if (code == MI_OK && s->has_cases) {
        code = add_case_axis(r, document, s);
    }
    bool listed = cJSON_IsArray(grid) && cJSON_GetArraySize(grid) <= MI_SWEEP_GRID;
    if (grid != NULL && !cJSON_IsNull(grid) && !listed) {
        mi_faults_add(r->faults, "grid", "must be an array of at most %d axes", MI_SWEEP_GRID);
    } else if (listed && count_units(r, grid, s)) {
        cJSON_ArrayForEach(entry, grid)
        {
            code = code == MI_OK ? resolve_axis(r, entry, i++, s) : code;
        }
    }
    if (code == MI_OK && r->faults->count == before) {
        code = index_axes(s, r->status);
    }
    if (code == MI_OK && r->faults->count == before) {
        multiply_axes(s);
    }
    return code;
}
