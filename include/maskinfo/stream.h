/* Text written with stdio into memory. */
#ifndef MASKINFO_STREAM_H
#define MASKINFO_STREAM_H

#include <stdio.h>

/* Like open_memstream, whose writes glibc drops without a word where memory is short: here fclose
 * then gives EOF. *ret_text (free(), with a zero byte behind the last) and *ret_size are set by
 * fclose, NULL and 0 before that and where it failed. The call itself gives NULL for want of
 * memory. */
FILE *mi_open_text(char **ret_text, size_t *ret_size);

#endif
