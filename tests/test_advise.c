/* Advice: what data are, how sure one may be, and known optima found again. */
#include "ngram_support.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_randist.h>
#include <zlib.h>

#include "../src/models/patch_part.h"
#include "maskinfo/advise.h"
#include "maskinfo/data.h"
#include "maskinfo/experiment.h"
#include "maskinfo/random.h"
#include "pictures.h"
#include "program.h"

/* ---- helpers ---- */

static const cJSON *at(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static double number(const cJSON *object, const char *name)
{
    assert_true(cJSON_IsNumber(at(object, name)));
    return at(object, name)->valuedouble;
}

static const char *text(const cJSON *object, const char *name)
{
    assert_true(cJSON_IsString(at(object, name)));
    return at(object, name)->valuestring;
}

/* The advice on a path with random masks only, without its timing. */
static cJSON *advice_on(mi_advice_options options, int threads)
{
    mi_run run = {.seed = 3, .threads = threads};
    mi_status status = {.code = MI_OK};
    cJSON *result = NULL;
    if (options.strategy_count == 0) {
        options.strategies[options.strategy_count++] = "random";
    }
    if (mi_advise(&options, &run, &result, &status) != MI_OK) {
        fail_msg("%s: %s", options.path, status.message);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(result, "timing");
    return result;
}

static void check_input(mi_advice_options options, const char *part)
{
    mi_run run = support_run(3);
    mi_status status = {.code = MI_OK};
    cJSON *result = NULL;
    assert_int_equal(mi_advise(&options, &run, &result, &status), MI_INPUT);
    assert_null(result);
    if (strstr(status.message, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, status.message);
    }
}

/* Fail unless nothing is advised for a reason that holds `part`. */
static void check_refused_for(const char *path, const char *part)
{
    cJSON *result = advice_on((mi_advice_options){.path = path, .order = 0}, 2);
    char *words = NULL;
    assert_true(cJSON_IsNull(at(result, "recommendation")));
    if (strstr(text(result, "reason"), part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, text(result, "reason"));
    }
    assert_true(strlen(text(result, "what_would_help")) > 10);
    assert_int_equal(mi_advice_text(result, &words, NULL), MI_OK);
    assert_non_null(strstr(words, "none: the data do not determine it"));
    free(words);
    cJSON_Delete(result);
}

static gsl_rng *stream_of(uint64_t key)
{
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(29, MI_PURPOSE_TEST, key, &stream, NULL), MI_OK);
    return stream;
}

/* An IDX file of count images of side x side pixels. */
static void write_images(const char *path, const unsigned char *pixels, size_t count, size_t side)
{
    size_t size = count * side * side;
    unsigned char *bytes = calloc(16 + size, 1);
    const size_t header[4] = {0x803, count, side, side};
    for (size_t i = 0; i < 16; i++) {
        bytes[i] = (unsigned char)(header[i / 4] >> (24 - 8 * (i % 4)));
    }
    memcpy(bytes + 16, pixels, size);
    write_bytes(path, bytes, 16 + size);
    free(bytes);
}

/* ---- data of a known optimum ---- */

/* The optimum of a model's exact curve of 64 or other sites, from a document. */
static double exact_optimum(const char *document)
{
    mi_faults faults = {.file = "exact"};
    mi_experiment *experiment = NULL;
    mi_run_options options = {.run = support_run(1)};
    cJSON *json = cJSON_Parse(document), *result = NULL;
    assert_non_null(json);
    assert_int_equal(mi_experiment_create(json, &faults, &experiment, NULL), MI_OK);
    assert_int_equal(mi_experiment_run(experiment, &options, &faults, &result, NULL), MI_OK);
    double ratio = number(at(result, "optimum"), "ratio");
    cJSON_Delete(result);
    cJSON_Delete(json);
    mi_experiment_destroy(experiment);
    return ratio;
}

/* A mixing chain over a..z: the letter before with probability rho, else any. No spaces, which the
 * reader of letters joins. */
static void write_chain(const char *path, size_t count, double rho, uint64_t key)
{
    gsl_rng *stream = stream_of(key);
    char *letters = calloc(count + 1, 1);
    for (size_t i = 0; i < count; i++) {
        bool keeps = i > 0 && gsl_rng_uniform(stream) < rho;
        letters[i] = keeps ? letters[i - 1] : (char)('a' + gsl_rng_uniform_int(stream, 26));
    }
    write_text(path, letters);
    free(letters);
    gsl_rng_free(stream);
}

static void text_of_a_chain(void **state)
{
    char path[SCRATCH_PATH];
    write_chain(scratch_name(state, "chain.txt", path), 200000, 0.8, 1);
    cJSON *result = advice_on((mi_advice_options){.path = path}, 2);
    const cJSON *advice = at(result, "recommendation");
    double exact = exact_optimum("{\"experiment\":\"curve\",\"model\":{\"type\":\"mixing\","
                                 "\"vocab\":26,\"rho\":0.8,\"zipf\":0,\"length\":64}}");
    assert_int_equal((int)number(result, "order"), 1);
    assert_int_equal(cJSON_GetArraySize(at(result, "orders")), 3);
    assert_true(number(advice, "low") <= exact && exact <= number(advice, "high"));
    assert_true(number(advice, "high") - number(advice, "low") < 0.25);
    assert_string_equal(text(at(result, "regime"), "verdict"), "redundant");
    assert_true(fabs(number(at(result, "agreement"), "optimum_z")) < 3);
    cJSON_Delete(result);
}

enum { SIDE = 8, FIELD_SITES = SIDE * SIDE };

/* The factor L of the precision matrix kappa 1 + sum over pairs of 8-neighbours, built here. */
static gsl_matrix *field_factor(double kappa)
{
    gsl_matrix *q = gsl_matrix_calloc(FIELD_SITES, FIELD_SITES);
    for (int i = 0; i < FIELD_SITES; i++) {
        double degree = 0;
        for (int j = 0; j < FIELD_SITES; j++) {
            int down = abs(i / SIDE - j / SIDE), across = abs(i % SIDE - j % SIDE);
            if (i != j && down <= 1 && across <= 1) {
                gsl_matrix_set(q, (size_t)i, (size_t)j, -1);
                degree++;
            }
        }
        gsl_matrix_set(q, (size_t)i, (size_t)i, kappa + degree);
    }
    gsl_linalg_cholesky_decomp1(q);
    return q;
}

static void write_field(const char *path, size_t count, double kappa, uint64_t key)
{
    gsl_rng *stream = stream_of(key);
    gsl_matrix *factor = field_factor(kappa);
    gsl_vector *x = gsl_vector_alloc(FIELD_SITES);
    unsigned char *pixels = calloc(count * FIELD_SITES, 1);
    for (size_t c = 0; c < count; c++) {
        for (size_t i = 0; i < FIELD_SITES; i++) {
            gsl_vector_set(x, i, gsl_ran_gaussian(stream, 1));
        }
        gsl_blas_dtrsv(CblasLower, CblasTrans, CblasNonUnit, factor, x);
        for (size_t i = 0; i < FIELD_SITES; i++) {
            double grey = 128 + 30 * gsl_vector_get(x, i);
            pixels[c * FIELD_SITES + i] = (unsigned char)fmin(fmax(round(grey), 0), 255);
        }
    }
    write_images(path, pixels, count, SIDE);
    free(pixels);
    gsl_vector_free(x);
    gsl_matrix_free(factor);
    gsl_rng_free(stream);
}

static void images_of_a_field(void **state)
{
    char path[SCRATCH_PATH];
    write_field(scratch_name(state, "field.idx", path), 3000, 0.3, 2);
    cJSON *result = advice_on((mi_advice_options){.path = path}, 2);
    const cJSON *advice = at(result, "recommendation");
    double exact = exact_optimum("{\"experiment\":\"curve\",\"model\":{\"type\":\"gmrf\","
                                 "\"grid\":[8,8],\"kappa\":0.3},\"estimator\":{\"samples\":400}}");
    assert_true(number(advice, "low") <= exact && exact <= number(advice, "high"));
    assert_true(number(advice, "high") - number(advice, "low") < 0.25);
    assert_int_equal(cJSON_GetArraySize(at(result, "tried")), 0);
    cJSON_Delete(result);
}

/* An array of float32 in a .npy file of format 1.0. */
static void write_npy(const char *path, const char *shape, const float *values, size_t count)
{
    char header[128] = "\x93NUMPY\x01";
    int length = snprintf(header + 10, 118,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }", shape);
    memset(header + 10 + length, ' ', (size_t)(117 - length));
    header[127] = '\n';
    header[7] = 0;
    header[8] = 118;
    header[9] = 0;
    unsigned char *bytes = calloc(128 + 4 * count, 1);
    memcpy(bytes, header, 128);
    memcpy(bytes + 128, values, 4 * count);
    write_bytes(path, bytes, 128 + 4 * count);
    free(bytes);
}

/* A first-order autoregression of two independent features: i(r) is that of a Gaussian chain with
 * x_t = 0.9 x_{t-1} + noise, twice. Two gaps a, b of visible steps leave the variance
 * (1-c^2a)(1-c^2b)/(1-c^2(a+b)) of 1; far enough from the ends r* is that of the infinite chain. */
static double chain_optimum(double c)
{
    enum { GAPS = 200 };
    static double by_sum[2 * GAPS]; /* information of all pairs a + b of one sum */
    double best = 0, top = 0;
    for (int a = 1; a < GAPS; a++) {
        for (int b = 1; b < GAPS; b++) {
            double left = 1 - pow(c, 2 * a), right = 1 - pow(c, 2 * b);
            by_sum[a + b] -= 0.5 * log(left * right / (1 - pow(c, 2 * (a + b))));
        }
    }
    for (int p = 1; p < 200; p++) {
        double r = p / 200.0, information = 0, weight = (1 - r) * (1 - r);
        for (int sum = 2; sum < 2 * GAPS; sum++, weight *= r) {
            information += weight * by_sum[sum];
        }
        if (r * information > top) {
            top = r * information;
            best = r;
        }
    }
    return best;
}

static void series_of_a_chain(void **state)
{
    enum { STEPS = 40000 };
    char path[SCRATCH_PATH];
    gsl_rng *stream = stream_of(12);
    float *values = calloc(2 * STEPS, sizeof *values);
    for (size_t i = 0; i < 2 * STEPS; i++) {
        double before = i < 2 ? 0 : values[i - 2];
        values[i] = (float)(0.9 * before + gsl_ran_gaussian(stream, 1));
    }
    write_npy(scratch_name(state, "series.npy", path), "(40000, 2)", values, 2 * STEPS);
    cJSON *result = advice_on((mi_advice_options){.path = path}, 2);
    const cJSON *advice = at(result, "recommendation"), *data = at(result, "data");
    double exact = chain_optimum(0.9);
    assert_string_equal(text(data, "sites"), "steps in time");
    assert_int_equal((int)number(data, "steps"), STEPS);
    assert_int_equal((int)number(data, "channels"), 2);
    assert_true(number(advice, "low") <= exact && exact <= number(advice, "high"));
    assert_true(number(advice, "high") - number(advice, "low") < 0.25);
    cJSON_Delete(result);
    gsl_rng_free(stream);
    free(values);
}

/* ---- refusals ---- */

static void independent_pixels(void **state)
{
    enum { COUNT = 400 };
    char path[SCRATCH_PATH];
    gsl_rng *stream = stream_of(3);
    unsigned char *pixels = calloc(COUNT * FIELD_SITES, 1);
    for (size_t i = 0; i < COUNT * FIELD_SITES; i++) {
        pixels[i] = (unsigned char)fmin(fmax(round(128 + gsl_ran_gaussian(stream, 30)), 0), 255);
    }
    write_images(scratch_name(state, "noise.idx", path), pixels, COUNT, SIDE);
    check_refused_for(path, "nothing about what is masked");
    memset(pixels, 77, COUNT * FIELD_SITES);
    write_images(scratch_name(state, "constant.idx", path), pixels, COUNT, SIDE);
    check_refused_for(path, "nothing about what is masked");
    gsl_rng_free(stream);
    free(pixels);
}

static void one_image(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char samples[40 * 40];
    for (size_t i = 0; i < sizeof samples; i++) {
        samples[i] = (unsigned char)(i * i % 251);
    }
    png_picture p = {.rows = 40,
                     .columns = 40,
                     .depth = 8,
                     .type = PNG_COLOR_TYPE_GRAY,
                     .samples = samples,
                     .stride = 40};
    write_png(scratch_name(state, "one.png", path), &p);
    check_refused_for(path, "images: 1 image for a split by");
}

static void short_text(void **state)
{
    char path[SCRATCH_PATH];
    write_text(scratch_name(state, "short.txt", path), "To be, or not to be.");
    check_refused_for(path, "windows of 64");
    cJSON *result = advice_on((mi_advice_options){.path = path}, 1);
    assert_true(cJSON_IsNull(at(result, "config")));
    assert_int_equal(cJSON_GetArraySize(at(result, "curves")), 0);
    cJSON_Delete(result);
}

static void independent_letters(void **state)
{
    char path[SCRATCH_PATH];
    write_chain(scratch_name(state, "independent.txt", path), 60000, 0, 4);
    check_refused_for(path, "nothing about what is masked");
}

/* ---- bad input ---- */

static void other_files(void **state)
{
    char path[SCRATCH_PATH];
    const char *folder = *state;
    check_input((mi_advice_options){.path = folder}, "a folder without *.jpg");
    check_input((mi_advice_options){.path = "/missing/file"}, "/missing/file: can not be opened");
    write_bytes(scratch_name(state, "neither", path),
                "\x7f"
                "ELF\0\0\1",
                7);
    check_input((mi_advice_options){.path = path}, "7f 45 4c 46: neither images");
    write_bytes(path, "", 0);
    check_input((mi_advice_options){.path = path}, "is empty");
    write_bytes(path, "\x1f\x8b\x08\0garbage", 11);
    check_input((mi_advice_options){.path = path}, "corrupt gzip");
    write_bytes(path, "\0\0\x08\x03\0\0\0\x09", 8);
    check_input((mi_advice_options){.path = path}, path);
    write_bytes(path, "\x93NUMPY\1\0", 8);
    check_input((mi_advice_options){.path = path}, path);
}

static void options_that_do_not_fit(void **state)
{
    char idx[SCRATCH_PATH], chain[SCRATCH_PATH];
    write_field(scratch_name(state, "few.idx", idx), 20, 1, 5);
    write_chain(scratch_name(state, "few.txt", chain), 100, 0.5, 5);
    check_input((mi_advice_options){.path = idx, .patch = 33}, "--patch 33: must be a whole number "
                                                               "in [1, 32]");
    check_input((mi_advice_options){.path = idx, .patch = 5}, "must be in [1, 4]");
    check_input((mi_advice_options){.path = idx, .order = 2}, "is no text");
    check_input((mi_advice_options){.path = chain, .order = 4}, "must be a whole number in [1, 3]");
    check_input((mi_advice_options){.path = chain, .patch = 2}, "has no patches");
    mi_advice_options o = {.path = idx, .strategies = {"span"}, .strategy_count = 1};
    check_input(o, "--strategy span: must be one of random, block, grid for images");
    o = (mi_advice_options){.path = chain, .strategies = {"blok"}, .strategy_count = 1};
    check_input(o, "--strategy blok: must be one of random, span, grid for a sequence");
}

/* ---- what data are ---- */

static void write_gzip(const char *path, const void *bytes, size_t size)
{
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), (int)size);
    assert_int_equal(gzclose(file), Z_OK);
}

static void kinds(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        mi_data_kind kind;
    } cases[] = {
        {"\xff\xd8\xff\xe0 rest", 9, MI_DATA_JPEG}, {"\x89PNG\r\n\x1a\n rest", 13, MI_DATA_PNG},
        {"\0\0\x08\x03\0\0\0\0", 8, MI_DATA_IDX},   {"\x93NUMPY\1\0 rest", 13, MI_DATA_NPY},
        {"PNG is a format", 15, MI_DATA_TEXT},      {"\xc3\xa9t\xc3\xa9", 5, MI_DATA_TEXT},
    };
    char path[SCRATCH_PATH];
    mi_data_kind kind = MI_DATA_TEXT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_bytes(scratch_name(state, "data", path), cases[i].bytes, cases[i].size);
        assert_int_equal(mi_data_sniff(path, &kind, NULL), MI_OK);
        assert_int_equal(kind, cases[i].kind);
        write_gzip(path, cases[i].bytes, cases[i].size);
        assert_int_equal(mi_data_sniff(path, &kind, NULL), MI_OK);
        assert_int_equal(kind, cases[i].kind);
    }
    assert_int_equal(mi_data_sniff(*state, &kind, NULL), MI_OK);
    assert_int_equal(kind, MI_DATA_FOLDER);
}

static void sizes_that_differ(void **state)
{
    char path[SCRATCH_PATH];
    static unsigned char samples[60 * 60];
    gsl_rng *stream = stream_of(6);
    for (unsigned i = 0; i < 8; i++) {
        char name[16];
        for (size_t s = 0; s < sizeof samples; s++) {
            samples[s] = (unsigned char)gsl_rng_uniform_int(stream, 256);
        }
        png_picture p = {.rows = 20 + 5 * i,
                         .columns = 60 - 4 * i,
                         .depth = 8,
                         .type = PNG_COLOR_TYPE_GRAY,
                         .samples = samples,
                         .stride = 60};
        snprintf(name, sizeof name, "%u.png", i);
        write_png(scratch_name(state, name, path), &p);
    }
    cJSON *result = advice_on((mi_advice_options){.path = *state}, 2);
    const cJSON *data = at(result, "data");
    assert_int_equal(cJSON_GetArrayItem(at(data, "rows"), 0)->valueint, 20);
    assert_int_equal(cJSON_GetArrayItem(at(data, "rows"), 1)->valueint, 55);
    assert_int_equal(cJSON_GetArrayItem(at(data, "columns"), 0)->valueint, 32);
    assert_int_equal((int)number(data, "patch"), 1);
    assert_int_equal(cJSON_GetArrayItem(at(data, "grid"), 0)->valueint, 14);
    cJSON_Delete(result);
    gsl_rng_free(stream);
}

/* ---- certainty ---- */

#define ESTIMATE(ratio, half)                                                                      \
    {                                                                                              \
        true, (ratio), (ratio) - (half), (ratio) + (half)                                          \
    }

static void certainty(void **state)
{
    (void)state;
    static const struct {
        mi_evidence evidence;
        mi_certainty certainty;
        mi_refusal refusal;
        const char *part;
    } cases[] = {
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 16,
          .halves = {ESTIMATE(0.66, 0.02), ESTIMATE(0.75, 0.02)}},
         MI_FIRM,
         MI_NOT_REFUSED,
         "0.08 wide"},
        /* each rule alone takes it down */
        {{.all = ESTIMATE(0.7, 0.06),
          .replicates = 16,
          .halves = {ESTIMATE(0.66, 0.02), ESTIMATE(0.75, 0.02)}},
         MI_FAIR,
         MI_NOT_REFUSED,
         "0.12 wide"},
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 15,
          .halves = {ESTIMATE(0.66, 0.02), ESTIMATE(0.75, 0.02)}},
         MI_FAIR,
         MI_NOT_REFUSED,
         "15 independent pieces"},
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 7,
          .halves = {ESTIMATE(0.66, 0.02), ESTIMATE(0.75, 0.02)}},
         MI_WEAK,
         MI_NOT_REFUSED,
         "7 independent pieces"},
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 16,
          .halves = {ESTIMATE(0.60, 0.1), ESTIMATE(0.75, 0.1)}},
         MI_FAIR,
         MI_NOT_REFUSED,
         "0.60 and 0.75"},
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 16,
          .halves = {ESTIMATE(0.50, 0.1), ESTIMATE(0.71, 0.12)}},
         MI_WEAK,
         MI_NOT_REFUSED,
         "0.50 and 0.71"}, /* z = 2.6 */
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 16,
          .halves = {ESTIMATE(0.50, 0.2), ESTIMATE(0.71, 0.2)}},
         MI_FAIR,
         MI_NOT_REFUSED,
         ""}, /* z = 1.5 */
        {{.all = ESTIMATE(0.7, 0.04), .replicates = 16, .halves = {ESTIMATE(0.66, 0.02)}},
         MI_WEAK,
         MI_NOT_REFUSED,
         "no optimum of both halves"},
        {{.all = ESTIMATE(0.98, 0.01),
          .replicates = 16,
          .last_edge = true,
          .halves = {ESTIMATE(0.98, 0.01), ESTIMATE(0.98, 0.01)}},
         MI_WEAK,
         MI_NOT_REFUSED,
         "the last ratio"},
        {{.all = ESTIMATE(0.7, 0.14),
          .replicates = 16,
          .halves = {ESTIMATE(0.66, 0.02), ESTIMATE(0.75, 0.02)}},
         MI_WEAK,
         MI_NOT_REFUSED,
         "0.28 wide"},
        {{.all = ESTIMATE(0.6, 0.26),
          .replicates = 99,
          .halves = {ESTIMATE(0.6, 0.1), ESTIMATE(0.6, 0.1)}},
         MI_REFUSED,
         MI_TOO_WIDE,
         "[0.34, 0.86] is wider than 0.5"},
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 99,
          .halves = {ESTIMATE(0.6, 0.03), ESTIMATE(0.75, 0.03)}},
         MI_REFUSED,
         MI_HALVES_DIFFER,
         "z = 6.9"},
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 99,
          .halves = {ESTIMATE(0.68, 0.001), ESTIMATE(0.75, 0.001)}},
         MI_FIRM,
         MI_NOT_REFUSED,
         ""}, /* surely different, but by little */
        {{.all = ESTIMATE(0.7, 0.04),
          .replicates = 99,
          .opt_misfit = "it rises",
          .halves = {ESTIMATE(0.7, 0.1), ESTIMATE(0.7, 0.1)}},
         MI_REFUSED,
         MI_MISFIT,
         "contradicts itself: it rises"},
        {{.all = ESTIMATE(0.98, 0.01), .replicates = 3, .last_edge = true},
         MI_REFUSED,
         MI_ONLY_AN_EDGE,
         "largest at the last ratio"},
        {{.opt_none = "r i(r) is flat"}, MI_REFUSED, MI_NO_INFORMATION, "r i(r) is flat"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mi_judgement j;
        mi_evidence e = cases[i].evidence;
        e.half_replicates[0] = e.half_replicates[1] = 100000; /* Student's t is normal */
        mi_advice_judge(&e, &j);
        if (j.certainty != cases[i].certainty || j.refusal != cases[i].refusal ||
            strstr(j.reason, cases[i].part) == NULL) {
            fail_msg("case %zu: %s, refusal %d, \"%s\"", i, mi_certainty_name(j.certainty),
                     (int)j.refusal, j.reason);
        }
    }
}

/* Halves without an error each, as exact curves have. */
static void halves_without_errors(void **state)
{
    (void)state;
    mi_judgement j;
    mi_evidence e = {
        .all = ESTIMATE(0.5, 0), .replicates = 16, .halves = {ESTIMATE(0.5, 0), ESTIMATE(0.5, 0)}};
    mi_advice_judge(&e, &j);
    assert_int_equal(j.certainty, MI_FIRM);
    assert_near(j.z, 0, 0);
    e.halves[1].ratio = e.halves[1].low = e.halves[1].high = 0.8;
    mi_advice_judge(&e, &j);
    assert_int_equal(j.refusal, MI_HALVES_DIFFER);
    assert_near(j.z, 38, 0);
}

/* The intervals of few replicates are too narrow, and their law is Student's: t = 0.12 / 0.0452 =
 * 2.66 of 10 degrees of freedom has a tail of 0.0120, the normal quantile of which is 2.26. */
static void halves_of_few_replicates(void **state)
{
    (void)state;
    mi_judgement j;
    mi_evidence e = {.all = ESTIMATE(0.84, 0.06),
                     .replicates = 12,
                     .halves = {ESTIMATE(0.90, 0.057), ESTIMATE(0.78, 0.057)},
                     .half_replicates = {6, 6}};
    mi_advice_judge(&e, &j);
    assert_near(j.z, -2.26, 0.01);
    assert_int_equal(j.certainty, MI_FAIR);
}

/* ---- strategies, results ---- */

static const cJSON *strategy(const cJSON *result, const char *name)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, at(result, "strategies"))
    {
        if (strcmp(text(item, "name"), name) == 0) {
            return item;
        }
    }
    fail_msg("no strategy %s", name);
    return NULL;
}

/* Information of a strategy less that of random masks at 75 % in the exact field, on the same
 * draws: that of a regular lattice and of blocks. */
static double exact_difference(const char *name)
{
    char document[400];
    double information[2];
    const char *const names[2] = {"random", name};
    for (size_t i = 0; i < 2; i++) {
        cJSON *result = NULL;
        mi_faults faults = {.file = "exact"};
        mi_experiment *experiment = NULL;
        mi_run_options options = {.run = support_run(1)};
        snprintf(document, sizeof document,
                 "{\"experiment\":\"curve\",\"model\":{\"type\":\"gmrf\",\"grid\":[8,8],"
                 "\"kappa\":0.1,\"channels\":1},\"mask\":{\"strategy\":\"%s\"},\"ratios\":[0.75],"
                 "\"estimator\":{\"samples\":2000}}",
                 names[i]);
        cJSON *json = cJSON_Parse(document);
        assert_int_equal(mi_experiment_create(json, &faults, &experiment, NULL), MI_OK);
        assert_int_equal(mi_experiment_run(experiment, &options, &faults, &result, NULL), MI_OK);
        information[i] = number(at(result, "points")->child, "information");
        cJSON_Delete(result);
        cJSON_Delete(json);
        mi_experiment_destroy(experiment);
    }
    return information[1] - information[0];
}

static void strategies_of_a_field(void **state)
{
    static const char *const names[] = {"block", "grid"};
    char path[SCRATCH_PATH];
    write_field(scratch_name(state, "field.idx", path), 3000, 0.1, 7);
    mi_advice_options o = {.path = path, .strategies = {"block", "grid"}, .strategy_count = 2};
    cJSON *result = advice_on(o, 2);
    for (size_t i = 0; i < 2; i++) {
        const cJSON *own = cJSON_GetArrayItem(at(strategy(result, names[i]), "at"), 1);
        double exact = exact_difference(names[i]);
        assert_near(number(own, "difference"), exact, 4 * number(own, "difference_se"));
        assert_true(number(own, "difference_se") < 0.05);
    }
    const cJSON *block = strategy(result, "block");
    assert_true(number(cJSON_GetArrayItem(at(block, "at"), 1), "difference") < -0.05);
    assert_non_null(strstr(text(block, "sentence"), "at 75 % a masked patch is harder to predict"));
    cJSON_Delete(result);
}

static void same_at_any_thread_count(void **state)
{
    char path[SCRATCH_PATH];
    write_field(scratch_name(state, "field.idx", path), 200, 0.3, 8);
    mi_advice_options o = {.path = path, .strategies = {"block"}, .strategy_count = 1};
    cJSON *one = advice_on(o, 1), *two = advice_on(o, 2);
    char *first = cJSON_PrintUnformatted(one), *second = cJSON_PrintUnformatted(two);
    assert_string_equal(first, second);
    cJSON_free(first);
    cJSON_free(second);
    cJSON_Delete(one);
    cJSON_Delete(two);
}

/* The configuration of an advice is an experiment whose curves are those of the advice. */
static void config_computes_again(void **state)
{
    char path[SCRATCH_PATH];
    write_chain(scratch_name(state, "chain.txt", path), 40000, 0.7, 9);
    mi_advice_options o = {.path = path, .order = 1, .strategies = {"span"}, .strategy_count = 1};
    cJSON *result = advice_on(o, 2), *again = NULL;
    mi_faults faults = {.file = "config"};
    mi_experiment *experiment = NULL;
    mi_run_options options = {.run = support_run(3)};
    assert_int_equal(mi_experiment_create(at(result, "config"), &faults, &experiment, NULL), MI_OK);
    assert_int_equal(mi_experiment_run(experiment, &options, &faults, &again, NULL), MI_OK);
    const cJSON *mine = at(result, "curves")->child, *theirs = at(again, "curves")->child;
    assert_int_equal(cJSON_GetArraySize(at(result, "curves")), 5);
    for (; mine != NULL && theirs != NULL; mine = mine->next, theirs = theirs->next) {
        assert_string_equal(text(mine, "label"), text(theirs, "label"));
        assert_true(cJSON_Compare(at(mine, "points"), at(theirs, "points"), 1));
    }
    cJSON_Delete(again);
    mi_experiment_destroy(experiment);
    cJSON_Delete(result);
}

static void interrupted(void **state)
{
    char path[SCRATCH_PATH];
    volatile sig_atomic_t stop = 1;
    mi_run run = support_run(3);
    cJSON *result = NULL;
    run.opt_interrupt = &stop;
    write_field(scratch_name(state, "field.idx", path), 200, 0.3, 8);
    mi_advice_options o = {.path = path};
    assert_int_equal(mi_advise(&o, &run, &result, NULL), MI_INTERRUPTED);
    assert_null(result);
}

/* ---- the command ---- */

static void command(void **state)
{
    char path[SCRATCH_PATH], out[SCRATCH_PATH], arguments[1000], picture[SCRATCH_PATH + 20];
    struct stat about;
    write_field(scratch_name(state, "field.idx", path), 1000, 0.1, 8);
    scratch_name(state, "out", out);
    snprintf(arguments, sizeof arguments, "advise %s --strategy random --out %s", path, out);
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 0);
    assert_non_null(strstr(o->out, "start from a masking ratio of"));
    assert_non_null(strstr(o->out, "Predictability is not quality"));
    assert_non_null(strstr(o->out, "result.json advice.dat advice.gp advice.svg advice.png"));
    snprintf(picture, sizeof picture, "%s/advice.svg", out);
    assert_int_equal(unlink(picture), 0);
    snprintf(arguments, sizeof arguments, "plot %s/result.json", out);
    assert_int_equal(run_program("", arguments)->status, 0);
    assert_int_equal(stat(picture, &about), 0);
    assert_int_equal(run_program("", "advise")->status, 2);
    assert_int_equal(run_program("", "advise a b")->status, 2);
    assert_int_equal(run_program("", "advise --patch 0 data/photos")->status, 2);
    assert_non_null(strstr(run_program("", "advise --help")->out, "--strategy NAME"));
    o = run_program("", "advise /missing --json");
    assert_int_equal(o->status, 2);
    assert_string_equal(o->out, "");
}

static void interrupted_command_writes_nothing(void **state)
{
    char out[SCRATCH_PATH], arguments[1000];
    snprintf(arguments, sizeof arguments, "advise data/photos --out %s",
             scratch_name(state, "out", out));
    assert_int_equal(run_program("timeout --preserve-status -s INT 1", arguments)->status, 130);
    assert_int_equal(count_entries(out), 0);
}

/* ---- parts of data, and who judges a letter model ---- */

static void half_of_a_text_is_a_text(void **state)
{
    enum { COUNT = 4000 };
    char whole[SCRATCH_PATH], second[SCRATCH_PATH];
    unsigned char symbols[2 * COUNT];
    char letters[2 * COUNT + 1] = "";
    random_symbols(1, 5, symbols, COUNT);
    random_symbols(2, 9, symbols + COUNT, COUNT);
    for (size_t i = 0; i < 2 * COUNT; i++) {
        letters[i] = (char)('a' + symbols[i]);
    }
    write_text(scratch_name(state, "whole.txt", whole), letters);
    write_text(scratch_name(state, "second.txt", second), letters + COUNT);
    mi_values *values = ngram_values(whole, "letters", 1, 6, 0.5, 0.2);
    set_text(values, "part", "second");
    mi_model *half = model_of("ngram", values);
    mi_model *own = model_of("ngram", ngram_values(second, "letters", 1, 6, 0.5, 0.2));
    double of_half[6], of_own[6];
    exact_profile(half, of_half);
    exact_profile(own, of_own);
    for (size_t k = 0; k < 6; k++) {
        assert_near(of_half[k], of_own[k], 0);
    }
    mi_model_destroy(half);
    mi_model_destroy(own);
}

/* Images are told apart by their rows, which here are 1 .. count. */
static void check_part(size_t count, bool series, const char *part, const size_t *rows,
                       size_t row_count)
{
    mi_image items[5];
    char name[] = "x", *names[5] = {name, name, name, name, name};
    mi_images images = {.count = count, .items = items, .names = names, .series = series}, *own;
    for (size_t i = 0; i < count; i++) {
        items[i] = (mi_image){.rows = i + 1};
    }
    assert_int_equal(mi_image_part_create(&images, part, &own, NULL), MI_OK);
    assert_int_equal(own->count, row_count);
    assert_int_equal(own->series, series);
    for (size_t i = 0; i < row_count; i++) {
        assert_int_equal(own->items[i].rows, rows[i]);
        assert_ptr_equal(own->names[i], name);
    }
    mi_image_part_destroy(own);
}

static void halves_of_images(void **state)
{
    (void)state;
    const size_t all[] = {1, 2, 3, 4, 5};
    check_part(5, false, "all", all, 5);
    check_part(5, false, "first", (const size_t[]){1, 3, 5}, 3);
    check_part(5, false, "second", (const size_t[]){2, 4}, 2);
    check_part(5, true, "first", all, 2);
    check_part(5, true, "second", all + 2, 3);
    mi_image one = {.rows = 1};
    char name[] = "x", *names[1] = {name};
    mi_images images = {.count = 1, .items = &one, .names = names}, *own = NULL;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_image_part_create(&images, "second", &own, &status), MI_INPUT);
    assert_string_equal(status.place, "part");
    assert_non_null(strstr(status.message, "\"second\" of 1 image is none"));
}

static mi_mask_result evaluate_one(const mi_model *model, const unsigned char *masked,
                                   mi_origin origin)
{
    void *scratch = NULL;
    mi_mask_result result;
    gsl_rng *stream = stream_of(11);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    assert_int_equal(
        model->class->evaluate(model->state, masked, origin, stream, true, scratch, &result, NULL),
        MI_OK);
    model->class->scratch_destroy(scratch);
    gsl_rng_free(stream);
    return result;
}

/* Judged by held-out text, the entropies are the cross-entropies of the same law on the same text,
 * and with everything hidden both are those of single letters or words. */
static void judged_by_held_out_text(void **state)
{
    static const char *const alphabets[] = {"letters", "words"};
    const unsigned char some[6] = {1, 0, 1, 0, 0, 1}, all[6] = {1, 1, 1, 1, 1, 1};
    char path[SCRATCH_PATH], *letters = calloc(12001, 1);
    unsigned char symbols[12000];
    random_symbols(3, 4, symbols, sizeof symbols);
    for (size_t i = 0; i < sizeof symbols; i++) {
        letters[i] = i % 2 == 0 ? (char)('a' + symbols[i]) : ' ';
    }
    write_text(scratch_name(state, "text.txt", path), letters);
    free(letters);
    for (size_t i = 0; i < 2; i++) {
        mi_values *values = ngram_values(path, alphabets[i], 1, 6, 0.5, 0.2);
        set_text(values, "judged_by", "held-out");
        mi_model *held_out = model_of("ngram", values);
        mi_model *plain = model_of("ngram", ngram_values(path, alphabets[i], 1, 6, 0.5, 0.2));
        mi_mask_result a = evaluate_one(held_out, some, MI_FROM_MODEL);
        mi_mask_result b = evaluate_one(plain, some, MI_FROM_HELD_OUT);
        assert_near(a.conditional_entropy, b.cross_entropy, 0);
        assert_near(a.marginal_entropy, b.marginal_entropy, 0);
        a = evaluate_one(held_out, all, MI_FROM_MODEL);
        assert_near(a.conditional_entropy, a.marginal_entropy, 1e-12);
        assert_int_equal(held_out->class->exact_allowed(held_out->state, NULL), MI_INPUT);
        assert_false(held_out->class->has_held_out(held_out->state));
        mi_model_destroy(held_out);
        mi_model_destroy(plain);
    }
    mi_values *values = ngram_values(path, "letters", 1, 6, 0.5, 0);
    set_text(values, "judged_by", "held-out");
    check_refused("ngram", values, "judged_by", "needs held-out text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(text_of_a_chain),
        SCRATCH_TEST(images_of_a_field),
        SCRATCH_TEST(series_of_a_chain),
        SCRATCH_TEST(independent_pixels),
        SCRATCH_TEST(one_image),
        SCRATCH_TEST(short_text),
        SCRATCH_TEST(independent_letters),
        SCRATCH_TEST(other_files),
        SCRATCH_TEST(options_that_do_not_fit),
        SCRATCH_TEST(kinds),
        SCRATCH_TEST(sizes_that_differ),
        cmocka_unit_test(certainty),
        cmocka_unit_test(halves_without_errors),
        cmocka_unit_test(halves_of_few_replicates),
        SCRATCH_TEST(strategies_of_a_field),
        SCRATCH_TEST(same_at_any_thread_count),
        SCRATCH_TEST(config_computes_again),
        SCRATCH_TEST(interrupted),
        SCRATCH_TEST(command),
        SCRATCH_TEST(interrupted_command_writes_nothing),
        SCRATCH_TEST(half_of_a_text_is_a_text),
        cmocka_unit_test(halves_of_images),
        SCRATCH_TEST(judged_by_held_out_text),
    };
    mi_start();
    return cmocka_run_group_tests_name("advise", tests, NULL, NULL);
}
