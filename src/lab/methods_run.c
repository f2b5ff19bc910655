/* The "methods" experiment: its runs one after the other, and its result. */
#include <stdlib.h>

#include "training.h"

/* Itself an experiment file; effort is 1 in it, because the sizes are scaled already. */
static void put_config(mi_writer *w, cJSON *result, const mi_experiment *e, const cJSON *runs)
{
    cJSON *config = cJSON_CreateObject(), *entries = cJSON_CreateArray();
    const mi_matrix *seeds = &mi_values_find(e->settings, "seeds")->matrix;
    size_t count = e->train_count / seeds->columns, i = 0;
    const cJSON *run = NULL;
    mi_add_text(w, config, "experiment", "methods");
    mi_add_text(w, config, "title", e->title);
    mi_add_text(w, config, "view", mi_text(e->settings, "view"));
    mi_add_numbers(w, config, "seeds", seeds->values, seeds->columns);
    mi_add_number(w, config, "effort", 1);
    cJSON_ArrayForEach(run, runs)
    {
        if (i++ < count) {
            cJSON *entry = mi_train_list_entry(w, run);
            cJSON_DeleteItemFromObjectCaseSensitive(entry, "seed");
            mi_append_item(w, entries, entry);
        }
    }
    mi_add_item(w, config, "runs", entries);
    mi_add_item(w, result, "config", config);
}

/* Takes the runs over. */
static mi_code methods_json(const mi_experiment *e, cJSON *runs, cJSON **ret_result,
                            mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject(), *timing = cJSON_CreateObject();
    mi_add_text(&w, result, "maskinfo", MI_VERSION);
    mi_add_text(&w, result, "experiment", "methods");
    mi_add_text(&w, result, "title", e->title);
    mi_add_number(&w, result, "effort", e->effort);
    put_config(&w, result, e, runs);
    mi_add_text(&w, result, "units", "nats");
    mi_add_text(&w, result, "view", mi_text(e->settings, "view"));
    mi_add_number(&w, timing, "seconds", mi_train_list_seconds(runs));
    mi_add_item(&w, result, "runs", runs);
    mi_code code = w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result")
                            : mi_methods_put_table(e, result, status);
    mi_add_item(&w, result, "timing", timing);
    code = code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : code;
    if (code != MI_OK) {
        cJSON_Delete(result);
        return code;
    }
    *ret_result = result;
    return MI_OK;
}

static mi_code all_runs(mi_train_list *list, cJSON *runs)
{
    mi_code code = runs == NULL ? mi_fail(list->status, MI_MEMORY, "out of memory") : MI_OK;
    for (size_t i = 0; code == MI_OK && i < list->e->train_count; i++) {
        cJSON *run = NULL;
        mi_writer w = {.failed = false};
        code = mi_train_list_run(list, i, &run);
        if (code != MI_OK) {
            break;
        }
        mi_add_number(&w, run, "seed", (double)list->e->trains[i].curve.seed);
        if (w.failed || !cJSON_AddItemToArray(runs, run)) {
            cJSON_Delete(run);
            code = mi_fail(list->status, MI_MEMORY, "out of memory");
        }
    }
    mi_train_list_close(list);
    return code;
}

mi_code mi_methods_run(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                       cJSON **ret_result, mi_status *status)
{
    mi_train_list list = {
        .e = e, .options = options, .faults = faults, .status = status, .lends = true};
    cJSON *runs = cJSON_CreateArray();
    mi_code code = all_runs(&list, runs);
    if (code == MI_OK) {
        code = methods_json(e, runs, ret_result, status);
    } else {
        cJSON_Delete(runs);
    }
    if (code == MI_OK && options->opt_directory != NULL) {
        mi_partial_remove_runs(options->opt_directory, e->train_count);
    }
    return code;
}
