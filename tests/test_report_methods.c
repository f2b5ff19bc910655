/* Figures and tables of self-distillation and of methods side by side: monitors, maps, methods,
 * collapse. They hold the numbers of the result, say what is missing, and bear whatever a hand may
 * have made of the result. */
#include "report_support.h"

#include <math.h>

/* ---- results ---- */

#define SOURCE                                                                                     \
    "\"source\":{\"discrete\":false,\"rows\":4,\"columns\":4,\"channels\":1,\"token_rows\":2,"     \
    "\"token_columns\":2}"

#define EVALUATION                                                                                 \
    "\"evaluation\":{\"ratio\":null,\"loss\":null,\"loss_reason\":\"it predicts no pixels\"}"

#define LOSSES                                                                                     \
    "\"steps\":[{\"step\":50,\"loss\":6.5,\"loss_low\":6.25,\"loss_high\":6.75},{\"step\":100,"    \
    "\"loss\":5.5,\"loss_low\":5.25,\"loss_high\":5.75}]"

/* ln 64 and ln 32. */
#define MONITORS                                                                                   \
    "\"monitors\":{\"names\":[\"teacher_entropy\",\"mean_entropy\",\"information\",\"spare\"],"    \
    "\"units\":[\"nats\",\"nats\",\"nats\",\"per cent\"],\"log_prototypes\":4.1588830834,"         \
    "\"log_patch_prototypes\":3.4657359028,\"steps\":[{\"step\":50,\"teacher_entropy\":3.5,"       \
    "\"mean_entropy\":4,\"information\":0.5,\"divergence\":0.25,\"center_norm\":2,"                \
    "\"center_distance\":0.5,\"center_noise\":0.0625,\"effective_rank\":null,"                     \
    "\"feature_deviation\":0.75,\"patch_teacher_entropy\":2.5,\"patch_mean_entropy\":3,"           \
    "\"patch_information\":0.5,\"patch_divergence\":0.375,\"patch_center_norm\":1.5,"              \
    "\"koleo\":1.25,\"cosine\":0.875,\"spare\":12},{\"step\":100,\"teacher_entropy\":1.5,"         \
    "\"mean_entropy\":3.5,\"information\":2,\"divergence\":0.125,\"center_norm\":3,"               \
    "\"center_distance\":0.125,\"center_noise\":0.0625,\"effective_rank\":7.5,"                    \
    "\"feature_deviation\":0.8125,\"patch_teacher_entropy\":1.25,\"patch_mean_entropy\":3.25,"     \
    "\"patch_information\":2,\"patch_divergence\":0.1875,\"patch_center_norm\":1.75,"              \
    "\"koleo\":1.125,\"cosine\":0.9375,\"spare\":13}]}"

#define COLLAPSE                                                                                   \
    "\"collapse\":{\"verdict\":\"uniform\",\"step\":75,\"message\":\"collapse: it's uniform\","    \
    "\"information\":0.0625,\"threshold\":0.08,\"loss_remark\":\"the loss is ln K\","              \
    "\"patch\":{\"verdict\":\"none\",\"step\":null,\"message\":\"no collapse\","                   \
    "\"information\":2}}"

#define PROBE                                                                                      \
    "\"probe\":{\"classes\":4,\"training\":500,\"held_out\":200,"                                  \
    "\"trained\":{\"knn\":0.8125,\"knn_se\":0.03125,\"linear\":0.875,\"linear_se\":0.015625},"     \
    "\"untrained\":{\"knn\":0.5,\"linear\":0.625},\"raw\":{\"knn\":0.6875,\"linear\":0.75},"       \
    "\"patch\":{\"trained\":{\"linear\":0.5625,\"linear_se\":0.03125},"                            \
    "\"untrained\":{\"linear\":0.375},\"raw\":{\"linear\":0.3125}}}"

/* Two images of 4 x 4 pixels in 2 x 2 tokens, two heads. */
#define MAPS                                                                                       \
    "\"maps\":{\"count\":2,\"rows\":4,\"columns\":4,\"channels\":1,\"token_rows\":2,"              \
    "\"token_columns\":2,\"heads\":2,\"low\":-1,\"high\":2,\"original\":[0,0.25,0.5,0.75,1,0,0,0," \
    "0,0,0,0,0,0,0,2,-1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1],\"rgb\":[0,0.125,0.25,0.5,0.625,0.75,"      \
    "0.875,1,0,0,0,1,1,1,1,0.5,0.5,0.5,0.25,0.25,0.25,0,0,0],\"attention\":[0.25,0.125,0.0625,"    \
    "0.375,0.5,0.25,0.125,0,0.25,0.25,0.25,0.25,0,0.125,0.125,0.75],\"explained\":[0.5,0.25,"      \
    "0.125]}"

#define RUN                                                                                        \
    "\"label\":null,\"seed\":1,\"title\":\"a run\",\"config\":{\"method\":{\"type\":\"ibot\","     \
    "\"class_weight\":1,\"patch_weight\":0.5,\"masked_views\":1}},\"method\":\"ibot\","            \
    "\"parameters\":4321,"                                                                         \
    "\"final_loss\":5.5," SOURCE "," EVALUATION "," LOSSES ",\"points\":[]," MONITORS "," COLLAPSE \
    "," PROBE

static const char run_text[] = "{\"experiment\":\"train\"," RUN "," MAPS "}";
static const char bare_run_text[] = "{" RUN "}";

#define ROW(label, method, knn, reason, collapse)                                                  \
    "{\"label\":" label ",\"method\":" method ",\"target\":\"hidden pixels\",\"parameters\":4321," \
    "\"final_loss\":0.375,\"seconds\":40,\"bytes\":5000000,\"knn\":" knn ",\"knn_se\":0.015625,"   \
    "\"knn_reason\":" reason ",\"linear\":0.875,\"linear_se\":0.0078125,\"patch_linear\":null,"    \
    "\"collapse\":" collapse "}"

/* parse() puts the runs into this one and the next. */
static const char methods_text[] =
    "{\"experiment\":\"methods\",\"title\":\"side by side\",\"view\":\"methods\",\"runs\":[],"
    "\"table\":[" ROW("\"one\"", "\"mae\"", "0.75", "null", "null") "," ROW(
        "\"two\"", "\"ibot\"", "null", "\"nobody's labels\"",
        "\"one prototype\"") "],"
                             "\"baselines\":{\"raw\":{\"knn\":0.625,\"linear\":0.6875},"
                             "\"untrained\":{\"knn\":0.5},"
                             "\"patch\":{\"raw\":{\"linear\":0.40625}}}}";

#define OUTCOME(label, seed, verdict, step, information)                                           \
    "{\"label\":" label ",\"seed\":" seed ",\"verdict\":" verdict ",\"step\":" step                \
    ",\"information\":" information ",\"teacher_entropy\":4.125,\"log_prototypes\":4.1588830834}"

static const char collapse_text[] =
    "{\"experiment\":\"methods\",\"title\":\"what keeps it\",\"view\":\"collapse\",\"runs\":[],"
    "\"table\":[],\"outcomes\":[" OUTCOME(
        "\"none\"", "1", "\"uniform\"", "75",
        "0.0625") "," OUTCOME("\"none\"", "2", "\"dimensional\"", "50",
                              "0.125") "," OUTCOME("\"both\"", "1", "\"none\"", "null",
                                                   "2.25") "]}";

/* Two seeds of the first label and one of the second. */
static void add_runs(cJSON *result, const char *first, const char *second)
{
    for (int i = 0; i < 3; i++) {
        cJSON *run = cJSON_Parse(bare_run_text);
        cJSON_ReplaceItemInObject(run, "label", cJSON_CreateString(i < 2 ? first : second));
        cJSON_ReplaceItemInObject(run, "seed", cJSON_CreateNumber(i == 1 ? 2 : 1));
        cJSON_AddItemToArray(cJSON_GetObjectItem(result, "runs"), run);
    }
}

static cJSON *parse(const char *text)
{
    cJSON *result = cJSON_Parse(text);
    assert_non_null(result);
    if (text == methods_text) {
        add_runs(result, "one", "two");
    } else if (text == collapse_text) {
        add_runs(result, "none", "both");
    }
    return result;
}

/* ---- the figures ---- */

static void every_figure_is_drawn(void **state)
{
    static const char *const names[] = {"training", "monitors", "probe", "maps"};
    draw_whole(parse(run_text), state);
    for (int i = 0; i < 4; i++) {
        check_pictures(state, names[i]);
    }
    assert_false(has_figure(state, "methods") || has_figure(state, "collapse"));
    draw_whole(parse(methods_text), state);
    check_pictures(state, "methods");
    assert_false(has_figure(state, "monitors") || has_figure(state, "collapse"));
    draw_whole(parse(collapse_text), state);
    check_pictures(state, "collapse");
    assert_false(has_figure(state, "methods"));
}

static void monitors_hold_the_numbers(void **state)
{
    draw_numbers(parse(run_text), state);
    assert_holds(state, "monitors.dat",
                 LINES("patch_center_norm koleo cosine spare\n"
                       "50 3.5 4 0.5 0.25 2 0.5 0.0625 ? 0.75 2.5 3 0.5 0.375 1.5 1.25 0.875 12\n"
                       "100 1.5 3.5 2 0.125 3 0.125 0.0625 7.5 0.8125 1.25 3.25 2 0.1875 1.75 "
                       "1.125 0.9375 13\n",
                       "# block 1: loss\n"));
    assert_holds(
        state, "monitors.gp",
        LINES("'a run'", "data index 0 using 1:2:3 with filledcurves",
              "data index 0 using 1:11:12 with filledcurves", "'ln K = 4.159 (K = 64)'",
              "first 4.1588831 to graph 1", "'ln K = 3.466 (K = 32)'",
              "'of uniform outputs: 5.892 (weighted ln K)'", "first 5.891751 to",
              "data index 1 using 1:(valid(2) ? $2 : 1/0) with lines",
              "(valid(10) ? $10 : 1/0) axes x1y2 with lines", "'effective rank'", "'spare'",
              "'per cent'", "set y2range [0:0.975]",
              "Verdict: collapse: it's uniform. Patches: no collapse. At the end the prototypes",
              "0.0625 of at most ln K = 4.159 nats", "the loss is ln K."));
}

/* The step of a collapse, to the side with room; patches have their own verdict. */
static void a_collapse_is_marked(void **state)
{
    draw_numbers(parse(run_text), state);
    assert_holds(state, "monitors.gp",
                 LINES("set arrow from 75, graph 0 to 75, graph 1 nohead",
                       "'uniform from step 75' at 75, graph 1 offset -0.6,-0.6 right"));
    cJSON *result = edited(run_text, "collapse.patch.verdict", "\"one prototype\"");
    cJSON_ReplaceItemInObject(at(result, "collapse.patch"), "step", cJSON_CreateNumber(25));
    draw_numbers(result, state);
    assert_holds(state, "monitors.gp",
                 LINES("'one prototype from step 25' at 25, graph 1 offset 0.6,-0.6 left"));
    draw_numbers(edited(run_text, "collapse", "null"), state);
    assert_lacks(state, "monitors.gp", "from step");
    assert_lacks(state, "monitors.gp", "Verdict");
    draw_numbers(edited(run_text, "collapse.step", "1000"), state);
    assert_lacks(state, "monitors.gp", "from step");
}

/* Curves of one panel that differ by more than a factor of 20. */
static void small_numbers_are_seen(void **state)
{
    draw_numbers(parse(run_text), state);
    char range[96];
    snprintf(range, sizeof range, "set logscale y; set yrange [%.6g:%.6g]", 0.0625 / 1.3,
             3 * pow(3 / 0.0625, 0.34));
    assert_holds(state, "monitors.gp", LINES(range));
    cJSON *result = edited(run_text, "monitors.steps[0].center_noise", "0");
    draw_numbers(result, state);
    assert_lacks(state, "monitors.gp", range);
    assert_lacks(state, "monitors.gp", "set logscale y; set yrange [0:");
}

/* Without prototypes there are neither entropies nor ln K; a note of nothing is no note. */
static void byol_has_few_monitors(void **state)
{
    cJSON *result = parse(run_text), *monitors = at(result, "monitors");
    cJSON_ReplaceItemInObject(monitors, "log_prototypes", cJSON_CreateNull());
    cJSON_ReplaceItemInObject(monitors, "log_patch_prototypes", cJSON_CreateNull());
    cJSON_ReplaceItemInObject(
        monitors, "steps",
        parse("[{\"step\":10,\"feature_deviation\":0.5,\"cosine\":0.25},{\"step\":20,"
              "\"feature_deviation\":0.625,\"cosine\":0.5}]"));
    cJSON_ReplaceItemInObject(result, "collapse", cJSON_CreateNull());
    draw_numbers(result, state);
    assert_holds(state, "monitors.gp",
                 LINES("'Spread of the features'", "'Prediction and target'"));
    assert_lacks(state, "monitors.gp", "ln K");
    assert_lacks(state, "monitors.gp", "Outputs of the teacher");
    assert_lacks(state, "monitors.gp", "Loss and divergence");
    draw_whole(edited(run_text, "monitors.steps[1]", "{\"step\":60}"), state);
    draw_numbers(edited(run_text, "monitors.steps", "[{\"step\":60}]"), state);
    assert_false(has_figure(state, "monitors"));
    draw_numbers(edited(run_text, "monitors", "null"), state);
    assert_false(has_figure(state, "monitors"));
}

/* In the figure of the loss, where it is inside the axis. */
static void ln_k_is_a_line_of_the_loss(void **state)
{
    draw_numbers(parse(run_text), state);
    assert_holds(state, "training.gp",
                 LINES("'loss (nats)'", "'of uniform outputs, weighted ln K: 5.8918'",
                       "Loss of the last steps 5.5. No held-out loss was measured (it predicts no "
                       "pixels)."));
    draw_numbers(edited(run_text, "monitors.log_patch_prototypes", "null"), state);
    assert_holds(state, "training.gp", LINES("'of uniform outputs, ln K: 4.1589'"));
    draw_numbers(edited(run_text, "config.method.class_weight", "2"), state);
    assert_holds(state, "training.gp", LINES("'of uniform outputs, weighted ln K: 10.051'"));
    draw_numbers(edited(run_text, "config.method.masked_views", "0.5"), state);
    assert_holds(state, "training.gp", LINES("'of uniform outputs, weighted ln K: 5.0253'"));
    draw_numbers(edited(run_text, "method", "\"byol\""), state);
    assert_holds(state, "training.gp", LINES("'loss (2 - 2 cosine)'"));
}

static void single_patches_are_probed(void **state)
{
    draw_numbers(parse(run_text), state);
    assert_holds(state, "probe.dat",
                 LINES("0.26 0.8125 0.03125\n1.26 0.875 0.015625\n2.26 0.5625 0.03125\n",
                       "0 0.6875 ?\n1 0.75 ?\n2 0.3125 ?\n"));
    assert_holds(state, "probe.gp", LINES("set xrange [-0.55:3-0.45]", "or of single patches"));
    draw_numbers(edited(run_text, "probe.patch", "null"), state);
    assert_holds(state, "probe.gp", LINES("set xrange [-0.55:2-0.45]"));
    assert_lacks(state, "probe.gp", "or of single patches");
}

static void maps_hold_the_numbers(void **state)
{
    draw_numbers(parse(run_text), state);
    assert_holds(
        state, "maps.dat",
        LINES("# block 0: image 1, pixels\n# row column value\n0 0 0\n0 1 0.25\n0 2 0.5\n",
              "# block 1: image 1, tokens\n# row column component_1 component_2 component_3 "
              "attention_mean attention_1 attention_2\n0 0 0 0.125 0.25 0.375 0.25 0.5\n"
              "0 1 0.5 0.625 0.75 0.1875 0.125 0.25\n1 0 0.875 1 0 0.09375 0.0625 0.125\n"
              "1 1 0 0 1 0.1875 0.375 0\n",
              "# block 3: image 2, tokens\n", "\n1 1 0 0 0 0.5 0.25 0.75\n"));
    assert_holds(state, "maps.gp",
                 LINES("'original'", "'features'", "'mean of heads'", "'head 1'", "'head 2'",
                       "set cbrange [-1:2]", "set cbrange [0:0.5]", "'≥ 0.5' 0.5",
                       "(byte($3)):(byte($4)):(byte($5)) with rgbimage",
                       "data index 3 using (($2+0.5)*74):(156 + ($1+0.5)*74):6 with image",
                       ":7 with image", ":8 with image",
                       "they hold 50, 25 and 12 % of the variance",
                       "even attention to the 4 patches would be 0.25"));
    assert_lacks(state, "maps.gp", "head 3");
}

static void maps_say_what_is_missing(void **state)
{
    draw_whole(edited(run_text, "maps.attention", "null"), state);
    assert_lacks(state, "maps.gp", "head 1");
    assert_holds(state, "maps.gp", LINES("No attention: the encoder has no class token."));
    draw_whole(edited(run_text, "maps.rgb", "null"), state);
    assert_holds(state, "maps.gp", LINES("The method has no features of patches."));
    assert_holds(state, "maps.dat", LINES("0 0 ? ? ? 0.375 0.25 0.5\n"));
    draw_numbers(edited(run_text, "maps.explained[2]", "null"), state);
    assert_holds(state, "maps.gp", LINES("they hold 50, 25 and 0 %"));
    draw_numbers(edited(run_text, "maps", "null"), state);
    assert_false(has_figure(state, "maps"));
}

/* One row of tokens is a strip of boxes; three channels are colours; one head has no mean. */
static void odd_maps_are_drawn(void **state)
{
    cJSON *result = parse(run_text), *maps = at(result, "maps");
    static const char *const ones[] = {"rows", "token_rows", "heads"};
    for (int i = 0; i < 3; i++) {
        cJSON_ReplaceItemInObject(maps, ones[i], cJSON_CreateNumber(1));
    }
    cJSON_ReplaceItemInObject(maps, "channels", cJSON_CreateNumber(3));
    cJSON_ReplaceItemInObject(maps, "original",
                              parse("[0,1,2,0,1,2,0,1,2,0,1,2,0,1,2,0,1,2,0,1,2,-1,1,2]"));
    cJSON_ReplaceItemInObject(maps, "rgb", parse("[0,0,0,1,1,1,0,0,1,1,1,0]"));
    cJSON_ReplaceItemInObject(maps, "attention", parse("[0,0,0,0]"));
    draw_whole(result, state);
    assert_holds(state, "maps.dat", LINES("# row column red green blue\n0 0 0 1 2\n"));
    assert_holds(state, "maps.gp", LINES("with boxxyerror lc rgb variable", "'of 1'"));
    assert_lacks(state, "maps.gp", "mean of heads");
}

static void methods_hold_the_numbers(void **state)
{
    draw_numbers(parse(methods_text), state);
    assert_holds(state, "methods.dat",
                 LINES("# row knn knn_se linear linear_se patch_linear patch_linear_se time(s) "
                       "memory(MB)\n0 0.75 0.015625 0.875 0.0078125 ? ? 40 5\n"
                       "1 ? 0.015625 0.875 0.0078125 ? ? 40 5\n",
                       "# block 1: single runs\n# row seed knn linear patch_linear\n"
                       "0 1 0.8125 0.875 0.5625\n0 2 0.8125 0.875 0.5625\n"));
    assert_lacks(state, "methods.dat", "\n1 1 0.8125");
    assert_holds(state, "methods.gp",
                 LINES("'side by side'", "'one'", "'hidden pixels'", "'collapsed: one prototype'",
                       "set arrow from 62.5, graph 0 to 62.5, graph 1",
                       "set arrow from 50, graph 0 to 50", "set arrow from 68.75, graph 0",
                       "'raw pixels'", "'untrained encoder'", "'75.0' at graph 0.99, first 0",
                       "'none' at graph 0.99, first 1", "'single seeds'",
                       "\"two: no accuracy, k-NN: nobody's labels.\"", "'seconds'"));
    assert_lacks(state, "methods.gp", "linear, patches");
    draw_numbers(edited(methods_text, "table[1].collapse", "\"uniform (2 of 3)\""), state);
    assert_holds(state, "methods.gp", LINES("'collapsed: uniform (2 of 3)'"));
    assert_holds(state, "methods.txt", LINES("uniform (2 of 3)  hidden pixels\n", "40.6"));
    draw_numbers(edited(methods_text, "table[0].seconds", "600"), state);
    assert_holds(state, "methods.gp", LINES("'minutes'"));
    assert_holds(state, "methods.dat", LINES("time(minutes)", "? ? 10 5\n"));
    draw_numbers(edited(methods_text, "table", "[]"), state);
    assert_false(has_figure(state, "methods"));
}

static void collapse_holds_the_numbers(void **state)
{
    draw_numbers(parse(collapse_text), state);
    assert_holds(state, "collapse.dat",
                 LINES("# block 0: none, seed 1\n# step information(nats) teacher_entropy(nats) "
                       "mean_entropy(nats)\n50 0.5 3.5 4\n100 2 1.5 3.5\n",
                       "# block 1: none, seed 2\n", "# block 2: both, seed 1\n"));
    assert_holds(state, "collapse.gp",
                 LINES("'what keeps it'", "'uniform 1, dimensional 1 of 2'", "'no collapse 1 of 1'",
                       "set arrow from 75, graph 0 to 75, graph 0.07 nohead front lc rgb '#0072b2'",
                       "set arrow from 50, graph 0 to 50, graph 0.07 nohead front lc rgb '#d55e00'",
                       "'ln K = 4.159'", "'seed 2'", "'0.06 nats, step 75' at 0, 0",
                       "'dimensional' at 1, 0", "'2.25 nats' at 0, 1", "'not told' at 1, 1"));
    draw_numbers(edited(collapse_text, "outcomes", "null"), state);
    assert_holds(state, "collapse.gp", LINES("'uniform 2 of 2'", "'uniform 1 of 1'"));
    draw_whole(edited(collapse_text, "runs[1].monitors", "null"), state);
    assert_lacks(state, "collapse.dat", "none, seed 2");
}

/* As many runs as an experiment may have: 8 labels with 12 seeds. */
static void collapse_of_many_runs(void **state)
{
    cJSON *result = cJSON_Parse(collapse_text);
    for (int i = 0; i < MI_MOST_RUNS; i++) {
        char label[16];
        cJSON *run = cJSON_Parse(bare_run_text);
        snprintf(label, sizeof label, "label %d", i % 8);
        cJSON_ReplaceItemInObject(run, "label", cJSON_CreateString(label));
        cJSON_ReplaceItemInObject(run, "seed", cJSON_CreateNumber(i / 8 + 1));
        cJSON_AddItemToArray(cJSON_GetObjectItem(result, "runs"), run);
    }
    draw_numbers(result, state);
    assert_holds(state, "collapse.dat",
                 LINES("label 0, seed 1\n", "# block 95: label 7, seed 12\n"));
}

/* ---- the tables ---- */

static void the_tables(void **state)
{
    (void)state;
    table_holds(parse(run_text),
                LINES("Loss of the last steps 5.5. No held-out loss was measured (it predicts no "
                      "pixels).\n",
                      "collapse: uniform from step 75; information of image and prototype 0.0625 "
                      "nats of ln K = 4.159\ncollapse: it's uniform\nthe loss is ln K\ncollapse of "
                      "patches: no collapse\n",
                      "told from single patches (linear): trained encoder 56.2 %, raw values "
                      "31.2 %, untrained encoder 37.5 %\n"));
    table_holds(
        parse(methods_text),
        LINES("run                method  parameters  final loss  seconds  MB   k-NN %      "
              "linear %     patches %  collapse       predicts\n",
              "one                mae     4321        0.3750      40.0     5.0  "
              "75.0 ± 1.6  87.5 ± 0.78  -          -              hidden pixels\n",
              "one prototype  hidden pixels\n", "raw pixels         -  ",
              "62.5        68.8         40.6 ",
              "\ntwo, k nearest neighbours: none, nobody's labels\n"));
    table_holds(
        parse(collapse_text),
        LINES("run   seed  collapse     step  information, nats  teacher's entropy  ln K\n"
              "none  1     uniform      75    0.0625             4.1250             4.1589\n",
              "both  1     no collapse  -     2.2500"));
}

static void one_reason_for_all_accuracies_is_said_once(void **state)
{
    (void)state;
    cJSON *result = parse(methods_text);
    cJSON *row = cJSON_GetArrayItem(cJSON_GetObjectItem(result, "table"), 1);
    cJSON_ReplaceItemInObject(row, "linear", cJSON_CreateNull());
    cJSON_AddStringToObject(row, "linear_reason", "nobody's labels");
    cJSON_AddStringToObject(row, "patch_linear_reason", "nobody's labels");
    table_holds(result, LINES("compared.\n\ntwo: no accuracy, nobody's labels\n"));
}

static void the_tables_are_kept(void **state)
{
    draw_numbers(parse(methods_text), state);
    assert_holds(state, "methods.md", LINES("| run | method |", "| one | mae | 4321 | 0.3750 |"));
    draw_numbers(parse(collapse_text), state);
    assert_holds(state, "collapse.txt", LINES("none  2     dimensional  50"));
}

/* ---- faults ---- */

static void faults_are_placed(void **state)
{
    static const struct {
        const char *text, *path, *value, *place, *words;
    } faults[] = {
        {run_text, "monitors.names[3]", "\"Spare\"", "monitors.names[3]", "lower case letters"},
        {run_text, "monitors.names[3]", "7", "monitors.names[3]", "lower case letters"},
        {run_text, "monitors.steps[1].step", "50", "monitors.steps[1].step", "larger than"},
        {run_text, "monitors.steps[1].spare", "\"x\"", "monitors.steps[1].spare", "a number"},
        {run_text, "collapse.verdict", "\"total\"", "collapse.verdict", "\"one prototype\""},
        {run_text, "collapse.patch.verdict", "3", "collapse.patch.verdict", "a text or null"},
        {run_text, "maps.count", "0", "maps.count", "a whole number in [1, 1000]"},
        {run_text, "maps.token_rows", "3", "maps.token_rows", "do not divide 4 x 4 pixels"},
        {run_text, "maps.original", "null", "maps.original", "maps need this array"},
        {run_text, "maps.rgb[4]", "1.5", "maps.rgb[4]", "a number in [0, 1]"},
        {run_text, "maps.heads", "3", "maps.attention", "16 numbers; must be 24"},
        {run_text, "maps.explained", "[1]", "maps.explained", "1 numbers; must be 3"},
        {run_text, "maps.explained[0]", "1.5", "maps.explained", "numbers in [0, 1], or null"},
        {run_text, "maps.high", "-3", "maps.high", "at least \"low\""},
        {methods_text, "view", "\"both\"", "view", "\"methods\", \"collapse\" or null"},
        {methods_text, "runs", "[]", "runs", "an array of 1 to 96 runs"},
        {methods_text, "table[1]", "7", "table[1]", "must be an object"},
        {methods_text, "table[1].linear", "\"x\"", "table[1].linear", "must be a number"},
        {methods_text, "table[1].collapse", "\"uniformly\"", "table[1].collapse", "\"uniform\""},
        {methods_text, "baselines.raw", "3", "baselines.raw", "an object or null"},
        {collapse_text, "outcomes[2].verdict", "\"x\"", "outcomes[2].verdict", "\"none\""},
        {collapse_text, "outcomes[2].step", "true", "outcomes[2].step", "must be a number"},
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
    static const char *const texts[] = {run_text, methods_text, collapse_text};
    (void)state;
    for (int i = 0; i < 3; i++) {
        cJSON *result = parse(texts[i]);
        /* One run, and few numbers, stand for all. */
        cJSON_DeleteItemFromArray(cJSON_GetObjectItem(result, "runs"), 2);
        cJSON_DeleteItemFromArray(cJSON_GetObjectItem(result, "runs"), 1);
        try_children(result, result);
        cJSON_Delete(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(every_figure_is_drawn),
        SCRATCH_TEST(monitors_hold_the_numbers),
        SCRATCH_TEST(a_collapse_is_marked),
        SCRATCH_TEST(small_numbers_are_seen),
        SCRATCH_TEST(byol_has_few_monitors),
        SCRATCH_TEST(ln_k_is_a_line_of_the_loss),
        SCRATCH_TEST(single_patches_are_probed),
        SCRATCH_TEST(maps_hold_the_numbers),
        SCRATCH_TEST(maps_say_what_is_missing),
        SCRATCH_TEST(odd_maps_are_drawn),
        SCRATCH_TEST(methods_hold_the_numbers),
        SCRATCH_TEST(collapse_holds_the_numbers),
        SCRATCH_TEST(collapse_of_many_runs),
        cmocka_unit_test(the_tables),
        cmocka_unit_test(one_reason_for_all_accuracies_is_said_once),
        SCRATCH_TEST(the_tables_are_kept),
        SCRATCH_TEST(faults_are_placed),
        cmocka_unit_test(anything_at_any_place_is_borne),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
