/* Figures and tables of training results and of checks: they hold the numbers of the result, say
 * how the loss stands to the floor, are left out where there is nothing to show, and bear whatever
 * a hand may have made of the result. */
#include "report_support.h"

/* ---- results ---- */

#define STEPS                                                                                      \
    "\"steps\":[{\"step\":10,\"loss\":1.25,\"loss_low\":1.125,\"loss_high\":1.5,\"rate\":0.001,"   \
    "\"gradient_norm\":2.5},{\"step\":600,\"loss\":0.5,\"loss_low\":0.4375,\"loss_high\":0.5625,"  \
    "\"rate\":0.0005,\"gradient_norm\":0.75},{\"step\":1000,\"loss\":0.375,\"loss_low\":0.34375,"  \
    "\"loss_high\":0.40625,\"rate\":0.000125,\"gradient_norm\":0.625}]"

#define POINT(r, loss, floor, gap, i, exact, leak)                                                 \
    "{\"ratio\":" r ",\"samples\":100,\"loss\":" loss ",\"loss_se\":0.015625,\"floor\":" floor     \
    ",\"floor_se\":0.0078125,\"gap\":" gap ",\"gap_se\":0.00390625,\"conditional_entropy\":1.125," \
    "\"conditional_entropy_se\":0.03125,\"exact_conditional_entropy\":1.0625,"                     \
    "\"exact_conditional_entropy_pooled\":1.09375,\"gap_nats\":0.0625,\"gap_nats_se\":0.001953125" \
    ",\"information\":" i ",\"information_se\":0.0625,\"exact_information\":" exact                \
    ",\"objective\":0.21875,\"exact_objective\":0.28125,\"class_accuracy\":0.8125,"                \
    "\"class_accuracy_exact\":0.9375,\"leak\":" leak "}"

#define POINTS                                                                                     \
    "\"points\":[" POINT(                                                                          \
        "0.25", "0.3125", "0.25", "0.0625", "0.875", "0.90625",                                    \
        "false") "," POINT("0.5", "0.375", "0.34375", "0.03125", "0.5", "0.59375",                 \
                           "false") "," POINT("0.75", "0.6875", "0.625", "0.0625", "0.25",         \
                                              "0.28125", "false") "]"

#define EVALUATION                                                                                 \
    "\"evaluation\":{\"ratio\":0.5,\"loss\":0.375,\"loss_se\":0.015625,\"floor\":0.34375,"         \
    "\"floor_se\":0.0078125,\"gap\":0.03125,\"gap_se\":0.00390625,\"gap_percent\":9.0909,"         \
    "\"gap_nats\":0.0625,\"gap_nats_se\":0.001953125,\"leak\":false}"

#define CURVE                                                                                      \
    "\"exact_curve\":{\"kind\":\"exact\",\"points\":[{\"ratio\":0.125,\"conditional_entropy\":1,"  \
    "\"information\":1.0625,\"objective\":0.1328125},{\"ratio\":0.5,\"conditional_entropy\":1.5,"  \
    "\"information\":0.59375,\"objective\":0.296875},{\"ratio\":0.875,\"conditional_entropy\":2,"  \
    "\"information\":0.15625,\"objective\":0.13671875}]},"                                         \
    "\"optimum\":{\"ratio\":0.5,\"low\":0.4,\"high\":0.7,\"objective\":0.25,\"edge\":false},"      \
    "\"exact_optimum\":{\"ratio\":0.625,\"low\":0.625,\"high\":0.625,\"objective\":0.3}"

/* Two pictures of 2 x 4 pixels in tokens of 2 x 2. */
#define PICTURES                                                                                   \
    "\"pictures\":{\"count\":2,\"ratio\":0.5,\"rows\":2,\"columns\":4,\"channels\":1,"             \
    "\"discrete\":false,\"original\":[0,1,2,3,4,5,6,7,7,6,5,4,3,2,1,0],"                           \
    "\"masked\":[1,1,0,0,1,1,0,0,0,0,1,1,0,0,1,1],"                                                \
    "\"predicted\":[0.5,1.5,2,3,4.25,5.25,6,7,7,6,5.125,4.125,3,2,1.25,0.75],"                     \
    "\"exact\":[0.25,1.25,2,3,4.5,5.5,6,7,7,6,5.5,4.5,3,2,1.5,0.5],\"surprise\":null,"             \
    "\"alphabet\":null,\"low\":0,\"high\":7}"

#define PROBE                                                                                      \
    "\"probe\":{\"classes\":4,\"training\":500,\"held_out\":200,"                                  \
    "\"trained\":{\"knn\":0.8125,\"knn_se\":0.03125,\"linear\":0.875,\"linear_se\":0.015625},"     \
    "\"untrained\":{\"knn\":0.5,\"linear\":0.625},\"raw\":{\"knn\":0.6875,\"linear\":0.75}}"

#define SOURCE                                                                                     \
    "\"source\":{\"model\":\"gmrf\",\"discrete\":false,\"rows\":2,\"columns\":4,\"channels\":1,"   \
    "\"vocabulary\":null,\"token_rows\":1,\"token_columns\":2,\"mean\":0,\"deviation\":1}"

#define HEAD                                                                                       \
    "\"title\":\"a field\",\"config\":{\"method\":{\"type\":\"mae\",\"target\":\"raw\"}},"         \
    "\"method\":\"mae\",\"parameters\":4321"

#define RUN HEAD "," SOURCE "," STEPS "," EVALUATION "," POINTS "," CURVE "," PROBE

static const char field_text[] = "{\"experiment\":\"train\"," RUN "," PICTURES "}";

/* Two sentences of five symbols. */
static const char words_text[] =
    "{\"experiment\":\"train\",\"title\":\"letters\",\"config\":{\"method\":{\"type\":\"mlm\"}},"
    "\"method\":\"mlm\",\"parameters\":99,\"source\":{\"model\":\"ngram\",\"discrete\":true,"
    "\"rows\":1,\"columns\":5,\"channels\":1,\"vocabulary\":3,\"token_rows\":1,"
    "\"token_columns\":5}," STEPS "," EVALUATION "," POINTS "," CURVE
    ",\"pictures\":{\"count\":2,\"ratio\":0.5,\"rows\":1,\"columns\":5,\"channels\":1,"
    "\"discrete\":true,\"original\":[0,1,2,0,1,2,2,1,0,0],\"masked\":[1,0,1,0,0,0,1,0,0,1],"
    "\"predicted\":[0,1,1,0,1,2,2,1,0,2],\"exact\":null,"
    "\"surprise\":[0.25,0,1.75,0,0,0,0.125,0,0,2.5],\"alphabet\":\"ab \",\"low\":0,\"high\":2}}";

/* parse() puts two runs into it. */
static const char checks_text[] =
    "{\"experiment\":\"checks\",\"title\":\"t\",\"runs\":[],"
    "\"table\":[{\"label\":\"field\",\"exact_ratio\":0.625,\"network_ratio\":0.5,"
    "\"probe_ratio\":0.7},{\"label\":\"letters\",\"exact_ratio\":0.625,\"network_ratio\":0.5,"
    "\"probe_ratio\":null}],"
    "\"probe_curve\":{\"label\":\"field\",\"points\":["
    "{\"ratio\":0.25,\"knn\":0.5,\"knn_se\":0.03125,\"linear\":0.5625,\"linear_se\":0.015625},"
    "{\"ratio\":0.5,\"knn\":0.625,\"knn_se\":0.03125,\"linear\":0.65625,\"linear_se\":0.015625},"
    "{\"ratio\":0.75,\"knn\":0.5625,\"linear\":0.6875}],"
    "\"published\":[{\"ratio\":0.3,\"accuracy\":0.617},{\"ratio\":0.6,\"accuracy\":0.718},"
    "{\"ratio\":0.9,\"accuracy\":0.661}],\"published_source\":\"He et al. 2021\","
    "\"rank_correlation\":0.875,"
    "\"optimum\":{\"ratio\":0.7,\"low\":0.5,\"high\":0.75,\"accuracy\":0.6875}}}";

static const char run_text[] = "{" RUN "}";

static cJSON *parse(const char *text)
{
    static const char *const names[][2] = {{"field", "image"}, {"letters", "text"}};
    cJSON *result = cJSON_Parse(text);
    assert_non_null(result);
    for (int i = 0; text == checks_text && i < 2; i++) {
        cJSON *run = cJSON_Parse(run_text);
        cJSON_AddStringToObject(run, "label", names[i][0]);
        cJSON_AddStringToObject(run, "group", names[i][1]);
        cJSON_AddItemToArray(cJSON_GetObjectItem(result, "runs"), run);
    }
    return result;
}

/* ---- the figures ---- */

static void every_figure_is_drawn(void **state)
{
    static const char *const names[] = {"training", "reconstructions", "network", "probe"};
    draw_whole(parse(field_text), state);
    for (int i = 0; i < 4; i++) {
        check_pictures(state, names[i]);
    }
    assert_false(has_figure(state, "checks"));
    draw_whole(parse(words_text), state);
    for (int i = 0; i < 3; i++) {
        check_pictures(state, names[i]);
    }
    assert_false(has_figure(state, "probe")); /* the earlier result's is gone */
    draw_whole(parse(checks_text), state);
    check_pictures(state, "checks");
    assert_false(has_figure(state, "training"));
}

/* In colour, of symbols on a lattice, of one row, of one value. */
static void odd_pictures_are_drawn(void **state)
{
    cJSON *result = parse(field_text);
    cJSON_SetNumberValue(at(result, "pictures.channels"), 4);
    cJSON_SetNumberValue(at(result, "pictures.columns"), 1);
    cJSON_SetNumberValue(at(result, "source.token_columns"), 1);
    cJSON_ReplaceItemInObject(at(result, "pictures"), "masked", parse("[1,1,0,0]"));
    draw_whole(result, state);
    assert_holds(state, "reconstructions.gp", LINES("Channel 1 of 4"));
    assert_holds(state, "reconstructions.dat", LINES("\n1 0 1 4 4.25 4.5 0.25 -0.25\n"));
    result = edited(field_text, "pictures.high", "0");
    draw_whole(result, state);
    result = parse(words_text);
    cJSON_SetNumberValue(at(result, "source.rows"), 5);
    cJSON_SetNumberValue(at(result, "source.columns"), 1);
    cJSON_SetNumberValue(at(result, "source.token_rows"), 5);
    cJSON_SetNumberValue(at(result, "source.token_columns"), 1);
    cJSON_SetNumberValue(at(result, "pictures.rows"), 5);
    cJSON_SetNumberValue(at(result, "pictures.columns"), 1);
    draw_whole(result, state);
    assert_holds(state, "reconstructions.dat",
                 LINES("# row column masked original predicted surprise(nats)\n0 0 1 0 0 0.25\n"
                       "1 0 0 1 1 0\n2 0 1 2 1 1.75\n"));
}

static void colours_are_drawn(void **state)
{
    cJSON *result = parse(field_text);
    static const char *const keys[] = {"original", "predicted", "exact"};
    for (int k = 0; k < 3; k++) {
        cJSON *array = cJSON_CreateArray();
        for (int i = 0; i < 48; i++) {
            cJSON_AddItemToArray(array, cJSON_CreateNumber(k + 0.25 * (i % 3) + 0.125 * (i / 3)));
        }
        cJSON_ReplaceItemInObject(at(result, "pictures"), keys[k], array);
    }
    cJSON_SetNumberValue(at(result, "pictures.channels"), 3);
    draw_whole(result, state);
    assert_holds(state, "reconstructions.dat",
                 LINES("# row column masked original_red original_green original_blue "
                       "predicted_red predicted_green predicted_blue exact_red exact_green "
                       "exact_blue predicted-original predicted-exact\n"
                       "0 0 1 0 0.25 0.5 1 1.25 1.5 2 2.25 2.5 1 -1\n",
                       "\n0 2 0 0.25 0.5 0.75 1.25 1.5 1.75 2.25 2.5 2.75 0 0\n"));
    assert_holds(state, "reconstructions.gp",
                 LINES("byte(x) = x < 0 ? 0 : x > 7 ? 255 : 255*(x - 0)/7",
                       "(byte(($3 == 1 ? $7 : $4))):(byte(($3 == 1 ? $8 : $5))):"
                       "(byte(($3 == 1 ? $9 : $6))) with rgbimage"));
}

static void training_holds_the_numbers(void **state)
{
    draw_numbers(parse(field_text), state);
    assert_holds(state, "training.dat",
                 LINES("# step loss loss_low loss_high rate gradient_norm\n"
                       "10 1.25 1.125 1.5 0.001 2.5\n600 0.5 0.4375 0.5625 0.0005 0.75\n"
                       "1000 0.375 0.34375 0.40625 0.000125 0.625\n",
                       "# step loss loss_se floor floor_se\n"
                       "1000 0.375 0.015625 0.34375 0.0078125\n"));
    assert_holds(state, "training.gp",
                 LINES("'a field (ratio 0.5)'", "'loss (squared error / variance)'",
                       "set logscale x; set xrange [10:1150]",
                       "from graph 0, first 0.34375 to graph 1, first 0.34375",
                       "'floor, the least that is possible: 0.3438'",
                       "'held-out loss at the end, 0.375 ± 0.016 (bar: two standard errors)'",
                       "within 9.1 % of the floor"));
    draw_numbers(edited(field_text, "config.method.target", "\"normalized\""), state);
    assert_holds(state, "training.gp", LINES("'loss (1 - R² of patches)'"));
    draw_numbers(edited(field_text, "steps[0].step", "100"), state);
    assert_lacks(state, "training.gp", "set logscale x");
    draw_numbers(parse(words_text), state);
    assert_holds(state, "training.gp", LINES("'loss (nats per masked symbol)'", "#d55e00"));
}

/* The second panel has the steps from the half on, with their range, the floor and the held-out
 * loss in its axis. */
static void the_second_half_is_enlarged(void **state)
{
    draw_numbers(parse(field_text), state);
    double low = 0.34375, high = 0.5625;
    char range[96];
    snprintf(range, sizeof range, "set yrange [%.8g:%.8g]\nset xrange [588:1024]",
             low - 0.14 * (high - low), high + 0.05 * (high - low));
    assert_holds(state, "training.gp", LINES(range));
    draw_numbers(edited(field_text, "steps[1].step", "480"),
                 state); /* only the last is behind it */
    assert_holds(state, "training.gp", LINES("set xrange [500:2000]"));
}

static void without_a_floor_its_reason_is_told(void **state)
{
    cJSON *result = parse(field_text);
    cJSON *evaluation = at(result, "evaluation");
    static const char *const keys[] = {"floor", "floor_se", "gap", "gap_se", "gap_percent"};
    for (int i = 0; i < 5; i++) {
        cJSON_ReplaceItemInObject(evaluation, keys[i], cJSON_CreateNull());
    }
    cJSON_AddStringToObject(evaluation, "floor_reason", "nobody's law is known");
    cJSON_AddNumberToObject(evaluation, "reference_loss", 0.4375);
    draw_numbers(result, state);
    assert_holds(state, "training.gp",
                 LINES("'loss of the model of the data, no floor: 0.4375'",
                       "Held-out loss 0.375 ± 0.016; no exact floor (nobody's law is known)."));
    assert_holds(state, "network.gp", LINES("'model r* 0.625'", "which a network may surpass"));
    assert_lacks(state, "network.gp", "no predictor gains more");
}

static void network_holds_the_numbers(void **state)
{
    draw_numbers(parse(field_text), state);
    assert_holds(
        state, "network.dat",
        LINES("# ratio loss loss_se floor floor_se gap gap_se conditional_entropy(nats) "
              "conditional_entropy_se(nats) exact_conditional_entropy(nats) gap(nats) gap_se(nats) "
              "information(nats) information_se(nats) exact_information(nats) objective(nats) "
              "exact_objective(nats) class_accuracy class_accuracy_exact reference_loss "
              "exact_conditional_entropy_pooled(nats) objective_se(nats) gap(%) leak "
              "pooled_gap(nats)\n"
              "0.25 0.3125 0.015625 0.25 0.0078125 0.0625 0.00390625 1.125 0.03125 1.0625 0.0625 "
              "0.001953125 0.875 0.0625 0.90625 0.21875 0.28125 0.8125 0.9375 ? 1.09375 0.015625 "
              "25 0 0.03125\n",
              "# block 1: exact\n# ratio conditional_entropy(nats) information(nats) "
              "objective(nats)\n0.125 1 1.0625 0.1328125\n"));
    assert_holds(state, "network.gp",
                 LINES("'exact r* 0.625'", "'network r* 0.5 [0.4, 0.7]'",
                       "set arrow from 0.625, graph 0 to 0.625, graph 0.82",
                       "set object rectangle from 0.4, graph 0 to 0.7, graph 0.82",
                       "data index 1 using 1:3 with lines", "data index 1 using 1:4 with lines",
                       "data index 0 using 1:13:(2*$14) with yerrorbars",
                       "data index 0 using 1:16:(2*$22) with yerrorbars",
                       "data index 0 using 1:11:(2*$12) with yerrorbars",
                       "data index 0 using 1:2:(2*$3) with yerrorbars",
                       "data index 0 using 1:25 with linespoints",
                       "data index 0 using 1:4 with linespoints", "'Class told from the visible'",
                       "no predictor gains more"));
    draw_numbers(edited(field_text, "exact_curve", "null"), state);
    assert_holds(state, "network.gp",
                 LINES("data index 0 using 1:15 with linespoints", "on the same examples"));
    /* What is not drawn is not explained. */
    cJSON *unknown = parse(field_text), *point;
    cJSON_ArrayForEach(point, cJSON_GetObjectItem(unknown, "points"))
    {
        cJSON_ReplaceItemInObject(point, "information", cJSON_CreateNull());
    }
    draw_numbers(unknown, state);
    assert_lacks(state, "network.gp", "no predictor gains more");
    assert_lacks(state, "network.gp", "argmax");
}

static void pictures_hold_the_numbers(void **state)
{
    draw_numbers(parse(field_text), state);
    assert_holds(state, "reconstructions.dat",
                 LINES("# block 0: example 1\n# row column masked original predicted exact "
                       "predicted-original predicted-exact\n0 0 1 0 0.5 0.25 0.5 0.25\n"
                       "0 1 1 1 1.5 1.25 0.5 0.25\n0 2 0 2 2 2 0 0\n",
                       "# block 1: example 2\n", "\n1 3 1 0 0.75 0.5 0.75 0.25\n",
                       "# block 2: tokens\n# example row(pixels) column(pixels) masked\n"
                       "0 1 1 1\n0 1 3 0\n1 1 1 0\n1 1 3 1\n"));
    assert_holds(state, "reconstructions.gp",
                 LINES("'original'", "'visible'", "'prediction'", "'best possible'", "'error'",
                       "'avoidable error'", ":(($3 == 1 ? $5 : $4)) with image @how",
                       ":(($3 == 1 ? $6 : $4)) with image @how",
                       ":(($3 == 1 ? $7 : 0)) with image @how",
                       ":(($3 == 1 ? $8 : 0)) with image @how", "data index 2 using ($4 == 1 ?",
                       "set cbrange [0:7]", "set cbrange [-0.8:0.8]",
                       "2 of 2 held-out examples at ratio 0.5."));
    draw_numbers(edited(field_text, "pictures.exact", "null"), state);
    assert_lacks(state, "reconstructions.gp", "best possible");
    assert_holds(state, "reconstructions.dat",
                 LINES("original predicted predicted-original\n0 0 1 0 0.5 0.5\n"));
}

/* At most six pictures, and no more than four where they are large. */
static void large_pictures_are_fewer(void **state)
{
    for (int side = 2; side <= 60; side += 58) {
        cJSON *result = parse(field_text), *pictures = at(result, "pictures");
        int count = 9, values = count * side * side;
        static const char *const keys[] = {"original", "predicted", "exact", "masked"};
        for (int k = 0; k < 4; k++) {
            double *numbers = calloc((size_t)values, sizeof *numbers);
            cJSON *array = cJSON_CreateDoubleArray(numbers, values);
            cJSON_ReplaceItemInObject(pictures, keys[k], array);
            free(numbers);
        }
        cJSON_SetNumberValue(at(result, "pictures.count"), count);
        cJSON_SetNumberValue(at(result, "pictures.rows"), side);
        cJSON_SetNumberValue(at(result, "pictures.columns"), side);
        draw_numbers(result, state);
        assert_holds(state, "reconstructions.gp",
                     LINES(side == 2 ? "6 of 9 held-out" : "4 of 9 held-out",
                           side == 2 ? "how = format eq 'svg' && 1" : "format eq 'svg' && 0"));
    }
}

static void sentences_hold_the_numbers(void **state)
{
    draw_numbers(parse(words_text), state);
    assert_holds(state, "reconstructions.dat",
                 LINES("# block 0: example 1\n# line column masked original predicted "
                       "surprise(nats)\n0 0 1 0 0 0.25\n0 1 0 1 1 0\n0 2 1 2 1 1.75\n",
                       "# block 1: example 2\n", "\n0 4 1 0 2 2.5\n"));
    assert_holds(state, "reconstructions.gp",
                 LINES("letters = 'ab␣'", "'seen'", "'predicted'", "'original'",
                       "$3 == 1 && $4 != $5", "set cbrange [0:3]", "surprise of the original"));
    draw_numbers(edited(words_text, "pictures.alphabet", "null"), state);
    assert_holds(state, "reconstructions.gp", LINES("letter(k) = sprintf('%d', k)"));
    draw_numbers(edited(words_text, "pictures.surprise", "null"), state);
    assert_lacks(state, "reconstructions.gp", "fc palette");
    assert_holds(state, "reconstructions.dat", LINES("\n0 2 1 2 1 ?\n"));
}

/* Lines of 64 letters, three of them at most. */
static void long_sentences_are_broken(void **state)
{
    enum { LENGTH = 200 };
    cJSON *result = parse(words_text);
    static const char *const keys[] = {"original", "predicted", "masked", "surprise"};
    for (int k = 0; k < 4; k++) {
        int numbers[LENGTH] = {0};
        numbers[64] = numbers[191] = 1;
        numbers[192] = k < 2 ? 2 : 1;
        cJSON_ReplaceItemInObject(at(result, "pictures"), keys[k],
                                  cJSON_CreateIntArray(numbers, LENGTH));
    }
    cJSON_SetNumberValue(at(result, "pictures.count"), 1);
    cJSON_SetNumberValue(at(result, "pictures.columns"), LENGTH);
    cJSON_SetNumberValue(at(result, "source.token_columns"), LENGTH);
    draw_numbers(result, state);
    assert_holds(state, "reconstructions.dat",
                 LINES("\n0 63 0 0 0 0\n1 0 1 1 1 1\n", "\n2 63 1 1 1 1\n"));
    assert_lacks(state, "reconstructions.dat", "\n3 0");
    assert_holds(state, "reconstructions.gp", LINES("at ratio 0.5, their starts."));
}

static void probe_holds_the_numbers(void **state)
{
    draw_numbers(parse(field_text), state);
    assert_holds(state, "probe.dat",
                 LINES("# block 0: untrained encoder\n# place accuracy accuracy_se\n-0.26 0.5 ?\n"
                       "0.74 0.625 ?\n",
                       "# block 1: raw pixels\n# place accuracy accuracy_se\n0 0.6875 ?\n1 0.75 ?",
                       "# block 2: trained encoder\n# place accuracy accuracy_se\n"
                       "0.26 0.8125 0.03125\n1.26 0.875 0.015625\n"));
    assert_holds(state, "probe.gp",
                 LINES("first 0.25 to graph 1, first 0.25", "'chance'", "'trained encoder'",
                       "Learned from 500 labelled examples, judged on 200 others."));
    draw_numbers(edited(field_text, "probe.raw", "null"), state);
    assert_lacks(state, "probe.gp", "raw pixels");
}

static void checks_hold_the_numbers(void **state)
{
    draw_numbers(parse(checks_text), state);
    assert_holds(state, "checks.dat",
                 LINES("# block 0: field\n# ratio loss", "# block 1: exact\n", "# block 2: letters",
                       "# block 4: field\n# ratio knn knn_se linear linear_se\n"
                       "0.25 0.5 0.03125 0.5625 0.015625\n",
                       "\n0.75 0.5625 ? 0.6875 ?\n",
                       "# block 5: He et al. 2021\n# ratio accuracy\n0.3 0.617\n0.6 0.718\n"));
    assert_holds(
        state, "checks.gp",
        LINES("'field'", "'letters'", "'loss 0.375, floor 0.3438: 9.1 % above'", "'exact 0.625'",
              "'network 0.5 [0.4, 0.7]'", "#0072b2", "#d55e00", "data index 3 using 1:4 with lines",
              "data index 2 using 1:16:(2*$22) with yerrorbars",
              "'linear probe best at 0.7 [0.5, 0.75]'", "'published accuracy (own axis)'",
              "axes x1y2", "'He et al. 2021 (right axis); rank correlation with linear 0.88'"));
    assert_holds(state, "checks.txt",
                 LINES("source   exact r*  network r*      probe r*         loss           ",
                       "field    0.625     0.5 [0.4, 0.7]  0.7 [0.5, 0.75]  0.3750 ± 0.016  "
                       "0.3438  0.0312 ± 0.0039  9.09   0.0625 ± 0.002\n",
                       "letters  0.625     0.5 [0.4, 0.7]  -       ",
                       "accuracies of He et al. 2021: rank correlation 0.88.\n"));
    assert_holds(state, "checks.md",
                 LINES("| source | exact r* | network r* | probe r* | loss | floor | gap | gap % |",
                       "| field | 0.625 | 0.5 [0.4, 0.7] | 0.7 [0.5, 0.75] | 0.3750 ± 0.016 |"));
    draw_numbers(edited(checks_text, "table[1].probe_ratio", "0.7"), state); /* of another curve */
    assert_holds(state, "checks.txt", LINES("letters  0.625     0.5 [0.4, 0.7]  0.7     "));
    draw_numbers(edited(checks_text, "runs[0].evaluation.floor", "null"), state);
    assert_holds(state, "checks.gp", LINES("'loss 0.375, no exact floor'"));
    draw_numbers(edited(checks_text, "probe_curve", "null"), state);
    assert_lacks(state, "checks.gp", "y2tics");
    assert_holds(state, "checks.txt", LINES("0.5 [0.4, 0.7]  0.7       0.3750"));
    draw_numbers(edited(checks_text, "probe_curve.published", "[]"), state);
    assert_lacks(state, "checks.gp", "published networks");
    draw_numbers(edited(checks_text, "runs[0].evaluation.gap_percent", "161.56"), state);
    assert_holds(state, "checks.gp", LINES("published networks", "floor 0.3438: 162 % above'"));
}

static void what_is_not_there_is_left_out(void **state)
{
    draw_numbers(parse(field_text), state);
    assert_true(has_figure(state, "training") && has_figure(state, "reconstructions"));
    draw_numbers(edited(field_text, "pictures", "null"), state);
    assert_false(has_figure(state, "reconstructions"));
    draw_numbers(edited(field_text, "pictures", ""), state);
    assert_false(has_figure(state, "reconstructions"));
    draw_numbers(edited(field_text, "steps", "null"), state);
    assert_false(has_figure(state, "training"));
    draw_numbers(edited(field_text, "points", "[]"), state);
    assert_false(has_figure(state, "network"));
    draw_numbers(edited(field_text, "probe", "null"), state);
    assert_false(has_figure(state, "probe"));
}

/* ---- the tables ---- */

static void the_table_of_a_run(void **state)
{
    (void)state;
    table_holds(
        parse(field_text),
        LINES("a field: mae, 4321 parameters; loss (squared error / variance)\n",
              "ratio  loss            floor   gap              gap %  gap, nats       "
              "i(r) network    i(r) exact  class  class exact\n",
              "0.25   0.3125 ± 0.016  0.2500  0.0625 ± 0.0039  25.00  0.0625 ± 0.002  "
              "0.8750 ± 0.062  0.9062      0.812  0.938\n",
              "\nHeld-out loss 0.375 ± 0.016: within 9.1 % of the floor 0.34375, the least that is "
              "possible (gap 0.0312 ± 0.0039; 0.0625 ± 0.002 nats per site).\n",
              "\nr* = argmax of r i(r): network 0.5 [0.4, 0.7], exact 0.625\n",
              "trained encoder 81.2 % / 87.5 %, raw values 68.8 % / 75.0 %, untrained encoder "
              "50.0 % / 62.5 %\n"));
    cJSON *flat = edited(field_text, "optimum", "null");
    cJSON_AddStringToObject(flat, "optimum_reason", "nowhere above its error");
    table_holds(flat, LINES("r i(r): network none (nowhere above its error), exact 0.625\n"));
    table_holds(edited(field_text, "evaluation.ratio", "null"),
                LINES("\nmean   0.3750 ± 0.016  0.3438  0.0312 ± 0.0039  9.09 "));
    table_holds(edited(field_text, "evaluation.gap", "-0.001"),
                LINES("Held-out loss 0.375 ± 0.016: at the floor 0.34375 within its error"));
    table_holds(edited(field_text, "evaluation.gap_percent", "0.1234"),
                LINES("within 0.13 % of the floor"));
    table_holds(edited(field_text, "evaluation.gap_percent", "33.3"), LINES("within 34 % of"));
    table_holds(edited(field_text, "evaluation.gap", "null"),
                LINES("Held-out loss 0.375 ± 0.016; floor 0.34375, the least that is possible.\n"));
    table_holds(edited(field_text, "evaluation.loss", "null"),
                LINES("No held-out loss was measured.\n"));
    table_holds(edited(field_text, "points", "[]"), LINES("within 9.1 % of the floor"));
}

/* Loudly: in the table at both ends, on the figures in red. */
static void a_leak_is_loud(void **state)
{
    static const char sentence[] =
        "LEAK: the loss 0.375 lies below the floor 0.34375 at ratio 0.5 by 10.0 errors. No "
        "predictor can do that: the network sees what it must not, or the floor is wrong.";
    char loud[256];
    cJSON *result = edited(field_text, "points[1].leak", "true");
    cJSON_SetNumberValue(at(result, "points[1].gap"), -0.0390625);
    snprintf(loud, sizeof loud, "\n!!! %s !!!\n", sentence);
    table_holds(cJSON_Duplicate(result, 1), LINES(loud, " LEAK\n"));
    draw_numbers(result, state);
    assert_holds(state, "training.gp",
                 LINES("'LEAK: the loss 0.375 lies below", "tc rgb '#cc0000'"));
    assert_holds(state, "network.gp",
                 LINES("'LEAK: ", "data index 0 using ($24 == 1 ? $1 : 1/0):2 with points lc rgb "
                                  "'#cc0000'"));
    result = edited(field_text, "evaluation.leak", "true");
    table_holds(result, LINES("!!! LEAK: the loss 0.375 lies below the floor 0.34375 by -8.0"));
    result = edited(checks_text, "runs[1].evaluation.leak", "true");
    table_holds(cJSON_Duplicate(result, 1), LINES("\n!!! letters: LEAK: the loss", " LEAK\n"));
    draw_numbers(result, state);
    assert_holds(state, "checks.gp", LINES("'LEAK: loss below floor'"));
}

/* ---- faults ---- */

static void faults_are_placed(void **state)
{
    static const struct {
        const char *text, *path, *value, *place, *words;
    } faults[] = {
        {field_text, "source", "", "source", "needs this object"},
        {field_text, "source.discrete", "\"no\"", "source.discrete", "true, false or null"},
        {field_text, "evaluation", "null", "evaluation", "needs this object"},
        {field_text, "evaluation.loss", "\"low\"", "evaluation.loss", "must be a number"},
        {field_text, "evaluation.loss", "1e200", "evaluation.loss", "magnitude up to 1e+100"},
        {field_text, "steps", "{}", "steps", "an array or null"},
        {field_text, "steps[1]", "7", "steps[1]", "must be an object"},
        {field_text, "steps[1].step", "10", "steps[1].step", "larger than that of the element"},
        {field_text, "steps[2].loss", "[1]", "steps[2].loss", "must be a number"},
        {field_text, "points[0].ratio", "1.5", "points[0].ratio", "a number in [0, 1]"},
        {field_text, "points[0].ratio", "null", "points[0].ratio", "a number in [0, 1]"},
        {field_text, "points[2].leak", "1", "points[2].leak", "true, false or null"},
        {field_text, "exact_curve", "[]", "exact_curve", "an object or null"},
        {field_text, "exact_curve.kind", "3", "exact_curve.kind", "a text or null"},
        {field_text, "optimum.ratio", "-1", "optimum.ratio", "a number in [0, 1]"},
        {field_text, "probe.trained", "0.8", "probe.trained", "an object or null"},
        {field_text, "probe.raw.knn", "\"0.8\"", "probe.raw.knn", "must be a number"},
        {field_text, "method", "[]", "method", "a text or null"},
        {field_text, "pictures", "[]", "pictures", "an object or null"},
        {field_text, "pictures.count", "0", "pictures.count", "a whole number in [1, 1000]"},
        {field_text, "pictures.rows", "2.5", "pictures.rows", "a whole number in [1, 4096]"},
        {field_text, "pictures.columns", "5", "pictures.columns", "the source's 2 tokens"},
        {field_text, "pictures.columns", "2", "pictures.original", "16 numbers; must be 8"},
        {field_text, "pictures.channels", "3", "pictures.original", "16 numbers; must be 48"},
        {field_text, "pictures.predicted", "[1,2]", "pictures.predicted", "2 numbers; must be 16"},
        {field_text, "pictures.predicted", "", "pictures.predicted", "pictures need this array"},
        {field_text, "pictures.exact[4]", "null", "pictures.exact[4]", "must be a number"},
        {field_text, "pictures.masked[4]", "0.5", "pictures.masked[4]", "the same all over"},
        {field_text, "pictures.masked[4]", "0", "pictures.masked[4]", "the same all over a token"},
        {field_text, "pictures.masked[4]", "2", "pictures.masked[4]", "a number in [0, 1]"},
        {field_text, "pictures.high", "-1", "pictures.high", "at least \"low\""},
        {words_text, "pictures.original[3]", "3", "pictures.original[3]", "a number in [0, 2]"},
        {words_text, "pictures.predicted[3]", "0.5", "pictures.predicted[3]", "a whole number"},
        {words_text, "pictures.surprise[9]", "true", "pictures.surprise[9]", "must be a number"},
        {words_text, "pictures.alphabet", "\"ab\"", "pictures.alphabet", "each of 3 symbols"},
        {words_text, "pictures.alphabet", "\"ab'\"", "pictures.alphabet", "character 2"},
        {words_text, "pictures.channels", "2", "pictures.channels", "in [1, 1]"},
        {checks_text, "runs", "[]", "runs", "an array of 1 to 96 runs"},
        {checks_text, "runs", "", "runs", "an array of 1 to 96 runs"},
        {checks_text, "runs[1]", "null", "runs[1]", "must be an object"},
        {checks_text, "runs[1].points[2].gap", "{}", "runs[1].points[2].gap", "must be a number"},
        {checks_text, "table[1]", "3", "table[1]", "must be an object"},
        {checks_text, "table[0].probe_ratio", "\"x\"", "table[0].probe_ratio", "be a number"},
        {checks_text, "probe_curve.points[1].knn", "{}", "probe_curve.points[1].knn", "number"},
        {checks_text, "probe_curve.published[0].ratio", "2", "probe_curve.published[0].ratio",
         "a number in [0, 1]"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        mi_status status = {.code = MI_OK};
        char *text = NULL;
        cJSON *result = edited(faults[i].text, faults[i].path, faults[i].value);
        assert_failure(draw_quickly(result, *state, &status), MI_INPUT, status, faults[i].words);
        assert_string_equal(status.place, faults[i].place);
        assert_failure(mi_table_text(result, &text, &status), MI_INPUT, status, faults[i].words);
        assert_null(text);
        cJSON_Delete(result);
    }
}

static void anything_at_any_place_is_borne(void **state)
{
    static const char *const texts[] = {field_text, words_text, checks_text};
    (void)state;
    for (int i = 0; i < 3; i++) {
        cJSON *result = parse(texts[i]);
        /* One run of checks, and few numbers, stand for all. */
        cJSON_DeleteItemFromArray(cJSON_GetObjectItem(result, "runs"), 1);
        try_children(result, result);
        cJSON_Delete(result);
    }
}

static void labels_are_cleaned(void **state)
{
    cJSON *result = edited(field_text, "title", "\"it's `date` \\n $(x) \\u0007\"");
    draw_whole(result, state);
    assert_holds(state, "training.gp", LINES("\"it's \\140date\\140   $(x)   (ratio 0.5)\""));
    result = edited(checks_text, "runs[0].label", "\"a|b*\"");
    draw_whole(result, state);
    assert_holds(state, "checks.md", LINES("| a\\|b\\* |"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(every_figure_is_drawn),       SCRATCH_TEST(odd_pictures_are_drawn),
        SCRATCH_TEST(colours_are_drawn),           SCRATCH_TEST(training_holds_the_numbers),
        SCRATCH_TEST(the_second_half_is_enlarged), SCRATCH_TEST(without_a_floor_its_reason_is_told),
        SCRATCH_TEST(network_holds_the_numbers),   SCRATCH_TEST(pictures_hold_the_numbers),
        SCRATCH_TEST(large_pictures_are_fewer),    SCRATCH_TEST(sentences_hold_the_numbers),
        SCRATCH_TEST(long_sentences_are_broken),   SCRATCH_TEST(probe_holds_the_numbers),
        SCRATCH_TEST(checks_hold_the_numbers),     SCRATCH_TEST(what_is_not_there_is_left_out),
        cmocka_unit_test(the_table_of_a_run),      SCRATCH_TEST(a_leak_is_loud),
        SCRATCH_TEST(faults_are_placed),           cmocka_unit_test(anything_at_any_place_is_borne),
        SCRATCH_TEST(labels_are_cleaned),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
