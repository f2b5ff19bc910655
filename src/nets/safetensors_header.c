/* The header. Whatever the bytes, what is made is checked: every name once, offsets that cover what
 * stands behind the header without overlap or gap, sizes that fit the shapes. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "safetensors.h"

static const double largest_integer = 9007199254740992.0; /* 2^53 */

/* A text that stays; texts take no more bytes than with their quotes in the header. */
static char *keep(mi_reading *r, const char *text)
{
    size_t size = strlen(text) + 1;
    char *kept = memcpy(r->texts, text, size);
    r->texts += size;
    return kept;
}

/* The member of an object, where it is there once. */
static const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *found = NULL, *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        if (strcmp(item->string, name) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = item;
        }
    }
    return found;
}

static bool whole_number(const cJSON *item, size_t *ret_number)
{
    double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (!(value >= 0 && value <= largest_integer) || value != floor(value)) {
        return false;
    }
    *ret_number = (size_t)value;
    return true;
}

static mi_code read_shape(const mi_reading *r, const cJSON *entry, mi_safetensor *tensor,
                          mi_status *status)
{
    const cJSON *shape = member(entry, "shape"), *side = NULL;
    if (!cJSON_IsArray(shape)) {
        return mi_fail(status, MI_INPUT, "%s: the tensor \"%s\" has no \"shape\" (an array)",
                       r->file->file, tensor->name);
    }
    cJSON_ArrayForEach(side, shape)
    {
        if (tensor->rank == MI_TENSOR_RANK) {
            return mi_fail(status, MI_INPUT,
                           "%s: the tensor \"%s\" has more than %d dimensions, which are not read",
                           r->file->file, tensor->name, MI_TENSOR_RANK);
        }
        if (!whole_number(side, &tensor->shape[tensor->rank++])) {
            return mi_fail(status, MI_INPUT,
                           "%s: the shape of the tensor \"%s\" must hold whole numbers",
                           r->file->file, tensor->name);
        }
    }
    return MI_OK;
}

/* The bytes that the shape and the type say. */
static mi_code read_size(const mi_reading *r, const cJSON *entry, mi_safetensor *tensor,
                         size_t *size, mi_status *status)
{
    const cJSON *dtype = member(entry, "dtype");
    if (!cJSON_IsString(dtype)) {
        return mi_fail(status, MI_INPUT, "%s: the tensor \"%s\" has no \"dtype\" (a string)",
                       r->file->file, tensor->name);
    }
    tensor->dtype = mi_safetensors_dtype(dtype->valuestring, size);
    if (tensor->dtype == NULL) {
        return mi_fail(status, MI_INPUT, "%s: the tensor \"%s\" is of the unknown type \"%.40s\"",
                       r->file->file, tensor->name, dtype->valuestring);
    }
    for (int d = 0; d < tensor->rank; d++) {
        if (mi_product(*size, tensor->shape[d], size, NULL) != MI_OK) {
            return mi_fail(status, MI_INPUT, "%s: the shape of the tensor \"%s\" is too large",
                           r->file->file, tensor->name);
        }
    }
    return MI_OK;
}

static mi_code read_offsets(const mi_reading *r, const cJSON *entry, mi_safetensor *tensor,
                            size_t size, mi_status *status)
{
    const cJSON *offsets = member(entry, "data_offsets");
    size_t start = 0, end = 0;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !whole_number(offsets->child, &start) || !whole_number(offsets->child->next, &end) ||
        start > end) {
        return mi_fail(status, MI_INPUT,
                       "%s: the tensor \"%s\" has no \"data_offsets\" (two whole numbers, the "
                       "second not below the first)",
                       r->file->file, tensor->name);
    }
    if (end > r->size) {
        return mi_fail(status, MI_INPUT,
                       "%s: the tensor \"%s\" ends at byte %zu of the data, of which there are %zu "
                       "(truncated file?)",
                       r->file->file, tensor->name, end, r->size);
    }
    if (end - start != size) {
        return mi_fail(status, MI_INPUT,
                       "%s: the tensor \"%s\" has %zu bytes; its shape and type %s need %zu",
                       r->file->file, tensor->name, end - start, tensor->dtype, size);
    }
    tensor->bytes = r->file->block + start;
    tensor->size = size;
    return MI_OK;
}

static mi_code read_tensor(mi_reading *r, const cJSON *entry, mi_status *status)
{
    mi_safetensor *tensor = &r->file->items[r->file->count++];
    size_t size = 0;
    tensor->name = keep(r, entry->string);
    if (!cJSON_IsObject(entry)) {
        return mi_fail(status, MI_INPUT, "%s: the entry \"%s\" of the header must be an object",
                       r->file->file, tensor->name);
    }
    mi_code code = read_shape(r, entry, tensor, status);
    if (code == MI_OK) {
        code = read_size(r, entry, tensor, &size, status);
    }
    return code == MI_OK ? read_offsets(r, entry, tensor, size, status) : code;
}

static mi_code read_metadata(mi_reading *r, const cJSON *entry, mi_status *status)
{
    mi_safetensors *file = r->file;
    const cJSON *pair = NULL;
    if (!cJSON_IsObject(entry) || file->metadata != NULL) {
        return mi_fail(status, MI_INPUT, "%s: \"__metadata__\" must be one object", file->file);
    }
    mi_code code = mi_allocate((size_t)cJSON_GetArraySize(entry), 2 * sizeof *file->metadata,
                               &file->metadata, status);
    if (code != MI_OK) {
        return code;
    }
    cJSON_ArrayForEach(pair, entry)
    {
        if (!cJSON_IsString(pair)) {
            return mi_fail(status, MI_INPUT, "%s: \"__metadata__\" must hold strings", file->file);
        }
        file->metadata[2 * file->metadata_count] = keep(r, pair->string);
        file->metadata[2 * file->metadata_count++ + 1] = keep(r, pair->valuestring);
    }
    return MI_OK;
}

static mi_code read_entries(mi_reading *r, const cJSON *header, mi_status *status)
{
    const cJSON *entry = NULL;
    mi_code code = mi_allocate((size_t)cJSON_GetArraySize(header), sizeof *r->file->items,
                               &r->file->items, status);
    cJSON_ArrayForEach(entry, header)
    {
        if (code == MI_OK && strcmp(entry->string, "__metadata__") == 0) {
            code = read_metadata(r, entry, status);
        } else if (code == MI_OK) {
            code = read_tensor(r, entry, status);
        }
    }
    return code;
}

static int by_name(const void *a, const void *b)
{
    const mi_safetensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int by_place(const void *a, const void *b)
{
    const mi_safetensor *const *x = a, *const *y = b;
    uintptr_t p = (uintptr_t)(*x)->bytes, q = (uintptr_t)(*y)->bytes;
    /* Empty tensors stand before the one that begins there. */
    return p != q ? (p > q) - (p < q) : ((*x)->size > (*y)->size) - ((*x)->size < (*y)->size);
}

static mi_code check_cover(const mi_reading *r, const mi_safetensor *const *sorted,
                           mi_status *status)
{
    const unsigned char *expected = r->file->block;
    for (size_t i = 0; i < r->file->count; i++) {
        const unsigned char *start = sorted[i]->bytes;
        if (start != expected) {
            return mi_fail(
                status, MI_INPUT, "%s: the tensor \"%s\" %s", r->file->file, sorted[i]->name,
                start < expected ? "overlaps another one" : "leaves a gap to the one before");
        }
        expected = start + sorted[i]->size;
    }
    size_t left = r->size - (size_t)(expected - r->file->block);
    return left == 0 ? MI_OK
                     : mi_fail(status, MI_INPUT, "%s: %zu bytes behind the last tensor",
                               r->file->file, left);
}

/* Names and places by sorting: a long header must not take quadratic time. */
static mi_code check_whole(const mi_reading *r, mi_status *status)
{
    const mi_safetensor **sorted = NULL;
    size_t count = r->file->count;
    mi_code code = mi_allocate(count, sizeof *sorted, &sorted, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &r->file->items[i];
    }
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 1; i < count && code == MI_OK; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) {
            code = mi_fail(status, MI_INPUT, "%s: there are two tensors \"%s\"", r->file->file,
                           sorted[i]->name);
        }
    }
    if (code == MI_OK) {
        qsort(sorted, count, sizeof *sorted, by_place);
        code = check_cover(r, sorted, status);
    }
    free(sorted);
    return code;
}

mi_code mi_safetensors_header(mi_reading *r, const char *header, size_t size, mi_status *status)
{
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(header, size, &end, 0);
    bool whole = cJSON_IsObject(json) && header[0] == '{';
    while (whole && end < header + size) {
        whole = strchr(" \t\r\n", *end) != NULL && *end != '\0';
        end++;
    }
    mi_code code =
        whole ? read_entries(r, json, status)
              : mi_fail(status, MI_INPUT, "%s: the header is not a JSON object", r->file->file);
    cJSON_Delete(json);
    return code == MI_OK ? check_whole(r, status) : code;
}
