/* "linear_mae" of "checks": the closed form of the linear masked autoencoder and a trained one. */
#include <stdlib.h>
#include <string.h>

#include "maskinfo/linear.h"
#include "maskinfo/memory.h"
#include "training.h"

/* Data from the source of a run, token after token. */
typedef struct linear_data {
    const mi_values *values;
    mi_model *model;
    mi_source *source;
    mi_source_shape shape;
    size_t size, token;
    double *data; /* (count, size) */
} linear_data;

static void close_data(linear_data *d)
{
    mi_source_destroy(d->source);
    mi_model_destroy(d->model);
    free(d->data);
}

static const mi_train_config *find_run(const mi_experiment *e, const char *label)
{
    for (size_t i = 0; i < e->train_count - e->probe_count; i++) {
        if (strcmp(e->trains[i].curve.label, label) == 0) {
            return &e->trains[i];
        }
    }
    return NULL;
}

static mi_code check_sizes(linear_data *d, mi_status *status)
{
    size_t patch = mi_count(d->values, "patch"), rank = mi_count(d->values, "rank");
    d->shape = mi_source_shape_of(d->source);
    d->size = d->shape.rows * d->shape.columns * d->shape.channels;
    d->token = patch * patch * d->shape.channels;
    if (d->shape.discrete) {
        return mi_fail_at(status, "label", "\"%s\"; must be that of a run on pixels",
                          mi_text(d->values, "label"));
    }
    if (d->shape.rows % patch != 0 || d->shape.columns % patch != 0) {
        return mi_fail_at(status, "patch", "%zu; it must divide both sides of the %zux%zu image",
                          patch, d->shape.rows, d->shape.columns);
    }
    return rank <= d->size ? MI_OK
                           : mi_fail_at(status, "rank", "%zu; must be in [1, %zu]", rank, d->size);
}

/* Model and source of the run; faults of "linear_mae" in the status. */
static mi_code open_source(const mi_experiment *e, const mi_run *run, linear_data *d,
                           mi_faults *faults, mi_status *status)
{
    const mi_train_config *t = find_run(e, mi_text(d->values, "label"));
    mi_run own = *run;
    if (t == NULL) {
        return mi_fail_at(status, "label", "\"%s\"; must be the label of one of \"runs\"",
                          mi_text(d->values, "label"));
    }
    own.seed = t->curve.seed;
    mi_code code = mi_curve_model(&t->curve, &own, faults, &d->model, status);
    if (code == MI_OK) {
        code = mi_source_create(d->model, &own, &d->source, status);
    }
    return code == MI_OK ? check_sizes(d, status) : code;
}

static void report(const mi_status *status, mi_faults *faults)
{
    char at[MI_PATH_SIZE];
    mi_path_key(at, "linear_mae", status->place);
    mi_faults_add(faults, status->place[0] == '\0' ? "linear_mae" : at, "%s", status->message);
}

mi_code mi_checks_linear_check(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                               mi_status *status)
{
    linear_data d = {.values = mi_values_find(e->settings, "linear_mae")->group};
    size_t before = faults->count;
    if (d.values == NULL) {
        return MI_OK;
    }
    mi_code code = open_source(e, run, &d, faults, status);
    if (code == MI_INPUT && faults->count == before) {
        report(status, faults);
    }
    close_data(&d);
    return code;
}

static mi_code draw_example(linear_data *d, size_t index, gsl_rng *draw, void *scratch,
                            mi_scalar *pixels, mi_status *status)
{
    mi_scalar *tokens = pixels + d->size;
    mi_code code =
        mi_source_draw(d->source, MI_TRAINING, index, draw, scratch, pixels, NULL, NULL, status);
    mi_patchify(1, d->shape.rows, d->shape.columns, d->shape.channels, mi_count(d->values, "patch"),
                pixels, tokens);
    for (size_t i = 0; i < d->size; i++) {
        d->data[index * d->size + i] = (double)tokens[i];
    }
    return code;
}

static mi_code draw_data(linear_data *d, const mi_run *run, mi_status *status)
{
    size_t count = mi_count(d->values, "count");
    void *scratch = NULL;
    gsl_rng *draw = NULL;
    mi_scalar *pixels = NULL;
    mi_code code = mi_source_scratch_create(d->source, &scratch, status);
    if (code == MI_OK) {
        code = mi_stream_create(run->seed, MI_PURPOSE_EXAMPLE, 0, &draw, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(2 * d->size, sizeof *pixels, &pixels, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count * d->size, sizeof *d->data, &d->data, status);
    }
    for (size_t i = 0; code == MI_OK && i < count; i++) {
        mi_stream_set(draw, run->seed, MI_PURPOSE_EXAMPLE, i);
        code = draw_example(d, i, draw, scratch, pixels, status);
    }
    mi_source_scratch_destroy(d->source, scratch);
    if (draw != NULL) {
        gsl_rng_free(draw);
    }
    free(pixels);
    return code;
}

static mi_code put_point(mi_writer *w, cJSON *points, const linear_data *d, double ratio,
                         const mi_run *run, mi_status *status)
{
    mi_linear_result result;
    mi_linear_data data = {mi_count(d->values, "count"), d->size, d->token, d->data};
    mi_linear_setting setting = {.ratio = ratio,
                                 .rank = mi_count(d->values, "rank"),
                                 .steps = mi_count(d->values, "steps"),
                                 .batch = mi_count(d->values, "batch"),
                                 .rate = mi_real(d->values, "rate")};
    mi_code code = mi_linear_mae(&data, &setting, run, &result, status);
    if (code != MI_OK) {
        return code;
    }
    cJSON *point = cJSON_CreateObject();
    mi_add_number(w, point, "ratio", ratio);
    mi_add_number(w, point, "closed", result.closed);
    mi_add_number(w, point, "trained", result.trained);
    mi_add_number(w, point, "initial", result.initial);
    mi_add_number(w, point, "gap_percent", 100 * (result.trained / result.closed - 1));
    mi_append_item(w, points, point);
    return MI_OK;
}

static mi_code put_points(mi_writer *w, cJSON *object, const linear_data *d, const mi_run *run,
                          mi_status *status)
{
    const mi_matrix *ratios = &mi_values_find(d->values, "ratios")->matrix;
    cJSON *points = cJSON_CreateArray();
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && points != NULL && i < ratios->columns; i++) {
        code = put_point(w, points, d, ratios->values[i], run, status);
    }
    mi_add_text(w, object, "label", mi_text(d->values, "label"));
    mi_add_number(w, object, "size", (double)d->size);
    mi_add_number(w, object, "token", (double)d->token);
    mi_add_number(w, object, "rank", (double)mi_count(d->values, "rank"));
    mi_add_number(w, object, "count", (double)mi_count(d->values, "count"));
    mi_add_number(w, object, "steps", (double)mi_count(d->values, "steps"));
    mi_add_item(w, object, "points", points);
    return code;
}

mi_code mi_checks_put_linear(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                             cJSON *result, mi_status *status)
{
    linear_data d = {.values = mi_values_find(e->settings, "linear_mae")->group};
    mi_writer w = {.failed = false};
    mi_run own = *run;
    own.seed = e->seed;
    if (d.values == NULL) {
        mi_add_null(&w, result, "linear_mae", "none was asked for");
        return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
    }
    cJSON *object = cJSON_CreateObject();
    mi_code code = open_source(e, &own, &d, faults, status);
    if (code == MI_OK) {
        code = draw_data(&d, &own, status);
    }
    if (code == MI_OK) {
        code = put_points(&w, object, &d, &own, status);
    }
    if (code == MI_INPUT) {
        report(status, faults);
    }
    mi_add_item(&w, result, "linear_mae", object);
    close_data(&d);
    return code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result")
                                     : code;
}
