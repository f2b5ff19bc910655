/* The part of ranks.h that needs MPI. */
#include "ranks.h"

#ifdef MI_MPI

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "maskinfo/memory.h"

enum { HELLO = 1, RECORD, GAVE_UP, UNIT, STOP };
/* Longer records than a column of long texts makes are a fault; the int of MPI's counts is far. */
enum { MESSAGE_LIMIT = 1 << 24, GREETING = 64 };

static const long shortest_nap = 50000, longest_nap = 2000000, patience = 500000000; /* ns */

typedef struct message {
    int from, tag;
    char *text; /* (size), and a zero behind it; free() */
    size_t size;
} message;

static long nap(long length)
{
    nanosleep(&(struct timespec){.tv_nsec = length}, NULL);
    return 2 * length < longest_nap ? 2 * length : longest_nap;
}

/* Is there a message? MPI_Recv would wait for it at full speed. */
static bool arrived(MPI_Status *ret_about)
{
    int there = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, ret_about);
    return there != 0;
}

static mi_code receive(const MPI_Status *about, message *ret_message, mi_status *status)
{
    int size = 0;
    MPI_Get_count(about, MPI_CHAR, &size);
    *ret_message = (message){about->MPI_SOURCE, about->MPI_TAG, NULL, 0};
    if (size < 0 || size > MESSAGE_LIMIT) {
        return mi_fail(status, MI_IO, "rank %d sends a message of %d bytes; at most %d are legal",
                       about->MPI_SOURCE, size, MESSAGE_LIMIT);
    }
    ret_message->size = (size_t)size;
    mi_code code = mi_allocate(ret_message->size + 1, 1, &ret_message->text, status);
    if (code == MI_OK &&
        MPI_Recv(ret_message->text, size, MPI_CHAR, about->MPI_SOURCE, about->MPI_TAG,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE) != MPI_SUCCESS) {
        free(ret_message->text);
        ret_message->text = NULL;
        code =
            mi_fail(status, MI_IO, "a message of rank %d could not be received", about->MPI_SOURCE);
    }
    return code;
}

static mi_code send(int to, int tag, const char *text, mi_status *status)
{
    size_t size = strlen(text);
    if (size > MESSAGE_LIMIT) {
        return mi_fail(status, MI_IO, "a record of %zu bytes; at most %d can be sent", size,
                       MESSAGE_LIMIT);
    }
    return MPI_Send(text, (int)size, MPI_CHAR, to, tag, MPI_COMM_WORLD) == MPI_SUCCESS
               ? MI_OK
               : mi_fail(status, MI_IO, "rank %d can not be reached", to);
}

/* What must be the same in all processes, for them to compute the same numbers. */
static char *greeting(const mi_sweep *s, char text[GREETING])
{
    snprintf(text, GREETING, "%s %s", MI_VERSION, s->key);
    return text;
}

static void start(int *ret_rank, int *ret_count)
{
    int level = 0;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, ret_rank);
    MPI_Comm_size(MPI_COMM_WORLD, ret_count);
}

/* ---- rank 0 ---- */

typedef enum post { ABSENT, IDLE, BUSY, GONE } post;

typedef struct office {
    mi_sweep_book *book;
    int count;   /* processes, this one included */
    post *posts; /* (count) of each worker */
    bool stopping;
    mi_code code;
    mi_status *status; /* of the first failure */
} office;

mi_code mi_ranks_open(int *ret_count, mi_status *status)
{
    int rank = 0;
    start(&rank, ret_count);
    return rank == 0 ? MI_OK : mi_fail(status, MI_IO, "MPI says that this is rank %d, not 0", rank);
}

static size_t count_posts(const office *o, post kind)
{
    size_t count = 0;
    for (int i = 1; i < o->count; i++) {
        count += o->posts[i] == kind;
    }
    return count;
}

/* The first failure is the one that is told; work that was begun is still taken in. */
static void fail(office *o, mi_code code, const mi_status *failure)
{
    if (o->code == MI_OK) {
        o->code = mi_fail(o->status, code, "%s", failure->message);
    }
    o->stopping = true;
}

static void give_unit(office *o, int worker)
{
    char text[32];
    size_t unit = 0;
    mi_status status;
    o->posts[worker] = IDLE;
    if (o->stopping || !mi_sweep_book_next(o->book, &unit)) {
        return;
    }
    snprintf(text, sizeof text, "%zu", unit);
    mi_code code = send(worker, UNIT, text, &status);
    if (code == MI_OK) {
        o->posts[worker] = BUSY;
    } else {
        o->posts[worker] = GONE;
        fail(o, code, &status);
    }
}

static void greet(office *o, const message *m)
{
    char own[GREETING];
    mi_status status;
    if (strcmp(m->text, greeting(o->book->sweep, own)) == 0) {
        give_unit(o, m->from);
        return;
    }
    o->posts[m->from] = IDLE;
    mi_fail(&status, MI_INPUT,
            "rank %d reads another experiment or version (%.60s here, %.60s there)", m->from, own,
            m->text);
    fail(o, MI_INPUT, &status);
}

static void take_record(office *o, const message *m)
{
    mi_status status = {.code = MI_OK};
    mi_sweep_notice_first(o->book, m->text);
    mi_code code = mi_sweep_book_accept(o->book, m->text, &status);
    if (code != MI_OK) {
        fail(o, code, &status);
    }
    give_unit(o, m->from);
}

/* "CODE MESSAGE" */
static void take_failure(office *o, const message *m)
{
    mi_status status;
    char *text = NULL;
    long code = strtol(m->text, &text, 10);
    bool legal = code > MI_OK && code <= MI_INTERRUPTED;
    mi_code failure = legal ? (mi_code)code : MI_IO;
    mi_fail(&status, failure, "rank %d: %.500s", m->from, *text == ' ' ? text + 1 : text);
    o->posts[m->from] = IDLE;
    if (failure == MI_INTERRUPTED && mi_interrupted(&o->book->options->run)) {
        o->stopping = true; /* all processes are, and this one says so itself */
    } else {
        fail(o, failure, &status);
    }
}

static void handle(office *o, const message *m)
{
    mi_status status;
    switch (m->tag) {
    case HELLO:
        greet(o, m);
        break;
    case RECORD:
        take_record(o, m);
        break;
    case GAVE_UP:
        take_failure(o, m);
        break;
    default:
        mi_fail(&status, MI_IO, "rank %d sends a message of the unknown kind %d", m->from, m->tag);
        fail(o, MI_IO, &status);
    }
}

/* A worker that has died says nothing: after an interruption, or a failure, the others are waited
 * for a moment only. */
static bool is_open(const office *o, long waited)
{
    size_t at_work = count_posts(o, BUSY) + (o->stopping ? 0 : count_posts(o, ABSENT));
    return at_work > 0 && !(o->stopping && waited > patience);
}

static void distribute(office *o)
{
    long pause = shortest_nap, waited = 0;
    MPI_Status about;
    while (is_open(o, waited)) {
        message m;
        mi_status status = {.code = MI_OK};
        o->stopping = o->stopping || mi_interrupted(&o->book->options->run);
        if (!arrived(&about)) {
            waited += o->stopping ? pause : 0;
            pause = nap(pause);
            continue;
        }
        pause = shortest_nap;
        mi_code code = receive(&about, &m, &status);
        if (code == MI_OK) {
            handle(o, &m);
            free(m.text);
        } else {
            fail(o, code, &status);
            break;
        }
    }
}

/* A worker that has not come to say HELLO finds this when it does. */
static void send_home(int count)
{
    for (int worker = 1; worker < count; worker++) {
        send(worker, STOP, "", NULL);
    }
}

void mi_ranks_dismiss(void)
{
    int count = 1;
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    send_home(count);
    MPI_Finalize();
}

mi_code mi_ranks_compute(mi_sweep_book *book, mi_status *status)
{
    office o = {.book = book, .code = MI_OK, .status = status};
    MPI_Comm_size(MPI_COMM_WORLD, &o.count);
    mi_code code = mi_allocate((size_t)o.count, sizeof *o.posts, &o.posts, status);
    if (code != MI_OK) {
        return code;
    }
    distribute(&o);
    /* MPI_Finalize would wait for one that has died; the launcher ends what is left then. */
    bool all_there = count_posts(&o, IDLE) == (size_t)o.count - 1;
    if (all_there || !o.stopping) {
        send_home(o.count);
        MPI_Finalize();
    }
    free(o.posts);
    return o.code == MI_OK && mi_interrupted(&book->options->run)
               ? mi_fail(status, MI_INTERRUPTED, "interrupted")
               : o.code;
}

/* ---- the other ranks ---- */

/* Wait for a message without keeping a processor. */
static mi_code next_message(message *ret_message, mi_status *status)
{
    long pause = shortest_nap;
    MPI_Status about;
    while (!arrived(&about)) {
        pause = nap(pause);
    }
    return receive(&about, ret_message, status);
}

static mi_code give_up(mi_code code, const mi_status *failure, mi_status *status)
{
    char text[sizeof failure->message + 16];
    snprintf(text, sizeof text, "%d %s", (int)code, failure->message);
    return send(0, GAVE_UP, text, status);
}

static mi_code do_unit(const mi_sweep *s, const mi_run_options *o, const char *text,
                       mi_status *status)
{
    char *record = NULL, *end = NULL;
    mi_status failure = {.code = MI_OK};
    size_t unit = strtoul(text, &end, 10);
    mi_code code = *end == '\0' && end != text && unit < s->count
                       ? mi_sweep_compute(s, unit, o->opt_directory, &o->run, &record, &failure)
                       : mi_fail(&failure, MI_INPUT, "there is no unit \"%.20s\"", text);
    if (code == MI_OK) {
        code = send(0, RECORD, record, &failure);
    }
    cJSON_free(record);
    return code == MI_OK ? MI_OK : give_up(code, &failure, status);
}

static mi_code obey(const mi_sweep *s, const mi_run_options *o, const message *m, mi_status *status)
{
    mi_status failure;
    switch (m->tag) {
    case UNIT:
        return do_unit(s, o, m->text, status);
    case STOP:
        return MI_OK;
    default:
        mi_fail(&failure, MI_IO, "was sent a message of the unknown kind %d", m->tag);
        return give_up(MI_IO, &failure, status);
    }
}

mi_code mi_ranks_work(const mi_sweep *s, const mi_run_options *options, mi_status *status)
{
    char text[GREETING];
    int rank = 0, count = 1;
    start(&rank, &count);
    bool more = rank > 0;
    mi_code code = more ? send(0, HELLO, greeting(s, text), status) : MI_OK;
    while (code == MI_OK && more) {
        message m = {.text = NULL};
        code = next_message(&m, status);
        if (code == MI_OK) {
            code = obey(s, options, &m, status);
            more = m.tag != STOP;
        }
        free(m.text);
    }
    MPI_Finalize();
    return code;
}
#endif
