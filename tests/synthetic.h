/* Curves whose truth is known, for the tests of what is computed from curves. */
#ifndef MASKINFO_TESTS_SYNTHETIC_H
#define MASKINFO_TESTS_SYNTHETIC_H

#include "support.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>

#include "maskinfo/curve.h"
#include "maskinfo/random.h"

enum { SYNTHETIC_POINTS = 49 };

/* Information at a ratio. */
typedef double (*synthetic_truth)(double ratio);

/* Noise of one replicate: independent at each point, and shared as a constant and a slope. */
typedef struct synthetic_noise {
    double point, constant, slope;
} synthetic_noise;

/* 0.02, 0.04, ..., 0.98 */
static inline void synthetic_ratios(double *ratios)
{
    for (size_t p = 0; p < SYNTHETIC_POINTS; p++) {
        ratios[p] = 0.02 * (double)(p + 1);
    }
}

/* A curve of `replicates` noisy copies of the truth (one without noise where it is 1). The stream
 * is (seed, test). */
static inline mi_curve *synthetic_curve(synthetic_truth truth, size_t replicates,
                                        synthetic_noise noise, uint64_t seed)
{
    const double entropy = 3.7;
    double ratios[SYNTHETIC_POINTS];
    gsl_rng *stream = NULL;
    mi_curve *curve = NULL;
    mi_rates *rates = calloc(replicates * SYNTHETIC_POINTS, sizeof *rates);
    assert_non_null(rates);
    assert_int_equal(mi_stream_create(seed, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    synthetic_ratios(ratios);
    for (size_t j = 0; j < replicates; j++) {
        double constant = gsl_ran_gaussian(stream, noise.constant);
        double slope = gsl_ran_gaussian(stream, noise.slope);
        for (size_t p = 0; p < SYNTHETIC_POINTS; p++) {
            double error = constant + slope * ratios[p] + gsl_ran_gaussian(stream, noise.point);
            double information = truth(ratios[p]) + (replicates > 1 ? error : 0);
            rates[j * SYNTHETIC_POINTS + p] =
                (mi_rates){.entropy = entropy, .conditional_entropy = entropy - information};
        }
    }
    assert_int_equal(
        mi_curve_from_rates(rates, replicates, 0, ratios, SYNTHETIC_POINTS, &curve, NULL), MI_OK);
    gsl_rng_free(stream);
    free(rates);
    return curve;
}

/* Fail unless `hits` of `trials` is within four standard errors of the probability. */
static inline void assert_share(size_t hits, size_t trials, double probability)
{
    double n = (double)trials;
    assert_near((double)hits / n, probability, 4 * sqrt(probability * (1 - probability) / n));
}

#endif
