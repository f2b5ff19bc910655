/* Pictures in columns: the original, what is visible, the prediction, what could best be predicted,
 * and the errors. A column is one panel, whose axes are pixels of the sheet. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "reconstructed.h"

enum {
    HEADING = 44, /* above the columns: two lines */
    GAP = 8,      /* between examples */
    SPACE = 14,   /* between columns */
    NAME = 136,   /* least width of a column, which its title needs */
    SIDE = 150,   /* largest side of a picture */
    THIN = 12,    /* and the smallest */
    MARGIN = 20,
    BAR_ROOM = 66,
    MOST = 6, /* examples, or as many as 4 where they are large */
    FEW = 4,
    MOST_POLYGONS = 30000, /* of an SVG, where each pixel is one */
    PLACE = 3,             /* columns of a data block before the values */
    VALUE = 64,            /* bytes of an expression */
    BAR = 100              /* least width of a colour bar */
};

static const char veil[] = "fc rgb '#ffffff' fs transparent solid 0.6 noborder";

typedef enum tile {
    T_ORIGINAL,
    T_VISIBLE,
    T_PREDICTED,
    T_EXACT,
    T_ERROR,
    T_EXCESS,
    T_SURPRISE,
    TILES
} tile;

static const struct {
    const char *first, *second;
} titles[TILES] = {
    [T_ORIGINAL] = {"original", "held-out example"},
    [T_VISIBLE] = {"visible", "dark: hidden"},
    [T_PREDICTED] = {"prediction", "veiled: visible"},
    [T_EXACT] = {"best possible", "exact posterior mean"},
    [T_ERROR] = {"error", "prediction - original"},
    [T_EXCESS] = {"avoidable error", "prediction - best possible"},
    [T_SURPRISE] = {"surprise", "-log p(original), nats"},
};

typedef struct layout {
    const mi_trained *trained;
    const mi_shown *s;
    size_t examples;
    size_t planes;  /* colours that are shown: 3 of three channels, else the first one */
    size_t columns; /* of a data block */
    tile tiles[TILES];
    int count;            /* of tiles */
    double across, down;  /* sides of a pixel on the sheet; unequal where a side would vanish */
    double width, height; /* of a picture on the sheet */
    double error;         /* the largest magnitude, at least that of surprise */
} layout;

static void choose_tiles(layout *l)
{
    bool exact = l->s->opt_exact != NULL;
    l->tiles[l->count++] = T_ORIGINAL;
    l->tiles[l->count++] = T_VISIBLE;
    l->tiles[l->count++] = T_PREDICTED;
    if (exact) {
        l->tiles[l->count++] = T_EXACT;
    }
    if (!l->trained->discrete) {
        l->tiles[l->count++] = T_ERROR;
    } else if (l->s->opt_surprise != NULL) {
        l->tiles[l->count++] = T_SURPRISE;
    }
    if (exact && !l->trained->discrete) {
        l->tiles[l->count++] = T_EXCESS;
    }
}

static layout lay_out(const mi_trained *t)
{
    const mi_shown *s = &t->shown;
    layout l = {.trained = t, .s = s, .planes = s->channels == 3 ? 3 : 1};
    choose_tiles(&l);
    double side = (double)(s->rows > s->columns ? s->rows : s->columns);
    double room = (MI_SHEET_WIDTH - 2.0 * MARGIN - SPACE * (l.count - 1)) / l.count;
    double pixel = fmin(SIDE, room) / side;
    pixel = pixel > 1 ? floor(pixel) : pixel; /* whole ones leave no seams */
    l.across = fmax(pixel, (double)THIN / (double)s->columns);
    l.down = fmax(pixel, (double)THIN / (double)s->rows);
    l.width = l.across * (double)s->columns;
    l.height = l.down * (double)s->rows;
    l.examples = s->count < MOST ? s->count : MOST;
    while (l.examples > FEW &&
           l.examples * (size_t)l.count * s->rows * s->columns > MOST_POLYGONS) {
        l.examples--;
    }
    l.columns = PLACE + l.planes * (2u + (s->opt_exact != NULL)) +
                (t->discrete ? s->opt_surprise != NULL : 1u + (s->opt_exact != NULL));
    return l;
}

/* Places of the values in a row of a data block. */
static size_t column_of(const layout *l, tile what)
{
    size_t exact = l->s->opt_exact != NULL;
    switch (what) {
    case T_PREDICTED:
        return PLACE + l->planes;
    case T_EXACT:
        return PLACE + 2 * l->planes;
    case T_ERROR:
    case T_SURPRISE:
        return PLACE + (2 + exact) * l->planes;
    case T_EXCESS:
        return PLACE + (2 + exact) * l->planes + 1;
    default:
        return PLACE;
    }
}

/* Mean over the colours of a difference at a place. */
static double difference(const layout *l, const double *a, const double *b, size_t place)
{
    double sum = 0;
    for (size_t c = 0; c < l->planes; c++) {
        sum += a[place * l->s->channels + c] - b[place * l->s->channels + c];
    }
    return sum / (double)l->planes;
}

/* Errors of visible pixels are 0: an image of gnuplot has no holes. */
static void fill_row(layout *l, size_t place, double *row)
{
    const mi_shown *s = l->s;
    size_t pixels = s->rows * s->columns;
    bool hidden = s->masked[place] > 0;
    row[0] = (double)(place % pixels / s->columns);
    row[1] = (double)(place % s->columns);
    row[2] = s->masked[place];
    for (size_t c = 0; c < l->planes; c++) {
        size_t i = place * s->channels + c;
        row[column_of(l, T_ORIGINAL) + c] = s->original[i];
        row[column_of(l, T_PREDICTED) + c] = s->predicted[i];
        if (s->opt_exact != NULL) {
            row[column_of(l, T_EXACT) + c] = s->opt_exact[i];
        }
    }
    double *error = row + column_of(l, T_ERROR);
    if (l->trained->discrete) {
        if (s->opt_surprise != NULL) {
            *error = hidden ? s->opt_surprise[place] : 0;
            l->error = hidden ? fmax(l->error, *error) : l->error;
        }
        return;
    }
    *error = hidden ? difference(l, s->predicted, s->original, place) : 0;
    l->error = hidden ? fmax(l->error, fabs(*error)) : l->error;
    if (s->opt_exact != NULL) {
        error[1] = hidden ? difference(l, s->predicted, s->opt_exact, place) : 0;
        l->error = hidden ? fmax(l->error, fabs(error[1])) : l->error;
    }
}

static void put_heading(const layout *l, char *text, size_t size)
{
    static const char *const colors[] = {"_red", "_green", "_blue"};
    static const char *const names[] = {"original", "predicted", "exact"};
    size_t used = 0;
    mi_append(text, size, &used, "row column masked");
    for (size_t n = 0; n < 2u + (l->s->opt_exact != NULL); n++) {
        for (size_t c = 0; c < l->planes; c++) {
            mi_append(text, size, &used, " %s%s", names[n], l->planes > 1 ? colors[c] : "");
        }
    }
    if (l->trained->discrete) {
        mi_append(text, size, &used, l->s->opt_surprise != NULL ? " surprise(nats)" : "");
    } else {
        mi_append(text, size, &used, " predicted-original%s",
                  l->s->opt_exact != NULL ? " predicted-exact" : "");
    }
}

/* Blocks 0, 1 ... of the examples; false where memory is short. */
static bool put_blocks(mi_sheet *sheet, layout *l)
{
    char heading[256], label[32];
    size_t pixels = l->s->rows * l->s->columns;
    double *rows = NULL;
    if (mi_allocate(pixels * l->columns, sizeof *rows, &rows, NULL) != MI_OK) {
        sheet->failed = true;
        return false;
    }
    put_heading(l, heading, sizeof heading);
    for (size_t e = 0; e < l->examples; e++) {
        for (size_t i = 0; i < pixels; i++) {
            fill_row(l, e * pixels + i, rows + i * l->columns);
        }
        snprintf(label, sizeof label, "example %zu", e + 1);
        mi_sheet_block(sheet, label, heading, rows, l->columns, pixels);
    }
    free(rows);
    return true;
}

/* Then one block of the tokens of all examples: where they stand in pixels, and whether hidden. */
static int put_tokens(mi_sheet *sheet, const layout *l)
{
    enum { COLUMNS = 4 };
    const mi_shown *s = l->s;
    size_t down = s->rows / s->patch_rows, across = s->columns / s->patch_columns;
    size_t tokens = down * across;
    double *rows = NULL;
    if (mi_allocate(l->examples * tokens, COLUMNS * sizeof *rows, &rows, NULL) != MI_OK) {
        sheet->failed = true;
        return -1;
    }
    for (size_t i = 0; i < l->examples * tokens; i++) {
        size_t e = i / tokens, r = i % tokens / across, c = i % across;
        size_t place = (e * s->rows + r * s->patch_rows) * s->columns + c * s->patch_columns;
        double *row = rows + i * COLUMNS;
        row[0] = (double)e;
        row[1] = ((double)r + 0.5) * (double)s->patch_rows;
        row[2] = ((double)c + 0.5) * (double)s->patch_columns;
        row[3] = s->masked[place];
    }
    int block = mi_sheet_block(sheet, "tokens", "example row(pixels) column(pixels) masked", rows,
                               COLUMNS, l->examples * tokens);
    free(rows);
    return block;
}

/* All tokens that are hidden (or visible) covered in a style. */
static void put_cover(mi_sheet *sheet, const layout *l, int tokens, bool hidden, const char *style)
{
    mi_sheet_item(
        sheet,
        "data index %d using ($4 == %d ? $3*%.6g : 1/0):($1*%.6g + $2*%.6g):(%.6g):(%.6g) "
        "with boxxyerror %s",
        tokens, hidden, l->across, l->height + GAP, l->down,
        l->across * (double)l->s->patch_columns / 2, l->down * (double)l->s->patch_rows / 2, style);
}

/* The value of a pixel in a tile, as gnuplot expressions of the columns: what is predicted stands
 * where it is hidden, what was seen elsewhere. */
static void put_value(const layout *l, tile what, size_t plane, char *text, size_t size)
{
    size_t own = column_of(l, what) + plane + 1, original = PLACE + plane + 1;
    if (what == T_ORIGINAL || what == T_VISIBLE) {
        snprintf(text, size, "$%zu", original);
    } else if (what == T_PREDICTED || what == T_EXACT) {
        snprintf(text, size, "($3 == 1 ? $%zu : $%zu)", own, original);
    } else {
        snprintf(text, size, "($3 == 1 ? $%zu : 0)", own);
    }
}

/* The end of the greys; of pictures of one value it is anything else. */
static double highest(const mi_shown *s)
{
    return s->high > s->low ? s->high : s->low + fmax(fabs(s->low), 1);
}

static bool is_error(tile what)
{
    return what == T_ERROR || what == T_EXCESS || what == T_SURPRISE;
}

/* gnuplot's images have at least two rows and columns; a single one is a strip of boxes. */
static void put_strip(mi_sheet *sheet, const layout *l, size_t example, const char *place,
                      char value[3][VALUE], size_t planes)
{
    mi_sheet_item(sheet, "data index %zu using %s:(%.6g):(%.6g):", example, place, l->across / 2,
                  l->down / 2);
    if (planes == 3) {
        fprintf(sheet->script,
                "(65536*int(byte(%s)) + 256*int(byte(%s)) + int(byte(%s))) with boxxyerror lc rgb "
                "variable fs solid noborder",
                value[0], value[1], value[2]);
    } else {
        fprintf(sheet->script, "(%s) with boxxyerror fc palette fs solid noborder", value[0]);
    }
}

static void put_picture(mi_sheet *sheet, const layout *l, tile what, size_t example)
{
    char place[96], value[3][VALUE];
    size_t planes = is_error(what) ? 1 : l->planes;
    snprintf(place, sizeof place, "(($2+0.5)*%.6g):(%.6g + ($1+0.5)*%.6g)", l->across,
             (double)example * (l->height + GAP), l->down);
    for (size_t c = 0; c < planes; c++) {
        put_value(l, what, c, value[c], sizeof value[c]);
    }
    if (l->s->rows == 1 || l->s->columns == 1) {
        put_strip(sheet, l, example, place, value, planes);
    } else if (planes == 3) {
        mi_sheet_item(sheet,
                      "data index %zu using %s:(byte(%s)):(byte(%s)):(byte(%s)) with rgbimage @how",
                      example, place, value[0], value[1], value[2]);
    } else {
        mi_sheet_item(sheet, "data index %zu using %s:(%s) with image @how", example, place,
                      value[0]);
    }
}

static void put_colors(mi_sheet *sheet, const layout *l, tile what, int left, int below)
{
    int width = l->width > BAR ? (int)l->width : BAR;
    left += ((int)l->width - width) / 2;
    char label[96];
    fputs("unset colorbox\n", sheet->script);
    if (is_error(what)) {
        double end = mi_round_up(l->error);
        bool signs = what != T_SURPRISE;
        fprintf(sheet->script,
                "set palette defined (%s0 '#ffffff', 0.5 '#f4a582', 1 '#b2182b')\n"
                "set cbrange [%.6g:%.6g]; set cbtics ('%.3g' %.6g, '0' 0, '%.3g' %.6g)\n",
                signs ? "-1 '#2166ac', -0.5 '#92c5de', " : "", signs ? -end : 0, end,
                signs ? -end : 0, signs ? -end : 0, end, end);
        if (what != T_EXCESS) {
            snprintf(label, sizeof label, signs ? "error; grey: visible" : "grey: visible");
            mi_put_color_bar(sheet, left, width, below, label);
        }
    } else {
        double low = l->trained->discrete ? 0 : l->s->low;
        double high = l->trained->discrete ? fmax(l->trained->vocabulary - 1, 1) : highest(l->s);
        high = isfinite(high) ? high : 1;
        fprintf(sheet->script,
                "set palette gray; set cbrange [%.6g:%.6g]; set cbtics ('%.3g' %.6g, "
                "'%.3g' %.6g)\n",
                low, high, low, low, high, high);
        if (what == T_ORIGINAL && l->planes == 1) {
            mi_put_color_bar(sheet, left, width, below,
                             l->trained->discrete ? "symbol" : "value of a pixel");
        }
    }
}

static void put_frames(mi_sheet *sheet, const layout *l)
{
    for (size_t e = 0; e < l->examples; e++) {
        double top = (double)e * (l->height + GAP);
        fprintf(sheet->script,
                "set object rectangle from 0, %.6g to %.6g, %.6g front fs empty border lc rgb "
                "'#777777' lw 0.8\n",
                top, l->width, top + l->height);
    }
}

static int left_of(const layout *l, int column)
{
    double wide = fmax(l->width, NAME), used = l->count * (wide + SPACE) - SPACE;
    return (int)((MI_SHEET_WIDTH - used) / 2 + column * (wide + SPACE) + (wide - l->width) / 2);
}

static void draw_tile(mi_sheet *sheet, const layout *l, int column, int tokens)
{
    tile what = l->tiles[column];
    double all = (double)l->examples * (l->height + GAP) - GAP;
    int top = sheet->bottom + HEADING, left = left_of(l, column);
    mi_box box = {left, left + (int)l->width, top, top + (int)all};
    mi_sheet_panel(sheet, box, "", "", "");
    fprintf(sheet->script,
            "set label '%s' at screen X(%d), Y(%d) center font ',13'\n"
            "set label '%s' at screen X(%d), Y(%d) center tc rgb '#666666' font ',10'\n"
            "unset border; unset tics; set xrange [0:%.6g]; set yrange [%.6g:0]\n",
            titles[what].first, left + (int)l->width / 2, top - 30, titles[what].second,
            left + (int)l->width / 2, top - 12, l->width, all);
    put_colors(sheet, l, what, left, box.bottom + GAP);
    put_frames(sheet, l);
    for (size_t e = 0; e < l->examples; e++) {
        put_picture(sheet, l, what, e);
    }
    if (what == T_VISIBLE) {
        put_cover(sheet, l, tokens, true, mi_hidden_style);
    } else if (what == T_PREDICTED || what == T_EXACT) {
        put_cover(sheet, l, tokens, false, veil);
    } else if (is_error(what)) {
        put_cover(sheet, l, tokens, false, mi_seen_style);
    }
    mi_sheet_end(sheet);
}

static void put_note(mi_sheet *sheet, const layout *l)
{
    char text[640];
    size_t used = 0;
    mi_append(text, sizeof text, &used, "%zu of %zu held-out examples at ratio %g.", l->examples,
              l->s->count, l->s->ratio);
    if (!l->trained->discrete && l->s->opt_exact != NULL) {
        mi_append(text, sizeof text, &used,
                  " The best possible prediction errs as well: what is left of the error there "
                  "no network can take away.");
    }
    if (l->planes == 3) {
        mi_append(text, sizeof text, &used, " Errors are means over the three colours.");
    } else if (l->s->channels > 1) {
        mi_append(text, sizeof text, &used, " Channel 1 of %zu is shown.", l->s->channels);
    }
    mi_sheet_note(sheet, text);
}

void mi_reconstruct_pictures(mi_sheet *sheet, const mi_trained *t)
{
    layout l = lay_out(t);
    mi_put_run_heading(sheet, t);
    int tokens = put_blocks(sheet, &l) ? put_tokens(sheet, &l) : -1;
    if (tokens < 0) {
        return;
    }
    /* A picture of polygons stays sharp in an SVG, where viewers blur enlarged bitmaps. */
    size_t polygons = l.examples * (size_t)l.count * t->shown.rows * t->shown.columns;
    fprintf(sheet->script, "\nhow = format eq 'svg' && %d ? 'pixels' : ''\n",
            polygons <= MOST_POLYGONS);
    if (l.planes == 3) {
        double low = t->shown.low, high = highest(&t->shown);
        fprintf(sheet->script, "byte(x) = x < %.6g ? 0 : x > %.6g ? 255 : 255*(x - %.6g)/%.6g\n",
                low, high, low, high - low);
    }
    for (int column = 0; column < l.count; column++) {
        draw_tile(sheet, &l, column, tokens);
    }
    sheet->bottom += HEADING + (int)((double)l.examples * (l.height + GAP)) + BAR_ROOM;
    put_note(sheet, &l);
}
