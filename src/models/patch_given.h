/* Density of one site of a crop given a few others, under a fitted density of crops. */
#ifndef MASKINFO_MODELS_PATCH_GIVEN_H
#define MASKINFO_MODELS_PATCH_GIVEN_H

#include "lattice.h"
#include "patch_fit.h"

/* Room for up to MI_MAX_NEIGHBORS known sites and `crops` crops. */
typedef struct mi_given_room {
    size_t crops;
    double *factor; /* of the covariance of all these sites */
    double *panel;  /* (their coordinates, crops) */
    double *unit;   /* (their coordinates) */
    double *terms;  /* (2, 2, scales) of the known sites and of all */
} mi_given_room;

mi_code mi_given_room_create(const mi_patch_fit *fit, size_t block, size_t crops,
                             mi_given_room **ret_room, mi_status *status);
void mi_given_room_destroy(mi_given_room *room); /* accepts NULL */

/* Sum over crops of -log p(x_i | x_S): `sites` are the `known` ones S and then i; centred is
 * (dimension, count) x - mean, count at most room->crops. With known 0 it is -log p(x_i). */
mi_code mi_patch_given(const mi_patch_fit *fit, size_t block, const size_t *sites, size_t known,
                       const double *centred, size_t count, mi_given_room *room, double *ret_sum,
                       mi_status *status);

/* The lattice neighbours of a site that are not masked, and the site itself behind them; returns
 * how many neighbours. sites has room for MI_MAX_NEIGHBORS + 1. */
size_t mi_visible_neighbors(const mi_lattice *lattice, const unsigned char *masked, size_t site,
                            size_t *sites);

#endif
