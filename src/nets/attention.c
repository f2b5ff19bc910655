/* The weights of a head are kept the other way round, (keys,queries): the sums of a softmax then
 * run down the rows, vector by vector, and no sum is taken across a vector. Queries are taken in
 * blocks so narrow that their weights stay in the cache. The columns of a block are padded to whole
 * vectors; what stands in the padding is finite, and no product sums over it. */
#include "attention.h"

#include "block_product.h"
#include "lanes.h"
#include "maskinfo/layers.h"
#include "transpose.h"

enum { BLOCK = 4 * MI_LANES }; /* queries */

static const double log2_e = 1.44269504088896340736;

/* One head of one sample. */
typedef struct head {
    size_t length, columns; /* columns: length padded */
    size_t size;            /* of a query, key or value */
    size_t stride;          /* from row to row of q, k, v and their gradients */
    const mi_scalar *q, *k, *v;
} head;

/* Some queries of a head, and how many columns hold their weights. */
typedef struct queries {
    size_t first, count, columns;
} queries;

/* Pieces of the workspace. */
typedef struct room {
    mi_scalar *across, *dacross; /* q^T and dout^T (size,columns) */
    mi_scalar *p, *dp;           /* (length,columns of a block) */
} room;

static size_t head_size(const mi_attention *attention)
{
    return attention->width / attention->heads;
}

static size_t block_columns(size_t length)
{
    return mi_padded(length < BLOCK ? length : BLOCK);
}

/* q and dout the other way round, the weights of a block and their gradient. */
size_t mi_attention_space(const mi_attention *attention, size_t length)
{
    return 2 * head_size(attention) * mi_padded(length) + 2 * length * block_columns(length);
}

size_t mi_attention_kept(const mi_attention *attention, size_t length)
{
    return attention->heads * mi_padded(length);
}

static head head_of(const mi_attention *attention, size_t length, const mi_scalar *qkv, size_t i)
{
    size_t size = head_size(attention);
    const mi_scalar *q = qkv + i * size;
    return (head){.length = length,
                  .columns = mi_padded(length),
                  .size = size,
                  .stride = 3 * attention->width,
                  .q = q,
                  .k = q + attention->width,
                  .v = q + 2 * attention->width};
}

static queries block_of(const head *h, size_t first)
{
    size_t left = h->length - first;
    size_t count = left < BLOCK ? left : BLOCK;
    return (queries){.first = first, .count = count, .columns = mi_padded(count)};
}

static room room_of(const head *h, mi_scalar *space)
{
    room r = {.across = space, .dacross = space + h->size * h->columns};
    r.p = r.dacross + h->size * h->columns;
    r.dp = r.p + h->length * block_columns(h->length);
    return r;
}

static const mi_dense_rows none = {.values = NULL};

/* A matrix read as its transpose. */
static mi_strided turned(const mi_scalar *x, size_t row)
{
    return (mi_strided){.values = x, .row = 1, .step = row};
}

/* p (length,columns) holds s: each column becomes exp(s / sqrt(size)) over its own sum, the largest
 * entry taken out first. */
static void softmax_columns(size_t length, size_t columns, size_t size, mi_scalar *p)
{
    const mi_scalar factor = (mi_scalar)(log2_e / sqrt((double)size));
    for (size_t c = 0; c < columns; c += MI_LANES) {
        mi_lanes most = mi_load(p + c), sum = {0};
        for (size_t j = 1; j < length; j++) {
            most = mi_larger(mi_load(p + j * columns + c), most);
        }
        for (size_t j = 0; j < length; j++) {
            mi_lanes e = mi_exp2_lanes(factor * (mi_load(p + j * columns + c) - most));
            mi_store(p + j * columns + c, e);
            sum += e;
        }
        mi_lanes share = 1 / sum;
        for (size_t j = 0; j < length; j++) {
            mi_store(p + j * columns + c, mi_load(p + j * columns + c) * share);
        }
    }
}

/* p (keys,b.columns) = softmax over the keys of k q^T / sqrt(size); across is q^T (size,columns).
 */
static void probabilities(const head *h, queries b, const mi_scalar *across, mi_scalar *p)
{
    mi_strided k = {.values = h->k, .row = h->stride, .step = 1};
    mi_dense_rows q = {.values = across + b.first, .row = h->columns};
    mi_block_product(h->length, b.columns, h->size, k, q, none, p, b.columns);
    softmax_columns(h->length, b.columns, h->size, p);
}

/* out (length,size) = p v, rows of out being out_row apart. */
static void forward_head(const head *h, mi_scalar *opt_kept, mi_scalar *out, size_t out_row,
                         const room *r)
{
    mi_scalar *p = opt_kept != NULL ? opt_kept : r->p;
    mi_transpose_padded(h->length, h->size, h->q, h->stride, r->across, h->columns);
    for (size_t first = 0; first < h->length; first += BLOCK) {
        queries b = block_of(h, first);
        probabilities(h, b, r->across, p);
        mi_block_product(b.count, h->size, h->length, turned(p, b.columns),
                         (mi_dense_rows){.values = h->v, .row = h->stride}, none,
                         out + first * out_row, out_row);
        p += opt_kept != NULL ? h->length * b.columns : 0;
    }
}

void mi_attention_forward(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                          mi_scalar *out, mi_scalar *opt_kept, mi_scalar *space)
{
    for (size_t i = 0; i < attention->heads; i++) {
        head h = head_of(attention, length, qkv, i);
        room r = room_of(&h, space);
        forward_head(&h, opt_kept != NULL ? opt_kept + i * length * h.columns : NULL,
                     out + i * h.size, attention->width, &r);
    }
}

/* p = softmax(s / sqrt(size)) down each column: ds = p (dp - sum of p dp) / sqrt(size), in the
 * place of dp. All (length,columns). */
static void through_softmax(size_t length, size_t columns, size_t size, const mi_scalar *p,
                            mi_scalar *dp)
{
    const mi_scalar factor = (mi_scalar)(1 / sqrt((double)size));
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

/* The gradients of one head: of its output, dout_row from row to row, and of q, k and v. */
typedef struct gradients {
    const mi_scalar *dout;
    size_t dout_row;
    mi_scalar *q, *k, *v;
} gradients;

/* out = p v, p = softmax(s / sqrt(size)), s = q k^T: dq of the block, and its parts of dk and dv,
 * added up from block to block. p is (length,b.columns). */
static void backward_block(const head *h, queries b, const gradients *d, const mi_scalar *p,
                           const room *r)
{
    size_t length = h->length, size = h->size, columns = b.columns, row = h->stride;
    mi_strided v = {.values = h->v, .row = row, .step = 1};
    mi_strided ds = {.values = r->dp, .row = columns, .step = 1};
    mi_strided weights = {.values = p, .row = columns, .step = 1};
    mi_dense_rows dout_turned = {.values = r->dacross + b.first, .row = h->columns};
    mi_dense_rows k = {.values = h->k, .row = row},
                  q = {.values = h->q + b.first * row, .row = row};
    mi_dense_rows dout = {.values = d->dout + b.first * d->dout_row, .row = d->dout_row};
    mi_dense_rows dk = {.values = b.first > 0 ? d->k : NULL, .row = row};
    mi_dense_rows dv = {.values = b.first > 0 ? d->v : NULL, .row = row};
    mi_block_product(length, columns, size, v, dout_turned, none, r->dp, columns);
    through_softmax(length, columns, size, p, r->dp);
    mi_block_product(b.count, size, length, turned(r->dp, columns), k, none, d->q + b.first * row,
                     row);
    mi_block_product(length, size, b.count, ds, q, dk, d->k, row);
    mi_block_product(length, size, b.count, weights, dout, dv, d->v, row);
}

static void backward_head(const head *h, const gradients *d, const mi_scalar *opt_kept,
                          const room *r)
{
    mi_transpose_padded(h->length, h->size, d->dout, d->dout_row, r->dacross, h->columns);
    if (opt_kept == NULL) {
        mi_transpose_padded(h->length, h->size, h->q, h->stride, r->across, h->columns);
    }
    for (size_t first = 0; first < h->length; first += BLOCK) {
        queries b = block_of(h, first);
        if (opt_kept == NULL) {
            probabilities(h, b, r->across, r->p);
        }
        backward_block(h, b, d, opt_kept != NULL ? opt_kept + h->length * first : r->p, r);
    }
}

void mi_attention_backward(const mi_attention *attention, size_t length, const mi_scalar *qkv,
                           const mi_scalar *dout, mi_scalar *dqkv, const mi_scalar *opt_kept,
                           mi_scalar *space)
{
    size_t width = attention->width;
    for (size_t i = 0; i < attention->heads; i++) {
        head h = head_of(attention, length, qkv, i);
        room r = room_of(&h, space);
        mi_scalar *dq = dqkv + i * h.size;
        gradients d = {.dout = dout + i * h.size, .dout_row = width, .q = dq, .k = dq + width};
        d.v = d.k + width;
        backward_head(&h, &d, opt_kept != NULL ? opt_kept + i * length * h.columns : NULL, &r);
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
