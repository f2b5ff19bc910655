/* Experiments: a document resolved against the parameter tables, and its run. */
#ifndef MASKINFO_EXPERIMENT_H
#define MASKINFO_EXPERIMENT_H

#include "maskinfo/analysis.h"
#include "maskinfo/document.h"
#include "maskinfo/lock.h"

/* Tables of the parts that every experiment file is made of; for reading, `list` and the docs. */
extern const mi_parameter mi_estimator_parameters[];
extern const mi_parameter mi_ratio_parameters[];
extern const mi_parameter mi_experiment_parameters[];    /* of "curve" and "compare" */
extern const mi_parameter mi_compare_parameters[];       /* of "compare" alone */
extern const mi_parameter mi_compare_curve_parameters[]; /* of each of its curves */
extern const mi_parameter mi_estimators_parameters[];    /* of "estimators" alone */
extern const mi_parameter mi_evaluation_parameters[];    /* "evaluation" of "train" */
extern const mi_parameter mi_train_probe_parameters[];   /* "probe" of "train" */
extern const mi_parameter mi_collapse_parameters[];      /* "collapse" of "train" */
extern const mi_parameter mi_maps_parameters[];          /* "maps" of "train" */
extern const mi_parameter mi_checks_parameters[];        /* of "checks" alone */
extern const mi_parameter mi_train_entry_parameters[];   /* of each of its runs */
extern const mi_parameter mi_probe_curve_parameters[];   /* of its "probe_curve" */
extern const mi_parameter mi_methods_parameters[];       /* of "methods" alone */
extern const mi_parameter mi_center_parameters[];        /* of "center" alone */
extern const mi_parameter mi_sweep_parameters[];         /* of "sweep" alone */
extern const mi_parameter mi_sweep_case_parameters[];    /* of each of its "cases" */
extern const mi_parameter mi_sweep_grid_parameters[];    /* of each axis in "grid" */
extern const mi_parameter mi_sweep_values_parameters[];  /* of "values" of an axis */
extern const mi_parameter mi_sweep_column_parameters[];  /* of each of its "columns" */
extern const mi_parameter mi_sweep_figure_parameters[];  /* of each of its "figures" */

/* One curve, resolved. */
typedef struct mi_curve_config {
    char *label;
    const mi_model_class *class;
    mi_values *model;
    const mi_mask_class *mask_class;
    mi_values *mask;
    mi_values *estimator;
    mi_values *entry; /* mi_compare_curve_parameters; NULL in a "curve" experiment */
    cJSON *style;     /* the same as JSON */
    double *ratios;   /* NULL: the default range */
    size_t ratio_count;
    uint64_t seed;
    char path[MI_PATH_SIZE]; /* where it stands in the document, for messages */
    cJSON *resolved;         /* itself a "curve" experiment, defaults filled in */
} mi_curve_config;

typedef enum mi_experiment_kind {
    MI_KIND_CURVE,
    MI_KIND_COMPARE,
    MI_KIND_ESTIMATORS, /* no curves: estimates against known truths */
    MI_KIND_TRAIN,
    MI_KIND_CHECKS,
    MI_KIND_METHODS, /* training runs of several methods, with several seeds */
    MI_KIND_CENTER,  /* no model: centring and collapse of self-distillation */
    MI_KIND_SWEEP    /* another experiment, many times */
} mi_experiment_kind;

typedef struct mi_experiment {
    mi_experiment_kind kind;
    char *file; /* for messages */
    char *title;
    char *question;          /* "" where the file has none */
    mi_curve_config *curves; /* one in a "curve" experiment */
    size_t count;
    struct mi_train_config *trains; /* one in a "train" experiment; of "checks" the runs, then those
                                       of the probe curve */
    size_t train_count;
    size_t probe_count;  /* of the probe curve */
    mi_values *settings; /* of the table of the kind; NULL in "curve" and "train" */
    uint64_t seed;       /* of "estimators", "checks" and "center" */
    cJSON *resolved;     /* the settings as JSON */
    double effort;
    struct mi_sweep *sweep; /* NULL in all other kinds */
} mi_experiment;

/* Find an experiment file: a path, or the name of one in experiments/ (of the current folder, then
 * of the installation). *ret_path is released with free(). */
mi_code mi_experiment_find(const char *name, char **ret_path, mi_status *status);

/* A data path of an experiment file, absolute or relative to the current folder, else to the
 * installation's home (the folder that holds experiments/ and data/). *ret_path: free(). */
mi_code mi_data_find(const char *path, char **ret_path, mi_status *status);

/* Names of the experiments that mi_experiment_find finds in folders, sorted. Each name and the
 * array are released with free(). */
mi_code mi_experiment_names(char ***ret_names, size_t *ret_count, mi_status *status);

/* Resolve a document. Faults are collected in `faults`; *ret_experiment is set where there are
 * none. Data files are not opened. */
mi_code mi_experiment_create(const cJSON *document, mi_faults *faults,
                             mi_experiment **ret_experiment, mi_status *status);
/* The same, given up with MI_INTERRUPTED where run->opt_interrupt asks for it: a sweep may have a
 * million units. */
mi_code mi_experiment_create_for(const cJSON *document, const mi_run *run, mi_faults *faults,
                                 mi_experiment **ret_experiment, mi_status *status);
void mi_experiment_destroy(mi_experiment *experiment); /* accepts NULL */

/* Build every model without its costly parts: reads the data files and adds what is wrong with
 * them, with the models' parameters, methods and ratios, to `faults`. */
mi_code mi_experiment_check(const mi_experiment *experiment, const mi_run *run, mi_faults *faults,
                            mi_status *status);

typedef struct mi_run_options {
    mi_run run;
    const char *opt_directory; /* where finished curves and runs, checkpoints, and a sweep's journal
                                  are kept for resuming */
    bool resume;
    /* Of a sweep alone. */
    bool changed;       /* resume: units that are not of this sweep any more do not matter */
    bool fresh;         /* forget what a journal holds */
    bool retry;         /* resume: compute failed units again */
    size_t part, parts; /* compute each unit of which (index mod parts) is part - 1, and make no
                           result; parts 0: all of them */
    mi_lock **opt_lock; /* the caller gets the lock of the folder together with a result, to keep it
                           while it writes that there: mi_lock_release. NULL: no need */
    int rank, ranks;    /* which one of how many processes that share it (ranks.h), of which only
                           the first makes a result; ranks 0 or 1: it is alone */
    double silence;     /* of several: seconds after which a silent one is taken for dead; 0: the
                           default */
} mi_run_options;

/* Compute. *ret_result (cJSON_Delete) has every field of the result but "files", which lists at
 * most those that were written on the way; of a part of a sweep it is NULL. Faults of the input
 * that show only now (data, chains, ratios) go to `faults`, with MI_INPUT returned. */
mi_code mi_experiment_run(const mi_experiment *experiment, const mi_run_options *options,
                          mi_faults *faults, cJSON **ret_result, mi_status *status);

#endif
