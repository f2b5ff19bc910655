#include "maskinfo/statistics.h"

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

void mi_mean_error(const double *values, size_t stride, size_t count, double *ret_mean,
                   double *opt_error)
{
    double mean = gsl_stats_mean(values, stride, count);
    *ret_mean = mean;
    if (opt_error != NULL) {
        *opt_error = count < 2
                         ? 0.0
                         : sqrt(gsl_stats_variance_m(values, stride, count, mean) / (double)count);
    }
}

double mi_sum(const double *values, size_t count)
{
    enum { LANES = 8 };
    double lanes[LANES] = {0}, rest = 0;
    size_t whole = count - count % LANES;
    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            lanes[l] += values[i + l];
        }
    }
    for (size_t i = whole; i < count; i++) {
        rest += values[i];
    }
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
           ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7])) + rest;
}

double mi_quantile(const double *sorted, size_t count, double probability)
{
    return gsl_stats_quantile_from_sorted_data(sorted, 1, count, probability);
}

void mi_sort(double *values, size_t count)
{
    gsl_sort(values, 1, count);
}

enum { MAX_PAIRS = 1000 };

static bool is_constant(const double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (values[i] != values[0]) {
            return false;
        }
    }
    return true;
}

bool mi_rank_correlation(const double *x, const double *y, size_t count, double *ret_correlation)
{
    double work[2 * MAX_PAIRS];
    if (count < 3 || count > MAX_PAIRS || is_constant(x, count) || is_constant(y, count)) {
        return false;
    }
    *ret_correlation = gsl_stats_spearman(x, 1, y, 1, count, work);
    return isfinite(*ret_correlation);
}
