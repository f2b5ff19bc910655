/* Bootstrap your own latent (Grill et al. 2020, arXiv 2006.07733). docs/distill.md. */
#ifndef MASKINFO_METHODS_BYOL_H
#define MASKINFO_METHODS_BYOL_H

#include "maskinfo/heads.h"
#include "siamese.h"

typedef struct mi_byol {
    mi_siamese siamese; /* the first, for its callbacks; its tensors hold both MLPs' too */
    mi_mlp projector, predictor;
    size_t size; /* of a projection */

    /* From `begin` on. */
    mi_scalar *targets; /* (B, 2, size): the teacher's projections, of length 1 */
    double deviation, effective_rank, cosine; /* of the last step */
} mi_byol;

extern const mi_parameter mi_byol_parameters[];

/* What a pass of one shard needs; the teacher's ends with the projector. Rows: views of samples. */
typedef struct mi_byol_work {
    mi_siamese_work siamese;
    mi_scalar *rows;      /* (rows, width): class tokens; their gradient */
    mi_scalar *projected; /* (rows, size) */
    mi_scalar *predicted; /* (rows, size); its length is 1 from the loss on */
    mi_scalar *inverse;   /* (rows) 1 / length before */
    mi_scalar *gradient;  /* (rows, size) of predicted, then of projected */
    mi_mlp_pass *projector, *predictor;
} mi_byol_work;

mi_byol_work mi_byol_carve(const mi_byol *byol, size_t samples, bool student, mi_arena *arena);

/* Callbacks of the class, byol_pass.c. The sum that mi_byol_shard adds beside the loss: */
enum { MI_SUM_COSINE = MI_SUM_OWN }; /* of prediction and target, mean over pairs */
mi_code mi_byol_prepare(const void *state, const mi_weights *weights, const mi_examples *batch,
                        size_t t, const mi_shard *shard, mi_status *status);
mi_code mi_byol_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                      const mi_shard *shard, mi_status *status);

#endif
