#include "gmrf_torus.h"

#include <gsl/gsl_fft_complex.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

double mi_torus_eigenvalue(const mi_gmrf *gmrf, size_t a, size_t b)
{
    const mi_lattice *lattice = gmrf->lattice;
    double u = gsl_pow_2(sin(M_PI * (double)a / (double)lattice->rows));
    double v = gsl_pow_2(sin(M_PI * (double)b / (double)lattice->columns));
    return gmrf->kappa + (lattice->degree[0] == 4 ? 4 * (u + v) : 12 * (u + v) - 16 * u * v);
}

double mi_torus_log_determinant(const mi_gmrf *gmrf)
{
    double sum = 0;
    for (size_t a = 0; a < gmrf->lattice->rows; a++) {
        double row = 0;
        for (size_t b = 0; b < gmrf->lattice->columns; b++) {
            row += log(mi_torus_eigenvalue(gmrf, a, b));
        }
        sum += row;
    }
    return sum;
}

/* Transform `count` lines of `length` complex numbers; numbers of a line are `stride` apart, lines
 * `step`. */
static mi_code transform_lines(double *data, size_t length, size_t stride, size_t count,
                               size_t step, mi_status *status)
{
    gsl_fft_complex_wavetable *table = gsl_fft_complex_wavetable_alloc(length);
    gsl_fft_complex_workspace *space = gsl_fft_complex_workspace_alloc(length);
    mi_code code = table != NULL && space != NULL
                       ? MI_OK
                       : mi_fail(status, MI_MEMORY, "no memory for a transform of %zu", length);
    for (size_t i = 0; code == MI_OK && i < count; i++) {
        gsl_fft_complex_forward(data + 2 * i * step, stride, length, table, space);
    }
    gsl_fft_complex_wavetable_free(table);
    gsl_fft_complex_workspace_free(space);
    return code;
}

mi_code mi_torus_covariances(const mi_gmrf *gmrf, double *covariances, mi_status *status)
{
    size_t rows = gmrf->lattice->rows, columns = gmrf->lattice->columns, n = rows * columns;
    double *waves = NULL;
    mi_code code = mi_allocate(2 * n, sizeof *waves, &waves, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 1; i < n; i++) {
        waves[2 * i] = 1 / mi_torus_eigenvalue(gmrf, i / columns, i % columns);
    }
    if ((code = transform_lines(waves, columns, 1, rows, columns, status)) == MI_OK &&
        (code = transform_lines(waves, rows, columns, columns, 1, status)) == MI_OK) {
        for (size_t i = 0; i < n; i++) {
            covariances[i] = waves[2 * i] / (double)n;
        }
    }
    free(waves);
    return code;
}

/* Steps from the first chosen site to the next one in its row, and to the next row that has any;
 * the side where there is none. */
static mi_sublattice guess(const mi_lattice *lattice, const unsigned char *masked,
                           unsigned char want, size_t first)
{
    mi_sublattice s = {.down = 1, .across = 1};
    size_t columns = lattice->columns, row = first / columns, column = first % columns;
    while (s.across < columns && masked[row * columns + (column + s.across) % columns] != want) {
        s.across++;
    }
    while (s.down < lattice->rows &&
           masked[(row + s.down) % lattice->rows * columns + column] != want) {
        s.down++;
    }
    return s;
}

bool mi_torus_find_sublattice(const mi_gmrf *gmrf, const unsigned char *masked, unsigned char want,
                              mi_sublattice *ret_sublattice)
{
    const mi_lattice *lattice = gmrf->lattice;
    size_t columns = lattice->columns, n = lattice->sites, first = 0;
    while (first < n && masked[first] != want) {
        first++;
    }
    if (first == n) {
        return false;
    }
    mi_sublattice s = guess(lattice, masked, want, first);
    bool proper = s.down * s.across > 1 && s.down * s.across < n;
    if (!proper || lattice->rows % s.down != 0 || columns % s.across != 0) {
        return false;
    }
    size_t row = first / columns % s.down, column = first % columns % s.across;
    for (size_t i = 0; i < n; i++) {
        bool on = i / columns % s.down == row && i % columns % s.across == column;
        if ((masked[i] == want) != on) {
            return false;
        }
    }
    *ret_sublattice = s;
    return true;
}

double mi_torus_sublattice_information(const mi_gmrf *gmrf, mi_sublattice s)
{
    size_t rows = gmrf->lattice->rows / s.down, columns = gmrf->lattice->columns / s.across;
    double aliases = (double)(s.down * s.across), logs = 0;
    for (size_t i = 0; i < rows * columns; i++) {
        double variance = 0, precision = 0;
        for (size_t alias = 0; alias < s.down * s.across; alias++) {
            double lambda = mi_torus_eigenvalue(gmrf, i / columns + alias / s.across * rows,
                                                i % columns + alias % s.across * columns);
            variance += 1 / lambda;
            precision += lambda;
        }
        logs += log(variance / aliases) + log(precision / aliases);
    }
    return 0.5 * logs;
}
