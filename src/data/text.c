#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/data.h"

static const size_t text_limit = (size_t)1 << 30;

/* Letters, digits, punctuation and white space of ASCII. */
static bool is_textual(unsigned char byte)
{
    return (byte >= ' ' && byte <= '~') || (byte >= '\t' && byte <= '\r');
}

static mi_code check_text(const char *path, const unsigned char *bytes, size_t size,
                          mi_status *status)
{
    const unsigned char *zero = memchr(bytes, 0, size);
    if (zero != NULL) {
        return mi_fail(status, MI_INPUT, "%s: not a text, byte %zu of %zu is zero", path,
                       (size_t)(zero - bytes), size);
    }
    size_t textual = 0;
    for (size_t i = 0; i < size; i++) {
        textual += is_textual(bytes[i]);
    }
    if (textual < size - textual) {
        return mi_fail(status, MI_INPUT,
                       "%s: not a text, %zu of %zu bytes are ASCII letters, digits, punctuation or "
                       "white space and at least half must be",
                       path, textual, size);
    }
    return MI_OK;
}

mi_code mi_read_text(const char *path, unsigned char **ret_bytes, size_t *ret_size,
                     mi_status *status)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    mi_code code = mi_read_file(path, text_limit, &bytes, &size, status);
    if (code == MI_OK) {
        code = check_text(path, bytes, size, status);
    }
    if (code != MI_OK) {
        free(bytes);
        return code;
    }
    *ret_bytes = bytes;
    *ret_size = size;
    return MI_OK;
}
