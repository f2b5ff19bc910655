/* The table of the cells of a sweep. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/stream.h"
#include "rows_paper.h"

/* A number after its comma; nothing for one that is not there. */
static void put_number(FILE *file, double value)
{
    char room[MI_NUMBER_SIZE];
    fprintf(file, ",%s", isfinite(value) ? mi_number_text(mi_result_round(value), room) : "");
}

/* "redundant: 2; mixed: 1" under construction. */
typedef struct counts {
    FILE *file;
    bool more;
} counts;

static void add_count(const char *text, size_t times, void *context)
{
    counts *c = context;
    fprintf(c->file, "%s%s: %zu", c->more ? "; " : "", text, times);
    c->more = true;
}

static void put_texts(mi_paper *p, size_t cell, size_t column)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = mi_open_text(&text, &size);
    if (file != NULL) {
        counts c = {.file = file};
        p->failed = mi_rows_texts(p->rows, cell, column, add_count, &c, NULL) != MI_OK || p->failed;
        p->failed = ferror(file) != 0 || p->failed;
        p->failed = fclose(file) != 0 || p->failed;
    }
    p->failed = p->failed || text == NULL;
    putc(',', p->file);
    mi_paper_field(p->file, text != NULL ? text : "");
    free(text);
}

/* Is there any value, so that its kind is known? */
static bool is_known(const mi_rows *rows, size_t column)
{
    bool any = false;
    for (size_t unit = 0; unit < rows->unit_count && !any; unit++) {
        any = rows->kinds[unit * rows->column_count + column] != MI_VALUE_NULL;
    }
    return any;
}

static void put_cells_head(const mi_paper *p, const bool *numeric)
{
    static const char *const parts[] = {"_mean", "_deviation", "_low", "_high", "_count"};
    mi_paper_axes_head(p);
    fputs("done,failed", p->file);
    for (size_t c = 0; c < p->rows->column_count; c++) {
        for (size_t i = 0; i < (numeric[c] ? sizeof parts / sizeof parts[0] : 1); i++) {
            fprintf(p->file, ",%s%s", p->rows->columns[c],
                    numeric[c]             ? parts[i]
                    : is_known(p->rows, c) ? "_texts"
                                           : "");
        }
    }
    putc('\n', p->file);
}

static void put_cell(mi_paper *p, size_t cell, const bool *numeric)
{
    const mi_rows *rows = p->rows;
    size_t seed = 0;
    mi_paper_axes(p, cell * rows->seed_count, &seed);
    fprintf(p->file, "%zu,%zu", mi_rows_cell_count(rows, cell, MI_ROW_DONE),
            mi_rows_cell_count(rows, cell, MI_ROW_FAILED));
    for (size_t c = 0; c < rows->column_count; c++) {
        if (numeric[c]) {
            mi_aggregate a = mi_rows_aggregate(rows, cell, c, p->buffer);
            put_number(p->file, a.mean);
            put_number(p->file, a.deviation);
            put_number(p->file, a.low);
            put_number(p->file, a.high);
            fprintf(p->file, ",%zu", a.count);
        } else {
            put_texts(p, cell, c);
        }
    }
    putc('\n', p->file);
}

static void put_cells(mi_paper *p)
{
    bool *numeric = NULL;
    if (mi_allocate(p->rows->column_count, sizeof *numeric, &numeric, NULL) != MI_OK) {
        p->failed = true;
        return;
    }
    for (size_t c = 0; c < p->rows->column_count; c++) {
        numeric[c] = is_known(p->rows, c) && mi_rows_numeric(p->rows, c);
    }
    put_cells_head(p, numeric);
    for (size_t cell = 0; cell < p->rows->cell_count && !p->failed; cell++) {
        put_cell(p, cell, numeric);
    }
    free(numeric);
}

mi_code mi_rows_write_cells_csv(const mi_rows *rows, const char *path, mi_status *status)
{
    return mi_paper_write(rows, put_cells, path, status);
}
