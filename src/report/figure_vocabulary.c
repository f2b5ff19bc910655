#include <math.h>

#include "figure.h"

enum {
    COLUMNS = 3,
    CELL_HEIGHT = 150,
    TITLE_MARGIN = 34,
    BOTTOM_MARGIN = 52,
    PITCH = TITLE_MARGIN + CELL_HEIGHT + BOTTOM_MARGIN,
    TITLE_LIMIT = 50
};

static bool listed(const mi_source *s)
{
    return mi_source_in(s, "vocabulary");
}

static const mi_panel panel = {
    "Effective vocabulary: exp of the remaining entropy",
    "effective vocabulary (tokens)",
    false,
    listed,
    MI_F_VOCABULARY,
    MI_F_NONE,
    "",
};

static const mi_field fields[] = {MI_F_RATIO,   MI_F_CONDITIONAL, MI_F_VOCABULARY,
                                  MI_F_UNIGRAM, MI_F_INFORMATION, MI_F_TOTAL};

static bool any(const mi_report *report)
{
    return mi_panel_any(&panel, report);
}

static double largest(const mi_report *report)
{
    double most = 1;
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        for (size_t k = 0; mi_panel_shows(&panel, s) && k < s->points; k++) {
            most = fmax(most, s->values[MI_F_VOCABULARY][k]);
        }
    }
    return most;
}

/* A logarithmic axis that ends at the data, not at the next power of ten, and has tics however
 * short it is. */
static void draw_effective(mi_sheet *sheet)
{
    double most = largest(sheet->report);
    const char *tics = "autofreq";
    if (most < 8) {
        tics = "(1, 1.2, 1.5, 2, 3, 4, 5, 6, 8)";
    } else if (most < 2000) {
        tics = "(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)";
    }
    char settings[160];
    snprintf(settings, sizeof settings, "set logscale y; set yrange [1:%.4g]; set ytics %s\n",
             1.15 * most, tics);
    mi_panel with_axis = panel;
    with_axis.settings = settings;
    mi_sheet_grid(sheet, &with_axis, 1);
}

static bool has_split(const mi_sheet *sheet, const mi_source *source)
{
    return sheet->block_of[source->number] >= 0 && mi_source_has(source, MI_F_TOTAL);
}

/* What frequencies tell below, what the context adds above. */
static void draw_split(mi_sheet *sheet, const mi_source *source, mi_box box, bool first_column)
{
    int block = sheet->block_of[source->number];
    int unigram = mi_sheet_column(sheet, MI_F_UNIGRAM), total = mi_sheet_column(sheet, MI_F_TOTAL);
    mi_sheet_panel(sheet, box, source->label, "masking ratio r",
                   first_column ? "log V - log V_eff (nats)" : "");
    fputs("set title ", sheet->script);
    mi_sheet_label(sheet, source, TITLE_LIMIT, "");
    fputs(" font ',11'\n", sheet->script);
    mi_sheet_item(sheet,
                  "data index %d using 1:(0):%d with filledcurves fc rgb '#c8c8c8' "
                  "fs solid noborder",
                  block, unigram);
    mi_sheet_item(sheet,
                  "data index %d using 1:%d:%d with filledcurves fc rgb '%s' "
                  "fs transparent solid 0.45 noborder",
                  block, unigram, total, source->look.color);
    mi_sheet_item(sheet, "data index %d using 1:%d with lines ls %zu", block, total,
                  source->number + 1);
    mi_sheet_end(sheet);
}

static int count_splits(const mi_sheet *sheet)
{
    int count = 0;
    for (size_t i = 0; i < sheet->report->count; i++) {
        count += has_split(sheet, &sheet->report->sources[i]);
    }
    return count;
}

static void draw_splits(mi_sheet *sheet)
{
    int count = count_splits(sheet), columns = count < COLUMNS ? count : COLUMNS, cell = 0;
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *source = &sheet->report->sources[i];
        if (has_split(sheet, source)) {
            int column = cell % columns, top = sheet->bottom + cell / columns * PITCH;
            draw_split(sheet, source,
                       mi_sheet_cell(column, columns, top + TITLE_MARGIN, CELL_HEIGHT),
                       column == 0);
            cell++;
        }
    }
    sheet->bottom += (count + COLUMNS - 1) / COLUMNS * PITCH;
}

static void draw_split_key(mi_sheet *sheet)
{
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, 2, "");
    mi_sheet_item(sheet, "keyentry with boxes fs transparent solid 0.45 fc rgb '#b05000' title "
                         "'coloured: from the context, i(r) = H(X) - h(r)'");
    mi_sheet_item(sheet, "keyentry with boxes fs solid fc rgb '#c8c8c8' title "
                         "'grey: from the frequencies of single tokens, log V - H(X); zero where "
                         "all tokens are equally frequent'");
    mi_sheet_end(sheet);
    sheet->bottom += 2 * MI_LINE_HEIGHT + 20;
}

static void draw(mi_sheet *sheet)
{
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], &panel, 1);
    draw_effective(sheet);
    mi_sheet_legend(sheet);
    if (count_splits(sheet) > 0) {
        draw_splits(sheet);
        draw_split_key(sheet);
    }
}

const mi_figure mi_figure_vocabulary = {
    .name = "vocabulary",
    .question = "How many tokens remain possible?",
    .caption = "exp h(r), the number of tokens that remain possible, and how the information "
               "divides into what frequencies tell and what context adds. The closer to 1 the "
               "lines start, the more the context fixes the token.",
    .compare = true,
    .curve = true,
    .any = any,
    .draw = draw,
};
