#include "scene_mixture.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <string.h>

static const double step = 0.2;                  /* of the trapezoidal rule, in units of s */
static const double narrow = 0.05;               /* means closer than this have a closed form */
static const double least = 1e-14;               /* smaller weights count as 0 */
static const double shrink = 0.9607894391523232; /* exp(-step^2) */

/* Components of some weight, sorted by mean in units of s; their number. */
static size_t collect(const double *weights, const double *means, size_t count, double deviation,
                      mi_mixture_room *room)
{
    size_t kept = 0;
    for (size_t c = 0; c < count; c++) {
        if (weights[c] < least) {
            continue;
        }
        double mean = means[c] / deviation;
        size_t at = kept++;
        for (; at > 0 && room->mean[at - 1] > mean; at--) {
            room->mean[at] = room->mean[at - 1];
            room->weight[at] = room->weight[at - 1];
        }
        room->mean[at] = mean;
        room->weight[at] = weights[c];
    }
    return kept;
}

/* Add weight phi(x - mean) to the grid points within reach of the one nearest to the mean, which is
 * given in steps from the first point. Neighbouring values of a Gaussian have the ratio
 * phi(x + h) / phi(x) = exp(-h x - h^2/2), and neighbouring ratios the constant exp(-h^2). */
static void add_component(double weight, double mean, double *density)
{
    size_t center = (size_t)(mean + 0.5);
    double offset = ((double)center - mean) * step;
    double above = weight * exp(-0.5 * offset * offset) * 0.5 * M_2_SQRTPI * M_SQRT1_2;
    double below = above;
    double up = exp(-step * (offset + 0.5 * step)), down = exp(step * (offset - 0.5 * step));
    density[center] += above;
    for (size_t i = 1; i <= MI_MIXTURE_REACH; i++) {
        above *= up;
        below *= down;
        up *= shrink;
        down *= shrink;
        density[center + i] += above;
        density[center - i] += below;
    }
}

/* - integral of f log f over a stretch of components that overlap, `first` to before `last`. */
static double integrate(size_t first, size_t last, mi_mixture_room *room)
{
    double origin = room->mean[first], sum = 0;
    double length = (room->mean[last - 1] - origin) / step;
    size_t points = (size_t)(length + 0.5) + 2 * MI_MIXTURE_REACH + 1;
    memset(room->density, 0, points * sizeof *room->density);
    for (size_t c = first; c < last; c++) {
        add_component(room->weight[c], (room->mean[c] - origin) / step + MI_MIXTURE_REACH,
                      room->density);
    }
    for (size_t i = 0; i < points; i++) {
        double f = room->density[i];
        sum += f > 0 ? f * log(f) : 0;
    }
    return -step * sum;
}

/* Where components do not reach one another their integrals add up. */
static double integrate_all(size_t count, mi_mixture_room *room)
{
    double sum = 0;
    for (size_t first = 0, last = 1; first < count; first = last++) {
        while (last < count &&
               room->mean[last] - room->mean[last - 1] <= 2 * MI_MIXTURE_REACH * step) {
            last++;
        }
        sum += integrate(first, last, room);
    }
    return sum;
}

double mi_mixture_entropy(const double *weights, const double *means, size_t count, double variance,
                          mi_mixture_room *room)
{
    size_t kept = collect(weights, means, count, sqrt(variance), room);
    double spread = room->mean[kept - 1] - room->mean[0];
    if (spread <= narrow) {
        double excess = kept == 1 ? 0 : mi_mixture_spread(room->weight, room->mean, kept);
        return 0.5 * (M_LNPI + M_LN2 + 1 + log(variance) + log1p(excess));
    }
    return integrate_all(kept, room) + 0.5 * log(variance);
}

double mi_mixture_log_density(const double *weights, const double *means, size_t count,
                              double variance)
{
    double largest = -HUGE_VAL, sum = 0;
    for (size_t c = 0; c < count; c++) {
        if (weights[c] > 0) {
            largest = fmax(largest, log(weights[c]) - 0.5 * means[c] * means[c] / variance);
        }
    }
    for (size_t c = 0; c < count; c++) {
        if (weights[c] > 0) {
            sum += exp(log(weights[c]) - 0.5 * means[c] * means[c] / variance - largest);
        }
    }
    return largest + log(sum) - 0.5 * (M_LNPI + M_LN2 + log(variance));
}

double mi_mixture_spread(const double *weights, const double *means, size_t count)
{
    double mean = 0, sum = 0;
    for (size_t c = 0; c < count; c++) {
        mean += weights[c] * means[c];
    }
    for (size_t c = 0; c < count; c++) {
        sum += weights[c] * (means[c] - mean) * (means[c] - mean);
    }
    return sum;
}

double mi_mixture_normalize(double *logs, size_t count)
{
    double largest = logs[0], sum = 0;
    for (size_t c = 1; c < count; c++) {
        largest = fmax(largest, logs[c]);
    }
    for (size_t c = 0; c < count; c++) {
        logs[c] = exp(logs[c] - largest);
        sum += logs[c];
    }
    for (size_t c = 0; c < count; c++) {
        logs[c] /= sum;
    }
    return largest + log(sum);
}

double mi_weights_entropy(const double *weights, size_t count)
{
    double sum = 0;
    for (size_t c = 0; c < count; c++) {
        sum -= weights[c] > 0 ? weights[c] * log(weights[c]) : 0;
    }
    return sum;
}
