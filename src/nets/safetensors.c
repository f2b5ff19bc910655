/* Tables of tensors to and from files. */
#include "maskinfo/safetensors.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "safetensors.h"

const char *mi_safetensors_dtype(const char *name, size_t *ret_width)
{
    static const struct {
        const char *name;
        size_t width;
    } types[] = {{"F32", 4}, {"F64", 8}, {"F16", 2},  {"BF16", 2},    {"I64", 8},
                 {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U64", 8},     {"U32", 4},
                 {"U16", 2}, {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0) {
            *ret_width = types[i].width;
            return types[i].name;
        }
    }
    return NULL;
}

void mi_safetensors_destroy(mi_safetensors *file)
{
    if (file != NULL) {
        free(file->file);
        free(file->items);
        free(file->metadata);
        free(file->block);
        free(file);
    }
}

const mi_safetensor *mi_safetensors_find(const mi_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->items[i].name, name) == 0) {
            return &file->items[i];
        }
    }
    return NULL;
}

const char *mi_safetensors_metadata(const mi_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[2 * i], key) == 0) {
            return file->metadata[2 * i + 1];
        }
    }
    return NULL;
}

/* "(3, 4)" */
static const char *shape_text(int rank, const size_t *shape, char *text, size_t size)
{
    size_t used = 0;
    mi_append(text, size, &used, "(");
    for (int d = 0; d < rank; d++) {
        mi_append(text, size, &used, "%s%zu", d == 0 ? "" : ", ", shape[d]);
    }
    mi_append(text, size, &used, ")");
    return text;
}

static mi_code check_shape(const mi_tensor *tensor, const mi_safetensors *file,
                           const mi_safetensor *item, mi_status *status)
{
    char found[128], expected[128];
    bool same = item->rank == tensor->rank;
    for (int d = 0; d < tensor->rank && same; d++) {
        same = item->shape[d] == tensor->shape[d];
    }
    if (same) {
        return MI_OK;
    }
    return mi_fail(status, MI_INPUT, "%s: the tensor \"%s\" has the shape %s; it must be %s",
                   file->file, item->name, shape_text(item->rank, item->shape, found, sizeof found),
                   shape_text(tensor->rank, tensor->shape, expected, sizeof expected));
}

/* Number i of an item of type F32 or F64; the bytes need not be aligned. */
static mi_scalar number(const mi_safetensor *item, bool wide, size_t i)
{
    const unsigned char *bytes = item->bytes;
    float narrow = 0;
    double value = 0;
    if (wide) {
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        return (mi_scalar)value;
    }
    memcpy(&narrow, bytes + i * sizeof narrow, sizeof narrow);
    return narrow;
}

static bool is_wide(const mi_safetensor *item)
{
    return strcmp(item->dtype, "F64") == 0;
}

static mi_code check_item(const mi_tensor *tensor, const mi_safetensors *file,
                          const mi_safetensor *item, mi_status *status)
{
    mi_code code = check_shape(tensor, file, item, status);
    if (code != MI_OK) {
        return code;
    }
    if (!is_wide(item) && strcmp(item->dtype, "F32") != 0) {
        return mi_fail(status, MI_INPUT,
                       "%s: the tensor \"%s\" is of type %s; it must be F32 or F64", file->file,
                       item->name, item->dtype);
    }
    for (size_t i = 0; i < tensor->count; i++) {
        if (!isfinite(number(item, is_wide(item), i))) {
            return mi_fail(status, MI_INPUT,
                           "%s: number %zu of the tensor \"%s\" is not finite, or not in single "
                           "precision",
                           file->file, i, item->name);
        }
    }
    return MI_OK;
}

static const mi_safetensor *find_prefixed(const mi_safetensors *file, const char *prefix,
                                          const char *name)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < file->count; i++) {
        const char *found = file->items[i].name;
        if (strncmp(found, prefix, length) == 0 && strcmp(found + length, name) == 0) {
            return &file->items[i];
        }
    }
    return NULL;
}

mi_code mi_tensors_check(const mi_tensors *tensors, const mi_safetensors *file, const char *prefix,
                         mi_status *status)
{
    for (size_t t = 0; t < tensors->count; t++) {
        const mi_tensor *tensor = &tensors->items[t];
        const mi_safetensor *item = find_prefixed(file, prefix, tensor->name);
        mi_code code = item == NULL
                           ? mi_fail(status, MI_INPUT, "%s: the tensor \"%s%s\" is missing",
                                     file->file, prefix, tensor->name)
                           : check_item(tensor, file, item, status);
        if (code != MI_OK) {
            return code;
        }
    }
    return MI_OK;
}

mi_code mi_tensors_load(const mi_tensors *tensors, const mi_safetensors *file, const char *prefix,
                        mi_scalar *values, mi_status *status)
{
    mi_code code = mi_tensors_check(tensors, file, prefix, status);
    for (size_t t = 0; t < tensors->count && code == MI_OK; t++) {
        const mi_tensor *tensor = &tensors->items[t];
        const mi_safetensor *item = find_prefixed(file, prefix, tensor->name);
        for (size_t i = 0; i < tensor->count; i++) {
            values[tensor->offset + i] = number(item, is_wide(item), i);
        }
    }
    return code;
}

static mi_safetensor item_of(const mi_tensor *tensor, const char *name, const mi_scalar *values)
{
    mi_safetensor item = {.name = name,
                          .dtype = sizeof *values == sizeof(float) ? "F32" : "F64",
                          .rank = tensor->rank,
                          .bytes = values + tensor->offset,
                          .size = tensor->count * sizeof *values};
    memcpy(item.shape, tensor->shape, sizeof item.shape);
    return item;
}

mi_code mi_tensors_items(const mi_tensors *tensors, const char *prefix, const mi_scalar *values,
                         mi_safetensor **ret_items, mi_status *status)
{
    size_t length = strlen(prefix) + MI_TENSOR_NAME;
    mi_safetensor *items = NULL;
    mi_code code = mi_allocate(tensors->count, sizeof *items + length, &items, status);
    if (code != MI_OK) {
        return code;
    }
    char *names = (char *)(items + tensors->count);
    for (size_t t = 0; t < tensors->count; t++) {
        char *name = names + t * length;
        snprintf(name, length, "%s%s", prefix, tensors->items[t].name);
        items[t] = item_of(&tensors->items[t], name, values);
    }
    *ret_items = items;
    return MI_OK;
}
