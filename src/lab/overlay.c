/* Published accuracies over the masking ratio beside the objective of measured curves. */
#include <string.h>

#include "lab.h"
#include "maskinfo/result.h"
#include "maskinfo/statistics.h"

/* The published series that have accuracies over several ratios of one method. */
static const struct {
    const char *key, *metric, *label, *unit;
} series[] = {
    {"mae_fig5", "fine_tune", "MAE ViT-L, fine-tuned", "top-1 accuracy (%)"},
    {"mae_fig5", "linear_probe", "MAE ViT-L, linear probe", "top-1 accuracy (%)"},
    {"kong_2023", "linear_probe", "Kong et al. ViT-B, linear probe", "top-1 accuracy (%)"},
};

static size_t numbers(const cJSON *array, double *values)
{
    size_t count = 0;
    const cJSON *value = NULL;
    cJSON_ArrayForEach(value, array)
    {
        if (!cJSON_IsNumber(value) || count == MI_PUBLISHED_POINTS) {
            return 0;
        }
        values[count++] = value->valuedouble;
    }
    return count;
}

/* Objective of a curve result at a ratio between its points, by linear interpolation; false outside
 * of them. */
static bool objective_at(const cJSON *curve, double ratio, double *ret_value)
{
    const cJSON *last = NULL, *point = NULL;
    cJSON_ArrayForEach(point, mi_lab_item(curve, "points"))
    {
        double right = mi_lab_item(point, "ratio")->valuedouble;
        if (last != NULL && ratio <= right) {
            double left = mi_lab_item(last, "ratio")->valuedouble;
            double from = mi_lab_item(last, "objective")->valuedouble;
            double to = mi_lab_item(point, "objective")->valuedouble;
            *ret_value = from + (to - from) * (ratio - left) / (right - left);
            return ratio >= left;
        }
        last = point;
    }
    return false;
}

static void put_correlation(mi_writer *w, cJSON *overlay, const cJSON *curve, const double *ratios,
                            const double *values, size_t count)
{
    double objective[MI_PUBLISHED_POINTS], accuracy[MI_PUBLISHED_POINTS], correlation = 0;
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++) {
        if (objective_at(curve, ratios[i], &objective[pairs])) {
            accuracy[pairs++] = values[i];
        }
    }
    if (mi_rank_correlation(objective, accuracy, pairs, &correlation)) {
        mi_add_number(w, overlay, "rank_correlation", correlation);
    } else {
        mi_add_text(w, overlay, "rank_correlation", NULL);
        mi_add_text(w, overlay, "rank_correlation_reason", "fewer than three different points");
    }
    mi_add_number(w, overlay, "pairs", (double)pairs);
}

size_t mi_published_series(const cJSON *published, const char *key, const char *metric,
                           double ratios[MI_PUBLISHED_POINTS], double values[MI_PUBLISHED_POINTS],
                           mi_faults *faults)
{
    const cJSON *entry = mi_lab_item(published, key);
    size_t count = numbers(mi_lab_item(entry, "ratio"), ratios);
    if (count == 0 || numbers(mi_lab_item(entry, metric), values) != count ||
        !cJSON_IsString(mi_lab_item(entry, "source"))) {
        mi_faults_add(faults, "published",
                      "%s: needs \"source\" and arrays \"ratio\" and \"%s\" of equal length, 1 to "
                      "%d numbers",
                      key, metric, MI_PUBLISHED_POINTS);
        return 0;
    }
    return count;
}

static size_t read_series(const cJSON *published, size_t s, double *ratios, double *values,
                          mi_faults *faults)
{
    return mi_published_series(published, series[s].key, series[s].metric, ratios, values, faults);
}

static void put_overlay(mi_writer *w, cJSON *overlays, const cJSON *published, size_t s,
                        const cJSON *curve, mi_faults *faults)
{
    double ratios[MI_PUBLISHED_POINTS], values[MI_PUBLISHED_POINTS];
    size_t count = read_series(published, s, ratios, values, faults);
    if (count == 0) {
        return;
    }
    cJSON *overlay = cJSON_CreateObject();
    mi_add_text(w, overlay, "label", series[s].label);
    mi_add_text(w, overlay, "source",
                mi_lab_item(mi_lab_item(published, series[s].key), "source")->valuestring);
    mi_add_text(w, overlay, "metric", series[s].unit);
    mi_add_numbers(w, overlay, "ratio", ratios, count);
    mi_add_numbers(w, overlay, "value", values, count);
    mi_add_text(w, overlay, "against", mi_lab_item(curve, "label")->valuestring);
    put_correlation(w, overlay, curve, ratios, values, count);
    if (!cJSON_AddItemToArray(overlays, overlay)) {
        cJSON_Delete(overlay);
        w->failed = true;
    }
}

static const cJSON *find_curve(const cJSON *curves, const char *label)
{
    const cJSON *curve = NULL;
    cJSON_ArrayForEach(curve, curves)
    {
        if (strcmp(mi_lab_item(curve, "label")->valuestring, label) == 0) {
            return curve;
        }
    }
    return NULL;
}

cJSON *mi_published_read(const mi_experiment *e, mi_faults *faults)
{
    const char *path = mi_text(e->settings, "published");
    mi_faults reading = {.file = path};
    cJSON *published = mi_document_read(path, &reading);
    if (published == NULL) {
        mi_faults_add(faults, "published", "%s",
                      reading.messages[0] != NULL ? reading.messages[0] : path);
    }
    mi_faults_clear(&reading);
    return published;
}

static bool wants_overlays(const mi_experiment *e)
{
    return mi_given(e->settings, "published") && mi_given(e->settings, "overlay_on");
}

static bool is_label(const mi_experiment *e, const char *label)
{
    for (size_t i = 0; i < e->count; i++) {
        if (strcmp(e->curves[i].label, label) == 0) {
            return true;
        }
    }
    return false;
}

void mi_overlays_check(const mi_experiment *e, mi_faults *faults)
{
    if (!wants_overlays(e)) {
        return;
    }
    const mi_value *on = mi_values_find(e->settings, "overlay_on");
    for (size_t i = 0; i < on->path_count; i++) {
        if (!is_label(e, on->paths[i])) {
            mi_faults_add(faults, "overlay_on", "\"%s\"; must be the label of a curve",
                          on->paths[i]);
        }
    }
    cJSON *published = mi_published_read(e, faults);
    for (size_t s = 0; published != NULL && s < sizeof series / sizeof *series; s++) {
        double ratios[MI_PUBLISHED_POINTS], values[MI_PUBLISHED_POINTS];
        read_series(published, s, ratios, values, faults);
    }
    cJSON_Delete(published);
}

mi_code mi_overlays_add(const mi_experiment *e, mi_faults *faults, cJSON *result, mi_status *status)
{
    if (!wants_overlays(e)) {
        return MI_OK;
    }
    mi_writer w = {.failed = false};
    size_t before = faults->count;
    const mi_value *on = mi_values_find(e->settings, "overlay_on");
    cJSON *published = mi_published_read(e, faults), *overlays = cJSON_CreateArray();
    for (size_t i = 0; published != NULL && i < on->path_count; i++) {
        const cJSON *curve = find_curve(mi_lab_item(result, "curves"), on->paths[i]);
        for (size_t s = 0; curve != NULL && s < sizeof series / sizeof *series; s++) {
            put_overlay(&w, overlays, published, s, curve, faults);
        }
    }
    mi_add_item(&w, result, "overlays", overlays);
    cJSON_Delete(published);
    if (faults->count > before) {
        return mi_fail(status, MI_INPUT, "bad published file");
    }
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the overlays") : MI_OK;
}
