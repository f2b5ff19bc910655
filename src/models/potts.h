/* The state of a Potts field and what a mask tells of it. */
#ifndef MASKINFO_MODELS_POTTS_H
#define MASKINFO_MODELS_POTTS_H

#include "maskinfo/model.h"
#include "potts_belief.h"
#include "potts_gibbs.h"
#include "potts_sweep.h"

typedef enum mi_potts_inference {
    MI_POTTS_EXACT,
    MI_POTTS_GIBBS,
    MI_POTTS_BELIEF
} mi_potts_inference;

typedef struct mi_potts {
    mi_lattice *lattice;
    size_t states; /* q */
    double coupling;
    int neighbors;
    mi_potts_inference inference; /* of posteriors */
    size_t sweeps;                /* of a Gibbs posterior */
    size_t frontier;
    mi_potts_sweep *whole; /* the field with nothing visible, for exact samples; NULL: by Gibbs */
    double log_z, entropy; /* where `whole` is there */
    mi_potts_bath bath;
    mi_potts_chain *chain;  /* NULL where samples are exact */
    double bethe_log_z;     /* of approximations */
    size_t probes, settled; /* belief propagation on trial masks: how many, how many converged */
    size_t iterations;      /* most iterations of one that did */
} mi_potts;

/* As in mi_model_class; the state is an mi_potts. */
mi_code mi_potts_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                          gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                          mi_status *status);
mi_code mi_potts_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                        mi_status *status);
mi_code mi_potts_scratch_create(const void *state, void **ret_scratch, mi_status *status);
void mi_potts_scratch_destroy(void *scratch);

/* A configuration (sites) of the field, drawn exactly or by Gibbs sampling. */
void mi_potts_draw(const mi_potts *potts, gsl_rng *stream, unsigned char *symbols);

/* The number of edges whose ends have equal symbols. */
size_t mi_potts_equal_edges(const mi_lattice *lattice, const unsigned char *symbols);

/* Values from a table, checked; and the sizes at which sums are exact, MI_INPUT naming the
 * frontier where they are not. */
mi_code mi_potts_check(const mi_values *values, mi_status *status);
mi_code mi_potts_exact_fits(size_t rows, size_t columns, int neighbors, size_t states,
                            mi_status *status);

extern const mi_parameter mi_potts_parameters[];

#endif
