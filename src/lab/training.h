/* The "train" experiment: what the files train_*.c share. */
#ifndef MASKINFO_LAB_TRAINING_H
#define MASKINFO_LAB_TRAINING_H

#include "maskinfo/floor.h"
#include "resolve.h"

/* One training run, resolved. */
typedef struct mi_train_config {
    mi_curve_config curve; /* label, model, mask, estimator, seed, path; `resolved` is the whole run,
                              itself a "train" experiment */
    char *opt_group;       /* "text" or "image" */
    const mi_method_class *method_class;
    mi_values *method, *training, *evaluation;
    mi_values *opt_probe; /* NULL: none */
    mi_ratio ratio;
} mi_train_config;

/* Resolve one run: `own` is its object, `shared` what it inherits from (the same in a "train"
 * experiment), `ratio` its ratio where it is not to be read (NAN: read it). */
mi_code mi_train_resolve(mi_resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                         double ratio, mi_train_config *config);
void mi_train_config_free(mi_train_config *config); /* what it holds, not itself */

/* A single ratio, or the mean of the range. */
static inline bool mi_ratio_is_fixed(mi_ratio ratio)
{
    return ratio.low == ratio.high;
}

/* What a run is made of, built from its configuration. */
typedef struct mi_train_parts {
    mi_model *model;
    mi_source *source; /* NULL where the model was only validated and has no state */
    mi_source_shape shape;
    mi_method method;
    mi_layout tokens;
    mi_setting setting;
    char *identity;
    double ratios[MI_LIST_LIMIT + 1]; /* those of the evaluation, increasing */
    size_t ratio_count;
} mi_train_parts;

/* Build and check them; faults of the configuration go to `faults`, with MI_INPUT returned. With
 * run->validate_only models skip what is costly. Release in any case. */
mi_code mi_train_parts_open(const mi_train_config *config, const mi_run *run, mi_faults *faults,
                            mi_train_parts *parts, mi_status *status);
void mi_train_parts_close(mi_train_parts *parts);

/* Check a run without training. */
mi_code mi_train_check(const mi_train_config *config, const mi_run *run, mi_faults *faults,
                       mi_status *status);

/* A fault at a part of the run's configuration ("method"), as a status tells it. */
void mi_train_report(const mi_train_config *config, const char *part, const mi_status *status,
                     mi_faults *faults);

/* Loss, gradient norm and learning rate of every step so far, kept beside the checkpoint as
 * safetensors. */
typedef struct mi_history {
    size_t steps, capacity;
    double *loss, *norm, *rate; /* (capacity) */
} mi_history;

mi_code mi_history_create(size_t capacity, mi_history *ret_history, mi_status *status);
void mi_history_free(mi_history *history);
mi_code mi_history_save(const mi_history *history, const char *identity, const char *path,
                        mi_status *status);
/* The first `steps` steps of a file. MI_INPUT: another identity, fewer steps. */
mi_code mi_history_load(mi_history *history, const char *identity, size_t steps, const char *path,
                        mi_status *status);

/* Where a run keeps what it would need to go on. */
typedef struct mi_train_place {
    const char *opt_directory; /* NULL: nothing is kept */
    bool resume;
    bool keep_weights; /* write weights.safetensors when the training is done */
} mi_train_place;

/* A run in progress or done. */
typedef struct mi_train_state {
    const mi_train_config *config;
    mi_train_parts parts;
    mi_trainer *trainer;
    mi_history history;
    mi_weights weights;      /* the trained ones, to evaluate */
    double floor;            /* expected value of the loss at best, for the progress; NAN: unknown */
    double seconds, done;    /* of training, and steps in them */
    mi_floor_point *points;  /* (parts.ratio_count) */
    double *information;     /* (samples, ratio_count) */
} mi_train_state;

/* The loop over the steps: checkpoints, progress, interruption. */
mi_code mi_train_loop(mi_train_state *state, const mi_train_place *place, const mi_run *run,
                      mi_status *status);

/* Put the optimum { "ratio", "low", "high", "objective" } of the points, or null and
 * NAME_reason, into the result. */
mi_code mi_train_put_evaluation(mi_writer *w, const mi_train_state *state, const mi_run *run,
                                cJSON *result, mi_status *status);
/* "exact_curve" and "exact_optimum". */
mi_code mi_train_put_exact(mi_writer *w, const mi_train_state *state, const mi_run *run,
                           cJSON *result, mi_status *status);
/* "pictures". */
mi_code mi_train_put_pictures(mi_writer *w, const mi_train_state *state, const mi_run *run,
                              cJSON *result, mi_status *status);
/* "probe", and the accuracies in "evaluation". */
mi_code mi_train_put_probe(mi_writer *w, const mi_train_state *state, const mi_run *run,
                           cJSON *result, mi_status *status);

/* The whole run. *ret_result has every field but "files". */
mi_code mi_train_run(const mi_train_config *config, const mi_train_place *place, const mi_run *run,
                     mi_faults *faults, cJSON **ret_result, mi_status *status);

#endif
