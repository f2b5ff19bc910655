/* Masked language model: what the files of the method share. docs/networks.md. */
#ifndef MASKINFO_METHODS_MLM_H
#define MASKINFO_METHODS_MLM_H

#include "encoder.h"
#include "methods.h"

typedef struct mi_mlm {
    size_t rows, columns, sites, vocabulary;
    double stochastic_depth;
    bool bert; /* corruption 80-10-10, else plain [MASK] */
    bool tied; /* the head's matrix is the embedding's */
    mi_tensors tensors;
    mi_transformer *encoder;
    size_t embedding;     /* offset of (vocabulary+1, width); the last row is [MASK] */
    size_t learned;       /* offset of positions (sites, width); MI_NOT_LEARNED */
    mi_scalar *opt_fixed; /* positions (sites, width) that are not learned */
    mi_linear head;       /* without its bias; tied: one output more, [MASK]'s, which is never
                             predicted */
    size_t bias;          /* offset of the head's bias (vocabulary) */
} mi_mlm;

#define MI_NOT_LEARNED ((size_t)-1)

/* What a thread works with on a shard of `samples` samples; n = samples * sites. */
typedef struct mi_mlm_work {
    mi_tape *tape;
    mi_ragged batch;
    size_t *starts;  /* (samples+1) */
    unsigned *ids;   /* (n) symbols that the network sees; `vocabulary` is [MASK] */
    size_t *places;  /* (n) rows of the masked symbols, increasing */
    size_t masked;   /* number of them */
    mi_scalar *x;    /* (n, width) embeddings, then the encoder's outputs, then their gradient */
    mi_scalar *keep; /* (depth, 2, samples) of stochastic depth */
    size_t chunk;    /* masked symbols that the head works on at a time */
    mi_scalar *inputs, *inputs_gradient; /* (chunk, width) */
    mi_scalar *logits;                   /* (chunk, head.out) */
} mi_mlm_work;

mi_mlm_work mi_mlm_work_carve(const mi_mlm *m, size_t samples, bool backward, mi_arena *arena);

/* ids of the shard's samples: what is visible, and in the place of masked symbols [MASK] or, with
 * `bert`, 80-10-10. */
void mi_mlm_corrupt(const mi_mlm *m, const mi_examples *batch, const mi_shard *shard, bool bert,
                    mi_mlm_work *work);

/* Cross-entropy of the masked symbols divided by batch->masked_total, from the encoder's outputs in
 * work->x, which become their gradient where opt_gradient is given; it is added to. */
double mi_mlm_loss(const mi_mlm *m, const mi_weights *weights, const mi_examples *batch,
                   const mi_shard *shard, mi_mlm_work *work);

/* Log-probabilities (samples*sites, vocabulary) of the masked symbols; 0 for others. */
void mi_mlm_log_probabilities(const mi_mlm *m, const mi_weights *weights, const mi_shard *shard,
                              mi_mlm_work *work, mi_scalar *predicted);

/* The callbacks of mi_method_class that compute. */
void mi_mlm_carve(const void *state, size_t samples, bool backward, mi_arena *arena);
mi_code mi_mlm_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                     const mi_shard *shard, mi_status *status);
mi_code mi_mlm_predict(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *predicted, mi_status *status);
mi_code mi_mlm_features(const void *state, const mi_weights *weights, const mi_examples *batch,
                        const mi_shard *shard, mi_scalar *features, mi_status *status);

#endif
