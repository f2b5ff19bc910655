/* The masked autoencoder: its class, its state and its tensors. */
#include "mae.h"

#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "encoder.h"
#include "mae_parameters.h"
#include "maskinfo/memory.h"
#include "methods.h"

static void mae_destroy(void *state)
{
    mi_mae *mae = state;
    if (mae != NULL) {
        mi_transformer_destroy(mae->encoder);
        mi_transformer_destroy(mae->decoder);
        mi_tensors_free(&mae->tensors);
        free(mae->fixed);
        free(mae->decoder_fixed);
        free(mae);
    }
}

static mi_code check_target(const mi_mae *mae, mi_status *status)
{
    if (mae->normalized && mae->values < 2) {
        return mi_fail_at(status, "target",
                          "\"normalized\" needs tokens of at least 2 values, and a token is 1x1 "
                          "pixel of 1 channel: use \"raw\", or a larger patch");
    }
    return MI_OK;
}

static mi_code set_tokens(mi_mae *mae, const mi_values *values, mi_status *status)
{
    mi_code code = mi_lattice_of(values, &mae->source, &mae->patch, &mae->layout, status);
    if (code != MI_OK) {
        return code;
    }
    mae->tokens = mae->layout.rows * mae->layout.columns;
    mae->values = mae->patch * mae->patch * mae->source.channels;
    mae->normalized = mi_is(values, "target", "normalized");
    return check_target(mae, status);
}

static mi_code add_encoder(mi_mae *mae, const mi_transformer_config *config, mi_status *status)
{
    mi_code code =
        mi_token_add(&mae->tensors, "cls_token", 1, config->width, &mae->class_token, status);
    if (code == MI_OK && mae->learned) {
        code = mi_token_add(&mae->tensors, "pos_embed", mae->tokens + 1, config->width,
                            &mae->positions, status);
    }
    if (code == MI_OK) {
        code = mi_embedding_add(&mae->tensors, config->width, mae->source.channels, mae->patch,
                                &mae->embed, status);
    }
    if (code == MI_OK) {
        code = mi_encoder_create(config, "encoder", "", &mae->tensors, &mae->encoder, status);
    }
    return code;
}

static mi_code add_decoder(mi_mae *mae, const mi_transformer_config *config, mi_status *status)
{
    mi_code code = mi_linear_add(&mae->tensors, "decoder_embed", mae->encoder->config.width,
                                 config->width, true, &mae->bridge, status);
    if (code == MI_OK) {
        code =
            mi_token_add(&mae->tensors, "mask_token", 1, config->width, &mae->mask_token, status);
    }
    if (code == MI_OK && mae->learned) {
        code = mi_token_add(&mae->tensors, "decoder_pos_embed", mae->tokens + 1, config->width,
                            &mae->decoder_positions, status);
    }
    if (code == MI_OK) {
        code =
            mi_encoder_create(config, "decoder", "decoder_", &mae->tensors, &mae->decoder, status);
    }
    if (code == MI_OK) {
        code = mi_linear_add(&mae->tensors, "decoder_pred", config->width, mae->values, true,
                             &mae->predict, status);
    }
    return code;
}

static mi_transformer_config decoder_config(const mi_values *values)
{
    size_t width = mi_count(values, "width");
    return (mi_transformer_config){
        .width = width,
        .depth = mi_count(values, "depth"),
        .heads = mi_count(values, "heads"),
        .hidden = mi_given(values, "hidden") ? mi_count(values, "hidden") : 4 * width,
    };
}

static mi_code add_tensors(mi_mae *mae, const mi_values *values, mi_status *status)
{
    const mi_values *group = mi_values_find(values, "encoder")->group;
    mi_transformer_config encoder = mi_encoder_config(group);
    mi_transformer_config decoder = decoder_config(mi_values_find(values, "decoder")->group);
    mae->stochastic_depth = mi_real(group, "stochastic_depth");
    mae->learned = mi_is(values, "positions", "learned");
    mae->class_pooled = mi_is(values, "pool", "class");
    mi_code code = mi_check_width(mae->layout, "encoder.width", encoder.width, status);
    if (code == MI_OK) {
        code = mi_check_width(mae->layout, "decoder.width", decoder.width, status);
    }
    if (code == MI_OK) {
        code = add_encoder(mae, &encoder, status);
    }
    if (code == MI_OK) {
        code = add_decoder(mae, &decoder, status);
    }
    return code;
}

static mi_code build(mi_mae *mae, const mi_values *values, mi_status *status)
{
    mi_code code = set_tokens(mae, values, status);
    if (code == MI_OK) {
        code = add_tensors(mae, values, status);
    }
    if (code == MI_OK) {
        code = mi_make_positions(mae->layout, mae->layout, mae->encoder->config.width, &mae->fixed,
                                 status);
    }
    if (code == MI_OK) {
        code = mi_make_positions(mae->layout, mae->layout, mae->decoder->config.width,
                                 &mae->decoder_fixed, status);
    }
    return code;
}

static mi_code mae_create(const mi_values *values, const mi_source_shape *source, void **ret_state,
                          mi_status *status)
{
    mi_mae *mae = NULL;
    if (source->discrete) {
        return mi_fail_at(status, "type",
                          "\"mae\" predicts pixels, and the model gives symbols: use \"mlm\"");
    }
    mi_code code = mi_allocate(1, sizeof *mae, &mae, status);
    if (code == MI_OK) {
        mae->source = *source;
        code = build(mae, values, status);
    }
    if (code != MI_OK) {
        mae_destroy(mae);
        return code;
    }
    *ret_state = mae;
    return MI_OK;
}

static const mi_tensors *mae_tensors(const void *state)
{
    const mi_mae *mae = state;
    return &mae->tensors;
}

static void uniform(const mi_mae *mae, const char *name, gsl_rng *stream, mi_scalar *values)
{
    mi_initialize_uniform(&mae->tensors, mi_tensors_index(&mae->tensors, name), stream, values);
}

static void normal(const mi_mae *mae, const char *name, gsl_rng *stream, mi_scalar *values)
{
    mi_initialize_normal(&mae->tensors, mi_tensors_index(&mae->tensors, name), 0.02, stream,
                         values);
}

/* As the authors' code: Glorot's law for matrices, the patch embedding's read as (width, values),
 * normal(0, 0.02) for the two tokens, 0 for
 * biases. */
static void mae_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    const mi_mae *mae = state;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_WEIGHTS, 0);
    memset(values, 0, mae->tensors.total * sizeof *values);
    normal(mae, "cls_token", stream, values);
    normal(mae, "mask_token", stream, values);
    uniform(mae, "patch_embed.proj.weight", stream, values);
    mi_transformer_initialize(mae->encoder, &mae->tensors, stream, values);
    uniform(mae, "decoder_embed.weight", stream, values);
    mi_transformer_initialize(mae->decoder, &mae->tensors, stream, values);
    uniform(mae, "decoder_pred.weight", stream, values);
    if (mae->learned) {
        memcpy(values + mae->positions, mae->fixed,
               (mae->tokens + 1) * mae->encoder->config.width * sizeof *values);
        memcpy(values + mae->decoder_positions, mae->decoder_fixed,
               (mae->tokens + 1) * mae->decoder->config.width * sizeof *values);
    }
}

static mi_layout mae_tokens(const void *state)
{
    const mi_mae *mae = state;
    return mae->layout;
}

static size_t mae_token_size(const void *state)
{
    const mi_mae *mae = state;
    return mae->values;
}

static bool mae_normalized(const void *state)
{
    const mi_mae *mae = state;
    return mae->normalized;
}

static void mae_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    mi_mae_carve(state, samples, backward, arena);
}

const mi_method_class mi_mae_method = {
    .name = "mae",
    .summary = "masked autoencoder: an encoder of the visible patches, a light decoder of all, "
               "squared error of the masked ones",
    .parameters = mi_mae_parameters,
    .discrete = false,
    .create = mae_create,
    .destroy = mae_destroy,
    .tensors = mae_tensors,
    .initialize = mae_initialize,
    .tokens = mae_tokens,
    .token_size = mae_token_size,
    .normalized = mae_normalized,
    .carve = mae_carve,
    .shard = mi_mae_shard,
    .predict = mi_mae_predict,
    .feature_size = mi_mae_feature_size,
    .features = mi_mae_features,
    .target = "pixels of the masked tokens",
    .patch_size = mi_mae_feature_size,
    .heads = mi_mae_heads,
    .patches = mi_mae_patches,
};
