/* Batches: every example and its mask have streams of their own, so that the batch does not depend
 * on the threads that draw it. */
#include <stdlib.h>

#include "trainer.h"

/* Masks of an example. */
static size_t view_count(const mi_method_class *class)
{
    if (class->unmasked) {
        return 0;
    }
    return class->views > 0 ? class->views : 1;
}

void mi_trainer_carve_batch(const mi_setting *setting, mi_arena *arena,
                            struct mi_trainer_parts *parts)
{
    mi_source_shape shape = mi_source_shape_of(setting->source);
    size_t count = setting->training.batch;
    size_t sites = shape.rows * shape.columns; /* of a model in memory: does not overflow */
    mi_layout layout = setting->method.class->tokens(setting->method.state);
    parts->layout = layout;
    parts->batch = (mi_examples){.count = count, .views = view_count(setting->method.class)};
    if (parts->batch.views > 0) {
        parts->batch.masked =
            mi_arena_take(arena, count, parts->batch.views * layout.rows * layout.columns);
    }
    if (shape.discrete) {
        parts->batch.symbols = mi_arena_take(arena, count, sites * sizeof *parts->batch.symbols);
    } else {
        parts->batch.pixels =
            mi_arena_take(arena, count, sites * shape.channels * sizeof *parts->batch.pixels);
    }
}

typedef struct drawing {
    const mi_setting *setting;
    struct mi_trainer_parts *parts;
    uint64_t seed;
    mi_source_shape shape;
} drawing;

static mi_code draw_example(const drawing *d, size_t place, size_t thread, mi_status *status)
{
    mi_stream_room room;
    const mi_source *source = d->setting->source;
    mi_examples *batch = &d->parts->batch;
    uint64_t index = batch->first + place;
    size_t sites = d->shape.rows * d->shape.columns, values = sites * d->shape.channels;
    size_t tokens = d->parts->layout.rows * d->parts->layout.columns;
    gsl_rng *stream = mi_stream_place(&room, d->seed, MI_PURPOSE_EXAMPLE_MASK, index);
    for (size_t v = 0; v < batch->views; v++) {
        mi_ratio_mask(d->setting->ratio, &d->setting->masking, d->parts->layout, stream,
                      batch->masked + (place * batch->views + v) * tokens);
    }
    mi_stream_set(stream, d->seed, MI_PURPOSE_EXAMPLE, index);
    size_t images = mi_source_count(source);
    uint64_t image = images > 0 ? gsl_rng_uniform_int(stream, images) : index;
    return mi_source_draw(source, MI_TRAINING, image, stream, d->parts->scratch[thread],
                          batch->pixels != NULL ? batch->pixels + place * values : NULL,
                          batch->symbols != NULL ? batch->symbols + place * sites : NULL, NULL,
                          status);
}

/* Examples that one unit of the loop draws. */
enum { CHUNK = 4 };

static mi_code draw_chunk(size_t index, size_t thread, void *context, mi_status *status)
{
    const drawing *d = context;
    size_t count = d->parts->batch.count, end = (index + 1) * CHUNK;
    mi_code code = MI_OK;
    for (size_t s = index * CHUNK; s < end && s < count && code == MI_OK; s++) {
        code = draw_example(d, s, thread, status);
    }
    return code;
}

static size_t count_masked(const struct mi_trainer_parts *parts)
{
    size_t tokens = parts->layout.rows * parts->layout.columns, total = 0;
    size_t places = parts->batch.count * parts->batch.views * tokens;
    for (size_t i = 0; i < places; i++) {
        total += parts->batch.masked[i];
    }
    return total;
}

mi_code mi_trainer_draw(mi_trainer *trainer, const mi_run *run, mi_status *status)
{
    struct mi_trainer_parts *parts = trainer->parts;
    parts->batch.seed = run->seed;
    parts->batch.first = (uint64_t)trainer->step * parts->batch.count;
    drawing d = {.setting = &trainer->setting,
                 .parts = parts,
                 .seed = run->seed,
                 .shape = mi_source_shape_of(trainer->setting.source)};
    mi_run quiet = mi_trainer_run(trainer, run);
    size_t chunks = (parts->batch.count + CHUNK - 1) / CHUNK;
    mi_code code = mi_parallel_for(&quiet, "training", chunks, draw_chunk, &d, status);
    parts->batch.masked_total = code == MI_OK ? count_masked(parts) : 0;
    return code;
}
