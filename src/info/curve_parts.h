/* The parts of which every curve is built, whatever its numbers come from. */
#ifndef MASKINFO_INFO_CURVE_PARTS_H
#define MASKINFO_INFO_CURVE_PARTS_H

#include "maskinfo/curve.h"

/* A curve without quantities. MI_INPUT: no ratios, not increasing, not in (0, 1). */
mi_code mi_curve_create(const double *ratios, size_t points, mi_curve **ret_curve,
                        mi_status *status);

/* Room for `replicates` of a quantity, zeroed. */
mi_code mi_curve_add(mi_curve *curve, mi_quantity q, size_t replicates, mi_status *status);

/* Means and errors of everything present. A model that left the finite numbers is stopped here,
 * before its numbers reach a fit or a result (MI_NUMERIC). */
mi_code mi_curve_summarise(mi_curve *curve, mi_status *status);

#endif
