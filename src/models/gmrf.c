#include "gmrf.h"

#include <gsl/gsl_math.h>
#include <lapack.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "dense.h"
#include "gmrf_band.h"
#include "gmrf_large.h"
#include "gmrf_torus.h"
#include "maskinfo/memory.h"
#include "models.h"

enum {
    DENSE_SIDE = 100,   /* products of variances stay finite (gmrf_profile.c) */
    DENSE_SITES = 6400, /* a covariance of 330 MB, once for the field and once per thread */
    MAX_SIDE = 2000,
    MAX_SITES = 4000000,
    MAX_CHANNELS = 4096,
};
static const double max_kappa = 1e9;

static const char *const boundaries[] = {"free", "torus", NULL};

static const mi_parameter parameters[] = {
    {.name = "grid",
     .type = MI_GRID,
     .low = 1,
     .high = MAX_SIDE,
     .fallback = "[14, 14]",
     .unit = "sites",
     .help = "rows and columns of the lattice, 2 to 4000000 sites in all; beyond 6400 sites or a "
             "side of 100 by the method \"posterior\" alone"},
    {.name = "neighbors",
     .type = MI_INTEGER,
     .low = 4,
     .high = 8,
     .fallback = "8",
     .unit = "",
     .help = "4: sites that share a side are coupled; 8: also those that share a corner"},
    {.name = "kappa",
     .type = MI_REAL,
     .low = 0,
     .high = 1e9,
     .flags = MI_LOW_OPEN,
     .fallback = "0.1",
     .unit = "",
     .help =
         "pull of each site towards 0, against a coupling of 1 between neighbours; the smaller, "
         "the farther the correlation reaches"},
    {.name = "boundary",
     .type = MI_CHOICE,
     .fallback = "\"free\"",
     .choices = boundaries,
     .unit = "",
     .help = "torus joins opposite sides (each at least 3)"},
    {.name = "channels",
     .type = MI_INTEGER,
     .low = 1,
     .high = MAX_CHANNELS,
     .fallback = "1",
     .unit = "",
     .help = "independent copies of the field at each site: all entropies times this"},
    {.name = NULL},
};

static double gibibytes(double bytes)
{
    return bytes / 1073741824.0;
}

static mi_code check_grid(const size_t grid[2], bool torus, mi_status *status)
{
    size_t rows = grid[0], columns = grid[1];
    if (rows < 1 || columns < 1 || rows > MAX_SIDE || columns > MAX_SIDE) {
        mi_gmrf_estimate need = mi_gmrf_estimate_memory((double)rows * (double)columns, torus);
        return mi_fail_at(status, "grid",
                          "[%zu, %zu] is too large or empty (it would need about %.3g GiB): [rows, "
                          "columns], whole numbers in [1, %d] with at most %d sites in all",
                          rows, columns, gibibytes(need.once + need.thread), MAX_SIDE, MAX_SITES);
    }
    if (rows * columns < 2) {
        return mi_fail_at(status, "grid",
                          "[1, 1] has one site and nothing to inform it: 2 to %d sites in all",
                          MAX_SITES);
    }
    if (torus && (rows < 3 || columns < 3)) {
        return mi_fail_at(status, "grid",
                          "[%zu, %zu] is too small for boundary \"torus\": sides in [3, %d]", rows,
                          columns, MAX_SIDE);
    }
    return MI_OK;
}

static mi_code check_values(const mi_values *values, long long channels, mi_status *status)
{
    long long neighbors = mi_integer(values, "neighbors");
    double kappa = mi_real(values, "kappa");
    if (neighbors != 4 && neighbors != 8) {
        return mi_fail_at(status, "neighbors", "%lld is neither 4 nor 8", neighbors);
    }
    if (!(kappa > 0)) {
        return mi_fail_at(status, "kappa",
                          "%g is not a number in (0, %g]: the precision matrix Q is singular at 0 "
                          "and indefinite below",
                          kappa, max_kappa);
    }
    if (kappa > max_kappa || !isfinite(1 / kappa)) {
        return mi_fail_at(status, "kappa",
                          "%g is not a number in (0, %g] with a finite 1/kappa, the variance of "
                          "the mean",
                          kappa, max_kappa);
    }
    if (channels < 1 || channels > MAX_CHANNELS) {
        return mi_fail_at(status, "channels", "%lld is not a whole number in [1, %d]", channels,
                          MAX_CHANNELS);
    }
    return check_grid(mi_values_find(values, "grid")->grid, mi_is(values, "boundary", "torus"),
                      status);
}

void mi_gmrf_destroy(void *state)
{
    mi_gmrf *gmrf = state;
    if (gmrf != NULL) {
        mi_lattice_destroy(gmrf->lattice);
        free(gmrf->regular);
        mi_gmrf_large_destroy(gmrf->large);
        mi_gmrf_band_destroy(gmrf->band);
        free(gmrf);
    }
}

/* Q_c (N,N), lower triangle. */
static void fill_shifted_precision(const mi_gmrf *gmrf, double shift, double *matrix)
{
    const mi_lattice *lattice = gmrf->lattice;
    size_t n = lattice->sites;
    for (size_t i = 0; i < n * n; i++) {
        matrix[i] = shift / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        matrix[i * n + i] += gmrf->kappa + (double)lattice->degree[i];
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            matrix[i * n + lattice->neighbor[i][e]] -= 1;
        }
    }
}

/* Copy the lower triangle (column-major) onto the upper one. */
static void mirror(double *matrix, size_t n)
{
    for (size_t column = 0; column < n; column++) {
        for (size_t row = column + 1; row < n; row++) {
            matrix[row * n + column] = matrix[column * n + row];
        }
    }
}

/* S, a and log|Q|. The shift is the mean degree, well inside the spectrum of the other modes. */
static mi_code find_covariance(mi_gmrf *gmrf, mi_status *status)
{
    size_t n = gmrf->lattice->sites;
    double kappa = gmrf->kappa, shift = 2 * (double)gmrf->lattice->edges / (double)n;
    int rows = (int)n, info = 0;
    mi_code code = mi_allocate(n * n, sizeof *gmrf->regular, &gmrf->regular, status);
    if (code != MI_OK) {
        return code;
    }
    fill_shifted_precision(gmrf, shift, gmrf->regular);
    code = mi_cholesky(gmrf->regular, n, status);
    if (code != MI_OK) {
        return code;
    }
    gmrf->log_determinant =
        mi_factor_log_determinant(gmrf->regular, n) + log(kappa) - log(kappa + shift);
    LAPACK_dpotri("L", &rows, gmrf->regular, &rows, &info);
    if (info != 0) {
        return mi_fail(status, MI_NUMERIC, "the covariance of the field can not be computed");
    }
    mirror(gmrf->regular, n);
    gmrf->common = shift / (kappa + shift) / (double)n / kappa;
    gmrf->scale = kappa + shift;
    return mi_gmrf_band_create(gmrf, shift, status);
}

double mi_gmrf_regular(const mi_gmrf *gmrf, size_t i, size_t j)
{
    return gmrf->regular != NULL ? gmrf->regular[i * gmrf->lattice->sites + j]
                                 : mi_gmrf_large_regular(gmrf, i, j);
}

double mi_gmrf_response(const mi_gmrf *gmrf, size_t i)
{
    return gmrf->large == NULL || gmrf->large->response == NULL ? 1 : gmrf->large->response[i];
}

double mi_gmrf_variance(const mi_gmrf *gmrf, size_t i)
{
    double response = mi_gmrf_response(gmrf, i);
    return mi_gmrf_regular(gmrf, i, i) + gmrf->common * response * response;
}

/* What is exact at no and at all other sites visible. */
static void find_ends(mi_gmrf *gmrf)
{
    size_t n = gmrf->lattice->sites;
    for (size_t i = 0; i < n; i++) {
        double variance = mi_gmrf_variance(gmrf, i);
        double last = 1 / (gmrf->kappa + (double)gmrf->lattice->degree[i]);
        gmrf->mean_variance += variance / (double)n;
        gmrf->log_variance += log(variance) / (double)n;
        gmrf->mean_last_variance += last / (double)n;
        gmrf->log_last_variance += log(last) / (double)n;
    }
}

/* On a torus what the eigenvalues tell replaces what the factor does. */
static mi_code find_dense(mi_gmrf *gmrf, mi_status *status)
{
    mi_code code = find_covariance(gmrf, status);
    if (code == MI_OK && gmrf->torus) {
        gmrf->log_determinant = mi_torus_log_determinant(gmrf);
    }
    return code;
}

/* Refuse what the machine can not hold before anything is asked of it. */
static mi_code check_memory(size_t sites, bool torus, const mi_run *run, mi_status *status)
{
    mi_gmrf_estimate need = mi_gmrf_estimate_memory((double)sites, torus);
    double threads = need.thread * run->threads;
    double most = need.once > threads ? need.once : threads;
    double installed = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (installed > 0 && most > installed) {
        return mi_fail_at(status, "grid",
                          "%zu sites need about %.3g GiB for the field and then %.3g GiB for each "
                          "of %d threads, and the machine has %.3g GiB: fewer sites or threads",
                          sites, gibibytes(need.once), gibibytes(need.thread), run->threads,
                          gibibytes(installed));
    }
    return MI_OK;
}

static mi_code fill(mi_gmrf *gmrf, int neighbors, bool large, const mi_run *run, mi_status *status)
{
    const mi_lattice *lattice = gmrf->lattice;
    large = large || lattice->rows > DENSE_SIDE || lattice->columns > DENSE_SIDE ||
            lattice->sites > DENSE_SITES;
    mi_code code =
        large ? mi_gmrf_large_create(gmrf, neighbors, run, status) : find_dense(gmrf, status);
    if (code == MI_OK && !(large && run->validate_only)) {
        find_ends(gmrf);
    }
    return code;
}

mi_code mi_gmrf_create(const mi_values *values, long long channels, bool large, const mi_run *run,
                       mi_gmrf **ret_gmrf, mi_status *status)
{
    mi_gmrf *gmrf = NULL;
    mi_code code = check_values(values, channels, status);
    if (code != MI_OK) {
        return code;
    }
    const size_t *grid = mi_values_find(values, "grid")->grid;
    bool torus = mi_is(values, "boundary", "torus");
    int neighbors = (int)mi_integer(values, "neighbors");
    if ((code = check_memory(grid[0] * grid[1], torus, run, status)) != MI_OK ||
        (code = mi_allocate(1, sizeof *gmrf, &gmrf, status)) != MI_OK) {
        return code;
    }
    gmrf->kappa = mi_real(values, "kappa");
    gmrf->channels = (double)channels;
    gmrf->torus = torus;
    code = mi_lattice_create(grid[0], grid[1], neighbors, torus, &gmrf->lattice, status);
    if (code == MI_OK) {
        code = fill(gmrf, neighbors, large, run, status);
    }
    if (code != MI_OK) {
        mi_gmrf_destroy(gmrf);
        return code;
    }
    *ret_gmrf = gmrf;
    return MI_OK;
}

static mi_code gmrf_create(const mi_values *values, const mi_run *run, void **ret_state,
                           mi_status *status)
{
    mi_gmrf *gmrf = NULL;
    mi_code code =
        mi_gmrf_create(values, mi_integer(values, "channels"), false, run, &gmrf, status);
    if (code == MI_OK) {
        *ret_state = gmrf;
    }
    return code;
}

/* A profile takes the whole covariance. */
static mi_code gmrf_exact_allowed(const void *state, mi_status *status)
{
    const mi_gmrf *gmrf = state;
    if (gmrf->large == NULL) {
        return MI_OK;
    }
    return mi_fail_at(status, "method",
                      "\"exact\": needs dense matrices, of at most %d sites and sides of at most "
                      "%d, and the grid is [%zu, %zu]; use \"posterior\"",
                      DENSE_SITES, DENSE_SIDE, gmrf->lattice->rows, gmrf->lattice->columns);
}

static bool gmrf_masks_only(const void *state)
{
    return ((const mi_gmrf *)state)->large != NULL;
}

static mi_shape gmrf_shape(const void *state)
{
    const mi_lattice *lattice = ((const mi_gmrf *)state)->lattice;
    return (mi_shape){.dimensions = 2,
                      .sites = lattice->sites,
                      .rows = lattice->rows,
                      .columns = lattice->columns};
}

double mi_gaussian_entropy(double log_variance)
{
    return 0.5 * (M_LNPI + M_LN2 + 1 + log_variance);
}

/* Mean of H(X_i) and H(X_1..X_N) = (N log 2 pi e - log|Q|) / 2. */
static mi_code gmrf_known_entropies(const void *state, double *ret_marginal, double *ret_total,
                                    mi_status *status)
{
    (void)status;
    const mi_gmrf *gmrf = state;
    double n = (double)gmrf->lattice->sites;
    *ret_marginal = gmrf->channels * mi_gaussian_entropy(gmrf->log_variance);
    *ret_total = gmrf->channels * n * mi_gaussian_entropy(-gmrf->log_determinant / n);
    return MI_OK;
}

const mi_model_class mi_gmrf_class = {
    .name = "gmrf",
    .summary = "Gaussian Markov random field on a lattice with 4 or 8 neighbours",
    .parameters = parameters,
    .tells = MI_TELLS_NEIGHBORS,
    .create = gmrf_create,
    .destroy = mi_gmrf_destroy,
    .shape = gmrf_shape,
    .exact_allowed = gmrf_exact_allowed,
    .profile = mi_gmrf_profile,
    .masks_only = gmrf_masks_only,
    .evaluate = mi_gmrf_evaluate,
    .sample = mi_gmrf_sample,
    .example_shape = mi_gmrf_example_shape,
    .example = mi_gmrf_example,
    .posterior = mi_gmrf_posterior,
    .scratch_create = mi_gmrf_scratch_create,
    .scratch_destroy = mi_gmrf_scratch_destroy,
    .known_entropies = gmrf_known_entropies,
};
