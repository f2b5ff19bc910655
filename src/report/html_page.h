/* Between a page and its sections. */
#ifndef MASKINFO_REPORT_HTML_PAGE_H
#define MASKINFO_REPORT_HTML_PAGE_H

#include <stdio.h>

#include "maskinfo/html.h"

/* The title of a result; of its kind, where it has none. Never NULL. */
const char *mi_html_title(const cJSON *result);

/* What a page says of a result that is there, below its title; headings of `level`. */
mi_code mi_html_section(FILE *page, const mi_page_result *result, size_t index, int level,
                        mi_status *status);

extern const char mi_html_style[], mi_html_print_style[];

#endif
