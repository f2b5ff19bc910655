/* Masking strategies: which sites are hidden. One registry. */
#ifndef MASKINFO_MASK_H
#define MASKINFO_MASK_H

#include <gsl/gsl_rng.h>

#include "maskinfo/parameter.h"

/* How many sites a mask of ratio r hides among N. MI_COUNT_FIXED: rN on average, floor or ceil of
 * it at random, so that the mean is exact; MI_COUNT_BERNOULLI: each site independently. */
typedef enum mi_mask_count { MI_COUNT_FIXED, MI_COUNT_BERNOULLI } mi_mask_count;

typedef struct mi_mask_class {
    const char *name;
    const char *summary;
    const mi_parameter *parameters;
} mi_mask_class;

/* NULL-terminated registry, and a strategy by name (NULL where there is none). */
const mi_mask_class *const *mi_mask_classes(void);
const mi_mask_class *mi_mask_find(const char *name);

/* masked[i] = 1 for the last `hidden` sites of the order, else 0. (sites) each. */
void mi_mask_from_order(const size_t *order, size_t sites, size_t hidden, unsigned char *masked);

#endif
