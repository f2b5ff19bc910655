/* The long table of a sweep against tables and aggregates worked out by hand. */
#include "scratch.h"

#include <cjson/cJSON.h>

#include "../src/report/interned.h"
#include "maskinfo/rows.h"

/* Student's 0.975 quantiles: tan(pi (p - 1/2)) for one degree of freedom, (2p - 1)/sqrt(2p(1 - p))
 * for two. */
static const double T1 = 12.706204736174694, T2 = 4.302652729749464;

typedef struct inputs {
    cJSON *axes, *seeds, *columns;
    mi_rows *rows;
} inputs;

static cJSON *parse(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    return json;
}

static const char two_axes[] =
    "[{\"name\": \"case\", \"numeric\": false, \"values\": [\"A\", \"B\"],"
    "  \"labels\": [\"one, \\\"two\\\"\", \"C\"]},"
    " {\"name\": \"ratio\", \"numeric\": true, \"values\": [0.1, 0.30000000000000004],"
    "  \"labels\": [\"low\", \"high\"]}]";

static const char two_columns[] = "[{\"name\": \"loss\"}, {\"name\": \"verdict\"}]";

static inputs create(const char *axes, const char *seeds, const char *columns)
{
    inputs in = {parse(axes), parse(seeds), parse(columns), NULL};
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_rows_create(in.axes, in.seeds, in.columns, &in.rows, &status), MI_OK);
    return in;
}

static void destroy(inputs *in)
{
    mi_rows_destroy(in->rows);
    cJSON_Delete(in->axes);
    cJSON_Delete(in->seeds);
    cJSON_Delete(in->columns);
}

static void done(mi_rows *rows, size_t unit, const char *values, const char *reasons)
{
    cJSON *json = parse(values), *why = parse(reasons);
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_rows_done(rows, unit, json, why, &status), MI_OK);
    cJSON_Delete(json);
    cJSON_Delete(why);
}

static void failed(mi_rows *rows, size_t unit, const char *message)
{
    assert_int_equal(mi_rows_failed(rows, unit, message, NULL), MI_OK);
}

/* Cells: all three seeds; one failed, two left; one done with a null, one failed, one missing;
 * nothing. In the order of completion of several threads. */
static inputs example(void)
{
    inputs in = create(two_axes, "[7, 8, 9]", two_columns);
    done(in.rows, 5, "[3, \"mixed\"]", "[]");
    done(in.rows, 0, "[1, \"redundant\"]", "[null, null]");
    done(in.rows, 2, "[4, \"redundant\"]", "null");
    failed(in.rows, 4, "line\nbreak, \"and\" comma");
    done(in.rows, 1, "[2, \"mixed\"]", "[]");
    done(in.rows, 3, "[1, \"mixed\"]", "[]");
    done(in.rows, 6, "[null, null]", "[\"did not converge\"]");
    failed(in.rows, 7, "out\nof range");
    return in;
}

static char *contents(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* ---- the long table ---- */

static void long_table_as_csv(void **state)
{
    static const char expected[] =
        "unit,case,ratio,seed,status,loss,verdict,note\n"
        "0,\"one, \"\"two\"\"\",0.1,7,done,1,redundant,\n"
        "1,\"one, \"\"two\"\"\",0.1,8,done,2,mixed,\n"
        "2,\"one, \"\"two\"\"\",0.1,9,done,4,redundant,\n"
        "3,\"one, \"\"two\"\"\",0.3,7,done,1,mixed,\n"
        "4,\"one, \"\"two\"\"\",0.3,8,failed,,,\"line\nbreak, \"\"and\"\" comma\"\n"
        "5,\"one, \"\"two\"\"\",0.3,9,done,3,mixed,\n"
        "6,C,0.1,7,done,,,loss: did not converge; verdict: none\n"
        "7,C,0.1,8,failed,,,\"out\nof range\"\n"
        "8,C,0.1,9,missing,,,\n"
        "9,C,0.3,7,missing,,,\n"
        "10,C,0.3,8,missing,,,\n"
        "11,C,0.3,9,missing,,,\n";
    char path[SCRATCH_PATH];
    mi_status status = {.code = MI_OK};
    inputs in = example();
    assert_int_equal(mi_rows_write_csv(in.rows, scratch_name(state, "table.csv", path), &status),
                     MI_OK);
    char *text = contents(path);
    assert_string_equal(text, expected);
    free(text);
    destroy(&in);
}

static void long_table_as_json(void **state)
{
    char path[SCRATCH_PATH];
    mi_status status = {.code = MI_OK};
    inputs in = example();
    assert_int_equal(mi_rows_write_json(in.rows, scratch_name(state, "table.json", path), &status),
                     MI_OK);
    char *text = contents(path);
    cJSON *rows = parse(text);
    assert_int_equal(cJSON_GetArraySize(rows), 12);
    static const struct {
        int unit;
        const char *row;
    } expected[] = {
        {2,
         "{\"unit\":2,\"case\":\"one, \\\"two\\\"\",\"ratio\":0.1,\"seed\":9,\"status\":\"done\","
         "\"loss\":4,\"verdict\":\"redundant\",\"note\":\"\"}"},
        {4,
         "{\"unit\":4,\"case\":\"one, \\\"two\\\"\",\"ratio\":0.3,\"seed\":8,\"status\":\"failed\","
         "\"loss\":null,\"verdict\":null,\"note\":\"line\\nbreak, \\\"and\\\" comma\"}"},
        {6, "{\"unit\":6,\"case\":\"C\",\"ratio\":0.1,\"seed\":7,\"status\":\"done\",\"loss\":null,"
            "\"verdict\":null,\"note\":\"loss: did not converge; verdict: none\"}"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char *row = cJSON_PrintUnformatted(cJSON_GetArrayItem(rows, expected[i].unit));
        assert_string_equal(row, expected[i].row);
        cJSON_free(row);
    }
    cJSON_Delete(rows);
    free(text);
    destroy(&in);
}

/* Digits are those of cJSON: 15, and 17 where they are needed. */
static void numbers_are_written_as_in_results(void **state)
{
    static const double values[] = {0.1, 1.0 / 3, 0.1 + 0.2, 1e300, -5e-324, 123456789012345678.0,
                                    0};
    char path[SCRATCH_PATH], *line;
    inputs in = create("[]", "[1, 2, 3, 4, 5, 6, 7]", "[{\"name\": \"x\"}]");
    for (size_t i = 0; i < 7; i++) {
        cJSON *row = cJSON_CreateDoubleArray(&values[i], 1);
        assert_int_equal(mi_rows_done(in.rows, i, row, NULL, NULL), MI_OK);
        cJSON_Delete(row);
    }
    assert_int_equal(mi_rows_write_csv(in.rows, scratch_name(state, "t.csv", path), NULL), MI_OK);
    char *text = contents(path);
    line = strchr(text, '\n') + 1;
    for (size_t i = 0; i < 7; i++, line = strchr(line, '\n') + 1) {
        char expected[80];
        cJSON *number = cJSON_CreateNumber(values[i]);
        char *digits = cJSON_PrintUnformatted(number);
        snprintf(expected, sizeof expected, "%zu,%zu,done,%s,\n", i, i + 1, digits);
        assert_memory_equal(line, expected, strlen(expected));
        cJSON_free(digits);
        cJSON_Delete(number);
    }
    free(text);
    destroy(&in);
}

/* ---- cells ---- */

static const cJSON *value_of(const cJSON *result, int cell, const char *column)
{
    const cJSON *cells = cJSON_GetObjectItem(result, "cells");
    const cJSON *values = cJSON_GetObjectItem(cJSON_GetArrayItem(cells, cell), "values");
    const cJSON *value = cJSON_GetObjectItem(values, column);
    assert_non_null(value);
    return value;
}

static double number_of(const cJSON *value, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(value, key);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void assert_text(const cJSON *value, const char *key, const char *expected)
{
    char *text = cJSON_PrintUnformatted(cJSON_GetObjectItem(value, key));
    assert_non_null(text);
    assert_string_equal(text, expected);
    cJSON_free(text);
}

static void check_cell_of_three(const cJSON *result)
{
    const cJSON *loss = value_of(result, 0, "loss");
    double half = T2 * sqrt(7.0 / 3) / sqrt(3); /* 1, 2, 4: mean 7/3, variance 7/3 */
    assert_near(number_of(loss, "count"), 3, 0);
    assert_near(number_of(loss, "mean"), 7.0 / 3, 1e-14);
    assert_near(number_of(loss, "deviation"), sqrt(7.0 / 3), 1e-14);
    assert_near(number_of(loss, "low"), 7.0 / 3 - half, 1e-12);
    assert_near(number_of(loss, "high"), 7.0 / 3 + half, 1e-12);
    assert_text(loss, "each", "[1,2,4]");
    assert_null(cJSON_GetObjectItem(loss, "reason"));
    assert_text(value_of(result, 0, "verdict"), "texts", "{\"redundant\":2,\"mixed\":1}");
    assert_text(value_of(result, 0, "verdict"), "each", "[\"redundant\",\"mixed\",\"redundant\"]");
}

static void check_cell_with_failure(const cJSON *result)
{
    const cJSON *loss = value_of(result, 1, "loss"); /* 1, -, 3 */
    assert_near(number_of(loss, "mean"), 2, 0);
    assert_near(number_of(loss, "deviation"), sqrt(2), 1e-14);
    assert_near(number_of(loss, "low"), 2 - T1, 1e-12);
    assert_near(number_of(loss, "high"), 2 + T1, 1e-12);
    assert_text(loss, "each", "[1,null,3]");
    assert_text(value_of(result, 1, "verdict"), "texts", "{\"mixed\":2}");
}

static void check_empty_cells(const cJSON *result)
{
    const cJSON *null = value_of(result, 2, "loss");
    assert_text(null, "mean", "null");
    assert_text(null, "low", "null");
    assert_text(null, "reason", "\"did not converge\"");
    assert_text(value_of(result, 3, "loss"), "reason", "\"no unit has run\"");
    assert_text(value_of(result, 3, "verdict"), "texts", "{}");
}

static void cells_aggregate_over_seeds(void **state)
{
    (void)state;
    static const char *const counts[] = {"[3,0,[0,0]]", "[2,1,[0,1]]", "[1,1,[1,0]]",
                                         "[0,0,[1,1]]"};
    mi_status status = {.code = MI_OK};
    inputs in = example();
    cJSON *result = cJSON_CreateObject();
    assert_int_equal(mi_rows_put_cells(in.rows, result, &status), MI_OK);
    check_cell_of_three(result);
    check_cell_with_failure(result);
    check_empty_cells(result);
    for (int cell = 0; cell < 4; cell++) {
        const cJSON *json = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "cells"), cell);
        char text[64], *at = cJSON_PrintUnformatted(cJSON_GetObjectItem(json, "at"));
        snprintf(text, sizeof text, "[%g,%g,%s]", number_of(json, "done"),
                 number_of(json, "failed"), at);
        assert_string_equal(text, counts[cell]);
        cJSON_free(at);
    }
    assert_text(result, "failures",
                "[{\"unit\":4,\"at\":[0,1],\"seed\":8,\"message\":\"line\\nbreak, \\\"and\\\" "
                "comma\"},{\"unit\":7,\"at\":[1,0],\"seed\":8,\"message\":\"out\\nof range\"}]");
    cJSON_Delete(result);
    destroy(&in);
}

static void cells_as_csv(void **state)
{
    static const char *const starts[] = {
        "case,ratio,done,failed,loss_mean,loss_deviation,loss_low,loss_high,loss_count,verdict_"
        "texts\n",
        "\"one, \"\"two\"\"\",0.1,3,0,2.33333333333333,1.52752523165195,",
        "\"one, \"\"two\"\"\",0.3,2,1,2,1.4142135623731,", "C,0.1,1,1,,,,,0,\n",
        "C,0.3,0,0,,,,,0,\n"};
    char path[SCRATCH_PATH];
    mi_status status = {.code = MI_OK};
    inputs in = example();
    assert_int_equal(
        mi_rows_write_cells_csv(in.rows, scratch_name(state, "cells.csv", path), &status), MI_OK);
    char *text = contents(path), *line = text;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        assert_non_null(strstr(line, starts[i]) == line ? line : NULL);
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(*line, '\0');
    assert_non_null(strstr(text, ",3,redundant: 2; mixed: 1\n"));
    free(text);
    destroy(&in);
}

/* Nothing is known of a column without any value: neither kind's heading would be right. */
static void columns_without_values_have_one_heading(void **state)
{
    char path[SCRATCH_PATH];
    inputs in = create("[]", "[1, 2]", two_columns);
    mi_status status = {.code = MI_OK};
    failed(in.rows, 0, "x");
    failed(in.rows, 1, "x");
    assert_int_equal(
        mi_rows_write_cells_csv(in.rows, scratch_name(state, "cells.csv", path), &status), MI_OK);
    char *text = contents(path);
    assert_string_equal(text, "done,failed,loss,verdict\n0,2,,\n");
    free(text);
    done(in.rows, 1, "[1, \"a\"]", "[]");
    assert_int_equal(mi_rows_write_cells_csv(in.rows, path, &status), MI_OK);
    text = contents(path);
    assert_string_equal(text, "done,failed,loss_mean,loss_deviation,loss_low,loss_high,loss_count,"
                              "verdict_texts\n1,1,1,,,,1,a: 1\n");
    free(text);
    destroy(&in);
}

/* Texts count in the order in which they come, "" too; a number is the text of its digits. */
static void texts_are_counted_in_order(void **state)
{
    (void)state;
    static const char *const values[] = {"[\"b\"]", "[\"\"]", "[\"1\"]", "[\"b\"]", "[1]",
                                         "[null]",  "[true]", "[\"\"]",  "[\"a\"]", "[\"b\"]"};
    inputs in = create("[]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "[{\"name\": \"x\"}]");
    cJSON *result = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        done(in.rows, i, values[i], "[]");
    }
    assert_int_equal(mi_rows_put_cells(in.rows, result, NULL), MI_OK);
    assert_text(value_of(result, 0, "x"), "texts", "{\"b\":3,\"\":2,\"1\":2,\"true\":1,\"a\":1}");
    assert_near(number_of(value_of(result, 0, "x"), "count"), 9, 0);
    cJSON_Delete(result);
    destroy(&in);
}

/* A row that is replaced by one that can not be had leaves nothing in the cell. */
static void half_rows_are_no_rows(void **state)
{
    (void)state;
    inputs in = example();
    cJSON *result = cJSON_CreateObject(), *object = parse("[100, {}]");
    assert_int_equal(mi_rows_done(in.rows, 3, object, NULL, NULL), MI_INPUT);
    assert_int_equal(mi_rows_put_cells(in.rows, result, NULL), MI_OK);
    assert_near(number_of(value_of(result, 1, "loss"), "mean"), 3, 0);
    assert_text(value_of(result, 1, "verdict"), "texts", "{\"mixed\":1}");
    cJSON_Delete(result);
    cJSON_Delete(object);
    destroy(&in);
}

/* RFC 4180: commas, quotes and both kinds of ends of lines make a field a quoted one. */
static void fields_are_quoted(void **state)
{
    static const char *const texts[][2] = {{"a\rb", "\"a\rb\""},
                                           {"a\nb", "\"a\nb\""},
                                           {"a,b", "\"a,b\""},
                                           {"a\"b", "\"a\"\"b\""},
                                           {"=1+a", "=1+a"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char path[SCRATCH_PATH], expected[80];
        inputs in = create("[]", "[1]", "[{\"name\": \"x\"}]");
        cJSON *row = cJSON_CreateStringArray(&texts[i][0], 1);
        assert_int_equal(mi_rows_done(in.rows, 0, row, NULL, NULL), MI_OK);
        assert_int_equal(mi_rows_write_csv(in.rows, scratch_name(state, "t.csv", path), NULL),
                         MI_OK);
        snprintf(expected, sizeof expected, "unit,seed,status,x,note\n0,1,done,%s,\n", texts[i][1]);
        char *text = contents(path);
        assert_string_equal(text, expected);
        free(text);
        cJSON_Delete(row);
        destroy(&in);
    }
}

static void equal_values_have_no_spread(void **state)
{
    (void)state;
    inputs in = create("[]", "[1, 2]", "[{\"name\": \"x\"}]");
    cJSON *result = cJSON_CreateObject();
    done(in.rows, 0, "[0.1]", "[]");
    done(in.rows, 1, "[0.1]", "[]");
    assert_int_equal(mi_rows_put_cells(in.rows, result, NULL), MI_OK);
    const cJSON *x = value_of(result, 0, "x");
    assert_near(number_of(x, "deviation"), 0, 0);
    assert_near(number_of(x, "low"), number_of(x, "mean"), 0);
    assert_near(number_of(x, "high"), 0.1, 1e-16);
    cJSON_Delete(result);
    destroy(&in);
}

static void one_seed_has_no_interval(void **state)
{
    (void)state;
    inputs in = create("[]", "[1]", "[{\"name\": \"x\"}]");
    cJSON *result = cJSON_CreateObject();
    done(in.rows, 0, "[0.5]", "[]");
    assert_int_equal(mi_rows_put_cells(in.rows, result, NULL), MI_OK);
    const cJSON *x = value_of(result, 0, "x");
    assert_near(number_of(x, "mean"), 0.5, 0);
    assert_text(x, "deviation", "null");
    assert_text(x, "low", "null");
    assert_text(x, "reason", "\"one value has no spread\"");
    cJSON_Delete(result);
    destroy(&in);
}

/* ---- rows ---- */

static void rows_know_their_place_and_status(void **state)
{
    (void)state;
    inputs in = example();
    size_t at[2], seed = 0;
    assert_int_equal(mi_rows_units(in.rows), 12);
    mi_rows_place(in.rows, 10, at, &seed); /* 10 = (1*2 + 1)*3 + 1 */
    assert_int_equal(at[0], 1);
    assert_int_equal(at[1], 1);
    assert_int_equal(seed, 1);
    assert_int_equal(mi_rows_count(in.rows, MI_ROW_DONE), 6);
    assert_int_equal(mi_rows_count(in.rows, MI_ROW_FAILED), 2);
    assert_int_equal(mi_rows_count(in.rows, MI_ROW_MISSING), 4);
    assert_true(mi_rows_numeric(in.rows, 0));
    assert_false(mi_rows_numeric(in.rows, 1));
    failed(in.rows, 0, "late");
    assert_int_equal(mi_rows_status(in.rows, 0), MI_ROW_FAILED);
    done(in.rows, 0, "[true, \"x\"]", "[]");
    assert_int_equal(mi_rows_status(in.rows, 0), MI_ROW_DONE);
    assert_false(mi_rows_numeric(in.rows, 0));
    destroy(&in);
}

static void axes_of_different_sizes(void **state)
{
    (void)state;
    inputs in = create("[{\"name\": \"a\", \"values\": [0, 1, 2], \"labels\": [\"\", \"\", \"\"]},"
                       " {\"name\": \"b\", \"values\": [0, 1], \"labels\": [\"\", \"\"]},"
                       " {\"name\": \"c\", \"values\": [0, 1, 2, 3, 4],"
                       "  \"labels\": [\"\", \"\", \"\", \"\", \"\"]}]",
                       "[1, 2]", two_columns);
    size_t unit = 0, at[3], seed = 0;
    for (size_t a = 0; a < 3; a++) {
        for (size_t b = 0; b < 2; b++) {
            for (size_t c = 0; c < 5; c++) {
                for (size_t s = 0; s < 2; s++) {
                    mi_rows_place(in.rows, unit++, at, &seed);
                    assert_true(at[0] == a && at[1] == b && at[2] == c && seed == s);
                }
            }
        }
    }
    assert_int_equal(mi_rows_units(in.rows), unit);
    destroy(&in);
}

static void refused(const char *axes, const char *seeds, const char *columns, const char *place)
{
    inputs in = {parse(axes), parse(seeds), parse(columns), NULL};
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_rows_create(in.axes, in.seeds, in.columns, &in.rows, &status), MI_INPUT);
    assert_string_equal(status.place, place);
    assert_null(in.rows);
    destroy(&in);
}

static void wrong_tables_are_refused(void **state)
{
    (void)state;
    refused("[{\"name\": \"a\", \"values\": [1, 2], \"labels\": [\"1\"]}]", "[1]", two_columns,
            "axes[0]");
    refused("[{\"name\": \"a\", \"values\": [], \"labels\": []}]", "[1]", two_columns, "axes[0]");
    refused("[{\"name\": \"a\", \"numeric\": true, \"values\": [\"x\"], \"labels\": [\"x\"]}]",
            "[1]", two_columns, "axes[0]");
    refused(two_axes, "[]", two_columns, "seeds");
    refused(two_axes, "[1]", "[]", "columns");
    refused(two_axes, "[1]", "[{\"label\": \"x\"}]", "columns");
}

static void wrong_rows_are_refused(void **state)
{
    (void)state;
    inputs in = example();
    mi_status status = {.code = MI_OK};
    cJSON *few = parse("[1]"), *object = parse("[1, {}]"), *good = parse("[1, 2]");
    assert_failure(mi_rows_done(in.rows, 9, few, NULL, &status), MI_INPUT, status, "2 values");
    assert_failure(mi_rows_done(in.rows, 9, object, NULL, &status), MI_INPUT, status, "must be");
    assert_failure(mi_rows_done(in.rows, 12, good, NULL, &status), MI_INPUT, status, "12 of 12");
    assert_failure(mi_rows_failed(in.rows, 12, "", &status), MI_INPUT, status, "no unit 12");
    assert_int_equal(mi_rows_status(in.rows, 9), MI_ROW_MISSING);
    cJSON *result = cJSON_CreateObject();
    assert_int_equal(mi_rows_put_cells(in.rows, result, NULL), MI_OK);
    assert_near(number_of(value_of(result, 3, "loss"), "count"), 0, 0);
    cJSON_Delete(result);
    cJSON_Delete(few);
    cJSON_Delete(object);
    cJSON_Delete(good);
    destroy(&in);
}

/* More different texts than the first room of the store holds, each of them right. */
static void many_texts_are_kept(void **state)
{
    enum { COUNT = 3000 };
    char path[SCRATCH_PATH], text[64];
    cJSON *seeds = cJSON_CreateArray();
    for (int i = 0; i < COUNT; i++) {
        cJSON_AddItemToArray(seeds, cJSON_CreateNumber(i));
    }
    char *printed = cJSON_PrintUnformatted(seeds);
    inputs in = create("[]", printed, "[{\"name\": \"x\"}]");
    for (size_t i = COUNT; i-- > 0;) {
        snprintf(text, sizeof text, "[\"word %zu\"]", i % 1000);
        done(in.rows, i, text, "[]");
    }
    assert_int_equal(mi_rows_write_csv(in.rows, scratch_name(state, "t.csv", path), NULL), MI_OK);
    char *table = contents(path), *line = strchr(table, '\n') + 1;
    for (size_t i = 0; i < COUNT; i++, line = strchr(line, '\n') + 1) {
        snprintf(text, sizeof text, "%zu,%zu,done,word %zu,\n", i, i, i % 1000);
        assert_memory_equal(line, text, strlen(text));
    }
    free(table);
    cJSON_free(printed);
    cJSON_Delete(seeds);
    destroy(&in);
}

static void equal_texts_are_kept_once(void **state)
{
    (void)state;
    mi_interned interned = {.count = 0};
    char text[32];
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 500; i++) {
            uint32_t number = 0;
            snprintf(text, sizeof text, "text %u", i);
            assert_int_equal(mi_intern(&interned, text, &number, NULL), MI_OK);
            assert_int_equal(number, i + 1); /* 0 is "" */
        }
    }
    assert_int_equal(interned.count, 501);
    mi_interned_clear(&interned);
}

static void too_many_cells_stay_in_their_file(void **state)
{
    (void)state;
    cJSON *values = cJSON_CreateArray(), *labels = cJSON_CreateArray();
    for (int i = 0; i <= MI_MOST_CELLS; i++) {
        cJSON_AddItemToArray(values, cJSON_CreateNumber(i));
        cJSON_AddItemToArray(labels, cJSON_CreateString("x"));
    }
    inputs in = {parse("[{\"name\": \"a\", \"numeric\": true}]"), parse("[1]"), parse(two_columns),
                 NULL};
    cJSON_AddItemToObject(in.axes->child, "values", values);
    cJSON_AddItemToObject(in.axes->child, "labels", labels);
    assert_int_equal(mi_rows_create(in.axes, in.seeds, in.columns, &in.rows, NULL), MI_OK);
    for (size_t i = 0; i < MI_MOST_FAILURES + 5; i++) {
        failed(in.rows, i, "no");
    }
    cJSON *result = cJSON_CreateObject();
    assert_int_equal(mi_rows_put_cells(in.rows, result, NULL), MI_OK);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(result, "cells")));
    assert_non_null(cJSON_GetObjectItem(result, "cells_reason"));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(result, "failures")), MI_MOST_FAILURES);
    cJSON_Delete(result);
    destroy(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(long_table_as_csv),
        SCRATCH_TEST(long_table_as_json),
        SCRATCH_TEST(numbers_are_written_as_in_results),
        cmocka_unit_test(cells_aggregate_over_seeds),
        SCRATCH_TEST(cells_as_csv),
        SCRATCH_TEST(columns_without_values_have_one_heading),
        cmocka_unit_test(texts_are_counted_in_order),
        cmocka_unit_test(half_rows_are_no_rows),
        SCRATCH_TEST(fields_are_quoted),
        cmocka_unit_test(equal_values_have_no_spread),
        cmocka_unit_test(one_seed_has_no_interval),
        cmocka_unit_test(rows_know_their_place_and_status),
        cmocka_unit_test(axes_of_different_sizes),
        cmocka_unit_test(equal_texts_are_kept_once),
        cmocka_unit_test(wrong_tables_are_refused),
        cmocka_unit_test(wrong_rows_are_refused),
        SCRATCH_TEST(many_texts_are_kept),
        cmocka_unit_test(too_many_cells_stay_in_their_file),
    };
    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
