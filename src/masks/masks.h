/* The strategies that the registry lists, and what they share. */
#ifndef MASKINFO_MASKS_MASKS_H
#define MASKINFO_MASKS_MASKS_H

#include "maskinfo/mask.h"

extern const mi_mask_class mi_random_mask;
extern const mi_mask_class mi_block_mask;
extern const mi_mask_class mi_grid_mask;
extern const mi_mask_class mi_span_mask;

static inline size_t mi_layout_sites(mi_layout layout)
{
    return layout.rows * layout.columns;
}

/* Sites to hide: floor or ceil of ratio * sites at random, so that the mean is exact. */
size_t mi_mask_draw_count(double ratio, size_t sites, gsl_rng *stream);

/* MI_INPUT at "ratio" where ratio * sites is less than one site. */
mi_code mi_mask_check_count(double ratio, size_t sites, mi_status *status);

/* MI_INPUT at "strategy" where the layout does not have as many dimensions as the strategy needs;
 * `instead` is named as a way out. */
mi_code mi_mask_check_dimensions(const char *strategy, mi_layout layout, int dimensions,
                                 const char *instead, mi_status *status);

#endif
