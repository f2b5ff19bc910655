/* The encoder on whole examples: features and attention of methods that are built on it. */
#include "vit.h"

static mi_ragged_limits limits_of(const mi_vit *vit, size_t samples)
{
    size_t length = vit->tokens + 1;
    return (mi_ragged_limits){.samples = samples, .rows = samples * length, .length = length};
}

void mi_vit_carve_whole(const mi_vit *vit, size_t samples, mi_arena *arena)
{
    mi_arena_take(arena, samples, sizeof(mi_vit_image));
    mi_vit_carve(vit, limits_of(vit, samples), false, arena);
}

mi_vit_work mi_vit_encode_whole(const mi_vit *vit, const mi_weights *weights,
                                const mi_examples *batch, const mi_shard *shard)
{
    const mi_vit_config *c = &vit->config;
    size_t rows = c->layout.rows * c->patch, columns = c->layout.columns * c->patch;
    mi_vit_image *images = mi_arena_take(shard->arena, shard->count, sizeof *images);
    mi_vit_work work = mi_vit_carve(vit, limits_of(vit, shard->count), false, shard->arena);
    for (size_t s = 0; s < shard->count; s++) {
        images[s] = (mi_vit_image){
            .pixels = batch->pixels + (shard->first + s) * rows * columns * c->channels,
            .rows = rows,
            .columns = columns,
            .opt_positions = vit->positions,
        };
    }
    mi_vit_forward(vit, weights, shard->count, images, NULL, &work);
    return work;
}

void mi_vit_features(const mi_vit *vit, const mi_weights *weights, const mi_examples *batch,
                     const mi_shard *shard, bool class_token, mi_scalar *features)
{
    size_t width = vit->encoder->config.width;
    mi_vit_work work = mi_vit_encode_whole(vit, weights, batch, shard);
    mi_put_features(work.batch, vit->tokens, width, work.latent, class_token,
                    features + shard->first * width);
}

void mi_vit_patches(const mi_vit *vit, const mi_weights *weights, const mi_examples *batch,
                    const mi_shard *shard, mi_scalar *features, mi_scalar *opt_attention)
{
    size_t width = vit->encoder->config.width, heads = vit->encoder->config.heads;
    mi_vit_work work = mi_vit_encode_whole(vit, weights, batch, shard);
    mi_put_patches(vit->encoder, work.batch, work.tape, work.latent,
                   features + shard->first * vit->tokens * width,
                   opt_attention != NULL ? opt_attention + shard->first * heads * vit->tokens
                                         : NULL,
                   work.room);
}
