/* "stability" of a center result: the map, single points, the law without the gain. */
#include <math.h>
#include <stdlib.h>

#include "center.h"
#include "maskinfo/memory.h"

enum { LAW_POINTS = 97 };

static double between(double low, double high, size_t index, size_t count)
{
    return low + (high - low) * (double)index / (double)(count - 1);
}

/* The settings of the map, row by row of equal momentum. */
static void fill_map(const mi_values *v, mi_dynamics *settings)
{
    const size_t *grid = mi_values_find(v, "grid")->grid;
    for (size_t i = 0; i < grid[0] * grid[1]; i++) {
        double left = between(log(1 - mi_real(v, "lowest_momentum")),
                              log(1 - mi_real(v, "highest_momentum")), i / grid[1], grid[0]);
        settings[i] = mi_center_dynamics(v);
        settings[i].center_momentum = 1 - exp(left);
        settings[i].teacher_temperature =
            exp(between(log(mi_real(v, "lowest_temperature")),
                        log(mi_real(v, "highest_temperature")), i % grid[1], grid[1]));
    }
}

static void put_mode(mi_writer *w, cJSON *object, const mi_dynamics *d)
{
    mi_mode constant = mi_constant_mode(d, true), continuous = mi_constant_mode(d, false);
    mi_add_bool(w, object, "stable_continuous", mi_constant_stable(d, false));
    mi_add_number(w, object, "growth_continuous", continuous.growth);
    mi_add_number(w, object, "frequency_continuous", continuous.frequency);
    mi_add_bool(w, object, "stable_discrete", mi_constant_stable(d, true));
    mi_add_number(w, object, "growth", constant.growth);
    mi_add_number(w, object, "frequency", constant.frequency);
    mi_add_number(w, object, "feature_growth", mi_feature_mode(d, true).growth);
}

static cJSON *cell_json(mi_writer *w, const mi_dynamics *d, const mi_trial_outcome *o)
{
    cJSON *cell = cJSON_CreateObject();
    mi_add_number(w, cell, "teacher_temperature", d->teacher_temperature);
    mi_add_number(w, cell, "center_momentum", d->center_momentum);
    mi_add_number(w, cell, "gain", mi_dynamics_gain(d));
    mi_add_text(w, cell, "predicted", mi_outcome_name(mi_predict_outcome(d)));
    mi_add_text(w, cell, "simulated", mi_outcome_name(o->outcome));
    mi_add_number(w, cell, "entropy", fmin(o->entropy, 1));
    mi_add_number(w, cell, "reversals", (double)o->reversals);
    mi_add_number(w, cell, "prototype_changes", (double)o->changes);
    put_mode(w, cell, d);
    return cell;
}

/* Cells that agree in the outcome, and in whether the constant part grows (by the discrete and by
 * the continuous border); where they do not. */
static void put_agreement(mi_writer *w, cJSON *object, const mi_dynamics *settings,
                          const mi_trial_outcome *outcomes, size_t count)
{
    size_t same = 0, border = 0, continuous = 0;
    cJSON *differ = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        bool right = mi_predict_outcome(&settings[i]) == outcomes[i].outcome;
        same += right;
        border += mi_constant_stable(&settings[i], true) != outcomes[i].grows;
        continuous += mi_constant_stable(&settings[i], false) != outcomes[i].grows;
        if (!right) {
            mi_append_item(w, differ, cJSON_CreateNumber((double)i));
        }
    }
    mi_add_number(w, object, "agreement", (double)same / (double)count);
    mi_add_number(w, object, "border_agreement", (double)border / (double)count);
    mi_add_number(w, object, "border_agreement_continuous", (double)continuous / (double)count);
    mi_add_item(w, object, "disagreeing_cells", differ);
}

static void put_cells(mi_writer *w, cJSON *object, const char *name, const mi_dynamics *settings,
                      const mi_trial_outcome *outcomes, size_t count)
{
    cJSON *cells = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        mi_append_item(w, cells, cell_json(w, &settings[i], &outcomes[i]));
    }
    mi_add_item(w, object, name, cells);
}

/* Simulate `count` settings; *ret_outcomes: free(). */
static mi_code simulate(const mi_values *v, const mi_run *run, const mi_dynamics *settings,
                        size_t count, mi_trial_outcome **ret_outcomes, mi_status *status)
{
    mi_code code = mi_allocate(count, sizeof **ret_outcomes, ret_outcomes, status);
    return code != MI_OK ? code
                         : mi_simulate_outcomes(settings, count, mi_real(v, "amplitude"),
                                                mi_count(v, "steps"), run, *ret_outcomes, status);
}

typedef void (*fill_function)(const mi_values *v, mi_dynamics *settings);

static mi_code add_part(const mi_values *v, const mi_run *run, const char *name, size_t count,
                        fill_function fill, cJSON *object, mi_status *status)
{
    mi_writer w = {.failed = false};
    mi_dynamics *settings = NULL;
    mi_trial_outcome *outcomes = NULL;
    mi_code code = mi_allocate(count, sizeof *settings, &settings, status);
    if (code == MI_OK) {
        fill(v, settings);
        code = simulate(v, run, settings, count, &outcomes, status);
    }
    if (code == MI_OK) {
        put_cells(&w, object, name, settings, outcomes, count);
    }
    if (code == MI_OK && fill == fill_map) {
        put_agreement(&w, object, settings, outcomes, count);
    }
    free(settings);
    free(outcomes);
    return code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : code;
}

static void fill_points(const mi_values *v, mi_dynamics *settings)
{
    const mi_matrix *points = &mi_values_find(v, "points")->matrix;
    for (size_t i = 0; i < points->rows; i++) {
        settings[i] = mi_center_dynamics(v);
        settings[i].teacher_temperature = points->values[2 * i];
        settings[i].center_momentum = points->values[2 * i + 1];
    }
}

static void fill_gains(const mi_values *v, mi_dynamics *settings)
{
    const mi_matrix *gains = &mi_values_find(v, "gains")->matrix;
    const mi_matrix *momenta = &mi_values_find(v, "gain_momenta")->matrix;
    for (size_t i = 0; i < gains->columns * momenta->columns; i++) {
        settings[i] = mi_center_dynamics(v);
        settings[i].teacher_temperature = mi_real(v, "gain_temperature");
        settings[i].center_momentum = momenta->values[i / gains->columns];
        settings[i].learning_rate =
            mi_dynamics_learning_rate(&settings[i], gains->values[i % gains->columns]);
    }
}

/* null where no momentum is stable, as a number below 0 is none. */
static void put_momentum(mi_writer *w, cJSON *object, const char *name, double momentum)
{
    if (momentum >= 0) {
        mi_add_number(w, object, name, fmin(momentum, 1));
    } else {
        mi_add_null(w, object, name, "no centre momentum is stable");
    }
}

/* Borders over the teacher temperature: at this gain and without the gain. */
static void put_borders(mi_writer *w, const mi_values *v, cJSON *object)
{
    cJSON *borders = cJSON_CreateArray();
    for (size_t i = 0; i < LAW_POINTS; i++) {
        mi_dynamics d = mi_center_dynamics(v);
        cJSON *row = cJSON_CreateObject();
        d.teacher_temperature = exp(between(log(mi_real(v, "lowest_temperature")),
                                            log(mi_real(v, "highest_temperature")), i, LAW_POINTS));
        mi_add_number(w, row, "teacher_temperature", d.teacher_temperature);
        put_momentum(w, row, "border_continuous", mi_center_border(&d, false));
        put_momentum(w, row, "border_discrete", mi_center_border(&d, true));
        put_momentum(w, row, "law_continuous", mi_center_law(&d, false));
        put_momentum(w, row, "law_discrete", mi_center_law(&d, true));
        mi_append_item(w, borders, row);
    }
    mi_add_item(w, object, "borders", borders);
}

mi_code mi_center_add_stability(const mi_values *v, const mi_run *run, cJSON *result,
                                mi_status *status)
{
    const size_t *grid = mi_values_find(v, "grid")->grid;
    size_t points = mi_values_find(v, "points")->matrix.rows;
    size_t gains = mi_values_find(v, "gains")->matrix.columns *
                   mi_values_find(v, "gain_momenta")->matrix.columns;
    mi_writer w = {.failed = false};
    mi_dynamics d = mi_center_dynamics(v);
    cJSON *object = cJSON_CreateObject();
    d.teacher_temperature = mi_real(v, "gain_temperature");
    mi_add_number(&w, object, "gain", mi_dynamics_gain(&d));
    mi_add_item(&w, object, "shape", cJSON_CreateIntArray((int[]){(int)grid[0], (int)grid[1]}, 2));
    put_momentum(&w, object, "law_continuous", mi_center_law(&d, false));
    put_momentum(&w, object, "law_discrete", mi_center_law(&d, true));
    mi_code code = add_part(v, run, "grid", grid[0] * grid[1], fill_map, object, status);
    if (code == MI_OK) {
        code = add_part(v, run, "points", points, fill_points, object, status);
    }
    if (code == MI_OK) {
        code = add_part(v, run, "gains", gains, fill_gains, object, status);
    }
    put_borders(&w, v, object);
    mi_add_item(&w, result, "stability", object);
    return code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : code;
}
