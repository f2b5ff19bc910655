/* Passes through encoder and heads, and the teacher's. */
#include <math.h>
#include <string.h>

#include "ibot.h"

static void carve_student(const mi_ibot *ibot, size_t samples, size_t patches, mi_arena *arena,
                          mi_ibot_work *work)
{
    size_t rows = samples * work->siamese.views, size = sizeof(mi_scalar);
    size_t width = ibot->siamese.vit->encoder->config.width;
    work->logits = mi_arena_take(arena, rows, ibot->class.prototypes * size);
    work->targets = mi_arena_take(arena, rows, ibot->class.prototypes * size);
    work->patch_logits = mi_arena_take(arena, patches, ibot->patch.prototypes * size);
    work->weights = mi_arena_take(arena, rows > patches ? rows : patches, size);
    if (ibot->koleo_weight > 0) {
        work->koleo = mi_arena_take(arena, samples, width * size);
        work->koleo_gradient = mi_arena_take(arena, samples, width * size);
        work->koleo_room = mi_arena_scalars(arena, mi_koleo_room(samples, width));
    }
}

mi_ibot_work mi_ibot_carve(const mi_ibot *ibot, size_t samples, bool student, mi_arena *arena)
{
    const mi_siamese *s = &ibot->siamese;
    size_t size = s->vit->encoder->config.width * sizeof(mi_scalar);
    mi_ibot_work work = {.siamese = mi_siamese_carve(s, samples, student, arena)};
    size_t rows = samples * work.siamese.views;
    size_t patches = ibot->patches ? mi_linear_rows(samples * MI_GLOBALS * s->tokens) : 0;
    work.picked = mi_arena_take(arena, patches, sizeof *work.picked);
    work.rows = mi_arena_take(arena, rows, size);
    work.patch_rows = mi_arena_take(arena, patches, size);
    work.pass = mi_head_carve(&ibot->head, rows, student, arena);
    if (ibot->patches) {
        work.patch_pass = mi_head_carve(&ibot->patch_head, patches, student, arena);
    }
    if (student) {
        carve_student(ibot, samples, patches, arena, &work);
    }
    return work;
}

/* The masked tokens of view v of a sample; NULL: none. */
static const unsigned char *mask_of(const mi_ibot *ibot, const mi_examples *batch, size_t sample,
                                    size_t view)
{
    size_t at = sample * MI_GLOBALS + view;
    bool masked = ibot->patches && view < MI_GLOBALS && ibot->chosen[at];
    return masked ? batch->masked + at * ibot->siamese.tokens : NULL;
}

/* Rows of the tokens that are masked for the student, in the order of samples, views, tokens. */
static void pick(const mi_ibot *ibot, const mi_examples *batch, const mi_shard *shard,
                 mi_ibot_work *work)
{
    const mi_siamese *s = &ibot->siamese;
    work->patch_count = 0;
    for (size_t i = 0; i < work->siamese.count; i++) {
        size_t sample = shard->first + i / work->siamese.views, view = i % work->siamese.views;
        const unsigned char *masked = mask_of(ibot, batch, sample, view);
        for (size_t t = 0; masked != NULL && t < s->tokens; t++) {
            if (masked[t]) {
                work->picked[work->patch_count++] = work->siamese.vit.starts[i] + 1 + t;
            }
        }
    }
}

void mi_ibot_encode(const mi_ibot *ibot, const mi_weights *weights, const mi_examples *batch,
                    const mi_shard *shard, bool student, mi_ibot_work *work)
{
    const mi_siamese *s = &ibot->siamese;
    size_t width = s->vit->encoder->config.width;
    mi_siamese_work *siamese = &work->siamese;
    mi_siamese_images(s, shard, siamese);
    for (size_t i = 0; i < siamese->count && student; i++) {
        siamese->images[i].opt_masked =
            mask_of(ibot, batch, shard->first + i / siamese->views, i % siamese->views);
    }
    mi_siamese_encode(s, weights, batch, shard, siamese);
    pick(ibot, batch, shard, work);
    work->class_count = siamese->count;
    mi_siamese_class_rows(s, siamese, work->rows);
    for (size_t p = 0; p < work->patch_count; p++) {
        memcpy(work->patch_rows + p * width, siamese->vit.latent + work->picked[p] * width,
               width * sizeof *work->rows);
    }
    mi_linear_pad(work->patch_count, width, work->patch_rows);
}

/* Which views of a sample are masked at all. */
static void choose(const mi_ibot *ibot, const mi_examples *batch, size_t sample,
                   unsigned char chosen[MI_GLOBALS])
{
    mi_stream_room room;
    gsl_rng *stream =
        mi_stream_place(&room, batch->seed, MI_PURPOSE_MASKED_VIEW, batch->first + sample);
    for (size_t v = 0; v < MI_GLOBALS; v++) {
        chosen[v] = gsl_rng_uniform(stream) < ibot->masked_views;
    }
}

static size_t count_ones(size_t count, const unsigned char *x)
{
    size_t ones = 0;
    for (size_t i = 0; i < count; i++) {
        ones += x[i] != 0;
    }
    return ones;
}

/* Where the masked tokens of the shard's views stand among those of the batch: every shard counts
 * what stands before it. */
static void number_rows(const mi_ibot *ibot, const mi_examples *batch, const mi_shard *shard)
{
    size_t row = 0, tokens = ibot->siamese.tokens;
    for (size_t sample = 0; sample < shard->first + shard->count; sample++) {
        unsigned char chosen[MI_GLOBALS];
        choose(ibot, batch, sample, chosen);
        for (size_t v = 0; v < MI_GLOBALS; v++) {
            size_t at = sample * MI_GLOBALS + v;
            size_t count = chosen[v] ? count_ones(tokens, batch->masked + at * tokens) : 0;
            if (sample >= shard->first) {
                ibot->chosen[at] = chosen[v];
                ibot->first_rows[at] = row;
                ibot->row_counts[at] = count;
            }
            row += count;
        }
    }
}

size_t mi_ibot_first_row(const mi_ibot *ibot, const mi_shard *shard)
{
    return ibot->patches ? ibot->first_rows[shard->first * MI_GLOBALS] : 0;
}

/* The teacher sees whole global views; its heads' outputs go where `settle` makes targets of them.
 */
mi_code mi_ibot_prepare(const void *state, const mi_weights *weights, const mi_examples *batch,
                        size_t t, const mi_shard *shard, mi_status *status)
{
    (void)weights;
    (void)t;
    const mi_ibot *ibot = state;
    const mi_siamese *s = &ibot->siamese;
    size_t width = s->vit->encoder->config.width, first = shard->first * MI_GLOBALS;
    mi_weights teacher = mi_siamese_teacher(s);
    mi_ibot_work work = mi_ibot_carve(ibot, shard->count, false, shard->arena);
    mi_siamese_draw(s, batch, shard);
    if (ibot->patches) {
        number_rows(ibot, batch, shard);
    }
    mi_ibot_encode(ibot, &teacher, batch, shard, false, &work);
    memcpy(s->features + first * width, work.rows, work.class_count * width * sizeof *work.rows);
    mi_scalar *to = ibot->class.targets + first * ibot->class.prototypes;
    mi_head_forward(&ibot->head, &teacher, work.class_count, work.rows, work.pass, to);
    bool finite = mi_all_finite(work.class_count * ibot->class.prototypes, to);
    if (ibot->patches) {
        to = ibot->patch.targets + mi_ibot_first_row(ibot, shard) * ibot->patch.prototypes;
        mi_head_forward(&ibot->patch_head, &teacher, work.patch_count, work.patch_rows,
                        work.patch_pass, to);
        finite = finite && mi_all_finite(work.patch_count * ibot->patch.prototypes, to);
    }
    return finite ? MI_OK
                  : mi_siamese_not_finite(s, &work.siamese, "the teacher's outputs are", "the head",
                                          status);
}
