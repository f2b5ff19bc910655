#include "source.h"

#include <stdlib.h>

#include "maskinfo/memory.h"

/* The shape of examples of a model that has only `sample`. */
static mi_example_shape plain_shape(mi_shape shape)
{
    return (mi_example_shape){.rows = shape.rows,
                              .columns = shape.columns,
                              .channels = 1,
                              .site_rows = 1,
                              .site_columns = 1,
                              .needs_scratch = true};
}

static mi_code check_model(const mi_model *model, mi_shape shape, mi_status *status)
{
    if (shape.sites == 0) {
        return mi_fail_at(status, "length",
                          "is 0 (infinite): examples of %s to train on need a finite length",
                          model->class->name);
    }
    if (model->class->example == NULL && (model->class->sample == NULL || shape.vocabulary == 0)) {
        return mi_fail(status, MI_INPUT, "%s can not be sampled: there is nothing to train on",
                       model->class->name);
    }
    return MI_OK;
}

static void describe(mi_source *source, mi_shape shape)
{
    const mi_example_shape *e = &source->example;
    source->values = e->rows * e->columns * e->channels;
    source->shape = (mi_source_shape){.discrete = shape.vocabulary > 0,
                                      .rows = e->rows,
                                      .columns = e->columns,
                                      .channels = e->channels,
                                      .site = e->site_columns,
                                      .vocabulary = shape.vocabulary,
                                      .labelled = e->classes > 0,
                                      .classes = e->classes,
                                      .data = e->data,
                                      .mean = e->mean,
                                      .deviation = e->deviation > 0 ? e->deviation : 1};
}

mi_code mi_source_create(const mi_model *model, const mi_run *run, mi_source **ret_source,
                         mi_status *status)
{
    (void)run;
    mi_source *source = NULL;
    mi_shape shape = model->class->shape(model->state);
    mi_code code = check_model(model, shape, status);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *source, &source, status);
    }
    if (code != MI_OK) {
        return code;
    }
    source->model = model;
    source->example = plain_shape(shape);
    if (model->class->example_shape != NULL) {
        code = model->class->example_shape(model->state, &source->example, status);
    }
    if (code != MI_OK) {
        mi_source_destroy(source);
        return code;
    }
    describe(source, shape);
    *ret_source = source;
    return MI_OK;
}

void mi_source_destroy(mi_source *source)
{
    if (source != NULL) {
        mi_images_destroy(source->images);
        free(source->labels);
        free(source);
    }
}

mi_source_shape mi_source_shape_of(const mi_source *source)
{
    return source->shape;
}

const mi_model *mi_source_model(const mi_source *source)
{
    return source->model;
}

size_t mi_source_count(const mi_source *source)
{
    return source->images == NULL ? 0 : source->images->count;
}

void mi_source_scale_as(mi_source *source, const mi_source *other)
{
    source->shape.mean = other->shape.mean;
    source->shape.deviation = other->shape.deviation;
}

typedef struct scratch {
    double *values; /* of an example */
    void *opt_model;
} scratch;

void mi_source_scratch_destroy(const mi_source *source, void *opaque)
{
    scratch *s = opaque;
    if (s != NULL) {
        if (s->opt_model != NULL) {
            source->model->class->scratch_destroy(s->opt_model);
        }
        free(s->values);
        free(s);
    }
}

mi_code mi_source_scratch_create(const mi_source *source, void **ret_scratch, mi_status *status)
{
    const mi_model *model = source->model;
    scratch *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code == MI_OK) {
        code = mi_allocate(source->values, sizeof *s->values, &s->values, status);
    }
    if (code == MI_OK && source->example.needs_scratch && model->class->scratch_create != NULL) {
        code = model->class->scratch_create(model->state, &s->opt_model, status);
    }
    if (code != MI_OK) {
        mi_source_scratch_destroy(source, s);
        return code;
    }
    *ret_scratch = s;
    return MI_OK;
}

static mi_code draw_values(const mi_source *source, mi_part part, gsl_rng *draw, scratch *s,
                           int *label, mi_status *status)
{
    const mi_model *model = source->model;
    mi_origin data = part == MI_TRAINING ? MI_FROM_FITTED : MI_FROM_HELD_OUT;
    *label = -1;
    return model->class->example != NULL
               ? model->class->example(model->state, source->example.data ? data : MI_FROM_MODEL,
                                       draw, s->opt_model, s->values, label, status)
               : model->class->sample(model->state, draw, s->opt_model, s->values, status);
}

static void store(const mi_source *source, const double *values, mi_scalar *pixels,
                  unsigned *symbols)
{
    double mean = source->shape.mean, scale = 1 / source->shape.deviation;
    for (size_t i = 0; source->shape.discrete && i < source->values; i++) {
        symbols[i] = (unsigned)values[i];
    }
    for (size_t i = 0; !source->shape.discrete && i < source->values; i++) {
        pixels[i] = (mi_scalar)((values[i] - mean) * scale);
    }
}

mi_code mi_source_draw(const mi_source *source, mi_part part, uint64_t index, gsl_rng *draw,
                       void *opaque, mi_scalar *opt_pixels, unsigned *opt_symbols, int *opt_label,
                       mi_status *status)
{
    scratch *s = opaque;
    int label = -1;
    mi_code code;
    if (source->images != NULL) {
        label = source->labels == NULL ? -1 : source->labels[index];
        code = mi_source_image(source, index, s->values, status);
    } else {
        code = draw_values(source, part, draw, s, &label, status);
    }
    if (code != MI_OK) {
        return code;
    }
    store(source, s->values, opt_pixels, opt_symbols);
    if (opt_label != NULL) {
        *opt_label = label;
    }
    return MI_OK;
}
