/* The answer of a sweep: what its texts and the peaks of its lines are, and between which values
 * each column of numbers lies, with what may be said of differences between cells. */
#include <math.h>
#include <string.h>

#include "html_answer_sweep.h"

enum { TEXT = 600, MOST_LINES = 16, MOST_NAMED = 8 };

/* A number to two digits of a spread. */
static void add_number(mi_answer_line *l, double value, double spread)
{
    int digits = 4;
    if (spread > 0 && fabs(value) > 0) {
        digits = (int)floor(log10(fmax(fabs(value), spread))) - (int)floor(log10(spread)) + 2;
        digits = digits < 2 ? 2 : digits > 11 ? 11 : digits;
    }
    ADD(l, "%.*g", digits, value);
}

static void add_interval(mi_answer_line *l, double low, double high)
{
    add_number(l, low, (high - low) / 2);
    ADD(l, " to ");
    add_number(l, high, (high - low) / 2);
}

static bool matters(const mi_answer_place *p, size_t axis)
{
    return mi_answer_counts(p, axis) && !mi_swept_idle(p->swept, p->part, p->column, axis);
}

/* "side 28, kappa 0.003" without the axis `but`; whether it is anything. */
static bool add_place(mi_answer_line *l, const mi_answer_place *p, size_t cell, size_t but)
{
    bool any = false;
    for (size_t a = 0; a < p->swept->axis_count; a++) {
        if (a != but && matters(p, a)) {
            const mi_swept_axis *axis = &p->swept->axes[a];
            ADD(l, "%s%s %s", any ? ", " : "", mi_answer_axis(axis),
                axis->labels[mi_swept_at(p->swept, cell, a)]);
            any = true;
        }
    }
    return any;
}

/* Is the cell the first of those that differ in nothing that matters? */
static bool leads(const mi_answer_place *p, size_t cell)
{
    bool first = true;
    for (size_t a = 0; a < p->swept->axis_count && first; a++) {
        first = mi_swept_at(p->swept, cell, a) == 0 || !mi_answer_counts(p, a) || matters(p, a);
    }
    return first;
}

/* ---- numbers ---- */

typedef struct extremes {
    size_t low, high;   /* cells */
    size_t lows, highs; /* cells of that value */
    double cells;       /* that differ in what matters */
} extremes;

/* False where no cell has a number. */
static bool find_extremes(const mi_answer_place *p, extremes *e)
{
    double low = INFINITY, high = -INFINITY;
    *e = (extremes){.cells = 0};
    for (size_t i = p->part.first; i < p->part.first + p->part.count; i++) {
        double mean = mi_answer_value(p, i)->mean;
        if (!isfinite(mean) || !leads(p, i)) {
            continue;
        }
        e->cells++;
        e->lows = mi_swept_same(mean, low) ? e->lows + 1 : mean < low ? 1 : e->lows;
        e->highs = mi_swept_same(mean, high) ? e->highs + 1 : mean > high ? 1 : e->highs;
        if (mean < low && !mi_swept_same(mean, low)) {
            e->low = i;
            low = mean;
        }
        if (mean > high && !mi_swept_same(mean, high)) {
            e->high = i;
            high = mean;
        }
    }
    return e->cells > 0;
}

/* "0.91 (95 % interval 0.9 to 0.92)" */
static void add_value(mi_answer_line *l, const mi_swept_value *value)
{
    bool spreads = mi_swept_spreads(value);
    add_number(l, value->mean, spreads ? (value->high - value->low) / 2 : 0);
    if (spreads) {
        ADD(l, " (95 %% interval ");
        add_interval(l, value->low, value->high);
        ADD(l, ")");
    }
}

/* "0.91 at side 28, kappa 0.003 and 2 other cells" */
static void add_cell(mi_answer_line *l, const mi_answer_place *p, size_t cell, size_t ties)
{
    add_value(l, mi_answer_value(p, cell));
    ADD(l, " at ");
    add_place(l, p, cell, p->swept->axis_count);
    if (ties > 1) {
        ADD(l, " and %zu other %s", ties - 1, ties > 2 ? "cells" : "cell");
    }
}

/* The pair was chosen as the extremes of all, which its interval must allow for. */
static void add_difference(mi_answer_line *l, const mi_answer_place *p, const extremes *e)
{
    double pairs = e->cells * (e->cells - 1) / 2;
    mi_paired d = mi_swept_pair(p->swept, p->column, e->low, e->high, pairs);
    if (d.told == MI_TOLD_FIXED) {
        ADD(l, "; the difference is the same with every seed");
    } else if (d.told != MI_TOLD_UNKNOWN) {
        ADD(l,
            "; by the differences of their %zu seeds these two, the smallest and the largest of "
            "%.0f cells, are %s (",
            d.seeds, e->cells, d.told == MI_TOLD_APART ? "told apart" : "not told apart");
        add_number(l, d.difference, (d.high - d.low) / 2);
        ADD(l, pairs > 1 ? ", interval " : ", 95 %% interval ");
        add_interval(l, d.low, d.high);
        if (pairs > 1) {
            ADD(l, ", one of 95 %% for all %.0f pairs of cells together", pairs);
        }
        ADD(l, ")");
    }
}

/* "whatever the temperature" */
static void add_idle(mi_answer_line *l, const mi_answer_place *p, const char *before)
{
    bool any = false;
    for (size_t a = 0; a < p->swept->axis_count; a++) {
        if (mi_answer_counts(p, a) && !matters(p, a)) {
            ADD(l, "%s%s", any ? ", " : before, mi_answer_axis(&p->swept->axes[a]));
            any = true;
        }
    }
}

static void say_range(FILE *page, const mi_answer_place *p)
{
    mi_answer_line l = {.used = 0};
    extremes e;
    if (!find_extremes(p, &e)) {
        return;
    }
    mi_answer_head(&l, p->swept->columns[p->column].label, p->part);
    if (e.cells < 2) {
        ADD(&l, p->part.count > 1 ? ": the same, " : ": ");
        add_value(&l, mi_answer_value(p, e.low));
        add_idle(&l, p, ", at all ");
    } else {
        ADD(&l, ": from ");
        add_cell(&l, p, e.low, e.lows);
        ADD(&l, " to ");
        add_cell(&l, p, e.high, e.highs);
        add_idle(&l, p, ", whatever the ");
        add_difference(&l, p, &e);
    }
    mi_html_say(page, "%s.", l.text);
}

/* ---- peaks ---- */

/* A line of a figure: the cells from `first` on along an axis. */
typedef struct ridge {
    const mi_answer_place *place;
    size_t first, axis, points, peak;
    bool inside; /* the largest mean is at neither end of the numbers that there are */
} ridge;

static size_t cell_on(const ridge *r, size_t i)
{
    return r->first + i * r->place->swept->strides[r->axis];
}

static void find_peak(ridge *r)
{
    const mi_swept_axis *x = &r->place->swept->axes[r->axis];
    double most = -INFINITY, low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < x->count; i++) {
        double mean = mi_answer_value(r->place, cell_on(r, i))->mean;
        if (isfinite(mean)) {
            r->points++;
            low = fmin(low, x->values[i]);
            high = fmax(high, x->values[i]);
            r->peak = mean > most ? i : r->peak;
            most = fmax(most, mean);
        }
    }
    r->inside = r->points > 2 && x->values[r->peak] > low && x->values[r->peak] < high;
}

/* Values of x whose means are not told apart from the peak. */
static void add_rivals(mi_answer_line *l, const ridge *r)
{
    const mi_swept_axis *x = &r->place->swept->axes[r->axis];
    size_t rivals = 0, told = 0;
    double pairs = (double)r->points * (double)(r->points - 1) / 2;
    for (size_t i = 0; i < x->count; i++) {
        mi_paired d = mi_swept_pair(r->place->swept, r->place->column, cell_on(r, i),
                                    cell_on(r, r->peak), pairs);
        told += i != r->peak && d.told == MI_TOLD_APART;
        if (i != r->peak && d.told == MI_TOLD_NOT && rivals++ < MOST_NAMED) {
            ADD(l, "%s%s", rivals == 1 ? ", not told apart from " : ", ", x->labels[i]);
        }
    }
    if (rivals > MOST_NAMED) {
        ADD(l, " and %zu more", rivals - MOST_NAMED);
    } else if (rivals == 0 && told > 0) {
        ADD(l, ", told apart from all others");
    }
}

static void add_peak(mi_answer_line *l, const ridge *r, bool first)
{
    const mi_swept_axis *x = &r->place->swept->axes[r->axis];
    mi_answer_line at = {.used = 0};
    ADD(l, "%s", first ? "" : "; ");
    if (add_place(&at, r->place, r->first, r->axis)) {
        ADD(l, "with %s ", at.text);
    }
    ADD(l, "largest at %s", x->labels[r->peak]);
    add_rivals(l, r);
}

/* Lines with a peak inside, and how many have none. */
static void say_peaks(FILE *page, const mi_answer_place *p, size_t axis)
{
    size_t lines = 0, inside = 0;
    mi_answer_line l = {.used = 0};
    mi_answer_head(&l, p->swept->columns[p->column].label, p->part);
    ADD(&l, " over %s: ", mi_answer_axis(&p->swept->axes[axis]));
    for (size_t i = p->part.first; i < p->part.first + p->part.count; i++) {
        ridge r = {.place = p, .first = i, .axis = axis};
        if (mi_swept_at(p->swept, i, axis) == 0 && leads(p, i)) {
            find_peak(&r);
            lines += r.points > 2;
            if (r.inside && inside++ < MOST_LINES) {
                add_peak(&l, &r, inside == 1);
            }
        }
    }
    if (inside > 0 && lines > inside) {
        ADD(&l, "; at an end of the range in %zu of %zu lines", lines - inside, lines);
    }
    if (inside > 0) {
        mi_html_say(page, "%s.%s", l.text,
                    inside > MOST_LINES ? " The other lines are in the figure." : "");
    }
}

/* Is it the first figure of lines with this column over this axis? */
static bool is_new(const mi_swept *s, size_t figure, size_t column)
{
    for (size_t f = 0; f <= figure; f++) {
        const mi_swept_figure *g = &s->figures[f];
        for (size_t c = 0; !g->heat && g->x == s->figures[figure].x && c < g->count; c++) {
            if (g->columns[c] == s->figures[figure].columns[column]) {
                return f == figure && c == column;
            }
        }
    }
    return false;
}

static void say_figure(FILE *page, const mi_swept *s, size_t figure)
{
    const mi_swept_figure *f = &s->figures[figure];
    for (size_t c = 0; c < f->count; c++) {
        for (size_t k = 0; k < mi_swept_parts(s); k++) {
            const mi_answer_place p = {s, mi_swept_part_at(s, k), f->columns[c]};
            if (s->columns[p.column].numeric && is_new(s, figure, c) && matters(&p, f->x)) {
                say_peaks(page, &p, f->x);
            }
        }
    }
}

static void say_column(FILE *page, const mi_swept *s, size_t column)
{
    for (size_t k = 0; k < mi_swept_parts(s); k++) {
        const mi_answer_place p = {s, mi_swept_part_at(s, k), column};
        (s->columns[column].numeric ? say_range : mi_answer_texts)(page, &p);
    }
}

/* What the figures show: where lines peak, where two columns of texts agree; how many. */
static size_t say_figures(FILE *page, const mi_swept *s)
{
    size_t said = 0;
    for (size_t f = 0; f < s->figure_count; f++) {
        said += mi_answer_agreement(page, s, f);
        if (!s->figures[f].heat && s->axes[s->figures[f].x].numeric) {
            say_figure(page, s, f);
            said++;
        }
    }
    return said;
}

static void say_columns(FILE *page, const mi_swept *s, bool numeric)
{
    for (size_t c = 0; c < s->column_count; c++) {
        if (s->columns[c].numeric == numeric) {
            say_column(page, s, c);
        }
    }
}

void mi_answer_sweep(const mi_section *section)
{
    const mi_swept *s = section->report->opt_swept;
    const char *answer = mi_json_text(section->result, "answer");
    FILE *page = section->page;
    if (answer != NULL) {
        mi_html_say(page, "%s", answer);
    }
    mi_html_say(page, "%zu of %zu units were computed, %zu failed.", s->done, s->units, s->failed);
    if (s->values == NULL) {
        return;
    }
    size_t said = say_figures(page, s);
    say_columns(page, s, false);
    /* Long, and beside the point where figures have been put into words. */
    fprintf(page, "<details%s><summary>Smallest and largest of each column</summary>\n",
            said == 0 ? " open" : "");
    say_columns(page, s, true);
    fputs("</details>\n", page);
}
