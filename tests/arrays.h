/* .npy files written for the tests. */
#ifndef MASKINFO_TESTS_ARRAYS_H
#define MASKINFO_TESTS_ARRAYS_H

#include "scratch.h"

#include <zlib.h>

/* Version `major`.0, the dictionary's text padded with spaces to a multiple of 64 bytes and a
 * newline, as NumPy does; returns the size of the header. */
static inline size_t npy_header(unsigned char *bytes, int major, const char *dictionary)
{
    size_t begin = major == 1 ? 10 : 12, used = strlen(dictionary);
    size_t total = (begin + used + 1 + 63) / 64 * 64, length = total - begin;
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (unsigned char)major;
    bytes[7] = 0;
    for (size_t i = 8; i < begin; i++) {
        bytes[i] = (unsigned char)(length >> (8 * (i - 8)));
    }
    memset(bytes + begin, ' ', length);
    memcpy(bytes + begin, dictionary, used);
    bytes[total - 1] = '\n';
    return total;
}

/* A file of `size` bytes of values behind the usual header; type for example "<f4", shape "(3,)".
 */
static inline void npy_write(const char *path, const char *type, const char *shape,
                             const void *values, size_t size)
{
    char dictionary[200];
    unsigned char *bytes = malloc(400 + size);
    assert_non_null(bytes);
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    size_t header = npy_header(bytes, 1, dictionary);
    memcpy(bytes + header, values, size);
    scratch_write(path, bytes, header + size);
    free(bytes);
}

#endif
