/* The "estimators" experiment: its parameters, and what can be wrong with them. */
#include <stdlib.h>

#include "lab.h"
#include "maskinfo/memory.h"

#define SETS_PARAMETER                                                                             \
    {                                                                                              \
        .name = "sets", .type = MI_INTEGER, .low = 4, .high = 10000, .fallback = "8", .unit = "",  \
        .help = "independent sets of samples, from which the standard errors are taken"            \
    }

static const mi_parameter gaussian_parameters[] = {
    {.name = "dimensions",
     .type = MI_LIST,
     .low = 1,
     .high = 256,
     .flags = MI_WHOLE,
     .fallback = "[1, 2, 4, 8, 16]",
     .unit = "",
     .help = "d: pairs of coordinates, one in x and one in y"},
    {.name = "correlation",
     .type = MI_LIST,
     .low = -1,
     .high = 1,
     .flags = MI_LOW_OPEN | MI_HIGH_OPEN,
     .fallback = "[0.5, 0]",
     .unit = "",
     .help = "within each pair"},
    {.name = "samples",
     .type = MI_LIST,
     .low = 4,
     .high = 100000,
     .flags = MI_WHOLE,
     .fallback = "[500, 5000]",
     .unit = "",
     .help = "of a set"},
    {.name = "neighbors",
     .type = MI_INTEGER,
     .low = 1,
     .high = 99999,
     .fallback = "3",
     .unit = "",
     .help = "k of the nearest-neighbour distance; below every number of samples"},
    SETS_PARAMETER,
    {.name = NULL},
};

static const mi_parameter discrete_parameters[] = {
    {.name = "vocab",
     .type = MI_INTEGER,
     .low = 2,
     .high = 10000,
     .fallback = "8",
     .unit = "symbols",
     .help = "V of a mixing chain"},
    {.name = "rho",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "0.7",
     .unit = "",
     .help = "probability that a symbol repeats the one before it"},
    {.name = "zipf",
     .type = MI_REAL,
     .low = 0,
     .high = 10,
     .fallback = "1",
     .unit = "",
     .help = "exponent of the law of a fresh symbol"},
    {.name = "contexts",
     .type = MI_LIST,
     .low = 1,
     .high = 16,
     .flags = MI_WHOLE,
     .fallback = "[1, 2, 4]",
     .unit = "sites",
     .help =
         "nearest sites whose symbols are counted together with the middle one, from both sides "
         "in turn"},
    {.name = "samples",
     .type = MI_LIST,
     .low = 2,
     .high = 1000000,
     .flags = MI_WHOLE,
     .fallback = "[100, 300, 1000, 3000, 10000, 30000, 100000]",
     .unit = "",
     .help = "of a set"},
    SETS_PARAMETER,
    {.name = NULL},
};

const mi_parameter mi_estimators_parameters[] = {
    {.name = "gaussian",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = gaussian_parameters,
     .unit = "",
     .help = "nearest neighbours and log-determinants on correlated Gaussians"},
    {.name = "discrete",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = discrete_parameters,
     .unit = "",
     .help = "plug-in counts on a mixing chain"},
    {.name = NULL},
};

/* Keys at the top beside those of mi_experiment_parameters, and beside those above. */
static const char *const own_keys[] = {"experiment", "gaussian", "discrete", NULL};
static const char *const shared_keys[] = {"experiment", "title", "question", "seed", NULL};

/* Title and seed, also into the resolved configuration. */
static mi_code resolve_head(const mi_binding *binding, const cJSON *document, mi_experiment *e,
                            mi_status *status)
{
    mi_values *values = NULL;
    mi_code code = mi_bind(binding, document, "", mi_experiment_parameters, own_keys, &values,
                           &e->resolved, status);
    if (code == MI_OK && mi_given(values, "title")) {
        code = mi_copy_text(mi_text(values, "title"), &e->title, status);
    }
    if (code == MI_OK && mi_given(values, "seed")) {
        e->seed = (uint64_t)mi_integer(values, "seed");
    }
    mi_values_destroy(values);
    return code;
}

static mi_code add_resolved(mi_experiment *e, cJSON *bound, mi_status *status)
{
    while (bound->child != NULL) {
        cJSON *child = cJSON_DetachItemViaPointer(bound, bound->child);
        if (!cJSON_AddItemToObject(e->resolved, child->string, child)) {
            cJSON_Delete(child);
            return mi_fail(status, MI_MEMORY, "out of memory for the experiment");
        }
    }
    return MI_OK;
}

mi_code mi_estimators_resolve(const mi_binding *binding, const cJSON *document, mi_experiment *e,
                              mi_status *status)
{
    cJSON *bound = NULL;
    mi_code code = resolve_head(binding, document, e, status);
    if (code == MI_OK) {
        code = mi_bind(binding, document, "", mi_estimators_parameters, shared_keys, &e->settings,
                       &bound, status);
    }
    if (code == MI_OK) {
        code = add_resolved(e, bound, status);
    }
    cJSON_Delete(bound);
    return code;
}

mi_code mi_estimators_check(const mi_experiment *e, mi_faults *faults, mi_status *status)
{
    const mi_values *gaussian = mi_values_find(e->settings, "gaussian")->group;
    const mi_matrix *samples = &mi_values_find(gaussian, "samples")->matrix;
    size_t neighbors = mi_count(gaussian, "neighbors");
    for (size_t i = 0; i < samples->columns; i++) {
        if ((double)neighbors >= samples->values[i]) {
            mi_faults_add(
                faults, "gaussian.neighbors",
                "%zu; must be below every number of samples, and gaussian.samples[%zu] is "
                "%.0f",
                neighbors, i, samples->values[i]);
            return mi_fail(status, MI_INPUT, "bad input");
        }
    }
    return MI_OK;
}
