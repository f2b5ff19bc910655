/* Running the program as a user would, and reading what it says. */
#ifndef MASKINFO_TESTS_PROGRAM_H
#define MASKINFO_TESTS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct outcome {
    int status; /* exit status; -1 where a signal ended it or it ran longer than five minutes */
    char out[1 << 20]; /* standard output, cut to fit, zero-terminated */
    char err[8192];    /* standard error */
} outcome;

/* Run `build/maskinfo ARGUMENTS` through the shell, so that arguments can be quoted and the
 * environment set in front; the result is valid until the next call. */
const outcome *run_program(const char *environment, const char *arguments);

/* A fresh temporary folder; path is valid until the next call. */
const char *fresh_folder(void);

/* Write a file of `size` bytes, or of a string. */
void write_bytes(const char *path, const void *bytes, size_t size);
void write_text(const char *path, const char *text);

/* Number of entries of a folder, 0 where it is not there. */
size_t count_entries(const char *folder);

#endif
