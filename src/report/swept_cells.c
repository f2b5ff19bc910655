/* The cells of a "sweep" result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/rows.h"
#include "maskinfo/stream.h"
#include "swept_parts.h"
#include "text.h"

/* Row-major index of the cell at an array of indices. */
static size_t find_cell(mi_reader *r, const mi_node *node, const mi_swept *s)
{
    mi_node at = mi_get_array(r, node, "at");
    size_t cell = 0, axis = 0;
    bool good = at.json != NULL && (size_t)cJSON_GetArraySize(at.json) == s->axis_count;
    const cJSON *item = good ? at.json->child : NULL;
    for (; item != NULL && good; item = item->next, axis++) {
        double index = cJSON_IsNumber(item) ? item->valuedouble : -1;
        good = index >= 0 && index < (double)s->axes[axis].count && index == floor(index);
        cell += good ? (size_t)index * s->strides[axis] : 0;
    }
    if (!good) {
        mi_reader_fault(r, node, "at", "must be an index into the values of each axis");
    }
    return good ? cell : 0;
}

/* "redundant 2, mixed 1", and the commonest, the first of several. */
static void read_texts(mi_reader *r, const mi_node *node, mi_swept_value *value)
{
    mi_node texts = mi_get_object(r, node, "texts");
    value->opt_counts = texts.json;
    char *joined = NULL;
    size_t size = 0, most = 0;
    const cJSON *best = NULL;
    FILE *file = mi_open_text(&joined, &size);
    if (file == NULL) {
        r->code = mi_fail(r->status, MI_MEMORY, "no memory for the texts of a cell");
        return;
    }
    const cJSON *item = texts.json != NULL ? texts.json->child : NULL;
    for (; item != NULL; item = item->next) {
        size_t times = mi_get_whole(r, &texts, item->string, 0, MI_SWEEP_UNITS);
        fprintf(file, "%s%s %zu", item == texts.json->child ? "" : ", ", item->string, times);
        best = times > most ? item : best;
        most = times > most ? times : most;
    }
    if (fclose(file) != 0 && r->code == MI_OK) {
        r->code = mi_fail(r->status, MI_MEMORY, "no memory for the texts of a cell");
    }
    if (r->code == MI_OK) {
        r->code = mi_text_clean(joined, &value->texts, r->status);
    }
    if (r->code == MI_OK) {
        r->code = mi_text_clean(best != NULL ? best->string : "", &value->most, r->status);
    }
    free(joined);
}

/* The array of what each seed has; NULL where there is none, or it is not one. */
static const cJSON *get_each(mi_reader *r, const mi_node *node, const mi_swept *s)
{
    mi_node each = mi_get_array(r, node, "each");
    if (each.json == NULL || r->code != MI_OK) {
        return NULL;
    }
    if ((size_t)cJSON_GetArraySize(each.json) != s->seed_count) {
        mi_reader_fault(r, node, "each", "must have a value or null for each seed");
        return NULL;
    }
    return each.json;
}

static void read_said(mi_reader *r, const mi_node *node, const mi_swept *s, mi_swept_value *value)
{
    const cJSON *each = get_each(r, node, s);
    if (each == NULL) {
        return;
    }
    r->code = mi_allocate(s->seed_count, sizeof *value->opt_said, &value->opt_said, r->status);
    size_t i = 0;
    for (const cJSON *item = each->child; item != NULL && r->code == MI_OK; item = item->next) {
        value->opt_said[i++] = cJSON_GetStringValue(item);
    }
}

static void read_each(mi_reader *r, const mi_node *node, const mi_swept *s, mi_swept_value *value)
{
    const cJSON *each = get_each(r, node, s);
    if (each == NULL) {
        return;
    }
    r->code = mi_allocate(s->seed_count, sizeof *value->opt_each, &value->opt_each, r->status);
    size_t i = 0;
    for (const cJSON *item = each->child; item != NULL && r->code == MI_OK; item = item->next) {
        bool number = cJSON_IsNumber(item) && fabs(item->valuedouble) <= 1e100;
        value->opt_each[i++] = number ? item->valuedouble : NAN;
    }
}

static void read_value(mi_reader *r, const mi_node *cell, const mi_swept *s, size_t column,
                       mi_swept_value *value)
{
    mi_node node = mi_get_object(r, cell, s->columns[column].name);
    if (node.json == NULL) {
        return;
    }
    value->count = mi_get_whole(r, &node, "count", 0, MI_SWEEP_UNITS);
    if (s->columns[column].numeric) {
        value->mean = mi_get_number(r, &node, "mean");
        value->low = mi_get_number(r, &node, "low");
        value->high = mi_get_number(r, &node, "high");
        read_each(r, &node, s, value);
    } else {
        read_texts(r, &node, value);
        read_said(r, &node, s, value);
    }
}

void mi_swept_read_cells(mi_reader *r, const mi_node *root, mi_swept *s)
{
    mi_node array = mi_get_array(r, root, "cells");
    if (array.json == NULL || r->code != MI_OK) {
        return;
    }
    size_t values = 0, i = 0;
    r->code = mi_product(s->cell_count, s->column_count, &values, r->status);
    if (r->code == MI_OK) {
        r->code = mi_allocate(values, sizeof *s->values, &s->values, r->status);
    }
    if (r->code == MI_OK) {
        r->code = mi_allocate(s->cell_count, sizeof *s->failed_units, &s->failed_units, r->status);
    }
    for (size_t k = 0; r->code == MI_OK && k < values; k++) {
        s->values[k].mean = s->values[k].low = s->values[k].high = NAN;
    }
    const cJSON *item = r->code == MI_OK ? array.json->child : NULL;
    for (; item != NULL && r->code == MI_OK; item = item->next, i++) {
        mi_node node = mi_get_element(r, &array, item, i);
        size_t cell = find_cell(r, &node, s);
        mi_node numbers = mi_get_object(r, &node, "values");
        s->failed_units[cell] = mi_get_whole(r, &node, "failed", 0, MI_SWEEP_UNITS);
        for (size_t c = 0; c < s->column_count && r->code == MI_OK; c++) {
            mi_swept_value *value = &s->values[cell * s->column_count + c];
            if (value->opt_each != NULL || value->texts != NULL) {
                mi_reader_fault(r, &node, "at", "is that of another cell too");
            } else {
                read_value(r, &numbers, s, c, value);
            }
        }
    }
}
