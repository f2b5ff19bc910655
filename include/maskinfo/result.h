/* Results as JSON (field names: docs/reference.md). Numbers are finite or null with a reason. */
#ifndef MASKINFO_RESULT_H
#define MASKINFO_RESULT_H

#include <cjson/cJSON.h>

#include "maskinfo/analysis.h"

/* A JSON object under construction; any addition that runs out of memory sets `failed`. */
typedef struct mi_writer {
    bool failed;
} mi_writer;

/* Add name: value to the object; a value that is not finite becomes null. */
void mi_put_number(mi_writer *writer, cJSON *object, const char *name, double value);
void mi_put_text(mi_writer *writer, cJSON *object, const char *name, const char *opt_text);
void mi_put_bool(mi_writer *writer, cJSON *object, const char *name, bool value);
/* Takes ownership of item, which may be NULL for want of memory. */
void mi_put_item(mi_writer *writer, cJSON *object, const char *name, cJSON *item);

/* The fields of an analysis (sites, profile, points, fits, optimum, regime, ...) added to the
 * result object. */
mi_code mi_result_add_analysis(cJSON *result, const mi_analysis *analysis, mi_status *status);

#endif
