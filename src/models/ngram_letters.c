/* Letters: order-k Markov model with exact posteriors by forward-backward. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enumerate.h"
#include "maskinfo/memory.h"
#include "ngram.h"
#include "ngram_letters_gaps.h"
#include "ngram_letters_pass.h"
#include "sequence.h"

enum { V = MI_LETTERS };

typedef struct letters {
    size_t length;          /* N; 0: infinite */
    size_t padded;          /* max(N, order): sites of a forward-backward pass */
    unsigned char *symbols; /* the whole text */
    mi_split split;
    mi_letters_law law;
    double *cumulative;  /* (contexts) running sums of the stationary law */
    double frequency[V]; /* of each letter in it */
} letters;

static void destroy(void *state)
{
    letters *model = state;
    if (model != NULL) {
        mi_letters_law_free(&model->law);
        mi_split_free(&model->split);
        free(model->symbols);
        free(model->cumulative);
        free(model);
    }
}

static mi_code accumulate(letters *model, mi_status *status)
{
    size_t count = model->law.contexts;
    double sum = 0;
    mi_code code = mi_allocate(count, sizeof(double), &model->cumulative, status);
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        sum += model->law.stationary[i];
        model->cumulative[i] = sum;
        model->frequency[i / model->law.middles] += model->law.stationary[i];
    }
    return code;
}

static mi_code fit(letters *model, const mi_values *values, mi_status *status)
{
    size_t order = mi_count(values, "order"), count = 0;
    size_t least = (order + 1) * (mi_is(values, "part", "all") ? 1 : 2);
    mi_code code = mi_ngram_text_fault(
        mi_read_letters(mi_text(values, "text"), least, &model->symbols, &count, status), status);
    if (code == MI_OK) {
        size_t from = 0, to = 0;
        mi_ngram_part(values, count, &from, &to);
        count = to - from;
        memmove(model->symbols, model->symbols + from, count);
    }
    if (code == MI_OK) {
        size_t window = model->length > order ? model->length : order + 1;
        code = mi_split_init(&model->split, count, mi_real(values, "held_out"), window, status);
    }
    if (code == MI_OK) {
        code = mi_letters_law_init(&model->law, model->symbols, &model->split, order,
                                   mi_real(values, "smoothing"), status);
    }
    return code == MI_OK ? accumulate(model, status) : code;
}

static mi_code create(const mi_values *values, const mi_run *run, void **ret_state,
                      mi_status *status)
{
    (void)run;
    letters *model = NULL;
    mi_code code = mi_allocate(1, sizeof *model, &model, status);
    if (code != MI_OK) {
        return code;
    }
    size_t order = mi_count(values, "order");
    model->length = mi_count(values, "length");
    model->padded = model->length < order ? order : model->length;
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
    const letters *model = state;
    return mi_sequence_shape(model->length, V);
}

/* Order 1 is closed in gap entropies; higher orders are enumerated where that is possible. */
static mi_code exact_allowed(const void *state, mi_status *status)
{
    const letters *model = state;
    return model->law.order == 1 ? MI_OK : mi_enumerate_allowed(V, model->length, status);
}

/* log p of a whole sequence, letter by letter from a context of the stationary law; context is a
 * const letters *. */
static double log_probability(const size_t *symbols, void *context)
{
    const letters *model = context;
    size_t order = model->law.order, known = model->length < order ? model->length : order;
    size_t at = 0, rest = 1;
    for (size_t i = 0; i < order; i++) {
        at = at * V + (i < known ? symbols[i] : 0);
        rest *= i < known ? 1 : V;
    }
    double start = model->law.stationary[at];
    for (size_t j = 1; j < rest; j++) {
        start += model->law.stationary[at + j];
    }
    double logs = log(start);
    for (size_t i = order; i < model->length; i++) {
        logs += log(mi_letters_law_transition(&model->law, at, symbols[i]));
        at = at % model->law.middles * V + symbols[i];
    }
    return logs;
}

static mi_code profile(const void *state, size_t samples, const mi_run *run,
                       mi_profile **ret_profile, mi_status *status)
{
    (void)samples;
    (void)run;
    letters *model = (letters *)state;
    mi_gaps *gaps = NULL;
    mi_code code = exact_allowed(state, status);
    if (code != MI_OK) {
        return code;
    }
    if (model->law.order > 1) {
        return mi_enumerate_profile(V, model->length, log_probability, model, ret_profile, status);
    }
    code = mi_letters_gaps_create(&model->law, model->length - 1, &gaps, status);
    if (code == MI_OK) {
        code = mi_gaps_answer_profile(gaps, model->length, ret_profile, status);
    }
    mi_gaps_destroy(gaps);
    return code;
}

/* Infinite sequences have order 1. */
static mi_code rates(const void *state, const double *ratios, size_t count, const mi_run *run,
                     mi_rates **ret_rates, size_t *ret_replicates, mi_status *status)
{
    (void)run;
    const letters *model = state;
    mi_gaps *gaps = NULL;
    mi_code code = mi_letters_gaps_create(&model->law, 0, &gaps, status);
    if (code == MI_OK) {
        code = mi_gaps_answer_rates(gaps, ratios, count, ret_rates, ret_replicates, status);
    }
    mi_gaps_destroy(gaps);
    return code;
}

typedef struct scratch {
    mi_letters_pass *pass;
    unsigned char *drawn; /* (padded) */
    unsigned char *open;  /* (padded) the drawn letters, MI_OPEN where hidden */
} scratch;

static void scratch_destroy(void *pointer)
{
    scratch *s = pointer;
    if (s != NULL) {
        mi_letters_pass_destroy(s->pass);
        free(s->drawn);
        free(s->open);
        free(s);
    }
}

static mi_code scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    const letters *model = state;
    scratch *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_letters_pass_create(&model->law, model->padded, &s->pass, status);
    if (code == MI_OK) {
        code = mi_allocate(model->padded, 1, &s->drawn, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(model->padded, 1, &s->open, status);
    }
    if (code != MI_OK) {
        scratch_destroy(s);
        return code;
    }
    *ret_scratch = s;
    return MI_OK;
}

/* A context from the stationary law, by inversion. */
static size_t draw_context(const letters *model, gsl_rng *draw)
{
    size_t low = 0, high = model->law.contexts - 1;
    double target = gsl_rng_uniform(draw) * model->cumulative[high];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (model->cumulative[middle] > target) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static size_t draw_letter(const letters *model, size_t context, gsl_rng *draw)
{
    double target = gsl_rng_uniform(draw);
    for (size_t d = 0; d + 1 < V; d++) {
        target -= mi_letters_law_transition(&model->law, context, d);
        if (target < 0) {
            return d;
        }
    }
    return V - 1;
}

static void draw_sequence(const letters *model, gsl_rng *draw, unsigned char *letter)
{
    size_t order = model->law.order, context = draw_context(model, draw), rest = context;
    for (size_t i = order; i-- > 0; rest /= V) {
        letter[i] = (unsigned char)(rest % V);
    }
    for (size_t i = order; i < model->padded; i++) {
        letter[i] = (unsigned char)draw_letter(model, context, draw);
        context = context % model->law.middles * V + letter[i];
    }
}

static void draw_window(const letters *model, mi_origin origin, gsl_rng *draw,
                        unsigned char *letter)
{
    size_t from = origin == MI_FROM_HELD_OUT
                      ? mi_split_draw(&model->split, model->padded, draw)
                      : mi_split_draw_fitted(&model->split, model->padded, draw);
    memcpy(letter, model->symbols + from, model->padded);
}

static void draw_letters(const letters *model, mi_origin origin, gsl_rng *draw,
                         unsigned char *letter)
{
    if (origin == MI_FROM_MODEL) {
        draw_sequence(model, draw, letter);
    } else {
        draw_window(model, origin, draw, letter);
    }
}

/* Hide the sites whose mark is `hidden`; sites past the sequence are hidden always. */
static void hide(const letters *model, const unsigned char *masked, bool hidden, scratch *s)
{
    for (size_t i = 0; i < model->padded; i++) {
        bool open = i >= model->length || (masked[i] != 0) == hidden;
        s->open[i] = open ? MI_OPEN : s->drawn[i];
    }
}

/* Sums over the masked sites of a sequence. */
typedef struct collection {
    const letters *model;
    const unsigned char *drawn;
    size_t sites;
    double entropy, surprise;
    double alone; /* -log p of a letter on its own */
} collection;

static void collect(size_t site, const double *posterior, void *context)
{
    collection *c = context;
    if (site >= c->model->length) {
        return;
    }
    for (size_t v = 0; v < V; v++) {
        c->entropy -= posterior[v] > 0 ? posterior[v] * log(posterior[v]) : 0;
    }
    c->surprise -= log(posterior[c->drawn[site]]);
    c->alone -= log(c->model->frequency[c->drawn[site]]);
    c->sites++;
}

/* log p(x) - log p(x_v) - log p(x_m). */
static double joint_information(const letters *model, const unsigned char *masked,
                                double log_visible, scratch *s)
{
    hide(model, masked, false, s);
    double log_masked = mi_letters_pass_forward(s->pass, s->open);
    for (size_t i = 0; i < model->length; i++) {
        s->open[i] = s->drawn[i];
    }
    return mi_letters_pass_forward(s->pass, s->open) - log_visible - log_masked;
}

static mi_code evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                        gsl_rng *draw, bool wants_joint, void *pointer, mi_mask_result *result,
                        mi_status *status)
{
    const letters *model = state;
    scratch *s = pointer;
    collection sums = {.model = model, .drawn = s->drawn};
    draw_letters(model, origin, draw, s->drawn);
    hide(model, masked, true, s);
    double log_visible = mi_letters_pass_forward(s->pass, s->open);
    mi_letters_pass_backward(s->pass, collect, &sums);
    double alone = origin == MI_FROM_HELD_OUT ? sums.alone / (double)sums.sites
                                              : mi_letters_law_entropy(&model->law, 1);
    *result = (mi_mask_result){.marginal_entropy = alone,
                               .conditional_entropy = sums.entropy / (double)sums.sites,
                               .cross_entropy = sums.surprise / (double)sums.sites};
    if (wants_joint) {
        result->joint_information =
            joint_information(model, masked, log_visible, s) / (double)model->length;
    }
    if (!isfinite(result->cross_entropy) || !isfinite(result->conditional_entropy)) {
        return mi_fail(status, MI_NUMERIC, "a posterior of letters left the finite numbers");
    }
    return MI_OK;
}

static mi_code example_shape(const void *state, mi_example_shape *ret_shape, mi_status *status)
{
    const letters *model = state;
    if (mi_split_places(&model->split, model->padded) == 0) {
        return mi_fail_at(status, "length", MI_NO_WINDOW, model->length);
    }
    *ret_shape = mi_ngram_example_shape(model->length);
    return MI_OK;
}

static mi_code example(const void *state, mi_origin origin, gsl_rng *draw, void *pointer,
                       double *values, int *ret_label, mi_status *status)
{
    (void)status;
    const letters *model = state;
    scratch *s = pointer;
    draw_letters(model, origin, draw, s->drawn);
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
    const letters *model = state;
    return model->split.blocks > 0;
}

static mi_code known_entropies(const void *state, double *ret_marginal, double *ret_total,
                               mi_status *status)
{
    const letters *model = state;
    if (model->length == 0) {
        return mi_fail(status, MI_NUMERIC, "the entropy of an infinite sequence is infinite");
    }
    *ret_marginal = mi_letters_law_entropy(&model->law, 1);
    *ret_total = mi_letters_law_entropy(&model->law, model->length);
    return MI_OK;
}

static bool remark(const void *state, char *text, size_t size)
{
    const letters *model = state;
    const mi_letters_law *law = &model->law;
    size_t parameters = law->contexts * (V - 1);
    snprintf(
        text, size, "Fitted to %zu letters of the text; %zu of %zu contexts of order %zu occur%s.",
        law->fitted, law->seen, law->contexts, law->order,
        parameters > law->fitted ? "; the model has more parameters than that, so it overfits: "
                                   "compare with the held-out cross-entropy"
                                 : "");
    return true;
}

const mi_model_class mi_ngram_letters = {
    .name = "letters",
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
