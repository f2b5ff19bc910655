/* Information of a single curve: the data, both fits, and what else the result knows of it. */
#include "figure.h"

static bool always(const mi_source *s)
{
    (void)s;
    return true;
}

static const mi_panel panel = {
    "", "information i(r)", true, always, MI_F_INFORMATION, MI_F_INFORMATION_SE, ""};

static const mi_field fields[] = {MI_F_RATIO,       MI_F_INFORMATION, MI_F_INFORMATION_SE,
                                  MI_F_EXPONENTIAL, MI_F_POWER,       MI_F_HELD_OUT,
                                  MI_F_HELD_OUT_SE, MI_F_SCALE,       MI_F_SCALE_SE,
                                  MI_F_IN_SAMPLE,   MI_F_IN_SAMPLE_SE};

/* Lines besides the curve itself. */
static const struct extra {
    mi_field field;
    const char *style, *label;
} extras[] = {
    {MI_F_EXPONENTIAL, "lc rgb '#000000' lw 1.2 dt 1", "exponential fit, I₀ exp(-λ r)"},
    {MI_F_POWER, "lc rgb '#000000' lw 1.2 dt 2", "power-law fit, I₀ (1-r)^κ"},
    {MI_F_HELD_OUT, "lc rgb '#009e73' lw 1.8 dt 4", "on held-out data"},
    {MI_F_SCALE, "lc rgb '#cc79a7' lw 1.8 dt 5", "part that the contrast carries"},
    {MI_F_IN_SAMPLE, "lc rgb '#888888' lw 1.8 dt 3", "on the data it was fitted to"},
};
enum { EXTRAS = sizeof extras / sizeof extras[0] };

static bool any(const mi_report *report)
{
    return mi_panel_any(&panel, report);
}

static void draw_panel(mi_sheet *sheet, const mi_source *source)
{
    int top = sheet->bottom + 20, height = MI_PANEL_HEIGHT + 100;
    const char *y_label = source->group == MI_GROUP_TEXT ? "information i(r) (nats per token)"
                                                         : "information i(r) (nats per patch)";
    mi_sheet_panel(sheet, mi_sheet_cell(0, 1, top, height), "", "masking ratio r", y_label);
    mi_sheet_curve(sheet, source, MI_F_INFORMATION, MI_F_INFORMATION_SE);
    for (size_t i = 0; i < EXTRAS; i++) {
        if (mi_source_has(source, extras[i].field)) {
            mi_sheet_item(sheet, "data index 0 using 1:%d with lines %s",
                          mi_sheet_column(sheet, extras[i].field), extras[i].style);
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom = top + height + 52;
}

static void draw_key(mi_sheet *sheet, const mi_source *source)
{
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, 1 + EXTRAS, "");
    mi_sheet_item(sheet, "keyentry with linespoints ls 1 title ");
    mi_sheet_label(sheet, source, 120, "");
    int entries = 1;
    for (size_t i = 0; i < EXTRAS; i++) {
        if (mi_source_has(source, extras[i].field)) {
            mi_sheet_item(sheet, "keyentry with lines %s title '%s'", extras[i].style,
                          extras[i].label);
            entries++;
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * entries + 20;
}

static void draw(mi_sheet *sheet)
{
    const mi_source *source = &sheet->report->sources[0];
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], &panel, 1);
    draw_panel(sheet, source);
    draw_key(sheet, source);
    mi_sheet_note(sheet, "i(r) = H(token) - H(token | visible tokens), averaged over masked tokens "
                         "and random masks. Shaded band: ± 2 standard errors.");
    mi_sheet_misfits(sheet);
}

const mi_figure mi_figure_curve = {
    .name = "information",
    .question = "How much do visible tokens tell about a masked one?",
    .caption = "Above: what the visible sites tell about a masked one, with bands of two standard "
               "errors, and the two fits. Below: what the fits leave. A fit whose residuals follow "
               "a pattern is not the law of the data.",
    .curve = true,
    .any = any,
    .draw = draw,
};
