/* The inside of a long table: rows.c fills it in, the other files rows_*.c read it. */
#ifndef MASKINFO_REPORT_ROWS_PARTS_H
#define MASKINFO_REPORT_ROWS_PARTS_H

#include <stdint.h>
#include <stdio.h>

#include "interned.h"
#include "maskinfo/rows.h"

typedef enum mi_value_kind {
    MI_VALUE_NULL,
    MI_VALUE_NUMBER,
    MI_VALUE_TEXT,
    MI_VALUE_BOOL
} mi_value_kind;

typedef struct mi_row_axis {
    const char *name;
    bool numeric;
    size_t count;
    const cJSON **values, **labels; /* (count) each; borrowed elements */
} mi_row_axis;

struct mi_rows {
    size_t axis_count, seed_count, column_count, cell_count, unit_count;
    mi_row_axis *axes;
    const cJSON **seeds;     /* (seed_count) */
    const char **columns;    /* (column_count) names */
    unsigned char *statuses; /* (unit_count) */
    uint32_t *messages;      /* (unit_count) text of a failure */
    unsigned char *kinds;    /* (unit_count, column_count); null where the unit is not done */
    double *numbers;         /* likewise: number, bool, index of the text or of a null's reason */
    mi_interned texts;       /* number 0 is "" */
};

/* Mean of what a column holds over the seeds of a cell; NAN where there is none. */
typedef struct mi_aggregate {
    size_t count;
    double mean, deviation, low, high;
} mi_aggregate;

/* `buffer` has room for a number a seed. */
mi_aggregate mi_rows_aggregate(const mi_rows *rows, size_t cell, size_t column, double *buffer);

/* Why the aggregate lacks something; NULL where it lacks nothing. */
const char *mi_rows_reason(const mi_rows *rows, size_t cell, size_t column, mi_aggregate aggregate);

/* A value as text: "" for null, else in `room` (of MI_NUMBER_SIZE) or borrowed. */
enum { MI_NUMBER_SIZE = 32 };
const char *mi_rows_text(const mi_rows *rows, size_t unit, size_t column, char *room);

/* The texts of a column over the seeds of a cell, each once in the order of seeds: calls
 * visit(text, times, context). */
mi_code mi_rows_texts(const mi_rows *rows, size_t cell, size_t column,
                      void (*visit)(const char *text, size_t times, void *context), void *context,
                      mi_status *status);

/* Units of a cell that have the status. */
size_t mi_rows_cell_count(const mi_rows *rows, size_t cell, mi_row_status status);

/* A number with the digits that cJSON gives it, in `room`, which it returns. */
const char *mi_number_text(double value, char room[MI_NUMBER_SIZE]);

#endif
