/* BYOL's passes: the teacher's projections of both views, and the student's predictions of them. */
#include <math.h>
#include <string.h>

#include "byol.h"

mi_byol_work mi_byol_carve(const mi_byol *byol, size_t samples, bool student, mi_arena *arena)
{
    size_t width = byol->siamese.vit->encoder->config.width, size = byol->size * sizeof(mi_scalar);
    mi_byol_work work = {.siamese = mi_siamese_carve(&byol->siamese, samples, student, arena)};
    size_t rows = samples * work.siamese.views;
    work.rows = mi_arena_take(arena, rows, width * sizeof(mi_scalar));
    work.projected = mi_arena_take(arena, rows, size);
    work.inverse = mi_arena_scalars(arena, rows);
    work.projector = mi_mlp_carve(&byol->projector, rows, student, arena);
    if (student) {
        work.predictor = mi_mlp_carve(&byol->predictor, rows, true, arena);
        work.predicted = mi_arena_take(arena, rows, size);
        work.gradient = mi_arena_take(arena, rows, size);
    }
    return work;
}

static void project(const mi_byol *byol, const mi_weights *weights, const mi_examples *batch,
                    const mi_shard *shard, mi_byol_work *work)
{
    const mi_siamese *s = &byol->siamese;
    mi_siamese_images(s, shard, &work->siamese);
    mi_siamese_encode(s, weights, batch, shard, &work->siamese);
    mi_siamese_class_rows(s, &work->siamese, work->rows);
    mi_mlp_forward(&byol->projector, weights, work->siamese.count, work->rows, work->projector,
                   work->projected);
}

mi_code mi_byol_prepare(const void *state, const mi_weights *weights, const mi_examples *batch,
                        size_t t, const mi_shard *shard, mi_status *status)
{
    (void)weights;
    (void)t;
    const mi_byol *byol = state;
    const mi_siamese *s = &byol->siamese;
    size_t first = shard->first * MI_GLOBALS, width = s->vit->encoder->config.width;
    mi_weights teacher = mi_siamese_teacher(s);
    mi_byol_work work = mi_byol_carve(byol, shard->count, false, shard->arena);
    mi_siamese_draw(s, batch, shard);
    project(byol, &teacher, batch, shard, &work);
    memcpy(s->features + first * width, work.rows, work.siamese.count * width * sizeof *work.rows);
    mi_unit_rows(work.siamese.count, byol->size, work.projected, byol->targets + first * byol->size,
                 work.inverse);
    return mi_all_finite(work.siamese.count * byol->size, work.projected)
               ? MI_OK
               : mi_siamese_not_finite(s, &work.siamese, "the teacher's projections are",
                                       "the projector", status);
}

static double product(size_t count, const mi_scalar *a, const mi_scalar *b)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)a[i] * (double)b[i];
    }
    return sum;
}

/* Each view of the student predicts the teacher's global views other than itself: of two global
 * ones alone it is eq. 2 there, 2 - 2 cos(u, z), and the same with the views exchanged, their sum.
 * A local crop predicts both; the sum over pairs is scaled to that of two pairs an image. u
 * (rows,size) of length 1; with `pairs` those of the whole batch, L = 4 (1 - sum u.z / pairs) and
 * du = -4 sum z / pairs. The shard's sum of cosines over `pairs` is returned. */
static double compare(const mi_byol *byol, const mi_examples *batch, const mi_shard *shard,
                      mi_byol_work *work)
{
    size_t views = work->siamese.views, size = byol->size;
    double pairs = (double)(MI_GLOBALS * (views - 1)) * (double)batch->count, sum = 0;
    memset(work->gradient, 0, work->siamese.count * size * sizeof *work->gradient);
    for (size_t r = 0; r < work->siamese.count; r++) {
        size_t sample = shard->first + r / views;
        mi_scalar *gradient = work->gradient + r * size;
        for (size_t g = 0; g < MI_GLOBALS; g++) {
            const mi_scalar *z = byol->targets + (sample * MI_GLOBALS + g) * size;
            if (g != r % views) {
                sum += product(size, work->predicted + r * size, z);
                for (size_t i = 0; i < size; i++) {
                    gradient[i] += (mi_scalar)(-4 / pairs * (double)z[i]);
                }
            }
        }
    }
    return sum / pairs;
}

/* rows = class tokens, projected = projector(rows), predicted = predictor(projected) / length. */
static void backward(const mi_byol *byol, const mi_weights *weights, mi_byol_work *work,
                     mi_scalar *gradient)
{
    const mi_siamese *s = &byol->siamese;
    mi_siamese_work *siamese = &work->siamese;
    size_t rows = siamese->vit.starts[siamese->count], width = s->vit->encoder->config.width;
    mi_unit_rows_backward(siamese->count, byol->size, work->predicted, work->inverse,
                          work->gradient, work->gradient);
    mi_mlp_backward(&byol->predictor, weights, siamese->count, work->projected, work->predictor,
                    work->gradient, work->projected, gradient);
    mi_mlp_backward(&byol->projector, weights, siamese->count, work->rows, work->projector,
                    work->projected, work->rows, gradient);
    memset(siamese->vit.gradient, 0, rows * width * sizeof *siamese->vit.gradient);
    mi_siamese_add_class_rows(s, work->rows, siamese);
    mi_vit_backward(s->vit, weights, &siamese->vit, gradient);
}

mi_code mi_byol_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                      const mi_shard *shard, mi_status *status)
{
    const mi_byol *byol = state;
    mi_byol_work work = mi_byol_carve(byol, shard->count, true, shard->arena);
    project(byol, weights, batch, shard, &work);
    mi_mlp_forward(&byol->predictor, weights, work.siamese.count, work.projected, work.predictor,
                   work.predicted);
    mi_unit_rows(work.siamese.count, byol->size, work.predicted, work.predicted, work.inverse);
    double cosine = compare(byol, batch, shard, &work);
    if (!isfinite(cosine)) {
        bool projected = mi_all_finite(work.siamese.count * byol->size, work.projected);
        return mi_siamese_not_finite(&byol->siamese, &work.siamese, "the loss is",
                                     projected ? "the predictor" : "the projector", status);
    }
    shard->sums[MI_SUM_COSINE] += cosine;
    shard->sums[MI_SUM_LOSS] += 4 * ((double)shard->count / (double)batch->count - cosine);
    if (shard->opt_gradient != NULL) {
        backward(byol, weights, &work, shard->opt_gradient);
    }
    return MI_OK;
}
