/* What the neighbours tell of a hidden site, what only farther sites add, and what the visible
 * sites tell of the class: a column of panels for each curve. */
#include <math.h>

#include "figure.h"
#include "text.h"

enum {
    MOST_COLUMNS = 4,
    TITLE_MARGIN = 40,
    HEIGHT = 190,
    BOTTOM_MARGIN = 52,
    SMALL_TITLE = 30,
    TITLE_LIMIT = 30
};

/* A share whose two errors are more than this is not quoted. */
static const double KNOWN = 0.2;

static const char near_color[] = "#e69f00";
static const char far_color[] = "#0072b2";
static const char class_color[] = "#882255";

static bool listed(const mi_source *s)
{
    return mi_source_in(s, "redundancy") && mi_source_has(s, MI_F_INTERPOLATION);
}

static const mi_panel panel = {"", "", false, listed, MI_F_INTERPOLATION, MI_F_NONE, ""};

static const mi_field fields[] = {MI_F_RATIO,
                                  MI_F_INFORMATION,
                                  MI_F_INFORMATION_SE,
                                  MI_F_INTERPOLATION,
                                  MI_F_INTERPOLATION_SE,
                                  MI_F_FAR,
                                  MI_F_FAR_SE,
                                  MI_F_INTERPOLATION_SHARE,
                                  MI_F_INTERPOLATION_SHARE_SE,
                                  MI_F_FAR_SHARE,
                                  MI_F_FAR_SHARE_SE,
                                  MI_F_CLASS,
                                  MI_F_CLASS_SE,
                                  MI_F_SEMANTIC,
                                  MI_F_SEMANTIC_SE,
                                  MI_F_SEMANTIC_SHARE,
                                  MI_F_SEMANTIC_SHARE_SE};

static bool any(const mi_report *report)
{
    return mi_panel_any(&panel, report);
}

static void put_line(mi_sheet *sheet, const mi_source *s, mi_field value, const char *color)
{
    int block = sheet->block_of[s->number], y = mi_sheet_column(sheet, value);
    if (!mi_source_has(s, value)) {
        return;
    }
    mi_field error = (mi_field)(value + 1);
    if (mi_source_has(s, error)) {
        int e = mi_sheet_column(sheet, error);
        mi_sheet_item(sheet,
                      "data index %d using 1:($%d-2*$%d):($%d+2*$%d) with filledcurves "
                      "fc rgb '%s' fs transparent solid 0.25 noborder",
                      block, y, e, y, e, color);
    }
    mi_sheet_item(sheet, "data index %d using 1:%d with lines lc rgb '%s' lw 1.8", block, y, color);
}

static void draw_parts(mi_sheet *sheet, const mi_source *s, mi_box box, bool first_column)
{
    int block = sheet->block_of[s->number], near = mi_sheet_column(sheet, MI_F_INTERPOLATION);
    int far = mi_sheet_column(sheet, MI_F_FAR);
    mi_sheet_panel(sheet, box, "", "", first_column ? "nats per site" : "");
    fputs("set title ", sheet->script);
    mi_sheet_label(sheet, s, TITLE_LIMIT, "");
    fputs(" font ',12' offset 0,-0.4\nset format x ''; set xtics 0, 0.25, 1\n", sheet->script);
    mi_sheet_item(sheet,
                  "data index %d using 1:(0):%d with filledcurves fc rgb '%s' "
                  "fs transparent solid 0.4 noborder",
                  block, near, near_color);
    mi_sheet_item(sheet,
                  "data index %d using 1:%d:($%d+$%d) with filledcurves fc rgb '%s' "
                  "fs transparent solid 0.4 noborder",
                  block, near, near, far, far_color);
    put_line(sheet, s, MI_F_INFORMATION, "#000000");
    mi_sheet_end(sheet);
}

/* First and last point whose share of the far sites is known to within KNOWN. */
static bool find_ends(const mi_source *s, size_t *ret_first, size_t *ret_last)
{
    bool found = false;
    for (size_t i = 0; i < s->points; i++) {
        if (isfinite(s->values[MI_F_FAR_SHARE][i]) &&
            !(2 * s->values[MI_F_FAR_SHARE_SE][i] > KNOWN)) {
            *ret_first = found ? *ret_first : i;
            *ret_last = i;
            found = true;
        }
    }
    return found && *ret_last > *ret_first;
}

/* Does the far share change from its first to its last ratio, by more than twice its error? */
static const char *direction(const mi_source *s, size_t first, size_t last)
{
    const double *share = s->values[MI_F_FAR_SHARE], *error = s->values[MI_F_FAR_SHARE_SE];
    double change = share[last] - share[first], noise = 2 * hypot(error[first], error[last]);
    noise = isfinite(noise) ? noise : 0;
    return change > noise ? "rises" : change < -noise ? "falls" : "unclear";
}

static void put_change(mi_sheet *sheet, const mi_source *s)
{
    size_t first = 0, last = 0;
    if (find_ends(s, &first, &last)) {
        const double *share = s->values[MI_F_FAR_SHARE];
        double from = fabs(share[first]) < 0.005 ? 0 : share[first]; /* no "-0.00" */
        fprintf(sheet->script,
                "set label 'far %.2f → %.2f at r = %.2f: %s' at graph 0.5, graph 1.07 center "
                "font ',10'\n",
                from, share[last], s->values[MI_F_RATIO][last], direction(s, first, last));
    }
}

static void draw_shares(mi_sheet *sheet, const mi_source *s, mi_box box, bool first_column)
{
    mi_sheet_panel(sheet, box, "", "masking ratio r", first_column ? "share of i(r)" : "");
    fputs("set yrange [0:1]; set ytics 0, 0.25, 1; set xtics 0, 0.25, 1\n", sheet->script);
    put_change(sheet, s);
    put_line(sheet, s, MI_F_INTERPOLATION_SHARE, near_color);
    put_line(sheet, s, MI_F_FAR_SHARE, far_color);
    put_line(sheet, s, MI_F_SEMANTIC_SHARE, class_color);
    mi_sheet_end(sheet);
}

static void draw_class(mi_sheet *sheet, const mi_source *s, mi_box box, bool first_column)
{
    mi_sheet_panel(sheet, box, "", "masking ratio r", first_column ? "I(C; x_v) (nats)" : "");
    fputs("set title ", sheet->script);
    mi_sheet_label(sheet, s, TITLE_LIMIT, "");
    fputs(" font ',12' offset 0,-0.4\nset xtics 0, 0.25, 1\n", sheet->script);
    if (s->classes >= 2) {
        double ceiling = log(s->classes);
        fprintf(sheet->script,
                "set yrange [0:%.6g]\n"
                "set arrow from 0, first %.9g to 1, first %.9g nohead lc rgb '#888888' dt 2 back\n"
                "set label 'log %g = %.3g' at 0.99, first %.9g right offset 0,0.6 "
                "tc rgb '#777777' font ',10'\n",
                1.2 * ceiling, ceiling, ceiling, s->classes, ceiling, ceiling);
    }
    put_line(sheet, s, MI_F_CLASS, class_color);
    mi_sheet_end(sheet);
}

/* As few rows as MOST_COLUMNS allows, filled evenly. */
static int columns_of(const mi_report *report)
{
    int shown = 0;
    for (size_t i = 0; i < report->count; i++) {
        shown += mi_panel_shows(&panel, &report->sources[i]);
    }
    int rows = (shown + MOST_COLUMNS - 1) / MOST_COLUMNS;
    return rows > 0 ? (shown + rows - 1) / rows : 0;
}

/* Sources from..., up to `columns` of them; returns how many. */
static int take(const mi_report *report, size_t from, int columns,
                const mi_source *taken[MOST_COLUMNS])
{
    int count = 0;
    for (size_t i = from; i < report->count && count < columns; i++) {
        if (mi_panel_shows(&panel, &report->sources[i])) {
            taken[count++] = &report->sources[i];
        }
    }
    return count;
}

static void draw_band(mi_sheet *sheet, const mi_source *const *taken, int count, int columns)
{
    int top = sheet->bottom + TITLE_MARGIN, shares = top + HEIGHT + SMALL_TITLE, semantic = 0;
    for (int c = 0; c < count; c++) {
        draw_parts(sheet, taken[c], mi_sheet_cell(c, columns, top, HEIGHT), c == 0);
        draw_shares(sheet, taken[c], mi_sheet_cell(c, columns, shares, HEIGHT), c == 0);
    }
    sheet->bottom = shares + HEIGHT + BOTTOM_MARGIN;
    top = sheet->bottom + TITLE_MARGIN;
    for (int c = 0; c < count; c++) {
        if (mi_source_has(taken[c], MI_F_CLASS)) {
            draw_class(sheet, taken[c], mi_sheet_cell(semantic, columns, top, HEIGHT),
                       semantic == 0);
            semantic++;
        }
    }
    sheet->bottom = semantic > 0 ? top + HEIGHT + BOTTOM_MARGIN : sheet->bottom;
}

static bool has_classes(const mi_report *report)
{
    bool found = false;
    for (size_t i = 0; i < report->count; i++) {
        found = found ||
                (listed(&report->sources[i]) && mi_source_has(&report->sources[i], MI_F_CLASS));
    }
    return found;
}

static void draw_key(mi_sheet *sheet)
{
    bool classes = has_classes(sheet->report);
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, 4, "");
    mi_sheet_item(sheet, "keyentry with lines lc rgb '#000000' lw 1.8 title "
                         "'all that the visible sites tell of a hidden one, i(r)'");
    mi_sheet_item(sheet,
                  "keyentry with boxes fs transparent solid 0.4 fc rgb '%s' title "
                  "'interpolation: what its visible nearest neighbours alone tell'",
                  near_color);
    mi_sheet_item(sheet,
                  "keyentry with boxes fs transparent solid 0.4 fc rgb '%s' title "
                  "'far: what only the sites beyond them add'",
                  far_color);
    if (classes) {
        mi_sheet_item(sheet,
                      "keyentry with lines lc rgb '%s' lw 1.8 title "
                      "'semantics: share of i(r) that comes through the class; below, what the "
                      "visible sites tell of it, at most log K'",
                      class_color);
    }
    mi_sheet_end(sheet);
    sheet->bottom += (classes ? 4 : 3) * MI_LINE_HEIGHT + 20;
}

static void draw(mi_sheet *sheet)
{
    const mi_report *report = sheet->report;
    const mi_source *taken[MOST_COLUMNS] = {NULL};
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], &panel, 1);
    int columns = columns_of(report), count = take(report, 0, columns, taken);
    while (count > 0) {
        draw_band(sheet, taken, count, columns);
        count = take(report, taken[count - 1]->number + 1, columns, taken);
    }
    draw_key(sheet);
    mi_sheet_note(sheet,
                  "interpolation = H(X) - H(X | its visible nearest neighbours), far = i(r) - "
                  "interpolation. Bands: ± 2 standard errors. Shares are drawn where i(r) is "
                  "more than two of its errors above zero; the band of a share is that of "
                  "its part. Interpolation and far add up to 1 (beyond it a fitted density "
                  "predicts worse from all sites than from the neighbours); semantics, I(X; C) - "
                  "I(X; C | x_v), overlaps both. Above the shares: that of the far sites at the "
                  "first and the last ratio "
                  "where it is known to ± 0.2.");
    mi_sheet_misfits(sheet);
}

const mi_figure mi_figure_redundancy = {
    .name = "redundancy",
    .question = "Do neighbours tell it all, or is far context needed?",
    .caption = "Above: i(r) split into what the visible neighbours of a hidden site tell and what "
               "only farther sites add; below, their shares. Texture gives way to the rest of the "
               "scene where the far share rises with r.",
    .compare = true,
    .curve = true,
    .any = any,
    .draw = draw,
};
