/* The one place that starts another program. */
#ifndef MASKINFO_REPORT_GNUPLOT_H
#define MASKINFO_REPORT_GNUPLOT_H

#include "maskinfo/status.h"

/* Run `gnuplot script` inside `directory`, without a shell and without the user's start-up files.
 * *ret_missing: there is no gnuplot (and the result is MI_OK). MI_IO: it failed; the message ends
 * with the last line that it wrote to standard error. */
mi_code mi_gnuplot_run(const char *directory, const char *script, bool *ret_missing,
                       mi_status *status);

#endif
