#include "elementwise.h"
#include "norm.h"
#include "tape.h"

typedef struct pass {
    const mi_transformer *transformer;
    const mi_weights *weights;
    mi_ragged batch;
    size_t rows;
    mi_tape *tape;
    mi_scalar *dx; /* (rows,width), of the residual stream */
    mi_scalar *gradient;
} pass;

/* One branch's factors. */
typedef struct factors {
    const mi_scalar *opt_keep;  /* (samples) */
    const mi_scalar *opt_gamma; /* (width) */
    mi_scalar *opt_dgamma;      /* (width) */
    const mi_scalar *branch;    /* (rows,width) where gamma is given */
} factors;

/* y = x + keep g branch: dg += keep sum of dy branch, scaled (rows,width) = keep g dy. */
static void scale_rows(const pass *p, const factors *f, mi_scalar *scaled)
{
    size_t width = p->transformer->config.width;
    for (size_t s = 0; s < p->batch.samples; s++) {
        mi_scalar keep = f->opt_keep != NULL ? f->opt_keep[s] : 1;
        for (size_t r = p->batch.starts[s]; r < p->batch.starts[s + 1]; r++) {
            for (size_t c = 0; c < width; c++) {
                size_t i = r * width + c;
                if (f->opt_gamma != NULL) {
                    f->opt_dgamma[c] += keep * p->dx[i] * f->branch[i];
                }
                scaled[i] = keep * (f->opt_gamma != NULL ? f->opt_gamma[c] : 1) * p->dx[i];
            }
        }
    }
}

/* The gradient of a branch: the residual stream's own where no factor stands before it. */
static const mi_scalar *of_branch(const pass *p, const factors *f)
{
    if (f->opt_keep == NULL && f->opt_gamma == NULL) {
        return p->dx;
    }
    scale_rows(p, f, p->tape->scaled);
    return p->tape->scaled;
}

static factors factors_of(const pass *p, size_t l, size_t branch)
{
    const mi_block *block = &p->transformer->blocks[l];
    const mi_block_tape *t = &p->tape->blocks[l];
    size_t samples = p->batch.samples, offset = branch == 0 ? block->scale1 : block->scale2;
    factors f = {.branch = branch == 0 ? t->branch1 : t->branch2};
    if (p->tape->drops) {
        f.opt_keep = p->tape->keep + (2 * l + branch) * samples;
    }
    if (p->transformer->config.layer_scale != 0) {
        f.opt_gamma = p->weights->values + offset;
        f.opt_dgamma = p->gradient + offset;
    }
    return f;
}

/* y = x + keep g2 fc2(gelu(fc1(LN(x)))): dx += the gradient through the branch. */
static void backward_mlp(const pass *p, size_t l)
{
    const mi_block *block = &p->transformer->blocks[l];
    const mi_block_tape *t = &p->tape->blocks[l];
    mi_scalar *wide = p->tape->wide, *narrow = p->tape->narrow;
    factors f = factors_of(p, l, 1);
    const mi_scalar *dbranch = of_branch(p, &f);
    mi_linear_backward(&block->fc2, p->weights, p->rows, t->active, dbranch, wide, p->gradient);
    mi_times(p->rows * block->fc1.out, t->slopes, wide);
    mi_linear_backward(&block->fc1, p->weights, p->rows, t->normed2, wide, narrow, p->gradient);
    mi_norm_backward_add(&block->norm2, p->weights->values, p->rows, t->middle, t->mean2, t->scale2,
                         narrow, p->dx, p->gradient);
}

/* y = x + keep g1 projection(attention(qkv(LN(x)))): dx += the gradient through the branch. */
static void backward_attention(const pass *p, size_t l)
{
    const mi_block *block = &p->transformer->blocks[l];
    const mi_block_tape *t = &p->tape->blocks[l];
    mi_scalar *wide = p->tape->wide, *narrow = p->tape->narrow;
    mi_attention attention = mi_attention_of(p->transformer);
    size_t width = attention.width;
    factors f = factors_of(p, l, 0);
    const mi_scalar *dbranch = of_branch(p, &f);
    mi_linear_backward(&block->projection, p->weights, p->rows, t->attended, dbranch, narrow,
                       p->gradient);
    const mi_scalar *kept = t->kept;
    for (size_t s = 0; s < p->batch.samples; s++) {
        size_t first = p->batch.starts[s], length = p->batch.starts[s + 1] - first;
        mi_attention_backward(&attention, length, t->qkv + first * 3 * width,
                              narrow + first * width, wide + first * 3 * width, kept,
                              p->tape->space);
        kept = kept == NULL ? NULL : kept + length * mi_attention_kept(&attention, length);
    }
    mi_linear_backward(&block->qkv, p->weights, p->rows, t->normed1, wide, narrow, p->gradient);
    mi_norm_backward_add(&block->norm1, p->weights->values, p->rows, t->x, t->mean1, t->scale1,
                         narrow, p->dx, p->gradient);
}

void mi_transformer_backward(const mi_transformer *transformer, const mi_weights *weights,
                             mi_ragged batch, mi_tape *tape, mi_scalar *dy, mi_scalar *gradient)
{
    pass p = {.transformer = transformer,
              .weights = weights,
              .batch = batch,
              .rows = mi_ragged_rows(batch),
              .tape = tape,
              .dx = dy,
              .gradient = gradient};
    mi_norm_backward(&transformer->norm, weights->values, p.rows, tape->x, tape->mean, tape->scale,
                     dy, dy, gradient);
    for (size_t l = transformer->config.depth; l-- > 0;) {
        backward_mlp(&p, l);
        backward_attention(&p, l);
    }
}
