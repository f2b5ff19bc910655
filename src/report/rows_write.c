/* The long table of a sweep. */
#include <stdlib.h>

#include "maskinfo/stream.h"
#include "rows_paper.h"

static const char *const status_names[] = {
    [MI_ROW_MISSING] = "missing", [MI_ROW_DONE] = "done", [MI_ROW_FAILED] = "failed"};

/* Calls put(text) with the parts of a row's note. */
static void note(const mi_rows *rows, size_t unit, FILE *file, void (*put)(FILE *, const char *))
{
    bool more = false;
    if (mi_rows_status(rows, unit) == MI_ROW_FAILED) {
        put(file, rows->texts.texts[rows->messages[unit]]);
        return;
    }
    for (size_t c = 0; mi_rows_status(rows, unit) == MI_ROW_DONE && c < rows->column_count; c++) {
        size_t place = unit * rows->column_count + c;
        if (rows->kinds[place] == MI_VALUE_NULL) {
            size_t reason = (size_t)rows->numbers[place];
            put(file, more ? "; " : "");
            put(file, rows->columns[c]);
            put(file, ": ");
            put(file, reason > 0 ? rows->texts.texts[reason] : "none");
            more = true;
        }
    }
}

static void put_plain(FILE *file, const char *text)
{
    fputs(text, file);
}

/* The note of a row as one text: "" where there is none; free(). NULL: no memory. */
static char *note_text(const mi_rows *rows, size_t unit)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = mi_open_text(&text, &size);
    if (file != NULL) {
        note(rows, unit, file, put_plain);
        bool whole = ferror(file) == 0;
        if (fclose(file) != 0 || !whole) {
            free(text);
            text = NULL;
        }
    }
    return text;
}

static void put_table_row(mi_paper *p, size_t unit)
{
    const mi_rows *rows = p->rows;
    char room[MI_NUMBER_SIZE];
    size_t seed = 0;
    fprintf(p->file, "%zu,", unit);
    mi_paper_axes(p, unit, &seed);
    fprintf(p->file, "%s,%s", mi_number_text(rows->seeds[seed]->valuedouble, room),
            status_names[mi_rows_status(rows, unit)]);
    for (size_t c = 0; c < rows->column_count; c++) {
        putc(',', p->file);
        mi_paper_field(p->file, mi_rows_text(rows, unit, c, room));
    }
    char *text = note_text(rows, unit);
    p->failed = p->failed || text == NULL;
    putc(',', p->file);
    mi_paper_field(p->file, text != NULL ? text : "");
    putc('\n', p->file);
    free(text);
}

static void put_table(mi_paper *p)
{
    fputs("unit,", p->file);
    mi_paper_axes_head(p);
    fputs("seed,status", p->file);
    for (size_t c = 0; c < p->rows->column_count; c++) {
        putc(',', p->file);
        mi_paper_field(p->file, p->rows->columns[c]);
    }
    fputs(",note\n", p->file);
    for (size_t unit = 0; unit < p->rows->unit_count && !p->failed; unit++) {
        put_table_row(p, unit);
    }
}

static void put_json(mi_paper *p, cJSON *opt_value)
{
    char *text = opt_value != NULL ? cJSON_PrintUnformatted(opt_value) : NULL;
    p->failed = p->failed || text == NULL;
    fputs(text != NULL ? text : "null", p->file);
    cJSON_free(text);
}

static void put_string(mi_paper *p, const char *text)
{
    cJSON *value = cJSON_CreateStringReference(text);
    put_json(p, value);
    cJSON_Delete(value);
}

static void put_key(mi_paper *p, const char *name)
{
    fputs(", ", p->file);
    put_string(p, name);
    fputs(": ", p->file);
}

static void put_value(mi_paper *p, size_t unit, size_t column)
{
    char room[MI_NUMBER_SIZE];
    int kind = p->rows->kinds[unit * p->rows->column_count + column];
    if (kind == MI_VALUE_TEXT) {
        put_string(p, mi_rows_text(p->rows, unit, column, room));
    } else {
        fputs(kind == MI_VALUE_NULL ? "null" : mi_rows_text(p->rows, unit, column, room), p->file);
    }
}

static void put_object(mi_paper *p, size_t unit)
{
    const mi_rows *rows = p->rows;
    char room[MI_NUMBER_SIZE];
    size_t seed = 0;
    mi_rows_place(rows, unit, p->at, &seed);
    fprintf(p->file, "{\"unit\": %zu", unit);
    for (size_t i = 0; i < rows->axis_count; i++) {
        const mi_row_axis *axis = &rows->axes[i];
        put_key(p, axis->name);
        if (axis->numeric) {
            fputs(mi_paper_axis_text(axis, p->at[i], room), p->file);
        } else {
            put_string(p, mi_paper_axis_text(axis, p->at[i], room));
        }
    }
    fprintf(p->file, ", \"seed\": %s, \"status\": \"%s\"",
            mi_number_text(rows->seeds[seed]->valuedouble, room),
            status_names[mi_rows_status(rows, unit)]);
    for (size_t c = 0; c < rows->column_count; c++) {
        put_key(p, rows->columns[c]);
        put_value(p, unit, c);
    }
    char *text = note_text(rows, unit);
    put_key(p, "note");
    p->failed = p->failed || text == NULL;
    put_string(p, text != NULL ? text : "");
    putc('}', p->file);
    free(text);
}

static void put_objects(mi_paper *p)
{
    putc('[', p->file);
    for (size_t unit = 0; unit < p->rows->unit_count && !p->failed; unit++) {
        fputs(unit == 0 ? "\n" : ",\n", p->file);
        put_object(p, unit);
    }
    fputs("\n]\n", p->file);
}

mi_code mi_rows_write_csv(const mi_rows *rows, const char *path, mi_status *status)
{
    return mi_paper_write(rows, put_table, path, status);
}

mi_code mi_rows_write_json(const mi_rows *rows, const char *path, mi_status *status)
{
    return mi_paper_write(rows, put_objects, path, status);
}
