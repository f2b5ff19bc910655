/* What one example adds to the sums of an evaluation. */
#include <gsl/gsl_math.h>
#include <math.h>

#include "floor.h"

/* Streams of noise beyond those of crops. */
static const uint64_t first_dither = (uint64_t)1 << 62;

/* Loss of one masked token of pixels: the mean over its values of the squared error, of the
 * normalised ones divided by the token's own variance. Its residuals go to their places. */
static double token_loss(const mi_floor_plan *plan, const mi_floor_bench *b, size_t at,
                         size_t token, mi_scalar *opt_residuals)
{
    size_t size = plan->token_size, first = token * size;
    const mi_scalar *predicted = b->predicted + at * plan->values + first;
    const mi_scalar *pixels = b->pixels + at * plan->values;
    double sum = 0, mean = 0, squares = 0;
    for (size_t i = 0; i < size; i++) {
        double value = (double)pixels[plan->raster[first + i]];
        double residual = value - (double)predicted[i];
        sum += gsl_pow_2(residual);
        mean += value / (double)size;
        if (opt_residuals != NULL) {
            opt_residuals[plan->place[first + i]] = (mi_scalar)residual;
        }
    }
    for (size_t i = 0; i < size && plan->normalized; i++) {
        squares += gsl_pow_2((double)pixels[plan->raster[first + i]] - mean);
    }
    /* The variance that mi_mae_moments has. */
    double scale = plan->normalized ? squares / (double)(size - 1) + 1e-6 : 1;
    return sum / scale / (double)size;
}

void mi_floor_network(const mi_floor_plan *plan, const mi_floor_bench *b, size_t at,
                      mi_scalar *opt_residuals, mi_floor_sample *sample)
{
    const unsigned char *masked = b->masked + at * plan->tokens;
    *sample = (mi_floor_sample){.nats = NAN, .pooled = NAN};
    for (size_t p = 0; p < plan->values && opt_residuals != NULL; p++) {
        opt_residuals[p] = 0;
    }
    for (size_t t = 0; t < plan->tokens; t++) {
        if (!masked[t]) {
            continue;
        }
        sample->tokens++;
        if (plan->shape.discrete) {
            size_t row = (at * plan->tokens + t) * plan->token_size;
            sample->loss -= (double)b->predicted[row + b->symbols[at * plan->values + t]];
        } else {
            sample->loss += token_loss(plan, b, at, t, opt_residuals);
        }
    }
    sample->sites = sample->tokens * plan->kinds;
    if (plan->shape.discrete) {
        sample->nats = sample->loss;
    }
}

/* Squared error of the posterior mean over masked tokens, each the mean over its values, in the
 * units of the source's variance. */
static double mean_loss(const mi_floor_plan *plan, const mi_floor_bench *b, size_t at,
                        mi_scalar *residuals)
{
    double sum = 0, scale = 1 / plan->shape.deviation;
    for (size_t p = 0; p < plan->values; p++) {
        size_t from = plan->raster[p];
        bool masked = b->masked[at * plan->tokens + p / plan->token_size] != 0;
        double residual =
            masked ? (b->posterior.values[from] - b->posterior.mean[from]) * scale : 0;
        residuals[plan->place[p]] = (mi_scalar)residual;
        sum += residual * residual;
    }
    return sum / (double)plan->token_size;
}

void mi_floor_posterior(const mi_floor_plan *plan, const mi_floor_bench *b, size_t at,
                        mi_scalar *opt_residuals, mi_floor_sample *sample)
{
    const mi_mask_result *result = &b->posterior.result;
    double sites = (double)sample->sites;
    sample->judged = true;
    sample->marginal = result->marginal_entropy * sites;
    sample->conditional = result->conditional_entropy * sites;
    sample->exact_nats = result->cross_entropy * sites;
    if (plan->shape.discrete) {
        sample->exact_loss = sample->exact_nats;
        sample->least = sample->conditional;
        return;
    }
    sample->least = result->mse * (double)sample->tokens;
    sample->exact_loss = plan->means ? mean_loss(plan, b, at, opt_residuals) : sample->least;
    for (size_t c = 0; c < plan->shape.classes && plan->means; c++) {
        sample->best_class = fmax(sample->best_class, b->posterior.classes[c]);
    }
}

void mi_floor_dither(const mi_floor_plan *plan, const unsigned char *masked, size_t example,
                     mi_scalar *residuals)
{
    mi_stream_room room;
    double step = plan->source->example.grain / plan->shape.deviation;
    gsl_rng *stream =
        mi_stream_place(&room, plan->run->seed, MI_PURPOSE_DITHER, first_dither + example);
    for (size_t p = 0; p < plan->values && step > 0; p++) {
        double noise = step * (gsl_rng_uniform(stream) - 0.5);
        if (masked[p / plan->token_size]) {
            residuals[plan->place[p]] += (mi_scalar)noise;
        }
    }
}
