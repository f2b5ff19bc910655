/* Two views of an image, a student and a teacher: what is made once. */
#include "siamese.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encoder.h"
#include "maskinfo/memory.h"

/* Local crops: size, tokens, positions. */
static mi_code set_crops(const mi_values *group, mi_siamese *s, mi_status *status)
{
    const mi_source_shape *source = &s->source;
    size_t half = (source->rows < source->columns ? source->rows : source->columns) / 2;
    size_t size =
        mi_given(group, "local_size") ? mi_count(group, "local_size") : half / s->patch * s->patch;
    s->crops = mi_count(group, "local_crops");
    if (s->crops == 0) {
        return MI_OK;
    }
    if (size > source->rows || size > source->columns) {
        return mi_fail_at(status, "views.local_size",
                          "is %zu pixels, which is more than the %zux%zu image has", size,
                          source->rows, source->columns);
    }
    if (size == 0 || size % s->patch != 0) {
        return mi_fail_at(status, "views.local_size",
                          "is %zu pixels; it must be a multiple of the patch, %zu", size, s->patch);
    }
    mi_layout layout = {s->layout.dimensions, size / s->patch, size / s->patch};
    s->crop_tokens = layout.rows * layout.columns;
    s->crop_pixels = size * size * source->channels;
    s->crop_size = size;
    return mi_make_positions(layout, s->layout, s->vit->encoder->config.width, &s->crop_positions,
                             status);
}

static mi_code make_encoder(const mi_values *values, bool mask_token, mi_siamese *s,
                            mi_status *status)
{
    const mi_values *group = mi_values_find(values, "encoder")->group;
    const mi_vit_config config = {
        .encoder = mi_encoder_config(group),
        .stochastic_depth = mi_real(group, "stochastic_depth"),
        .patch = s->patch,
        .channels = s->source.channels,
        .layout = s->layout,
        .mask_token = mask_token,
        .tensors = &s->tensors,
    };
    return mi_vit_create(&config, &s->vit, status);
}

mi_code mi_siamese_fill(const mi_values *values, const mi_source_shape *source, const char *name,
                        bool mask_token, mi_siamese *s, mi_status *status)
{
    const mi_values *teacher = mi_values_find(values, "teacher")->group;
    if (source->discrete) {
        return mi_fail_at(status, "type",
                          "\"%s\" compares views of images, and the model gives symbols: use "
                          "\"mlm\"",
                          name);
    }
    s->source = *source;
    s->pixels = source->rows * source->columns * source->channels;
    s->class_pooled = mi_is(values, "pool", "class");
    s->momentum.peak = mi_real(teacher, "momentum");
    s->momentum.final = mi_real(teacher, "final_momentum");
    mi_code code = mi_lattice_of(values, source, &s->patch, &s->layout, status);
    if (code == MI_OK) {
        s->tokens = s->layout.rows * s->layout.columns;
        code = make_encoder(values, mask_token, s, status);
    }
    if (code == MI_OK) {
        code = set_crops(mi_values_find(values, "views")->group, s, status);
    }
    return code == MI_OK ? mi_siamese_views(mi_values_find(values, "views")->group, s, status)
                         : code;
}

void mi_siamese_empty(mi_siamese *s)
{
    mi_arena_destroy(&s->block);
    mi_spread_destroy(s->spread);
    mi_vit_destroy(s->vit);
    mi_tensors_free(&s->tensors);
    free(s->crop_positions);
}

void mi_siamese_lay_out(mi_siamese *s, size_t batch, mi_arena *arena)
{
    size_t width = s->vit->encoder->config.width, size = sizeof(mi_scalar);
    s->batch = batch;
    s->teacher = mi_arena_scalars(arena, s->tensors.total);
    s->teacher_transposed = mi_arena_scalars(arena, s->tensors.total);
    s->globals = mi_arena_take(arena, batch, MI_GLOBALS * s->pixels * size);
    s->locals = mi_arena_take(arena, batch, s->crops * s->crop_pixels * size);
    s->features = mi_arena_take(arena, batch, MI_GLOBALS * width * size);
}

size_t mi_siamese_spread_bytes(const mi_siamese *s, size_t batch)
{
    return mi_spread_bytes(MI_GLOBALS * batch, s->vit->encoder->config.width);
}

mi_weights mi_siamese_teacher(const mi_siamese *s)
{
    return (mi_weights){.values = s->teacher, .transposed = s->teacher_transposed};
}

mi_code mi_siamese_refresh(void *state, const mi_run *run, mi_status *status)
{
    mi_siamese *s = state;
    return mi_tensors_transpose(&s->tensors, s->teacher, s->teacher_transposed, run, status);
}

/* m(t) = final - (final - first) (1 + cos(pi t / T)) / 2 (Grill et al. 2020, section 3.2): a
 * schedule without warm-up whose last step would be T. */
mi_code mi_siamese_start(mi_siamese *s, const mi_training *training, const mi_scalar *values,
                         const mi_run *run, mi_status *status)
{
    size_t width = s->vit->encoder->config.width;
    s->momentum.steps = training->steps + 1;
    mi_spread_destroy(s->spread);
    s->spread = NULL;
    mi_code code = mi_spread_create(MI_GLOBALS * s->batch, width, &s->spread, status);
    if (code != MI_OK) {
        return code;
    }
    memcpy(s->teacher, values, s->tensors.total * sizeof *values);
    return mi_siamese_refresh(s, run, status);
}

mi_code mi_siamese_follow(mi_siamese *s, size_t t, const mi_scalar *values, const mi_run *run,
                          mi_status *status)
{
    double momentum = mi_schedule_at(&s->momentum, t);
    mi_code code = mi_average_step(momentum, s->tensors.total, values, s->teacher, run, status);
    return code == MI_OK ? mi_siamese_refresh(s, run, status) : code;
}

enum { RANK_EVERY = 10 }; /* steps from one effective rank to the next */

void mi_siamese_measure(const mi_siamese *s, size_t count, size_t t, double *ret_deviation,
                        double *ret_rank)
{
    size_t rows = count * MI_GLOBALS, width = s->vit->encoder->config.width;
    *ret_deviation = mi_feature_deviation(s->spread, rows, width, s->features);
    bool taken = t % RANK_EVERY == 0 && rows > 2; /* two points lie on a line */
    *ret_rank = taken ? mi_effective_rank(s->spread, rows, width, s->features) : NAN;
}
