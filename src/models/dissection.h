/* Nested dissection of a rectangular lattice by its geometry (George 1973, "Nested dissection of a
 * regular finite element mesh", doi:10.1137/0710032): the sites of a line that halves the rectangle
 * come last, the two halves before it in the same manner. The factor of a matrix coupled along the
 * lattice then has O(N log N) entries and costs O(N^1.5). The order induced on any subset of the
 * sites is a nested dissection too, so that one order serves all masks.
 */
#ifndef MASKINFO_MODELS_DISSECTION_H
#define MASKINFO_MODELS_DISSECTION_H

#include <stdbool.h>
#include <stddef.h>

/* order (rows*columns) becomes the sites, the first to be eliminated first. Separators are
 * `thickness` lines wide, as far as couplings reach. A torus is cut open along both its sides. */
void mi_dissection_order(size_t rows, size_t columns, bool torus, size_t thickness, size_t *order);

#endif
