/* A method that learns nothing but tells whatever it is told to of its outputs: its monitors follow
 * a script over the steps. It hides nothing and predicts no tokens. Programs that include this have
 * mae, mlm and this one for methods, in place of the library's list. */
#ifndef MASKINFO_TESTS_STUB_METHOD_H
#define MASKINFO_TESTS_STUB_METHOD_H

#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/methods/methods.h"
#include "maskinfo/memory.h"
#include "maskinfo/train.h"

enum { STUB_PATCH = 2, STUB_HEADS = 2 };

typedef struct stub {
    mi_tensors tensors;
    mi_source_shape source;
    const char *script;
    size_t at; /* step from which on the script sets in */
    double log_prototypes, monitors[5];
} stub;

static const mi_parameter stub_head[] = {
    {.name = "prototypes",
     .type = MI_INTEGER,
     .low = 2,
     .high = 1e6,
     .fallback = "64",
     .unit = "",
     .help = "K"},
    {.name = NULL},
};
static const mi_parameter stub_parameters[] = {
    {.name = "script",
     .type = MI_CHOICE,
     .fallback = "\"sound\"",
     .choices = (const char *const[]){"sound", "uniform", "one", "point", "line", "missing", NULL},
     .unit = "",
     .help = "what the monitors tell"},
    {.name = "at",
     .type = MI_INTEGER,
     .low = 0,
     .high = 1e6,
     .fallback = "0",
     .unit = "steps",
     .help = "from where on"},
    {.name = "head",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = stub_head,
     .unit = "",
     .help = "as of others"},
    {.name = NULL},
};
static const mi_monitor stub_monitors[] = {
    {"teacher_entropy", "nats", "E H(p)"},    {"mean_entropy", "nats", "H(E p)"},
    {"information", "nats", "difference"},    {"effective_rank", "", "of features"},
    {"feature_deviation", "", "of features"}, {NULL, NULL, NULL},
};

static inline mi_code stub_create(const mi_values *values, const mi_source_shape *source,
                                  void **ret_state, mi_status *status)
{
    stub *s = NULL;
    size_t shape[2] = {source->channels, 1}, offset;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code == MI_OK) {
        static const char *const scripts[] = {"sound", "uniform", "one",
                                              "point", "line",    "missing"};
        for (size_t i = 0; i < 6; i++) {
            s->script = mi_is(values, "script", scripts[i]) ? scripts[i] : s->script;
        }
        s->source = *source;
        s->at = mi_count(values, "at");
        s->log_prototypes =
            log((double)mi_count(mi_values_find(values, "head")->group, "prototypes"));
        code = mi_tensors_add(&s->tensors, "w", 2, shape, true, &offset, status);
        *ret_state = s;
    }
    return code;
}

static inline void stub_destroy(void *state)
{
    stub *s = state;
    mi_tensors_free(&s->tensors);
    free(s);
}

static inline const mi_tensors *stub_tensors(const void *state)
{
    return &((const stub *)state)->tensors;
}

static inline void stub_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    (void)state;
    values[0] = (mi_scalar)(1 + (double)seed / 64);
}

static inline mi_layout stub_tokens(const void *state)
{
    const stub *s = state;
    return (mi_layout){2, s->source.rows / STUB_PATCH, s->source.columns / STUB_PATCH};
}

static inline size_t stub_token_size(const void *state)
{
    return STUB_PATCH * STUB_PATCH * ((const stub *)state)->source.channels;
}

static inline void stub_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    (void)state, (void)samples, (void)backward;
    mi_arena_scalars(arena, 16);
}

/* The loss of the batch is ln K + w^2/2 - 1/2 at the first weights of seed 0, or so. */
static inline mi_code stub_shard(const void *state, const mi_weights *weights,
                                 const mi_examples *batch, const mi_shard *shard, mi_status *status)
{
    const stub *s = state;
    double share = (double)shard->count / (double)batch->count, w = (double)weights->values[0];
    (void)status;
    shard->sums[MI_SUM_LOSS] += share * (s->log_prototypes + 1e-4 * w);
    if (shard->opt_gradient != NULL) {
        shard->opt_gradient[0] += (mi_scalar)(share * 1e-4);
    }
    return MI_OK;
}

static inline size_t stub_size(const void *state)
{
    const stub *s = state;
    return s->source.rows * s->source.columns * s->source.channels;
}

/* Pixels times the weight. */
static inline mi_code stub_features(const void *state, const mi_weights *weights,
                                    const mi_examples *batch, const mi_shard *shard,
                                    mi_scalar *features, mi_status *status)
{
    size_t size = stub_size(state);
    (void)status;
    for (size_t i = shard->first * size; i < (shard->first + shard->count) * size; i++) {
        features[i] = weights->values[0] * batch->pixels[i];
    }
    return MI_OK;
}

/* Pixels of the patches; head h attends to token t with the share of (t + 1)^h. */
static inline mi_code stub_patches(const void *state, const mi_weights *weights,
                                   const mi_examples *batch, const mi_shard *shard,
                                   mi_scalar *features, mi_scalar *opt_attention, mi_status *status)
{
    const stub *s = state;
    mi_layout layout = stub_tokens(state);
    size_t tokens = layout.rows * layout.columns, size = stub_size(state);
    (void)weights, (void)status;
    mi_patchify(shard->count, s->source.rows, s->source.columns, s->source.channels, STUB_PATCH,
                batch->pixels + shard->first * size, features + shard->first * size);
    for (size_t i = shard->first; opt_attention != NULL && i < shard->first + shard->count; i++) {
        for (size_t h = 0; h < STUB_HEADS; h++) {
            for (size_t t = 0; t < tokens; t++) {
                opt_attention[(i * STUB_HEADS + h) * tokens + t] =
                    (mi_scalar)(h == 0 ? 1 / (double)tokens
                                       : (double)(t + 1) * 2 / (double)(tokens * (tokens + 1)));
            }
        }
    }
    return MI_OK;
}

static inline size_t stub_heads(const void *state)
{
    (void)state;
    return STUB_HEADS;
}

static inline mi_code stub_after_step(void *state, size_t t, const mi_scalar *values,
                                      const double *sums, const mi_run *run, mi_status *status)
{
    stub *s = state;
    const char *script = t >= s->at ? s->script : "sound";
    bool uniform = strcmp(script, "uniform") == 0, one = strcmp(script, "one") == 0;
    bool point = strcmp(script, "point") == 0, line = strcmp(script, "line") == 0;
    double k = s->log_prototypes;
    (void)values, (void)sums, (void)run, (void)status;
    s->monitors[0] = uniform ? k : one ? 0.001 : 0.3 * k;
    s->monitors[1] = uniform ? k : one ? 0.002 : 0.9 * k;
    s->monitors[2] = s->monitors[1] - s->monitors[0];
    s->monitors[3] = t % 10 != 0 ? NAN : line ? 1.05 : 9;
    s->monitors[4] = point ? 0.01 : 0.8;
    return MI_OK;
}

static inline void stub_read(const void *state, double *values)
{
    memcpy(values, ((const stub *)state)->monitors, sizeof((const stub *)state)->monitors);
}

static const mi_method_class stub_class = {
    .name = "stub",
    .summary = "tells what it is told to",
    .target = "nothing",
    .parameters = stub_parameters,
    .create = stub_create,
    .destroy = stub_destroy,
    .tensors = stub_tensors,
    .initialize = stub_initialize,
    .tokens = stub_tokens,
    .token_size = stub_token_size,
    .carve = stub_carve,
    .shard = stub_shard,
    .feature_size = stub_size,
    .features = stub_features,
    .unmasked = true,
    .monitors = stub_monitors,
    .after_step = stub_after_step,
    .read_monitors = stub_read,
    .patch_size = stub_token_size,
    .heads = stub_heads,
    .patches = stub_patches,
};

/* In place of the library's registry, which then is not linked. */
const mi_method_class *const *mi_method_classes(void)
{
    static const mi_method_class *const classes[] = {&mi_mae_method, &mi_mlm_method, &stub_class,
                                                     NULL};
    return classes;
}

const mi_method_class *mi_method_find(const char *name)
{
    for (const mi_method_class *const *c = mi_method_classes(); *c != NULL; c++) {
        if (strcmp((*c)->name, name) == 0) {
            return *c;
        }
    }
    return NULL;
}

#endif
