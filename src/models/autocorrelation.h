/* How many steps of a Markov chain are worth one independent draw. */
#ifndef MASKINFO_MODELS_AUTOCORRELATION_H
#define MASKINFO_MODELS_AUTOCORRELATION_H

#include <stddef.h>

/* Integrated autocorrelation time 1 + 2 sum_{t=1}^{M} rho(t) of values (count), in steps: the mean
 * of the values has the variance of count / time independent ones. The window M is the smallest
 * with M >= 5 times the time summed so far (Sokal 1997, "Monte Carlo methods in statistical
 * mechanics", section 3; Madras and Sokal 1988, appendix C). At least 1; 1 for constant values;
 * where the window does not close before count / 2 the sum until there. O(count M). */
double mi_autocorrelation_time(const double *values, size_t count);

#endif
