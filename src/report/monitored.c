#include "monitored.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char *const known[MI_M_KNOWN] = {"step",
                                              "teacher_entropy",
                                              "mean_entropy",
                                              "information",
                                              "divergence",
                                              "center_norm",
                                              "center_distance",
                                              "center_noise",
                                              "effective_rank",
                                              "feature_deviation",
                                              "patch_teacher_entropy",
                                              "patch_mean_entropy",
                                              "patch_information",
                                              "patch_divergence",
                                              "patch_center_norm",
                                              "koleo",
                                              "cosine"};

/* As the result has them, as the figures say them, and their colours. */
static const struct {
    const char *word, *name, *color;
} verdicts[MI_VERDICTS] = {
    [MI_VERDICT_NONE] = {"none", "no collapse", "#009e73"},
    [MI_VERDICT_UNIFORM] = {"uniform", "uniform", "#d55e00"},
    [MI_VERDICT_ONE] = {"one prototype", "one prototype", "#882255"},
    [MI_VERDICT_DIMENSIONAL] = {"dimensional", "dimensional", "#8c6d1f"},
    [MI_VERDICT_UNKNOWN] = {"", "not told", "#777777"},
};

static bool is_known(const char *name)
{
    for (size_t i = 0; i < MI_M_KNOWN; i++) {
        if (strcmp(name, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length < MI_MONITOR_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static void copy_unit(mi_reader *r, const cJSON *units, size_t index, char *unit)
{
    const cJSON *item = cJSON_GetArrayItem(units, (int)index);
    char *clean = NULL;
    if (!cJSON_IsString(item)) {
        return;
    }
    mi_code code = mi_text_clean(item->valuestring, &clean, r->status);
    if (code == MI_OK) {
        snprintf(unit, MI_MONITOR_NAME, "%.*s",
                 (int)mi_text_bytes(clean, (MI_MONITOR_NAME - 1) / 3), clean);
    } else {
        r->code = code;
    }
    free(clean);
}

/* The names that the figures do not know, with their units. */
static void read_others(mi_reader *r, const mi_node *node, mi_monitored *m)
{
    mi_node names = mi_get_array(r, node, "names"), units = mi_get_array(r, node, "units");
    const cJSON *item = names.json == NULL ? NULL : names.json->child;
    for (size_t i = 0; item != NULL && r->code == MI_OK; i++, item = item->next) {
        char place[32];
        snprintf(place, sizeof place, "names[%zu]", i);
        if (!cJSON_IsString(item) || !is_name(item->valuestring)) {
            mi_reader_fault(r, node, place, "must be 1 to %d lower case letters, digits or '_'",
                            MI_MONITOR_NAME - 1);
        } else if (!is_known(item->valuestring) && m->others == MI_MOST_MONITORS) {
            mi_reader_fault(r, node, place, "more than %d monitors", MI_MOST_MONITORS);
        } else if (!is_known(item->valuestring)) {
            snprintf(m->other_names[m->others], MI_MONITOR_NAME, "%s", item->valuestring);
            copy_unit(r, units.json, i, m->other_units[m->others]);
            m->others++;
        }
    }
}

void mi_monitored_read(mi_reader *r, const mi_node *run, mi_monitored *m)
{
    const char *keys[MI_M_KNOWN + MI_MOST_MONITORS];
    mi_node node = mi_get_object(r, run, "monitors");
    m->log_prototypes = mi_get_number(r, &node, "log_prototypes");
    m->log_patch_prototypes = mi_get_number(r, &node, "log_patch_prototypes");
    read_others(r, &node, m);
    for (size_t i = 0; i < MI_M_KNOWN + m->others; i++) {
        keys[i] = i < MI_M_KNOWN ? known[i] : m->other_names[i - MI_M_KNOWN];
    }
    m->steps = mi_get_rows(r, &node, "steps", keys, MI_M_KNOWN + m->others, 0, 0, 1e15);
}

void mi_monitored_free(mi_monitored *m)
{
    free(m->steps.values);
}

mi_verdict mi_verdict_read(mi_reader *r, const mi_node *node, const char *key)
{
    const char *word = mi_get_text(r, node, key);
    for (int v = 0; v < MI_VERDICT_UNKNOWN && word != NULL; v++) {
        size_t length = strlen(verdicts[v].word);
        if (strncmp(word, verdicts[v].word, length) == 0 &&
            (word[length] == '\0' || strncmp(word + length, " (", 2) == 0)) {
            return (mi_verdict)v;
        }
    }
    if (word != NULL) {
        mi_reader_fault(
            r, node, key,
            "must be \"none\", \"uniform\", \"one prototype\", \"dimensional\" or null");
    }
    return MI_VERDICT_UNKNOWN;
}

void mi_collapse_read(mi_reader *r, const mi_node *parent, const char *key, mi_collapse *c)
{
    mi_node node = mi_get_object(r, parent, key);
    c->verdict = mi_verdict_read(r, &node, "verdict");
    c->step = mi_get_number(r, &node, "step");
    c->information = mi_get_number(r, &node, "information");
    c->threshold = mi_get_number(r, &node, "threshold");
    c->message = mi_get_clean(r, &node, "message");
    c->remark = mi_get_clean(r, &node, "loss_remark");
}

void mi_collapse_free(mi_collapse *c)
{
    free(c->message);
    free(c->remark);
}

const char *mi_verdict_name(mi_verdict verdict)
{
    return verdicts[verdict].name;
}

const char *mi_verdict_color(mi_verdict verdict)
{
    return verdicts[verdict].color;
}
