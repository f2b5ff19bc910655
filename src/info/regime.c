#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "jackknife.h"
#include "maskinfo/memory.h"
#include "maskinfo/optimum.h"
#include "maskinfo/statistics.h"

/* Of about five of the usual 49 ratios each. */
enum { MAX_BINS = 9 };

static const double largest_z = 1e6;

const char *mi_regime_name(mi_regime_verdict verdict)
{
    switch (verdict) {
    case MI_REDUNDANT:
        return "redundant";
    case MI_SYNERGISTIC:
        return "synergistic";
    case MI_MIXED:
        return "mixed";
    case MI_UNDETERMINED:
        return "undetermined";
    }
    return "unknown";
}

/* Equal bins over the range of the ratios. The value of a bin is the mean over it of the points'
 * linear interpolant: that of concave points is concave and a mean over equal bins keeps it so, and
 * the same for convex, so that no sign is made up while every point is used. */
typedef struct lattice {
    const double *ratios;
    size_t bins, tests;
    double width;
    size_t left[MAX_BINS + 1]; /* point at or below the edge */
    double edge[MAX_BINS + 1];
} lattice;

static lattice lattice_of(const mi_curve *curve)
{
    const double *r = curve->ratios;
    size_t last = curve->points - 1, at = 0;
    lattice l = {.ratios = r, .bins = curve->points < MAX_BINS ? curve->points : MAX_BINS};
    l.width = (r[last] - r[0]) / (double)l.bins;
    for (size_t j = 0; j <= l.bins; j++) {
        l.edge[j] = j < l.bins ? r[0] + l.width * (double)j : r[last];
        while (at + 2 <= last && r[at + 1] <= l.edge[j]) {
            at++;
        }
        l.left[j] = at;
    }
    for (size_t width = 1; 2 * width < l.bins; width++) {
        l.tests += l.bins - 2 * width;
    }
    return l;
}

/* Integral of the interpolant of a row from the point `at` to x, at most the next point. */
static double area(const lattice *l, const double *row, size_t at, double x)
{
    double step = x - l->ratios[at];
    double slope = (row[at + 1] - row[at]) / (l->ratios[at + 1] - l->ratios[at]);
    return step * (row[at] + slope * step / 2);
}

static double bin_mean(const lattice *l, const double *row, size_t bin)
{
    size_t first = l->left[bin], last = l->left[bin + 1];
    double sum = area(l, row, last, l->edge[bin + 1]) - area(l, row, first, l->edge[bin]);
    for (size_t p = first; p < last; p++) {
        sum += area(l, row, p, l->ratios[p + 1]);
    }
    return sum / l->width;
}

/* differences (tests) = v_{j-w} - 2 v_j + v_{j+w}, for every bin j and every width w that fits,
 * narrow ones first. A wide one is a sum of narrow ones with positive weights, so it has the sign
 * that they share, and less noise: where the narrow ones drown, it may not. */
static void second_differences(const lattice *l, const double *row, double *differences)
{
    double v[MAX_BINS];
    size_t test = 0;
    for (size_t j = 0; j < l->bins; j++) {
        v[j] = bin_mean(l, row, j);
    }
    for (size_t width = 1; 2 * width < l->bins; width++) {
        for (size_t j = width; j + width < l->bins; j++) {
            differences[test++] = (v[j - width] - v[j]) + (v[j + width] - v[j]);
        }
    }
}

/* Concave part of the narrow second differences; 1/2 where there is no curvature to share. */
static double concave_share(const lattice *l, const double *differences, double tolerance)
{
    double concave = 0, total = 0;
    for (size_t t = 0; t < l->bins - 2; t++) {
        double size = fabs(differences[t]);
        if (size > tolerance) {
            total += size;
            concave += differences[t] < 0 ? size : 0;
        }
    }
    return total > 0 ? concave / total : 0.5;
}

static mi_code add_share_error(const lattice *l, const double *differences, size_t replicates,
                               double tolerance, mi_regime *regime, mi_status *status)
{
    size_t blocks = mi_jackknife_blocks(replicates);
    double *means = NULL, *shares = NULL;
    mi_code code = mi_allocate(blocks * l->tests, sizeof *means, &means, status);
    if (code == MI_OK) {
        code = mi_allocate(blocks, sizeof *shares, &shares, status);
    }
    if (code == MI_OK) {
        code = mi_jackknife_means(differences, replicates, l->tests, means, status);
    }
    for (size_t b = 0; code == MI_OK && b < blocks; b++) {
        shares[b] = concave_share(l, means + b * l->tests, tolerance);
    }
    if (code == MI_OK) {
        regime->concave_share_error = mi_jackknife_error(shares, blocks);
    }
    free(means);
    free(shares);
    return code;
}

/* Two-sided Bonferroni bound at 5 % over all tests; Student's t, because the errors are estimated
 * from the replicates themselves. Exact curves have no error: the normal bound stands there. */
static double critical_value(size_t tests, size_t replicates)
{
    double tail = 0.025 / (double)tests;
    return replicates > 1 ? gsl_cdf_tdist_Qinv(tail, (double)replicates - 1)
                          : gsl_cdf_ugaussian_Qinv(tail);
}

static double z_score(double difference, double error, double tolerance)
{
    if (fabs(difference) <= tolerance) {
        return 0;
    }
    double z =
        fabs(difference) < largest_z * error ? difference / error : copysign(largest_z, difference);
    return z;
}

static mi_regime_verdict judge(const mi_regime *regime)
{
    bool concave = regime->concave_z > regime->critical;
    bool convex = regime->convex_z > regime->critical;
    if (concave && convex) {
        return MI_MIXED;
    }
    return concave ? MI_REDUNDANT : convex ? MI_SYNERGISTIC : MI_UNDETERMINED;
}

/* Fill all but the share's error from differences (replicates, tests); means is (tests). */
static void test_signs(const lattice *l, const double *differences, size_t replicates,
                       double tolerance, double *means, mi_regime *regime)
{
    for (size_t t = 0; t < l->tests; t++) {
        double error = 0;
        mi_mean_error(differences + t, l->tests, replicates, &means[t], &error);
        double z = z_score(means[t], error, tolerance);
        regime->concave_z = fmax(regime->concave_z, -z);
        regime->convex_z = fmax(regime->convex_z, z);
    }
    regime->tests = l->tests;
    regime->critical = critical_value(l->tests, replicates);
    regime->concave_share = concave_share(l, means, tolerance);
    regime->verdict = judge(regime);
}

/* Rounding of the curve: 1e-9 of its largest value, and never below 1e-12 nats. */
static double rounding(const mi_curve *curve)
{
    double scale = 0;
    for (size_t p = 0; p < curve->points; p++) {
        scale = fmax(scale, fabs(curve->mean[MI_Q_INFORMATION][p]));
    }
    return fmax(1e-9 * scale, 1e-12);
}

static mi_code analyse(const mi_curve *curve, const lattice *l, double *differences, double *means,
                       mi_regime *regime, mi_status *status)
{
    size_t replicates = curve->replicates[MI_Q_INFORMATION];
    double tolerance = rounding(curve);
    for (size_t j = 0; j < replicates; j++) {
        second_differences(l, curve->values[MI_Q_INFORMATION] + j * curve->points,
                           differences + j * l->tests);
    }
    test_signs(l, differences, replicates, tolerance, means, regime);
    return replicates < 2 ? MI_OK
                          : add_share_error(l, differences, replicates, tolerance, regime, status);
}

mi_code mi_regime_find(const mi_curve *curve, mi_regime *ret_regime, mi_status *status)
{
    *ret_regime = (mi_regime){.verdict = MI_UNDETERMINED, .concave_share = 0.5};
    if (curve->points < 3) {
        return MI_OK;
    }
    lattice l = lattice_of(curve);
    double *differences = NULL, *means = NULL;
    mi_code code = mi_allocate(curve->replicates[MI_Q_INFORMATION] * l.tests, sizeof *differences,
                               &differences, status);
    if (code == MI_OK) {
        code = mi_allocate(l.tests, sizeof *means, &means, status);
    }
    if (code == MI_OK) {
        code = analyse(curve, &l, differences, means, ret_regime, status);
    }
    free(differences);
    free(means);
    return code;
}
