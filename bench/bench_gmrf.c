/* Time and standard errors of the gmrf profile, as `key value` lines.
 *
 *     bench_gmrf profile ROWS COLUMNS NEIGHBORS KAPPA ORDERS SEED THREADS
 *     bench_gmrf growth NEIGHBORS KAPPA SEED THREADS
 *
 * `profile` gives the median time of five profiles of ORDERS random orders, and the root mean
 * square over 49 ratios .02, .04, ... .98 of the standard errors of the conditional entropy and of
 * the joint information per site. `growth` gives the time per order on square grids of side 7, 14,
 * 28 and 56, and the exponent of the number of sites in it by least squares on logarithms.
 */
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "maskinfo/memory.h"
#include "maskinfo/model.h"
#include "maskinfo/statistics.h"

enum { RATIOS = 49, REPEATS = 5, SIDES = 4 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void set(mi_values *values, const char *name, double number)
{
    for (size_t i = 0; i < values->count; i++) {
        mi_value *v = &values->items[i];
        if (strcmp(v->parameter->name, name) == 0) {
            v->given = true;
            v->real = number;
            v->integer = (long long)number;
        }
    }
}

static mi_code make_field(size_t rows, size_t columns, double neighbors, double kappa,
                          const mi_run *run, mi_model **ret_model, mi_status *status)
{
    const mi_model_class *class = mi_model_find("gmrf");
    mi_values *values = NULL;
    mi_code code = mi_values_create(class->parameters, &values, status);
    if (code != MI_OK) {
        return code;
    }
    set(values, "neighbors", neighbors);
    set(values, "kappa", kappa);
    set(values, "channels", 1);
    for (size_t i = 0; i < values->count && code == MI_OK; i++) {
        mi_value *v = &values->items[i];
        v->given = true;
        if (v->parameter->type == MI_GRID) {
            v->grid[0] = rows;
            v->grid[1] = columns;
        } else if (v->parameter->type == MI_CHOICE) {
            code = mi_copy_text("free", &v->text, status);
        }
    }
    if (code == MI_OK) {
        code = mi_model_create(class, values, run, ret_model, status);
    }
    mi_values_destroy(values);
    return code;
}

/* Median time of REPEATS profiles; the last one is handed out. */
static mi_code time_profile(const mi_model *model, size_t orders, size_t repeats, const mi_run *run,
                            double *ret_seconds, mi_profile **ret_profile, mi_status *status)
{
    double seconds[REPEATS];
    mi_code code = MI_OK;
    for (size_t i = 0; i < repeats && code == MI_OK; i++) {
        mi_profile_destroy(*ret_profile);
        *ret_profile = NULL;
        double start = now();
        code = model->class->profile(model->state, orders, run, ret_profile, status);
        seconds[i] = now() - start;
    }
    if (code == MI_OK) {
        mi_sort(seconds, repeats);
        *ret_seconds = mi_quantile(seconds, repeats, 0.5);
    }
    return code;
}

/* Joint information per site of `masked` hidden sites, from one replicate. */
static double joint(const double *h, size_t sites, size_t masked)
{
    double sum = 0;
    for (size_t k = 0; k < sites; k++) {
        sum += h[k] * ((k < masked) + (k < sites - masked) - 1.0);
    }
    return sum / (double)sites;
}

static size_t masked_at(size_t ratio, size_t sites)
{
    return (size_t)lround(0.02 * (double)(ratio + 1) * (double)sites);
}

static void print_errors(const mi_profile *profile, double *joints)
{
    const mi_series *series = &profile->series[MI_ENTROPY];
    size_t sites = profile->sites;
    double squares = 0, joint_squares = 0;
    for (size_t i = 0; i < RATIOS; i++) {
        double mean = 0, error = 0;
        size_t masked = masked_at(i, sites);
        mi_mean_error(series->values + sites - masked, sites, series->replicates, &mean, &error);
        squares += error * error / RATIOS;
        if (i == RATIOS / 2) {
            printf("conditional_entropy_half %.8f\n", mean);
        }
        for (size_t r = 0; r < series->replicates; r++) {
            joints[r] = joint(series->values + r * sites, sites, masked);
        }
        mi_mean_error(joints, 1, series->replicates, &mean, &error);
        joint_squares += error * error / RATIOS;
        if (i == RATIOS / 2) {
            printf("joint_information_half %.8f\n", mean);
        }
    }
    printf("standard_error %.6e\n", sqrt(squares));
    printf("joint_standard_error %.6e\n", sqrt(joint_squares));
}

static mi_code run_profile(char **argv, mi_status *status)
{
    size_t rows = strtoul(argv[2], NULL, 10), columns = strtoul(argv[3], NULL, 10);
    size_t orders = strtoul(argv[6], NULL, 10);
    mi_run run = {.seed = strtoull(argv[7], NULL, 10), .threads = atoi(argv[8])};
    mi_model *model = NULL;
    mi_profile *profile = NULL;
    double seconds = 0, *joints = NULL;
    mi_code code = make_field(rows, columns, atof(argv[4]), atof(argv[5]), &run, &model, status);
    if (code == MI_OK && (code = mi_allocate(orders, sizeof *joints, &joints, status)) == MI_OK &&
        (code = time_profile(model, orders, REPEATS, &run, &seconds, &profile, status)) == MI_OK) {
        printf("seconds %.6e\nseconds_per_order %.6e\n", seconds, seconds / (double)orders);
        print_errors(profile, joints);
    }
    free(joints);
    mi_profile_destroy(profile);
    mi_model_destroy(model);
    return code;
}

static mi_code run_growth(char **argv, mi_status *status)
{
    static const size_t sides[SIDES] = {7, 14, 28, 56}, orders[SIDES] = {2000, 200, 20, 2};
    mi_run run = {.seed = strtoull(argv[4], NULL, 10), .threads = atoi(argv[5])};
    double x[SIDES], y[SIDES], intercept = 0, slope = 0, c00 = 0, c01 = 0, c11 = 0, sum = 0;
    mi_code code = MI_OK;
    for (size_t i = 0; i < SIDES && code == MI_OK; i++) {
        mi_model *model = NULL;
        mi_profile *profile = NULL;
        double seconds = 0;
        code = make_field(sides[i], sides[i], atof(argv[2]), atof(argv[3]), &run, &model, status);
        if (code == MI_OK) {
            code = time_profile(model, orders[i], i < 3 ? 3 : 1, &run, &seconds, &profile, status);
        }
        mi_profile_destroy(profile);
        mi_model_destroy(model);
        x[i] = log((double)(sides[i] * sides[i]));
        y[i] = log(seconds / (double)orders[i]);
        printf("seconds_per_order_side_%zu %.6e\n", sides[i], seconds / (double)orders[i]);
    }
    if (code == MI_OK) {
        gsl_fit_linear(x, 1, y, 1, SIDES, &intercept, &slope, &c00, &c01, &c11, &sum);
        printf("exponent %.3f\n", slope);
    }
    return code;
}

int main(int argc, char **argv)
{
    mi_status status = {.code = MI_OK};
    mi_code code = MI_INPUT;
    mi_start();
    if (argc == 9 && strcmp(argv[1], "profile") == 0) {
        code = run_profile(argv, &status);
    } else if (argc == 6 && strcmp(argv[1], "growth") == 0) {
        code = run_growth(argv, &status);
    } else {
        fprintf(stderr,
                "usage: bench_gmrf profile ROWS COLUMNS NEIGHBORS KAPPA ORDERS SEED THREADS\n"
                "       bench_gmrf growth NEIGHBORS KAPPA SEED THREADS\n");
        return 2;
    }
    if (code != MI_OK) {
        fprintf(stderr, "bench_gmrf: %s %s\n", status.place, status.message);
    }
    return code == MI_OK ? 0 : 1;
}
