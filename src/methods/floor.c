/* A network against the exact posterior of its model, at one ratio after another.
 *
 * Control variates. Of one example with the loss l, the exact posterior's own loss e on the same
 * draw and its expectation v given what is visible, e - v is 0 on average whatever the network does
 * (also one that cheats), and most of the scatter of l is that of e. So
 *
 *     loss = mean(l - (e - v)),     floor = mean(v),     gap = loss - floor = mean(l - e),
 *
 * and the same for cross-entropies. All means are over masked tokens (or sites), sums of the
 * examples over the sum of their numbers; errors are those of a ratio of independent examples.
 */
#include "floor.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

/* Examples on which a fitted density of real pixels is judged: it costs more than the network. */
enum { REFERENCES = 128, LEAST_SAMPLES = 4 };

typedef struct job {
    mi_floor_plan plan;
    mi_floor_bench *benches;
    mi_floor_draws draws;
    size_t samples, judged;
    mi_floor_sample *items;     /* (samples) */
    unsigned char *masked;      /* (samples, tokens) */
    mi_scalar *residuals;       /* (samples, values) of the network; NULL: symbols */
    mi_scalar *exact_residuals; /* likewise of the posterior means; NULL: there are none */
    mi_scalar *completed;       /* likewise; NULL: no classes */
    int *labels;                /* (samples) */
    double *sums;               /* (samples) */
} job;

static void job_free(job *j)
{
    mi_floor_benches_destroy(&j->plan, j->benches);
    free(j->items);
    free(j->masked);
    free(j->residuals);
    free(j->exact_residuals);
    free(j->completed);
    free(j->labels);
    free(j->sums);
    mi_floor_plan_free(&j->plan);
}

static mi_code allocate_pixels(job *j, mi_status *status)
{
    size_t count = j->samples * j->plan.values;
    mi_code code = mi_allocate(count, sizeof *j->residuals, &j->residuals, status);
    if (code == MI_OK && j->plan.means) {
        code = mi_allocate(count, sizeof *j->exact_residuals, &j->exact_residuals, status);
    }
    if (code == MI_OK && j->plan.shape.classes > 1 && j->plan.means) {
        code = mi_allocate(count, sizeof *j->completed, &j->completed, status);
    }
    return code;
}

static mi_code job_open(job *j, const mi_setting *setting, const mi_weights *weights,
                        const mi_run *run, mi_status *status)
{
    mi_code code = mi_floor_plan_init(&j->plan, setting, weights, run, status);
    if (code == MI_OK) {
        bool costly = j->plan.source->example.data && !j->plan.shape.discrete;
        j->judged = !j->plan.judged                     ? 0
                    : costly && j->samples > REFERENCES ? REFERENCES
                                                        : j->samples;
        code = mi_floor_benches_create(&j->plan, &j->benches, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(j->samples, sizeof *j->items, &j->items, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(j->samples, j->plan.tokens, &j->masked, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(j->samples, sizeof *j->labels, &j->labels, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(j->samples, sizeof *j->sums, &j->sums, status);
    }
    return code == MI_OK && !j->plan.shape.discrete ? allocate_pixels(j, status) : code;
}

static mi_scalar *row_of(const job *j, mi_scalar *opt_rows, size_t example)
{
    return opt_rows == NULL ? NULL : opt_rows + example * j->plan.values;
}

static mi_code evaluate_example(const job *j, mi_floor_bench *b, size_t example, size_t at,
                                mi_status *status)
{
    const mi_floor_plan *plan = &j->plan;
    mi_floor_sample *sample = &j->items[example];
    mi_scalar *exact = row_of(j, j->exact_residuals, example);
    mi_floor_network(plan, b, at, row_of(j, j->residuals, example), sample);
    memcpy(j->masked + example * plan->tokens, b->masked + at * plan->tokens, plan->tokens);
    j->labels[example] = b->labels[at];
    if (j->residuals != NULL) {
        mi_floor_dither(plan, b->masked + at * plan->tokens, example,
                        row_of(j, j->residuals, example));
    }
    if (j->completed != NULL) {
        mi_floor_complete(plan, b, at, row_of(j, j->completed, example));
    }
    if (!isfinite(sample->loss)) {
        return mi_fail(status, MI_NUMERIC, "evaluation: the network's loss is not finite");
    }
    if (example >= j->judged || sample->tokens == 0) {
        return MI_OK;
    }
    mi_code code = mi_floor_judge(plan, &j->draws, example, at, b, status);
    if (code == MI_OK) {
        mi_floor_posterior(plan, b, at, exact, sample);
    }
    return code;
}

static mi_code evaluate_unit(size_t index, size_t thread, void *context, mi_status *status)
{
    const job *j = context;
    mi_floor_bench *b = &j->benches[thread];
    size_t first = index * j->plan.unit, left = j->samples - first;
    size_t count = left < j->plan.unit ? left : j->plan.unit;
    mi_code code = mi_floor_predict(&j->plan, &j->draws, first, count, b, status);
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        code = evaluate_example(j, b, first + i, i, status);
    }
    return code;
}

/* Cross-entropies of Gaussians around point predictions. */
static mi_code add_gaussians(job *j, mi_status *status)
{
    const mi_floor_plan *plan = &j->plan;
    if (plan->shape.discrete || plan->normalized || plan->token_of == NULL) {
        return MI_OK;
    }
    mi_code code = mi_floor_gaussians(plan, j->residuals, j->masked, j->samples, j->sums, status);
    for (size_t e = 0; e < j->samples && code == MI_OK; e++) {
        j->items[e].nats = j->sums[e];
    }
    if (code != MI_OK || !plan->exact || !plan->means) {
        return code;
    }
    code = mi_floor_gaussians(plan, j->exact_residuals, j->masked, j->samples, j->sums, status);
    for (size_t e = 0; e < j->samples && code == MI_OK; e++) {
        j->items[e].pooled = j->sums[e];
    }
    return code;
}

/* The sum of an example that an estimate is of, and the number of what it sums over. */
typedef double (*column)(const mi_floor_sample *item);

static double of_tokens(const mi_floor_sample *s)
{
    return (double)s->tokens;
}
static double of_sites(const mi_floor_sample *s)
{
    return (double)s->sites;
}
static double of_examples(const mi_floor_sample *s)
{
    return s->tokens > 0;
}
static double of_loss(const mi_floor_sample *s)
{
    return s->loss;
}
static double of_gap(const mi_floor_sample *s)
{
    return s->loss - s->exact_loss;
}
static double of_exact_loss(const mi_floor_sample *s)
{
    return s->exact_loss;
}
static double of_least(const mi_floor_sample *s)
{
    return s->least;
}
static double of_controlled(const mi_floor_sample *s)
{
    return of_gap(s) + s->least;
}
static double of_nats(const mi_floor_sample *s)
{
    return s->nats;
}
static double of_gap_nats(const mi_floor_sample *s)
{
    return s->nats - s->exact_nats;
}
static double of_conditional(const mi_floor_sample *s)
{
    return s->conditional;
}
static double of_controlled_nats(const mi_floor_sample *s)
{
    return of_gap_nats(s) + s->conditional;
}
static double of_pooled(const mi_floor_sample *s)
{
    return s->pooled - s->exact_nats + s->conditional;
}
static double of_marginal(const mi_floor_sample *s)
{
    return s->marginal;
}
static double of_information(const mi_floor_sample *s)
{
    return s->marginal - of_controlled_nats(s);
}
static double of_best_class(const mi_floor_sample *s)
{
    return s->best_class;
}

typedef struct estimate {
    double mean, error;
} estimate;

/* Of the first `count` examples: sum of values / sum of weights =: m, and its error by linearising,
 * the root of the sum of (value - m weight)^2 times n / (n - 1), over the sum of weights. */
static estimate estimate_of(const job *j, size_t count, column value, column weight)
{
    double sum = 0, weights = 0, squares = 0, n = (double)count;
    for (size_t e = 0; e < count; e++) {
        sum += value(&j->items[e]);
        weights += weight(&j->items[e]);
    }
    if (count < 2 || weights == 0) {
        return (estimate){NAN, NAN};
    }
    for (size_t e = 0; e < count; e++) {
        double rest = value(&j->items[e]) - sum / weights * weight(&j->items[e]);
        squares += rest * rest;
    }
    return (estimate){sum / weights, sqrt(squares * n / (n - 1)) / weights};
}

/* The loss below the floor by more than 4 errors, and by more than float arithmetic has. Few
 * examples tell little of their own scatter: the errors are then as many as have the tail of 4 in
 * Student's t. */
static bool leaks(const mi_floor_point *p, size_t samples)
{
    double errors = gsl_cdf_tdist_Qinv(gsl_cdf_ugaussian_Q(4), (double)samples - 1);
    return p->gap < -errors * p->gap_se && p->gap < -1e-5 * (1 + fabs(p->floor));
}

static void set_loss(const job *j, mi_floor_point *p)
{
    bool floor = j->plan.exact && !j->plan.normalized;
    estimate loss = estimate_of(j, j->samples, floor ? of_controlled : of_loss, of_tokens);
    p->loss = loss.mean;
    p->loss_se = loss.error;
    p->floor = p->floor_se = p->gap = p->gap_se = p->reference_loss = p->reference_loss_se = NAN;
    if (j->judged == 0 || j->plan.normalized) {
        return;
    }
    estimate gap = estimate_of(j, j->judged, of_gap, of_tokens);
    if (floor) {
        estimate least = estimate_of(j, j->samples, of_least, of_tokens);
        p->floor = least.mean;
        p->floor_se = least.error;
        p->gap = gap.mean;
        p->gap_se = gap.error;
        p->leak = leaks(p, j->judged);
    } else {
        estimate reference = estimate_of(j, j->judged, of_exact_loss, of_tokens);
        p->reference_loss = reference.mean;
        p->reference_loss_se = reference.error;
    }
}

static void set_nats(const job *j, mi_floor_point *p)
{
    bool exact = j->plan.exact;
    estimate nats = estimate_of(j, j->samples, exact ? of_controlled_nats : of_nats, of_sites);
    estimate gap = estimate_of(j, j->judged, of_gap_nats, of_sites);
    estimate marginal = estimate_of(j, j->judged, of_marginal, of_sites);
    estimate known = estimate_of(j, j->judged, of_conditional, of_sites);
    bool paired = j->judged == j->samples && !isnan(nats.mean);
    p->conditional_entropy = nats.mean;
    p->conditional_entropy_se = nats.error;
    p->gap_nats = gap.mean;
    p->gap_nats_se = gap.error;
    p->marginal_entropy = marginal.mean;
    p->exact_conditional_entropy = known.mean;
    p->exact_conditional_entropy_pooled =
        exact ? estimate_of(j, j->samples, of_pooled, of_sites).mean : NAN;
    p->information = p->marginal_entropy - p->conditional_entropy;
    p->information_se =
        paired ? estimate_of(j, j->samples, of_information, of_sites).error : nats.error;
    p->exact_information = p->marginal_entropy - p->exact_conditional_entropy;
}

static mi_code set_class(job *j, double ratio, mi_floor_point *p, mi_status *status)
{
    p->class_accuracy = p->class_accuracy_exact = NAN;
    if (j->completed == NULL) {
        return MI_OK;
    }
    p->class_accuracy_exact = estimate_of(j, j->samples, of_best_class, of_examples).mean;
    return mi_floor_class(&j->plan, j->benches, ratio, j->completed, j->labels, j->samples,
                          &p->class_accuracy, status);
}

/* The examples' shares of the information, whose mean it is. */
static void share_information(const job *j, const mi_floor_point *p, double *shares, size_t stride)
{
    double sites = 0;
    for (size_t e = 0; e < j->samples; e++) {
        sites += of_sites(&j->items[e]);
    }
    for (size_t e = 0; e < j->samples; e++) {
        const mi_floor_sample *s = &j->items[e];
        double own = j->judged == j->samples ? of_information(s)
                                             : p->marginal_entropy * of_sites(s) - s->nats;
        shares[e * stride] = own * (double)j->samples / sites;
    }
}

static mi_code check_ratio(const mi_setting *setting, mi_layout layout, double ratio,
                           mi_status *status)
{
    const mi_masking *m = &setting->masking;
    return isnan(ratio) || m->class->check == NULL
               ? MI_OK
               : m->class->check(m->values, layout, ratio, status);
}

static mi_code evaluate_ratio(job *j, double ratio, mi_floor_point *p, mi_status *status)
{
    const mi_floor_plan *plan = &j->plan;
    *p = (mi_floor_point){.ratio = ratio, .samples = j->samples};
    j->draws = (mi_floor_draws){.part = MI_HELD_OUT,
                                .examples = MI_PURPOSE_EVALUATION,
                                .masks = MI_PURPOSE_EVALUATION_MASK,
                                .ratio = ratio};
    mi_code code = check_ratio(plan->setting, plan->layout, ratio, status);
    if (code == MI_OK) {
        code =
            mi_parallel_for(plan->run, "evaluating the network",
                            (j->samples + plan->unit - 1) / plan->unit, evaluate_unit, j, status);
    }
    if (code == MI_OK) {
        code = add_gaussians(j, status);
    }
    if (code == MI_OK) {
        set_loss(j, p);
        set_nats(j, p);
        code = set_class(j, ratio, p, status);
    }
    return code;
}

mi_code mi_floor_evaluate(const mi_setting *setting, const mi_weights *weights,
                          const double *ratios, size_t count, size_t samples, const mi_run *run,
                          mi_floor_point *points, double *opt_information, mi_status *status)
{
    job j = {.samples = samples};
    if (samples < LEAST_SAMPLES) {
        return mi_fail_at(status, "samples", "is %zu; an evaluation needs at least %d", samples,
                          LEAST_SAMPLES);
    }
    mi_code code = job_open(&j, setting, weights, run, status);
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        code = evaluate_ratio(&j, ratios[i], &points[i], status);
        if (code == MI_OK && opt_information != NULL) {
            share_information(&j, &points[i], opt_information + i, count);
        }
    }
    job_free(&j);
    return code;
}
