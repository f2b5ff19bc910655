/* Tables of training runs. Texts are released with free(). */
#ifndef MASKINFO_REPORT_TABLE_TRAIN_H
#define MASKINFO_REPORT_TABLE_TRAIN_H

#include "trained.h"

/* For a terminal: the ratios of the evaluation, the verdict, optima and probes. */
mi_code mi_train_text(const mi_runs *runs, char **ret_text, mi_status *status);

/* One row for each run of checks, aligned and as Markdown; either may be NULL. */
mi_code mi_checks_text(const mi_runs *runs, char **opt_plain, char **opt_markdown,
                       mi_status *status);

/* The same three as parts of an HTML page. */
mi_code mi_train_html(const mi_runs *runs, FILE *page, mi_status *status);
mi_code mi_checks_html(const mi_runs *runs, FILE *page, mi_status *status);
mi_code mi_methods_html(const mi_runs *runs, FILE *page, mi_status *status);

/* One row for each method, then the outcomes of runs; either may be NULL. */
mi_code mi_methods_text(const mi_runs *runs, char **opt_plain, char **opt_markdown,
                        mi_status *status);

#endif
