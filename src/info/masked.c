#include "maskinfo/masked.h"

#include <math.h>
#include <stdlib.h>

#include "curve_parts.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"
#include "units.h"

/* What one thread owns. */
typedef struct bench {
    gsl_rng *draw, *mask_stream;
    unsigned char *masked; /* (sites) */
    void *scratch;         /* of the model, may be NULL */
} bench;

typedef struct study {
    const mi_model *model;
    const mi_masking *masking;
    mi_shape shape;
    mi_layout layout;
    const mi_run *run;
    bool weighs;     /* masks by their number of hidden sites */
    double *weights; /* (samples, points) */
    size_t threads;
    bench *benches;    /* (threads) */
    mi_curve *curve;   /* filled by the replicates */
    double *marginals; /* (samples, points) H(X_i) of the masked sites */
    size_t *units;     /* (samples) of the draws; 0 where the model does not tell */
} study;

mi_layout mi_layout_of(mi_shape shape)
{
    return (mi_layout){shape.dimensions, shape.rows, shape.columns};
}

bool mi_masked_only(const mi_model *model, const mi_masking *masking)
{
    const mi_model_class *class = model->class;
    bool costly = class->masks_only != NULL && class->masks_only(model->state);
    return !masking->class->exchangeable || costly;
}

static void study_close(study *s)
{
    for (size_t t = 0; s->benches != NULL && t < s->threads; t++) {
        bench *b = &s->benches[t];
        if (b->scratch != NULL) {
            s->model->class->scratch_destroy(b->scratch);
        }
        gsl_rng_free(b->draw);
        gsl_rng_free(b->mask_stream);
        free(b->masked);
    }
    free(s->benches);
    free(s->marginals);
    free(s->weights);
    free(s->units);
}

static mi_code bench_open(const study *s, bench *b, mi_status *status)
{
    mi_code code = mi_stream_create(s->run->seed, MI_PURPOSE_SAMPLE, 0, &b->draw, status);
    if (code == MI_OK) {
        code = mi_stream_create(s->run->seed, MI_PURPOSE_MASK, 0, &b->mask_stream, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(s->shape.sites, sizeof *b->masked, &b->masked, status);
    }
    if (code == MI_OK && s->model->class->scratch_create != NULL) {
        code = s->model->class->scratch_create(s->model->state, &b->scratch, status);
    }
    return code;
}

static mi_code check(const study *s, size_t samples, mi_status *status)
{
    const mi_model_class *class = s->model->class;
    if (class->evaluate == NULL || s->shape.sites == 0) {
        return mi_fail(status, MI_INPUT,
                       "%s: a curve mask by mask needs a finite model that can evaluate a mask",
                       class->name);
    }
    if (samples < 2) {
        return mi_fail(status, MI_INPUT, "a curve mask by mask needs at least 2 samples, not %zu",
                       samples);
    }
    const mi_masking *m = s->masking;
    for (size_t p = 0; p < s->curve->points && m->class->check != NULL; p++) {
        mi_code code = m->class->check(m->values, s->layout, s->curve->ratios[p], status);
        if (code != MI_OK) {
            return code;
        }
    }
    return MI_OK;
}

/* The quantities that replicates of this model fill. */
static mi_code add_quantities(study *s, size_t samples, mi_status *status)
{
    bool continuous = s->shape.vocabulary == 0;
    unsigned tells = s->model->class->tells;
    const struct {
        mi_quantity quantity;
        bool wanted;
    } all[] = {
        {MI_Q_CONDITIONAL, true},
        {MI_Q_INFORMATION, true},
        {MI_Q_JOINT, true},
        {MI_Q_OBJECTIVE, true},
        {MI_Q_MSE, continuous},
        {MI_Q_INTERPOLATION, (tells & MI_TELLS_NEIGHBORS) != 0},
        {MI_Q_FAR, (tells & MI_TELLS_NEIGHBORS) != 0},
        {MI_Q_CLASS, (tells & MI_TELLS_CLASS) != 0},
        {MI_Q_SEMANTIC, (tells & MI_TELLS_CLASS) != 0},
    };
    mi_code code = MI_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && code == MI_OK; i++) {
        code = all[i].wanted ? mi_curve_add(s->curve, all[i].quantity, samples, status) : MI_OK;
    }
    return code;
}

static mi_code study_open(study *s, size_t samples, mi_status *status)
{
    size_t count = 0;
    mi_code code = check(s, samples, status);
    if (code == MI_OK) {
        code = add_quantities(s, samples, status);
    }
    if (code == MI_OK) {
        code = mi_product(samples, s->curve->points, &count, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *s->marginals, &s->marginals, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *s->weights, &s->weights, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(samples, sizeof *s->units, &s->units, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(s->threads, sizeof *s->benches, &s->benches, status);
    }
    for (size_t t = 0; code == MI_OK && t < s->threads; t++) {
        code = bench_open(s, &s->benches[t], status);
    }
    return code;
}

static mi_code check_finite(const study *s, const mi_mask_result *r, mi_status *status)
{
    if (isfinite(r->marginal_entropy) && isfinite(r->conditional_entropy) &&
        isfinite(r->joint_information) && isfinite(r->mse) && isfinite(r->neighbor_entropy) &&
        isfinite(r->class_information) && isfinite(r->semantic_information)) {
        return MI_OK;
    }
    return mi_fail(status, MI_NUMERIC, "%s: the posterior of a mask is not finite",
                   s->model->class->name);
}

static void set(const study *s, mi_quantity q, size_t at, double value)
{
    if (s->curve->replicates[q] > 0) {
        s->curve->values[q][at] = value;
    }
}

static void store(const study *s, size_t at, double ratio, const mi_mask_result *r)
{
    double information = r->marginal_entropy - r->conditional_entropy;
    double interpolation = r->marginal_entropy - r->neighbor_entropy;
    s->marginals[at] = r->marginal_entropy;
    set(s, MI_Q_CONDITIONAL, at, r->conditional_entropy);
    set(s, MI_Q_INFORMATION, at, information);
    set(s, MI_Q_JOINT, at, r->joint_information);
    set(s, MI_Q_OBJECTIVE, at, ratio * information);
    set(s, MI_Q_MSE, at, r->mse);
    set(s, MI_Q_INTERPOLATION, at, interpolation);
    set(s, MI_Q_FAR, at, information - interpolation);
    set(s, MI_Q_CLASS, at, r->class_information);
    set(s, MI_Q_SEMANTIC, at, r->semantic_information);
}

static size_t count_masked(const unsigned char *masked, size_t sites)
{
    size_t count = 0;
    for (size_t i = 0; i < sites; i++) {
        count += masked[i] != 0;
    }
    return count;
}

static mi_code one_point(const study *s, bench *b, size_t j, size_t p, mi_status *status)
{
    double ratio = s->curve->ratios[p];
    mi_mask_result result = {0};
    mi_stream_set(b->mask_stream, s->run->seed, MI_PURPOSE_MASK, j);
    s->masking->class->draw(s->masking->values, s->layout, ratio, b->mask_stream, b->masked);
    size_t hidden = count_masked(b->masked, s->shape.sites);
    if (hidden == 0) {
        return MI_OK; /* of weight 0 */
    }
    mi_stream_set(b->draw, s->run->seed, MI_PURPOSE_SAMPLE, j);
    mi_code code = s->model->class->evaluate(s->model->state, b->masked, MI_FROM_MODEL, b->draw,
                                             true, b->scratch, &result, status);
    if (code == MI_OK) {
        code = check_finite(s, &result, status);
    }
    if (code == MI_OK) {
        size_t at = j * s->curve->points + p;
        s->units[j] = result.unit;
        s->weights[at] = (double)hidden;
        store(s, at, ratio, &result);
    }
    return code;
}

static mi_code replicate(size_t j, size_t thread, void *context, mi_status *status)
{
    const study *s = context;
    mi_code code = MI_OK;
    for (size_t p = 0; code == MI_OK && p < s->curve->points; p++) {
        code = mi_interrupted(s->run) ? mi_fail(status, MI_INTERRUPTED, "interrupted")
                                      : one_point(s, &s->benches[thread], j, p, status);
    }
    return code;
}

/* Every hidden site shall count the same: a mask's mean times its hidden sites over their mean.
 * Where all masks of a ratio hide as many, nothing changes. */
static void weigh_column(const study *s, double *values, size_t samples, size_t p)
{
    size_t points = s->curve->points;
    double total = 0;
    for (size_t j = 0; j < samples; j++) {
        total += s->weights[j * points + p];
    }
    for (size_t j = 0; j < samples && total > 0; j++) {
        values[j * points + p] *= s->weights[j * points + p] * (double)samples / total;
    }
}

static void weigh(const study *s, size_t samples)
{
    static const mi_quantity means[] = {MI_Q_CONDITIONAL, MI_Q_INFORMATION,   MI_Q_OBJECTIVE,
                                        MI_Q_MSE,         MI_Q_INTERPOLATION, MI_Q_FAR,
                                        MI_Q_SEMANTIC};
    for (size_t p = 0; p < s->curve->points; p++) {
        weigh_column(s, s->marginals, samples, p);
        for (size_t i = 0; i < sizeof means / sizeof *means; i++) {
            if (s->curve->replicates[means[i]] > 0) {
                weigh_column(s, s->curve->values[means[i]], samples, p);
            }
        }
    }
}

/* h_0 of the sites that are masked, over all masks. */
static mi_code set_entropy(study *s, size_t samples, mi_status *status)
{
    double *means = NULL;
    size_t points = s->curve->points;
    mi_code code = mi_allocate(samples, sizeof *means, &means, status);
    for (size_t j = 0; code == MI_OK && j < samples; j++) {
        for (size_t p = 0; p < points; p++) {
            means[j] += s->marginals[j * points + p] / (double)points;
        }
    }
    if (code == MI_OK) {
        mi_mean_error(means, 1, samples, &s->curve->entropy, &s->curve->entropy_error);
    }
    free(means);
    return code;
}

mi_code mi_masked_curve(const mi_model *model, const mi_masking *masking, const double *ratios,
                        size_t points, size_t samples, const mi_run *run, mi_curve **ret_curve,
                        mi_status *status)
{
    study s = {.model = model, .masking = masking, .run = run, .threads = (size_t)run->threads};
    s.shape = model->class->shape(model->state);
    s.layout = mi_layout_of(s.shape);
    bool bernoulli = masking->class->exchangeable && mi_is(masking->values, "count", "bernoulli");
    s.weighs = bernoulli || masking->class->ratios != NULL;
    mi_code code = mi_curve_create(ratios, points, &s.curve, status);
    if (code == MI_OK) {
        s.curve->sites = s.shape.sites;
        s.curve->vocabulary = s.shape.vocabulary;
        s.curve->count = bernoulli ? MI_COUNT_BERNOULLI : MI_COUNT_FIXED;
        code = study_open(&s, samples, status);
    }
    if (code == MI_OK) {
        code = mi_parallel_for(run, "mask by mask", samples, replicate, &s, status);
    }
    if (code == MI_OK && s.weighs) {
        weigh(&s, samples);
    }
    if (code == MI_OK) {
        code = set_entropy(&s, samples, status);
    }
    if (code == MI_OK && (model->class->tells & MI_TELLS_UNIT)) {
        code = mi_units_fold(s.curve, s.units, samples, status);
    }
    if (code == MI_OK) {
        code = mi_curve_summarise(s.curve, status);
    }
    study_close(&s);
    if (code != MI_OK) {
        mi_curve_destroy(s.curve);
        return code;
    }
    *ret_curve = s.curve;
    return MI_OK;
}

mi_code mi_masked_sample(const mi_masking *masking, mi_layout layout, double ratio, uint64_t seed,
                         uint64_t index, unsigned char *masked, mi_status *status)
{
    gsl_rng *stream = NULL;
    mi_code code = mi_stream_create(seed, MI_PURPOSE_MASK, index, &stream, status);
    if (code == MI_OK) {
        masking->class->draw(masking->values, layout, ratio, stream, masked);
    }
    gsl_rng_free(stream);
    return code;
}
