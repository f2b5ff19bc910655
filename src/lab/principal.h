/* Principal components of a few vectors as colours. */
#ifndef MASKINFO_LAB_PRINCIPAL_H
#define MASKINFO_LAB_PRINCIPAL_H

#include "maskinfo/scalar.h"
#include "maskinfo/status.h"

enum { MI_COLOURS = 3 };

/* The first three principal components of vectors (count, size), centred over all of them. Each is
 * scaled to 0 .. 1 between its quantiles 2 % and 98 % and cut off there; rgb is (count, 3). A
 * component's sign is such that its largest loading (the first of those) is positive, so that the
 * colours are the same ones each time. explained (3): shares of the variance. Where there are fewer
 * than three components, or one does not vary, its colour is 1/2. MI_INPUT: a value that is not
 * finite. MI_NUMERIC: the eigenvectors were not found. */
mi_code mi_principal_colours(size_t count, size_t size, const mi_scalar *vectors, double *rgb,
                             double explained[MI_COLOURS], mi_status *status);

#endif
