/* The measured optimum r* = argmax r i(r) with its interval, and the regime of the curve. */
#ifndef MASKINFO_OPTIMUM_H
#define MASKINFO_OPTIMUM_H

#include "maskinfo/curve.h"

typedef struct mi_optimum {
    bool valid;
    char reason[128];
    double ratio, low,
        high;          /* low, high: 95 % percentile interval of the bootstrap over
                          replicates, widened to hold ratio; equal to it where the curve is exact */
    double objective;  /* nats */
    double resolution; /* spacing of the ratios around the optimum */
    bool edge;         /* the largest value lies at the first or last ratio computed */
    size_t draws;      /* bootstrap draws; 0 where exact */
    double *samples;   /* (draws) optima of the draws, increasing; free by mi_optimum_free */
} mi_optimum;

/* Largest of the points, refined by the parabola through it and its neighbours. valid is false
 * where no point has information beyond 3 of its errors or r i(r) does not vary. */
mi_code mi_optimum_find(const mi_curve *curve, const mi_run *run, mi_optimum *ret_optimum,
                        mi_status *status);
void mi_optimum_free(mi_optimum *optimum);

typedef enum mi_regime_verdict {
    MI_REDUNDANT,   /* i concave: context is redundant, r* >= 1/2 */
    MI_SYNERGISTIC, /* i convex: several tokens are needed together, r* <= 1/2 */
    MI_MIXED,       /* concave here, convex there */
    MI_UNDETERMINED /* no curvature beyond its error */
} mi_regime_verdict;

/* Second differences v_{j-w} - 2 v_j + v_{j+w} of the means v of i over (at most) nine equal bins
 * of the range of ratios, for every width w that fits, each with its error over replicates. Wide
 * ones combine narrow ones. A sign counts where any of its differences is beyond the critical
 * value; the verdict is the sign that counts, mixed where both do. */
typedef struct mi_regime {
    mi_regime_verdict verdict;
    size_t tests;               /* second differences tested */
    double critical;            /* |z| beyond which one counts: 5 % over all tests (Bonferroni),
                                   Student's t with replicates - 1 degrees of freedom */
    double concave_z, convex_z; /* most significant of each sign, both >= 0; 0: none; capped at 1e6
                                   where the curve is exact */
    double concave_share;       /* sum of concave / sum of absolute narrowest differences, 0..1;
                                   noise pulls it towards 1/2, which stands for no curvature */
    double concave_share_error; /* jackknife over replicates; 0 where exact */
} mi_regime;

mi_code mi_regime_find(const mi_curve *curve, mi_regime *ret_regime, mi_status *status);
const char *mi_regime_name(mi_regime_verdict verdict);

#endif
