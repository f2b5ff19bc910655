/* The Potts field "potts" (docs/theory.md, section 3.4). */
#include "potts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enumerate.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "models.h"

enum {
    PROBES = 6,         /* trial masks of belief propagation */
    COSTLY_SITES = 256, /* more make an approximate posterior too slow for every number of visible
                           sites */
};

static void potts_destroy(void *state)
{
    mi_potts *potts = state;
    if (potts != NULL) {
        mi_potts_sweep_destroy(potts->whole);
        mi_potts_chain_destroy(potts->chain);
        mi_lattice_destroy(potts->lattice);
        free(potts);
    }
}

size_t mi_potts_equal_edges(const mi_lattice *lattice, const unsigned char *symbols)
{
    size_t ends = 0;
    for (size_t i = 0; i < lattice->sites; i++) {
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            ends += symbols[i] == symbols[lattice->neighbor[i][e]];
        }
    }
    return ends / 2;
}

void mi_potts_draw(const mi_potts *potts, gsl_rng *stream, unsigned char *symbols)
{
    if (potts->whole != NULL) {
        mi_potts_sweep_sample(potts->whole, stream, symbols);
    } else {
        mi_potts_chain_sample(potts->chain, &potts->bath, stream, symbols);
    }
}

/* log Z, the entropy log Z - <coupling * equal edges>, and the messages that samples start from:
 * the backward pass of the entropy uses them up, so they are made twice. */
static mi_code sum_all(mi_potts *potts, mi_status *status)
{
    const mi_lattice *lattice = potts->lattice;
    unsigned char *all = NULL;
    double *posterior = NULL, energy = 0;
    mi_code code = mi_potts_sweep_create(lattice, potts->frontier, potts->states, potts->coupling,
                                         &potts->whole, status);
    if (code == MI_OK) {
        code = mi_allocate(lattice->sites, 1, &all, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(lattice->sites * potts->states, sizeof *posterior, &posterior, status);
    }
    if (code == MI_OK) {
        memset(all, 1, lattice->sites);
        code = mi_potts_sweep_hide(potts->whole, all, status);
    }
    if (code == MI_OK) {
        mi_potts_sweep_observe(potts->whole, all);
        potts->log_z = mi_potts_sweep_forward(potts->whole);
        mi_potts_sweep_backward(potts->whole, posterior, &energy);
        potts->entropy = potts->log_z - energy;
        mi_potts_sweep_forward(potts->whole);
    }
    free(all);
    free(posterior);
    return code;
}

/* What belief propagation makes of trial masks of 25, 50 and 75 % on configurations of the field,
 * and its log Z. */
static void probe(mi_potts *potts, mi_potts_belief *belief, gsl_rng *stream, unsigned char *hidden,
                  unsigned char *symbols)
{
    size_t sites = potts->lattice->sites;
    memset(hidden, 1, sites);
    mi_potts_belief_propagate(belief, hidden, symbols);
    potts->bethe_log_z = mi_potts_belief_log_sum(belief);
    for (; potts->probes < PROBES; potts->probes++) {
        mi_potts_draw(potts, stream, symbols);
        for (size_t i = 0; i < sites; i++) {
            hidden[i] = gsl_rng_uniform(stream) < 0.25 * (double)(1 + potts->probes % 3);
        }
        mi_potts_belief_propagate(belief, hidden, symbols);
        if (belief->converged) {
            potts->settled++;
            potts->iterations =
                belief->iterations > potts->iterations ? belief->iterations : potts->iterations;
        }
    }
}

static mi_code try_belief(mi_potts *potts, const mi_run *run, mi_status *status)
{
    size_t sites = potts->lattice->sites;
    mi_potts_belief *belief = NULL;
    gsl_rng *stream = NULL;
    unsigned char *hidden = NULL, *symbols = NULL;
    mi_code code =
        mi_potts_belief_create(potts->lattice, potts->states, potts->coupling, &belief, status);
    if (code == MI_OK) {
        code = mi_stream_create(run->seed, MI_PURPOSE_MODEL, 0, &stream, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(sites, 1, &hidden, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(sites, 1, &symbols, status);
    }
    if (code == MI_OK) {
        probe(potts, belief, stream, hidden, symbols);
    }
    mi_potts_belief_destroy(belief);
    gsl_rng_free(stream);
    free(hidden);
    free(symbols);
    return code;
}

static void read_values(mi_potts *potts, const mi_values *values, bool fits)
{
    const size_t *grid = mi_values_find(values, "grid")->grid;
    potts->states = mi_count(values, "states");
    potts->coupling = mi_real(values, "coupling");
    potts->neighbors = (int)mi_integer(values, "neighbors");
    potts->sweeps = mi_count(values, "sweeps");
    potts->frontier = mi_potts_frontier(grid[0], grid[1], potts->neighbors);
    potts->inference = mi_is(values, "inference", "belief")           ? MI_POTTS_BELIEF
                       : !fits || mi_is(values, "inference", "gibbs") ? MI_POTTS_GIBBS
                                                                      : MI_POTTS_EXACT;
}

/* Exact sums where they are possible and Gibbs sampling is not asked for. */
static mi_code prepare(mi_potts *potts, bool fits, const mi_run *run, mi_status *status)
{
    mi_code code = MI_OK;
    if (fits && potts->inference != MI_POTTS_GIBBS) {
        code = sum_all(potts, status);
    } else {
        code = mi_potts_chain_create(&potts->bath, run, &potts->chain, status);
    }
    return code == MI_OK && potts->inference != MI_POTTS_EXACT ? try_belief(potts, run, status)
                                                               : code;
}

static mi_code potts_create(const mi_values *values, const mi_run *run, void **ret_state,
                            mi_status *status)
{
    const size_t *grid = mi_values_find(values, "grid")->grid;
    mi_potts *potts = NULL;
    mi_code code = mi_potts_check(values, status);
    if (code != MI_OK || (code = mi_allocate(1, sizeof *potts, &potts, status)) != MI_OK) {
        return code;
    }
    bool fits = mi_potts_exact_fits(grid[0], grid[1], (int)mi_integer(values, "neighbors"),
                                    mi_count(values, "states"), NULL) == MI_OK;
    read_values(potts, values, fits);
    code = mi_lattice_create(grid[0], grid[1], potts->neighbors, false, &potts->lattice, status);
    if (code == MI_OK) {
        potts->bath = mi_potts_bath_of(potts->lattice, potts->states, potts->coupling);
        code = run->validate_only ? MI_OK : prepare(potts, fits, run, status);
    }
    if (code != MI_OK) {
        potts_destroy(potts);
        return code;
    }
    *ret_state = potts;
    return MI_OK;
}

static mi_shape potts_shape(const void *state)
{
    const mi_potts *potts = state;
    return (mi_shape){.dimensions = 2,
                      .sites = potts->lattice->sites,
                      .rows = potts->lattice->rows,
                      .columns = potts->lattice->columns,
                      .vocabulary = potts->states};
}

static mi_code potts_exact_allowed(const void *state, mi_status *status)
{
    const mi_potts *potts = state;
    if (potts->inference != MI_POTTS_EXACT) {
        return mi_fail(status, MI_INPUT,
                       "no exact answer with inference \"%s\"; use \"exact\", or the estimator "
                       "method \"posterior\"",
                       potts->inference == MI_POTTS_GIBBS ? "gibbs" : "belief");
    }
    return mi_enumerate_allowed(potts->states, potts->lattice->sites, status);
}

static mi_code potts_example_shape(const void *state, mi_example_shape *ret_shape,
                                   mi_status *status)
{
    (void)status;
    const mi_potts *potts = state;
    *ret_shape = (mi_example_shape){.rows = potts->lattice->rows,
                                    .columns = potts->lattice->columns,
                                    .channels = 1,
                                    .site_rows = 1,
                                    .site_columns = 1,
                                    .approximate = potts->inference != MI_POTTS_EXACT,
                                    .needs_scratch = true};
    return MI_OK;
}

static double log_probability(const size_t *symbols, void *context)
{
    const mi_potts *potts = context;
    const mi_lattice *lattice = potts->lattice;
    size_t ends = 0;
    for (size_t i = 0; i < lattice->sites; i++) {
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            ends += symbols[i] == symbols[lattice->neighbor[i][e]];
        }
    }
    return potts->coupling * (double)(ends / 2) - potts->log_z;
}

static mi_code potts_profile(const void *state, size_t samples, const mi_run *run,
                             mi_profile **ret_profile, mi_status *status)
{
    (void)samples;
    (void)run;
    mi_potts potts = *(const mi_potts *)state;
    return mi_enumerate_profile(potts.states, potts.lattice->sites, log_probability, &potts,
                                ret_profile, status);
}

/* Symbols can be renamed at will, so each is as likely as any other at every site. */
static mi_code potts_known_entropies(const void *state, double *ret_marginal, double *ret_total,
                                     mi_status *status)
{
    const mi_potts *potts = state;
    if (potts->whole == NULL) {
        return mi_fail(status, MI_NUMERIC, "the entropy of a sampled field is not known");
    }
    *ret_marginal = log((double)potts->states);
    *ret_total = potts->entropy;
    return MI_OK;
}

static bool potts_masks_only(const void *state)
{
    const mi_potts *potts = state;
    return potts->inference != MI_POTTS_EXACT && potts->lattice->sites > COSTLY_SITES;
}

static void describe_samples(const mi_potts *potts, char *text, size_t size)
{
    const mi_potts_chain *chain = potts->chain;
    if (chain == NULL) {
        snprintf(text, size, "exact samples");
        return;
    }
    snprintf(text, size,
             "samples by Gibbs, measured autocorrelation time %.1f sweeps (on %zu sweeps%s), "
             "thinning %zu",
             chain->time, chain->measured,
             chain->reliable ? "" : ": too few for this time, the chain hardly mixes",
             chain->thinning);
}

static bool potts_remark(const void *state, char *text, size_t size)
{
    const mi_potts *potts = state;
    char samples[200];
    if (potts->inference == MI_POTTS_EXACT) {
        return false;
    }
    describe_samples(potts, samples, sizeof samples);
    if (potts->inference == MI_POTTS_GIBBS) {
        snprintf(
            text, size,
            "approximate: posteriors by Gibbs, %zu sweeps each after %zu of burn-in; %s; joint "
            "information mask by mask from the Bethe free energy",
            potts->sweeps, (potts->sweeps + 3) / 4, samples);
    } else {
        snprintf(text, size,
                 "approximate: posteriors by loopy belief propagation (%zu of %zu trial masks "
                 "converged, in at most %zu iterations); %s; joint information mask by mask from "
                 "the Bethe free energy",
                 potts->settled, potts->probes, potts->iterations, samples);
    }
    return true;
}

const mi_model_class mi_potts_class = {
    .name = "potts",
    .summary = "Potts or Ising field on a grid: equal neighbours attract; exact where it is narrow",
    .parameters = mi_potts_parameters,
    .discrete = true,
    .create = potts_create,
    .destroy = potts_destroy,
    .shape = potts_shape,
    .exact_allowed = potts_exact_allowed,
    .profile = potts_profile,
    .evaluate = mi_potts_evaluate,
    .scratch_create = mi_potts_scratch_create,
    .scratch_destroy = mi_potts_scratch_destroy,
    .masks_only = potts_masks_only,
    .sample = mi_potts_sample,
    .example_shape = potts_example_shape,
    .known_entropies = potts_known_entropies,
    .remark = potts_remark,
};
