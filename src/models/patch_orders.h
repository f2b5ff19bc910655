/* Scores of crops along random orders of their sites. */
#ifndef MASKINFO_MODELS_PATCH_ORDERS_H
#define MASKINFO_MODELS_PATCH_ORDERS_H

#include "lattice.h"
#include "patch_fit.h"
#include "patch_set.h"

/* Rows of one number for each k: the mean over the crops of one replicate, with sites 0..k-1 of the
 * order visible. */
typedef enum mi_patch_row {
    MI_ROW_ENTROPY,       /* evaluation crops: -log p of the next site, nats */
    MI_ROW_GIVEN_SCALE,   /* the same were z known */
    MI_ROW_SQUARED_ERROR, /* of predicting its coordinates, summed */
    MI_ROW_IN_SAMPLE,     /* fitting crops: as MI_ROW_ENTROPY */
    MI_ROW_NEIGHBORS,     /* evaluation crops: -log p of the next site given those of the k visible
                             sites alone that are its lattice neighbours; 0 at k = 0 */
    MI_PATCH_ROWS
} mi_patch_row;

/* Order o scores replicate o mod replicates of each set. lattice is of the sites; rows is (orders,
 * MI_PATCH_ROWS, sites), zeroed. */
mi_code mi_patch_score_orders(const mi_patch_fit *fit, const mi_lattice *lattice,
                              const mi_patch_set *evaluation, const mi_patch_set *fitting,
                              size_t orders, const mi_run *run, double *rows, mi_status *status);

#endif
