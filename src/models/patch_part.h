/* Halves of a set of images, so that a half is a model like any other. */
#ifndef MASKINFO_MODELS_PATCH_PART_H
#define MASKINFO_MODELS_PATCH_PART_H

#include "maskinfo/data.h"

/* "all", "first", "second", NULL. */
extern const char *const mi_image_parts[];

/* The images of a part: every other one, from the first or the second on; of a series the stretches
 * of its first or second half in time. What it holds stays `images`' own; release with
 * mi_image_part_destroy, before them. MI_INPUT (place "part") where none is left. */
mi_code mi_image_part_create(const mi_images *images, const char *part, mi_images **ret_part,
                             mi_status *status);
void mi_image_part_destroy(mi_images *part); /* accepts NULL */

#endif
