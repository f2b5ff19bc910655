/* From a resolved experiment to its result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "maskinfo/experiment.h"
#include "maskinfo/memory.h"
#include "maskinfo/result.h"

enum { DEFAULT_STEPS = 49 };

/* A status of a model or a method as a fault of the experiment file. */
static void report(const mi_curve_config *c, const char *part, const mi_status *status,
                   mi_faults *faults)
{
    char at[MI_PATH_SIZE], deeper[MI_PATH_SIZE];
    mi_path_key(at, c->path, part);
    mi_path_key(deeper, at, status->place);
    mi_faults_add(faults, status->place[0] == '\0' ? at : deeper, "%s", status->message);
}

static mi_method asked_method(const mi_curve_config *c)
{
    const char *name = mi_text(c->estimator, "method");
    return strcmp(name, "exact") == 0       ? MI_METHOD_EXACT
           : strcmp(name, "posterior") == 0 ? MI_METHOD_POSTERIOR
           : strcmp(name, "plugin") == 0    ? MI_METHOD_PLUGIN
           : strcmp(name, "ksg") == 0       ? MI_METHOD_KSG
                                            : MI_METHOD_AUTO;
}

/* Default ratios: 0.02 to 0.98, from one masked site and to one visible site at least; two sites
 * leave the one ratio 1/2. */
static mi_code default_ratios(mi_shape shape, double **ret_ratios, size_t *ret_count,
                              mi_status *status)
{
    double edge = shape.sites == 0 ? 0 : 1.0 / (double)shape.sites;
    double from = edge > 0.02 ? edge : 0.02;
    double to = 1 - from;
    *ret_count = from < to ? DEFAULT_STEPS : 1;
    mi_code code = mi_allocate(DEFAULT_STEPS, sizeof **ret_ratios, ret_ratios, status);
    for (size_t i = 0; code == MI_OK && i < *ret_count; i++) {
        (*ret_ratios)[i] = mi_result_round(from + (to - from) * (double)i / (DEFAULT_STEPS - 1));
    }
    return code;
}

/* A mask of fixed count hides at least one site; a Bernoulli mask may hide none. */
static mi_code check_ratios(const mi_curve_config *c, mi_shape shape, mi_faults *faults,
                            mi_status *status)
{
    bool fixed = mi_is(c->mask, "count", "fixed") && shape.sites > 0;
    double least = fixed ? 1.0 / (double)shape.sites : 0;
    if (c->ratios == NULL || c->ratios[0] >= least * (1 - 1e-12)) {
        return MI_OK;
    }
    char at[MI_PATH_SIZE];
    mi_path_key(at, c->path, "ratios");
    mi_faults_add(faults, at,
                  "the smallest, %g, leaves less than one of the %zu sites masked; must be in "
                  "[%.4g, 1)",
                  c->ratios[0], shape.sites, least);
    return mi_fail(status, MI_INPUT, "bad ratios");
}

typedef struct piece {
    mi_model *model;
    double *ratios;
    size_t points;
    mi_plan plan;
    mi_analysis *analysis;
} piece;

static void piece_free(piece *p)
{
    mi_model_destroy(p->model);
    mi_analysis_destroy(p->analysis);
    free(p->ratios);
}

static mi_code create_model(const mi_curve_config *c, const mi_run *run, mi_faults *faults,
                            mi_model **ret_model, mi_status *status)
{
    mi_code code = mi_model_create(c->class, c->model, run, ret_model, status);
    if (code == MI_INPUT) {
        report(c, "model", status, faults);
    }
    return code;
}

/* Sites that an estimator from samples looks at: left open, all that nearest neighbours can take,
 * and two for counts, whose cells grow as V to that power. */
static size_t asked_context(const mi_curve_config *c, mi_method method)
{
    return mi_given(c->estimator, "context") ? mi_count(c->estimator, "context")
           : method == MI_METHOD_KSG         ? 0
                                             : 2;
}

static mi_code check_sampling(const mi_curve_config *c, const piece *p, mi_faults *faults,
                              mi_status *status)
{
    mi_random_mask mask;
    mi_sampling sampling = mi_plan_sampling(p->model, &p->plan, &mask);
    mi_code code = mi_sampled_check(p->model, &sampling, status);
    if (code == MI_INPUT) {
        report(c, "estimator", status, faults);
    }
    return code;
}

static mi_code make_plan(const mi_curve_config *c, mi_faults *faults, piece *p, mi_status *status)
{
    mi_shape shape = p->model->class->shape(p->model->state);
    mi_method resolved = MI_METHOD_AUTO;
    mi_code code = check_ratios(c, shape, faults, status);
    if (code == MI_OK) {
        code = mi_method_resolve(p->model, asked_method(c), &resolved, status);
        if (code == MI_INPUT) {
            report(c, "estimator", status, faults);
        }
    }
    if (code == MI_OK && c->ratios == NULL) {
        code = default_ratios(shape, &p->ratios, &p->points, status);
    }
    p->plan = (mi_plan){
        .method = resolved,
        .samples = mi_count(c->estimator, "samples"),
        .sets = mi_count(c->estimator, "sets"),
        .masks = mi_count(c->estimator, "masks"),
        .context = asked_context(c, resolved),
        .neighbors = mi_count(c->estimator, "neighbors"),
        .count = mi_is(c->mask, "count", "bernoulli") ? MI_COUNT_BERNOULLI : MI_COUNT_FIXED,
        .ratios = c->ratios != NULL ? c->ratios : p->ratios,
        .points = c->ratios != NULL ? c->ratio_count : p->points,
    };
    if (code == MI_OK && mi_method_is_sampled(resolved)) {
        code = check_sampling(c, p, faults, status);
    }
    return code;
}

mi_code mi_experiment_check(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                            mi_status *status)
{
    mi_run quick = *run;
    quick.validate_only = true;
    mi_code worst = MI_OK;
    size_t before = faults->count;
    if (e->estimators) {
        return mi_estimators_check(e, faults, status);
    }
    if (e->compare) {
        mi_overlays_check(e, faults);
    }
    for (size_t i = 0; i < e->count; i++) {
        piece p = {.model = NULL};
        quick.seed = e->curves[i].seed;
        mi_code code = create_model(&e->curves[i], &quick, faults, &p.model, status);
        if (code == MI_OK && p.model->state != NULL) {
            code = make_plan(&e->curves[i], faults, &p, status);
        }
        piece_free(&p);
        worst = code != MI_OK ? code : worst;
        if (code == MI_MEMORY || code == MI_INTERRUPTED) {
            return code;
        }
    }
    return worst == MI_OK && faults->count > before ? mi_fail(status, MI_INPUT, "bad input")
                                                    : worst;
}

/* The resolved configuration with what only the model could tell: ratios and method. */
static void put_config(mi_writer *w, cJSON *result, const mi_curve_config *c, const piece *p)
{
    cJSON *config = cJSON_Duplicate(c->resolved, 1);
    cJSON *estimator = cJSON_GetObjectItemCaseSensitive(config, "estimator");
    cJSON *method = cJSON_CreateString(mi_method_name(p->plan.method));
    if (method == NULL || !cJSON_ReplaceItemInObjectCaseSensitive(estimator, "method", method)) {
        w->failed = true;
    }
    if (mi_method_is_sampled(p->plan.method)) {
        cJSON_DeleteItemFromObjectCaseSensitive(estimator, "context");
        mi_add_number(w, estimator, "context", (double)p->plan.context);
    }
    mi_add_numbers(w, config, "ratios", p->plan.ratios, p->plan.points);
    mi_add_item(w, result, "config", config);
}

static mi_code curve_json(const mi_curve_config *c, const piece *p, double seconds,
                          cJSON **ret_result, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject(), *timing = cJSON_CreateObject();
    mi_add_text(&w, result, "maskinfo", MI_VERSION);
    mi_add_text(&w, result, "experiment", "curve");
    if (c->label != NULL) {
        mi_add_text(&w, result, "label", c->label);
    }
    put_config(&w, result, c, p);
    mi_code code = mi_result_add_analysis(result, p->analysis, status);
    mi_add_number(&w, timing, "seconds", seconds);
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

mi_code mi_curve_compute(const mi_curve_config *c, const mi_run *run, mi_faults *faults,
                         cJSON **ret_result, mi_status *status)
{
    piece p = {.model = NULL};
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    mi_code code = create_model(c, run, faults, &p.model, status);
    if (code == MI_OK) {
        code = make_plan(c, faults, &p, status);
    }
    if (code == MI_OK) {
        code = mi_analyse(p.model, &p.plan, run, &p.analysis, status);
    }
    if (code == MI_OK) {
        code = curve_json(c, &p, mi_lab_seconds_since(&start), ret_result, status);
    }
    piece_free(&p);
    return code;
}
