#include "embed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "maskinfo/memory.h"

/* Attention compares all pairs: beyond this a step takes minutes. */
enum { TOKENS_LIMIT = 16384 };

static mi_code check_tokens(const mi_source_shape *source, size_t patch, size_t tokens,
                            mi_status *status)
{
    if (tokens < 2) {
        return mi_fail_at(status, "patch",
                          "is %zu, which makes one token of the whole %zux%zu image: at least two "
                          "are needed, one to see and one to predict",
                          patch, source->rows, source->columns);
    }
    if (tokens > TOKENS_LIMIT) {
        return mi_fail_at(status, "patch",
                          "is %zu, which makes %zu tokens of the %zux%zu image; there may be at "
                          "most %d",
                          patch, tokens, source->rows, source->columns, TOKENS_LIMIT);
    }
    return MI_OK;
}

mi_code mi_lattice_of(const mi_values *values, const mi_source_shape *source, size_t *ret_patch,
                      mi_layout *ret_layout, mi_status *status)
{
    size_t patch = mi_given(values, "patch") ? mi_count(values, "patch") : source->site;
    if (source->rows % patch != 0 || source->columns % patch != 0) {
        return mi_fail_at(status, "patch", "is %zu; it must divide both sides of the %zux%zu image",
                          patch, source->rows, source->columns);
    }
    *ret_patch = patch;
    *ret_layout = (mi_layout){.dimensions = source->rows > 1 ? 2 : 1,
                              .rows = source->rows / patch,
                              .columns = source->columns / patch};
    return check_tokens(source, patch, ret_layout->rows * ret_layout->columns, status);
}

mi_code mi_check_width(mi_layout layout, const char *place, size_t width, mi_status *status)
{
    size_t step = layout.rows > 1 ? 4 : 2;
    if (width % step != 0) {
        return mi_fail_at(status, place, "is %zu; it must be a multiple of %zu", width, step);
    }
    return MI_OK;
}

mi_code mi_embedding_add(mi_tensors *tensors, size_t width, size_t channels, size_t patch,
                         mi_linear *ret_linear, mi_status *status)
{
    const size_t shape[] = {width, channels, patch, patch};
    *ret_linear = (mi_linear){.in = channels * patch * patch, .out = width};
    mi_code code = mi_tensors_add(tensors, "patch_embed.proj.weight", 4, shape, true,
                                  &ret_linear->weight, status);
    if (code == MI_OK) {
        code = mi_tensors_add(tensors, "patch_embed.proj.bias", 1, shape, false, &ret_linear->bias,
                              status);
    }
    return code;
}

mi_code mi_token_add(mi_tensors *tensors, const char *name, size_t rows, size_t width,
                     size_t *ret_offset, mi_status *status)
{
    const size_t shape[] = {1, rows, width};
    return mi_tensors_add(tensors, name, 3, shape, false, ret_offset, status);
}

mi_code mi_make_positions(mi_layout layout, mi_layout whole, size_t width,
                          mi_scalar **ret_positions, mi_status *status)
{
    size_t tokens = layout.rows * layout.columns;
    mi_code code = mi_allocate((tokens + 1) * width, sizeof **ret_positions, ret_positions, status);
    if (code == MI_OK) {
        mi_positions_at(layout.rows, layout.columns, whole.rows, whole.columns, width,
                        *ret_positions + width);
    }
    return code;
}

void mi_patch_values(const mi_scalar *corner, size_t columns, size_t channels, size_t patch,
                     mi_scalar *values)
{
    for (size_t c = 0; c < channels; c++) {
        for (size_t y = 0; y < patch; y++) {
            const mi_scalar *from = corner + y * columns * channels + c;
            for (size_t x = 0; x < patch; x++) {
                *values++ = from[x * channels];
            }
        }
    }
}

void mi_row_sum(size_t width, const mi_scalar *a, const mi_scalar *b, mi_scalar *y)
{
    for (size_t i = 0; i < width; i++) {
        y[i] = a[i] + b[i];
    }
}

void mi_row_add(size_t width, const mi_scalar *x, mi_scalar *y)
{
    for (size_t i = 0; i < width; i++) {
        y[i] += x[i];
    }
}

void mi_mean_rows(size_t rows, size_t width, const mi_scalar *x, mi_scalar *mean)
{
    for (size_t i = 0; i < width; i++) {
        double sum = 0;
        for (size_t r = 0; r < rows; r++) {
            sum += (double)x[r * width + i];
        }
        mean[i] = (mi_scalar)(sum / (double)rows);
    }
}

bool mi_all_finite(size_t count, const mi_scalar *x)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    return true;
}

bool mi_stack_first_bad(const mi_transformer *stack, mi_ragged batch, const mi_tape *tape,
                        const char *prefix, char *text, size_t size)
{
    size_t bad = mi_transformer_first_bad(stack, batch, tape);
    if (bad < stack->config.depth) {
        snprintf(text, size, "%sblocks.%zu", prefix, bad);
    } else {
        snprintf(text, size, "%snorm", prefix);
    }
    return bad <= stack->config.depth;
}

/* Attention of the class token of one sample to the others, (heads, tokens). */
static void put_attention(const mi_transformer *encoder, mi_ragged batch, const mi_tape *tape,
                          size_t sample, mi_scalar *attention, mi_scalar *room)
{
    size_t heads = encoder->config.heads;
    size_t tokens = batch.starts[sample + 1] - batch.starts[sample] - 1;
    if (encoder->config.depth == 0) {
        memset(attention, 0, heads * tokens * sizeof *attention);
        return;
    }
    mi_transformer_attention(encoder, batch, tape, encoder->config.depth - 1, sample, 0, room);
    for (size_t h = 0; h < heads; h++) {
        memcpy(attention + h * tokens, room + h * (tokens + 1) + 1, tokens * sizeof *attention);
    }
}

void mi_put_features(mi_ragged batch, size_t tokens, size_t width, const mi_scalar *latent,
                     bool class_token, mi_scalar *features)
{
    for (size_t s = 0; s < batch.samples; s++) {
        const mi_scalar *own = latent + batch.starts[s] * width;
        mi_scalar *to = features + s * width;
        if (class_token) {
            memcpy(to, own, width * sizeof *to);
        } else {
            mi_mean_rows(tokens, width, own + width, to);
        }
    }
}

void mi_put_patches(const mi_transformer *encoder, mi_ragged batch, const mi_tape *tape,
                    const mi_scalar *latent, mi_scalar *features, mi_scalar *opt_attention,
                    mi_scalar *room)
{
    size_t width = encoder->config.width, heads = encoder->config.heads;
    for (size_t s = 0; s < batch.samples; s++) {
        size_t first = batch.starts[s] + 1, tokens = batch.starts[s + 1] - first;
        memcpy(features + s * tokens * width, latent + first * width,
               tokens * width * sizeof *features);
        if (opt_attention != NULL) {
            put_attention(encoder, batch, tape, s, opt_attention + s * heads * tokens, room);
        }
    }
}
