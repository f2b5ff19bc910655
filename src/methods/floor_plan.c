#include <stdlib.h>

#include "floor.h"
#include "maskinfo/memory.h"

enum { UNIT = 16, UNIT_VALUES = 1 << 22 }; /* examples, and predicted numbers, held by a thread */

/* Where the values of the tokens are in an example, and site by site. */
static void fill_maps(mi_floor_plan *plan)
{
    const mi_example_shape *e = &plan->source->example;
    size_t channels = plan->shape.channels, columns = plan->shape.columns;
    size_t height = plan->shape.rows / plan->layout.rows, width = columns / plan->layout.columns;
    for (size_t p = 0; p < plan->values; p++) {
        size_t token = p / plan->token_size, at = p % plan->token_size / channels;
        size_t row = token / plan->layout.columns * height + at / width;
        size_t column = token % plan->layout.columns * width + at % width;
        size_t site = row / e->site_rows * (columns / e->site_columns) + column / e->site_columns;
        size_t pixel = row % e->site_rows * e->site_columns + column % e->site_columns;
        plan->raster[p] = (row * columns + column) * channels + p % channels;
        plan->place[p] = site * plan->block + pixel * channels + p % channels;
    }
}

/* Which token a site belongs to, and which of its sites it is. */
static void fill_sites(mi_floor_plan *plan)
{
    const mi_example_shape *e = &plan->source->example;
    size_t columns = plan->shape.columns / e->site_columns;
    size_t down = plan->shape.rows / e->site_rows / plan->layout.rows;
    size_t across = columns / plan->layout.columns;
    plan->kinds = down * across;
    for (size_t s = 0; s < plan->sites; s++) {
        size_t row = s / columns, column = s % columns;
        plan->token_of[s] = row / down * plan->layout.columns + column / across;
        plan->kind[s] = row % down * across + column % across;
    }
}

static bool whole_sites(const mi_floor_plan *plan)
{
    const mi_example_shape *e = &plan->source->example;
    size_t rows = plan->shape.rows / e->site_rows, columns = plan->shape.columns / e->site_columns;
    return rows % plan->layout.rows == 0 && columns % plan->layout.columns == 0;
}

static mi_code allocate_maps(mi_floor_plan *plan, mi_status *status)
{
    mi_code code = MI_OK;
    if (!plan->shape.discrete) {
        code = mi_allocate(plan->values, sizeof *plan->raster, &plan->raster, status);
        if (code == MI_OK) {
            code = mi_allocate(plan->values, sizeof *plan->place, &plan->place, status);
        }
    }
    if (code == MI_OK && whole_sites(plan)) {
        code = mi_allocate(plan->sites, sizeof *plan->token_of, &plan->token_of, status);
    }
    return code == MI_OK ? mi_allocate(plan->sites, sizeof *plan->kind, &plan->kind, status) : code;
}

/* Can the model judge a mask? */
static bool can_evaluate(const mi_model *model)
{
    const mi_model_class *class = model->class;
    return class->evaluate != NULL && (class->evaluate_allowed == NULL ||
                                       class->evaluate_allowed(model->state, NULL) == MI_OK);
}

/* Why the model's posterior is no floor of this method's loss; NULL: it is one. */
static const char *reason_of(const mi_floor_plan *plan)
{
    const mi_model *model = plan->source->model;
    if (model == NULL || plan->source->example.data) {
        return "real data: the least possible loss is not known";
    }
    if (plan->normalized) {
        return "the targets are normalised by their own mean and deviation: their least possible "
               "loss is not known";
    }
    if (!whole_sites(plan)) {
        return "a token is not made of whole sites of the model";
    }
    if (!can_evaluate(model)) {
        return "the model can not evaluate a mask";
    }
    return plan->source->example.approximate ? "the posteriors of the model are approximate" : NULL;
}

static void describe(mi_floor_plan *plan, const mi_setting *setting)
{
    const mi_example_shape *e = &setting->source->example;
    plan->setting = setting;
    plan->method = setting->method.class;
    plan->source = setting->source;
    plan->shape = mi_source_shape_of(setting->source);
    plan->layout = plan->method->tokens(setting->method.state);
    plan->values = plan->shape.rows * plan->shape.columns * plan->shape.channels;
    plan->tokens = plan->layout.rows * plan->layout.columns;
    plan->token_size = plan->method->token_size(setting->method.state);
    plan->block = e->site_rows * e->site_columns * plan->shape.channels;
    plan->sites = plan->values / plan->block;
    plan->normalized =
        plan->method->normalized != NULL && plan->method->normalized(setting->method.state);
}

/* What of the model's posterior can be had. */
static void find_posterior(mi_floor_plan *plan)
{
    const mi_model *model = plan->source->model;
    plan->judged = model != NULL && plan->token_of != NULL && can_evaluate(model);
    plan->means = plan->judged && model->class->posterior != NULL;
    plan->exact = plan->judged && !plan->source->example.data && !plan->source->example.approximate;
}

mi_code mi_floor_plan_init(mi_floor_plan *plan, const mi_setting *setting,
                           const mi_weights *weights, const mi_run *run, mi_status *status)
{
    *plan = (mi_floor_plan){.weights = weights, .run = run};
    describe(plan, setting);
    size_t predicted = plan->tokens * plan->token_size;
    plan->unit = predicted >= UNIT_VALUES ? 1 : UNIT_VALUES / predicted;
    plan->unit = plan->unit > UNIT ? UNIT : plan->unit;
    mi_code code = allocate_maps(plan, status);
    if (code != MI_OK) {
        return code;
    }
    if (!plan->shape.discrete) {
        fill_maps(plan);
    }
    if (plan->token_of != NULL) {
        fill_sites(plan);
    }
    find_posterior(plan);
    return MI_OK;
}

void mi_floor_plan_free(mi_floor_plan *plan)
{
    free(plan->raster);
    free(plan->place);
    free(plan->token_of);
    free(plan->kind);
}

const char *mi_floor_reason(const mi_setting *setting)
{
    mi_floor_plan plan = {0};
    describe(&plan, setting);
    return reason_of(&plan);
}
