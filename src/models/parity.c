/* The linear rule "parity" (docs/theory.md, section 2.4): the synergistic extreme. */
#include "parity.h"

#include <math.h>
#include <stdlib.h>

#include "enumerate.h"
#include "maskinfo/memory.h"
#include "models.h"
#include "sequence.h"

enum {
    WINDOWS_LIMIT = 1 << 20, /* q^k */
    MESSAGES_LIMIT = 1 << 27 /* length q^k: a gigabyte of doubles where all is masked */
};

static const mi_parameter parameters[] = {
    {.name = "modulus",
     .type = MI_INTEGER,
     .low = 2,
     .high = 64,
     .fallback = "2",
     .unit = "symbols",
     .help = "Number of symbols q; the rule is a sum mod q"},
    {.name = "order",
     .type = MI_INTEGER,
     .low = 1,
     .high = 16,
     .fallback = "4",
     .unit = "sites",
     .help = "Number of symbols that the rule adds; modulus^order is at most 2^20"},
    {.name = "noise",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .fallback = "0.05",
     .unit = "",
     .help = "Probability that a symbol is uniform instead of following the rule"},
    {.name = "length",
     .type = MI_INTEGER,
     .low = 2,
     .high = 4096,
     .fallback = "64",
     .unit = "sites",
     .help = "Length of the sequence"},
    {.name = NULL},
};

static mi_code count_windows(mi_parity *rule, mi_status *status)
{
    rule->windows = 1;
    for (size_t i = 0; i < rule->order; i++) {
        if (rule->windows > WINDOWS_LIMIT / rule->modulus) {
            return mi_fail_at(status, "order",
                              "is %zu; with modulus %zu it must be in [1, %zu], because "
                              "modulus^order is at most %d",
                              rule->order, rule->modulus, i, WINDOWS_LIMIT);
        }
        rule->windows *= rule->modulus;
    }
    if (rule->length > MESSAGES_LIMIT / rule->windows) {
        return mi_fail_at(status, "length",
                          "is %zu; with modulus %zu and order %zu it must be in [2, %zu], because "
                          "length * modulus^order is at most %d",
                          rule->length, rule->modulus, rule->order, MESSAGES_LIMIT / rule->windows,
                          MESSAGES_LIMIT);
    }
    return MI_OK;
}

static mi_code fill_digit_sums(mi_parity *rule, mi_status *status)
{
    size_t q = rule->modulus;
    mi_code code = mi_allocate(rule->windows, sizeof *rule->digit_sum, &rule->digit_sum, status);
    for (size_t s = 1; code == MI_OK && s < rule->windows; s++) {
        rule->digit_sum[s] = (unsigned char)((rule->digit_sum[s / q] + s % q) % q);
    }
    return code;
}

static void parity_destroy(void *state)
{
    mi_parity *rule = state;
    if (rule != NULL) {
        free(rule->digit_sum);
        free(rule);
    }
}

static mi_code parity_create(const mi_values *values, const mi_run *run, void **ret_state,
                             mi_status *status)
{
    (void)run;
    mi_parity *rule = NULL;
    mi_code code = mi_allocate(1, sizeof *rule, &rule, status);
    if (code != MI_OK) {
        return code;
    }
    rule->modulus = mi_count(values, "modulus");
    rule->order = mi_count(values, "order");
    rule->length = mi_count(values, "length");
    rule->noise = mi_real(values, "noise");
    code = count_windows(rule, status);
    if (code == MI_OK) {
        code = fill_digit_sums(rule, status);
    }
    if (code != MI_OK) {
        parity_destroy(rule);
        return code;
    }
    *ret_state = rule;
    return MI_OK;
}

static mi_shape parity_shape(const void *state)
{
    const mi_parity *rule = state;
    return mi_sequence_shape(rule->length, rule->modulus);
}

double mi_parity_step(const mi_parity *rule, size_t sum, size_t symbol)
{
    return rule->noise / (double)rule->modulus + (sum == symbol ? 1 - rule->noise : 0);
}

double mi_parity_log_probability(const mi_parity *rule, const size_t *symbols)
{
    size_t start = rule->order < rule->length ? rule->order : rule->length;
    double log_probability = -(double)start * log((double)rule->modulus);
    for (size_t t = start; t < rule->length; t++) {
        size_t sum = 0;
        for (size_t i = t - rule->order; i < t; i++) {
            sum += symbols[i];
        }
        log_probability += log(mi_parity_step(rule, sum % rule->modulus, symbols[t]));
    }
    return log_probability;
}

static double enumerated(const size_t *symbols, void *context)
{
    return mi_parity_log_probability(context, symbols);
}

static mi_code parity_exact_allowed(const void *state, mi_status *status)
{
    const mi_parity *rule = state;
    return mi_enumerate_allowed(rule->modulus, rule->length, status);
}

static mi_code parity_profile(const void *state, size_t samples, const mi_run *run,
                              mi_profile **ret_profile, mi_status *status)
{
    (void)samples;
    (void)run;
    mi_parity rule = *(const mi_parity *)state;
    return mi_enumerate_profile(rule.modulus, rule.length, enumerated, &rule, ret_profile, status);
}

/* Chain rule: the first k symbols are uniform, each later one has the entropy of the step. */
static mi_code parity_known_entropies(const void *state, double *ret_marginal, double *ret_total,
                                      mi_status *status)
{
    (void)status;
    const mi_parity *rule = state;
    double q = (double)rule->modulus;
    double hit = mi_parity_step(rule, 0, 0), miss = mi_parity_step(rule, 0, 1);
    double step = -(hit > 0 ? hit * log(hit) : 0) - (miss > 0 ? (q - 1) * miss * log(miss) : 0);
    size_t start = rule->order < rule->length ? rule->order : rule->length;
    *ret_marginal = log(q);
    *ret_total = (double)start * log(q) + (double)(rule->length - start) * step;
    return MI_OK;
}

const mi_model_class mi_parity_class = {
    .name = "parity",
    .summary = "Linear rule: each symbol is the sum of the few before it, mod q, up to noise",
    .parameters = parameters,
    .discrete = true,
    .create = parity_create,
    .destroy = parity_destroy,
    .shape = parity_shape,
    .exact_allowed = parity_exact_allowed,
    .profile = parity_profile,
    .evaluate = mi_parity_evaluate,
    .scratch_create = mi_parity_scratch_create,
    .scratch_destroy = mi_parity_scratch_destroy,
    .sample = mi_parity_sample,
    .known_entropies = parity_known_entropies,
};
