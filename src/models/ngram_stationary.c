#include "ngram_stationary.h"

#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

enum { MAX_ITERATIONS = 50000 };
static const double small_change = 1e-14;

/* now becomes (now + to) / 2 with to = now P: the fixed point is that of P, and there is no period.
 * Returns the total change. */
static double mix(double *now, const double *to, size_t states)
{
    double change = 0;
    for (size_t i = 0; i < states; i++) {
        double value = (now[i] + to[i]) / 2;
        change += fabs(value - now[i]);
        now[i] = value;
    }
    return change;
}

/* Once, at the end: dividing by a rounded sum at each step would be a change that never ends. */
static void normalize(double *law, size_t states)
{
    double total = 0;
    for (size_t i = 0; i < states; i++) {
        total += law[i];
    }
    for (size_t i = 0; i < states; i++) {
        law[i] /= total;
    }
}

/* Where n steps made the change small, the error is still about n/30 times the change; n/2 more
 * steps divide it by 10^7. */
mi_code mi_stationary_find(mi_chain_step step, const void *chain, size_t states, double *stationary,
                           mi_status *status)
{
    double *buffer = NULL, change = 1;
    mi_code code = mi_allocate(2 * states, sizeof *buffer, &buffer, status);
    if (code != MI_OK) {
        return code;
    }
    size_t last = MAX_ITERATIONS;
    for (size_t i = 0; i < last; i++) {
        step(chain, stationary, buffer, buffer + states);
        change = mix(stationary, buffer + states, states);
        if (last == MAX_ITERATIONS && change <= small_change) {
            last = i + 1 + i / 2;
        }
    }
    free(buffer);
    if (change > small_change) {
        return mi_fail(status, MI_NUMERIC,
                       "the stationary law of the text's model did not settle in %d steps (the "
                       "last moved %.3g of it); raise smoothing",
                       MAX_ITERATIONS, change);
    }
    normalize(stationary, states);
    return MI_OK;
}
