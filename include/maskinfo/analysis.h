/* The straight way from a model to every number of a curve result: profile (or rates), curve, fits,
 * optimum, regime. */
#ifndef MASKINFO_ANALYSIS_H
#define MASKINFO_ANALYSIS_H

#include "maskinfo/curve.h"
#include "maskinfo/fit.h"
#include "maskinfo/masked.h"
#include "maskinfo/misfit.h"
#include "maskinfo/optimum.h"
#include "maskinfo/sampled.h"

typedef enum mi_estimator {
    MI_ESTIMATOR_AUTO,
    MI_ESTIMATOR_EXACT,
    MI_ESTIMATOR_POSTERIOR,
    MI_ESTIMATOR_PLUGIN, /* from samples alone: counts, nearest neighbours */
    MI_ESTIMATOR_KSG
} mi_estimator;

typedef struct mi_plan {
    mi_estimator method; /* auto: exact where the model has an exact answer, else posterior */
    size_t samples; /* random orders (exact) or drawn configurations (posterior; plugin and ksg: of
                       one set) */
    size_t sets, masks, context, neighbors; /* of plugin and ksg, as in mi_sampling */
    mi_masking masking;
    const double *ratios; /* (points), increasing, in (0, 1) */
    size_t points;
} mi_plan;

/* The chain rule as a check of a run: sum of h_k against the entropy of the whole configuration,
 * where the model knows that in closed form. */
typedef struct mi_chain_check {
    bool possible;
    double known, sum; /* nats */
    double error;      /* of the sum; 0 where exact */
} mi_chain_check;

typedef struct mi_analysis {
    mi_shape shape;
    mi_estimator method; /* the one used */
    bool exchangeable;   /* are the masks? Else the regime is not defined */
    bool fitted;         /* to data, and judged by held-out ones: it may be misfit */
    bool by_masks;       /* computed mask by mask, at the ratios alone */
    mi_profile *profile; /* NULL where the sequence is infinite, or by_masks */
    mi_curve *curve;
    mi_fit exponential, power;
    mi_optimum optimum;
    mi_regime regime; /* undetermined where a misfit is detected (the curve is no information), and
                         for masks that are not exchangeable (the dichotomy is about random ones) */
    mi_misfit misfit;
    mi_chain_check chain;
    char remark[512]; /* the model's, "" where none */
} mi_analysis;

/* The method that `auto` means for a model under a strategy. MI_INPUT, with the model's own reason,
 * where an asked for method is not possible; status->place is "method". */
mi_code mi_estimator_resolve(const mi_model *model, const mi_masking *masking, mi_estimator asked,
                             mi_estimator *ret_method, mi_status *status);
const char *mi_estimator_name(mi_estimator method);

/* Estimated from samples alone (plugin, ksg)? Then the plan as an mi_sampling whose draw_context
 * is `mask`. */
bool mi_estimator_is_sampled(mi_estimator method);
mi_sampling mi_plan_sampling(const mi_model *model, const mi_plan *plan, mi_strategy_mask *mask);

/* Which fit describes the curve better: that of the smaller AICc. NULL where neither is valid. */
const char *mi_preferred_fit(const mi_analysis *analysis);

mi_code mi_analyse(const mi_model *model, const mi_plan *plan, const mi_run *run,
                   mi_analysis **ret_analysis, mi_status *status);
void mi_analysis_destroy(mi_analysis *analysis); /* accepts NULL */

#endif
