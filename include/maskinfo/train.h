/* The training loop: batches of a source, masks, the method's gradient over shards, clipping,
 * AdamW, checkpoints.
 *
 *     mi_trainer_create(&setting, &run, &trainer, &status);
 *     while (trainer->step < setting.training.steps) {
 *         mi_trainer_step(trainer, &run, &status);
 *     }
 *     mi_trainer_save(trainer, "plots/mae-gmrf/checkpoint.safetensors", &status);
 */
#ifndef MASKINFO_TRAIN_H
#define MASKINFO_TRAIN_H

#include "maskinfo/method.h"
#include "maskinfo/optimizer.h"

extern const mi_parameter mi_training_parameters[]; /* steps, batch, shards, rate, ... */

typedef struct mi_training {
    size_t steps, batch, shards;
    mi_schedule schedule;
    mi_adamw adamw;
    double clip; /* largest norm of the gradient; 0: none */
    double
        momentum; /* of the averaged weights that are evaluated; 0: the last ones. At step t,
                     from 0, at most (1+t)/(10+t), so that the first weights are soon forgotten */
    size_t checkpoint_every; /* steps; 0: none on the way. For the caller, who saves */
    size_t memory;           /* bytes, for the setting's limit */
} mi_training;

/* From values bound to mi_training_parameters. */
mi_training mi_training_of(const mi_values *values);

/* Share of masked tokens of each sample: uniform in [low, high]; fixed where they are equal, and
 * `"ratio": "uniform"` is [0, 1]. */
typedef struct mi_ratio {
    double low, high;
} mi_ratio;

/* Draw the mask of a sample: the ratio (uniform among those in the range, for a strategy that can
 * not have all), then the strategy. A draw of a positive ratio that leaves everything visible or
 * everything masked is kept for the loss as it is. */
void mi_ratio_mask(mi_ratio ratio, const mi_masking *masking, mi_layout layout, gsl_rng *stream,
                   unsigned char *masked);

/* What it points to is the caller's and outlives the trainer. */
typedef struct mi_setting {
    mi_method method;
    const mi_source *source;
    mi_masking masking;
    mi_ratio ratio;
    mi_training training;
    const char
        *identity; /* of the configuration: a checkpoint of another one is refused. NULL: "" */
    size_t memory_limit; /* bytes; MI_INPUT beyond, with the figure; 0: none */
} mi_setting;

typedef struct mi_trainer {
    mi_setting setting;
    size_t step;          /* steps done */
    double loss;          /* of the last step, on its batch before the update; NAN before the first
                             one, and of a batch without a masked token for a method of one mask an
                             example, which changes nothing */
    double gradient_norm; /* before clipping */
    double rate;          /* learning rate */
    size_t bytes;         /* of all its blocks */
    mi_scalar *values, *transposed, *gradient, *first, *second; /* (tensors->total) */
    mi_scalar *opt_average;                                     /* NULL: no averaging */
    struct mi_trainer_parts *parts;                             /* shards, batch, scratch */
    double monitors[MI_MONITORS]; /* of the last step, as the class lists them */
} mi_trainer;

/* Bytes that a trainer of the setting will take on run->threads threads, computed without making
 * it. MI_INPUT: more than memory_limit; the message says both. */
mi_code mi_trainer_bytes(const mi_setting *setting, const mi_run *run, size_t *ret_bytes,
                         mi_status *status);

/* Fresh weights of run->seed. */
mi_code mi_trainer_create(const mi_setting *setting, const mi_run *run, mi_trainer **ret_trainer,
                          mi_status *status);
void mi_trainer_destroy(mi_trainer *trainer); /* accepts NULL */

/* One step; nothing is allocated. Example and mask of place b of step t come from the streams
 * (seed, MI_PURPOSE_EXAMPLE, t batch + b) and (seed, MI_PURPOSE_EXAMPLE_MASK, t batch + b), which
 * gives the masks of all views in turn. In order: prepare over shards, settle, shard, clipping and
 * AdamW, after_step, read_monitors.
 * MI_NUMERIC: loss or gradient is not finite: step, layer or tensor named. However it fails, or is
 * interrupted, the weights are as they were before. */
mi_code mi_trainer_step(mi_trainer *trainer, const mi_run *run, mi_status *status);

/* The weights to evaluate: those that the method says (a teacher's), else averaged ones where there
 * are, else the last; transposed ones up to date. */
mi_code mi_trainer_weights(mi_trainer *trainer, const mi_run *run, mi_weights *ret_weights,
                           mi_status *status);

/* MI_NUMERIC, step and tensor named, where a weight, a moment or another number of a checkpoint is
 * not finite: such a checkpoint could not be gone on from. */
mi_code mi_trainer_check(const mi_trainer *trainer, mi_status *status);

/* Everything that the next step depends on, and back bit for bit: weights under their own names,
 * moments under "adamw.first." and "adamw.second.", averages under "average.", a teacher under
 * "teacher.", what else the method keeps under "state.", metadata "maskinfo",
 * "identity", "step", "seed". MI_INPUT: as for mi_safetensors_read, another identity, another seed;
 * the trainer is as it was before. */
mi_code mi_trainer_save(const mi_trainer *trainer, const mi_run *run, const char *path,
                        mi_status *status);
mi_code mi_trainer_load(mi_trainer *trainer, const mi_run *run, const char *path,
                        mi_status *status);

#endif
