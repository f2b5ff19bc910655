/* The "train" experiment: what the files train_*.c share. */
#ifndef MASKINFO_LAB_TRAINING_H
#define MASKINFO_LAB_TRAINING_H

#include "maskinfo/floor.h"
#include "resolve.h"

/* One training run, resolved. */
typedef struct mi_train_config {
    mi_curve_config curve; /* label, model, mask, estimator, seed, path; `resolved` is the whole
                              run, itself a "train" experiment */
    bool listed;           /* one of the runs of "checks" */
    char *opt_group;       /* "text" or "image", where that is given */
    double probe_ratio;    /* of a run of the probe curve; else NAN */
    const mi_method_class *method_class;
    mi_values *method, *training, *evaluation;
    mi_values *opt_probe; /* NULL: none */
    mi_values *collapse;  /* limits */
    mi_values *maps;
    mi_ratio ratio;
} mi_train_config;

/* Resolve one run: `own` is its object, `shared` what it inherits from (the same in a "train"
 * experiment), `ratio` its ratio where it is not to be read (NAN: read it). */
mi_code mi_train_resolve(mi_resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                         double ratio, mi_train_config *config);
/* The one run of a "train" experiment, and the runs of "checks". */
mi_code mi_train_resolve_single(mi_resolver *r, const cJSON *document, mi_experiment *e);
mi_code mi_checks_resolve(mi_resolver *r, const cJSON *document, mi_experiment *e);
mi_code mi_checks_check(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                        mi_status *status);
mi_code mi_checks_run(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                      cJSON **ret_result, mi_status *status);
void mi_train_config_free(mi_train_config *config); /* what it holds, not itself */

/* Not drawn anew for each example? */
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
    mi_source *probes[2]; /* labelled images to learn from and to judge by; NULL: none given */
    bool borrowed;        /* model, source and probes are another's */
} mi_train_parts;

/* Build and check them; faults of the configuration go to `faults`, with MI_INPUT returned. With
 * run->validate_only models skip what is costly. Model and data are taken from opt_lender where
 * there is one, which has the same ones. Release in any case, before the lender. */
mi_code mi_train_parts_open(const mi_train_config *config, const mi_run *run,
                            const mi_train_parts *opt_lender, mi_faults *faults,
                            mi_train_parts *parts, mi_status *status);
void mi_train_parts_close(mi_train_parts *parts);

/* The labelled images of the probe, where there are some; faults of them to `faults`. */
mi_code mi_train_probe_open(const mi_train_config *config, mi_train_parts *parts, mi_faults *faults,
                            mi_status *status);

/* Check runs without training; those behind the first have its model and data. */
mi_code mi_train_check(const mi_train_config *configs, size_t count, const mi_run *run,
                       mi_faults *faults, mi_status *status);

/* Loss, gradient norm, learning rate and the method's monitors of every step so far, kept beside
 * the checkpoint as safetensors. */
typedef struct mi_history {
    size_t steps, capacity;
    double *loss, *norm, *rate;   /* (capacity) */
    const mi_monitor *monitored;  /* (monitors): the method's list; NULL: it has none */
    size_t monitors;              /* at most MI_MONITORS */
    double *monitor[MI_MONITORS]; /* (capacity) each; NAN: not taken in that step */
} mi_history;

mi_code mi_history_create(size_t capacity, const mi_monitor *opt_monitored, mi_history *ret_history,
                          mi_status *status);
/* A monitor's values by its name; NULL: the method has none of it. */
const double *mi_history_find(const mi_history *history, const char *name);
void mi_history_free(mi_history *history);
/* Mean of values[from .. to-1] that are finite (a batch without a masked token has no loss); NAN
 * where none is. */
double mi_history_mean(const double *values, size_t from, size_t to);
mi_code mi_history_save(const mi_history *history, const char *identity, const char *path,
                        mi_status *status);
/* The first `steps` steps of a file. MI_INPUT: another identity, fewer steps. */
mi_code mi_history_load(mi_history *history, const char *identity, size_t steps, const char *path,
                        mi_status *status);

/* Stretches of the steps that a result has means of: a result stays readable however long the
 * training. */
size_t mi_train_stretches(const mi_history *history);

/* The result of another run with the same model, probe and seed: what its probe found of the raw
 * values holds for this run, too, and of the untrained encoder where that is the same. */
typedef struct mi_known_probe {
    const cJSON *opt_run; /* NULL: none */
    bool same_encoder;
} mi_known_probe;

/* Where a run keeps what it would need to go on. */
typedef struct mi_train_place {
    const char *opt_directory; /* NULL: nothing is kept */
    bool resume;
    bool lasting; /* a checkpoint of another configuration is refused, else passed over; the weights
                     are written when the training is done */
    mi_known_probe known;
} mi_train_place;

/* Paths of what is kept: "checkpoint", "history", "weights". Returns path. */
enum { MI_TRAIN_PATH = 4096 };
const char *mi_train_file(const char *directory, const char *name, char path[MI_TRAIN_PATH]);

/* A run in progress or done. */
typedef struct mi_train_state {
    const mi_train_config *config;
    mi_known_probe known; /* as the place's */
    mi_train_parts parts;
    mi_trainer *trainer;
    mi_history history;
    mi_weights weights;     /* the trained ones, to evaluate */
    double floor;           /* least possible loss, for the progress; NAN: unknown */
    double seconds;         /* of the training in this process */
    size_t done;            /* steps in them */
    mi_floor_point *points; /* (parts.ratio_count) */
    mi_floor_point trained; /* under masks as in training */
    double *information;    /* (samples, parts.ratio_count) */
} mi_train_state;

/* The loop over the steps: checkpoints, progress, interruption. */
mi_code mi_train_loop(mi_train_state *state, const mi_train_place *place, const mi_run *run,
                      mi_status *status);

/* Why there is no held-out loss and no floor; NULL where there is one. */
const char *mi_train_no_prediction(const mi_train_state *state);

/* What the result has of the trained network: "evaluation" (returned too, for the probe to add to),
 * "points" and "optimum"; "exact_curve" and "exact_optimum"; "pictures"; "probe". */
mi_code mi_train_put_evaluation(mi_writer *w, mi_train_state *state, const mi_run *run,
                                cJSON *result, mi_status *status);
mi_code mi_train_put_exact(mi_writer *w, const mi_train_state *state, const mi_run *run,
                           mi_faults *faults, cJSON *result, mi_status *status);
mi_code mi_train_put_pictures(mi_writer *w, const mi_train_state *state, const mi_run *run,
                              cJSON *result, mi_status *status);
mi_code mi_train_put_probe(mi_writer *w, const mi_train_state *state, const mi_run *run,
                           cJSON *result, mi_status *status);

/* "monitors" and "collapse". */
void mi_train_put_monitors(mi_writer *w, const mi_train_state *state, cJSON *result);
void mi_train_put_collapse(mi_writer *w, const mi_train_state *state, cJSON *result);
/* Is there a collapse, so far? Then what is to be said of it. */
bool mi_train_find_collapse(const mi_train_state *state, char *text, size_t size);

/* An optimum as { "ratio", "low", "high", "objective", ... }; null, with NAME_reason, where it is
 * not valid. */
void mi_train_put_optimum(mi_writer *w, cJSON *result, const char *name, const mi_optimum *optimum);

/* Features of the frozen encoder, of examples 0 .. count-1 of a source and a part. */
typedef struct mi_feature_request {
    const mi_method *method;
    const mi_weights *opt_weights; /* NULL: the pixels themselves */
    const mi_source *source;
    mi_part part;
    size_t count;
    size_t tokens;  /* 0: of whole examples; else of so many tokens of each, drawn for each anew, or
                       all in their order */
    bool attention; /* also what the class token attends to; of all tokens alone */
} mi_feature_request;

typedef struct mi_feature_set {
    size_t count, size;   /* vectors: examples times tokens, that of an example together */
    mi_scalar *features;  /* (count, size) */
    int *labels;          /* (count) */
    size_t heads;         /* 0: no attention */
    mi_scalar *attention; /* (examples, heads, tokens); NULL: none */
} mi_feature_set;

mi_code mi_train_features(const mi_feature_request *request, const mi_run *run,
                          mi_feature_set *ret_set, mi_status *status);
void mi_feature_set_free(mi_feature_set *set); /* what it holds, not itself */

/* "maps". */
mi_code mi_train_put_maps(mi_writer *w, const mi_train_state *state, const mi_run *run,
                          cJSON *result, mi_status *status);
/* Append a number with the six digits that pictures are written with. */
void mi_train_append_coarse(mi_writer *w, cJSON *array, double value);

/* Finished runs of a list, kept in DIRECTORY/partial as curves of a comparison are, and the
 * folder of the checkpoints of one that is not finished. */
cJSON *mi_partial_load_run(const char *directory, size_t index, const mi_train_config *config);
mi_code mi_partial_save_run(const char *directory, size_t index, const mi_train_config *config,
                            const cJSON *run, mi_status *status);
void mi_partial_checkpoints(const char *directory, size_t index, char *path, size_t size);
void mi_partial_remove_checkpoints(const char *directory, size_t index);
void mi_partial_remove_runs(const char *directory, size_t count);

/* Training runs one after the other. `lends`: those that share model, probe and seed with the one
 * before take them from it. */
typedef struct mi_train_list {
    const mi_experiment *e;
    const mi_run_options *options;
    mi_faults *faults;
    mi_status *status;
    bool lends;
    const mi_train_config *opt_lent; /* whose parts the lender has; NULL: none */
    mi_train_parts lender;
    const mi_train_config *opt_probed; /* the last run that had a probe, and its result */
    const cJSON *opt_run;
} mi_train_list;

/* Do two runs have the same model, probe and seed? */
bool mi_train_shares(const mi_train_config *a, const mi_train_config *b);

/* Run `index`, or what was kept of it where a finished one is to be resumed. The result is the
 * caller's, who keeps it until the list is done. Messages of failures begin with the run's label.
 */
mi_code mi_train_list_run(mi_train_list *list, size_t index, cJSON **ret_run);
void mi_train_list_close(mi_train_list *list); /* of what it lends; not itself */

/* A run's configuration with its label, as it stands in an experiment file. */
cJSON *mi_train_list_entry(mi_writer *w, const cJSON *run);
double mi_train_list_seconds(const cJSON *runs);

/* The entry `index` of "runs" of an experiment that lists some, and the fault of an item that is no
 * object. */
mi_code mi_train_resolve_entry(mi_resolver *r, const cJSON *entry, const cJSON *document,
                               size_t index, const char *const *keys, mi_train_config *configs);
bool mi_resolve_is_object(mi_resolver *r, const cJSON *item, const char *path);

/* The "methods" experiment. */
mi_code mi_methods_resolve(mi_resolver *r, const cJSON *document, mi_experiment *e);
mi_code mi_methods_check(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                         mi_status *status);
mi_code mi_methods_run(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                       cJSON **ret_result, mi_status *status);
/* "table", "baselines" and "outcomes" of the runs in its result. */
mi_code mi_methods_put_table(const mi_experiment *e, cJSON *result, mi_status *status);

/* "table", "linear_mae" and "probe_curve" of the runs of "checks" in the result. */
mi_code mi_checks_put_table(cJSON *result, mi_status *status);
mi_code mi_checks_put_linear(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                             cJSON *result, mi_status *status);
mi_code mi_checks_linear_check(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                               mi_status *status);
mi_code mi_checks_put_probe_curve(const mi_experiment *e, const cJSON *probes, mi_faults *faults,
                                  cJSON *result, mi_status *status);

/* The whole run; opt_lender as above. *ret_result has every field, "files" those written so far. */
mi_code mi_train_run(const mi_train_config *config, const mi_train_parts *opt_lender,
                     const mi_train_place *place, const mi_run *run, mi_faults *faults,
                     cJSON **ret_result, mi_status *status);

#endif
