#include "centered.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "source.h"

const cJSON *mi_centered_array(const cJSON *result, const char *opt_part, const char *name)
{
    const cJSON *object =
        opt_part == NULL ? result : cJSON_GetObjectItemCaseSensitive(result, opt_part);
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsArray(array) && array->child != NULL ? array : NULL;
}

bool mi_centered_is(const cJSON *object, const char *key, const char *text)
{
    const char *value = mi_json_text(object, key);
    return value != NULL && strcmp(value, text) == 0;
}

mi_code mi_centered_rows(const cJSON *array, const char *const *keys, size_t columns,
                         const char *opt_key, const char *opt_value, double **ret_rows,
                         size_t *ret_count, mi_status *status)
{
    const cJSON *item = NULL;
    size_t count = 0;
    double *rows = NULL;
    mi_code code =
        mi_allocate((size_t)cJSON_GetArraySize(array), columns * sizeof *rows, &rows, status);
    cJSON_ArrayForEach(item, array)
    {
        if (code != MI_OK || (opt_key != NULL && !mi_centered_is(item, opt_key, opt_value))) {
            continue;
        }
        for (size_t c = 0; c < columns; c++) {
            rows[count * columns + c] = mi_json_number(item, keys[c]);
        }
        count++;
    }
    *ret_rows = rows;
    *ret_count = count;
    return code;
}

static const char *const kinds[] = {"stationary", "drifting", "correlated", NULL};
static const char *const updates[] = {"after", "before", NULL};
static const char *const outcomes[] = {"stable", "uniform", "collapse", "oscillation", NULL};
static const char *const conditions[] = {"none", "center only", "sharpen only", "both", NULL};

/* A text that an object must have. Figures put it into a script as it is, so that it must be one of
 * the words, where there are some. */
typedef struct word {
    const char *name;
    const char *const *opt_words;
} word;

/* What places the objects of an array. */
static const struct needed {
    const char *part, *name;
    const char *numbers[3];
    word texts[2];
} needed[] = {
    {NULL,
     "streams",
     {"center_momentum", "variance", NULL},
     {{"kind", kinds}, {"update", updates}}},
    {"stability",
     "grid",
     {"teacher_temperature", "center_momentum", NULL},
     {{"predicted", outcomes}, {"simulated", outcomes}}},
    {"stability",
     "points",
     {"teacher_temperature", "center_momentum", NULL},
     {{"predicted", outcomes}, {"simulated", outcomes}}},
    {"stability",
     "gains",
     {"gain", "center_momentum", NULL},
     {{"predicted", outcomes}, {"simulated", outcomes}}},
    {"stability", "borders", {"teacher_temperature", NULL}, {{NULL, NULL}}},
    {"loop", "runs", {"teacher_temperature", NULL}, {{"condition", conditions}}},
    {"loop", "counts", {"similarity", "survived", NULL}, {{"condition", conditions}}},
    {NULL,
     "published",
     {"student_temperature", "teacher_temperature", "center_momentum"},
     {{"table", NULL}, {"setting", NULL}}},
};

static bool is_one_of(const char *text, const char *const *opt_words)
{
    bool found = opt_words == NULL;
    for (size_t i = 0; !found && opt_words[i] != NULL; i++) {
        found = strcmp(text, opt_words[i]) == 0;
    }
    return found;
}

static mi_code check_item(const struct needed *n, const cJSON *item, size_t index,
                          mi_status *status)
{
    char place[64];
    snprintf(place, sizeof place, "%s%s%s[%zu]", n->part == NULL ? "" : n->part,
             n->part == NULL ? "" : ".", n->name, index);
    for (int i = 0; i < 3 && n->numbers[i] != NULL; i++) {
        if (!isfinite(mi_json_number(item, n->numbers[i]))) {
            return mi_fail_at(status, place, "needs the number \"%s\"", n->numbers[i]);
        }
    }
    for (int i = 0; i < 2 && n->texts[i].name != NULL; i++) {
        const char *text = mi_json_text(item, n->texts[i].name);
        if (text == NULL) {
            return mi_fail_at(status, place, "needs the text \"%s\"", n->texts[i].name);
        }
        if (!is_one_of(text, n->texts[i].opt_words)) {
            return mi_fail_at(status, place, "\"%s\" is \"%.40s\", which is none of its words",
                              n->texts[i].name, text);
        }
    }
    return MI_OK;
}

mi_code mi_centered_check(const cJSON *result, mi_status *status)
{
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        const cJSON *array = mi_centered_array(result, needed[i].part, needed[i].name), *item;
        size_t index = 0;
        cJSON_ArrayForEach(item, array)
        {
            mi_code code = check_item(&needed[i], item, index++, status);
            if (code != MI_OK) {
                return code;
            }
        }
    }
    return MI_OK;
}
