/* What the files of this room that write to disk share. */
#ifndef MASKINFO_CORE_IO_H
#define MASKINFO_CORE_IO_H

#include <stdbool.h>
#include <stddef.h>

/* The reason of a failed call in words that say what to do about it. */
const char *mi_io_reason(int error);

/* write() until all is written; false with errno set. */
bool mi_io_write(int file, const char *bytes, size_t size);

/* fdatasync(), however often a signal comes; false with errno set. */
bool mi_io_flush(int file);

/* Make the entries of the directory of `path` (new, renamed or removed files) last; what the system
 * says to that is of no use to anyone. */
void mi_io_settle(const char *path);

#endif
