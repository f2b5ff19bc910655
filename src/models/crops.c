#include "crops.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/random.h"

/* Crops that one unit of parallel work fills. */
enum { UNIT = 64 };

typedef struct place {
    size_t image, row, column; /* upper left pixel */
} place;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t row_places(const mi_area *area, mi_crop_shape shape)
{
    return area->rows - mi_crop_height(shape) + 1;
}

static size_t column_places(const mi_area *area, mi_crop_shape shape)
{
    return area->columns - mi_crop_width(shape) + 1;
}

static size_t crops_of_area(const mi_area *area, mi_crop_shape shape, size_t per_area)
{
    return smaller(per_area, row_places(area, shape) * column_places(area, shape));
}

/* How many areas give crops, how many each of them at most, and how many there are together. */
typedef struct plan {
    size_t areas, per_area, count;
} plan;

static plan make_plan(const mi_split *split, mi_split_part part, mi_crop_shape shape, size_t wanted)
{
    plan p = {.areas = smaller(wanted, split->count[part])};
    p.per_area = wanted / p.areas;
    for (size_t i = 0; i < p.areas; i++) {
        p.count += crops_of_area(&split->areas[part][i], shape, p.per_area);
    }
    return p;
}

/* Fitting and validation share a purpose and take even and odd indices. */
static void set_place_stream(gsl_rng *stream, const mi_run *run, mi_split_part part, size_t image)
{
    mi_purpose purpose =
        part == MI_PART_EVALUATION ? MI_PURPOSE_CROP_HELD_OUT : MI_PURPOSE_CROP_FIT;
    mi_stream_set(stream, run->seed, purpose, 2 * image + (part == MI_PART_VALIDATION));
}

static void draw_places(const mi_split *split, mi_split_part part, mi_crop_shape shape,
                        const plan *p, const mi_run *run, gsl_rng *stream, place *places,
                        size_t *areas)
{
    size_t crop = 0;
    for (size_t i = 0; i < p->areas; i++) {
        const mi_area *area = &split->areas[part][i];
        set_place_stream(stream, run, part, area->image);
        size_t count = crops_of_area(area, shape, p->per_area);
        for (size_t c = 0; c < count; c++, crop++) {
            places[crop].image = area->image;
            places[crop].row = area->row + gsl_rng_uniform_int(stream, row_places(area, shape));
            places[crop].column =
                area->column + gsl_rng_uniform_int(stream, column_places(area, shape));
            areas[crop] = i;
        }
    }
}

static bool overlaps(const place *crop, mi_crop_shape shape, const mi_area *area)
{
    return crop->row < area->row + area->rows && area->row < crop->row + mi_crop_height(shape) &&
           crop->column < area->column + area->columns &&
           area->column < crop->column + mi_crop_width(shape);
}

/* area_of is room for (images) indices: the image's validation area, or the number of areas. */
static void mark_apart(const mi_images *images, const mi_split *split, mi_crop_shape shape,
                       const place *places, size_t *area_of, mi_crops *crops)
{
    size_t areas = split->count[MI_PART_VALIDATION];
    for (size_t i = 0; i < images->count; i++) {
        area_of[i] = areas;
    }
    for (size_t i = 0; i < areas; i++) {
        area_of[split->areas[MI_PART_VALIDATION][i].image] = i;
    }
    for (size_t c = 0; c < crops->count; c++) {
        size_t i = area_of[places[c].image];
        crops->apart[c] =
            i == areas || !overlaps(&places[c], shape, &split->areas[MI_PART_VALIDATION][i]);
    }
}

typedef struct filling {
    const mi_images *images;
    mi_crop_shape shape;
    mi_split_part part;
    const mi_run *run;
    const place *places;
    mi_crops *crops;
} filling;

/* The value of one channel as a coordinate. */
static float coordinate_of(const mi_images *images, size_t channel, double value)
{
    const mi_unit *units = images->opt_units;
    return (float)(units == NULL ? value : (value - units[channel].offset) / units[channel].scale);
}

/* line is room for (width, channels) values. */
static mi_code fill_crop(const filling *f, size_t index, gsl_rng *stream, double *line,
                         mi_status *status)
{
    const place *from = &f->places[index];
    float *values = f->crops->values + index * f->crops->dimension;
    size_t width = mi_crop_width(f->shape), channels = f->shape.channels;
    bool whole = mi_images_whole(f->images);
    mi_stream_set(stream, f->run->seed, MI_PURPOSE_DITHER, MI_PARTS * index + f->part);
    for (size_t r = 0; r < mi_crop_height(f->shape); r++) {
        mi_code code =
            mi_image_line(f->images, from->image, from->row + r, from->column, width, line, status);
        if (code != MI_OK) {
            return code;
        }
        for (size_t i = 0; i < width * channels; i++) {
            double value = whole ? line[i] + gsl_rng_uniform(stream) - 0.5 : line[i];
            values[mi_crop_coordinate(f->shape, r, i / channels) + i % channels] =
                coordinate_of(f->images, i % channels, value);
        }
    }
    return MI_OK;
}

static mi_code fill_unit(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    const filling *f = context;
    gsl_rng *stream = NULL;
    double *line = NULL;
    size_t end = smaller((index + 1) * UNIT, f->crops->count);
    mi_code code =
        mi_allocate(mi_crop_width(f->shape) * f->shape.channels, sizeof *line, &line, status);
    if (code == MI_OK) {
        code = mi_stream_create(f->run->seed, MI_PURPOSE_DITHER, 0, &stream, status);
    }
    for (size_t c = index * UNIT; c < end && code == MI_OK; c++) {
        code = fill_crop(f, c, stream, line, status);
    }
    gsl_rng_free(stream);
    free(line);
    return code;
}

static mi_code crops_create(size_t count, size_t dimension, mi_crops **ret_crops, mi_status *status)
{
    mi_crops *crops = NULL;
    size_t size = 0;
    mi_code code = mi_product(count, dimension, &size, status);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *crops, &crops, status);
    }
    if (code == MI_OK) {
        crops->count = count;
        crops->dimension = dimension;
        code = mi_allocate(size, sizeof *crops->values, &crops->values, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *crops->area, &crops->area, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *crops->apart, &crops->apart, status);
    }
    if (code != MI_OK) {
        mi_crops_destroy(crops);
        return code;
    }
    *ret_crops = crops;
    return MI_OK;
}

/* Everything but the values. Room for the places and for the areas by image comes from the caller.
 */
static mi_code place_crops(const mi_images *images, const mi_split *split, mi_split_part part,
                           mi_crop_shape shape, const plan *p, const mi_run *run, place *places,
                           size_t *area_of, mi_crops *crops, mi_status *status)
{
    gsl_rng *stream = NULL;
    mi_code code = mi_stream_create(run->seed, MI_PURPOSE_CROP_FIT, 0, &stream, status);
    if (code != MI_OK) {
        return code;
    }
    draw_places(split, part, shape, p, run, stream, places, crops->area);
    gsl_rng_free(stream);
    if (part == MI_PART_FIT) {
        mark_apart(images, split, shape, places, area_of, crops);
    }
    return MI_OK;
}

mi_code mi_crops_draw(const mi_images *images, const mi_split *split, mi_split_part part,
                      mi_crop_shape shape, size_t wanted, const mi_run *run, mi_crops **ret_crops,
                      mi_status *status)
{
    plan p = make_plan(split, part, shape, wanted);
    mi_crops *crops = NULL;
    place *places = NULL;
    size_t *area_of = NULL;
    mi_code code = crops_create(p.count, mi_crop_dimension(shape), &crops, status);
    if (code == MI_OK) {
        code = mi_allocate(p.count, sizeof *places, &places, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(images->count, sizeof *area_of, &area_of, status);
    }
    if (code == MI_OK) {
        code = place_crops(images, split, part, shape, &p, run, places, area_of, crops, status);
    }
    if (code == MI_OK) {
        filling f = {images, shape, part, run, places, crops};
        code = mi_parallel_for(run, "cutting crops", (p.count + UNIT - 1) / UNIT, fill_unit, &f,
                               status);
    }
    free(places);
    free(area_of);
    if (code != MI_OK) {
        mi_crops_destroy(crops);
        return code;
    }
    *ret_crops = crops;
    return MI_OK;
}

mi_code mi_crops_thin(const mi_crops *crops, size_t wanted, mi_crops **ret_crops, mi_status *status)
{
    mi_crops *thin = NULL;
    size_t count = smaller(wanted, crops->count);
    mi_code code = crops_create(count, crops->dimension, &thin, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        size_t from = i * crops->count / count;
        memcpy(thin->values + i * crops->dimension, mi_crop(crops, from),
               crops->dimension * sizeof *thin->values);
        thin->area[i] = crops->area[from];
        thin->apart[i] = crops->apart[from];
    }
    *ret_crops = thin;
    return MI_OK;
}

void mi_crops_destroy(mi_crops *crops)
{
    if (crops == NULL) {
        return;
    }
    free(crops->values);
    free(crops->area);
    free(crops->apart);
    free(crops);
}
