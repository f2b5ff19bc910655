/* What kind of data a path holds. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "maskinfo/advise.h"

enum { LOOKED_AT = 4096 };

const char *mi_data_kind_name(mi_data_kind kind)
{
    switch (kind) {
    case MI_DATA_FOLDER:
        return "folder of images";
    case MI_DATA_JPEG:
        return "JPEG image";
    case MI_DATA_PNG:
        return "PNG image";
    case MI_DATA_IDX:
        return "IDX images";
    case MI_DATA_NPY:
        return "NumPy array";
    case MI_DATA_TEXT:
        return "text";
    }
    return "unknown";
}

static const struct magic {
    mi_data_kind kind;
    size_t size;
    unsigned char bytes[8];
} magics[] = {
    {MI_DATA_JPEG, 3, {0xff, 0xd8, 0xff}},
    {MI_DATA_PNG, 8, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}},
    {MI_DATA_IDX, 3, {0, 0, 8}},
    {MI_DATA_NPY, 6, {0x93, 'N', 'U', 'M', 'P', 'Y'}},
};

/* The first bytes, decompressed where the file is gzip. */
static mi_code read_start(const char *path, unsigned char *bytes, size_t *ret_size,
                          mi_status *status)
{
    errno = 0;
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        return mi_fail(status, MI_INPUT, "%s: can not be opened: %s", path,
                       errno != 0 ? strerror(errno) : "out of memory");
    }
    int size = gzread(file, bytes, LOOKED_AT);
    int closed = gzclose(file); /* tells gzip that ended in the middle */
    if (size < 0 || (size == 0 && closed != Z_OK)) {
        return mi_fail(status, MI_INPUT, "%s: can not be read, or is corrupt gzip", path);
    }
    if (size == 0) {
        return mi_fail(status, MI_INPUT, "%s: is empty", path);
    }
    *ret_size = (size_t)size;
    return MI_OK;
}

static mi_code judge_bytes(const char *path, const unsigned char *bytes, size_t size,
                           mi_data_kind *ret_kind, mi_status *status)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (size >= magics[i].size && memcmp(bytes, magics[i].bytes, magics[i].size) == 0) {
            *ret_kind = magics[i].kind;
            return MI_OK;
        }
    }
    if (memchr(bytes, 0, size) != NULL) {
        unsigned char start[4] = {0};
        memcpy(start, bytes, size < sizeof start ? size : sizeof start);
        return mi_fail(status, MI_INPUT,
                       "%s: begins with the bytes %02x %02x %02x %02x: neither images (JPEG, PNG, "
                       "IDX of unsigned bytes), nor a .npy array, nor text, which has no zero "
                       "bytes; plain or .gz",
                       path, start[0], start[1], start[2], start[3]);
    }
    *ret_kind = MI_DATA_TEXT;
    return MI_OK;
}

mi_code mi_data_sniff(const char *path, mi_data_kind *ret_kind, mi_status *status)
{
    struct stat about;
    unsigned char bytes[LOOKED_AT];
    size_t size = 0;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        *ret_kind = MI_DATA_FOLDER;
        return MI_OK;
    }
    mi_code code = read_start(path, bytes, &size, status);
    return code == MI_OK ? judge_bytes(path, bytes, size, ret_kind, status) : code;
}
