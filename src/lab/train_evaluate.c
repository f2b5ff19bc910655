/* The trained network against the floor, and the optimum of its curve. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "training.h"

static void put_losses(mi_writer *w, cJSON *object, const mi_floor_point *p)
{
    mi_add_number(w, object, "loss", p->loss);
    mi_add_number(w, object, "loss_se", p->loss_se);
    mi_add_number(w, object, "floor", p->floor);
    mi_add_number(w, object, "floor_se", p->floor_se);
    mi_add_number(w, object, "gap", p->gap);
    mi_add_number(w, object, "gap_se", p->gap_se);
}

static void put_rest(mi_writer *w, cJSON *object, const mi_floor_point *p)
{
    mi_add_number(w, object, "gap_nats", p->gap_nats);
    mi_add_number(w, object, "gap_nats_se", p->gap_nats_se);
    mi_add_number(w, object, "reference_loss", p->reference_loss);
    mi_add_number(w, object, "reference_loss_se", p->reference_loss_se);
    mi_add_number(w, object, "class_accuracy", p->class_accuracy);
    mi_add_number(w, object, "class_accuracy_exact", p->class_accuracy_exact);
}

static void put_point(mi_writer *w, cJSON *points, const mi_floor_point *p)
{
    cJSON *object = cJSON_CreateObject();
    mi_add_number(w, object, "ratio", p->ratio);
    mi_add_number(w, object, "samples", (double)p->samples);
    put_losses(w, object, p);
    mi_add_number(w, object, "conditional_entropy", p->conditional_entropy);
    mi_add_number(w, object, "conditional_entropy_se", p->conditional_entropy_se);
    mi_add_number(w, object, "exact_conditional_entropy", p->exact_conditional_entropy);
    mi_add_number(w, object, "exact_conditional_entropy_pooled",
                  p->exact_conditional_entropy_pooled);
    mi_add_number(w, object, "information", p->information);
    mi_add_number(w, object, "information_se", p->information_se);
    mi_add_number(w, object, "exact_information", p->exact_information);
    mi_add_number(w, object, "objective", p->ratio * p->information);
    mi_add_number(w, object, "exact_objective", p->ratio * p->exact_information);
    put_rest(w, object, p);
    mi_add_bool(w, object, "leak", p->leak);
    mi_append_item(w, points, object);
}

static const mi_floor_point *find_leak(const mi_train_state *s)
{
    for (size_t i = 0; i < s->parts.ratio_count; i++) {
        if (s->points[i].leak) {
            return &s->points[i];
        }
    }
    return s->trained.leak ? &s->trained : NULL;
}

static void put_leak(mi_writer *w, cJSON *evaluation, const mi_train_state *s)
{
    const mi_floor_point *p = find_leak(s);
    char text[256], where[32] = "over the range of ratios";
    mi_add_bool(w, evaluation, "leak", p != NULL);
    if (p == NULL) {
        return;
    }
    if (isfinite(p->ratio)) {
        snprintf(where, sizeof where, "at ratio %g", p->ratio);
    }
    snprintf(text, sizeof text,
             "%s the loss %.5g lies %.1f errors below the floor %.5g: the network sees what it "
             "must not, or the floor is wrong",
             where, p->loss, -p->gap / p->gap_se, p->floor);
    mi_add_text(w, evaluation, "leak_message", text);
}

const char *mi_train_no_prediction(const mi_train_state *s)
{
    return s->config->method_class->predict == NULL ? "the method predicts no values of tokens"
                                                    : NULL;
}

static void put_reason(mi_writer *w, cJSON *evaluation, const char *name, double value,
                       const char *reason)
{
    char key[80];
    if (!isfinite(value)) {
        snprintf(key, sizeof key, "%s_reason", name);
        mi_add_text(w, evaluation, key, reason);
    }
}

/* Why numbers of the evaluation and of its points are null. */
static void put_reasons(mi_writer *w, cJSON *evaluation, const mi_train_state *s,
                        const mi_floor_point *p)
{
    const char *none = mi_train_no_prediction(s);
    const char *floor = none != NULL ? none : mi_floor_reason(&s->parts.setting);
    const struct {
        const char *name, *reason;
        double value;
    } reasons[] = {
        {"ratio", "drawn anew for each example, as in training", p->ratio},
        {"loss", "not known", p->loss},
        {"floor", floor != NULL ? floor : "not known", p->floor},
        {"reference_loss", isfinite(p->floor) ? "the floor is exact" : "the model has none",
         p->reference_loss},
        {"gap_nats", "one of the entropies is not known", p->gap_nats},
        {"conditional_entropy", "the targets are not the pixels themselves",
         p->conditional_entropy},
        {"exact_conditional_entropy", "the model has no posterior of these tokens",
         p->exact_conditional_entropy},
        {"exact_conditional_entropy_pooled", "it is of pixels with exact posterior means",
         p->exact_conditional_entropy_pooled},
        {"information", "the conditional entropy is not known", p->information},
        {"objective", "the information is not known", p->information},
        {"exact_information", "the exact conditional entropy is not known", p->exact_information},
        {"exact_objective", "the exact information is not known", p->exact_information},
        {"class_accuracy", "the source has no classes to decode", p->class_accuracy},
        {"class_accuracy_exact", "the source has no classes to decode", p->class_accuracy_exact},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        put_reason(w, evaluation, reasons[i].name, reasons[i].value,
                   none != NULL ? none : reasons[i].reason);
    }
}

static void put_evaluation(mi_writer *w, cJSON *result, const mi_train_state *s)
{
    cJSON *evaluation = cJSON_CreateObject();
    const mi_floor_point *p = &s->trained;
    mi_add_number(w, evaluation, "ratio", p->ratio);
    put_losses(w, evaluation, p);
    mi_add_number(w, evaluation, "gap_percent", 100 * p->gap / p->floor);
    put_rest(w, evaluation, p);
    put_leak(w, evaluation, s);
    put_reasons(w, evaluation, s, p);
    mi_add_item(w, result, "evaluation", evaluation);
}

void mi_train_put_optimum(mi_writer *w, cJSON *result, const char *name, const mi_optimum *o)
{
    if (!o->valid) {
        mi_add_null(w, result, name, o->reason);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    mi_add_number(w, object, "ratio", o->ratio);
    mi_add_number(w, object, "low", o->low);
    mi_add_number(w, object, "high", o->high);
    mi_add_number(w, object, "objective", o->objective);
    mi_add_number(w, object, "resolution", o->resolution);
    mi_add_bool(w, object, "edge", o->edge);
    mi_add_item(w, result, name, object);
}

/* The examples are the replicates: each one's information at all ratios is a curve of its own. */
static mi_code curve_of_points(const mi_train_state *s, mi_curve **ret_curve, mi_status *status)
{
    size_t points = s->parts.ratio_count, samples = s->points[0].samples;
    double *values[MI_QUANTITIES] = {NULL}, *objective = NULL;
    mi_shape shape = {.dimensions = s->parts.tokens.dimensions,
                      .sites = s->parts.tokens.rows * s->parts.tokens.columns,
                      .rows = s->parts.tokens.rows,
                      .columns = s->parts.tokens.columns,
                      .vocabulary = s->parts.shape.vocabulary};
    mi_code code = mi_allocate(samples * points, sizeof *objective, &objective, status);
    for (size_t i = 0; code == MI_OK && i < samples * points; i++) {
        objective[i] = s->parts.ratios[i % points] * s->information[i];
    }
    values[MI_Q_INFORMATION] = s->information;
    values[MI_Q_OBJECTIVE] = objective;
    if (code == MI_OK) {
        code = mi_curve_from_values(values, NULL, samples, &shape, MI_COUNT_FIXED, s->parts.ratios,
                                    points, ret_curve, status);
    }
    free(objective);
    return code;
}

static const char *no_curve(const mi_train_state *s)
{
    for (size_t i = 0; i < s->parts.ratio_count; i++) {
        if (!isfinite(s->points[i].information)) {
            return "the information is not known";
        }
    }
    return s->parts.ratio_count < 3 ? "fewer than 3 ratios were evaluated" : NULL;
}

static mi_code put_optimum(mi_writer *w, const mi_train_state *s, const mi_run *run, cJSON *result,
                           mi_status *status)
{
    mi_curve *curve = NULL;
    mi_optimum optimum = {.valid = false};
    const char *reason = no_curve(s);
    mi_code code = MI_OK;
    if (reason != NULL) {
        snprintf(optimum.reason, sizeof optimum.reason, "%s", reason);
    } else {
        code = curve_of_points(s, &curve, status);
    }
    if (code == MI_OK && reason == NULL) {
        code = mi_optimum_find(curve, run, &optimum, status);
    }
    if (code == MI_OK) {
        mi_train_put_optimum(w, result, "optimum", &optimum);
    }
    mi_optimum_free(&optimum);
    mi_curve_destroy(curve);
    return code;
}

/* At the ratios of the evaluation, and as in training. */
static mi_code evaluate(mi_train_state *s, const mi_run *run, mi_status *status)
{
    size_t count = s->parts.ratio_count, samples = mi_count(s->config->evaluation, "samples");
    mi_code code = mi_allocate(count, sizeof *s->points, &s->points, status);
    if (code == MI_OK) {
        code = mi_allocate(samples * count, sizeof *s->information, &s->information, status);
    }
    if (code == MI_OK) {
        code = mi_floor_evaluate(&s->parts.setting, &s->weights, s->parts.ratios, count, samples,
                                 run, s->points, s->information, status);
    }
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        if (s->parts.ratios[i] == s->config->ratio.low) {
            s->trained = s->points[i];
        }
    }
    double drawn = NAN;
    return code == MI_OK && !mi_ratio_is_fixed(s->config->ratio)
               ? mi_floor_evaluate(&s->parts.setting, &s->weights, &drawn, 1, samples, run,
                                   &s->trained, NULL, status)
               : code;
}

/* Of a method without predictions there is nothing but its training loss, and what a probe tells.
 */
static void put_no_evaluation(mi_writer *w, mi_train_state *s, cJSON *result)
{
    const char *reason = mi_train_no_prediction(s);
    s->trained = (mi_floor_point){.ratio = NAN,
                                  .loss = NAN,
                                  .loss_se = NAN,
                                  .floor = NAN,
                                  .floor_se = NAN,
                                  .gap = NAN,
                                  .gap_se = NAN,
                                  .conditional_entropy = NAN,
                                  .exact_conditional_entropy = NAN,
                                  .exact_conditional_entropy_pooled = NAN,
                                  .gap_nats = NAN,
                                  .gap_nats_se = NAN,
                                  .information = NAN,
                                  .exact_information = NAN,
                                  .reference_loss = NAN,
                                  .reference_loss_se = NAN,
                                  .class_accuracy = NAN,
                                  .class_accuracy_exact = NAN};
    put_evaluation(w, result, s);
    mi_add_null(w, result, "points", reason);
    mi_add_null(w, result, "optimum", reason);
}

mi_code mi_train_put_evaluation(mi_writer *w, mi_train_state *s, const mi_run *run, cJSON *result,
                                mi_status *status)
{
    if (mi_train_no_prediction(s) != NULL) {
        put_no_evaluation(w, s, result);
        return MI_OK;
    }
    mi_code code = evaluate(s, run, status);
    if (code != MI_OK) {
        return code;
    }
    put_evaluation(w, result, s);
    cJSON *points = cJSON_CreateArray();
    for (size_t i = 0; points != NULL && i < s->parts.ratio_count; i++) {
        put_point(w, points, &s->points[i]);
    }
    mi_add_item(w, result, "points", points);
    return put_optimum(w, s, run, result, status);
}
