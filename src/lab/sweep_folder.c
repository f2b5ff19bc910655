/* What the units of a sweep leave in its folder. */
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maskinfo/output.h"
#include "sweep.h"

/* All that units write, by path in their folder; each also as it is called while it is written. */
static const char *const own_files[] = {
    "key",
    "result.json",
    "*.safetensors",
    "partial/curve-*.json",
    "partial/run-*.json",
    "partial/run-*/*.safetensors",
};
static const char *const own_folders[] = {"partial", "partial/run-*"};
/* What the sweep itself makes of its units. */
static const char *const results[] = {"result.json", "table.csv", "table.json", "cells.csv"};
static const char *const journals[] = {"journal", "journal-*-of-*"};
#define WHILE_WRITTEN ".part-[0-9]*-[0-9]*" /* as mi_output_open has it */

bool mi_sweep_keeps_parts(mi_experiment_kind kind)
{
    return kind == MI_KIND_TRAIN || kind == MI_KIND_COMPARE || kind == MI_KIND_CHECKS ||
           kind == MI_KIND_METHODS;
}

bool mi_sweep_has_folders(const mi_sweep *s)
{
    return s->keep_results || mi_sweep_keeps_parts(s->kind);
}

void mi_sweep_unit_folder(const char *directory, size_t unit, char path[MI_SWEEP_PATH])
{
    snprintf(path, MI_SWEEP_PATH, "%s/units/%06zu", directory, unit);
}

/* Is the folder of the unit with this key? */
static bool is_of(const char *folder, uint64_t key)
{
    char path[MI_SWEEP_PATH + 16], own[MI_SWEEP_KEY], theirs[MI_SWEEP_KEY] = "";
    snprintf(path, sizeof path, "%s/key", folder);
    snprintf(own, sizeof own, "%016llx", (unsigned long long)key);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        theirs[fread(theirs, 1, sizeof theirs - 1, file)] = '\0';
        fclose(file);
    }
    return strcmp(own, theirs) == 0;
}

bool mi_sweep_has_result(const mi_sweep *s, const char *directory, size_t unit)
{
    char folder[MI_SWEEP_PATH], path[MI_SWEEP_PATH + 16];
    mi_sweep_unit_folder(directory, unit, folder);
    snprintf(path, sizeof path, "%s/result.json", folder);
    return access(path, F_OK) == 0 && is_of(folder, s->keys[unit]);
}

static bool is_half_written(const char *name, const char *const *patterns, size_t count)
{
    char written[64];
    bool half = false;
    for (size_t i = 0; !half && i < count; i++) {
        snprintf(written, sizeof written, "%s" WHILE_WRITTEN, patterns[i]);
        half = fnmatch(written, name, FNM_PATHNAME) == 0;
    }
    return half;
}

static bool is_own_file(const char *name)
{
    enum { COUNT = sizeof own_files / sizeof *own_files };
    bool own = is_half_written(name, own_files, COUNT);
    for (size_t i = 0; !own && i < COUNT; i++) {
        own = fnmatch(own_files[i], name, FNM_PATHNAME) == 0;
    }
    return own;
}

static bool is_own_folder(const char *name)
{
    bool own = false;
    for (size_t i = 0; i < sizeof own_folders / sizeof *own_folders; i++) {
        own = own || fnmatch(own_folders[i], name, FNM_PATHNAME) == 0;
    }
    return own;
}

/* Remove what units write from one of their folders, of which `inside` ("" or "partial/...") is a
 * part. Whatever else is there stays, and so do the folders that hold it. */
static void remove_own(const char *folder, const char *inside, bool keep_result)
{
    char path[2 * MI_SWEEP_PATH], name[MI_SWEEP_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, inside);
    DIR *stream = opendir(path);
    for (const struct dirent *entry = stream != NULL ? readdir(stream) : NULL; entry != NULL;
         entry = readdir(stream)) {
        struct stat about;
        int length = snprintf(name, sizeof name, "%s%s%s", inside, inside[0] != '\0' ? "/" : "",
                              entry->d_name);
        bool kept = keep_result && (strcmp(name, "result.json") == 0 || strcmp(name, "key") == 0);
        if (kept || length >= MI_SWEEP_PATH) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", folder, name);
        if (is_own_folder(name) && lstat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
            remove_own(folder, name, false);
        } else if (is_own_file(name)) {
            unlink(path);
        }
    }
    if (stream != NULL) {
        closedir(stream);
        snprintf(path, sizeof path, "%s/%s", folder, inside);
        rmdir(path);
    }
}

void mi_sweep_clear_unit(const char *directory, size_t unit, bool keep_result)
{
    char folder[MI_SWEEP_PATH];
    mi_sweep_unit_folder(directory, unit, folder);
    remove_own(folder, "", keep_result);
}

mi_code mi_sweep_prepare_unit(const mi_sweep *s, const char *directory, size_t unit, bool *ret_old,
                              mi_status *status)
{
    char folder[MI_SWEEP_PATH], path[MI_SWEEP_PATH + 16], own[MI_SWEEP_KEY];
    mi_sweep_unit_folder(directory, unit, folder);
    *ret_old = is_of(folder, s->keys[unit]);
    if (*ret_old) {
        return MI_OK;
    }
    mi_sweep_clear_unit(directory, unit, false);
    snprintf(path, sizeof path, "%s/key", folder);
    snprintf(own, sizeof own, "%016llx", (unsigned long long)s->keys[unit]);
    return mi_write_file(path, own, strlen(own), status);
}

/* The unit that a name in units/ stands for; false where it is not one of ours. */
static bool read_unit(const char *name, size_t *ret_unit)
{
    char again[32];
    size_t digits = strspn(name, "0123456789");
    if (digits < 6 || digits > 7 || name[digits] != '\0') {
        return false;
    }
    *ret_unit = strtoul(name, NULL, 10);
    snprintf(again, sizeof again, "%06zu", *ret_unit);
    return strcmp(again, name) == 0;
}

/* Of a unit that is done only its result is of use, of one that is not all that is of its key. */
static void tidy_unit(const mi_sweep_book *book, const char *directory, size_t unit)
{
    char folder[MI_SWEEP_PATH];
    const mi_sweep *s = book->sweep;
    mi_sweep_unit_folder(directory, unit, folder);
    if (unit >= s->count || !is_of(folder, s->keys[unit])) {
        mi_sweep_clear_unit(directory, unit, false);
    } else if (book->settled[unit] && mi_rows_status(book->rows, unit) == MI_ROW_DONE) {
        mi_sweep_clear_unit(directory, unit, mi_sweep_has_result(s, directory, unit));
    }
}

void mi_sweep_remove_results(const char *directory)
{
    char path[MI_SWEEP_PATH + 16];
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, results[i]);
        unlink(path);
    }
}

/* What a process was killed while it wrote it. */
static void remove_half_written(const char *directory)
{
    char path[2 * MI_SWEEP_PATH];
    DIR *stream = opendir(directory);
    for (const struct dirent *entry = stream != NULL ? readdir(stream) : NULL; entry != NULL;
         entry = readdir(stream)) {
        if (is_half_written(entry->d_name, results, sizeof results / sizeof *results) ||
            is_half_written(entry->d_name, journals, sizeof journals / sizeof *journals)) {
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            unlink(path);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

void mi_sweep_tidy(const char *directory, const mi_sweep_book *opt_book)
{
    char units[MI_SWEEP_PATH];
    snprintf(units, sizeof units, "%s/units", directory);
    remove_half_written(directory);
    DIR *stream = opendir(units);
    for (const struct dirent *entry = stream != NULL ? readdir(stream) : NULL; entry != NULL;
         entry = readdir(stream)) {
        size_t unit = 0;
        if (!read_unit(entry->d_name, &unit)) {
            continue;
        }
        if (opt_book != NULL) {
            tidy_unit(opt_book, directory, unit);
        } else {
            mi_sweep_clear_unit(directory, unit, false);
        }
    }
    if (stream != NULL) {
        closedir(stream);
        rmdir(units);
    }
}
