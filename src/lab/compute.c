/* From a resolved experiment to its result. */
#include <gsl/gsl_math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "center.h"
#include "maskinfo/experiment.h"
#include "maskinfo/memory.h"
#include "maskinfo/result.h"
#include "sweep.h"
#include "training.h"

enum { DEFAULT_STEPS = 49 };

void mi_curve_report(const mi_curve_config *c, const char *part, const mi_status *status,
                     mi_faults *faults)
{
    char at[MI_PATH_SIZE], deeper[MI_PATH_SIZE];
    mi_path_key(at, c->path, part);
    mi_path_key(deeper, at, status->place);
    mi_faults_add(faults, status->place[0] == '\0' ? at : deeper, "%s", status->message);
}

static mi_estimator asked_method(const mi_curve_config *c)
{
    const char *name = mi_text(c->estimator, "method");
    return strcmp(name, "exact") == 0       ? MI_ESTIMATOR_EXACT
           : strcmp(name, "posterior") == 0 ? MI_ESTIMATOR_POSTERIOR
           : strcmp(name, "plugin") == 0    ? MI_ESTIMATOR_PLUGIN
           : strcmp(name, "ksg") == 0       ? MI_ESTIMATOR_KSG
                                            : MI_ESTIMATOR_AUTO;
}

typedef struct piece {
    const mi_model *model;
    double *ratios;
    size_t points;
    mi_plan plan;
    mi_analysis *analysis;
} piece;

static void piece_free(piece *p)
{
    mi_analysis_destroy(p->analysis);
    free(p->ratios);
}

/* A fault of the strategy, or of a ratio that it can not have. */
static void report_mask(const mi_curve_config *c, const mi_status *status, mi_faults *faults)
{
    if (strcmp(status->place, "ratio") != 0) {
        mi_curve_report(c, "mask", status, faults);
        return;
    }
    char at[MI_PATH_SIZE];
    mi_path_key(at, c->path, "ratios");
    mi_faults_add(faults, at, "%s", status->message);
}

static mi_code check_ratios(const mi_curve_config *c, mi_shape shape, const piece *p,
                            mi_faults *faults, mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t i = 0; shape.sites > 0 && i < p->plan.points && code == MI_OK; i++) {
        code = c->mask_class->check(c->mask, mi_layout_of(shape), p->plan.ratios[i], status);
    }
    if (code == MI_INPUT) {
        report_mask(c, status, faults);
    }
    return code;
}

/* Default ratios: those of the strategy where it has a few; else 0.02 to 0.98, from one masked site
 * and to one visible site at least; two sites leave the one ratio 1/2. */
static mi_code default_ratios(const mi_curve_config *c, mi_shape shape, double **ret_ratios,
                              size_t *ret_count, mi_status *status)
{
    double edge = shape.sites == 0 ? 0 : 1.0 / (double)shape.sites;
    double from = edge > 0.02 ? edge : 0.02;
    double to = 1 - from;
    mi_code code = mi_allocate(GSL_MAX(DEFAULT_STEPS, MI_MASK_RATIOS), sizeof **ret_ratios,
                               ret_ratios, status);
    if (code != MI_OK) {
        return code;
    }
    if (c->mask_class->ratios != NULL) {
        *ret_count = c->mask_class->ratios(c->mask, mi_layout_of(shape), *ret_ratios);
        return *ret_count > 0
                   ? MI_OK
                   : mi_fail_at(status, "strategy", "\"%s\" has no ratio on so few sites",
                                c->mask_class->name);
    }
    *ret_count = from < to ? DEFAULT_STEPS : 1;
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret_ratios)[i] = mi_result_round(from + (to - from) * (double)i / (DEFAULT_STEPS - 1));
    }
    return MI_OK;
}

mi_code mi_curve_model(const mi_curve_config *c, const mi_run *run, mi_faults *faults,
                       mi_model **ret_model, mi_status *status)
{
    mi_code code = mi_model_create(c->class, c->model, run, ret_model, status);
    if (code == MI_INPUT) {
        mi_curve_report(c, "model", status, faults);
    }
    return code;
}

/* The ratios asked for, or the default ones. */
static mi_code plan_ratios(const mi_curve_config *c, mi_shape shape, mi_faults *faults, piece *p,
                           mi_status *status)
{
    p->plan.ratios = c->ratios;
    p->plan.points = c->ratio_count;
    if (c->ratios != NULL) {
        return check_ratios(c, shape, p, faults, status);
    }
    mi_code code = default_ratios(c, shape, &p->ratios, &p->points, status);
    if (code == MI_INPUT) {
        report_mask(c, status, faults);
    }
    p->plan.ratios = p->ratios;
    p->plan.points = p->points;
    return code == MI_OK ? check_ratios(c, shape, p, faults, status) : code;
}

/* Sites that an estimator from samples looks at: left open, all that nearest neighbours can take,
 * and two for counts, whose cells grow as V to that power. */
static size_t asked_context(const mi_curve_config *c, mi_estimator method)
{
    return mi_given(c->estimator, "context") ? mi_count(c->estimator, "context")
           : method == MI_ESTIMATOR_KSG      ? 0
                                             : 2;
}

static mi_code check_sampling(const mi_curve_config *c, const piece *p, mi_faults *faults,
                              mi_status *status)
{
    mi_strategy_mask mask;
    mi_sampling sampling = mi_plan_sampling(p->model, &p->plan, &mask);
    mi_code code = mi_sampled_check(p->model, &sampling, status);
    if (code == MI_INPUT) {
        mi_curve_report(c, "estimator", status, faults);
    }
    return code;
}

static mi_code make_plan(const mi_curve_config *c, mi_faults *faults, piece *p, mi_status *status)
{
    mi_shape shape = p->model->class->shape(p->model->state);
    p->plan = (mi_plan){.samples = mi_count(c->estimator, "samples"),
                        .masking = {c->mask_class, c->mask}};
    mi_code code =
        mi_estimator_resolve(p->model, &p->plan.masking, asked_method(c), &p->plan.method, status);
    if (code == MI_INPUT) {
        mi_curve_report(c, "estimator", status, faults);
    }
    p->plan.sets = mi_count(c->estimator, "sets");
    p->plan.masks = mi_count(c->estimator, "masks");
    p->plan.context = asked_context(c, p->plan.method);
    p->plan.neighbors = mi_count(c->estimator, "neighbors");
    if (code == MI_OK) {
        code = plan_ratios(c, shape, faults, p, status);
    }
    return code == MI_OK && mi_estimator_is_sampled(p->plan.method)
               ? check_sampling(c, p, faults, status)
               : code;
}

static mi_code check_curve(const mi_curve_config *c, const mi_run *quick, mi_faults *faults,
                           mi_status *status)
{
    mi_model *model = NULL;
    mi_run run = *quick;
    run.seed = c->seed;
    mi_code code = mi_curve_model(c, &run, faults, &model, status);
    piece p = {.model = model};
    if (code == MI_OK && model->state != NULL) {
        code = make_plan(c, faults, &p, status);
    }
    piece_free(&p);
    mi_model_destroy(model);
    return code;
}

/* Curves, runs, and the runs of the probe curve as one. */
static mi_code check_part(const mi_experiment *e, size_t index, const mi_run *quick,
                          mi_faults *faults, mi_status *status)
{
    size_t first_probe = e->train_count - e->probe_count, run = index - e->count;
    return index < e->count ? check_curve(&e->curves[index], quick, faults, status)
           : run < first_probe
               ? mi_train_check(&e->trains[run], 1, quick, faults, status)
               : mi_train_check(&e->trains[run], e->probe_count, quick, faults, status);
}

/* Faults of the input are told in `faults` alone. */
static mi_code check_settings(const mi_experiment *e, const mi_run *quick, mi_faults *faults,
                              mi_status *status)
{
    if (e->kind == MI_KIND_COMPARE) {
        mi_overlays_check(e, faults);
        mi_sources_check(e, faults);
    } else if (e->kind == MI_KIND_CHECKS) {
        return mi_checks_check(e, quick, faults, status);
    }
    return MI_OK;
}

mi_code mi_experiment_check(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                            mi_status *status)
{
    mi_run quick = *run;
    quick.validate_only = true;
    size_t before = faults->count;
    if (e->kind == MI_KIND_ESTIMATORS) {
        return mi_estimators_check(e, faults, status);
    }
    if (e->kind == MI_KIND_CENTER) {
        return mi_center_check(e, faults, status);
    }
    if (e->kind == MI_KIND_SWEEP) {
        return mi_sweep_check(e->sweep, run, faults, status);
    }
    if (e->kind == MI_KIND_METHODS) {
        return mi_methods_check(e, &quick, faults, status);
    }
    mi_code worst = check_settings(e, &quick, faults, status);
    if (worst == MI_MEMORY || worst == MI_INTERRUPTED) {
        return worst;
    }
    size_t parts = e->count + e->train_count - e->probe_count + (e->probe_count > 0);
    for (size_t i = 0; i < parts; i++) {
        mi_code code = check_part(e, i, &quick, faults, status);
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
    const char *method = mi_estimator_name(p->plan.method);
    mi_replace_item(w, estimator, "method", cJSON_CreateString(method));
    if (mi_estimator_is_sampled(p->plan.method)) {
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
    if (code == MI_OK) {
        code = mi_mask_samples_add(&p->plan.masking, p->analysis->shape, c->seed, result, status);
    }
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

static mi_code analyse(const mi_curve_config *c, const mi_run *run, mi_faults *faults, piece *p,
                       mi_status *status)
{
    mi_code code = make_plan(c, faults, p, status);
    return code == MI_OK && !run->validate_only
               ? mi_analyse(p->model, &p->plan, run, &p->analysis, status)
               : code;
}

mi_code mi_curve_analyse(const mi_curve_config *c, const mi_model *model, const mi_run *run,
                         mi_faults *faults, mi_analysis **ret_analysis, mi_status *status)
{
    piece p = {.model = model};
    mi_code code = analyse(c, run, faults, &p, status);
    if (code == MI_OK) {
        *ret_analysis = p.analysis;
        p.analysis = NULL;
    }
    piece_free(&p);
    return code;
}

static mi_code run_piece(const mi_curve_config *c, const mi_run *run, mi_faults *faults, piece *p,
                         const struct timespec *start, cJSON **ret_result, mi_status *status)
{
    mi_code code = analyse(c, run, faults, p, status);
    return code == MI_OK ? curve_json(c, p, mi_lab_seconds_since(start), ret_result, status) : code;
}

mi_code mi_curve_of_model(const mi_curve_config *c, const mi_model *model, const mi_run *run,
                          mi_faults *faults, cJSON **ret_result, mi_analysis **opt_analysis,
                          mi_status *status)
{
    piece p = {.model = model};
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    mi_code code = run_piece(c, run, faults, &p, &start, ret_result, status);
    if (code == MI_OK && opt_analysis != NULL) {
        *opt_analysis = p.analysis;
        p.analysis = NULL;
    }
    piece_free(&p);
    return code;
}

mi_code mi_curve_compute(const mi_curve_config *c, const mi_run *run, mi_faults *faults,
                         cJSON **ret_result, mi_status *status)
{
    mi_model *model = NULL;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    mi_code code = mi_curve_model(c, run, faults, &model, status);
    piece p = {.model = model};
    if (code == MI_OK) {
        code = run_piece(c, run, faults, &p, &start, ret_result, status);
    }
    piece_free(&p);
    mi_model_destroy(model);
    return code;
}
