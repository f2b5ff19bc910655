/* Parts of an HTML page. Whatever comes from a result or a file is escaped here; what is written to
 * the stream by other means is the program's own. */
#ifndef MASKINFO_REPORT_HTML_H
#define MASKINFO_REPORT_HTML_H

#include <stdio.h>

#include "cells.h"
#include "maskinfo/html.h"
#include "source.h"

/* Text, which may hold anything, so that it is nothing but text, also between double quotes:
 * invalid UTF-8 and control characters other than newlines become '?'. */
void mi_html_text(FILE *page, const char *text);

/* A paragraph of text. */
void mi_html_say(FILE *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Plain text whose paragraphs are separated by empty lines. */
void mi_html_paragraphs(FILE *page, const char *text);

/* The same of text that is yet to be written: between open and close it goes to prose->file. */
typedef struct mi_prose {
    FILE *file;
    char *text;
    size_t size;
} mi_prose;
mi_code mi_prose_open(mi_prose *prose, mi_status *status);
mi_code mi_prose_close(mi_prose *prose, FILE *page, mi_status *status);

/* A table that scrolls by itself: open, headings, body, rows of cells, close. The first cell of a
 * row is its heading. */
void mi_html_table_open(FILE *page, const char *caption);
void mi_html_heading(FILE *page, const char *text);
void mi_html_table_body(FILE *page);
void mi_html_row_open(FILE *page);
void mi_html_cell(FILE *page, bool heading, const char *text);
void mi_html_row_close(FILE *page);
void mi_html_table_close(FILE *page);

/* An SVG drawing (size bytes) made safe to stand inside a page, with every id behind `prefix`:
 * nothing but shapes and text comes through. False, with what it has that is not allowed in
 * `reason`, where it is anything else; the page then may hold a part of it and is of no use. */
typedef struct mi_drawing {
    const char *prefix; /* letters, digits, '-' */
    const char *label;  /* what a reader hears who does not see it */
} mi_drawing;
bool mi_svg_inline(FILE *page, const mi_drawing *drawing, const char *svg, size_t size,
                   char reason[96]);

/* A result in the page. */
typedef struct mi_section {
    FILE *page;
    const mi_report *report;
    const cJSON *result;
    const char *folder; /* of the result, as commands name it */
    size_t index;       /* of the section in the page */
    int level;          /* of its headings below its title */
} mi_section;
/* Every figure: its picture, caption and commands. */
mi_code mi_html_figures(const mi_section *section, mi_status *status);

/* The command that made the result, for a shell; whether it was recorded (else it is one that
 * computes the result's configuration again). */
bool mi_html_command(FILE *page, const mi_section *section);

/* The answer in sentences, the tables. */
mi_code mi_html_answer(const mi_section *section, mi_status *status);
mi_code mi_html_tables(const mi_section *section, mi_status *status);

/* Answers of single kinds. */
enum { MI_RATIOS = 40 };
const char *mi_answer_ratios(double count, char text[MI_RATIOS]); /* " (5 ratios)"; "": NAN */
void mi_answer_curve(const mi_section *section);
void mi_answer_compare(const mi_section *section);
void mi_answer_advice(const mi_section *section);
void mi_answer_estimators(const mi_section *section);
void mi_answer_train(const mi_section *section);
void mi_answer_checks(const mi_section *section);
void mi_answer_methods(const mi_section *section);
void mi_answer_center(const mi_section *section);
void mi_answer_sweep(const mi_section *section);

#endif
