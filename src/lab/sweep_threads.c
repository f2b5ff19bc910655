/* Workers of a sweep: threads of this process. */
#include <stdatomic.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "sweep.h"

typedef struct crew {
    mi_sweep_book *book;
    mi_run run; /* of one unit */
    atomic_bool stop;
    pthread_mutex_t mutex; /* for the failure */
    mi_status failure;
} crew;

/* The first failure is the one that is told; to be interrupted is none. */
static void give_up(crew *c, mi_code code, const mi_status *failure)
{
    pthread_mutex_lock(&c->mutex);
    if (c->failure.code == MI_OK || c->failure.code == MI_INTERRUPTED) {
        c->failure = *failure;
        c->failure.code = code;
    }
    pthread_mutex_unlock(&c->mutex);
    atomic_store(&c->stop, true);
}

static mi_code do_unit(crew *c, size_t unit, mi_status *status)
{
    char *record = NULL;
    mi_code code = mi_sweep_compute(c->book->sweep, unit, c->book->options->opt_directory, &c->run,
                                    &record, status);
    if (code == MI_OK) {
        mi_sweep_notice_first(c->book, record);
        code = mi_sweep_book_accept(c->book, record, status);
    }
    cJSON_free(record);
    return code;
}

static void *work(void *context)
{
    crew *c = context;
    size_t unit = 0;
    while (!atomic_load(&c->stop) && !mi_interrupted(&c->run) &&
           mi_sweep_book_next(c->book, &unit)) {
        mi_status status = {.code = MI_OK};
        mi_code code = do_unit(c, unit, &status);
        if (code != MI_OK) {
            give_up(c, code, &status);
        }
    }
    return NULL;
}

/* Threads, not an OpenMP team: each then has a team of its own for the loops inside its unit. */
static mi_code run_crew(crew *c, size_t workers, mi_status *status)
{
    pthread_t *threads = NULL;
    size_t started = 0;
    mi_code code = mi_allocate(workers, sizeof *threads, &threads, status);
    while (code == MI_OK && started < workers &&
           pthread_create(&threads[started], NULL, work, c) == 0) {
        started++;
    }
    if (code == MI_OK && started == 0 && workers > 0) {
        code = mi_fail(status, MI_MEMORY, "can not start a thread");
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    free(threads);
    return code;
}

mi_code mi_sweep_threads(mi_sweep_book *book, mi_status *status)
{
    crew c = {.book = book, .run = book->options->run, .failure = {.code = MI_OK}};
    size_t threads = (size_t)c.run.threads, pending = mi_sweep_book_pending(book);
    size_t workers = pending < threads ? pending : threads;
    c.run.threads = workers > 0 && threads / workers > 1 ? (int)(threads / workers) : 1;
    atomic_init(&c.stop, false);
    pthread_mutex_init(&c.mutex, NULL);
    mi_code code = run_crew(&c, workers, status);
    bool failed = c.failure.code != MI_OK && c.failure.code != MI_INTERRUPTED;
    if (code == MI_OK && failed) { /* a full disk is news also to one who has pressed Ctrl-C */
        code = mi_fail(status, c.failure.code, "%s", c.failure.message);
    } else if (code == MI_OK && (c.failure.code != MI_OK || mi_interrupted(&c.run))) {
        code = mi_fail(status, MI_INTERRUPTED, "interrupted");
    }
    pthread_mutex_destroy(&c.mutex);
    return code;
}
