#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "markov.h"
#include "maskinfo/memory.h"
#include "sequence.h"

/* Between two visible sites with symbols u and w a run of m masked sites stands alone:
 *     p(x_j | u, w) ~ F_j(x) B_j(x),  F_1 = P(u, .), F_{j+1} = F_j P,
 *                                     B_m = P(., w), B_{j-1} = P B_j.
 * Without a visible site on the left F_j is the stationary law, without one on the right B_j is 1.
 */
typedef struct smoother {
    size_t *symbols;  /* (length) the drawn sequence */
    double *backward; /* (2, V) B_j and the next one */
    double *forward;  /* (room, V) F_1..F_m of the longest run met so far */
    size_t room;
    size_t masked;         /* sites evaluated */
    double entropy, cross; /* sums over them */
} smoother;

void mi_markov_scratch_destroy(void *scratch)
{
    smoother *s = scratch;
    if (s != NULL) {
        free(s->symbols);
        free(s->backward);
        free(s->forward);
        free(s);
    }
}

static mi_code reserve(smoother *s, size_t states, size_t run, mi_status *status)
{
    if (run <= s->room) {
        return MI_OK;
    }
    mi_code code = mi_resize(run, states * sizeof *s->forward, &s->forward, status);
    if (code == MI_OK) {
        s->room = run;
    }
    return code;
}

mi_code mi_markov_scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    const mi_markov *c = state;
    smoother *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_allocate(c->length, sizeof *s->symbols, &s->symbols, status);
    if (code == MI_OK) {
        code = mi_allocate(2 * c->states, sizeof *s->backward, &s->backward, status);
    }
    if (code == MI_OK) {
        code = reserve(s, c->states, 2, status);
    }
    if (code != MI_OK) {
        mi_markov_scratch_destroy(s);
        return code;
    }
    *ret_scratch = s;
    return MI_OK;
}

/* out (V) = in P, or P in; out must not be in. */
static void step(const mi_markov *c, enum CBLAS_TRANSPOSE direction, const double *in, double *out)
{
    int n = (int)c->states;
    cblas_dgemv(CblasRowMajor, direction, n, n, 1, c->transition, n, in, 1, 0, out, 1);
}

/* A symbol from `law` (V) by inversion; rounding in the sum falls to the last possible symbol. */
static size_t draw_symbol(const double *law, size_t states, gsl_rng *draw)
{
    double uniform = gsl_rng_uniform(draw), sum = 0;
    size_t possible = 0;
    for (size_t x = 0; x < states; x++) {
        if (law[x] > 0) {
            sum += law[x];
            possible = x;
            if (uniform < sum) {
                return x;
            }
        }
    }
    return possible;
}

static void draw_sequence(const mi_markov *c, gsl_rng *draw, size_t *symbols)
{
    const double *law = c->stationary;
    for (size_t i = 0; i < c->length; i++) {
        symbols[i] = draw_symbol(law, c->states, draw);
        law = c->transition + symbols[i] * c->states;
    }
}

/* A run of masked sites first..end-1 between visible sites or the ends of the sequence. */
typedef struct masked_run {
    size_t first, end;
} masked_run;

static void run_forward(const mi_markov *c, smoother *s, masked_run run)
{
    size_t n = c->states;
    for (size_t i = run.first; i < run.end; i++) {
        double *message = s->forward + (i - run.first) * n;
        if (run.first == 0) {
            memcpy(message, c->stationary, n * sizeof *message);
        } else if (i == run.first) {
            memcpy(message, c->transition + s->symbols[i - 1] * n, n * sizeof *message);
        } else {
            step(c, CblasTrans, message - n, message);
        }
    }
}

/* B at the run's last site. */
static void start_backward(const mi_markov *c, smoother *s, masked_run run)
{
    for (size_t x = 0; x < c->states; x++) {
        s->backward[x] =
            run.end == c->length ? 1 : c->transition[x * c->states + s->symbols[run.end]];
    }
}

static void step_backward(const mi_markov *c, smoother *s)
{
    step(c, CblasNoTrans, s->backward, s->backward + c->states);
    memcpy(s->backward, s->backward + c->states, c->states * sizeof *s->backward);
}

/* Add the posterior ~ forward * backward of one site to the sums:
 * -sum p log p with p = m / total is log total - sum m log m / total. */
static void add_site(const mi_markov *c, smoother *s, const double *forward, size_t symbol)
{
    double total = 0, logs = 0;
    for (size_t x = 0; x < c->states; x++) {
        double mass = forward[x] * s->backward[x];
        if (mass > 0) {
            total += mass;
            logs += mass * log(mass);
        }
    }
    s->entropy += log(total) - logs / total;
    s->cross += log(total) - log(forward[symbol] * s->backward[symbol]);
    s->masked++;
}

static mi_code add_run(const mi_markov *c, smoother *s, masked_run run, mi_status *status)
{
    mi_code code = reserve(s, c->states, run.end - run.first, status);
    if (code != MI_OK) {
        return code;
    }
    run_forward(c, s, run);
    start_backward(c, s, run);
    for (size_t i = run.end; i-- > run.first;) {
        add_site(c, s, s->forward + (i - run.first) * c->states, s->symbols[i]);
        if (i > run.first && run.end < c->length) {
            step_backward(c, s);
        }
    }
    return MI_OK;
}

static mi_code add_masked(const mi_markov *c, smoother *s, const unsigned char *masked,
                          mi_status *status)
{
    mi_code code = MI_OK;
    masked_run run = {0, 0};
    s->masked = 0;
    s->entropy = s->cross = 0;
    while (code == MI_OK && run.end < c->length) {
        run.first = run.end;
        while (run.end < c->length && masked[run.end]) {
            run.end++;
        }
        if (run.end > run.first) {
            code = add_run(c, s, run, status);
        } else {
            run.end++;
        }
    }
    return code;
}

/* log p of the sites with masked[i] == wanted: one message, restarted at every such site. */
static double log_likelihood(const mi_markov *c, smoother *s, const unsigned char *masked,
                             bool wanted)
{
    double sum = 0, *spare = s->forward;
    const double *message = c->stationary;
    bool started = false;
    for (size_t i = 0; i < c->length; i++) {
        if ((masked[i] != 0) == wanted) {
            sum += log(message[s->symbols[i]]);
            message = c->transition + s->symbols[i] * c->states;
            started = true;
        } else if (started) {
            double *next = message == spare ? spare + c->states : spare;
            step(c, CblasTrans, message, next);
            message = next;
        }
    }
    return sum;
}

static double full_log_likelihood(const mi_markov *c, const size_t *symbols)
{
    double sum = log(c->stationary[symbols[0]]);
    for (size_t i = 1; i < c->length; i++) {
        sum += log(c->transition[symbols[i - 1] * c->states + symbols[i]]);
    }
    return sum;
}

mi_code mi_markov_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                           gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                           mi_status *status)
{
    (void)origin;
    const mi_markov *c = state;
    smoother *s = scratch;
    double information;
    mi_code code = mi_sequence_is_finite(c->length, status);
    if (code != MI_OK) {
        return code;
    }
    draw_sequence(c, draw, s->symbols);
    code = add_masked(c, s, masked, status);
    if (code != MI_OK) {
        return code;
    }
    *result = (mi_mask_result){.conditional_entropy = s->entropy / (double)s->masked,
                               .cross_entropy = s->cross / (double)s->masked};
    mi_markov_entropies(c, &result->marginal_entropy, &information);
    if (wants_joint) {
        double joint = full_log_likelihood(c, s->symbols) - log_likelihood(c, s, masked, false) -
                       log_likelihood(c, s, masked, true);
        result->joint_information = joint / (double)c->length;
    }
    return MI_OK;
}

mi_code mi_markov_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                         mi_status *status)
{
    const mi_markov *c = state;
    smoother *s = scratch;
    mi_code code = mi_sequence_is_finite(c->length, status);
    if (code == MI_OK) {
        draw_sequence(c, draw, s->symbols);
        mi_sequence_values(s->symbols, c->length, values);
    }
    return code;
}
