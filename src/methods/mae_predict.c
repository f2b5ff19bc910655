/* What the masked autoencoder predicts, and its encoder's features. */
#include "mae.h"

#include "embed.h"

mi_code mi_mae_predict(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *predicted, mi_status *status)
{
    (void)status;
    const mi_mae *mae = state;
    mi_mae_work work = mi_mae_carve(mae, shard->count, false, shard->arena);
    size_t pixels = mae->tokens * mae->values, length = mae->tokens + 1;
    mi_scalar *to = predicted + shard->first * pixels;
    mi_mae_forward(mae, weights, batch, shard, false, &work);
    mi_patchify(shard->count, mae->source.rows, mae->source.columns, mae->source.channels,
                mae->patch, batch->pixels + shard->first * pixels, to);
    for (size_t h = 0; h < work.hidden_count; h++) {
        size_t sample = work.hidden[h] / length, token = work.hidden[h] % length - 1;
        mi_scalar *out = to + (sample * mae->tokens + token) * mae->values;
        double mean = 0, deviation = 1;
        if (mae->normalized) {
            mi_mae_moments(mae->values, out, &mean, &deviation);
        }
        for (size_t i = 0; i < mae->values; i++) {
            out[i] = (mi_scalar)(mean + deviation * (double)work.predicted[h * mae->values + i]);
        }
    }
    return MI_OK;
}

size_t mi_mae_feature_size(const void *state)
{
    const mi_mae *mae = state;
    return mae->encoder->config.width;
}

mi_code mi_mae_features(const void *state, const mi_weights *weights, const mi_examples *batch,
                        const mi_shard *shard, mi_scalar *features, mi_status *status)
{
    (void)status;
    const mi_mae *mae = state;
    size_t width = mae->encoder->config.width;
    mi_mae_work work = mi_mae_carve(mae, shard->count, false, shard->arena);
    mi_mae_encode_whole(mae, weights, batch, shard, &work);
    mi_put_features((mi_ragged){shard->count, work.starts}, mae->tokens, width, work.latent,
                    mae->class_pooled, features + shard->first * width);
    return MI_OK;
}

size_t mi_mae_heads(const void *state)
{
    const mi_mae *mae = state;
    return mae->encoder->config.heads;
}

mi_code mi_mae_patches(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *features, mi_scalar *opt_attention,
                       mi_status *status)
{
    (void)status;
    const mi_mae *mae = state;
    size_t width = mae->encoder->config.width, heads = mae->encoder->config.heads;
    mi_mae_work work = mi_mae_carve(mae, shard->count, false, shard->arena);
    mi_mae_encode_whole(mae, weights, batch, shard, &work);
    mi_put_patches(mae->encoder, (mi_ragged){shard->count, work.starts}, work.encoder, work.latent,
                   features + shard->first * mae->tokens * width,
                   opt_attention != NULL ? opt_attention + shard->first * heads * mae->tokens
                                         : NULL,
                   work.room);
    return MI_OK;
}
