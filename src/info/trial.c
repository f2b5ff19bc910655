#include "maskinfo/trial.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/gaussian.h"
#include "maskinfo/ksg.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

/* Sets of one trial own 2^32 streams from here. */
static const uint64_t sets_apart = UINT64_C(1) << 32;

typedef struct trial {
    const mi_gaussian_pairs *pairs;
    const mi_run *run;
    gsl_rng *stream;
    double *x, *y;          /* (d, N) */
    double *ksg, *gaussian; /* (sets) */
} trial;

static void trial_close(trial *t)
{
    gsl_rng_free(t->stream);
    free(t->x);
    free(t->y);
    free(t->ksg);
    free(t->gaussian);
}

static mi_code trial_open(trial *t, mi_status *status)
{
    const mi_gaussian_pairs *p = t->pairs;
    size_t size = 0;
    mi_code code = mi_product(p->dimensions, p->samples, &size, status);
    if (code == MI_OK) {
        code = mi_stream_create(t->run->seed, MI_PURPOSE_PAIRS, 0, &t->stream, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *t->x, &t->x, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *t->y, &t->y, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(p->sets, sizeof *t->ksg, &t->ksg, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(p->sets, sizeof *t->gaussian, &t->gaussian, status);
    }
    return code;
}

static void draw_set(trial *t, size_t set)
{
    const mi_gaussian_pairs *p = t->pairs;
    double rest = sqrt((1 - p->correlation) * (1 + p->correlation));
    mi_stream_set(t->stream, t->run->seed, MI_PURPOSE_PAIRS, p->index * sets_apart + set);
    for (size_t i = 0; i < p->dimensions * p->samples; i++) {
        double shared = gsl_ran_gaussian_ziggurat(t->stream, 1);
        t->x[i] = shared;
        t->y[i] = p->correlation * shared + rest * gsl_ran_gaussian_ziggurat(t->stream, 1);
    }
}

static mi_code try_set(trial *t, size_t set, mi_gaussian_trial *result, mi_status *status)
{
    const mi_gaussian_pairs *p = t->pairs;
    mi_points points = {p->samples, p->dimensions, p->dimensions, t->x, t->y};
    mi_ksg ksg = {0, 0};
    mi_gaussian gaussian = {0, 0};
    draw_set(t, set);
    mi_code code = mi_ksg_information(&points, p->neighbors, t->run, &ksg, status);
    if (code == MI_OK && result->has_gaussian) {
        code = mi_gaussian_information(&points, &gaussian, status);
    }
    t->ksg[set] = ksg.information;
    t->gaussian[set] = gaussian.information;
    result->ksg_tied += ksg.tied;
    result->ksg_negative += ksg.information < 0;
    result->ksg_lowest = fmin(result->ksg_lowest, ksg.information);
    result->gaussian_bias = gaussian.bias;
    return code;
}

static mi_code check(const mi_gaussian_pairs *p, mi_status *status)
{
    if (!(fabs(p->correlation) < 1) || p->sets < 2 || p->dimensions < 1) {
        return mi_fail(
            status, MI_INPUT,
            "correlation %g, %zu sets, %zu dimensions; must be in (-1, 1), at least 2, at "
            "least 1",
            p->correlation, p->sets, p->dimensions);
    }
    return MI_OK;
}

mi_code mi_gaussian_trial_run(const mi_gaussian_pairs *pairs, const mi_run *run,
                              mi_gaussian_trial *ret_trial, mi_status *status)
{
    trial t = {.pairs = pairs, .run = run};
    double rho = pairs->correlation;
    *ret_trial = (mi_gaussian_trial){.truth = -(double)pairs->dimensions / 2 * log1p(-rho * rho),
                                     .ksg_lowest = INFINITY,
                                     .has_gaussian = pairs->samples > 2 * pairs->dimensions};
    mi_code code = check(pairs, status);
    if (code == MI_OK) {
        code = trial_open(&t, status);
    }
    for (size_t set = 0; code == MI_OK && set < pairs->sets; set++) {
        code = try_set(&t, set, ret_trial, status);
    }
    if (code == MI_OK) {
        mi_mean_error(t.ksg, 1, pairs->sets, &ret_trial->ksg, &ret_trial->ksg_error);
        mi_mean_error(t.gaussian, 1, pairs->sets, &ret_trial->gaussian, &ret_trial->gaussian_error);
    }
    trial_close(&t);
    return code;
}
