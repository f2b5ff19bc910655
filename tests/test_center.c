/* The experiment "center": its result, its messages, its figures and table from an edited result.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/experiment.h"
#include "maskinfo/figures.h"
#include "maskinfo/table.h"
#include "scratch.h"

static const char tiny[] =
    "{\"experiment\":\"center\",\"title\":\"tiny\",\"seed\":5,\"published\":\"data/"
    "published.json\","
    "\"equilibrium\":{\"center_momenta\":[0.8,0],\"replicates\":60,\"window\":40},"
    "\"stability\":{\"grid\":[3,4],\"steps\":12000,\"gains\":[0.01],\"points\":[[0.04,1]]},"
    "\"loop\":{\"steps\":1500,\"replicates\":2,\"similarities\":[0.9]}}";

static cJSON *run_text(const char *text, int threads)
{
    mi_faults faults = {.file = "test"};
    mi_experiment *e = NULL;
    mi_status status = {.code = MI_OK};
    mi_run_options options = {.run = {.seed = 1, .threads = threads}};
    cJSON *document = mi_document_parse(text, strlen(text), &faults), *result = NULL;
    assert_non_null(document);
    if (mi_experiment_create(document, &faults, &e, &status) != MI_OK) {
        fail_msg("%s", faults.count > 0 ? faults.messages[0] : status.message);
    }
    assert_int_equal(mi_experiment_check(e, &options.run, &faults, &status), MI_OK);
    if (mi_experiment_run(e, &options, &faults, &result, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    mi_experiment_destroy(e);
    cJSON_Delete(document);
    return result;
}

static const cJSON *at(const cJSON *object, const char *first, const char *second)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, first);
    return second == NULL ? item : cJSON_GetObjectItemCaseSensitive(item, second);
}

static double number_at(const cJSON *object, const char *first, const char *second)
{
    const cJSON *item = at(object, first, second);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void result_has_its_fields(void **state)
{
    (void)state;
    static const char *const names[] = {"mean_error", "variance", "rate", "drift_lag"};
    cJSON *result = run_text(tiny, 2);
    for (size_t i = 0; i < 4; i++) {
        char se[32], predicted[32];
        snprintf(se, sizeof se, "%s_se", names[i]);
        snprintf(predicted, sizeof predicted, "%s_predicted", names[i]);
        double error = number_at(result, "equilibrium", se);
        assert_true(error > 0);
        assert_near(number_at(result, "equilibrium", names[i]),
                    number_at(result, "equilibrium", predicted), 4 * error);
    }
    assert_near(number_at(result, "equilibrium", "variance_predicted"), 0.2 / 1.8 / 8, 1e-15);
    assert_near(number_at(result, "equilibrium", "drift_lag_predicted"), 0.02 / 0.2, 1e-15);
    assert_int_equal(cJSON_GetArraySize(at(result, "streams", NULL)), 12);
    assert_int_equal(cJSON_GetArraySize(at(result, "stability", "grid")), 12);
    assert_int_equal(cJSON_GetArraySize(at(result, "stability", "gains")), 2);
    double agreement = number_at(result, "stability", "agreement");
    assert_true(agreement > 0.9 && agreement <= 1);
    const cJSON *cell = at(result, "stability", "grid")->child;
    assert_true(cJSON_IsString(at(cell, "predicted", NULL)));
    double entropy = number_at(cell, "entropy", NULL);
    assert_true(entropy >= 0 && entropy <= 1);
    const cJSON *point = at(result, "stability", "points")->child;
    assert_string_equal(at(point, "simulated", NULL)->valuestring, "collapse");
    assert_int_equal(cJSON_GetArraySize(at(result, "loop", "runs")), 4);
    /* streams of momentum 0 have no rate, and say why */
    const cJSON *last = cJSON_GetArrayItem(at(result, "streams", NULL), 11);
    assert_true(cJSON_IsNull(at(last, "rate", NULL)));
    assert_true(cJSON_IsString(at(last, "rate_reason", NULL)));
    cJSON_Delete(result);
}

/* What the law says of published rows. */
static void published_settings(void **state)
{
    (void)state;
    static const struct {
        const char *table, *setting;
        bool agrees;
    } known[] = {{"dino_center_momentum", "centre momentum 0.99", true},
                 {"dino_center_momentum", "centre momentum 0.999", true},
                 {"dino_teacher_temperature", "teacher temperature 0.08", false},
                 {"dino_without_teacher", "centering, no EMA", true},
                 {"dino_without_teacher", "softmax over the batch, no EMA", true},
                 {"ibot_patch_center_momentum", "centre momentum 0.999", false}};
    cJSON *result = run_text(
        "{\"experiment\":\"center\",\"published\":\"data/published.json\",\"loop\":{\"steps\":100,"
        "\"replicates\":1,\"similarities\":[0]}}",
        1);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const cJSON *row = NULL;
        bool found = false;
        cJSON_ArrayForEach(row, at(result, "published", NULL))
        {
            if (strcmp(at(row, "table", NULL)->valuestring, known[i].table) == 0 &&
                strcmp(at(row, "setting", NULL)->valuestring, known[i].setting) == 0) {
                found = true;
                assert_int_equal(cJSON_IsTrue(at(row, "agrees", NULL)), known[i].agrees);
            }
        }
        assert_true(found);
    }
    assert_true(cJSON_IsNull(at(result, "stability", NULL)));
    assert_true(cJSON_IsString(at(result, "stability_reason", NULL)));
    cJSON_Delete(result);
}

static char *bytes_of(cJSON *result)
{
    cJSON_DeleteItemFromObjectCaseSensitive(result, "timing");
    char *text = cJSON_Print(result);
    assert_non_null(text);
    return text;
}

static void same_bytes_and_config_runs_again(void **state)
{
    (void)state;
    cJSON *first = run_text(tiny, 2), *second = run_text(tiny, 1);
    char *config = cJSON_Print(at(first, "config", NULL));
    cJSON *third = run_text(config, 2);
    char *a = bytes_of(first), *b = bytes_of(second), *c = bytes_of(third);
    assert_string_equal(a, b);
    assert_string_equal(a, c);
    cJSON_free(a);
    cJSON_free(b);
    cJSON_free(c);
    cJSON_free(config);
    cJSON_Delete(first);
    cJSON_Delete(second);
    cJSON_Delete(third);
}

static void bad_input(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"\"stability\":{\"student_temperature\":0}",
         "stability.student_temperature: 0; must be a number in (0, 1000000]"},
        {"\"stability\":{\"lowest_temperature\":-0.1}", "stability.lowest_temperature: -0.1;"},
        {"\"stability\":{\"teacher_momentum\":1.1}",
         "stability.teacher_momentum: 1.1; must be a number in [0, 1]"},
        {"\"stability\":{\"prototypes\":1}",
         "stability.prototypes: 1; must be a whole number in [2, 65536]"},
        {"\"stability\":{\"highest_momentum\":1}", "must be a number in [0, 1)"},
        {"\"stability\":{\"lowest_momentum\":0.99,\"highest_momentum\":0.9}",
         "stability.highest_momentum: 0.9; must be above stability.lowest_momentum, which is 0.99"},
        {"\"stability\":{\"points\":[[0.04,1.5]]}",
         "stability.points[0]: centre momentum 1.5; must be a number in [0, 1]"},
        {"\"stability\":{\"points\":[[0.04,1],[0,0.9]]}",
         "stability.points[1]: teacher temperature 0; must be a number in (0,"},
        {"\"stability\":{\"points\":[[0.04]]}", "stability.points[0]: 1 numbers; must be"},
        {"\"stability\":{\"gain_momenta\":[0.9,-0.1]}", "stability.gain_momenta[1]: -0.1;"},
        {"\"loop\":{\"center_momentum\":-1}", "loop.center_momentum: -1; must be"},
        {"\"loop\":{\"similarity\":1}", "loop.similarity: 1; must be a number in [0, 1)"},
        {"\"loop\":{\"teacher_temperature\":null}", "loop.teacher_temperature: null; must be"},
        {"\"equilibrium\":{\"center_momenta\":[1]}",
         "equilibrium.center_momenta[0]: 1; must be a number in [0, 0.9999]"},
        {"\"equilibrium\":{\"correlation\":1}", "equilibrium.correlation: 1; must be"},
        {"\"equilibrium\":{\"batches\":1}", "equilibrium.batches: unknown key"},
        {"\"loop\":null", "must have one of equilibrium, stability, loop"},
        {"\"model\":{}", "model: unknown key"},
        {"\"effort\":0", "effort: 0; must be a number in (0, 100]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        mi_faults faults = {.file = "test"};
        mi_experiment *e = NULL;
        snprintf(text, sizeof text, "{\"experiment\":\"center\",%s}", cases[i][0]);
        cJSON *document = mi_document_parse(text, strlen(text), &faults);
        assert_int_equal(mi_experiment_create(document, &faults, &e, NULL), MI_INPUT);
        assert_null(e);
        assert_true(faults.count >= 1);
        if (strstr(faults.messages[0], cases[i][1]) == NULL) {
            fail_msg("\"%s\" does not contain \"%s\"", faults.messages[0], cases[i][1]);
        }
        mi_faults_clear(&faults);
        cJSON_Delete(document);
    }
}

/* A published file that lacks what is asked of it. */
static void bad_published_file(void **state)
{
    static const char *const contents[][2] = {
        {"{}", "dino_settings.student_temperature must be a number in (0,"},
        {"{\"dino_settings\":{\"student_temperature\":0.1,\"teacher_temperature\":0.04,"
         "\"teacher_momentum\":0.996,\"center_momentum\":0.9},\"dino_center_momentum\":{"
         "\"momentum\":[0.9,2],\"knn\":[1,2]}}",
         "dino_center_momentum.momentum[1] is 2; must be in [0, 1]"}};
    for (size_t i = 0; i < 2; i++) {
        char path[SCRATCH_PATH + 16], text[SCRATCH_PATH + 128];
        mi_faults faults = {.file = "test"};
        mi_experiment *e = NULL;
        mi_run run = support_run(1);
        snprintf(path, sizeof path, "%s/p.json", (const char *)*state);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(contents[i][0], file);
        fclose(file);
        snprintf(text, sizeof text, "{\"experiment\":\"center\",\"published\":\"%s\"}", path);
        cJSON *document = mi_document_parse(text, strlen(text), &faults);
        assert_int_equal(mi_experiment_create(document, &faults, &e, NULL), MI_OK);
        assert_int_equal(mi_experiment_check(e, &run, &faults, NULL), MI_INPUT);
        assert_non_null(strstr(faults.messages[0], contents[i][1]));
        mi_faults_clear(&faults);
        mi_experiment_destroy(e);
        cJSON_Delete(document);
    }
}

static void table_and_figures(void **state)
{
    static const char *const names[] = {"center_equilibrium.dat", "center_map.dat",
                                        "center_law.dat", "center_loop.dat"};
    cJSON *result = run_text(tiny, 2), *files = cJSON_CreateArray();
    mi_status status = {.code = MI_OK};
    char *table = NULL;
    bool drawn = false;
    assert_int_equal(mi_table_text(result, &table, &status), MI_OK);
    assert_non_null(strstr(table, "correlated  before"));
    assert_non_null(strstr(table, "Map of 12 settings"));
    assert_non_null(strstr(table, "softmax over the batch, no EMA"));
    free(table);
    assert_int_equal(mi_figures_draw(result, *state, &drawn, files, &status), MI_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cJSON *file = NULL;
        bool found = false;
        cJSON_ArrayForEach(file, files)
        {
            found = found || strcmp(file->valuestring, names[i]) == 0;
        }
        assert_true(found);
    }
    cJSON_Delete(files);
    cJSON_Delete(result);
}

/* A result edited by hand: rows that are none, and words that a script would take for commands, are
 * named with their place. */
static void edited_results(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"experiment\":\"center\",\"streams\":[{\"kind\":\"x\",\"update\":\"after\"}]}",
         "streams[0]"},
        {"{\"experiment\":\"center\",\"stability\":{\"grid\":[{\"teacher_temperature\":1,\"center_"
         "momentum\":0.5,\"predicted\":\"stable\"}]}}",
         "stability.grid[0]"},
        {"{\"experiment\":\"center\",\"loop\":{\"runs\":[7]}}", "loop.runs[0]"},
        {"{\"experiment\":\"center\",\"loop\":{\"counts\":[{\"similarity\":0,\"survived\":1,"
         "\"condition\":\"none'; exit '\"}]}}",
         "loop.counts[0]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mi_status status = {.code = MI_OK};
        char *text = NULL;
        cJSON *result = cJSON_Parse(cases[i][0]);
        assert_non_null(result);
        assert_int_equal(mi_table_text(result, &text, &status), MI_INPUT);
        assert_string_equal(status.place, cases[i][1]);
        cJSON_Delete(result);
    }
}

static void effort_scales_replicates(void **state)
{
    (void)state;
    static const char text[] = "{\"experiment\":\"center\",\"effort\":0.01,\"loop\":{\"steps\":100,"
                               "\"replicates\":500,\"similarities\":[0.5]}}";
    cJSON *result = run_text(text, 1);
    assert_near(number_at(result, "loop", "replicates"), 5, 0);
    assert_near(number_at(result, "effort", NULL), 0.01, 0);
    assert_near(number_at(result, "config", "effort"), 1, 0);
    cJSON_Delete(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_has_its_fields),
        cmocka_unit_test(published_settings),
        cmocka_unit_test(same_bytes_and_config_runs_again),
        cmocka_unit_test(bad_input),
        SCRATCH_TEST(bad_published_file),
        SCRATCH_TEST(table_and_figures),
        cmocka_unit_test(edited_results),
        cmocka_unit_test(effort_scales_replicates),
    };
    mi_start();
    return cmocka_run_group_tests_name("experiment center", tests, NULL, NULL);
}
