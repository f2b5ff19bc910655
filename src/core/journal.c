/* Journals: records of many threads, written by one. */
#include "maskinfo/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "maskinfo/memory.h"

enum { MOST_RECORDS = 4096, MOST_BYTES = 1 << 20 /* that wait */ };

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
    off_t whole; /* bytes that can not be lost; the writer's own */
    mi_journal_durable opt_durable;
    void *context;
    pthread_t writer;
    pthread_mutex_t mutex; /* for all below */
    pthread_cond_t arrived, taken;
    batch *waiting, *writing; /* the latter is the writer's own while it writes */
    bool closing;
    mi_status failure;
};

static bool write_batch(const mi_journal *j, const batch *b)
{
    return mi_io_write(j->file, b->bytes, b->size) && fdatasync(j->file) == 0;
}

/* Back to the last whole line, so that whoever reads finds no half one. */
static void cut_back(const mi_journal *j)
{
    if (ftruncate(j->file, j->whole) == 0) {
        fdatasync(j->file);
    }
}

/* Wait for records; false where there are none and will be none. */
static bool take_batch(mi_journal *j)
{
    pthread_mutex_lock(&j->mutex);
    while (j->waiting->count == 0 && !j->closing) {
        pthread_cond_wait(&j->arrived, &j->mutex);
    }
    batch *full = j->waiting;
    j->waiting = j->writing;
    j->writing = full;
    pthread_cond_broadcast(&j->taken);
    pthread_mutex_unlock(&j->mutex);
    return full->count > 0;
}

static void note_failure(mi_journal *j, int error)
{
    cut_back(j);
    pthread_mutex_lock(&j->mutex);
    mi_fail(&j->failure, MI_IO, "can not write %s: %s", j->path, mi_io_reason(error));
    j->waiting->count = j->waiting->size = 0;
    pthread_cond_broadcast(&j->taken);
    pthread_mutex_unlock(&j->mutex);
}

static void *write_all(void *context)
{
    mi_journal *j = context;
    while (take_batch(j)) {
        batch *b = j->writing;
        if (!write_batch(j, b)) {
            note_failure(j, errno);
            break;
        }
        j->whole += (off_t)b->size;
        for (size_t i = 0; j->opt_durable != NULL && i < b->count; i++) {
            j->opt_durable(j->context, b->tags[i]);
        }
        b->count = b->size = 0;
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
    FILE *file = open_memstream(&line, &size);
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
    j->whole = whole;
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
    pthread_mutex_init(&j->mutex, NULL);
    pthread_cond_init(&j->arrived, NULL);
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
