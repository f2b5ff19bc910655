/* Sources of examples: the same configurations as the models draw, the parts of data, labels. */
#include "arrays.h"
#include "models.h"
#include "scratch.h"

#include <stdlib.h>

#include "maskinfo/random.h"
#include "maskinfo/source.h"

/* A source of a model, with what one thread needs. */
typedef struct bench {
    mi_model *model;
    mi_source *source;
    mi_source_shape shape;
    void *scratch;
    gsl_rng *stream;
} bench;

static bench bench_open(const char *name, const char *text)
{
    mi_run run = support_run(1);
    bench b = {.model = model_from(name, text, &run)};
    assert_int_equal(mi_source_create(b.model, &run, &b.source, NULL), MI_OK);
    b.shape = mi_source_shape_of(b.source);
    assert_int_equal(mi_source_scratch_create(b.source, &b.scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_EXAMPLE, 0, &b.stream, NULL), MI_OK);
    return b;
}

static void bench_close(bench *b)
{
    mi_source_scratch_destroy(b->source, b->scratch);
    mi_source_destroy(b->source);
    mi_model_destroy(b->model);
    gsl_rng_free(b->stream);
}

static void draw(const bench *b, mi_part part, uint64_t key, mi_scalar *pixels, unsigned *symbols,
                 int *label)
{
    mi_stream_set(b->stream, 3, MI_PURPOSE_EXAMPLE, key);
    assert_int_equal(
        mi_source_draw(b->source, part, 0, b->stream, b->scratch, pixels, symbols, label, NULL),
        MI_OK);
}

/* The first channel is what `sample` draws from the same key, in either part, in any order. */
static void check_draws(const char *name, const char *text)
{
    bench b = bench_open(name, text);
    size_t sites = b.shape.rows * b.shape.columns, d = b.shape.channels;
    mi_scalar *pixels = calloc(sites * d, sizeof *pixels);
    unsigned *symbols = calloc(sites, sizeof *symbols);
    double *expected = calloc(sites, sizeof *expected);
    void *scratch = NULL;
    assert_true(pixels != NULL && symbols != NULL && expected != NULL);
    assert_int_equal(b.model->class->scratch_create(b.model->state, &scratch, NULL), MI_OK);
    for (uint64_t key = 5; key-- > 0;) {
        mi_stream_set(b.stream, 3, MI_PURPOSE_EXAMPLE, key);
        assert_int_equal(b.model->class->sample(b.model->state, b.stream, scratch, expected, NULL),
                         MI_OK);
        draw(&b, key % 2 ? MI_TRAINING : MI_HELD_OUT, key, pixels, symbols, NULL);
        for (size_t i = 0; i < sites; i++) {
            double value = b.shape.discrete
                               ? symbols[i]
                               : b.shape.mean + b.shape.deviation * (double)pixels[i * d];
            assert_near(value, expected[i], b.shape.discrete ? 0 : 1e-6 * b.shape.deviation * 10);
        }
    }
    b.model->class->scratch_destroy(scratch);
    free(pixels);
    free(symbols);
    free(expected);
    bench_close(&b);
}

static void test_draws(void **state)
{
    (void)state;
    check_draws("gmrf", "{\"grid\": [5, 4]}");
    check_draws("gmrf", "{\"grid\": [5, 4], \"channels\": 3, \"boundary\": \"torus\"}");
    check_draws("scene", "{\"grid\": [6, 5], \"classes\": 3}");
    check_draws("potts", "{\"grid\": [5, 6]}");
    check_draws("mixing", "{\"length\": 20}");
    check_draws("markov", "{\"length\": 20, \"transition\": [[0.9, 0.1], [0.3, 0.7]]}");
    check_draws("parity", "{\"length\": 20}");
    check_draws("ngram", "{\"length\": 20, \"text\": \"data/sotu.txt.gz\"}");
    check_draws("ngram", "{\"length\": 20, \"order\": 1, \"alphabet\": \"words\", "
                         "\"text\": \"data/sotu.txt.gz\"}");
}

/* ---- parts of data ---- */

enum { SIDE = 4, IMAGES = 10, ROWS = 8, COLUMNS = 60 };

/* Of every pixel of image i (counted in tens) the value tells where it is: columns of the first 3/5
 * below 36, where the fit is, and the others. */
static void write_places(const char *path, bool by_image)
{
    static unsigned char values[IMAGES * ROWS * COLUMNS];
    for (size_t i = 0; i < sizeof values; i++) {
        values[i] = (unsigned char)(by_image ? 20 * (i / (ROWS * COLUMNS)) + i * i % 7
                                             : i % COLUMNS + 100 * (i / COLUMNS % 2));
    }
    npy_write(path, "|u1", "(10, 8, 60)", values, sizeof values);
}

static bench open_images(void **state, const char *split, bool by_image)
{
    char path[SCRATCH_PATH], text[SCRATCH_PATH + 200];
    write_places(scratch_name(state, "images.npy", path), by_image);
    snprintf(text, sizeof text,
             "{\"images\": \"%s\", \"patch\": 2, \"grid\": [2, 2], \"crops\": 400, "
             "\"held_out_crops\": 200, \"family\": \"gaussian\", \"split\": \"%s\"}",
             path, split);
    return bench_open("patches", text);
}

/* No pixel of the held-out region is ever drawn for training, nor one of the fitted region for
 * evaluation; and all of either is drawn. */
static void test_regions(void **state)
{
    bench b = open_images(state, "region", false);
    size_t drawn[2][COLUMNS] = {{0}};
    assert_int_equal(b.shape.rows * b.shape.columns, SIDE * SIDE);
    assert_int_equal(b.shape.site, 2);
    for (uint64_t key = 0; key < 4000; key++) {
        mi_scalar x[SIDE * SIDE];
        mi_part part = key % 2 ? MI_HELD_OUT : MI_TRAINING;
        draw(&b, part, key, x, NULL, NULL);
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            double value = b.shape.mean + b.shape.deviation * (double)x[i];
            size_t column = (size_t)lround(value) % 100;
            assert_near(value, round(value), 1e-4);
            assert_true(column < COLUMNS);
            drawn[part][column]++;
            /* Neighbours of the crop are neighbours of the image. */
            double first = b.shape.mean + b.shape.deviation * (double)x[i - i % SIDE];
            assert_near(value - first, (double)(i % SIDE), 1e-4);
        }
    }
    for (size_t c = 0; c < COLUMNS; c++) {
        assert_true((drawn[MI_TRAINING][c] > 0) == (c < 36));
        assert_true((drawn[MI_HELD_OUT][c] > 0) == (c >= 36));
    }
    bench_close(&b);
}

static void test_images_apart(void **state)
{
    bench b = open_images(state, "image", true);
    size_t drawn[2][IMAGES] = {{0}}, parts[2] = {0};
    for (uint64_t key = 0; key < 2000; key++) {
        mi_scalar x[SIDE * SIDE];
        mi_part part = key % 2 ? MI_HELD_OUT : MI_TRAINING;
        draw(&b, part, key, x, NULL, NULL);
        double value = b.shape.mean + b.shape.deviation * (double)x[5];
        drawn[part][lround(value) / 20]++;
    }
    for (size_t i = 0; i < IMAGES; i++) {
        assert_true((drawn[0][i] > 0) != (drawn[1][i] > 0));
        parts[0] += drawn[0][i] > 0;
        parts[1] += drawn[1][i] > 0;
    }
    assert_int_equal(parts[0], 6);
    assert_int_equal(parts[1], 4);
    bench_close(&b);
}

/* Mean and deviation: of the pixels, about the mean of each place. Training pixels are so
 * standardised: variance about the place's mean 1 on average. */
static void test_scale(void **state)
{
    bench b = open_images(state, "region", false);
    enum { DRAWS = 20000 };
    double sum[SIDE * SIDE] = {0}, squares[SIDE * SIDE] = {0}, mean = 0, variance = 0;
    for (uint64_t key = 0; key < DRAWS; key++) {
        mi_scalar x[SIDE * SIDE];
        draw(&b, MI_TRAINING, key, x, NULL, NULL);
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            sum[i] += (double)x[i] / DRAWS;
            squares[i] += (double)x[i] * (double)x[i] / DRAWS;
        }
    }
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        mean += sum[i] / (SIDE * SIDE);
        variance += (squares[i] - sum[i] * sum[i]) / (SIDE * SIDE);
    }
    assert_near(mean, 0, 0.05);
    assert_near(variance, 1, 0.05);
    bench_close(&b);
}

/* A text in which a letter tells where it is: held-out blocks are found by their windows. */
static void test_text_windows(void **state)
{
    enum { COUNT = 26 * 400, WINDOW = 13 };
    static char text[COUNT + 1];
    static bool drawn[2][COUNT];
    char path[SCRATCH_PATH], table[SCRATCH_PATH + 200];
    /* Position p: letters of the base-26 digits of p / 3 around a mark. */
    for (size_t p = 0; p < COUNT; p++) {
        size_t word = p / 4;
        const char letters[] = {(char)('a' + word % 26), (char)('a' + word / 26 % 26),
                                (char)('a' + word / 676 % 26), ' '};
        text[p] = letters[p % 4];
    }
    scratch_write(scratch_name(state, "text.txt", path), text, COUNT);
    snprintf(table, sizeof table,
             "{\"length\": %d, \"order\": 2, \"text\": \"%s\", \"judged_by\": \"held-out\", "
             "\"held_out\": 0.2}",
             WINDOW, path);
    bench b = bench_open("ngram", table);
    for (uint64_t key = 0; key < 20000; key++) {
        unsigned symbols[WINDOW];
        char window[WINDOW + 1] = {0};
        draw(&b, key % 2 ? MI_HELD_OUT : MI_TRAINING, key, NULL, symbols, NULL);
        for (size_t i = 0; i < WINDOW; i++) {
            window[i] = symbols[i] == 26 ? ' ' : (char)('a' + symbols[i]);
        }
        const char *found = strstr(text, window);
        assert_non_null(found);
        assert_null(strstr(found + 1, window));
        for (size_t i = 0; i < WINDOW; i++) {
            drawn[key % 2][(size_t)(found - text) + i] = true;
        }
    }
    size_t held_out = 0, seldom = 0;
    for (size_t p = 0; p < COUNT; p++) {
        assert_false(drawn[0][p] && drawn[1][p]);
        held_out += drawn[1][p];
        seldom += !drawn[0][p] && !drawn[1][p]; /* at the ends of the stretches */
    }
    assert_near((double)held_out / COUNT, 0.2, 0.01);
    assert_true(seldom < COUNT / 50);
    bench_close(&b);
}

/* The window of a held-out key is the one that the model's posterior is of. */
static void test_text_keys(void **state)
{
    (void)state;
    bench b = bench_open("ngram", "{\"length\": 12, \"order\": 1, \"text\": \"data/sotu.txt.gz\", "
                                  "\"judged_by\": \"held-out\"}");
    void *scratch = NULL;
    unsigned char masked[12];
    double logs[27] = {0};
    assert_int_equal(b.model->class->scratch_create(b.model->state, &scratch, NULL), MI_OK);
    memset(masked, 1, sizeof masked);
    /* All hidden: the surprise is that of the letters alone, the same for the same letters. */
    for (uint64_t key = 0; key < 300; key++) {
        unsigned symbols[12];
        mi_mask_result result;
        double sum = 0;
        draw(&b, MI_HELD_OUT, key, NULL, symbols, NULL);
        for (size_t i = 0; i < 12; i++) {
            mi_stream_set(b.stream, 3, MI_PURPOSE_EXAMPLE, key);
            memset(masked, 0, sizeof masked);
            masked[i] = 1;
            assert_int_equal(b.model->class->evaluate(b.model->state, masked, MI_FROM_HELD_OUT,
                                                      b.stream, false, scratch, &result, NULL),
                             MI_OK);
            sum = result.marginal_entropy;
            if (logs[symbols[i]] == 0) {
                logs[symbols[i]] = sum;
            }
            assert_near(sum, logs[symbols[i]], 1e-9);
        }
    }
    assert_true(fabs(logs[4] - logs[25]) > 1); /* e and z */
    b.model->class->scratch_destroy(scratch);
    bench_close(&b);
}

/* ---- labels ---- */

static void test_scene_labels(void **state)
{
    (void)state;
    bench b = bench_open("scene", "{\"grid\": [4, 4], \"classes\": 3, \"template_scale\": 100}");
    double centre[3][16] = {{0}};
    size_t count[3] = {0};
    assert_true(b.shape.labelled && b.shape.classes == 3);
    for (uint64_t key = 0; key < 600; key++) {
        mi_scalar x[16];
        int label = -1;
        draw(&b, MI_TRAINING, key, x, NULL, &label);
        assert_true(label >= 0 && label < 3);
        count[label]++;
        for (size_t i = 0; i < 16; i++) {
            double value = (double)x[i];
            /* The template is all that there is, but for a hundredth. */
            assert_true(count[label] == 1 ||
                        fabs(value - centre[label][i] / ((double)count[label] - 1)) < 0.08);
            centre[label][i] += value;
        }
    }
    for (size_t c = 0; c < 3; c++) {
        assert_near((double)count[c] / 600, 1.0 / 3, 4 * sqrt(2.0 / 9 / 600));
    }
    bench_close(&b);
}

static mi_code read_images(const char *images, const char *opt_labels, mi_source **ret_source,
                           mi_status *status)
{
    char *paths[] = {(char *)images};
    return mi_source_of_images(paths, 1, opt_labels, ret_source, status);
}

static const unsigned char pixels[] = {0, 10, 20, 30, 40, 50, 5, 15, 25, 35, 45, 75};

static void check_images(const char *images, const char *labels)
{
    mi_source *source = NULL, *other = NULL;
    mi_status status;
    void *scratch = NULL;
    if (read_images(images, labels, &source, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    mi_source_shape shape = mi_source_shape_of(source);
    assert_true(!shape.discrete && shape.rows == 2 && shape.columns == 3 && shape.channels == 1);
    assert_true(shape.labelled && shape.classes == 8 && mi_source_count(source) == 2);
    assert_null(mi_source_model(source));
    assert_near(shape.mean, 350.0 / 12, 1e-9);
    assert_near(shape.deviation, sqrt((5 * 6.25 + 12.5 * 12.5) / 6), 1e-9);
    assert_int_equal(mi_source_scratch_create(source, &scratch, NULL), MI_OK);
    for (uint64_t i = 0; i < 2; i++) {
        mi_scalar x[6];
        int label = -1;
        assert_int_equal(
            mi_source_draw(source, MI_TRAINING, i, NULL, scratch, x, NULL, &label, NULL), MI_OK);
        assert_int_equal(label, i == 0 ? 7 : 2);
        for (size_t p = 0; p < 6; p++) {
            assert_near(x[p], (pixels[i * 6 + p] - shape.mean) / shape.deviation, 1e-5);
        }
    }
    assert_int_equal(read_images(images, NULL, &other, NULL), MI_OK);
    assert_false(mi_source_shape_of(other).labelled);
    mi_source_destroy(other);
    mi_source_scratch_destroy(source, scratch);
    mi_source_destroy(source);
}

static void test_images_with_labels(void **state)
{
    char idx[SCRATCH_PATH], npy[SCRATCH_PATH], labels[SCRATCH_PATH], numbers[SCRATCH_PATH];
    unsigned char bytes[16 + sizeof pixels] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3};
    const unsigned char classes[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 2};
    const long long whole[] = {7, 2};
    memcpy(bytes + 16, pixels, sizeof pixels);
    scratch_write(scratch_name(state, "images-idx", idx), bytes, sizeof bytes);
    scratch_write(scratch_name(state, "labels-idx", labels), classes, sizeof classes);
    npy_write(scratch_name(state, "images.npy", npy), "|u1", "(2, 2, 3)", pixels, sizeof pixels);
    npy_write(scratch_name(state, "labels.npy", numbers), "<i8", "(2,)", whole, sizeof whole);
    check_images(idx, labels);
    check_images(npy, numbers);
    check_images(idx, numbers);
    gzFile zipped = gzopen(scratch_name(state, "labels.gz", labels), "wb");
    assert_int_equal(gzwrite(zipped, classes, sizeof classes), sizeof classes);
    gzclose(zipped);
    check_images(npy, labels);
}

static void check_bad_labels(void **state, const char *images, const void *bytes, size_t size,
                             const char *text)
{
    char path[SCRATCH_PATH];
    mi_source *source = NULL;
    mi_status status;
    scratch_write(scratch_name(state, "bad", path), bytes, size);
    assert_failure(read_images(images, path, &source, &status), MI_INPUT, status, text);
    assert_non_null(strstr(status.message, "bad"));
}

static void test_bad_labels(void **state)
{
    char images[SCRATCH_PATH], path[SCRATCH_PATH];
    mi_source *source = NULL;
    mi_status status;
    const double fractions[] = {1, 2.5}, negative[] = {1, -1};
    npy_write(scratch_name(state, "images.npy", images), "|u1", "(2, 2, 3)", pixels, sizeof pixels);
    check_bad_labels(state, images, "\0\0\10\1\0\0\0\3abc", 11, "3 labels for 2 images");
    check_bad_labels(state, images, "\0\0\10\1\0\0\0\3ab", 10, "announces 3 labels, but 2");
    check_bad_labels(state, images, "\0\0\10\1\0\0\0\0", 8, "announces 0");
    check_bad_labels(state, images, "\0\0\10\3\0\0\0\2ab", 10, "not an IDX file of labels");
    check_bad_labels(state, images, "\0\0\10", 3, "not an IDX file of labels");
    npy_write(scratch_name(state, "labels.npy", path), "<f8", "(2,)", fractions, sizeof fractions);
    assert_failure(read_images(images, path, &source, &status), MI_INPUT, status, "label 1 is 2.5");
    npy_write(path, "<f8", "(2,)", negative, sizeof negative);
    assert_failure(read_images(images, path, &source, &status), MI_INPUT, status, "label 1 is -1");
    npy_write(path, "<f8", "(1, 2)", fractions, sizeof fractions);
    assert_failure(read_images(images, path, &source, &status), MI_INPUT, status, "one dimension");
    assert_failure(read_images(images, "/nowhere/labels", &source, &status), MI_INPUT, status,
                   "/nowhere/labels");
    npy_write(path, "<f8", "(2,)", fractions, sizeof fractions);
    assert_failure(read_images(path, NULL, &source, &status), MI_INPUT, status, "1 dimensions");
}

static void test_refusals(void **state)
{
    (void)state;
    mi_run run = support_run(1);
    mi_status status;
    mi_source *source = NULL;
    mi_model *model = model_from("mixing", "{\"length\": 0}", &run);
    assert_failure(mi_source_create(model, &run, &source, &status), MI_INPUT, status, "infinite");
    assert_string_equal(status.place, "length");
    mi_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draws),        SCRATCH_TEST(test_regions),
        SCRATCH_TEST(test_images_apart),     SCRATCH_TEST(test_scale),
        SCRATCH_TEST(test_text_windows),     cmocka_unit_test(test_text_keys),
        cmocka_unit_test(test_scene_labels), SCRATCH_TEST(test_images_with_labels),
        SCRATCH_TEST(test_bad_labels),       cmocka_unit_test(test_refusals),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
