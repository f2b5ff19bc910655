/* Time of one training example of each source, as lines `label microseconds`: processor time,
 * medians of 9 rounds on 1 thread.
 *
 *     bench_source [DATA_FOLDER]
 */
#include <gsl/gsl_sort.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "maskinfo/document.h"
#include "maskinfo/source.h"

enum { ROUNDS = 9, DRAWS = 400 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *label, const char *message)
{
    fprintf(stderr, "%s: %s\n", label, message);
    exit(1);
}

static mi_model *make_model(const char *name, const char *table)
{
    const mi_run run = {.seed = 1, .threads = 2};
    mi_faults faults = {.file = name};
    const mi_binding binding = {&faults, 1};
    const mi_model_class *class = mi_model_find(name);
    mi_values *values = NULL;
    cJSON *resolved = NULL, *object = mi_document_parse(table, strlen(table), &faults);
    mi_model *model = NULL;
    mi_status status = {0};
    if (mi_bind(&binding, object, "", class->parameters, NULL, &values, &resolved, &status) ||
        faults.count > 0 || mi_model_create(class, values, &run, &model, &status)) {
        fail(name, faults.count > 0 ? faults.messages[0] : status.message);
    }
    mi_values_destroy(values);
    cJSON_Delete(object);
    cJSON_Delete(resolved);
    return model;
}

static double time_draws(const mi_source *source, gsl_rng *stream, void *scratch, mi_scalar *pixels,
                         unsigned *symbols)
{
    mi_status status;
    double start = now();
    for (uint64_t i = 0; i < DRAWS; i++) {
        mi_stream_set(stream, 1, MI_PURPOSE_EXAMPLE, i);
        if (mi_source_draw(source, MI_TRAINING, 0, stream, scratch, pixels, symbols, NULL,
                           &status)) {
            fail("draw", status.message);
        }
    }
    return 1e6 * (now() - start) / DRAWS;
}

static void measure(const char *label, const char *name, const char *table)
{
    const mi_run run = {.seed = 1, .threads = 1};
    mi_model *model = make_model(name, table);
    mi_source *source = NULL;
    void *scratch = NULL;
    gsl_rng *stream = NULL;
    mi_status status = {0};
    double times[ROUNDS];
    if (mi_source_create(model, &run, &source, &status) ||
        mi_source_scratch_create(source, &scratch, &status) ||
        mi_stream_create(1, MI_PURPOSE_EXAMPLE, 0, &stream, &status)) {
        fail(label, status.message);
    }
    mi_source_shape shape = mi_source_shape_of(source);
    size_t values = shape.rows * shape.columns * shape.channels;
    mi_scalar *pixels = calloc(values, sizeof *pixels);
    unsigned *symbols = calloc(values, sizeof *symbols);
    if (pixels == NULL || symbols == NULL) {
        fail(label, "no memory");
    }
    for (size_t r = 0; r < ROUNDS; r++) {
        times[r] = time_draws(source, stream, scratch, pixels, symbols);
    }
    gsl_sort(times, 1, ROUNDS);
    printf("%s %.2f\n", label, times[ROUNDS / 2]);
    free(pixels);
    free(symbols);
    gsl_rng_free(stream);
    mi_source_scratch_destroy(source, scratch);
    mi_source_destroy(source);
    mi_model_destroy(model);
}

int main(int count, char **arguments)
{
    const char *data = count > 1 ? arguments[1] : "data";
    char table[400];
    mi_start();
    measure("gmrf-14x14", "gmrf", "{\"grid\": [14, 14]}");
    measure("gmrf-32x32", "gmrf", "{\"grid\": [32, 32]}");
    measure("scene-14x14", "scene", "{\"grid\": [14, 14]}");
    measure("potts-14x14", "potts", "{\"grid\": [14, 14]}");
    measure("mixing-128", "mixing", "{\"length\": 128}");
    measure("markov-128", "markov",
            "{\"length\": 128, \"transition\": [[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0, 0.5, 0.5]]}");
    measure("parity-128", "parity", "{\"length\": 128}");
    snprintf(table, sizeof table, "{\"length\": 128, \"text\": \"%s/sotu.txt.gz\"}", data);
    measure("ngram-128", "ngram", table);
    snprintf(table, sizeof table,
             "{\"length\": 128, \"text\": \"%s/sotu.txt.gz\", \"judged_by\": \"held-out\"}", data);
    measure("text-128", "ngram", table);
    snprintf(table, sizeof table,
             "{\"length\": 128, \"text\": \"%s/sotu.txt.gz\", \"alphabet\": \"words\", \"order\": "
             "1}",
             data);
    measure("words-128", "ngram", table);
    snprintf(table, sizeof table,
             "{\"images\": \"%s/photos\", \"patch\": 4, \"grid\": [8, 8], \"family\": "
             "\"gaussian\", \"crops\": 2000, \"held_out_crops\": 400}",
             data);
    measure("photographs-32x32", "patches", table);
    snprintf(table, sizeof table,
             "{\"images\": \"%s/fashion-test-images-idx3-ubyte.gz\", \"patch\": 4, \"grid\": [7, "
             "7], \"family\": \"gaussian\", \"crops\": 1000, \"held_out_crops\": 400}",
             data);
    measure("fashion-28x28", "patches", table);
    return 0;
}
