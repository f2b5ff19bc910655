#include "maskinfo/fit.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_roots.h>
#include <stdio.h>
#include <stdlib.h>

#include "decay.h"
#include "evidence.h"
#include "jackknife.h"
#include "maskinfo/memory.h"

enum {
    PARAMETERS = 3, /* amplitude, exponent, misfit */
    MIN_POINTS = 5  /* AICc divides by points - PARAMETERS - 1 */
};

double mi_exponential_optimum(double rate)
{
    return rate <= 1 ? 1 : 1 / rate;
}

double mi_power_optimum(double exponent)
{
    return exponent <= 0 ? 1 : 1 / (1 + exponent);
}

static double abscissa(mi_fit_kind kind, double ratio)
{
    return kind == MI_FIT_EXPONENTIAL ? ratio : -log1p(-ratio);
}

double mi_fit_value(mi_fit_kind kind, const mi_fit *fit, double ratio)
{
    return fit->amplitude * exp(-fit->exponent * abscissa(kind, ratio));
}

/* One set of points in the solver, in units of its largest value. */
typedef struct session {
    mi_decay_problem *problem;
    size_t points;
    double scale;     /* nats per unit */
    double *sampling; /* (points) squared sampling errors, floored */
    double floor;     /* smallest error of a point */
    mi_decay decay;   /* latest solution */
    bool failed;      /* a refit of the search for the misfit did not converge */
} session;

static void session_close(session *s)
{
    mi_decay_destroy(s->problem);
    free(s->sampling);
}

static mi_code session_open(session *s, size_t points, mi_status *status)
{
    s->points = points;
    mi_code code = mi_allocate(points, sizeof *s->sampling, &s->sampling, status);
    return code == MI_OK ? mi_decay_create(points, &s->problem, status) : code;
}

static double largest(const double *values, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fabs(values[i]));
    }
    return most;
}

/* No point is taken to be better than rounding (1e-12 of the largest value: this keeps a perfect
 * fit's likelihood finite) nor 10^4 times better than the worst (it would decide alone). */
static void session_load(session *s, mi_fit_kind kind, const double *ratios,
                         const double *information, const double *opt_error)
{
    s->scale = largest(information, s->points);
    double worst = opt_error == NULL ? 0 : largest(opt_error, s->points) / s->scale;
    s->floor = fmax(1e-12, 1e-4 * worst);
    for (size_t p = 0; p < s->points; p++) {
        double error = opt_error == NULL ? 0 : opt_error[p] / s->scale;
        mi_decay_x(s->problem)[p] = abscissa(kind, ratios[p]);
        mi_decay_y(s->problem)[p] = information[p] / s->scale;
        s->sampling[p] = gsl_pow_2(fmax(error, s->floor));
    }
}

/* Refit with residual variances error^2 + misfit^2. */
static bool refit(session *s, double misfit)
{
    for (size_t p = 0; p < s->points; p++) {
        mi_decay_variance(s->problem)[p] = s->sampling[p] + misfit * misfit;
    }
    return mi_decay_solve(s->problem, &s->decay);
}

static double reduced_chi_square(const session *s)
{
    return s->decay.chi_square / (double)(s->points - 2);
}

/* log of the reduced chi-square as a function of log misfit: decreasing, and nearly straight where
 * the misfit dominates, which suits the root finder. */
static double excess(double log_misfit, void *context)
{
    session *s = context;
    if (s->failed || !refit(s, exp(log_misfit))) {
        s->failed = true;
        return 0;
    }
    return log(fmax(reduced_chi_square(s), GSL_DBL_MIN));
}

static bool find_root(session *s, double low, double high, double *ret_root)
{
    /* cppcheck-suppress legacyUninitvar ; the name of a field, not the variable */
    gsl_function function = {.function = excess, .params = s};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (solver == NULL) {
        return false;
    }
    int code = gsl_root_fsolver_set(solver, &function, low, high);
    for (int i = 0; code == GSL_SUCCESS && i < 100; i++) {
        code = gsl_root_fsolver_iterate(solver);
        if (code == GSL_SUCCESS &&
            gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
                                   gsl_root_fsolver_x_upper(solver), 1e-9, 0) == GSL_SUCCESS) {
            break;
        }
    }
    *ret_root = gsl_root_fsolver_root(solver);
    gsl_root_fsolver_free(solver);
    return code == GSL_SUCCESS && !s->failed;
}

static bool fit_equal_weights(session *s)
{
    for (size_t p = 0; p < s->points; p++) {
        mi_decay_variance(s->problem)[p] = 1;
    }
    return mi_decay_start(s->problem, &s->decay) && mi_decay_solve(s->problem, &s->decay);
}

/* The misfit that makes the reduced chi-square 1, and the fit with it; 0 where chi-square is
 * smaller without. Chi-square at misfit m is at most RSS/m^2, RSS being the equally weighted fit's
 * residual sum of squares, so the root is at most sqrt(RSS/(n-2)). The search goes down from there,
 * where the weights are even, so that each fit starts near its solution. It ends where the misfit
 * is small beside every sampling error. */
static bool fit_misfit(session *s, double *ret_misfit)
{
    *ret_misfit = 0;
    if (!fit_equal_weights(s)) {
        return false;
    }
    double high = log(fmax(1.001 * sqrt(reduced_chi_square(s)), s->floor)), low = high, root = 0;
    do {
        high = low;
        low = high - log(4);
    } while (high > log(s->floor / 4) && excess(low, s) <= 0 && !s->failed);
    if (s->failed) {
        return false;
    }
    if (high <= log(s->floor / 4)) {
        return refit(s, 0);
    }
    if (!find_root(s, low, high, &root) || !refit(s, exp(root))) {
        return false;
    }
    *ret_misfit = exp(root);
    return true;
}

/* 1 - chi-square / chi-square of the best constant; 0 where the points do not differ, so that a
 * constant explains them as well. */
static double r_squared(const session *s)
{
    const double *y = mi_decay_y(s->problem), *variance = mi_decay_variance(s->problem);
    double weight = 0, sum = 0, total = 0;
    for (size_t p = 0; p < s->points; p++) {
        weight += 1 / variance[p];
        sum += y[p] / variance[p];
    }
    for (size_t p = 0; p < s->points; p++) {
        total += gsl_pow_2(y[p] - sum / weight) / variance[p];
    }
    /* The spread of rounding alone: n points each 1e-12 off, at their weights. */
    bool flat = total <= weight * 1e-24;
    return flat ? 0 : fmax(0, 1 - s->decay.chi_square / total);
}

/* -2 log L + 2k + 2k(k+1)/(n-k-1) with log L = -1/2 sum_p [log(2 pi v_p) + residual^2/v_p]
 * (Hurvich and Tsai 1989, "Regression and time series model selection in small samples",
 * doi:10.1093/biomet/76.2.297); v_p in nats^2. */
static double aicc(const session *s)
{
    const double *variance = mi_decay_variance(s->problem);
    double n = (double)s->points, sum = s->decay.chi_square;
    for (size_t p = 0; p < s->points; p++) {
        sum += log(2 * M_PI * variance[p]) + 2 * log(s->scale);
    }
    return sum + 2 * PARAMETERS + 2 * PARAMETERS * (PARAMETERS + 1) / (n - PARAMETERS - 1);
}

static void fill(const session *s, mi_fit_kind kind, double misfit, mi_fit *ret_fit)
{
    const mi_decay *d = &s->decay;
    *ret_fit = (mi_fit){
        .valid = true,
        .amplitude = d->amplitude * s->scale,
        .amplitude_error = d->amplitude_error * s->scale,
        .exponent = d->exponent,
        .exponent_error = d->exponent_error,
        .misfit = misfit * s->scale,
        .r_squared = r_squared(s),
        .aicc = aicc(s),
        .optimal_ratio = kind == MI_FIT_EXPONENTIAL ? mi_exponential_optimum(d->exponent)
                                                    : mi_power_optimum(d->exponent),
        .corner = d->exponent <= (kind == MI_FIT_EXPONENTIAL ? 1 : 0),
    };
}

static const char too_few[] = "fewer than 5 ratios";

static void refuse(mi_fit *ret_fit, const char *reason)
{
    *ret_fit = (mi_fit){.valid = false};
    snprintf(ret_fit->reason, sizeof ret_fit->reason, "%s", reason);
}

/* Fit the points with an open session, which keeps the solution and the variances it used. */
static void fit_session(session *s, mi_fit_kind kind, const double *ratios,
                        const double *information, const double *opt_error, mi_fit *ret_fit)
{
    double misfit = 0;
    const char *reason = mi_no_evidence(information, opt_error, s->points);
    if (reason != NULL) {
        refuse(ret_fit, reason);
        return;
    }
    session_load(s, kind, ratios, information, opt_error);
    if (!fit_misfit(s, &misfit)) {
        refuse(ret_fit, "the fit did not converge");
        return;
    }
    if (!(s->decay.amplitude > 0)) {
        refuse(ret_fit, "the points ask for a negative amplitude, which no information has");
        return;
    }
    fill(s, kind, misfit, ret_fit);
}

mi_code mi_fit_points(mi_fit_kind kind, const double *ratios, const double *information,
                      const double *opt_error, size_t points, mi_fit *ret_fit, mi_status *status)
{
    session s = {0};
    if (points < MIN_POINTS) {
        refuse(ret_fit, too_few);
        return MI_OK;
    }
    mi_code code = session_open(&s, points, status);
    if (code == MI_OK) {
        fit_session(&s, kind, ratios, information, opt_error, ret_fit);
    }
    session_close(&s);
    return code;
}

/* Exponents of the fits to each row of means (blocks, points), at the weights of the whole fit. */
static bool refit_blocks(session *s, const double *means, size_t blocks, double *exponents)
{
    mi_decay whole = s->decay;
    for (size_t b = 0; b < blocks; b++) {
        for (size_t p = 0; p < s->points; p++) {
            mi_decay_y(s->problem)[p] = means[b * s->points + p] / s->scale;
        }
        s->decay = whole;
        if (!mi_decay_solve(s->problem, &s->decay)) {
            return false;
        }
        exponents[b] = s->decay.exponent;
    }
    return true;
}

static mi_code add_sampling_error(session *s, const mi_curve *curve, mi_fit *fit, mi_status *status)
{
    size_t replicates = curve->replicates[MI_Q_INFORMATION];
    size_t blocks = mi_jackknife_blocks(replicates);
    double *means = NULL, *exponents = NULL;
    mi_code code = mi_allocate(blocks * s->points, sizeof *means, &means, status);
    if (code == MI_OK) {
        code = mi_allocate(blocks, sizeof *exponents, &exponents, status);
    }
    if (code == MI_OK) {
        code = mi_jackknife_means(curve->values[MI_Q_INFORMATION], replicates, s->points, means,
                                  status);
    }
    if (code == MI_OK && refit_blocks(s, means, blocks, exponents)) {
        fit->sampling_error = mi_jackknife_error(exponents, blocks);
    } else if (code == MI_OK) {
        refuse(fit, "the fit does not converge when replicates are left out");
    }
    free(means);
    free(exponents);
    return code;
}

mi_code mi_fit_curve(mi_fit_kind kind, const mi_curve *curve, mi_fit *ret_fit, mi_status *status)
{
    session s = {0};
    if (curve->points < MIN_POINTS) {
        refuse(ret_fit, too_few);
        return MI_OK;
    }
    mi_code code = session_open(&s, curve->points, status);
    if (code == MI_OK) {
        fit_session(&s, kind, curve->ratios, curve->mean[MI_Q_INFORMATION],
                    curve->error[MI_Q_INFORMATION], ret_fit);
    }
    if (code == MI_OK && ret_fit->valid && curve->replicates[MI_Q_INFORMATION] > 1) {
        code = add_sampling_error(&s, curve, ret_fit, status);
    }
    session_close(&s);
    return code;
}
