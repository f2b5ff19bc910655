/* Time of one mask of a large Gaussian field (log-determinants of Q_mm and Q_vv, all conditional
 * variances, the residual), as `key value` lines. One thread.
 *
 *     bench_sparse mask ROWS COLUMNS NEIGHBORS KAPPA BOUNDARY KIND RATIO SEED
 *     bench_sparse growth NEIGHBORS KAPPA SEED LARGEST
 *     bench_sparse solves ROWS COLUMNS NEIGHBORS KAPPA RATIO SEED
 *
 * KIND is `random`, or `block`, a square in the middle that hides the ratio. `growth` gives the
 * time on square grids of side 50, 100, 200, 300, 500, 1000 up to LARGEST at the ratio .75 and the
 * exponent of the number of sites in it by least squares on logarithms. `solves` compares the
 * diagonal of the inverse by selected inversion with one solve per masked site on the same factor.
 */
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../src/models/gmrf_large.h"
#include "maskinfo/mask.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"

enum { SIDES = 6 };

typedef struct field {
    mi_model model;
    void *scratch;
    gsl_rng *stream;
    size_t *order;
    unsigned char *masked;
    size_t rows, columns, sites;
    const char *boundary;
} field;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void field_close(field *f)
{
    const mi_model_class *class = mi_model_find("gmrf");
    class->scratch_destroy(f->scratch);
    class->destroy(f->model.state);
    gsl_rng_free(f->stream);
    free(f->order);
    free(f->masked);
}

static mi_code set_values(mi_values *values, const field *f, double neighbors, double kappa,
                          mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t i = 0; i < values->count && code == MI_OK; i++) {
        mi_value *v = &values->items[i];
        const char *name = v->parameter->name;
        v->given = true;
        v->integer = strcmp(name, "neighbors") == 0 ? (long long)neighbors : 1;
        v->real = kappa;
        if (v->parameter->type == MI_GRID) {
            v->grid[0] = f->rows;
            v->grid[1] = f->columns;
        } else if (v->parameter->type == MI_CHOICE) {
            code = mi_copy_text(f->boundary, &v->text, status);
        }
    }
    return code;
}

static mi_code field_open(field *f, double neighbors, double kappa, const mi_run *run,
                          mi_status *status)
{
    const mi_model_class *class = mi_model_find("gmrf");
    mi_values *values = NULL;
    mi_gmrf *gmrf = NULL;
    f->sites = f->rows * f->columns;
    mi_code code = mi_values_create(class->parameters, &values, status);
    if (code == MI_OK && (code = set_values(values, f, neighbors, kappa, status)) == MI_OK) {
        code = mi_gmrf_create(values, mi_integer(values, "channels"), true, run, &gmrf, status);
    }
    mi_values_destroy(values);
    f->model = (mi_model){.class = class, .state = gmrf};
    if (code != MI_OK || (code = class->scratch_create(gmrf, &f->scratch, status)) != MI_OK ||
        (code = mi_stream_create(run->seed, MI_PURPOSE_ORDER, 0, &f->stream, status)) != MI_OK ||
        (code = mi_allocate(f->sites, sizeof *f->order, &f->order, status)) != MI_OK) {
        return code;
    }
    return mi_allocate(f->sites, 1, &f->masked, status);
}

static void hide_random(field *f, double ratio, uint64_t seed)
{
    mi_stream_set(f->stream, seed, MI_PURPOSE_ORDER, 0);
    mi_random_order(f->stream, f->order, f->sites);
    mi_mask_from_order(f->order, f->sites, (size_t)(ratio * (double)f->sites), f->masked);
}

static void hide_block(field *f, double ratio)
{
    double side = sqrt(ratio);
    size_t rows = (size_t)(side * (double)f->rows), columns = (size_t)(side * (double)f->columns);
    size_t top = (f->rows - rows) / 2, left = (f->columns - columns) / 2;
    for (size_t i = 0; i < f->sites; i++) {
        size_t row = i / f->columns, column = i % f->columns;
        f->masked[i] = row >= top && row < top + rows && column >= left && column < left + columns;
    }
}

static mi_code evaluate(field *f, uint64_t seed, double *ret_seconds, mi_mask_result *result,
                        mi_status *status)
{
    double begin = now();
    mi_stream_set(f->stream, seed, MI_PURPOSE_SAMPLE, 0);
    mi_code code = f->model.class->evaluate(f->model.state, f->masked, MI_FROM_MODEL, f->stream,
                                            true, f->scratch, result, status);
    *ret_seconds = now() - begin;
    return code;
}

static double peak_gibibytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1048576.0;
}

static mi_code run_mask(char **argv, mi_status *status)
{
    field f = {.rows = strtoul(argv[2], NULL, 10),
               .columns = strtoul(argv[3], NULL, 10),
               .boundary = argv[6]};
    mi_run run = {.seed = strtoull(argv[9], NULL, 10), .threads = 1};
    double begin = now(), seconds = 0;
    mi_mask_result result;
    mi_code code = field_open(&f, atof(argv[4]), atof(argv[5]), &run, status);
    printf("create_seconds %.4f\ncreate_peak_gib %.3f\n", now() - begin, peak_gibibytes());
    if (code == MI_OK) {
        if (strcmp(argv[7], "block") == 0) {
            hide_block(&f, atof(argv[8]));
        } else {
            hide_random(&f, atof(argv[8]), run.seed);
        }
        code = evaluate(&f, run.seed, &seconds, &result, status);
    }
    if (code == MI_OK) {
        const mi_gmrf *gmrf = f.model.state;
        mi_gmrf_estimate need = mi_gmrf_estimate_memory((double)f.sites, gmrf->torus);
        printf("mask_seconds %.4f\npeak_gib %.3f\n", seconds, peak_gibibytes());
        printf("estimate_once_gib %.3f\nestimate_thread_gib %.3f\n", need.once / 1073741824.0,
               need.thread / 1073741824.0);
        printf("log_determinant %.12g\nconditional_entropy %.10f\njoint_information %.10f\n",
               gmrf->log_determinant, result.conditional_entropy, result.joint_information);
        printf("marginal_entropy %.10f\nneighbor_entropy %.10f\n", result.marginal_entropy,
               result.neighbor_entropy);
    }
    field_close(&f);
    return code;
}

static mi_code run_growth(char **argv, mi_status *status)
{
    static const size_t sides[SIDES] = {50, 100, 200, 300, 500, 1000};
    mi_run run = {.seed = strtoull(argv[4], NULL, 10), .threads = 1};
    double x[SIDES], y[SIDES], z[SIDES], slope = 0, other = 0, skip = 0;
    size_t largest = strtoul(argv[5], NULL, 10), count = 0;
    mi_code code = MI_OK;
    for (; count < SIDES && sides[count] <= largest && code == MI_OK; count++) {
        field f = {.rows = sides[count], .columns = sides[count], .boundary = "free"};
        mi_mask_result result;
        double begin = now(), create = 0, seconds = 0, again = 0;
        code = field_open(&f, atof(argv[2]), atof(argv[3]), &run, status);
        create = now() - begin;
        if (code == MI_OK) {
            hide_random(&f, 0.75, run.seed);
            if ((code = evaluate(&f, run.seed, &seconds, &result, status)) == MI_OK) {
                code = evaluate(&f, run.seed, &again, &result, status);
            }
        }
        seconds = again < seconds ? again : seconds;
        printf("side_%zu_mask_seconds %.4f\nside_%zu_create_seconds %.4f\n", sides[count], seconds,
               sides[count], create);
        x[count] = log((double)f.sites);
        y[count] = log(seconds);
        z[count] = log(create);
        field_close(&f);
    }
    if (code == MI_OK) {
        gsl_fit_linear(x, 1, y, 1, count, &skip, &slope, &skip, &skip, &skip, &skip);
        gsl_fit_linear(x, 1, z, 1, count, &skip, &other, &skip, &skip, &skip, &skip);
        printf("exponent_mask %.3f\nexponent_create %.3f\npeak_gib %.3f\n", slope, other,
               peak_gibibytes());
    }
    return code;
}

/* Largest difference of the diagonals, and both times, on one factor. */
static mi_code compare(field *f, size_t *sites, size_t *position, double *diagonal, double *column,
                       mi_status *status)
{
    const mi_gmrf *gmrf = f->model.state;
    mi_sparse *solver = NULL;
    double begin = 0, most = 0;
    mi_code code = mi_gmrf_large_solver(gmrf, &solver, status);
    size_t count = mi_gmrf_large_list(gmrf, f->masked, 1, sites, position);
    if (code == MI_OK) {
        begin = now();
        code = mi_gmrf_large_factorise(gmrf, sites, position, count, solver, status);
        printf("rows %zu\nfactor_seconds %.4f\n", count, now() - begin);
    }
    begin = now();
    for (size_t p = 0; p < count && code == MI_OK; p++) {
        memset(column, 0, count * sizeof *column);
        column[p] = 1;
        code = mi_sparse_solve(solver, column, status);
        diagonal[p] = column[p];
    }
    printf("solves_seconds %.4f\n", now() - begin);
    memset(column, 0, count * sizeof *column);
    begin = now();
    if (code == MI_OK) {
        double *residual = column + f->sites;
        code = mi_gmrf_large_conditional(solver, residual, column, status);
        printf("selected_seconds %.4f\n", now() - begin);
    }
    for (size_t p = 0; p < count; p++) {
        most = fmax(most, fabs(column[p] / diagonal[p] - 1));
    }
    printf("largest_relative_difference %.2e\n", most);
    mi_sparse_destroy(solver);
    return code;
}

static mi_code run_solves(char **argv, mi_status *status)
{
    field f = {.rows = strtoul(argv[2], NULL, 10),
               .columns = strtoul(argv[3], NULL, 10),
               .boundary = "free"};
    mi_run run = {.seed = strtoull(argv[7], NULL, 10), .threads = 1};
    size_t *places = NULL;
    double *numbers = NULL;
    mi_code code = field_open(&f, atof(argv[4]), atof(argv[5]), &run, status);
    if (code == MI_OK &&
        (code = mi_allocate(2 * f.sites, sizeof *places, &places, status)) == MI_OK &&
        (code = mi_allocate(3 * f.sites, sizeof *numbers, &numbers, status)) == MI_OK) {
        hide_random(&f, atof(argv[6]), run.seed);
        code = compare(&f, places, places + f.sites, numbers, numbers + f.sites, status);
    }
    free(places);
    free(numbers);
    field_close(&f);
    return code;
}

int main(int argc, char **argv)
{
    mi_status status = {.code = MI_OK};
    mi_code code = MI_INPUT;
    mi_start();
    if (argc == 10 && strcmp(argv[1], "mask") == 0) {
        code = run_mask(argv, &status);
    } else if (argc == 6 && strcmp(argv[1], "growth") == 0) {
        code = run_growth(argv, &status);
    } else if (argc == 8 && strcmp(argv[1], "solves") == 0) {
        code = run_solves(argv, &status);
    } else {
        fprintf(stderr,
                "usage: bench_sparse mask ROWS COLUMNS NEIGHBORS KAPPA BOUNDARY KIND RATIO SEED\n"
                "       bench_sparse growth NEIGHBORS KAPPA SEED LARGEST\n"
                "       bench_sparse solves ROWS COLUMNS NEIGHBORS KAPPA RATIO SEED\n");
        return 2;
    }
    if (code != MI_OK) {
        fprintf(stderr, "bench_sparse: %s %s\n", status.place, status.message);
    }
    return code == MI_OK ? 0 : 1;
}
