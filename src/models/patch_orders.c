#include "patch_orders.h"

#include <gsl/gsl_math.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "dense.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "patch_given.h"
#include "whiten.h"

/* Crops that are whitened at once. */
enum { BATCH = 128 };

typedef struct job {
    const mi_patch_fit *fit;
    const mi_lattice *lattice;
    size_t sites, block;
    const mi_patch_set *evaluation, *fitting;
    const mi_run *run;
    double *rows; /* (orders, MI_PATCH_ROWS, sites) */
} job;

/* One order, and room for it. */
typedef struct room {
    double *rows[MI_PATCH_ROWS];
    size_t *order;                         /* (sites) */
    double *factor;                        /* (dimension, dimension) L of the permuted Sigma */
    double *unit;                          /* (dimension) L^-1 1 */
    double *terms;                         /* (sites + 1, 2, scales) of the first k sites */
    double *panel;                         /* (dimension, BATCH) */
    double *posterior;                     /* (scales) */
    double *log_root, *trace, *next_trace; /* (sites), of mi_remaining_blocks */
    unsigned char *hidden;                 /* (sites) */
    mi_given_room *given;
} room;

static void room_free(room *r)
{
    free(r->order);
    free(r->factor);
    free(r->unit);
    free(r->terms);
    free(r->panel);
    free(r->posterior);
    free(r->log_root);
    free(r->trace);
    free(r->next_trace);
    free(r->hidden);
    mi_given_room_destroy(r->given);
}

static mi_code room_allocate(const job *j, room *r, mi_status *status)
{
    size_t n = j->fit->dimension, scales = j->fit->scales->count;
    struct {
        double **field;
        size_t count;
    } wanted[] = {{&r->factor, n * n},
                  {&r->unit, n},
                  {&r->terms, (j->sites + 1) * 2 * scales},
                  {&r->panel, n * BATCH},
                  {&r->posterior, scales},
                  {&r->log_root, j->sites},
                  {&r->trace, j->sites},
                  {&r->next_trace, j->sites}};
    mi_code code = mi_allocate(j->sites, sizeof *r->order, &r->order, status);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && code == MI_OK; i++) {
        code = mi_allocate(wanted[i].count, sizeof(double), wanted[i].field, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(j->sites, 1, &r->hidden, status);
    }
    return code == MI_OK ? mi_given_room_create(j->fit, j->block, BATCH, &r->given, status) : code;
}

static const double *terms_of(const job *j, const room *r, size_t visible)
{
    return r->terms + visible * 2 * j->fit->scales->count;
}

/* Add the next site to the norm of the sites before it. */
static void extend(const job *j, const room *r, const double *whitened, size_t k, mi_norm *norm)
{
    size_t at = k * j->block;
    mi_norm more = mi_norm_of(whitened + at, r->unit + at, j->block);
    norm->q += more.q;
    norm->t += more.t;
}

/* |L_kk (y_k - b u_k)|^2: squared error at site k, b being the expected brightness. */
static double squared_error(const job *j, const room *r, const double *whitened, size_t k, double b)
{
    size_t n = j->fit->dimension, at = k * j->block;
    const double *corner = r->factor + at * (n + 1);
    double sum = 0;
    for (size_t i = 0; i < j->block; i++) {
        double error = 0;
        for (size_t l = 0; l <= i; l++) {
            error += corner[i + l * n] * (whitened[at + l] - b * r->unit[at + l]);
        }
        sum += error * error;
    }
    return sum;
}

static void add_fitting_crop(const job *j, const room *r, const double *whitened)
{
    const mi_scales *scales = j->fit->scales;
    mi_norm norm = {0};
    double before = mi_scales_log_density(scales, terms_of(j, r, 0), norm);
    for (size_t k = 0; k < j->sites; k++) {
        extend(j, r, whitened, k, &norm);
        double after = mi_scales_log_density(scales, terms_of(j, r, k + 1), norm);
        r->rows[MI_ROW_IN_SAMPLE][k] += before - after;
        before = after;
    }
}

static void add_evaluation_crop(const job *j, const room *r, size_t crop, const double *whitened)
{
    const mi_scales *scales = j->fit->scales;
    const double *whole = j->evaluation->posterior + crop * scales->count;
    mi_norm norm = {0};
    double before = mi_scales_posterior(scales, terms_of(j, r, 0), norm, r->posterior);
    double given = mi_scales_expected_term(scales, terms_of(j, r, 0), norm, whole);
    for (size_t k = 0; k < j->sites; k++) {
        double b = mi_scales_expected_brightness(scales, terms_of(j, r, k), norm, r->posterior);
        r->rows[MI_ROW_SQUARED_ERROR][k] += squared_error(j, r, whitened, k, b);
        extend(j, r, whitened, k, &norm);
        const double *terms = terms_of(j, r, k + 1);
        double after = mi_scales_posterior(scales, terms, norm, r->posterior);
        double given_after = mi_scales_expected_term(scales, terms, norm, whole);
        r->rows[MI_ROW_ENTROPY][k] += before - after;
        r->rows[MI_ROW_GIVEN_SCALE][k] += given - given_after;
        before = after;
        given = given_after;
    }
}

/* The crops of replicate g of a set. */
static void score_replicate(const job *j, const mi_patch_set *set, size_t g, const room *r)
{
    size_t n = j->fit->dimension;
    for (size_t m = set->begin[g]; m < set->begin[g + 1]; m += BATCH) {
        const size_t *chosen = set->members + m;
        size_t count = GSL_MIN(BATCH, set->begin[g + 1] - m);
        mi_center_crops(set->crops, chosen, 0, count, j->fit->mean, r->order, j->block, r->panel);
        mi_solve_lower(r->factor, n, r->panel, count);
        for (size_t c = 0; c < count; c++) {
            if (set == j->fitting) {
                add_fitting_crop(j, r, r->panel + c * n);
            } else {
                add_evaluation_crop(j, r, chosen[c], r->panel + c * n);
            }
        }
    }
}

/* The neighbours' row of one batch, whose centred crops are in the panel, sites as they are. */
static mi_code add_neighbors(const job *j, const room *r, size_t count, mi_status *status)
{
    size_t sites[MI_MAX_NEIGHBORS + 1];
    mi_code code = MI_OK;
    memset(r->hidden, 1, j->sites);
    for (size_t k = 0; k + 1 < j->sites && code == MI_OK; k++) {
        double sum = 0;
        r->hidden[r->order[k]] = 0;
        size_t known = mi_visible_neighbors(j->lattice, r->hidden, r->order[k + 1], sites);
        code =
            mi_patch_given(j->fit, j->block, sites, known, r->panel, count, r->given, &sum, status);
        r->rows[MI_ROW_NEIGHBORS][k + 1] += sum;
    }
    return code;
}

/* The evaluation crops of replicate g. */
static mi_code score_neighbors(const job *j, size_t g, const room *r, mi_status *status)
{
    const mi_patch_set *set = j->evaluation;
    double crops = (double)(set->begin[g + 1] - set->begin[g]);
    mi_code code = MI_OK;
    for (size_t m = set->begin[g]; m < set->begin[g + 1] && code == MI_OK; m += BATCH) {
        size_t count = GSL_MIN(BATCH, set->begin[g + 1] - m);
        mi_center_crops(set->crops, set->members + m, 0, count, j->fit->mean, NULL, 1, r->panel);
        code = add_neighbors(j, r, count, status);
    }
    for (size_t k = 0; k < j->sites; k++) {
        r->rows[MI_ROW_NEIGHBORS][k] /= crops;
    }
    return code;
}

/* Mean over the crops, determinant and constant. Instead of the order's own next site's determinant
 * the mean over all remaining sites is taken, which has the same expectation and leaves out the
 * noise of that choice. */
static void finish_entropy(const job *j, const room *r, mi_patch_row kind, double crops)
{
    for (size_t k = 0; k < j->sites; k++) {
        r->rows[kind][k] =
            r->rows[kind][k] / crops + r->log_root[k] + (double)j->block * (M_LNPI + M_LN2) / 2;
    }
}

/* Likewise takes out what the choice of the next site adds to its squared error, as far as the fit,
 * at the mean contrast of these crops, knows it: the expectation is the same at any contrast. */
static void finish_squared_error(const job *j, const room *r, size_t g, double crops)
{
    const mi_patch_set *set = j->evaluation;
    size_t scales = j->fit->scales->count;
    double contrast = 0;
    for (size_t m = set->begin[g]; m < set->begin[g + 1]; m++) {
        for (size_t z = 0; z < scales; z++) {
            contrast +=
                set->posterior[set->members[m] * scales + z] / j->fit->scales->precision[z] / crops;
        }
    }
    double *row = r->rows[MI_ROW_SQUARED_ERROR];
    for (size_t k = 0; k < j->sites; k++) {
        row[k] = row[k] / crops + contrast * (r->trace[k] - r->next_trace[k]);
    }
}

static double crops_of(const mi_patch_set *set, size_t g)
{
    return (double)(set->begin[g + 1] - set->begin[g]);
}

static void score_sets(const job *j, size_t index, const room *r)
{
    size_t g = index % j->evaluation->replicates, f = index % j->fitting->replicates;
    score_replicate(j, j->evaluation, g, r);
    finish_entropy(j, r, MI_ROW_ENTROPY, crops_of(j->evaluation, g));
    finish_entropy(j, r, MI_ROW_GIVEN_SCALE, crops_of(j->evaluation, g));
    finish_squared_error(j, r, g, crops_of(j->evaluation, g));
    score_replicate(j, j->fitting, f, r);
    finish_entropy(j, r, MI_ROW_IN_SAMPLE, crops_of(j->fitting, f));
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

/* L, and what depends on it alone. */
static mi_code factor_order(const job *j, room *r, mi_status *status)
{
    size_t n = j->fit->dimension;
    const mi_scales *scales = j->fit->scales;
    mi_gather_lower(j->fit->covariance, n, r->order, j->sites, j->block, r->factor);
    mi_code code = mi_cholesky(r->factor, n, status);
    if (code != MI_OK) {
        return code;
    }
    double s = 0;
    mi_whitened_unit(r->factor, n, r->unit);
    mi_scales_terms(scales, 0, 0, r->terms);
    for (size_t k = 0; k < j->sites; k++) {
        const double *unit = r->unit + k * j->block;
        s += mi_norm_of(unit, unit, j->block).q;
        mi_scales_terms(scales, (k + 1) * j->block, s, r->terms + (k + 1) * 2 * scales->count);
    }
    return mi_remaining_blocks(r->factor, j->sites, j->block, r->log_root, r->trace, r->next_trace,
                               status);
}

static mi_code order_unit(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    const job *j = context;
    room r = {0};
    for (size_t kind = 0; kind < MI_PATCH_ROWS; kind++) {
        r.rows[kind] = j->rows + (index * MI_PATCH_ROWS + kind) * j->sites;
    }
    mi_code code = room_allocate(j, &r, status);
    if (code == MI_OK) {
        code = draw_order(j, index, &r, status);
    }
    if (code == MI_OK) {
        code = factor_order(j, &r, status);
    }
    if (code == MI_OK) {
        score_sets(j, index, &r);
        code = score_neighbors(j, index % j->evaluation->replicates, &r, status);
    }
    room_free(&r);
    return code;
}

mi_code mi_patch_score_orders(const mi_patch_fit *fit, const mi_lattice *lattice,
                              const mi_patch_set *evaluation, const mi_patch_set *fitting,
                              size_t orders, const mi_run *run, double *rows, mi_status *status)
{
    job j = {.fit = fit,
             .lattice = lattice,
             .sites = lattice->sites,
             .block = fit->dimension / lattice->sites,
             .evaluation = evaluation,
             .fitting = fitting,
             .run = run,
             .rows = rows};
    return mi_parallel_for(run, "orders of patches", orders, order_unit, &j, status);
}
