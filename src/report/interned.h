/* Texts of which equal ones are kept once, numbered from 0 in the order in which they came; number
 * 0 is "". */
#ifndef MASKINFO_REPORT_INTERNED_H
#define MASKINFO_REPORT_INTERNED_H

#include <stdint.h>

#include "maskinfo/status.h"

typedef struct mi_interned {
    size_t count, room, slots;
    char **texts;    /* (room) */
    uint32_t *table; /* (slots, a power of two) number + 1 of a text, 0: empty; probed linearly */
} mi_interned;

/* The number of a text. A zeroed struct has none. */
mi_code mi_intern(mi_interned *interned, const char *text, uint32_t *ret_number, mi_status *status);
void mi_interned_clear(mi_interned *interned);

#endif
