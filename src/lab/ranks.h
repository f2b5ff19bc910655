/* Workers of a sweep in other processes, by MPI (build with MPI=1). Rank 0 has the book and gives
 * out units; the others compute them and send their records:
 *
 *     worker -> 0   HELLO (version and key), RECORD (of the unit), GAVE_UP (code and message)
 *     0 -> worker   UNIT (its index), STOP
 *
 * A worker has one unit at a time. One that is not needed any more is told so when none is at work:
 * MPI_Finalize waits for all, and does so at full speed. */
#ifndef MASKINFO_LAB_RANKS_H
#define MASKINFO_LAB_RANKS_H

#include "sweep.h"

/* Rank 0: meet the others. *ret_count is how many processes there really are. */
mi_code mi_ranks_open(int *ret_count, mi_status *status);

/* Rank 0: have all pending units computed, by processes that read the same experiment, and part. */
mi_code mi_ranks_compute(mi_sweep_book *book, mi_status *status);

/* Rank 0, in the place of that: send the others home. */
void mi_ranks_dismiss(void);

/* The other ranks: compute what is asked for, until there is no more. */
mi_code mi_ranks_work(const mi_sweep *s, const mi_run_options *options, mi_status *status);

#endif
