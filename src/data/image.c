#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

mi_code mi_images_create(const char *name, size_t count, mi_images **ret_images, mi_status *status)
{
    mi_images *images = NULL;
    char *copy = NULL;
    mi_code code = mi_allocate(1, sizeof *images, &images, status);
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *images->items, &images->items, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *images->names, &images->names, status);
    }
    if (code == MI_OK && count > 0) {
        code = mi_copy_text(name, &copy, status);
    }
    if (code != MI_OK) {
        mi_images_destroy(images);
        return code;
    }
    images->count = count;
    images->channels = 1;
    for (size_t i = 0; i < count; i++) {
        images->names[i] = copy;
    }
    *ret_images = images;
    return MI_OK;
}

mi_code mi_image_is_grey(const char *name, mi_status *status)
{
    return mi_fail(status, MI_INPUT,
                   "%s: a grey image; with \"color\": true each must be a JPEG or PNG file of "
                   "several colour channels",
                   name);
}

mi_code mi_image_allocate(const char *name, size_t rows, size_t columns, size_t channels,
                          mi_image *image, mi_status *status)
{
    if (rows == 0 || columns == 0 || columns > MI_MAX_PIXELS / rows) {
        return mi_fail(
            status, MI_INPUT,
            "%s: an image of %zu x %zu pixels (rows x columns), 1 to %d pixels are legal", name,
            rows, columns, MI_MAX_PIXELS);
    }
    mi_code code = mi_allocate(rows * columns, channels, &image->pixels, status);
    if (code == MI_OK) {
        image->rows = rows;
        image->columns = columns;
    }
    return code;
}

mi_code mi_images_move(mi_images *to, mi_images *from, mi_status *status)
{
    size_t count = to->count + from->count;
    mi_code code = mi_resize(count, sizeof *to->items, &to->items, status);
    if (code == MI_OK) {
        code = mi_resize(count, sizeof *to->names, &to->names, status);
    }
    if (code != MI_OK) {
        return code;
    }
    memcpy(to->items + to->count, from->items, from->count * sizeof *to->items);
    memcpy(to->names + to->count, from->names, from->count * sizeof *to->names);
    to->count = count;
    from->count = 0;
    return MI_OK;
}

/* Images of one file share their name and stand side by side. */
void mi_images_destroy(mi_images *images)
{
    if (images == NULL) {
        return;
    }
    for (size_t i = 0; i < images->count; i++) {
        free(images->items[i].pixels);
        if (i == 0 || images->names[i] != images->names[i - 1]) {
            free(images->names[i]);
        }
    }
    free(images->items);
    free(images->names);
    free(images->opt_units);
    mi_array_destroy(images->opt_array);
    free(images);
}
