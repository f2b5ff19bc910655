/* Files that are either whole or not there. */
#ifndef MASKINFO_OUTPUT_H
#define MASKINFO_OUTPUT_H

#include <stdio.h>

#include "maskinfo/status.h"

/* Make a directory and those above it, where they are missing. MI_IO: no permission, a part of the
 * path is not a directory, disk full. */
mi_code mi_make_directory(const char *path, mi_status *status);

/* Put size bytes in the file `path`, making its directory where missing: written beside it under a
 * temporary name, flushed to the disk and renamed, so that a reader (or a crash) sees the old file
 * or the new one and never a half. On failure the old file is as it was and the temporary is gone.
 * MI_IO: not writable, disk full, or `path` is something else than a regular file.
 *
 *     mi_write_file("plots/task2/result.json", text, strlen(text), &status);
 */
mi_code mi_write_file(const char *path, const void *bytes, size_t size, mi_status *status);

/* The same of pieces that lie in different places, one behind the other. */
typedef struct mi_piece {
    const void *bytes;
    size_t size;
} mi_piece;
mi_code mi_write_pieces(const char *path, const mi_piece *pieces, size_t count, mi_status *status);

/* The same of what is written piece by piece, however much it is: print to mi_output_file(), then
 * close. Closed with keep = false, or where something could not be written, the old file is as it
 * was. Close releases the output in any case. */
typedef struct mi_output mi_output;
mi_code mi_output_open(const char *path, mi_output **ret_output, mi_status *status);
FILE *mi_output_file(const mi_output *output); /* owned by the output */
mi_code mi_output_close(mi_output *output, bool keep, mi_status *status);

#endif
