#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "maskinfo/memory.h"

bool mi_is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Hidden files are left out because file managers put ._photo.jpg and the like beside photo.jpg. */
static bool is_image_name(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};
    const char *ending = strrchr(name, '.');
    if (ending == NULL || name[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (strcasecmp(ending, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static mi_code append(mi_folder *folder, const char *path, const char *name, mi_status *status)
{
    size_t size = strlen(path) + strlen(name) + 2;
    mi_code code = mi_resize(folder->count + 1, sizeof(char *), &folder->paths, status);
    if (code == MI_OK) {
        code = mi_allocate(size, 1, &folder->paths[folder->count], status);
    }
    if (code == MI_OK) {
        const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
        snprintf(folder->paths[folder->count++], size, "%s%s%s", path, slash, name);
    }
    return code;
}

static mi_code scan(const char *path, DIR *stream, mi_folder *folder, mi_status *status)
{
    mi_code code = MI_OK;
    const struct dirent *entry = NULL;
    do {
        errno = 0; /* tells the end from a failure */
        entry = readdir(stream);
        if (entry == NULL && errno != 0) {
            code = mi_fail(status, MI_IO, "%s: can not be read: %s", path, strerror(errno));
        } else if (entry != NULL && is_image_name(entry->d_name)) {
            code = append(folder, path, entry->d_name, status);
        }
    } while (entry != NULL && code == MI_OK);
    return code;
}

/* By bytes: the order of names must not depend on the locale. */
static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static mi_code fill(const char *path, mi_folder *folder, mi_status *status)
{
    DIR *stream = opendir(path);
    if (stream == NULL) {
        return mi_fail(status, MI_INPUT, "%s: can not be opened: %s", path, strerror(errno));
    }
    mi_code code = scan(path, stream, folder, status);
    closedir(stream);
    if (code != MI_OK) {
        return code;
    }
    if (folder->count == 0) {
        return mi_fail(status, MI_INPUT, "%s: a folder without *.jpg, *.jpeg or *.png files", path);
    }
    qsort(folder->paths, folder->count, sizeof(char *), compare_paths);
    return MI_OK;
}

mi_code mi_folder_create(const char *path, mi_folder **ret_folder, mi_status *status)
{
    mi_folder *folder = NULL;
    mi_code code = mi_allocate(1, sizeof *folder, &folder, status);
    if (code != MI_OK) {
        return code;
    }
    code = fill(path, folder, status);
    if (code != MI_OK) {
        mi_folder_destroy(folder);
        return code;
    }
    *ret_folder = folder;
    return MI_OK;
}

void mi_folder_destroy(mi_folder *folder)
{
    if (folder == NULL) {
        return;
    }
    for (size_t i = 0; i < folder->count; i++) {
        free(folder->paths[i]);
    }
    free(folder->paths);
    free(folder);
}
