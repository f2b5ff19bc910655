#include "potts_gibbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autocorrelation.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "potts_plan.h"

enum {
    POOL = 64,
    FIRST_SWEEPS = 1024,
    MOST_SWEEPS = 1 << 15,
    MOST_UPDATES = 1 << 27 /* of sites in the measured chain: some seconds */
};
static const double reliable_lengths = 100, thinning_times = 5;

mi_potts_bath mi_potts_bath_of(const mi_lattice *lattice, size_t states, double coupling)
{
    mi_potts_bath bath = {.lattice = lattice, .states = states};
    for (int k = 0; k <= MI_MAX_NEIGHBORS; k++) {
        bath.weight[k] = exp(coupling * k);
    }
    return bath;
}

/* Weights of the symbols of a site given its neighbours, and their sum. */
static double weigh(const mi_potts_bath *bath, const unsigned char *symbols, size_t site,
                    double *weights)
{
    const mi_lattice *lattice = bath->lattice;
    unsigned char equal[MI_POTTS_STATES] = {0};
    double sum = 0;
    for (size_t e = 0; e < lattice->degree[site]; e++) {
        equal[symbols[lattice->neighbor[site][e]]]++;
    }
    for (size_t y = 0; y < bath->states; y++) {
        weights[y] = bath->weight[equal[y]];
        sum += weights[y];
    }
    return sum;
}

void mi_potts_bath_sweep(const mi_potts_bath *bath, const unsigned char *opt_hidden,
                         gsl_rng *stream, unsigned char *symbols, double *opt_sum)
{
    double weights[MI_POTTS_STATES];
    size_t q = bath->states;
    for (size_t site = 0; site < bath->lattice->sites; site++) {
        if (opt_hidden != NULL && !opt_hidden[site]) {
            continue;
        }
        double sum = weigh(bath, symbols, site, weights), rest = gsl_rng_uniform(stream) * sum;
        size_t y = 0;
        while (y + 1 < q && (rest -= weights[y]) >= 0) {
            y++;
        }
        symbols[site] = (unsigned char)y;
        for (size_t s = 0; opt_sum != NULL && s < q; s++) {
            opt_sum[site * q + s] += weights[s] / sum;
        }
    }
}

static void uniform_symbols(const mi_potts_bath *bath, const unsigned char *opt_hidden,
                            gsl_rng *stream, unsigned char *symbols)
{
    for (size_t i = 0; i < bath->lattice->sites; i++) {
        if (opt_hidden == NULL || opt_hidden[i]) {
            symbols[i] = (unsigned char)gsl_rng_uniform_int(stream, bath->states);
        }
    }
}

static double equal_edges(const mi_lattice *lattice, const unsigned char *symbols)
{
    size_t equal = 0;
    for (size_t i = 0; i < lattice->sites; i++) {
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            equal += symbols[i] == symbols[lattice->neighbor[i][e]];
        }
    }
    return (double)equal / 2;
}

/* Sum over symbols of the squared share of sites: 1 where all agree. */
static double order_parameter(const mi_potts_bath *bath, const unsigned char *symbols)
{
    size_t counts[MI_POTTS_STATES] = {0};
    double sum = 0, n = (double)bath->lattice->sites;
    for (size_t i = 0; i < bath->lattice->sites; i++) {
        counts[symbols[i]]++;
    }
    for (size_t y = 0; y < bath->states; y++) {
        sum += ((double)counts[y] / n) * ((double)counts[y] / n);
    }
    return sum;
}

/* A chain under way and the series measured along it. */
typedef struct walk {
    const mi_potts_bath *bath;
    const mi_run *run;
    gsl_rng *stream;
    unsigned char *symbols;
    double *energy, *order; /* (MOST_SWEEPS) */
    size_t length;
} walk;

static mi_code advance(walk *w, size_t sweeps, bool measure, mi_status *status)
{
    for (size_t t = 0; t < sweeps; t++) {
        if (mi_interrupted(w->run)) {
            return mi_fail(status, MI_INTERRUPTED, "interrupted during Gibbs sampling");
        }
        mi_potts_bath_sweep(w->bath, NULL, w->stream, w->symbols, NULL);
        if (measure) {
            w->energy[w->length] = equal_edges(w->bath->lattice, w->symbols);
            w->order[w->length++] = order_parameter(w->bath, w->symbols);
        }
    }
    return MI_OK;
}

static size_t longest_walk(size_t sites)
{
    size_t sweeps = MOST_UPDATES / sites;
    return sweeps > MOST_SWEEPS ? MOST_SWEEPS : sweeps < FIRST_SWEEPS ? FIRST_SWEEPS : sweeps;
}

/* Double the chain until its time is small against it; the first quarter is burn-in. */
static mi_code measure(walk *w, mi_potts_chain *chain, mi_status *status)
{
    size_t longest = longest_walk(w->bath->lattice->sites);
    for (size_t target = FIRST_SWEEPS; !chain->reliable && w->length < longest; target *= 2) {
        target = target > longest ? longest : target;
        mi_code code = advance(w, target - w->length, true, status);
        if (code != MI_OK) {
            return code;
        }
        size_t burn_in = w->length / 4;
        chain->measured = w->length - burn_in;
        double energy = mi_autocorrelation_time(w->energy + burn_in, chain->measured),
               order = mi_autocorrelation_time(w->order + burn_in, chain->measured);
        chain->time = energy > order ? energy : order;
        chain->reliable = (double)chain->measured >= reliable_lengths * chain->time;
    }
    size_t most = longest / 16, wanted = (size_t)ceil(thinning_times * chain->time);
    chain->thinning = wanted < most ? wanted : most;
    return MI_OK;
}

static mi_code fill_pool(walk *w, mi_potts_chain *chain, mi_status *status)
{
    size_t sites = w->bath->lattice->sites;
    mi_code code = MI_OK;
    for (chain->kept = 0; chain->kept < POOL && code == MI_OK; chain->kept++) {
        code = advance(w, chain->thinning, false, status);
        memcpy(chain->pool + chain->kept * sites, w->symbols, sites);
    }
    return code;
}

static mi_code walk_open(walk *w, mi_status *status)
{
    mi_code code = mi_stream_create(w->run->seed, MI_PURPOSE_CHAIN, 0, &w->stream, status);
    if (code == MI_OK) {
        code = mi_allocate(w->bath->lattice->sites, 1, &w->symbols, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(MOST_SWEEPS, sizeof *w->energy, &w->energy, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(MOST_SWEEPS, sizeof *w->order, &w->order, status);
    }
    return code;
}

static void walk_close(walk *w)
{
    gsl_rng_free(w->stream);
    free(w->symbols);
    free(w->energy);
    free(w->order);
}

mi_code mi_potts_chain_create(const mi_potts_bath *bath, const mi_run *run,
                              mi_potts_chain **ret_chain, mi_status *status)
{
    walk w = {.bath = bath, .run = run};
    mi_potts_chain *chain = NULL;
    mi_code code = mi_allocate(1, sizeof *chain, &chain, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_allocate(bath->lattice->sites, POOL, &chain->pool, status);
    if (code == MI_OK) {
        code = walk_open(&w, status);
    }
    if (code == MI_OK) {
        uniform_symbols(bath, NULL, w.stream, w.symbols);
        code = measure(&w, chain, status);
    }
    if (code == MI_OK) {
        code = fill_pool(&w, chain, status);
    }
    walk_close(&w);
    if (code != MI_OK) {
        mi_potts_chain_destroy(chain);
        return code;
    }
    *ret_chain = chain;
    return MI_OK;
}

void mi_potts_chain_destroy(mi_potts_chain *chain)
{
    if (chain != NULL) {
        free(chain->pool);
        free(chain);
    }
}

void mi_potts_chain_sample(const mi_potts_chain *chain, const mi_potts_bath *bath, gsl_rng *stream,
                           unsigned char *symbols)
{
    size_t sites = bath->lattice->sites, name[MI_POTTS_STATES];
    const unsigned char *start = chain->pool + gsl_rng_uniform_int(stream, chain->kept) * sites;
    mi_random_order(stream, name, bath->states);
    for (size_t i = 0; i < sites; i++) {
        symbols[i] = (unsigned char)name[start[i]];
    }
    for (size_t t = 0; t < chain->thinning; t++) {
        mi_potts_bath_sweep(bath, NULL, stream, symbols, NULL);
    }
}

void mi_potts_gibbs_posterior(const mi_potts_bath *bath, const unsigned char *hidden, size_t sweeps,
                              gsl_rng *stream, unsigned char *symbols, double *posterior)
{
    size_t q = bath->states;
    uniform_symbols(bath, hidden, stream, symbols);
    for (size_t t = 0; t < (sweeps + 3) / 4; t++) {
        mi_potts_bath_sweep(bath, hidden, stream, symbols, NULL);
    }
    memset(posterior, 0, bath->lattice->sites * q * sizeof *posterior);
    for (size_t t = 0; t < sweeps; t++) {
        mi_potts_bath_sweep(bath, hidden, stream, symbols, posterior);
    }
    for (size_t i = 0; i < bath->lattice->sites * q; i++) {
        posterior[i] /= (double)sweeps;
    }
}
