/* The mixing chain: with probability rho a site repeats the one before it, otherwise it is drawn
 * from a Zipf law pi. P = rho I + (1-rho) 1 pi^T, so P^g = lambda I + (1-lambda) 1 pi^T with
 * lambda = rho^g (docs/theory.md, section 2.4), and everything is closed. */
#include <math.h>
#include <stdlib.h>

#include "divergence.h"
#include "gaps.h"
#include "maskinfo/memory.h"
#include "mixing.h"
#include "models.h"
#include "sequence.h"

static const mi_parameter parameters[] = {
    {.name = "vocab",
     .type = MI_INTEGER,
     .low = 2,
     .high = 1e7,
     .fallback = "27",
     .unit = "symbols",
     .help = "Number of symbols"},
    {.name = "rho",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "0.9",
     .unit = "",
     .help = "Probability that a site repeats the one before it"},
    {.name = "zipf",
     .type = MI_REAL,
     .low = 0,
     .high = 10,
     .fallback = "0",
     .unit = "",
     .help = "Exponent of the symbols' Zipf law; 0 is uniform"},
    MI_LENGTH_PARAMETER,
    {.name = NULL},
};

/* Gaps beyond which I_g counts as 0, in nats, and how many of them are worth a table. */
static const double negligible = 1e-17;
enum { GAPS_LIMIT = 1 << 22 };

/* I_g <= chi^2 divergence = lambda^2 (V-1), so rho^(2G) (V-1) <= negligible is enough. */
static double gaps_needed(double rho, size_t vocabulary)
{
    if (rho == 0) {
        return 1;
    }
    return fmax(1, ceil(log(((double)vocabulary - 1) / negligible) / (-2 * log(rho))));
}

static mi_code choose_gaps(mi_mixing *m, size_t vocabulary, mi_status *status)
{
    double needed = gaps_needed(m->rho, vocabulary);
    if (m->length > 0) {
        needed = fmin(needed, (double)m->length - 1);
    }
    if (needed > GAPS_LIMIT) {
        double most = exp(-log(((double)vocabulary - 1) / negligible) / (2.0 * GAPS_LIMIT));
        return mi_fail_at(status, "rho",
                          "is %.10g; on an infinite sequence of %zu symbols it must be at most "
                          "%.8f (set \"length\" for a longer memory)",
                          m->rho, vocabulary, floor(most * 1e8) / 1e8);
    }
    m->gaps = (size_t)needed;
    return MI_OK;
}

static void mixing_destroy(void *state)
{
    mi_mixing *m = state;
    if (m != NULL) {
        mi_zipf_destroy(m->law);
        free(m->cumulative);
        free(m);
    }
}

static mi_code mixing_fill(mi_mixing *m, const mi_values *values, mi_status *status)
{
    size_t vocabulary = mi_count(values, "vocab");
    m->rho = mi_real(values, "rho");
    mi_code code = mi_sequence_length(values, &m->length, status);
    if (code == MI_OK) {
        code = choose_gaps(m, vocabulary, status);
    }
    if (code == MI_OK) {
        code = mi_zipf_create(vocabulary, mi_real(values, "zipf"), &m->law, status);
    }
    if (code == MI_OK && m->length > 0) {
        code = mi_zipf_cumulative(m->law, &m->cumulative, status);
    }
    return code;
}

static mi_code mixing_create(const mi_values *values, const mi_run *run, void **ret_state,
                             mi_status *status)
{
    (void)run;
    mi_mixing *m = NULL;
    mi_code code = mi_allocate(1, sizeof *m, &m, status);
    if (code != MI_OK) {
        return code;
    }
    code = mixing_fill(m, values, status);
    if (code != MI_OK) {
        mixing_destroy(m);
        return code;
    }
    *ret_state = m;
    return MI_OK;
}

static mi_shape mixing_shape(const void *state)
{
    const mi_mixing *m = state;
    return mi_sequence_shape(m->length, m->law->vocabulary);
}

/* I_g = sum_u pi_u KL(P^g(u, .) || pi). In row u the ratio P^g(u,x) / pi_x is 1 - lambda for
 * x != u and 1 + lambda (1/pi_u - 1) for x = u, so with phi = mi_divergence_term
 *     I_g = sum_u pi_u^2 phi(lambda (1/pi_u - 1)) + (1 - sum_u pi_u^2) phi(-lambda). */
static double information(const mi_mixing *m, size_t gap)
{
    double lambda = pow(m->rho, (double)gap);
    double sum = (1 - m->law->collision) * mi_divergence_term(-lambda);
    for (size_t j = 0; j < m->law->nodes; j++) {
        sum += m->law->weights[j] * mi_divergence_term(lambda * m->law->odds[j]);
    }
    return sum;
}

/* Gaps per unit of parallel work. */
enum { BATCH = 256 };

typedef struct gap_job {
    const mi_mixing *model;
    mi_gaps *gaps;
} gap_job;

static mi_code fill_batch(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    const gap_job *job = context;
    size_t first = index * BATCH + 1;
    for (size_t gap = first; gap < first + BATCH && gap <= job->gaps->count; gap++) {
        job->gaps->conditional[gap - 1] = job->gaps->entropy - information(job->model, gap);
    }
    return MI_OK;
}

static mi_code mixing_gaps(const mi_mixing *m, const mi_run *run, mi_gaps **ret_gaps,
                           mi_status *status)
{
    gap_job job = {.model = m};
    mi_code code = mi_gaps_create(m->law->entropy, m->gaps, &job.gaps, status);
    if (code != MI_OK) {
        return code;
    }
    size_t batches = (m->gaps + BATCH - 1) / BATCH;
    code = mi_parallel_for(run, "gap entropies", batches, fill_batch, &job, status);
    if (code != MI_OK) {
        mi_gaps_destroy(job.gaps);
        return code;
    }
    *ret_gaps = job.gaps;
    return MI_OK;
}

static mi_code mixing_profile(const void *state, size_t samples, const mi_run *run,
                              mi_profile **ret_profile, mi_status *status)
{
    (void)samples;
    const mi_mixing *m = state;
    mi_gaps *gaps = NULL;
    mi_code code = mi_sequence_is_finite(m->length, status);
    if (code == MI_OK) {
        code = mixing_gaps(m, run, &gaps, status);
    }
    if (code == MI_OK) {
        code = mi_gaps_answer_profile(gaps, m->length, ret_profile, status);
    }
    mi_gaps_destroy(gaps);
    return code;
}

static mi_code mixing_rates(const void *state, const double *ratios, size_t count,
                            const mi_run *run, mi_rates **ret_rates, size_t *ret_replicates,
                            mi_status *status)
{
    const mi_mixing *m = state;
    mi_gaps *gaps = NULL;
    mi_code code = mixing_gaps(m, run, &gaps, status);
    if (code == MI_OK) {
        code = mi_gaps_answer_rates(gaps, ratios, count, ret_rates, ret_replicates, status);
    }
    mi_gaps_destroy(gaps);
    return code;
}

static mi_code mixing_known_entropies(const void *state, double *ret_marginal, double *ret_total,
                                      mi_status *status)
{
    const mi_mixing *m = state;
    if (m->length == 0) {
        return mi_fail(status, MI_NUMERIC, "an infinite sequence has no total entropy");
    }
    double pairs = (double)m->length - 1;
    *ret_marginal = m->law->entropy;
    *ret_total = (double)m->length * m->law->entropy - pairs * information(m, 1);
    return MI_OK;
}

const mi_model_class mi_mixing_class = {
    .name = "mixing",
    .summary = "First-order chain that repeats the last symbol or draws a fresh one (Zipf law)",
    .parameters = parameters,
    .discrete = true,
    .create = mixing_create,
    .destroy = mixing_destroy,
    .shape = mixing_shape,
    .profile = mixing_profile,
    .rates = mixing_rates,
    .evaluate = mi_mixing_evaluate,
    .scratch_create = mi_mixing_scratch_create,
    .scratch_destroy = mi_mixing_scratch_destroy,
    .sample = mi_mixing_sample,
    .known_entropies = mixing_known_entropies,
};
