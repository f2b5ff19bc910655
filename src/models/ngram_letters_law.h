/* The order-k Markov law of letters fitted to a text, k = 1..3.
 *
 * With n(a, m, d) the number of times that letter d followed the context (a, m), a the oldest
 * letter of the context and m its other k-1 letters ("middle"), and s the smoothing,
 *
 *     p(d | a, m) = (n(a, m, d) + s) / (n(a, m) + 27 s).
 *
 * Of 27^3 contexts of English about a third occur. Only their counts are stored, as whole numbers:
 * the table of order 3 then fits a core's second-level cache, and s enters as one rank-one term
 * per middle (see ngram_window.c). */
#ifndef MASKINFO_MODELS_NGRAM_LETTERS_LAW_H
#define MASKINFO_MODELS_NGRAM_LETTERS_LAW_H

#include <stdint.h>

#include "maskinfo/data.h"
#include "ngram_split.h"

enum { MI_LETTER_PAD = 28 }; /* entries of a row of counts: 27 and zeros up to whole vectors */

typedef struct mi_letters_law {
    size_t order;       /* k */
    size_t middles;     /* 27^(k-1) */
    size_t contexts;    /* 27^k */
    double smoothing;   /* s */
    size_t fitted;      /* transitions counted */
    size_t seen;        /* contexts that occurred */
    int32_t *rows;      /* (1 + seen, MI_LETTER_PAD) n(a, m, .), by m, then a; row 0 is all zero */
    uint8_t *oldest;    /* (1 + seen) a of each row */
    uint32_t *row;      /* (middles, 27) row of (m, a), 0 where not seen */
    uint32_t *first;    /* (middles + 1) rows of middle m are first[m] .. first[m+1]-1 */
    double *inverse;    /* (middles, 27) 1 / (n(a, m) + 27 s) */
    double *stationary; /* (27, middles) law of (a, m) */
} mi_letters_law;

/* Fit to the parts of symbols that `split` does not hold out. Release with mi_letters_law_free,
 * also after a failure. */
mi_code mi_letters_law_init(mi_letters_law *law, const unsigned char *symbols,
                            const mi_split *split, size_t order, double smoothing,
                            mi_status *status);
void mi_letters_law_free(mi_letters_law *law);

/* p(d | context), context = a * middles + m. */
double mi_letters_law_transition(const mi_letters_law *law, size_t context, size_t d);

/* Entropy rate H(X_{k+1} | X_1..X_k). */
double mi_letters_law_rate(const mi_letters_law *law);

/* H(X_1..X_length), length >= 1, of the stationary sequence. */
double mi_letters_law_entropy(const mi_letters_law *law, size_t length);

#endif
