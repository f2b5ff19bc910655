/* Held-out examples, their masks, the network's predictions, and the model's posterior. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "maskinfo/memory.h"

static void bench_free(const mi_floor_plan *plan, mi_floor_bench *b)
{
    gsl_rng_free(b->draw);
    gsl_rng_free(b->mask);
    mi_source_scratch_destroy(plan->source, b->source_scratch);
    if (b->model_scratch != NULL) {
        plan->source->model->class->scratch_destroy(b->model_scratch);
    }
    mi_arena_destroy(&b->arena);
    free(b->pixels);
    free(b->symbols);
    free(b->masked);
    free(b->labels);
    free(b->predicted);
    free(b->sites);
    free(b->posterior.values);
    free(b->posterior.mean);
    free(b->posterior.classes);
}

void mi_floor_benches_destroy(const mi_floor_plan *plan, mi_floor_bench *benches)
{
    for (size_t t = 0; benches != NULL && t < (size_t)plan->run->threads; t++) {
        bench_free(plan, &benches[t]);
    }
    free(benches);
}

static mi_code open_streams(const mi_floor_plan *plan, mi_floor_bench *b, mi_status *status)
{
    uint64_t seed = plan->run->seed;
    mi_arena dry = {0};
    mi_code code = mi_stream_create(seed, MI_PURPOSE_EVALUATION, 0, &b->draw, status);
    if (code == MI_OK) {
        code = mi_stream_create(seed, MI_PURPOSE_EVALUATION_MASK, 0, &b->mask, status);
    }
    if (code == MI_OK) {
        code = mi_source_scratch_create(plan->source, &b->source_scratch, status);
    }
    if (code == MI_OK) {
        plan->method->carve(plan->setting->method.state, plan->unit, false, &dry);
        code = mi_arena_create(dry.used, &b->arena, status);
    }
    return code;
}

/* What the model's posterior needs. */
static mi_code open_posterior(const mi_floor_plan *plan, mi_floor_bench *b, mi_status *status)
{
    const mi_model *model = plan->source->model;
    mi_code code = model->class->scratch_create == NULL
                       ? MI_OK
                       : model->class->scratch_create(model->state, &b->model_scratch, status);
    if (code == MI_OK) {
        code = mi_allocate(plan->values, sizeof(double), &b->posterior.values, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(plan->values, sizeof(double), &b->posterior.mean, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(plan->shape.classes, sizeof(double), &b->posterior.classes, status);
    }
    return code;
}

static mi_code open_bench(const mi_floor_plan *plan, mi_floor_bench *b, mi_status *status)
{
    size_t unit = plan->unit, predicted = plan->tokens * plan->token_size;
    struct {
        void *field;
        size_t count, size;
    } wanted[] = {
        {&b->pixels, plan->shape.discrete ? 0 : unit * plan->values, sizeof *b->pixels},
        {&b->symbols, plan->shape.discrete ? unit * plan->values : 0, sizeof *b->symbols},
        {&b->masked, unit * plan->tokens, 1},
        {&b->labels, unit, sizeof *b->labels},
        {&b->predicted, unit * predicted, sizeof *b->predicted},
        {&b->sites, plan->sites, 1},
    };
    mi_code code = open_streams(plan, b, status);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && code == MI_OK; i++) {
        code = mi_allocate(wanted[i].count, wanted[i].size, wanted[i].field, status);
    }
    return code == MI_OK && plan->judged ? open_posterior(plan, b, status) : code;
}

mi_code mi_floor_benches_create(const mi_floor_plan *plan, mi_floor_bench **ret_benches,
                                mi_status *status)
{
    mi_floor_bench *benches = NULL;
    size_t threads = (size_t)plan->run->threads;
    mi_code code = mi_allocate(threads, sizeof *benches, &benches, status);
    for (size_t t = 0; code == MI_OK && t < threads; t++) {
        code = open_bench(plan, &benches[t], status);
    }
    if (code != MI_OK) {
        mi_floor_benches_destroy(plan, benches);
        return code;
    }
    *ret_benches = benches;
    return MI_OK;
}

static void draw_mask(const mi_floor_plan *plan, const mi_floor_draws *draws, size_t example,
                      mi_floor_bench *b, unsigned char *masked)
{
    mi_ratio ratio = plan->setting->ratio;
    if (!isnan(draws->ratio)) {
        ratio = (mi_ratio){draws->ratio, draws->ratio};
    }
    mi_stream_set(b->mask, plan->run->seed, draws->masks, draws->mask_offset + example);
    mi_ratio_mask(ratio, &plan->setting->masking, plan->layout, b->mask, masked);
}

static void set_draw(const mi_floor_plan *plan, const mi_floor_draws *draws, size_t example,
                     mi_floor_bench *b)
{
    mi_stream_set(b->draw, plan->run->seed, draws->examples, draws->offset + example);
}

static mi_code draw_unit(const mi_floor_plan *plan, const mi_floor_draws *draws, size_t first,
                         size_t count, mi_floor_bench *b, mi_status *status)
{
    size_t images = mi_source_count(plan->source);
    mi_code code = MI_OK;
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        uint64_t index = images > 0 ? (first + i) % images : first + i;
        set_draw(plan, draws, first + i, b);
        bool discrete = plan->shape.discrete;
        code =
            mi_source_draw(plan->source, draws->part, index, b->draw, b->source_scratch,
                           discrete ? NULL : b->pixels + i * plan->values,
                           discrete ? b->symbols + i * plan->values : NULL, &b->labels[i], status);
        draw_mask(plan, draws, first + i, b, b->masked + i * plan->tokens);
    }
    return code;
}

static size_t count_ones(const unsigned char *masked, size_t count)
{
    size_t ones = 0;
    for (size_t i = 0; i < count; i++) {
        ones += masked[i] != 0;
    }
    return ones;
}

mi_code mi_floor_predict(const mi_floor_plan *plan, const mi_floor_draws *draws, size_t first,
                         size_t count, mi_floor_bench *b, mi_status *status)
{
    double sums[MI_SHARD_SUMS] = {0};
    const mi_shard shard = {.count = count, .arena = &b->arena, .sums = sums};
    mi_code code = draw_unit(plan, draws, first, count, b, status);
    if (code != MI_OK) {
        return code;
    }
    const mi_examples batch = {.count = count,
                               .pixels = plan->shape.discrete ? NULL : b->pixels,
                               .symbols = plan->shape.discrete ? b->symbols : NULL,
                               .masked = b->masked,
                               .views = 1,
                               .masked_total = count_ones(b->masked, count * plan->tokens),
                               .seed = plan->run->seed,
                               .first = first};
    mi_arena_reset(&b->arena, 0);
    return plan->method->predict(plan->setting->method.state, plan->weights, &batch, &shard,
                                 b->predicted, status);
}

mi_code mi_floor_judge(const mi_floor_plan *plan, const mi_floor_draws *draws, size_t example,
                       size_t at, mi_floor_bench *b, mi_status *status)
{
    const mi_model *model = plan->source->model;
    const unsigned char *masked = b->masked + at * plan->tokens;
    mi_origin origin = plan->source->example.data ? MI_FROM_HELD_OUT : MI_FROM_MODEL;
    for (size_t s = 0; s < plan->sites; s++) {
        b->sites[s] = masked[plan->token_of[s]];
    }
    set_draw(plan, draws, example, b);
    mi_code code = plan->means
                       ? model->class->posterior(model->state, b->sites, b->draw, b->model_scratch,
                                                 &b->posterior, status)
                       : model->class->evaluate(model->state, b->sites, origin, b->draw, false,
                                                b->model_scratch, &b->posterior.result, status);
    if (code == MI_OK && !isfinite(b->posterior.result.conditional_entropy)) {
        code = mi_fail(status, MI_NUMERIC, "%s: the posterior of a mask is not finite",
                       model->class->name);
    }
    return code;
}

void mi_floor_complete(const mi_floor_plan *plan, const mi_floor_bench *b, size_t at,
                       mi_scalar *completed)
{
    const mi_scalar *predicted = b->predicted + at * plan->values;
    memcpy(completed, b->pixels + at * plan->values, plan->values * sizeof *completed);
    for (size_t p = 0; p < plan->values; p++) {
        if (b->masked[at * plan->tokens + p / plan->token_size]) {
            completed[plan->raster[p]] = predicted[p];
        }
    }
}
