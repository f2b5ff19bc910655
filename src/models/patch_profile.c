#include "patch_profile.h"

#include <gsl/gsl_math.h>
#include <stdlib.h>

#include "blocks.h"
#include "dense.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "patch_set.h"
#include "whiten.h"

/* Crops that are whitened at once. */
enum { BATCH = 128 };

/* What one order gives: rows of h_k for its replicate of either set. */
typedef enum row_kind { ROW_ENTROPY, ROW_GIVEN_SCALE, ROW_MSE, ROW_IN_SAMPLE, ROWS } row_kind;

typedef struct job {
    const mi_patch_fit *fit;
    size_t sites, block;
    mi_patch_set *evaluation, *fitting;
    size_t orders;
    const mi_run *run;
    double *rows; /* (orders, ROWS, sites) */
} job;

static double *row_of(const job *j, size_t order, row_kind kind)
{
    return j->rows + (order * ROWS + (size_t)kind) * j->sites;
}

/* Room for one order. */
typedef struct room {
    size_t *order;                         /* (sites) */
    double *factor;                        /* (dimension, dimension) */
    double *panel;                         /* (dimension, BATCH) */
    double *log_root, *trace, *next_trace; /* (sites), of mi_remaining_blocks */
} room;

static void room_free(room *r)
{
    free(r->order);
    free(r->factor);
    free(r->panel);
    free(r->log_root);
    free(r->trace);
    free(r->next_trace);
}

static mi_code room_allocate(const job *j, room *r, mi_status *status)
{
    size_t n = j->fit->dimension;
    mi_code code = mi_allocate(j->sites, sizeof *r->order, &r->order, status);
    if (code == MI_OK) {
        code = mi_allocate(n * n, sizeof(double), &r->factor, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(n * BATCH, sizeof(double), &r->panel, status);
    }
    double **fields[] = {&r->log_root, &r->trace, &r->next_trace};
    for (size_t i = 0; i < 3 && code == MI_OK; i++) {
        code = mi_allocate(j->sites, sizeof(double), fields[i], status);
    }
    return code;
}

static double square_sum(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i] * values[i];
    }
    return sum;
}

/* sum[k] -= log p(x_k | x_0..x_{k-1}) without its determinant and constant; whitened is (sites,
 * block). */
static void add_cross_entropy(const job *j, const double *whitened, double *sum)
{
    double q = 0, before = 0;
    for (size_t k = 0; k < j->sites; k++) {
        q += square_sum(whitened + k * j->block, j->block);
        double after = mi_scales_log_density(j->fit->scales, (k + 1) * j->block, q);
        sum[k] += before - after;
        before = after;
    }
}

/* The same under p(x | z), averaged over the posterior of z from the whole crop. */
static void add_given_scale(const job *j, size_t crop, const double *whitened, double *sum)
{
    const mi_patch_set *set = j->evaluation;
    for (size_t k = 0; k < j->sites; k++) {
        double q = square_sum(whitened + k * j->block, j->block);
        sum[k] += 0.5 * ((double)j->block * set->log_scale[crop] + q * set->precision[crop]);
    }
}

/* sum[k] += |L_kk y_k|^2, the squared error of predicting block k linearly from those before. */
static void add_squared_error(const job *j, const double *factor, const double *whitened,
                              double *sum)
{
    size_t n = j->fit->dimension, d = j->block;
    for (size_t k = 0; k < j->sites; k++) {
        const double *corner = factor + k * d * (n + 1);
        for (size_t a = 0; a < d; a++) {
            double error = 0;
            for (size_t b = 0; b <= a; b++) {
                error += corner[a + b * n] * whitened[k * d + b];
            }
            sum[k] += error * error;
        }
    }
}

static void add_crop(const job *j, const mi_patch_set *set, size_t index, size_t crop,
                     const double *factor, const double *whitened)
{
    if (set == j->fitting) {
        add_cross_entropy(j, whitened, row_of(j, index, ROW_IN_SAMPLE));
        return;
    }
    add_cross_entropy(j, whitened, row_of(j, index, ROW_ENTROPY));
    add_given_scale(j, crop, whitened, row_of(j, index, ROW_GIVEN_SCALE));
    add_squared_error(j, factor, whitened, row_of(j, index, ROW_MSE));
}

static void divide(double *values, size_t count, double divisor)
{
    for (size_t k = 0; k < count; k++) {
        values[k] /= divisor;
    }
}

/* Determinant and constant. Instead of the order's own next site's determinant the mean over all
 * remaining sites is taken, which has the same expectation and leaves out the noise of the choice.
 */
static void add_determinants(const job *j, const room *r, double *row)
{
    for (size_t k = 0; k < j->sites; k++) {
        row[k] += r->log_root[k] + (double)j->block * (M_LNPI + M_LN2) / 2;
    }
}

/* As add_determinants: takes out what the choice of the next site adds to its squared error, as far
 * as the fit, at the contrast of these crops, knows it. */
static void balance_squared_error(const job *j, const room *r, size_t replicate, double *row)
{
    const mi_patch_set *set = j->evaluation;
    size_t begin = set->begin[replicate], end = set->begin[replicate + 1];
    double contrast = 0;
    for (size_t m = begin; m < end; m++) {
        contrast += set->norm[set->members[m]];
    }
    contrast /= (double)(end - begin) * (double)j->fit->dimension;
    for (size_t k = 0; k < j->sites; k++) {
        row[k] += contrast * (r->trace[k] - r->next_trace[k]);
    }
}

/* The crops of the set's replicate that this order belongs to. */
static void score_set(const job *j, const mi_patch_set *set, size_t index, room *r)
{
    size_t g = index % set->replicates, n = j->fit->dimension;
    for (size_t m = set->begin[g]; m < set->begin[g + 1]; m += BATCH) {
        size_t count = GSL_MIN(BATCH, set->begin[g + 1] - m);
        mi_center_crops(set->crops, set->members + m, 0, count, j->fit->mean, r->order, j->block,
                        r->panel);
        mi_solve_lower(r->factor, n, r->panel, count);
        for (size_t c = 0; c < count; c++) {
            add_crop(j, set, index, set->members[m + c], r->factor, r->panel + c * n);
        }
    }
}

static void finish_rows(const job *j, size_t index, const room *r)
{
    size_t g = index % j->evaluation->replicates, f = index % j->fitting->replicates;
    double scored = (double)(j->evaluation->begin[g + 1] - j->evaluation->begin[g]);
    double in_sample = (double)(j->fitting->begin[f + 1] - j->fitting->begin[f]);
    for (row_kind kind = 0; kind < ROWS; kind++) {
        double *row = row_of(j, index, kind);
        divide(row, j->sites, kind == ROW_IN_SAMPLE ? in_sample : scored);
        if (kind != ROW_MSE) {
            add_determinants(j, r, row);
        }
    }
    balance_squared_error(j, r, g, row_of(j, index, ROW_MSE));
}

static mi_code draw_order(const job *j, size_t index, room *r, mi_status *status)
{
    gsl_rng *stream = NULL;
    mi_code code = mi_stream_create(j->run->seed, MI_PURPOSE_ORDER, index, &stream, status);
    if (code == MI_OK) {
        mi_random_order(stream, r->order, j->sites);
        gsl_rng_free(stream);
    }
    return code;
}

static mi_code score_order(const job *j, size_t index, room *r, mi_status *status)
{
    size_t n = j->fit->dimension;
    mi_code code = draw_order(j, index, r, status);
    if (code == MI_OK) {
        mi_gather_lower(j->fit->covariance, n, r->order, j->sites, j->block, r->factor);
        code = mi_cholesky(r->factor, n, status);
    }
    if (code == MI_OK) {
        code = mi_remaining_blocks(r->factor, j->sites, j->block, r->log_root, r->trace,
                                   r->next_trace, status);
    }
    if (code == MI_OK) {
        score_set(j, j->evaluation, index, r);
        score_set(j, j->fitting, index, r);
        finish_rows(j, index, r);
    }
    return code;
}

static mi_code order_unit(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    const job *j = context;
    room r = {0};
    mi_code code = room_allocate(j, &r, status);
    if (code == MI_OK) {
        code = score_order(j, index, &r, status);
    }
    room_free(&r);
    return code;
}

/* Replicate g is the mean over its orders g, g + replicates, ...; the entry of k = 0, where no
 * order matters, is left to the marginals. */
static void average_orders(const job *j, row_kind kind, double *values, size_t replicates)
{
    for (size_t g = 0; g < replicates; g++) {
        double count = 0;
        for (size_t index = g; index < j->orders; index += replicates, count++) {
            const double *row = row_of(j, index, kind);
            for (size_t k = 1; k < j->sites; k++) {
                values[g * j->sites + k] += row[k];
            }
        }
        divide(values + g * j->sites, j->sites, count);
    }
}

static mi_code add_series(const job *j, mi_profile *profile, mi_series_kind kind, row_kind row,
                          size_t replicates, mi_status *status)
{
    mi_code code = mi_profile_add(profile, kind, replicates, status);
    if (code == MI_OK) {
        average_orders(j, row, profile->series[kind].values, replicates);
    }
    return code;
}

/* Squared errors in units of the variance of these crops. */
static void scale_mse(const job *j, const mi_patch_marginal *marginals, mi_series *series)
{
    double variance = 0;
    for (size_t g = 0; g < series->replicates; g++) {
        variance += marginals[g].square / (double)series->replicates;
    }
    for (size_t g = 0; g < series->replicates; g++) {
        double *row = series->values + g * j->sites;
        row[0] = marginals[g].square * (double)j->block;
        divide(row, j->sites, variance * (double)j->block);
    }
}

static mi_code set_evaluation_ends(const job *j, mi_profile *profile, mi_status *status)
{
    mi_patch_marginal *marginals = NULL;
    size_t replicates = j->evaluation->replicates;
    mi_code code = mi_allocate(replicates, sizeof *marginals, &marginals, status);
    if (code == MI_OK) {
        code = mi_patch_marginals(j->evaluation, j->fit, j->block, j->run, marginals, status);
    }
    if (code == MI_OK) {
        for (size_t g = 0; g < replicates; g++) {
            profile->series[MI_ENTROPY].values[g * j->sites] = marginals[g].entropy;
            if (profile->series[MI_GIVEN_SCALE].replicates > 0) {
                profile->series[MI_GIVEN_SCALE].values[g * j->sites] = marginals[g].given_scale;
            }
        }
        scale_mse(j, marginals, &profile->series[MI_MSE]);
    }
    free(marginals);
    return code;
}

static mi_code set_in_sample_ends(const job *j, mi_profile *profile, mi_status *status)
{
    mi_patch_marginal *marginals = NULL;
    size_t replicates = j->fitting->replicates;
    mi_code code = mi_allocate(replicates, sizeof *marginals, &marginals, status);
    if (code == MI_OK) {
        code = mi_patch_marginals(j->fitting, j->fit, j->block, j->run, marginals, status);
    }
    for (size_t g = 0; code == MI_OK && g < replicates; g++) {
        profile->series[MI_IN_SAMPLE].values[g * j->sites] = marginals[g].entropy;
    }
    free(marginals);
    return code;
}

static mi_code assemble(const job *j, mi_profile *profile, mi_status *status)
{
    size_t replicates = j->evaluation->replicates;
    mi_code code = add_series(j, profile, MI_ENTROPY, ROW_ENTROPY, replicates, status);
    if (code == MI_OK) {
        code = add_series(j, profile, MI_MSE, ROW_MSE, replicates, status);
    }
    if (code == MI_OK && j->fit->scales->count > 1) {
        code = add_series(j, profile, MI_GIVEN_SCALE, ROW_GIVEN_SCALE, replicates, status);
    }
    if (code == MI_OK) {
        code = add_series(j, profile, MI_IN_SAMPLE, ROW_IN_SAMPLE, j->fitting->replicates, status);
    }
    if (code == MI_OK) {
        code = set_evaluation_ends(j, profile, status);
    }
    return code == MI_OK ? set_in_sample_ends(j, profile, status) : code;
}

static mi_code prepare(job *j, const mi_crops *evaluation, const mi_crops *fitting, size_t samples,
                       mi_status *status)
{
    mi_code code = mi_patch_set_create(evaluation, j->fit, j->run, &j->evaluation, status);
    if (code == MI_OK) {
        code = mi_patch_set_create(fitting, j->fit, j->run, &j->fitting, status);
    }
    if (code != MI_OK) {
        return code;
    }
    size_t most = GSL_MAX(j->evaluation->replicates, j->fitting->replicates);
    j->orders = (samples + most - 1) / most * most;
    size_t rows = 0;
    code = mi_product(j->orders, ROWS * j->sites, &rows, status);
    return code == MI_OK ? mi_allocate(rows, sizeof *j->rows, &j->rows, status) : code;
}

mi_code mi_patch_profile(const mi_patch_fit *fit, size_t block, const mi_crops *evaluation,
                         const mi_crops *fitting, size_t samples, const mi_run *run,
                         mi_profile **ret_profile, mi_status *status)
{
    job j = {.fit = fit, .sites = fit->dimension / block, .block = block, .run = run};
    mi_profile *profile = NULL;
    mi_code code = prepare(&j, evaluation, fitting, samples, status);
    if (code == MI_OK) {
        code = mi_parallel_for(run, "orders of patches", j.orders, order_unit, &j, status);
    }
    if (code == MI_OK) {
        code = mi_profile_create(j.sites, &profile, status);
    }
    if (code == MI_OK) {
        code = assemble(&j, profile, status);
    }
    mi_patch_set_destroy(j.evaluation);
    mi_patch_set_destroy(j.fitting);
    free(j.rows);
    if (code != MI_OK) {
        mi_profile_destroy(profile);
        return code;
    }
    *ret_profile = profile;
    return MI_OK;
}
