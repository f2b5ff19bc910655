/* What stands in the place of masked symbols, and the head that predicts them. */
#include <math.h>
#include <string.h>

#include "mlm.h"

/* Devlin et al. 2018, section 3.1, task 1: "(1) the [MASK] token 80% of the time (2) a random token
 * 10% of the time (3) the unchanged i-th token 10% of the time". A random token may be the true
 * one. */
static unsigned corrupted(gsl_rng *stream, unsigned symbol, size_t vocabulary)
{
    double u = gsl_rng_uniform(stream);
    if (u < 0.8) {
        return (unsigned)vocabulary;
    }
    return u < 0.9 ? (unsigned)gsl_rng_uniform_int(stream, vocabulary) : symbol;
}

void mi_mlm_corrupt(const mi_mlm *m, const mi_examples *batch, const mi_shard *shard, bool bert,
                    mi_mlm_work *work)
{
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, batch->seed, MI_PURPOSE_CORRUPTION, 0);
    const unsigned *symbols = batch->symbols + shard->first * m->sites;
    const unsigned char *masked = batch->masked + shard->first * m->sites;
    for (size_t i = 0; i < shard->count * m->sites; i++) {
        if (i % m->sites == 0) {
            mi_stream_set(stream, batch->seed, MI_PURPOSE_CORRUPTION,
                          batch->first + shard->first + i / m->sites);
        }
        if (masked[i] == 0) {
            work->ids[i] = symbols[i];
        } else {
            work->ids[i] =
                bert ? corrupted(stream, symbols[i], m->vocabulary) : (unsigned)m->vocabulary;
        }
    }
}

/* logits (rows,head.out) of the masked symbols first .. first+rows-1: W y + b. A tied head's last
 * one is [MASK]'s own, which gets probability 0. */
static void logits_of(const mi_mlm *m, const mi_weights *weights, size_t first, size_t rows,
                      mi_mlm_work *work)
{
    size_t width = m->encoder->config.width;
    for (size_t i = 0; i < rows; i++) {
        memcpy(work->inputs + i * width, work->x + work->places[first + i] * width,
               width * sizeof *work->x);
    }
    mi_linear_forward(&m->head, weights, rows, work->inputs, work->logits);
    const mi_scalar *bias = weights->values + m->bias;
    for (size_t i = 0; i < rows; i++) {
        mi_scalar *z = work->logits + i * m->head.out;
        for (size_t v = 0; v < m->vocabulary; v++) {
            z[v] += bias[v];
        }
        if (m->tied) {
            z[m->vocabulary] = (mi_scalar)-1e30;
        }
    }
}

static size_t largest(const mi_scalar *z, size_t count)
{
    size_t best = 0;
    for (size_t v = 1; v < count; v++) {
        best = z[v] > z[best] ? v : best;
    }
    return best;
}

/* z (columns) becomes p = softmax(z); -log p[truth] by way of the likeliest symbol, whose p is
 * never too small for a logarithm. */
static double cross_entropy(size_t columns, size_t truth, mi_scalar *z)
{
    size_t best = largest(z, columns);
    double behind = (double)z[best] - (double)z[truth];
    mi_softmax(1, columns, 1, z);
    return behind - log((double)z[best]);
}

/* L = -sum_i log softmax(z_i)[truth_i] / total, so dz = (p - [v = truth]) / total; z holds p. */
static void logits_backward(const mi_mlm *m, double total, size_t truth, mi_scalar *z,
                            mi_scalar *gradient)
{
    mi_scalar scale = (mi_scalar)(1 / total);
    z[truth] -= 1;
    for (size_t v = 0; v < m->head.out; v++) {
        z[v] *= scale;
    }
    for (size_t v = 0; v < m->vocabulary; v++) {
        gradient[m->bias + v] += z[v]; /* z = W y + b: db += dz */
    }
}

/* y = x at the places of the masked symbols: dx = dy there. */
static void scatter(const mi_mlm *m, size_t first, size_t rows, mi_mlm_work *work)
{
    size_t width = m->encoder->config.width;
    for (size_t i = 0; i < rows; i++) {
        memcpy(work->x + work->places[first + i] * width, work->inputs_gradient + i * width,
               width * sizeof *work->x);
    }
}

/* No loss looks at the visible symbols: dx = 0 there. */
static void clear_visible(const mi_mlm *m, const unsigned char *masked, size_t rows,
                          mi_mlm_work *work)
{
    size_t width = m->encoder->config.width;
    for (size_t i = 0; i < rows; i++) {
        if (masked[i] == 0) {
            memset(work->x + i * width, 0, width * sizeof *work->x);
        }
    }
}

double mi_mlm_loss(const mi_mlm *m, const mi_weights *weights, const mi_examples *batch,
                   const mi_shard *shard, mi_mlm_work *work)
{
    const unsigned *symbols = batch->symbols + shard->first * m->sites;
    double total = (double)batch->masked_total, sum = 0;
    for (size_t first = 0; first < work->masked; first += work->chunk) {
        size_t left = work->masked - first, rows = left < work->chunk ? left : work->chunk;
        logits_of(m, weights, first, rows, work);
        for (size_t i = 0; i < rows; i++) {
            size_t truth = symbols[work->places[first + i]];
            mi_scalar *z = work->logits + i * m->head.out;
            sum += cross_entropy(m->head.out, truth, z);
            if (shard->opt_gradient != NULL) {
                logits_backward(m, total, truth, z, shard->opt_gradient);
            }
        }
        if (shard->opt_gradient != NULL) {
            mi_linear_backward(&m->head, weights, rows, work->inputs, work->logits,
                               work->inputs_gradient, shard->opt_gradient);
            scatter(m, first, rows, work);
        }
    }
    if (shard->opt_gradient != NULL) {
        clear_visible(m, batch->masked + shard->first * m->sites, shard->count * m->sites, work);
    }
    return sum / total;
}

void mi_mlm_log_probabilities(const mi_mlm *m, const mi_weights *weights, const mi_shard *shard,
                              mi_mlm_work *work, mi_scalar *predicted)
{
    memset(predicted, 0, shard->count * m->sites * m->vocabulary * sizeof *predicted);
    for (size_t first = 0; first < work->masked; first += work->chunk) {
        size_t left = work->masked - first, rows = left < work->chunk ? left : work->chunk;
        logits_of(m, weights, first, rows, work);
        mi_log_softmax(rows, m->head.out, 1, work->logits);
        for (size_t i = 0; i < rows; i++) {
            memcpy(predicted + work->places[first + i] * m->vocabulary,
                   work->logits + i * m->head.out, m->vocabulary * sizeof *predicted);
        }
    }
}
