#include "gemm.h"

#include <cblas.h>
#include <libxsmm.h>

#ifdef MI_DOUBLE
#define DISPATCH libxsmm_dmmdispatch
#define GEMM cblas_dgemm
typedef libxsmm_dmmfunction function;
#else
#define DISPATCH libxsmm_smmdispatch
#define GEMM cblas_sgemm
typedef libxsmm_smmfunction function;
#endif

/* libxsmm counts columns first: C^T = B^T A^T, so its "a" is our B. It has no kernel that reads
 * its own "a" turned, which is why there is no A B^T here. */
mi_gemm mi_gemm_of(mi_gemm_shape shape)
{
    int m = (int)shape.m, n = (int)shape.n, k = (int)shape.k;
    int a = (int)shape.a, b = (int)shape.b, c = (int)shape.c;
    int flags = shape.turned ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE;
    int prefetch = LIBXSMM_GEMM_PREFETCH_NONE;
    mi_scalar one = 1, beta = shape.add ? 1 : 0;
    mi_gemm product = {.shape = shape};
    if (m > 0 && n > 0 && k > 0) {
        function kernel = DISPATCH(n, m, k, &b, &a, &c, &one, &beta, &flags, &prefetch);
        product.kernel = (void (*)(void))kernel;
    }
    return product;
}

void mi_gemm_run(const mi_gemm *product, const mi_scalar *a, const mi_scalar *b, mi_scalar *c)
{
    const mi_gemm_shape *s = &product->shape;
    if (product->kernel != NULL) {
        ((function)product->kernel)(b, a, c);
    } else if (s->m > 0 && s->n > 0) {
        GEMM(CblasRowMajor, s->turned ? CblasTrans : CblasNoTrans, CblasNoTrans, (blasint)s->m,
             (blasint)s->n, (blasint)s->k, 1, a, (blasint)s->a, b, (blasint)s->b, s->add ? 1 : 0, c,
             (blasint)s->c);
    }
}

void mi_gemm_once(mi_gemm_shape shape, const mi_scalar *a, const mi_scalar *b, mi_scalar *c)
{
    mi_gemm product = mi_gemm_of(shape);
    mi_gemm_run(&product, a, b, c);
}
