/* The tuned kernels in float against plain loops in double precision, with the stated bounds. */
#include "support.h"

#include <float.h>
#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

#include "../src/nets/attention.h"
#include "../src/nets/block_product.h"
#include "../src/nets/elementwise.h"
#include "../src/nets/lanes.h"
#include "maskinfo/layers.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"

static gsl_rng *stream;

static int make_stream(void **state)
{
    (void)state;
    return mi_stream_create(11, MI_PURPOSE_TEST, 0, &stream, NULL);
}

static int free_stream(void **state)
{
    (void)state;
    gsl_rng_free(stream);
    return 0;
}

/* `count` normal numbers; released with free(). */
static float *normals(size_t count)
{
    float *x = NULL;
    assert_int_equal(mi_allocate(count, sizeof *x, &x, NULL), MI_OK);
    for (size_t i = 0; i < count; i++) {
        x[i] = (float)gsl_ran_gaussian(stream, 1);
    }
    return x;
}

/* Distance from the exact value in units of its last place. */
static double units(double actual, double exact)
{
    return fabs(actual - exact) / (fabs(exact) * FLT_EPSILON / 2);
}

static void check_block_product(size_t rows, size_t columns, size_t depth, bool turned)
{
    size_t across = mi_padded(columns) + 3;
    float *a = normals(rows * depth), *b = normals(depth * across), *c = normals(rows * across);
    mi_strided s = {.values = a, .row = turned ? 1 : depth, .step = turned ? rows : 1};
    mi_block_product(rows, columns, depth, s, (mi_dense_rows){.values = b, .row = across},
                     (mi_dense_rows){.values = NULL}, c, across);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            double sum = 0, size = 0;
            for (size_t k = 0; k < depth; k++) {
                double term = (double)a[i * s.row + k * s.step] * b[k * across + j];
                sum += term;
                size += fabs(term);
            }
            assert_near(c[i * across + j], sum, size * 1e-6);
        }
    }
    free(a);
    free(b);
    free(c);
}

/* Every height and width of a register block, and several of each. */
static void block_products(void **state)
{
    (void)state;
    for (size_t rows = 1; rows <= 40; rows++) {
        for (size_t columns = 1; columns <= 9 * MI_LANES; columns += MI_LANES) {
            check_block_product(rows, columns, 1 + (rows * 7 + columns) % 33, rows % 2 == 0);
        }
    }
    check_block_product(196, 196, 64, true);
}

/* Where the other exponential is nothing beside 1 a softmax shows it bare. */
static void exponential(void **state)
{
    (void)state;
    double worst = 0, worst_ratio = 0;
    for (int i = 0; i <= 200000; i++) {
        float x = -86.5f * (float)i / 200000, row[2] = {0, x};
        mi_softmax(1, 2, 1, row);
        if (x < -18) {
            worst = fmax(worst, units(row[1], exp(x)));
        } else {
            worst_ratio = fmax(worst_ratio, units((double)row[1] / row[0], exp(x)));
        }
    }
    assert_true(worst > 0.5 && worst < 3);
    assert_true(worst_ratio < 5);
    float row[3] = {0, -(float)INFINITY, -90}, bad[3] = {0, NAN, 1};
    mi_softmax(1, 3, 1, row);
    assert_true(row[0] == 1 && row[1] == 0 && row[2] == 0);
    mi_softmax(1, 3, 1, bad);
    assert_true(isnan(bad[0]) && isnan(bad[1]) && isnan(bad[2]));
}

static void check_softmax(size_t rows, size_t columns, float temperature)
{
    float *x = normals(rows * columns), *p = normals(rows * columns);
    float *logs = normals(rows * columns);
    for (size_t i = 0; i < rows * columns; i++) {
        p[i] = logs[i] = x[i] = 4 * x[i] + 1000 * (float)(i / columns);
    }
    mi_softmax(rows, columns, temperature, p);
    mi_log_softmax(rows, columns, temperature, logs);
    for (size_t r = 0; r < rows; r++) {
        double sum = 0, total = 0, shift = 1000 * (double)r;
        for (size_t i = r * columns; i < (r + 1) * columns; i++) {
            sum += exp((x[i] - shift) / temperature);
            total += p[i];
        }
        assert_near(total, 1, 1e-6);
        for (size_t i = r * columns; i < (r + 1) * columns; i++) {
            double exact = (x[i] - shift) / temperature - log(sum);
            assert_near(logs[i], exact, 4e-6 * (1 + fabs(exact)));
            assert_near(p[i], exp(exact), 4e-6 * exp(exact));
        }
    }
    free(x);
    free(p);
    free(logs);
}

static void softmaxes(void **state)
{
    (void)state;
    for (size_t columns = 1; columns < 70; columns += 3) {
        check_softmax(3, columns, 1);
    }
    check_softmax(2, 64, 0.5f);
    mi_softmax(3, 0, 1, NULL);
    mi_log_softmax(0, 5, 1, NULL);
}

/* Both within 2.5e-7 of the exact values, and of x where |x| is large. */
static void gelu(void **state)
{
    (void)state;
    enum { COUNT = 40003 };
    static float x[COUNT], y[COUNT], slope[COUNT], ones[COUNT], dx[COUNT], again[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        x[i] = slope[i] = (float)((double)i / 1000 - 20);
        ones[i] = 1;
    }
    mi_gelu_forward(COUNT, x, y);
    mi_gelu_backward(COUNT, x, ones, dx);
    mi_gelu_slopes(COUNT, slope, again);
    assert_memory_equal(y, again, sizeof y);
    assert_memory_equal(dx, slope, sizeof dx);
    double worst = 0, worst_slope = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double v = x[i], phi = 0.5 * erfc(-v * sqrt(0.5));
        double density = exp(-v * v / 2) / sqrt(2 * acos(-1));
        worst = fmax(worst, fabs(y[i] - v * phi) / fmax(1, fabs(v)));
        worst_slope = fmax(worst_slope, fabs(slope[i] - (phi + v * density)));
    }
    assert_true(worst > 1e-9 && worst < 2.5e-7);
    assert_true(worst_slope > 1e-9 && worst_slope < 2.5e-7);
    float bad[2] = {NAN, 0}, out[2];
    mi_gelu_forward(2, bad, out);
    assert_true(isnan(out[0]) && out[1] == 0);
}

static void sums_and_products(void **state)
{
    (void)state;
    for (size_t columns = 1; columns < 150; columns += 7) {
        float *x = normals(5 * columns), *y = normals(5 * columns), *sums = normals(columns);
        for (size_t c = 0; c < columns; c++) {
            sums[c] = (float)c;
        }
        mi_add_rows(5, columns, x, sums);
        for (size_t c = 0; c < columns; c++) {
            double sum = (double)c;
            for (size_t r = 0; r < 5; r++) {
                sum += x[r * columns + c];
            }
            assert_near(sums[c], sum, 1e-6 * (10 + (double)c));
        }
        float *product = normals(5 * columns);
        memcpy(product, y, 5 * columns * sizeof *y);
        mi_times(5 * columns, x, product);
        for (size_t i = 0; i < 5 * columns; i++) {
            assert_near(product[i], x[i] * y[i], 0);
        }
        free(x);
        free(y);
        free(sums);
        free(product);
    }
}

/* Rows with a mean far from 0 keep their variance. */
static void norms(void **state)
{
    (void)state;
    for (size_t width = 2; width < 100; width += 7) {
        mi_norm norm = {.width = width, .weight = 0, .bias = width};
        float *x = normals(3 * width), *parameters = normals(2 * width), *y = normals(3 * width);
        float mean[3], scale[3];
        for (size_t i = 0; i < 3 * width; i++) {
            x[i] += 100;
        }
        mi_norm_forward(&norm, parameters, 3, x, y, mean, scale);
        for (size_t r = 0; r < 3; r++) {
            double m = 0, variance = 0;
            for (size_t c = 0; c < width; c++) {
                m += x[r * width + c] / (double)width;
            }
            for (size_t c = 0; c < width; c++) {
                variance += pow(x[r * width + c] - m, 2) / (double)width;
            }
            assert_near(mean[r], m, 1e-4);
            for (size_t c = 0; c < width; c++) {
                double h = (x[r * width + c] - m) / sqrt(variance + 1e-6);
                double exact = h * parameters[c] + parameters[width + c];
                assert_near(y[r * width + c], exact, 1e-4 * (1 + fabs(parameters[c])));
            }
        }
        free(x);
        free(parameters);
        free(y);
    }
}

typedef struct attention_case {
    mi_attention attention;
    size_t length;
    float *qkv, *out, *dout, *dqkv, *kept, *space;
} attention_case;

static attention_case create(size_t length, size_t width, size_t heads)
{
    attention_case c = {.attention = {.width = width, .heads = heads}, .length = length};
    c.qkv = normals(length * 3 * width);
    c.out = normals(length * width);
    c.dout = normals(length * width);
    c.dqkv = normals(length * 3 * width);
    c.kept = normals(length * mi_attention_kept(&c.attention, length));
    c.space = normals(mi_attention_space(&c.attention, length));
    return c;
}

static void destroy(attention_case *c)
{
    free(c->qkv);
    free(c->out);
    free(c->dout);
    free(c->dqkv);
    free(c->kept);
    free(c->space);
}

/* Row i of head h, softmax of q k / sqrt(size). */
static void plain_row(const attention_case *c, size_t h, size_t i, double *p)
{
    size_t width = c->attention.width, size = width / c->attention.heads;
    double sum = 0;
    for (size_t j = 0; j < c->length; j++) {
        double s = 0;
        for (size_t t = h * size; t < (h + 1) * size; t++) {
            s += (double)c->qkv[i * 3 * width + t] * c->qkv[(j * 3 + 1) * width + t];
        }
        p[j] = exp(s / sqrt((double)size));
        sum += p[j];
    }
    for (size_t j = 0; j < c->length; j++) {
        p[j] /= sum;
    }
}

static void check_forward(const attention_case *c)
{
    size_t width = c->attention.width, size = width / c->attention.heads;
    double p[256];
    float weights[256 * 8];
    for (size_t i = 0; i < c->length; i++) {
        mi_attention_weights(&c->attention, c->length, c->qkv, i, weights);
        for (size_t t = 0; t < width; t++) {
            if (t % size == 0) {
                plain_row(c, t / size, i, p);
            }
            double out = 0, total = 0;
            for (size_t j = 0; j < c->length; j++) {
                out += p[j] * c->qkv[(j * 3 + 2) * width + t];
                total += weights[t / size * c->length + j];
                assert_near(weights[t / size * c->length + j], p[j], 1e-5 * p[j]);
            }
            assert_near(total, 1, 1e-6);
            assert_near(c->out[i * width + t], out, 1e-5);
        }
    }
}

/* out = p v, p = softmax(s), s = q k^T / sqrt(size), in plain loops: exact (length,3*width). */
static void plain_backward(const attention_case *c, double *exact)
{
    size_t width = c->attention.width, size = width / c->attention.heads;
    double p[256], dp[256];
    for (size_t h = 0; h < c->attention.heads; h++) {
        for (size_t i = 0; i < c->length; i++) {
            double mean = 0;
            plain_row(c, h, i, p);
            for (size_t j = 0; j < c->length; j++) {
                dp[j] = 0;
                for (size_t t = h * size; t < (h + 1) * size; t++) {
                    double d = c->dout[i * width + t];
                    dp[j] += d * c->qkv[(j * 3 + 2) * width + t];
                    exact[(j * 3 + 2) * width + t] += d * p[j];
                }
                mean += p[j] * dp[j];
            }
            for (size_t j = 0; j < c->length; j++) {
                double ds = p[j] * (dp[j] - mean) / sqrt((double)size);
                for (size_t t = h * size; t < (h + 1) * size; t++) {
                    exact[i * 3 * width + t] += ds * c->qkv[(j * 3 + 1) * width + t];
                    exact[(j * 3 + 1) * width + t] += ds * c->qkv[i * 3 * width + t];
                }
            }
        }
    }
}

static void check_backward(attention_case *c, bool kept)
{
    size_t count = c->length * 3 * c->attention.width;
    double *exact = NULL;
    assert_int_equal(mi_allocate(count, sizeof *exact, &exact, NULL), MI_OK);
    plain_backward(c, exact);
    mi_attention_backward(&c->attention, c->length, c->qkv, c->dout, c->dqkv, kept ? c->kept : NULL,
                          c->space);
    for (size_t i = 0; i < count; i++) {
        assert_near(c->dqkv[i], exact[i], 2e-5);
    }
    free(exact);
}

static void attention(void **state)
{
    (void)state;
    static const struct {
        size_t length, width, heads;
    } shapes[] = {{1, 8, 1},    {1, 64, 4},  {2, 24, 3},   {12, 64, 4},  {16, 192, 3},
                  {17, 32, 4},  {42, 64, 4}, {33, 20, 1},  {128, 64, 2}, {196, 32, 1},
                  {256, 16, 1}, {5, 7, 7},   {64, 320, 2}, {49, 32, 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        attention_case c = create(shapes[i].length, shapes[i].width, shapes[i].heads);
        mi_attention_forward(&c.attention, c.length, c.qkv, c.out, NULL, c.space);
        check_forward(&c);
        mi_attention_forward(&c.attention, c.length, c.qkv, c.out, c.kept, c.space);
        check_forward(&c);
        check_backward(&c, true);
        check_backward(&c, false);
        destroy(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_products),    cmocka_unit_test(exponential),
        cmocka_unit_test(softmaxes),         cmocka_unit_test(gelu),
        cmocka_unit_test(sums_and_products), cmocka_unit_test(norms),
        cmocka_unit_test(attention),
    };
    mi_start();
    return cmocka_run_group_tests(tests, make_stream, free_stream);
}
