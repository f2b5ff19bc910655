/* Any ergodic first-order chain, from its transition matrix or with random rows. */
#include "markov.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ergodic.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "models.h"
#include "sequence.h"

enum { STATES_LIMIT = 2000 };

static const mi_parameter random_parameters[] = {
    {.name = "vocab",
     .type = MI_INTEGER,
     .low = 2,
     .high = STATES_LIMIT,
     .fallback = "27",
     .unit = "symbols",
     .help = "Number of symbols"},
    {.name = "concentration",
     .type = MI_REAL,
     .low = 0,
     .high = 1e6,
     .flags = MI_LOW_OPEN,
     .fallback = "1",
     .unit = "",
     .help = "Each row is a draw from the symmetric Dirichlet law with this parameter"},
    {.name = NULL},
};

static const mi_parameter parameters[] = {
    {.name = "transition",
     .type = MI_MATRIX,
     .low = 0,
     .high = 1,
     .fallback = "null",
     .unit = "",
     .help = "Rows of transition probabilities; give this or \"random\""},
    {.name = "random",
     .type = MI_GROUP,
     .fallback = "null",
     .group = random_parameters,
     .unit = "",
     .help = "Draw the rows at random from the seed; give this or \"transition\""},
    MI_LENGTH_PARAMETER,
    {.name = NULL},
};

static const double row_tolerance = 1e-9;

/* Check row i and make it sum to 1 within rounding. */
static mi_code normalize_row(double *row, size_t i, size_t states, mi_status *status)
{
    char place[64];
    double sum = 0;
    for (size_t j = 0; j < states; j++) {
        if (!(row[j] >= 0 && row[j] <= 1)) {
            snprintf(place, sizeof place, "transition[%zu][%zu]", i, j);
            return mi_fail_at(status, place, "is %.10g; it must be in [0, 1]", row[j]);
        }
        sum += row[j];
    }
    if (fabs(sum - 1) > row_tolerance) {
        snprintf(place, sizeof place, "transition[%zu]", i);
        return mi_fail_at(status, place, "sums to %.10g; a row must sum to 1 within %g", sum,
                          row_tolerance);
    }
    for (size_t j = 0; j < states; j++) {
        row[j] /= sum;
    }
    return MI_OK;
}

static mi_code check_size(const mi_matrix *matrix, mi_status *status)
{
    if (matrix->rows != matrix->columns) {
        return mi_fail_at(status, "transition", "has %zu rows and %zu columns; it must be square",
                          matrix->rows, matrix->columns);
    }
    if (matrix->rows < 2 || matrix->rows > STATES_LIMIT) {
        return mi_fail_at(status, "transition", "has %zu states; their number must be in [2, %d]",
                          matrix->rows, STATES_LIMIT);
    }
    return MI_OK;
}

static mi_code allocate_chain(mi_markov *chain, size_t states, mi_status *status)
{
    chain->states = states;
    mi_code code =
        mi_allocate(states * states, sizeof *chain->transition, &chain->transition, status);
    if (code == MI_OK) {
        code = mi_allocate(states, sizeof *chain->stationary, &chain->stationary, status);
    }
    return code;
}

static mi_code take_matrix(mi_markov *chain, const mi_matrix *matrix, mi_status *status)
{
    mi_code code = check_size(matrix, status);
    if (code == MI_OK) {
        code = allocate_chain(chain, matrix->rows, status);
    }
    if (code != MI_OK) {
        return code;
    }
    size_t n = chain->states;
    memcpy(chain->transition, matrix->values, n * n * sizeof *matrix->values);
    for (size_t i = 0; i < n && code == MI_OK; i++) {
        code = normalize_row(chain->transition + i * n, i, n, status);
    }
    return code;
}

/* Row i from its own stream; work is (states), the Dirichlet parameters. */
static mi_code draw_rows(mi_markov *chain, double concentration, uint64_t seed, double *work,
                         mi_status *status)
{
    gsl_rng *stream = NULL;
    mi_code code = mi_stream_create(seed, MI_PURPOSE_MODEL, 0, &stream, status);
    if (code != MI_OK) {
        return code;
    }
    size_t n = chain->states;
    for (size_t j = 0; j < n; j++) {
        work[j] = concentration;
    }
    for (size_t i = 0; i < n; i++) {
        mi_stream_set(stream, seed, MI_PURPOSE_MODEL, i);
        gsl_ran_dirichlet(stream, n, work, chain->transition + i * n);
    }
    gsl_rng_free(stream);
    return MI_OK;
}

static mi_code take_random(mi_markov *chain, const mi_values *group, uint64_t seed,
                           mi_status *status)
{
    double *work = NULL;
    mi_code code = allocate_chain(chain, mi_count(group, "vocab"), status);
    if (code == MI_OK) {
        code = mi_allocate(chain->states, sizeof *work, &work, status);
    }
    if (code == MI_OK) {
        code = draw_rows(chain, mi_real(group, "concentration"), seed, work, status);
    }
    free(work);
    return code;
}

static mi_code take_source(mi_markov *chain, const mi_values *values, const mi_run *run,
                           const char **ret_place, mi_status *status)
{
    const mi_value *matrix = mi_values_find(values, "transition");
    const mi_value *random = mi_values_find(values, "random");
    if (matrix->given == random->given) {
        return mi_fail_at(status, "transition",
                          "is %s \"random\"; exactly one of the two must be given",
                          matrix->given ? "given beside" : "missing, and so is");
    }
    *ret_place = matrix->given ? "transition" : "random";
    return matrix->given ? take_matrix(chain, &matrix->matrix, status)
                         : take_random(chain, random->group, run->seed, status);
}

static void markov_destroy(void *state)
{
    mi_markov *chain = state;
    if (chain != NULL) {
        free(chain->transition);
        free(chain->stationary);
        free(chain);
    }
}

static mi_code fill(mi_markov *chain, const mi_values *values, const mi_run *run, mi_status *status)
{
    const char *place = NULL;
    mi_code code = mi_sequence_length(values, &chain->length, status);
    if (code == MI_OK) {
        code = take_source(chain, values, run, &place, status);
    }
    if (code == MI_OK) {
        code = mi_check_ergodic(chain->transition, chain->states, place, status);
    }
    if (code == MI_OK) {
        code = mi_stationary_law(chain->transition, chain->states, chain->stationary, status);
    }
    return code;
}

static mi_code markov_create(const mi_values *values, const mi_run *run, void **ret_state,
                             mi_status *status)
{
    mi_markov *chain = NULL;
    mi_code code = mi_allocate(1, sizeof *chain, &chain, status);
    if (code != MI_OK) {
        return code;
    }
    code = fill(chain, values, run, status);
    if (code != MI_OK) {
        markov_destroy(chain);
        return code;
    }
    *ret_state = chain;
    return MI_OK;
}

static mi_shape markov_shape(const void *state)
{
    const mi_markov *chain = state;
    return mi_sequence_shape(chain->length, chain->states);
}

static mi_code markov_profile(const void *state, size_t samples, const mi_run *run,
                              mi_profile **ret_profile, mi_status *status)
{
    (void)samples;
    const mi_markov *chain = state;
    mi_gaps *gaps = NULL;
    mi_code code = mi_sequence_is_finite(chain->length, status);
    if (code == MI_OK) {
        code = mi_markov_gaps(chain, run, &gaps, status);
    }
    if (code == MI_OK) {
        code = mi_gaps_answer_profile(gaps, chain->length, ret_profile, status);
    }
    mi_gaps_destroy(gaps);
    return code;
}

static mi_code markov_rates(const void *state, const double *ratios, size_t count,
                            const mi_run *run, mi_rates **ret_rates, size_t *ret_replicates,
                            mi_status *status)
{
    mi_gaps *gaps = NULL;
    mi_code code = mi_markov_gaps(state, run, &gaps, status);
    if (code == MI_OK) {
        code = mi_gaps_answer_rates(gaps, ratios, count, ret_rates, ret_replicates, status);
    }
    mi_gaps_destroy(gaps);
    return code;
}

static mi_code markov_known_entropies(const void *state, double *ret_marginal, double *ret_total,
                                      mi_status *status)
{
    const mi_markov *chain = state;
    double information;
    if (chain->length == 0) {
        return mi_fail(status, MI_NUMERIC, "an infinite sequence has no total entropy");
    }
    mi_markov_entropies(chain, ret_marginal, &information);
    double pairs = (double)chain->length - 1;
    *ret_total = (double)chain->length * *ret_marginal - pairs * information;
    return MI_OK;
}

const mi_model_class mi_markov_class = {
    .name = "markov",
    .summary = "First-order chain with any ergodic transition matrix, given or drawn at random",
    .parameters = parameters,
    .discrete = true,
    .create = markov_create,
    .destroy = markov_destroy,
    .shape = markov_shape,
    .profile = markov_profile,
    .rates = markov_rates,
    .evaluate = mi_markov_evaluate,
    .scratch_create = mi_markov_scratch_create,
    .scratch_destroy = mi_markov_scratch_destroy,
    .sample = mi_markov_sample,
    .known_entropies = markov_known_entropies,
};
