/* Journals: records of many threads, written by one. */
#include "maskinfo/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "maskinfo/memory.h"
#include "maskinfo/stream.h"

enum { MOST_RECORDS = 4096, MOST_BYTES = 1 << 20 /* that wait */ };

/* A record is written at once, so that it outlives the process; flushing it to the disk, so that it
 * outlives a power cut, costs the kernel some 0.4 ms of work and is done at most this often. */
static const double flush_seconds = 0.1;

/* Lines that wait to be written. */
typedef struct batch {
    char *bytes;
    size_t size, room;
    size_t tags[MOST_RECORDS];
    size_t count;
} batch;

struct mi_journal {
    char *path;
    int file;
    /* The writer's own. */
    off_t written, flushed; /* bytes, all of whole lines */
    double last_flush;      /* seconds of CLOCK_MONOTONIC */
    size_t *unflushed;      /* (2 MOST_RECORDS): tags of the lines between the two */
    size_t unflushed_count;
    mi_journal_durable opt_durable;
    void *context;
    pthread_t writer;
    pthread_mutex_t mutex; /* for all below */
    pthread_cond_t arrived, taken;
    batch *waiting, *writing; /* the latter is the writer's own while it writes */
    bool closing;
    mi_status failure;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The end of a failed journal: nothing more is taken. */
static void refuse(mi_journal *j, int error)
{
    pthread_mutex_lock(&j->mutex);
    mi_fail(&j->failure, MI_IO, "can not write %s: %s", j->path, mi_io_reason(error));
    pthread_cond_broadcast(&j->taken);
    pthread_mutex_unlock(&j->mutex);
}

static void tell_durable(mi_journal *j)
{
    j->flushed = j->written;
    j->last_flush = now();
    for (size_t i = 0; j->opt_durable != NULL && i < j->unflushed_count; i++) {
        j->opt_durable(j->context, j->unflushed[i]);
    }
    j->unflushed_count = 0;
}

static bool flush(mi_journal *j)
{
    if (!mi_io_flush(j->file)) {
        int error = errno;
        (void)!ftruncate(j->file, j->flushed); /* what the rest is worth is not known */
        refuse(j, error);
        return false;
    }
    tell_durable(j);
    return true;
}

/* Take the first lines of a batch as written. */
static void note_written(mi_journal *j, const batch *b, size_t size, size_t lines)
{
    j->written += (off_t)size;
    memcpy(j->unflushed + j->unflushed_count, b->tags, lines * sizeof *b->tags);
    j->unflushed_count += lines;
}

/* Keep what was written of a batch up to its last whole line, so that whoever reads finds no half
 * one. */
static void cut_back(mi_journal *j, const batch *b)
{
    off_t end = lseek(j->file, 0, SEEK_CUR);
    size_t size = end > j->written ? (size_t)(end - j->written) : 0, whole = 0, lines = 0;
    for (size_t i = 0; i < size && i < b->size; i++) {
        if (b->bytes[i] == '\n') {
            whole = i + 1;
            lines++;
        }
    }
    note_written(j, b, whole, lines);
    if (ftruncate(j->file, j->written) == 0 && mi_io_flush(j->file)) {
        tell_durable(j);
    }
}

static bool write_batch(mi_journal *j)
{
    batch *b = j->writing;
    if (!mi_io_write(j->file, b->bytes, b->size)) {
        int error = errno;
        cut_back(j, b);
        refuse(j, error);
        return false;
    }
    note_written(j, b, b->size, b->count);
    b->count = b->size = 0;
    return true;
}

/* Until a record is there, it is time to flush, or the end. */
static void wait_for_work(mi_journal *j)
{
    double due = j->last_flush + flush_seconds;
    struct timespec until = {.tv_sec = (time_t)due};
    until.tv_nsec = (long)(1e9 * (due - (double)until.tv_sec));
    bool timed_out = false;
    while (j->waiting->count == 0 && !j->closing && !timed_out) {
        if (j->unflushed_count == 0) {
            pthread_cond_wait(&j->arrived, &j->mutex);
        } else {
            timed_out = pthread_cond_timedwait(&j->arrived, &j->mutex, &until) == ETIMEDOUT;
        }
    }
}

/* What has come so far becomes what is written; false at the end. */
static bool take_batch(mi_journal *j)
{
    pthread_mutex_lock(&j->mutex);
    wait_for_work(j);
    batch *full = j->waiting;
    j->waiting = j->writing;
    j->writing = full;
    bool more = full->count > 0 || !j->closing;
    pthread_cond_broadcast(&j->taken);
    pthread_mutex_unlock(&j->mutex);
    return more;
}

static void *write_all(void *context)
{
    mi_journal *j = context;
    bool good = true, more = true;
    while (good && more) {
        more = take_batch(j);
        good = write_batch(j);
        bool due =
            !more || now() >= j->last_flush + flush_seconds || j->unflushed_count > MOST_RECORDS;
        if (good && j->unflushed_count > 0 && due) {
            good = flush(j);
        }
    }
    return NULL;
}

static bool is_full(const batch *b, size_t size)
{
    return b->count == MOST_RECORDS || (b->count > 0 && b->size + size > MOST_BYTES);
}

static mi_code add_line(batch *b, const char *line, size_t size, size_t tag, mi_status *status)
{
    size_t room = b->room == 0 ? 1 << 16 : b->room;
    while (room < b->size + size) {
        room *= 2;
    }
    if (room > b->room) {
        mi_code code = mi_resize(room, 1, &b->bytes, status);
        if (code != MI_OK) {
            return code;
        }
        b->room = room;
    }
    memcpy(b->bytes + b->size, line, size);
    b->size += size;
    b->tags[b->count++] = tag;
    return MI_OK;
}

static mi_code put_line(mi_journal *j, const char *line, size_t size, size_t tag, mi_status *status)
{
    pthread_mutex_lock(&j->mutex);
    while (j->failure.code == MI_OK && is_full(j->waiting, size)) {
        pthread_cond_wait(&j->taken, &j->mutex);
    }
    mi_code code = j->failure.code;
    if (code != MI_OK) {
        mi_fail(status, code, "%s", j->failure.message);
    } else {
        code = add_line(j->waiting, line, size, tag, status);
        pthread_cond_signal(&j->arrived);
    }
    pthread_mutex_unlock(&j->mutex);
    return code;
}

mi_code mi_journal_put(mi_journal *j, const char *json, size_t tag, mi_status *status)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = mi_open_text(&line, &size);
    if (file != NULL) {
        mi_journal_print(file, json);
    }
    bool whole = file != NULL && fclose(file) == 0;
    mi_code code = whole ? put_line(j, line, size, tag, status)
                         : mi_fail(status, MI_MEMORY, "out of memory for a line of %s", j->path);
    free(line);
    return code;
}

static mi_code open_file(mi_journal *j, long whole, mi_status *status)
{
    struct stat entry;
    j->file = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (j->file < 0 || fstat(j->file, &entry) != 0 ||
        (entry.st_size != whole && ftruncate(j->file, whole) != 0) ||
        lseek(j->file, whole, SEEK_SET) < 0) {
        return mi_fail(status, MI_IO, "can not write %s: %s", j->path, mi_io_reason(errno));
    }
    j->written = j->flushed = whole;
    mi_io_settle(j->path);
    return MI_OK;
}

static void journal_free(mi_journal *j)
{
    batch *batches[] = {j->waiting, j->writing};
    for (size_t i = 0; i < 2; i++) {
        if (batches[i] != NULL) {
            free(batches[i]->bytes);
        }
        free(batches[i]);
    }
    if (j->file >= 0) {
        close(j->file);
    }
    pthread_cond_destroy(&j->arrived);
    pthread_cond_destroy(&j->taken);
    pthread_mutex_destroy(&j->mutex);
    free(j->unflushed);
    free(j->path);
    free(j);
}

static mi_code start(mi_journal *j, const char *path, long whole, mi_status *status)
{
    mi_code code = mi_copy_text(path, &j->path, status);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *j->waiting, &j->waiting, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *j->writing, &j->writing, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(2 * MOST_RECORDS, sizeof *j->unflushed, &j->unflushed, status);
    }
    if (code == MI_OK) {
        code = open_file(j, whole, status);
    }
    if (code == MI_OK && pthread_create(&j->writer, NULL, write_all, j) != 0) {
        code = mi_fail(status, MI_MEMORY, "can not start a thread for %s", path);
    }
    return code;
}

mi_code mi_journal_open(const char *path, long whole, mi_journal_durable opt_durable, void *context,
                        mi_journal **ret_journal, mi_status *status)
{
    mi_journal *j = NULL;
    mi_code code = mi_allocate(1, sizeof *j, &j, status);
    if (code != MI_OK) {
        return code;
    }
    j->file = -1;
    j->opt_durable = opt_durable;
    j->context = context;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&j->mutex, NULL);
    pthread_cond_init(&j->arrived, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&j->taken, NULL);
    code = start(j, path, whole, status);
    if (code != MI_OK) {
        journal_free(j);
        return code;
    }
    *ret_journal = j;
    return MI_OK;
}

mi_code mi_journal_close(mi_journal *j, mi_status *status)
{
    if (j == NULL) {
        return MI_OK;
    }
    pthread_mutex_lock(&j->mutex);
    j->closing = true;
    pthread_cond_signal(&j->arrived);
    pthread_mutex_unlock(&j->mutex);
    pthread_join(j->writer, NULL);
    mi_code code = j->failure.code;
    if (code != MI_OK) {
        mi_fail(status, code, "%s", j->failure.message);
    }
    journal_free(j);
    return code;
}
