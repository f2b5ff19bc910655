/* The folder of a sweep: what is known to be of which unit, what is removed and what never is, and
 * what processes that share it leave to each other. */
#include "sweep_support.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "../src/lab/sweep.h"

static const mi_run_options once = {.run = {.threads = 1}};
static const mi_run_options again = {.run = {.threads = 1}, .resume = true};
static const mi_run_options changed = {.run = {.threads = 1}, .resume = true, .changed = true};
static const mi_run_options fresh = {.run = {.threads = 1}, .fresh = true};

#define KAPPAS(keep, values)                                                                       \
    "{\"experiment\": \"sweep\", \"keep\": \"" keep "\", \"base\": {\"experiment\": \"curve\", "   \
    "\"model\": {\"type\": \"gmrf\", \"grid\": [3, 3], \"neighbors\": 4, \"kappa\": 0.3}, "        \
    "\"ratios\": [0.25, 0.5], \"estimator\": {\"samples\": 8}}, \"grid\": [{\"name\": \"kappa\", " \
    "\"set\": \"model.kappa\", \"values\": " values "}], \"columns\": [{\"name\": \"i\", "         \
    "\"path\": \"points[0].information\"}], \"figures\": []}"

static char *path_of(const char *name)
{
    static char path[2 * SCRATCH_PATH];
    return sweep_path(name, path);
}

static bool is_there(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static void put_text(const char *name, const char *text)
{
    scratch_write(path_of(name), text, strlen(text));
}

static void assert_text(const char *name, const char *text)
{
    size_t size = 0;
    char *bytes = sweep_bytes(path_of(name), &size);
    assert_non_null(bytes);
    assert_string_equal(bytes, text);
    free(bytes);
}

static void assert_computed(const char *text, const char *name, mi_run_options options,
                            double computed)
{
    cJSON *result = NULL;
    assert_int_equal(sweep_run(text, name, options, &result, NULL), MI_OK);
    assert_true(sweep_timing(result, "computed") == computed);
    cJSON_Delete(result);
}

/* The value of the result that a unit left; NAN where it left none. */
static double kappa_of(const char *name)
{
    size_t size = 0;
    char *bytes = sweep_bytes(path_of(name), &size);
    cJSON *result = bytes != NULL ? cJSON_Parse(bytes) : NULL;
    const cJSON *model = mi_lab_item(mi_lab_item(result, "config"), "model");
    double kappa = mi_lab_number(model, "kappa");
    cJSON_Delete(result);
    free(bytes);
    return kappa;
}

/* A result is that of its unit, whatever stood at the same number before. */
static void results_are_of_their_units(void **state)
{
    (void)state;
    assert_computed(KAPPAS("results", "[0.1, 0.2, 0.4]"), "kept", once, 3);
    assert_computed(KAPPAS("results", "[0.3, 0.2]"), "kept", changed, 1);
    assert_true(kappa_of("kept/units/000000/result.json") == 0.3);
    assert_true(kappa_of("kept/units/000001/result.json") == 0.2);
    assert_false(is_there("kept/units/000002"));
    assert_computed(KAPPAS("results", "[0.2, 0.3]"), "kept", again, 2);
    assert_true(kappa_of("kept/units/000000/result.json") == 0.2);
    assert_true(kappa_of("kept/units/000001/result.json") == 0.3);
    assert_computed(KAPPAS("results", "[0.2, 0.3]"), "kept", again, 0);
}

/* Only what sweeps write is removed, also where the folder's name is theirs. */
static void what_is_not_ours_stays(void **state)
{
    (void)state;
    static const char *const folders[] = {"mine", "mine/units", "mine/units/letters",
                                          "mine/units/000000", "mine/units/000000/old"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        mkdir(path_of(folders[i]), 0777);
    }
    put_text("mine/units/letters/a.txt", "dear");
    put_text("mine/units/000000/a.txt", "dear");
    put_text("mine/units/000000/old/checkpoint.safetensors", "dear");
    assert_int_equal(sweep_run(KAPPAS("results", "[0.1, 0.2]"), "mine", once, NULL, NULL), MI_OK);
    assert_true(is_there("mine/units/000000/result.json"));
    assert_int_equal(sweep_run(KAPPAS("values", "[0.1, 0.2]"), "mine", fresh, NULL, NULL), MI_OK);
    assert_false(is_there("mine/units/000000/result.json"));
    assert_false(is_there("mine/units/000001"));
    assert_text("mine/units/letters/a.txt", "dear");
    assert_text("mine/units/000000/a.txt", "dear");
    assert_text("mine/units/000000/old/checkpoint.safetensors", "dear");
}

/* Names as files have them while they are written; those of a killed process are of no use. */
static void half_written_files_go(void **state)
{
    static const char *const half[] = {"half/cells.csv.part-12-0", "half/journal.part-12-1",
                                       "half/journal-1-of-2.part-7-0", "half/result.json.part-1-0"};
    static const char *const others[] = {"half/mine.csv.part-12-0", "half/cells.csv.part-two",
                                         "half/cells.csv.party"};
    (void)state;
    assert_computed(KAPPAS("values", "[0.2]"), "half", once, 1);
    for (size_t i = 0; i < sizeof half / sizeof *half; i++) {
        put_text(half[i], "half");
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        put_text(others[i], "mine");
    }
    assert_computed(KAPPAS("values", "[0.2]"), "half", again, 0);
    for (size_t i = 0; i < sizeof half / sizeof *half; i++) {
        assert_false(is_there(half[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_text(others[i], "mine");
    }
}

static void a_file_called_journal_is_refused(void **state)
{
    (void)state;
    const mi_run_options all[] = {once, again, changed, fresh};
    mi_run_options part = {.run = {.threads = 1}, .fresh = true, .part = 1, .parts = 2};
    mi_status status = {.code = MI_OK};
    mkdir(path_of("diary"), 0777);
    put_text("diary/journal", "Monday: rain.\nTuesday");
    put_text("diary/journal-1-of-2", "Wednesday");
    put_text("diary/result.json", "mine");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_failure(sweep_run(GRID_SWEEP, "diary", all[i], NULL, &status), MI_INPUT, status,
                       "is no journal of a sweep");
    }
    assert_failure(sweep_run(GRID_SWEEP, "diary", part, NULL, &status), MI_INPUT, status,
                   "journal-1-of-2: is no journal of a sweep");
    assert_text("diary/journal", "Monday: rain.\nTuesday");
    assert_text("diary/journal-1-of-2", "Wednesday");
    assert_text("diary/result.json", "mine");
}

/* A fresh run that is interrupted does not show what the old one found. */
static void fresh_runs_remove_old_results(void **state)
{
    (void)state;
    static const char *const names[] = {"old/result.json", "old/table.csv", "old/table.json",
                                        "old/cells.csv"};
    volatile sig_atomic_t stop = 1;
    mi_run_options options = fresh;
    options.run.opt_interrupt = &stop;
    assert_int_equal(sweep_run(GRID_SWEEP, "old", once, NULL, NULL), MI_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(is_there(names[i]));
    }
    assert_int_equal(sweep_run(GRID_SWEEP, "old", options, NULL, NULL), MI_INTERRUPTED);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(is_there(names[i]));
    }
}

/* Some words of the right length, which differ by their first one. */
static void write_words(const char *path, const char *first)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 400; i++) {
        fprintf(file, "%s the quick brown fox jumps over the lazy dog ", first);
    }
    fclose(file);
}

/* Units are of the text that they were computed on: those of another one are refused, and computed
 * again where that is asked for. */
static void data_files_are_in_the_keys(void **state)
{
    (void)state;
    char text[4096], one[2 * SCRATCH_PATH], two[2 * SCRATCH_PATH];
    mi_status status = {.code = MI_OK};
    sweep_path("one.txt", one);
    sweep_path("two.txt", two);
    snprintf(text, sizeof text,
             "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"curve\", \"model\": "
             "{\"type\": \"ngram\", \"order\": 1, \"length\": 6}, \"ratios\": [0.5], "
             "\"estimator\": {\"samples\": 4}}, \"grid\": [{\"name\": \"text\", \"set\": "
             "\"model.text\", \"values\": [\"%s\", \"%s\"]}], \"seeds\": [1, 2], \"columns\": "
             "[{\"name\": \"i\", \"path\": \"points[0].information\"}], \"figures\": []}",
             one, two);
    write_words(one, "abab");
    write_words(two, "cdcd");
    assert_computed(text, "texts", once, 4);
    assert_computed(text, "texts", again, 0);
    write_words(two, "efef"); /* as long as before */
    assert_failure(sweep_run(text, "texts", again, NULL, &status), MI_INPUT, status,
                   "or a data file or the program has changed, and 2 finished units");
    assert_computed(text, "texts", changed, 2);
    assert_computed(text, "whole", once, 4);
    assert_same_folders("whole", "texts");
}

/* The same of files in a folder; that has other files and names, and not by chance the same key. */
static void folders_are_in_the_keys(void **state)
{
    (void)state;
    char text[2048];
    mi_faults faults = {.file = "sweep"};
    mkdir(path_of("photos"), 0777);
    put_text("photos/a.png", "a");
    put_text("photos/b.png", "b");
    snprintf(text, sizeof text,
             "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"curve\", \"model\": "
             "{\"type\": \"patches\", \"images\": \"%s\"}}, \"columns\": [{\"name\": \"i\", "
             "\"path\": \"points[0].information\"}]}",
             path_of("photos"));
    mi_experiment *e = sweep_create(text, &faults);
    assert_non_null(e);
    uint64_t bare = e->sweep->keys[0], keys[4];
    for (size_t i = 0; i < 4; i++) {
        if (i == 1) {
            put_text("photos/b.png", "c");
        } else if (i == 2) {
            put_text("photos/c.png", "c");
            unlink(path_of("photos/b.png"));
        } else if (i == 3) {
            put_text("photos/b.png", "b");
            unlink(path_of("photos/c.png"));
        }
        assert_int_equal(mi_sweep_read_data(e->sweep, NULL), MI_OK);
        keys[i] = e->sweep->keys[0];
        assert_true(keys[i] != bare);
    }
    assert_true(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] == keys[3]);
    mi_experiment_destroy(e);
}

/* Whoever writes the result has the folder until it is written. */
static void the_lock_outlives_the_run(void **state)
{
    (void)state;
    mi_lock *lock = NULL;
    mi_run_options options = once;
    options.opt_lock = &lock;
    assert_int_equal(sweep_run(GRID_SWEEP, "locked", options, NULL, NULL), MI_OK);
    assert_non_null(lock);
    assert_true(is_there("locked/lock"));
    mi_lock_release(lock);
    assert_false(is_there("locked/lock"));
}

/* What a part is refused for is another process with the same part alone. */
static void a_part_is_computed_once(void **state)
{
    (void)state;
    char byte = 0, path[2 * SCRATCH_PATH];
    int ready[2], leave[2];
    mi_status status = {.code = MI_OK};
    mi_run_options one = {.run = {.threads = 1}, .part = 1, .parts = 2}, two = one;
    two.part = 2;
    mkdir(path_of("parts"), 0777);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(leave), 0);
    pid_t child = fork();
    if (child == 0) {
        mi_lock *lock = NULL;
        byte = mi_lock_take(sweep_path("parts/lock-1-of-2", path), false, &lock, NULL) == MI_OK;
        if (write(ready[1], &byte, 1) == 1 && read(leave[0], &byte, 1) == 1) {
            mi_lock_release(lock);
        }
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    assert_failure(sweep_run(GRID_SWEEP, "parts", one, NULL, &status), MI_INPUT, status,
                   "lock-1-of-2: the folder is in use");
    assert_int_equal(sweep_run(GRID_SWEEP, "parts", two, NULL, NULL), MI_OK);
    assert_int_equal(write(leave[1], "", 1), 1);
    waitpid(child, NULL, 0);
}

typedef struct notices {
    size_t count;
    char last[1024];
} notices;

static void keep_notice(void *context, const char *text)
{
    notices *n = context;
    if (strstr(text, "damaged") != NULL) {
        n->count++;
        snprintf(n->last, sizeof n->last, "%s", text);
    }
}

static char *bytes_of(const char *name)
{
    size_t size = 0;
    char *bytes = sweep_bytes(path_of(name), &size);
    assert_non_null(bytes);
    return bytes;
}

/* A part puts its own journal in order and leaves that of another one, in which a line is being
 * written, alone. */
static void parts_leave_each_other_alone(void **state)
{
    (void)state;
    notices n = {.count = 0};
    mi_run_options one = {.run = {.threads = 1}, .part = 1, .parts = 2}, two = one;
    two.part = 2;
    assert_int_equal(sweep_run(GRID_SWEEP, "parts", one, NULL, NULL), MI_OK);
    assert_int_equal(sweep_run(GRID_SWEEP, "parts", two, NULL, NULL), MI_OK);
    char *first = bytes_of("parts/journal-1-of-2"), *second = bytes_of("parts/journal-2-of-2");
    char *live = calloc(strlen(first) + 16, 1), *damaged = strdup(second);
    sprintf(live, "%s0123abcd {\"un", first);
    put_text("parts/journal-1-of-2", live);
    damaged[strlen(damaged) - 5] ^= 1;
    put_text("parts/journal-2-of-2", damaged);
    two.resume = true;
    two.run.opt_notice = keep_notice;
    two.run.opt_notice_context = &n;
    assert_int_equal(sweep_run(GRID_SWEEP, "parts", two, NULL, NULL), MI_OK);
    assert_text("parts/journal-1-of-2", live);
    assert_text("parts/journal-2-of-2", second);
    assert_int_equal(n.count, 1);
    assert_non_null(strstr(n.last, "journal-2-of-2: 1 damaged line"));
    /* A whole run tells which file it is, and takes the journals in. */
    damaged[strlen(damaged) - 5] ^= 1;
    memmove(live, first, strlen(first) + 1);
    live[strlen(live) - 5] ^= 1;
    put_text("parts/journal-1-of-2", live);
    mi_run_options whole = again;
    whole.run.opt_notice = keep_notice;
    whole.run.opt_notice_context = &n;
    assert_int_equal(sweep_run(GRID_SWEEP, "parts", whole, NULL, NULL), MI_OK);
    assert_int_equal(n.count, 2);
    assert_non_null(strstr(n.last, "journal-1-of-2: 1 damaged line"));
    assert_int_equal(sweep_run(GRID_SWEEP, "whole", once, NULL, NULL), MI_OK);
    assert_same_folders("whole", "parts");
    free(first);
    free(second);
    free(live);
    free(damaged);
}

/* Put a line of unit 0 behind those of a journal; `rest` is what follows its key. */
static void append_line(const char *name, const char *rest)
{
    char *bytes = bytes_of(name), record[256];
    const char *begin = strstr(bytes, "{\"unit\":0,\"key\":\"");
    assert_non_null(begin);
    int head = (int)(strlen("{\"unit\":0,\"key\":\"") + 17);
    snprintf(record, sizeof record, "%.*s,%s", head, begin, rest);
    free(bytes);
    FILE *file = fopen(path_of(name), "ab");
    assert_non_null(file);
    mi_journal_print(file, record);
    fclose(file);
}

/* A unit that was done once is done, whatever a later try came to; and a line that is checked but
 * not as we write it is as good as none. */
static void later_lines_that_do_not_count(void **state)
{
    (void)state;
    static const char *const rests[] = {"\"failed\":\"of late\",\"code\":\"input\"}",
                                        "\"values\":[1]}", "\"values\":[1,[2]]}", "\"what\":1}"};
    assert_int_equal(sweep_run(GRID_SWEEP, "whole", once, NULL, NULL), MI_OK);
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        notices n = {.count = 0};
        mi_run_options options = again;
        options.run.opt_notice = keep_notice;
        options.run.opt_notice_context = &n;
        char *bytes = bytes_of("whole/journal");
        mkdir(path_of("later"), 0777);
        put_text("later/journal", bytes);
        free(bytes);
        append_line("later/journal", rests[i]);
        assert_computed(GRID_SWEEP, "later", options, 0);
        assert_same_folders("whole", "later");
        assert_int_equal(n.count, i > 0);
    }
}

static const char training[] =
    "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"train\", \"model\": {\"type\": "
    "\"gmrf\", \"grid\": [4, 4], \"neighbors\": 8, \"kappa\": 0.1}, \"training\": {\"steps\": 4, "
    "\"batch\": 8}, \"method\": {\"type\": \"mae\", \"encoder\": {\"depth\": 1}}, "
    "\"evaluation\": {\"samples\": 8}, \"estimator\": {\"samples\": 4}}, \"grid\": [{\"name\": "
    "\"ratio\", \"set\": \"ratio\", \"values\": [0.25, 0.5, 0.75, 0.9]}], \"figures\": []}";

/* The record of a unit that failed with a code, or was done. */
static void accept(mi_sweep_book *book, size_t unit, const char *opt_code)
{
    char record[256], rest[64] = "\"values\":[0,0,0,0]}";
    if (opt_code != NULL) {
        snprintf(rest, sizeof rest, "\"failed\":\"why\",\"code\":\"%s\"}", opt_code);
    }
    snprintf(record, sizeof record, "{\"unit\":%zu,\"key\":\"%016llx\",%s", unit,
             (unsigned long long)book->sweep->keys[unit], rest);
    assert_int_equal(mi_sweep_book_accept(book, record, NULL), MI_OK);
}

/* Units that failed for want of disk or memory keep what they have, and are computed on --resume;
 * the others do neither. */
static void units_that_failed_for_the_machine(void **state)
{
    (void)state;
    static const char *const codes[] = {"io", NULL, "memory", "numerics"};
    char folder[2 * SCRATCH_PATH], name[64];
    mi_faults faults = {.file = "sweep"};
    mi_sweep_book book;
    mi_run_options options = once;
    options.opt_directory = sweep_path("failed", folder);
    mi_experiment *e = sweep_create(training, &faults);
    assert_non_null(e);
    assert_int_equal(mi_sweep_book_open(e->sweep, &options, &book, NULL), MI_OK);
    for (size_t unit = 0; unit < 4; unit++) {
        bool old = true;
        assert_int_equal(mi_sweep_prepare_unit(e->sweep, folder, unit, &old, NULL), MI_OK);
        assert_false(old);
        accept(&book, unit, codes[unit]);
    }
    assert_int_equal(mi_sweep_book_close(&book, false, NULL), MI_OK);
    mi_sweep_book_free(&book);
    for (size_t unit = 0; unit < 4; unit++) {
        snprintf(name, sizeof name, "failed/units/%06zu/key", unit);
        assert_int_equal(is_there(name), unit != 1);
    }
    options.resume = true;
    assert_int_equal(mi_sweep_book_open(e->sweep, &options, &book, NULL), MI_OK);
    assert_int_equal(mi_sweep_book_pending(&book), 2);
    assert_true(book.settled[1] && book.settled[3]);
    assert_int_equal(mi_sweep_book_close(&book, false, NULL), MI_OK);
    mi_sweep_book_free(&book);
    mi_experiment_destroy(e);
}

/* Sizes that effort scales are in the keys even where the configuration does not show them. */
static void effort_is_in_the_keys(void **state)
{
    (void)state;
    static const char *const efforts[] = {"1", "0.5"};
    uint64_t keys[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        char text[1024];
        mi_faults faults = {.file = "sweep"};
        snprintf(text, sizeof text,
                 "{\"experiment\": \"sweep\", \"effort\": %s, \"base\": {\"experiment\": "
                 "\"estimators\", \"gaussian\": {\"sets\": 4}, \"discrete\": {\"sets\": 4}}, "
                 "\"columns\": [{\"name\": \"a\", \"path\": \"title\"}]}",
                 efforts[i]);
        mi_experiment *e = sweep_create(text, &faults);
        if (e == NULL) {
            fail_msg("%s", faults.messages[0]);
        }
        keys[i] = e->sweep->keys[0];
        mi_experiment_destroy(e);
    }
    assert_true(keys[0] != keys[1]);
}

/* A million units are resolved for a minute, in which one may think again. */
static void resolving_is_interrupted(void **state)
{
    (void)state;
    volatile sig_atomic_t stop = 1;
    mi_run run = {.threads = 1, .opt_interrupt = &stop};
    mi_faults faults = {.file = "sweep"};
    mi_experiment *e = NULL;
    mi_status status = {.code = MI_OK};
    cJSON *document = cJSON_Parse(GRID_SWEEP);
    assert_failure(mi_experiment_create_for(document, &run, &faults, &e, &status), MI_INTERRUPTED,
                   status, "interrupted");
    stop = 0;
    assert_int_equal(mi_experiment_create_for(document, &run, &faults, &e, NULL), MI_OK);
    mi_experiment_destroy(e);
    cJSON_Delete(document);
}

/* Were other journals not seen, what they hold would be computed again. */
static void folders_that_can_not_be_listed(void **state)
{
    (void)state;
    int how = 0;
    pid_t child = fork();
    if (child == 0) {
        mi_status status = {.code = MI_OK};
        int next = dup(0);
        close(next);
        struct rlimit limit = {.rlim_cur = (rlim_t)next + 1, .rlim_max = (rlim_t)next + 1};
        setrlimit(RLIMIT_NOFILE, &limit); /* enough for the lock */
        mi_code code = sweep_run(GRID_SWEEP, "blind", once, NULL, &status);
        _exit(code == MI_IO && strstr(status.message, "can not read the folder") != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWEEP_TEST(results_are_of_their_units),     SWEEP_TEST(what_is_not_ours_stays),
        SWEEP_TEST(half_written_files_go),          SWEEP_TEST(a_file_called_journal_is_refused),
        SWEEP_TEST(fresh_runs_remove_old_results),  SWEEP_TEST(data_files_are_in_the_keys),
        SWEEP_TEST(folders_are_in_the_keys),        SWEEP_TEST(the_lock_outlives_the_run),
        SWEEP_TEST(a_part_is_computed_once),        SWEEP_TEST(parts_leave_each_other_alone),
        SWEEP_TEST(later_lines_that_do_not_count),  SWEEP_TEST(units_that_failed_for_the_machine),
        SWEEP_TEST(effort_is_in_the_keys),          SWEEP_TEST(resolving_is_interrupted),
        SWEEP_TEST(folders_that_can_not_be_listed),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
