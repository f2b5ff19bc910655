/* A table of a sweep on its way into a file. */
#include "rows_paper.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/output.h"

/* Each quote is doubled. */
static void put_bytes(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            putc('"', file);
        }
        putc(*text, file);
    }
}

void mi_paper_field(FILE *file, const char *text)
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

const char *mi_paper_axis_text(const mi_row_axis *axis, size_t index, char room[MI_NUMBER_SIZE])
{
    return axis->numeric ? mi_number_text(axis->values[index]->valuedouble, room)
                         : axis->labels[index]->valuestring;
}

void mi_paper_axes_head(const mi_paper *p)
{
    for (size_t i = 0; i < p->rows->axis_count; i++) {
        mi_paper_field(p->file, p->rows->axes[i].name);
        putc(',', p->file);
    }
}

void mi_paper_axes(const mi_paper *p, size_t unit, size_t *ret_seed)
{
    char room[MI_NUMBER_SIZE];
    mi_rows_place(p->rows, unit, p->at, ret_seed);
    for (size_t i = 0; i < p->rows->axis_count; i++) {
        mi_paper_field(p->file, mi_paper_axis_text(&p->rows->axes[i], p->at[i], room));
        putc(',', p->file);
    }
}

static mi_code write_pieces(mi_paper *p, void (*put)(mi_paper *), const char *path,
                            mi_status *status)
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

mi_code mi_paper_write(const mi_rows *rows, void (*put)(mi_paper *), const char *path,
                       mi_status *status)
{
    mi_paper p = {.rows = rows};
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
