/* Methods side by side: the table of a "methods" result. */
#ifndef MASKINFO_REPORT_COMPARED_H
#define MASKINFO_REPORT_COMPARED_H

#include "monitored.h"

/* What frozen features tell of labels, and in which ways it is asked. */
enum { MI_WAY_KNN, MI_WAY_LINEAR, MI_WAY_PATCH, MI_WAYS };

typedef struct mi_compared {
    char *label, *method, *target;                       /* as mi_text_clean; "" where absent */
    double seed, parameters, final_loss, seconds, bytes; /* NAN where absent */
    double accuracy[MI_WAYS], error[MI_WAYS];
    char *reasons[MI_WAYS]; /* why an accuracy is missing; "" where absent */
    mi_verdict collapse;
    char *verdict; /* the same in the result's words, of how many seeds; "" where absent */
} mi_compared;

typedef struct mi_outcome {
    char *label;
    double seed, step, information, teacher_entropy, log_prototypes;
    mi_verdict verdict;
} mi_outcome;

enum { MI_BASE_RAW, MI_BASE_UNTRAINED, MI_BASES };

typedef struct mi_comparison {
    bool collapse; /* the view: outcomes of runs, else methods */
    char *title;
    size_t count, outcome_count;
    mi_compared *methods;
    mi_outcome *outcomes;
    double base[MI_BASES][MI_WAYS]; /* accuracies without training; NAN where absent */
} mi_comparison;

/* `node` is that of the whole result. */
void mi_comparison_read(mi_reader *reader, const mi_node *node, mi_comparison *comparison);
void mi_comparison_free(mi_comparison *comparison);

#endif
