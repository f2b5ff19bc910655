/* Approximate curves against the curve that they approximate. */
#include <string.h>

#include "figure.h"

enum {
    TITLE_MARGIN = 34,
    HEIGHT = 230,
    BOTTOM_MARGIN = 52,
    SPARSE = 26, /* up to so many points each has its error bar */
    BARS = 16,
    SIGN = 14,         /* tics with a minus sign are wider */
    LABEL_MARGIN = 66, /* between the axes and the name of y */
    TITLE_LIMIT = 46,
    LABEL_LIMIT = 80
};

static bool listed(const mi_source *s)
{
    return mi_source_in(s, "approximations") && mi_source_has(s, MI_F_DIFFERENCE);
}

static const mi_field fields[] = {MI_F_RATIO, MI_F_INFORMATION, MI_F_INFORMATION_SE,
                                  MI_F_DIFFERENCE, MI_F_DIFFERENCE_SE};

static bool any(const mi_report *report)
{
    bool found = false;
    for (size_t i = 0; i < report->count; i++) {
        found = found || listed(&report->sources[i]);
    }
    return found;
}

/* Is this the first curve that has its reference? */
static bool leads(const mi_report *report, const mi_source *s)
{
    bool first = listed(s);
    for (size_t i = 0; i < s->number; i++) {
        const mi_source *other = &report->sources[i];
        first = first && !(listed(other) && other->opt_reference == s->opt_reference);
    }
    return first;
}

static int count_panels(const mi_report *report)
{
    int count = 0;
    for (size_t i = 0; i < report->count; i++) {
        count += leads(report, &report->sources[i]);
    }
    return count;
}

static void put_curve(mi_sheet *sheet, const mi_source *s)
{
    int block = sheet->block_of[s->number], style = (int)s->number + 1;
    int y = mi_sheet_column(sheet, MI_F_DIFFERENCE);
    size_t step = s->points > SPARSE ? s->points / BARS : 1;
    mi_sheet_item(sheet, "data index %d using 1:%d with lines ls %d lw 1", block, y, style);
    if (mi_source_has(s, MI_F_DIFFERENCE_SE)) {
        mi_sheet_item(sheet,
                      "data index %d using 1:%d:(2*$%d) every %zu::%zu with yerrorbars ls %d "
                      "dt 1 lw 1",
                      block, y, mi_sheet_column(sheet, MI_F_DIFFERENCE_SE), step, s->number % step,
                      style);
    } else {
        mi_sheet_item(sheet, "data index %d using 1:%d every %zu::%zu with points ls %d", block, y,
                      step, s->number % step, style);
    }
}

static void draw_panel(mi_sheet *sheet, const mi_source *leader, mi_box box, bool first_column)
{
    const mi_report *report = sheet->report;
    box.left += SIGN;
    mi_sheet_panel(sheet, box, "", "masking ratio r", "");
    if (first_column) {
        fprintf(sheet->script,
                "set label 'i(r) - that of the reference (nats)' at screen X(%d), Y(%d) center "
                "rotate\n",
                box.left - LABEL_MARGIN, (box.top + box.bottom) / 2);
    }
    fputs("set title ", sheet->script);
    mi_sheet_label(sheet, leader->opt_reference, TITLE_LIMIT, "");
    fputs(" font ',13' offset 0,-0.4\n"
          "set yrange [*:*]; set offsets 0, 0, graph 0.06, graph 0.06\n"
          "set arrow from 0, first 0 to 1, first 0 nohead lc rgb '#888888' lw 1.2 back\n",
          sheet->script);
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (listed(s) && s->opt_reference == leader->opt_reference) {
            put_curve(sheet, s);
        }
    }
    mi_sheet_end(sheet);
    fputs("set offsets 0, 0, 0, 0\n", sheet->script);
}

static void draw_panels(mi_sheet *sheet)
{
    const mi_report *report = sheet->report;
    int count = count_panels(report), columns = count > 1 ? 2 : 1, cell = 0;
    int pitch = TITLE_MARGIN + HEIGHT + BOTTOM_MARGIN;
    for (size_t i = 0; i < report->count; i++) {
        if (leads(report, &report->sources[i])) {
            int top = sheet->bottom + cell / columns * pitch + TITLE_MARGIN;
            draw_panel(sheet, &report->sources[i],
                       mi_sheet_cell(cell % columns, columns, top, HEIGHT), cell % columns == 0);
            cell++;
        }
    }
    sheet->bottom += (count + columns - 1) / columns * pitch;
}

static void draw_key(mi_sheet *sheet)
{
    int entries = 0;
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, (int)sheet->report->count, "");
    for (size_t i = 0; i < sheet->report->count; i++) {
        if (sheet->block_of[i] >= 0) {
            mi_sheet_item(sheet, "keyentry with linespoints ls %zu title ", i + 1);
            const mi_source *s = &sheet->report->sources[i];
            bool said = strstr(s->label, "approximate") != NULL;
            mi_sheet_label(sheet, s, LABEL_LIMIT, said ? "" : " (approximate)");
            entries++;
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * entries + 20;
}

static void draw(mi_sheet *sheet)
{
    sheet->fields = fields;
    sheet->field_count = sizeof fields / sizeof fields[0];
    for (size_t i = 0; i < sheet->report->count; i++) {
        if (listed(&sheet->report->sources[i])) {
            mi_sheet_source_block(sheet, &sheet->report->sources[i]);
        }
    }
    draw_panels(sheet);
    draw_key(sheet);
    mi_sheet_note(sheet,
                  "Each panel is named after its reference, the line at zero. Bars: ± 2 "
                  "standard errors of the difference, the root of the sum of both squares. "
                  "About one bar in twenty misses the line by chance; many on one side show a "
                  "bias. Only ratios that both curves have are compared.");
}

const mi_figure mi_figure_approximations = {
    .name = "approximations",
    .question = "How far are approximate curves from their references?",
    .caption = "Information of each approximate curve less that of its reference. Bars are two "
               "standard errors of the difference, taken as independent: about one in twenty "
               "misses zero by chance, many on one side are a bias.",
    .compare = true,
    .any = any,
    .draw = draw,
};
