/* The "center" experiment: from its settings to its result. */
#include "center.h"

mi_code mi_center_check(const mi_experiment *e, mi_faults *faults, mi_status *status)
{
    cJSON *scratch = cJSON_CreateObject();
    mi_code code = scratch == NULL ? mi_fail(status, MI_MEMORY, "out of memory")
                                   : mi_center_add_published(e, faults, scratch, status);
    cJSON_Delete(scratch);
    return code;
}

/* Itself an experiment file; effort is 1 in it, because the sizes are scaled already. */
static void put_head(mi_writer *w, cJSON *result, const mi_experiment *e)
{
    cJSON *config = cJSON_CreateObject();
    mi_add_text(w, result, "maskinfo", MI_VERSION);
    mi_add_text(w, result, "experiment", "center");
    mi_add_text(w, result, "title", e->title);
    mi_add_number(w, result, "effort", e->effort);
    mi_add_text(w, config, "experiment", "center");
    for (const cJSON *item = e->resolved->child; item != NULL; item = item->next) {
        mi_add_item(w, config, item->string, cJSON_Duplicate(item, 1));
    }
    cJSON_DeleteItemFromObjectCaseSensitive(config, "effort");
    mi_add_number(w, config, "effort", 1);
    mi_add_item(w, result, "config", config);
    mi_add_text(w, result, "units", "nats");
}

typedef mi_code (*part_function)(const mi_values *values, const mi_run *run, cJSON *result,
                                 mi_status *status);

static const struct part {
    const char *name;
    part_function add;
} parts[] = {{"equilibrium", mi_center_add_streams},
             {"stability", mi_center_add_stability},
             {"loop", mi_center_add_loop}};

static mi_code add_part(const struct part *part, const mi_experiment *e, const mi_run *run,
                        cJSON *result, mi_status *status)
{
    mi_writer w = {.failed = false};
    const mi_value *value = mi_values_find(e->settings, part->name);
    if (value->given) {
        return part->add(value->group, run, result, status);
    }
    mi_add_null(&w, result, part->name, "the experiment does not ask for it");
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : MI_OK;
}

mi_code mi_center_run(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                      cJSON **ret_result, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject(), *timing = cJSON_CreateObject();
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    put_head(&w, result, e);
    mi_code code = mi_center_add_published(e, faults, result, status);
    for (size_t i = 0; code == MI_OK && i < sizeof parts / sizeof *parts; i++) {
        code = add_part(&parts[i], e, run, result, status);
    }
    mi_add_number(&w, timing, "seconds", mi_lab_seconds_since(&start));
    mi_add_item(&w, result, "timing", timing);
    if (code == MI_OK && w.failed) {
        code = mi_fail(status, MI_MEMORY, "out of memory for the result");
    }
    if (code != MI_OK) {
        cJSON_Delete(result);
        return code;
    }
    *ret_result = result;
    return MI_OK;
}
