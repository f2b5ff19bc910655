/* Which part of a text is fitted and which is held out: every so often a long block is kept out, so
 * that both parts see the whole text's subjects and periods, and only the few block borders cut
 * a context. */
#ifndef MASKINFO_MODELS_NGRAM_SPLIT_H
#define MASKINFO_MODELS_NGRAM_SPLIT_H

#include <gsl/gsl_rng.h>

#include "maskinfo/status.h"

typedef struct mi_split {
    size_t count;   /* symbols of the text */
    size_t block;   /* symbols of a held-out block */
    size_t blocks;  /* held-out blocks */
    size_t *starts; /* (blocks) first symbol of each, increasing, never adjacent blocks */
} mi_split;

/* Hold out `share` (0..0.5) of a text of `count` symbols. MI_INPUT (place "held_out") where share
 * is positive and no block of `window` symbols can be had. Release with mi_split_free, also after
 * a failure. */
mi_code mi_split_init(mi_split *split, size_t count, double share, size_t window,
                      mi_status *status);
void mi_split_free(mi_split *split);

/* Fitted runs 0..blocks: symbols [*ret_from, *ret_to), possibly none. */
void mi_split_fitted(const mi_split *split, size_t run, size_t *ret_from, size_t *ret_to);

/* Start of a uniformly drawn window of `length` <= block symbols inside one held-out block. */
size_t mi_split_draw(const mi_split *split, size_t length, gsl_rng *draw);

/* The same inside the fitted runs, every place of a window equally likely. mi_split_places is their
 * number, without which nothing can be drawn. */
size_t mi_split_places(const mi_split *split, size_t length);
size_t mi_split_draw_fitted(const mi_split *split, size_t length, gsl_rng *draw);

#endif
