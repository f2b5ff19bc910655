/* What the trainer does for methods with views, teachers and targets of the whole batch. */
#include "trainer_support.h"

#include "maskinfo/safetensors.h"

enum { TOKENS = 12, BATCH = 10, TOTAL = 32, CENTER = 3 };

/* Weights (32) whose gradient is the batch's mean pixel less the center; the teacher follows them,
 * the center follows the batch. */
typedef struct hooked {
    mi_tensors tensors;
    mi_scalar teacher[TOTAL], transposed[TOTAL];
    mi_scalar center[CENTER];
    double mean[BATCH], batch_mean; /* made by prepare and settle */
    char calls[64];                 /* first letters, of prepare those of the first shard */
    size_t begun, views;
    bool fails, interruptible;
} hooked;

static void note(hooked *h, char letter)
{
    size_t length = strlen(h->calls);
    if (length + 1 < sizeof h->calls) {
        h->calls[length] = letter;
        h->calls[length + 1] = '\0';
    }
}

static const mi_tensors *hooked_tensors(const void *state)
{
    return &((const hooked *)state)->tensors;
}

static void hooked_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    (void)state;
    for (size_t i = 0; i < TOTAL; i++) {
        values[i] = (mi_scalar)seed;
    }
}

static mi_layout hooked_tokens(const void *state)
{
    (void)state;
    return (mi_layout){.dimensions = 2, .rows = 4, .columns = 3};
}

static void hooked_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    (void)state;
    (void)backward;
    mi_arena_take(arena, samples, 8);
}

static size_t hooked_begin_bytes(const void *state, const mi_training *setting)
{
    (void)state;
    return setting->batch * 1000;
}

static mi_code hooked_begin(void *state, const mi_training *setting, const mi_scalar *values,
                            const mi_run *run, mi_status *status)
{
    (void)run;
    (void)status;
    hooked *h = state;
    assert_int_equal(setting->batch, BATCH);
    memcpy(h->teacher, values, sizeof h->teacher);
    memset(h->center, 0, sizeof h->center);
    h->begun++;
    return MI_OK;
}

static mi_code hooked_prepare(const void *state, const mi_weights *weights,
                              const mi_examples *batch, size_t t, const mi_shard *shard,
                              mi_status *status)
{
    (void)weights;
    (void)t;
    (void)status;
    hooked *h = (hooked *)(uintptr_t)state; /* its batch */
    assert_null(shard->opt_gradient);
    assert_int_equal(shard->arena->used, 0);
    for (size_t s = shard->first; s < shard->first + shard->count; s++) {
        h->mean[s] = (double)batch->pixels[s * 48];
    }
    if (shard->index == 0) {
        note(h, 'p');
    }
    return MI_OK;
}

static mi_code hooked_settle(void *state, const mi_examples *batch, size_t t, const mi_run *run,
                             mi_status *status)
{
    (void)t;
    (void)run;
    hooked *h = state;
    note(h, 's');
    h->batch_mean = 0;
    for (size_t s = 0; s < batch->count; s++) {
        h->batch_mean += h->mean[s] / BATCH;
    }
    return h->fails ? mi_fail(status, MI_NUMERIC, "the teacher is not finite") : MI_OK;
}

static mi_code hooked_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                            const mi_shard *shard, mi_status *status)
{
    (void)weights;
    (void)status;
    const hooked *h = state;
    double slope = h->batch_mean - (double)h->center[0];
    assert_int_equal(batch->views, h->views);
    shard->sums[MI_SUM_LOSS] += (double)shard->count / BATCH;
    shard->opt_gradient[16] += (mi_scalar)(slope * (double)shard->count / BATCH);
    return MI_OK;
}

static mi_code hooked_after(void *state, size_t t, const mi_scalar *values, const double *sums,
                            const mi_run *run, mi_status *status)
{
    (void)t;
    hooked *h = state;
    note(h, 'a');
    assert_near(sums[MI_SUM_LOSS], 1, 1e-12);
    h->interruptible = run->opt_interrupt != NULL;
    h->center[0] = (mi_scalar)(0.5 * (double)h->center[0] + 0.5 * h->batch_mean);
    return mi_average_step(0.5, TOTAL, values, h->teacher, run, status);
}

static void hooked_monitors(const void *state, double *values)
{
    values[0] = ((const hooked *)state)->batch_mean;
}

static mi_scalar *hooked_teacher(void *state)
{
    return ((hooked *)state)->teacher;
}

static mi_code hooked_refresh(void *state, const mi_run *run, mi_status *status)
{
    (void)run;
    (void)status;
    hooked *h = state;
    memcpy(h->transposed, h->teacher, sizeof h->transposed);
    return MI_OK;
}

static size_t hooked_kept(void *state, mi_kept items[MI_KEPT_ARRAYS])
{
    items[0] = (mi_kept){"center", ((hooked *)state)->center, CENTER};
    return 1;
}

static mi_weights hooked_evaluated(const void *state)
{
    const hooked *h = state;
    return (mi_weights){h->teacher, h->transposed};
}

static const mi_monitor monitors[] = {{"mean", "", "of the batch"}, {NULL, NULL, NULL}};

#define HOOKED                                                                                     \
    .name = "hooked", .tensors = hooked_tensors, .initialize = hooked_initialize,                  \
    .tokens = hooked_tokens, .carve = hooked_carve, .begin_bytes = hooked_begin_bytes,             \
    .begin = hooked_begin, .prepare = hooked_prepare, .settle = hooked_settle,                     \
    .shard = hooked_shard, .after_step = hooked_after, .monitors = monitors,                       \
    .read_monitors = hooked_monitors, .teacher = hooked_teacher, .refresh = hooked_refresh,        \
    .kept = hooked_kept, .evaluated = hooked_evaluated

static const mi_method_class two_views = {HOOKED, .views = 2};
static const mi_method_class no_masks = {HOOKED, .unmasked = true};

/* The trial with a hooked method in place of its own. */
static trial hooked_trial(hooked *h, const mi_method_class *class)
{
    size_t offset = 0;
    const size_t shape[] = {4, 3};
    trial t = trial_of(&mae, "{\"steps\":20,\"batch\":10}");
    *h = (hooked){.views = class->unmasked ? 0 : 2};
    assert_int_equal(mi_tensors_add(&h->tensors, "one", 2, shape, true, &offset, NULL), MI_OK);
    assert_int_equal(mi_tensors_add(&h->tensors, "two", 2, shape, true, &offset, NULL), MI_OK);
    t.setting.method.class->destroy(t.setting.method.state);
    t.setting.method = (mi_method){.class = class, .state = h};
    return t;
}

static void hooked_free(hooked *h, trial *t)
{
    t->setting.method = (mi_method){.class = mi_method_find("mae")};
    trial_free(t);
    mi_tensors_free(&h->tensors);
}

static void a_step_in_its_order(void **state)
{
    (void)state;
    hooked h;
    trial t = hooked_trial(&h, &two_views);
    volatile sig_atomic_t stop = 0;
    t.run.opt_interrupt = &stop;
    mi_trainer *trainer = trainer_of(&t, 2);
    assert_int_equal(h.begun, 1);
    assert_true(h.teacher[0] == 5 && isnan(trainer->monitors[0]));
    steps(trainer, &t, 2);
    assert_string_equal(h.calls, "psapsa");
    assert_false(h.interruptible);
    assert_true(isfinite(trainer->monitors[0]) && trainer->monitors[0] == h.batch_mean);
    assert_true(isnan(trainer->monitors[1]));
    mi_trainer_destroy(trainer);
    hooked_free(&h, &t);
}

static void masks_of_all_views(void **state)
{
    (void)state;
    hooked h;
    trial t = hooked_trial(&h, &two_views);
    t.setting.ratio = (mi_ratio){0.2, 0.8};
    mi_trainer *trainer = trainer_of(&t, 2);
    steps(trainer, &t, 3);
    const mi_examples *batch = &trainer->parts->batch;
    size_t total = 0;
    for (size_t b = 0; b < BATCH; b++) {
        mi_stream_room room;
        unsigned char masked[2 * TOKENS];
        gsl_rng *stream = mi_stream_place(&room, 5, MI_PURPOSE_EXAMPLE_MASK, 20 + b);
        for (size_t v = 0; v < 2; v++) {
            mi_ratio_mask(t.setting.ratio, &t.setting.masking, trainer->parts->layout, stream,
                          masked + v * TOKENS);
        }
        assert_memory_equal(batch->masked + b * 2 * TOKENS, masked, sizeof masked);
        for (size_t i = 0; i < 2 * TOKENS; i++) {
            total += masked[i];
        }
    }
    assert_int_equal(batch->masked_total, total);
    mi_trainer_destroy(trainer);
    hooked_free(&h, &t);
}

/* Neither needs a masked token. */
static void steps_without_masks(void **state)
{
    (void)state;
    const mi_method_class *const classes[] = {&two_views, &no_masks};
    for (int k = 0; k < 2; k++) {
        hooked h;
        trial t = hooked_trial(&h, classes[k]);
        t.setting.ratio = (mi_ratio){0, 0};
        mi_trainer *trainer = trainer_of(&t, 2);
        steps(trainer, &t, 2);
        assert_int_equal(trainer->parts->batch.masked_total, 0);
        assert_true((trainer->parts->batch.masked == NULL) == (k == 1));
        assert_near(trainer->loss, 1, 1e-12);
        assert_true(trainer->values[16] != 5);
        mi_trainer_destroy(trainer);
        hooked_free(&h, &t);
    }
}

/* A teacher that is not finite stops before anything has changed. */
static void settling_may_fail(void **state)
{
    (void)state;
    hooked h;
    trial t = hooked_trial(&h, &two_views);
    mi_trainer *trainer = trainer_of(&t, 2);
    mi_status status = {.code = MI_OK};
    steps(trainer, &t, 2);
    mi_scalar value = trainer->values[16], center = h.center[0];
    h.fails = true;
    assert_failure(mi_trainer_step(trainer, &t.run, &status), MI_NUMERIC, status,
                   "step 2: the teacher is not finite");
    assert_true(trainer->step == 2 && trainer->values[16] == value && h.center[0] == center);
    mi_trainer_destroy(trainer);
    hooked_free(&h, &t);
}

static void evaluated_is_what_the_method_says(void **state)
{
    (void)state;
    hooked h;
    trial t = hooked_trial(&h, &two_views);
    t.setting.training.momentum = 0.9;
    mi_trainer *trainer = trainer_of(&t, 2);
    mi_weights weights;
    assert_int_equal(mi_trainer_weights(trainer, &t.run, &weights, NULL), MI_OK);
    assert_ptr_equal(weights.values, h.teacher);
    assert_ptr_equal(weights.transposed, h.transposed);
    mi_trainer_destroy(trainer);
    hooked_free(&h, &t);
}

static void memory_counts_what_the_method_keeps(void **state)
{
    (void)state;
    hooked h;
    trial t = hooked_trial(&h, &no_masks);
    mi_method_class without = no_masks;
    size_t with_bytes = 0, without_bytes = 0;
    without.begin_bytes = NULL;
    assert_int_equal(mi_trainer_bytes(&t.setting, &t.run, &with_bytes, NULL), MI_OK);
    t.setting.method.class = &without;
    assert_int_equal(mi_trainer_bytes(&t.setting, &t.run, &without_bytes, NULL), MI_OK);
    assert_int_equal(with_bytes - without_bytes, 10000);
    t.setting.method.class = &no_masks;
    t.setting.memory_limit = with_bytes - 1;
    assert_int_equal(mi_trainer_bytes(&t.setting, &t.run, &with_bytes, NULL), MI_INPUT);
    hooked_free(&h, &t);
}

static void checkpoint_keeps_teacher_and_state(void **state)
{
    char path[SCRATCH_PATH];
    hooked h, other;
    trial t = hooked_trial(&h, &two_views), u = hooked_trial(&other, &two_views);
    mi_trainer *first = trainer_of(&t, 2), *second = trainer_of(&u, 1);
    scratch_name(state, "checkpoint", path);
    steps(first, &t, 4);
    assert_int_equal(mi_trainer_save(first, &t.run, path, NULL), MI_OK);
    mi_safetensors *file = NULL;
    assert_int_equal(mi_safetensors_read(path, &file, NULL), MI_OK);
    assert_non_null(mi_safetensors_find(file, "teacher.two"));
    assert_int_equal(mi_safetensors_find(file, "state.center")->shape[0], CENTER);
    mi_safetensors_destroy(file);
    assert_int_equal(mi_trainer_load(second, &u.run, path, NULL), MI_OK);
    assert_memory_equal(h.teacher, other.teacher, sizeof h.teacher);
    assert_memory_equal(other.teacher, other.transposed, sizeof h.teacher);
    assert_memory_equal(h.center, other.center, sizeof h.center);
    steps(first, &t, 9);
    steps(second, &u, 9);
    assert_memory_equal(first->values, second->values, block_bytes(first));
    assert_memory_equal(h.teacher, other.teacher, sizeof h.teacher);
    mi_trainer_destroy(first);
    mi_trainer_destroy(second);
    hooked_free(&h, &t);
    hooked_free(&other, &u);
}

/* A file without the center is no checkpoint of this method; nothing is loaded of it. */
static void checkpoint_without_state_is_refused(void **state)
{
    char path[SCRATCH_PATH];
    hooked h;
    mi_method_class forgetful = two_views;
    mi_status status = {.code = MI_OK};
    forgetful.kept = NULL;
    trial t = hooked_trial(&h, &forgetful);
    mi_trainer *trainer = trainer_of(&t, 2);
    scratch_name(state, "checkpoint", path);
    steps(trainer, &t, 4);
    assert_int_equal(mi_trainer_save(trainer, &t.run, path, NULL), MI_OK);
    trainer->setting.method.class = &two_views;
    steps(trainer, &t, 5);
    mi_scalar value = trainer->values[16], teacher = h.teacher[16];
    assert_failure(mi_trainer_load(trainer, &t.run, path, &status), MI_INPUT, status,
                   "the tensor \"state.center\"");
    assert_true(trainer->step == 5 && trainer->values[16] == value && h.teacher[16] == teacher);
    mi_trainer_destroy(trainer);
    hooked_free(&h, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_in_its_order),
        cmocka_unit_test(masks_of_all_views),
        cmocka_unit_test(steps_without_masks),
        cmocka_unit_test(settling_may_fail),
        cmocka_unit_test(evaluated_is_what_the_method_says),
        cmocka_unit_test(memory_counts_what_the_method_keeps),
        cmocka_unit_test(checkpoint_keeps_teacher_and_state),
        cmocka_unit_test(checkpoint_without_state_is_refused),
    };
    mi_start();
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
