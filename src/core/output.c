#include "maskinfo/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "maskinfo/memory.h"

enum { SUFFIX = 48 }; /* room for what stands behind a temporary name */

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
    return mi_fail(status, MI_IO, "can not make the directory %s: %s", path, mi_io_reason(error));
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

struct mi_output {
    char *path, *name; /* where it shall be, and is meanwhile */
    FILE *file;
};

static void output_free(mi_output *output)
{
    free(output->path);
    free(output->name);
    free(output);
}

static mi_code open_output(mi_output *output, mi_status *status)
{
    size_t size = strlen(output->path) + SUFFIX;
    mi_code code = mi_allocate(size, 1, &output->name, status);
    if (code != MI_OK) {
        return code;
    }
    int file = open_beside(output->path, output->name, size);
    output->file = file >= 0 ? fdopen(file, "w") : NULL;
    if (output->file != NULL) {
        return MI_OK;
    }
    code = mi_fail(status, MI_IO, "can not write %s: %s", output->path, mi_io_reason(errno));
    if (file >= 0) {
        close(file);
        unlink(output->name);
    }
    return code;
}

mi_code mi_output_open(const char *path, mi_output **ret_output, mi_status *status)
{
    mi_output *output = NULL;
    mi_code code = make_parent(path, status);
    if (code == MI_OK) {
        code = refuse_special(path, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *output, &output, status);
    }
    if (code != MI_OK) {
        return code;
    }
    code = mi_copy_text(path, &output->path, status);
    if (code == MI_OK) {
        code = open_output(output, status);
    }
    if (code != MI_OK) {
        output_free(output);
        return code;
    }
    *ret_output = output;
    return MI_OK;
}

FILE *mi_output_file(const mi_output *output)
{
    return output->file;
}

/* Errors of delayed writing come out at each of the steps, so all count. */
mi_code mi_output_close(mi_output *output, bool keep, mi_status *status)
{
    mi_code code = MI_OK;
    bool whole = ferror(output->file) == 0 && fflush(output->file) == 0 &&
                 (!keep || mi_io_flush(fileno(output->file)));
    int error = errno;
    if (fclose(output->file) != 0 && whole) {
        error = errno;
        whole = false;
    }
    if (keep && whole && rename(output->name, output->path) != 0) {
        error = errno;
        whole = false;
    }
    if (!keep || !whole) {
        unlink(output->name);
    } else {
        mi_io_settle(output->path);
    }
    if (keep && !whole) {
        code = mi_fail(status, MI_IO, "can not write %s: %s", output->path, mi_io_reason(error));
    }
    output_free(output);
    return code;
}

mi_code mi_write_pieces(const char *path, const mi_piece *pieces, size_t count, mi_status *status)
{
    mi_output *output = NULL;
    bool whole = true;
    mi_code code = mi_output_open(path, &output, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < count && whole; i++) {
        whole = fwrite(pieces[i].bytes, 1, pieces[i].size, output->file) == pieces[i].size;
    }
    return mi_output_close(output, true, status);
}

mi_code mi_write_file(const char *path, const void *bytes, size_t size, mi_status *status)
{
    mi_piece piece = {.bytes = bytes, .size = size};
    return mi_write_pieces(path, &piece, 1, status);
}
