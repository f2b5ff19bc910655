/* Features of whole examples by a frozen encoder, or their pixels. */
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "training.h"

enum { CHUNK = 256 /* examples drawn and encoded at a time */, SHARDS = 8 };

/* Where the streams of drawn tokens begin: beyond those of the examples. */
static const uint64_t first_tokens = (uint64_t)1 << 61;

typedef struct encoding {
    const mi_feature_request *request;
    const mi_run *run;
    mi_run quiet; /* of the work on a chunk */
    mi_status *status;
    mi_source_shape shape;
    size_t values;    /* of an example */
    mi_layout layout; /* of its tokens */
    size_t all;       /* tokens of an example; 1 where whole examples are asked for */
    size_t taken;     /* of them that are wanted */
    gsl_rng *draw;
    void *scratch;          /* of the source */
    mi_examples examples;   /* a chunk */
    mi_shards *shards;      /* NULL: pixels are the features */
    mi_scalar *chunk;       /* (CHUNK, all, size) */
    mi_scalar *chunk_looks; /* its place in the attention */
    size_t *order;          /* (all) */
    mi_feature_set set;
} encoding;

static mi_code encode_shard(const mi_shard *shard, void *context, mi_status *status)
{
    const encoding *e = context;
    const mi_feature_request *q = e->request;
    const mi_method_class *class = q->method->class;
    return q->tokens == 0 ? class->features(q->method->state, q->opt_weights, &e->examples, shard,
                                            e->chunk, status)
                          : class->patches(q->method->state, q->opt_weights, &e->examples, shard,
                                           e->chunk, e->chunk_looks, status);
}

static uint64_t key_of(const encoding *e, uint64_t index)
{
    return 2 * index + (e->request->part == MI_HELD_OUT);
}

static mi_code draw_chunk(encoding *e, size_t first)
{
    const mi_feature_request *q = e->request;
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < e->examples.count; i++) {
        mi_scalar *pixels = e->shape.discrete ? NULL : e->examples.pixels + i * e->values;
        unsigned *symbols = e->shape.discrete ? e->examples.symbols + i * e->values : NULL;
        uint64_t index = first + i;
        int *labels = e->set.labels + index * e->taken;
        mi_stream_set(e->draw, e->run->seed, MI_PURPOSE_PROBE, key_of(e, index));
        code = mi_source_draw(q->source, q->part, index, e->draw, e->scratch, pixels, symbols,
                              labels, e->status);
        for (size_t t = 1; t < e->taken; t++) {
            labels[t] = labels[0];
        }
    }
    return code;
}

/* Pixels of the examples, or of their tokens. */
static void take_pixels(encoding *e)
{
    if (e->request->tokens == 0) {
        memcpy(e->chunk, e->examples.pixels, e->examples.count * e->values * sizeof *e->chunk);
        return;
    }
    mi_patchify(e->examples.count, e->shape.rows, e->shape.columns, e->shape.channels,
                e->shape.rows / e->layout.rows, e->examples.pixels, e->chunk);
}

/* The first `taken` of a random order, by Fisher and Yates; all stay as they are. */
static void order_tokens(encoding *e, uint64_t index)
{
    for (size_t t = 0; t < e->all; t++) {
        e->order[t] = t;
    }
    if (e->taken == e->all) {
        return;
    }
    mi_stream_set(e->draw, e->run->seed, MI_PURPOSE_PROBE, first_tokens + key_of(e, index));
    for (size_t t = 0; t < e->taken; t++) {
        size_t other = t + gsl_rng_uniform_int(e->draw, e->all - t), kept = e->order[t];
        e->order[t] = e->order[other];
        e->order[other] = kept;
    }
}

static void keep_tokens(encoding *e, size_t first)
{
    for (size_t i = 0; i < e->examples.count; i++) {
        order_tokens(e, first + i);
        for (size_t t = 0; t < e->taken; t++) {
            memcpy(e->set.features + ((first + i) * e->taken + t) * e->set.size,
                   e->chunk + (i * e->all + e->order[t]) * e->set.size,
                   e->set.size * sizeof *e->chunk);
        }
    }
}

static mi_code encode_chunk(encoding *e, size_t first)
{
    size_t left = e->request->count - first;
    double sums[MI_SHARD_SUMS];
    e->examples.count = left < CHUNK ? left : CHUNK;
    e->examples.first = first;
    e->chunk_looks =
        e->set.attention == NULL ? NULL : e->set.attention + first * e->set.heads * e->all;
    mi_code code = draw_chunk(e, first);
    if (code == MI_OK && e->shards == NULL) {
        take_pixels(e);
    } else if (code == MI_OK) {
        code = mi_shards_run(e->shards, &e->quiet, e->examples.count, encode_shard, e, NULL, sums,
                             e->status);
    }
    if (code == MI_OK) {
        keep_tokens(e, first);
    }
    return code;
}

/* How many numbers there are of what. */
static void measure(encoding *e)
{
    const mi_feature_request *q = e->request;
    const mi_method_class *class = q->method->class;
    e->layout = class->tokens(q->method->state);
    e->all = q->tokens > 0 ? e->layout.rows * e->layout.columns : 1;
    e->taken = q->tokens == 0 ? 1 : q->tokens < e->all ? q->tokens : e->all;
    e->values = e->shape.rows * e->shape.columns * e->shape.channels;
    e->set.count = q->count * e->taken;
    e->set.size = q->opt_weights == NULL ? e->values / e->all
                  : q->tokens == 0       ? class->feature_size(q->method->state)
                                         : class->patch_size(q->method->state);
    e->set.heads = q->attention && class->heads != NULL ? class->heads(q->method->state) : 0;
}

static mi_code open_encoder(encoding *e)
{
    const mi_method *method = e->request->method;
    mi_arena dry = {0};
    method->class->carve(method->state, mi_shards_largest(SHARDS, CHUNK), false, &dry);
    mi_code code = MI_OK;
    if (e->set.heads > 0) {
        code = mi_allocate(e->request->count * e->set.heads * e->all, sizeof *e->set.attention,
                           &e->set.attention, e->status);
    }
    return code == MI_OK
               ? mi_shards_create(SHARDS, e->run->threads, 0, dry.used, &e->shards, e->status)
               : code;
}

static mi_code open_examples(encoding *e)
{
    mi_code code = mi_source_scratch_create(e->request->source, &e->scratch, e->status);
    e->examples.seed = e->run->seed;
    if (code == MI_OK) {
        code = mi_stream_create(e->run->seed, MI_PURPOSE_PROBE, 0, &e->draw, e->status);
    }
    if (code == MI_OK && e->shape.discrete) {
        return mi_allocate(CHUNK * e->values, sizeof *e->examples.symbols, &e->examples.symbols,
                           e->status);
    }
    return code == MI_OK ? mi_allocate(CHUNK * e->values, sizeof *e->examples.pixels,
                                       &e->examples.pixels, e->status)
                         : code;
}

static mi_code open_all(encoding *e)
{
    measure(e);
    mi_code code = open_examples(e);
    if (code == MI_OK && e->request->opt_weights != NULL) {
        code = open_encoder(e);
    }
    if (code == MI_OK) {
        code = mi_allocate(CHUNK * e->all * e->set.size, sizeof *e->chunk, &e->chunk, e->status);
    }
    if (code == MI_OK) {
        code = mi_allocate(e->all, sizeof *e->order, &e->order, e->status);
    }
    if (code == MI_OK) {
        code = mi_allocate(e->set.count * e->set.size, sizeof *e->set.features, &e->set.features,
                           e->status);
    }
    return code == MI_OK
               ? mi_allocate(e->set.count, sizeof *e->set.labels, &e->set.labels, e->status)
               : code;
}

static void close_all(encoding *e)
{
    mi_shards_destroy(e->shards);
    if (e->draw != NULL) {
        gsl_rng_free(e->draw);
    }
    mi_source_scratch_destroy(e->request->source, e->scratch);
    free(e->examples.pixels);
    free(e->examples.symbols);
    free(e->chunk);
    free(e->order);
}

static mi_code encode_all(encoding *e)
{
    mi_code code = MI_OK;
    for (size_t first = 0; code == MI_OK && first < e->request->count; first += CHUNK) {
        if (mi_interrupted(e->run)) {
            return mi_fail(e->status, MI_INTERRUPTED, "interrupted during the features");
        }
        code = encode_chunk(e, first);
        if (code == MI_OK && e->run->opt_progress != NULL) {
            e->run->opt_progress(e->run->opt_progress_context, "features",
                                 first + e->examples.count, e->request->count);
        }
    }
    return code;
}

mi_code mi_train_features(const mi_feature_request *request, const mi_run *run,
                          mi_feature_set *ret_set, mi_status *status)
{
    encoding e = {.request = request,
                  .run = run,
                  .quiet = *run,
                  .status = status,
                  .shape = mi_source_shape_of(request->source)};
    e.quiet.opt_progress = NULL;
    mi_code code = open_all(&e);
    if (code == MI_OK) {
        code = encode_all(&e);
    }
    close_all(&e);
    if (code != MI_OK) {
        mi_feature_set_free(&e.set);
    }
    *ret_set = e.set;
    return code;
}

void mi_feature_set_free(mi_feature_set *set)
{
    free(set->features);
    free(set->labels);
    free(set->attention);
    *set = (mi_feature_set){.count = 0};
}
