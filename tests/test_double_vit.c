/* The vision transformer on images of two sizes, in double precision: its gradient against central
 * differences, masked patches, positions of smaller lattices, patches and attention. */
#include "gradients.h"

#include <stdlib.h>
#include <string.h>

#include "../src/methods/encoder.h"
#include "../src/methods/vit.h"

/* Whole images of 8x12 pixels with 2 channels: 2x3 tokens; a small one of 4x8: 1x2 tokens. */
enum { IMAGES = 3, ROWS = 7 + 3 + 7, WIDTH = 8, DEPTH = 2, CHANNELS = 2, PATCH = 4 };

typedef struct rig {
    mi_tensors tensors;
    mi_vit *vit;
    mi_scalar *values, *transposed, *gradient, *small_positions;
    mi_scalar pixels[IMAGES * 8 * 12 * CHANNELS], direction[ROWS * WIDTH];
    mi_scalar keep[DEPTH * 2 * IMAGES];
    unsigned char masked[2][6];
    mi_vit_image images[IMAGES];
    mi_arena arena;
    mi_vit_work work;
    mi_run run;
} rig;

static void rig_create(rig *r)
{
    const mi_layout whole = {2, 2, 3}, small = {2, 1, 2};
    const mi_vit_config config = {
        .encoder = {.width = WIDTH, .depth = DEPTH, .heads = 2, .hidden = 12, .layer_scale = 0.4},
        .patch = PATCH,
        .channels = CHANNELS,
        .layout = whole,
        .mask_token = true,
        .tensors = &r->tensors,
    };
    const mi_ragged_limits limits = {.samples = IMAGES, .rows = ROWS, .length = 7};
    mi_arena dry = {0};
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, 1, MI_PURPOSE_TEST, 0);
    assert_int_equal(mi_vit_create(&config, &r->vit, NULL), MI_OK);
    r->values = calloc(r->tensors.total, sizeof *r->values);
    r->transposed = calloc(r->tensors.total, sizeof *r->values);
    r->gradient = calloc(r->tensors.total, sizeof *r->values);
    mi_vit_initialize(r->vit, stream, r->values);
    for (size_t t = 0; t < r->tensors.count; t++) {
        const mi_tensor *tensor = &r->tensors.items[t];
        for (size_t i = 0; i < tensor->count; i++) {
            r->values[tensor->offset + i] += gsl_ran_gaussian(stream, 0.3);
        }
    }
    gradients_fill(stream, sizeof r->pixels / sizeof *r->pixels, 0, 1, r->pixels);
    gradients_fill(stream, ROWS * WIDTH, 0, 1, r->direction);
    assert_int_equal(mi_make_positions(small, whole, WIDTH, &r->small_positions, NULL), MI_OK);
    memcpy(r->masked, (unsigned char[2][6]){{0, 1, 1, 0, 0, 1}, {0, 1, 0, 0, 0, 0}}, 12);
    for (size_t i = 0; i < IMAGES; i++) {
        bool whole_image = i != 1;
        r->images[i] = (mi_vit_image){
            .pixels = r->pixels + i * 8 * 12 * CHANNELS,
            .rows = whole_image ? 8 : 4,
            .columns = whole_image ? 12 : 8,
            .opt_positions = whole_image ? r->vit->positions : r->small_positions,
            .opt_masked = i < 2 ? r->masked[i] : NULL,
        };
    }
    for (size_t k = 0; k < DEPTH * 2 * IMAGES; k++) {
        r->keep[k] = k % 5 == 3 ? 0 : 1.25;
    }
    mi_vit_carve(r->vit, limits, true, &dry);
    assert_int_equal(mi_arena_create(dry.used, &r->arena, NULL), MI_OK);
    r->work = mi_vit_carve(r->vit, limits, true, &r->arena);
    r->run = (mi_run){.seed = 1, .threads = 1};
}

static void rig_destroy(rig *r)
{
    mi_arena_destroy(&r->arena);
    mi_vit_destroy(r->vit);
    mi_tensors_free(&r->tensors);
    free(r->values);
    free(r->transposed);
    free(r->gradient);
    free(r->small_positions);
}

static double loss_of(void *context)
{
    rig *r = context;
    mi_weights weights = {r->values, r->transposed};
    mi_tensors_transpose(&r->tensors, r->values, r->transposed, &r->run, NULL);
    mi_vit_forward(r->vit, &weights, IMAGES, r->images, r->keep, &r->work);
    return gradients_weigh(ROWS * WIDTH, r->direction, r->work.latent);
}

static void gradient(void **state)
{
    (void)state;
    rig r = {0};
    rig_create(&r);
    mi_weights weights = {r.values, r.transposed};
    loss_of(&r);
    memcpy(r.work.gradient, r.direction, sizeof r.direction);
    mi_vit_backward(r.vit, &weights, &r.work, r.gradient);
    gradients_check_tensors(&r.tensors, r.values, r.gradient, loss_of, &r, 1e-6);
    rig_destroy(&r);
}

/* Pixels under the mask token play no part, others do. */
static void masked_pixels_are_not_seen(void **state)
{
    (void)state;
    rig r = {0};
    rig_create(&r);
    double before = loss_of(&r);
    r.pixels[(3 * 12 + 4) * CHANNELS] += 1; /* token 1 of image 0 */
    assert_true(loss_of(&r) == before);
    r.pixels[(3 * 12 + 3) * CHANNELS] += 1; /* token 0 */
    assert_true(loss_of(&r) != before);
    rig_destroy(&r);
}

/* Each image is encoded as it is alone. */
static void images_do_not_see_each_other(void **state)
{
    (void)state;
    rig r = {0};
    mi_scalar all[ROWS * WIDTH];
    rig_create(&r);
    mi_weights weights = {r.values, r.transposed};
    loss_of(&r);
    mi_vit_forward(r.vit, &weights, IMAGES, r.images, NULL, &r.work);
    memcpy(all, r.work.latent, sizeof all);
    mi_vit_forward(r.vit, &weights, 1, r.images + 1, NULL, &r.work);
    for (size_t i = 0; i < 3 * WIDTH; i++) {
        assert_near(r.work.latent[i], all[7 * WIDTH + i], 1e-12);
    }
    rig_destroy(&r);
}

/* Half as many places over the same lattice stand between two of them each. */
static void positions_of_smaller_lattices(void **state)
{
    (void)state;
    enum { N = 4 * 6 * WIDTH };
    mi_scalar whole[N], same[N], small[2 * 3 * WIDTH];
    mi_positions(4, 6, WIDTH, whole);
    mi_positions_at(4, 6, 4, 6, WIDTH, same);
    assert_memory_equal(whole, same, sizeof whole);
    mi_positions_at(2, 3, 4, 6, WIDTH, small);
    for (size_t r = 0; r < 2; r++) {
        for (size_t c = 0; c < 3; c++) {
            const mi_scalar *code = small + (r * 3 + c) * WIDTH;
            double x = 2 * (double)c + 0.5, y = 2 * (double)r + 0.5; /* frequencies 1, 1/100 */
            assert_near(code[0], sin(x), 1e-12);
            assert_near(code[1], sin(x / 100), 1e-12);
            assert_near(code[2], cos(x), 1e-12);
            assert_near(code[4], sin(y), 1e-12);
            assert_near(code[7], cos(y / 100), 1e-12);
        }
    }
    mi_positions_at(1, 2, 1, 6, WIDTH, small);
    assert_near(small[WIDTH], sin(4), 1e-12);
    assert_near(small[WIDTH + 1], cos(4), 1e-12);
}

/* Features and attention of whole examples from their parts, in two shards. */
static void patches_and_attention(void **state)
{
    (void)state;
    enum { TOKENS = 6, HEADS = 2, PIXELS = 8 * 12 * CHANNELS };
    rig r = {0};
    rig_create(&r);
    double sums[MI_SHARD_SUMS] = {0};
    mi_scalar tokens[IMAGES * TOKENS * WIDTH], attention[IMAGES * HEADS * TOKENS];
    mi_scalar mean[IMAGES * WIDTH], class[IMAGES * WIDTH];
    mi_weights weights = {r.values, r.transposed};
    mi_examples batch = {.count = IMAGES, .pixels = r.pixels};
    mi_arena dry = {0}, arena;
    loss_of(&r);
    mi_vit_carve_whole(r.vit, 2, &dry);
    assert_int_equal(mi_arena_create(dry.used, &arena, NULL), MI_OK);
    for (size_t k = 0; k < 2; k++) {
        mi_shard shard = {
            .index = k, .first = k * 2, .count = 2 - k, .arena = &arena, .sums = sums};
        mi_arena_reset(&arena, 0);
        mi_vit_patches(r.vit, &weights, &batch, &shard, tokens, attention);
        mi_arena_reset(&arena, 0);
        mi_vit_features(r.vit, &weights, &batch, &shard, false, mean);
        mi_arena_reset(&arena, 0);
        mi_vit_features(r.vit, &weights, &batch, &shard, true, class);
    }
    for (size_t s = 0; s < IMAGES; s++) {
        const mi_vit_image image = {r.pixels + s * PIXELS, 8, 12, r.vit->positions, NULL};
        mi_scalar expected[HEADS * (TOKENS + 1)];
        mi_vit_forward(r.vit, &weights, 1, &image, NULL, &r.work);
        mi_transformer_attention(r.vit->encoder, r.work.batch, r.work.tape, DEPTH - 1, 0, 0,
                                 expected);
        for (size_t i = 0; i < WIDTH; i++) {
            double sum = 0;
            for (size_t t = 0; t < TOKENS; t++) {
                double token = r.work.latent[(t + 1) * WIDTH + i];
                assert_near(tokens[(s * TOKENS + t) * WIDTH + i], token, 1e-12);
                sum += token;
            }
            assert_near(mean[s * WIDTH + i], sum / TOKENS, 1e-12);
            assert_near(class[s * WIDTH + i], r.work.latent[i], 1e-12);
        }
        for (size_t h = 0; h < HEADS; h++) {
            for (size_t t = 0; t < TOKENS; t++) {
                assert_near(attention[(s * HEADS + h) * TOKENS + t],
                            expected[h * (TOKENS + 1) + 1 + t], 1e-12);
            }
        }
    }
    mi_arena_destroy(&arena);
    rig_destroy(&r);
}

/* Images of one sample draw one after the other from its stream; of one view nothing changes. */
static void stochastic_depth_of_views(void **state)
{
    (void)state;
    enum { SAMPLES = 5, VIEWS = 3 };
    mi_scalar one[DEPTH * 2 * SAMPLES], many[DEPTH * 2 * SAMPLES * VIEWS];
    const mi_examples batch = {.count = 9, .seed = 3, .first = 20};
    const mi_shard shard = {.first = 2, .count = SAMPLES};
    mi_stochastic_depth(0.5, DEPTH, &batch, &shard, one);
    mi_stochastic_depth_views(0.5, DEPTH, VIEWS, &batch, &shard, many);
    size_t dropped = 0;
    for (size_t s = 0; s < SAMPLES; s++) {
        mi_stream_room room;
        gsl_rng *stream = mi_stream_place(&room, 3, MI_PURPOSE_DEPTH, 22 + s);
        for (size_t v = 0; v < VIEWS; v++) {
            for (size_t k = 0; k < DEPTH * 2; k++) {
                double drop = k < 2 ? 0 : 0.5, kept = gsl_rng_uniform(stream) >= drop;
                assert_near(many[k * SAMPLES * VIEWS + s * VIEWS + v], kept / (1 - drop), 0);
                if (v == 0) {
                    assert_near(one[k * SAMPLES + s], kept / (1 - drop), 0);
                }
                dropped += kept == 0;
            }
        }
    }
    assert_true(dropped > 3);
}

static void layers_that_are_not_finite_are_named(void **state)
{
    (void)state;
    const char *const tensors[] = {"patch_embed.proj.bias", "blocks.1.mlp.fc2.bias", "norm.bias"};
    const char *const layers[] = {"patch_embed", "blocks.1", "norm"};
    char text[64];
    rig r = {0};
    rig_create(&r);
    loss_of(&r);
    assert_false(mi_vit_first_bad(r.vit, &r.work, text, sizeof text));
    for (int k = 0; k < 3; k++) {
        mi_scalar *entry = &r.values[mi_tensors_find(&r.tensors, tensors[k])->offset],
                  kept = *entry;
        *entry = INFINITY;
        loss_of(&r);
        assert_true(mi_vit_first_bad(r.vit, &r.work, text, sizeof text));
        assert_string_equal(text, layers[k]);
        *entry = kept;
    }
    r.pixels[0] = NAN;
    loss_of(&r);
    assert_true(mi_vit_first_bad(r.vit, &r.work, text, sizeof text));
    assert_string_equal(text, "the pixels");
    rig_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient),
        cmocka_unit_test(masked_pixels_are_not_seen),
        cmocka_unit_test(images_do_not_see_each_other),
        cmocka_unit_test(positions_of_smaller_lattices),
        cmocka_unit_test(patches_and_attention),
        cmocka_unit_test(stochastic_depth_of_views),
        cmocka_unit_test(layers_that_are_not_finite_are_named),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
