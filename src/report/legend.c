/* Legends below the panels, and small print. */
#include <string.h>

#include "sheet.h"
#include "text.h"

enum {
    LINE_HEIGHT = MI_LINE_HEIGHT,
    LABEL_LIMIT = 66,
    NOTE_LIMIT = 155, /* characters of small print in a line */
    MISFIT_LIMIT = 400,
    NOTE_HEIGHT = 16,
    HEADING_HEIGHT = 28,
    MARGIN = 20
};

void mi_sheet_label(mi_sheet *sheet, const mi_source *source, size_t limit, const char *suffix)
{
    char end[128];
    snprintf(end, sizeof end, "%s%s", source->misfit ? " (misfit)" : "", suffix);
    mi_text_quote(sheet->script, source->label, limit, end);
}

/* Axes without a frame from 0 to 1, for labels and keys. */
static void begin_blank(mi_sheet *sheet, mi_box box, const char *comment)
{
    fprintf(sheet->script,
            "\n# %s\neval(clean)\nunset border; unset tics\n"
            "set lmargin at screen X(%d); set rmargin at screen X(%d)\n"
            "set tmargin at screen Y(%d); set bmargin at screen Y(%d)\n"
            "set yrange [0:1]\n",
            comment, box.left, box.right, box.top, box.bottom);
    sheet->plotting = false;
}

void mi_sheet_key(mi_sheet *sheet, int left, int right, int entries, const char *heading)
{
    /* gnuplot breaks a key into columns where it just fits, so there is room to spare. */
    int height = LINE_HEIGHT * (entries + 2);
    mi_box box = {left, right, sheet->bottom, sheet->bottom + height};
    begin_blank(sheet, box, "legend");
    fprintf(sheet->script,
            "set key at screen X(%d), Y(%d) left top reverse Left maxcols 1 samplen 4.5 "
            "font ',12' spacing spacing",
            left, sheet->bottom);
    fputs(" title ", sheet->script);
    mi_text_quote(sheet->script, heading, LABEL_LIMIT, "");
    fputs(" left\n", sheet->script);
    mi_sheet_item(sheet, "-1 notitle");
}

static bool listed(const mi_sheet *sheet, const mi_source *source, mi_group group)
{
    return sheet->block_of[source->number] >= 0 && source->group == group;
}

static int count_group(const mi_sheet *sheet, mi_group group)
{
    int count = 0;
    for (size_t i = 0; i < sheet->report->count; i++) {
        count += listed(sheet, &sheet->report->sources[i], group);
    }
    return count;
}

static void put_group(mi_sheet *sheet, mi_group group, int left, int right, int count)
{
    if (count == 0) {
        return;
    }
    mi_sheet_key(sheet, left, right, count, group == MI_GROUP_TEXT ? "Text" : "Images");
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *source = &sheet->report->sources[i];
        if (listed(sheet, source, group)) {
            mi_sheet_item(sheet, "keyentry with linespoints ls %zu title ", i + 1);
            mi_sheet_label(sheet, source, LABEL_LIMIT, "");
        }
    }
    mi_sheet_end(sheet);
}

void mi_sheet_legend(mi_sheet *sheet)
{
    int texts = count_group(sheet, MI_GROUP_TEXT), images = count_group(sheet, MI_GROUP_IMAGE);
    int middle = MI_SHEET_WIDTH / 2, lines = texts > images ? texts : images;
    put_group(sheet, MI_GROUP_TEXT, MARGIN, middle, texts);
    put_group(sheet, MI_GROUP_IMAGE, texts > 0 ? middle : MARGIN, MI_SHEET_WIDTH, images);
    sheet->bottom += LINE_HEIGHT * (lines + 1) + MARGIN;
}

void mi_sheet_heading(mi_sheet *sheet, const char *text)
{
    int middle = sheet->bottom + HEADING_HEIGHT / 2;
    begin_blank(sheet, (mi_box){MARGIN, MI_SHEET_WIDTH, sheet->bottom, middle}, "heading");
    fputs("set label ", sheet->script);
    mi_text_quote(sheet->script, text, NOTE_LIMIT / 2, "");
    fprintf(sheet->script, " at screen X(%d), Y(%d) left font ',14'\n", MARGIN, middle);
    mi_sheet_end(sheet);
    sheet->bottom += HEADING_HEIGHT;
}

void mi_sheet_note(mi_sheet *sheet, const char *text)
{
    begin_blank(sheet, (mi_box){MARGIN, MI_SHEET_WIDTH, sheet->bottom, sheet->bottom + 10}, "note");
    while (*text != '\0') {
        size_t bytes = mi_text_line(text, NOTE_LIMIT);
        fputs("set label ", sheet->script);
        mi_text_quote_bytes(sheet->script, text, bytes);
        fprintf(sheet->script, " at screen X(%d), Y(%d) left tc rgb '#444444' font ',11'\n", MARGIN,
                sheet->bottom + NOTE_HEIGHT / 2);
        text += bytes + (text[bytes] == ' ');
        sheet->bottom += NOTE_HEIGHT;
    }
    mi_sheet_end(sheet);
    sheet->bottom += NOTE_HEIGHT / 2;
}

void mi_sheet_misfits(mi_sheet *sheet)
{
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *source = &sheet->report->sources[i];
        if (sheet->block_of[i] >= 0 && source->misfit) {
            char note[1024];
            int label = (int)mi_text_bytes(source->label, LABEL_LIMIT);
            int message = (int)mi_text_bytes(source->misfit_message, MISFIT_LIMIT);
            snprintf(note, sizeof note, "Misfit, not a measurement of information: %.*s: %.*s",
                     label, source->label, message, source->misfit_message);
            mi_sheet_note(sheet, note);
        }
    }
}
