/* The masked autoencoder's gradient against central differences, in double precision. */
#include "method_rig.h"

/* Image of 8x12 pixels with 2 channels: 2x3 tokens of 32 values. */
static const mi_source_shape image = {
    .rows = 8, .columns = 12, .channels = 2, .site = 4, .deviation = 1};

static double *entry(rig *r, size_t tensor, size_t i)
{
    return &r->values[r->tensors->items[tensor].offset + i];
}

static double loss_of(rig *r)
{
    rig_transpose(r);
    assert_int_equal(rig_run(r, false, NULL), MI_OK);
    return r->loss;
}

/* Loss at values + step * direction of one tensor. */
static double loss_at(rig *r, size_t tensor, const double *direction, double step)
{
    size_t count = r->tensors->items[tensor].count;
    double *values = entry(r, tensor, 0), *kept = NULL;
    assert_int_equal(mi_allocate(count, sizeof *kept, &kept, NULL), MI_OK);
    memcpy(kept, values, count * sizeof *kept);
    for (size_t i = 0; i < count; i++) {
        values[i] += step * direction[i];
    }
    double loss = loss_of(r);
    memcpy(values, kept, count * sizeof *kept);
    free(kept);
    return loss;
}

/* Central difference of fourth order. */
static double slope(rig *r, size_t tensor, const double *direction, double step)
{
    double near = loss_at(r, tensor, direction, step) - loss_at(r, tensor, direction, -step);
    double far = loss_at(r, tensor, direction, 2 * step) - loss_at(r, tensor, direction, -2 * step);
    return (8 * near - far) / (12 * step);
}

static double dot(size_t count, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* The slope along a direction of unit length equals its product with the gradient, with its sign.
 * `scale` is the size that such a product has. */
static void check(rig *r, size_t tensor, const double *direction, double scale, double *ret_worst)
{
    const mi_tensor *t = &r->tensors->items[tensor];
    double product = dot(t->count, direction, r->gradient + t->offset);
    double difference = slope(r, tensor, direction, 2e-4);
    double size = fmax(fabs(product), 0.1 * scale);
    double error = fabs(difference - product) / size;
    *ret_worst = fmax(*ret_worst, error);
    if (!(error < 1e-6)) {
        print_error("%s: slope %.12g, gradient %.12g\n", t->name, difference, product);
        fail();
    }
}

/* Two random directions and three entries of a tensor. */
static void check_tensor(rig *r, size_t tensor, gsl_rng *stream, double *ret_worst)
{
    size_t count = r->tensors->items[tensor].count;
    const double *gradient = r->gradient + r->tensors->items[tensor].offset;
    double *direction = NULL, scale = sqrt(dot(count, gradient, gradient) / (double)count);
    if (!(scale > 1e-8)) {
        fail_msg("%s has no gradient", r->tensors->items[tensor].name);
    }
    assert_int_equal(mi_allocate(count, sizeof *direction, &direction, NULL), MI_OK);
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < count; i++) {
            direction[i] = gsl_ran_gaussian(stream, 1);
        }
        double length = sqrt(dot(count, direction, direction));
        for (size_t i = 0; i < count; i++) {
            direction[i] /= length;
        }
        check(r, tensor, direction, scale, ret_worst);
    }
    for (int k = 0; k < 3; k++) {
        memset(direction, 0, count * sizeof *direction);
        direction[gsl_rng_uniform_int(stream, count)] = 1;
        check(r, tensor, direction, scale, ret_worst);
    }
    free(direction);
}

static void check_method(const char *json, const mi_source_shape *source, size_t expected_tensors)
{
    gsl_rng *stream = NULL;
    double worst = 0;
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    rig r = rig_create("mae", json, source, 6, 3, 1);
    for (size_t i = 0; i < r.batch.count * source->rows * source->columns * 2; i++) {
        r.batch.pixels[i] = gsl_ran_gaussian(stream, 1);
    }
    rig_mask(&r, stream, 0.5);
    rig_shake(&r, stream, 0.3);
    mi_status status;
    if (rig_run(&r, true, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    assert_int_equal(r.tensors->count, expected_tensors);
    for (size_t t = 0; t < r.tensors->count; t++) {
        check_tensor(&r, t, stream, &worst);
    }
    print_message("%zu tensors, worst relative error %.2g\n", r.tensors->count, worst);
    rig_destroy(&r);
    gsl_rng_free(stream);
}

/* 12 tensors of a block, 2 of LayerScale, 2 of each last norm; class and mask tokens, 3 linear
 * layers, 2 tables of positions. */
enum { PLAIN = 3 * 12 + 2 * 2 + 2 + 6 };

static void raw_pixels(void **state)
{
    (void)state;
    check_method("{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2, \"hidden\": 12},"
                 " \"decoder\": {\"width\": 4, \"depth\": 1, \"heads\": 1}}",
                 &image, PLAIN);
}

static void normalized_pixels(void **state)
{
    (void)state;
    check_method("{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 4, \"hidden\": 12},"
                 " \"decoder\": {\"width\": 8, \"depth\": 1, \"heads\": 2, \"hidden\": 8},"
                 " \"target\": \"normalized\", \"positions\": \"learned\"}",
                 &image, PLAIN + 2);
}

static void layer_scale_and_stochastic_depth(void **state)
{
    (void)state;
    check_method("{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2, \"layer_scale\": 0.5,"
                 " \"stochastic_depth\": 0.3},"
                 " \"decoder\": {\"width\": 4, \"depth\": 1, \"heads\": 2},"
                 " \"positions\": \"learned\"}",
                 &image, PLAIN + 2 + 4);
}

static void tokens_of_one_pixel(void **state)
{
    (void)state;
    const mi_source_shape small = {.rows = 3, .columns = 4, .channels = 2, .site = 1};
    check_method("{\"encoder\": {\"width\": 8, \"depth\": 1, \"heads\": 4},"
                 " \"decoder\": {\"width\": 4, \"depth\": 2, \"heads\": 2}, \"patch\": 1}",
                 &small, PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_pixels),
        cmocka_unit_test(normalized_pixels),
        cmocka_unit_test(layer_scale_and_stochastic_depth),
        cmocka_unit_test(tokens_of_one_pixel),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
