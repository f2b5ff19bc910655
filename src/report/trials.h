/* The trials of an "estimators" result, read from its JSON into plain numbers. */
#ifndef MASKINFO_REPORT_TRIALS_H
#define MASKINFO_REPORT_TRIALS_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "maskinfo/status.h"

/* Columns of a row. The first three are its place, and are numbers; the others are NAN where the
 * result has none. */
enum {
    MI_T_CORRELATION,
    MI_T_SAMPLES,
    MI_T_DIMENSIONS,
    MI_T_TRUTH,
    MI_T_KSG,
    MI_T_KSG_SE,
    MI_T_KSG_LOWEST,
    MI_T_GAUSSIAN,
    MI_T_GAUSSIAN_SE,
    MI_T_CORRECTED,
    MI_T_GAUSSIAN_COLUMNS
};
enum {
    MI_T_CONTEXT,
    MI_T_CELLS,
    MI_T_DRAWN, /* samples */
    MI_T_KNOWN, /* truth */
    MI_T_PLUGIN,
    MI_T_PLUGIN_SE,
    MI_T_MILLER_MADOW,
    MI_T_MILLER_MADOW_SE,
    MI_T_DISCRETE_COLUMNS
};

typedef enum mi_trial_kind { MI_TRIALS_GAUSSIAN, MI_TRIALS_DISCRETE } mi_trial_kind;

/* Rows sorted by their first three columns, so that the rows of one curve stand together: Gaussian
 * ones by falling correlation, then by samples and dimensions; discrete ones by context and
 * samples. */
typedef struct mi_trials {
    size_t columns, rows;
    double *values; /* (rows, columns) */
} mi_trials;

/* The rows of one kind; release values with free(). MI_INPUT names the row that is none. */
mi_code mi_trials_read(const cJSON *result, mi_trial_kind kind, mi_trials *ret_trials,
                       mi_status *status);
/* Are all rows of both kinds good? */
mi_code mi_trials_check(const cJSON *result, mi_status *status);

/* Rows from `from` that agree with it in the first `keys` columns. */
size_t mi_trials_group(const mi_trials *trials, size_t from, size_t keys);

/* Both kinds as aligned tables; free(). */
mi_code mi_trials_text(const cJSON *result, char **ret_text, mi_status *status);
/* The same as parts of an HTML page. */
mi_code mi_trials_html(const cJSON *result, FILE *page, mi_status *status);

#endif
