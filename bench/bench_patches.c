/* Speed of the dense algebra under the model patches, as `key value` lines:
 *
 *     bench_patches [ROWS COLUMNS PATCH]        (14 14 4)
 *
 * On one thread, medians of REPEATS: GFLOP/s of a matrix product of the crop's dimension, of
 * LAPACK's factorisation of a matrix of that size, and of the model's own way to one order of the
 * sites (permuted gather, factorisation, conditional covariances of all remaining sites), counted
 * as one factorisation.
 */
#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../src/models/blocks.h"
#include "../src/models/dense.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "maskinfo/run.h"
#include "maskinfo/statistics.h"

enum { REPEATS = 5 };

typedef struct bench {
    size_t sites, block, dimension;
    double *covariance, *factor, *other; /* (dimension, dimension) */
    double *series;                      /* (3, sites) */
    size_t *order;                       /* (sites) */
} bench;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static mi_code multiply(const bench *b, mi_status *status)
{
    (void)status;
    int n = (int)b->dimension;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0, b->covariance, n,
                b->covariance, n, 0.0, b->other, n);
    return MI_OK;
}

static mi_code factorise(const bench *b, mi_status *status)
{
    return mi_cholesky(b->factor, b->dimension, status);
}

static mi_code whole_order(const bench *b, mi_status *status)
{
    mi_gather_lower(b->covariance, b->dimension, b->order, b->sites, b->block, b->factor);
    mi_code code = mi_cholesky(b->factor, b->dimension, status);
    return code == MI_OK
               ? mi_remaining_blocks(b->factor, b->sites, b->block, b->series, b->series + b->sites,
                                     b->series + 2 * b->sites, status)
               : code;
}

/* Median GFLOP/s of `operations` floating-point operations. */
static mi_code rate(const bench *b, const char *key, mi_code (*work)(const bench *, mi_status *),
                    double operations, mi_status *status)
{
    double rates[REPEATS];
    for (size_t i = 0; i < REPEATS; i++) {
        memcpy(b->factor, b->covariance, b->dimension * b->dimension * sizeof *b->factor);
        double start = now();
        mi_code code = work(b, status);
        if (code != MI_OK) {
            return code;
        }
        rates[i] = operations / (now() - start) / 1e9;
    }
    mi_sort(rates, REPEATS);
    printf("%s %.4g\n", key, rates[REPEATS / 2]);
    return MI_OK;
}

static mi_code allocate(bench *b, mi_status *status)
{
    size_t n = b->dimension;
    double **matrices[] = {&b->covariance, &b->factor, &b->other};
    mi_code code = mi_allocate(b->sites, sizeof *b->order, &b->order, status);
    for (size_t i = 0; i < 3 && code == MI_OK; i++) {
        code = mi_allocate(n * n, sizeof(double), matrices[i], status);
    }
    return code == MI_OK ? mi_allocate(3 * b->sites, sizeof(double), &b->series, status) : code;
}

static mi_code fill(bench *b, mi_status *status)
{
    gsl_rng *stream = NULL;
    size_t n = b->dimension;
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            b->covariance[i + j * n] = exp(-fabs((double)i - (double)j) / 50) + (i == j);
        }
    }
    mi_code code = mi_stream_create(1, MI_PURPOSE_ORDER, 0, &stream, status);
    if (code == MI_OK) {
        mi_random_order(stream, b->order, b->sites);
        gsl_rng_free(stream);
    }
    return code;
}

static mi_code measure(bench *b, mi_status *status)
{
    double n = (double)b->dimension;
    mi_code code = allocate(b, status);
    if (code == MI_OK) {
        code = fill(b, status);
    }
    printf("dimension %zu\n", b->dimension);
    if (code == MI_OK) {
        code = rate(b, "dgemm_gflops", multiply, 2 * n * n * n, status);
    }
    if (code == MI_OK) {
        code = rate(b, "dpotrf_gflops", factorise, n * n * n / 3, status);
    }
    return code == MI_OK ? rate(b, "order_gflops", whole_order, n * n * n / 3, status) : code;
}

int main(int count, char **arguments)
{
    size_t numbers[3] = {14, 14, 4};
    for (int i = 1; i < count && i <= 3; i++) {
        numbers[i - 1] = strtoul(arguments[i], NULL, 10);
    }
    bench b = {.sites = numbers[0] * numbers[1], .block = numbers[2] * numbers[2]};
    b.dimension = b.sites * b.block;
    mi_status status = {.code = MI_OK};
    mi_start();
    mi_code code = measure(&b, &status);
    if (code != MI_OK) {
        fprintf(stderr, "%s\n", status.message);
    }
    free(b.covariance);
    free(b.factor);
    free(b.other);
    free(b.series);
    free(b.order);
    return code == MI_OK ? 0 : 1;
}
