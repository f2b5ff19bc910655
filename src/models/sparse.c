#include "sparse.h"

#include <limits.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "sparse_factor.h"

_Static_assert(sizeof(SuiteSparse_long) == sizeof(int64_t), "CHOLMOD's indices are 64 bits wide");

static void drop_factor(mi_sparse_factor *f)
{
    if (f->factor != NULL) {
        cholmod_l_free_factor(&f->factor, &f->common);
    }
}

void mi_sparse_destroy(mi_sparse *opt_sparse)
{
    if (opt_sparse == NULL) {
        return;
    }
    mi_sparse_factor *f = opt_sparse->opaque;
    if (f != NULL) {
        drop_factor(f);
        cholmod_l_finish(&f->common);
    }
    free(opt_sparse->start);
    free(opt_sparse->row);
    free(opt_sparse->value);
    free(f);
    free(opt_sparse);
}

/* Supernodal, in the caller's order followed by a postorder of the elimination tree. */
static void start(cholmod_common *common)
{
    cholmod_l_start(common);
    common->print = 0;
    common->try_catch = 1; /* no messages; the status tells */
    common->supernodal = CHOLMOD_SUPERNODAL;
    common->nmethods = 1;
    common->method[0].ordering = CHOLMOD_GIVEN;
    common->postorder = 1;
    common->quick_return_if_not_posdef = 1;
    common->useGPU = 0;
}

mi_code mi_sparse_create(size_t rows, size_t entries, mi_sparse **ret_sparse, mi_status *status)
{
    mi_sparse *s = NULL;
    mi_sparse_factor *f = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    if ((code = mi_allocate(rows + 1, sizeof *s->start, &s->start, status)) != MI_OK ||
        (code = mi_allocate(entries, sizeof *s->row, &s->row, status)) != MI_OK ||
        (code = mi_allocate(entries, sizeof *s->value, &s->value, status)) != MI_OK ||
        (code = mi_allocate(1, sizeof *f, &f, status)) != MI_OK) {
        mi_sparse_destroy(s);
        return code;
    }
    start(&f->common);
    s->opaque = f;
    *ret_sparse = s;
    return MI_OK;
}

static mi_code trouble(const mi_sparse_factor *f, size_t n, mi_status *status)
{
    if (f->common.status == CHOLMOD_OUT_OF_MEMORY || f->common.status == CHOLMOD_TOO_LARGE) {
        return mi_fail(status, MI_MEMORY, "no memory for the factor of a matrix of %zu rows", n);
    }
    return mi_fail(status, MI_NUMERIC,
                   "a sparse matrix of %zu rows is not positive definite in double precision", n);
}

static cholmod_sparse view(mi_sparse *s, size_t n)
{
    return (cholmod_sparse){.nrow = n,
                            .ncol = n,
                            .nzmax = (size_t)s->start[n],
                            .p = s->start,
                            .i = s->row,
                            .x = s->value,
                            .stype = -1,
                            .itype = CHOLMOD_LONG,
                            .xtype = CHOLMOD_REAL,
                            .dtype = CHOLMOD_DOUBLE,
                            .sorted = 0,
                            .packed = 1};
}

static mi_code analyse(mi_sparse_factor *f, cholmod_sparse *matrix, mi_status *status)
{
    SuiteSparse_long *identity = NULL;
    mi_code code = mi_allocate(matrix->nrow, sizeof *identity, &identity, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < matrix->nrow; i++) {
        identity[i] = (SuiteSparse_long)i;
    }
    f->factor = cholmod_l_analyze_p(matrix, identity, NULL, 0, &f->common);
    free(identity);
    return f->factor != NULL ? MI_OK : trouble(f, matrix->nrow, status);
}

/* CHOLMOD opens a team of four threads in a factorisation wherever it is not inside one already.
 * Work is divided by the caller here, so the team is kept from it. */
static void factorise_alone(mi_sparse_factor *f, cholmod_sparse *matrix)
{
    int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(0);
    cholmod_l_factorize(matrix, f->factor, &f->common);
    omp_set_max_active_levels(levels);
}

mi_code mi_sparse_factorise(mi_sparse *s, size_t n, mi_status *status)
{
    mi_sparse_factor *f = s->opaque;
    cholmod_sparse matrix = view(s, n);
    s->rows = n;
    drop_factor(f);
    mi_code code = analyse(f, &matrix, status);
    if (code != MI_OK) {
        return code;
    }
    factorise_alone(f, &matrix);
    if (f->common.status != CHOLMOD_OK || f->factor->minor < n || !f->factor->is_super ||
        !isfinite(mi_sparse_log_determinant(s))) {
        return trouble(f, n, status);
    }
    return MI_OK;
}

double mi_sparse_log_determinant(const mi_sparse *s)
{
    const cholmod_factor *factor = ((const mi_sparse_factor *)s->opaque)->factor;
    const SuiteSparse_long *super = factor->super, *pi = factor->pi, *px = factor->px;
    const double *x = factor->x;
    double sum = 0;
    for (size_t k = 0; k < factor->nsuper; k++) {
        SuiteSparse_long height = pi[k + 1] - pi[k];
        for (SuiteSparse_long j = 0; j < super[k + 1] - super[k]; j++) {
            sum += log(x[px[k] + j * height + j]);
        }
    }
    return 2 * sum;
}

mi_code mi_sparse_solve(mi_sparse *s, double *x, mi_status *status)
{
    mi_sparse_factor *f = s->opaque;
    cholmod_dense right = {.nrow = s->rows,
                           .ncol = 1,
                           .nzmax = s->rows,
                           .d = s->rows,
                           .x = x,
                           .xtype = CHOLMOD_REAL,
                           .dtype = CHOLMOD_DOUBLE};
    cholmod_dense *solution = cholmod_l_solve(CHOLMOD_A, f->factor, &right, &f->common);
    if (solution == NULL) {
        return trouble(f, s->rows, status);
    }
    memcpy(x, solution->x, s->rows * sizeof *x);
    cholmod_l_free_dense(&solution, &f->common);
    return MI_OK;
}
