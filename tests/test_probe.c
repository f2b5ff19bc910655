/* Probes of features: neighbours against brute force, the linear one against the conditions of its
 * minimum and recorded values, both against the Bayes accuracy of known classes. */
#include "support.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

#include "../src/methods/lbfgs.h"
#include "../src/methods/probe_parts.h"
#include "maskinfo/random.h"

enum { SEED = 20 };

typedef struct examples {
    mi_scalar *x;
    int *labels;
    mi_probe_data data;
} examples;

static examples new_examples(size_t count, size_t size)
{
    examples e = {malloc(count * size * sizeof *e.x), malloc(count * sizeof *e.labels), {0}};
    assert_true(e.x != NULL && e.labels != NULL);
    e.data = (mi_probe_data){count, size, e.x, e.labels};
    return e;
}

static void free_examples(examples *e)
{
    free(e->x);
    free(e->labels);
}

static gsl_rng *stream_of(uint64_t index)
{
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(SEED, MI_PURPOSE_TEST, index, &stream, NULL), MI_OK);
    return stream;
}

/* Classes at random, features normal around `shift` on the axis of the label, feature j multiplied
 * by spread^(j % 3). */
static examples normal_examples(size_t count, size_t size, size_t classes, double shift,
                                double spread, uint64_t index)
{
    examples e = new_examples(count, size);
    gsl_rng *stream = stream_of(index);
    for (size_t i = 0; i < count; i++) {
        e.labels[i] = (int)gsl_rng_uniform_int(stream, classes);
        for (size_t j = 0; j < size; j++) {
            double mean = j == (size_t)e.labels[i] ? shift : 0;
            e.x[i * size + j] =
                (mi_scalar)((mean + gsl_ran_ugaussian(stream)) * pow(spread, (double)(j % 3)));
        }
    }
    gsl_rng_free(stream);
    return e;
}

static double neighbors(const mi_probe_data *training, const mi_probe_data *held_out,
                        size_t classes, size_t count, int threads)
{
    mi_run run = support_run(1);
    run.threads = threads;
    double accuracy = NAN;
    mi_status status = {0};
    mi_code code = mi_probe_neighbors(training, held_out, classes, count, &run, &accuracy, &status);
    assert_string_equal(status.message, "");
    assert_int_equal(code, MI_OK);
    return accuracy;
}

static double linear(const mi_probe_data *training, const mi_probe_data *held_out, size_t classes,
                     double ridge)
{
    mi_run run = support_run(1);
    double accuracy = NAN;
    mi_status status = {0};
    mi_code code = mi_probe_linear(training, held_out, classes, ridge, &run, &accuracy, &status);
    assert_string_equal(status.message, "");
    assert_int_equal(code, MI_OK);
    return accuracy;
}

/* Brute force: all similarities in double, the nearest by repeated search. */

static double similarity(const mi_scalar *a, const mi_scalar *b, size_t size)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t j = 0; j < size; j++) {
        ab += (double)a[j] * (double)b[j];
        aa += (double)a[j] * (double)a[j];
        bb += (double)b[j] * (double)b[j];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static int brute_force(const mi_probe_data *training, const mi_scalar *x, size_t classes, size_t k)
{
    double *near = malloc(training->count * sizeof *near), votes[16] = {0};
    for (size_t i = 0; i < training->count; i++) {
        near[i] = similarity(x, training->features + i * training->size, training->size);
    }
    for (size_t n = 0; n < k && n < training->count; n++) {
        size_t best = 0;
        for (size_t i = 1; i < training->count; i++) {
            best = near[i] > near[best] ? i : best;
        }
        votes[training->labels[best]] += exp(near[best] / 0.07);
        near[best] = -2;
    }
    free(near);
    int told = 0;
    for (size_t c = 1; c < classes; c++) {
        told = votes[c] > votes[told] ? (int)c : told;
    }
    return told;
}

/* Held-out examples that carry what brute force tells of them are all told rightly; those of every
 * third one moved by a class are not. */
static void neighbors_by_brute_force(void **state)
{
    (void)state;
    static const size_t shapes[][4] = {/* training, held-out, size, neighbours */
                                       {2, 3, 2, 5},     {7, 64, 3, 7},      {511, 65, 5, 1},
                                       {513, 130, 8, 4}, {1100, 127, 6, 20}, {300, 9, 17, 300}};
    for (size_t t = 0; t < sizeof shapes / sizeof *shapes; t++) {
        examples a = normal_examples(shapes[t][0], shapes[t][2], 5, 1.5, 2, 10 + t);
        examples b = normal_examples(shapes[t][1], shapes[t][2], 5, 1.5, 2, 20 + t);
        size_t moved = 0;
        for (size_t i = 0; i < b.data.count; i++) {
            b.labels[i] = brute_force(&a.data, b.x + i * b.data.size, 5, shapes[t][3]);
        }
        for (int threads = 1; threads <= 3; threads++) {
            assert_true(neighbors(&a.data, &b.data, 5, shapes[t][3], threads) == 1);
        }
        for (size_t i = 0; i < b.data.count; i += 3, moved++) {
            b.labels[i] = (b.labels[i] + 1) % 5;
        }
        double expected = (double)(b.data.count - moved) / (double)b.data.count;
        assert_near(neighbors(&a.data, &b.data, 5, shapes[t][3], 2), expected, 1e-15);
        free_examples(&a);
        free_examples(&b);
    }
}

/* Equal similarities: the earlier example; equal votes: the smaller class; zeros: similarity 0. */
static void neighbors_in_ties(void **state)
{
    (void)state;
    mi_scalar x[] = {1, 0, 2, 0, 0, 1, 0, 0}, held[] = {3, 0};
    int labels[] = {2, 1, 0, 0}, label = 2;
    mi_probe_data training = {4, 2, x, labels}, held_out = {1, 2, held, &label};
    assert_true(neighbors(&training, &held_out, 3, 1, 1) == 1);
    label = 1; /* one vote each of 2 and 1 */
    assert_true(neighbors(&training, &held_out, 3, 2, 1) == 1);
    held[0] = 0; /* all similarities are 0, and class 0 has two votes of four */
    label = 0;
    assert_true(neighbors(&training, &held_out, 3, 4, 1) == 1);
    label = 2;
    assert_true(neighbors(&training, &held_out, 3, 1, 1) == 1);
    assert_true(neighbors(&training, &held_out, 3, 1000, 1) == 0); /* all four */
}

/* A nearer one pushes out the last of equals; where there are too few, nobody votes for them. */
static void neighbors_at_the_end(void **state)
{
    (void)state;
    mi_scalar x[] = {1, 0.2f, 1, 0.2f, 1, 0.2f, 1, 0.1f}, held[] = {1, 0};
    int labels[] = {1, 1, 2, 2}, label = 1;
    mi_probe_data training = {4, 2, x, labels}, held_out = {1, 2, held, &label};
    assert_true(neighbors(&training, &held_out, 3, 3, 1) == 1);
    held[0] = -1;
    label = 2;
    labels[0] = labels[1] = 2;
    assert_true(neighbors(&training, &held_out, 3, 1000, 1) == 1);
}

/* A label by the sector of an angle, wrong in 15 % of the cases: many neighbours come to 0.85. */
static void neighbors_reach_bayes(void **state)
{
    (void)state;
    enum { COUNT = 8000 };
    examples parts[2] = {new_examples(COUNT, 2), new_examples(COUNT, 2)};
    for (size_t p = 0; p < 2; p++) {
        gsl_rng *stream = stream_of(30 + p);
        for (size_t i = 0; i < COUNT; i++) {
            double angle = 2 * M_PI * gsl_rng_uniform(stream);
            double length = exp(gsl_ran_ugaussian(stream));
            parts[p].x[2 * i] = (mi_scalar)(length * cos(angle));
            parts[p].x[2 * i + 1] = (mi_scalar)(length * sin(angle));
            int sector = (int)(angle / (2 * M_PI) * 3) % 3;
            bool wrong = gsl_rng_uniform(stream) < 0.15;
            parts[p].labels[i] =
                wrong ? (sector + 1 + (int)gsl_rng_uniform_int(stream, 2)) % 3 : sector;
        }
        gsl_rng_free(stream);
    }
    double accuracy = neighbors(&parts[0].data, &parts[1].data, 3, 100, 2);
    double z = (accuracy - 0.85) / sqrt(0.85 * 0.15 / COUNT);
    assert_true(z < 4 && z > -5); /* a few are lost at the borders of the sectors */
    double nearest = neighbors(&parts[0].data, &parts[1].data, 3, 1, 2);
    double expected = 0.85 * 0.85 + 0.15 * 0.15 / 2; /* two labels agree, independently drawn */
    assert_near((nearest - expected) / sqrt(expected * (1 - expected) / COUNT), 0, 4);
    free_examples(&parts[0]);
    free_examples(&parts[1]);
}

/* Two normal classes: Phi(d / 2), whatever the scales of the features. */
static void linear_reaches_bayes(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    const double shift = 1.3;
    examples a = normal_examples(COUNT, 10, 2, shift, 10, 40);
    examples b = normal_examples(COUNT, 10, 2, shift, 10, 41);
    double bayes = gsl_cdf_ugaussian_P(shift * M_SQRT2 / 2);
    double z =
        (linear(&a.data, &b.data, 2, 1e-4) - bayes) / sqrt(bayes * (1 - bayes) / (double)COUNT);
    assert_near(z, 0, 4);
    free_examples(&a);
    free_examples(&b);
}

static void separable_classes(void **state)
{
    (void)state;
    examples a = normal_examples(500, 6, 6, 40, 1, 50), b = normal_examples(300, 6, 6, 40, 1, 51);
    assert_true(linear(&a.data, &b.data, 6, 1e-3) == 1);
    assert_true(linear(&a.data, &b.data, 6, 1e-6) == 1);
    assert_true(neighbors(&a.data, &b.data, 6, 20, 2) == 1);
    free_examples(&a);
    free_examples(&b);
}

/* The gradient is that of the loss (central differences) and vanishes at the fit. */
static void linear_gradient(void **state)
{
    (void)state;
    enum { SIZE = 5, CLASSES = 4, LENGTH = CLASSES * (SIZE + 1) };
    const double ridge = 0.03, h = 1e-5;
    examples a = normal_examples(777, SIZE, CLASSES, 1, 10, 60);
    mi_run run = support_run(1);
    mi_softmax *model = NULL;
    double gradient[LENGTH], loss = 0, up = 0, down = 0, best = 0;
    assert_int_equal(mi_softmax_fit(&a.data, CLASSES, ridge, &run, &model, NULL), MI_OK);
    assert_int_equal(mi_softmax_loss(model, &a.data, ridge, &run, &best, gradient, NULL), MI_OK);
    for (size_t k = 0; k < LENGTH; k++) {
        assert_near(gradient[k], 0, 1e-5);
        model->weights[k] += 0.3 * sin(1.7 * (double)k);
    }
    assert_int_equal(mi_softmax_loss(model, &a.data, ridge, &run, &loss, gradient, NULL), MI_OK);
    assert_true(loss > best + 0.01);
    for (size_t k = 0; k < LENGTH; k++) {
        double weight = model->weights[k];
        model->weights[k] = weight + h;
        mi_softmax_loss(model, &a.data, ridge, &run, &up, NULL, NULL);
        model->weights[k] = weight - h;
        mi_softmax_loss(model, &a.data, ridge, &run, &down, NULL, NULL);
        model->weights[k] = weight;
        assert_near(gradient[k], (up - down) / (2 * h), 1e-9);
    }
    mi_softmax_destroy(model);
    free_examples(&a);
}

/* tests/torch/probe.py */

static examples recorded_examples(size_t first, size_t count)
{
    examples e = new_examples(count, 4);
    for (size_t k = 0; k < count; k++) {
        double i = (double)(first + k), x[4];
        for (size_t j = 0; j < 4; j++) {
            double c = (double)j;
            x[j] = sin(1 + 0.7 * i + 1.3 * c + 0.11 * i * c) * (1 + c) + c;
            e.x[k * 4 + j] = (mi_scalar)x[j];
        }
        e.labels[k] = x[0] + 0.5 * sin(2.3 * i) < -0.6 ? 0 : x[1] < 1.5 ? 1 : 2;
    }
    return e;
}

static void linear_recorded(void **state)
{
    (void)state;
    static const double weights[3][5] = {
        {-1.70225953, -0.28556241, -0.22293890, 0.08725004, -0.40509407},
        {0.85105692, -1.59205241, 0.07871189, -0.04635753, 0.80997257},
        {0.85120261, 1.87761482, 0.14422701, -0.04089251, -0.40487851}};
    examples a = recorded_examples(0, 300), b = recorded_examples(300, 100);
    mi_run run = support_run(1);
    mi_softmax *model = NULL;
    double loss = 0;
    assert_int_equal(mi_softmax_fit(&a.data, 3, 0.01, &run, &model, NULL), MI_OK);
    for (size_t k = 0; k < 15; k++) {
        assert_near(model->weights[k], weights[k / 5][k % 5], 1e-4);
    }
    assert_int_equal(mi_softmax_loss(model, &a.data, 0.01, &run, &loss, NULL, NULL), MI_OK);
    assert_near(loss, 0.440243800247, 1e-9);
    assert_near(linear(&a.data, &b.data, 3, 0.01), 0.91, 1e-12);
    mi_softmax_destroy(model);
    free_examples(&a);
    free_examples(&b);
}

static void same_bytes_at_any_thread_count(void **state)
{
    (void)state;
    examples a = normal_examples(3001, 19, 7, 1, 1, 70);
    double first[7 * 20];
    for (int threads = 1; threads <= 5; threads++) {
        mi_run run = {.seed = 1, .threads = threads};
        mi_softmax *model = NULL;
        assert_int_equal(mi_softmax_fit(&a.data, 7, 1e-3, &run, &model, NULL), MI_OK);
        if (threads == 1) {
            memcpy(first, model->weights, sizeof first);
        }
        assert_memory_equal(first, model->weights, sizeof first);
        mi_softmax_destroy(model);
    }
    free_examples(&a);
}

/* Constant features among others, classes without examples, one class alone. */
static void what_carries_nothing(void **state)
{
    (void)state;
    examples a = normal_examples(400, 6, 3, 2, 1, 80), b = normal_examples(400, 6, 3, 2, 1, 81);
    double accuracy = linear(&a.data, &b.data, 3, 1e-3);
    assert_true(accuracy > 0.8 && accuracy < 0.95);
    assert_true(linear(&a.data, &b.data, 9, 1e-3) == accuracy);
    mi_run run = support_run(1);
    mi_softmax *model = NULL;
    assert_int_equal(mi_softmax_fit(&a.data, 9, 1e-3, &run, &model, NULL), MI_OK);
    assert_int_equal(model->classes, 3);
    mi_softmax_destroy(model);
    for (size_t i = 0; i < 400; i++) {
        a.x[6 * i + 5] = 0.1f;
        b.x[6 * i + 5] = 1000;
    }
    double without = linear(&a.data, &b.data, 3, 1e-3);
    assert_near(without, accuracy, 0.02);
    for (size_t i = 0; i < 400; i++) {
        b.x[6 * i + 5] = -3;
    }
    assert_true(linear(&a.data, &b.data, 3, 1e-3) == without);
    double share = 0;
    for (size_t i = 0; i < 400; i++) {
        a.labels[i] = 2;
        share += b.labels[i] == 2;
    }
    assert_near(linear(&a.data, &b.data, 3, 1e-3), share / 400, 1e-12);
    assert_near(neighbors(&a.data, &b.data, 3, 20, 2), share / 400, 1e-12);
    free_examples(&a);
    free_examples(&b);
}

static void check_fault(const mi_probe_data *training, const mi_probe_data *held_out,
                        size_t classes, size_t count, double ridge, const char *text)
{
    mi_run run = support_run(1);
    double accuracy = -1;
    mi_status status = {0};
    if (count != 20 || ridge == 1) {
        mi_code code =
            mi_probe_neighbors(training, held_out, classes, count, &run, &accuracy, &status);
        assert_int_equal(code, MI_INPUT);
        assert_non_null(strstr(status.message, text));
    }
    if (count == 20) {
        memset(&status, 0, sizeof status);
        mi_code code =
            mi_probe_linear(training, held_out, classes, ridge, &run, &accuracy, &status);
        assert_int_equal(code, MI_INPUT);
        assert_non_null(strstr(status.message, text));
    }
    assert_true(accuracy == -1);
}

static void faults(void **state)
{
    (void)state;
    examples a = normal_examples(30, 3, 3, 1, 1, 90), b = normal_examples(20, 3, 3, 1, 1, 91);
    mi_probe_data none = {0, 3, a.x, a.labels}, narrow = {20, 2, b.x, b.labels};
    mi_probe_data empty = {30, 0, a.x, a.labels};
    check_fault(&none, &b.data, 3, 20, 1, "no training examples");
    check_fault(&a.data, &none, 3, 20, 1, "no held-out examples");
    check_fault(&a.data, &narrow, 3, 20, 1, "3 features and held-out ones 2");
    check_fault(&empty, &empty, 3, 20, 1, "at least 1");
    check_fault(&a.data, &b.data, 0, 20, 1, "no classes");
    check_fault(&a.data, &b.data, 3, 0, 1, "neighbors is 0");
    check_fault(&a.data, &b.data, 3, 20, 0, "ridge is 0");
    check_fault(&a.data, &b.data, 3, 20, -1, "ridge is -1");
    check_fault(&a.data, &b.data, 3, 20, INFINITY, "ridge is inf");
    check_fault(&a.data, &b.data, 3, 20, NAN, "ridge is nan");
    a.labels[7] = 3;
    check_fault(&a.data, &b.data, 3, 20, 1, "training example 7 is 3; labels must be 0 .. 2");
    a.labels[7] = -1;
    check_fault(&a.data, &b.data, 3, 20, 1, "training example 7 is -1");
    a.labels[7] = 1;
    b.labels[19] = 5;
    check_fault(&a.data, &b.data, 3, 20, 1, "held-out example 19 is 5");
    b.labels[19] = 0;
    b.x[19 * 3 + 2] = NAN;
    check_fault(&a.data, &b.data, 3, 20, 1, "feature 2 of held-out example 19");
    b.x[19 * 3 + 2] = 0;
    a.x[1] = INFINITY;
    check_fault(&a.data, &b.data, 3, 20, 1, "feature 1 of training example 0");
    for (size_t k = 0; k < 90; k++) {
        a.x[k] = (mi_scalar)(k % 3);
    }
    check_fault(&a.data, &b.data, 3, 20, 1, "constant over the 30 training examples");
    free_examples(&a);
    free_examples(&b);
}

static void interrupted(void **state)
{
    (void)state;
    examples a = normal_examples(30, 3, 3, 1, 1, 95);
    volatile sig_atomic_t stop = 1;
    mi_run run = {.seed = 1, .threads = 1, .opt_interrupt = &stop};
    double accuracy = -1;
    assert_int_equal(mi_probe_neighbors(&a.data, &a.data, 3, 5, &run, &accuracy, NULL),
                     MI_INTERRUPTED);
    assert_int_equal(mi_probe_linear(&a.data, &a.data, 3, 1, &run, &accuracy, NULL),
                     MI_INTERRUPTED);
    free_examples(&a);
}

/* A quartic with its minimum at x_i = sin(i) and curvatures of very different size. */
static mi_code quartic(const double *x, double *ret_value, double *gradient, void *context,
                       mi_status *status)
{
    (void)status;
    ++*(size_t *)context;
    *ret_value = 3;
    for (size_t i = 0; i < 30; i++) {
        double d = x[i] - sin((double)i), c = pow(10, (double)(i % 4));
        *ret_value += c * d * d / 2 + d * d * d * d / 4;
        gradient[i] = c * d + d * d * d;
    }
    return MI_OK;
}

static void minimum_of_a_quartic(void **state)
{
    (void)state;
    double x[30] = {0};
    size_t calls = 0, iterations = 0;
    mi_status status = {0};
    assert_int_equal(mi_lbfgs(quartic, &calls, 30, 1e-9, 200, x, &iterations, &status), MI_OK);
    for (size_t i = 0; i < 30; i++) {
        assert_near(x[i], sin((double)i), 1e-9);
    }
    assert_true(iterations > 5 && iterations < 150 && calls < 2 * iterations + 20);
    memset(x, 0, sizeof x);
    assert_int_equal(mi_lbfgs(quartic, &calls, 30, 1e-9, 3, x, &iterations, &status), MI_NUMERIC);
    assert_non_null(strstr(status.message, "after 3 iterations"));
}

int main(void)
{
    mi_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbors_by_brute_force),
        cmocka_unit_test(neighbors_in_ties),
        cmocka_unit_test(neighbors_at_the_end),
        cmocka_unit_test(neighbors_reach_bayes),
        cmocka_unit_test(linear_reaches_bayes),
        cmocka_unit_test(separable_classes),
        cmocka_unit_test(linear_gradient),
        cmocka_unit_test(linear_recorded),
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(what_carries_nothing),
        cmocka_unit_test(faults),
        cmocka_unit_test(interrupted),
        cmocka_unit_test(minimum_of_a_quartic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
