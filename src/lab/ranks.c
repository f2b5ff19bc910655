#include "ranks.h"

#include <stdlib.h>

#include "maskinfo/ranks.h"

/* Open MPI; srun with PMIx; MPICH and srun with PMI. */
static const char *const variables[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                           {"PMIX_RANK", "SLURM_NTASKS"},
                                           {"PMI_RANK", "PMI_SIZE"}};

mi_ranks mi_ranks_read(void)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *rank = getenv(variables[i][0]), *count = getenv(variables[i][1]);
        if (rank != NULL && count != NULL && atoi(count) > 1 && atoi(rank) >= 0 &&
            atoi(rank) < atoi(count)) {
            return (mi_ranks){atoi(rank), atoi(count)};
        }
    }
    return (mi_ranks){0, 1};
}

#ifndef MI_MPI

mi_code mi_ranks_open(int *ret_count, mi_status *status)
{
    *ret_count = 1;
    return mi_fail(status, MI_INPUT,
                   "one of %d processes that share the sweep, but built without MPI: make MPI=1 "
                   "builds build/mpi/maskinfo",
                   mi_ranks_read().count);
}

mi_code mi_ranks_compute(mi_sweep_book *book, mi_status *status)
{
    return mi_sweep_threads(book, status);
}

void mi_ranks_dismiss(void)
{
}

void mi_ranks_end(int exit_status)
{
    (void)exit_status;
}

mi_code mi_ranks_work(const mi_sweep *s, const mi_run_options *options, mi_status *status)
{
    (void)s;
    (void)options;
    (void)status;
    return MI_OK; /* rank 0 tells what is wrong */
}

#endif
