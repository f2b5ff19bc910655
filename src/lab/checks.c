/* The "checks" experiment: training runs beside their exact curves, from JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "training.h"

enum { MAX_RUNS = 32 };

#define RUN_KEYS                                                                                   \
    "method", "mask", "training", "evaluation", "probe", "estimator", "collapse", "maps"

/* Keys beside those of each table. */
static const char *const head_keys[] = {"experiment",  "effort", "published",
                                        "linear_mae",  "runs",   "ratio",
                                        "probe_curve", RUN_KEYS, NULL};
static const char *const own_keys[] = {"experiment", "title",       "question", "seed", "runs",
                                       "ratio",      "probe_curve", RUN_KEYS,   NULL};
static const char *const entry_keys[] = {"model", "ratio", "seed", RUN_KEYS, NULL};
static const char *const curve_keys[] = {"model", "seed", RUN_KEYS, NULL};

static mi_code resolve_head(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_values *head = NULL;
    cJSON *bound = NULL;
    mi_code code = mi_bind(&r->binding, document, "", mi_experiment_parameters, head_keys, &head,
                           &bound, r->status);
    cJSON_Delete(bound);
    if (code == MI_OK) {
        e->seed = mi_given(head, "seed") ? (uint64_t)mi_integer(head, "seed") : 1;
        code = mi_copy_text(mi_given(head, "title") ? mi_text(head, "title") : "", &e->title,
                            r->status);
    }
    mi_values_destroy(head);
    if (code == MI_OK) {
        const cJSON *effort = mi_lab_item(document, "effort");
        bool usable = cJSON_IsNumber(effort) && effort->valuedouble > 0;
        r->binding.effort *= usable ? effort->valuedouble : 1;
        e->effort = r->binding.effort;
        code = mi_bind(&r->binding, document, "", mi_checks_parameters, own_keys, &e->settings,
                       &e->resolved, r->status);
    }
    return code == MI_OK ? mi_resolve_files(r, e->settings) : code;
}

bool mi_resolve_is_object(mi_resolver *r, const cJSON *item, const char *path)
{
    char shown[64];
    if (!cJSON_IsObject(item)) {
        mi_faults_add(r->faults, path, "%s; must be an object",
                      mi_document_show(item, shown, sizeof shown));
    }
    return cJSON_IsObject(item);
}

mi_code mi_train_resolve_entry(mi_resolver *r, const cJSON *entry, const cJSON *document,
                               size_t index, const char *const *keys, mi_train_config *configs)
{
    mi_train_config *t = &configs[index];
    char path[MI_PATH_SIZE];
    mi_values *values = NULL;
    cJSON *bound = NULL;
    t->listed = true;
    mi_path_index(path, "runs", index);
    if (!mi_resolve_is_object(r, entry, path)) {
        return MI_OK;
    }
    mi_code code = mi_bind(&r->binding, entry, path, mi_train_entry_parameters, keys, &values,
                           &bound, r->status);
    cJSON_Delete(bound);
    if (code == MI_OK && mi_given(values, "label")) {
        code = mi_copy_text(mi_text(values, "label"), &t->curve.label, r->status);
    }
    if (code == MI_OK && mi_given(values, "group")) {
        code = mi_copy_text(mi_text(values, "group"), &t->opt_group, r->status);
    }
    mi_values_destroy(values);
    for (size_t i = 0; code == MI_OK && t->curve.label != NULL && i < index; i++) {
        const char *other = configs[i].curve.label;
        if (other != NULL && strcmp(other, t->curve.label) == 0) {
            mi_faults_add(r->faults, path, "label \"%s\" is taken by runs[%zu]", other, i);
        }
    }
    return code == MI_OK ? mi_train_resolve(r, entry, document, path, NAN, t) : code;
}

static mi_code resolve_probe_run(mi_resolver *r, const cJSON *curve, const cJSON *document,
                                 const char *label, double ratio, mi_train_config *t)
{
    char text[MI_PATH_SIZE];
    snprintf(text, sizeof text, "%.200s, ratio %g", label, ratio);
    t->listed = true;
    mi_code code = mi_copy_text(text, &t->curve.label, r->status);
    return code == MI_OK ? mi_train_resolve(r, curve, document, "probe_curve", ratio, t) : code;
}

/* The runs of the probe curve; the faults of one are those of all. */
static mi_code resolve_probe_runs(mi_resolver *r, const cJSON *curve, const cJSON *document,
                                  const mi_values *values, mi_experiment *e)
{
    const mi_matrix *ratios = &mi_values_find(values, "ratios")->matrix;
    const char *label = mi_text(values, "label");
    size_t first = e->train_count, before = r->faults->count;
    mi_code code = mi_resize(first + ratios->columns, sizeof *e->trains, &e->trains, r->status);
    if (code != MI_OK) {
        return code;
    }
    memset(e->trains + first, 0, ratios->columns * sizeof *e->trains);
    e->train_count += ratios->columns;
    e->probe_count = ratios->columns;
    for (size_t i = 0; code == MI_OK && i < ratios->columns && r->faults->count == before; i++) {
        mi_train_config *t = &e->trains[first + i];
        code = resolve_probe_run(r, curve, document, label, ratios->values[i], t);
    }
    if (code == MI_OK && r->faults->count == before && e->trains[first].opt_probe == NULL) {
        mi_faults_add(r->faults, "probe_curve.probe", "missing; must say what is probed");
    }
    return code;
}

static mi_code resolve_probe_curve(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    const cJSON *curve = mi_lab_item(document, "probe_curve");
    mi_values *values = NULL;
    cJSON *bound = NULL;
    if (curve == NULL || cJSON_IsNull(curve) || !mi_resolve_is_object(r, curve, "probe_curve")) {
        return MI_OK;
    }
    size_t before = r->faults->count;
    mi_code code = mi_bind(&r->binding, curve, "probe_curve", mi_probe_curve_parameters, curve_keys,
                           &values, &bound, r->status);
    if (code == MI_OK && r->faults->count == before) {
        code = resolve_probe_runs(r, curve, document, values, e);
    }
    mi_values_destroy(values);
    if (code != MI_OK) {
        cJSON_Delete(bound);
        return code;
    }
    return mi_resolve_add(r, e->resolved, "probe_curve", bound);
}

mi_code mi_checks_resolve(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    const cJSON *runs = mi_lab_item(document, "runs"), *entry = NULL;
    size_t count = cJSON_IsArray(runs) ? (size_t)cJSON_GetArraySize(runs) : 0, i = 0;
    mi_code code = resolve_head(r, document, e);
    if (code != MI_OK) {
        return code;
    }
    if (count == 0 || count > MAX_RUNS) {
        mi_faults_add(r->faults, "runs", "must be an array of 1 to %d runs", MAX_RUNS);
        return MI_OK;
    }
    code = mi_allocate(count, sizeof *e->trains, &e->trains, r->status);
    e->train_count = code == MI_OK ? count : 0;
    cJSON_ArrayForEach(entry, runs)
    {
        code = code == MI_OK
                   ? mi_train_resolve_entry(r, entry, document, i++, entry_keys, e->trains)
                   : code;
    }
    return code == MI_OK ? resolve_probe_curve(r, document, e) : code;
}
