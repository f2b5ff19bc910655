/* Attention of one sample to itself, all heads. */
#ifndef MI_NETS_ATTENTION_H
#define MI_NETS_ATTENTION_H

#include <stddef.h>

#include "maskinfo/scalar.h"

/* qkv is (length,3*width): queries, keys and values side by side, each of `heads` heads of
 * width/heads numbers, as in timm. */
typedef struct mi_attention {
    size_t width, heads;
} mi_attention;

/* Numbers of workspace for samples of at most `length` rows. */
size_t mi_attention_space(const mi_attention *attention, size_t length);

/* Softmax weights, of all heads, that the way forward can keep for the way back: numbers for each
 * row of a sample of `length` rows. */
size_t mi_attention_kept(const mi_attention *attention, size_t length);

/* out (length,width): head by head softmax(q k^T / sqrt(width/heads)) v. opt_kept: where the
 * weights are kept. */
void mi_attention_forward(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                          mi_scalar *out, mi_scalar *opt_kept, mi_scalar *space);

/* dqkv (length,3*width) from dout (length,width). opt_kept: the weights that were kept; NULL: they
 * are computed again. */
void mi_attention_backward(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                           const mi_scalar *dout, mi_scalar *dqkv, const mi_scalar *opt_kept,
                           mi_scalar *space);

/* Row `query` of each head's softmax, (heads,length). */
void mi_attention_weights(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                          size_t query, mi_scalar *weights);

#endif
