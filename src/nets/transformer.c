#include "maskinfo/transformer.h"

#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

static mi_code check(const mi_transformer_config *c, mi_status *status)
{
    if (c->width == 0 || c->heads == 0 || c->hidden == 0) {
        const char *place = c->width == 0 ? "width" : c->heads == 0 ? "heads" : "hidden";
        return mi_fail_at(status, place, "is 0; at least 1 is needed");
    }
    if (c->width % c->heads != 0) {
        return mi_fail_at(status, "heads", "%zu heads do not divide the width %zu", c->heads,
                          c->width);
    }
    return MI_OK;
}

/* Adds tensors one by one; after a failure nothing more is added. */
typedef struct maker {
    mi_tensors *tensors;
    const char *prefix;
    size_t index;
    mi_code code;
    mi_status *status;
    char name[MI_TENSOR_NAME];
} maker;

static const char *named(maker *m, const char *part)
{
    snprintf(m->name, sizeof m->name, "%sblocks.%zu.%s", m->prefix, m->index, part);
    return m->name;
}

static void add_norm(maker *m, const char *part, size_t width, mi_norm *ret_norm)
{
    if (m->code == MI_OK) {
        m->code = mi_norm_add(m->tensors, named(m, part), width, ret_norm, m->status);
    }
}

static void add_linear(maker *m, const char *part, size_t in, size_t out, mi_linear *ret_linear)
{
    if (m->code == MI_OK) {
        m->code = mi_linear_add(m->tensors, named(m, part), in, out, true, ret_linear, m->status);
    }
}

static void add_scale(maker *m, const char *part, const mi_transformer_config *config,
                      size_t *ret_offset)
{
    if (m->code == MI_OK && config->layer_scale != 0) {
        m->code = mi_tensors_add(m->tensors, named(m, part), 1, &config->width, false, ret_offset,
                                 m->status);
    }
}

/* One block's tensors in the order of timm's. */
static void add_block(maker *m, const mi_transformer_config *config, mi_block *ret_block)
{
    size_t width = config->width, hidden = config->hidden;
    add_norm(m, "norm1", width, &ret_block->norm1);
    add_linear(m, "attn.qkv", width, 3 * width, &ret_block->qkv);
    add_linear(m, "attn.proj", width, width, &ret_block->projection);
    add_scale(m, "ls1.gamma", config, &ret_block->scale1);
    add_norm(m, "norm2", width, &ret_block->norm2);
    add_linear(m, "mlp.fc1", width, hidden, &ret_block->fc1);
    add_linear(m, "mlp.fc2", hidden, width, &ret_block->fc2);
    add_scale(m, "ls2.gamma", config, &ret_block->scale2);
}

static mi_code fill(const mi_transformer_config *config, const char *prefix, mi_tensors *tensors,
                    mi_transformer *transformer, mi_status *status)
{
    maker m = {.tensors = tensors, .prefix = prefix, .status = status};
    m.code = mi_allocate(config->depth, sizeof *transformer->blocks, &transformer->blocks, status);
    for (m.index = 0; m.code == MI_OK && m.index < config->depth; m.index++) {
        add_block(&m, config, &transformer->blocks[m.index]);
    }
    if (m.code == MI_OK) {
        snprintf(m.name, sizeof m.name, "%snorm", prefix);
        m.code = mi_norm_add(tensors, m.name, config->width, &transformer->norm, status);
    }
    return m.code;
}

mi_code mi_transformer_create(const mi_transformer_config *config, const char *prefix,
                              mi_tensors *tensors, mi_transformer **ret_transformer,
                              mi_status *status)
{
    *ret_transformer = NULL;
    mi_transformer *transformer = NULL;
    mi_code code = check(config, status);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *transformer, &transformer, status);
    }
    if (code == MI_OK) {
        transformer->config = *config;
        code = fill(config, prefix, tensors, transformer, status);
    }
    if (code != MI_OK) {
        mi_transformer_destroy(transformer);
        return code;
    }
    *ret_transformer = transformer;
    return MI_OK;
}

void mi_transformer_destroy(mi_transformer *transformer)
{
    if (transformer != NULL) {
        free(transformer->blocks);
        free(transformer);
    }
}

/* Index of the tensor at an offset. */
static size_t at(const mi_tensors *tensors, size_t offset)
{
    size_t index = 0;
    while (tensors->items[index].offset != offset) {
        index++;
    }
    return index;
}

static void initialize_linear(const mi_linear *layer, const mi_tensors *tensors, gsl_rng *stream,
                              mi_scalar *values)
{
    mi_initialize_uniform(tensors, at(tensors, layer->weight), stream, values);
    mi_initialize_constant(tensors, at(tensors, layer->bias), 0, values);
}

static void initialize_norm(const mi_norm *norm, const mi_tensors *tensors, mi_scalar *values)
{
    mi_initialize_constant(tensors, at(tensors, norm->weight), 1, values);
    mi_initialize_constant(tensors, at(tensors, norm->bias), 0, values);
}

void mi_transformer_initialize(const mi_transformer *transformer, const mi_tensors *tensors,
                               gsl_rng *stream, mi_scalar *values)
{
    double scale = transformer->config.layer_scale;
    for (size_t l = 0; l < transformer->config.depth; l++) {
        const mi_block *block = &transformer->blocks[l];
        initialize_norm(&block->norm1, tensors, values);
        initialize_linear(&block->qkv, tensors, stream, values);
        initialize_linear(&block->projection, tensors, stream, values);
        initialize_norm(&block->norm2, tensors, values);
        initialize_linear(&block->fc1, tensors, stream, values);
        initialize_linear(&block->fc2, tensors, stream, values);
        if (scale != 0) {
            mi_initialize_constant(tensors, at(tensors, block->scale1), scale, values);
            mi_initialize_constant(tensors, at(tensors, block->scale2), scale, values);
        }
    }
    initialize_norm(&transformer->norm, tensors, values);
}
