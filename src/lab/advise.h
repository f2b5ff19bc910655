/* What the files of `maskinfo advise` share. */
#ifndef MASKINFO_LAB_ADVISE_H
#define MASKINFO_LAB_ADVISE_H

#include "lab.h"
#include "maskinfo/advise.h"

/* The data, before any model. */
typedef struct mi_subject {
    const char *path;
    mi_data_kind kind;
    bool text, series; /* letters; steps in time of an array; neither: images */
    size_t letters, held_out_windows;
    size_t images, low[2], high[2]; /* least and most rows and columns */
    size_t steps, channels;         /* of an array */
    size_t patch, grid[2];          /* chosen, or asked for */
    bool patch_asked;
} mi_subject;

/* Letters of a window, and the share of a text that is held out. */
enum { MI_ADVICE_LENGTH = 64 };
extern const double mi_advice_held_out;

/* Looks at the data and settles patch and grid. */
mi_code mi_subject_read(const mi_advice_options *options, mi_subject *ret_subject,
                        mi_status *status);

/* Halve the patch that nobody asked for; false where that is not possible. */
bool mi_subject_refine(mi_subject *subject);

/* What is left to choose beside the subject. */
typedef struct mi_advice_choice {
    size_t order;                                 /* letters */
    const char *family;                           /* images */
    const char *strategies[MI_ADVICE_STRATEGIES]; /* besides random */
    size_t strategy_count;
    uint64_t seed;
} mi_advice_choice;

/* Names of the curves of an advice that are not of a strategy. */
extern const char mi_advice_first[], mi_advice_second[], mi_advice_model[];

/* The comparison whose curves are: random masks on all data; the strategies, on the same model; of
 * text the model's own entropies; the halves. *ret_document: cJSON_Delete. */
mi_code mi_advice_document(const mi_subject *subject, const mi_advice_choice *choice,
                           cJSON **ret_document, mi_status *status);

/* One curve of it, computed. */
typedef struct mi_finding {
    const mi_curve_config *config;
    cJSON *curve;          /* NULL where it could not be had */
    mi_analysis *analysis; /* likewise */
    char reason[640];      /* then why */
    /* of a strategy: information at 50 and 75 % less that of random masks on the same draws */
    bool compared[2];
    double difference[2], difference_error[2];
} mi_finding;

/* Held-out cross-entropy of letter models of one order. */
typedef struct mi_advice_order {
    size_t order;
    double cross_entropy, error; /* nats per letter */
} mi_advice_order;

/* A density of images that was tried, and what contradicts it. */
typedef struct mi_advice_trial {
    const char *family;
    size_t patch, grid[2];
    bool half; /* it is a half of the data alone that contradicts it */
    char misfit[800];
} mi_advice_trial;

enum { MI_ADVICE_ORDERS = 3, MI_ADVICE_TRIALS = 4 };

/* All that a result is written from. */
typedef struct mi_study {
    const mi_advice_options *options;
    const mi_run *run;
    mi_subject subject;
    mi_advice_choice choice;
    size_t order_count;
    mi_advice_order orders[MI_ADVICE_ORDERS];
    size_t tried; /* densities before the present one */
    mi_advice_trial trials[MI_ADVICE_TRIALS];
    mi_experiment *experiment; /* NULL where there is too little data for any */
    mi_finding *findings;      /* (experiment->count) */
    mi_model *model;           /* of all data */
    char too_little[640];
    mi_judgement judgement;
    double seconds;
} mi_study;

static const double mi_advice_ratios[2] = {0.5, 0.75};

/* The first finding with this label; NULL where there is none. */
const mi_finding *mi_study_find(const mi_study *study, const char *label);

/* Resolve the experiment of the study's choice, in place of an earlier one and its findings. */
mi_code mi_study_make(mi_study *study, mi_status *status);
void mi_study_forget(mi_study *study);
void mi_study_announce(const mi_run *run, const char *heading);

/* Find, of a new experiment, the curve of random masks on all data and, if it says something, those
 * of the halves; the curve of one label, with a model of its own; those of the strategies. What
 * prevents a curve is its finding's reason, and no failure. */
mi_code mi_study_curves(mi_study *study, mi_status *status);
mi_code mi_study_curve(mi_study *study, const char *label, mi_status *status);
mi_code mi_study_strategies(mi_study *study, mi_status *status);

/* Is there a curve that says something, and does not contradict itself? */
bool mi_finding_sound(const mi_finding *finding);

mi_code mi_advice_json(const mi_study *study, cJSON **ret_result, mi_status *status);

/* Sentences for people. */
const char *mi_advice_regime(const char *verdict);
void mi_advice_help(const mi_study *study, char *text, size_t size);
void mi_advice_strategy(const mi_study *study, const mi_finding *finding, char *text, size_t size);

#endif
