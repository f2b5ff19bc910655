/* The figures that a sweep has of its own. */
#include <math.h>
#include <string.h>

#include "maskinfo/format.h"
#include "sweep_parts.h"
#include "text.h"

enum { LABEL_MARGIN = 52 /* between the axes and the name of y, beside short tics */ };

void mi_combinations_add(mi_combinations *c, const mi_swept *swept, size_t axis)
{
    c->count = c->axis_count == 0 ? swept->axes[axis].count : c->count * swept->axes[axis].count;
    c->axes[c->axis_count++] = axis;
}

/* Index of the combination on its axis `i`. */
static size_t index_on(const mi_combinations *c, const mi_swept *swept, size_t number, size_t i)
{
    for (size_t k = c->axis_count; --k > i;) {
        number /= swept->axes[c->axes[k]].count;
    }
    return number % swept->axes[c->axes[i]].count;
}

size_t mi_combinations_cell(const mi_combinations *c, const mi_swept *swept, size_t number)
{
    size_t cell = 0;
    for (size_t i = 0; i < c->axis_count; i++) {
        cell += index_on(c, swept, number, i) * swept->strides[c->axes[i]];
    }
    return cell;
}

void mi_combinations_label(const mi_combinations *c, const mi_swept *swept, size_t number,
                           bool named, char label[MI_SWEEP_LABEL])
{
    enum { PART = 60, BYTES = 4 * PART + 2 };
    size_t used = 0;
    label[0] = '\0';
    for (size_t i = 0; i < c->axis_count && used + 2 * BYTES < MI_SWEEP_LABEL; i++) {
        const mi_swept_axis *axis = &swept->axes[c->axes[i]];
        char part[BYTES];
        mi_append(label, MI_SWEEP_LABEL, &used, "%s", i > 0 ? ", " : "");
        if (named && axis->numeric) {
            mi_text_fit(part, sizeof part, axis->bare, PART, "");
            mi_append(label, MI_SWEEP_LABEL, &used, "%s ", part);
        }
        mi_text_fit(part, sizeof part, axis->labels[index_on(c, swept, number, i)], PART, "");
        mi_append(label, MI_SWEEP_LABEL, &used, "%s", part);
    }
}

const mi_swept_value *mi_sweep_value(const mi_swept *swept, size_t cell, size_t column)
{
    return &swept->values[cell * swept->column_count + column];
}

void mi_sweep_name(char text[MI_SWEEP_LABEL], const char *bare, const char *label, size_t limit)
{
    const char *unit = label + strlen(bare);
    if (2 * mi_text_length(unit) > limit) {
        mi_text_fit(text, MI_SWEEP_LABEL, label, limit, "");
    } else {
        mi_text_fit(text, MI_SWEEP_LABEL, bare, limit, unit);
    }
}

void mi_sweep_panel(mi_sheet *sheet, mi_box box, int room, const char *title,
                    const mi_swept_axis *x, const char *y_label)
{
    char name[MI_SWEEP_LABEL];
    mi_sweep_name(name, x->bare, x->label, mi_sheet_across(box));
    mi_sheet_panel(sheet, box, title, name, "");
    fputs("set label ", sheet->script);
    mi_text_quote(sheet->script, y_label, mi_sheet_upright(box), "");
    fprintf(sheet->script, " at screen X(%d), Y(%d) center rotate\n",
            box.left - LABEL_MARGIN - room, (box.top + box.bottom) / 2);
}

void mi_sweep_notes(mi_sheet *sheet, const mi_swept_figure *figure, const char *general)
{
    char note[160];
    const mi_swept *swept = sheet->report->opt_swept;
    if (figure->note[0] != '\0') {
        mi_sheet_note(sheet, figure->note);
    }
    mi_sheet_note(sheet, general);
    if (swept->failed > 0) {
        snprintf(note, sizeof note, "%zu of %zu units failed; what is shown is of the others.",
                 swept->failed, swept->units);
        mi_sheet_note(sheet, note);
    }
}

static bool always(const mi_report *report)
{
    (void)report;
    return true;
}

static bool never(const mi_report *report)
{
    (void)report;
    return false;
}

/* Is there anything in a column that the kind of figure can draw? */
static bool drawable(const mi_swept *swept, const mi_swept_figure *figure)
{
    bool any = false;
    for (size_t i = 0; swept->values != NULL && i < figure->count; i++) {
        bool numeric = swept->columns[figure->columns[i]].numeric;
        for (size_t cell = 0; cell < swept->cell_count && !any; cell++) {
            const mi_swept_value *value = mi_sweep_value(swept, cell, figure->columns[i]);
            any = numeric ? isfinite(value->mean) : figure->heat && value->count > 0;
        }
    }
    return any;
}

static void draw(mi_sheet *sheet)
{
    const mi_swept *swept = sheet->report->opt_swept;
    const mi_swept_figure *figure = swept->figures;
    while (strcmp(figure->name, sheet->name) != 0) {
        figure++;
    }
    if (figure->heat) {
        mi_sweep_heat(sheet, figure);
    } else {
        mi_sweep_lines(sheet, figure);
    }
}

size_t mi_sweep_figures(const mi_report *report)
{
    return report->opt_swept == NULL ? 0 : report->opt_swept->figure_count;
}

static const char lines_caption[] =
    "The mean over the seeds at each value of the x axis with its 95 % interval (Student's t), a "
    "line for each combination of the other axes. Settings share their seeds, so that they are to "
    "be compared seed by seed: intervals that overlap may still be told apart so.";
static const char bare_lines_caption[] =
    "The value at each value of the x axis, a line for each combination of the other axes. No "
    "setting has two seeds that succeeded, so that no interval is known.";
static const char heat_caption[] =
    "The mean over the seeds for each pair of values of two axes, as a colour; the scale is beside "
    "the map. A field that is empty has no unit that succeeded. Intervals are in the table of "
    "cells.";
static const char bare_heat_caption[] =
    "The value for each pair of values of two axes, as a colour; the scale is beside the map. A "
    "field that is empty has no unit that succeeded.";
static const char text_caption[] =
    "The commonest over the seeds for each pair of values of two axes, as a colour. A field that "
    "is empty has no unit that succeeded. How often each came is in the table of cells.";
static const char mixed_caption[] =
    "The mean over the seeds, of texts the commonest, for each pair of values of two axes, as a "
    "colour. A field that is empty has no unit that succeeded. The table of cells has more.";

static const char *caption_of(const mi_swept *swept, const mi_swept_figure *figure)
{
    size_t texts = 0;
    bool intervals = mi_swept_has_intervals(swept);
    for (size_t i = 0; i < figure->count; i++) {
        texts += !swept->columns[figure->columns[i]].numeric;
    }
    if (!figure->heat) {
        return intervals ? lines_caption : bare_lines_caption;
    }
    if (texts > 0) {
        return texts == figure->count ? text_caption : mixed_caption;
    }
    return intervals ? heat_caption : bare_heat_caption;
}

mi_figure mi_sweep_figure(const mi_report *report, size_t number)
{
    const mi_swept_figure *figure = &report->opt_swept->figures[number];
    return (mi_figure){.name = figure->name,
                       .question = figure->title,
                       .caption = caption_of(report->opt_swept, figure),
                       .any = drawable(report->opt_swept, figure) ? always : never,
                       .draw = draw};
}
