/* Finished curves of a compare experiment, kept until all are done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"
#include "maskinfo/memory.h"
#include "maskinfo/output.h"
#include "maskinfo/result.h"

enum { PATH_LIMIT = 4096 };

static void partial_path(char *path, size_t size, const char *directory, size_t index)
{
    snprintf(path, size, "%s/partial/curve-%02zu.json", directory, index);
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
static bool is_whole(const cJSON *curve)
{
    static const char *const objects[] = {"config", "points", "fits", "regime", "timing"};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        if (cJSON_GetObjectItemCaseSensitive(curve, objects[i]) == NULL) {
            return false;
        }
    }
    const cJSON *timing = cJSON_GetObjectItemCaseSensitive(curve, "timing");
    return cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(timing, "seconds")) &&
           cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(curve, "dimensions")) &&
           cJSON_IsString(cJSON_GetObjectItemCaseSensitive(curve, "label"));
}

cJSON *mi_partial_load(const char *directory, size_t index, const mi_curve_config *config)
{
    char path[PATH_LIMIT];
    mi_faults faults = {.file = path};
    partial_path(path, sizeof path, directory, index);
    cJSON *stored = access(path, R_OK) == 0 ? mi_document_read(path, &faults) : NULL;
    cJSON *key = identity(config), *curve = NULL;
    if (stored != NULL && key != NULL &&
        cJSON_Compare(cJSON_GetObjectItemCaseSensitive(stored, "key"), key, 1) &&
        is_whole(cJSON_GetObjectItemCaseSensitive(stored, "curve"))) {
        curve = cJSON_DetachItemFromObjectCaseSensitive(stored, "curve");
    }
    mi_faults_clear(&faults);
    cJSON_Delete(stored);
    cJSON_Delete(key);
    return curve;
}

mi_code mi_partial_save(const char *directory, size_t index, const mi_curve_config *config,
                        const cJSON *curve, mi_status *status)
{
    char path[PATH_LIMIT];
    mi_writer w = {.failed = false};
    cJSON *file = cJSON_CreateObject();
    mi_add_item(&w, file, "key", identity(config));
    mi_add_item(&w, file, "curve", cJSON_Duplicate(curve, 1));
    char *text = w.failed ? NULL : cJSON_PrintUnformatted(file);
    partial_path(path, sizeof path, directory, index);
    mi_code code = text == NULL ? mi_fail(status, MI_MEMORY, "out of memory for %s", path)
                                : mi_write_file(path, text, strlen(text), status);
    cJSON_free(text);
    cJSON_Delete(file);
    return code;
}

void mi_partial_remove(const char *directory, size_t count)
{
    char path[PATH_LIMIT];
    for (size_t i = 0; i < count; i++) {
        partial_path(path, sizeof path, directory, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/partial", directory);
    rmdir(path);
}
