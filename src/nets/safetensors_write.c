/* Writing: the header is padded by spaces, so that the bytes behind it are aligned to 8. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/output.h"
#include "safetensors.h"

static bool add_metadata(cJSON *header, const char *const *metadata, size_t count)
{
    cJSON *pairs = cJSON_AddObjectToObject(header, "__metadata__");
    bool added = pairs != NULL;
    for (size_t i = 0; i < count && added; i++) {
        added = cJSON_AddStringToObject(pairs, metadata[2 * i], metadata[2 * i + 1]) != NULL;
    }
    return added;
}

static bool add_numbers(cJSON *object, const char *name, const size_t *numbers, size_t count)
{
    cJSON *array = cJSON_AddArrayToObject(object, name);
    bool added = array != NULL;
    for (size_t i = 0; i < count && added; i++) {
        added = cJSON_AddItemToArray(array, cJSON_CreateNumber((double)numbers[i]));
    }
    return added;
}

static bool add_item(cJSON *header, const mi_safetensor *item, size_t start)
{
    const size_t offsets[] = {start, start + item->size};
    cJSON *object = cJSON_AddObjectToObject(header, item->name);
    return object != NULL && cJSON_AddStringToObject(object, "dtype", item->dtype) != NULL &&
           add_numbers(object, "shape", item->shape, (size_t)item->rank) &&
           add_numbers(object, "data_offsets", offsets, 2);
}

/* The header's text; NULL where memory ends. */
static char *header_text(const mi_safetensor *items, size_t count, const char *const *metadata,
                         size_t metadata_count)
{
    cJSON *header = cJSON_CreateObject();
    bool made =
        header != NULL && (metadata_count == 0 || add_metadata(header, metadata, metadata_count));
    size_t start = 0;
    for (size_t i = 0; i < count && made; i++) {
        made = add_item(header, &items[i], start);
        start += items[i].size;
    }
    char *text = made ? cJSON_PrintUnformatted(header) : NULL;
    cJSON_Delete(header);
    return text;
}

static void put_length(size_t length, unsigned char bytes[MI_SAFETENSORS_LENGTH])
{
    for (int i = 0; i < MI_SAFETENSORS_LENGTH; i++) {
        bytes[i] = (unsigned char)((uint64_t)length >> (8 * i) & 0xff);
    }
}

mi_code mi_safetensors_write(const char *path, const mi_safetensor *items, size_t count,
                             const char *const *metadata, size_t metadata_count, mi_status *status)
{
    mi_piece *pieces = NULL;
    unsigned char length[MI_SAFETENSORS_LENGTH];
    mi_code code = mi_allocate(count + 3, sizeof *pieces, &pieces, status);
    if (code != MI_OK) {
        return code;
    }
    char *text = header_text(items, count, metadata, metadata_count);
    if (text == NULL) {
        free(pieces);
        return mi_fail(status, MI_MEMORY, "%s: no memory for the header", path);
    }
    size_t size = strlen(text), padding = (8 - size % 8) % 8;
    put_length(size + padding, length);
    pieces[0] = (mi_piece){.bytes = length, .size = sizeof length};
    pieces[1] = (mi_piece){.bytes = text, .size = size};
    pieces[2] = (mi_piece){.bytes = "        ", .size = padding};
    for (size_t i = 0; i < count; i++) {
        pieces[3 + i] = (mi_piece){.bytes = items[i].bytes, .size = items[i].size};
    }
    code = mi_write_pieces(path, pieces, count + 3, status);
    cJSON_free(text);
    free(pieces);
    return code;
}
