/* The centre of a stream of batch means: predicted, and simulated over replicates. */
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/dynamics.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

double mi_z_score(const mi_predicted *p)
{
    return p->error > 0 ? (p->value - p->predicted) / p->error : NAN;
}

/* Time constants that the start lasts: exp(-16) of it is left. */
static const double START = 16;

/* Columns of a replicate's numbers; the mean errors follow. */
enum { VARIANCE, LAG, DISTANCE, FIRST_ERROR, COLUMNS = FIRST_ERROR + MI_STREAM_POINTS };

typedef struct streams {
    const mi_stream_setting *s;
    uint64_t seed;
    size_t start;
    double center_lag, used_lag;
    const mi_stream_result *plan; /* its points */
    double *numbers;              /* (replicates, COLUMNS) */
} streams;

/* One mean of B outputs of deviation sigma. */
static double batch_noise(gsl_rng *stream, const mi_stream_setting *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->batch; i++) {
        sum += gsl_ran_gaussian_ziggurat(stream, s->deviation);
    }
    return sum / (double)s->batch;
}

typedef struct walk {
    double noise, mu, center, used; /* used: the centre that meets this step's outputs */
} walk;

static void step_on(walk *w, const mi_stream_setting *s, gsl_rng *stream, size_t step)
{
    double fresh = batch_noise(stream, s), phi = s->correlation, before = w->center;
    w->noise = step == 1 ? fresh : phi * w->noise + sqrt(1 - phi * phi) * fresh;
    w->mu = s->mean + s->drift * (double)step;
    w->center = s->momentum * before + (1 - s->momentum) * (w->mu + w->noise);
    w->used = s->update_before ? w->center : before;
}

static mi_code run_replicate(size_t index, size_t thread, void *context, mi_status *status)
{
    const streams *all = context;
    const mi_stream_setting *s = all->s;
    double *numbers = all->numbers + index * COLUMNS;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, all->seed, MI_PURPOSE_STREAM, s->index + index);
    walk w = {.center = s->start};
    size_t point = 0;
    (void)thread;
    (void)status;
    if (all->plan->points > 0 && all->plan->step[0] == 0) {
        numbers[FIRST_ERROR + point++] = s->start - s->mean;
    }
    for (size_t step = 1; step <= all->start + s->window; step++) {
        step_on(&w, s, stream, step);
        if (point < all->plan->points && all->plan->step[point] == step) {
            numbers[FIRST_ERROR + point++] = w.center - w.mu;
        }
        if (step > all->start) {
            double share = 1 / (double)s->window, off = w.center - w.mu + all->center_lag;
            double apart = w.mu + w.noise - w.used - all->used_lag;
            numbers[VARIANCE] += share * off * off;
            numbers[LAG] += share * (w.mu - w.used);
            numbers[DISTANCE] += share * apart * apart;
        }
    }
    return MI_OK;
}

/* Steps of the way: multiples of half the time constant -1/log(lambda), or of a step where that is
 * longer; the last is six time constants from the start. */
static void plan_points(const mi_stream_setting *s, mi_stream_result *r)
{
    double time = s->momentum > 0 ? -1 / log(s->momentum) : 0;
    for (size_t i = 0; i < MI_STREAM_POINTS; i++) {
        size_t step = (size_t)round((double)i * fmax(time / 2, 1));
        r->step[r->points++] = step;
    }
}

static void predict(const mi_stream_setting *s, mi_stream_result *r, double center_lag,
                    double used_lag)
{
    double l = s->momentum, phi = s->correlation;
    double variance = s->deviation * s->deviation / (double)s->batch;
    r->variance.predicted = variance * (1 - l) / (1 + l) * (1 + l * phi) / (1 - l * phi);
    r->distance.predicted =
        variance * 2 * (1 - phi) / ((1 + l) * (1 - l * phi)) * (s->update_before ? l * l : 1);
    r->lag.predicted = used_lag;
    r->rate.predicted = l > 0 ? -log(l) : INFINITY;
    for (size_t i = 0; i < r->points; i++) {
        /* the error behind a moving mean dies out towards -lag from c_0 - mu */
        double left = pow(l, (double)r->step[i]);
        r->error[i].predicted = left * (s->start - s->mean + center_lag) - center_lag;
    }
}

/* The rate between the start, which is known, and the point nearest to one time constant; where
 * nothing of the start is left to see there is none. */
static void find_rate(const mi_stream_setting *s, mi_stream_result *r, double center_lag)
{
    double start = s->start - s->mean + center_lag;
    const mi_predicted *e = &r->error[2];
    double left = (e->value + center_lag) / start;
    if (s->momentum == 0 || !(left > 0) || !(fabs(e->value + center_lag) > 4 * e->error)) {
        r->rate.value = r->rate.error = NAN;
        return;
    }
    r->rate.value = -log(left) / (double)r->step[2];
    r->rate.error = e->error / fabs(e->value + center_lag) / (double)r->step[2];
}

mi_code mi_stream_simulate(const mi_stream_setting *s, const mi_run *run, mi_stream_result *r,
                           mi_status *status)
{
    double l = s->momentum;
    streams all = {.s = s, .seed = run->seed, .plan = r};
    memset(r, 0, sizeof *r);
    plan_points(s, r);
    all.start = (size_t)ceil(START / (1 - l));
    all.center_lag = s->drift * l / (1 - l);
    all.used_lag = s->update_before ? all.center_lag : s->drift / (1 - l);
    if (all.start < r->step[r->points - 1]) {
        all.start = r->step[r->points - 1];
    }
    mi_code code = mi_allocate(s->replicates, COLUMNS * sizeof *all.numbers, &all.numbers, status);
    if (code == MI_OK) {
        code = mi_parallel_for(run, "streams of batch means", s->replicates, run_replicate, &all,
                               status);
    }
    if (code == MI_OK) {
        predict(s, r, all.center_lag, all.used_lag);
        mi_predicted *const means[] = {&r->variance, &r->lag, &r->distance};
        for (size_t c = 0; c < FIRST_ERROR; c++) {
            mi_mean_error(all.numbers + c, COLUMNS, s->replicates, &means[c]->value,
                          &means[c]->error);
        }
        for (size_t i = 0; i < r->points; i++) {
            mi_mean_error(all.numbers + FIRST_ERROR + i, COLUMNS, s->replicates, &r->error[i].value,
                          &r->error[i].error);
        }
        find_rate(s, r, all.center_lag);
    }
    free(all.numbers);
    return code;
}
