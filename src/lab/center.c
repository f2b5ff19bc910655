/* The "center" experiment: its parameters, and what can be wrong with them. */
#include <math.h>
#include <stdlib.h>

#include "center.h"
#include "maskinfo/memory.h"

static const char *const updates[] = {"after", "before", NULL};

#define POSITIVE_HIGH 1e6

#define PROTOTYPES                                                                                 \
    {                                                                                              \
        .name = "prototypes", .type = MI_INTEGER, .low = 2, .high = 65536, .fallback = "16",       \
        .unit = "outputs", .help = "K"                                                             \
    }
#define LEARNING_RATE                                                                              \
    {                                                                                              \
        .name = "learning_rate", .type = MI_REAL, .low = 0, .high = POSITIVE_HIGH,                 \
        .flags = MI_LOW_OPEN, .fallback = "0.05", .unit = "",                                      \
        .help = "eta of the student's logits; the gain is g = eta/(K student_temperature)"         \
    }
#define STUDENT_TEMPERATURE                                                                        \
    {                                                                                              \
        .name = "student_temperature", .type = MI_REAL, .low = 0, .high = POSITIVE_HIGH,           \
        .flags = MI_LOW_OPEN, .fallback = "0.1", .unit = "", .help = "tau_s"                       \
    }
#define TEACHER_MOMENTUM                                                                           \
    {                                                                                              \
        .name = "teacher_momentum", .type = MI_REAL, .low = 0, .high = 1, .fallback = "0.996",     \
        .unit = "",                                                                                \
        .help = "m of t <- m t + (1-m) s; 0: the teacher is the student, 1: it never "             \
                "moves"                                                                            \
    }
#define UPDATE                                                                                     \
    {                                                                                              \
        .name = "update", .type = MI_CHOICE, .choices = updates, .fallback = "\"after\"",          \
        .unit = "",                                                                                \
        .help = "the centre is moved after a step's outputs use it, as in DINO, or "               \
                "before"                                                                           \
    }

static const mi_parameter equilibrium_parameters[] = {
    {.name = "center_momenta",
     .type = MI_LIST,
     .low = 0,
     .high = 0.9999,
     .fallback = "[0.9, 0.99, 0.5]",
     .unit = "",
     .help = "lambda; the first is that of \"equilibrium\" in the result. At 1 the centre never "
             "moves and has no equilibrium"},
    {.name = "batch",
     .type = MI_INTEGER,
     .low = 1,
     .high = 4096,
     .fallback = "8",
     .unit = "outputs",
     .help = "B of a batch"},
    {.name = "mean",
     .type = MI_REAL,
     .low = -POSITIVE_HIGH,
     .high = POSITIVE_HIGH,
     .fallback = "0.7",
     .unit = "logits",
     .help = "mu of one output"},
    {.name = "deviation",
     .type = MI_REAL,
     .low = 0,
     .high = POSITIVE_HIGH,
     .flags = MI_LOW_OPEN,
     .fallback = "1",
     .unit = "logits",
     .help = "sigma of one output"},
    {.name = "start",
     .type = MI_REAL,
     .low = -POSITIVE_HIGH,
     .high = POSITIVE_HIGH,
     .fallback = "4",
     .unit = "logits",
     .help = "c at the start"},
    {.name = "drift",
     .type = MI_REAL,
     .low = -POSITIVE_HIGH,
     .high = POSITIVE_HIGH,
     .fallback = "0.02",
     .unit = "logits per step",
     .help = "v, by which the mean of the drifting stream moves"},
    {.name = "correlation",
     .type = MI_REAL,
     .low = -1,
     .high = 1,
     .flags = MI_LOW_OPEN | MI_HIGH_OPEN,
     .fallback = "0.8",
     .unit = "",
     .help = "phi from one batch mean of the correlated stream to the next"},
    {.name = "replicates",
     .type = MI_INTEGER,
     .low = 8,
     .high = 1000000,
     .flags = MI_EFFORT,
     .fallback = "2000",
     .unit = "streams",
     .help = "independent ones, from which the standard errors are taken"},
    {.name = "window",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1000000,
     .fallback = "400",
     .unit = "steps",
     .help = "that are averaged at the end of a stream"},
    {.name = NULL},
};

static const mi_parameter stability_parameters[] = {
    PROTOTYPES,
    LEARNING_RATE,
    STUDENT_TEMPERATURE,
    TEACHER_MOMENTUM,
    UPDATE,
    {.name = "grid",
     .type = MI_GRID,
     .low = 2,
     .high = 200,
     .fallback = "[24, 24]",
     .unit = "",
     .help =
         "centre momenta (equal steps of log(1 - lambda)) and teacher temperatures (equal steps "
         "of their logarithm) of the map"},
    {.name = "lowest_temperature",
     .type = MI_REAL,
     .low = 0,
     .high = POSITIVE_HIGH,
     .flags = MI_LOW_OPEN,
     .fallback = "0.012",
     .unit = "",
     .help = "smallest tau_t of the map"},
    {.name = "highest_temperature",
     .type = MI_REAL,
     .low = 0,
     .high = POSITIVE_HIGH,
     .flags = MI_LOW_OPEN,
     .fallback = "0.15",
     .unit = "",
     .help = "largest tau_t of the map"},
    {.name = "lowest_momentum",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "0.8",
     .unit = "",
     .help = "smallest lambda of the map"},
    {.name = "highest_momentum",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "0.9999",
     .unit = "",
     .help = "largest lambda of the map; of 1, where the centre never moves, see `points`"},
    {.name = "points",
     .type = MI_MATRIX,
     .low = 0,
     .high = POSITIVE_HIGH,
     .fallback = "[[0.02, 0.9], [0.02, 0.99], [0.04, 0.99], [0.04, 0.999], [0.04, 1]]",
     .unit = "",
     .help =
         "single pairs [tau_t, lambda] beside the map, tau_t > 0, lambda in [0, 1]; lambda = 1: "
         "the centre never moves, which is to have none"},
    {.name = "gains",
     .type = MI_LIST,
     .low = 0,
     .high = POSITIVE_HIGH,
     .flags = MI_LOW_OPEN,
     .fallback = "[0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.1, 0.13, 0.16, 0.19]",
     .unit = "",
     .help = "g at which the law without the gain is tried"},
    {.name = "gain_momenta",
     .type = MI_LIST,
     .low = 0,
     .high = 1,
     .fallback = "[0.993, 0.995]",
     .unit = "",
     .help = "lambda of that trial"},
    {.name = "gain_temperature",
     .type = MI_REAL,
     .low = 0,
     .high = POSITIVE_HIGH,
     .flags = MI_LOW_OPEN,
     .fallback = "0.04",
     .unit = "",
     .help = "tau_t of that trial"},
    {.name = "amplitude",
     .type = MI_REAL,
     .low = 0,
     .high = 100,
     .flags = MI_LOW_OPEN,
     .fallback = "0.00001",
     .unit = "tau_t",
     .help = "standard deviation of the logits at the start"},
    {.name = "steps",
     .type = MI_INTEGER,
     .low = 1000,
     .high = 100000000,
     .flags = MI_EFFORT,
     .fallback = "20000",
     .unit = "steps",
     .help = "of each simulation; growth is told by its third and last quarter"},
    {.name = NULL},
};

static const mi_parameter loop_parameters[] = {
    PROTOTYPES,
    LEARNING_RATE,
    STUDENT_TEMPERATURE,
    TEACHER_MOMENTUM,
    UPDATE,
    {.name = "teacher_temperature",
     .type = MI_REAL,
     .low = 0,
     .high = POSITIVE_HIGH,
     .flags = MI_LOW_OPEN,
     .fallback = "0.04",
     .unit = "",
     .help = "tau_t where the teacher is sharpened; below student_temperature"},
    {.name = "flat_temperature",
     .type = MI_REAL,
     .low = 0,
     .high = POSITIVE_HIGH,
     .flags = MI_LOW_OPEN,
     .fallback = "0.2",
     .unit = "",
     .help = "tau_t where it is not; at student_temperature nothing grows and nothing decays"},
    {.name = "center_momentum",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .fallback = "0.9",
     .unit = "",
     .help = "lambda where there is a centre; 1: it never moves, which is to have none"},
    {.name = "inputs",
     .type = MI_INTEGER,
     .low = 2,
     .high = 64,
     .fallback = "2",
     .unit = "",
     .help = "clusters of inputs, each seen as one"},
    {.name = "similarity",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "0.9",
     .unit = "",
     .help =
         "r, what the untrained network makes of two inputs: correlation of their logits at the "
         "start and of their gradients"},
    {.name = "similarities",
     .type = MI_LIST,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "[0, 0.5, 0.9, 0.99]",
     .unit = "",
     .help = "r at which it is counted how often information survives"},
    {.name = "amplitude",
     .type = MI_REAL,
     .low = 0,
     .high = POSITIVE_HIGH,
     .flags = MI_LOW_OPEN,
     .fallback = "0.001",
     .unit = "logits",
     .help = "standard deviation of the logits at the start"},
    {.name = "steps",
     .type = MI_INTEGER,
     .low = 100,
     .high = 10000000,
     .fallback = "6000",
     .unit = "steps",
     .help = "of each run"},
    {.name = "replicates",
     .type = MI_INTEGER,
     .low = 1,
     .high = 100000,
     .flags = MI_EFFORT,
     .fallback = "32",
     .unit = "runs",
     .help = "from different logits, for the count"},
    {.name = NULL},
};

#define PART(NAME, TABLE, HELP)                                                                    \
    {                                                                                              \
        .name = NAME, .type = MI_GROUP, .fallback = "null", .group = TABLE, .unit = "",            \
        .help = HELP                                                                               \
    }

const mi_parameter mi_center_parameters[] = {
    {.name = "effort",
     .type = MI_REAL,
     .low = 0,
     .high = 100,
     .flags = MI_LOW_OPEN,
     .fallback = "1",
     .unit = "",
     .help = "factor on replicates, and on the steps of the map: 0.1 for a quick look"},
    {.name = "published",
     .type = MI_TEXT,
     .flags = MI_FILE,
     .fallback = "null",
     .unit = "",
     .help = "file of published settings to hold against the law: dino_settings, "
             "dino_center_momentum, dino_teacher_temperature, dino_without_teacher and "
             "ibot_patch_center_momentum (data/published.json)"},
    PART("equilibrium", equilibrium_parameters, "streams of batch means and their centre"),
    PART("stability", stability_parameters,
         "the constant part of the outputs over teacher temperature and centre momentum"),
    PART("loop", loop_parameters,
         "a few inputs with and without centring, with and without sharpening"),
    {.name = NULL},
};

static const char *const parts[] = {"equilibrium", "stability", "loop"};
enum { PARTS = sizeof parts / sizeof *parts };

/* Keys beside those of mi_experiment_parameters, and beside those above. */
static const char *const own_keys[] = {"experiment", "effort", "published", "equilibrium",
                                       "stability",  "loop",   NULL};
static const char *const shared_keys[] = {"experiment", "title", "question", "seed", NULL};

static mi_code resolve_head(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    mi_values *values = NULL;
    mi_code code = mi_bind(&r->binding, document, "", mi_experiment_parameters, own_keys, &values,
                           &e->resolved, r->status);
    if (code == MI_OK) {
        const cJSON *effort = mi_lab_item(document, "effort");
        bool usable = cJSON_IsNumber(effort) && effort->valuedouble > 0;
        r->binding.effort *= usable ? effort->valuedouble : 1;
        e->effort = r->binding.effort;
        e->seed = mi_given(values, "seed") ? (uint64_t)mi_integer(values, "seed") : 1;
        code = mi_copy_text(mi_given(values, "title") ? mi_text(values, "title") : "", &e->title,
                            r->status);
    }
    mi_values_destroy(values);
    return code;
}

/* A document that names no part has them all. */
static mi_code with_parts(mi_resolver *r, const cJSON *document, cJSON **ret_whole)
{
    cJSON *whole = cJSON_Duplicate(document, 1);
    bool named = false;
    for (int i = 0; i < PARTS; i++) {
        named = named || mi_lab_item(document, parts[i]) != NULL;
    }
    for (int i = 0; whole != NULL && !named && i < PARTS; i++) {
        if (cJSON_AddObjectToObject(whole, parts[i]) == NULL) {
            cJSON_Delete(whole);
            whole = NULL;
        }
    }
    *ret_whole = whole;
    return whole == NULL ? mi_resolve_no_memory(r) : MI_OK;
}

static void check_order(mi_resolver *r, const mi_values *stability, const char *low,
                        const char *high)
{
    char path[MI_PATH_SIZE];
    if (!(mi_real(stability, low) < mi_real(stability, high))) {
        mi_path_key(path, "stability", high);
        mi_faults_add(r->faults, path, "%g; must be above stability.%s, which is %g",
                      mi_real(stability, high), low, mi_real(stability, low));
    }
}

static void check_points(mi_resolver *r, const mi_matrix *points)
{
    char path[MI_PATH_SIZE];
    for (size_t i = 0; i < points->rows; i++) {
        const double *pair = points->values + i * points->columns;
        mi_path_index(path, "stability.points", i);
        if (points->columns != 2) {
            mi_faults_add(r->faults, path, "%zu numbers; must be [tau_t, lambda]", points->columns);
            return;
        }
        if (!(pair[0] > 0)) {
            mi_faults_add(r->faults, path, "teacher temperature %g; must be a number in (0, %g]",
                          pair[0], POSITIVE_HIGH);
        }
        if (!(pair[1] <= 1)) {
            mi_faults_add(r->faults, path, "centre momentum %g; must be a number in [0, 1]",
                          pair[1]);
        }
    }
}

static void check(mi_resolver *r, const mi_values *settings)
{
    const mi_value *stability = mi_values_find(settings, "stability");
    bool any = false;
    for (int i = 0; i < PARTS; i++) {
        any = any || mi_given(settings, parts[i]);
    }
    if (!any) {
        mi_faults_add(r->faults, "",
                      "must have one of equilibrium, stability, loop that is not "
                      "null");
    }
    if (stability->given) {
        check_order(r, stability->group, "lowest_temperature", "highest_temperature");
        check_order(r, stability->group, "lowest_momentum", "highest_momentum");
        check_points(r, &mi_values_find(stability->group, "points")->matrix);
    }
}

mi_code mi_center_resolve(mi_resolver *r, const cJSON *document, mi_experiment *e)
{
    cJSON *whole = NULL, *bound = NULL;
    size_t before = r->faults->count;
    mi_code code = resolve_head(r, document, e);
    if (code == MI_OK) {
        code = with_parts(r, document, &whole);
    }
    if (code == MI_OK) {
        code = mi_bind(&r->binding, whole, "", mi_center_parameters, shared_keys, &e->settings,
                       &bound, r->status);
    }
    while (code == MI_OK && bound->child != NULL) {
        cJSON *child = cJSON_DetachItemViaPointer(bound, bound->child);
        code = mi_resolve_add(r, e->resolved, child->string, child);
    }
    cJSON_Delete(whole);
    cJSON_Delete(bound);
    if (code == MI_OK && r->faults->count == before) {
        check(r, e->settings);
    }
    return code == MI_OK ? mi_resolve_files(r, e->settings) : code;
}

mi_dynamics mi_center_dynamics(const mi_values *values)
{
    return (mi_dynamics){.prototypes = mi_count(values, "prototypes"),
                         .inputs = 1,
                         .learning_rate = mi_real(values, "learning_rate"),
                         .student_temperature = mi_real(values, "student_temperature"),
                         .teacher_temperature = 1,
                         .teacher_momentum = mi_real(values, "teacher_momentum"),
                         .center_momentum = 1,
                         .update_before = mi_is(values, "update", "before")};
}
