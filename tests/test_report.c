/* Whole-file output; figures of results, their data, and what happens when gnuplot, the disk or the
 * result is not as it should be. */
#include "support.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maskinfo/figures.h"
#include "maskinfo/output.h"

enum { PATH_SIZE = 256 };

/* A new directory for each test, removed with all it holds afterwards. */
static int setup(void **state)
{
    char *directory = malloc(PATH_SIZE);
    strcpy(directory, "/tmp/maskinfo-report-XXXXXX");
    *state = directory;
    return mkdtemp(directory) == NULL;
}

static void remove_tree(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char child[2 * PATH_SIZE];
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
            struct stat kind;
            if (lstat(child, &kind) == 0 && S_ISDIR(kind.st_mode)) {
                remove_tree(child);
            } else {
                unlink(child);
            }
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    rmdir(path);
}

static int teardown(void **state)
{
    remove_tree(*state);
    free(*state);
    return 0;
}

static char *path_in(const char *directory, const char *name)
{
    static char path[2 * PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static bool exists(const char *directory, const char *name)
{
    return access(path_in(directory, name), F_OK) == 0;
}

/* The contents, to be freed; NULL where there is no such file. */
static char *contents(const char *directory, const char *name)
{
    FILE *file = fopen(path_in(directory, name), "rb");
    if (file == NULL) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(size + 1, 1);
    assert_int_equal(fread(text, 1, size, file), size);
    fclose(file);
    return text;
}

static int count_entries(const char *directory)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    int count = -2; /* "." and ".." */
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        count++;
    }
    closedir(stream);
    return count;
}

/* ---- mi_write_file ---- */

static void a_file_is_written_whole_and_replaced(void **state)
{
    const char *directory = *state;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/a/b/result.json", directory);
    assert_int_equal(mi_write_file(path, "first", 5, NULL), MI_OK);
    assert_int_equal(mi_write_file(path, "second\0!", 8, NULL), MI_OK);
    char *text = contents(directory, "a/b/result.json");
    assert_memory_equal(text, "second\0!", 8);
    free(text);
    assert_int_equal(count_entries(path_in(directory, "a/b")), 1);
}

/* Tests may run as root, whom no permission stops, so a file stands where a directory should. */
static void a_path_below_a_file_is_refused(void **state)
{
    const char *directory = *state;
    char path[PATH_SIZE];
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_write_file(path_in(directory, "plain"), "x", 1, NULL), MI_OK);
    snprintf(path, sizeof path, "%s/plain/result.json", directory);
    assert_int_equal(mi_write_file(path, "x", 1, &status), MI_IO);
    assert_non_null(strstr(status.message, "not a directory"));
    snprintf(path, sizeof path, "%s/plain/deeper/result.json", directory);
    assert_int_equal(mi_write_file(path, "x", 1, &status), MI_IO);
}

static void only_regular_files_are_replaced(void **state)
{
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_write_file(*state, "x", 1, &status), MI_IO);
    assert_non_null(strstr(status.message, "a directory"));
    assert_int_equal(mi_write_file("/dev/null", "x", 1, &status), MI_IO);
    assert_non_null(strstr(status.message, "not a regular file"));
}

/* The limit on the size of a file stands for the full disk: write() comes up short, then fails. */
static void limit_file_size(rlim_t bytes, struct rlimit *ret_old)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, ret_old), 0);
    limit = *ret_old;
    limit.rlim_cur = bytes;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_keeps_the_old_file(void **state)
{
    const char *directory = *state;
    static char large[100000];
    struct rlimit old;
    mi_status status = {.code = MI_OK};
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/result.json", directory);
    assert_int_equal(mi_write_file(path, "old", 3, NULL), MI_OK);
    limit_file_size(5000, &old);
    mi_code code = mi_write_file(path, large, sizeof large, &status);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(code, MI_IO);
    assert_non_null(strstr(status.message, "larger than the system allows"));
    char *text = contents(directory, "result.json");
    assert_string_equal(text, "old");
    free(text);
    assert_int_equal(count_entries(directory), 1);
}

/* ---- results ---- */

#define POINT(r, i, se)                                                                            \
    "{\"ratio\":" r ",\"conditional_entropy\":1.25,\"information\":" i ",\"information_se\":" se   \
    ",\"effective_vocabulary\":3.5,\"unigram_information\":0.31,\"joint_information\":0.4375,"     \
    "\"joint_information_se\":" se ",\"objective\":" i ",\"objective_se\":" se "}"

#define POINTS(a, b, c)                                                                            \
    "\"points\":[" POINT("0.25", a, "0.0125") "," POINT("0.5", b, "0.015") "," POINT("0.75", c,    \
                                                                                     "0.0175") "]"

#define FITS                                                                                       \
    "\"fits\":{\"exponential\":{\"amplitude\":2.1,\"rate\":1.7,\"rate_se\":0.02,"                  \
    "\"r_squared\":0.98,\"aicc\":-12.5,\"optimal_ratio\":0.588,\"corner\":false},"                 \
    "\"power\":{\"amplitude\":2,\"exponent\":1.1,\"exponent_se\":0.03,\"r_squared\":0.99,"         \
    "\"aicc\":-15.5,\"optimal_ratio\":0.476}},\"preferred_fit\":\"power\""

static const char compare_text[] =
    "{\"experiment\":\"compare\",\"title\":\"t\",\"curves\":["
    "{\"label\":\"letters\",\"group\":\"text\",\"vocabulary\":27,"
    "\"figures\":[\"information\",\"vocabulary\",\"joint\",\"fits\",\"objective\",\"optimum\","
    "\"dichotomy\"]," POINTS(
        "1.4375", "1.03125",
        "0.5625") "," FITS ",\"optimum\":{\"ratio\":0.5,\"low\":0.45,\"high\":0.55,\"objective\":0."
                  "5,\"edge\":false},"
                  "\"regime\":{\"verdict\":\"synergistic\"}},"
                  "{\"label\":\"photographs\",\"group\":\"image\",\"vocabulary\":null," POINTS(
                      "2.71828182846", "2.5",
                      "2.25") "," FITS ",\"optimum\":{\"ratio\":0.75,\"low\":0.75,\"high\":0.75,"
                              "\"objective\":1.7,\"edge\":true},"
                              "\"regime\":{\"verdict\":\"redundant\"}},"
                              "{\"label\":\"bare\",\"group\":\"image\",\"vocabulary\":null,"
                              "\"misfit\":{\"detected\":true,"
                              "\"message\":\"it "
                              "rises\"},\"points\":[{\"ratio\":0.25,\"information\":1e999},"
                              "{\"ratio\":0.5,\"information\":1.125},{\"ratio\":0.75,"
                              "\"information\":null}],"
                              "\"fits\":{\"exponential\":null,\"exponential_reason\":\"too few "
                              "points\",\"power\":null},"
                              "\"optimum\":null}],"
                              "\"verdict\":{\"sentence\":\"the order holds\"},"
                              "\"overlays\":[{\"label\":\"MAE\",\"source\":\"arXiv\",\"metric\":"
                              "\"top-1 (%)\","
                              "\"ratio\":[0.25,0.5,0.75],\"value\":[54.6,69.9,73.5],\"against\":"
                              "\"photographs\","
                              "\"rank_correlation\":0.5,\"pairs\":3}]}";

static const char *const figure_names[] = {"information", "vocabulary", "joint",     "fits",
                                           "objective",   "optimum",    "dichotomy", "published"};
enum { FIGURES = sizeof figure_names / sizeof figure_names[0] };

typedef struct outcome {
    mi_code code;
    bool drawn;
    int files;
    mi_status status;
} outcome;

static outcome draw_json(const cJSON *result, const char *directory)
{
    outcome o = {.status.code = MI_OK};
    cJSON *files = cJSON_CreateArray();
    o.code = mi_figures_draw(result, directory, &o.drawn, files, &o.status);
    o.files = cJSON_GetArraySize(files);
    const cJSON *file;
    cJSON_ArrayForEach(file, files)
    {
        assert_true(exists(directory, file->valuestring));
    }
    cJSON_Delete(files);
    return o;
}

static outcome draw_text(const char *text, const char *directory)
{
    cJSON *result = cJSON_Parse(text);
    assert_non_null(result);
    outcome o = draw_json(result, directory);
    cJSON_Delete(result);
    return o;
}

static void every_figure_has_its_four_files(void **state)
{
    static const char *const endings[] = {"dat", "gp", "svg", "png"};
    outcome o = draw_text(compare_text, *state);
    assert_string_equal(o.status.message, "");
    assert_int_equal(o.code, MI_OK);
    assert_true(o.drawn);
    for (int i = 0; i < FIGURES; i++) {
        for (int k = 0; k < 4; k++) {
            char name[64];
            snprintf(name, sizeof name, "%s.%s", figure_names[i], endings[k]);
            struct stat entry;
            assert_int_equal(stat(path_in(*state, name), &entry), 0);
            assert_true(entry.st_size > 100);
        }
    }
    assert_int_equal(o.files, 4 * FIGURES + 2); /* fits.txt and fits.md */
    assert_int_equal(count_entries(*state), o.files);
}

/* Values of the columns named in the header of a block. */
static void data_are_those_of_the_result(void **state)
{
    draw_text(compare_text, *state);
    char *data = contents(*state, "information.dat");
    const char *block = strstr(data, "# block 0: letters\n# ratio information(nats) ");
    assert_non_null(block);
    const char *row = strchr(strchr(block, '\n') + 1, '\n') + 1;
    double numbers[5];
    assert_int_equal(sscanf(row, "%lf %lf %lf %lf %lf", &numbers[0], &numbers[1], &numbers[2],
                            &numbers[3], &numbers[4]),
                     5);
    assert_true(numbers[0] == 0.25 && numbers[1] == 1.4375 && numbers[2] == 0.0125);
    assert_true(numbers[3] == 1);
    row = strchr(row, '\n') + 1;
    sscanf(row, "%lf %lf %lf %lf", &numbers[0], &numbers[1], &numbers[2], &numbers[3]);
    assert_near(numbers[3], 1.03125 / 1.4375, 1e-11);
    assert_non_null(strstr(data, "\n\n\n# block 1: photographs\n"));
    assert_non_null(strstr(data, "\n0.25 2.71828182846 "));
    free(data);
}

static void what_is_missing_is_left_out(void **state)
{
    static const char *const endings[] = {"dat", "gp"};
    draw_text(compare_text, *state);
    for (int i = 0; i < FIGURES; i++) {
        for (int k = 0; k < 2; k++) {
            char name[64];
            snprintf(name, sizeof name, "%s.%s", figure_names[i], endings[k]);
            char *text = contents(*state, name);
            assert_null(strstr(text, "nan"));
            assert_null(strstr(text, "NaN"));
            assert_null(strstr(text, "inf "));
            assert_null(strstr(text, "inf\n"));
            free(text);
        }
    }
    char *data = contents(*state, "information.dat");
    assert_non_null(strstr(data, "\n0.25 ? ? ? ?\n0.5 1.125 ? 1 ?\n0.75 ? ? ? ?\n"));
    free(data);
    char *table = contents(*state, "fits.txt");
    assert_non_null(strstr(table, "bare, exponential: too few points"));
    assert_non_null(strstr(table, "1.700 ± 0.02"));
    assert_non_null(strstr(table, "0.500 [0.450, 0.550]"));
    assert_non_null(strstr(table, "0.750 edge"));
    free(table);
    char *script = contents(*state, "information.gp");
    assert_non_null(strstr(script, "'bare (misfit)'"));
    assert_non_null(strstr(script, "it rises"));
    free(script);
}

/* One source, one look: its style line is the same wherever it appears. */
static void a_source_looks_the_same_everywhere(void **state)
{
    draw_text(compare_text, *state);
    char first[256] = "";
    int seen = 0;
    for (int i = 0; i < FIGURES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.gp", figure_names[i]);
        char *script = contents(*state, name);
        const char *line = strstr(script, "set style line 2 ");
        if (line != NULL) {
            char *copy = strndup(line, strcspn(line, "\n"));
            assert_true(seen == 0 || strcmp(copy, first) == 0);
            snprintf(first, sizeof first, "%s", copy);
            free(copy);
            seen++;
        }
        free(script);
    }
    assert_true(seen >= 5);
    assert_non_null(strstr(first, "lc rgb '#0072b2'"));
}

static void colours_of_the_file_are_taken_and_not_given_twice(void **state)
{
    cJSON *result = cJSON_Parse(compare_text);
    cJSON *curves = cJSON_GetObjectItem(result, "curves");
    cJSON_AddStringToObject(cJSON_GetArrayItem(curves, 2), "color", "#0072B2");
    cJSON_AddNumberToObject(cJSON_GetArrayItem(curves, 0), "dash", 2);
    cJSON_AddStringToObject(cJSON_GetArrayItem(curves, 0), "color", "red'; quit");
    outcome o = draw_json(result, *state);
    cJSON_Delete(result);
    assert_int_equal(o.code, MI_OK);
    char *script = contents(*state, "information.gp");
    assert_non_null(strstr(script, "set style line 1 lc rgb '#d55e00' lw 1.8 dt 2 "));
    assert_non_null(strstr(script, "set style line 2 lc rgb '#332288' "));
    assert_null(strstr(script, "quit"));
    /* A misfit is faded (half of each channel, plus 4d) and dotted. */
    assert_non_null(strstr(script, "set style line 3 lc rgb '#4d86a6' lw 1.8 dt 3 "));
    free(script);
}

/* A label is text, whatever it looks like. The same goes for the other strings of the result. */
static void strings_do_not_become_commands(void **state)
{
    const char *directory = *state;
    static const char *const hostile[] = {
        "it's '; system('touch INJECTED'); print '",
        "`touch INJECTED` \"$(touch INJECTED)\" @clean %s%n {/Bold x_1^2} \\",
        "two\nlines\r\t\x1b \xff\xc0\x80 </text></svg> & <b> # | 100 %",
    };
    char working[PATH_SIZE];
    assert_non_null(getcwd(working, sizeof working));
    cJSON *result = cJSON_Parse(compare_text);
    cJSON *curve = cJSON_GetObjectItem(result, "curves")->child;
    for (int i = 0; i < 3; i++, curve = curve->next) {
        cJSON_ReplaceItemInObject(curve, "label", cJSON_CreateString(hostile[i]));
    }
    cJSON *overlay = cJSON_GetObjectItem(result, "overlays")->child;
    cJSON_ReplaceItemInObject(overlay, "label", cJSON_CreateString(hostile[0]));
    cJSON_ReplaceItemInObject(overlay, "source", cJSON_CreateString(hostile[1]));
    cJSON_ReplaceItemInObject(overlay, "metric", cJSON_CreateString(hostile[2]));
    cJSON_ReplaceItemInObject(overlay, "against", cJSON_CreateString(hostile[1]));
    cJSON_ReplaceItemInObject(cJSON_GetObjectItem(result, "verdict"), "sentence",
                              cJSON_CreateString(hostile[0]));
    outcome o = draw_json(result, directory);
    cJSON_Delete(result);
    assert_string_equal(o.status.message, "");
    assert_int_equal(o.code, MI_OK);
    assert_int_equal(o.files, 4 * FIGURES + 2);
    assert_int_equal(count_entries(directory), o.files);
    assert_int_not_equal(access("INJECTED", F_OK), 0);
    char *picture = contents(directory, "optimum.svg");
    assert_non_null(strstr(picture, "it's '; system('touch INJECTED'); print '"));
    free(picture);
    picture = contents(directory, "information.svg");
    assert_non_null(strstr(picture, "two lines    ??? &lt;/text>&lt;/svg> &amp; &lt;b>"));
    free(picture);
}

static void the_result_chooses_its_figures(void **state)
{
    cJSON *result = cJSON_Parse(compare_text);
    cJSON_AddItemToObject(result, "figures", cJSON_Parse("[\"joint\", \"families\"]"));
    outcome o = draw_json(result, *state);
    cJSON_Delete(result);
    assert_int_equal(o.code, MI_OK);
    assert_int_equal(o.files, 4);
    assert_true(exists(*state, "joint.svg"));
    assert_int_equal(count_entries(*state), 4);
}

static const char curve_text[] =
    "{\"experiment\":\"curve\",\"label\":\"one\",\"vocabulary\":27," POINTS(
        "1.5", "1.25",
        "0.75") "," FITS ",\"optimum\":{\"ratio\":0.5,\"low\":0.4,\"high\":0.6,\"objective\":0.6}}";

static void one_curve_has_its_own_figures(void **state)
{
    outcome o = draw_text(curve_text, *state);
    assert_string_equal(o.status.message, "");
    assert_int_equal(o.code, MI_OK);
    assert_true(o.drawn);
    assert_int_equal(o.files, 16);
    assert_true(exists(*state, "information.png"));
    assert_true(exists(*state, "vocabulary.png"));
    assert_true(exists(*state, "joint.png"));
    assert_true(exists(*state, "objective.png"));
}

static void what_is_not_a_result_is_refused(void **state)
{
    outcome o = draw_text("{\"experiment\":\"nothing\"}", *state);
    assert_int_equal(o.code, MI_INPUT);
    assert_string_equal(o.status.place, "experiment");
    o = draw_text("[1, 2]", *state);
    assert_int_equal(o.code, MI_INPUT);
    o = draw_text("{\"experiment\":\"compare\",\"curves\":[]}", *state);
    assert_string_equal(o.status.place, "curves");
    o = draw_text("{\"experiment\":\"compare\",\"curves\":["
                  "{\"points\":[{\"ratio\":0.5}]},7]}",
                  *state);
    assert_int_equal(o.code, MI_INPUT);
    assert_string_equal(o.status.place, "curves[1].points");
    o = draw_text("{\"experiment\":\"curve\",\"points\":[{\"ratio\":0.5},{\"ratio\":\"x\"}]}",
                  *state);
    assert_int_equal(o.code, MI_INPUT);
    assert_non_null(strstr(o.status.message, "point 1"));
    assert_int_equal(count_entries(*state), 0);
}

static void a_result_with_nothing_to_draw_draws_nothing(void **state)
{
    outcome o = draw_text("{\"experiment\":\"curve\",\"points\":[{\"ratio\":0.5}]}", *state);
    assert_int_equal(o.code, MI_OK);
    assert_int_equal(o.files, 0);
    assert_int_equal(count_entries(*state), 0);
}

/* ---- gnuplot and the disk ---- */

/* Look for programs only in `directory`; returns the old value, to be given to restore_path. */
static char *replace_path(const char *directory)
{
    char *old = strdup(getenv("PATH"));
    setenv("PATH", directory, 1);
    return old;
}

static void restore_path(char *old)
{
    setenv("PATH", old, 1);
    free(old);
}

static void without_gnuplot_data_and_scripts_remain(void **state)
{
    char target[PATH_SIZE], empty[PATH_SIZE];
    snprintf(target, sizeof target, "%s/figures", (char *)*state);
    snprintf(empty, sizeof empty, "%s/empty", (char *)*state);
    assert_int_equal(mkdir(empty, 0700), 0);
    /* A picture of older data must not stay beside the new data. */
    assert_int_equal(mi_write_file(path_in(target, "joint.svg"), "old", 3, NULL), MI_OK);
    char *old = replace_path(empty);
    outcome o = draw_text(compare_text, target);
    restore_path(old);
    assert_int_equal(o.code, MI_OK);
    assert_false(o.drawn);
    assert_non_null(strstr(o.status.message, "gnuplot-nox"));
    assert_non_null(strstr(o.status.message, "maskinfo plot "));
    assert_int_equal(o.files, 2 * FIGURES + 2);
    assert_int_equal(count_entries(target), o.files);
    assert_true(exists(target, "joint.gp"));
}

/* A program of that name that does what the test wants. */
static outcome draw_with(const char *directory, const char *target, const char *script)
{
    char program[PATH_SIZE];
    snprintf(program, sizeof program, "%s/gnuplot", directory);
    assert_int_equal(mi_write_file(program, script, strlen(script), NULL), MI_OK);
    assert_int_equal(chmod(program, 0755), 0);
    char *old = replace_path(directory);
    outcome o = draw_text(compare_text, target);
    restore_path(old);
    return o;
}

static void a_failing_gnuplot_is_quoted(void **state)
{
    char target[PATH_SIZE];
    snprintf(target, sizeof target, "%s/figures", (char *)*state);
    outcome o = draw_with(*state, target,
                          "#!/bin/sh\necho first >&2\necho '  the reason' >&2\n"
                          "echo >&2\nexit 3\n");
    assert_int_equal(o.code, MI_IO);
    assert_false(o.drawn);
    assert_string_equal(o.status.message, "gnuplot failed on information.gp: the reason");
    assert_int_equal(count_entries(target), 2); /* to look at */
    assert_true(exists(target, "information.gp"));
}

static void a_picture_cut_short_is_not_put_in_place(void **state)
{
    char target[PATH_SIZE];
    snprintf(target, sizeof target, "%s/figures", (char *)*state);
    outcome o = draw_with(*state, target,
                          "#!/bin/sh\nd=${3#cd \\'}\nd=${d%\\'}\n"
                          "echo '<svg> and then the disk was full' >\"$d/information.svg\"\n");
    assert_int_equal(o.code, MI_IO);
    assert_non_null(strstr(o.status.message, "incomplete"));
    assert_false(exists(target, "information.svg"));
    assert_int_equal(count_entries(target), 2);
}

static void odd_directories_are_drawn_in(void **state)
{
    char target[PATH_SIZE];
    snprintf(target, sizeof target, "%s/it's a `touch x` $HOME \"place\"/~", (char *)*state);
    outcome o = draw_text(curve_text, target);
    assert_string_equal(o.status.message, "");
    assert_int_equal(o.code, MI_OK);
    assert_int_equal(count_entries(target), 16);
}

static void an_unwritable_directory_is_named(void **state)
{
    char target[PATH_SIZE];
    assert_int_equal(mi_write_file(path_in(*state, "plain"), "x", 1, NULL), MI_OK);
    snprintf(target, sizeof target, "%s/plain/figures", (char *)*state);
    outcome o = draw_text(curve_text, target);
    assert_int_equal(o.code, MI_IO);
    assert_non_null(strstr(o.status.message, "plain"));
}

static void a_full_disk_leaves_no_half_figure(void **state)
{
    struct rlimit old;
    limit_file_size(600, &old);
    outcome o = draw_text(compare_text, *state);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(o.code, MI_IO);
    assert_int_equal(count_entries(*state), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_written_whole_and_replaced),
        TEST(a_path_below_a_file_is_refused),
        TEST(only_regular_files_are_replaced),
        TEST(a_full_disk_keeps_the_old_file),
        TEST(every_figure_has_its_four_files),
        TEST(data_are_those_of_the_result),
        TEST(what_is_missing_is_left_out),
        TEST(a_source_looks_the_same_everywhere),
        TEST(colours_of_the_file_are_taken_and_not_given_twice),
        TEST(strings_do_not_become_commands),
        TEST(the_result_chooses_its_figures),
        TEST(one_curve_has_its_own_figures),
        TEST(what_is_not_a_result_is_refused),
        TEST(a_result_with_nothing_to_draw_draws_nothing),
        TEST(without_gnuplot_data_and_scripts_remain),
        TEST(a_failing_gnuplot_is_quoted),
        TEST(a_picture_cut_short_is_not_put_in_place),
        TEST(odd_directories_are_drawn_in),
        TEST(an_unwritable_directory_is_named),
        TEST(a_full_disk_leaves_no_half_figure),
    };
    mi_start();
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
