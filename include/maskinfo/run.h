/* The circumstances of a run (seed, threads, progress, interruption) and the parallel loop. */
#ifndef MASKINFO_RUN_H
#define MASKINFO_RUN_H

#include <signal.h>
#include <stdint.h>

#include "maskinfo/status.h"

/* Called from one thread at a time, which may be one that the library has started (a sweep reports
 * from the thread of its journal). `stage` names the work, for people; what follows a semicolon in
 * it is news of the same work ("training; loss 0.31"). total 0 announces a new piece of work by its
 * heading. */
typedef void (*mi_progress_function)(void *context, const char *stage, size_t done, size_t total);

/* Something that the person who waits should know now; called from one thread at a time. */
typedef void (*mi_notice_function)(void *context, const char *text);

typedef struct mi_run {
    uint64_t seed;                              /* default 1 */
    int threads;                                /* >= 1 */
    mi_progress_function opt_progress;          /* NULL: silent */
    void *opt_progress_context;                 /* owned by the caller */
    const volatile sig_atomic_t *opt_interrupt; /* non-zero: stop soon; NULL: never */
    bool validate_only; /* models check their parameters and data and skip costly fits; the state
                           may then be NULL */
    mi_notice_function opt_notice; /* NULL: not told */
    void *opt_notice_context;      /* owned by the caller */
} mi_run;

/* Has a stop been asked for? */
static inline bool mi_interrupted(const mi_run *run)
{
    return run->opt_interrupt != NULL && *run->opt_interrupt != 0;
}

/* Once per process, before the first computation: switches GSL's aborting error handler off and
 * sets OpenBLAS to one thread per caller, because parallelism here is over independent units of
 * work, which keeps results identical at any thread count. */
void mi_start(void);

/* One unit of work. `thread` is in 0..threads-1, for scratch space that the caller made. */
typedef mi_code (*mi_work)(size_t index, size_t thread, void *context, mi_status *status);

/* Run work(0..count-1) on run->threads threads, in any order, until all are done, one has failed
 * or an interrupt is asked for. The status is that of the failed unit with the smallest index among
 * those that ran. Work must write only to memory that its index or thread owns. */
mi_code mi_parallel_for(const mi_run *run, const char *stage, size_t count, mi_work work,
                        void *context, mi_status *status);

#endif
