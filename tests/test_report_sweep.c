/* Figures and table of a sweep result: numbers worked out by hand from its cells. */
#include "report_support.h"

/* Two cases, three ratios out of order, two seeds; the last cell but one failed whole. */
static const char result_text[] =
    "{\"experiment\": \"sweep\", \"unit_count\": 12, \"done\": 10, \"failed\": 2,"
    "\"seeds\": [1, 2],"
    "\"axes\": ["
    " {\"name\": \"case\", \"label\": \"case\", \"unit\": \"\", \"scale\": \"linear\","
    "  \"numeric\": false, \"values\": [\"A\", \"B\"], \"labels\": [\"it's a\", \"b\"]},"
    " {\"name\": \"ratio\", \"label\": \"masking ratio\", \"unit\": \"r\", \"scale\": \"log\","
    "  \"numeric\": true, \"values\": [0.4, 0.1, 0.9], \"labels\": [\"0.4\", \"0.1\", \"0.9\"]}],"
    "\"columns\": ["
    " {\"name\": \"loss\", \"label\": \"loss\", \"unit\": \"nats\", \"numeric\": true},"
    " {\"name\": \"floor\", \"label\": \"floor\", \"unit\": \"nats\", \"numeric\": true},"
    " {\"name\": \"verdict\", \"numeric\": false}],"
    "\"figures\": ["
    " {\"name\": \"lines\", \"kind\": \"lines\", \"columns\": [\"loss\", \"floor\"], \"x\": "
    "\"ratio\","
    "  \"note\": \"A note.\"},"
    " {\"name\": \"heat\", \"kind\": \"heat\", \"columns\": [\"loss\"], \"x\": \"ratio\","
    "  \"y\": \"case\", \"title\": \"How warm?\"},"
    " {\"name\": \"words\", \"kind\": \"heat\", \"columns\": [\"verdict\"], \"x\": \"case\","
    "  \"y\": \"ratio\"},"
    " {\"name\": \"nothing\", \"kind\": \"lines\", \"columns\": [\"verdict\"], \"x\": \"case\"},"
    " {\"name\": \"sides\", \"kind\": \"lines\", \"columns\": [\"loss\"], \"x\": \"case\"}],"
    "\"cells\": ["
    " {\"at\": [0, 0], \"done\": 2, \"failed\": 0, \"values\": {"
    "  \"loss\": {\"count\": 2, \"mean\": 0.5, \"low\": 0.25, \"high\": 0.75, \"each\": [0.4, "
    "0.6]},"
    "  \"floor\": {\"count\": 1, \"mean\": 0.3, \"low\": null, \"high\": null},"
    "  \"verdict\": {\"count\": 2, \"texts\": {\"mixed\": 1, \"redundant\": 1}}}},"
    " {\"at\": [0, 1], \"done\": 2, \"failed\": 0, \"values\": {"
    "  \"loss\": {\"count\": 2, \"mean\": 1, \"low\": 0.9876, \"high\": 1.0124, \"each\": [0.99, "
    "1.01]},"
    "  \"floor\": {\"count\": 1, \"mean\": 0.8, \"low\": null, \"high\": null},"
    "  \"verdict\": {\"count\": 2, \"texts\": {\"redundant\": 2}}}},"
    " {\"at\": [0, 2], \"done\": 2, \"failed\": 0, \"values\": {"
    "  \"loss\": {\"count\": 2, \"mean\": 0.2, \"low\": 0.2, \"high\": 0.2, \"each\": [0.2, 0.2]},"
    "  \"floor\": {\"count\": 0, \"mean\": null, \"low\": null, \"high\": null},"
    "  \"verdict\": {\"count\": 2, \"texts\": {\"mixed\": 2}}}},"
    " {\"at\": [1, 0], \"done\": 2, \"failed\": 0, \"values\": {"
    "  \"loss\": {\"count\": 2, \"mean\": 2, \"low\": 1, \"high\": 3, \"each\": [1.9, 2.1]},"
    "  \"verdict\": {\"count\": 2, \"texts\": {\"mixed\": 2}}}},"
    " {\"at\": [1, 1], \"done\": 0, \"failed\": 2, \"values\": {"
    "  \"loss\": {\"count\": 0, \"mean\": null}, \"verdict\": {\"count\": 0, \"texts\": {}}}},"
    " {\"at\": [1, 2], \"done\": 0, \"failed\": 0, \"values\": {}}],"
    "\"failures\": [{\"unit\": 8, \"at\": [1, 1], \"seed\": 1, \"message\": \"did "
    "not\\nconverge\"}]}";

static cJSON *parse(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    return json;
}

/* ---- figures ---- */

static void every_figure_is_drawn(void **state)
{
    draw_whole(parse(result_text), state);
    check_pictures(state, "lines");
    check_pictures(state, "heat");
    check_pictures(state, "words");
    check_pictures(state, "sides");
    assert_false(has_figure(state, "nothing"));
}

static void lines_have_means_intervals_and_seeds(void **state)
{
    draw_numbers(parse(result_text), state);
    /* In the order of x; a block of seeds follows where there are several. */
    assert_holds(
        state, "lines.dat",
        LINES("# ratio loss_mean low high seeds\n0.1 1 0.9876 1.0124 2\n0.4 0.5 0.25 0.75 2\n"
              "0.9 0.2 0.2 0.2 2\n",
              "# x value\n0.4 0.4\n0.4 0.6\n0.1 0.99\n0.1 1.01\n0.9 0.2\n0.9 0.2\n",
              "# ratio floor_mean low high seeds\n0.1 0.8 ? ? 1\n0.4 0.3 ? ? 1\n",
              "# ratio loss_mean low high seeds\n0.4 2 1 3 2\n"));
    /* Two columns of two cases: a panel a case. The seeds of the first lie in [0.2, 1.01]; the
     * interval reaches neither below nor 0.05 of that spread above, which is left free. */
    assert_holds(state, "lines.gp",
                 LINES("set multiplot title 'How do loss and floor depend on masking ratio?'",
                       "set title \"it's a\"", "set title 'b'", "set xlabel 'masking ratio (r)'",
                       "'loss, floor (nats)'", "set yrange [0.1595:1.0529]",
                       "set logscale x; set xrange [0.0915863:0.98268]", "'0.1' 0.1",
                       "using 1:(clip($3)):(clip($4)) with filledcurves", "with linespoints",
                       "dt 2", "'A note.'", "'2 of 12 units failed", "Means over 2 seeds"));
}

/* Text of any kind is drawn as it stands, wherever it stands: gnuplot itself reads it. */
static void draw_text(const char *text, void **state)
{
    static const char *const places[] = {
        "axes[0].labels[0]", "axes[1].labels[0]", "axes[1].label",
        "columns[0].label",  "figures[0].note",   "figures[1].title",
        "axes[1].unit",      "columns[0].unit",   "axes[0].label"};
    cJSON *result = parse(result_text);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        cJSON *node = at(result, places[i]);
        assert_non_null(cJSON_SetValuestring(node, text));
    }
    cJSON *texts = at(result, "cells[0].values.verdict.texts");
    cJSON_AddNumberToObject(texts, text, 2);
    draw_whole(result, state);
    check_pictures(state, "lines");
    check_pictures(state, "heat");
    check_pictures(state, "words");
    check_pictures(state, "sides");
    assert_holds(state, "lines.svg", LINES(text));
    assert_holds(state, "heat.svg", LINES(text));
    assert_holds(state, "words.svg", LINES(text));
}

static void any_text_is_drawn_as_it_stands(void **state)
{
    draw_text("'", state);
    draw_text("'75'' '''b''", state);
    draw_text("a''\\`date`\"%g", state);
    draw_text("{@x}^_50%\"`$y`\\", state);
}

static void line_breaks_become_spaces(void **state)
{
    draw_numbers(edited(result_text, "figures[1].title", "\"a\\n'b\""), state);
    assert_holds(state, "heat.gp", LINES("# a 'b\n", "set multiplot title \"a 'b\" font"));
}

/* A name that does not fit keeps its unit. */
static void long_names_are_cut_before_their_unit(void **state)
{
    char label[600] = "\"", title[300];
    for (int i = 0; i < 40; i++) {
        strcat(label, "long label ");
    }
    strcat(label, "\"");
    cJSON *result = edited(result_text, "axes[1].label", label);
    memset(title, 'T', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    cJSON_SetValuestring(at(result, "columns[0].label"), title);
    cJSON_SetValuestring(at(result, "figures[1].title"), title);
    draw_numbers(result, state);
    assert_holds(state, "lines.gp", LINES("… (r)'", "TTT… (nats)'"));
    assert_holds(state, "heat.gp", LINES("… (r)'", "TTT… (nats)", "TTT…' font"));
    assert_lacks(state, "lines.gp", "(nat'");
}

/* The interval of the second case, [1, 3], is far wider than the seeds: 0.6 of their spread is
 * shown. */
static void wide_intervals_are_cut(void **state)
{
    draw_numbers(parse(result_text), state);
    assert_holds(state, "lines.gp",
                 LINES("set yrange [1.78:2.22]",
                       "clip(v) = v < 1.78 ? 1.78 : v > 2.22 ? 2.22 : v\n",
                       "interval of the mean, cut off at"));
    assert_lacks(state, "heat.gp", "cut off");
}

static void categories_stand_side_by_side(void **state)
{
    draw_numbers(parse(result_text), state);
    /* Three ratios: 0.3 left of the category's place, on it, and right of it. */
    assert_holds(state, "sides.dat",
                 LINES("# case loss_mean low high seeds\n-0.3 0.5 0.25 0.75 2\n0.7 2 1 3 2\n",
                       "# case loss_mean low high seeds\n0 1 0.9876 1.0124 2\n",
                       "# case loss_mean low high seeds\n0.3 0.2 0.2 0.2 2\n"));
    assert_holds(state, "sides.gp",
                 LINES("set xrange [-0.5:1.5]", "\"it's a\" 0, 'b' 1", "with yerrorbars"));
    assert_lacks(state, "sides.gp", "linespoints lc");
}

static void heat_maps_have_a_box_a_cell(void **state)
{
    draw_numbers(parse(result_text), state);
    assert_holds(state, "heat.dat",
                 LINES("# block 0: cells\n# x_index y_index left right bottom top value\n"
                       "0 0 -0.5 0.5 -0.5 0.5 0.5\n1 0 0.5 1.5 -0.5 0.5 1\n"
                       "2 0 1.5 2.5 -0.5 0.5 0.2\n0 1 -0.5 0.5 0.5 1.5 2\n",
                       "# block 1: failed\n# x_index y_index left right bottom top value\n"
                       "1 1 0.5 1.5 0.5 1.5 ?\n",
                       "# block 2: empty\n# x_index y_index left right bottom top value\n"
                       "2 1 1.5 2.5 0.5 1.5 ?\n"));
    /* (2 - 0.2)/(2 - 0.2) = 1 is bright, (1 - 0.2)/1.8 = 0.44 is not. */
    assert_holds(state, "heat.gp",
                 LINES("set multiplot title 'How warm?'", "set cbrange [0.2:2]",
                       "set label '2.0' at 0, 1 center front tc rgb '#000000'",
                       "set label '1.0' at 1, 0 center front tc rgb '#ffffff'", "fs pattern 4",
                       "'0.4' 0, '0.1' 1, '0.9' 2", "\"it's a\" 0, 'b' 1", "title 'failed'",
                       "title 'no value'"));
}

static void words_are_coloured_by_the_commonest(void **state)
{
    draw_numbers(parse(result_text), state);
    assert_holds(state, "words.dat",
                 LINES("# block 0: mixed\n# x_index y_index left right bottom top value\n"
                       "0 0 -0.5 0.5 -0.5 0.5 2\n1 0 0.5 1.5 -0.5 0.5 2\n0 2 -0.5 0.5 1.5 2.5 2\n",
                       "# block 1: redundant\n# x_index y_index left right bottom top value\n"
                       "0 1 -0.5 0.5 0.5 1.5 2\n"));
    assert_holds(
        state, "words.gp",
        LINES("set label 'redundant' at 0, 1 center", "fc rgb '#0072b2'", "title 'mixed'"));
}

static void one_seed_is_named(void **state)
{
    cJSON *result = edited(result_text, "seeds", "[1]"), *cell;
    cJSON_ArrayForEach(cell, at(result, "cells"))
    {
        cJSON *loss = cJSON_GetObjectItem(cJSON_GetObjectItem(cell, "values"), "loss");
        cJSON_DeleteItemFromObject(loss, "each");
    }
    draw_numbers(result, state);
    assert_holds(state, "lines.gp", LINES("One seed: no spread is known."));
    assert_holds(state, "heat.gp", LINES("One seed: no spread is known."));
    assert_lacks(state, "lines.dat", "single seeds");
}

/* A sweep over nothing but seeds has no axis, and so no figure, but a table. */
static void figures_without_cells_are_left_out(void **state)
{
    mi_status status = {.code = MI_OK};
    cJSON *result = edited(result_text, "cells", "null");
    draw_numbers(parse(result_text), state);
    assert_true(has_figure(state, "lines"));
    assert_int_equal(draw_quickly(result, *state, &status), MI_OK);
    assert_false(has_figure(state, "lines"));
    cJSON_AddStringToObject(result, "cells_reason", "too many");
    table_holds(result, LINES("10 of 12 units done. No cells: too many.\n",
                              "2 of 12 units failed:\n  8: did not converge\n"));
}

/* Many lines are spread over panels by the first of their axes; sixteen are drawn in one. */
static void many_lines_are_spread(void **state)
{
    cJSON *result = parse(
        "{\"experiment\": \"sweep\", \"unit_count\": 60, \"done\": 60, \"failed\": 0, \"seeds\": "
        "[1],"
        "\"axes\": [{\"name\": \"a\", \"labels\": [\"x\", \"y\", \"z\"]},"
        "           {\"name\": \"b\", \"labels\": []},"
        "           {\"name\": \"c\", \"numeric\": true, \"values\": [1, 2], \"labels\": [\"1\", "
        "\"2\"]}], \"columns\": [{\"name\": \"v\", \"numeric\": true}], \"cells\": [],"
        "\"figures\": [{\"name\": \"f\", \"kind\": \"lines\", \"columns\": [\"v\"], \"x\": "
        "\"c\"}]}");
    cJSON *labels = at(result, "axes[1].labels"), *cells = at(result, "cells");
    for (int b = 0; b < 20; b++) {
        char text[16];
        snprintf(text, sizeof text, "line %d", b);
        cJSON_AddItemToArray(labels, cJSON_CreateString(text));
        for (int a = 0; a < 3; a++) {
            for (int c = 0; c < 2; c++) {
                char cell[160];
                snprintf(cell, sizeof cell,
                         "{\"at\": [%d, %d, %d], \"failed\": 0, \"values\": {\"v\": {\"count\": 1, "
                         "\"mean\": %d}}}",
                         a, b, c, 100 * a + 10 * b + c);
                cJSON_AddItemToArray(cells, parse(cell));
            }
        }
    }
    draw_numbers(result, state);
    assert_holds(
        state, "f.gp",
        LINES("set title 'x'", "set title 'z'", "title 'line 15'", "The first 16 of 20 lines"));
    assert_lacks(state, "f.gp", "title 'line 16'");
    assert_holds(state, "f.dat",
                 LINES("# block 47: line 15\n# c v_mean low high seeds\n1 350 ? ? 1\n"));
}

/* A line for each combination, the first axis slowest. */
static void lines_of_two_axes(void **state)
{
    cJSON *result = parse(
        "{\"experiment\": \"sweep\", \"unit_count\": 12, \"done\": 12, \"failed\": 0, \"seeds\": "
        "[1],"
        "\"axes\": [{\"name\": \"a\", \"labels\": [\"x\", \"y\"]},"
        "           {\"name\": \"b\", \"labels\": [\"p\", \"q\", \"r\"]},"
        "           {\"name\": \"c\", \"numeric\": true, \"values\": [1, 2], \"labels\": [\"1\", "
        "\"2\"]}], \"columns\": [{\"name\": \"v\", \"numeric\": true}], \"cells\": [],"
        "\"figures\": [{\"name\": \"f\", \"kind\": \"lines\", \"columns\": [\"v\"], \"x\": "
        "\"c\"}]}");
    for (int i = 0; i < 12; i++) {
        char cell[160];
        int a = i / 6, b = i / 2 % 3, c = i % 2;
        snprintf(cell, sizeof cell,
                 "{\"at\": [%d, %d, %d], \"failed\": 0, \"values\": {\"v\": {\"count\": 1, "
                 "\"mean\": %d}}}",
                 a, b, c, 100 * a + 10 * b + c);
        cJSON_AddItemToArray(at(result, "cells"), parse(cell));
    }
    draw_numbers(result, state);
    assert_holds(state, "f.dat",
                 LINES("# block 2: x, r\n# c v_mean low high seeds\n1 20 ? ? 1\n2 21 ? ? 1\n",
                       "# block 4: y, q\n# c v_mean low high seeds\n1 110 ? ? 1\n2 111 ? ? 1\n"));
    assert_holds(state, "f.gp", LINES("title 'a, b' left", "title 'y, q'"));
}

/* A line for each value of an axis on which nothing depends would hide all but the last. */
static void idle_axes_give_one_line(void **state)
{
    cJSON *result = parse(
        "{\"experiment\": \"sweep\", \"unit_count\": 4, \"done\": 4, \"failed\": 0, \"seeds\": [1],"
        "\"axes\": [{\"name\": \"a\", \"label\": \"idle one\", \"labels\": [\"p\", \"q\"]},"
        "           {\"name\": \"c\", \"numeric\": true, \"values\": [1, 2], \"labels\": [\"1\", "
        "\"2\"]}], \"columns\": [{\"name\": \"v\", \"numeric\": true}],"
        "\"figures\": [{\"name\": \"f\", \"kind\": \"lines\", \"columns\": [\"v\"], \"x\": \"c\"}],"
        "\"cells\": [{\"at\": [0, 0], \"failed\": 0, \"values\": {\"v\": {\"count\": 1, \"mean\": "
        "5}}},"
        " {\"at\": [0, 1], \"failed\": 0, \"values\": {\"v\": {\"count\": 1, \"mean\": 600}}},"
        " {\"at\": [1, 0], \"failed\": 0, \"values\": {\"v\": {\"count\": 1, \"mean\": 5}}},"
        " {\"at\": [1, 1], \"failed\": 0, \"values\": {\"v\": {\"count\": 1, \"mean\": 600}}}]}");
    draw_numbers(result, state);
    assert_holds(state, "f.gp",
                 LINES("Nothing here depends on idle one.", "set logscale y; set format y '%g'",
                       "set yrange [3.33333:900]"));
    assert_lacks(state, "f.dat", "block 1");
}

/* Both sides of zero: white at zero, the same length on both sides. */
static void heat_diverges_around_zero(void **state)
{
    draw_numbers(edited(result_text, "cells[1].values.loss.mean", "-1"), state);
    assert_holds(state, "heat.gp",
                 LINES("set cbrange [-2:2]", "0.5 '#f7f7f7'",
                       "set label '-1.0' at 1, 0 center front tc rgb '#000000'",
                       "set label '2.0' at 0, 1 center front tc rgb '#ffffff'"));
}

/* ---- the table ---- */

static void table_shows_cells(void **state)
{
    (void)state;
    /* Two digits of half the interval, (0.75 - 0.25)/2 in the first row. */
    table_holds(
        parse(result_text),
        LINES(
            "case    masking ratio (r)  loss (nats)    floor (nats)  verdict               failed\n"
            "it's a  0.4                0.50 ± 0.25    0.3*          mixed 1, redundant 1  -\n"
            "it's a  0.1                1.000 ± 0.012  0.8*          redundant 2           -\n"
            "it's a  0.9                0.2 ± 0        -             mixed 2               -\n"
            "b       0.4                2.0 ± 1        -             mixed 2               -\n"
            "b       0.1                -              -             -                     2\n"
            "b       0.9                -              -             -                     -\n",
            "2 of 12 units failed:\n  8: did not converge\n  and 1 more, in table.csv\n",
            "Means over 2 seeds (in 2 cells fewer, where units failed or have no value); ± half of "
            "Student's 95 % interval of the mean; * one seed alone.\n"));
}

static void long_labels_give_way_to_names(void **state)
{
    (void)state;
    table_holds(edited(result_text, "axes[1].label", "\"a label for the space of a figure\""),
                LINES("case    ratio  loss (nats)"));
}

static void long_tables_are_cut(void **state)
{
    (void)state;
    cJSON *result =
        parse("{\"experiment\": \"sweep\", \"unit_count\": 45, \"done\": 45, \"failed\": 0, "
              "\"seeds\": [1],"
              "\"axes\": [{\"name\": \"a\", \"labels\": []}], \"columns\": [{\"name\": \"v\", "
              "\"numeric\": true}], \"cells\": []}");
    for (int i = 0; i < 45; i++) {
        char text[128];
        snprintf(text, sizeof text, "value %d", i);
        cJSON_AddItemToArray(at(result, "axes[0].labels"), cJSON_CreateString(text));
        snprintf(text, sizeof text,
                 "{\"at\": [%d], \"failed\": 0, \"values\": {\"v\": {\"count\": 1, \"mean\": %d}}}",
                 i, i);
        cJSON_AddItemToArray(at(result, "cells"), parse(text));
    }
    char *text = NULL;
    assert_int_equal(mi_table_text(result, &text, NULL), MI_OK);
    text_holds(text, "the table", LINES("value 39  39\n", "and 5 more in cells.csv\n"));
    assert_null(strstr(text, "value 40"));
    free(text);
    cJSON_Delete(result);
}

/* ---- results that were edited by hand ---- */

static void refused(const char *path, const char *value, const char *place)
{
    mi_status status = {.code = MI_OK};
    mi_report *report = NULL;
    cJSON *result = edited(result_text, path, value);
    assert_int_equal(mi_report_read(result, &report, &status), MI_INPUT);
    assert_string_equal(status.place, place);
    cJSON_Delete(result);
}

static void faults_name_their_place(void **state)
{
    (void)state;
    refused("figures[0].name", "\"../x\"", "figures[0].name");
    refused("figures[0].x", "\"loss\"", "figures[0].x");
    refused("figures[1].y", "\"ratio\"", "figures[1].y");
    refused("figures[1].columns[0]", "\"ratio\"", "figures[1].columns");
    refused("axes[1].values[0]", "-1", "axes[1].values[0]");
    refused("axes[0].labels", "[]", "axes[0].labels");
    refused("axes[1].values", "[1]", "axes[1].values");
    refused("columns", "[]", "columns");
    refused("cells[1].at", "[0, 0]", "cells[1].at");
    refused("cells[1].at", "[0, 3]", "cells[1].at");
    refused("cells[1].at", "[0]", "cells[1].at");
    refused("cells[1].at", "[0, 1.5]", "cells[1].at");
    refused("cells[0].values.loss.each", "[1]", "cells[0].values.loss.each");
    refused("done", "null", "done");
}

static void anything_anywhere_is_drawn_or_refused(void **state)
{
    (void)state;
    cJSON *result = parse(result_text);
    try_children(result, result);
    cJSON_Delete(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(every_figure_is_drawn),
        SCRATCH_TEST(lines_have_means_intervals_and_seeds),
        SCRATCH_TEST(any_text_is_drawn_as_it_stands),
        SCRATCH_TEST(line_breaks_become_spaces),
        SCRATCH_TEST(long_names_are_cut_before_their_unit),
        SCRATCH_TEST(wide_intervals_are_cut),
        SCRATCH_TEST(categories_stand_side_by_side),
        SCRATCH_TEST(heat_maps_have_a_box_a_cell),
        SCRATCH_TEST(words_are_coloured_by_the_commonest),
        SCRATCH_TEST(one_seed_is_named),
        SCRATCH_TEST(figures_without_cells_are_left_out),
        SCRATCH_TEST(many_lines_are_spread),
        SCRATCH_TEST(lines_of_two_axes),
        SCRATCH_TEST(idle_axes_give_one_line),
        SCRATCH_TEST(heat_diverges_around_zero),
        cmocka_unit_test(table_shows_cells),
        cmocka_unit_test(long_labels_give_way_to_names),
        cmocka_unit_test(long_tables_are_cut),
        cmocka_unit_test(faults_name_their_place),
        cmocka_unit_test(anything_anywhere_is_drawn_or_refused),
    };
    return cmocka_run_group_tests_name("report sweep", tests, NULL, NULL);
}
