#include "maskinfo/gaussian.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sf_psi.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

/* Samples divided by their standard deviation, which no information depends on, and their
 * covariance. */
typedef struct table {
    size_t count, dimensions;
    double *values; /* (dimensions, count), centred */
    double *matrix; /* (dimensions, dimensions) */
    double *work;   /* (dimensions, dimensions) */
} table;

static void table_free(table *t)
{
    free(t->values);
    free(t->matrix);
    free(t->work);
}

static mi_code table_open(const mi_points *p, table *t, mi_status *status)
{
    size_t d = p->x_dimensions + p->y_dimensions, size = 0, square = 0;
    t->count = p->count;
    t->dimensions = d;
    mi_code code = mi_product(d, p->count, &size, status);
    if (code == MI_OK) {
        code = mi_product(d, d, &square, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *t->values, &t->values, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(square, sizeof *t->matrix, &t->matrix, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(square, sizeof *t->work, &t->work, status);
    }
    return code;
}

static void fill(const mi_points *p, table *t)
{
    size_t n = p->count;
    memcpy(t->values, p->x, p->x_dimensions * n * sizeof *p->x);
    memcpy(t->values + p->x_dimensions * n, p->y, p->y_dimensions * n * sizeof *p->y);
    for (size_t c = 0; c < t->dimensions; c++) {
        double *row = t->values + c * n;
        double mean = gsl_stats_mean(row, 1, n), sd = gsl_stats_sd_m(row, 1, n, mean);
        for (size_t i = 0; i < n; i++) {
            row[i] = sd > 0 ? (row[i] - mean) / sd : 0;
        }
    }
    gsl_matrix_view rows = gsl_matrix_view_array(t->values, t->dimensions, n);
    gsl_matrix_view matrix = gsl_matrix_view_array(t->matrix, t->dimensions, t->dimensions);
    gsl_blas_dgemm(CblasNoTrans, CblasTrans, 1.0 / (double)(n - 1), &rows.matrix, &rows.matrix, 0,
                   &matrix.matrix);
}

/* log|S| of the variables first .. first+count-1. */
static mi_code log_determinant(table *t, size_t first, size_t count, double *ret_log,
                               mi_status *status)
{
    gsl_matrix_view whole = gsl_matrix_view_array(t->matrix, t->dimensions, t->dimensions);
    gsl_matrix_view part = gsl_matrix_submatrix(&whole.matrix, first, first, count, count);
    gsl_matrix_view work = gsl_matrix_view_array(t->work, count, count);
    gsl_matrix_memcpy(&work.matrix, &part.matrix);
    *ret_log = 0;
    bool good = gsl_linalg_cholesky_decomp1(&work.matrix) == 0;
    for (size_t i = 0; good && i < count; i++) {
        *ret_log += 2 * log(gsl_matrix_get(&work.matrix, i, i));
    }
    return good && isfinite(*ret_log)
               ? MI_OK
               : mi_fail(status, MI_NUMERIC,
                         "the covariance of the samples is singular: a variable is constant or a "
                         "combination of others");
}

/* E log|S| - log|Sigma| of p Gaussian variables. */
static double log_determinant_bias(size_t count, size_t p)
{
    double n = (double)count, sum = (double)p * log(2 / (n - 1));
    for (size_t j = 1; j <= p; j++) {
        sum += gsl_sf_psi((n - (double)j) / 2);
    }
    return sum;
}

static mi_code estimate(const mi_points *p, table *t, mi_gaussian *ret_gaussian, mi_status *status)
{
    size_t dx = p->x_dimensions, dy = p->y_dimensions;
    double x = 0, y = 0, both = 0;
    fill(p, t);
    mi_code code = log_determinant(t, 0, dx, &x, status);
    if (code == MI_OK) {
        code = log_determinant(t, dx, dy, &y, status);
    }
    if (code == MI_OK) {
        code = log_determinant(t, 0, dx + dy, &both, status);
    }
    ret_gaussian->information = (x + y - both) / 2;
    ret_gaussian->bias = (log_determinant_bias(p->count, dx) + log_determinant_bias(p->count, dy) -
                          log_determinant_bias(p->count, dx + dy)) /
                         2;
    return code;
}

mi_code mi_gaussian_information(const mi_points *points, mi_gaussian *ret_gaussian,
                                mi_status *status)
{
    table t = {0};
    size_t variables = points->x_dimensions + points->y_dimensions;
    if (points->x_dimensions == 0 || points->y_dimensions == 0 || points->count <= variables) {
        return mi_fail(status, MI_INPUT,
                       "%zu samples of %zu + %zu variables; a covariance needs more samples than "
                       "variables",
                       points->count, points->x_dimensions, points->y_dimensions);
    }
    mi_code code = table_open(points, &t, status);
    if (code == MI_OK) {
        code = estimate(points, &t, ret_gaussian, status);
    }
    table_free(&t);
    return code;
}
