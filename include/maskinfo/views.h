/* Views of an image for self-distillation: a crop of random area and shape resampled to the size of
 * the view, perhaps mirrored, with brightness and contrast changed (Caron et al. 2021, section 3.1,
 * after Grill et al. 2020, appendix B; without the changes of colour and the blur). Nothing is
 * allocated.
 *
 *     mi_view_check(&view, rows, columns, "views.global_scale", "views", &status);
 *     mi_stream_set(stream, seed, MI_PURPOSE_VIEW, index);
 *     mi_view_draw(&view, rows, columns, channels, pixels, stream, out);
 */
#ifndef MASKINFO_VIEWS_H
#define MASKINFO_VIEWS_H

#include "maskinfo/random.h"
#include "maskinfo/scalar.h"

typedef struct mi_view {
    size_t rows, columns; /* of the view, pixels */
    double low, high;     /* the crop's share of the image's area: 0 < low <= high <= 1 */
    bool flip;            /* mirror left and right with probability 1/2 */
    double jitter; /* J >= 0: pixels x become (x - m) (1 + c) + m + b with m the view's mean, c and
                      b uniform on +-J; x standardised, so b is in deviations of the source */
} mi_view;

/* Of images (rows,columns). MI_INPUT at scale_place where shares are out of range or in the wrong
 * order, and at size_place where the view has no pixels or is larger than the image. */
mi_code mi_view_check(const mi_view *view, size_t rows, size_t columns, const char *scale_place,
                      const char *size_place, mi_status *status);

/* A crop in pixels, which need not be whole: it lies within the image. */
typedef struct mi_crop {
    double top, left, height, width;
} mi_crop;

/* Area uniform on [low, high] of the image's, log of width/height uniform between those of 3/4 and
 * 4/3 (as torchvision's RandomResizedCrop), place uniform. Of ten tries the first that fits; else
 * the largest crop of the image's middle with a shape within those bounds. */
mi_crop mi_crop_draw(const mi_view *view, size_t rows, size_t columns, gsl_rng *stream);

/* out (out_rows,out_columns,channels) from the crop of pixels (rows,columns,channels): along each
 * side linear interpolation where the crop is enlarged, else the mean over the source interval of
 * the pixel with the edges weighed by their share of it (area averaging), which keeps the mean.
 * Pixel i covers [i, i+1]; beyond the border the border's value. A crop of the whole image to its
 * own size is a copy. */
void mi_resample(size_t rows, size_t columns, size_t channels, const mi_scalar *pixels,
                 mi_crop crop, bool mirrored, size_t out_rows, size_t out_columns, mi_scalar *out);

/* A whole view; draws 7 numbers or more from the stream, whether or not flip and jitter ask for
 * them. */
void mi_view_draw(const mi_view *view, size_t rows, size_t columns, size_t channels,
                  const mi_scalar *pixels, gsl_rng *stream, mi_scalar *out);

#endif
