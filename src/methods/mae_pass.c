/* The masked autoencoder's way forward and back. */
#include "mae.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "embed.h"
#include "encoder.h"

mi_mae_work mi_mae_carve(const mi_mae *mae, size_t samples, bool backward, mi_arena *arena)
{
    size_t width = mae->encoder->config.width, narrow = mae->decoder->config.width;
    size_t tokens = samples * mae->tokens, rows = tokens + samples;
    mi_ragged_limits limits = {.samples = samples, .rows = rows, .length = mae->tokens + 1};
    mi_mae_work work = {
        .visible = mi_arena_take(arena, tokens, sizeof(size_t)),
        .hidden = mi_arena_take(arena, tokens, sizeof(size_t)),
        .starts = mi_arena_take(arena, samples + 1, sizeof(size_t)),
        .decoder_starts = mi_arena_take(arena, samples + 1, sizeof(size_t)),
        .patches = mi_arena_scalars(arena, tokens * mae->values),
        .embedded = mi_arena_scalars(arena, tokens * width),
        .latent = mi_arena_scalars(arena, rows * width),
        .bridged = mi_arena_scalars(arena, rows * narrow),
        .decoded = mi_arena_scalars(arena, rows * narrow),
        .picked = mi_arena_scalars(arena, tokens * narrow),
        .predicted = mi_arena_scalars(arena, tokens * mae->values),
        .target = mi_arena_scalars(arena, mae->values),
    };
    if (backward) {
        work.latent_gradient = mi_arena_scalars(arena, rows * width);
        work.picked_gradient = mi_arena_scalars(arena, tokens * narrow);
    } else {
        work.room = mi_arena_scalars(arena, mae->encoder->config.heads * (mae->tokens + 1));
    }
    if (backward && mae->stochastic_depth > 0) {
        work.keep = mi_arena_scalars(arena, mae->encoder->config.depth * 2 * samples);
    }
    work.encoder = mi_tape_carve(mae->encoder, limits, backward, arena);
    work.decoder = mi_tape_carve(mae->decoder, limits, backward, arena);
    return work;
}

/* Which tokens are visible; opt_masked (batch, tokens), NULL: all. */
static void plan(const mi_mae *mae, const unsigned char *opt_masked, const mi_shard *shard,
                 mi_mae_work *work)
{
    work->visible_count = work->hidden_count = 0;
    for (size_t s = 0; s < shard->count; s++) {
        size_t sample = shard->first + s;
        work->starts[s] = work->visible_count + s;
        work->decoder_starts[s] = s * (mae->tokens + 1);
        for (size_t t = 0; t < mae->tokens; t++) {
            size_t row = work->decoder_starts[s] + 1 + t;
            if (opt_masked != NULL && opt_masked[sample * mae->tokens + t]) {
                work->hidden[work->hidden_count++] = row;
            } else {
                work->visible[work->visible_count++] = row;
            }
        }
    }
    work->rows = work->visible_count + shard->count;
    work->starts[shard->count] = work->rows;
    work->decoder_starts[shard->count] = shard->count * (mae->tokens + 1);
}

/* First value of the token of a decoder row in batch->pixels. */
static const mi_scalar *token_corner(const mi_mae *mae, const mi_examples *batch,
                                     const mi_shard *shard, size_t row)
{
    size_t sample = shard->first + row / (mae->tokens + 1), token = row % (mae->tokens + 1) - 1;
    size_t y = token / mae->layout.columns * mae->patch;
    size_t x = token % mae->layout.columns * mae->patch;
    return batch->pixels +
           ((sample * mae->source.rows + y) * mae->source.columns + x) * mae->source.channels;
}

void mi_mae_token(const mi_mae *mae, const mi_examples *batch, const mi_shard *shard, size_t row,
                  mi_scalar *values)
{
    const mi_scalar *corner = token_corner(mae, batch, shard, row);
    size_t length = mae->patch * mae->source.channels;
    for (size_t y = 0; y < mae->patch; y++) {
        memcpy(values + y * length, corner + y * mae->source.columns * mae->source.channels,
               length * sizeof *values);
    }
}

void mi_mae_moments(size_t count, const mi_scalar *values, double *ret_mean, double *ret_deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
    }
    *ret_mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        double centred = (double)values[i] - *ret_mean;
        squares += centred * centred;
    }
    *ret_deviation = sqrt(squares / (double)(count - 1) + 1e-6);
}

/* patches (V, values): channels outermost, as the weights of a convolution have them. */
static void gather_patches(const mi_mae *mae, const mi_examples *batch, const mi_shard *shard,
                           mi_mae_work *work)
{
    for (size_t v = 0; v < work->visible_count; v++) {
        mi_patch_values(token_corner(mae, batch, shard, work->visible[v]), mae->source.columns,
                        mae->source.channels, mae->patch, work->patches + v * mae->values);
    }
}

static const mi_scalar *positions(const mi_mae *mae, const mi_weights *weights, bool decoder)
{
    if (decoder) {
        return mae->learned ? weights->values + mae->decoder_positions : mae->decoder_fixed;
    }
    return mae->learned ? weights->values + mae->positions : mae->fixed;
}

/* latent (E, width) = class token, or embedded tokens, + positions. */
static void assemble_encoder(const mi_mae *mae, const mi_weights *weights, const mi_shard *shard,
                             mi_mae_work *work)
{
    size_t width = mae->encoder->config.width, v = 0;
    const mi_scalar *place = positions(mae, weights, false);
    for (size_t s = 0; s < shard->count; s++) {
        size_t row = work->starts[s];
        mi_row_sum(width, weights->values + mae->class_token, place, work->latent + row * width);
        for (row++; row < work->starts[s + 1]; row++, v++) {
            mi_row_sum(width, work->embedded + v * width,
                       place + work->visible[v] % (mae->tokens + 1) * width,
                       work->latent + row * width);
        }
    }
}

static void encode(const mi_mae *mae, const mi_weights *weights, const mi_examples *batch,
                   const mi_shard *shard, const mi_scalar *opt_keep, mi_mae_work *work)
{
    gather_patches(mae, batch, shard, work);
    mi_linear_forward(&mae->embed, weights, work->visible_count, work->patches, work->embedded);
    assemble_encoder(mae, weights, shard, work);
    mi_transformer_forward(mae->encoder, weights, (mi_ragged){shard->count, work->starts},
                           work->latent, opt_keep, work->encoder);
}

void mi_mae_encode_whole(const mi_mae *mae, const mi_weights *weights, const mi_examples *batch,
                         const mi_shard *shard, mi_mae_work *work)
{
    plan(mae, NULL, shard, work);
    encode(mae, weights, batch, shard, NULL, work);
}

/* decoded (D, decoder width) = bridged class and visible tokens, or the mask token, + positions. */
static void assemble_decoder(const mi_mae *mae, const mi_weights *weights, const mi_shard *shard,
                             mi_mae_work *work)
{
    size_t width = mae->decoder->config.width, v = 0;
    const mi_scalar *place = positions(mae, weights, true);
    for (size_t s = 0; s < shard->count; s++) {
        mi_scalar *to = work->decoded + work->decoder_starts[s] * width;
        mi_row_sum(width, work->bridged + work->starts[s] * width, place, to);
        for (size_t row = work->starts[s] + 1; row < work->starts[s + 1]; row++, v++) {
            size_t token = work->visible[v] % (mae->tokens + 1);
            mi_row_sum(width, work->bridged + row * width, place + token * width,
                       to + token * width);
        }
    }
    for (size_t h = 0; h < work->hidden_count; h++) {
        mi_row_sum(width, weights->values + mae->mask_token,
                   place + work->hidden[h] % (mae->tokens + 1) * width,
                   work->decoded + work->hidden[h] * width);
    }
}

void mi_mae_forward(const mi_mae *mae, const mi_weights *weights, const mi_examples *batch,
                    const mi_shard *shard, bool training, mi_mae_work *work)
{
    size_t width = mae->decoder->config.width;
    const mi_scalar *opt_keep = training ? work->keep : NULL;
    plan(mae, batch->masked, shard, work);
    if (opt_keep != NULL) {
        mi_stochastic_depth(mae->stochastic_depth, mae->encoder->config.depth, batch, shard,
                            work->keep);
    }
    encode(mae, weights, batch, shard, opt_keep, work);
    mi_linear_forward(&mae->bridge, weights, work->rows, work->latent, work->bridged);
    assemble_decoder(mae, weights, shard, work);
    mi_transformer_forward(mae->decoder, weights, (mi_ragged){shard->count, work->decoder_starts},
                           work->decoded, NULL, work->decoder);
    for (size_t h = 0; h < work->hidden_count; h++) {
        memcpy(work->picked + h * width, work->decoded + work->hidden[h] * width,
               width * sizeof *work->picked);
    }
    mi_linear_forward(&mae->predict, weights, work->hidden_count, work->picked, work->predicted);
}

/* picked = decoded[hidden]; predicted = predict(picked): decoded becomes its own gradient. */
static void backward_predict(const mi_mae *mae, const mi_weights *weights, const mi_shard *shard,
                             mi_mae_work *work, mi_scalar *gradient)
{
    size_t width = mae->decoder->config.width;
    mi_linear_backward(&mae->predict, weights, work->hidden_count, work->picked, work->predicted,
                       work->picked_gradient, gradient);
    memset(work->decoded, 0, work->decoder_starts[shard->count] * width * sizeof *work->decoded);
    for (size_t h = 0; h < work->hidden_count; h++) {
        memcpy(work->decoded + work->hidden[h] * width, work->picked_gradient + h * width,
               width * sizeof *work->decoded);
    }
}

/* decoded = bridged or mask token, + positions: bridged becomes its own gradient. */
static void backward_assemble_decoder(const mi_mae *mae, const mi_shard *shard, mi_mae_work *work,
                                      mi_scalar *gradient)
{
    size_t width = mae->decoder->config.width, v = 0, length = mae->tokens + 1;
    for (size_t s = 0; s < shard->count; s++) {
        const mi_scalar *from = work->decoded + work->decoder_starts[s] * width;
        memcpy(work->bridged + work->starts[s] * width, from, width * sizeof *from);
        for (size_t row = work->starts[s] + 1; row < work->starts[s + 1]; row++, v++) {
            memcpy(work->bridged + row * width, from + work->visible[v] % length * width,
                   width * sizeof *from);
        }
        if (mae->learned) {
            mi_row_add(length * width, from, gradient + mae->decoder_positions);
        }
    }
    for (size_t h = 0; h < work->hidden_count; h++) {
        mi_row_add(width, work->decoded + work->hidden[h] * width, gradient + mae->mask_token);
    }
}

/* latent = class token or embedded, + positions: embedded becomes its own gradient. */
static void backward_assemble_encoder(const mi_mae *mae, const mi_shard *shard, mi_mae_work *work,
                                      mi_scalar *gradient)
{
    size_t width = mae->encoder->config.width, v = 0;
    for (size_t s = 0; s < shard->count; s++) {
        const mi_scalar *from = work->latent_gradient + work->starts[s] * width;
        mi_row_add(width, from, gradient + mae->class_token);
        if (mae->learned) {
            mi_row_add(width, from, gradient + mae->positions);
        }
        for (size_t row = work->starts[s] + 1; row < work->starts[s + 1]; row++, v++) {
            from += width;
            memcpy(work->embedded + v * width, from, width * sizeof *from);
            if (mae->learned) {
                mi_row_add(width, from,
                           gradient + mae->positions +
                               work->visible[v] % (mae->tokens + 1) * width);
            }
        }
    }
}

void mi_mae_backward(const mi_mae *mae, const mi_weights *weights, const mi_shard *shard,
                     mi_mae_work *work, mi_scalar *gradient)
{
    backward_predict(mae, weights, shard, work, gradient);
    mi_transformer_backward(mae->decoder, weights, (mi_ragged){shard->count, work->decoder_starts},
                            work->decoder, work->decoded, gradient);
    backward_assemble_decoder(mae, shard, work, gradient);
    mi_linear_backward(&mae->bridge, weights, work->rows, work->latent, work->bridged,
                       work->latent_gradient, gradient);
    mi_transformer_backward(mae->encoder, weights, (mi_ragged){shard->count, work->starts},
                            work->encoder, work->latent_gradient, gradient);
    backward_assemble_encoder(mae, shard, work, gradient);
    mi_linear_backward(&mae->embed, weights, work->visible_count, work->patches, work->embedded,
                       NULL, gradient);
}
