/* The page: its head, a table of contents where there are several results, and their sections. */
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "html_page.h"
#include "maskinfo/stream.h"

static const char *title_of(const mi_page_result *result)
{
    return result->opt_result != NULL ? mi_html_title(result->opt_result) : result->folder;
}

static void put_head(FILE *page, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          /* Whatever came through by mistake would still not be fetched or run. */
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src 'unsafe-inline'\">\n"
          "<meta name=\"generator\" content=\"maskinfo " MI_VERSION "\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>",
          page);
    mi_html_text(page, title);
    fprintf(page, "</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<header>\n<h1>", mi_html_style,
            mi_html_print_style);
    mi_html_text(page, title);
    fputs("</h1>\n</header>\n", page);
}

static void put_contents(FILE *page, const mi_page_result *results, size_t count)
{
    fputs("<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ol>\n", page);
    for (size_t i = 0; i < count; i++) {
        fprintf(page, "<li><a href=\"#r%zu\">", i);
        mi_html_text(page, title_of(&results[i]));
        fputs("</a></li>\n", page);
    }
    fputs("</ol>\n</nav>\n", page);
}

static mi_code put_one(FILE *page, const mi_page_result *result, size_t index, bool alone,
                       mi_status *status)
{
    fprintf(page, "<section id=\"r%zu\"%s>\n", index, alone ? " aria-label=\"The result\"" : "");
    if (!alone) {
        fputs("<h2>", page);
        mi_html_text(page, title_of(result));
        fputs("</h2>\n", page);
    }
    mi_code code = MI_OK;
    if (result->opt_result == NULL) {
        fputs("<div class=\"fault\">", page);
        mi_html_say(page, "There is no result to show: %s",
                    result->opt_fault != NULL ? result->opt_fault : "it could not be read");
        fputs("</div>\n", page);
    } else {
        code = mi_html_section(page, result, index, alone ? 2 : 3, status);
    }
    fputs("</section>\n", page);
    return code;
}

static mi_code put_page(FILE *page, const mi_page_result *results, size_t count, mi_status *status)
{
    bool alone = count == 1;
    mi_code code = MI_OK;
    put_head(page, alone ? title_of(&results[0]) : "What masked pre-training can teach");
    if (!alone) {
        put_contents(page, results, count);
    }
    fputs("<main>\n", page);
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        code = put_one(page, &results[i], i, alone, status);
    }
    fputs("</main>\n<footer>\n<p>Written by maskinfo " MI_VERSION
          " from results on disk; nothing was computed again.</p>\n</footer>\n</body>\n</html>\n",
          page);
    return code;
}

mi_code mi_html_page(const mi_page_result *results, size_t count, char **ret_page, size_t *ret_size,
                     mi_status *status)
{
    *ret_page = NULL;
    FILE *page = mi_open_text(ret_page, ret_size);
    if (page == NULL) {
        return mi_fail(status, MI_MEMORY, "no memory for the page");
    }
    mi_code code = put_page(page, results, count, status);
    bool whole = ferror(page) == 0;
    whole = fclose(page) == 0 && whole;
    if (code == MI_OK && !whole) {
        code = mi_fail(status, MI_MEMORY, "no memory for the page");
    }
    if (code != MI_OK) {
        free(*ret_page);
        *ret_page = NULL;
    }
    return code;
}
