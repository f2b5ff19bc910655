/* Finished curves of a compare experiment and runs of checks, kept until all are done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maskinfo/memory.h"
#include "maskinfo/output.h"
#include "maskinfo/result.h"
#include "training.h"

enum { PATH_LIMIT = 4096 };

/* What is kept: under which name, by which key it is known again, and what it must hold. */
typedef struct item {
    const char *name; /* "curve", "run" */
    size_t index;
    cJSON *key; /* owned; NULL for want of memory */
    bool (*is_whole)(const cJSON *result);
} item;

static void partial_path(char *path, size_t size, const char *directory, const char *name,
                         size_t index)
{
    snprintf(path, size, "%s/partial/%s-%02zu.json", directory, name, index);
}

static cJSON *load(const char *directory, const item *i)
{
    char path[PATH_LIMIT];
    mi_faults faults = {.file = path};
    partial_path(path, sizeof path, directory, i->name, i->index);
    cJSON *stored = access(path, R_OK) == 0 ? mi_document_read(path, &faults) : NULL;
    cJSON *result = NULL;
    if (stored != NULL && i->key != NULL && cJSON_Compare(mi_lab_item(stored, "key"), i->key, 1) &&
        i->is_whole(mi_lab_item(stored, i->name))) {
        result = cJSON_DetachItemFromObjectCaseSensitive(stored, i->name);
    }
    mi_faults_clear(&faults);
    cJSON_Delete(stored);
    cJSON_Delete(i->key);
    return result;
}

static mi_code save(const char *directory, const item *i, const cJSON *result, mi_status *status)
{
    char path[PATH_LIMIT];
    mi_writer w = {.failed = false};
    cJSON *file = cJSON_CreateObject();
    mi_add_item(&w, file, "key", i->key);
    mi_add_item(&w, file, i->name, cJSON_Duplicate(result, 1));
    char *text = w.failed ? NULL : cJSON_PrintUnformatted(file);
    partial_path(path, sizeof path, directory, i->name, i->index);
    mi_code code = text == NULL ? mi_fail(status, MI_MEMORY, "out of memory for %s", path)
                                : mi_write_file(path, text, strlen(text), status);
    cJSON_free(text);
    cJSON_Delete(file);
    return code;
}

static bool has_all(const cJSON *result, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mi_lab_item(result, names[i]) == NULL) {
            return false;
        }
    }
    return cJSON_IsNumber(mi_lab_item(mi_lab_item(result, "timing"), "seconds")) &&
           cJSON_IsString(mi_lab_item(result, "label"));
}

/* All that a curve's numbers depend on but the data files' contents: the resolved configuration
 * without the figures' style, and the ratios asked for. */
static cJSON *identity(const mi_curve_config *c)
{
    mi_writer w = {.failed = false};
    cJSON *key = cJSON_CreateObject();
    mi_add_text(&w, key, "maskinfo", MI_VERSION);
    mi_add_text(&w, key, "label", c->label);
    mi_add_item(&w, key, "config", cJSON_Duplicate(c->resolved, 1));
    mi_add_numbers(&w, key, "ratios", c->ratios, c->ratio_count);
    if (w.failed) {
        cJSON_Delete(key);
        return NULL;
    }
    return key;
}

/* Are the fields there that a comparison takes from a curve? */
static bool is_curve(const cJSON *curve)
{
    static const char *const names[] = {"config", "points", "fits", "regime"};
    return has_all(curve, names, sizeof names / sizeof *names) &&
           cJSON_IsNumber(mi_lab_item(curve, "dimensions"));
}

static item curve_item(size_t index, const mi_curve_config *config)
{
    return (item){"curve", index, identity(config), is_curve};
}

cJSON *mi_partial_load(const char *directory, size_t index, const mi_curve_config *config)
{
    item i = curve_item(index, config);
    return load(directory, &i);
}

mi_code mi_partial_save(const char *directory, size_t index, const mi_curve_config *config,
                        const cJSON *curve, mi_status *status)
{
    item i = curve_item(index, config);
    return save(directory, &i, curve, status);
}

/* Those that "checks" takes from a run. */
static bool is_run(const cJSON *run)
{
    static const char *const names[] = {"config",        "points",     "steps",
                                        "exact_optimum", "evaluation", "optimum"};
    return has_all(run, names, sizeof names / sizeof *names);
}

static item run_item(size_t index, const mi_train_config *config)
{
    return (item){"run", index, identity(&config->curve), is_run};
}

cJSON *mi_partial_load_run(const char *directory, size_t index, const mi_train_config *config)
{
    item i = run_item(index, config);
    return load(directory, &i);
}

mi_code mi_partial_save_run(const char *directory, size_t index, const mi_train_config *config,
                            const cJSON *run, mi_status *status)
{
    item i = run_item(index, config);
    return save(directory, &i, run, status);
}

static void remove_all(const char *directory, const char *name, size_t count)
{
    char path[PATH_LIMIT];
    for (size_t i = 0; i < count; i++) {
        partial_path(path, sizeof path, directory, name, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/partial", directory);
    rmdir(path);
}

void mi_partial_remove(const char *directory, size_t count)
{
    remove_all(directory, "curve", count);
}

void mi_partial_remove_runs(const char *directory, size_t count)
{
    remove_all(directory, "run", count);
}

void mi_partial_checkpoints(const char *directory, size_t index, char *path, size_t size)
{
    snprintf(path, size, "%s/partial/run-%02zu", directory, index);
}

void mi_partial_remove_checkpoints(const char *directory, size_t index)
{
    static const char *const names[] = {"checkpoint", "history"};
    char folder[PATH_LIMIT], path[MI_TRAIN_PATH];
    mi_partial_checkpoints(directory, index, folder, sizeof folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unlink(mi_train_file(folder, names[i], path));
    }
    rmdir(folder);
}
