/* Products of linear layers and their bricks against plain loops in double precision. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "../src/nets/gemm.h"
#include "../src/nets/lanes.h"
#include "../src/nets/multiply.h"
#include "../src/nets/transpose.h"

/* Numbers in [-1, 1] from a linear congruential generator (Numerical Recipes' constants). */
static mi_scalar *numbers(size_t count, uint32_t seed)
{
    mi_scalar *x = malloc((count + 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (mi_scalar)(seed / 2147483648.0 - 1);
    }
    x[count] = 12345; /* what stands behind the end must stay */
    return x;
}

/* Error of a sum of `terms` products of numbers below 1 and a few more. */
static double tolerance(size_t terms)
{
    return (sizeof(mi_scalar) == 4 ? 2.4e-7 : 4.5e-16) * (8 + (double)terms);
}

/* sum over t < terms of a[t * a_step] b[t * b_step] */
static double dot(size_t terms, const mi_scalar *a, size_t a_step, const mi_scalar *b,
                  size_t b_step)
{
    double sum = 0;
    for (size_t t = 0; t < terms; t++) {
        sum += (double)a[t * a_step] * (double)b[t * b_step];
    }
    return sum;
}

static const size_t row_counts[] = {0,  1,  2,  5,   17,  23,  24,  25,
                                    48, 95, 96, 104, 191, 192, 193, 400};
static const size_t sizes[][2] = {{1, 1},    {16, 64}, {64, 48}, {32, 193},  {193, 17}, {64, 64},
                                  {192, 96}, {7, 300}, {100, 3}, {128, 384}, {1024, 2}, {14, 33}};
enum { ROW_COUNTS = sizeof row_counts / sizeof *row_counts, SIZES = sizeof sizes / sizeof *sizes };

typedef struct layer {
    size_t rows, in, out;
    mi_scalar *x, *y, *weight, *transposed, *bias;
} layer;

static layer layer_of(size_t rows, size_t in, size_t out)
{
    layer l = {rows,
               in,
               out,
               numbers(rows * in, 1),
               numbers(rows * out, 2),
               numbers(in * out, 3),
               numbers(in * out, 4),
               numbers(out, 5)};
    mi_transpose(out, in, l.weight, in, l.transposed, out);
    return l;
}

static void layer_free(layer *l)
{
    free(l->x);
    free(l->y);
    free(l->weight);
    free(l->transposed);
    free(l->bias);
}

static void check_forward(size_t rows, size_t in, size_t out)
{
    layer l = layer_of(rows, in, out);
    mi_scalar *biased = numbers(rows * out, 6), *plain = numbers(rows * out, 6);
    mi_multiply_forward(rows, in, out, l.x, l.transposed, l.bias, biased);
    mi_multiply_forward(rows, in, out, l.x, l.transposed, NULL, plain);
    for (size_t i = 0; i < rows * out; i++) {
        double product = dot(in, l.x + i / out * in, 1, l.weight + i % out * in, 1);
        assert_near((double)biased[i], product + (double)l.bias[i % out], tolerance(in));
        assert_near((double)plain[i], product, tolerance(in));
    }
    assert_true(biased[rows * out] == 12345 && plain[rows * out] == 12345);
    free(biased);
    free(plain);
    layer_free(&l);
}

static void check_backward(size_t rows, size_t in, size_t out)
{
    layer l = layer_of(rows, in, out);
    mi_scalar *dw = numbers(in * out, 7), *dw_before = numbers(in * out, 7);
    mi_scalar *db = numbers(out, 8), *db_before = numbers(out, 8), *dx = numbers(rows * in, 9);
    mi_multiply_backward(rows, in, out, l.x, l.y, l.weight, dw, db, dx);
    for (size_t i = 0; i < in * out; i++) {
        double sum = dot(rows, l.y + i / in, out, l.x + i % in, in);
        assert_near((double)dw[i], (double)dw_before[i] + sum, tolerance(rows));
    }
    const mi_scalar one = 1;
    for (size_t j = 0; j < out; j++) {
        double sum = dot(rows, l.y + j, out, &one, 0);
        assert_near((double)db[j], (double)db_before[j] + sum, tolerance(rows));
    }
    for (size_t i = 0; i < rows * in; i++) {
        double sum = dot(out, l.y + i / in * out, 1, l.weight + i % in, in);
        assert_near((double)dx[i], sum, tolerance(out));
    }
    assert_true(dx[rows * in] == 12345 && dw[in * out] == 12345 && db[out] == 12345);
    mi_multiply_backward(rows, in, out, l.x, l.y, l.weight, dw_before, NULL, NULL);
    assert_memory_equal(dw, dw_before, in * out * sizeof *dw);
    free(dw);
    free(dw_before);
    free(db);
    free(db_before);
    free(dx);
    layer_free(&l);
}

static void linear_products_equal_plain_loops(void **state)
{
    (void)state;
    for (size_t r = 0; r < ROW_COUNTS; r++) {
        for (size_t s = 0; s < SIZES; s++) {
            check_forward(row_counts[r], sizes[s][0], sizes[s][1]);
            check_backward(row_counts[r], sizes[s][0], sizes[s][1]);
        }
    }
}

/* One product whose rows are further apart than they are long. */
static void check_product(size_t m, size_t n, size_t k, bool turned, bool add)
{
    size_t a = (turned ? m : k) + 3, b = n + 5, c = n + 2;
    mi_gemm_shape shape = {
        .m = m, .n = n, .k = k, .a = a, .b = b, .c = c, .turned = turned, .add = add};
    mi_scalar *x = numbers((turned ? k : m) * a, 1), *y = numbers(k * b, 2);
    mi_scalar *z = numbers(m * c, 3), *before = numbers(m * c, 3);
    mi_gemm_once(shape, x, y, z);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < c; j++) {
            double sum = turned ? dot(k, x + i, a, y + (j < n ? j : 0), b)
                                : dot(k, x + i * a, 1, y + (j < n ? j : 0), b);
            sum += add ? (double)before[i * c + j] : 0;
            assert_near((double)z[i * c + j], j < n ? sum : (double)before[i * c + j],
                        j < n ? tolerance(k) : 0);
        }
    }
    mi_gemm plain = {.shape = shape, .kernel = NULL}; /* CBLAS, where there is no kernel */
    mi_gemm_run(&plain, x, y, before);
    for (size_t i = 0; i < m * c; i++) {
        assert_near((double)before[i], (double)z[i], tolerance(k));
    }
    free(x);
    free(y);
    free(z);
    free(before);
}

static void strided_products_equal_plain_loops(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{1, 1, 1},    {13, 13, 16}, {50, 50, 8},
                                       {13, 16, 13}, {17, 64, 17}, {128, 32, 128},
                                       {5, 193, 7},  {65, 1, 130}, {1, 17, 300}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int kind = 0; kind < 4; kind++) {
            check_product(shapes[s][0], shapes[s][1], shapes[s][2], kind & 1, kind & 2);
        }
    }
}

static void empty_products(void **state)
{
    (void)state;
    mi_scalar c[6] = {1, 2, 3, 4, 5, 6}, none = 0;
    mi_gemm_once((mi_gemm_shape){.m = 2, .n = 3, .k = 0, .a = 1, .b = 3, .c = 3, .add = true},
                 &none, &none, c);
    assert_true(c[0] == 1 && c[5] == 6);
    mi_gemm_once((mi_gemm_shape){.m = 0, .n = 3, .k = 4, .a = 4, .b = 3, .c = 3}, &none, &none, c);
    assert_true(c[0] == 1 && c[5] == 6);
    mi_gemm_once((mi_gemm_shape){.m = 2, .n = 3, .k = 0, .a = 1, .b = 3, .c = 3}, &none, &none, c);
    assert_true(c[0] == 0 && c[5] == 0);
}

/* Rows are filled up with 0 to whole vectors, and not beyond. */
static void check_padded(size_t rows, size_t columns, size_t from, const mi_scalar *x)
{
    size_t padded = mi_padded(rows), to = padded + 2;
    mi_scalar *y = numbers(columns * to, 2), *before = numbers(columns * to, 2);
    mi_transpose_padded(rows, columns, x, from, y, to);
    for (size_t i = 0; i < columns * to; i++) {
        size_t r = i % to, c = i / to;
        assert_true(y[i] == (r < rows ? x[r * from + c] : r < padded ? 0 : before[i]));
    }
    free(y);
    free(before);
}

static void transposes(void **state)
{
    (void)state;
    static const size_t shapes[][2] = {{1, 1}, {1, 40}, {40, 1}, {16, 16}, {17, 33}, {65, 30}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        size_t rows = shapes[s][0], columns = shapes[s][1], from = columns + 3, to = rows + 2;
        mi_scalar *x = numbers(rows * from, 1), *y = numbers(columns * to, 2);
        mi_scalar *before = numbers(columns * to, 2);
        mi_transpose(rows, columns, x, from, y, to);
        for (size_t i = 0; i < columns * to; i++) {
            size_t r = i % to, c = i / to;
            assert_true(y[i] == (r < rows ? x[r * from + c] : before[i]));
        }
        check_padded(rows, columns, from, x);
        free(x);
        free(y);
        free(before);
    }
}

/* The same bytes on two threads that ask for the same new kernels at the same time. */
typedef struct calls {
    mi_scalar *x, *dy, *weight, *dw; /* dw (calls,width,width) */
} calls;

enum { WIDTH = 40, CALLS = 64 };

static mi_code one_call(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    const calls *c = context;
    size_t rows = 1 + index / 2; /* two calls of each number of rows */
    mi_multiply_backward(rows, WIDTH, WIDTH, c->x, c->dy, c->weight, c->dw + index * WIDTH * WIDTH,
                         NULL, NULL);
    return MI_OK;
}

static void the_same_bytes_on_every_thread(void **state)
{
    (void)state;
    calls c = {numbers(CALLS * WIDTH, 1), numbers(CALLS * WIDTH, 2), numbers(WIDTH * WIDTH, 3),
               calloc(CALLS * WIDTH * WIDTH, sizeof(mi_scalar))};
    mi_run run = support_run(1);
    assert_non_null(c.dw);
    assert_int_equal(mi_parallel_for(&run, "calls", CALLS, one_call, &c, NULL), MI_OK);
    for (size_t i = 0; i < CALLS; i += 2) {
        assert_memory_equal(c.dw + i * WIDTH * WIDTH, c.dw + (i + 1) * WIDTH * WIDTH,
                            WIDTH * WIDTH * sizeof(mi_scalar));
    }
    free(c.x);
    free(c.dy);
    free(c.weight);
    free(c.dw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_products_equal_plain_loops),
        cmocka_unit_test(strided_products_equal_plain_loops),
        cmocka_unit_test(empty_products),
        cmocka_unit_test(transposes),
        cmocka_unit_test(the_same_bytes_on_every_thread),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
