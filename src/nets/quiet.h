/* Loops inside a training step: they tell no progress, and what changes weights is not stopped half
 * way. */
#ifndef MI_NETS_QUIET_H
#define MI_NETS_QUIET_H

#include "maskinfo/run.h"

static inline mi_run mi_quiet_run(const mi_run *run, bool interruptible)
{
    mi_run quiet = *run;
    quiet.opt_progress = NULL;
    quiet.opt_interrupt = interruptible ? run->opt_interrupt : NULL;
    return quiet;
}

#endif
