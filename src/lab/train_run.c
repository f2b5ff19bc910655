/* The "train" experiment: from a resolved run to its result. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "training.h"

enum { STRETCHES = 400, FLOOR_SAMPLES = 16 };

static mi_code no_memory(mi_status *status)
{
    return mi_fail(status, MI_MEMORY, "out of memory for the result");
}

/* The configuration with what only the model could tell. */
static void put_config(mi_writer *w, cJSON *result, const mi_train_state *s)
{
    cJSON *config = cJSON_Duplicate(s->config->curve.resolved, 1);
    cJSON *evaluation = cJSON_GetObjectItemCaseSensitive(config, "evaluation");
    cJSON_DeleteItemFromObjectCaseSensitive(evaluation, "ratios");
    if (s->parts.ratio_count > 0) {
        mi_add_numbers(w, evaluation, "ratios", s->parts.ratios, s->parts.ratio_count);
    } else {
        mi_add_item(w, evaluation, "ratios", cJSON_CreateNull());
    }
    mi_add_item(w, result, "config", config);
}

static void put_source(mi_writer *w, cJSON *result, const mi_train_state *s)
{
    const mi_source_shape *shape = &s->parts.shape;
    cJSON *source = cJSON_CreateObject();
    mi_add_text(w, source, "model", s->config->curve.class->name);
    mi_add_bool(w, source, "discrete", shape->discrete);
    mi_add_number(w, source, "rows", (double)shape->rows);
    mi_add_number(w, source, "columns", (double)shape->columns);
    mi_add_number(w, source, "channels", (double)shape->channels);
    mi_add_number(w, source, "vocabulary", shape->discrete ? (double)shape->vocabulary : NAN);
    mi_add_number(w, source, "token_rows", (double)s->parts.tokens.rows);
    mi_add_number(w, source, "token_columns", (double)s->parts.tokens.columns);
    mi_add_number(w, source, "mean", shape->discrete ? NAN : shape->mean);
    mi_add_number(w, source, "deviation", shape->discrete ? NAN : shape->deviation);
    mi_add_item(w, result, "source", source);
}

static bool put_stretch(mi_writer *w, cJSON *steps, const mi_history *h, size_t from, size_t to)
{
    double loss = mi_history_mean(h->loss, from, to), low = NAN, high = NAN;
    cJSON *object = cJSON_CreateObject();
    for (size_t i = from; i < to; i++) {
        low = fmin(low, h->loss[i]);
        high = fmax(high, h->loss[i]);
    }
    mi_add_number(w, object, "step", (double)to);
    mi_add_number(w, object, "loss", loss);
    mi_add_number(w, object, "loss_low", low);
    mi_add_number(w, object, "loss_high", high);
    mi_add_number(w, object, "rate", mi_history_mean(h->rate, from, to));
    mi_add_number(w, object, "gradient_norm", mi_history_mean(h->norm, from, to));
    mi_append_item(w, steps, object);
    return isfinite(loss);
}

/* The mean of the last stretch. */
static void put_final_loss(mi_writer *w, cJSON *result, const mi_history *h, size_t stretches)
{
    double loss = mi_history_mean(h->loss, (stretches - 1) * h->steps / stretches, h->steps);
    mi_add_number_or(w, result, "final_loss", loss, "the last batches had no masked token");
}

size_t mi_train_stretches(const mi_history *h)
{
    return h->steps < STRETCHES ? h->steps : STRETCHES;
}

static void put_steps(mi_writer *w, cJSON *result, const mi_history *h)
{
    size_t stretches = mi_train_stretches(h);
    cJSON *steps = cJSON_CreateArray();
    bool all = true;
    for (size_t s = 0; steps != NULL && s < stretches; s++) {
        size_t from = s * h->steps / stretches, to = (s + 1) * h->steps / stretches;
        all = put_stretch(w, steps, h, from, to) && all;
    }
    mi_add_item(w, result, "steps", steps);
    if (!all) {
        mi_add_text(w, result, "steps_reason", "a batch without a masked token has no loss");
    }
    put_final_loss(w, result, h, stretches);
}

static void put_timing(mi_writer *w, cJSON *result, const mi_train_state *s, const mi_run *run,
                       double seconds)
{
    double rate = s->done > 0 ? (double)s->done / fmax(s->seconds, 1e-9) : NAN;
    cJSON *timing = cJSON_CreateObject();
    mi_add_number(w, timing, "seconds", seconds);
    mi_add_number(w, timing, "training_seconds", s->seconds);
    mi_add_number(w, timing, "steps_per_second", rate);
    mi_add_number(w, timing, "samples_per_second", rate * (double)s->parts.setting.training.batch);
    if (s->done == 0) {
        mi_add_text(w, timing, "steps_per_second_reason", "all steps were done before");
    }
    mi_add_number(w, timing, "threads", run->threads);
    mi_add_number(w, timing, "bytes", (double)s->trainer->bytes);
    mi_add_item(w, result, "timing", timing);
}

static void put_head(mi_writer *w, cJSON *result, const mi_train_state *s)
{
    const mi_train_config *t = s->config;
    const mi_tensors *tensors = s->parts.method.class->tensors(s->parts.method.state);
    mi_add_text(w, result, "maskinfo", MI_VERSION);
    mi_add_text(w, result, "experiment", "train");
    if (t->listed) {
        mi_add_text(w, result, "label", t->curve.label);
        mi_add_text(w, result, "group",
                    t->opt_group != NULL              ? t->opt_group
                    : s->parts.tokens.dimensions == 1 ? "text"
                                                      : "image");
    }
    mi_add_text(w, result, "title", t->curve.label);
    put_config(w, result, s);
    mi_add_text(w, result, "units", "nats");
    mi_add_text(w, result, "method", t->method_class->name);
    mi_add_text(w, result, "target",
                t->method_class->target != NULL ? t->method_class->target
                                                : t->method_class->summary);
    mi_add_number(w, result, "parameters", (double)tensors->parameters);
    put_source(w, result, s);
    put_steps(w, result, &s->history);
    mi_train_put_monitors(w, s, result);
    mi_train_put_collapse(w, s, result);
}

static mi_code make_result(mi_train_state *s, const mi_run *run, mi_faults *faults, cJSON *result,
                           mi_status *status)
{
    mi_writer w = {.failed = false};
    put_head(&w, result, s);
    mi_code code = mi_train_put_evaluation(&w, s, run, result, status);
    if (code == MI_OK) {
        code = mi_train_put_exact(&w, s, run, faults, result, status);
    }
    if (code == MI_OK) {
        code = mi_train_put_pictures(&w, s, run, result, status);
    }
    if (code == MI_OK) {
        code = mi_train_put_probe(&w, s, run, result, status);
    }
    if (code == MI_OK) {
        code = mi_train_put_maps(&w, s, run, result, status);
    }
    return code == MI_OK && w.failed ? no_memory(status) : code;
}

/* The least loss that is possible, roughly, for the progress line: few examples, and the network as
 * it is; its loss does not matter. */
static mi_code guess_floor(mi_train_state *s, const mi_run *run, mi_status *status)
{
    mi_floor_point point = {.floor = NAN};
    mi_weights weights;
    mi_ratio ratio = s->config->ratio;
    double at = mi_ratio_is_fixed(ratio) ? ratio.low : NAN;
    mi_code code = MI_OK;
    if (run->opt_progress != NULL && mi_train_no_prediction(s) == NULL &&
        mi_floor_reason(&s->parts.setting) == NULL) {
        code = mi_trainer_weights(s->trainer, run, &weights, status);
        if (code == MI_OK) {
            code = mi_floor_evaluate(&s->parts.setting, &weights, &at, 1, FLOOR_SAMPLES, run,
                                     &point, NULL, status);
        }
    }
    s->floor = point.floor;
    return code;
}

static mi_code train(mi_train_state *s, const mi_train_place *place, const mi_run *run,
                     mi_status *status)
{
    mi_code code = mi_history_create(s->parts.setting.training.steps,
                                     s->config->method_class->monitors, &s->history, status);
    if (code == MI_OK) {
        code = mi_trainer_create(&s->parts.setting, run, &s->trainer, status);
    }
    if (code == MI_OK) {
        code = guess_floor(s, run, status);
    }
    return code == MI_OK ? mi_train_loop(s, place, run, status) : code;
}

static void state_free(mi_train_state *s)
{
    mi_trainer_destroy(s->trainer);
    mi_history_free(&s->history);
    mi_train_parts_close(&s->parts);
    free(s->points);
    free(s->information);
}

static void put_files(mi_writer *w, cJSON *result, const mi_train_place *place)
{
    static const char *const weights[] = {"weights.safetensors"};
    if (place->opt_directory != NULL && place->lasting) {
        mi_add_item(w, result, "files", cJSON_CreateStringArray(weights, 1));
    }
}

mi_code mi_train_run(const mi_train_config *config, const mi_train_parts *opt_lender,
                     const mi_train_place *place, const mi_run *run, mi_faults *faults,
                     cJSON **ret_result, mi_status *status)
{
    mi_train_state s = {.config = config, .known = place->known};
    mi_run own = *run;
    struct timespec start;
    mi_writer w = {.failed = false};
    cJSON *result = cJSON_CreateObject();
    clock_gettime(CLOCK_MONOTONIC, &start);
    own.seed = config->curve.seed;
    mi_code code = mi_train_parts_open(config, &own, opt_lender, faults, &s.parts, status);
    if (code == MI_OK) {
        code = train(&s, place, &own, status);
    }
    if (code == MI_OK) {
        code = make_result(&s, &own, faults, result, status);
    }
    if (code == MI_OK) {
        put_files(&w, result, place);
        put_timing(&w, result, &s, &own, mi_lab_seconds_since(&start));
        code = w.failed ? no_memory(status) : MI_OK;
    }
    state_free(&s);
    if (code != MI_OK) {
        cJSON_Delete(result);
        return code;
    }
    *ret_result = result;
    return MI_OK;
}
