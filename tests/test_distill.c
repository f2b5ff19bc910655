/* What self-distillation is made of: against PyTorch, brute force, and at the extremes. */
#include "support.h"

#include <gsl/gsl_randist.h>
#include <string.h>

#include "maskinfo/distill.h"
#include "maskinfo/heads.h"
#include "maskinfo/random.h"
#include "torch/distill.h"

static void waves(size_t count, double scale, double speed, double phase, mi_scalar *x)
{
    for (size_t i = 0; i < count; i++) {
        x[i] = (mi_scalar)(scale * sin(speed * (double)i + phase));
    }
}

static void normal(uint64_t index, size_t count, double deviation, mi_scalar *x)
{
    gsl_rng *stream;
    assert_int_equal(mi_stream_create(8, MI_PURPOSE_TEST, index, &stream, NULL), MI_OK);
    for (size_t i = 0; i < count; i++) {
        x[i] = (mi_scalar)gsl_ran_gaussian(stream, deviation);
    }
    gsl_rng_free(stream);
}

static void assert_all(size_t count, const mi_scalar *x, const double *expected, double tolerance)
{
    for (size_t i = 0; i < count; i++) {
        assert_near((double)x[i], expected[i], tolerance);
    }
}

enum { IN = 6, HIDDEN = 10, BOTTLENECK = 4, PROTOTYPES = 9, ROWS = 5, BLOCK = 512 };

typedef struct head_case {
    mi_tensors tensors;
    mi_head head;
    mi_arena arena;
    mi_head_pass *pass;
    mi_weights weights;
    mi_scalar values[BLOCK], transposed[BLOCK], gradient[BLOCK];
    mi_scalar x[ROWS * IN], dx[ROWS * IN], logits[ROWS * PROTOTYPES];
} head_case;

static void head_make(head_case *c)
{
    mi_run run = support_run(1);
    mi_head_config config = {.in = IN,
                             .hidden = HIDDEN,
                             .bottleneck = BOTTLENECK,
                             .prototypes = PROTOTYPES,
                             .layers = 3};
    memset(c, 0, sizeof *c);
    assert_int_equal(mi_head_create(&config, "head.", &c->tensors, &c->head, NULL), MI_OK);
    assert_true(c->tensors.total <= BLOCK);
    for (size_t k = 0; k < c->tensors.count; k++) {
        const mi_tensor *t = &c->tensors.items[k];
        waves(t->count, 0.8, 1.3 + 0.1 * (double)k, 0.2 * (double)k, c->values + t->offset);
    }
    assert_int_equal(mi_tensors_transpose(&c->tensors, c->values, c->transposed, &run, NULL),
                     MI_OK);
    c->weights = (mi_weights){c->values, c->transposed};
    mi_arena dry = {0};
    mi_head_carve(&c->head, ROWS, true, &dry);
    assert_int_equal(mi_arena_create(dry.used, &c->arena, NULL), MI_OK);
    c->pass = mi_head_carve(&c->head, ROWS, true, &c->arena);
    waves(ROWS * IN, 1.1, 0.7, 0.3, c->x);
}

static void head_free(head_case *c)
{
    mi_arena_destroy(&c->arena);
    mi_tensors_free(&c->tensors);
}

/* Head, centred targets and cross-entropy against PyTorch's. */
static void head_torch(void **state)
{
    (void)state;
    static head_case c;
    mi_scalar targets[ROWS * PROTOTYPES], center[PROTOTYPES], weights[ROWS];
    head_make(&c);
    mi_head_forward(&c.head, &c.weights, ROWS, c.x, c.pass, c.logits);
    assert_all(ROWS * PROTOTYPES, c.logits, head_logits, 2e-6);
    waves(ROWS * PROTOTYPES, 0.1, 2.1, 0.5, targets);
    waves(PROTOTYPES, 0.05, 0.9, 0.1, center);
    mi_distill_targets(ROWS, PROTOTYPES, center, 0.04, targets, NULL);
    assert_all(ROWS * PROTOTYPES, targets, head_targets, 2e-6);
    for (size_t r = 0; r < ROWS; r++) {
        weights[r] = (mi_scalar)1 / ROWS;
    }
    double loss = mi_distill_loss(ROWS, PROTOTYPES, 0.1, targets, weights, true, c.logits);
    assert_near(loss, head_loss[0], 3e-5);
    mi_head_backward(&c.head, &c.weights, ROWS, c.x, c.pass, c.logits, c.dx, c.gradient);
    assert_all(ROWS * IN, c.dx, head_dx, 3e-5);
    assert_all(HIDDEN * IN, c.gradient + c.head.layers[0].weight, head_dfirst, 3e-5);
    assert_all(PROTOTYPES * BOTTLENECK, c.gradient + c.head.last, head_dprototypes, 3e-5);
    head_free(&c);
}

/* A bottleneck of 0, a prototype of 0, and one so large that its square is not finite. */
static void head_extremes(void **state)
{
    (void)state;
    static head_case c;
    mi_run run = support_run(1);
    head_make(&c);
    const mi_linear *end = &c.head.layers[2];
    memset(c.values + end->weight, 0, BOTTLENECK * HIDDEN * sizeof *c.values);
    memset(c.values + end->bias, 0, BOTTLENECK * sizeof *c.values);
    assert_int_equal(mi_tensors_transpose(&c.tensors, c.values, c.transposed, &run, NULL), MI_OK);
    mi_head_forward(&c.head, &c.weights, ROWS, c.x, c.pass, c.logits);
    for (size_t i = 0; i < ROWS * PROTOTYPES; i++) {
        assert_true(c.logits[i] == 0);
        c.logits[i] = 1;
    }
    mi_head_backward(&c.head, &c.weights, ROWS, c.x, c.pass, c.logits, c.dx, c.gradient);
    for (size_t i = 0; i < ROWS * IN; i++) {
        assert_true(c.dx[i] == 0);
    }
    waves(BOTTLENECK, 1, 1, 1, c.values + end->bias);
    for (size_t k = 0; k < BOTTLENECK; k++) {
        c.values[c.head.last + k] = 0;
        c.values[c.head.last + BOTTLENECK + k] = (mi_scalar)1e30;
    }
    mi_head_forward(&c.head, &c.weights, ROWS, c.x, c.pass, c.logits);
    mi_head_backward(&c.head, &c.weights, ROWS, c.x, c.pass, c.logits, c.dx, c.gradient);
    double along = (sin(1) + sin(2) + sin(3) + sin(4)) / 2 /
                   sqrt(sin(1) * sin(1) + sin(2) * sin(2) + sin(3) * sin(3) + sin(4) * sin(4));
    assert_true(c.logits[0] == 0);
    assert_near((double)c.logits[1], along, 1e-6);
    for (size_t i = 0; i < c.tensors.total; i++) {
        assert_true(isfinite(c.gradient[i]));
    }
    head_free(&c);
}

static void head_bad(void **state)
{
    (void)state;
    mi_tensors tensors = {0};
    mi_head head;
    mi_mlp mlp;
    mi_status status;
    mi_head_config config = {
        .in = 4, .hidden = 4, .bottleneck = 2, .prototypes = 3, .layers = MI_HEAD_LAYERS + 1};
    assert_int_equal(mi_head_create(&config, "", &tensors, &head, &status), MI_INPUT);
    assert_string_equal(status.place, "layers");
    config.layers = 0;
    assert_int_equal(mi_head_create(&config, "", &tensors, &head, &status), MI_INPUT);
    config.layers = 2;
    config.hidden = 0;
    assert_int_equal(mi_head_create(&config, "", &tensors, &head, &status), MI_INPUT);
    assert_int_equal(mi_mlp_create(3, 0, 2, "", &tensors, &mlp, &status), MI_INPUT);
    mi_tensors_free(&tensors);
}

/* Initial weights: deviation 0.02, prototypes within their bound and of both signs. */
static void head_initial(void **state)
{
    (void)state;
    mi_tensors tensors = {0};
    mi_head head;
    mi_head_config config = {
        .in = 64, .hidden = 64, .bottleneck = 16, .prototypes = 40, .layers = 2};
    assert_int_equal(mi_head_create(&config, "", &tensors, &head, NULL), MI_OK);
    static mi_scalar values[8192];
    assert_true(tensors.total <= 8192);
    gsl_rng *stream;
    assert_int_equal(mi_stream_create(9, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    values[head.layers[0].bias] = 1;
    mi_head_initialize(&head, &tensors, stream, values);
    gsl_rng_free(stream);
    double square = 0, last = 0;
    for (size_t i = 0; i < 4096; i++) {
        square += pow((double)values[head.layers[0].weight + i], 2) / 4096;
    }
    for (size_t i = 0; i < 640; i++) {
        assert_true(fabs((double)values[head.last + i]) <= 0.25);
        last += pow((double)values[head.last + i], 2) / 640;
    }
    assert_near(square, 4e-4, 4 * 4e-4 * sqrt(2.0 / 4096)); /* 4 standard errors */
    assert_near(last, 1.0 / 48, 4 * 0.9 / 48 / sqrt(640));
    assert_true(values[head.layers[0].bias] == 0);
    mi_tensors_free(&tensors);
}

/* In the plain domain, as DINOv2's code has it. */
static void plain_sinkhorn(size_t rows, size_t columns, double temperature, size_t iterations,
                           const mi_scalar *h, double *q)
{
    for (size_t i = 0; i < rows * columns; i++) {
        q[i] = exp((double)h[i] / temperature);
    }
    for (size_t i = 0; i < iterations; i++) {
        for (size_t k = 0; k < columns; k++) {
            double sum = 0;
            for (size_t r = 0; r < rows; r++) {
                sum += q[r * columns + k];
            }
            for (size_t r = 0; r < rows; r++) {
                q[r * columns + k] /= sum * (double)columns;
            }
        }
        for (size_t r = 0; r < rows; r++) {
            double sum = 0;
            for (size_t k = 0; k < columns; k++) {
                sum += q[r * columns + k];
            }
            for (size_t k = 0; k < columns; k++) {
                q[r * columns + k] /= sum * (i + 1 < iterations ? (double)rows : 1);
            }
        }
    }
}

enum { MANY = 24, WIDE = 37 };

static void sinkhorn(void **state)
{
    (void)state;
    mi_scalar h[MANY * WIDE], room[4 * MANY * WIDE];
    double expected[MANY * WIDE], entropies[MANY];
    waves(7 * 5, 0.3, 1.7, 0.2, h);
    mi_sinkhorn(7, 5, 0.06, 3, h, room, NULL);
    assert_all(7 * 5, h, sinkhorn_targets, 3e-6);

    normal(1, MANY * WIDE, 0.2, h);
    plain_sinkhorn(MANY, WIDE, 0.05, 4, h, expected);
    assert_true(mi_sinkhorn_room(MANY, WIDE) <= 4 * MANY * WIDE);
    mi_sinkhorn(MANY, WIDE, 0.05, 4, h, room, entropies);
    assert_all(MANY * WIDE, h, expected, 5e-6);
    for (size_t r = 0; r < MANY; r++) {
        double entropy = 0;
        for (size_t k = 0; k < WIDE; k++) {
            entropy -= expected[r * WIDE + k] * log(expected[r * WIDE + k]);
        }
        assert_near(entropies[r], entropy, 2e-5);
    }
}

/* Many iterations: rows of sum 1, columns of rows / columns. */
static void sinkhorn_sums(void **state)
{
    (void)state;
    mi_scalar h[MANY * WIDE], room[4 * MANY * WIDE];
    normal(2, MANY * WIDE, 0.1, h);
    mi_sinkhorn(MANY, WIDE, 0.05, 200, h, room, NULL);
    for (size_t k = 0; k < WIDE; k++) {
        double sum = 0;
        for (size_t r = 0; r < MANY; r++) {
            sum += (double)h[r * WIDE + k];
        }
        assert_near(sum, (double)MANY / WIDE, 1e-4);
    }
    for (size_t r = 0; r < MANY; r++) {
        double sum = 0;
        for (size_t k = 0; k < WIDE; k++) {
            sum += (double)h[r * WIDE + k];
        }
        assert_near(sum, 1, 1e-5);
    }
}

static void assert_rows(size_t rows, size_t columns, const mi_scalar *p)
{
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t k = 0; k < columns; k++) {
            assert_true(p[r * columns + k] >= 0);
            sum += (double)p[r * columns + k];
        }
        assert_near(sum, 1, 1e-5);
    }
}

static void sinkhorn_extremes(void **state)
{
    (void)state;
    mi_scalar h[MANY * WIDE], room[4 * MANY * WIDE];
    const double scales[] = {1e4, 1e20, 1e30, 3e37};
    for (size_t i = 0; i < 4; i++) {
        normal(3, MANY * WIDE, scales[i], h);
        mi_sinkhorn(MANY, WIDE, 0.04, 3, h, room, NULL);
        assert_rows(MANY, WIDE, h);
    }
    normal(4, WIDE, 1, h); /* one row has no other choice */
    mi_sinkhorn(1, WIDE, 0.04, 3, h, room, NULL);
    for (size_t k = 0; k < WIDE; k++) {
        assert_near((double)h[k], 1.0 / WIDE, 1e-6);
    }
    normal(4, WIDE, 1, h); /* identical ones neither */
    for (size_t r = 1; r < MANY; r++) {
        memcpy(h + r * WIDE, h, WIDE * sizeof *h);
    }
    mi_sinkhorn(MANY, WIDE, 0.04, 3, h, room, NULL);
    for (size_t i = 0; i < MANY * WIDE; i++) {
        assert_near((double)h[i], 1.0 / WIDE, 1e-6);
    }
    memset(h, 0, sizeof h);
    mi_sinkhorn(MANY, WIDE, 0.04, 3, h, room, NULL);
    assert_rows(MANY, WIDE, h);
    normal(5, MANY * WIDE, 1, h); /* none: a plain softmax */
    mi_scalar plain[MANY * WIDE];
    memcpy(plain, h, sizeof h);
    mi_sinkhorn(MANY, WIDE, 0.5, 0, h, room, NULL);
    mi_distill_targets(MANY, WIDE, NULL, 0.5, plain, NULL);
    for (size_t i = 0; i < MANY * WIDE; i++) {
        assert_near((double)h[i], (double)plain[i], 1e-6);
    }
    h[5] = (mi_scalar)NAN;
    mi_sinkhorn(MANY, WIDE, 0.04, 3, h, room, NULL);
    assert_true(isnan(h[0]));
    mi_sinkhorn(0, WIDE, 0.04, 3, h, room, NULL);
}

static double brute_koleo(size_t rows, size_t columns, const mi_scalar *x)
{
    double loss = 0, u[MANY][WIDE];
    for (size_t r = 0; r < rows; r++) {
        double square = 0;
        for (size_t k = 0; k < columns; k++) {
            square += pow((double)x[r * columns + k], 2);
        }
        for (size_t k = 0; k < columns; k++) {
            u[r][k] = (double)x[r * columns + k] / sqrt(square);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        double least = 9;
        for (size_t s = 0; s < rows; s++) {
            double square = s == r ? 81 : 0;
            for (size_t k = 0; k < columns; k++) {
                square += pow(u[r][k] - u[s][k], 2);
            }
            least = fmin(least, sqrt(square));
        }
        loss -= log(least + 1e-8) / (double)rows;
    }
    return loss;
}

static void koleo(void **state)
{
    (void)state;
    mi_scalar x[MANY * WIDE], dx[MANY * WIDE] = {0}, room[4 * MANY * WIDE];
    waves(8 * 6, 1.2, 2.3, 0.4, x);
    assert_near(mi_koleo(8, 6, x, 1, dx, room), koleo_loss[0], 1e-5);
    assert_all(8 * 6, dx, koleo_dx, 2e-5);
    normal(6, MANY * WIDE, 1, x);
    assert_true(mi_koleo_room(MANY, WIDE) <= 4 * MANY * WIDE);
    assert_near(mi_koleo(MANY, WIDE, x, 1, NULL, room), brute_koleo(MANY, WIDE, x), 1e-6);
}

static void koleo_extremes(void **state)
{
    (void)state;
    mi_scalar x[MANY * WIDE], dx[MANY * WIDE] = {0}, room[4 * MANY * WIDE];
    normal(7, MANY * WIDE, 1, x);
    assert_true(mi_koleo(1, WIDE, x, 1, dx, room) == 0);
    assert_true(mi_koleo(0, WIDE, x, 1, dx, room) == 0);
    for (size_t r = 1; r < MANY; r++) {
        memcpy(x + r * WIDE, x, WIDE * sizeof *x);
    }
    assert_near(mi_koleo(MANY, WIDE, x, 1, dx, room), -log(1e-8), 1e-9);
    for (size_t i = 0; i < WIDE; i++) {
        assert_true(dx[i] == 0);
    }
    memset(x, 0, sizeof x);
    assert_near(mi_koleo(MANY, WIDE, x, 1, dx, room), -log(1e-8), 1e-9);
    x[WIDE] = 1; /* at distance 1 from the others, which are at the origin */
    mi_koleo(2, WIDE, x, 1, dx, room);
    for (size_t i = 0; i < MANY * WIDE; i++) {
        assert_true(dx[i] == 0);
    }
    x[0] = (mi_scalar)NAN;
    assert_true(isnan(mi_koleo(MANY, WIDE, x, 1, NULL, room)));
}

static void targets(void **state)
{
    (void)state;
    mi_scalar p[4] = {1, 2, 3, 4}, center[4] = {0.5f, 0.5f, 2, 2};
    double entropy = 0, sum = 0, expected = 0;
    mi_distill_targets(1, 4, center, 0.5, p, &entropy);
    for (size_t k = 0; k < 4; k++) {
        sum += exp(2 * ((double)k + 1 - (double)center[k]));
    }
    for (size_t k = 0; k < 4; k++) {
        double q = exp(2 * ((double)k + 1 - (double)center[k])) / sum;
        assert_near((double)p[k], q, 1e-7);
        expected -= q * log(q);
    }
    assert_near(entropy, expected, 1e-6);

    /* Extreme logits: all on one, none of it lost. */
    mi_scalar h[3] = {(mi_scalar)-3e37, (mi_scalar)3e37, 0}, z[3] = {(mi_scalar)3e37, 0, 0};
    mi_distill_targets(1, 3, NULL, 0.04, h, &entropy);
    assert_true(h[0] == 0 && h[1] == 1 && h[2] == 0 && entropy == 0);
    double loss = mi_distill_loss(1, 3, 0.1, h, NULL, true, z);
    assert_true(loss > 1e38 && isfinite(z[0]) && isfinite(z[1]));
    mi_scalar right[3] = {(mi_scalar)-3e37, (mi_scalar)3e37, 0};
    assert_near(mi_distill_loss(1, 3, 0.1, h, NULL, true, right), 0, 0);
    assert_true(right[0] == 0 && right[1] == 0 && right[2] == 0);

    /* Uniform: log K, and no gradient. */
    mi_scalar flat[4] = {7, 7, 7, 7}, third[4] = {7, 7, 7, 7};
    mi_distill_targets(1, 4, NULL, 0.04, flat, &entropy);
    assert_near(entropy, log(4), 1e-7);
    assert_near(mi_distill_loss(1, 4, 0.1, flat, NULL, true, third), log(4), 1e-7);
    assert_near((double)third[2], 0, 1e-7);
    flat[1] = (mi_scalar)NAN;
    assert_true(isnan(mi_distill_loss(1, 4, 0.1, flat, NULL, false, third)));
}

/* The centre's closed form: c_t = mean (1 - momentum^t). */
static void center(void **state)
{
    (void)state;
    mi_scalar x[6] = {1, 2, 3, 5, 7, 9}, c[2] = {0, 0};
    double means[2];
    mi_column_means(3, 2, x, means);
    assert_near(means[0], 11.0 / 3, 1e-14);
    assert_near(means[1], 16.0 / 3, 1e-14);
    for (int t = 0; t < 7; t++) {
        mi_distill_center(2, 0.8, means, c);
    }
    assert_near((double)c[1], 16.0 / 3 * (1 - pow(0.8, 7)), 1e-6);
    mi_column_means(0, 2, x, means);
    assert_true(means[0] == 0);
    const double p[] = {0.5, 0.25, 0.25, 0};
    assert_near(mi_entropy_of(4, p), 1.5 * log(2), 1e-15);
}

/* Columns of known variance without correlation: exp of the entropy of their shares. */
static void spread(void **state)
{
    (void)state;
    mi_spread *s = NULL;
    enum { N = 64, D = 3 };
    mi_scalar x[N * D], turned[D * N];
    assert_int_equal(mi_spread_create(N, N, &s, NULL), MI_OK);
    const double scale[D] = {3, 2, 1};
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < D; k++) {
            x[i * D + k] = (mi_scalar)(5 + scale[k] * ((i >> k) % 2 == 0 ? 1 : -1));
        }
    }
    double entropy = -(9 * log(9.0 / 14) + 4 * log(4.0 / 14) + log(1.0 / 14)) / 14;
    assert_near(mi_effective_rank(s, N, D, x), exp(entropy), 1e-9);

    /* Fewer rows than columns: two points have one direction, three corners of a simplex two. */
    normal(9, D * N, 1, turned);
    assert_near(mi_effective_rank(s, 2, N, turned), 1, 1e-9);
    memset(turned, 0, sizeof turned);
    turned[0] = turned[N + 1] = turned[2 * N + 2] = 1;
    assert_near(mi_effective_rank(s, 3, N, turned), 2, 1e-9);
    assert_near(mi_feature_deviation(s, 3, N, turned), sqrt(2.0 / 3), 1e-9);

    for (size_t i = 0; i < N * D; i++) {
        x[i] = (mi_scalar)0.3;
    }
    assert_true(mi_effective_rank(s, N, D, x) == 0);
    assert_near(mi_feature_deviation(s, N, D, x), 0, 1e-7);
    memset(x, 0, sizeof x);
    assert_true(mi_effective_rank(s, N, D, x) == 0);
    assert_true(mi_feature_deviation(s, N, D, x) == 0);
    assert_true(mi_effective_rank(s, 1, D, x) == 0);
    for (size_t i = 0; i < N; i++) { /* opposite pairs of different length: mean direction 0 */
        x[i * D + i / 2 % D] = (mi_scalar)(i % 2 == 0 ? 1.0 + (double)i : -2.0);
    }
    assert_near(mi_feature_deviation(s, 60, D, x), 1, 1e-9);
    x[4] = (mi_scalar)NAN;
    assert_true(isnan(mi_effective_rank(s, N, D, x)));
    assert_true(isnan(mi_feature_deviation(s, N, D, x)));
    mi_spread_destroy(s);
    mi_spread_destroy(NULL);
}

int main(void)
{
    mi_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_torch),
        cmocka_unit_test(head_extremes),
        cmocka_unit_test(head_bad),
        cmocka_unit_test(head_initial),
        cmocka_unit_test(sinkhorn),
        cmocka_unit_test(sinkhorn_sums),
        cmocka_unit_test(sinkhorn_extremes),
        cmocka_unit_test(koleo),
        cmocka_unit_test(koleo_extremes),
        cmocka_unit_test(targets),
        cmocka_unit_test(center),
        cmocka_unit_test(spread),
    };
    return cmocka_run_group_tests_name("self-distillation", tests, NULL, NULL);
}
