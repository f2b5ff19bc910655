/* "monitors" and "collapse" of a training result. */
#include <math.h>
#include <stdio.h>

#include "collapse.h"

static const char unwatched[] = "the method has no monitors";

/* Names, or units, of the monitors. */
static cJSON *texts(const mi_history *h, bool units)
{
    const char *items[MI_MONITORS];
    for (size_t m = 0; m < h->monitors; m++) {
        items[m] = units ? h->monitored[m].unit : h->monitored[m].name;
    }
    return cJSON_CreateStringArray(items, (int)h->monitors);
}

static void put_stretch(mi_writer *w, cJSON *steps, const mi_history *h, size_t from, size_t to,
                        bool missing[MI_MONITORS])
{
    cJSON *object = cJSON_CreateObject();
    mi_add_number(w, object, "step", (double)to);
    for (size_t m = 0; m < h->monitors; m++) {
        double mean = mi_history_mean(h->monitor[m], from, to);
        missing[m] = missing[m] || !isfinite(mean);
        mi_add_number(w, object, h->monitored[m].name, mean);
    }
    mi_append_item(w, steps, object);
}

/* Why numbers of the steps are null. */
static void put_reasons(mi_writer *w, cJSON *object, const mi_history *h,
                        const bool missing[MI_MONITORS])
{
    for (size_t m = 0; m < h->monitors; m++) {
        if (missing[m]) {
            char key[96];
            snprintf(key, sizeof key, "%s_reason", h->monitored[m].name);
            mi_add_text(w, object, key, "not taken in any step of the stretch");
        }
    }
}

void mi_train_put_monitors(mi_writer *w, const mi_train_state *s, cJSON *result)
{
    const mi_history *h = &s->history;
    bool missing[MI_MONITORS] = {false};
    if (h->monitors == 0) {
        mi_add_null(w, result, "monitors", unwatched);
        return;
    }
    cJSON *object = cJSON_CreateObject(), *steps = cJSON_CreateArray();
    size_t stretches = mi_train_stretches(h);
    mi_add_item(w, object, "names", texts(h, false));
    mi_add_item(w, object, "units", texts(h, true));
    mi_add_number_or(w, object, "log_prototypes", mi_log_prototypes(s->config, MI_CLASS_OUTPUTS),
                     "the method has no prototypes for the class token");
    mi_add_number_or(w, object, "log_patch_prototypes",
                     mi_log_prototypes(s->config, MI_PATCH_OUTPUTS),
                     "the method has no prototypes for patches");
    for (size_t i = 0; steps != NULL && i < stretches; i++) {
        put_stretch(w, steps, h, i * h->steps / stretches, (i + 1) * h->steps / stretches, missing);
    }
    mi_add_item(w, object, "steps", steps);
    put_reasons(w, object, h, missing);
    mi_add_item(w, result, "monitors", object);
}

static void put_verdict(mi_writer *w, cJSON *object, const mi_collapse_verdict *v,
                        double log_prototypes)
{
    static const char none[] = "it is not monitored";
    char text[320];
    mi_add_text(w, object, "verdict", mi_collapse_name(v->kind));
    mi_add_number_or(w, object, "step", v->kind == MI_SOUND ? NAN : (double)v->step, "no collapse");
    mi_add_text(w, object, "message", mi_collapse_text(v, log_prototypes, text, sizeof text));
    mi_add_number_or(w, object, "information", v->information, none);
    mi_add_number_or(w, object, "threshold", v->threshold, "there are no prototypes");
    mi_add_number_or(w, object, "teacher_entropy", v->teacher_entropy, none);
    mi_add_number_or(w, object, "mean_entropy", v->mean_entropy, none);
}

static double final_loss(const mi_history *h, const mi_collapse_limits *limits)
{
    size_t from = h->steps > limits->window ? h->steps - limits->window : 0;
    return mi_history_mean(h->loss, from, h->steps);
}

static void put_patches(mi_writer *w, cJSON *object, const mi_train_state *s,
                        const mi_collapse_limits *limits)
{
    double log_prototypes = mi_log_prototypes(s->config, MI_PATCH_OUTPUTS);
    if (!mi_collapse_is_watched(&s->history, MI_PATCH_OUTPUTS)) {
        mi_add_null(w, object, "patch", "the method has no outputs for patches");
        return;
    }
    mi_collapse_verdict v = mi_collapse_find(&s->history, MI_PATCH_OUTPUTS, limits, log_prototypes,
                                             s->parts.setting.training.steps);
    if (!isfinite(v.information)) {
        mi_add_null(w, object, "patch", "no patch was masked in the last steps");
        return;
    }
    cJSON *patch = cJSON_CreateObject();
    put_verdict(w, patch, &v, log_prototypes);
    mi_add_item(w, object, "patch", patch);
}

void mi_train_put_collapse(mi_writer *w, const mi_train_state *s, cJSON *result)
{
    mi_collapse_limits limits = mi_collapse_limits_of(s->config->collapse);
    double log_prototypes = mi_log_prototypes(s->config, MI_CLASS_OUTPUTS);
    char text[256];
    if (!mi_collapse_is_watched(&s->history, MI_CLASS_OUTPUTS)) {
        mi_add_null(w, result, "collapse", unwatched);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    mi_collapse_verdict v = mi_collapse_find(&s->history, MI_CLASS_OUTPUTS, &limits, log_prototypes,
                                             s->parts.setting.training.steps);
    put_verdict(w, object, &v, log_prototypes);
    mi_add_number_or(w, object, "feature_deviation", v.deviation, "it is not monitored");
    mi_add_number_or(w, object, "effective_rank", v.rank,
                     "it is not monitored, or was not taken in the last steps");
    const char *remark =
        mi_collapse_loss(s->config, final_loss(&s->history, &limits), text, sizeof text);
    if (remark != NULL) {
        mi_add_text(w, object, "loss_remark", remark);
    } else {
        mi_add_null(w, object, "loss_remark", "the loss is not near ln K");
    }
    put_patches(w, object, s, &limits);
    mi_add_item(w, result, "collapse", object);
}

/* The first of the verdicts and the remark on the loss that there is something to say of. */
bool mi_train_find_collapse(const mi_train_state *s, char *text, size_t size)
{
    static const mi_outputs outputs[] = {MI_CLASS_OUTPUTS, MI_PATCH_OUTPUTS};
    static const char *const of[] = {"", "patches: "};
    mi_collapse_limits limits = mi_collapse_limits_of(s->config->collapse);
    for (size_t i = 0; i < 2; i++) {
        double log_prototypes = mi_log_prototypes(s->config, outputs[i]);
        mi_collapse_verdict v = mi_collapse_find(&s->history, outputs[i], &limits, log_prototypes,
                                                 s->parts.setting.training.steps);
        if (v.kind != MI_SOUND) {
            char sentence[256], loss[256];
            const char *remark =
                mi_collapse_loss(s->config, final_loss(&s->history, &limits), loss, sizeof loss);
            snprintf(text, size, "%s%s%s%s", of[i],
                     mi_collapse_text(&v, log_prototypes, sentence, sizeof sentence),
                     remark != NULL ? "; " : "", remark != NULL ? remark : "");
            return true;
        }
    }
    return false;
}
