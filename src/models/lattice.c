#include "lattice.h"

#include <stdlib.h>

#include "maskinfo/memory.h"

/* The four steps to a side come first. */
static const int steps[MI_MAX_NEIGHBORS][2] = {
    {-1, 0}, {0, -1}, {0, 1}, {1, 0}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1},
};

/* position + step in 0..side-1, wrapped around on a torus; false where it leaves a free lattice. */
static bool move(size_t position, int step, size_t side, bool torus, size_t *ret_position)
{
    if ((step < 0 && position == 0) || (step > 0 && position == side - 1)) {
        *ret_position = step < 0 ? side - 1 : 0;
        return torus;
    }
    *ret_position = step < 0 ? position - 1 : position + (size_t)step;
    return true;
}

static void link_site(mi_lattice *lattice, size_t site, int neighbors, bool torus)
{
    size_t row = site / lattice->columns, column = site % lattice->columns;
    for (int s = 0; s < neighbors; s++) {
        size_t to_row = 0, to_column = 0;
        if (move(row, steps[s][0], lattice->rows, torus, &to_row) &&
            move(column, steps[s][1], lattice->columns, torus, &to_column)) {
            lattice->neighbor[site][lattice->degree[site]++] =
                to_row * lattice->columns + to_column;
        }
    }
}

mi_code mi_lattice_create(size_t rows, size_t columns, int neighbors, bool torus,
                          mi_lattice **ret_lattice, mi_status *status)
{
    size_t sites = 0, ends = 0;
    mi_lattice *lattice = NULL;
    mi_code code = mi_product(rows, columns, &sites, status);
    if (code != MI_OK || (code = mi_allocate(1, sizeof *lattice, &lattice, status)) != MI_OK) {
        return code;
    }
    lattice->rows = rows;
    lattice->columns = columns;
    lattice->sites = sites;
    if ((code = mi_allocate(sites, sizeof *lattice->degree, &lattice->degree, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *lattice->neighbor, &lattice->neighbor, status)) !=
            MI_OK) {
        mi_lattice_destroy(lattice);
        return code;
    }
    for (size_t site = 0; site < sites; site++) {
        link_site(lattice, site, neighbors, torus);
        ends += lattice->degree[site];
    }
    lattice->edges = ends / 2;
    *ret_lattice = lattice;
    return MI_OK;
}

void mi_lattice_destroy(mi_lattice *lattice)
{
    if (lattice != NULL) {
        free(lattice->degree);
        free(lattice->neighbor);
        free(lattice);
    }
}
