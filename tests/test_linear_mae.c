/* The linear masked autoencoder: its expected loss against masks drawn and against all masks, its
 * closed form against every other network, and a trained one. */
#include "support.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

#include "../src/methods/linear_mae.h"
#include "maskinfo/linear.h"
#include "maskinfo/random.h"

enum { ROWS = 40, SIZE = 12, TOKEN = 3, TOKENS = SIZE / TOKEN };

/* Correlated rows: z C with entries of high entropy. `rank` columns of z are not 0. */
static mi_linear_data some_data(double *values, size_t rank, gsl_rng *stream)
{
    double mix[SIZE][SIZE], z[SIZE];
    for (size_t i = 0; i < SIZE; i++) {
        for (size_t j = 0; j < SIZE; j++) {
            mix[i][j] = gsl_ran_gaussian(stream, 1 / (1 + 0.3 * (double)i));
        }
    }
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t i = 0; i < SIZE; i++) {
            z[i] = i < rank ? gsl_ran_gaussian(stream, 1) : 0;
        }
        for (size_t j = 0; j < SIZE; j++) {
            values[r * SIZE + j] = 0;
            for (size_t i = 0; i < SIZE; i++) {
                values[r * SIZE + j] += z[i] * mix[i][j];
            }
        }
    }
    return (mi_linear_data){.count = ROWS, .size = SIZE, .token = TOKEN, .values = values};
}

static gsl_rng *test_stream(uint64_t index)
{
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, index, &stream, NULL), MI_OK);
    return stream;
}

static void random_product(double *product, gsl_rng *stream)
{
    for (size_t i = 0; i < SIZE * SIZE; i++) {
        product[i] = gsl_ran_gaussian(stream, 0.3);
    }
}

/* |x - (x r) W|^2 / (n d) for masks[row][token]. */
static double loss_of_masks(const mi_linear_data *data, const double *product,
                            bool masks[ROWS][TOKENS])
{
    double sum = 0;
    for (size_t r = 0; r < ROWS; r++) {
        const double *x = data->values + r * SIZE;
        for (size_t j = 0; j < SIZE; j++) {
            double predicted = 0;
            for (size_t i = 0; i < SIZE; i++) {
                predicted += masks[r][i / TOKEN] ? 0 : x[i] * product[i * SIZE + j];
            }
            sum += (x[j] - predicted) * (x[j] - predicted);
        }
    }
    return sum / (ROWS * SIZE);
}

/* All 2^4 masks with their probabilities; every row has the same one, which has the same mean. */
static void expected_loss_equals_the_sum_over_masks(void **state)
{
    (void)state;
    const double ratio = 0.35;
    double values[ROWS * SIZE], product[SIZE * SIZE], expected = 0, loss = 0;
    gsl_rng *stream = test_stream(0);
    mi_linear_data data = some_data(values, SIZE, stream);
    random_product(product, stream);
    for (size_t mask = 0; mask < 1 << TOKENS; mask++) {
        bool masks[ROWS][TOKENS];
        double probability = 1;
        for (size_t t = 0; t < TOKENS; t++) {
            bool masked = mask >> t & 1;
            probability *= masked ? ratio : 1 - ratio;
            for (size_t r = 0; r < ROWS; r++) {
                masks[r][t] = masked;
            }
        }
        expected += probability * loss_of_masks(&data, product, masks);
    }
    assert_int_equal(mi_linear_expected(&data, ratio, product, &loss, NULL), MI_OK);
    assert_near(loss, expected, 1e-12 * expected);
    gsl_rng_free(stream);
}

/* Bernoulli masks of their own for every row: |z| < 4. */
static void expected_loss_equals_monte_carlo(void **state)
{
    (void)state;
    enum { DRAWS = 2000 };
    const double ratio = 0.6;
    double values[ROWS * SIZE], product[SIZE * SIZE], sum = 0, squares = 0, loss = 0;
    gsl_rng *stream = test_stream(1);
    mi_linear_data data = some_data(values, SIZE, stream);
    random_product(product, stream);
    for (int k = 0; k < DRAWS; k++) {
        bool masks[ROWS][TOKENS];
        for (size_t i = 0; i < ROWS * TOKENS; i++) {
            masks[i / TOKENS][i % TOKENS] = gsl_rng_uniform(stream) < ratio;
        }
        double drawn = loss_of_masks(&data, product, masks);
        sum += drawn;
        squares += drawn * drawn;
    }
    double mean = sum / DRAWS, error = sqrt((squares / DRAWS - mean * mean) / (DRAWS - 1));
    assert_int_equal(mi_linear_expected(&data, ratio, product, &loss, NULL), MI_OK);
    print_message("%.6f, Monte Carlo %.6f +- %.6f\n", loss, mean, error);
    assert_near((loss - mean) / error, 0, 4);
    gsl_rng_free(stream);
}

/* Rank of a (d,d) matrix by elimination with full pivoting. */
static size_t rank_of(const double *matrix)
{
    double a[SIZE][SIZE];
    size_t rank = 0;
    memcpy(a, matrix, sizeof a);
    for (; rank < SIZE; rank++) {
        size_t row = rank, column = rank;
        for (size_t i = rank; i < SIZE; i++) {
            for (size_t j = rank; j < SIZE; j++) {
                if (fabs(a[i][j]) > fabs(a[row][column])) {
                    row = i;
                    column = j;
                }
            }
        }
        if (fabs(a[row][column]) < 1e-10) {
            return rank;
        }
        for (size_t j = 0; j < SIZE; j++) {
            double kept = a[rank][j];
            a[rank][j] = a[row][j];
            a[row][j] = kept;
        }
        for (size_t i = 0; i < SIZE; i++) {
            double kept = a[i][rank];
            a[i][rank] = a[i][column];
            a[i][column] = kept;
        }
        for (size_t i = rank + 1; i < SIZE; i++) {
            double factor = a[i][rank] / a[rank][rank];
            for (size_t j = rank; j < SIZE; j++) {
                a[i][j] -= factor * a[rank][j];
            }
        }
    }
    return rank;
}

/* W (I + eps N) and (I + eps N) W have W's rank, and lie on both sides of it: the loss there is
 * larger, by the order of eps^2. */
static void check_neighbors(const mi_linear_data *data, double ratio, const double *product,
                            double closed, gsl_rng *stream)
{
    const double step = 1e-3;
    for (int trial = 0; trial < 40; trial++) {
        double direction[SIZE * SIZE], moved[SIZE * SIZE], loss = 0;
        random_product(direction, stream);
        for (size_t i = 0; i < SIZE; i++) {
            for (size_t j = 0; j < SIZE; j++) {
                double sum = 0;
                for (size_t l = 0; l < SIZE; l++) {
                    sum += trial % 2 == 0 ? product[i * SIZE + l] * direction[l * SIZE + j]
                                          : direction[i * SIZE + l] * product[l * SIZE + j];
                }
                moved[i * SIZE + j] = product[i * SIZE + j] + (trial % 4 < 2 ? step : -step) * sum;
            }
        }
        assert_int_equal(mi_linear_expected(data, ratio, moved, &loss, NULL), MI_OK);
        assert_true(loss > closed);
        assert_true(loss < closed * (1 + 1e-3));
    }
}

static void closed_form_is_the_least(void **state)
{
    (void)state;
    double values[ROWS * SIZE], product[SIZE * SIZE], last = INFINITY;
    gsl_rng *stream = test_stream(2);
    mi_linear_data data = some_data(values, SIZE, stream);
    for (size_t rank = 1; rank <= SIZE; rank += 2) {
        mi_linear_setting setting = {.ratio = 0.4, .rank = rank};
        double closed = 0, expected = 0;
        assert_int_equal(mi_linear_solve(&data, &setting, product, &closed, NULL), MI_OK);
        assert_int_equal(mi_linear_expected(&data, 0.4, product, &expected, NULL), MI_OK);
        assert_near(closed, expected, 1e-11 * expected);
        assert_int_equal(rank_of(product), rank);
        assert_true(closed < last);
        last = closed;
        check_neighbors(&data, 0.4, product, closed, stream);
    }
    gsl_rng_free(stream);
}

/* Full rank: M W = (1-m) S. */
static void full_rank_is_a_ridge_regression(void **state)
{
    (void)state;
    double values[ROWS * SIZE], product[SIZE * SIZE], closed = 0;
    gsl_rng *stream = test_stream(3);
    mi_linear_data data = some_data(values, SIZE, stream);
    mi_linear_setting setting = {.ratio = 0.75, .rank = SIZE};
    mi_linear_moments moments;
    assert_int_equal(mi_linear_moments_create(&data, 0.75, &moments, NULL), MI_OK);
    assert_int_equal(mi_linear_solve(&data, &setting, product, &closed, NULL), MI_OK);
    for (size_t i = 0; i < SIZE; i++) {
        for (size_t j = 0; j < SIZE; j++) {
            double left = 0;
            for (size_t l = 0; l < SIZE; l++) {
                left += moments.ridge[i * SIZE + l] * product[l * SIZE + j];
            }
            assert_near(left, moments.second[i * SIZE + j], 1e-12);
        }
    }
    mi_linear_moments_free(&moments);
    gsl_rng_free(stream);
}

/* A pixel that is always 0 and data of low rank: M has no inverse. */
static void data_without_full_rank(void **state)
{
    (void)state;
    double values[ROWS * SIZE], product[SIZE * SIZE], closed = 0, expected = 0;
    gsl_rng *stream = test_stream(4);
    mi_linear_data data = some_data(values, 2, stream);
    mi_linear_setting setting = {.ratio = 0.5, .rank = SIZE};
    for (size_t r = 0; r < ROWS; r++) {
        values[r * SIZE + 4] = 0;
    }
    assert_int_equal(mi_linear_solve(&data, &setting, product, &closed, NULL), MI_OK);
    assert_int_equal(mi_linear_expected(&data, 0.5, product, &expected, NULL), MI_OK);
    assert_true(closed > 0);
    assert_near(closed, expected, 1e-10 * expected);
    gsl_rng_free(stream);
}

/* Trained on masks drawn at each step, to within 0.5 % of the least loss and never below it, from
 * far away. */
static void trained_network_reaches_the_closed_form(void **state)
{
    (void)state;
    double values[ROWS * SIZE];
    gsl_rng *stream = test_stream(5);
    mi_linear_data data = some_data(values, SIZE, stream);
    mi_run run = support_run(1);
    for (int k = 0; k < 3; k++) {
        mi_linear_setting setting = {.ratio = 0.25 + 0.25 * k,
                                     .rank = (size_t)(1 + 3 * k),
                                     .steps = 4000,
                                     .batch = 64,
                                     .rate = 0.02};
        mi_linear_result result;
        assert_int_equal(mi_linear_mae(&data, &setting, &run, &result, NULL), MI_OK);
        print_message("rank %zu, ratio %.2f: closed %.6f, trained %.6f, initial %.4f\n",
                      setting.rank, setting.ratio, result.closed, result.trained, result.initial);
        assert_int_equal(result.steps, 4000);
        assert_true(result.initial > 1.3 * result.closed);
        assert_true(result.trained >= result.closed * (1 - 1e-12));
        assert_true(result.trained <= result.closed * 1.005);
    }
    gsl_rng_free(stream);
}

static void check_refused(mi_linear_data data, mi_linear_setting setting, mi_code code,
                          const char *place)
{
    mi_status status = {.code = MI_OK};
    mi_linear_result result;
    mi_run run = support_run(1);
    assert_int_equal(mi_linear_mae(&data, &setting, &run, &result, &status), code);
    assert_string_equal(status.place, place);
}

static void bad_settings_are_refused(void **state)
{
    (void)state;
    double values[ROWS * SIZE] = {0};
    mi_linear_data data = {.count = ROWS, .size = SIZE, .token = TOKEN, .values = values};
    mi_linear_data odd = data, none = data;
    mi_linear_setting good = {.ratio = 0.5, .rank = 2, .steps = 1, .batch = 1, .rate = 0.1};
    odd.token = 5;
    none.count = 0;
    check_refused(odd, good, MI_INPUT, "token");
    check_refused(none, good, MI_INPUT, "");
    mi_linear_setting bad = good;
    bad.ratio = 1;
    check_refused(data, bad, MI_INPUT, "ratio");
    bad.ratio = NAN;
    check_refused(data, bad, MI_INPUT, "ratio");
    bad = good;
    bad.rank = SIZE + 1;
    check_refused(data, bad, MI_INPUT, "rank");
    bad = good;
    bad.batch = 0;
    check_refused(data, bad, MI_INPUT, "batch");
    values[17] = INFINITY;
    check_refused(data, good, MI_NUMERIC, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected_loss_equals_the_sum_over_masks),
        cmocka_unit_test(expected_loss_equals_monte_carlo),
        cmocka_unit_test(closed_form_is_the_least),
        cmocka_unit_test(full_rank_is_a_ridge_regression),
        cmocka_unit_test(data_without_full_rank),
        cmocka_unit_test(trained_network_reaches_the_closed_form),
        cmocka_unit_test(bad_settings_are_refused),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
