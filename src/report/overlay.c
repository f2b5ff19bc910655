/* Published numbers and the verdict of a compare result. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "source.h"
#include "text.h"

static mi_code read_text(const cJSON *object, const char *key, char **ret_clean, mi_status *status)
{
    const char *text = mi_json_text(object, key);
    return mi_text_clean(text == NULL ? "" : text, ret_clean, status);
}

static double finite_or_nan(const cJSON *item)
{
    return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : NAN;
}

static mi_code read_numbers(mi_overlay *o, const cJSON *json, mi_status *status)
{
    const cJSON *ratios = cJSON_GetObjectItemCaseSensitive(json, "ratio");
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(json, "value");
    int count = cJSON_GetArraySize(ratios);
    if (!cJSON_IsArray(ratios) || !cJSON_IsArray(values) || cJSON_GetArraySize(values) != count) {
        return mi_fail_at(status, "overlays",
                          "\"ratio\" and \"value\" of \"%s\" must be arrays of "
                          "the same length",
                          o->label);
    }
    o->count = (size_t)count;
    mi_code code = mi_allocate(2 * o->count, sizeof *o->numbers, &o->numbers, status);
    if (code != MI_OK) {
        return code;
    }
    const cJSON *ratio = ratios->child, *value = values->child;
    for (size_t i = 0; i < o->count; i++, ratio = ratio->next, value = value->next) {
        o->numbers[2 * i] = finite_or_nan(ratio);
        o->numbers[2 * i + 1] = finite_or_nan(value);
    }
    return MI_OK;
}

static mi_code read_overlay(mi_overlay *o, const mi_report *report, const cJSON *json,
                            mi_status *status)
{
    mi_code code = read_text(json, "label", &o->label, status);
    if (code == MI_OK) {
        code = read_text(json, "source", &o->origin, status);
    }
    if (code == MI_OK) {
        code = read_text(json, "metric", &o->metric, status);
    }
    if (code == MI_OK) {
        code = read_numbers(o, json, status);
    }
    o->opt_against = mi_report_find(report, mi_json_text(json, "against"));
    o->rank_correlation = mi_json_number(json, "rank_correlation");
    o->pairs = mi_json_number(json, "pairs");
    return code;
}

mi_code mi_report_read_overlays(mi_report *report, mi_status *status)
{
    const cJSON *verdict = cJSON_GetObjectItemCaseSensitive(report->result, "verdict");
    const cJSON *overlays = cJSON_GetObjectItemCaseSensitive(report->result, "overlays");
    mi_code code = read_text(verdict, "sentence", &report->verdict, status);
    if (code != MI_OK || !cJSON_IsArray(overlays)) {
        return code;
    }
    size_t count = (size_t)cJSON_GetArraySize(overlays);
    code = mi_allocate(count, sizeof *report->overlays, &report->overlays, status);
    if (code != MI_OK) {
        return code;
    }
    report->overlay_count = count;
    const cJSON *json = overlays->child;
    for (size_t i = 0; i < count && code == MI_OK; i++, json = json->next) {
        code = read_overlay(&report->overlays[i], report, json, status);
    }
    return code;
}

void mi_report_free_overlays(mi_report *report)
{
    for (size_t i = 0; i < report->overlay_count; i++) {
        free(report->overlays[i].label);
        free(report->overlays[i].origin);
        free(report->overlays[i].metric);
        free(report->overlays[i].numbers);
    }
    free(report->overlays);
    free(report->verdict);
}
