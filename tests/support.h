/* What several test programs share. */
#ifndef MASKINFO_TESTS_SUPPORT_H
#define MASKINFO_TESTS_SUPPORT_H

/* cmocka.h needs these four first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "maskinfo/run.h"

/* Fail unless |actual - expected| <= tolerance; prints both with full precision. */
#define assert_near(actual, expected, tolerance)                                                   \
    support_near((actual), (expected), (tolerance), #actual, __FILE__, __LINE__)

static inline void support_near(double actual, double expected, double tolerance, const char *text,
                                const char *file, int line)
{
    if (!(fabs(actual - expected) <= tolerance)) {
        print_error("%s = %.17g, expected %.17g +- %.3g\n", text, actual, expected, tolerance);
        _fail(file, line);
    }
}

/* A run with a fixed seed and two threads. */
static inline mi_run support_run(uint64_t seed)
{
    return (mi_run){.seed = seed, .threads = 2};
}

#endif
