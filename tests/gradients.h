/* Gradients against central differences, for test programs in double precision. */
#ifndef MASKINFO_TESTS_GRADIENTS_H
#define MASKINFO_TESTS_GRADIENTS_H

#include "support.h"

#include <gsl/gsl_randist.h>

#include "maskinfo/random.h"
#include "maskinfo/tensors.h"

typedef double (*gradients_loss)(void *context);

/* Entry by entry and with its sign, `analytic` (count) is the derivative of the loss by x (count):
 * the largest difference is below `tolerance` of the largest derivative of this tensor. A central
 * difference with step 1e-5 is off by about 1e-10 of a loss of order 1. */
static inline void gradients_check(const char *name, size_t count, mi_scalar *x,
                                   const mi_scalar *analytic, gradients_loss loss, void *context,
                                   double tolerance)
{
    const mi_scalar step = (mi_scalar)1e-5;
    double scale = 0, worst = 0;
    size_t where = 0;
    for (size_t i = 0; i < count; i++) {
        mi_scalar held = x[i];
        x[i] = held + step;
        double up = loss(context);
        x[i] = held - step;
        double down = loss(context);
        x[i] = held;
        double numeric = (up - down) / (2 * (double)step);
        double error = fabs((double)analytic[i] - numeric);
        scale = fmax(scale, fabs(numeric));
        if (!(error <= worst)) {
            worst = error;
            where = i;
        }
    }
    if (!(worst <= tolerance * scale)) {
        print_error("%s[%zu]: off by %.3g, %.3g of the tensor's %.3g\n", name, where, worst,
                    worst / scale, scale);
        fail();
    }
}

static inline void gradients_check_tensors(const mi_tensors *tensors, mi_scalar *values,
                                           const mi_scalar *gradient, gradients_loss loss,
                                           void *context, double tolerance)
{
    for (size_t i = 0; i < tensors->count; i++) {
        const mi_tensor *t = &tensors->items[i];
        gradients_check(t->name, t->count, values + t->offset, gradient + t->offset, loss, context,
                        tolerance);
    }
}

/* Normal numbers with mean `mean` and deviation `deviation`. */
static inline void gradients_fill(gsl_rng *stream, size_t count, double mean, double deviation,
                                  mi_scalar *x)
{
    for (size_t i = 0; i < count; i++) {
        x[i] = (mi_scalar)(mean + gsl_ran_gaussian(stream, deviation));
    }
}

/* sum of w x: a loss whose gradient by x is w. */
static inline double gradients_weigh(size_t count, const mi_scalar *w, const mi_scalar *x)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)w[i] * (double)x[i];
    }
    return sum;
}

#endif
