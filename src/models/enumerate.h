/* The entropy profile of any small discrete model, from the probabilities of all configurations. */
#ifndef MASKINFO_MODELS_ENUMERATE_H
#define MASKINFO_MODELS_ENUMERATE_H

#include "maskinfo/profile.h"

/* log p(x) of symbols (sites), each in 0..vocabulary-1; -INFINITY where impossible. */
typedef double (*mi_log_probability)(const size_t *symbols, void *context);

/* MI_OK where (vocabulary+1)^sites, the number of operations and the order of the memory, is at
 * most 2^26; else a refusal that names the size and what would help. */
mi_code mi_enumerate_allowed(size_t vocabulary, size_t sites, mi_status *status);

/* The exact profile in *ret_profile. The probabilities must sum to 1. */
mi_code mi_enumerate_profile(size_t vocabulary, size_t sites, mi_log_probability log_probability,
                             void *context, mi_profile **ret_profile, mi_status *status);

#endif
