#include "encoder.h"

#include <stdio.h>

/* With the defaults of LayerScale and stochastic depth. */
#define ENCODER(scale, drop)                                                                       \
    {.name = "width",                                                                              \
     .type = MI_INTEGER,                                                                           \
     .low = 2,                                                                                     \
     .high = 4096,                                                                                 \
     .fallback = "64",                                                                             \
     .unit = "",                                                                                   \
     .help = "Numbers of a token"},                                                                \
        {.name = "depth",                                                                          \
         .type = MI_INTEGER,                                                                       \
         .low = 0,                                                                                 \
         .high = 64,                                                                               \
         .fallback = "4",                                                                          \
         .unit = "blocks",                                                                         \
         .help = "Blocks of attention and MLP"},                                                   \
        {.name = "heads",                                                                          \
         .type = MI_INTEGER,                                                                       \
         .low = 1,                                                                                 \
         .high = 256,                                                                              \
         .fallback = "4",                                                                          \
         .unit = "",                                                                               \
         .help = "Heads of attention; they divide the width"},                                     \
        {.name = "hidden",                                                                         \
         .type = MI_INTEGER,                                                                       \
         .low = 1,                                                                                 \
         .high = 16384,                                                                            \
         .fallback = "null",                                                                       \
         .unit = "",                                                                               \
         .help = "Width of the MLP inside; 4 times the width where it is not given"},              \
        {.name = "layer_scale",                                                                    \
         .type = MI_REAL,                                                                          \
         .low = 0,                                                                                 \
         .high = 10,                                                                               \
         .fallback = scale,                                                                        \
         .unit = "",                                                                               \
         .help = "Initial weight of each branch, learned for each number (LayerScale); 0: none"},  \
        {.name = "stochastic_depth",                                                               \
         .type = MI_REAL,                                                                          \
         .low = 0,                                                                                 \
         .high = 1,                                                                                \
         .flags = MI_HIGH_OPEN,                                                                    \
         .fallback = drop,                                                                         \
         .unit = "",                                                                               \
         .help = "Probability that a branch of the last block is left out of a training step; it " \
                 "grows "                                                                          \
                 "linearly from 0 in the first block"},                                            \
        {.name = NULL},

const mi_parameter mi_encoder_parameters[] = {ENCODER("0", "0")};
const mi_parameter mi_encoder_regularised_parameters[] = {ENCODER("1e-5", "0.1")};

mi_transformer_config mi_encoder_config(const mi_values *values)
{
    size_t width = mi_count(values, "width");
    return (mi_transformer_config){
        .width = width,
        .depth = mi_count(values, "depth"),
        .heads = mi_count(values, "heads"),
        .hidden = mi_given(values, "hidden") ? mi_count(values, "hidden") : 4 * width,
        .layer_scale = mi_real(values, "layer_scale"),
    };
}

mi_code mi_encoder_create(const mi_transformer_config *config, const char *name, const char *prefix,
                          mi_tensors *tensors, mi_transformer **ret_transformer, mi_status *status)
{
    if (config->width % config->heads != 0) {
        char place[64];
        snprintf(place, sizeof place, "%s.heads", name);
        return mi_fail_at(status, place, "is %zu; it must divide the width, %zu", config->heads,
                          config->width);
    }
    return mi_transformer_create(config, prefix, tensors, ret_transformer, status);
}

/* keep[(l*2 + branch) * images] of one image. */
static void keep_branches(double rate, size_t depth, size_t images, gsl_rng *stream,
                          mi_scalar *keep)
{
    for (size_t l = 0; l < depth; l++) {
        double drop = depth > 1 ? rate * (double)l / (double)(depth - 1) : rate;
        for (size_t branch = 0; branch < 2; branch++) {
            bool kept = gsl_rng_uniform(stream) >= drop;
            keep[(l * 2 + branch) * images] = (mi_scalar)(kept ? 1 / (1 - drop) : 0);
        }
    }
}

void mi_stochastic_depth_views(double rate, size_t depth, size_t views, const mi_examples *batch,
                               const mi_shard *shard, mi_scalar *keep)
{
    size_t images = views * shard->count;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, batch->seed, MI_PURPOSE_DEPTH, 0);
    for (size_t s = 0; s < shard->count; s++) {
        mi_stream_set(stream, batch->seed, MI_PURPOSE_DEPTH, batch->first + shard->first + s);
        for (size_t v = 0; v < views; v++) {
            keep_branches(rate, depth, images, stream, keep + s * views + v);
        }
    }
}

void mi_stochastic_depth(double rate, size_t depth, const mi_examples *batch, const mi_shard *shard,
                         mi_scalar *keep)
{
    mi_stochastic_depth_views(rate, depth, 1, batch, shard, keep);
}
