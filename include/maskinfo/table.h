/* A short table of a result for a terminal. */
#ifndef MASKINFO_TABLE_H
#define MASKINFO_TABLE_H

#include <cjson/cJSON.h>

#include "maskinfo/status.h"

/* One aligned row a curve: rate, exponent, the three optima, regime; then why a fit is missing. Of
 * an estimators result: one row a trial. Of a train result: one row a ratio, and how the loss
 * stands to the floor; of checks: one row a run. Of a center
 * result: its predictions beside what was simulated. Of a sweep: one row a cell, at most 40.
 * *ret_text: free(). MI_INPUT where the JSON is none of these. */
mi_code mi_table_text(const cJSON *result, char **ret_text, mi_status *status);

#endif
