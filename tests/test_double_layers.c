/* Every layer in double precision: gradients against central differences, positions and softmaxes
 * against their formulas. */
#include "gradients.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/layers.h"

enum { ROWS = 5, IN = 7, OUT = 9, MOST = 64, BLOCK = 512 };

typedef struct layer_case {
    mi_tensors tensors;
    mi_linear linear;
    mi_norm norm;
    size_t rows;
    mi_scalar values[BLOCK], transposed[BLOCK], gradient[BLOCK];
    mi_scalar x[MOST], y[MOST], dy[MOST], dx[MOST], mean[ROWS], scale[ROWS];
} layer_case;

static void fill(layer_case *c, uint64_t index)
{
    gsl_rng *stream;
    assert_int_equal(mi_stream_create(4, MI_PURPOSE_TEST, index, &stream, NULL), MI_OK);
    gradients_fill(stream, BLOCK, 0.3, 1, c->values);
    gradients_fill(stream, MOST, 0.2, 1.3, c->x);
    gradients_fill(stream, MOST, 0, 1, c->dy);
    gsl_rng_free(stream);
    assert_true(c->tensors.total <= BLOCK);
}

static double linear_loss(void *context)
{
    layer_case *c = context;
    mi_run run = {.seed = 1, .threads = 1};
    assert_int_equal(mi_tensors_transpose(&c->tensors, c->values, c->transposed, &run, NULL),
                     MI_OK);
    mi_weights weights = {.values = c->values, .transposed = c->transposed};
    mi_linear_forward(&c->linear, &weights, c->rows, c->x, c->y);
    return gradients_weigh(c->rows * OUT, c->dy, c->y);
}

static void check_linear(bool bias, size_t rows)
{
    static layer_case c;
    c = (layer_case){.rows = rows};
    assert_int_equal(mi_linear_add(&c.tensors, "l", IN, OUT, bias, &c.linear, NULL), MI_OK);
    assert_int_equal(c.tensors.count, bias ? 2 : 1);
    fill(&c, 1);
    linear_loss(&c);
    mi_weights weights = {.values = c.values, .transposed = c.transposed};
    mi_linear_backward(&c.linear, &weights, rows, c.x, c.dy, c.dx, c.gradient);
    gradients_check_tensors(&c.tensors, c.values, c.gradient, linear_loss, &c, 1e-6);
    gradients_check("x", rows * IN, c.x, c.dx, linear_loss, &c, 1e-6);

    /* Gradients add up, and an input that needs none gives the same ones. */
    static mi_scalar once[BLOCK];
    memcpy(once, c.gradient, sizeof once);
    mi_linear_backward(&c.linear, &weights, rows, c.x, c.dy, NULL, c.gradient);
    for (size_t i = 0; i < c.tensors.total; i++) {
        assert_near(c.gradient[i], 2 * once[i], 1e-12);
    }
    mi_tensors_free(&c.tensors);
}

static void linear(void **state)
{
    (void)state;
    check_linear(true, ROWS);
    check_linear(false, ROWS);
    check_linear(true, 1);
    check_linear(true, 0);
}

static double norm_loss(void *context)
{
    layer_case *c = context;
    mi_norm_forward(&c->norm, c->values, c->rows, c->x, c->y, c->mean, c->scale);
    return gradients_weigh(c->rows * c->norm.width, c->dy, c->y);
}

static void check_norm(size_t width)
{
    static layer_case c;
    c = (layer_case){.rows = ROWS};
    assert_int_equal(mi_norm_add(&c.tensors, "n", width, &c.norm, NULL), MI_OK);
    fill(&c, width);
    norm_loss(&c);
    mi_norm_backward(&c.norm, c.values, ROWS, c.x, c.mean, c.scale, c.dy, c.dx, c.gradient);
    gradients_check_tensors(&c.tensors, c.values, c.gradient, norm_loss, &c, 1e-6);
    gradients_check("x", ROWS * width, c.x, c.dx, norm_loss, &c, 1e-6);

    /* dx in the place of dy. */
    norm_loss(&c);
    mi_norm_backward(&c.norm, c.values, ROWS, c.x, c.mean, c.scale, c.dy, c.dy, c.gradient);
    for (size_t i = 0; i < ROWS * width; i++) {
        assert_near(c.dy[i], c.dx[i], 1e-14);
    }
    mi_tensors_free(&c.tensors);
}

static void norm(void **state)
{
    (void)state;
    check_norm(12);
    check_norm(7);
    check_norm(3);
}

/* Mean 0 and variance 1 up to epsilon before g and b. */
static void norm_formula(void **state)
{
    (void)state;
    static layer_case c;
    c = (layer_case){.rows = ROWS};
    assert_int_equal(mi_norm_add(&c.tensors, "n", 6, &c.norm, NULL), MI_OK);
    fill(&c, 1);
    norm_loss(&c);
    const mi_scalar *g = c.values + c.norm.weight, *b = c.values + c.norm.bias;
    for (size_t r = 0; r < ROWS; r++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < 6; i++) {
            mean += c.x[r * 6 + i] / 6;
        }
        for (size_t i = 0; i < 6; i++) {
            variance += (c.x[r * 6 + i] - mean) * (c.x[r * 6 + i] - mean) / 6;
        }
        for (size_t i = 0; i < 6; i++) {
            double h = (c.x[r * 6 + i] - mean) / sqrt(variance + 1e-6);
            assert_near(c.y[r * 6 + i], h * g[i] + b[i], 1e-13);
        }
    }
    mi_tensors_free(&c.tensors);
}

static double gelu_loss(void *context)
{
    layer_case *c = context;
    mi_gelu_forward(MOST, c->x, c->y);
    return gradients_weigh(MOST, c->dy, c->y);
}

static void gelu(void **state)
{
    (void)state;
    static layer_case c;
    fill(&c, 3);
    mi_gelu_backward(MOST, c.x, c.dy, c.dx);
    gradients_check("x", MOST, c.x, c.dx, gelu_loss, &c, 1e-6);
    gelu_loss(&c);
    for (size_t i = 0; i < MOST; i++) {
        assert_near(c.y[i], c.x[i] * 0.5 * erfc(-c.x[i] / sqrt(2)), 1e-14);
    }
    mi_gelu_forward(MOST, c.x, c.x); /* in place */
    assert_memory_equal(c.x, c.y, sizeof c.x);
}

/* Two rows, the second 2000 higher, where exp alone would overflow. */
static void softmaxes(void **state)
{
    (void)state;
    const double temperature = 0.7;
    static layer_case c;
    fill(&c, 4);
    mi_scalar *p = c.y, *logs = c.dx;
    for (size_t i = 0; i < 2 * OUT; i++) {
        p[i] = logs[i] = c.x[i] + (i < OUT ? 0 : 2000);
    }
    mi_softmax(2, OUT, temperature, p);
    mi_log_softmax(2, OUT, temperature, logs);
    for (size_t r = 0; r < 2; r++) {
        double sum = 0;
        for (size_t i = 0; i < OUT; i++) {
            sum += exp(c.x[r * OUT + i] / temperature);
        }
        for (size_t i = r * OUT; i < (r + 1) * OUT; i++) {
            double expected = exp(c.x[i] / temperature) / sum;
            assert_near(p[i], expected, 1e-11);
            assert_near(logs[i], log(expected), 1e-11);
        }
    }
}

/* The formulas of the two papers, written for one entry. */
static double lattice_entry(size_t row, size_t column, size_t width, size_t i)
{
    size_t quarter = width / 4, part = i / quarter;
    double place = part < 2 ? (double)column : (double)row;
    double angle = place / pow(10000, (double)(i % quarter) / (double)quarter);
    return part % 2 == 0 ? sin(angle) : cos(angle);
}

static void positions(void **state)
{
    (void)state;
    mi_scalar p[4 * 5 * 8];
    mi_positions(4, 5, 8, p);
    for (size_t i = 0; i < 4 * 5 * 8; i++) {
        assert_near(p[i], lattice_entry(i / 40, i / 8 % 5, 8, i % 8), 1e-14);
    }
    mi_positions(1, 7, 6, p);
    for (size_t i = 0; i < 7 * 6; i++) {
        double angle = (double)(i / 6) / pow(10000, 2 * (double)(i % 6 / 2) / 6);
        assert_near(p[i], i % 2 == 0 ? sin(angle) : cos(angle), 1e-14);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear), cmocka_unit_test(norm),      cmocka_unit_test(norm_formula),
        cmocka_unit_test(gelu),   cmocka_unit_test(softmaxes), cmocka_unit_test(positions),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
