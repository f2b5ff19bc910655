#include "ngram_vocabulary.h"

#include <stdlib.h>

#include "maskinfo/memory.h"

/* A word as numbered over the whole text, and how often it is fitted. */
typedef struct tally {
    uint32_t word;
    size_t count;
} tally;

static int compare_tallies(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    return (x->word > y->word) - (x->word < y->word);
}

static void count_fitted(const mi_words *words, const mi_split *split, tally *tallies)
{
    for (size_t i = 0; i < words->vocabulary; i++) {
        tallies[i].word = (uint32_t)i;
    }
    for (size_t run = 0; run <= split->blocks; run++) {
        size_t from = 0, to = 0;
        mi_split_fitted(split, run, &from, &to);
        for (size_t t = from; t < to; t++) {
            tallies[words->tokens[t]].count++;
        }
    }
    tallies[0].count = 0; /* the unknown word has its own number whatever its count */
}

mi_code mi_vocabulary_restrict(mi_words *words, const mi_split *split, size_t cap, size_t *ret_size,
                               mi_status *status)
{
    tally *tallies = NULL;
    uint32_t *number = NULL; /* zeroed: the unknown word */
    mi_code code = mi_allocate(words->vocabulary, sizeof *tallies, &tallies, status);
    if (code == MI_OK) {
        code = mi_allocate(words->vocabulary, sizeof *number, &number, status);
    }
    if (code == MI_OK) {
        size_t size = 1;
        count_fitted(words, split, tallies);
        qsort(tallies, words->vocabulary, sizeof *tallies, compare_tallies);
        for (; size < cap && size <= words->vocabulary && tallies[size - 1].count > 0; size++) {
            number[tallies[size - 1].word] = (uint32_t)size;
        }
        for (size_t t = 0; t < words->count; t++) {
            words->tokens[t] = number[words->tokens[t]];
        }
        *ret_size = size;
    }
    free(tallies);
    free(number);
    return code;
}
