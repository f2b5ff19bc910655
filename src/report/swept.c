#include "swept.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/rows.h"
#include "maskinfo/stream.h"
#include "swept_parts.h"
#include "text.h"

static size_t length(const mi_node *array)
{
    return array->json == NULL ? 0 : (size_t)cJSON_GetArraySize(array->json);
}

static void allocate(mi_reader *r, size_t count, size_t size, void *ret_pointer)
{
    if (r->code == MI_OK) {
        r->code = mi_allocate(count, size, ret_pointer, r->status);
    }
}

/* A name that also goes into file names and scripts. */
static const char *get_name(mi_reader *r, const mi_node *node)
{
    const char *name = mi_get_text(r, node, "name");
    size_t size = name == NULL ? 0 : strlen(name);
    if (r->code == MI_OK && (size == 0 || size > MI_SWEPT_NAME ||
                             strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != size)) {
        mi_reader_fault(r, node, "name", "must be 1 to %d of a-z, 0-9, _ and -", MI_SWEPT_NAME);
    }
    return name;
}

/* The label, and "label (unit)"; the name where there is no label. */
static void get_label(mi_reader *r, const mi_node *node, char **ret_bare, char **ret_label)
{
    const char *label = mi_get_text(r, node, "label"), *unit = mi_get_text(r, node, "unit");
    char *joined = NULL;
    if (label == NULL || label[0] == '\0') {
        label = mi_get_text(r, node, "name");
    }
    unit = unit == NULL ? "" : unit;
    label = label == NULL ? "" : label;
    size_t size = strlen(label) + strlen(unit) + 4;
    allocate(r, size, 1, &joined);
    if (r->code == MI_OK) {
        snprintf(joined, size, unit[0] == '\0' ? "%s" : "%s (%s)", label, unit);
        r->code = mi_text_clean(joined, ret_label, r->status);
    }
    if (r->code == MI_OK) {
        r->code = mi_text_clean(label, ret_bare, r->status);
    }
    free(joined);
}

static void read_labels(mi_reader *r, const mi_node *node, mi_swept_axis *axis)
{
    mi_node labels = mi_get_array(r, node, "labels");
    if (r->code == MI_OK && (length(&labels) == 0 || length(&labels) > MI_SWEEP_UNITS)) {
        mi_reader_fault(r, node, "labels", "must hold at least one text");
    }
    axis->count = r->code == MI_OK ? length(&labels) : 0;
    allocate(r, axis->count, sizeof *axis->labels, &axis->labels);
    size_t i = 0;
    const cJSON *item = r->code == MI_OK ? labels.json->child : NULL;
    for (; item != NULL && r->code == MI_OK; item = item->next) {
        if (cJSON_IsString(item)) {
            r->code = mi_text_clean(item->valuestring, &axis->labels[i++], r->status);
        } else {
            mi_reader_fault(r, node, "labels", "must be texts");
        }
    }
}

static void read_axis(mi_reader *r, const mi_node *node, mi_swept_axis *axis)
{
    const char *scale = mi_get_text(r, node, "scale");
    axis->name = get_name(r, node);
    get_label(r, node, &axis->bare, &axis->label);
    axis->numeric = mi_get_bool(r, node, "numeric");
    axis->logarithmic = axis->numeric && scale != NULL && strcmp(scale, "log") == 0;
    read_labels(r, node, axis);
    if (r->code == MI_OK && axis->numeric) {
        axis->values = mi_get_values(r, node, "values", axis->count,
                                     axis->logarithmic ? 1e-100 : -1e100, 1e100);
        if (r->code == MI_OK && axis->values == NULL) {
            mi_reader_fault(r, node, "values", "must be the numbers of a numeric axis");
        }
    }
}

static void read_axes(mi_reader *r, const mi_node *root, mi_swept *s)
{
    mi_node array = mi_get_array(r, root, "axes");
    size_t count = length(&array), i = 0;
    if (count > MI_SWEEP_AXES) {
        mi_reader_fault(r, root, "axes", "has %zu elements; the most are %d", count, MI_SWEEP_AXES);
    }
    allocate(r, count, sizeof *s->axes, &s->axes);
    allocate(r, count, sizeof *s->strides, &s->strides);
    s->axis_count = r->code == MI_OK ? count : 0;
    const cJSON *item = r->code == MI_OK && count > 0 ? array.json->child : NULL;
    s->cell_count = 1;
    for (; item != NULL && r->code == MI_OK; item = item->next, i++) {
        mi_node node = mi_get_element(r, &array, item, i);
        read_axis(r, &node, &s->axes[i]);
        s->cell_count *= r->code == MI_OK ? s->axes[i].count : 1;
        if (r->code == MI_OK && s->cell_count > MI_SWEEP_UNITS) {
            mi_reader_fault(r, root, "axes", "have more than %d combinations", MI_SWEEP_UNITS);
        }
    }
    for (size_t a = s->axis_count, stride = 1; r->code == MI_OK && a-- > 0;) {
        s->strides[a] = stride;
        stride *= s->axes[a].count;
    }
}

static void read_columns(mi_reader *r, const mi_node *root, mi_swept *s)
{
    mi_node array = mi_get_array(r, root, "columns");
    size_t count = length(&array), i = 0;
    allocate(r, count, sizeof *s->columns, &s->columns);
    s->column_count = r->code == MI_OK ? count : 0;
    if (r->code == MI_OK && count == 0) {
        mi_reader_fault(r, root, "columns", "must name at least one value");
    }
    const cJSON *item = r->code == MI_OK ? array.json->child : NULL;
    for (; item != NULL && r->code == MI_OK; item = item->next, i++) {
        mi_node node = mi_get_element(r, &array, item, i);
        s->columns[i].name = get_name(r, &node);
        get_label(r, &node, &s->columns[i].bare, &s->columns[i].label);
        s->columns[i].numeric = mi_get_bool(r, &node, "numeric");
    }
}

/* Index of the axis or column of that name; count where there is none. */
static size_t find_axis(const mi_swept *s, const char *opt_name)
{
    size_t i = 0;
    while (i < s->axis_count && (opt_name == NULL || strcmp(s->axes[i].name, opt_name) != 0)) {
        i++;
    }
    return i;
}

static size_t find_column(const mi_swept *s, const cJSON *name)
{
    size_t i = 0;
    while (i < s->column_count &&
           !(cJSON_IsString(name) && strcmp(s->columns[i].name, name->valuestring) == 0)) {
        i++;
    }
    return i;
}

static void read_figure_columns(mi_reader *r, const mi_node *node, const mi_swept *s,
                                mi_swept_figure *figure)
{
    mi_node array = mi_get_array(r, node, "columns");
    allocate(r, length(&array), sizeof *figure->columns, &figure->columns);
    const cJSON *item = r->code == MI_OK && array.json != NULL ? array.json->child : NULL;
    for (; item != NULL && r->code == MI_OK; item = item->next) {
        size_t column = find_column(s, item);
        if (column == s->column_count) {
            mi_reader_fault(r, node, "columns", "must be names of columns");
        } else {
            figure->columns[figure->count++] = column;
        }
    }
}

/* "How do loss and floor depend on ratio?" where the file has no title. */
static void ask(mi_reader *r, const mi_swept *s, mi_swept_figure *figure)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = r->code == MI_OK && figure->title[0] == '\0' ? mi_open_text(&text, &size) : NULL;
    if (file == NULL) {
        return;
    }
    fprintf(file, "How %s ", figure->count > 1 ? "do" : "does");
    for (size_t i = 0; i < figure->count; i++) {
        fprintf(file, "%s%s",
                i == 0                  ? ""
                : i + 1 < figure->count ? ", "
                                        : " and ",
                s->columns[figure->columns[i]].bare);
    }
    fprintf(file, " depend on %s", s->axes[figure->x].bare);
    fprintf(file, "%s%s?", figure->heat ? " and " : "",
            figure->heat ? s->axes[figure->y].bare : "");
    if (fclose(file) == 0) {
        free(figure->title);
        figure->title = text;
    } else {
        free(text);
    }
}

static void read_figure(mi_reader *r, const mi_node *node, const mi_swept *s,
                        mi_swept_figure *figure)
{
    const char *kind = mi_get_text(r, node, "kind");
    figure->name = get_name(r, node);
    figure->title = mi_get_clean(r, node, "title");
    figure->note = mi_get_clean(r, node, "note");
    figure->heat = kind != NULL && strcmp(kind, "heat") == 0;
    figure->x = find_axis(s, mi_get_text(r, node, "x"));
    figure->y = figure->heat ? find_axis(s, mi_get_text(r, node, "y")) : s->axis_count;
    if (r->code == MI_OK && figure->x == s->axis_count) {
        mi_reader_fault(r, node, "x", "must be the name of an axis");
    } else if (r->code == MI_OK && figure->heat &&
               (figure->y == s->axis_count || figure->y == figure->x)) {
        mi_reader_fault(r, node, "y", "must be the name of another axis");
    }
    read_figure_columns(r, node, s, figure);
    ask(r, s, figure);
}

static void read_figures(mi_reader *r, const mi_node *root, mi_swept *s)
{
    mi_node array = mi_get_array(r, root, "figures");
    size_t i = 0;
    allocate(r, length(&array), sizeof *s->figures, &s->figures);
    s->figure_count = r->code == MI_OK ? length(&array) : 0;
    const cJSON *item = s->figure_count > 0 ? array.json->child : NULL;
    for (; item != NULL && r->code == MI_OK; item = item->next, i++) {
        mi_node node = mi_get_element(r, &array, item, i);
        read_figure(r, &node, s, &s->figures[i]);
    }
}

mi_code mi_swept_read(const cJSON *result, mi_swept **ret_swept, mi_status *status)
{
    mi_swept *s = NULL;
    mi_node root = {.json = result};
    mi_reader r = {.code = mi_allocate(1, sizeof *s, &s, status), .status = status};
    if (r.code != MI_OK) {
        return r.code;
    }
    s->done = mi_get_whole(&r, &root, "done", 0, MI_SWEEP_UNITS);
    s->failed = mi_get_whole(&r, &root, "failed", 0, MI_SWEEP_UNITS);
    s->units = mi_get_whole(&r, &root, "unit_count", 0, MI_SWEEP_UNITS);
    mi_node seeds = mi_get_array(&r, &root, "seeds");
    s->seed_count = length(&seeds);
    s->opt_failures = mi_get_array(&r, &root, "failures").json;
    s->cells_reason = mi_get_clean(&r, &root, "cells_reason");
    read_axes(&r, &root, s);
    read_columns(&r, &root, s);
    read_figures(&r, &root, s);
    mi_swept_read_cells(&r, &root, s);
    if (r.code != MI_OK) {
        mi_swept_destroy(s);
        return r.code;
    }
    *ret_swept = s;
    return MI_OK;
}

static void free_axes(mi_swept *s)
{
    for (size_t i = 0; i < s->axis_count; i++) {
        for (size_t k = 0; s->axes[i].labels != NULL && k < s->axes[i].count; k++) {
            free(s->axes[i].labels[k]);
        }
        free(s->axes[i].labels);
        free(s->axes[i].bare);
        free(s->axes[i].label);
        free(s->axes[i].values);
    }
    free(s->axes);
    free(s->strides);
}

static void free_cells(mi_swept *s)
{
    for (size_t i = 0; s->values != NULL && i < s->cell_count * s->column_count; i++) {
        free(s->values[i].opt_each);
        free(s->values[i].opt_said);
        free(s->values[i].texts);
        free(s->values[i].most);
    }
    free(s->values);
    free(s->failed_units);
}

void mi_swept_destroy(mi_swept *s)
{
    if (s == NULL) {
        return;
    }
    free_cells(s);
    free_axes(s);
    for (size_t i = 0; i < s->column_count; i++) {
        free(s->columns[i].bare);
        free(s->columns[i].label);
    }
    for (size_t i = 0; i < s->figure_count; i++) {
        free(s->figures[i].title);
        free(s->figures[i].note);
        free(s->figures[i].columns);
    }
    free(s->columns);
    free(s->figures);
    free(s->cells_reason);
    free(s);
}

bool mi_swept_has_intervals(const mi_swept *s)
{
    bool any = false;
    for (size_t i = 0; s->values != NULL && i < s->cell_count * s->column_count && !any; i++) {
        any = isfinite(s->values[i].low) && isfinite(s->values[i].high);
    }
    return any;
}

size_t mi_swept_at(const mi_swept *s, size_t cell, size_t axis)
{
    return cell / s->strides[axis] % s->axes[axis].count;
}
