/* What methods of images share: the lattice of tokens, the embedding of patches, fixed positions,
 * and how a layer that is not finite is found. */
#ifndef MASKINFO_METHODS_EMBED_H
#define MASKINFO_METHODS_EMBED_H

#include "maskinfo/method.h"
#include "maskinfo/transformer.h"

/* The side of a patch from the parameter "patch" (not given: one site of the model) and the lattice
 * of patches. MI_INPUT at "patch": does not divide the image, fewer than two tokens, too many. */
mi_code mi_lattice_of(const mi_values *values, const mi_source_shape *source, size_t *ret_patch,
                      mi_layout *ret_layout, mi_status *status);

/* Positions of a lattice need four numbers for each frequency, of a sequence two: MI_INPUT at
 * `place` where the width is no such multiple. */
mi_code mi_check_width(mi_layout layout, const char *place, size_t width, mi_status *status);

/* Adds patch_embed.proj.{weight (width,channels,patch,patch), bias}: a convolution of its stride,
 * kept as a linear layer of a patch's values with the channels outermost. */
mi_code mi_embedding_add(mi_tensors *tensors, size_t width, size_t channels, size_t patch,
                         mi_linear *ret_linear, mi_status *status);

/* Adds a tensor (1, rows, width) without decay: tokens, positions. */
mi_code mi_token_add(mi_tensors *tensors, const char *name, size_t rows, size_t width,
                     size_t *ret_offset, mi_status *status);

/* Fixed positions (tokens+1, width) of a lattice stretched over the whole one (mi_positions_at)
 * behind a row of zeros for the class token. free(). */
mi_code mi_make_positions(mi_layout layout, mi_layout whole, size_t width,
                          mi_scalar **ret_positions, mi_status *status);

/* values (channels, patch, patch) of the patch whose first pixel is *corner, in an image of
 * `columns` pixels a row. */
void mi_patch_values(const mi_scalar *corner, size_t columns, size_t channels, size_t patch,
                     mi_scalar *values);

/* y = a + b; y += x; (width) each. */
void mi_row_sum(size_t width, const mi_scalar *a, const mi_scalar *b, mi_scalar *y);
void mi_row_add(size_t width, const mi_scalar *x, mi_scalar *y);

/* mean (width) of x (rows,width), in double precision. */
void mi_mean_rows(size_t rows, size_t width, const mi_scalar *x, mi_scalar *mean);

bool mi_all_finite(size_t count, const mi_scalar *x);

/* Name of the first layer of a stack whose output in the last forward pass is not finite; false:
 * there is none, the text is then of no use. */
bool mi_stack_first_bad(const mi_transformer *stack, mi_ragged batch, const mi_tape *tape,
                        const char *prefix, char *text, size_t size);

/* Callback `features` from an encoded batch whose samples are a class token and `tokens` tokens
 * each: the class token, or the mean of the others. latent (rows,width), features of the batch's
 * first sample on. */
void mi_put_features(mi_ragged batch, size_t tokens, size_t width, const mi_scalar *latent,
                     bool class_token, mi_scalar *features);

/* Callback `patches` from an encoded batch whose samples are a class token and their tokens each:
 * latent (rows,width). room (heads, tokens+1). */
void mi_put_patches(const mi_transformer *encoder, mi_ragged batch, const mi_tape *tape,
                    const mi_scalar *latent, mi_scalar *features, mi_scalar *opt_attention,
                    mi_scalar *room);

#endif
