#include "source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "centered.h"
#include "maskinfo/memory.h"
#include "swept.h"
#include "text.h"
#include "trained.h"
#include "trials.h"

static const struct {
    const char *key; /* of a point; NULL: derived */
    const char *heading;
} field_table[MI_FIELDS] = {
    [MI_F_RATIO] = {"ratio", "ratio"},
    [MI_F_CONDITIONAL] = {"conditional_entropy", "conditional_entropy(nats)"},
    [MI_F_CONDITIONAL_SE] = {"conditional_entropy_se", "conditional_entropy_se(nats)"},
    [MI_F_INFORMATION] = {"information", "information(nats)"},
    [MI_F_INFORMATION_SE] = {"information_se", "information_se(nats)"},
    [MI_F_VOCABULARY] = {"effective_vocabulary", "effective_vocabulary(tokens)"},
    [MI_F_UNIGRAM] = {"unigram_information", "unigram_information(nats)"},
    [MI_F_JOINT] = {"joint_information", "joint_information(nats/site)"},
    [MI_F_JOINT_SE] = {"joint_information_se", "joint_information_se(nats/site)"},
    [MI_F_OBJECTIVE] = {"objective", "objective(nats)"},
    [MI_F_OBJECTIVE_SE] = {"objective_se", "objective_se(nats)"},
    [MI_F_HELD_OUT] = {"held_out_information", "held_out_information(nats)"},
    [MI_F_HELD_OUT_SE] = {"held_out_information_se", "held_out_information_se(nats)"},
    [MI_F_SCALE] = {"scale_information", "scale_information(nats)"},
    [MI_F_SCALE_SE] = {"scale_information_se", "scale_information_se(nats)"},
    [MI_F_IN_SAMPLE] = {"in_sample_information", "in_sample_information(nats)"},
    [MI_F_IN_SAMPLE_SE] = {"in_sample_information_se", "in_sample_information_se(nats)"},
    [MI_F_MSE] = {"mse_floor", "mse_floor(share_of_variance)"},
    [MI_F_INTERPOLATION] = {"interpolation_information", "interpolation_information(nats)"},
    [MI_F_INTERPOLATION_SE] = {"interpolation_information_se",
                               "interpolation_information_se(nats)"},
    [MI_F_FAR] = {"far_information", "far_information(nats)"},
    [MI_F_FAR_SE] = {"far_information_se", "far_information_se(nats)"},
    [MI_F_CLASS] = {"class_information", "class_information(nats,all_sites)"},
    [MI_F_CLASS_SE] = {"class_information_se", "class_information_se(nats,all_sites)"},
    [MI_F_SEMANTIC] = {"semantic_information", "semantic_information(nats)"},
    [MI_F_SEMANTIC_SE] = {"semantic_information_se", "semantic_information_se(nats)"},
    [MI_F_TOTAL] = {NULL, "total_information(nats)"},
    [MI_F_INFORMATION_SHARE] = {NULL, "information(share_of_first)"},
    [MI_F_INFORMATION_SHARE_SE] = {NULL, "information_se(share_of_first)"},
    [MI_F_JOINT_SHARE] = {NULL, "joint_information(share_of_largest)"},
    [MI_F_JOINT_SHARE_SE] = {NULL, "joint_information_se(share_of_largest)"},
    [MI_F_OBJECTIVE_SHARE] = {NULL, "objective(share_of_largest)"},
    [MI_F_OBJECTIVE_SHARE_SE] = {NULL, "objective_se(share_of_largest)"},
    [MI_F_MIRROR] = {NULL, "joint(r)-joint(1-r)(nats/site)"},
    [MI_F_EXPONENTIAL] = {NULL, "exponential_fit(nats)"},
    [MI_F_POWER] = {NULL, "power_fit(nats)"},
    [MI_F_EXPONENTIAL_RESIDUAL] = {NULL, "information-exponential(nats)"},
    [MI_F_POWER_RESIDUAL] = {NULL, "information-power(nats)"},
    [MI_F_INTERPOLATION_SHARE] = {NULL, "interpolation(share_of_information)"},
    [MI_F_INTERPOLATION_SHARE_SE] = {NULL, "interpolation_se(share_of_information)"},
    [MI_F_FAR_SHARE] = {NULL, "far(share_of_information)"},
    [MI_F_FAR_SHARE_SE] = {NULL, "far_se(share_of_information)"},
    [MI_F_SEMANTIC_SHARE] = {NULL, "semantic(share_of_information)"},
    [MI_F_SEMANTIC_SHARE_SE] = {NULL, "semantic_se(share_of_information)"},
    [MI_F_DIFFERENCE] = {NULL, "information-reference(nats)"},
    [MI_F_DIFFERENCE_SE] = {NULL, "information-reference_se(nats)"},
};

const char *mi_field_heading(mi_field field)
{
    return field_table[field].heading;
}

double mi_json_number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : NAN;
}

const char *mi_json_text(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

void mi_put_number(FILE *file, double value)
{
    if (isfinite(value)) {
        fprintf(file, "%.12g", value);
    } else {
        putc('?', file);
    }
}

const mi_source *mi_report_find(const mi_report *report, const char *opt_label)
{
    for (size_t i = 0; opt_label != NULL && i < report->count; i++) {
        const char *own = mi_json_text(report->sources[i].json, "label");
        if (own != NULL && strcmp(own, opt_label) == 0) {
            return &report->sources[i];
        }
    }
    return NULL;
}

bool mi_source_has(const mi_source *source, mi_field field)
{
    for (size_t i = 0; i < source->points; i++) {
        if (isfinite(source->values[field][i])) {
            return true;
        }
    }
    return false;
}

bool mi_source_in(const mi_source *source, const char *figure)
{
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(source->json, "figures");
    if (!cJSON_IsArray(names)) {
        return strcmp(figure, "families") != 0 && strcmp(figure, "dichotomy") != 0;
    }
    const cJSON *name;
    cJSON_ArrayForEach(name, names)
    {
        if (cJSON_IsString(name) && strcmp(name->valuestring, figure) == 0) {
            return true;
        }
    }
    return false;
}

static mi_code allocate_values(mi_source *s, mi_status *status)
{
    size_t size = 0;
    if (mi_product(s->points, MI_FIELDS, &size, status) != MI_OK ||
        mi_allocate(size, sizeof *s->block, &s->block, status) != MI_OK) {
        return MI_MEMORY;
    }
    for (int field = 0; field < MI_FIELDS; field++) {
        s->values[field] = s->block + (size_t)field * s->points;
    }
    return MI_OK;
}

static mi_code read_points(mi_source *s, const char *place, mi_status *status)
{
    const cJSON *points = cJSON_GetObjectItemCaseSensitive(s->json, "points");
    if (!cJSON_IsArray(points) || cJSON_GetArraySize(points) == 0) {
        return mi_fail_at(status, place, "a curve needs an array \"points\" that is not empty");
    }
    s->points = (size_t)cJSON_GetArraySize(points);
    if (allocate_values(s, status) != MI_OK) {
        return MI_MEMORY;
    }
    size_t i = 0;
    const cJSON *point;
    cJSON_ArrayForEach(point, points)
    {
        for (int f = 0; f < MI_FIELDS; f++) {
            const char *key = field_table[f].key;
            s->values[f][i] = key == NULL ? NAN : mi_json_number(point, key);
        }
        if (!isfinite(s->values[MI_F_RATIO][i])) {
            return mi_fail_at(status, place, "point %zu has no number \"ratio\"", i);
        }
        i++;
    }
    return MI_OK;
}

static void read_decay(const cJSON *fits, const char *name, const char *exponent, mi_decay *decay)
{
    char key[64];
    const cJSON *fit = cJSON_GetObjectItemCaseSensitive(fits, name);
    decay->amplitude = mi_json_number(fit, "amplitude");
    decay->exponent = mi_json_number(fit, exponent);
    snprintf(key, sizeof key, "%s_se", exponent);
    decay->exponent_se = mi_json_number(fit, key);
    snprintf(key, sizeof key, "%s_sampling_se", exponent);
    decay->sampling_se = mi_json_number(fit, key);
    decay->r_squared = mi_json_number(fit, "r_squared");
    decay->aicc = mi_json_number(fit, "aicc");
    decay->optimum = mi_json_number(fit, "optimal_ratio");
    decay->corner = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(fit, "corner"));
    decay->valid = isfinite(decay->amplitude) && isfinite(decay->exponent);
    snprintf(key, sizeof key, "%s_reason", name);
    decay->opt_reason = mi_json_text(fits, key);
}

static double ratio_or_nan(double value)
{
    return value > 0 && value <= 1 ? value : NAN;
}

static void read_optimum(mi_source *s)
{
    const cJSON *optimum = cJSON_GetObjectItemCaseSensitive(s->json, "optimum");
    s->optimum = mi_json_number(optimum, "ratio");
    s->low = ratio_or_nan(mi_json_number(optimum, "low"));
    s->high = ratio_or_nan(mi_json_number(optimum, "high"));
    s->has_optimum = isfinite(ratio_or_nan(s->optimum));
    s->edge = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(optimum, "edge"));
}

static mi_group group_of(const cJSON *curve)
{
    const char *name = mi_json_text(curve, "group");
    if (name != NULL) {
        return strcmp(name, "image") == 0 ? MI_GROUP_IMAGE : MI_GROUP_TEXT;
    }
    return isfinite(mi_json_number(curve, "vocabulary")) ? MI_GROUP_TEXT : MI_GROUP_IMAGE;
}

static mi_code read_texts(mi_source *s, mi_status *status)
{
    char fallback[32];
    const char *label = mi_json_text(s->json, "label");
    if (label == NULL || label[0] == '\0') {
        snprintf(fallback, sizeof fallback, "curve %zu", s->number + 1);
        label = fallback;
    }
    const cJSON *misfit = cJSON_GetObjectItemCaseSensitive(s->json, "misfit");
    const char *message = mi_json_text(misfit, "message");
    s->misfit = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(misfit, "detected"));
    mi_code code = mi_text_clean(label, &s->label, status);
    if (code != MI_OK) {
        return code;
    }
    return mi_text_clean(message == NULL ? "" : message, &s->misfit_message, status);
}

static const char *const regimes[] = {"redundant", "synergistic", "mixed", "undetermined", NULL};
static const char *const fit_names[] = {"exponential", "power", NULL};

/* The constant that equals a name of the file, so that nothing else gets into scripts and tables;
 * NULL where there is none. */
static const char *known_name(const char *opt_name, const char *const *names)
{
    while (*names != NULL && (opt_name == NULL || strcmp(*names, opt_name) != 0)) {
        names++;
    }
    return *names;
}

static mi_code read_source(mi_source *s, const cJSON *json, size_t number, const char *where,
                           mi_status *status)
{
    char place[48];
    snprintf(place, sizeof place, "%spoints", where);
    s->json = json;
    s->number = number;
    s->group = group_of(json);
    mi_code code = read_texts(s, status);
    if (code == MI_OK) {
        code = read_points(s, place, status);
    }
    if (code == MI_OK) {
        code = mi_source_read_strategy(s, where, status);
    }
    if (code != MI_OK) {
        return code;
    }
    const cJSON *fits = cJSON_GetObjectItemCaseSensitive(json, "fits");
    read_decay(fits, "exponential", "rate", &s->exponential);
    read_decay(fits, "power", "exponent", &s->power);
    read_optimum(s);
    s->opt_regime = known_name(
        mi_json_text(cJSON_GetObjectItemCaseSensitive(json, "regime"), "verdict"), regimes);
    s->opt_preferred = known_name(mi_json_text(json, "preferred_fit"), fit_names);
    mi_source_derive(s);
    return MI_OK;
}

static mi_code read_curves(mi_report *report, const cJSON *curves, mi_status *status)
{
    const cJSON *curve = report->compare ? curves->child : curves;
    for (size_t i = 0; i < report->count; i++, curve = curve->next) {
        char where[40] = "";
        if (report->compare) {
            snprintf(where, sizeof where, "curves[%zu].", i);
        }
        mi_source *s = &report->sources[i];
        mi_code code = read_source(s, curve, i, where, status);
        if (code != MI_OK) {
            return code;
        }
    }
    mi_report_dress(report);
    return MI_OK;
}

static mi_code read_all(mi_report *report, mi_status *status)
{
    const cJSON *curves = report->result;
    size_t count = 1;
    if (report->compare) {
        curves = cJSON_GetObjectItemCaseSensitive(report->result, "curves");
        count = cJSON_IsArray(curves) ? (size_t)cJSON_GetArraySize(curves) : 0;
    }
    if (count == 0 && !report->advice) {
        return mi_fail_at(status, "curves", "a compare result needs an array that is not empty");
    }
    mi_code code = mi_allocate(count, sizeof *report->sources, &report->sources, status);
    if (code != MI_OK) {
        return code;
    }
    report->count = count;
    return read_curves(report, curves, status);
}

/* What kind of result it is; false where it has no figures. */
static bool classify(mi_report *report)
{
    const char *name = mi_json_text(report->result, "experiment");
    if (name == NULL) {
        return false;
    }
    report->advice = strcmp(name, "advise") == 0;
    report->compare = report->advice || strcmp(name, "compare") == 0;
    report->estimators = strcmp(name, "estimators") == 0;
    report->train = strcmp(name, "train") == 0;
    report->checks = strcmp(name, "checks") == 0;
    report->methods = strcmp(name, "methods") == 0;
    report->center = strcmp(name, "center") == 0;
    return report->compare || report->estimators || report->train || report->checks ||
           report->methods || report->center || strcmp(name, "curve") == 0 ||
           strcmp(name, "sweep") == 0;
}

static bool is_sweep(const cJSON *result)
{
    const char *name = mi_json_text(result, "experiment");
    return name != NULL && strcmp(name, "sweep") == 0;
}

static mi_code read_kind(mi_report *report, mi_status *status)
{
    if (is_sweep(report->result)) {
        return mi_swept_read(report->result, &report->opt_swept, status);
    }
    if (report->estimators) {
        return mi_trials_check(report->result, status);
    }
    if (report->center) {
        return mi_centered_check(report->result, status);
    }
    if (report->train || report->checks || report->methods) {
        mi_runs_kind kind = report->train    ? MI_RUNS_TRAIN
                            : report->checks ? MI_RUNS_CHECKS
                                             : MI_RUNS_METHODS;
        return mi_runs_read(report->result, kind, &report->opt_runs, status);
    }
    mi_code code = read_all(report, status);
    if (code == MI_OK) {
        code = mi_report_read_overlays(report, status);
    }
    return code == MI_OK ? mi_report_read_strategies(report, status) : code;
}

mi_code mi_report_read(const cJSON *result, mi_report **ret_report, mi_status *status)
{
    mi_report *report = NULL;
    mi_code code = mi_allocate(1, sizeof *report, &report, status);
    if (code != MI_OK) {
        return code;
    }
    report->result = result;
    if (classify(report)) {
        code = read_kind(report, status);
    } else {
        const char *name = mi_json_text(result, "experiment");
        code = mi_fail_at(
            status, "experiment",
            "\"%s\" has no figures; \"curve\", \"compare\", \"estimators\", "
            "\"advise\", \"train\", \"checks\", \"methods\", \"center\" and \"sweep\" do",
            name == NULL ? "" : name);
    }
    if (code != MI_OK) {
        mi_report_destroy(report);
        return code;
    }
    *ret_report = report;
    return MI_OK;
}

void mi_report_destroy(mi_report *report)
{
    if (report == NULL) {
        return;
    }
    for (size_t i = 0; i < report->count; i++) {
        free(report->sources[i].label);
        free(report->sources[i].misfit_message);
        free(report->sources[i].block);
        mi_source_free_strategy(&report->sources[i]);
    }
    free(report->sources);
    mi_report_free_overlays(report);
    mi_report_free_strategies(report);
    mi_runs_destroy(report->opt_runs);
    mi_swept_destroy(report->opt_swept);
    free(report);
}
