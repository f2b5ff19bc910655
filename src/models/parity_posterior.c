#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"
#include "parity.h"
#include "sequence.h"

/* Forward-backward over windows of the last k sites. A visible site of a window has its symbol, so
 * only the hidden ones are indexed: a window state is the number whose base-q digits are the hidden
 * symbols, the oldest first, and a window with c hidden sites has q^c states. */
typedef struct window {
    size_t states;      /* q^(hidden sites), window sites t-k+1..t */
    size_t visible_sum; /* sum mod q of its visible symbols */
    size_t offset;      /* of its message in `forward` */
} window;

typedef struct smoother {
    size_t *symbols;       /* (length) the drawn sequence */
    unsigned char *hidden; /* (length) not observed in this pass */
    window *windows;       /* (length+1): windows[t+1] ends at site t; windows[0] is empty */
    double *forward;       /* (room) all messages A_t, each summing to 1 */
    size_t room;
    double *backward; /* (2, q^k) B_t and the next one */
} smoother;

void mi_parity_scratch_destroy(void *scratch)
{
    smoother *s = scratch;
    if (s != NULL) {
        free(s->symbols);
        free(s->hidden);
        free(s->windows);
        free(s->forward);
        free(s->backward);
        free(s);
    }
}

static mi_code allocate_smoother(const mi_parity *rule, smoother *s, mi_status *status)
{
    mi_code code = mi_allocate(rule->length, sizeof *s->symbols, &s->symbols, status);
    if (code == MI_OK) {
        code = mi_allocate(rule->length, sizeof *s->hidden, &s->hidden, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(rule->length + 1, sizeof *s->windows, &s->windows, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(2 * rule->windows, sizeof *s->backward, &s->backward, status);
    }
    return code;
}

mi_code mi_parity_scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    smoother *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    code = allocate_smoother(state, s, status);
    if (code != MI_OK) {
        mi_parity_scratch_destroy(s);
        return code;
    }
    *ret_scratch = s;
    return MI_OK;
}

static void draw_sequence(const mi_parity *rule, gsl_rng *draw, size_t *symbols)
{
    size_t sum = 0; /* of the last k symbols */
    for (size_t t = 0; t < rule->length; t++) {
        bool fresh = t < rule->order || gsl_rng_uniform(draw) < rule->noise;
        symbols[t] = fresh ? gsl_rng_uniform_int(draw, rule->modulus) : sum % rule->modulus;
        sum += symbols[t];
        if (t >= rule->order) {
            sum -= symbols[t - rule->order];
        }
    }
}

/* Sizes and offsets of all windows for the present `hidden`. */
static size_t lay_windows(const mi_parity *rule, smoother *s)
{
    size_t q = rule->modulus, visible_sum = 0;
    s->windows[0] = (window){.states = 1};
    for (size_t t = 0; t < rule->length; t++) {
        window w = s->windows[t];
        w.offset += w.states;
        if (t >= rule->order && s->hidden[t - rule->order]) {
            w.states /= q;
        } else if (t >= rule->order) {
            visible_sum -= s->symbols[t - rule->order];
        }
        if (s->hidden[t]) {
            w.states *= q;
        } else {
            visible_sum += s->symbols[t];
        }
        w.visible_sum = visible_sum % q;
        s->windows[t + 1] = w;
    }
    return s->windows[rule->length].offset + s->windows[rule->length].states;
}

/* How window state `from` of windows[t] goes on to site t. */
typedef struct transition {
    size_t kept; /* the state without the site that leaves the window */
    size_t sum;  /* mod q, of the window */
} transition;

static transition transition_of(const mi_parity *rule, const smoother *s, size_t t, size_t from)
{
    const window *w = &s->windows[t];
    bool drops = t >= rule->order && s->hidden[t - rule->order];
    size_t sum = w->visible_sum + rule->digit_sum[from];
    return (transition){.kept = drops ? from % (w->states / rule->modulus) : from,
                        .sum = sum >= rule->modulus ? sum - rule->modulus : sum};
}

static double step_probability(const mi_parity *rule, size_t t, size_t sum, size_t symbol)
{
    return t < rule->order ? 1.0 / (double)rule->modulus : mi_parity_step(rule, sum, symbol);
}

/* Divide by the sum and return its logarithm. */
static double normalize(double *message, size_t count)
{
    double sum = mi_sum(message, count);
    cblas_dscal((int)count, 1 / sum, message, 1);
    return log(sum);
}

/* A_t(window) = sum over the symbol that leaves of p(x_t | window before) A_{t-1}(window before).
 * Returns log p(x_t if visible | visible before). */
static double step_forward(const mi_parity *rule, smoother *s, size_t t)
{
    const double *from = s->forward + s->windows[t].offset;
    double *to = s->forward + s->windows[t + 1].offset;
    size_t q = rule->modulus;
    memset(to, 0, s->windows[t + 1].states * sizeof *to);
    for (size_t state = 0; state < s->windows[t].states; state++) {
        transition next = transition_of(rule, s, t, state);
        if (!s->hidden[t]) {
            to[next.kept] += from[state] * step_probability(rule, t, next.sum, s->symbols[t]);
            continue;
        }
        for (size_t y = 0; y < q; y++) {
            to[next.kept * q + y] += from[state] * step_probability(rule, t, next.sum, y);
        }
    }
    return normalize(to, s->windows[t + 1].states);
}

/* All messages for the sites with masked[i] != 0 hidden (or, inverted, those with 0), and log p of
 * the others in *ret_log_likelihood. */
static mi_code pass_forward(const mi_parity *rule, smoother *s, const unsigned char *masked,
                            bool inverted, double *ret_log_likelihood, mi_status *status)
{
    for (size_t t = 0; t < rule->length; t++) {
        s->hidden[t] = (masked[t] != 0) != inverted;
    }
    size_t needed = lay_windows(rule, s);
    if (needed > s->room) {
        mi_code code = mi_resize(needed, sizeof *s->forward, &s->forward, status);
        if (code != MI_OK) {
            return code;
        }
        s->room = needed;
    }
    s->forward[0] = 1;
    *ret_log_likelihood = 0;
    for (size_t t = 0; t < rule->length; t++) {
        *ret_log_likelihood += step_forward(rule, s, t);
    }
    return MI_OK;
}

/* B_{t-1}(window) = sum over x_t of p(x_t | window) B_t(next window), up to a factor. */
static void step_backward(const mi_parity *rule, smoother *s, size_t t)
{
    double *to = s->backward + rule->windows;
    size_t q = rule->modulus;
    for (size_t state = 0; state < s->windows[t].states; state++) {
        transition next = transition_of(rule, s, t, state);
        if (!s->hidden[t]) {
            to[state] = s->backward[next.kept] * step_probability(rule, t, next.sum, s->symbols[t]);
            continue;
        }
        double sum = 0;
        for (size_t y = 0; y < q; y++) {
            sum += s->backward[next.kept * q + y] * step_probability(rule, t, next.sum, y);
        }
        to[state] = sum;
    }
    normalize(to, s->windows[t].states);
    memcpy(s->backward, to, s->windows[t].states * sizeof *to);
}

/* Add the posterior of hidden site t, the newest digit of its window, to the result's sums. */
static void add_site(const mi_parity *rule, const smoother *s, size_t t, mi_mask_result *result)
{
    double posterior[MI_PARITY_MODULUS_LIMIT] = {0};
    size_t q = rule->modulus;
    const double *forward = s->forward + s->windows[t + 1].offset;
    for (size_t state = 0; state < s->windows[t + 1].states; state++) {
        posterior[state % q] += forward[state] * s->backward[state];
    }
    normalize(posterior, q);
    for (size_t y = 0; y < q; y++) {
        result->conditional_entropy -= posterior[y] > 0 ? posterior[y] * log(posterior[y]) : 0;
    }
    result->cross_entropy -= log(posterior[s->symbols[t]]);
}

static void pass_backward(const mi_parity *rule, smoother *s, mi_mask_result *result)
{
    size_t count = 0;
    for (size_t state = 0; state < s->windows[rule->length].states; state++) {
        s->backward[state] = 1;
    }
    for (size_t t = rule->length; t-- > 0;) {
        if (s->hidden[t]) {
            add_site(rule, s, t, result);
            count++;
        }
        step_backward(rule, s, t);
    }
    result->conditional_entropy /= (double)count;
    result->cross_entropy /= (double)count;
}

mi_code mi_parity_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                           gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                           mi_status *status)
{
    (void)origin;
    const mi_parity *rule = state;
    smoother *s = scratch;
    double visible = 0, hidden = 0;
    /* Every symbol is uniform: sums of uniform ones are. */
    *result = (mi_mask_result){.marginal_entropy = log((double)rule->modulus)};
    draw_sequence(rule, draw, s->symbols);
    mi_code code = pass_forward(rule, s, masked, false, &visible, status);
    if (code != MI_OK) {
        return code;
    }
    pass_backward(rule, s, result);
    if (wants_joint) {
        code = pass_forward(rule, s, masked, true, &hidden, status);
        double joint = mi_parity_log_probability(rule, s->symbols) - visible - hidden;
        result->joint_information = joint / (double)rule->length;
    }
    return code;
}

mi_code mi_parity_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                         mi_status *status)
{
    (void)status;
    const mi_parity *rule = state;
    smoother *s = scratch;
    draw_sequence(rule, draw, s->symbols);
    mi_sequence_values(s->symbols, rule->length, values);
    return MI_OK;
}
