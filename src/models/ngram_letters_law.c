#include "ngram_letters_law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "ngram_stationary.h"

enum { V = MI_LETTERS, PAD = MI_LETTER_PAD };

/* counts is (middles, 27, 27): n(a, m, d) at (m, a, d). */
static void count_run(const mi_letters_law *law, const unsigned char *symbols, size_t from,
                      size_t to, int32_t *counts)
{
    if (to - from <= law->order) {
        return;
    }
    size_t context = 0; /* a * middles + m */
    for (size_t t = from; t < to; t++) {
        if (t >= from + law->order) {
            size_t a = context / law->middles, m = context % law->middles;
            counts[(m * V + a) * V + symbols[t]]++;
        }
        context = context % law->middles * V + symbols[t];
    }
}

static int32_t row_total(const int32_t *counts)
{
    int32_t total = 0;
    for (size_t d = 0; d < V; d++) {
        total += counts[d];
    }
    return total;
}

static mi_code allocate_contexts(mi_letters_law *law, mi_status *status)
{
    mi_code code = mi_allocate(law->contexts, sizeof *law->row, &law->row, status);
    if (code == MI_OK) {
        code = mi_allocate(law->middles + 1, sizeof *law->first, &law->first, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(law->contexts, sizeof *law->inverse, &law->inverse, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(law->contexts, sizeof *law->stationary, &law->stationary, status);
    }
    return code;
}

static mi_code allocate_rows(mi_letters_law *law, mi_status *status)
{
    mi_code code = mi_allocate((law->seen + 1) * PAD, sizeof *law->rows, &law->rows, status);
    if (code == MI_OK) {
        code = mi_allocate(law->seen + 1, sizeof *law->oldest, &law->oldest, status);
    }
    return code;
}

/* Totals of every context, and how many were seen. */
static void sum_contexts(mi_letters_law *law, const int32_t *counts)
{
    for (size_t i = 0; i < law->contexts; i++) {
        int32_t total = row_total(counts + i * V);
        law->inverse[i] = 1 / (total + V * law->smoothing);
        law->fitted += (size_t)total;
        law->seen += total > 0;
    }
}

static void store_rows(mi_letters_law *law, const int32_t *counts)
{
    uint32_t next = 1;
    for (size_t i = 0; i < law->contexts; i++) {
        if (i % V == 0) {
            law->first[i / V] = next;
        }
        if (row_total(counts + i * V) > 0) {
            memcpy(law->rows + (size_t)next * PAD, counts + i * V, V * sizeof *counts);
            law->oldest[next] = (uint8_t)(i % V);
            law->row[i] = next++;
        }
    }
    law->first[law->middles] = next;
}

static mi_code count_text(mi_letters_law *law, const unsigned char *symbols, const mi_split *split,
                          mi_status *status)
{
    int32_t *counts = NULL;
    mi_code code = mi_allocate(law->contexts * V, sizeof *counts, &counts, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t run = 0; run <= split->blocks; run++) {
        size_t from = 0, to = 0;
        mi_split_fitted(split, run, &from, &to);
        count_run(law, symbols, from, to, counts);
    }
    sum_contexts(law, counts);
    code = allocate_rows(law, status);
    if (code == MI_OK) {
        store_rows(law, counts);
    }
    free(counts);
    return code;
}

double mi_letters_law_transition(const mi_letters_law *law, size_t context, size_t d)
{
    size_t i = context % law->middles * V + context / law->middles;
    return law->inverse[i] * (law->smoothing + law->rows[(size_t)law->row[i] * PAD + d]);
}

static void step(const void *chain, const double *from, double *work, double *to)
{
    const mi_letters_law *law = chain;
    (void)work;
    memset(to, 0, law->contexts * sizeof *to);
    for (size_t i = 0; i < law->contexts; i++) {
        double *next = to + i % law->middles * V;
        for (size_t d = 0; d < V; d++) {
            next[d] += from[i] * mi_letters_law_transition(law, i, d);
        }
    }
}

static mi_code find_stationary(mi_letters_law *law, mi_status *status)
{
    for (size_t i = 0; i < law->contexts; i++) {
        law->stationary[i] = 1 / (double)law->contexts;
    }
    return mi_stationary_find(step, law, law->contexts, law->stationary, status);
}

mi_code mi_letters_law_init(mi_letters_law *law, const unsigned char *symbols,
                            const mi_split *split, size_t order, double smoothing,
                            mi_status *status)
{
    *law = (mi_letters_law){.order = order, .middles = 1, .smoothing = smoothing};
    if (split->count > INT32_MAX) {
        return mi_fail_at(status, "text", "has %zu letters, more than the %ld that can be counted",
                          split->count, (long)INT32_MAX);
    }
    for (size_t i = 1; i < order; i++) {
        law->middles *= V;
    }
    law->contexts = law->middles * V;
    mi_code code = allocate_contexts(law, status);
    if (code == MI_OK) {
        code = count_text(law, symbols, split, status);
    }
    if (code == MI_OK) {
        code = find_stationary(law, status);
    }
    return code;
}

void mi_letters_law_free(mi_letters_law *law)
{
    free(law->rows);
    free(law->oldest);
    free(law->row);
    free(law->first);
    free(law->inverse);
    free(law->stationary);
}

double mi_letters_law_rate(const mi_letters_law *law)
{
    double rate = 0;
    for (size_t i = 0; i < law->contexts; i++) {
        for (size_t d = 0; d < V; d++) {
            double p = mi_letters_law_transition(law, i, d);
            rate -= law->stationary[i] * p * log(p);
        }
    }
    return rate;
}

/* Entropy of the first `length` <= order letters of a context. */
static double short_entropy(const mi_letters_law *law, size_t length)
{
    size_t rest = law->contexts;
    for (size_t i = 0; i < length; i++) {
        rest /= V;
    }
    double entropy = 0;
    for (size_t i = 0; i < law->contexts; i += rest) {
        double p = 0;
        for (size_t j = 0; j < rest; j++) {
            p += law->stationary[i + j];
        }
        entropy -= p > 0 ? p * log(p) : 0;
    }
    return entropy;
}

double mi_letters_law_entropy(const mi_letters_law *law, size_t length)
{
    if (length <= law->order) {
        return short_entropy(law, length);
    }
    return short_entropy(law, law->order) +
           (double)(length - law->order) * mi_letters_law_rate(law);
}
