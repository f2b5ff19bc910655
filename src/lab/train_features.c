/* Features of whole examples by a frozen encoder, or their pixels. */
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "training.h"

enum { CHUNK = 256 /* examples drawn and encoded at a time */, SHARDS = 8 };

typedef struct encoding {
    const mi_feature_request *request;
    const mi_run *run;
    mi_run quiet; /* of the work on a chunk */
    mi_status *status;
    mi_source_shape shape;
    size_t values; /* of an example */
    gsl_rng *draw;
    void *scratch;        /* of the source */
    mi_examples examples; /* a chunk */
    mi_shards *shards;    /* NULL: pixels are the features */
    size_t size;          /* features of an example */
    mi_scalar *features;  /* (count, size) */
    mi_scalar *chunk;     /* its place in them */
    int *labels;          /* (count) */
} encoding;

static mi_code encode_shard(const mi_shard *shard, void *context, mi_status *status)
{
    const encoding *e = context;
    const mi_method *method = e->request->method;
    return method->class->features(method->state, e->request->opt_weights, &e->examples, shard,
                                   e->chunk, status);
}

static mi_code draw_chunk(encoding *e, size_t first)
{
    const mi_feature_request *q = e->request;
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < e->examples.count; i++) {
        mi_scalar *pixels = e->shape.discrete ? NULL : e->examples.pixels + i * e->values;
        unsigned *symbols = e->shape.discrete ? e->examples.symbols + i * e->values : NULL;
        uint64_t index = first + i, key = 2 * index + (q->part == MI_HELD_OUT);
        mi_stream_set(e->draw, e->run->seed, MI_PURPOSE_PROBE, key);
        code = mi_source_draw(q->source, q->part, index, e->draw, e->scratch, pixels, symbols,
                              &e->labels[index], e->status);
    }
    return code;
}

static mi_code encode_chunk(encoding *e, size_t first)
{
    size_t left = e->request->count - first;
    double sums[MI_SHARD_SUMS];
    e->examples.count = left < CHUNK ? left : CHUNK;
    e->examples.first = first;
    e->chunk = e->features + first * e->size;
    mi_code code = draw_chunk(e, first);
    if (code == MI_OK && e->shards == NULL) {
        memcpy(e->chunk, e->examples.pixels, e->examples.count * e->size * sizeof *e->chunk);
    } else if (code == MI_OK) {
        code = mi_shards_run(e->shards, &e->quiet, e->examples.count, encode_shard, e, NULL, sums,
                             e->status);
    }
    return code;
}

static mi_code open_encoder(encoding *e)
{
    const mi_method *method = e->request->method;
    mi_arena dry = {0};
    e->size = method->class->feature_size(method->state);
    method->class->carve(method->state, mi_shards_largest(SHARDS, CHUNK), false, &dry);
    return mi_shards_create(SHARDS, e->run->threads, 0, dry.used, &e->shards, e->status);
}

static mi_code open_all(encoding *e)
{
    mi_code code = mi_source_scratch_create(e->request->source, &e->scratch, e->status);
    e->values = e->shape.rows * e->shape.columns * e->shape.channels;
    e->size = e->values;
    e->examples.seed = e->run->seed;
    if (code == MI_OK) {
        code = mi_stream_create(e->run->seed, MI_PURPOSE_PROBE, 0, &e->draw, e->status);
    }
    if (code == MI_OK && e->shape.discrete) {
        code = mi_allocate(CHUNK * e->values, sizeof *e->examples.symbols, &e->examples.symbols,
                           e->status);
    } else if (code == MI_OK) {
        code = mi_allocate(CHUNK * e->values, sizeof *e->examples.pixels, &e->examples.pixels,
                           e->status);
    }
    if (code == MI_OK && e->request->opt_weights != NULL) {
        code = open_encoder(e);
    }
    if (code == MI_OK) {
        code =
            mi_allocate(e->request->count * e->size, sizeof *e->features, &e->features, e->status);
    }
    return code == MI_OK ? mi_allocate(e->request->count, sizeof *e->labels, &e->labels, e->status)
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
                          mi_scalar **ret_features, size_t *ret_size, int **ret_labels,
                          mi_status *status)
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
        free(e.features);
        free(e.labels);
        return code;
    }
    *ret_features = e.features;
    *ret_size = e.size;
    *ret_labels = e.labels;
    return MI_OK;
}
