/* Examples of a Gaussian field for training, with all channels, and what is exactly known of their
 * masked sites. */
#include <math.h>

#include "gmrf_work.h"

mi_code mi_gmrf_example_shape(const void *state, mi_example_shape *ret_shape, mi_status *status)
{
    (void)status;
    const mi_gmrf *gmrf = state;
    *ret_shape = (mi_example_shape){.rows = gmrf->lattice->rows,
                                    .columns = gmrf->lattice->columns,
                                    .channels = (size_t)gmrf->channels,
                                    .site_rows = 1,
                                    .site_columns = 1,
                                    .deviation = sqrt(gmrf->mean_variance),
                                    .needs_scratch = true};
    return MI_OK;
}

/* values (N, channels) = work->residual of one channel. */
static void put_channel(const mi_gmrf *gmrf, const mi_gmrf_work *work, size_t channel,
                        double *values)
{
    size_t channels = (size_t)gmrf->channels;
    for (size_t i = 0; i < gmrf->lattice->sites; i++) {
        values[i * channels + channel] = work->residual[i];
    }
}

mi_code mi_gmrf_example(const void *state, mi_origin origin, gsl_rng *draw, void *scratch,
                        double *values, int *ret_label, mi_status *status)
{
    (void)origin; /* there are no data */
    const mi_gmrf *gmrf = state;
    mi_gmrf_work *work = scratch;
    mi_code code = MI_OK;
    *ret_label = -1;
    for (size_t c = 0; c < (size_t)gmrf->channels && code == MI_OK; c++) {
        mi_gmrf_draw(gmrf, draw, work);
        code = mi_gmrf_configuration(gmrf, work, status);
        put_channel(gmrf, work, c, values);
    }
    return code;
}

/* One channel: mean becomes x - residual at masked sites, x at the others. */
static mi_code posterior_channel(const mi_gmrf *gmrf, const unsigned char *masked, size_t channel,
                                 mi_gmrf_work *work, mi_mask_result *result,
                                 mi_mask_posterior *posterior, mi_status *status)
{
    size_t channels = (size_t)gmrf->channels, n = gmrf->lattice->sites, count = 0;
    double *mean = posterior->mean, log_masked = 0;
    mi_code code = mi_gmrf_judge(gmrf, masked, work, &count, &log_masked, result, status);
    for (size_t i = 0; i < n; i++) {
        mean[i * channels + channel] = 0;
    }
    for (size_t p = 0; p < count && code == MI_OK; p++) {
        mean[work->sites[p] * channels + channel] = -work->residual[p];
    }
    if (code == MI_OK && count < n) {
        code = mi_gmrf_configuration(gmrf, work, status);
    }
    put_channel(gmrf, work, channel, posterior->values);
    for (size_t i = 0; i < n; i++) {
        mean[i * channels + channel] += work->residual[i];
    }
    return code;
}

mi_code mi_gmrf_posterior(const void *state, const unsigned char *masked, gsl_rng *draw,
                          void *scratch, mi_mask_posterior *posterior, mi_status *status)
{
    const mi_gmrf *gmrf = state;
    mi_gmrf_work *work = scratch;
    mi_code code = MI_OK;
    double surprise = 0;
    for (size_t c = 0; c < (size_t)gmrf->channels && code == MI_OK; c++) {
        mi_gmrf_draw(gmrf, draw, work);
        code = posterior_channel(gmrf, masked, c, work, &posterior->result, posterior, status);
        surprise += posterior->result.cross_entropy / gmrf->channels;
    }
    posterior->result.cross_entropy = surprise;
    return code;
}
