#ifndef MASKINFO_CLI_PROGRESS_H
#define MASKINFO_CLI_PROGRESS_H

#include <stdio.h>

typedef struct cli_progress {
    char heading[80], stage[80]; /* the stage without its news */
    double started, drawn;       /* seconds; drawn 0: nothing on the line yet */
    size_t first_done, last_done;
} cli_progress;

/* An mi_progress_function; context is a cli_progress. */
void cli_progress_report(void *context, const char *stage, size_t done, size_t total);

/* Empty the line. */
void cli_progress_clear(const cli_progress *progress);

#endif
