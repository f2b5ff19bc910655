/* What the units of a sweep leave in its folder. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maskinfo/memory.h"
#include "sweep.h"

void mi_sweep_unit_folder(const char *directory, size_t unit, char path[MI_SWEEP_PATH])
{
    snprintf(path, MI_SWEEP_PATH, "%s/units/%06zu", directory, unit);
}

bool mi_sweep_has_result(const char *directory, size_t unit)
{
    char folder[MI_SWEEP_PATH], path[MI_SWEEP_PATH + 16];
    mi_sweep_unit_folder(directory, unit, folder);
    snprintf(path, sizeof path, "%s/result.json", folder);
    return access(path, F_OK) == 0;
}

/* Remove a folder and all in it, but opt_kept directly in it; what can not be removed stays. */
static void remove_tree(const char *folder, const char *opt_kept)
{
    DIR *stream = opendir(folder);
    char *path = NULL;
    for (const struct dirent *entry = stream != NULL ? readdir(stream) : NULL; entry != NULL;
         entry = readdir(stream)) {
        const char *name = entry->d_name;
        struct stat about;
        size_t size = strlen(folder) + strlen(name) + 2;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            (opt_kept != NULL && strcmp(name, opt_kept) == 0) ||
            mi_allocate(size, 1, &path, NULL) != MI_OK) {
            continue;
        }
        snprintf(path, size, "%s/%s", folder, name);
        if (lstat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
            remove_tree(path, NULL);
        } else {
            unlink(path);
        }
        free(path);
    }
    if (stream != NULL) {
        closedir(stream);
        rmdir(folder);
    }
}

void mi_sweep_clear_unit(const char *directory, size_t unit)
{
    char folder[MI_SWEEP_PATH];
    mi_sweep_unit_folder(directory, unit, folder);
    remove_tree(folder, "result.json");
}

void mi_sweep_remove_units(const char *directory)
{
    char folder[MI_SWEEP_PATH];
    snprintf(folder, sizeof folder, "%s/units", directory);
    remove_tree(folder, NULL);
}
