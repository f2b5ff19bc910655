/* The masked language model forward and backward on a shard. */
#include <math.h>
#include <string.h>

#include "maskinfo/optimizer.h"
#include "mlm.h"

/* Logits that the head holds at a time, so that large vocabularies need little memory; and the
 * fewest rows that make a product worth its name. */
enum { LOGITS_MOST = 1 << 18, CHUNK_LEAST = 16 };

static size_t chunk_of(const mi_mlm *m, size_t rows)
{
    size_t chunk = LOGITS_MOST / m->head.out;
    chunk = chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk;
    return chunk < rows ? chunk : rows;
}

mi_mlm_work mi_mlm_work_carve(const mi_mlm *m, size_t samples, bool backward, mi_arena *arena)
{
    size_t rows = samples * m->sites, width = m->encoder->config.width;
    size_t chunk = chunk_of(m, rows);
    return (mi_mlm_work){
        .tape =
            mi_tape_carve(m->encoder, (mi_ragged_limits){samples, rows, m->sites}, backward, arena),
        .starts = mi_arena_take(arena, samples + 1, sizeof(size_t)),
        .ids = mi_arena_take(arena, rows, sizeof(unsigned)),
        .places = mi_arena_take(arena, rows, sizeof(size_t)),
        .x = mi_arena_scalars(arena, rows * width),
        .keep = mi_arena_scalars(arena, m->encoder->config.depth * 2 * samples),
        .chunk = chunk,
        .inputs = mi_arena_scalars(arena, chunk * width),
        .inputs_gradient = mi_arena_scalars(arena, backward ? chunk * width : 0),
        .logits = mi_arena_scalars(arena, chunk * m->head.out),
    };
}

void mi_mlm_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    mi_mlm_work_carve(state, samples, backward, arena);
}

/* The work of a shard with its ragged batch set. */
static mi_mlm_work carved(const mi_mlm *m, const mi_shard *shard, bool backward)
{
    mi_mlm_work work = mi_mlm_work_carve(m, shard->count, backward, shard->arena);
    for (size_t s = 0; s <= shard->count; s++) {
        work.starts[s] = s * m->sites;
    }
    work.batch = (mi_ragged){shard->count, work.starts};
    return work;
}

/* ... and the places of its masked symbols. */
static mi_mlm_work work_of(const mi_mlm *m, const mi_examples *batch, const mi_shard *shard,
                           bool backward)
{
    mi_mlm_work work = carved(m, shard, backward);
    const unsigned char *masked = batch->masked + shard->first * m->sites;
    for (size_t i = 0; i < shard->count * m->sites; i++) {
        if (masked[i] != 0) {
            work.places[work.masked++] = i;
        }
    }
    return work;
}

/* x (samples*sites,width): x[i] = E[ids[i]] + P[i mod sites]. */
static void embed(const mi_mlm *m, const mi_scalar *parameters, size_t samples, mi_mlm_work *work)
{
    size_t width = m->encoder->config.width;
    const mi_scalar *positions =
        m->learned == MI_NOT_LEARNED ? m->opt_fixed : parameters + m->learned;
    for (size_t i = 0; i < samples * m->sites; i++) {
        const mi_scalar *e = parameters + m->embedding + work->ids[i] * width;
        const mi_scalar *p = positions + i % m->sites * width;
        mi_scalar *x = work->x + i * width;
        for (size_t j = 0; j < width; j++) {
            x[j] = e[j] + p[j];
        }
    }
}

/* x[i] = E[ids[i]] + P[i mod sites]: dE[ids[i]] += dx[i], dP[i mod sites] += dx[i]. */
static void embed_backward(const mi_mlm *m, size_t samples, const mi_mlm_work *work,
                           mi_scalar *gradient)
{
    size_t width = m->encoder->config.width;
    for (size_t i = 0; i < samples * m->sites; i++) {
        mi_scalar *de = gradient + m->embedding + work->ids[i] * width;
        const mi_scalar *dx = work->x + i * width;
        for (size_t j = 0; j < width; j++) {
            de[j] += dx[j];
        }
    }
    for (size_t i = 0; m->learned != MI_NOT_LEARNED && i < samples * m->sites; i++) {
        mi_scalar *dp = gradient + m->learned + i % m->sites * width;
        const mi_scalar *dx = work->x + i * width;
        for (size_t j = 0; j < width; j++) {
            dp[j] += dx[j];
        }
    }
}

static mi_code bad_loss(const mi_mlm *m, const mi_weights *weights, const mi_mlm_work *work,
                        mi_status *status)
{
    const char *tensor = mi_first_bad_tensor(&m->tensors, weights->values);
    if (tensor != NULL) {
        return mi_fail(status, MI_NUMERIC, "the loss is not finite: the weights %s are not",
                       tensor);
    }
    size_t bad = mi_transformer_first_bad(m->encoder, work->batch, work->tape);
    if (bad < m->encoder->config.depth) {
        return mi_fail(status, MI_NUMERIC,
                       "the loss is not finite: the output of blocks.%zu is not", bad);
    }
    return mi_fail(status, MI_NUMERIC,
                   "the loss is not finite: the outputs of blocks.* are, those of head are not");
}

mi_code mi_mlm_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                     const mi_shard *shard, mi_status *status)
{
    const mi_mlm *m = state;
    bool backward = shard->opt_gradient != NULL;
    mi_mlm_work work = work_of(m, batch, shard, backward);
    if (work.masked == 0) {
        return MI_OK;
    }
    mi_mlm_corrupt(m, batch, shard, m->bert, &work);
    embed(m, weights->values, shard->count, &work);
    const mi_scalar *keep = NULL;
    if (backward && m->stochastic_depth > 0) {
        mi_stochastic_depth(m->stochastic_depth, m->encoder->config.depth, batch, shard, work.keep);
        keep = work.keep;
    }
    mi_transformer_forward(m->encoder, weights, work.batch, work.x, keep, work.tape);
    double loss = mi_mlm_loss(m, weights, batch, shard, &work);
    if (!isfinite(loss)) {
        return bad_loss(m, weights, &work, status);
    }
    shard->sums[MI_SUM_LOSS] += loss;
    if (backward) {
        mi_transformer_backward(m->encoder, weights, work.batch, work.tape, work.x,
                                shard->opt_gradient);
        embed_backward(m, shard->count, &work, shard->opt_gradient);
    }
    return MI_OK;
}

mi_code mi_mlm_predict(const void *state, const mi_weights *weights, const mi_examples *batch,
                       const mi_shard *shard, mi_scalar *predicted, mi_status *status)
{
    (void)status;
    const mi_mlm *m = state;
    mi_mlm_work work = work_of(m, batch, shard, false);
    mi_mlm_corrupt(m, batch, shard, false, &work);
    embed(m, weights->values, shard->count, &work);
    mi_transformer_forward(m->encoder, weights, work.batch, work.x, NULL, work.tape);
    mi_mlm_log_probabilities(m, weights, shard, &work,
                             predicted + shard->first * m->sites * m->vocabulary);
    return MI_OK;
}

/* features (width) = mean of the rows of x (sites,width). */
static void pool(const mi_mlm *m, const mi_scalar *x, mi_scalar *features)
{
    size_t width = m->encoder->config.width;
    for (size_t j = 0; j < width; j++) {
        double sum = 0;
        for (size_t i = 0; i < m->sites; i++) {
            sum += (double)x[i * width + j];
        }
        features[j] = (mi_scalar)(sum / (double)m->sites);
    }
}

mi_code mi_mlm_features(const void *state, const mi_weights *weights, const mi_examples *batch,
                        const mi_shard *shard, mi_scalar *features, mi_status *status)
{
    (void)status;
    const mi_mlm *m = state;
    size_t width = m->encoder->config.width, rows = shard->count * m->sites;
    mi_mlm_work work = carved(m, shard, false);
    memcpy(work.ids, batch->symbols + shard->first * m->sites, rows * sizeof *work.ids);
    embed(m, weights->values, shard->count, &work);
    mi_transformer_forward(m->encoder, weights, work.batch, work.x, NULL, work.tape);
    for (size_t s = 0; s < shard->count; s++) {
        pool(m, work.x + s * m->sites * width, features + (shard->first + s) * width);
    }
    return MI_OK;
}
