/* Fault injection through the program: every experiment, reduced, is run as `maskinfo run` runs it,
 * while its k-th allocation fails, cJSON's and those of the other libraries included. Each time the
 * program must end with a message of want of memory (or with the result, where the allocation was
 * not needed), leave whole files only, and free what it has allocated.
 *
 * Of the k, the first ones and a sample of the rest are tried; MI_FAULTS=all tries every one,
 * MI_FAULTS=N a sample of N, MI_FAULTS_AT=K one alone; MI_FAULTS_ONLY=NAME one experiment only. */
#include "faulty.h"
#include "program.h"
#include "reduced.h"
#include "scratch.h"

#include <fcntl.h>

int maskinfo_main(int count, char **arguments);

enum { FIRST = 15, SAMPLE = 8, RESUMED = 1, TEXT = 8192, NAME = 264, PATH = 800 };

typedef struct rig {
    char folder[64];  /* of everything */
    const char *name; /* of the experiment */
    char file[PATH], out[PATH], reference[PATH];
    char said[TEXT];   /* standard error of the last run */
    long leaked;       /* blocks that the last run has left */
    long failing;      /* allocation that fails; -1: none */
    const char *where; /* the library whose allocation failed */
    long wrong;        /* what was found amiss so far */
} rig;

/* All that is amiss is told, not only the first. */
static void rig_fail(rig *r, const char *what, const char *about)
{
    r->wrong++;
    print_error("%s, allocation %ld of %s: %s: %s; it said: %.400s\n", r->name, r->failing,
                r->where, what, about, r->said);
}

/* Standard output and error into a file while the program runs; how many allocations it made. */
static long run_captured(rig *r, char **arguments, int count)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/said", r->folder);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), out = dup(1), err = dup(2);
    assert_true(file >= 0 && out >= 0 && err >= 0);
    fflush(stdout);
    dup2(file, 1);
    dup2(file, 2);
    long before = faulty_live();
    faulty_arm(r->failing, true);
    maskinfo_main(count, arguments);
    long allocations = faulty_disarm();
    fflush(stdout);
    r->leaked = faulty_live() - before;
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    ssize_t size = pread(file, r->said, sizeof r->said - 1, 0);
    r->said[size > 0 ? size : 0] = '\0';
    close(file);
    return allocations;
}

static long run(rig *r, const char *out, bool resume)
{
    char *arguments[] = {(char[]){"maskinfo"},
                         (char[]){"run"},
                         r->file,
                         (char[]){"--out"},
                         (char *)out,
                         (char[]){"--threads=1"},
                         (char[]){"--quiet"},
                         (char[]){"--set"},
                         (char[]){"title=A title"},
                         resume ? (char[]){"--resume"} : NULL,
                         NULL};
    return run_captured(r, arguments, resume ? 10 : 9);
}

/* There is no gnuplot where these tests look for it, so a whole run ends with this. */
static bool is_done(const rig *r)
{
    return strstr(r->said, "gnuplot is not installed") != NULL;
}

static bool says_memory(const rig *r)
{
    static const char *const words[] = {"memory", "can not allocate"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(r->said, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static char *read_whole(const char *path, size_t *ret_size)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &about) != 0) {
        return NULL;
    }
    char *bytes = malloc((size_t)about.st_size + 1);
    assert_non_null(bytes);
    *ret_size = fread(bytes, 1, (size_t)about.st_size, file);
    bytes[*ret_size] = '\0';
    fclose(file);
    return bytes;
}

static bool same_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

static void strip_timing(cJSON *node)
{
    cJSON_DeleteItemFromObject(node, "timing");
    cJSON_DeleteItemFromObject(node, "seconds"); /* of a table of methods */
    for (cJSON *child = node == NULL ? NULL : node->child; child != NULL; child = child->next) {
        strip_timing(child);
    }
}

/* Results differ in the time that they took; and the first of the two that a run writes does not
 * name the figures yet. */
static bool same_result(const char *a, const char *b, bool done)
{
    cJSON *x = cJSON_Parse(a), *y = cJSON_Parse(b);
    strip_timing(x);
    strip_timing(y);
    if (!done) {
        cJSON_DeleteItemFromObject(x, "files");
        cJSON_DeleteItemFromObject(y, "files");
    }
    bool same = x != NULL && y != NULL && cJSON_Compare(x, y, 1);
    cJSON_Delete(x);
    cJSON_Delete(y);
    return same;
}

/* A file that has its final name is whole: it is that of the run without a fault. */
static void check_file(rig *r, const char *name, bool done)
{
    if (!done && strcmp(name, "journal") == 0) {
        return; /* it is kept for --resume */
    }
    char path[PATH + NAME], other[PATH + NAME];
    size_t size = 0, other_size = 0;
    snprintf(path, sizeof path, "%s/%s", r->out, name);
    snprintf(other, sizeof other, "%s/%s", r->reference, name);
    char *bytes = read_whole(path, &size), *expected = read_whole(other, &other_size);
    if (expected == NULL) {
        rig_fail(r, "a file that a whole run has not", name);
    } else if (strcmp(name, "result.json") == 0 ? !same_result(bytes, expected, done)
                                                : !same_bytes(bytes, size, expected, other_size)) {
        rig_fail(r, "another or half a file", name);
    }
    free(bytes);
    free(expected);
}

/* What is kept for --resume is judged by a run that goes on from it; the table of methods tells of
 * times. */
static bool is_passed_over(const char *name)
{
    return strcmp(name, "partial") == 0 || strcmp(name, "units") == 0 ||
           strncmp(name, "methods.", 8) == 0 || strncmp(name, "checkpoint", 10) == 0 ||
           strncmp(name, "history", 7) == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* How many files are not passed over; with `check`, each of them is looked at. */
static size_t go_through(rig *r, const char *folder, bool check, bool done)
{
    size_t files = 0;
    DIR *stream = opendir(folder);
    if (stream == NULL) {
        return 0;
    }
    for (const struct dirent *e = readdir(stream); e != NULL; e = readdir(stream)) {
        if (strstr(e->d_name, ".part-") != NULL || strstr(e->d_name, ".drawing") != NULL) {
            rig_fail(r, "a temporary file is left", e->d_name);
        } else if (!is_passed_over(e->d_name)) {
            files++;
            if (check) {
                check_file(r, e->d_name, done);
            }
        }
    }
    closedir(stream);
    return files;
}

/* A run that is done has all files of one without a fault. */
static void check_folder(rig *r, bool done)
{
    size_t files = go_through(r, r->out, true, done);
    if (done && files != go_through(r, r->reference, false, done)) {
        rig_fail(r, "done", "but files are missing");
    }
}

static void remove_folder(const char *folder)
{
    if (access(folder, F_OK) == 0) {
        scratch_remove_folder(folder);
    }
}

/* Some allocations are kept by the libraries for the next time; a leak comes back each time. GSL
 * itself leaks the halves of what it can not make whole. */
static void check_leak(rig *r)
{
    if (r->leaked > 0 && strcmp(r->where, "/libgsl.") != 0) {
        remove_folder(r->out);
        run(r, r->out, false);
        if (r->leaked > 0) {
            char text[40];
            snprintf(text, sizeof text, "%ld blocks", r->leaked);
            rig_fail(r, "leaked", text);
        }
    }
}

/* A sweep goes on where a unit of it can not be computed. */
static bool has_failed_units(const rig *r)
{
    return strstr(r->said, "units failed") != NULL;
}

/* With --resume, and without a fault, come the files of a run without one. */
static void check_resumed(rig *r)
{
    r->failing = -1;
    run(r, r->out, true);
    if (!is_done(r) || has_failed_units(r)) {
        rig_fail(r, "--resume", "is not done");
    }
    check_folder(r, true);
}

/* Whether the run failed. */
static bool inject(rig *r, long failing)
{
    remove_folder(r->out);
    r->failing = failing;
    run(r, r->out, false);
    r->where = faulty_where() == NULL ? "nobody" : faulty_where();
    bool done = is_done(r);
    if (!done && !says_memory(r)) {
        rig_fail(r, "ended", "without a word of memory");
    }
    if (done && has_failed_units(r)) {
        long leaked = r->leaked;
        check_resumed(r);
        r->failing = failing;
        r->leaked = leaked;
    } else {
        check_folder(r, done);
    }
    check_leak(r);
    return !done;
}

/* After a failure in the midst. */
static void resume_after(rig *r, long failing)
{
    if (inject(r, failing)) {
        check_resumed(r);
    }
}

static long asked_sample(long allocations)
{
    const char *asked = getenv("MI_FAULTS");
    long sample = asked == NULL ? SAMPLE : strcmp(asked, "all") == 0 ? allocations : atol(asked);
    return sample < allocations ? sample : allocations;
}

/* The i-th of `sample` indices behind the first ones: one from each of as many equal parts. */
static long sampled(long i, long sample, long allocations)
{
    double part = (double)(allocations - FIRST) / (double)sample;
    double place = (double)((unsigned)(i + 1) * 2654435761u) / 4294967296.0;
    return FIRST + (long)(part * ((double)i + place));
}

static void every_fault(rig *r)
{
    r->failing = -1;
    run(r, r->reference, false);
    long allocations = run(r, r->out, false); /* the first one makes what is kept for the next */
    if (!is_done(r)) {
        rig_fail(r, "without a fault", "not done");
    }
    check_folder(r, true);
    long sample = asked_sample(allocations), tried = 0, failed = 0;
    if (getenv("MI_FAULTS_AT") != NULL) {
        inject(r, atol(getenv("MI_FAULTS_AT")));
        return;
    }
    for (long k = 0; k < FIRST && k < allocations; k++, tried++) {
        failed += inject(r, k);
    }
    for (long i = 0; i < sample && FIRST + i < allocations; i++, tried++) {
        failed += inject(r, sample == allocations ? FIRST + i : sampled(i, sample, allocations));
    }
    for (long i = 1; i <= RESUMED; i++) {
        resume_after(r, allocations * i / (RESUMED + 1));
    }
    print_message("%-12s %7ld allocations, %6ld let fail, %6ld of these ended the run\n", r->name,
                  allocations, tried, failed);
}

static bool is_asked_for(const char *name)
{
    const char *only = getenv("MI_FAULTS_ONLY");
    return only == NULL || strcmp(only, name) == 0;
}

static void one_experiment(rig *shared, const char *file)
{
    char name[NAME], path[PATH];
    rig r = *shared;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(file, "."), file);
    if (!is_asked_for(name)) {
        return;
    }
    r.wrong = 0;
    r.name = name;
    snprintf(path, sizeof path, "experiments/%s", file);
    snprintf(r.file, sizeof r.file, "%s/%s", r.folder, file);
    snprintf(r.out, sizeof r.out, "%s/%s", r.folder, name);
    snprintf(r.reference, sizeof r.reference, "%s/%s-whole", r.folder, name);
    cJSON *experiment = reduced_experiment(path, r.folder);
    char *text = cJSON_Print(experiment);
    write_text(r.file, text);
    cJSON_free(text);
    cJSON_Delete(experiment);
    every_fault(&r);
    shared->wrong += r.wrong;
    remove_folder(r.out);
    remove_folder(r.reference);
}

static int is_experiment(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".json") == 0;
}

static void every_experiment(void **state)
{
    (void)state;
    rig shared = {.failing = -1, .where = "nobody"};
    struct dirent **entries = NULL;
    /* In memory, where there is such a folder: each file is flushed. */
    snprintf(shared.folder, sizeof shared.folder, "%s/maskinfo-test-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(shared.folder));
    reduced_data(shared.folder);
    setenv("PATH", shared.folder, 1);
    int count = scandir("experiments", &entries, is_experiment, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        one_experiment(&shared, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    scratch_remove_folder(shared.folder);
    assert_int_equal(shared.wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_experiment)};
    return cmocka_run_group_tests_name("failing allocations of the program", tests, NULL, NULL);
}
