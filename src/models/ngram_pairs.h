/* Counts of ordered pairs of words: a sparse matrix of whole numbers by rows. */
#ifndef MASKINFO_MODELS_NGRAM_PAIRS_H
#define MASKINFO_MODELS_NGRAM_PAIRS_H

#include <stdint.h>

#include "maskinfo/status.h"

typedef struct mi_pair {
    uint32_t column, count;
} mi_pair;

typedef struct mi_pairs {
    size_t rows;
    size_t *first;    /* (rows + 1): row a is entries[first[a]] .. entries[first[a+1] - 1] */
    mi_pair *entries; /* by row, then column */
} mi_pairs;

/* From a list of pairs, each coded row << 32 | column, rows and columns below `rows`; the list is
 * sorted. Release with mi_pairs_free, also after a failure. */
mi_code mi_pairs_init(mi_pairs *pairs, size_t rows, uint64_t *codes, size_t count,
                      mi_status *status);
mi_code mi_pairs_init_transposed(mi_pairs *pairs, const mi_pairs *from, mi_status *status);
void mi_pairs_free(mi_pairs *pairs);

/* product(a) = sum_b n(a, b) vector(b). */
void mi_pairs_multiply(const mi_pairs *pairs, const double *vector, double *product);

/* The same for MI_PAIR_LANES vectors at once: vector and product are (rows, MI_PAIR_LANES). One
 * pass over the matrix, which does not fit a core's own cache, then serves all of them. */
enum { MI_PAIR_LANES = 8 };
void mi_pairs_multiply_lanes(const mi_pairs *pairs, const double *vector, double *product);

/* n(row, column), 0 where there is no entry. */
uint32_t mi_pairs_count(const mi_pairs *pairs, size_t row, uint32_t column);

#endif
