/* The columns and figures of a sweep. */
#include <stdlib.h>
#include <string.h>

#include "sweep.h"

enum { MOST_COLUMNS = 256, MOST_FIGURES = 64 };

/* What is of interest in the results of a kind, where the file does not say. */
static const struct usual {
    mi_experiment_kind kind;
    const char *name, *path, *label, *unit;
} usual[] = {
    {MI_KIND_CURVE, "optimum", "optimum.ratio", "optimal ratio r*", ""},
    {MI_KIND_CURVE, "optimum_low", "optimum.low", "optimal ratio, lower bound", ""},
    {MI_KIND_CURVE, "optimum_high", "optimum.high", "optimal ratio, upper bound", ""},
    {MI_KIND_CURVE, "rate", "fits.exponential.rate", "rate λ", ""},
    {MI_KIND_CURVE, "exponent", "fits.power.exponent", "exponent κ", ""},
    {MI_KIND_CURVE, "verdict", "regime.verdict", "regime", ""},
    {MI_KIND_TRAIN, "loss", "evaluation.loss", "loss on held-out examples", ""},
    {MI_KIND_TRAIN, "floor", "evaluation.floor", "exact floor of the loss", ""},
    {MI_KIND_TRAIN, "gap", "evaluation.gap", "loss above the floor", ""},
    {MI_KIND_TRAIN, "final_loss", "final_loss", "loss of the last steps", ""},
    {MI_KIND_CENTER, "law", "stability.law_discrete", "critical centre momentum", ""},
    {MI_KIND_CENTER, "agreement", "stability.agreement", "prediction and simulation agree", ""},
};

static mi_code put_column(mi_resolver *r, mi_sweep *s, const char *name, const char *path,
                          const char *label, const char *unit)
{
    mi_writer w = {.failed = false};
    cJSON *column = cJSON_CreateObject();
    mi_add_text(&w, column, "name", name);
    mi_add_text(&w, column, "path", path);
    mi_add_text(&w, column, "label", label);
    mi_add_text(&w, column, "unit", unit);
    mi_append_item(&w, s->columns, column);
    return w.failed ? mi_resolve_no_memory(r) : MI_OK;
}

static bool is_axis(const mi_sweep *s, const char *name)
{
    for (size_t i = 0; i < s->axis_count; i++) {
        if (strcmp(s->axis[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Headings of one table must differ: that of cells has such ones for each column. */
static void check_against_axes(mi_resolver *r, const mi_sweep *s, const char *name,
                               const char *path)
{
    static const char *const endings[] = {"_mean", "_deviation", "_low",
                                          "_high", "_count",     "_texts"};
    size_t length = strlen(name);
    if (is_axis(s, name)) {
        mi_faults_add(r->faults, path, "\"%s\" is the name of an axis", name);
    }
    for (size_t a = 0; a < s->axis_count; a++) {
        const char *axis = s->axis[a].name;
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
            if (strncmp(axis, name, length) == 0 && strcmp(axis + length, endings[i]) == 0) {
                mi_faults_add(r->faults, path,
                              "\"%s\"; the heading \"%s\" that it has in cells.csv is an axis",
                              name, axis);
            }
        }
    }
}

static mi_code usual_columns(mi_resolver *r, mi_sweep *s)
{
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < sizeof usual / sizeof *usual; i++) {
        const struct usual *u = &usual[i];
        if (u->kind == s->kind) {
            check_against_axes(r, s, u->name, "columns");
            code = put_column(r, s, u->name, u->path, u->label, u->unit);
        }
    }
    if (code == MI_OK && s->columns->child == NULL) {
        mi_faults_add(r->faults, "columns",
                      "missing; must say what is taken from each \"%s\" result",
                      mi_experiment_kind_name(s->kind));
    }
    return code;
}

static mi_code resolve_column(mi_resolver *r, const cJSON *entry, size_t index, mi_sweep *s)
{
    char path[MI_PATH_SIZE], at[MI_PATH_SIZE];
    mi_values *v = NULL;
    cJSON *bound = NULL;
    size_t before = r->faults->count;
    mi_path_index(path, "columns", index);
    mi_code code =
        mi_bind(&r->binding, entry, path, mi_sweep_column_parameters, NULL, &v, &bound, r->status);
    cJSON_Delete(bound);
    if (code == MI_OK && r->faults->count == before) {
        const char *name = mi_text(v, "name");
        mi_path_key(at, path, "name");
        mi_sweep_name_good(r, name, at, s->columns);
        check_against_axes(r, s, name, at);
        mi_path_key(at, path, "path");
        if (!mi_sweep_path_good(mi_text(v, "path"))) {
            mi_faults_add(r->faults, at,
                          "\"%.80s\"; must be a JSON path, for example "
                          "points[0].information",
                          mi_text(v, "path"));
        }
        code = put_column(r, s, name, mi_text(v, "path"),
                          mi_given(v, "label") ? mi_text(v, "label") : name, mi_text(v, "unit"));
    }
    mi_values_destroy(v);
    return code;
}

mi_code mi_sweep_resolve_columns(mi_resolver *r, const cJSON *document, mi_sweep *s)
{
    const cJSON *list = mi_lab_item(document, "columns"), *entry = NULL;
    size_t i = 0;
    s->columns = cJSON_CreateArray();
    if (s->columns == NULL) {
        return mi_resolve_no_memory(r);
    }
    if (list == NULL || cJSON_IsNull(list)) {
        return usual_columns(r, s);
    }
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (count < 1 || count > MOST_COLUMNS) {
        mi_faults_add(r->faults, "columns", "must be an array of 1 to %d columns", MOST_COLUMNS);
        return MI_OK;
    }
    mi_code code = MI_OK;
    cJSON_ArrayForEach(entry, list)
    {
        code = code == MI_OK ? resolve_column(r, entry, i++, s) : code;
    }
    return code;
}

static bool has_name(const cJSON *objects, const char *name)
{
    const cJSON *object = NULL;
    cJSON_ArrayForEach(object, objects)
    {
        if (strcmp(mi_lab_item(object, "name")->valuestring, name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_axis(mi_resolver *r, const mi_sweep *s, const mi_values *v, const char *path,
                       const char *key)
{
    char at[MI_PATH_SIZE];
    if (mi_given(v, key) && !is_axis(s, mi_text(v, key))) {
        mi_path_key(at, path, key);
        mi_faults_add(r->faults, at, "\"%.80s\"; must be the name of an axis", mi_text(v, key));
    }
}

static void check_figure(mi_resolver *r, const mi_sweep *s, const mi_values *v, const char *path)
{
    const mi_value *columns = mi_values_find(v, "columns");
    char at[MI_PATH_SIZE];
    mi_path_key(at, path, "name");
    mi_sweep_name_good(r, mi_text(v, "name"), at, s->opt_figures);
    mi_path_key(at, path, "columns");
    for (size_t i = 0; i < columns->path_count; i++) {
        if (!has_name(s->columns, columns->paths[i])) {
            mi_faults_add(r->faults, at, "\"%.80s\"; must be names of columns", columns->paths[i]);
        }
    }
    check_axis(r, s, v, path, "x");
    check_axis(r, s, v, path, "y");
    bool heat = mi_is(v, "kind", "heat");
    if (heat && (!mi_given(v, "y") || strcmp(mi_text(v, "x"), mi_text(v, "y")) == 0)) {
        mi_path_key(at, path, "y");
        mi_faults_add(r->faults, at, "must be the name of another axis than \"x\"");
    }
}

static mi_code resolve_figure(mi_resolver *r, const cJSON *entry, size_t index, mi_sweep *s)
{
    char path[MI_PATH_SIZE];
    mi_values *v = NULL;
    cJSON *bound = NULL;
    size_t before = r->faults->count;
    mi_path_index(path, "figures", index);
    mi_code code =
        mi_bind(&r->binding, entry, path, mi_sweep_figure_parameters, NULL, &v, &bound, r->status);
    if (code == MI_OK && r->faults->count == before) {
        const mi_value *columns = mi_values_find(v, "columns");
        mi_writer w = {.failed = false};
        check_figure(r, s, v, path);
        cJSON_DeleteItemFromObjectCaseSensitive(bound, "columns");
        mi_add_item(
            &w, bound, "columns",
            cJSON_CreateStringArray((const char *const *)columns->paths, (int)columns->path_count));
        mi_append_item(&w, s->opt_figures, bound);
        code = w.failed ? mi_resolve_no_memory(r) : MI_OK;
    } else {
        cJSON_Delete(bound);
    }
    mi_values_destroy(v);
    return code;
}

mi_code mi_sweep_resolve_figures(mi_resolver *r, const cJSON *document, mi_sweep *s)
{
    const cJSON *list = mi_lab_item(document, "figures"), *entry = NULL;
    size_t i = 0;
    if (list == NULL || cJSON_IsNull(list)) {
        return MI_OK;
    }
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > MOST_FIGURES) {
        mi_faults_add(r->faults, "figures", "must be an array of at most %d figures", MOST_FIGURES);
        return MI_OK;
    }
    s->opt_figures = cJSON_CreateArray();
    mi_code code = s->opt_figures == NULL ? mi_resolve_no_memory(r) : MI_OK;
    cJSON_ArrayForEach(entry, list)
    {
        code = code == MI_OK ? resolve_figure(r, entry, i++, s) : code;
    }
    return code;
}
