/* The order-1 law of words. With c(a, b) the number of times that b followed a, c(a) their sum,
 * u the unigram law and s the smoothing,
 *
 *     p(b | a) = (c(a, b) + s u(b)) / (c(a) + s):
 *
 * a sparse matrix and one of rank one. The unknown word's unigram count has added to it the number
 * of words seen once: the share of text that unseen words make up is about that of words seen once
 * (Good 1953, "The population frequencies of species", equation 9). */
#ifndef MASKINFO_MODELS_NGRAM_WORDS_LAW_H
#define MASKINFO_MODELS_NGRAM_WORDS_LAW_H

#include "ngram_pairs.h"
#include "ngram_split.h"

typedef struct mi_words_law {
    size_t vocabulary;   /* V */
    double smoothing;    /* s */
    size_t fitted;       /* transitions counted */
    mi_pairs next;       /* c(a, b) by a */
    mi_pairs previous;   /* c(a, b) by b */
    double *unigram;     /* (V) u */
    double *inverse;     /* (V) 1 / (c(a) + s) */
    double *stationary;  /* (V) pi */
    double *row_entropy; /* (V) H(X_1 | X_0 = a), in closed form */
    double entropy;      /* H(X) */
    double rate;         /* H_1 = H(X_1 | X_0) */
} mi_words_law;

/* Fit to the parts of tokens that `split` does not hold out; tokens are below vocabulary. Without a
 * held-out part, a word that never occurs keeps probability 0. Release with mi_words_law_free, also
 * after a failure. */
mi_code mi_words_law_init(mi_words_law *law, const uint32_t *tokens, const mi_split *split,
                          size_t vocabulary, double smoothing, mi_status *status);
void mi_words_law_free(mi_words_law *law);

/* p(b | a). */
double mi_words_law_transition(const mi_words_law *law, uint32_t a, uint32_t b);

/* to(b) = p(b | a), all b, and to(a) = p(b | a), all a. */
void mi_words_law_row(const mi_words_law *law, uint32_t a, double *to);
void mi_words_law_column(const mi_words_law *law, uint32_t b, double *to);

/* to(b) = sum_a from(a) p(b | a); work is (V). */
void mi_words_law_forward(const mi_words_law *law, const double *from, double *work, double *to);

/* to(a) = sum_b p(b | a) from(b). */
void mi_words_law_backward(const mi_words_law *law, const double *from, double *to);

/* mi_words_law_forward for MI_PAIR_LANES messages at once: all (V, MI_PAIR_LANES). */
void mi_words_law_forward_lanes(const mi_words_law *law, const double *from, double *work,
                                double *to);

#endif
