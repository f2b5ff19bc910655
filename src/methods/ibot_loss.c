/* The student's loss and gradient. */
#include <math.h>
#include <string.h>

#include "ibot.h"

static void scale(size_t count, double factor, mi_scalar *x)
{
    for (size_t i = 0; i < count && factor != 1; i++) {
        x[i] *= (mi_scalar)factor;
    }
}

/* targets (K) = mean of the teacher's for both global views. */
static void mean_target(const mi_ibot *ibot, size_t sample, mi_scalar *targets)
{
    size_t prototypes = ibot->class.prototypes;
    const mi_scalar *from = ibot->class.targets + sample * MI_GLOBALS * prototypes;
    for (size_t k = 0; k < prototypes; k++) {
        targets[k] = (from[k] + from[prototypes + k]) / 2;
    }
}

/* Caron et al. 2021, eq. 3: the mean over images and over pairs of a global view of the teacher and
 * another view of the student of H(p, q). A global view has one such pair, with the other one; a
 * local crop has two, and as H is linear in p they are 2 H(mean p, q). */
static double class_loss(const mi_ibot *ibot, const mi_examples *batch, const mi_shard *shard,
                         mi_ibot_work *work)
{
    size_t prototypes = ibot->class.prototypes, views = work->siamese.views;
    double pair = 1 / ((double)(MI_GLOBALS * (views - 1)) * (double)batch->count);
    for (size_t r = 0; r < work->class_count; r++) {
        size_t sample = shard->first + r / views, view = r % views;
        mi_scalar *targets = work->targets + r * prototypes;
        work->weights[r] = (mi_scalar)(view < MI_GLOBALS ? pair : 2 * pair);
        if (view < MI_GLOBALS) {
            const mi_scalar *other =
                ibot->class.targets + (sample * MI_GLOBALS + 1 - view) * prototypes;
            memcpy(targets, other, prototypes * sizeof *targets);
        } else {
            mean_target(ibot, sample, targets);
        }
    }
    double loss = mi_distill_loss(work->class_count, prototypes, ibot->student_temperature,
                                  work->targets, work->weights, true, work->logits);
    scale(work->class_count * prototypes, ibot->class_weight, work->logits);
    return loss;
}

/* Zhou et al. 2022, eq. 2: of each masked view the mean over its masked tokens of H(p, q), then the
 * mean over all global views, where unmasked ones count 0. */
static double patch_loss(const mi_ibot *ibot, const mi_examples *batch, const mi_shard *shard,
                         mi_ibot_work *work)
{
    size_t prototypes = ibot->patch.prototypes, row = 0;
    for (size_t v = 0; v < shard->count * MI_GLOBALS; v++) {
        size_t rows = ibot->row_counts[shard->first * MI_GLOBALS + v];
        for (size_t i = 0; i < rows; i++) {
            work->weights[row++] =
                (mi_scalar)(1 / ((double)batch->count * MI_GLOBALS * (double)rows));
        }
    }
    double loss = mi_distill_loss(work->patch_count, prototypes, ibot->student_temperature,
                                  ibot->patch.targets + mi_ibot_first_row(ibot, shard) * prototypes,
                                  work->weights, true, work->patch_logits);
    scale(work->patch_count * prototypes, ibot->patch_weight, work->patch_logits);
    return loss;
}

/* The sum over the global views of KoLeo among the shard's examples, as DINOv2's code has it among
 * those of a device; the mean over shards by their examples. */
static double koleo_loss(const mi_ibot *ibot, const mi_examples *batch, const mi_shard *shard,
                         mi_ibot_work *work)
{
    size_t width = ibot->siamese.vit->encoder->config.width, count = shard->count;
    mi_siamese_work *siamese = &work->siamese;
    double share = (double)count / (double)batch->count, loss = 0;
    for (size_t v = 0; v < MI_GLOBALS; v++) {
        for (size_t s = 0; s < count; s++) {
            size_t row = siamese->vit.starts[s * siamese->views + v];
            memcpy(work->koleo + s * width, siamese->vit.latent + row * width,
                   width * sizeof *work->koleo);
        }
        memset(work->koleo_gradient, 0, count * width * sizeof *work->koleo);
        loss += share * mi_koleo(count, width, work->koleo, share * ibot->koleo_weight,
                                 work->koleo_gradient, work->koleo_room);
        for (size_t s = 0; s < count; s++) {
            size_t row = siamese->vit.starts[s * siamese->views + v];
            mi_row_add(width, work->koleo_gradient + s * width,
                       siamese->vit.gradient + row * width);
        }
    }
    return loss;
}

/* The parts of the loss; gradients in logits, patch_logits and, of KoLeo, in vit.gradient. */
static double losses(const mi_ibot *ibot, const mi_examples *batch, const mi_shard *shard,
                     mi_ibot_work *work)
{
    double class_part = class_loss(ibot, batch, shard, work), patch_part = 0, koleo_part = 0;
    if (ibot->patches) {
        patch_part = patch_loss(ibot, batch, shard, work);
    }
    if (ibot->koleo_weight > 0) {
        koleo_part = koleo_loss(ibot, batch, shard, work);
    }
    shard->sums[MI_SUM_CLASS] += class_part;
    shard->sums[MI_SUM_PATCH] += patch_part;
    shard->sums[MI_SUM_KOLEO] += koleo_part;
    return ibot->class_weight * class_part + ibot->patch_weight * patch_part +
           ibot->koleo_weight * koleo_part;
}

/* The last layer does not learn in the first steps (Caron et al. 2021, appendix C). */
static void freeze(const mi_ibot *ibot, const mi_head *head, mi_scalar *gradient)
{
    if (ibot->step < ibot->frozen) {
        memset(gradient + head->last, 0,
               head->config.prototypes * head->config.bottleneck * sizeof *gradient);
    }
}

/* rows = class tokens, patch_rows = masked tokens of latent; logits = head(rows). */
static void backward(const mi_ibot *ibot, const mi_weights *weights, mi_ibot_work *work,
                     mi_scalar *gradient)
{
    const mi_siamese *s = &ibot->siamese;
    size_t width = s->vit->encoder->config.width;
    mi_head_backward(&ibot->head, weights, work->class_count, work->rows, work->pass, work->logits,
                     work->rows, gradient);
    freeze(ibot, &ibot->head, gradient);
    mi_siamese_add_class_rows(s, work->rows, &work->siamese);
    if (ibot->patches) {
        mi_linear_pad(work->patch_count, ibot->patch.prototypes, work->patch_logits);
        mi_head_backward(&ibot->patch_head, weights, mi_linear_rows(work->patch_count),
                         work->patch_rows, work->patch_pass, work->patch_logits, work->patch_rows,
                         gradient);
        freeze(ibot, &ibot->patch_head, gradient);
    }
    for (size_t p = 0; p < work->patch_count; p++) {
        mi_row_add(width, work->patch_rows + p * width,
                   work->siamese.vit.gradient + work->picked[p] * width);
    }
    mi_vit_backward(s->vit, weights, &work->siamese.vit, gradient);
}

mi_code mi_ibot_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                      const mi_shard *shard, mi_status *status)
{
    const mi_ibot *ibot = state;
    const mi_siamese *s = &ibot->siamese;
    mi_ibot_work work = mi_ibot_carve(ibot, shard->count, true, shard->arena);
    mi_vit_work *vit = &work.siamese.vit;
    mi_ibot_encode(ibot, weights, batch, shard, true, &work);
    mi_head_forward(&ibot->head, weights, work.class_count, work.rows, work.pass, work.logits);
    if (ibot->patches) {
        mi_head_forward(&ibot->patch_head, weights, mi_linear_rows(work.patch_count),
                        work.patch_rows, work.patch_pass, work.patch_logits);
    }
    memset(vit->gradient, 0,
           vit->starts[work.class_count] * s->vit->encoder->config.width * sizeof *vit->gradient);
    double loss = losses(ibot, batch, shard, &work);
    if (!isfinite(loss)) {
        return mi_siamese_not_finite(s, &work.siamese, "the loss is", "the head", status);
    }
    shard->sums[MI_SUM_LOSS] += loss;
    if (shard->opt_gradient != NULL) {
        backward(ibot, weights, &work, shard->opt_gradient);
    }
    return MI_OK;
}
