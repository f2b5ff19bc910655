/* Products of small matrices with rows some distance apart: the bricks of linear layers. Row-major.
 * Kernels are libxsmm's, made at run time for each shape (Heinecke et al. 2016, "LIBXSMM:
 * accelerating small matrix multiplications by runtime code generation"); where it has none, CBLAS.
 * Both may be called from any thread, and a shape has one kernel, so that the same product is the
 * same bytes whoever asks. */
#ifndef MI_NETS_GEMM_H
#define MI_NETS_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "maskinfo/scalar.h"

/* C (m,n) = A B, or C + A B where `add`, with A (m,k), or (k,m) where `turned`: C = A^T B; and
 * B (k,n). Rows of A, B and C are a, b and c numbers apart. All sizes are below 2^31. */
typedef struct mi_gemm_shape {
    size_t m, n, k;
    size_t a, b, c;
    bool turned, add;
} mi_gemm_shape;

/* A product that is made many times: looking the kernel up once saves time where it is small. */
typedef struct mi_gemm {
    mi_gemm_shape shape;
    void (*kernel)(void); /* NULL: CBLAS */
} mi_gemm;

/* C overlaps neither A nor B. A product of k = 0 is 0. */
mi_gemm mi_gemm_of(mi_gemm_shape shape);
void mi_gemm_run(const mi_gemm *product, const mi_scalar *a, const mi_scalar *b, mi_scalar *c);

/* Both in one. */
void mi_gemm_once(mi_gemm_shape shape, const mi_scalar *a, const mi_scalar *b, mi_scalar *c);

#endif
