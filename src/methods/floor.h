/* Parts of an evaluation: held-out examples under masks, what the network and the model's posterior
 * say of them, and sums over the masked sites of each. */
#ifndef MASKINFO_METHODS_FLOOR_H
#define MASKINFO_METHODS_FLOOR_H

#include "maskinfo/floor.h"
#include "source.h"

/* How examples, tokens and sites lie on one another, and what can be known. A "place" is where a
 * value stands when the values of each site are put side by side. */
typedef struct mi_floor_plan {
    const mi_setting *setting;
    const mi_weights *weights;
    const mi_run *run;
    const mi_method_class *method;
    const mi_source *source;
    mi_source_shape shape;
    mi_layout layout;                  /* of the tokens */
    size_t values, tokens, token_size; /* of an example; values predicted for a token */
    size_t sites, block;               /* of the model; values of a site */
    size_t *raster;                    /* (tokens, token_size) where each predicted value is in
                                          the example; NULL: symbols */
    size_t *place;                     /* likewise where it stands site by site */
    size_t *token_of;                  /* (sites); NULL: a token is not whole sites */
    size_t *kind;                      /* (sites) which of the sites of its token */
    size_t kinds;                      /* sites of a token */
    bool normalized;                   /* targets */
    bool judged;                       /* the model's posterior can be had */
    bool means;                        /* ... with its means */
    bool exact;                        /* ... and is the truth */
    size_t unit;                       /* examples that are predicted at once */
} mi_floor_plan;

/* mi_floor_plan_free also after a failure. */
mi_code mi_floor_plan_init(mi_floor_plan *plan, const mi_setting *setting,
                           const mi_weights *weights, const mi_run *run, mi_status *status);
void mi_floor_plan_free(mi_floor_plan *plan);

/* What one thread works with: a unit of examples. */
typedef struct mi_floor_bench {
    gsl_rng *draw, *mask;
    void *source_scratch, *model_scratch;
    mi_arena arena;
    mi_scalar *pixels;           /* (unit, values) standardised */
    unsigned *symbols;           /* (unit, values) */
    unsigned char *masked;       /* (unit, tokens) */
    int *labels;                 /* (unit) */
    mi_scalar *predicted;        /* (unit, tokens, token_size) */
    unsigned char *sites;        /* (sites) masked ones of one example */
    mi_mask_posterior posterior; /* of one example */
} mi_floor_bench;

mi_code mi_floor_benches_create(const mi_floor_plan *plan, mi_floor_bench **ret_benches,
                                mi_status *status);
void mi_floor_benches_destroy(const mi_floor_plan *plan, mi_floor_bench *benches);

/* Which examples: example e is drawn from (seed, examples, offset + e), its mask from (seed, masks,
 * offset + e), the latter at `ratio`, NAN: as in training. */
typedef struct mi_floor_draws {
    mi_part part;
    mi_purpose examples, masks;
    uint64_t offset, mask_offset;
    double ratio;
} mi_floor_draws;

/* Draw and predict the examples first .. first+count-1, count <= plan->unit. */
mi_code mi_floor_predict(const mi_floor_plan *plan, const mi_floor_draws *draws, size_t first,
                         size_t count, mi_floor_bench *bench, mi_status *status);

/* The posterior of the model for example `at` of the unit, number `example`, in bench->posterior
 * (values and mean where plan->means), with the masked sites in bench->sites. */
mi_code mi_floor_judge(const mi_floor_plan *plan, const mi_floor_draws *draws, size_t example,
                       size_t at, mi_floor_bench *bench, mi_status *status);

/* One example: sums over its masked tokens (tokens, loss, exact_loss, least) or sites (the rest).
 */
typedef struct mi_floor_sample {
    size_t tokens, sites;
    double loss;        /* the network's */
    double exact_loss;  /* of the model's posterior on the same draw */
    double least;       /* what exact_loss is on average, given what is visible */
    double nats;        /* -log q of the network */
    double pooled;      /* -log q of Gaussians of one variance around the posterior means */
    double exact_nats;  /* -log p of the model */
    double conditional; /* what exact_nats is on average */
    double marginal;    /* H(X_i) */
    double best_class;  /* largest p(C = c | x_v) */
    bool judged;
} mi_floor_sample;

/* Sums of the network's loss on example `at` of the unit; pixels: also the residuals (values) of
 * masked sites, site by site, others 0. */
void mi_floor_network(const mi_floor_plan *plan, const mi_floor_bench *bench, size_t at,
                      mi_scalar *opt_residuals, mi_floor_sample *sample);

/* Sums of the posterior in bench->posterior, and its residuals likewise (where plan->means). */
void mi_floor_posterior(const mi_floor_plan *plan, const mi_floor_bench *bench, size_t at,
                        mi_scalar *opt_residuals, mi_floor_sample *sample);

/* Add uniform noise of one step to the residuals of masked values that are whole numbers, keyed by
 * the number of the example: differential entropies are those of values with such noise. */
void mi_floor_dither(const mi_floor_plan *plan, const unsigned char *masked, size_t example,
                     mi_scalar *residuals);

/* -log q of residuals (samples, values) under Gaussians (of real pixels: mixtures of them over
 * contrasts) fitted to the other half of the examples, summed over the masked sites: sums
 * (samples), nats in the model's units. NAN where a half has no residuals. masked is (samples,
 * tokens). */
mi_code mi_floor_gaussians(const mi_floor_plan *plan, const mi_scalar *residuals,
                           const unsigned char *masked, size_t samples, double *sums,
                           mi_status *status);

/* Share of scenes whose class a linear classifier tells rightly from completed images, trained on
 * `samples` others under masks of the same ratio. held_out (samples, values) and labels (samples)
 * are those of the evaluation. */
mi_code mi_floor_class(const mi_floor_plan *plan, mi_floor_bench *benches, double ratio,
                       const mi_scalar *held_out, const int *labels, size_t samples,
                       double *ret_accuracy, mi_status *status);

/* The example with the masked tokens as predicted: completed (values), standardised. */
void mi_floor_complete(const mi_floor_plan *plan, const mi_floor_bench *bench, size_t at,
                       mi_scalar *completed);

#endif
