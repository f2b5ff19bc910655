/* Does a transition matrix have one stationary law that every start converges to? */
#ifndef MASKINFO_MODELS_ERGODIC_H
#define MASKINFO_MODELS_ERGODIC_H

#include "maskinfo/status.h"

/* MI_OK where the chain of `transition` (states, states) is irreducible and aperiodic; else a fault
 * at `place` that names a state that can not be reached, or the period. O(states^2). */
mi_code mi_check_ergodic(const double *transition, size_t states, const char *place,
                         mi_status *status);

/* Stationary law of an ergodic chain: law (states) solves law P = law, sum law = 1. O(states^3). */
mi_code mi_stationary_law(const double *transition, size_t states, double *law, mi_status *status);

#endif
