#include "maskinfo/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

/* A spread of the last few bits of equal values is no sampling error. */
static const double rounding = 1e-14;

void mi_mean_error(const double *values, size_t stride, size_t count, double *ret_mean,
                   double *opt_error)
{
    double mean = gsl_stats_mean(values, stride, count);
    *ret_mean = mean;
    if (opt_error != NULL) {
        double error =
            count < 2 ? 0 : sqrt(gsl_stats_variance_m(values, stride, count, mean) / (double)count);
        *opt_error = error > rounding * fabs(mean) ? error : 0;
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

/* Ranks of values[i], those of equal ones their mean. */
static void find_ranks(const double *values, size_t count, double *ranks)
{
    for (size_t i = 0; i < count; i++) {
        double below = 0, equal = 0;
        for (size_t j = 0; j < count; j++) {
            below += values[j] < values[i];
            equal += values[j] == values[i];
        }
        ranks[i] = below + (equal + 1) / 2;
    }
}

/* The orders of one set of ranks against the other. */
typedef struct orders {
    double x[MI_PERMUTED], y[MI_PERMUTED];
    size_t count;
    double middle, distance; /* mean of sum x y over all orders; how far from it counts */
    double all, beyond;      /* orders seen */
} orders;

/* Place each rank of y that is not `used` beside x[at], then the rest beside the rest. */
static void permute(orders *o, size_t at, unsigned used, double sum)
{
    if (at == o->count) {
        o->all++;
        o->beyond += fabs(sum - o->middle) >= o->distance;
        return;
    }
    for (size_t i = 0; i < o->count; i++) {
        if (!(used >> i & 1)) {
            permute(o, at + 1, used | 1U << i, sum + o->x[at] * o->y[i]);
        }
    }
}

/* The correlation is a linear function of sum x y, the ranks being what they are. */
static double permuted_p(const double *x, const double *y, size_t count)
{
    orders o = {.count = count};
    double sum = 0, mean = (double)(count + 1) / 2;
    find_ranks(x, count, o.x);
    find_ranks(y, count, o.y);
    for (size_t i = 0; i < count; i++) {
        sum += o.x[i] * o.y[i];
    }
    o.middle = (double)count * mean * mean;
    o.distance = fabs(sum - o.middle) - 1e-9; /* sums of half ranks are exact in quarters */
    permute(&o, 0, 0, 0);
    return o.beyond / o.all;
}

double mi_rank_correlation_p(const double *x, const double *y, size_t count)
{
    double correlation = 0;
    if (!mi_rank_correlation(x, y, count, &correlation)) {
        return NAN;
    }
    if (count <= MI_PERMUTED) {
        return permuted_p(x, y, count);
    }
    double freedom = (double)count - 2, left = fmax(1 - correlation * correlation, 1e-300);
    return 2 * gsl_cdf_tdist_Q(fabs(correlation) * sqrt(freedom / left), freedom);
}
