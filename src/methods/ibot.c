/* DINO, iBOT and DINOv2: their classes, state and tensors. */
#include "ibot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "methods.h"

static void ibot_destroy(void *state)
{
    mi_ibot *ibot = state;
    if (ibot != NULL) {
        mi_siamese_empty(&ibot->siamese);
        free(ibot);
    }
}

static double real_or(const mi_values *values, const char *name, double otherwise)
{
    return mi_given(values, name) ? mi_real(values, name) : otherwise;
}

static void read_teacher(const mi_values *group, mi_ibot *ibot)
{
    ibot->warmup_temperature = real_or(group, "warmup_temperature", NAN);
    ibot->warmup_steps = mi_count(group, "warmup_steps");
    ibot->centering = mi_is(group, "centering", "center")     ? MI_CENTER
                      : mi_is(group, "centering", "sinkhorn") ? MI_SINKHORN
                                                              : MI_NO_CENTERING;
    ibot->iterations = mi_count(group, "sinkhorn_iterations");
    ibot->center_before = mi_is(group, "center_update", "before");
    ibot->class.temperature = mi_real(group, "temperature");
    ibot->class.center_momentum = mi_real(group, "center_momentum");
    if (ibot->patches) {
        ibot->patch.temperature = real_or(group, "patch_temperature", ibot->class.temperature);
        ibot->patch.center_momentum =
            real_or(group, "patch_center_momentum", ibot->class.center_momentum);
    }
}

static void read_weights(const mi_values *values, mi_ibot *ibot)
{
    ibot->student_temperature = mi_real(values, "student_temperature");
    ibot->class_weight = mi_real(values, "class_weight");
    ibot->koleo_weight = mi_real(values, "koleo_weight");
    ibot->frozen = mi_count(values, "frozen_last_layer");
    if (ibot->patches) {
        ibot->patch_weight = mi_real(values, "patch_weight");
        ibot->masked_views = mi_real(values, "masked_views");
    }
}

static mi_code add_patch_head(const mi_values *group, mi_head_config config, mi_ibot *ibot,
                              mi_status *status)
{
    ibot->shared = mi_true(group, "shared");
    config.prototypes = mi_given(group, "patch_prototypes") ? mi_count(group, "patch_prototypes")
                                                            : config.prototypes;
    ibot->patch.prototypes = config.prototypes;
    ibot->patch_head = ibot->head;
    if (ibot->shared && config.prototypes != ibot->class.prototypes) {
        return mi_fail_at(status, "head.patch_prototypes",
                          "is %zu; a shared head has as many for patches as for the class token, "
                          "%zu",
                          config.prototypes, ibot->class.prototypes);
    }
    return ibot->shared ? MI_OK
                        : mi_head_create(&config, "patch_head.", &ibot->siamese.tensors,
                                         &ibot->patch_head, status);
}

static mi_code add_heads(const mi_values *group, mi_ibot *ibot, mi_status *status)
{
    const mi_head_config config = {
        .in = ibot->siamese.vit->encoder->config.width,
        .hidden = mi_count(group, "hidden"),
        .bottleneck = mi_count(group, "bottleneck"),
        .prototypes = mi_count(group, "prototypes"),
        .layers = mi_count(group, "layers"),
    };
    ibot->class.prototypes = config.prototypes;
    mi_code code = mi_head_create(&config, "head.", &ibot->siamese.tensors, &ibot->head, status);
    return code == MI_OK && ibot->patches ? add_patch_head(group, config, ibot, status) : code;
}

static mi_code create(const mi_values *values, const mi_source_shape *source, const char *name,
                      bool patches, void **ret_state, mi_status *status)
{
    mi_ibot *ibot = NULL;
    mi_code code = mi_allocate(1, sizeof *ibot, &ibot, status);
    if (code == MI_OK) {
        ibot->patches = patches;
        read_teacher(mi_values_find(values, "teacher")->group, ibot);
        read_weights(values, ibot);
        code = mi_siamese_fill(values, source, name, patches, &ibot->siamese, status);
    }
    if (code == MI_OK) {
        code = add_heads(mi_values_find(values, "head")->group, ibot, status);
    }
    if (code != MI_OK) {
        ibot_destroy(ibot);
        return code;
    }
    *ret_state = ibot;
    return MI_OK;
}

static mi_code dino_create(const mi_values *values, const mi_source_shape *source, void **ret_state,
                           mi_status *status)
{
    return create(values, source, "dino", false, ret_state, status);
}

static mi_code ibot_create(const mi_values *values, const mi_source_shape *source, void **ret_state,
                           mi_status *status)
{
    return create(values, source, "ibot", true, ret_state, status);
}

static mi_code dinov2_create(const mi_values *values, const mi_source_shape *source,
                             void **ret_state, mi_status *status)
{
    return create(values, source, "dinov2", true, ret_state, status);
}

static void ibot_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    const mi_ibot *ibot = state;
    const mi_siamese *s = &ibot->siamese;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_WEIGHTS, 0);
    memset(values, 0, s->tensors.total * sizeof *values);
    mi_vit_initialize(s->vit, stream, values);
    mi_head_initialize(&ibot->head, &s->tensors, stream, values);
    if (ibot->patches && !ibot->shared) {
        mi_head_initialize(&ibot->patch_head, &s->tensors, stream, values);
    }
}

static void ibot_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    const mi_ibot *ibot = state;
    mi_arena teacher = {0}, student = {0};
    if (!backward) {
        mi_vit_carve_whole(ibot->siamese.vit, samples, arena);
        return;
    }
    mi_ibot_carve(ibot, samples, false, &teacher);
    mi_ibot_carve(ibot, samples, true, &student);
    mi_arena_take(arena, teacher.used > student.used ? teacher.used : student.used, 1);
}

static void lay_out_side(size_t batch, size_t rows, mi_ibot_side *side, mi_arena *arena)
{
    size_t size = side->prototypes * sizeof(mi_scalar);
    side->center = mi_arena_take(arena, 1, size);
    side->next_center = mi_arena_take(arena, 1, size);
    side->targets = mi_arena_take(arena, batch, rows * size);
    side->entropies = mi_arena_take(arena, batch, rows * sizeof *side->entropies);
    side->means = mi_arena_take(arena, side->prototypes, sizeof *side->means);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* What is kept between steps, and the batch. */
static void lay_out(mi_ibot *ibot, size_t batch, mi_arena *arena)
{
    size_t rows = MI_GLOBALS, patches = MI_GLOBALS * ibot->siamese.tokens, room = 0;
    mi_siamese_lay_out(&ibot->siamese, batch, arena);
    lay_out_side(batch, rows, &ibot->class, arena);
    if (ibot->patches) {
        lay_out_side(batch, patches, &ibot->patch, arena);
        ibot->chosen = mi_arena_take(arena, batch, MI_GLOBALS);
        ibot->first_rows = mi_arena_take(arena, batch, MI_GLOBALS * sizeof *ibot->first_rows);
        ibot->row_counts = mi_arena_take(arena, batch, MI_GLOBALS * sizeof *ibot->row_counts);
    }
    if (ibot->centering == MI_SINKHORN) {
        room = mi_sinkhorn_room(batch * rows, ibot->class.prototypes);
        room = larger(
            room, ibot->patches ? mi_sinkhorn_room(batch * patches, ibot->patch.prototypes) : 0);
        ibot->room = mi_arena_scalars(arena, room);
    }
}

static size_t ibot_begin_bytes(const void *state, const mi_training *training)
{
    mi_ibot ibot = *(const mi_ibot *)state;
    mi_arena dry = {0};
    lay_out(&ibot, training->batch, &dry);
    size_t spread = mi_siamese_spread_bytes(&ibot.siamese, training->batch);
    return dry.used < SIZE_MAX - spread ? dry.used + spread : SIZE_MAX;
}

/* Can the parts work with so few images? */
static mi_code check_batch(const mi_ibot *ibot, const mi_training *training, mi_status *status)
{
    size_t shards = training->shards > 0 ? training->shards : 1;
    size_t smallest = training->batch < shards ? 1 : training->batch / shards;
    if (ibot->centering == MI_SINKHORN && training->batch < 2) {
        return mi_fail(status, MI_INPUT,
                       "training.batch is %zu; \"sinkhorn\" divides the images of a batch among "
                       "the prototypes and needs at least 2",
                       training->batch);
    }
    if (ibot->koleo_weight > 0 && smallest < 2) {
        return mi_fail(status, MI_INPUT,
                       "training.batch is %zu in %zu shards; koleo_weight above 0 compares the "
                       "images of a shard and needs at least 2 in each: a larger batch or fewer "
                       "shards",
                       training->batch, shards);
    }
    return MI_OK;
}

static mi_code ibot_begin(void *state, const mi_training *training, const mi_scalar *values,
                          const mi_run *run, mi_status *status)
{
    mi_ibot *ibot = state;
    mi_siamese *s = &ibot->siamese;
    mi_arena dry = {0};
    mi_code code = check_batch(ibot, training, status);
    if (code == MI_OK) {
        lay_out(ibot, training->batch, &dry);
        mi_arena_destroy(&s->block);
        code = mi_arena_create(dry.used, &s->block, status);
    }
    if (code != MI_OK) {
        return code;
    }
    lay_out(ibot, training->batch, &s->block);
    memset(ibot->class.center, 0, ibot->class.prototypes * sizeof *values);
    if (ibot->patches) {
        memset(ibot->patch.center, 0, ibot->patch.prototypes * sizeof *values);
    }
    return mi_siamese_start(s, training, values, run, status);
}

static mi_weights ibot_evaluated(const void *state)
{
    return mi_siamese_teacher(&((const mi_ibot *)state)->siamese);
}

static size_t ibot_kept(void *state, mi_kept items[MI_KEPT_ARRAYS])
{
    mi_ibot *ibot = state;
    items[0] = (mi_kept){"center", ibot->class.center, ibot->class.prototypes};
    items[1] = (mi_kept){"patch_center", ibot->patch.center, ibot->patch.prototypes};
    return ibot->patches ? 2 : 1;
}

#define CALLBACKS                                                                                  \
    .discrete = false, .destroy = ibot_destroy, .tensors = mi_siamese_tensors,                     \
    .initialize = ibot_initialize, .tokens = mi_siamese_tokens,                                    \
    .token_size = mi_siamese_token_size, .carve = ibot_carve, .shard = mi_ibot_shard,              \
    .feature_size = mi_siamese_width, .features = mi_siamese_features,                             \
    .begin_bytes = ibot_begin_bytes, .begin = ibot_begin, .teacher = mi_siamese_teacher_values,    \
    .refresh = mi_siamese_refresh, .evaluated = ibot_evaluated, .kept = ibot_kept,                 \
    .prepare = mi_ibot_prepare, .settle = mi_ibot_settle, .after_step = mi_ibot_after_step,        \
    .read_monitors = mi_ibot_read_monitors, .patch_size = mi_siamese_width,                        \
    .heads = mi_siamese_heads, .patches = mi_siamese_patches

const mi_method_class mi_dino_method = {
    .name = "dino",
    .summary = "self-distillation: a student tells of each view which prototype a teacher, its own "
               "moving average, gives another view of the image",
    .parameters = mi_dino_parameters,
    .create = dino_create,
    .target = "the teacher's prototype of another view",
    .unmasked = true,
    .monitors = mi_dino_monitors,
    CALLBACKS,
};

const mi_method_class mi_ibot_method = {
    .name = "ibot",
    .summary = "dino, and the teacher's prototypes of patches that are masked for the student",
    .parameters = mi_ibot_parameters,
    .create = ibot_create,
    .target = "the teacher's prototypes of another view and of masked patches",
    .views = MI_GLOBALS,
    .monitors = mi_ibot_monitors,
    CALLBACKS,
};

const mi_method_class mi_dinov2_method = {
    .name = "dinov2",
    .summary = "ibot with separate heads, Sinkhorn-Knopp in place of the centre, KoLeo, LayerScale "
               "and stochastic depth",
    .parameters = mi_dinov2_parameters,
    .create = dinov2_create,
    .target = "the teacher's balanced prototypes of another view and of masked patches",
    .views = MI_GLOBALS,
    .monitors = mi_ibot_monitors,
    CALLBACKS,
};
