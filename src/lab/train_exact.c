/* The exact curve that a trained network is held against, and its optimum. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/masked.h"
#include "training.h"

static void put_point(mi_writer *w, cJSON *points, double ratio, double entropy, double information)
{
    cJSON *point = cJSON_CreateObject();
    mi_add_number(w, point, "ratio", ratio);
    mi_add_number(w, point, "conditional_entropy", entropy);
    mi_add_number(w, point, "information", information);
    mi_add_number(w, point, "objective", ratio * information);
    mi_append_item(w, points, point);
}

static cJSON *put_curve(mi_writer *w, cJSON *result, const char *kind, const char *method,
                        cJSON *points)
{
    cJSON *curve = cJSON_CreateObject();
    mi_add_text(w, curve, "kind", kind);
    mi_add_text(w, curve, "method", method);
    mi_add_item(w, curve, "points", points);
    mi_add_item(w, result, "exact_curve", curve);
    return curve;
}

static void put_none(mi_writer *w, cJSON *result, const char *reason)
{
    mi_add_null(w, result, "exact_curve", reason);
    mi_add_null(w, result, "exact_optimum", reason);
}

/* A token is one site: the model's own curve is the network's. */
static mi_code curve_of_sites(mi_writer *w, const mi_train_state *s, const mi_run *run,
                              mi_faults *faults, cJSON *result, mi_status *status)
{
    mi_analysis *a = NULL;
    mi_code code = mi_curve_analyse(&s->config->curve, s->parts.model, run, faults, &a, status);
    if (code == MI_NUMERIC) {
        put_none(w, result, status->message);
        return MI_OK;
    }
    if (code != MI_OK) {
        return code;
    }
    const mi_curve *c = a->curve;
    cJSON *points = cJSON_CreateArray();
    for (size_t p = 0; points != NULL && p < c->points; p++) {
        double entropy = c->mean[MI_Q_CONDITIONAL] == NULL ? NAN : c->mean[MI_Q_CONDITIONAL][p];
        put_point(w, points, c->ratios[p], entropy, c->mean[MI_Q_INFORMATION][p]);
    }
    cJSON *curve = put_curve(w, result, s->parts.shape.data ? "held-out" : "exact",
                             mi_estimator_name(a->method), points);
    mi_add_bool(w, curve, "misfit", a->misfit.detected);
    if (a->misfit.detected) {
        mi_add_text(w, curve, "misfit_message", a->misfit.sentence);
    }
    mi_train_put_optimum(w, result, "exact_optimum", &a->optimum);
    mi_analysis_destroy(a);
    return MI_OK;
}

/* A token is several sites: masks of tokens are not masks of sites, and the exact numbers are those
 * of the evaluation, on its masks. */
static mi_code curve_of_tokens(mi_writer *w, const mi_train_state *s, const mi_run *run,
                               cJSON *result, mi_status *status)
{
    size_t count = s->parts.ratio_count;
    double information[MI_LIST_LIMIT + 1], objective[MI_LIST_LIMIT + 1];
    double *values[MI_QUANTITIES] = {NULL};
    mi_shape shape = s->parts.model->class->shape(s->parts.model->state);
    mi_curve *curve = NULL;
    mi_optimum optimum = {.valid = false};
    cJSON *points = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        const mi_floor_point *p = &s->points[i];
        information[i] = p->exact_information;
        objective[i] = p->ratio * p->exact_information;
        put_point(w, points, p->ratio, p->exact_conditional_entropy, p->exact_information);
    }
    put_curve(w, result, "exact", "same masks", points);
    if (count < 3) {
        snprintf(optimum.reason, sizeof optimum.reason, "fewer than 3 ratios were evaluated");
        mi_train_put_optimum(w, result, "exact_optimum", &optimum);
        return MI_OK;
    }
    values[MI_Q_INFORMATION] = information;
    values[MI_Q_OBJECTIVE] = objective;
    mi_code code = mi_curve_from_values(values, NULL, 1, &shape, MI_COUNT_FIXED, s->parts.ratios,
                                        count, &curve, status);
    if (code == MI_OK) {
        code = mi_optimum_find(curve, run, &optimum, status);
    }
    if (code == MI_OK) {
        mi_train_put_optimum(w, result, "exact_optimum", &optimum);
    }
    mi_optimum_free(&optimum);
    mi_curve_destroy(curve);
    return code;
}

mi_code mi_train_put_exact(mi_writer *w, const mi_train_state *s, const mi_run *run,
                           mi_faults *faults, cJSON *result, mi_status *status)
{
    mi_shape shape = s->parts.model->class->shape(s->parts.model->state);
    if (mi_train_no_prediction(s) != NULL) {
        put_none(w, result, mi_train_no_prediction(s));
        return MI_OK;
    }
    if (isfinite(s->config->probe_ratio)) {
        put_none(w, result, "it is that of all runs of the probe curve");
        return MI_OK;
    }
    if (shape.rows == s->parts.tokens.rows && shape.columns == s->parts.tokens.columns) {
        return curve_of_sites(w, s, run, faults, result, status);
    }
    for (size_t i = 0; i < s->parts.ratio_count; i++) {
        if (!isfinite(s->points[i].exact_information)) {
            put_none(w, result, "the exact posterior is not known");
            return MI_OK;
        }
    }
    return curve_of_tokens(w, s, run, result, status);
}
