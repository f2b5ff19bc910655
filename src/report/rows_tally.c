/* How often each text of a column comes over the seeds of a cell. */
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "rows_parts.h"

typedef struct tally {
    mi_interned seen;
    size_t *times; /* (seed_count + 1) of each number of `seen` */
    uint32_t
        *order; /* (seed_count) numbers of `seen` as they came: "" is number 0 whenever it comes */
    size_t count;
} tally;

static mi_code take(tally *t, const char *text, mi_status *status)
{
    uint32_t number = 0;
    mi_code code = mi_intern(&t->seen, text, &number, status);
    if (code == MI_OK && t->times[number]++ == 0) {
        t->order[t->count++] = number;
    }
    return code;
}

static mi_code take_cell(tally *t, const mi_rows *rows, size_t cell, size_t column,
                         mi_status *status)
{
    char room[MI_NUMBER_SIZE];
    mi_code code = MI_OK;
    for (size_t s = 0; s < rows->seed_count && code == MI_OK; s++) {
        size_t unit = cell * rows->seed_count + s;
        if (rows->kinds[unit * rows->column_count + column] != MI_VALUE_NULL) {
            code = take(t, mi_rows_text(rows, unit, column, room), status);
        }
    }
    return code;
}

mi_code mi_rows_texts(const mi_rows *rows, size_t cell, size_t column,
                      void (*visit)(const char *text, size_t times, void *context), void *context,
                      mi_status *status)
{
    tally t = {.count = 0};
    mi_code code = mi_allocate(rows->seed_count + 1, sizeof *t.times, &t.times, status);
    if (code == MI_OK) {
        code = mi_allocate(rows->seed_count, sizeof *t.order, &t.order, status);
    }
    if (code == MI_OK) {
        code = take_cell(&t, rows, cell, column, status);
    }
    for (size_t i = 0; code == MI_OK && i < t.count; i++) {
        visit(t.seen.texts[t.order[i]], t.times[t.order[i]], context);
    }
    mi_interned_clear(&t.seen);
    free(t.times);
    free(t.order);
    return code;
}
