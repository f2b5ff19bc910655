/* "loop" of a center result: inputs with and without centring, with and without sharpening. */
#include <math.h>
#include <stdlib.h>

#include "center.h"
#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

enum { CONDITIONS = 4, POINTS = 120, LOGITS_LIMIT = 128 };

static const struct {
    const char *name;
    bool centered, sharpened;
} conditions[CONDITIONS] = {{"none", false, false},
                            {"center only", true, false},
                            {"sharpen only", false, true},
                            {"both", true, true}};

static mi_dynamics dynamics_of(const mi_values *v, int condition, double similarity)
{
    mi_dynamics d = mi_center_dynamics(v);
    d.inputs = mi_count(v, "inputs");
    d.similarity = similarity;
    d.center_momentum = conditions[condition].centered ? mi_real(v, "center_momentum") : 1;
    d.teacher_temperature =
        mi_real(v, conditions[condition].sharpened ? "teacher_temperature" : "flat_temperature");
    return d;
}

/* The teacher's centred logits, input by input. */
static void put_logits(mi_writer *w, cJSON *point, const mi_simulation *s)
{
    size_t k = s->dynamics.prototypes, count = s->dynamics.inputs * k;
    double logits[LOGITS_LIMIT];
    if (count > LOGITS_LIMIT) {
        mi_add_null(w, point, "logits", "too many to show");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        logits[i] = s->teacher[i] - s->center[i % k];
    }
    mi_add_numbers(w, point, "logits", logits, count);
}

static cJSON *point_json(mi_writer *w, const mi_simulation *s, size_t step)
{
    mi_outputs o = mi_simulation_outputs(s);
    cJSON *point = cJSON_CreateObject();
    mi_add_number(w, point, "step", (double)step);
    mi_add_number(w, point, "mean_entropy", o.entropy);
    mi_add_number(w, point, "entropy_of_mean", o.entropy_of_mean);
    mi_add_number(w, point, "information", o.information);
    mi_add_number(w, point, "divergence", o.divergence);
    mi_add_number(w, point, "spread", o.spread);
    mi_add_number(w, point, "constant", o.constant);
    put_logits(w, point, s);
    return point;
}

static mi_code add_steps(mi_writer *w, const mi_values *v, const mi_dynamics *d, uint64_t seed,
                         cJSON *run, mi_status *status)
{
    size_t steps = mi_count(v, "steps"), each = steps < POINTS ? 1 : steps / POINTS;
    cJSON *points = cJSON_CreateArray();
    mi_simulation s;
    mi_code code = mi_simulation_start(&s, d, mi_real(v, "amplitude"), seed, 0, status);
    for (size_t step = 0; code == MI_OK && step <= steps; step++) {
        if (step % each == 0) {
            mi_append_item(w, points, point_json(w, &s, step));
        }
        mi_simulation_step(&s);
    }
    mi_simulation_free(&s);
    mi_add_item(w, run, "steps", points);
    return code;
}

/* What the linear theory says of a condition. */
static void put_modes(mi_writer *w, cJSON *run, const mi_dynamics *d)
{
    mi_mode feature = mi_feature_mode(d, true);
    mi_add_text(w, run, "predicted", mi_outcome_name(mi_predict_outcome(d)));
    mi_add_number(w, run, "constant_growth", mi_constant_mode(d, true).growth);
    mi_add_number(w, run, "feature_growth", feature.growth);
}

static mi_code add_run(mi_writer *w, const mi_values *v, const mi_run *run, int condition,
                       cJSON *runs, mi_status *status)
{
    mi_dynamics d = dynamics_of(v, condition, mi_real(v, "similarity"));
    cJSON *object = cJSON_CreateObject();
    mi_add_text(w, object, "condition", conditions[condition].name);
    mi_add_number(w, object, "teacher_temperature", d.teacher_temperature);
    mi_add_number(w, object, "center_momentum", d.center_momentum);
    put_modes(w, object, &d);
    mi_code code = add_steps(w, v, &d, run->seed, object, status);
    mi_append_item(w, runs, object);
    return code;
}

/* How often information survives: its mean over the last quarter is above half of log inputs. */
static mi_code add_count(mi_writer *w, const mi_values *v, const mi_run *run, int condition,
                         double similarity, uint64_t index, cJSON *counts, mi_status *status)
{
    mi_dynamics d = dynamics_of(v, condition, similarity);
    size_t replicates = mi_count(v, "replicates"), survived = 0;
    double *information = NULL, mean = 0, error = 0;
    mi_code code = mi_allocate(replicates, sizeof *information, &information, status);
    if (code == MI_OK) {
        code = mi_simulate_information(&d, mi_real(v, "amplitude"), mi_count(v, "steps"),
                                       replicates, index, run, information, status);
    }
    if (code == MI_OK) {
        cJSON *count = cJSON_CreateObject();
        mi_mean_error(information, 1, replicates, &mean, &error);
        for (size_t i = 0; i < replicates; i++) {
            survived += information[i] > 0.5 * log((double)d.inputs);
        }
        mi_add_text(w, count, "condition", conditions[condition].name);
        mi_add_number(w, count, "similarity", similarity);
        mi_add_number(w, count, "survived", (double)survived / (double)replicates);
        mi_add_number(w, count, "information", mean);
        mi_add_number(w, count, "information_se", error);
        mi_append_item(w, counts, count);
    }
    free(information);
    return code;
}

mi_code mi_center_add_loop(const mi_values *v, const mi_run *run, cJSON *result, mi_status *status)
{
    const mi_matrix *similarities = &mi_values_find(v, "similarities")->matrix;
    mi_writer w = {.failed = false};
    cJSON *loop = cJSON_CreateObject();
    cJSON *runs = cJSON_CreateArray(), *counts = cJSON_CreateArray();
    mi_code code = MI_OK;
    mi_add_number(&w, loop, "log_prototypes", log((double)mi_count(v, "prototypes")));
    mi_add_number(&w, loop, "log_inputs", log((double)mi_count(v, "inputs")));
    mi_add_number(&w, loop, "inputs", (double)mi_count(v, "inputs"));
    mi_add_number(&w, loop, "prototypes", (double)mi_count(v, "prototypes"));
    mi_add_number(&w, loop, "replicates", (double)mi_count(v, "replicates"));
    for (int i = 0; code == MI_OK && i < CONDITIONS; i++) {
        code = add_run(&w, v, run, i, runs, status);
    }
    for (size_t i = 0; code == MI_OK && i < similarities->columns * CONDITIONS; i++) {
        /* All conditions of a similarity start from the same logits. */
        code = add_count(&w, v, run, (int)(i % CONDITIONS), similarities->values[i / CONDITIONS],
                         (i / CONDITIONS + 1) << 32, counts, status);
    }
    mi_add_item(&w, loop, "runs", runs);
    mi_add_item(&w, loop, "counts", counts);
    mi_add_item(&w, result, "loop", loop);
    return code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : code;
}
