/* Rank 0 of a sweep by several processes: gives out units and takes in records. */
#include "ranks_post.h"

#ifdef MI_MPI

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/ranks.h"

/* After an interruption, or a failure, workers are waited for a moment only. */
static const double patience = 0.5; /* s */

/* LOST: silent for so long that it is taken for dead. ASKED: whether it lives, in the end. */
typedef enum post { ABSENT, IDLE, BUSY, ASKED, LOST } post;

typedef struct desk {
    post post;
    double heard; /* when it last said something, in seconds of listening */
    size_t unit;  /* BUSY: its */
    char order[32];
} desk;

typedef struct office {
    mi_sweep_book *book;
    int count;            /* processes, this one included */
    desk *desks;          /* (count) of each worker */
    unsigned char *taken; /* (units): 1 where the record is there */
    mi_hearing hearing;
    double beat; /* when the next one is due */
    bool stopping;
    mi_code code;
    mi_status *status; /* of the first failure */
} office;

mi_code mi_ranks_open(int *ret_count, mi_status *status)
{
    int rank = 0;
    mi_post_start(&rank, ret_count);
    return rank == 0 ? MI_OK : mi_fail(status, MI_IO, "MPI says that this is rank %d, not 0", rank);
}

static double longest_silence(const office *o)
{
    return mi_ranks_silence(o->book->options);
}

static size_t count_posts(const office *o, post kind)
{
    size_t count = 0;
    for (int i = 1; i < o->count; i++) {
        count += o->desks[i].post == kind;
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

static void say(const office *o, const char *text)
{
    const mi_run *run = &o->book->options->run;
    if (run->opt_notice != NULL) {
        run->opt_notice(run->opt_notice_context, text);
    }
}

/* Its unit goes back to the others. */
static void lose(office *o, int worker)
{
    char text[120];
    desk *d = &o->desks[worker];
    bool at_work = d->post == BUSY && !o->taken[d->unit];
    d->post = LOST;
    if (at_work) {
        mi_sweep_book_return(o->book, d->unit);
    }
    snprintf(text, sizeof text, "rank %d is silent since %g s%s", worker, longest_silence(o),
             at_work && !o->stopping ? "; its unit is computed by another" : "");
    say(o, text);
}

static void tell(office *o, int worker, int tag, const char *text)
{
    mi_status status;
    if (mi_post_send(worker, tag, text, longest_silence(o), &status) != MI_OK) {
        lose(o, worker);
    }
}

/* A unit that was given back may have come in from the one that was thought dead. */
static bool next_unit(office *o, size_t *ret_unit)
{
    bool found = mi_sweep_book_next(o->book, ret_unit);
    while (found && o->taken[*ret_unit]) {
        found = mi_sweep_book_next(o->book, ret_unit);
    }
    return found;
}

static void give_unit(office *o, int worker)
{
    desk *d = &o->desks[worker];
    if (o->stopping || !next_unit(o, &d->unit)) {
        return;
    }
    d->post = BUSY;
    snprintf(d->order, sizeof d->order, "%zu", d->unit);
    tell(o, worker, MI_POST_UNIT, d->order);
}

static void greet(office *o, const mi_message *m)
{
    char own[MI_POST_GREETING];
    mi_status status;
    o->desks[m->from].post = IDLE;
    if (strcmp(m->text, mi_post_greeting(o->book->sweep, own)) != 0) {
        mi_fail(&status, MI_INPUT,
                "rank %d reads another experiment or version (%.60s here, %.60s there)", m->from,
                own, m->text);
        fail(o, MI_INPUT, &status);
    }
}

/* Of two records of a unit, which one whose worker was thought dead may have, the first one counts:
 * they are the same. */
static void take_record(office *o, const mi_message *m)
{
    mi_status status = {.code = MI_OK};
    mi_sweep_head head;
    bool known = mi_sweep_read_head(m->text, &head) && head.unit < o->book->sweep->count;
    o->desks[m->from].post = IDLE;
    if (known && o->taken[head.unit]) {
        return;
    }
    mi_sweep_notice_first(o->book, m->text);
    mi_code code = mi_sweep_book_accept(o->book, m->text, &status);
    if (code != MI_OK) {
        fail(o, code, &status);
    } else {
        o->taken[head.unit] = 1;
    }
}

/* "CODE MESSAGE" */
static void take_failure(office *o, const mi_message *m)
{
    mi_status status;
    char *text = NULL;
    long code = strtol(m->text, &text, 10);
    bool legal = code > MI_OK && code <= MI_INTERRUPTED;
    mi_code failure = legal ? (mi_code)code : MI_IO;
    mi_fail(&status, failure, "rank %d: %.500s", m->from, *text == ' ' ? text + 1 : text);
    o->desks[m->from].post = IDLE;
    if (failure == MI_INTERRUPTED && mi_interrupted(&o->book->options->run)) {
        o->stopping = true; /* all processes are, and this one says so itself */
    } else {
        fail(o, failure, &status);
    }
}

static void handle(office *o, const mi_message *m)
{
    mi_status status;
    desk *d = &o->desks[m->from];
    d->heard = o->hearing.seconds;
    switch (m->tag) {
    case MI_POST_HELLO:
        greet(o, m);
        break;
    case MI_POST_RECORD:
        take_record(o, m);
        break;
    case MI_POST_GAVE_UP:
        take_failure(o, m);
        break;
    case MI_POST_HERE:
        d->post = d->post == ASKED ? IDLE : d->post;
        break;
    case MI_POST_BEAT:
        break;
    default:
        mi_fail(&status, MI_IO, "rank %d sends a message of the unknown kind %d", m->from, m->tag);
        fail(o, MI_IO, &status);
    }
}

/* Read the next message, if there is one; false where there is none. */
static bool hear(office *o)
{
    MPI_Status about;
    mi_message m;
    mi_status status = {.code = MI_OK};
    if (!mi_post_arrived(&about)) {
        return false;
    }
    mi_code code = mi_post_receive(&about, longest_silence(o), &m, &status);
    if (code == MI_OK) {
        handle(o, &m);
    } else if (code == MI_IO) {
        lose(o, m.from); /* died while it was sending */
    } else {
        fail(o, code, &status);
    }
    free(m.text);
    return code != MI_MEMORY && code != MI_INPUT;
}

/* Workers leave when rank 0 is silent, too. */
static void beat(office *o)
{
    bool due = o->hearing.seconds >= o->beat;
    for (int i = 1; due && i < o->count; i++) {
        if (o->desks[i].post != LOST) {
            tell(o, i, MI_POST_BEAT, "");
        }
    }
    o->beat = due ? o->hearing.seconds + MI_POST_BEAT_SECONDS : o->beat;
}

static void give_out(office *o)
{
    for (int i = 1; i < o->count; i++) {
        if (o->desks[i].post == IDLE) {
            give_unit(o, i);
        }
    }
}

/* Only when all that was said is heard. */
static void look_for_lost(office *o)
{
    for (int i = 1; i < o->count; i++) {
        if (o->desks[i].post != LOST &&
            o->hearing.seconds - o->desks[i].heard > longest_silence(o)) {
            lose(o, i);
        }
    }
}

static bool is_open(const office *o, double stopped)
{
    size_t awaited =
        count_posts(o, BUSY) + count_posts(o, ASKED) + (o->stopping ? 0 : count_posts(o, ABSENT));
    return awaited > 0 && !(o->stopping && o->hearing.seconds - stopped > patience);
}

static void distribute(office *o)
{
    long pause = MI_POST_SHORTEST_NAP;
    double stopped = o->hearing.seconds; /* when it was */
    give_out(o);
    while (is_open(o, stopped)) {
        mi_hearing_go_on(&o->hearing);
        o->stopping = o->stopping || mi_interrupted(&o->book->options->run);
        stopped = o->stopping ? stopped : o->hearing.seconds;
        if (hear(o)) {
            pause = MI_POST_SHORTEST_NAP;
        } else {
            look_for_lost(o);
            mi_post_nap(&pause);
        }
        beat(o);
        give_out(o);
    }
}

/* MPI_Finalize waits for all: it is called only if all have just answered. */
static bool are_all_there(office *o)
{
    for (int i = 1; i < o->count; i++) {
        if (o->desks[i].post != IDLE) {
            return false;
        }
    }
    for (int i = 1; i < o->count; i++) {
        o->desks[i].post = ASKED;
        tell(o, i, MI_POST_ASK, "");
    }
    distribute(o);
    return count_posts(o, IDLE) == (size_t)o->count - 1;
}

/* A worker that has not come to say HELLO finds this when it does. */
void mi_ranks_dismiss(void)
{
    int count = 1;
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    for (int worker = 1; worker < count; worker++) {
        mi_post_send(worker, MI_POST_STOP, "", patience, NULL);
    }
    MPI_Finalize();
}

/* There is work, but nobody to do it. */
static void check_left_over(office *o)
{
    size_t unit = 0;
    mi_status status;
    if (!o->stopping && next_unit(o, &unit)) {
        mi_fail(&status, MI_IO, "all other ranks are silent since %g s", longest_silence(o));
        fail(o, MI_IO, &status);
    }
}

static mi_code open_office(office *o, mi_status *status)
{
    MPI_Comm_size(MPI_COMM_WORLD, &o->count);
    mi_hearing_start(&o->hearing);
    mi_code code = mi_allocate((size_t)o->count, sizeof *o->desks, &o->desks, status);
    return code == MI_OK ? mi_allocate(o->book->sweep->count, sizeof *o->taken, &o->taken, status)
                         : code;
}

mi_code mi_ranks_compute(mi_sweep_book *book, mi_status *status)
{
    office o = {.book = book, .code = MI_OK, .status = status};
    mi_code code = open_office(&o, status);
    if (code == MI_OK) {
        distribute(&o);
        check_left_over(&o);
        if (are_all_there(&o)) {
            mi_ranks_dismiss();
        }
        code = o.code == MI_OK && mi_interrupted(&book->options->run)
                   ? mi_fail(status, MI_INTERRUPTED, "interrupted")
                   : o.code;
    }
    free(o.desks);
    free(o.taken);
    return code;
}

/* Orders may still be on their way to the lost, and the others wait for theirs. */
void mi_ranks_end(int exit_status)
{
    int started = 0, ended = 0, rank = 0;
    MPI_Initialized(&started);
    MPI_Finalized(&ended);
    if (!started || ended) {
        return;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        fflush(NULL);
        MPI_Abort(MPI_COMM_WORLD, exit_status);
    }
}
#endif
