/* A pre-training method with weights, a batch and gradients over shards, for tests. */
#ifndef MASKINFO_TESTS_METHOD_RIG_H
#define MASKINFO_TESTS_METHOD_RIG_H

#include "support.h"

#include <cjson/cJSON.h>
#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

#include "../src/lab/lab.h"
#include "maskinfo/document.h"
#include "maskinfo/memory.h"
#include "maskinfo/method.h"
#include "maskinfo/random.h"

/* Values of a table from JSON text, the rest by default. */
static inline mi_values *rig_values(const mi_parameter *table, const char *json)
{
    mi_faults faults = {0};
    mi_binding binding = {.faults = &faults, .effort = 1};
    mi_values *values = NULL;
    cJSON *object = cJSON_Parse(json), *resolved = NULL;
    mi_code code = mi_bind(&binding, object, "", table, NULL, &values, &resolved, NULL);
    if (object == NULL || code != MI_OK || faults.count > 0) {
        fail_msg("%s: %s", json, faults.count > 0 ? faults.messages[0] : "not bound");
    }
    cJSON_Delete(object);
    cJSON_Delete(resolved);
    return values;
}

typedef struct rig {
    mi_run run;
    const mi_method_class *class;
    void *state;
    const mi_tensors *tensors;
    mi_scalar *values, *transposed, *gradient;
    mi_examples batch;
    mi_shards *shards;
    double loss;
} rig;

/* The method's answer to values and a source; the values are released. */
static inline mi_code rig_state(const char *name, const char *json, const mi_source_shape *source,
                                void **ret_state, mi_status *status)
{
    const mi_method_class *class = mi_method_find(name);
    mi_values *values = rig_values(class->parameters, json);
    mi_code code = class->create(values, source, ret_state, status);
    mi_values_destroy(values);
    return code;
}

static inline size_t rig_scratch(const rig *r, size_t samples)
{
    mi_arena training = {0}, inference = {0};
    r->class->carve(r->state, samples, true, &training);
    r->class->carve(r->state, samples, false, &inference);
    return training.used > inference.used ? training.used : inference.used;
}

static inline void rig_transpose(rig *r)
{
    assert_int_equal(mi_tensors_transpose(r->tensors, r->values, r->transposed, &r->run, NULL),
                     MI_OK);
}

static inline mi_weights rig_weights(const rig *r)
{
    return (mi_weights){.values = r->values, .transposed = r->transposed};
}

/* Fresh weights, and a batch whose pixels and masks are 0 for the caller to fill. */
static inline rig rig_create(const char *name, const char *json, const mi_source_shape *source,
                             size_t samples, size_t shards, int threads)
{
    rig r = {.run = {.seed = 1, .threads = threads}, .class = mi_method_find(name)};
    mi_status status = {.code = MI_OK};
    if (rig_state(name, json, source, &r.state, &status) != MI_OK) {
        fail_msg("%s: %s: %s", json, status.place, status.message);
    }
    r.tensors = r.class->tensors(r.state);
    mi_layout layout = r.class->tokens(r.state);
    size_t total = r.tensors->total, sites = source->rows * source->columns;
    assert_int_equal(mi_allocate(total, sizeof *r.values, &r.values, NULL), MI_OK);
    assert_int_equal(mi_allocate(total, sizeof *r.values, &r.transposed, NULL), MI_OK);
    assert_int_equal(mi_allocate(total, sizeof *r.values, &r.gradient, NULL), MI_OK);
    r.class->initialize(r.state, 7, r.values);
    rig_transpose(&r);
    r.batch = (mi_examples){.count = samples, .seed = 3, .first = 11};
    if (source->discrete) {
        assert_int_equal(mi_allocate(samples * sites, sizeof(unsigned), &r.batch.symbols, NULL),
                         MI_OK);
    } else {
        assert_int_equal(mi_allocate(samples * sites * source->channels, sizeof(mi_scalar),
                                     &r.batch.pixels, NULL),
                         MI_OK);
    }
    assert_int_equal(mi_allocate(samples * layout.rows * layout.columns, 1, &r.batch.masked, NULL),
                     MI_OK);
    size_t scratch = rig_scratch(&r, mi_shards_largest(shards, samples));
    assert_int_equal(mi_shards_create(shards, threads, total, scratch, &r.shards, NULL), MI_OK);
    return r;
}

static inline void rig_destroy(rig *r)
{
    mi_shards_destroy(r->shards);
    free(r->values);
    free(r->transposed);
    free(r->gradient);
    free(r->batch.pixels);
    free(r->batch.symbols);
    free(r->batch.masked);
    r->class->destroy(r->state);
}

static inline size_t rig_tokens(const rig *r)
{
    mi_layout layout = r->class->tokens(r->state);
    return layout.rows * layout.columns;
}

/* Count what is masked. */
static inline void rig_count(rig *r)
{
    r->batch.masked_total = 0;
    for (size_t i = 0; i < r->batch.count * rig_tokens(r); i++) {
        r->batch.masked_total += r->batch.masked[i];
    }
}

/* Masks of a ratio; of the first sample all tokens, of the second none. */
static inline void rig_mask(rig *r, gsl_rng *stream, double ratio)
{
    size_t tokens = rig_tokens(r);
    for (size_t i = 0; i < r->batch.count * tokens; i++) {
        r->batch.masked[i] = gsl_rng_uniform(stream) < ratio;
    }
    memset(r->batch.masked, 1, tokens);
    memset(r->batch.masked + tokens, 0, tokens);
    rig_count(r);
}

/* Add normal numbers to every parameter, so that none is at a value that hides a fault. */
static inline void rig_shake(rig *r, gsl_rng *stream, double deviation)
{
    for (size_t t = 0; t < r->tensors->count; t++) {
        const mi_tensor *tensor = &r->tensors->items[t];
        for (size_t i = 0; i < tensor->count; i++) {
            r->values[tensor->offset + i] += (mi_scalar)gsl_ran_gaussian(stream, deviation);
        }
    }
    rig_transpose(r);
}

static inline mi_code rig_work(const mi_shard *shard, void *context, mi_status *status)
{
    const rig *r = context;
    mi_weights weights = rig_weights(r);
    return r->class->shard(r->state, &weights, &r->batch, shard, status);
}

/* Loss, and the gradient where it is wanted. */
static inline mi_code rig_run(rig *r, bool wants_gradient, mi_status *status)
{
    double sums[MI_SHARD_SUMS];
    mi_code code = mi_shards_run(r->shards, &r->run, r->batch.count, rig_work, r,
                                 wants_gradient ? r->gradient : NULL, sums, status);
    r->loss = sums[MI_SUM_LOSS];
    return code;
}

/* Predictions or features of the whole batch, in two shards. */
static inline void rig_infer(rig *r, bool features, mi_scalar *out)
{
    mi_arena arena;
    double sums[MI_SHARD_SUMS] = {0};
    mi_weights weights = rig_weights(r);
    size_t half = r->batch.count / 2;
    assert_int_equal(mi_arena_create(rig_scratch(r, r->batch.count), &arena, NULL), MI_OK);
    for (size_t i = 0; i < 2; i++) {
        mi_shard shard = {.index = i,
                          .first = i * half,
                          .count = i == 0 ? half : r->batch.count - half,
                          .arena = &arena,
                          .sums = sums};
        mi_arena_reset(&arena, 0);
        assert_int_equal((features ? r->class->features : r->class->predict)(
                             r->state, &weights, &r->batch, &shard, out, NULL),
                         MI_OK);
    }
    mi_arena_destroy(&arena);
}

#endif
