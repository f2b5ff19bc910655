/* A vision transformer (Dosovitskiy et al. 2021) on batches of images of possibly different sizes:
 * a class token and the embedded patches, a learned token in place of each masked patch (as BEiT,
 * Bao et al. 2022, section 2.3, and iBOT do; the masked autoencoder leaves them out instead), fixed
 * positions added, transformer blocks.
 *
 *     mi_vit_create(&config, &vit, &status);               // adds its tensors to config.tensors
 *     mi_vit_work work = mi_vit_carve(vit, limits, true, arena);
 *     mi_vit_forward(vit, &weights, count, images, NULL, &work);     // work.latent
 *     ... work.gradient becomes that of work.latent ...
 *     mi_vit_backward(vit, &weights, &work, gradient);
 */
#ifndef MASKINFO_METHODS_VIT_H
#define MASKINFO_METHODS_VIT_H

#include "embed.h"

typedef struct mi_vit_config {
    mi_transformer_config encoder;
    double stochastic_depth; /* drop rate of the last block */
    size_t patch, channels;
    mi_layout layout;    /* of the tokens of a whole image: positions are its own */
    bool mask_token;     /* is there one? */
    mi_tensors *tensors; /* the method's, to which the encoder's are added */
} mi_vit_config;

typedef struct mi_vit {
    mi_vit_config config;
    size_t tokens, values; /* of a whole image; of a patch: patch * patch * channels */
    mi_transformer *encoder;
    mi_linear embed;                /* patch_embed.proj */
    size_t class_token, mask_token; /* offsets of cls_token, mask_token (width) */
    mi_scalar *positions;           /* (tokens+1, width) of whole images, row 0 zero */
} mi_vit;

/* Adds cls_token, mask_token where there is one, patch_embed.proj, blocks.I..., norm. MI_INPUT at
 * "encoder.heads", "encoder.width". */
mi_code mi_vit_create(const mi_vit_config *config, mi_vit **ret_vit, mi_status *status);
void mi_vit_destroy(mi_vit *vit); /* accepts NULL */

/* Glorot's uniform law for matrices (the patch embedding's read as (width, values)), normal(0,
 * 0.02) for the tokens, 0 for biases; its tensors of `values` were 0. */
void mi_vit_initialize(const mi_vit *vit, gsl_rng *stream, mi_scalar *values);

/* An image of a batch. Its sides are multiples of the patch. */
typedef struct mi_vit_image {
    const mi_scalar *pixels;         /* (rows, columns, channels) */
    size_t rows, columns;            /* pixels */
    const mi_scalar *opt_positions;  /* (tokens+1, width), row 0 the class token's: vit->positions,
                                        or of mi_make_positions for another lattice; NULL: none */
    const unsigned char *opt_masked; /* (tokens): 1: the mask token stands there; NULL: nowhere */
} mi_vit_image;

/* What one thread needs for a batch of images, the last one's after a pass. Sample i of the ragged
 * batch is the class token of image i, at row starts[i], and its tokens in raster order. */
typedef struct mi_vit_work {
    const mi_vit_image *images;
    mi_ragged batch;     /* of the last pass */
    size_t *starts;      /* (images+1) */
    size_t *seen;        /* (S) rows of the S tokens that are not masked */
    size_t seen_count;   /* S */
    mi_scalar *patches;  /* (S, values), channels outermost; zeros up to mi_linear_rows(S) */
    mi_scalar *embedded; /* (S, width); its gradient; room for as many */
    mi_scalar *latent;   /* (rows, width) */
    mi_scalar *gradient; /* (rows, width); NULL without a way back */
    mi_scalar *room;     /* (heads, length) of the attention that is shown */
    mi_tape *tape;
} mi_vit_work;

/* limits: images, rows of all (a class token each), rows of the largest. */
mi_vit_work mi_vit_carve(const mi_vit *vit, mi_ragged_limits limits, bool backward,
                         mi_arena *arena);

/* work->latent (rows, width) of the images, which must outlive the way back. opt_keep
 * (depth,2,count): stochastic depth (mi_stochastic_depth). */
void mi_vit_forward(const mi_vit *vit, const mi_weights *weights, size_t count,
                    const mi_vit_image *images, const mi_scalar *opt_keep, mi_vit_work *work);

/* From the gradient of work->latent in work->gradient, which is overwritten; adds to `gradient`. */
void mi_vit_backward(const mi_vit *vit, const mi_weights *weights, mi_vit_work *work,
                     mi_scalar *gradient);

/* Name of the first layer whose output in the last forward pass is not finite, "the pixels"
 * included; false: none. */
bool mi_vit_first_bad(const mi_vit *vit, const mi_vit_work *work, char *text, size_t size);

/* For the callbacks features and patches of methods on it: the shard's whole examples (class token
 * and tokens each), encoded on an inference work carved from shard->arena after the images. */
void mi_vit_carve_whole(const mi_vit *vit, size_t samples, mi_arena *arena);
mi_vit_work mi_vit_encode_whole(const mi_vit *vit, const mi_weights *weights,
                                const mi_examples *batch, const mi_shard *shard);

/* features (batch->count, width): the class token, or the mean of the tokens. */
void mi_vit_features(const mi_vit *vit, const mi_weights *weights, const mi_examples *batch,
                     const mi_shard *shard, bool class_token, mi_scalar *features);
/* mi_method_class.patches. */
void mi_vit_patches(const mi_vit *vit, const mi_weights *weights, const mi_examples *batch,
                    const mi_shard *shard, mi_scalar *features, mi_scalar *opt_attention);

#endif
