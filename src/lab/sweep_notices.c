/* What is said of a sweep on the way and at its end: columns without values, figures without
 * columns, failures. */
#include <stdio.h>
#include <string.h>

#include "sweep.h"

enum { MOST_NOTICE = 640 };

static void say(const mi_sweep_book *book, const char *text)
{
    const mi_run *run = &book->options->run;
    if (run->opt_notice != NULL) {
        run->opt_notice(run->opt_notice_context, text);
    }
}

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = mi_lab_item(object, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* A wrong path is to be known before hours have passed; a value that the result itself accounts for
 * may well be there in other units. */
void mi_sweep_notice_first(mi_sweep_book *book, const char *text)
{
    char notice[MOST_NOTICE];
    const cJSON *column = NULL;
    pthread_mutex_lock(&book->mutex);
    cJSON *record = book->told ? NULL : cJSON_Parse(text);
    const cJSON *reasons = mi_lab_item(record, "reasons");
    const cJSON *reason = reasons != NULL ? reasons->child : NULL;
    book->told = book->told || mi_lab_item(record, "values") != NULL;
    cJSON_ArrayForEach(column, book->sweep->columns)
    {
        if (cJSON_IsString(reason) &&
            strncmp(reason->valuestring, MI_SWEEP_NO_VALUE, strlen(MI_SWEEP_NO_VALUE)) == 0) {
            snprintf(notice, sizeof notice, "column %.64s: no unit so far has a value; %.500s",
                     text_of(column, "name"), reason->valuestring);
            say(book, notice);
        }
        reason = reason != NULL ? reason->next : NULL;
    }
    pthread_mutex_unlock(&book->mutex);
    cJSON_Delete(record);
}

void mi_sweep_notice_failures(const mi_sweep_book *book)
{
    char text[160];
    if (book->failed > 0) {
        snprintf(text, sizeof text,
                 "%zu of %zu units failed; their messages are in the table's column \"note\"",
                 book->failed, book->share);
        say(book, text);
    }
}

static void notice_columns(const mi_sweep_book *book)
{
    char text[MOST_NOTICE];
    const cJSON *column = NULL;
    size_t i = 0;
    cJSON_ArrayForEach(column, book->sweep->columns)
    {
        const char *why = mi_rows_why_empty(book->rows, i++);
        if (why != NULL) {
            snprintf(text, sizeof text, "column %.64s: no unit has a value%s%.500s",
                     text_of(column, "name"), why[0] != '\0' ? "; " : "", why);
            say(book, text);
        }
    }
}

/* Has the column anything that a figure of the kind can show? */
static bool can_be_shown(const mi_sweep_book *book, const char *name, bool heat)
{
    const cJSON *column = NULL;
    size_t i = 0;
    cJSON_ArrayForEach(column, book->sweep->columns)
    {
        if (strcmp(text_of(column, "name"), name) == 0) {
            return mi_rows_why_empty(book->rows, i) == NULL &&
                   (heat || mi_rows_numeric(book->rows, i));
        }
        i++;
    }
    return false;
}

static void notice_figure(const mi_sweep_book *book, const cJSON *figure)
{
    char text[MOST_NOTICE];
    const cJSON *name = NULL;
    bool heat = strcmp(text_of(figure, "kind"), "heat") == 0, any = false;
    cJSON_ArrayForEach(name, mi_lab_item(figure, "columns"))
    {
        any = any || can_be_shown(book, name->valuestring, heat);
    }
    if (!any) {
        snprintf(text, sizeof text, "figure %.64s is not drawn: no column of it has %s",
                 text_of(figure, "name"), heat ? "a value" : "numbers");
        say(book, text);
    }
}

void mi_sweep_notice_gaps(const mi_sweep_book *book, const cJSON *result)
{
    char text[MOST_NOTICE];
    const cJSON *figures = mi_lab_item(result, "figures"), *figure = NULL;
    if (mi_rows_count(book->rows, MI_ROW_DONE) == 0) {
        return;
    }
    notice_columns(book);
    if (cJSON_IsNull(mi_lab_item(result, "cells")) && cJSON_GetArraySize(figures) > 0) {
        snprintf(text, sizeof text, "figures are not drawn: there are more than %d cells",
                 MI_MOST_CELLS);
        say(book, text);
        return;
    }
    cJSON_ArrayForEach(figure, figures)
    {
        notice_figure(book, figure);
    }
}
