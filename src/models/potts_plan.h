/* The steps of an elimination laid out for computing: scopes, the tree that their messages form,
 * and where each message lies.
 *
 * Place p of the order has the clique {p} + scope(p) of hidden sites; summing p out leaves a
 * message over its scope, which is a factor of the clique of the earliest place in it, its parent
 * (Shafer and Shenoy 1990; Lauritzen and Spiegelhalter 1988). Each site has a colour that none of
 * its clique shares, and tables run over their sites in the order of colours, the lowest fastest:
 * so the messages of a sweep agree on most of their fast indices and are read in stretches. */
#ifndef MASKINFO_MODELS_POTTS_PLAN_H
#define MASKINFO_MODELS_POTTS_PLAN_H

#include "potts_order.h"

enum {
    MI_POTTS_WIDTH = 16, /* largest scope of any plan: q^scope is at most 2^16 */
    MI_POTTS_STATES = 64 /* largest q */
};

typedef struct mi_potts_plan {
    size_t count;         /* hidden sites */
    size_t *site;         /* (count) site of a place */
    size_t *place;        /* (sites) place of a hidden site; sites where it is visible */
    unsigned char *width; /* (count) sites in the scope */
    unsigned char *color; /* (count) */
    size_t *parent;       /* (count) `count` where the scope is empty */
    size_t *child;        /* (count) first of the places whose parent this is; `count`: none */
    size_t *sibling;      /* (count) the next one with the same parent; `count`: none */
    size_t *offset;       /* (count) of the message among all messages */
    size_t room;          /* numbers in all messages */
    size_t (*scope)[MI_POTTS_WIDTH]; /* (count) places, highest colour first */
    size_t *mark;                    /* (count) workspace */
    double cost;                     /* additions of a sweep */
} mi_potts_plan;

mi_code mi_potts_plan_create(size_t sites, mi_potts_plan **ret_plan, mi_status *status);
void mi_potts_plan_destroy(mi_potts_plan *plan); /* accepts NULL */

/* The plan of the order that `order` holds. */
void mi_potts_plan_make(mi_potts_plan *plan, const mi_potts_order *order);

#endif
