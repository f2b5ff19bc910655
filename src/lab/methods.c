/* The "methods" experiment: several pre-training methods on one source, each with several seeds,
 * from JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/figures.h"
#include "maskinfo/memory.h"
#include "training.h"

enum { MAX_RUNS = 32, MAX_ALL = MI_MOST_RUNS /* runs times seeds */ };

#define RUN_KEYS                                                                                   \
    "model", "method", "mask", "ratio", "training", "evaluation", "probe", "estimator",            \
        "collapse", "maps"

/* Keys beside those of each table. */
static const char *const head_keys[] = {"experiment", "view",   "seeds", "effort",
                                        "runs",       RUN_KEYS, NULL};
static const char *const own_keys[] = {"experiment", "title",  "question", "seed",
                                       "runs",       RUN_KEYS, NULL};
static const char *const entry_keys[] = {RUN_KEYS, NULL};

const mi_parameter mi_methods_parameters[] = {
    {.name = "view",
     .type = MI_CHOICE,
     .fallback = "\"methods\"",
     .choices = (const char *const[]){"methods", "collapse", NULL},
     .unit = "",
     .help = "which figure tells of the result: what the methods are good for, or which of the "
             "runs collapsed and when"},
    {.name = "seeds",
     .type = MI_LIST,
     .low = 0,
     .high = 9007199254740991,
     .flags = MI_WHOLE,
     .fallback = "[1]",
     .unit = "",
     .help = "each run is done with each of them"},
    {.name = "effort",
     .type = MI_REAL,
     .low = 0,
     .high = 100,
     .flags = MI_LOW_OPEN,
     .fallback = "1",
     .unit = "",
     .help = "factor on every size of computation (steps, examples): 0.1 for a quick look"},
    {.name = NULL},
};

static mi_code resolve_title(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_values *head = NULL;
    cJSON *bound = NULL;
    mi_code code = mi_bind(&r->binding, document, "", mi_experiment_parameters, head_keys, &head,
                           &bound, r->status);
    cJSON_Delete(bound);
    if (code == MI_OK) {
        code = mi_copy_text(mi_given(head, "title") ? mi_text(head, "title") : "", &e->title,
                            r->status);
    }
    mi_values_destroy(head);
    if (mi_lab_item(document, "seed") != NULL) {
        mi_faults_add(r->faults, "seed", "is of no use: \"seeds\" is the list of them");
    }
    return code;
}

static void check_seeds(mi_resolver *r, const mi_matrix *seeds)
{
    for (size_t i = 0; i < seeds->columns; i++) {
        for (size_t k = 0; k < i; k++) {
            if (seeds->values[i] == seeds->values[k]) {
                char at[MI_PATH_SIZE];
                mi_path_index(at, "seeds", i);
                mi_faults_add(r->faults, at, "%.0f is there twice", seeds->values[i]);
                return;
            }
        }
    }
}

static mi_code resolve_head(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_code code = resolve_title(r, document, e);
    if (code == MI_OK) {
        const cJSON *effort = mi_lab_item(document, "effort");
        bool usable = cJSON_IsNumber(effort) && effort->valuedouble > 0;
        r->binding.effort *= usable ? effort->valuedouble : 1;
        e->effort = r->binding.effort;
        code = mi_bind(&r->binding, document, "", mi_methods_parameters, own_keys, &e->settings,
                       &e->resolved, r->status);
    }
    if (code == MI_OK && mi_given(e->settings, "seeds")) {
        check_seeds(r, &mi_values_find(e->settings, "seeds")->matrix);
    }
    return code;
}

/* The runs with one seed. The faults of a run are the same with each, and are told once. */
static mi_code resolve_runs(mi_resolver *r, const cJSON *document, double seed,
                            mi_train_config *configs)
{
    const cJSON *entry = NULL;
    cJSON *shared = cJSON_CreateObject(), *item = NULL;
    mi_code code = shared == NULL ? mi_resolve_no_memory(r) : MI_OK;
    cJSON_ArrayForEach(item, document)
    {
        if (code == MI_OK && strcmp(item->string, "seed") != 0) {
            code = cJSON_AddItemReferenceToObject(shared, item->string, item)
                       ? MI_OK
                       : mi_resolve_no_memory(r);
        }
    }
    if (code == MI_OK) {
        code = mi_resolve_add(r, shared, "seed", cJSON_CreateNumber(seed));
    }
    size_t i = 0;
    cJSON_ArrayForEach(entry, mi_lab_item(document, "runs"))
    {
        code = code == MI_OK ? mi_train_resolve_entry(r, entry, shared, i++, entry_keys, configs)
                             : code;
    }
    cJSON_Delete(shared);
    return code;
}

mi_code mi_methods_resolve(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    const cJSON *runs = mi_lab_item(document, "runs");
    size_t count = cJSON_IsArray(runs) ? (size_t)cJSON_GetArraySize(runs) : 0;
    mi_code code = resolve_head(r, document, e);
    if (code != MI_OK || !mi_given(e->settings, "seeds")) {
        return code;
    }
    const mi_matrix *seeds = &mi_values_find(e->settings, "seeds")->matrix;
    if (count == 0 || count > MAX_RUNS || count * seeds->columns > MAX_ALL) {
        mi_faults_add(r->faults, "runs",
                      "must be an array of 1 to %d runs, and no more than %d with all seeds",
                      MAX_RUNS, MAX_ALL);
        return MI_OK;
    }
    code = mi_allocate(count * seeds->columns, sizeof *e->trains, &e->trains, r->status);
    e->train_count = code == MI_OK ? count * seeds->columns : 0;
    for (size_t s = 0; code == MI_OK && r->faults->count == 0 && s < seeds->columns; s++) {
        code = resolve_runs(r, document, seeds->values[s], e->trains + s * count);
    }
    return code;
}

/* Runs that share model and data are checked together; with one seed, as the others differ in
 * nothing that can be wrong. */
mi_code mi_methods_check(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                         mi_status *status)
{
    size_t seeds = mi_values_find(e->settings, "seeds")->matrix.columns;
    size_t count = e->train_count / seeds, first = 0;
    mi_code worst = MI_OK;
    while (first < count && worst != MI_MEMORY && worst != MI_INTERRUPTED) {
        size_t end = first + 1;
        while (end < count && mi_train_shares(&e->trains[first], &e->trains[end])) {
            end++;
        }
        mi_code code = mi_train_check(&e->trains[first], end - first, run, faults, status);
        worst = code != MI_OK ? code : worst;
        first = end;
    }
    return worst;
}
