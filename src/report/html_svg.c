/* An SVG drawing made safe to stand in a page. It is taken apart and written anew from what may be
 * there (html_svg_allowed.c), so that what nobody thought of does not come through. */
#include <ctype.h>
#include <string.h>

#include "html.h"
#include "html_svg.h"

enum { NAME = 32, DEPTH = 64 };

typedef struct writer {
    FILE *page;
    const mi_drawing *drawing;
    const char *at, *begin, *end;
    char open[DEPTH][NAME]; /* elements that are not closed yet */
    size_t depth;
    bool ended; /* the root is closed */
    char *reason;
} writer;

static bool refuse(writer *w, const char *what, const char *name)
{
    snprintf(w->reason, 96, "%s%s%.40s", what, name[0] == '\0' ? "" : " ", name);
    return false;
}

static bool starts(const writer *w, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(w->end - w->at) >= length && memcmp(w->at, text, length) == 0;
}

static void skip_spaces(writer *w)
{
    while (w->at < w->end && isspace((unsigned char)*w->at)) {
        w->at++;
    }
}

/* Past the next `text`. */
static bool skip_past(writer *w, const char *text)
{
    while (w->at < w->end && !starts(w, text)) {
        w->at++;
    }
    if (w->at == w->end) {
        return refuse(w, "it ends too early", "");
    }
    w->at += strlen(text);
    return true;
}

static bool read_name(writer *w, char name[NAME])
{
    size_t length = 0;
    while (w->at < w->end && length + 1 < NAME &&
           (isalnum((unsigned char)*w->at) || strchr(":-_", *w->at) != NULL) && *w->at != '\0') {
        name[length++] = *w->at++;
    }
    name[length] = '\0';
    return length > 0 ? true : refuse(w, "malformed markup", "");
}

static void put_value(writer *w, const char *name, const char *from, const char *to)
{
    fprintf(w->page, " %s=\"", name);
    for (const char *c = from; c < to; c++) {
        if (*c == '"') {
            fputs("&quot;", w->page);
        } else {
            putc(*c, w->page);
        }
    }
    putc('"', w->page);
}

/* Is "#id" referred to anywhere? Names that nobody refers to are left out. */
static bool is_used(const writer *w, const char *id, size_t length)
{
    for (const char *c = w->begin; (c = memchr(c, '#', (size_t)(w->end - c))) != NULL; c++) {
        if ((size_t)(w->end - c) > length + 1 && memcmp(c + 1, id, length) == 0 &&
            strchr("'\")", c[length + 1]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool put_reference(writer *w, const char *name, const char *before, const char *from,
                          const char *to, const char *after)
{
    if (!mi_svg_id(from, to)) {
        return refuse(w, "a reference to something outside in", name);
    }
    fprintf(w->page, " %s=\"%s#%s%.*s%s\"", name, before, w->drawing->prefix, (int)(to - from),
            from, after);
    return true;
}

static bool put_id(writer *w, const char *from, const char *to)
{
    if (!mi_svg_id(from, to)) {
        return refuse(w, "a malformed id", "");
    }
    if (is_used(w, from, (size_t)(to - from))) {
        fprintf(w->page, " id=\"%s%.*s\"", w->drawing->prefix, (int)(to - from), from);
    }
    return true;
}

static bool put_attribute(writer *w, const char *name, const char *from, const char *to)
{
    size_t size = (size_t)(to - from);
    if (strcmp(name, "id") == 0) {
        return put_id(w, from, to);
    }
    if (strcmp(name, "href") == 0 || strcmp(name, "xlink:href") == 0) {
        bool inside = size > 1 && *from == '#';
        return put_reference(w, "href", "", inside ? from + 1 : to, to, "");
    }
    if (size > 6 && memcmp(from, "url(#", 5) == 0 && to[-1] == ')') {
        return put_reference(w, name, "url(", from + 5, to - 1, ")");
    }
    if (!mi_svg_harmless(name, from, to)) {
        return refuse(w, "a reference to something outside in", name);
    }
    put_value(w, name, from, to);
    return true;
}

/* Of the root only the box stays: the page says how large it is, and what it shows. */
static bool is_kept(const writer *w, const char *name)
{
    bool root = w->depth == 0;
    return strncmp(name, "xmlns", 5) != 0 && strcmp(name, "version") != 0 &&
           (!root || strcmp(name, "viewBox") == 0);
}

static bool read_attribute(writer *w, bool silent)
{
    char name[NAME];
    if (!read_name(w, name)) {
        return false;
    }
    if (!mi_svg_attribute(name)) {
        return refuse(w, "the attribute", name);
    }
    skip_spaces(w);
    if (!starts(w, "=")) {
        return refuse(w, "malformed markup", "");
    }
    w->at++;
    skip_spaces(w);
    char quote = w->at < w->end ? *w->at : '\0';
    const char *from = w->at + 1;
    if ((quote != '"' && quote != '\'') || from >= w->end) {
        return refuse(w, "malformed markup", "");
    }
    w->at = memchr(from, quote, (size_t)(w->end - from));
    if (w->at == NULL || !mi_svg_text(from, w->at)) {
        w->at = w->end;
        return refuse(w, "malformed text in", name);
    }
    const char *to = w->at++;
    return silent || !is_kept(w, name) || put_attribute(w, name, from, to);
}

static void put_root(writer *w)
{
    fprintf(w->page, "<svg role=\"img\" aria-labelledby=\"%st\"", w->drawing->prefix);
}

static bool read_attributes(writer *w, bool silent)
{
    while (skip_spaces(w), !starts(w, ">") && !starts(w, "/>")) {
        if (!read_attribute(w, silent)) {
            return false;
        }
    }
    return true;
}

/* Past the end of a title or description, which must hold text alone. They are left out: a page
 * takes markup inside them for its own. */
static bool skip_content(writer *w, const char *name)
{
    char end[NAME + 4];
    const char *from = w->at;
    snprintf(end, sizeof end, "</%s>", name);
    return skip_past(w, end) &&
           (mi_svg_text(from, w->at - strlen(end)) || refuse(w, "markup in a", name));
}

static void put_label(writer *w)
{
    fprintf(w->page, "<title id=\"%st\">", w->drawing->prefix);
    mi_html_text(w->page, w->drawing->label);
    fputs("</title>", w->page);
}

/* Behind "<". */
static bool open_element(writer *w)
{
    char name[NAME];
    if (!read_name(w, name)) {
        return false;
    }
    if (!mi_svg_element(name)) {
        return refuse(w, "the element", name);
    }
    bool root = strcmp(name, "svg") == 0;
    bool silent = strcmp(name, "title") == 0 || strcmp(name, "desc") == 0;
    if (root != (w->depth == 0) || w->ended || w->depth == DEPTH) {
        return refuse(w, "a misplaced element", name);
    }
    if (root) {
        put_root(w);
    } else if (!silent) {
        fprintf(w->page, "<%s", name);
    }
    if (!read_attributes(w, silent)) {
        return false;
    }
    bool closed = *w->at == '/';
    w->at += closed ? 2 : 1;
    if (silent) {
        return closed || skip_content(w, name);
    }
    fputs(closed ? "/>" : ">", w->page);
    if (root && !closed) {
        put_label(w);
    }
    if (!closed) {
        snprintf(w->open[w->depth++], NAME, "%s", name);
    }
    w->ended = root && closed;
    return true;
}

static bool close_element(writer *w)
{
    char name[NAME];
    if (!read_name(w, name)) {
        return false;
    }
    skip_spaces(w);
    if (w->depth == 0 || strcmp(w->open[w->depth - 1], name) != 0 || !starts(w, ">")) {
        return refuse(w, "elements that are not closed in order, at", name);
    }
    w->at++;
    w->depth--;
    w->ended = w->depth == 0;
    fprintf(w->page, "</%s>", name);
    return true;
}

static bool put_text(writer *w)
{
    const char *from = w->at;
    while (w->at < w->end && *w->at != '<') {
        w->at++;
    }
    if (!mi_svg_text(from, w->at)) {
        return refuse(w, "malformed text", "");
    }
    bool inside = w->depth > 0 && (strcmp(w->open[w->depth - 1], "text") == 0 ||
                                   strcmp(w->open[w->depth - 1], "tspan") == 0);
    bool blank = true;
    for (const char *c = from; c < w->at; c++) {
        blank = blank && isspace((unsigned char)*c);
    }
    if (!inside) {
        return blank || refuse(w, "text outside of a text element", "");
    }
    fwrite(from, 1, (size_t)(w->at - from), w->page);
    return true;
}

static bool put_markup(writer *w)
{
    if (starts(w, "<?")) {
        return w->depth == 0 ? skip_past(w, "?>") : refuse(w, "a processing instruction", "");
    }
    if (starts(w, "<!--")) {
        return skip_past(w, "-->");
    }
    if (starts(w, "<!")) {
        const char *from = w->at;
        return skip_past(w, ">") && (memchr(from, '[', (size_t)(w->at - from)) == NULL ||
                                     refuse(w, "a declaration", ""));
    }
    if (starts(w, "</")) {
        w->at += 2;
        return close_element(w);
    }
    w->at++;
    return open_element(w);
}

bool mi_svg_inline(FILE *page, const mi_drawing *drawing, const char *svg, size_t size,
                   char reason[96])
{
    writer w = {.page = page,
                .drawing = drawing,
                .at = svg,
                .begin = svg,
                .end = svg + size,
                .reason = reason};
    while (w.at < w.end) {
        if (!(*w.at == '<' ? put_markup(&w) : put_text(&w))) {
            return false;
        }
    }
    return w.ended ? true : refuse(&w, "it ends too early", "");
}
