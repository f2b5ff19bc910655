/* Sweeps that are killed, cut, damaged, and that run out of disk: what is lost, and that the files
 * in the end are those of a run that nothing happened to, byte for byte.
 *
 *     MASKINFO_KILLS=50 build/tests/test_sweep_faults     as many kills, with a table
 */
#define _DEFAULT_SOURCE /* usleep() and mount() */
#include "sweep_support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../src/lab/sweep.h"

static const mi_run_options once = {.run = {.threads = 1}};
static const mi_run_options again = {.run = {.threads = 1}, .resume = true};

/* Of the units of a run, which are asked for one by one: a stop is asked for with the unit behind
 * so many, which is begun and not finished. */
static struct {
    size_t left; /* SIZE_MAX: never */
    volatile sig_atomic_t stop;
} giving = {.left = SIZE_MAX};

bool __real_mi_sweep_book_next(mi_sweep_book *book, size_t *ret_unit);
bool __wrap_mi_sweep_book_next(mi_sweep_book *book, size_t *ret_unit);

bool __wrap_mi_sweep_book_next(mi_sweep_book *book, size_t *ret_unit)
{
    if (giving.left == 0) {
        giving.stop = 1;
    }
    giving.left -= giving.left != SIZE_MAX && giving.left > 0;
    return __real_mi_sweep_book_next(book, ret_unit);
}

static mi_code count_units(void *context, const mi_journal_line *line, mi_status *status)
{
    size_t *count = context;
    (void)status;
    *count += strncmp(line->text, "{\"unit\"", 7) == 0;
    return MI_OK;
}

/* Units in the journal of a folder. */
static size_t units_in(const char *name)
{
    char path[2 * SCRATCH_PATH], journal[3 * SCRATCH_PATH];
    size_t count = 0;
    mi_journal_state about;
    snprintf(journal, sizeof journal, "%s/journal", sweep_path(name, path));
    assert_int_equal(mi_journal_read(journal, count_units, &count, &about, NULL), MI_OK);
    return count;
}

/* Some 24 units of ten milliseconds. */
static const char slow_sweep[] =
    "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"curve\", \"model\": {\"type\": "
    "\"gmrf\", \"grid\": [9, 9], \"neighbors\": 8, \"kappa\": 0.3}, \"ratios\": [0.25, 0.5], "
    "\"estimator\": {\"samples\": 40}}, \"grid\": [{\"name\": \"kappa\", \"set\": "
    "\"model.kappa\", \"values\": {\"from\": 0.1, \"to\": 1, \"steps\": 12, \"spacing\": "
    "\"log\"}}], \"seeds\": [1, 2], \"figures\": []}";

typedef struct told {
    int pipe;
} told;

/* How many units the process believes to have finished. */
static void tell(void *context, const char *stage, size_t done, size_t total)
{
    const told *t = context;
    unsigned short count = (unsigned short)done;
    (void)stage;
    (void)total;
    if (write(t->pipe, &count, sizeof count) != sizeof count) {
        _exit(1);
    }
}

/* Run in a process that is killed after some time; how many units it said were finished. */
static size_t run_and_kill(const char *name, unsigned microseconds)
{
    int ends[2], how = 0;
    unsigned short count = 0, last = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        told t = {ends[1]};
        mi_run_options options = {
            .run = {.threads = 2, .opt_progress = tell, .opt_progress_context = &t},
            .resume = true};
        sweep_run(slow_sweep, name, options, NULL, NULL);
        _exit(0);
    }
    close(ends[1]);
    /* From the moment on at which the units begin. */
    bool begun = read(ends[0], &last, sizeof last) == sizeof last;
    usleep(microseconds);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &how, 0), child);
    while (read(ends[0], &count, sizeof count) == sizeof count) {
        last = count;
    }
    close(ends[0]);
    assert_true(begun);
    return last;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Killed twice at random moments, then finished. What a killed process had told of is there. */
static void killed_at_random_moments(void **state)
{
    (void)state;
    const char *given = getenv("MASKINFO_KILLS");
    size_t tries = given != NULL ? strtoul(given, NULL, 10) : 4, lost = 0, within = 0;
    double start = seconds();
    unsigned random = 12345;
    assert_int_equal(sweep_run(slow_sweep, "whole", once, NULL, NULL), MI_OK);
    double whole = seconds() - start;
    for (size_t i = 0; i < tries; i++) {
        char name[32], path[2 * SCRATCH_PATH];
        snprintf(name, sizeof name, "killed-%zu", i);
        for (size_t kill_number = 0; kill_number < 2; kill_number++) {
            random = random * 1664525u + 1013904223u;
            double share = (double)(random >> 8) / 0x1p24;
            size_t said = run_and_kill(name, (unsigned)(1e6 * whole * share * 0.6));
            size_t kept = units_in(name);
            lost += said > kept ? said - kept : 0;
            within += kept > 0 && kept < 24;
        }
        assert_int_equal(sweep_run(slow_sweep, name, again, NULL, NULL), MI_OK);
        assert_same_folders("whole", name);
        scratch_remove_folder(sweep_path(name, path));
    }
    assert_int_equal(lost, 0);
    assert_true(within > 0);
    if (given != NULL) {
        printf("killed %zu times (%zu with some units there), units lost that had been told of: "
               "%zu, wrong bytes: 0\n",
               2 * tries, within, lost);
    }
}

static void put_file(const char *name, const char *file, const char *bytes, size_t size)
{
    char folder[2 * SCRATCH_PATH], path[3 * SCRATCH_PATH];
    mkdir(sweep_path(name, folder), 0777);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    scratch_write(path, bytes, size);
}

static char *journal_of(const char *name, size_t *ret_size)
{
    char folder[2 * SCRATCH_PATH], path[3 * SCRATCH_PATH];
    snprintf(path, sizeof path, "%s/journal", sweep_path(name, folder));
    return sweep_bytes(path, ret_size);
}

/* A tail that was cut at any byte of the last lines. */
static void cut_anywhere(void **state)
{
    (void)state;
    assert_int_equal(sweep_run(GRID_SWEEP, "whole", once, NULL, NULL), MI_OK);
    size_t size = 0;
    char *bytes = journal_of("whole", &size);
    for (size_t cut = size - 300; cut < size; cut++) {
        cJSON *result = NULL;
        size_t lines = 0;
        for (size_t i = 0; i < cut; i++) {
            lines += bytes[i] == '\n';
        }
        put_file("cut", "journal", bytes, cut);
        assert_int_equal(sweep_run(GRID_SWEEP, "cut", again, &result, NULL), MI_OK);
        assert_int_equal(sweep_timing(result, "computed"), 9 - lines);
        cJSON_Delete(result);
        assert_same_folders("whole", "cut");
    }
    free(bytes);
}

static void say_nothing(void *context, const char *text)
{
    size_t *said = context;
    *said += strstr(text, "damaged line") != NULL;
}

/* Any byte that is another one is noticed and told, and what stood there is computed again. */
static void flipped_anywhere(void **state)
{
    (void)state;
    assert_int_equal(sweep_run(GRID_SWEEP, "whole", once, NULL, NULL), MI_OK);
    size_t size = 0, line = 0;
    char *bytes = journal_of("whole", &size);
    for (size_t at = 0; at < size; at++) {
        cJSON *result = NULL;
        size_t said = 0;
        mi_run_options options = again;
        options.run.opt_notice = say_nothing;
        options.run.opt_notice_context = &said;
        char was = bytes[at];
        bytes[at] = (char)(was ^ (1 << at % 8));
        put_file("flipped", "journal", bytes, size);
        assert_int_equal(sweep_run(GRID_SWEEP, "flipped", options, &result, NULL), MI_OK);
        /* An end of line that is gone takes the next line with it. */
        double expected = line == 0 ? (was == '\n') : line < 8 && was == '\n' ? 2 : 1;
        assert_int_equal(sweep_timing(result, "computed"), expected);
        assert_int_equal(said, 1);
        cJSON_Delete(result);
        assert_same_folders("whole", "flipped");
        bytes[at] = was;
        line += was == '\n';
    }
    free(bytes);
}

/* The disk is full but for `room` bytes. */
static void fill_but(const char *folder, size_t room)
{
    char path[3 * SCRATCH_PATH], block[1024] = {0};
    size_t size = 0, written = 0;
    snprintf(path, sizeof path, "%s/ballast", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    setvbuf(file, NULL, _IONBF, 0);
    while ((written = fwrite(block, 1, sizeof block, file)) == sizeof block) {
        size += written;
    }
    assert_int_equal(ftruncate(fileno(file), (off_t)(size > room ? size - room : 0)), 0);
    fclose(file);
}

static void full_disk(void **state)
{
    (void)state;
    char folder[2 * SCRATCH_PATH], ballast[3 * SCRATCH_PATH];
    size_t failed = 0;
    sweep_path("small", folder);
    assert_int_equal(mkdir(folder, 0777), 0);
    if (mount("none", folder, "tmpfs", 0, "size=256k") != 0) {
        print_message("no tmpfs may be mounted here: a full disk is not tried\n");
        skip();
    }
    assert_int_equal(sweep_run(GRID_SWEEP, "whole", once, NULL, NULL), MI_OK);
    for (size_t room = 0; room <= 32; room += 4) {
        mi_status status = {.code = MI_OK};
        fill_but(folder, room * 1024);
        mi_code code = sweep_run(GRID_SWEEP, "small/sweep", once, NULL, &status);
        if (code != MI_OK) {
            failed++;
            assert_failure(code, MI_IO, status, "no space left on the disk");
        }
        snprintf(ballast, sizeof ballast, "%s/ballast", folder);
        unlink(ballast);
        assert_int_equal(sweep_run(GRID_SWEEP, "small/sweep", again, NULL, NULL), MI_OK);
        assert_same_folders("whole", "small/sweep");
        snprintf(ballast, sizeof ballast, "%s/sweep", folder);
        scratch_remove_folder(ballast);
    }
    assert_int_equal(umount(folder), 0);
    assert_true(failed >= 3);
}

/* The same by the limit on the size of files, which needs no privilege. */
static void largest_file_reached(void **state)
{
    (void)state;
    assert_int_equal(sweep_run(GRID_SWEEP, "whole", once, NULL, NULL), MI_OK);
    size_t size = 0;
    free(journal_of("whole", &size));
    for (size_t short_by = 1; short_by < 500; short_by += 83) {
        int how = 0;
        pid_t child = fork();
        if (child == 0) {
            mi_status status = {.code = MI_OK};
            struct rlimit limit = {.rlim_cur = size - short_by, .rlim_max = size};
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            mi_code code = sweep_run(GRID_SWEEP, "limited", once, NULL, &status);
            bool good = strstr(status.message, "units are kept in ") != NULL &&
                        strstr(status.message, "larger than the system allows") != NULL;
            _exit(code == MI_IO && good ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_int_equal(how, 0);
        assert_in_range(units_in("limited"), 1, 7);
        assert_int_equal(sweep_run(GRID_SWEEP, "limited", again, NULL, NULL), MI_OK);
        assert_same_folders("whole", "limited");
        char path[2 * SCRATCH_PATH];
        scratch_remove_folder(sweep_path("limited", path));
    }
}

typedef struct stopper {
    volatile sig_atomic_t stop;
    size_t after;
} stopper;

static void interrupted_and_resumed(void **state)
{
    (void)state;
    mi_status status = {.code = MI_OK};
    cJSON *result = NULL;
    mi_run_options options = {.run = {.threads = 1, .opt_interrupt = &giving.stop}};
    const size_t kept = 5;
    assert_int_equal(sweep_run(slow_sweep, "whole", once, NULL, NULL), MI_OK);
    giving.left = kept;
    mi_code code = sweep_run(slow_sweep, "stopped", options, NULL, &status);
    giving.left = SIZE_MAX;
    giving.stop = 0;
    assert_failure(code, MI_INTERRUPTED, status, "5 of 24 units are kept");
    assert_int_equal(units_in("stopped"), kept);
    assert_failure(sweep_run(slow_sweep, "stopped", once, NULL, &status), MI_INPUT, status,
                   "--resume goes on from it");
    assert_int_equal(sweep_run(slow_sweep, "stopped", again, &result, NULL), MI_OK);
    assert_int_equal(sweep_timing(result, "resumed"), kept);
    assert_int_equal(sweep_timing(result, "computed"), 24 - kept);
    cJSON_Delete(result);
    assert_same_folders("whole", "stopped");
}

/* A full disk is told also to one who has pressed Ctrl-C: waiting is no help then. */
static void full_disk_and_interrupted(void **state)
{
    (void)state;
    for (size_t left = 0; left < 3; left++) {
        int how = 0;
        pid_t child = fork();
        if (child == 0) {
            mi_status status = {.code = MI_OK};
            mi_run_options options = {.run = {.threads = 1, .opt_interrupt = &giving.stop},
                                      .resume = true};
            struct rlimit limit = {.rlim_cur = 300, .rlim_max = 300}; /* not even the first line */
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            giving.left = left;
            mi_code code = sweep_run(slow_sweep, "limited", options, NULL, &status);
            _exit(code == MI_IO && strstr(status.message, "larger than") != NULL ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_int_equal(how, 0);
    }
}

static const char training_sweep[] =
    "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"train\", \"model\": {\"type\": "
    "\"gmrf\", \"grid\": [4, 4], \"neighbors\": 8, \"kappa\": 0.1}, \"training\": {\"steps\": "
    "600, \"batch\": 8}, \"method\": {\"type\": \"mae\", \"encoder\": {\"depth\": 1}}, "
    "\"evaluation\": {\"samples\": 8}, \"estimator\": {\"samples\": 4}}, \"grid\": [{\"name\": "
    "\"ratio\", \"set\": \"ratio\", \"values\": [0.5, 0.75]}], \"figures\": []}";

static void *stop_later(void *context)
{
    stopper *s = context;
    usleep((unsigned)s->after);
    s->stop = 1;
    return NULL;
}

/* Interrupt training after a while; the path of the checkpoint that is left. */
static void train_and_stop(const char *name, double after, char path[3 * SCRATCH_PATH])
{
    pthread_t thread;
    char file[SCRATCH_PATH];
    stopper s = {.after = (size_t)(1e6 * after)};
    mi_run_options options = {.run = {.threads = 1, .opt_interrupt = &s.stop}};
    assert_int_equal(pthread_create(&thread, NULL, stop_later, &s), 0);
    mi_code code = sweep_run(training_sweep, name, options, NULL, NULL);
    pthread_join(thread, NULL);
    assert_int_equal(code, MI_INTERRUPTED);
    for (int unit = 0; unit < 2; unit++) {
        snprintf(file, sizeof file, "%s/units/00000%d/checkpoint.safetensors", name, unit);
        if (access(sweep_path(file, path), F_OK) == 0) {
            return;
        }
    }
    fail_msg("no checkpoint is left");
}

/* A unit of training that was interrupted goes on from its checkpoint, whose folder is gone in the
 * end. Were the checkpoint not used, weights in it that were tampered with would not matter. */
static void training_goes_on(void **state)
{
    (void)state;
    char path[3 * SCRATCH_PATH];
    size_t size = 0, whole_size = 0;
    double start = seconds();
    assert_int_equal(sweep_run(training_sweep, "whole", once, NULL, NULL), MI_OK);
    double after = 0.25 * (seconds() - start);
    train_and_stop("stopped", after, path);
    assert_int_equal(sweep_run(training_sweep, "stopped", again, NULL, NULL), MI_OK);
    assert_same_folders("whole", "stopped");
    assert_int_equal(access(sweep_path("stopped/units", path), F_OK), -1);
    train_and_stop("tampered", after, path);
    char *bytes = sweep_bytes(path, &size);
    for (size_t i = size / 2; i + 3 < size; i += 4) {
        bytes[i + 2] ^= 0x40; /* of a little-endian float: a leading bit of the mantissa */
    }
    scratch_write(path, bytes, size);
    free(bytes);
    assert_int_equal(sweep_run(training_sweep, "tampered", again, NULL, NULL), MI_OK);
    char *whole = journal_of("whole", &whole_size);
    bytes = journal_of("tampered", &size);
    assert_true(size != whole_size || memcmp(whole, bytes, size) != 0);
    free(whole);
    free(bytes);
}

/* A checkpoint that is damaged costs the unit's time, not the unit; one of another unit is not
 * looked at. */
static void damaged_checkpoint(void **state)
{
    (void)state;
    char path[3 * SCRATCH_PATH];
    size_t size = 0;
    assert_int_equal(sweep_run(training_sweep, "whole", once, NULL, NULL), MI_OK);
    char *bytes = journal_of("whole", &size);
    const char *key = strstr(bytes, "\"unit\":0,\"key\":\"") + strlen("\"unit\":0,\"key\":\"");
    mkdir(sweep_path("damaged", path), 0777);
    mkdir(sweep_path("damaged/units", path), 0777);
    mkdir(sweep_path("damaged/units/000000", path), 0777);
    mkdir(sweep_path("damaged/units/000001", path), 0777);
    scratch_write(sweep_path("damaged/units/000000/key", path), key, 16);
    scratch_write(sweep_path("damaged/units/000000/checkpoint.safetensors", path), "rubbish", 7);
    scratch_write(sweep_path("damaged/units/000001/key", path), key, 16);
    scratch_write(sweep_path("damaged/units/000001/checkpoint.safetensors", path), "rubbish", 7);
    free(bytes);
    assert_int_equal(sweep_run(training_sweep, "damaged", once, NULL, NULL), MI_OK);
    assert_same_folders("whole", "damaged");
}

/* While a process has the folder, another one has to wait: also a part beside a whole run. */
static void one_process_in_a_folder(void **state)
{
    (void)state;
    char path[3 * SCRATCH_PATH], byte;
    int ready[2], leave[2];
    mi_status status = {.code = MI_OK};
    mi_run_options part = {.run = {.threads = 1}, .part = 1, .parts = 2};
    mkdir(sweep_path("used", path), 0777);
    sweep_path("used/lock", path);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(leave), 0);
    pid_t child = fork();
    if (child == 0) {
        mi_lock *lock = NULL;
        byte = mi_lock_take(path, false, &lock, NULL) == MI_OK ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1 && read(leave[0], &byte, 1) == 1) {
            mi_lock_release(lock);
        }
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_failure(sweep_run(GRID_SWEEP, "used", once, NULL, &status), MI_INPUT, status,
                   "the folder is in use by process ");
    assert_failure(sweep_run(GRID_SWEEP, "used", part, NULL, &status), MI_INPUT, status,
                   "the folder is in use by process ");
    assert_int_equal(write(leave[1], "", 1), 1);
    waitpid(child, NULL, 0);
    assert_int_equal(sweep_run(GRID_SWEEP, "used", once, NULL, NULL), MI_OK);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SWEEP_TEST(killed_at_random_moments),  SWEEP_TEST(cut_anywhere),
        SWEEP_TEST(flipped_anywhere),          SWEEP_TEST(full_disk),
        SWEEP_TEST(largest_file_reached),      SWEEP_TEST(interrupted_and_resumed),
        SWEEP_TEST(full_disk_and_interrupted), SWEEP_TEST(training_goes_on),
        SWEEP_TEST(damaged_checkpoint),        SWEEP_TEST(one_process_in_a_folder),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
