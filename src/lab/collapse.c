#include "collapse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double near = 0.01; /* of a loss to ln K, as a share of it */

const mi_parameter mi_collapse_parameters[] = {
    {.name = "information",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .fallback = "0.02",
     .unit = "share of ln K",
     .help = "outputs count as constant where the information between image and prototype is not "
             "above it"},
    {.name = "deviation",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .fallback = "0.05",
     .unit = "",
     .help = "features count as a point where their deviation is not above it; 1: spread evenly"},
    {.name = "rank",
     .type = MI_REAL,
     .low = 0,
     .high = 1e6,
     .fallback = "1.1",
     .unit = "",
     .help = "features count as a line where their effective rank is not above it; untrained small "
             "encoders have little more"},
    {.name = "window",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1000000,
     .fallback = "20",
     .unit = "steps",
     .help = "that are averaged before they are judged"},
    {.name = "hold",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_LOW_OPEN,
     .fallback = "0.2",
     .unit = "share of the steps",
     .help = "for which it must have lasted, to the last step, to be told"},
    {.name = NULL},
};

mi_collapse_limits mi_collapse_limits_of(const mi_values *v)
{
    return (mi_collapse_limits){.information = mi_real(v, "information"),
                                .deviation = mi_real(v, "deviation"),
                                .rank = mi_real(v, "rank"),
                                .window = mi_count(v, "window"),
                                .hold = mi_real(v, "hold")};
}

const char *mi_collapse_name(mi_collapse kind)
{
    static const char *const names[] = {"none", "uniform", "one prototype", "dimensional"};
    return names[kind];
}

/* The monitors that tell, NULL where there are none. */
typedef struct watched {
    const double *information, *teacher, *mean, *deviation, *rank;
} watched;

static watched find_watched(const mi_history *h, mi_outputs outputs)
{
    if (outputs == MI_PATCH_OUTPUTS) {
        return (watched){.information = mi_history_find(h, "patch_information"),
                         .teacher = mi_history_find(h, "patch_teacher_entropy"),
                         .mean = mi_history_find(h, "patch_mean_entropy")};
    }
    return (watched){mi_history_find(h, "information"), mi_history_find(h, "teacher_entropy"),
                     mi_history_find(h, "mean_entropy"), mi_history_find(h, "feature_deviation"),
                     mi_history_find(h, "effective_rank")};
}

bool mi_collapse_is_watched(const mi_history *h, mi_outputs outputs)
{
    watched w = find_watched(h, outputs);
    return w.information != NULL || w.deviation != NULL || w.rank != NULL;
}

static double mean_of(const double *opt_values, size_t from, size_t to)
{
    return opt_values == NULL ? NAN : mi_history_mean(opt_values, from, to);
}

/* The kind of the steps from .. to-1, whose means are left in the verdict. What is not known (NAN)
 * is not above its limit only by a comparison that is true: there is none with NAN. */
static mi_collapse judge(const watched *w, size_t from, size_t to, const mi_collapse_limits *limits,
                         double log_prototypes, mi_collapse_verdict *v)
{
    v->information = mean_of(w->information, from, to);
    v->teacher_entropy = mean_of(w->teacher, from, to);
    v->mean_entropy = mean_of(w->mean, from, to);
    v->deviation = mean_of(w->deviation, from, to);
    v->rank = mean_of(w->rank, from, to);
    if (v->information <= v->threshold) {
        return v->mean_entropy > log_prototypes / 2 ? MI_UNIFORM : MI_ONE_PROTOTYPE;
    }
    v->line = !(v->deviation <= limits->deviation);
    return v->deviation <= limits->deviation || v->rank <= limits->rank ? MI_DIMENSIONAL : MI_SOUND;
}

/* Whole windows from the first step on; what is left of the steps joins the last one. A collapse of
 * another kind than the last window's, just before it, is one with it: a constant output may wander
 * from one form to the other. */
mi_collapse_verdict mi_collapse_find(const mi_history *h, mi_outputs outputs,
                                     const mi_collapse_limits *limits, double log_prototypes,
                                     size_t steps)
{
    watched w = find_watched(h, outputs);
    mi_collapse_verdict v = {.threshold = limits->information * log_prototypes}, earlier = v;
    size_t windows = h->steps / limits->window, first;
    windows = windows > 0 ? windows : 1;
    first = (windows - 1) * limits->window;
    v.kind = judge(&w, first, h->steps, limits, log_prototypes, &v);
    for (size_t i = windows - 1; v.kind != MI_SOUND && i > 0; i--) {
        size_t from = (i - 1) * limits->window;
        if (judge(&w, from, i * limits->window, limits, log_prototypes, &earlier) == MI_SOUND) {
            break;
        }
        first = from;
    }
    if ((double)(h->steps - first) < limits->hold * (double)steps) {
        v.kind = MI_SOUND;
    }
    v.step = v.kind == MI_SOUND ? 0 : first + 1;
    return v;
}

/* What the outputs that all images share look like. "Uniform" is a name: half of ln K is enough. */
static const char *shape_of(const mi_collapse_verdict *v, double log_prototypes, char *text,
                            size_t size)
{
    snprintf(text, size, "over %s (entropy %.3g of ln K = %.4g)",
             v->kind == MI_UNIFORM ? "many prototypes" : "few prototypes or one", v->mean_entropy,
             log_prototypes);
    return text;
}

const char *mi_collapse_text(const mi_collapse_verdict *v, double log_prototypes, char *text,
                             size_t size)
{
    char shape[96];
    switch (v->kind) {
    case MI_UNIFORM:
    case MI_ONE_PROTOTYPE:
        snprintf(text, size,
                 "collapse (%s): since step %zu the teacher says the same of every image, %s: "
                 "information %.3g nats%s",
                 mi_collapse_name(v->kind), v->step,
                 shape_of(v, log_prototypes, shape, sizeof shape), v->information,
                 v->step <= 1 ? "; or it has not begun to learn" : "");
        break;
    case MI_DIMENSIONAL:
        snprintf(text, size,
                 "collapse (dimensional): since step %zu the features of all images lie on %s "
                 "(deviation %.3g, effective rank %.3g)",
                 v->step, v->line ? "a line" : "a point", v->deviation, v->rank);
        break;
    case MI_SOUND:
        snprintf(text, size, "no collapse");
        break;
    }
    return text;
}

/* A number of "method.head" of the configuration; NAN: it is not there, or null. */
static double head_number(const mi_train_config *t, const char *name)
{
    const cJSON *head = mi_lab_item(mi_lab_item(t->curve.resolved, "method"), "head");
    return mi_lab_number(head, name);
}

static bool monitors(const mi_train_config *t, const char *name)
{
    const mi_monitor *m = t->method_class->monitors;
    for (; m != NULL && m->name != NULL; m++) {
        if (strcmp(m->name, name) == 0) {
            return true;
        }
    }
    return false;
}

double mi_log_prototypes(const mi_train_config *t, mi_outputs outputs)
{
    double prototypes = head_number(t, "prototypes");
    double patch_prototypes = head_number(t, "patch_prototypes");
    if (outputs == MI_CLASS_OUTPUTS) {
        return monitors(t, "teacher_entropy") ? log(prototypes) : NAN;
    }
    return !monitors(t, "patch_teacher_entropy") ? NAN
           : isfinite(patch_prototypes)          ? log(patch_prototypes)
                                                 : log(prototypes);
}

static double weight_of(const mi_train_config *t, const char *name)
{
    const cJSON *weight = mi_lab_item(mi_lab_item(t->curve.resolved, "method"), name);
    return cJSON_IsNumber(weight) ? weight->valuedouble : 1;
}

/* The cross-entropy of any target and a uniform prediction is ln K exactly. The patches' is a mean
 * over all global views, of which those without masked tokens count 0: the share `masked_views` of
 * it is left on average. (KoLeo, which is not known beforehand, is left out.) */
const char *mi_collapse_loss(const mi_train_config *t, double loss, char *text, size_t size)
{
    double class = mi_log_prototypes(t, MI_CLASS_OUTPUTS);
    double patch = mi_log_prototypes(t, MI_PATCH_OUTPUTS);
    double uniform = weight_of(t, "class_weight") * class;
    if (isfinite(patch)) {
        uniform += weight_of(t, "patch_weight") * weight_of(t, "masked_views") * patch;
    }
    if (!(uniform > 0 && fabs(loss - uniform) <= near * uniform)) {
        return NULL;
    }
    if (isfinite(patch) || uniform != class) {
        snprintf(text, size,
                 "the loss %.4f lies within 1 %% of %.4f, the weighed ln K of class token and "
                 "patches, that of a student that says the same of all prototypes",
                 loss, uniform);
    } else {
        snprintf(text, size,
                 "the loss %.4f lies within 1 %% of ln %.0f = %.4f, that of a student that says "
                 "the same of all prototypes",
                 loss, exp(class), class);
    }
    return text;
}
