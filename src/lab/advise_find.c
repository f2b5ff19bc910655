/* Curves of an advice, and what prevents them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise.h"
#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

const mi_finding *mi_study_find(const mi_study *s, const char *label)
{
    for (size_t i = 0; s->experiment != NULL && i < s->experiment->count; i++) {
        if (strcmp(s->experiment->curves[i].label, label) == 0) {
            return &s->findings[i];
        }
    }
    return NULL;
}

void mi_study_forget(mi_study *s)
{
    for (size_t i = 0; s->findings != NULL && i < s->experiment->count; i++) {
        cJSON_Delete(s->findings[i].curve);
        mi_analysis_destroy(s->findings[i].analysis);
    }
    free(s->findings);
    mi_model_destroy(s->model);
    mi_experiment_destroy(s->experiment);
    s->model = NULL;
    s->findings = NULL;
    s->experiment = NULL;
}

/* Failures that end everything; any other one is a finding. */
static bool ends_all(mi_code code)
{
    return code == MI_MEMORY || code == MI_INTERRUPTED || code == MI_IO;
}

void mi_study_announce(const mi_run *run, const char *heading)
{
    if (run->opt_progress != NULL) {
        run->opt_progress(run->opt_progress_context, heading, 0, 0);
    }
}

/* Resolve the experiment of the present choice, in place of an earlier one. */
mi_code mi_study_make(mi_study *s, mi_status *status)
{
    cJSON *document = NULL;
    mi_faults faults = {.file = s->subject.path};
    mi_study_forget(s);
    mi_code code = mi_advice_document(&s->subject, &s->choice, &document, status);
    if (code == MI_OK) {
        code = mi_experiment_create(document, &faults, &s->experiment, status);
    }
    if (code == MI_INPUT && faults.count > 0 && faults.messages[0] != NULL) {
        mi_fail(status, MI_INPUT, "%s", faults.messages[0]);
    }
    mi_faults_clear(&faults);
    cJSON_Delete(document);
    if (code == MI_OK) {
        code = mi_allocate(s->experiment->count, sizeof *s->findings, &s->findings, status);
    }
    for (size_t i = 0; code == MI_OK && i < s->experiment->count; i++) {
        s->findings[i].config = &s->experiment->curves[i];
    }
    return code;
}

static mi_code make_model(const mi_study *s, const mi_finding *f, mi_model **ret_model,
                          mi_status *status)
{
    mi_faults faults = {.file = s->subject.path};
    mi_code code = mi_curve_model(f->config, s->run, &faults, ret_model, status);
    mi_faults_clear(&faults);
    return code;
}

/* What the status says, with the parameter that it is about. */
static void note_reason(mi_finding *f, const mi_status *status)
{
    snprintf(f->reason, sizeof f->reason, "%.80s%s%.500s", status->place,
             status->place[0] == '\0' ? "" : ": ", status->message);
}

/* A curve of a model; what prevents it is kept as its reason. */
static mi_code find_curve(const mi_study *s, const mi_model *model, mi_finding *f,
                          mi_status *status)
{
    mi_faults faults = {.file = s->subject.path};
    mi_study_announce(s->run, f->config->label);
    mi_code code =
        mi_curve_of_model(f->config, model, s->run, &faults, &f->curve, &f->analysis, status);
    mi_faults_clear(&faults);
    if (code != MI_OK && !ends_all(code)) {
        note_reason(f, status);
        code = MI_OK;
    }
    return code;
}

/* Is there a curve that says something? */
bool mi_finding_sound(const mi_finding *f)
{
    return f->analysis != NULL && !f->analysis->misfit.detected && f->analysis->optimum.valid;
}

/* The point of a curve at a ratio; its number of points where there is none. */
static size_t point_at(const mi_curve *curve, double ratio)
{
    size_t p = 0;
    while (p < curve->points && fabs(curve->ratios[p] - ratio) > 1e-9) {
        p++;
    }
    return p;
}

/* Replicates of a strategy and of random masks draw the same data, so that their differences are
 * sharper than either. */
static mi_code compare_with_random(mi_finding *f, const mi_curve *random, mi_status *status)
{
    const mi_curve *own = f->analysis->curve;
    size_t count = own->replicates[MI_Q_INFORMATION];
    double *differences = NULL;
    mi_code code = mi_allocate(count, sizeof *differences, &differences, status);
    for (size_t i = 0; code == MI_OK && i < 2; i++) {
        size_t p = point_at(own, mi_advice_ratios[i]), q = point_at(random, mi_advice_ratios[i]);
        f->compared[i] =
            p < own->points && q < random->points && random->replicates[MI_Q_INFORMATION] == count;
        for (size_t j = 0; f->compared[i] && j < count; j++) {
            differences[j] = own->values[MI_Q_INFORMATION][j * own->points + p] -
                             random->values[MI_Q_INFORMATION][j * random->points + q];
        }
        if (f->compared[i]) {
            mi_mean_error(differences, 1, count, &f->difference[i], &f->difference_error[i]);
        }
    }
    free(differences);
    return code;
}

static mi_code find_strategy(const mi_study *s, const mi_model *model, mi_finding *f,
                             mi_status *status)
{
    mi_curve *random = NULL;
    const mi_finding *base = mi_study_find(s, "random");
    mi_masking masking = {base->config->mask_class, base->config->mask};
    mi_code code = find_curve(s, model, f, status);
    if (code != MI_OK || f->analysis == NULL) {
        return code;
    }
    size_t samples = mi_count(f->config->estimator, "samples");
    code = mi_masked_curve(model, &masking, mi_advice_ratios, 2, samples, s->run, &random, status);
    if (code == MI_OK) {
        code = compare_with_random(f, random, status);
    }
    mi_curve_destroy(random);
    return code != MI_OK && !ends_all(code) ? MI_OK : code;
}

static bool is_strategy(const mi_study *s, const mi_finding *f)
{
    for (size_t i = 0; i < s->choice.strategy_count; i++) {
        if (strcmp(f->config->label, s->choice.strategies[i]) == 0) {
            return true;
        }
    }
    return false;
}

mi_code mi_study_strategies(mi_study *s, mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < s->experiment->count; i++) {
        if (is_strategy(s, &s->findings[i])) {
            code = find_strategy(s, s->model, &s->findings[i], status);
        }
    }
    return code;
}

/* A curve that has a model of its own, which goes to *ret_model; that it can not be had is a
 * finding, and the model then NULL. */
static mi_code find_alone(mi_study *s, const char *label, mi_model **ret_model, mi_status *status)
{
    mi_finding *f = (mi_finding *)mi_study_find(s, label);
    mi_study_announce(s->run, label);
    mi_code code = make_model(s, f, ret_model, status);
    if (code == MI_OK) {
        return find_curve(s, *ret_model, f, status);
    }
    if (!ends_all(code)) {
        note_reason(f, status);
        code = MI_OK;
    }
    return code;
}

mi_code mi_study_curve(mi_study *s, const char *label, mi_status *status)
{
    mi_model *model = NULL;
    mi_code code = find_alone(s, label, &model, status);
    mi_model_destroy(model);
    return code;
}

mi_code mi_study_curves(mi_study *s, mi_status *status)
{
    const char *const halves[] = {mi_advice_first, mi_advice_second};
    mi_code code = mi_study_make(s, status);
    if (code == MI_OK) {
        code = find_alone(s, "random", &s->model, status);
    }
    for (size_t i = 0; i < 2 && code == MI_OK && mi_finding_sound(&s->findings[0]); i++) {
        code = mi_study_curve(s, halves[i], status);
    }
    return code;
}
