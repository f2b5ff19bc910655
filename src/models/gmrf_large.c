#include "gmrf_large.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dissection.h"
#include "gmrf_torus.h"
#include "maskinfo/memory.h"

enum { MAX_ENTRIES = MI_MAX_NEIGHBORS / 2 + 1 }; /* of a row of Q in one triangle */

void mi_gmrf_large_destroy(mi_gmrf_large *opt_large)
{
    if (opt_large != NULL) {
        free(opt_large->order);
        free(opt_large->pairs);
        free(opt_large->response);
        free(opt_large);
    }
}

/* Measured on square grids of side 250, 500 and 1000 with 8 neighbours: the factor of a lattice,
 * the stack of fronts and what is kept per site. The wide pattern of the whole free field has
 * separators twice as thick. */
mi_gmrf_estimate mi_gmrf_estimate_memory(double sites, bool torus)
{
    double levels = log2(sites + 2);
    return (mi_gmrf_estimate){.once = sites * (torus ? 200 : 1000 + 85 * levels),
                              .thread = sites * (300 + 50 * levels)};
}

/* Place in a row of pairs of the site `down` rows below and `right` columns to the right, -2..2,
 * itself or after it: 0..2 in the same row, 3..7 in the next, 8..12 in the one after. */
static size_t pair_place(size_t down, long right)
{
    return (size_t)((long)down * 5 + right);
}

static double free_pair(const mi_gmrf *gmrf, size_t i, size_t j)
{
    size_t columns = gmrf->lattice->columns;
    size_t first = i < j ? i : j, second = i < j ? j : i;
    long right = (long)(second % columns) - (long)(first % columns);
    return gmrf->large
        ->pairs[first * MI_PAIRS + pair_place(second / columns - first / columns, right)];
}

static size_t around(size_t a, size_t b, size_t side)
{
    size_t d = a > b ? a - b : b - a;
    return d < side - d ? d : side - d;
}

static double torus_pair(const mi_gmrf *gmrf, size_t i, size_t j)
{
    size_t rows = gmrf->lattice->rows, columns = gmrf->lattice->columns;
    size_t down = around(i / columns, j / columns, rows);
    size_t right = around(i % columns, j % columns, columns);
    return gmrf->large->pairs[pair_place(down, (long)right)];
}

double mi_gmrf_large_regular(const mi_gmrf *gmrf, size_t i, size_t j)
{
    return gmrf->torus ? torus_pair(gmrf, i, j) : free_pair(gmrf, i, j);
}

mi_code mi_gmrf_large_solver(const mi_gmrf *gmrf, mi_sparse **ret_solver, mi_status *status)
{
    size_t n = gmrf->lattice->sites;
    return mi_sparse_create(n, MAX_ENTRIES * n, ret_solver, status);
}

size_t mi_gmrf_large_list(const mi_gmrf *gmrf, const unsigned char *opt_masked, unsigned char want,
                          size_t *sites, size_t *position)
{
    const mi_gmrf_large *large = gmrf->large;
    size_t n = gmrf->lattice->sites, count = 0;
    for (size_t k = 0; k < n; k++) {
        size_t i = large->order[k];
        bool listed = opt_masked == NULL ? i != large->left_out : opt_masked[i] == want;
        position[i] = listed ? count : n;
        if (listed) {
            sites[count++] = i;
        }
    }
    return count;
}

mi_code mi_gmrf_large_factorise(const mi_gmrf *gmrf, const size_t *sites, const size_t *position,
                                size_t count, mi_sparse *solver, mi_status *status)
{
    const mi_lattice *lattice = gmrf->lattice;
    int64_t at = 0;
    for (size_t p = 0; p < count; p++) {
        size_t i = sites[p];
        solver->start[p] = at;
        solver->row[at] = (int64_t)p;
        solver->value[at++] = gmrf->kappa + (double)lattice->degree[i];
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            size_t q = position[lattice->neighbor[i][e]];
            if (q > p && q < count) {
                solver->row[at] = (int64_t)q;
                solver->value[at++] = -1;
            }
        }
    }
    solver->start[count] = at;
    return mi_sparse_factorise(solver, count, status);
}

static void take_variances(void *context, const mi_front *front)
{
    double *variance = context;
    for (size_t a = 0; a < front->own; a++) {
        variance[front->rows[a]] = front->inverse[a * front->count + a];
    }
}

mi_code mi_gmrf_large_conditional(mi_sparse *solver, double *residual, double *variance,
                                  mi_status *status)
{
    mi_code code = mi_sparse_solve(solver, residual, status);
    return code == MI_OK ? mi_sparse_inverse(solver, take_variances, variance, status) : code;
}

/* w = Q_mm^-1 1 in the order of the list; Sigma_ss. The factor stays. */
static mi_code find_response(const mi_gmrf *gmrf, const size_t *position, size_t count,
                             mi_sparse *solver, double *w, double *ret_variance, mi_status *status)
{
    const mi_lattice *lattice = gmrf->lattice;
    size_t s = gmrf->large->left_out;
    double sum = 1;
    for (size_t p = 0; p < count; p++) {
        w[p] = 1;
    }
    mi_code code = mi_sparse_solve(solver, w, status);
    for (size_t e = 0; code == MI_OK && e < lattice->degree[s]; e++) {
        sum += w[position[lattice->neighbor[s][e]]];
    }
    *ret_variance = 1 / (gmrf->kappa * sum);
    return code;
}

/* x_s = Sigma_ss g^T Q x, because g^T Q is 1 / Sigma_ss at s and 0 elsewhere; then
 * x_m = Q_mm^-1 (Q x)_m + g_m x_s. `rest` and `w` are in the order of the list. */
static void set_configuration(const mi_gmrf *gmrf, const double *rest, const double *w,
                              double variance, const size_t *sites, size_t count,
                              double *innovation)
{
    size_t s = gmrf->large->left_out;
    double sum = innovation[s];
    for (size_t p = 0; p < count; p++) {
        sum += (1 - gmrf->kappa * w[p]) * innovation[sites[p]];
    }
    double held = variance * sum;
    for (size_t p = 0; p < count; p++) {
        innovation[sites[p]] = rest[p] + (1 - gmrf->kappa * w[p]) * held;
    }
    innovation[s] = held;
}

mi_code mi_gmrf_large_configuration(const mi_gmrf *gmrf, size_t *sites, size_t *position,
                                    mi_sparse *solver, double *rest, double *w, double *innovation,
                                    mi_status *status)
{
    size_t count = mi_gmrf_large_list(gmrf, NULL, 1, sites, position);
    double variance = 0;
    mi_code code = mi_gmrf_large_factorise(gmrf, sites, position, count, solver, status);
    if (code != MI_OK ||
        (code = find_response(gmrf, position, count, solver, w, &variance, status)) != MI_OK) {
        return code;
    }
    for (size_t p = 0; p < count; p++) {
        rest[p] = innovation[sites[p]];
    }
    code = mi_sparse_solve(solver, rest, status);
    if (code == MI_OK) {
        set_configuration(gmrf, rest, w, variance, sites, count, innovation);
    }
    return code;
}

/* What the creation of the whole free field works with. */
typedef struct field {
    mi_gmrf *gmrf;
    mi_sparse *solver;
    size_t *sites, *position; /* (N) */
    double *w;                /* (N) */
} field;

static void field_free(field *f)
{
    mi_sparse_destroy(f->solver);
    free(f->sites);
    free(f->position);
    free(f->w);
}

/* Is there a site `down` rows and `right` columns from i, -2..2, that has a neighbour in common
 * with it, is one or is i itself? */
static bool find_pair(const mi_lattice *lattice, int neighbors, size_t i, long down, long right,
                      size_t *ret_other)
{
    long row = (long)(i / lattice->columns) + down, column = (long)(i % lattice->columns) + right;
    if (row < 0 || row >= (long)lattice->rows || column < 0 || column >= (long)lattice->columns ||
        (neighbors == 4 && labs(down) + labs(right) > 2)) {
        return false;
    }
    *ret_other = (size_t)row * lattice->columns + (size_t)column;
    return true;
}

static double precision(const mi_gmrf *gmrf, size_t i, size_t j)
{
    const mi_lattice *lattice = gmrf->lattice;
    if (i == j) {
        return gmrf->kappa + (double)lattice->degree[i];
    }
    for (size_t e = 0; e < lattice->degree[i]; e++) {
        if (lattice->neighbor[i][e] == j) {
            return -1;
        }
    }
    return 0;
}

/* Lower triangle of Q_mm by the order of the list, with zeros for the other pairs. */
static void fill_wide(field *f, int neighbors, size_t count)
{
    const mi_lattice *lattice = f->gmrf->lattice;
    int64_t at = 0;
    for (size_t p = 0; p < count; p++) {
        f->solver->start[p] = at;
        for (long step = 0; step < 25; step++) {
            size_t j = 0, i = f->sites[p];
            if (find_pair(lattice, neighbors, i, step / 5 - 2, step % 5 - 2, &j) &&
                f->position[j] >= p && f->position[j] < count) {
                f->solver->row[at] = (int64_t)f->position[j];
                f->solver->value[at++] = precision(f->gmrf, i, j);
            }
        }
    }
    f->solver->start[count] = at;
}

/* Does S of the two sites belong into the table, and where? */
static bool find_place(const mi_lattice *lattice, size_t i, size_t j, size_t *ret_place)
{
    size_t first = i < j ? i : j, second = i < j ? j : i, columns = lattice->columns;
    size_t down = second / columns - first / columns;
    long right = (long)(second % columns) - (long)(first % columns);
    if (down > 2 || labs(right) > 2) {
        return false;
    }
    *ret_place = first * MI_PAIRS + pair_place(down, right);
    return true;
}

static void take_pairs(void *context, const mi_front *front)
{
    const field *f = context;
    for (size_t b = 0; b < front->own; b++) {
        size_t i = f->sites[front->rows[b]], place = 0;
        for (size_t a = b; a < front->count; a++) {
            if (find_place(f->gmrf->lattice, i, f->sites[front->rows[a]], &place)) {
                f->gmrf->large->pairs[place] = front->inverse[b * front->count + a];
            }
        }
    }
}

static mi_code stopped(const mi_run *run, mi_status *status)
{
    bool stop = mi_interrupted(run);
    return stop ? mi_fail(status, MI_INTERRUPTED, "interrupted during the field's variances")
                : MI_OK;
}

static mi_code field_init(field *f, int neighbors, size_t *ret_count, mi_status *status)
{
    mi_gmrf_large *large = f->gmrf->large;
    const mi_lattice *lattice = f->gmrf->lattice;
    size_t n = lattice->sites;
    mi_code code = mi_sparse_create(n, MI_PAIRS * n, &f->solver, status);
    if (code != MI_OK || (code = mi_allocate(n, sizeof *f->sites, &f->sites, status)) != MI_OK ||
        (code = mi_allocate(n, sizeof *f->position, &f->position, status)) != MI_OK ||
        (code = mi_allocate(n, sizeof *f->w, &f->w, status)) != MI_OK) {
        return code;
    }
    mi_dissection_order(lattice->rows, lattice->columns, false, 2, large->order);
    large->left_out = large->order[n - 1];
    *ret_count = mi_gmrf_large_list(f->gmrf, NULL, 1, f->sites, f->position);
    fill_wide(f, neighbors, *ret_count);
    return MI_OK;
}

/* g, a, log|Q| and S out of the factor. */
static mi_code take_field(field *f, size_t count, mi_status *status)
{
    mi_gmrf *gmrf = f->gmrf;
    mi_gmrf_large *large = gmrf->large;
    mi_code code = find_response(gmrf, f->position, count, f->solver, f->w, &gmrf->common, status);
    if (code != MI_OK) {
        return code;
    }
    gmrf->log_determinant = mi_sparse_log_determinant(f->solver) - log(gmrf->common);
    for (size_t p = 0; p < count; p++) {
        large->response[f->sites[p]] = 1 - gmrf->kappa * f->w[p];
    }
    large->response[large->left_out] = 1;
    return mi_sparse_inverse(f->solver, take_pairs, f, status);
}

static mi_code create_free(mi_gmrf *gmrf, int neighbors, const mi_run *run, mi_status *status)
{
    size_t n = gmrf->lattice->sites, count = 0;
    mi_gmrf_large *large = gmrf->large;
    field f = {.gmrf = gmrf};
    mi_code code = mi_allocate(n * MI_PAIRS, sizeof *large->pairs, &large->pairs, status);
    if (code == MI_OK) {
        code = mi_allocate(n, sizeof *large->response, &large->response, status);
    }
    if (code == MI_OK && (code = field_init(&f, neighbors, &count, status)) == MI_OK &&
        (code = stopped(run, status)) == MI_OK &&
        (code = mi_sparse_factorise(f.solver, count, status)) == MI_OK &&
        (code = stopped(run, status)) == MI_OK) {
        code = take_field(&f, count, status);
    }
    field_free(&f);
    return code;
}

static mi_code create_torus(mi_gmrf *gmrf, mi_status *status)
{
    size_t n = gmrf->lattice->sites, columns = gmrf->lattice->columns;
    mi_gmrf_large *large = gmrf->large;
    double *covariances = NULL;
    mi_code code = mi_allocate(MI_PAIRS, sizeof *large->pairs, &large->pairs, status);
    if (code == MI_OK) {
        code = mi_allocate(n, sizeof *covariances, &covariances, status);
    }
    if (code == MI_OK && (code = mi_torus_covariances(gmrf, covariances, status)) == MI_OK) {
        for (size_t step = 0; step < 9; step++) {
            size_t down = step / 3 % gmrf->lattice->rows, right = step % 3 % columns;
            large->pairs[pair_place(step / 3, (long)(step % 3))] =
                covariances[down * columns + right];
        }
        gmrf->log_determinant = mi_torus_log_determinant(gmrf);
        gmrf->common = 1 / (gmrf->kappa * (double)n);
    }
    free(covariances);
    return code;
}

mi_code mi_gmrf_large_create(mi_gmrf *gmrf, int neighbors, const mi_run *run, mi_status *status)
{
    const mi_lattice *lattice = gmrf->lattice;
    mi_code code = mi_allocate(1, sizeof *gmrf->large, &gmrf->large, status);
    if (code != MI_OK || run->validate_only ||
        (code = mi_allocate(lattice->sites, sizeof *gmrf->large->order, &gmrf->large->order,
                            status)) != MI_OK) {
        return code;
    }
    code = gmrf->torus ? create_torus(gmrf, status) : create_free(gmrf, neighbors, run, status);
    mi_dissection_order(lattice->rows, lattice->columns, gmrf->torus, 1, gmrf->large->order);
    gmrf->large->left_out =
        gmrf->torus ? gmrf->large->order[lattice->sites - 1] : gmrf->large->left_out;
    return code;
}
