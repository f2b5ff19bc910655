/* Running an experiment: one curve, or the curves of a comparison one after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "center.h"
#include "maskinfo/memory.h"
#include "maskinfo/result.h"
#include "sweep.h"
#include "training.h"

static void announce(const mi_run *run, const char *heading)
{
    if (run->opt_progress != NULL && heading != NULL) {
        run->opt_progress(run->opt_progress_context, heading, 0, 0);
    }
}

static void put_names(mi_writer *w, cJSON *object, const char *name, const mi_value *value)
{
    cJSON *names = value->given ? cJSON_CreateStringArray((const char *const *)value->paths,
                                                          (int)value->path_count)
                                : cJSON_CreateNull();
    mi_add_item(w, object, name, names);
}

static const char *optional_text(const mi_values *values, const char *name)
{
    return mi_given(values, name) ? mi_text(values, name) : NULL;
}

/* How the figures show a curve. */
static void put_style(mi_writer *w, cJSON *curve, const mi_curve_config *c)
{
    int dimensions = cJSON_GetObjectItemCaseSensitive(curve, "dimensions")->valueint;
    const char *group = optional_text(c->entry, "group");
    mi_add_text(w, curve, "group", group != NULL ? group : dimensions == 1 ? "text" : "image");
    put_names(w, curve, "figures", mi_values_find(c->entry, "figures"));
    mi_add_text(w, curve, "color", optional_text(c->entry, "color"));
    mi_add_item(w, curve, "dash",
                mi_given(c->entry, "dash")
                    ? cJSON_CreateNumber((double)mi_integer(c->entry, "dash"))
                    : cJSON_CreateNull());
    mi_add_text(w, curve, "source", optional_text(c->entry, "source"));
    mi_add_text(w, curve, "reference", optional_text(c->entry, "reference"));
    mi_add_bool(w, curve, "weighed", mi_is(c->entry, "verdict", "yes"));
}

/* Put the label of the curve in front of a failure's message. */
static mi_code name_curve(const mi_curve_config *c, mi_code code, mi_status *status)
{
    char message[sizeof status->message];
    snprintf(message, sizeof message, "%s", status->message);
    return mi_fail(status, code, "\"%.80s\": %.500s", c->label, message);
}

static mi_code compare_curve(const mi_experiment *e, size_t index, const mi_run_options *options,
                             mi_faults *faults, cJSON **ret_curve, mi_status *status)
{
    const mi_curve_config *c = &e->curves[index];
    mi_run run = options->run;
    run.seed = c->seed;
    announce(&run, c->label);
    cJSON *curve = options->resume && options->opt_directory != NULL
                       ? mi_partial_load(options->opt_directory, index, c)
                       : NULL;
    mi_code code = MI_OK;
    if (curve == NULL) {
        code = mi_curve_compute(c, &run, faults, &curve, status);
        if (code == MI_OK && options->opt_directory != NULL) {
            code = mi_partial_save(options->opt_directory, index, c, curve, status);
        }
    }
    if (code != MI_OK) {
        cJSON_Delete(curve);
        return name_curve(c, code, status);
    }
    *ret_curve = curve;
    return MI_OK;
}

/* The configuration of a comparison: settings, and each curve's resolved one with its style. It is
 * itself an experiment file; effort is 1 in it, because the sizes are scaled already. */
static void put_config(mi_writer *w, cJSON *result, const mi_experiment *e, const cJSON *curves)
{
    cJSON *config = cJSON_CreateObject(), *entries = cJSON_CreateArray();
    size_t i = 0;
    mi_add_text(w, config, "experiment", "compare");
    mi_add_text(w, config, "title", e->title);
    mi_add_number(w, config, "effort", 1);
    mi_add_item(w, config, "published",
                cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(e->resolved, "published"), 1));
    mi_add_item(w, config, "overlay_on",
                cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(e->resolved, "overlay_on"), 1));
    mi_add_item(w, config, "strategies_on",
                cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(e->resolved, "strategies_on"), 1));
    for (const cJSON *curve = curves->child; curve != NULL; curve = curve->next, i++) {
        static const char *const style[] = {"label", "group",  "figures",  "color",
                                            "dash",  "source", "reference"};
        cJSON *entry = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(curve, "config"), 1);
        cJSON_DeleteItemFromObjectCaseSensitive(entry, "experiment");
        for (size_t s = 0; s < sizeof style / sizeof *style; s++) {
            mi_add_item(w, entry, style[s],
                        cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(curve, style[s]), 1));
        }
        mi_add_text(w, entry, "verdict", mi_text(e->curves[i].entry, "verdict"));
        if (entry == NULL || !cJSON_AddItemToArray(entries, entry)) {
            cJSON_Delete(entry);
            w->failed = true;
        }
    }
    mi_add_item(w, config, "curves", entries);
    mi_add_item(w, result, "config", config);
}

static double total_seconds(const cJSON *curves)
{
    double total = 0;
    for (const cJSON *curve = curves->child; curve != NULL; curve = curve->next) {
        const cJSON *timing = cJSON_GetObjectItemCaseSensitive(curve, "timing");
        total += cJSON_GetObjectItemCaseSensitive(timing, "seconds")->valuedouble;
    }
    return total;
}

static mi_code compare_json(const mi_experiment *e, mi_faults *faults, cJSON *curves,
                            cJSON **ret_result, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject(), *timing = cJSON_CreateObject();
    size_t i = 0;
    for (cJSON *curve = curves->child; curve != NULL; curve = curve->next, i++) {
        put_style(&w, curve, &e->curves[i]);
    }
    mi_add_text(&w, result, "maskinfo", MI_VERSION);
    mi_add_text(&w, result, "experiment", "compare");
    mi_add_text(&w, result, "title", e->title);
    mi_add_number(&w, result, "effort", e->effort);
    put_config(&w, result, e, curves);
    mi_add_text(&w, result, "units", "nats");
    mi_add_number(&w, timing, "seconds", total_seconds(curves));
    mi_add_item(&w, result, "curves", curves);
    mi_add_item(&w, result, "timing", timing);
    mi_code code = w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
    if (code == MI_OK) {
        code = mi_verdict_add(result, status);
    }
    if (code == MI_OK) {
        code = mi_overlays_add(e, faults, result, status);
    }
    if (code == MI_OK) {
        code = mi_sources_add(e, faults, result, status);
    }
    if (code != MI_OK) {
        cJSON_Delete(result);
        return code;
    }
    *ret_result = result;
    return MI_OK;
}

static mi_code run_compare(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                           cJSON **ret_result, mi_status *status)
{
    cJSON *curves = cJSON_CreateArray();
    mi_code code = curves == NULL ? mi_fail(status, MI_MEMORY, "out of memory") : MI_OK;
    for (size_t i = 0; code == MI_OK && i < e->count; i++) {
        cJSON *curve = NULL;
        code = compare_curve(e, i, options, faults, &curve, status);
        if (code == MI_OK && !cJSON_AddItemToArray(curves, curve)) {
            cJSON_Delete(curve);
            code = mi_fail(status, MI_MEMORY, "out of memory");
        }
    }
    if (code != MI_OK) {
        cJSON_Delete(curves);
        return code;
    }
    code = compare_json(e, faults, curves, ret_result, status);
    if (code == MI_OK && options->opt_directory != NULL) {
        mi_partial_remove(options->opt_directory, e->count);
    }
    return code;
}

static mi_code run_train(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                         cJSON **ret_result, mi_status *status)
{
    mi_train_place place = {
        .opt_directory = options->opt_directory, .resume = options->resume, .lasting = true};
    return mi_train_run(&e->trains[0], NULL, &place, &options->run, faults, ret_result, status);
}

static mi_code run_kind(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                        cJSON **ret_result, mi_status *status)
{
    mi_run run = options->run;
    switch (e->kind) {
    case MI_KIND_COMPARE:
        return run_compare(e, options, faults, ret_result, status);
    case MI_KIND_ESTIMATORS:
        run.seed = e->seed;
        return mi_estimators_run(e, &run, ret_result, status);
    case MI_KIND_TRAIN:
        return run_train(e, options, faults, ret_result, status);
    case MI_KIND_CHECKS:
        return mi_checks_run(e, options, faults, ret_result, status);
    case MI_KIND_CENTER:
        run.seed = e->seed;
        return mi_center_run(e, &run, faults, ret_result, status);
    case MI_KIND_METHODS:
        return mi_methods_run(e, options, faults, ret_result, status);
    case MI_KIND_SWEEP:
        return mi_sweep_run(e, options, faults, ret_result, status);
    case MI_KIND_CURVE:
        break;
    }
    run.seed = e->curves[0].seed;
    return mi_curve_compute(&e->curves[0], &run, faults, ret_result, status);
}

mi_code mi_experiment_run(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                          cJSON **ret_result, mi_status *status)
{
    cJSON *result = NULL;
    mi_code code = run_kind(e, options, faults, &result, status);
    if (code == MI_OK) {
        code = mi_question_put(e, result, status);
    }
    if (code != MI_OK) {
        cJSON_Delete(result);
        return code;
    }
    *ret_result = result;
    return MI_OK;
}
