/* The parts of an experiment file, resolved one by one. */
#include "resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/result.h"

enum { MAX_RATIOS = 10000 };

mi_code mi_resolve_no_memory(mi_resolver *r)
{
    return mi_fail(r->status, MI_MEMORY, "out of memory for the experiment");
}

mi_code mi_resolve_add(mi_resolver *r, cJSON *object, const char *name, cJSON *item)
{
    if (item == NULL || !cJSON_AddItemToObject(object, name, item)) {
        cJSON_Delete(item);
        return mi_resolve_no_memory(r);
    }
    return MI_OK;
}

mi_code mi_resolve_files(mi_resolver *r, mi_values *values)
{
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < values->count; i++) {
        mi_value *v = &values->items[i];
        bool is_file = (v->parameter->flags & MI_FILE) && v->given;
        if (v->group != NULL) {
            code = mi_resolve_files(r, v->group);
        }
        char **names = v->parameter->type == MI_TEXT ? &v->text : v->paths;
        size_t count = !is_file ? 0 : v->parameter->type == MI_TEXT ? 1 : v->path_count;
        for (size_t f = 0; code == MI_OK && f < count; f++) {
            char *found = NULL;
            code = mi_data_find(names[f], &found, r->status);
            if (code == MI_OK) {
                free(names[f]);
                names[f] = found;
            }
        }
    }
    return code;
}

const char *mi_resolve_name(mi_resolver *r, const cJSON *object, const char *path, const char *key,
                            const char *opt_default)
{
    char at[MI_PATH_SIZE];
    mi_path_key(at, path, key);
    if (object != NULL && !cJSON_IsObject(object)) {
        char shown[64];
        mi_faults_add(r->faults, path, "%s; must be an object with the key \"%s\"",
                      mi_document_show(object, shown, sizeof shown), key);
        return NULL;
    }
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (item == NULL && opt_default != NULL) {
        return opt_default;
    }
    if (!cJSON_IsString(item)) {
        char shown[64];
        mi_faults_add(r->faults, at, "%s; must be a name",
                      item == NULL ? "missing" : mi_document_show(item, shown, sizeof shown));
        return NULL;
    }
    return item->valuestring;
}

void mi_resolve_unknown(mi_resolver *r, const char *path, const char *key, const char *name,
                        const char *known)
{
    char at[MI_PATH_SIZE];
    mi_path_key(at, path, key);
    mi_faults_add(r->faults, at, "\"%s\"; must be one of %s", name, known);
}

mi_code mi_resolve_part(mi_resolver *r, const cJSON *object, const char *path, const char *part,
                        const char *key, const char *opt_name, const mi_parameter *table,
                        mi_values **ret_values, cJSON *resolved)
{
    const char *other[] = {key, NULL};
    cJSON *bound = NULL, *named = NULL;
    mi_code code = mi_bind(&r->binding, object, path, table, key == NULL ? NULL : other, ret_values,
                           &bound, r->status);
    if (code != MI_OK || key == NULL) {
        return code != MI_OK ? code : mi_resolve_add(r, resolved, part, bound);
    }
    named = cJSON_CreateObject();
    if (named == NULL || cJSON_AddStringToObject(named, key, opt_name) == NULL) {
        code = mi_resolve_no_memory(r);
    }
    while (code == MI_OK && bound->child != NULL) {
        cJSON *child = cJSON_DetachItemViaPointer(bound, bound->child);
        code = mi_resolve_add(r, named, child->string, child);
    }
    cJSON_Delete(bound);
    if (code != MI_OK) {
        cJSON_Delete(named);
        return code;
    }
    return mi_resolve_add(r, resolved, part, named);
}

mi_code mi_resolve_model(mi_resolver *r, const cJSON *object, const char *path, mi_curve_config *c)
{
    const char *name = object == NULL ? NULL : mi_resolve_name(r, object, path, "type", NULL);
    if (object == NULL) {
        mi_faults_add(r->faults, path, "missing; must be an object with the key \"type\"");
    }
    if (name == NULL) {
        return MI_OK;
    }
    c->class = mi_model_find(name);
    if (c->class == NULL) {
        char known[256] = "";
        for (const mi_model_class *const *class = mi_model_classes(); *class != NULL; class ++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s\"%s\"", used ? ", " : "",
                     (*class)->name);
        }
        mi_resolve_unknown(r, path, "type", name, known);
        return MI_OK;
    }
    mi_code code = mi_resolve_part(r, object, path, "model", "type", name, c->class->parameters,
                                   &c->model, c->resolved);
    return code == MI_OK ? mi_resolve_files(r, c->model) : code;
}

mi_code mi_resolve_mask(mi_resolver *r, const cJSON *object, const char *path, mi_curve_config *c)
{
    const char *name = mi_resolve_name(r, object, path, "strategy", "random");
    if (name == NULL) {
        return MI_OK;
    }
    const mi_mask_class *class = mi_mask_find(name);
    if (class == NULL) {
        char known[128] = "";
        for (const mi_mask_class *const *m = mi_mask_classes(); *m != NULL; m++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s\"%s\"", used ? ", " : "", (*m)->name);
        }
        mi_resolve_unknown(r, path, "strategy", name, known);
        return MI_OK;
    }
    c->mask_class = class;
    return mi_resolve_part(r, object, path, "mask", "strategy", name, class->parameters, &c->mask,
                           c->resolved);
}

static mi_code ratio_range(mi_resolver *r, const cJSON *object, const char *path,
                           mi_curve_config *c)
{
    mi_values *values = NULL;
    cJSON *bound = NULL;
    size_t faults = r->faults->count;
    mi_code code =
        mi_bind(&r->binding, object, path, mi_ratio_parameters, NULL, &values, &bound, r->status);
    cJSON_Delete(bound);
    if (code != MI_OK || r->faults->count > faults) {
        mi_values_destroy(values);
        return code;
    }
    double from = mi_real(values, "from"), to = mi_real(values, "to");
    size_t steps = mi_count(values, "steps");
    mi_values_destroy(values);
    if (from >= to) {
        mi_faults_add(r->faults, path, "from %g to %g; \"from\" must be below \"to\"", from, to);
        return MI_OK;
    }
    code = mi_allocate(steps, sizeof *c->ratios, &c->ratios, r->status);
    for (size_t i = 0; code == MI_OK && i < steps; i++) {
        c->ratios[i] = mi_result_round(from + (to - from) * (double)i / (double)(steps - 1));
    }
    c->ratio_count = code == MI_OK ? steps : 0;
    return code;
}

static mi_code ratio_array(mi_resolver *r, const cJSON *array, const char *path, mi_curve_config *c)
{
    size_t count = (size_t)cJSON_GetArraySize(array), i = 0;
    double last = 0;
    if (count == 0 || count > MAX_RATIOS) {
        mi_faults_add(r->faults, path, "%zu ratios; must be 1 to %d", count, MAX_RATIOS);
        return MI_OK;
    }
    mi_code code = mi_allocate(count, sizeof *c->ratios, &c->ratios, r->status);
    for (const cJSON *item = array->child; code == MI_OK && item != NULL; item = item->next, i++) {
        double ratio = cJSON_IsNumber(item) ? item->valuedouble : 0;
        if (!(ratio > last && ratio < 1)) {
            char at[MI_PATH_SIZE], shown[64];
            mi_path_index(at, path, i);
            mi_faults_add(r->faults, at, "%s; ratios are numbers in (0, 1), increasing",
                          mi_document_show(item, shown, sizeof shown));
            return MI_OK;
        }
        c->ratios[i] = last = ratio;
    }
    c->ratio_count = code == MI_OK ? count : 0;
    return code;
}

static mi_code resolve_ratios(mi_resolver *r, const cJSON *value, const char *path,
                              mi_curve_config *c)
{
    if (value == NULL) {
        return MI_OK;
    }
    if (cJSON_IsObject(value)) {
        return ratio_range(r, value, path, c);
    }
    if (cJSON_IsArray(value)) {
        return ratio_array(r, value, path, c);
    }
    char shown[64];
    mi_faults_add(r->faults, path,
                  "%s; must be an array of ratios or { \"from\", \"to\", \"steps\" }",
                  mi_document_show(value, shown, sizeof shown));
    return MI_OK;
}

const cJSON *mi_resolve_inherited(const cJSON *own, const cJSON *shared, const char *path,
                                  const char *key, char at[MI_PATH_SIZE])
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(own, key);
    mi_path_key(at, item != NULL ? path : "", key);
    return item != NULL ? item : cJSON_GetObjectItemCaseSensitive(shared, key);
}

mi_code mi_resolve_seed(mi_resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                        mi_curve_config *c)
{
    char at[MI_PATH_SIZE];
    const cJSON *seed = mi_resolve_inherited(own, shared, path, "seed", at);
    bool whole = cJSON_IsNumber(seed) && seed->valuedouble >= 0 && seed->valuedouble < 0x1p53 &&
                 (double)(uint64_t)seed->valuedouble == seed->valuedouble;
    bool own_seed = cJSON_GetObjectItemCaseSensitive(own, "seed") != NULL && own != shared;
    if (seed != NULL && !whole && !own_seed) {
        return MI_OK; /* reported where the top level is bound */
    }
    if (seed != NULL && !whole) {
        char shown[64];
        mi_faults_add(r->faults, at, "%s; must be a whole number in [0, 9007199254740991]",
                      mi_document_show(seed, shown, sizeof shown));
        return MI_OK;
    }
    c->seed = seed == NULL ? 1 : (uint64_t)seed->valuedouble;
    return mi_resolve_add(r, c->resolved, "seed", cJSON_CreateNumber((double)c->seed));
}

mi_code mi_resolve_curve(mi_resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                         mi_curve_config *c)
{
    char at[MI_PATH_SIZE];
    snprintf(c->path, sizeof c->path, "%s", path);
    c->resolved = cJSON_CreateObject();
    mi_code code = c->resolved == NULL
                       ? mi_resolve_no_memory(r)
                       : mi_resolve_add(r, c->resolved, "experiment", cJSON_CreateString("curve"));
    if (code == MI_OK) {
        mi_path_key(at, path, "model");
        code = mi_resolve_model(r, cJSON_GetObjectItemCaseSensitive(own, "model"), at, c);
    }
    if (code == MI_OK) {
        const cJSON *mask = mi_resolve_inherited(own, shared, path, "mask", at);
        code = mi_resolve_mask(r, mask, at, c);
    }
    if (code == MI_OK) {
        const cJSON *ratios = mi_resolve_inherited(own, shared, path, "ratios", at);
        code = resolve_ratios(r, ratios, at, c);
    }
    if (code == MI_OK) {
        const cJSON *estimator = mi_resolve_inherited(own, shared, path, "estimator", at);
        code = mi_resolve_part(r, estimator, at, "estimator", NULL, NULL, mi_estimator_parameters,
                               &c->estimator, c->resolved);
    }
    return code == MI_OK ? mi_resolve_seed(r, own, shared, path, c) : code;
}

void mi_curve_config_free(mi_curve_config *c)
{
    free(c->label);
    mi_values_destroy(c->model);
    mi_values_destroy(c->mask);
    mi_values_destroy(c->estimator);
    mi_values_destroy(c->entry);
    free(c->ratios);
    cJSON_Delete(c->style);
    cJSON_Delete(c->resolved);
}
