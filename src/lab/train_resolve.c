/* The "train" experiment: from JSON to a resolved run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "training.h"

/* Ratios of He et al. 2021 and Devlin et al. 2018, where none is given. */
static const double pixel_ratio = 0.75, symbol_ratio = 0.15;

static bool is_discrete(const mi_train_config *t)
{
    return t->curve.class != NULL && t->curve.class->discrete;
}

static mi_code resolve_method(mi_resolver *r, const cJSON *object, const char *path,
                              mi_train_config *t)
{
    const char *usual = is_discrete(t) ? "mlm" : "mae";
    const char *name = mi_resolve_name(r, object, path, "type", usual);
    if (name == NULL) {
        return MI_OK;
    }
    t->method_class = mi_method_find(name);
    if (t->method_class == NULL) {
        char known[256] = "";
        for (const mi_method_class *const *m = mi_method_classes(); *m != NULL; m++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s\"%s\"", used ? ", " : "", (*m)->name);
        }
        mi_resolve_unknown(r, path, "type", name, known);
        return MI_OK;
    }
    return mi_resolve_part(r, object, path, "method", "type", name, t->method_class->parameters,
                           &t->method, t->curve.resolved);
}

static bool is_share(const cJSON *value)
{
    return cJSON_IsNumber(value) && value->valuedouble > 0 && value->valuedouble < 1;
}

static bool is_range(const cJSON *value)
{
    const cJSON *low = cJSON_GetArrayItem(value, 0), *high = cJSON_GetArrayItem(value, 1);
    return cJSON_IsArray(value) && cJSON_GetArraySize(value) == 2 && cJSON_IsNumber(low) &&
           cJSON_IsNumber(high) && low->valuedouble >= 0 && high->valuedouble <= 1 &&
           low->valuedouble < high->valuedouble;
}

static mi_code resolve_ratio(mi_resolver *r, const cJSON *value, const char *path, double given,
                             mi_train_config *t)
{
    double fixed = !isnan(given) ? given : is_discrete(t) ? symbol_ratio : pixel_ratio;
    if (value == NULL || !isnan(given)) {
        t->ratio = (mi_ratio){fixed, fixed};
        return mi_resolve_add(r, t->curve.resolved, "ratio", cJSON_CreateNumber(fixed));
    }
    if (is_share(value)) {
        t->ratio = (mi_ratio){value->valuedouble, value->valuedouble};
    } else if (cJSON_IsString(value) && strcmp(value->valuestring, "uniform") == 0) {
        t->ratio = (mi_ratio){0, 1};
    } else if (is_range(value)) {
        t->ratio = (mi_ratio){cJSON_GetArrayItem(value, 0)->valuedouble,
                              cJSON_GetArrayItem(value, 1)->valuedouble};
    } else {
        char shown[64];
        mi_faults_add(r->faults, path,
                      "%s; must be a number in (0, 1), \"uniform\", or [low, high] with 0 <= low < "
                      "high <= 1",
                      mi_document_show(value, shown, sizeof shown));
        return MI_OK;
    }
    return mi_resolve_add(r, t->curve.resolved, "ratio", cJSON_Duplicate(value, 1));
}

static void check_increasing(mi_resolver *r, const mi_values *evaluation, const char *path)
{
    const mi_value *ratios = mi_values_find(evaluation, "ratios");
    for (size_t i = 1; ratios->given && i < ratios->matrix.columns; i++) {
        if (!(ratios->matrix.values[i] > ratios->matrix.values[i - 1])) {
            char list[MI_PATH_SIZE], at[MI_PATH_SIZE];
            mi_path_key(list, path, "ratios");
            mi_path_index(at, list, i);
            mi_faults_add(r->faults, at, "%g; ratios are increasing", ratios->matrix.values[i]);
            return;
        }
    }
}

static mi_code resolve_probe(mi_resolver *r, const cJSON *object, const char *path,
                             mi_train_config *t)
{
    if (object == NULL || cJSON_IsNull(object)) {
        return mi_resolve_add(r, t->curve.resolved, "probe", cJSON_CreateNull());
    }
    mi_code code = mi_resolve_part(r, object, path, "probe", NULL, NULL, mi_train_probe_parameters,
                                   &t->opt_probe, t->curve.resolved);
    return code == MI_OK ? mi_resolve_files(r, t->opt_probe) : code;
}

static mi_code replace_by_null(mi_resolver *r, cJSON *object, const char *name)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    return mi_resolve_add(r, object, name, cJSON_CreateNull());
}

/* Masks and ratios that a run inherits play no part in a method that hides nothing; its own are
 * refused, as they would be overlooked. */
static mi_code pass_over_masks(mi_resolver *r, const cJSON *own, const char *path,
                               mi_train_config *t)
{
    static const char *const names[] = {"mask", "ratio"};
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < 2; i++) {
        const cJSON *item = mi_lab_item(own, names[i]);
        if (item != NULL && !cJSON_IsNull(item)) {
            char at[MI_PATH_SIZE];
            mi_path_key(at, path, names[i]);
            mi_faults_add(r->faults, at, "is of no use: method \"%s\" hides nothing; leave it out",
                          t->method_class->name);
        }
        code = replace_by_null(r, t->curve.resolved, names[i]);
    }
    return code;
}

static mi_code resolve_masks(mi_resolver *r, const cJSON *own, const cJSON *shared,
                             const char *path, double ratio, mi_train_config *t)
{
    char at[MI_PATH_SIZE];
    const cJSON *item = mi_resolve_inherited(own, shared, path, "mask", at);
    mi_code code = mi_resolve_mask(r, cJSON_IsNull(item) ? NULL : item, at, &t->curve);
    if (code == MI_OK) {
        item = mi_resolve_inherited(own, shared, path, "ratio", at);
        code = resolve_ratio(r, cJSON_IsNull(item) ? NULL : item, at, ratio, t);
    }
    return code == MI_OK && t->method_class != NULL && t->method_class->unmasked
               ? pass_over_masks(r, own, path, t)
               : code;
}

/* What is trained on what. */
static mi_code resolve_task(mi_resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                            double ratio, mi_train_config *t)
{
    char at[MI_PATH_SIZE];
    const cJSON *model = mi_resolve_inherited(own, shared, path, "model", at);
    if (model == NULL) {
        mi_path_key(at, path, "model");
    }
    mi_code code = mi_resolve_model(r, model, at, &t->curve);
    if (code == MI_OK) {
        const cJSON *item = mi_resolve_inherited(own, shared, path, "method", at);
        code = resolve_method(r, item, at, t);
    }
    return code == MI_OK ? resolve_masks(r, own, shared, path, ratio, t) : code;
}

/* How it is trained and judged. */
static mi_code resolve_sizes(mi_resolver *r, const cJSON *own, const cJSON *shared,
                             const char *path, mi_train_config *t)
{
    char at[MI_PATH_SIZE];
    cJSON *resolved = t->curve.resolved;
    const cJSON *item = mi_resolve_inherited(own, shared, path, "training", at);
    mi_code code = mi_resolve_part(r, item, at, "training", NULL, NULL, mi_training_parameters,
                                   &t->training, resolved);
    if (code == MI_OK) {
        item = mi_resolve_inherited(own, shared, path, "evaluation", at);
        code = mi_resolve_part(r, item, at, "evaluation", NULL, NULL, mi_evaluation_parameters,
                               &t->evaluation, resolved);
    }
    if (code == MI_OK) {
        check_increasing(r, t->evaluation, at);
        item = mi_resolve_inherited(own, shared, path, "probe", at);
        code = resolve_probe(r, item, at, t);
    }
    if (code == MI_OK) {
        item = mi_resolve_inherited(own, shared, path, "collapse", at);
        code = mi_resolve_part(r, item, at, "collapse", NULL, NULL, mi_collapse_parameters,
                               &t->collapse, resolved);
    }
    if (code == MI_OK) {
        item = mi_resolve_inherited(own, shared, path, "maps", at);
        code = mi_resolve_part(r, item, at, "maps", NULL, NULL, mi_maps_parameters, &t->maps,
                               resolved);
    }
    if (code == MI_OK) {
        item = mi_resolve_inherited(own, shared, path, "estimator", at);
        code = mi_resolve_part(r, item, at, "estimator", NULL, NULL, mi_estimator_parameters,
                               &t->curve.estimator, resolved);
    }
    return code == MI_OK ? mi_resolve_seed(r, own, shared, path, &t->curve) : code;
}

mi_code mi_train_resolve(mi_resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                         double ratio, mi_train_config *t)
{
    snprintf(t->curve.path, sizeof t->curve.path, "%s", path);
    t->probe_ratio = ratio;
    t->curve.resolved = cJSON_CreateObject();
    mi_code code = t->curve.resolved == NULL ? mi_resolve_no_memory(r)
                                             : mi_resolve_add(r, t->curve.resolved, "experiment",
                                                              cJSON_CreateString("train"));
    if (code == MI_OK) {
        code = resolve_task(r, own, shared, path, ratio, t);
    }
    return code == MI_OK ? resolve_sizes(r, own, shared, path, t) : code;
}

void mi_train_config_free(mi_train_config *t)
{
    mi_curve_config_free(&t->curve);
    free(t->opt_group);
    mi_values_destroy(t->method);
    mi_values_destroy(t->training);
    mi_values_destroy(t->evaluation);
    mi_values_destroy(t->opt_probe);
    mi_values_destroy(t->collapse);
    mi_values_destroy(t->maps);
}

static const char *const keys[] = {"experiment", "method",   "model", "mask",
                                   "ratio",      "training", "probe", "evaluation",
                                   "estimator",  "collapse", "maps",  NULL};

mi_code mi_train_resolve_single(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_values *head = NULL;
    mi_code code = mi_bind(&r->binding, document, "", mi_experiment_parameters, keys, &head,
                           &e->resolved, r->status);
    if (code == MI_OK) {
        code = mi_copy_text(mi_given(head, "title") ? mi_text(head, "title") : "", &e->title,
                            r->status);
    }
    mi_values_destroy(head);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *e->trains, &e->trains, r->status);
    }
    if (code != MI_OK) {
        return code;
    }
    e->train_count = 1;
    mi_train_config *t = &e->trains[0];
    code = mi_train_resolve(r, document, document, "", NAN, t);
    if (code == MI_OK && t->curve.class != NULL) {
        const char *label = e->title[0] != '\0' ? e->title : t->curve.class->name;
        code = mi_copy_text(label, &t->curve.label, r->status);
    }
    return code == MI_OK
               ? mi_resolve_add(r, t->curve.resolved, "title", cJSON_CreateString(e->title))
               : code;
}
