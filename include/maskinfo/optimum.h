/* The measured optimum r* = argmax r i(r) with its interval, and the regime of the curve. */
#ifndef MASKINFO_OPTIMUM_H
#define MASKINFO_OPTIMUM_H

#include "maskinfo/curve.h"

typedef struct mi_optimum {
    bool valid;
    char reason[128];
    double ratio, low, high; /* low, high: 95 % percentile interval of the bootstrap over
                                replicates; equal to ratio where the curve is exact */
    double objective;        /* nats */
    double resolution;       /* spacing of the ratios around the optimum */
    bool edge;               /* the largest value lies at the first or last ratio computed */
    size_t draws;            /* bootstrap draws; 0 where exact */
    double *samples;         /* (draws) optima of the draws, increasing; free by mi_optimum_free */
} mi_optimum;

/* Largest of the points, refined by the parabola through it and its neighbours. */
mi_code mi_optimum_find(const mi_curve *curve, const mi_run *run, mi_optimum *ret_optimum,
                        mi_status *status);
void mi_optimum_free(mi_optimum *optimum);

typedef enum mi_regime_verdict {
    MI_REDUNDANT,   /* i concave: context is redundant, r* >= 1/2 */
    MI_SYNERGISTIC, /* i convex: several tokens are needed together, r* <= 1/2 */
    MI_MIXED,       /* concave here, convex there */
    MI_UNDETERMINED /* no curvature beyond its error */
} mi_regime_verdict;

/* Second differences of i over a coarse, equally spaced grid of ratios, each with its error. */
typedef struct mi_regime {
    mi_regime_verdict verdict;
    size_t tests;               /* second differences tested */
    double critical;            /* |z| beyond which one counts (Bonferroni, 5 % over all) */
    double concave_z, convex_z; /* most significant of each sign, both >= 0; 0: none; capped at 1e6
                                   where the curve is exact */
    double concave_share;       /* sum of concave / sum of absolute second differences, 0..1 */
    double concave_share_error;
} mi_regime;

mi_code mi_regime_find(const mi_curve *curve, mi_regime *ret_regime, mi_status *status);
const char *mi_regime_name(mi_regime_verdict verdict);

#endif
