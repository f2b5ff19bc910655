#include "maskinfo/analysis.h"

#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/posterior.h"
#include "maskinfo/statistics.h"

const char *mi_estimator_name(mi_estimator method)
{
    switch (method) {
    case MI_ESTIMATOR_AUTO:
        return "auto";
    case MI_ESTIMATOR_EXACT:
        return "exact";
    case MI_ESTIMATOR_POSTERIOR:
        return "posterior";
    case MI_ESTIMATOR_PLUGIN:
        return "plugin";
    case MI_ESTIMATOR_KSG:
        return "ksg";
    }
    return "unknown";
}

static mi_code exact_possible(const mi_model *model, const mi_masking *masking, mi_status *status)
{
    const mi_model_class *class = model->class;
    bool infinite = class->shape(model->state).sites == 0;
    if (!masking->class->exchangeable) {
        return mi_fail_at(
            status, "method",
            "\"exact\": the entropy profile is about random masks; strategy \"%s\" is "
            "computed mask by mask, use \"posterior\"",
            masking->class->name);
    }
    if (infinite ? class->rates == NULL : class->profile == NULL) {
        return mi_fail_at(status, "method", "\"exact\": model %s has no exact answer%s",
                          class->name, infinite ? " at infinite length" : "");
    }
    return class->exact_allowed == NULL ? MI_OK : class->exact_allowed(model->state, status);
}

static mi_code posterior_possible(const mi_model *model, const mi_masking *masking,
                                  mi_status *status)
{
    const mi_mask_class *mask = masking->class;
    if (!mask->exchangeable && model->class->shape(model->state).sites == 0) {
        return mi_fail_at(status, "method",
                          "strategy \"%s\" needs a finite length; set model.length", mask->name);
    }
    if (model->class->evaluate == NULL) {
        return mi_fail_at(status, "method",
                          "\"posterior\": model %s offers no posterior; use \"exact\"",
                          model->class->name);
    }
    if (model->class->shape(model->state).sites == 0) {
        return mi_fail_at(status, "method",
                          "\"posterior\": needs a finite length; set model.length, or use "
                          "\"exact\"");
    }
    return model->class->evaluate_allowed == NULL
               ? MI_OK
               : model->class->evaluate_allowed(model->state, status);
}

bool mi_estimator_is_sampled(mi_estimator method)
{
    return method == MI_ESTIMATOR_PLUGIN || method == MI_ESTIMATOR_KSG;
}

mi_code mi_estimator_resolve(const mi_model *model, const mi_masking *masking, mi_estimator asked,
                             mi_estimator *ret_method, mi_status *status)
{
    if (mi_estimator_is_sampled(asked)) {
        *ret_method = asked;
        return mi_sampled_possible(model, asked == MI_ESTIMATOR_PLUGIN, status);
    }
    bool exact = asked != MI_ESTIMATOR_POSTERIOR && exact_possible(model, masking, status) == MI_OK;
    *ret_method = exact ? MI_ESTIMATOR_EXACT : MI_ESTIMATOR_POSTERIOR;
    if (exact) {
        return MI_OK;
    }
    return asked == MI_ESTIMATOR_EXACT ? MI_INPUT : posterior_possible(model, masking, status);
}

const char *mi_preferred_fit(const mi_analysis *a)
{
    if (!a->exponential.valid || !a->power.valid) {
        return a->exponential.valid ? "exponential" : a->power.valid ? "power" : NULL;
    }
    return a->exponential.aicc < a->power.aicc ? "exponential" : "power";
}

static mi_code rates_curve(const mi_model *model, const mi_plan *plan, const mi_run *run,
                           mi_analysis *a, mi_status *status)
{
    mi_rates *rates = NULL;
    size_t replicates = 0;
    mi_code code = model->class->rates(model->state, plan->ratios, plan->points, run, &rates,
                                       &replicates, status);
    if (code == MI_OK) {
        code = mi_curve_from_rates(rates, replicates, a->shape.vocabulary, plan->ratios,
                                   plan->points, &a->curve, status);
    }
    free(rates);
    return code;
}

static mi_mask_count count_of(const mi_plan *plan)
{
    bool bernoulli =
        plan->masking.class->exchangeable && mi_is(plan->masking.values, "count", "bernoulli");
    return bernoulli ? MI_COUNT_BERNOULLI : MI_COUNT_FIXED;
}

mi_sampling mi_plan_sampling(const mi_model *model, const mi_plan *plan, mi_strategy_mask *mask)
{
    *mask = (mi_strategy_mask){&plan->masking, mi_layout_of(model->class->shape(model->state))};
    return (mi_sampling){.counts = plan->method == MI_ESTIMATOR_PLUGIN,
                         .samples = plan->samples,
                         .sets = plan->sets,
                         .masks = plan->masks,
                         .context = plan->context,
                         .neighbors = plan->neighbors,
                         .ratios = plan->ratios,
                         .points = plan->points,
                         .count = count_of(plan),
                         .draw = mi_strategy_mask_draw,
                         .draw_context = mask};
}

static mi_code sampled_curve(const mi_model *model, const mi_plan *plan, const mi_run *run,
                             mi_analysis *a, mi_status *status)
{
    mi_strategy_mask mask;
    mi_sampling sampling = mi_plan_sampling(model, plan, &mask);
    return mi_sampled_curve(model, &sampling, run, &a->curve, status);
}

static mi_code profile_curve(const mi_model *model, const mi_plan *plan, const mi_run *run,
                             mi_analysis *a, mi_status *status)
{
    const mi_model_class *class = model->class;
    bool exact = a->method == MI_ESTIMATOR_EXACT;
    if (a->by_masks) {
        return mi_masked_curve(model, &plan->masking, plan->ratios, plan->points, plan->samples,
                               run, &a->curve, status);
    }
    mi_code code = exact ? class->profile(model->state, plan->samples, run, &a->profile, status)
                         : mi_posterior_profile(model, plan->samples, run, &a->profile, status);
    if (code == MI_OK && exact) {
        code = mi_posterior_held_out(model, plan->samples, run, a->profile, status);
    }
    if (code == MI_OK) {
        code = mi_curve_from_profile(a->profile, a->shape.vocabulary, count_of(plan), plan->ratios,
                                     plan->points, &a->curve, status);
    }
    return code;
}

static mi_code check_chain(const mi_model *model, mi_analysis *a, mi_status *status)
{
    const mi_model_class *class = model->class;
    const mi_series *series = &a->profile->series[MI_ENTROPY];
    double marginal = 0, *sums = NULL;
    if (class->known_entropies == NULL ||
        class->known_entropies(model->state, &marginal, &a->chain.known, status) != MI_OK) {
        return MI_OK;
    }
    mi_code code = mi_allocate(series->replicates, sizeof *sums, &sums, status);
    for (size_t j = 0; code == MI_OK && j < series->replicates; j++) {
        for (size_t k = 0; k < a->profile->sites; k++) {
            sums[j] += series->values[j * a->profile->sites + k];
        }
    }
    if (code == MI_OK) {
        mi_mean_error(sums, 1, series->replicates, &a->chain.sum, &a->chain.error);
        a->chain.possible = true;
    }
    free(sums);
    return code;
}

static mi_code summarise(mi_analysis *a, const mi_run *run, mi_status *status)
{
    mi_code code = mi_fit_curve(MI_FIT_EXPONENTIAL, a->curve, &a->exponential, status);
    if (code == MI_OK) {
        code = mi_fit_curve(MI_FIT_POWER, a->curve, &a->power, status);
    }
    if (code == MI_OK) {
        code = mi_optimum_find(a->curve, run, &a->optimum, status);
    }
    if (code == MI_OK) {
        code = mi_regime_find(a->curve, &a->regime, status);
    }
    if (code == MI_OK && a->profile != NULL) {
        code = mi_misfit_find(a->profile, &a->misfit, status);
    }
    if (code == MI_OK && a->by_masks && a->fitted) {
        code = mi_misfit_of_curve(a->curve, &a->misfit, status);
    }
    if (code == MI_OK && (a->misfit.detected || !a->exchangeable)) {
        a->regime.verdict = MI_UNDETERMINED;
    }
    return code;
}

mi_code mi_analyse(const mi_model *model, const mi_plan *plan, const mi_run *run,
                   mi_analysis **ret_analysis, mi_status *status)
{
    mi_analysis *a = NULL;
    mi_code code = mi_allocate(1, sizeof *a, &a, status);
    if (code != MI_OK) {
        return code;
    }
    a->shape = model->class->shape(model->state);
    code = mi_estimator_resolve(model, &plan->masking, plan->method, &a->method, status);
    a->fitted = (model->class->tells & MI_TELLS_UNIT) != 0;
    a->exchangeable = plan->masking.class->exchangeable;
    a->by_masks = a->method == MI_ESTIMATOR_POSTERIOR && mi_masked_only(model, &plan->masking);
    if (code == MI_OK && mi_estimator_is_sampled(a->method)) {
        code = sampled_curve(model, plan, run, a, status);
    } else if (code == MI_OK && a->shape.sites == 0) {
        code = rates_curve(model, plan, run, a, status);
    } else if (code == MI_OK) {
        code = profile_curve(model, plan, run, a, status);
    }
    if (code == MI_OK && a->profile != NULL) {
        code = check_chain(model, a, status);
    }
    if (code == MI_OK) {
        code = summarise(a, run, status);
    }
    if (code != MI_OK) {
        mi_analysis_destroy(a);
        return code;
    }
    if (model->class->remark != NULL) {
        model->class->remark(model->state, a->remark, sizeof a->remark);
    }
    *ret_analysis = a;
    return MI_OK;
}

void mi_analysis_destroy(mi_analysis *analysis)
{
    if (analysis == NULL) {
        return;
    }
    mi_profile_destroy(analysis->profile);
    mi_curve_destroy(analysis->curve);
    mi_optimum_free(&analysis->optimum);
    free(analysis);
}
