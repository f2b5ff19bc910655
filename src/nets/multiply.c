#include "multiply.h"

#include <cblas.h>
#include <string.h>

/* C (m,n) = op(A) op(B) + beta C in the build's precision. */
static void product(CBLAS_TRANSPOSE opa, CBLAS_TRANSPOSE opb, size_t m, size_t n, size_t k,
                    const mi_scalar *a, size_t lda, const mi_scalar *b, size_t ldb, mi_scalar beta,
                    mi_scalar *c)
{
#ifdef MI_DOUBLE
    cblas_dgemm(CblasRowMajor, opa, opb, (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)lda, b,
                (blasint)ldb, beta, c, (blasint)n);
#else
    cblas_sgemm(CblasRowMajor, opa, opb, (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)lda, b,
                (blasint)ldb, beta, c, (blasint)n);
#endif
}

void mi_multiply_forward(size_t rows, size_t in, size_t out, const mi_scalar *x,
                         const mi_scalar *weight, const mi_scalar *transposed,
                         const mi_scalar *opt_bias, mi_scalar *y)
{
    (void)weight;
    if (rows == 0) {
        return;
    }
    for (size_t r = 0; opt_bias != NULL && r < rows; r++) {
        memcpy(y + r * out, opt_bias, out * sizeof *y);
    }
    product(CblasNoTrans, CblasNoTrans, rows, out, in, x, in, transposed, out, opt_bias != NULL, y);
}

void mi_multiply_input(size_t rows, size_t in, size_t out, const mi_scalar *dy,
                       const mi_scalar *weight, const mi_scalar *transposed, mi_scalar *dx)
{
    (void)transposed;
    if (rows == 0) {
        return;
    }
    product(CblasNoTrans, CblasNoTrans, rows, in, out, dy, out, weight, in, 0, dx);
}

void mi_multiply_weight(size_t rows, size_t in, size_t out, const mi_scalar *x, const mi_scalar *dy,
                        mi_scalar *gradient)
{
    if (rows == 0) {
        return;
    }
    product(CblasTrans, CblasNoTrans, out, in, rows, dy, out, x, in, 1, gradient);
}
