/* From a document to a resolved experiment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "center.h"
#include "maskinfo/figures.h"
#include "maskinfo/memory.h"
#include "sweep.h"
#include "training.h"

enum { MAX_CURVES = 64 };

/* Keys that stand at the top beside those of mi_experiment_parameters. */
static const char *const curve_keys[] = {"experiment", "model",     "mask",
                                         "ratios",     "estimator", NULL};
static const char *const compare_keys[] = {"experiment",    "curves", "mask",      "ratios",
                                           "estimator",     "effort", "published", "overlay_on",
                                           "strategies_on", NULL};
/* The same beside those of mi_compare_parameters. */
static const char *const shared_keys[] = {"experiment", "curves",   "mask", "ratios", "estimator",
                                          "title",      "question", "seed", NULL};
static const char *const entry_keys[] = {"model", "mask", "ratios", "estimator", "seed", NULL};

static bool is_color(const char *text)
{
    return text[0] == '#' && strlen(text) == 7 && strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

static void check_style(mi_resolver *r, const mi_values *entry, const char *path)
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

static mi_code resolve_entry(mi_resolver *r, const cJSON *entry, const cJSON *document,
                             size_t index, mi_experiment *e)
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
    c->style = bound;
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
    return code == MI_OK ? mi_resolve_curve(r, entry, document, path, c) : code;
}

static mi_code resolve_compare(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    const cJSON *curves = cJSON_GetObjectItemCaseSensitive(document, "curves");
    size_t count = cJSON_IsArray(curves) ? (size_t)cJSON_GetArraySize(curves) : 0, i = 0;
    mi_code code = mi_bind(&r->binding, document, "", mi_compare_parameters, shared_keys,
                           &e->settings, &e->resolved, r->status);
    if (code == MI_OK) {
        code = mi_resolve_files(r, e->settings);
    }
    if (code != MI_OK) {
        return code;
    }
    if (count == 0 || count > MAX_CURVES) {
        mi_faults_add(r->faults, "curves", "must be an array of 1 to %d curves", MAX_CURVES);
        return MI_OK;
    }
    r->binding.effort *= mi_given(e->settings, "effort") ? mi_real(e->settings, "effort") : 1;
    e->effort = r->binding.effort;
    code = mi_allocate(count, sizeof *e->curves, &e->curves, r->status);
    e->count = code == MI_OK ? count : 0;
    for (const cJSON *entry = cJSON_IsArray(curves) ? curves->child : NULL;
         code == MI_OK && entry != NULL; entry = entry->next, i++) {
        code = resolve_entry(r, entry, document, i, e);
    }
    return code;
}

static mi_code resolve_single(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_code code = mi_allocate(1, sizeof *e->curves, &e->curves, r->status);
    e->count = code == MI_OK ? 1 : 0;
    if (code == MI_OK) {
        code = mi_resolve_curve(r, document, document, "", &e->curves[0]);
    }
    if (code == MI_OK && e->curves[0].class != NULL) {
        const char *label = e->title[0] != '\0' ? e->title : e->curves[0].class->name;
        code = mi_copy_text(label, &e->curves[0].label, r->status);
    }
    if (code == MI_OK) {
        code = mi_resolve_add(r, e->curves[0].resolved, "title", cJSON_CreateString(e->title));
    }
    return code;
}

/* Title and seed; the seed itself is taken up curve by curve. */
static mi_code resolve_common(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_values *values = NULL;
    cJSON *bound = NULL;
    mi_code code =
        mi_bind(&r->binding, document, "", mi_experiment_parameters,
                e->kind == MI_KIND_COMPARE ? compare_keys : curve_keys, &values, &bound, r->status);
    cJSON_Delete(bound);
    if (code == MI_OK) {
        const char *title = mi_given(values, "title") ? mi_text(values, "title") : "";
        code = mi_copy_text(title, &e->title, r->status);
    }
    mi_values_destroy(values);
    return code;
}

static mi_code resolve_curves(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_code code = resolve_common(r, document, e);
    if (code != MI_OK) {
        return code;
    }
    return e->kind == MI_KIND_COMPARE ? resolve_compare(r, document, e)
                                      : resolve_single(r, document, e);
}

static mi_code resolve_estimators(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    return mi_estimators_resolve(&r->binding, document, e, r->status);
}

static const struct {
    const char *name;
    mi_experiment_kind kind;
    mi_code (*resolve)(mi_resolver *r, const cJSON *document, mi_experiment *e);
} kinds[] = {
    {"curve", MI_KIND_CURVE, resolve_curves},
    {"compare", MI_KIND_COMPARE, resolve_curves},
    {"estimators", MI_KIND_ESTIMATORS, resolve_estimators},
    {"train", MI_KIND_TRAIN, mi_train_resolve_single},
    {"checks", MI_KIND_CHECKS, mi_checks_resolve},
    {"methods", MI_KIND_METHODS, mi_methods_resolve},
    {"center", MI_KIND_CENTER, mi_center_resolve},
    {"sweep", MI_KIND_SWEEP, mi_sweep_resolve},
};

static mi_code resolve(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    const char *name = mi_resolve_name(r, document, "", "experiment", NULL);
    mi_code code = mi_copy_text(r->faults->file, &e->file, r->status);
    if (code != MI_OK || name == NULL) {
        return code;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            e->kind = kinds[i].kind;
            return kinds[i].resolve(r, document, e);
        }
    }
    mi_resolve_unknown(
        r, "", "experiment", name,
        "\"curve\", \"compare\", \"estimators\", \"train\", \"checks\", \"methods\", \"center\", "
        "\"sweep\"");
    return MI_OK;
}

static mi_code create(const cJSON *document, double effort, const mi_run *opt_run,
                      mi_faults *faults, mi_experiment **ret_experiment, mi_status *status)
{
    mi_status local = {.code = MI_OK};
    mi_resolver r = {{faults, effort}, faults, status != NULL ? status : &local, opt_run};
    mi_experiment *e = NULL;
    size_t before = faults->count;
    mi_code code = mi_allocate(1, sizeof *e, &e, r.status);
    if (code != MI_OK) {
        return code;
    }
    e->effort = effort;
    code = resolve(&r, document, e);
    if (code == MI_OK && faults->count == before) {
        code = mi_question_keep(document, e, r.status);
    }
    if (code != MI_OK || faults->count > before) {
        mi_experiment_destroy(e);
        return code != MI_OK ? code : MI_INPUT;
    }
    *ret_experiment = e;
    return MI_OK;
}

mi_code mi_experiment_create(const cJSON *document, mi_faults *faults,
                             mi_experiment **ret_experiment, mi_status *status)
{
    return create(document, 1, NULL, faults, ret_experiment, status);
}

mi_code mi_experiment_create_for(const cJSON *document, const mi_run *run, mi_faults *faults,
                                 mi_experiment **ret_experiment, mi_status *status)
{
    return create(document, 1, run, faults, ret_experiment, status);
}

mi_code mi_experiment_scaled(const cJSON *document, double effort, mi_faults *faults,
                             mi_experiment **ret_experiment, mi_status *status)
{
    return create(document, effort, NULL, faults, ret_experiment, status);
}

bool mi_experiment_kind_find(const char *name, mi_experiment_kind *ret_kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *ret_kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

const char *mi_experiment_kind_name(mi_experiment_kind kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].kind == kind) {
            return kinds[i].name;
        }
    }
    return "";
}

void mi_experiment_destroy(mi_experiment *e)
{
    if (e == NULL) {
        return;
    }
    for (size_t i = 0; i < e->count; i++) {
        mi_curve_config_free(&e->curves[i]);
    }
    for (size_t i = 0; i < e->train_count; i++) {
        mi_train_config_free(&e->trains[i]);
    }
    mi_sweep_destroy(e->sweep);
    free(e->trains);
    free(e->curves);
    free(e->file);
    free(e->title);
    free(e->question);
    mi_values_destroy(e->settings);
    cJSON_Delete(e->resolved);
    free(e);
}
