/* The linear masked autoencoder as a network of the engine: two linear layers without bias. */
#include <math.h>
#include <stdlib.h>

#include "linear_mae.h"
#include "maskinfo/layers.h"
#include "maskinfo/memory.h"
#include "maskinfo/optimizer.h"
#include "maskinfo/random.h"

typedef struct network {
    const mi_linear_data *data;
    const mi_linear_setting *setting;
    const mi_run *run;
    mi_tensors tensors;
    mi_linear encoder, decoder; /* A^T (k,d), B^T (d,k) */
    mi_arena arena;
    mi_scalar *values, *transposed, *gradient, *first, *second; /* (tensors.total) */
    mi_scalar *whole, *visible, *predicted;                     /* (batch,d) */
    mi_scalar *code, *code_gradient;                            /* (batch,k) */
} network;

static void lay_out(network *n, mi_arena *arena)
{
    size_t total = n->tensors.total, batch = n->setting->batch;
    mi_scalar **blocks[] = {&n->values, &n->transposed, &n->gradient, &n->first, &n->second};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        *blocks[i] = mi_arena_scalars(arena, total);
    }
    n->whole = mi_arena_scalars(arena, batch * n->data->size);
    n->visible = mi_arena_scalars(arena, batch * n->data->size);
    n->predicted = mi_arena_scalars(arena, batch * n->data->size);
    n->code = mi_arena_scalars(arena, batch * n->setting->rank);
    n->code_gradient = mi_arena_scalars(arena, batch * n->setting->rank);
}

static void initialize(network *n)
{
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, n->run->seed, MI_PURPOSE_WEIGHTS, 0);
    for (size_t t = 0; t < n->tensors.count; t++) {
        mi_initialize_uniform(&n->tensors, t, stream, n->values);
    }
    for (size_t i = 0; i < n->tensors.total; i++) {
        n->first[i] = n->second[i] = 0;
    }
}

static mi_code create(network *n, mi_status *status)
{
    mi_arena dry = {0};
    mi_code code = mi_linear_add(&n->tensors, "encoder", n->data->size, n->setting->rank, false,
                                 &n->encoder, status);
    if (code == MI_OK) {
        code = mi_linear_add(&n->tensors, "decoder", n->setting->rank, n->data->size, false,
                             &n->decoder, status);
    }
    if (code == MI_OK) {
        lay_out(n, &dry);
        code = mi_arena_create(dry.used, &n->arena, status);
    }
    if (code == MI_OK) {
        lay_out(n, &n->arena);
        initialize(n);
        code = mi_tensors_transpose(&n->tensors, n->values, n->transposed, n->run, status);
    }
    return code;
}

/* Rows at random, and a mask for each: of step t always the same. */
static void draw(network *n, size_t t)
{
    mi_stream_room example_room, mask_room;
    gsl_rng *example = mi_stream_place(&example_room, n->run->seed, MI_PURPOSE_EXAMPLE, t);
    gsl_rng *mask = mi_stream_place(&mask_room, n->run->seed, MI_PURPOSE_EXAMPLE_MASK, t);
    size_t d = n->data->size, token = n->data->token;
    for (size_t s = 0; s < n->setting->batch; s++) {
        const double *row = n->data->values + gsl_rng_uniform_int(example, n->data->count) * d;
        for (size_t i = 0; i < d; i += token) {
            bool masked = gsl_rng_uniform(mask) < n->setting->ratio;
            for (size_t j = i; j < i + token; j++) {
                n->whole[s * d + j] = (mi_scalar)row[j];
                n->visible[s * d + j] = masked ? 0 : (mi_scalar)row[j];
            }
        }
    }
}

/* L = mean of (p - x)^2: dp = 2 (p - x) / (batch d), in place. */
static void loss_gradient(network *n)
{
    size_t count = n->setting->batch * n->data->size;
    mi_scalar factor = (mi_scalar)(2 / (double)count);
    for (size_t i = 0; i < count; i++) {
        n->predicted[i] = factor * (n->predicted[i] - n->whole[i]);
    }
}

static mi_code step(network *n, size_t t, mi_status *status)
{
    const mi_linear_setting *setting = n->setting;
    const mi_adamw adamw = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-12};
    const mi_schedule schedule = {.peak = setting->rate, .steps = setting->steps};
    mi_weights weights = {n->values, n->transposed};
    draw(n, t);
    mi_linear_forward(&n->encoder, &weights, setting->batch, n->visible, n->code);
    mi_linear_forward(&n->decoder, &weights, setting->batch, n->code, n->predicted);
    loss_gradient(n);
    for (size_t i = 0; i < n->tensors.total; i++) {
        n->gradient[i] = 0;
    }
    mi_linear_backward(&n->decoder, &weights, setting->batch, n->code, n->predicted,
                       n->code_gradient, n->gradient);
    mi_linear_backward(&n->encoder, &weights, setting->batch, n->visible, n->code_gradient, NULL,
                       n->gradient);
    mi_code code = mi_adamw_step(&adamw, &n->tensors, t + 1, mi_schedule_at(&schedule, t), 1,
                                 n->gradient, n->first, n->second, n->values, n->run, status);
    return code == MI_OK
               ? mi_tensors_transpose(&n->tensors, n->values, n->transposed, n->run, status)
               : code;
}

/* product (d,d) = A B. */
static void product_of(const network *n, double *product)
{
    size_t d = n->data->size, k = n->setting->rank;
    const mi_scalar *encoder = n->values + n->encoder.weight;
    const mi_scalar *decoder = n->values + n->decoder.weight;
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j < d; j++) {
            double sum = 0;
            for (size_t c = 0; c < k; c++) {
                sum += (double)encoder[c * d + i] * (double)decoder[j * k + c];
            }
            product[i * d + j] = sum;
        }
    }
}

/* From random weights; trained (d,d) becomes A B, initial (d,d) what that was before the first
 * step.
 */
static mi_code train(const mi_linear_data *data, const mi_linear_setting *setting,
                     const mi_run *run, double *trained, double *initial, mi_status *status)
{
    mi_run quiet = *run; /* one thread: the layers are too small for two */
    quiet.opt_progress = NULL;
    quiet.threads = 1;
    network n = {.data = data, .setting = setting, .run = &quiet};
    mi_code code = create(&n, status);
    if (code == MI_OK) {
        product_of(&n, initial);
    }
    for (size_t t = 0; t < setting->steps && code == MI_OK; t++) {
        code = mi_interrupted(run) ? mi_fail(status, MI_INTERRUPTED, "stopped on request")
                                   : step(&n, t, status);
    }
    if (code == MI_OK) {
        product_of(&n, trained);
    }
    mi_arena_destroy(&n.arena);
    mi_tensors_free(&n.tensors);
    return code;
}

static mi_code judge(const mi_linear_data *data, const mi_linear_setting *setting,
                     const double *trained, const double *initial, mi_linear_result *result,
                     mi_status *status)
{
    mi_linear_moments moments = {0};
    mi_code code = mi_linear_moments_create(data, setting->ratio, &moments, status);
    if (code == MI_OK) {
        code = mi_linear_moments_loss(&moments, trained, &result->trained, status);
    }
    if (code == MI_OK) {
        code = mi_linear_moments_loss(&moments, initial, &result->initial, status);
    }
    mi_linear_moments_free(&moments);
    if (code == MI_OK && !isfinite(result->trained)) {
        code = mi_fail(status, MI_NUMERIC,
                       "the linear network's loss is not finite after %zu steps: a smaller rate "
                       "than %g is needed",
                       setting->steps, setting->rate);
    }
    return code;
}

mi_code mi_linear_mae(const mi_linear_data *data, const mi_linear_setting *setting,
                      const mi_run *run, mi_linear_result *result, mi_status *status)
{
    double *trained = NULL, *initial = NULL;
    *result = (mi_linear_result){.steps = setting->steps};
    mi_code code = mi_linear_solve(data, setting, NULL, &result->closed, status);
    if (code == MI_OK && setting->batch == 0) {
        code = mi_fail_at(status, "batch", "is 0; it must be at least 1");
    }
    if (code == MI_OK) {
        code = mi_allocate(data->size * data->size, sizeof *trained, &trained, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(data->size * data->size, sizeof *initial, &initial, status);
    }
    if (code == MI_OK) {
        code = train(data, setting, run, trained, initial, status);
    }
    if (code == MI_OK) {
        code = judge(data, setting, trained, initial, result, status);
    }
    free(trained);
    free(initial);
    return code;
}
