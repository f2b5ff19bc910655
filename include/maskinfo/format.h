/* Text put together piece by piece in a fixed space. */
#ifndef MASKINFO_FORMAT_H
#define MASKINFO_FORMAT_H

#include <stddef.h>

/* printf behind text[*used], cut where it does not fit in `size` bytes (at least 1), the final zero
 * included; *used becomes the length of the text, at most size - 1. */
void mi_append(char *text, size_t size, size_t *used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
