/* One term of a Kullback-Leibler divergence, written so that no sum of them cancels. */
#ifndef MASKINFO_MODELS_DIVERGENCE_H
#define MASKINFO_MODELS_DIVERGENCE_H

#include <math.h>

/* phi(x) = (1+x) log(1+x) - x >= 0 for x >= -1. For distributions p and q over the same symbols
 *     KL(p || q) = sum q phi(p/q - 1),
 * because the sum of q (p/q - 1) is zero. Every term is non-negative, so a divergence of 1e-20 is
 * found as such, where sum p log(p/q) would drown it in rounding.
 * Near 0 by its series x^2/2 - x^3/6 + x^4/12 - x^5/20 + x^6/30 - ..., whose next term is below
 * 1e-16 of the first for |x| < 1e-3. */
static inline double mi_divergence_term(double x)
{
    if (x <= -1) {
        return 1;
    }
    if (fabs(x) < 1e-3) {
        return x * x * (1 / 2.0 - x * (1 / 6.0 - x * (1 / 12.0 - x * (1 / 20.0 - x / 30))));
    }
    return (1 + x) * log1p(x) - x;
}

#endif
