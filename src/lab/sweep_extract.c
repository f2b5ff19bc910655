/* Columns of a sweep: a value of a result, by its path. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
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

/* "has a, b, c": what is there instead, as far as there is room. */
static void say_what_is_there(const cJSON *parent, char *text, size_t size)
{
    enum { MOST_NAMED = 12 };
    const cJSON *child = NULL;
    size_t used = 0, named = 0;
    text[0] = '\0';
    if (cJSON_IsArray(parent)) {
        mi_append(text, size, &used, "has %d elements", cJSON_GetArraySize(parent));
        return;
    }
    if (!cJSON_IsObject(parent)) {
        mi_append(text, size, &used, "is no object");
        return;
    }
    cJSON_ArrayForEach(child, parent)
    {
        const char *before = named == 0 ? "has " : ", ";
        if (named++ == MOST_NAMED || used + strlen(child->string) + 8 > size) {
            mi_append(text, size, &used, ", ...");
            return;
        }
        mi_append(text, size, &used, "%s%s", before, child->string);
    }
}

static bool is_plain(const cJSON *item)
{
    return cJSON_IsNumber(item) || cJSON_IsString(item) || cJSON_IsBool(item);
}

/* Where looking along a path ended. */
typedef struct search {
    const cJSON *parent, *item; /* of the last step */
    const char *rest;           /* of the path, behind the last step */
    const char *last;           /* the last step */
    char key[MOST_KEY];         /* "" where it is an index */
} search;

/* Why there is no value: the result says so beside it, or it has something else there. */
static mi_code say_why(const search *s, const char *path, char **ret_reason, mi_status *status)
{
    char name[MOST_KEY + 8], text[3 * MI_PATH_SIZE], there[MI_PATH_SIZE];
    bool deeper = cJSON_IsObject(s->item) || cJSON_IsArray(s->item), plain = is_plain(s->item);
    snprintf(name, sizeof name, "%s_reason", s->key);
    const cJSON *reason = s->key[0] != '\0' ? mi_lab_item(s->parent, name) : NULL;
    if (!cJSON_IsString(reason) && cJSON_IsObject(s->parent)) {
        reason = mi_lab_item(s->parent, "reason");
    }
    if (cJSON_IsString(reason) && !deeper && !plain) {
        return mi_copy_text(reason->valuestring, ret_reason, status);
    }
    if (deeper) {
        snprintf(text, sizeof text, MI_SWEEP_NO_VALUE "%.*s: it is an %s, no number or text",
                 MI_PATH_SIZE, path, cJSON_IsObject(s->item) ? "object" : "array");
        return mi_copy_text(text, ret_reason, status);
    }
    const char *end = plain ? s->rest : s->last;
    bool top = end == path;
    say_what_is_there(plain ? s->item : s->parent, there, sizeof there);
    snprintf(text, sizeof text, MI_SWEEP_NO_VALUE "%.*s: %.*s %s", MI_PATH_SIZE, path,
             top ? 2 : (int)(end - path), top ? "it" : path, there);
    return mi_copy_text(text, ret_reason, status);
}

mi_code mi_sweep_extract(const cJSON *result, const char *path, cJSON **ret_value,
                         char **ret_reason, mi_status *status)
{
    search s = {.item = result, .rest = path, .last = path};
    int index = 0;
    while (*s.rest != '\0' && (cJSON_IsObject(s.item) || cJSON_IsArray(s.item))) {
        s.last = s.rest;
        if (!read_step(&s.rest, s.rest == path, s.key, &index)) {
            return mi_fail(status, MI_INPUT, "%s is no path", path);
        }
        s.parent = s.item;
        s.item = s.key[0] == '\0'          ? cJSON_GetArrayItem(s.parent, index)
                 : cJSON_IsArray(s.parent) ? NULL
                                           : mi_lab_item(s.parent, s.key);
    }
    mi_code code = MI_OK;
    if (*s.rest == '\0' && is_plain(s.item)) {
        *ret_value = cJSON_Duplicate(s.item, 1);
    } else {
        *ret_value = cJSON_CreateNull();
        code = say_why(&s, path, ret_reason, status);
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
