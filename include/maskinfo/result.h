/* Results as JSON (field names: docs/reference.md). Numbers are finite or null with a reason. */
#ifndef MASKINFO_RESULT_H
#define MASKINFO_RESULT_H

#include <cjson/cJSON.h>

#include "maskinfo/analysis.h"

/* A JSON object under construction; any addition that runs out of memory sets `failed`. */
typedef struct mi_writer {
    bool failed;
} mi_writer;

/* The nearest double that 15 significant digits name. JSON numbers are written with 15 digits
 * wherever that is within one part in 2^52, so that only such doubles are sure to be read back as
 * they were. */
double mi_result_round(double value);

/* Add name: value to the object, rounded by mi_result_round; a value that is not finite becomes
 * null. */
void mi_add_number(mi_writer *writer, cJSON *object, const char *name, double value);
void mi_add_numbers(mi_writer *writer, cJSON *object, const char *name, const double *values,
                    size_t count);
void mi_add_text(mi_writer *writer, cJSON *object, const char *name, const char *opt_text);
/* null, and why in NAME_reason beside it. */
void mi_add_null(mi_writer *writer, cJSON *object, const char *name, const char *reason);
/* A number; null and why where it is not finite. */
void mi_add_number_or(mi_writer *writer, cJSON *object, const char *name, double value,
                      const char *reason);
void mi_add_bool(mi_writer *writer, cJSON *object, const char *name, bool value);
/* Takes ownership of item, which may be NULL for want of memory. */
void mi_add_item(mi_writer *writer, cJSON *object, const char *name, cJSON *item);
void mi_append_item(mi_writer *writer, cJSON *array, cJSON *item); /* likewise */

/* In the place of the item of that name, which must be there; likewise. */
void mi_replace_item(mi_writer *writer, cJSON *object, const char *name, cJSON *item);

/* The fields of an analysis (sites, profile, points, fits, optimum, regime, ...) added to the
 * result object. */
mi_code mi_result_add_analysis(cJSON *result, const mi_analysis *analysis, mi_status *status);

#endif
