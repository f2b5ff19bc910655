/* Finished results as one HTML page that needs nothing but itself: no network, no script. */
#ifndef MASKINFO_HTML_H
#define MASKINFO_HTML_H

#include <cjson/cJSON.h>

#include "maskinfo/status.h"

/* A result and the folder that holds it and its figures. */
typedef struct mi_page_result {
    const char *folder;
    const cJSON *opt_result;
    const char *opt_fault; /* why there is no result, said in its place */
} mi_page_result;

/* A page of one result, or of several with a table of contents: of each the question, the answer
 * computed from its numbers, every figure that it lists (NAME.svg, else NAME.png) with caption and
 * command, tables, configuration, and how it was made. A picture that is missing or can not be used
 * is a note in the page. Text of results and drawings can not become markup or script, whatever it
 * is. *ret_page: free(). MI_INPUT: a result is none, status->place says where.
 *
 *     mi_page_result one = {"plots/task2", result, NULL};
 *     mi_html_page(&one, 1, &page, &size, &status);
 *     mi_write_file("plots/task2/report.html", page, size, &status);
 */
mi_code mi_html_page(const mi_page_result *results, size_t count, char **ret_page, size_t *ret_size,
                     mi_status *status);

/* Is it a result that a page can be made of? MI_INPUT: status->place says where it is not. */
mi_code mi_html_check(const cJSON *result, mi_status *status);

#endif
