/* Evaluation against exact floors: predictors that are known to be perfect, biased or dishonest. */
#include "arrays.h"
#include "fake_method.h"

#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <string.h>

#include "../src/methods/floor.h"
#include "../src/models/scene.h"
#include "maskinfo/random.h"

/* A model, its source, a mask strategy and a fake predictor. */
typedef struct bench {
    mi_model *model;
    mi_source *source;
    mi_values *masking;
    mi_setting setting;
    mi_run run;
} bench;

static bench bench_open(const char *name, const char *text, fake *f, const char *masking)
{
    bench b = {.run = support_run(7)};
    b.model = model_from(name, text, &b.run);
    assert_int_equal(mi_source_create(b.model, &b.run, &b.source, NULL), MI_OK);
    mi_source_shape shape = mi_source_shape_of(b.source);
    const mi_mask_class *class = mi_mask_find("random");
    b.masking = values_from(class->parameters, masking);
    f->rows = shape.rows;
    f->columns = shape.columns;
    f->channels = shape.channels;
    f->scale = shape.deviation;
    f->vocabulary = shape.vocabulary;
    f->patch = f->patch == 0 ? 1 : f->patch;
    b.setting = (mi_setting){.method = {&fake_class, f},
                             .source = b.source,
                             .masking = {class, b.masking},
                             .ratio = {0, 1}};
    return b;
}

static void bench_close(bench *b)
{
    mi_source_destroy(b->source);
    mi_values_destroy(b->masking);
    mi_model_destroy(b->model);
}

static void evaluate(const bench *b, const double *ratios, size_t count, size_t samples,
                     mi_floor_point *points, double *information)
{
    mi_status status;
    if (mi_floor_evaluate(&b->setting, NULL, ratios, count, samples, &b->run, points, information,
                          &status) != MI_OK) {
        fail_msg("%s: %s", status.place, status.message);
    }
}

/* Mean and error of the profile at k visible sites. */
static double profile_at(const mi_model *model, mi_series_kind kind, size_t k, double *ret_error)
{
    const mi_run run = support_run(3);
    mi_profile *profile = NULL;
    double mean[64], error[64];
    assert_int_equal(model->class->profile(model->state, 400, &run, &profile, NULL), MI_OK);
    assert_true(profile->sites <= 64);
    mi_profile_mean(profile, kind, mean, error);
    mi_profile_destroy(profile);
    *ret_error = error[k];
    return mean[k];
}

#define assert_z(actual, expected, error)                                                          \
    support_near((actual), (expected), 4 * (error), #actual, __FILE__, __LINE__)

static const char field[] = "{\"grid\": [4, 5], \"kappa\": 0.3, \"channels\": 2}";

/* The posterior mean itself has no gap to the floor, not even by chance; the floor and the entropy
 * are those of the profile; Gaussians of one variance lose what that costs. */
static void test_perfect_field(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 5, 0.3);
    fake f = {.covariance = covariance};
    bench b = bench_open("gmrf", field, &f, "{}");
    const double ratios[] = {0.25, 0.5, 1};
    mi_floor_point points[3];
    double error = 0, information[2000 * 3], sums[3] = {0};
    assert_null(mi_floor_reason(&b.setting));
    evaluate(&b, ratios, 3, 2000, points, information);
    for (size_t i = 0; i < 3; i++) {
        const mi_floor_point *p = &points[i];
        size_t visible = (size_t)lround(20 * (1 - ratios[i]));
        assert_near(p->gap, 0, 1e-5);
        assert_near(p->loss, p->floor + p->gap, 1e-9);
        assert_false(p->leak);
        double floor = profile_at(b.model, MI_MSE, visible, &error);
        assert_z(p->floor, floor, hypot(p->floor_se, error) + 1e-9);
        double entropy = profile_at(b.model, MI_ENTROPY, visible, &error);
        assert_z(p->exact_conditional_entropy, entropy, hypot(0.003, error));
        assert_near(p->conditional_entropy, p->exact_conditional_entropy_pooled, 1e-4);
        assert_near(p->gap_nats, p->conditional_entropy - p->exact_conditional_entropy, 1e-9);
        assert_true(p->gap_nats > -4 * p->gap_nats_se);
        assert_near(p->information, p->marginal_entropy - p->conditional_entropy, 1e-9);
        assert_true(isnan(p->class_accuracy) && isnan(p->reference_loss));
        for (size_t e = 0; e < 2000; e++) {
            sums[i] += information[e * 3 + i] / 2000;
        }
        assert_near(sums[i], p->information, 1e-9);
    }
    assert_near(points[2].exact_information, 0, 1e-9);
    assert_near(points[2].floor, 1, 0.02);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* With nothing visible the variance of a site is 1 or so and pooling all of them is the logarithm
 * of the mean against the mean of logarithms: known in closed form. */
static void test_pooled(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 5, 0.3);
    fake f = {.covariance = covariance};
    bench b = bench_open("gmrf", field, &f, "{}");
    const double ratio = 1;
    mi_floor_point p;
    double mean = 0, logs = 0;
    evaluate(&b, &ratio, 1, 6000, &p, NULL);
    for (size_t i = 0; i < 20; i++) {
        mean += gsl_matrix_get(covariance, i, i) / 20;
        logs += log(gsl_matrix_get(covariance, i, i)) / 20;
    }
    assert_near(p.exact_conditional_entropy, 2 * 0.5 * (log(2 * M_PI * M_E) + logs), 1e-9);
    assert_z(p.exact_conditional_entropy_pooled - p.exact_conditional_entropy, log(mean) - logs,
             p.gap_nats_se);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* A bias of b costs b^2 exactly, and its Gaussians what their wider variance does. */
static void test_biased_field(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 5, 0.3);
    fake f = {.covariance = covariance, .bias = 0.2, .patch = 1};
    bench b = bench_open("gmrf", field, &f, "{}");
    const double ratio = 0.5;
    mi_floor_point p;
    evaluate(&b, &ratio, 1, 3000, &p, NULL);
    assert_z(p.gap, 0.04, p.gap_se);
    assert_true(p.gap_se < 0.005 && p.gap_se > 1e-5);
    assert_false(p.leak);
    assert_true(p.conditional_entropy > p.exact_conditional_entropy_pooled + 0.02);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* What no honest predictor can do: (1 - c)^2 of the floor. */
static void test_cheating_field(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 5, 0.3);
    fake f = {.covariance = covariance, .cheat = 0.1};
    bench b = bench_open("gmrf", field, &f, "{}");
    const double ratio = 0.5;
    mi_floor_point p;
    evaluate(&b, &ratio, 1, 200, &p, NULL);
    assert_z(p.loss, 0.81 * p.floor, p.loss_se);
    assert_true(p.leak);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* Tokens of 2x2 sites, masks with a number of their own, the training's ratios: the gap stays 0
 * and every site of a masked token counts. */
static void test_tokens_of_sites(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 6, 0.3);
    fake f = {.covariance = covariance, .patch = 2};
    bench b =
        bench_open("gmrf", "{\"grid\": [4, 6], \"kappa\": 0.3}", &f, "{\"count\": \"bernoulli\"}");
    const double ratios[] = {0.4, NAN};
    mi_floor_point points[2];
    evaluate(&b, ratios, 2, 500, points, NULL);
    for (size_t i = 0; i < 2; i++) {
        assert_near(points[i].gap, 0, 1e-5);
        assert_near(points[i].conditional_entropy, points[i].exact_conditional_entropy_pooled,
                    1e-4);
        double lost = points[i].conditional_entropy - points[i].exact_conditional_entropy;
        assert_true(lost > 0 && lost < 0.2);
    }
    assert_true(isnan(points[1].ratio));
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* Each place in a token has a variance of its own: an error of b at one of four costs a quarter of
 * log(1 + b^2 / v) / 2, where nothing is visible and v is nearly the same everywhere. */
static void test_places_of_tokens(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 6, 0.3);
    fake f = {.covariance = covariance, .patch = 2, .tilt = 3};
    bench b = bench_open("gmrf", "{\"grid\": [4, 6], \"kappa\": 0.3}", &f, "{}");
    const double ratio = 1;
    mi_floor_point p;
    double expected = 0;
    evaluate(&b, &ratio, 1, 3000, &p, NULL);
    for (size_t i = 0; i < 24; i++) {
        bool first = i / 6 % 2 == 0 && i % 2 == 0;
        double v = gsl_matrix_get(covariance, i, i) / gsl_pow_2(f.scale);
        expected += first ? 0.5 * log(1 + 9 / v) / 24 : 0;
    }
    assert_near(p.conditional_entropy - p.exact_conditional_entropy_pooled, expected, 0.02);
    assert_z(p.gap, 9.0 / 4, p.gap_se);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* A gap that chance makes negative is no leak. */
static void test_false_alarms(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 5, 0.3);
    fake f = {.covariance = covariance, .bias = 0.05};
    bench b = bench_open("gmrf", "{\"grid\": [4, 5], \"kappa\": 0.3}", &f, "{}");
    const double ratio = 0.5;
    size_t negative = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        mi_floor_point p;
        b.run.seed = seed;
        evaluate(&b, &ratio, 1, 16, &p, NULL);
        negative += p.gap < -1e-4;
        assert_false(p.leak);
    }
    assert_true(negative > 20);
    /* Four examples agree with each other by chance; they still find what is gross. */
    size_t agreeing = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        mi_floor_point p;
        b.run.seed = seed;
        evaluate(&b, &ratio, 1, 4, &p, NULL);
        agreeing += p.gap < -4 * p.gap_se;
        assert_false(p.leak);
    }
    assert_true(agreeing > 0);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* Normalised targets have no floor; their loss is the squared error over each token's own
 * variance. Few examples, so that n - 1 in place of n is seen in its error. */
static void test_normalized(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 4, 0.3);
    fake f = {.covariance = covariance, .patch = 2, .normalized = true};
    bench b = bench_open("gmrf", "{\"grid\": [4, 4], \"kappa\": 0.3}", &f, "{}");
    enum { SAMPLES = 12 };
    const double ratio = 1;
    mi_floor_point p;
    assert_non_null(strstr(mi_floor_reason(&b.setting), "normalised"));
    evaluate(&b, &ratio, 1, SAMPLES, &p, NULL);
    assert_true(isnan(p.floor) && isnan(p.gap) && isnan(p.conditional_entropy) && !p.leak);
    assert_true(!isnan(p.exact_conditional_entropy));
    /* Nothing visible: the prediction is 0, and the loss of a token x^2 / var, on the same draws.
     */
    double losses[SAMPLES] = {0}, mean_loss = 0, spread = 0;
    void *scratch = NULL;
    gsl_rng *stream = NULL;
    assert_int_equal(mi_source_scratch_create(b.source, &scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_EVALUATION, 0, &stream, NULL), MI_OK);
    for (uint64_t e = 0; e < SAMPLES; e++) {
        mi_scalar x[16];
        mi_stream_set(stream, 7, MI_PURPOSE_EVALUATION, e);
        assert_int_equal(
            mi_source_draw(b.source, MI_HELD_OUT, e, stream, scratch, x, NULL, NULL, NULL), MI_OK);
        for (size_t t = 0; t < 4; t++) {
            size_t first = (size_t)(t / 2 * 8 + t % 2 * 2);
            const double v[] = {x[first], x[first + 1], x[first + 4], x[first + 5]};
            double mean = (v[0] + v[1] + v[2] + v[3]) / 4, squares = 0, all = 0;
            for (size_t i = 0; i < 4; i++) {
                squares += gsl_pow_2(v[i] - mean) / 3;
                all += gsl_pow_2(v[i]);
            }
            losses[e] += all / (squares + 1e-6) / 16;
        }
        mean_loss += losses[e] / SAMPLES;
    }
    for (size_t e = 0; e < SAMPLES; e++) {
        spread += gsl_pow_2(losses[e] - mean_loss) / (SAMPLES - 1);
    }
    assert_near(p.loss, mean_loss, 1e-5 * mean_loss);
    assert_near(p.loss_se, sqrt(spread / SAMPLES), 1e-5 * p.loss_se);
    gsl_rng_free(stream);
    mi_source_scratch_destroy(b.source, scratch);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* Means and class weights of a scene against the mixture of dense Gaussians. */
static void test_scene_posterior(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(3, 4, 0.2);
    fake f = {.covariance = covariance, .classes = 3};
    bench b = bench_open("scene",
                         "{\"grid\": [3, 4], \"kappa\": 0.2, \"classes\": 3, "
                         "\"template_smoothness\": 1}",
                         &f, "{}");
    const mi_scene *scene = b.model->state;
    double means[3 * 12], values[12], mean[12], classes[3], expected[12], weights[3];
    mi_mask_posterior posterior = {.values = values, .mean = mean, .classes = classes};
    void *scratch = NULL;
    gsl_rng *stream = NULL;
    for (size_t i = 0; i < 36; i++) {
        means[i % 3 * 12 + i / 3] = scene->templates[i];
    }
    f.opt_means = means;
    assert_int_equal(b.model->class->scratch_create(b.model->state, &scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (uint64_t key = 0; key < 20; key++) {
        unsigned char masked[12];
        bool hidden[12];
        for (size_t i = 0; i < 12; i++) {
            masked[i] = key == 0 || (i * 7 + key * key) % 5 < 1 + key % 4;
            hidden[i] = masked[i] != 0;
        }
        mi_stream_set(stream, 7, MI_PURPOSE_TEST, key);
        assert_int_equal(
            b.model->class->posterior(b.model->state, masked, stream, scratch, &posterior, NULL),
            MI_OK);
        fake_mean(&f, hidden, values, expected, weights);
        for (size_t i = 0; i < 12; i++) {
            assert_near(mean[i], hidden[i] ? expected[i] : values[i], 1e-9);
        }
        for (size_t c = 0; c < 3; c++) {
            assert_near(classes[c], weights[c], 1e-9);
        }
    }
    gsl_rng_free(stream);
    b.model->class->scratch_destroy(scratch);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* Likewise of a field, all its channels. */
static void test_field_posterior(void **state)
{
    (void)state;
    double column[20], explained[20];
    gsl_matrix *covariance = fake_covariance(4, 5, 0.3);
    fake f = {.covariance = covariance};
    bench b = bench_open("gmrf", field, &f, "{}");
    double values[40], mean[40], x[20], expected[20], weights[8];
    mi_mask_posterior posterior = {.values = values, .mean = mean};
    void *scratch = NULL;
    gsl_rng *stream = NULL;
    assert_int_equal(b.model->class->scratch_create(b.model->state, &scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (uint64_t key = 0; key < 10; key++) {
        unsigned char masked[20];
        bool hidden[20];
        for (size_t i = 0; i < 20; i++) {
            masked[i] = key == 0 || (i * 7 + key * key) % 5 < 1 + key % 4;
            hidden[i] = masked[i] != 0;
        }
        mi_stream_set(stream, 7, MI_PURPOSE_TEST, key);
        assert_int_equal(
            b.model->class->posterior(b.model->state, masked, stream, scratch, &posterior, NULL),
            MI_OK);
        double surprise = 0, sites = 0;
        for (size_t c = 0; c < 2; c++) {
            for (size_t i = 0; i < 20; i++) {
                x[i] = values[2 * i + c];
            }
            fake_mean(&f, hidden, x, expected, weights);
            for (size_t i = 0; i < 20; i++) {
                assert_near(mean[2 * i + c], hidden[i] ? expected[i] : x[i], 1e-9);
                /* Var(x_i | x_v) = Sigma_ii - Sigma_iv Sigma_vv^-1 Sigma_vi. */
                gsl_vector_view to = gsl_vector_view_array(column, 20);
                gsl_matrix_get_col(&to.vector, covariance, i);
                fake_mean(&f, hidden, column, explained, weights);
                double variance = gsl_matrix_get(covariance, i, i) - explained[i];
                surprise += hidden[i] ? 0.5 * (log(2 * M_PI * variance) +
                                               gsl_pow_2(x[i] - expected[i]) / variance)
                                      : 0;
                sites += c == 0 && hidden[i];
            }
        }
        assert_near(posterior.result.cross_entropy, surprise / sites, 1e-9);
    }
    gsl_rng_free(stream);
    b.model->class->scratch_destroy(scratch);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* ---- symbols ---- */

enum { LENGTH = 7, STATES = 3, CONFIGURATIONS = 2187 };

/* p(x) of a chain of three symbols with the transitions below, started from its stationary law
 * (1/4, 1/2, 1/4), which solves pi P = pi. */
static const double step[STATES][STATES] = {{0.6, 0.2, 0.2}, {0.1, 0.8, 0.1}, {0.2, 0.2, 0.6}};
static const char chain[] =
    "{\"length\": 7, \"transition\": [[0.6, 0.2, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]}";

static void fill_chain(double *p)
{
    const double first[STATES] = {0.25, 0.5, 0.25};
    for (size_t c = 0; c < CONFIGURATIONS; c++) {
        size_t last = c % STATES, rest = c / STATES;
        p[c] = first[last];
        for (size_t i = 1; i < LENGTH; i++, rest /= STATES) {
            p[c] *= step[last][rest % STATES];
            last = rest % STATES;
        }
    }
}

static void test_perfect_symbols(void **state)
{
    (void)state;
    static double p[CONFIGURATIONS];
    fake f = {.p = p, .count = CONFIGURATIONS};
    bench b = bench_open("markov", chain, &f, "{}");
    const double ratios[] = {1 / 7.0, 3 / 7.0, 1};
    mi_floor_point points[3];
    double error = 0;
    fill_chain(p);
    assert_null(mi_floor_reason(&b.setting));
    evaluate(&b, ratios, 3, 1000, points, NULL);
    for (size_t i = 0; i < 3; i++) {
        const mi_floor_point *q = &points[i];
        double entropy =
            profile_at(b.model, MI_ENTROPY, LENGTH - (size_t)lround(7 * ratios[i]), &error);
        assert_near(q->gap, 0, 1e-5);
        assert_z(q->floor, entropy, q->floor_se + 1e-9);
        assert_near(q->conditional_entropy, q->loss, 1e-12);
        assert_near(q->exact_conditional_entropy, q->floor, 1e-9);
        assert_near(q->gap_nats, q->gap, 1e-9);
        assert_near(q->marginal_entropy, 1.5 * log(2), 1e-9);
        assert_false(q->leak);
        assert_true(isnan(q->exact_conditional_entropy_pooled));
    }
    assert_true(points[0].floor_se > 1e-4);
    bench_close(&b);
}

/* Mixing e of the uniform law into the posterior costs KL, which is enumerated. */
static void test_biased_symbols(void **state)
{
    (void)state;
    static double p[CONFIGURATIONS];
    fake f = {.p = p, .count = CONFIGURATIONS, .bias = 0.5};
    bench b = bench_open("markov", chain, &f, "{}");
    const double ratio = 1;
    mi_floor_point q;
    double divergence = 0;
    fill_chain(p);
    evaluate(&b, &ratio, 1, 1500, &q, NULL);
    for (size_t v = 0; v < STATES; v++) {
        double truth = v == 1 ? 0.5 : 0.25;
        divergence += truth * log(truth / (0.5 * truth + 0.5 / STATES));
    }
    assert_z(q.gap, divergence, q.gap_se);
    assert_true(q.gap_se < 0.3 * divergence);
    assert_false(q.leak);
    f.bias = 0;
    f.cheat = 0.05;
    evaluate(&b, &ratio, 1, 1500, &q, NULL);
    assert_true(q.leak);
    bench_close(&b);
}

/* ---- scenes ---- */

static void means_of(const mi_model *model, size_t classes, double *means)
{
    const mi_scene *scene = model->state;
    for (size_t i = 0; i < scene->sites * classes; i++) {
        means[i % classes * scene->sites + i / classes] = scene->templates[i];
    }
}

static const char scene_table[] = "{\"grid\": [4, 5], \"kappa\": 0.2, \"classes\": 3, "
                                  "\"template_smoothness\": 1, \"template_scale\": 0.7}";

/* The perfect predictor of a scene has no gap; what it completes tells the class no better than the
 * exact posterior, nor much worse; and the posterior is right as often as it says. */
static void test_perfect_scene(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 5, 0.2);
    double means[60], right = 0, weights[8], mean[20];
    fake f = {.covariance = covariance, .classes = 3, .opt_means = means};
    bench b = bench_open("scene", scene_table, &f, "{}");
    const double ratio = 0.6;
    enum { SAMPLES = 1500 };
    mi_floor_point p;
    means_of(b.model, 3, means);
    evaluate(&b, &ratio, 1, SAMPLES, &p, NULL);
    assert_near(p.gap, 0, 1e-5);
    assert_true(p.floor_se > 1e-4 && p.floor < 1);
    assert_near(p.conditional_entropy, p.exact_conditional_entropy_pooled, 1e-4);
    assert_true(p.conditional_entropy > p.exact_conditional_entropy);
    void *scratch = NULL;
    gsl_rng *draw = NULL, *mask = NULL;
    assert_int_equal(mi_source_scratch_create(b.source, &scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_EVALUATION, 0, &draw, NULL), MI_OK);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_EVALUATION_MASK, 0, &mask, NULL), MI_OK);
    for (uint64_t e = 0; e < SAMPLES; e++) {
        mi_scalar x[20];
        double values[20];
        unsigned char masked[20];
        bool hidden[20];
        int label = -1;
        mi_stream_set(draw, 7, MI_PURPOSE_EVALUATION, e);
        mi_stream_set(mask, 7, MI_PURPOSE_EVALUATION_MASK, e);
        assert_int_equal(
            mi_source_draw(b.source, MI_HELD_OUT, e, draw, scratch, x, NULL, &label, NULL), MI_OK);
        mi_ratio_mask((mi_ratio){ratio, ratio}, &b.setting.masking, fake_tokens(&f), mask, masked);
        for (size_t i = 0; i < 20; i++) {
            hidden[i] = masked[i] != 0;
            values[i] = (double)x[i] * f.scale;
        }
        fake_mean(&f, hidden, values, mean, weights);
        int best = weights[1] > weights[0] ? 1 : 0;
        best = weights[2] > weights[best] ? 2 : best;
        right += best == label;
    }
    double error = sqrt(p.class_accuracy_exact * (1 - p.class_accuracy_exact) / SAMPLES);
    assert_z(right / SAMPLES, p.class_accuracy_exact, error);
    assert_true(p.class_accuracy < p.class_accuracy_exact + 4 * error);
    assert_true(p.class_accuracy > p.class_accuracy_exact - 0.15);
    assert_true(p.class_accuracy_exact > 0.5 && p.class_accuracy_exact < 0.95);
    gsl_rng_free(draw);
    gsl_rng_free(mask);
    mi_source_scratch_destroy(b.source, scratch);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* The classifier is judged on scenes that it was not trained on: with few of them it is worse than
 * the exact posterior, not better. */
static void test_few_scenes(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 5, 0.2);
    double means[60], told = 0, exact = 0;
    fake f = {.covariance = covariance, .classes = 3, .opt_means = means};
    bench b = bench_open("scene", scene_table, &f, "{}");
    const double ratio = 0.6;
    means_of(b.model, 3, means);
    for (uint64_t seed = 0; seed < 12; seed++) {
        mi_floor_point p;
        b.run.seed = seed;
        evaluate(&b, &ratio, 1, 40, &p, NULL);
        told += p.class_accuracy / 12;
        exact += p.class_accuracy_exact / 12;
    }
    assert_true(told < exact);
    assert_true(told > 0.5);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* ---- the same at any number of threads ---- */

static void check_threads(bench *b)
{
    const double ratios[] = {0.3, 0.7};
    static double one[40 * 2], two[40 * 2];
    mi_floor_point first[2], second[2];
    b->run.threads = 1;
    evaluate(b, ratios, 2, 40, first, one);
    b->run.threads = 2;
    evaluate(b, ratios, 2, 40, second, two);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(&first[i].loss, &second[i].loss,
                            offsetof(mi_floor_point, leak) - offsetof(mi_floor_point, loss));
    }
    assert_memory_equal(one, two, sizeof one);
}

static void test_threads(void **state)
{
    (void)state;
    static double p[CONFIGURATIONS];
    double means[60];
    gsl_matrix *covariance = fake_covariance(4, 5, 0.2);
    fake symbols = {.p = p, .count = CONFIGURATIONS};
    fake pixels = {.covariance = covariance, .classes = 3, .opt_means = means};
    bench a = bench_open("markov", chain, &symbols, "{}");
    bench b = bench_open("scene", scene_table, &pixels, "{}");
    fill_chain(p);
    means_of(b.model, 3, means);
    check_threads(&a);
    check_threads(&b);
    bench_close(&a);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* ---- pictures ---- */

static void test_pictures(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 6, 0.3);
    fake f = {.covariance = covariance, .patch = 2};
    bench b = bench_open("gmrf", "{\"grid\": [4, 6], \"kappa\": 0.3, \"channels\": 2}", &f, "{}");
    mi_pictures *p = NULL;
    assert_int_equal(mi_pictures_make(&b.setting, NULL, 0.5, 20, &b.run, &p, NULL), MI_OK);
    assert_true(p->rows == 4 && p->columns == 6 && p->channels == 2 && p->count == 20);
    assert_null(p->opt_surprise);
    gsl_rng *mask = NULL;
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_EVALUATION_MASK, 0, &mask, NULL), MI_OK);
    for (size_t k = 0; k < 20; k++) {
        size_t masked = 0;
        unsigned char tokens[6];
        mi_stream_set(mask, 7, MI_PURPOSE_EVALUATION_MASK, k);
        mi_ratio_mask((mi_ratio){0.5, 0.5}, &b.setting.masking, fake_tokens(&f), mask, tokens);
        for (size_t i = 0; i < 24; i++) {
            bool hidden = p->masked[k * 24 + i] != 0;
            masked += hidden;
            /* All of a token or nothing. */
            size_t corner = i / 6 / 2 * 12 + i % 6 / 2 * 2;
            assert_int_equal(hidden, p->masked[k * 24 + corner] != 0);
            assert_int_equal(hidden, tokens[i / 6 / 2 * 3 + i % 6 / 2] != 0);
            for (size_t c = 0; c < 2; c++) {
                size_t at = (k * 24 + i) * 2 + c;
                assert_near(p->predicted[at], p->opt_exact[at], 1e-5);
                assert_true(hidden == (fabs(p->original[at] - p->predicted[at]) > 1e-6));
            }
        }
        assert_int_equal(masked, 12);
    }
    gsl_rng_free(mask);
    mi_pictures_destroy(p);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

static void test_pictures_of_symbols(void **state)
{
    (void)state;
    static double table[CONFIGURATIONS];
    fake f = {.p = table, .count = CONFIGURATIONS};
    bench b = bench_open("markov", chain, &f, "{}");
    mi_pictures *p = NULL;
    fill_chain(table);
    assert_int_equal(mi_pictures_make(&b.setting, NULL, 1, 50, &b.run, &p, NULL), MI_OK);
    assert_null(p->opt_exact);
    for (size_t i = 0; i < (size_t)50 * LENGTH; i++) {
        /* Nothing visible: the likeliest symbol is the middle one. */
        assert_true(p->masked[i] == 1 && p->predicted[i] == 1);
        assert_near(p->opt_surprise[i], p->original[i] == 1 ? log(2) : log(4), 1e-6);
    }
    mi_pictures_destroy(p);
    assert_int_equal(mi_pictures_make(&b.setting, NULL, 3 / 7.0, 2, &b.run, &p, NULL), MI_OK);
    for (size_t i = 0; i < (size_t)2 * LENGTH; i++) {
        assert_true(p->masked[i] || (p->predicted[i] == p->original[i] && p->opt_surprise[i] == 0));
    }
    mi_pictures_destroy(p);
    bench_close(&b);
}

/* ---- real data ---- */

/* Images of noise of 12 grey levels with a gradient: 4x4 crops of 2x2 sites. */
static void write_images(const char *path)
{
    enum { COUNT = 8, ROWS = 12, COLUMNS = 40 };
    static unsigned char values[COUNT * ROWS * COLUMNS];
    for (size_t i = 0; i < sizeof values; i++) {
        size_t row = i / COLUMNS % ROWS;
        values[i] = (unsigned char)(60 + 4 * row + i * i * 31 % 1009 * 7 % 12);
    }
    npy_write(path, "|u1", "(8, 12, 40)", values, sizeof values);
}

/* Of real data there is no floor: loss, entropy and the model's are told as they are. */
static void test_data(void **state)
{
    char path[SCRATCH_PATH], text[SCRATCH_PATH + 200];
    gsl_matrix *covariance = gsl_matrix_alloc(16, 16);
    fake f = {.covariance = covariance, .patch = 2};
    gsl_matrix_set_identity(covariance);
    write_images(scratch_name(state, "images.npy", path));
    snprintf(text, sizeof text,
             "{\"images\": \"%s\", \"patch\": 2, \"grid\": [2, 2], \"crops\": 400, "
             "\"held_out_crops\": 200, \"family\": \"gaussian\"}",
             path);
    bench b = bench_open("patches", text, &f, "{}");
    enum { SAMPLES = 300, JUDGED = 128 };
    const double ratio = 1;
    mi_floor_point p;
    assert_non_null(strstr(mi_floor_reason(&b.setting), "real data"));
    evaluate(&b, &ratio, 1, SAMPLES, &p, NULL);
    assert_true(isnan(p.floor) && isnan(p.gap) && !p.leak && isnan(p.class_accuracy));
    assert_near(p.exact_information, 0, 1e-9); /* nothing is visible */
    /* The fake says 0, the mean of all pixels: its loss, and that of the mean of each place. */
    void *scratch = NULL;
    gsl_rng *draw = NULL;
    mi_scalar x[16];
    double square = 0, sum[16] = {0}, squares[16] = {0}, places = 0;
    assert_int_equal(mi_source_scratch_create(b.source, &scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_EVALUATION, 0, &draw, NULL), MI_OK);
    for (uint64_t e = 0; e < SAMPLES; e++) {
        mi_stream_set(draw, 7, MI_PURPOSE_EVALUATION, e);
        assert_int_equal(
            mi_source_draw(b.source, MI_HELD_OUT, e, draw, scratch, x, NULL, NULL, NULL), MI_OK);
        for (size_t i = 0; i < 16; i++) {
            square += gsl_pow_2((double)x[i]) / (SAMPLES * 16);
            sum[i] += e < JUDGED ? (double)x[i] / JUDGED : 0;
            squares[i] += e < JUDGED ? gsl_pow_2((double)x[i]) / JUDGED : 0;
        }
    }
    for (size_t i = 0; i < 16; i++) {
        places += (squares[i] - gsl_pow_2(sum[i])) / 16;
    }
    assert_near(p.loss, square, 1e-5);
    assert_near(p.reference_loss, places, 0.1);
    assert_true(p.reference_loss_se > 0.001 && p.reference_loss_se < 0.1);
    /* The rows' means are of no account to the fake. */
    assert_true(p.gap_nats > 0 && p.gap_nats < 0.7);
    assert_near(p.gap_nats, p.conditional_entropy - p.exact_conditional_entropy, 0.1);
    gsl_rng_free(draw);
    mi_source_scratch_destroy(b.source, scratch);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* ---- densities around predictions ---- */

enum { EXAMPLES = 3000, PLACES = 3 };

/* Residuals sqrt(z) A g of pairs of values, z one of two; and the mean of -log p under the law that
 * they are drawn from. det A = 2. */
static double draw_residuals(const double scales[2], uint64_t key, size_t examples,
                             mi_scalar *residuals, unsigned char *masked)
{
    gsl_rng *stream = NULL;
    double sum = 0, count = (double)(examples * PLACES);
    assert_int_equal(mi_stream_create(9, MI_PURPOSE_TEST, key, &stream, NULL), MI_OK);
    for (size_t i = 0; i < examples * PLACES; i++) {
        double z = scales[gsl_rng_uniform_int(stream, 2)], density = 0;
        double a = gsl_ran_gaussian(stream, sqrt(z)), b = gsl_ran_gaussian(stream, sqrt(z));
        masked[i] = 1;
        residuals[2 * i] = (mi_scalar)(2 * a);
        residuals[2 * i + 1] = (mi_scalar)(0.7 * a + b);
        for (size_t k = 0; k < 2; k++) {
            density += 0.5 / (2 * M_PI * scales[k]) * exp(-(a * a + b * b) / (2 * scales[k]));
        }
        sum -= log(density / 2) / count;
    }
    gsl_rng_free(stream);
    return sum;
}

/* Mean over sites of what the density of residuals says, in nats of the model's units. */
static double judge_residuals(bool exact, const double scales[2], uint64_t key, size_t examples,
                              double *ret_truth)
{
    static mi_scalar residuals[EXAMPLES * PLACES * 2];
    static unsigned char masked[EXAMPLES * PLACES];
    static double sums[EXAMPLES];
    size_t token_of[PLACES] = {0, 1, 2}, kind[PLACES] = {0};
    mi_run run = support_run(7);
    mi_source source = {.example = {.log_unit = 0.25}};
    const mi_floor_plan plan = {.run = &run,
                                .source = &source,
                                .shape = {.deviation = 3},
                                .values = PLACES * 2,
                                .tokens = PLACES,
                                .token_size = 2,
                                .sites = PLACES,
                                .block = 2,
                                .token_of = token_of,
                                .kind = kind,
                                .kinds = 1,
                                .exact = exact};
    double sum = 0;
    *ret_truth = draw_residuals(scales, key, examples, residuals, masked) + 2 * log(3) + 0.25;
    assert_int_equal(mi_floor_gaussians(&plan, residuals, masked, examples, sums, NULL), MI_OK);
    for (size_t e = 0; e < examples; e++) {
        sum += sums[e];
    }
    return sum / (double)(examples * PLACES);
}

static void test_densities(void **state)
{
    (void)state;
    const double one[] = {1, 1}, two[] = {0.1, 4};
    double truth = 0, gaussian = judge_residuals(true, one, 0, EXAMPLES, &truth);
    assert_near(gaussian, truth, 0.003);
    assert_near(judge_residuals(false, one, 0, EXAMPLES, &truth), truth, 0.005);
    /* Of two contrasts: the mixture finds them, the Gaussian knows their mean variance. */
    gaussian = judge_residuals(true, two, 0, EXAMPLES, &truth);
    assert_near(gaussian, log(2 * M_PI * M_E * 2.05 * 2) + 2 * log(3) + 0.25, 0.05);
    double mixture = judge_residuals(false, two, 0, EXAMPLES, &truth);
    assert_true(mixture > truth - 0.002 && mixture < truth + 0.01);
    assert_true(gaussian > mixture + 0.3);
}

/* Densities of few residuals are bad ones, and so the cross-entropy is above the truth: the half
 * that they were fitted on would flatter them. */
static void test_bound(void **state)
{
    (void)state;
    const double one[] = {1, 1};
    double excess = 0, truth = 0;
    for (uint64_t key = 0; key < 300; key++) {
        excess += judge_residuals(true, one, key, 20, &truth) / 300;
        excess -= truth / 300;
    }
    /* Three parameters on 30 residuals: about 3 / 60. */
    assert_near(excess, 0.06, 0.025);
}

/* Noise of one step on masked values alone, the same for the same example. */
static void test_dither(void **state)
{
    (void)state;
    size_t place[6] = {5, 4, 3, 2, 1, 0};
    mi_run run = support_run(7);
    mi_source source = {.example = {.grain = 2}};
    mi_floor_plan plan = {.run = &run,
                          .source = &source,
                          .shape = {.deviation = 4},
                          .values = 6,
                          .tokens = 3,
                          .token_size = 2,
                          .place = place};
    const unsigned char masked[] = {1, 0, 1};
    double squares = 0;
    for (size_t e = 0; e < 5000; e++) {
        mi_scalar r[6] = {0}, again[6] = {0};
        mi_floor_dither(&plan, masked, e, r);
        mi_floor_dither(&plan, masked, e, again);
        assert_memory_equal(r, again, sizeof r);
        for (size_t p = 0; p < 6; p++) {
            bool hidden = masked[p / 2] != 0;
            assert_true(hidden ? fabs((double)r[5 - p]) <= 0.25 : r[5 - p] == 0);
            squares += gsl_pow_2((double)r[5 - p]) / 20000;
        }
    }
    assert_near(squares, 0.25 / 12, 4 * 0.25 / 12 * sqrt(0.8 / 20000));
    source.example.grain = 0;
    mi_scalar r[6] = {0};
    mi_floor_dither(&plan, masked, 0, r);
    assert_true(r[0] == 0 && r[5] == 0);
}

/* Windows of a text: the n-gram's own surprise on the same windows is the reference. A fake that
 * says 1/27 everywhere loses log 27 for sure. */
static void test_text(void **state)
{
    (void)state;
    fake f = {.bias = 1};
    static double p[1] = {1};
    bench b = bench_open("ngram",
                         "{\"length\": 16, \"order\": 1, \"text\": \"data/sotu.txt.gz\", "
                         "\"judged_by\": \"held-out\"}",
                         &f, "{}");
    f.p = p;
    f.count = 1;
    const double ratio = 0.25;
    mi_floor_point q;
    assert_non_null(strstr(mi_floor_reason(&b.setting), "real data"));
    evaluate(&b, &ratio, 1, 400, &q, NULL);
    assert_near(q.loss, log(27), 1e-5);
    assert_true(isnan(q.floor) && !q.leak);
    assert_true(q.reference_loss < q.marginal_entropy && q.reference_loss > 1);
    assert_near(q.exact_conditional_entropy, q.reference_loss, 1e-9);
    assert_near(q.gap_nats, log(27) - q.reference_loss, 1e-5);
    bench_close(&b);
}

/* Tokens that are not whole sites, approximate posteriors, too few examples. */
static void test_reasons(void **state)
{
    char path[SCRATCH_PATH], text[SCRATCH_PATH + 200];
    fake f = {.patch = 1, .covariance = gsl_matrix_alloc(16, 16)}, g = {.bias = 1};
    mi_floor_point p;
    mi_status status;
    const double ratio = 0.5;
    gsl_matrix_set_identity((gsl_matrix *)f.covariance);
    write_images(scratch_name(state, "images.npy", path));
    snprintf(text, sizeof text,
             "{\"images\": \"%s\", \"patch\": 2, \"grid\": [2, 2], \"crops\": 400, "
             "\"held_out_crops\": 200, \"family\": \"gaussian\"}",
             path);
    bench b = bench_open("patches", text, &f, "{}");
    evaluate(&b, &ratio, 1, 20, &p, NULL);
    assert_true(p.loss > 0 && isnan(p.conditional_entropy) && isnan(p.reference_loss));
    assert_failure(mi_floor_evaluate(&b.setting, NULL, &ratio, 1, 3, &b.run, &p, NULL, &status),
                   MI_INPUT, status, "at least 4");
    bench_close(&b);
    gsl_matrix_free((gsl_matrix *)f.covariance);
    b = bench_open("potts", "{\"grid\": [3, 3], \"inference\": \"belief\"}", &g, "{}");
    assert_non_null(strstr(mi_floor_reason(&b.setting), "approximate"));
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_perfect_field),
        cmocka_unit_test(test_pooled),
        cmocka_unit_test(test_biased_field),
        cmocka_unit_test(test_cheating_field),
        cmocka_unit_test(test_tokens_of_sites),
        cmocka_unit_test(test_normalized),
        cmocka_unit_test(test_scene_posterior),
        cmocka_unit_test(test_field_posterior),
        cmocka_unit_test(test_perfect_symbols),
        cmocka_unit_test(test_biased_symbols),
        cmocka_unit_test(test_perfect_scene),
        cmocka_unit_test(test_places_of_tokens),
        cmocka_unit_test(test_false_alarms),
        cmocka_unit_test(test_few_scenes),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_pictures_of_symbols),
        SCRATCH_TEST(test_data),
        cmocka_unit_test(test_densities),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_dither),
        cmocka_unit_test(test_text),
        SCRATCH_TEST(test_reasons),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
