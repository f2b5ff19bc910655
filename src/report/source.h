/* A result, read from its JSON into plain numbers: one source per curve. */
#ifndef MASKINFO_REPORT_SOURCE_H
#define MASKINFO_REPORT_SOURCE_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "maskinfo/status.h"

/* One number per ratio. The first block is read from the result's points, the second is derived
 * from it; an error always follows its value. */
typedef enum mi_field {
    MI_F_RATIO,
    MI_F_CONDITIONAL,
    MI_F_CONDITIONAL_SE,
    MI_F_INFORMATION,
    MI_F_INFORMATION_SE,
    MI_F_VOCABULARY, /* exp(h), tokens */
    MI_F_UNIGRAM,    /* log V - h_0 */
    MI_F_JOINT,
    MI_F_JOINT_SE,
    MI_F_OBJECTIVE,
    MI_F_OBJECTIVE_SE,
    MI_F_HELD_OUT,
    MI_F_HELD_OUT_SE,
    MI_F_SCALE,
    MI_F_SCALE_SE,
    MI_F_IN_SAMPLE,
    MI_F_IN_SAMPLE_SE,
    MI_F_MSE, /* Bayes-optimal squared error over the variance; no error known */
    MI_F_INTERPOLATION,
    MI_F_INTERPOLATION_SE,
    MI_F_FAR,
    MI_F_FAR_SE,
    MI_F_CLASS, /* I(C; x_v), nats, not per site */
    MI_F_CLASS_SE,
    MI_F_SEMANTIC, /* part of i(r) that comes through the class */
    MI_F_SEMANTIC_SE,

    MI_F_TOTAL,             /* log V - h = unigram part + i */
    MI_F_INFORMATION_SHARE, /* i(r) / i(smallest r) */
    MI_F_INFORMATION_SHARE_SE,
    MI_F_JOINT_SHARE, /* joint(r) / largest */
    MI_F_JOINT_SHARE_SE,
    MI_F_OBJECTIVE_SHARE, /* J(r) / largest */
    MI_F_OBJECTIVE_SHARE_SE,
    MI_F_MIRROR,      /* joint(r) - joint(1-r), where 1-r is a ratio of the result too */
    MI_F_EXPONENTIAL, /* I0 exp(-lambda r) */
    MI_F_POWER,       /* I0 (1-r)^kappa */
    MI_F_EXPONENTIAL_RESIDUAL,
    MI_F_POWER_RESIDUAL,
    MI_F_INTERPOLATION_SHARE, /* of i(r), where i(r) is above its noise */
    MI_F_INTERPOLATION_SHARE_SE,
    MI_F_FAR_SHARE,
    MI_F_FAR_SHARE_SE,
    MI_F_SEMANTIC_SHARE,
    MI_F_SEMANTIC_SHARE_SE,
    MI_F_DIFFERENCE, /* i(r) - i(r) of the reference curve, at ratios of both */
    MI_F_DIFFERENCE_SE,
    MI_FIELDS,
    MI_F_NONE = MI_FIELDS
} mi_field;

/* Column name and unit of a field, e.g. "information(nats)"; never NULL. */
const char *mi_field_heading(mi_field field);

typedef enum mi_group { MI_GROUP_TEXT, MI_GROUP_IMAGE, MI_GROUPS } mi_group;

/* How a source looks in every figure. */
typedef struct mi_look {
    char color[8]; /* "#rrggbb" */
    int dash;      /* gnuplot's dash type, 1..5 */
    int point;     /* gnuplot's point type */
} mi_look;

typedef struct mi_decay {
    bool valid;
    const char *opt_reason; /* why not, where not valid; borrowed */
    double amplitude, exponent;
    double exponent_se; /* NAN where absent, like the next ones */
    double sampling_se, r_squared, aicc, optimum;
    bool corner;
} mi_decay;

/* A masking strategy and its look, the same in every figure that tells strategies apart. */
typedef struct mi_strategy {
    const char *name, *meaning;
    const char *color;          /* "#rrggbb" */
    int open_point, full_point; /* gnuplot's point types */
} mi_strategy;

/* All strategies that the figures know; the last one has no name. */
extern const mi_strategy mi_strategies[];

/* One mask of a strategy. */
typedef struct mi_mask_sample {
    double ratio; /* that was asked of the strategy */
    size_t rows, columns;
    const char *masked; /* (rows * columns) '1' hidden, '0' visible; borrowed */
} mi_mask_sample;

typedef struct mi_source {
    const cJSON *json; /* the curve's object; borrowed */
    char *label;       /* as mi_text_clean */
    mi_group group;
    size_t number; /* place among all curves, from 0 */
    mi_look look;
    bool misfit;
    char *misfit_message; /* as mi_text_clean; "" where absent */
    size_t points;
    double *values[MI_FIELDS]; /* (points) each; NAN where the result has no number */
    double *block;             /* owner of all values */
    mi_decay exponential, power;
    bool has_optimum, edge;
    double optimum, low, high;
    const char *opt_regime;          /* a regime's name, or NULL: constants, like the next */
    const char *opt_preferred;       /* "exponential", "power" or NULL */
    const mi_strategy *opt_strategy; /* NULL: the result does not name one that is known */
    char *origin; /* the source that several curves share, as mi_text_clean; "" where absent */
    const struct mi_source *opt_reference; /* the curve that this one approximates */
    double classes;                        /* of the model; NAN where it has none */
    size_t sample_count;
    mi_mask_sample *samples;
} mi_source;

/* Published numbers that are held against the objective of one source. */
typedef struct mi_overlay {
    char *label, *origin, *metric; /* as mi_text_clean; "" where absent */
    size_t count;
    double *numbers;              /* (count, 2): ratio, value */
    const mi_source *opt_against; /* NULL: no curve has that label */
    double rank_correlation;      /* NAN where absent */
    double pairs;                 /* ratios that it is of; likewise */
} mi_overlay;

/* Published accuracies of masks beside how predictable such masks leave a source. */
typedef struct mi_published_mask {
    const mi_strategy *strategy;
    double ratio, information, information_se, fine_tune, linear_probe; /* NAN where absent */
} mi_published_mask;

typedef struct mi_strategy_comparison {
    char *source, *origin, *sentence; /* as mi_text_clean */
    bool image;                       /* the source's sites are patches, not tokens */
    double fine_tune_correlation, linear_probe_correlation; /* NAN where absent */
    size_t count;
    mi_published_mask *masks;
} mi_strategy_comparison;

typedef struct mi_report {
    const cJSON *result; /* borrowed */
    bool compare;        /* several curves; else one "curve", or: */
    bool advice;         /* the several curves are those of an advice, which may have none */
    bool estimators;     /* estimates against known truths, no sources; trials.h reads them */
    bool center;         /* no sources; center.h reads it */
    bool train, checks, methods; /* one training run, or several; no sources but: */
    struct mi_runs *opt_runs;    /* trained.h */
    struct mi_swept *opt_swept;  /* a sweep, swept.h; no sources */
    size_t count;
    mi_source *sources;
    size_t overlay_count;
    mi_overlay *overlays;
    char *verdict; /* the result's own sentence, as mi_text_clean; "" where absent */
    mi_strategy_comparison *opt_comparison;
} mi_report;

/* MI_INPUT where the JSON is not a curve, compare, estimators, advise, train, checks, methods,
 * center or sweep result; status->place says where. */
mi_code mi_report_read(const cJSON *result, mi_report **ret_report, mi_status *status);
void mi_report_destroy(mi_report *report); /* accepts NULL */

/* The finite number at a key of an object, else NAN; and the string, else NULL. */
double mi_json_number(const cJSON *object, const char *key);
const char *mi_json_text(const cJSON *object, const char *key);

/* Fill overlays and verdict of a report whose sources are read. */
mi_code mi_report_read_overlays(mi_report *report, mi_status *status);
void mi_report_free_overlays(mi_report *report);

/* The source whose label in the JSON this is; NULL where there is none. */
const mi_source *mi_report_find(const mi_report *report, const char *opt_label);

/* Fill strategy, origin, classes and mask samples of a source; `where` is the path of its curve,
 * "" or "curves[3].". MI_INPUT with the place of a sample that is not one. */
mi_code mi_source_read_strategy(mi_source *source, const char *where, mi_status *status);
void mi_source_free_strategy(mi_source *source);

/* Once all sources are read: references by their labels, and the strategy comparison. */
mi_code mi_report_read_strategies(mi_report *report, mi_status *status);
void mi_report_free_strategies(mi_report *report);

/* Is any value of the field there? */
bool mi_source_has(const mi_source *source, mi_field field);

/* Does the source ask to be in this figure (or appear there because it asks for nothing)? */
bool mi_source_in(const mi_source *source, const char *figure);

/* Fill the derived fields; points, fits and label are there. */
void mi_source_derive(mi_source *source);

/* Fill the difference from the reference, where there is one. */
void mi_source_derive_difference(mi_source *source);

/* The look of a thing that is neither text nor image: 16 of them differ. */
mi_look mi_look_of(size_t number);

/* Give every source its look. */
void mi_report_dress(mi_report *report);

/* "%.12g", or "?" where the number is not there. */
void mi_put_number(FILE *file, double value);

#endif
