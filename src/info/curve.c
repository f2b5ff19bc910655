#include "maskinfo/curve.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "curve_parts.h"
#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

/* Everything that a mask's count does to a profile is a mixture: at each ratio a probability of
 * each whole count. Row p of `weights` holds those of ratio p; only [first, end) is not zero. */
typedef struct mixture {
    size_t size;
    double *weights;     /* (points, size) */
    size_t *first, *end; /* (points) */
} mixture;

static void mixture_destroy(mixture *m)
{
    free(m->weights);
    free(m->first);
    free(m->end);
}

static mi_code mixture_create(size_t points, size_t size, mixture *ret_mixture, mi_status *status)
{
    size_t count = 0;
    mi_code code = mi_product(points, size, &count, status);
    ret_mixture->size = size;
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *ret_mixture->weights, &ret_mixture->weights, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(points, sizeof *ret_mixture->first, &ret_mixture->first, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(points, sizeof *ret_mixture->end, &ret_mixture->end, status);
    }
    return code;
}

/* MI_COUNT_FIXED: `count` rounded at random to a neighbour, so that its mean is kept. */
static void mixture_set_rounded(mixture *m, size_t point, double count)
{
    double last = (double)(m->size - 1);
    double whole = floor(fmin(fmax(count, 0), last));
    double part = fmin(count, last) - whole;
    size_t k = (size_t)whole;
    double *row = m->weights + point * m->size;
    m->first[point] = k;
    m->end[point] = part > 0 ? k + 2 : k + 1;
    row[k] = part > 0 ? 1 - part : 1;
    if (part > 0) {
        row[k + 1] = part;
    }
}

/* MI_COUNT_BERNOULLI: count ~ Binomial(size - 1, probability). Normalised, because rounding in the
 * probabilities would otherwise turn h_0 - h_n of independent sites into something else than 0. */
static void mixture_set_binomial(mixture *m, size_t point, double probability)
{
    double *row = m->weights + point * m->size, total = 0;
    m->first[point] = 0;
    m->end[point] = m->size;
    for (size_t k = 0; k < m->size; k++) {
        row[k] = gsl_ran_binomial_pdf((unsigned)k, probability, (unsigned)m->size - 1);
        total += row[k];
    }
    for (size_t k = 0; k < m->size; k++) {
        row[k] /= total;
    }
}

static double mix(const mixture *m, size_t point, const double *row)
{
    const double *weights = m->weights + point * m->size;
    double sum = 0;
    for (size_t k = m->first[point]; k < m->end[point]; k++) {
        sum += weights[k] * row[k];
    }
    return sum;
}

/* A fixed count below one site has no masked site to average over; ratios are given in decimals, so
 * a rounding error under 1 is forgiven. */
static mi_code check_counts(double smallest_ratio, size_t sites, mi_status *status)
{
    if (smallest_ratio * (double)sites < 1 - 1e-9) {
        return mi_fail(status, MI_INPUT,
                       "ratio %g masks less than one of %zu sites: the smallest ratio is %.6g",
                       smallest_ratio, sites, 1 / (double)sites);
    }
    return MI_OK;
}

/* The four quantities that come from one set of replicates of the entropy. */
static mi_code add_information(mi_curve *curve, size_t replicates, mi_status *status)
{
    mi_code code = mi_curve_add(curve, MI_Q_CONDITIONAL, replicates, status);
    if (code == MI_OK) {
        code = mi_curve_add(curve, MI_Q_INFORMATION, replicates, status);
    }
    if (code == MI_OK) {
        code = mi_curve_add(curve, MI_Q_JOINT, replicates, status);
    }
    if (code == MI_OK) {
        code = mi_curve_add(curve, MI_Q_OBJECTIVE, replicates, status);
    }
    return code;
}

static void set_point(mi_curve *curve, size_t replicate, size_t point, double entropy,
                      double conditional, double joint)
{
    size_t at = replicate * curve->points + point;
    curve->values[MI_Q_CONDITIONAL][at] = conditional;
    curve->values[MI_Q_INFORMATION][at] = entropy - conditional;
    curve->values[MI_Q_JOINT][at] = joint;
    curve->values[MI_Q_OBJECTIVE][at] = curve->ratios[point] * (entropy - conditional);
}

/* What the steps of mi_curve_from_profile share. */
typedef struct builder {
    const mi_profile *profile;
    mi_curve *curve;
    mixture visible; /* of a masked site: the number of visible sites, 0..N-1 */
    mixture masked;  /* of a mask: the number of masked sites, 0..N */
    double *sums;    /* (N + 1) F_k = h_0 + ... + h_{k-1} */
    double *joint;   /* (N + 1) joint information of m masked sites */
} builder;

static void builder_destroy(builder *b)
{
    mixture_destroy(&b->visible);
    mixture_destroy(&b->masked);
    free(b->sums);
    free(b->joint);
}

static mi_code builder_create(builder *b, mi_status *status)
{
    size_t sites = b->profile->sites, points = b->curve->points;
    mi_code code = mixture_create(points, sites, &b->visible, status);
    if (code == MI_OK) {
        code = mixture_create(points, sites + 1, &b->masked, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(sites + 1, sizeof *b->sums, &b->sums, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(sites + 1, sizeof *b->joint, &b->joint, status);
    }
    return code;
}

static void set_mixtures(builder *b, mi_mask_count count)
{
    double sites = (double)b->profile->sites;
    for (size_t p = 0; p < b->curve->points; p++) {
        double r = b->curve->ratios[p];
        if (count == MI_COUNT_FIXED) {
            mixture_set_rounded(&b->visible, p, sites - r * sites);
            mixture_set_rounded(&b->masked, p, r * sites);
        } else {
            mixture_set_binomial(&b->visible, p, 1 - r);
            mixture_set_binomial(&b->masked, p, r);
        }
    }
}

/* b->joint[m] = (F_m + F_{N-m} - F_N) / N, the average of I(x_m; x_v) per site over all masks of m
 * sites: entropies of sets by the chain rule along random orders. */
static void set_joint(builder *b, const double *profile)
{
    size_t sites = b->profile->sites;
    b->sums[0] = 0;
    for (size_t k = 0; k < sites; k++) {
        b->sums[k + 1] = b->sums[k] + profile[k];
    }
    for (size_t m = 0; m <= sites; m++) {
        b->joint[m] = (b->sums[m] + b->sums[sites - m] - b->sums[sites]) / (double)sites;
    }
}

static mi_code build_information(builder *b, mi_status *status)
{
    const mi_series *series = &b->profile->series[MI_ENTROPY];
    mi_code code = add_information(b->curve, series->replicates, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t j = 0; j < series->replicates; j++) {
        const double *row = series->values + j * b->profile->sites;
        set_joint(b, row);
        for (size_t p = 0; p < b->curve->points; p++) {
            set_point(b->curve, j, p, row[0], mix(&b->visible, p, row),
                      mix(&b->masked, p, b->joint));
        }
    }
    mi_mean_error(series->values, b->profile->sites, series->replicates, &b->curve->entropy,
                  &b->curve->entropy_error);
    return MI_OK;
}

/* Quantity q = the series itself at each ratio, or (gain) its loss from k = 0 to that ratio. */
static mi_code build_series(builder *b, mi_series_kind kind, mi_quantity q, bool gain,
                            mi_status *status)
{
    const mi_series *series = &b->profile->series[kind];
    if (series->replicates == 0) {
        return MI_OK;
    }
    mi_code code = mi_curve_add(b->curve, q, series->replicates, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t j = 0; j < series->replicates; j++) {
        const double *row = series->values + j * b->profile->sites;
        for (size_t p = 0; p < b->curve->points; p++) {
            double value = mix(&b->visible, p, row);
            b->curve->values[q][j * b->curve->points + p] = gain ? row[0] - value : value;
        }
    }
    return MI_OK;
}

/* i(r) minus what is left of it once the scale is known, replicate by replicate. */
static mi_code build_scale(builder *b, mi_status *status)
{
    mi_curve *curve = b->curve;
    size_t replicates = b->profile->series[MI_GIVEN_SCALE].replicates;
    if (replicates == 0) {
        return MI_OK;
    }
    if (replicates != curve->replicates[MI_Q_INFORMATION]) {
        return mi_fail(status, MI_INPUT, "%zu replicates of the entropy, %zu given the scale",
                       curve->replicates[MI_Q_INFORMATION], replicates);
    }
    mi_code code = build_series(b, MI_GIVEN_SCALE, MI_Q_SCALE, true, status);
    for (size_t at = 0; code == MI_OK && at < replicates * curve->points; at++) {
        curve->values[MI_Q_SCALE][at] =
            curve->values[MI_Q_INFORMATION][at] - curve->values[MI_Q_SCALE][at];
    }
    return code;
}

/* What the visible neighbours tell, and what of i(r) is left to sites farther away, replicate by
 * replicate. */
static mi_code build_far(builder *b, mi_status *status)
{
    mi_curve *curve = b->curve;
    size_t replicates = b->profile->series[MI_NEIGHBORS].replicates;
    if (replicates == 0) {
        return MI_OK;
    }
    if (replicates != curve->replicates[MI_Q_INFORMATION]) {
        return mi_fail(status, MI_INPUT, "%zu replicates of the entropy, %zu given the neighbours",
                       curve->replicates[MI_Q_INFORMATION], replicates);
    }
    mi_code code = build_series(b, MI_NEIGHBORS, MI_Q_INTERPOLATION, true, status);
    if (code == MI_OK) {
        code = mi_curve_add(curve, MI_Q_FAR, replicates, status);
    }
    for (size_t at = 0; code == MI_OK && at < replicates * curve->points; at++) {
        curve->values[MI_Q_FAR][at] =
            curve->values[MI_Q_INFORMATION][at] - curve->values[MI_Q_INTERPOLATION][at];
    }
    return code;
}

static mi_code build(builder *b, mi_status *status)
{
    mi_code code = build_information(b, status);
    if (code == MI_OK) {
        code = build_scale(b, status);
    }
    if (code == MI_OK) {
        code = build_series(b, MI_MSE, MI_Q_MSE, false, status);
    }
    if (code == MI_OK) {
        code = build_series(b, MI_CROSS_ENTROPY, MI_Q_CROSS_ENTROPY, false, status);
    }
    if (code == MI_OK) {
        code = build_series(b, MI_CROSS_ENTROPY, MI_Q_HELD_OUT_INFORMATION, true, status);
    }
    if (code == MI_OK) {
        code = build_series(b, MI_IN_SAMPLE, MI_Q_IN_SAMPLE, true, status);
    }
    if (code == MI_OK) {
        code = build_far(b, status);
    }
    if (code == MI_OK) {
        code = build_series(b, MI_CLASS, MI_Q_CLASS, false, status);
    }
    if (code == MI_OK) {
        code = build_series(b, MI_SEMANTIC, MI_Q_SEMANTIC, false, status);
    }
    if (code == MI_OK) {
        code = mi_curve_summarise(b->curve, status);
    }
    return code;
}

static mi_code check_profile(const mi_profile *profile, mi_status *status)
{
    size_t replicates = profile->series[MI_ENTROPY].replicates;
    if (profile->sites == 0 || replicates == 0) {
        return mi_fail(status, MI_INPUT, "the profile is empty");
    }
    if (!profile->exact && replicates < 2) {
        return mi_fail(status, MI_INPUT, "a sampled profile needs at least 2 replicates");
    }
    return MI_OK;
}

mi_code mi_curve_from_profile(const mi_profile *profile, size_t vocabulary, mi_mask_count count,
                              const double *ratios, size_t points, mi_curve **ret_curve,
                              mi_status *status)
{
    builder b = {.profile = profile};
    mi_code code = check_profile(profile, status);
    if (code == MI_OK) {
        code = mi_curve_create(ratios, points, &b.curve, status);
    }
    if (code == MI_OK && count == MI_COUNT_FIXED) {
        code = check_counts(ratios[0], profile->sites, status);
    }
    if (code == MI_OK) {
        code = builder_create(&b, status);
    }
    if (code == MI_OK) {
        b.curve->sites = profile->sites;
        b.curve->vocabulary = vocabulary;
        b.curve->exact = profile->exact;
        b.curve->count = count;
        set_mixtures(&b, count);
        code = build(&b, status);
    }
    builder_destroy(&b);
    if (code != MI_OK) {
        mi_curve_destroy(b.curve);
        return code;
    }
    *ret_curve = b.curve;
    return MI_OK;
}

/* Mean and error over replicates of the entropy that stands in the first rate of each. */
static mi_code set_rate_entropy(mi_curve *curve, const mi_rates *rates, size_t replicates,
                                mi_status *status)
{
    double *entropies = NULL;
    mi_code code = mi_allocate(replicates, sizeof *entropies, &entropies, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t j = 0; j < replicates; j++) {
        entropies[j] = rates[j * curve->points].entropy;
    }
    mi_mean_error(entropies, 1, replicates, &curve->entropy, &curve->entropy_error);
    free(entropies);
    return MI_OK;
}

static mi_code set_rates(mi_curve *curve, const mi_rates *rates, size_t replicates,
                         mi_status *status)
{
    mi_code code = add_information(curve, replicates, status);
    if (code == MI_OK) {
        code = set_rate_entropy(curve, rates, replicates, status);
    }
    if (code != MI_OK) {
        return code;
    }
    for (size_t j = 0; j < replicates; j++) {
        for (size_t p = 0; p < curve->points; p++) {
            const mi_rates *rate = &rates[j * curve->points + p];
            set_point(curve, j, p, rate->entropy, rate->conditional_entropy,
                      rate->joint_information);
        }
    }
    return mi_curve_summarise(curve, status);
}

mi_code mi_curve_from_rates(const mi_rates *rates, size_t replicates, size_t vocabulary,
                            const double *ratios, size_t points, mi_curve **ret_curve,
                            mi_status *status)
{
    mi_curve *curve = NULL;
    if (replicates == 0) {
        return mi_fail(status, MI_INPUT, "there are no replicates of the rates");
    }
    mi_code code = mi_curve_create(ratios, points, &curve, status);
    if (code == MI_OK) {
        curve->vocabulary = vocabulary;
        curve->exact = replicates == 1;
        curve->count = MI_COUNT_BERNOULLI;
        code = set_rates(curve, rates, replicates, status);
    }
    if (code != MI_OK) {
        mi_curve_destroy(curve);
        return code;
    }
    *ret_curve = curve;
    return MI_OK;
}

/* h_0 of a replicate is the mean over its ratios. */
static mi_code set_entropies(mi_curve *curve, const double *entropies, size_t replicates,
                             mi_status *status)
{
    double *means = NULL;
    mi_code code = mi_allocate(replicates, sizeof *means, &means, status);
    for (size_t j = 0; code == MI_OK && j < replicates; j++) {
        mi_mean_error(entropies + j * curve->points, 1, curve->points, &means[j], NULL);
    }
    if (code == MI_OK) {
        mi_mean_error(means, 1, replicates, &curve->entropy, &curve->entropy_error);
    }
    free(means);
    return code;
}

static mi_code copy_values(mi_curve *curve, double *const *values, size_t replicates,
                           mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t q = 0; code == MI_OK && q < MI_QUANTITIES; q++) {
        if (values[q] != NULL) {
            code = mi_curve_add(curve, (mi_quantity)q, replicates, status);
        }
        if (code == MI_OK && values[q] != NULL) {
            memcpy(curve->values[q], values[q], replicates * curve->points * sizeof *values[q]);
        }
    }
    return code == MI_OK ? mi_curve_summarise(curve, status) : code;
}

mi_code mi_curve_from_values(double *const values[MI_QUANTITIES], const double *opt_entropies,
                             size_t replicates, const mi_shape *shape, mi_mask_count count,
                             const double *ratios, size_t points, mi_curve **ret_curve,
                             mi_status *status)
{
    mi_curve *curve = NULL;
    mi_code code = mi_curve_create(ratios, points, &curve, status);
    if (code == MI_OK) {
        curve->sites = shape->sites;
        curve->vocabulary = shape->vocabulary;
        curve->count = count;
        curve->entropy = curve->entropy_error = NAN;
        code = copy_values(curve, values, replicates, status);
    }
    if (code == MI_OK && opt_entropies != NULL) {
        code = set_entropies(curve, opt_entropies, replicates, status);
    }
    if (code != MI_OK) {
        mi_curve_destroy(curve);
        return code;
    }
    *ret_curve = curve;
    return MI_OK;
}
