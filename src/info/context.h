/* Which visible sites an estimator looks at. */
#ifndef MASKINFO_INFO_CONTEXT_H
#define MASKINFO_INFO_CONTEXT_H

#include "maskinfo/model.h"

/* The `wanted` nearest visible sites (0: all) of a site, as mi_sampling says, the nearest first;
 * their number is returned. masked and chosen are (sites). */
size_t mi_context_find(const mi_shape *shape, const unsigned char *masked, size_t site,
                       size_t wanted, size_t *chosen);

#endif
