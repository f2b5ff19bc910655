/* Values and names of a sweep that are there twice. */
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "sweep.h"

/* A value as text, and its place in the list. */
typedef struct entry {
    char *text;
    size_t place;
} entry;

static int by_text(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static void say_twins(mi_resolver *r, const entry *entries, size_t count, const char *path)
{
    for (size_t i = 1; i < count; i++) {
        if (strcmp(entries[i].text, entries[i - 1].text) == 0) {
            char at[MI_PATH_SIZE];
            mi_path_index(at, path, entries[i].place);
            mi_faults_add(r->faults, at, "%.80s is there twice", entries[i].text);
            return;
        }
    }
}

mi_code mi_sweep_refuse_twins(mi_resolver *r, const cJSON *list, const char *path)
{
    entry *entries = NULL;
    const cJSON *item = NULL;
    size_t count = 0;
    mi_code code =
        mi_allocate((size_t)cJSON_GetArraySize(list), sizeof *entries, &entries, r->status);
    cJSON_ArrayForEach(item, list)
    {
        char *text = code == MI_OK ? cJSON_PrintUnformatted(item) : NULL;
        if (text != NULL) {
            entries[count] = (entry){text, count};
            count++;
        } else if (code == MI_OK) {
            code = mi_resolve_no_memory(r);
        }
    }
    if (code == MI_OK && count > 1) {
        qsort(entries, count, sizeof *entries, by_text);
        say_twins(r, entries, count, path);
    }
    for (size_t i = 0; i < count; i++) {
        cJSON_free(entries[i].text);
    }
    free(entries);
    return code;
}
