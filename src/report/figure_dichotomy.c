/* docs/theory.md, section 4.2: a concave i(r) has r* >= 1/2, a convex one r* <= 1/2. */
#include "figure.h"

static bool listed(const mi_source *s)
{
    return mi_source_in(s, "dichotomy");
}

#define HALF_LINE                                                                                  \
    "set arrow from 0.5, graph 0 to 0.5, graph 1 nohead lc rgb '#aaaaaa' lw 1 back\n"              \
    "set label 'r = 1/2' at 0.51, graph 0.03 left tc rgb '#777777' font ',10'\n"

static const mi_panel panels[] = {
    {"Concave or convex?", "i(r) / i(smallest r)", false, listed, MI_F_INFORMATION_SHARE,
     MI_F_INFORMATION_SHARE_SE, ""},
    {"Optimum right or left of 1/2?", "r i(r) / its maximum", false, listed, MI_F_OBJECTIVE_SHARE,
     MI_F_OBJECTIVE_SHARE_SE, HALF_LINE},
};
enum { PANELS = sizeof panels / sizeof panels[0] };

static const mi_field fields[] = {MI_F_RATIO, MI_F_INFORMATION_SHARE, MI_F_INFORMATION_SHARE_SE,
                                  MI_F_OBJECTIVE_SHARE, MI_F_OBJECTIVE_SHARE_SE};

static bool any(const mi_report *report)
{
    return mi_panel_any(&panels[0], report) || mi_panel_any(&panels[1], report);
}

static void draw_key(mi_sheet *sheet)
{
    int entries = 0;
    for (size_t i = 0; i < sheet->report->count; i++) {
        entries += sheet->block_of[i] >= 0;
    }
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, entries, "");
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *source = &sheet->report->sources[i];
        if (sheet->block_of[i] >= 0) {
            char suffix[64] = "";
            if (source->opt_regime != NULL) {
                snprintf(suffix, sizeof suffix, ": %s", source->opt_regime);
            }
            mi_sheet_item(sheet, "keyentry with linespoints ls %zu title ", i + 1);
            mi_sheet_label(sheet, source, 90, suffix);
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * entries + 20;
}

static void draw(mi_sheet *sheet)
{
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], panels, PANELS);
    mi_sheet_grid(sheet, panels, PANELS);
    draw_key(sheet);
    mi_sheet_note(
        sheet, "In a first-order chain each further visible token tells less than the one before "
               "(redundant context): i(r) is concave, falls to 0 at r = 1, and r·i(r) still "
               "rises at r = 1/2. Where several tokens must be seen together "
               "(synergy) i(r) is convex and the optimum lies below 1/2; a mixed curve may have "
               "it anywhere.");
}

const mi_figure mi_figure_dichotomy = {
    .name = "dichotomy",
    .question = "Why can no first-order chain have r* below 1/2?",
    .caption = "Chains of order 1 beside a rule that only whole groups of tokens reveal. A concave "
               "curve has its optimum at or above 1/2; only information that needs many visible "
               "tokens at once, which makes the curve convex, can have it below.",
    .compare = true,
    .any = any,
    .draw = draw,
};
