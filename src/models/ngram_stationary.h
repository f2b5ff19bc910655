/* The stationary law of a large chain that is known by its steps only. */
#ifndef MASKINFO_MODELS_NGRAM_STATIONARY_H
#define MASKINFO_MODELS_NGRAM_STATIONARY_H

#include "maskinfo/status.h"

/* to = from P; from, to and work are (states). */
typedef void (*mi_chain_step)(const void *chain, const double *from, double *work, double *to);

/* Power iteration from the law in `stationary` (states), all of whose entries are >= 0 and sum to
 * 1, to an error of about 1e-14 in total variation. MI_NUMERIC where the chain mixes too slowly. */
mi_code mi_stationary_find(mi_chain_step step, const void *chain, size_t states, double *stationary,
                           mi_status *status);

#endif
