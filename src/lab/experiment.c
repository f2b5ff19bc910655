/* From a document to a resolved experiment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "maskinfo/figures.h"
#include "maskinfo/memory.h"
#include "maskinfo/result.h"

enum { MAX_CURVES = 64, MAX_RATIOS = 10000 };

typedef struct resolver {
    mi_binding binding;
    mi_faults *faults;
    mi_status *status;
} resolver;

/* Keys that stand at the top beside those of mi_experiment_parameters. */
static const char *const curve_keys[] = {"experiment", "model",     "mask",
                                         "ratios",     "estimator", NULL};
static const char *const compare_keys[] = {"experiment",    "curves", "mask",      "ratios",
                                           "estimator",     "effort", "published", "overlay_on",
                                           "strategies_on", NULL};
/* The same beside those of mi_compare_parameters. */
static const char *const shared_keys[] = {"experiment", "curves", "mask", "ratios",
                                          "estimator",  "title",  "seed", NULL};
static const char *const entry_keys[] = {"model", "mask", "ratios", "estimator", "seed", NULL};

static mi_code no_memory(resolver *r)
{
    return mi_fail(r->status, MI_MEMORY, "out of memory for the experiment");
}

static mi_code add_item(resolver *r, cJSON *object, const char *name, cJSON *item)
{
    if (item == NULL || !cJSON_AddItemToObject(object, name, item)) {
        cJSON_Delete(item);
        return no_memory(r);
    }
    return MI_OK;
}

/* Replace the file names of MI_FILE parameters by where the files are found. */
static mi_code locate_files(resolver *r, mi_values *values)
{
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < values->count; i++) {
        mi_value *v = &values->items[i];
        bool is_file = (v->parameter->flags & MI_FILE) && v->given;
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

/* The name at the discriminating key ("type", "strategy") of an object, or opt_default where it is
 * left out; NULL after a fault. */
static const char *discriminator(resolver *r, const cJSON *object, const char *path,
                                 const char *key, const char *opt_default)
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

/* Bind one part of a curve and put it, with its discriminating name in front, into the resolved
 * configuration. */
static mi_code bind_part(resolver *r, const cJSON *object, const char *path, const char *part,
                         const char *key, const char *opt_name, const mi_parameter *table,
                         mi_values **ret_values, cJSON *resolved)
{
    const char *other[] = {key, NULL};
    cJSON *bound = NULL, *named = NULL;
    mi_code code = mi_bind(&r->binding, object, path, table, key == NULL ? NULL : other, ret_values,
                           &bound, r->status);
    if (code != MI_OK || key == NULL) {
        return code != MI_OK ? code : add_item(r, resolved, part, bound);
    }
    named = cJSON_CreateObject();
    if (named == NULL || cJSON_AddStringToObject(named, key, opt_name) == NULL) {
        code = no_memory(r);
    }
    while (code == MI_OK && bound->child != NULL) {
        cJSON *child = cJSON_DetachItemViaPointer(bound, bound->child);
        code = add_item(r, named, child->string, child);
    }
    cJSON_Delete(bound);
    if (code != MI_OK) {
        cJSON_Delete(named);
        return code;
    }
    return add_item(r, resolved, part, named);
}

static mi_code resolve_model(resolver *r, const cJSON *object, const char *path, mi_curve_config *c)
{
    const char *name = object == NULL ? NULL : discriminator(r, object, path, "type", NULL);
    if (object == NULL) {
        mi_faults_add(r->faults, path, "missing; must be an object with the key \"type\"");
    }
    if (name == NULL) {
        return MI_OK;
    }
    c->class = mi_model_find(name);
    if (c->class == NULL) {
        char at[MI_PATH_SIZE], known[256] = "";
        for (const mi_model_class *const *class = mi_model_classes(); *class != NULL; class ++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s\"%s\"", used ? ", " : "",
                     (*class)->name);
        }
        mi_path_key(at, path, "type");
        mi_faults_add(r->faults, at, "\"%s\"; must be one of %s", name, known);
        return MI_OK;
    }
    mi_code code = bind_part(r, object, path, "model", "type", name, c->class->parameters,
                             &c->model, c->resolved);
    return code == MI_OK ? locate_files(r, c->model) : code;
}

static mi_code resolve_mask(resolver *r, const cJSON *object, const char *path, mi_curve_config *c)
{
    const char *name = discriminator(r, object, path, "strategy", "random");
    if (name == NULL) {
        return MI_OK;
    }
    const mi_mask_class *class = mi_mask_find(name);
    if (class == NULL) {
        char at[MI_PATH_SIZE], known[128] = "";
        for (const mi_mask_class *const *m = mi_mask_classes(); *m != NULL; m++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s\"%s\"", used ? ", " : "", (*m)->name);
        }
        mi_path_key(at, path, "strategy");
        mi_faults_add(r->faults, at, "\"%s\"; must be one of %s", name, known);
        return MI_OK;
    }
    c->mask_class = class;
    return bind_part(r, object, path, "mask", "strategy", name, class->parameters, &c->mask,
                     c->resolved);
}

static mi_code ratio_range(resolver *r, const cJSON *object, const char *path, mi_curve_config *c)
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

static mi_code ratio_array(resolver *r, const cJSON *array, const char *path, mi_curve_config *c)
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

static mi_code resolve_ratios(resolver *r, const cJSON *value, const char *path, mi_curve_config *c)
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

/* `own` is the curve's object, `shared` what it inherits from (the same in a "curve" experiment).
 */
static const cJSON *inherited(const cJSON *own, const cJSON *shared, const char *path,
                              const char *key, char at[MI_PATH_SIZE])
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(own, key);
    mi_path_key(at, item != NULL ? path : "", key);
    return item != NULL ? item : cJSON_GetObjectItemCaseSensitive(shared, key);
}

static mi_code resolve_seed(resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                            mi_curve_config *c)
{
    char at[MI_PATH_SIZE];
    const cJSON *seed = inherited(own, shared, path, "seed", at);
    bool whole = cJSON_IsNumber(seed) && seed->valuedouble >= 0 && seed->valuedouble <= 0x1p53 &&
                 (double)(uint64_t)seed->valuedouble == seed->valuedouble;
    bool own_seed = cJSON_GetObjectItemCaseSensitive(own, "seed") != NULL && own != shared;
    if (seed != NULL && !whole && !own_seed) {
        return MI_OK; /* reported where the top level is bound */
    }
    if (seed != NULL && !whole) {
        char shown[64];
        mi_faults_add(r->faults, at, "%s; must be a whole number in [0, 9007199254740992]",
                      mi_document_show(seed, shown, sizeof shown));
        return MI_OK;
    }
    c->seed = seed == NULL ? 1 : (uint64_t)seed->valuedouble;
    return add_item(r, c->resolved, "seed", cJSON_CreateNumber((double)c->seed));
}

static mi_code resolve_curve(resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                             mi_curve_config *c)
{
    char at[MI_PATH_SIZE];
    snprintf(c->path, sizeof c->path, "%s", path);
    c->resolved = cJSON_CreateObject();
    mi_code code = c->resolved == NULL
                       ? no_memory(r)
                       : add_item(r, c->resolved, "experiment", cJSON_CreateString("curve"));
    if (code == MI_OK) {
        mi_path_key(at, path, "model");
        code = resolve_model(r, cJSON_GetObjectItemCaseSensitive(own, "model"), at, c);
    }
    if (code == MI_OK) {
        const cJSON *mask = inherited(own, shared, path, "mask", at);
        code = resolve_mask(r, mask, at, c);
    }
    if (code == MI_OK) {
        const cJSON *ratios = inherited(own, shared, path, "ratios", at);
        code = resolve_ratios(r, ratios, at, c);
    }
    if (code == MI_OK) {
        const cJSON *estimator = inherited(own, shared, path, "estimator", at);
        code = bind_part(r, estimator, at, "estimator", NULL, NULL, mi_estimator_parameters,
                         &c->estimator, c->resolved);
    }
    return code == MI_OK ? resolve_seed(r, own, shared, path, c) : code;
}

static bool is_color(const char *text)
{
    return text[0] == '#' && strlen(text) == 7 && strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

static void check_style(resolver *r, const mi_values *entry, const char *path)
{
    char at[MI_PATH_SIZE];
    const mi_value *figures = mi_values_find(entry, "figures");
    if (mi_given(entry, "color") && !is_color(mi_text(entry, "color"))) {
        mi_path_key(at, path, "color");
        mi_faults_add(r->faults, at, "\"%s\"; must be \"#rrggbb\"", mi_text(entry, "color"));
    }
    for (size_t i = 0; figures->given && i < figures->path_count; i++) {
        if (!mi_figures_known(figures->paths[i])) {
            char names[256];
            mi_path_key(at, path, "figures");
            mi_faults_add(r->faults, at, "\"%s\"; must be among %s", figures->paths[i],
                          mi_figures_names(names, sizeof names));
        }
    }
}

static mi_code resolve_entry(resolver *r, const cJSON *entry, const cJSON *document, size_t index,
                             mi_experiment *e)
{
    mi_curve_config *c = &e->curves[index];
    char path[MI_PATH_SIZE];
    cJSON *bound = NULL;
    mi_path_index(path, "curves", index);
    if (!cJSON_IsObject(entry)) {
        char shown[64];
        mi_faults_add(r->faults, path, "%s; must be an object",
                      mi_document_show(entry, shown, sizeof shown));
        return MI_OK;
    }
    mi_code code = mi_bind(&r->binding, entry, path, mi_compare_curve_parameters, entry_keys,
                           &c->entry, &bound, r->status);
    cJSON_Delete(bound);
    if (code == MI_OK) {
        check_style(r, c->entry, path);
    }
    if (code == MI_OK && mi_given(c->entry, "label")) {
        code = mi_copy_text(mi_text(c->entry, "label"), &c->label, r->status);
    }
    for (size_t i = 0; code == MI_OK && c->label != NULL && i < index; i++) {
        if (e->curves[i].label != NULL && strcmp(e->curves[i].label, c->label) == 0) {
            mi_faults_add(r->faults, path, "label \"%s\" is taken by curves[%zu]", c->label, i);
        }
    }
    return code == MI_OK ? resolve_curve(r, entry, document, path, c) : code;
}

static mi_code resolve_compare(resolver *r, const cJSON *document, mi_experiment *e)
{
    const cJSON *curves = cJSON_GetObjectItemCaseSensitive(document, "curves");
    size_t count = cJSON_IsArray(curves) ? (size_t)cJSON_GetArraySize(curves) : 0, i = 0;
    mi_code code = mi_bind(&r->binding, document, "", mi_compare_parameters, shared_keys,
                           &e->settings, &e->resolved, r->status);
    if (code == MI_OK) {
        code = locate_files(r, e->settings);
    }
    if (code != MI_OK) {
        return code;
    }
    if (count == 0 || count > MAX_CURVES) {
        mi_faults_add(r->faults, "curves", "must be an array of 1 to %d curves", MAX_CURVES);
        return MI_OK;
    }
    e->effort = mi_given(e->settings, "effort") ? mi_real(e->settings, "effort") : 1;
    r->binding.effort = e->effort;
    code = mi_allocate(count, sizeof *e->curves, &e->curves, r->status);
    e->count = code == MI_OK ? count : 0;
    for (const cJSON *entry = cJSON_IsArray(curves) ? curves->child : NULL;
         code == MI_OK && entry != NULL; entry = entry->next, i++) {
        code = resolve_entry(r, entry, document, i, e);
    }
    return code;
}

static mi_code resolve_single(resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_code code = mi_allocate(1, sizeof *e->curves, &e->curves, r->status);
    e->count = code == MI_OK ? 1 : 0;
    if (code == MI_OK) {
        code = resolve_curve(r, document, document, "", &e->curves[0]);
    }
    if (code == MI_OK && e->curves[0].class != NULL) {
        const char *label = e->title[0] != '\0' ? e->title : e->curves[0].class->name;
        code = mi_copy_text(label, &e->curves[0].label, r->status);
    }
    if (code == MI_OK) {
        code = add_item(r, e->curves[0].resolved, "title", cJSON_CreateString(e->title));
    }
    return code;
}

/* Title and seed; the seed itself is taken up curve by curve. */
static mi_code resolve_common(resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_values *values = NULL;
    cJSON *bound = NULL;
    mi_code code = mi_bind(&r->binding, document, "", mi_experiment_parameters,
                           e->compare ? compare_keys : curve_keys, &values, &bound, r->status);
    cJSON_Delete(bound);
    if (code == MI_OK) {
        const char *title = mi_given(values, "title") ? mi_text(values, "title") : "";
        code = mi_copy_text(title, &e->title, r->status);
    }
    mi_values_destroy(values);
    return code;
}

static mi_code resolve(resolver *r, const cJSON *document, mi_experiment *e)
{
    const char *kind = discriminator(r, document, "", "experiment", NULL);
    mi_code code = mi_copy_text(r->faults->file, &e->file, r->status);
    if (code != MI_OK || kind == NULL) {
        return code;
    }
    e->compare = strcmp(kind, "compare") == 0;
    e->estimators = strcmp(kind, "estimators") == 0;
    if (!e->compare && !e->estimators && strcmp(kind, "curve") != 0) {
        mi_faults_add(r->faults, "experiment",
                      "\"%s\"; must be one of \"curve\", \"compare\", \"estimators\"", kind);
        return MI_OK;
    }
    if (e->estimators) {
        return mi_estimators_resolve(&r->binding, document, e, r->status);
    }
    code = resolve_common(r, document, e);
    if (code != MI_OK) {
        return code;
    }
    return e->compare ? resolve_compare(r, document, e) : resolve_single(r, document, e);
}

mi_code mi_experiment_create(const cJSON *document, mi_faults *faults,
                             mi_experiment **ret_experiment, mi_status *status)
{
    mi_status local = {.code = MI_OK};
    resolver r = {{faults, 1}, faults, status != NULL ? status : &local};
    mi_experiment *e = NULL;
    size_t before = faults->count;
    mi_code code = mi_allocate(1, sizeof *e, &e, r.status);
    if (code != MI_OK) {
        return code;
    }
    e->effort = 1;
    code = resolve(&r, document, e);
    if (code != MI_OK || faults->count > before) {
        mi_experiment_destroy(e);
        return code != MI_OK ? code : MI_INPUT;
    }
    *ret_experiment = e;
    return MI_OK;
}

static void curve_free(mi_curve_config *c)
{
    free(c->label);
    mi_values_destroy(c->model);
    mi_values_destroy(c->mask);
    mi_values_destroy(c->estimator);
    mi_values_destroy(c->entry);
    free(c->ratios);
    cJSON_Delete(c->resolved);
}

void mi_experiment_destroy(mi_experiment *e)
{
    if (e == NULL) {
        return;
    }
    for (size_t i = 0; i < e->count; i++) {
        curve_free(&e->curves[i]);
    }
    free(e->curves);
    free(e->file);
    free(e->title);
    mi_values_destroy(e->settings);
    cJSON_Delete(e->resolved);
    free(e);
}
