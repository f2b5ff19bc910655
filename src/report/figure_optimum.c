/* The measured optimum of each source against what its fits say about it. */
#include <math.h>

#include "figure.h"

enum { TITLE_MARGIN = 34, HEIGHT = 340, BOTTOM_MARGIN = 56 };

static bool listed(const mi_source *s)
{
    return mi_source_in(s, "optimum") && s->has_optimum && (s->exponential.valid || s->power.valid);
}

static const mi_panel panel = {"", "", false, listed, MI_F_INFORMATION, MI_F_NONE, ""};

/* One side: what is on the x axis, and the closed form of the optimum as a gnuplot function. */
static const struct side {
    const char *title, *x_label, *closed_form, *name;
    int column; /* of the source's block: exponent, low, high */
} sides[] = {
    {"Against the rate of the exponential fit", "λ of I₀ exp(-λ r)", "x < 1 ? 1 : 1/x",
     "min(1, 1/λ)", 1},
    {"Against the exponent of the power-law fit", "κ of I₀ (1-r)^κ", "1/(1+x)", "1/(1+κ)", 4},
};

static bool any(const mi_report *report)
{
    return mi_panel_any(&panel, report);
}

static const mi_decay *decay_of(const mi_source *s, const struct side *side)
{
    return side == &sides[0] ? &s->exponential : &s->power;
}

/* On a logarithmic axis only what is positive has a place. */
static bool has_place(const mi_source *s, const struct side *side)
{
    const mi_decay *decay = decay_of(s, side);
    return listed(s) && decay->valid && decay->exponent > 0;
}

static void put_bounds(double row[3], const mi_decay *decay)
{
    double error = isfinite(decay->exponent_se) ? decay->exponent_se : 0;
    row[0] = decay->valid ? decay->exponent : NAN;
    row[1] = row[0] - 2 * error;
    row[2] = row[0] + 2 * error;
}

static void put_block(mi_sheet *sheet, const mi_source *s)
{
    double row[9];
    put_bounds(row, &s->exponential);
    put_bounds(row + 3, &s->power);
    row[6] = s->optimum;
    row[7] = isfinite(s->low) ? s->low : s->optimum;
    row[8] = isfinite(s->high) ? s->high : s->optimum;
    sheet->block_of[s->number] = mi_sheet_block(
        sheet, s->label,
        "rate rate-2se rate+2se exponent exponent-2se exponent+2se optimum low(95%) high(95%)", row,
        9, 1);
}

/* A range of the x axis that holds every point and 1, with room at both ends. */
static void find_range(const mi_report *report, const struct side *side, double *ret_low,
                       double *ret_high)
{
    double low = 0.5, high = 2;
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (has_place(s, side)) {
            low = fmin(low, decay_of(s, side)->exponent);
            high = fmax(high, decay_of(s, side)->exponent);
        }
    }
    *ret_low = fmax(1e-6, low / 1.6);
    *ret_high = high * 1.6;
}

static void put_background(mi_sheet *sheet, const struct side *side)
{
    FILE *file = sheet->script;
    double low = 0, high = 0;
    find_range(sheet->report, side, &low, &high);
    fprintf(file,
            "set samples 500; set logscale x; set xrange [%.4g:%.4g]; set yrange [0:1.04]; set "
            "ytics 0, 0.25, 1\n"
            "set xtics (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000)\n"
            "set object rectangle from graph 0, first 0.5 to graph 1, first 1 "
            "fc rgb '#eef4fa' fs solid noborder behind\n"
            "set object rectangle from graph 0, first 0 to graph 1, first 0.5 "
            "fc rgb '#fbf1e8' fs solid noborder behind\n"
            "set label 'redundancy: r* ≥ 1/2' at graph 0.98, first 0.94 right "
            "tc rgb '#4a6f94' font ',11'\n"
            "set label 'synergy: r* ≤ 1/2' at graph 0.02, first 0.05 left "
            "tc rgb '#a0622d' font ',11'\n",
            low, high);
    fputs("set arrow from graph 0, first 0.15 to graph 1, first 0.15 nohead lc rgb '#aaaaaa' back\n"
          "set arrow from graph 0, first 0.75 to graph 1, first 0.75 nohead lc rgb '#aaaaaa' back\n"
          "set label 'BERT 15 %' at graph 0.02, first 0.175 left tc rgb '#777777' font ',10'\n"
          "set label 'MAE 75 %' at graph 0.98, first 0.775 right tc rgb '#777777' font ',10'\n",
          file);
}

static void draw_side(mi_sheet *sheet, const struct side *side, int column)
{
    const mi_report *report = sheet->report;
    int top = sheet->bottom + TITLE_MARGIN, x = side->column;
    mi_sheet_panel(sheet, mi_sheet_cell(column, 2, top, HEIGHT), side->title, side->x_label,
                   column == 0 ? "measured optimum r*" : "");
    put_background(sheet, side);
    mi_sheet_item(sheet, "%s with lines lc rgb '#000000' lw 1.2 dt %d", side->closed_form,
                  column + 1);
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (has_place(s, side)) {
            mi_sheet_item(sheet,
                          "data index %d using %d:7:($%d > 1e-6 ? $%d : 1e-6):%d:8:9 "
                          "with xyerrorbars ls %zu dt 1 ps 1.2",
                          sheet->block_of[i], x, x + 1, x + 1, x + 2, i + 1);
        }
    }
    mi_sheet_end(sheet);
}

static void draw_key(mi_sheet *sheet)
{
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, 2, "");
    for (int i = 0; i < 2; i++) {
        mi_sheet_item(sheet, "keyentry with lines lc rgb '#000000' lw 1.2 dt %d title '%s'", i + 1,
                      sides[i].name);
    }
    mi_sheet_end(sheet);
    sheet->bottom += 2 * MI_LINE_HEIGHT + 16;
}

static void draw(mi_sheet *sheet)
{
    for (size_t i = 0; i < sheet->report->count; i++) {
        if (mi_panel_shows(&panel, &sheet->report->sources[i])) {
            put_block(sheet, &sheet->report->sources[i]);
        }
    }
    draw_side(sheet, &sides[0], 0);
    draw_side(sheet, &sides[1], 1);
    sheet->bottom += TITLE_MARGIN + HEIGHT + BOTTOM_MARGIN;
    mi_sheet_legend(sheet);
    draw_key(sheet);
    mi_sheet_note(sheet, "Bars: 95 % interval of r*, ± 2 standard errors of λ and κ. A point on "
                         "the line has the optimum that its fit predicts.");
    if (sheet->report->verdict[0] != '\0') {
        mi_sheet_note(sheet, sheet->report->verdict);
    }
}

const mi_figure mi_figure_optimum = {
    .name = "optimum",
    .question = "Where does the optimum lie?",
    .caption = "The best ratio of each source: measured with its 95 % interval, and from both "
               "fits. Where an interval covers the grey line, the published ratio agrees with the "
               "measurement; an exponential at 1 is a corner, not an optimum.",
    .compare = true,
    .any = any,
    .draw = draw,
};
