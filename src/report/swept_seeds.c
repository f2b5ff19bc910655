/* On how many seeds the cells of a sweep rest. */
#include "maskinfo/format.h"
#include "swept.h"

/* Cells that have in one of the columns a value from some of the seeds, but not from all. */
static size_t count_fewer(const mi_swept *s, const size_t *opt_columns, size_t count)
{
    size_t fewer = 0;
    for (size_t cell = 0; s->values != NULL && cell < s->cell_count; cell++) {
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            size_t column = opt_columns != NULL ? opt_columns[i] : i;
            size_t seeds = s->values[cell * s->column_count + column].count;
            any = any || (seeds > 0 && seeds < s->seed_count);
        }
        fewer += any;
    }
    return fewer;
}

void mi_swept_put_seeds(const mi_swept *s, const size_t *opt_columns, size_t count, char *text,
                        size_t size, size_t *used)
{
    size_t fewer = count_fewer(s, opt_columns, count);
    mi_append(text, size, used, "%zu seeds", s->seed_count);
    if (fewer > 0) {
        mi_append(text, size, used, " (in %zu %s fewer, where units failed or have no value)",
                  fewer, fewer == 1 ? "cell" : "cells");
    }
}

bool mi_swept_alone(const mi_swept *s, const mi_swept_value *value)
{
    return s->seed_count > 1 && value->count == 1;
}
