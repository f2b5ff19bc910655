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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draws),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
