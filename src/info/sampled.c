#include "maskinfo/sampled.h"

#include <math.h>
#include <stdlib.h>

#include "context.h"
#include "maskinfo/ksg.h"
#include "maskinfo/memory.h"
#include "maskinfo/plugin.h"
#include "maskinfo/random.h"

/* A set of configurations is kept whole: at most 2 GiB. */
static const size_t most_values = (size_t)1 << 28;

enum { TRIES = 1000000 /* masks drawn until the site is masked: a ratio above 1e-4 never fails */ };

/* What one thread owns. */
typedef struct bench {
    gsl_rng *draw, *mask;
    void *scratch;         /* of the model, may be NULL */
    double *set;           /* (samples, sites) */
    unsigned char *masked; /* (sites) */
    size_t *context;       /* (sites) chosen visible sites */
    uint64_t *x, *y;       /* (samples) symbols: of the masked site, of the context */
    double *columns;       /* (sites, samples) coordinates: the masked site, then the context */
} bench;

typedef struct study {
    const mi_model *model;
    const mi_sampling *s;
    const mi_run *run;
    mi_shape shape;
    bench *benches; /* (threads) */
    size_t threads;
    double *values[MI_QUANTITIES]; /* (sets, points) those that the method gives */
    double *entropies;             /* (sets, points) of the masked site, with counts */
} study;

void mi_strategy_mask_draw(const void *context, double ratio, gsl_rng *stream,
                           unsigned char *masked)
{
    const mi_strategy_mask *m = context;
    m->masking->class->draw(m->masking->values, m->layout, ratio, stream, masked);
}

mi_code mi_sampled_possible(const mi_model *model, bool counts, mi_status *status)
{
    const char *method = counts ? "plugin" : "ksg", *name = model->class->name;
    mi_shape shape = model->class->shape(model->state);
    if (model->class->sample == NULL) {
        return mi_fail_at(status, "method",
                          "\"%s\": model %s can not be sampled; use \"exact\" or \"posterior\"",
                          method, name);
    }
    if (shape.sites == 0) {
        return mi_fail_at(status, "method",
                          "\"%s\": needs a finite length; set model.length, or use \"exact\"",
                          method);
    }
    if (counts && shape.vocabulary == 0) {
        return mi_fail_at(
            status, "method",
            "\"plugin\": counts need discrete tokens, and model %s is continuous; use "
            "\"ksg\"",
            name);
    }
    if (!counts && shape.vocabulary > 0) {
        return mi_fail_at(status, "method",
                          "\"ksg\": nearest neighbours need a density, and the tokens of model %s "
                          "are discrete; use \"plugin\"",
                          name);
    }
    return MI_OK;
}

mi_code mi_sampled_check(const mi_model *model, const mi_sampling *s, mi_status *status)
{
    size_t sites = model->class->shape(model->state).sites, values = 0;
    if (s->sets < 2 || s->masks < 1 || s->samples < 2) {
        return mi_fail(status, MI_INPUT,
                       "%zu sets of %zu samples, %zu masks; must be at least 2, 2, 1", s->sets,
                       s->samples, s->masks);
    }
    if (!s->counts && (s->neighbors < 1 || s->neighbors >= s->samples)) {
        return mi_fail_at(status, "neighbors", "%zu; must be in [1, samples - 1] = [1, %zu]",
                          s->neighbors, s->samples - 1);
    }
    if (mi_product(s->samples, sites, &values, status) != MI_OK || values > most_values) {
        return mi_fail_at(status, "samples",
                          "%zu samples of %zu sites are too many to keep; must be at most %zu",
                          s->samples, sites, most_values / sites);
    }
    return MI_OK;
}

static void bench_close(const study *t, bench *b)
{
    if (b->scratch != NULL) {
        t->model->class->scratch_destroy(b->scratch);
    }
    gsl_rng_free(b->draw);
    gsl_rng_free(b->mask);
    free(b->set);
    free(b->masked);
    free(b->context);
    free(b->x);
    free(b->y);
    free(b->columns);
}

static void study_close(study *t)
{
    for (size_t i = 0; t->benches != NULL && i < t->threads; i++) {
        bench_close(t, &t->benches[i]);
    }
    free(t->benches);
    free(t->entropies);
    for (size_t q = 0; q < MI_QUANTITIES; q++) {
        free(t->values[q]);
    }
}

/* The buffers that the estimator itself works on. */
static mi_code open_buffers(const study *t, bench *b, size_t values, mi_status *status)
{
    if (!t->s->counts) {
        return mi_allocate(values, sizeof *b->columns, &b->columns, status);
    }
    mi_code code = mi_allocate(t->s->samples, sizeof *b->x, &b->x, status);
    return code == MI_OK ? mi_allocate(t->s->samples, sizeof *b->y, &b->y, status) : code;
}

static mi_code bench_open(const study *t, bench *b, mi_status *status)
{
    const mi_model_class *class = t->model->class;
    size_t sites = t->shape.sites, values = 0;
    mi_code code = mi_product(t->s->samples, sites, &values, status);
    if (code == MI_OK) {
        code = mi_stream_create(t->run->seed, MI_PURPOSE_SAMPLE, 0, &b->draw, status);
    }
    if (code == MI_OK) {
        code = mi_stream_create(t->run->seed, MI_PURPOSE_MASK, 0, &b->mask, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(values, sizeof *b->set, &b->set, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(sites, sizeof *b->masked, &b->masked, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(sites, sizeof *b->context, &b->context, status);
    }
    if (code == MI_OK) {
        code = open_buffers(t, b, values, status);
    }
    if (code == MI_OK && class->scratch_create != NULL) {
        code = class->scratch_create(t->model->state, &b->scratch, status);
    }
    return code;
}

/* Room for the answers. */
static mi_code open_values(study *t, mi_status *status)
{
    static const mi_quantity given[] = {MI_Q_INFORMATION, MI_Q_OBJECTIVE, MI_Q_MILLER_MADOW,
                                        MI_Q_CONDITIONAL}; /* the last two with counts */
    size_t cells = 0;
    mi_code code = mi_product(t->s->sets, t->s->points, &cells, status);
    for (size_t i = 0; code == MI_OK && i < (t->s->counts ? 4 : 2); i++) {
        code = mi_allocate(cells, sizeof(double), &t->values[given[i]], status);
    }
    if (code == MI_OK && t->s->counts) {
        code = mi_allocate(cells, sizeof *t->entropies, &t->entropies, status);
    }
    return code;
}

static mi_code study_open(study *t, mi_status *status)
{
    t->threads = (size_t)t->run->threads;
    mi_code code = mi_allocate(t->threads, sizeof *t->benches, &t->benches, status);
    for (size_t i = 0; code == MI_OK && i < t->threads; i++) {
        code = bench_open(t, &t->benches[i], status);
    }
    return code == MI_OK ? open_values(t, status) : code;
}

static mi_code draw_set(const study *t, bench *b, size_t set, mi_status *status)
{
    const mi_model *model = t->model;
    mi_code code = MI_OK;
    for (size_t j = 0; code == MI_OK && j < t->s->samples; j++) {
        mi_stream_set(b->draw, t->run->seed, MI_PURPOSE_SAMPLE, set * t->s->samples + j);
        code = mi_interrupted(t->run) ? mi_fail(status, MI_INTERRUPTED, "interrupted")
                                      : model->class->sample(model->state, b->draw, b->scratch,
                                                             b->set + j * t->shape.sites, status);
    }
    return code;
}

static mi_code draw_target(const study *t, bench *b, double ratio, size_t *ret_site,
                           mi_status *status)
{
    for (int tries = 0; tries < TRIES; tries++) {
        t->s->draw(t->s->draw_context, ratio, b->mask, b->masked);
        *ret_site = gsl_rng_uniform_int(b->mask, t->shape.sites);
        if (b->masked[*ret_site]) {
            return MI_OK;
        }
    }
    return mi_fail(status, MI_NUMERIC, "no site was masked in %d masks of ratio %g", TRIES, ratio);
}

/* What one estimate adds to the means of its ratio. */
typedef struct answer {
    double information, correction, entropy;
} answer;

/* b->y becomes one symbol for all sites of the context. */
static mi_code join_context(const study *t, bench *b, size_t size, mi_status *status)
{
    size_t samples = t->s->samples, sites = t->shape.sites;
    mi_code code = MI_OK;
    for (size_t c = 0; code == MI_OK && c < size; c++) {
        for (size_t j = 0; j < samples; j++) {
            b->y[j] = b->y[j] * t->shape.vocabulary + (uint64_t)b->set[j * sites + b->context[c]];
        }
        uint64_t kinds = 0;
        code = mi_plugin_rank(b->y, samples, &kinds, status);
    }
    return code;
}

static mi_code answer_by_counts(const study *t, bench *b, size_t site, size_t size, answer *a,
                                mi_status *status)
{
    size_t samples = t->s->samples, sites = t->shape.sites;
    mi_plugin information, entropy;
    for (size_t j = 0; j < samples; j++) {
        b->x[j] = (uint64_t)b->set[j * sites + site];
        b->y[j] = 0;
    }
    mi_code code = join_context(t, b, size, status);
    if (code == MI_OK) {
        code = mi_plugin_information(b->x, b->y, samples, &information, status);
    }
    if (code == MI_OK) {
        code = mi_plugin_entropy_of(b->x, samples, &entropy, status);
    }
    if (code == MI_OK) {
        *a = (answer){information.value, information.correction, entropy.value};
    }
    return code;
}

static mi_code answer_by_neighbors(const study *t, bench *b, size_t site, size_t size, answer *a,
                                   mi_status *status)
{
    size_t samples = t->s->samples, sites = t->shape.sites;
    mi_run alone = {.seed = t->run->seed, .threads = 1, .opt_interrupt = t->run->opt_interrupt};
    mi_ksg ksg;
    for (size_t c = 0; c <= size; c++) {
        size_t from = c == 0 ? site : b->context[c - 1];
        for (size_t j = 0; j < samples; j++) {
            b->columns[c * samples + j] = b->set[j * sites + from];
        }
    }
    mi_points points = {samples, 1, size, b->columns, b->columns + samples};
    mi_code code = mi_ksg_information(&points, t->s->neighbors, &alone, &ksg, status);
    *a = (answer){code == MI_OK ? ksg.information : 0, 0, 0};
    return code;
}

static mi_code answer_mask(const study *t, bench *b, double ratio, answer *a, mi_status *status)
{
    size_t site = 0;
    mi_code code = draw_target(t, b, ratio, &site, status);
    if (code != MI_OK) {
        return code;
    }
    size_t size = mi_context_find(&t->shape, b->masked, site, t->s->context, b->context);
    if (t->s->counts) {
        return answer_by_counts(t, b, site, size, a, status);
    }
    *a = (answer){0, 0, 0}; /* without a visible site */
    return size == 0 ? MI_OK : answer_by_neighbors(t, b, site, size, a, status);
}

static void store(study *t, size_t set, size_t point, const answer *mean)
{
    size_t at = set * t->s->points + point;
    t->values[MI_Q_INFORMATION][at] = mean->information;
    t->values[MI_Q_OBJECTIVE][at] = t->s->ratios[point] * mean->information;
    if (t->s->counts) {
        t->values[MI_Q_MILLER_MADOW][at] = mean->correction;
        t->values[MI_Q_CONDITIONAL][at] = mean->entropy - mean->information;
        t->entropies[at] = mean->entropy;
    }
}

static mi_code answer_ratio(study *t, bench *b, size_t set, size_t point, mi_status *status)
{
    size_t masks = t->s->masks;
    answer mean = {0, 0, 0}, one = {0, 0, 0};
    for (size_t m = 0; m < masks; m++) {
        mi_stream_set(b->mask, t->run->seed, MI_PURPOSE_MASK,
                      (set * t->s->points + point) * masks + m);
        mi_code code = mi_interrupted(t->run)
                           ? mi_fail(status, MI_INTERRUPTED, "interrupted")
                           : answer_mask(t, b, t->s->ratios[point], &one, status);
        if (code != MI_OK) {
            return code;
        }
        mean.information += one.information / (double)masks;
        mean.correction += one.correction / (double)masks;
        mean.entropy += one.entropy / (double)masks;
    }
    store(t, set, point, &mean);
    return MI_OK;
}

static mi_code answer_set(size_t set, size_t thread, void *context, mi_status *status)
{
    study *t = context;
    bench *b = &t->benches[thread];
    mi_code code = draw_set(t, b, set, status);
    for (size_t p = 0; code == MI_OK && p < t->s->points; p++) {
        code = answer_ratio(t, b, set, p, status);
    }
    return code;
}

static mi_code study_curve(const study *t, mi_curve **ret_curve, mi_status *status)
{
    const mi_sampling *s = t->s;
    return mi_curve_from_values(t->values, t->entropies, s->sets, &t->shape, s->count, s->ratios,
                                s->points, ret_curve, status);
}

mi_code mi_sampled_curve(const mi_model *model, const mi_sampling *sampling, const mi_run *run,
                         mi_curve **ret_curve, mi_status *status)
{
    study t = {.model = model, .s = sampling, .run = run};
    mi_code code = mi_sampled_possible(model, sampling->counts, status);
    if (code == MI_OK) {
        t.shape = model->class->shape(model->state);
        code = mi_sampled_check(model, sampling, status);
    }
    if (code == MI_OK) {
        code = study_open(&t, status);
    }
    if (code == MI_OK) {
        code = mi_parallel_for(run, sampling->counts ? "plug-in counts" : "nearest neighbours",
                               sampling->sets, answer_set, &t, status);
    }
    if (code == MI_OK) {
        code = study_curve(&t, ret_curve, status);
    }
    study_close(&t);
    return code;
}
