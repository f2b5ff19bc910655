/* How much of the information between input and prototype is left at the end. */
#include <math.h>

#include "maskinfo/dynamics.h"

enum { QUARTERS = 4 };

typedef struct batch {
    const mi_dynamics *dynamics;
    double amplitude;
    size_t steps;
    uint64_t seed, index;
    double *information;
} batch;

static mi_code run_one(size_t index, size_t thread, void *context, mi_status *status)
{
    const batch *b = context;
    size_t from = b->steps - b->steps / QUARTERS - 1;
    mi_simulation s;
    double sum = 0;
    (void)thread;
    mi_code code =
        mi_simulation_start(&s, b->dynamics, b->amplitude, b->seed, b->index + index, status);
    for (size_t step = 0; code == MI_OK && step < b->steps; step++) {
        sum += step >= from ? mi_simulation_outputs(&s).information : 0;
        mi_simulation_step(&s);
    }
    b->information[index] = sum / (double)(b->steps - from);
    mi_simulation_free(&s);
    return code;
}

mi_code mi_simulate_information(const mi_dynamics *d, double amplitude, size_t steps, size_t count,
                                uint64_t index, const mi_run *run, double *information,
                                mi_status *status)
{
    batch b = {d, amplitude, steps, run->seed, index, information};
    return mi_parallel_for(run, "inputs and prototypes", count, run_one, &b, status);
}
