/* Workers of a sweep in other processes, by MPI (build with MPI=1). Rank 0 has the book and gives
 * out units; the others compute them and send their records (ranks_post.h has the messages).
 *
 * A worker has one unit at a time. All show every second that they live; a worker that does not is
 * taken for dead, and its unit given to another. One that is not needed any more is told so when
 * none is at work: MPI_Finalize waits for all, at full speed, and of the dead for ever. Where one
 * is lost it is not called: rank 0 ends the job when all is written (mi_ranks_end). */
#ifndef MASKINFO_LAB_RANKS_H
#define MASKINFO_LAB_RANKS_H

#include "sweep.h"

/* For how many seconds a worker may be silent: --silence, or by default long enough for a swapping
 * machine or a network that stalls, and short beside the restart of a job. */
static inline double mi_ranks_silence(const mi_run_options *options)
{
    return options->silence > 0 ? options->silence : 30;
}

/* Rank 0: meet the others. *ret_count is how many processes there really are. */
mi_code mi_ranks_open(int *ret_count, mi_status *status);

/* Rank 0: have all pending units computed, by processes that read the same experiment, and part. */
mi_code mi_ranks_compute(mi_sweep_book *book, mi_status *status);

/* Rank 0, in the place of that: send the others home. */
void mi_ranks_dismiss(void);

/* The other ranks: compute what is asked for, until there is no more. */
mi_code mi_ranks_work(const mi_sweep *s, const mi_run_options *options, mi_status *status);

#endif
