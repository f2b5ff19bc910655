/* Sources under their masking strategies, as an aligned text and as a Markdown table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "html.h"
#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "maskinfo/stream.h"
#include "text.h"

enum { NAMES = 2, NUMBERS = 8, COLUMNS = NAMES + NUMBERS, CELL = 64 };

/* A computed ratio so far from the one asked for stands for it, and is named. */
static const double NEAR = 0.05;

static const char *const headings[COLUMNS] = {
    "source",  "curve",          "strategy",        "i(0.25)",         "i(0.5)",
    "i(0.75)", "joint(0.5) / N", "joint(0.75) / N", "MSE floor(0.75)", "r* [95%], regime"};

typedef struct row {
    const mi_source *source;
    char cells[NUMBERS][CELL];
} row;

typedef struct table {
    size_t count;
    row *rows;
    size_t widths[COLUMNS];
} table;

/* Index of the point nearest to a ratio that has the value; points where none is near. */
static size_t nearest(const mi_source *s, mi_field field, double ratio)
{
    size_t best = s->points;
    double least = NEAR + 1e-9;
    for (size_t i = 0; i < s->points; i++) {
        double distance = fabs(s->values[MI_F_RATIO][i] - ratio);
        if (isfinite(s->values[field][i]) && distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

static void put_value(char cell[CELL], const mi_source *s, mi_field field, mi_field error,
                      double ratio)
{
    size_t i = nearest(s, field, ratio);
    if (i == s->points) {
        snprintf(cell, CELL, "-");
        return;
    }
    size_t used = 0;
    mi_append(cell, CELL, &used, "%.4g", s->values[field][i]);
    if (error != MI_F_NONE && isfinite(s->values[error][i])) {
        mi_append(cell, CELL, &used, " ± %.2g", s->values[error][i]);
    }
    if (fabs(s->values[MI_F_RATIO][i] - ratio) > 1e-9) {
        mi_append(cell, CELL, &used, " (r = %.4g)", s->values[MI_F_RATIO][i]);
    }
}

static void put_optimum(char cell[CELL], const mi_source *s)
{
    size_t used = 0;
    if (!s->has_optimum) {
        mi_append(cell, CELL, &used, "-");
    } else if (isfinite(s->low) && isfinite(s->high) && s->high > s->low) {
        mi_append(cell, CELL, &used, "%.3f [%.3f, %.3f]", s->optimum, s->low, s->high);
    } else {
        mi_append(cell, CELL, &used, "%.3f", s->optimum);
    }
    mi_append(cell, CELL, &used, "%s%s%s%s", s->has_optimum && s->edge ? " edge" : "",
              s->opt_regime != NULL ? ", " : "", s->opt_regime != NULL ? s->opt_regime : "",
              s->misfit ? ", misfit" : "");
}

static void fill(row *r, const mi_source *s)
{
    r->source = s;
    snprintf(r->cells[0], CELL, "%s", s->opt_strategy->name);
    put_value(r->cells[1], s, MI_F_INFORMATION, MI_F_INFORMATION_SE, 0.25);
    put_value(r->cells[2], s, MI_F_INFORMATION, MI_F_INFORMATION_SE, 0.5);
    put_value(r->cells[3], s, MI_F_INFORMATION, MI_F_INFORMATION_SE, 0.75);
    put_value(r->cells[4], s, MI_F_JOINT, MI_F_JOINT_SE, 0.5);
    put_value(r->cells[5], s, MI_F_JOINT, MI_F_JOINT_SE, 0.75);
    put_value(r->cells[6], s, MI_F_MSE, MI_F_NONE, 0.75);
    put_optimum(r->cells[7], s);
}

static const char *cell(const row *r, size_t column)
{
    return column == 0   ? r->source->origin
           : column == 1 ? r->source->label
                         : r->cells[column - NAMES];
}

static bool same_origin(const mi_source *a, const mi_source *b)
{
    return strcmp(a->origin, b->origin) == 0;
}

/* Rows of one source stand together, where its first curve stands. */
static mi_code collect(table *t, const mi_report *report, mi_status *status)
{
    mi_code code = mi_allocate(report->count, sizeof *t->rows, &t->rows, status);
    for (size_t i = 0; code == MI_OK && i < report->count; i++) {
        const mi_source *leader = &report->sources[i];
        bool leads =
            mi_strategies_show(report, leader) && mi_strategies_rank(report, leader, false) == 0;
        for (size_t k = i; leads && k < report->count; k++) {
            const mi_source *s = &report->sources[k];
            if (mi_strategies_show(report, s) && same_origin(leader, s)) {
                fill(&t->rows[t->count++], s);
            }
        }
    }
    return code;
}

static void measure(table *t)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        t->widths[c] = mi_text_length(headings[c]);
        for (size_t i = 0; i < t->count; i++) {
            size_t width = mi_text_length(cell(&t->rows[i], c));
            t->widths[c] = width > t->widths[c] ? width : t->widths[c];
        }
    }
}

static void write_plain(const table *t, FILE *file)
{
    for (size_t i = 0; i <= t->count; i++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            const char *text = i == 0 ? headings[c] : cell(&t->rows[i - 1], c);
            if (c + 1 < COLUMNS) {
                mi_text_pad(file, text, t->widths[c] + 2);
            } else {
                fprintf(file, "%s\n", text);
            }
        }
    }
}

static void write_markdown(const table *t, FILE *file)
{
    for (size_t i = 0; i <= t->count; i++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            fputs("| ", file);
            if (i > 0 && c < NAMES) {
                mi_text_markdown(file, cell(&t->rows[i - 1], c)); /* text, not markup */
            } else {
                fputs(i == 0 ? headings[c] : cell(&t->rows[i - 1], c), file);
            }
            fputs(c + 1 < COLUMNS ? " " : " |\n", file);
        }
        for (size_t c = 0; i == 0 && c < COLUMNS; c++) {
            fputs(c + 1 < COLUMNS ? "|---" : "|---|\n", file);
        }
    }
}

static const char notes[] =
    "\nInformation in nats, joint information in nats per site, squared error as a share of the\n"
    "variance; ± one standard error. (r = ...): the nearest ratio computed, where the one asked\n"
    "for was not; a dash where none lies within 0.05. r*: argmax of r i(r) over the ratios\n"
    "computed (edge: the first or last of them).\n";

static mi_code write_text(const table *t, void (*write)(const table *, FILE *), char **ret_text,
                          mi_status *status)
{
    size_t size = 0;
    FILE *file = mi_open_text(ret_text, &size);
    bool whole = file != NULL;
    if (whole) {
        write(t, file);
        fputs(notes, file);
        whole = ferror(file) == 0;
        whole = fclose(file) == 0 && whole;
    }
    return whole ? MI_OK : mi_fail(status, MI_MEMORY, "no memory for the table of strategies");
}

mi_code mi_strategies_tables(const mi_report *report, char **ret_plain, char **ret_markdown,
                             mi_status *status)
{
    table t = {.count = 0};
    mi_code code = collect(&t, report, status);
    if (code == MI_OK) {
        measure(&t);
        code = write_text(&t, write_plain, ret_plain, status);
    }
    if (code == MI_OK) {
        code = write_text(&t, write_markdown, ret_markdown, status);
    }
    free(t.rows);
    return code;
}

mi_code mi_strategies_html(const mi_report *report, FILE *page, mi_status *status)
{
    table t = {.count = 0};
    mi_code code = collect(&t, report, status);
    if (code == MI_OK && t.count > 0) {
        mi_html_table_open(page, "Each source under its masking strategies");
        for (size_t c = 1; c < COLUMNS; c++) {
            mi_html_heading(page, headings[c]);
        }
        mi_html_table_body(page);
        for (size_t i = 0; i < t.count; i++) {
            mi_html_row_open(page);
            for (size_t c = 1; c < COLUMNS; c++) {
                mi_html_cell(page, c == 1, cell(&t.rows[i], c));
            }
            mi_html_row_close(page);
        }
        mi_html_table_close(page);
        mi_html_paragraphs(page, notes);
    }
    free(t.rows);
    return code;
}
