/* Class "ngram": a Markov model of real text. docs/theory.md, section 2.4. */
#include "ngram.h"

#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "models.h"

static const char *const alphabets[] = {"letters", "words", NULL};
static const char *const parts[] = {"all", "first", "second", NULL};
static const char *const judges[] = {"model", "held-out", NULL};

static const mi_parameter parameters[] = {
    {.name = "text",
     .type = MI_TEXT,
     .flags = MI_FILE,
     .unit = "",
     .help = "Text file to fit, plain or .gz"},
    {.name = "order",
     .type = MI_INTEGER,
     .low = 1,
     .high = 3,
     .fallback = "2",
     .unit = "tokens",
     .help = "Number of tokens that the next one depends on; words have order 1 only"},
    {.name = "alphabet",
     .type = MI_CHOICE,
     .fallback = "\"letters\"",
     .choices = alphabets,
     .unit = "",
     .help = "Tokens: the letters a-z and space, or words"},
    {.name = "vocab",
     .type = MI_INTEGER,
     .low = 2,
     .high = 1000000,
     .fallback = "30000",
     .unit = "words",
     .help = "Words: how many are told apart, the most frequent ones and the unknown word"},
    {.name = "smoothing",
     .type = MI_REAL,
     .low = 1e-9,
     .high = 1e6,
     .fallback = "0.5",
     .unit = "counts",
     .help = "Letters: added to every count; words: weight of the unigram law beside the counts"},
    {.name = "held_out",
     .type = MI_REAL,
     .low = 0,
     .high = 0.5,
     .fallback = "0.1",
     .unit = "",
     .help = "Share of the text kept out of the fit, in blocks spread over the text"},
    {.name = "length",
     .type = MI_INTEGER,
     .low = 0,
     .high = 4096,
     .fallback = "64",
     .unit = "tokens",
     .help = "Length of the sequence; 0 is infinite (order 1 only), 1 is refused"},
    {.name = "part",
     .type = MI_CHOICE,
     .fallback = "\"all\"",
     .choices = parts,
     .unit = "",
     .help =
         "Of the text: all, or its first or second half alone, to see what depends on the half"},
    {.name = "judged_by",
     .type = MI_CHOICE,
     .fallback = "\"model\"",
     .choices = judges,
     .unit = "",
     .help =
         "model: entropies of the fitted law itself, and its own samples to train on; held-out: "
         "its cross-entropies on held-out text take their place, and windows of the text"},
    {.name = NULL},
};

typedef struct ngram {
    const mi_model_class *kind;
    void *state;
    bool held_out; /* cross-entropies on held-out text in place of entropies */
} ngram;

void mi_ngram_part(const mi_values *values, size_t count, size_t *ret_from, size_t *ret_to)
{
    *ret_from = mi_is(values, "part", "second") ? count / 2 : 0;
    *ret_to = mi_is(values, "part", "first") ? count / 2 : count;
}

mi_code mi_ngram_text_fault(mi_code code, mi_status *opt_status)
{
    if (code == MI_INPUT && opt_status != NULL) {
        snprintf(opt_status->place, sizeof opt_status->place, "text");
    }
    return code;
}

static mi_code check_values(const mi_values *values, mi_status *status)
{
    size_t length = mi_count(values, "length"), order = mi_count(values, "order");
    if (length == 1) {
        return mi_fail_at(status, "length",
                          "is 1; it must be 0 (infinite) or a whole number in [2, 4096]");
    }
    if (mi_is(values, "alphabet", "words") && order > 1) {
        return mi_fail_at(status, "order", "is %zu; it must be 1, words have no other", order);
    }
    if (length == 0 && order > 1) {
        return mi_fail_at(status, "length",
                          "is 0, an infinite sequence, which has an answer at order 1 only; with "
                          "order %zu it must be in [2, 4096]",
                          order);
    }
    if (mi_is(values, "judged_by", "held-out") &&
        (length == 0 || mi_real(values, "held_out") == 0)) {
        return mi_fail_at(status, "judged_by",
                          "\"held-out\": needs held-out text and a finite length; held_out is %g "
                          "and length %zu",
                          mi_real(values, "held_out"), length);
    }
    return MI_OK;
}

static mi_code create(const mi_values *values, const mi_run *run, void **ret_state,
                      mi_status *status)
{
    ngram *model = NULL;
    mi_code code = check_values(values, status);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *model, &model, status);
    }
    if (code != MI_OK) {
        return code;
    }
    model->held_out = mi_is(values, "judged_by", "held-out");
    model->kind = mi_is(values, "alphabet", "words") ? &mi_ngram_words : &mi_ngram_letters;
    code = model->kind->create(values, run, &model->state, status);
    if (code != MI_OK) {
        free(model);
        return code;
    }
    *ret_state = model;
    return MI_OK;
}

static void destroy(void *state)
{
    ngram *model = state;
    if (model != NULL) {
        model->kind->destroy(model->state);
        free(model);
    }
}

static mi_shape shape(const void *state)
{
    const ngram *model = state;
    return model->kind->shape(model->state);
}

static mi_code exact_allowed(const void *state, mi_status *status)
{
    const ngram *model = state;
    if (model->held_out) {
        return mi_fail_at(
            status, "method",
            "\"exact\": cross-entropies on held-out text (judged_by) are sampled; use "
            "\"posterior\"");
    }
    return model->kind->exact_allowed(model->state, status);
}

static mi_code profile(const void *state, size_t samples, const mi_run *run,
                       mi_profile **ret_profile, mi_status *status)
{
    const ngram *model = state;
    return model->kind->profile(model->state, samples, run, ret_profile, status);
}

static mi_code rates(const void *state, const double *ratios, size_t count, const mi_run *run,
                     mi_rates **ret_rates, size_t *ret_replicates, mi_status *status)
{
    const ngram *model = state;
    return model->kind->rates(model->state, ratios, count, run, ret_rates, ret_replicates, status);
}

/* Work space remembers its kind: destroying it is not given the state. */
typedef struct work {
    const mi_model_class *kind;
    void *scratch;
} work;

static mi_code scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    const ngram *model = state;
    work *w = NULL;
    mi_code code = mi_allocate(1, sizeof *w, &w, status);
    if (code != MI_OK) {
        return code;
    }
    w->kind = model->kind;
    code = model->kind->scratch_create(model->state, &w->scratch, status);
    if (code != MI_OK) {
        free(w);
        return code;
    }
    *ret_scratch = w;
    return MI_OK;
}

static void scratch_destroy(void *scratch)
{
    work *w = scratch;
    if (w != NULL) {
        w->kind->scratch_destroy(w->scratch);
        free(w);
    }
}

static mi_code evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                        gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                        mi_status *status)
{
    const ngram *model = state;
    work *w = scratch;
    mi_code code =
        model->kind->evaluate(model->state, masked, model->held_out ? MI_FROM_HELD_OUT : origin,
                              draw, wants_joint, w->scratch, result, status);
    if (code == MI_OK && model->held_out) {
        result->conditional_entropy = result->cross_entropy;
    }
    return code;
}

static mi_code sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                      mi_status *status)
{
    const ngram *model = state;
    const work *w = scratch;
    return model->kind->sample(model->state, draw, w->scratch, values, status);
}

mi_example_shape mi_ngram_example_shape(size_t length)
{
    return (mi_example_shape){.rows = 1,
                              .columns = length,
                              .channels = 1,
                              .site_rows = 1,
                              .site_columns = 1,
                              .needs_scratch = true};
}

/* The fitted law's own samples need no text. */
static mi_code example_shape(const void *state, mi_example_shape *ret_shape, mi_status *status)
{
    const ngram *model = state;
    if (!model->held_out) {
        *ret_shape = mi_ngram_example_shape(shape(state).sites);
        return MI_OK;
    }
    mi_code code = model->kind->example_shape(model->state, ret_shape, status);
    ret_shape->data = true;
    return code;
}

static mi_code example(const void *state, mi_origin origin, gsl_rng *draw, void *scratch,
                       double *values, int *ret_label, mi_status *status)
{
    const ngram *model = state;
    const work *w = scratch;
    return model->kind->example(model->state, origin, draw, w->scratch, values, ret_label, status);
}

static bool has_held_out(const void *state)
{
    const ngram *model = state;
    return !model->held_out && model->kind->has_held_out(model->state);
}

static mi_code known_entropies(const void *state, double *ret_marginal, double *ret_total,
                               mi_status *status)
{
    const ngram *model = state;
    if (model->held_out) {
        return mi_fail(status, MI_NUMERIC, "the entropy of real text is not known");
    }
    return model->kind->known_entropies(model->state, ret_marginal, ret_total, status);
}

static bool remark(const void *state, char *text, size_t size)
{
    const ngram *model = state;
    return model->kind->remark(model->state, text, size);
}

const mi_model_class mi_ngram_class = {
    .name = "ngram",
    .summary = "Markov model of real text: letters of order 1 to 3, or words of order 1",
    .parameters = parameters,
    .discrete = true,
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
