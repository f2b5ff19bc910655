/* The feedback loop: logits, entropies and divergence with and without centring and sharpening. */
#include <math.h>
#include <stdlib.h>

#include "centered.h"
#include "figure.h"
#include "maskinfo/memory.h"

enum {
    TITLE_MARGIN = 34,
    HEIGHT = 170,
    BOTTOM_MARGIN = 50,
    MARGIN = 20,
    RUNS = 4,
    MEASURES = 5,
    INPUT_COLORS = 4
};

static const char *const input_colors[INPUT_COLORS] = {"#0072b2", "#d55e00", "#009e73", "#cc3377"};
static const char *const keys[MEASURES] = {"step", "mean_entropy", "entropy_of_mean", "information",
                                           "divergence"};
static const struct {
    const char *color, *name;
} measures[MEASURES] = {{NULL, NULL},
                        {"#0072b2", "mean entropy of the outputs"},
                        {"#009e73", "entropy of their mean"},
                        {"#d55e00", "information: their difference"},
                        {"#332288", "KL(teacher | student)"}};

static bool any(const mi_report *report)
{
    return mi_centered_array(report->result, "loop", "runs") != NULL;
}

static const cJSON *steps_of(const cJSON *run)
{
    return cJSON_GetObjectItemCaseSensitive(run, "steps");
}

static double last_step(const cJSON *run)
{
    const cJSON *steps = steps_of(run);
    return mi_json_number(cJSON_GetArrayItem(steps, cJSON_GetArraySize(steps) - 1), "step");
}

/* The logits of a run, a row a step; their number in *ret_width, 0 where there are none. */
static int put_logits(mi_sheet *sheet, const cJSON *run, size_t *ret_width)
{
    const cJSON *steps = steps_of(run), *step = NULL;
    const cJSON *first = cJSON_GetArrayItem(steps, 0);
    size_t rows = (size_t)cJSON_GetArraySize(steps), at = 0;
    size_t width = (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(first, "logits"));
    double *values = NULL;
    *ret_width = 0;
    if (width == 0) {
        return -1;
    }
    if (mi_allocate(rows, (width + 1) * sizeof *values, &values, NULL) != MI_OK) {
        sheet->failed = true;
        return -1;
    }
    cJSON_ArrayForEach(step, steps)
    {
        const cJSON *logits = cJSON_GetObjectItemCaseSensitive(step, "logits");
        values[at++] = mi_json_number(step, "step");
        for (size_t i = 0; i < width; i++) {
            const cJSON *item = cJSON_GetArrayItem(logits, (int)i);
            values[at++] = cJSON_IsNumber(item) ? item->valuedouble : NAN;
        }
    }
    int block = mi_sheet_block(sheet, mi_json_text(run, "condition"),
                               "step logits(input_by_input,centred)", values, width + 1, rows);
    free(values);
    *ret_width = width;
    return block;
}

static void draw_logits(mi_sheet *sheet, const cJSON *run, mi_box box, bool left)
{
    const cJSON *loop = cJSON_GetObjectItemCaseSensitive(sheet->report->result, "loop");
    size_t width = 0, k = (size_t)fmax(1, mi_json_number(loop, "prototypes"));
    char title[96];
    int block = put_logits(sheet, run, &width);
    snprintf(title, sizeof title, "%s, tau_t = %.4g", mi_json_text(run, "condition"),
             mi_json_number(run, "teacher_temperature"));
    mi_sheet_panel(sheet, box, title, "step", left ? "centred logits" : "");
    fprintf(sheet->script,
            "set xrange [0:%.6g]; set xtics autofreq %.6g; \n"
            "set title font ',12'; set yrange [*<-0.1:0.1<*]; set ytics autofreq\n",
            last_step(run), last_step(run) / 2);
    for (size_t i = 0; i < width; i++) {
        mi_sheet_item(sheet, "data index %d using 1:%zu with lines lc rgb '%s' lw %s dt %d", block,
                      i + 2, input_colors[i / k % INPUT_COLORS], i / k == 0 ? "1.6" : "1",
                      i / k == 0 ? 1 : 2);
    }
    mi_sheet_end(sheet);
}

static void draw_measures(mi_sheet *sheet, const cJSON *run, mi_box box, bool left)
{
    const cJSON *loop = cJSON_GetObjectItemCaseSensitive(sheet->report->result, "loop");
    double *rows = NULL, most = mi_json_number(loop, "log_prototypes");
    double inputs = mi_json_number(loop, "log_inputs");
    size_t count = 0;
    if (mi_centered_rows(steps_of(run), keys, MEASURES, NULL, NULL, &rows, &count, NULL) != MI_OK) {
        sheet->failed = true;
        return;
    }
    int block =
        mi_sheet_block(sheet, mi_json_text(run, "condition"),
                       "step mean_entropy(nats) entropy_of_mean(nats) information(nats) KL(nats)",
                       rows, MEASURES, count);
    mi_sheet_panel(sheet, box, "", "step", left ? "nats" : "");
    fprintf(
        sheet->script,
        "set xrange [0:%.6g]; set xtics autofreq %.6g; set yrange [-0.05:%.6g]\n"
        "set arrow from graph 0, first %.8g to graph 1, first %.8g nohead lc rgb '#888888' dt 2\n"
        "set label 'ln K' at graph 0.02, first %.8g offset 0,0.5 left tc rgb '#666666' font "
        "',10'\n"
        "set arrow from graph 0, first %.8g to graph 1, first %.8g nohead lc rgb '#888888' dt 2\n"
        "set label 'ln inputs' at graph 0.98, first %.8g offset 0,0.5 right tc rgb '#666666' "
        "font ',10'\n",
        last_step(run), last_step(run) / 2, 1.18 * most, most, most, most, inputs, inputs, inputs);
    for (int i = 1; i < MEASURES; i++) {
        mi_sheet_item(sheet, "data index %d using 1:%d with lines lc rgb '%s' lw %s dt %d", block,
                      i + 1, measures[i].color, i == 3 ? "2.6" : "1.6", i == 4 ? 4 : 1);
    }
    mi_sheet_end(sheet);
    free(rows);
}

/* Share of the runs in which information survives, over the similarity: one curve a condition. */
static void draw_counts(mi_sheet *sheet, mi_box box)
{
    static const char *const columns[] = {"similarity", "survived", "information",
                                          "information_se"};
    const cJSON *counts = mi_centered_array(sheet->report->result, "loop", "counts");
    const cJSON *runs = mi_centered_array(sheet->report->result, "loop", "runs"), *run = NULL;
    int first = sheet->blocks, number = 0;
    cJSON_ArrayForEach(run, runs)
    {
        double *rows = NULL;
        size_t count = 0;
        const char *name = mi_json_text(run, "condition");
        if (mi_centered_rows(counts, columns, 4, "condition", name, &rows, &count, NULL) != MI_OK) {
            sheet->failed = true;
            return;
        }
        mi_sheet_block(sheet, name, "similarity survived information(nats) information_se(nats)",
                       rows, 4, count);
        free(rows);
    }
    mi_sheet_panel(sheet, box, "How often information survives", "similarity of the inputs",
                   "share of the runs");
    fputs("set xrange [-0.05:1.05]; set yrange [-0.08:1.12]; set ytics 0.25\n"
          "set key outside right center font ',12' reverse Left samplen 3\n",
          sheet->script);
    cJSON_ArrayForEach(run, runs)
    {
        static const char *const looks[RUNS] = {
            "lc rgb '#888888' pt 6 ps 2.2 dt 3", "lc rgb '#0072b2' pt 4 ps 1.3 dt 2",
            "lc rgb '#d55e00' pt 9 ps 1.3 dt 1", "lc rgb '#009e73' pt 7 ps 1.3 dt 1"};
        mi_sheet_item(sheet, "data index %d using 1:2 with linespoints %s lw 1.8 title ",
                      first + number, looks[number % RUNS]);
        fprintf(sheet->script, "'%.20s'", mi_json_text(run, "condition"));
        number++;
    }
    mi_sheet_end(sheet);
}

static void put_keys(mi_sheet *sheet)
{
    int half = MI_SHEET_WIDTH / 2;
    mi_sheet_key(sheet, MARGIN, half, MEASURES - 1, "");
    for (int i = 1; i < MEASURES; i++) {
        mi_sheet_item(sheet, "keyentry with lines lc rgb '%s' lw %s dt %d title '%s'",
                      measures[i].color, i == 3 ? "2.6" : "1.6", i == 4 ? 4 : 1, measures[i].name);
    }
    mi_sheet_end(sheet);
    mi_sheet_key(sheet, half, MI_SHEET_WIDTH, 2, "");
    mi_sheet_item(sheet,
                  "keyentry with lines lc rgb '%s' lw 1.6 title 'logits of the first input, "
                  "one line a prototype'",
                  input_colors[0]);
    mi_sheet_item(sheet, "keyentry with lines lc rgb '%s' lw 1 dt 2 title 'of the second'",
                  input_colors[1]);
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * MEASURES + MARGIN;
}

static void draw(mi_sheet *sheet)
{
    const cJSON *runs = mi_centered_array(sheet->report->result, "loop", "runs"), *run = NULL;
    int top = sheet->bottom + TITLE_MARGIN, column = 0;
    int second = top + HEIGHT + BOTTOM_MARGIN;
    cJSON_ArrayForEach(run, runs)
    {
        if (column < RUNS && cJSON_GetArraySize(steps_of(run)) > 0) {
            draw_logits(sheet, run, mi_sheet_cell(column, RUNS, top, HEIGHT), column == 0);
            draw_measures(sheet, run, mi_sheet_cell(column, RUNS, second, HEIGHT), column == 0);
            column++;
        }
    }
    sheet->bottom = second + HEIGHT + BOTTOM_MARGIN;
    put_keys(sheet);
    if (mi_centered_array(sheet->report->result, "loop", "counts") != NULL) {
        top = sheet->bottom + TITLE_MARGIN;
        mi_box box = mi_sheet_cell(0, 1, top, HEIGHT);
        box.right -= 160;
        draw_counts(sheet, box);
        sheet->bottom = top + HEIGHT + BOTTOM_MARGIN;
    }
    mi_sheet_note(
        sheet,
        "Without sharpening (tau_t > tau_s) everything decays to the uniform output, entropy ln K. "
        "Sharpening alone lets what all inputs share grow with the rest: one prototype takes all "
        "inputs, entropy 0. With both the centre takes the shared part out and the differences "
        "grow. "
        "Two inputs that the network tells apart from the start (similarity 0) do not act on each "
        "other, so that each finds a prototype of its own without a centre; networks start with "
        "outputs that are nearly alike.");
}

const mi_figure mi_figure_center_loop = {
    .name = "center_loop",
    .question = "What do centring and sharpening each keep from collapsing?",
    .caption = "What becomes of the information between inputs and outputs with centring, "
               "sharpening, both or neither, over the similarity of the inputs. A curve at zero "
               "has collapsed; where only both together stay above it, neither is enough.",
    .center = true,
    .any = any,
    .draw = draw,
};
