/* Answers of sweeps, computed from results made by hand: the same numbers worked out beside them.
 * And what captions, notes and the page promise where there is no interval. */
#include "scratch.h"

#include "../src/report/figure.h"
#include "../src/report/swept.h"
#include "maskinfo/document.h"
#include "maskinfo/html.h"

static void assert_says(const char *page, const char *text)
{
    if (strstr(page, text) == NULL) {
        const char *answer = strstr(page, "class=\"answer\"");
        fail_msg("\"%s\" is not in %.3000s", text, answer != NULL ? answer : page);
    }
}

static void assert_silent(const char *page, const char *text)
{
    if (strstr(page, text) != NULL) {
        fail_msg("the page says \"%s\"", text);
    }
}

static char *page_of(const char *text)
{
    char *page = NULL;
    size_t size = 0;
    mi_status status = {.code = MI_OK};
    cJSON *result = cJSON_Parse(text);
    assert_non_null(result);
    const mi_page_result one = {"/nowhere", result, NULL};
    mi_code code = mi_html_page(&one, 1, &page, &size, &status);
    assert_string_equal(status.message, "");
    assert_int_equal(code, MI_OK);
    cJSON_Delete(result);
    return page;
}

#define NUMBER(name)                                                                               \
    "{\"name\":\"" name "\",\"path\":\"p\",\"label\":\"" name "\",\"unit\":\"\",\"numeric\":true}"
#define WORD(name)                                                                                 \
    "{\"name\":\"" name "\",\"path\":\"p\",\"label\":\"" name "\",\"unit\":\"\",\"numeric\":"      \
    "false}"
#define AXIS(name, numeric, values, labels)                                                        \
    "{\"name\":\"" name "\",\"label\":\"" name "\",\"unit\":\"\",\"scale\":\"linear\",\"numeric\"" \
    ":" numeric ",\"values\":[" values "],\"labels\":[" labels "]}"
#define TWO AXIS("x", "true", "1,2", "\"1\",\"2\"")
#define THREE AXIS("x", "true", "1,2,3", "\"1\",\"2\",\"3\"")
#define FOUR AXIS("x", "true", "1,2,3,4", "\"1\",\"2\",\"3\",\"4\"")
#define SWEEP(axes, seeds, columns, figures, cells)                                                \
    "{\"experiment\":\"sweep\",\"unit_count\":9,\"done\":9,\"failed\":0,\"axes\":[" axes           \
    "],\"seeds\":[" seeds "],\"columns\":[" columns "],\"figures\":[" figures                      \
    "],\"cells\":[" cells "],\"failures\":[],\"answer\":null}"
#define V(mean, low, high, each)                                                                   \
    "{\"count\":3,\"mean\":" mean ",\"low\":" low ",\"high\":" high ",\"each\":[" each "]}"
#define CELL(at, values) "{\"at\":[" at "],\"done\":3,\"failed\":0,\"values\":{" values "}}"
#define Y(at, mean, low, high, each) CELL(at, "\"y\":" V(mean, low, high, each))
#define LINES_OF_Y "{\"name\":\"f\",\"kind\":\"lines\",\"columns\":[\"y\"],\"x\":\"x\"}"

static void check(const char *result, const char *says)
{
    char *page = page_of(result);
    assert_says(page, says);
    free(page);
}

/* Differences 0.5, 0.6, 0.4: mean 0.5, standard error 0.1/sqrt 3 = 0.0577, Student's t at two
 * degrees of freedom 4.303, half of the interval 0.2484. The cells' own intervals overlap. */
static void cells_are_compared_by_seed(void **state)
{
    (void)state;
    check(SWEEP(TWO, "1,2,3", NUMBER("y"), "",
                Y("0", "2", "-0.5", "4.5", "1,2,3") "," Y("1", "2.5", "0.1", "4.9", "1.5,2.6,3.4")),
          "<p>y: from 2 (95 % interval -0.5 to 4.5) at x 1 to 2.5 (95 % interval 0.1 to 4.9) at x "
          "2; by the differences of their 3 seeds these two, the smallest and the largest of 2 "
          "cells, are told apart (0.5, 95 % interval 0.25 to 0.75).</p>");
}

/* Differences 0.3, 0.5, 0.7: standard error 0.2/sqrt 3. Alone half of the interval is 0.497; as one
 * of three pairs (t at 0.025/3 is 7.649) it is 0.883. */
static void the_choice_of_the_pair_is_allowed_for(void **state)
{
    (void)state;
    check(SWEEP(THREE, "1,2,3", NUMBER("y"), "",
                Y("0", "2", "0", "4", "1,2,3") "," Y("1", "2.5", "0", "5", "1.3,2.5,3.7") "," Y(
                    "2", "2.2", "0", "4.4", "1.2,2.2,3.2")),
          "largest of 3 cells, are not told apart (0.5, interval -0.38 to 1.38, one of 95 % for "
          "all 3 pairs of cells together).");
}

/* Rounding is no spread, and a spread is not rounded away. */
static void numbers_without_spread_have_no_interval(void **state)
{
    (void)state;
    char *page = page_of(SWEEP(TWO, "1,2,3", NUMBER("y"), "",
                               Y("0", "0.2", "0.2", "0.20000000000000004",
                                 "0.2,0.2,0.2") "," Y("1", "20", "20", "20", "20,20,20")));
    assert_says(
        page,
        "<p>y: from 0.2 at x 1 to 20 at x 2; the difference is the same with every seed.</p>");
    assert_silent(page, "95 % interval 20 to 20");
    assert_silent(page, "told apart");
    assert_says(page, "0.2 ± 0<");
    free(page);
    check(SWEEP(TWO, "1,2,3", NUMBER("y"), "",
                Y("0", "20.0001", "19.9994", "20.0008",
                  "20,20.0001,20.0002") "," Y("1", "40", "40", "40", "40,40,40")),
          "from 20.0001 (95 % interval 19.9994 to 20.0008) at x 1 to 40 at x 2;");
}

static void one_seed_claims_nothing(void **state)
{
    (void)state;
    char *page =
        page_of(SWEEP(TWO, "1", NUMBER("y"), LINES_OF_Y,
                      Y("0", "1", "null", "null", "1") "," Y("1", "2", "null", "null", "2")));
    assert_says(page, "<p>y: from 1 at x 1 to 2 at x 2.</p>");
    assert_silent(page, "interval");
    free(page);
}

#define CASES AXIS("case", "false", "\"A\",\"B\"", "\"A\",\"B\"")

/* Squared errors and nats are not held against each other; what is equal is not given a place. */
static void cases_are_told_by_themselves(void **state)
{
    (void)state;
    char *page =
        page_of(SWEEP(CASES "," TWO, "1,2,3", NUMBER("y"), "",
                      Y("0,0", "1", "1", "1", "1,1,1") "," Y("0,1", "2", "2", "2", "2,2,2") "," Y(
                          "1,0", "0.77", "0.7", "0.84",
                          "0.76,0.77,0.78") "," Y("1,1", "0.77", "0.7", "0.84", "0.76,0.77,0.78")));
    assert_says(
        page,
        "<p>A, y: from 1 at x 1 to 2 at x 2; the difference is the same with every seed.</p>");
    assert_says(page, "<p>B, y: the same, 0.77 (95 % interval 0.7 to 0.84), at all x.</p>");
    free(page);
}

#define FLAT AXIS("z", "true", "5,6", "\"5\",\"6\"")

/* The smallest value stands at two values of x, and z changes nothing. */
static void ties_and_idle_axes_are_named(void **state)
{
    (void)state;
    check(SWEEP(THREE "," FLAT, "1,2,3", NUMBER("y"), "",
                Y("0,0", "1", "1", "1", "1,1,1") "," Y("0,1", "1", "1", "1", "1,1,1") "," Y(
                    "1,0", "1", "1", "1",
                    "1,1,1") "," Y("1,1", "1", "1", "1",
                                   "1,1,1") "," Y("2,0", "3", "3", "3",
                                                  "3,3,3") "," Y("2,1", "3", "3", "3", "3,3,3")),
          "<p>y: from 1 at x 1 and 1 other cell to 3 at x 3, whatever the z; the difference is the "
          "same with every seed.</p>");
}

/* The peak at x 3: to x 2 the differences are 0.3, 0.5, 0.7 (half of the interval, one of six
 * pairs: t at 0.025/6 is 10.89, 1.257), to x 1 and 4 they are about 10 with deviation 0.1. */
#define PEAKED(second)                                                                             \
    Y("0", "-8", "-9", "-7", "-9,-8,-6.9")                                                         \
    "," second                                                                                     \
    "," Y("2", "2.5", "0", "5", "1.3,2.5,3.7") "," Y("3", "-7", "-8", "-6", "-8.2,-7.1,-5.9")

static void peaks_of_lines_are_found(void **state)
{
    (void)state;
    check(SWEEP(FOUR, "1,2,3", NUMBER("y"), LINES_OF_Y, PEAKED(Y("1", "2", "0", "4", "1,2,3"))),
          "<p>y over x: largest at 3, not told apart from 2.</p>");
    check(
        SWEEP(FOUR, "1,2,3", NUMBER("y"), LINES_OF_Y, PEAKED(Y("1", "-9", "0", "4", "-10,-9,-8"))),
        "<p>y over x: largest at 3, told apart from all others.</p>");
    char *page =
        page_of(SWEEP(THREE, "1,2,3", NUMBER("y"), LINES_OF_Y,
                      Y("0", "1", "0", "2", "1,1.1,0.9") "," Y(
                          "1", "2", "1", "3", "2,2.1,1.9") "," Y("2", "3", "2", "4", "3,3.1,2.9")));
    assert_silent(page, "largest at");
    free(page);
}

#define T(texts, each) "{\"count\":3,\"texts\":{" texts "}" each "}"
#define PAIR(at, a, b) CELL(at, "\"a\":" a ",\"b\":" b)
#define HEAT "{\"name\":\"h\",\"kind\":\"heat\",\"columns\":[\"a\",\"b\"],\"x\":\"x\",\"y\":\"z\"}"

/* One cell of mixed texts is known seed by seed: a, a, b against b, a, a agree once. */
static void texts_are_counted_and_compared(void **state)
{
    (void)state;
    static const char same[] =
        SWEEP(TWO "," AXIS("z", "true", "5", "\"5\""), "1,2,3", WORD("a") "," WORD("b"), HEAT,
              PAIR("0,0", T("\"u\":3", ""), T("\"u\":3", "")) "," PAIR(
                  "1,0", T("\"u\":2,\"v\":1", ",\"each\":[\"u\",\"u\",\"v\"]"),
                  T("\"v\":1,\"u\":2", ",\"each\":[\"v\",\"u\",\"u\"]")));
    static const char unknown[] =
        SWEEP(TWO "," AXIS("z", "true", "5", "\"5\""), "1,2,3", WORD("a") "," WORD("b"), HEAT,
              PAIR("0,0", T("\"u\":3", ""), T("\"v\":3", "")) "," PAIR(
                  "1,0", T("\"u\":2,\"v\":1", ""), T("\"v\":1,\"u\":2", "")));
    char *page = page_of(same);
    assert_says(page, "<p>a: u in 5, v in 1 of 6 units.</p>");
    assert_says(page, "<p>a and b agree in 4 of 6 units; they differ at x 2 (2 of 3).</p>");
    free(page);
    page = page_of(unknown);
    assert_says(page, "<p>b: v in 4, u in 2 of 6 units.</p>");
    assert_silent(page, "agree in");
    free(page);
}

/* The caption of the first figure, and the table of a terminal. */
static void captions(const char *text, const char *caption, const char *note)
{
    mi_report *report = NULL;
    char *table = NULL;
    cJSON *result = cJSON_Parse(text);
    assert_int_equal(mi_report_read(result, &report, NULL), MI_OK);
    assert_says(mi_sweep_figure(report, 0).caption, caption);
    assert_int_equal(mi_swept_text(report->opt_swept, &table, NULL), MI_OK);
    if (note != NULL) {
        assert_says(table, note);
    } else {
        assert_silent(table, "±");
        assert_silent(mi_sweep_figure(report, 0).caption, "95 %");
    }
    free(table);
    mi_report_destroy(report);
    cJSON_Delete(result);
}

static void intervals_are_promised_where_they_are(void **state)
{
    (void)state;
    captions(SWEEP(TWO, "1,2,3", NUMBER("y"), LINES_OF_Y, Y("0", "1", "0", "2", "0.9,1,1.1")),
             "with its 95 % interval", "Means over 3 seeds; ± half");
    captions(SWEEP(TWO, "1", NUMBER("y"), LINES_OF_Y, Y("0", "1", "null", "null", "1")),
             "no interval is known", NULL);
    captions(SWEEP(TWO, "1,2,3", NUMBER("y"), LINES_OF_Y,
                   Y("0", "null", "null", "null", "null,null,null")),
             "no interval is known", NULL);
    captions(SWEEP(TWO "," AXIS("z", "true", "5", "\"5\""), "1,2,3", WORD("a") "," WORD("b"), HEAT,
                   PAIR("0,0", T("\"u\":3", ""), T("\"u\":3", ""))),
             "The commonest over the seeds", NULL);
}

static void time_of_a_resumed_run(void **state)
{
    (void)state;
    check("{\"experiment\":\"sweep\",\"unit_count\":9,\"done\":9,\"failed\":0,\"axes\":[" TWO
          "],\"seeds\":[1],\"columns\":[" NUMBER(
              "y") "],\"figures\":[],\"cells\":[],\"failures\":[],\"timing\":{\"seconds\":2.5,"
                   "\"computed\":4,\"resumed\":5}}",
          "<dt>Time</dt><dd>4 units computed in 2.5 s, 5 taken over from before</dd>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_compared_by_seed),
        cmocka_unit_test(the_choice_of_the_pair_is_allowed_for),
        cmocka_unit_test(numbers_without_spread_have_no_interval),
        cmocka_unit_test(one_seed_claims_nothing),
        cmocka_unit_test(cases_are_told_by_themselves),
        cmocka_unit_test(ties_and_idle_axes_are_named),
        cmocka_unit_test(peaks_of_lines_are_found),
        cmocka_unit_test(texts_are_counted_and_compared),
        cmocka_unit_test(intervals_are_promised_where_they_are),
        cmocka_unit_test(time_of_a_resumed_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
