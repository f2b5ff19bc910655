/* What the frozen encoder knows of labels, beside the untrained one and the raw pixels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/probe.h"
#include "training.h"

enum { LEARN, JUDGE, SIDES };

static const struct {
    const char *images, *labels, *count;
} keys[SIDES] = {
    {"images", "labels", "count"},
    {"held_out_images", "held_out_labels", "held_out_count"},
};

/* Faults of the probe, as (place, text) of the status. */
static mi_code check_given(const mi_train_config *t, const mi_source_shape *shape,
                           mi_status *status)
{
    bool given = mi_given(t->opt_probe, keys[LEARN].images);
    if (!given && !shape->labelled) {
        return mi_fail_at(status, keys[LEARN].images,
                          "missing, and examples of model \"%s\" have no labels; must be labelled "
                          "images of %zu x %zu pixels",
                          t->curve.class->name, shape->rows, shape->columns);
    }
    if (given && shape->discrete) {
        return mi_fail_at(status, keys[LEARN].images,
                          "images, and examples of model \"%s\" are symbols", t->curve.class->name);
    }
    for (size_t i = 0; given && i < SIDES; i++) {
        const char *missing = !mi_given(t->opt_probe, keys[i].images)   ? keys[i].images
                              : !mi_given(t->opt_probe, keys[i].labels) ? keys[i].labels
                                                                        : NULL;
        if (missing != NULL) {
            return mi_fail_at(status, missing, "missing; must be given with \"images\"");
        }
    }
    return MI_OK;
}

static mi_code check_size(const mi_source *images, const mi_source_shape *shape, size_t side,
                          mi_status *status)
{
    mi_source_shape own = mi_source_shape_of(images);
    if (own.rows == shape->rows && own.columns == shape->columns &&
        own.channels == shape->channels) {
        return MI_OK;
    }
    return mi_fail_at(status, keys[side].images,
                      "images of %zu x %zu pixels (%zu channels); must be %zu x %zu (%zu), as the "
                      "examples of the model",
                      own.rows, own.columns, own.channels, shape->rows, shape->columns,
                      shape->channels);
}

static mi_code open_side(const mi_train_config *t, mi_train_parts *parts, size_t side,
                         mi_status *status)
{
    const mi_value *images = mi_values_find(t->opt_probe, keys[side].images);
    mi_code code =
        mi_source_of_images(images->paths, images->path_count,
                            mi_text(t->opt_probe, keys[side].labels), &parts->probes[side], status);
    if (code == MI_INPUT) {
        bool labels = strstr(status->message, mi_text(t->opt_probe, keys[side].labels)) != NULL;
        snprintf(status->place, sizeof status->place, "%s",
                 labels ? keys[side].labels : keys[side].images);
    }
    if (code == MI_OK) {
        code = check_size(parts->probes[side], &parts->shape, side, status);
    }
    if (code == MI_OK) {
        mi_source_scale_as(parts->probes[side], parts->source);
    }
    return code;
}

mi_code mi_train_probe_open(const mi_train_config *t, mi_train_parts *parts, mi_faults *faults,
                            mi_status *status)
{
    if (t->opt_probe == NULL) {
        return MI_OK;
    }
    mi_code code = check_given(t, &parts->shape, status);
    bool given = mi_given(t->opt_probe, keys[LEARN].images);
    for (size_t side = 0; code == MI_OK && given && side < SIDES; side++) {
        code = open_side(t, parts, side, status);
    }
    if (code == MI_INPUT) {
        mi_curve_report(&t->curve, "probe", status, faults);
        code = MI_OK;
    }
    return code;
}

typedef struct probing {
    const mi_train_state *state;
    const mi_run *run;
    mi_status *status;
    mi_writer *w;
    size_t counts[SIDES], classes;
    size_t tokens;        /* of each example for the patch-level probe; 0: none */
    mi_scalar *untrained; /* (2, total): values, transposed */
} probing;

static const mi_source *source_of(const probing *p, size_t side)
{
    const mi_train_parts *parts = &p->state->parts;
    return parts->probes[side] != NULL ? parts->probes[side] : parts->source;
}

static void plan(probing *p)
{
    const mi_values *v = p->state->config->opt_probe;
    for (size_t side = 0; side < SIDES; side++) {
        const mi_source *source = source_of(p, side);
        size_t asked = mi_count(v, keys[side].count), there = mi_source_count(source);
        size_t classes = mi_source_shape_of(source).classes;
        p->counts[side] = there > 0 && there < asked ? there : asked;
        p->classes = classes > p->classes ? classes : p->classes;
    }
}

/* Accuracy with the error of a share of independent examples; no accuracy, for features that do not
 * allow of one, is no failure of the run. */
static mi_code put_accuracy(probing *p, cJSON *object, const char *name, mi_code code,
                            double accuracy)
{
    char error[32];
    if (code == MI_NUMERIC || code == MI_INPUT) {
        mi_add_null(p->w, object, name, p->status->message);
        return MI_OK;
    }
    snprintf(error, sizeof error, "%s_se", name);
    mi_add_number(p->w, object, name, accuracy);
    mi_add_number(p->w, object, error, sqrt(accuracy * (1 - accuracy) / (double)p->counts[JUDGE]));
    return code;
}

static mi_code judge_linear(probing *p, const mi_probe_data data[SIDES], cJSON *object)
{
    double linear = 0, ridge = mi_real(p->state->config->opt_probe, "ridge");
    mi_code code =
        mi_probe_linear(&data[LEARN], &data[JUDGE], p->classes, ridge, p->run, &linear, p->status);
    return put_accuracy(p, object, "linear", code, linear);
}

/* Patches of an example are not independent. The error is that of the share of examples, the
 * largest that the mean over any patches of each can have. */
static mi_code judge(probing *p, const mi_probe_data data[SIDES], size_t tokens, cJSON *object)
{
    double knn = 0;
    if (tokens > 0) {
        return judge_linear(p, data, object);
    }
    mi_code code = mi_probe_neighbors(&data[LEARN], &data[JUDGE], p->classes,
                                      mi_count(p->state->config->opt_probe, "neighbors"), p->run,
                                      &knn, p->status);
    code = put_accuracy(p, object, "knn", code, knn);
    return code == MI_OK ? judge_linear(p, data, object) : code;
}

static mi_code probe_with(probing *p, const mi_weights *opt_weights, size_t tokens,
                          const char *name, cJSON *result)
{
    mi_feature_set sets[SIDES] = {{.count = 0}};
    mi_probe_data data[SIDES];
    cJSON *object = cJSON_CreateObject();
    mi_code code = MI_OK;
    for (size_t side = 0; code == MI_OK && side < SIDES; side++) {
        mi_feature_request request = {.method = &p->state->parts.method,
                                      .opt_weights = opt_weights,
                                      .source = source_of(p, side),
                                      .part = side == LEARN ? MI_TRAINING : MI_HELD_OUT,
                                      .count = p->counts[side],
                                      .tokens = tokens};
        code = mi_train_features(&request, p->run, &sets[side], p->status);
        data[side] = (mi_probe_data){sets[side].count, sets[side].size, sets[side].features,
                                     sets[side].labels};
    }
    if (code == MI_OK) {
        code = judge(p, data, tokens, object);
    }
    for (size_t side = 0; side < SIDES; side++) {
        mi_feature_set_free(&sets[side]);
    }
    mi_add_item(p->w, result, name, object);
    return code;
}

static mi_code fresh_weights(probing *p, mi_weights *weights)
{
    const mi_method *m = &p->state->parts.method;
    const mi_tensors *tensors = m->class->tensors(m->state);
    mi_code code = mi_allocate(2 * tensors->total, sizeof *p->untrained, &p->untrained, p->status);
    if (code != MI_OK) {
        return code;
    }
    *weights = (mi_weights){p->untrained, p->untrained + tensors->total};
    m->class->initialize(m->state, p->run->seed, p->untrained);
    return mi_tensors_transpose(tensors, p->untrained, p->untrained + tensors->total, p->run,
                                p->status);
}

/* What another run's probe, or its part "patch", found of one of the baselines. */
static void copy_known(const probing *p, const cJSON *known, const char *name, cJSON *object)
{
    char reason[32];
    snprintf(reason, sizeof reason, "%s_reason", name);
    const char *const keys_of[] = {name, reason};
    for (size_t i = 0; i < 2; i++) {
        const cJSON *item = mi_lab_item(known, keys_of[i]);
        if (item != NULL) {
            mi_add_item(p->w, object, keys_of[i], cJSON_Duplicate(item, 1));
        }
    }
}

/* Does the other run cut its examples into the same tokens? */
static bool same_tokens(const probing *p)
{
    const cJSON *source = mi_lab_item(p->state->known.opt_run, "source");
    mi_layout tokens = p->state->parts.tokens;
    return mi_lab_number(source, "token_rows") == (double)tokens.rows &&
           mi_lab_number(source, "token_columns") == (double)tokens.columns;
}

static mi_code probe_raw(probing *p, size_t tokens, const cJSON *opt_known, cJSON *object)
{
    if (opt_known != NULL && (tokens == 0 || same_tokens(p))) {
        copy_known(p, opt_known, "raw", object);
        return MI_OK;
    }
    if (p->state->parts.shape.discrete) {
        mi_add_null(p->w, object, "raw", "symbols are no features");
        return MI_OK;
    }
    return probe_with(p, NULL, tokens, "raw", object);
}

/* The trained encoder, and on the same examples and tokens the untrained one and the pixels, unless
 * these are known from another run. */
static mi_code probe_three(probing *p, const mi_weights *fresh, size_t tokens,
                           const cJSON *opt_known, cJSON *object)
{
    mi_code code = probe_with(p, &p->state->weights, tokens, "trained", object);
    if (code == MI_OK && opt_known != NULL && p->state->known.same_encoder) {
        copy_known(p, opt_known, "untrained", object);
    } else if (code == MI_OK) {
        code = probe_with(p, fresh, tokens, "untrained", object);
    }
    return code == MI_OK ? probe_raw(p, tokens, opt_known, object) : code;
}

/* Labels of examples told from single patches. */
static mi_code probe_patches(probing *p, const mi_weights *fresh, const cJSON *opt_known,
                             cJSON *probe)
{
    const cJSON *known = mi_lab_item(opt_known, "patch");
    const char *reason = p->tokens == 0 ? "none was asked for"
                         : p->state->parts.method.class->patches == NULL
                             ? "the method has no features of patches"
                             : NULL;
    if (reason != NULL) {
        mi_add_null(p->w, probe, "patch", reason);
        return MI_OK;
    }
    cJSON *patch = cJSON_CreateObject();
    mi_code code = probe_three(p, fresh, p->tokens, cJSON_IsObject(known) ? known : NULL, patch);
    mi_add_item(p->w, probe, "patch", patch);
    return code;
}

static mi_code probe_all(probing *p, cJSON *probe)
{
    const cJSON *known = mi_lab_item(p->state->known.opt_run, "probe");
    mi_weights fresh;
    mi_code code = fresh_weights(p, &fresh);
    if (code == MI_OK) {
        code = probe_three(p, &fresh, 0, known, probe);
    }
    if (code == MI_OK) {
        code = probe_patches(p, &fresh, known, probe);
    }
    free(p->untrained);
    return code;
}

static void mirror(mi_writer *w, cJSON *evaluation, const cJSON *probe)
{
    static const char *const names[] = {"knn", "linear"};
    for (size_t i = 0; i < 2; i++) {
        char name[32];
        const cJSON *value = mi_lab_item(mi_lab_item(probe, "trained"), names[i]);
        snprintf(name, sizeof name, "%s_accuracy", names[i]);
        if (cJSON_IsNumber(value)) {
            mi_add_number(w, evaluation, name, value->valuedouble);
        } else {
            mi_add_null(w, evaluation, name,
                        probe == NULL ? "no probe was asked for" : "as in \"probe\"");
        }
    }
}

mi_code mi_train_put_probe(mi_writer *w, const mi_train_state *s, const mi_run *run, cJSON *result,
                           mi_status *status)
{
    cJSON *evaluation = cJSON_GetObjectItemCaseSensitive(result, "evaluation");
    probing p = {.state = s, .run = run, .status = status, .w = w};
    if (s->config->opt_probe == NULL) {
        mi_add_null(w, result, "probe", "none was asked for");
        mirror(w, evaluation, NULL);
        return MI_OK;
    }
    cJSON *probe = cJSON_CreateObject();
    p.tokens = mi_count(s->config->opt_probe, "patches");
    plan(&p);
    mi_add_number(w, probe, "classes", (double)p.classes);
    mi_add_number(w, probe, "training", (double)p.counts[LEARN]);
    mi_add_number(w, probe, "held_out", (double)p.counts[JUDGE]);
    mi_code code = probe_all(&p, probe);
    if (code == MI_OK) {
        mirror(w, evaluation, probe);
    }
    mi_add_item(w, result, "probe", probe);
    return code;
}
