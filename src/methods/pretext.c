#include "pretext.h"

#include <string.h>

#include "encoder.h"

mi_code mi_pretext_fill(const mi_values *values, const mi_source_shape *source, const char *name,
                        size_t channels, mi_pretext *p, mi_status *status)
{
    const mi_values *group = mi_values_find(values, "encoder")->group;
    if (source->discrete) {
        return mi_fail_at(status, "type",
                          "\"%s\" is a task on images, and the model gives symbols: use \"mlm\"",
                          name);
    }
    p->source = *source;
    mi_code code = mi_lattice_of(values, source, &p->patch, &p->layout, status);
    if (code != MI_OK) {
        return code;
    }
    p->tokens = p->layout.rows * p->layout.columns;
    const mi_vit_config config = {
        .encoder = mi_encoder_config(group),
        .stochastic_depth = mi_real(group, "stochastic_depth"),
        .patch = p->patch,
        .channels = channels,
        .layout = p->layout,
        .tensors = &p->tensors,
    };
    return mi_vit_create(&config, &p->vit, status);
}

void mi_pretext_empty(mi_pretext *p)
{
    mi_vit_destroy(p->vit);
    mi_tensors_free(&p->tensors);
}

mi_pretext_work mi_pretext_carve(const mi_pretext *p, size_t samples, mi_arena *arena)
{
    size_t length = p->tokens + 1, width = p->vit->encoder->config.width;
    mi_ragged_limits limits = {.samples = samples, .rows = samples * length, .length = length};
    mi_pretext_work work = {.images = mi_arena_take(arena, samples, sizeof(mi_vit_image))};
    work.keep =
        mi_arena_take(arena, samples, 2 * p->vit->encoder->config.depth * sizeof(mi_scalar));
    work.tokens = mi_arena_take(arena, samples * p->tokens, width * sizeof(mi_scalar));
    work.vit = mi_vit_carve(p->vit, limits, true, arena);
    return work;
}

void mi_pretext_forward(const mi_pretext *p, const mi_weights *weights, const mi_examples *batch,
                        const mi_shard *shard, mi_pretext_work *work)
{
    size_t width = p->vit->encoder->config.width;
    double rate = p->vit->config.stochastic_depth;
    if (rate > 0) {
        mi_stochastic_depth(rate, p->vit->encoder->config.depth, batch, shard, work->keep);
    }
    mi_vit_forward(p->vit, weights, shard->count, work->images, rate > 0 ? work->keep : NULL,
                   &work->vit);
    for (size_t s = 0; s < shard->count; s++) {
        memcpy(work->tokens + s * p->tokens * width,
               work->vit.latent + (work->vit.starts[s] + 1) * width,
               p->tokens * width * sizeof *work->tokens);
    }
}

/* tokens = latent without the class tokens, at which no loss looks. */
void mi_pretext_backward(const mi_pretext *p, const mi_weights *weights, mi_pretext_work *work,
                         mi_scalar *gradient)
{
    size_t width = p->vit->encoder->config.width;
    for (size_t s = 0; s < work->vit.batch.samples; s++) {
        mi_scalar *to = work->vit.gradient + work->vit.starts[s] * width;
        memset(to, 0, width * sizeof *to);
        memcpy(to + width, work->tokens + s * p->tokens * width, p->tokens * width * sizeof *to);
    }
    mi_vit_backward(p->vit, weights, &work->vit, gradient);
}

mi_code mi_pretext_not_finite(const mi_pretext *p, const mi_pretext_work *work, const char *head,
                              mi_status *status)
{
    char layer[64];
    bool found = mi_vit_first_bad(p->vit, &work->vit, layer, sizeof layer);
    return mi_fail(status, MI_NUMERIC, "the loss is not finite, from %s on", found ? layer : head);
}

const mi_tensors *mi_pretext_tensors(const void *state)
{
    return &((const mi_pretext *)state)->tensors;
}

mi_layout mi_pretext_layout(const void *state)
{
    return ((const mi_pretext *)state)->layout;
}

size_t mi_pretext_width(const void *state)
{
    return ((const mi_pretext *)state)->vit->encoder->config.width;
}

size_t mi_pretext_heads(const void *state)
{
    return ((const mi_pretext *)state)->vit->encoder->config.heads;
}

mi_code mi_pretext_after_step(void *state, size_t t, const mi_scalar *values, const double *sums,
                              const mi_run *run, mi_status *status)
{
    (void)t;
    (void)values;
    (void)run;
    (void)status;
    ((mi_pretext *)state)->monitor = sums[MI_SUM_PRETEXT];
    return MI_OK;
}

void mi_pretext_read_monitors(const void *state, double *values)
{
    values[0] = ((const mi_pretext *)state)->monitor;
}
