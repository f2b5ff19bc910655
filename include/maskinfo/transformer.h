/* A stack of pre-LN transformer blocks (Vaswani et al. 2017; Xiong et al. 2020) with a LayerNorm
 * behind the last:
 *
 *     x = x + keep g1 * Attention(LN(x)),   x = x + keep g2 * MLP(LN(x)),   y = LN(x)
 *
 * over a ragged batch: sample s owns the rows starts[s] .. starts[s+1]-1, and attends to itself
 * alone. g1, g2 are LayerScale (Touvron et al. 2021a, "Going deeper with image transformers", eq.
 * 4), keep is stochastic depth per sample and branch (Huang et al. 2016).
 *
 *     mi_transformer_create(&config, "", &tensors, &encoder, &status);
 *     mi_tape *tape = mi_tape_carve(encoder, limits, true, &arena);
 *     mi_transformer_forward(encoder, &weights, batch, x, NULL, tape);     // x becomes y
 *     mi_transformer_backward(encoder, &weights, batch, tape, dy, gradient); // dy becomes dx
 */
#ifndef MASKINFO_TRANSFORMER_H
#define MASKINFO_TRANSFORMER_H

#include "maskinfo/layers.h"

typedef struct mi_transformer_config {
    size_t width, depth, heads;
    size_t hidden;      /* of the MLP */
    double layer_scale; /* initial g1, g2; 0: none */
} mi_transformer_config;

typedef struct mi_block {
    mi_norm norm1, norm2;
    mi_linear qkv, projection, fc1, fc2;
    size_t scale1, scale2; /* offsets of g1, g2 (width) where there are */
} mi_block;

typedef struct mi_transformer {
    mi_transformer_config config;
    mi_block *blocks; /* (depth) */
    mi_norm norm;
} mi_transformer;

/* A ragged batch. */
typedef struct mi_ragged {
    size_t samples;
    const size_t *starts; /* (samples+1), starts[0] = 0 */
} mi_ragged;

/* The most that a batch may hold. */
typedef struct mi_ragged_limits {
    size_t samples, rows, length; /* length: rows of one sample */
} mi_ragged_limits;

/* Adds PREFIXblocks.I.{norm1,attn.qkv,attn.proj,ls1.gamma,norm2,mlp.fc1,mlp.fc2,ls2.gamma} and
 * PREFIXnorm to the table ("blocks." with the prefix "", "decoder_blocks." and "decoder_norm." with
 * "decoder_"). MI_INPUT: heads do not divide the width, or a size is 0 (depth may be). */
mi_code mi_transformer_create(const mi_transformer_config *config, const char *prefix,
                              mi_tensors *tensors, mi_transformer **ret_transformer,
                              mi_status *status);
void mi_transformer_destroy(mi_transformer *transformer); /* accepts NULL */

/* Weights by Glorot's uniform law, biases 0, norms 1 and 0, g as configured. */
void mi_transformer_initialize(const mi_transformer *transformer, const mi_tensors *tensors,
                               gsl_rng *stream, mi_scalar *values);

/* What the way forward keeps for the way back, and the workspace of both, carved from an arena. For
 * inference alone (`backward` false) it is as small as one block's. */
typedef struct mi_tape mi_tape;
mi_tape *mi_tape_carve(const mi_transformer *transformer, mi_ragged_limits limits, bool backward,
                       mi_arena *arena);

/* x (rows,width) becomes y. opt_keep (depth,2,samples) holds 0 or 1/(1-p) for each branch and
 * sample; NULL: all 1. */
void mi_transformer_forward(const mi_transformer *transformer, const mi_weights *weights,
                            mi_ragged batch, mi_scalar *x, const mi_scalar *opt_keep,
                            mi_tape *tape);

/* dy (rows,width) becomes dx, and the gradient is added to. After a forward pass of the same batch
 * on the same tape, carved with `backward`. */
void mi_transformer_backward(const mi_transformer *transformer, const mi_weights *weights,
                             mi_ragged batch, mi_tape *tape, mi_scalar *dy, mi_scalar *gradient);

/* Attention weights of one query row of one sample in block `block` of the last forward pass:
 * softmax of q k / sqrt(width/heads), written to (heads, length). A tape carved for inference knows
 * the last block's alone. */
void mi_transformer_attention(const mi_transformer *transformer, mi_ragged batch,
                              const mi_tape *tape, size_t block, size_t sample, size_t query,
                              mi_scalar *attention);

/* Index in 0..depth-1 of the first block whose output in the last forward pass on the tape is not
 * finite (depth: the final norm; depth+1: none). For messages. */
size_t mi_transformer_first_bad(const mi_transformer *transformer, mi_ragged batch,
                                const mi_tape *tape);

#endif
