/* Masking strategies: which sites are hidden. One registry. docs/task1c.md.
 *
 *     random  every set of a size equally likely (BERT, MAE)
 *     block   rectangles with a random aspect ratio (BEiT, iBOT); grids only
 *     grid    a regular lattice stays visible, or is hidden (MAE's 75 %: one of every 2x2 visible)
 *     span    stretches of geometric length (SpanBERT, T5); sequences only
 */
#ifndef MASKINFO_MASK_H
#define MASKINFO_MASK_H

#include <gsl/gsl_rng.h>

#include "maskinfo/parameter.h"

/* How many sites a mask of ratio r hides among N. MI_COUNT_FIXED: rN on average, floor or ceil of
 * it at random, so that the mean is exact; MI_COUNT_BERNOULLI: each site independently. */
typedef enum mi_mask_count { MI_COUNT_FIXED, MI_COUNT_BERNOULLI } mi_mask_count;

/* The sites: rows x columns, site (row, column) at row * columns + column; a sequence has one row.
 */
typedef struct mi_layout {
    int dimensions; /* 1: sequence, 2: grid */
    size_t rows, columns;
} mi_layout;

typedef struct mi_mask_class {
    const char *name;
    const char *summary;
    const mi_parameter *parameters;
    bool exchangeable; /* every set of masked sites of a size is equally likely, so that the entropy
                          profile serves; else curves are computed mask by mask */

    /* Can this strategy with these parameters (of its own table) hide this share of these sites?
     * MI_INPUT: status->place is the parameter, or "strategy", or "ratio", and the message names
     * what is possible, for a ratio the nearest ones. NULL: always. */
    mi_code (*check)(const mi_values *values, mi_layout layout, double ratio, mi_status *status);

    /* The ratios that the strategy can have where not all are possible, increasing, at most
     * MI_MASK_RATIOS, in ratios; their number is returned. NULL: any ratio. */
    size_t (*ratios)(const mi_values *values, mi_layout layout, double *ratios);

    /* A mask: masked[i] = 1 where site i is hidden, else 0; (sites). `check` has passed. The number
     * of hidden sites is on average ratio * sites, at least 0. */
    void (*draw)(const mi_values *values, mi_layout layout, double ratio, gsl_rng *stream,
                 unsigned char *masked);
} mi_mask_class;

enum { MI_MASK_RATIOS = 64 };

/* A strategy and its parameters. */
typedef struct mi_masking {
    const mi_mask_class *class;
    const mi_values *values; /* of class->parameters */
} mi_masking;

/* NULL-terminated registry, and a strategy by name (NULL where there is none). */
const mi_mask_class *const *mi_mask_classes(void);
const mi_mask_class *mi_mask_find(const char *name);

/* masked[i] = 1 for the last `hidden` sites of the order, else 0. (sites) each. */
void mi_mask_from_order(const size_t *order, size_t sites, size_t hidden, unsigned char *masked);

#endif
