/* The one interface of every source of tokens. A model is a constant class (name, documentation,
 * parameter table, callbacks) and a state. Callbacks that a model can not offer are NULL.
 *
 *     mi_model *model;
 *     if (mi_model_create(mi_model_find("gmrf"), values, &run, &model, &status)) { ... }
 *     mi_profile *profile;
 *     model->class->profile(model->state, samples, &run, &profile, &status);
 *     mi_profile_destroy(profile);
 *     mi_model_destroy(model);
 */
#ifndef MASKINFO_MODEL_H
#define MASKINFO_MODEL_H

#include <gsl/gsl_rng.h>

#include "maskinfo/parameter.h"
#include "maskinfo/profile.h"
#include "maskinfo/run.h"

typedef struct mi_shape {
    int dimensions;       /* 1: sequence, 2: grid */
    size_t sites;         /* N; 0: infinite */
    size_t rows, columns; /* of the grid; (1, N) for a sequence */
    size_t vocabulary;    /* V; 0: continuous */
} mi_shape;

/* What an infinite stationary sequence has under Bernoulli masks of one ratio, nats per site. */
typedef struct mi_rates {
    double entropy;             /* H(X) */
    double conditional_entropy; /* h(r) */
    double joint_information;   /* rate of I(x_m; x_v) per site */
} mi_rates;

/* Where the sites of an evaluated mask are drawn from; the data that a model was fitted on are for
 * `example` alone. */
typedef enum mi_origin { MI_FROM_MODEL, MI_FROM_HELD_OUT, MI_FROM_FITTED } mi_origin;

/* What one mask on one draw tells. Sums over masked sites divided by their number, in nats. */
typedef struct mi_mask_result {
    double marginal_entropy;     /* mean over masked sites of H(X_i); where sites are held out, the
                                    mean of -log p(x_i) of the model's marginal */
    double conditional_entropy;  /* mean over masked sites of the entropy of p(x_i | x_v) */
    double cross_entropy;        /* mean over masked sites of -log p(x_i | x_v) at the drawn x_i */
    double joint_information;    /* estimate of I(x_m; x_v) of this mask, divided by N */
    double mse;                  /* as MI_MSE; 0 for discrete models */
    double neighbor_entropy;     /* MI_TELLS_NEIGHBORS: mean over masked sites of the entropy of
                                    p(x_i | those of x_v that are lattice neighbours of i) */
    double class_information;    /* MI_TELLS_CLASS: estimate of I(C; x_v), not per site */
    size_t unit;                 /* MI_TELLS_UNIT: number of the image (or group of images) that was
                                    drawn; only different ones are independent replicates */
    double semantic_information; /* MI_TELLS_CLASS: mean over masked sites of the estimate of
                                    I(X_i; C) - I(X_i; C | x_v) */
} mi_mask_result;

/* What a model tells beyond entropies: the series MI_NEIGHBORS, MI_CLASS and MI_SEMANTIC of its
 * profile, and the fields of mi_mask_result. */
enum { MI_TELLS_NEIGHBORS = 1, MI_TELLS_CLASS = 2, MI_TELLS_UNIT = 4 };

/* What is known of one example given its visible sites, where the model has more than entropies to
 * tell. */
typedef struct mi_mask_posterior {
    mi_mask_result result; /* as of `evaluate`, without joint information; the cross-entropy over
                              all channels */
    double *values;        /* (rows, columns, channels) the example, as `example` draws it */
    double *mean;          /* likewise E(x | x_v): at visible sites x itself */
    double *classes;       /* (classes) p(C | x_v), where there are labels */
} mi_mask_posterior;

/* What `example` draws: pixels of one or more channels, or symbols. */
typedef struct mi_example_shape {
    size_t rows, columns, channels; /* of pixels; of symbols, channels 1 */
    size_t site_rows, site_columns; /* pixels of a site */
    size_t classes;                 /* labels are 0 .. classes - 1; 0: there are none */
    double mean, deviation;         /* of pixels: mean over all of them, and the root of the mean
                                       over places and channels of the variance there, so that the
                                       best constant at each place has the squared error 1 */
    double grain;                   /* step of values that are whole numbers; entropies are those
                                       with uniform noise of one step; 0: continuous */
    double log_unit;                /* nats that the entropy of a site in these values is less
                                       than that of the values as they are */
    bool data;          /* drawn from data, of which a part is held out; else from the model */
    bool approximate;   /* `evaluate` is: no floor */
    bool needs_scratch; /* else `example` accepts NULL */
} mi_example_shape;

typedef struct mi_model_class {
    const char *name;
    const char *summary; /* one line */
    const mi_parameter *parameters;
    unsigned tells; /* MI_TELLS_... */
    bool discrete;  /* of symbols, else of real values */

    /* Build the state. Faults in values are reported by mi_fail_at with the parameter's name. */
    mi_code (*create)(const mi_values *values, const mi_run *run, void **ret_state,
                      mi_status *status);
    void (*destroy)(void *state); /* accepts NULL */
    mi_shape (*shape)(const void *state);

    /* Can `profile` (finite) or `rates` (infinite) answer at this size? On refusal the message says
     * why and what would. NULL: always, where the callback itself is there. */
    mi_code (*exact_allowed)(const void *state, mi_status *status);

    /* The profile by the model's exact algorithm. `samples` is the number of random orders where
     * the average over masks is sampled; models whose average is closed ignore it and set
     * profile->exact. Finite models. */
    mi_code (*profile)(const void *state, size_t samples, const mi_run *run,
                       mi_profile **ret_profile, mi_status *status);

    /* Infinite sequences: (replicates, count) rates at `count` ratios in *ret_rates (free());
     * *ret_replicates is 1 where exact. */
    mi_code (*rates)(const void *state, const double *ratios, size_t count, const mi_run *run,
                     mi_rates **ret_rates, size_t *ret_replicates, mi_status *status);

    /* Exact posterior of one mask: draw a configuration from `draw`, then evaluate the masked sites
     * (masked[i] != 0; at least one). Re-setting `draw` to the same key draws the same
     * configuration, whatever the mask. wants_joint false leaves joint_information 0. scratch comes
     * from scratch_create, one per thread. Finite models. */
    mi_code (*evaluate)(const void *state, const unsigned char *masked, mi_origin origin,
                        gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                        mi_status *status);
    mi_code (*scratch_create)(const void *state, void **ret_scratch, mi_status *status);
    void (*scratch_destroy)(void *scratch); /* accepts NULL */

    /* The same profile as mi_posterior_profile has by calling `evaluate` for each k, where the
     * model has it faster: replicate j draws from the streams (seed, MI_PURPOSE_SAMPLE, j) and
     * (seed, MI_PURPOSE_ORDER, j), and fills every series that the model tells. NULL: by
     * `evaluate`. */
    mi_code (*posterior_profile)(const void *state, size_t samples, const mi_run *run,
                                 mi_profile **ret_profile, mi_status *status);

    /* Is one mask so costly that the posterior is had at the asked ratios alone, mask by mask,
     * without a profile? NULL: no. */
    bool (*masks_only)(const void *state);

    /* Can `evaluate` answer? (MI_INPUT says why not and what would.) NULL: always, where it is
     * there. */
    mi_code (*evaluate_allowed)(const void *state, mi_status *status);

    /* Draw a configuration, (sites) numbers: symbols 0..V-1 of a discrete model, the first channel
     * of a continuous one. scratch as for evaluate. NULL: the model can not be sampled. */
    mi_code (*sample)(const void *state, gsl_rng *draw, void *scratch, double *values,
                      mi_status *status);

    /* Examples for training: MI_FROM_MODEL (the same configuration as `sample` and `evaluate` draw
     * from the same key, with all channels), or where they are data MI_FROM_FITTED and
     * MI_FROM_HELD_OUT. values is (rows, columns, channels); *ret_label the class, or -1. NULL:
     * `sample` draws them; a model that has neither has no examples. example_shape refuses
     * (MI_INPUT) where it could not; NULL: the sites are exact, one channel. Finite models. */
    mi_code (*example_shape)(const void *state, mi_example_shape *ret_shape, mi_status *status);
    mi_code (*example)(const void *state, mi_origin origin, gsl_rng *draw, void *scratch,
                       double *values, int *ret_label, mi_status *status);

    /* The posterior of a mask on the example that `example` draws from the same key (of data, a
     * held-out one), with its means; the masked sites as for `evaluate`. NULL: `evaluate` is all
     * there is. */
    mi_code (*posterior)(const void *state, const unsigned char *masked, gsl_rng *draw,
                         void *scratch, mi_mask_posterior *posterior, mi_status *status);

    /* Does the model keep held-out data that evaluate can draw from? NULL: no. */
    bool (*has_held_out)(const void *state);

    /* The entropy of the whole configuration and the mean marginal entropy where they are known in
     * closed form (for checks); MI_NUMERIC where not. NULL: not known. */
    mi_code (*known_entropies)(const void *state, double *ret_marginal, double *ret_total,
                               mi_status *status);

    /* One sentence about something a reader of the results must know (over-fitting, vocabulary
     * cap); returns false where there is nothing to say. NULL: never. */
    bool (*remark)(const void *state, char *text, size_t size);
} mi_model_class;

typedef struct mi_model {
    const mi_model_class *class;
    void *state;
} mi_model;

/* NULL-terminated registry of all classes, and a class by name (NULL where there is none). */
const mi_model_class *const *mi_model_classes(void);
const mi_model_class *mi_model_find(const char *name);

mi_code mi_model_create(const mi_model_class *class, const mi_values *values, const mi_run *run,
                        mi_model **ret_model, mi_status *status);
void mi_model_destroy(mi_model *model); /* accepts NULL */

#endif
