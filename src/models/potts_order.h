/* In which order to sum sites out of a lattice field: chosen for each set of hidden sites by
 * counted cost. Summing a site out couples its remaining neighbours to one another; those are its
 * scope, and the step costs q^(1 + scope) additions. */
#ifndef MASKINFO_MODELS_POTTS_ORDER_H
#define MASKINFO_MODELS_POTTS_ORDER_H

#include <stdint.h>

#include "lattice.h"

/* Workspace of the choice; sized for a whole lattice, one per thread. */
typedef struct mi_potts_order {
    const mi_lattice *lattice;
    size_t states; /* q */
    size_t width;  /* largest scope allowed */
    size_t count;  /* hidden sites */
    size_t *site;  /* (sites) the order chosen: site[0] is summed out first */
    double cost;   /* of the order chosen: sum over its steps of q^(1 + scope) */

    /* Of the order under trial; sites have the labels 0..count-1 of one numbering. */
    size_t words;       /* of a row of `adjacent` in use */
    uint64_t *adjacent; /* (sites, words) remaining neighbours as bits */
    uint32_t *priority; /* (sites) the lowest is summed out next, ties by label */
    size_t *degree;     /* (sites) remaining neighbours */
    size_t *by_label;   /* (sites) site of a label */
    size_t *label;      /* (sites) label of a site; sites where it is not hidden */
    size_t *trial;      /* (sites) */
    uint64_t *affected; /* (words) */
} mi_potts_order;

/* `width` is at least the frontier of the sweep along the longer side. */
mi_code mi_potts_order_create(const mi_lattice *lattice, size_t states, size_t width,
                              mi_potts_order **ret_order, mi_status *status);
void mi_potts_order_destroy(mi_potts_order *order); /* accepts NULL */

/* Choose order->site[0..count-1] for the sites with hidden[i] != 0. Tried are, from each of four
 * corners, the greedy order of least fill (Rose 1972; ties by degree), a front that advances where
 * it stays narrowest (King 1970), and the plain sweep by rows or columns; the first one that is
 * cheaper than another trial would be ends the search. No trial may exceed `width`; the plain
 * sweep along the longer side never does. */
void mi_potts_order_choose(mi_potts_order *order, const unsigned char *hidden);

/* The plain sweep along the longer side, whatever is hidden. */
void mi_potts_order_sweep(mi_potts_order *order, const unsigned char *hidden);

#endif
