#include "gmrf_band.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

void mi_gmrf_band_destroy(mi_gmrf_band *band)
{
    if (band != NULL) {
        free(band->order);
        free(band->factor);
        free(band->inverse);
        free(band->response);
        free(band);
    }
}

/* The order along the shorter side, and of each site its place. */
static void order_sites(const mi_lattice *lattice, mi_gmrf_band *band, size_t *place)
{
    size_t rows = lattice->rows, columns = lattice->columns;
    for (size_t p = 0; p < lattice->sites; p++) {
        band->order[p] = columns <= rows ? p : p % rows * columns + p / rows;
        place[band->order[p]] = p;
    }
}

/* Q_mm: its band, and the diagonal in band->inverse. */
static void fill_band(const mi_gmrf *gmrf, const size_t *place, mi_gmrf_band *band)
{
    const mi_lattice *lattice = gmrf->lattice;
    memset(band->factor, 0, band->count * band->width * sizeof *band->factor);
    for (size_t p = 0; p < band->count; p++) {
        size_t site = band->order[p];
        band->inverse[p] = gmrf->kappa + (double)lattice->degree[site];
        for (size_t e = 0; e < lattice->degree[site]; e++) {
            size_t other = place[lattice->neighbor[site][e]];
            if (other < p) {
                band->factor[p * band->width + band->width - (p - other)] = -1;
            }
        }
    }
}

/* L in place of Q_mm, row by row: L_ij = (Q_ij - sum_k<j L_ik L_jk) / L_jj. */
static mi_code factorise(mi_gmrf_band *band, mi_status *status)
{
    size_t width = band->width;
    for (size_t i = 0; i < band->count; i++) {
        double *row = band->factor + i * width;
        for (size_t a = i < width ? width - i : 0; a < width; a++) {
            size_t j = i - width + a, shared = i < width ? width - i : 0;
            const double *other = band->factor + j * width + width - a;
            row[a] -= cblas_ddot((int)(a - shared), row + shared, 1, other + shared, 1);
            row[a] *= band->inverse[j];
        }
        double pivot = band->inverse[i] - cblas_ddot((int)width, row, 1, row, 1);
        if (!(pivot > 0)) {
            return mi_fail(status, MI_NUMERIC, "the precision matrix of the field is singular");
        }
        band->inverse[i] = 1 / sqrt(pivot);
    }
    return MI_OK;
}

/* x (count) becomes Q_mm^-1 x. `before` sites before the first would be read: rows near the start
 * are cut. */
static void solve(const mi_gmrf_band *band, double *x)
{
    size_t width = band->width;
    for (size_t i = 0; i < band->count; i++) {
        size_t used = GSL_MIN(i, width);
        const double *row = band->factor + i * width + width - used, *from = x + i - used;
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t a = 0; a < used; a++) {
            sum += row[a] * from[a];
        }
        x[i] = (x[i] - sum) * band->inverse[i];
    }
    for (size_t i = band->count; i-- > 0;) {
        size_t used = GSL_MIN(i, width);
        const double *row = band->factor + i * width + width - used;
        double *to = x + i - used, value = x[i] * band->inverse[i];
#pragma omp simd
        for (size_t a = 0; a < used; a++) {
            to[a] -= row[a] * value;
        }
        x[i] = value;
    }
}

/* g = 1 - kappa Q_mm^-1 1. */
static void find_response(const mi_gmrf *gmrf, mi_gmrf_band *band)
{
    for (size_t p = 0; p < band->count; p++) {
        band->response[p] = 1;
    }
    solve(band, band->response);
    for (size_t p = 0; p < band->count; p++) {
        band->response[p] = 1 - gmrf->kappa * band->response[p];
    }
    band->response[band->count] = 1;
    band->response_sum = mi_sum(band->response, band->count + 1);
}

static mi_code fill(const mi_gmrf *gmrf, mi_gmrf_band *band, size_t *place, mi_status *status)
{
    size_t n = band->count + 1;
    mi_code code = mi_allocate(n, sizeof *band->order, &band->order, status);
    if (code == MI_OK) {
        code = mi_allocate(n * band->width, sizeof *band->factor, &band->factor, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(n, sizeof *band->inverse, &band->inverse, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(n, sizeof *band->response, &band->response, status);
    }
    if (code == MI_OK) {
        order_sites(gmrf->lattice, band, place);
        fill_band(gmrf, place, band);
        code = factorise(band, status);
    }
    if (code == MI_OK) {
        find_response(gmrf, band);
    }
    return code;
}

mi_code mi_gmrf_band_create(mi_gmrf *gmrf, double shift, mi_status *status)
{
    const mi_lattice *lattice = gmrf->lattice;
    size_t width = GSL_MIN(lattice->rows, lattice->columns) + 1, *place = NULL;
    mi_gmrf_band *band = NULL;
    if (gmrf->torus || 2 * width > lattice->sites) {
        return MI_OK;
    }
    mi_code code = mi_allocate(lattice->sites, sizeof *place, &place, status);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *band, &band, status);
    }
    if (code == MI_OK) {
        band->count = lattice->sites - 1;
        band->width = width;
        band->shift = shift;
        gmrf->band = band;
        code = fill(gmrf, band, place, status);
    }
    free(place);
    return code;
}

static void band_times(const mi_gmrf *gmrf, const double *b, double *work, double *product)
{
    const mi_gmrf_band *band = gmrf->band;
    size_t n = band->count + 1;
    double total = mi_sum(b, n) / (gmrf->kappa + band->shift);
    double even = band->shift * total / (double)n;
    for (size_t p = 0; p < band->count; p++) {
        work[p] = b[band->order[p]] - even;
    }
    solve(band, work);
    work[band->count] = 0;
    double last = (total - mi_sum(work, band->count)) / band->response_sum;
    for (size_t p = 0; p < n; p++) {
        product[band->order[p]] = work[p] + band->response[p] * last;
    }
}

void mi_gmrf_regular_times(const mi_gmrf *gmrf, const double *b, double *work, double *product)
{
    int n = (int)gmrf->lattice->sites;
    if (gmrf->band != NULL) {
        band_times(gmrf, b, work, product);
    } else {
        cblas_dsymv(CblasColMajor, CblasLower, n, 1, gmrf->regular, n, b, 1, 0, product, 1);
    }
}
