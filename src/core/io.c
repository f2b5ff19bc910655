#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maskinfo/memory.h"

const char *mi_io_reason(int error)
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

bool mi_io_write(int file, const char *bytes, size_t size)
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

bool mi_io_flush(int file)
{
    int failed = 0;
    do {
        failed = fdatasync(file);
    } while (failed != 0 && errno == EINTR);
    return failed == 0;
}

void mi_io_settle(const char *path)
{
    char *folder = NULL;
    if (mi_copy_text(path, &folder, NULL) != MI_OK) {
        return;
    }
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder] = '\0';
    }
    int file = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        fsync(file);
        close(file);
    }
    free(folder);
}
