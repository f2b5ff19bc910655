/* The other ranks of a sweep by several processes: one unit at a time, on a thread of its own,
 * while the thread that speaks MPI shows rank 0 that this process lives. */
#include "ranks_post.h"

#ifdef MI_MPI

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "maskinfo/memory.h"

/* Rank 0 writes files, which may take long on a bad day; and a worker that leaves ends more than
 * its unit. */
enum { PATIENCE = 10 };
static const long glance = 20000000; /* ns, between looks at the rest while a unit is computed */

typedef struct worker {
    const mi_sweep *sweep;
    const mi_run_options *options;
    mi_run run; /* of a unit: stops when `stop` says so */
    volatile sig_atomic_t stop;
    pthread_mutex_t mutex; /* for `done` */
    pthread_cond_t signal;
    bool busy, done; /* there is a thread; it has finished */
    pthread_t thread;
    size_t unit;
    char *record; /* of it, or the failure */
    mi_code code;
    mi_status failure;
    mi_hearing hearing;
    double heard, beat; /* when rank 0 was last heard; when the next beat is due */
    bool leaving;
} worker;

static double patience_of(const worker *w)
{
    return PATIENCE * mi_ranks_silence(w->options);
}

static mi_code send(const worker *w, int tag, const char *text, mi_status *status)
{
    return mi_post_send(0, tag, text, patience_of(w), status);
}

static mi_code give_up(const worker *w, mi_code code, const mi_status *failure, mi_status *status)
{
    char text[sizeof failure->message + 16];
    snprintf(text, sizeof text, "%d %s", (int)code, failure->message);
    return send(w, MI_POST_GAVE_UP, text, status);
}

static void *compute(void *context)
{
    worker *w = context;
    w->code = mi_sweep_compute(w->sweep, w->unit, w->options->opt_directory, &w->run, &w->record,
                               &w->failure);
    pthread_mutex_lock(&w->mutex);
    w->done = true;
    pthread_cond_signal(&w->signal);
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static mi_code begin_unit(worker *w, const char *text, mi_status *status)
{
    char *end = NULL;
    mi_status failure;
    w->unit = strtoul(text, &end, 10);
    if (*end != '\0' || end == text || w->unit >= w->sweep->count || w->busy) {
        mi_fail(&failure, MI_INPUT, "is sent the unit \"%.20s\", which is not there or too many",
                text);
        return give_up(w, MI_INPUT, &failure, status);
    }
    w->record = NULL;
    w->done = false;
    w->failure = (mi_status){.code = MI_OK};
    if (pthread_create(&w->thread, NULL, compute, w) != 0) {
        mi_fail(&failure, MI_MEMORY, "can not start a thread");
        return give_up(w, MI_MEMORY, &failure, status);
    }
    w->busy = true;
    return MI_OK;
}

static bool is_done(worker *w)
{
    pthread_mutex_lock(&w->mutex);
    bool done = w->busy && w->done;
    pthread_mutex_unlock(&w->mutex);
    return done;
}

static void join(worker *w)
{
    if (w->busy) {
        pthread_join(w->thread, NULL);
        w->busy = false;
    }
}

static mi_code hand_in(worker *w, mi_status *status)
{
    join(w);
    mi_code code = w->code == MI_OK ? send(w, MI_POST_RECORD, w->record, &w->failure) : w->code;
    if (code != MI_OK) {
        return give_up(w, code, &w->failure, status); /* the record stays, if it has not gone */
    }
    cJSON_free(w->record);
    return MI_OK;
}

static mi_code obey(worker *w, const mi_message *m, mi_status *status)
{
    mi_status failure;
    switch (m->tag) {
    case MI_POST_UNIT:
        return begin_unit(w, m->text, status);
    case MI_POST_ASK:
        return send(w, MI_POST_HERE, "", status);
    case MI_POST_STOP:
        w->leaving = true;
        return MI_OK;
    case MI_POST_BEAT:
        return MI_OK;
    default:
        mi_fail(&failure, MI_IO, "was sent a message of the unknown kind %d", m->tag);
        return give_up(w, MI_IO, &failure, status);
    }
}

static mi_code hear(worker *w, const MPI_Status *about, mi_status *status)
{
    mi_message m;
    mi_code code = mi_post_receive(about, patience_of(w), &m, status);
    w->heard = w->hearing.seconds;
    if (code == MI_OK) {
        code = obey(w, &m, status);
    }
    free(m.text);
    return code;
}

/* Beat, and hear whether rank 0 does. */
static mi_code live(worker *w, mi_status *status)
{
    double now = mi_hearing_go_on(&w->hearing);
    w->stop = mi_interrupted(&w->options->run);
    if (now - w->heard > patience_of(w)) {
        return mi_fail(status, MI_IO, "rank 0 is silent since %g s", patience_of(w));
    }
    if (now < w->beat) {
        return MI_OK;
    }
    w->beat = now + MI_POST_BEAT_SECONDS;
    return send(w, MI_POST_BEAT, "", status);
}

/* Until the unit is done, or a moment has passed. */
static void pause_for(worker *w, long *pause)
{
    struct timespec end;
    if (!w->busy) {
        mi_post_nap(pause);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += glance;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&w->mutex);
    int waited = 0;
    while (!w->done && waited == 0) {
        waited = pthread_cond_timedwait(&w->signal, &w->mutex, &end);
    }
    pthread_mutex_unlock(&w->mutex);
}

static mi_code serve(worker *w, mi_status *status)
{
    char text[MI_POST_GREETING];
    long pause = MI_POST_SHORTEST_NAP;
    MPI_Status about;
    mi_code code = send(w, MI_POST_HELLO, mi_post_greeting(w->sweep, text), status);
    while (code == MI_OK && !w->leaving) {
        if (mi_post_arrived(&about)) {
            code = hear(w, &about, status);
            pause = MI_POST_SHORTEST_NAP;
        } else if (is_done(w)) {
            code = hand_in(w, status);
            pause = MI_POST_SHORTEST_NAP;
        } else {
            pause_for(w, &pause);
        }
        code = code == MI_OK ? live(w, status) : code;
    }
    w->stop = 1;
    join(w);
    return code;
}

static void make_signal(worker *w)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&w->signal, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&w->mutex, NULL);
}

/* One that has failed ends without MPI_Finalize, which would wait for rank 0. */
mi_code mi_ranks_work(const mi_sweep *s, const mi_run_options *options, mi_status *status)
{
    int rank = 0, count = 1;
    worker w = {.sweep = s, .options = options, .run = options->run};
    mi_post_start(&rank, &count);
    make_signal(&w);
    mi_hearing_start(&w.hearing);
    w.run.opt_interrupt = &w.stop;
    mi_code code = rank > 0 ? serve(&w, status) : MI_OK;
    pthread_cond_destroy(&w.signal);
    pthread_mutex_destroy(&w.mutex);
    if (code == MI_OK) {
        MPI_Finalize();
    }
    return code;
}
#endif
