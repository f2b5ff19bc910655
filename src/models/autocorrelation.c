#include "autocorrelation.h"

static const double window_factor = 5;

static double mean_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / (double)count;
}

static double covariance(const double *values, size_t count, double mean, size_t lag)
{
    double sum = 0;
    for (size_t i = 0; i + lag < count; i++) {
        sum += (values[i] - mean) * (values[i + lag] - mean);
    }
    return sum / (double)(count - lag);
}

double mi_autocorrelation_time(const double *values, size_t count)
{
    double mean = mean_of(values, count), variance = covariance(values, count, mean, 0), time = 1;
    if (!(variance > 1e-28 * mean * mean)) {
        return 1;
    }
    for (size_t lag = 1; lag < count / 2 && (double)lag < window_factor * time; lag++) {
        time += 2 * covariance(values, count, mean, lag) / variance;
        time = time < 1 ? 1 : time;
    }
    return time;
}
