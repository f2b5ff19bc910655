#include "maskinfo/run.h"

#include <gsl/gsl_errno.h>
#include <omp.h>
#include <stdatomic.h>

/* OpenBLAS' own entry point; its header collides with GSL's CBLAS prototypes. */
void openblas_set_num_threads(int threads);

void mi_start(void)
{
    gsl_set_error_handler_off();
    openblas_set_num_threads(1);
}

typedef struct loop {
    const mi_run *run;
    const char *stage;
    size_t count;
    atomic_size_t done;
    atomic_bool stop;
    size_t failed_index; /* smallest failed index so far; guarded by the critical section */
    mi_status failure;
} loop;

static void note_failure(loop *l, size_t index, const mi_status *failure)
{
#pragma omp critical(mi_loop_failure)
    {
        if (index < l->failed_index) {
            l->failed_index = index;
            l->failure = *failure;
        }
    }
    atomic_store(&l->stop, true);
}

static void run_unit(loop *l, size_t index, mi_work work, void *context)
{
    if (atomic_load(&l->stop)) {
        return;
    }
    if (mi_interrupted(l->run)) {
        mi_status failure;
        mi_fail(&failure, MI_INTERRUPTED, "interrupted during %s", l->stage);
        note_failure(l, index, &failure);
        return;
    }
    mi_status failure = {.code = MI_OK};
    size_t thread = (size_t)omp_get_thread_num();
    mi_code code = work(index, thread, context, &failure);
    if (code != MI_OK) {
        failure.code = code;
        note_failure(l, index, &failure);
        return;
    }
    size_t done = atomic_fetch_add(&l->done, 1) + 1;
    if (thread == 0 && l->run->opt_progress != NULL) {
        l->run->opt_progress(l->run->opt_progress_context, l->stage, done, l->count);
    }
}

mi_code mi_parallel_for(const mi_run *run, const char *stage, size_t count, mi_work work,
                        void *context, mi_status *status)
{
    loop l = {.run = run, .stage = stage, .count = count, .failed_index = (size_t)-1};
    atomic_init(&l.done, 0);
    atomic_init(&l.stop, false);
#pragma omp parallel for schedule(dynamic, 1) num_threads(run->threads)
    for (size_t i = 0; i < count; i++) {
        run_unit(&l, i, work, context);
    }
    if (l.failed_index != (size_t)-1) {
        if (status != NULL) {
            *status = l.failure;
        }
        return l.failure.code;
    }
    if (run->opt_progress != NULL) {
        run->opt_progress(run->opt_progress_context, stage, count, count);
    }
    return MI_OK;
}
