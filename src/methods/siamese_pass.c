/* Two views of an image: their passes through the encoder. */
#include <stdio.h>
#include <string.h>

#include "encoder.h"
#include "siamese.h"

mi_siamese_work mi_siamese_carve(const mi_siamese *s, size_t samples, bool student, mi_arena *arena)
{
    const mi_vit_config *config = &s->vit->config;
    size_t crops = student ? s->crops : 0, views = MI_GLOBALS + crops;
    size_t longest = s->tokens > s->crop_tokens ? s->tokens : s->crop_tokens;
    mi_siamese_work work = {.views = views, .count = samples * views};
    const mi_ragged_limits limits = {
        .samples = work.count,
        .rows = samples * (MI_GLOBALS * (s->tokens + 1) + crops * (s->crop_tokens + 1)),
        .length = longest + 1,
    };
    work.images = mi_arena_take(arena, work.count, sizeof *work.images);
    if (student && config->stochastic_depth > 0) {
        work.keep = mi_arena_take(arena, work.count, 2 * config->encoder.depth * sizeof *work.keep);
    }
    work.vit = mi_vit_carve(s->vit, limits, student, arena);
    return work;
}

static mi_vit_image image_of(const mi_siamese *s, size_t sample, size_t view)
{
    if (view < MI_GLOBALS) {
        return (mi_vit_image){
            .pixels = s->globals + (sample * MI_GLOBALS + view) * s->pixels,
            .rows = s->source.rows,
            .columns = s->source.columns,
            .opt_positions = s->vit->positions,
        };
    }
    return (mi_vit_image){
        .pixels = s->locals + (sample * s->crops + view - MI_GLOBALS) * s->crop_pixels,
        .rows = s->crop_size,
        .columns = s->crop_size,
        .opt_positions = s->crop_positions,
    };
}

void mi_siamese_images(const mi_siamese *s, const mi_shard *shard, mi_siamese_work *work)
{
    work->count = shard->count * work->views;
    for (size_t i = 0; i < work->count; i++) {
        work->images[i] = image_of(s, shard->first + i / work->views, i % work->views);
    }
}

void mi_siamese_encode(const mi_siamese *s, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_siamese_work *work)
{
    if (work->keep != NULL) {
        mi_stochastic_depth_views(s->vit->config.stochastic_depth, s->vit->config.encoder.depth,
                                  work->views, batch, shard, work->keep);
    }
    mi_vit_forward(s->vit, weights, work->count, work->images, work->keep, &work->vit);
}

void mi_siamese_class_rows(const mi_siamese *s, const mi_siamese_work *work, mi_scalar *rows)
{
    size_t width = s->vit->encoder->config.width;
    for (size_t i = 0; i < work->count; i++) {
        memcpy(rows + i * width, work->vit.latent + work->vit.starts[i] * width,
               width * sizeof *rows);
    }
}

void mi_siamese_add_class_rows(const mi_siamese *s, const mi_scalar *rows, mi_siamese_work *work)
{
    size_t width = s->vit->encoder->config.width;
    for (size_t i = 0; i < work->count; i++) {
        mi_row_add(width, rows + i * width, work->vit.gradient + work->vit.starts[i] * width);
    }
}

mi_code mi_siamese_not_finite(const mi_siamese *s, const mi_siamese_work *work, const char *what,
                              const char *behind, mi_status *status)
{
    char layer[64];
    if (!mi_vit_first_bad(s->vit, &work->vit, layer, sizeof layer)) {
        snprintf(layer, sizeof layer, "%s", behind);
    }
    return mi_fail(status, MI_NUMERIC, "%s not finite, from %s on", what, layer);
}
