/* Gap entropies of an order-1 model of letters, by powers of its transition matrix. */
#ifndef MASKINFO_MODELS_NGRAM_LETTERS_GAPS_H
#define MASKINFO_MODELS_NGRAM_LETTERS_GAPS_H

#include "gaps.h"
#include "ngram_letters_law.h"

/* H_g for g = 1 .. longest, or as far as they differ from H; longest 0: without end. MI_NUMERIC
 * where an endless table does not come near H. */
mi_code mi_letters_gaps_create(const mi_letters_law *law, size_t longest, mi_gaps **ret_gaps,
                               mi_status *status);

#endif
