#include "ergodic.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

typedef struct graph {
    const double *transition;
    size_t states;
} graph;

static bool has_arc(const graph *g, size_t from, size_t to, bool reversed)
{
    return (reversed ? g->transition[to * g->states + from]
                     : g->transition[from * g->states + to]) > 0;
}

/* Breadth-first levels (states) from state 0, along the arcs or against them; `states` marks what
 * is not reached. queue is (states). */
static void find_levels(const graph *g, bool reversed, size_t *levels, size_t *queue)
{
    size_t head = 0, tail = 1;
    for (size_t i = 0; i < g->states; i++) {
        levels[i] = g->states;
    }
    levels[0] = 0;
    queue[0] = 0;
    while (head < tail) {
        size_t from = queue[head++];
        for (size_t to = 0; to < g->states; to++) {
            if (levels[to] == g->states && has_arc(g, from, to, reversed)) {
                levels[to] = levels[from] + 1;
                queue[tail++] = to;
            }
        }
    }
}

/* The first state that is not reached, `states` where all are. */
static size_t first_unreached(const graph *g, const size_t *levels)
{
    size_t state = 0;
    while (state < g->states && levels[state] < g->states) {
        state++;
    }
    return state;
}

static size_t common_divisor(size_t a, size_t b)
{
    while (b != 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The period of a strongly connected graph is the greatest common divisor of level(i) + 1 -
 * level(j) over its arcs i -> j, levels from any breadth-first search (Denardo 1977, "Periods of
 * connected networks and powers of nonnegative matrices", doi:10.1287/moor.2.1.20). */
static size_t find_period(const graph *g, const size_t *levels)
{
    size_t period = 0;
    for (size_t i = 0; i < g->states; i++) {
        for (size_t j = 0; j < g->states; j++) {
            if (has_arc(g, i, j, false)) {
                size_t ahead = levels[i] + 1;
                size_t gap = ahead > levels[j] ? ahead - levels[j] : levels[j] - ahead;
                period = common_divisor(period, gap);
            }
        }
    }
    return period;
}

static mi_code check_graph(const graph *g, size_t *levels, size_t *queue, const char *place,
                           mi_status *status)
{
    find_levels(g, true, levels, queue);
    size_t lost = first_unreached(g, levels);
    if (lost < g->states) {
        return mi_fail_at(status, place,
                          "is reducible: state 0 can not be reached from state %zu; every state "
                          "must be reachable from every other",
                          lost);
    }
    find_levels(g, false, levels, queue);
    lost = first_unreached(g, levels);
    if (lost < g->states) {
        return mi_fail_at(status, place,
                          "is reducible: state %zu can not be reached from state 0; every state "
                          "must be reachable from every other",
                          lost);
    }
    size_t period = find_period(g, levels);
    if (period != 1) {
        return mi_fail_at(status, place,
                          "is periodic with period %zu; it must be aperiodic (one positive "
                          "diagonal entry is enough)",
                          period);
    }
    return MI_OK;
}

mi_code mi_check_ergodic(const double *transition, size_t states, const char *place,
                         mi_status *status)
{
    graph g = {transition, states};
    size_t *work = NULL;
    mi_code code = mi_allocate(2 * states, sizeof *work, &work, status);
    if (code != MI_OK) {
        return code;
    }
    code = check_graph(&g, work, work + states, place, status);
    free(work);
    return code;
}

/* matrix = P^T - I with its last row replaced by ones; right = (0, ..., 0, 1). */
static void fill_system(const double *transition, size_t states, double *matrix, double *right)
{
    for (size_t i = 0; i < states; i++) {
        for (size_t j = 0; j < states; j++) {
            double entry = transition[j * states + i] - (i == j ? 1 : 0);
            matrix[i * states + j] = i + 1 == states ? 1 : entry;
        }
        right[i] = i + 1 == states ? 1 : 0;
    }
}

static mi_code solve_system(double *matrix, const double *right, size_t states, double *law,
                            mi_status *status)
{
    gsl_matrix_view a = gsl_matrix_view_array(matrix, states, states);
    gsl_vector_const_view b = gsl_vector_const_view_array(right, states);
    gsl_vector_view x = gsl_vector_view_array(law, states);
    gsl_permutation *permutation = gsl_permutation_alloc(states);
    int sign = 0;
    if (permutation == NULL) {
        return mi_fail(status, MI_MEMORY, "no memory for a permutation of %zu", states);
    }
    int failed = gsl_linalg_LU_decomp(&a.matrix, permutation, &sign);
    if (!failed) {
        failed = gsl_linalg_LU_solve(&a.matrix, permutation, &b.vector, &x.vector);
    }
    gsl_permutation_free(permutation);
    return failed ? mi_fail(status, MI_NUMERIC, "no stationary law found: singular system") : MI_OK;
}

/* The solve leaves an absolute error of one rounding, which can make a rare state's entry negative.
 * Clipping and one step of the chain, a sum of non-negative terms, restores it. work is (states).
 */
static mi_code polish(const double *transition, size_t states, double *law, double *work,
                      mi_status *status)
{
    double sum = 0;
    for (size_t i = 0; i < states; i++) {
        work[i] = fmax(law[i], 0);
    }
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)states, (int)states, 1, transition, (int)states,
                work, 1, 0, law, 1);
    for (size_t i = 0; i < states; i++) {
        if (!(law[i] > 0) || !isfinite(law[i])) {
            return mi_fail(status, MI_NUMERIC,
                           "the stationary probability of state %zu is too small to be computed",
                           i);
        }
        sum += law[i];
    }
    for (size_t i = 0; i < states; i++) {
        law[i] /= sum;
    }
    return MI_OK;
}

mi_code mi_stationary_law(const double *transition, size_t states, double *law, mi_status *status)
{
    double *matrix = NULL, *right = NULL;
    size_t entries = 0;
    mi_code code = mi_product(states, states, &entries, status);
    if (code == MI_OK) {
        code = mi_allocate(entries, sizeof *matrix, &matrix, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(states, sizeof *right, &right, status);
    }
    if (code == MI_OK) {
        fill_system(transition, states, matrix, right);
        code = solve_system(matrix, right, states, law, status);
    }
    if (code == MI_OK) {
        code = polish(transition, states, law, right, status);
    }
    free(matrix);
    free(right);
    return code;
}
