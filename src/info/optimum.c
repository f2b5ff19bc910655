#include "maskinfo/optimum.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

enum { DRAWS = 1000 };

/* A maximum of sampled values. */
typedef struct peak {
    size_t index; /* of the largest value */
    double ratio, objective;
} peak;

/* Top of the parabola through three points, the middle one the highest. With divided differences
 * d1 = [x0,x1], c = [x0,x1,x2]: p(x) = y0 + d1 (x-x0) + c (x-x0)(x-x1), p' = 0 at
 * x = (x0+x1)/2 - d1/(2c). */
static void refine(const double *x, const double *y, peak *best)
{
    double d1 = (y[1] - y[0]) / (x[1] - x[0]), d2 = (y[2] - y[1]) / (x[2] - x[1]);
    double c = (d2 - d1) / (x[2] - x[0]);
    if (!(c < 0)) {
        return; /* three equal values */
    }
    double top = (x[0] + x[1]) / 2 - d1 / (2 * c);
    best->ratio = fmin(fmax(top, x[0]), x[2]);
    best->objective = y[0] + (best->ratio - x[0]) * (d1 + c * (best->ratio - x[1]));
}

static peak find_peak(const double *ratios, const double *objective, size_t points)
{
    peak best = {.index = 0};
    for (size_t p = 1; p < points; p++) {
        if (objective[p] > objective[best.index]) {
            best.index = p;
        }
    }
    best.ratio = ratios[best.index];
    best.objective = objective[best.index];
    if (best.index > 0 && best.index + 1 < points) {
        refine(ratios + best.index - 1, objective + best.index - 1, &best);
    }
    return best;
}

/* Bootstrap: the optimum of the mean of as many replicates as there are, drawn with replacement. */
typedef struct bootstrap {
    const mi_curve *curve;
    uint64_t seed;
    gsl_rng **streams; /* (threads) */
    double *sums;      /* (threads, points) */
    double *samples;   /* (draws) */
} bootstrap;

static mi_code draw(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)status;
    const bootstrap *b = context;
    size_t points = b->curve->points, replicates = b->curve->replicates[MI_Q_INFORMATION];
    double *sum = b->sums + thread * points;
    memset(sum, 0, points * sizeof *sum);
    mi_stream_set(b->streams[thread], b->seed, MI_PURPOSE_BOOTSTRAP, index);
    for (size_t j = 0; j < replicates; j++) {
        size_t chosen = gsl_rng_uniform_int(b->streams[thread], (unsigned long)replicates);
        const double *row = b->curve->values[MI_Q_INFORMATION] + chosen * points;
        for (size_t p = 0; p < points; p++) {
            sum[p] += row[p];
        }
    }
    for (size_t p = 0; p < points; p++) {
        sum[p] *= b->curve->ratios[p];
    }
    b->samples[index] = find_peak(b->curve->ratios, sum, points).ratio;
    return MI_OK;
}

static void bootstrap_close(bootstrap *b, size_t threads)
{
    for (size_t t = 0; b->streams != NULL && t < threads; t++) {
        gsl_rng_free(b->streams[t]);
    }
    free(b->streams);
    free(b->sums);
}

static mi_code bootstrap_open(bootstrap *b, size_t threads, mi_status *status)
{
    mi_code code = mi_allocate(threads * b->curve->points, sizeof *b->sums, &b->sums, status);
    if (code == MI_OK) {
        code = mi_allocate(DRAWS, sizeof *b->samples, &b->samples, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(threads, sizeof *b->streams, &b->streams, status);
    }
    for (size_t t = 0; code == MI_OK && t < threads; t++) {
        code = mi_stream_create(b->seed, MI_PURPOSE_BOOTSTRAP, 0, &b->streams[t], status);
    }
    return code;
}

/* The 95 % percentile interval (Efron 1979, "Bootstrap methods: another look at the jackknife",
 * doi:10.1214/aos/1176344552), widened where it would leave the measured optimum out. */
static void set_interval(mi_optimum *o, double *samples)
{
    mi_sort(samples, DRAWS);
    o->samples = samples;
    o->draws = DRAWS;
    o->low = fmin(o->ratio, mi_quantile(samples, DRAWS, 0.025));
    o->high = fmax(o->ratio, mi_quantile(samples, DRAWS, 0.975));
}

static mi_code add_interval(const mi_curve *curve, const mi_run *run, mi_optimum *o,
                            mi_status *status)
{
    bootstrap b = {.curve = curve, .seed = run->seed};
    size_t threads = (size_t)run->threads;
    mi_code code = bootstrap_open(&b, threads, status);
    if (code == MI_OK) {
        code = mi_parallel_for(run, "bootstrap", DRAWS, draw, &b, status);
    }
    bootstrap_close(&b, threads);
    if (code != MI_OK) {
        free(b.samples);
        return code;
    }
    set_interval(o, b.samples);
    return MI_OK;
}

/* Half the distance between the neighbours of the largest point; at an edge, to the one there is.
 */
static double spacing(const double *ratios, size_t points, size_t index)
{
    size_t before = index > 0 ? index - 1 : index;
    size_t after = index + 1 < points ? index + 1 : index;
    return after == before ? 0 : (ratios[after] - ratios[before]) / (double)(after - before);
}

/* Why the curve has no optimum; NULL where it has one. */
static const char *no_optimum(const mi_curve *curve)
{
    const double *objective = curve->mean[MI_Q_OBJECTIVE];
    double low = objective[0], high = objective[0];
    for (size_t p = 1; p < curve->points; p++) {
        low = fmin(low, objective[p]);
        high = fmax(high, objective[p]);
    }
    if (mi_no_evidence(curve->mean[MI_Q_INFORMATION], curve->error[MI_Q_INFORMATION],
                       curve->points) != NULL) {
        return "r i(r) is nowhere above its error";
    }
    return curve->points > 1 && high - low <= mi_information_floor ? "r i(r) is flat" : NULL;
}

mi_code mi_optimum_find(const mi_curve *curve, const mi_run *run, mi_optimum *ret_optimum,
                        mi_status *status)
{
    *ret_optimum = (mi_optimum){.valid = false};
    const char *reason = no_optimum(curve);
    if (reason != NULL) {
        snprintf(ret_optimum->reason, sizeof ret_optimum->reason, "%s", reason);
        return MI_OK;
    }
    peak best = find_peak(curve->ratios, curve->mean[MI_Q_OBJECTIVE], curve->points);
    *ret_optimum = (mi_optimum){
        .valid = true,
        .ratio = best.ratio,
        .low = best.ratio,
        .high = best.ratio,
        .objective = best.objective,
        .resolution = spacing(curve->ratios, curve->points, best.index),
        .edge = best.index == 0 || best.index + 1 == curve->points,
    };
    if (curve->replicates[MI_Q_INFORMATION] < 2) {
        return MI_OK;
    }
    mi_code code = add_interval(curve, run, ret_optimum, status);
    ret_optimum->valid = code == MI_OK;
    return code;
}

void mi_optimum_free(mi_optimum *optimum)
{
    free(optimum->samples);
    optimum->samples = NULL;
    optimum->draws = 0;
}
