/* What was fitted to each curve, as an aligned text and as a Markdown table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "centered.h"
#include "figure.h"
#include "html.h"
#include "maskinfo/memory.h"
#include "maskinfo/stream.h"
#include "maskinfo/table.h"
#include "swept.h"
#include "table_train.h"
#include "text.h"
#include "trials.h"

enum {
    STRATEGY,
    RATE,
    R2_RATE,
    AICC_RATE,
    EXPONENT,
    R2_EXPONENT,
    AICC_EXPONENT,
    PREFERRED,
    RATE_OPTIMUM,
    EXPONENT_OPTIMUM,
    MEASURED,
    REGIME,
    COLUMNS
};
enum { CELL = 64 };

static const char *const headings[COLUMNS] = {
    "strategy",   "rate λ",    "R² exp.",    "AICc exp.", "exponent κ",        "R² power",
    "AICc power", "preferred", "min(1,1/λ)", "1/(1+κ)",   "r* measured [95%]", "regime"};

/* The columns of the short table for a terminal. */
static const bool is_short[COLUMNS] = {
    [STRATEGY] = true,         [RATE] = true,     [EXPONENT] = true, [RATE_OPTIMUM] = true,
    [EXPONENT_OPTIMUM] = true, [MEASURED] = true, [REGIME] = true};

typedef struct table {
    bool shortened;
    bool strategies; /* not all masks are random, so that the strategies are named */
    const mi_report *report;
    char (*cells)[COLUMNS][CELL]; /* (report->count) */
    size_t label_width, widths[COLUMNS];
} table;

/* A number with a fixed number of decimals; large ones in exponent form. */
static void put_real(char cell[CELL], int decimals, double value)
{
    if (!isfinite(value)) {
        snprintf(cell, CELL, "-");
    } else if (fabs(value) >= 1e7) {
        snprintf(cell, CELL, "%.*e", decimals, value);
    } else {
        snprintf(cell, CELL, "%.*f", decimals, value);
    }
}

static void put_exponent(char cell[CELL], const mi_decay *decay)
{
    if (!decay->valid) {
        snprintf(cell, CELL, "-");
        return;
    }
    put_real(cell, 3, decay->exponent);
    size_t used = strlen(cell);
    if (isfinite(decay->exponent_se)) {
        snprintf(cell + used, CELL - used, " ± %.2g", decay->exponent_se);
        used = strlen(cell);
    }
    if (isfinite(decay->sampling_se)) {
        snprintf(cell + used, CELL - used, " (%.2g)", decay->sampling_se);
    }
}

static void put_measured(char cell[CELL], const mi_source *s)
{
    if (!s->has_optimum) {
        snprintf(cell, CELL, "-");
    } else if (isfinite(s->low) && isfinite(s->high) && s->high > s->low) {
        snprintf(cell, CELL, "%.3f [%.3f, %.3f]%s", s->optimum, s->low, s->high,
                 s->edge ? " edge" : "");
    } else {
        snprintf(cell, CELL, "%.3f%s", s->optimum, s->edge ? " edge" : "");
    }
}

static void put_fit(char (*cells)[CELL], const mi_decay *decay)
{
    put_exponent(cells[0], decay);
    put_real(cells[1], 4, decay->valid ? decay->r_squared : NAN);
    put_real(cells[2], 1, decay->valid ? decay->aicc : NAN);
}

static void fill_row(char cells[COLUMNS][CELL], const mi_source *s)
{
    snprintf(cells[STRATEGY], CELL, "%s", s->opt_strategy == NULL ? "-" : s->opt_strategy->name);
    put_fit(&cells[RATE], &s->exponential);
    put_fit(&cells[EXPONENT], &s->power);
    snprintf(cells[PREFERRED], CELL, "%s", s->opt_preferred == NULL ? "-" : s->opt_preferred);
    put_real(cells[RATE_OPTIMUM], 3, s->exponential.valid ? s->exponential.optimum : NAN);
    if (s->exponential.valid && s->exponential.corner) {
        strcat(cells[RATE_OPTIMUM], " corner");
    }
    put_real(cells[EXPONENT_OPTIMUM], 3, s->power.valid ? s->power.optimum : NAN);
    put_measured(cells[MEASURED], s);
    snprintf(cells[REGIME], CELL, "%s", s->opt_regime == NULL ? "-" : s->opt_regime);
}

static const char misfit_mark[] = " (misfit)";

static size_t label_length(const mi_source *s)
{
    return mi_text_length(s->label) + (s->misfit ? sizeof misfit_mark - 1 : 0);
}

static void measure(table *t)
{
    t->label_width = mi_text_length("source");
    for (size_t c = 0; c < COLUMNS; c++) {
        t->widths[c] = mi_text_length(headings[c]);
    }
    for (size_t i = 0; i < t->report->count; i++) {
        size_t width = label_length(&t->report->sources[i]);
        t->label_width = width > t->label_width ? width : t->label_width;
        for (size_t c = 0; c < COLUMNS; c++) {
            width = mi_text_length(t->cells[i][c]);
            t->widths[c] = width > t->widths[c] ? width : t->widths[c];
        }
    }
}

static bool is_shown(const table *t, size_t column)
{
    return (!t->shortened || is_short[column]) && (column != STRATEGY || t->strategies);
}

static void put_column(const table *t, size_t column, const char *text, FILE *file)
{
    if (is_shown(t, column)) {
        fputs("  ", file);
        mi_text_pad(file, text, t->widths[column]);
    }
}

static void put_label(const table *t, const mi_source *s, FILE *file)
{
    fprintf(file, "%s%s%*s", s->label, s->misfit ? misfit_mark : "",
            (int)(t->label_width - label_length(s)), "");
}

static void write_plain(const table *t, FILE *file)
{
    mi_text_pad(file, "source", t->label_width);
    for (size_t c = 0; c < COLUMNS; c++) {
        put_column(t, c, headings[c], file);
    }
    for (size_t i = 0; i < t->report->count; i++) {
        putc('\n', file);
        put_label(t, &t->report->sources[i], file);
        for (size_t c = 0; c < COLUMNS; c++) {
            put_column(t, c, t->cells[i][c], file);
        }
    }
    putc('\n', file);
}

static void write_markdown(const table *t, FILE *file)
{
    fputs("| source |", file);
    for (size_t c = 0; c < COLUMNS; c++) {
        if (is_shown(t, c)) {
            fprintf(file, " %s |", headings[c]);
        }
    }
    fputs("\n|---|", file);
    for (size_t c = 0; c < COLUMNS; c++) {
        fputs(is_shown(t, c) ? "---|" : "", file);
    }
    for (size_t i = 0; i < t->report->count; i++) {
        fputs("\n| ", file);
        mi_text_markdown(file, t->report->sources[i].label);
        fputs(t->report->sources[i].misfit ? misfit_mark : "", file);
        fputs(" |", file);
        for (size_t c = 0; c < COLUMNS; c++) {
            if (is_shown(t, c)) {
                fprintf(file, " %s |", t->cells[i][c]);
            }
        }
    }
    putc('\n', file);
}

/* What a reader of the numbers must know of a source. */
static void write_warnings(const table *t, FILE *file)
{
    for (size_t i = 0; i < t->report->count; i++) {
        const mi_source *s = &t->report->sources[i];
        const char *remark = mi_json_text(s->json, "remark");
        if (s->misfit) {
            fprintf(file, "\n%s: misfit, not a measurement of information: %s\n", s->label,
                    s->misfit_message);
        }
        if (remark != NULL && (t->report->count == 1 || strstr(remark, "overfit") != NULL)) {
            fprintf(file, "\n%s: %s\n", s->label, remark);
        }
    }
}

/* Why a fit is missing. */
static void write_reasons(const table *t, FILE *file)
{
    for (size_t i = 0; i < t->report->count; i++) {
        const mi_source *s = &t->report->sources[i];
        const mi_decay *decays[] = {&s->exponential, &s->power};
        for (int k = 0; k < 2; k++) {
            char *reason = NULL;
            if (!decays[k]->valid && decays[k]->opt_reason != NULL &&
                mi_text_clean(decays[k]->opt_reason, &reason, NULL) == MI_OK) {
                fprintf(file, "\n%s, %s: %s\n", s->label, k == 0 ? "exponential" : "power law",
                        reason);
            }
            free(reason);
        }
    }
}

static const char notes[] =
    "\nrate λ of I0 exp(-λ r) and exponent κ of I0 (1-r)^κ: ± standard error of the weighted fit,\n"
    "in round brackets the standard error from sampling alone, each followed by R² and AICc of "
    "its\n"
    "fit. r*: of the exponential (corner: λ <= 1, the largest ratio is the best), of the power "
    "law,\n"
    "and measured (argmax of r i(r); edge: at the first or last ratio computed).\n";

static mi_code write_text(const table *t, void (*write)(const table *, FILE *), char **ret_text,
                          mi_status *status)
{
    size_t size = 0;
    FILE *file = mi_open_text(ret_text, &size);
    bool whole = file != NULL;
    if (whole) {
        write(t, file);
        if (!t->shortened) {
            fputs(notes, file);
        }
        write_warnings(t, file);
        write_reasons(t, file);
        whole = ferror(file) == 0;
        whole = fclose(file) == 0 && whole;
    }
    return whole ? MI_OK : mi_fail(status, MI_MEMORY, "no memory for the table of fits");
}

static mi_code table_open(table *t, mi_status *status)
{
    mi_code code = mi_allocate(t->report->count, sizeof *t->cells, &t->cells, status);
    for (size_t i = 0; code == MI_OK && i < t->report->count; i++) {
        const mi_strategy *strategy = t->report->sources[i].opt_strategy;
        t->strategies =
            t->strategies || (strategy != NULL && strcmp(strategy->name, "random") != 0);
        fill_row(t->cells[i], &t->report->sources[i]);
    }
    if (code == MI_OK) {
        measure(t);
    }
    return code;
}

mi_code mi_fits_tables(const mi_report *report, char **ret_plain, char **ret_markdown,
                       mi_status *status)
{
    table t = {.report = report};
    mi_code code = table_open(&t, status);
    if (code == MI_OK) {
        code = write_text(&t, write_plain, ret_plain, status);
    }
    if (code == MI_OK) {
        code = write_text(&t, write_markdown, ret_markdown, status);
    }
    free(t.cells);
    return code;
}

static void write_html(const table *t, FILE *page)
{
    mi_html_table_open(page, "What was fitted to each curve, and its optima");
    mi_html_heading(page, "source");
    for (size_t c = 0; c < COLUMNS; c++) {
        if (is_shown(t, c)) {
            mi_html_heading(page, headings[c]);
        }
    }
    mi_html_table_body(page);
    for (size_t i = 0; i < t->report->count; i++) {
        const mi_source *s = &t->report->sources[i];
        char label[MI_CELL * 2];
        snprintf(label, sizeof label, "%.*s%s", (int)mi_text_bytes(s->label, 60), s->label,
                 s->misfit ? misfit_mark : "");
        mi_html_row_open(page);
        mi_html_cell(page, true, label);
        for (size_t c = 0; c < COLUMNS; c++) {
            if (is_shown(t, c)) {
                mi_html_cell(page, false, t->cells[i][c]);
            }
        }
        mi_html_row_close(page);
    }
    mi_html_table_close(page);
}

mi_code mi_fits_html(const mi_report *report, FILE *page, mi_status *status)
{
    table t = {.report = report};
    mi_prose prose;
    mi_code code = report->count > 0 ? table_open(&t, status) : MI_OK;
    if (code == MI_OK && report->count > 0) {
        write_html(&t, page);
        code = mi_prose_open(&prose, status);
        if (code == MI_OK) {
            fputs(notes, prose.file);
            write_warnings(&t, prose.file);
            write_reasons(&t, prose.file);
            code = mi_prose_close(&prose, page, status);
        }
    }
    free(t.cells);
    return code;
}

mi_code mi_table_text(const cJSON *result, char **ret_text, mi_status *status)
{
    mi_report *report = NULL;
    mi_code code = mi_report_read(result, &report, status);
    table t = {.report = report, .shortened = true};
    bool curves = false;
    if (code == MI_OK && report->opt_swept != NULL) {
        code = mi_swept_text(report->opt_swept, ret_text, status);
    } else if (code == MI_OK && report->estimators) {
        code = mi_trials_text(result, ret_text, status);
    } else if (code == MI_OK && report->center) {
        code = mi_centered_text(result, ret_text, status);
    } else if (code == MI_OK && report->train) {
        code = mi_train_text(report->opt_runs, ret_text, status);
    } else if (code == MI_OK && report->checks) {
        code = mi_checks_text(report->opt_runs, ret_text, NULL, status);
    } else if (code == MI_OK && report->methods) {
        code = mi_methods_text(report->opt_runs, ret_text, NULL, status);
    } else if (code == MI_OK) {
        code = table_open(&t, status);
        curves = true;
    }
    if (code == MI_OK && curves) {
        code = write_text(&t, write_plain, ret_text, status);
    }
    free(t.cells);
    mi_report_destroy(report);
    return code;
}
