/* A method that compares views, ready for its loss: weights, a teacher and centres of other values,
 * a batch with masks, views drawn and targets made. */
#ifndef MASKINFO_TESTS_SIAMESE_RIG_H
#define MASKINFO_TESTS_SIAMESE_RIG_H

#include "method_support.h"

#include <gsl/gsl_randist.h>

#include "../src/methods/ibot.h"

enum { RIG_BATCH = 5, RIG_ROWS = 12, RIG_COLUMNS = 8, RIG_CHANNELS = 2, RIG_TOKENS = 6 };

static const mi_source_shape rig_image = {
    .rows = RIG_ROWS, .columns = RIG_COLUMNS, .channels = RIG_CHANNELS, .site = 4, .deviation = 1};

typedef struct siamese_rig {
    mi_method method;
    const mi_tensors *tensors;
    mi_scalar *values, *transposed;
    mi_examples batch;
    mi_run run;
} siamese_rig;

static inline void rig_shake(const siamese_rig *r, gsl_rng *stream, double deviation,
                             mi_scalar *values)
{
    for (size_t t = 0; t < r->tensors->count; t++) {
        const mi_tensor *tensor = &r->tensors->items[t];
        for (size_t i = 0; i < tensor->count; i++) {
            values[tensor->offset + i] += (mi_scalar)gsl_ran_gaussian(stream, deviation);
        }
    }
}

static inline mi_code rig_prepare_shard(const mi_shard *shard, void *context, mi_status *status)
{
    const siamese_rig *r = context;
    mi_weights weights = {r->values, r->transposed};
    return r->method.class->prepare(r->method.state, &weights, &r->batch, 0, shard, status);
}

/* Views and targets for the batch, in two shards. */
static inline mi_code rig_settle(siamese_rig *r, mi_status *status)
{
    const mi_method *m = &r->method;
    mi_arena dry = {0};
    mi_shards *shards = NULL;
    double sums[MI_SHARD_SUMS];
    m->class->carve(m->state, mi_shards_largest(2, r->batch.count), true, &dry);
    assert_int_equal(mi_shards_create(2, 1, 0, dry.used, &shards, NULL), MI_OK);
    mi_code code =
        mi_shards_run(shards, &r->run, r->batch.count, rig_prepare_shard, r, NULL, sums, status);
    mi_shards_destroy(shards);
    return code == MI_OK ? m->class->settle(m->state, &r->batch, 0, &r->run, status) : code;
}

static inline siamese_rig rig_create(const char *name, const char *json)
{
    enum { PIXELS = RIG_BATCH * RIG_ROWS * RIG_COLUMNS * RIG_CHANNELS };
    siamese_rig r = {.method = method_of(name, json, rig_image), .run = {.seed = 1, .threads = 1}};
    const mi_method *m = &r.method;
    const mi_training training = {.steps = 10, .batch = RIG_BATCH, .shards = 2};
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, 1, MI_PURPOSE_TEST, 0);
    r.tensors = m->class->tensors(m->state);
    r.values = block_of(*m);
    r.transposed = block_of(*m);
    r.batch = (mi_examples){.count = RIG_BATCH, .seed = 3, .first = 11};
    r.batch.pixels = calloc(PIXELS, sizeof(mi_scalar));
    for (size_t i = 0; i < PIXELS; i++) {
        r.batch.pixels[i] = (mi_scalar)gsl_ran_gaussian(stream, 1);
    }
    if (!m->class->unmasked) {
        r.batch.views = 2;
        r.batch.masked = calloc(RIG_BATCH * 2, RIG_TOKENS);
        for (size_t i = 0; i < RIG_BATCH * 2 * RIG_TOKENS; i++) {
            r.batch.masked[i] = gsl_rng_uniform(stream) < 0.4;
            r.batch.masked_total += r.batch.masked[i];
        }
    }
    m->class->initialize(m->state, 7, r.values);
    rig_shake(&r, stream, 0.2, r.values);
    assert_int_equal(m->class->begin(m->state, &training, r.values, &r.run, NULL), MI_OK);
    rig_shake(&r, stream, 0.05, m->class->teacher(m->state));
    assert_int_equal(m->class->refresh(m->state, &r.run, NULL), MI_OK);
    mi_kept kept[MI_KEPT_ARRAYS];
    size_t count = m->class->kept != NULL ? m->class->kept(m->state, kept) : 0;
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < kept[k].count; i++) {
            kept[k].values[i] = (mi_scalar)gsl_ran_gaussian(stream, 0.05);
        }
    }
    return r;
}

static inline void rig_destroy(siamese_rig *r)
{
    r->method.class->destroy(r->method.state);
    free(r->values);
    free(r->transposed);
    free(r->batch.pixels);
    free(r->batch.masked);
}

#endif
