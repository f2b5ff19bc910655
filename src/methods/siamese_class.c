/* Callbacks that are the same for all methods that compare views. */
#include "siamese.h"

const mi_tensors *mi_siamese_tensors(const void *state)
{
    return &((const mi_siamese *)state)->tensors;
}

mi_layout mi_siamese_tokens(const void *state)
{
    return ((const mi_siamese *)state)->layout;
}

size_t mi_siamese_token_size(const void *state)
{
    return ((const mi_siamese *)state)->vit->values;
}

size_t mi_siamese_width(const void *state)
{
    return ((const mi_siamese *)state)->vit->encoder->config.width;
}

size_t mi_siamese_heads(const void *state)
{
    return ((const mi_siamese *)state)->vit->encoder->config.heads;
}

mi_scalar *mi_siamese_teacher_values(void *state)
{
    return ((mi_siamese *)state)->teacher;
}

mi_code mi_siamese_features(const void *state, const mi_weights *weights, const mi_examples *batch,
                            const mi_shard *shard, mi_scalar *features, mi_status *status)
{
    (void)status;
    const mi_siamese *s = state;
    mi_vit_features(s->vit, weights, batch, shard, s->class_pooled, features);
    return MI_OK;
}

mi_code mi_siamese_patches(const void *state, const mi_weights *weights, const mi_examples *batch,
                           const mi_shard *shard, mi_scalar *features, mi_scalar *opt_attention,
                           mi_status *status)
{
    (void)status;
    const mi_siamese *s = state;
    mi_vit_patches(s->vit, weights, batch, shard, features, opt_attention);
    return MI_OK;
}
