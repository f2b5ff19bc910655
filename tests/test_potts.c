/* Potts field: exact sums against enumeration of all configurations, transfer matrices and the
 * chain rule. */
#include "potts_support.h"

#include "../src/models/potts.h"
#include "maskinfo/posterior.h"
#include "maskinfo/statistics.h"

static const potts_field small_fields[] = {
    {3, 4, 2, 0.41, 8, "exact", 0}, {3, 3, 3, 0.37, 8, "auto", 0}, {4, 3, 2, 0.83, 4, "auto", 0},
    {2, 5, 2, -0.6, 8, "exact", 0}, {1, 7, 3, 0.9, 8, "auto", 0},
};
enum { SMALL_FIELDS = sizeof small_fields / sizeof *small_fields };

/* --- every mask by Bayes' rule --- */

static void check_mask(const potts_field *f, const potts_law *law, potts_seat *seat, uint64_t key,
                       unsigned mask)
{
    unsigned char x[16], masked[16];
    double posterior[16 * 3], log_visible = 0, log_masked = 0, entropy = 0, cross = 0, total = 0;
    potts_drawn(seat->model, seat->scratch, seat->draw, key, x);
    unpack_mask(mask, masked);
    mi_mask_result result = potts_evaluated(seat->model, seat->scratch, seat->draw, key, masked);
    potts_bayes(law, x, mask, posterior, &log_visible, &log_masked);
    for (size_t i = 0; i < law->sites; i++) {
        for (size_t y = 0; masked[i] && y < law->states; y++) {
            double p = posterior[i * law->states + y];
            entropy -= p * log(p);
            cross -= y == x[i] ? log(p) : 0;
        }
        total += masked[i];
    }
    double joint =
        f->coupling * (double)potts_equal_pairs(f, x) - law->log_z - log_visible - log_masked;
    assert_near(result.conditional_entropy, entropy / total, 1e-10);
    assert_near(result.cross_entropy, cross / total, 1e-10);
    assert_near(result.joint_information, joint / (double)law->sites, 1e-10);
    assert_near(result.marginal_entropy, log((double)law->states), 1e-14);
}

static void test_every_mask(void **state)
{
    (void)state;
    for (size_t f = 0; f < SMALL_FIELDS; f++) {
        potts_law law = potts_enumerate(&small_fields[f]);
        potts_seat seat = potts_sit(&small_fields[f]);
        for (unsigned mask = 1; mask < 1u << law.sites; mask++) {
            check_mask(&small_fields[f], &law, &seat, mask % 3, mask);
        }
        potts_rise(&seat);
        potts_law_free(&law);
    }
}

/* The sweep itself: every posterior probability and sum of every mask. */
static void test_every_posterior(void **state)
{
    (void)state;
    for (size_t f = 0; f < SMALL_FIELDS; f++) {
        const potts_field *field = &small_fields[f];
        potts_law law = potts_enumerate(field);
        potts_seat seat = potts_sit(field);
        const mi_potts *potts = seat.model->state;
        mi_potts_sweep *sweep = NULL;
        double ours[16 * 3], truth[16 * 3], log_visible = 0, log_masked = 0;
        unsigned char hidden[16], x[16];
        assert_near(potts->log_z, law.log_z, 1e-10);
        assert_int_equal(mi_potts_sweep_create(potts->lattice, potts->frontier, field->states,
                                               field->coupling, &sweep, NULL),
                         MI_OK);
        potts_drawn(seat.model, seat.scratch, seat.draw, 5, x);
        for (unsigned mask = 1; mask < 1u << law.sites; mask += 3) {
            unpack_mask(mask, hidden);
            assert_int_equal(
                (mask % 2 ? mi_potts_sweep_hide : mi_potts_sweep_hide_plain)(sweep, hidden, NULL),
                MI_OK);
            mi_potts_sweep_observe(sweep, x);
            double log_sum = mi_potts_sweep_forward(sweep), inside = 0;
            mi_potts_sweep_backward(sweep, ours, NULL);
            potts_bayes(&law, x, mask, truth, &log_visible, &log_masked);
            for (size_t a = 0; a < law.sites; a++) {
                for (size_t b = a + 1; b < law.sites; b++) {
                    inside += !hidden[a] && !hidden[b] && x[a] == x[b] && potts_touch(field, a, b);
                }
                for (size_t y = 0; hidden[a] && y < law.states; y++) {
                    assert_near(ours[a * law.states + y], truth[a * law.states + y], 1e-10);
                }
            }
            assert_near(log_sum + field->coupling * inside - law.log_z, log_visible, 1e-10);
        }
        mi_potts_sweep_destroy(sweep);
        potts_rise(&seat);
        potts_law_free(&law);
    }
}

/* --- the profile --- */

static double subset_entropy(const potts_law *law, unsigned set, double *marginal)
{
    double entropy = 0;
    memset(marginal, 0, law->count * sizeof *marginal);
    for (size_t c = 0; c < law->count; c++) {
        size_t at = 0;
        for (unsigned rest = set; rest != 0; rest &= rest - 1) {
            at = at * law->states + law->symbols[c * law->sites + (size_t)__builtin_ctz(rest)];
        }
        marginal[at] += law->p[c];
    }
    for (size_t c = 0; c < law->count && marginal[c] > 0; c++) {
        entropy -= marginal[c] * log(marginal[c]);
    }
    return entropy;
}

/* h_k = F_{k+1} - F_k, F_k the mean of H(X_S) over the k-subsets. */
static void enumerated_profile(const potts_law *law, double *profile)
{
    double total[17] = {0}, count[17] = {0};
    double *marginal = malloc(law->count * sizeof *marginal);
    for (unsigned set = 0; set < 1u << law->sites; set++) {
        int k = __builtin_popcount(set);
        total[k] += subset_entropy(law, set, marginal);
        count[k]++;
    }
    for (size_t k = 0; k < law->sites; k++) {
        profile[k] = total[k + 1] / count[k + 1] - total[k] / count[k];
    }
    free(marginal);
}

static void test_profile(void **state)
{
    (void)state;
    for (size_t f = 0; f < SMALL_FIELDS; f++) {
        potts_law law = potts_enumerate(&small_fields[f]);
        mi_model *model = potts_model(&small_fields[f]);
        double truth[16], ours[16], marginal = 0, total = 0, sum = 0;
        enumerated_profile(&law, truth);
        exact_profile(model, ours);
        for (size_t k = 0; k < law.sites; k++) {
            assert_near(ours[k], truth[k], 1e-10);
            sum += truth[k];
        }
        assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL),
                         MI_OK);
        assert_near(total, sum, 1e-10);
        assert_near(marginal, truth[0], 1e-10);
        mi_model_destroy(model);
        potts_law_free(&law);
    }
}

/* Posterior Monte Carlo: each h_k, and the joint information at three ratios. */
static void test_monte_carlo(void **state)
{
    (void)state;
    enum { SAMPLES = 2000, N = 12 };
    mi_run run = support_run(3);
    mi_model *model = potts_model(&small_fields[0]);
    mi_profile *profile = NULL;
    double truth[N], mean[N], error[N], joints[SAMPLES];
    exact_profile(model, truth);
    assert_int_equal(mi_posterior_profile(model, SAMPLES, &run, &profile, NULL), MI_OK);
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    for (size_t k = 0; k < N; k++) {
        assert_near(mean[k], truth[k], 4 * error[k] + 1e-9);
    }
    for (size_t m = 3; m <= 9; m += 3) {
        double information = 0, value = 0, deviation = 0;
        for (size_t k = 0; k < N; k++) {
            information += truth[k] * ((k < m) + (k < N - m) - 1.0) / N;
        }
        assert_int_equal(mi_posterior_joint(model, (double)m / N, SAMPLES, &run, joints, NULL),
                         MI_OK);
        mi_mean_error(joints, 1, SAMPLES, &value, &deviation);
        assert_near(value, information, 4 * deviation);
    }
    mi_profile_destroy(profile);
    mi_model_destroy(model);
}

/* --- larger fields --- */

/* log Z by adding whole rows: v'[t] = sum_s v[s] e^{coupling * edges between rows s and t and
 * inside t}, two symbols. */
static double row_transfer(const potts_field *f)
{
    size_t size = (size_t)1 << f->columns;
    double *now = malloc(size * sizeof *now), *next = malloc(size * sizeof *next), log_z = 0;
    for (size_t row = 0; row < f->rows; row++) {
        double sum = 0;
        for (size_t t = 0; t < size; t++) {
            double inside = 0;
            for (size_t c = 0; c + 1 < f->columns; c++) {
                inside += (t >> c & 1) == (t >> (c + 1) & 1);
            }
            next[t] = row == 0 ? 1 : 0;
            for (size_t s = 0; row > 0 && s < size; s++) {
                size_t diagonal = size / 2 - 1; /* columns - 1 pairs to either side */
                int equal = __builtin_popcountll(~(s ^ t) & (size - 1));
                if (f->neighbors == 8) {
                    equal += __builtin_popcountll(~(s ^ t >> 1) & diagonal) +
                             __builtin_popcountll(~(t ^ s >> 1) & diagonal);
                }
                next[t] += now[s] * exp(f->coupling * equal);
            }
            next[t] *= exp(f->coupling * inside);
            sum += next[t];
        }
        log_z += log(sum);
        for (size_t t = 0; t < size; t++) {
            now[t] = next[t] / sum;
        }
    }
    free(now);
    free(next);
    return log_z;
}

static double log_z_of(size_t rows, size_t columns, double coupling, int neighbors)
{
    potts_field f = {rows, columns, 2, coupling, neighbors, "exact", 0};
    mi_model *model = potts_model(&f);
    double log_z = ((const mi_potts *)model->state)->log_z;
    mi_model_destroy(model);
    return log_z;
}

static void test_transfer_matrices(void **state)
{
    (void)state;
    const potts_field fields[] = {{40, 2, 2, 0.7, 8, "exact", 0},
                                  {9, 8, 2, 0.38, 8, "exact", 0},
                                  {30, 3, 2, -1.1, 4, "exact", 0},
                                  {8, 8, 2, 0.88, 4, "exact", 0}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const potts_field *f = &fields[i];
        double truth = row_transfer(f);
        assert_near(log_z_of(f->rows, f->columns, f->coupling, f->neighbors), truth, 1e-10 * truth);
        assert_near(log_z_of(f->columns, f->rows, f->coupling, f->neighbors), truth, 1e-10 * truth);
    }
}

/* A sum over the whole 14 x 14 field by the order chosen and by the plain sweep; by rows of the
 * 13 x 14 and by columns of the 14 x 13. */
static void test_directions(void **state)
{
    (void)state;
    potts_field f = {14, 14, 2, 0.36, 8, "exact", 0};
    mi_model *model = potts_model(&f);
    const mi_potts *potts = model->state;
    mi_potts_sweep *sweep = NULL;
    unsigned char all[196];
    memset(all, 1, sizeof all);
    assert_int_equal(potts->frontier, 15);
    assert_int_equal(
        mi_potts_sweep_create(potts->lattice, potts->frontier, 2, f.coupling, &sweep, NULL), MI_OK);
    assert_int_equal(mi_potts_sweep_hide_plain(sweep, all, NULL), MI_OK);
    mi_potts_sweep_observe(sweep, all);
    assert_near(mi_potts_sweep_forward(sweep), potts->log_z, 1e-9);
    mi_potts_sweep_destroy(sweep);
    mi_model_destroy(model);
    assert_near(log_z_of(13, 14, 0.36, 8), log_z_of(14, 13, 0.36, 8), 1e-9);
}

/* Chain rule at 14 x 14: reveal the sites in a random order; the log posteriors of the next one
 * add up to log p(x), from everything masked to one site masked. */
static void test_chain_rule(void **state)
{
    (void)state;
    potts_field f = {14, 14, 2, 0.36, 8, "exact", 0};
    potts_seat seat = potts_sit(&f);
    const mi_potts *potts = seat.model->state;
    mi_potts_sweep *sweep = NULL;
    unsigned char x[196], hidden[196];
    size_t order[196];
    double posterior[2 * 196], sum = 0;
    potts_drawn(seat.model, seat.scratch, seat.draw, 1, x);
    mi_random_order(seat.draw, order, 196);
    memset(hidden, 1, sizeof hidden);
    assert_int_equal(
        mi_potts_sweep_create(potts->lattice, potts->frontier, 2, f.coupling, &sweep, NULL), MI_OK);
    for (size_t k = 0; k < 196; k++) {
        assert_int_equal(mi_potts_sweep_hide(sweep, hidden, NULL), MI_OK);
        mi_potts_sweep_observe(sweep, x);
        mi_potts_sweep_forward(sweep);
        mi_potts_sweep_backward(sweep, posterior, NULL);
        for (size_t i = k; i < 196; i++) {
            const double *p = posterior + 2 * order[i];
            assert_near(p[0] + p[1], 1, 1e-13);
            assert_near(p[0], k == 0 ? 0.5 : p[0], 1e-12);
        }
        sum += log(posterior[2 * order[k] + x[order[k]]]);
        hidden[order[k]] = 0;
    }
    assert_near(sum, f.coupling * (double)potts_equal_pairs(&f, x) - potts->log_z, 1e-9);
    mi_potts_sweep_destroy(sweep);
    potts_rise(&seat);
}

/* At the largest coupling that is allowed either way nothing leaves the finite numbers, and the
 * joint information of a mask and of its complement agree. */
static void test_extreme_couplings(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        potts_field f = {14, 14, 2, sign * 5.46, 8, "exact", 0};
        potts_seat seat = potts_sit(&f);
        unsigned char masked[196], others[196];
        for (size_t i = 0; i < 196; i++) {
            masked[i] = i * 7 % 10 < 6;
            others[i] = !masked[i];
        }
        mi_mask_result a = potts_evaluated(seat.model, seat.scratch, seat.draw, 3, masked),
                       b = potts_evaluated(seat.model, seat.scratch, seat.draw, 3, others);
        assert_true(isfinite(a.cross_entropy) && isfinite(b.cross_entropy));
        assert_near(a.joint_information, b.joint_information, 1e-10);
        potts_rise(&seat);
    }
}

/* --- samples --- */

static void test_sample_frequencies(void **state)
{
    (void)state;
    enum { DRAWS = 40000 };
    potts_field f = {3, 3, 2, 0.41, 8, "exact", 0};
    potts_law law = potts_enumerate(&f);
    potts_seat seat = potts_sit(&f);
    double *counts = calloc(law.count, sizeof *counts), squares = 0;
    for (uint64_t key = 0; key < DRAWS; key++) {
        unsigned char x[9];
        size_t at = 0;
        potts_drawn(seat.model, seat.scratch, seat.draw, key, x);
        for (size_t i = 9; i-- > 0;) {
            at = at * 2 + x[i];
        }
        counts[at]++;
    }
    for (size_t c = 0; c < law.count; c++) {
        double expected = law.p[c] * DRAWS;
        squares += (counts[c] - expected) * (counts[c] - expected) / expected;
    }
    /* Pearson's statistic has mean 511 and variance 2 * 511 + sum(1/p - ...)/DRAWS; small cells
     * widen it by the second term. */
    double inverse = 0, cells = (double)law.count;
    for (size_t c = 0; c < law.count; c++) {
        inverse += 1 / law.p[c];
    }
    double variance = 2 * (cells - 1) + (inverse - cells * cells - 2 * cells + 2) / DRAWS;
    assert_near(squares, cells - 1, 4 * sqrt(variance));
    free(counts);
    potts_rise(&seat);
    potts_law_free(&law);
}

/* Energy of 14 x 14 samples against log Z - entropy = coupling * <equal edges>. */
static void test_sample_energy(void **state)
{
    (void)state;
    potts_field f = {14, 14, 2, 0.36, 8, "exact", 0};
    potts_seat seat = potts_sit(&f);
    const mi_potts *potts = seat.model->state;
    sample energy = {0, 0, 0}, center = {0, 0, 0};
    for (uint64_t key = 0; key < 1000; key++) {
        unsigned char x[196];
        potts_drawn(seat.model, seat.scratch, seat.draw, key, x);
        sample_add(&energy, f.coupling * (double)potts_equal_pairs(&f, x));
        sample_add(&center, x[90]);
    }
    sample_check(&energy, potts->log_z - potts->entropy, "energy");
    sample_check(&center, 0.5, "symbol");
    potts_rise(&seat);
}

/* One key names one configuration, whatever was drawn or masked before, in any scratch. */
static void test_draw_protocol(void **state)
{
    (void)state;
    potts_field f = {6, 6, 3, 0.5, 8, "exact", 0};
    potts_seat seat = potts_sit(&f), other = potts_sit(&f);
    unsigned char x[36], y[36], masked[36] = {0};
    potts_drawn(seat.model, seat.scratch, seat.draw, 1, x);
    masked[7] = 1;
    potts_evaluated(other.model, other.scratch, other.draw, 2, masked);
    mi_mask_result a = potts_evaluated(other.model, other.scratch, other.draw, 1, masked),
                   b = potts_evaluated(seat.model, seat.scratch, seat.draw, 1, masked);
    potts_drawn(other.model, other.scratch, other.draw, 1, y);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_equal(&a, &b, sizeof a);
    potts_drawn(other.model, other.scratch, other.draw, 2, y);
    assert_memory_not_equal(x, y, sizeof x);
    potts_rise(&seat);
    potts_rise(&other);
}

/* --- bad input --- */

static void test_refusals(void **state)
{
    (void)state;
    const struct {
        potts_field field;
        const char *place, *words;
    } cases[] = {
        {{16, 16, 2, 0.3, 8, "exact", 0},
         "grid",
         "frontier of 17 sites has 2^17 = 1.311e+05 states (at most 65536)"},
        {{20, 20, 3, 0.3, 4, "exact", 0}, "grid", "frontier of 20 sites"},
        {{1000, 10, 2, 0.3, 8, "exact", 0}, "grid", "156.2 MiB per thread (at most 128 MiB)"},
        {{20, 20, 2, 0.3, 8, "exact", 0}, "grid", "\"gibbs\" or \"belief\""},
        {{1, 1, 2, 0.3, 8, "auto", 0}, "grid", "[1, 1]"},
        {{0, 5, 2, 0.3, 8, "auto", 0}, "grid", "[0, 5]"},
        {{1000, 1000, 2, 0.3, 8, "auto", 0}, "grid", "65536"},
        {{14, 14, 2, 0.3, 5, "auto", 0}, "neighbors", "5 is neither 4 nor 8"},
        {{14, 14, 1, 0.3, 8, "auto", 0}, "states", "[2, 64]"},
        {{14, 14, 65, 0.3, 8, "auto", 0}, "states", "[2, 64]"},
        {{14, 14, 2, 5.5, 8, "auto", 0}, "coupling", "[-5.469, 5.469]"},
        {{14, 14, 2, -6, 8, "auto", 0}, "coupling", "-6 overflows"},
        {{14, 14, 2, NAN, 8, "gibbs", 0}, "coupling", "[-36, 36]"},
        {{14, 14, 2, 37, 8, "gibbs", 0}, "coupling", "[-36, 36]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_refused("potts", potts_values(&cases[i].field), cases[i].place, cases[i].words);
    }
}

static void test_enumeration_refused(void **state)
{
    (void)state;
    potts_field f = {5, 5, 2, 0.3, 8, "exact", 0};
    mi_model *model = potts_model(&f);
    mi_status status = {.code = MI_OK};
    assert_int_equal(model->class->exact_allowed(model->state, &status), MI_INPUT);
    assert_non_null(strstr(status.message, "posterior"));
    mi_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mask),
        cmocka_unit_test(test_every_posterior),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_monte_carlo),
        cmocka_unit_test(test_transfer_matrices),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_chain_rule),
        cmocka_unit_test(test_extreme_couplings),
        cmocka_unit_test(test_sample_frequencies),
        cmocka_unit_test(test_sample_energy),
        cmocka_unit_test(test_draw_protocol),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_enumeration_refused),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
