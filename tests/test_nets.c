/* Blocks of memory, tables of tensors, and gradients over shards. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/random.h"
#include "maskinfo/shards.h"
#include "maskinfo/tensors.h"

static void carve_three(mi_arena *arena, void *pieces[3])
{
    pieces[0] = mi_arena_take(arena, 3, 1);
    pieces[1] = mi_arena_scalars(arena, 17);
    pieces[2] = mi_arena_take(arena, 1, 100);
}

static void arena_counts_what_it_hands_out(void **state)
{
    (void)state;
    mi_arena dry = {0}, arena;
    void *pieces[3], *again[3];
    carve_three(&dry, pieces);
    assert_null(pieces[0]);
    assert_int_equal(dry.used, 64 + 128 + 100);
    assert_int_equal(mi_arena_create(dry.used, &arena, NULL), MI_OK);
    carve_three(&arena, pieces);
    for (int i = 0; i < 3; i++) {
        assert_int_equal((uintptr_t)pieces[i] % 64, 0);
    }
    assert_int_equal((unsigned char *)pieces[2] - (unsigned char *)pieces[0], 64 + 128);
    memset(pieces[2], 1, 100);
    assert_int_equal(arena.used, arena.size);
    mi_arena_reset(&arena, 0);
    carve_three(&arena, again);
    assert_memory_equal(pieces, again, sizeof pieces);
    mi_arena_destroy(&arena);
    mi_arena_destroy(&dry);
}

static void arena_that_overflows(void **state)
{
    (void)state;
    mi_status status;
    mi_arena dry = {0}, arena;
    mi_arena_take(&dry, SIZE_MAX / 2, 4);
    assert_int_equal(dry.used, SIZE_MAX);
    mi_arena_take(&dry, 1, 1);
    assert_int_equal(dry.used, SIZE_MAX);
    assert_int_equal(mi_arena_create(dry.used, &arena, &status), MI_INPUT);
    dry.used = 100;
    mi_arena_take(&dry, SIZE_MAX - 120, 1);
    assert_int_equal(dry.used, SIZE_MAX);
}

/* weight (5,7), token (1,1,7), patches (6,2,2,3). */
static mi_tensors some_tensors(size_t offsets[3])
{
    mi_tensors tensors = {0};
    const size_t weight[] = {5, 7}, token[] = {1, 1, 7}, patches[] = {6, 2, 2, 3};
    mi_code code = mi_tensors_add(&tensors, "weight", 2, weight, true, &offsets[0], NULL);
    assert_int_equal(code, MI_OK);
    code = mi_tensors_add(&tensors, "token", 3, token, false, &offsets[1], NULL);
    assert_int_equal(code, MI_OK);
    code = mi_tensors_add(&tensors, "patches", 4, patches, true, &offsets[2], NULL);
    assert_int_equal(code, MI_OK);
    return tensors;
}

static void tensors_lie_side_by_side(void **state)
{
    (void)state;
    size_t offsets[3];
    mi_tensors tensors = some_tensors(offsets);
    assert_int_equal(offsets[0], 0);
    assert_int_equal(offsets[1], 48);
    assert_int_equal(offsets[2], 64);
    assert_int_equal(tensors.total, 144);
    assert_int_equal(tensors.parameters, 35 + 7 + 72);
    assert_ptr_equal(mi_tensors_find(&tensors, "token"), &tensors.items[1]);
    assert_null(mi_tensors_find(&tensors, "tokens"));
    mi_tensors_free(&tensors);
}

static void tensors_that_overflow(void **state)
{
    (void)state;
    mi_status status;
    mi_tensors tensors = {0};
    size_t offset = 0;
    const size_t huge[] = {(size_t)1 << 40, (size_t)1 << 40}, half[] = {SIZE_MAX / 12};
    assert_int_equal(mi_tensors_add(&tensors, "h", 2, huge, true, &offset, &status), MI_INPUT);
    assert_non_null(strstr(status.message, "\"h\" is too large"));
    assert_int_equal(mi_tensors_add(&tensors, "a", 1, half, true, &offset, &status), MI_OK);
    assert_int_equal(mi_tensors_add(&tensors, "b", 1, half, true, &offset, &status), MI_INPUT);
    assert_int_equal(tensors.count, 1);
    mi_tensors_free(&tensors);
}

static void matrices_are_transposed(void **state)
{
    (void)state;
    size_t offsets[3];
    mi_tensors tensors = some_tensors(offsets);
    mi_scalar x[144], y[144];
    for (int i = 0; i < 144; i++) {
        x[i] = (mi_scalar)i;
        y[i] = -1;
    }
    static const volatile sig_atomic_t stop = 1;
    mi_run run = support_run(1);
    run.opt_interrupt = &stop; /* not half way */
    assert_int_equal(mi_tensors_transpose(&tensors, x, y, &run, NULL), MI_OK);
    for (int r = 0; r < 5; r++) {
        for (int c = 0; c < 7; c++) {
            assert_true(y[c * 5 + r] == x[r * 7 + c]);
        }
    }
    for (int r = 0; r < 6; r++) {
        for (int c = 0; c < 12; c++) {
            assert_true(y[64 + c * 6 + r] == x[64 + r * 12 + c]);
        }
    }
    assert_true(y[48] == -1);
    mi_tensors_free(&tensors);
}

/* Mean and variance of the initial values of one large tensor, as z-scores against theirs. */
static void check_moments(const mi_scalar *x, size_t count, double variance, double kurtosis)
{
    double mean = 0, square = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        mean += (double)x[i] / n;
        square += (double)x[i] * (double)x[i] / n;
    }
    assert_near(mean / sqrt(variance / n), 0, 4);
    assert_near((square / variance - 1) / sqrt((kurtosis - 1) / n), 0, 4);
}

static void initial_values(void **state)
{
    (void)state;
    mi_tensors tensors = {0};
    const size_t shape[] = {60, 20, 10};
    size_t offset = 0;
    assert_int_equal(mi_tensors_add(&tensors, "w", 3, shape, true, &offset, NULL), MI_OK);
    mi_scalar *x = calloc(tensors.total, sizeof *x);
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    mi_initialize_uniform(&tensors, 0, stream, x);
    double bound = sqrt(6 / (60.0 + 200)), largest = 0;
    for (size_t i = 0; i < 12000; i++) {
        largest = fmax(largest, fabs((double)x[i]));
    }
    assert_true(largest <= bound && largest > 0.999 * bound);
    check_moments(x, 12000, bound * bound / 3, 1.8);
    mi_initialize_normal(&tensors, 0, 0.02, stream, x);
    check_moments(x, 12000, 0.0004, 3);
    mi_initialize_constant(&tensors, 0, 0.37, x);
    assert_true(x[0] == (mi_scalar)0.37 && x[11999] == (mi_scalar)0.37);
    gsl_rng_free(stream);
    free(x);
    mi_tensors_free(&tensors);
}

/* Sample s adds cos(s * i + 1) to number i of the gradient, s to sum 0 and 1 to sum 15. */
enum { TOTAL = 10000 };

typedef struct fake {
    size_t fails_at; /* sample */
} fake;

static mi_code fake_work(const mi_shard *shard, void *context, mi_status *status)
{
    const fake *f = context;
    mi_scalar *waves = mi_arena_scalars(shard->arena, TOTAL);
    for (size_t s = shard->first; s < shard->first + shard->count; s++) {
        if (s == f->fails_at) {
            return mi_fail(status, MI_NUMERIC, "sample %zu", s);
        }
        for (size_t i = 0; i < TOTAL; i++) {
            waves[i] = (mi_scalar)cos((double)(s * i + 1));
        }
        for (size_t i = 0; i < TOTAL && shard->opt_gradient != NULL; i++) {
            shard->opt_gradient[i] += waves[i];
        }
        shard->sums[0] += (double)s;
        shard->sums[15] += 1;
    }
    return MI_OK;
}

static mi_code run_fake(size_t shards, int threads, size_t batch, size_t fails_at,
                        mi_scalar *gradient, double *sums, mi_status *status)
{
    mi_shards *made = NULL;
    mi_run run = {.seed = 1, .threads = threads};
    fake f = {.fails_at = fails_at};
    size_t scratch = TOTAL * sizeof(mi_scalar);
    assert_int_equal(mi_shards_create(shards, threads, TOTAL, scratch, &made, NULL), MI_OK);
    mi_code code = mi_shards_run(made, &run, batch, fake_work, &f, gradient, sums, status);
    if (code == MI_OK) { /* again: nothing is left over */
        code = mi_shards_run(made, &run, batch, fake_work, &f, gradient, sums, status);
    }
    mi_shards_destroy(made);
    return code;
}

static void shards_add_up(void **state)
{
    (void)state;
    static mi_scalar sum[TOTAL], again[TOTAL];
    double sums[MI_SHARD_SUMS], more[MI_SHARD_SUMS];
    const size_t batches[] = {0, 1, 5, 13, 16};
    for (size_t b = 0; b < 5; b++) {
        size_t n = batches[b];
        assert_int_equal(run_fake(5, 1, n, SIZE_MAX, sum, sums, NULL), MI_OK);
        for (size_t i = 0; i < TOTAL; i++) {
            double expected = 0;
            for (size_t s = 0; s < n; s++) {
                expected += cos((double)(s * i + 1));
            }
            assert_near((double)sum[i], expected, 3e-6);
        }
        assert_near(sums[0], 0.5 * (double)n * ((double)n - 1), 0);
        assert_near(sums[15], (double)n, 0);
        for (int threads = 2; threads <= 8; threads += threads == 2 ? 1 : 5) {
            assert_int_equal(run_fake(5, threads, n, SIZE_MAX, again, more, NULL), MI_OK);
            assert_memory_equal(sum, again, sizeof sum);
            assert_memory_equal(sums, more, sizeof sums);
        }
    }
    assert_int_equal(run_fake(5, 2, 16, SIZE_MAX, NULL, more, NULL), MI_OK);
    assert_memory_equal(sums, more, sizeof sums);
}

static void shards_that_fail(void **state)
{
    (void)state;
    static mi_scalar sum[TOTAL];
    double sums[MI_SHARD_SUMS];
    mi_status status;
    assert_int_equal(run_fake(4, 3, 16, 7, sum, sums, &status), MI_NUMERIC);
    assert_string_equal(status.message, "sample 7");
    mi_shards *made = NULL;
    static const volatile sig_atomic_t stop = 1;
    mi_run run = {.threads = 2, .opt_interrupt = &stop};
    fake f = {.fails_at = SIZE_MAX};
    assert_int_equal(mi_shards_create(4, 2, TOTAL, TOTAL * sizeof(mi_scalar), &made, NULL), MI_OK);
    assert_int_equal(mi_shards_run(made, &run, 4, fake_work, &f, sum, sums, &status),
                     MI_INTERRUPTED);
    mi_shards_destroy(made);
    made = NULL;
    assert_int_equal(mi_shards_create(4, 2, SIZE_MAX / 2, 100, &made, &status), MI_INPUT);
    assert_int_equal(mi_shards_create(4, 2, 100, SIZE_MAX, &made, &status), MI_INPUT);
    assert_null(made);
}

static void shards_are_even(void **state)
{
    (void)state;
    assert_int_equal(mi_shards_largest(5, 16), 4);
    assert_int_equal(mi_shards_largest(5, 15), 3);
    assert_int_equal(mi_shards_largest(4, 1), 1);
    assert_int_equal(mi_shards_largest(4, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_counts_what_it_hands_out),
        cmocka_unit_test(arena_that_overflows),
        cmocka_unit_test(tensors_lie_side_by_side),
        cmocka_unit_test(tensors_that_overflow),
        cmocka_unit_test(matrices_are_transposed),
        cmocka_unit_test(initial_values),
        cmocka_unit_test(shards_add_up),
        cmocka_unit_test(shards_that_fail),
        cmocka_unit_test(shards_are_even),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
