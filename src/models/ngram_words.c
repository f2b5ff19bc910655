/* Words: an order-1 model of a large vocabulary. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "ngram.h"
#include "ngram_vocabulary.h"
#include "ngram_words_gaps.h"
#include "ngram_words_pass.h"
#include "sequence.h"

/* Replicates of the sampled gap entropies, and start words of each where nobody asks for more. */
enum { REPLICATES = 32, STARTS = 32 };

typedef struct words_model {
    size_t length; /* N; 0: infinite */
    size_t cap;
    mi_words *words; /* the text, restricted to the vocabulary */
    mi_split split;
    mi_words_law law;
    double *cumulative; /* (V) running sums of the stationary law */
    double *unigram;    /* (V) running sums of the unigram law */
} words_model;

static void destroy(void *state)
{
    words_model *model = state;
    if (model != NULL) {
        mi_words_law_free(&model->law);
        mi_split_free(&model->split);
        mi_words_destroy(model->words);
        free(model->cumulative);
        free(model->unigram);
        free(model);
    }
}

static mi_code accumulate(const double *law, size_t count, double **ret_sums, mi_status *status)
{
    double sum = 0;
    mi_code code = mi_allocate(count, sizeof(double), ret_sums, status);
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        sum += law[i];
        (*ret_sums)[i] = sum;
    }
    return code;
}

static mi_code read_text(words_model *model, const mi_values *values, size_t *ret_vocabulary,
                         mi_status *status)
{
    size_t least = mi_is(values, "part", "all") ? 2 : 4;
    mi_code code = mi_ngram_text_fault(
        mi_read_words(mi_text(values, "text"), SIZE_MAX, 1, least, &model->words, status), status);
    if (code == MI_OK) {
        size_t from = 0, to = 0;
        mi_ngram_part(values, model->words->count, &from, &to);
        model->words->count = to - from;
        memmove(model->words->tokens, model->words->tokens + from,
                (to - from) * sizeof *model->words->tokens);
    }
    if (code == MI_OK) {
        size_t window = model->length > 2 ? model->length : 2;
        code = mi_split_init(&model->split, model->words->count, mi_real(values, "held_out"),
                             window, status);
    }
    if (code == MI_OK) {
        code =
            mi_vocabulary_restrict(model->words, &model->split, model->cap, ret_vocabulary, status);
    }
    return code;
}

static mi_code fit(words_model *model, const mi_values *values, mi_status *status)
{
    size_t vocabulary = 0;
    mi_code code = read_text(model, values, &vocabulary, status);
    if (code == MI_OK) {
        code = mi_words_law_init(&model->law, model->words->tokens, &model->split, vocabulary,
                                 mi_real(values, "smoothing"), status);
    }
    if (code == MI_OK) {
        code = accumulate(model->law.stationary, vocabulary, &model->cumulative, status);
    }
    if (code == MI_OK) {
        code = accumulate(model->law.unigram, vocabulary, &model->unigram, status);
    }
    return code;
}

static mi_code create(const mi_values *values, const mi_run *run, void **ret_state,
                      mi_status *status)
{
    (void)run;
    words_model *model = NULL;
    mi_code code = mi_allocate(1, sizeof *model, &model, status);
    if (code != MI_OK) {
        return code;
    }
    model->length = mi_count(values, "length");
    model->cap = mi_count(values, "vocab");
    code = fit(model, values, status);
    if (code != MI_OK) {
        destroy(model);
        return code;
    }
    *ret_state = model;
    return MI_OK;
}

static mi_shape shape(const void *state)
{
    const words_model *model = state;
    return mi_sequence_shape(model->length, model->law.vocabulary);
}

static mi_code exact_allowed(const void *state, mi_status *status)
{
    (void)state;
    (void)status;
    return MI_OK;
}

static void destroy_gaps(mi_gaps **gaps)
{
    for (size_t i = 0; i < REPLICATES; i++) {
        mi_gaps_destroy(gaps[i]);
    }
}

static mi_code fill_profile(const words_model *model, mi_gaps *const *gaps,
                            mi_profile **ret_profile, mi_status *status)
{
    mi_profile *profile = NULL;
    mi_code code = mi_profile_create(model->length, &profile, status);
    if (code == MI_OK) {
        code = mi_profile_add(profile, MI_ENTROPY, REPLICATES, status);
    }
    if (code != MI_OK) {
        mi_profile_destroy(profile);
        return code;
    }
    for (size_t i = 0; i < REPLICATES; i++) {
        double *row = profile->series[MI_ENTROPY].values + i * model->length;
        mi_gaps_profile(gaps[i], model->length, row);
    }
    *ret_profile = profile;
    return MI_OK;
}

static mi_code profile(const void *state, size_t samples, const mi_run *run,
                       mi_profile **ret_profile, mi_status *status)
{
    const words_model *model = state;
    mi_gaps *gaps[REPLICATES] = {NULL};
    mi_code code = mi_words_gaps_create(&model->law, model->length - 1, REPLICATES,
                                        (samples + REPLICATES - 1) / REPLICATES, run, gaps, status);
    if (code == MI_OK) {
        code = fill_profile(model, gaps, ret_profile, status);
    }
    destroy_gaps(gaps);
    return code;
}

static mi_code rates(const void *state, const double *ratios, size_t count, const mi_run *run,
                     mi_rates **ret_rates, size_t *ret_replicates, mi_status *status)
{
    const words_model *model = state;
    mi_gaps *gaps[REPLICATES] = {NULL};
    mi_rates *all = NULL;
    mi_code code = mi_words_gaps_create(&model->law, 0, REPLICATES, STARTS, run, gaps, status);
    if (code == MI_OK) {
        code = mi_allocate(count * REPLICATES, sizeof *all, &all, status);
    }
    if (code == MI_OK) {
        for (size_t i = 0; i < count * REPLICATES; i++) {
            mi_gaps_rates(gaps[i / count], ratios[i % count], &all[i]);
        }
        *ret_rates = all;
        *ret_replicates = REPLICATES;
    }
    destroy_gaps(gaps);
    return code;
}

typedef struct scratch {
    mi_words_pass pass;
    uint32_t *drawn; /* (length) */
} scratch;

static void scratch_destroy(void *pointer)
{
    scratch *s = pointer;
    if (s != NULL) {
        mi_words_pass_free(&s->pass);
        free(s->drawn);
        free(s);
    }
}

static mi_code scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    const words_model *model = state;
    scratch *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_words_pass_init(&s->pass, &model->law, model->length, status);
    if (code == MI_OK) {
        code = mi_allocate(model->length, sizeof *s->drawn, &s->drawn, status);
    }
    if (code != MI_OK) {
        scratch_destroy(s);
        return code;
    }
    *ret_scratch = s;
    return MI_OK;
}

/* A word from the law with these running sums, by inversion. */
static uint32_t draw_from(const double *sums, size_t count, gsl_rng *draw)
{
    size_t low = 0, high = count - 1;
    double target = gsl_rng_uniform(draw) * sums[high];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sums[middle] > target) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return (uint32_t)low;
}

/* The word after `a`: with probability c(a) / (c(a) + s) one of its counted successors, else one
 * from the unigram law. */
static uint32_t draw_next(const words_model *model, uint32_t a, gsl_rng *draw)
{
    const mi_pairs *next = &model->law.next;
    double target = gsl_rng_uniform(draw) / model->law.inverse[a];
    for (size_t i = next->first[a]; i < next->first[a + 1]; i++) {
        target -= next->entries[i].count;
        if (target < 0) {
            return next->entries[i].column;
        }
    }
    return draw_from(model->unigram, model->law.vocabulary, draw);
}

static void draw_words(const words_model *model, mi_origin origin, gsl_rng *draw, uint32_t *words)
{
    if (origin != MI_FROM_MODEL) {
        size_t from = origin == MI_FROM_HELD_OUT
                          ? mi_split_draw(&model->split, model->length, draw)
                          : mi_split_draw_fitted(&model->split, model->length, draw);
        for (size_t i = 0; i < model->length; i++) {
            words[i] = model->words->tokens[from + i];
        }
        return;
    }
    words[0] = draw_from(model->cumulative, model->law.vocabulary, draw);
    for (size_t i = 1; i < model->length; i++) {
        words[i] = draw_next(model, words[i - 1], draw);
    }
}

/* Mean of -log p(x_i) of the stationary law over the masked words. */
static double surprise_alone(const words_model *model, const unsigned char *masked,
                             const scratch *s, size_t sites)
{
    double sum = 0;
    for (size_t i = 0; i < model->length; i++) {
        sum -= masked[i] != 0 ? log(model->law.stationary[s->drawn[i]]) : 0;
    }
    return sum / (double)sites;
}

static mi_code evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                        gsl_rng *draw, bool wants_joint, void *pointer, mi_mask_result *result,
                        mi_status *status)
{
    const words_model *model = state;
    scratch *s = pointer;
    mi_words_sums sums;
    draw_words(model, origin, draw, s->drawn);
    mi_words_pass_set(&s->pass, origin == MI_FROM_HELD_OUT, s->drawn);
    mi_words_pass_run(&s->pass, masked, &sums);
    double alone = origin == MI_FROM_HELD_OUT ? surprise_alone(model, masked, s, sums.sites)
                                              : model->law.entropy;
    *result = (mi_mask_result){.marginal_entropy = alone,
                               .conditional_entropy = sums.entropy / (double)sums.sites,
                               .cross_entropy = sums.surprise / (double)sums.sites};
    if (wants_joint) {
        result->joint_information = (mi_words_pass_log_all(&s->pass) - sums.log_visible -
                                     mi_words_pass_log_hidden(&s->pass, masked)) /
                                    (double)model->length;
    }
    if (!isfinite(result->cross_entropy) || !isfinite(result->conditional_entropy)) {
        return mi_fail(status, MI_NUMERIC, "a posterior of words left the finite numbers");
    }
    return MI_OK;
}

static mi_code example_shape(const void *state, mi_example_shape *ret_shape, mi_status *status)
{
    const words_model *model = state;
    if (mi_split_places(&model->split, model->length) == 0) {
        return mi_fail_at(status, "length", MI_NO_WINDOW, model->length);
    }
    *ret_shape = mi_ngram_example_shape(model->length);
    return MI_OK;
}

static mi_code example(const void *state, mi_origin origin, gsl_rng *draw, void *pointer,
                       double *values, int *ret_label, mi_status *status)
{
    (void)status;
    const words_model *model = state;
    scratch *s = pointer;
    draw_words(model, origin, draw, s->drawn);
    for (size_t i = 0; i < model->length; i++) {
        values[i] = s->drawn[i];
    }
    *ret_label = -1;
    return MI_OK;
}

static mi_code sample(const void *state, gsl_rng *draw, void *pointer, double *values,
                      mi_status *status)
{
    int label = 0;
    return example(state, MI_FROM_MODEL, draw, pointer, values, &label, status);
}

static bool has_held_out(const void *state)
{
    const words_model *model = state;
    return model->split.blocks > 0;
}

static mi_code known_entropies(const void *state, double *ret_marginal, double *ret_total,
                               mi_status *status)
{
    const words_model *model = state;
    if (model->length == 0) {
        return mi_fail(status, MI_NUMERIC, "the entropy of an infinite sequence is infinite");
    }
    *ret_marginal = model->law.entropy;
    *ret_total = model->law.entropy + (double)(model->length - 1) * model->law.rate;
    return MI_OK;
}

static double unknown_share(const words_model *model)
{
    size_t unknown = 0;
    for (size_t i = 0; i < model->split.blocks; i++) {
        for (size_t j = 0; j < model->split.block; j++) {
            unknown += model->words->tokens[model->split.starts[i] + j] == 0;
        }
    }
    return (double)unknown / (double)(model->split.blocks * model->split.block);
}

static bool remark(const void *state, char *text, size_t size)
{
    const words_model *model = state;
    size_t vocabulary = model->law.vocabulary;
    double parameters = (double)vocabulary * (double)(vocabulary - 1);
    char held_out[80] = "";
    if (model->split.blocks > 0) {
        snprintf(held_out, sizeof held_out, ", %.2f %% of the held-out words are unknown",
                 100 * unknown_share(model));
    }
    snprintf(text, size, "Fitted to %zu pairs of words over a vocabulary of %zu (cap %zu)%s%s.",
             model->law.fitted, vocabulary, model->cap, held_out,
             parameters > (double)model->law.fitted
                 ? "; the model has more parameters than pairs, so it overfits: compare with the "
                   "held-out cross-entropy"
                 : "");
    return true;
}

const mi_model_class mi_ngram_words = {
    .name = "words",
    .create = create,
    .destroy = destroy,
    .shape = shape,
    .exact_allowed = exact_allowed,
    .profile = profile,
    .rates = rates,
    .evaluate = evaluate,
    .scratch_create = scratch_create,
    .scratch_destroy = scratch_destroy,
    .sample = sample,
    .example_shape = example_shape,
    .example = example,
    .has_held_out = has_held_out,
    .known_entropies = known_entropies,
    .remark = remark,
};
