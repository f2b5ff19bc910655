#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/output.h"
#include "maskinfo/stream.h"
#include "rows_parts.h"

static const char *const status_names[] = {
    [MI_ROW_MISSING] = "missing", [MI_ROW_DONE] = "done", [MI_ROW_FAILED] = "failed"};

/* A file under construction, and room for the place of a unit. */
typedef struct paper {
    const mi_rows *rows;
    FILE *file;
    size_t *at;     /* (axis_count) */
    double *buffer; /* (seed_count) */
    bool failed;    /* memory was short */
} paper;

/* Write a field between its commas; in quotes where it must be, each quote in it doubled. */
static void put_bytes(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            putc('"', file);
        }
        putc(*text, file);
    }
}

static void put_field(FILE *file, const char *text)
{
    bool quoted = text[strcspn(text, ",\"\r\n")] != '\0';
    if (quoted) {
        putc('"', file);
        put_bytes(file, text);
        putc('"', file);
    } else {
        fputs(text, file);
    }
}

/* The text of an axis value: of a number in `room`, else the label. */
static const char *axis_text(const mi_row_axis *axis, size_t index, char room[MI_NUMBER_SIZE])
{
    return axis->numeric ? mi_number_text(axis->values[index]->valuedouble, room)
                         : axis->labels[index]->valuestring;
}

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

static void put_axes_head(const paper *p)
{
    for (size_t i = 0; i < p->rows->axis_count; i++) {
        put_field(p->file, p->rows->axes[i].name);
        putc(',', p->file);
    }
}

static void put_axes(const paper *p, size_t unit, size_t *ret_seed)
{
    char room[MI_NUMBER_SIZE];
    mi_rows_place(p->rows, unit, p->at, ret_seed);
    for (size_t i = 0; i < p->rows->axis_count; i++) {
        put_field(p->file, axis_text(&p->rows->axes[i], p->at[i], room));
        putc(',', p->file);
    }
}

static void put_table_row(paper *p, size_t unit)
{
    const mi_rows *rows = p->rows;
    char room[MI_NUMBER_SIZE];
    size_t seed = 0;
    fprintf(p->file, "%zu,", unit);
    put_axes(p, unit, &seed);
    fprintf(p->file, "%s,%s", mi_number_text(rows->seeds[seed]->valuedouble, room),
            status_names[mi_rows_status(rows, unit)]);
    for (size_t c = 0; c < rows->column_count; c++) {
        putc(',', p->file);
        put_field(p->file, mi_rows_text(rows, unit, c, room));
    }
    char *text = note_text(rows, unit);
    p->failed = p->failed || text == NULL;
    putc(',', p->file);
    put_field(p->file, text != NULL ? text : "");
    putc('\n', p->file);
    free(text);
}

static void put_table(paper *p)
{
    fputs("unit,", p->file);
    put_axes_head(p);
    fputs("seed,status", p->file);
    for (size_t c = 0; c < p->rows->column_count; c++) {
        putc(',', p->file);
        put_field(p->file, p->rows->columns[c]);
    }
    fputs(",note\n", p->file);
    for (size_t unit = 0; unit < p->rows->unit_count && !p->failed; unit++) {
        put_table_row(p, unit);
    }
}

static void put_json(paper *p, cJSON *opt_value)
{
    char *text = opt_value != NULL ? cJSON_PrintUnformatted(opt_value) : NULL;
    p->failed = p->failed || text == NULL;
    fputs(text != NULL ? text : "null", p->file);
    cJSON_free(text);
}

static void put_string(paper *p, const char *text)
{
    cJSON *value = cJSON_CreateStringReference(text);
    put_json(p, value);
    cJSON_Delete(value);
}

static void put_key(paper *p, const char *name)
{
    fputs(", ", p->file);
    put_string(p, name);
    fputs(": ", p->file);
}

static void put_value(paper *p, size_t unit, size_t column)
{
    char room[MI_NUMBER_SIZE];
    int kind = p->rows->kinds[unit * p->rows->column_count + column];
    if (kind == MI_VALUE_TEXT) {
        put_string(p, mi_rows_text(p->rows, unit, column, room));
    } else {
        fputs(kind == MI_VALUE_NULL ? "null" : mi_rows_text(p->rows, unit, column, room), p->file);
    }
}

static void put_object(paper *p, size_t unit)
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
            fputs(axis_text(axis, p->at[i], room), p->file);
        } else {
            put_string(p, axis_text(axis, p->at[i], room));
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

static void put_objects(paper *p)
{
    putc('[', p->file);
    for (size_t unit = 0; unit < p->rows->unit_count && !p->failed; unit++) {
        fputs(unit == 0 ? "\n" : ",\n", p->file);
        put_object(p, unit);
    }
    fputs("\n]\n", p->file);
}

/* A number after its comma; nothing for one that is not there. */
static void put_number(FILE *file, double value)
{
    char room[MI_NUMBER_SIZE];
    fprintf(file, ",%s", isfinite(value) ? mi_number_text(mi_result_round(value), room) : "");
}

/* "redundant: 2; mixed: 1" under construction. */
typedef struct counts {
    FILE *file;
    bool more;
} counts;

static void add_count(const char *text, size_t times, void *context)
{
    counts *c = context;
    fprintf(c->file, "%s%s: %zu", c->more ? "; " : "", text, times);
    c->more = true;
}

static void put_texts(paper *p, size_t cell, size_t column)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = mi_open_text(&text, &size);
    if (file != NULL) {
        counts c = {.file = file};
        mi_rows_texts(p->rows, cell, column, add_count, &c);
        p->failed = ferror(file) != 0 || p->failed;
        p->failed = fclose(file) != 0 || p->failed;
    }
    p->failed = p->failed || text == NULL;
    putc(',', p->file);
    put_field(p->file, text != NULL ? text : "");
    free(text);
}

static void put_cells_head(const paper *p, const bool *numeric)
{
    static const char *const parts[] = {"_mean", "_deviation", "_low", "_high", "_count"};
    put_axes_head(p);
    fputs("done,failed", p->file);
    for (size_t c = 0; c < p->rows->column_count; c++) {
        for (size_t i = 0; i < (numeric[c] ? sizeof parts / sizeof parts[0] : 1); i++) {
            fprintf(p->file, ",%s%s", p->rows->columns[c], numeric[c] ? parts[i] : "");
        }
    }
    putc('\n', p->file);
}

static void put_cell(paper *p, size_t cell, const bool *numeric)
{
    const mi_rows *rows = p->rows;
    size_t seed = 0;
    put_axes(p, cell * rows->seed_count, &seed);
    fprintf(p->file, "%zu,%zu", mi_rows_cell_count(rows, cell, MI_ROW_DONE),
            mi_rows_cell_count(rows, cell, MI_ROW_FAILED));
    for (size_t c = 0; c < rows->column_count; c++) {
        if (numeric[c]) {
            mi_aggregate a = mi_rows_aggregate(rows, cell, c, p->buffer);
            put_number(p->file, a.mean);
            put_number(p->file, a.deviation);
            put_number(p->file, a.low);
            put_number(p->file, a.high);
            fprintf(p->file, ",%zu", a.count);
        } else {
            put_texts(p, cell, c);
        }
    }
    putc('\n', p->file);
}

/* Is there a number, and no text? */
static bool has_numbers(const mi_rows *rows, size_t column)
{
    bool any = false;
    for (size_t unit = 0; unit < rows->unit_count && !any; unit++) {
        any = rows->kinds[unit * rows->column_count + column] == MI_VALUE_NUMBER;
    }
    return any && mi_rows_numeric(rows, column);
}

static void put_cells(paper *p)
{
    bool *numeric = NULL;
    if (mi_allocate(p->rows->column_count, sizeof *numeric, &numeric, NULL) != MI_OK) {
        p->failed = true;
        return;
    }
    for (size_t c = 0; c < p->rows->column_count; c++) {
        numeric[c] = has_numbers(p->rows, c);
    }
    put_cells_head(p, numeric);
    for (size_t cell = 0; cell < p->rows->cell_count && !p->failed; cell++) {
        put_cell(p, cell, numeric);
    }
    free(numeric);
}

static mi_code write_pieces(paper *p, void (*put)(paper *), const char *path, mi_status *status)
{
    mi_output *output = NULL;
    mi_code code = mi_output_open(path, &output, status);
    if (code != MI_OK) {
        return code;
    }
    p->file = mi_output_file(output);
    put(p);
    if (p->failed) {
        code = mi_fail(status, MI_MEMORY, "no memory for %s", path);
    }
    mi_code closed = mi_output_close(output, code == MI_OK, status);
    return code == MI_OK ? closed : code;
}

static mi_code write_file(const mi_rows *rows, void (*put)(paper *), const char *path,
                          mi_status *status)
{
    paper p = {.rows = rows};
    mi_code code = mi_allocate(rows->axis_count, sizeof *p.at, &p.at, status);
    if (code == MI_OK) {
        code = mi_allocate(rows->seed_count, sizeof *p.buffer, &p.buffer, status);
    }
    if (code == MI_OK) {
        code = write_pieces(&p, put, path, status);
    }
    free(p.at);
    free(p.buffer);
    return code;
}

mi_code mi_rows_write_csv(const mi_rows *rows, const char *path, mi_status *status)
{
    return write_file(rows, put_table, path, status);
}

mi_code mi_rows_write_json(const mi_rows *rows, const char *path, mi_status *status)
{
    return write_file(rows, put_objects, path, status);
}

mi_code mi_rows_write_cells_csv(const mi_rows *rows, const char *path, mi_status *status)
{
    return write_file(rows, put_cells, path, status);
}
