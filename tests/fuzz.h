/* What the fuzz targets share. */
#ifndef MASKINFO_TESTS_FUZZ_H
#define MASKINFO_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maskinfo/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static inline void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* A refusal is bad input with a message that names the file. */
static inline void require_refusal(mi_code code, const mi_status *status, const char *name)
{
    require(code == MI_INPUT && strstr(status->message, name) != NULL);
}

/* A file without a name; in memory, where there is such a folder: disks are slow to cut files. */
static inline FILE *fuzz_scratch(void)
{
    char name[] = "/dev/shm/maskinfo-fuzz-XXXXXX";
    int descriptor = mkstemp(name);
    if (descriptor < 0) {
        return tmpfile();
    }
    unlink(name);
    return fdopen(descriptor, "w+b");
}

/* The bytes as a file, for readers that take a path, which is valid until the next call and the
 * same each time. */
static inline const char *fuzz_file(const uint8_t *bytes, size_t size)
{
    static FILE *file;
    static char path[40];
    file = file == NULL ? fuzz_scratch() : file;
    require(file != NULL);
    require(ftruncate(fileno(file), 0) == 0);
    require(pwrite(fileno(file), bytes, size, 0) == (ssize_t)size);
    snprintf(path, sizeof path, "/dev/fd/%d", fileno(file));
    return path;
}

#endif
