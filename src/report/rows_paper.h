/* A table of a sweep on its way into a file: what the long one and that of the cells share. */
#ifndef MASKINFO_REPORT_ROWS_PAPER_H
#define MASKINFO_REPORT_ROWS_PAPER_H

#include "rows_parts.h"

typedef struct mi_paper {
    const mi_rows *rows;
    FILE *file;
    size_t *at;     /* (axis_count) */
    double *buffer; /* (seed_count) */
    bool failed;    /* memory was short */
} mi_paper;

/* A field between its commas; in quotes where it must be. */
void mi_paper_field(FILE *file, const char *text);

/* The text of an axis value: of a number in `room`, else the label. */
const char *mi_paper_axis_text(const mi_row_axis *axis, size_t index, char room[MI_NUMBER_SIZE]);

/* Names of the axes, and the values of a unit, each with a comma behind it. */
void mi_paper_axes_head(const mi_paper *p);
void mi_paper_axes(const mi_paper *p, size_t unit, size_t *ret_seed);

/* A file with what `put` puts on paper. */
mi_code mi_paper_write(const mi_rows *rows, void (*put)(mi_paper *), const char *path,
                       mi_status *status);

#endif
