/* "maps": what the encoder makes of the patches of a few held-out examples, as colours, and what
 * its class token attends to. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "principal.h"
#include "training.h"

static mi_feature_request request_of(const mi_train_state *s, bool pixels)
{
    const mi_train_parts *parts = &s->parts;
    return (mi_feature_request){
        .method = &parts->method,
        .opt_weights = pixels ? NULL : &s->weights,
        .source = parts->source,
        .part = MI_HELD_OUT,
        .count = mi_count(s->config->maps, "count"),
        .tokens = pixels ? 0 : parts->tokens.rows * parts->tokens.columns,
        .attention = !pixels,
    };
}

static void put_scalars(mi_writer *w, cJSON *object, const char *name, const mi_scalar *values,
                        size_t count)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < count; i++) {
        mi_train_append_coarse(w, array, (double)values[i]);
    }
    mi_add_item(w, object, name, array);
}

/* Pixels in the model's units, and their range. */
static mi_code put_original(mi_writer *w, const mi_train_state *s, const mi_run *run, cJSON *object,
                            mi_status *status)
{
    mi_feature_request request = request_of(s, true);
    mi_feature_set set;
    mi_code code = mi_train_features(&request, run, &set, status);
    if (code != MI_OK) {
        return code;
    }
    double low = INFINITY, high = -INFINITY;
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < set.count * set.size; i++) {
        double x = s->parts.shape.mean + s->parts.shape.deviation * (double)set.features[i];
        low = fmin(low, x);
        high = fmax(high, x);
        mi_train_append_coarse(w, array, x);
    }
    mi_add_item(w, object, "original", array);
    mi_add_number(w, object, "low", low);
    mi_add_number(w, object, "high", high);
    mi_feature_set_free(&set);
    return MI_OK;
}

static mi_code put_colours(mi_writer *w, const mi_feature_set *set, cJSON *object,
                           mi_status *status)
{
    double *rgb = NULL, explained[MI_COLOURS];
    mi_code code = mi_allocate(set->count * MI_COLOURS, sizeof *rgb, &rgb, status);
    if (code == MI_OK) {
        code = mi_principal_colours(set->count, set->size, set->features, rgb, explained, status);
    }
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; code == MI_OK && array != NULL && i < set->count * MI_COLOURS; i++) {
        mi_train_append_coarse(w, array, rgb[i]);
    }
    mi_add_item(w, object, "rgb", array);
    if (code == MI_OK) {
        mi_add_numbers(w, object, "explained", explained, MI_COLOURS);
    }
    free(rgb);
    return code;
}

static mi_code put_patches(mi_writer *w, const mi_train_state *s, const mi_run *run, cJSON *object,
                           mi_status *status)
{
    mi_feature_request request = request_of(s, false);
    mi_feature_set set;
    mi_code code = mi_train_features(&request, run, &set, status);
    if (code != MI_OK) {
        return code;
    }
    code = put_colours(w, &set, object, status);
    mi_add_number(w, object, "heads", (double)set.heads);
    if (set.attention != NULL) {
        put_scalars(w, object, "attention", set.attention, set.count * set.heads);
    } else {
        mi_add_null(w, object, "attention", "the encoder has no class token that attends");
    }
    mi_feature_set_free(&set);
    return code;
}

static void put_sizes(mi_writer *w, const mi_train_state *s, cJSON *object)
{
    const mi_train_parts *parts = &s->parts;
    mi_add_number(w, object, "count", (double)mi_count(s->config->maps, "count"));
    mi_add_number(w, object, "rows", (double)parts->shape.rows);
    mi_add_number(w, object, "columns", (double)parts->shape.columns);
    mi_add_number(w, object, "channels", (double)parts->shape.channels);
    mi_add_number(w, object, "token_rows", (double)parts->tokens.rows);
    mi_add_number(w, object, "token_columns", (double)parts->tokens.columns);
}

static const char *no_maps(const mi_train_state *s)
{
    return mi_count(s->config->maps, "count") == 0  ? "none were asked for"
           : s->parts.shape.discrete                ? "symbols are no pictures"
           : s->parts.method.class->patches == NULL ? "the method has no features of patches"
                                                    : NULL;
}

mi_code mi_train_put_maps(mi_writer *w, const mi_train_state *s, const mi_run *run, cJSON *result,
                          mi_status *status)
{
    if (no_maps(s) != NULL) {
        mi_add_null(w, result, "maps", no_maps(s));
        return MI_OK;
    }
    cJSON *object = cJSON_CreateObject();
    put_sizes(w, s, object);
    mi_code code = put_original(w, s, run, object, status);
    if (code == MI_OK) {
        code = put_patches(w, s, run, object, status);
    }
    mi_add_item(w, result, "maps", object);
    return code;
}
