/* The commands on good input: results, determinism, --json, --resume, plot, list, check. */
#include "support.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, fresh_folder());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Standard output of a good run as JSON, without "timing"; cJSON_Delete. */
static cJSON *json_of(const char *arguments)
{
    const outcome *o = run_program("", arguments);
    if (o->status != 0) {
        print_error("%s: %s", arguments, o->err);
    }
    assert_int_equal(o->status, 0);
    cJSON *result = cJSON_Parse(o->out);
    assert_non_null(result);
    cJSON_DeleteItemFromObjectCaseSensitive(result, "timing");
    return result;
}

static void assert_same_results(const char *a, const char *b)
{
    cJSON *first = json_of(a), *second = json_of(b);
    char *one = cJSON_PrintUnformatted(first), *two = cJSON_PrintUnformatted(second);
    assert_string_equal(one, two);
    cJSON_free(one);
    cJSON_free(two);
    cJSON_Delete(first);
    cJSON_Delete(second);
}

#define SMALL_LETTERS "run letters --json --set model.length=10 --set estimator.samples=6"
#define SMALL_PHOTOS                                                                               \
    "run photographs --json --set model.patch=1 --set 'model.grid=[5,5]' --set model.crops=600 "   \
    "--set model.held_out_crops=240 --set estimator.samples=3"

static void same_bytes_at_any_thread_count(void **state)
{
    (void)state;
    static const char *const runs[] = {
        "run gmrf --json --set estimator.samples=20",
        "run gmrf --json --set estimator.method=posterior --set 'model.grid=[4,4]'",
        SMALL_LETTERS,
        SMALL_PHOTOS,
        "run words --json --set model.length=4 --set estimator.samples=4",
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char one[512], three[512];
        snprintf(one, sizeof one, "%s --threads 1", runs[i]);
        snprintf(three, sizeof three, "%s --threads 3", runs[i]);
        assert_same_results(one, three);
    }
}

static void another_seed_is_another_result(void **state)
{
    (void)state;
    cJSON *a = json_of("run gmrf --json --seed 1 --set estimator.samples=5");
    cJSON *b = json_of("run gmrf --json --seed 2 --set estimator.samples=5");
    assert_false(
        cJSON_Compare(cJSON_GetObjectItem(a, "points"), cJSON_GetObjectItem(b, "points"), 1));
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(b, "config"), "seed")->valueint, 2);
    cJSON_Delete(a);
    cJSON_Delete(b);
}

/* "config" of a result is itself an experiment that gives the same result. */
/* The curves of a comparison follow their own seeds, else that of the comparison. */
static void curves_follow_their_seeds(void **state)
{
    (void)state;
    char file[128], arguments[256];
    snprintf(file, sizeof file, "%s/seeds.json", folder);
    write_text(file,
               "{\"experiment\":\"compare\",\"seed\":3,\"estimator\":{\"samples\":5},"
               "\"curves\":["
               "{\"label\":\"a\",\"model\":{\"type\":\"gmrf\",\"grid\":[14,14]}},"
               "{\"label\":\"b\",\"seed\":4,\"model\":{\"type\":\"gmrf\",\"grid\":[14,14]}}]}");
    snprintf(arguments, sizeof arguments, "run %s --json", file);
    cJSON *result = json_of(arguments), *curves = cJSON_GetObjectItem(result, "curves");
    for (int i = 0; i < 2; i++) {
        snprintf(arguments, sizeof arguments, "run gmrf --json --seed %d --set estimator.samples=5",
                 3 + i);
        cJSON *single = json_of(arguments);
        assert_true(cJSON_Compare(cJSON_GetObjectItem(single, "points"),
                                  cJSON_GetObjectItem(cJSON_GetArrayItem(curves, i), "points"), 1));
        cJSON_Delete(single);
    }
    cJSON_Delete(result);
}

static void config_of_a_result_runs_again(void **state)
{
    (void)state;
    char file[128], again[256];
    cJSON *result = json_of(SMALL_LETTERS);
    char *config = cJSON_Print(cJSON_GetObjectItem(result, "config"));
    snprintf(file, sizeof file, "%s/again.json", folder);
    write_text(file, config);
    snprintf(again, sizeof again, "run %s --json", file);
    assert_same_results(SMALL_LETTERS, again);
    cJSON_free(config);
    cJSON_Delete(result);
}

static const char compare[] =
    "{\"experiment\":\"compare\",\"ratios\":{\"steps\":9},\"curves\":["
    "{\"label\":\"chain\",\"verdict\":\"yes\",\"model\":{\"type\":\"mixing\",\"vocab\":9,\"rho\":0."
    "5}},"
    "{\"label\":\"field\",\"verdict\":\"yes\",\"model\":{\"type\":\"gmrf\",\"grid\":[8,8]},"
    "\"estimator\":{\"samples\":50}}]}";

static void effort_scales_samples(void **state)
{
    (void)state;
    char file[128], arguments[256];
    snprintf(file, sizeof file, "%s/compare.json", folder);
    write_text(file, compare);
    snprintf(arguments, sizeof arguments, "run %s --json --set effort=0.5", file);
    cJSON *result = json_of(arguments);
    cJSON *curves = cJSON_GetObjectItem(cJSON_GetObjectItem(result, "config"), "curves");
    cJSON *estimator = cJSON_GetObjectItem(cJSON_GetArrayItem(curves, 1), "estimator");
    assert_int_equal(cJSON_GetObjectItem(estimator, "samples")->valueint, 25);
    cJSON_Delete(result);
}

/* Run the comparison with a second curve that takes minutes, end it by SIGTERM once the first one
 * is kept, and give its exit status. */
static int interrupt_in_second_curve(const char *file)
{
    char command[1024];
    snprintf(command, sizeof command,
             "%s/maskinfo run %s --out %s/out --quiet --set 'curves[1].estimator.samples=200000' "
             "--set 'curves[1].model.grid=[50,50]' 2>%s/err & pid=$!; i=0; "
             "while [ ! -s %s/out/partial/curve-00.json ] && [ $i -lt 300 ]; do sleep 0.1; "
             "i=$((i+1)); done; kill -TERM $pid; wait $pid",
             MI_BUILD, file, folder, folder, folder);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What `run --resume` with more settings finds: the units of the first curve, "marked" where the
 * kept one was taken over. */
static void expect_after_resume(const char *file, const char *settings, const char *units)
{
    char arguments[512], command[256];
    assert_int_equal(interrupt_in_second_curve(file), 130);
    snprintf(command, sizeof command,
             "sed -i 's/\"units\":\"nats\"/\"units\":\"marked\"/' %s/out/partial/curve-00.json",
             folder);
    assert_int_equal(system(command), 0);
    snprintf(arguments, sizeof arguments, "run %s --out %s/out --json --resume %s", file, folder,
             settings);
    cJSON *result = json_of(arguments);
    cJSON *curve = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "curves"), 0);
    assert_string_equal(cJSON_GetObjectItem(curve, "units")->valuestring, units);
    snprintf(command, sizeof command, "%s/out/partial", folder);
    assert_int_equal(count_entries(command), 0);
    cJSON_Delete(result);
}

static void resume_takes_over_only_what_fits(void **state)
{
    (void)state;
    char file[128];
    snprintf(file, sizeof file, "%s/compare.json", folder);
    write_text(file, compare);
    expect_after_resume(file, "", "marked");
    expect_after_resume(file, "--set 'curves[0].model.rho=0.6'", "nats");
    expect_after_resume(file, "--set 'ratios=[0.1,0.2,0.3,0.4,0.5]'", "nats");
}

static void json_alone_writes_nothing(void **state)
{
    (void)state;
    char arguments[256];
    snprintf(arguments, sizeof arguments,
             "--version >/dev/null; cd %s; \"$OLDPWD\"/%s/maskinfo run gmrf --json "
             "--set estimator.samples=2",
             folder, MI_BUILD);
    assert_int_equal(run_program("", arguments)->status, 0);
    assert_int_equal(count_entries(folder), 0);
}

static void result_and_figures_are_written(void **state)
{
    (void)state;
    char arguments[512], path[128];
    snprintf(arguments, sizeof arguments, "run gmrf --out %s/out --set estimator.samples=5",
             folder);
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 0);
    assert_non_null(strstr(o->out, "result.json"));
    static const char *const files[] = {"result.json", "information.svg", "information.png",
                                        "objective.svg", "joint.svg"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct stat info;
        snprintf(path, sizeof path, "%s/out/%s", folder, files[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_true(info.st_size > 100);
    }
    snprintf(arguments, sizeof arguments, "plot %s/out/result.json", folder);
    assert_int_equal(run_program("", arguments)->status, 0);
    snprintf(path, sizeof path, "%s/foreign.json", folder);
    FILE *foreign = fopen(path, "w");
    fputs("{\"experiment\":\"train\",\"source\":7}", foreign);
    fclose(foreign);
    snprintf(arguments, sizeof arguments, "plot %s", path);
    o = run_program("", arguments);
    assert_int_equal(o->status, 2);
    snprintf(arguments, sizeof arguments, "maskinfo: bad input: %s: source: ", path);
    assert_memory_equal(o->err, arguments, strlen(arguments));
    unlink(path);
    /* A result with a vocabulary, then again one without: its figure must not stay behind. */
    snprintf(arguments, sizeof arguments,
             "run gmrf --quiet --out %s/out --set 'model={\"type\":\"mixing\",\"vocab\":9,"
             "\"rho\":0.5}'",
             folder);
    assert_int_equal(run_program("", arguments)->status, 0);
    snprintf(path, sizeof path, "%s/out/vocabulary.svg", folder);
    struct stat vocabulary;
    assert_int_equal(stat(path, &vocabulary), 0);
    snprintf(arguments, sizeof arguments, "run gmrf --quiet --out %s/out --set estimator.samples=5",
             folder);
    assert_int_equal(run_program("", arguments)->status, 0);
    assert_int_not_equal(stat(path, &vocabulary), 0);
}

static void gnuplot_missing_keeps_the_result(void **state)
{
    (void)state;
    char arguments[256], path[128];
    struct stat info;
    snprintf(arguments, sizeof arguments, "run gmrf --quiet --out %s/out --set estimator.samples=5",
             folder);
    /* `timeout` and the program are found by their paths; gnuplot is not. */
    char environment[512];
    snprintf(environment, sizeof environment,
             "mkdir %s/bin; ln -s $(command -v timeout) %s/bin/; PATH=%s/bin", folder, folder,
             folder);
    const outcome *o = run_program(environment, arguments);
    assert_int_equal(o->status, 1);
    assert_non_null(strstr(o->err, "gnuplot"));
    assert_non_null(strstr(o->err, "maskinfo plot"));
    snprintf(path, sizeof path, "%s/out/result.json", folder);
    assert_int_equal(stat(path, &info), 0);
}

static void disk_full_leaves_no_half_result(void **state)
{
    (void)state;
    char arguments[256], path[128];
    struct stat info;
    snprintf(arguments, sizeof arguments, "run gmrf --quiet --out %s/out --set estimator.samples=5",
             folder);
    /* A limit of 4 blocks of 512 bytes on any file stands for a full disk. */
    const outcome *o = run_program("ulimit -f 4;", arguments);
    assert_int_equal(o->status, 1);
    snprintf(path, sizeof path, "%s/out/result.json", folder);
    assert_int_not_equal(stat(path, &info), 0);
    snprintf(path, sizeof path, "%s/out", folder);
    assert_int_equal(count_entries(path), 0);
}

/* The program in docs/library.md compiles as it stands there and prints the optimum of the field.
 */
static void library_example_compiles_and_runs(void **state)
{
    (void)state;
    char command[1024];
    snprintf(command, sizeof command,
             "sed -n '/^```c$/,/^```$/p' docs/library.md | sed '1d;$d' >%s/example.c && "
             "${CC:-gcc} -std=c11 -Wall -Werror -Iinclude %s/example.c %s/libmaskinfo.a -fopenmp "
             "%s -lgsl -lcholmod -lxsmm -lopenblas -lcjson -lpng -ljpeg -lz -lm -o %s/example && "
             "%s/example | grep -q '^r\\* = 0\\.7[0-9]*$'",
             folder, folder, MI_BUILD, MI_SANITIZE, folder, folder);
    assert_int_equal(system(command), 0);
}

/* A covariance of a hundred crops gives hugely negative "information": that is called a misfit, and
 * nothing is fitted to it or read from its shape. */
static void misfit_is_not_fitted(void **state)
{
    (void)state;
    cJSON *result = json_of("run photographs --json --set model.patch=2 --set model.crops=100 "
                            "--set estimator.samples=16");
    const cJSON *fits = cJSON_GetObjectItem(result, "fits");
    static const char *const names[] = {"exponential", "power"};
    assert_true(
        cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(result, "misfit"), "detected")));
    for (size_t i = 0; i < 2; i++) {
        const cJSON *fit = cJSON_GetObjectItem(fits, names[i]);
        assert_true(cJSON_IsNull(fit) || cJSON_GetObjectItem(fit, "amplitude")->valuedouble > 0);
    }
    const cJSON *verdict = cJSON_GetObjectItem(cJSON_GetObjectItem(result, "regime"), "verdict");
    assert_string_equal(verdict->valuestring, "undetermined");
    cJSON_Delete(result);
}

static void lists_name_everything(void **state)
{
    (void)state;
    static const char *const words[] = {"mixing",        "markov",           "ngram",  "parity",
                                        "gmrf",          "patches",          "random", "task2",
                                        "kappa",         "smoothing",        "mae",    "mlm",
                                        "encoder.heads", "checkpoint_every", "checks", "neighbors"};
    const outcome *o = run_program("", "list");
    assert_int_equal(o->status, 0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_non_null(strstr(o->out, words[i]));
    }
}

/* docs/reference.md is what the program prints. */
static void reference_is_up_to_date(void **state)
{
    (void)state;
    static char page[1 << 17];
    FILE *file = fopen("docs/reference.md", "rb");
    assert_non_null(file);
    size_t length = fread(page, 1, sizeof page - 1, file);
    page[length] = '\0';
    fclose(file);
    assert_string_equal(run_program("", "list reference")->out, page);
}

static void all_experiments_are_good(void **state)
{
    (void)state;
    static const char *const names[] = {
        "task2",       "gmrf",           "letters",         "words",       "photographs",
        "mae-gmrf",    "mae-scene",      "mae-fashion",     "mae-photos",  "mlm-ngram",
        "mlm-parity",  "mlm-text",       "checks",          "task4a",      "task4b",
        "sweep-ratio", "sweep-strategy", "sweep-data-size", "sweep-kappa", "sweep-center"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char arguments[64];
        snprintf(arguments, sizeof arguments, "check %s", names[i]);
        assert_int_equal(run_program("", arguments)->status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(another_seed_is_another_result),
        cmocka_unit_test_setup_teardown(config_of_a_result_runs_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(curves_follow_their_seeds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(effort_scales_samples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(resume_takes_over_only_what_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_alone_writes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(result_and_figures_are_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gnuplot_missing_keeps_the_result, set_up, tear_down),
        cmocka_unit_test_setup_teardown(disk_full_leaves_no_half_result, set_up, tear_down),
        cmocka_unit_test_setup_teardown(library_example_compiles_and_runs, set_up, tear_down),
        cmocka_unit_test(misfit_is_not_fitted),
        cmocka_unit_test(lists_name_everything),
        cmocka_unit_test(reference_is_up_to_date),
        cmocka_unit_test(all_experiments_are_good),
    };
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
