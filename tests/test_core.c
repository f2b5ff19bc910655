/* Keyed streams, parallel loop, allocation, statistics. */
#include "support.h"

#include <gsl/gsl_rng.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"
#include "maskinfo/stream.h"

/* Known-answer vector of Philox4x64-10 for zero key and counter, from the Random123 distribution's
 * kat_vectors file. */
static void philox_gives_the_published_vector(void **state)
{
    (void)state;
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(0, (mi_purpose)0, 0, &stream, NULL), MI_OK);
    assert_true(gsl_rng_get(stream) == 0x16554d9eca36314cUL);
    assert_true(gsl_rng_get(stream) == 0xdb20fe9d672d0fdcUL);
    assert_true(gsl_rng_get(stream) == 0xd7e772cee186176bUL);
    assert_true(gsl_rng_get(stream) == 0x7e68b68aec7ba23bUL);
    gsl_rng_free(stream);
    mi_stream_room room;
    stream = mi_stream_place(&room, 0, (mi_purpose)0, 0);
    assert_true(gsl_rng_get(stream) == 0x16554d9eca36314cUL);
    assert_true(gsl_rng_get(stream) == 0xdb20fe9d672d0fdcUL);
}

static void streams_of_different_keys_differ(void **state)
{
    (void)state;
    gsl_rng *stream = NULL;
    unsigned long seen[4];
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    seen[0] = gsl_rng_get(stream);
    mi_stream_set(stream, 2, MI_PURPOSE_TEST, 0);
    seen[1] = gsl_rng_get(stream);
    mi_stream_set(stream, 1, MI_PURPOSE_MASK, 0);
    seen[2] = gsl_rng_get(stream);
    mi_stream_set(stream, 1, MI_PURPOSE_TEST, 1);
    seen[3] = gsl_rng_get(stream);
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++) {
            assert_true(seen[i] != seen[j]);
        }
    }
    mi_stream_set(stream, 1, MI_PURPOSE_TEST, 0);
    assert_true(gsl_rng_get(stream) == seen[0]);
    gsl_rng_free(stream);
}

/* All 24 orders of four sites, equally often: chi-square with 23 degrees of freedom. */
static void orders_are_uniform(void **state)
{
    (void)state;
    gsl_rng *stream = NULL;
    enum { DRAWS = 24000 };
    unsigned counts[256] = {0};
    assert_int_equal(mi_stream_create(3, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (int i = 0; i < DRAWS; i++) {
        size_t order[4];
        mi_random_order(stream, order, 4);
        counts[order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6]++;
    }
    double chi_square = 0;
    int orders = 0;
    for (int i = 0; i < 256; i++) {
        if (counts[i] > 0) {
            double excess = counts[i] - DRAWS / 24.0;
            chi_square += excess * excess / (DRAWS / 24.0);
            orders++;
        }
    }
    assert_int_equal(orders, 24);
    assert_true(chi_square < 49.7); /* 0.999 quantile */
    gsl_rng_free(stream);
}

typedef struct tally {
    int visits[100];
} tally;

static mi_code visit(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    tally *t = context;
    t->visits[index]++;
    return index % 40 == 39 ? mi_fail(status, MI_NUMERIC, "unit %zu", index) : MI_OK;
}

static void parallel_loop_visits_each_unit_once(void **state)
{
    (void)state;
    tally t = {{0}};
    mi_run run = support_run(1);
    assert_int_equal(mi_parallel_for(&run, "test", 39, visit, &t, NULL), MI_OK);
    for (int i = 0; i < 39; i++) {
        assert_int_equal(t.visits[i], 1);
    }
}

static void parallel_loop_reports_the_failure(void **state)
{
    (void)state;
    tally t = {{0}};
    mi_status status = {.code = MI_OK};
    mi_run run = support_run(1);
    run.threads = 1;
    assert_int_equal(mi_parallel_for(&run, "test", 100, visit, &t, &status), MI_NUMERIC);
    assert_string_equal(status.message, "unit 39");
    assert_int_equal(t.visits[41], 0);
}

static void parallel_loop_stops_on_interrupt(void **state)
{
    (void)state;
    tally t = {{0}};
    volatile sig_atomic_t interrupt = 1;
    mi_run run = support_run(1);
    run.opt_interrupt = &interrupt;
    assert_int_equal(mi_parallel_for(&run, "test", 10, visit, &t, NULL), MI_INTERRUPTED);
    assert_int_equal(t.visits[0], 0);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    size_t product = 0;
    mi_status status;
    assert_int_equal(mi_product(SIZE_MAX / 2, 3, &product, &status), MI_INPUT);
    void *block = NULL;
    assert_int_equal(mi_allocate(SIZE_MAX / 2, 4, &block, &status), MI_MEMORY);
    assert_null(block);
}

static void mean_and_error_of_a_sample(void **state)
{
    (void)state;
    const double values[] = {2.5, 0.25, 4.75, 1.5};
    double mean = 0, error = 0;
    mi_mean_error(values, 1, 4, &mean, &error);
    assert_near(mean, 2.25, 1e-15);
    /* squared deviations .0625 + 4 + 6.25 + .5625 = 10.875; /3 /4 = .90625 */
    assert_near(error, sqrt(0.90625), 1e-15);
}

static void rank_correlation_with_a_tie(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4}, y[] = {10, 30, 20, 20}, flat[] = {1, 1, 1, 1};
    double rho = 0;
    /* ranks of y: 1, 4, 2.5, 2.5; Pearson of ranks: 1.5 / sqrt(5 * 4.5) */
    assert_true(mi_rank_correlation(x, y, 4, &rho));
    assert_near(rho, 1.5 / sqrt(22.5), 1e-14);
    assert_false(mi_rank_correlation(x, flat, 4, &rho));
}

/* The same bits wherever the array lies. */
static void sums_do_not_depend_on_the_alignment(void **state)
{
    (void)state;
    double room[64], expected = 0;
    for (size_t count = 1; count < 50; count++) {
        expected += 1 / (double)count;
        double first = 0;
        for (size_t offset = 0; offset < 8; offset++) {
            for (size_t i = 0; i < count; i++) {
                room[offset + i] = 1 / (double)(i + 1);
            }
            double sum = mi_sum(room + offset, count);
            first = offset == 0 ? sum : first;
            assert_memory_equal(&sum, &first, sizeof sum);
            assert_near(sum, expected, 1e-14);
        }
    }
}

/* Over all orders: 1 to 3 against themselves have 2 of 6 as far out, 1 to 5 have 2 of 120; y of
 * 1, 3, 2, 4 has S = 29 against a mean of 25, and 8 of 24 orders lie at least 4 away (S of 20 is 1
 * order, of 21 3, of 29 3, of 30 1). Two equal values: 2, 2, 9 against 1, 2, 3 has 4 of 6. By
 * Student's t at 12 pairs: rho = 1 - 6 * 16 / (12 * 143), t = 9.0525, scipy.stats.spearmanr. */
static void probability_of_a_rank_correlation(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const double swapped[] = {1, 3, 2, 4}, tied[] = {2, 2, 9};
    double late[12], flat[] = {4, 4, 4};
    for (size_t i = 0; i < 12; i++) {
        late[i] = x[i];
    }
    late[0] = 3;
    late[2] = 1;
    late[8] = 11;
    late[10] = 9;
    assert_near(mi_rank_correlation_p(x, x, 3), 2.0 / 6, 1e-15);
    assert_near(mi_rank_correlation_p(x, x, 5), 2.0 / 120, 1e-15);
    assert_near(mi_rank_correlation_p(x, swapped, 4), 8.0 / 24, 1e-15);
    assert_near(mi_rank_correlation_p(x, tied, 3), 4.0 / 6, 1e-15);
    assert_near(mi_rank_correlation_p(x, late, 12), 3.9272610809659444e-06, 1e-17);
    assert_true(isnan(mi_rank_correlation_p(x, flat, 3)));
}

/* Longer than any buffer of stdio; and nothing at all. */
static void text_written_into_memory(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 7;
    FILE *file = mi_open_text(&text, &size);
    assert_non_null(file);
    for (int i = 0; i < 100000; i++) {
        fprintf(file, "%05d,", i);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(size, 600000);
    assert_int_equal(strlen(text), size);
    assert_memory_equal(text, "00000,00001,", 12);
    assert_memory_equal(text + 6 * 54321, "54321,", 6);
    free(text);
    file = mi_open_text(&text, &size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(size, 0);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_do_not_depend_on_the_alignment),
        cmocka_unit_test(philox_gives_the_published_vector),
        cmocka_unit_test(streams_of_different_keys_differ),
        cmocka_unit_test(orders_are_uniform),
        cmocka_unit_test(parallel_loop_visits_each_unit_once),
        cmocka_unit_test(parallel_loop_reports_the_failure),
        cmocka_unit_test(parallel_loop_stops_on_interrupt),
        cmocka_unit_test(text_written_into_memory),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(mean_and_error_of_a_sample),
        cmocka_unit_test(rank_correlation_with_a_tie),
        cmocka_unit_test(probability_of_a_rank_correlation),
    };
    mi_start();
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
