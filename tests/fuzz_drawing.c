/* libFuzzer target: whatever the bytes, mi_svg_inline refuses them with a reason or writes a
 * drawing of nothing but its own elements, which holds no script and refers to nothing outside. */
#include "fuzz.h"

#include <string.h>

#include "../src/report/html.h"

static bool has(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

/* Up to the first '>' that is not in quotes. What stands between tags is text, whatever it says. */
static const char *end_of(const char *tag)
{
    bool quoted = false;
    for (; *tag != '\0' && (quoted || *tag != '>'); tag++) {
        quoted ^= *tag == '"';
    }
    return tag;
}

static void check_tag(const char *tag)
{
    const char *end = end_of(tag);
    require(*end == '>');
    for (const char *c = tag; (c = strstr(c, "url(")) != NULL && c < end; c++) {
        require(strncmp(c, "url(#p-", 7) == 0 || c[-1] != '"');
    }
    for (const char *c = tag; (c = strstr(c, "href=\"")) != NULL && c < end; c++) {
        require(strncmp(c, "href=\"#p-", 9) == 0);
    }
}

static void check(const char *text, size_t size)
{
    static const char start[] = "<svg role=\"img\"";
    require(strlen(text) == size || memchr(text, '\0', size) != NULL);
    require(strncmp(text, start, sizeof start - 1) == 0);
    require(!has(text, "<script") && !has(text, "<style") && !has(text, "<image") &&
            !has(text, "<!") && !has(text, "<?") && !has(text, "<foreignObject"));
    for (const char *tag = text; (tag = strchr(tag, '<')) != NULL; tag++) {
        check_tag(tag);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = NULL, reason[96] = "";
    size_t length = 0;
    const mi_drawing drawing = {"p-", "a drawing"};
    FILE *page = open_memstream(&text, &length);
    require(page != NULL);
    bool good = mi_svg_inline(page, &drawing, (const char *)data, size, reason);
    require(fclose(page) == 0);
    if (good) {
        check(text, length);
    } else {
        require(reason[0] != '\0');
    }
    free(text);
    return 0;
}
