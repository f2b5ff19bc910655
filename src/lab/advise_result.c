/* An advice as JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "advise.h"
#include "maskinfo/data.h"
#include "maskinfo/statistics.h"

static void put_range(mi_writer *w, cJSON *object, const char *name, size_t low, size_t high)
{
    const double range[2] = {(double)low, (double)high};
    mi_add_numbers(w, object, name, range, 2);
}

static void put_amounts(mi_writer *w, cJSON *data, const mi_subject *s)
{
    if (s->text) {
        mi_add_number(w, data, "letters", (double)s->letters);
        mi_add_number(w, data, "held_out_windows", (double)s->held_out_windows);
        return;
    }
    if (s->series) {
        mi_add_number(w, data, "steps", (double)s->steps);
    } else {
        mi_add_number(w, data, "images", (double)s->images);
        put_range(w, data, "rows", s->low[0], s->high[0]);
        put_range(w, data, "columns", s->low[1], s->high[1]);
    }
    mi_add_number(w, data, "channels", (double)s->channels);
    mi_add_number(w, data, "patch", (double)s->patch);
    put_range(w, data, "grid", s->grid[0], s->grid[1]);
}

static void put_data(mi_writer *w, cJSON *result, const mi_study *s)
{
    cJSON *data = cJSON_CreateObject();
    mi_add_text(w, data, "path", s->subject.path);
    mi_add_text(w, data, "kind", mi_data_kind_name(s->subject.kind));
    mi_add_text(w, data, "sites",
                s->subject.text     ? "letters"
                : s->subject.series ? "steps in time"
                                    : "patches");
    put_amounts(w, data, &s->subject);
    mi_add_item(w, result, "data", data);
}

/* The experiment, with what only its run could tell where there was one. */
static void put_config(mi_writer *w, cJSON *result, const mi_study *s)
{
    const mi_experiment *e = s->experiment;
    if (e == NULL) {
        mi_add_item(w, result, "config", cJSON_CreateNull());
        mi_add_text(w, result, "config_reason", "there is too little data for any curve");
        return;
    }
    cJSON *config = cJSON_CreateObject(), *curves = cJSON_CreateArray();
    mi_add_text(w, config, "experiment", "compare");
    mi_add_number(w, config, "seed", (double)s->choice.seed);
    for (size_t i = 0; i < e->count; i++) {
        const mi_curve_config *c = &e->curves[i];
        cJSON *entry = cJSON_Duplicate(c->resolved, 1);
        cJSON_DeleteItemFromObjectCaseSensitive(entry, "experiment");
        mi_add_text(w, entry, "label", c->label);
        mi_add_text(w, entry, "group", mi_text(c->entry, "group"));
        mi_add_numbers(w, entry, "ratios", c->ratios, c->ratio_count);
        mi_append_item(w, curves, entry);
    }
    mi_add_item(w, config, "curves", curves);
    mi_add_item(w, result, "config", config);
}

static void put_recommendation(mi_writer *w, cJSON *result, const mi_study *s)
{
    const mi_judgement *j = &s->judgement;
    if (j->certainty == MI_REFUSED) {
        char help[300];
        mi_advice_help(s, help, sizeof help);
        mi_add_item(w, result, "recommendation", cJSON_CreateNull());
        mi_add_text(w, result, "reason", j->reason);
        mi_add_text(w, result, "what_would_help", help);
        return;
    }
    const mi_optimum *o = &s->findings[0].analysis->optimum;
    cJSON *object = cJSON_CreateObject();
    mi_add_number(w, object, "ratio", o->ratio);
    mi_add_number(w, object, "low", o->low);
    mi_add_number(w, object, "high", o->high);
    mi_add_number(w, object, "objective", o->objective);
    mi_add_text(w, object, "certainty", mi_certainty_name(j->certainty));
    mi_add_text(w, object, "reason", j->reason);
    mi_add_item(w, result, "recommendation", object);
}

static void put_regime(mi_writer *w, cJSON *result, const mi_study *s)
{
    const mi_analysis *a = s->experiment != NULL ? s->findings[0].analysis : NULL;
    const char *verdict = mi_regime_name(a != NULL ? a->regime.verdict : MI_UNDETERMINED);
    cJSON *object = cJSON_CreateObject();
    mi_add_text(w, object, "verdict", verdict);
    mi_add_text(w, object, "sentence", a != NULL ? mi_advice_regime(verdict) : "there is no curve");
    mi_add_item(w, result, "regime", object);
}

static void put_orders(mi_writer *w, cJSON *result, const mi_study *s)
{
    cJSON *orders = cJSON_CreateArray();
    for (size_t i = 0; i < s->order_count; i++) {
        cJSON *order = cJSON_CreateObject();
        mi_add_number(w, order, "order", (double)s->orders[i].order);
        mi_add_number(w, order, "cross_entropy", s->orders[i].cross_entropy);
        mi_add_number(w, order, "cross_entropy_se", s->orders[i].error);
        mi_append_item(w, orders, order);
    }
    mi_add_item(w, result, "orders", orders);
}

static void put_tried(mi_writer *w, cJSON *result, const mi_study *s)
{
    cJSON *tried = cJSON_CreateArray();
    for (size_t i = 0; i < s->tried; i++) {
        const mi_advice_trial *t = &s->trials[i];
        cJSON *trial = cJSON_CreateObject();
        mi_add_text(w, trial, "family", t->family);
        mi_add_number(w, trial, "patch", (double)t->patch);
        put_range(w, trial, "grid", t->grid[0], t->grid[1]);
        mi_add_bool(w, trial, "of_a_half", t->half);
        mi_add_text(w, trial, "misfit", t->misfit);
        mi_append_item(w, tried, trial);
    }
    mi_add_item(w, result, "tried", tried);
    if (!s->subject.text) {
        mi_add_text(w, result, "family", s->choice.family);
    } else {
        mi_add_number(w, result, "order", s->choice.order > 0 ? (double)s->choice.order : NAN);
    }
}

static void put_optimum(mi_writer *w, cJSON *object, const mi_optimum *o)
{
    if (!o->valid) {
        mi_add_item(w, object, "optimum", cJSON_CreateNull());
        mi_add_text(w, object, "optimum_reason", o->reason);
        return;
    }
    cJSON *optimum = cJSON_CreateObject();
    mi_add_number(w, optimum, "ratio", o->ratio);
    mi_add_number(w, optimum, "low", o->low);
    mi_add_number(w, optimum, "high", o->high);
    mi_add_bool(w, optimum, "edge", o->edge);
    mi_add_item(w, object, "optimum", optimum);
}

/* The numbers of a curve at one ratio. */
static cJSON *at_json(mi_writer *w, const mi_finding *f, size_t i)
{
    const mi_curve *c = f->analysis->curve;
    cJSON *at = cJSON_CreateObject();
    size_t p = 0;
    while (p < c->points && fabs(c->ratios[p] - mi_advice_ratios[i]) > 1e-9) {
        p++;
    }
    bool there = p < c->points;
    mi_add_number(w, at, "ratio", mi_advice_ratios[i]);
    mi_add_number(w, at, "information", there ? c->mean[MI_Q_INFORMATION][p] : NAN);
    mi_add_number(w, at, "information_se", there ? c->error[MI_Q_INFORMATION][p] : NAN);
    mi_add_number(w, at, "joint_information", there ? c->mean[MI_Q_JOINT][p] : NAN);
    mi_add_number(w, at, "mse_floor",
                  there && c->replicates[MI_Q_MSE] > 0 ? c->mean[MI_Q_MSE][p] : NAN);
    mi_add_number(w, at, "difference", f->compared[i] ? f->difference[i] : NAN);
    mi_add_number(w, at, "difference_se", f->compared[i] ? f->difference_error[i] : NAN);
    if (!there) {
        mi_add_text(w, at, "reason", "the strategy has no such ratio on these sites");
    }
    return at;
}

static cJSON *strategy_json(mi_writer *w, const mi_study *s, const char *name)
{
    const mi_finding *f = mi_study_find(s, name);
    cJSON *object = cJSON_CreateObject();
    bool available = f != NULL && f->analysis != NULL;
    mi_add_text(w, object, "name", name);
    mi_add_bool(w, object, "available", available);
    if (!available) {
        mi_add_text(w, object, "reason",
                    f != NULL && f->reason[0] != '\0' ? f->reason
                                                      : "not computed, as nothing is advised");
        return object;
    }
    char sentence[400];
    mi_advice_strategy(s, f, sentence, sizeof sentence);
    cJSON *ratios = cJSON_CreateArray();
    for (size_t i = 0; i < 2; i++) {
        mi_append_item(w, ratios, at_json(w, f, i));
    }
    mi_add_item(w, object, "at", ratios);
    put_optimum(w, object, &f->analysis->optimum);
    mi_add_text(w, object, "sentence",
                sentence[0] != '\0'           ? sentence
                : strcmp(name, "random") == 0 ? "what the others are compared with"
                                              : "not compared with random masks");
    return object;
}

static void put_strategies(mi_writer *w, cJSON *result, const mi_study *s)
{
    cJSON *strategies = cJSON_CreateArray();
    mi_append_item(w, strategies, strategy_json(w, s, "random"));
    for (size_t i = 0; i < s->choice.strategy_count; i++) {
        mi_append_item(w, strategies, strategy_json(w, s, s->choice.strategies[i]));
    }
    mi_add_item(w, result, "strategies", strategies);
}

/* Rate of the exponential fit of a half and its error; NAN where there is none. */
static double rate_of(const mi_finding *f)
{
    bool valid = f != NULL && f->analysis != NULL && f->analysis->exponential.valid;
    return valid ? f->analysis->exponential.exponent : NAN;
}

static double rate_error(const mi_finding *f)
{
    return isfinite(rate_of(f)) ? hypot(f->analysis->exponential.exponent_error,
                                        f->analysis->exponential.sampling_error)
                                : NAN;
}

static cJSON *half_json(mi_writer *w, const mi_finding *f, const char *part)
{
    cJSON *half = cJSON_CreateObject();
    mi_add_text(w, half, "part", part);
    if (f == NULL || f->analysis == NULL) {
        mi_add_text(w, half, "reason",
                    f != NULL && f->reason[0] != '\0' ? f->reason
                                                      : "not computed, as nothing is advised");
        return half;
    }
    const mi_analysis *a = f->analysis;
    put_optimum(w, half, &a->optimum);
    mi_add_number(w, half, "rate", rate_of(f));
    mi_add_number(w, half, "rate_se", rate_error(f));
    mi_add_text(w, half, "misfit", a->misfit.detected ? a->misfit.sentence : NULL);
    return half;
}

/* Second half less first. */
static void put_agreement(mi_writer *w, cJSON *result, const mi_study *s)
{
    const mi_judgement *j = &s->judgement;
    const mi_finding *first = mi_study_find(s, mi_advice_first);
    const mi_finding *second = mi_study_find(s, mi_advice_second);
    double difference = rate_of(second) - rate_of(first);
    double error = hypot(rate_error(first), rate_error(second));
    cJSON *agreement = cJSON_CreateObject();
    mi_add_number(w, agreement, "optimum_difference", j->has_difference ? j->difference : NAN);
    mi_add_number(w, agreement, "optimum_z", j->has_difference ? j->z : NAN);
    mi_add_number(w, agreement, "rate_difference", difference);
    mi_add_number(w, agreement, "rate_z", error > 0 ? difference / error : NAN);
    mi_add_item(w, result, "agreement", agreement);
}

static void put_halves(mi_writer *w, cJSON *result, const mi_study *s)
{
    cJSON *halves = cJSON_CreateArray();
    mi_append_item(w, halves, half_json(w, mi_study_find(s, mi_advice_first), "first"));
    mi_append_item(w, halves, half_json(w, mi_study_find(s, mi_advice_second), "second"));
    put_agreement(w, result, s);
    mi_add_item(w, result, "halves", halves);
}

static void put_curves(mi_writer *w, cJSON *result, const mi_study *s)
{
    cJSON *curves = cJSON_CreateArray();
    for (size_t i = 0; s->experiment != NULL && i < s->experiment->count; i++) {
        if (s->findings[i].curve == NULL) {
            continue;
        }
        cJSON *curve = cJSON_Duplicate(s->findings[i].curve, 1);
        cJSON_DeleteItemFromObjectCaseSensitive(curve, "timing");
        mi_add_text(w, curve, "group", mi_text(s->findings[i].config->entry, "group"));
        mi_append_item(w, curves, curve);
    }
    mi_add_item(w, result, "curves", curves);
}

mi_code mi_advice_json(const mi_study *s, cJSON **ret_result, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject(), *timing = cJSON_CreateObject();
    mi_add_text(&w, result, "maskinfo", MI_VERSION);
    mi_add_text(&w, result, "experiment", "advise");
    put_data(&w, result, s);
    put_config(&w, result, s);
    mi_add_text(&w, result, "units", "nats");
    put_recommendation(&w, result, s);
    put_regime(&w, result, s);
    put_orders(&w, result, s);
    put_tried(&w, result, s);
    put_strategies(&w, result, s);
    put_halves(&w, result, s);
    put_curves(&w, result, s);
    mi_add_number(&w, timing, "seconds", s->seconds);
    mi_add_item(&w, result, "timing", timing);
    if (w.failed) {
        cJSON_Delete(result);
        return mi_fail(status, MI_MEMORY, "out of memory for the result");
    }
    *ret_result = result;
    return MI_OK;
}
