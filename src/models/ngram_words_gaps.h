/* Gap entropies of the words model. H_1 is exact; H_g, g >= 2, is sampled over start words. */
#ifndef MASKINFO_MODELS_NGRAM_WORDS_GAPS_H
#define MASKINFO_MODELS_NGRAM_WORDS_GAPS_H

#include "gaps.h"
#include "maskinfo/run.h"
#include "ngram_words_law.h"

/* `replicates` independent estimates in gaps[0..replicates-1] (NULLs on entry; the caller destroys
 * each, also after a failure), each from `starts` start words (rounded up to whole batches), with
 * gaps up to `longest` (0: until I_g is negligible, which ends every table). */
mi_code mi_words_gaps_create(const mi_words_law *law, size_t longest, size_t replicates,
                             size_t starts, const mi_run *run, mi_gaps **gaps, mi_status *status);

#endif
