/* The "checks" experiment: its runs one after the other, and its result. */
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "training.h"

enum { PATH_LIMIT = 4096 };

static mi_code name_run(const mi_train_config *t, mi_code code, mi_status *status)
{
    char message[sizeof status->message];
    snprintf(message, sizeof message, "%s", status->message);
    return mi_fail(status, code, "\"%.80s\": %.540s", t->curve.label, message);
}

typedef struct checks {
    const mi_experiment *e;
    const mi_run_options *options;
    mi_faults *faults;
    mi_status *status;
    mi_train_parts lender; /* model and data of the probe curve's runs */
    bool lends;
    const cJSON *opt_probe; /* of the first of these runs */
} checks;

/* The runs of the probe curve share what the first of them that is computed has opened. */
static mi_code find_lender(checks *c, size_t index, const mi_train_parts **ret_lender)
{
    const mi_train_config *t = &c->e->trains[index];
    mi_run run = c->options->run;
    mi_code code = MI_OK;
    *ret_lender = NULL;
    if (index < c->e->train_count - c->e->probe_count) {
        return MI_OK;
    }
    if (!c->lends) {
        run.seed = t->curve.seed;
        c->lends = true;
        code = mi_train_parts_open(t, &run, NULL, c->faults, &c->lender, c->status);
    }
    *ret_lender = &c->lender;
    return code;
}

static mi_code compute(checks *c, size_t index, cJSON **ret_run)
{
    const mi_train_config *t = &c->e->trains[index];
    const char *directory = c->options->opt_directory;
    const mi_train_parts *lender = NULL;
    char folder[PATH_LIMIT];
    mi_train_place place = {.resume = c->options->resume, .opt_probe = c->opt_probe};
    if (directory != NULL) {
        mi_partial_checkpoints(directory, index, folder, sizeof folder);
        place.opt_directory = folder;
    }
    mi_code code = find_lender(c, index, &lender);
    if (code == MI_OK) {
        code = mi_train_run(t, lender, &place, &c->options->run, c->faults, ret_run, c->status);
    }
    if (code == MI_OK && directory != NULL) {
        code = mi_partial_save_run(directory, index, t, *ret_run, c->status);
    }
    if (code == MI_OK && directory != NULL) {
        mi_partial_remove_checkpoints(directory, index);
    }
    return code;
}

static mi_code one_run(checks *c, size_t index, cJSON **ret_run)
{
    const mi_train_config *t = &c->e->trains[index];
    const mi_run *run = &c->options->run;
    if (run->opt_progress != NULL) {
        run->opt_progress(run->opt_progress_context, t->curve.label, 0, 0);
    }
    cJSON *done = c->options->resume && c->options->opt_directory != NULL
                      ? mi_partial_load_run(c->options->opt_directory, index, t)
                      : NULL;
    mi_code code = done == NULL ? compute(c, index, &done) : MI_OK;
    if (code != MI_OK) {
        cJSON_Delete(done);
        return name_run(t, code, c->status);
    }
    *ret_run = done;
    return MI_OK;
}

/* Each run's configuration with its label, as it stands in an experiment file. */
static cJSON *entry_of(mi_writer *w, const cJSON *run)
{
    cJSON *entry = cJSON_Duplicate(mi_lab_item(run, "config"), 1);
    cJSON_DeleteItemFromObjectCaseSensitive(entry, "experiment");
    mi_add_item(w, entry, "label", cJSON_Duplicate(mi_lab_item(run, "label"), 1));
    mi_add_item(w, entry, "group", cJSON_Duplicate(mi_lab_item(run, "group"), 1));
    return entry;
}

/* The runs of the probe curve differ in their ratio alone. */
static void put_probe_config(mi_writer *w, cJSON *config, const mi_experiment *e,
                             const cJSON *probes)
{
    static const char *const own[] = {"experiment", "ratio"};
    const cJSON *bound = mi_lab_item(e->resolved, "probe_curve");
    if (e->probe_count == 0) {
        mi_add_item(w, config, "probe_curve", cJSON_CreateNull());
        return;
    }
    cJSON *curve = cJSON_Duplicate(mi_lab_item(probes->child, "config"), 1);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(curve, own[i]);
    }
    cJSON *evaluation = cJSON_GetObjectItemCaseSensitive(curve, "evaluation");
    cJSON_DeleteItemFromObjectCaseSensitive(evaluation, "ratios");
    mi_add_item(w, evaluation, "ratios", cJSON_CreateNull());
    mi_add_item(w, curve, "label", cJSON_Duplicate(mi_lab_item(bound, "label"), 1));
    mi_add_item(w, curve, "ratios", cJSON_Duplicate(mi_lab_item(bound, "ratios"), 1));
    mi_add_item(w, config, "probe_curve", curve);
}

/* Itself an experiment file; effort is 1 in it, because the sizes are scaled already. */
static void put_config(mi_writer *w, cJSON *result, const mi_experiment *e, const cJSON *runs,
                       const cJSON *probes)
{
    cJSON *config = cJSON_CreateObject(), *entries = cJSON_CreateArray();
    const cJSON *run = NULL;
    mi_add_text(w, config, "experiment", "checks");
    mi_add_text(w, config, "title", e->title);
    mi_add_number(w, config, "seed", (double)e->seed);
    mi_add_number(w, config, "effort", 1);
    mi_add_item(w, config, "published", cJSON_Duplicate(mi_lab_item(e->resolved, "published"), 1));
    mi_add_item(w, config, "linear_mae",
                cJSON_Duplicate(mi_lab_item(e->resolved, "linear_mae"), 1));
    cJSON_ArrayForEach(run, runs)
    {
        cJSON *entry = entry_of(w, run);
        mi_append_item(w, entries, entry);
    }
    mi_add_item(w, config, "runs", entries);
    put_probe_config(w, config, e, probes);
    mi_add_item(w, result, "config", config);
}

static double seconds_of(const cJSON *runs)
{
    double total = 0;
    const cJSON *run = NULL;
    cJSON_ArrayForEach(run, runs)
    {
        total += mi_lab_item(mi_lab_item(run, "timing"), "seconds")->valuedouble;
    }
    return total;
}

/* Takes the runs over; the probes stay the caller's. */
static mi_code checks_json(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                           cJSON *runs, const cJSON *probes, cJSON **ret_result, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject(), *timing = cJSON_CreateObject();
    mi_add_text(&w, result, "maskinfo", MI_VERSION);
    mi_add_text(&w, result, "experiment", "checks");
    mi_add_text(&w, result, "title", e->title);
    mi_add_number(&w, result, "effort", e->effort);
    put_config(&w, result, e, runs, probes);
    mi_add_text(&w, result, "units", "nats");
    mi_add_number(&w, timing, "seconds", seconds_of(runs) + seconds_of(probes));
    mi_add_item(&w, result, "runs", runs);
    mi_code code = mi_checks_put_probe_curve(e, probes, faults, result, status);
    if (code == MI_OK) {
        code = mi_checks_put_linear(e, run, faults, result, status);
    }
    if (code == MI_OK) {
        code = mi_checks_put_table(result, status);
    }
    mi_add_item(&w, result, "timing", timing);
    code = code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : code;
    if (code != MI_OK) {
        cJSON_Delete(result);
        return code;
    }
    *ret_result = result;
    return MI_OK;
}

static mi_code all_runs(checks *c, cJSON *runs, cJSON *probes)
{
    size_t first_probe = c->e->train_count - c->e->probe_count;
    mi_code code =
        runs == NULL || probes == NULL ? mi_fail(c->status, MI_MEMORY, "out of memory") : MI_OK;
    for (size_t i = 0; code == MI_OK && i < c->e->train_count; i++) {
        cJSON *run = NULL;
        code = one_run(c, i, &run);
        if (code == MI_OK && !cJSON_AddItemToArray(i < first_probe ? runs : probes, run)) {
            cJSON_Delete(run);
            code = mi_fail(c->status, MI_MEMORY, "out of memory");
        } else if (code == MI_OK && i == first_probe) {
            c->opt_probe = mi_lab_item(run, "probe");
        }
    }
    if (c->lends) {
        mi_train_parts_close(&c->lender);
    }
    return code;
}

mi_code mi_checks_run(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                      cJSON **ret_result, mi_status *status)
{
    checks c = {.e = e, .options = options, .faults = faults, .status = status};
    cJSON *runs = cJSON_CreateArray(), *probes = cJSON_CreateArray();
    mi_code code = all_runs(&c, runs, probes);
    if (code == MI_OK) {
        code = checks_json(e, &options->run, faults, runs, probes, ret_result, status);
    } else {
        cJSON_Delete(runs);
    }
    cJSON_Delete(probes);
    if (code == MI_OK && options->opt_directory != NULL) {
        mi_partial_remove_runs(options->opt_directory, e->train_count);
    }
    return code;
}
