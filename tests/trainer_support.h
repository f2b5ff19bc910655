/* A trainer of a small method on a small model. */
#ifndef MASKINFO_TESTS_TRAINER_SUPPORT_H
#define MASKINFO_TESTS_TRAINER_SUPPORT_H

#include "models.h"
#include "scratch.h"

#include "../src/methods/trainer.h"

/* What a trainer needs. */
typedef struct trial {
    mi_run run;
    mi_model *model;
    mi_source *source;
    mi_values *mask_values, *training_values;
    mi_setting setting;
} trial;

typedef struct recipe {
    const char *method, *parameters, *model, *model_parameters, *mask;
    mi_ratio ratio;
} recipe;

static const recipe mae = {
    .method = "mae",
    .parameters = "{\"patch\":2,\"encoder\":{\"width\":16,\"depth\":2,\"heads\":2},"
                  "\"decoder\":{\"width\":8,\"depth\":1,\"heads\":1}}",
    .model = "gmrf",
    .model_parameters = "{\"grid\":[8,6]}",
    .mask = "random",
    .ratio = {0.5, 0.5},
};

static const recipe mlm = {
    .method = "mlm",
    .parameters = "{\"encoder\":{\"width\":16,\"depth\":2,\"heads\":2,\"stochastic_depth\":0.2}}",
    .model = "markov",
    .model_parameters = "{\"random\":{\"vocab\":5,\"concentration\":0.3},\"length\":12}",
    .mask = "span",
    .ratio = {0, 1},
};

static const char *const training = "{\"steps\":20,\"batch\":10,\"rate\":0.003,\"momentum\":0.9}";

static inline mi_method method_from(const recipe *r, const mi_source *source)
{
    mi_method method = {.class = mi_method_find(r->method)};
    mi_source_shape shape = mi_source_shape_of(source);
    mi_status status;
    assert_non_null(method.class);
    mi_values *values = values_from(method.class->parameters, r->parameters);
    if (method.class->create(values, &shape, &method.state, &status) != MI_OK) {
        fail_msg("%s: %s", status.place, status.message);
    }
    mi_values_destroy(values);
    return method;
}

static inline trial trial_of(const recipe *r, const char *settings)
{
    trial t = {.run = support_run(5)};
    t.model = model_from(r->model, r->model_parameters, &t.run);
    assert_int_equal(mi_source_create(t.model, &t.run, &t.source, NULL), MI_OK);
    t.training_values = values_from(mi_training_parameters, settings);
    const mi_mask_class *mask = mi_mask_find(r->mask);
    t.mask_values = values_from(mask->parameters, "{}");
    t.setting = (mi_setting){.method = method_from(r, t.source),
                             .source = t.source,
                             .masking = {.class = mask, .values = t.mask_values},
                             .ratio = r->ratio,
                             .training = mi_training_of(t.training_values),
                             .identity = r->parameters};
    return t;
}

static inline void trial_free(trial *t)
{
    t->setting.method.class->destroy(t->setting.method.state);
    mi_values_destroy(t->training_values);
    mi_values_destroy(t->mask_values);
    mi_source_destroy(t->source);
    mi_model_destroy(t->model);
}

static inline mi_trainer *trainer_of(trial *t, int threads)
{
    mi_trainer *trainer = NULL;
    mi_status status;
    t->run.threads = threads;
    if (mi_trainer_create(&t->setting, &t->run, &trainer, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return trainer;
}

static inline void steps(mi_trainer *trainer, const trial *t, size_t until)
{
    mi_status status;
    while (trainer->step < until) {
        if (mi_trainer_step(trainer, &t->run, &status) != MI_OK) {
            fail_msg("%s", status.message);
        }
    }
}

static inline size_t block_bytes(const mi_trainer *trainer)
{
    return trainer->parts->tensors->total * sizeof(mi_scalar);
}

static inline void assert_same_state(const mi_trainer *a, const mi_trainer *b)
{
    size_t bytes = block_bytes(a);
    assert_int_equal(a->step, b->step);
    assert_memory_equal(a->values, b->values, bytes);
    assert_memory_equal(a->transposed, b->transposed, bytes);
    assert_memory_equal(a->first, b->first, bytes);
    assert_memory_equal(a->second, b->second, bytes);
    assert_memory_equal(a->opt_average, b->opt_average, bytes);
}

#endif
