/* The "estimators" experiment: from its settings to its result. */
#include <math.h>
#include <stdlib.h>

#include "lab.h"
#include "maskinfo/memory.h"
#include "maskinfo/result.h"
#include "maskinfo/sampled.h"
#include "maskinfo/statistics.h"
#include "maskinfo/trial.h"

static const mi_matrix *list(const mi_values *values, const char *name)
{
    return &mi_values_find(values, name)->matrix;
}

static void put_gaussian(mi_writer *w, cJSON *rows, const mi_gaussian_pairs *p,
                         const mi_gaussian_trial *t)
{
    cJSON *row = cJSON_CreateObject();
    mi_add_number(w, row, "dimensions", (double)p->dimensions);
    mi_add_number(w, row, "correlation", p->correlation);
    mi_add_number(w, row, "samples", (double)p->samples);
    mi_add_number(w, row, "truth", t->truth);
    mi_add_number(w, row, "ksg", t->ksg);
    mi_add_number(w, row, "ksg_se", t->ksg_error);
    mi_add_number(w, row, "ksg_lowest", t->ksg_lowest);
    mi_add_number(w, row, "ksg_negative", (double)t->ksg_negative);
    mi_add_number(w, row, "ksg_tied", (double)t->ksg_tied);
    mi_add_number(w, row, "gaussian", t->has_gaussian ? t->gaussian : NAN);
    mi_add_number(w, row, "gaussian_se", t->has_gaussian ? t->gaussian_error : NAN);
    mi_add_number(w, row, "gaussian_bias", t->has_gaussian ? t->gaussian_bias : NAN);
    mi_add_number(w, row, "gaussian_corrected",
                  t->has_gaussian ? t->gaussian - t->gaussian_bias : NAN);
    if (!t->has_gaussian) {
        mi_add_text(w, row, "gaussian_reason", "a covariance needs more samples than variables");
    }
    mi_append_item(w, rows, row);
}

static mi_code run_gaussian(const mi_values *v, const mi_run *run, mi_writer *w, cJSON *rows,
                            mi_status *status)
{
    const mi_matrix *dimensions = list(v, "dimensions"), *samples = list(v, "samples");
    const mi_matrix *correlations = list(v, "correlation");
    size_t each = dimensions->columns * samples->columns, count = each * correlations->columns;
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < count; i++) {
        mi_gaussian_trial trial;
        mi_gaussian_pairs pairs = {
            .dimensions = (size_t)dimensions->values[i % dimensions->columns],
            .correlation = correlations->values[i / each],
            .samples = (size_t)samples->values[i % each / dimensions->columns],
            .sets = mi_count(v, "sets"),
            .neighbors = mi_count(v, "neighbors"),
            .index = i};
        code = mi_gaussian_trial_run(&pairs, run, &trial, status);
        if (code == MI_OK) {
            put_gaussian(w, rows, &pairs, &trial);
        }
    }
    return code;
}

/* The mixing chain of the settings at some length. */
static mi_code create_chain(const mi_values *v, size_t length, const mi_run *run,
                            mi_model **ret_chain, mi_status *status)
{
    mi_faults faults = {.file = "discrete"};
    mi_binding binding = {&faults, 1};
    const mi_model_class *class = mi_model_find("mixing");
    mi_writer w = {.failed = false};
    mi_values *values = NULL;
    cJSON *object = cJSON_CreateObject(), *resolved = NULL;
    mi_add_number(&w, object, "vocab", (double)mi_count(v, "vocab"));
    mi_add_number(&w, object, "rho", mi_real(v, "rho"));
    mi_add_number(&w, object, "zipf", mi_real(v, "zipf"));
    mi_add_number(&w, object, "length", (double)length);
    mi_code code = w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the chain")
                            : mi_bind(&binding, object, "", class->parameters, NULL, &values,
                                      &resolved, status);
    if (code == MI_OK && faults.count > 0) {
        code = mi_fail(status, MI_INPUT, "%.500s", faults.messages[0]);
    }
    if (code == MI_OK) {
        code = mi_model_create(class, values, run, ret_chain, status);
    }
    mi_faults_clear(&faults);
    mi_values_destroy(values);
    cJSON_Delete(object);
    cJSON_Delete(resolved);
    return code;
}

/* The last h_k of the chain's exact profile at a length, and h_0. */
static mi_code last_entropy(const mi_values *v, size_t length, const mi_run *run,
                            double *ret_entropy, double *ret_last, mi_status *status)
{
    mi_model *chain = NULL;
    mi_profile *profile = NULL;
    mi_code code = create_chain(v, length, run, &chain, status);
    if (code == MI_OK) {
        code = chain->class->profile(chain->state, 1, run, &profile, status);
    }
    if (code == MI_OK) {
        *ret_entropy = profile->series[MI_ENTROPY].values[0];
        *ret_last = profile->series[MI_ENTROPY].values[length - 1];
    }
    mi_profile_destroy(profile);
    mi_model_destroy(chain);
    return code;
}

/* I(X; one neighbour) and I(X; neighbours on both sides, and any sites beyond them). Of two sites
 * h_1 is the entropy given one neighbour; of three h_2 is the mean over two ends, of whose two
 * visible sites only the near one tells, and the middle. */
static mi_code find_truths(const mi_values *v, const mi_run *run, double truths[2],
                           mi_status *status)
{
    double entropy = 0, one = 0, three = 0;
    mi_code code = last_entropy(v, 2, run, &entropy, &one, status);
    if (code == MI_OK) {
        code = last_entropy(v, 3, run, &entropy, &three, status);
    }
    truths[0] = entropy - one;
    truths[1] = entropy - (3 * three - 2 * one);
    return code;
}

/* The mask that hides the middle of a sequence of *context sites. */
static void hide_middle(const void *context, double ratio, gsl_rng *stream, unsigned char *masked)
{
    const size_t *sites = context;
    (void)ratio;
    (void)stream;
    for (size_t i = 0; i < *sites; i++) {
        masked[i] = i == *sites / 2;
    }
}

static mi_code put_discrete(mi_writer *w, cJSON *rows, const mi_sampling *s, double cells,
                            double truth, const mi_curve *c, mi_status *status)
{
    double *corrected = NULL, mean = 0, error = 0;
    mi_code code = mi_allocate(s->sets, sizeof *corrected, &corrected, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < s->sets; i++) {
        corrected[i] = c->values[MI_Q_INFORMATION][i] + c->values[MI_Q_MILLER_MADOW][i];
    }
    mi_mean_error(corrected, 1, s->sets, &mean, &error);
    free(corrected);
    cJSON *row = cJSON_CreateObject();
    mi_add_number(w, row, "context", (double)s->context);
    mi_add_number(w, row, "samples", (double)s->samples);
    mi_add_number(w, row, "cells", cells);
    mi_add_number(w, row, "truth", truth);
    mi_add_number(w, row, "plugin", c->mean[MI_Q_INFORMATION][0]);
    mi_add_number(w, row, "plugin_se", c->error[MI_Q_INFORMATION][0]);
    mi_add_number(w, row, "miller_madow", mean);
    mi_add_number(w, row, "miller_madow_se", error);
    mi_append_item(w, rows, row);
    return MI_OK;
}

static size_t largest(const mi_matrix *numbers)
{
    double most = 0;
    for (size_t i = 0; i < numbers->columns; i++) {
        most = fmax(most, numbers->values[i]);
    }
    return (size_t)most;
}

static mi_code run_rows(const mi_values *v, const mi_model *chain, const double truths[2],
                        const mi_run *run, mi_writer *w, cJSON *rows, mi_status *status)
{
    const mi_matrix *contexts = list(v, "contexts"), *samples = list(v, "samples");
    size_t sites = chain->class->shape(chain->state).sites;
    double ratio = 1 / (double)sites;
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < contexts->columns * samples->columns; i++) {
        mi_curve *curve = NULL;
        mi_sampling s = {.counts = true,
                         .samples = (size_t)samples->values[i % samples->columns],
                         .sets = mi_count(v, "sets"),
                         .masks = 1,
                         .context = (size_t)contexts->values[i / samples->columns],
                         .ratios = &ratio,
                         .points = 1,
                         .draw = hide_middle,
                         .draw_context = &sites};
        double cells = pow((double)mi_count(v, "vocab"), (double)s.context + 1);
        code = mi_sampled_curve(chain, &s, run, &curve, status);
        if (code == MI_OK) {
            code = put_discrete(w, rows, &s, cells, truths[s.context > 1], curve, status);
        }
        mi_curve_destroy(curve);
    }
    return code;
}

static mi_code run_discrete(const mi_values *v, const mi_run *run, mi_writer *w, cJSON *rows,
                            mi_status *status)
{
    /* As many sites as the largest context on both sides of the middle one. */
    size_t length = 2 * ((largest(list(v, "contexts")) + 1) / 2) + 1;
    double truths[2] = {0, 0};
    mi_model *chain = NULL;
    mi_code code = find_truths(v, run, truths, status);
    if (code == MI_OK) {
        code = create_chain(v, length, run, &chain, status);
    }
    if (code == MI_OK) {
        code = run_rows(v, chain, truths, run, w, rows, status);
    }
    mi_model_destroy(chain);
    return code;
}

static void put_head(mi_writer *w, cJSON *result, const mi_experiment *e)
{
    cJSON *config = cJSON_CreateObject();
    mi_add_text(w, result, "maskinfo", MI_VERSION);
    mi_add_text(w, result, "experiment", "estimators");
    mi_add_text(w, result, "title", e->title);
    mi_add_text(w, config, "experiment", "estimators");
    for (const cJSON *item = e->resolved->child; item != NULL; item = item->next) {
        mi_add_item(w, config, item->string, cJSON_Duplicate(item, 1));
    }
    mi_add_item(w, result, "config", config);
    mi_add_text(w, result, "units", "nats");
}

mi_code mi_estimators_run(const mi_experiment *e, const mi_run *run, cJSON **ret_result,
                          mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject(), *timing = cJSON_CreateObject();
    cJSON *gaussian = cJSON_CreateArray(), *discrete = cJSON_CreateArray();
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    put_head(&w, result, e);
    mi_code code =
        run_gaussian(mi_values_find(e->settings, "gaussian")->group, run, &w, gaussian, status);
    if (code == MI_OK) {
        code =
            run_discrete(mi_values_find(e->settings, "discrete")->group, run, &w, discrete, status);
    }
    mi_add_item(&w, result, "gaussian", gaussian);
    mi_add_item(&w, result, "discrete", discrete);
    mi_add_number(&w, timing, "seconds", mi_lab_seconds_since(&start));
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
