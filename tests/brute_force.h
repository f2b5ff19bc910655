/* Values tables by hand, and the definitions of the theory applied to a table of all p(x): slow,
 * and independent of every formula of the library. */
#ifndef MASKINFO_TESTS_BRUTE_FORCE_H
#define MASKINFO_TESTS_BRUTE_FORCE_H

#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/model.h"
#include "maskinfo/random.h"

static inline mi_value *value_of(mi_values *values, const char *name)
{
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->items[i].parameter->name, name) == 0) {
            values->items[i].given = true;
            return &values->items[i];
        }
    }
    fail_msg("no parameter %s", name);
    return NULL;
}

static inline mi_values *values_for(const char *class)
{
    mi_values *values = NULL;
    assert_int_equal(mi_values_create(mi_model_find(class)->parameters, &values, NULL), MI_OK);
    return values;
}

/* The model of these values, which are released. */
static inline mi_model *model_of(const char *class, mi_values *values)
{
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    mi_model *model = NULL;
    if (mi_model_create(mi_model_find(class), values, &run, &model, &status) != MI_OK) {
        fail_msg("%s: %s %s", class, status.place, status.message);
    }
    mi_values_destroy(values);
    return model;
}

/* h_0..h_{N-1} of a model in profile (N). */
static inline void exact_profile(const mi_model *model, double *profile)
{
    mi_run run = support_run(1);
    mi_profile *answer = NULL;
    assert_int_equal(model->class->profile(model->state, 1, &run, &answer, NULL), MI_OK);
    assert_true(answer->exact);
    assert_int_equal(answer->series[MI_ENTROPY].replicates, 1);
    memcpy(profile, answer->series[MI_ENTROPY].values, answer->sites * sizeof *profile);
    mi_profile_destroy(answer);
}

/* A distribution over V^N configurations; site 0 is the fastest digit of an index. */
typedef struct table {
    size_t vocabulary, sites, count;
    double *p;
} table;

typedef double (*probability)(const size_t *symbols, const void *context);

static inline size_t digit(const table *t, size_t index, size_t site)
{
    for (size_t i = 0; i < site; i++) {
        index /= t->vocabulary;
    }
    return index % t->vocabulary;
}

static inline table table_of(size_t vocabulary, size_t sites, probability p, const void *context)
{
    table t = {vocabulary, sites, 1, NULL};
    size_t symbols[16];
    for (size_t i = 0; i < sites; i++) {
        t.count *= vocabulary;
    }
    t.p = malloc(t.count * sizeof *t.p);
    for (size_t c = 0; c < t.count; c++) {
        for (size_t i = 0; i < sites; i++) {
            symbols[i] = digit(&t, c, i);
        }
        t.p[c] = p(symbols, context);
    }
    return t;
}

/* Index of the configuration with every site outside `subset` set to 0. */
static inline size_t projected(const table *t, size_t index, unsigned subset)
{
    size_t result = 0, place = 1;
    for (size_t i = 0; i < t->sites; i++, place *= t->vocabulary) {
        result += (subset >> i & 1u) ? digit(t, index, i) * place : 0;
    }
    return result;
}

/* p(x_S) at projected indices, (count). free(). */
static inline double *marginal_of(const table *t, unsigned subset)
{
    double *marginal = calloc(t->count, sizeof *marginal);
    for (size_t c = 0; c < t->count; c++) {
        marginal[projected(t, c, subset)] += t->p[c];
    }
    return marginal;
}

static inline double entropy_of(const table *t, unsigned subset)
{
    double *marginal = marginal_of(t, subset), entropy = 0;
    for (size_t c = 0; c < t->count; c++) {
        entropy -= marginal[c] > 0 ? marginal[c] * log(marginal[c]) : 0;
    }
    free(marginal);
    return entropy;
}

/* The definition: h_k averages H(X_i | X_S) over i and the k-subsets S without i. */
static inline void profile_of(const table *t, double *profile)
{
    unsigned subsets = 1u << t->sites;
    double *entropy = malloc(subsets * sizeof *entropy), total[16] = {0};
    int count[16] = {0};
    for (unsigned s = 0; s < subsets; s++) {
        entropy[s] = entropy_of(t, s);
    }
    for (unsigned s = 0; s < subsets; s++) {
        for (unsigned i = 0; i < t->sites; i++) {
            if (!(s >> i & 1u)) {
                int k = __builtin_popcount(s);
                total[k] += entropy[s | 1u << i] - entropy[s];
                count[k]++;
            }
        }
    }
    for (size_t k = 0; k < t->sites; k++) {
        profile[k] = total[k] / count[k];
    }
    free(entropy);
}

/* Bayes' rule for the masked sites of `masks` at configuration x: what evaluate must say. */
static inline mi_mask_result bayes(const table *t, unsigned mask, size_t x)
{
    unsigned all = (1u << t->sites) - 1, visible = all & ~mask;
    double *seen = marginal_of(t, visible), *hidden = marginal_of(t, mask);
    mi_mask_result result = {0};
    for (unsigned i = 0; i < t->sites; i++) {
        if (!(mask >> i & 1u)) {
            continue;
        }
        double *pair = marginal_of(t, visible | 1u << i), *alone = marginal_of(t, 1u << i);
        size_t place = 1;
        for (size_t x_i = 0; x_i < t->count; x_i++) {
            result.marginal_entropy -=
                t->p[x_i] > 0 ? t->p[x_i] * log(alone[projected(t, x_i, 1u << i)]) : 0;
        }
        for (unsigned j = 0; j < i; j++) {
            place *= t->vocabulary;
        }
        for (size_t y = 0; y < t->vocabulary; y++) {
            double p = pair[projected(t, x, visible) + y * place] / seen[projected(t, x, visible)];
            result.conditional_entropy -= p > 0 ? p * log(p) : 0;
            result.cross_entropy -= y == digit(t, x, i) ? log(p) : 0;
        }
        free(pair);
        free(alone);
    }
    result.marginal_entropy /= __builtin_popcount(mask);
    result.conditional_entropy /= __builtin_popcount(mask);
    result.cross_entropy /= __builtin_popcount(mask);
    result.joint_information =
        (log(t->p[x]) - log(seen[projected(t, x, visible)]) - log(hidden[projected(t, x, mask)])) /
        (double)t->sites;
    free(seen);
    free(hidden);
    return result;
}

static inline bool same_result(const mi_mask_result *a, const mi_mask_result *b)
{
    return fabs(a->marginal_entropy - b->marginal_entropy) < 1e-10 &&
           fabs(a->conditional_entropy - b->conditional_entropy) < 1e-10 &&
           fabs(a->cross_entropy - b->cross_entropy) < 1e-10 &&
           fabs(a->joint_information - b->joint_information) < 1e-10;
}

static inline void unpack_mask(unsigned mask, unsigned char masked[16])
{
    for (size_t i = 0; i < 16; i++) {
        masked[i] = mask >> i & 1u;
    }
}

/* Is there one configuration that explains what evaluate says of draw `key` for every mask? */
static inline bool explained(const mi_model *model, const table *t, uint64_t key, gsl_rng *draw,
                             void *scratch, bool *possible)
{
    unsigned char masked[16];
    for (size_t x = 0; x < t->count; x++) {
        possible[x] = t->p[x] > 0;
    }
    for (unsigned mask = 1; mask < 1u << t->sites; mask++) {
        mi_mask_result result;
        unpack_mask(mask, masked);
        mi_stream_set(draw, 7, MI_PURPOSE_SAMPLE, key);
        assert_int_equal(model->class->evaluate(model->state, masked, MI_FROM_MODEL, draw, true,
                                                scratch, &result, NULL),
                         MI_OK);
        for (size_t x = 0; x < t->count; x++) {
            if (possible[x]) {
                mi_mask_result truth = bayes(t, mask, x);
                possible[x] = same_result(&result, &truth);
            }
        }
    }
    for (size_t x = 0; x < t->count; x++) {
        if (possible[x]) {
            return true;
        }
    }
    return false;
}

/* evaluate against Bayes' rule for every mask of several draws. */
static inline void check_posterior(const mi_model *model, const table *t)
{
    gsl_rng *draw = NULL;
    void *scratch = NULL;
    bool *possible = malloc(t->count * sizeof *possible);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_SAMPLE, 0, &draw, NULL), MI_OK);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    for (uint64_t key = 0; key < 10; key++) {
        assert_true(explained(model, t, key, draw, scratch, possible));
    }
    model->class->scratch_destroy(scratch);
    gsl_rng_free(draw);
    free(possible);
}

/* Sums over draws of one quantity. */
typedef struct sample {
    double sum, squares;
    int count;
} sample;

static inline void sample_add(sample *s, double value)
{
    s->sum += value;
    s->squares += value * value;
    s->count++;
}

/* Fail unless the mean is within 4 standard errors (or rounding) of the expected value. */
static inline void sample_check(const sample *s, double expected, const char *what)
{
    double mean = s->sum / s->count;
    double error = sqrt(fmax(s->squares / s->count - mean * mean, 0) / (s->count - 1));
    if (!(fabs(mean - expected) <= 4 * error + 1e-9)) {
        fail_msg("%s: %.10g +- %.3g, exact %.10g", what, mean, error, expected);
    }
}

/* Monte Carlo over draws and masks of `visible` visible sites against the exact profile. */
static inline void check_sampled(const mi_model *model, const double *profile, size_t visible,
                                 int draws)
{
    size_t sites = model->class->shape(model->state).sites, order[64];
    unsigned char masked[64];
    sample entropy = {0, 0, 0}, cross = {0, 0, 0}, joint = {0, 0, 0};
    gsl_rng *draw = NULL, *masks = NULL;
    void *scratch = NULL;
    assert_int_equal(mi_stream_create(11, MI_PURPOSE_SAMPLE, visible, &draw, NULL), MI_OK);
    assert_int_equal(mi_stream_create(11, MI_PURPOSE_MASK, visible, &masks, NULL), MI_OK);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    for (int i = 0; i < draws; i++) {
        mi_mask_result result;
        mi_random_order(masks, order, sites);
        for (size_t j = 0; j < sites; j++) {
            masked[order[j]] = j >= visible;
        }
        assert_int_equal(model->class->evaluate(model->state, masked, MI_FROM_MODEL, draw, true,
                                                scratch, &result, NULL),
                         MI_OK);
        sample_add(&entropy, result.conditional_entropy);
        sample_add(&cross, result.cross_entropy);
        sample_add(&joint, result.joint_information);
    }
    double information = 0; /* docs/theory.md, section 1 */
    for (size_t k = 0; k < sites; k++) {
        information += profile[k] * ((k < visible) + (k < sites - visible) - 1.0);
    }
    sample_check(&entropy, profile[visible], "conditional entropy");
    sample_check(&cross, profile[visible], "cross entropy");
    sample_check(&joint, information / (double)sites, "joint information");
    model->class->scratch_destroy(scratch);
    gsl_rng_free(draw);
    gsl_rng_free(masks);
}

/* Creation must fail with this place and a message that contains `words`. Releases the values. */
static inline void check_refused(const char *class, mi_values *values, const char *place,
                                 const char *words)
{
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    mi_model *model = NULL;
    assert_int_equal(mi_model_create(mi_model_find(class), values, &run, &model, &status),
                     MI_INPUT);
    assert_null(model);
    assert_string_equal(status.place, place);
    if (strstr(status.message, words) == NULL) {
        fail_msg("\"%s\" does not contain \"%s\"", status.message, words);
    }
    mi_values_destroy(values);
}

#endif
