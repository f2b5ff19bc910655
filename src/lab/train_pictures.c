/* Held-out examples with what was predicted, for figures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "training.h"

/* Six digits are more than an eye can tell apart. */
static double coarse(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.6g", value);
    return strtod(text, NULL);
}

void mi_train_append_coarse(mi_writer *w, cJSON *array, double value)
{
    cJSON *item = isfinite(value) ? cJSON_CreateNumber(coarse(value)) : cJSON_CreateNull();
    mi_append_item(w, array, item);
}

static void put_values(mi_writer *w, cJSON *object, const char *name, const double *opt_values,
                       size_t count)
{
    cJSON *array = opt_values == NULL ? cJSON_CreateNull() : cJSON_CreateArray();
    for (size_t i = 0; opt_values != NULL && array != NULL && i < count; i++) {
        mi_train_append_coarse(w, array, opt_values[i]);
    }
    mi_add_item(w, object, name, array);
}

static void put_masked(mi_writer *w, cJSON *object, const unsigned char *masked, size_t count)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < count; i++) {
        mi_train_append_coarse(w, array, masked[i]);
    }
    mi_add_item(w, object, "masked", array);
}

/* Symbols as characters, where they are letters. */
static const char *alphabet_of(const mi_curve_config *c)
{
    return strcmp(c->class->name, "ngram") == 0 && mi_is(c->model, "alphabet", "letters")
               ? "abcdefghijklmnopqrstuvwxyz "
               : NULL;
}

static void put_range(mi_writer *w, cJSON *object, const double *values, size_t count)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    mi_add_number(w, object, "low", coarse(low));
    mi_add_number(w, object, "high", coarse(high));
}

static cJSON *pictures_json(mi_writer *w, const mi_train_state *s, const mi_pictures *p,
                            double ratio)
{
    cJSON *object = cJSON_CreateObject();
    size_t places = p->count * p->rows * p->columns, values = places * p->channels;
    mi_add_number(w, object, "count", (double)p->count);
    mi_add_number(w, object, "ratio", ratio);
    mi_add_number(w, object, "rows", (double)p->rows);
    mi_add_number(w, object, "columns", (double)p->columns);
    mi_add_number(w, object, "channels", (double)p->channels);
    mi_add_bool(w, object, "discrete", s->parts.shape.discrete);
    put_values(w, object, "original", p->original, values);
    put_masked(w, object, p->masked, places);
    put_values(w, object, "predicted", p->predicted, values);
    put_values(w, object, "exact", p->opt_exact, values);
    put_values(w, object, "surprise", p->opt_surprise, places);
    mi_add_text(w, object, "alphabet", alphabet_of(&s->config->curve));
    put_range(w, object, p->original, values);
    return object;
}

/* Why there are no pictures; NULL where there are some. */
static const char *no_pictures(const mi_train_state *s)
{
    return mi_count(s->config->evaluation, "pictures") == 0 ? "none were asked for"
           : s->config->listed                              ? "results of several runs have none"
                                                            : mi_train_no_prediction(s);
}

/* The ratio of the pictures: the training ratio, or that of the evaluation next to the middle of
 * the range. */
static double picture_ratio(const mi_train_state *s)
{
    double middle = (s->config->ratio.low + s->config->ratio.high) / 2, best = s->parts.ratios[0];
    for (size_t i = 1; i < s->parts.ratio_count; i++) {
        double at = s->parts.ratios[i];
        best = fabs(at - middle) < fabs(best - middle) ? at : best;
    }
    return best;
}

mi_code mi_train_put_pictures(mi_writer *w, const mi_train_state *s, const mi_run *run,
                              cJSON *result, mi_status *status)
{
    size_t count = mi_count(s->config->evaluation, "pictures");
    mi_pictures *pictures = NULL;
    if (no_pictures(s) != NULL) {
        mi_add_null(w, result, "pictures", no_pictures(s));
        return MI_OK;
    }
    double ratio = picture_ratio(s);
    mi_code code =
        mi_pictures_make(&s->parts.setting, &s->weights, ratio, count, run, &pictures, status);
    if (code == MI_OK) {
        mi_add_item(w, result, "pictures", pictures_json(w, s, pictures, ratio));
    }
    mi_pictures_destroy(pictures);
    return code;
}
