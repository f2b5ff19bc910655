/* The linear rule and the enumeration of small models. */
#include "brute_force.h"

#include "../src/models/enumerate.h"

static mi_values *parity_values(size_t modulus, size_t order, double noise, size_t length)
{
    mi_values *values = values_for("parity");
    value_of(values, "modulus")->integer = (long long)modulus;
    value_of(values, "order")->integer = (long long)order;
    value_of(values, "noise")->real = noise;
    value_of(values, "length")->integer = (long long)length;
    return values;
}

static mi_model *parity(size_t modulus, size_t order, double noise, size_t length)
{
    return model_of("parity", parity_values(modulus, order, noise, length));
}

/* A distribution without any structure: p(x) ~ a quadratic residue of the index. */
static double arbitrary(const size_t *symbols, const void *context)
{
    const double *sum = context;
    size_t index = symbols[0] + 3 * symbols[1] + 9 * symbols[2] + 27 * symbols[3];
    return (double)(1 + (index * index * 7 + index * 3) % 101) / *sum;
}

static double log_arbitrary(const size_t *symbols, void *context)
{
    return log(arbitrary(symbols, context));
}

static void enumeration_equals_the_definition(void **state)
{
    (void)state;
    double one = 1, sum = 0, expected[4];
    table t = table_of(3, 4, arbitrary, &one);
    for (size_t c = 0; c < t.count; c++) {
        sum += t.p[c];
    }
    free(t.p);
    t = table_of(3, 4, arbitrary, &sum);
    profile_of(&t, expected);
    mi_profile *profile = NULL;
    assert_int_equal(mi_enumerate_profile(3, 4, log_arbitrary, &sum, &profile, NULL), MI_OK);
    assert_true(profile->exact);
    for (int k = 0; k < 4; k++) {
        assert_near(profile->series[MI_ENTROPY].values[k], expected[k], 1e-13);
    }
    mi_profile_destroy(profile);
    free(t.p);
}

/* (V+1)^N: 3^16 = 43046721 is below 2^26, 3^17 above; 28^5 = 17210368 below, 28^6 above. */
static void enumeration_is_limited(void **state)
{
    (void)state;
    mi_status status;
    assert_int_equal(mi_enumerate_allowed(2, 16, NULL), MI_OK);
    assert_int_equal(mi_enumerate_allowed(2, 17, &status), MI_INPUT);
    assert_non_null(strstr(status.message, "3^17"));
    assert_non_null(strstr(status.message, "\"posterior\""));
    assert_int_equal(mi_enumerate_allowed(27, 5, NULL), MI_OK);
    assert_int_equal(mi_enumerate_allowed(27, 6, NULL), MI_INPUT);
    assert_int_equal(mi_enumerate_allowed(64, 4096, NULL), MI_INPUT);
}

static void long_rules_have_no_exact_answer(void **state)
{
    (void)state;
    mi_run run = support_run(1);
    mi_profile *profile = NULL;
    mi_model *model = parity(2, 4, 0.05, 64);
    assert_int_equal(model->class->exact_allowed(model->state, NULL), MI_INPUT);
    assert_int_equal(model->class->profile(model->state, 1, &run, &profile, NULL), MI_INPUT);
    assert_null(profile);
    mi_model_destroy(model);
}

/* Noiseless, q = 2, k = 2: X_3 = X_1 + X_2. Of three sites any two are independent and give the
 * third: h = (1, 1, 0) log 2. Of four, X_4 = X_2 + X_3 = X_1, so one pair in six has rank 1 and all
 * else has rank min(k, 2): F = (0, 1, 11/6, 2, 2) log 2. */
static void noiseless_rule_has_its_known_values(void **state)
{
    (void)state;
    const double three[] = {1, 1, 0}, four[] = {1, 5 / 6.0, 1 / 6.0, 0};
    double profile[4];
    mi_model *model = parity(2, 2, 0, 3);
    exact_profile(model, profile);
    for (int k = 0; k < 3; k++) {
        assert_near(profile[k], three[k] * log(2), 1e-14);
    }
    mi_model_destroy(model);
    model = parity(2, 2, 0, 4);
    exact_profile(model, profile);
    for (int k = 0; k < 4; k++) {
        assert_near(profile[k], four[k] * log(2), 1e-14);
    }
    mi_model_destroy(model);
}

/* Full noise: independent uniform symbols. */
static void full_noise_leaves_nothing(void **state)
{
    (void)state;
    double profile[5];
    mi_model *model = parity(5, 2, 1, 5);
    exact_profile(model, profile);
    for (int k = 0; k < 5; k++) {
        assert_near(profile[k], log(5), 1e-13);
    }
    mi_model_destroy(model);
}

typedef struct rule {
    size_t modulus, order, length;
    double noise;
} rule;

static double rule_probability(const size_t *symbols, const void *context)
{
    const rule *r = context;
    double p = 1;
    for (size_t t = 0; t < r->length; t++) {
        size_t sum = 0;
        for (size_t back = 1; back <= r->order && back <= t; back++) {
            sum += symbols[t - back];
        }
        double uniform = 1.0 / (double)r->modulus;
        double follows = symbols[t] == sum % r->modulus;
        p *= t < r->order ? uniform : r->noise * uniform + (1 - r->noise) * follows;
    }
    return p;
}

static void check_rule(rule r)
{
    double profile[16], expected[16], marginal = 0, total = 0;
    mi_model *model = parity(r.modulus, r.order, r.noise, r.length);
    table t = table_of(r.modulus, r.length, rule_probability, &r);
    check_posterior(model, &t);
    exact_profile(model, profile);
    profile_of(&t, expected);
    for (size_t k = 0; k < r.length; k++) {
        assert_near(profile[k], expected[k], 1e-12);
    }
    assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL), MI_OK);
    assert_near(marginal, entropy_of(&t, 1u << (r.length - 1)), 1e-12);
    assert_near(total, entropy_of(&t, (1u << r.length) - 1), 1e-12);
    free(t.p);
    mi_model_destroy(model);
}

static void posterior_and_profile_are_bayes_rule(void **state)
{
    (void)state;
    check_rule((rule){3, 2, 5, 0.2});
    check_rule((rule){2, 3, 7, 0.1});
    check_rule((rule){2, 2, 7, 0});
    check_rule((rule){4, 1, 4, 0.37});
    check_rule((rule){3, 6, 4, 0.2}); /* never a whole window */
}

static void posterior_averages_to_the_exact_profile(void **state)
{
    (void)state;
    double profile[12];
    mi_model *model = parity(2, 3, 0.1, 12);
    exact_profile(model, profile);
    check_sampled(model, profile, 0, 3000);
    check_sampled(model, profile, 6, 3000);
    check_sampled(model, profile, 10, 3000);
    mi_model_destroy(model);
}

/* Modulus^order over 2^20 and messages over 2^27. */
static void large_state_spaces_are_refused(void **state)
{
    (void)state;
    check_refused("parity", parity_values(64, 4, 0, 64), "order", "must be in [1, 3]");
    check_refused("parity", parity_values(3, 13, 0, 64), "order", "must be in [1, 12]");
    check_refused("parity", parity_values(2, 16, 0, 4096), "length", "must be in [2, 2048]");
    mi_model_destroy(parity(2, 16, 0, 2048));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enumeration_equals_the_definition),
        cmocka_unit_test(enumeration_is_limited),
        cmocka_unit_test(long_rules_have_no_exact_answer),
        cmocka_unit_test(noiseless_rule_has_its_known_values),
        cmocka_unit_test(full_noise_leaves_nothing),
        cmocka_unit_test(posterior_and_profile_are_bayes_rule),
        cmocka_unit_test(posterior_averages_to_the_exact_profile),
        cmocka_unit_test(large_state_spaces_are_refused),
    };
    mi_start();
    return cmocka_run_group_tests_name("parity", tests, NULL, NULL);
}
