/* The two kinds of n-gram model behind the one class "ngram": letters of order 1..3, and words of
 * order 1. Each is a whole model class of its own but for the parameter table, which is
 * mi_ngram_class's. */
#ifndef MASKINFO_MODELS_NGRAM_H
#define MASKINFO_MODELS_NGRAM_H

#include "maskinfo/model.h"

extern const mi_model_class mi_ngram_letters;
extern const mi_model_class mi_ngram_words;

/* A fault of the text itself: put the name of its parameter before the reader's message. Returns
 * code. */
mi_code mi_ngram_text_fault(mi_code code, mi_status *opt_status);

/* Windows of `length` tokens of the text, and the refusal (a format of the length) of a text whose
 * fitted runs hold none. */
mi_example_shape mi_ngram_example_shape(size_t length);
#define MI_NO_WINDOW                                                                               \
    "is %zu, longer than every stretch of the text between its held-out blocks; give a longer "    \
    "text, a smaller length or a smaller held_out"

/* The symbols [*ret_from, *ret_to) of a text of `count` that the parameter "part" names. */
void mi_ngram_part(const mi_values *values, size_t count, size_t *ret_from, size_t *ret_to);

#endif
