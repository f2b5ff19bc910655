#include "cells.h"

#include <math.h>
#include <string.h>

#include "html.h"
#include "maskinfo/memory.h"
#include "text.h"

mi_code mi_cells_create(size_t rows, const char *const *headings, size_t columns, mi_cells *cells,
                        mi_status *status)
{
    *cells = (mi_cells){.rows = rows, .columns = columns, .headings = headings};
    return mi_allocate(rows * columns, sizeof *cells->text, &cells->text, status);
}

char *mi_cell(const mi_cells *cells, size_t row, size_t column)
{
    return cells->text[row * cells->columns + column];
}

void mi_cell_number(const mi_cells *cells, size_t row, size_t column, int decimals, double value)
{
    if (isfinite(value)) {
        bool large = fabs(value) >= 1e7;
        snprintf(mi_cell(cells, row, column), MI_CELL, large ? "%.*e" : "%.*f", decimals, value);
    }
}

void mi_cell_estimate(const mi_cells *cells, size_t row, size_t column, int decimals, double value,
                      double error)
{
    mi_cell_number(cells, row, column, decimals, value);
    if (isfinite(value) && isfinite(error)) {
        char *text = mi_cell(cells, row, column);
        size_t used = strlen(text);
        snprintf(text + used, MI_CELL - used, " ± %.1e", error);
        if (error == 0 || (error >= 1e-4 && error < 1e7)) {
            snprintf(text + used, MI_CELL - used, " ± %.2g", error);
        }
    }
}

static const char *shown(const mi_cells *cells, size_t row, size_t column)
{
    const char *text = mi_cell(cells, row, column);
    return text[0] == '\0' ? "-" : text;
}

static bool has_text(const mi_cells *cells, size_t column)
{
    for (size_t i = 0; i < cells->rows; i++) {
        if (mi_cell(cells, i, column)[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* 0 in the last column, behind which nothing needs a place. */
static size_t width_of(const mi_cells *cells, size_t column)
{
    size_t width = mi_text_length(cells->headings[column]), next = column + 1;
    while (next < cells->columns && !has_text(cells, next)) {
        next++;
    }
    if (next == cells->columns) {
        return 0;
    }
    for (size_t i = 0; i < cells->rows; i++) {
        size_t own = mi_text_length(shown(cells, i, column));
        width = own > width ? own : width;
    }
    return width;
}

void mi_cells_plain(const mi_cells *cells, FILE *file)
{
    for (size_t i = 0; i <= cells->rows; i++) {
        bool first = true;
        for (size_t c = 0; c < cells->columns; c++) {
            if (has_text(cells, c)) {
                fputs(first ? "" : "  ", file);
                const char *text = i == 0 ? cells->headings[c] : shown(cells, i - 1, c);
                size_t width = width_of(cells, c), own = mi_text_length(text);
                mi_text_pad(file, text, width > own ? width : own);
                first = false;
            }
        }
        putc('\n', file);
    }
}

void mi_cells_markdown(const mi_cells *cells, FILE *file)
{
    for (size_t i = 0; i <= cells->rows; i++) {
        putc('|', file);
        for (size_t c = 0; c < cells->columns; c++) {
            if (has_text(cells, c)) {
                putc(' ', file);
                if (i > 0 && c == 0) {
                    mi_text_markdown(file, shown(cells, i - 1, c));
                } else {
                    fputs(i == 0 ? cells->headings[c] : shown(cells, i - 1, c), file);
                }
                fputs(" |", file);
            }
        }
        putc('\n', file);
        for (size_t c = 0; i == 0 && c < cells->columns; c++) {
            fputs(has_text(cells, c) ? "|---" : "", file);
        }
        fputs(i == 0 ? "|\n" : "", file);
    }
}

void mi_cells_html(const mi_cells *cells, const char *caption, FILE *page)
{
    bool first = true;
    if (cells->rows == 0) {
        return;
    }
    mi_html_table_open(page, caption);
    for (size_t c = 0; c < cells->columns; c++) {
        if (has_text(cells, c)) {
            mi_html_heading(page, cells->headings[c]);
        }
    }
    mi_html_table_body(page);
    for (size_t i = 0; i < cells->rows; i++, first = true) {
        mi_html_row_open(page);
        for (size_t c = 0; c < cells->columns; c++) {
            if (has_text(cells, c)) {
                mi_html_cell(page, first, mi_cell(cells, i, c));
                first = false;
            }
        }
        mi_html_row_close(page);
    }
    mi_html_table_close(page);
}
