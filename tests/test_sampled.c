/* The methods "plugin" and "ksg" of a curve, what models draw, and the experiment "estimators". */
#include "brute_force.h"

#include <cjson/cJSON.h>
#include <gsl/gsl_randist.h>
#include <unistd.h>

#include "../src/info/context.h"
#include "maskinfo/analysis.h"
#include "maskinfo/plugin.h"
#include "maskinfo/result.h"
#include "maskinfo/sampled.h"
#include "ngram_support.h"
#include "program.h"

/* -- the context ------------------------------------------------------------------------------- */

static size_t find(const mi_shape *shape, const char *mask, size_t site, size_t wanted,
                   size_t chosen[32])
{
    unsigned char masked[32];
    for (size_t i = 0; i < shape->sites; i++) {
        masked[i] = mask[i] == '#';
    }
    return mi_context_find(shape, masked, site, wanted, chosen);
}

static void expect_sites(const size_t *chosen, size_t count, const char *expected)
{
    char text[128] = "";
    for (size_t i = 0; i < count; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%zu ", chosen[i]);
    }
    assert_string_equal(text, expected);
}

static void context_of_a_sequence_takes_turns(void **state)
{
    (void)state;
    mi_shape line = {.dimensions = 1, .sites = 10, .rows = 1, .columns = 10};
    size_t chosen[32];
    /* visible: 0 1 4 8 9 */
    const char *mask = "..##.###..";
    expect_sites(chosen, find(&line, mask, 5, 1, chosen), "4 ");
    expect_sites(chosen, find(&line, mask, 7, 1, chosen), "8 ");
    expect_sites(chosen, find(&line, mask, 6, 1, chosen), "4 "); /* both two away: the left one */
    expect_sites(chosen, find(&line, mask, 5, 2, chosen), "4 8 ");
    expect_sites(chosen, find(&line, mask, 7, 3, chosen), "8 4 9 ");
    expect_sites(chosen, find(&line, mask, 2, 4, chosen), "1 4 0 8 ");
    expect_sites(chosen, find(&line, mask, 7, 9, chosen), "8 4 9 1 0 ");
    expect_sites(chosen, find(&line, mask, 3, 0, chosen), "4 1 0 8 9 ");
    expect_sites(chosen, find(&line, "##########", 3, 2, chosen), "");
    expect_sites(chosen, find(&line, "#.........", 0, 2, chosen), "1 2 ");
}

static void context_of_a_grid_is_near(void **state)
{
    (void)state;
    mi_shape grid = {.dimensions = 2, .sites = 12, .rows = 3, .columns = 4};
    size_t chosen[32];
    /* .#..
       ##..
       ...# */
    const char *mask = ".#..##.....#";
    expect_sites(chosen, find(&grid, mask, 5, 3, chosen), "6 9 0 ");
    expect_sites(chosen, find(&grid, mask, 5, 5, chosen), "6 9 0 2 8 ");
    assert_int_equal(find(&grid, mask, 5, 0, chosen), 8);
    /* squares 2, 4 and 4 away: equally far ones in their order */
    expect_sites(chosen, find(&grid, "###.##.##.##", 1, 3, chosen), "6 3 9 ");
    assert_int_equal(find(&grid, mask, 11, 20, chosen), 8);
}

/* -- curves ------------------------------------------------------------------------------------ */

static const double ratios[] = {0.25, 0.5, 0.75};
enum { POINTS = 3 };

/* Random masks; release with mi_values_destroy. */
static mi_values *counting(const char *count)
{
    mi_values *values = NULL;
    assert_int_equal(mi_values_create(mi_mask_find("random")->parameters, &values, NULL), MI_OK);
    set_text(values, "count", count);
    return values;
}

/* Under random masks of that count. */
static mi_analysis *analyse_under(const char *count, const mi_model *model, mi_plan plan,
                                  int threads)
{
    mi_run run = {.seed = 4, .threads = threads};
    mi_analysis *a = NULL;
    mi_status status = {.code = MI_OK};
    mi_values *values = counting(count);
    plan.masking = (mi_masking){mi_mask_find("random"), values};
    plan.ratios = ratios;
    plan.points = POINTS;
    if (mi_analyse(model, &plan, &run, &a, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    mi_values_destroy(values);
    return a;
}

static mi_analysis *analyse(const mi_model *model, mi_plan plan, int threads)
{
    return analyse_under("fixed", model, plan, threads);
}

static mi_model *mixing_chain(size_t vocab, double rho, size_t length)
{
    mi_values *values = values_for("mixing");
    value_of(values, "vocab")->integer = (long long)vocab;
    value_of(values, "rho")->real = rho;
    value_of(values, "zipf")->real = 0.5;
    value_of(values, "length")->integer = (long long)length;
    return model_of("mixing", values);
}

/* The estimate less the exact i(r): between the bounds of the bias, E I-hat - I in
 * [-2 log(1 + (V-1)/n), log(1 + (V^3-1)/n)] (Paninski 2003), and near 0 with the correction. */
static void check_counts(const char *count, const mi_model *model, mi_plan plan, size_t vocab)
{
    mi_analysis *exact = analyse_under(count, model, (mi_plan){.method = MI_ESTIMATOR_EXACT}, 2);
    mi_analysis *counts = analyse_under(count, model, plan, 2);
    double v = (double)vocab, n = (double)plan.samples;
    double low = -2 * log(1 + (v - 1) / n), high = log(1 + (v * v * v - 1) / n);
    for (size_t p = 0; p < POINTS; p++) {
        double truth = exact->curve->mean[MI_Q_INFORMATION][p];
        double off = counts->curve->mean[MI_Q_INFORMATION][p] - truth;
        double error = counts->curve->error[MI_Q_INFORMATION][p];
        assert_true(error > 0 && error < 0.02);
        assert_true(off > low - 4 * error && off < high + 4 * error);
        assert_near(off + counts->curve->mean[MI_Q_MILLER_MADOW][p], 0, 4 * error);
        assert_near(counts->curve->mean[MI_Q_OBJECTIVE][p],
                    ratios[p] * counts->curve->mean[MI_Q_INFORMATION][p], 1e-12);
        assert_near(counts->curve->mean[MI_Q_CONDITIONAL][p], exact->curve->mean[0][p],
                    4 * counts->curve->error[MI_Q_CONDITIONAL][p] + high);
    }
    assert_near(counts->curve->entropy, exact->curve->entropy,
                4 * counts->curve->entropy_error + (v - 1) / n);
    assert_int_equal(counts->curve->replicates[MI_Q_JOINT], 0);
    mi_analysis_destroy(exact);
    mi_analysis_destroy(counts);
}

static mi_plan plan_of(mi_estimator method, size_t samples, size_t sets, size_t masks,
                       size_t context)
{
    return (mi_plan){.method = method,
                     .samples = samples,
                     .sets = sets,
                     .masks = masks,
                     .context = context,
                     .neighbors = 3};
}

static void counts_find_the_information_of_a_chain(void **state)
{
    (void)state;
    mi_model *model = mixing_chain(3, 0.8, 16);
    mi_plan plan = plan_of(MI_ESTIMATOR_PLUGIN, 1500, 40, 24, 2);
    check_counts("fixed", model, plan, 3);
    check_counts("bernoulli", model, plan, 3);
    mi_model_destroy(model);
}

/* One neighbour tells less, and four no more; with more cells the bias grows. */
static void context_that_is_too_small_or_too_large(void **state)
{
    (void)state;
    mi_model *model = mixing_chain(3, 0.8, 16);
    mi_analysis *a[3];
    for (int i = 0; i < 3; i++) {
        a[i] = analyse(model, plan_of(MI_ESTIMATOR_PLUGIN, 500, 16, 16, (size_t)1 << i), 2);
    }
    for (size_t p = 0; p < POINTS; p++) {
        const double *one = a[0]->curve->mean[MI_Q_INFORMATION];
        const double *two = a[1]->curve->mean[MI_Q_INFORMATION];
        const double *four = a[2]->curve->mean[MI_Q_INFORMATION];
        assert_true(one[p] + 0.02 < two[p]);
        assert_true(four[p] > two[p] + 0.02);
    }
    for (int i = 0; i < 3; i++) {
        mi_analysis_destroy(a[i]);
    }
    mi_model_destroy(model);
}

static void curves_at_any_thread_count(void **state)
{
    (void)state;
    mi_model *model = mixing_chain(3, 0.8, 12);
    mi_plan plan = plan_of(MI_ESTIMATOR_PLUGIN, 100, 8, 4, 2);
    mi_analysis *one = analyse(model, plan, 1), *two = analyse(model, plan, 2);
    assert_memory_equal(one->curve->values[MI_Q_INFORMATION], two->curve->values[MI_Q_INFORMATION],
                        8 * POINTS * sizeof(double));
    mi_analysis_destroy(one);
    mi_analysis_destroy(two);
    mi_model_destroy(model);
}

/* -- nearest neighbours: an autoregressive Gaussian sequence ------------------------------------
 */

enum { LENGTH = 8 };
static const double phi = 0.7;

static mi_shape ar_shape(const void *state)
{
    (void)state;
    return (mi_shape){.dimensions = 1, .sites = LENGTH, .rows = 1, .columns = LENGTH};
}

static mi_code ar_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                         mi_status *status)
{
    (void)state;
    (void)scratch;
    (void)status;
    for (int i = 0; i < LENGTH; i++) {
        double fresh = gsl_ran_gaussian(draw, 1);
        values[i] = i == 0 ? fresh : phi * values[i - 1] + sqrt(1 - phi * phi) * fresh;
    }
    return MI_OK;
}

static const mi_model_class ar_class = {.name = "ar", .shape = ar_shape, .sample = ar_sample};
static const mi_model ar_model = {&ar_class, NULL};

/* Variance of a site given its nearest visible sites at distances a and b (0: none). */
static double ar_variance(int a, int b)
{
    double A = a > 0 ? pow(phi, 2 * a) : 0, B = b > 0 ? pow(phi, 2 * b) : 0;
    return (1 - A) * (1 - B) / (1 - A * B);
}

/* i(r) with `hidden` masked sites, over all masks and masked sites. */
static double ar_information(int hidden)
{
    double sum = 0, count = 0;
    for (unsigned mask = 0; mask < 1u << LENGTH; mask++) {
        if (__builtin_popcount(mask) != hidden) {
            continue;
        }
        for (int i = 0; i < LENGTH; i++) {
            int a = 1, b = 1;
            while (i - a >= 0 && (mask >> (i - a) & 1)) {
                a++;
            }
            while (i + b < LENGTH && (mask >> (i + b) & 1)) {
                b++;
            }
            if (mask >> i & 1) {
                sum -= 0.5 * log(ar_variance(i - a < 0 ? 0 : a, i + b >= LENGTH ? 0 : b));
                count++;
            }
        }
    }
    return sum / count;
}

static void neighbours_find_the_information_of_a_sequence(void **state)
{
    (void)state;
    mi_analysis *a = analyse(&ar_model, plan_of(MI_ESTIMATOR_KSG, 400, 24, 24, 2), 2);
    for (size_t p = 0; p < POINTS; p++) {
        double error = a->curve->error[MI_Q_INFORMATION][p];
        assert_true(error > 0 && error < 0.02);
        /* in three dimensions the estimator's own bias is below a hundredth of a nat */
        assert_near(a->curve->mean[MI_Q_INFORMATION][p], ar_information((int)(ratios[p] * LENGTH)),
                    4 * error + 0.01);
    }
    mi_analysis_destroy(a);
}

static const cJSON *item(const cJSON *object, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_non_null(found);
    return found;
}

/* What nearest neighbours do not give is null, with a reason. */
static void nulls_have_reasons(void **state)
{
    (void)state;
    static const char *const nulls[] = {"conditional_entropy", "joint_information", "mse_floor",
                                        "effective_vocabulary"};
    mi_analysis *a = analyse(&ar_model, plan_of(MI_ESTIMATOR_KSG, 20, 8, 2, 0), 2);
    cJSON *result = cJSON_CreateObject();
    assert_int_equal(mi_result_add_analysis(result, a, NULL), MI_OK);
    const cJSON *point = cJSON_GetArrayItem(item(result, "points"), 1);
    assert_true(cJSON_IsNumber(item(point, "information")));
    assert_true(cJSON_IsNumber(item(point, "information_se")));
    assert_string_equal(item(result, "method")->valuestring, "ksg");
    assert_true(cJSON_IsNull(item(result, "entropy")));
    assert_true(cJSON_IsString(item(result, "entropy_reason")));
    assert_true(cJSON_IsNull(item(result, "profile")));
    assert_true(cJSON_IsString(item(result, "profile_reason")));
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        char reason[64];
        snprintf(reason, sizeof reason, "%s_reason", nulls[i]);
        assert_true(cJSON_IsNull(item(point, nulls[i])));
        assert_true(cJSON_IsString(item(result, reason)));
    }
    cJSON_Delete(result);
    mi_analysis_destroy(a);
}

/* -- what models draw -------------------------------------------------------------------------- */

enum { DRAWS = 20000 };

/* (DRAWS, sites) configurations. */
static double *draw_all(const mi_model *model)
{
    size_t sites = model->class->shape(model->state).sites;
    double *values = malloc(DRAWS * sites * sizeof *values);
    void *scratch = NULL;
    gsl_rng *draw = NULL;
    assert_non_null(values);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(6, MI_PURPOSE_SAMPLE, 0, &draw, NULL), MI_OK);
    for (size_t j = 0; j < DRAWS; j++) {
        mi_stream_set(draw, 6, MI_PURPOSE_SAMPLE, j);
        assert_int_equal(
            model->class->sample(model->state, draw, scratch, values + j * sites, NULL), MI_OK);
    }
    model->class->scratch_destroy(scratch);
    gsl_rng_free(draw);
    return values;
}

static void a_rule_without_noise_holds_in_every_draw(void **state)
{
    (void)state;
    mi_values *values = values_for("parity");
    value_of(values, "modulus")->integer = 3;
    value_of(values, "order")->integer = 2;
    value_of(values, "noise")->real = 0;
    value_of(values, "length")->integer = 6;
    mi_model *model = model_of("parity", values);
    double *drawn = draw_all(model), start = 0;
    for (size_t j = 0; j < DRAWS; j++) {
        const double *x = drawn + 6 * j;
        start += x[1] == 2 && x[0] == 1;
        for (int t = 2; t < 6; t++) {
            assert_true(x[t] == fmod(x[t - 1] + x[t - 2], 3));
        }
    }
    assert_near(start / DRAWS, 1.0 / 9, 4 * sqrt(8.0 / 81 / DRAWS));
    free(drawn);
    mi_model_destroy(model);
}

/* Transitions of a given matrix, z-score by z-score. */
static void a_chain_draws_its_matrix(void **state)
{
    (void)state;
    const double rows[] = {0.1, 0.9, 0, 0.3, 0.3, 0.4, 0.5, 0, 0.5};
    mi_values *values = values_for("markov");
    mi_matrix *matrix = &value_of(values, "transition")->matrix;
    matrix->rows = matrix->columns = 3;
    matrix->values = malloc(sizeof rows);
    memcpy(matrix->values, rows, sizeof rows);
    value_of(values, "length")->integer = 3;
    mi_model *model = model_of("markov", values);
    double *drawn = draw_all(model), pairs[9] = {0}, from[3] = {0};
    for (size_t j = 0; j < DRAWS; j++) {
        size_t u = (size_t)drawn[3 * j + 1], x = (size_t)drawn[3 * j + 2];
        from[u]++;
        pairs[3 * u + x]++;
    }
    for (int i = 0; i < 9; i++) {
        double n = from[i / 3], p = rows[i];
        assert_near(pairs[i], n * p, 4 * sqrt(n * p * (1 - p)));
    }
    free(drawn);
    mi_model_destroy(model);
}

/* The information between two tokens of a text model by counts, against the closed form
 * 2 H(X) - H(X, Y). */
static void check_text(const char *path, const char *alphabet)
{
    mi_values *values = ngram_values(path, alphabet, 1, 2, 0.1, 0);
    mi_model *model = model_of("ngram", values);
    double *drawn = draw_all(model), marginal = 0, total = 0;
    uint64_t *x = malloc(DRAWS * sizeof *x), *y = malloc(DRAWS * sizeof *y);
    mi_plugin e, h;
    for (size_t j = 0; j < DRAWS; j++) {
        x[j] = (uint64_t)drawn[2 * j];
        y[j] = (uint64_t)drawn[2 * j + 1];
    }
    assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL), MI_OK);
    assert_int_equal(mi_plugin_information(x, y, DRAWS, &e, NULL), MI_OK);
    assert_int_equal(mi_plugin_entropy_of(x, DRAWS, &h, NULL), MI_OK);
    assert_near(h.value + h.correction, marginal, 4 * h.error);
    assert_near(e.value + e.correction, 2 * marginal - total, 4 * e.error);
    free(x);
    free(y);
    free(drawn);
    mi_model_destroy(model);
}

static void texts_draw_their_pairs(void **state)
{
    enum { COUNT = 6000 };
    char path[SCRATCH_PATH], text[2 * COUNT];
    unsigned char symbols[COUNT];
    random_symbols(3, 7, symbols, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        text[2 * i] = (char)('a' + symbols[i]);
        text[2 * i + 1] = ' ';
    }
    scratch_write(scratch_name(state, "text", path), text, sizeof text);
    check_text(path, "words");
    check_text(path, "letters");
}

/* -- bad input, and the program ---------------------------------------------------------------- */

static void expect_refusal(const mi_model *model, mi_estimator method, const char *text)
{
    mi_estimator resolved;
    mi_values *values = counting("fixed");
    mi_masking masking = {mi_mask_find("random"), values};
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_estimator_resolve(model, &masking, method, &resolved, &status), MI_INPUT);
    mi_values_destroy(values);
    assert_string_equal(status.place, "method");
    assert_failure(MI_INPUT, MI_INPUT, status, text);
}

static void models_of_the_wrong_kind(void **state)
{
    (void)state;
    static const mi_model_class mute = {.name = "mute", .shape = ar_shape};
    mi_model *model = mixing_chain(3, 0.8, 8), *infinite = mixing_chain(3, 0.8, 0);
    expect_refusal(model, MI_ESTIMATOR_KSG, "tokens of model mixing are discrete; use \"plugin\"");
    expect_refusal(&ar_model, MI_ESTIMATOR_PLUGIN, "model ar is continuous; use \"ksg\"");
    expect_refusal(infinite, MI_ESTIMATOR_PLUGIN, "needs a finite length");
    expect_refusal(&(mi_model){&mute, NULL}, MI_ESTIMATOR_KSG, "model mute can not be sampled");
    mi_model_destroy(model);
    mi_model_destroy(infinite);
}

static void plans_with_too_few_or_too_many_samples(void **state)
{
    (void)state;
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    mi_analysis *a = NULL;
    mi_values *values = counting("fixed");
    mi_plan plan = plan_of(MI_ESTIMATOR_KSG, 3, 8, 1, 2);
    plan.masking = (mi_masking){mi_mask_find("random"), values};
    plan.ratios = ratios;
    plan.points = POINTS;
    assert_failure(mi_analyse(&ar_model, &plan, &run, &a, &status), MI_INPUT, status,
                   "3; must be in [1, samples - 1] = [1, 2]");
    assert_string_equal(status.place, "neighbors");
    plan.samples = (size_t)1 << 40;
    assert_failure(mi_analyse(&ar_model, &plan, &run, &a, &status), MI_INPUT, status,
                   "samples of 8 sites are too many to keep; must be at most 33554432");
    assert_string_equal(status.place, "samples");
    mi_values_destroy(values);
}

static void bad_settings_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *set, *says;
    } cases[] = {
        {"gaussian.neighbors=500",
         "gaussian.neighbors: 500; must be below every number of samples"},
        {"'gaussian.correlation=[0.5,1]'",
         "gaussian.correlation[1]: 1; must be a number in (-1, 1)"},
        {"gaussian.dimensions=4", "gaussian.dimensions: 4; must be an array of 1 to 64 whole"},
        {"'gaussian.samples=[3]'", "gaussian.samples[0]: 3; must be a whole number in [4, 100000]"},
        {"'gaussian.samples=[]'", "gaussian.samples: []; must be an array"},
        {"gaussian.sets=3", "gaussian.sets: 3; must be a whole number in [4, 10000]"},
        {"'discrete.contexts=[1.5]'", "discrete.contexts[0]: 1.5; must be a whole number"},
        {"discrete.rho=1", "discrete.rho: 1; must be a number in [0, 1)"},
        {"discrete.states=4", "discrete.states: unknown key"},
        {"model.type=gmrf", "model: unknown key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, "check estimators --set %s", cases[i].set);
        const outcome *o = run_program("", arguments);
        if (o->status != 2 || strstr(o->err, cases[i].says) == NULL) {
            fail_msg("status %d, \"%s\" does not contain \"%s\"", o->status, o->err, cases[i].says);
        }
    }
    assert_int_equal(run_program("", "check estimators")->status, 0);
}

#define QUICK                                                                                      \
    "--set 'gaussian.samples=[20,60]' --set 'gaussian.dimensions=[2,11]' --set gaussian.sets=4 "   \
    "--set 'discrete.samples=[50,200]' --set 'discrete.contexts=[1,3]' --set discrete.sets=4 "

/* H(X) - H(X | neighbours) of a mixing chain by summing over all triples. */
static double mixing_truth(int vocab, double rho, double zipf, bool both)
{
    double law[16], total = 0, information = 0;
    for (int x = 0; x < vocab; x++) {
        law[x] = pow(x + 1, -zipf);
        total += law[x];
    }
    for (int u = 0; u < vocab; u++) {
        for (int w = 0; w < vocab; w++) {
            double joint[16], sum = 0;
            for (int x = 0; x < vocab; x++) {
                double right = (1 - rho) * law[w] / total + (x == w ? rho : 0);
                double left = (1 - rho) * law[x] / total + (x == u ? rho : 0);
                joint[x] = law[u] / total * left * (both ? right : 1.0 / vocab);
                sum += joint[x];
            }
            for (int x = 0; x < vocab; x++) {
                information += joint[x] * log(joint[x] / sum / (law[x] / total));
            }
        }
    }
    return information;
}

static void experiment_gives_truths_and_estimates(void **state)
{
    (void)state;
    const outcome *o = run_program("", "run estimators --json " QUICK);
    assert_int_equal(o->status, 0);
    cJSON *result = cJSON_Parse(o->out);
    assert_non_null(result);
    const cJSON *gaussian = item(result, "gaussian"), *discrete = item(result, "discrete"), *row;
    assert_int_equal(cJSON_GetArraySize(gaussian), 8);
    assert_int_equal(cJSON_GetArraySize(discrete), 4);
    cJSON_ArrayForEach(row, gaussian)
    {
        double rho = item(row, "correlation")->valuedouble,
               d = item(row, "dimensions")->valuedouble;
        bool few = item(row, "samples")->valuedouble <= 2 * d;
        assert_near(item(row, "truth")->valuedouble, -d / 2 * log(1 - rho * rho), 1e-14);
        assert_true(cJSON_IsNumber(item(row, "ksg")) && cJSON_IsNumber(item(row, "ksg_se")));
        assert_true(few ? cJSON_IsNull(item(row, "gaussian"))
                        : cJSON_IsNumber(item(row, "gaussian")));
        assert_true(!few || cJSON_IsString(item(row, "gaussian_reason")));
    }
    cJSON_ArrayForEach(row, discrete)
    {
        bool both = item(row, "context")->valuedouble > 1;
        assert_near(item(row, "truth")->valuedouble, mixing_truth(8, 0.7, 1, both), 1e-12);
        assert_near(item(row, "cells")->valuedouble, pow(8, both ? 4 : 2), 0);
        assert_true(item(row, "plugin")->valuedouble > item(row, "truth")->valuedouble);
    }
    cJSON_Delete(result);
}

/* Counts come to the truth where there are many samples of few cells. */
static void corrected_counts_come_to_the_truth(void **state)
{
    (void)state;
    const outcome *o = run_program(
        "", "run estimators --json --set 'gaussian.samples=[4]' --set 'gaussian.dimensions=[1]' "
            "--set 'discrete.samples=[20000]' --set 'discrete.contexts=[1,2]' --set "
            "discrete.vocab=3 --set discrete.sets=16");
    assert_int_equal(o->status, 0);
    cJSON *result = cJSON_Parse(o->out);
    const cJSON *row;
    cJSON_ArrayForEach(row, item(result, "discrete"))
    {
        assert_near(item(row, "miller_madow")->valuedouble, item(row, "truth")->valuedouble,
                    4 * item(row, "miller_madow_se")->valuedouble);
        /* every cell occurs: (K_xy - K_x - K_y + 1) / 2n = (V - 1) (V^context - 1) / 2n */
        assert_near(item(row, "plugin")->valuedouble - item(row, "miller_madow")->valuedouble,
                    2 * (pow(3, item(row, "context")->valuedouble) - 1) / 40000, 1e-12);
    }
    cJSON_Delete(result);
}

static void same_bytes_and_figures(void **state)
{
    char command[256], picture[SCRATCH_PATH];
    cJSON *results[2];
    char *texts[2];
    for (int i = 0; i < 2; i++) {
        snprintf(command, sizeof command, "run estimators --json " QUICK "--threads %d", i + 1);
        results[i] = cJSON_Parse(run_program("", command)->out);
        assert_non_null(results[i]);
        cJSON_DeleteItemFromObjectCaseSensitive(results[i], "timing");
        texts[i] = cJSON_PrintUnformatted(results[i]);
    }
    assert_string_equal(texts[0], texts[1]);
    for (int i = 0; i < 2; i++) {
        cJSON_free(texts[i]);
        cJSON_Delete(results[i]);
    }
    snprintf(command, sizeof command, "run estimators " QUICK "--out %s", (const char *)*state);
    const outcome *o = run_program("", command);
    assert_int_equal(o->status, 0);
    assert_non_null(strstr(o->out, "nearest neighbours"));
    assert_non_null(strstr(o->out, "Miller-Madow"));
    assert_int_equal(access(scratch_name(state, "estimators.gp", picture), R_OK), 0);
}

/* A curve by counts, as the program gives it. */
static void program_gives_curves_by_counts(void **state)
{
    char path[SCRATCH_PATH], command[512];
    const char *text =
        "{\"experiment\":\"curve\",\"model\":{\"type\":\"mixing\",\"vocab\":3,\"rho\":0.5,"
        "\"length\":8},\"ratios\":[0.25,0.5],\"estimator\":{\"method\":\"plugin\",\"samples\":50}}";
    scratch_write(scratch_name(state, "plugin.json", path), text, strlen(text));
    snprintf(command, sizeof command, "run %s --json", path);
    cJSON *result = cJSON_Parse(run_program("", command)->out);
    assert_non_null(result);
    const cJSON *estimator = item(item(result, "config"), "estimator");
    const cJSON *point = cJSON_GetArrayItem(item(result, "points"), 0);
    assert_int_equal(item(estimator, "context")->valueint, 2);
    assert_string_equal(item(estimator, "method")->valuestring, "plugin");
    assert_true(item(point, "miller_madow_correction")->valuedouble < 0);
    assert_true(cJSON_IsNull(item(point, "joint_information")));
    assert_true(cJSON_IsString(item(result, "joint_information_reason")));
    cJSON_Delete(result);
    snprintf(command, sizeof command, "run %s --json --set estimator.method=ksg", path);
    assert_non_null(strstr(run_program("", command)->err, "estimator.method: \"ksg\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_of_a_sequence_takes_turns),
        cmocka_unit_test(context_of_a_grid_is_near),
        cmocka_unit_test(counts_find_the_information_of_a_chain),
        cmocka_unit_test(context_that_is_too_small_or_too_large),
        cmocka_unit_test(curves_at_any_thread_count),
        cmocka_unit_test(neighbours_find_the_information_of_a_sequence),
        cmocka_unit_test(nulls_have_reasons),
        cmocka_unit_test(a_rule_without_noise_holds_in_every_draw),
        cmocka_unit_test(a_chain_draws_its_matrix),
        SCRATCH_TEST(texts_draw_their_pairs),
        cmocka_unit_test(models_of_the_wrong_kind),
        cmocka_unit_test(plans_with_too_few_or_too_many_samples),
        cmocka_unit_test(bad_settings_are_named),
        cmocka_unit_test(experiment_gives_truths_and_estimates),
        cmocka_unit_test(corrected_counts_come_to_the_truth),
        SCRATCH_TEST(same_bytes_and_figures),
        SCRATCH_TEST(program_gives_curves_by_counts),
    };
    mi_start();
    return cmocka_run_group_tests_name("sampled", tests, NULL, NULL);
}
