#include "split.h"

#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/random.h"

/* A split by image needs two images to fit on, one of them for validation, and two to evaluate on,
 * because the error is taken between images; a split by region needs two. */
enum { MIN_IMAGES = 4, MIN_IMAGES_BY_REGION = 2 };

/* Cuts at 2/5 and 3/5 leave validation a fifth of the longer side, the smallest of the parts. */
enum { SMALLEST_SHARE = 5 };

static bool cuts_rows(const mi_image *image)
{
    return image->rows > image->columns;
}

static bool holds_crop(const mi_image *image, mi_crop_shape shape)
{
    return image->rows >= mi_crop_height(shape) && image->columns >= mi_crop_width(shape);
}

static bool divides_by_region(const mi_image *image, mi_crop_shape shape)
{
    size_t row_parts = cuts_rows(image) ? SMALLEST_SHARE : 1;
    size_t column_parts = cuts_rows(image) ? 1 : SMALLEST_SHARE;
    return image->rows >= row_parts * mi_crop_height(shape) &&
           image->columns >= column_parts * mi_crop_width(shape);
}

static mi_code check_holds_crop(const mi_images *images, mi_crop_shape shape, mi_status *status)
{
    for (size_t i = 0; i < images->count; i++) {
        if (!holds_crop(&images->items[i], shape)) {
            return mi_fail_at(status, "images",
                              "image %zu, %s, has %zu x %zu pixels (rows x columns), but a crop of "
                              "this grid and patch needs at least %zu x %zu",
                              i + 1, images->names[i], images->items[i].rows,
                              images->items[i].columns, mi_crop_height(shape),
                              mi_crop_width(shape));
        }
    }
    return MI_OK;
}

/* The first image that a split by region can not cut, or images->count. */
static size_t first_undivided(const mi_images *images, mi_crop_shape shape)
{
    size_t i = 0;
    while (i < images->count && divides_by_region(&images->items[i], shape)) {
        i++;
    }
    return i;
}

static mi_code refuse_region(const mi_images *images, mi_crop_shape shape, size_t i,
                             mi_status *status)
{
    const mi_image *image = &images->items[i];
    size_t height = mi_crop_height(shape), width = mi_crop_width(shape);
    if (image->rows == height && image->columns == width) {
        return mi_fail_at(status, "split",
                          "\"region\" is not possible: image %zu, %s, has %zu x %zu pixels, which "
                          "is exactly one crop; such images can only be split by \"image\"",
                          i + 1, images->names[i], image->rows, image->columns);
    }
    return mi_fail_at(status, "split",
                      "\"region\" is not possible: image %zu, %s, has %zu x %zu pixels (rows x "
                      "columns); a crop of %zu x %zu in each part needs at least %zu x %zu or "
                      "%zu x %zu; legal here: \"image\"",
                      i + 1, images->names[i], image->rows, image->columns, height, width,
                      SMALLEST_SHARE * height, width, height, SMALLEST_SHARE * width);
}

static mi_code check_image_count(const mi_images *images, mi_split_kind kind, mi_status *status)
{
    size_t least = kind == MI_SPLIT_IMAGE ? MIN_IMAGES : MIN_IMAGES_BY_REGION;
    if (images->count < least) {
        return mi_fail_at(status, "images",
                          "%zu image%s for a split by %s, which needs at least %zu, because errors "
                          "are taken between images",
                          images->count, images->count == 1 ? "" : "s",
                          kind == MI_SPLIT_IMAGE ? "image" : "region", least);
    }
    return MI_OK;
}

static mi_code resolve_kind(const mi_images *images, mi_crop_shape shape, mi_split_kind *kind,
                            mi_status *status)
{
    mi_code code = check_holds_crop(images, shape, status);
    if (code != MI_OK) {
        return code;
    }
    size_t undivided = first_undivided(images, shape);
    if (*kind == MI_SPLIT_REGION && undivided < images->count) {
        return refuse_region(images, shape, undivided, status);
    }
    if (*kind == MI_SPLIT_AUTO) {
        *kind = undivided == images->count ? MI_SPLIT_REGION : MI_SPLIT_IMAGE;
    }
    return check_image_count(images, *kind, status);
}

/* The fifths [from, to) of an image along its longer side. */
static mi_area slice(const mi_images *images, size_t index, size_t from, size_t to)
{
    const mi_image *image = &images->items[index];
    mi_area area = {.image = index, .rows = image->rows, .columns = image->columns};
    if (cuts_rows(image)) {
        area.row = image->rows * from / 5;
        area.rows = image->rows * to / 5 - area.row;
    } else {
        area.column = image->columns * from / 5;
        area.columns = image->columns * to / 5 - area.column;
    }
    return area;
}

static void append(mi_split *split, mi_split_part part, mi_area area)
{
    split->areas[part][split->count[part]++] = area;
}

static void split_by_region(const mi_images *images, mi_split *split)
{
    for (size_t i = 0; i < images->count; i++) {
        append(split, MI_PART_FIT, slice(images, i, 0, 3));
        append(split, MI_PART_VALIDATION, slice(images, i, 2, 3));
        append(split, MI_PART_EVALUATION, slice(images, i, 3, 5));
    }
}

static void split_by_image(const mi_images *images, const size_t *order, mi_split *split)
{
    size_t fitting = images->count * 3 / 5;
    for (size_t i = 0; i < images->count; i++) {
        mi_area whole = slice(images, order[i], 0, 5);
        append(split, i < fitting ? MI_PART_FIT : MI_PART_EVALUATION, whole);
        if (i < fitting && i % 3 == 1) {
            append(split, MI_PART_VALIDATION, whole);
        }
    }
}

static mi_code draw_split_by_image(const mi_images *images, const mi_run *run, mi_split *split,
                                   mi_status *status)
{
    size_t *order = NULL;
    gsl_rng *stream = NULL;
    mi_code code = mi_allocate(images->count, sizeof *order, &order, status);
    if (code == MI_OK) {
        code = mi_stream_create(run->seed, MI_PURPOSE_CROP_HELD_OUT, UINT64_MAX, &stream, status);
    }
    if (code == MI_OK) {
        mi_random_order(stream, order, images->count);
        split_by_image(images, order, split);
        gsl_rng_free(stream);
    }
    free(order);
    return code;
}

mi_code mi_split_create(const mi_images *images, mi_crop_shape shape, mi_split_kind kind,
                        const mi_run *run, mi_split **ret_split, mi_status *status)
{
    mi_split *split = NULL;
    mi_code code = resolve_kind(images, shape, &kind, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_allocate(1, sizeof *split, &split, status);
    for (int part = 0; code == MI_OK && part < MI_PARTS; part++) {
        code = mi_allocate(images->count, sizeof(mi_area), &split->areas[part], status);
    }
    if (code == MI_OK) {
        split->kind = kind;
        if (kind == MI_SPLIT_REGION) {
            split_by_region(images, split);
        } else {
            code = draw_split_by_image(images, run, split, status);
        }
    }
    if (code != MI_OK) {
        mi_split_destroy(split);
        return code;
    }
    *ret_split = split;
    return MI_OK;
}

void mi_split_destroy(mi_split *split)
{
    if (split == NULL) {
        return;
    }
    for (int part = 0; part < MI_PARTS; part++) {
        free(split->areas[part]);
    }
    free(split);
}
