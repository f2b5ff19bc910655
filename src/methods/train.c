#include "maskinfo/train.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "trainer.h"

/* Everything but what the shards hold. */
static void lay_out(mi_trainer *trainer, mi_arena *arena)
{
    struct mi_trainer_parts *parts = trainer->parts;
    size_t total = parts->tensors->total;
    trainer->values = mi_arena_scalars(arena, total);
    trainer->transposed = mi_arena_scalars(arena, total);
    trainer->gradient = mi_arena_scalars(arena, total);
    trainer->first = mi_arena_scalars(arena, total);
    trainer->second = mi_arena_scalars(arena, total);
    if (trainer->setting.training.momentum > 0) {
        trainer->opt_average = mi_arena_scalars(arena, total);
        parts->opt_average_transposed = mi_arena_scalars(arena, total);
    }
    mi_trainer_carve_batch(&trainer->setting, arena, parts);
}

/* Bytes that a thread needs for the largest shard. */
static size_t scratch_size(const mi_setting *setting)
{
    const mi_method_class *class = setting->method.class;
    mi_arena dry = {0};
    class->carve(setting->method.state,
                 mi_shards_largest(setting->training.shards, setting->training.batch), true, &dry);
    return dry.used;
}

/* Bytes that the method keeps between steps. */
static size_t own_size(const mi_setting *setting)
{
    const mi_method *method = &setting->method;
    return method->class->begin_bytes != NULL
               ? method->class->begin_bytes(method->state, &setting->training)
               : 0;
}

static size_t add_sizes(size_t a, size_t b)
{
    return a < SIZE_MAX - b ? a + b : SIZE_MAX;
}

static mi_code check_limit(const mi_setting *setting, size_t bytes, mi_status *status)
{
    size_t limit = setting->memory_limit > 0 ? setting->memory_limit : SIZE_MAX - 1;
    if (bytes <= limit) {
        return MI_OK;
    }
    char figure[64] = "more memory than there can be";
    if (bytes < SIZE_MAX) {
        snprintf(figure, sizeof figure, "%.3g GiB of memory", (double)bytes / 0x1p30);
    }
    return mi_fail(status, MI_INPUT,
                   "training needs %s, the limit is %.3g GiB; a smaller batch, fewer threads, or a "
                   "narrower or shallower network need less",
                   figure, (double)limit / 0x1p30);
}

mi_code mi_trainer_bytes(const mi_setting *setting, const mi_run *run, size_t *ret_bytes,
                         mi_status *status)
{
    struct mi_trainer_parts parts = {.tensors =
                                         setting->method.class->tensors(setting->method.state)};
    mi_trainer trainer = {.setting = *setting, .parts = &parts};
    mi_arena dry = {0};
    lay_out(&trainer, &dry);
    size_t shards = mi_shards_bytes(setting->training.shards, run->threads, parts.tensors->total,
                                    scratch_size(setting));
    *ret_bytes = add_sizes(add_sizes(dry.used, shards), own_size(setting));
    return check_limit(setting, *ret_bytes, status);
}

static mi_code create_scratch(mi_trainer *trainer, mi_status *status)
{
    struct mi_trainer_parts *parts = trainer->parts;
    mi_code code =
        mi_allocate((size_t)parts->threads, sizeof *parts->scratch, &parts->scratch, status);
    for (int t = 0; t < parts->threads && code == MI_OK; t++) {
        code = mi_source_scratch_create(trainer->setting.source, &parts->scratch[t], status);
    }
    return code;
}

static mi_code create_blocks(mi_trainer *trainer, const mi_run *run, mi_status *status)
{
    struct mi_trainer_parts *parts = trainer->parts;
    const mi_setting *setting = &trainer->setting;
    mi_code code = mi_trainer_bytes(setting, run, &trainer->bytes, status);
    if (code != MI_OK) {
        return code;
    }
    mi_arena dry = {0};
    lay_out(trainer, &dry);
    code = mi_arena_create(dry.used, &parts->block, status);
    if (code != MI_OK) {
        return code;
    }
    lay_out(trainer, &parts->block);
    code = mi_shards_create(setting->training.shards, run->threads, parts->tensors->total,
                            scratch_size(setting), &parts->shards, status);
    return code == MI_OK ? create_scratch(trainer, status) : code;
}

/* The same number in every loop of a step, as threads that one loop leaves out are ended and
 * started again; more than the shards can use are left out of all. */
static int thread_count(const mi_setting *setting, const mi_run *run)
{
    size_t shards = setting->training.shards > 0 ? setting->training.shards : 1;
    return (size_t)run->threads < shards ? run->threads : (int)shards;
}

/* A fresh arena is zero, and so are moments and paddings. */
static mi_code initialize(mi_trainer *trainer, const mi_run *run, mi_status *status)
{
    const mi_method *method = &trainer->setting.method;
    const mi_tensors *tensors = trainer->parts->tensors;
    method->class->initialize(method->state, run->seed, trainer->values);
    if (trainer->opt_average != NULL) {
        memcpy(trainer->opt_average, trainer->values, tensors->total * sizeof *trainer->values);
    }
    mi_run quiet = mi_trainer_run(trainer, run);
    mi_code code =
        mi_tensors_transpose(tensors, trainer->values, trainer->transposed, &quiet, status);
    if (code == MI_OK && method->class->begin != NULL) {
        code = method->class->begin(method->state, &trainer->setting.training, trainer->values,
                                    &quiet, status);
    }
    return code;
}

static void clear_monitors(mi_trainer *trainer)
{
    for (size_t m = 0; m < MI_MONITORS; m++) {
        trainer->monitors[m] = NAN;
    }
}

mi_code mi_trainer_create(const mi_setting *setting, const mi_run *run, mi_trainer **ret_trainer,
                          mi_status *status)
{
    mi_trainer *trainer = NULL;
    mi_code code = mi_allocate(1, sizeof *trainer, &trainer, status);
    if (code != MI_OK) {
        return code;
    }
    trainer->setting = *setting;
    trainer->setting.identity = setting->identity != NULL ? setting->identity : "";
    trainer->loss = trainer->gradient_norm = NAN;
    clear_monitors(trainer);
    code = mi_allocate(1, sizeof *trainer->parts, &trainer->parts, status);
    if (code == MI_OK) {
        trainer->parts->tensors = setting->method.class->tensors(setting->method.state);
        trainer->parts->threads = thread_count(setting, run);
        code = create_blocks(trainer, run, status);
    }
    if (code == MI_OK) {
        code = initialize(trainer, run, status);
    }
    if (code != MI_OK) {
        mi_trainer_destroy(trainer);
        return code;
    }
    *ret_trainer = trainer;
    return MI_OK;
}

void mi_trainer_destroy(mi_trainer *trainer)
{
    if (trainer == NULL) {
        return;
    }
    struct mi_trainer_parts *parts = trainer->parts;
    if (parts != NULL) {
        for (int t = 0; t < parts->threads && parts->scratch != NULL; t++) {
            mi_source_scratch_destroy(trainer->setting.source, parts->scratch[t]);
        }
        free(parts->scratch);
        mi_shards_destroy(parts->shards);
        mi_arena_destroy(&parts->block);
    }
    free(parts);
    free(trainer);
}

mi_run mi_trainer_run(const mi_trainer *trainer, const mi_run *run)
{
    mi_run quiet = *run;
    quiet.opt_progress = NULL;
    quiet.threads = run->threads < trainer->parts->threads ? run->threads : trainer->parts->threads;
    return quiet;
}

static mi_code run_preparation(const mi_shard *shard, void *context, mi_status *status)
{
    const mi_trainer *trainer = context;
    const mi_method *method = &trainer->setting.method;
    mi_weights weights = {.values = trainer->values, .transposed = trainer->transposed};
    return method->class->prepare(method->state, &weights, &trainer->parts->batch, trainer->step,
                                  shard, status);
}

/* What depends on the whole batch, before its gradient. */
static mi_code prepare(mi_trainer *trainer, const mi_run *run, mi_status *status)
{
    struct mi_trainer_parts *parts = trainer->parts;
    const mi_method *method = &trainer->setting.method;
    double sums[MI_SHARD_SUMS];
    mi_code code = MI_OK;
    if (method->class->prepare != NULL) {
        code = mi_shards_run(parts->shards, run, parts->batch.count, run_preparation, trainer, NULL,
                             sums, status);
    }
    if (code == MI_OK && method->class->settle != NULL) {
        code = method->class->settle(method->state, &parts->batch, trainer->step, run, status);
    }
    return code;
}

static mi_code run_method(const mi_shard *shard, void *context, mi_status *status)
{
    const mi_trainer *trainer = context;
    const mi_method *method = &trainer->setting.method;
    mi_weights weights = {.values = trainer->values, .transposed = trainer->transposed};
    return method->class->shard(method->state, &weights, &trainer->parts->batch, shard, status);
}

/* Put "step N: " before the message. */
static mi_code at_step(const mi_trainer *trainer, mi_code code, mi_status *status)
{
    if (code == MI_NUMERIC && status != NULL) {
        char message[sizeof status->message];
        memcpy(message, status->message, sizeof message);
        mi_fail(status, code, "step %zu: %.600s", trainer->step, message);
    }
    return code;
}

static mi_code compute_gradient(mi_trainer *trainer, const mi_run *run, double *sums,
                                mi_status *status)
{
    struct mi_trainer_parts *parts = trainer->parts;
    mi_code code = mi_shards_run(parts->shards, run, parts->batch.count, run_method, trainer,
                                 trainer->gradient, sums, status);
    if (code != MI_OK) {
        return code;
    }
    if (!isfinite(sums[MI_SUM_LOSS])) {
        return mi_fail(status, MI_NUMERIC, "the loss is not finite");
    }
    trainer->gradient_norm = mi_gradient_norm(parts->tensors, trainer->gradient, run);
    if (!isfinite(trainer->gradient_norm)) {
        const char *name = mi_first_bad_tensor(parts->tensors, trainer->gradient);
        return mi_fail(status, MI_NUMERIC, "the gradient of \"%s\" is not finite",
                       name != NULL ? name : "all tensors");
    }
    return MI_OK;
}

static mi_code update_weights(mi_trainer *trainer, const mi_run *run, mi_status *status)
{
    const mi_training *training = &trainer->setting.training;
    const mi_tensors *tensors = trainer->parts->tensors;
    double norm = trainer->gradient_norm, t = (double)trainer->step;
    double factor = training->clip > 0 && norm > training->clip ? training->clip / norm : 1;
    mi_code code = mi_adamw_step(&training->adamw, tensors, trainer->step + 1, trainer->rate,
                                 factor, trainer->gradient, trainer->first, trainer->second,
                                 trainer->values, run, status);
    if (code == MI_OK && trainer->opt_average != NULL) {
        double momentum = fmin(training->momentum, (1 + t) / (10 + t));
        code = mi_average_step(momentum, tensors->total, trainer->values, trainer->opt_average, run,
                               status);
    }
    if (code == MI_OK) {
        code = mi_tensors_transpose(tensors, trainer->values, trainer->transposed, run, status);
    }
    return code;
}

/* What follows the new weights is not stopped half way. */
static mi_code follow(mi_trainer *trainer, const mi_run *run, const double *sums, mi_status *status)
{
    const mi_method *method = &trainer->setting.method;
    mi_run whole = *run;
    whole.opt_interrupt = NULL;
    mi_code code = MI_OK;
    if (method->class->after_step != NULL) {
        code = method->class->after_step(method->state, trainer->step, trainer->values, sums,
                                         &whole, status);
    }
    if (code == MI_OK && method->class->read_monitors != NULL) {
        method->class->read_monitors(method->state, trainer->monitors);
    }
    return code;
}

/* One step of a batch that there is something to learn from. */
static mi_code learn(mi_trainer *trainer, const mi_run *run, mi_status *status)
{
    double sums[MI_SHARD_SUMS];
    mi_code code = prepare(trainer, run, status);
    if (code == MI_OK) {
        code = compute_gradient(trainer, run, sums, status);
    }
    if (code != MI_OK) {
        return code;
    }
    trainer->loss = sums[MI_SUM_LOSS];
    code = update_weights(trainer, run, status);
    return code == MI_OK ? follow(trainer, run, sums, status) : code;
}

/* A method that knows one mask an example has nothing but masked tokens to learn from. */
static bool teaches(const mi_trainer *trainer)
{
    const mi_method_class *class = trainer->setting.method.class;
    return class->unmasked || class->views > 0 || trainer->parts->batch.masked_total > 0;
}

mi_code mi_trainer_step(mi_trainer *trainer, const mi_run *run, mi_status *status)
{
    mi_run quiet = mi_trainer_run(trainer, run);
    mi_code code = mi_trainer_draw(trainer, &quiet, status);
    if (code == MI_OK) {
        trainer->rate = mi_schedule_at(&trainer->setting.training.schedule, trainer->step);
        trainer->loss = trainer->gradient_norm = NAN;
        clear_monitors(trainer);
        code = teaches(trainer) ? learn(trainer, &quiet, status) : MI_OK;
    }
    trainer->step += code == MI_OK;
    return at_step(trainer, code, status);
}

mi_code mi_trainer_weights(mi_trainer *trainer, const mi_run *run, mi_weights *ret_weights,
                           mi_status *status)
{
    const mi_method *method = &trainer->setting.method;
    mi_scalar *transposed = trainer->parts->opt_average_transposed;
    if (method->class->evaluated != NULL) {
        *ret_weights = method->class->evaluated(method->state);
        return MI_OK;
    }
    if (trainer->opt_average == NULL) {
        *ret_weights = (mi_weights){trainer->values, trainer->transposed};
        return MI_OK;
    }
    *ret_weights = (mi_weights){trainer->opt_average, transposed};
    mi_run quiet = mi_trainer_run(trainer, run);
    return mi_tensors_transpose(trainer->parts->tensors, trainer->opt_average, transposed, &quiet,
                                status);
}
