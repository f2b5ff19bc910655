#include "gaps.h"

#include <stdlib.h>

#include "maskinfo/memory.h"

mi_code mi_gaps_create(double entropy, size_t count, mi_gaps **ret_gaps, mi_status *status)
{
    mi_gaps *gaps = NULL;
    mi_code code = mi_allocate(1, sizeof *gaps, &gaps, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_allocate(count, sizeof *gaps->conditional, &gaps->conditional, status);
    if (code != MI_OK) {
        free(gaps);
        return code;
    }
    gaps->entropy = entropy;
    gaps->count = count;
    for (size_t g = 0; g < count; g++) {
        gaps->conditional[g] = entropy;
    }
    *ret_gaps = gaps;
    return MI_OK;
}

void mi_gaps_destroy(mi_gaps *gaps)
{
    if (gaps != NULL) {
        free(gaps->conditional);
        free(gaps);
    }
}

/* I_g = H - H_g, the information between sites g apart. The sums below run over I_g rather than
 * H_g: the weights of the formulas sum to one, so the terms with H add up to H exactly, and what is
 * left is short (I_g = 0 beyond the table: the tail is closed) and free of cancellation. */
static double information(const mi_gaps *gaps, size_t gap)
{
    return gap <= gaps->count ? gaps->entropy - gaps->conditional[gap - 1] : 0;
}

typedef struct gap_series {
    double value; /* p(z)  = sum_{g>=1} I_g z^(g-1) */
    double slope; /* p'(z) = sum_{g>=2} (g-1) I_g z^(g-2) */
    double shift; /* (p(z) - p(0)) / z = sum_{g>=2} I_g z^(g-2) */
} gap_series;

/* Horner's rule with its derivative; all terms are non-negative. */
static gap_series sum_series(const mi_gaps *gaps, double z)
{
    gap_series s = {0, 0, 0};
    for (size_t gap = gaps->count; gap >= 1; gap--) {
        s.slope = s.slope * z + s.value;
        s.shift = s.value;
        s.value = s.value * z + information(gaps, gap);
    }
    return s;
}

/* docs/theory.md, section 2.2, with H_g = H - I_g and the series of sum_series:
 *     H - h(r)   = 2 (1-r) p(r) - (1-r)^2 p'(r)
 *     joint rate = I_1 - r^2 p(1-r) - (1-r)^2 p(r)
 *                = r (1-r) [2 I_1 - r shift(1-r) - (1-r) shift(r)],
 * the last form being symmetric in r and 1-r by sight and accurate at both ends. */
void mi_gaps_rates(const mi_gaps *gaps, double ratio, mi_rates *rates)
{
    double r = ratio, v = 1 - ratio;
    gap_series masked = sum_series(gaps, r);
    gap_series visible = sum_series(gaps, v);
    rates->entropy = gaps->entropy;
    rates->conditional_entropy = gaps->entropy - v * (2 * masked.value - v * masked.slope);
    rates->joint_information =
        r * v * (2 * information(gaps, 1) - r * visible.shift - v * masked.shift);
}

/* Binomial weights below this fraction of the first are left out of a sum of fewer than 1e12
 * terms, whose other factors are below 1e12: no digit changes. */
static const double negligible = 1e-40;

/* N (H - h_k) for N sites, k >= 1 visible. Counting the k-subsets of the other sites whose nearest
 * visible neighbours lie at distances a and b (n = a + b), or at one distance a on one side only,
 * and using H - H(X_0 | X_-a, X_b) = I_a + I_b - I_{a+b}:
 *
 *     C(N-1,k) N (H - h_k) = sum_n (N-n) C(N-1-n,k-2) sum_{a=1}^{n-1} (I_a + I_{n-a} - I_n)
 *                          + 2 sum_a C(N-a,k) I_a,
 *
 * where (N-n) C(N-1-n,k-2) = (k-1) C(N-n,k-1), and summing over n > a by the hockey stick leaves
 *
 *     N (H - h_k) = sum_n v_n I_n [2 (N-n-k+1) - (k-1)(n-1)],   v_n = C(N-n,k-1) / C(N-1,k),
 *     v_1 = k/(N-k),   v_{n+1} = v_n (N-n-k+1) / (N-n).                                         */
static double visible_information(const mi_gaps *gaps, size_t sites, size_t visible)
{
    double n_sites = (double)sites, k = (double)visible;
    double first = k / (n_sites - k);
    size_t last = gaps->count < sites - 1 ? gaps->count : sites - 1;
    double sum = 0, weight = first;
    for (size_t gap = 1; gap <= last && weight > negligible * first; gap++) {
        double n = (double)gap;
        double room = n_sites - n - k + 1;
        sum += weight * information(gaps, gap) * (2 * room - (k - 1) * (n - 1));
        weight *= room / (n_sites - n);
    }
    return sum;
}

void mi_gaps_profile(const mi_gaps *gaps, size_t length, double *profile)
{
    profile[0] = gaps->entropy;
    for (size_t k = 1; k < length; k++) {
        profile[k] = gaps->entropy - visible_information(gaps, length, k) / (double)length;
    }
}

double mi_gaps_total(const mi_gaps *gaps, size_t length)
{
    return (double)length * gaps->entropy - (double)(length - 1) * information(gaps, 1);
}

mi_code mi_gaps_answer_rates(const mi_gaps *gaps, const double *ratios, size_t count,
                             mi_rates **ret_rates, size_t *ret_replicates, mi_status *status)
{
    mi_rates *rates = NULL;
    mi_code code = mi_allocate(count, sizeof *rates, &rates, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        mi_gaps_rates(gaps, ratios[i], &rates[i]);
    }
    *ret_rates = rates;
    *ret_replicates = 1;
    return MI_OK;
}

mi_code mi_gaps_answer_profile(const mi_gaps *gaps, size_t length, mi_profile **ret_profile,
                               mi_status *status)
{
    mi_profile *profile = NULL;
    mi_code code = mi_profile_create(length, &profile, status);
    if (code == MI_OK) {
        code = mi_profile_add(profile, MI_ENTROPY, 1, status);
    }
    if (code != MI_OK) {
        mi_profile_destroy(profile);
        return code;
    }
    profile->exact = true;
    mi_gaps_profile(gaps, length, profile->series[MI_ENTROPY].values);
    *ret_profile = profile;
    return MI_OK;
}
