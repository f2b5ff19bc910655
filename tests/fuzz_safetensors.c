/* libFuzzer target: whatever the bytes, mi_safetensors_parse refuses them with a message or gives
 * tensors with different names that cover the data once; and a table of tensors takes its weights
 * from the file or refuses them. */
#include "fuzz.h"

#include <math.h>

#include "maskinfo/safetensors.h"

/* Every byte of every tensor is one of the data, of which there are `size`, the last of the file.
 */
static void check_tensors(const mi_safetensors *file, const uint8_t *data, size_t size)
{
    size_t covered = 0;
    for (size_t i = 0; i < file->count; i++) {
        const mi_safetensor *item = &file->items[i];
        size_t start = (size_t)((const unsigned char *)item->bytes - file->block);
        require(start <= size && item->size <= size - start && item->rank <= MI_TENSOR_RANK);
        require(memcmp(item->bytes, data + start, item->size) == 0);
        require(mi_safetensors_find(file, item->name) == item && item->dtype != NULL);
        covered += item->size;
    }
    require(covered == size);
    for (size_t i = 0; i < file->metadata_count; i++) {
        require(mi_safetensors_metadata(file, file->metadata[2 * i]) != NULL);
    }
}

static void load_weights(const mi_safetensors *file)
{
    mi_tensors tensors = {0};
    const size_t shape[] = {2, 3};
    size_t offset = 0;
    require(mi_tensors_add(&tensors, "weight", 2, shape, true, &offset, NULL) == MI_OK);
    mi_scalar values[16] = {0};
    mi_status status;
    mi_code code = mi_tensors_load(&tensors, file, "", values, &status);
    require(code == MI_OK || (code == MI_INPUT && strstr(status.message, "fuzz: ") != NULL));
    for (size_t i = 0; i < 6; i++) {
        require(isfinite(values[i]) && (code == MI_OK || values[i] == 0));
    }
    mi_tensors_free(&tensors);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    mi_safetensors *file = NULL;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_safetensors_parse("fuzz", bytes, size, &file, &status);
    if (code != MI_OK) {
        require(file == NULL && code == MI_INPUT && strstr(status.message, "fuzz: ") != NULL);
        return 0;
    }
    size_t header = 0;
    for (int i = 7; i >= 0; i--) {
        header = header << 8 | bytes[i];
    }
    check_tensors(file, bytes + 8 + header, size - 8 - header);
    load_weights(file);
    mi_safetensors_destroy(file);
    return 0;
}
