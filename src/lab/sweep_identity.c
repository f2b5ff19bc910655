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

/* Without what is only for people. */
static cJSON *without_words(const cJSON *config)
{
    cJSON *copy = cJSON_Duplicate(config, 1);
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "title");
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "question");
    return copy;
}

static void drop(cJSON *object, const char *const *names)
{
    for (; *names != NULL; names++) {
        cJSON_DeleteItemFromObjectCaseSensitive(object, *names);
    }
}

/* What is only for people, at all places of a sweep's configuration. */
static cJSON *bare_sweep(const cJSON *config)
{
    static const char *const head[] = {"title", "question", "figures", "keep", NULL};
    static const char *const titles[] = {"title", "question", NULL};
    static const char *const words[] = {"label", "labels", "unit", "scale", NULL};
    static const char *const lists[] = {"grid", "columns"};
    cJSON *copy = cJSON_Duplicate(config, 1), *item = NULL;
    drop(copy, head);
    drop(cJSON_GetObjectItemCaseSensitive(copy, "base"), titles);
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(copy, "cases"))
    {
        drop(item, words);
        drop(cJSON_GetObjectItemCaseSensitive(item, "base"), titles);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(copy, lists[i]))
        {
            drop(item, words);
        }
    }
    return copy;
}

char *mi_sweep_difference(const cJSON *ours, const cJSON *theirs, char *text, size_t size)
{
    cJSON *here = bare_sweep(ours), *there = bare_sweep(theirs);
    mi_document_difference(here, there, text, size);
    cJSON_Delete(here);
    cJSON_Delete(there);
    return text;
}

/* A curve, or the curve of a training run. The resolved configuration lacks the ratios; the label
 * of one that stands alone is its title. */
static cJSON *curve_identity(mi_writer *w, const mi_curve_config *c, bool alone)
{
    cJSON *object = cJSON_CreateObject();
    if (!alone) {
        mi_add_text(w, object, "label", c->label);
    }
    mi_add_item(w, object, "config", without_words(c->resolved));
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
    bool alone = e->kind == MI_KIND_CURVE || e->kind == MI_KIND_TRAIN;
    mi_add_text(&w, object, "experiment", mi_experiment_kind_name(e->kind));
    mi_add_number(&w, object, "seed", (double)e->seed);
    mi_add_number(&w, object, "effort", e->effort);
    if (e->resolved != NULL) {
        mi_add_item(&w, object, "settings", without_words(e->resolved));
    }
    for (size_t i = 0; i < e->count; i++) {
        mi_append_item(&w, parts, curve_identity(&w, &e->curves[i], alone));
    }
    for (size_t i = 0; i < e->train_count; i++) {
        mi_append_item(&w, parts, curve_identity(&w, &e->trains[i].curve, alone));
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
