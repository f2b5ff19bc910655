/* AdamW against PyTorch, schedules, norms, averages; the same bytes at any thread count. */
#include "support.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/optimizer.h"
#include "torch/adamw.h"

enum { ROWS = 3, COLUMNS = 5, MATRIX = ROWS * COLUMNS, STEPS = 20 };

static mi_tensors matrix_and_bias(size_t *matrix, size_t *bias)
{
    mi_tensors tensors = {0};
    const size_t shape[] = {ROWS, COLUMNS}, width[] = {ROWS};
    assert_int_equal(mi_tensors_add(&tensors, "w", 2, shape, true, matrix, NULL), MI_OK);
    assert_int_equal(mi_tensors_add(&tensors, "b", 1, width, false, bias, NULL), MI_OK);
    return tensors;
}

/* The gradient of tests/torch/adamw.py. */
static void gradient_at(const mi_scalar *x, size_t count, int t, double phase, mi_scalar *gradient)
{
    for (size_t i = 0; i < count; i++) {
        gradient[i] = (mi_scalar)(0.3 * (double)x[i] + cos(0.9 * (double)i + 0.7 * t + phase));
    }
}

static void check_block(const mi_scalar *actual, const double *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_near((double)actual[i], expected[i], 1e-5 * fabs(expected[i]) + 1e-6);
    }
}

static void adamw_as_pytorch(void **state)
{
    (void)state;
    size_t w = 0, b = 0;
    mi_tensors tensors = matrix_and_bias(&w, &b);
    mi_scalar x[32] = {0}, gradient[32] = {0}, first[32] = {0}, second[32] = {0};
    mi_adamw adamw = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-3, .decay = 0.3};
    mi_run run = support_run(1);
    for (int i = 0; i < MATRIX; i++) {
        x[w + (size_t)i] = (mi_scalar)sin(1 + i);
        x[b + (size_t)i % ROWS] = (mi_scalar)cos(2 + i % ROWS);
    }
    for (int t = 1; t <= STEPS; t++) {
        gradient_at(x + w, MATRIX, t, 0, gradient + w);
        gradient_at(x + b, ROWS, t, 1, gradient + b);
        mi_code code = mi_adamw_step(&adamw, &tensors, (size_t)t, 0.05 / sqrt(t), 0.5 + 0.5 / t,
                                     gradient, first, second, x, &run, NULL);
        assert_int_equal(code, MI_OK);
        if (t == 1) {
            check_block(x + w, adamw_matrix_1, MATRIX);
            check_block(x + b, adamw_bias_1, ROWS);
        }
    }
    check_block(x + w, adamw_matrix_20, MATRIX);
    check_block(x + b, adamw_bias_20, ROWS);
    check_block(first + w, adamw_first, MATRIX);
    check_block(second + w, adamw_second, MATRIX);
    mi_tensors_free(&tensors);
}

/* A table of many numbers, so that there are several chunks. */
enum { LONG = 70001 };

static mi_tensors long_tensors(void)
{
    mi_tensors tensors = {0};
    size_t offset = 0;
    const size_t shape[] = {LONG, 1}, width[] = {LONG / 3};
    assert_int_equal(mi_tensors_add(&tensors, "w", 2, shape, true, &offset, NULL), MI_OK);
    assert_int_equal(mi_tensors_add(&tensors, "b", 1, width, false, &offset, NULL), MI_OK);
    return tensors;
}

static void no_progress(void *context, const char *stage, size_t done, size_t total)
{
    (void)context;
    fail_msg("%s: %zu of %zu", stage, done, total);
}

/* What changes weights tells no progress and is not stopped half way. */
static mi_run asked_to_stop(int threads)
{
    static const volatile sig_atomic_t stop = 1;
    return (mi_run){.threads = threads, .opt_progress = no_progress, .opt_interrupt = &stop};
}

/* One step from g_i = cos(i), x_i = sin(i) and moments 0.1, 0.2; then an average. */
static double one_step(const mi_tensors *tensors, int threads, mi_scalar *x, mi_scalar *average)
{
    mi_adamw adamw = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.05};
    mi_run run = asked_to_stop(threads);
    mi_scalar *blocks[3];
    for (int k = 0; k < 3; k++) {
        blocks[k] = calloc(tensors->total, sizeof(mi_scalar));
    }
    for (size_t i = 0; i < tensors->total; i++) {
        blocks[0][i] = (mi_scalar)cos((double)i);
        blocks[1][i] = (mi_scalar)0.1;
        blocks[2][i] = (mi_scalar)0.2;
        x[i] = (mi_scalar)sin((double)i);
        average[i] = (mi_scalar)0.3;
    }
    double norm = mi_gradient_norm(tensors, blocks[0], &run);
    mi_adamw_step(&adamw, tensors, 7, 0.01, 1, blocks[0], blocks[1], blocks[2], x, &run, NULL);
    mi_average_step(0.75, tensors->total, x, average, &run, NULL);
    for (int k = 0; k < 3; k++) {
        free(blocks[k]);
    }
    return norm;
}

/* Algorithm 2 of Loshchilov and Hutter (2019) in double precision, number by number. */
static double expected_step(size_t i, bool decay)
{
    double g = cos((double)i), m = 0.9 * 0.1 + 0.1 * g, v = 0.999 * 0.2 + 0.001 * g * g;
    double unbiased_m = m / (1 - pow(0.9, 7)), unbiased_v = v / (1 - pow(0.999, 7));
    double x = sin((double)i) * (decay ? 1 - 0.01 * 0.05 : 1);
    return x - 0.01 * unbiased_m / (sqrt(unbiased_v) + 1e-8);
}

static void every_number_is_changed_once(void **state)
{
    (void)state;
    mi_tensors tensors = long_tensors();
    size_t total = tensors.total, bytes = total * sizeof(mi_scalar);
    mi_scalar *x = malloc(bytes), *again = malloc(bytes);
    mi_scalar *average = malloc(bytes), *average_again = malloc(bytes);
    double norm = one_step(&tensors, 1, x, average), square = 0;
    for (size_t i = 0; i < total; i++) {
        square += cos((double)i) * cos((double)i);
        bool matrix = i < LONG, padding = i >= LONG && i < tensors.items[1].offset;
        if (!padding && i < tensors.items[1].offset + tensors.items[1].count) {
            assert_near((double)x[i], expected_step(i, matrix), 2e-7);
        }
        assert_near((double)average[i], 0.75 * 0.3 + 0.25 * (double)x[i], 1e-7);
    }
    assert_near(norm, sqrt(square), 1e-6);
    for (int threads = 2; threads <= 8; threads += threads == 2 ? 1 : 5) {
        assert_true(one_step(&tensors, threads, again, average_again) == norm);
        assert_memory_equal(x, again, bytes);
        assert_memory_equal(average, average_again, bytes);
    }
    free(x);
    free(again);
    free(average);
    free(average_again);
    mi_tensors_free(&tensors);
}

static void what_is_not_finite_is_named(void **state)
{
    (void)state;
    size_t w = 0, b = 0;
    mi_run run = support_run(1);
    mi_tensors tensors = matrix_and_bias(&w, &b);
    mi_scalar x[32] = {0};
    x[0] = 3;
    x[b + 2] = 4;
    assert_near(mi_gradient_norm(&tensors, x, &run), 5, 0);
    assert_null(mi_first_bad_tensor(&tensors, x));
    x[b + 1] = (mi_scalar)NAN;
    assert_string_equal(mi_first_bad_tensor(&tensors, x), "b");
    assert_true(isnan(mi_gradient_norm(&tensors, x, &run)));
    x[b + 1] = 1;
    x[MATRIX - 1] = (mi_scalar)INFINITY;
    assert_string_equal(mi_first_bad_tensor(&tensors, x), "w");
    assert_true(isinf(mi_gradient_norm(&tensors, x, &run)));
    /* Squares beyond the range of floats. */
    x[MATRIX - 1] = FLT_MAX;
    assert_near(mi_gradient_norm(&tensors, x, &run) / FLT_MAX, 1, 1e-12);
    mi_tensors_free(&tensors);
}

static void schedule_in_closed_form(void **state)
{
    (void)state;
    mi_schedule s = {.peak = 0.8, .final = 0.2, .warmup = 4, .steps = 13};
    const double expected[] = {0.2, 0.4, 0.6, 0.8, 0.8};
    for (size_t t = 0; t < 5; t++) {
        assert_near(mi_schedule_at(&s, t), expected[t], 1e-15);
    }
    assert_near(mi_schedule_at(&s, 6), 0.5 + 0.3 * sqrt(0.5), 1e-15); /* a quarter of the way */
    assert_near(mi_schedule_at(&s, 8), 0.5, 1e-15);
    assert_near(mi_schedule_at(&s, 12), 0.2, 1e-15);
    assert_near(mi_schedule_at(&s, 40), 0.2, 1e-15);
    mi_schedule one = {.peak = 0.8, .final = 0.2, .steps = 1};
    assert_near(mi_schedule_at(&one, 0), 0.8, 0);
    mi_schedule plain = {.peak = 0.8, .final = 0, .steps = 3};
    assert_near(mi_schedule_at(&plain, 0), 0.8, 0);
    assert_near(mi_schedule_at(&plain, 1), 0.4, 1e-15);
    assert_near(mi_schedule_at(&plain, 2), 0, 0);
    mi_schedule rising = {.peak = 0.8, .final = 0, .warmup = 5, .steps = 5};
    assert_near(mi_schedule_at(&rising, 4), 0.8, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adamw_as_pytorch),
        cmocka_unit_test(every_number_is_changed_once),
        cmocka_unit_test(what_is_not_finite_is_named),
        cmocka_unit_test(schedule_in_closed_form),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
