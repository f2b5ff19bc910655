/* A table of short texts, written aligned or as Markdown. */
#ifndef MASKINFO_REPORT_CELLS_H
#define MASKINFO_REPORT_CELLS_H

#include <stdio.h>

#include "maskinfo/status.h"

enum { MI_CELL = 96 };

typedef struct mi_cells {
    size_t rows, columns;
    const char *const *headings; /* (columns) */
    char (*text)[MI_CELL];       /* (rows, columns); "" stands for a dash */
} mi_cells;

/* All cells empty; release text with free(). */
mi_code mi_cells_create(size_t rows, const char *const *headings, size_t columns, mi_cells *cells,
                        mi_status *status);
char *mi_cell(const mi_cells *cells, size_t row, size_t column);

/* A number with `decimals`, and with its error; nothing where it is not there. */
void mi_cell_number(const mi_cells *cells, size_t row, size_t column, int decimals, double value);
void mi_cell_estimate(const mi_cells *cells, size_t row, size_t column, int decimals, double value,
                      double error);

/* Columns without any text are left out. The first column of Markdown is escaped, as it may hold a
 * label; the others are the program's own texts. */
void mi_cells_plain(const mi_cells *cells, FILE *file);
void mi_cells_markdown(const mi_cells *cells, FILE *file);

/* As a table of an HTML page; nothing where there are no rows. */
void mi_cells_html(const mi_cells *cells, const char *caption, FILE *page);

#endif
