/* The vision transformer: its tensors, and its way forward and back. */
#include "vit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoder.h"
#include "maskinfo/memory.h"

static mi_code add_tensors(mi_vit *vit, mi_status *status)
{
    const mi_vit_config *c = &vit->config;
    size_t width = c->encoder.width;
    mi_code code = mi_token_add(c->tensors, "cls_token", 1, width, &vit->class_token, status);
    if (code == MI_OK && c->mask_token) {
        code = mi_token_add(c->tensors, "mask_token", 1, width, &vit->mask_token, status);
    }
    if (code == MI_OK) {
        code = mi_embedding_add(c->tensors, width, c->channels, c->patch, &vit->embed, status);
    }
    return code == MI_OK
               ? mi_encoder_create(&c->encoder, "encoder", "", c->tensors, &vit->encoder, status)
               : code;
}

mi_code mi_vit_create(const mi_vit_config *config, mi_vit **ret_vit, mi_status *status)
{
    mi_vit *vit = NULL;
    mi_code code = mi_check_width(config->layout, "encoder.width", config->encoder.width, status);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *vit, &vit, status);
    }
    if (code == MI_OK) {
        vit->config = *config;
        vit->tokens = config->layout.rows * config->layout.columns;
        vit->values = config->patch * config->patch * config->channels;
        code = add_tensors(vit, status);
    }
    if (code == MI_OK) {
        code = mi_make_positions(config->layout, config->layout, config->encoder.width,
                                 &vit->positions, status);
    }
    if (code != MI_OK) {
        mi_vit_destroy(vit);
        return code;
    }
    *ret_vit = vit;
    return MI_OK;
}

void mi_vit_destroy(mi_vit *vit)
{
    if (vit != NULL) {
        mi_transformer_destroy(vit->encoder);
        free(vit->positions);
        free(vit);
    }
}

void mi_vit_initialize(const mi_vit *vit, gsl_rng *stream, mi_scalar *values)
{
    const mi_tensors *tensors = vit->config.tensors;
    mi_initialize_normal(tensors, mi_tensors_index(tensors, "cls_token"), 0.02, stream, values);
    if (vit->config.mask_token) {
        mi_initialize_normal(tensors, mi_tensors_index(tensors, "mask_token"), 0.02, stream,
                             values);
    }
    mi_initialize_uniform(tensors, mi_tensors_index(tensors, "patch_embed.proj.weight"), stream,
                          values);
    mi_transformer_initialize(vit->encoder, tensors, stream, values);
}

mi_vit_work mi_vit_carve(const mi_vit *vit, mi_ragged_limits limits, bool backward, mi_arena *arena)
{
    size_t width = vit->encoder->config.width, tokens = limits.rows - limits.samples;
    size_t whole = mi_linear_rows(tokens);
    mi_vit_work work = {
        .starts = mi_arena_take(arena, limits.samples + 1, sizeof(size_t)),
        .seen = mi_arena_take(arena, tokens, sizeof(size_t)),
        .patches = mi_arena_take(arena, whole, vit->values * sizeof(mi_scalar)),
        .embedded = mi_arena_take(arena, whole, width * sizeof(mi_scalar)),
        .latent = mi_arena_take(arena, limits.rows, width * sizeof(mi_scalar)),
        .room = mi_arena_take(arena, limits.length, vit->encoder->config.heads * sizeof(mi_scalar)),
    };
    if (backward) {
        work.gradient = mi_arena_take(arena, limits.rows, width * sizeof(mi_scalar));
    }
    work.tape = mi_tape_carve(vit->encoder, limits, backward, arena);
    return work;
}

static size_t token_count(const mi_vit *vit, const mi_vit_image *image)
{
    return image->rows / vit->config.patch * (image->columns / vit->config.patch);
}

static bool is_masked(const mi_vit_image *image, size_t token)
{
    return image->opt_masked != NULL && image->opt_masked[token];
}

/* Rows of the images, and the values of the patches that are seen. */
static void gather(const mi_vit *vit, size_t count, const mi_vit_image *images, mi_vit_work *work)
{
    size_t patch = vit->config.patch, channels = vit->config.channels, row = 0;
    work->images = images;
    work->seen_count = 0;
    for (size_t i = 0; i < count; i++) {
        const mi_vit_image *image = &images[i];
        size_t across = image->columns / patch, tokens = token_count(vit, image);
        work->starts[i] = row++;
        for (size_t t = 0; t < tokens; t++, row++) {
            if (!is_masked(image, t)) {
                size_t corner = t / across * patch * image->columns + t % across * patch;
                mi_patch_values(image->pixels + corner * channels, image->columns, channels, patch,
                                work->patches + work->seen_count * vit->values);
                work->seen[work->seen_count++] = row;
            }
        }
    }
    work->starts[count] = row;
    mi_linear_pad(work->seen_count, vit->values, work->patches);
    work->batch = (mi_ragged){count, work->starts};
}

/* latent = class token, mask token, or embedded patch. */
static void assemble(const mi_vit *vit, const mi_weights *weights, mi_vit_work *work)
{
    size_t width = vit->encoder->config.width, size = width * sizeof(mi_scalar);
    for (size_t i = 0; i < work->batch.samples; i++) {
        mi_scalar *to = work->latent + work->starts[i] * width;
        memcpy(to, weights->values + vit->class_token, size);
        for (size_t t = 0; t < work->starts[i + 1] - work->starts[i] - 1; t++) {
            if (is_masked(&work->images[i], t)) {
                memcpy(to + (t + 1) * width, weights->values + vit->mask_token, size);
            }
        }
    }
    for (size_t v = 0; v < work->seen_count; v++) {
        memcpy(work->latent + work->seen[v] * width, work->embedded + v * width, size);
    }
}

/* latent += positions. */
static void add_positions(const mi_vit *vit, mi_vit_work *work)
{
    size_t width = vit->encoder->config.width;
    for (size_t i = 0; i < work->batch.samples; i++) {
        size_t rows = work->starts[i + 1] - work->starts[i];
        if (work->images[i].opt_positions != NULL) {
            mi_row_add(rows * width, work->images[i].opt_positions,
                       work->latent + work->starts[i] * width);
        }
    }
}

void mi_vit_forward(const mi_vit *vit, const mi_weights *weights, size_t count,
                    const mi_vit_image *images, const mi_scalar *opt_keep, mi_vit_work *work)
{
    gather(vit, count, images, work);
    mi_linear_forward(&vit->embed, weights, mi_linear_rows(work->seen_count), work->patches,
                      work->embedded);
    assemble(vit, weights, work);
    add_positions(vit, work);
    mi_transformer_forward(vit->encoder, weights, work->batch, work->latent, opt_keep, work->tape);
}

/* latent = class token, mask token, or embedded patch: embedded becomes its own gradient. */
static void backward_assemble(const mi_vit *vit, mi_vit_work *work, mi_scalar *gradient)
{
    size_t width = vit->encoder->config.width;
    for (size_t i = 0; i < work->batch.samples; i++) {
        const mi_scalar *from = work->gradient + work->starts[i] * width;
        mi_row_add(width, from, gradient + vit->class_token);
        for (size_t t = 0; t < work->starts[i + 1] - work->starts[i] - 1; t++) {
            if (is_masked(&work->images[i], t)) {
                mi_row_add(width, from + (t + 1) * width, gradient + vit->mask_token);
            }
        }
    }
    for (size_t v = 0; v < work->seen_count; v++) {
        memcpy(work->embedded + v * width, work->gradient + work->seen[v] * width,
               width * sizeof(mi_scalar));
    }
    mi_linear_pad(work->seen_count, width, work->embedded);
}

void mi_vit_backward(const mi_vit *vit, const mi_weights *weights, mi_vit_work *work,
                     mi_scalar *gradient)
{
    mi_transformer_backward(vit->encoder, weights, work->batch, work->tape, work->gradient,
                            gradient);
    backward_assemble(vit, work, gradient);
    mi_linear_backward(&vit->embed, weights, mi_linear_rows(work->seen_count), work->patches,
                       work->embedded, NULL, gradient);
}

bool mi_vit_first_bad(const mi_vit *vit, const mi_vit_work *work, char *text, size_t size)
{
    if (!mi_all_finite(work->seen_count * vit->values, work->patches)) {
        snprintf(text, size, "the pixels");
        return true;
    }
    if (!mi_all_finite(work->seen_count * vit->embed.out, work->embedded)) {
        snprintf(text, size, "patch_embed");
        return true;
    }
    return mi_stack_first_bad(vit->encoder, work->batch, work->tape, "", text, size);
}
