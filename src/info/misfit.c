#include "maskinfo/misfit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

enum { MAX_STRETCHES = 10 };

/* One in a hundred profiles that never rise is flagged. */
static const double false_alarms = 0.01;
static const double least_share = 0.8, least_errors = 2;
/* A loss that is significant but a small part of i is no reason to reject the curve. */
static const double least_loss = 0.05;
/* The quantile of a p-value of 0, so that the score stays a finite number. */
static const double largest_z = 38;

/* h_0, and averages of h_k over stretches of equal length of k = 1..N-1. */
typedef struct stretches {
    size_t count, sites, replicates;
    double *means; /* (replicates, count) */
} stretches;

static size_t stretch_begin(const stretches *s, size_t index)
{
    return index == 0 ? 0 : 1 + (index - 1) * (s->sites - 1) / (s->count - 1);
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
    s->count = 1 + GSL_MIN(MAX_STRETCHES, profile->sites - 1);
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

/* Normal score of a positive mean of independent values: the normal quantile of the p-value of
 * Student's t. 0 where the mean is not positive. */
static double positive_score(const double *values, size_t count, double *ret_mean)
{
    double error = 0;
    mi_mean_error(values, 1, count, ret_mean, &error);
    if (!(*ret_mean > 0)) {
        return 0;
    }
    double tail = error > 0 ? gsl_cdf_tdist_Q(*ret_mean / error, (double)(count - 1)) : 0;
    double score = tail > 0 ? gsl_cdf_ugaussian_Qinv(tail) : largest_z;
    return GSL_MAX(0.0, GSL_MIN(score, largest_z));
}

/* Score of a rise of the cross-entropy from stretch i to stretch j > i, where more is visible.
 * differences is room for (replicates). */
static double rise_score(const stretches *s, size_t i, size_t j, double *differences,
                         double *ret_rise)
{
    for (size_t g = 0; g < s->replicates; g++) {
        differences[g] = s->means[g * s->count + j] - s->means[g * s->count + i];
    }
    return positive_score(differences, s->replicates, ret_rise);
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
    double pairs = (double)(s.count * (s.count - 1)) / 2;
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

/* A true density predicts at least as well when the contrast is known as when it is not. */
static mi_code find_contrast(const mi_profile *profile, mi_misfit *misfit, mi_status *status)
{
    const mi_series *known = &profile->series[MI_GIVEN_SCALE];
    const mi_series *unknown = &profile->series[MI_ENTROPY];
    double *losses = NULL;
    mi_code code = mi_allocate(known->replicates, sizeof *losses, &losses, status);
    if (code == MI_OK) {
        for (size_t g = 0; g < known->replicates; g++) {
            losses[g] = known->values[g * profile->sites] - unknown->values[g * profile->sites];
        }
        misfit->contrast_z = positive_score(losses, known->replicates, &misfit->contrast_loss);
        misfit->contrast_varies = misfit->contrast_z > gsl_cdf_ugaussian_Qinv(false_alarms) &&
                                  misfit->contrast_loss > least_loss * misfit->held_out;
    }
    free(losses);
    return code;
}

/* Loss of a stretch in predicting from all visible sites, against from the neighbours among them.
 */
static double far_score(const stretches *all, const stretches *near, size_t j, double *differences,
                        double *ret_loss)
{
    for (size_t g = 0; g < all->replicates; g++) {
        size_t at = g * all->count + j;
        differences[g] = all->means[at] - near->means[at];
    }
    return positive_score(differences, all->replicates, ret_loss);
}

/* A true density predicts at least as well from all visible sites as from some of them. */
static mi_code find_far(const mi_profile *profile, mi_misfit *misfit, mi_status *status)
{
    stretches all = {0}, near = {0};
    double *differences = NULL, loss = 0;
    mi_code code = stretches_create(profile, MI_ENTROPY, &all, status);
    if (code == MI_OK) {
        code = stretches_create(profile, MI_NEIGHBORS, &near, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(all.replicates, sizeof *differences, &differences, status);
    }
    for (size_t j = 1; code == MI_OK && j < all.count; j++) {
        double score = far_score(&all, &near, j, differences, &loss);
        if (score > misfit->far_z) {
            misfit->far_z = score;
            misfit->far_loss = loss;
            misfit->far_ratio = stretch_ratio(&all, j);
        }
    }
    double tests = (double)all.count - 1;
    misfit->far_misleads = misfit->far_z > gsl_cdf_ugaussian_Qinv(false_alarms / tests) &&
                           misfit->far_loss > least_loss * misfit->held_out;
    free(differences);
    free(all.means);
    free(near.means);
    return code;
}

static size_t add_clause(char *text, size_t size, size_t used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* One more clause behind `used` characters; returns how many there are then. */
static size_t add_clause(char *text, size_t size, size_t used, const char *format, ...)
{
    if (used > 0 && used + 3 < size) {
        used += (size_t)snprintf(text + used, size - used, "; ");
    }
    va_list arguments;
    va_start(arguments, format);
    int length = used < size ? vsnprintf(text + used, size - used, format, arguments) : 0;
    va_end(arguments);
    return used + (length > 0 ? (size_t)length : 0);
}

static void describe(mi_misfit *m)
{
    size_t size = sizeof m->sentence, used = 0;
    if (m->rises) {
        used = add_clause(m->sentence, size, used,
                          "information rises by %.3g nats per site from r = %.2f to r = %.2f "
                          "(z = %.1f), which only a density that does not fit can do",
                          m->increase, m->lower_ratio, m->higher_ratio, m->increase_z);
    }
    if (m->over_fitted) {
        used = add_clause(m->sentence, size, used,
                          "over-fitted: at small r %.3g nats per site on the fitting data, %.3g on "
                          "held-out data",
                          m->in_sample, m->held_out);
    }
    if (m->contrast_varies) {
        used = add_clause(
            m->sentence, size, used,
            "knowing the contrast of the whole crop worsens the prediction of a single site "
            "by %.3g nats (z = %.1f): contrast is not one number for a crop of this size",
            m->contrast_loss, m->contrast_z);
    }
    if (m->far_misleads) {
        add_clause(
            m->sentence, size, used,
            "sites beyond the visible neighbours worsen a prediction by %.3g nats at r = %.2f "
            "(z = %.1f): what the density makes of the far ones is wrong",
            m->far_loss, m->far_ratio, m->far_z);
    }
}

mi_code mi_misfit_find(const mi_profile *profile, mi_misfit *ret_misfit, mi_status *status)
{
    mi_misfit misfit = {0};
    mi_code code = MI_OK;
    size_t replicates = profile->series[MI_ENTROPY].replicates;
    bool errors = !profile->exact && profile->sites > 1 && replicates > 1;
    if (errors) {
        code = find_rise(profile, &misfit, status);
    }
    if (errors && code == MI_OK && profile->series[MI_IN_SAMPLE].replicates > 1) {
        code = find_over_fit(profile, &misfit, status);
    }
    if (errors && code == MI_OK && profile->series[MI_GIVEN_SCALE].replicates == replicates) {
        code = find_contrast(profile, &misfit, status);
    }
    if (errors && code == MI_OK && profile->series[MI_IN_SAMPLE].replicates > 1 &&
        profile->series[MI_NEIGHBORS].replicates == replicates) {
        code = find_far(profile, &misfit, status);
    }
    misfit.detected =
        misfit.rises || misfit.over_fitted || misfit.contrast_varies || misfit.far_misleads;
    describe(&misfit);
    *ret_misfit = misfit;
    return code;
}

mi_code mi_misfit_of_curve(const mi_curve *curve, mi_misfit *ret_misfit, mi_status *status)
{
    mi_misfit misfit = {0};
    size_t replicates = curve->replicates[MI_Q_FAR];
    double *losses = NULL, loss = 0;
    mi_code code = mi_allocate(replicates, sizeof *losses, &losses, status);
    for (size_t p = 0; code == MI_OK && replicates > 1 && p < curve->points; p++) {
        for (size_t j = 0; j < replicates; j++) {
            losses[j] = -curve->values[MI_Q_FAR][j * curve->points + p];
        }
        double score = positive_score(losses, replicates, &loss);
        if (score > misfit.far_z) {
            misfit.far_z = score;
            misfit.far_loss = loss;
            misfit.far_ratio = curve->ratios[p];
        }
    }
    misfit.held_out = curve->mean[MI_Q_INFORMATION][0];
    misfit.far_misleads =
        misfit.far_z > gsl_cdf_ugaussian_Qinv(false_alarms / (double)curve->points) &&
        misfit.far_loss > least_loss * misfit.held_out;
    misfit.detected = misfit.far_misleads;
    describe(&misfit);
    free(losses);
    *ret_misfit = misfit;
    return code;
}
