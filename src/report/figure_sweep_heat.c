/* A column of a sweep over two axes: a coloured box for the mean of each cell, or for its commonest
 * text. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "sweep_heat.h"
#include "text.h"

enum {
    TITLE_MARGIN = 34,
    BOTTOM_MARGIN = 56,
    ROW_HEIGHT = 36,
    LEAST_HEIGHT = 180,
    MOST_HEIGHT = 340,
    COLORBOX = 78, /* room right of the axes */
    MARGIN = 20,
    MOST_PANELS = 6,
    MOST_PRINTED = 600, /* numbers in a panel */
    LEAST_WIDTH = 40,   /* of a box that has room for a number */
    LEAST_ROW = 13,
    LABEL_LIMIT = 70,
    NARROW = 6 /* pixels of a character in a box */
};

/* Numbers (or texts cut to the box) into the boxes where they have room. */
static void print_values(mi_sheet *sheet, const mi_heat_map *m, size_t panel, mi_box box)
{
    int width = (box.right - box.left) / (int)m->x->count;
    int height = (box.bottom - box.top) / (int)m->y->count;
    char number[MI_HEAT_NUMBER];
    if (width < (m->numeric ? (int)m->longest * NARROW : LEAST_WIDTH) || height < LEAST_ROW ||
        m->x->count * m->y->count > MOST_PRINTED) {
        return;
    }
    for (size_t k = 0; k < m->x->count * m->y->count; k++) {
        size_t i = k % m->x->count, j = k / m->x->count, cell = mi_heat_cell(m, panel, i, j);
        const mi_swept_value *value = mi_sweep_value(m->swept, cell, m->column);
        mi_heat_shown what = mi_heat_show(m, cell);
        if (what == MI_HEAT_FAILED || what == MI_HEAT_EMPTY) {
            continue;
        }
        fputs("set label ", sheet->script);
        if (what == MI_HEAT_WORDS) {
            mi_text_quote(sheet->script, value->most, (size_t)(width / NARROW), "");
        } else {
            mi_heat_print(m, value, number);
            fprintf(sheet->script, "'%s'", number);
        }
        bool dark = what == MI_HEAT_NUMBERS && mi_heat_bright(m, value->mean);
        fprintf(sheet->script, " at %zu, %zu center front tc rgb '%s' font ',10'\n", i, j,
                dark ? "#000000" : "#ffffff");
    }
}

/* Returns the characters of x tics that stand upright. */
static size_t begin_panel(mi_sheet *sheet, const mi_heat_map *m, mi_box box, const char *title)
{
    char name[MI_SWEEP_LABEL];
    mi_sweep_name(name, m->y->bare, m->y->label, mi_sheet_upright(box));
    mi_sweep_panel(sheet, box, mi_sweep_labels_room(m->y), title, m->x, name);
    fprintf(sheet->script,
            "set xrange [-0.5:%zu.5]; set yrange [-0.5:%zu.5]; unset colorbox\n"
            "set style fill solid noborder\n",
            m->x->count - 1, m->y->count - 1);
    mi_sweep_tics(sheet, m->y, 'y', 0);
    return mi_sweep_tics(sheet, m->x, 'x', box.right - box.left);
}

static void put_colorbox(mi_sheet *sheet, const mi_heat_map *m, mi_box box)
{
    double low = mi_heat_diverges(m) ? fmin(m->low, -m->high) : m->low;
    double high = mi_heat_diverges(m) ? -low : m->high;
    if (!(high - low > 1e-9 * fmax(fabs(high), fabs(low)))) {
        double margin = high != 0 ? 0.1 * fabs(high) : 1;
        low -= margin;
        high += margin;
    }
    fprintf(sheet->script,
            "set colorbox vertical user origin X(%d), Y(%d) size real(12)/width, real(%d)/height\n"
            "set cbtics autofreq font ',10'; set format cb '%%g'; set cbrange [%.9g:%.9g]\n"
            "set palette defined (%s)\n",
            box.right + 8, box.bottom, box.bottom - box.top, low, high,
            mi_heat_diverges(m) ? "0 '#2166ac', 0.5 '#f7f7f7', 1 '#b2182b'"
                                : "0 '#440154', 0.25 '#3b528b', 0.5 '#21918c', 0.75 '#5ec962', 1 "
                                  "'#fde725'");
}

static void put_text_boxes(mi_sheet *sheet, const int *blocks, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (blocks[k] >= 0) {
            mi_sheet_item(sheet,
                          "data index %d using 1:2:3:4:5:6 with boxxyerror fc rgb '%s' lw 0.1",
                          blocks[k], mi_look_of(k).color);
        }
    }
}

static void put_grey_boxes(mi_sheet *sheet, int failed, int empty)
{
    if (failed >= 0) {
        mi_sheet_item(sheet,
                      "data index %d using 1:2:3:4:5:6 with boxxyerror fs pattern 4 lc rgb "
                      "'#777777' lw 1",
                      failed);
    }
    if (empty >= 0) {
        mi_sheet_item(sheet,
                      "data index %d using 1:2:3:4:5:6 with boxxyerror fc rgb '#e4e4e4' lw 0.1",
                      empty);
    }
}

/* Returns the characters of x tics that stand upright. */
static size_t draw_panel(mi_sheet *sheet, const mi_heat_map *m, size_t panel, mi_box box)
{
    char title[2 * MI_SWEEP_LABEL + 2], name[MI_SWEEP_LABEL];
    int texts[MI_HEAT_TEXTS], numbers = mi_heat_boxes(sheet, m, panel, MI_HEAT_NUMBERS, 0);
    for (size_t k = 0; k < m->text_count; k++) {
        texts[k] = mi_heat_boxes(sheet, m, panel, MI_HEAT_WORDS, k);
    }
    int failed = mi_heat_boxes(sheet, m, panel, MI_HEAT_FAILED, 0);
    int empty = mi_heat_boxes(sheet, m, panel, MI_HEAT_EMPTY, 0);
    box.left += mi_sweep_labels_room(m->y);
    box.right -= m->numeric ? COLORBOX : 0;
    const mi_swept_column *column = &m->swept->columns[m->column];
    char label[MI_SWEEP_LABEL];
    mi_sweep_name(label, column->bare, column->label, LABEL_LIMIT);
    mi_combinations_label(&m->panels, m->swept, panel, true, name);
    snprintf(title, sizeof title, "%s%s%s", label, name[0] != '\0' ? ": " : "", name);
    size_t upright = begin_panel(sheet, m, box, title);
    if (m->numeric) {
        put_colorbox(sheet, m, box);
    }
    print_values(sheet, m, panel, box);
    put_grey_boxes(sheet, failed, empty);
    if (numbers >= 0) {
        mi_sheet_item(sheet, "data index %d using 1:2:3:4:5:6:7 with boxxyerror lc palette lw 0.1",
                      numbers);
    }
    put_text_boxes(sheet, texts, m->text_count);
    mi_sheet_end(sheet);
    fputs("unset colorbox\n", sheet->script);
    return upright;
}

static void put_keys(mi_sheet *sheet, const mi_heat_map *m)
{
    int entries = (int)m->text_count + m->any_failed + m->any_empty;
    if (entries == 0) {
        return;
    }
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH, entries, "");
    for (size_t k = 0; k < m->text_count; k++) {
        mi_sheet_item(sheet, "keyentry with boxes fc rgb '%s' fs solid noborder title ",
                      mi_look_of(k).color);
        mi_text_quote(sheet->script, m->texts[k], 80, "");
    }
    if (m->any_failed) {
        mi_sheet_item(sheet, "keyentry with boxes lc rgb '#777777' fs pattern 4 title 'failed'");
    }
    if (m->any_empty) {
        mi_sheet_item(sheet, "keyentry with boxes fc rgb '#e4e4e4' fs solid noborder title "
                             "'no value'");
    }
    mi_sheet_end(sheet);
    sheet->bottom += MI_LINE_HEIGHT * (entries + 1) + MARGIN / 2;
}

static int height_of(const mi_heat_map *m)
{
    int height = ROW_HEIGHT * (int)(m->y->count < 100 ? m->y->count : 100);
    return height < LEAST_HEIGHT ? LEAST_HEIGHT : height > MOST_HEIGHT ? MOST_HEIGHT : height;
}

typedef struct cursor { /* the next panel's place */
    int column, columns, upright;
} cursor;

static void next_row(mi_sheet *sheet, const mi_heat_map *m, cursor *c)
{
    if (c->column > 0) {
        sheet->bottom += TITLE_MARGIN + height_of(m) + BOTTOM_MARGIN + 4 * c->upright;
        *c = (cursor){.columns = c->columns};
    }
}

static void draw_column(mi_sheet *sheet, mi_heat_map *m, cursor *c)
{
    size_t shown_panels = m->panels.count < MOST_PANELS ? m->panels.count : MOST_PANELS;
    for (size_t panel = 0; panel < shown_panels; panel++) {
        mi_box box =
            mi_sheet_cell(c->column, c->columns, sheet->bottom + TITLE_MARGIN, height_of(m));
        int upright = (int)draw_panel(sheet, m, panel, box);
        c->upright = upright > c->upright ? upright : c->upright;
        c->column++;
        if (c->column == c->columns) {
            next_row(sheet, m, c);
        }
    }
}

static void put_notes(mi_sheet *sheet, const mi_heat_map *m)
{
    char note[400];
    size_t used = 0;
    if (m->swept->seed_count > 1) {
        mi_append(note, sizeof note, &used, "%s",
                  m->any_numbers ? "Means over " : "The commonest over ");
        mi_swept_put_seeds(m->swept, m->figure->columns, m->figure->count, note, sizeof note,
                           &used);
        mi_append(note, sizeof note, &used, "%s%s.",
                  m->any_numbers && m->any_words ? "; of texts, the commonest" : "",
                  m->any_alone ? "; * one seed alone" : "");
    } else {
        mi_append(note, sizeof note, &used, "One seed%s.",
                  m->any_numbers ? ": no spread is known" : "");
    }
    if (m->panels.count > MOST_PANELS) {
        mi_append(note, sizeof note, &used, " %d of %zu panels are shown; cells.csv has all.",
                  MOST_PANELS, m->panels.count);
    }
    mi_sweep_notes(sheet, m->figure, note);
}

void mi_sweep_heat(mi_sheet *sheet, const mi_swept_figure *figure)
{
    const mi_swept *swept = sheet->report->opt_swept;
    mi_heat_map m = {.swept = swept,
                     .figure = figure,
                     .x = &swept->axes[figure->x],
                     .y = &swept->axes[figure->y],
                     .panels = {.count = 1}};
    for (size_t a = 0; a < swept->axis_count; a++) {
        if (a != figure->x && a != figure->y && swept->axes[a].count > 1) {
            mi_combinations_add(&m.panels, swept, a);
        }
    }
    if (mi_allocate(m.x->count * m.y->count, MI_HEAT_BOX * sizeof *m.rows, &m.rows, NULL) !=
        MI_OK) {
        sheet->failed = true;
        return;
    }
    cursor c = {.columns = m.panels.count * figure->count > 1 ? 2 : 1};
    for (size_t i = 0; i < figure->count; i++) {
        m.column = figure->columns[i];
        m.numeric = swept->columns[m.column].numeric;
        mi_heat_measure(&m);
        draw_column(sheet, &m, &c);
    }
    next_row(sheet, &m, &c);
    put_keys(sheet, &m);
    put_notes(sheet, &m);
    free(m.rows);
}
