#include <math.h>

#include "figure.h"

enum { TITLE_MARGIN = 34, SLIM = 90, BOTTOM_MARGIN = 52 };

static bool is_text(const mi_source *s)
{
    return s->group == MI_GROUP_TEXT && mi_source_in(s, "joint");
}

static bool is_image(const mi_source *s)
{
    return s->group == MI_GROUP_IMAGE && mi_source_in(s, "joint");
}

static bool is_any(const mi_source *s)
{
    return mi_source_in(s, "joint");
}

#define HALF_LINE "set arrow from 0.5, graph 0 to 0.5, graph 1 nohead lc rgb '#aaaaaa' lw 1 back\n"

static const mi_panel panels[] = {
    {"Text", "joint information", true, is_text, MI_F_JOINT, MI_F_JOINT_SE, HALF_LINE},
    {"Images", "joint information", true, is_image, MI_F_JOINT, MI_F_JOINT_SE, HALF_LINE},
    {"Shape: each curve divided by its maximum", "share of its maximum", false, is_any,
     MI_F_JOINT_SHARE, MI_F_JOINT_SHARE_SE, HALF_LINE},
};
enum { PANELS = sizeof panels / sizeof panels[0] };

static const mi_panel mirror = {
    "Mirror image: joint(r) - joint(1-r), zero because it is F(r) + F(1-r) - F(1)",
    "nats",
    false,
    is_any,
    MI_F_MIRROR,
    MI_F_NONE,
    ""};

static const mi_field fields[] = {MI_F_RATIO,       MI_F_JOINT,          MI_F_JOINT_SE,
                                  MI_F_JOINT_SHARE, MI_F_JOINT_SHARE_SE, MI_F_MIRROR};

static bool any(const mi_report *report)
{
    return mi_panel_any(&panels[2], report);
}

static double largest(const mi_report *report, mi_field field)
{
    double most = 0;
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        for (size_t k = 0; mi_source_in(s, "joint") && k < s->points; k++) {
            most = fmax(most, fabs(s->values[field][k]));
        }
    }
    return most;
}

/* Rounding errors are not drawn up to the height of the panel: its axis spans at least one per cent
 * of the largest joint information. */
static void draw_mirror(mi_sheet *sheet)
{
    const mi_report *report = sheet->report;
    int top = sheet->bottom + TITLE_MARGIN;
    double most = largest(report, MI_F_MIRROR);
    double span = mi_round_up(fmax(most, 0.01 * largest(report, MI_F_JOINT)));
    mi_sheet_panel(sheet, mi_sheet_cell(0, 1, top, SLIM), mirror.title, "masking ratio r",
                   mirror.y_label);
    fprintf(sheet->script,
            "set yrange [%.3g:%.3g]; set ytics (%.1g, 0, %.1g)\n"
            "set label 'largest difference: %.1e nats' at graph 0.99, graph 0.88 right "
            "font ',11'\n",
            -1.3 * span, 1.3 * span, -span, span, most);
    for (size_t i = 0; i < report->count; i++) {
        if (mi_panel_shows(&mirror, &report->sources[i])) {
            mi_sheet_curve(sheet, &report->sources[i], MI_F_MIRROR, MI_F_NONE);
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom = top + SLIM + BOTTOM_MARGIN;
}

static void draw(mi_sheet *sheet)
{
    /* One curve needs no panel for its shape. */
    size_t shown = sheet->report->compare ? PANELS : PANELS - 1;
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], panels, PANELS);
    mi_sheet_grid(sheet, panels, shown);
    if (mi_panel_any(&mirror, sheet->report)) {
        draw_mirror(sheet);
    }
    mi_sheet_legend(sheet);
    mi_sheet_note(sheet,
                  "No: under random masks the joint information between all masked and all visible "
                  "tokens is symmetric about r = 1/2, concave and largest there for every "
                  "source. What tells text from images is the information about one masked "
                  "token. Shaded bands: ± 2 standard errors, in the divided curves those of the "
                  "curve itself (much of them is common to all ratios).");
}

const mi_figure mi_figure_joint = {
    .name = "joint",
    .question = "Does joint information tell text from images?",
    .caption = "Information between all masked and all visible sites together, per site. It is "
               "symmetric about r = 1/2 and largest there for every source, so that it can not "
               "tell text from images.",
    .compare = true,
    .curve = true,
    .any = any,
    .draw = draw,
};
