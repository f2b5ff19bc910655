#include "maskinfo/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maskinfo/memory.h"

/* The reason of a failed call in words that say what to do about it. */
static const char *reason(int error)
{
    switch (error) {
    case ENOSPC:
        return "no space left on the disk";
    case EDQUOT:
        return "the disk quota is used up";
    case EFBIG:
        return "the file is larger than the system allows (see ulimit -f)";
    case EACCES:
    case EPERM:
        return "permission denied";
    case EROFS:
        return "the file system is read-only";
    case ENOTDIR:
    case EEXIST:
        return "a part of the path is a file, not a directory";
    default:
        return strerror(error);
    }
}

static mi_code make_one(const char *path, mi_status *status)
{
    struct stat entry;
    if (mkdir(path, 0777) == 0) {
        return MI_OK;
    }
    int error = errno;
    if (stat(path, &entry) == 0 && S_ISDIR(entry.st_mode)) {
        return MI_OK;
    }
    return mi_fail(status, MI_IO, "can not make the directory %s: %s", path, reason(error));
}

mi_code mi_make_directory(const char *path, mi_status *status)
{
    char *part = NULL;
    mi_code code = mi_copy_text(path, &part, status);
    if (code != MI_OK) {
        return code;
    }
    for (char *slash = strchr(part + (part[0] == '/'), '/'); slash != NULL && code == MI_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        code = make_one(part, status);
        *slash = '/';
    }
    if (code == MI_OK && part[0] != '\0') {
        code = make_one(part, status);
    }
    free(part);
    return code;
}

static mi_code make_parent(const char *path, mi_status *status)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return MI_OK;
    }
    char *parent = NULL;
    mi_code code = mi_copy_text(path, &parent, status);
    if (code == MI_OK) {
        parent[slash - path] = '\0';
        code = mi_make_directory(parent, status);
    }
    free(parent);
    return code;
}

/* A rename would replace a directory's or a device's name by a plain file. */
static mi_code refuse_special(const char *path, mi_status *status)
{
    struct stat entry;
    if (stat(path, &entry) == 0 && !S_ISREG(entry.st_mode)) {
        return mi_fail(status, MI_IO, "can not write %s: it is %s", path,
                       S_ISDIR(entry.st_mode) ? "a directory" : "not a regular file");
    }
    return MI_OK;
}

/* A new file beside `path`, with the permissions that the umask leaves (mkstemp would not). */
static int open_beside(const char *path, char *name, size_t size)
{
    int file = -1;
    for (int attempt = 0; attempt < 100 && file < 0; attempt++) {
        snprintf(name, size, "%s.part-%ld-%d", path, (long)getpid(), attempt);
        file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST) {
            break;
        }
    }
    return file;
}

static bool write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(file, bytes, size);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        }
    }
    return true;
}

/* Errors of delayed writing come out in fsync() and close(), so both count. */
static bool fill(int file, const mi_piece *pieces, size_t count)
{
    bool whole = true;
    for (size_t i = 0; i < count && whole; i++) {
        whole = write_all(file, pieces[i].bytes, pieces[i].size);
    }
    whole = whole && fsync(file) == 0;
    int error = errno;
    if (close(file) != 0 && whole) {
        return false;
    }
    errno = error;
    return whole;
}

static mi_code replace(const char *path, const mi_piece *pieces, size_t count, mi_status *status)
{
    enum { SUFFIX = 48 };
    char *name = NULL;
    size_t name_size = strlen(path) + SUFFIX;
    mi_code code = mi_allocate(name_size, 1, &name, status);
    if (code != MI_OK) {
        return code;
    }
    int file = open_beside(path, name, name_size);
    if (file < 0) {
        code = mi_fail(status, MI_IO, "can not write %s: %s", path, reason(errno));
    } else if (!fill(file, pieces, count) || rename(name, path) != 0) {
        code = mi_fail(status, MI_IO, "can not write %s: %s", path, reason(errno));
        unlink(name);
    }
    free(name);
    return code;
}

mi_code mi_write_pieces(const char *path, const mi_piece *pieces, size_t count, mi_status *status)
{
    mi_code code = make_parent(path, status);
    if (code == MI_OK) {
        code = refuse_special(path, status);
    }
    return code == MI_OK ? replace(path, pieces, count, status) : code;
}

mi_code mi_write_file(const char *path, const void *bytes, size_t size, mi_status *status)
{
    mi_piece piece = {.bytes = bytes, .size = size};
    return mi_write_pieces(path, &piece, 1, status);
}
