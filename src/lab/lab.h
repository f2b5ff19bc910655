/* What the files of this room share. */
#ifndef MASKINFO_LAB_LAB_H
#define MASKINFO_LAB_LAB_H

#include <math.h>
#include <time.h>

#include "maskinfo/experiment.h"
#include "maskinfo/result.h"

/* The value at a key of an object; NULL where there is none, or no object. */
static inline const cJSON *mi_lab_item(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* The number at a key of an object; NAN where there is none. */
static inline double mi_lab_number(const cJSON *object, const char *name)
{
    const cJSON *item = mi_lab_item(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* Seconds since a time of CLOCK_MONOTONIC. */
static inline double mi_lab_seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

/* A status of a model, a strategy or a method as a fault of the experiment file: at the parameter
 * status->place of a part ("model"), or at the part itself. */
void mi_curve_report(const mi_curve_config *config, const char *part, const mi_status *status,
                     mi_faults *faults);

/* mi_experiment_create with a factor on all sizes, beside the experiment's own "effort". */
mi_code mi_experiment_scaled(const cJSON *document, double effort, mi_faults *faults,
                             mi_experiment **ret_experiment, mi_status *status);

/* "curve", ...: what "experiment" is in the file. */
const char *mi_experiment_kind_name(mi_experiment_kind kind);
bool mi_experiment_kind_find(const char *name, mi_experiment_kind *ret_kind);

/* The model of a curve, and a curve of a model that is there: of the one that the configuration
 * describes, which may serve several strategies. *opt_analysis: mi_analysis_destroy. Faults as
 * below. */
mi_code mi_curve_model(const mi_curve_config *config, const mi_run *run, mi_faults *faults,
                       mi_model **ret_model, mi_status *status);
mi_code mi_curve_of_model(const mi_curve_config *config, const mi_model *model, const mi_run *run,
                          mi_faults *faults, cJSON **ret_result, mi_analysis **opt_analysis,
                          mi_status *status);

/* The analysis of a model that is there, without a result; with run->validate_only NULL, after its
 * plan is checked. *ret_analysis: mi_analysis_destroy. */
mi_code mi_curve_analyse(const mi_curve_config *config, const mi_model *model, const mi_run *run,
                         mi_faults *faults, mi_analysis **ret_analysis, mi_status *status);

/* One curve from its resolved configuration. Faults of the input are added to `faults`, with
 * MI_INPUT returned. *ret_result: cJSON_Delete. */
mi_code mi_curve_compute(const mi_curve_config *config, const mi_run *run, mi_faults *faults,
                         cJSON **ret_result, mi_status *status);

/* "mask_samples" of a curve result: one mask each at the ratios 0.5 and 0.75, where the strategy
 * has them and there are sites to show. */
mi_code mi_mask_samples_add(const mi_masking *masking, mi_shape shape, uint64_t seed, cJSON *result,
                            mi_status *status);

/* A finished curve of a "compare", kept in DIRECTORY/partial so that an interrupted run can go on.
 * load gives NULL where there is none, or where it is of another configuration or version. */
cJSON *mi_partial_load(const char *directory, size_t index, const mi_curve_config *config);
mi_code mi_partial_save(const char *directory, size_t index, const mi_curve_config *config,
                        const cJSON *curve, mi_status *status);
void mi_partial_remove(const char *directory, size_t count);

/* The verdict on text against images, and published curves laid over measured ones, of the curve
 * results in `curves` (an array), added to the result object. */
mi_code mi_verdict_add(cJSON *result, mi_status *status);
void mi_overlays_check(const mi_experiment *experiment, mi_faults *faults);
mi_code mi_overlays_add(const mi_experiment *experiment, mi_faults *faults, cJSON *result,
                        mi_status *status);

/* The published file of a comparison or of checks, or NULL after adding a fault. */
cJSON *mi_published_read(const mi_experiment *experiment, mi_faults *faults);

/* Ratios and accuracies of one of its series; how many, 0 after adding a fault. */
enum { MI_PUBLISHED_POINTS = 64 };
size_t mi_published_series(const cJSON *published, const char *key, const char *metric,
                           double ratios[MI_PUBLISHED_POINTS], double values[MI_PUBLISHED_POINTS],
                           mi_faults *faults);

/* "question" of a document kept with its experiment; and put, behind the title, into the result and
 * its configuration, of whatever kind. */
mi_code mi_question_keep(const cJSON *document, mi_experiment *experiment, mi_status *status);
mi_code mi_question_put(const mi_experiment *experiment, cJSON *result, mi_status *status);

/* References between curves, and masking strategies against published accuracies. */
void mi_sources_check(const mi_experiment *experiment, mi_faults *faults);
mi_code mi_sources_add(const mi_experiment *experiment, mi_faults *faults, cJSON *result,
                       mi_status *status);
/* The "estimators" experiment: settings, seed and title of `experiment` from the document; faults
 * of values that only together are wrong; and its result. */
mi_code mi_estimators_resolve(const mi_binding *binding, const cJSON *document,
                              mi_experiment *experiment, mi_status *status);
mi_code mi_estimators_check(const mi_experiment *experiment, mi_faults *faults, mi_status *status);
mi_code mi_estimators_run(const mi_experiment *experiment, const mi_run *run, cJSON **ret_result,
                          mi_status *status);

#endif
