/* The "sweep" experiment: from JSON to its cases, seeds, axes and columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maskinfo/memory.h"
#include "sweep.h"

enum { MOST_CASES = 1000 };

static const char *const own_keys[] = {"base",    "cases",   "grid", "seeds",
                                       "columns", "figures", NULL};
/* The same beside the keys of each table. */
static const char *const head_keys[] = {"experiment", "set",     "effort", "keep",
                                        "base",       "cases",   "grid",   "seeds",
                                        "columns",    "figures", NULL};
static const char *const case_keys[] = {"base", NULL};

void mi_sweep_destroy(mi_sweep *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; s->axis != NULL && i < s->axis_count; i++) {
        free(s->axis[i].paths);
        free(s->axis[i].values);
        free(s->axis[i].labels);
    }
    for (size_t i = 0; i < s->case_count; i++) {
        free(s->cases[i].file);
        cJSON_Delete(s->cases[i].document);
    }
    free(s->axis);
    free(s->cases);
    free(s->seed);
    free(s->keys);
    mi_sweep_data_destroy(s->opt_data);
    cJSON_Delete(s->config);
    cJSON_Delete(s->axes);
    cJSON_Delete(s->seeds);
    cJSON_Delete(s->columns);
    cJSON_Delete(s->opt_figures);
    free(s);
}

/* A path that leads nowhere from the working folder may do so from the folder of the sweep. */
static mi_code find_base(const char *sweep_file, const char *name, char **ret_file,
                         mi_status *status)
{
    const char *slash = strrchr(sweep_file, '/');
    char *beside = NULL;
    mi_code code = mi_experiment_find(name, ret_file, status);
    if (code != MI_OK || slash == NULL || name[0] == '/' || access(*ret_file, F_OK) == 0) {
        return code;
    }
    size_t folder = (size_t)(slash - sweep_file), size = folder + strlen(name) + 2;
    code = mi_allocate(size, 1, &beside, status);
    if (code == MI_OK) {
        snprintf(beside, size, "%.*s/%s", (int)folder, sweep_file, name);
        if (access(beside, F_OK) == 0) {
            free(*ret_file);
            *ret_file = beside;
            return MI_OK;
        }
    }
    free(beside);
    return code;
}

/* Read an experiment file into *ret_document; NULL after adding a fault. */
static mi_code read_base(mi_resolver *r, const char *name, const char *path, char **ret_file,
                         cJSON **ret_document)
{
    mi_status missing = {.code = MI_OK};
    mi_faults found = {.count = 0};
    mi_code code = find_base(r->faults->file, name, ret_file, &missing);
    if (code == MI_INPUT) {
        mi_faults_add(r->faults, path, "%s", missing.message);
        return MI_OK;
    }
    if (code != MI_OK) {
        return mi_fail(r->status, code, "%s", missing.message);
    }
    found.file = *ret_file;
    *ret_document = mi_document_read(*ret_file, &found);
    for (size_t i = 0; i < found.count && i < MI_FAULTS_KEPT; i++) {
        mi_faults_add(r->faults, path, "%s", found.messages[i] != NULL ? found.messages[i] : "?");
    }
    mi_faults_clear(&found);
    return MI_OK;
}

/* The experiment at "base": named, or there itself. *ret_document is NULL after a fault. */
static mi_code resolve_base(mi_resolver *r, const cJSON *item, const char *path, char **ret_file,
                            cJSON **ret_document)
{
    char shown[64];
    if (cJSON_IsString(item)) {
        return read_base(r, item->valuestring, path, ret_file, ret_document);
    }
    if (!cJSON_IsObject(item)) {
        mi_faults_add(r->faults, path,
                      "%s; must be an experiment: its name, the path of its file, or an object",
                      item == NULL ? "missing" : mi_document_show(item, shown, sizeof shown));
        return MI_OK;
    }
    *ret_document = cJSON_Duplicate(item, 1);
    return *ret_document != NULL ? mi_copy_text(path, ret_file, r->status)
                                 : mi_resolve_no_memory(r);
}

/* Of all cases the same kind, because one list of columns is taken from them. */
static void check_kind(mi_resolver *r, const cJSON *document, const char *path, size_t index,
                       mi_sweep *s)
{
    const cJSON *name = mi_lab_item(document, "experiment");
    mi_experiment_kind kind = MI_KIND_SWEEP;
    char shown[64];
    if (!cJSON_IsString(name) || !mi_experiment_kind_find(name->valuestring, &kind) ||
        kind == MI_KIND_SWEEP) {
        mi_faults_add(r->faults, path,
                      "its \"experiment\" is %s; must be a kind other than "
                      "\"sweep\"",
                      name == NULL ? "missing" : mi_document_show(name, shown, sizeof shown));
    } else if (index > 0 && kind != s->kind) {
        mi_faults_add(r->faults, path,
                      "is a \"%s\" and the case before it a \"%s\"; all cases "
                      "must be of one kind",
                      name->valuestring, mi_experiment_kind_name(s->kind));
    }
    s->kind = kind;
}

/* "set" of the sweep or of the case at `path`. */
static bool apply_sets(mi_resolver *r, const mi_values *values, const char *path, cJSON *document)
{
    const mi_value *set = mi_values_find(values, "set");
    char list[MI_PATH_SIZE], at[MI_PATH_SIZE];
    bool good = true;
    mi_path_key(list, path, "set");
    for (size_t i = 0; good && set->given && i < set->path_count; i++) {
        mi_path_index(at, list, i);
        good = mi_document_set_at(document, at, set->paths[i], r->faults);
    }
    return good;
}

/* One case: `entry` is NULL where there is none but the sweep itself. */
static mi_code resolve_case(mi_resolver *r, const cJSON *entry, const cJSON *document,
                            const mi_values *settings, size_t index, mi_sweep *s)
{
    char path[MI_PATH_SIZE] = "", at[MI_PATH_SIZE];
    mi_values *values = NULL;
    cJSON *bound = NULL;
    mi_sweep_case *c = &s->cases[index];
    mi_code code = MI_OK;
    if (entry != NULL) {
        mi_path_index(path, "cases", index);
        code = mi_bind(&r->binding, entry, path, mi_sweep_case_parameters, case_keys, &values,
                       &bound, r->status);
        cJSON_Delete(bound);
    }
    if (code == MI_OK) {
        const cJSON *base = mi_resolve_inherited(entry, document, path, "base", at);
        code = resolve_base(r, base, at, &c->file, &c->document);
    }
    if (code == MI_OK && c->document != NULL) {
        check_kind(r, c->document, at, index, s);
        if (apply_sets(r, settings, "", c->document) && values != NULL) {
            apply_sets(r, values, path, c->document);
        }
    }
    mi_values_destroy(values);
    return code;
}

static mi_code resolve_cases(mi_resolver *r, const cJSON *document, const mi_values *settings,
                             mi_sweep *s)
{
    const cJSON *cases = mi_lab_item(document, "cases"), *entry = NULL;
    int count = cJSON_IsArray(cases) ? cJSON_GetArraySize(cases) : 0;
    size_t i = 0;
    s->has_cases = cases != NULL && !cJSON_IsNull(cases);
    if (s->has_cases && (count < 1 || count > MOST_CASES)) {
        mi_faults_add(r->faults, "cases", "must be an array of 1 to %d cases", MOST_CASES);
        return MI_OK;
    }
    size_t all = s->has_cases ? (size_t)count : 1;
    mi_code code = mi_allocate(all, sizeof *s->cases, &s->cases, r->status);
    s->case_count = code == MI_OK ? all : 0;
    if (code == MI_OK && !s->has_cases) {
        return resolve_case(r, NULL, document, settings, 0, s);
    }
    for (entry = s->has_cases ? cases->child : NULL; code == MI_OK && entry != NULL;
         entry = entry->next) {
        code = resolve_case(r, entry, document, settings, i++, s);
    }
    return code;
}

static bool is_seed(const cJSON *item)
{
    return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 0x1p53 &&
           item->valuedouble == floor(item->valuedouble);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static mi_code refuse_twins(mi_resolver *r, const mi_sweep *s)
{
    double *sorted = NULL;
    mi_code code = mi_allocate(s->seed_count, sizeof *sorted, &sorted, r->status);
    if (code != MI_OK) {
        return code;
    }
    memcpy(sorted, s->seed, s->seed_count * sizeof *sorted);
    qsort(sorted, s->seed_count, sizeof *sorted, by_value);
    for (size_t i = 1; i < s->seed_count; i++) {
        if (sorted[i] == sorted[i - 1]) {
            mi_faults_add(r->faults, "seeds", "%.0f is there twice", sorted[i]);
            break;
        }
    }
    free(sorted);
    return MI_OK;
}

static mi_code resolve_seeds(mi_resolver *r, const cJSON *document, mi_sweep *s)
{
    const cJSON *item = mi_lab_item(document, "seeds"), *seed = NULL;
    static const double one = 1;
    bool usual = item == NULL || cJSON_IsNull(item);
    int count = usual ? 1 : cJSON_IsArray(item) ? cJSON_GetArraySize(item) : 0;
    if (count < 1 || count > MI_SWEEP_UNITS) {
        mi_faults_add(r->faults, "seeds", "must be an array of 1 to %d whole numbers",
                      MI_SWEEP_UNITS);
        return MI_OK;
    }
    s->seeds = usual ? cJSON_CreateDoubleArray(&one, 1) : cJSON_Duplicate(item, 1);
    mi_code code = s->seeds == NULL
                       ? mi_resolve_no_memory(r)
                       : mi_allocate((size_t)count, sizeof *s->seed, &s->seed, r->status);
    if (code != MI_OK) {
        return code;
    }
    cJSON_ArrayForEach(seed, s->seeds)
    {
        if (!is_seed(seed)) {
            char at[MI_PATH_SIZE], shown[64];
            mi_path_index(at, "seeds", s->seed_count);
            mi_faults_add(r->faults, at, "%s; must be a whole number in [0, 9007199254740991]",
                          mi_document_show(seed, shown, sizeof shown));
            return MI_OK;
        }
        s->seed[s->seed_count++] = seed->valuedouble;
    }
    return refuse_twins(r, s);
}

static mi_code resolve_head(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_values *head = NULL;
    cJSON *bound = NULL;
    mi_code code = mi_bind(&r->binding, document, "", mi_experiment_parameters, head_keys, &head,
                           &bound, r->status);
    if (code == MI_OK) {
        code = mi_copy_text(mi_given(head, "title") ? mi_text(head, "title") : "", &e->title,
                            r->status);
    }
    mi_values_destroy(head);
    if (mi_lab_item(document, "seed") != NULL) {
        mi_faults_add(r->faults, "seed", "is of no use: \"seeds\" is the list of them");
    }
    e->resolved = bound;
    cJSON_DeleteItemFromObjectCaseSensitive(e->resolved, "seed");
    return code;
}

/* Not of the head, where unknown keys are found. */
static bool is_setting(const char *key)
{
    bool known = false;
    for (size_t i = 1; head_keys[i] != NULL; i++) {
        known = known || strcmp(key, head_keys[i]) == 0;
    }
    return known;
}

/* The settings, out of the document without the keys of the head. */
static mi_code resolve_settings(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    cJSON *rest = cJSON_CreateObject(), *bound = NULL;
    const cJSON *item = NULL;
    mi_code code = rest == NULL ? mi_resolve_no_memory(r) : MI_OK;
    cJSON_ArrayForEach(item, document)
    {
        if (code == MI_OK && is_setting(item->string) &&
            !cJSON_AddItemReferenceToObject(rest, item->string, (cJSON *)item)) {
            code = mi_resolve_no_memory(r);
        }
    }
    if (code == MI_OK) {
        code = mi_bind(&r->binding, rest, "", mi_sweep_parameters, own_keys, &e->settings, &bound,
                       r->status);
    }
    while (code == MI_OK && bound->child != NULL) {
        cJSON *child = cJSON_DetachItemViaPointer(bound, bound->child);
        code = mi_resolve_add(r, e->resolved, child->string, child);
    }
    cJSON_Delete(bound);
    cJSON_Delete(rest);
    return code;
}

/* The experiment of a file in its place. */
static cJSON *inline_base(const char *sweep_file, const cJSON *item)
{
    mi_faults found = {.count = 0};
    char *file = NULL;
    cJSON *base = NULL;
    if (!cJSON_IsString(item)) {
        return cJSON_Duplicate(item, 1);
    }
    if (find_base(sweep_file, item->valuestring, &file, NULL) == MI_OK) {
        base = mi_document_read(file, &found);
    }
    mi_faults_clear(&found);
    free(file);
    return base;
}

static void put_bases(mi_writer *w, const char *sweep_file, const cJSON *document, cJSON *config)
{
    const cJSON *base = mi_lab_item(document, "base"), *given = mi_lab_item(document, "cases");
    cJSON *cases = cJSON_Duplicate(given, 1), *entry = NULL;
    if (base != NULL) {
        mi_add_item(w, config, "base", inline_base(sweep_file, base));
    }
    cJSON_ArrayForEach(entry, cases)
    {
        base = mi_lab_item(entry, "base");
        if (base != NULL) {
            mi_replace_item(w, entry, "base", inline_base(sweep_file, base));
        }
    }
    if (given != NULL) {
        mi_add_item(w, config, "cases", cases);
    }
}

/* The axes as the file has them, without what is found out about them. */
static cJSON *grid_of(const mi_sweep *s)
{
    cJSON *grid = cJSON_Duplicate(s->axes, 1), *axis = NULL;
    if (s->has_cases) {
        cJSON_DeleteItemFromArray(grid, 0);
    }
    cJSON_ArrayForEach(axis, grid)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(axis, "numeric");
    }
    return grid;
}

static mi_code put_config(mi_resolver *r, const cJSON *document, const mi_experiment *e,
                          mi_sweep *s)
{
    mi_writer w = {.failed = false};
    const cJSON *item = NULL;
    s->config = cJSON_CreateObject();
    mi_add_text(&w, s->config, "experiment", "sweep");
    cJSON_ArrayForEach(item, e->resolved)
    {
        mi_add_item(&w, s->config, item->string, cJSON_Duplicate(item, 1));
    }
    put_bases(&w, r->faults->file, document, s->config);
    mi_add_item(&w, s->config, "grid", grid_of(s));
    mi_add_item(&w, s->config, "seeds", cJSON_Duplicate(s->seeds, 1));
    mi_add_item(&w, s->config, "columns", cJSON_Duplicate(s->columns, 1));
    mi_add_item(&w, s->config, "figures",
                s->opt_figures != NULL ? cJSON_Duplicate(s->opt_figures, 1) : cJSON_CreateNull());
    return w.failed ? mi_resolve_no_memory(r) : MI_OK;
}

typedef mi_code (*step)(mi_resolver *r, const cJSON *document, mi_sweep *s);

mi_code mi_sweep_resolve(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    static const step steps[] = {resolve_seeds, mi_sweep_resolve_axes, mi_sweep_check_paths,
                                 mi_sweep_resolve_columns, mi_sweep_resolve_figures};
    size_t before = r->faults->count;
    mi_code code = mi_allocate(1, sizeof *e->sweep, &e->sweep, r->status);
    mi_sweep *s = e->sweep;
    if (code == MI_OK) {
        code = resolve_head(r, document, e);
    }
    if (code == MI_OK) {
        code = resolve_settings(r, document, e);
    }
    if (code == MI_OK && r->faults->count == before) {
        s->effort = mi_real(e->settings, "effort") * r->binding.effort;
        s->keep_results = mi_is(e->settings, "keep", "results");
        code = resolve_cases(r, document, e->settings, s);
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        code = code == MI_OK && r->faults->count == before ? steps[i](r, document, s) : code;
    }
    if (code == MI_OK && r->faults->count == before) {
        code = put_config(r, document, e, s);
    }
    return code == MI_OK && r->faults->count == before ? mi_sweep_resolve_units(r, s) : code;
}
