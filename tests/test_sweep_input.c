/* Sweeps that say something they do not mean: what has no effect, what is there twice, columns that
 * lead nowhere; and what is told of them. */
#include "sweep_support.h"

#include <sys/stat.h>

#include "../src/lab/sweep.h"
#include "program.h"

#define CURVE                                                                                      \
    "{\"experiment\": \"curve\", \"model\": {\"type\": \"gmrf\", \"grid\": [3, 3], "               \
    "\"neighbors\": 4, \"kappa\": 0.3}, \"ratios\": [0.25, 0.5], \"estimator\": {\"samples\": 4}}"
#define SWEEP(rest) "{\"experiment\": \"sweep\", \"base\": " CURVE ", " rest "}"
#define AXIS(name, set, values) "{\"name\": \"" name "\", \"set\": " set ", \"values\": " values "}"
#define KAPPA AXIS("kappa", "\"model.kappa\"", "[0.1, 0.5]")

/* All faults, one a line. */
static void refuse(const char *text, char *all, size_t size)
{
    mi_faults faults = {.file = "sweep"};
    mi_experiment *e = sweep_create(text, &faults);
    size_t used = 0;
    all[0] = '\0';
    for (size_t i = 0; i < faults.count && i < MI_FAULTS_KEPT; i++) {
        used += (size_t)snprintf(all + used, size - used, "%s\n", faults.messages[i]);
    }
    mi_faults_clear(&faults);
    mi_experiment_destroy(e);
}

static void assert_faults(const char *text, const char *const expected[])
{
    char all[4096];
    size_t lines = 0, count = 0;
    refuse(text, all, sizeof all);
    for (const char *c = all; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    for (; expected[count] != NULL; count++) {
        if (strstr(all, expected[count]) == NULL) {
            fail_msg("\"%s\" is not in\n%s", expected[count], all);
        }
    }
    if (lines != count) {
        fail_msg("%zu faults, not %zu:\n%s", lines, count, all);
    }
}

#define FAULTS(text, ...) assert_faults(text, (const char *const[]){__VA_ARGS__, NULL})
#define GOOD(text) assert_faults(text, (const char *const[]){NULL})

static void seeds_are_set_by_the_sweep(void **state)
{
    (void)state;
    FAULTS(SWEEP("\"grid\": [" AXIS("s", "\"seed\"", "[1, 2]") "]"),
           "grid[0].set: \"seed\" of the axis \"s\" has no effect: the seeds of the sweep");
    FAULTS(SWEEP("\"set\": [\"estimator.samples=5\", \"seed=4\"]"),
           "set[1]: \"seed\" has no effect: the seeds");
    FAULTS(SWEEP("\"set\": \"seed=4\""), "set: \"seed\" has no effect: the seeds");
    FAULTS(SWEEP("\"cases\": [{\"label\": \"a\"}, {\"label\": \"b\", \"set\": [\"seed=2\"]}]"),
           "cases[1].set[0]: \"seed\" has no effect");
    FAULTS("{\"experiment\": \"sweep\", \"base\": \"experiments/task3.json\", \"grid\": [" AXIS(
               "s", "\"seeds[0]\"", "[1, 2]") "], \"columns\": [{\"name\": \"a\", \"path\": "
                                              "\"a\"}]}",
           "grid[0].set: \"seeds[0]\" of the axis \"s\" has no effect");
    GOOD(SWEEP("\"grid\": [" KAPPA "], \"seeds\": [1, 9007199254740991]"));
    FAULTS(SWEEP("\"seeds\": [9007199254740993]"), "must be a whole number in [0, "
                                                   "9007199254740991]");
}

/* What is put at a place later wins; nothing may be put there in vain. */
static void no_value_is_put_in_vain(void **state)
{
    (void)state;
    FAULTS(SWEEP("\"grid\": [" KAPPA ", " AXIS("k2", "\"model.kappa\"", "[1, 2]") "]"),
           "grid[0].set: \"model.kappa\" of the axis \"kappa\" has no effect: the axis \"k2\" sets "
           "\"model.kappa\" after it");
    FAULTS(SWEEP("\"grid\": [" KAPPA ", " AXIS("m", "[\"mask\", \"model\"]", "[{}]") "]"),
           "the axis \"m\" sets the whole of \"model\" after it; put that axis in front");
    FAULTS(SWEEP("\"grid\": [" AXIS("k", "[\"model.kappa\", \"model.kappa\"]", "[1, 2]") "]"),
           "grid[0].set: \"model.kappa\" of the axis \"k\" has no effect: the axis \"k\"");
    FAULTS(SWEEP("\"grid\": [" AXIS("a", "\"ratios[1]\"",
                                    "[0.4, 0.6]") ", " AXIS("b", "\"ratios[*]\"", "[0.7]") "]"),
           "\"ratios[1]\" of the axis \"a\" has no effect");
    FAULTS(SWEEP("\"set\": [\"model.kappa=2\"], \"grid\": [" KAPPA "]"),
           "set[0]: \"model.kappa\" has no effect: the axis \"kappa\" sets \"model.kappa\"");
    FAULTS(
        SWEEP("\"cases\": [{\"label\": \"a\", \"set\": \"model.kappa=3\"}], \"grid\": [" KAPPA "]"),
        "cases[0].set: \"model.kappa\" has no effect");
    /* Deeper, and later, has; so has what only begins alike. */
    GOOD(SWEEP("\"grid\": [" AXIS("m", "\"model\"",
                                  "[{\"type\": \"gmrf\", \"grid\": [2, 2]}]") ", " KAPPA "]"));
    GOOD(SWEEP(
        "\"set\": \"ratios=[0.5]\", \"grid\": [" AXIS("a", "\"ratios[0]\"", "[0.4]") ", " AXIS(
            "b", "\"model.grid[0]\"", "[2, 3]") ", " AXIS("c", "\"model.grid[1]\"", "[2, 3]") "]"));
}

static void twins_are_refused(void **state)
{
    (void)state;
    FAULTS(SWEEP("\"grid\": [" AXIS("k", "\"model.kappa\"", "[0.1, 0.5, 0.10]") "]"),
           "grid[0].values[2]: 0.1 is there twice");
    FAULTS(SWEEP("\"grid\": [" AXIS("k", "\"model.grid\"", "[[2, 3], [3, 2], [2,3]]") "]"),
           "grid[0].values[2]: [2,3] is there twice");
    FAULTS(SWEEP("\"grid\": [{\"name\": \"k\", \"set\": \"model.kappa\", \"values\": [1, 2], "
                 "\"labels\": [\"a\", \"a\"]}]"),
           "grid[0].labels[1]: \"a\" is there twice");
    FAULTS(SWEEP("\"cases\": [{\"label\": \"a\"}, {\"label\": \"b\"}, {\"label\": \"a\"}]"),
           "cases[2]: \"a\" is there twice");
}

/* Each fault once, and with its place. */
static void faults_are_told_once(void **state)
{
    (void)state;
    char all[4096];
    FAULTS(SWEEP("\"foo\": 1"), "sweep: foo: unknown key; known here: experiment, set, effort, ");
    refuse(SWEEP("\"foo\": 1"), all, sizeof all);
    assert_non_null(strstr(all, "title, question"));
    FAULTS(SWEEP("\"set\": \"model.kapa=3\", \"grid\": [" KAPPA "]"),
           "at kappa=0.1, seed=1: base: model.kapa: unknown key");
    FAULTS(SWEEP("\"grid\": [" AXIS("kappa", "\"model.kappa\"", "[-1, 1, -2]") "]"),
           "at kappa=-1, seed=1: base: model.kappa: -1;", "at kappa=-2, seed=1: base: model.kappa");
    FAULTS(SWEEP("\"set\": [\"model.kappa=1\", \"nonsense\"]"),
           "sweep: set[1] nonsense: write PATH=VALUE");
    FAULTS(SWEEP("\"grid\": [" AXIS("k", "\"model.kappa\"", "[NaN, 0.5]") "]"),
           "malformed JSON; JSON has neither NaN nor Infinity");
    FAULTS(SWEEP("\"grid\": [" AXIS("k", "\"model.kappa\"", "[-Infinity]") "]"),
           "JSON has neither NaN nor Infinity");
}

/* 10^12 values would not fit in memory, nor be made in any time. */
static void units_are_counted_first(void **state)
{
    (void)state;
    static const char axes[] = SWEEP("\"grid\": [" AXIS(
        "a", "\"model.kappa\"",
        "{\"from\": 1, \"to\": 2, \"steps\": 1000000}") ", " AXIS("b", "\"estimator.samples\"",
                                                                  "{\"from\": 1, \"to\": 2, "
                                                                  "\"steps\": 1000000}") "]");
    struct timespec start;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    FAULTS(axes, "1000000000000 units");
    struct timespec end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_true((double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec) <
                0.1);
    FAULTS(SWEEP("\"grid\": [" AXIS("a", "\"model.kappa\"",
                                    "{\"from\": 1, \"to\": 2, \"steps\": 2000000000}") "]"),
           "grid[0].values.steps: 2000000000; must be");
}

/* A base stands beside the sweep as well as under the working folder. */
static void bases_are_found_beside_the_sweep(void **state)
{
    (void)state;
    char file[2 * SCRATCH_PATH], line[6 * SCRATCH_PATH];
    static const char sweep[] = "{\"experiment\": \"sweep\", \"base\": \"deeper/base.json\"}";
    mkdir(sweep_path("deeper", file), 0777);
    scratch_write(sweep_path("deeper/base.json", file), CURVE, strlen(CURVE));
    scratch_write(sweep_path("sweep.json", file), sweep, strlen(sweep));
    snprintf(line, sizeof line, "run %s --json", file);
    const outcome *o = run_program("", line);
    assert_int_equal(o->status, 0);
    assert_non_null(strstr(o->out, "\"kappa\":\t0.3")); /* "config" holds it */
}

typedef struct ear {
    char text[4096];
} ear;

static void hear(void *context, const char *text)
{
    ear *e = context;
    size_t used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, "%s\n", text);
}

#define COLUMNS(a, b, c)                                                                           \
    "\"columns\": [{\"name\": \"a\", \"path\": \"" a "\"}, {\"name\": \"b\", \"path\": \"" b       \
    "\"}, {\"name\": \"c\", \"path\": \"" c "\"}]"

/* After the first unit, and at the end with the figures that they cost. */
static void empty_columns_are_noticed(void **state)
{
    (void)state;
    ear e = {.text = ""};
    mi_run_options options = {.run = {.threads = 2, .opt_notice = hear, .opt_notice_context = &e}};
    static const char text[] = SWEEP(
        "\"grid\": [" KAPPA "], " COLUMNS("points[0].none", "regime", "points[1].information"));
    assert_int_equal(sweep_run(text, "empty", options, NULL, NULL), MI_OK);
    const char *first = strstr(e.text, "column a: no unit so far has a value; the result has no "
                                       "value at points[0].none: points[0] has ratio, ");
    assert_ptr_equal(first, e.text);
    assert_null(strstr(first + 1, "column a: no unit so far"));
    assert_non_null(strstr(e.text, "column b: no unit so far has a value; the result has no value "
                                   "at regime: it is an object, no number or text\n"));
    assert_non_null(strstr(e.text, "column a: no unit has a value; the result has no value at"));
    assert_non_null(strstr(e.text, "figure a is not drawn: no column of it has numbers"));
    assert_null(strstr(e.text, "column c"));
    assert_null(strstr(e.text, "figure c"));
    ear silent = {.text = ""};
    options.run.opt_notice_context = &silent;
    static const char good[] = SWEEP(COLUMNS("optimum.ratio", "regime.verdict", "maskinfo"));
    assert_int_equal(sweep_run(good, "good", options, NULL, NULL), MI_OK);
    assert_null(strstr(silent.text, "so far"));
}

/* The leaf that differs, and nothing that changes no number. */
static void differences_are_named_to_the_leaf(void **state)
{
    (void)state;
    char text[200];
    cJSON *a = cJSON_Parse("{\"title\": \"a\", \"base\": {\"title\": \"x\"}, \"grid\": [{\"name\": "
                           "\"k\", \"labels\": [\"p\"], \"values\": [1, 2]}, {\"name\": \"l\", "
                           "\"values\": [3, 4]}]}");
    cJSON *b = cJSON_Parse("{\"title\": \"b\", \"base\": {\"title\": \"y\"}, \"figures\": [], "
                           "\"grid\": [{\"name\": \"k\", \"values\": [1, 2]}, {\"name\": \"l\", "
                           "\"values\": [3, 5]}]}");
    assert_string_equal(mi_sweep_difference(a, b, text, sizeof text),
                        "grid[1].values[1]: 4 here, 5 there");
    assert_string_equal(mi_sweep_difference(a, a, text, sizeof text), "");
    cJSON_Delete(b);
    b = cJSON_Parse("{\"grid\": [{\"name\": \"k\", \"values\": [1, 2]}]}");
    assert_string_equal(
        mi_document_difference(mi_lab_item(a, "grid"), mi_lab_item(b, "grid"), text, sizeof text),
        "[0].labels: [\"p\"] here, nothing there");
    mi_sweep_difference(a, b, text, sizeof text);
    assert_non_null(strstr(text, " here, nothing there"));
    cJSON_Delete(a);
    cJSON_Delete(b);
    a = cJSON_Parse("[\"the same for many, many letters, and only then: one\"]");
    b = cJSON_Parse("[\"the same for many, many letters, and only then: two\"]");
    assert_string_equal(mi_document_difference(a, b, text, sizeof text),
                        "[0]: ...\" only then: one\" here, ...\" only then: two\" there");
    cJSON_Delete(a);
    cJSON_Delete(b);
}

/* Nothing can be written in the folders of units: the sweep ends at the first, and says how many
 * there are, failed ones apart. */
static void unwritable_folders_end_the_sweep(void **state)
{
    (void)state;
    char file[2 * SCRATCH_PATH];
    cJSON *result = NULL;
    mi_status status = {.code = MI_OK};
    mi_run_options options = {.run = {.threads = 1}};
    static const char text[] = SWEEP("\"keep\": \"results\", \"grid\": [" AXIS(
        "k", "\"model.kappa\"", "{\"from\": 1, \"to\": 2, \"steps\": 50}") "]");
    mkdir(sweep_path("full", file), 0777);
    scratch_write(sweep_path("full/units", file), "x", 1);
    mi_code code = sweep_run(text, "full", options, &result, &status);
    assert_int_equal(code, MI_IO);
    assert_non_null(strstr(status.message, "0 of 50 units are kept in "));
    /* Two units that fail by themselves are not counted as kept. */
    char path[3 * SCRATCH_PATH];
    static const char mixed[] = SWEEP("\"keep\": \"results\", \"grid\": [" AXIS(
        "g", "\"model.grid\"",
        "[[2, 2], [4, 4]]") ", " AXIS("m", "\"mask\"",
                                      "[{\"strategy\": \"block\", \"min_size\": "
                                      "7}, {}]") "], \"seeds\": [1, 2]");
    mkdir(sweep_path("mixed", file), 0777);
    mkdir(sweep_path("mixed/units", file), 0777);
    scratch_write(sweep_path("mixed/units/000005", path), "x", 1);
    code = sweep_run(mixed, "mixed", options, &result, &status);
    assert_int_equal(code, MI_IO);
    assert_non_null(strstr(status.message, "3 of 8 units are kept in "));
    assert_non_null(strstr(status.message, ", 2 failed; --resume goes on"));
    unlink(path);
    options.resume = true;
    assert_int_equal(sweep_run(mixed, "mixed", options, NULL, &status), MI_OK);
}

static void on_the_command_line(void **state)
{
    (void)state;
    char file[2 * SCRATCH_PATH], out[2 * SCRATCH_PATH], line[8 * SCRATCH_PATH];
    scratch_write(sweep_path("sweep.json", file), GRID_SWEEP, strlen(GRID_SWEEP));
    snprintf(line, sizeof line, "run %s --json --resume", file);
    const outcome *o = run_program("", line);
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "--json without --out"));
    snprintf(line, sizeof line, "run %s --out %s --quiet", file, sweep_path("out", out));
    assert_int_equal(run_program("", line)->status, 0);
    char page[2 * SCRATCH_PATH];
    snprintf(line, sizeof line, "report %s --out %s", out, sweep_path("none/x.html", page));
    o = run_program("", line);
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "there is no such folder"));
    assert_int_equal(access(sweep_path("none", page), F_OK), -1);
    snprintf(line, sizeof line, "report %s --out %s", out, sweep_path("x.html", page));
    assert_int_equal(run_program("", line)->status, 0);
}

/* The word stands once. */
static void interrupted_once(void **state)
{
    (void)state;
    char file[2 * SCRATCH_PATH], line[6 * SCRATCH_PATH];
    static const char text[] =
        SWEEP("\"set\": \"estimator.samples=1000000\", \"grid\": [" KAPPA "], \"figures\": []");
    scratch_write(sweep_path("sweep.json", file), text, strlen(text));
    snprintf(line, sizeof line, "run %s --out %s-out", file, file);
    const outcome *o = run_program("timeout --preserve-status -s INT 1", line);
    assert_int_equal(o->status, 130);
    assert_non_null(strstr(o->err, "maskinfo: interrupted: 0 of 2 units are kept in "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWEEP_TEST(seeds_are_set_by_the_sweep),
        SWEEP_TEST(no_value_is_put_in_vain),
        SWEEP_TEST(twins_are_refused),
        SWEEP_TEST(faults_are_told_once),
        SWEEP_TEST(units_are_counted_first),
        SWEEP_TEST(bases_are_found_beside_the_sweep),
        SWEEP_TEST(empty_columns_are_noticed),
        SWEEP_TEST(differences_are_named_to_the_leaf),
        SWEEP_TEST(unwritable_folders_end_the_sweep),
        SWEEP_TEST(on_the_command_line),
        SWEEP_TEST(interrupted_once),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
