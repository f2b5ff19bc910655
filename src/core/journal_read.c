/* Journals: which lines can be trusted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "io.h"
#include "maskinfo/journal.h"

enum { DIGITS = 8, FRAME = DIGITS + 1 /* what stands in front of the JSON */ };

static unsigned long check_of(const char *json, size_t size)
{
    return crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)json, size);
}

void mi_journal_print(FILE *file, const char *json)
{
    fprintf(file, "%0*lx %s\n", DIGITS, check_of(json, strlen(json)), json);
}

/* `text` is a line of `size` bytes without its end. */
static bool is_good(const char *text, size_t size)
{
    char digits[FRAME];
    if (size <= FRAME || text[DIGITS] != ' ' || memchr(text, '\0', size) != NULL) {
        return false;
    }
    snprintf(digits, sizeof digits, "%0*lx", DIGITS, check_of(text + FRAME, size - FRAME));
    return memcmp(digits, text, DIGITS) == 0;
}

static mi_code read_lines(const char *path, FILE *file, mi_journal_take take, void *context,
                          mi_journal_state *state, mi_status *status)
{
    char *text = NULL;
    size_t room = 0;
    mi_code code = MI_OK;
    ssize_t length;
    while (code == MI_OK && (length = getline(&text, &room, file)) > 0) {
        bool ended = text[length - 1] == '\n';
        size_t size = (size_t)length - ended;
        text[size] = '\0';
        if (!ended) {
            state->half = true;
        } else if (!is_good(text, size)) {
            state->damaged++;
        } else {
            mi_journal_line line = {text + FRAME, size - FRAME, state->whole};
            state->lines++;
            code = take(context, &line, status);
        }
        state->whole += ended ? (long)length : 0;
    }
    if (code == MI_OK && !feof(file)) { /* getline fails in the same way for want of memory */
        code = ferror(file) ? mi_fail(status, MI_IO, "can not read %s: %s", path, strerror(errno))
                            : mi_fail(status, MI_MEMORY, "out of memory for a line of %s", path);
    }
    free(text);
    return code;
}

mi_code mi_journal_read(const char *path, mi_journal_take take, void *context,
                        mi_journal_state *ret_state, mi_status *status)
{
    *ret_state = (mi_journal_state){.there = false};
    FILE *file = fopen(path, "rb");
    if (file == NULL && errno == ENOENT) {
        return MI_OK;
    }
    if (file == NULL) {
        return mi_fail(status, MI_IO, "can not read %s: %s", path, mi_io_reason(errno));
    }
    ret_state->there = true;
    mi_code code = read_lines(path, file, take, context, ret_state, status);
    fclose(file);
    return code;
}
