/* What a self-distillation run told of its steps: entropies, divergence, centre, spread. */
#include <math.h>
#include <string.h>

#include "maskinfo/format.h"
#include "text.h"
#include "train_parts.h"

enum {
    TITLE_MARGIN = 34,
    HEIGHT = 190,
    BOTTOM_MARGIN = 48,
    MARGIN = 20,
    RIGHT_MARGIN = 8,
    CURVES = 4,
    PANELS = 8, /* known ones */
    RIGHT_AXIS = 56,
    KEY_INDENT = 20
};

/* From where on curves of several sizes are easier seen on a logarithmic axis. */
static const double LONG = 20;

/* ln K up to which K is named. */
static const double LARGEST = 20;

typedef struct curve {
    size_t column; /* MI_M_; of the steps MI_S_ where `loss` */
    const char *name, *style;
    bool loss, right; /* of the steps' own block; on the right axis */
} curve;

typedef struct panel {
    const char *title, *y_label, *opt_right_label;
    curve curves[CURVES];
    enum { PLAIN, ENTROPY, LOSS, CENTER, PATCH, PATCH_ENTROPY } kind;
} panel;

static const char between_style[] = "fc rgb '#009e73' fs transparent solid 0.18 noborder";

static const panel panels[PANELS] = {
    {"Outputs of the teacher, class token",
     "nats",
     NULL,
     {{MI_M_MEAN_ENTROPY, "entropy of the mean output", "lc rgb '#0072b2' lw 1.8", 0, 0},
      {MI_M_TEACHER_ENTROPY, "mean entropy of an output", "lc rgb '#d55e00' lw 1.8 dt 2", 0, 0}},
     ENTROPY},
    {"Loss and divergence",
     "nats",
     NULL,
     {{MI_S_LOSS, "loss of the batches", "lc rgb '#0072b2' lw 1.8", true, 0},
      {MI_M_DIVERGENCE, "KL(teacher | student), class token", "lc rgb '#d55e00' lw 1.8 dt 2", 0,
       0}},
     LOSS},
    {"Centre",
     "Euclidean norm",
     NULL,
     {{MI_M_CENTER_DISTANCE, "distance of the batch mean from the centre",
       "lc rgb '#0072b2' lw 1.8", 0, 0},
      {MI_M_CENTER_NOISE, "predicted of noise alone", "lc rgb '#222222' lw 1.6 dt 2", 0, 0},
      {MI_M_CENTER_NORM, "norm of the centre", "lc rgb '#d55e00' lw 1.4 dt 4", 0, 0},
      {MI_M_PATCH_CENTER_NORM, "norm of the centre of patches", "lc rgb '#8c6d1f' lw 1.4 dt 5", 0,
       0}},
     CENTER},
    {"Spread of the features",
     "effective rank",
     "deviation",
     {{MI_M_RANK, "effective rank (left)", "lc rgb '#0072b2' lw 1.8", 0, 0},
      {MI_M_DEVIATION, "deviation of unit features, times the root of the width (right)",
       "lc rgb '#d55e00' lw 1.8 dt 2", 0, true}},
     PLAIN},
    {"Outputs of the teacher, patches",
     "nats",
     NULL,
     {{MI_M_PATCH_MEAN_ENTROPY, "entropy of the mean output", "lc rgb '#0072b2' lw 1.8", 0, 0},
      {MI_M_PATCH_TEACHER_ENTROPY, "mean entropy of an output", "lc rgb '#d55e00' lw 1.8 dt 2", 0,
       0}},
     PATCH_ENTROPY},
    {"Divergence, patches",
     "nats",
     NULL,
     {{MI_M_PATCH_DIVERGENCE, "KL(teacher | student), masked patches",
       "lc rgb '#d55e00' lw 1.8 dt 2", 0, 0}},
     PATCH},
    {"KoLeo",
     "",
     NULL,
     {{MI_M_KOLEO, "minus the mean log distance of nearest features", "lc rgb '#0072b2' lw 1.8", 0,
       0}},
     PLAIN},
    {"Prediction and target",
     "cosine",
     NULL,
     {{MI_M_COSINE, "cosine of the two", "lc rgb '#0072b2' lw 1.8", 0, 0}},
     PLAIN},
};

typedef struct view {
    const mi_trained *t;
    int steps, monitors; /* data blocks; -1: none */
    double end;          /* the last step */
} view;

static const mi_number_rows *rows_of(const view *v, const curve *c)
{
    return c->loss ? &v->t->steps : &v->t->monitored.steps;
}

static bool has(const view *v, const curve *c)
{
    return c->name != NULL && mi_rows_have(rows_of(v, c), c->column);
}

static bool any(const mi_report *report)
{
    const mi_trained *t = mi_report_run(report);
    for (size_t c = MI_M_STEP + 1; t != NULL && c < t->monitored.steps.columns; c++) {
        if (mi_rows_have(&t->monitored.steps, c)) {
            return true;
        }
    }
    return false;
}

/* A panel of the loss alone is that of "training". */
static bool shown(const view *v, const panel *p)
{
    for (int i = 0; i < CURVES; i++) {
        if (has(v, &p->curves[i]) && !p->curves[i].loss) {
            return true;
        }
    }
    return false;
}

static double ceiling(const view *v, const panel *p)
{
    return p->kind == ENTROPY         ? v->t->monitored.log_prototypes
           : p->kind == PATCH_ENTROPY ? v->t->monitored.log_patch_prototypes
           : p->kind == LOSS          ? v->t->uniform_loss
                                      : NAN;
}

static void put_ceiling(mi_sheet *sheet, const view *v, const panel *p)
{
    const mi_monitored *m = &v->t->monitored;
    double height = ceiling(v, p);
    char name[96];
    if (!isfinite(height)) {
        return;
    }
    if (p->kind != LOSS) {
        size_t used = 0;
        mi_append(name, sizeof name, &used, "ln K = %.4g", height);
        if (height < LARGEST) {
            mi_append(name, sizeof name, &used, " (K = %.0f)", exp(height));
        }
    } else if (isfinite(m->log_patch_prototypes)) {
        snprintf(name, sizeof name, "of uniform outputs: %.4g (weighted ln K)", height);
    } else {
        snprintf(name, sizeof name, "of uniform outputs: ln K = %.4g", height);
    }
    fprintf(sheet->script,
            "set arrow from graph 0, first %.8g to graph 1, first %.8g nohead back lc rgb '%s' lw "
            "1.6 dt 3\nset label '%s' at graph 0.98, first %.8g offset 0,0.7 right front tc rgb "
            "'%s' font ',11'\n",
            height, height, mi_exact_color, name, height, mi_exact_color);
}

/* Of the curves on one side, and what is drawn beside them. */
static void find_range(const view *v, const panel *p, bool right, double *low, double *high)
{
    for (int i = 0; i < CURVES; i++) {
        const curve *c = &p->curves[i];
        if (has(v, c) && c->right == right) {
            mi_rows_range(rows_of(v, c), c->column, 0, rows_of(v, c)->columns, low, high);
        }
    }
    double top = right ? NAN : ceiling(v, p);
    *low = fmin(*low, top);
    *high = fmax(*high, top);
}

/* Outputs for patches have a verdict of their own. */
static const mi_collapse *collapse_of(const view *v, const panel *p)
{
    return p->kind == PATCH || p->kind == PATCH_ENTROPY ? &v->t->patch_collapse : &v->t->collapse;
}

static bool collapses(const view *v, const panel *p)
{
    return collapse_of(v, p)->step >= 0 && collapse_of(v, p)->step <= v->end;
}

static void put_axes(mi_sheet *sheet, const view *v, const panel *p)
{
    double low = INFINITY, high = -INFINITY;
    bool logarithmic = false;
    double room = collapses(v, p) ? 0.34 : 0.2; /* for one or two names */
    find_range(v, p, false, &low, &high);
    if ((p->kind == CENTER || p->kind == LOSS) && low > 0 && high / low >= LONG) {
        logarithmic = true;
        fprintf(sheet->script, "set logscale y; set yrange [%.6g:%.6g]\n", low / 1.3,
                high * pow(high / low, room));
    }
    if (!logarithmic) {
        mi_put_range(sheet, low < 0 ? low : 0, high, low < 0 ? 0.05 : 0, room);
    }
    if (p->opt_right_label != NULL) {
        double least = INFINITY, most = -INFINITY;
        find_range(v, p, true, &least, &most);
        if (most > 0) {
            fprintf(sheet->script, "set border 11; set y2tics; set y2range [0:%.6g]\n", 1.2 * most);
        }
    }
    fprintf(sheet->script, "set xrange [0:%.6g]\n", 1.03 * v->end);
}

/* A line at the step where the outputs collapsed, named on the side where there is room. */
static void put_collapse(mi_sheet *sheet, const view *v, const panel *p)
{
    const mi_collapse *c = collapse_of(v, p);
    if (!collapses(v, p)) {
        return;
    }
    bool left = c->step > v->end / 2;
    fprintf(sheet->script,
            "set arrow from %.6g, graph 0 to %.6g, graph 1 nohead front lc rgb '%s' lw 1.4 dt 4\n"
            "set label '%s from step %.0f' at %.6g, graph 1 offset %s,-0.6 %s front tc rgb '%s' "
            "font ',11'\n",
            c->step, c->step, mi_verdict_color(c->verdict), mi_verdict_name(c->verdict), c->step,
            c->step, left ? "-0.6" : "0.6", left ? "right" : "left", mi_verdict_color(c->verdict));
}

static void put_between(mi_sheet *sheet, const view *v, const panel *p)
{
    const curve *c = p->curves;
    if ((p->kind == ENTROPY || p->kind == PATCH_ENTROPY) && has(v, &c[0]) && has(v, &c[1])) {
        mi_sheet_item(sheet, "data index %d using 1:%zu:%zu with filledcurves %s", v->monitors,
                      c[1].column + 1, c[0].column + 1, between_style);
    }
}

static void draw_panel(mi_sheet *sheet, const view *v, const panel *p, mi_box box)
{
    bool right = p->opt_right_label != NULL && has(v, &p->curves[1]);
    if (right) {
        box.right -= RIGHT_AXIS - RIGHT_MARGIN;
    }
    mi_sheet_panel(sheet, box, p->title, "step", p->y_label);
    put_axes(sheet, v, p);
    if (right) {
        fprintf(sheet->script, "set label '%s' at screen X(%d), Y(%d) center rotate\n",
                p->opt_right_label, box.right + RIGHT_AXIS - RIGHT_MARGIN,
                (box.top + box.bottom) / 2);
    }
    put_ceiling(sheet, v, p);
    put_collapse(sheet, v, p);
    put_between(sheet, v, p);
    for (int i = 0; i < CURVES; i++) {
        const curve *c = &p->curves[i];
        if (has(v, c)) {
            /* Numbers that are not taken at every step are joined. */
            mi_sheet_item(sheet, "data index %d using 1:(valid(%zu) ? $%zu : 1/0)%s with lines %s",
                          c->loss ? v->steps : v->monitors, c->column + 1, c->column + 1,
                          c->right ? " axes x1y2" : "", c->style);
        }
    }
    mi_sheet_end(sheet);
    fputs("unset y2tics\n", sheet->script);
}

/* What the curves of a panel are; returns the number of lines. */
static int put_key(mi_sheet *sheet, const view *v, const panel *p, mi_box box)
{
    int entries = 0;
    mi_sheet_key(sheet, box.left - KEY_INDENT, box.right, CURVES + 1, "");
    for (int i = 0; i < CURVES; i++) {
        if (has(v, &p->curves[i])) {
            mi_sheet_item(sheet, "keyentry with lines %s title '%s'", p->curves[i].style,
                          p->curves[i].name);
            entries++;
        }
    }
    if ((p->kind == ENTROPY || p->kind == PATCH_ENTROPY) && entries == 2) {
        mi_sheet_item(sheet,
                      "keyentry with boxes %s title 'their difference: information of image and "
                      "prototype'",
                      between_style);
        entries++;
    }
    mi_sheet_end(sheet);
    return entries;
}

static void draw_row(mi_sheet *sheet, const view *v, const panel *const *row, int columns)
{
    int top = sheet->bottom + TITLE_MARGIN, lines = 0;
    for (int c = 0; c < columns; c++) {
        draw_panel(sheet, v, row[c], mi_sheet_cell(c, columns, top, HEIGHT));
    }
    sheet->bottom = top + HEIGHT + BOTTOM_MARGIN;
    for (int c = 0; c < columns; c++) {
        int own = put_key(sheet, v, row[c], mi_sheet_cell(c, columns, top, HEIGHT));
        lines = own > lines ? own : lines;
    }
    sheet->bottom += lines * MI_LINE_HEIGHT + MARGIN / 2;
}

/* A panel of a monitor that is not known. */
static panel other(const mi_monitored *m, size_t i)
{
    return (panel){
        .title = m->other_names[i],
        .y_label = m->other_units[i],
        .curves = {{MI_M_KNOWN + i, m->other_names[i], "lc rgb '#0072b2' lw 1.8", false, false}}};
}

static void draw_panels(mi_sheet *sheet, const view *v)
{
    panel all[PANELS + MI_MOST_MONITORS];
    const panel *row[2];
    int waiting = 0;
    memcpy(all, panels, sizeof panels);
    for (size_t i = 0; i < PANELS + v->t->monitored.others; i++) {
        if (i >= PANELS) {
            all[i] = other(&v->t->monitored, i - PANELS);
        }
        if (shown(v, &all[i])) {
            row[waiting++] = &all[i];
        }
        if (waiting == 2) {
            draw_row(sheet, v, row, 2);
            waiting = 0;
        }
    }
    if (waiting > 0) {
        draw_row(sheet, v, row, 1);
    }
}

static int put_monitors(mi_sheet *sheet, const mi_trained *t)
{
    char heading[2048];
    size_t used = 0;
    mi_append(heading, sizeof heading, &used,
              "step teacher_entropy(nats) mean_entropy(nats) information(nats) divergence(nats) "
              "center_norm center_distance center_noise effective_rank feature_deviation "
              "patch_teacher_entropy(nats) patch_mean_entropy(nats) patch_information(nats) "
              "patch_divergence(nats) patch_center_norm koleo cosine");
    for (size_t i = 0; i < t->monitored.others; i++) {
        mi_append(heading, sizeof heading, &used, " %s", t->monitored.other_names[i]);
    }
    const mi_number_rows *rows = &t->monitored.steps;
    return mi_sheet_block(sheet, t->label, heading, rows->values, rows->columns, rows->rows);
}

/* A sentence of the result, or else the name of its verdict, set apart from what is before it. */
static void put_sentence(char *text, size_t size, size_t *used, const char *before,
                         const char *sentence)
{
    if (sentence[0] != '\0') {
        size_t length = strlen(sentence);
        mi_append(text, size, used, "%s%s%s%s", *used > 0 ? " " : "", before, sentence,
                  sentence[length - 1] == '.' ? "" : ".");
    }
}

static void put_verdict(char *text, size_t size, size_t *used, const char *before,
                        const mi_collapse *c)
{
    if (c->verdict != MI_VERDICT_UNKNOWN) {
        put_sentence(text, size, used, before,
                     c->message[0] != '\0' ? c->message : mi_verdict_name(c->verdict));
    }
}

static void put_note(mi_sheet *sheet, const mi_trained *t)
{
    char text[1600] = "", told[160];
    size_t used = 0;
    const mi_collapse *c = &t->collapse;
    put_verdict(text, sizeof text, &used, "Verdict: ", c);
    put_verdict(text, sizeof text, &used, "Patches: ", &t->patch_collapse);
    if (isfinite(c->information) && isfinite(t->monitored.log_prototypes)) {
        snprintf(told, sizeof told,
                 "At the end the prototypes tell %.3g of at most ln K = %.4g nats of the image.",
                 c->information, t->monitored.log_prototypes);
        put_sentence(text, sizeof text, &used, "", told);
    }
    put_sentence(text, sizeof text, &used, "", c->remark);
    if (mi_rows_have(&t->monitored.steps, MI_M_CENTER_NOISE)) {
        put_sentence(text, sizeof text, &used, "",
                     "Centre: once it has found the mean of the outputs, its distance from a "
                     "batch's mean is the noise of that mean (dashed).");
    }
    mi_sheet_note(sheet, text);
}

static void draw(mi_sheet *sheet)
{
    const mi_trained *t = mi_report_run(sheet->report);
    const mi_number_rows *rows = &t->monitored.steps;
    view v = {.t = t, .steps = -1, .end = fmax(mi_rows_at(rows, rows->rows - 1, MI_M_STEP), 1)};
    mi_put_run_heading(sheet, t);
    v.monitors = put_monitors(sheet, t);
    if (t->steps.rows > 0) {
        v.steps = mi_sheet_block(sheet, "loss", "step loss loss_low loss_high rate gradient_norm",
                                 t->steps.values, t->steps.columns, t->steps.rows);
    }
    draw_panels(sheet, &v);
    put_note(sheet, t);
}

const mi_figure mi_figure_monitors = {
    .name = "monitors",
    .question = "Do the outputs still tell images apart?",
    .caption = "What a self-distillation told over its steps. The area between the teacher's two "
               "entropies is the information between image and prototype: where it closes, the "
               "outputs have collapsed, to one prototype at zero or to all alike at ln K.",
    .train = true,
    .any = any,
    .draw = draw,
};
