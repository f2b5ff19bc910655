#include "html.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/stream.h"
#include "text.h"

enum { SENTENCE = 2048 };

static void put_letter(FILE *page, const char *letter, size_t bytes)
{
    switch (letter[0]) {
    case '<':
        fputs("&lt;", page);
        break;
    case '>':
        fputs("&gt;", page);
        break;
    case '&':
        fputs("&amp;", page);
        break;
    case '"':
        fputs("&quot;", page);
        break;
    case '\'':
        fputs("&#39;", page);
        break;
    default:
        fwrite(letter, 1, bytes, page);
    }
}

/* The bytes [text, end), letter by letter: nothing is allocated, so that nothing can be lost. */
static void put_text(FILE *page, const char *text, const char *end)
{
    while (text < end) {
        char letter[4] = "\n";
        size_t bytes = 1;
        text += *text == '\n' ? 1 : mi_text_letter(text, letter, &bytes);
        put_letter(page, letter, bytes);
    }
}

void mi_html_text(FILE *page, const char *text)
{
    put_text(page, text, text + strlen(text));
}

void mi_html_say(FILE *page, const char *format, ...)
{
    char text[SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fputs("<p>", page);
    mi_html_text(page, text);
    fputs("</p>\n", page);
}

void mi_html_paragraphs(FILE *page, const char *text)
{
    while (*(text += strspn(text, "\n")) != '\0') {
        const char *end = strstr(text, "\n\n");
        size_t bytes = end == NULL ? strlen(text) : (size_t)(end - text);
        fputs("<p>", page);
        put_text(page, text, text + bytes);
        fputs("</p>\n", page);
        text += bytes;
    }
}

mi_code mi_prose_open(mi_prose *p, mi_status *status)
{
    *p = (mi_prose){.text = NULL};
    p->file = mi_open_text(&p->text, &p->size);
    return p->file != NULL ? MI_OK : mi_fail(status, MI_MEMORY, "no memory for the page");
}

mi_code mi_prose_close(mi_prose *p, FILE *page, mi_status *status)
{
    bool whole = ferror(p->file) == 0;
    whole = fclose(p->file) == 0 && whole;
    if (whole) {
        mi_html_paragraphs(page, p->text);
    }
    free(p->text);
    return whole ? MI_OK : mi_fail(status, MI_MEMORY, "no memory for the page");
}

void mi_html_table_open(FILE *page, const char *caption)
{
    fputs("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"Table: ", page);
    mi_html_text(page, caption);
    fputs("\"><table><caption><span>", page);
    mi_html_text(page, caption);
    fputs("</span></caption>\n<thead><tr>", page);
}

void mi_html_heading(FILE *page, const char *text)
{
    fputs("<th scope=\"col\">", page);
    mi_html_text(page, text);
    fputs("</th>", page);
}

void mi_html_table_body(FILE *page)
{
    fputs("</tr></thead>\n<tbody>\n", page);
}

void mi_html_row_open(FILE *page)
{
    fputs("<tr>", page);
}

/* Numbers stand under each other. */
/* Nothing but a number, which may have an interval or a percent sign behind it? */
static bool is_number(const char *text)
{
    size_t start = strspn(text, "+-.");
    return text[start] >= '0' && text[start] <= '9' &&
           text[strspn(text, "0123456789+-.eE%±–[](), ")] == '\0';
}

void mi_html_cell(FILE *page, bool heading, const char *text)
{
    const char *number = is_number(text) ? " class=\"n\"" : "";
    if (heading) {
        fputs("<th scope=\"row\">", page);
    } else {
        fprintf(page, "<td%s>", number);
    }
    mi_html_text(page, text[0] == '\0' ? "–" : text);
    fputs(heading ? "</th>" : "</td>", page);
}

void mi_html_row_close(FILE *page)
{
    fputs("</tr>\n", page);
}

void mi_html_table_close(FILE *page)
{
    fputs("</tbody></table></div>\n", page);
}
