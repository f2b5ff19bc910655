/* The first-order models, mixing and markov: closed forms, each other, Bayes' rule, bad values. */
#include "brute_force.h"

#include <gsl/gsl_randist.h>

enum { STATES = 5 };

static mi_model *mixing(size_t vocab, double rho, double zipf, size_t length)
{
    mi_values *values = values_for("mixing");
    value_of(values, "vocab")->integer = (long long)vocab;
    value_of(values, "rho")->real = rho;
    value_of(values, "zipf")->real = zipf;
    value_of(values, "length")->integer = (long long)length;
    return model_of("mixing", values);
}

static mi_values *markov_values(const double *rows, size_t states, size_t length)
{
    mi_values *values = values_for("markov");
    mi_matrix *matrix = &value_of(values, "transition")->matrix;
    matrix->rows = matrix->columns = states;
    matrix->values = malloc(states * states * sizeof *rows);
    memcpy(matrix->values, rows, states * states * sizeof *rows);
    value_of(values, "length")->integer = (long long)length;
    return values;
}

static mi_values *random_values(size_t vocab, double concentration, size_t length)
{
    mi_values *values = values_for("markov");
    mi_value *random = value_of(values, "random");
    assert_int_equal(mi_values_create(random->parameter->group, &random->group, NULL), MI_OK);
    value_of(random->group, "vocab")->integer = (long long)vocab;
    value_of(random->group, "concentration")->real = concentration;
    value_of(values, "length")->integer = (long long)length;
    return values;
}

static mi_model *random_markov(size_t vocab, double concentration, size_t length)
{
    return model_of("markov", random_values(vocab, concentration, length));
}

static void zipf_law(size_t vocab, double exponent, double *law)
{
    double sum = 0;
    for (size_t u = 0; u < vocab; u++) {
        law[u] = pow((double)(u + 1), -exponent);
        sum += law[u];
    }
    for (size_t u = 0; u < vocab; u++) {
        law[u] /= sum;
    }
}

/* The mixing chain's matrix, row-major, as a markov model. */
static mi_model *mixing_as_markov(size_t vocab, double rho, double zipf, size_t length)
{
    double *law = malloc(vocab * sizeof *law), *rows = malloc(vocab * vocab * sizeof *rows);
    zipf_law(vocab, zipf, law);
    for (size_t u = 0; u < vocab; u++) {
        for (size_t x = 0; x < vocab; x++) {
            rows[u * vocab + x] = (1 - rho) * law[x] + (u == x ? rho : 0);
        }
    }
    mi_model *model = model_of("markov", markov_values(rows, vocab, length));
    free(law);
    free(rows);
    return model;
}

static mi_rates *rates_of(const mi_model *model, const double *ratios, size_t count)
{
    mi_run run = support_run(1);
    mi_rates *rates = NULL;
    mi_status status = {.code = MI_OK};
    size_t replicates = 0;
    if (model->class->rates(model->state, ratios, count, &run, &rates, &replicates, &status) !=
        MI_OK) {
        fail_msg("%s", status.message);
    }
    assert_int_equal(replicates, 1);
    return rates;
}

static void mixing_equals_markov_on_finite_sequences(void **state)
{
    (void)state;
    enum { LENGTH = 9 };
    double closed[LENGTH], general[LENGTH];
    mi_model *a = mixing(STATES, 0.7, 1.3, LENGTH), *b = mixing_as_markov(STATES, 0.7, 1.3, LENGTH);
    exact_profile(a, closed);
    exact_profile(b, general);
    for (int k = 0; k < LENGTH; k++) {
        assert_near(closed[k], general[k], 1e-13);
    }
    mi_model_destroy(a);
    mi_model_destroy(b);
}

/* Memory over thousands of gaps: several units of work and several looks at convergence. */
static void mixing_equals_markov_on_infinite_sequences(void **state)
{
    (void)state;
    const double ratios[] = {0.03, 0.15, 0.4, 0.75, 0.99};
    mi_model *a = mixing(STATES, 0.995, 1.3, 0), *b = mixing_as_markov(STATES, 0.995, 1.3, 0);
    mi_rates *closed = rates_of(a, ratios, 5), *general = rates_of(b, ratios, 5);
    for (int i = 0; i < 5; i++) {
        assert_near(closed[i].entropy, general[i].entropy, 1e-13);
        assert_near(closed[i].conditional_entropy, general[i].conditional_entropy, 1e-12);
        assert_near(closed[i].joint_information, general[i].joint_information, 1e-12);
    }
    free(closed);
    free(general);
    mi_model_destroy(a);
    mi_model_destroy(b);
}

/* H(X_1 | X_0) of the mixing chain as it stands, with one sum over the symbols. */
static double conditional_entropy_sum(size_t vocab, double rho, double zipf)
{
    double *law = malloc(vocab * sizeof *law);
    long double logs = 0, sum = 0;
    zipf_law(vocab, zipf, law);
    for (size_t u = vocab; u-- > 0;) {
        logs += law[u] * logl(law[u]);
    }
    for (size_t u = vocab; u-- > 0;) {
        long double fresh = (1 - (long double)rho), p = law[u], stay = rho + fresh * p;
        sum -= p * stay * logl(stay);
        sum -= p * fresh * ((1 - p) * logl(fresh) + logs - p * logl(p));
    }
    free(law);
    return (double)sum;
}

/* The rule that replaces sums over symbols, on both sides of its block size and far beyond. */
static void sums_over_symbols_are_exact(void **state)
{
    (void)state;
    const size_t vocabularies[] = {2, 40, 1000, 30000, 1000000};
    const double exponents[] = {0, 0.4, 1, 2.7, 10}, rhos[] = {0.97, 0.5, 0.02, 1e-5};
    for (int v = 0; v < 5; v++) {
        for (int e = 0; e < 5; e++) {
            for (int r = 0; r < (vocabularies[v] > 30000 ? 1 : 4); r++) {
                mi_model *model = mixing(vocabularies[v], rhos[r], exponents[e], 2);
                double profile[2];
                double expected = conditional_entropy_sum(vocabularies[v], rhos[r], exponents[e]);
                exact_profile(model, profile);
                assert_near(profile[1], expected, 1e-13 * fmax(1, expected));
                mi_model_destroy(model);
            }
        }
    }
}

/* H_g of the uniform mixing chain in elementary form, summed as docs/theory.md, section 2.2, says.
 */
static double uniform_rate(double vocab, double rho, double r)
{
    double h = 0;
    for (int g = 1; g <= 6000; g++) {
        double lambda = pow(rho, g), p = lambda + (1 - lambda) / vocab, q = (1 - lambda) / vocab;
        double gap = -p * log(p) - (vocab - 1) * q * log(q);
        h += 2 * (1 - r) * pow(r, g - 1) * gap;
        h -= g < 2 ? 0 : (g - 1) * (1 - r) * (1 - r) * pow(r, g - 2) * gap;
    }
    return h;
}

static void uniform_mixing_has_its_known_values(void **state)
{
    (void)state;
    double ratios[99], best = 0, optimum = 0;
    for (int i = 0; i < 99; i++) {
        ratios[i] = 0.01 * (i + 1);
    }
    mi_model *model = mixing(27, 0.9, 0, 0);
    mi_rates *rates = rates_of(model, ratios, 99);
    for (int i = 0; i < 99; i++) {
        double objective = ratios[i] * (rates[i].entropy - rates[i].conditional_entropy);
        assert_near(rates[i].entropy, log(27), 1e-14);
        assert_near(rates[i].conditional_entropy, uniform_rate(27, 0.9, ratios[i]), 1e-12);
        if (objective > best) {
            best = objective;
            optimum = ratios[i];
        }
    }
    assert_near(optimum, 0.78, 1e-9); /* of an independent prototype */
    free(rates);
    mi_model_destroy(model);
}

static void joint_is_symmetric_and_entropy_monotone(const mi_model *model)
{
    double ratios[41];
    for (int i = 0; i <= 40; i++) {
        ratios[i] = 0.025 * i;
    }
    mi_rates *rates = rates_of(model, ratios, 41);
    for (int i = 0; i <= 40; i++) {
        assert_near(rates[i].joint_information, rates[40 - i].joint_information, 1e-12);
        assert_true(rates[i].joint_information >= 0);
        assert_true(i == 0 || rates[i].conditional_entropy > rates[i - 1].conditional_entropy);
        assert_true(rates[i].joint_information <= rates[20].joint_information);
    }
    free(rates);
}

static void infinite_chains_obey_the_theory(void **state)
{
    (void)state;
    const size_t vocabularies[] = {2, 27, 30000, 1000000};
    for (int v = 0; v < 4; v++) {
        mi_model *model = mixing(vocabularies[v], 0.9, 1, 0);
        joint_is_symmetric_and_entropy_monotone(model);
        mi_model_destroy(model);
    }
    mi_model *model = random_markov(70, 0.1, 0);
    joint_is_symmetric_and_entropy_monotone(model);
    mi_model_destroy(model);
}

/* Independent sites: no information at any ratio. */
static void no_memory_no_information(void **state)
{
    (void)state;
    const double ratio = 0.3;
    mi_model *models[] = {mixing(40, 0, 1, 0), mixing_as_markov(40, 0, 1, 0)};
    for (int i = 0; i < 2; i++) {
        mi_rates *rates = rates_of(models[i], &ratio, 1);
        assert_near(rates->conditional_entropy, rates->entropy, 1e-14);
        assert_near(rates->joint_information, 0, 1e-14);
        free(rates);
        mi_model_destroy(models[i]);
    }
}

/* More states than one block of rows, so that the blocks' sums are put together. */
static void conditional_entropy_of_a_large_random_chain(void **state)
{
    (void)state;
    enum { LARGE = 150 };
    double rows[LARGE * LARGE], law[LARGE], next[LARGE], profile[2], expected = 0;
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (int i = 0; i < LARGE; i++) {
        double sum = 0;
        for (int j = 0; j < LARGE; j++) {
            rows[i * LARGE + j] = gsl_ran_gamma(stream, 0.3, 1);
            sum += rows[i * LARGE + j];
        }
        for (int j = 0; j < LARGE; j++) {
            rows[i * LARGE + j] /= sum;
        }
        law[i] = 1.0 / LARGE;
    }
    gsl_rng_free(stream);
    for (int step = 0; step < 200; step++) {
        memset(next, 0, sizeof next);
        for (int i = 0; i < LARGE * LARGE; i++) {
            next[i % LARGE] += law[i / LARGE] * rows[i];
        }
        memcpy(law, next, sizeof law);
    }
    for (int i = 0; i < LARGE * LARGE; i++) {
        expected -= rows[i] > 0 ? law[i / LARGE] * rows[i] * log(rows[i]) : 0;
    }
    mi_model *model = model_of("markov", markov_values(rows, LARGE, 2));
    exact_profile(model, profile);
    assert_near(profile[1], expected, 1e-12);
    mi_model_destroy(model);
}

/* The same bits on one thread and on two. */
static void threads_do_not_change_rates(void **state)
{
    (void)state;
    const double ratio = 0.6;
    mi_model *models[] = {random_markov(150, 0.3, 0), mixing(500, 0.99, 1, 0)};
    for (int i = 0; i < 2; i++) {
        mi_run run = support_run(1);
        mi_rates *two = rates_of(models[i], &ratio, 1), *one = NULL;
        size_t replicates = 0;
        run.threads = 1;
        assert_int_equal(
            models[i]->class->rates(models[i]->state, &ratio, 1, &run, &one, &replicates, NULL),
            MI_OK);
        assert_memory_equal(one, two, sizeof *one);
        free(one);
        free(two);
        mi_model_destroy(models[i]);
    }
}

static void total_entropy_is_the_sum_of_the_profile(void **state)
{
    (void)state;
    enum { LENGTH = 30 };
    mi_model *models[] = {mixing(300, 0.8, 1.1, LENGTH), random_markov(20, 0.2, LENGTH)};
    for (int i = 0; i < 2; i++) {
        double profile[LENGTH], sum = 0, marginal = 0, total = 0;
        exact_profile(models[i], profile);
        for (int k = 0; k < LENGTH; k++) {
            sum += profile[k];
        }
        assert_int_equal(
            models[i]->class->known_entropies(models[i]->state, &marginal, &total, NULL), MI_OK);
        assert_near(total, sum, 1e-11);
        assert_near(marginal, profile[0], 1e-13);
        mi_model_destroy(models[i]);
    }
    mi_model *infinite = mixing(27, 0.9, 0, 0);
    double marginal, total;
    assert_int_equal(infinite->class->known_entropies(infinite->state, &marginal, &total, NULL),
                     MI_NUMERIC);
    mi_model_destroy(infinite);
}

/* A chain with a forbidden step. */
static const double small_rows[9] = {0.5, 0.3, 0.2, 0, 0.6, 0.4, 0.6, 0.1, 0.3};

static void small_law(double law[3])
{
    /* Cofactors of I - P along its diagonal, normalised (Markov chain tree theorem). */
    const double *p = small_rows;
    double c[3] = {(1 - p[4]) * (1 - p[8]) - p[5] * p[7], (1 - p[0]) * (1 - p[8]) - p[2] * p[6],
                   (1 - p[0]) * (1 - p[4]) - p[1] * p[3]};
    for (int i = 0; i < 3; i++) {
        law[i] = c[i] / (c[0] + c[1] + c[2]);
    }
}

static double small_probability(const size_t *symbols, const void *context)
{
    double law[3];
    small_law(law);
    double p = law[symbols[0]];
    for (size_t i = 1; i < *(const size_t *)context; i++) {
        p *= small_rows[symbols[i - 1] * 3 + symbols[i]];
    }
    return p;
}

static double mixing_probability(const size_t *symbols, const void *context)
{
    double law[3];
    zipf_law(3, 1.3, law);
    double p = law[symbols[0]];
    for (size_t i = 1; i < *(const size_t *)context; i++) {
        p *= 0.4 * law[symbols[i]] + (symbols[i] == symbols[i - 1] ? 0.6 : 0);
    }
    return p;
}

static void markov_posterior_is_bayes_rule(void **state)
{
    (void)state;
    size_t length = 5;
    double profile[5], expected[5];
    mi_model *model = model_of("markov", markov_values(small_rows, 3, length));
    table t = table_of(3, length, small_probability, &length);
    check_posterior(model, &t);
    exact_profile(model, profile);
    profile_of(&t, expected);
    for (int k = 0; k < 5; k++) {
        assert_near(profile[k], expected[k], 1e-12);
    }
    free(t.p);
    mi_model_destroy(model);
}

static void mixing_posterior_is_bayes_rule(void **state)
{
    (void)state;
    size_t length = 5;
    mi_model *model = mixing(3, 0.6, 1.3, length);
    table t = table_of(3, length, mixing_probability, &length);
    check_posterior(model, &t);
    free(t.p);
    mi_model_destroy(model);
}

static void posterior_averages_to_the_exact_profile(void **state)
{
    (void)state;
    enum { LENGTH = 14 };
    mi_model *models[] = {mixing(50, 0.8, 1, LENGTH), random_markov(6, 0.3, LENGTH)};
    for (int i = 0; i < 2; i++) {
        double profile[LENGTH];
        exact_profile(models[i], profile);
        check_sampled(models[i], profile, 0, 4000);
        check_sampled(models[i], profile, 4, 4000);
        check_sampled(models[i], profile, 12, 4000);
        mi_model_destroy(models[i]);
    }
}

/* The same seed gives the same rows, another seed others; each row is a distribution. */
static void random_rows_come_from_the_seed(void **state)
{
    (void)state;
    double profile[3];
    for (int i = 0; i < 3; i++) {
        mi_run run = support_run(i == 2 ? 8 : 3);
        mi_values *values = random_values(12, 0.5, 2);
        mi_model *model = NULL;
        double both[2];
        assert_int_equal(mi_model_create(mi_model_find("markov"), values, &run, &model, NULL),
                         MI_OK);
        exact_profile(model, both);
        profile[i] = both[1];
        mi_values_destroy(values);
        mi_model_destroy(model);
    }
    assert_near(profile[1], profile[0], 0);
    assert_true(fabs(profile[2] - profile[0]) > 1e-3);
}

static void bad_matrices_are_refused(void **state)
{
    (void)state;
    const double short_row[] = {0.5, 0.5, 0, 0.25, 0.5, 0.25, 0.3, 0.3, 0.3};
    const double negative[] = {0.5, 0.5, 1.25, -0.25};
    const double absorbing[] = {0.5, 0.25, 0.25, 0, 1, 0, 0, 0.5, 0.5};
    const double transient[] = {0.5, 0.5, 0, 0.5, 0.5, 0, 0.2, 0.3, 0.5};
    const double cycle[] = {0, 1, 0, 0, 0, 1, 1, 0, 0};
    const double bipartite[] = {0, 0, 0.3, 0.7, 0, 0, 0.6, 0.4, 0.5, 0.5, 0, 0, 0.1, 0.9, 0, 0};
    check_refused("markov", markov_values(short_row, 3, 0), "transition[2]",
                  "sums to 0.9; a row must sum to 1 within 1e-09");
    check_refused("markov", markov_values(negative, 2, 0), "transition[1][0]",
                  "is 1.25; it must be in [0, 1]");
    check_refused("markov", markov_values(absorbing, 3, 0), "transition",
                  "state 0 can not be reached from state 1");
    check_refused("markov", markov_values(transient, 3, 0), "transition",
                  "state 2 can not be reached from state 0");
    check_refused("markov", markov_values(cycle, 3, 0), "transition", "period 3");
    check_refused("markov", markov_values(bipartite, 4, 0), "transition", "period 2");
    check_refused("markov", markov_values(short_row, 1, 0), "transition", "has 1 states");
    check_refused("markov", markov_values(small_rows, 3, 1), "length", "is 1");
}

static void a_matrix_must_be_square(void **state)
{
    (void)state;
    mi_values *values = markov_values(small_rows, 3, 0);
    value_of(values, "transition")->matrix.rows = 2;
    check_refused("markov", values, "transition", "2 rows and 3 columns");
}

static void exactly_one_source_is_needed(void **state)
{
    (void)state;
    mi_values *neither = values_for("markov"), *both = random_values(5, 1, 0);
    value_of(neither, "length")->integer = 0;
    check_refused("markov", neither, "transition", "missing");
    value_of(both, "transition");
    check_refused("markov", both, "transition", "exactly one");
}

/* Entries that miss a row sum of 1 by less than the tolerance are made to sum to 1. */
static void rows_are_normalized(void **state)
{
    (void)state;
    double rows[9], profile[2], expected[2];
    for (int i = 0; i < 9; i++) {
        rows[i] = small_rows[i] * (1 - 4e-10);
    }
    mi_model *scaled = model_of("markov", markov_values(rows, 3, 2));
    mi_model *model = model_of("markov", markov_values(small_rows, 3, 2));
    exact_profile(scaled, profile);
    exact_profile(model, expected);
    assert_near(profile[1], expected[1], 1e-15);
    mi_model_destroy(scaled);
    mi_model_destroy(model);
}

static void too_long_a_memory_is_refused(void **state)
{
    (void)state;
    mi_values *values = values_for("mixing");
    value_of(values, "vocab")->integer = 27;
    value_of(values, "rho")->real = 0.9999999;
    value_of(values, "zipf")->real = 0;
    value_of(values, "length")->integer = 0;
    check_refused("mixing", values, "rho", "must be at most 0.99999");
    mi_model *finite = mixing(27, 0.9999999, 0, 100);
    double profile[100];
    exact_profile(finite, profile);
    assert_true(profile[99] > 0 && profile[99] < profile[1]);
    mi_model_destroy(finite);
}

/* A chain that nearly never leaves its two halves does not converge within the table. */
static void too_slow_a_chain_says_so(void **state)
{
    (void)state;
    const double sticky[] = {1 - 1e-7, 1e-7, 1e-7, 1 - 1e-7}, ratio = 0.5;
    mi_model *model = model_of("markov", markov_values(sticky, 2, 0));
    mi_run run = support_run(1);
    mi_rates *rates = NULL;
    mi_status status = {.code = MI_OK};
    size_t replicates = 0;
    assert_int_equal(
        model->class->rates(model->state, &ratio, 1, &run, &rates, &replicates, &status),
        MI_NUMERIC);
    assert_non_null(strstr(status.message, "mixes too slowly"));
    mi_model_destroy(model);
}

static void infinite_sequences_have_no_profile(void **state)
{
    (void)state;
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    mi_profile *profile = NULL;
    mi_model *models[] = {mixing(27, 0.9, 0, 0), random_markov(5, 1, 0)};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(models[i]->class->shape(models[i]->state).sites, 0);
        assert_int_equal(models[i]->class->profile(models[i]->state, 1, &run, &profile, &status),
                         MI_INPUT);
        assert_string_equal(status.place, "length");
        mi_model_destroy(models[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixing_equals_markov_on_finite_sequences),
        cmocka_unit_test(mixing_equals_markov_on_infinite_sequences),
        cmocka_unit_test(sums_over_symbols_are_exact),
        cmocka_unit_test(uniform_mixing_has_its_known_values),
        cmocka_unit_test(infinite_chains_obey_the_theory),
        cmocka_unit_test(no_memory_no_information),
        cmocka_unit_test(conditional_entropy_of_a_large_random_chain),
        cmocka_unit_test(threads_do_not_change_rates),
        cmocka_unit_test(total_entropy_is_the_sum_of_the_profile),
        cmocka_unit_test(markov_posterior_is_bayes_rule),
        cmocka_unit_test(mixing_posterior_is_bayes_rule),
        cmocka_unit_test(posterior_averages_to_the_exact_profile),
        cmocka_unit_test(random_rows_come_from_the_seed),
        cmocka_unit_test(bad_matrices_are_refused),
        cmocka_unit_test(a_matrix_must_be_square),
        cmocka_unit_test(exactly_one_source_is_needed),
        cmocka_unit_test(rows_are_normalized),
        cmocka_unit_test(too_long_a_memory_is_refused),
        cmocka_unit_test(too_slow_a_chain_says_so),
        cmocka_unit_test(infinite_sequences_have_no_profile),
    };
    mi_start();
    return cmocka_run_group_tests_name("chains", tests, NULL, NULL);
}
