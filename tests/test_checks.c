/* The experiment "checks": its runs, its table, its probe curve; going on after an interruption. */
#include "train_support.h"

#include "maskinfo/statistics.h"

#define TINY_CHAIN "{\"type\":\"mlm\"," TINY_ENCODER "}"

static const char *const checks =
    "{\"experiment\":\"checks\",\"title\":\"tiny\",\"seed\":3,\"published\":\"data/"
    "published.json\","
    "\"training\":" TINY_TRAINING ",\"evaluation\":{\"samples\":8},\"estimator\":{\"samples\":8},"
    "\"runs\":[{\"label\":\"field\",\"method\":" TINY_MAE
    ",\"model\":{\"type\":\"gmrf\",\"grid\":[4,4]},\"ratio\":\"uniform\"},"
    "{\"label\":\"chain\",\"group\":\"image\",\"method\":" TINY_CHAIN
    ",\"model\":{\"type\":\"mixing\",\"vocab\":4,\"rho\":0.6,\"length\":6},\"ratio\":[0.2,0.8],"
    "\"seed\":4}],"
    "\"linear_mae\":{\"label\":\"field\",\"patch\":2,\"rank\":4,\"count\":40,\"steps\":600},"
    "\"probe_curve\":{\"label\":\"field\",\"ratios\":[0.25,0.5,0.75],\"method\":" TINY_MAE
    ",\"model\":{\"type\":\"scene\",\"grid\":[4,4],\"classes\":3},"
    "\"probe\":{\"count\":40,\"held_out_count\":30,\"neighbors\":3}}}";

static const mi_run_options two_threads = {.run = {.seed = 1, .threads = 2}};

static const char *const fields[] = {"maskinfo",
                                     "title",
                                     "effort",
                                     "config",
                                     "units",
                                     "runs[0].label",
                                     "runs[0].points[0].loss",
                                     "runs[0].exact_curve.points[0].information",
                                     "runs[1].evaluation.loss",
                                     "table[0].label",
                                     "table[0].group",
                                     "table[0].exact_ratio",
                                     "table[0].exact_low",
                                     "table[0].exact_high",
                                     "table[0].network_ratio",
                                     "table[0].probe_ratio",
                                     "table[1].loss",
                                     "table[1].floor",
                                     "table[1].gap",
                                     "table[1].gap_percent",
                                     "table[1].gap_nats",
                                     "table[1].leak",
                                     "probe_curve.label",
                                     "probe_curve.points[2].ratio",
                                     "probe_curve.points[2].knn",
                                     "probe_curve.points[2].linear",
                                     "probe_curve.optimum.ratio",
                                     "probe_curve.untrained.knn",
                                     "probe_curve.raw.linear",
                                     "probe_curve.published[9].accuracy",
                                     "probe_curve.published_source",
                                     "probe_curve.rank_correlation",
                                     "linear_mae.points[2].closed",
                                     "linear_mae.points[2].trained",
                                     "timing.seconds"};

static void results_have_every_field(void **state)
{
    (void)state;
    tiny_outcome o = tiny_run(checks, NULL, &two_threads);
    assert_int_equal(o.code, MI_OK);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (tiny_at(o.result, fields[i]) == NULL) {
            fail_msg("%s is missing", fields[i]);
        }
    }
    for (int i = 0; i < 2; i++) {
        const cJSON *run = cJSON_GetArrayItem(tiny_at(o.result, "runs"), i);
        tiny_assert_explained(run, tiny_at(run, "evaluation"));
    }
    tiny_assert_explained(tiny_at(o.result, "probe_curve"), NULL);
    tiny_assert_explained(tiny_at(o.result, "linear_mae"), NULL);
    cJSON_Delete(o.result);
}

static void numbers_belong_together(void **state)
{
    (void)state;
    cJSON *r = tiny_result(checks, NULL, &two_threads);
    assert_near(tiny_number(r, "table[0].exact_ratio"),
                tiny_number(r, "runs[0].exact_optimum.ratio"), 0);
    assert_near(tiny_number(r, "table[1].loss"), tiny_number(r, "runs[1].evaluation.loss"), 0);
    assert_near(tiny_number(r, "table[0].probe_ratio"), tiny_number(r, "probe_curve.optimum.ratio"),
                0);
    assert_true(cJSON_IsNull(tiny_at(r, "table[1].probe_ratio")));
    assert_string_equal(tiny_at(r, "table[0].group")->valuestring, "image");
    assert_string_equal(tiny_at(r, "table[1].group")->valuestring, "image");
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "probe_curve.points")), 3);
    assert_near(tiny_number(r, "probe_curve.points[1].ratio"), 0.5, 0);
    assert_near(tiny_number(r, "probe_curve.published[7].accuracy"), 0.735, 1e-12);
    assert_near(tiny_number(r, "config.runs[1].seed"), 4, 0);
    assert_near(tiny_number(r, "config.runs[0].seed"), 3, 0);
    /* Trained within a few per cent above the closed form, which is the least. */
    for (int i = 0; i < 3; i++) {
        char closed[64], trained[64];
        snprintf(closed, sizeof closed, "linear_mae.points[%d].closed", i);
        snprintf(trained, sizeof trained, "linear_mae.points[%d].trained", i);
        assert_true(tiny_number(r, trained) >= tiny_number(r, closed));
        assert_true(tiny_number(r, trained) < 1.1 * tiny_number(r, closed));
    }
    cJSON_Delete(r);
}

/* The best of the accuracies, what can not be told from it, and Spearman's correlation with the
 * published ones between whose ratios ours lie. */
static void the_probe_curve_is_judged(void **state)
{
    (void)state;
    cJSON *r = tiny_result(checks, NULL, &two_threads);
    const cJSON *curve = tiny_at(r, "probe_curve");
    double best = 0, linear[10], published[10], correlation = NAN;
    size_t pairs = 0;
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "points[%d].linear", i);
        best = fmax(best, tiny_number(curve, path));
    }
    assert_near(tiny_number(curve, "optimum.accuracy"), best, 0);
    double l[3] = {tiny_number(curve, "points[0].linear"), tiny_number(curve, "points[1].linear"),
                   tiny_number(curve, "points[2].linear")};
    for (int i = 0; i < 10; i++) {
        char ratio[64], accuracy[64];
        snprintf(ratio, sizeof ratio, "published[%d].ratio", i);
        snprintf(accuracy, sizeof accuracy, "published[%d].accuracy", i);
        double at = tiny_number(curve, ratio);
        if (at >= 0.25 && at <= 0.75) {
            double share = at <= 0.5 ? (at - 0.25) / 0.25 : (at - 0.5) / 0.25;
            linear[pairs] = at <= 0.5 ? l[0] + share * (l[1] - l[0]) : l[1] + share * (l[2] - l[1]);
            published[pairs++] = tiny_number(curve, accuracy);
        }
    }
    assert_near(tiny_number(curve, "pairs"), (double)pairs, 0);
    if (mi_rank_correlation(linear, published, pairs, &correlation)) {
        assert_near(tiny_number(curve, "rank_correlation"), correlation, 1e-12);
        assert_near(tiny_number(curve, "rank_correlation_p"),
                    mi_rank_correlation_p(linear, published, pairs), 1e-12);
    }
    cJSON_Delete(r);
}

static void drop_timings(cJSON *result)
{
    cJSON *run = NULL;
    cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(result, "runs"))
    {
        cJSON_DeleteItemFromObjectCaseSensitive(run, "timing");
    }
}

static void same_bytes_at_any_thread_count(void **state)
{
    (void)state;
    mi_run_options one = {.run = {.seed = 1, .threads = 1}};
    cJSON *a = tiny_result(checks, NULL, &one), *b = tiny_result(checks, NULL, &two_threads);
    drop_timings(a);
    drop_timings(b);
    tiny_assert_same(a, b);
}

static void config_of_a_result_runs_again(void **state)
{
    (void)state;
    cJSON *r = tiny_result(checks, NULL, &two_threads);
    char *text = cJSON_Print(tiny_at(r, "config"));
    cJSON *again = tiny_result(text, NULL, &two_threads);
    drop_timings(r);
    drop_timings(again);
    tiny_assert_same(r, again);
    cJSON_free(text);
}

static void effort_scales_steps_and_examples(void **state)
{
    (void)state;
    static const char *const sets[] = {"effort=0.5", NULL};
    cJSON *r = tiny_result(checks, sets, &two_threads);
    assert_near(tiny_number(r, "config.runs[0].training.steps"), 6, 0);
    assert_near(tiny_number(r, "config.runs[0].evaluation.samples"), 4, 0);
    assert_near(tiny_number(r, "config.probe_curve.probe.count"), 20, 0);
    assert_near(tiny_number(r, "config.linear_mae.steps"), 300, 0);
    assert_near(tiny_number(r, "config.effort"), 1, 0);
    cJSON_Delete(r);
}

/* Stops in the training of the run whose heading is `label`. */
typedef struct stop_in {
    const char *label;
    bool there;
    volatile sig_atomic_t interrupt;
} stop_in;

static void watch(void *context, const char *stage, size_t done, size_t total)
{
    stop_in *stop = context;
    if (total == 0) { /* "2/5 LABEL" */
        const char *label = strchr(stage, ' ');
        stop->there = label != NULL && strcmp(label + 1, stop->label) == 0;
    } else if (stop->there && strncmp(stage, "training", 8) == 0 && done == 7) {
        stop->interrupt = 1;
    }
}

static mi_run_options keep_in(void **state, stop_in *stop, bool resume)
{
    return (mi_run_options){.run = {.seed = 1,
                                    .threads = 2,
                                    .opt_progress = watch,
                                    .opt_progress_context = stop,
                                    .opt_interrupt = &stop->interrupt},
                            .opt_directory = *state,
                            .resume = resume};
}

static void interrupt_in(void **state, const char *label)
{
    stop_in stop = {.label = label};
    mi_run_options options = keep_in(state, &stop, true);
    tiny_outcome o = tiny_run(checks, NULL, &options);
    assert_failure(o.code, MI_INTERRUPTED, o.status, "at step 7 of 12");
    assert_non_null(strstr(o.status.message, label));
}

/* Interrupted in the second run and in the probe curve, "checks" goes on: with finished runs as
 * they are kept (marked here), and the others from their checkpoints. */
static void resume_goes_on(void **state)
{
    char path[SCRATCH_PATH], command[2 * SCRATCH_PATH];
    stop_in never = {.label = "none"};
    mi_run_options options = keep_in(state, &never, true);
    cJSON *expected = tiny_result(checks, NULL, &two_threads);
    interrupt_in(state, "chain");
    assert_int_equal(access(scratch_name(state, "partial/run-00.json", path), R_OK), 0);
    assert_int_equal(
        access(scratch_name(state, "partial/run-01/checkpoint.safetensors", path), R_OK), 0);
    interrupt_in(state, "field, ratio 0.5");
    assert_int_not_equal(access(scratch_name(state, "partial/run-01", path), F_OK), 0);
    snprintf(command, sizeof command, "sed -i 's/\"units\":\"nats\"/\"units\":\"marked\"/' %s",
             scratch_name(state, "partial/run-00.json", path));
    assert_int_equal(system(command), 0);
    cJSON *result = tiny_result(checks, NULL, &options);
    cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(result, "runs"), 0);
    assert_string_equal(tiny_at(first, "units")->valuestring, "marked");
    cJSON_ReplaceItemInObjectCaseSensitive(first, "units", cJSON_CreateString("nats"));
    assert_int_not_equal(access(scratch_name(state, "partial", path), F_OK), 0);
    drop_timings(expected);
    drop_timings(result);
    tiny_assert_same(expected, result);
}

/* What is kept of another configuration is computed anew. */
static void resume_passes_over_what_does_not_fit(void **state)
{
    static const char *const sets[] = {"training.rate=0.01", NULL};
    stop_in never = {.label = "none"};
    mi_run_options options = keep_in(state, &never, true);
    cJSON *expected = tiny_result(checks, sets, &two_threads);
    interrupt_in(state, "chain");
    cJSON *result = tiny_result(checks, sets, &options);
    drop_timings(expected);
    drop_timings(result);
    tiny_assert_same(expected, result);
}

static void bad_input(void **state)
{
    (void)state;
    static const struct {
        const char *set, *says[3];
    } cases[] = {
        {"runs=[]", {"runs", "1 to 32"}},
        {"runs=7", {"runs", "array"}},
        {"runs[0]=7", {"runs[0]", "7", "object"}},
        {"runs[1].label=field", {"runs[1]", "\"field\"", "runs[0]"}},
        {"runs[1].group=sound", {"runs[1].group", "sound", "text"}},
        {"runs[0].method.patch=3", {"runs[0].method.patch", "3", "4x4"}},
        {"runs[1].ratio=2", {"runs[1].ratio", "2"}},
        {"runs[1].model={\"type\":\"gmrf\",\"grid\":[4,4]}", {"runs[1].method.type", "pixels"}},
        {"runs[0].speed=1", {"runs[0].speed", "unknown key"}},
        {"training.rate=-1", {"training.rate", "-1", "(0, 10]"}},
        {"effort=0", {"effort", "0", "(0, 100]"}},
        {"published=tests/support.h", {"published"}},
        {"probe_curve=3", {"probe_curve", "3", "object"}},
        {"probe_curve.ratio=0.5", {"probe_curve.ratio", "unknown key"}},
        {"probe_curve.ratios=[0.5,2]", {"probe_curve.ratios[1]", "2"}},
        {"probe_curve.ratios=[0.01]", {"probe_curve.ratio", "0.01", "16"}},
        {"probe_curve.ratios=[0.5,0.99]", {"probe_curve.ratio", "0.99", "16"}},
        {"probe_curve.probe=null", {"probe_curve.probe", "missing"}},
        {"linear_mae.label=fields", {"linear_mae.label", "fields", "runs"}},
        {"linear_mae.label=chain", {"linear_mae.label", "chain", "pixels"}},
        {"linear_mae.patch=3", {"linear_mae.patch", "3", "4x4"}},
        {"linear_mae.rank=17", {"linear_mae.rank", "17", "[1, 16]"}},
        {"linear_mae.ratios=[1]", {"linear_mae.ratios[0]", "1", "(0, 1)"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tiny_outcome o = tiny_run(checks, (const char *const[]){cases[i].set, NULL}, NULL);
        bool good = o.code == MI_INPUT;
        for (size_t s = 0; s < 3 && cases[i].says[s] != NULL; s++) {
            good = good && strstr(o.fault, cases[i].says[s]) != NULL;
        }
        if (!good) {
            fail_msg("--set %s: \"%s\"", cases[i].set, o.fault);
        }
    }
}

int main(void)
{
    mi_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_have_every_field),
        cmocka_unit_test(numbers_belong_together),
        cmocka_unit_test(the_probe_curve_is_judged),
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(config_of_a_result_runs_again),
        cmocka_unit_test(effort_scales_steps_and_examples),
        SCRATCH_TEST(resume_goes_on),
        SCRATCH_TEST(resume_passes_over_what_does_not_fit),
        cmocka_unit_test(bad_input),
    };
    return cmocka_run_group_tests_name("experiment checks", tests, NULL, NULL);
}
