/* Sweeps: which units there are, what is taken from them, how runs go on from earlier ones. */
#include "sweep_support.h"

#include "../src/lab/sweep.h"
#include "maskinfo/figures.h"
#include "program.h"

static const mi_run_options once = {.run = {.threads = 1}};
static const mi_run_options again = {.run = {.threads = 1}, .resume = true};

static cJSON *result_of(const char *text, const char *name, mi_run_options options)
{
    cJSON *result = NULL;
    mi_status status = {.code = MI_OK};
    mi_code code = sweep_run(text, name, options, &result, &status);
    if (code != MI_OK) {
        fail_msg("%s", status.message);
    }
    return result;
}

/* One number of a curve that is run without a sweep. */
static double alone(const char *curve, const char *sets[])
{
    mi_faults faults = {.file = "curve"};
    cJSON *document = cJSON_Parse(curve), *result = NULL, *value = NULL;
    char *reason = NULL;
    mi_experiment *e = NULL;
    for (size_t i = 0; sets[i] != NULL; i++) {
        assert_true(mi_document_set(document, sets[i], &faults));
    }
    assert_int_equal(mi_experiment_create(document, &faults, &e, NULL), MI_OK);
    assert_int_equal(mi_experiment_run(e, &once, &faults, &result, NULL), MI_OK);
    assert_int_equal(mi_sweep_extract(result, "points[1].information", &value, &reason, NULL),
                     MI_OK);
    double number = value->valuedouble;
    cJSON_Delete(value);
    cJSON_Delete(result);
    cJSON_Delete(document);
    mi_experiment_destroy(e);
    return number;
}

#define CURVE                                                                                      \
    "{\"experiment\": \"curve\", \"model\": {\"type\": \"gmrf\", \"grid\": [3, 3], "               \
    "\"neighbors\": 4, \"kappa\": 0.3}, \"ratios\": [0.25, 0.5], \"estimator\": {\"samples\": 8}}"

#define TABLE_SWEEP                                                                                \
    "{\"experiment\": \"sweep\", \"base\": " CURVE ", \"set\": \"estimator.samples=6\", "          \
    "\"cases\": [{\"label\": \"four\"}, {\"label\": \"eight\", \"set\": "                          \
    "[\"model.neighbors=8\"]}], \"grid\": [{\"name\": \"kappa\", \"set\": \"model.kappa\", "       \
    "\"values\": {\"from\": 0.25, \"to\": 4, \"steps\": 3, \"spacing\": \"log\"}}], \"seeds\": "   \
    "[5, 9], \"columns\": [{\"name\": \"information\", \"path\": \"points[1].information\"}], "    \
    "\"figures\": []}"

/* Cases slowest, seeds fastest; each value is that of the experiment run by itself. */
static void units_are_the_experiments(void **state)
{
    (void)state;
    static const char *const cases[] = {"model.neighbors=4", "model.neighbors=8"};
    static const char *const kappas[] = {"model.kappa=0.25", "model.kappa=1", "model.kappa=4"};
    static const char *const seeds[] = {"seed=5", "seed=9"};
    char path[2 * SCRATCH_PATH];
    size_t size = 0, unit = 0;
    cJSON *result = result_of(TABLE_SWEEP, "table", once);
    char *bytes = sweep_bytes(sweep_path("table/table.json", path), &size);
    cJSON *table = cJSON_Parse(bytes);
    assert_int_equal(cJSON_GetArraySize(table), 12);
    for (size_t c = 0; c < 2; c++) {
        for (size_t k = 0; k < 3; k++) {
            for (size_t s = 0; s < 2; s++) {
                const char *sets[] = {cases[c], kappas[k], seeds[s], "estimator.samples=6", NULL};
                const cJSON *row = cJSON_GetArrayItem(table, (int)unit++);
                assert_true(mi_lab_number(row, "information") == alone(CURVE, sets));
                assert_true(mi_lab_number(row, "seed") == (s == 0 ? 5 : 9));
                assert_string_equal(mi_lab_item(row, "case")->valuestring,
                                    c == 0 ? "four" : "eight");
            }
        }
    }
    assert_int_equal(mi_lab_item(result, "unit_count")->valueint, 12);
    assert_int_equal(cJSON_GetArraySize(mi_lab_item(result, "first_units")), 2);
    cJSON_Delete(result);
    cJSON_Delete(table);
    free(bytes);
}

/* The configuration in a result is itself the sweep. */
static void config_makes_the_same_result(void **state)
{
    (void)state;
    cJSON *result = result_of(TABLE_SWEEP, "first", once);
    char *config = cJSON_PrintUnformatted(mi_lab_item(result, "config"));
    cJSON_Delete(result_of(config, "second", once));
    assert_same_folders("first", "second");
    cJSON_free(config);
    cJSON_Delete(result);
}

static void effort_scales_all_units(void **state)
{
    (void)state;
    static const char text[] =
        "{\"experiment\": \"sweep\", \"effort\": 0.5, \"base\": {\"experiment\": \"center\", "
        "\"effort\": 0.5, \"loop\": {\"replicates\": 40}}, \"seeds\": [3], \"columns\": "
        "[{\"name\": "
        "\"x\", \"path\": \"effort\"}]}";
    mi_faults faults = {.file = "sweep"};
    mi_experiment *e = sweep_create(text, &faults), *inner = NULL;
    assert_non_null(e);
    assert_int_equal(mi_sweep_unit(e->sweep, 0, &faults, &inner, NULL), MI_OK);
    const cJSON *loop = mi_lab_item(inner->resolved, "loop");
    assert_true(mi_lab_number(loop, "replicates") == 10);
    assert_true(inner->effort == 0.25);
    assert_true(inner->seed == 3);
    mi_experiment_destroy(inner);
    mi_experiment_destroy(e);
}

static void same_bytes_at_any_number_of_threads(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        char name[32];
        mi_run_options options = {.run = {.threads = threads}};
        snprintf(name, sizeof name, "threads-%d", threads);
        cJSON_Delete(result_of(GRID_SWEEP, name, options));
        assert_same_folders("threads-1", name);
    }
}

/* Parts leave their journals alone; the whole takes them in, with nothing left to compute. */
static void parts_make_the_whole(void **state)
{
    (void)state;
    char path[2 * SCRATCH_PATH];
    mi_status status = {.code = MI_OK};
    cJSON_Delete(result_of(GRID_SWEEP, "whole", once));
    for (size_t part = 3; part >= 1; part--) {
        mi_run_options options = {.run = {.threads = 1}, .part = part, .parts = 3};
        cJSON *result = result_of(GRID_SWEEP, "parts", options);
        assert_null(result);
        assert_failure(sweep_run(GRID_SWEEP, "parts", options, NULL, &status), MI_INPUT, status,
                       "--resume");
    }
    assert_int_equal(access(sweep_path("parts/journal", path), F_OK), -1);
    assert_int_equal(access(sweep_path("parts/journal-2-of-3", path), F_OK), 0);
    assert_failure(sweep_run(GRID_SWEEP, "parts", once, NULL, &status), MI_INPUT, status,
                   "--resume");
    cJSON *result = result_of(GRID_SWEEP, "parts", again);
    assert_int_equal(sweep_timing(result, "computed"), 0);
    cJSON_Delete(result);
    assert_same_folders("whole", "parts");
}

/* Two units of three, computed as a part, and as the remaining ones. */
static void missing_part_is_computed(void **state)
{
    (void)state;
    mi_run_options options = {.run = {.threads = 1}, .part = 2, .parts = 3};
    cJSON_Delete(result_of(GRID_SWEEP, "whole", once));
    assert_null(result_of(GRID_SWEEP, "parts", options));
    cJSON *result = result_of(GRID_SWEEP, "parts", again);
    assert_int_equal(sweep_timing(result, "resumed"), 3); /* units 1, 4 and 7 of 8 */
    assert_int_equal(sweep_timing(result, "computed"), 5);
    cJSON_Delete(result);
    assert_same_folders("whole", "parts");
}

#define KAPPAS(values)                                                                             \
    "{\"experiment\": \"sweep\", \"base\": " CURVE ", \"grid\": [{\"name\": \"kappa\", \"set\": "  \
    "\"model.kappa\", \"values\": " values "}], \"columns\": [{\"name\": \"i\", \"path\": "        \
    "\"points[0].information\"}], \"figures\": []}"

static void changed_sweeps_are_noticed(void **state)
{
    (void)state;
    mi_status status = {.code = MI_OK};
    mi_run_options changed = {.run = {.threads = 1}, .resume = true, .changed = true};
    cJSON_Delete(result_of(KAPPAS("[0.1, 0.2, 0.4]"), "first", once));
    /* A value more: all finished units are still of it, though at other places. */
    cJSON *result = result_of(KAPPAS("[0.1, 0.15, 0.2, 0.4]"), "first", again);
    assert_int_equal(sweep_timing(result, "resumed"), 3);
    cJSON_Delete(result);
    cJSON_Delete(result_of(KAPPAS("[0.1, 0.15, 0.2, 0.4]"), "second", once));
    assert_same_folders("second", "first");
    /* Another value: one is not. */
    assert_failure(sweep_run(KAPPAS("[0.1, 0.15, 0.3, 0.4]"), "first", again, NULL, &status),
                   MI_INPUT, status,
                   "the experiment has changed (grid[0].values[2]: 0.3 here, 0.2 there)");
    assert_non_null(strstr(status.message, "1 finished units are not of it"));
    assert_same_folders("second", "first");
    result = result_of(KAPPAS("[0.1, 0.15, 0.3, 0.4]"), "first", changed);
    assert_int_equal(sweep_timing(result, "resumed"), 3);
    cJSON_Delete(result);
    cJSON_Delete(result_of(KAPPAS("[0.1, 0.15, 0.3, 0.4]"), "third", once));
    assert_same_folders("third", "first");
    mi_run_options fresh = {.run = {.threads = 1}, .fresh = true};
    result = result_of(KAPPAS("[0.1, 0.2, 0.4]"), "first", fresh);
    assert_int_equal(sweep_timing(result, "resumed"), 0);
    cJSON_Delete(result);
}

/* What is only for people does not make another sweep. */
static void titles_do_not_matter(void **state)
{
    (void)state;
    char text[4096];
    cJSON_Delete(result_of(GRID_SWEEP, "titled", once));
    snprintf(text, sizeof text, "{\"title\": \"new\", \"set\": \"title=new\", %s", GRID_SWEEP + 1);
    cJSON *result = result_of(text, "titled", again);
    assert_int_equal(sweep_timing(result, "computed"), 0);
    cJSON_Delete(result);
}

/* Units 6 and 7 of the grid fail: recorded, kept on resuming, computed again when asked for. */
static void failed_units_are_recorded(void **state)
{
    (void)state;
    mi_run_options retry = {.run = {.threads = 1}, .resume = true, .retry = true};
    cJSON *result = result_of(GRID_SWEEP, "failing", once);
    assert_int_equal(mi_lab_item(result, "done")->valueint, 6);
    assert_int_equal(mi_lab_item(result, "failed")->valueint, 2);
    const cJSON *failure = cJSON_GetArrayItem(mi_lab_item(result, "failures"), 1);
    assert_int_equal(mi_lab_item(failure, "unit")->valueint, 7);
    assert_non_null(strstr(mi_lab_item(failure, "message")->valuestring, "mask.min_size: 7"));
    cJSON_Delete(result);
    result = result_of(GRID_SWEEP, "failing", again);
    assert_int_equal(sweep_timing(result, "computed"), 0);
    cJSON_Delete(result);
    cJSON_Delete(result_of(GRID_SWEEP, "other", once));
    result = result_of(GRID_SWEEP, "failing", retry);
    assert_int_equal(sweep_timing(result, "computed"), 2);
    cJSON_Delete(result);
    assert_same_folders("other", "failing");
}

static void results_are_kept(void **state)
{
    (void)state;
    char text[4096], path[3 * SCRATCH_PATH];
    size_t size = 0;
    snprintf(text, sizeof text, "{\"keep\": \"results\", %s", KAPPAS("[0.1, 0.2]") + 1);
    cJSON_Delete(result_of(text, "kept", once));
    char *bytes = sweep_bytes(sweep_path("kept/units/000001/result.json", path), &size);
    cJSON *inner = cJSON_Parse(bytes);
    const cJSON *model = mi_lab_item(mi_lab_item(inner, "config"), "model");
    assert_true(mi_lab_number(model, "kappa") == 0.2);
    cJSON_Delete(inner);
    free(bytes);
    /* One that is not there is computed again. */
    unlink(path);
    cJSON *result = result_of(text, "kept", again);
    assert_int_equal(sweep_timing(result, "computed"), 1);
    assert_int_equal(access(path, F_OK), 0);
    cJSON_Delete(result);
}

static void values_and_their_reasons(void **state)
{
    (void)state;
    cJSON *result = cJSON_Parse("{\"a\": {\"b\": [1, {\"c\": \"text\"}]}, \"yes\": true, \"n\": "
                                "null, \"n_reason\": \"too few\", \"o\": {\"p\": null, "
                                "\"reason\": \"why\"}}");
    static const struct {
        const char *path, *value, *reason;
    } expected[] = {
        {"a.b[0]", "1", NULL},
        {"a.b[1].c", "\"text\"", NULL},
        {"yes", "true", NULL},
        {"n", "null", "too few"},
        {"n.deeper[3]", "null", "too few"},
        {"o.p", "null", "why"},
        {"a.b", "null", "the result has no value at a.b: it is an array, no number or text"},
        {"a.b[2]", "null", "the result has no value at a.b[2]: a.b has 2 elements"},
        {"a.x.y", "null", "the result has no value at a.x.y: a has b"},
        {"yes.no", "null", "the result has no value at yes.no: yes is no object"},
        {"none", "null", "the result has no value at none: it has a, yes, n, n_reason, o"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        cJSON *value = NULL;
        char *reason = NULL;
        assert_int_equal(mi_sweep_extract(result, expected[i].path, &value, &reason, NULL), MI_OK);
        char *printed = cJSON_PrintUnformatted(value);
        assert_string_equal(printed, expected[i].value);
        if (expected[i].reason == NULL) {
            assert_null(reason);
        } else {
            assert_string_equal(reason, expected[i].reason);
        }
        cJSON_free(printed);
        cJSON_Delete(value);
        free(reason);
    }
    cJSON_Delete(result);
    assert_true(mi_sweep_path_good("[3].a[0][1].b"));
    assert_false(mi_sweep_path_good(""));
    assert_false(mi_sweep_path_good("a..b"));
    assert_false(mi_sweep_path_good("a[*]"));
    assert_false(mi_sweep_path_good("a[-1]"));
    assert_false(mi_sweep_path_good("a."));
    assert_false(mi_sweep_path_good("a[1]b"));
}

/* FNV-1a of "foobar", from its authors' list of test vectors. */
static void hash_is_the_published_one(void **state)
{
    (void)state;
    assert_true(mi_sweep_hash(MI_SWEEP_HASH, "foobar") == 0x85944171f73967e8ull);
}

static void assert_refused(const char *text, const char *expected)
{
    mi_faults faults = {.file = "sweep"};
    mi_experiment *e = sweep_create(text, &faults);
    assert_null(e);
    assert_true(faults.count > 0);
    if (strstr(faults.messages[0], expected) == NULL) {
        fail_msg("\"%s\" does not contain \"%s\"", faults.messages[0], expected);
    }
    mi_faults_clear(&faults);
}

#define GRID(axes) "{\"experiment\": \"sweep\", \"base\": " CURVE ", \"grid\": " axes "}"
#define AXIS(name, set, values)                                                                    \
    "{\"name\": \"" name "\", \"set\": \"" set "\", \"values\": " values "}"

static void bad_sweeps_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {KAPPAS("[0.1, -2]"), "at kappa=-2, seed=1: base: model.kappa: -2; must be"},
        {"{\"experiment\": \"sweep\"}", "base: missing; must be an experiment"},
        {"{\"experiment\": \"sweep\", \"base\": \"no-such\"}", "base: no-such: no such experiment"},
        {"{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"sweep\"}}",
         "must be a kind other than \"sweep\""},
        {"{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"compare\", \"curves\": []}}",
         "columns: missing; must say what is taken from each \"compare\" result"},
        {"{\"experiment\": \"sweep\", \"base\": " CURVE ", \"seed\": 3}", "\"seeds\" is the list"},
        {"{\"experiment\": \"sweep\", \"base\": " CURVE ", \"seeds\": [1, 2, 1]}",
         "seeds: 1 is there twice"},
        {"{\"experiment\": \"sweep\", \"base\": " CURVE ", \"seeds\": [1, 2.5]}",
         "seeds[1]: 2.5; must be a whole number"},
        {"{\"experiment\": \"sweep\", \"base\": " CURVE ", \"set\": \"model.kappa\"}",
         "write PATH=VALUE"},
        {"{\"experiment\": \"sweep\", \"base\": " CURVE ", \"cases\": [{\"label\": \"a\"}, "
         "{\"label\": \"b\", \"base\": {\"experiment\": \"train\"}}]}",
         "all cases must be of one kind"},
        {GRID("[" AXIS("seed", "model.kappa", "[1]") "]"), "is the name of a column of every"},
        {GRID("[" AXIS("done", "model.kappa", "[1]") "]"), "is the name of a column of every"},
        {GRID("[" AXIS("failed", "model.kappa", "[1]") "]"), "is the name of a column of every"},
        {GRID("[" AXIS("rate", "model.kappa", "[1]") "]"),
         "columns: \"rate\" is the name of an axis"},
        {GRID("[" AXIS("rate_mean", "model.kappa", "[1]") "]"),
         "columns: \"rate\"; the heading \"rate_mean\""},
        {"{\"experiment\": \"sweep\", \"base\": " CURVE
         ", \"grid\": [" AXIS("a_texts", "model.kappa",
                              "[1]") "], \"columns\": [{\"name\": \"a\", \"path\": \"x\"}]}",
         "columns[0].name: \"a\"; the heading \"a_texts\""},
        {GRID("[" AXIS("Kappa", "model.kappa", "[1]") "]"), "letters a-z"},
        {GRID("[" AXIS("k", "model.kappa", "[]") "]"), "grid[0].values: []; must be an array"},
        {GRID("[" AXIS("k", "model.kappa",
                       "{\"from\": -1, \"to\": 1, \"steps\": 3, "
                       "\"spacing\": \"log\"}") "]"),
         "needs both above 0"},
        {GRID("[" AXIS("k", "model.kappa=", "[1]") "]"), "a path has keys and indices alone"},
        {GRID("[" AXIS("k", "model.kappa", "[1]") ", " AXIS("k", "mask", "[{}]") "]"),
         "\"k\" is there twice"},
        {GRID("[" AXIS("k", "model.kappa", "{\"from\": 1, \"to\": 2, \"steps\": 1001}") ", " AXIS(
             "s", "estimator.samples", "{\"from\": 2, \"to\": 1001, \"steps\": 1000}") "]"),
         "1001000 units"},
        {"{\"experiment\": \"sweep\", \"base\": " CURVE ", \"columns\": [{\"name\": \"a\", "
         "\"path\": \"x[\"}]}",
         "must be a JSON path"},
        {"{\"experiment\": \"sweep\", \"base\": " CURVE ", \"figures\": [{\"name\": \"a\", "
         "\"columns\": \"none\", \"x\": \"b\"}]}",
         "must be names of columns"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(bad[i].text, bad[i].expected);
    }
}

/* The usual columns are named like one another's headings would be; no heading is there twice. */
static void headings_of_columns_differ(void **state)
{
    (void)state;
    mi_faults faults = {.file = "sweep"};
    mi_experiment *e =
        sweep_create(GRID("[" AXIS("rate_means", "model.kappa", "[1]") "]"), &faults);
    assert_int_equal(faults.count, 0);
    mi_experiment_destroy(e);
}

/* Labels of what is no number are cut between letters. */
static void long_labels_are_cut_between_letters(void **state)
{
    (void)state;
    for (int shift = 0; shift < 2; shift++) {
        mi_faults faults = {.file = "sweep"};
        char letters[301] = "", text[2000];
        for (int i = 0; i < 150; i++) {
            strcat(letters, "é");
        }
        snprintf(text, sizeof text,
                 "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"compare\", \"curves\": "
                 "[]}, \"columns\": [{\"name\": \"a\", \"path\": \"x\"}], \"grid\": [{\"name\": "
                 "\"k\", \"set\": \"curves\", \"values\": [[{\"label\": \"%s%s\", %s]]}]}",
                 shift == 0 ? "" : "x", letters, strchr(CURVE, ',') + 1);
        mi_experiment *e = sweep_create(text, &faults);
        if (e == NULL) {
            fail_msg("%s", faults.messages[0]);
        }
        const char *label = e->sweep->axis[0].labels[0];
        size_t length = strlen(label);
        assert_in_range(length, 198, 199);
        assert_memory_equal(label + length - 2, "é", 2);
        mi_experiment_destroy(e);
    }
}

/* What can be seen along one axis alone is found before anything is computed. */
static void checks_find_faults_of_models(void **state)
{
    (void)state;
    mi_faults faults = {.file = "sweep"};
    mi_experiment *e = sweep_create(
        "{\"experiment\": \"sweep\", \"base\": " CURVE ", \"grid\": [{\"name\": \"mask\", "
        "\"set\": \"mask\", \"values\": [{\"strategy\": \"random\"}, {\"strategy\": \"block\", "
        "\"min_size\": 70}]}]}",
        &faults);
    assert_non_null(e);
    assert_int_equal(mi_experiment_check(e, &once.run, &faults, NULL), MI_INPUT);
    assert_non_null(strstr(faults.messages[0], "sweep: at mask={"));
    assert_non_null(strstr(faults.messages[0], "mask.min_size: 70"));
    mi_faults_clear(&faults);
    mi_experiment_destroy(e);
}

/* The command: exit status, warning, the journal's folder, and what is refused. */
static void on_the_command_line(void **state)
{
    (void)state;
    char file[2 * SCRATCH_PATH], out[2 * SCRATCH_PATH], line[6 * SCRATCH_PATH];
    scratch_write(sweep_path("sweep.json", file), GRID_SWEEP, strlen(GRID_SWEEP));
    sweep_path("out", out);
    snprintf(line, sizeof line, "run %s --out %s --quiet", file, out);
    const outcome *o = run_program("", line);
    assert_int_equal(o->status, 0);
    assert_non_null(strstr(o->err, "2 of 8 units failed"));
    assert_int_equal(run_program("", line)->status, 2);
    snprintf(line, sizeof line, "run %s --out %s --quiet --resume", file, out);
    assert_int_equal(run_program("", line)->status, 0);
    snprintf(line, sizeof line, "run %s --out %s --quiet --part 3/2", file, out);
    assert_int_equal(run_program("", line)->status, 2);
    snprintf(line, sizeof line, "run %s --out %s --quiet --fresh --resume", file, out);
    assert_int_equal(run_program("", line)->status, 2);
    snprintf(line, sizeof line, "run gmrf --out %s --quiet --fresh", out);
    o = run_program("", line);
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "are for sweeps"));
    snprintf(
        line, sizeof line,
        "run %s --json --set 'grid[0].values=[[2,2]]' --set 'grid[0].labels=null' --set "
        "'base.mask={\"strategy\":\"block\",\"min_size\":3}' --set 'grid[1].set=mask.min_size' "
        "--set 'grid[1].values=[3,4]' --set 'base.model.kappa=0.2'",
        file);
    assert_int_equal(run_program("", line)->status, 0);
    snprintf(line, sizeof line, "check %s", file);
    assert_int_equal(run_program("", line)->status, 0);
}

/* SIGINT: 130, what is finished is kept. */
static void interrupted_by_a_signal(void **state)
{
    (void)state;
    char file[2 * SCRATCH_PATH], out[2 * SCRATCH_PATH], line[8 * SCRATCH_PATH];
    static const char text[] =
        "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"curve\", \"model\": {\"type\": "
        "\"gmrf\", \"grid\": [12, 12], \"neighbors\": 8, \"kappa\": 0.3}, \"estimator\": "
        "{\"samples\": 400}}, \"grid\": [{\"name\": \"kappa\", \"set\": \"model.kappa\", "
        "\"values\": {\"from\": 0.1, \"to\": 1, \"steps\": 1000}}], \"figures\": []}";
    scratch_write(sweep_path("sweep.json", file), text, strlen(text));
    sweep_path("out", out);
    snprintf(line, sizeof line, "run %s --out %s --quiet --threads 2", file, out);
    const outcome *o = run_program("timeout --preserve-status -s INT 4", line);
    assert_int_equal(o->status, 130);
    assert_non_null(strstr(o->err, "of 1000 units are kept in "));
    assert_non_null(strstr(o->err, "interrupted"));
}

static bool is_there(const char *name)
{
    char path[3 * SCRATCH_PATH];
    return access(sweep_path(name, path), F_OK) == 0;
}

/* A sweep whose file names other figures than before leaves none of those in the folder, and no
 * other file is touched. */
static void figures_of_earlier_forms_are_removed(void **state)
{
    (void)state;
    char file[2 * SCRATCH_PATH], out[2 * SCRATCH_PATH], line[6 * SCRATCH_PATH];
    static const char sweep[] = "{\"experiment\": \"sweep\", \"base\": " CURVE ", \"grid\": [" AXIS(
        "k", "model.kappa", "[0.3, 0.4]") "], \"columns\": [{\"name\": \"i\", \"path\": "
                                          "\"points[0].information\"}], \"figures\": [{\"name\": "
                                          "\"%s\", \"columns\": \"i\", \"x\": \"k\"}]}";
    static const char *const names[] = {"old", "new"};
    for (size_t i = 0; i < 2; i++) {
        char text[sizeof sweep + 8];
        snprintf(text, sizeof text, sweep, names[i]);
        scratch_write(sweep_path("forms.json", file), text, strlen(text));
        snprintf(line, sizeof line, "run %s --out %s --quiet --fresh", file,
                 sweep_path("forms", out));
        assert_int_equal(run_program("", line)->status, 0);
        assert_int_equal(is_there("forms/old.dat"), i == 0);
        assert_int_equal(is_there("forms/new.svg"), i == 1);
        scratch_write(sweep_path("forms/mine.gp", out), "x", 1);
    }
    assert_false(is_there("forms/old.gp") || is_there("forms/old.svg") ||
                 is_there("forms/old.png"));
    assert_true(is_there("forms/mine.gp") && is_there("forms/table.csv"));
}

/* Names that lead elsewhere, and files that no figure has, stay. */
static void only_figures_are_removed(void **state)
{
    (void)state;
    static const char *const names[] = {"a.dat", "a.gp",        "a.svg",     "b.dat",     "b.gp",
                                        "c.gp",  "result.json", "deep/d.gp", "deep/d.dat"};
    static const char *const stay[] = {"b.dat",       "b.gp",      "c.gp",
                                       "result.json", "deep/d.gp", "deep/d.dat"};
    char folder[2 * SCRATCH_PATH], path[3 * SCRATCH_PATH];
    sweep_path("figures", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/deep", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        scratch_write(path, "x", 1);
    }
    cJSON *earlier = cJSON_CreateStringArray(names, sizeof names / sizeof *names);
    cJSON *files = cJSON_Parse("[\"result.json\", \"b.dat\", \"b.gp\", 7]");
    mi_figures_discard(folder, NULL, files);
    mi_figures_discard(folder, earlier, files);
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, stay[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
    snprintf(path, sizeof path, "%s/a.svg", folder);
    assert_int_equal(access(path, F_OK), -1);
    cJSON_Delete(earlier);
    cJSON_Delete(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWEEP_TEST(units_are_the_experiments),
        SWEEP_TEST(config_makes_the_same_result),
        SWEEP_TEST(effort_scales_all_units),
        SWEEP_TEST(same_bytes_at_any_number_of_threads),
        SWEEP_TEST(parts_make_the_whole),
        SWEEP_TEST(missing_part_is_computed),
        SWEEP_TEST(changed_sweeps_are_noticed),
        SWEEP_TEST(titles_do_not_matter),
        SWEEP_TEST(failed_units_are_recorded),
        SWEEP_TEST(results_are_kept),
        SWEEP_TEST(values_and_their_reasons),
        SWEEP_TEST(hash_is_the_published_one),
        SWEEP_TEST(figures_of_earlier_forms_are_removed),
        SWEEP_TEST(only_figures_are_removed),
        SWEEP_TEST(headings_of_columns_differ),
        SWEEP_TEST(long_labels_are_cut_between_letters),
        SWEEP_TEST(bad_sweeps_are_refused),
        SWEEP_TEST(checks_find_faults_of_models),
        SWEEP_TEST(on_the_command_line),
        SWEEP_TEST(interrupted_by_a_signal),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
