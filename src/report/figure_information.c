#include "figure.h"

static bool is_text(const mi_source *s)
{
    return s->group == MI_GROUP_TEXT && mi_source_in(s, "information");
}

static bool is_image(const mi_source *s)
{
    return s->group == MI_GROUP_IMAGE && mi_source_in(s, "information");
}

/* The shape of a misfit's curve says nothing, and its jumps would bury the others. */
static bool has_shape(const mi_source *s)
{
    return mi_source_in(s, "information") && !s->misfit;
}

static bool is_family(const mi_source *s)
{
    return mi_source_in(s, "families");
}

static const mi_panel panels[] = {
    {"Text", "information i(r)", true, is_text, MI_F_INFORMATION, MI_F_INFORMATION_SE, ""},
    {"Images", "information i(r)", true, is_image, MI_F_INFORMATION, MI_F_INFORMATION_SE, ""},
    {"Shape: each curve divided by its value at the smallest r", "i(r) / i(smallest r)", false,
     has_shape, MI_F_INFORMATION_SHARE, MI_F_INFORMATION_SHARE_SE, ""},
    {"Same images, two families: Gaussian and scale mixture", "information i(r)", true, is_family,
     MI_F_INFORMATION, MI_F_INFORMATION_SE, ""},
};
enum { PANELS = sizeof panels / sizeof panels[0] };

static const mi_field fields[] = {MI_F_RATIO, MI_F_INFORMATION, MI_F_INFORMATION_SE,
                                  MI_F_INFORMATION_SHARE, MI_F_INFORMATION_SHARE_SE};

static bool any(const mi_report *report)
{
    for (size_t i = 0; i < PANELS; i++) {
        if (mi_panel_any(&panels[i], report)) {
            return true;
        }
    }
    return false;
}

static void draw(mi_sheet *sheet)
{
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], panels, PANELS);
    mi_sheet_grid(sheet, panels, PANELS);
    mi_sheet_legend(sheet);
    mi_sheet_note(
        sheet, "i(r) = H(token) - H(token | visible tokens), averaged over masked tokens "
               "and random masks. Shaded bands: ± 2 standard errors, in the divided curves those "
               "of the curve itself (much of them is common to all ratios).");
    mi_sheet_misfits(sheet);
}

const mi_figure mi_figure_information = {
    .name = "information",
    .question = "How much do visible tokens tell about a masked one?",
    .caption = "What the visible tokens tell about a masked one over the masking ratio r, text in "
               "warm and images in cool colours, bands of two standard errors. Curves fall to zero "
               "at r = 1; how fast they fall on the way is the rate that is compared.",
    .compare = true,
    .any = any,
    .draw = draw,
};
