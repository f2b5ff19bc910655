/* The projection head. */
#include "maskinfo/heads.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "elementwise.h"
#include "multiply.h"
#include "transpose.h"

struct mi_head_pass {
    mi_scalar *slopes[MI_HEAD_LAYERS]; /* (rows,hidden) before each GELU, then its slopes */
    mi_scalar *active[MI_HEAD_LAYERS]; /* (rows,hidden) behind it */
    mi_scalar *unit;                   /* (rows,bottleneck) u */
    mi_scalar *inverse;                /* (rows) 1 / |z| */
    mi_scalar *prototypes;             /* (prototypes,bottleneck) v / |v| */
    mi_scalar *turned;                 /* its transpose */
    mi_scalar *lengths;                /* (prototypes) 1 / |v| */
    mi_scalar *dprototypes;            /* as prototypes */
    mi_scalar *dunit;                  /* (rows,bottleneck) */
    mi_scalar *wide;                   /* (rows,hidden) two gradients in turn */
    mi_scalar *wide2;
};

static mi_code check(const mi_head_config *config, mi_status *status)
{
    if (config->layers < 1 || config->layers > MI_HEAD_LAYERS) {
        return mi_fail_at(status, "layers", "is %zu; a head has 1 to %d linear layers",
                          config->layers, MI_HEAD_LAYERS);
    }
    if (config->in == 0 || config->bottleneck == 0 || config->prototypes == 0 ||
        (config->layers > 1 && config->hidden == 0)) {
        return mi_fail(status, MI_INPUT, "a size of the head is 0");
    }
    return MI_OK;
}

mi_code mi_head_create(const mi_head_config *config, const char *prefix, mi_tensors *tensors,
                       mi_head *ret_head, mi_status *status)
{
    *ret_head = (mi_head){.config = *config};
    char name[MI_TENSOR_NAME];
    mi_code code = check(config, status);
    for (size_t l = 0; l < config->layers && code == MI_OK; l++) {
        size_t in = l == 0 ? config->in : config->hidden;
        size_t out = l + 1 == config->layers ? config->bottleneck : config->hidden;
        snprintf(name, sizeof name, "%smlp.%zu", prefix, 2 * l);
        code = mi_linear_add(tensors, name, in, out, true, &ret_head->layers[l], status);
    }
    if (code == MI_OK) {
        snprintf(name, sizeof name, "%slast_layer.weight_v", prefix);
        code = mi_tensors_add(tensors, name, 2, (size_t[]){config->prototypes, config->bottleneck},
                              true, &ret_head->last, status);
    }
    return code;
}

/* Index of the tensor at an offset of the block. */
static size_t tensor_at(const mi_tensors *tensors, size_t offset)
{
    size_t index = 0;
    while (tensors->items[index].offset != offset) {
        index++;
    }
    return index;
}

void mi_head_initialize(const mi_head *head, const mi_tensors *tensors, gsl_rng *stream,
                        mi_scalar *values)
{
    const mi_head_config *config = &head->config;
    for (size_t l = 0; l < config->layers; l++) {
        mi_initialize_normal(tensors, tensor_at(tensors, head->layers[l].weight), 0.02, stream,
                             values);
        mi_initialize_constant(tensors, tensor_at(tensors, head->layers[l].bias), 0, values);
    }
    double bound = 1 / sqrt((double)config->bottleneck);
    for (size_t i = 0; i < config->prototypes * config->bottleneck; i++) {
        values[head->last + i] = (mi_scalar)(bound * (2 * gsl_rng_uniform(stream) - 1));
    }
}

static mi_scalar *take(mi_arena *arena, size_t rows, size_t columns)
{
    return mi_arena_take(arena, rows, columns * sizeof(mi_scalar));
}

mi_head_pass *mi_head_carve(const mi_head *head, size_t rows, bool backward, mi_arena *arena)
{
    const mi_head_config *config = &head->config;
    mi_head_pass pass = {.unit = NULL};
    mi_head_pass *ret = mi_arena_take(arena, 1, sizeof *ret);
    for (size_t l = 0; l + 1 < config->layers; l++) {
        bool own = backward || l < 2; /* else two blocks are enough, in turn */
        pass.slopes[l] = own ? take(arena, rows, config->hidden) : pass.slopes[l - 2];
        pass.active[l] = own ? take(arena, rows, config->hidden) : pass.active[l - 2];
    }
    pass.unit = take(arena, rows, config->bottleneck);
    pass.inverse = take(arena, rows, 1);
    pass.prototypes = take(arena, config->prototypes, config->bottleneck);
    pass.turned = take(arena, config->prototypes, config->bottleneck);
    pass.lengths = take(arena, config->prototypes, 1);
    if (backward) {
        pass.dprototypes = take(arena, config->prototypes, config->bottleneck);
        pass.dunit = take(arena, rows, config->bottleneck);
        pass.wide = config->layers > 1 ? take(arena, rows, config->hidden) : NULL;
        pass.wide2 = config->layers > 2 ? take(arena, rows, config->hidden) : NULL;
    }
    if (ret != NULL) {
        *ret = pass;
    }
    return ret;
}

/* x (rows,in), logits (rows,prototypes). */
void mi_head_forward(const mi_head *head, const mi_weights *weights, size_t rows,
                     const mi_scalar *x, mi_head_pass *pass, mi_scalar *logits)
{
    const mi_head_config *config = &head->config;
    const mi_scalar *input = x;
    for (size_t l = 0; l + 1 < config->layers; l++) {
        mi_linear_forward(&head->layers[l], weights, rows, input, pass->slopes[l]);
        mi_gelu_slopes(rows * config->hidden, pass->slopes[l], pass->active[l]);
        input = pass->active[l];
    }
    mi_linear_forward(&head->layers[config->layers - 1], weights, rows, input, pass->unit);
    mi_unit_rows(rows, config->bottleneck, pass->unit, pass->unit, pass->inverse);
    mi_unit_rows(config->prototypes, config->bottleneck, weights->values + head->last,
                 pass->prototypes, pass->lengths);
    mi_transpose(config->prototypes, config->bottleneck, pass->prototypes, config->bottleneck,
                 pass->turned, config->prototypes);
    mi_multiply_forward(rows, config->bottleneck, config->prototypes, pass->unit, pass->turned,
                        NULL, logits);
}

/* logits = u w^T with w = v / |v|: dw = dlogits^T u, dv = (dw - w (w . dw)) / |v|, du = dlogits w;
 * u = z / |z|, and dz in the place of du. */
static void last_backward(const mi_head *head, size_t rows, const mi_scalar *dlogits,
                          mi_head_pass *pass, mi_scalar *gradient)
{
    size_t width = head->config.bottleneck, count = head->config.prototypes;
    memset(pass->dprototypes, 0, count * width * sizeof *pass->dprototypes);
    mi_multiply_backward(rows, width, count, pass->unit, dlogits, pass->prototypes,
                         pass->dprototypes, NULL, pass->dunit);
    mi_unit_rows_backward(count, width, pass->prototypes, pass->lengths, pass->dprototypes,
                          pass->dprototypes);
    for (size_t i = 0; i < count * width; i++) {
        gradient[head->last + i] += pass->dprototypes[i];
    }
    mi_unit_rows_backward(rows, width, pass->unit, pass->inverse, pass->dunit, pass->dunit);
}

/* y_l = gelu(x_l W_l^T + b_l), the last one without gelu: backwards through them, the slopes of the
 * gelus at hand. */
void mi_head_backward(const mi_head *head, const mi_weights *weights, size_t rows,
                      const mi_scalar *x, mi_head_pass *pass, const mi_scalar *dlogits,
                      mi_scalar *opt_dx, mi_scalar *gradient)
{
    last_backward(head, rows, dlogits, pass, gradient);
    const mi_scalar *dy = pass->dunit;
    mi_scalar *dx = pass->wide, *other = pass->wide2;
    for (size_t l = head->config.layers - 1; l > 0; l--) {
        mi_linear_backward(&head->layers[l], weights, rows, pass->active[l - 1], dy, dx, gradient);
        mi_times(rows * head->config.hidden, pass->slopes[l - 1], dx);
        mi_scalar *written = dx;
        dx = other;
        other = written;
        dy = written;
    }
    mi_linear_backward(&head->layers[0], weights, rows, x, dy, opt_dx, gradient);
}
