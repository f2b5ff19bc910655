/* Which parts of the images serve fitting, which serve evaluation, and the geometry of a crop. */
#ifndef MASKINFO_MODELS_SPLIT_H
#define MASKINFO_MODELS_SPLIT_H

#include "maskinfo/data.h"
#include "maskinfo/run.h"

/* A crop is a grid of rows x columns sites, each a patch of patch_height x patch_width pixels of
 * `channels` values. As a point it has one coordinate for each value, those of a site next to each
 * other and those of a pixel next to each other within. Of images a patch is square; of a series in
 * time there is one row of sites and a patch is one pixel high. */
typedef struct mi_crop_shape {
    size_t rows, columns;
    size_t patch_height, patch_width;
    size_t channels;
} mi_crop_shape;

static inline size_t mi_crop_sites(mi_crop_shape shape)
{
    return shape.rows * shape.columns;
}

/* Coordinates of one site. */
static inline size_t mi_crop_block(mi_crop_shape shape)
{
    return shape.patch_height * shape.patch_width * shape.channels;
}

static inline size_t mi_crop_dimension(mi_crop_shape shape)
{
    return mi_crop_sites(shape) * mi_crop_block(shape);
}

static inline size_t mi_crop_height(mi_crop_shape shape)
{
    return shape.rows * shape.patch_height;
}

static inline size_t mi_crop_width(mi_crop_shape shape)
{
    return shape.columns * shape.patch_width;
}

/* The coordinate that holds the first channel of the pixel (row, column) of the crop. */
static inline size_t mi_crop_coordinate(mi_crop_shape shape, size_t row, size_t column)
{
    size_t site = row / shape.patch_height * shape.columns + column / shape.patch_width;
    size_t pixel = row % shape.patch_height * shape.patch_width + column % shape.patch_width;
    return site * mi_crop_block(shape) + pixel * shape.channels;
}

/* A rectangle of one image, large enough for a crop. */
typedef struct mi_area {
    size_t image, row, column, rows, columns;
} mi_area;

/* MI_SPLIT_AUTO: by region where every image is large enough, else by image. */
typedef enum mi_split_kind { MI_SPLIT_AUTO, MI_SPLIT_REGION, MI_SPLIT_IMAGE } mi_split_kind;

/* Validation lies inside fitting and chooses the shrinkage; evaluation touches neither. */
typedef enum mi_split_part {
    MI_PART_FIT,
    MI_PART_VALIDATION,
    MI_PART_EVALUATION,
    MI_PARTS
} mi_split_part;

typedef struct mi_split {
    mi_split_kind kind; /* never MI_SPLIT_AUTO */
    size_t count[MI_PARTS];
    mi_area *areas[MI_PARTS]; /* (count) each; a part has at most one area of an image */
} mi_split;

/* By region, each image is cut across its longer side: the first 3/5 for fitting, of which the last
 * third is for validation, and the other 2/5 for evaluation. By image, 3/5 of the images, drawn by
 * the run's seed, are for fitting, every third of them for validation, and the others for
 * evaluation. MI_INPUT names the image that is too small and the smallest size that would do. */
mi_code mi_split_create(const mi_images *images, mi_crop_shape shape, mi_split_kind kind,
                        const mi_run *run, mi_split **ret_split, mi_status *status);
void mi_split_destroy(mi_split *split); /* accepts NULL */

#endif
