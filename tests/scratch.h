/* A folder of its own for each test that writes files; gone afterwards, also when the test fails.
 * List the test as SCRATCH_TEST(test); its *state is the folder's path. */
#ifndef MASKINFO_TESTS_SCRATCH_H
#define MASKINFO_TESTS_SCRATCH_H

#include "support.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_TEST(test) cmocka_unit_test_setup_teardown(test, scratch_create, scratch_remove)

enum { SCRATCH_PATH = 300 };

static inline int scratch_create(void **state)
{
    char *folder = strdup("/tmp/maskinfo-test-XXXXXX");
    *state = folder;
    return folder != NULL && mkdtemp(folder) != NULL ? 0 : -1;
}

static inline void scratch_remove_folder(const char *folder)
{
    char path[SCRATCH_PATH];
    DIR *stream = opendir(folder);
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        struct stat about;
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (length >= SCRATCH_PATH || strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (lstat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
            scratch_remove_folder(path);
        } else {
            unlink(path);
        }
    }
    closedir(stream);
    rmdir(folder);
}

static inline int scratch_remove(void **state)
{
    scratch_remove_folder(*state);
    free(*state);
    return 0;
}

/* The path of a name in the folder, written to `path`, which it returns. */
static inline char *scratch_name(void **state, const char *name, char path[SCRATCH_PATH])
{
    snprintf(path, SCRATCH_PATH, "%s/%s", (const char *)*state, name);
    return path;
}

static inline void scratch_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Fail unless the call gave `code` and its message contains `text` (and so says what is wrong). */
#define assert_failure(actual, code, status, text)                                                 \
    do {                                                                                           \
        assert_int_equal((actual), (code));                                                        \
        if (strstr((status).message, (text)) == NULL) {                                            \
            fail_msg("\"%s\" does not contain \"%s\"", (status).message, (text));                  \
        }                                                                                          \
    } while (0)

#endif
