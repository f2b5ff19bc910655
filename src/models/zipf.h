/* A Zipf law over V symbols, pi_u = u^-s / Z for u = 1..V, and sums over its symbols that cost a
 * few hundred terms whatever V is. */
#ifndef MASKINFO_MODELS_ZIPF_H
#define MASKINFO_MODELS_ZIPF_H

#include "maskinfo/status.h"

typedef struct mi_zipf {
    size_t vocabulary; /* V >= 2 */
    double exponent;   /* s >= 0; 0 is uniform */
    double normalizer; /* Z = sum u^-s */
    double entropy;    /* H(pi), nats */
    double collision;  /* sum pi_u^2 */
    size_t nodes;      /* of the rule below */
    double *odds;      /* (nodes) c */
    double *weights;   /* (nodes) w */
} mi_zipf;

/* O(V). Builds a rule with
 *     sum_u pi_u^2 f(1/pi_u - 1) = sum_j weights[j] f(odds[j])
 * to within rounding for f(c) = mi_divergence_term(lambda c), any 0 <= lambda <= 1. */
mi_code mi_zipf_create(size_t vocabulary, double exponent, mi_zipf **ret_zipf, mi_status *status);
void mi_zipf_destroy(mi_zipf *zipf); /* accepts NULL */

/* pi of symbol 0..V-1 (the symbol of rank symbol+1). */
double mi_zipf_probability(const mi_zipf *zipf, size_t symbol);

/* (V) cumulative probabilities, the last one 1, in *ret_cumulative; free(). */
mi_code mi_zipf_cumulative(const mi_zipf *zipf, double **ret_cumulative, mi_status *status);

#endif
