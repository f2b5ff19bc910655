#include "sheet.h"

#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/stream.h"
#include "text.h"

enum {
    TITLE_HEIGHT = 40,
    LABEL_LIMIT = 200,
    LONG_TITLE = 96, /* characters that fit in the width; in smaller type */
    TITLE_LIMIT = 126
};

/* What every panel starts from. One gnuplot command, run by eval(). */
static const char clean[] =
    "unset label; unset arrow; unset object; unset logscale; unset key; "
    "set border 3 lc rgb \"#444444\"; "
    "set tics out nomirror scale 0.6 font \",11\"; "
    "set xtics nomirror autofreq; set ytics nomirror autofreq; set format \"%g\"; set style fill "
    "solid; "
    "set xrange [0:1]; set yrange [*<0:*]; set xlabel \"\"; set ylabel \"\"; set title \"\"";

mi_code mi_sheet_create(const mi_report *report, const char *name, mi_sheet **ret_sheet,
                        mi_status *status)
{
    mi_sheet *sheet = NULL;
    mi_code code = mi_allocate(1, sizeof *sheet, &sheet, status);
    if (code != MI_OK) {
        return code;
    }
    sheet->report = report;
    sheet->name = name;
    sheet->bottom = TITLE_HEIGHT;
    code = mi_allocate(report->count, sizeof *sheet->block_of, &sheet->block_of, status);
    if (code == MI_OK) {
        sheet->data = mi_open_text(&sheet->data_text, &sheet->data_size);
        sheet->script = mi_open_text(&sheet->script_text, &sheet->script_size);
        if (sheet->data == NULL || sheet->script == NULL) {
            code = mi_fail(status, MI_MEMORY, "no memory for the figure %s", name);
        }
    }
    if (code != MI_OK) {
        mi_sheet_destroy(sheet);
        return code;
    }
    for (size_t i = 0; i < report->count; i++) {
        sheet->block_of[i] = -1;
    }
    *ret_sheet = sheet;
    return MI_OK;
}

void mi_sheet_destroy(mi_sheet *sheet)
{
    if (sheet == NULL) {
        return;
    }
    if (sheet->data != NULL) {
        fclose(sheet->data);
    }
    if (sheet->script != NULL) {
        fclose(sheet->script);
    }
    free(sheet->data_text);
    free(sheet->script_text);
    free(sheet->block_of);
    free(sheet);
}

/* Two blank lines and the comment with the label; the column names are due next. */
static int begin_block(mi_sheet *sheet, const char *label)
{
    fprintf(sheet->data, "%s# block %d: %.*s\n", sheet->blocks > 0 ? "\n\n" : "", sheet->blocks,
            (int)mi_text_bytes(label, LABEL_LIMIT), label);
    return sheet->blocks++;
}

int mi_sheet_block(mi_sheet *sheet, const char *label, const char *heading, const double *numbers,
                   size_t columns, size_t rows)
{
    int block = begin_block(sheet, label);
    fprintf(sheet->data, "# %s\n", heading);
    for (size_t i = 0; i < rows * columns; i++) {
        mi_put_number(sheet->data, numbers[i]);
        putc((i + 1) % columns == 0 ? '\n' : ' ', sheet->data);
    }
    return block;
}

void mi_sheet_source_block(mi_sheet *sheet, const mi_source *source)
{
    FILE *file = sheet->data;
    sheet->block_of[source->number] = begin_block(sheet, source->label);
    putc('#', file);
    for (size_t f = 0; f < sheet->field_count; f++) {
        fprintf(file, " %s", mi_field_heading(sheet->fields[f]));
    }
    for (size_t i = 0; i < source->points; i++) {
        for (size_t f = 0; f < sheet->field_count; f++) {
            putc(f == 0 ? '\n' : ' ', file);
            mi_put_number(file, source->values[sheet->fields[f]][i]);
        }
    }
    putc('\n', file);
}

void mi_sheet_blocks(mi_sheet *sheet, const mi_field *fields, size_t field_count,
                     const mi_panel *panels, size_t panel_count)
{
    sheet->fields = fields;
    sheet->field_count = field_count;
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *source = &sheet->report->sources[i];
        bool shown = false;
        for (size_t p = 0; p < panel_count && !shown; p++) {
            shown = mi_panel_shows(&panels[p], source);
        }
        if (shown) {
            mi_sheet_source_block(sheet, source);
        }
    }
}

int mi_sheet_column(const mi_sheet *sheet, mi_field field)
{
    size_t column = 0;
    while (column < sheet->field_count && sheet->fields[column] != field) {
        column++;
    }
    return (int)column + 1;
}

/* The terminal of each format; sizes of fonts and lines are the same in pixels of the width of
 * 1000, and the PNG has one and a half times as many. */
static void put_terminals(FILE *file, const char *name)
{
    fprintf(
        file,
        "if (!exists('format')) format = 'svg'\n"
        "if (format eq 'svg') set terminal svg standalone size width,height noenhanced "
        "font 'DejaVu Sans,12' background '#ffffff'\n"
        "if (format eq 'png') set terminal pngcairo size 1.5*width,1.5*height noenhanced "
        "font 'DejaVu Sans,12' fontscale 1.125 linewidth 1.5 pointscale 1.5\n"
        "spacing = format eq 'svg' ? 0.9 : 1.15 # both 16 pixels: a line is not the same to them\n"
        "set output '%s.'.format\n",
        name);
}

static void put_styles(FILE *file, const mi_sheet *sheet)
{
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *s = &sheet->report->sources[i];
        if (sheet->block_of[i] >= 0) {
            fprintf(file, "set style line %zu lc rgb '%s' lw 1.8 dt %d pt %d ps 0.75 ", i + 1,
                    s->look.color, s->look.dash, s->look.point);
            mi_text_comment(file, s->label, LABEL_LIMIT);
        }
    }
}

static void put_head(FILE *file, const mi_sheet *sheet, const char *question)
{
    const char *name = sheet->name;
    mi_text_comment(file, question, LABEL_LIMIT);
    fprintf(file,
            "# Draws %s.svg and %s.png from %s.dat; by hand: gnuplot %s.gp\n\n"
            "reset\nset encoding utf8\nwidth = %d; height = %d # pixels\n",
            name, name, name, name, MI_SHEET_WIDTH, sheet->bottom);
    put_terminals(file, name);
    fprintf(file,
            "data = '%s.dat'\nset datafile missing '?'\n"
            "X(pixel) = real(pixel)/width\nY(pixel) = 1 - real(pixel)/height # from the top\n"
            "clean = '%s'\n\n",
            name, clean);
    put_styles(file, sheet);
    fprintf(file, "\nset multiplot title ");
    mi_text_quote(file, question, TITLE_LIMIT, "");
    fprintf(file, " font 'DejaVu Sans,%d'\n", mi_text_length(question) <= LONG_TITLE ? 17 : 13);
}

/* The script ends by running itself once more for the other format. */
static void put_foot(FILE *file, const char *name)
{
    fprintf(file,
            "\nunset multiplot\nunset output\n"
            "if (format eq 'svg') format = 'png'; load '%s.gp'\n",
            name);
}

static bool close_stream(FILE **stream)
{
    bool whole = ferror(*stream) == 0;
    whole = fclose(*stream) == 0 && whole;
    *stream = NULL;
    return whole;
}

mi_code mi_sheet_finish(mi_sheet *sheet, const char *question, mi_status *status)
{
    char *text = NULL;
    size_t size = 0;
    bool whole = close_stream(&sheet->data);
    whole = close_stream(&sheet->script) && whole;
    FILE *file = mi_open_text(&text, &size);
    if (file != NULL) {
        put_head(file, sheet, question);
        fwrite(sheet->script_text, 1, sheet->script_size, file);
        put_foot(file, sheet->name);
        whole = close_stream(&file) && whole;
        free(sheet->script_text);
        sheet->script_text = text;
        sheet->script_size = size;
    }
    if (text == NULL || !whole || sheet->failed) {
        return mi_fail(status, MI_MEMORY, "no memory for the figure %s", sheet->name);
    }
    return MI_OK;
}
