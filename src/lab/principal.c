#include "principal.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

/* Of the values of a component, where its colours begin and end. */
static const double low_quantile = 0.02, high_quantile = 0.98;

typedef struct principal {
    size_t count, size;
    const mi_scalar *vectors;
    double *mean;           /* (size) */
    gsl_matrix *covariance; /* (size, size) */
    gsl_vector *values;     /* (size), decreasing */
    gsl_matrix *directions; /* (size, size), in columns */
    gsl_eigen_symmv_workspace *work;
    double *scores, *sorted; /* (count) */
} principal;

static mi_code find_mean(principal *p, mi_status *status)
{
    for (size_t i = 0; i < p->count; i++) {
        for (size_t k = 0; k < p->size; k++) {
            double x = (double)p->vectors[i * p->size + k];
            if (!isfinite(x)) {
                return mi_fail(status, MI_INPUT, "feature %zu of patch %zu is not finite", k, i);
            }
            p->mean[k] += x / (double)p->count;
        }
    }
    return MI_OK;
}

static double centred(const principal *p, size_t i, size_t k)
{
    return (double)p->vectors[i * p->size + k] - p->mean[k];
}

/* C = sum of (x - mean) (x - mean)^T / count. */
static void find_covariance(principal *p)
{
    for (size_t i = 0; i < p->count; i++) {
        for (size_t a = 0; a < p->size; a++) {
            double x = centred(p, i, a) / (double)p->count;
            for (size_t b = 0; b <= a; b++) {
                *gsl_matrix_ptr(p->covariance, a, b) += x * centred(p, i, b);
            }
        }
    }
    for (size_t a = 0; a < p->size; a++) {
        for (size_t b = 0; b < a; b++) {
            gsl_matrix_set(p->covariance, b, a, gsl_matrix_get(p->covariance, a, b));
        }
    }
}

/* +1 or -1, so that the largest loading becomes positive. */
static double sign_of(const principal *p, size_t component)
{
    double largest = 0;
    for (size_t k = 0; k < p->size; k++) {
        double loading = gsl_matrix_get(p->directions, k, component);
        largest = fabs(loading) > fabs(largest) ? loading : largest;
    }
    return largest < 0 ? -1 : 1;
}

static void project(principal *p, size_t component)
{
    double sign = sign_of(p, component);
    for (size_t i = 0; i < p->count; i++) {
        p->scores[i] = 0;
        for (size_t k = 0; k < p->size; k++) {
            p->scores[i] += sign * gsl_matrix_get(p->directions, k, component) * centred(p, i, k);
        }
        p->sorted[i] = p->scores[i];
    }
    gsl_sort(p->sorted, 1, p->count);
}

static void colour(principal *p, size_t component, double *rgb)
{
    project(p, component);
    double low = gsl_stats_quantile_from_sorted_data(p->sorted, 1, p->count, low_quantile);
    double high = gsl_stats_quantile_from_sorted_data(p->sorted, 1, p->count, high_quantile);
    for (size_t i = 0; i < p->count; i++) {
        double share = high > low ? (p->scores[i] - low) / (high - low) : 0.5;
        rgb[i * MI_COLOURS + component] = fmin(1, fmax(0, share));
    }
}

static mi_code decompose(principal *p, mi_status *status)
{
    find_covariance(p);
    if (gsl_eigen_symmv(p->covariance, p->values, p->directions, p->work) != 0) {
        return mi_fail(status, MI_NUMERIC, "no eigenvectors of the patches' covariance");
    }
    gsl_eigen_symmv_sort(p->values, p->directions, GSL_EIGEN_SORT_VAL_DESC);
    return MI_OK;
}

/* Components within rounding of the whole variance are none. */
static void colour_all(principal *p, double *rgb, double explained[MI_COLOURS])
{
    double total = 0;
    for (size_t k = 0; k < p->size; k++) {
        total += fmax(0, gsl_vector_get(p->values, k));
    }
    for (size_t c = 0; c < MI_COLOURS; c++) {
        double value = c < p->size ? fmax(0, gsl_vector_get(p->values, c)) : 0;
        explained[c] = total > 0 ? value / total : 0;
        if (explained[c] > 1e-12) {
            colour(p, c, rgb);
            continue;
        }
        for (size_t i = 0; i < p->count; i++) {
            rgb[i * MI_COLOURS + c] = 0.5;
        }
    }
}

static mi_code open_all(principal *p, mi_status *status)
{
    mi_code code = mi_allocate(p->size, sizeof *p->mean, &p->mean, status);
    if (code == MI_OK) {
        code = mi_allocate(p->count, sizeof *p->scores, &p->scores, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(p->count, sizeof *p->sorted, &p->sorted, status);
    }
    if (code != MI_OK) {
        return code;
    }
    p->covariance = gsl_matrix_calloc(p->size, p->size);
    p->directions = gsl_matrix_alloc(p->size, p->size);
    p->values = gsl_vector_alloc(p->size);
    p->work = gsl_eigen_symmv_alloc(p->size);
    bool there =
        p->covariance != NULL && p->directions != NULL && p->values != NULL && p->work != NULL;
    return there ? MI_OK : mi_fail(status, MI_MEMORY, "out of memory for the maps of patches");
}

static void close_all(principal *p)
{
    free(p->mean);
    free(p->scores);
    free(p->sorted);
    gsl_matrix_free(p->covariance);
    gsl_matrix_free(p->directions);
    gsl_vector_free(p->values);
    gsl_eigen_symmv_free(p->work);
}

mi_code mi_principal_colours(size_t count, size_t size, const mi_scalar *vectors, double *rgb,
                             double explained[MI_COLOURS], mi_status *status)
{
    principal p = {.count = count, .size = size, .vectors = vectors};
    mi_code code = open_all(&p, status);
    if (code == MI_OK) {
        code = find_mean(&p, status);
    }
    if (code == MI_OK) {
        code = decompose(&p, status);
    }
    if (code == MI_OK) {
        colour_all(&p, rgb, explained);
    }
    close_all(&p);
    return code;
}
