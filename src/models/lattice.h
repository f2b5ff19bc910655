/* Neighbour lists of a rectangular lattice; site (row, column) has the index row * columns +
 * column.
 */
#ifndef MASKINFO_MODELS_LATTICE_H
#define MASKINFO_MODELS_LATTICE_H

#include "maskinfo/status.h"

enum { MI_MAX_NEIGHBORS = 8 };

typedef struct mi_lattice {
    size_t rows, columns, sites;
    size_t *degree;                       /* (sites) */
    size_t (*neighbor)[MI_MAX_NEIGHBORS]; /* (sites): the first degree[i] entries of row i */
    size_t edges;                         /* pairs of neighbours */
} mi_lattice;

/* neighbors is 4 (sides touch) or 8 (sides or corners touch). Of a torus opposite sides are joined;
 * its sides must be at least 3, so that no two sites are neighbours twice. */
mi_code mi_lattice_create(size_t rows, size_t columns, int neighbors, bool torus,
                          mi_lattice **ret_lattice, mi_status *status);
void mi_lattice_destroy(mi_lattice *lattice); /* accepts NULL */

#endif
