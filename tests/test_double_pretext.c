/* Jigsaw and colorization in double precision: gradients of the whole methods against central
 * differences, losses and gradients against PyTorch. */
#include "method_rig.h"
#include "torch/pretext.h"

/* Image of 8x12 pixels with 3 channels: 2x3 tokens. */
static const mi_source_shape image = {
    .rows = 8, .columns = 12, .channels = 3, .site = 4, .deviation = 1};

static double loss_at(rig *r, double *values, size_t count, const double *direction, double step)
{
    for (size_t i = 0; i < count; i++) {
        values[i] += step * direction[i];
    }
    rig_transpose(r);
    assert_int_equal(rig_run(r, false, NULL), MI_OK);
    for (size_t i = 0; i < count; i++) {
        values[i] -= step * direction[i];
    }
    return r->loss;
}

static double dot(size_t count, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* The slope along a random direction of unit length, by a difference of fourth order, is the
 * gradient's product with it. */
static void check_tensor(rig *r, size_t tensor, gsl_rng *stream)
{
    const mi_tensor *t = &r->tensors->items[tensor];
    const double *gradient = r->gradient + t->offset, step = 2e-4;
    double *values = r->values + t->offset, *direction = NULL;
    double scale = sqrt(dot(t->count, gradient, gradient) / (double)t->count);
    if (!(scale > 1e-8)) {
        fail_msg("%s has no gradient (%g)", t->name, scale);
    }
    assert_int_equal(mi_allocate(t->count, sizeof *direction, &direction, NULL), MI_OK);
    for (int k = 0; k < 4; k++) {
        for (size_t i = 0; i < t->count; i++) {
            direction[i] = gsl_ran_gaussian(stream, 1);
        }
        double length = sqrt(dot(t->count, direction, direction));
        for (size_t i = 0; i < t->count; i++) {
            direction[i] /= length;
        }
        double near = loss_at(r, values, t->count, direction, step) -
                      loss_at(r, values, t->count, direction, -step);
        double far = loss_at(r, values, t->count, direction, 2 * step) -
                     loss_at(r, values, t->count, direction, -2 * step);
        double product = dot(t->count, direction, gradient);
        double error = fabs((8 * near - far) / (12 * step) - product);
        if (!(error < 1e-6 * fmax(fabs(product), scale))) {
            print_error("%s: off by %.3g of %.12g\n", t->name, error, product);
            fail();
        }
    }
    free(direction);
}

static void check_method(const char *name, const char *json)
{
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    rig r = rig_create(name, json, &image, 7, 3, 1);
    for (size_t i = 0; i < r.batch.count * image.rows * image.columns * image.channels; i++) {
        r.batch.pixels[i] = gsl_ran_gaussian(stream, 1);
    }
    rig_shake(&r, stream, 0.3);
    mi_status status;
    if (rig_run(&r, true, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    for (size_t t = 0; t < r.tensors->count; t++) {
        check_tensor(&r, t, stream);
    }
    rig_destroy(&r);
    gsl_rng_free(stream);
}

#define ENCODER "\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2, \"hidden\": 12"

static void gradients(void **state)
{
    (void)state;
    check_method("jigsaw", "{" ENCODER "}}");
    check_method("jigsaw", "{" ENCODER ", \"layer_scale\": 0.5, \"stochastic_depth\": 0.3},"
                           " \"shuffled\": 0.5}");
    check_method("colorize", "{" ENCODER "}}");
    check_method("colorize", "{" ENCODER "}, \"decoder_depth\": 0}");
    check_method("colorize", "{" ENCODER ", \"layer_scale\": 0.5, \"stochastic_depth\": 0.3},"
                             " \"decoder_depth\": 2, \"patch\": 2}");
}

static void waves(size_t count, double scale, double speed, double phase, double *x)
{
    for (size_t i = 0; i < count; i++) {
        x[i] = scale * sin(speed * (double)i + phase);
    }
}

/* Tensor k holds 0.4 sin((1.3 + 0.07 k) i + 0.2 k), pixels 1.2 sin(0.37 i + 0.1); of each gradient
 * its product with sin(0.9 i + 0.3). */
static void check_torch(const char *name, const char *json, double loss, size_t count,
                        const double *products)
{
    double wave[1024];
    rig r = rig_create(name, json, &image, 2, 1, 1);
    assert_int_equal(r.tensors->count, count);
    for (size_t k = 0; k < count; k++) {
        const mi_tensor *t = &r.tensors->items[k];
        waves(t->count, 0.4, 1.3 + 0.07 * (double)k, 0.2 * (double)k, r.values + t->offset);
    }
    waves(2 * image.rows * image.columns * image.channels, 1.2, 0.37, 0.1, r.batch.pixels);
    rig_transpose(&r);
    assert_int_equal(rig_run(&r, true, NULL), MI_OK);
    assert_near(r.loss, loss, 1e-9 * loss);
    for (size_t k = 0; k < count; k++) {
        const mi_tensor *t = &r.tensors->items[k];
        assert_true(t->count <= 1024);
        waves(t->count, 1, 0.9, 0.3, wave);
        double product = dot(t->count, wave, r.gradient + t->offset);
        if (!(fabs(product - products[k]) <= 1e-7 * fabs(products[k]) + 1e-9)) {
            fail_msg("%s: %.12g, PyTorch %.12g", t->name, product, products[k]);
        }
    }
    rig_destroy(&r);
}

static void torch(void **state)
{
    (void)state;
    check_torch("jigsaw", "{" ENCODER "}}", jigsaw_loss,
                sizeof jigsaw_products / sizeof *jigsaw_products, jigsaw_products);
    check_torch("colorize", "{" ENCODER "}}", colorize_loss,
                sizeof colorize_products / sizeof *colorize_products, colorize_products);
}

/* Patches 0 and 4 of each image change places. */
static void swap_patches(rig *r)
{
    size_t across = image.columns * image.channels, side = 4 * image.channels;
    for (size_t i = 0; i < r->batch.count * 4; i++) {
        mi_scalar *a = r->batch.pixels + (i / 4 * image.rows + i % 4) * across;
        mi_scalar *b = a + 4 * across + side;
        for (size_t k = 0; k < side; k++) {
            mi_scalar held = a[k];
            a[k] = b[k];
            b[k] = held;
        }
    }
}

/* Without positions the mean of the tokens does not know where the patches were. */
static double moved(const char *json)
{
    mi_scalar before[2 * 8], after[2 * 8];
    double most = 0;
    rig r = rig_create("jigsaw", json, &image, 2, 1, 1);
    waves(2 * image.rows * image.columns * image.channels, 1.2, 0.37, 0.1, r.batch.pixels);
    rig_infer(&r, true, before);
    swap_patches(&r);
    rig_infer(&r, true, after);
    for (size_t i = 0; i < 2 * 8; i++) {
        most = fmax(most, fabs(before[i] - after[i]));
    }
    rig_destroy(&r);
    return most;
}

static void positions_are_hidden(void **state)
{
    (void)state;
    assert_true(moved("{" ENCODER "}}") < 1e-12);
    assert_true(moved("{" ENCODER "}, \"shuffled\": 0.5}") > 1e-3);
}

static void assert_bad(const char *name, const char *json, const mi_source_shape *source,
                       const char *place, const char *text)
{
    mi_status status = {.code = MI_OK};
    void *made = NULL;
    assert_int_equal(rig_state(name, json, source, &made, &status), MI_INPUT);
    assert_string_equal(status.place, place);
    assert_non_null(strstr(status.message, text));
}

static void bad_input_is_named(void **state)
{
    (void)state;
    mi_source_shape grey = image, symbols = image;
    grey.channels = 1;
    symbols.discrete = true;
    assert_bad("colorize", "{" ENCODER "}}", &grey, "type", "has 1 channel:");
    assert_bad("colorize", "{" ENCODER "}}", &symbols, "type", "symbols");
    assert_bad("jigsaw", "{" ENCODER "}}", &symbols, "type", "symbols");
    assert_bad("jigsaw", "{" ENCODER "}, \"shuffled\": 0.05}", &image, "shuffled", "none");
    assert_bad("jigsaw", "{" ENCODER "}, \"patch\": 5}", &image, "patch", "5");

    const char *const names[] = {"jigsaw", "colorize"};
    for (size_t i = 0; i < 2; i++) {
        mi_status status = {.code = MI_OK};
        rig r = rig_create(names[i], "{" ENCODER "}}", &image, 2, 1, 1);
        r.batch.pixels[7] = NAN;
        assert_int_equal(rig_run(&r, true, &status), MI_NUMERIC);
        assert_non_null(strstr(status.message, "the pixels"));
        r.batch.pixels[7] = 0;
        r.values[r.tensors->items[r.tensors->count - 2].offset] = NAN;
        rig_transpose(&r);
        assert_int_equal(rig_run(&r, true, &status), MI_NUMERIC);
        assert_non_null(strstr(status.message, i == 0 ? "jigsaw_head" : "the decoder"));
        rig_destroy(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(torch),
        cmocka_unit_test(positions_are_hidden),
        cmocka_unit_test(bad_input_is_named),
    };
    mi_start();
    return cmocka_run_group_tests_name("pretext tasks in double precision", tests, NULL, NULL);
}
