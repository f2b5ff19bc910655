/* The masked autoencoder against PyTorch 1.13 (tests/torch/mae.py), and what it does with sources,
 * masks and faults. */
#include "method_rig.h"

#include "maskinfo/layers.h"
#include "maskinfo/optimizer.h"
#include "maskinfo/safetensors.h"

/* As the script's COMMON. */
static const mi_source_shape image = {
    .rows = 12, .columns = 8, .channels = 2, .site = 4, .deviation = 1};
enum { TOKENS = 6, VALUES = 32, BATCH = 5 };

#define STACKS                                                                                     \
    "\"encoder\": {\"width\": 16, \"depth\": 2, \"heads\": 4, \"hidden\": 32%s},"                  \
    "\"decoder\": {\"width\": 8, \"depth\": 1, \"heads\": 2}"

static void copy_item(const mi_safetensors *file, const char *name, void *to, size_t size)
{
    const mi_safetensor *item = mi_safetensors_find(file, name);
    assert_non_null(item);
    assert_int_equal(item->size, size);
    memcpy(to, item->bytes, size);
}

static mi_scalar *block_of(const mi_tensors *tensors, const mi_safetensors *file,
                           const char *prefix)
{
    mi_scalar *block = NULL;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_allocate(tensors->total, sizeof *block, &block, NULL), MI_OK);
    if (mi_tensors_load(tensors, file, prefix, block, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return block;
}

/* |a - b| / |b| over a part of a tensor. */
static double relative(size_t count, const mi_scalar *a, const mi_scalar *b)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / size);
}

/* The loss does not depend on the bias of keys, which adds the same to all scores of a query: its
 * gradient is rounding, of which AdamW makes steps of full size. The middle third of
 * attn.qkv.bias is left out. */
static double tensor_error(const mi_tensor *t, const mi_scalar *a, const mi_scalar *b)
{
    a += t->offset;
    b += t->offset;
    if (strstr(t->name, "attn.qkv.bias") == NULL) {
        return relative(t->count, a, b);
    }
    size_t third = t->count / 3;
    return fmax(relative(third, a, b), relative(third, a + 2 * third, b + 2 * third));
}

static void compare(const mi_tensors *tensors, const mi_scalar *a, const mi_scalar *b,
                    const char *what, double tolerance)
{
    double worst = 0;
    for (size_t t = 0; t < tensors->count; t++) {
        double error = tensor_error(&tensors->items[t], a, b);
        worst = fmax(worst, error);
        if (!(error <= tolerance)) {
            fail_msg("%s of %s: relative error %.3g", what, tensors->items[t].name, error);
        }
    }
    print_message("%s: relative error at most %.2g\n", what, worst);
}

static void take_steps(rig *r, const double *losses, size_t steps)
{
    const mi_adamw adamw = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .decay = 0.05};
    mi_scalar *first = NULL, *second = NULL;
    assert_int_equal(mi_allocate(r->tensors->total, sizeof *first, &first, NULL), MI_OK);
    assert_int_equal(mi_allocate(r->tensors->total, sizeof *second, &second, NULL), MI_OK);
    for (size_t t = 0; t < steps; t++) {
        assert_int_equal(rig_run(r, true, NULL), MI_OK);
        assert_near(r->loss / losses[t], 1, 1e-6);
        assert_int_equal(mi_adamw_step(&adamw, r->tensors, t + 1, 1e-3, 1, r->gradient, first,
                                       second, r->values, &r->run, NULL),
                         MI_OK);
        rig_transpose(r);
    }
    free(first);
    free(second);
}

static void check_recorded(const char *path, const char *json)
{
    enum { STEPS = 20 };
    mi_safetensors *file = NULL;
    mi_status status = {.code = MI_OK};
    double losses[STEPS + 1];
    if (mi_safetensors_read(path, &file, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    rig r = rig_create("mae", json, &image, BATCH, 2, 2);
    copy_item(file, "pixels", r.batch.pixels, BATCH * TOKENS * VALUES * sizeof(mi_scalar));
    copy_item(file, "masked", r.batch.masked, BATCH * TOKENS);
    copy_item(file, "losses", losses, sizeof losses);
    rig_count(&r);
    mi_scalar *gradient = block_of(r.tensors, file, "gradient.");
    mi_scalar *after = block_of(r.tensors, file, "after.");
    assert_int_equal(mi_tensors_load(r.tensors, file, "weight.", r.values, NULL), MI_OK);
    rig_transpose(&r);
    assert_int_equal(rig_run(&r, true, NULL), MI_OK);
    print_message("loss: relative error %.2g\n", fabs(r.loss / losses[0] - 1));
    assert_near(r.loss / losses[0], 1, 1e-6);
    compare(r.tensors, r.gradient, gradient, "gradient", 2e-5);
    take_steps(&r, losses, STEPS);
    assert_int_equal(rig_run(&r, false, NULL), MI_OK);
    assert_near(r.loss / losses[STEPS], 1, 1e-6);
    compare(r.tensors, r.values, after, "weights after twenty steps", 1e-5);
    free(gradient);
    free(after);
    rig_destroy(&r);
    mi_safetensors_destroy(file);
}

static void equals_pytorch_raw(void **state)
{
    (void)state;
    char json[512];
    snprintf(json, sizeof json, "{" STACKS "}", "");
    check_recorded("tests/torch/data/mae-raw.safetensors", json);
}

static void equals_pytorch_normalized(void **state)
{
    (void)state;
    char json[512];
    snprintf(json, sizeof json,
             "{" STACKS ", \"positions\": \"learned\","
             "\"target\": \"normalized\"}",
             ", \"layer_scale\": 0.3");
    check_recorded("tests/torch/data/mae-normalized.safetensors", json);
}

static const char plain[] = "{\"encoder\": {\"width\": 16, \"depth\": 2, \"heads\": 2},"
                            " \"decoder\": {\"width\": 8, \"depth\": 1, \"heads\": 2}}";

static gsl_rng *test_stream(void)
{
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    return stream;
}

static rig filled(const char *json, size_t samples, size_t shards, int threads)
{
    gsl_rng *stream = test_stream();
    rig r = rig_create("mae", json, &image, samples, shards, threads);
    for (size_t i = 0; i < samples * TOKENS * VALUES; i++) {
        r.batch.pixels[i] = (mi_scalar)gsl_ran_gaussian(stream, 1);
    }
    rig_mask(&r, stream, 0.5);
    gsl_rng_free(stream);
    return r;
}

static void same_bytes_at_any_thread_count(void **state)
{
    (void)state;
    const char json[] = "{\"encoder\": {\"width\": 16, \"depth\": 2, \"heads\": 2,"
                        " \"stochastic_depth\": 0.4}, \"positions\": \"learned\"}";
    rig one = filled(json, 19, 8, 1);
    assert_int_equal(rig_run(&one, true, NULL), MI_OK);
    for (int threads = 2; threads <= 8; threads *= 4) {
        rig many = filled(json, 19, 8, threads);
        assert_int_equal(rig_run(&many, true, NULL), MI_OK);
        assert_memory_equal(&one.loss, &many.loss, sizeof one.loss);
        assert_memory_equal(one.gradient, many.gradient, one.tensors->total * sizeof *one.gradient);
        rig_destroy(&many);
    }
    rig_destroy(&one);
}

/* Channel c of the pixel (y, x) of image n is a number that tells them all. */
static void patchify_puts_the_values_of_a_pixel_innermost(void **state)
{
    (void)state;
    enum { N = 2, ROWS = 6, COLUMNS = 9, CHANNELS = 2, PATCH = 3, COUNT = 6 * 9 * 2 };
    mi_scalar pixels[N * COUNT], tokens[N * COUNT], back[N * COUNT];
    for (int i = 0; i < N * COUNT; i++) {
        pixels[i] = (mi_scalar)i;
    }
    mi_patchify(N, ROWS, COLUMNS, CHANNELS, PATCH, pixels, tokens);
    for (int n = 0; n < N; n++) {
        for (int y = 0; y < ROWS; y++) {
            for (int x = 0; x < COLUMNS; x++) {
                int token = (n * 2 + y / 3) * 3 + x / 3, place = y % 3 * 3 + x % 3;
                for (int c = 0; c < CHANNELS; c++) {
                    assert_int_equal((int)tokens[(token * 9 + place) * CHANNELS + c],
                                     ((n * ROWS + y) * COLUMNS + x) * CHANNELS + c);
                }
            }
        }
    }
    mi_unpatchify(N, ROWS, COLUMNS, CHANNELS, PATCH, tokens, back);
    assert_memory_equal(back, pixels, sizeof pixels);
}

/* The loss from what `predict` gives, by its definition. */
static double loss_of_predictions(const rig *r, const mi_scalar *predicted, const mi_scalar *seen,
                                  bool normalized)
{
    double sum = 0;
    for (size_t t = 0; t < r->batch.count * TOKENS; t++) {
        const mi_scalar *p = predicted + t * VALUES, *x = seen + t * VALUES;
        double mean = 0, variance = 0, error = 0;
        for (int i = 0; i < VALUES; i++) {
            mean += (double)x[i] / VALUES;
            error += ((double)p[i] - (double)x[i]) * ((double)p[i] - (double)x[i]) / VALUES;
        }
        for (int i = 0; i < VALUES; i++) {
            variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (VALUES - 1);
        }
        if (!r->batch.masked[t]) {
            assert_memory_equal(p, x, VALUES * sizeof *p);
        } else {
            sum += normalized ? error / (variance + 1e-6) : error;
        }
    }
    return sum / (double)r->batch.masked_total;
}

static void check_predictions(const char *json, bool normalized)
{
    mi_scalar predicted[BATCH * TOKENS * VALUES], seen[BATCH * TOKENS * VALUES];
    rig r = filled(json, BATCH, 2, 1);
    mi_patchify(BATCH, image.rows, image.columns, image.channels, 4, r.batch.pixels, seen);
    rig_infer(&r, false, predicted);
    assert_int_equal(rig_run(&r, false, NULL), MI_OK);
    assert_near(loss_of_predictions(&r, predicted, seen, normalized) / r.loss, 1, 1e-5);
    rig_destroy(&r);
}

static void predictions_have_the_loss(void **state)
{
    (void)state;
    check_predictions(plain, false);
    check_predictions("{\"target\": \"normalized\", \"positions\": \"learned\"}", true);
}

/* What is masked is not seen: predictions stay, whatever stands there. */
static void masked_pixels_are_not_seen(void **state)
{
    (void)state;
    mi_scalar before[BATCH * TOKENS * VALUES], after[BATCH * TOKENS * VALUES];
    mi_scalar tokens[BATCH * TOKENS * VALUES];
    rig r = filled(plain, BATCH, 1, 1);
    rig_infer(&r, false, before);
    mi_patchify(BATCH, image.rows, image.columns, image.channels, 4, r.batch.pixels, tokens);
    for (size_t t = 0; t < BATCH * TOKENS; t++) {
        for (size_t i = 0; i < VALUES && r.batch.masked[t]; i++) {
            tokens[t * VALUES + i] = (mi_scalar)-7.25;
        }
    }
    mi_unpatchify(BATCH, image.rows, image.columns, image.channels, 4, tokens, r.batch.pixels);
    rig_infer(&r, false, after);
    assert_memory_equal(before, after, sizeof before);
    rig_destroy(&r);
}

enum { WIDTH = 16 };

/* LayerNorm without weights. */
static void standardise(double x[WIDTH])
{
    double mean = 0, variance = 0;
    for (int i = 0; i < WIDTH; i++) {
        mean += x[i] / WIDTH;
    }
    for (int i = 0; i < WIDTH; i++) {
        variance += (x[i] - mean) * (x[i] - mean) / WIDTH;
    }
    for (int i = 0; i < WIDTH; i++) {
        x[i] = (x[i] - mean) / sqrt(variance + 1e-6);
    }
}

/* An encoder without blocks, fresh weights: LN(W x + position) by its definition, of one token. */
static void encode_token(const rig *r, size_t sample, size_t token, double out[WIDTH])
{
    mi_scalar positions[TOKENS * WIDTH];
    size_t weight = mi_tensors_find(r->tensors, "patch_embed.proj.weight")->offset;
    mi_positions(3, 2, WIDTH, positions);
    for (size_t i = 0; i < WIDTH; i++) {
        out[i] = (double)positions[token * WIDTH + i];
        for (size_t c = 0; c < 2; c++) {
            for (size_t p = 0; p < 16; p++) {
                size_t y = token / 2 * 4 + p / 4, x = token % 2 * 4 + p % 4;
                out[i] += (double)r->values[weight + (i * 2 + c) * 16 + p] *
                          (double)r->batch.pixels[((sample * 12 + y) * 8 + x) * 2 + c];
            }
        }
    }
    standardise(out);
}

/* The mean of all tokens, whatever the mask says. */
static void features_are_the_mean_of_whole_examples(void **state)
{
    (void)state;
    mi_scalar features[BATCH * WIDTH];
    rig r = filled("{\"encoder\": {\"width\": 16, \"depth\": 0, \"heads\": 2}}", BATCH, 1, 1);
    assert_int_equal(r.class->feature_size(r.state), WIDTH);
    rig_infer(&r, true, features);
    for (size_t s = 0; s < BATCH; s++) {
        double mean[WIDTH] = {0}, encoded[WIDTH];
        for (size_t t = 0; t < TOKENS; t++) {
            encode_token(&r, s, t, encoded);
            for (size_t i = 0; i < WIDTH; i++) {
                mean[i] += encoded[i] / TOKENS;
            }
        }
        for (size_t i = 0; i < WIDTH; i++) {
            assert_near((double)features[s * WIDTH + i], mean[i], 1e-5);
        }
    }
    rig_destroy(&r);
}

static void features_of_the_class_token(void **state)
{
    (void)state;
    mi_scalar features[BATCH * WIDTH];
    double token[WIDTH];
    rig r = filled("{\"encoder\": {\"width\": 16, \"depth\": 0, \"heads\": 2},"
                   "\"pool\": \"class\"}",
                   BATCH, 1, 1);
    rig_infer(&r, true, features);
    for (size_t i = 0; i < WIDTH; i++) {
        token[i] = (double)r.values[mi_tensors_find(r.tensors, "cls_token")->offset + i];
    }
    standardise(token);
    for (size_t i = 0; i < BATCH * WIDTH; i++) {
        assert_near((double)features[i], token[i % WIDTH], 1e-5);
    }
    rig_destroy(&r);
}

static void nothing_masked_costs_nothing(void **state)
{
    (void)state;
    rig r = filled(plain, BATCH, 2, 1);
    memset(r.batch.masked, 0, BATCH * TOKENS);
    rig_count(&r);
    assert_int_equal(rig_run(&r, true, NULL), MI_OK);
    assert_near(r.loss, 0, 0);
    for (size_t i = 0; i < r.tensors->total; i++) {
        assert_near((double)r.gradient[i], 0, 0);
    }
    rig_destroy(&r);
}

/* Put one infinite number in a tensor and read the layer from the message. */
static void check_named(const char *tensor, const char *layer)
{
    mi_status status = {.code = MI_OK};
    rig r = filled(plain, BATCH, 1, 1);
    r.values[mi_tensors_find(r.tensors, tensor)->offset] = INFINITY;
    rig_transpose(&r);
    assert_int_equal(rig_run(&r, true, &status), MI_NUMERIC);
    if (strstr(status.message, layer) == NULL) {
        fail_msg("%s is not in: %s", layer, status.message);
    }
    rig_destroy(&r);
}

static void layers_that_are_not_finite_are_named(void **state)
{
    (void)state;
    check_named("patch_embed.proj.bias", "patch_embed");
    check_named("blocks.1.mlp.fc2.bias", "from blocks.1 ");
    check_named("norm.bias", "from norm ");
    check_named("decoder_embed.bias", "decoder_embed");
    check_named("decoder_blocks.0.norm2.weight", "decoder_blocks.0");
    check_named("decoder_norm.weight", "decoder_norm");
    check_named("decoder_pred.bias", "decoder_pred");
}

static void check_refused(const char *json, const mi_source_shape *source, const char *place,
                          const char *part)
{
    void *made = NULL;
    mi_status status = {.code = MI_OK};
    assert_int_equal(rig_state("mae", json, source, &made, &status), MI_INPUT);
    assert_string_equal(status.place, place);
    if (strstr(status.message, part) == NULL) {
        fail_msg("\"%s\" is not in: %s", part, status.message);
    }
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    mi_source_shape symbols = {.discrete = true, .rows = 1, .columns = 64, .vocabulary = 27};
    mi_source_shape field = {.rows = 14, .columns = 14, .channels = 1, .site = 1};
    mi_source_shape square = {.rows = 14, .columns = 14, .channels = 1, .site = 14};
    mi_source_shape large = {.rows = 200, .columns = 200, .channels = 3, .site = 1};
    check_refused("{}", &large, "patch", "40000 tokens");
    check_refused("{\"patch\": 5}", &image, "patch", "must divide both sides of the 12x8 image");
    check_refused("{}", &square, "patch", "at least two");
    check_refused("{}", &symbols, "type", "mlm");
    check_refused("{\"target\": \"normalized\"}", &field, "target", "at least 2 values");
    check_refused("{\"encoder\": {\"heads\": 5}}", &image, "encoder.heads", "64");
    check_refused("{\"decoder\": {\"heads\": 5}}", &image, "decoder.heads", "32");
    check_refused("{\"encoder\": {\"width\": 66, \"heads\": 2}}", &image, "encoder.width", "4");
    check_refused("{\"decoder\": {\"width\": 30, \"heads\": 2}}", &image, "decoder.width", "4");
}

/* Glorot's bounds, zeros and ones, and 0.02. */
static void initial_weights(void **state)
{
    (void)state;
    rig r = rig_create("mae", "{\"positions\": \"learned\"}", &image, 1, 1, 1);
    const mi_tensor *embed = mi_tensors_find(r.tensors, "patch_embed.proj.weight");
    const mi_tensor *token = mi_tensors_find(r.tensors, "mask_token");
    const mi_tensor *place = mi_tensors_find(r.tensors, "pos_embed");
    double bound = sqrt(6.0 / (32 + 64)), largest = 0, squares = 0;
    for (size_t i = 0; i < embed->count; i++) {
        largest = fmax(largest, fabs((double)r.values[embed->offset + i]));
    }
    assert_true(largest <= bound && largest > 0.99 * bound);
    for (size_t i = 0; i < token->count; i++) {
        squares += pow((double)r.values[token->offset + i], 2);
    }
    assert_true(sqrt(squares / (double)token->count) < 0.03);
    assert_true(squares > 0);
    mi_scalar positions[TOKENS * 64];
    mi_positions(3, 2, 64, positions);
    assert_memory_equal(r.values + place->offset + 64, positions, sizeof positions);
    for (size_t i = 0; i < 64; i++) {
        assert_near((double)r.values[place->offset + i], 0, 0);
    }
    rig_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pytorch_raw),
        cmocka_unit_test(equals_pytorch_normalized),
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(patchify_puts_the_values_of_a_pixel_innermost),
        cmocka_unit_test(predictions_have_the_loss),
        cmocka_unit_test(masked_pixels_are_not_seen),
        cmocka_unit_test(features_are_the_mean_of_whole_examples),
        cmocka_unit_test(features_of_the_class_token),
        cmocka_unit_test(nothing_masked_costs_nothing),
        cmocka_unit_test(layers_that_are_not_finite_are_named),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(initial_weights),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
