/* A source: a model's examples, or images with labels. */
#ifndef MASKINFO_METHODS_SOURCE_H
#define MASKINFO_METHODS_SOURCE_H

#include "maskinfo/data.h"
#include "maskinfo/source.h"

struct mi_source {
    mi_source_shape shape;
    size_t values; /* of an example */
    /* A model's. */
    const mi_model *model; /* NULL: images */
    mi_example_shape example;
    /* Images'. */
    mi_images *images;
    int *labels; /* (images) or NULL */
};

/* Image `index` as it is: (rows, columns, channels). */
mi_code mi_source_image(const mi_source *source, size_t index, double *values, mi_status *status);

#endif
