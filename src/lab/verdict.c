/* Does text decay faster and peak earlier than images? From finished curve results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "maskinfo/compare.h"
#include "maskinfo/memory.h"
#include "maskinfo/result.h"

enum { MAX_QUANTILES = 64 };

static double number(const cJSON *object, const char *name)
{
    const cJSON *value = mi_lab_item(object, name);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *value = mi_lab_item(object, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

/* What mi_compare asks of a curve. */
typedef struct source {
    mi_fit fit;
    mi_optimum optimum;
    double quantiles[MAX_QUANTILES];
} source;

static void read_source(const cJSON *curve, source *s)
{
    const cJSON *fits = mi_lab_item(curve, "fits"), *fit = mi_lab_item(fits, "exponential");
    const cJSON *optimum = mi_lab_item(curve, "optimum"), *quantile = NULL;
    memset(s, 0, sizeof *s);
    s->fit.valid = cJSON_IsObject(fit);
    s->fit.exponent = number(fit, "rate");
    s->fit.exponent_error = number(fit, "rate_se");
    s->fit.sampling_error = number(fit, "rate_sampling_se");
    snprintf(s->fit.reason, sizeof s->fit.reason, "%s", text(fits, "exponential_reason"));
    s->optimum.valid = cJSON_IsObject(optimum);
    s->optimum.ratio = number(optimum, "ratio");
    snprintf(s->optimum.reason, sizeof s->optimum.reason, "%s", text(curve, "optimum_reason"));
    cJSON_ArrayForEach(quantile, mi_lab_item(optimum, "quantiles"))
    {
        if (s->optimum.draws < MAX_QUANTILES) {
            s->quantiles[s->optimum.draws++] = quantile->valuedouble;
        }
    }
    s->optimum.samples = s->quantiles;
}

typedef struct tally {
    size_t pairs, rate_holds, optimum_holds;
} tally;

static cJSON *pair_json(mi_writer *w, const cJSON *text_curve, const cJSON *image_curve, tally *t)
{
    source a, b;
    mi_comparison c;
    cJSON *pair = cJSON_CreateObject();
    read_source(text_curve, &a);
    read_source(image_curve, &b);
    mi_compare(&a.fit, &a.optimum, &b.fit, &b.optimum, &c);
    mi_add_text(w, pair, "text", text(text_curve, "label"));
    mi_add_text(w, pair, "image", text(image_curve, "label"));
    if (c.rate_valid) {
        mi_add_number(w, pair, "rate_difference", c.rate_difference);
        mi_add_number(w, pair, "rate_difference_se", c.rate_difference_error);
        mi_add_number(w, pair, "rate_probability", c.rate_probability);
    } else {
        mi_add_text(w, pair, "rate_difference", NULL);
        mi_add_text(w, pair, "rate_difference_reason", c.rate_reason);
    }
    if (c.optimum_valid) {
        mi_add_number(w, pair, "optimum_difference", c.optimum_difference);
        mi_add_number(w, pair, "optimum_probability", c.optimum_probability);
    } else {
        mi_add_text(w, pair, "optimum_difference", NULL);
        mi_add_text(w, pair, "optimum_difference_reason", c.optimum_reason);
    }
    mi_add_bool(w, pair, "rate_ordering_holds", c.rate_valid && c.rate_holds);
    mi_add_bool(w, pair, "optimum_ordering_holds", c.optimum_valid && c.optimum_holds);
    t->pairs++;
    t->rate_holds += c.rate_valid && c.rate_holds;
    t->optimum_holds += c.optimum_valid && c.optimum_holds;
    return pair;
}

/* A density that contradicts itself measures nothing, so its curve is not weighed. */
static bool is_misfit(const cJSON *curve)
{
    return cJSON_IsTrue(mi_lab_item(mi_lab_item(curve, "misfit"), "detected"));
}

static bool is_weighed(const cJSON *curve, const char *group)
{
    return cJSON_IsTrue(mi_lab_item(curve, "weighed")) && !is_misfit(curve) &&
           strcmp(text(curve, "group"), group) == 0;
}

static cJSON *left_out(mi_writer *w, const cJSON *curves)
{
    cJSON *labels = cJSON_CreateArray();
    const cJSON *curve = NULL;
    cJSON_ArrayForEach(curve, curves)
    {
        if (cJSON_IsTrue(mi_lab_item(curve, "weighed")) && is_misfit(curve)) {
            cJSON *label = cJSON_CreateString(text(curve, "label"));
            if (label == NULL || !cJSON_AddItemToArray(labels, label)) {
                cJSON_Delete(label);
                w->failed = true;
            }
        }
    }
    return labels;
}

static void put_sentence(mi_writer *w, cJSON *verdict, const tally *t, int left_out_count)
{
    char sentence[384], note[96] = "";
    if (left_out_count > 0) {
        snprintf(note, sizeof note, "; %d source(s) left out for misfit", left_out_count);
    }
    snprintf(sentence, sizeof sentence,
             "lambda_text > lambda_image in %zu of %zu pairs of measured sources, and r*_text < "
             "r*_image in %zu of %zu, each with at least 95 %% certainty%s",
             t->rate_holds, t->pairs, t->optimum_holds, t->pairs, note);
    mi_add_text(w, verdict, "sentence", t->pairs > 0 ? sentence : "");
}

mi_code mi_verdict_add(cJSON *result, mi_status *status)
{
    mi_writer w = {.failed = false};
    tally t = {0, 0, 0};
    cJSON *verdict = cJSON_CreateObject(), *pairs = cJSON_CreateArray();
    const cJSON *curves = mi_lab_item(result, "curves"), *a = NULL, *b = NULL;
    cJSON_ArrayForEach(a, curves)
    {
        cJSON_ArrayForEach(b, curves)
        {
            if (is_weighed(a, "text") && is_weighed(b, "image") &&
                !cJSON_AddItemToArray(pairs, pair_json(&w, a, b, &t))) {
                w.failed = true;
            }
        }
    }
    cJSON *misfits = left_out(&w, curves);
    put_sentence(&w, verdict, &t, cJSON_GetArraySize(misfits));
    mi_add_item(&w, verdict, "left_out_for_misfit", misfits);
    mi_add_number(&w, verdict, "pairs_weighed", (double)t.pairs);
    mi_add_number(&w, verdict, "rate_ordering_holds", (double)t.rate_holds);
    mi_add_number(&w, verdict, "optimum_ordering_holds", (double)t.optimum_holds);
    mi_add_item(&w, verdict, "pairs", pairs);
    mi_add_item(&w, result, "verdict", verdict);
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the verdict") : MI_OK;
}
