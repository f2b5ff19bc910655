/* Training: step after step, with checkpoints, progress and a clean way out. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collapse.h"
#include "maskinfo/output.h"
#include "maskinfo/safetensors.h"

enum { SHOWN_STEPS = 50 };

typedef struct loop {
    mi_train_state *state;
    mi_trainer *trainer;
    const mi_train_place *place;
    const mi_run *run;
    mi_run quiet; /* of a step: a signal waits for its end, so that no update is done by halves */
    mi_status *status;
    struct timespec start;
    size_t first; /* steps done before this process */
    size_t kept;  /* steps in the last checkpoint; 0: none */
    bool warned;  /* of a collapse */
} loop;

const char *mi_train_file(const char *directory, const char *name, char path[MI_TRAIN_PATH])
{
    snprintf(path, MI_TRAIN_PATH, "%s/%s.safetensors", directory, name);
    return path;
}

static const char *file_of(const loop *l, const char *name, char path[MI_TRAIN_PATH])
{
    return mi_train_file(l->place->opt_directory, name, path);
}

/* The history goes first: one that is longer than its checkpoint is cut, one that is shorter would
 * be of no use. */
static mi_code write_checkpoint(loop *l)
{
    char path[MI_TRAIN_PATH];
    if (l->place->opt_directory == NULL) {
        return MI_OK;
    }
    mi_code code = mi_make_directory(l->place->opt_directory, l->status);
    if (code == MI_OK) {
        code = mi_history_save(&l->state->history, l->state->parts.identity,
                               file_of(l, "history", path), l->status);
    }
    if (code == MI_OK) {
        code = mi_trainer_save(l->trainer, &l->quiet, file_of(l, "checkpoint", path), l->status);
    }
    l->kept = code == MI_OK ? l->trainer->step : l->kept;
    return code;
}

/* Say behind a failure's message where the last checkpoint is. */
static mi_code name_checkpoint(const loop *l, mi_code code)
{
    char path[MI_TRAIN_PATH], message[sizeof l->status->message];
    snprintf(message, sizeof message, "%s", l->status->message);
    if (l->kept == 0) {
        return mi_fail(l->status, code, "%s; no checkpoint was written before", message);
    }
    return mi_fail(l->status, code, "%.300s; %.280s is kept, of step %zu", message,
                   file_of(l, "checkpoint", path), l->kept);
}

/* A checkpoint, unless there is one of this step; one that is not finite ends the run, and leaves
 * the one before it, with and without a folder. */
static mi_code keep(loop *l)
{
    if (l->trainer->step == 0 || l->kept == l->trainer->step) {
        return MI_OK;
    }
    mi_code code = mi_trainer_check(l->trainer, l->status);
    return code == MI_OK ? write_checkpoint(l) : name_checkpoint(l, code);
}

/* Does the checkpoint's configuration differ? Then *ret_there is false, or that is refused where
 * the place is this run's alone. */
static mi_code compare_identity(const loop *l, const char *path, const char *opt_identity,
                                bool *ret_there)
{
    const char *own = l->state->parts.identity;
    char where[256];
    *ret_there = opt_identity != NULL && strcmp(opt_identity, own) == 0;
    if (*ret_there || !l->place->lasting) {
        return MI_OK;
    }
    if (opt_identity == NULL) {
        return mi_fail(l->status, MI_INPUT,
                       "%s: is no checkpoint: \"identity\" of its metadata is missing", path);
    }
    cJSON *theirs = cJSON_Parse(opt_identity);
    cJSON *ours = cJSON_Parse(own);
    mi_document_difference(ours, theirs, where, sizeof where);
    cJSON_Delete(theirs);
    cJSON_Delete(ours);
    return mi_fail(l->status, MI_INPUT,
                   "%s: is a checkpoint of another configuration (%s); without --resume the "
                   "training starts anew",
                   path, where);
}

/* Is there a checkpoint to go on from? */
static mi_code find_checkpoint(const loop *l, bool *ret_there)
{
    char path[MI_TRAIN_PATH];
    mi_safetensors *file = NULL;
    *ret_there = l->place->resume && l->place->opt_directory != NULL &&
                 access(file_of(l, "checkpoint", path), F_OK) == 0;
    if (!*ret_there) {
        return MI_OK;
    }
    mi_code code = mi_safetensors_read(path, &file, l->status);
    if (code == MI_OK) {
        code = compare_identity(l, path, mi_safetensors_metadata(file, "identity"), ret_there);
    }
    mi_safetensors_destroy(file);
    return code;
}

static mi_code take_up(loop *l)
{
    char path[MI_TRAIN_PATH];
    bool there = false;
    mi_code code = find_checkpoint(l, &there);
    if (code != MI_OK || !there) {
        return code;
    }
    file_of(l, "checkpoint", path);
    code = mi_trainer_load(l->trainer, &l->quiet, path, l->status);
    if (code == MI_OK) {
        code = mi_history_load(&l->state->history, l->state->parts.identity, l->trainer->step,
                               file_of(l, "history", path), l->status);
    }
    l->kept = code == MI_OK ? l->trainer->step : 0;
    l->first = l->kept;
    return code;
}

static mi_code stop(loop *l)
{
    mi_code code = keep(l);
    if (code != MI_OK) {
        return code;
    }
    mi_fail(l->status, MI_INTERRUPTED, "at step %zu of %zu", l->trainer->step,
            l->trainer->setting.training.steps);
    return l->kept > 0 ? name_checkpoint(l, MI_INTERRUPTED) : MI_INTERRUPTED;
}

/* The weights are as they were before the step: they are kept where nothing is, and they are good.
 */
static mi_code fail_numerically(loop *l)
{
    mi_status failure = *l->status;
    mi_code code = l->kept == 0 ? keep(l) : MI_OK;
    if (code != MI_OK && code != MI_NUMERIC) {
        return code;
    }
    *l->status = failure;
    return name_checkpoint(l, MI_NUMERIC);
}

static void record(mi_history *h, const mi_trainer *trainer)
{
    h->loss[h->steps] = trainer->loss;
    h->norm[h->steps] = trainer->gradient_norm;
    h->rate[h->steps] = trainer->rate;
    for (size_t m = 0; m < h->monitors; m++) {
        h->monitor[m][h->steps] = trainer->monitors[m];
    }
    h->steps++;
}

/* Tell of a collapse, once. */
static void warn(loop *l)
{
    char text[640], what[512];
    const mi_train_config *t = l->state->config;
    if (l->warned || l->run->opt_notice == NULL ||
        !mi_train_find_collapse(l->state, what, sizeof what)) {
        return;
    }
    l->warned = true;
    snprintf(text, sizeof text, "%.80s, seed %llu: %s", t->curve.label,
             (unsigned long long)t->curve.seed, what);
    l->run->opt_notice(l->run->opt_notice_context, text);
}

/* ", information 0.31 of 6.24 nats" of outputs that are monitored; returns text. */
static const char *tell_information(const loop *l, size_t from, char *text, size_t size)
{
    const mi_history *h = &l->state->history;
    const double *information = mi_history_find(h, "information");
    text[0] = '\0';
    if (information != NULL) {
        snprintf(text, size, ", information %.3g of ln K = %.3g nats",
                 mi_history_mean(information, from, h->steps),
                 mi_log_prototypes(l->state->config, MI_CLASS_OUTPUTS));
    }
    return text;
}

/* What stands behind the semicolon is news of the same piece of work. */
static void tell(const loop *l)
{
    const mi_history *h = &l->state->history;
    const mi_training *t = &l->trainer->setting.training;
    char stage[192], floor[32] = "", information[80];
    double seconds = mi_lab_seconds_since(&l->start);
    size_t from = h->steps > SHOWN_STEPS ? h->steps - SHOWN_STEPS : 0;
    if (l->run->opt_progress == NULL) {
        return;
    }
    if (isfinite(l->state->floor)) {
        snprintf(floor, sizeof floor, ", floor %.4f", l->state->floor);
    }
    snprintf(stage, sizeof stage, "training; loss %.4f%s%s, %.4g samples/s",
             mi_history_mean(h->loss, from, h->steps), floor,
             tell_information(l, from, information, sizeof information),
             (double)((h->steps - l->first) * t->batch) / fmax(seconds, 1e-9));
    l->run->opt_progress(l->run->opt_progress_context, stage, h->steps, t->steps);
}

static mi_code step(loop *l)
{
    if (mi_interrupted(l->run)) {
        return stop(l);
    }
    mi_code code = mi_trainer_step(l->trainer, &l->quiet, l->status);
    if (code == MI_NUMERIC) {
        return fail_numerically(l);
    }
    if (code != MI_OK) {
        return code;
    }
    record(&l->state->history, l->trainer);
    tell(l);
    if (l->trainer->step % mi_count(l->state->config->collapse, "window") == 0) {
        warn(l);
    }
    size_t every = l->trainer->setting.training.checkpoint_every;
    return every > 0 && l->trainer->step % every == 0 ? keep(l) : MI_OK;
}

static mi_code write_weights(loop *l)
{
    const mi_tensors *tensors =
        l->trainer->setting.method.class->tensors(l->trainer->setting.method.state);
    const char *const metadata[] = {"maskinfo", MI_VERSION, "identity", l->state->parts.identity};
    char path[MI_TRAIN_PATH];
    mi_safetensor *items = NULL;
    mi_code code = mi_tensors_items(tensors, "", l->state->weights.values, &items, l->status);
    if (code == MI_OK) {
        code = mi_safetensors_write(file_of(l, "weights", path), items, tensors->count, metadata, 2,
                                    l->status);
    }
    free(items);
    return code;
}

static mi_code finish(loop *l)
{
    mi_train_state *s = l->state;
    mi_code code = keep(l);
    warn(l);
    s->seconds = mi_lab_seconds_since(&l->start);
    s->done = l->trainer->step - l->first;
    if (code == MI_OK) {
        code = mi_trainer_weights(l->trainer, &l->quiet, &s->weights, l->status);
    }
    return code == MI_OK && l->place->lasting && l->place->opt_directory != NULL ? write_weights(l)
                                                                                 : code;
}

mi_code mi_train_loop(mi_train_state *s, const mi_train_place *place, const mi_run *run,
                      mi_status *status)
{
    loop l = {.state = s,
              .trainer = s->trainer,
              .place = place,
              .run = run,
              .quiet = *run,
              .status = status};
    l.quiet.opt_progress = NULL;
    l.quiet.opt_interrupt = NULL;
    clock_gettime(CLOCK_MONOTONIC, &l.start);
    mi_code code = take_up(&l);
    while (code == MI_OK && s->trainer->step < s->trainer->setting.training.steps) {
        code = step(&l);
    }
    return code == MI_OK ? finish(&l) : code;
}
