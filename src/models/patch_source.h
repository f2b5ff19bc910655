/* The data of the model `patches`: files of images, or one array of images or of a series in time.
 */
#ifndef MASKINFO_MODELS_PATCH_SOURCE_H
#define MASKINFO_MODELS_PATCH_SOURCE_H

#include "crops.h"
#include "maskinfo/parameter.h"
#include "patch_fit.h"

/* A plain .npy file of more bytes is not loaded whole. */
enum { MI_ARRAY_MEMORY = 1 << 28 };

/* Read what `images` names and set the shape of a crop from it, `patch` and `grid`. MI_INPUT, with
 * the parameter in status->place: what can not be read; a grid of one row or column for images, of
 * more than one row for a series, or of one site; a crop of more than max_dimension values. */
mi_code mi_patch_source_read(const mi_values *values, size_t max_dimension, mi_images **ret_images,
                             mi_crop_shape *ret_shape, mi_status *status);

/* sum over the values of a site of the logarithm of their unit: what its entropy in units is less
 * than that of the values as they are. */
double mi_patch_log_unit(const mi_images *images, mi_crop_shape shape);

/* Without noise on whole numbers nothing keeps a density from being singular. MI_INPUT names a
 * value of the crop that is the same in all crops for fitting. */
mi_code mi_patch_check_varied(const mi_images *images, mi_crop_shape shape, const mi_crops *fitting,
                              mi_status *status);

/* Likewise after the fit: a value that the others determine but for the noise floor of the
 * covariance (MI_NOISE_FLOOR), so that the floor and not the data would be measured. */
mi_code mi_patch_check_determined(const mi_images *images, mi_crop_shape shape,
                                  const mi_patch_fit *fit, mi_status *status);

/* What a reader must know of the data: "" for images that vary, else one clause that ends in "; ".
 */
void mi_patch_source_remark(const mi_images *images, char *text, size_t size);

#endif
