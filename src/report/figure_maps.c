/* Held-out images, the principal components of their patches' features, and what the class token
 * attends to. A column of pictures is one panel, whose axes are pixels of the sheet. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "reconstructed.h"

enum {
    HEADING = 44, /* above the columns: two lines */
    GAP = 8,      /* between images */
    SPACE = 14,   /* between columns */
    NAME = 92,    /* least width of a column */
    SIDE = 150,   /* largest side of a picture */
    MARGIN = 20,
    BAR_ROOM = 66,
    BAR = 120,
    MOST_IMAGES = 6,
    MOST_HEADS = 6,
    COLORS = 3,
    PLACE = 2,            /* columns of a data block before the values */
    MOST_POLYGONS = 30000 /* of an SVG, where each pixel is one */
};

/* Single-hue, of even steps in lightness (ColorBrewer's Purples, extended to white). */
static const char attention_palette[] =
    "set palette defined (0 '#ffffff', 0.25 '#dadaeb', 0.5 '#9e9ac8', 0.75 '#6a51a3', 1 "
    "'#2d004b')\n";

typedef struct layout {
    const mi_maps *m;
    size_t images, heads, planes; /* that are shown */
    size_t tokens;
    int columns;
    int width, height; /* of a picture on the sheet */
    double scale;      /* attention: the end of the colours, */
    bool beyond;       /* which some values exceed */
} layout;

static bool any(const mi_report *report)
{
    const mi_trained *t = mi_report_run(report);
    return t != NULL && t->maps.count > 0;
}

static layout lay_out(const mi_maps *m)
{
    layout l = {.m = m,
                .images = m->count < MOST_IMAGES ? m->count : MOST_IMAGES,
                .heads = m->heads < MOST_HEADS ? m->heads : MOST_HEADS,
                .planes = m->channels == COLORS ? COLORS : 1,
                .tokens = m->token_rows * m->token_columns};
    l.heads = m->opt_attention != NULL ? l.heads : 0;
    bool mean = m->opt_attention != NULL && m->heads > 1;
    l.columns = 1 + (m->opt_rgb != NULL) + mean + (int)l.heads;
    double room = (MI_SHEET_WIDTH - 2.0 * MARGIN - SPACE * (l.columns - 1)) / l.columns;
    double longest = (double)(m->rows > m->columns ? m->rows : m->columns);
    double pixel = fmin(SIDE, room) / longest;
    pixel = pixel > 1 ? floor(pixel) : pixel; /* whole ones leave no seams */
    l.width = (int)fmax(pixel * (double)m->columns, 4);
    l.height = (int)fmax(pixel * (double)m->rows, 4);
    return l;
}

/* Attention of a head (of `heads`: the mean of all) of an image to a token. */
static double attention(const mi_maps *m, size_t image, size_t head, size_t token)
{
    size_t tokens = m->token_rows * m->token_columns;
    double sum = 0;
    if (head < m->heads) {
        return m->opt_attention[(image * m->heads + head) * tokens + token];
    }
    for (size_t h = 0; h < m->heads; h++) {
        sum += attention(m, image, h, token);
    }
    return sum / (double)m->heads;
}

static void put_pixels(mi_sheet *sheet, const layout *l, size_t image, double *rows)
{
    const mi_maps *m = l->m;
    size_t pixels = m->rows * m->columns, columns = PLACE + l->planes;
    char label[48];
    for (size_t i = 0; i < pixels; i++) {
        double *row = rows + i * columns;
        row[0] = (double)(i / m->columns);
        row[1] = (double)(i % m->columns);
        for (size_t c = 0; c < l->planes; c++) {
            row[PLACE + c] = m->original[(image * pixels + i) * m->channels + c];
        }
    }
    snprintf(label, sizeof label, "image %zu, pixels", image + 1);
    mi_sheet_block(sheet, label, l->planes > 1 ? "row column red green blue" : "row column value",
                   rows, columns, pixels);
}

/* row column component1..3 mean head1.. of each token. */
static size_t token_columns(const layout *l)
{
    return PLACE + COLORS + 1 + l->heads;
}

static void put_tokens(mi_sheet *sheet, layout *l, size_t image, double *rows)
{
    const mi_maps *m = l->m;
    char label[48], heading[256];
    size_t used = 0, columns = token_columns(l);
    for (size_t i = 0; i < l->tokens; i++) {
        double *row = rows + i * columns;
        row[0] = (double)(i / m->token_columns);
        row[1] = (double)(i % m->token_columns);
        for (size_t c = 0; c < COLORS; c++) {
            row[PLACE + c] =
                m->opt_rgb != NULL ? m->opt_rgb[(image * l->tokens + i) * COLORS + c] : NAN;
        }
        row[PLACE + COLORS] = l->heads > 0 ? attention(m, image, m->heads, i) : NAN;
        for (size_t h = 0; h < l->heads; h++) {
            row[PLACE + COLORS + 1 + h] = attention(m, image, h, i);
        }
    }
    mi_append(heading, sizeof heading, &used,
              "row column component_1 component_2 component_3 attention_mean");
    for (size_t h = 0; h < l->heads; h++) {
        mi_append(heading, sizeof heading, &used, " attention_%zu", h + 1);
    }
    snprintf(label, sizeof label, "image %zu, tokens", image + 1);
    mi_sheet_block(sheet, label, heading, rows, columns, l->tokens);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The colours end where all but the largest 2 % of the values lie: a few would make the others
 * pale. */
static bool find_scale(layout *l)
{
    size_t each = l->m->heads * l->tokens, count = l->images * each;
    double *values = NULL;
    if (l->heads == 0) {
        return true;
    }
    if (mi_allocate(count, sizeof *values, &values, NULL) != MI_OK) {
        return false;
    }
    memcpy(values, l->m->opt_attention, count * sizeof *values);
    qsort(values, count, sizeof *values, compare);
    l->scale = mi_round_up(values[(size_t)(0.98 * (double)(count - 1))]);
    l->beyond = values[count - 1] > l->scale;
    free(values);
    return true;
}

/* Two blocks for each image; false where memory is short. */
static bool put_blocks(mi_sheet *sheet, layout *l)
{
    size_t pixels = l->m->rows * l->m->columns * (PLACE + l->planes);
    size_t tokens = l->tokens * token_columns(l);
    double *rows = NULL;
    if (!find_scale(l) ||
        mi_allocate(pixels > tokens ? pixels : tokens, sizeof *rows, &rows, NULL) != MI_OK) {
        sheet->failed = true;
        return false;
    }
    for (size_t i = 0; i < l->images; i++) {
        put_pixels(sheet, l, i, rows);
        put_tokens(sheet, l, i, rows);
    }
    free(rows);
    return true;
}

/* Pictures of (rows, columns) cells whose values are in the data's columns from `value` on: the
 * blocks of all images. gnuplot's images have at least two rows and columns; a single one is a
 * strip of boxes. */
static void put_pictures(mi_sheet *sheet, const layout *l, int first, size_t rows, size_t columns,
                         size_t value, size_t planes)
{
    double across = l->width / (double)columns, down = l->height / (double)rows;
    bool strip = rows == 1 || columns == 1;
    for (size_t i = 0; i < l->images; i++) {
        mi_sheet_item(sheet, "data index %zu using (($2+0.5)*%.6g):(%zu + ($1+0.5)*%.6g):",
                      2 * i + (size_t)first, across, i * ((size_t)l->height + GAP), down);
        if (strip) {
            fprintf(sheet->script, "(%.6g):(%.6g):", across / 2, down / 2);
        }
        if (planes == 1) {
            fprintf(sheet->script,
                    strip ? "%zu with boxxyerror fc palette fs solid noborder"
                          : "%zu with image @how",
                    value);
        } else if (strip) {
            fprintf(sheet->script,
                    "(65536*int(byte($%zu)) + 256*int(byte($%zu)) + int(byte($%zu))) with "
                    "boxxyerror lc rgb variable fs solid noborder",
                    value, value + 1, value + 2);
        } else {
            fprintf(sheet->script, "(byte($%zu)):(byte($%zu)):(byte($%zu)) with rgbimage @how",
                    value, value + 1, value + 2);
        }
    }
}

/* The end of the greys; of pictures of one value it is anything else. */
static double highest(const mi_maps *m)
{
    return m->high > m->low ? m->high : m->low + fmax(fabs(m->low), 1);
}

static int left_of(const layout *l, int column)
{
    int wide = l->width > NAME ? l->width : NAME, used = l->columns * (wide + SPACE) - SPACE;
    return (MI_SHEET_WIDTH - used) / 2 + column * (wide + SPACE) + (wide - l->width) / 2;
}

static int all_high(const layout *l)
{
    return (int)l->images * (l->height + GAP) - GAP;
}

/* Open the panel of a column, with its frames and two lines of title. */
static mi_box open_column(mi_sheet *sheet, const layout *l, int column, const char *first,
                          const char *second)
{
    int left = left_of(l, column), top = sheet->bottom + HEADING, all = all_high(l);
    mi_box box = {left, left + l->width, top, top + all};
    mi_sheet_panel(sheet, box, "", "", "");
    fprintf(sheet->script,
            "set label '%s' at screen X(%d), Y(%d) center font ',13'\n"
            "set label '%s' at screen X(%d), Y(%d) center tc rgb '#666666' font ',10'\n"
            "unset border; unset tics; unset colorbox; set xrange [0:%d]; set yrange [%d:0]\n",
            first, left + l->width / 2, top - 30, second, left + l->width / 2, top - 12, l->width,
            all);
    for (size_t i = 0; i < l->images; i++) {
        size_t from = i * ((size_t)l->height + GAP);
        fprintf(sheet->script,
                "set object rectangle from 0, %zu to %d, %zu front fs empty border lc rgb "
                "'#777777' lw 0.8\n",
                from, l->width, from + (size_t)l->height);
    }
    return box;
}

static void put_bar(mi_sheet *sheet, const layout *l, mi_box box, const char *label)
{
    int width = l->width > BAR ? l->width : BAR;
    mi_put_color_bar(sheet, box.left + (l->width - width) / 2, width, box.bottom + GAP, label);
}

static void draw_originals(mi_sheet *sheet, const layout *l)
{
    double low = l->m->low, high = highest(l->m);
    mi_box box = open_column(sheet, l, 0, "original", "held-out image");
    if (l->planes == 1) {
        fprintf(sheet->script,
                "set palette gray; set cbrange [%.6g:%.6g]; set cbtics ('%.3g' %.6g, '%.3g' "
                "%.6g)\n",
                low, high, low, low, high, high);
        put_bar(sheet, l, box, "value of a pixel");
    } else {
        fprintf(sheet->script, "byte(x) = x < %.6g ? 0 : x > %.6g ? 255 : 255*(x - %.6g)/%.6g\n",
                low, high, low, high - low);
    }
    put_pictures(sheet, l, 0, l->m->rows, l->m->columns, PLACE + 1, l->planes);
    mi_sheet_end(sheet);
}

static void draw_components(mi_sheet *sheet, const layout *l, int column)
{
    open_column(sheet, l, column, "features", "PCA as RGB");
    fputs("byte(x) = x < 0 ? 0 : x > 1 ? 255 : 255*x\n", sheet->script);
    put_pictures(sheet, l, 1, l->m->token_rows, l->m->token_columns, PLACE + 1, COLORS);
    mi_sheet_end(sheet);
}

/* Head l->m->heads is the mean. */
static void draw_attention(mi_sheet *sheet, const layout *l, int column, size_t head, bool bar)
{
    char name[32] = "attention", second[48] = "mean of heads";
    bool mean = head == l->m->heads;
    if (!mean) {
        snprintf(name, sizeof name, "head %zu", head + 1);
        snprintf(second, sizeof second, "of %zu", l->m->heads);
    }
    mi_box box = open_column(sheet, l, column, name, second);
    fprintf(sheet->script, "%sset cbrange [0:%.6g]; set cbtics ('0' 0, '%s%.3g' %.6g)\n",
            attention_palette, l->scale, l->beyond ? "≥ " : "", l->scale, l->scale);
    if (bar) {
        put_bar(sheet, l, box, "attention to a patch");
    }
    put_pictures(sheet, l, 1, l->m->token_rows, l->m->token_columns,
                 PLACE + COLORS + 1 + (mean ? 0 : 1 + head), 1);
    mi_sheet_end(sheet);
}

static void put_note(mi_sheet *sheet, const layout *l)
{
    const mi_maps *m = l->m;
    char text[900];
    size_t used = 0;
    mi_append(text, sizeof text, &used, "%zu of %zu held-out images.", l->images, m->count);
    if (l->planes == 1 && m->channels > 1) {
        mi_append(text, sizeof text, &used, " Channel 1 of %zu is shown.", m->channels);
    }
    if (m->opt_rgb != NULL) {
        mi_append(text, sizeof text, &used,
                  " Colours: the first three principal components of the patches' features of all "
                  "these images, one colour each, from their 2 %% to their 98 %% quantile");
        if (isfinite(m->explained[0])) {
            mi_append(text, sizeof text, &used,
                      "; they hold %.0f, %.0f and %.0f %% of the variance", 100 * m->explained[0],
                      100 * fmax(m->explained[1], 0), 100 * fmax(m->explained[2], 0));
        }
        mi_append(text, sizeof text, &used, ". Alike colours: alike features.");
    } else {
        mi_append(text, sizeof text, &used, " The method has no features of patches.");
    }
    if (m->opt_attention != NULL) {
        mi_append(text, sizeof text, &used,
                  " Attention of the class token in the last block, one scale for all pictures: 0 "
                  "to %.3g%s; even attention to the %zu patches would be %.3g.",
                  l->scale, l->beyond ? " (the darkest: and more)" : "", l->tokens,
                  1 / (double)l->tokens);
        if (l->heads < m->heads) {
            mi_append(text, sizeof text, &used, " %zu of %zu heads; the mean is of all.", l->heads,
                      m->heads);
        }
    } else {
        mi_append(text, sizeof text, &used, " No attention: the encoder has no class token.");
    }
    mi_sheet_note(sheet, text);
}

static void draw(mi_sheet *sheet)
{
    const mi_trained *t = mi_report_run(sheet->report);
    const mi_maps *m = &t->maps;
    layout l = lay_out(m);
    int column = 1;
    mi_put_run_heading(sheet, t);
    if (!put_blocks(sheet, &l)) {
        return;
    }
    fprintf(sheet->script, "\nhow = format eq 'svg' && %d ? 'pixels' : ''\n",
            l.images * (m->rows * m->columns + (size_t)l.columns * l.tokens) <= MOST_POLYGONS);
    draw_originals(sheet, &l);
    if (m->opt_rgb != NULL) {
        draw_components(sheet, &l, column++);
    }
    for (size_t h = 0; h < l.heads + (m->heads > 1) && l.heads > 0; h++) {
        /* The mean first, then the heads. */
        size_t head = m->heads == 1 ? 0 : h == 0 ? m->heads : h - 1;
        draw_attention(sheet, &l, column++, head, h == 0);
    }
    fputs("unset colorbox\n", sheet->script);
    sheet->bottom += HEADING + all_high(&l) + GAP + BAR_ROOM;
    put_note(sheet, &l);
}

const mi_figure mi_figure_maps = {
    .name = "maps",
    .question = "What do the patches' features and the attention mark?",
    .caption = "For each held-out image the first three principal components of its patches' "
               "features as colours, and the attention of the class token. Alike colours mean "
               "alike features; the colours have no meaning of their own.",
    .train = true,
    .any = any,
    .draw = draw,
};
