/* What a result tells of masking strategies: the strategy and the source of a curve, samples of its
 * masks, and published accuracies beside them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "source.h"
#include "text.h"

enum { MOST_ROWS = 1000000 }; /* so that rows * columns fits in a size_t */

/* Colours of Okabe and Ito (2008), distinct for every kind of colour vision. */
const mi_strategy mi_strategies[] = {
    {"random", "every set of a size equally likely", "#0072b2", 6, 7},
    {"block", "rectangles hidden", "#d55e00", 4, 5},
    {"grid", "a regular lattice stays visible", "#009e73", 8, 9},
    {"span", "stretches hidden", "#aa4499", 12, 13},
    {NULL, NULL, NULL, 0, 0},
};

static const mi_strategy *known_strategy(const char *opt_name)
{
    for (const mi_strategy *s = mi_strategies; s->name != NULL; s++) {
        if (opt_name != NULL && strcmp(opt_name, s->name) == 0) {
            return s;
        }
    }
    return NULL;
}

static mi_code clean_text(const cJSON *object, const char *key, char **ret_clean, mi_status *status)
{
    const char *text = mi_json_text(object, key);
    return mi_text_clean(text == NULL ? "" : text, ret_clean, status);
}

static mi_code read_side(const cJSON *sample, const char *key, const char *place, size_t *ret_side,
                         mi_status *status)
{
    double side = mi_json_number(sample, key);
    if (!(side >= 1 && side <= MOST_ROWS && side == floor(side))) {
        return mi_fail_at(status, place, "a mask needs \"%s\", a whole number in [1, %d]", key,
                          MOST_ROWS);
    }
    *ret_side = (size_t)side;
    return MI_OK;
}

static mi_code read_masked(mi_mask_sample *sample, const cJSON *json, const char *where,
                           mi_status *status)
{
    char place[120];
    snprintf(place, sizeof place, "%s.masked", where);
    sample->masked = mi_json_text(json, "masked");
    size_t length = sample->masked == NULL ? 0 : strlen(sample->masked);
    if (length != sample->rows * sample->columns) {
        return mi_fail_at(status, place,
                          "%zu characters; must be a text of rows * columns = %zu * %zu", length,
                          sample->rows, sample->columns);
    }
    size_t known = strspn(sample->masked, "01");
    if (known < length) {
        return mi_fail_at(status, place, "character %zu is neither '0' (visible) nor '1' (hidden)",
                          known);
    }
    return MI_OK;
}

static mi_code read_sample(mi_mask_sample *sample, const cJSON *json, const char *place,
                           mi_status *status)
{
    sample->ratio = mi_json_number(json, "ratio");
    if (!(sample->ratio >= 0 && sample->ratio <= 1)) {
        return mi_fail_at(status, place, "a mask needs \"ratio\", a number in [0, 1]");
    }
    mi_code code = read_side(json, "rows", place, &sample->rows, status);
    if (code == MI_OK) {
        code = read_side(json, "columns", place, &sample->columns, status);
    }
    return code == MI_OK ? read_masked(sample, json, place, status) : code;
}

static mi_code read_samples(mi_source *s, const char *where, mi_status *status)
{
    char place[100];
    const cJSON *samples = cJSON_GetObjectItemCaseSensitive(s->json, "mask_samples");
    if (samples == NULL || cJSON_IsNull(samples)) {
        return MI_OK;
    }
    if (!cJSON_IsArray(samples)) {
        snprintf(place, sizeof place, "%smask_samples", where);
        return mi_fail_at(status, place, "must be an array of masks");
    }
    size_t count = (size_t)cJSON_GetArraySize(samples);
    mi_code code = mi_allocate(count, sizeof *s->samples, &s->samples, status);
    const cJSON *json = samples->child;
    for (size_t i = 0; i < count && code == MI_OK; i++, json = json->next) {
        snprintf(place, sizeof place, "%smask_samples[%zu]", where, i);
        code = read_sample(&s->samples[i], json, place, status);
    }
    s->sample_count = code == MI_OK ? count : 0;
    return code;
}

mi_code mi_source_read_strategy(mi_source *s, const char *where, mi_status *status)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(s->json, "config");
    const cJSON *mask = cJSON_GetObjectItemCaseSensitive(config, "mask");
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(config, "model");
    s->opt_strategy = known_strategy(mi_json_text(mask, "strategy"));
    s->classes = mi_json_number(model, "classes");
    mi_code code = clean_text(s->json, "source", &s->origin, status);
    return code == MI_OK ? read_samples(s, where, status) : code;
}

void mi_source_free_strategy(mi_source *s)
{
    free(s->origin);
    free(s->samples);
}

static mi_code read_published(mi_strategy_comparison *c, const cJSON *json, mi_status *status)
{
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(json, "published"), *row = NULL;
    size_t most = cJSON_IsArray(rows) ? (size_t)cJSON_GetArraySize(rows) : 0;
    mi_code code = mi_allocate(most, sizeof *c->masks, &c->masks, status);
    if (code != MI_OK) {
        return code;
    }
    cJSON_ArrayForEach(row, rows)
    {
        mi_published_mask mask = {known_strategy(mi_json_text(row, "strategy")),
                                  mi_json_number(row, "ratio"),
                                  mi_json_number(row, "information"),
                                  mi_json_number(row, "information_se"),
                                  mi_json_number(row, "fine_tune"),
                                  mi_json_number(row, "linear_probe")};
        if (c->count < most && mask.strategy != NULL && isfinite(mask.information)) {
            c->masks[c->count++] = mask;
        }
    }
    return MI_OK;
}

static bool is_image(const mi_report *report, const char *origin)
{
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->sources[i].origin, origin) == 0) {
            return report->sources[i].group == MI_GROUP_IMAGE;
        }
    }
    return false;
}

static mi_code read_comparison(mi_report *report, const cJSON *json, mi_status *status)
{
    const cJSON *correlation = cJSON_GetObjectItemCaseSensitive(json, "rank_correlation");
    mi_code code = mi_allocate(1, sizeof *report->opt_comparison, &report->opt_comparison, status);
    mi_strategy_comparison *c = report->opt_comparison;
    if (code == MI_OK) {
        c->fine_tune_correlation = mi_json_number(correlation, "fine_tune");
        c->linear_probe_correlation = mi_json_number(correlation, "linear_probe");
        code = clean_text(json, "source", &c->source, status);
    }
    if (code == MI_OK) {
        c->image = is_image(report, c->source);
        code = clean_text(json, "published_source", &c->origin, status);
    }
    if (code == MI_OK) {
        code = clean_text(json, "sentence", &c->sentence, status);
    }
    return code == MI_OK ? read_published(c, json, status) : code;
}

mi_code mi_report_read_strategies(mi_report *report, mi_status *status)
{
    for (size_t i = 0; i < report->count; i++) {
        mi_source *s = &report->sources[i];
        const mi_source *reference = mi_report_find(report, mi_json_text(s->json, "reference"));
        s->opt_reference = reference == s ? NULL : reference;
        mi_source_derive_difference(s);
    }
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(report->result, "strategy_comparison");
    return cJSON_IsObject(json) ? read_comparison(report, json, status) : MI_OK;
}

void mi_report_free_strategies(mi_report *report)
{
    mi_strategy_comparison *c = report->opt_comparison;
    if (c != NULL) {
        free(c->source);
        free(c->origin);
        free(c->sentence);
        free(c->masks);
        free(c);
    }
}
