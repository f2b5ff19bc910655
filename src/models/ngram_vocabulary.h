/* The vocabulary of a words model: the most frequent words of the fitted part of a text. */
#ifndef MASKINFO_MODELS_NGRAM_VOCABULARY_H
#define MASKINFO_MODELS_NGRAM_VOCABULARY_H

#include "maskinfo/data.h"
#include "ngram_split.h"

/* Renumber words->tokens (read with all words of the text, numbered by frequency) so that 0 is the
 * unknown word and 1, 2, ... the at most cap - 1 most frequent words of the fitted part of `split`.
 * *ret_size is the number in use, the unknown word included. */
mi_code mi_vocabulary_restrict(mi_words *words, const mi_split *split, size_t cap, size_t *ret_size,
                               mi_status *status);

#endif
