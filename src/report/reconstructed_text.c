/* Sequences of symbols in lines of three strips: what is seen, what is predicted, what was there.
 * Data hold numbers alone; the script turns them into letters. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "reconstructed.h"

enum {
    LETTERS = 64, /* symbols in a line, where each is a character */
    NUMBERS = 32, /* where they are numbers of up to three digits */
    WORDS = 20,
    MOST = 8,       /* examples */
    MOST_LINES = 3, /* of an example */
    CELL = 18,      /* height of a strip on the sheet */
    STRIPS = 3,
    NAME_WIDTH = 90,
    MARGIN = 20,
    LINE_GAP = 6,
    GAP = 14,
    BAR_WIDTH = 300,
    BAR_ROOM = 64,
    COLUMNS = 6
};

typedef struct layout {
    const mi_trained *trained;
    const mi_shown *s;
    size_t examples, line, lines;
    double surprise; /* the largest one of hidden symbols that are shown */
} layout;

static layout lay_out(const mi_trained *t)
{
    const mi_shown *s = &t->shown;
    layout l = {.trained = t, .s = s};
    bool single = s->opt_alphabet != NULL || t->vocabulary <= 10;
    l.line = single ? LETTERS : t->vocabulary <= 1000 ? NUMBERS : WORDS;
    l.line = l.line < s->columns ? l.line : s->columns;
    l.lines = (s->columns + l.line - 1) / l.line;
    l.lines = l.lines < MOST_LINES ? l.lines : MOST_LINES;
    l.examples = s->count < MOST ? s->count : MOST;
    return l;
}

/* Rows of (line, column, masked, original, predicted, surprise); -1 where memory is short. */
static int put_block(mi_sheet *sheet, layout *l, size_t example)
{
    static const char heading[] = "line column masked original predicted surprise(nats)";
    const mi_shown *s = l->s;
    size_t count = l->lines * l->line < s->columns ? l->lines * l->line : s->columns;
    char label[32];
    double *rows = NULL;
    if (mi_allocate(count, COLUMNS * sizeof *rows, &rows, NULL) != MI_OK) {
        sheet->failed = true;
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        size_t place = example * s->columns + i;
        double surprise = s->opt_surprise == NULL ? NAN : s->opt_surprise[place];
        double *row = rows + i * COLUMNS;
        row[0] = (double)(i / l->line);
        row[1] = (double)(i % l->line);
        row[2] = s->masked[place];
        row[3] = s->original[place];
        row[4] = s->predicted[place];
        row[5] = surprise;
        l->surprise = s->masked[place] > 0 ? fmax(l->surprise, surprise) : l->surprise;
    }
    snprintf(label, sizeof label, "example %zu", example + 1);
    int block = mi_sheet_block(sheet, label, heading, rows, COLUMNS, count);
    free(rows);
    return block;
}

/* letter(k): the character of a symbol, an open box for a space; numbers where there is no
 * alphabet.
 */
static void put_letters(mi_sheet *sheet, const mi_shown *s)
{
    if (s->opt_alphabet == NULL) {
        fputs("letter(k) = sprintf('%d', k)\n", sheet->script);
        return;
    }
    fputs("letters = '", sheet->script);
    for (const char *c = s->opt_alphabet; *c != '\0'; c++) {
        fprintf(sheet->script, *c == ' ' ? "␣" : "%c", *c);
    }
    fputs("'\nletter(k) = substr(letters, int(k) + 1, int(k) + 1)\n", sheet->script);
}

/* Boxes over the symbols of a strip for which the condition holds, in a style. */
static void put_boxes(mi_sheet *sheet, int block, int strip, const char *condition,
                      const char *value, const char *style)
{
    mi_sheet_item(sheet,
                  "data index %d using (%s ? $2 + 0.5 : 1/0):(height(%d, $1)):(0.5):(0.5)%s with "
                  "boxxyerror %s",
                  block, condition, strip, value, style);
}

static void put_text(mi_sheet *sheet, int block, int strip, const char *condition, int column,
                     const char *style)
{
    mi_sheet_item(sheet,
                  "data index %d using (%s ? $2 + 0.5 : 1/0):(height(%d, $1)):(letter($%d)) with "
                  "labels %s",
                  block, condition, strip, column, style);
}

static const char faint[] = "tc rgb '#999999' font 'DejaVu Sans Mono,12'",
                  strong[] = "tc rgb '#000000' font 'DejaVu Sans Mono,12'";

static void put_strips(mi_sheet *sheet, const layout *l, int block)
{
    put_boxes(sheet, block, 0, "$3 == 1", "", mi_hidden_style);
    put_text(sheet, block, 0, "$3 == 0", 4, strong);
    if (l->s->opt_surprise != NULL) {
        put_boxes(sheet, block, 1, "$3 == 1", ":6", "fc palette fs solid noborder");
    } else {
        put_boxes(sheet, block, 1, "$3 == 1", "", mi_seen_style);
    }
    put_boxes(sheet, block, 1, "$3 == 1 && $4 != $5", "",
              "lc rgb '#000000' lw 1.2 fs empty border");
    put_text(sheet, block, 1, "$3 == 0", 4, faint);
    put_text(sheet, block, 1, "$3 == 1", 5, strong);
    put_text(sheet, block, 2, "$3 == 0", 4, faint);
    put_text(sheet, block, 2, "$3 == 1", 4, strong);
    mi_sheet_end(sheet);
}

static void put_names(mi_sheet *sheet, const layout *l, int top)
{
    static const char *const names[STRIPS] = {"seen", "predicted", "original"};
    for (size_t line = 0; line < l->lines; line++) {
        for (int strip = 0; strip < STRIPS; strip++) {
            int y = top + (int)line * (STRIPS * CELL + LINE_GAP) + strip * CELL + CELL / 2;
            fprintf(sheet->script,
                    "set label '%s' at screen X(%d), Y(%d) left tc rgb '#666666' font ',11'\n",
                    names[strip], MARGIN, y);
        }
    }
}

static void put_surprise(mi_sheet *sheet, const layout *l, bool bar, int top)
{
    double end = mi_round_up(l->surprise);
    fputs("unset colorbox\n", sheet->script);
    fprintf(sheet->script,
            "set palette defined (0 '#f1f7ee', 0.25 '#fee8a8', 0.6 '#fdae61', 1 '#e8604c')\n"
            "set cbrange [0:%.6g]; set cbtics autofreq\n",
            end);
    if (bar && l->s->opt_surprise != NULL) {
        mi_put_color_bar(sheet, NAME_WIDTH, BAR_WIDTH, top,
                         "surprise of the original, -log p (nats)");
    }
}

static void draw_example(mi_sheet *sheet, const layout *l, size_t example, bool last)
{
    int high = (int)l->lines * (STRIPS * CELL + LINE_GAP) - LINE_GAP, top = sheet->bottom;
    int cell = (MI_SHEET_WIDTH - NAME_WIDTH - MARGIN) / (int)l->line;
    cell = cell > 3 * CELL ? 3 * CELL : cell;
    mi_box box = {NAME_WIDTH, NAME_WIDTH + cell * (int)l->line, top, top + high};
    mi_sheet_panel(sheet, box, "", "", "");
    fprintf(sheet->script,
            "unset border; unset tics; set xrange [0:%zu]; set yrange [%.6g:0]\n"
            "height(strip, line) = line*%.6g + strip + 0.5\n",
            l->line, (double)high / CELL, (double)(STRIPS * CELL + LINE_GAP) / CELL);
    put_names(sheet, l, top);
    put_surprise(sheet, l, last, box.bottom + GAP);
    put_strips(sheet, l, (int)example);
    sheet->bottom += high + GAP;
}

static void put_note(mi_sheet *sheet, const layout *l)
{
    char text[512];
    size_t used = 0;
    mi_append(
        text, sizeof text, &used,
        "%zu of %zu held-out examples at ratio %g%s. Dark: hidden. Predicted is the likeliest "
        "symbol, framed where it is not the original; its ground is the surprise of the "
        "original.",
        l->examples, l->s->count, l->s->ratio,
        l->lines * l->line < l->s->columns ? ", their starts" : "");
    mi_sheet_note(sheet, text);
}

void mi_reconstruct_text(mi_sheet *sheet, const mi_trained *t)
{
    layout l = lay_out(t);
    mi_put_run_heading(sheet, t);
    putc('\n', sheet->script);
    put_letters(sheet, l.s);
    for (size_t e = 0; e < l.examples; e++) {
        if (put_block(sheet, &l, e) < 0) {
            return;
        }
    }
    sheet->bottom += LINE_GAP;
    for (size_t e = 0; e < l.examples; e++) {
        draw_example(sheet, &l, e, e + 1 == l.examples);
    }
    sheet->bottom += l.s->opt_surprise != NULL ? BAR_ROOM : 0;
    put_note(sheet, &l);
}
