/* What makes a unit of a sweep the one that it is. */
#include "sweep.h"
#include "training.h"

/* Byte after byte: hash = (hash xor byte) * prime. */
uint64_t mi_sweep_hash(uint64_t hash, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        hash = (hash ^ *c) * 0x100000001b3ull;
    }
    return hash;
}

/* A curve, or the curve of a training run. The resolved configuration lacks the ratios. */
static cJSON *curve_identity(mi_writer *w, const mi_curve_config *c)
{
    cJSON *object = cJSON_CreateObject();
    mi_add_text(w, object, "label", c->label);
    mi_add_item(w, object, "config", cJSON_Duplicate(c->resolved, 1));
    mi_add_numbers(w, object, "ratios", c->ratios, c->ratio_count);
    if (c->style != NULL) {
        mi_add_item(w, object, "style", cJSON_Duplicate(c->style, 1));
    }
    return object;
}

cJSON *mi_sweep_identity(const mi_experiment *e)
{
    mi_writer w = {.failed = false};
    cJSON *object = cJSON_CreateObject(), *parts = cJSON_CreateArray();
    mi_add_text(&w, object, "experiment", mi_experiment_kind_name(e->kind));
    mi_add_number(&w, object, "seed", (double)e->seed);
    mi_add_number(&w, object, "effort", e->effort);
    if (e->resolved != NULL) {
        mi_add_item(&w, object, "settings", cJSON_Duplicate(e->resolved, 1));
    }
    for (size_t i = 0; i < e->count; i++) {
        mi_append_item(&w, parts, curve_identity(&w, &e->curves[i]));
    }
    for (size_t i = 0; i < e->train_count; i++) {
        mi_append_item(&w, parts, curve_identity(&w, &e->trains[i].curve));
    }
    mi_add_item(&w, object, "parts", parts);
    if (w.failed) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

cJSON *mi_sweep_configuration(const mi_experiment *e)
{
    if (e->kind == MI_KIND_CURVE) {
        return cJSON_Duplicate(e->curves[0].resolved, 1);
    }
    if (e->kind == MI_KIND_TRAIN) {
        return cJSON_Duplicate(e->trains[0].curve.resolved, 1);
    }
    return mi_sweep_identity(e);
}
