/* libFuzzer target: whatever the bytes, mi_parse_npy refuses them with a message or gives an array
 * all of whose values can be read and are finite, and which then is refused or makes images. */
#include "fuzz.h"

#include <math.h>

#include "maskinfo/data.h"

static void check_array(const mi_array *array, size_t size)
{
    size_t product = 1;
    for (int d = 0; d < array->dimensions; d++) {
        product *= array->shape[d];
    }
    require(product == array->count && array->offset + array->count * array->width == size);
    for (size_t i = 0; i < array->count; i++) {
        double value = NAN;
        require(mi_array_read(array, i, 1, 1, &value, NULL) == MI_OK && isfinite(value));
    }
}

/* Every value of the last image. */
static void check_images(const mi_images *images)
{
    const mi_image *last = &images->items[images->count - 1];
    double *line = malloc(last->columns * images->channels * sizeof *line);
    require(line != NULL);
    for (size_t row = 0; row < last->rows; row++) {
        require(mi_image_line(images, images->count - 1, row, 0, last->columns, line, NULL) ==
                MI_OK);
    }
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    mi_array *array = NULL;
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_parse_npy("fuzz", bytes, size, &array, &status);
    if (code != MI_OK) {
        require(array == NULL && code == MI_INPUT && strstr(status.message, "fuzz: ") != NULL);
        return 0;
    }
    check_array(array, size);
    if (mi_array_images(array, 2, &images, &status) == MI_OK) {
        check_images(images);
        code = mi_images_standardise(images, &status);
        require(code == MI_OK || (code == MI_INPUT && strstr(status.message, "fuzz: ") != NULL));
    }
    mi_images_destroy(images);
    return 0;
}
