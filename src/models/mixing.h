/* The mixing chain's state, and its exact posterior under one mask at O(1) per site. */
#ifndef MASKINFO_MODELS_MIXING_H
#define MASKINFO_MODELS_MIXING_H

#include "maskinfo/model.h"
#include "zipf.h"

typedef struct mi_mixing {
    double rho;
    size_t length; /* 0: infinite */
    size_t gaps;   /* number of gap entropies that differ from H */
    mi_zipf *law;
    double *cumulative; /* (V) of the law, to draw from; NULL where infinite */
} mi_mixing;

/* As in mi_model_class; the state is an mi_mixing. */
mi_code mi_mixing_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                           gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                           mi_status *status);
mi_code mi_mixing_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                         mi_status *status);
mi_code mi_mixing_scratch_create(const void *state, void **ret_scratch, mi_status *status);
void mi_mixing_scratch_destroy(void *scratch);

#endif
