/* Exact sums over the hidden sites of a Potts field (docs/theory.md, section 3.4)
 *
 *     p(x) = exp(coupling * sum over edges [x_i = x_j]) / Z,     x_i in 0..q-1,
 *
 * by summing sites out one after another. Visible sites are no part of the sweep: they act on their
 * hidden neighbours as fields, and cost nothing.
 *
 *     mi_potts_sweep_hide(sweep, hidden, &status);
 *     mi_potts_sweep_observe(sweep, symbols);
 *     double log_sum = mi_potts_sweep_forward(sweep);
 *     mi_potts_sweep_backward(sweep, posterior, NULL);
 */
#ifndef MASKINFO_MODELS_POTTS_SWEEP_H
#define MASKINFO_MODELS_POTTS_SWEEP_H

#include <gsl/gsl_rng.h>

#include "potts_clique.h"

/* A plan and the messages of one set of hidden sites, with the workspace of a sweep. One per
 * thread; a sweep after `forward` may be shared for sampling. */
typedef struct mi_potts_sweep {
    const mi_lattice *lattice;
    size_t states;
    double weight[MI_MAX_NEIGHBORS + 1]; /* e^(coupling * number of equal neighbours) */
    mi_potts_order *order;
    mi_potts_plan *plan;
    double *field; /* (count, q) by place: what the visible neighbours contribute */
    mi_potts_clique clique;
    double *message; /* (plan->room) towards the end of the order; after `backward` against it */
    double *outside; /* (outside_room) messages to the children of one clique */
    size_t message_room, outside_room;
} mi_potts_sweep;

/* Sites in the widest scope of the plain sweep along the longer side. */
size_t mi_potts_frontier(size_t rows, size_t columns, int neighbors);

/* frontier <= MI_POTTS_WIDTH. The lattice is the caller's and stays. */
mi_code mi_potts_sweep_create(const mi_lattice *lattice, size_t frontier, size_t states,
                              double coupling, mi_potts_sweep **ret_sweep, mi_status *status);
void mi_potts_sweep_destroy(mi_potts_sweep *sweep); /* accepts NULL */

/* Choose the order for the sites with hidden[i] != 0. */
mi_code mi_potts_sweep_hide(mi_potts_sweep *sweep, const unsigned char *hidden, mi_status *status);

/* The same with the plain sweep along the longer side. */
mi_code mi_potts_sweep_hide_plain(mi_potts_sweep *sweep, const unsigned char *hidden,
                                  mi_status *status);

/* Fields from the symbols (sites) of the visible sites; those of hidden ones are not read. */
void mi_potts_sweep_observe(mi_potts_sweep *sweep, const unsigned char *symbols);

/* log of the sum over the hidden sites of exp(coupling * equal edges with a hidden end). */
double mi_potts_sweep_forward(mi_potts_sweep *sweep);

/* After `forward`: p(x_i = y | visible) of each hidden site at posterior[i q + y], (sites, q). The
 * messages are used up. opt_log_factor: the mean under the posterior of the exponent that `forward`
 * sums. */
void mi_potts_sweep_backward(mi_potts_sweep *sweep, double *posterior, double *opt_log_factor);

/* After `forward`: draw the hidden sites from p(x_m | x_v) into symbols (sites). */
void mi_potts_sweep_sample(const mi_potts_sweep *sweep, gsl_rng *stream, unsigned char *symbols);

#endif
