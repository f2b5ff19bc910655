#include "maskinfo/misfit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

enum { MAX_STRETCHES = 10 };

/* One in a hundred profiles that never rise is flagged. */
static const double false_alarms = 0.01;
static const double least_share = 0.8, least_errors = 2;
/* The quantile of a p-value of 0, so that the score stays a finite number. */
static const double largest_z = 38;

/* Averages of h_k over stretches of equal length of k = 1..N-1; k = 0 has no visible site. */
typedef struct stretches {
    size_t count, sites, replicates;
    double *means; /* (replicates, count) */
} stretches;

static size_t stretch_begin(const stretches *s, size_t index)
{
    return 1 + index * (s->sites - 1) / s->count;
}

static double stretch_ratio(const stretches *s, size_t index)
{
    double middle = 0.5 * (double)(stretch_begin(s, index) + stretch_begin(s, index + 1) - 1);
    return 1 - middle / (double)s->sites;
}

static mi_code stretches_create(const mi_profile *profile, mi_series_kind kind, stretches *s,
                                mi_status *status)
{
    const mi_series *series = &profile->series[kind];
    s->sites = profile->sites;
    s->replicates = series->replicates;
    s->count = GSL_MIN(MAX_STRETCHES, profile->sites - 1);
    mi_code code = mi_allocate(s->replicates * s->count, sizeof *s->means, &s->means, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t g = 0; g < s->replicates; g++) {
        for (size_t i = 0; i < s->count; i++) {
            size_t begin = stretch_begin(s, i), end = stretch_begin(s, i + 1);
            for (size_t k = begin; k < end; k++) {
                s->means[g * s->count + i] +=
                    series->values[g * s->sites + k] / (double)(end - begin);
            }
        }
    }
    return MI_OK;
}

/* Normal score of a rise of the cross-entropy from the stretch i to the stretch j > i, where more
 * is visible; 0 where it does not rise. differences is room for (replicates). */
static double rise_score(const stretches *s, size_t i, size_t j, double *differences,
                         double *ret_rise)
{
    double error = 0;
    for (size_t g = 0; g < s->replicates; g++) {
        differences[g] = s->means[g * s->count + j] - s->means[g * s->count + i];
    }
    mi_mean_error(differences, 1, s->replicates, ret_rise, &error);
    if (!(*ret_rise > 0)) {
        return 0;
    }
    double tail = error > 0 ? gsl_cdf_tdist_Q(*ret_rise / error, (double)(s->replicates - 1)) : 0;
    double score = tail > 0 ? gsl_cdf_ugaussian_Qinv(tail) : largest_z;
    return GSL_MIN(score, largest_z);
}

static void note_rise(const stretches *s, size_t i, size_t j, double rise, double score,
                      mi_misfit *misfit)
{
    misfit->increase_z = score;
    misfit->increase = rise;
    misfit->lower_ratio = stretch_ratio(s, j);
    misfit->higher_ratio = stretch_ratio(s, i);
}

static mi_code find_rise(const mi_profile *profile, mi_misfit *misfit, mi_status *status)
{
    stretches s = {0};
    double *differences = NULL, rise = 0;
    mi_code code = stretches_create(profile, MI_ENTROPY, &s, status);
    if (code == MI_OK) {
        code = mi_allocate(s.replicates, sizeof *differences, &differences, status);
    }
    for (size_t j = 1; code == MI_OK && j < s.count; j++) {
        for (size_t i = 0; i < j; i++) {
            double score = rise_score(&s, i, j, differences, &rise);
            if (score > misfit->increase_z) {
                note_rise(&s, i, j, rise, score, misfit);
            }
        }
    }
    double pairs = GSL_MAX(1.0, (double)(s.count * (s.count - 1)) / 2);
    misfit->critical = gsl_cdf_ugaussian_Qinv(false_alarms / pairs);
    misfit->rises = misfit->increase_z > misfit->critical;
    free(differences);
    free(s.means);
    return code;
}

/* i = h_0 - mean h_k over the last stretch, and its error. */
static mi_code last_information(const mi_profile *profile, mi_series_kind kind, double *ret_mean,
                                double *ret_error, mi_status *status)
{
    stretches s = {0};
    mi_code code = stretches_create(profile, kind, &s, status);
    if (code == MI_OK) {
        for (size_t g = 0; g < s.replicates; g++) {
            double *last = &s.means[g * s.count + s.count - 1];
            *last = profile->series[kind].values[g * s.sites] - *last;
        }
        mi_mean_error(s.means + s.count - 1, s.count, s.replicates, ret_mean, ret_error);
    }
    free(s.means);
    return code;
}

static mi_code find_over_fit(const mi_profile *profile, mi_misfit *misfit, mi_status *status)
{
    double in_sample_error = 0, held_out_error = 0;
    mi_code code =
        last_information(profile, MI_IN_SAMPLE, &misfit->in_sample, &in_sample_error, status);
    if (code == MI_OK) {
        code = last_information(profile, MI_ENTROPY, &misfit->held_out, &held_out_error, status);
    }
    misfit->difference_error = hypot(in_sample_error, held_out_error);
    misfit->over_fitted =
        misfit->held_out < least_share * misfit->in_sample &&
        misfit->in_sample - misfit->held_out > least_errors * misfit->difference_error;
    return code;
}

static void describe(mi_misfit *m)
{
    size_t size = sizeof m->sentence, used = 0;
    if (m->rises) {
        used += (size_t)snprintf(m->sentence, size,
                                 "information rises by %.3g nats per site from r = %.2f to r = "
                                 "%.2f (z = %.1f), which only a density that does not fit can do",
                                 m->increase, m->lower_ratio, m->higher_ratio, m->increase_z);
    }
    if (m->over_fitted && used < size) {
        snprintf(m->sentence + used, size - used,
                 "%sover-fitted: at small r %.3g nats per site on the fitting data, %.3g on "
                 "held-out data",
                 m->rises ? "; " : "", m->in_sample, m->held_out);
    }
}

mi_code mi_misfit_find(const mi_profile *profile, mi_misfit *ret_misfit, mi_status *status)
{
    mi_misfit misfit = {0};
    mi_code code = MI_OK;
    bool errors = !profile->exact && profile->sites > 1;
    if (errors && profile->series[MI_ENTROPY].replicates > 1) {
        code = find_rise(profile, &misfit, status);
    }
    if (code == MI_OK && errors && profile->series[MI_IN_SAMPLE].replicates > 1) {
        code = find_over_fit(profile, &misfit, status);
    }
    misfit.detected = misfit.rises || misfit.over_fitted;
    describe(&misfit);
    *ret_misfit = misfit;
    return code;
}
