/* How predictable masks leave a source against how well networks learned from such masks. */
#ifndef MASKINFO_STRATEGIES_H
#define MASKINFO_STRATEGIES_H

#include <cjson/cJSON.h>

#include "maskinfo/document.h"

/* Hold published accuracies of masking strategies against the information i at the same strategy
 * and ratio. `curves`: curve results of a comparison, of which those with "source" = `source` are
 * taken, the first of each config.mask.strategy. `published`: an object with "source" and the array
 * "rows" of { strategy, ratio, fine_tune, linear_probe } (data/published.json, mae_table1f).
 *
 * i at a ratio that was not computed is interpolated linearly between its neighbours, at most 0.1
 * apart, its error too (no more than that where errors agree); a lattice ("grid") has nothing
 * between its ratios. Orders are those at the ratio that most of the rows share. A difference has
 * the root of the sum of squares as its error, z = difference over error within +-1e6.
 *
 * *ret_object (cJSON_Delete): source, published_source, ratio, order (strategies, most predictable
 * first), differences [{ more, less, difference, difference_se, z }], accuracy_order and follows
 * { fine_tune, linear_probe }, rank_correlation (Spearman's, of i and accuracy over all rows with
 * both, null below three; pairs), published (the rows with curve, information, information_se,
 * misfit), sentence. The sentence is made from these numbers.
 *
 * MI_INPUT after faults at "published" were added. */
mi_code mi_strategies_compare(const cJSON *curves, const cJSON *published, const char *source,
                              mi_faults *faults, cJSON **ret_object, mi_status *status);

#endif
