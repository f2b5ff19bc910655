/* Published accuracies against the information of the same masks: orders, errors and sentence from
 * made-up numbers; what a comparison's curves may say of each other. */
#include "support.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/strategies.h"
#include "program.h"

/* ---- made-up numbers ---- */

/* A curve of a source with points (ratio, information, error). */
static void add_curve(cJSON *curves, const char *source, const char *strategy,
                      const double (*points)[3], size_t count)
{
    cJSON *curve = cJSON_CreateObject();
    cJSON_AddStringToObject(curve, "label", strategy);
    cJSON_AddStringToObject(curve, "source", source);
    cJSON *mask = cJSON_AddObjectToObject(cJSON_AddObjectToObject(curve, "config"), "mask");
    cJSON_AddStringToObject(mask, "strategy", strategy);
    cJSON *array = cJSON_AddArrayToObject(curve, "points");
    for (size_t i = 0; i < count; i++) {
        cJSON *point = cJSON_CreateObject();
        cJSON_AddNumberToObject(point, "ratio", points[i][0]);
        cJSON_AddNumberToObject(point, "information", points[i][1]);
        cJSON_AddNumberToObject(point, "information_se", points[i][2]);
        cJSON_AddItemToArray(array, point);
    }
    cJSON_AddItemToArray(curves, curve);
}

/* Curves of random, block and grid masks with i and its error at 75 %, and 1.5 for blocks of
 * 50 %. */
static cJSON *curves_of(const double random[2], const double block[2], const double grid[2])
{
    cJSON *curves = cJSON_CreateArray();
    add_curve(curves, "another", "random", (const double[][3]){{0.75, 99, 0}}, 1);
    add_curve(curves, "field", "random", (const double[][3]){{0.75, random[0], random[1]}}, 1);
    add_curve(curves, "field", "block",
              (const double[][3]){{0.5, 1.5, 0.0625}, {0.75, block[0], block[1]}}, 2);
    add_curve(curves, "field", "grid", (const double[][3]){{0.75, grid[0], grid[1]}}, 1);
    return curves;
}

/* Rows of random, block (75 and 50 %) and grid masks. */
static cJSON *published_of(const double fine_tune[4], const double linear_probe[4])
{
    static const char *const strategies[] = {"random", "block", "grid", "block"};
    cJSON *published = cJSON_CreateObject(), *rows = NULL;
    cJSON_AddStringToObject(published, "source", "a table");
    rows = cJSON_AddArrayToObject(published, "rows");
    for (int i = 0; i < 4; i++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "strategy", strategies[i]);
        cJSON_AddNumberToObject(row, "ratio", i == 3 ? 0.5 : 0.75);
        cJSON_AddNumberToObject(row, "fine_tune", fine_tune[i]);
        cJSON_AddNumberToObject(row, "linear_probe", linear_probe[i]);
        cJSON_AddItemToArray(rows, row);
    }
    return published;
}

/* He et al. 2021, Table 1f. */
static cJSON *table_1f(void)
{
    return published_of((const double[]){84.9, 82.8, 84.0, 83.9},
                        (const double[]){73.5, 63.9, 66.0, 72.3});
}

/* Both arguments are deleted. */
static cJSON *compare(cJSON *curves, cJSON *published)
{
    cJSON *object = NULL;
    mi_faults faults = {.file = "test"};
    mi_status status = {.code = MI_OK};
    mi_code code = mi_strategies_compare(curves, published, "field", &faults, &object, &status);
    assert_int_equal(code, MI_OK);
    assert_int_equal(faults.count, 0);
    cJSON_Delete(curves);
    cJSON_Delete(published);
    return object;
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(object, key);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static const char *text(const cJSON *object, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
    assert_non_null(value);
    return value;
}

static void assert_names(const cJSON *names, const char *first, const char *second,
                         const char *third)
{
    assert_int_equal(cJSON_GetArraySize(names), 3);
    assert_string_equal(cJSON_GetArrayItem(names, 0)->valuestring, first);
    assert_string_equal(cJSON_GetArrayItem(names, 1)->valuestring, second);
    assert_string_equal(cJSON_GetArrayItem(names, 2)->valuestring, third);
}

static void assert_says(const cJSON *object, const char *part)
{
    if (strstr(text(object, "sentence"), part) == NULL) {
        fail_msg("\"%s\" does not contain \"%s\"", text(object, "sentence"), part);
    }
}

/* ---- orders ---- */

static void order_and_differences(void **state)
{
    (void)state;
    cJSON *o = compare(curves_of((const double[]){1.25, 0.03}, (const double[]){0.75, 0},
                                 (const double[]){2, 0.04}),
                       table_1f());
    assert_names(cJSON_GetObjectItem(o, "order"), "grid", "random", "block");
    assert_near(number(o, "ratio"), 0.75, 0);
    const cJSON *differences = cJSON_GetObjectItem(o, "differences");
    assert_int_equal(cJSON_GetArraySize(differences), 3);
    const cJSON *first = cJSON_GetArrayItem(differences, 0);
    assert_string_equal(text(first, "more"), "grid");
    assert_string_equal(text(first, "less"), "random");
    assert_near(number(first, "difference"), 0.75, 1e-14);
    assert_near(number(first, "difference_se"), 0.05, 1e-14);
    assert_near(number(first, "z"), 15, 1e-12);
    const cJSON *last = cJSON_GetArrayItem(differences, 2);
    assert_string_equal(text(last, "more"), "random");
    assert_string_equal(text(last, "less"), "block");
    assert_near(number(last, "z"), 0.5 / 0.03, 1e-12);
    const cJSON *accuracies = cJSON_GetObjectItem(o, "accuracy_order");
    assert_names(cJSON_GetObjectItem(accuracies, "fine_tune"), "random", "grid", "block");
    assert_names(cJSON_GetObjectItem(accuracies, "linear_probe"), "random", "grid", "block");
    cJSON_Delete(o);
}

/* Ranks of i: block 75 < random < block 50 < grid: 2 1 4 3 in the rows' order; those of the
 * accuracies are 4 1 3 2: Spearman 1 - 6 (4 + 0 + 1 + 1) / 60 = 0.4, and for the linear probe
 * 4 1 2 3: 1 - 6 (4 + 0 + 4 + 0) / 60 = 0.2. */
static void accuracies_that_do_not_follow(void **state)
{
    (void)state;
    cJSON *o = compare(curves_of((const double[]){1.25, 0.03}, (const double[]){0.75, 0.01},
                                 (const double[]){2, 0.04}),
                       table_1f());
    const cJSON *correlation = cJSON_GetObjectItem(o, "rank_correlation");
    assert_near(number(correlation, "fine_tune"), 0.4, 1e-12);
    assert_near(number(correlation, "linear_probe"), 0.2, 1e-12);
    assert_near(number(correlation, "pairs"), 4, 0);
    assert_string_equal(
        text(o, "sentence"),
        "On \"field\" at 75 %, most predictable first, i in nats: grid (2) > random (1.25) > block "
        "(0.75), each difference at least 15.0 standard errors. Published accuracy: fine-tuned "
        "random (84.9) > grid (84.0) > block (82.8); linear probe random (73.5) > grid (66.0) > "
        "block (63.9). Rank correlation over 4 masks: 0.40 fine-tuned, 0.20 linear probe. So "
        "accuracies do not follow predictability: grid masks are the most predictable and not the "
        "best to learn from.");
    const cJSON *follows = cJSON_GetObjectItem(o, "follows");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(follows, "fine_tune")));
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(follows, "linear_probe")));
    cJSON_Delete(o);
}

/* The sentence comes from the numbers: other numbers, other conclusions. */
static void conclusions_follow_the_numbers(void **state)
{
    (void)state;
    static const struct {
        double random, block, grid;
        double linear_probe[4];
        const char *order[3], *says;
        bool fine_tune, linear;
    } cases[] = {
        {3,
         1,
         2,
         {73.5, 63.9, 66.0, 72.3},
         {"random", "grid", "block"},
         "So accuracies follow predictability here.",
         true,
         true},
        {1,
         3,
         2,
         {73.5, 63.9, 66.0, 72.3},
         {"block", "grid", "random"},
         "So accuracies go against predictability: the harder",
         false,
         false},
        {3,
         1,
         2,
         {60, 63.9, 66.0, 72.3},
         {"random", "grid", "block"},
         "So accuracies follow predictability only when fine-tuned.",
         true,
         false},
        {1,
         2,
         3,
         {60, 61, 62, 63},
         {"grid", "block", "random"},
         "So accuracies follow predictability only by the linear probe.",
         false,
         true},
        {3,
         2,
         1,
         {73.5, 63.9, 66.0, 72.3},
         {"random", "block", "grid"},
         "So accuracies do not follow predictability.",
         false,
         false},
        /* a tie is no order */
        {3,
         1,
         2,
         {70, 63.9, 63.9, 72.3},
         {"random", "grid", "block"},
         "grid (63.9) = block (63.9)",
         true,
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *o =
            compare(curves_of((const double[]){cases[i].random, 0.01},
                              (const double[]){cases[i].block, 0.01},
                              (const double[]){cases[i].grid, 0.01}),
                    published_of((const double[]){84.9, 82.8, 84.0, 83.9}, cases[i].linear_probe));
        const cJSON *follows = cJSON_GetObjectItem(o, "follows");
        assert_names(cJSON_GetObjectItem(o, "order"), cases[i].order[0], cases[i].order[1],
                     cases[i].order[2]);
        assert_says(o, cases[i].says);
        assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItem(follows, "fine_tune")),
                         cases[i].fine_tune);
        assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItem(follows, "linear_probe")),
                         cases[i].linear);
        cJSON_Delete(o);
    }
}

static void what_errors_do_not_tell_apart_is_said(void **state)
{
    (void)state;
    cJSON *o = compare(curves_of((const double[]){1.95, 0.03}, (const double[]){0.75, 0.01},
                                 (const double[]){2, 0.04}),
                       table_1f());
    assert_says(o, "block (0.75); grid and random are not told apart (z = 1.0). Published");
    assert_says(o, "As far as the order is known, accuracies do not follow predictability.");
    cJSON_Delete(o);
    /* Exact values are told apart, whatever their difference. */
    o = compare(
        curves_of((const double[]){1.95, 0}, (const double[]){0.75, 0}, (const double[]){2, 0}),
        table_1f());
    assert_near(number(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "differences"), 0), "z"), 1e6, 0);
    assert_says(o, "block (0.75). Published");
    cJSON_Delete(o);
    o = compare(
        curves_of((const double[]){2, 0}, (const double[]){0.75, 0}, (const double[]){2, 0}),
        table_1f());
    assert_says(o, "random (2) = grid (2) > block (0.75); random and grid are not told apart (z = "
                   "0.0)");
    cJSON_Delete(o);
}

static void a_misfit_is_named(void **state)
{
    (void)state;
    cJSON *curves = curves_of((const double[]){1.25, 0.03}, (const double[]){0.75, 0.01},
                              (const double[]){2, 0.04});
    cJSON *misfit = cJSON_AddObjectToObject(cJSON_GetArrayItem(curves, 2), "misfit");
    cJSON_AddTrueToObject(misfit, "detected");
    cJSON *o = compare(curves, table_1f());
    assert_says(o, "; the curve of block is a misfit, so its place says nothing");
    cJSON_Delete(o);
}

/* A long name is cut between characters: 'x' and 49 of two bytes fit in 100. */
static void a_long_name_is_cut_between_characters(void **state)
{
    (void)state;
    char name[128] = "x";
    cJSON *curves = cJSON_CreateArray(), *published = table_1f(), *object = NULL;
    mi_faults faults = {.file = "test"};
    for (int i = 0; i < 60; i++) {
        strcat(name, "κ");
    }
    add_curve(curves, name, "random", (const double[][3]){{0.75, 2, 0}}, 1);
    add_curve(curves, name, "grid", (const double[][3]){{0.75, 1, 0}}, 1);
    assert_int_equal(mi_strategies_compare(curves, published, name, &faults, &object, NULL), MI_OK);
    assert_string_equal(text(object, "source"), name);
    assert_says(object, "κκκ\" at 75 %");
    assert_int_equal(strstr(text(object, "sentence"), "\" at 75") - text(object, "sentence"), 103);
    cJSON_Delete(object);
    cJSON_Delete(curves);
    cJSON_Delete(published);
}

/* ---- ratios ---- */

static const cJSON *row(const cJSON *object, int index)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(object, "published"), index);
}

/* Between two ratios a quarter of the way, its error too; not for a lattice, not over a wide gap,
 * not beyond the last. */
static void information_between_ratios(void **state)
{
    (void)state;
    cJSON *curves = cJSON_CreateArray();
    add_curve(curves, "field", "random",
              (const double[][3]){{0.9, 0, 0},
                                  {0.74, 1.75, 0.03},
                                  {0.8, 1, 0.01},
                                  {0.72, 2, 0.02},
                                  {0.1, 9, 1},
                                  {0.99, 9, 1}},
              6);
    add_curve(curves, "field", "grid", (const double[][3]){{0.74, 2, 0.01}, {0.76, 1, 0.01}}, 2);
    add_curve(curves, "field", "block", (const double[][3]){{0.7, 2, 0.01}, {0.81, 1, 0.01}}, 2);
    cJSON *o = compare(curves, table_1f());
    assert_near(number(row(o, 0), "information"), 1.75 - 0.75 / 6, 1e-12);
    assert_near(number(row(o, 0), "information_se"), 0.03 - 0.02 / 6, 1e-12);
    assert_string_equal(text(row(o, 0), "curve"), "random");
    for (int i = 1; i < 4; i++) {
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(row(o, i), "information")));
        text(row(o, i), "information_reason");
    }
    assert_says(o, "On \"field\" fewer than two");
    assert_true(
        cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "rank_correlation"), "fine_tune")));
    cJSON_Delete(o);
}

static void without_curves_it_says_so(void **state)
{
    (void)state;
    cJSON *o = compare(cJSON_CreateArray(), table_1f());
    assert_says(o, "fewer than two");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(o, "ratio")));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "order")), 0);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "differences")), 0);
    cJSON_Delete(o);
}

/* ---- what is wrong ---- */

static void bad_published_rows_are_faults(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{\"source\":\"s\"}",
        "{\"source\":\"s\",\"rows\":[]}",
        "{\"rows\":[{\"strategy\":\"grid\",\"ratio\":0.5,\"fine_tune\":1,\"linear_probe\":1}]}",
        "{\"source\":\"s\",\"rows\":[{\"ratio\":0.5,\"fine_tune\":1,\"linear_probe\":1}]}",
        "{\"source\":\"s\",\"rows\":[{\"strategy\":\"grid\",\"ratio\":75,\"fine_tune\":1,"
        "\"linear_probe\":1}]}",
        "{\"source\":\"s\",\"rows\":[{\"strategy\":\"grid\",\"ratio\":0.5,\"fine_tune\":\"1\","
        "\"linear_probe\":1}]}",
        "{\"source\":\"s\",\"rows\":[7]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cJSON *published = cJSON_Parse(bad[i]), *object = NULL;
        mi_faults faults = {.file = "test"};
        assert_int_equal(mi_strategies_compare(NULL, published, "field", &faults, &object, NULL),
                         MI_INPUT);
        assert_int_equal(faults.count, 1);
        assert_non_null(strstr(faults.messages[0], "test: published: mae_table1f: needs"));
        assert_null(object);
        mi_faults_clear(&faults);
        cJSON_Delete(published);
    }
}

static char folder[64], file[128];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, fresh_folder());
    snprintf(file, sizeof file, "%s/two.json", folder);
    write_text(file,
               "{\"experiment\":\"compare\",\"ratios\":[0.25,0.75],\"estimator\":{\"samples\":8},"
               "\"published\":\"data/published.json\",\"strategies_on\":\"a field\",\"curves\":["
               "{\"label\":\"first\",\"source\":\"a field\",\"model\":{\"type\":\"gmrf\","
               "\"grid\":[4,4]}},"
               "{\"label\":\"second\",\"reference\":\"first\",\"model\":{\"type\":\"gmrf\","
               "\"grid\":[4,4]}}]}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void what_curves_say_of_each_other_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *set, *says[3];
    } cases[] = {
        {"curves[1].reference=third",
         {"two.json: curves[1].reference: \"third\"; must be the label of another curve: "
          "\"first\", \"second\""}},
        {"curves[1].reference=second", {"curves[1].reference", "is the curve itself"}},
        {"curves[1].reference=7", {"curves[1].reference", "7"}},
        {"curves[0].source=[]", {"curves[0].source"}},
        {"strategies_on=b",
         {"strategies_on: \"b\"; must be the \"source\" of curves: \"a field\""}},
        {"published=experiments/gmrf.json", {"published: mae_table1f: needs"}},
        {"published=nofile", {"published", "nofile"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char arguments[512];
        snprintf(arguments, sizeof arguments, "run %s --out %s/out --set '%s'", file, folder,
                 cases[i].set);
        const outcome *o = run_program("", arguments);
        assert_int_equal(o->status, 2);
        for (int k = 0; k < 3 && cases[i].says[k] != NULL; k++) {
            if (strstr(o->err, cases[i].says[k]) == NULL) {
                fail_msg("\"%s\" does not contain \"%s\"", o->err, cases[i].says[k]);
            }
        }
        snprintf(arguments, sizeof arguments, "%s/out", folder);
        assert_int_equal(count_entries(arguments), 0);
    }
}

static void strategies_need_the_published_file(void **state)
{
    (void)state;
    char arguments[256];
    write_text(file, "{\"experiment\":\"compare\",\"strategies_on\":\"f\",\"curves\":[{\"label\":"
                     "\"x\",\"source\":\"f\",\"model\":{\"type\":\"gmrf\",\"grid\":[4,4]}}]}");
    snprintf(arguments, sizeof arguments, "run %s --json", file);
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "strategies_on: \"f\" needs the file"));
}

static void the_result_and_its_config_hold_them(void **state)
{
    (void)state;
    char arguments[256];
    snprintf(arguments, sizeof arguments, "run %s --json", file);
    cJSON *result = cJSON_Parse(run_program("", arguments)->out);
    assert_non_null(result);
    const cJSON *config = cJSON_GetObjectItem(result, "config");
    const cJSON *sides[] = {result, config};
    assert_string_equal(text(config, "strategies_on"), "a field");
    for (int i = 0; i < 2; i++) {
        const cJSON *curves = cJSON_GetObjectItem(sides[i], "curves");
        const cJSON *first = cJSON_GetArrayItem(curves, 0), *second = cJSON_GetArrayItem(curves, 1);
        assert_string_equal(text(first, "source"), "a field");
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(first, "reference")));
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(second, "source")));
        assert_string_equal(text(second, "reference"), "first");
    }
    /* One strategy: nothing to hold against each other, but where it stands. */
    const cJSON *comparison = cJSON_GetObjectItem(result, "strategy_comparison");
    assert_says(comparison, "On \"a field\" fewer than two");
    const cJSON *point = cJSON_GetArrayItem(
        cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(result, "curves"), 0), "points"),
        1);
    assert_near(number(row(comparison, 0), "information"), number(point, "information"), 0);
    char *again = cJSON_Print(config);
    write_text(file, again);
    cJSON_free(again);
    cJSON *second = cJSON_Parse(run_program("", arguments)->out);
    assert_true(cJSON_Compare(comparison, cJSON_GetObjectItem(second, "strategy_comparison"), 1));
    cJSON_Delete(second);
    cJSON_Delete(result);
}

#define RUN_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_differences),
        cmocka_unit_test(accuracies_that_do_not_follow),
        cmocka_unit_test(conclusions_follow_the_numbers),
        cmocka_unit_test(what_errors_do_not_tell_apart_is_said),
        cmocka_unit_test(a_misfit_is_named),
        cmocka_unit_test(a_long_name_is_cut_between_characters),
        cmocka_unit_test(information_between_ratios),
        cmocka_unit_test(without_curves_it_says_so),
        cmocka_unit_test(bad_published_rows_are_faults),
        RUN_TEST(what_curves_say_of_each_other_is_checked),
        RUN_TEST(strategies_need_the_published_file),
        RUN_TEST(the_result_and_its_config_hold_them),
    };
    mi_start();
    return cmocka_run_group_tests_name("strategies", tests, NULL, NULL);
}
