/* Replicates that share a unit of data (an image) are not independent: they are averaged into one
 * replicate a unit, so that standard errors and intervals are over units. */
#ifndef MASKINFO_INFO_UNITS_H
#define MASKINFO_INFO_UNITS_H

#include "maskinfo/curve.h"

/* Fold the (samples) replicates of every quantity of the curve, replicate j being of units[j]; the
 * new ones are in the order of the units' first appearance. MI_INPUT where there is only one unit:
 * then nothing is known of the error. */
mi_code mi_units_fold(mi_curve *curve, const size_t *units, size_t samples, mi_status *status);

#endif
