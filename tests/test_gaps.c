/* Gap entropies of a first-order chain: rates and profiles against enumeration of all masks and all
 * configurations of a small dense chain. */
#include "support.h"

#include <stdlib.h>

#include "../src/models/gaps.h"

enum { V = 3, L = 6, CONFIGURATIONS = 729 };

/* A chain without symmetry; rows sum to 1. */
static const double transition[V][V] = {{0.62, 0.27, 0.11}, {0.08, 0.55, 0.37}, {0.45, 0.14, 0.41}};

static double plogp(double p)
{
    return p > 0 ? p * log(p) : 0;
}

/* Stationary law by 400 steps of the chain. */
static void stationary(double law[V])
{
    for (int x = 0; x < V; x++) {
        law[x] = 1.0 / V;
    }
    for (int step = 0; step < 400; step++) {
        double next[V] = {0};
        for (int x = 0; x < V; x++) {
            for (int y = 0; y < V; y++) {
                next[y] += law[x] * transition[x][y];
            }
        }
        for (int x = 0; x < V; x++) {
            law[x] = next[x];
        }
    }
}

static mi_gaps *gaps_of_chain(size_t count)
{
    double law[V], power[V][V] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    mi_gaps *gaps = NULL;
    double entropy = 0;
    stationary(law);
    for (int x = 0; x < V; x++) {
        entropy -= plogp(law[x]);
    }
    assert_int_equal(mi_gaps_create(entropy, count, &gaps, NULL), MI_OK);
    for (size_t g = 0; g < count; g++) {
        double next[V][V] = {{0}}, sum = 0;
        for (int x = 0; x < V; x++) {
            for (int y = 0; y < V; y++) {
                for (int z = 0; z < V; z++) {
                    next[x][z] += power[x][y] * transition[y][z];
                }
            }
        }
        for (int x = 0; x < V; x++) {
            for (int y = 0; y < V; y++) {
                power[x][y] = next[x][y];
                sum -= law[x] * plogp(next[x][y]);
            }
        }
        gaps->conditional[g] = sum;
    }
    return gaps;
}

/* H of the sites in `subset` by summing the probabilities of all configurations. */
static double subset_entropy(unsigned subset)
{
    double law[V], marginal[CONFIGURATIONS] = {0}, entropy = 0;
    stationary(law);
    for (int c = 0; c < CONFIGURATIONS; c++) {
        int x[L], rest = c, key = 0;
        for (int i = 0; i < L; i++, rest /= V) {
            x[i] = rest % V;
        }
        double p = law[x[0]];
        for (int i = 1; i < L; i++) {
            p *= transition[x[i - 1]][x[i]];
        }
        for (int i = 0; i < L; i++) {
            key = key * V + ((subset >> i & 1u) ? x[i] : 0);
        }
        marginal[key] += p;
    }
    for (int c = 0; c < CONFIGURATIONS; c++) {
        entropy -= plogp(marginal[c]);
    }
    return entropy;
}

static void finite_profile_equals_enumeration(void **state)
{
    (void)state;
    double total[L] = {0}, entropy[1u << L], profile[L];
    int count[L] = {0};
    for (unsigned subset = 0; subset < 1u << L; subset++) {
        entropy[subset] = subset_entropy(subset);
    }
    for (unsigned subset = 0; subset < 1u << L; subset++) {
        for (unsigned i = 0; i < L; i++) {
            if (!(subset >> i & 1u)) {
                int k = __builtin_popcount(subset);
                total[k] += entropy[subset | 1u << i] - entropy[subset];
                count[k]++;
            }
        }
    }
    mi_gaps *gaps = gaps_of_chain(L - 1);
    mi_gaps_profile(gaps, L, profile);
    for (int k = 0; k < L; k++) {
        assert_near(profile[k], total[k] / count[k], 1e-12);
    }
    assert_near(mi_gaps_total(gaps, L), entropy[(1u << L) - 1], 1e-12);
    mi_gaps_destroy(gaps);
}

/* docs/theory.md, section 2.2, summed as it stands to gap 5000 in long double. */
static mi_rates direct_rates(const mi_gaps *gaps, double ratio)
{
    long double r = ratio, v = 1 - r, h = 0, joint = -gaps->conditional[0];
    for (int g = 1; g <= 5000; g++) {
        long double H = (size_t)g <= gaps->count ? gaps->conditional[g - 1] : gaps->entropy;
        h += 2 * v * powl(r, g - 1) * H;
        if (g >= 2) {
            h -= (g - 1) * v * v * powl(r, g - 2) * H;
        }
        joint += (r * r * powl(v, g - 1) + v * v * powl(r, g - 1)) * H;
    }
    return (mi_rates){gaps->entropy, (double)h, (double)joint};
}

static void rates_equal_the_sums_as_they_stand(void **state)
{
    (void)state;
    const double ratios[] = {0.01, 0.15, 0.5, 0.731, 0.97};
    mi_gaps *gaps = gaps_of_chain(60);
    for (int i = 0; i < 5; i++) {
        mi_rates rates, expected = direct_rates(gaps, ratios[i]);
        mi_gaps_rates(gaps, ratios[i], &rates);
        assert_near(rates.entropy, expected.entropy, 0);
        assert_near(rates.conditional_entropy, expected.conditional_entropy,
                    1e-13 * expected.conditional_entropy);
        assert_near(rates.joint_information, expected.joint_information,
                    1e-13 * expected.joint_information);
    }
    mi_gaps_destroy(gaps);
}

/* r = 0: both neighbours visible, H_1 + H_1 - H_2. r = 1: nothing visible. */
static void rates_at_the_ends(void **state)
{
    (void)state;
    mi_gaps *gaps = gaps_of_chain(60);
    mi_rates rates;
    mi_gaps_rates(gaps, 0, &rates);
    assert_near(rates.conditional_entropy, 2 * gaps->conditional[0] - gaps->conditional[1], 1e-15);
    assert_near(rates.joint_information, 0, 0);
    mi_gaps_rates(gaps, 1, &rates);
    assert_near(rates.conditional_entropy, gaps->entropy, 0);
    assert_near(rates.joint_information, 0, 0);
    mi_gaps_destroy(gaps);
}

/* A long chain under Bernoulli masks, mixed over its profile, differs from the infinite one only by
 * its two ends: h differs by O(correlation length / length). Richardson's extrapolation of lengths
 * n and 2n removes that term. */
static double bernoulli_mean(const mi_gaps *gaps, size_t length, double ratio)
{
    double *profile = malloc(length * sizeof *profile);
    double mean = 0, n = (double)(length - 1);
    mi_gaps_profile(gaps, length, profile);
    for (size_t j = 0; j < length; j++) {
        double k = (double)j;
        double log_weight = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(1 - ratio) +
                            (n - k) * log(ratio);
        mean += exp(log_weight) * profile[j];
    }
    free(profile);
    return mean;
}

static void long_chains_approach_the_infinite_one(void **state)
{
    (void)state;
    mi_gaps *gaps = gaps_of_chain(60);
    for (int i = 1; i <= 4; i++) {
        double ratio = 0.2 * i;
        mi_rates rates;
        mi_gaps_rates(gaps, ratio, &rates);
        double limit = 2 * bernoulli_mean(gaps, 1200, ratio) - bernoulli_mean(gaps, 600, ratio);
        assert_near(limit, rates.conditional_entropy, 1e-10);
    }
    mi_gaps_destroy(gaps);
}

static void joint_rate_is_symmetric_and_h_monotone(void **state)
{
    (void)state;
    mi_gaps *gaps = gaps_of_chain(60);
    double before = 0;
    for (int i = 0; i <= 50; i++) {
        mi_rates low, high;
        mi_gaps_rates(gaps, 0.02 * i, &low);
        mi_gaps_rates(gaps, 1 - 0.02 * i, &high);
        assert_near(low.joint_information, high.joint_information, 1e-15);
        assert_true(low.conditional_entropy > before);
        before = low.conditional_entropy;
    }
    mi_gaps_destroy(gaps);
}

/* The chain rule: the profile sums to H(X_1..X_L), at a length where binomials overflow doubles. */
static void long_profile_sums_to_the_total(void **state)
{
    (void)state;
    enum { LENGTH = 20000 };
    mi_gaps *gaps = gaps_of_chain(60);
    double *profile = malloc(LENGTH * sizeof *profile);
    long double sum = 0;
    mi_gaps_profile(gaps, LENGTH, profile);
    for (int k = 0; k < LENGTH; k++) {
        sum += profile[k];
        assert_true(k == 0 || profile[k] <= profile[k - 1]);
    }
    assert_near((double)sum / LENGTH, mi_gaps_total(gaps, LENGTH) / LENGTH, 1e-13);
    free(profile);
    mi_gaps_destroy(gaps);
}

/* Two sites: h_0 = H, h_1 = H_1. One site: h_0 = H. */
static void shortest_sequences(void **state)
{
    (void)state;
    mi_gaps *gaps = gaps_of_chain(60);
    double profile[2];
    mi_gaps_profile(gaps, 2, profile);
    assert_near(profile[0], gaps->entropy, 0);
    assert_near(profile[1], gaps->conditional[0], 1e-15);
    mi_gaps_profile(gaps, 1, profile);
    assert_near(profile[0], gaps->entropy, 0);
    mi_gaps_destroy(gaps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finite_profile_equals_enumeration),
        cmocka_unit_test(rates_equal_the_sums_as_they_stand),
        cmocka_unit_test(rates_at_the_ends),
        cmocka_unit_test(long_chains_approach_the_infinite_one),
        cmocka_unit_test(joint_rate_is_symmetric_and_h_monotone),
        cmocka_unit_test(long_profile_sums_to_the_total),
        cmocka_unit_test(shortest_sequences),
    };
    mi_start();
    return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
