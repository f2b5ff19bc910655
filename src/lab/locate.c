/* Where experiment files and data are looked for. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maskinfo/experiment.h"
#include "maskinfo/memory.h"

enum { PATH_LIMIT = 4096 };

static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

/* Folder of the running program, without a final slash; false where the system does not tell. */
static bool program_folder(char *folder, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", folder, size - 1);
    if (length <= 0) {
        return false;
    }
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

/* Try the current folder, then the homes beside a program that was built (build/maskinfo, or
 * build/VARIANT/maskinfo) or installed (PREFIX/bin/maskinfo). */
static bool look_around(const char *relative, char *found, size_t size)
{
    static const char *const homes[] = {"..", "../..", "../share/maskinfo"};
    char folder[PATH_LIMIT];
    int length = snprintf(found, size, "%s", relative);
    if (length > 0 && (size_t)length < size && exists(found)) {
        return true;
    }
    if (relative[0] == '/' || !program_folder(folder, sizeof folder)) {
        return false;
    }
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        length = snprintf(found, size, "%s/%s/%s", folder, homes[i], relative);
        if (length > 0 && (size_t)length < size && exists(found)) {
            return true;
        }
    }
    return false;
}

mi_code mi_experiment_find(const char *name, char **ret_path, mi_status *status)
{
    char found[3 * PATH_LIMIT], relative[PATH_LIMIT];
    bool is_path = strchr(name, '/') != NULL ||
                   (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".json") == 0);
    if (is_path) {
        return mi_copy_text(name, ret_path, status);
    }
    snprintf(relative, sizeof relative, "experiments/%s.json", name);
    if (!look_around(relative, found, sizeof found)) {
        return mi_fail(status, MI_INPUT,
                       "%s: no such experiment; give a path to a JSON file, or a name that "
                       "`maskinfo list experiments` shows",
                       name);
    }
    return mi_copy_text(found, ret_path, status);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* NAME of "NAME.json"; 0 where the entry is none. */
static size_t stem_length(const char *entry)
{
    size_t length = strlen(entry);
    return length > 5 && strcmp(entry + length - 5, ".json") == 0 ? length - 5 : 0;
}

static mi_code add_name(const char *entry, char ***names, size_t *count, mi_status *status)
{
    size_t length = stem_length(entry);
    if (length == 0) {
        return MI_OK;
    }
    mi_code code = mi_resize(*count + 1, sizeof **names, names, status);
    if (code == MI_OK) {
        code = mi_copy_text(entry, &(*names)[*count], status);
    }
    if (code == MI_OK) {
        (*names)[*count][length] = '\0';
        ++*count;
    }
    return code;
}

mi_code mi_experiment_names(char ***ret_names, size_t *ret_count, mi_status *status)
{
    char found[3 * PATH_LIMIT];
    DIR *folder = look_around("experiments", found, sizeof found) ? opendir(found) : NULL;
    if (folder == NULL) {
        return mi_fail(status, MI_INPUT, "no folder experiments/ here or beside the program");
    }
    mi_code code = MI_OK;
    for (struct dirent *entry = readdir(folder); entry != NULL && code == MI_OK;
         entry = readdir(folder)) {
        code = add_name(entry->d_name, ret_names, ret_count, status);
    }
    closedir(folder);
    if (*ret_count > 0) {
        qsort(*ret_names, *ret_count, sizeof **ret_names, by_name);
    }
    return code;
}

mi_code mi_data_find(const char *path, char **ret_path, mi_status *status)
{
    char found[3 * PATH_LIMIT];
    bool there = look_around(path, found, sizeof found);
    return mi_copy_text(there ? found : path, ret_path, status);
}
