#include "decay.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

struct mi_decay_problem {
    size_t points;
    double *x, *y, *variance;
    gsl_vector *weights;
    gsl_multifit_nlinear_workspace *workspace;
};

double *mi_decay_x(mi_decay_problem *problem)
{
    return problem->x;
}

double *mi_decay_y(mi_decay_problem *problem)
{
    return problem->y;
}

double *mi_decay_variance(mi_decay_problem *problem)
{
    return problem->variance;
}

void mi_decay_destroy(mi_decay_problem *problem)
{
    if (problem == NULL) {
        return;
    }
    free(problem->x);
    free(problem->y);
    free(problem->variance);
    gsl_vector_free(problem->weights);
    gsl_multifit_nlinear_free(problem->workspace);
    free(problem);
}

static mi_code allocate(mi_decay_problem *problem, mi_status *status)
{
    size_t points = problem->points;
    mi_code code = mi_allocate(points, sizeof *problem->x, &problem->x, status);
    if (code == MI_OK) {
        code = mi_allocate(points, sizeof *problem->y, &problem->y, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(points, sizeof *problem->variance, &problem->variance, status);
    }
    if (code != MI_OK) {
        return code;
    }
    gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
    problem->weights = gsl_vector_alloc(points);
    problem->workspace =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, points, 2);
    if (problem->weights == NULL || problem->workspace == NULL) {
        return mi_fail(status, MI_MEMORY, "can not allocate a fit of %zu points", points);
    }
    return MI_OK;
}

mi_code mi_decay_create(size_t points, mi_decay_problem **ret_problem, mi_status *status)
{
    mi_decay_problem *problem = NULL;
    mi_code code = mi_allocate(1, sizeof *problem, &problem, status);
    if (code != MI_OK) {
        return code;
    }
    problem->points = points;
    code = allocate(problem, status);
    if (code != MI_OK) {
        mi_decay_destroy(problem);
        return code;
    }
    *ret_problem = problem;
    return MI_OK;
}

bool mi_decay_start(const mi_decay_problem *problem, mi_decay *ret_decay)
{
    double sw = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    size_t used = 0;
    for (size_t p = 0; p < problem->points; p++) {
        double x = problem->x[p], y = problem->y[p];
        if (y > 0) {
            double w = y * y / problem->variance[p];
            sw += w;
            sx += w * x;
            sy += w * log(y);
            sxx += w * x * x;
            sxy += w * x * log(y);
            used++;
        }
    }
    double determinant = sw * sxx - sx * sx;
    if (used < 2 || !(determinant > 0)) {
        return false;
    }
    double slope = (sw * sxy - sx * sy) / determinant;
    ret_decay->exponent = -slope;
    ret_decay->amplitude = exp((sy - slope * sx) / sw);
    return isfinite(ret_decay->amplitude) && isfinite(ret_decay->exponent);
}

/* exp(-e x), held finite on wild trial steps so that the solver sees a bad step, not a NaN. */
static double shape(double exponent, double x)
{
    return exp(fmin(-exponent * x, 200));
}

static int residuals(const gsl_vector *parameters, void *context, gsl_vector *f)
{
    const mi_decay_problem *problem = context;
    double amplitude = gsl_vector_get(parameters, 0), exponent = gsl_vector_get(parameters, 1);
    for (size_t p = 0; p < problem->points; p++) {
        gsl_vector_set(f, p, amplitude * shape(exponent, problem->x[p]) - problem->y[p]);
    }
    return GSL_SUCCESS;
}

/* d/dA = exp(-e x), d/de = -A x exp(-e x) */
static int jacobian(const gsl_vector *parameters, void *context, gsl_matrix *j)
{
    const mi_decay_problem *problem = context;
    double amplitude = gsl_vector_get(parameters, 0), exponent = gsl_vector_get(parameters, 1);
    for (size_t p = 0; p < problem->points; p++) {
        double value = shape(exponent, problem->x[p]);
        gsl_matrix_set(j, p, 0, value);
        gsl_matrix_set(j, p, 1, -amplitude * problem->x[p] * value);
    }
    return GSL_SUCCESS;
}

/* Weights relative to the largest, so that the solver's tolerances mean the same at any scale;
 * returns the variance that has weight 1. */
static double set_weights(mi_decay_problem *problem)
{
    double smallest = problem->variance[0];
    for (size_t p = 1; p < problem->points; p++) {
        smallest = fmin(smallest, problem->variance[p]);
    }
    for (size_t p = 0; p < problem->points; p++) {
        gsl_vector_set(problem->weights, p, smallest / problem->variance[p]);
    }
    return smallest;
}

/* A solver that stops because rounding allows no further progress has still arrived where the
 * residual is orthogonal to both columns of the Jacobian: a cosine of 1e-5 leaves chi-square within
 * about 1e-10 of its minimum. The rounding of values of order 1 in the residual is allowed for. */
static bool is_stationary(const gsl_multifit_nlinear_workspace *w)
{
    const gsl_vector *f = gsl_multifit_nlinear_residual(w);
    const gsl_matrix *j = gsl_multifit_nlinear_jac(w);
    double allowed = 1e-5 * gsl_blas_dnrm2(f) + 1e-14 * sqrt((double)f->size);
    for (size_t c = 0; c < 2; c++) {
        gsl_vector_const_view column = gsl_matrix_const_column(j, c);
        double product = 0;
        gsl_blas_ddot(&column.vector, f, &product);
        if (!(fabs(product) <= allowed * gsl_blas_dnrm2(&column.vector))) {
            return false;
        }
    }
    return true;
}

/* The diagonal of (J^T J)^-1 for J = QR of two columns. gsl_multifit_nlinear_covar allocates for it
 * and goes on where it gets nothing. */
static void read_variances(const gsl_matrix *j, double variance[2])
{
    double r01 = 0, square = 0;
    gsl_vector_const_view first = gsl_matrix_const_column(j, 0);
    gsl_vector_const_view second = gsl_matrix_const_column(j, 1);
    double r00 = gsl_blas_dnrm2(&first.vector);
    gsl_blas_ddot(&first.vector, &second.vector, &r01);
    r01 /= r00;
    for (size_t i = 0; i < j->size1; i++) {
        double rest = gsl_matrix_get(j, i, 1) - r01 * gsl_matrix_get(j, i, 0) / r00;
        square += rest * rest;
    }
    variance[0] = (1 + r01 * r01 / square) / (r00 * r00);
    variance[1] = 1 / square;
}

/* Solution, its covariance (J^T W J)^-1 and chi-square from a converged workspace. */
static bool read_solution(const gsl_multifit_nlinear_workspace *w, double unit, mi_decay *decay)
{
    double variance[2];
    const gsl_vector *position = gsl_multifit_nlinear_position(w);
    double length = gsl_blas_dnrm2(gsl_multifit_nlinear_residual(w));
    read_variances(gsl_multifit_nlinear_jac(w), variance);
    decay->amplitude = gsl_vector_get(position, 0);
    decay->exponent = gsl_vector_get(position, 1);
    decay->amplitude_error = sqrt(unit * variance[0]);
    decay->exponent_error = sqrt(unit * variance[1]);
    decay->chi_square = length * length / unit;
    return isfinite(decay->amplitude) && isfinite(decay->exponent) &&
           isfinite(decay->amplitude_error) && isfinite(decay->exponent_error) &&
           decay->exponent_error > 0;
}

bool mi_decay_solve(mi_decay_problem *problem, mi_decay *decay)
{
    double start[2] = {decay->amplitude, decay->exponent};
    gsl_vector_const_view position = gsl_vector_const_view_array(start, 2);
    gsl_multifit_nlinear_fdf system = {
        .f = residuals, .df = jacobian, .n = problem->points, .p = 2, .params = problem};
    int info = 0;
    double unit = set_weights(problem);
    int code =
        gsl_multifit_nlinear_winit(&position.vector, problem->weights, &system, problem->workspace);
    if (code != GSL_SUCCESS) {
        return false;
    }
    code = gsl_multifit_nlinear_driver(200, 1e-9, 1e-15, 0, NULL, NULL, &info, problem->workspace);
    if (code != GSL_SUCCESS && !is_stationary(problem->workspace)) {
        return false;
    }
    return read_solution(problem->workspace, unit, decay);
}
