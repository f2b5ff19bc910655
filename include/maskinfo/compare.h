/* Does text decay faster and peak earlier than images? The exercise's claim: lambda_text >
 * lambda_image implies r*_text < r*_image. Both orderings with their certainty. */
#ifndef MASKINFO_COMPARE_H
#define MASKINFO_COMPARE_H

#include "maskinfo/fit.h"
#include "maskinfo/optimum.h"

typedef struct mi_comparison {
    /* Of the exponential's rates. */
    bool rate_valid;
    char rate_reason[160];
    double rate_difference;       /* lambda_text - lambda_image */
    double rate_difference_error; /* root of the sum over both curves of exponent_error^2 and
                                     sampling_error^2: conservative, as the first already holds the
                                     independent part of the second */
    double rate_z;                /* difference over error, within +-1e6 */
    double rate_probability;      /* that lambda_text > lambda_image, normal */
    bool rate_holds;              /* with at least 95 % */

    /* Of the measured optima. */
    bool optimum_valid;
    char optimum_reason[160];
    double optimum_difference;  /* r*_text - r*_image */
    double optimum_probability; /* that r*_text < r*_image: share of all pairs of bootstrap draws,
                                   ties by halves; an exact optimum counts as one draw */
    bool optimum_holds;         /* with at least 95 % */
} mi_comparison;

/* Fits are those of MI_FIT_EXPONENTIAL. An invalid fit or optimum gives a reason in its half. */
void mi_compare(const mi_fit *text_fit, const mi_optimum *text_optimum, const mi_fit *image_fit,
                const mi_optimum *image_optimum, mi_comparison *ret_comparison);

#endif
