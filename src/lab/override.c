/* --set PATH=VALUE: one assignment into a document. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/document.h"

enum { MAX_KEY = 128 };

/* One step of a path: a key, or an index, or every index. */
typedef struct step {
    enum { KEY, INDEX, EVERY } kind;
    char key[MAX_KEY];
    int index;
} step;

typedef struct assignment {
    const char *place, *text; /* for messages: where it stands, and the whole of it */
    const cJSON *value;
    mi_faults *faults;
} assignment;

static bool complain(const assignment *a, const char *reason)
{
    mi_faults_add(a->faults, "", "%s %s: %s", a->place, a->text, reason);
    return false;
}

static bool lack_memory(const assignment *a)
{
    a->faults->failure = MI_MEMORY;
    return complain(a, "no memory to set it");
}

/* Read one step at *path and move past it (and past a dot that follows). */
static bool read_step(const assignment *a, const char **path, step *ret_step)
{
    const char *p = *path;
    size_t length = 0;
    ret_step->index = 0;
    if (*p == '[') {
        char *end = NULL;
        ret_step->kind = p[1] == '*' ? EVERY : INDEX;
        long index = ret_step->kind == EVERY ? 0 : strtol(p + 1, &end, 10);
        const char *close = ret_step->kind == EVERY ? p + 2 : end;
        if (*close != ']' || close == p + 1 || index < 0 || index > 1000000) {
            return complain(a, "an index is [0], [1], ... or [*]");
        }
        ret_step->index = (int)index;
        p = close + 1;
    } else {
        while (p[length] != '\0' && strchr(".[=", p[length]) == NULL) {
            length++;
        }
        if (length == 0 || length >= MAX_KEY) {
            return complain(a, "the path has an empty or overlong key");
        }
        ret_step->kind = KEY;
        memcpy(ret_step->key, p, length);
        ret_step->key[length] = '\0';
        p += length;
    }
    *path = *p == '.' ? p + 1 : p;
    return true;
}

static bool put(const assignment *a, cJSON *node, const step *s)
{
    cJSON *copy = cJSON_Duplicate(a->value, 1);
    bool done = false;
    if (copy != NULL && s->kind == INDEX) {
        done = cJSON_ReplaceItemInArray(node, s->index, copy);
    } else if (copy != NULL && cJSON_GetObjectItemCaseSensitive(node, s->key) != NULL) {
        done = cJSON_ReplaceItemInObjectCaseSensitive(node, s->key, copy);
        if (done && copy->string == NULL) { /* where cJSON had no memory for the name */
            return lack_memory(a);
        }
    } else if (copy != NULL) {
        done = cJSON_AddItemToObject(node, s->key, copy);
    }
    if (!done) {
        cJSON_Delete(copy);
        return lack_memory(a);
    }
    return true;
}

static cJSON *descend(cJSON *node, const step *s)
{
    if (s->kind == INDEX) {
        return cJSON_GetArrayItem(node, s->index);
    }
    cJSON *next = cJSON_GetObjectItemCaseSensitive(node, s->key);
    if (next == NULL) {
        next = cJSON_AddObjectToObject(node, s->key);
    }
    return next;
}

/* `path` is what is left of it, up to '=' or the end. */
static bool assign(const assignment *a, cJSON *node, const char *path)
{
    step s;
    if (!read_step(a, &path, &s)) {
        return false;
    }
    if (s.kind == KEY ? !cJSON_IsObject(node) : !cJSON_IsArray(node)) {
        return complain(a, s.kind == KEY ? "the path goes through something that is no object"
                                         : "the path has an index where there is no array");
    }
    if (s.kind == INDEX && s.index >= cJSON_GetArraySize(node)) {
        return complain(a, "the index is beyond the end of the array");
    }
    int first = s.kind == EVERY ? 0 : s.index;
    int last = s.kind == EVERY ? cJSON_GetArraySize(node) - 1 : s.index;
    bool every = s.kind == EVERY;
    if (every) {
        s.kind = INDEX;
    } else if (s.kind == KEY) {
        first = last = 0;
    }
    bool done = true;
    for (s.index = first; done && s.index <= last; s.index++) {
        if (*path == '=' || *path == '\0') {
            done = put(a, node, &s);
        } else {
            cJSON *next = descend(node, &s);
            done = next != NULL ? assign(a, next, path) : lack_memory(a);
        }
    }
    return done;
}

bool mi_document_set(cJSON *document, const char *text, mi_faults *faults)
{
    return mi_document_set_at(document, "--set", text, faults);
}

bool mi_document_set_at(cJSON *document, const char *place, const char *text, mi_faults *faults)
{
    assignment a = {.place = place, .text = text, .faults = faults};
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        return complain(&a, "write PATH=VALUE, for example model.kappa=0.3");
    }
    errno = 0; /* the parser does not tell why it gave up, malloc does */
    cJSON *value = cJSON_ParseWithOpts(equals + 1, NULL, 1);
    if (value == NULL && errno != ENOMEM) {
        value = cJSON_CreateString(equals + 1);
    }
    a.value = value;
    bool done = value != NULL ? assign(&a, document, text) : lack_memory(&a);
    cJSON_Delete(value);
    return done;
}

bool mi_document_put(cJSON *document, const char *path, const cJSON *value, mi_faults *faults)
{
    assignment a = {.place = "set", .text = path, .value = value, .faults = faults};
    if (strchr(path, '=') != NULL || path[0] == '\0') {
        return complain(&a, "a path has keys and indices alone, for example model.kappa");
    }
    return assign(&a, document, path);
}
