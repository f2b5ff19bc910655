#include "tape.h"

#include <math.h>

typedef struct sizes {
    size_t rows, width, hidden, kept; /* kept: softmax weights of a row, all heads; 0: none */
    bool scaled;                      /* LayerScale */
} sizes;

static mi_scalar *take(mi_arena *arena, size_t rows, size_t columns)
{
    return mi_arena_take(arena, rows, columns * sizeof(mi_scalar));
}

/* The pieces that grow with the width. Without LayerScale the way back needs no branch: both share
 * `branch`. */
static void carve_large(sizes s, mi_scalar *branch, mi_arena *arena, mi_block_tape *ret_block)
{
    ret_block->x = take(arena, s.rows, s.width);
    ret_block->middle = take(arena, s.rows, s.width);
    ret_block->normed1 = take(arena, s.rows, s.width);
    ret_block->normed2 = take(arena, s.rows, s.width);
    ret_block->branch1 = s.scaled ? take(arena, s.rows, s.width) : branch;
    ret_block->branch2 = s.scaled ? take(arena, s.rows, s.width) : branch;
    ret_block->qkv = take(arena, s.rows, 3 * s.width);
    ret_block->attended = take(arena, s.rows, s.width);
    ret_block->kept = s.kept > 0 ? take(arena, s.rows, s.kept) : NULL;
    ret_block->slopes = take(arena, s.rows, s.hidden);
    ret_block->active = take(arena, s.rows, s.hidden);
}

static void carve_blocks(size_t depth, sizes s, mi_arena *arena, mi_tape *tape)
{
    mi_scalar *branch = take(arena, s.rows, s.width);
    mi_block_tape block = {0};
    for (size_t l = 0; l < depth; l++) {
        if (l == 0 || tape->backward) {
            carve_large(s, branch, arena, &block);
        }
        block.mean1 = take(arena, s.rows, 1);
        block.scale1 = take(arena, s.rows, 1);
        block.mean2 = take(arena, s.rows, 1);
        block.scale2 = take(arena, s.rows, 1);
        if (tape->blocks != NULL) {
            tape->blocks[l] = block;
        }
    }
    tape->x = !tape->backward && depth > 0 ? block.x : take(arena, s.rows, s.width);
}

mi_tape *mi_tape_carve(const mi_transformer *transformer, mi_ragged_limits limits, bool backward,
                       mi_arena *arena)
{
    const mi_transformer_config *config = &transformer->config;
    mi_attention attention = mi_attention_of(transformer);
    size_t width = config->width, hidden = config->hidden;
    sizes s = {.rows = limits.rows,
               .width = width,
               .hidden = hidden,
               .kept = backward ? mi_attention_kept(&attention, limits.length) : 0,
               .scaled = config->layer_scale != 0};
    mi_tape *ret = mi_arena_take(arena, 1, sizeof *ret);
    mi_tape tape = {.backward = backward};
    tape.blocks = mi_arena_take(arena, config->depth, sizeof *tape.blocks);
    carve_blocks(config->depth, s, arena, &tape);
    tape.mean = take(arena, s.rows, 1);
    tape.scale = take(arena, s.rows, 1);
    tape.keep = take(arena, limits.samples, 2 * config->depth);
    tape.space = take(arena, mi_attention_space(&attention, limits.length), 1);
    if (backward) {
        tape.scaled = take(arena, s.rows, width);
        tape.narrow = take(arena, s.rows, width);
        tape.wide = take(arena, s.rows, 3 * width > hidden ? 3 * width : hidden);
    }
    if (ret != NULL) {
        *ret = tape;
    }
    return ret;
}

void mi_transformer_attention(const mi_transformer *transformer, mi_ragged batch,
                              const mi_tape *tape, size_t block, size_t sample, size_t query,
                              mi_scalar *attention)
{
    mi_attention shape = mi_attention_of(transformer);
    size_t first = batch.starts[sample], length = batch.starts[sample + 1] - first;
    mi_attention_weights(&shape, length, tape->blocks[block].qkv + first * 3 * shape.width, query,
                         attention);
}

/* A LayerNorm's mean is not finite where one entry of the row is not. */
static bool bad_rows(size_t rows, const mi_scalar *mean)
{
    for (size_t r = 0; r < rows; r++) {
        if (!isfinite(mean[r])) {
            return true;
        }
    }
    return false;
}

size_t mi_transformer_first_bad(const mi_transformer *transformer, mi_ragged batch,
                                const mi_tape *tape)
{
    size_t depth = transformer->config.depth, rows = mi_ragged_rows(batch);
    for (size_t l = 0; l < depth; l++) {
        bool last = l + 1 == depth;
        if (bad_rows(rows, last ? tape->mean : tape->blocks[l + 1].mean1)) {
            return l;
        }
    }
    bool bad = tape->bad_norm || bad_rows(rows, tape->mean);
    return rows > 0 && bad ? depth : depth + 1;
}
