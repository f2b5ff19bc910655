/* The trainer: its parameters, batches and masks, steps against their parts, and what stops it. */
#include "siamese_support.h"

#include <stdatomic.h>

static atomic_long allocations = 0;

/* Sanitizers have their own allocators. */
#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTED 0
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define COUNTED 0
#endif
#ifndef COUNTED
#define COUNTED 1
#endif

/* Every allocation is counted, those of libraries too. */
#if COUNTED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    *ret_block = aligned_alloc(alignment, size);
    return *ret_block != NULL ? 0 : 12;
}
#endif

/* ---- parameters, masks, batches ---- */

static void parameters_of_the_table(void **state)
{
    (void)state;
    mi_values *values = values_from(mi_training_parameters, "{\"steps\":30,\"warmup\":0.25}");
    mi_training t = mi_training_of(values);
    assert_int_equal(t.steps, 30);
    assert_int_equal(t.schedule.steps, 30);
    assert_int_equal(t.schedule.warmup, 8); /* 7.5 */
    assert_int_equal(t.batch, 64);
    assert_int_equal(t.shards, 4);
    assert_near(t.schedule.peak, 0.001, 0);
    assert_near(t.schedule.final, 0, 0);
    assert_near(t.adamw.beta1, 0.9, 0);
    assert_near(t.adamw.beta2, 0.95, 0);
    assert_near(t.adamw.epsilon, 1e-8, 0);
    assert_near(t.adamw.decay, 0.05, 0);
    assert_near(t.clip, 1, 0);
    assert_near(t.momentum, 0, 0);
    assert_int_equal(t.checkpoint_every, 500);
    mi_values_destroy(values);
}

enum { DRAWS = 4000, ROWS = 5, COLUMNS = 6, SITES = ROWS * COLUMNS };

/* Shares of masked sites of many masks. */
static void draw_shares(const char *strategy, mi_ratio ratio, double shares[DRAWS])
{
    const mi_mask_class *class = mi_mask_find(strategy);
    mi_values *values = values_from(class->parameters, "{}");
    mi_masking masking = {.class = class, .values = values};
    mi_layout layout = {.dimensions = 2, .rows = ROWS, .columns = COLUMNS};
    mi_stream_room room;
    for (size_t i = 0; i < DRAWS; i++) {
        unsigned char masked[SITES];
        size_t total = 0;
        mi_ratio_mask(ratio, &masking, layout, mi_stream_place(&room, 1, MI_PURPOSE_TEST, i),
                      masked);
        for (size_t k = 0; k < SITES; k++) {
            total += masked[k];
        }
        shares[i] = (double)total / SITES;
    }
    mi_values_destroy(values);
}

static void ratios_of_masks(void **state)
{
    (void)state;
    static double shares[DRAWS];
    double mean = 0, square = 0;
    draw_shares("random", (mi_ratio){0.3, 0.3}, shares);
    for (size_t i = 0; i < DRAWS; i++) {
        assert_near(shares[i], 0.3, 1e-12);
    }
    draw_shares("random", (mi_ratio){0.25, 0.85}, shares);
    for (size_t i = 0; i < DRAWS; i++) {
        assert_true(shares[i] >= 7.0 / SITES - 1e-12 && shares[i] <= 26.0 / SITES + 1e-12);
        mean += shares[i] / DRAWS;
        square += shares[i] * shares[i] / DRAWS;
    }
    double deviation = 0.6 / sqrt(12); /* uniform; rounding to sites adds little */
    assert_near((mean - 0.55) / (deviation / sqrt(DRAWS)), 0, 4);
    assert_near(sqrt(square - mean * mean) / deviation, 1, 0.03);
    /* A lattice has ratios 1/d and 1 - 1/d alone: here 0.5, 2/3, 0.75. */
    size_t counts[3] = {0};
    draw_shares("grid", (mi_ratio){0.45, 0.76}, shares);
    for (size_t i = 0; i < DRAWS; i++) {
        counts[shares[i] < 0.6 ? 0 : shares[i] < 0.69 ? 1 : 2]++;
    }
    for (int k = 0; k < 3; k++) {
        assert_near(((double)counts[k] - DRAWS / 3.0) / sqrt(DRAWS * 2 / 9.0), 0, 4);
    }
}

/* Place b of step t is what the streams of t * batch + b give, drawn alone. */
static void examples_have_streams_of_their_own(void **state)
{
    (void)state;
    trial t = trial_of(&mae, training);
    mi_trainer *trainer = trainer_of(&t, 2);
    steps(trainer, &t, 4);
    const struct mi_trainer_parts *parts = trainer->parts;
    void *scratch = NULL;
    mi_scalar pixels[48];
    unsigned char masked[12];
    size_t total = 0;
    assert_int_equal(mi_source_scratch_create(t.source, &scratch, NULL), MI_OK);
    for (size_t b = 0; b < 10; b++) {
        mi_stream_room room;
        gsl_rng *stream = mi_stream_place(&room, 5, MI_PURPOSE_EXAMPLE_MASK, 30 + b);
        mi_ratio_mask(mae.ratio, &t.setting.masking, parts->layout, stream, masked);
        stream = mi_stream_place(&room, 5, MI_PURPOSE_EXAMPLE, 30 + b);
        mi_code code = mi_source_draw(t.source, MI_TRAINING, 30 + b, stream, scratch, pixels, NULL,
                                      NULL, NULL);
        assert_int_equal(code, MI_OK);
        assert_memory_equal(parts->batch.pixels + b * 48, pixels, sizeof pixels);
        assert_memory_equal(parts->batch.masked + b * 12, masked, sizeof masked);
        for (size_t k = 0; k < 12; k++) {
            total += masked[k];
        }
    }
    assert_int_equal(parts->batch.masked_total, total);
    assert_int_equal(parts->batch.first, 30);
    mi_source_scratch_destroy(t.source, scratch);
    mi_trainer_destroy(trainer);
    trial_free(&t);
}

/* ---- steps ---- */

/* A step is AdamW on the clipped gradient at the schedule's rate, and then an average. */
static void step_from_its_parts(void **state)
{
    (void)state;
    trial t = trial_of(&mae, "{\"steps\":20,\"batch\":10,\"clip\":0.01,\"momentum\":0.15}");
    mi_trainer *trainer = trainer_of(&t, 2);
    size_t bytes = block_bytes(trainer);
    for (size_t n = 0; n < 4; n++) {
        mi_scalar *blocks[4] = {trainer->values, trainer->first, trainer->second,
                                trainer->opt_average};
        for (int k = 0; k < 4; k++) {
            blocks[k] = memcpy(malloc(bytes), blocks[k], bytes);
        }
        steps(trainer, &t, n + 1);
        const mi_training *setting = &t.setting.training;
        const mi_tensors *tensors = trainer->parts->tensors;
        assert_near(trainer->rate, mi_schedule_at(&setting->schedule, n), 0);
        assert_true(trainer->gradient_norm > 0.01);
        mi_adamw_step(&setting->adamw, tensors, n + 1, trainer->rate, 0.01 / trainer->gradient_norm,
                      trainer->gradient, blocks[1], blocks[2], blocks[0], &t.run, NULL);
        mi_average_step(n == 0 ? 0.1 : 0.15, tensors->total, blocks[0], blocks[3], &t.run, NULL);
        assert_memory_equal(blocks[0], trainer->values, bytes);
        assert_memory_equal(blocks[3], trainer->opt_average, bytes);
        for (int k = 0; k < 4; k++) {
            free(blocks[k]);
        }
    }
    mi_trainer_destroy(trainer);
    trial_free(&t);
}

static void evaluated_weights(void **state)
{
    (void)state;
    trial t = trial_of(&mae, training);
    mi_trainer *trainer = trainer_of(&t, 2);
    steps(trainer, &t, 3);
    const mi_tensors *tensors = trainer->parts->tensors;
    const mi_tensor *matrix = mi_tensors_find(tensors, "blocks.0.mlp.fc1.weight");
    mi_weights weights;
    assert_int_equal(mi_trainer_weights(trainer, &t.run, &weights, NULL), MI_OK);
    assert_ptr_equal(weights.values, trainer->opt_average);
    assert_true(weights.transposed[matrix->offset + 1] ==
                weights.values[matrix->offset + matrix->shape[1]]);
    assert_true(weights.values[matrix->offset] != trainer->values[matrix->offset]);
    mi_trainer_destroy(trainer);
    t.setting.training.momentum = 0;
    trainer = trainer_of(&t, 2);
    assert_int_equal(mi_trainer_weights(trainer, &t.run, &weights, NULL), MI_OK);
    assert_ptr_equal(weights.values, trainer->values);
    assert_ptr_equal(weights.transposed, trainer->transposed);
    assert_null(trainer->opt_average);
    mi_trainer_destroy(trainer);
    trial_free(&t);
}

static void same_bytes_at_any_thread_count(const recipe *r)
{
    trial t = trial_of(r, training);
    mi_trainer *one = trainer_of(&t, 1);
    steps(one, &t, 6);
    for (int threads = 2; threads <= 8; threads += threads == 2 ? 1 : 5) {
        mi_trainer *more = trainer_of(&t, threads);
        steps(more, &t, 6);
        assert_true(more->loss == one->loss && more->gradient_norm == one->gradient_norm);
        assert_same_state(one, more);
        mi_trainer_destroy(more);
    }
    mi_trainer_destroy(one);
    trial_free(&t);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    same_bytes_at_any_thread_count(&mae);
    same_bytes_at_any_thread_count(&mlm);
}

static void learns(const recipe *r, size_t count, double share)
{
    char text[100];
    double early = 0, late = 0;
    snprintf(text, sizeof text, "{\"steps\":%zu,\"batch\":32,\"rate\":0.003}", count);
    trial t = trial_of(r, text);
    mi_trainer *trainer = trainer_of(&t, 2);
    while (trainer->step < count) {
        steps(trainer, &t, trainer->step + 1);
        early += trainer->step <= 10 ? trainer->loss / 10 : 0;
        late += trainer->step > count - 10 ? trainer->loss / 10 : 0;
    }
    if (!(late < share * early)) {
        fail_msg("%s: loss %.4f, then %.4f", r->method, early, late);
    }
    mi_trainer_destroy(trainer);
    trial_free(&t);
}

static void training_lowers_the_loss(void **state)
{
    (void)state;
    learns(&mae, 60, 0.85);
    learns(&mlm, 60, 0.95);
}

static void nothing_is_allocated_in_a_step(void **state)
{
    (void)state;
    const recipe *const recipes[] = {&mae,
                                     &mlm,
                                     &mae,
                                     &siamese_recipes[0],
                                     &siamese_recipes[1],
                                     &siamese_recipes[2],
                                     &siamese_recipes[3]};
    const int threads[] = {2, 2, 6, 2, 2, 2, 2};
    for (int k = 0; k < 7; k++) {
        trial t = trial_of(recipes[k], training);
        mi_trainer *trainer = trainer_of(&t, threads[k]);
        steps(trainer, &t, 2); /* kernels are made in the first */
        long before = atomic_load(&allocations);
        steps(trainer, &t, 12);
        assert_int_equal(atomic_load(&allocations), before);
        mi_trainer_destroy(trainer);
        trial_free(&t);
    }
    assert_true(!COUNTED || atomic_load(&allocations) > 0);
}

/* ---- what stops it ---- */

static void bad_weight_is_reported(void **state)
{
    (void)state;
    const recipe *const recipes[] = {&mae, &mlm};
    for (int k = 0; k < 2; k++) {
        trial t = trial_of(recipes[k], training);
        mi_trainer *trainer = trainer_of(&t, 2);
        size_t bytes = block_bytes(trainer);
        mi_status status = {.code = MI_OK};
        steps(trainer, &t, 3);
        const mi_tensors *tensors = trainer->parts->tensors;
        trainer->values[mi_tensors_find(tensors, "blocks.1.mlp.fc2.bias")->offset] =
            (mi_scalar)INFINITY;
        mi_scalar *before = memcpy(malloc(bytes), trainer->values, bytes);
        assert_failure(mi_trainer_step(trainer, &t.run, &status), MI_NUMERIC, status, "step 3: ");
        assert_non_null(strstr(status.message, "block"));
        assert_int_equal(trainer->step, 3);
        assert_memory_equal(before, trainer->values, bytes);
        free(before);
        mi_trainer_destroy(trainer);
        trial_free(&t);
    }
}

/* A method of two tensors whose loss and gradient are what the test says. */
typedef struct fake {
    mi_tensors tensors;
    double loss, gradient;
    size_t steps_seen;
    bool fails;
} fake;

static const mi_tensors *fake_tensors(const void *state)
{
    return &((const fake *)state)->tensors;
}

static void fake_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    (void)state;
    for (size_t i = 0; i < 32; i++) {
        values[i] = (mi_scalar)seed;
    }
}

static mi_layout fake_tokens(const void *state)
{
    (void)state;
    return (mi_layout){.dimensions = 2, .rows = 4, .columns = 3};
}

static void fake_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    (void)state;
    (void)backward;
    mi_arena_take(arena, samples, 1000);
}

static mi_code fake_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                          const mi_shard *shard, mi_status *status)
{
    (void)weights;
    const fake *f = state;
    if (f->fails && shard->index == 2) {
        return mi_fail(status, MI_NUMERIC, "block 7 is not finite");
    }
    shard->sums[MI_SUM_LOSS] += f->loss * (double)shard->count / (double)batch->count;
    shard->opt_gradient[16] += (mi_scalar)f->gradient;
    return MI_OK;
}

static mi_code fake_after(void *state, size_t t, const mi_scalar *values, const double *sums,
                          const mi_run *run, mi_status *status)
{
    (void)values;
    (void)run;
    (void)status;
    fake *f = state;
    assert_int_equal(t, f->steps_seen);
    assert_near(sums[MI_SUM_LOSS], f->loss, 1e-12);
    f->steps_seen++;
    return MI_OK;
}

static const mi_method_class fake_class = {
    .name = "fake",
    .tensors = fake_tensors,
    .initialize = fake_initialize,
    .tokens = fake_tokens,
    .carve = fake_carve,
    .shard = fake_shard,
    .after_step = fake_after,
};

/* The trial with the fake method in place of its own, until it is freed. */
static trial fake_trial(fake *f, mi_method *ret_own)
{
    size_t offset = 0;
    const size_t shape[] = {4, 3};
    trial t = trial_of(&mae, training);
    *f = (fake){.loss = 1, .gradient = 1};
    assert_int_equal(mi_tensors_add(&f->tensors, "one", 2, shape, true, &offset, NULL), MI_OK);
    assert_int_equal(mi_tensors_add(&f->tensors, "two", 2, shape, true, &offset, NULL), MI_OK);
    *ret_own = t.setting.method;
    t.setting.method = (mi_method){.class = &fake_class, .state = f};
    return t;
}

static void fake_free(fake *f, trial *t, mi_method own)
{
    t->setting.method = own;
    trial_free(t);
    mi_tensors_free(&f->tensors);
}

static void step_fails(mi_trainer *trainer, const trial *t, const char *message)
{
    size_t step = trainer->step, bytes = block_bytes(trainer);
    mi_status status = {.code = MI_OK};
    mi_scalar *before = memcpy(malloc(bytes), trainer->values, bytes);
    assert_failure(mi_trainer_step(trainer, &t->run, &status), MI_NUMERIC, status, message);
    assert_int_equal(trainer->step, step);
    assert_memory_equal(before, trainer->values, bytes);
    free(before);
}

static void what_is_not_finite_stops(void **state)
{
    (void)state;
    fake f;
    mi_method own;
    trial t = fake_trial(&f, &own);
    mi_trainer *trainer = trainer_of(&t, 2);
    assert_true(isnan(trainer->loss));
    steps(trainer, &t, 2);
    assert_int_equal(f.steps_seen, 2);
    assert_near(trainer->loss, 1, 1e-12);
    assert_near(trainer->gradient_norm, 4, 1e-12);
    f.gradient = INFINITY;
    step_fails(trainer, &t, "step 2: the gradient of \"two\" is not finite");
    f.gradient = 1;
    f.loss = NAN;
    step_fails(trainer, &t, "step 2: the loss is not finite");
    f.loss = 1;
    f.fails = true;
    step_fails(trainer, &t, "step 2: block 7 is not finite");
    f.fails = false;
    steps(trainer, &t, 3);
    assert_int_equal(f.steps_seen, 3);
    mi_trainer_destroy(trainer);
    fake_free(&f, &t, own);
}

static void batch_without_a_masked_token(void **state)
{
    (void)state;
    fake f;
    mi_method own;
    trial t = fake_trial(&f, &own);
    t.setting.ratio = (mi_ratio){0, 0};
    mi_trainer *trainer = trainer_of(&t, 2);
    steps(trainer, &t, 2);
    assert_int_equal(trainer->step, 2);
    assert_int_equal(f.steps_seen, 0);
    assert_true(isnan(trainer->loss));
    assert_true(trainer->values[0] == 5 && trainer->values[16] == 5);
    mi_trainer_destroy(trainer);
    fake_free(&f, &t, own);
}

static void interruption_changes_nothing(void **state)
{
    (void)state;
    trial t = trial_of(&mae, training);
    mi_trainer *stopped = trainer_of(&t, 2), *straight = trainer_of(&t, 2);
    volatile sig_atomic_t stop = 1;
    mi_run interrupted = t.run;
    interrupted.opt_interrupt = &stop;
    steps(stopped, &t, 2);
    assert_int_equal(mi_trainer_step(stopped, &interrupted, NULL), MI_INTERRUPTED);
    assert_int_equal(stopped->step, 2);
    steps(stopped, &t, 4);
    steps(straight, &t, 4);
    assert_same_state(stopped, straight);
    mi_trainer_destroy(stopped);
    mi_trainer_destroy(straight);
    trial_free(&t);
}

static void memory_has_a_limit(void **state)
{
    (void)state;
    trial t = trial_of(&mae, training);
    mi_trainer *trainer = trainer_of(&t, 2);
    size_t bytes = trainer->bytes, again = 0;
    mi_status status;
    mi_trainer_destroy(trainer);
    t.setting.memory_limit = bytes;
    assert_int_equal(mi_trainer_bytes(&t.setting, &t.run, &again, &status), MI_OK);
    assert_int_equal(again, bytes);
    t.setting.memory_limit = bytes - 1;
    assert_failure(mi_trainer_create(&t.setting, &t.run, &trainer, &status), MI_INPUT, status,
                   "the limit is ");
    t.setting.memory_limit = (size_t)1 << 30;
    t.setting.training.batch = 1 << 20;
    assert_failure(mi_trainer_bytes(&t.setting, &t.run, &again, &status), MI_INPUT, status,
                   " GiB of memory, the limit is 1 GiB; a smaller batch");
    t.setting.training.batch = SIZE_MAX / 2;
    assert_failure(mi_trainer_bytes(&t.setting, &t.run, &again, &status), MI_INPUT, status,
                   "training needs more memory than there can be");
    t.setting.memory_limit = 0;
    assert_int_equal(mi_trainer_bytes(&t.setting, &t.run, &again, &status), MI_INPUT);
    trial_free(&t);
}

/* Weights, transposed ones, gradient, two moments, two blocks of averages; the gradients of all
 * shards but the first; and what threads carve. */
static void memory_is_the_sum_of_its_blocks(void **state)
{
    (void)state;
    fake f;
    mi_method own;
    trial t = fake_trial(&f, &own);
    mi_trainer *trainer = trainer_of(&t, 2);
    size_t blocks = (7 + 3) * 32 * sizeof(mi_scalar), threads = 2 * 3 * 1000;
    size_t batch = 10 * (48 * sizeof(mi_scalar) + 12), sums = 4 * 16 * sizeof(double);
    assert_true(trainer->bytes >= blocks + threads + batch + sums);
    assert_true(trainer->bytes <= blocks + threads + batch + sums + 10 * 64);
    mi_trainer_destroy(trainer);
    fake_free(&f, &t, own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_of_the_table),
        cmocka_unit_test(ratios_of_masks),
        cmocka_unit_test(examples_have_streams_of_their_own),
        cmocka_unit_test(step_from_its_parts),
        cmocka_unit_test(evaluated_weights),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(training_lowers_the_loss),
        cmocka_unit_test(nothing_is_allocated_in_a_step),
        cmocka_unit_test(bad_weight_is_reported),
        cmocka_unit_test(what_is_not_finite_stops),
        cmocka_unit_test(batch_without_a_masked_token),
        cmocka_unit_test(interruption_changes_nothing),
        cmocka_unit_test(memory_has_a_limit),
        cmocka_unit_test(memory_is_the_sum_of_its_blocks),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
