#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "maskinfo/data.h"
#include "maskinfo/memory.h"

enum { CHUNK = 1 << 16 };

typedef struct buffer {
    unsigned char *bytes;
    size_t size, capacity;
} buffer;

/* What the user can mend by naming another file is bad input; the rest is the system's failure. */
static mi_code open_failure(const char *path, int reason, mi_status *status)
{
    bool bad_name = reason == ENOENT || reason == ENOTDIR || reason == EACCES || reason == ELOOP ||
                    reason == ENAMETOOLONG || reason == EPERM;
    return mi_fail(status, bad_name ? MI_INPUT : MI_IO, "%s: can not be opened: %s", path,
                   strerror(reason));
}

static mi_code open_file(const char *path, gzFile *ret_file, mi_status *status)
{
    struct stat about;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return open_failure(path, errno, status);
    }
    if (fstat(descriptor, &about) == 0 && S_ISDIR(about.st_mode)) {
        close(descriptor);
        return mi_fail(status, MI_INPUT, "%s: is a folder where a file is expected", path);
    }
    *ret_file = gzdopen(descriptor, "rb");
    if (*ret_file == NULL) {
        close(descriptor);
        return mi_fail(status, MI_MEMORY, "%s: no memory for decompression", path);
    }
    return MI_OK;
}

/* zlib reports a truncated stream as Z_BUF_ERROR, beside a read of 0 bytes. */
static mi_code stream_state(const char *path, gzFile file, mi_status *status)
{
    int error = Z_OK;
    const char *message = gzerror(file, &error);
    switch (error) {
    case Z_OK:
    case Z_STREAM_END:
        return MI_OK;
    case Z_BUF_ERROR:
        return mi_fail(status, MI_INPUT, "%s: the gzip data end too early (truncated file)", path);
    case Z_MEM_ERROR:
        return mi_fail(status, MI_MEMORY, "%s: no memory for decompression", path);
    case Z_ERRNO:
        return mi_fail(status, MI_IO, "%s: can not be read: %s", path, strerror(errno));
    default:
        return mi_fail(status, MI_INPUT, "%s: corrupt gzip data: %s", path, message);
    }
}

/* Room for one more chunk and the zero byte. Grows with what has really been read: neither the size
 * that the system reports (0 for a pipe) nor the one in the gzip trailer is to be trusted. */
static mi_code make_room(buffer *b, mi_status *status)
{
    if (b->capacity - b->size > CHUNK) {
        return MI_OK;
    }
    size_t capacity = 2 * b->capacity + CHUNK + 1;
    mi_code code = mi_resize(capacity, 1, &b->bytes, status);
    if (code == MI_OK) {
        b->capacity = capacity;
    }
    return code;
}

static mi_code read_stream(const char *path, gzFile file, size_t limit, buffer *b,
                           mi_status *status)
{
    int got = 0;
    do {
        mi_code code = make_room(b, status);
        if (code != MI_OK) {
            return code;
        }
        got = gzread(file, b->bytes + b->size, CHUNK);
        b->size += got > 0 ? (size_t)got : 0;
        if (b->size > limit) {
            return mi_fail(status, MI_INPUT, "%s: longer than the limit of %zu bytes", path, limit);
        }
    } while (got > 0);
    return stream_state(path, file, status);
}

mi_code mi_read_file(const char *path, size_t limit, unsigned char **ret_bytes, size_t *ret_size,
                     mi_status *status)
{
    buffer b = {.bytes = NULL};
    gzFile file = NULL;
    mi_code code = open_file(path, &file, status);
    if (code != MI_OK) {
        return code;
    }
    code = read_stream(path, file, limit, &b, status);
    gzclose_r(file);
    if (code == MI_OK && b.size == 0) {
        code = mi_fail(status, MI_INPUT, "%s: is empty", path);
    }
    if (code == MI_OK) {
        code = mi_resize(b.size + 1, 1, &b.bytes, status);
    }
    if (code != MI_OK) {
        free(b.bytes);
        return code;
    }
    b.bytes[b.size] = 0;
    *ret_bytes = b.bytes;
    *ret_size = b.size;
    return MI_OK;
}
