/* The masked autoencoder's loss: squared error averaged over the values of a token and over masked
 * tokens (He et al. 2021, section 3, "Reconstruction target"), and where it stops being finite. */
#include "mae.h"

#include <math.h>
#include <stdio.h>

#include "embed.h"

void mi_mae_first_bad(const mi_mae *mae, const mi_shard *shard, const mi_mae_work *work, char *text,
                      size_t size)
{
    mi_ragged visible = {shard->count, work->starts}, all = {shard->count, work->decoder_starts};
    if (!mi_all_finite(work->visible_count * mae->values, work->patches)) {
        snprintf(text, size, "the pixels");
    } else if (!mi_all_finite(work->visible_count * mae->embed.out, work->embedded)) {
        snprintf(text, size, "patch_embed");
    } else if (mi_stack_first_bad(mae->encoder, visible, work->encoder, "", text, size)) {
        return;
    } else if (!mi_all_finite(work->rows * mae->bridge.out, work->bridged)) {
        snprintf(text, size, "decoder_embed");
    } else if (!mi_stack_first_bad(mae->decoder, all, work->decoder, "decoder_", text, size)) {
        snprintf(text, size, "decoder_pred");
    }
}

/* Squared error of one token, over `values`; predicted becomes its gradient times 1 / (2 factor).
 */
static double token_loss(const mi_mae *mae, double factor, const mi_scalar *target,
                         mi_scalar *predicted)
{
    double mean = 0, deviation = 1, sum = 0;
    if (mae->normalized) {
        mi_mae_moments(mae->values, target, &mean, &deviation);
    }
    for (size_t i = 0; i < mae->values; i++) {
        double error = (double)predicted[i] - ((double)target[i] - mean) / deviation;
        sum += error * error;                           /* L = factor e^2, e = p - t */
        predicted[i] = (mi_scalar)(2 * factor * error); /* dp = 2 factor e */
    }
    return sum;
}

mi_code mi_mae_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                     const mi_shard *shard, mi_status *status)
{
    const mi_mae *mae = state;
    mi_mae_work work = mi_mae_carve(mae, shard->count, true, shard->arena);
    double loss = 0, factor = 0;
    if (batch->masked_total > 0) {
        factor = 1 / ((double)mae->values * (double)batch->masked_total);
    }
    mi_mae_forward(mae, weights, batch, shard, true, &work);
    for (size_t h = 0; h < work.hidden_count; h++) {
        mi_mae_token(mae, batch, shard, work.hidden[h], work.target);
        loss += token_loss(mae, factor, work.target, work.predicted + h * mae->values);
    }
    loss *= factor;
    if (!isfinite(loss)) {
        char layer[64];
        mi_mae_first_bad(mae, shard, &work, layer, sizeof layer);
        return mi_fail(status, MI_NUMERIC, "the loss is not finite, from %s on", layer);
    }
    shard->sums[MI_SUM_LOSS] += loss;
    if (shard->opt_gradient != NULL) {
        mi_mae_backward(mae, weights, shard, &work, shard->opt_gradient);
    }
    return MI_OK;
}
