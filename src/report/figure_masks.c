/* The masks themselves: one of each strategy at half and at three quarters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "maskinfo/memory.h"

enum {
    MOST_SIDE = 64,      /* rows and columns of a grid that are drawn */
    MOST_STRIP_ROWS = 4, /* lines of a sequence that are drawn */
    STRIP = 64,          /* sites in a line */
    GRID_SIZE = 210,     /* largest side of a grid, pixels */
    SMALL_CELL = 6,      /* below this no gap between cells */
    TITLE_MARGIN = 46,   /* two lines */
    GAP = 10,            /* below a mask */
    NAME_WIDTH = 170,    /* left of a strip */
    MARGIN = 20,
    TARGETS = 2
};

static const double targets[TARGETS] = {0.5, 0.75};
static const double NEAR = 0.15;

static const char hidden_style[] = "fc rgb '#33415c' fs solid noborder";
static const char visible_style[] = "fc rgb '#f7f3e8' fs solid border lc rgb '#b5ad98' lw 0.8";

static bool is_strip(const mi_mask_sample *sample)
{
    return sample->rows == 1;
}

/* The sample of a source nearest to a target, of the kind asked for; NULL where none is near. */
static const mi_mask_sample *near_sample(const mi_source *s, double target, bool strip)
{
    const mi_mask_sample *best = NULL;
    double least = NEAR + 1e-9;
    for (size_t i = 0; i < s->sample_count; i++) {
        double distance = fabs(s->samples[i].ratio - target);
        if (is_strip(&s->samples[i]) == strip && distance < least) {
            best = &s->samples[i];
            least = distance;
        }
    }
    return best;
}

static bool has_kind(const mi_source *s, bool strip)
{
    bool any = false;
    for (int t = 0; t < TARGETS; t++) {
        any = any || near_sample(s, targets[t], strip) != NULL;
    }
    return any;
}

/* The first curve of a strategy that has masks of the kind; NULL where there is none. */
static const mi_source *source_of(const mi_report *report, const mi_strategy *strategy, bool strip)
{
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (s->opt_strategy == strategy && mi_source_in(s, "masks") && has_kind(s, strip)) {
            return s;
        }
    }
    return NULL;
}

static int count_strategies(const mi_report *report, bool strip)
{
    int count = 0;
    for (const mi_strategy *m = mi_strategies; m->name != NULL; m++) {
        count += source_of(report, m, strip) != NULL;
    }
    return count;
}

/* Random masks alone need no picture. */
static bool any(const mi_report *report)
{
    for (const mi_strategy *m = mi_strategies; m->name != NULL; m++) {
        if (strcmp(m->name, "random") != 0 &&
            (source_of(report, m, false) != NULL || source_of(report, m, true) != NULL)) {
            return true;
        }
    }
    return false;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How a sample is laid out in lines: a grid as it is, a sequence broken at the end of the line. */
typedef struct picture {
    const mi_mask_sample *sample;
    size_t rows, columns; /* drawn */
    size_t line;          /* sites from one row to the next */
    size_t sites, hidden; /* of the whole mask */
} picture;

static picture lay_out(const mi_mask_sample *sample)
{
    picture p = {.sample = sample, .sites = sample->rows * sample->columns};
    if (is_strip(sample)) {
        p.line = p.columns = least(STRIP, sample->columns);
        p.rows = least(MOST_STRIP_ROWS, (sample->columns + STRIP - 1) / STRIP);
    } else {
        p.line = sample->columns;
        p.rows = least(MOST_SIDE, sample->rows);
        p.columns = least(MOST_SIDE, sample->columns);
    }
    for (size_t i = 0; i < p.sites; i++) {
        p.hidden += sample->masked[i] == '1';
    }
    return p;
}

static bool is_cut(const picture *p)
{
    return p->rows * p->line < p->sites || p->columns < p->line;
}

/* Rows of (row, column, hidden); what lies beyond the end of a sequence is missing. -1 where memory
 * is short. */
static int put_block(mi_sheet *sheet, const mi_source *s, const picture *p)
{
    double *numbers = NULL;
    if (mi_allocate(3 * p->rows * p->columns, sizeof *numbers, &numbers, NULL) != MI_OK) {
        sheet->failed = true;
        return -1;
    }
    for (size_t i = 0; i < p->rows * p->columns; i++) {
        size_t row = i / p->columns, column = i % p->columns, site = row * p->line + column;
        numbers[3 * i] = (double)row;
        numbers[3 * i + 1] = (double)column;
        numbers[3 * i + 2] = site < p->sites ? p->sample->masked[site] - '0' : NAN;
    }
    int block =
        mi_sheet_block(sheet, s->label, "row column hidden", numbers, 3, p->rows * p->columns);
    free(numbers);
    return block;
}

static void put_cells(mi_sheet *sheet, const picture *p, int block, int pixels)
{
    double half = pixels < SMALL_CELL ? 0.5 : 0.44;
    fprintf(sheet->script,
            "set xrange [-0.5:%zu.5]; set yrange [%zu.5:-0.5]; unset border; unset tics\n",
            p->columns - 1, p->rows - 1);
    mi_sheet_item(sheet, "data index %d using ($3 == 1 ? $2 : 1/0):1:(%g):(%g) with boxxyerror %s",
                  block, half, half, hidden_style);
    mi_sheet_item(sheet, "data index %d using ($3 == 0 ? $2 : 1/0):1:(%g):(%g) with boxxyerror %s",
                  block, half, half, visible_style);
    mi_sheet_end(sheet);
}

/* "block, 75 %" and "147 of 196 hidden". */
static void put_names(char first[64], char second[64], const mi_source *s, const picture *p)
{
    snprintf(first, 64, "%s, %.3g %%", s->opt_strategy->name, 100 * p->sample->ratio);
    snprintf(second, 64, "%zu of %zu hidden%s", p->hidden, p->sites,
             is_cut(p) ? " (its start)" : "");
}

static void draw_grid(mi_sheet *sheet, const mi_source *s, const mi_mask_sample *sample, int column,
                      int columns)
{
    char title[64], count[64];
    picture p = lay_out(sample);
    int width = MI_SHEET_WIDTH / columns, top = sheet->bottom + TITLE_MARGIN;
    int side = (int)(p.rows > p.columns ? p.rows : p.columns), pixels = GRID_SIZE / side;
    int block = put_block(sheet, s, &p), wide = pixels * (int)p.columns;
    if (block < 0) {
        return;
    }
    int left = column * width + (width - wide) / 2;
    mi_box box = {left, left + wide, top, top + pixels * (int)p.rows};
    put_names(title, count, s, &p);
    mi_sheet_panel(sheet, box, "", "", "");
    fprintf(sheet->script,
            "set label '%s' at screen X(%d), Y(%d) center tc rgb '%s' font ',13'\n"
            "set label '%s' at screen X(%d), Y(%d) center tc rgb '#666666' font ',10'\n",
            title, left + wide / 2, top - 30, s->opt_strategy->color, count, left + wide / 2,
            top - 12);
    put_cells(sheet, &p, block, pixels);
}

/* Pixels that the grids of one target need. */
static int grid_height(const mi_report *report, double target)
{
    int most = 0;
    for (const mi_strategy *m = mi_strategies; m->name != NULL; m++) {
        const mi_source *s = source_of(report, m, false);
        const mi_mask_sample *sample = s == NULL ? NULL : near_sample(s, target, false);
        if (sample != NULL) {
            picture p = lay_out(sample);
            int side = (int)(p.rows > p.columns ? p.rows : p.columns);
            int height = GRID_SIZE / side * (int)p.rows;
            most = height > most ? height : most;
        }
    }
    return most == 0 ? 0 : TITLE_MARGIN + most + GAP;
}

/* Strategies side by side, targets below each other; of a lone strategy the targets side by side.
 */
static void draw_grids(mi_sheet *sheet)
{
    int strategies = count_strategies(sheet->report, false), height = 0;
    for (int t = 0; t < TARGETS; t++) {
        int column = 0, below = grid_height(sheet->report, targets[t]);
        for (const mi_strategy *m = mi_strategies; m->name != NULL; m++) {
            const mi_source *s = source_of(sheet->report, m, false);
            const mi_mask_sample *sample = s == NULL ? NULL : near_sample(s, targets[t], false);
            if (sample != NULL && strategies == 1) {
                draw_grid(sheet, s, sample, t, TARGETS);
            } else if (sample != NULL) {
                draw_grid(sheet, s, sample, column, strategies);
            }
            column += s != NULL;
        }
        height = below > height ? below : height;
        sheet->bottom += strategies == 1 ? 0 : below;
    }
    sheet->bottom += strategies == 1 ? height : 0;
}

static void draw_strip(mi_sheet *sheet, const mi_source *s, const mi_mask_sample *sample)
{
    char title[64], count[64];
    picture p = lay_out(sample);
    int pixels = (MI_SHEET_WIDTH - NAME_WIDTH - MARGIN) / (int)p.columns;
    pixels = pixels > 2 * MARGIN ? 2 * MARGIN : pixels;
    int top = sheet->bottom + GAP, height = pixels * (int)p.rows;
    int block = put_block(sheet, s, &p);
    if (block < 0) {
        return;
    }
    int room = height > 2 * MI_LINE_HEIGHT ? height : 2 * MI_LINE_HEIGHT;
    top += (room - height) / 2;
    put_names(title, count, s, &p);
    mi_sheet_panel(sheet,
                   (mi_box){NAME_WIDTH, NAME_WIDTH + pixels * (int)p.columns, top, top + height},
                   "", "", "");
    fprintf(sheet->script,
            "set label '%s' at screen X(%d), Y(%d) left tc rgb '%s' font ',13'\n"
            "set label '%s' at screen X(%d), Y(%d) left tc rgb '#666666' font ',10'\n",
            title, MARGIN, top + height / 2 - 8, s->opt_strategy->color, count, MARGIN,
            top + height / 2 + 9);
    put_cells(sheet, &p, block, pixels);
    sheet->bottom += GAP + room;
}

static void draw_strips(mi_sheet *sheet)
{
    for (int t = 0; t < TARGETS; t++) {
        for (const mi_strategy *m = mi_strategies; m->name != NULL; m++) {
            const mi_source *s = source_of(sheet->report, m, true);
            const mi_mask_sample *sample = s == NULL ? NULL : near_sample(s, targets[t], true);
            if (sample != NULL) {
                draw_strip(sheet, s, sample);
            }
        }
    }
    sheet->bottom += GAP;
}

static void draw(mi_sheet *sheet)
{
    draw_grids(sheet);
    if (count_strategies(sheet->report, true) > 0) {
        draw_strips(sheet);
    }
    sheet->bottom += GAP;
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH, 2, "");
    mi_sheet_item(sheet, "keyentry with boxes %s title 'hidden'", hidden_style);
    mi_sheet_item(sheet, "keyentry with boxes %s title 'visible'", visible_style);
    mi_sheet_end(sheet);
    sheet->bottom += 2 * MI_LINE_HEIGHT + MARGIN;
    mi_sheet_note(
        sheet,
        "One mask of each strategy, of the kind that its curve was computed from. A hidden site "
        "inside a block or a span has no visible neighbour; where a regular "
        "lattice stays visible, every hidden site has some among its eight.");
}

const mi_figure mi_figure_masks = {
    .name = "masks",
    .question = "Which sites does each strategy hide?",
    .caption = "One mask of each strategy near 50 % and 75 %; dark sites are hidden. Blocks leave "
               "large holes whose middle has no visible neighbour, lattices leave every hidden "
               "site a neighbour.",
    .compare = true,
    .curve = true,
    .any = any,
    .draw = draw,
};
