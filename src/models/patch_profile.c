#include "patch_profile.h"

#include <gsl/gsl_math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "patch_orders.h"
#include "patch_set.h"

typedef struct builder {
    const mi_patch_fit *fit;
    const mi_lattice *lattice; /* of the sites */
    size_t sites, block, orders;
    const mi_run *run;
    mi_patch_set *evaluation, *fitting;
    mi_patch_marginal *evaluation_marginals, *fitting_marginals; /* (replicates) of each set */
    double *rows; /* (orders, MI_PATCH_ROWS, sites) */
} builder;

static void builder_free(builder *b)
{
    mi_patch_set_destroy(b->evaluation);
    mi_patch_set_destroy(b->fitting);
    free(b->evaluation_marginals);
    free(b->fitting_marginals);
    free(b->rows);
}

static mi_code make_set(const builder *b, const mi_crops *crops, mi_patch_set **ret_set,
                        mi_patch_marginal **ret_marginals, mi_status *status)
{
    mi_code code = mi_patch_set_create(crops, b->fit, b->run, ret_set, status);
    if (code == MI_OK) {
        code = mi_allocate((*ret_set)->replicates, sizeof **ret_marginals, ret_marginals, status);
    }
    return code == MI_OK
               ? mi_patch_marginals(*ret_set, b->fit, b->block, b->run, *ret_marginals, status)
               : code;
}

/* As many orders as asked for, rounded up to as many for each replicate. */
static mi_code score_orders(builder *b, size_t samples, mi_status *status)
{
    size_t most = GSL_MAX(b->evaluation->replicates, b->fitting->replicates), size = 0;
    b->orders = (samples + most - 1) / most * most;
    mi_code code = mi_product(b->orders, MI_PATCH_ROWS * b->sites, &size, status);
    if (code == MI_OK) {
        code = mi_allocate(size, sizeof *b->rows, &b->rows, status);
    }
    return code == MI_OK ? mi_patch_score_orders(b->fit, b->lattice, b->evaluation, b->fitting,
                                                 b->orders, b->run, b->rows, status)
                         : code;
}

/* Replicate g is the mean over its orders g, g + replicates, ...; the entry of k = 0, where no
 * order matters, comes from the marginals. */
static void average_orders(const builder *b, mi_patch_row kind, size_t replicates, size_t g,
                           double *values)
{
    double count = (double)((b->orders - g + replicates - 1) / replicates);
    for (size_t index = g; index < b->orders; index += replicates) {
        const double *row = b->rows + (index * MI_PATCH_ROWS + (size_t)kind) * b->sites;
        for (size_t k = 1; k < b->sites; k++) {
            values[k] += row[k] / count;
        }
    }
}

static mi_code add_series(const builder *b, mi_profile *profile, mi_series_kind kind,
                          mi_patch_row row, size_t replicates, mi_status *status)
{
    mi_code code = mi_profile_add(profile, kind, replicates, status);
    for (size_t g = 0; g < replicates && code == MI_OK; g++) {
        average_orders(b, row, replicates, g, profile->series[kind].values + g * b->sites);
    }
    return code;
}

static mi_code add_entropy(const builder *b, mi_profile *profile, mi_series_kind kind,
                           mi_patch_row row, mi_status *status)
{
    size_t replicates = b->evaluation->replicates;
    mi_code code = add_series(b, profile, kind, row, replicates, status);
    for (size_t g = 0; g < replicates && code == MI_OK; g++) {
        profile->series[kind].values[g * b->sites] = b->evaluation_marginals[g].entropy;
    }
    return code;
}

static mi_code add_given_scale(const builder *b, mi_profile *profile, mi_status *status)
{
    size_t replicates = b->evaluation->replicates;
    mi_code code = add_series(b, profile, MI_GIVEN_SCALE, MI_ROW_GIVEN_SCALE, replicates, status);
    for (size_t g = 0; g < replicates && code == MI_OK; g++) {
        profile->series[MI_GIVEN_SCALE].values[g * b->sites] =
            b->evaluation_marginals[g].given_scale;
    }
    return code;
}

static mi_code add_in_sample(const builder *b, mi_profile *profile, mi_status *status)
{
    size_t replicates = b->fitting->replicates;
    mi_code code = add_series(b, profile, MI_IN_SAMPLE, MI_ROW_IN_SAMPLE, replicates, status);
    for (size_t g = 0; g < replicates && code == MI_OK; g++) {
        profile->series[MI_IN_SAMPLE].values[g * b->sites] = b->fitting_marginals[g].entropy;
    }
    return code;
}

/* Squared errors in units of the variance of the evaluation crops. */
static mi_code add_mse(const builder *b, mi_profile *profile, mi_status *status)
{
    size_t replicates = b->evaluation->replicates;
    const mi_patch_marginal *marginals = b->evaluation_marginals;
    double variance = 0;
    for (size_t g = 0; g < replicates; g++) {
        variance += marginals[g].square / (double)replicates;
    }
    mi_code code = add_series(b, profile, MI_MSE, MI_ROW_SQUARED_ERROR, replicates, status);
    for (size_t g = 0; g < replicates && code == MI_OK; g++) {
        double *row = profile->series[MI_MSE].values + g * b->sites;
        row[0] = marginals[g].square * (double)b->block;
        for (size_t k = 0; k < b->sites; k++) {
            row[k] /= variance * (double)b->block;
        }
    }
    return code;
}

static mi_code assemble(const builder *b, mi_profile *profile, mi_status *status)
{
    mi_code code = add_entropy(b, profile, MI_ENTROPY, MI_ROW_ENTROPY, status);
    if (code == MI_OK) {
        code = add_entropy(b, profile, MI_NEIGHBORS, MI_ROW_NEIGHBORS, status);
    }
    if (code == MI_OK) {
        code = add_mse(b, profile, status);
    }
    if (code == MI_OK && b->fit->scales->count > 1) {
        code = add_given_scale(b, profile, status);
    }
    return code == MI_OK ? add_in_sample(b, profile, status) : code;
}

static mi_code build(builder *b, const mi_crops *evaluation, const mi_crops *fitting,
                     size_t samples, mi_profile *profile, mi_status *status)
{
    mi_code code = make_set(b, evaluation, &b->evaluation, &b->evaluation_marginals, status);
    if (code == MI_OK) {
        code = make_set(b, fitting, &b->fitting, &b->fitting_marginals, status);
    }
    if (code == MI_OK) {
        code = score_orders(b, samples, status);
    }
    return code == MI_OK ? assemble(b, profile, status) : code;
}

mi_code mi_patch_profile(const mi_patch_fit *fit, mi_crop_shape shape, const mi_crops *evaluation,
                         const mi_crops *fitting, size_t samples, const mi_run *run,
                         mi_profile **ret_profile, mi_status *status)
{
    builder b = {
        .fit = fit, .sites = mi_crop_sites(shape), .block = mi_crop_block(shape), .run = run};
    mi_profile *profile = NULL;
    mi_lattice *lattice = NULL;
    mi_code code = mi_profile_create(b.sites, &profile, status);
    if (code == MI_OK) {
        code =
            mi_lattice_create(shape.rows, shape.columns, MI_MAX_NEIGHBORS, false, &lattice, status);
    }
    if (code == MI_OK) {
        b.lattice = lattice;
        code = build(&b, evaluation, fitting, samples, profile, status);
    }
    builder_free(&b);
    mi_lattice_destroy(lattice);
    if (code != MI_OK) {
        mi_profile_destroy(profile);
        return code;
    }
    *ret_profile = profile;
    return MI_OK;
}
