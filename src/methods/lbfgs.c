#include "lbfgs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

enum { PAIRS = 20 }; /* differences kept */

/* Armijo's condition, and the smallest step tried. */
static const double sufficient = 1e-4, smallest_step = 1e-12;

typedef struct search {
    size_t n;
    double *x, *gradient;         /* (n), the present point */
    double *next, *next_gradient; /* (n), the trial point */
    double *direction;            /* (n) */
    double *s, *y;                /* (PAIRS, n), differences of points and of gradients */
    double rho[PAIRS];            /* 1 / s.y */
    size_t kept, newest;
    double value;
} search;

/* In an order that depends on n alone; BLAS's may depend on where the memory is aligned. */
static double dot(const double *a, const double *b, size_t n)
{
    enum { LANES = 8 };
    double lanes[LANES] = {0}, rest = 0;
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            lanes[l] += a[i + l] * b[i + l];
        }
    }
    for (size_t i = whole; i < n; i++) {
        rest += a[i] * b[i];
    }
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
           ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7])) + rest;
}

static void add(double *a, double factor, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        a[i] += factor * b[i];
    }
}

static double largest(const double *a, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++) {
        top = fmax(top, fabs(a[i]));
    }
    return top;
}

/* direction = -H gradient by the two-loop recursion (algorithm 7.4), H_0 = s.y / y.y of the newest
 * pair; without pairs a step of at most unit length. */
static void find_direction(search *w)
{
    double alpha[PAIRS], *q = w->direction;
    size_t n = w->n;
    for (size_t i = 0; i < n; i++) {
        q[i] = -w->gradient[i];
    }
    if (w->kept == 0) {
        double length = sqrt(dot(q, q, n));
        double scale = length > 1 ? 1 / length : 1;
        for (size_t i = 0; i < n; i++) {
            q[i] *= scale;
        }
        return;
    }
    for (size_t k = 0; k < w->kept; k++) {
        size_t p = (w->newest + PAIRS - k) % PAIRS;
        alpha[p] = w->rho[p] * dot(w->s + p * n, q, n);
        add(q, -alpha[p], w->y + p * n, n);
    }
    const double *y = w->y + w->newest * n;
    double scale = 1 / (w->rho[w->newest] * dot(y, y, n));
    for (size_t i = 0; i < n; i++) {
        q[i] *= scale;
    }
    for (size_t k = w->kept; k-- > 0;) {
        size_t p = (w->newest + PAIRS - k) % PAIRS;
        double beta = w->rho[p] * dot(w->y + p * n, q, n);
        add(q, alpha[p] - beta, w->s + p * n, n);
    }
}

/* Keep the differences of the step, and make the trial point the present one. A pair without
 * curvature beyond rounding would spoil H, and is left out. */
static void accept(search *w, double value)
{
    size_t n = w->n, p = w->kept == 0 ? 0 : (w->newest + 1) % PAIRS;
    double *s = w->s + p * n, *y = w->y + p * n;
    for (size_t i = 0; i < n; i++) {
        s[i] = w->next[i] - w->x[i];
        y[i] = w->next_gradient[i] - w->gradient[i];
    }
    double curvature = dot(s, y, n);
    if (curvature > 1e-14 * sqrt(dot(s, s, n) * dot(y, y, n))) {
        w->rho[p] = 1 / curvature;
        w->newest = p;
        w->kept += w->kept < PAIRS;
    } else {
        w->kept = 0;
    }
    memcpy(w->x, w->next, n * sizeof *w->x);
    memcpy(w->gradient, w->next_gradient, n * sizeof *w->gradient);
    w->value = value;
}

/* Halve the step until the value falls enough. Close to the minimum values differ by rounding
 * alone; then a smaller slope along the direction tells descent (Hager and Zhang 2005, approximate
 * Wolfe conditions). */
static mi_code step(search *w, mi_smooth function, void *context, mi_status *status)
{
    double slope = dot(w->direction, w->gradient, w->n);
    for (double t = 1; t > smallest_step; t /= 2) {
        for (size_t i = 0; i < w->n; i++) {
            w->next[i] = w->x[i] + t * w->direction[i];
        }
        double value = 0;
        mi_code code = function(w->next, &value, w->next_gradient, context, status);
        if (code != MI_OK) {
            return code;
        }
        double next_slope = dot(w->direction, w->next_gradient, w->n);
        bool falls = value <= w->value + sufficient * t * slope;
        bool level = value <= w->value + 1e-12 * fabs(w->value) && fabs(next_slope) < -slope;
        if (falls || level) {
            accept(w, value);
            return MI_OK;
        }
    }
    return mi_fail(status, MI_NUMERIC, "no descent from a gradient of %.3g",
                   largest(w->gradient, w->n));
}

static mi_code run_search(search *w, mi_smooth function, void *context, double tolerance,
                          size_t limit, size_t *ret_iterations, mi_status *status)
{
    mi_code code = function(w->x, &w->value, w->gradient, context, status);
    size_t k = 0;
    for (; code == MI_OK && largest(w->gradient, w->n) > tolerance; k++) {
        if (k == limit) {
            return mi_fail(status, MI_NUMERIC,
                           "no minimum after %zu iterations: the gradient is %.3g, tolerance %.3g",
                           limit, largest(w->gradient, w->n), tolerance);
        }
        find_direction(w);
        code = step(w, function, context, status);
    }
    *ret_iterations = k;
    return code;
}

mi_code mi_lbfgs(mi_smooth function, void *context, size_t n, double tolerance, size_t limit,
                 double *x, size_t *ret_iterations, mi_status *status)
{
    double *block = NULL;
    mi_code code = mi_allocate(n, (4 + 2 * PAIRS) * sizeof *block, &block, status);
    if (code != MI_OK) {
        return code;
    }
    search w = {.n = n,
                .x = x,
                .gradient = block,
                .next = block + n,
                .next_gradient = block + 2 * n,
                .direction = block + 3 * n,
                .s = block + 4 * n,
                .y = block + (4 + PAIRS) * n};
    code = run_search(&w, function, context, tolerance, limit, ret_iterations, status);
    free(block);
    return code;
}
