#include "ngram_words_law.h"

#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "ngram_stationary.h"

enum { LANES = MI_PAIR_LANES };

static double x_log_x(double x)
{
    return x > 0 ? x * log(x) : 0;
}

static mi_code count_pairs(mi_words_law *law, const uint32_t *tokens, const mi_split *split,
                           mi_status *status)
{
    uint64_t *codes = NULL;
    mi_code code = mi_allocate(split->count, sizeof *codes, &codes, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t run = 0; run <= split->blocks; run++) {
        size_t from = 0, to = 0;
        mi_split_fitted(split, run, &from, &to);
        for (size_t t = from + 1; t < to; t++) {
            codes[law->fitted++] = (uint64_t)tokens[t - 1] << 32 | tokens[t];
        }
    }
    code = mi_pairs_init(&law->next, law->vocabulary, codes, law->fitted, status);
    if (code == MI_OK) {
        code = mi_pairs_init_transposed(&law->previous, &law->next, status);
    }
    free(codes);
    return code;
}

static void find_unigram(mi_words_law *law, const uint32_t *tokens, const mi_split *split)
{
    double total = 0, once = 0;
    for (size_t run = 0; run <= split->blocks; run++) {
        size_t from = 0, to = 0;
        mi_split_fitted(split, run, &from, &to);
        for (size_t t = from; t < to; t++) {
            law->unigram[tokens[t]]++;
        }
    }
    for (size_t b = 1; b < law->vocabulary; b++) {
        once += law->unigram[b] == 1;
    }
    if (split->blocks > 0) {
        law->unigram[0] += once > 0 ? once : 1;
    }
    for (size_t b = 0; b < law->vocabulary; b++) {
        total += law->unigram[b];
    }
    for (size_t b = 0; b < law->vocabulary; b++) {
        law->unigram[b] /= total;
    }
}

static void find_inverse(mi_words_law *law)
{
    for (size_t a = 0; a < law->vocabulary; a++) {
        double count = 0;
        for (size_t i = law->next.first[a]; i < law->next.first[a + 1]; i++) {
            count += law->next.entries[i].count;
        }
        law->inverse[a] = 1 / (count + law->smoothing);
    }
}

static void step(const void *chain, const double *from, double *work, double *to)
{
    mi_words_law_forward(chain, from, work, to);
}

/* From the unigram law, which is near. */
static mi_code find_stationary(mi_words_law *law, mi_status *status)
{
    for (size_t a = 0; a < law->vocabulary; a++) {
        law->stationary[a] = law->unigram[a];
    }
    return mi_stationary_find(step, law, law->vocabulary, law->stationary, status);
}

/* Outside the row's entries p(b | a) = t u(b) with t = s / (c(a) + s), so with sums over the
 * row's entries only and E = sum_b u(b) log u(b) over all words,
 *     H(a) = -sum p log p - t [(1 - sum u) log t + E - sum u log u]. */
static double row_entropy(const mi_words_law *law, size_t a, double all_u_log_u)
{
    double weight = law->smoothing * law->inverse[a];
    double p_log_p = 0, u_sum = 0, u_log_u = 0;
    for (size_t i = law->next.first[a]; i < law->next.first[a + 1]; i++) {
        double u = law->unigram[law->next.entries[i].column];
        p_log_p += x_log_x(law->next.entries[i].count * law->inverse[a] + weight * u);
        u_log_u += x_log_x(u);
        u_sum += u;
    }
    return -p_log_p - weight * ((1 - u_sum) * log(weight) + all_u_log_u - u_log_u);
}

static void find_entropies(mi_words_law *law)
{
    double u_log_u = 0;
    for (size_t b = 0; b < law->vocabulary; b++) {
        u_log_u += x_log_x(law->unigram[b]);
        law->entropy -= x_log_x(law->stationary[b]);
    }
    for (size_t a = 0; a < law->vocabulary; a++) {
        law->row_entropy[a] = row_entropy(law, a, u_log_u);
        law->rate += law->stationary[a] * law->row_entropy[a];
    }
}

static mi_code allocate_vectors(mi_words_law *law, mi_status *status)
{
    double **vectors[] = {&law->unigram, &law->inverse, &law->stationary, &law->row_entropy};
    mi_code code = MI_OK;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors && code == MI_OK; i++) {
        code = mi_allocate(law->vocabulary, sizeof(double), vectors[i], status);
    }
    return code;
}

mi_code mi_words_law_init(mi_words_law *law, const uint32_t *tokens, const mi_split *split,
                          size_t vocabulary, double smoothing, mi_status *status)
{
    *law = (mi_words_law){.vocabulary = vocabulary, .smoothing = smoothing};
    mi_code code = allocate_vectors(law, status);
    if (code == MI_OK) {
        code = count_pairs(law, tokens, split, status);
    }
    if (code == MI_OK) {
        find_unigram(law, tokens, split);
        find_inverse(law);
        code = find_stationary(law, status);
    }
    if (code == MI_OK) {
        find_entropies(law);
    }
    return code;
}

void mi_words_law_free(mi_words_law *law)
{
    mi_pairs_free(&law->next);
    mi_pairs_free(&law->previous);
    free(law->unigram);
    free(law->inverse);
    free(law->stationary);
    free(law->row_entropy);
}

double mi_words_law_transition(const mi_words_law *law, uint32_t a, uint32_t b)
{
    return law->inverse[a] * (mi_pairs_count(&law->next, a, b) + law->smoothing * law->unigram[b]);
}

void mi_words_law_row(const mi_words_law *law, uint32_t a, double *to)
{
    double weight = law->smoothing * law->inverse[a];
    for (size_t b = 0; b < law->vocabulary; b++) {
        to[b] = weight * law->unigram[b];
    }
    for (size_t i = law->next.first[a]; i < law->next.first[a + 1]; i++) {
        to[law->next.entries[i].column] += law->next.entries[i].count * law->inverse[a];
    }
}

void mi_words_law_column(const mi_words_law *law, uint32_t b, double *to)
{
    double weight = law->smoothing * law->unigram[b];
    for (size_t a = 0; a < law->vocabulary; a++) {
        to[a] = weight * law->inverse[a];
    }
    for (size_t i = law->previous.first[b]; i < law->previous.first[b + 1]; i++) {
        mi_pair pair = law->previous.entries[i];
        to[pair.column] += pair.count * law->inverse[pair.column];
    }
}

void mi_words_law_forward(const mi_words_law *law, const double *from, double *work, double *to)
{
    double sum = 0;
    for (size_t a = 0; a < law->vocabulary; a++) {
        work[a] = from[a] * law->inverse[a];
        sum += work[a];
    }
    mi_pairs_multiply(&law->previous, work, to);
    for (size_t b = 0; b < law->vocabulary; b++) {
        to[b] += law->smoothing * sum * law->unigram[b];
    }
}

void mi_words_law_backward(const mi_words_law *law, const double *from, double *to)
{
    double sum = 0;
    for (size_t b = 0; b < law->vocabulary; b++) {
        sum += law->unigram[b] * from[b];
    }
    mi_pairs_multiply(&law->next, from, to);
    for (size_t a = 0; a < law->vocabulary; a++) {
        to[a] = law->inverse[a] * (to[a] + law->smoothing * sum);
    }
}

void mi_words_law_forward_lanes(const mi_words_law *law, const double *from, double *work,
                                double *to)
{
    double sum[LANES] = {0};
    for (size_t a = 0; a < law->vocabulary; a++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            work[a * LANES + lane] = from[a * LANES + lane] * law->inverse[a];
            sum[lane] += work[a * LANES + lane];
        }
    }
    mi_pairs_multiply_lanes(&law->previous, work, to);
    for (size_t b = 0; b < law->vocabulary; b++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            to[b * LANES + lane] += law->smoothing * sum[lane] * law->unigram[b];
        }
    }
}
