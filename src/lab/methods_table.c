/* What "methods" makes of its runs: a row for each, means over the seeds; what there is without
 * training; and which runs collapsed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "training.h"

static const char *text_at(const cJSON *object, const char *name)
{
    const cJSON *item = mi_lab_item(object, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* Run `index` of the first seed with all its seeds. */
typedef struct rows {
    const cJSON *runs;
    size_t index, count, seeds; /* runs with one seed; seeds */
} rows;

static const cJSON *run_of(const rows *r, size_t seed)
{
    return cJSON_GetArrayItem(r->runs, (int)(seed * r->count + r->index));
}

/* Where in a run a number of the table stands. */
typedef struct place {
    const char *name, *part, *deeper, *deepest; /* NULL: at the run itself */
} place;

static double value_of(const cJSON *run, const place *p, const char *suffix)
{
    char name[64];
    const cJSON *object = p->part == NULL ? run : mi_lab_item(run, p->part);
    object = p->deeper == NULL ? object : mi_lab_item(object, p->deeper);
    object = p->deepest == NULL ? object : mi_lab_item(object, p->deepest);
    const char *patch = strncmp(p->name, "patch_", 6) == 0 ? p->name + 6 : p->name;
    snprintf(name, sizeof name, "%s%s", patch, suffix);
    return mi_lab_number(object, name);
}

/* Mean over the seeds that have a number, and its error: over the seeds, the held-out examples'
 * where there is one. */
static double mean_of(const rows *r, const place *p, double *ret_error)
{
    double sum = 0, squares = 0;
    size_t count = 0, last = 0; /* seeds that have one; the last of them */
    for (size_t s = 0; s < r->seeds; s++) {
        double x = value_of(run_of(r, s), p, "");
        if (isfinite(x)) {
            sum += x;
            count++;
            last = s;
        }
    }
    double mean = count > 0 ? sum / (double)count : NAN;
    for (size_t s = 0; s < r->seeds; s++) {
        double x = value_of(run_of(r, s), p, "") - mean;
        squares += isfinite(x) ? x * x : 0;
    }
    *ret_error = count > 1 ? sqrt(squares / (double)(count - 1) / (double)count)
                           : value_of(run_of(r, last), p, "_se");
    return mean;
}

/* The verdict of all seeds: "none", "uniform", or which of how many. */
static void put_collapse(mi_writer *w, cJSON *row, const rows *r)
{
    const char *found = NULL;
    size_t collapsed = 0;
    char text[96];
    if (!cJSON_IsObject(mi_lab_item(run_of(r, 0), "collapse"))) {
        mi_add_null(w, row, "collapse", "the method has no monitors");
        return;
    }
    for (size_t s = 0; s < r->seeds; s++) {
        const char *verdict = text_at(mi_lab_item(run_of(r, s), "collapse"), "verdict");
        bool sound = strcmp(verdict, "none") == 0;
        collapsed += !sound;
        found = sound || found != NULL ? found : verdict;
    }
    if (found == NULL || r->seeds == 1) {
        mi_add_text(w, row, "collapse", found == NULL ? "none" : found);
        return;
    }
    snprintf(text, sizeof text, "%s (%zu of %zu)", found, collapsed, r->seeds);
    mi_add_text(w, row, "collapse", text);
}

static const place losses[] = {
    {"final_loss", NULL, NULL, NULL},
    {"seconds", "timing", NULL, NULL},
    {"bytes", "timing", NULL, NULL},
};

static const place accuracies[] = {
    {"knn", "probe", "trained", NULL},
    {"linear", "probe", "trained", NULL},
    {"patch_linear", "probe", "patch", "trained"},
};

static cJSON *table_row(mi_writer *w, const rows *r)
{
    const cJSON *first = run_of(r, 0);
    const char *reason = text_at(first, "probe_reason");
    double error;
    cJSON *row = cJSON_CreateObject();
    mi_add_text(w, row, "label", text_at(first, "label"));
    mi_add_text(w, row, "method", text_at(first, "method"));
    mi_add_text(w, row, "target", text_at(first, "target"));
    mi_add_number(w, row, "parameters", mi_lab_number(first, "parameters"));
    mi_add_number(w, row, "seeds", (double)r->seeds);
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        mi_add_number_or(w, row, losses[i].name, mean_of(r, &losses[i], &error), "as in the runs");
    }
    for (size_t i = 0; i < sizeof accuracies / sizeof *accuracies; i++) {
        char name[64];
        double mean = mean_of(r, &accuracies[i], &error);
        mi_add_number_or(w, row, accuracies[i].name, mean,
                         reason[0] != '\0' ? "the run has no probe"
                                           : "as in \"probe\" of the runs");
        snprintf(name, sizeof name, "%s_se", accuracies[i].name);
        mi_add_number(w, row, name, isfinite(mean) ? error : NAN);
    }
    put_collapse(w, row, r);
    return row;
}

/* What there is without training, as the first run with a probe found it. */
static void put_baselines(mi_writer *w, cJSON *result, const cJSON *runs)
{
    static const char *const names[] = {"raw", "untrained", "raw_reason"};
    const cJSON *run = NULL, *found = NULL;
    cJSON_ArrayForEach(run, runs)
    {
        if (found == NULL && cJSON_IsObject(mi_lab_item(run, "probe"))) {
            found = run;
        }
    }
    if (found == NULL) {
        mi_add_null(w, result, "baselines", "no run has a probe");
        return;
    }
    const cJSON *probe = mi_lab_item(found, "probe");
    cJSON *baselines = cJSON_CreateObject();
    mi_add_text(w, baselines, "label", text_at(found, "label"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cJSON *item = mi_lab_item(probe, names[i]);
        if (item != NULL) {
            mi_add_item(w, baselines, names[i], cJSON_Duplicate(item, 1));
        }
    }
    const cJSON *patch = mi_lab_item(probe, "patch");
    if (cJSON_IsObject(patch)) {
        cJSON *copy = cJSON_Duplicate(patch, 1);
        cJSON_DeleteItemFromObjectCaseSensitive(copy, "trained");
        mi_add_item(w, baselines, "patch", copy);
    } else {
        mi_add_null(w, baselines, "patch", "as in \"probe\" of the run");
    }
    mi_add_item(w, result, "baselines", baselines);
}

static void put_outcome(mi_writer *w, cJSON *outcomes, const cJSON *run)
{
    static const char *const numbers[] = {"information", "teacher_entropy", "mean_entropy",
                                          "feature_deviation", "effective_rank"};
    static const char *const texts[] = {"message", "loss_remark"};
    const cJSON *collapse = mi_lab_item(run, "collapse");
    if (!cJSON_IsObject(collapse)) {
        return;
    }
    cJSON *outcome = cJSON_CreateObject();
    mi_add_text(w, outcome, "label", text_at(run, "label"));
    mi_add_number(w, outcome, "seed", mi_lab_number(run, "seed"));
    mi_add_text(w, outcome, "verdict", text_at(collapse, "verdict"));
    mi_add_number_or(w, outcome, "step", mi_lab_number(collapse, "step"), "no collapse");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        mi_add_number_or(w, outcome, numbers[i], mi_lab_number(collapse, numbers[i]),
                         "as in \"collapse\" of the run");
    }
    mi_add_number_or(w, outcome, "log_prototypes",
                     mi_lab_number(mi_lab_item(run, "monitors"), "log_prototypes"),
                     "the method has no prototypes");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (text_at(collapse, texts[i])[0] != '\0') {
            mi_add_text(w, outcome, texts[i], text_at(collapse, texts[i]));
        } else {
            mi_add_null(w, outcome, texts[i], "as in \"collapse\" of the run");
        }
    }
    mi_append_item(w, outcomes, outcome);
}

mi_code mi_methods_put_table(const mi_experiment *e, cJSON *result, mi_status *status)
{
    mi_writer w = {.failed = false};
    rows r = {.runs = mi_lab_item(result, "runs")};
    const cJSON *run = NULL;
    cJSON *table = cJSON_CreateArray(), *outcomes = cJSON_CreateArray();
    r.seeds = mi_values_find(e->settings, "seeds")->matrix.columns;
    r.count = e->train_count / r.seeds;
    for (; table != NULL && r.index < r.count; r.index++) {
        mi_append_item(&w, table, table_row(&w, &r));
    }
    cJSON_ArrayForEach(run, r.runs)
    {
        put_outcome(&w, outcomes, run);
    }
    mi_add_item(&w, result, "table", table);
    put_baselines(&w, result, r.runs);
    mi_add_item(&w, result, "outcomes", outcomes);
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
}
