/* Multinomial logistic regression by L-BFGS. The examples are cut into a fixed number of shards,
 * whose losses and gradients are added in their order: the same bytes at any thread count. Features
 * are standardised in blocks that stay in the cache, so that no copy of them all is needed. */
#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lbfgs.h"
#include "maskinfo/memory.h"
#include "probe_parts.h"

enum { SHARDS = 16, BLOCK = 128, ITERATIONS = 5000 };

/* Entries of the gradient of a mean loss; accuracies do not feel less. */
static const double tolerance = 1e-5;

/* Of one thread. */
typedef struct workspace {
    double *z;      /* (BLOCK, size + 1), standardised, the last of a row is 1 */
    double *logits; /* (BLOCK, classes), then p - [label] */
} workspace;

typedef struct problem {
    const mi_softmax *model; /* all but its weights */
    const double *weights;   /* (classes, size + 1) */
    const mi_probe_data *data;
    const int *places;     /* (data->count), of the labels among the model's classes */
    double *losses;        /* (SHARDS) */
    double *opt_gradients; /* (SHARDS, classes, size + 1) */
    int *opt_told;         /* (data->count) */
    workspace *workspaces; /* (threads) */
    mi_run run;
    double ridge;
} problem;

/* z (count, size + 1) of examples first .. first+count-1. */
static void standardize(const problem *p, size_t first, size_t count, double *z)
{
    size_t size = p->model->size;
    for (size_t i = 0; i < count; i++) {
        const mi_scalar *x = p->data->features + (first + i) * size;
        double *row = z + i * (size + 1);
        for (size_t j = 0; j < size; j++) {
            row[j] = ((double)x[j] - p->model->mean[j]) * p->model->scale[j];
        }
        row[size] = 1;
    }
}

/* logits (classes) become p - [c = place]; returns -log p(place). */
static double cross_entropy(double *logits, size_t classes, int place)
{
    double top = logits[0], sum = 0, own = logits[place];
    for (size_t c = 1; c < classes; c++) {
        top = fmax(top, logits[c]);
    }
    for (size_t c = 0; c < classes; c++) {
        logits[c] = exp(logits[c] - top);
        sum += logits[c];
    }
    for (size_t c = 0; c < classes; c++) {
        logits[c] /= sum;
    }
    logits[place] -= 1;
    return log(sum) + top - own;
}

static int likeliest(const double *logits, size_t classes)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++) {
        if (logits[c] > logits[best]) {
            best = c;
        }
    }
    return (int)best;
}

/* Examples first .. first+count-1, at most a block: logits (count, classes) = z weights^T. */
static double add_block(problem *p, size_t first, size_t count, const workspace *space,
                        double *opt_gradient)
{
    int width = (int)p->model->size + 1, classes = (int)p->model->classes;
    standardize(p, first, count, space->z);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, classes, width, 1, space->z,
                width, p->weights, width, 0, space->logits, classes);
    double loss = 0;
    for (size_t i = 0; i < count; i++) {
        double *logits = space->logits + i * p->model->classes;
        if (p->opt_told != NULL) {
            p->opt_told[first + i] = p->model->labels[likeliest(logits, p->model->classes)];
        } else {
            loss += cross_entropy(logits, p->model->classes, p->places[first + i]);
        }
    }
    if (opt_gradient != NULL) { /* of logits = z weights^T: (p - [label])^T z */
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, classes, width, (int)count, 1,
                    space->logits, classes, space->z, width, 1, opt_gradient, width);
    }
    return loss;
}

static mi_code run_shard(size_t shard, size_t thread, void *context, mi_status *status)
{
    (void)status;
    problem *p = context;
    size_t length = p->model->classes * (p->model->size + 1), count = p->data->count;
    size_t first = count * shard / SHARDS, end = count * (shard + 1) / SHARDS;
    double *gradient = NULL;
    if (p->opt_gradients != NULL) {
        gradient = p->opt_gradients + shard * length;
        memset(gradient, 0, length * sizeof *gradient);
    }
    p->losses[shard] = 0;
    for (size_t start = first; start < end; start += BLOCK) {
        size_t rows = end - start < BLOCK ? end - start : BLOCK;
        p->losses[shard] += add_block(p, start, rows, &p->workspaces[thread], gradient);
    }
    return MI_OK;
}

/* mean(-log p) + ridge/2 |weights but intercepts|^2. */
static double add_up(const problem *p, double *opt_gradient)
{
    size_t width = p->model->size + 1, length = p->model->classes * width;
    double loss = 0, squares = 0, share = 1 / (double)p->data->count;
    for (size_t s = 0; s < SHARDS; s++) {
        loss += p->losses[s];
    }
    for (size_t k = 0; k < length && opt_gradient != NULL; k++) {
        double sum = 0;
        for (size_t s = 0; s < SHARDS; s++) {
            sum += p->opt_gradients[s * length + k];
        }
        opt_gradient[k] = sum * share;
    }
    for (size_t k = 0; k < length; k++) {
        if (k % width != width - 1) {
            squares += p->weights[k] * p->weights[k];
            if (opt_gradient != NULL) {
                opt_gradient[k] += p->ridge * p->weights[k];
            }
        }
    }
    return loss * share + p->ridge / 2 * squares;
}

static mi_code evaluate(const double *weights, double *ret_value, double *gradient, void *context,
                        mi_status *status)
{
    problem *p = context;
    p->weights = weights;
    mi_code code = mi_parallel_for(&p->run, "linear probe", SHARDS, run_shard, p, status);
    if (code == MI_OK) {
        *ret_value = add_up(p, gradient);
    }
    return code;
}

static void close_problem(problem *p)
{
    for (int t = 0; t < p->run.threads && p->workspaces != NULL; t++) {
        free(p->workspaces[t].z);
        free(p->workspaces[t].logits);
    }
    free(p->workspaces);
    free(p->losses);
    free(p->opt_gradients);
}

/* Memory for evaluations; hundreds of them in a row show no progress of their own. */
static mi_code open_problem(const mi_softmax *model, const mi_probe_data *data, const mi_run *run,
                            bool gradient, problem *p, mi_status *status)
{
    *p = (problem){.model = model, .weights = model->weights, .data = data, .run = *run};
    p->run.opt_progress = NULL;
    size_t width = model->size + 1;
    mi_code code = mi_allocate((size_t)run->threads, sizeof *p->workspaces, &p->workspaces, status);
    for (int t = 0; t < run->threads && code == MI_OK; t++) {
        code = mi_allocate(width, BLOCK * sizeof(double), &p->workspaces[t].z, status);
        if (code == MI_OK) {
            code = mi_allocate(model->classes, BLOCK * sizeof(double), &p->workspaces[t].logits,
                               status);
        }
    }
    if (code == MI_OK) {
        code = mi_allocate(SHARDS, sizeof *p->losses, &p->losses, status);
    }
    if (code == MI_OK && gradient) {
        code = mi_allocate(width * model->classes, SHARDS * sizeof *p->opt_gradients,
                           &p->opt_gradients, status);
    }
    if (code != MI_OK) {
        close_problem(p);
    }
    return code;
}

/* places[i]: of label i among the model's, which holds it. */
static mi_code find_places(const mi_softmax *model, const mi_probe_data *data, int **ret_places,
                           mi_status *status)
{
    mi_code code = mi_allocate(data->count, sizeof **ret_places, ret_places, status);
    for (size_t i = 0; code == MI_OK && i < data->count; i++) {
        int place = 0;
        while (model->labels[place] != data->labels[i]) {
            place++;
        }
        (*ret_places)[i] = place;
    }
    return code;
}

mi_code mi_softmax_loss(const mi_softmax *model, const mi_probe_data *data, double ridge,
                        const mi_run *run, double *ret_loss, double *opt_gradient,
                        mi_status *status)
{
    problem p;
    int *places = NULL;
    mi_code code = find_places(model, data, &places, status);
    if (code == MI_OK) {
        code = open_problem(model, data, run, opt_gradient != NULL, &p, status);
    }
    if (code == MI_OK) {
        p.places = places;
        p.ridge = ridge;
        code = evaluate(model->weights, ret_loss, opt_gradient, &p, status);
        close_problem(&p);
    }
    free(places);
    return code;
}

mi_code mi_softmax_tell(const mi_softmax *model, const mi_probe_data *data, const mi_run *run,
                        int *told, mi_status *status)
{
    problem p;
    mi_code code = open_problem(model, data, run, false, &p, status);
    if (code == MI_OK) {
        p.opt_told = told;
        code = mi_parallel_for(&p.run, "linear probe", SHARDS, run_shard, &p, status);
        close_problem(&p);
    }
    return code;
}

/* Two passes; a deviation of less than the features' own rounding is none. */
static void find_scales(const mi_probe_data *data, double *mean, double *scale)
{
    size_t size = data->size, count = data->count;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < size; j++) {
            mean[j] += (double)data->features[i * size + j] / (double)count;
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < size; j++) {
            double difference = (double)data->features[i * size + j] - mean[j];
            scale[j] += difference * difference / (double)count;
        }
    }
    for (size_t j = 0; j < size; j++) {
        double deviation = sqrt(scale[j]);
        scale[j] = deviation > 1e-7 * fabs(mean[j]) ? 1 / deviation : 0;
    }
}

/* The classes that have examples: without any, an intercept would run off to minus infinity. */
static mi_code find_labels(mi_softmax *model, const mi_probe_data *data, size_t classes,
                           mi_status *status)
{
    mi_code code = mi_allocate(classes, sizeof *model->labels, &model->labels, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < data->count; i++) {
        model->labels[data->labels[i]] = 1;
    }
    for (size_t c = 0; c < classes; c++) {
        if (model->labels[c]) {
            model->labels[model->classes++] = (int)c;
        }
    }
    return MI_OK;
}

static mi_code prepare(mi_softmax *model, const mi_probe_data *data, size_t classes,
                       mi_status *status)
{
    mi_code code = find_labels(model, data, classes, status);
    if (code == MI_OK) {
        code = mi_allocate(data->size, sizeof *model->mean, &model->mean, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(data->size, sizeof *model->scale, &model->scale, status);
    }
    if (code == MI_OK) {
        code = mi_allocate((data->size + 1) * model->classes, sizeof *model->weights,
                           &model->weights, status);
    }
    if (code == MI_OK) {
        find_scales(data, model->mean, model->scale);
    }
    return code;
}

static mi_code fit(mi_softmax *model, const mi_probe_data *data, double ridge, const mi_run *run,
                   mi_status *status)
{
    problem p;
    int *places = NULL;
    mi_code code = find_places(model, data, &places, status);
    if (code == MI_OK) {
        code = open_problem(model, data, run, true, &p, status);
    }
    if (code == MI_OK) {
        p.places = places;
        p.ridge = ridge;
        code = mi_lbfgs(evaluate, &p, model->classes * (model->size + 1), tolerance, ITERATIONS,
                        model->weights, &model->iterations, status);
        close_problem(&p);
    }
    free(places);
    return code;
}

mi_code mi_softmax_fit(const mi_probe_data *training, size_t classes, double ridge,
                       const mi_run *run, mi_softmax **ret_model, mi_status *status)
{
    mi_softmax *model = NULL;
    mi_code code = mi_allocate(1, sizeof *model, &model, status);
    if (code != MI_OK) {
        return code;
    }
    model->size = training->size;
    code = prepare(model, training, classes, status);
    if (code == MI_OK) {
        code = fit(model, training, ridge, run, status);
    }
    if (code != MI_OK) {
        mi_softmax_destroy(model);
        return code;
    }
    *ret_model = model;
    return MI_OK;
}

void mi_softmax_destroy(mi_softmax *model)
{
    if (model != NULL) {
        free(model->labels);
        free(model->mean);
        free(model->scale);
        free(model->weights);
        free(model);
    }
}
