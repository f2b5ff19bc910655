/* Messages between the processes of a sweep, by MPI; nothing in it waits for one that has died.
 * What ranks_office.c (rank 0) and ranks_worker.c share. */
#ifndef MASKINFO_LAB_RANKS_POST_H
#define MASKINFO_LAB_RANKS_POST_H

#include "ranks.h"

#ifdef MI_MPI

#include <mpi.h>

/* worker -> 0: HELLO .. HERE, 0 -> worker: UNIT .. STOP, and BEAT in both directions. */
enum {
    MI_POST_HELLO = 1, /* version and key */
    MI_POST_RECORD,    /* of the unit */
    MI_POST_GAVE_UP,   /* "CODE MESSAGE" */
    MI_POST_HERE,      /* the answer to ASK */
    MI_POST_UNIT,      /* its index */
    MI_POST_ASK,       /* is there somebody? */
    MI_POST_STOP,      /* MPI_Finalize, all together */
    MI_POST_BEAT       /* this one lives */
};

/* Longer records than a column of long texts makes are a fault; the int of MPI's counts is far. */
enum { MI_POST_LIMIT = 1 << 24, MI_POST_GREETING = 64 };

/* Between two beats, in seconds. */
#define MI_POST_BEAT_SECONDS 1.0

typedef struct mi_message {
    int from, tag;
    char *text; /* (size), and a zero behind it; free() */
    size_t size;
} mi_message;

void mi_post_start(int *ret_rank, int *ret_count);
/* What must be the same in all processes, for them to compute the same numbers; returns text. */
char *mi_post_greeting(const mi_sweep *s, char text[MI_POST_GREETING]);

/* Is there a message? MPI_Recv would wait for it at full speed. */
bool mi_post_arrived(MPI_Status *ret_about);
/* Take it in, and send one (an empty text, or one that stays until it is gone), for so many seconds
 * at most. MI_IO where the other one does not move; its text must then stay for ever. */
mi_code mi_post_receive(const MPI_Status *about, double patience, mi_message *ret_message,
                        mi_status *status);
mi_code mi_post_send(int to, int tag, const char *text, double patience, mi_status *status);

/* Sleep for *pause nanoseconds, and double it up to a limit. */
enum { MI_POST_SHORTEST_NAP = 50000 };
void mi_post_nap(long *pause);

/* Seconds of listening: those that a process spends otherwise (a slow disk, a halted machine) do
 * not count as the silence of another. */
typedef struct mi_hearing {
    struct timespec last;
    double seconds;
} mi_hearing;

void mi_hearing_start(mi_hearing *h);
double mi_hearing_go_on(mi_hearing *h); /* returns h->seconds */

#endif
#endif
