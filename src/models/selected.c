/* Selected inversion: the entries of A^-1 on the pattern of its Cholesky factor (Takahashi, Fagan
 * and Chen 1973; Erisman and Tinney 1975, "On computing certain elements of the inverse of a sparse
 * matrix", doi:10.1145/360680.360704), by supernodes (Lin, Yang, Lu, Ying and E 2011, "A fast
 * parallel algorithm for selected inversion of structured sparse matrices", SelInv,
 * doi:10.1145/1916461.1916464).
 *
 * Let J be the columns of a supernode, R the rows below them where L is not zero, Z = A^-1 and
 * Y = L_RJ L_JJ^-1. From Z L = L^-T (Takahashi's formula) follow
 *
 *     Z_RJ = -Z_RR Y,
 *     Z_JJ = (L_JJ L_JJ^T)^-1 - Y^T Z_RJ,
 *
 * where Z_RR is known once all later supernodes are. R lies within the front J' + R' of the parent,
 * the supernode of the first row of R. Supernodes are postordered, so that backwards each follows
 * its parent, with whole subtrees between: a stack holds the fronts from the root to the one at
 * work, and only these.
 */
#include <gsl/gsl_cblas.h>
#include <lapack.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "sparse_factor.h"

typedef struct level {
    size_t supernode, offset; /* of its front in the room */
} level;

typedef struct inversion {
    const cholmod_factor *factor;
    size_t *owner;  /* (n) supernode of each column */
    level *levels;  /* the stack */
    size_t depth;   /* levels in use */
    double *room;   /* fronts of the stack */
    size_t *place;  /* (largest front) rows of R in the parent's front */
    int64_t *names; /* (largest front) rows of the caller's matrix */
    size_t largest;
} inversion;

static size_t own_of(const inversion *v, size_t k)
{
    const SuiteSparse_long *super = v->factor->super;
    return (size_t)(super[k + 1] - super[k]);
}

static size_t count_of(const inversion *v, size_t k)
{
    const SuiteSparse_long *pi = v->factor->pi;
    return (size_t)(pi[k + 1] - pi[k]);
}

static const SuiteSparse_long *rows_of(const inversion *v, size_t k)
{
    return (const SuiteSparse_long *)v->factor->s + ((const SuiteSparse_long *)v->factor->pi)[k];
}

static void find_owners(inversion *v)
{
    const SuiteSparse_long *super = v->factor->super;
    for (size_t k = 0; k < v->factor->nsuper; k++) {
        for (SuiteSparse_long j = super[k]; j < super[k + 1]; j++) {
            v->owner[j] = k;
        }
    }
}

/* Put supernode k on the stack, on top of its parent; the place of its front. */
static size_t push(inversion *v, size_t k)
{
    size_t own = own_of(v, k);
    bool root = own == count_of(v, k);
    size_t parent = root ? 0 : v->owner[rows_of(v, k)[own]];
    while (v->depth > 0 && (root || v->levels[v->depth - 1].supernode != parent)) {
        v->depth--;
    }
    size_t offset = 0;
    if (v->depth > 0) {
        const level *top = &v->levels[v->depth - 1];
        offset = top->offset + count_of(v, top->supernode) * count_of(v, top->supernode);
    }
    v->levels[v->depth++] = (level){.supernode = k, .offset = offset};
    return offset;
}

/* The whole traversal without numbers: how large the room must be. */
static size_t measure(inversion *v)
{
    size_t most = 0;
    for (size_t k = v->factor->nsuper; k-- > 0;) {
        size_t count = count_of(v, k), end = push(v, k) + count * count;
        most = end > most ? end : most;
        v->largest = count > v->largest ? count : v->largest;
    }
    v->depth = 0;
    return most;
}

static void inversion_free(inversion *v)
{
    free(v->owner);
    free(v->levels);
    free(v->room);
    free(v->place);
    free(v->names);
}

static mi_code inversion_init(inversion *v, mi_status *status)
{
    mi_code code = mi_allocate(v->factor->n, sizeof *v->owner, &v->owner, status);
    if (code != MI_OK ||
        (code = mi_allocate(v->factor->nsuper, sizeof *v->levels, &v->levels, status)) != MI_OK) {
        return code;
    }
    find_owners(v);
    size_t most = measure(v);
    if (v->largest > INT_MAX) {
        return mi_fail(status, MI_MEMORY, "a front of %zu rows is too large", v->largest);
    }
    if ((code = mi_allocate(most, sizeof *v->room, &v->room, status)) != MI_OK ||
        (code = mi_allocate(v->largest, sizeof *v->place, &v->place, status)) != MI_OK) {
        return code;
    }
    return mi_allocate(v->largest, sizeof *v->names, &v->names, status);
}

/* Where the rows of R stand in the parent's front. Both lists increase. */
static mi_code find_places(inversion *v, size_t k, size_t parent, mi_status *status)
{
    const SuiteSparse_long *rows = rows_of(v, k) + own_of(v, k), *front = rows_of(v, parent);
    size_t below = count_of(v, k) - own_of(v, k), count = count_of(v, parent), at = 0;
    for (size_t a = 0; a < below; a++) {
        while (at < count && front[at] < rows[a]) {
            at++;
        }
        if (at == count || front[at] != rows[a]) {
            return mi_fail(status, MI_NUMERIC, "the fronts of a sparse factor are not nested");
        }
        v->place[a] = at;
    }
    return MI_OK;
}

/* Z_RR out of the parent's front. */
static void gather(const inversion *v, size_t k, const double *parent, size_t height, double *front)
{
    size_t own = own_of(v, k), count = count_of(v, k), below = count - own;
    for (size_t b = 0; b < below; b++) {
        const double *from = parent + v->place[b] * height;
        double *to = front + (own + b) * count + own;
        for (size_t a = b; a < below; a++) {
            to[a] = from[v->place[a]];
        }
    }
}

/* Z_RJ and Z_JJ of a front whose Z_RR is there; L_RJ becomes Y. */
static mi_code invert_front(double *panel, size_t own, size_t count, double *front,
                            mi_status *status)
{
    int j = (int)own, height = (int)count, r = height - j, info = 0;
    for (size_t c = 0; c < own; c++) {
        memcpy(front + c * count + c, panel + c * count + c, (own - c) * sizeof *front);
    }
    LAPACK_dpotri("L", &j, front, &height, &info);
    if (info != 0) {
        return mi_fail(status, MI_NUMERIC, "a block of a sparse factor is singular");
    }
    if (r > 0) {
        double *y = panel + own, *z = front + own;
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, r, j, 1,
                    panel, height, y, height);
        cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, r, j, -1, front + own * count + own,
                    height, y, height, 0, z, height);
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, j, j, r, -1, y, height, z, height, 1,
                    front, height);
    }
    return MI_OK;
}

static mi_code invert_supernode(inversion *v, size_t k, mi_front_function take, void *context,
                                mi_status *status)
{
    const SuiteSparse_long *px = v->factor->px, *permutation = v->factor->Perm;
    size_t own = own_of(v, k), count = count_of(v, k);
    double *front = v->room + push(v, k);
    if (count > own) {
        level parent = v->levels[v->depth > 1 ? v->depth - 2 : 0];
        mi_code code = find_places(v, k, parent.supernode, status);
        if (code != MI_OK) {
            return code;
        }
        gather(v, k, v->room + parent.offset, count_of(v, parent.supernode), front);
    }
    mi_code code = invert_front((double *)v->factor->x + px[k], own, count, front, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t a = 0; a < count; a++) {
        v->names[a] = permutation[rows_of(v, k)[a]];
    }
    take(context, &(mi_front){.own = own, .count = count, .rows = v->names, .inverse = front});
    return MI_OK;
}

mi_code mi_sparse_inverse(mi_sparse *s, mi_front_function take, void *context, mi_status *status)
{
    inversion v = {.factor = ((const mi_sparse_factor *)s->opaque)->factor};
    mi_code code = inversion_init(&v, status);
    for (size_t k = v.factor->nsuper; code == MI_OK && k-- > 0;) {
        code = invert_supernode(&v, k, take, context, status);
    }
    inversion_free(&v);
    return code;
}
