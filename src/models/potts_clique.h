/* The table of one clique of an elimination, never stored: its entries are products of a factor
 * over the clique's fast indices, one over its slow ones, and the messages of its children, formed
 * a row of fast indices at a time. Internal to the sweep. */
#ifndef MASKINFO_MODELS_POTTS_CLIQUE_H
#define MASKINFO_MODELS_POTTS_CLIQUE_H

#include <stdbool.h>
#include <stdint.h>

#include "potts_plan.h"

/* A child's message lies at high_map[x,h] + low_map[l] for the entry (x, h, l) of the table: x the
 * symbol of the site summed out, h and l the slow and fast indices of its scope. */
typedef struct mi_potts_view {
    size_t child;
    uint32_t *low_map;  /* (low) */
    uint32_t *high_map; /* (q, high) */
    bool plain;         /* low_map[l] == l */
} mi_potts_view;

typedef struct mi_potts_clique {
    size_t states;       /* q */
    size_t low, high;    /* extents of l and h; low * high = q^scope */
    double *low_factor;  /* (q, low) couplings to the fast sites of the scope */
    double *high_factor; /* (q, high) field, and couplings to the slow ones */
    double *row;         /* (low) */
    mi_potts_view *views;
    size_t children;
    size_t view_room, factor_room; /* allocated: views; q * max(low, high) */
} mi_potts_clique;

/* Buffers for every clique of the plan. */
mi_code mi_potts_clique_fit(mi_potts_clique *clique, const mi_potts_plan *plan, size_t states,
                            mi_status *status);
void mi_potts_clique_free(mi_potts_clique *clique);

/* Become the clique of place p. field is (q): the site's own factor; weight is e^coupling. */
void mi_potts_clique_set(mi_potts_clique *clique, const mi_potts_plan *plan,
                         const mi_lattice *lattice, double weight, const double *field, size_t p);

/* clique->row = the factors at (x, h), a row of l. */
void mi_potts_clique_factors(mi_potts_clique *clique, size_t x, size_t h);

/* row[l] *= the child's message, and message[...] += row[l]. */
void mi_potts_clique_multiply(mi_potts_clique *clique, const mi_potts_view *view,
                              const double *message, size_t x, size_t h);
void mi_potts_clique_scatter(const mi_potts_clique *clique, const mi_potts_view *view,
                             double *message, size_t x, size_t h);

#endif
