#include <string.h>

#include "image.h"

/* http://yann.lecun.com/exdb/mnist: two zero bytes, the type (8: unsigned byte), the number of
 * dimensions, then the sizes as big-endian 32-bit numbers, then the values. */
enum { IMAGE_MAGIC = 0x00000803, LABEL_MAGIC = 0x00000801, HEADER = 16, MAX_COUNT = 1 << 24 };

typedef struct idx_header {
    uint32_t count, rows, columns;
} idx_header;

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static mi_code check_magic(const char *name, const unsigned char *bytes, size_t size,
                           mi_status *status)
{
    if (size < HEADER) {
        return mi_fail(status, MI_INPUT, "%s: %zu bytes, an IDX file of images has a header of %d",
                       name, size, HEADER);
    }
    uint32_t magic = big_endian(bytes);
    if (magic != IMAGE_MAGIC) {
        return mi_fail(status, MI_INPUT,
                       "%s: the magic number is 0x%08x%s, an IDX file of images (unsigned bytes in "
                       "3 dimensions) has 0x%08x",
                       name, magic, magic == LABEL_MAGIC ? " (a file of labels)" : "", IMAGE_MAGIC);
    }
    return MI_OK;
}

static mi_code check_sizes(const char *name, idx_header h, size_t size, mi_status *status)
{
    if (h.count < 1 || h.count > MAX_COUNT) {
        return mi_fail(status, MI_INPUT, "%s: the IDX header announces %u images, not 1 to %d",
                       name, h.count, MAX_COUNT);
    }
    uint64_t pixels = (uint64_t)h.rows * h.columns; /* below 2^64 */
    if (pixels < 1 || pixels > MI_MAX_PIXELS) {
        return mi_fail(status, MI_INPUT,
                       "%s: the IDX header announces images of %u x %u pixels, 1 to %d pixels are "
                       "legal",
                       name, h.rows, h.columns, MI_MAX_PIXELS);
    }
    uint64_t announced = h.count * pixels; /* at most 2^50 */
    if (announced != size - HEADER) {
        return mi_fail(status, MI_INPUT,
                       "%s: the IDX header announces %u images of %u x %u = %llu bytes, but %zu "
                       "bytes follow it",
                       name, h.count, h.rows, h.columns, (unsigned long long)announced,
                       size - HEADER);
    }
    return MI_OK;
}

static mi_code copy_images(const char *name, idx_header h, const unsigned char *values,
                           mi_images *images, mi_status *status)
{
    size_t pixels = (size_t)h.rows * h.columns;
    mi_code code = MI_OK;
    for (size_t i = 0; i < images->count && code == MI_OK; i++) {
        code = mi_image_allocate(name, h.rows, h.columns, 1, &images->items[i], status);
        if (code == MI_OK) {
            memcpy(images->items[i].pixels, values + i * pixels, pixels);
        }
    }
    return code;
}

mi_code mi_parse_idx(const char *name, const unsigned char *bytes, size_t size,
                     mi_images **ret_images, mi_status *status)
{
    mi_images *images = NULL;
    mi_code code = check_magic(name, bytes, size, status);
    if (code != MI_OK) {
        return code;
    }
    idx_header h = {big_endian(bytes + 4), big_endian(bytes + 8), big_endian(bytes + 12)};
    code = check_sizes(name, h, size, status);
    if (code == MI_OK) {
        code = mi_images_create(name, h.count, &images, status);
    }
    if (code == MI_OK) {
        code = copy_images(name, h, bytes + HEADER, images, status);
    }
    if (code != MI_OK) {
        mi_images_destroy(images);
        return code;
    }
    *ret_images = images;
    return MI_OK;
}
