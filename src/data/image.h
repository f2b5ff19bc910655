/* Lists of images under construction, and the decoders that fill them. */
#ifndef MASKINFO_DATA_IMAGE_H
#define MASKINFO_DATA_IMAGE_H

#include "maskinfo/data.h"

/* 64 megapixels: checked before a decoder allocates, since a header of some bytes can promise any
 * size. */
enum { MI_MAX_PIXELS = 1 << 26 };

/* A list of `count` images without pixels, which share one copy of the name. */
mi_code mi_images_create(const char *name, size_t count, mi_images **ret_images, mi_status *status);

/* Give an image of a list its size, which must be at least 1 x 1 and at most MI_MAX_PIXELS pixels,
 * and its zeroed pixels (rows, columns, channels). */
mi_code mi_image_allocate(const char *name, size_t rows, size_t columns, size_t channels,
                          mi_image *image, mi_status *status);

/* Move all images of `from`, which stays empty, behind those of `to`. */
mi_code mi_images_move(mi_images *to, mi_images *from, mi_status *status);

/* Decode one PNG or JPEG image in memory to a list of one, of luma or of MI_COLORS channels. `name`
 * is for messages. */
mi_code mi_parse_png(const char *name, const unsigned char *bytes, size_t size, bool color,
                     mi_images **ret_images, mi_status *status);
mi_code mi_parse_jpeg(const char *name, const unsigned char *bytes, size_t size, bool color,
                      mi_images **ret_images, mi_status *status);

/* The failure of a file that holds no colour where colour is asked for. */
mi_code mi_image_is_grey(const char *name, mi_status *status);

#endif
