#include "maskinfo/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

void mi_add_item(mi_writer *writer, cJSON *object, const char *name, cJSON *item)
{
    if (item == NULL || !cJSON_AddItemToObject(object, name, item)) {
        cJSON_Delete(item);
        writer->failed = true;
    }
}

void mi_append_item(mi_writer *writer, cJSON *array, cJSON *item)
{
    if (item == NULL || !cJSON_AddItemToArray(array, item)) {
        cJSON_Delete(item);
        writer->failed = true;
    }
}

/* cJSON does not say where it had no memory for the name. */
void mi_replace_item(mi_writer *writer, cJSON *object, const char *name, cJSON *item)
{
    if (item == NULL || !cJSON_ReplaceItemInObjectCaseSensitive(object, name, item)) {
        cJSON_Delete(item);
        writer->failed = true;
    } else if (item->string == NULL) {
        writer->failed = true;
    }
}

double mi_result_round(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.15g", value);
    return strtod(text, NULL);
}

static cJSON *number_json(double value)
{
    return isfinite(value) ? cJSON_CreateNumber(mi_result_round(value)) : cJSON_CreateNull();
}

void mi_add_numbers(mi_writer *writer, cJSON *object, const char *name, const double *values,
                    size_t count)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        cJSON *number = number_json(values[i]);
        mi_append_item(writer, array, number);
    }
    mi_add_item(writer, object, name, array);
}

void mi_add_number(mi_writer *writer, cJSON *object, const char *name, double value)
{
    mi_add_item(writer, object, name, number_json(value));
}

void mi_add_text(mi_writer *writer, cJSON *object, const char *name, const char *opt_text)
{
    mi_add_item(writer, object, name,
                opt_text != NULL ? cJSON_CreateString(opt_text) : cJSON_CreateNull());
}

void mi_add_bool(mi_writer *writer, cJSON *object, const char *name, bool value)
{
    mi_add_item(writer, object, name, cJSON_CreateBool(value));
}

void mi_add_null(mi_writer *w, cJSON *object, const char *name, const char *reason)
{
    char key[64];
    snprintf(key, sizeof key, "%s_reason", name);
    mi_add_item(w, object, name, cJSON_CreateNull());
    mi_add_text(w, object, key, reason);
}

void mi_add_number_or(mi_writer *w, cJSON *object, const char *name, double value,
                      const char *reason)
{
    if (isfinite(value)) {
        mi_add_number(w, object, name, value);
    } else {
        mi_add_null(w, object, name, reason);
    }
}

static void put_profile(mi_writer *w, cJSON *result, const mi_profile *profile, double *mean,
                        double *error)
{
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    mi_add_numbers(w, result, "profile", mean, profile->sites);
    mi_add_numbers(w, result, "profile_se", error, profile->sites);
}

static mi_code add_profile(mi_writer *w, cJSON *result, const mi_profile *opt_profile,
                           const char *reason, mi_status *status)
{
    double *buffer = NULL;
    if (opt_profile == NULL) {
        mi_add_null(w, result, "profile", reason);
        return MI_OK;
    }
    mi_code code = mi_allocate(2 * opt_profile->sites, sizeof *buffer, &buffer, status);
    if (code == MI_OK) {
        put_profile(w, result, opt_profile, buffer, buffer + opt_profile->sites);
    }
    free(buffer);
    return code;
}

/* Field names of the quantities that are simply a mean and its error. */
static const struct {
    mi_quantity quantity;
    const char *name, *error_name;
} optional_fields[] = {
    {MI_Q_CROSS_ENTROPY, "cross_entropy", "cross_entropy_se"},
    {MI_Q_HELD_OUT_INFORMATION, "held_out_information", "held_out_information_se"},
    {MI_Q_SCALE, "scale_information", "scale_information_se"},
    {MI_Q_IN_SAMPLE, "in_sample_information", "in_sample_information_se"},
    {MI_Q_INTERPOLATION, "interpolation_information", "interpolation_information_se"},
    {MI_Q_FAR, "far_information", "far_information_se"},
    {MI_Q_CLASS, "class_information", "class_information_se"},
    {MI_Q_MILLER_MADOW, "miller_madow_correction", "miller_madow_correction_se"},
    {MI_Q_SEMANTIC, "semantic_information", "semantic_information_se"},
};

static void put_pair(mi_writer *w, cJSON *point, const mi_curve *c, size_t p, mi_quantity q,
                     const char *name, const char *error_name)
{
    bool there = c->replicates[q] > 0;
    mi_add_number(w, point, name, there ? c->mean[q][p] : NAN);
    mi_add_number(w, point, error_name, there ? c->error[q][p] : NAN);
}

static void put_vocabulary(mi_writer *w, cJSON *point, const mi_curve *c, size_t p)
{
    bool discrete = c->vocabulary > 0;
    double conditional = discrete ? c->mean[MI_Q_CONDITIONAL][p] : NAN;
    mi_add_number(w, point, "effective_vocabulary", discrete ? exp(conditional) : NAN);
    mi_add_number(w, point, "effective_vocabulary_se",
                  discrete ? exp(conditional) * c->error[MI_Q_CONDITIONAL][p] : NAN);
    mi_add_number(w, point, "unigram_information",
                  discrete ? log((double)c->vocabulary) - c->entropy : NAN);
}

static cJSON *point_json(mi_writer *w, const mi_curve *c, size_t p)
{
    cJSON *point = cJSON_CreateObject();
    if (point == NULL) {
        return NULL;
    }
    mi_add_number(w, point, "ratio", c->ratios[p]);
    put_pair(w, point, c, p, MI_Q_CONDITIONAL, "conditional_entropy", "conditional_entropy_se");
    put_pair(w, point, c, p, MI_Q_INFORMATION, "information", "information_se");
    put_vocabulary(w, point, c, p);
    put_pair(w, point, c, p, MI_Q_JOINT, "joint_information", "joint_information_se");
    mi_add_number(w, point, "mse_floor", c->replicates[MI_Q_MSE] > 0 ? c->mean[MI_Q_MSE][p] : NAN);
    put_pair(w, point, c, p, MI_Q_OBJECTIVE, "objective", "objective_se");
    for (size_t i = 0; i < sizeof optional_fields / sizeof *optional_fields; i++) {
        if (c->replicates[optional_fields[i].quantity] > 0) {
            put_pair(w, point, c, p, optional_fields[i].quantity, optional_fields[i].name,
                     optional_fields[i].error_name);
        }
    }
    return point;
}

/* Why a quantity is null at every point. */
static void put_reasons(mi_writer *w, cJSON *result, const mi_analysis *a)
{
    const size_t *replicates = a->curve->replicates;
    if (mi_estimator_is_sampled(a->method)) {
        mi_add_text(w, result, "method_remark",
                    "estimated from samples: standard errors are those of the sampling alone, the "
                    "bias of the estimator is not in them");
    }
    if (replicates[MI_Q_JOINT] == 0) {
        mi_add_text(w, result, "joint_information_reason",
                    "samples of single sites do not tell the joint information");
    }
    if (replicates[MI_Q_CONDITIONAL] == 0) {
        mi_add_text(w, result, "entropy_reason", "nearest neighbours give informations alone");
        mi_add_text(w, result, "conditional_entropy_reason",
                    "nearest neighbours give informations alone");
    }
    if (a->shape.vocabulary > 0) {
        mi_add_text(w, result, "mse_floor_reason", "the model is discrete");
    } else if (replicates[MI_Q_MSE] == 0) {
        mi_add_text(w, result, "mse_floor_reason", "the method does not give it");
    }
}

static void put_points(mi_writer *w, cJSON *result, const mi_curve *curve)
{
    cJSON *points = cJSON_CreateArray();
    for (size_t p = 0; p < curve->points && points != NULL; p++) {
        cJSON *point = point_json(w, curve, p);
        mi_append_item(w, points, point);
    }
    mi_add_item(w, result, "points", points);
}

static void put_fit(mi_writer *w, cJSON *fits, const char *name, const mi_fit *fit,
                    const char *exponent)
{
    if (!fit->valid) {
        mi_add_null(w, fits, name, fit->reason);
        return;
    }
    char error_name[32], sampling_name[40];
    snprintf(error_name, sizeof error_name, "%s_se", exponent);
    snprintf(sampling_name, sizeof sampling_name, "%s_sampling_se", exponent);
    cJSON *object = cJSON_CreateObject();
    mi_add_number(w, object, "amplitude", fit->amplitude);
    mi_add_number(w, object, "amplitude_se", fit->amplitude_error);
    mi_add_number(w, object, exponent, fit->exponent);
    mi_add_number(w, object, error_name, fit->exponent_error);
    mi_add_number(w, object, sampling_name, fit->sampling_error);
    mi_add_number(w, object, "misfit", fit->misfit);
    mi_add_number(w, object, "r_squared", fit->r_squared);
    mi_add_number(w, object, "aicc", fit->aicc);
    mi_add_number(w, object, "optimal_ratio", fit->optimal_ratio);
    mi_add_bool(w, object, "corner", fit->corner);
    mi_add_item(w, fits, name, object);
}

static void put_fits(mi_writer *w, cJSON *result, const mi_analysis *a)
{
    cJSON *fits = cJSON_CreateObject();
    put_fit(w, fits, "exponential", &a->exponential, "rate");
    put_fit(w, fits, "power", &a->power, "exponent");
    mi_add_item(w, result, "fits", fits);
    if (mi_preferred_fit(a) == NULL) {
        mi_add_null(w, result, "preferred_fit", "neither fit is possible");
    } else {
        mi_add_text(w, result, "preferred_fit", mi_preferred_fit(a));
    }
}

/* Quantiles 1/40, ..., 39/40 of the bootstrap draws (the optimum alone where it is exact): what a
 * comparison of two optima needs of them. */
enum { QUANTILES = 39 };

static void put_quantiles(mi_writer *w, cJSON *object, const mi_optimum *optimum)
{
    double quantiles[QUANTILES] = {optimum->ratio};
    for (size_t i = 0; i < QUANTILES && optimum->draws > 0; i++) {
        quantiles[i] =
            mi_quantile(optimum->samples, optimum->draws, (double)(i + 1) / (QUANTILES + 1));
    }
    mi_add_numbers(w, object, "quantiles", quantiles, optimum->draws > 0 ? QUANTILES : 1);
}

static void put_optimum(mi_writer *w, cJSON *result, const mi_optimum *optimum)
{
    if (!optimum->valid) {
        mi_add_null(w, result, "optimum", optimum->reason);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    mi_add_number(w, object, "ratio", optimum->ratio);
    mi_add_number(w, object, "low", optimum->low);
    mi_add_number(w, object, "high", optimum->high);
    mi_add_number(w, object, "objective", optimum->objective);
    mi_add_number(w, object, "resolution", optimum->resolution);
    mi_add_bool(w, object, "edge", optimum->edge);
    put_quantiles(w, object, optimum);
    mi_add_item(w, result, "optimum", object);
}

static void put_regime(mi_writer *w, cJSON *result, const mi_analysis *a)
{
    const mi_regime *regime = &a->regime;
    cJSON *object = cJSON_CreateObject();
    mi_add_text(w, object, "verdict", mi_regime_name(regime->verdict));
    if (!a->exchangeable) {
        mi_add_text(w, object, "reason", "the dichotomy is about random masks");
    }
    mi_add_number(w, object, "concave_share", regime->concave_share);
    mi_add_number(w, object, "concave_share_se", regime->concave_share_error);
    mi_add_number(w, object, "concave_z", regime->concave_z);
    mi_add_number(w, object, "convex_z", regime->convex_z);
    mi_add_number(w, object, "critical_z", regime->critical);
    mi_add_number(w, object, "tests", (double)regime->tests);
    mi_add_item(w, result, "regime", object);
}

static void put_chain_check(mi_writer *w, cJSON *result, const mi_chain_check *check)
{
    cJSON *object = cJSON_CreateObject();
    mi_add_number(w, object, "total_entropy", check->known);
    mi_add_number(w, object, "sum_of_profile", check->sum);
    mi_add_number(w, object, "sum_of_profile_se", check->error);
    mi_add_item(w, result, "chain_rule", object);
}

/* Of models fitted to data: does the fit contradict itself? */
static void put_misfit(mi_writer *w, cJSON *result, const mi_misfit *misfit)
{
    cJSON *object = cJSON_CreateObject();
    mi_add_bool(w, object, "detected", misfit->detected);
    mi_add_text(w, object, "message", misfit->sentence);
    mi_add_bool(w, object, "rises", misfit->rises);
    mi_add_number(w, object, "increase_z", misfit->increase_z);
    mi_add_number(w, object, "critical_z", misfit->critical);
    mi_add_bool(w, object, "over_fitted", misfit->over_fitted);
    mi_add_number(w, object, "in_sample_information", misfit->in_sample);
    mi_add_number(w, object, "held_out_information", misfit->held_out);
    mi_add_bool(w, object, "contrast_varies", misfit->contrast_varies);
    mi_add_number(w, object, "contrast_loss", misfit->contrast_loss);
    mi_add_number(w, object, "contrast_z", misfit->contrast_z);
    mi_add_bool(w, object, "far_misleads", misfit->far_misleads);
    mi_add_number(w, object, "far_loss", misfit->far_loss);
    mi_add_number(w, object, "far_ratio", misfit->far_ratio);
    mi_add_number(w, object, "far_z", misfit->far_z);
    mi_add_item(w, result, "misfit", object);
}

static void put_head(mi_writer *w, cJSON *result, const mi_analysis *a)
{
    bool infinite = a->shape.sites == 0, discrete = a->shape.vocabulary > 0;
    mi_add_text(w, result, "units", "nats");
    mi_add_number(w, result, "sites", infinite ? NAN : (double)a->shape.sites);
    if (infinite) {
        mi_add_text(w, result, "sites_reason", "the sequence is infinite");
    }
    mi_add_number(w, result, "vocabulary", discrete ? (double)a->shape.vocabulary : NAN);
    if (!discrete) {
        mi_add_text(w, result, "vocabulary_reason", "the model is continuous");
        mi_add_text(w, result, "effective_vocabulary_reason", "the model is continuous");
        mi_add_text(w, result, "unigram_information_reason", "the model is continuous");
    }
    mi_add_number(w, result, "dimensions", (double)a->shape.dimensions);
    mi_add_text(w, result, "method", mi_estimator_name(a->method));
    mi_add_number(w, result, "entropy", a->curve->entropy);
    mi_add_number(w, result, "entropy_se", a->curve->entropy_error);
    if (a->remark[0] != '\0') {
        mi_add_text(w, result, "remark", a->remark);
    }
}

mi_code mi_result_add_analysis(cJSON *result, const mi_analysis *a, mi_status *status)
{
    mi_writer w = {.failed = false};
    put_head(&w, result, a);
    const char *reason = a->shape.sites == 0 ? "the sequence is infinite"
                         : a->by_masks       ? "computed mask by mask, at the ratios alone"
                                             : "the method estimates each ratio by itself";
    mi_code code = add_profile(&w, result, a->profile, reason, status);
    if (code != MI_OK) {
        return code;
    }
    put_points(&w, result, a->curve);
    put_reasons(&w, result, a);
    put_fits(&w, result, a);
    put_optimum(&w, result, &a->optimum);
    put_regime(&w, result, a);
    if (a->chain.possible) {
        put_chain_check(&w, result, &a->chain);
    }
    if (a->fitted && (a->profile != NULL || a->by_masks)) {
        put_misfit(&w, result, &a->misfit);
    }
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
}
