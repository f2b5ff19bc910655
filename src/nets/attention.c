/* Everything is kept the other way round, (keys,queries): the sums of a softmax then run down the
 * rows, vector by vector, and no sum is taken across a vector. Columns are padded to whole vectors;
 * what stands in the padding is finite and is never read by a product. */
#include "attention.h"

#include "block_product.h"
#include "lanes.h"
#include "maskinfo/layers.h"

static const double log2_e = 1.44269504088896340736;

/* One head of one sample. */
typedef struct head {
    size_t length, columns; /* columns: length padded */
    size_t size, padded;    /* of a query, key or value */
    size_t stride;          /* from row to row of q, k, v and their gradients */
    const mi_scalar *q, *k, *v;
} head;

/* Pieces of the workspace. */
typedef struct space {
    mi_scalar *across;   /* (size,columns) */
    mi_scalar *p, *dp;   /* (length,columns) */
    mi_scalar *whole[2]; /* (length,padded), where the size is not of whole vectors */
} space;

static size_t head_size(const mi_attention *attention)
{
    return attention->width / attention->heads;
}

size_t mi_attention_space(const mi_attention *attention, size_t length)
{
    size_t size = head_size(attention), columns = mi_padded(length);
    return size * columns + 2 * length * columns + 2 * length * mi_padded(size);
}

size_t mi_attention_kept(const mi_attention *attention, size_t length)
{
    return attention->heads * mi_padded(length);
}

static space space_of(const head *h, mi_scalar *numbers)
{
    space s;
    s.across = numbers;
    s.p = s.across + h->size * h->columns;
    s.dp = s.p + h->length * h->columns;
    s.whole[0] = s.dp + h->length * h->columns;
    s.whole[1] = s.whole[0] + h->length * h->padded;
    return s;
}

static head head_of(const mi_attention *attention, size_t length, const mi_scalar *qkv, size_t i)
{
    size_t size = head_size(attention);
    const mi_scalar *q = qkv + i * size;
    return (head){.length = length,
                  .columns = mi_padded(length),
                  .size = size,
                  .padded = mi_padded(size),
                  .stride = 3 * attention->width,
                  .q = q,
                  .k = q + attention->width,
                  .v = q + 2 * attention->width};
}

/* across (size,columns) = factor times x (length,size) the other way round, 0 in the padding. */
static void turn(const head *h, const mi_scalar *x, size_t x_row, mi_scalar factor,
                 mi_scalar *across)
{
    for (size_t t = 0; t < h->size; t++) {
        for (size_t i = 0; i < h->length; i++) {
            across[t * h->columns + i] = factor * x[i * x_row + t];
        }
        for (size_t i = h->length; i < h->columns; i++) {
            across[t * h->columns + i] = 0;
        }
    }
}

/* Rows that can be read in whole vectors: x (length,size) itself, or its copy in `room`. */
static const mi_scalar *whole_rows(const head *h, const mi_scalar *x, size_t *row, mi_scalar *room)
{
    if (h->size == h->padded) {
        return x;
    }
    for (size_t i = 0; i < h->length; i++) {
        memcpy(room + i * h->padded, x + i * *row, h->size * sizeof *x);
        memset(room + i * h->padded + h->size, 0, (h->padded - h->size) * sizeof *x);
    }
    *row = h->padded;
    return room;
}

/* y (length,size) = a (length,length) x (length,size), rows of x and y being x_row and y_row apart.
 */
static void weigh(const head *h, mi_strided a, const mi_scalar *x, size_t x_row, mi_scalar *y,
                  size_t y_row, const space *s)
{
    const mi_scalar *rows = whole_rows(h, x, &x_row, s->whole[0]);
    bool direct = h->size == h->padded;
    mi_scalar *out = direct ? y : s->whole[1];
    mi_block_product(h->length, h->size, h->length, a, rows, x_row, out,
                     direct ? y_row : h->padded);
    for (size_t i = 0; !direct && i < h->length; i++) {
        memcpy(y + i * y_row, out + i * h->padded, h->size * sizeof *y);
    }
}

/* Each column of p (length,columns) becomes 2^p over the column's sum, the largest entry taken out
 * first. */
static void softmax_columns(const head *h, mi_scalar *p)
{
    size_t length = h->length, columns = h->columns;
    for (size_t c = 0; c < columns; c += MI_LANES) {
        mi_lanes most = mi_load(p + c), sum = {0};
        for (size_t j = 1; j < length; j++) {
            most = mi_larger(mi_load(p + j * columns + c), most);
        }
        for (size_t j = 0; j < length; j++) {
            mi_lanes e = mi_exp2_lanes(mi_load(p + j * columns + c) - most);
            mi_store(p + j * columns + c, e);
            sum += e;
        }
        mi_lanes share = 1 / sum;
        for (size_t j = 0; j < length; j++) {
            mi_store(p + j * columns + c, mi_load(p + j * columns + c) * share);
        }
    }
}

/* p (keys,queries) = softmax over the keys of k q^T / sqrt(size), as powers of 2. */
static void probabilities(const head *h, mi_scalar *across, mi_scalar *p)
{
    turn(h, h->q, h->stride, (mi_scalar)(log2_e / sqrt((double)h->size)), across);
    mi_block_product(h->length, h->columns, h->size,
                     (mi_strided){.values = h->k, .row = h->stride, .step = 1}, across, h->columns,
                     p, h->columns);
    softmax_columns(h, p);
}

void mi_attention_forward(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                          mi_scalar *out, mi_scalar *opt_kept, mi_scalar *numbers)
{
    for (size_t i = 0; i < attention->heads; i++) {
        head h = head_of(attention, length, qkv, i);
        space s = space_of(&h, numbers);
        mi_scalar *p = opt_kept != NULL ? opt_kept + i * length * h.columns : s.p;
        probabilities(&h, s.across, p);
        weigh(&h, (mi_strided){.values = p, .row = 1, .step = h.columns}, h.v, h.stride,
              out + i * h.size, attention->width, &s);
    }
}

/* p = softmax(s / sqrt(size)) down each column: ds = p (dp - sum of p dp) / sqrt(size), in the
 * place of dp. All (length,columns). */
static void through_softmax(const head *h, const mi_scalar *p, mi_scalar *dp)
{
    size_t length = h->length, columns = h->columns;
    const mi_scalar factor = (mi_scalar)(1 / sqrt((double)h->size));
    for (size_t c = 0; c < columns; c += MI_LANES) {
        mi_lanes sum = {0};
        for (size_t j = 0; j < length; j++) {
            sum += mi_load(p + j * columns + c) * mi_load(dp + j * columns + c);
        }
        for (size_t j = 0; j < length; j++) {
            mi_scalar *d = dp + j * columns + c;
            mi_store(d, factor * mi_load(p + j * columns + c) * (mi_load(d) - sum));
        }
    }
}

/* Gradients of one head: out = p v, p = softmax(s), s = q k^T / sqrt(size). dq, dk and dv are
 * `stride` from row to row, dout dout_row. */
static void backward_head(const head *h, const mi_scalar *dout, size_t dout_row, const mi_scalar *p,
                          mi_scalar *dq, mi_scalar *dk, mi_scalar *dv, const space *s)
{
    mi_strided over_keys = {.values = s->dp, .row = 1, .step = h->columns};
    mi_strided over_queries = {.values = s->dp, .row = h->columns, .step = 1};
    turn(h, dout, dout_row, 1, s->across);
    mi_block_product(h->length, h->columns, h->size, /* dp = v dout^T */
                     (mi_strided){.values = h->v, .row = h->stride, .step = 1}, s->across,
                     h->columns, s->dp, h->columns);
    through_softmax(h, p, s->dp);
    weigh(h, over_keys, h->k, h->stride, dq, h->stride, s);
    weigh(h, over_queries, h->q, h->stride, dk, h->stride, s);
    over_queries.values = p; /* dv = p^T dout */
    weigh(h, over_queries, dout, dout_row, dv, h->stride, s);
}

void mi_attention_backward(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                           const mi_scalar *dout, mi_scalar *dqkv, const mi_scalar *opt_kept,
                           mi_scalar *numbers)
{
    size_t width = attention->width;
    for (size_t i = 0; i < attention->heads; i++) {
        head h = head_of(attention, length, qkv, i);
        space s = space_of(&h, numbers);
        mi_scalar *dq = dqkv + i * h.size;
        const mi_scalar *p = opt_kept != NULL ? opt_kept + i * length * h.columns : s.p;
        if (opt_kept == NULL) {
            probabilities(&h, s.across, s.p);
        }
        backward_head(&h, dout + i * h.size, width, p, dq, dq + width, dq + 2 * width, &s);
    }
}

void mi_attention_weights(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                          size_t query, mi_scalar *weights)
{
    for (size_t i = 0; i < attention->heads; i++) {
        head h = head_of(attention, length, qkv, i);
        for (size_t j = 0; j < length; j++) {
            mi_scalar sum = 0;
            for (size_t t = 0; t < h.size; t++) {
                sum += h.q[query * h.stride + t] * h.k[j * h.stride + t];
            }
            weights[i * length + j] = sum;
        }
    }
    mi_softmax(attention->heads, length, (mi_scalar)sqrt((double)head_size(attention)), weights);
}
