/* Status codes and messages: every function that can fail returns an mi_code and, where the caller
 * gave an mi_status, leaves one message there for a person to read. */
#ifndef MASKINFO_STATUS_H
#define MASKINFO_STATUS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum mi_code {
    MI_OK = 0,
    MI_INPUT,      /* bad usage or bad input; the message names the place, the value, the range */
    MI_MEMORY,     /* an allocation failed */
    MI_NUMERIC,    /* a computation did not converge or left the finite numbers */
    MI_IO,         /* reading or writing failed for a reason that is not the user's input */
    MI_INTERRUPTED /* stopped on request */
} mi_code;

typedef struct mi_status {
    mi_code code;
    char place[160];   /* parameter path relative to the object being built, "" where none */
    char message[640]; /* one sentence without a final newline */
} mi_status;

/* Record a failure and return its code. opt_status may be NULL; the code is returned all the same,
 * so that `return mi_fail(status, MI_INPUT, "...")` is the usual way out. Clears status->place. */
mi_code mi_fail(mi_status *opt_status, mi_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a fault (always MI_INPUT) in the parameter named by `place`, for example
 * "transition[3]" or "kappa". The caller that knows the file prefixes it. */
mi_code mi_fail_at(mi_status *opt_status, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Short English name of a code ("bad input", ...); never NULL. */
const char *mi_code_name(mi_code code);

#endif
