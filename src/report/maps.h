/* Held-out images with what the encoder makes of their patches. */
#ifndef MASKINFO_REPORT_MAPS_H
#define MASKINFO_REPORT_MAPS_H

#include "reader.h"

typedef struct mi_maps {
    size_t count; /* 0: the result has none */
    size_t rows, columns, channels, token_rows, token_columns, heads;
    double low, high;      /* range of greys */
    double *original;      /* (count, rows, columns, channels) */
    double *opt_rgb;       /* (count, token_rows, token_columns, 3), in [0, 1] */
    double *opt_attention; /* (count, heads, token_rows, token_columns), in [0, 1] */
    double explained[3];   /* share of the variance of each component; NAN where absent */
} mi_maps;

/* `node` is that of the run; MI_INPUT where sizes do not agree. */
void mi_maps_read(mi_reader *reader, const mi_node *node, mi_maps *maps);
void mi_maps_free(mi_maps *maps);

#endif
