/* Masked autoencoder (He, Chen, Xie, Li, Dollar and Girshick 2021, arXiv 2111.06377).
 * docs/mae.md. */
#ifndef MASKINFO_METHODS_MAE_H
#define MASKINFO_METHODS_MAE_H

#include "maskinfo/method.h"
#include "maskinfo/transformer.h"

typedef struct mi_mae {
    mi_source_shape source;
    mi_layout layout;      /* of the tokens */
    size_t patch;          /* pixels a side of a token */
    size_t tokens, values; /* of an example; of a token: patch * patch * channels */
    bool normalized;       /* targets, each token by its own mean and deviation */
    bool class_pooled;     /* features: the class token, else the mean of the others */
    double stochastic_depth;

    mi_tensors tensors;
    mi_transformer *encoder, *decoder;
    mi_linear embed, bridge, predict; /* patch_embed.proj, decoder_embed, decoder_pred */
    size_t class_token, mask_token;   /* offsets */

    /* (tokens+1, width); row 0 belongs to the class token. Learned ones are parameters at these
     * offsets and start from the same tables. */
    bool learned;
    size_t positions, decoder_positions;
    mi_scalar *fixed, *decoder_fixed;
} mi_mae;

/* What one thread needs for a shard. A sample of the encoder's batch is the class token and the
 * visible tokens in their order; one of the decoder's the class token and all tokens. V visible
 * and H masked tokens, E = V + samples rows of the encoder, D = samples (tokens+1) of the decoder.
 */
typedef struct mi_mae_work {
    size_t visible_count, hidden_count, rows; /* V, H, E */
    size_t *visible, *hidden;                 /* (V), (H) rows of the decoder's batch */
    size_t *starts, *decoder_starts;          /* (samples+1) */
    mi_scalar *patches;                       /* (V, values), channels outermost */
    mi_scalar *embedded;                      /* (V, width); its gradient */
    mi_scalar *latent;                        /* (E, width) */
    mi_scalar *bridged;                       /* (E, decoder width); its gradient */
    mi_scalar *decoded;                       /* (D, decoder width); its gradient */
    mi_scalar *picked;          /* (H, decoder width): decoded ones of masked tokens */
    mi_scalar *predicted;       /* (H, values); its gradient */
    mi_scalar *target;          /* (values) */
    mi_scalar *latent_gradient; /* as latent, picked; NULL without a way back */
    mi_scalar *picked_gradient;
    mi_scalar *room; /* (heads, tokens+1) of the attention that is shown; NULL with a way back */
    mi_scalar *keep; /* (depth, 2, samples); NULL: all branches are kept */
    mi_tape *encoder, *decoder;
} mi_mae_work;

/* Carve it from an arena, or count (dry). */
mi_mae_work mi_mae_carve(const mi_mae *mae, size_t samples, bool backward, mi_arena *arena);

/* Way forward up to work->predicted. `training`: stochastic depth. */
void mi_mae_forward(const mi_mae *mae, const mi_weights *weights, const mi_examples *batch,
                    const mi_shard *shard, bool training, mi_mae_work *work);

/* Way back from the gradient in work->predicted. */
void mi_mae_backward(const mi_mae *mae, const mi_weights *weights, const mi_shard *shard,
                     mi_mae_work *work, mi_scalar *gradient);

/* The encoder alone on whole examples: work->latent. */
void mi_mae_encode_whole(const mi_mae *mae, const mi_weights *weights, const mi_examples *batch,
                         const mi_shard *shard, mi_mae_work *work);

/* The values of the token of a decoder row in the order of mi_patchify, and its mean and deviation
 * over them, sqrt(variance + 1e-6) with the variance of n - 1 (section 4 there, and its code). */
void mi_mae_token(const mi_mae *mae, const mi_examples *batch, const mi_shard *shard, size_t row,
                  mi_scalar *values);
void mi_mae_moments(size_t count, const mi_scalar *values, double *ret_mean, double *ret_deviation);

/* Name of the first layer whose output in the last forward pass is not finite, written to text. */
void mi_mae_first_bad(const mi_mae *mae, const mi_shard *shard, const mi_mae_work *work, char *text,
                      size_t size);

/* Callbacks of the class, mae_loss.c and mae_predict.c. */
mi_code mi_mae_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                     const mi_shard *shard, mi_status *status);
mi_code mi_mae_predict(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *predicted, mi_status *status);
size_t mi_mae_feature_size(const void *state);
mi_code mi_mae_features(const void *state, const mi_weights *weights, const mi_examples *batch,
                        const mi_shard *shard, mi_scalar *features, mi_status *status);
size_t mi_mae_heads(const void *state);
mi_code mi_mae_patches(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *features, mi_scalar *opt_attention,
                       mi_status *status);

#endif
