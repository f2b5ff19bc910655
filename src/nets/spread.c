/* How far features spread: effective rank and deviation. */
#include <assert.h>
#include <gsl/gsl_cblas.h>
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/distill.h"
#include "maskinfo/memory.h"

struct mi_spread {
    size_t rows, columns;
    double *centred;   /* (rows,columns) less the mean */
    double *means;     /* (columns) */
    double *gram;      /* (m,m) of m = min(rows,columns) */
    double *values;    /* (m) eigenvalues */
    double *diagonals; /* (2m) */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Numbers of the whole block. */
static size_t numbers(size_t rows, size_t columns)
{
    size_t m = smaller(rows, columns);
    return rows * columns + columns + m * m + 3 * m;
}

size_t mi_spread_bytes(size_t rows, size_t columns)
{
    return sizeof(mi_spread) + numbers(rows, columns) * sizeof(double);
}

mi_code mi_spread_create(size_t rows, size_t columns, mi_spread **ret_spread, mi_status *status)
{
    mi_spread *spread = NULL;
    size_t m = smaller(rows, columns);
    mi_code code = mi_allocate(1, sizeof *spread, &spread, status);
    if (code == MI_OK) {
        *spread = (mi_spread){.rows = rows, .columns = columns};
        code = mi_allocate(numbers(rows, columns), sizeof(double), &spread->centred, status);
    }
    if (code == MI_OK) {
        spread->means = spread->centred + rows * columns;
        spread->gram = spread->means + columns;
        spread->values = spread->gram + m * m;
        spread->diagonals = spread->values + m;
    } else {
        mi_spread_destroy(spread);
        spread = NULL;
    }
    *ret_spread = spread;
    return code;
}

void mi_spread_destroy(mi_spread *spread)
{
    if (spread != NULL) {
        free(spread->centred);
        free(spread);
    }
}

/* centred = x less the mean of its column; the sum of its squares, and of those of x. */
static double centre(mi_spread *s, size_t rows, size_t columns, const mi_scalar *x,
                     double *ret_square)
{
    double *means = s->means, varied = 0, square = 0;
    mi_column_means(rows, columns, x, means);
    for (size_t i = 0; i < rows * columns; i++) {
        double d = (double)x[i] - means[i % columns];
        s->centred[i] = d;
        varied += d * d;
        square += (double)x[i] * (double)x[i];
    }
    *ret_square = square;
    return varied;
}

/* Eigenvalues of centred^T centred, or of centred centred^T where that is smaller: but for zeros
 * they are the same. GSL's workspace is two arrays. */
static size_t eigenvalues(mi_spread *s, size_t rows, size_t columns)
{
    size_t m = smaller(rows, columns);
    cblas_dsyrk(CblasRowMajor, CblasLower, columns < rows ? CblasTrans : CblasNoTrans, (int)m,
                (int)(columns < rows ? rows : columns), 1, s->centred, (int)columns, 0, s->gram,
                (int)m);
    gsl_matrix_view gram = gsl_matrix_view_array(s->gram, m, m);
    gsl_vector_view values = gsl_vector_view_array(s->values, m);
    gsl_eigen_symm_workspace work = {.size = m, .d = s->diagonals, .sd = s->diagonals + m};
    gsl_eigen_symm(&gram.matrix, &values.vector, &work);
    return m;
}

double mi_effective_rank(mi_spread *spread, size_t rows, size_t columns, const mi_scalar *x)
{
    assert(rows <= spread->rows && columns <= spread->columns);
    if (rows < 2) {
        return 0;
    }
    double square = 0, varied = centre(spread, rows, columns, x, &square);
    if (!isfinite(varied) || !isfinite(square)) {
        return NAN;
    }
    if (varied <= 1e-12 * square) {
        return 0;
    }
    size_t m = eigenvalues(spread, rows, columns);
    double total = 0;
    for (size_t i = 0; i < m; i++) {
        spread->values[i] = fmax(spread->values[i], 0); /* rounding */
        total += spread->values[i];
    }
    for (size_t i = 0; i < m; i++) {
        spread->values[i] /= total;
    }
    return exp(mi_entropy_of(m, spread->values));
}

/* columns times the mean variance is the mean square of a unit row less the square of their mean:
 * 1 - |mean of u|^2, where no row is 0. */
double mi_feature_deviation(mi_spread *spread, size_t rows, size_t columns, const mi_scalar *x)
{
    assert(columns <= spread->columns);
    double *mean = spread->means, left = 0;
    memset(mean, 0, columns * sizeof *mean);
    for (size_t r = 0; r < rows; r++) {
        double square = 0;
        for (size_t k = 0; k < columns; k++) {
            square += (double)x[r * columns + k] * (double)x[r * columns + k];
        }
        double scale = square > 0 ? 1 / sqrt(square) : square; /* 0, or NaN */
        for (size_t k = 0; k < columns; k++) {
            mean[k] += (double)x[r * columns + k] * scale / (double)rows;
        }
        left += square > 0 ? 1 / (double)rows : square;
    }
    for (size_t k = 0; k < columns; k++) {
        left -= mean[k] * mean[k];
    }
    return isnan(left) ? NAN : sqrt(fmax(left, 0));
}
