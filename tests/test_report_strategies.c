/* Figures and tables of masking strategies, of redundancy and of approximations: they hold the
 * numbers of the result, are left out where there is nothing to show, and take no bad mask. */
#include "scratch.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "maskinfo/figures.h"
#include "maskinfo/table.h"

/* ---- results ---- */

#define POINT(r, i, se, joint, mse, more)                                                          \
    "{\"ratio\":" r ",\"information\":" i ",\"information_se\":" se                                \
    ",\"joint_information\":" joint ",\"joint_information_se\":0.0625,\"mse_floor\":" mse          \
    ",\"objective\":" i ",\"objective_se\":" se more "}"

#define CURVE(label, source, strategy, group, more)                                                \
    "{\"label\":\"" label "\",\"source\":" source ",\"group\":\"" group                            \
    "\",\"config\":{\"mask\":{\"strategy\":\"" strategy "\"},\"model\":{\"type\":\"gmrf\"}}," more

#define RANDOM_POINTS                                                                              \
    "\"points\":[" POINT("0.25", "1.5", "0.0125", "0.25", "0.125", "") "," POINT(                  \
        "0.52", "1.25", "0.015", "0.375", "0.25", "") "," POINT("0.75", "0.75", "0.0175",          \
                                                                "0.3125", "0.5", "") "]"

#define BLOCK_POINTS                                                                               \
    "\"points\":[" POINT("0.25", "1.125", "0.0225", "0.1875", "0.375",                             \
                         "") "," POINT("0.75", "0.5", "0.025", "0.28125", "0.625", "") "]"

#define GRID_POINTS                                                                                \
    "\"points\":[" POINT("0.5", "1.375", "0.01", "0.4375", "0.1875",                               \
                         "") "," POINT("0.75", "0.875", "0.02", "0.34375", "0.4375", "") "]"

#define OPTIMUM                                                                                    \
    ",\"optimum\":{\"ratio\":0.75,\"low\":0.7,\"high\":0.8,\"edge\":false},"                       \
    "\"regime\":{\"verdict\":\"redundant\"}"

/* 2 x 3 sites. */
#define GRID_SAMPLES                                                                               \
    ",\"mask_samples\":[{\"ratio\":0.5,\"rows\":2,\"columns\":3,\"masked\":\"010101\"},"           \
    "{\"ratio\":0.75,\"rows\":2,\"columns\":3,\"masked\":\"011111\"}]"
#define SPAN_SAMPLES                                                                               \
    ",\"mask_samples\":[{\"ratio\":0.5,\"rows\":1,\"columns\":5,\"masked\":\"01110\"}]"

#define PARTS                                                                                      \
    "\"points\":[" POINT(                                                                          \
        "0.25", "2", "0.01", "0.25", "0.125",                                                      \
        ",\"interpolation_information\":1.5,"                                                      \
        "\"interpolation_information_se\":0.02,\"far_information\":0.5,"                           \
        "\"far_information_se\":0.02,\"class_information\":1.0625,"                                \
        "\"class_information_se\":0.01,\"semantic_information\":0.75,"                             \
        "\"semantic_information_se\":0.02") "," POINT("0.75", "1", "0.01", "0.25", "0.125",        \
                                                      ",\"interpolation_"                          \
                                                      "information\":0.25,"                        \
                                                      "\"interpolation_information_"               \
                                                      "se\":0.02,"                                 \
                                                      "\"far_information\":0.75,"                  \
                                                      "\"far_information_se\":0.02,"               \
                                                      "\"class_information\":0.5,"                 \
                                                      "\"class_information_se\":0."                \
                                                      "01") "," POINT("0.9", "0.015625", "0.01",   \
                                                                      "0.25", "0.125",             \
                                                                      ",\"interpola"               \
                                                                      "tion_"                      \
                                                                      "information"                \
                                                                      "\":0.25,"                   \
                                                                      "\"interpolat"               \
                                                                      "ion_"                       \
                                                                      "information_"               \
                                                                      "se\":0.02,"                 \
                                                                      "\"far_"                     \
                                                                      "information"                \
                                                                      "\":0.75,"                   \
                                                                      "\"far_"                     \
                                                                      "information_"               \
                                                                      "se\":0.02,"                 \
                                                                      "\"class_"                   \
                                                                      "information"                \
                                                                      "\":0.25,"                   \
                                                                      "\"class_"                   \
                                                                      "information_"               \
                                                                      "se\":0.01") "]"

static const char *const curve_texts[] = {
    CURVE("even", "\"field\"", "random", "image", RANDOM_POINTS OPTIMUM GRID_SAMPLES) "}",
    CURVE("in blocks", "\"field\"", "block", "image", BLOCK_POINTS OPTIMUM GRID_SAMPLES) "}",
    CURVE("on a lattice", "\"field\"", "grid", "image", GRID_POINTS GRID_SAMPLES) "}",
    CURVE("quick", "null", "random", "image", GRID_POINTS ",\"reference\":\"even\"") "}",
    CURVE("stretches", "\"alone\"", "span", "text", RANDOM_POINTS SPAN_SAMPLES) "}",
    "{\"label\":\"scene\",\"group\":\"image\",\"config\":{\"mask\":{\"strategy\":\"random\"},"
    "\"model\":{\"type\":\"scene\",\"classes\":3}}," PARTS "}",
};
enum { CURVES = sizeof curve_texts / sizeof curve_texts[0] };

static const char comparison_text[] =
    "{\"source\":\"field\",\"published_source\":\"arXiv\","
    "\"rank_correlation\":{\"fine_tune\":0.8,\"linear_probe\":null},"
    "\"published\":[{\"strategy\":\"random\",\"ratio\":0.75,\"fine_tune\":84.9,"
    "\"linear_probe\":73.5,\"information\":0.75,\"information_se\":0.0175},"
    "{\"strategy\":\"block\",\"ratio\":0.5,\"fine_tune\":83.9,\"linear_probe\":72.3,"
    "\"information\":null},"
    "{\"strategy\":\"grid\",\"ratio\":0.75,\"fine_tune\":84,\"linear_probe\":66,"
    "\"information\":0.875,\"information_se\":0.02}],\"sentence\":\"grid before random\"}";

static const char lone[] = "{\"experiment\":\"curve\",\"label\":\"scene\",\"config\":{"
                           "\"mask\":{\"strategy\":\"block\"},"
                           "\"model\":{\"classes\":3}}," PARTS GRID_SAMPLES "}";

static const char *const names[] = {"masks", "strategies", "predictability", "redundancy",
                                    "approximations"};
enum { NAMES = sizeof names / sizeof names[0] };

/* ---- drawing ---- */

static cJSON *parse(const char *text)
{
    cJSON *result = cJSON_Parse(text);
    assert_non_null(result);
    return result;
}

/* A comparison that has all the figures. */
static cJSON *everything(void)
{
    cJSON *result = parse("{\"experiment\":\"compare\",\"title\":\"t\"}");
    cJSON *curves = cJSON_AddArrayToObject(result, "curves");
    for (int i = 0; i < CURVES; i++) {
        cJSON_AddItemToArray(curves, parse(curve_texts[i]));
    }
    cJSON_AddItemToObject(result, "strategy_comparison", parse(comparison_text));
    return result;
}

static cJSON *curve_of(cJSON *result, int index)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(result, "curves"), index);
}

static mi_code draw(const cJSON *result, const char *folder, bool *ret_drawn, mi_status *status)
{
    cJSON *files = cJSON_CreateArray();
    status->message[0] = status->place[0] = '\0';
    mi_code code = mi_figures_draw(result, folder, ret_drawn, files, status);
    cJSON_Delete(files);
    return code;
}

/* Numbers and scripts alone: where PATH holds no gnuplot nothing is drawn. */
static void draw_quickly(const cJSON *result, const char *folder)
{
    char *path = strdup(getenv("PATH"));
    bool drawn = false;
    mi_status status = {.code = MI_OK};
    setenv("PATH", "/nowhere", 1);
    mi_code code = draw(result, folder, &drawn, &status);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(code, MI_OK);
}

static char *contents(void **state, const char *name)
{
    char path[SCRATCH_PATH];
    FILE *file = fopen(scratch_name(state, name, path), "rb");
    if (file == NULL) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(size + 1, 1);
    assert_int_equal(fread(text, 1, size, file), size);
    fclose(file);
    return text;
}

static void assert_holds(void **state, const char *name, const char *const *lines)
{
    char *text = contents(state, name);
    assert_non_null(text);
    for (; *lines != NULL; lines++) {
        if (strstr(text, *lines) == NULL) {
            fail_msg("%s does not hold\n%s\nbut\n%s", name, *lines, text);
        }
    }
    free(text);
}

static bool has_figure(void **state, const char *name)
{
    char file[64], path[SCRATCH_PATH];
    snprintf(file, sizeof file, "%s.gp", name);
    return access(scratch_name(state, file, path), F_OK) == 0;
}

/* ---- the figures ---- */

static void every_figure_is_drawn(void **state)
{
    static const char *const endings[] = {"dat", "gp", "svg", "png"};
    mi_status status = {.code = MI_OK};
    bool drawn = false;
    cJSON *result = everything();
    mi_code code = draw(result, *state, &drawn, &status);
    cJSON_Delete(result);
    assert_string_equal(status.message, "");
    assert_int_equal(code, MI_OK);
    assert_true(drawn);
    for (int i = 0; i < NAMES; i++) {
        for (int k = 0; k < 4; k++) {
            char name[64], path[SCRATCH_PATH];
            struct stat about;
            snprintf(name, sizeof name, "%s.%s", names[i], endings[k]);
            assert_int_equal(stat(scratch_name(state, name, path), &about), 0);
            assert_true(about.st_size > 100);
        }
    }
    for (int i = 0; i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.svg", names[i]);
        char *picture = contents(state, name);
        assert_null(strstr(picture, "nan"));
        free(picture);
    }
}

static void masks_are_those_of_the_result(void **state)
{
    cJSON *result = everything();
    draw_quickly(result, *state);
    cJSON_Delete(result);
    assert_holds(state, "masks.dat",
                 (const char *[]){"# block 0: even\n# row column hidden\n0 0 0\n0 1 1\n0 2 0\n"
                                  "1 0 1\n1 1 0\n1 2 1\n",
                                  "# block 1: in blocks\n", "# block 2: on a lattice\n",
                                  "# block 3: even\n# row column hidden\n0 0 0\n0 1 1\n0 2 1\n"
                                  "1 0 1\n1 1 1\n1 2 1\n",
                                  "# block 6: stretches\n# row column hidden\n0 0 0\n0 1 1\n"
                                  "0 2 1\n0 3 1\n0 4 0\n",
                                  NULL});
    assert_holds(state, "masks.gp",
                 (const char *[]){"'block, 75 %'", "'3 of 6 hidden'", "'5 of 6 hidden'",
                                  "'span, 50 %'", NULL});
}

/* A sequence is broken into lines of 64; beyond four of them, and beyond 64 rows or
 * columns, it is cut, which the figure says. */
static void large_masks_are_cut(void **state)
{
    char masked[70 * 65 + 1];
    cJSON *result = parse(lone);
    memset(masked, '1', sizeof masked - 1);
    masked[sizeof masked - 1] = '\0';
    masked[65] = '0';
    cJSON *samples = cJSON_GetObjectItem(result, "mask_samples");
    cJSON *grid = cJSON_GetArrayItem(samples, 0), *strip = cJSON_GetArrayItem(samples, 1);
    cJSON_SetNumberValue(cJSON_GetObjectItem(grid, "rows"), 70);
    cJSON_SetNumberValue(cJSON_GetObjectItem(grid, "columns"), 65);
    cJSON_ReplaceItemInObject(grid, "masked", cJSON_CreateString(masked));
    masked[100] = '\0';
    masked[65] = '1';
    cJSON_SetNumberValue(cJSON_GetObjectItem(strip, "rows"), 1);
    cJSON_SetNumberValue(cJSON_GetObjectItem(strip, "columns"), 100);
    cJSON_ReplaceItemInObject(strip, "masked", cJSON_CreateString(masked));
    draw_quickly(result, *state);
    cJSON_Delete(result);
    assert_holds(
        state, "masks.gp",
        (const char *[]){"'4549 of 4550 hidden (its start)'", "'100 of 100 hidden'", NULL});
    assert_holds(
        state, "masks.dat",
        (const char *[]){"\n63 63 1\n", "\n0 63 1\n1 0 0\n1 1 1\n", "\n1 35 1\n1 36 ?\n", NULL});
    char *data = contents(state, "masks.dat");
    assert_null(strstr(data, "\n64 "));
    assert_null(strstr(data, " 64 1"));
    free(data);
}

static void strategies_hold_the_numbers(void **state)
{
    cJSON *result = everything();
    draw_quickly(result, *state);
    cJSON_Delete(result);
    assert_holds(state, "strategies.dat",
                 (const char *[]){"# block 0: even\n# ratio information(nats) information_se(nats) "
                                  "joint_information(nats/site) joint_information_se(nats/site) "
                                  "mse_floor(share_of_variance) objective(nats) "
                                  "objective_se(nats)\n"
                                  "0.25 1.5 0.0125 0.25 0.0625 0.125 1.5 0.0125\n",
                                  "# block 2: on a lattice\n",
                                  "\n0.75 0.875 0.02 0.34375 0.0625 "
                                  "0.4375 0.875 0.02\n",
                                  "optimum objective low(95%) high(95%)\n0.75 0.75 0.7 0.8\n",
                                  NULL});
    char *data = contents(state, "strategies.dat");
    assert_null(strstr(data, "quick"));
    assert_null(strstr(data, "stretches"));
    free(data);
    assert_holds(state, "strategies.gp",
                 (const char *[]){"'field'", "lc rgb '#0072b2'", "lc rgb '#d55e00'",
                                  "lc rgb '#009e73'", "title 'grid: ", NULL});
}

static void the_table_names_the_nearest_ratio(void **state)
{
    cJSON *result = everything();
    draw_quickly(result, *state);
    cJSON_Delete(result);
    assert_holds(state, "strategies.txt",
                 (const char *[]){"source  curve         strategy  i(0.25)",
                                  "field   even          random    1.5 ± 0.013    "
                                  "1.25 ± 0.015 (r = 0.52)  0.75 ± 0.018",
                                  "field   in blocks     block     1.125 ± 0.022  -       ",
                                  "field   on a lattice  grid      -              1.375 ± 0.01  ",
                                  "0.625            0.750 [0.700, 0.800], redundant\n",
                                  "0.4375           -\n", NULL});
    assert_holds(state, "strategies.md",
                 (const char *[]){"| source | curve | strategy |",
                                  "| field | on a lattice | grid | - | 1.375 ± 0.01 |", NULL});
}

static void accuracies_stand_at_their_information(void **state)
{
    cJSON *result = everything();
    draw_quickly(result, *state);
    cJSON_Delete(result);
    assert_holds(state, "predictability.dat",
                 (const char *[]){"# block 0: random masks\n# ratio information(nats) "
                                  "information_se(nats) fine_tune(%) linear_probe(%)\n"
                                  "0.75 0.75 0.0175 84.9 73.5\n",
                                  "# block 1: grid masks\n", "\n0.75 0.875 0.02 84 66\n", NULL});
    assert_holds(state, "predictability.gp",
                 (const char *[]){"'grid before random'", "rank correlation 0.80",
                                  "rank correlation: too few masks", "'grid 75 %'",
                                  "nats per patch", "\"field\"", NULL});
}

static void shares_are_parts_over_information(void **state)
{
    cJSON *result = everything();
    draw_quickly(result, *state);
    cJSON_Delete(result);
    assert_holds(state, "redundancy.dat",
                 (const char *[]){
                     "# block 0: scene\n",
                     "\n0.25 2 0.01 1.5 0.02 0.5 0.02 0.75 0.01 0.25 0.01 1.0625 0.01 0.75 0.02 "
                     "0.375 0.01\n"
                     "0.75 1 0.01 0.25 0.02 0.75 0.02 0.25 0.02 0.75 0.02 0.5 0.01 ? ? ? ?\n"
                     "0.9 0.015625 0.01 0.25 0.02 0.75 0.02 ? ? ? ? 0.25 0.01 ? ? ? ?\n",
                     NULL});
    assert_holds(state, "redundancy.gp",
                 (const char *[]){"'far 0.25 → 0.75 at r = 0.75: rises'", "'log 3 = 1.1'",
                                  "1.09861229", NULL});
}

/* The far share falls, or its change is within the errors. */
static void a_share_need_not_rise(void **state)
{
    static const struct {
        double last, error;
        const char *says;
    } cases[] = {{0.125, 0.02, "'far 0.25 → 0.12 at r = 0.75: falls'"},
                 {0.28125, 0.02, "'far 0.25 → 0.28 at r = 0.75: unclear'"},
                 /* too uncertain to be quoted, which leaves one ratio */
                 {0.75, 0.11, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *result = parse(lone);
        cJSON *point = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "points"), 1);
        cJSON_SetNumberValue(cJSON_GetObjectItem(point, "far_information"), cases[i].last);
        cJSON_SetNumberValue(cJSON_GetObjectItem(point, "far_information_se"), cases[i].error);
        draw_quickly(result, *state);
        cJSON_Delete(result);
        char *script = contents(state, "redundancy.gp");
        const char *label = strstr(script, "set label 'far ");
        assert_true((label != NULL) == (cases[i].says != NULL));
        assert_true(label == NULL ||
                    strncmp(label + 10, cases[i].says, strlen(cases[i].says)) == 0);
        free(script);
    }
}

/* Ratios of both curves only; sqrt(0.0175^2 + 0.02^2). */
static void differences_have_both_errors(void **state)
{
    cJSON *result = everything();
    draw_quickly(result, *state);
    cJSON_Delete(result);
    char *data = contents(state, "approximations.dat");
    double numbers[5];
    const char *rows = strstr(data, "# block 0: quick\n");
    assert_non_null(rows);
    assert_non_null(strstr(rows, "\n0.5 1.375 0.01 ? ?\n"));
    assert_int_equal(sscanf(strstr(rows, "\n0.75 "), "%lf %lf %lf %lf %lf", &numbers[0],
                            &numbers[1], &numbers[2], &numbers[3], &numbers[4]),
                     5);
    assert_near(numbers[3], 0.125, 1e-12);
    assert_near(numbers[4], sqrt(0.0175 * 0.0175 + 0.02 * 0.02), 1e-12);
    free(data);
    assert_holds(state, "approximations.gp",
                 (const char *[]){"'quick (approximate)'", "set title 'even'", NULL});
}

static void a_lone_curve_has_its_masks_and_its_parts(void **state)
{
    cJSON *result = parse(lone);
    draw_quickly(result, *state);
    cJSON_Delete(result);
    assert_true(has_figure(state, "masks"));
    assert_true(has_figure(state, "redundancy"));
    assert_false(has_figure(state, "strategies"));
    assert_false(has_figure(state, "predictability"));
    assert_false(has_figure(state, "approximations"));
}

static void delete_everywhere(cJSON *result, const char *key)
{
    for (int i = 0; i < CURVES; i++) {
        cJSON_DeleteItemFromObject(curve_of(result, i), key);
    }
}

static void what_is_not_there_is_not_drawn(void **state)
{
    cJSON *result = everything();
    draw_quickly(result, *state);
    for (int i = 0; i < NAMES; i++) {
        assert_true(has_figure(state, names[i]));
    }
    delete_everywhere(result, "mask_samples");
    delete_everywhere(result, "source");
    delete_everywhere(result, "reference");
    cJSON_DeleteItemFromArray(cJSON_GetObjectItem(result, "curves"), 5);
    cJSON_DeleteItemFromObject(result, "strategy_comparison");
    draw_quickly(result, *state); /* and those of before are removed */
    cJSON_Delete(result);
    for (int i = 0; i < NAMES; i++) {
        assert_false(has_figure(state, names[i]));
    }
    char path[SCRATCH_PATH];
    assert_int_not_equal(access(scratch_name(state, "strategies.txt", path), F_OK), 0);
}

/* Random masks alone, one strategy of a source, a reference that no curve is, masks far
 * from the ratios shown, one published row with a curve. */
static void too_little_is_not_drawn(void **state)
{
    cJSON *result = everything();
    for (int i = 0; i < 5; i++) {
        cJSON *curve = curve_of(result, i);
        cJSON *mask = cJSON_GetObjectItem(cJSON_GetObjectItem(curve, "config"), "mask");
        cJSON_ReplaceItemInObject(mask, "strategy", cJSON_CreateString(i == 2 ? "grid" : "random"));
        if (i == 2) {
            cJSON_ReplaceItemInObject(curve, "source", cJSON_CreateString("another"));
            cJSON *sample;
            cJSON_ArrayForEach(sample, cJSON_GetObjectItem(curve, "mask_samples"))
            {
                cJSON_SetNumberValue(cJSON_GetObjectItem(sample, "ratio"), 0.25);
            }
        }
    }
    cJSON_ReplaceItemInObject(curve_of(result, 3), "reference", cJSON_CreateString("none"));
    cJSON_AddItemToObject(curve_of(result, 5), "figures", parse("[\"information\"]"));
    cJSON_DeleteItemFromArray(
        cJSON_GetObjectItem(cJSON_GetObjectItem(result, "strategy_comparison"), "published"), 2);
    draw_quickly(result, *state);
    cJSON_Delete(result);
    for (int i = 0; i < NAMES; i++) {
        if (has_figure(state, names[i])) {
            fail_msg("%s is drawn", names[i]);
        }
    }
}

static void names_are_legal(void **state)
{
    (void)state;
    char text[512];
    for (int i = 0; i < NAMES; i++) {
        assert_true(mi_figures_known(names[i]));
        assert_non_null(strstr(mi_figures_names(text, sizeof text), names[i]));
    }
}

/* The mirror image F(r) + F(1-r) - F(1) is one of random masks alone. */
static void only_random_masks_have_a_mirror_image(void **state)
{
    cJSON *result = everything();
    draw_quickly(result, *state);
    cJSON_Delete(result);
    assert_holds(state, "joint.dat",
                 (const char *[]){"# block 0: even\n",
                                  "\n0.25 0.25 0.0625 0.666666666667 "
                                  "0.166666666667 -0.0625\n",
                                  "# block 1: in blocks\n",
                                  "\n0.25 0.1875 0.0625 0.666666666667 "
                                  "0.222222222222 ?\n",
                                  NULL});
}

/* ---- what is wrong ---- */

static void bad_masks_are_refused(void **state)
{
    static const struct {
        const char *samples, *place, *says;
    } cases[] = {
        {"7", "mask_samples", "array"},
        {"[3]", "mask_samples[0]", "\"ratio\""},
        {"[{\"ratio\":1.5,\"rows\":1,\"columns\":1,\"masked\":\"1\"}]", "mask_samples[0]",
         "[0, 1]"},
        {"[{\"ratio\":0.5,\"columns\":1,\"masked\":\"1\"}]", "mask_samples[0]", "\"rows\""},
        {"[{\"ratio\":0.5,\"rows\":1,\"columns\":1.5,\"masked\":\"1\"}]", "mask_samples[0]",
         "\"columns\", a whole number in [1, 1000000]"},
        {"[{\"ratio\":0.5,\"rows\":1e18,\"columns\":1e18,\"masked\":\"1\"}]", "mask_samples[0]",
         "\"rows\""},
        {"[{\"ratio\":0.5,\"rows\":1000000,\"columns\":1000000,\"masked\":\"1\"}]",
         "mask_samples[0].masked", "1000000 * 1000000"},
        {"[{\"ratio\":0.5,\"rows\":2,\"columns\":2,\"masked\":\"0110\"},"
         "{\"ratio\":0.5,\"rows\":2,\"columns\":2,\"masked\":\"01101\"}]",
         "mask_samples[1].masked", "5 characters"},
        {"[{\"ratio\":0.5,\"rows\":2,\"columns\":2,\"masked\":null}]", "mask_samples[0].masked",
         "0 characters"},
        {"[{\"ratio\":0.5,\"rows\":2,\"columns\":2,\"masked\":\"01x0\"}]", "mask_samples[0].masked",
         "character 2 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int inside = 0; inside < 2; inside++) {
            char place[100];
            mi_status status = {.code = MI_OK};
            bool drawn = false;
            cJSON *result = inside ? everything() : parse(lone);
            cJSON *curve = inside ? curve_of(result, 2) : result;
            cJSON_ReplaceItemInObject(curve, "mask_samples", parse(cases[i].samples));
            mi_code code = draw(result, *state, &drawn, &status);
            cJSON_Delete(result);
            assert_failure(code, MI_INPUT, status, cases[i].says);
            snprintf(place, sizeof place, "%s%s", inside ? "curves[2]." : "", cases[i].place);
            assert_string_equal(status.place, place);
        }
    }
}

/* Labels and the other strings may hold anything. */
static void strings_do_not_become_commands(void **state)
{
    static const char hostile[] = "it's '; system('touch INJECTED'); `touch INJECTED` \"κ\" %s\n|*";
    mi_status status = {.code = MI_OK};
    bool drawn = false;
    cJSON *result = everything();
    for (int i = 0; i < 3; i++) {
        cJSON_ReplaceItemInObject(curve_of(result, i), "source", cJSON_CreateString(hostile));
    }
    cJSON_ReplaceItemInObject(curve_of(result, 0), "label", cJSON_CreateString(hostile));
    cJSON_ReplaceItemInObject(curve_of(result, 3), "reference", cJSON_CreateString(hostile));
    cJSON_ReplaceItemInObject(curve_of(result, 5), "label", cJSON_CreateString(hostile));
    cJSON *comparison = cJSON_GetObjectItem(result, "strategy_comparison");
    cJSON_ReplaceItemInObject(comparison, "source", cJSON_CreateString(hostile));
    cJSON_ReplaceItemInObject(comparison, "sentence", cJSON_CreateString(hostile));
    cJSON_ReplaceItemInObject(comparison, "published_source", cJSON_CreateString(hostile));
    mi_code code = draw(result, *state, &drawn, &status);
    cJSON_Delete(result);
    assert_string_equal(status.message, "");
    assert_int_equal(code, MI_OK);
    assert_int_not_equal(access("INJECTED", F_OK), 0);
    for (int i = 0; i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.svg", names[i]);
        char *picture = contents(state, name);
        assert_non_null(picture);
        assert_true(i == 0 || strstr(picture, "it's '; system('touch INJE") != NULL);
        free(picture);
    }
    assert_holds(state, "strategies.md",
                 (const char *[]){"\\`touch INJECTED\\` \"κ\" %s \\|\\* | ", NULL});
}

/* ---- the tables of fits ---- */

static void tables_name_strategies_that_are_not_random(void **state)
{
    (void)state;
    char *text = NULL;
    cJSON *result = everything();
    assert_int_equal(mi_table_text(result, &text, NULL), MI_OK);
    assert_non_null(strstr(text, "source        strategy  rate λ"));
    assert_non_null(strstr(text, "on a lattice  grid      "));
    assert_non_null(strstr(text, "stretches     span      "));
    assert_non_null(strstr(text, "even          random    "));
    free(text);
    for (int i = 0; i < CURVES; i++) {
        cJSON *mask =
            cJSON_GetObjectItem(cJSON_GetObjectItem(curve_of(result, i), "config"), "mask");
        cJSON_ReplaceItemInObject(mask, "strategy", cJSON_CreateString("random"));
    }
    assert_int_equal(mi_table_text(result, &text, NULL), MI_OK);
    assert_null(strstr(text, "strategy"));
    assert_null(strstr(text, "random"));
    free(text);
    cJSON_Delete(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(every_figure_is_drawn),
        SCRATCH_TEST(masks_are_those_of_the_result),
        SCRATCH_TEST(large_masks_are_cut),
        SCRATCH_TEST(strategies_hold_the_numbers),
        SCRATCH_TEST(the_table_names_the_nearest_ratio),
        SCRATCH_TEST(accuracies_stand_at_their_information),
        SCRATCH_TEST(shares_are_parts_over_information),
        SCRATCH_TEST(a_share_need_not_rise),
        SCRATCH_TEST(differences_have_both_errors),
        SCRATCH_TEST(a_lone_curve_has_its_masks_and_its_parts),
        SCRATCH_TEST(what_is_not_there_is_not_drawn),
        SCRATCH_TEST(too_little_is_not_drawn),
        cmocka_unit_test(names_are_legal),
        SCRATCH_TEST(only_random_masks_have_a_mirror_image),
        SCRATCH_TEST(bad_masks_are_refused),
        SCRATCH_TEST(strings_do_not_become_commands),
        cmocka_unit_test(tables_name_strategies_that_are_not_random),
    };
    mi_start();
    return cmocka_run_group_tests_name("report_strategies", tests, NULL, NULL);
}
