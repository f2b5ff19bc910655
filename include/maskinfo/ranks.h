/* Processes that a launcher (mpirun, srun) started together. */
#ifndef MASKINFO_RANKS_H
#define MASKINFO_RANKS_H

/* Which one of how many this is, by the launcher's environment variables: {0, 1} where it runs
 * alone. Needs no MPI. */
typedef struct mi_ranks {
    int rank, count;
} mi_ranks;

mi_ranks mi_ranks_read(void);

/* The last call of a process, when everything is written: ends those that a sweep has lost, or left
 * waiting. Does not return where there are such. */
void mi_ranks_end(int exit_status);

#endif
