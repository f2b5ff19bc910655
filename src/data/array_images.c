/* Arrays as images or stretches of a series, and the units of their channels. */
#include <math.h>
#include <stdlib.h>

#include "array.h"
#include "image.h"
#include "maskinfo/memory.h"

enum {
    MAX_ITEMS = 1 << 18,    /* images of an array: more tell nothing more, and each costs memory */
    MAX_CHANNELS = 1 << 12, /* the dimensions of the largest density */
    STRETCHES = 20,
    LOOKED_AT = 64, /* images, and lines of each, that units are taken from */
    LINES = 16,
    LINE_PIXELS = 1 << 12,
    PRODUCTS = 1 << 30 /* of two channels at a pixel: a second of work */
};

/* What a standardised channel must keep when all others are known: the noise floor that densities
 * are given (models/shrinkage.h) would otherwise be all that is left of it. */
static const double least_share = 1e-8;

static mi_code take_images(mi_array *array, mi_images **ret_images, mi_status *status)
{
    const size_t *shape = array->shape, *stride = array->stride;
    size_t count = shape[0] < MAX_ITEMS ? shape[0] : MAX_ITEMS;
    if (shape[2] > MI_MAX_PIXELS / shape[1]) {
        return mi_fail(status, MI_INPUT,
                       "%s: images of %zu x %zu pixels, 1 to %d pixels are legal (a 3-dimensional "
                       "array is images x rows x columns)",
                       array->name, shape[1], shape[2], MI_MAX_PIXELS);
    }
    mi_code code = mi_images_create(array->name, count, ret_images, status);
    for (size_t i = 0; code == MI_OK && i < count; i++) {
        size_t from = i * (shape[0] / count) + i * (shape[0] % count) / count;
        (*ret_images)->items[i] =
            (mi_image){.rows = shape[1], .columns = shape[2], .first = from * stride[0]};
    }
    if (code == MI_OK) {
        mi_images *images = *ret_images;
        images->row_step = stride[1];
        images->column_step = stride[2];
        images->channels = array->dimensions == 4 ? shape[3] : 1;
        images->channel_step = array->dimensions == 4 ? stride[3] : 0;
    }
    return code;
}

static mi_code take_stretches(mi_array *array, size_t stretch, mi_images **ret_images,
                              mi_status *status)
{
    size_t steps = array->shape[0];
    size_t count = steps / stretch < STRETCHES ? steps / stretch : STRETCHES;
    if (count < 2) {
        return mi_fail(status, MI_INPUT,
                       "%s: %zu steps in time; at least %zu are needed, two stretches of %zu each, "
                       "because errors are taken between stretches (a 2-dimensional array is time "
                       "x features)",
                       array->name, steps, 2 * stretch, stretch);
    }
    mi_code code = mi_images_create(array->name, count, ret_images, status);
    for (size_t i = 0; code == MI_OK && i < count; i++) {
        (*ret_images)->items[i] = (mi_image){
            .rows = 1, .columns = steps / count, .first = i * (steps / count) * array->stride[0]};
    }
    if (code == MI_OK) {
        mi_images *images = *ret_images;
        images->series = true;
        images->column_step = array->stride[0];
        images->channels = array->dimensions == 2 ? array->shape[1] : 1;
        images->channel_step = array->dimensions == 2 ? array->stride[1] : 0;
    }
    return code;
}

mi_code mi_array_images(mi_array *array, size_t stretch, mi_images **ret_images, mi_status *status)
{
    mi_images *images = NULL;
    mi_code code = array->dimensions > 2 ? take_images(array, &images, status)
                                         : take_stretches(array, stretch, &images, status);
    if (code == MI_OK && images->channels > MAX_CHANNELS) {
        code = mi_fail(status, MI_INPUT, "%s: %zu %s, at most %d are legal", array->name,
                       images->channels, images->series ? "features" : "channels", MAX_CHANNELS);
    }
    if (code != MI_OK) {
        mi_images_destroy(images);
        mi_array_destroy(array);
        return code;
    }
    images->opt_array = array;
    *ret_images = images;
    return MI_OK;
}

bool mi_images_whole(const mi_images *images)
{
    return images->opt_array == NULL || images->opt_array->number != MI_FLOATING;
}

mi_code mi_image_line(const mi_images *images, size_t image, size_t row, size_t column,
                      size_t count, double *values, mi_status *status)
{
    const mi_image *from = &images->items[image];
    const unsigned char *pixels = from->pixels;
    size_t channels = images->channels;
    if (pixels != NULL) {
        pixels += (row * from->columns + column) * channels;
        for (size_t i = 0; i < count * channels; i++) {
            values[i] = pixels[i];
        }
        return MI_OK;
    }
    size_t first = from->first + row * images->row_step + column * images->column_step;
    if (channels == 1) {
        return mi_array_read(images->opt_array, first, images->column_step, count, values, status);
    }
    if (images->channel_step == 1 && images->column_step == channels) {
        return mi_array_read(images->opt_array, first, 1, count * channels, values, status);
    }
    mi_code code = MI_OK;
    for (size_t c = 0; c < count && code == MI_OK; c++) {
        code = mi_array_read(images->opt_array, first + c * images->column_step,
                             images->channel_step, channels, values + c * channels, status);
    }
    return code;
}

/* Sums over the pixels that were looked at, shifted by the first of them. */
typedef struct moments {
    size_t channels, pixels;
    double *line;       /* (LINE_PIXELS, channels) */
    double *shift;      /* (channels) */
    double *sum;        /* (channels) */
    double *covariance; /* (channels, channels) sums of products, then their covariance */
} moments;

static void moments_free(moments *m)
{
    free(m->line);
    free(m->shift);
    free(m->covariance);
}

static mi_code moments_allocate(size_t channels, moments *m, mi_status *status)
{
    mi_code code = mi_allocate(LINE_PIXELS * channels, sizeof *m->line, &m->line, status);
    m->channels = channels;
    if (code == MI_OK) {
        code = mi_allocate(2 * channels, sizeof *m->shift, &m->shift, status);
        m->sum = m->shift + channels;
    }
    return code == MI_OK
               ? mi_allocate(channels * channels, sizeof *m->covariance, &m->covariance, status)
               : code;
}

static void add_pixel(moments *m, const double *values)
{
    for (size_t i = 0; m->pixels == 0 && i < m->channels; i++) {
        m->shift[i] = values[i];
    }
    m->pixels++;
    for (size_t i = 0; i < m->channels; i++) {
        double centred = values[i] - m->shift[i];
        m->sum[i] += centred;
        for (size_t j = 0; j <= i; j++) {
            m->covariance[i * m->channels + j] += centred * (values[j] - m->shift[j]);
        }
    }
}

static mi_code look_at_image(const mi_images *images, size_t image, size_t lines, size_t pixels,
                             moments *m, mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t r = 0; r < lines && code == MI_OK; r++) {
        size_t row = (2 * r + 1) * images->items[image].rows / (2 * lines);
        code = mi_image_line(images, image, row, 0, pixels, m->line, status);
        for (size_t p = 0; p < pixels && code == MI_OK; p++) {
            add_pixel(m, m->line + p * m->channels);
        }
    }
    return code;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Images of one array have one size. */
static mi_code look(const mi_images *images, moments *m, mi_status *status)
{
    size_t looked = smaller(images->count, LOOKED_AT);
    size_t lines = smaller(images->items[0].rows, LINES);
    size_t affordable = PRODUCTS / (m->channels * m->channels) / (looked * lines) + 1;
    size_t pixels = smaller(images->items[0].columns, smaller(affordable, LINE_PIXELS));
    mi_code code = MI_OK;
    for (size_t i = 0; i < looked && code == MI_OK; i++) {
        code = look_at_image(images, i * images->count / looked, lines, pixels, m, status);
    }
    return code;
}

static const char *channel_word(const mi_images *images)
{
    return images->series ? "feature" : "channel";
}

/* Noise of one level adds 1/12 where the values are whole numbers. */
static mi_code set_units(const mi_images *images, moments *m, mi_unit *units, mi_status *status)
{
    double n = (double)m->pixels, noise = mi_images_whole(images) ? 1.0 / 12 : 0;
    for (size_t i = 0; i < m->channels; i++) {
        double mean = m->sum[i] / n;
        double variance = m->covariance[i * m->channels + i] / n - mean * mean;
        if (!(variance > 0) || !isfinite(variance)) {
            return mi_fail(status, MI_INPUT,
                           "%s: %s %zu (counted from 0) is %g in all of %zu values: %s",
                           images->opt_array->name, channel_word(images), i, m->shift[i], m->pixels,
                           "nothing can be learnt about or from a constant; leave it out");
        }
        units[i] = (mi_unit){m->shift[i] + mean, sqrt(variance + noise)};
    }
    for (size_t i = 0; i < m->channels; i++) {
        for (size_t j = 0; j <= i; j++) {
            double *entry = &m->covariance[i * m->channels + j];
            double product = *entry / n - m->sum[i] / n * (m->sum[j] / n) + (i == j ? noise : 0);
            *entry = product / units[i].scale / units[j].scale;
        }
    }
    return MI_OK;
}

/* The earlier channel that is most like channel i. */
static size_t nearest_channel(const double *row, size_t i)
{
    size_t best = 0;
    for (size_t j = 1; j < i; j++) {
        best = fabs(row[j]) > fabs(row[best]) ? j : best;
    }
    return best;
}

/* Row by row Cholesky factorisation in place, whose pivot is what of a channel the earlier ones
 * leave open. */
static mi_code check_dependence(const mi_images *images, moments *m, mi_status *status)
{
    size_t n = m->channels;
    for (size_t i = 0; i < n; i++) {
        double *row = m->covariance + i * n, pivot = row[i];
        size_t like = nearest_channel(row, i);
        double correlation = row[like];
        for (size_t j = 0; j < i; j++) {
            const double *other = m->covariance + j * n;
            for (size_t k = 0; k < j; k++) {
                row[j] -= row[k] * other[k];
            }
            row[j] /= other[j];
            pivot -= row[j] * row[j];
        }
        if (pivot < least_share) {
            return mi_fail(status, MI_INPUT,
                           "%s: %s %zu (counted from 0) is a linear function of those before it "
                           "(its correlation with %s %zu is %.9g): the data do not determine a "
                           "density; leave one of them out",
                           images->opt_array->name, channel_word(images), i, channel_word(images),
                           like, correlation);
        }
        row[i] = sqrt(pivot);
    }
    return MI_OK;
}

/* One byte is a grey level, with noise that is the unit of all channels. */
static void keep_levels(mi_unit *units, size_t channels)
{
    for (size_t i = 0; i < channels; i++) {
        units[i] = (mi_unit){0, 1};
    }
}

mi_code mi_images_standardise(mi_images *images, mi_status *status)
{
    moments m = {.channels = 0};
    mi_unit *units = NULL;
    mi_code code = moments_allocate(images->channels, &m, status);
    if (code == MI_OK) {
        code = mi_allocate(images->channels, sizeof *units, &units, status);
    }
    if (code == MI_OK) {
        code = look(images, &m, status);
    }
    if (code == MI_OK) {
        code = set_units(images, &m, units, status);
    }
    if (code == MI_OK && m.pixels > 2 * m.channels) {
        code = check_dependence(images, &m, status);
    }
    moments_free(&m);
    if (code != MI_OK) {
        free(units);
        return code;
    }
    if (images->opt_array->number == MI_UNSIGNED && images->opt_array->width == 1) {
        keep_levels(units, images->channels);
    }
    free(images->opt_units);
    images->opt_units = units;
    return MI_OK;
}
