/* Loopy belief propagation on a Potts field (sum-product: Pearl 1988; Kschischang, Frey and
 * Loeliger 2001): approximate posteriors, and the Bethe approximation of log Z (Yedidia, Freeman
 * and Weiss 2005). Exact where the hidden sites form no loop. */
#ifndef MASKINFO_MODELS_POTTS_BELIEF_H
#define MASKINFO_MODELS_POTTS_BELIEF_H

#include <stdbool.h>

#include "lattice.h"

typedef struct mi_potts_belief {
    const mi_lattice *lattice;
    size_t states;
    double weight;          /* e^coupling */
    unsigned char *reverse; /* (sites, 8) which neighbour a site is of its neighbour */
    unsigned char *hidden;  /* (sites) */
    double *field;          /* (sites, q) what the visible neighbours contribute */
    double *message;   /* (sites, 8, q) from neighbour e to the site: 1 + (weight-1) c(y), c the
                          neighbour's law without the site */
    size_t iterations; /* of the last propagation */
    double change;     /* largest change of a law c in its last iteration */
    bool converged;    /* change below 1e-12 */
} mi_potts_belief;

mi_code mi_potts_belief_create(const mi_lattice *lattice, size_t states, double coupling,
                               mi_potts_belief **ret_belief, mi_status *status);
void mi_potts_belief_destroy(mi_potts_belief *belief); /* accepts NULL */

/* Messages between the hidden sites (hidden[i] != 0) given the symbols of the others, updated site
 * by site, forwards and backwards in turn, from uniform laws until they settle; damped by a half
 * after 100 iterations; given up after 1000 (`converged` is then false and the last messages
 * stand). */
void mi_potts_belief_propagate(mi_potts_belief *belief, const unsigned char *hidden,
                               const unsigned char *symbols);

/* posterior[i q + y] of the hidden sites, (sites, q); and the Bethe approximation of the log of the
 * sum over the hidden sites of exp(coupling * equal edges with a hidden end). */
void mi_potts_belief_posterior(const mi_potts_belief *belief, double *posterior);
double mi_potts_belief_log_sum(const mi_potts_belief *belief);

#endif
