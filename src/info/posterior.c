#include "maskinfo/posterior.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/mask.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"

enum {
    /* Disjoint masks of one size in a replicate. All N/(N-k) of them would call a model N log N
     * times a replicate instead of N; 16 keep it below 4 N, and most of the gain. */
    MAX_DISJOINT = 16
};

/* Held-out replicates own the streams above this index, so that they are independent of the
 * replicates drawn from the model. */
static const uint64_t held_out_index = UINT64_C(1) << 32;

/* What one thread owns. */
typedef struct bench {
    gsl_rng *draw; /* configurations */
    gsl_rng *order_stream;
    size_t *order;         /* (sites) */
    unsigned char *masked; /* (sites) */
    void *scratch;         /* of the model, may be NULL */
} bench;

/* What all replicates share. */
typedef struct study {
    const mi_model *model;
    const mi_run *run;
    size_t sites;
    bool continuous;
    mi_origin origin;
    double ratio;   /* of the joint information */
    bench *benches; /* (threads) */
    size_t threads;
    mi_profile *profile; /* filled by the profile's replicates */
    double *joints;      /* filled by the joint information's replicates */
} study;

static void study_close(study *s)
{
    for (size_t t = 0; s->benches != NULL && t < s->threads; t++) {
        bench *b = &s->benches[t];
        if (b->scratch != NULL) {
            s->model->class->scratch_destroy(b->scratch);
        }
        gsl_rng_free(b->draw);
        gsl_rng_free(b->order_stream);
        free(b->order);
        free(b->masked);
    }
    free(s->benches);
}

static mi_code bench_open(const study *s, bench *b, mi_status *status)
{
    mi_code code = mi_stream_create(s->run->seed, MI_PURPOSE_SAMPLE, 0, &b->draw, status);
    if (code == MI_OK) {
        code = mi_stream_create(s->run->seed, MI_PURPOSE_ORDER, 0, &b->order_stream, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(s->sites, sizeof *b->order, &b->order, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(s->sites, sizeof *b->masked, &b->masked, status);
    }
    if (code == MI_OK && s->model->class->scratch_create != NULL) {
        code = s->model->class->scratch_create(s->model->state, &b->scratch, status);
    }
    return code;
}

static mi_code study_open(study *s, size_t samples, mi_status *status)
{
    const mi_model_class *class = s->model->class;
    mi_shape shape = class->shape(s->model->state);
    if (class->evaluate == NULL || shape.sites == 0) {
        return mi_fail(status, MI_INPUT,
                       "%s: posterior Monte Carlo needs a finite model that can evaluate a mask",
                       class->name);
    }
    if (samples < 2) {
        return mi_fail(status, MI_INPUT, "posterior Monte Carlo needs at least 2 samples, not %zu",
                       samples);
    }
    s->sites = shape.sites;
    s->continuous = shape.vocabulary == 0;
    s->threads = (size_t)s->run->threads;
    mi_code code = mi_allocate(s->threads, sizeof *s->benches, &s->benches, status);
    for (size_t t = 0; code == MI_OK && t < s->threads; t++) {
        code = bench_open(s, &s->benches[t], status);
    }
    return code;
}

/* Index of the streams that replicate j owns. */
static uint64_t stream_index(const study *s, size_t j)
{
    return s->origin == MI_FROM_HELD_OUT ? held_out_index + j : j;
}

static void draw_order(const study *s, bench *b, size_t j)
{
    mi_stream_set(b->order_stream, s->run->seed, MI_PURPOSE_ORDER, stream_index(s, j));
    mi_random_order(b->order_stream, b->order, s->sites);
}

/* Evaluate b->masked on the configuration of replicate j, the same one for every mask. */
static mi_code evaluate(const study *s, bench *b, size_t j, bool wants_joint,
                        mi_mask_result *ret_result, mi_status *status)
{
    *ret_result = (mi_mask_result){0};
    mi_stream_set(b->draw, s->run->seed, MI_PURPOSE_SAMPLE, stream_index(s, j));
    mi_code code = s->model->class->evaluate(s->model->state, b->masked, s->origin, b->draw,
                                             wants_joint, b->scratch, ret_result, status);
    if (code != MI_OK) {
        return code;
    }
    if (!isfinite(ret_result->conditional_entropy) || !isfinite(ret_result->mse) ||
        !isfinite(ret_result->joint_information) || !isfinite(ret_result->marginal_entropy) ||
        !isfinite(ret_result->neighbor_entropy) || !isfinite(ret_result->class_information) ||
        !isfinite(ret_result->semantic_information) ||
        (s->origin == MI_FROM_HELD_OUT && !isfinite(ret_result->cross_entropy))) {
        return mi_fail(status, MI_NUMERIC, "%s: the posterior of a mask is not finite",
                       s->model->class->name);
    }
    return MI_OK;
}

/* Mask number b of `hidden` sites: stretches of the order, counted from its end. Each hides
 * `hidden` sites and no two of them share one. */
static void set_stretch(const study *s, bench *b, size_t number, size_t hidden)
{
    size_t first = s->sites - (number + 1) * hidden;
    memset(b->masked, 0, s->sites);
    for (size_t i = first; i < first + hidden; i++) {
        b->masked[b->order[i]] = 1;
    }
}

/* Store the mean over masks of k visible sites at [j, k] of each series that the origin fills. */
static void store(const study *s, size_t j, size_t k, const mi_mask_result *mean)
{
    mi_series *series = s->profile->series;
    size_t at = j * s->sites + k;
    if (s->origin == MI_FROM_HELD_OUT) {
        series[MI_CROSS_ENTROPY].values[at] = mean->cross_entropy;
        return;
    }
    series[MI_ENTROPY].values[at] = mean->conditional_entropy;
    if (s->continuous) {
        series[MI_MSE].values[at] = mean->mse;
    }
    if (s->model->class->tells & MI_TELLS_NEIGHBORS) {
        series[MI_NEIGHBORS].values[at] = mean->neighbor_entropy;
    }
    if (s->model->class->tells & MI_TELLS_CLASS) {
        series[MI_CLASS].values[at] = mean->class_information;
        series[MI_SEMANTIC].values[at] = mean->semantic_information;
    }
}

static mi_code visible_count(const study *s, bench *b, size_t j, size_t k, mi_status *status)
{
    size_t hidden = s->sites - k, fitting = s->sites / hidden;
    size_t masks = fitting < MAX_DISJOINT ? fitting : MAX_DISJOINT;
    mi_mask_result mean = {0}, result;
    for (size_t number = 0; number < masks; number++) {
        set_stretch(s, b, number, hidden);
        mi_code code = evaluate(s, b, j, false, &result, status);
        if (code != MI_OK) {
            return code;
        }
        mean.conditional_entropy += result.conditional_entropy / (double)masks;
        mean.cross_entropy += result.cross_entropy / (double)masks;
        mean.mse += result.mse / (double)masks;
        mean.neighbor_entropy += result.neighbor_entropy / (double)masks;
        mean.class_information += result.class_information / (double)masks;
        mean.semantic_information += result.semantic_information / (double)masks;
    }
    store(s, j, k, &mean);
    return MI_OK;
}

static mi_code profile_replicate(size_t j, size_t thread, void *context, mi_status *status)
{
    const study *s = context;
    bench *b = &s->benches[thread];
    mi_code code = MI_OK;
    draw_order(s, b, j);
    for (size_t k = 0; code == MI_OK && k < s->sites; k++) {
        /* One replicate may take seconds; a person who interrupts should not wait for it. */
        code = mi_interrupted(s->run) ? mi_fail(status, MI_INTERRUPTED, "interrupted")
                                      : visible_count(s, b, j, k, status);
    }
    return code;
}

static mi_code from_model(study *s, size_t samples, mi_status *status)
{
    s->origin = MI_FROM_MODEL;
    mi_code code = mi_profile_add(s->profile, MI_ENTROPY, samples, status);
    if (code == MI_OK && s->continuous) {
        code = mi_profile_add(s->profile, MI_MSE, samples, status);
    }
    if (code == MI_OK && (s->model->class->tells & MI_TELLS_NEIGHBORS)) {
        code = mi_profile_add(s->profile, MI_NEIGHBORS, samples, status);
    }
    if (code == MI_OK && (s->model->class->tells & MI_TELLS_CLASS)) {
        code = mi_profile_add(s->profile, MI_CLASS, samples, status);
    }
    if (code == MI_OK && (s->model->class->tells & MI_TELLS_CLASS)) {
        code = mi_profile_add(s->profile, MI_SEMANTIC, samples, status);
    }
    if (code == MI_OK) {
        code =
            mi_parallel_for(s->run, "posterior Monte Carlo", samples, profile_replicate, s, status);
    }
    return code;
}

/* The held-out cross-entropy is a check beside the curve, so a quarter of its effort does. */
static size_t held_out_samples(size_t samples)
{
    size_t fewest = samples < 16 ? samples : 16;
    return samples / 4 > fewest ? samples / 4 : fewest;
}

static mi_code from_held_out(study *s, size_t samples, mi_status *status)
{
    const mi_model_class *class = s->model->class;
    if (class->has_held_out == NULL || !class->has_held_out(s->model->state)) {
        return MI_OK;
    }
    size_t replicates = held_out_samples(samples);
    s->origin = MI_FROM_HELD_OUT;
    mi_code code = mi_profile_add(s->profile, MI_CROSS_ENTROPY, replicates, status);
    if (code == MI_OK) {
        code = mi_parallel_for(s->run, "held-out text", replicates, profile_replicate, s, status);
    }
    return code;
}

mi_code mi_posterior_profile(const mi_model *model, size_t samples, const mi_run *run,
                             mi_profile **ret_profile, mi_status *status)
{
    study s = {.model = model, .run = run};
    if (model->class->posterior_profile != NULL && samples >= 2) {
        return model->class->posterior_profile(model->state, samples, run, ret_profile, status);
    }
    mi_code code = study_open(&s, samples, status);
    if (code == MI_OK) {
        code = mi_profile_create(s.sites, &s.profile, status);
    }
    if (code == MI_OK) {
        code = from_model(&s, samples, status);
    }
    if (code == MI_OK) {
        code = from_held_out(&s, samples, status);
    }
    study_close(&s);
    if (code != MI_OK) {
        mi_profile_destroy(s.profile);
        return code;
    }
    *ret_profile = s.profile;
    return MI_OK;
}

mi_code mi_posterior_held_out(const mi_model *model, size_t samples, const mi_run *run,
                              mi_profile *profile, mi_status *status)
{
    const mi_model_class *class = model->class;
    study s = {.model = model, .run = run, .profile = profile};
    if (class->has_held_out == NULL || !class->has_held_out(model->state)) {
        return MI_OK;
    }
    mi_code code = study_open(&s, samples, status);
    if (code == MI_OK) {
        code = from_held_out(&s, samples, status);
    }
    study_close(&s);
    return code;
}

/* rN sites on average, floor or ceil of it: the mask that MI_COUNT_FIXED describes. */
static size_t draw_hidden(const study *s, bench *b, size_t j)
{
    double count = s->ratio * (double)s->sites, whole = floor(count);
    mi_stream_set(b->draw, s->run->seed, MI_PURPOSE_MASK, j);
    return (size_t)whole + (gsl_rng_uniform(b->draw) < count - whole ? 1 : 0);
}

static mi_code joint_replicate(size_t j, size_t thread, void *context, mi_status *status)
{
    const study *s = context;
    bench *b = &s->benches[thread];
    mi_mask_result result;
    size_t hidden = draw_hidden(s, b, j);
    s->joints[j] = 0; /* a mask that hides nothing */
    if (hidden == 0) {
        return MI_OK;
    }
    draw_order(s, b, j);
    mi_mask_from_order(b->order, s->sites, hidden, b->masked);
    mi_code code = evaluate(s, b, j, true, &result, status);
    if (code == MI_OK) {
        s->joints[j] = result.joint_information;
    }
    return code;
}

mi_code mi_posterior_joint(const mi_model *model, double ratio, size_t samples, const mi_run *run,
                           double *values, mi_status *status)
{
    study s = {.model = model, .run = run, .ratio = ratio, .joints = values};
    if (!(ratio > 0 && ratio < 1)) {
        return mi_fail(status, MI_INPUT, "ratio %g is not between 0 and 1", ratio);
    }
    mi_code code = study_open(&s, samples, status);
    if (code == MI_OK) {
        code = mi_parallel_for(run, "posterior Monte Carlo", samples, joint_replicate, &s, status);
    }
    study_close(&s);
    return code;
}
