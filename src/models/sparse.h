/* Sparse symmetric positive definite algebra: Cholesky factors by CHOLMOD (Chen, Davis, Hager and
 * Rajamanickam 2008, "Algorithm 887", doi:10.1145/1391989.1391995) and the entries of the inverse
 * that lie on the pattern of the factor by selected inversion (selected.c). One object belongs to
 * one thread.
 *
 *     mi_sparse_create(rows, entries, &s, status);
 *     fill s->start, s->row, s->value;
 *     mi_sparse_factorise(s, n, status);
 *     ... mi_sparse_log_determinant(s), mi_sparse_solve(s, x, status) ...
 *     mi_sparse_inverse(s, take, context, status);     uses the factor up
 */
#ifndef MASKINFO_MODELS_SPARSE_H
#define MASKINFO_MODELS_SPARSE_H

#include <stdint.h>

#include "maskinfo/status.h"

typedef struct mi_sparse {
    /* The lower triangle of A (n,n) by columns: those of column j are row and value at
     * start[j]..start[j+1]-1, in any order; each column has its diagonal. Rows should be numbered
     * in a fill-reducing order, which is kept but for equivalent exchanges. */
    int64_t *start; /* (rows + 1) */
    int64_t *row;   /* (entries) */
    double *value;  /* (entries) */
    size_t rows;    /* n of the factor at hand */
    void *opaque;   /* CHOLMOD's */
} mi_sparse;

/* Room for matrices of up to `rows` rows and `entries` entries in the lower triangle. */
mi_code mi_sparse_create(size_t rows, size_t entries, mi_sparse **ret_sparse, mi_status *status);
void mi_sparse_destroy(mi_sparse *opt_sparse);

/* A = L L^T for n >= 1; MI_NUMERIC where A is not positive definite, MI_MEMORY where there is no
 * room for L. */
mi_code mi_sparse_factorise(mi_sparse *s, size_t n, mi_status *status);

/* log|A| = 2 sum log L_kk. */
double mi_sparse_log_determinant(const mi_sparse *s);

/* x (n) becomes A^-1 x. */
mi_code mi_sparse_solve(mi_sparse *s, double *x, mi_status *status);

/* A dense block of the inverse: rows[0..count-1] of A, of which the first `own` appear in no other
 * front among their first; inverse (count,count) column-major, lower triangle, the order of rows.
 * Each entry of the inverse on the pattern of A is in the front that owns one of its two rows. */
typedef struct mi_front {
    size_t own, count;
    const int64_t *rows;
    const double *inverse;
} mi_front;

typedef void (*mi_front_function)(void *context, const mi_front *front);

/* All fronts, in an order that depends on the pattern of A alone. */
mi_code mi_sparse_inverse(mi_sparse *s, mi_front_function take, void *context, mi_status *status);

#endif
