#include "ngram_words_gaps.h"

#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/random.h"

/* A batch stops at the gap whose information is below `negligible` nats on average over the batch:
 * all later gaps then change h by less than twice that (gaps.h). */
enum { LANES = MI_PAIR_LANES, MOST_GAPS = 400 };
static const double negligible = 1e-9;

typedef struct sampling {
    const mi_words_law *law;
    size_t most;    /* gaps */
    size_t batches; /* of LANES start words, per replicate */
    uint64_t seed;
    double *log_law;    /* (V) log pi, 0 where pi is 0 */
    uint32_t *order;    /* (V) words by their information on the next word */
    double *cumulative; /* (V) stationary law in that order, running sums */
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

/* Mean over the lanes of D(message || pi) = sum_b p log(p / pi(b)). Its mean over start words is
 * I_g = H - H_g, as is that of H - H(message); but each of its terms shrinks with I_g, is never
 * negative and never grows with g, so the sampling error is far smaller. */
static double mean_information(const sampling *s, const batch *b)
{
    double sum[LANES] = {0}, total = 0;
    for (size_t i = 0; i < s->law->vocabulary; i++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            double p = b->now[i * LANES + lane];
            sum[lane] += p > 0 ? p * (log(p) - s->log_law[i]) : 0;
        }
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        total += sum[lane] > 0 ? sum[lane] : 0; /* below 0 by rounding only */
    }
    return total / LANES;
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
        double information = mean_information(s, b);
        gaps->conditional[gap - 1] -= information / (double)s->batches;
        if (information < negligible) {
            return;
        }
    }
}

/* One replicate: a systematic sample of start words along the order, in which
 * I_g changes rather smoothly, so that it varies far less than independent draws would. */
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
    double information;
    uint32_t word;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->information != y->information) {
        return x->information < y->information ? -1 : 1;
    }
    return (x->word > y->word) - (x->word < y->word);
}

/* D(P(a, .) || pi) = -H(X_1 | X_0 = a) - sum_b P(a, b) log pi(b); sums is (V) work space. */
static void rank_words(sampling *s, double *sums, ranked *ranking)
{
    const mi_words_law *law = s->law;
    for (size_t a = 0; a < law->vocabulary; a++) {
        s->log_law[a] = law->stationary[a] > 0 ? log(law->stationary[a]) : 0;
    }
    mi_words_law_backward(law, s->log_law, sums);
    for (size_t a = 0; a < law->vocabulary; a++) {
        ranking[a] = (ranked){.information = -law->row_entropy[a] - sums[a], .word = (uint32_t)a};
    }
    qsort(ranking, law->vocabulary, sizeof *ranking, compare_ranked);
}

static mi_code order_words(sampling *s, mi_status *status)
{
    ranked *ranking = NULL;
    double sum = 0;
    mi_code code = mi_allocate(s->law->vocabulary, sizeof *ranking, &ranking, status);
    if (code != MI_OK) {
        return code;
    }
    rank_words(s, s->cumulative, ranking);
    for (size_t i = 0; i < s->law->vocabulary; i++) {
        s->order[i] = ranking[i].word;
        sum += s->law->stationary[s->order[i]];
        s->cumulative[i] = sum;
    }
    free(ranking);
    return MI_OK;
}

static mi_code sampling_init(sampling *s, mi_status *status)
{
    size_t size = s->law->vocabulary;
    mi_code code = mi_allocate(size, sizeof(double), &s->log_law, status);
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *s->order, &s->order, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof(double), &s->cumulative, status);
    }
    return code == MI_OK ? order_words(s, status) : code;
}

static void sampling_free(sampling *s)
{
    free(s->log_law);
    free(s->order);
    free(s->cumulative);
}

mi_code mi_words_gaps_create(const mi_words_law *law, size_t longest, size_t replicates,
                             size_t starts, const mi_run *run, mi_gaps **gaps, mi_status *status)
{
    sampling s = {.law = law,
                  .most = longest > 0 && longest < MOST_GAPS ? longest : MOST_GAPS,
                  .batches = (starts + LANES - 1) / LANES,
                  .seed = run->seed,
                  .gaps = gaps};
    mi_code code = sampling_init(&s, status);
    if (code == MI_OK) {
        code =
            mi_parallel_for(run, "gap entropies of words", replicates, run_replicate, &s, status);
    }
    sampling_free(&s);
    return code;
}
