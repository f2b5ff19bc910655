/* Conditional covariances of whole blocks of variables (the pixels of a patch) along an order. */
#ifndef MASKINFO_MODELS_BLOCKS_H
#define MASKINFO_MODELS_BLOCKS_H

#include "maskinfo/status.h"

/* For a factor L of `sites` blocks of `block` variables: C_i(k) is the covariance of block i >= k
 * given the first k blocks.
 *
 *     log_root[k]   = mean over i >= k of 1/2 log|C_i(k)|
 *     trace[k]      = mean over i >= k of tr C_i(k)
 *     next_trace[k] = tr C_k(k)
 *
 * log_root and trace are what is expected at a random next site given the first k sites, of which
 * the order's own next site is one draw. (sites) each. */
mi_code mi_remaining_blocks(const double *factor, size_t sites, size_t block, double *log_root,
                            double *trace, double *next_trace, mi_status *status);

#endif
