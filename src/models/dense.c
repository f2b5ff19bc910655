#include "dense.h"

#include <gsl/gsl_cblas.h>
#include <lapack.h>
#include <limits.h>
#include <math.h>
#include <string.h>

static mi_code check_size(size_t n, mi_status *status)
{
    return n <= INT_MAX ? MI_OK : mi_fail(status, MI_INPUT, "a matrix of %zu rows is too large", n);
}

static mi_code bad_pivot(size_t pivot, size_t n, mi_status *status)
{
    return mi_fail(status, MI_NUMERIC,
                   "a matrix of %zu rows is not positive definite in double precision: pivot %zu "
                   "is not positive",
                   n, pivot);
}

mi_code mi_cholesky(double *matrix, size_t n, mi_status *status)
{
    mi_code code = check_size(n, status);
    if (code != MI_OK || n == 0) {
        return code;
    }
    int rows = (int)n, info = 0;
    LAPACK_dpotrf("L", &rows, matrix, &rows, &info);
    if (info > 0) {
        return bad_pivot((size_t)info, n, status);
    }
    /* A NaN compares as neither sign and reaches the last pivot unnoticed. */
    return isfinite(matrix[n * n - 1]) ? MI_OK : bad_pivot(n, n, status);
}

double mi_factor_log_determinant(const double *factor, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        sum += log(factor[k * n + k]);
    }
    return 2 * sum;
}

mi_code mi_invert_lower(double *factor, size_t n, mi_status *status)
{
    mi_code code = check_size(n, status);
    if (code != MI_OK || n == 0) {
        return code;
    }
    int rows = (int)n, info = 0;
    LAPACK_dtrtri("L", "N", &rows, factor, &rows, &info);
    return info == 0 ? MI_OK : bad_pivot((size_t)info, n, status);
}

static void solve(enum CBLAS_TRANSPOSE transpose, const double *factor, size_t n, double *right,
                  size_t count)
{
    if (n > 0 && count > 0) {
        cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, transpose, CblasNonUnit, (int)n,
                    (int)count, 1.0, factor, (int)n, right, (int)n);
    }
}

void mi_solve_lower(const double *factor, size_t n, double *right, size_t count)
{
    solve(CblasNoTrans, factor, n, right, count);
}

void mi_solve_lower_transposed(const double *factor, size_t n, double *right, size_t count)
{
    solve(CblasTrans, factor, n, right, count);
}

/* Blocks of one row: the usual case, kept free of the inner copy. */
static void gather_sites(const double *matrix, size_t n, const size_t *order, size_t count,
                         double *lower)
{
    for (size_t k = 0; k < count; k++) {
        const double *from = matrix + order[k] * n;
        double *to = lower + k * count;
        for (size_t j = k; j < count; j++) {
            to[j] = from[order[j]];
        }
    }
}

/* One column of the block column of the k-th site. */
static void gather_column(const double *from, const size_t *order, size_t k, size_t count,
                          size_t block, double *to)
{
    for (size_t j = k; j < count; j++) {
        memcpy(to + j * block, from + order[j] * block, block * sizeof *to);
    }
}

void mi_gather_lower(const double *matrix, size_t n, const size_t *order, size_t count,
                     size_t block, double *lower)
{
    if (block == 1) {
        gather_sites(matrix, n, order, count, lower);
        return;
    }
    for (size_t k = 0; k < count; k++) {
        for (size_t offset = 0; offset < block; offset++) {
            gather_column(matrix + (order[k] * block + offset) * n, order, k, count, block,
                          lower + (k * block + offset) * count * block);
        }
    }
}

void mi_variances_step_back(const double *factor, size_t n, size_t k, double *variances)
{
    const double *column = factor + k * n;
#pragma omp simd
    for (size_t j = k; j < n; j++) {
        variances[j] += column[j] * column[j];
    }
}
