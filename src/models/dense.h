/* Dense symmetric positive definite algebra on LAPACK. Matrices are column-major with leading
 * dimension n; a symmetric matrix and its factor use the lower triangle (row >= column) only, and
 * what the strict upper one holds is neither read nor meaningful afterwards.
 */
#ifndef MASKINFO_MODELS_DENSE_H
#define MASKINFO_MODELS_DENSE_H

#include "maskinfo/status.h"

/* A = L L^T: the lower triangle of A (n,n) becomes L. MI_NUMERIC names the first pivot, counted
 * from 1, that is not positive (or not finite). */
mi_code mi_cholesky(double *matrix, size_t n, mi_status *status);

/* log|A| = 2 sum_k log L_kk. */
double mi_factor_log_determinant(const double *factor, size_t n);

/* L (n,n) becomes L^-1, lower too. Then A^-1 = L^-T L^-1, so that [A^-1]_ii is the sum of squares
 * of column i. */
mi_code mi_invert_lower(double *factor, size_t n, mi_status *status);

/* right (n,count) becomes L^-1 right. */
void mi_solve_lower(const double *factor, size_t n, double *right, size_t count);

/* right (n,count) becomes L^-T right. */
void mi_solve_lower_transposed(const double *factor, size_t n, double *right, size_t count);

/* The lower triangle of the rows and columns of a full symmetric matrix (n,n) in a new order. Site
 * s owns the `block` consecutive rows s*block, s*block+1, ...; order holds `count` different sites;
 * lower is (count*block, count*block). */
void mi_gather_lower(const double *matrix, size_t n, const size_t *order, size_t count,
                     size_t block, double *lower);

/* Conditional variances of all later variables from one factor of their covariance:
 *
 *     Var(x_j | x_0..x_{k-1}) = sum_{l=k..j} L_jl^2,   j >= k,
 *
 * because row j of L has the squared norm Var(x_j), of which the first k entries are explained.
 * Started with zeros and called for k = n-1, n-2, ..., each call leaves those of its k in
 * variances[k..n-1]. Going backwards there are only sums of squares and nothing cancels. */
void mi_variances_step_back(const double *factor, size_t n, size_t k, double *variances);

#endif
