#include <math.h>
#include <string.h>

#include "elementwise.h"
#include "tape.h"

typedef struct pass {
    const mi_transformer *transformer;
    const mi_weights *weights;
    mi_ragged batch;
    size_t rows;
    mi_tape *tape;
} pass;

/* y = x + keep g branch, all (rows,width). opt_keep (samples), opt_gamma (width). */
static void add_branch(const pass *p, const mi_scalar *x, const mi_scalar *branch,
                       const mi_scalar *opt_keep, const mi_scalar *opt_gamma, mi_scalar *y)
{
    size_t width = p->transformer->config.width;
    for (size_t s = 0; s < p->batch.samples; s++) {
        mi_scalar keep = opt_keep != NULL ? opt_keep[s] : 1;
        for (size_t r = p->batch.starts[s]; r < p->batch.starts[s + 1]; r++) {
            for (size_t c = 0; c < width; c++) {
                size_t i = r * width + c;
                y[i] = x[i] + keep * (opt_gamma != NULL ? opt_gamma[c] * branch[i] : branch[i]);
            }
        }
    }
}

static void attend(const pass *p, const mi_block_tape *t)
{
    mi_attention attention = mi_attention_of(p->transformer);
    size_t width = attention.width;
    mi_scalar *kept = t->kept;
    for (size_t s = 0; s < p->batch.samples; s++) {
        size_t first = p->batch.starts[s], length = p->batch.starts[s + 1] - first;
        mi_attention_forward(&attention, length, t->qkv + first * 3 * width,
                             t->attended + first * width, kept, p->tape->space);
        kept = kept == NULL ? NULL : kept + length * mi_attention_kept(&attention, length);
    }
}

/* y (rows,width) = the block of t->x (rows,width). */
static void forward_block(const pass *p, size_t l, mi_scalar *y)
{
    const mi_block *block = &p->transformer->blocks[l];
    const mi_block_tape *t = &p->tape->blocks[l];
    const mi_scalar *values = p->weights->values;
    const mi_scalar *keep = p->tape->drops ? p->tape->keep + 2 * l * p->batch.samples : NULL;
    bool scaled = p->transformer->config.layer_scale != 0;

    mi_norm_forward(&block->norm1, values, p->rows, t->x, t->normed1, t->mean1, t->scale1);
    mi_linear_forward(&block->qkv, p->weights, p->rows, t->normed1, t->qkv);
    attend(p, t);
    mi_linear_forward(&block->projection, p->weights, p->rows, t->attended, t->branch1);
    add_branch(p, t->x, t->branch1, keep, scaled ? values + block->scale1 : NULL, t->middle);

    mi_norm_forward(&block->norm2, values, p->rows, t->middle, t->normed2, t->mean2, t->scale2);
    mi_linear_forward(&block->fc1, p->weights, p->rows, t->normed2, t->slopes);
    if (p->tape->backward) {
        mi_gelu_slopes(p->rows * block->fc1.out, t->slopes, t->active);
    } else {
        mi_gelu_forward(p->rows * block->fc1.out, t->slopes, t->active);
    }
    mi_linear_forward(&block->fc2, p->weights, p->rows, t->active, t->branch2);
    add_branch(p, t->middle, t->branch2, keep != NULL ? keep + p->batch.samples : NULL,
               scaled ? values + block->scale2 : NULL, y);
}

static bool finite_all(size_t count, const mi_scalar *x)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    return true;
}

void mi_transformer_forward(const mi_transformer *transformer, const mi_weights *weights,
                            mi_ragged batch, mi_scalar *x, const mi_scalar *opt_keep, mi_tape *tape)
{
    pass p = {.transformer = transformer,
              .weights = weights,
              .batch = batch,
              .rows = mi_ragged_rows(batch),
              .tape = tape};
    size_t depth = transformer->config.depth, width = transformer->config.width;
    const mi_norm *norm = &transformer->norm;
    tape->drops = opt_keep != NULL;
    if (tape->drops) {
        memcpy(tape->keep, opt_keep, 2 * depth * batch.samples * sizeof *opt_keep);
    }
    memcpy(depth > 0 ? tape->blocks[0].x : tape->x, x, p.rows * width * sizeof *x);
    for (size_t l = 0; l < depth; l++) {
        forward_block(&p, l, l + 1 < depth ? tape->blocks[l + 1].x : tape->x);
    }
    mi_norm_forward(norm, weights->values, p.rows, tape->x, x, tape->mean, tape->scale);
    tape->bad_norm = !finite_all(width, weights->values + norm->weight) ||
                     !finite_all(width, weights->values + norm->bias);
}
