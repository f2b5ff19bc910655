/* Pre-training methods: what a network predicts from what. A method is a constant class (name,
 * documentation, parameter table, callbacks) and a state; its parameters live in a block that the
 * trainer owns. One registry. docs/networks.md. */
#ifndef MASKINFO_METHOD_H
#define MASKINFO_METHOD_H

#include "maskinfo/arena.h"
#include "maskinfo/mask.h"
#include "maskinfo/shards.h"
#include "maskinfo/source.h"
#include "maskinfo/tensors.h"

/* A batch as it was drawn. */
typedef struct mi_examples {
    size_t count;
    mi_scalar *pixels;     /* (count, rows, columns, channels), standardised; NULL: discrete */
    unsigned *symbols;     /* (count, sites); NULL: continuous */
    unsigned char *masked; /* (count, tokens) */
    size_t masked_total;   /* of ones in it */
    uint64_t seed, first;  /* sample s draws what is its own from (seed, purpose, first + s) */
} mi_examples;

/* Sums that every shard adds to; the method's own follow. */
enum { MI_SUM_LOSS = 0, MI_SUM_OWN = 1 };

typedef struct mi_method_class {
    const char *name;
    const char *summary; /* one line */
    const mi_parameter *parameters;
    bool discrete; /* of symbols, else of pixels */

    /* MI_INPUT with status->place the parameter: patch does not divide the image, heads do not
     * divide the width, a source of the other kind, ... */
    mi_code (*create)(const mi_values *values, const mi_source_shape *source, void **ret_state,
                      mi_status *status);
    void (*destroy)(void *state); /* accepts NULL */

    const mi_tensors *(*tensors)(const void *state);
    void (*initialize)(const void *state, uint64_t seed, mi_scalar *values);

    mi_layout (*tokens)(const void *state);  /* the lattice of tokens that masks hide */
    size_t (*token_size)(const void *state); /* values predicted for a masked token: p*p*channels
                                                pixels, or the vocabulary */
    bool (*normalized)(const void *state);   /* is each token's target (x - mean) / deviation of its
                                                own, deviation^2 = variance (of n-1) + 1e-6? NULL:
                                                no, pixels as they are */

    /* Carve what one thread needs for shards of at most `samples` samples (dry: counts). `backward`
     * false: for predict and features alone. */
    void (*carve)(const void *state, size_t samples, bool backward, mi_arena *arena);

    /* Loss of the samples first .. first+count-1 divided by batch->masked_total, added to
     * sums[MI_SUM_LOSS]; its gradient added to opt_gradient. The arena is a fresh one of the size
     * that carve counted. MI_NUMERIC: the loss is not finite; the message names the layer. */
    mi_code (*shard)(const void *state, const mi_weights *weights, const mi_examples *batch,
                     const mi_shard *shard, mi_status *status);

    /* What is predicted for every token, (batch->count, tokens, token_size), of which the shard
     * fills its samples': pixels of the token in the units of batch->pixels (mae), or
     * log-probabilities (mlm); unmasked tokens hold what was seen, or 0.
     * MAE with normalised targets puts the token's own mean and deviation back, as its authors'
     * demo does. */
    mi_code (*predict)(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *predicted, mi_status *status);

    /* The frozen encoder's features of whole examples, nothing masked: (batch->count,
     * feature_size), of which the shard fills its samples'. batch->masked is not read. */
    size_t (*feature_size)(const void *state);
    mi_code (*features)(const void *state, const mi_weights *weights, const mi_examples *batch,
                        const mi_shard *shard, mi_scalar *features, mi_status *status);

    /* After the optimiser's step t (teachers, centres). NULL: nothing. */
    mi_code (*after_step)(void *state, size_t t, const double *sums, mi_status *status);
} mi_method_class;

/* NULL-terminated registry, and a method by name (NULL where there is none). */
const mi_method_class *const *mi_method_classes(void);
const mi_method_class *mi_method_find(const char *name);

typedef struct mi_method {
    const mi_method_class *class;
    void *state;
} mi_method;

/* Pixels (count, rows, columns, channels) into tokens (count, tokens, patch*patch*channels) with
 * the values of a pixel innermost (He et al. 2021's patchify), and back. */
void mi_patchify(size_t count, size_t rows, size_t columns, size_t channels, size_t patch,
                 const mi_scalar *pixels, mi_scalar *tokens);
void mi_unpatchify(size_t count, size_t rows, size_t columns, size_t channels, size_t patch,
                   const mi_scalar *tokens, mi_scalar *pixels);

#endif
