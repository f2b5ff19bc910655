/* The closed form of the linear masked autoencoder. */
#include "linear_mae.h"

#include <float.h>
#include <gsl/gsl_cblas.h>
#include <lapack.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

static mi_code check_finite(const mi_linear_data *data, mi_status *status)
{
    for (size_t i = 0; i < data->count * data->size; i++) {
        if (!isfinite(data->values[i])) {
            return mi_fail(status, MI_NUMERIC, "value %zu of row %zu is not finite", i % data->size,
                           i / data->size);
        }
    }
    return MI_OK;
}

mi_code mi_linear_check(const mi_linear_data *data, double ratio, size_t rank, mi_status *status)
{
    size_t all = 0;
    if (data->count == 0 || data->size == 0 || data->size > INT_MAX || data->count > INT_MAX) {
        return mi_fail(status, MI_INPUT, "data of %zu rows and %zu columns: 1 to %d of each",
                       data->count, data->size, INT_MAX);
    }
    if (mi_product(data->count, data->size, &all, status) != MI_OK) {
        return MI_INPUT;
    }
    if (data->token == 0 || data->size % data->token != 0) {
        return mi_fail_at(status, "token", "is %zu; it must divide the %zu columns", data->token,
                          data->size);
    }
    if (!(ratio > 0 && ratio < 1)) {
        return mi_fail_at(status, "ratio", "is %g; it must be a number in (0, 1)", ratio);
    }
    if (rank < 1 || rank > data->size) {
        return mi_fail_at(status, "rank", "is %zu; it must be a whole number in [1, %zu]", rank,
                          data->size);
    }
    return check_finite(data, status);
}

/* C (m,n) = A B, row-major, A (m,k) and B (k,n) or their transposes. */
static void multiply(bool turned_a, bool turned_b, size_t m, size_t n, size_t k, const double *a,
                     const double *b, double *c)
{
    cblas_dgemm(CblasRowMajor, turned_a ? CblasTrans : CblasNoTrans,
                turned_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a,
                (int)(turned_a ? m : k), b, (int)(turned_b ? k : n), 0, c, (int)n);
}

mi_code mi_linear_moments_create(const mi_linear_data *data, double ratio,
                                 mi_linear_moments *moments, mi_status *status)
{
    size_t d = data->size;
    double scale = 1 / ((double)data->count * (double)d), kept = 1 - ratio;
    *moments = (mi_linear_moments){.size = d};
    mi_code code = mi_allocate(d * d, sizeof(double), &moments->second, status);
    if (code == MI_OK) {
        code = mi_allocate(d * d, sizeof(double), &moments->ridge, status);
    }
    if (code != MI_OK) {
        return code;
    }
    multiply(true, false, d, d, data->count, data->values, data->values, moments->second);
    for (size_t i = 0; i < d; i++) {
        moments->trace += scale * moments->second[i * d + i];
        for (size_t j = 0; j < d; j++) {
            bool together = i / data->token == j / data->token;
            double s = scale * moments->second[i * d + j];
            moments->second[i * d + j] = kept * s;
            moments->ridge[i * d + j] = kept * (kept + (together ? ratio : 0)) * s;
        }
    }
    return MI_OK;
}

void mi_linear_moments_free(mi_linear_moments *moments)
{
    free(moments->second);
    free(moments->ridge);
    *moments = (mi_linear_moments){0};
}

mi_code mi_linear_moments_loss(const mi_linear_moments *moments, const double *product,
                               double *ret_loss, mi_status *status)
{
    size_t d = moments->size;
    double *image = NULL, loss = moments->trace;
    mi_code code = mi_allocate(d * d, sizeof *image, &image, status);
    if (code != MI_OK) {
        return code;
    }
    multiply(false, false, d, d, d, moments->ridge, product, image);
    for (size_t i = 0; i < d * d; i++) { /* (1-m) S is symmetric: tr S W = sum of S_ij W_ij */
        loss += product[i] * (image[i] - 2 * moments->second[i]);
    }
    free(image);
    *ret_loss = loss;
    return MI_OK;
}

/* Eigenvalues, increasing, of a symmetric matrix (d,d), which becomes its eigenvectors, one a row.
 */
static mi_code eigen(size_t d, double *matrix, double *values, mi_status *status)
{
    int n = (int)d, ask = -1, info = 0, whole_size = 0, *whole = NULL;
    double work_size = 0, *work = NULL;
    LAPACK_dsyevd("V", "L", &n, matrix, &n, values, &work_size, &ask, &whole_size, &ask, &info);
    int size = (int)work_size;
    mi_code code = mi_allocate((size_t)size, sizeof *work, &work, status);
    if (code == MI_OK) {
        code = mi_allocate((size_t)whole_size, sizeof *whole, &whole, status);
    }
    if (code == MI_OK) {
        LAPACK_dsyevd("V", "L", &n, matrix, &n, values, work, &size, whole, &whole_size, &info);
    }
    free(work);
    free(whole);
    if (code == MI_OK && info != 0) {
        code = mi_fail(status, MI_NUMERIC, "the eigenvalues of a matrix of %zu rows were not found",
                       d);
    }
    return code;
}

/* Work of the solution: (d,d) each, values (d). */
typedef struct solution {
    size_t size, rank;
    double *root;   /* M^(-1/2) Q^T with M = Q diag Q^T: row i is q_i / sqrt(eigenvalue i) */
    double *image;  /* K = root (1-m) S */
    double *square; /* K K^T, then its eigenvectors, one a row, increasing */
    double *values;
} solution;

static mi_code allocate_solution(solution *s, mi_status *status)
{
    size_t d = s->size;
    double **blocks[] = {&s->root, &s->image, &s->square};
    mi_code code = mi_allocate(d, sizeof *s->values, &s->values, status);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0] && code == MI_OK; i++) {
        code = mi_allocate(d * d, sizeof(double), blocks[i], status);
    }
    return code;
}

static void free_solution(solution *s)
{
    free(s->root);
    free(s->image);
    free(s->square);
    free(s->values);
}

/* Directions that M does not have, the data do not have either (S <= d/p D), and they are left out:
 * pixels that never change. */
static mi_code whiten(const mi_linear_moments *moments, solution *s, mi_status *status)
{
    size_t d = s->size;
    for (size_t i = 0; i < d * d; i++) {
        s->root[i] = moments->ridge[i];
    }
    mi_code code = eigen(d, s->root, s->values, status);
    for (size_t i = 0; i < d && code == MI_OK; i++) {
        bool kept = s->values[i] > (double)d * DBL_EPSILON * s->values[d - 1];
        double scale = kept ? 1 / sqrt(s->values[i]) : 0;
        for (size_t j = 0; j < d; j++) {
            s->root[i * d + j] *= scale;
        }
    }
    return code;
}

/* W = root^T U_k U_k^T K, where the rows of `square` from d-k on are U_k^T. */
static mi_code put_together(const solution *s, double *product, mi_status *status)
{
    size_t d = s->size, k = s->rank;
    const double *best = s->square + (d - k) * d;
    double *short_image = NULL, *short_root = NULL;
    mi_code code = mi_allocate(k * d, sizeof *short_image, &short_image, status);
    if (code == MI_OK) {
        code = mi_allocate(k * d, sizeof *short_root, &short_root, status);
    }
    if (code == MI_OK) {
        multiply(false, false, k, d, d, best, s->image, short_image);
        multiply(false, false, k, d, d, best, s->root, short_root);
        multiply(true, false, d, d, k, short_root, short_image, product);
    }
    free(short_image);
    free(short_root);
    return code;
}

static mi_code solve(const mi_linear_moments *moments, solution *s, double *ret_loss,
                     mi_status *status)
{
    size_t d = s->size;
    mi_code code = allocate_solution(s, status);
    if (code == MI_OK) {
        code = whiten(moments, s, status);
    }
    if (code == MI_OK) {
        multiply(false, false, d, d, d, s->root, moments->second, s->image);
        multiply(false, true, d, d, d, s->image, s->image, s->square);
        code = eigen(d, s->square, s->values, status);
    }
    *ret_loss = moments->trace;
    for (size_t i = 0; i < s->rank && code == MI_OK; i++) {
        *ret_loss -= s->values[d - 1 - i];
    }
    return code;
}

mi_code mi_linear_solve(const mi_linear_data *data, const mi_linear_setting *setting,
                        double *opt_product, double *ret_loss, mi_status *status)
{
    mi_linear_moments moments = {0};
    solution s = {.size = data->size, .rank = setting->rank};
    mi_code code = mi_linear_check(data, setting->ratio, setting->rank, status);
    if (code == MI_OK) {
        code = mi_linear_moments_create(data, setting->ratio, &moments, status);
    }
    if (code == MI_OK) {
        code = solve(&moments, &s, ret_loss, status);
    }
    if (code == MI_OK && opt_product != NULL) {
        code = put_together(&s, opt_product, status);
    }
    free_solution(&s);
    mi_linear_moments_free(&moments);
    return code;
}

mi_code mi_linear_expected(const mi_linear_data *data, double ratio, const double *product,
                           double *ret_loss, mi_status *status)
{
    mi_linear_moments moments = {0};
    mi_code code = mi_linear_check(data, ratio, 1, status);
    if (code == MI_OK) {
        code = mi_linear_moments_create(data, ratio, &moments, status);
    }
    if (code == MI_OK) {
        code = mi_linear_moments_loss(&moments, product, ret_loss, status);
    }
    mi_linear_moments_free(&moments);
    return code;
}
