/* What the files of the trainer share. */
#ifndef MASKINFO_METHODS_TRAINER_H
#define MASKINFO_METHODS_TRAINER_H

#include "maskinfo/train.h"

struct mi_trainer_parts {
    const mi_tensors *tensors; /* of the method */
    mi_arena block;            /* weights, moments, gradient, batch */
    mi_scalar *opt_average_transposed;
    mi_shards *shards;
    int threads;      /* that there is scratch memory for */
    void **scratch;   /* (threads) of the source */
    mi_layout layout; /* of the tokens */
    mi_examples batch;
};

/* The run with at most as many threads as the trainer was made for. */
mi_run mi_trainer_run(const mi_trainer *trainer, const mi_run *run);

/* Carve the batch of the setting. */
void mi_trainer_carve_batch(const mi_setting *setting, mi_arena *arena,
                            struct mi_trainer_parts *parts);

/* Draw the batch of the step that is due. */
mi_code mi_trainer_draw(mi_trainer *trainer, const mi_run *run, mi_status *status);

#endif
