/* Accuracies from the literature over the objective of the source that they are held against. */
#include <math.h>

#include "figure.h"
#include "text.h"

enum {
    TITLE_MARGIN = 66, /* three lines: label, metric, correlation */
    HEIGHT = 230,
    BOTTOM_MARGIN = 56,
    TITLE_LIMIT = 54,
    LINE_LIMIT = 70,
    RIGHT_AXIS = 60,
    LABEL_MARGIN = 56
};

static const mi_field fields[] = {MI_F_RATIO, MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE,
                                  MI_F_OBJECTIVE_SHARE, MI_F_OBJECTIVE_SHARE_SE};

static bool drawable(const mi_overlay *o)
{
    return o->count > 0 && o->opt_against != NULL &&
           mi_source_has(o->opt_against, MI_F_OBJECTIVE_SHARE);
}

static bool any(const mi_report *report)
{
    for (size_t i = 0; i < report->overlay_count; i++) {
        if (drawable(&report->overlays[i])) {
            return true;
        }
    }
    return false;
}

static void put_title(mi_sheet *sheet, const mi_overlay *o)
{
    char correlation[96] = "no rank correlation: too few points";
    if (isfinite(o->rank_correlation)) {
        snprintf(correlation, sizeof correlation, "rank correlation %.2f over %.0f ratios",
                 o->rank_correlation, isfinite(o->pairs) ? o->pairs : (double)o->count);
    }
    fputs("set title ", sheet->script);
    mi_text_quote(sheet->script, o->label, TITLE_LIMIT, "");
    fputs(" font ',13' offset 0,1.6\nset label ", sheet->script);
    mi_text_quote(sheet->script, o->origin, LINE_LIMIT, "");
    fprintf(sheet->script,
            " at graph 0.5, graph 1.12 center font ',10'\n"
            "set label '%s' at graph 0.5, graph 1.05 center font ',11'\n",
            correlation);
}

/* Smallest and largest value with some room, so that no marker sits on the frame. */
static void find_range(const mi_overlay *o, double *ret_low, double *ret_high)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < o->count; i++) {
        low = fmin(low, o->numbers[2 * i + 1]); /* fmin and fmax pass over what is missing */
        high = fmax(high, o->numbers[2 * i + 1]);
    }
    double room = high > low ? 0.1 * (high - low) : 1;
    *ret_low = low - room;
    *ret_high = high + room;
}

static void put_second_axis(mi_sheet *sheet, const mi_overlay *o, mi_box box)
{
    double low = 0, high = 0;
    find_range(o, &low, &high);
    fprintf(sheet->script, "set border 11; set y2tics; set y2range [%.6g:%.6g]\nset label ", low,
            high);
    mi_text_quote(sheet->script, o->metric, TITLE_LIMIT, "");
    fprintf(sheet->script, " at screen X(%d), Y(%d) center rotate\n", box.right + LABEL_MARGIN,
            (box.top + box.bottom) / 2);
}

static void draw_overlay(mi_sheet *sheet, const mi_overlay *o, mi_box box)
{
    int block = mi_sheet_block(sheet, o->label, "ratio value", o->numbers, 2, o->count);
    mi_sheet_panel(sheet, box, o->label, "masking ratio r", "r i(r) / its maximum");
    put_title(sheet, o);
    put_second_axis(sheet, o, box);
    mi_sheet_curve(sheet, o->opt_against, MI_F_OBJECTIVE_SHARE, MI_F_OBJECTIVE_SHARE_SE);
    mi_sheet_item(sheet,
                  "data index %d using 1:2 axes x1y2 with linespoints lc rgb '#000000' "
                  "lw 1 dt 3 pt 13 ps 1.2",
                  block);
    mi_sheet_end(sheet);
    fputs("unset y2tics\n", sheet->script);
}

static void draw_overlays(mi_sheet *sheet)
{
    const mi_report *report = sheet->report;
    int cell = 0, top = sheet->bottom;
    for (size_t i = 0; i < report->overlay_count; i++) {
        if (drawable(&report->overlays[i])) {
            int row = cell / 2;
            mi_box box = mi_sheet_cell(
                cell % 2, 2, top + row * (TITLE_MARGIN + HEIGHT + BOTTOM_MARGIN) + TITLE_MARGIN,
                HEIGHT);
            box.right -= RIGHT_AXIS;
            draw_overlay(sheet, &report->overlays[i], box);
            cell++;
        }
    }
    sheet->bottom = top + (cell + 1) / 2 * (TITLE_MARGIN + HEIGHT + BOTTOM_MARGIN);
}

static void write_sources(mi_sheet *sheet)
{
    sheet->fields = fields;
    sheet->field_count = sizeof fields / sizeof fields[0];
    for (size_t i = 0; i < sheet->report->overlay_count; i++) {
        const mi_overlay *o = &sheet->report->overlays[i];
        if (drawable(o) && sheet->block_of[o->opt_against->number] < 0) {
            mi_sheet_source_block(sheet, o->opt_against);
        }
    }
}

static void draw(mi_sheet *sheet)
{
    write_sources(sheet);
    draw_overlays(sheet);
    mi_sheet_legend(sheet);
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, 1, "");
    mi_sheet_item(sheet, "keyentry with linespoints lc rgb '#000000' lw 1 dt 3 pt 13 ps 1.2 title "
                         "'published (right axis)'");
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT + 16;
    mi_sheet_note(sheet,
                  "What such an overlay can show: whether accuracy and information peak at "
                  "similar ratios. What it can not: a cause. The points are few, their networks "
                  "saw other data (ImageNet, not these photographs), predictability is not "
                  "quality (grid masks are the easiest to predict and not the best to learn "
                  "from), and any two curves with a single peak correlate easily.");
}

const mi_figure mi_figure_published = {
    .name = "published",
    .question = "Do published accuracies follow the information?",
    .caption = "Published accuracies over the masking ratio beside r·i(r) of the source that they "
               "are ranked against, each with an axis of its own. Peaks at different ratios, or a "
               "low rank correlation, mean that the information does not explain the accuracies.",
    .compare = true,
    .any = any,
    .draw = draw,
};
