/* Exact posteriors of hidden words in a sequence of an order-1 model. Hidden words between two
 * visible ones depend on these alone, so the sequence falls into runs; the answer of a run is kept
 * until its sequence or its borders change, which makes a series of growing masks of one sequence
 * cost only the runs that each new visible word splits. */
#ifndef MASKINFO_MODELS_NGRAM_WORDS_PASS_H
#define MASKINFO_MODELS_NGRAM_WORDS_PASS_H

#include "ngram_words_law.h"

/* Answers of one sequence, remembered by site; sites count from 1, so that 0 and length + 1 are the
 * missing neighbours at its ends. */
typedef struct mi_words_memory {
    uint32_t *words;      /* (length + 2), words[1..length] */
    size_t *left, *right; /* (length + 2) visible neighbours the answer is for; right 0: none yet */
    double *entropy;      /* (length + 2) of the posterior */
    double *surprise;     /* (length + 2) -log posterior of the site's own word */
    double *bridge;       /* (length + 2) at a run's first site: log p of its right neighbour given
                             its left */
} mi_words_memory;

typedef struct mi_words_pass {
    const mi_words_law *law;
    size_t length;
    double *forward;             /* (length, V) messages of the current run */
    double *now, *next, *work;   /* (V) each */
    mi_words_memory memories[2]; /* of sequences from two origins, which may take turns */
    mi_words_memory *memory;     /* that of the current sequence, one of memories */
} mi_words_pass;

/* Release with mi_words_pass_free, also after a failure. */
mi_code mi_words_pass_init(mi_words_pass *pass, const mi_words_law *law, size_t length,
                           mi_status *status);
void mi_words_pass_free(mi_words_pass *pass);

/* The sequence of the next masks: words is (length), origin 0 or 1. */
void mi_words_pass_set(mi_words_pass *pass, size_t origin, const uint32_t *words);

typedef struct mi_words_sums {
    size_t sites;             /* hidden */
    double entropy, surprise; /* sums over them */
    double log_visible;       /* log p of the visible words */
} mi_words_sums;

/* Hidden are the sites with hidden[i] != 0, (length). */
void mi_words_pass_run(mi_words_pass *pass, const unsigned char *hidden, mi_words_sums *sums);

/* log p of the hidden words, the others summed out, and of the whole sequence. */
double mi_words_pass_log_hidden(mi_words_pass *pass, const unsigned char *hidden);
double mi_words_pass_log_all(const mi_words_pass *pass);

#endif
