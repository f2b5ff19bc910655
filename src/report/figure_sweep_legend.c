/* What stands below the panels of lines of a sweep. */
#include "maskinfo/format.h"
#include "sweep_lines.h"
#include "text.h"

enum { MARGIN = 20, KEY_LIMIT = 60 };

/* Names of the axes whose values a line has. */
static void series_heading(const mi_lines_plan *p, char heading[MI_SWEEP_LABEL])
{
    size_t used = 0;
    heading[0] = '\0';
    for (size_t i = 0; i < p->series.axis_count; i++) {
        const mi_swept_axis *axis = &p->swept->axes[p->series.axes[i]];
        char name[MI_SWEEP_LABEL];
        mi_sweep_name(name, axis->bare, axis->label, 40);
        mi_append(heading, MI_SWEEP_LABEL, &used, "%s%s", i > 0 ? ", " : "", name);
    }
}

static void put_series_key(mi_sheet *sheet, const mi_lines_plan *p)
{
    char heading[MI_SWEEP_LABEL], label[MI_SWEEP_LABEL];
    series_heading(p, heading);
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH / 2, (int)p->series_shown, heading);
    for (size_t s = 0; s < p->series_shown; s++) {
        mi_look look = mi_lines_look(p, s, 0);
        mi_combinations_label(&p->series, p->swept, s, false, label);
        mi_sheet_item(sheet, "keyentry with %s lc rgb '%s' lw 1.8 pt %d ps 0.8 title ",
                      p->x->numeric ? "linespoints" : "points", look.color, look.point);
        mi_text_quote(sheet->script, label, KEY_LIMIT, "");
    }
    mi_sheet_end(sheet);
}

static void put_column_key(mi_sheet *sheet, const mi_lines_plan *p, int left)
{
    char label[MI_SWEEP_LABEL];
    mi_sheet_key(sheet, left, MI_SHEET_WIDTH, (int)p->column_count, "");
    for (size_t c = 0; c < p->column_count; c++) {
        mi_look look = mi_lines_look(p, 0, c);
        mi_sheet_item(sheet, "keyentry with %s lc rgb '%s' lw 1.8 dt %d pt %d ps 0.8 title ",
                      p->x->numeric ? "linespoints" : "points",
                      p->series_shown > 1 ? "#444444" : look.color, p->x->numeric ? look.dash : 1,
                      look.point + (int)c * 2);
        const mi_swept_column *column = &p->swept->columns[p->columns[c]];
        mi_sweep_name(label, column->bare, column->label, KEY_LIMIT);
        mi_text_quote(sheet->script, label, KEY_LIMIT, "");
    }
    mi_sheet_end(sheet);
}

static void put_keys(mi_sheet *sheet, const mi_lines_plan *p)
{
    size_t lines = p->column_count;
    if (p->series_shown > 1) {
        put_series_key(sheet, p);
        lines = p->series_shown + 1;
    }
    if (p->column_count > 1) {
        put_column_key(sheet, p, p->series_shown > 1 ? MI_SHEET_WIDTH / 2 : MARGIN);
    }
    if (p->series_shown > 1 || p->column_count > 1) {
        sheet->bottom +=
            MI_LINE_HEIGHT * (int)(lines > p->column_count ? lines : p->column_count) + MARGIN;
    }
}

/* What the means rest on. */
static void put_seeds_note(const mi_lines_plan *p, char *note, size_t size, size_t *used)
{
    bool cut = false, alone = false;
    const char *intervals = p->x->numeric ? "bands" : "bars";
    if (p->swept->seed_count < 2) {
        mi_append(note, size, used, "One seed: no spread is known.");
        return;
    }
    for (size_t panel = 0; panel < p->panels_shown; panel++) {
        cut = cut || mi_lines_span_of(p, panel).cut;
        alone = alone || mi_lines_alone(p, panel);
    }
    mi_append(note, size, used, "Means over ");
    mi_swept_put_seeds(p->swept, p->columns, p->column_count, note, size, used);
    mi_append(note, size, used,
              "; %s: Student's 95 %% interval of the mean%s; small points: single seeds%s.",
              intervals, cut ? ", cut off at the edge of the plot" : "",
              alone ? "; ringed: one seed alone" : "");
}

static void put_notes(mi_sheet *sheet, const mi_lines_plan *p)
{
    char note[1200];
    size_t used = 0;
    put_seeds_note(p, note, sizeof note, &used);
    for (size_t i = 0; i < p->idle_count; i++) {
        const char *label = p->swept->axes[p->idle[i]].bare;
        mi_append(note, sizeof note, &used, "%s%.*s%s", i == 0 ? " Nothing here depends on " : ", ",
                  (int)mi_text_bytes(label, 60), label, i + 1 == p->idle_count ? "." : "");
    }
    if (p->series_shown < p->series.count) {
        mi_append(note, sizeof note, &used, " The first %zu of %zu lines; cells.csv has all.",
                  p->series_shown, p->series.count);
    }
    mi_sweep_notes(sheet, p->figure, note);
}

void mi_lines_legend(mi_sheet *sheet, const mi_lines_plan *p)
{
    put_keys(sheet, p);
    put_notes(sheet, p);
}
