/* libFuzzer target: whatever the bytes of an image file, PNG, JPEG or IDX, plain or gzip, it is
 * refused with a message or gives pixels all of which can be read. Checksums of PNG are mended
 * after each mutation: else hardly one would come behind them. */
#include "fuzz.h"

#include <zlib.h>

#include "maskinfo/data.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t capacity);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed);

static size_t big_endian(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

/* A chunk is a length, four letters, the data and the CRC-32 of letters and data. */
static void mend_png(uint8_t *bytes, size_t size)
{
    size_t at = 8;
    while (size >= 12 && at <= size - 12 && big_endian(bytes + at) <= size - at - 12) {
        size_t length = big_endian(bytes + at);
        unsigned long sum = crc32(0, bytes + at + 4, (uInt)length + 4);
        for (size_t i = 0; i < 4; i++) {
            bytes[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        }
        at += length + 12;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed)
{
    size = LLVMFuzzerMutate(bytes, size, capacity);
    /* One in eight stays as it is: a wrong checksum must be refused too. */
    if (seed % 8 != 0 && size > 8 && memcmp(bytes, "\x89PNG", 4) == 0) {
        mend_png(bytes, size);
    }
    return size;
}

static void check_images(const mi_images *images)
{
    unsigned sum = 0;
    for (size_t i = 0; i < images->count; i++) {
        const mi_image *image = &images->items[i];
        require(image->rows > 0 && image->columns > 0);
        for (size_t k = 0; k < image->rows * image->columns * images->channels; k++) {
            sum += image->pixels[k];
        }
    }
    require(images->count > 0 && images->names != NULL && sum <= UINT32_MAX);
}

static void read_as(const char *path, bool color)
{
    char *paths[] = {(char *)path};
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    mi_code code = color ? mi_read_color_images(paths, 1, &images, &status)
                         : mi_read_images(paths, 1, &images, &status);
    if (code == MI_OK) {
        require(images->channels == (color ? MI_COLORS : 1));
        check_images(images);
    } else {
        require(images == NULL);
        require_refusal(code, &status, path);
    }
    mi_images_destroy(images);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *path = fuzz_file(bytes, size);
    read_as(path, false);
    read_as(path, true);
    return 0;
}
