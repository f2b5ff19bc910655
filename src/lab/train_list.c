/* Training runs one after the other: finished ones are kept until all are done, those that share
 * model and data open these once. */
#include <stdio.h>
#include <stdlib.h>

#include "training.h"

enum { PATH_LIMIT = 4096 };

static mi_code name_run(const mi_train_config *t, mi_code code, mi_status *status)
{
    char message[sizeof status->message];
    snprintf(message, sizeof message, "%s", status->message);
    return mi_fail(status, code, "\"%.80s\": %.540s", t->curve.label, message);
}

bool mi_train_shares(const mi_train_config *a, const mi_train_config *b)
{
    static const char *const names[] = {"model", "probe"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!cJSON_Compare(mi_lab_item(a->curve.resolved, names[i]),
                           mi_lab_item(b->curve.resolved, names[i]), 1)) {
            return false;
        }
    }
    return a->curve.seed == b->curve.seed;
}

/* What was opened for a run before, where this one shares it; else it is opened anew. */
static mi_code find_lender(mi_train_list *l, const mi_train_config *t)
{
    mi_run run = l->options->run;
    if (l->opt_lent != NULL && mi_train_shares(l->opt_lent, t)) {
        return MI_OK;
    }
    mi_train_list_close(l);
    run.seed = t->curve.seed;
    l->opt_lent = t;
    return mi_train_parts_open(t, &run, NULL, l->faults, &l->lender, l->status);
}

static mi_known_probe known_probe(const mi_train_list *l, const mi_train_config *t)
{
    if (l->opt_probed == NULL || !mi_train_shares(l->opt_probed, t)) {
        return (mi_known_probe){.opt_run = NULL};
    }
    return (mi_known_probe){l->opt_run,
                            cJSON_Compare(mi_lab_item(l->opt_probed->curve.resolved, "method"),
                                          mi_lab_item(t->curve.resolved, "method"), 1)};
}

static mi_code compute(mi_train_list *l, size_t index, cJSON **ret_run)
{
    const mi_train_config *t = &l->e->trains[index];
    const char *directory = l->options->opt_directory;
    char folder[PATH_LIMIT];
    mi_train_place place = {.resume = l->options->resume, .known = known_probe(l, t)};
    if (directory != NULL) {
        mi_partial_checkpoints(directory, index, folder, sizeof folder);
        place.opt_directory = folder;
    }
    mi_code code = l->lends ? find_lender(l, t) : MI_OK;
    if (code == MI_OK) {
        code = mi_train_run(t, l->lends ? &l->lender : NULL, &place, &l->options->run, l->faults,
                            ret_run, l->status);
    }
    if (code == MI_OK && directory != NULL) {
        code = mi_partial_save_run(directory, index, t, *ret_run, l->status);
    }
    if (code == MI_OK && directory != NULL) {
        mi_partial_remove_checkpoints(directory, index);
    }
    return code;
}

mi_code mi_train_list_run(mi_train_list *l, size_t index, cJSON **ret_run)
{
    const mi_train_config *t = &l->e->trains[index];
    const mi_run *run = &l->options->run;
    char heading[128];
    if (run->opt_progress != NULL) {
        snprintf(heading, sizeof heading, "%zu/%zu %.100s", index + 1, l->e->train_count,
                 t->curve.label);
        run->opt_progress(run->opt_progress_context, heading, 0, 0);
    }
    cJSON *done = l->options->resume && l->options->opt_directory != NULL
                      ? mi_partial_load_run(l->options->opt_directory, index, t)
                      : NULL;
    mi_code code = done == NULL ? compute(l, index, &done) : MI_OK;
    if (code != MI_OK) {
        cJSON_Delete(done);
        return name_run(t, code, l->status);
    }
    if (cJSON_IsObject(mi_lab_item(done, "probe"))) {
        l->opt_probed = t;
        l->opt_run = done;
    }
    *ret_run = done;
    return MI_OK;
}

void mi_train_list_close(mi_train_list *l)
{
    if (l->opt_lent != NULL) {
        mi_train_parts_close(&l->lender);
    }
    l->opt_lent = NULL;
}

cJSON *mi_train_list_entry(mi_writer *w, const cJSON *run)
{
    cJSON *entry = cJSON_Duplicate(mi_lab_item(run, "config"), 1);
    cJSON_DeleteItemFromObjectCaseSensitive(entry, "experiment");
    mi_add_item(w, entry, "label", cJSON_Duplicate(mi_lab_item(run, "label"), 1));
    mi_add_item(w, entry, "group", cJSON_Duplicate(mi_lab_item(run, "group"), 1));
    return entry;
}

double mi_train_list_seconds(const cJSON *runs)
{
    double total = 0;
    const cJSON *run = NULL;
    cJSON_ArrayForEach(run, runs)
    {
        total += mi_lab_item(mi_lab_item(run, "timing"), "seconds")->valuedouble;
    }
    return total;
}
