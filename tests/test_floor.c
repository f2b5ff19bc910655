/* Evaluation against exact floors: predictors that are known to be perfect, biased or dishonest. */
#include "fake_method.h"

#include <gsl/gsl_math.h>
#include <string.h>

#include "../src/models/scene.h"
#include "maskinfo/floor.h"
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
    }
    assert_true(isnan(points[1].ratio));
    bench_close(&b);
    gsl_matrix_free(covariance);
}

/* Normalised targets have no floor; their loss is the squared error over each token's own
 * variance. */
static void test_normalized(void **state)
{
    (void)state;
    gsl_matrix *covariance = fake_covariance(4, 4, 0.3);
    fake f = {.covariance = covariance, .patch = 2, .normalized = true};
    bench b = bench_open("gmrf", "{\"grid\": [4, 4], \"kappa\": 0.3}", &f, "{}");
    const double ratio = 1;
    mi_floor_point p;
    assert_non_null(strstr(mi_floor_reason(&b.setting), "normalised"));
    evaluate(&b, &ratio, 1, 400, &p, NULL);
    assert_true(isnan(p.floor) && isnan(p.gap) && isnan(p.conditional_entropy) && !p.leak);
    assert_true(!isnan(p.exact_conditional_entropy));
    /* Nothing visible: the prediction is 0, and the loss of a token x^2 / var, on the same draws.
     */
    double sum = 0, pixels = 0;
    void *scratch = NULL;
    gsl_rng *stream = NULL;
    assert_int_equal(mi_source_scratch_create(b.source, &scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_EVALUATION, 0, &stream, NULL), MI_OK);
    for (uint64_t e = 0; e < 400; e++) {
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
            sum += all / (squares + 1e-6);
            pixels += 4;
        }
    }
    assert_near(p.loss, sum / pixels, 1e-3 * p.loss);
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
        for (size_t c = 0; c < 2; c++) {
            for (size_t i = 0; i < 20; i++) {
                x[i] = values[2 * i + c];
            }
            fake_mean(&f, hidden, x, expected, weights);
            for (size_t i = 0; i < 20; i++) {
                assert_near(mean[2 * i + c], hidden[i] ? expected[i] : x[i], 1e-9);
            }
        }
    }
    gsl_rng_free(stream);
    b.model->class->scratch_destroy(scratch);
    bench_close(&b);
    gsl_matrix_free(covariance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_perfect_field),   cmocka_unit_test(test_pooled),
        cmocka_unit_test(test_biased_field),    cmocka_unit_test(test_cheating_field),
        cmocka_unit_test(test_tokens_of_sites), cmocka_unit_test(test_normalized),
        cmocka_unit_test(test_scene_posterior), cmocka_unit_test(test_field_posterior),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
