/* Training runs of seconds, resolved and run through the library. */
#ifndef MASKINFO_TESTS_TRAIN_SUPPORT_H
#define MASKINFO_TESTS_TRAIN_SUPPORT_H

#include "scratch.h"

#include "maskinfo/experiment.h"

#define TINY_ENCODER "\"encoder\":{\"width\":8,\"depth\":1,\"heads\":2}"
#define TINY_MAE                                                                                   \
    "{\"type\":\"mae\"," TINY_ENCODER ",\"decoder\":{\"width\":8,\"depth\":1,\"heads\":2}}"
#define TINY_TRAINING                                                                              \
    "{\"steps\":12,\"batch\":6,\"shards\":3,\"warmup\":0.25,\"checkpoint_every\":5}"
#define TINY_REST                                                                                  \
    "\"training\":" TINY_TRAINING ",\"evaluation\":{\"samples\":8,\"pictures\":2},"                \
    "\"estimator\":{\"samples\":8}"

/* Pixels with drawn ratios, symbols with a fixed one, a class to probe. */
static const char *const tiny_mae = "{\"experiment\":\"train\",\"method\":" TINY_MAE
                                    ",\"model\":{\"type\":\"gmrf\",\"grid\":[4,4]},"
                                    "\"ratio\":\"uniform\"," TINY_REST "}";
static const char *const tiny_mlm =
    "{\"experiment\":\"train\",\"title\":\"a chain\",\"method\":{\"type\":\"mlm\"," TINY_ENCODER
    "},\"model\":{\"type\":\"mixing\",\"vocab\":4,\"rho\":0.6,\"length\":6},"
    "\"ratio\":0.5," TINY_REST "}";
static const char *const tiny_scene =
    "{\"experiment\":\"train\",\"method\":" TINY_MAE
    ",\"model\":{\"type\":\"scene\",\"grid\":[4,4],\"classes\":3},\"ratio\":[0.25,0.75],"
    "\"probe\":{\"count\":40,\"held_out_count\":30,\"neighbors\":3}," TINY_REST "}";

/* What a run came to. */
typedef struct tiny_outcome {
    mi_code code;
    mi_status status;
    char fault[1000]; /* the first; "" where there is none */
    cJSON *result;    /* cJSON_Delete */
} tiny_outcome;

/* Stops a run after `at` of its steps; 0: never. */
typedef struct tiny_stop {
    size_t at;
    volatile sig_atomic_t interrupt;
} tiny_stop;

static inline void tiny_watch(void *context, const char *stage, size_t done, size_t total)
{
    tiny_stop *stop = context;
    (void)total;
    if (strncmp(stage, "training", 8) == 0 && done == stop->at) {
        stop->interrupt = 1;
    }
}

static inline void tiny_first_fault(const mi_faults *faults, tiny_outcome *o)
{
    snprintf(o->fault, sizeof o->fault, "%s", faults->count > 0 ? faults->messages[0] : "");
}

/* Resolve `text` with the assignments of `sets` (NULL-terminated, or NULL), check it, and run it
 * where `options` is given. */
static inline tiny_outcome tiny_run(const char *text, const char *const *sets,
                                    const mi_run_options *options)
{
    tiny_outcome o = {.code = MI_OK};
    mi_faults faults = {.file = "tiny.json"};
    mi_run check = support_run(1);
    mi_experiment *experiment = NULL;
    cJSON *document = mi_document_parse(text, strlen(text), &faults);
    assert_non_null(document);
    for (; sets != NULL && *sets != NULL; sets++) {
        assert_true(mi_document_set(document, *sets, &faults));
    }
    o.code = mi_experiment_create(document, &faults, &experiment, &o.status);
    if (o.code == MI_OK) {
        o.code = mi_experiment_check(experiment, &check, &faults, &o.status);
    }
    if (o.code == MI_OK && options != NULL) {
        o.code = mi_experiment_run(experiment, options, &faults, &o.result, &o.status);
    }
    tiny_first_fault(&faults, &o);
    mi_experiment_destroy(experiment);
    cJSON_Delete(document);
    mi_faults_clear(&faults);
    return o;
}

/* The result of a good run, without its timing; cJSON_Delete. */
static inline cJSON *tiny_result(const char *text, const char *const *sets,
                                 const mi_run_options *options)
{
    tiny_outcome o = tiny_run(text, sets, options);
    if (o.code != MI_OK) {
        print_error("%s %s\n", o.status.message, o.fault);
    }
    assert_int_equal(o.code, MI_OK);
    assert_non_null(o.result);
    cJSON_DeleteItemFromObjectCaseSensitive(o.result, "timing");
    return o.result;
}

/* The same result twice, as text; takes both over. */
static inline void tiny_assert_same(cJSON *a, cJSON *b)
{
    char *one = cJSON_Print(a), *two = cJSON_Print(b);
    assert_string_equal(one, two);
    cJSON_free(one);
    cJSON_free(two);
    cJSON_Delete(a);
    cJSON_Delete(b);
}

/* An item by keys and indices: "points[0].loss". */
static inline const cJSON *tiny_at(const cJSON *object, const char *path)
{
    char key[64];
    while (*path != '\0' && object != NULL) {
        if (*path == '[') {
            object = cJSON_GetArrayItem(object, (int)strtol(path + 1, NULL, 10));
            path = strchr(path, ']') + 1;
            path += *path == '.';
            continue;
        }
        size_t length = strcspn(path, ".[");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        object = cJSON_GetObjectItemCaseSensitive(object, key);
        path += length;
        path += *path == '.';
    }
    return object;
}

static inline double tiny_number(const cJSON *object, const char *path)
{
    const cJSON *item = tiny_at(object, path);
    if (!cJSON_IsNumber(item)) {
        fail_msg("no number at %s", path);
    }
    return item->valuedouble;
}

/* Is there a reason beside a null? Of numbers in an array of points it stands with the evaluation;
 * X_se follows X, and what is derived from loss and floor follows the floor. */
static inline bool tiny_is_explained(const cJSON *parent, const cJSON *evaluation, const char *name)
{
    static const char *const derived[] = {"gap", "gap_percent", "floor"};
    char base[64], reason[80];
    snprintf(base, sizeof base, "%s", name);
    char *ending = strstr(base, "_se");
    if (ending != NULL && ending[3] == '\0') {
        *ending = '\0';
    }
    for (size_t i = 0; i < sizeof derived / sizeof *derived; i++) {
        if (strcmp(base, derived[i]) == 0) {
            strcpy(base, "floor");
        }
    }
    snprintf(reason, sizeof reason, "%s_reason", base);
    return cJSON_IsString(cJSON_GetObjectItemCaseSensitive(parent, reason)) ||
           cJSON_IsString(cJSON_GetObjectItemCaseSensitive(evaluation, reason));
}

/* Nulls that mean "does not apply" by what the fields are. */
static inline bool tiny_is_plain_null(const char *name)
{
    static const char *const names[] = {"vocabulary", "mean",     "deviation",
                                        "exact",      "surprise", "alphabet"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static inline void tiny_assert_explained(const cJSON *node, const cJSON *evaluation)
{
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, node)
    {
        bool is_config = child->string != NULL && strcmp(child->string, "config") == 0;
        if (cJSON_IsNull(child) && child->string != NULL && !tiny_is_plain_null(child->string) &&
            !tiny_is_explained(node, evaluation, child->string)) {
            fail_msg("null without a reason: %s", child->string);
        }
        if (cJSON_IsNumber(child)) {
            assert_true(isfinite(child->valuedouble));
        }
        if (!is_config) {
            tiny_assert_explained(child, evaluation);
        }
    }
}

/* `count` images of rows x columns bytes, or labels where rows is 0, as an IDX file. */
static inline void tiny_write_idx(const char *path, size_t count, size_t rows, size_t columns,
                                  const unsigned char *values)
{
    size_t size = rows > 0 ? rows * columns : 1, head = rows > 0 ? 16 : 8;
    size_t sides[3] = {count, rows, columns};
    unsigned char *bytes = calloc(1, head + count * size);
    assert_non_null(bytes);
    bytes[2] = 8;
    bytes[3] = rows > 0 ? 3 : 1;
    for (size_t i = 0; 4 * i + 4 < head; i++) {
        bytes[4 * i + 6] = (unsigned char)(sides[i] >> 8);
        bytes[4 * i + 7] = (unsigned char)sides[i];
    }
    memcpy(bytes + head, values, count * size);
    scratch_write(path, bytes, head + count * size);
    free(bytes);
}

#endif
