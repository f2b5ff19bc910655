/* Jigsaw: where does each patch belong? Noroozi and Favaro 2016 (arXiv 1603.09246) shuffle nine
 * tiles and predict the permutation; with a transformer the patches are shown without positions, to
 * which their order is nothing, and each is asked for its place (Zhai et al. 2022, "Position
 * prediction as an effective pretraining strategy", arXiv 2207.07611). docs/task1b.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encoder.h"
#include "maskinfo/memory.h"
#include "methods.h"
#include "pretext.h"

typedef struct jigsaw {
    mi_pretext base;
    size_t asked; /* patches of an image without a position */
    mi_linear head;
} jigsaw;

static const mi_parameter parameters[] = {
    MI_PRETEXT_PARAMETERS,
    {.name = "shuffled",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_LOW_OPEN,
     .fallback = "1",
     .unit = "",
     .help = "Share of the patches that are shown without their position and asked for it; with 1 "
             "no patch has a position, in evaluations neither"},
    {.name = NULL},
};

static const mi_monitor monitors[] = {
    {"placed", "",
     "share of the patches without position whose likeliest place is their own; by chance one over "
     "the number of places, as the loss is then its logarithm"},
    {NULL, NULL, NULL},
};

static void jigsaw_destroy(void *state)
{
    jigsaw *j = state;
    if (j != NULL) {
        mi_pretext_empty(&j->base);
        free(j);
    }
}

static mi_code build(jigsaw *j, const mi_values *values, const mi_source_shape *source,
                     mi_status *status)
{
    mi_pretext *p = &j->base;
    mi_code code = mi_pretext_fill(values, source, "jigsaw", source->channels, p, status);
    if (code != MI_OK) {
        return code;
    }
    size_t width = p->vit->encoder->config.width;
    j->asked = (size_t)lround(mi_real(values, "shuffled") * (double)p->tokens);
    if (j->asked == 0) {
        return mi_fail_at(status, "shuffled", "is %g: of %zu patches none would be asked for",
                          mi_real(values, "shuffled"), p->tokens);
    }
    if (j->asked == p->tokens) { /* what the encoder has never seen would mislead evaluations */
        memset(p->vit->positions, 0, (p->tokens + 1) * width * sizeof *p->vit->positions);
    }
    return mi_linear_add(&p->tensors, "jigsaw_head", width, p->tokens, true, &j->head, status);
}

static mi_code jigsaw_create(const mi_values *values, const mi_source_shape *source,
                             void **ret_state, mi_status *status)
{
    jigsaw *j = NULL;
    mi_code code = mi_allocate(1, sizeof *j, &j, status);
    if (code == MI_OK) {
        code = build(j, values, source, status);
    }
    if (code != MI_OK) {
        jigsaw_destroy(j);
        return code;
    }
    *ret_state = j;
    return MI_OK;
}

static void jigsaw_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    const jigsaw *j = state;
    const mi_tensors *tensors = &j->base.tensors;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_WEIGHTS, 0);
    memset(values, 0, tensors->total * sizeof *values);
    mi_vit_initialize(j->base.vit, stream, values);
    size_t head = mi_tensors_index(tensors, "jigsaw_head.weight");
    mi_initialize_uniform(tensors, head, stream, values);
}

static size_t jigsaw_token_size(const void *state)
{
    return ((const jigsaw *)state)->base.tokens;
}

typedef struct work {
    mi_pretext_work base;
    mi_scalar *positions; /* (samples, tokens+1, width); NULL where nothing has one */
    size_t *places;       /* (samples, asked): the patches without position */
    size_t *order;        /* (tokens) */
    mi_scalar *inputs;    /* (samples * asked, width) their tokens; their gradient */
    mi_scalar *logits;    /* (samples * asked, tokens); their gradient */
} work;

static work carve(const jigsaw *j, size_t samples, mi_arena *arena)
{
    const mi_pretext *p = &j->base;
    size_t row = p->vit->encoder->config.width * sizeof(mi_scalar), asked = samples * j->asked;
    work w = {.base = mi_pretext_carve(p, samples, arena)};
    w.positions =
        j->asked < p->tokens ? mi_arena_take(arena, samples, (p->tokens + 1) * row) : NULL;
    w.places = mi_arena_take(arena, asked, sizeof *w.places);
    w.order = mi_arena_take(arena, p->tokens, sizeof *w.order);
    w.inputs = mi_arena_take(arena, asked, row);
    w.logits = mi_arena_take(arena, asked, p->tokens * sizeof(mi_scalar));
    return w;
}

static void jigsaw_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    const jigsaw *j = state;
    if (backward) {
        carve(j, samples, arena);
    } else {
        mi_vit_carve_whole(j->base.vit, samples, arena);
    }
}

/* Which patches of each sample go without position. */
static void shuffle(const jigsaw *j, const mi_examples *batch, const mi_shard *shard, work *w)
{
    const mi_pretext *p = &j->base;
    size_t width = p->vit->encoder->config.width, size = (p->tokens + 1) * width;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, batch->seed, MI_PURPOSE_SHUFFLE, 0);
    for (size_t s = 0; s < shard->count; s++) {
        mi_stream_set(stream, batch->seed, MI_PURPOSE_SHUFFLE, batch->first + shard->first + s);
        mi_random_order(stream, w->order, p->tokens);
        memcpy(w->places + s * j->asked, w->order, j->asked * sizeof *w->places);
        mi_scalar *own = w->positions == NULL ? NULL : w->positions + s * size;
        if (own != NULL) {
            memcpy(own, p->vit->positions, size * sizeof *own);
            for (size_t i = 0; i < j->asked; i++) {
                memset(own + (w->order[i] + 1) * width, 0, width * sizeof *own);
            }
        }
        w->base.images[s] = (mi_vit_image){
            .pixels = batch->pixels +
                      (shard->first + s) * p->source.rows * p->source.columns * p->source.channels,
            .rows = p->source.rows,
            .columns = p->source.columns,
            .opt_positions = own,
        };
    }
}

/* Row of the encoded tokens that question q of the shard is about. */
static mi_scalar *token_of(const jigsaw *j, work *w, size_t q)
{
    size_t row = q / j->asked * j->base.tokens + w->places[q];
    return w->base.tokens + row * j->head.in;
}

static size_t likeliest(size_t count, const mi_scalar *z)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        best = z[i] > z[best] ? i : best;
    }
    return best;
}

/* L = -sum_q log softmax(z_q)[place of q] / total, dz = (p - [i = place]) / total; `placed` counts
 * the right ones. */
static double ask(const jigsaw *j, double total, size_t questions, work *w, double *ret_placed)
{
    size_t tokens = j->base.tokens;
    double loss = 0;
    for (size_t q = 0; q < questions; q++) {
        mi_scalar *z = w->logits + q * tokens;
        size_t best = likeliest(tokens, z), place = w->places[q];
        double behind = (double)z[best] - (double)z[place];
        *ret_placed += best == place ? 1 / total : 0;
        mi_softmax(1, tokens, 1, z);
        loss += (behind - log((double)z[best])) / total;
        z[place] -= 1;
        for (size_t i = 0; i < tokens; i++) {
            z[i] *= (mi_scalar)(1 / total);
        }
    }
    return loss;
}

/* logits = head(tokens of the questions), tokens of others are not looked at. */
static void backward(const jigsaw *j, const mi_weights *weights, size_t samples, work *w,
                     mi_scalar *gradient)
{
    size_t questions = samples * j->asked, width = j->head.in;
    mi_linear_backward(&j->head, weights, questions, w->inputs, w->logits, w->inputs, gradient);
    memset(w->base.tokens, 0, samples * j->base.tokens * width * sizeof *w->base.tokens);
    for (size_t q = 0; q < questions; q++) {
        memcpy(token_of(j, w, q), w->inputs + q * width, width * sizeof *w->inputs);
    }
    mi_pretext_backward(&j->base, weights, &w->base, gradient);
}

static mi_code jigsaw_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                            const mi_shard *shard, mi_status *status)
{
    const jigsaw *j = state;
    work w = carve(j, shard->count, shard->arena);
    size_t questions = shard->count * j->asked;
    double placed = 0, total = (double)batch->count * (double)j->asked;
    shuffle(j, batch, shard, &w);
    mi_pretext_forward(&j->base, weights, batch, shard, &w.base);
    for (size_t q = 0; q < questions; q++) {
        memcpy(w.inputs + q * j->head.in, token_of(j, &w, q), j->head.in * sizeof *w.inputs);
    }
    mi_linear_forward(&j->head, weights, questions, w.inputs, w.logits);
    double loss = ask(j, total, questions, &w, &placed);
    if (!isfinite(loss)) {
        return mi_pretext_not_finite(&j->base, &w.base, "jigsaw_head", status);
    }
    shard->sums[MI_SUM_LOSS] += loss;
    shard->sums[MI_SUM_PRETEXT] += placed;
    if (shard->opt_gradient != NULL) {
        backward(j, weights, shard->count, &w, shard->opt_gradient);
    }
    return MI_OK;
}

/* The class token is trained by no loss: the mean of the tokens. */
static mi_code jigsaw_features(const void *state, const mi_weights *weights,
                               const mi_examples *batch, const mi_shard *shard, mi_scalar *features,
                               mi_status *status)
{
    (void)status;
    mi_vit_features(((const mi_pretext *)state)->vit, weights, batch, shard, false, features);
    return MI_OK;
}

static mi_code jigsaw_patches(const void *state, const mi_weights *weights,
                              const mi_examples *batch, const mi_shard *shard, mi_scalar *features,
                              mi_scalar *opt_attention, mi_status *status)
{
    (void)status;
    mi_vit_patches(((const mi_pretext *)state)->vit, weights, batch, shard, features,
                   opt_attention);
    return MI_OK;
}

const mi_method_class mi_jigsaw_method = {
    .name = "jigsaw",
    .summary = "patches are shown without their positions, and each is asked for its place: "
               "cross-entropy over the places",
    .parameters = parameters,
    .discrete = false,
    .create = jigsaw_create,
    .destroy = jigsaw_destroy,
    .tensors = mi_pretext_tensors,
    .initialize = jigsaw_initialize,
    .tokens = mi_pretext_layout,
    .token_size = jigsaw_token_size,
    .carve = jigsaw_carve,
    .shard = jigsaw_shard,
    .feature_size = mi_pretext_width,
    .features = jigsaw_features,
    .target = "the place of each patch",
    .unmasked = true,
    .monitors = monitors,
    .after_step = mi_pretext_after_step,
    .read_monitors = mi_pretext_read_monitors,
    .patch_size = mi_pretext_width,
    .heads = mi_pretext_heads,
    .patches = jigsaw_patches,
};
