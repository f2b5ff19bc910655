#include "patch_examples.h"

#include <gsl/gsl_math.h>
#include <math.h>

#include "patch_part.h"

void mi_patch_data_free(mi_patch_data *data)
{
    mi_split_destroy(data->split);
    mi_image_part_destroy(data->part);
    mi_images_destroy(data->images);
}

/* Root of the mean over the channels of the squared step of whole numbers; 0: continuous. */
static double grain_of(const mi_images *images)
{
    double sum = 0;
    if (!mi_images_whole(images) || images->opt_units == NULL) {
        return mi_images_whole(images) ? 1 : 0;
    }
    for (size_t c = 0; c < images->channels; c++) {
        sum += gsl_pow_2(1 / images->opt_units[c].scale) / (double)images->channels;
    }
    return sqrt(sum);
}

/* Sums over the crops of one coordinate: its mean, and its squared deviations from there. */
static double coordinate_moments(const mi_crops *crops, size_t coordinate, double *ret_mean)
{
    double sum = 0, squares = 0, count = (double)crops->count;
    for (size_t c = 0; c < crops->count; c++) {
        sum += mi_crop(crops, c)[coordinate];
    }
    for (size_t c = 0; c < crops->count; c++) {
        squares += gsl_pow_2(mi_crop(crops, c)[coordinate] - sum / count);
    }
    *ret_mean = sum / count;
    return squares / count;
}

void mi_patch_data_scale(mi_patch_data *data, const mi_crops *fitting)
{
    double noise = gsl_pow_2(grain_of(data->images)) / 12, variance = 0, mean = 0;
    for (size_t i = 0; i < fitting->dimension; i++) {
        double here = 0;
        variance += coordinate_moments(fitting, i, &here) / (double)fitting->dimension;
        mean += here / (double)fitting->dimension;
    }
    data->mean = mean;
    data->deviation = sqrt(variance > 2 * noise ? variance - noise : variance);
}

mi_example_shape mi_patch_example_shape(const mi_patch_data *data, double log_unit)
{
    return (mi_example_shape){.rows = mi_crop_height(data->shape),
                              .columns = mi_crop_width(data->shape),
                              .channels = data->shape.channels,
                              .site_rows = data->shape.patch_height,
                              .site_columns = data->shape.patch_width,
                              .mean = data->mean,
                              .deviation = data->deviation,
                              .grain = grain_of(data->images),
                              .log_unit = log_unit,
                              .data = true};
}

mi_crop_place mi_patch_example_place(const mi_patch_data *data, mi_split_part part, gsl_rng *draw)
{
    const mi_split *split = data->split;
    const mi_area *area = &split->areas[part][gsl_rng_uniform_int(draw, split->count[part])];
    size_t down = area->rows - mi_crop_height(data->shape) + 1;
    size_t across = area->columns - mi_crop_width(data->shape) + 1;
    mi_crop_place place = {.image = area->image};
    place.row = area->row + gsl_rng_uniform_int(draw, down);
    place.column = area->column + gsl_rng_uniform_int(draw, across);
    return place;
}

mi_code mi_patch_example(const mi_patch_data *data, mi_split_part part, gsl_rng *draw,
                         double *values, mi_status *status)
{
    const mi_unit *units = data->part->opt_units;
    size_t height = mi_crop_height(data->shape), width = mi_crop_width(data->shape);
    size_t channels = data->shape.channels;
    mi_crop_place place = mi_patch_example_place(data, part, draw);
    mi_code code = MI_OK;
    for (size_t r = 0; r < height && code == MI_OK; r++) {
        code = mi_image_line(data->part, place.image, place.row + r, place.column, width,
                             values + r * width * channels, status);
    }
    for (size_t i = 0; i < height * width * channels && units != NULL && code == MI_OK; i++) {
        values[i] = (values[i] - units[i % channels].offset) / units[i % channels].scale;
    }
    return code;
}

void mi_patch_example_dither(const mi_patch_data *data, const double *values, gsl_rng *draw,
                             float *crop)
{
    const mi_unit *units = data->part->opt_units;
    size_t width = mi_crop_width(data->shape), channels = data->shape.channels;
    bool whole = mi_images_whole(data->part);
    for (size_t i = 0; i < mi_crop_dimension(data->shape); i++) {
        size_t pixel = i / channels, channel = i % channels;
        double scale = units == NULL ? 1 : units[channel].scale;
        double noise = whole ? (gsl_rng_uniform(draw) - 0.5) / scale : 0;
        crop[mi_crop_coordinate(data->shape, pixel / width, pixel % width) + channel] =
            (float)(values[i] + noise);
    }
}

void mi_patch_example_mean(const mi_patch_data *data, const unsigned char *masked,
                           const float *crop, const double *residual, const double *values,
                           double *mean)
{
    size_t width = mi_crop_width(data->shape), channels = data->shape.channels;
    for (size_t i = 0; i < mi_crop_dimension(data->shape); i++) {
        size_t pixel = i / channels;
        size_t at = mi_crop_coordinate(data->shape, pixel / width, pixel % width) + i % channels;
        mean[i] = masked[at / mi_crop_block(data->shape)] ? crop[at] - residual[at] : values[i];
    }
}
