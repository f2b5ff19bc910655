/* A "center" result for figures and tables. */
#ifndef MASKINFO_REPORT_CENTERED_H
#define MASKINFO_REPORT_CENTERED_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "maskinfo/status.h"

/* Are the parts what they must be: arrays of objects with the numbers that place them? MI_INPUT
 * names the one that is not. */
mi_code mi_centered_check(const cJSON *result, mi_status *status);

/* The predictions beside what was simulated, as aligned tables; free(). */
mi_code mi_centered_text(const cJSON *result, char **ret_text, mi_status *status);

/* The same as a part of an HTML page. */
mi_code mi_centered_html(const cJSON *result, FILE *page, mi_status *status);

/* The array at "PART.NAME", or at "NAME" of the result itself (part NULL); NULL where there is
 * none. */
const cJSON *mi_centered_array(const cJSON *result, const char *opt_part, const char *name);

/* Does the object have this text at the key? */
bool mi_centered_is(const cJSON *object, const char *key, const char *text);

/* Rows of the numbers at `keys` (columns of them) of an array's objects, those with the text
 * `opt_value` at `opt_key` alone; NAN where there is no number. *ret_rows: free(). */
mi_code mi_centered_rows(const cJSON *array, const char *const *keys, size_t columns,
                         const char *opt_key, const char *opt_value, double **ret_rows,
                         size_t *ret_count, mi_status *status);

#endif
