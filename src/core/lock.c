#include "maskinfo/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "maskinfo/memory.h"

enum { OWNER_LENGTH = 200, ATTEMPTS = 100, PATIENCE = 10 };

struct mi_lock {
    char *path;
    int file;
};

static bool set_lock(int file, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(file, F_SETLK, &lock) == 0;
}

/* Is the file still the one of that name? Its last owner removes it while it has the lock. */
static bool is_current(int file, const char *path)
{
    struct stat ours, theirs;
    return fstat(file, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
           ours.st_dev == theirs.st_dev;
}

/* For the message of whoever comes later. */
static void sign(int file)
{
    char text[OWNER_LENGTH], host[OWNER_LENGTH / 2] = "?";
    gethostname(host, sizeof host - 1);
    int length = snprintf(text, sizeof text, "process %ld on %s", (long)getpid(), host);
    if (ftruncate(file, 0) == 0 && length > 0) {
        mi_io_write(file, text, (size_t)length);
    }
}

static mi_code say_who(int file, const char *path, mi_status *status)
{
    char owner[OWNER_LENGTH] = "";
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    ssize_t length = pread(file, owner, sizeof owner - 1, 0);
    owner[length > 0 ? length : 0] = '\0';
    if (owner[0] == '\0' && fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
        snprintf(owner, sizeof owner, "process %ld", (long)lock.l_pid);
    }
    return mi_fail(status, MI_INPUT, "%s: the folder is in use by %s; wait until it ends", path,
                   owner[0] != '\0' ? owner : "another process");
}

/* One try; *ret_file is -1 where the file went away meanwhile. */
static mi_code try_lock(const char *path, bool shared, int *ret_file, mi_status *status)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    *ret_file = -1;
    if (file < 0) {
        return mi_fail(status, MI_IO, "can not make %s: %s", path, mi_io_reason(errno));
    }
    mi_code code = MI_OK;
    if (set_lock(file, shared ? F_RDLCK : F_WRLCK)) {
        *ret_file = is_current(file, path) ? file : -1;
    } else if (errno == EACCES || errno == EAGAIN) {
        code = say_who(file, path, status);
    } else {
        code = mi_fail(status, MI_IO, "can not lock %s: %s", path, strerror(errno));
    }
    if (*ret_file < 0) {
        close(file);
    }
    return code;
}

/* Whoever gives a shared lock back has the file for itself for a moment, to see whether to remove
 * it. Both kinds would be refused by that, so both are patient. */
static mi_code try_patiently(const char *path, bool shared, int *ret_file, mi_status *status)
{
    static const struct timespec pause = {.tv_nsec = 10000000};
    mi_code code = try_lock(path, shared, ret_file, status);
    for (int i = 0; code == MI_INPUT && i < PATIENCE; i++) {
        nanosleep(&pause, NULL);
        code = try_lock(path, shared, ret_file, status);
    }
    return code;
}

mi_code mi_lock_take(const char *path, bool shared, mi_lock **ret_lock, mi_status *status)
{
    mi_lock *lock = NULL;
    mi_code code = mi_allocate(1, sizeof *lock, &lock, status);
    if (code != MI_OK) {
        return code;
    }
    lock->file = -1;
    code = mi_copy_text(path, &lock->path, status);
    for (int i = 0; code == MI_OK && lock->file < 0 && i < ATTEMPTS; i++) {
        code = try_patiently(path, shared, &lock->file, status);
    }
    if (code == MI_OK && lock->file < 0) {
        code = mi_fail(status, MI_IO, "can not lock %s: it is removed again and again", path);
    }
    if (code != MI_OK) {
        free(lock->path);
        free(lock);
        return code;
    }
    if (shared) {
        (void)!ftruncate(lock->file, 0); /* of one who had it alone and died */
    } else {
        sign(lock->file);
    }
    *ret_lock = lock;
    return MI_OK;
}

void mi_lock_release(mi_lock *lock)
{
    if (lock == NULL) {
        return;
    }
    if (set_lock(lock->file, F_WRLCK)) {
        unlink(lock->path);
    }
    close(lock->file);
    free(lock->path);
    free(lock);
}
