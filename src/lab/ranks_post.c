#include "ranks_post.h"

#ifdef MI_MPI

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab.h"
#include "maskinfo/memory.h"

static const long longest_nap = 2000000; /* ns */

void mi_post_start(int *ret_rank, int *ret_count)
{
    int level = 0;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, ret_rank);
    MPI_Comm_size(MPI_COMM_WORLD, ret_count);
}

char *mi_post_greeting(const mi_sweep *s, char text[MI_POST_GREETING])
{
    snprintf(text, MI_POST_GREETING, "%s %s", MI_VERSION, s->key);
    return text;
}

void mi_post_nap(long *pause)
{
    nanosleep(&(struct timespec){.tv_nsec = *pause}, NULL);
    *pause = 2 * *pause < longest_nap ? 2 * *pause : longest_nap;
}

void mi_hearing_start(mi_hearing *h)
{
    h->seconds = 0;
    clock_gettime(CLOCK_MONOTONIC, &h->last);
}

double mi_hearing_go_on(mi_hearing *h)
{
    double passed = mi_lab_seconds_since(&h->last);
    clock_gettime(CLOCK_MONOTONIC, &h->last);
    h->seconds += passed < MI_POST_BEAT_SECONDS ? passed : MI_POST_BEAT_SECONDS;
    return h->seconds;
}

bool mi_post_arrived(MPI_Status *ret_about)
{
    int there = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, ret_about);
    return there != 0;
}

/* MPI_Wait, but not for ever. */
static bool complete(MPI_Request *request, double patience)
{
    struct timespec start;
    long pause = MI_POST_SHORTEST_NAP;
    int done = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    bool good = MPI_Test(request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS;
    while (good && !done && mi_lab_seconds_since(&start) < patience) {
        mi_post_nap(&pause);
        good = MPI_Test(request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS;
    }
    return good && done;
}

/* The text of a message that stops on its way is not released: MPI may still write to it. */
static mi_code take_in(const MPI_Status *about, double patience, mi_message *m, mi_status *status)
{
    MPI_Request request;
    if (MPI_Irecv(m->text, (int)m->size, MPI_CHAR, m->from, m->tag, MPI_COMM_WORLD, &request) !=
            MPI_SUCCESS ||
        !complete(&request, patience)) {
        m->text = NULL;
        return mi_fail(status, MI_IO, "a message of rank %d could not be received",
                       about->MPI_SOURCE);
    }
    return MI_OK;
}

mi_code mi_post_receive(const MPI_Status *about, double patience, mi_message *ret_message,
                        mi_status *status)
{
    int size = 0;
    MPI_Get_count(about, MPI_CHAR, &size);
    *ret_message = (mi_message){about->MPI_SOURCE, about->MPI_TAG, NULL, 0};
    if (size < 0 || size > MI_POST_LIMIT) {
        return mi_fail(status, MI_INPUT,
                       "rank %d sends a message of %d bytes; at most %d are legal",
                       about->MPI_SOURCE, size, MI_POST_LIMIT);
    }
    ret_message->size = (size_t)size;
    mi_code code = mi_allocate(ret_message->size + 1, 1, &ret_message->text, status);
    return code == MI_OK ? take_in(about, patience, ret_message, status) : code;
}

mi_code mi_post_send(int to, int tag, const char *text, double patience, mi_status *status)
{
    MPI_Request request;
    size_t size = strlen(text);
    if (size > MI_POST_LIMIT) {
        return mi_fail(status, MI_INPUT, "a record of %zu bytes; at most %d can be sent", size,
                       MI_POST_LIMIT);
    }
    return MPI_Isend(text, (int)size, MPI_CHAR, to, tag, MPI_COMM_WORLD, &request) == MPI_SUCCESS &&
                   complete(&request, patience)
               ? MI_OK
               : mi_fail(status, MI_IO, "rank %d can not be reached", to);
}
#endif
