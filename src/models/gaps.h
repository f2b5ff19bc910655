/* A stationary first-order chain told by its gap entropies H_g = H(X_g | X_0): all that masks can
 * ask of it (docs/theory.md, section 2.2), on an infinite or a finite sequence, in nats.
 *
 *     mi_gaps *gaps;
 *     mi_gaps_create(entropy, count, &gaps, &status);
 *     ... gaps->conditional[g - 1] = H_g, g = 1..count ...
 *     mi_rates rates;
 *     mi_gaps_rates(gaps, 0.15, &rates);
 *     mi_gaps_destroy(gaps);
 */
#ifndef MASKINFO_MODELS_GAPS_H
#define MASKINFO_MODELS_GAPS_H

#include "maskinfo/model.h"

/* H_g never decreases in g and never exceeds H. Taking H_g = H for g > count changes h(r) and h_k
 * by at most 2 (H - H_count), and the joint rate by at most (H - H_count) / 2. */
typedef struct mi_gaps {
    double entropy;      /* H = H(X) */
    size_t count;        /* G */
    double *conditional; /* (G): conditional[g-1] = H_g; for g > G the entropy stands */
} mi_gaps;

/* Gap entropies all equal to `entropy` (independent sites), to be filled in. count >= 1. */
mi_code mi_gaps_create(double entropy, size_t count, mi_gaps **ret_gaps, mi_status *status);
void mi_gaps_destroy(mi_gaps *gaps); /* accepts NULL */

/* Infinite sequence under Bernoulli masks that hide each site with probability `ratio` in [0, 1].
 * O(G). */
void mi_gaps_rates(const mi_gaps *gaps, double ratio, mi_rates *rates);

/* Finite sequence of `length` >= 1 sites: profile is (length), h_0..h_{length-1}.
 * Costs O(length * min(G, 100 length / k)) over all k, so O(length^2 log) at worst. */
void mi_gaps_profile(const mi_gaps *gaps, size_t length, double *profile);

/* H(X_1, ..., X_length) = H + (length - 1) H_1. */
double mi_gaps_total(const mi_gaps *gaps, size_t length);

/* The answers of a model class from its gap entropies: `rates` (one exact replicate; release with
 * free()) and `profile` (exact). */
mi_code mi_gaps_answer_rates(const mi_gaps *gaps, const double *ratios, size_t count,
                             mi_rates **ret_rates, size_t *ret_replicates, mi_status *status);
mi_code mi_gaps_answer_profile(const mi_gaps *gaps, size_t length, mi_profile **ret_profile,
                               mi_status *status);

#endif
