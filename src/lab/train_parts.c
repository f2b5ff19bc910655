/* A training run built from its configuration, and everything that can be wrong with it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/masked.h"
#include "maskinfo/memory.h"
#include "training.h"

enum { DEFAULT_RATIOS = 9 };

/* A ratio is given in decimals, so that ratio * tokens may miss a whole number by rounding. */
static const double rounding = 1e-9;

typedef struct builder {
    const mi_train_config *config;
    mi_train_parts *parts;
    mi_faults *faults;
    mi_status *status;
} builder;

/* Report a status that is a fault of the input; MI_OK then, so that other faults are looked for. */
static mi_code note(const builder *b, const char *part, mi_code code)
{
    if (code != MI_INPUT) {
        return code;
    }
    mi_curve_report(&b->config->curve, part, b->status, b->faults);
    return MI_OK;
}

/* Names of the methods for sources of a kind: "mae", "ibot" ... */
static const char *fitting_methods(bool discrete, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (const mi_method_class *const *m = mi_method_classes(); *m != NULL && used < size; m++) {
        if ((*m)->discrete == discrete) {
            used += (size_t)snprintf(text + used, size - used, "%s\"%s\"", used > 0 ? ", " : "",
                                     (*m)->name);
        }
    }
    return text;
}

static void check_kind(const builder *b)
{
    const mi_train_config *t = b->config;
    if (t->method_class->discrete != t->curve.class->discrete) {
        char at[MI_PATH_SIZE], method[MI_PATH_SIZE], names[256];
        mi_path_key(method, t->curve.path, "method");
        mi_path_key(at, method, "type");
        mi_faults_add(b->faults, at,
                      "\"%s\" predicts %s, and model \"%s\" has %s; must be one of %s",
                      t->method_class->name, t->method_class->discrete ? "symbols" : "pixels",
                      t->curve.class->name, t->curve.class->discrete ? "symbols" : "pixels",
                      fitting_methods(t->curve.class->discrete, names, sizeof names));
    }
}

/* The mask of a ratio must leave a token of each kind: the strategy sees to a masked one. */
static mi_code check_visible(const builder *b, double ratio)
{
    size_t tokens = b->parts->tokens.rows * b->parts->tokens.columns;
    const mi_values *mask = b->config->curve.mask;
    bool counted =
        !(b->config->curve.mask_class->exchangeable && mi_is(mask, "count", "bernoulli"));
    if (counted && ratio * (double)tokens > (double)tokens - 1 + rounding) {
        return mi_fail_at(b->status, "ratio",
                          "%g leaves no visible one of %zu tokens: the largest is %.6g", ratio,
                          tokens, 1 - 1 / (double)tokens);
    }
    return MI_OK;
}

static mi_code check_ratio(const builder *b, double ratio)
{
    const mi_curve_config *c = &b->config->curve;
    mi_code code = c->mask_class->check(c->mask, b->parts->tokens, ratio, b->status);
    return code == MI_OK ? check_visible(b, ratio) : code;
}

/* A fault of a ratio goes to the path of the ratio, others to the mask. */
static mi_code note_ratio(const builder *b, const char *path, mi_code code)
{
    if (code == MI_INPUT && strcmp(b->status->place, "ratio") == 0) {
        b->status->place[0] = '\0';
        return note(b, path, code);
    }
    return note(b, "mask", code);
}

/* The ratios in the range that a strategy without all of them can have. */
static size_t possible_ratios(const builder *b, double possible[MI_MASK_RATIOS])
{
    const mi_curve_config *c = &b->config->curve;
    size_t count = c->mask_class->ratios(c->mask, b->parts->tokens, possible), inside = 0;
    for (size_t i = 0; i < count; i++) {
        if (possible[i] >= b->config->ratio.low && possible[i] <= b->config->ratio.high) {
            possible[inside++] = possible[i];
        }
    }
    return inside;
}

/* Ratios of a range are drawn anew for every sample. The ends of the range stand for all of them,
 * moved in to where a mask has tokens of both kinds. */
static mi_code check_range(const builder *b)
{
    size_t tokens = b->parts->tokens.rows * b->parts->tokens.columns;
    double edge = 1 / (double)tokens, possible[MI_MASK_RATIOS];
    double low = fmax(b->config->ratio.low, edge), high = fmin(b->config->ratio.high, 1 - edge);
    if (b->config->curve.mask_class->ratios != NULL) {
        return possible_ratios(b, possible) > 0
                   ? MI_OK
                   : mi_fail_at(b->status, "ratio",
                                "[%g, %g] has no ratio that strategy \"%s\" can have",
                                b->config->ratio.low, b->config->ratio.high,
                                b->config->curve.mask_class->name);
    }
    if (low > high) {
        return mi_fail_at(b->status, "ratio",
                          "[%g, %g] has no ratio that masks one of %zu tokens and leaves one "
                          "visible: those are in [%.6g, %.6g]",
                          b->config->ratio.low, b->config->ratio.high, tokens, edge, 1 - edge);
    }
    mi_code code = check_ratio(b, low);
    return code == MI_OK ? check_ratio(b, high) : code;
}

static mi_code check_masks(const builder *b)
{
    mi_ratio ratio = b->config->ratio;
    mi_code code = mi_ratio_is_fixed(ratio) ? check_ratio(b, ratio.low) : check_range(b);
    return note_ratio(b, "ratio", code);
}

static void insert_ratio(mi_train_parts *parts, double ratio)
{
    size_t at = parts->ratio_count;
    while (at > 0 && parts->ratios[at - 1] > ratio) {
        at--;
    }
    if (at > 0 && parts->ratios[at - 1] == ratio) {
        return;
    }
    memmove(parts->ratios + at + 1, parts->ratios + at,
            (parts->ratio_count - at) * sizeof *parts->ratios);
    parts->ratios[at] = ratio;
    parts->ratio_count++;
}

static mi_code given_ratios(const builder *b, const mi_matrix *list)
{
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < list->columns; i++) {
        char path[MI_PATH_SIZE];
        mi_path_index(path, "evaluation.ratios", i);
        code = note_ratio(b, path, check_ratio(b, list->values[i]));
        insert_ratio(b->parts, list->values[i]);
    }
    return code;
}

/* Nine within the range, those of them that masks of so few tokens can have; where the strategy has
 * few, all of them. */
static mi_code default_ratios(const builder *b)
{
    mi_ratio ratio = b->config->ratio;
    double planned[MI_MASK_RATIOS];
    size_t count = DEFAULT_RATIOS;
    mi_code code = MI_OK;
    for (size_t i = 0; i < DEFAULT_RATIOS; i++) {
        double share = (double)(i + 1) / (DEFAULT_RATIOS + 1);
        planned[i] = mi_result_round(ratio.low + (ratio.high - ratio.low) * share);
    }
    if (b->config->curve.mask_class->ratios != NULL) {
        count = possible_ratios(b, planned);
    }
    for (size_t i = 0; code != MI_MEMORY && i < count; i++) {
        code = check_ratio(b, planned[i]);
        if (code == MI_OK) {
            insert_ratio(b->parts, planned[i]);
        }
    }
    return code == MI_INPUT ? MI_OK : code;
}

static mi_code plan_evaluation(const builder *b)
{
    const mi_value *list = mi_values_find(b->config->evaluation, "ratios");
    mi_ratio ratio = b->config->ratio;
    if (mi_ratio_is_fixed(ratio)) {
        insert_ratio(b->parts, ratio.low);
    }
    mi_code code = list->given                ? given_ratios(b, &list->matrix)
                   : mi_ratio_is_fixed(ratio) ? MI_OK
                                              : default_ratios(b);
    if (code == MI_OK && b->parts->ratio_count == 0) {
        code = note(b, "evaluation.ratios",
                    mi_fail(b->status, MI_INPUT,
                            "none of nine ratios within the range of \"ratio\" can be had with "
                            "so few tokens; give some"));
    }
    return code;
}

/* All that the weights depend on but the contents of data files: a checkpoint of anything else is
 * refused. */
static mi_code make_identity(const builder *b)
{
    static const char *const keys[] = {"method", "model", "mask", "ratio", "training", "seed"};
    const cJSON *resolved = b->config->curve.resolved;
    mi_writer w = {.failed = false};
    cJSON *identity = cJSON_CreateObject();
    mi_add_text(&w, identity, "maskinfo", MI_VERSION);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        mi_add_item(&w, identity, keys[i], cJSON_Duplicate(mi_lab_item(resolved, keys[i]), 1));
    }
    cJSON *training = cJSON_GetObjectItemCaseSensitive(identity, "training");
    cJSON_DeleteItemFromObjectCaseSensitive(training, "checkpoint_every");
    cJSON_DeleteItemFromObjectCaseSensitive(training, "memory");
    char *text = w.failed ? NULL : cJSON_PrintUnformatted(identity);
    mi_code code = text == NULL ? mi_fail(b->status, MI_MEMORY, "out of memory for the run")
                                : mi_copy_text(text, &b->parts->identity, b->status);
    cJSON_free(text);
    cJSON_Delete(identity);
    return code;
}

static mi_code check_memory(const builder *b, const mi_run *run)
{
    size_t bytes = 0;
    mi_code code = mi_trainer_bytes(&b->parts->setting, run, &bytes, b->status);
    if (code == MI_INPUT && b->status->place[0] == '\0') {
        snprintf(b->status->place, sizeof b->status->place, "memory");
    }
    return code;
}

static mi_code make_setting(const builder *b, const mi_run *run)
{
    const mi_train_config *t = b->config;
    mi_code code = make_identity(b);
    if (code != MI_OK) {
        return code;
    }
    mi_training training = mi_training_of(t->training);
    b->parts->setting = (mi_setting){
        .method = b->parts->method,
        .source = b->parts->source,
        .masking = {t->curve.mask_class, t->curve.mask},
        .ratio = t->ratio,
        .training = training,
        .identity = b->parts->identity,
        .memory_limit = training.memory,
    };
    return note(b, "training", check_memory(b, run));
}

static mi_code make_method(const builder *b)
{
    mi_train_parts *p = b->parts;
    mi_code code =
        b->config->method_class->create(b->config->method, &p->shape, &p->method.state, b->status);
    p->method.class = b->config->method_class;
    code = note(b, "method", code);
    if (code == MI_OK && p->method.state != NULL) {
        p->tokens = p->method.class->tokens(p->method.state);
    }
    return code;
}

static mi_code make_source(const builder *b, const mi_run *run)
{
    mi_status *status = b->status;
    mi_code code = mi_curve_model(&b->config->curve, run, b->faults, &b->parts->model, status);
    if (code == MI_INPUT) {
        return MI_OK;
    }
    if (code == MI_OK && b->parts->model->state != NULL) {
        code = note(b, "model", mi_source_create(b->parts->model, run, &b->parts->source, status));
    }
    return code;
}

/* Masks, and the ratios to evaluate at, of a method that has to do with them. */
static mi_code plan_masks(const builder *b)
{
    const mi_method_class *class = b->config->method_class;
    size_t before = b->faults->count;
    mi_code code = class->unmasked ? MI_OK : check_masks(b);
    return code == MI_OK && b->faults->count == before && class->predict != NULL
               ? plan_evaluation(b)
               : code;
}

/* Can the exact curve be had as asked for? */
static mi_code check_estimator(const builder *b, const mi_run *run)
{
    mi_run quick = *run;
    mi_analysis *none = NULL;
    quick.validate_only = true;
    mi_code code =
        mi_curve_analyse(&b->config->curve, b->parts->model, &quick, b->faults, &none, b->status);
    return code == MI_INPUT ? MI_OK : code;
}

static void borrow(const builder *b, const mi_train_parts *lender)
{
    b->parts->model = lender->model;
    b->parts->source = lender->source;
    b->parts->shape = lender->shape;
    memcpy(b->parts->probes, lender->probes, sizeof lender->probes);
    b->parts->borrowed = true;
}

static mi_code make_data(const builder *b, const mi_run *run)
{
    mi_code code = make_source(b, run);
    if (code == MI_OK && b->parts->source != NULL) {
        b->parts->shape = mi_source_shape_of(b->parts->source);
        code = mi_train_probe_open(b->config, b->parts, b->faults, b->status);
    }
    return code;
}

static mi_code build(const builder *b, const mi_run *run, const mi_train_parts *opt_lender)
{
    check_kind(b);
    mi_code code = MI_OK;
    if (opt_lender != NULL) {
        borrow(b, opt_lender);
    } else {
        code = make_data(b, run);
    }
    if (code == MI_OK && b->parts->source != NULL &&
        b->config->method_class->discrete == b->parts->shape.discrete) {
        code = make_method(b);
    }
    if (code != MI_OK || b->parts->method.state == NULL) {
        return code;
    }
    code = plan_masks(b);
    if (code == MI_OK) {
        code = make_setting(b, run);
    }
    return code == MI_OK && b->config->method_class->predict != NULL ? check_estimator(b, run)
                                                                     : code;
}

mi_code mi_train_parts_open(const mi_train_config *config, const mi_run *run,
                            const mi_train_parts *opt_lender, mi_faults *faults,
                            mi_train_parts *parts, mi_status *status)
{
    builder b = {config, parts, faults, status};
    size_t before = faults->count;
    *parts = (mi_train_parts){.model = NULL};
    mi_code code = build(&b, run, opt_lender);
    return code == MI_OK && faults->count > before ? mi_fail(status, MI_INPUT, "bad input") : code;
}

void mi_train_parts_close(mi_train_parts *parts)
{
    if (parts->method.state != NULL) {
        parts->method.class->destroy(parts->method.state);
    }
    free(parts->identity);
    if (parts->borrowed) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        mi_source_destroy(parts->probes[i]);
    }
    mi_source_destroy(parts->source);
    mi_model_destroy(parts->model);
}

mi_code mi_train_check(const mi_train_config *configs, size_t count, const mi_run *run,
                       mi_faults *faults, mi_status *status)
{
    mi_train_parts first = {.model = NULL}, other = {.model = NULL};
    mi_run quick = *run;
    quick.validate_only = true;
    quick.seed = configs[0].curve.seed;
    mi_code code = mi_train_parts_open(&configs[0], &quick, NULL, faults, &first, status);
    for (size_t i = 1; (code == MI_OK || code == MI_INPUT) && first.source != NULL && i < count;
         i++) {
        mi_code own = mi_train_parts_open(&configs[i], &quick, &first, faults, &other, status);
        code = own != MI_OK ? own : code;
        mi_train_parts_close(&other);
    }
    mi_train_parts_close(&first);
    return code;
}
