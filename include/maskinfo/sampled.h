/* i(r) as people estimate it who have samples and no posterior: configurations are drawn, and the
 * information between one masked site and a few visible ones is estimated from them, by plug-in
 * counts or nearest neighbours. A model serves as the source of samples, so that the estimate can
 * be held against the truth. docs/estimators.md. */
#ifndef MASKINFO_SAMPLED_H
#define MASKINFO_SAMPLED_H

#include "maskinfo/curve.h"

/* A mask of a ratio: masked[i] = 1 where site i is hidden, else 0; (sites). */
typedef void (*mi_mask_draw)(const void *context, double ratio, gsl_rng *stream,
                             unsigned char *masked);

/* The context of a masked site: the `context` nearest visible sites; 0: all of them. On a sequence
 * the sides take turns (the nearest on each side, then the second on each side, ...; what one side
 * lacks the other gives), because of a first-order chain the nearest site on each side tells all;
 * on a grid by Euclidean distance. Fewer where fewer are visible. */
typedef struct mi_sampling {
    bool counts;    /* plug-in counts, else nearest neighbours */
    size_t samples; /* configurations of a set */
    size_t sets;    /* independent ones, the replicates; at least 2 */
    size_t masks;   /* masked sites, each under a mask of its own, at each ratio of a set */
    size_t context;
    size_t neighbors;     /* k of nearest neighbours */
    const double *ratios; /* (points), increasing, in (0, 1) */
    size_t points;
    mi_mask_count count; /* to be named in the curve */
    mi_mask_draw draw;
    const void *draw_context;
} mi_sampling;

/* A strategy as mi_mask_draw; draw_context is an mi_strategy_mask. */
typedef struct mi_strategy_mask {
    const mi_masking *masking;
    mi_layout layout;
} mi_strategy_mask;
void mi_strategy_mask_draw(const void *context, double ratio, gsl_rng *stream,
                           unsigned char *masked);

/* Can the model be sampled, and are its sites of the right kind? MI_INPUT, place "method", says why
 * not. */
mi_code mi_sampled_possible(const mi_model *model, bool counts, mi_status *status);

/* Are there enough samples for the neighbours, and room for a set? MI_INPUT, place "neighbors" or
 * "samples". */
mi_code mi_sampled_check(const mi_model *model, const mi_sampling *sampling, mi_status *status);

/* A curve of MI_Q_INFORMATION and MI_Q_OBJECTIVE, of MI_Q_CONDITIONAL and MI_Q_MILLER_MADOW with
 * counts; a replicate is a set, and its value at a ratio the mean over its masks. A pair of mask
 * and masked site is drawn with the probability of the mask times 1/sites, and kept where the site
 * is masked: the average that i(r) is. Neither biases nor negative estimates are removed. */
mi_code mi_sampled_curve(const mi_model *model, const mi_sampling *sampling, const mi_run *run,
                         mi_curve **ret_curve, mi_status *status);

#endif
