/* Advice: the curves of a person's own data, and what they determine. */
#include "advise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "maskinfo/posterior.h"
#include "maskinfo/statistics.h"

enum {
    ORDER_SAMPLES = 24, /* windows that the orders of the letter model are compared on */
    FEWEST_WINDOWS = 32 /* held out: below, an error can not be taken from them */
};

/* In the order in which they are tried. */
static const char *const families[] = {"scale-mixture", "gaussian"};
enum { FAMILIES = sizeof families / sizeof *families };

/* Cross-entropy per letter of whole held-out windows: the sum of the profile, by the chain rule. */
static mi_code weigh_order(mi_study *s, mi_advice_order *order, mi_status *status)
{
    mi_model *model = NULL;
    mi_profile *profile = NULL;
    mi_faults faults = {.file = s->subject.path};
    double sums[ORDER_SAMPLES] = {0};
    s->choice.order = order->order;
    mi_code code = mi_study_make(s, status);
    if (code == MI_OK) {
        code = mi_curve_model(s->findings[0].config, s->run, &faults, &model, status);
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
    mi_faults_clear(&faults);
    mi_profile_destroy(profile);
    mi_model_destroy(model);
    return code;
}

static mi_code choose_order(mi_study *s, mi_status *status)
{
    size_t best = 0;
    mi_code code = MI_OK;
    mi_study_announce(s->run, "order of the letter model");
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
        code = mi_study_curves(s, status);
    }
    return code == MI_OK && mi_finding_sound(&s->findings[0])
               ? mi_study_curve(s, mi_advice_model, status)
               : code;
}

/* What contradicts the density of all data, or of a half; NULL where nothing does. */
static const char *contradiction(const mi_study *s)
{
    const char *const labels[] = {"random", mi_advice_first, mi_advice_second};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        const mi_analysis *a = mi_study_find(s, labels[i])->analysis;
        if (a != NULL && a->misfit.detected) {
            return a->misfit.sentence;
        }
    }
    return NULL;
}

static void note_trial(mi_study *s)
{
    mi_advice_trial *t = &s->trials[s->tried++];
    t->family = s->choice.family;
    t->patch = s->subject.patch;
    t->half = !s->findings[0].analysis->misfit.detected;
    memcpy(t->grid, s->subject.grid, sizeof t->grid);
    snprintf(t->misfit, sizeof t->misfit, "%s", contradiction(s));
}

/* Go back to the first trial that only a half contradicts, where there is one. */
static mi_code go_back(mi_study *s, mi_status *status)
{
    for (size_t i = 0; i < s->tried; i++) {
        const mi_advice_trial *t = &s->trials[i];
        if (t->half) {
            s->choice.family = t->family;
            s->subject.patch = t->patch;
            memcpy(s->subject.grid, t->grid, sizeof t->grid);
            return mi_study_curves(s, status);
        }
    }
    return MI_OK;
}

/* The first density that nothing contradicts, with smaller patches if need be. */
static mi_code find_images(mi_study *s, mi_status *status)
{
    s->choice.family = families[0];
    mi_code code = mi_study_curves(s, status);
    for (size_t i = 1; code == MI_OK && contradiction(s) != NULL && i < MI_ADVICE_TRIALS; i++) {
        mi_subject refined = s->subject;
        if (i % FAMILIES == 0 && !mi_subject_refine(&refined)) {
            break;
        }
        note_trial(s);
        s->subject = refined;
        s->choice.family = families[i % FAMILIES];
        code = mi_study_curves(s, status);
    }
    bool misfit = code == MI_OK && s->findings[0].analysis != NULL &&
                  s->findings[0].analysis->misfit.detected;
    return misfit ? go_back(s, status) : code;
}

static mi_estimate estimate_of(const mi_finding *f)
{
    const mi_analysis *a = f->analysis;
    return a != NULL && a->optimum.valid && !a->misfit.detected
               ? (mi_estimate){true, a->optimum.ratio, a->optimum.low, a->optimum.high}
               : (mi_estimate){.valid = false};
}

static size_t replicates_of(const mi_finding *f)
{
    return f->analysis != NULL ? f->analysis->curve->replicates[MI_Q_INFORMATION] : 0;
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
        .half_replicates = {replicates_of(mi_study_find(s, mi_advice_first)),
                            replicates_of(mi_study_find(s, mi_advice_second))},
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
    bool sound = code == MI_OK && s->experiment != NULL && mi_finding_sound(&s->findings[0]);
    return sound ? mi_study_strategies(s, status) : code;
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
    mi_study_forget(&s);
    return code;
}
