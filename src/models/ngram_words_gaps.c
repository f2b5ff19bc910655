#include "ngram_words_gaps.h"

#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/random.h"

/* A batch stops at the gap whose information is below `negligible` nats on average over the batch:
 * later gaps then change h by less than twice that (gaps.h). */
enum { LANES = MI_PAIR_LANES, MOST_GAPS = 400 };
static const double negligible = 1e-7;

typedef struct sampling {
    const mi_words_law *law;
    size_t most;    /* gaps */
    size_t batches; /* of LANES start words, per replicate */
    uint64_t seed;
    const uint32_t *order; /* (V) words by H(X_1 | X_0 = a) */
    double *cumulative;    /* (V) stationary law in that order, running sums */
    mi_gaps **gaps;
} sampling;

/* Messages of one batch. */
typedef struct batch {
    double *now, *next, *work; /* (V, LANES) each */
} batch;

static mi_code batch_init(batch *b, size_t vocabulary, mi_status *status)
{
    *b = (batch){.now = NULL};
    mi_code code = mi_allocate(vocabulary * LANES, sizeof(double), &b->now, status);
    if (code == MI_OK) {
        code = mi_allocate(vocabulary * LANES, sizeof(double), &b->next, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(vocabulary * LANES, sizeof(double), &b->work, status);
    }
    return code;
}

static void batch_free(batch *b)
{
    free(b->now);
    free(b->next);
    free(b->work);
}

/* The first word in the order whose running sum exceeds the target. */
static uint32_t word_at(const sampling *s, double target)
{
    size_t low = 0, high = s->law->vocabulary - 1;
    target *= s->cumulative[high];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->cumulative[middle] > target) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return s->order[low];
}

static void set_lane(const mi_words_law *law, uint32_t start, size_t lane, batch *b)
{
    mi_words_law_row(law, start, b->work);
    for (size_t i = 0; i < law->vocabulary; i++) {
        b->now[i * LANES + lane] = b->work[i];
    }
}

typedef struct batch_information {
    double mean;      /* of H(X) - entropy of the message, over the lanes */
    double magnitude; /* mean of its absolute value */
} batch_information;

static batch_information measure(const mi_words_law *law, const batch *b)
{
    double p_log_p[LANES] = {0};
    batch_information information = {0, 0};
    for (size_t i = 0; i < law->vocabulary; i++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            double p = b->now[i * LANES + lane];
            p_log_p[lane] += p > 0 ? p * log(p) : 0;
        }
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        information.mean += (law->entropy + p_log_p[lane]) / LANES;
        information.magnitude += fabs(law->entropy + p_log_p[lane]) / LANES;
    }
    return information;
}

static void step(const mi_words_law *law, batch *b)
{
    mi_words_law_forward_lanes(law, b->now, b->work, b->next);
    double *swap = b->now;
    b->now = b->next;
    b->next = swap;
}

/* Subtract the batch's part of I_2, I_3, ... from the gap entropies, which start at H. */
static void run_batch(const sampling *s, double first, batch *b, mi_gaps *gaps)
{
    size_t starts = s->batches * LANES;
    for (size_t lane = 0; lane < LANES; lane++) {
        double target = (first + (double)lane) / (double)starts;
        set_lane(s->law, word_at(s, target), lane, b);
    }
    for (size_t gap = 2; gap <= s->most; gap++) {
        step(s->law, b);
        batch_information information = measure(s->law, b);
        if (information.magnitude < negligible) {
            return;
        }
        gaps->conditional[gap - 1] -= information.mean / (double)s->batches;
    }
}

/* One replicate: a systematic sample of start words along the order, in which H_g changes smoothly,
 * so that it varies far less than independent draws would. */
static mi_code run_replicate(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    sampling *s = context;
    gsl_rng *draw = NULL;
    batch b = {.now = NULL};
    mi_code code = mi_gaps_create(s->law->entropy, s->most, &s->gaps[index], status);
    if (code == MI_OK) {
        code = mi_stream_create(s->seed, MI_PURPOSE_GAP, index, &draw, status);
    }
    if (code == MI_OK) {
        code = batch_init(&b, s->law->vocabulary, status);
    }
    if (code == MI_OK) {
        double offset = gsl_rng_uniform(draw);
        s->gaps[index]->conditional[0] = s->law->rate;
        for (size_t i = 0; i < s->batches; i++) {
            run_batch(s, offset + (double)(i * LANES), &b, s->gaps[index]);
        }
    }
    batch_free(&b);
    gsl_rng_free(draw);
    return code;
}

typedef struct ranked {
    double entropy;
    uint32_t word;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->entropy != y->entropy) {
        return x->entropy < y->entropy ? -1 : 1;
    }
    return (x->word > y->word) - (x->word < y->word);
}

static mi_code order_words(const mi_words_law *law, uint32_t *order, double *cumulative,
                           mi_status *status)
{
    ranked *ranking = NULL;
    double sum = 0;
    mi_code code = mi_allocate(law->vocabulary, sizeof *ranking, &ranking, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t a = 0; a < law->vocabulary; a++) {
        ranking[a] = (ranked){.entropy = law->row_entropy[a], .word = (uint32_t)a};
    }
    qsort(ranking, law->vocabulary, sizeof *ranking, compare_ranked);
    for (size_t i = 0; i < law->vocabulary; i++) {
        order[i] = ranking[i].word;
        sum += law->stationary[order[i]];
        cumulative[i] = sum;
    }
    free(ranking);
    return MI_OK;
}

mi_code mi_words_gaps_create(const mi_words_law *law, size_t longest, size_t replicates,
                             size_t starts, const mi_run *run, mi_gaps **gaps, mi_status *status)
{
    uint32_t *order = NULL;
    double *cumulative = NULL;
    mi_code code = mi_allocate(law->vocabulary, sizeof *order, &order, status);
    if (code == MI_OK) {
        code = mi_allocate(law->vocabulary, sizeof *cumulative, &cumulative, status);
    }
    if (code == MI_OK) {
        code = order_words(law, order, cumulative, status);
    }
    if (code == MI_OK) {
        sampling s = {.law = law,
                      .most = longest > 0 && longest < MOST_GAPS ? longest : MOST_GAPS,
                      .batches = (starts + LANES - 1) / LANES,
                      .seed = run->seed,
                      .order = order,
                      .cumulative = cumulative,
                      .gaps = gaps};
        code =
            mi_parallel_for(run, "gap entropies of words", replicates, run_replicate, &s, status);
    }
    free(order);
    free(cumulative);
    return code;
}
