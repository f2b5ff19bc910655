/* Examples of an evaluation to look at. */
#include <math.h>
#include <stdlib.h>

#include "floor.h"
#include "maskinfo/memory.h"

void mi_pictures_destroy(mi_pictures *pictures)
{
    if (pictures != NULL) {
        free(pictures->original);
        free(pictures->masked);
        free(pictures->predicted);
        free(pictures->opt_exact);
        free(pictures->opt_surprise);
        free(pictures);
    }
}

static mi_code create(const mi_floor_plan *plan, size_t count, mi_pictures **ret_pictures,
                      mi_status *status)
{
    mi_pictures *p = NULL;
    mi_code code = mi_allocate(1, sizeof *p, &p, status);
    if (code != MI_OK) {
        return code;
    }
    *p = (mi_pictures){.count = count,
                       .rows = plan->shape.rows,
                       .columns = plan->shape.columns,
                       .channels = plan->shape.channels};
    bool exact = plan->exact && plan->means;
    code = mi_allocate(count * plan->values, sizeof *p->original, &p->original, status);
    if (code == MI_OK) {
        code = mi_allocate(count * p->rows, p->columns, &p->masked, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count * plan->values, sizeof *p->predicted, &p->predicted, status);
    }
    if (code == MI_OK && exact) {
        code = mi_allocate(count * plan->values, sizeof *p->opt_exact, &p->opt_exact, status);
    }
    if (code == MI_OK && plan->shape.discrete) {
        code = mi_allocate(count * plan->values, sizeof *p->opt_surprise, &p->opt_surprise, status);
    }
    if (code != MI_OK) {
        mi_pictures_destroy(p);
        return code;
    }
    *ret_pictures = p;
    return MI_OK;
}

static void put_pixels(const mi_floor_plan *plan, const mi_floor_bench *b, size_t at,
                       size_t picture, mi_pictures *p)
{
    double mean = plan->shape.mean, deviation = plan->shape.deviation;
    for (size_t i = 0; i < plan->values; i++) {
        size_t token = i / plan->token_size, to = picture * plan->values + plan->raster[i];
        double value = (double)b->pixels[at * plan->values + plan->raster[i]];
        bool masked = b->masked[at * plan->tokens + token] != 0;
        p->original[to] = mean + deviation * value;
        p->predicted[to] = masked ? mean + deviation * (double)b->predicted[at * plan->values + i]
                                  : p->original[to];
        p->masked[to / p->channels] = masked;
    }
}

static void put_symbols(const mi_floor_plan *plan, const mi_floor_bench *b, size_t at,
                        size_t picture, mi_pictures *p)
{
    for (size_t t = 0; t < plan->tokens; t++) {
        size_t to = picture * plan->tokens + t, likeliest = 0;
        unsigned symbol = b->symbols[at * plan->values + t];
        const mi_scalar *logs = b->predicted + (at * plan->tokens + t) * plan->token_size;
        for (size_t v = 1; v < plan->token_size; v++) {
            likeliest = logs[v] > logs[likeliest] ? v : likeliest;
        }
        bool masked = b->masked[at * plan->tokens + t] != 0;
        p->original[to] = symbol;
        p->masked[to] = masked;
        p->predicted[to] = masked ? (double)likeliest : symbol;
        p->opt_surprise[to] = masked ? -(double)logs[symbol] : 0;
    }
}

static bool any_masked(const mi_floor_plan *plan, const mi_floor_bench *b, size_t at)
{
    for (size_t t = 0; t < plan->tokens; t++) {
        if (b->masked[at * plan->tokens + t]) {
            return true;
        }
    }
    return false;
}

static mi_code put_example(const mi_floor_plan *plan, const mi_floor_draws *draws,
                           mi_floor_bench *b, size_t at, size_t picture, mi_pictures *p,
                           mi_status *status)
{
    size_t first = picture * plan->values;
    mi_code code = MI_OK;
    if (plan->shape.discrete) {
        put_symbols(plan, b, at, picture, p);
    } else {
        put_pixels(plan, b, at, picture, p);
    }
    if (p->opt_exact == NULL) {
        return MI_OK;
    }
    bool masked = any_masked(plan, b, at);
    if (masked) {
        code = mi_floor_judge(plan, draws, picture, at, b, status);
    }
    for (size_t i = 0; i < plan->values; i++) {
        p->opt_exact[first + i] = masked ? b->posterior.mean[i] : p->original[first + i];
    }
    return code;
}

static mi_code fill(const mi_floor_plan *plan, double ratio, mi_floor_bench *b, mi_pictures *p,
                    mi_status *status)
{
    const mi_floor_draws draws = {.part = MI_HELD_OUT,
                                  .examples = MI_PURPOSE_EVALUATION,
                                  .masks = MI_PURPOSE_EVALUATION_MASK,
                                  .ratio = ratio};
    mi_code code = MI_OK;
    for (size_t first = 0; first < p->count && code == MI_OK; first += plan->unit) {
        size_t left = p->count - first, count = left < plan->unit ? left : plan->unit;
        code = mi_floor_predict(plan, &draws, first, count, b, status);
        for (size_t i = 0; i < count && code == MI_OK; i++) {
            code = put_example(plan, &draws, b, i, first + i, p, status);
        }
    }
    return code;
}

mi_code mi_pictures_make(const mi_setting *setting, const mi_weights *weights, double ratio,
                         size_t count, const mi_run *run, mi_pictures **ret_pictures,
                         mi_status *status)
{
    mi_floor_plan plan = {0};
    mi_floor_bench *benches = NULL;
    mi_pictures *pictures = NULL;
    mi_run alone = *run;
    alone.threads = 1;
    mi_code code = mi_floor_plan_init(&plan, setting, weights, &alone, status);
    if (code == MI_OK) {
        code = mi_floor_benches_create(&plan, &benches, status);
    }
    if (code == MI_OK) {
        code = create(&plan, count, &pictures, status);
    }
    if (code == MI_OK) {
        code = fill(&plan, ratio, benches, pictures, status);
    }
    mi_floor_benches_destroy(&plan, benches);
    mi_floor_plan_free(&plan);
    if (code != MI_OK) {
        mi_pictures_destroy(pictures);
        return code;
    }
    *ret_pictures = pictures;
    return MI_OK;
}
