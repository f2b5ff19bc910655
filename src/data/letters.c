#include <stdlib.h>

#include "maskinfo/data.h"
#include "maskinfo/memory.h"
#include "text.h"

/* In place: there are never more symbols than bytes. Returns the number of symbols. */
static size_t fold(unsigned char *bytes, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char symbol = mi_letter(bytes[i]);
        if (symbol != MI_SPACE || count == 0 || bytes[count - 1] != MI_SPACE) {
            bytes[count++] = symbol;
        }
    }
    return count;
}

mi_code mi_read_letters(const char *path, size_t min_symbols, unsigned char **ret_symbols,
                        size_t *ret_count, mi_status *status)
{
    unsigned char *symbols = NULL;
    size_t size = 0, count = 0;
    mi_code code = mi_read_text(path, &symbols, &size, status);
    if (code != MI_OK) {
        return code;
    }
    count = fold(symbols, size);
    if (count < min_symbols) {
        code = mi_fail(status, MI_INPUT,
                       "%s: too short, %zu letters and spaces where at least %zu are needed", path,
                       count, min_symbols);
    } else {
        code = mi_resize(count, 1, &symbols, status);
    }
    if (code != MI_OK) {
        free(symbols);
        return code;
    }
    *ret_symbols = symbols;
    *ret_count = count;
    return MI_OK;
}
