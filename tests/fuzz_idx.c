/* libFuzzer target: whatever the bytes, mi_parse_idx refuses them with a message or gives images
 * that hold exactly the bytes behind the header. */
#include "fuzz.h"

#include "maskinfo/data.h"

static void check_images(const mi_images *images, const uint8_t *values, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < images->count; i++) {
        size_t pixels = images->items[i].rows * images->items[i].columns;
        require(pixels > 0 && pixels <= size - used);
        require(memcmp(images->items[i].pixels, values + used, pixels) == 0);
        used += pixels;
    }
    require(used == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_parse_idx("fuzz", bytes, size, &images, &status);
    if (code == MI_OK) {
        check_images(images, bytes + 16, size - 16);
    } else {
        require(images == NULL && code == MI_INPUT && strstr(status.message, "fuzz: ") != NULL);
    }
    mi_images_destroy(images);
    return 0;
}
