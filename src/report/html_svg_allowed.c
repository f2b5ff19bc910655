#include <ctype.h>
#include <string.h>

#include "html_svg.h"

/* No scripts, styles, links, pictures, animations or foreign elements. */
static const char *const elements[] = {
    "svg",  "g",     "defs", "path", "polygon", "polyline", "line",   "rect",    "circle",
    "text", "tspan", "use",  "desc", "title",   "ellipse",  "filter", "feFlood", "feComposite"};

static const char *const attributes[] = {"color",
                                         "cx",
                                         "cy",
                                         "d",
                                         "dx",
                                         "dy",
                                         "fill",
                                         "fill-opacity",
                                         "fill-rule",
                                         "filterUnits",
                                         "filter",
                                         "flood-color",
                                         "flood-opacity",
                                         "font-family",
                                         "font-size",
                                         "font-style",
                                         "font-weight",
                                         "height",
                                         "href",
                                         "id",
                                         "in",
                                         "in2",
                                         "opacity",
                                         "operator",
                                         "points",
                                         "r",
                                         "result",
                                         "rx",
                                         "ry",
                                         "shape-rendering",
                                         "stroke",
                                         "stroke-dasharray",
                                         "stroke-linecap",
                                         "stroke-linejoin",
                                         "stroke-opacity",
                                         "stroke-width",
                                         "text-anchor",
                                         "transform",
                                         "version",
                                         "viewBox",
                                         "width",
                                         "x",
                                         "x1",
                                         "x2",
                                         "xlink:href",
                                         "xml:space",
                                         "xmlns",
                                         "xmlns:xlink",
                                         "y",
                                         "y1",
                                         "y2"};

static bool is_listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool mi_svg_element(const char *name)
{
    return is_listed(elements, sizeof elements / sizeof *elements, name);
}

bool mi_svg_attribute(const char *name)
{
    return is_listed(attributes, sizeof attributes / sizeof *attributes, name);
}

bool mi_svg_text(const char *from, const char *to)
{
    for (const char *c = from; c < to; c++) {
        if (*c == '<' || ((unsigned char)*c < 0x20 && !isspace((unsigned char)*c))) {
            return false;
        }
        if (*c == '&') {
            static const char *const known[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
            const char *end = memchr(c, ';', (size_t)(to - c));
            bool good = end != NULL && c + 2 < end && c[1] == '#' && end - c < 8 &&
                        strspn(c + 2, "0123456789") == (size_t)(end - c - 2);
            for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
                good = good || (end != NULL && strlen(known[i]) == (size_t)(end - c) + 1 &&
                                memcmp(c, known[i], (size_t)(end - c) + 1) == 0);
            }
            if (!good) {
                return false;
            }
        }
    }
    return true;
}

bool mi_svg_id(const char *from, const char *to)
{
    for (const char *c = from; c < to; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-') {
            return false;
        }
    }
    return from < to;
}

/* Does every byte belong to `set`? */
static bool holds_only(const char *set, const char *from, const char *to)
{
    for (const char *c = from; c < to; c++) {
        if (*c == '\0' || strchr(set, *c) == NULL) {
            return false;
        }
    }
    return true;
}

/* "rgb(1, 2, 3)" and nothing behind it. */
static bool is_color(const char *from, const char *to)
{
    return to - from > 5 && memcmp(from, "rgb(", 4) == 0 && to[-1] == ')' &&
           holds_only("0123456789, ", from + 4, to - 1);
}

bool mi_svg_harmless(const char *name, const char *from, const char *to)
{
    if (strcmp(name, "transform") == 0) {
        return holds_only("abcdefghijklmnopqrstuvwxyzXY0123456789+-., ()", from, to);
    }
    size_t size = (size_t)(to - from);
    bool plain = memchr(from, '(', size) == NULL && memchr(from, '\\', size) == NULL &&
                 memchr(from, '&', size) == NULL;
    return plain || is_color(from, to);
}
