/* The "checks" experiment: its runs one after the other, and its result. */
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "training.h"

/* The runs of the probe curve differ in their ratio alone. */
static void put_probe_config(mi_writer *w, cJSON *config, const mi_experiment *e,
                             const cJSON *probes)
{
    static const char *const own[] = {"experiment", "ratio"};
    const cJSON *bound = mi_lab_item(e->resolved, "probe_curve");
    if (e->probe_count == 0) {
        mi_add_item(w, config, "probe_curve", cJSON_CreateNull());
        return;
    }
    cJSON *curve = cJSON_Duplicate(mi_lab_item(probes->child, "config"), 1);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(curve, own[i]);
    }
    cJSON *evaluation = cJSON_GetObjectItemCaseSensitive(curve, "evaluation");
    cJSON_DeleteItemFromObjectCaseSensitive(evaluation, "ratios");
    mi_add_item(w, evaluation, "ratios", cJSON_CreateNull());
    mi_add_item(w, curve, "label", cJSON_Duplicate(mi_lab_item(bound, "label"), 1));
    mi_add_item(w, curve, "ratios", cJSON_Duplicate(mi_lab_item(bound, "ratios"), 1));
    mi_add_item(w, config, "probe_curve", curve);
}

/* Itself an experiment file; effort is 1 in it, because the sizes are scaled already. */
static void put_config(mi_writer *w, cJSON *result, const mi_experiment *e, const cJSON *runs,
                       const cJSON *probes)
{
    cJSON *config = cJSON_CreateObject(), *entries = cJSON_CreateArray();
    const cJSON *run = NULL;
    mi_add_text(w, config, "experiment", "checks");
    mi_add_text(w, config, "title", e->title);
    mi_add_number(w, config, "seed", (double)e->seed);
    mi_add_number(w, config, "effort", 1);
    mi_add_item(w, config, "published", cJSON_Duplicate(mi_lab_item(e->resolved, "published"), 1));
    mi_add_item(w, config, "linear_mae",
                cJSON_Duplicate(mi_lab_item(e->resolved, "linear_mae"), 1));
    cJSON_ArrayForEach(run, runs)
    {
        mi_append_item(w, entries, mi_train_list_entry(w, run));
    }
    mi_add_item(w, config, "runs", entries);
    put_probe_config(w, config, e, probes);
    mi_add_item(w, result, "config", config);
}

/* Takes the runs over; the probes stay the caller's. */
static mi_code checks_json(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                           cJSON *runs, const cJSON *probes, cJSON **ret_result, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject(), *timing = cJSON_CreateObject();
    mi_add_text(&w, result, "maskinfo", MI_VERSION);
    mi_add_text(&w, result, "experiment", "checks");
    mi_add_text(&w, result, "title", e->title);
    mi_add_number(&w, result, "effort", e->effort);
    put_config(&w, result, e, runs, probes);
    mi_add_text(&w, result, "units", "nats");
    mi_add_number(&w, timing, "seconds",
                  mi_train_list_seconds(runs) + mi_train_list_seconds(probes));
    mi_add_item(&w, result, "runs", runs);
    mi_code code = mi_checks_put_probe_curve(e, probes, faults, result, status);
    if (code == MI_OK) {
        code = mi_checks_put_linear(e, run, faults, result, status);
    }
    if (code == MI_OK) {
        code = mi_checks_put_table(result, status);
    }
    mi_add_item(&w, result, "timing", timing);
    code = code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : code;
    if (code != MI_OK) {
        cJSON_Delete(result);
        return code;
    }
    *ret_result = result;
    return MI_OK;
}

/* The runs of the probe curve share model and data. */
static mi_code all_runs(mi_train_list *list, cJSON *runs, cJSON *probes)
{
    size_t first_probe = list->e->train_count - list->e->probe_count;
    mi_code code =
        runs == NULL || probes == NULL ? mi_fail(list->status, MI_MEMORY, "out of memory") : MI_OK;
    for (size_t i = 0; code == MI_OK && i < list->e->train_count; i++) {
        cJSON *run = NULL;
        list->lends = i >= first_probe;
        code = mi_train_list_run(list, i, &run);
        if (code == MI_OK && !cJSON_AddItemToArray(i < first_probe ? runs : probes, run)) {
            cJSON_Delete(run);
            code = mi_fail(list->status, MI_MEMORY, "out of memory");
        }
    }
    mi_train_list_close(list);
    return code;
}

mi_code mi_checks_run(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                      cJSON **ret_result, mi_status *status)
{
    mi_train_list list = {.e = e, .options = options, .faults = faults, .status = status};
    cJSON *runs = cJSON_CreateArray(), *probes = cJSON_CreateArray();
    mi_code code = all_runs(&list, runs, probes);
    if (code == MI_OK) {
        code = checks_json(e, &options->run, faults, runs, probes, ret_result, status);
    } else {
        cJSON_Delete(runs);
    }
    cJSON_Delete(probes);
    if (code == MI_OK && options->opt_directory != NULL) {
        mi_partial_remove_runs(options->opt_directory, e->train_count);
    }
    return code;
}
