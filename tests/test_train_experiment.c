/* The experiment "train": complete and reproducible results, interruption, bad input. */
#include "train_support.h"

#include <sys/wait.h>

#include "maskinfo/run.h"
#include "maskinfo/safetensors.h"
#include "program.h"

static const mi_run_options two_threads = {.run = {.seed = 1, .threads = 2}};

static const char *const fields[] = {"maskinfo",
                                     "experiment",
                                     "title",
                                     "config",
                                     "units",
                                     "method",
                                     "parameters",
                                     "source.model",
                                     "source.discrete",
                                     "source.rows",
                                     "source.columns",
                                     "source.channels",
                                     "source.vocabulary",
                                     "source.token_rows",
                                     "source.token_columns",
                                     "source.mean",
                                     "source.deviation",
                                     "steps[11].step",
                                     "steps[11].loss",
                                     "steps[11].loss_low",
                                     "steps[11].loss_high",
                                     "steps[11].rate",
                                     "steps[11].gradient_norm",
                                     "evaluation.ratio",
                                     "evaluation.loss",
                                     "evaluation.loss_se",
                                     "evaluation.floor",
                                     "evaluation.floor_se",
                                     "evaluation.gap",
                                     "evaluation.gap_se",
                                     "evaluation.gap_percent",
                                     "evaluation.gap_nats",
                                     "evaluation.gap_nats_se",
                                     "evaluation.leak",
                                     "evaluation.knn_accuracy",
                                     "evaluation.linear_accuracy",
                                     "evaluation.class_accuracy",
                                     "evaluation.class_accuracy_exact",
                                     "points[0].ratio",
                                     "points[0].samples",
                                     "points[0].loss",
                                     "points[0].loss_se",
                                     "points[0].floor",
                                     "points[0].floor_se",
                                     "points[0].gap",
                                     "points[0].gap_se",
                                     "points[0].conditional_entropy",
                                     "points[0].conditional_entropy_se",
                                     "points[0].exact_conditional_entropy",
                                     "points[0].gap_nats",
                                     "points[0].gap_nats_se",
                                     "points[0].information",
                                     "points[0].information_se",
                                     "points[0].exact_information",
                                     "points[0].objective",
                                     "points[0].exact_objective",
                                     "points[0].class_accuracy",
                                     "points[0].class_accuracy_exact",
                                     "points[0].leak",
                                     "optimum",
                                     "exact_optimum.ratio",
                                     "exact_optimum.low",
                                     "exact_optimum.high",
                                     "exact_optimum.objective",
                                     "exact_curve.kind",
                                     "exact_curve.points[0].ratio",
                                     "exact_curve.points[0].conditional_entropy",
                                     "exact_curve.points[0].information",
                                     "exact_curve.points[0].objective",
                                     "pictures.count",
                                     "pictures.ratio",
                                     "pictures.rows",
                                     "pictures.columns",
                                     "pictures.channels",
                                     "pictures.discrete",
                                     "pictures.original[0]",
                                     "pictures.masked[0]",
                                     "pictures.predicted[0]",
                                     "pictures.exact",
                                     "pictures.surprise",
                                     "pictures.alphabet",
                                     "pictures.low",
                                     "pictures.high",
                                     "probe",
                                     "timing.seconds",
                                     "timing.steps_per_second",
                                     "timing.samples_per_second",
                                     "timing.threads",
                                     "timing.bytes"};

static void results_have_every_field(void **state)
{
    (void)state;
    const char *const texts[] = {tiny_mae, tiny_mlm, tiny_scene};
    for (size_t t = 0; t < 3; t++) {
        tiny_outcome o = tiny_run(texts[t], NULL, &two_threads);
        assert_int_equal(o.code, MI_OK);
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            if (tiny_at(o.result, fields[i]) == NULL) {
                fail_msg("%s is missing", fields[i]);
            }
        }
        tiny_assert_explained(o.result, tiny_at(o.result, "evaluation"));
        cJSON_Delete(o.result);
    }
}

/* Photographs have no floor, and pixels normalised token by token no entropy. */
static void what_data_do_not_tell_has_a_reason(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "model={\"type\":\"patches\",\"patch\":1,\"grid\":[4,4],\"crops\":100,\"held_out_crops\":"
        "24,"
        "\"images\":[\"data/photos/chelsea.png\",\"data/photos/coffee.png\"]}",
        "method.patch=2",
        "method.target=normalized",
        "evaluation.ratios=[0.25,0.5,0.75]",
        "evaluation.pictures=0",
        NULL};
    cJSON *r = tiny_result(tiny_mae, sets, &two_threads);
    assert_true(cJSON_IsNull(tiny_at(r, "evaluation.floor")));
    assert_non_null(strstr(tiny_at(r, "evaluation.floor_reason")->valuestring, "real data"));
    assert_true(cJSON_IsNull(tiny_at(r, "optimum")));
    assert_true(cJSON_IsNull(tiny_at(r, "pictures")));
    tiny_assert_explained(r, tiny_at(r, "evaluation"));
    cJSON_Delete(r);
}

/* Numbers that follow from one another, or from the configuration. */
static void numbers_belong_together(void **state)
{
    (void)state;
    cJSON *r = tiny_result(tiny_mlm, NULL, &two_threads);
    assert_near(tiny_number(r, "evaluation.gap"),
                tiny_number(r, "evaluation.loss") - tiny_number(r, "evaluation.floor"), 1e-12);
    assert_near(tiny_number(r, "evaluation.gap_percent"),
                100 * tiny_number(r, "evaluation.gap") / tiny_number(r, "evaluation.floor"), 1e-9);
    assert_near(tiny_number(r, "evaluation.ratio"), 0.5, 0);
    assert_near(tiny_number(r, "points[0].objective"),
                0.5 * tiny_number(r, "points[0].information"), 1e-12);
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "steps")), 12);
    assert_near(tiny_number(r, "steps[11].step"), 12, 0);
    /* Warm-up over 3 of 12 steps to 0.001, the last step at 0. */
    assert_near(tiny_number(r, "steps[0].rate"), 0.001 / 3, 1e-15);
    assert_near(tiny_number(r, "steps[11].rate"), 0, 1e-15);
    assert_string_equal(tiny_at(r, "title")->valuestring, "a chain");
    assert_string_equal(tiny_at(r, "exact_curve.kind")->valuestring, "exact");
    assert_near(tiny_number(r, "source.token_columns"), 6, 0);
    cJSON_Delete(r);
    r = tiny_result(tiny_mae, NULL, &two_threads);
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "points")), 9);
    assert_near(tiny_number(r, "points[8].ratio"), 0.9, 0);
    assert_true(cJSON_IsNull(tiny_at(r, "evaluation.ratio")));
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "config.evaluation.ratios")), 9);
    cJSON_Delete(r);
}

/* The exact curve is the one that the experiment "curve" gives. */
static void exact_curve_is_that_of_the_model(void **state)
{
    (void)state;
    static const char curve[] =
        "{\"experiment\":\"curve\",\"model\":{\"type\":\"gmrf\",\"grid\":[4,4]},"
        "\"estimator\":{\"samples\":8}}";
    cJSON *train = tiny_result(tiny_mae, NULL, &two_threads);
    cJSON *exact = tiny_result(curve, NULL, &two_threads);
    assert_int_equal(cJSON_GetArraySize(tiny_at(train, "exact_curve.points")),
                     cJSON_GetArraySize(tiny_at(exact, "points")));
    assert_near(tiny_number(train, "exact_curve.points[20].objective"),
                tiny_number(exact, "points[20].objective"), 1e-14);
    assert_near(tiny_number(train, "exact_optimum.ratio"), tiny_number(exact, "optimum.ratio"),
                1e-14);
    cJSON_Delete(train);
    cJSON_Delete(exact);
}

/* Tokens of several sites have the exact numbers of the evaluation instead. */
static void tokens_of_several_sites(void **state)
{
    (void)state;
    static const char *const sets[] = {"method.patch=2", "evaluation.ratios=[0.25,0.5,0.75]", NULL};
    cJSON *r = tiny_result(tiny_mae, sets, &two_threads);
    assert_near(tiny_number(r, "source.token_rows"), 2, 0);
    assert_int_equal(cJSON_GetArraySize(tiny_at(r, "exact_curve.points")), 3);
    for (int i = 0; i < 3; i++) {
        char own[64], exact[64];
        snprintf(own, sizeof own, "exact_curve.points[%d].information", i);
        snprintf(exact, sizeof exact, "points[%d].exact_information", i);
        assert_near(tiny_number(r, own), tiny_number(r, exact), 0);
    }
    assert_true(cJSON_IsObject(tiny_at(r, "exact_optimum")));
    cJSON_Delete(r);
}

static void same_bytes_at_any_thread_count(void **state)
{
    (void)state;
    const char *const texts[] = {tiny_mae, tiny_mlm, tiny_scene};
    for (size_t t = 0; t < 3; t++) {
        mi_run_options one = {.run = {.seed = 1, .threads = 1}};
        mi_run_options three = {.run = {.seed = 1, .threads = 3}};
        tiny_assert_same(tiny_result(texts[t], NULL, &one), tiny_result(texts[t], NULL, &three));
    }
}

static void another_seed_is_another_run(void **state)
{
    (void)state;
    static const char *const sets[] = {"seed=2", NULL};
    cJSON *a = tiny_result(tiny_mlm, NULL, &two_threads);
    cJSON *b = tiny_result(tiny_mlm, sets, &two_threads);
    assert_true(tiny_number(a, "steps[11].loss") != tiny_number(b, "steps[11].loss"));
    assert_true(tiny_number(a, "evaluation.loss") != tiny_number(b, "evaluation.loss"));
    cJSON_Delete(a);
    cJSON_Delete(b);
}

static void config_of_a_result_runs_again(void **state)
{
    (void)state;
    cJSON *r = tiny_result(tiny_scene, NULL, &two_threads);
    char *text = cJSON_Print(tiny_at(r, "config"));
    tiny_assert_same(r, tiny_result(text, NULL, &two_threads));
    cJSON_free(text);
}

/* Files of the folder of a test. */
static mi_run_options keep_in(void **state, tiny_stop *stop, bool resume)
{
    return (mi_run_options){.run = {.seed = 1,
                                    .threads = 2,
                                    .opt_progress = tiny_watch,
                                    .opt_progress_context = stop,
                                    .opt_interrupt = &stop->interrupt},
                            .opt_directory = *state,
                            .resume = resume};
}

static void assert_interrupted(void **state, const char *text, size_t at, bool resume)
{
    tiny_stop stop = {.at = at};
    mi_run_options options = keep_in(state, &stop, resume);
    tiny_outcome o = tiny_run(text, NULL, &options);
    char said[64];
    snprintf(said, sizeof said, "at step %zu of 12", at);
    assert_failure(o.code, MI_INTERRUPTED, o.status, said);
    assert_non_null(strstr(o.status.message, "checkpoint.safetensors is kept"));
}

static cJSON *finish(void **state, const char *text)
{
    tiny_stop stop = {.at = 0};
    mi_run_options options = keep_in(state, &stop, true);
    return tiny_result(text, NULL, &options);
}

/* Bytes of a file of the folder; free(). */
static unsigned char *bytes_of(void **state, const char *name, size_t *ret_size)
{
    char path[SCRATCH_PATH];
    FILE *file = fopen(scratch_name(state, name, path), "rb");
    assert_non_null(file);
    unsigned char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *ret_size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

/* Stopped twice, the second time where no checkpoint is due, a run ends in the same result and the
 * same bytes of weights as one that was not stopped. */
static void a_resumed_run_is_the_same_run(void **state)
{
    const char *const texts[] = {tiny_mae, tiny_mlm};
    for (size_t t = 0; t < 2; t++) {
        size_t sizes[2];
        tiny_stop never = {.at = 0};
        mi_run_options whole = keep_in(state, &never, false);
        cJSON *expected = tiny_result(texts[t], NULL, &whole);
        unsigned char *weights = bytes_of(state, "weights.safetensors", &sizes[0]);
        assert_interrupted(state, texts[t], 1, false);
        assert_interrupted(state, texts[t], 7, true);
        tiny_assert_same(expected, finish(state, texts[t]));
        unsigned char *again = bytes_of(state, "weights.safetensors", &sizes[1]);
        assert_int_equal(sizes[0], sizes[1]);
        assert_memory_equal(weights, again, sizes[0]);
        free(weights);
        free(again);
    }
}

/* A crash may leave a history that is longer than its checkpoint. */
static void a_history_longer_than_its_checkpoint_is_cut(void **state)
{
    size_t size = 0;
    char path[SCRATCH_PATH];
    cJSON *expected = tiny_result(tiny_mlm, NULL, &two_threads);
    assert_interrupted(state, tiny_mlm, 4, false);
    unsigned char *checkpoint = bytes_of(state, "checkpoint.safetensors", &size);
    assert_interrupted(state, tiny_mlm, 9, true);
    scratch_write(scratch_name(state, "checkpoint.safetensors", path), checkpoint, size);
    cJSON *result = finish(state, tiny_mlm);
    cJSON_DeleteItemFromObjectCaseSensitive(result, "files");
    tiny_assert_same(expected, result);
    free(checkpoint);
}

static void assert_refused(void **state, const char *const *sets, const char *says)
{
    tiny_stop stop = {.at = 0};
    mi_run_options options = keep_in(state, &stop, true);
    tiny_outcome o = tiny_run(tiny_mlm, sets, &options);
    assert_failure(o.code, MI_INPUT, o.status, says);
    assert_non_null(strstr(o.status.message, "safetensors"));
    assert_null(o.result);
}

static void damaged_and_foreign_checkpoints_are_refused(void **state)
{
    static const struct {
        const char *set, *says;
    } others[] = {
        {"training.rate=0.002", "training.rate: 0.002 here, 0.001 there"},
        {"method.encoder.width=16", "method.encoder.width: 16 here, 8 there"},
        {"model.rho=0.5", "model.rho: 0.5 here, 0.6 there"},
        {"ratio=0.25", "ratio: 0.25 here, 0.5 there"},
        {"mask.count=bernoulli", "mask.count: \"bernoulli\" here, \"fixed\" there"},
        {"seed=7", "seed: 7 here, 1 there"},
    };
    char checkpoint[SCRATCH_PATH], history[SCRATCH_PATH];
    size_t size = 0, weights_size = 0;
    assert_interrupted(state, tiny_mlm, 5, false);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_refused(state, (const char *const[]){others[i].set, NULL}, others[i].says);
    }
    scratch_name(state, "checkpoint.safetensors", checkpoint);
    scratch_name(state, "history.safetensors", history);
    unsigned char *bytes = bytes_of(state, "checkpoint.safetensors", &size);
    scratch_write(checkpoint, bytes, size / 2);
    assert_refused(state, NULL, "checkpoint.safetensors");
    scratch_write(checkpoint, "not safetensors at all", 22);
    assert_refused(state, NULL, "checkpoint.safetensors");
    scratch_write(checkpoint, "\2\0\0\0\0\0\0\0{}", 10); /* no tensor, no metadata */
    assert_refused(state, NULL, "is no checkpoint: \"identity\" of its metadata is missing");
    scratch_write(checkpoint, bytes, size);
    unlink(history);
    assert_refused(state, NULL, "history.safetensors");
    free(bytes);
    assert_interrupted(state, tiny_mlm, 5, false);
    cJSON_Delete(finish(state, tiny_mlm));
    bytes = bytes_of(state, "weights.safetensors", &weights_size);
    scratch_write(checkpoint, bytes, weights_size);
    assert_refused(state, NULL, "\"step\" of its metadata is missing");
    free(bytes);
}

/* What does not change the weights may be changed on the way. */
static void other_evaluations_go_on_from_a_checkpoint(void **state)
{
    static const char *const sets[] = {"evaluation.samples=10", "training.checkpoint_every=3",
                                       "title=other", NULL};
    assert_interrupted(state, tiny_mlm, 5, false);
    tiny_stop stop = {.at = 0};
    mi_run_options options = keep_in(state, &stop, true);
    cJSON *r = tiny_result(tiny_mlm, sets, &options);
    assert_near(tiny_number(r, "points[0].samples"), 10, 0);
    cJSON_Delete(r);
}

static void weights_are_readable(void **state)
{
    char path[SCRATCH_PATH];
    mi_safetensors *file = NULL;
    mi_status status;
    size_t numbers = 0;
    tiny_stop stop = {.at = 0};
    mi_run_options options = keep_in(state, &stop, false);
    cJSON *r = tiny_result(tiny_mlm, NULL, &options);
    assert_int_equal(
        mi_safetensors_read(scratch_name(state, "weights.safetensors", path), &file, &status),
        MI_OK);
    for (size_t i = 0; i < file->count; i++) {
        assert_string_equal(file->items[i].dtype, "F32");
        numbers += file->items[i].size / sizeof(float);
    }
    assert_near((double)numbers, tiny_number(r, "parameters"), 0);
    assert_non_null(mi_safetensors_find(file, "blocks.0.attn.qkv.weight"));
    assert_string_equal(tiny_at(r, "files[0]")->valuestring, "weights.safetensors");
    mi_safetensors_destroy(file);
    cJSON_Delete(r);
}

/* Weights that grow a thousandfold at each step; AdamW's second moment overflows before the loss.
 */
#define EXPLODING                                                                                  \
    "training.rate=10", "training.decay=100", "training.clip=0", "training.warmup=0",              \
        "training.steps=60", "training.final_rate=10"
static const char *const exploding[] = {EXPLODING, "training.checkpoint_every=2", NULL};

static void a_loss_that_is_not_finite_ends_the_run(void **state)
{
    char path[SCRATCH_PATH];
    mi_safetensors *file = NULL;
    mi_status status;
    tiny_stop stop = {.at = 0};
    mi_run_options options = keep_in(state, &stop, false);
    tiny_outcome o = tiny_run(tiny_mae, exploding, &options);
    assert_failure(o.code, MI_NUMERIC, o.status, "step ");
    assert_non_null(strstr(o.status.message, "finite"));
    assert_non_null(strstr(o.status.message, "checkpoint.safetensors is kept, of step "));
    assert_int_equal(
        mi_safetensors_read(scratch_name(state, "checkpoint.safetensors", path), &file, &status),
        MI_OK);
    const char *step = strstr(o.status.message, "of step ") + strlen("of step ");
    assert_string_equal(mi_safetensors_metadata(file, "step"), step);
    mi_safetensors_destroy(file);
    /* It can be gone on from, and that ends in the same place. */
    mi_run_options again = keep_in(state, &stop, true);
    tiny_outcome resumed = tiny_run(tiny_mae, exploding, &again);
    assert_failure(resumed.code, MI_NUMERIC, resumed.status, o.status.message);
    o = tiny_run(tiny_mae, exploding, &two_threads);
    assert_failure(o.code, MI_NUMERIC, o.status, "no checkpoint was written");
    /* Where none was due, the weights from before that step are kept, if they are finite. */
    const char *const rarely[] = {EXPLODING, "training.checkpoint_every=0", NULL};
    const char *const slowly[] = {EXPLODING, "training.checkpoint_every=0",
                                  "training.beta2=0.9999999999", NULL};
    unlink(path);
    o = tiny_run(tiny_mae, rarely, &options);
    assert_failure(o.code, MI_NUMERIC, o.status, "no checkpoint was written");
    assert_int_not_equal(access(path, F_OK), 0);
    o = tiny_run(tiny_mae, slowly, &options);
    size_t at = strtoul(o.status.message + strlen("step "), NULL, 10);
    char kept[64];
    snprintf(kept, sizeof kept, "is kept, of step %zu", at);
    assert_failure(o.code, MI_NUMERIC, o.status, kept);
    assert_int_equal(access(path, R_OK), 0);
}

typedef struct bad_set {
    const char *sets[4];
    const char *says[4];
} bad_set;

static void assert_bad(const char *text, const bad_set *b)
{
    tiny_outcome o = tiny_run(text, b->sets, NULL);
    assert_int_equal(o.code, MI_INPUT);
    for (size_t i = 0; i < 4 && b->says[i] != NULL; i++) {
        if (strstr(o.fault, b->says[i]) == NULL) {
            fail_msg("--set %s: \"%s\" does not name \"%s\"", b->sets[0], o.fault, b->says[i]);
        }
    }
}

static void bad_pixels(void **state)
{
    (void)state;
    static const bad_set cases[] = {
        {{"method.type=maw"}, {"tiny.json: method.type", "\"maw\"", "\"mae\"", "\"mlm\""}},
        {{"method.patch=3"}, {"method.patch", "3", "4x4"}},
        {{"method.encoder.heads=3"}, {"method.encoder.heads", "3", "8"}},
        {{"method.decoder.heads=5"}, {"method.decoder.heads", "5", "8"}},
        {{"method.encoder.width=0"}, {"method.encoder.width", "0", "[2, "}},
        {{"method={\"type\":\"mlm\"}"}, {"method.type", "\"mlm\"", "\"gmrf\"", "\"mae\""}},
        {{"model.grid=[1,1]"}, {"model.grid"}},
        {{"ratio=0"}, {"ratio: 0;", "(0, 1)", "uniform"}},
        {{"ratio=1"}, {"ratio: 1;", "(0, 1)"}},
        {{"ratio=often"}, {"ratio: \"often\"", "uniform"}},
        {{"ratio=[0.5,0.25]"}, {"ratio: [0.5,0.25]", "low < high"}},
        {{"ratio=[0.5]"}, {"ratio: [0.5]", "[low, high]"}},
        {{"ratio=[-0.1,1]"}, {"ratio: [-0.1,1]", "0 <= low"}},
        {{"ratio=0.05"}, {"ratio: 0.05", "16", "0.0625"}},
        {{"ratio=0.95"}, {"ratio: 0.95", "no visible one of 16 tokens", "0.9375"}},
        {{"ratio=[0,0.05]"}, {"ratio: [0, 0.05]", "16 tokens", "[0.0625, 0.9375]"}},
        {{"mask.strategy=span"}, {"mask.strategy", "span", "sequence"}},
        {{"mask={\"strategy\":\"grid\"}", "ratio=0.4"}, {"ratio: 0.4", "lattice"}},
        {{"mask={\"strategy\":\"block\",\"min_size\":99}"}, {"mask.min_size", "99", "[1, 16]"}},
        {{"evaluation.ratios=[0.5,0.25]"}, {"evaluation.ratios[1]", "0.25", "increasing"}},
        {{"evaluation.ratios=[0.5,0.99]"}, {"evaluation.ratios[1]", "0.99", "0.9375"}},
        {{"evaluation.ratios=[1.5]"}, {"evaluation.ratios[0]", "1.5", "(0, 1)"}},
        {{"evaluation.samples=1"}, {"evaluation.samples", "1", "[4, "}},
        {{"training.steps=0"}, {"training.steps", "0", "[1, "}},
        {{"training.batch=1.5"}, {"training.batch", "1.5", "whole"}},
        {{"training.rate=0"}, {"training.rate", "0", "(0, 10]"}},
        {{"training.beta1=1"}, {"training.beta1", "1", "[0, 1)"}},
        {{"training.speed=1"}, {"training.speed", "unknown key", "steps"}},
        {{"training.memory=0.0001"}, {"training.memory", "GiB", "0.0001"}},
        {{"training.memory=1", "method.encoder.width=4096", "method.encoder.depth=64"},
         {"training.memory", "GiB", "the limit is 1 GiB"}},
        {{"estimator.method=plugin"}, {"estimator.method", "continuous"}},
        {{"epochs=3"}, {"epochs", "unknown key", "training"}},
        {{"probe={}"}, {"probe.images", "missing", "4 x 4"}},
        {{"probe={\"ridge\":0}"}, {"probe.ridge", "0", "(0, 1000]"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_bad(tiny_mae, &cases[i]);
    }
}

static void bad_symbols(void **state)
{
    (void)state;
    static const bad_set cases[] = {
        {{"method={\"type\":\"mae\"}"}, {"method.type", "\"mae\"", "\"mixing\"", "\"mlm\""}},
        {{"method.patch=2"}, {"method.patch", "unknown key"}},
        {{"model.length=0"}, {"model.length", "0", "finite"}},
        {{"mask.strategy=block"}, {"mask.strategy", "block", "grid"}},
        {{"mask={\"strategy\":\"span\",\"mean\":0}"}, {"mask.mean", "0"}},
        {{"ratio=0.9"}, {"ratio: 0.9", "6 tokens", "0.833333"}},
        {{"probe={\"images\":\"x\"}"}, {"probe.images", "symbols"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_bad(tiny_mlm, &cases[i]);
    }
}

enum { IMAGES = 24, SIDE = 4 };

/* Labelled images of the size of the source: two classes that a corner tells. */
static void write_images(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char pixels[IMAGES * SIDE * SIDE], labels[IMAGES];
    for (size_t i = 0; i < IMAGES; i++) {
        labels[i] = (unsigned char)(i % 2);
        for (size_t p = 0; p < SIDE * SIDE; p++) {
            pixels[i * SIDE * SIDE + p] = (unsigned char)(i * 7 + p * 11 + i * p * 3);
        }
        pixels[i * SIDE * SIDE] = labels[i] ? 255 : 0;
    }
    tiny_write_idx(scratch_name(state, "images", path), IMAGES, SIDE, SIDE, pixels);
    tiny_write_idx(scratch_name(state, "labels", path), IMAGES, 0, 0, labels);
    tiny_write_idx(scratch_name(state, "fewer", path), IMAGES - 1, 0, 0, labels);
    tiny_write_idx(scratch_name(state, "half", path), IMAGES / 2, 0, 0, labels);
    tiny_write_idx(scratch_name(state, "wider", path), IMAGES / 2, SIDE, 2 * SIDE, pixels);
}

/* "probe.KEY=FOLDER/NAME", in text. */
static const char *set_file(void **state, const char *key, const char *name, char text[400])
{
    snprintf(text, 400, "probe.%s=%s/%s", key, (const char *)*state, name);
    return text;
}

static void probes_of_labelled_images(void **state)
{
    char a[400], b[400], c[400], d[400];
    write_images(state);
    const char *const sets[] = {set_file(state, "images", "images", a),
                                set_file(state, "labels", "labels", b),
                                set_file(state, "held_out_images", "images", c),
                                set_file(state, "held_out_labels", "labels", d), NULL};
    cJSON *r = tiny_result(tiny_mae, sets, &two_threads);
    assert_near(tiny_number(r, "probe.classes"), 2, 0);
    assert_near(tiny_number(r, "probe.training"), IMAGES, 0);
    assert_near(tiny_number(r, "probe.held_out"), IMAGES, 0);
    assert_near(tiny_number(r, "probe.raw.linear"), 1, 0);
    assert_near(tiny_number(r, "probe.trained.linear"),
                tiny_number(r, "evaluation.linear_accuracy"), 0);
    assert_true(tiny_number(r, "probe.untrained.knn") <= 1);
    cJSON_Delete(r);
}

/* What an untrained encoder knows is what the trained one knows before its first step: at a rate of
 * next to nothing both probes agree. */
static void an_encoder_that_did_not_learn_is_the_untrained_one(void **state)
{
    static const char *const sets[] = {"training.rate=1e-30", "training.decay=0", NULL};
    (void)state;
    cJSON *r = tiny_result(tiny_scene, sets, &two_threads);
    assert_near(tiny_number(r, "probe.trained.knn"), tiny_number(r, "probe.untrained.knn"), 0);
    assert_near(tiny_number(r, "probe.trained.linear"), tiny_number(r, "probe.untrained.linear"),
                0);
    cJSON_Delete(r);
}

/* Another training changes what is told from the trained encoder alone, and held-out examples are
 * not those that were learned from: their nearest neighbours would be themselves. */
static void features_are_of_the_trained_encoder(void **state)
{
    (void)state;
    static const char *const sets[] = {"training.rate=0.01", "training.decay=100",
                                       "probe.neighbors=1", NULL};
    static const char *const one[] = {"probe.neighbors=1", NULL};
    static const char *const same[] = {"untrained.knn", "untrained.linear", "raw.knn",
                                       "raw.linear"};
    cJSON *plain = tiny_result(tiny_scene, one, &two_threads);
    cJSON *other = tiny_result(tiny_scene, sets, &two_threads);
    const cJSON *a = tiny_at(plain, "probe"), *b = tiny_at(other, "probe");
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_near(tiny_number(a, same[i]), tiny_number(b, same[i]), 0);
    }
    assert_true(tiny_number(b, "trained.knn") != tiny_number(b, "untrained.knn") ||
                tiny_number(b, "trained.linear") != tiny_number(b, "untrained.linear"));
    assert_true(tiny_number(a, "raw.knn") < 1);
    cJSON_Delete(plain);
    cJSON_Delete(other);
}

static void bad_labels(void **state)
{
    char a[400], b[400], c[400], d[400];
    write_images(state);
    const char *images = set_file(state, "images", "images", a);
    const char *labels = set_file(state, "labels", "labels", b);
    const char *held_out = set_file(state, "held_out_images", "images", c);
    const bad_set cases[] = {
        {{images}, {"probe.labels", "missing"}},
        {{images, labels, held_out}, {"probe.held_out_labels", "missing"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_bad(tiny_mae, &cases[i]);
    }
    const char *const fewer[] = {images, labels, held_out,
                                 set_file(state, "held_out_labels", "fewer", d), NULL};
    tiny_outcome o = tiny_run(tiny_mae, fewer, NULL);
    assert_int_equal(o.code, MI_INPUT);
    assert_non_null(strstr(o.fault, "probe.held_out_labels"));
    assert_non_null(strstr(o.fault, "23 labels for 24 images"));
    const char *const lone[] = {images, labels, NULL};
    o = tiny_run(tiny_mae, lone, NULL);
    assert_non_null(strstr(o.fault, "probe.held_out_images: missing"));
    char e[400];
    const char *const wider[] = {images, labels, set_file(state, "held_out_images", "wider", e),
                                 set_file(state, "held_out_labels", "half", d), NULL};
    o = tiny_run(tiny_mae, wider, NULL);
    assert_int_equal(o.code, MI_INPUT);
    assert_non_null(strstr(o.fault, "probe.held_out_images: images of 4 x 8"));
    assert_non_null(strstr(o.fault, "must be 4 x 4"));
    const char *const absent[] = {images, set_file(state, "labels", "absent", d), held_out,
                                  "probe.held_out_labels=x", NULL};
    o = tiny_run(tiny_mae, absent, NULL);
    assert_non_null(strstr(o.fault, "probe.labels"));
}

/* The file of an experiment in the test's folder, and where its result goes. */
static void write_experiment(void **state, const char *text, char file[SCRATCH_PATH],
                             char target[SCRATCH_PATH])
{
    scratch_write(scratch_name(state, "tiny.json", file), text, strlen(text));
    scratch_name(state, "out", target);
}

static void the_program_trains_and_tells(void **state)
{
    static const char *const names[] = {"result", "weights", "checkpoint"};
    static const char *const news[] = {"training; loss ", ", floor ", " samples/s", "12/12", "ETA"};
    char file[SCRATCH_PATH], target[SCRATCH_PATH], arguments[1000], path[SCRATCH_PATH];
    write_experiment(state, tiny_mlm, file, target);
    snprintf(arguments, sizeof arguments, "run %s --out %s --progress", file, target);
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 0);
    assert_non_null(strstr(o->out, "weights.safetensors"));
    for (size_t i = 0; i < sizeof news / sizeof *news; i++) {
        if (strstr(o->err, news[i]) == NULL) {
            fail_msg("the progress does not show \"%s\"", news[i]);
        }
    }
    /* News is of the same work: the rate is that since its first step. */
    assert_null(strstr(o->err, "12/12  0/s"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        snprintf(name, sizeof name, "out/%s.%s", names[i], i == 0 ? "json" : "safetensors");
        assert_int_equal(access(scratch_name(state, name, path), R_OK), 0);
    }
}

static void the_program_stops_on_a_signal(void **state)
{
    char file[SCRATCH_PATH], target[SCRATCH_PATH], command[2000], err[SCRATCH_PATH];
    char said[2000] = "";
    write_experiment(state, tiny_mlm, file, target);
    snprintf(
        command, sizeof command,
        "%s/maskinfo run %s --out %s --set training.steps=10000000 --quiet 2>%s & pid=$!; i=0; "
        "while [ ! -s %s/checkpoint.safetensors ] && [ $i -lt 600 ]; do sleep 0.1; "
        "i=$((i+1)); done; kill -INT $pid; wait $pid",
        MI_BUILD, file, target, scratch_name(state, "err", err), target);
    int status = system(command);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
    FILE *stream = fopen(err, "rb");
    assert_non_null(stream);
    assert_true(fread(said, 1, sizeof said - 1, stream) > 0);
    fclose(stream);
    assert_non_null(strstr(said, "of 10000000"));
    assert_non_null(strstr(said, "is kept, of step "));
    assert_non_null(strstr(said, "--resume goes on from there"));
}

static void the_program_fails_on_a_loss_that_is_not_finite(void **state)
{
    char file[SCRATCH_PATH], target[SCRATCH_PATH], arguments[2000], path[SCRATCH_PATH];
    write_experiment(state, tiny_mae, file, target);
    size_t used = (size_t)snprintf(arguments, sizeof arguments, "run %s --out %s", file, target);
    for (const char *const *set = exploding; *set != NULL; set++) {
        used += (size_t)snprintf(arguments + used, sizeof arguments - used, " --set %s", *set);
    }
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 1);
    assert_non_null(strstr(o->err, "numerical failure: step "));
    assert_non_null(strstr(o->err, "checkpoint.safetensors is kept"));
    assert_int_equal(access(scratch_name(state, "out/checkpoint.safetensors", path), R_OK), 0);
    assert_int_not_equal(access(scratch_name(state, "out/result.json", path), F_OK), 0);
}

static void the_program_checks_without_training(void **state)
{
    char file[SCRATCH_PATH], target[SCRATCH_PATH], arguments[1000];
    write_experiment(state, tiny_mae, file, target);
    snprintf(arguments, sizeof arguments,
             "check %s --set training.steps=100000000 --set ratio=0.99 --set "
             "method.encoder.heads=3 --set training.rate=-1",
             file);
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "tiny.json: training.rate: -1"));
    snprintf(arguments, sizeof arguments,
             "run %s --out %s --set ratio=0.99 --set training.memory=0.0001", file, target);
    o = run_program("", arguments);
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "tiny.json: ratio: 0.99 leaves no visible one of 16 tokens"));
    assert_non_null(strstr(o->err, "1 more"));
    assert_int_not_equal(access(target, F_OK), 0);
}

int main(void)
{
    mi_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_have_every_field),
        cmocka_unit_test(what_data_do_not_tell_has_a_reason),
        cmocka_unit_test(numbers_belong_together),
        cmocka_unit_test(exact_curve_is_that_of_the_model),
        cmocka_unit_test(tokens_of_several_sites),
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(another_seed_is_another_run),
        cmocka_unit_test(config_of_a_result_runs_again),
        SCRATCH_TEST(a_resumed_run_is_the_same_run),
        SCRATCH_TEST(a_history_longer_than_its_checkpoint_is_cut),
        SCRATCH_TEST(damaged_and_foreign_checkpoints_are_refused),
        SCRATCH_TEST(other_evaluations_go_on_from_a_checkpoint),
        SCRATCH_TEST(weights_are_readable),
        SCRATCH_TEST(a_loss_that_is_not_finite_ends_the_run),
        cmocka_unit_test(bad_pixels),
        cmocka_unit_test(bad_symbols),
        SCRATCH_TEST(probes_of_labelled_images),
        cmocka_unit_test(an_encoder_that_did_not_learn_is_the_untrained_one),
        SCRATCH_TEST(bad_labels),
        cmocka_unit_test(features_are_of_the_trained_encoder),
        SCRATCH_TEST(the_program_trains_and_tells),
        SCRATCH_TEST(the_program_stops_on_a_signal),
        SCRATCH_TEST(the_program_fails_on_a_loss_that_is_not_finite),
        SCRATCH_TEST(the_program_checks_without_training),
    };
    return cmocka_run_group_tests_name("experiment train", tests, NULL, NULL);
}
