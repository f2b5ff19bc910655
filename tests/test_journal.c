/* Journals: what can be trusted after cuts, flipped bytes and full disks; locks between processes.
 */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <zlib.h>

#include "maskinfo/journal.h"
#include "maskinfo/lock.h"

/* The system's calls, which fail where that is asked for. */
static struct {
    int flushes, failing_flushes; /* how many there were; are to fail, with what */
    int flush_error;
    size_t lines_left;       /* getline fails behind so many; SIZE_MAX: never */
    const char *opt_removed; /* removed, and made anew, before the next lock */
} calls = {.lines_left = SIZE_MAX};

int __real_fdatasync(int file);
int __wrap_fdatasync(int file);
ssize_t __real_getline(char **text, size_t *room, FILE *file);
ssize_t __wrap_getline(char **text, size_t *room, FILE *file);
ssize_t __wrap___getdelim(char **text, size_t *room, int end, FILE *file);
int __real_fcntl(int file, int command, void *argument);
int __wrap_fcntl(int file, int command, void *argument);

int __wrap_fdatasync(int file)
{
    calls.flushes++;
    if (calls.failing_flushes > 0) {
        calls.failing_flushes--;
        errno = calls.flush_error;
        return -1;
    }
    return __real_fdatasync(file);
}

ssize_t __wrap_getline(char **text, size_t *room, FILE *file)
{
    if (calls.lines_left == 0) {
        errno = ENOMEM;
        return -1;
    }
    calls.lines_left -= calls.lines_left != SIZE_MAX;
    return getdelim(text, room, '\n', file);
}

ssize_t __wrap___getdelim(char **text, size_t *room, int end, FILE *file)
{
    (void)end;
    return __wrap_getline(text, room, file);
}

int __wrap_fcntl(int file, int command, void *argument)
{
    if (command == F_SETLK && calls.opt_removed != NULL) {
        const char *path = calls.opt_removed;
        calls.opt_removed = NULL;
        unlink(path);
        scratch_write(path, "", 0);
    }
    return __real_fcntl(file, command, argument);
}

enum { RECORDS = 5, TEXT = 64, THREADS = 4, EACH = 5000 };

typedef struct found {
    char texts[RECORDS + 1][TEXT];
    long offsets[RECORDS + 1];
    size_t count;
} found;

static mi_code keep(void *context, const mi_journal_line *line, mi_status *status)
{
    found *f = context;
    (void)status;
    assert_true(f->count <= RECORDS);
    assert_int_equal(strlen(line->text), line->size);
    snprintf(f->texts[f->count], TEXT, "%s", line->text);
    f->offsets[f->count++] = line->offset;
    return MI_OK;
}

static void record(size_t i, char text[TEXT])
{
    snprintf(text, TEXT, "{\"unit\":%zu,\"values\":[0.%zu]}", i, 12345 + 7 * i);
}

static mi_journal *open_at(const char *path, long whole)
{
    mi_journal *journal = NULL;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_journal_open(path, whole, NULL, NULL, &journal, &status), MI_OK);
    return journal;
}

static void put_records(const char *path)
{
    char text[TEXT];
    mi_journal *journal = open_at(path, 0);
    for (size_t i = 0; i < RECORDS; i++) {
        record(i, text);
        assert_int_equal(mi_journal_put(journal, text, i, NULL), MI_OK);
    }
    assert_int_equal(mi_journal_close(journal, NULL), MI_OK);
}

static size_t read_bytes(const char *path, char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(bytes, 1, size, file);
    fclose(file);
    return length;
}

/* The CRC-32 of "123456789" is its published check value. */
static void lines_are_what_they_are_said_to_be(void **state)
{
    char path[SCRATCH_PATH], bytes[TEXT];
    mi_journal *journal = open_at(scratch_name(state, "journal", path), 0);
    assert_int_equal(mi_journal_put(journal, "123456789", 0, NULL), MI_OK);
    assert_int_equal(mi_journal_close(journal, NULL), MI_OK);
    size_t size = read_bytes(path, bytes, sizeof bytes);
    assert_int_equal(size, 19);
    assert_memory_equal(bytes, "cbf43926 123456789\n", 19);
}

static void records_come_back_in_order(void **state)
{
    char path[SCRATCH_PATH], text[TEXT];
    found f = {.count = 0};
    mi_journal_state about;
    put_records(scratch_name(state, "journal", path));
    assert_int_equal(mi_journal_read(path, keep, &f, &about, NULL), MI_OK);
    assert_true(about.there);
    assert_int_equal(about.lines, RECORDS);
    assert_int_equal(about.damaged, 0);
    assert_int_equal(f.count, RECORDS);
    for (size_t i = 0; i < RECORDS; i++) {
        record(i, text);
        assert_string_equal(f.texts[i], text);
    }
    assert_int_equal(mi_journal_read("/tmp/no/such/journal", keep, &f, &about, NULL), MI_OK);
    assert_false(about.there);
}

/* A cut leaves the lines before it, and nothing of the one that it goes through. */
static void cut_at_every_byte(void **state)
{
    char path[SCRATCH_PATH], bytes[1024], text[TEXT];
    put_records(scratch_name(state, "journal", path));
    size_t size = read_bytes(path, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= size; cut++) {
        size_t whole = 0, lines = 0;
        for (size_t i = 0; i < cut; i++) {
            whole = bytes[i] == '\n' ? i + 1 : whole;
            lines += bytes[i] == '\n';
        }
        found f = {.count = 0};
        mi_journal_state about;
        scratch_write(path, bytes, cut);
        assert_int_equal(mi_journal_read(path, keep, &f, &about, NULL), MI_OK);
        assert_int_equal(about.lines, lines);
        assert_int_equal(about.damaged, 0);
        assert_int_equal(about.half, cut > whole);
        assert_int_equal(about.whole, whole);
        if (cut % 9 != 0 && size - cut > 12) {
            continue; /* the disk is slow */
        }
        mi_journal *journal = open_at(path, about.whole);
        assert_int_equal(mi_journal_put(journal, "{\"new\":1}", 9, NULL), MI_OK);
        assert_int_equal(mi_journal_close(journal, NULL), MI_OK);
        f.count = 0;
        assert_int_equal(mi_journal_read(path, keep, &f, &about, NULL), MI_OK);
        assert_int_equal(about.damaged, 0);
        assert_int_equal(f.count, lines + 1);
        assert_string_equal(f.texts[lines], "{\"new\":1}");
        if (lines > 0) {
            record(lines - 1, text);
            assert_string_equal(f.texts[lines - 1], text);
        }
    }
}

static bool is_record(const char *text)
{
    char expected[TEXT];
    for (size_t i = 0; i < RECORDS; i++) {
        record(i, expected);
        if (strcmp(text, expected) == 0) {
            return true;
        }
    }
    return false;
}

/* Each byte in turn becomes any other one: no line is taken for what it was not. */
static void any_other_byte_is_noticed(void **state)
{
    char path[SCRATCH_PATH], bytes[1024];
    put_records(scratch_name(state, "journal", path));
    size_t size = read_bytes(path, bytes, sizeof bytes);
    for (size_t at = 0; at < size; at++) {
        const unsigned char others[] = {'\n', '\0', ' ', '0', 1, 128};
        for (size_t k = 0; k < sizeof others; k++) {
            char was = bytes[at];
            bool flip = others[k] == 1 || others[k] == 128;
            bytes[at] = (char)(flip ? (unsigned char)was ^ others[k] : others[k]);
            if (bytes[at] == was) {
                continue;
            }
            found f = {.count = 0};
            mi_journal_state about;
            scratch_write(path, bytes, size);
            assert_int_equal(mi_journal_read(path, keep, &f, &about, NULL), MI_OK);
            assert_true(about.damaged + about.half >= 1);
            assert_true(f.count >= RECORDS - 2 && f.count < RECORDS);
            for (size_t i = 0; i < f.count; i++) {
                assert_true(is_record(f.texts[i]));
            }
            bytes[at] = was;
        }
    }
}

/* Also a zero inside is one of the bytes that the checksum is of, and no line that was written. */
static void zero_in_a_line(void **state)
{
    char path[SCRATCH_PATH];
    static const char line[] = "12cfdbcb 1234\00056789\n";
    found f = {.count = 0};
    mi_journal_state about;
    scratch_write(scratch_name(state, "journal", path), line, sizeof line - 1);
    char sum[9];
    snprintf(sum, sizeof sum, "%08lx", crc32(0, (const Bytef *)line + 9, sizeof line - 11));
    FILE *file = fopen(path, "r+b");
    fwrite(sum, 1, 8, file);
    fclose(file);
    assert_int_equal(mi_journal_read(path, keep, &f, &about, NULL), MI_OK);
    assert_int_equal(f.count, 0);
    assert_int_equal(about.damaged, 1);
}

/* The end of memory is not the end of the file: whoever took it for that would cut off the rest. */
static void no_memory_for_a_line(void **state)
{
    char path[SCRATCH_PATH];
    found f = {.count = 0};
    mi_journal_state about;
    mi_status status = {.code = MI_OK};
    put_records(scratch_name(state, "journal", path));
    calls.lines_left = 2;
    mi_code code = mi_journal_read(path, keep, &f, &about, &status);
    calls.lines_left = SIZE_MAX;
    assert_failure(code, MI_MEMORY, status, "out of memory for a line of ");
}

static size_t put_one(mi_journal *journal)
{
    mi_status status = {.code = MI_OK};
    size_t i = 0;
    while (i < 100000 && mi_journal_put(journal, "{\"unit\":1}", 0, &status) == MI_OK) {
        i++;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    assert_failure(status.code, MI_IO, status, "can not write ");
    return i;
}

static void count_first(void *context, size_t tag)
{
    (void)tag;
    (*(size_t *)context)++;
}

/* What the disk has after a flush that failed is not known: the file goes back to the last one that
 * did not. A signal is no failure. */
static void flushes_that_fail(void **state)
{
    char path[SCRATCH_PATH], bytes[64];
    size_t durable = 0;
    mi_journal *journal = NULL;
    scratch_name(state, "journal", path);
    calls.flush_error = EINTR;
    calls.failing_flushes = 3;
    assert_int_equal(mi_journal_open(path, 0, count_first, &durable, &journal, NULL), MI_OK);
    assert_int_equal(mi_journal_put(journal, "{\"unit\":0}", 0, NULL), MI_OK);
    assert_int_equal(mi_journal_close(journal, NULL), MI_OK);
    assert_int_equal(durable, 1);
    calls.flush_error = EIO;
    calls.failing_flushes = 1;
    assert_int_equal(mi_journal_open(path, 20, count_first, &durable, &journal, NULL), MI_OK);
    assert_true(put_one(journal) >= 1);
    assert_int_equal(mi_journal_close(journal, NULL), MI_IO);
    assert_int_equal(durable, 1);
    assert_int_equal(read_bytes(path, bytes, sizeof bytes), 20);
}

typedef struct crowd {
    mi_journal *journal;
    size_t thread;
    unsigned char *durable; /* (THREADS * EACH) */
} crowd;

static void count_durable(void *context, size_t tag)
{
    unsigned char *durable = context;
    durable[tag]++;
}

static void *put_many(void *context)
{
    crowd *c = context;
    for (size_t i = 0; i < EACH; i++) {
        char text[TEXT];
        size_t tag = c->thread * EACH + i;
        snprintf(text, sizeof text, "{\"unit\":%zu}", tag);
        if (mi_journal_put(c->journal, text, tag, NULL) != MI_OK) {
            return context;
        }
    }
    return NULL;
}

static mi_code tick(void *context, const mi_journal_line *line, mi_status *status)
{
    unsigned char *seen = context;
    (void)status;
    seen[strtoul(line->text + strlen("{\"unit\":"), NULL, 10)]++;
    return MI_OK;
}

/* More records than the queue holds, from several threads: each is there once, and told once. */
static void many_threads_lose_nothing(void **state)
{
    char path[SCRATCH_PATH];
    static unsigned char durable[THREADS * EACH], seen[THREADS * EACH];
    pthread_t threads[THREADS];
    crowd crowds[THREADS];
    mi_journal *journal = NULL;
    mi_journal_state about;
    scratch_name(state, "journal", path);
    assert_int_equal(mi_journal_open(path, 0, count_durable, durable, &journal, NULL), MI_OK);
    for (size_t t = 0; t < THREADS; t++) {
        crowds[t] = (crowd){journal, t, durable};
        assert_int_equal(pthread_create(&threads[t], NULL, put_many, &crowds[t]), 0);
    }
    for (size_t t = 0; t < THREADS; t++) {
        void *failed = NULL;
        pthread_join(threads[t], &failed);
        assert_null(failed);
    }
    assert_int_equal(mi_journal_close(journal, NULL), MI_OK);
    assert_int_equal(mi_journal_read(path, tick, seen, &about, NULL), MI_OK);
    assert_int_equal(about.lines, THREADS * EACH);
    for (size_t i = 0; i < THREADS * EACH; i++) {
        assert_int_equal(seen[i], 1);
        assert_int_equal(durable[i], 1);
    }
}

/* A record that was put stands in the file soon, without a further call. */
static void records_are_written_at_once(void **state)
{
    char path[SCRATCH_PATH], bytes[TEXT];
    mi_journal *journal = open_at(scratch_name(state, "journal", path), 0);
    size_t size = 0;
    assert_int_equal(mi_journal_put(journal, "123456789", 0, NULL), MI_OK);
    for (int i = 0; i < 5000 && size == 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        size = read_bytes(path, bytes, sizeof bytes);
    }
    assert_int_equal(size, 19);
    assert_int_equal(mi_journal_close(journal, NULL), MI_OK);
}

/* In a process of its own, for the limit is the process's. */
static void fill_up(const char *path)
{
    mi_status status = {.code = MI_OK}, again = {.code = MI_OK}, last = {.code = MI_OK};
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    mi_journal *journal = NULL;
    mi_code code = MI_OK;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        mi_journal_open(path, 0, NULL, NULL, &journal, &status) != MI_OK) {
        _exit(1);
    }
    for (size_t i = 0; code == MI_OK && i < 100000; i++) {
        char text[TEXT];
        snprintf(text, sizeof text, "{\"unit\":%zu}", i);
        code = mi_journal_put(journal, text, i, &status);
    }
    bool told = code == MI_IO && strstr(status.message, "larger than the system allows") != NULL;
    bool refused = mi_journal_put(journal, "{}", 0, &again) == MI_IO &&
                   strcmp(again.message, status.message) == 0;
    bool ended =
        mi_journal_close(journal, &last) == MI_IO && strcmp(last.message, status.message) == 0;
    _exit(told && refused && ended ? 0 : 2);
}

/* Lines that a full disk has kept count only when they are flushed. */
static void fill_up_unflushed(const char *path)
{
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    mi_journal *journal = NULL;
    size_t durable = 0;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        mi_journal_open(path, 0, count_first, &durable, &journal, NULL) != MI_OK) {
        _exit(1);
    }
    char text[1500];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    mi_journal_put(journal, "{}", 0, NULL);
    mi_journal_put(journal, text, 1, NULL);
    calls.flush_error = EIO;
    calls.failing_flushes = 1000;
    calls.flushes = 0;
    mi_code code = mi_journal_close(journal, NULL);
    _exit(code == MI_IO && calls.flushes > 0 && durable <= 1 ? 0 : 2);
}

static void full_disk_flushes_what_it_has(void **state)
{
    char path[SCRATCH_PATH];
    int how = 0;
    scratch_name(state, "journal", path);
    pid_t child = fork();
    if (child == 0) {
        fill_up_unflushed(path);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
}

static void full_disk_leaves_whole_lines(void **state)
{
    char path[SCRATCH_PATH], bytes[2048];
    int how = 0;
    scratch_name(state, "journal", path);
    pid_t child = fork();
    if (child == 0) {
        fill_up(path);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    size_t size = read_bytes(path, bytes, sizeof bytes);
    assert_true(size <= 1000);
    assert_true(size == 0 || bytes[size - 1] == '\n');
}

/* A child that has the lock, until it is told to go. */
typedef struct holder {
    pid_t pid;
    int ready, leave;
} holder;

static holder hold(const char *path, bool shared)
{
    int ready[2], leave[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(leave), 0);
    pid_t pid = fork();
    if (pid == 0) {
        mi_lock *lock = NULL;
        char byte = mi_lock_take(path, shared, &lock, NULL) == MI_OK ? 'y' : 'n';
        close(leave[1]);
        if (write(ready[1], &byte, 1) == 1 && read(leave[0], &byte, 1) >= 0) {
            mi_lock_release(lock);
        }
        _exit(0);
    }
    close(ready[1]);
    close(leave[0]);
    return (holder){pid, ready[0], leave[1]};
}

static bool has_it(const holder *h)
{
    char byte = 0;
    assert_int_equal(read(h->ready, &byte, 1), 1);
    return byte == 'y';
}

static void let_go(const holder *h, int opt_signal)
{
    if (opt_signal != 0) {
        kill(h->pid, opt_signal);
    } else {
        assert_int_equal(write(h->leave, "", 1), 1);
    }
    close(h->leave);
    close(h->ready);
    waitpid(h->pid, NULL, 0);
}

static void one_process_at_a_time(void **state)
{
    char path[SCRATCH_PATH], text[64];
    mi_status status = {.code = MI_OK};
    mi_lock *lock = NULL;
    holder first = hold(scratch_name(state, "lock", path), false);
    assert_true(has_it(&first));
    snprintf(text, sizeof text, "process %ld on ", (long)first.pid);
    assert_failure(mi_lock_take(path, false, &lock, &status), MI_INPUT, status, text);
    assert_failure(mi_lock_take(path, true, &lock, &status), MI_INPUT, status, text);
    let_go(&first, 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(mi_lock_take(path, false, &lock, &status), MI_OK);
    mi_lock_release(lock);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_killed_process_has_no_lock(void **state)
{
    char path[SCRATCH_PATH];
    mi_lock *lock = NULL;
    holder first = hold(scratch_name(state, "lock", path), false);
    assert_true(has_it(&first));
    let_go(&first, SIGKILL);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(mi_lock_take(path, false, &lock, NULL), MI_OK);
    mi_lock_release(lock);
    assert_int_equal(access(path, F_OK), -1);
}

/* The file stays until the last one goes: else the next one would lock another file. */
static void shared_locks_exclude_the_other_kind(void **state)
{
    char path[SCRATCH_PATH];
    mi_status status = {.code = MI_OK};
    mi_lock *lock = NULL;
    holder first = hold(scratch_name(state, "lock", path), true);
    holder second = hold(path, true);
    assert_true(has_it(&first));
    assert_true(has_it(&second));
    assert_failure(mi_lock_take(path, false, &lock, &status), MI_INPUT, status,
                   "in use by process");
    let_go(&first, 0);
    assert_int_equal(access(path, F_OK), 0);
    assert_failure(mi_lock_take(path, false, &lock, &status), MI_INPUT, status, "in use");
    let_go(&second, 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(mi_lock_take(path, false, &lock, &status), MI_OK);
    mi_lock_release(lock);
}

/* Of a file that is removed between opening and locking the lock is worth nothing. */
static void the_lock_is_on_the_file_of_that_name(void **state)
{
    char path[SCRATCH_PATH];
    mi_lock *lock = NULL;
    scratch_name(state, "lock", path);
    calls.opt_removed = path;
    assert_int_equal(mi_lock_take(path, false, &lock, NULL), MI_OK);
    holder other = hold(path, false);
    assert_false(has_it(&other));
    let_go(&other, 0);
    mi_lock_release(lock);
}

/* Take and give back a shared lock often; is it ever refused? */
static void come_and_go(const char *path, int end)
{
    unsigned char refused = 0;
    for (int i = 0; i < 3000; i++) {
        mi_lock *lock = NULL;
        mi_code code = mi_lock_take(path, true, &lock, NULL);
        refused = code != MI_OK ? 1 : refused;
        mi_lock_release(lock);
    }
    _exit(write(end, &refused, 1) == 1 ? 0 : 1);
}

/* Whoever ends must not keep out those who would share the lock. */
static void sharers_do_not_refuse_each_other(void **state)
{
    char path[SCRATCH_PATH];
    int ends[2];
    unsigned char refused = 0;
    scratch_name(state, "lock", path);
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            come_and_go(path, ends[1]);
        }
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(read(ends[0], &refused, 1), 1);
        assert_int_equal(refused, 0);
        assert_true(wait(NULL) > 0);
    }
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(lines_are_what_they_are_said_to_be),
        SCRATCH_TEST(records_come_back_in_order),
        SCRATCH_TEST(cut_at_every_byte),
        SCRATCH_TEST(any_other_byte_is_noticed),
        SCRATCH_TEST(zero_in_a_line),
        SCRATCH_TEST(no_memory_for_a_line),
        SCRATCH_TEST(flushes_that_fail),
        SCRATCH_TEST(full_disk_flushes_what_it_has),
        SCRATCH_TEST(the_lock_is_on_the_file_of_that_name),
        SCRATCH_TEST(sharers_do_not_refuse_each_other),
        SCRATCH_TEST(many_threads_lose_nothing),
        SCRATCH_TEST(records_are_written_at_once),
        SCRATCH_TEST(full_disk_leaves_whole_lines),
        SCRATCH_TEST(one_process_at_a_time),
        SCRATCH_TEST(a_killed_process_has_no_lock),
        SCRATCH_TEST(shared_locks_exclude_the_other_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
