/* The experiment "methods": its runs and seeds, table, baselines and outcomes; going on after an
 * interruption; what is refused. */
#include "stub_method.h"
#include "train_support.h"

#include "../src/lab/training.h"

static const char *const methods =
    "{\"experiment\":\"methods\",\"title\":\"tiny\",\"view\":\"collapse\",\"seeds\":[3,4],"
    "\"model\":{\"type\":\"scene\",\"grid\":[4,4],\"classes\":3},\"ratio\":[0.25,0.75],"
    "\"training\":{\"steps\":20,\"batch\":6,\"shards\":3,\"checkpoint_every\":5},"
    "\"evaluation\":{\"samples\":8},\"estimator\":{\"samples\":8},"
    "\"probe\":{\"count\":40,\"held_out_count\":30,\"neighbors\":3,\"patches\":2},"
    "\"collapse\":{\"window\":5},"
    "\"runs\":[{\"label\":\"autoencoder\",\"method\":" TINY_MAE "},"
    "{\"label\":\"good\",\"method\":{\"type\":\"stub\"}},"
    "{\"label\":\"bad\",\"method\":{\"type\":\"stub\",\"script\":\"one\",\"at\":10}},"
    "{\"label\":\"elsewhere\",\"method\":{\"type\":\"stub\"},\"probe\":null,"
    "\"model\":{\"type\":\"gmrf\",\"grid\":[4,4]}}]}";

/* One thread: two have little to do here but wait for each other. */
static const mi_run_options one_thread = {.run = {.seed = 1, .threads = 1}};

static void results_have_every_field(void **state)
{
    static const char *const fields[] = {"maskinfo",
                                         "title",
                                         "effort",
                                         "config.seeds[1]",
                                         "config.runs[3].label",
                                         "units",
                                         "view",
                                         "runs[0].label",
                                         "runs[0].seed",
                                         "runs[7].monitors.steps[0].information",
                                         "table[0].label",
                                         "table[0].method",
                                         "table[0].target",
                                         "table[0].parameters",
                                         "table[0].final_loss",
                                         "table[0].seconds",
                                         "table[0].bytes",
                                         "table[0].knn",
                                         "table[0].knn_se",
                                         "table[0].linear",
                                         "table[0].linear_se",
                                         "table[0].patch_linear",
                                         "table[0].patch_linear_se",
                                         "table[0].collapse",
                                         "baselines.raw.knn",
                                         "baselines.untrained.linear",
                                         "baselines.patch.raw.linear",
                                         "outcomes[0].label",
                                         "outcomes[0].seed",
                                         "outcomes[0].verdict",
                                         "outcomes[0].step",
                                         "outcomes[0].information",
                                         "outcomes[0].teacher_entropy",
                                         "outcomes[0].log_prototypes",
                                         "timing.seconds"};
    (void)state;
    tiny_outcome o = tiny_run(methods, NULL, &one_thread);
    assert_int_equal(o.code, MI_OK);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (tiny_at(o.result, fields[i]) == NULL) {
            fail_msg("%s is missing", fields[i]);
        }
    }
    tiny_assert_explained(tiny_at(o.result, "table"), NULL);
    tiny_assert_explained(tiny_at(o.result, "baselines"), NULL);
    tiny_assert_explained(tiny_at(o.result, "outcomes"), NULL);
    cJSON_Delete(o.result);
}

static void numbers_belong_together(void **state)
{
    (void)state;
    cJSON *r = tiny_result(methods, NULL, &one_thread);
    double a = tiny_number(r, "runs[0].probe.trained.knn");
    double b = tiny_number(r, "runs[4].probe.trained.knn");
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "runs")), 8);
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "table")), 4);
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "outcomes")), 6);
    assert_near(tiny_number(r, "runs[3].seed"), 3, 0);
    assert_near(tiny_number(r, "runs[4].seed"), 4, 0);
    assert_string_equal(tiny_at(r, "runs[4].label")->valuestring, "autoencoder");
    assert_near(tiny_number(r, "runs[4].config.seed"), 4, 0);
    /* Mean over two seeds and its error |a - b| / 2. */
    assert_near(tiny_number(r, "table[0].knn"), (a + b) / 2, 1e-12);
    assert_near(tiny_number(r, "table[0].knn_se"), fabs(a - b) / 2, 1e-12);
    assert_near(tiny_number(r, "table[0].final_loss"),
                (tiny_number(r, "runs[0].final_loss") + tiny_number(r, "runs[4].final_loss")) / 2,
                1e-12);
    assert_near(tiny_number(r, "baselines.raw.linear"), tiny_number(r, "runs[0].probe.raw.linear"),
                0);
    assert_string_equal(tiny_at(r, "table[1].collapse")->valuestring, "none");
    assert_string_equal(tiny_at(r, "table[2].collapse")->valuestring, "one prototype (2 of 2)");
    assert_true(cJSON_IsNull(tiny_at(r, "table[0].collapse")));
    assert_true(cJSON_IsNull(tiny_at(r, "table[3].knn")));
    assert_string_equal(tiny_at(r, "outcomes[1].label")->valuestring, "bad");
    assert_near(tiny_number(r, "outcomes[1].step"), 11, 0);
    assert_near(tiny_number(r, "outcomes[4].seed"), 4, 0);
    assert_near(tiny_number(r, "outcomes[1].log_prototypes"), log(64), 1e-12);
    cJSON_Delete(r);
}

/* With one seed the errors are those over held-out examples. */
static void one_seed(void **state)
{
    static const char *const sets[] = {"seeds=[3]", NULL};
    (void)state;
    cJSON *r = tiny_result(methods, sets, &one_thread);
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "runs")), 4);
    assert_near(tiny_number(r, "table[0].knn_se"), tiny_number(r, "runs[0].probe.trained.knn_se"),
                0);
    assert_near(tiny_number(r, "table[0].patch_linear_se"),
                tiny_number(r, "runs[0].probe.patch.trained.linear_se"), 0);
    assert_string_equal(tiny_at(r, "table[2].collapse")->valuestring, "one prototype");
    cJSON_Delete(r);
}

/* Where one seed alone has a number, its error is that seed's. */
static void one_seed_with_a_number(void **state)
{
    mi_value seeds = {.parameter = &mi_methods_parameters[1], .matrix = {.columns = 2}};
    mi_values settings = {1, &seeds};
    mi_experiment e = {.settings = &settings, .train_count = 8};
    static const char *const made[] = {"table", "baselines", "outcomes"};
    (void)state;
    cJSON *r = tiny_result(methods, NULL, &one_thread);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(r, made[i]);
    }
    cJSON *trained = (cJSON *)tiny_at(r, "runs[0].probe.trained");
    cJSON_ReplaceItemInObject(trained, "knn", cJSON_CreateNull());
    cJSON_ReplaceItemInObject(trained, "knn_se", cJSON_CreateNull());
    assert_int_equal(mi_methods_put_table(&e, r, NULL), MI_OK);
    assert_near(tiny_number(r, "table[0].knn"), tiny_number(r, "runs[4].probe.trained.knn"), 0);
    assert_near(tiny_number(r, "table[0].knn_se"), tiny_number(r, "runs[4].probe.trained.knn_se"),
                0);
    cJSON_Delete(r);
}

/* A run of the list is the same run as by itself: the first with its seed, one of another method,
 * one of the same with other parameters. */
static void runs_that_share_are_runs(void **state)
{
    (void)state;
    cJSON *r = tiny_result(methods, NULL, &one_thread);
    for (int i = 4; i < 7; i++) {
        const cJSON *run = cJSON_GetArrayItem(tiny_at(r, "runs"), i);
        char *config = cJSON_Print(tiny_at(run, "config"));
        cJSON *single = tiny_result(config, NULL, &one_thread);
        tiny_assert_same(cJSON_Duplicate(tiny_at(run, "probe"), 1),
                         cJSON_Duplicate(tiny_at(single, "probe"), 1));
        tiny_assert_same(cJSON_Duplicate(tiny_at(run, "monitors"), 1),
                         cJSON_Duplicate(tiny_at(single, "monitors"), 1));
        cJSON_free(config);
        cJSON_Delete(single);
    }
    cJSON_Delete(r);
}

/* Timings differ from run to run, and bytes with the threads. */
static cJSON *without_timing(cJSON *r)
{
    static const char *const names[] = {"seconds", "bytes", "timing"};
    static const char *const arrays[] = {"table", "table", "runs"};
    for (size_t i = 0; i < 3; i++) {
        cJSON *item = NULL;
        cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(r, arrays[i]))
        {
            cJSON_DeleteItemFromObjectCaseSensitive(item, names[i]);
        }
    }
    return r;
}

static void the_config_of_a_result_runs_again(void **state)
{
    (void)state;
    cJSON *r = without_timing(tiny_result(methods, NULL, &one_thread));
    char *config = cJSON_Print(tiny_at(r, "config"));
    tiny_assert_same(without_timing(tiny_result(config, NULL, &one_thread)), r);
    cJSON_free(config);
}

/* Stops in the training number `run`, after `at` of its steps. */
typedef struct later_stop {
    size_t run, at, seen;
    volatile sig_atomic_t interrupt;
} later_stop;

static void watch(void *context, const char *stage, size_t done, size_t total)
{
    later_stop *stop = context;
    (void)total;
    stop->seen += strncmp(stage, "training", 8) == 0 && done == stop->at;
    if (stop->seen == stop->run) {
        stop->interrupt = 1;
    }
}

/* How many trainings begin. */
static void count_beginnings(void *context, const char *stage, size_t done, size_t total)
{
    (void)total;
    *(size_t *)context += strncmp(stage, "training", 8) == 0 && done == 1;
}

static void a_resumed_experiment_is_the_same(void **state)
{
    static const size_t runs[] = {1, 3, 6};
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char folder[SCRATCH_PATH], path[SCRATCH_PATH + 64], name[64];
        later_stop stop = {.run = runs[i], .at = 13};
        snprintf(name, sizeof name, "m%zu", i);
        scratch_name(state, name, folder);
        mi_run_options options = {.run = {.seed = 1,
                                          .threads = 1,
                                          .opt_progress = watch,
                                          .opt_progress_context = &stop,
                                          .opt_interrupt = &stop.interrupt},
                                  .opt_directory = folder};
        tiny_outcome o = tiny_run(methods, NULL, &options);
        assert_int_equal(o.code, MI_INTERRUPTED);
        cJSON_Delete(o.result);
        snprintf(path, sizeof path, "%s/partial/run-%02zu/checkpoint.safetensors", folder,
                 runs[i] - 1);
        assert_int_equal(access(path, R_OK), 0);
        size_t begun = 0;
        options = (mi_run_options){.run = {.seed = 1,
                                           .threads = 1,
                                           .opt_progress = count_beginnings,
                                           .opt_progress_context = &begun},
                                   .opt_directory = folder,
                                   .resume = true};
        cJSON *r = without_timing(tiny_result(methods, NULL, &options));
        assert_int_equal(begun, 8 - runs[i]); /* finished ones are not repeated */
        tiny_assert_same(r, without_timing(tiny_result(methods, NULL, &one_thread)));
        snprintf(path, sizeof path, "%s/partial", folder);
        assert_int_not_equal(access(path, F_OK), 0);
    }
}

/* A run of the list, and the same by itself. */
static void assert_run_is_itself(const char *text, const char *const *sets, const char *which)
{
    static const char *const parts[] = {"probe", "evaluation"};
    cJSON *r = tiny_result(text, sets, &one_thread);
    const cJSON *run = tiny_at(r, which);
    char *config = cJSON_Print(tiny_at(run, "config"));
    cJSON *single = tiny_result(config, NULL, &one_thread);
    for (size_t i = 0; i < 2; i++) {
        tiny_assert_same(cJSON_Duplicate(tiny_at(run, parts[i]), 1),
                         cJSON_Duplicate(tiny_at(single, parts[i]), 1));
    }
    cJSON_free(config);
    cJSON_Delete(single);
    cJSON_Delete(r);
}

/* Images on disk, of which a fit and its scale depend on the seed; labels that one run has. */
static void runs_share_what_is_the_same(void **state)
{
    enum { COUNT = 60, SIDE = 8, WIDE = 12 };
    static unsigned char pixels[COUNT * WIDE * WIDE], labels[COUNT];
    char images[SCRATCH_PATH], wide[SCRATCH_PATH], names[SCRATCH_PATH], text[8000], probe[4000];
    char alone[400];
    unsigned state_of = 1;
    for (size_t i = 0; i < COUNT * WIDE * WIDE; i++) {
        state_of = state_of * 1664525u + 1013904223u;
        pixels[i] = (unsigned char)(state_of >> 24);
        labels[i / WIDE / WIDE] = (unsigned char)(i / WIDE / WIDE % 2);
    }
    tiny_write_idx(scratch_name(state, "images", images), COUNT, SIDE, SIDE, pixels);
    tiny_write_idx(scratch_name(state, "wide", wide), COUNT, WIDE, WIDE, pixels);
    tiny_write_idx(scratch_name(state, "labels", names), COUNT, 0, 0, labels);
    snprintf(probe, sizeof probe,
             "{\"images\":\"%s\",\"labels\":\"%s\",\"held_out_images\":\"%s\","
             "\"held_out_labels\":\"%s\",\"count\":50,\"held_out_count\":50}",
             images, names, images, names);
    snprintf(text, sizeof text,
             "{\"experiment\":\"methods\",\"seeds\":[3,4],\"ratio\":0.5,"
             "\"model\":{\"type\":\"patches\",\"images\":\"%s\",\"patch\":2,\"grid\":[4,4],"
             "\"crops\":100,\"held_out_crops\":24,\"family\":\"gaussian\"},"
             "\"training\":{\"steps\":3,\"batch\":4,\"shards\":2},"
             "\"evaluation\":{\"samples\":8},\"estimator\":{\"samples\":8},"
             "\"runs\":[{\"label\":\"unprobed\",\"method\":" TINY_MAE "},"
             "{\"label\":\"probed\",\"method\":" TINY_MAE ",\"probe\":%s}]}",
             wide, probe);
    assert_run_is_itself(text, NULL, "runs[3]");
    snprintf(alone, sizeof alone, "runs=[{\"label\":\"a\",\"method\":%s}]", TINY_MAE);
    assert_run_is_itself(text, (const char *const[]){alone, NULL}, "runs[1]");
}

static void effort_scales_sizes(void **state)
{
    static const char *const sets[] = {"effort=0.5", "seeds=[1]", NULL};
    (void)state;
    cJSON *r = tiny_result(methods, sets, &one_thread);
    assert_near(tiny_number(r, "runs[0].config.training.steps"), 10, 0);
    assert_near(tiny_number(r, "runs[0].config.probe.count"), 20, 0);
    assert_near(tiny_number(r, "config.effort"), 1, 0);
    assert_near(tiny_number(r, "effort"), 0.5, 0);
    cJSON_Delete(r);
}

static void bad_input(void **state)
{
    static const struct {
        const char *set, *says;
    } cases[] = {
        {"seeds=[1,2,1]", "seeds[2]: 1 is there twice"},
        {"seeds=[1.5]", "seeds"},
        {"seeds=[-1]", "seeds"},
        {"seeds=[]", "seeds"},
        {"seed=5", "seed: is of no use: \"seeds\" is the list of them"},
        {"view=\"all\"", "view: \"all\""},
        {"effort=0", "effort: 0"},
        {"runs=[]", "runs: must be an array of 1 to 32 runs"},
        {"runs[1]=3", "runs[1]: 3; must be an object"},
        {"runs[1].label=\"bad\"", "label \"bad\" is taken by runs[1]"},
        {"runs[1].ratio=0.5", "runs[1].ratio: is of no use: method \"stub\" hides nothing"},
        {"runs[1].method.type=\"simclr\"", "runs[1].method.type: \"simclr\"; must be one of "},
        {"runs[1].method.type=\"mlm\"", "runs[1].method.type: \"mlm\" predicts symbols"},
        {"runs[1].method.head.prototypes=1", "runs[1].method.head.prototypes: 1"},
        {"runs[3].method.speed=1", "runs[3].method.speed"},
        {"collapse.hold=0", "collapse.hold: 0"},
        {"maps.count=-1", "maps.count: -1"},
        {"model.type=\"cats\"", "model.type"},
        {"colour=1", "colour"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const sets[] = {cases[i].set, NULL};
        tiny_outcome o = tiny_run(methods, sets, NULL);
        if (o.code != MI_INPUT || strstr(o.fault, cases[i].says) == NULL) {
            fail_msg("%s: %s", cases[i].set, o.fault);
        }
    }
}

/* Of a list of runs, faults of all of them are told. */
static void faults_of_all_runs_are_told(void **state)
{
    mi_faults faults = {.file = "tiny.json"};
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    mi_experiment *e = NULL;
    cJSON *document = mi_document_parse(methods, strlen(methods), &faults);
    (void)state;
    assert_true(mi_document_set(document, "runs[0].method.type=\"mlm\"", &faults));
    assert_true(mi_document_set(document, "runs[2].method={\"type\":\"mlm\"}", &faults));
    assert_true(mi_document_set(document, "runs[0].method={\"type\":\"mlm\"}", &faults));
    assert_int_equal(mi_experiment_create(document, &faults, &e, &status), MI_OK);
    assert_int_equal(mi_experiment_check(e, &run, &faults, &status), MI_INPUT);
    assert_int_equal(faults.count, 2);
    mi_experiment_destroy(e);
    mi_faults_clear(&faults);
    cJSON_Delete(document);
}

static void same_bytes_at_any_thread_count(void **state)
{
    static const char *const sets[] = {"seeds=[3]", NULL};
    mi_run_options two_threads = {.run = {.seed = 1, .threads = 2}};
    (void)state;
    tiny_assert_same(without_timing(tiny_result(methods, sets, &one_thread)),
                     without_timing(tiny_result(methods, sets, &two_threads)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_have_every_field),
        cmocka_unit_test(numbers_belong_together),
        cmocka_unit_test(one_seed),
        cmocka_unit_test(one_seed_with_a_number),
        cmocka_unit_test(runs_that_share_are_runs),
        cmocka_unit_test(the_config_of_a_result_runs_again),
        SCRATCH_TEST(a_resumed_experiment_is_the_same),
        SCRATCH_TEST(runs_share_what_is_the_same),
        cmocka_unit_test(effort_scales_sizes),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(faults_of_all_runs_are_told),
        cmocka_unit_test(same_bytes_at_any_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
