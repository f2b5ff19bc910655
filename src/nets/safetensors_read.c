/* Reading. Whatever the bytes, what is made is checked: every name once, offsets that cover what
 * stands behind the header without overlap or gap, sizes that fit the shapes. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "maskinfo/memory.h"
#include "safetensors.h"

static const size_t longest_header = 100000000;           /* of the format's own readers */
static const double largest_integer = 9007199254740992.0; /* 2^53 */

/* Where a file is being read to. */
typedef struct reading {
    mi_safetensors *file;
    size_t size; /* bytes behind the header */
    char *texts; /* next place for a name, in the block behind them */
} reading;

/* A text that stays; texts take no more bytes than with their quotes in the header. */
static char *keep(reading *r, const char *text)
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

static mi_code read_shape(const reading *r, const cJSON *entry, mi_safetensor *tensor,
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
static mi_code read_size(const reading *r, const cJSON *entry, mi_safetensor *tensor, size_t *size,
                         mi_status *status)
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

static mi_code read_offsets(const reading *r, const cJSON *entry, mi_safetensor *tensor,
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

static mi_code read_tensor(reading *r, const cJSON *entry, mi_status *status)
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

static mi_code read_metadata(reading *r, const cJSON *entry, mi_status *status)
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

static mi_code read_entries(reading *r, const cJSON *header, mi_status *status)
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

static mi_code check_cover(const reading *r, const mi_safetensor *const *sorted, mi_status *status)
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
static mi_code check_whole(const reading *r, mi_status *status)
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

/* A file with room for `size` bytes of data and the texts of a header of `header_size` bytes. */
static mi_code begin(const char *name, size_t header_size, size_t size, reading *r,
                     mi_status *status)
{
    mi_safetensors *file = NULL;
    mi_code code = mi_allocate(1, sizeof *file, &file, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_copy_text(name, &file->file, status);
    if (code == MI_OK) {
        code = mi_allocate(size + header_size, 1, &file->block, status);
    }
    if (code != MI_OK) {
        mi_safetensors_destroy(file);
        return code;
    }
    *r = (reading){.file = file, .size = size, .texts = (char *)file->block + size};
    return MI_OK;
}

/* The rest, from the header. *ret_file is r->file, or that is destroyed. */
static mi_code finish(reading *r, const char *header, size_t size, mi_safetensors **ret_file,
                      mi_status *status)
{
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(header, size, &end, 0);
    mi_code code = MI_OK;
    bool whole = cJSON_IsObject(json) && header[0] == '{';
    while (whole && end < header + size) {
        whole = strchr(" \t\r\n", *end) != NULL && *end != '\0';
        end++;
    }
    code = whole ? read_entries(r, json, status)
                 : mi_fail(status, MI_INPUT, "%s: the header is not a JSON object", r->file->file);
    cJSON_Delete(json);
    if (code == MI_OK) {
        code = check_whole(r, status);
    }
    if (code != MI_OK) {
        mi_safetensors_destroy(r->file);
        return code;
    }
    *ret_file = r->file;
    return MI_OK;
}

/* Length of the header of a file of `size` bytes that begins with `bytes`. */
static mi_code header_length(const char *name, const unsigned char *bytes, size_t size,
                             size_t *ret_length, mi_status *status)
{
    uint64_t length = 0;
    if (size < MI_SAFETENSORS_LENGTH) {
        return mi_fail(status, MI_INPUT, "%s: %zu bytes are no safetensors file", name, size);
    }
    for (int i = MI_SAFETENSORS_LENGTH - 1; i >= 0; i--) {
        length = length << 8 | bytes[i];
    }
    size_t left = size - MI_SAFETENSORS_LENGTH;
    if (length < 2 || length > left || length > longest_header) {
        return mi_fail(status, MI_INPUT,
                       "%s: no safetensors file, or truncated: the header would have %llu bytes, "
                       "%zu follow, at most %zu are read",
                       name, (unsigned long long)length, left, longest_header);
    }
    *ret_length = (size_t)length;
    return MI_OK;
}

mi_code mi_safetensors_parse(const char *name, const unsigned char *bytes, size_t size,
                             mi_safetensors **ret_file, mi_status *status)
{
    reading r;
    size_t length = 0;
    mi_code code = header_length(name, bytes, size, &length, status);
    if (code != MI_OK) {
        return code;
    }
    const unsigned char *header = bytes + MI_SAFETENSORS_LENGTH, *data = header + length;
    code = begin(name, length, size - MI_SAFETENSORS_LENGTH - length, &r, status);
    if (code != MI_OK) {
        return code;
    }
    memcpy(r.file->block, data, r.size);
    return finish(&r, (const char *)header, length, ret_file, status);
}

static mi_code read_bytes(const char *path, FILE *stream, void *bytes, size_t size,
                          mi_status *status)
{
    if (fread(bytes, 1, size, stream) == size) {
        return MI_OK;
    }
    return ferror(stream) ? mi_fail(status, MI_IO, "%s: can not be read: %s", path, strerror(errno))
                          : mi_fail(status, MI_INPUT, "%s: the file ends too early", path);
}

/* The header, and then the data to where they stay. */
static mi_code read_parts(const char *path, FILE *stream, size_t size, mi_safetensors **ret_file,
                          mi_status *status)
{
    unsigned char start[MI_SAFETENSORS_LENGTH] = {0};
    char *header = NULL;
    size_t length = 0;
    reading r = {.file = NULL};
    mi_code code =
        read_bytes(path, stream, start, size < sizeof start ? size : sizeof start, status);
    if (code == MI_OK) {
        code = header_length(path, start, size, &length, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(length, 1, &header, status);
    }
    if (code == MI_OK) {
        code = read_bytes(path, stream, header, length, status);
    }
    if (code == MI_OK) {
        code = begin(path, length, size - sizeof start - length, &r, status);
    }
    if (code == MI_OK) {
        code = read_bytes(path, stream, r.file->block, r.size, status);
        if (code == MI_OK) {
            code = finish(&r, header, length, ret_file, status);
        } else {
            mi_safetensors_destroy(r.file);
        }
    }
    free(header);
    return code;
}

mi_code mi_safetensors_read(const char *path, mi_safetensors **ret_file, mi_status *status)
{
    struct stat about;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return mi_fail(status, MI_INPUT, "%s: can not be opened: %s", path, strerror(errno));
    }
    mi_code code = MI_OK;
    if (fstat(fileno(stream), &about) != 0 || !S_ISREG(about.st_mode)) {
        code = mi_fail(status, MI_INPUT, "%s: is not a file", path);
    } else {
        code = read_parts(path, stream, (size_t)about.st_size, ret_file, status);
    }
    fclose(stream);
    return code;
}
