/* Crops of the data of the model `patches` for training: at uniformly random places of the parts of
 * the images that its split gives, without noise. */
#ifndef MASKINFO_MODELS_PATCH_EXAMPLES_H
#define MASKINFO_MODELS_PATCH_EXAMPLES_H

#include "crops.h"
#include "maskinfo/model.h"

/* What the model keeps of its data. */
typedef struct mi_patch_data {
    mi_images *images, *part; /* part: of them, released first */
    mi_split *split;
    mi_crop_shape shape;
    double mean, deviation; /* as mi_example_shape has them, over the crops that were fitted */
} mi_patch_data;

void mi_patch_data_free(mi_patch_data *data);

/* Mean and deviation, from crops with the noise of whole numbers on them. */
void mi_patch_data_scale(mi_patch_data *data, const mi_crops *fitting);

mi_example_shape mi_patch_example_shape(const mi_patch_data *data, double log_unit);

/* Where a crop of a part is drawn: an area, then a place of it, all equally likely. */
typedef struct mi_crop_place {
    size_t image, row, column; /* of the upper left pixel */
} mi_crop_place;
mi_crop_place mi_patch_example_place(const mi_patch_data *data, mi_split_part part, gsl_rng *draw);

/* The crop there: values (rows, columns, channels) in the units of the channels. */
mi_code mi_patch_example(const mi_patch_data *data, mi_split_part part, gsl_rng *draw,
                         double *values, mi_status *status);

/* values as a point (dimension), with uniform noise of one step where they are whole numbers. */
void mi_patch_example_dither(const mi_patch_data *data, const double *values, gsl_rng *draw,
                             float *crop);

/* mean (rows, columns, channels): what is expected of masked sites, crop less residual, and values
 * elsewhere. */
void mi_patch_example_mean(const mi_patch_data *data, const unsigned char *masked,
                           const float *crop, const double *residual, const double *values,
                           double *mean);

#endif
