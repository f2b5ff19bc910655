/* The JSON of an analysis made by hand: every number of it is worked out here. */
#include "support.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "maskinfo/result.h"

enum { POINTS = 2, VOCABULARY = 10 };

static double ratios[POINTS] = {0.25, 0.5};
static double conditional[POINTS] = {1.25, 1.75}, conditional_se[POINTS] = {0.125, 0.25};
static double information[POINTS] = {0.75, 0.25}, information_se[POINTS] = {0.0625, 0.03125};
static double joint[POINTS] = {0.3, 0.4}, joint_se[POINTS] = {0.01, 0.02};
static double objective[POINTS] = {0.1875, 0.125}, objective_se[POINTS] = {0.015625, 0.0156};

static mi_curve hand_made_curve(void)
{
    mi_curve c = {.points = POINTS,
                  .ratios = ratios,
                  .vocabulary = VOCABULARY,
                  .entropy = 2.0,
                  .entropy_error = 0.0078125};
    const struct {
        mi_quantity quantity;
        double *mean, *error;
    } filled[] = {{MI_Q_CONDITIONAL, conditional, conditional_se},
                  {MI_Q_INFORMATION, information, information_se},
                  {MI_Q_JOINT, joint, joint_se},
                  {MI_Q_OBJECTIVE, objective, objective_se}};
    for (size_t i = 0; i < sizeof filled / sizeof *filled; i++) {
        c.replicates[filled[i].quantity] = 1;
        c.mean[filled[i].quantity] = filled[i].mean;
        c.error[filled[i].quantity] = filled[i].error;
    }
    return c;
}

static cJSON *json_of(mi_analysis *a)
{
    cJSON *result = cJSON_CreateObject();
    mi_status status;
    assert_int_equal(mi_result_add_analysis(result, a, &status), MI_OK);
    return result;
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsNumber(value));
    return value->valuedouble;
}

static void points_of_a_discrete_source(void **state)
{
    (void)state;
    mi_curve curve = hand_made_curve();
    mi_analysis a = {.shape = {.dimensions = 1, .vocabulary = VOCABULARY}, .curve = &curve};
    cJSON *result = json_of(&a);
    const cJSON *point = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "points"), 1);
    assert_near(number(point, "ratio"), 0.5, 0);
    assert_near(number(point, "conditional_entropy"), 1.75, 0);
    assert_near(number(point, "information_se"), 0.03125, 0);
    assert_near(number(point, "effective_vocabulary"), exp(1.75), 1e-13);
    /* delta method: d exp(h) = exp(h) dh */
    assert_near(number(point, "effective_vocabulary_se"), 0.25 * exp(1.75), 1e-13);
    assert_near(number(point, "unigram_information"), log(10) - 2, 1e-13);
    assert_near(number(point, "joint_information"), 0.4, 0);
    assert_near(number(point, "objective"), 0.125, 0);
    assert_near(number(result, "entropy_se"), 0.0078125, 0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(result, "sites")));
    assert_true(cJSON_IsString(cJSON_GetObjectItem(result, "sites_reason")));
    cJSON_Delete(result);
}

static void fits_and_the_preferred_one(void **state)
{
    (void)state;
    mi_curve curve = hand_made_curve();
    mi_analysis a = {.shape = {.dimensions = 1, .vocabulary = VOCABULARY}, .curve = &curve};
    a.exponential = (mi_fit){.valid = true,
                             .amplitude = 1.5,
                             .exponent = 0.8,
                             .exponent_error = 0.05,
                             .sampling_error = 0.07,
                             .misfit = 0.01,
                             .r_squared = 0.9,
                             .aicc = -10,
                             .optimal_ratio = 1,
                             .corner = true};
    a.power = (mi_fit){.valid = true,
                       .amplitude = 1.4,
                       .exponent = 0.6,
                       .exponent_error = 0.02,
                       .sampling_error = 0.03,
                       .r_squared = 0.99,
                       .aicc = -20,
                       .optimal_ratio = 0.625};
    cJSON *result = json_of(&a), *fits = cJSON_GetObjectItem(result, "fits");
    const cJSON *exponential = cJSON_GetObjectItem(fits, "exponential");
    const cJSON *power = cJSON_GetObjectItem(fits, "power");
    assert_near(number(exponential, "rate"), 0.8, 0);
    assert_near(number(exponential, "rate_se"), 0.05, 0);
    assert_near(number(exponential, "rate_sampling_se"), 0.07, 0);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(exponential, "corner")));
    assert_near(number(power, "exponent"), 0.6, 0);
    assert_near(number(power, "exponent_sampling_se"), 0.03, 0);
    assert_string_equal(cJSON_GetObjectItem(result, "preferred_fit")->valuestring, "power");
    cJSON_Delete(result);
    a.power.aicc = 5;
    assert_string_equal(mi_preferred_fit(&a), "exponential");
    a.exponential.valid = false;
    assert_string_equal(mi_preferred_fit(&a), "power");
    a.power.valid = false;
    assert_null(mi_preferred_fit(&a));
}

static void quantiles_of_the_optimum(void **state)
{
    (void)state;
    double draws[81];
    mi_curve curve = hand_made_curve();
    mi_analysis a = {.shape = {.dimensions = 1, .vocabulary = VOCABULARY}, .curve = &curve};
    for (int i = 0; i <= 80; i++) {
        draws[i] = i / 80.0; /* quantile p of it is p */
    }
    a.optimum = (mi_optimum){.valid = true,
                             .ratio = 0.5,
                             .low = 0.025,
                             .high = 0.975,
                             .objective = 0.2,
                             .draws = 81,
                             .samples = draws};
    cJSON *result = json_of(&a), *optimum = cJSON_GetObjectItem(result, "optimum");
    const cJSON *quantiles = cJSON_GetObjectItem(optimum, "quantiles");
    assert_int_equal(cJSON_GetArraySize(quantiles), 39);
    assert_near(cJSON_GetArrayItem(quantiles, 0)->valuedouble, 1.0 / 40, 1e-12);
    assert_near(cJSON_GetArrayItem(quantiles, 38)->valuedouble, 39.0 / 40, 1e-12);
    assert_near(number(optimum, "low"), 0.025, 0);
    assert_near(number(optimum, "high"), 0.975, 0);
    cJSON_Delete(result);
}

static void what_is_not_there_has_a_reason(void **state)
{
    (void)state;
    mi_curve curve = hand_made_curve();
    curve.vocabulary = 0;
    mi_analysis a = {.shape = {.dimensions = 2, .sites = 0}, .curve = &curve};
    strcpy(a.exponential.reason, "no information to fit");
    strcpy(a.optimum.reason, "flat");
    cJSON *result = json_of(&a);
    static const char *const names[] = {"preferred_fit_reason", "optimum_reason",
                                        "vocabulary_reason", "effective_vocabulary_reason",
                                        "profile_reason"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(cJSON_IsString(cJSON_GetObjectItem(result, names[i])));
    }
    const cJSON *reason =
        cJSON_GetObjectItem(cJSON_GetObjectItem(result, "fits"), "exponential_reason");
    assert_string_equal(reason->valuestring, "no information to fit");
    cJSON_Delete(result);
}

static void numbers_read_back_as_written(void **state)
{
    (void)state;
    const double values[] = {1.0 / 3, 2.0e-300 / 7, 1e17 / 9, -0.1234567890123456789};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        mi_writer writer = {.failed = false};
        cJSON *object = cJSON_CreateObject();
        mi_add_number(&writer, object, "x", values[i]);
        char *text = cJSON_PrintUnformatted(object);
        cJSON *again = cJSON_Parse(text);
        assert_true(number(again, "x") == number(object, "x"));
        assert_near(number(again, "x"), values[i], 1e-14 * fabs(values[i]));
        cJSON_free(text);
        cJSON_Delete(again);
        cJSON_Delete(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_of_a_discrete_source),
        cmocka_unit_test(fits_and_the_preferred_one),
        cmocka_unit_test(quantiles_of_the_optimum),
        cmocka_unit_test(what_is_not_there_has_a_reason),
        cmocka_unit_test(numbers_read_back_as_written),
    };
    mi_start();
    return cmocka_run_group_tests_name("results", tests, NULL, NULL);
}
