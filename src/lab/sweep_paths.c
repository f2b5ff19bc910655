/* Paths that a sweep puts values at: none may be put at where another one is put later, for it
 * would have no effect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep.h"

enum { MOST_STEP = 128 };

/* Something that is put at a path, and where it stands in the file. */
typedef struct putting {
    const char *path; /* ends at '=', or with the text */
    int length;       /* of the path */
    char at[MI_PATH_SIZE], what[MI_PATH_SIZE];
} putting;

/* Read a key, or an index with its brackets ("[3]", "[*]"), and move past it; false at the end. */
static bool next_step(const char **path, const char *end, char step[MOST_STEP])
{
    const char *p = *path;
    p += p < end && *p == '.';
    if (p >= end) {
        return false;
    }
    size_t length = *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ".[=");
    length = length > (size_t)(end - p) ? (size_t)(end - p) : length;
    length = length == 0 ? 1 : length; /* no path, which is found where it is used */
    *path = p + length;
    if (p[0] == '[' && p[1] != '*') {
        snprintf(step, MOST_STEP, "[%ld]", strtol(p + 1, NULL, 10));
    } else {
        snprintf(step, MOST_STEP, "%.*s", (int)length, p);
    }
    return true;
}

static bool same_step(const char *a, const char *b)
{
    bool every = strcmp(a, "[*]") == 0 || strcmp(b, "[*]") == 0;
    return every ? a[0] == '[' && b[0] == '[' : strcmp(a, b) == 0;
}

/* Is `inner` the same as `outer`, or deeper in it? */
static bool is_inside(const putting *inner, const putting *outer)
{
    const char *a = inner->path, *b = outer->path;
    char one[MOST_STEP], other[MOST_STEP];
    while (next_step(&b, outer->path + outer->length, other)) {
        if (!next_step(&a, inner->path + inner->length, one) || !same_step(one, other)) {
            return false;
        }
    }
    return true;
}

static putting put_at(const char *path)
{
    return (putting){.path = path, .length = (int)strcspn(path, "=")};
}

/* "seed", or "seeds" of methods, which the replicates are put at. */
static void check_seed(mi_resolver *r, const mi_sweep *s, const putting *p)
{
    const putting seed = put_at(s->kind == MI_KIND_METHODS ? "seeds" : "seed");
    if (is_inside(p, &seed)) {
        mi_faults_add(r->faults, p->at,
                      "\"%.*s\"%s%s has no effect: the seeds of the sweep are put there; its "
                      "\"seeds\" is the list of them",
                      p->length, p->path, p->what[0] != '\0' ? " of " : "", p->what);
    }
}

/* `later` is put there after `p`. */
static void check_order(mi_resolver *r, const putting *p, const putting *later)
{
    if (!is_inside(p, later)) {
        return;
    }
    bool same = is_inside(later, p), movable = !same && p->what[0] != '\0';
    mi_faults_add(r->faults, p->at, "\"%.*s\"%s%s has no effect: %s sets %s\"%.*s\" after it%s",
                  p->length, p->path, p->what[0] != '\0' ? " of " : "", p->what, later->what,
                  same ? "" : "the whole of ", later->length, later->path,
                  movable ? "; put that axis in front of this one" : "");
}

static putting of_axis(const mi_sweep *s, size_t axis, size_t path)
{
    putting p = put_at(s->axis[axis].paths[path]);
    char grid[MI_PATH_SIZE];
    mi_path_index(grid, "grid", axis - s->has_cases);
    mi_path_key(p.at, grid, "set");
    snprintf(p.what, sizeof p.what, "the axis \"%s\"", s->axis[axis].name);
    return p;
}

/* Against the paths of axes from `axis` on, of this one from `path` on. */
static void check_axes_behind(mi_resolver *r, const mi_sweep *s, const putting *p, size_t axis,
                              size_t path)
{
    for (; axis < s->axis_count; axis++, path = 0) {
        for (; path < s->axis[axis].path_count; path++) {
            const putting later = of_axis(s, axis, path);
            check_order(r, p, &later);
        }
    }
}

/* A "set" of the sweep or of a case: each axis comes after it. */
static void check_settings(mi_resolver *r, const mi_sweep *s, const cJSON *object,
                           const char *parent)
{
    const cJSON *set = mi_lab_item(object, "set");
    const cJSON *item = cJSON_IsArray(set) ? set->child : set;
    char list[MI_PATH_SIZE];
    mi_path_key(list, parent, "set");
    for (size_t i = 0; item != NULL && cJSON_IsString(item); item = item->next, i++) {
        putting p = put_at(item->valuestring);
        if (cJSON_IsArray(set)) {
            mi_path_index(p.at, list, i);
        } else {
            memcpy(p.at, list, sizeof p.at);
        }
        check_seed(r, s, &p);
        check_axes_behind(r, s, &p, 0, 0);
        if (set == item) {
            break;
        }
    }
}

mi_code mi_sweep_check_paths(mi_resolver *r, const cJSON *document, mi_sweep *s)
{
    const cJSON *entry = NULL;
    size_t i = 0;
    check_settings(r, s, document, "");
    cJSON_ArrayForEach(entry, mi_lab_item(document, "cases"))
    {
        char at[MI_PATH_SIZE];
        mi_path_index(at, "cases", i++);
        check_settings(r, s, entry, at);
    }
    for (size_t axis = s->has_cases; axis < s->axis_count; axis++) {
        for (size_t path = 0; path < s->axis[axis].path_count; path++) {
            const putting p = of_axis(s, axis, path);
            check_seed(r, s, &p);
            check_axes_behind(r, s, &p, axis, path + 1);
        }
    }
    return MI_OK;
}
