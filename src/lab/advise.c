/* Advice: the curves of a person's own data, and what they determine. */
#include "advise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "maskinfo/memory.h"
#include "maskinfo/posterior.h"
#include "maskinfo/statistics.h"

enum {
    ORDER_SAMPLES = 24, /* windows that the orders of the letter model are compared on */
    FEWEST_WINDOWS = 32 /* held out: below, an error can not be taken from them */
};

/* In the order in which they are tried. */
static const char *const families[MI_ADVICE_FAMILIES] = {"scale-mixture", "gaussian"};

const mi_finding *mi_study_find(const mi_study *s, const char *label)
{
    for (size_t i = 0; s->experiment != NULL && i < s->experiment->count; i++) {
        if (strcmp(s->experiment->curves[i].label, label) == 0) {
            return &s->findings[i];
        }
    }
    return NULL;
}

static void forget(mi_study *s)
{
    for (size_t i = 0; s->findings != NULL && i < s->experiment->count; i++) {
        cJSON_Delete(s->findings[i].curve);
        mi_analysis_destroy(s->findings[i].analysis);
    }
    free(s->findings);
    mi_experiment_destroy(s->experiment);
    s->findings = NULL;
    s->experiment = NULL;
}

/* Failures that end everything; any other one is a finding. */
static bool ends_all(mi_code code)
{
    return code == MI_MEMORY || code == MI_INTERRUPTED || code == MI_IO;
}

static void announce(const mi_run *run, const char *heading)
{
    if (run->opt_progress != NULL) {
        run->opt_progress(run->opt_progress_context, heading, 0, 0);
    }
}

/* Resolve the experiment of the present choice, in place of an earlier one. */
static mi_code make_experiment(mi_study *s, mi_status *status)
{
    cJSON *document = NULL;
    mi_faults faults = {.file = s->subject.path};
    forget(s);
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
    announce(s->run, f->config->label);
    mi_code code =
        mi_curve_of_model(f->config, model, s->run, &faults, &f->curve, &f->analysis, status);
    mi_faults_clear(&faults);
    if (code != MI_OK && !ends_all(code)) {
        note_reason(f, status);
        code = MI_OK;
    }
    return code;
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

static mi_code find_strategies(mi_study *s, const mi_model *model, mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < s->experiment->count; i++) {
        if (is_strategy(s, &s->findings[i])) {
            code = find_strategy(s, model, &s->findings[i], status);
        }
    }
    return code;
}

/* Is there a curve that says something? The others are not worth their time where there is none. */
static bool is_sound(const mi_finding *f)
{
    return f->analysis != NULL && !f->analysis->misfit.detected && f->analysis->optimum.valid;
}

/* The curve of random masks on all data, and if its density is sound those of the strategies. */
static mi_code find_all_data(mi_study *s, mi_status *status)
{
    mi_model *model = NULL;
    mi_finding *f = &s->findings[0];
    announce(s->run, "the model of all data");
    mi_code code = make_model(s, f, &model, status);
    if (code == MI_OK) {
        code = find_curve(s, model, f, status);
    } else if (!ends_all(code)) {
        note_reason(f, status);
        code = MI_OK;
    }
    if (code == MI_OK && is_sound(f)) {
        code = find_strategies(s, model, status);
    }
    mi_model_destroy(model);
    return code;
}

/* A curve that has a model of its own; that it can not be had is a finding. */
static mi_code find_alone(mi_study *s, const char *label, mi_status *status)
{
    mi_model *model = NULL;
    mi_finding *f = (mi_finding *)mi_study_find(s, label);
    announce(s->run, label);
    mi_code code = make_model(s, f, &model, status);
    if (code == MI_OK) {
        code = find_curve(s, model, f, status);
    } else if (!ends_all(code)) {
        note_reason(f, status);
        code = MI_OK;
    }
    mi_model_destroy(model);
    return code;
}

static mi_code find_others(mi_study *s, mi_status *status)
{
    mi_code code = s->subject.text ? find_alone(s, mi_advice_model, status) : MI_OK;
    if (code == MI_OK) {
        code = find_alone(s, mi_advice_first, status);
    }
    return code == MI_OK ? find_alone(s, mi_advice_second, status) : code;
}

/* Cross-entropy per letter of whole held-out windows: the sum of the profile, by the chain rule. */
static mi_code weigh_order(mi_study *s, mi_advice_order *order, mi_status *status)
{
    mi_model *model = NULL;
    mi_profile *profile = NULL;
    double sums[ORDER_SAMPLES] = {0};
    s->choice.order = order->order;
    mi_code code = make_experiment(s, status);
    if (code == MI_OK) {
        code = make_model(s, &s->findings[0], &model, status);
    }
    if (code == MI_OK) {
        code = mi_posterior_profile(model, ORDER_SAMPLES, s->run, &profile, status);
    }
    for (size_t i = 0; code == MI_OK && i < ORDER_SAMPLES * (size_t)MI_ADVICE_LENGTH; i++) {
        sums[i / MI_ADVICE_LENGTH] +=
            profile->series[MI_ENTROPY].values[i] / (double)MI_ADVICE_LENGTH;
    }
    if (code == MI_OK) {
        mi_mean_error(sums, 1, ORDER_SAMPLES, &order->cross_entropy, &order->error);
    }
    mi_profile_destroy(profile);
    mi_model_destroy(model);
    return code;
}

static mi_code choose_order(mi_study *s, mi_status *status)
{
    size_t best = 0;
    mi_code code = MI_OK;
    announce(s->run, "order of the letter model");
    for (size_t k = 0; code == MI_OK && k < MI_ADVICE_ORDERS; k++) {
        s->orders[k].order = k + 1;
        code = weigh_order(s, &s->orders[k], status);
        best = s->orders[k].cross_entropy < s->orders[best].cross_entropy ? k : best;
    }
    s->order_count = MI_ADVICE_ORDERS;
    s->choice.order = best + 1;
    return code;
}

static mi_code find_text(mi_study *s, mi_status *status)
{
    mi_code code = MI_OK;
    if (s->subject.held_out_windows < FEWEST_WINDOWS) {
        snprintf(s->too_little, sizeof s->too_little,
                 "%zu letters: the fifth of them that is held out has %zu windows of %d, and an "
                 "error can be taken from %d at least",
                 s->subject.letters, s->subject.held_out_windows, MI_ADVICE_LENGTH, FEWEST_WINDOWS);
        return MI_OK;
    }
    s->choice.order = s->options->order;
    if (s->choice.order == 0) {
        code = choose_order(s, status);
    }
    if (code == MI_OK) {
        code = make_experiment(s, status);
    }
    return code == MI_OK ? find_all_data(s, status) : code;
}

/* The first density that does not contradict itself, else the last one tried. */
static mi_code find_images(mi_study *s, mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < MI_ADVICE_FAMILIES; i++) {
        s->choice.family = families[i];
        code = make_experiment(s, status);
        if (code == MI_OK) {
            code = find_all_data(s, status);
        }
        const mi_analysis *a = code == MI_OK ? s->findings[0].analysis : NULL;
        if (a == NULL || !a->misfit.detected || i + 1 == MI_ADVICE_FAMILIES) {
            break;
        }
        s->families[s->tried] = families[i];
        snprintf(s->misfits[s->tried++], sizeof s->misfits[0], "%s", a->misfit.sentence);
    }
    return code;
}

static mi_estimate estimate_of(const mi_finding *f)
{
    const mi_analysis *a = f->analysis;
    return a != NULL && a->optimum.valid && !a->misfit.detected
               ? (mi_estimate){true, a->optimum.ratio, a->optimum.low, a->optimum.high}
               : (mi_estimate){.valid = false};
}

static void judge(mi_study *s)
{
    const mi_finding *f = s->experiment != NULL ? &s->findings[0] : NULL;
    if (f == NULL || f->analysis == NULL) {
        s->judgement = (mi_judgement){.certainty = MI_REFUSED, .refusal = MI_TOO_LITTLE};
        snprintf(s->judgement.reason, sizeof s->judgement.reason, "%s",
                 f == NULL ? s->too_little : f->reason);
        return;
    }
    const mi_analysis *a = f->analysis;
    const mi_optimum *o = &a->optimum;
    mi_evidence e = {
        .all = {o->valid, o->ratio, o->low, o->high},
        .opt_none = o->valid ? NULL : o->reason,
        .opt_misfit = a->misfit.detected ? a->misfit.sentence : NULL,
        .first_edge = o->edge && o->ratio <= a->curve->ratios[0],
        .last_edge = o->edge && o->ratio > a->curve->ratios[0],
        .replicates = a->curve->replicates[MI_Q_INFORMATION],
        .halves = {estimate_of(mi_study_find(s, mi_advice_first)),
                   estimate_of(mi_study_find(s, mi_advice_second))},
    };
    mi_advice_judge(&e, &s->judgement);
}

static bool takes(const mi_mask_class *class, mi_layout layout)
{
    /* A strategy that is about the other number of dimensions says so; other faults depend on its
     * parameters and come later. */
    bool block = strcmp(class->name, "block") == 0, span = strcmp(class->name, "span") == 0;
    return !(block && layout.dimensions == 1) && !(span && layout.dimensions == 2);
}

static mi_code add_strategy(mi_study *s, const mi_mask_class *class)
{
    for (size_t i = 0; i < s->choice.strategy_count; i++) {
        if (strcmp(s->choice.strategies[i], class->name) == 0) {
            return MI_OK;
        }
    }
    if (strcmp(class->name, "random") != 0 && s->choice.strategy_count < MI_ADVICE_STRATEGIES) {
        s->choice.strategies[s->choice.strategy_count++] = class->name;
    }
    return MI_OK;
}

/* Those asked for, else all that suit the sites; "random" is always there. */
static mi_code choose_strategies(mi_study *s, mi_status *status)
{
    const mi_advice_options *o = s->options;
    mi_layout layout = {.dimensions = s->subject.text || s->subject.series ? 1 : 2};
    for (const mi_mask_class *const *m = mi_mask_classes(); o->strategy_count == 0 && *m != NULL;
         m++) {
        if (takes(*m, layout)) {
            add_strategy(s, *m);
        }
    }
    for (size_t i = 0; i < o->strategy_count; i++) {
        const mi_mask_class *class = mi_mask_find(o->strategies[i]);
        if (class == NULL || !takes(class, layout)) {
            return mi_fail(status, MI_INPUT,
                           "--strategy %s: must be one of random, %s, grid for %s",
                           o->strategies[i], layout.dimensions == 1 ? "span" : "block",
                           layout.dimensions == 1 ? "a sequence" : "images");
        }
        add_strategy(s, class);
    }
    return MI_OK;
}

static mi_code check_numbers(const mi_advice_options *o, mi_status *status)
{
    if (o->patch > 32) {
        return mi_fail(status, MI_INPUT, "--patch %zu: must be a whole number in [1, 32]",
                       o->patch);
    }
    if (o->order > MI_ADVICE_ORDERS) {
        return mi_fail(status, MI_INPUT, "--order %zu: must be a whole number in [1, %d]", o->order,
                       MI_ADVICE_ORDERS);
    }
    return MI_OK;
}

static mi_code study_data(mi_study *s, mi_status *status)
{
    mi_code code = check_numbers(s->options, status);
    if (code == MI_OK) {
        code = mi_subject_read(s->options, &s->subject, status);
    }
    if (code == MI_OK) {
        code = choose_strategies(s, status);
    }
    if (code == MI_OK) {
        code = s->subject.text ? find_text(s, status) : find_images(s, status);
    }
    bool sound = code == MI_OK && s->experiment != NULL && is_sound(&s->findings[0]);
    return sound ? find_others(s, status) : code;
}

mi_code mi_advise(const mi_advice_options *options, const mi_run *run, cJSON **ret_result,
                  mi_status *status)
{
    mi_status local = {.code = MI_OK};
    mi_study s = {.options = options, .run = run, .choice = {.seed = run->seed}};
    struct timespec from, to;
    status = status != NULL ? status : &local; /* reasons are read from it */
    clock_gettime(CLOCK_MONOTONIC, &from);
    mi_code code = study_data(&s, status);
    if (code == MI_OK) {
        clock_gettime(CLOCK_MONOTONIC, &to);
        s.seconds = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
        judge(&s);
        code = mi_advice_json(&s, ret_result, status);
    }
    forget(&s);
    return code;
}
