/* Images with labels as a source. */
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "source.h"

enum { ARRAY_MEMORY = 1 << 28 }; /* a plain .npy file of more bytes is not loaded whole */

static mi_code read_array(const char *path, mi_images **ret_images, mi_status *status)
{
    mi_array *array = NULL;
    mi_images *images = NULL;
    mi_code code = mi_read_array(path, ARRAY_MEMORY, &array, status);
    if (code == MI_OK && array->dimensions < 3) {
        code = mi_fail(status, MI_INPUT,
                       "%s: an array of %d dimensions; images have 3, or 4 with channels", path,
                       array->dimensions);
        mi_array_destroy(array);
    } else if (code == MI_OK) {
        code = mi_array_images(array, 0, &images, status);
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

static mi_code check_sizes(const mi_images *images, mi_status *status)
{
    const mi_image *first = &images->items[0];
    for (size_t i = 1; i < images->count; i++) {
        if (images->items[i].rows != first->rows || images->items[i].columns != first->columns) {
            return mi_fail(status, MI_INPUT,
                           "%s: image %zu has %zu x %zu pixels, the first %zu x %zu: all must have "
                           "one size",
                           images->names[i], i + 1, images->items[i].rows, images->items[i].columns,
                           first->rows, first->columns);
        }
    }
    return MI_OK;
}

static mi_code read_labels(mi_source *source, const char *path, mi_status *status)
{
    size_t count = 0;
    mi_code code = mi_read_labels(path, &source->labels, &count, &source->shape.classes, status);
    if (code == MI_OK && count != source->images->count) {
        code = mi_fail(status, MI_INPUT, "%s: %zu labels for %zu images", path, count,
                       source->images->count);
    }
    source->shape.labelled = true;
    return code;
}

mi_code mi_source_image(const mi_source *source, size_t index, double *values, mi_status *status)
{
    const mi_images *images = source->images;
    const mi_unit *units = images->opt_units;
    size_t columns = source->shape.columns, channels = images->channels;
    mi_code code = MI_OK;
    for (size_t r = 0; r < source->shape.rows && code == MI_OK; r++) {
        code = mi_image_line(images, index, r, 0, columns, values + r * columns * channels, status);
    }
    for (size_t i = 0; units != NULL && i < source->values && code == MI_OK; i++) {
        values[i] = (values[i] - units[i % channels].offset) / units[i % channels].scale;
    }
    return code;
}

/* Sums over the images of values and their squares less those of the first image, (values) each. */
static mi_code sum_images(const mi_source *source, double *first, double *values, double *sum,
                          double *squares, mi_status *status)
{
    mi_code code = mi_source_image(source, 0, first, status);
    for (size_t i = 0; i < source->images->count && code == MI_OK; i++) {
        code = mi_source_image(source, i, values, status);
        for (size_t v = 0; v < source->values && code == MI_OK; v++) {
            sum[v] += values[v] - first[v];
            squares[v] += gsl_pow_2(values[v] - first[v]);
        }
    }
    return code;
}

/* Mean, and the root of the mean over places of the variance there, of all images. */
static mi_code find_scale(mi_source *source, mi_status *status)
{
    size_t n = source->values;
    double *first = NULL, count = (double)source->images->count, mean = 0, variance = 0;
    mi_code code = mi_allocate(4 * n, sizeof *first, &first, status);
    if (code == MI_OK) {
        double *sum = first + 2 * n, *squares = first + 3 * n;
        code = sum_images(source, first, first + n, sum, squares, status);
        for (size_t v = 0; v < n; v++) {
            mean += (first[v] + sum[v] / count) / (double)n;
            variance += fmax(0, squares[v] / count - gsl_pow_2(sum[v] / count)) / (double)n;
        }
        source->shape.mean = mean;
        source->shape.deviation = variance > 0 ? sqrt(variance) : 1;
    }
    free(first);
    return code;
}

static mi_code fill(mi_source *source, char *const *paths, size_t path_count,
                    const char *opt_labels_path, mi_status *status)
{
    bool array = path_count == 1 && mi_is_npy(paths[0]);
    mi_code code = array ? read_array(paths[0], &source->images, status)
                         : mi_read_images(paths, path_count, &source->images, status);
    if (code == MI_OK) {
        code = check_sizes(source->images, status);
    }
    if (code != MI_OK) {
        return code;
    }
    source->shape = (mi_source_shape){.rows = source->images->items[0].rows,
                                      .columns = source->images->items[0].columns,
                                      .channels = source->images->channels,
                                      .site = 1,
                                      .data = true};
    source->values = source->shape.rows * source->shape.columns * source->shape.channels;
    if (opt_labels_path != NULL) {
        code = read_labels(source, opt_labels_path, status);
    }
    return code == MI_OK ? find_scale(source, status) : code;
}

mi_code mi_source_of_images(char *const *paths, size_t path_count, const char *opt_labels_path,
                            mi_source **ret_source, mi_status *status)
{
    mi_source *source = NULL;
    mi_code code = mi_allocate(1, sizeof *source, &source, status);
    if (code == MI_OK) {
        code = fill(source, paths, path_count, opt_labels_path, status);
    }
    if (code != MI_OK) {
        mi_source_destroy(source);
        return code;
    }
    *ret_source = source;
    return MI_OK;
}
