/* The general first-order chain's state, its gap entropies and its exact posterior under a mask. */
#ifndef MASKINFO_MODELS_MARKOV_H
#define MASKINFO_MODELS_MARKOV_H

#include "gaps.h"
#include "maskinfo/model.h"

typedef struct mi_markov {
    size_t states;      /* V */
    size_t length;      /* 0: infinite */
    double *transition; /* P (V, V), row-major; rows sum to 1 */
    double *stationary; /* (V), all positive */
} mi_markov;

/* H_g = H(X_g | X_0) from powers of P up to the gap where H - H_g is below 1e-17, or to length-1.
 * O(G V^3), over blocks of rows in parallel. */
mi_code mi_markov_gaps(const mi_markov *chain, const mi_run *run, mi_gaps **ret_gaps,
                       mi_status *status);

/* H(X) and I_1 = H(X) - H(X_1 | X_0). */
void mi_markov_entropies(const mi_markov *chain, double *ret_entropy, double *ret_information);

/* As in mi_model_class; the state is an mi_markov. O(V^2) per site. */
mi_code mi_markov_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                           gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                           mi_status *status);
mi_code mi_markov_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                         mi_status *status);
mi_code mi_markov_scratch_create(const void *state, void **ret_scratch, mi_status *status);
void mi_markov_scratch_destroy(void *scratch);

#endif
