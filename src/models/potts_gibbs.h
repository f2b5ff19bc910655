/* Gibbs sampling of a Potts field by single-site heat bath (Geman and Geman 1984): approximate
 * samples and posteriors at sizes where no exact sum is possible. */
#ifndef MASKINFO_MODELS_POTTS_GIBBS_H
#define MASKINFO_MODELS_POTTS_GIBBS_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>

#include "lattice.h"
#include "maskinfo/run.h"

/* What the heat bath knows of the field. */
typedef struct mi_potts_bath {
    const mi_lattice *lattice;
    size_t states;
    double weight[MI_MAX_NEIGHBORS + 1]; /* e^(coupling * number of equal neighbours) */
} mi_potts_bath;

mi_potts_bath mi_potts_bath_of(const mi_lattice *lattice, size_t states, double coupling);

/* Update the sites with opt_hidden[i] != 0 (NULL: all) once in turn. opt_sum (sites, q) gains the
 * probabilities that each was drawn from. */
void mi_potts_bath_sweep(const mi_potts_bath *bath, const unsigned char *opt_hidden,
                         gsl_rng *stream, unsigned char *symbols, double *opt_sum);

/* Configurations of one long chain, `thinning` sweeps apart. */
typedef struct mi_potts_chain {
    double time;     /* integrated autocorrelation time, sweeps: the larger one of the
                        energy's and of the sum of squared shares of the symbols */
    size_t measured; /* sweeps that it was measured on */
    bool reliable;   /* they are at least 100 times the time */
    size_t thinning; /* 5 times the time, where the effort permits */
    size_t kept;
    unsigned char *pool; /* (kept, sites) */
} mi_potts_chain;

/* Run the chain of the run's seed: burn-in and measurement, doubled until reliable or too long;
 * then the pool. */
mi_code mi_potts_chain_create(const mi_potts_bath *bath, const mi_run *run,
                              mi_potts_chain **ret_chain, mi_status *status);
void mi_potts_chain_destroy(mi_potts_chain *chain); /* accepts NULL */

/* A configuration (sites) keyed by the stream alone: one of the pool, its symbols permuted at
 * random (the field does not care which is which), and `thinning` sweeps from there. */
void mi_potts_chain_sample(const mi_potts_chain *chain, const mi_potts_bath *bath, gsl_rng *stream,
                           unsigned char *symbols);

/* Posterior of the hidden sites given the visible symbols: posterior[i q + y], (sites, q), the mean
 * over `sweeps` sweeps of the probabilities of the heat bath, after a quarter as many of burn-in
 * from uniform symbols. The hidden symbols are overwritten. */
void mi_potts_gibbs_posterior(const mi_potts_bath *bath, const unsigned char *hidden, size_t sweeps,
                              gsl_rng *stream, unsigned char *symbols, double *posterior);

#endif
