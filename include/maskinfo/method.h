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
    unsigned char *masked; /* (count, views, tokens) */
    size_t views;          /* masks of an example; 0: the method knows no masks */
    size_t masked_total;   /* of ones in it */
    uint64_t seed, first;  /* sample s draws what is its own from (seed, purpose, first + s) */
} mi_examples;

/* A number that a method tells of each step beside its loss. */
typedef struct mi_monitor {
    const char *name, *unit, *help; /* unit: "nats", "" ... */
} mi_monitor;

/* An array of the state that the next step depends on. */
typedef struct mi_kept {
    const char *name;
    mi_scalar *values;
    size_t count;
} mi_kept;

enum { MI_KEPT_ARRAYS = 8, MI_MONITORS = 24 };

struct mi_training;

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
     * demo does. NULL: nothing is predicted for tokens, there is no floor. */
    mi_code (*predict)(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *predicted, mi_status *status);

    /* The frozen encoder's features of whole examples, nothing masked: (batch->count,
     * feature_size), of which the shard fills its samples'. batch->masked is not read. */
    size_t (*feature_size)(const void *state);
    mi_code (*features)(const void *state, const mi_weights *weights, const mi_examples *batch,
                        const mi_shard *shard, mi_scalar *features, mi_status *status);

    /* The rest is for methods with views, teachers and targets that depend on the whole batch; each
     * callback may be NULL. */

    const char *target;         /* what is predicted, one clause; NULL: as the summary says */
    bool unmasked;              /* masks and ratios play no part: dino, byol, jigsaw, colorize */
    size_t views;               /* masks that are drawn for an example; 0: 1 */
    const mi_monitor *monitors; /* ended by a NULL name, at most MI_MONITORS */

    /* Once for a trainer, after `initialize`: make what is kept between steps (the teacher starts
     * as the student, centres at 0) and what a batch needs. begin_bytes: what it will allocate. */
    size_t (*begin_bytes)(const void *state, const struct mi_training *training);
    mi_code (*begin)(void *state, const struct mi_training *training, const mi_scalar *values,
                     const mi_run *run, mi_status *status);

    /* The teacher's weights, a block like the student's: saved as "teacher.NAME", restored into.
     * `refresh` after that: what follows from them, such as the transposed block. `evaluated`: the
     * weights to evaluate instead of the student's. */
    mi_scalar *(*teacher)(void *state);
    mi_code (*refresh)(void *state, const mi_run *run, mi_status *status);
    mi_weights (*evaluated)(const void *state);
    size_t (*kept)(void *state, mi_kept items[MI_KEPT_ARRAYS]); /* other arrays; their number */

    /* Before `shard`: prepare for each shard (its views, the teacher's outputs, into the state's
     * batch), settle once on the whole batch (targets, monitors), for step t from 0. They change
     * nothing that outlives the step. */
    mi_code (*prepare)(const void *state, const mi_weights *weights, const mi_examples *batch,
                       size_t t, const mi_shard *shard, mi_status *status);
    mi_code (*settle)(void *state, const mi_examples *batch, size_t t, const mi_run *run,
                      mi_status *status);
    /* After the optimiser's step t from 0 (teacher, centres); values are the student's. */
    mi_code (*after_step)(void *state, size_t t, const mi_scalar *values, const double *sums,
                          const mi_run *run, mi_status *status);
    /* The monitors of the last step; NAN: not taken in this one. */
    void (*read_monitors)(const void *state, double *values);

    /* Tokens of whole examples as the encoder puts them out, (batch->count, tokens, patch_size),
     * and opt_attention (batch->count, heads, tokens): what the class token attends to in the last
     * block; of which the shard fills its samples'. */
    size_t (*patch_size)(const void *state);
    size_t (*heads)(const void *state);
    mi_code (*patches)(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *features, mi_scalar *opt_attention,
                       mi_status *status);
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
