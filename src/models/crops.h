/* Crops of images as points: luma 0..255 and uniform noise of one grey level on every coordinate,
 * because the density of quantised levels, which a Gaussian model is scored by, is not defined. The
 * same of arrays of whole numbers, then in the units of their channels; arrays of floating-point
 * numbers have no noise added. */
#ifndef MASKINFO_MODELS_CROPS_H
#define MASKINFO_MODELS_CROPS_H

#include "split.h"

typedef struct mi_crops {
    size_t count, dimension;
    float *values; /* (count, dimension); half the memory, and exact to 2^-16 of a grey level */
    size_t *area;  /* (count) index of the crop's area in its part of the split, increasing */
    bool *apart;   /* (count) fitting part: touches no validation area */
} mi_crops;

/* About `wanted` crops at uniformly random places of the areas of a part: the same number from each
 * of the first min(wanted, areas) areas, but no more than an area has different places. */
mi_code mi_crops_draw(const mi_images *images, const mi_split *split, mi_split_part part,
                      mi_crop_shape shape, size_t wanted, const mi_run *run, mi_crops **ret_crops,
                      mi_status *status);

/* A copy of min(wanted, count) of the crops, evenly spaced. */
mi_code mi_crops_thin(const mi_crops *crops, size_t wanted, mi_crops **ret_crops,
                      mi_status *status);
void mi_crops_destroy(mi_crops *crops); /* accepts NULL */

static inline const float *mi_crop(const mi_crops *crops, size_t index)
{
    return crops->values + index * crops->dimension;
}

#endif
