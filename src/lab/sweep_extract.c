/* Columns of a sweep: a value of a result, by its path. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "sweep.h"

enum { MOST_KEY = 128, MOST_INDEX = 1000000 };

/* Read one step ("key", with a dot in front unless it is the first, or "[3]") and move past it;
 * key is "" where it is an index. */
static bool read_step(const char **path, bool first, char key[MOST_KEY], int *ret_index)
{
    const char *p = *path;
    key[0] = '\0';
    if (*p == '[') {
        char *end = NULL;
        long index = p[1] >= '0' && p[1] <= '9' ? strtol(p + 1, &end, 10) : -1;
        if (index < 0 || index > MOST_INDEX || *end != ']') {
            return false;
        }
        *ret_index = (int)index;
        *path = end + 1;
        return true;
    }
    p += !first && *p == '.';
    size_t length = strcspn(p, ".[");
    if (length == 0 || length >= MOST_KEY || (p == *path && !first)) {
        return false;
    }
    memcpy(key, p, length);
    key[length] = '\0';
    *path = p + length;
    return true;
}

bool mi_sweep_path_good(const char *path)
{
    char key[MOST_KEY];
    int index = 0;
    bool first = true;
    do {
        if (!read_step(&path, first, key, &index)) {
            return false;
        }
        first = false;
    } while (*path != '\0');
    return true;
}

/* Why there is no value at a key of an object: the result says so beside it, or does not. */
static mi_code say_why(const cJSON *object, const char *key, const char *path, char **ret_reason,
                       mi_status *status)
{
    char name[MOST_KEY + 8], text[2 * MI_PATH_SIZE];
    snprintf(name, sizeof name, "%s_reason", key);
    const cJSON *reason = key[0] != '\0' ? mi_lab_item(object, name) : NULL;
    if (!cJSON_IsString(reason) && cJSON_IsObject(object)) {
        reason = mi_lab_item(object, "reason");
    }
    if (cJSON_IsString(reason)) {
        return mi_copy_text(reason->valuestring, ret_reason, status);
    }
    snprintf(text, sizeof text, "the result has no value at %.*s", MI_PATH_SIZE, path);
    return mi_copy_text(text, ret_reason, status);
}

mi_code mi_sweep_extract(const cJSON *result, const char *path, cJSON **ret_value,
                         char **ret_reason, mi_status *status)
{
    const cJSON *parent = NULL, *item = result;
    const char *rest = path;
    char key[MOST_KEY] = "";
    int index = 0;
    while (*rest != '\0' && (cJSON_IsObject(item) || cJSON_IsArray(item))) {
        if (!read_step(&rest, rest == path, key, &index)) {
            return mi_fail(status, MI_INPUT, "%s is no path", path);
        }
        parent = item;
        item = key[0] == '\0'          ? cJSON_GetArrayItem(parent, index)
               : cJSON_IsArray(parent) ? NULL
                                       : mi_lab_item(parent, key);
    }
    bool plain = cJSON_IsNumber(item) || cJSON_IsString(item) || cJSON_IsBool(item);
    mi_code code = MI_OK;
    if (*rest == '\0' && plain) {
        *ret_value = cJSON_Duplicate(item, 1);
    } else {
        *ret_value = cJSON_CreateNull();
        code = say_why(parent, key, path, ret_reason, status);
    }
    if (code == MI_OK && *ret_value == NULL) {
        code = mi_fail(status, MI_MEMORY, "out of memory");
    }
    if (code != MI_OK) {
        cJSON_Delete(*ret_value);
        *ret_value = NULL;
    }
    return code;
}
