/* Monitors, collapse, patch-level probes and maps of training runs. */
#include "stub_method.h"
#include "train_support.h"

#include "../src/lab/collapse.h"
#include "../src/lab/principal.h"

static const mi_run_options two_threads = {.run = {.seed = 1, .threads = 2}};

static const char *const stubbed =
    "{\"experiment\":\"train\",\"method\":{\"type\":\"stub\"},\"model\":{\"type\":\"scene\","
    "\"grid\":[4,4],\"classes\":3},\"training\":{\"steps\":100,\"batch\":6,\"shards\":3,"
    "\"checkpoint_every\":30},\"evaluation\":{\"samples\":8,\"pictures\":2},"
    "\"probe\":{\"count\":40,\"held_out_count\":30,\"neighbors\":3,\"patches\":2},"
    "\"collapse\":{\"window\":10},\"maps\":{\"count\":3}}";

static void a_method_without_predictions_has_no_floor(void **state)
{
    static const char *const nulls[] = {"points",
                                        "optimum",
                                        "exact_curve",
                                        "exact_optimum",
                                        "pictures",
                                        "evaluation.loss",
                                        "evaluation.gap",
                                        "evaluation.floor",
                                        "config.mask",
                                        "config.ratio",
                                        "config.evaluation.ratios"};
    (void)state;
    cJSON *r = tiny_result(stubbed, NULL, &two_threads);
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        if (!cJSON_IsNull(tiny_at(r, nulls[i]))) {
            fail_msg("%s is no null", nulls[i]);
        }
    }
    assert_string_equal(tiny_at(r, "evaluation.loss_reason")->valuestring,
                        tiny_at(r, "points_reason")->valuestring);
    assert_string_equal(tiny_at(r, "target")->valuestring, "nothing");
    assert_near(tiny_number(r, "final_loss"), log(64) + 1e-4, 1e-4);
    cJSON *monitors = cJSON_GetObjectItemCaseSensitive(r, "monitors");
    cJSON_DeleteItemFromObjectCaseSensitive(monitors, "steps"); /* explained at their head */
    tiny_assert_explained(r, tiny_at(r, "evaluation"));
    cJSON_Delete(r);
}

static void the_final_loss_and_the_target_are_always_there(void **state)
{
    (void)state;
    cJSON *r = tiny_result(tiny_mae, NULL, &two_threads);
    assert_near(tiny_number(r, "final_loss"), tiny_number(r, "steps[11].loss"), 0);
    assert_string_equal(tiny_at(r, "target")->valuestring, mi_mae_method.target != NULL
                                                               ? mi_mae_method.target
                                                               : mi_mae_method.summary);
    assert_true(cJSON_IsNull(tiny_at(r, "monitors")));
    assert_true(cJSON_IsNull(tiny_at(r, "collapse")));
    assert_true(cJSON_IsNull(tiny_at(r, "maps")));
    cJSON_Delete(r);
}

static void the_config_of_a_result_runs_again(void **state)
{
    (void)state;
    cJSON *r = tiny_result(stubbed, NULL, &two_threads);
    char *config = cJSON_Print(tiny_at(r, "config"));
    tiny_assert_same(tiny_result(config, NULL, &two_threads), r);
    cJSON_free(config);
}

static void monitors_are_means_over_stretches(void **state)
{
    static const char *const sets[] = {"method.script=\"uniform\"", "method.at=60",
                                       "training.steps=1000", NULL};
    (void)state;
    cJSON *r = tiny_result(stubbed, sets, &two_threads);
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "monitors.steps")), 400);
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "monitors.names")), 5);
    assert_string_equal(tiny_at(r, "monitors.units[0]")->valuestring, "nats");
    assert_string_equal(tiny_at(r, "monitors.units[4]")->valuestring, "");
    assert_near(tiny_number(r, "monitors.log_prototypes"), log(64), 1e-12);
    assert_true(cJSON_IsNull(tiny_at(r, "monitors.log_patch_prototypes")));
    /* Stretches of 2 and 3 steps; the rank is taken in every tenth. */
    assert_near(tiny_number(r, "monitors.steps[0].information"), 0.6 * log(64), 1e-12);
    assert_near(tiny_number(r, "monitors.steps[0].effective_rank"), 9, 0);
    assert_true(cJSON_IsNull(tiny_at(r, "monitors.steps[1].effective_rank")));
    assert_non_null(tiny_at(r, "monitors.effective_rank_reason"));
    assert_null(tiny_at(r, "monitors.information_reason"));
    assert_near(tiny_number(r, "monitors.steps[399].information"), 0, 0);
    cJSON_Delete(r);
}

/* Interrupted at the step `at`, then resumed. */
static cJSON *resumed(void **state, const char *text, const char *const *sets, size_t at)
{
    char folder[SCRATCH_PATH];
    tiny_stop stop = {.at = at};
    scratch_name(state, "monitored", folder);
    mi_run_options options = {.run = {.seed = 1,
                                      .threads = 2,
                                      .opt_progress = tiny_watch,
                                      .opt_progress_context = &stop,
                                      .opt_interrupt = &stop.interrupt},
                              .opt_directory = folder};
    tiny_outcome o = tiny_run(text, sets, &options);
    assert_int_equal(o.code, MI_INTERRUPTED);
    cJSON_Delete(o.result);
    options =
        (mi_run_options){.run = {.seed = 1, .threads = 1}, .opt_directory = folder, .resume = true};
    return tiny_result(text, sets, &options);
}

static void monitors_are_resumed(void **state)
{
    static const char *const sets[] = {"method.script=\"line\"", "method.at=20", NULL};
    char folder[SCRATCH_PATH];
    scratch_name(state, "whole", folder);
    mi_run_options whole = {.run = {.seed = 1, .threads = 2}, .opt_directory = folder};
    cJSON *r = resumed(state, stubbed, sets, 47);
    tiny_assert_same(r, tiny_result(stubbed, sets, &whole));
}

/* A history that was written without monitors is refused, not read as something else. */
static void a_history_without_monitors_is_refused(void **state)
{
    char path[SCRATCH_PATH];
    mi_status status = {.code = MI_OK};
    mi_history with, without;
    scratch_name(state, "history.safetensors", path);
    assert_int_equal(mi_history_create(4, NULL, &without, &status), MI_OK);
    assert_int_equal(mi_history_create(4, stub_monitors, &with, &status), MI_OK);
    without.steps = 3;
    assert_int_equal(mi_history_save(&without, "x", path, &status), MI_OK);
    assert_int_equal(mi_history_load(&with, "x", 3, path, &status), MI_INPUT);
    assert_non_null(strstr(status.message, "monitor.teacher_entropy"));
    with.steps = 3;
    with.monitor[3][1] = NAN;
    with.monitor[4][2] = 0.25;
    assert_int_equal(mi_history_save(&with, "x", path, &status), MI_OK);
    with.monitor[3][1] = with.monitor[4][2] = 7;
    assert_int_equal(mi_history_load(&with, "x", 3, path, &status), MI_OK);
    assert_true(isnan(with.monitor[3][1]));
    assert_near(with.monitor[4][2], 0.25, 0);
    assert_ptr_equal(mi_history_find(&with, "feature_deviation"), with.monitor[4]);
    assert_null(mi_history_find(&with, "loss"));
    mi_history_free(&with);
    mi_history_free(&without);
}

static const mi_collapse_limits limits = {
    .information = 0.02, .deviation = 0.05, .rank = 1.5, .window = 10, .hold = 0.2};

/* A history of `steps` steps whose values are those of `from` before step `at`, then of `to`:
 * teacher and mean entropies as shares of ln K = 4, rank, deviation. */
static mi_collapse_verdict verdict_of(size_t steps, size_t at, const double from[4],
                                      const double to[4])
{
    mi_history h;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_history_create(steps, stub_monitors, &h, &status), MI_OK);
    for (size_t i = 0; i < steps; i++) {
        const double *x = i < at ? from : to;
        h.monitor[0][i] = 4 * x[0];
        h.monitor[1][i] = 4 * x[1];
        h.monitor[2][i] = 4 * (x[1] - x[0]);
        h.monitor[3][i] = i % 10 == 0 ? x[2] : NAN;
        h.monitor[4][i] = x[3];
    }
    h.steps = steps;
    mi_collapse_verdict v = mi_collapse_find(&h, MI_CLASS_OUTPUTS, &limits, 4, steps);
    mi_history_free(&h);
    return v;
}

static const double sound[4] = {0.3, 0.9, 9, 0.8}, uniform[4] = {0.999, 1, 9, 0.8},
                    one[4] = {0.001, 0.015, 9, 0.8}, between[4] = {0.6, 0.61, 9, 0.8},
                    point[4] = {0.3, 0.9, 9, 0.04}, line[4] = {0.3, 0.9, 1.4, 0.8},
                    nearly[4] = {0.3, 0.325, 1.6, 0.06};

static void assert_verdict(mi_collapse_verdict v, mi_collapse kind, size_t step)
{
    assert_int_equal(v.kind, kind);
    assert_int_equal(v.step, step);
}

static void collapse_is_told_apart(void **state)
{
    (void)state;
    assert_verdict(verdict_of(200, 100, sound, sound), MI_SOUND, 0);
    assert_verdict(verdict_of(200, 100, sound, nearly), MI_SOUND, 0);
    assert_verdict(verdict_of(200, 100, sound, uniform), MI_UNIFORM, 101);
    assert_verdict(verdict_of(200, 100, sound, one), MI_ONE_PROTOTYPE, 101);
    assert_verdict(verdict_of(200, 100, sound, between), MI_UNIFORM, 101);
    assert_verdict(verdict_of(200, 100, sound, point), MI_DIMENSIONAL, 101);
    assert_verdict(verdict_of(200, 100, sound, line), MI_DIMENSIONAL, 101);
    assert_true(verdict_of(200, 100, sound, line).line);
    assert_false(verdict_of(200, 100, sound, point).line);
    assert_near(verdict_of(200, 100, sound, line).threshold, 0.08, 1e-12);
}

static void a_collapse_is_for_good(void **state)
{
    (void)state;
    assert_verdict(verdict_of(200, 0, uniform, uniform), MI_UNIFORM, 1);
    assert_verdict(verdict_of(200, 100, uniform, sound), MI_SOUND, 0);
    /* From one form to the other it is one collapse; what is left of the steps joins the last
     * window; the last fifth of the steps is the least that counts. */
    assert_verdict(verdict_of(200, 100, uniform, one), MI_ONE_PROTOTYPE, 1);
    assert_verdict(verdict_of(207, 160, sound, one), MI_ONE_PROTOTYPE, 161);
    assert_verdict(verdict_of(200, 160, sound, one), MI_ONE_PROTOTYPE, 161);
    assert_verdict(verdict_of(200, 170, sound, one), MI_SOUND, 0);
    assert_verdict(verdict_of(3, 0, one, one), MI_ONE_PROTOTYPE, 1);
}

/* What is said while it trains. */
typedef struct heard {
    size_t count;
    char text[1024];
} heard;

static void listen(void *context, const char *text)
{
    heard *h = context;
    h->count++;
    snprintf(h->text, sizeof h->text, "%s", text);
}

static cJSON *run_and_listen(const char *const *sets, heard *h)
{
    mi_run_options options = {
        .run = {.seed = 1, .threads = 2, .opt_notice = listen, .opt_notice_context = h}};
    *h = (heard){.count = 0};
    return tiny_result(stubbed, sets, &options);
}

static void a_collapse_is_told_once(void **state)
{
    static const struct {
        const char *script, *verdict, *says;
    } cases[] = {{"uniform", "uniform", "the same of every image, over many prototypes (entropy 4"},
                 {"one", "one prototype", "over few prototypes or one (entropy 0"},
                 {"point", "dimensional", "a point"},
                 {"line", "dimensional", "a line"},
                 {"sound", "none", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char script[64];
        const char *sets[] = {script, "method.at=50", NULL};
        bool is_sound = strcmp(cases[i].verdict, "none") == 0;
        heard h;
        snprintf(script, sizeof script, "method.script=\"%s\"", cases[i].script);
        cJSON *r = run_and_listen(sets, &h);
        assert_string_equal(tiny_at(r, "collapse.verdict")->valuestring, cases[i].verdict);
        assert_int_equal(h.count, is_sound ? 0 : 1);
        assert_non_null(strstr(h.text, cases[i].says));
        assert_true(is_sound ? cJSON_IsNull(tiny_at(r, "collapse.step"))
                             : tiny_number(r, "collapse.step") == 51);
        tiny_assert_explained(tiny_at(r, "collapse"), NULL);
        cJSON_Delete(r);
    }
}

/* The stub's loss is ln 64 within a few 1e-4; with another share of ln K for a limit nothing is
 * told. */
static void a_loss_of_ln_k_is_named(void **state)
{
    static const char *const other[] = {"method.script=\"uniform\"", "collapse.information=0",
                                        "method.head.prototypes=4096", NULL};
    heard h;
    (void)state;
    cJSON *r = run_and_listen(other, &h);
    assert_non_null(strstr(tiny_at(r, "collapse.loss_remark")->valuestring, "ln 4096 = 8.3178"));
    assert_string_equal(tiny_at(r, "collapse.verdict")->valuestring, "uniform");
    assert_non_null(strstr(h.text, "ln 4096"));
    cJSON_Delete(r);
}

/* Uniform outputs for the class token, K = 64, and for patches, K = 32, of which half of the views
 * have none masked: 2 ln 64 + 1.5 0.5 ln 32. A loss near ln 64 is then not theirs. */
static void a_weighed_loss_is_named(void **state)
{
    char text[256];
    double expected = 2 * log(64) + 0.75 * log(32);
    mi_train_config config = {.method_class = &mi_ibot_method};
    (void)state;
    config.curve.resolved =
        cJSON_Parse("{\"method\":{\"class_weight\":2,\"patch_weight\":1.5,\"masked_views\":0.5,"
                    "\"head\":{\"prototypes\":64,\"patch_prototypes\":32}}}");
    assert_non_null(mi_collapse_loss(&config, 1.009 * expected, text, sizeof text));
    assert_non_null(strstr(text, "within 1 % of 10.9171, the weighed ln K"));
    assert_null(mi_collapse_loss(&config, 1.011 * expected, text, sizeof text));
    assert_null(mi_collapse_loss(&config, log(64), text, sizeof text));
    assert_null(mi_collapse_loss(&config, 2 * log(64) + 1.5 * log(32), text, sizeof text));
    config.method_class = &mi_dino_method;
    assert_non_null(mi_collapse_loss(&config, 2 * log(64), text, sizeof text));
    config.method_class = &mi_byol_method;
    assert_null(mi_collapse_loss(&config, log(64), text, sizeof text));
    cJSON_Delete(config.curve.resolved);
}

static void masks_of_a_method_that_hides_nothing(void **state)
{
    static const char *const bad[] = {"ratio=0.5", NULL}, *const worse[] = {"mask={}", NULL};
    static const char *const nothing[] = {"ratio=null", "mask=null", NULL};
    (void)state;
    tiny_outcome o = tiny_run(stubbed, bad, NULL);
    assert_int_equal(o.code, MI_INPUT);
    assert_non_null(strstr(o.fault, "ratio: is of no use: method \"stub\" hides nothing"));
    o = tiny_run(stubbed, worse, NULL);
    assert_int_equal(o.code, MI_INPUT);
    assert_non_null(strstr(o.fault, "mask: is of no use"));
    assert_int_equal(tiny_run(stubbed, nothing, NULL).code, MI_OK);
}

static void a_method_of_the_other_kind_names_those_that_fit(void **state)
{
    static const char *const symbols[] = {
        "model={\"type\":\"mixing\",\"vocab\":4,\"rho\":0.6,\"length\":6}", "probe=null", NULL};
    static const char *const pixels[] = {"method={\"type\":\"mlm\"}", NULL};
    (void)state;
    tiny_outcome o = tiny_run(stubbed, symbols, NULL);
    assert_int_equal(o.code, MI_INPUT);
    assert_non_null(strstr(o.fault, "must be one of \"mlm\""));
    o = tiny_run(tiny_mae, pixels, NULL);
    assert_int_equal(o.code, MI_INPUT);
    assert_non_null(strstr(o.fault, "must be one of \"mae\", \"stub\""));
}

/* The stub's features of patches are their pixels: the same accuracy as raw. */
static void labels_are_told_from_single_patches(void **state)
{
    (void)state;
    cJSON *r = tiny_result(stubbed, NULL, &two_threads);
    double trained = tiny_number(r, "probe.patch.trained.linear");
    assert_near(trained, tiny_number(r, "probe.patch.raw.linear"), 0);
    assert_near(trained * 60, round(trained * 60), 1e-9);
    assert_near(tiny_number(r, "probe.patch.trained.linear_se"), sqrt(trained * (1 - trained) / 30),
                1e-12);
    assert_null(tiny_at(r, "probe.patch.trained.knn"));
    assert_non_null(tiny_at(r, "probe.patch.untrained.linear"));
    cJSON_Delete(r);
}

/* Drawn tokens of an example are different ones of its tokens, not the same places in all. */
static void assert_tokens_drawn(const mi_feature_set *all, const mi_feature_set *drawn,
                                size_t examples)
{
    size_t places[4] = {0};
    for (size_t i = 0; i < examples; i++) {
        size_t found[2] = {4, 4};
        for (size_t t = 0; t < 8; t++) {
            const mi_scalar *token = drawn->features + (2 * i + t / 4) * 4;
            if (memcmp(token, all->features + (4 * i + t % 4) * 4, 4 * sizeof *token) == 0) {
                found[t / 4] = t % 4;
                places[t % 4]++;
            }
            assert_int_equal(drawn->labels[2 * i + t / 4], all->labels[4 * i]);
        }
        assert_true(found[0] < 4 && found[1] < 4 && found[0] != found[1]);
    }
    for (size_t t = 0; t < 4; t++) {
        assert_true(places[t] > examples / 4 && places[t] < examples * 3 / 4);
    }
}

static void features_of_tokens(void **state)
{
    enum { EXAMPLES = 300 };
    static const size_t taken[] = {0, 4, 2}, vectors[] = {1, 4, 2};
    mi_faults faults = {.file = "tiny.json"};
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    mi_experiment *e = NULL;
    mi_train_parts parts;
    mi_feature_set sets[3];
    cJSON *document = mi_document_parse(stubbed, strlen(stubbed), &faults);
    (void)state;
    assert_int_equal(mi_experiment_create(document, &faults, &e, &status), MI_OK);
    assert_int_equal(mi_train_parts_open(&e->trains[0], &run, NULL, &faults, &parts, &status),
                     MI_OK);
    for (size_t i = 0; i < 3; i++) {
        mi_feature_request request = {.method = &parts.method,
                                      .source = parts.source,
                                      .part = MI_HELD_OUT,
                                      .count = EXAMPLES,
                                      .tokens = taken[i]};
        assert_int_equal(mi_train_features(&request, &run, &sets[i], &status), MI_OK);
        assert_int_equal(sets[i].count, EXAMPLES * vectors[i]);
        assert_int_equal(sets[i].size, i == 0 ? 16 : 4);
    }
    for (size_t i = 0; i < EXAMPLES * 4; i++) {
        const mi_scalar *whole = sets[0].features + i / 4 * 16, *token = sets[1].features + i * 4;
        size_t corner = i % 4 / 2 * 8 + i % 2 * 2;
        assert_near(token[0], whole[corner], 0);
        assert_near(token[3], whole[corner + 5], 0);
        assert_int_equal(sets[1].labels[i], sets[0].labels[i / 4]);
    }
    assert_tokens_drawn(&sets[1], &sets[2], EXAMPLES);
    for (size_t i = 0; i < 3; i++) {
        mi_feature_set_free(&sets[i]);
    }
    mi_train_parts_close(&parts);
    mi_experiment_destroy(e);
    cJSON_Delete(document);
}

/* More tokens than there are: all of them. */
static void all_tokens_are_the_most(void **state)
{
    static const char *const all[] = {"probe.patches=4", NULL};
    static const char *const more[] = {"probe.patches=100", NULL};
    (void)state;
    cJSON *a = tiny_result(stubbed, all, &two_threads);
    cJSON *b = tiny_result(stubbed, more, &two_threads);
    tiny_assert_same(cJSON_Duplicate(tiny_at(a, "probe"), 1),
                     cJSON_Duplicate(tiny_at(b, "probe"), 1));
    cJSON_Delete(a);
    cJSON_Delete(b);
}

static void maps_have_every_field(void **state)
{
    (void)state;
    cJSON *r = tiny_result(stubbed, NULL, &two_threads);
    const cJSON *maps = tiny_at(r, "maps");
    assert_near(tiny_number(maps, "count"), 3, 0);
    assert_near(tiny_number(maps, "token_rows"), 2, 0);
    assert_near(tiny_number(maps, "heads"), 2, 0);
    assert_int_equal(cJSON_GetArraySize(tiny_at(maps, "original")), 3 * 16);
    assert_int_equal(cJSON_GetArraySize(tiny_at(maps, "rgb")), 3 * 4 * 3);
    assert_int_equal(cJSON_GetArraySize(tiny_at(maps, "attention")), 3 * 2 * 4);
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int t = 0; t < 4; t++) {
            sum += cJSON_GetArrayItem(tiny_at(maps, "attention"), (i * 2 + 1) * 4 + t)->valuedouble;
        }
        assert_near(sum, 1, 1e-5);
    }
    assert_near(tiny_number(maps, "attention[7]"), 0.4, 1e-6);
    assert_true(tiny_number(maps, "explained[0]") >= tiny_number(maps, "explained[1]"));
    cJSON_Delete(r);
}

/* Points on three axes with variances 9 > 4 > 1 (times 2/6), turned by a permutation with signs. */
static void colours_are_principal_components(void **state)
{
    static const mi_scalar x[6][4] = {{0, -3, 0, 5}, {0, 3, 0, 5},  {2, 0, 0, 5},
                                      {-2, 0, 0, 5}, {0, 0, -1, 5}, {0, 0, 1, 5}};
    double rgb[18], explained[3];
    mi_status status = {.code = MI_OK};
    (void)state;
    assert_int_equal(mi_principal_colours(6, 4, &x[0][0], rgb, explained, &status), MI_OK);
    assert_near(explained[0], 9.0 / 14, 1e-12);
    assert_near(explained[1], 4.0 / 14, 1e-12);
    assert_near(explained[2], 1.0 / 14, 1e-12);
    /* Largest loading positive: the second point has the largest value of the first component. The
     * quantile 2 % of six points lies a tenth from the lowest to the next. */
    assert_near(rgb[0], 0, 0);
    assert_near(rgb[3], 1, 0);
    assert_near(rgb[6], 0.5, 1e-9);
    assert_near(rgb[2 * 3 + 1], 1, 0);
    assert_near(rgb[3 * 3 + 1], 0, 0);
    assert_near(rgb[4 * 3 + 2], 0, 0);
    assert_near(rgb[5 * 3 + 2], 1, 0);
}

static void colours_of_little(void **state)
{
    static const mi_scalar same[4] = {2, 2, 2, 2}, bad[2] = {1, (mi_scalar)INFINITY};
    double rgb[12], explained[3];
    mi_status status = {.code = MI_OK};
    (void)state;
    assert_int_equal(mi_principal_colours(4, 1, same, rgb, explained, &status), MI_OK);
    for (size_t i = 0; i < 12; i++) {
        assert_near(rgb[i], 0.5, 0);
    }
    assert_near(explained[0] + explained[1] + explained[2], 0, 0);
    assert_int_equal(mi_principal_colours(1, 2, bad, rgb, explained, &status), MI_INPUT);
}

/* Between the quantiles, linear interpolation of order statistics: 101 points 0..100 have them at 2
 * and 98. */
static void colours_are_cut_at_quantiles(void **state)
{
    mi_scalar x[101];
    double rgb[303], explained[3];
    mi_status status = {.code = MI_OK};
    (void)state;
    for (size_t i = 0; i < 101; i++) {
        x[i] = (mi_scalar)i;
    }
    assert_int_equal(mi_principal_colours(101, 1, x, rgb, explained, &status), MI_OK);
    assert_near(rgb[3 * 2], 0, 1e-6);
    assert_near(rgb[3 * 1], 0, 0);
    assert_near(rgb[3 * 98], 1, 1e-6);
    assert_near(rgb[3 * 26], 0.25, 1e-6);
    assert_near(explained[0], 1, 1e-12);
}

static void same_bytes_at_any_thread_count(void **state)
{
    mi_run_options one_thread = {.run = {.seed = 1, .threads = 1}};
    (void)state;
    tiny_assert_same(tiny_result(stubbed, NULL, &one_thread),
                     tiny_result(stubbed, NULL, &two_threads));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weighed_loss_is_named),
        cmocka_unit_test(a_method_without_predictions_has_no_floor),
        cmocka_unit_test(the_final_loss_and_the_target_are_always_there),
        cmocka_unit_test(the_config_of_a_result_runs_again),
        cmocka_unit_test(monitors_are_means_over_stretches),
        SCRATCH_TEST(monitors_are_resumed),
        SCRATCH_TEST(a_history_without_monitors_is_refused),
        cmocka_unit_test(collapse_is_told_apart),
        cmocka_unit_test(a_collapse_is_for_good),
        cmocka_unit_test(a_collapse_is_told_once),
        cmocka_unit_test(a_loss_of_ln_k_is_named),
        cmocka_unit_test(masks_of_a_method_that_hides_nothing),
        cmocka_unit_test(a_method_of_the_other_kind_names_those_that_fit),
        cmocka_unit_test(labels_are_told_from_single_patches),
        cmocka_unit_test(features_of_tokens),
        cmocka_unit_test(all_tokens_are_the_most),
        cmocka_unit_test(maps_have_every_field),
        cmocka_unit_test(colours_are_principal_components),
        cmocka_unit_test(colours_of_little),
        cmocka_unit_test(colours_are_cut_at_quantiles),
        cmocka_unit_test(same_bytes_at_any_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
