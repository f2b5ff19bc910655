/* An advice: r i(r) of the data, of its halves and of other strategies, and i(r). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "text.h"

enum {
    TITLE_MARGIN = 34,
    HEIGHT = 330,
    BOTTOM_MARGIN = 52,
    NAME_LIMIT = 40,
    MANY = 20 /* points, each with a marker */
};

static bool always(const mi_source *s)
{
    (void)s;
    return true;
}

static const mi_panel panel = {
    "", "objective r i(r)", true, always, MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE, ""};

static const mi_field fields[] = {MI_F_RATIO, MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE, MI_F_INFORMATION,
                                  MI_F_INFORMATION_SE};

static bool is_called(const mi_source *s, const char *label)
{
    return strcmp(s->label, label) == 0;
}

/* The line of a half of the data; NULL for other curves. */
static const char *half_line(const mi_source *s)
{
    return is_called(s, "first half")    ? "lc rgb '#777777' lw 1 dt 1"
           : is_called(s, "second half") ? "lc rgb '#777777' lw 1 dt 2"
                                         : NULL;
}

static bool any(const mi_report *report)
{
    return mi_panel_any(&panel, report);
}

/* The part of a path behind its last slash. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

static void write_title(const mi_report *report, char *title, size_t size)
{
    const cJSON *advice = cJSON_GetObjectItemCaseSensitive(report->result, "recommendation");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(report->result, "data");
    const char *path = mi_json_text(data, "path"), *word = mi_json_text(advice, "certainty");
    char *clean = NULL;
    if (mi_text_clean(path != NULL ? last_part(path) : "", &clean, NULL) != MI_OK) {
        title[0] = '\0';
        return;
    }
    int name = (int)mi_text_bytes(clean, NAME_LIMIT);
    if (cJSON_IsObject(advice)) {
        snprintf(title, size, "%.*s: r* = %.2f [%.2f, %.2f], %.20s", name, clean,
                 mi_json_number(advice, "ratio"), mi_json_number(advice, "low"),
                 mi_json_number(advice, "high"), word != NULL ? word : "");
    } else {
        snprintf(title, size, "%.*s: no ratio is advised", name, clean);
    }
    free(clean);
}

/* The interval as a band, the optimum as a line. */
static void shade(mi_sheet *sheet)
{
    const cJSON *advice = cJSON_GetObjectItemCaseSensitive(sheet->report->result, "recommendation");
    double ratio = mi_json_number(advice, "ratio"), low = mi_json_number(advice, "low"),
           high = mi_json_number(advice, "high");
    if (isfinite(ratio) && isfinite(low) && isfinite(high)) {
        fprintf(
            sheet->script,
            "set object rectangle from %.6g, graph 0 to %.6g, graph 1 behind fc rgb '#f0e442' "
            "fs transparent solid 0.3 noborder\n"
            "set arrow from %.6g, graph 0 to %.6g, graph 1 nohead lc rgb '#8a7d00' lw 1.2 back\n",
            low, high, ratio, ratio);
    }
}

static void put_curve(mi_sheet *sheet, const mi_source *s, mi_field value, mi_field error)
{
    const char *thin = half_line(s);
    int block = sheet->block_of[s->number];
    if (block < 0) {
        return;
    }
    if (thin != NULL) {
        mi_sheet_item(sheet, "data index %d using 1:%d with lines %s", block,
                      mi_sheet_column(sheet, value), thin);
    } else if (s->number == 0 || s->points > MANY) {
        mi_sheet_curve(sheet, s, value, s->number == 0 ? error : MI_F_NONE);
    } else {
        mi_sheet_item(sheet, "data index %d using 1:%d with linespoints ls %zu", block,
                      mi_sheet_column(sheet, value), s->number + 1);
    }
}

static const char *site_name(const mi_report *report)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(report->result, "data");
    const char *sites = mi_json_text(data, "sites");
    return sites == NULL                   ? "site"
           : strcmp(sites, "letters") == 0 ? "letter"
           : strcmp(sites, "patches") == 0 ? "patch"
                                           : "step";
}

static void draw_panel(mi_sheet *sheet, int column, const char *title, const char *quantity,
                       mi_field value, mi_field error)
{
    const mi_report *report = sheet->report;
    char y_label[64];
    snprintf(y_label, sizeof y_label, "%s (nats per %s)", quantity, site_name(report));
    mi_sheet_panel(sheet, mi_sheet_cell(column, 2, sheet->bottom + TITLE_MARGIN, HEIGHT), title,
                   "masking ratio r", y_label);
    fputs("set yrange [0:*]; set offsets 0, 0, graph 0.06, 0\n", sheet->script);
    if (column == 0) {
        shade(sheet);
    }
    for (size_t i = report->count; i-- > 0;) { /* all data last, on top */
        put_curve(sheet, &report->sources[i], value, error);
    }
    mi_sheet_end(sheet);
}

static const char *meaning(const mi_source *s)
{
    return half_line(s) != NULL                            ? " of the data, random masks"
           : is_called(s, "entropies of the letter model") ? " itself, not held-out text"
                                                           : " masks, all data";
}

static void draw_key(mi_sheet *sheet)
{
    int entries = 0;
    for (size_t i = 0; i < sheet->report->count; i++) {
        entries += sheet->block_of[i] >= 0;
    }
    mi_sheet_key(sheet, 20, MI_SHEET_WIDTH, entries, "");
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *s = &sheet->report->sources[i];
        const char *thin = half_line(s);
        if (sheet->block_of[i] < 0) {
            continue;
        }
        if (thin != NULL) {
            mi_sheet_item(sheet, "keyentry with lines %s title ", thin);
        } else {
            mi_sheet_item(sheet, "keyentry with linespoints ls %zu title ", i + 1);
        }
        mi_sheet_label(sheet, s, 60, meaning(s));
    }
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * entries + 20;
}

/* Certainty and reason as the result words them. */
static void put_reason(mi_sheet *sheet)
{
    const cJSON *result = sheet->report->result;
    const cJSON *advice = cJSON_GetObjectItemCaseSensitive(result, "recommendation");
    const char *word = mi_json_text(advice, "certainty");
    const char *reason = mi_json_text(cJSON_IsObject(advice) ? advice : result, "reason");
    char text[1200], *clean = NULL;
    snprintf(text, sizeof text, "Certainty: %.20s: %.900s.", word != NULL ? word : "none",
             reason != NULL ? reason : "");
    if (mi_text_clean(text, &clean, NULL) == MI_OK) {
        mi_sheet_note(sheet, clean);
    }
    free(clean);
}

static void draw(mi_sheet *sheet)
{
    const char *verdict = sheet->report->sources[0].opt_regime;
    char left[200], right[80];
    write_title(sheet->report, left, sizeof left);
    snprintf(right, sizeof right, "regime: %s", verdict != NULL ? verdict : "none");
    mi_sheet_blocks(sheet, fields, sizeof fields / sizeof fields[0], &panel, 1);
    draw_panel(sheet, 0, left, "objective r i(r)", MI_F_OBJECTIVE, MI_F_OBJECTIVE_SE);
    draw_panel(sheet, 1, right, "information i(r)", MI_F_INFORMATION, MI_F_INFORMATION_SE);
    sheet->bottom += TITLE_MARGIN + HEIGHT + BOTTOM_MARGIN;
    draw_key(sheet);
    put_reason(sheet);
    mi_sheet_note(sheet,
                  "Yellow: the advised ratio with its 95 % interval. Band: ± 2 "
                  "standard errors of r i(r) and i(r) under random masks, both held-out. "
                  "Predictability is not quality: the ratio of the best accuracy may differ.");
    mi_sheet_misfits(sheet);
}

const mi_figure mi_figure_advice = {
    .name = "advice",
    .question = "Which masking ratio do these data suggest?",
    .caption =
        "Information and r·i(r) over the masking ratio r for each strategy, with the advised ratio "
        "and its 95 % interval. Read the peak of the lower curve: a flat top means that the ratio "
        "matters little; an interval that reaches an edge means that the data do not bound it.",
    .advice = true,
    .any = any,
    .draw = draw,
};
