#include "patch_source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dense.h"
#include "maskinfo/memory.h"
#include "shrinkage.h"

/* Crops that a stretch of a series is long at least, so that each can be split by region. */
enum { STRETCH_CROPS = 5 };

/* The conditional variance of a value must be this much above the noise floor. */
static const double above_floor = 4;

static mi_code place_at(mi_code code, const char *place, mi_status *status)
{
    if (code == MI_INPUT && status != NULL) {
        snprintf(status->place, sizeof status->place, "%s", place);
    }
    return code;
}

static mi_code read_array(const char *path, size_t stretch, mi_images **ret_images,
                          mi_status *status)
{
    mi_array *array = NULL;
    mi_images *images = NULL;
    mi_code code = mi_read_array(path, MI_ARRAY_MEMORY, &array, status);
    if (code == MI_OK) {
        code = mi_array_images(array, stretch, &images, status);
    }
    if (code == MI_OK) {
        code = mi_images_standardise(images, status);
    }
    if (code != MI_OK) {
        mi_images_destroy(images);
        return code;
    }
    *ret_images = images;
    return MI_OK;
}

static mi_code read_files(const mi_value *paths, bool color, mi_images **ret_images,
                          mi_status *status)
{
    return color ? mi_read_color_images(paths->paths, paths->path_count, ret_images, status)
                 : mi_read_images(paths->paths, paths->path_count, ret_images, status);
}

static mi_code check_grid(const mi_images *images, mi_crop_shape shape, mi_status *status)
{
    if (images->series && (shape.rows != 1 || shape.columns < 2)) {
        return mi_fail_at(status, "grid",
                          "[%zu, %zu], but %s is a series in time, of which a crop is one row: "
                          "[1, L] with L at least 2 is legal",
                          shape.rows, shape.columns, images->opt_array->name);
    }
    if (!images->series && (shape.rows < 2 || shape.columns < 2)) {
        return mi_fail_at(status, "grid",
                          "[%zu, %zu]: of images at least [2, 2] is legal ([1, L] is for a series "
                          "in time, a .npy array of one or two dimensions)",
                          shape.rows, shape.columns);
    }
    return MI_OK;
}

static mi_crop_shape shape_of(const size_t *grid, size_t patch, const mi_images *images)
{
    return (mi_crop_shape){.rows = grid[0],
                           .columns = grid[1],
                           .patch_height = images->series ? 1 : patch,
                           .patch_width = patch,
                           .channels = images->channels};
}

static mi_code check_dimension(const mi_images *images, mi_crop_shape shape, size_t most,
                               mi_status *status)
{
    const size_t grid[2] = {shape.rows, shape.columns};
    size_t patch = 1;
    if (mi_crop_dimension(shape) <= most) {
        return MI_OK;
    }
    while (mi_crop_dimension(shape_of(grid, patch, images)) <= most) {
        patch++;
    }
    if (patch == 1) {
        return mi_fail_at(status, "grid",
                          "[%zu, %zu] makes %zu dimensions (%zu values at a place), at most %zu "
                          "are possible: a smaller grid is needed",
                          shape.rows, shape.columns, mi_crop_dimension(shape), shape.channels,
                          most);
    }
    return mi_fail_at(
        status, "patch",
        "%zu pixels a side on a grid of %zu x %zu make %zu dimensions, at most %zu are "
        "possible: a patch of at most %zu fits this grid",
        shape.patch_width, shape.rows, shape.columns, mi_crop_dimension(shape), most, patch - 1);
}

mi_code mi_patch_source_read(const mi_values *values, size_t max_dimension, mi_images **ret_images,
                             mi_crop_shape *ret_shape, mi_status *status)
{
    const mi_value *paths = mi_values_find(values, "images");
    const size_t *grid = mi_values_find(values, "grid")->grid;
    size_t patch = mi_count(values, "patch");
    mi_images *images = NULL;
    bool color = mi_given(values, "color") && mi_true(values, "color");
    bool array = paths->path_count == 1 && mi_is_npy(paths->paths[0]);
    if (array && color) {
        return mi_fail_at(status, "color",
                          "true, but %s is a .npy array, whose channels are all used as they are: "
                          "false is legal",
                          paths->paths[0]);
    }
    mi_code code =
        array ? read_array(paths->paths[0], STRETCH_CROPS * patch * grid[1], &images, status)
              : read_files(paths, color, &images, status);
    if (code != MI_OK) {
        return place_at(code, "images", status);
    }
    *ret_shape = shape_of(grid, patch, images);
    code = check_grid(images, *ret_shape, status);
    if (code == MI_OK) {
        code = check_dimension(images, *ret_shape, max_dimension, status);
    }
    if (code != MI_OK) {
        mi_images_destroy(images);
        return code;
    }
    *ret_images = images;
    return MI_OK;
}

double mi_patch_log_unit(const mi_images *images, mi_crop_shape shape)
{
    double sum = 0;
    for (size_t i = 0; images->opt_units != NULL && i < shape.channels; i++) {
        sum += log(images->opt_units[i].scale);
    }
    return sum * (double)(shape.patch_height * shape.patch_width);
}

/* Where in the crop a coordinate is. */
typedef struct position {
    size_t row, column, channel;
} position;

static position position_of(mi_crop_shape shape, size_t coordinate)
{
    size_t site = coordinate / mi_crop_block(shape), pixel = coordinate % mi_crop_block(shape);
    position p = {.channel = pixel % shape.channels};
    pixel /= shape.channels;
    p.row = site / shape.columns * shape.patch_height + pixel / shape.patch_width;
    p.column = site % shape.columns * shape.patch_width + pixel % shape.patch_width;
    return p;
}

mi_code mi_patch_check_varied(const mi_images *images, mi_crop_shape shape, const mi_crops *fitting,
                              mi_status *status)
{
    for (size_t i = 0; !mi_images_whole(images) && i < fitting->dimension; i++) {
        size_t c = 1;
        while (c < fitting->count && mi_crop(fitting, c)[i] == mi_crop(fitting, 0)[i]) {
            c++;
        }
        if (c == fitting->count) {
            position p = position_of(shape, i);
            return mi_fail_at(status, "images",
                              "%s: the value at row %zu, column %zu, channel %zu of a crop "
                              "(counted from 0) is the same in all %zu crops for fitting: the data "
                              "do not determine a density; crops from where the data vary are "
                              "needed, or whole numbers, to which noise of one level is added",
                              images->opt_array->name, p.row, p.column, p.channel, c);
        }
    }
    return MI_OK;
}

/* What to do about data that determine a value. */
static const char *advice(const mi_patch_fit *fit, char *text, size_t size)
{
    if (fit->crops > fit->dimension) {
        return "give data with their noise, not smoothed, resampled or padded";
    }
    snprintf(text, size,
             "there are only %zu different crops of %zu values: more images, a smaller grid or "
             "patch, or a shrinkage above 0 is needed",
             fit->crops, fit->dimension);
    return text;
}

/* The variance of a value given all others is one over the diagonal of the inverse covariance. */
static mi_code check_factor(const mi_images *images, mi_crop_shape shape, const mi_patch_fit *fit,
                            const double *inverse, mi_status *status)
{
    size_t n = fit->dimension;
    double floor = 0;
    for (size_t i = 0; i < n; i++) {
        floor += MI_NOISE_FLOOR * fit->covariance[i * n + i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double precision = 0;
        for (size_t k = i; k < n; k++) {
            precision += inverse[k + i * n] * inverse[k + i * n];
        }
        if (1 / precision < above_floor * floor) {
            char text[160];
            position p = position_of(shape, i);
            return mi_fail_at(status, "images",
                              "%s: the other values determine the one at row %zu, column %zu, "
                              "channel %zu of a crop (counted from 0) up to %.1e of the mean "
                              "variance, the noise floor: the data do not determine an "
                              "information; %s",
                              images->opt_array->name, p.row, p.column, p.channel,
                              MI_NOISE_FLOOR / (precision * floor), advice(fit, text, sizeof text));
        }
    }
    return MI_OK;
}

mi_code mi_patch_check_determined(const mi_images *images, mi_crop_shape shape,
                                  const mi_patch_fit *fit, mi_status *status)
{
    size_t n = fit->dimension;
    double *factor = NULL;
    if (mi_images_whole(images)) {
        return MI_OK;
    }
    mi_code code = mi_allocate(n * n, sizeof *factor, &factor, status);
    if (code == MI_OK) {
        memcpy(factor, fit->covariance, n * n * sizeof *factor);
        code = mi_cholesky(factor, n, status);
    }
    if (code == MI_OK) {
        code = mi_invert_lower(factor, n, status);
    }
    if (code == MI_OK) {
        code = check_factor(images, shape, fit, factor, status);
    }
    free(factor);
    return code;
}

static bool is_constant(const mi_image *image, size_t channels)
{
    size_t count = image->rows * image->columns * channels;
    return memcmp(image->pixels, image->pixels + channels, count - channels) == 0;
}

static void constant_remark(const mi_images *images, char *text, size_t size)
{
    size_t constant = 0, first = 0;
    for (size_t i = images->count; i-- > 0;) {
        if (is_constant(&images->items[i], images->channels)) {
            constant++;
            first = i;
        }
    }
    if (constant > 0) {
        snprintf(text, size, "%zu of %zu images are of one %s (the first: image %zu, %s); ",
                 constant, images->count, images->channels > 1 ? "colour" : "grey level", first + 1,
                 images->names[first]);
    }
}

void mi_patch_source_remark(const mi_images *images, char *text, size_t size)
{
    char array[120];
    text[0] = 0;
    if (images->opt_array == NULL) {
        constant_remark(images, text, size);
        return;
    }
    size_t whole = images->opt_array->shape[0];
    int used =
        snprintf(text, size, "array %s%s; ", mi_array_text(images->opt_array, array, sizeof array),
                 images->opt_array->opt_block == NULL
                     ? ", too large to load: only what the crops cover was read"
                     : "");
    if (!images->series && images->count < whole && used > 0 && (size_t)used < size) {
        snprintf(text + used, size - (size_t)used, "%zu of its %zu images, evenly spaced; ",
                 images->count, whole);
    }
}
