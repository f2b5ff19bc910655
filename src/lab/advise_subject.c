/* The data of an advice: how much there is, and into which sites it is cut. */
#include <gsl/gsl_math.h>
#include <stdlib.h>

#include "advise.h"
#include "maskinfo/data.h"

enum {
    MOST_SITES = 14, /* a side of the grid, as a ViT/16 has on 224 pixels */
    MOST_STEPS = 64, /* sites of a series */
    FEWEST_STEPS = 4,
    LONG_PATCH = 2, /* the patch chosen, at most: larger ones are hard to fit a density to */
    QUICK_DIMENSION = 1024, /* values of a crop where nothing is asked for: seconds */
    MOST_DIMENSION = 4096,  /* what the model can hold */
    SERIES_SHARE = 100      /* a series is this many crops long at least */
};

const double mi_advice_held_out = 0.2;

static mi_code read_text(const char *path, mi_subject *s, mi_status *status)
{
    unsigned char *symbols = NULL;
    mi_code code = mi_read_letters(path, 1, &symbols, &s->letters, status);
    free(symbols);
    s->text = true;
    s->held_out_windows =
        (size_t)(mi_advice_held_out * (double)s->letters / (double)MI_ADVICE_LENGTH);
    return code;
}

static void widen(mi_subject *s, const mi_image *image, bool first)
{
    const size_t size[2] = {image->rows, image->columns};
    for (int side = 0; side < 2; side++) {
        s->low[side] = first ? size[side] : GSL_MIN(s->low[side], size[side]);
        s->high[side] = first ? size[side] : GSL_MAX(s->high[side], size[side]);
    }
}

static mi_code read_images(const char *path, mi_subject *s, mi_status *status)
{
    mi_images *images = NULL;
    char *paths[] = {(char *)path};
    mi_code code = mi_read_images(paths, 1, &images, status);
    for (size_t i = 0; code == MI_OK && i < images->count; i++) {
        widen(s, &images->items[i], i == 0);
    }
    s->images = code == MI_OK ? images->count : 0;
    s->channels = 1;
    mi_images_destroy(images);
    return code;
}

static mi_code read_array(const char *path, mi_subject *s, mi_status *status)
{
    mi_array *array = NULL;
    mi_code code = mi_read_array(path, 0, &array, status);
    if (code != MI_OK) {
        return code;
    }
    s->series = array->dimensions < 3;
    if (s->series) {
        s->steps = array->shape[0];
        s->channels = array->dimensions == 2 ? array->shape[1] : 1;
    } else {
        s->images = array->shape[0];
        s->low[0] = s->high[0] = array->shape[1];
        s->low[1] = s->high[1] = array->shape[2];
        s->channels = array->dimensions == 4 ? array->shape[3] : 1;
    }
    mi_array_destroy(array);
    return MI_OK;
}

static size_t dimension(const mi_subject *s)
{
    return s->grid[0] * s->grid[1] * s->channels * (s->series ? s->patch : s->patch * s->patch);
}

/* Sites that fit the smallest image, at most MOST_SITES a side. */
static void set_grid(mi_subject *s)
{
    for (int side = 0; side < 2; side++) {
        s->grid[side] = GSL_MIN((size_t)MOST_SITES, s->low[side] / s->patch);
    }
}

static void shrink_grid(mi_subject *s, size_t most)
{
    while (dimension(s) > most && (s->grid[0] > 2 || s->grid[1] > 2)) {
        s->grid[s->grid[0] > s->grid[1] ? 0 : 1]--;
    }
}

static void cut_images(mi_subject *s)
{
    if (s->patch_asked) {
        set_grid(s);
        shrink_grid(s, MOST_DIMENSION);
        return;
    }
    for (s->patch = LONG_PATCH; s->patch > 1; s->patch--) {
        set_grid(s);
        bool whole = GSL_MIN(s->low[0], s->low[1]) >= MOST_SITES * s->patch;
        if (whole && dimension(s) <= QUICK_DIMENSION) {
            return;
        }
    }
    set_grid(s);
    shrink_grid(s, QUICK_DIMENSION);
}

bool mi_subject_refine(mi_subject *s)
{
    if (s->text || s->series || s->patch_asked || s->patch < 2) {
        return false;
    }
    s->patch /= 2;
    set_grid(s);
    shrink_grid(s, QUICK_DIMENSION);
    return true;
}

static mi_code check_images(const mi_subject *s, mi_status *status)
{
    size_t side = GSL_MIN(s->low[0], s->low[1]);
    if (s->grid[0] < 2 || s->grid[1] < 2) {
        return s->patch_asked && side >= 2
                   ? mi_fail(status, MI_INPUT,
                             "--patch %zu: %s has images of %zu x %zu pixels, which hold fewer "
                             "than 2 x 2 such patches; must be in [1, %zu]",
                             s->patch, s->path, s->low[0], s->low[1], side / 2)
                   : mi_fail(status, MI_INPUT,
                             "%s: an image of %zu x %zu pixels; at least 2 x 2 are needed", s->path,
                             s->low[0], s->low[1]);
    }
    return dimension(s) <= MOST_DIMENSION
               ? MI_OK
               : mi_fail(status, MI_INPUT,
                         "%s: 2 x 2 patches of %zu x %zu pixels and %zu channels are %zu values, "
                         "at most %d are possible: a smaller --patch, or fewer channels",
                         s->path, s->patch, s->patch, s->channels, dimension(s), MOST_DIMENSION);
}

static void cut_series(mi_subject *s)
{
    s->patch = s->patch_asked ? s->patch : 1;
    size_t most = s->patch_asked ? MOST_DIMENSION : QUICK_DIMENSION;
    size_t by_length = GSL_MAX((size_t)FEWEST_STEPS, s->steps / (SERIES_SHARE * s->patch));
    size_t by_values = GSL_MAX((size_t)2, most / (s->patch * s->channels));
    s->grid[0] = 1;
    s->grid[1] = GSL_MIN(GSL_MIN((size_t)MOST_STEPS, by_length), by_values);
}

static mi_code check_series(const mi_subject *s, mi_status *status)
{
    return dimension(s) <= MOST_DIMENSION
               ? MI_OK
               : mi_fail(status, MI_INPUT,
                         "%s: 2 patches of %zu steps of %zu features are %zu values, at most %d "
                         "are possible: a smaller --patch, or fewer features",
                         s->path, s->patch, s->channels, dimension(s), MOST_DIMENSION);
}

static mi_code check_options(const mi_advice_options *o, const mi_subject *s, mi_status *status)
{
    if (o->patch > 0 && s->text) {
        return mi_fail(status, MI_INPUT,
                       "--patch %zu: %s is a text, which has no patches; --order "
                       "is for texts",
                       o->patch, o->path);
    }
    if (o->order > 0 && !s->text) {
        return mi_fail(status, MI_INPUT,
                       "--order %zu: %s is no text (%s); --patch is for images "
                       "and arrays",
                       o->order, o->path, mi_data_kind_name(s->kind));
    }
    return MI_OK;
}

mi_code mi_subject_read(const mi_advice_options *o, mi_subject *ret_subject, mi_status *status)
{
    mi_subject s = {.path = o->path, .patch = o->patch, .patch_asked = o->patch > 0};
    mi_code code = mi_data_sniff(o->path, &s.kind, status);
    if (code == MI_OK) {
        code = s.kind == MI_DATA_TEXT  ? read_text(o->path, &s, status)
               : s.kind == MI_DATA_NPY ? read_array(o->path, &s, status)
                                       : read_images(o->path, &s, status);
    }
    if (code == MI_OK) {
        code = check_options(o, &s, status);
    }
    if (code == MI_OK && s.series) {
        cut_series(&s);
        code = check_series(&s, status);
    } else if (code == MI_OK && !s.text) {
        cut_images(&s);
        code = check_images(&s, status);
    }
    *ret_subject = s;
    return code;
}
