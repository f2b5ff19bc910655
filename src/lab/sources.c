/* What the curves of a comparison say of each other: a shared source, a reference. */
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "maskinfo/result.h"
#include "maskinfo/strategies.h"

enum { NAMES_SIZE = 320 };

/* The names at `key` of the entries ("label": their labels), each once, cut to fit. */
static void list_names(const mi_experiment *e, const char *key, char names[NAMES_SIZE])
{
    size_t used = 0;
    names[0] = '\0';
    for (size_t i = 0; i < e->count && used < NAMES_SIZE; i++) {
        const mi_values *entry = e->curves[i].entry;
        const char *name = mi_given(entry, key) ? mi_text(entry, key) : NULL;
        bool seen = name == NULL;
        for (size_t k = 0; k < i && !seen; k++) {
            seen = mi_given(e->curves[k].entry, key) &&
                   strcmp(mi_text(e->curves[k].entry, key), name) == 0;
        }
        if (!seen) {
            used += (size_t)snprintf(names + used, NAMES_SIZE - used, "%s\"%.60s\"",
                                     used > 0 ? ", " : "", name);
        }
    }
    if (used >= NAMES_SIZE) {
        snprintf(names + NAMES_SIZE - 5, 5, " ...");
    }
}

static bool is_named(const mi_experiment *e, const char *key, const char *name)
{
    for (size_t i = 0; i < e->count; i++) {
        const mi_values *entry = e->curves[i].entry;
        if (mi_given(entry, key) && strcmp(mi_text(entry, key), name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_reference(const mi_experiment *e, const mi_curve_config *c, mi_faults *faults)
{
    if (!mi_given(c->entry, "reference")) {
        return;
    }
    char at[MI_PATH_SIZE], names[NAMES_SIZE];
    const char *reference = mi_text(c->entry, "reference");
    mi_path_key(at, c->path, "reference");
    if (strcmp(reference, c->label) == 0) {
        mi_faults_add(faults, at, "\"%.100s\" is the curve itself; must be the label of another",
                      reference);
    } else if (!is_named(e, "label", reference)) {
        list_names(e, "label", names);
        mi_faults_add(faults, at, "\"%.100s\"; must be the label of another curve: %s", reference,
                      names);
    }
}

/* Compare with no curve at all: what is wrong with the published rows shows. */
static void check_rows(const mi_experiment *e, const char *source, mi_faults *faults)
{
    cJSON *published = mi_published_read(e, faults), *object = NULL;
    if (published != NULL) {
        mi_strategies_compare(NULL, mi_lab_item(published, "mae_table1f"), source, faults, &object,
                              NULL);
    }
    cJSON_Delete(object);
    cJSON_Delete(published);
}

void mi_sources_check(const mi_experiment *e, mi_faults *faults)
{
    for (size_t i = 0; i < e->count; i++) {
        check_reference(e, &e->curves[i], faults);
    }
    if (!mi_given(e->settings, "strategies_on")) {
        return;
    }
    const char *source = mi_text(e->settings, "strategies_on");
    if (!is_named(e, "source", source)) {
        char names[NAMES_SIZE];
        list_names(e, "source", names);
        mi_faults_add(faults, "strategies_on", "\"%.100s\"; must be the \"source\" of curves: %s",
                      source, names[0] != '\0' ? names : "none has one");
    } else if (!mi_given(e->settings, "published")) {
        mi_faults_add(faults, "strategies_on",
                      "\"%.100s\" needs the file of published accuracies in \"published\"", source);
    } else {
        check_rows(e, source, faults);
    }
}

mi_code mi_sources_add(const mi_experiment *e, mi_faults *faults, cJSON *result, mi_status *status)
{
    if (!mi_given(e->settings, "strategies_on") || !mi_given(e->settings, "published")) {
        return MI_OK;
    }
    mi_writer w = {.failed = false};
    cJSON *published = mi_published_read(e, faults), *object = NULL;
    if (published == NULL) {
        return mi_fail(status, MI_INPUT, "bad published file");
    }
    mi_code code =
        mi_strategies_compare(mi_lab_item(result, "curves"), mi_lab_item(published, "mae_table1f"),
                              mi_text(e->settings, "strategies_on"), faults, &object, status);
    cJSON_Delete(published);
    if (code == MI_OK) {
        mi_add_item(&w, result, "strategy_comparison", object);
        code = w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the strategies") : MI_OK;
    }
    return code;
}
