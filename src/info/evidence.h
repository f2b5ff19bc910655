/* Is there any information in a curve at all? */
#ifndef MASKINFO_INFO_EVIDENCE_H
#define MASKINFO_INFO_EVIDENCE_H

#include "maskinfo/status.h"

/* Nats below which information is rounding: the difference of two entropies of order 1 to 20. */
extern const double mi_information_floor;

/* NULL where at least one point lies above rounding and three standard errors (opt_error may be
 * NULL: none known), else the reason why there is nothing to fit or to maximise. */
const char *mi_no_evidence(const double *information, const double *opt_error, size_t points);

#endif
