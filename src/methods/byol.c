/* BYOL: its class, state and tensors. */
#include "byol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encoder.h"
#include "maskinfo/memory.h"
#include "methods.h"

static const mi_parameter projector_parameters[] = {
    {.name = "hidden",
     .type = MI_INTEGER,
     .low = 1,
     .high = 16384,
     .fallback = "256",
     .unit = "",
     .help = "Width inside"},
    {.name = "size",
     .type = MI_INTEGER,
     .low = 2,
     .high = 16384,
     .fallback = "64",
     .unit = "",
     .help = "Numbers of a projection"},
    {.name = NULL},
};

static const mi_parameter predictor_parameters[] = {
    {.name = "hidden",
     .type = MI_INTEGER,
     .low = 1,
     .high = 16384,
     .fallback = "256",
     .unit = "",
     .help = "Width inside"},
    {.name = NULL},
};

static const mi_parameter teacher_parameters[] = {MI_TEACHER_MOMENTUM, {.name = NULL}};

const mi_parameter mi_byol_parameters[] = {
    {.name = "patch",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1024,
     .fallback = "null",
     .unit = "pixels",
     .help = "Side of a token; must divide the image's sides; null: one site of the model"},
    {.name = "encoder",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = mi_encoder_parameters,
     .unit = "",
     .help = "Sees the class token and all tokens"},
    {.name = "views",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = mi_views_parameters,
     .unit = "",
     .help = "Crops and other changes of an image"},
    {.name = "projector",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = projector_parameters,
     .unit = "",
     .help = "From features to projections, of student and teacher"},
    {.name = "predictor",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = predictor_parameters,
     .unit = "",
     .help = "From the student's projections to the teacher's"},
    {.name = "teacher",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = teacher_parameters,
     .unit = "",
     .help = "Whose projections are the targets"},
    {.name = "pool",
     .type = MI_CHOICE,
     .fallback = "\"class\"",
     .choices = mi_pool_choices,
     .unit = "",
     .help = "Features of an example: the encoded class token, or the mean of its encoded tokens"},
    {.name = NULL},
};

static const mi_monitor monitors[] = {
    {"feature_deviation", "",
     "deviation of the teacher's features, brought to length 1, times the root of their number: 1 "
     "where they point everywhere"},
    {"effective_rank", "",
     "dimensions that the teacher's features fill: exp of the entropy of their covariance's "
     "eigenvalues; each tenth step"},
    {"cosine", "", "mean cosine of prediction and target"},
    {NULL, NULL, NULL},
};

static void byol_destroy(void *state)
{
    mi_byol *byol = state;
    if (byol != NULL) {
        mi_siamese_empty(&byol->siamese);
        free(byol);
    }
}

static mi_code add_mlps(const mi_values *values, mi_byol *byol, mi_status *status)
{
    const mi_values *projector = mi_values_find(values, "projector")->group;
    const mi_values *predictor = mi_values_find(values, "predictor")->group;
    mi_siamese *s = &byol->siamese;
    byol->size = mi_count(projector, "size");
    mi_code code = mi_mlp_create(s->vit->encoder->config.width, mi_count(projector, "hidden"),
                                 byol->size, "projector.", &s->tensors, &byol->projector, status);
    return code == MI_OK ? mi_mlp_create(byol->size, mi_count(predictor, "hidden"), byol->size,
                                         "predictor.", &s->tensors, &byol->predictor, status)
                         : code;
}

static mi_code byol_create(const mi_values *values, const mi_source_shape *source, void **ret_state,
                           mi_status *status)
{
    mi_byol *byol = NULL;
    mi_code code = mi_allocate(1, sizeof *byol, &byol, status);
    if (code == MI_OK) {
        code = mi_siamese_fill(values, source, "byol", false, &byol->siamese, status);
    }
    if (code == MI_OK) {
        code = add_mlps(values, byol, status);
    }
    if (code != MI_OK) {
        byol_destroy(byol);
        return code;
    }
    *ret_state = byol;
    return MI_OK;
}

static void byol_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    const mi_byol *byol = state;
    const mi_siamese *s = &byol->siamese;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_WEIGHTS, 0);
    memset(values, 0, s->tensors.total * sizeof *values);
    mi_vit_initialize(s->vit, stream, values);
    mi_mlp_initialize(&byol->projector, &s->tensors, stream, values);
    mi_mlp_initialize(&byol->predictor, &s->tensors, stream, values);
}

static void byol_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    const mi_byol *byol = state;
    mi_arena teacher = {0}, student = {0};
    if (!backward) {
        mi_vit_carve_whole(byol->siamese.vit, samples, arena);
        return;
    }
    mi_byol_carve(byol, samples, false, &teacher);
    mi_byol_carve(byol, samples, true, &student);
    mi_arena_take(arena, teacher.used > student.used ? teacher.used : student.used, 1);
}

static void lay_out(mi_byol *byol, size_t batch, mi_arena *arena)
{
    mi_siamese_lay_out(&byol->siamese, batch, arena);
    byol->targets = mi_arena_take(arena, batch, MI_GLOBALS * byol->size * sizeof(mi_scalar));
}

static size_t byol_begin_bytes(const void *state, const mi_training *training)
{
    mi_byol byol = *(const mi_byol *)state;
    mi_arena dry = {0};
    lay_out(&byol, training->batch, &dry);
    size_t spread = mi_siamese_spread_bytes(&byol.siamese, training->batch);
    return dry.used < SIZE_MAX - spread ? dry.used + spread : SIZE_MAX;
}

static mi_code byol_begin(void *state, const mi_training *training, const mi_scalar *values,
                          const mi_run *run, mi_status *status)
{
    mi_byol *byol = state;
    mi_arena dry = {0};
    lay_out(byol, training->batch, &dry);
    mi_arena_destroy(&byol->siamese.block);
    mi_code code = mi_arena_create(dry.used, &byol->siamese.block, status);
    if (code != MI_OK) {
        return code;
    }
    lay_out(byol, training->batch, &byol->siamese.block);
    return mi_siamese_start(&byol->siamese, training, values, run, status);
}

static mi_code byol_settle(void *state, const mi_examples *batch, size_t t, const mi_run *run,
                           mi_status *status)
{
    (void)run;
    (void)status;
    mi_byol *byol = state;
    mi_siamese_measure(&byol->siamese, batch->count, t, &byol->deviation, &byol->effective_rank);
    return MI_OK;
}

static mi_code byol_after_step(void *state, size_t t, const mi_scalar *values, const double *sums,
                               const mi_run *run, mi_status *status)
{
    mi_byol *byol = state;
    byol->cosine = sums[MI_SUM_COSINE];
    return mi_siamese_follow(&byol->siamese, t, values, run, status);
}

static void byol_read_monitors(const void *state, double *values)
{
    const mi_byol *byol = state;
    values[0] = byol->deviation;
    values[1] = byol->effective_rank;
    values[2] = byol->cosine;
}

const mi_method_class mi_byol_method = {
    .name = "byol",
    .summary = "a student predicts the projection that a teacher, its own moving average, gives "
               "another view of the image; without prototypes",
    .parameters = mi_byol_parameters,
    .discrete = false,
    .create = byol_create,
    .destroy = byol_destroy,
    .tensors = mi_siamese_tensors,
    .initialize = byol_initialize,
    .tokens = mi_siamese_tokens,
    .token_size = mi_siamese_token_size,
    .carve = byol_carve,
    .shard = mi_byol_shard,
    .feature_size = mi_siamese_width,
    .features = mi_siamese_features,
    .target = "the teacher's projection of another view",
    .unmasked = true,
    .monitors = monitors,
    .begin_bytes = byol_begin_bytes,
    .begin = byol_begin,
    .teacher = mi_siamese_teacher_values,
    .refresh = mi_siamese_refresh,
    .prepare = mi_byol_prepare,
    .settle = byol_settle,
    .after_step = byol_after_step,
    .read_monitors = byol_read_monitors,
    .patch_size = mi_siamese_width,
    .heads = mi_siamese_heads,
    .patches = mi_siamese_patches,
};
