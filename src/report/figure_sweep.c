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
    "line for each combination of the other axes. Where intervals overlap widely the sweep does "
    "not "
    "tell the settings apart; one seed has no interval.";
static const char heat_caption[] =
    "The mean over the seeds for each pair of values of two axes, as a colour; the scale is beside "
    "the map. A field that is empty has no unit that succeeded. Intervals are in the table of "
    "cells.";

static const char words_caption[] =
    "The commonest text over the seeds for each pair of values of two axes, as a colour that is "
    "named "
    "below. A field that is empty has no unit that succeeded. How often each text came is in the "
    "table of cells.";

/* Has the map of a figure colours for numbers? */
static bool has_numbers(const mi_swept *swept, const mi_swept_figure *figure)
{
    bool any = false;
    for (size_t i = 0; i < figure->count; i++) {
        any = any || swept->columns[figure->columns[i]].numeric;
    }
    return any;
}

mi_figure mi_sweep_figure(const mi_report *report, size_t number)
{
    const mi_swept_figure *figure = &report->opt_swept->figures[number];
    return (mi_figure){.name = figure->name,
                       .question = figure->title,
                       .caption = !figure->heat                            ? lines_caption
                                  : has_numbers(report->opt_swept, figure) ? heat_caption
                                                                           : words_caption,
                       .any = drawable(report->opt_swept, figure) ? always : never,
                       .draw = draw};
}
