/* task2 from end to end at a small part of its effort: it must finish, draw every figure, keep
 * every number finite or explained, and obey the theorems of docs/theory.md, which hold at any
 * effort. */
#include "support.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static char folder[64];
static cJSON *result;

static const cJSON *item(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *value = item(object, name);
    if (!cJSON_IsNumber(value)) {
        print_error("no number %s\n", name);
        fail();
    }
    return value->valuedouble;
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *value = item(object, name);
    assert_true(cJSON_IsString(value));
    return value->valuestring;
}

static const cJSON *curve(const char *label)
{
    const cJSON *c = NULL;
    cJSON_ArrayForEach(c, item(result, "curves"))
    {
        if (strcmp(text(c, "label"), label) == 0) {
            return c;
        }
    }
    print_error("no curve \"%s\"\n", label);
    fail();
    return NULL;
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    rewind(file);
    assert_int_equal(fread(bytes, 1, size, file), size);
    bytes[size] = '\0';
    fclose(file);
    return bytes;
}

static int run_task2(void **state)
{
    (void)state;
    char arguments[512], path[128];
    strcpy(folder, fresh_folder());
    snprintf(arguments, sizeof arguments,
             "run task2 --set effort=0.02 --set 'curves[*].ratios={\"from\":0.05,\"to\":0.95,"
             "\"steps\":19}' --quiet --out %s",
             folder);
    const outcome *o = run_program("", arguments);
    if (o->status != 0) {
        print_error("%s", o->err);
        return -1;
    }
    snprintf(path, sizeof path, "%s/result.json", folder);
    char *bytes = read_text(path);
    result = cJSON_Parse(bytes);
    free(bytes);
    return result == NULL ? -1 : 0;
}

static int clean_up(void **state)
{
    (void)state;
    char command[128];
    cJSON_Delete(result);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void every_figure_is_drawn(void **state)
{
    (void)state;
    static const char *const figures[] = {"information", "vocabulary", "joint",     "fits",
                                          "objective",   "optimum",    "dichotomy", "published"};
    static const char *const endings[] = {"svg", "png", "gp", "dat"};
    for (size_t f = 0; f < 8; f++) {
        for (size_t e = 0; e < 4; e++) {
            char path[128];
            snprintf(path, sizeof path, "%s/%s.%s", folder, figures[f], endings[e]);
            char *bytes = read_text(path);
            assert_true(strlen(bytes) > 0);
            free(bytes);
        }
    }
}

/* Keys that may be null without a reason beside them: a reason stands at the curve's head
 * (vocabulary_reason, mse_floor_reason), or null means "not set" in a style or setting. */
static bool may_be_null(const char *key)
{
    static const char *const keys[] = {"effective_vocabulary",
                                       "effective_vocabulary_se",
                                       "unigram_information",
                                       "mse_floor",
                                       "color",
                                       "dash",
                                       "figures",
                                       "group",
                                       "published",
                                       "overlay_on",
                                       "source",
                                       "reference"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void check_nulls(const cJSON *node)
{
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, node)
    {
        if (cJSON_IsNull(child) && child->string != NULL && !may_be_null(child->string)) {
            char reason[128];
            snprintf(reason, sizeof reason, "%s_reason", child->string);
            if (!cJSON_IsString(item(node, reason))) {
                print_error("%s is null without a reason\n", child->string);
                fail();
            }
        }
        assert_true(!cJSON_IsNumber(child) || isfinite(child->valuedouble));
        if (child->string == NULL || strcmp(child->string, "config") != 0) {
            check_nulls(child);
        }
    }
}

static void every_number_is_finite_or_explained(void **state)
{
    (void)state;
    check_nulls(result);
}

/* docs/theory.md, 4.1: E I(x_m; x_v) is the same at r and 1-r, for whatever source, because it is
 * made of the sums F(r) + F(1-r) - F(1). */
static void joint_information_is_symmetric(void **state)
{
    (void)state;
    const cJSON *c = NULL;
    cJSON_ArrayForEach(c, item(result, "curves"))
    {
        const cJSON *points = item(c, "points");
        int count = cJSON_GetArraySize(points);
        for (int i = 0; i < count / 2; i++) {
            const cJSON *left = cJSON_GetArrayItem(points, i);
            const cJSON *right = cJSON_GetArrayItem(points, count - 1 - i);
            assert_near(number(left, "ratio") + number(right, "ratio"), 1, 1e-12);
            assert_near(number(left, "joint_information"), number(right, "joint_information"),
                        1e-9 * fmax(1, fabs(number(left, "joint_information"))));
        }
    }
}

/* docs/theory.md, 4.2 to 4.4: first-order chains and Gaussian fields are redundant. */
static void redundant_sources_peak_above_one_half(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "mixing chain, V = 30000",   "letters, order 1",        "words, order 1",
        "first-order chain, V = 27", "Gaussian field, kappa 1", "Gaussian field, kappa 0.1",
        "Gaussian field, kappa 0.01"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        const cJSON *c = curve(labels[i]), *optimum = item(c, "optimum");
        assert_string_not_equal(text(item(c, "regime"), "verdict"), "synergistic");
        assert_true(number(optimum, "high") >= 0.5);
    }
}

/* One rule of k symbols in a window of k+1 says something only where all others are visible:
 * i(r) = i(0) (1-r)^k under Bernoulli masks, so kappa = k and r* = 1/(1+k) in closed form. */
static void one_parity_rule_has_its_closed_form(void **state)
{
    (void)state;
    const cJSON *c = curve("parity of 5 symbols, one rule");
    assert_string_equal(text(item(c, "regime"), "verdict"), "synergistic");
    assert_near(number(item(item(c, "fits"), "power"), "exponent"), 5, 1e-6);
    assert_near(number(item(c, "optimum"), "ratio"), 1.0 / 6, 0.01);
    const cJSON *first = cJSON_GetArrayItem(item(c, "points"), 0);
    double p = 1 - 0.05 + 0.05 / 2; /* of the symbol that the rule names */
    double whole = log(2) + p * log(p) + (1 - p) * log(1 - p);
    assert_near(number(first, "information"), whole * pow(0.95, 5), 1e-10);
}

/* Uniform mixing chain: H_g = -(q + (1-q)/V) log(q + (1-q)/V) - (V-1) (1-q)/V log((1-q)/V) with
 * q = rho^g, put straight into the double sum over the gaps to both neighbours. */
static double chain_information(double r)
{
    enum { GAPS = 400, V = 27 };
    double entropy[2 * GAPS + 1], sum = 0;
    for (int g = 0; g <= 2 * GAPS; g++) {
        double q = pow(0.9, g), other = (1 - q) / V, same = q + other;
        entropy[g] = -same * log(same) - (other > 0 ? (V - 1) * other * log(other) : 0);
    }
    for (int a = 1; a <= GAPS; a++) {
        for (int b = 1; b <= GAPS; b++) {
            sum +=
                (1 - r) * (1 - r) * pow(r, a + b - 2) * (entropy[a] + entropy[b] - entropy[a + b]);
        }
    }
    return log(V) - sum;
}

static void first_order_chain_follows_its_double_sum(void **state)
{
    (void)state;
    const cJSON *c = curve("first-order chain, V = 27"), *point = NULL;
    cJSON_ArrayForEach(point, item(c, "points"))
    {
        double r = number(point, "ratio");
        if (r < 0.9) { /* 400 gaps leave less than 1e-13 out */
            assert_near(number(point, "information"), chain_information(r), 1e-10);
        }
    }
}

static void verdict_weighs_every_pair(void **state)
{
    (void)state;
    const cJSON *verdict = item(result, "verdict");
    int texts = 0, images = 0, misfits = 0;
    const cJSON *c = NULL;
    cJSON_ArrayForEach(c, item(result, "curves"))
    {
        bool weighed = cJSON_IsTrue(item(c, "weighed"));
        bool misfit = cJSON_IsTrue(item(item(c, "misfit"), "detected"));
        misfits += weighed && misfit;
        texts += weighed && !misfit && strcmp(text(c, "group"), "text") == 0;
        images += weighed && !misfit && strcmp(text(c, "group"), "image") == 0;
    }
    assert_int_equal(texts, 4);
    assert_int_equal(images + misfits, 7);
    assert_int_equal(cJSON_GetArraySize(item(verdict, "pairs")), texts * images);
    assert_int_equal(cJSON_GetArraySize(item(verdict, "left_out_for_misfit")), misfits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_is_drawn),
        cmocka_unit_test(every_number_is_finite_or_explained),
        cmocka_unit_test(joint_information_is_symmetric),
        cmocka_unit_test(redundant_sources_peak_above_one_half),
        cmocka_unit_test(one_parity_rule_has_its_closed_form),
        cmocka_unit_test(first_order_chain_follows_its_double_sum),
        cmocka_unit_test(verdict_weighs_every_pair),
    };
    return cmocka_run_group_tests_name("task2, reduced", tests, run_task2, clean_up);
}
