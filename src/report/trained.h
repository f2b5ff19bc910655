/* The result of a training run, read from its JSON into plain numbers. */
#ifndef MASKINFO_REPORT_TRAINED_H
#define MASKINFO_REPORT_TRAINED_H

#include "compared.h"
#include "maps.h"
#include "maskinfo/figures.h"
#include "monitored.h"
#include "reader.h"
#include "source.h"

/* Columns of the rows of each kind. Numbers that the result does not have are NAN. */
enum {
    MI_S_STEP,
    MI_S_LOSS, /* mean over a stretch of steps that ends there, */
    MI_S_LOW,  /* and its range */
    MI_S_HIGH,
    MI_S_RATE,
    MI_S_NORM,
    MI_S_COLUMNS
};
enum {
    MI_P_RATIO,
    MI_P_LOSS,
    MI_P_LOSS_SE,
    MI_P_FLOOR,
    MI_P_FLOOR_SE,
    MI_P_GAP,
    MI_P_GAP_SE,
    MI_P_ENTROPY,
    MI_P_ENTROPY_SE,
    MI_P_EXACT_ENTROPY,
    MI_P_GAP_NATS,
    MI_P_GAP_NATS_SE,
    MI_P_INFORMATION,
    MI_P_INFORMATION_SE,
    MI_P_EXACT_INFORMATION,
    MI_P_OBJECTIVE,
    MI_P_EXACT_OBJECTIVE,
    MI_P_CLASS,
    MI_P_CLASS_EXACT,
    MI_P_REFERENCE,                /* loss of the source's own model, where that is no floor */
    MI_P_POOLED,                   /* entropy of exact means judged as the network is */
    MI_P_READ,                     /* what follows is derived: */
    MI_P_OBJECTIVE_SE = MI_P_READ, /* ratio * information_se */
    MI_P_GAP_PERCENT,              /* of the floor */
    MI_P_LEAK,                     /* 0 or 1 */
    MI_P_POOLED_GAP,               /* pooled - exact entropy: part of the gap in nats */
    MI_P_COLUMNS
};
enum { MI_E_RATIO, MI_E_ENTROPY, MI_E_INFORMATION, MI_E_OBJECTIVE, MI_E_COLUMNS };

/* What is proved of a best ratio; ratio NAN: there is none. */
typedef struct mi_best {
    double ratio, low, high, objective;
    bool edge;
} mi_best;

/* At the training ratio (NAN: drawn for each sample, and these are means over the points). */
typedef struct mi_evaluation {
    double ratio, loss, loss_se, floor, floor_se, gap, gap_se, gap_percent, gap_nats, gap_nats_se;
    double reference_loss; /* the model's own, where it is no floor */
    double knn, linear, class_accuracy, class_accuracy_exact;
    bool leak;
    char *floor_reason, *leak_message, *loss_reason; /* as mi_text_clean; "" where absent */
} mi_evaluation;

/* Held-out examples with what was predicted of them. */
typedef struct mi_shown {
    size_t count, rows, columns, channels; /* 0 examples: the result has none */
    size_t patch_rows, patch_columns;      /* of a token, pixels or symbols */
    double ratio, low, high;               /* range of greys */
    double *original, *predicted;          /* (count, rows, columns, channels) */
    double *masked;                        /* (count, rows, columns), 0 or 1 */
    double *opt_exact;                     /* as original */
    double *opt_surprise;                  /* as masked */
    const char *opt_alphabet;              /* borrowed; one printable character for each symbol */
} mi_shown;

enum { MI_PROBE_UNTRAINED, MI_PROBE_RAW, MI_PROBE_TRAINED, MI_PROBES };

typedef struct mi_probed {
    bool there;
    double classes, training, held_out;
    double knn[MI_PROBES], knn_se[MI_PROBES], linear[MI_PROBES], linear_se[MI_PROBES];
    double patch[MI_PROBES], patch_se[MI_PROBES]; /* linear, of single patches */
} mi_probed;

typedef struct mi_trained {
    char *label;  /* its label or title, as mi_text_clean */
    char *method; /* likewise */
    mi_group group;
    bool discrete;
    double rows, columns, channels, vocabulary; /* of the source; NAN where absent */
    double token_rows, token_columns, parameters;
    double seed, final_loss;
    double uniform_loss;   /* of outputs without preference, ln K with its weights; NAN: none */
    const char *loss_name; /* with its unit, for axes; a constant */
    mi_number_rows steps;  /* MI_S_ columns */
    mi_number_rows points; /* MI_P_ columns, increasing ratios */
    mi_number_rows exact;  /* MI_E_ columns, increasing ratios */
    bool held_out;         /* the exact curve is that of a model of real data, no bound */
    mi_evaluation evaluation;
    mi_best best, exact_best;
    char *best_reason; /* why the network has no best ratio; as mi_text_clean */
    mi_shown shown;
    mi_probed probed;
    mi_monitored monitored;
    mi_collapse collapse, patch_collapse; /* of outputs for the class token, for patches */
    mi_maps maps;
} mi_trained;

/* Accuracies of encoders trained at several ratios, beside published ones. */
typedef struct mi_probe_curve {
    bool there;
    char *label, *origin;           /* as mi_text_clean; "" where absent */
    mi_number_rows points;          /* ratio, knn, knn_se, linear, linear_se */
    mi_number_rows published;       /* ratio, accuracy */
    double rank_correlation, pairs; /* of so many ratios */
    mi_best best;
} mi_probe_curve;

enum { MI_C_RATIO, MI_C_KNN, MI_C_KNN_SE, MI_C_LINEAR, MI_C_LINEAR_SE, MI_C_COLUMNS };

typedef enum mi_runs_kind { MI_RUNS_TRAIN, MI_RUNS_CHECKS, MI_RUNS_METHODS } mi_runs_kind;

/* The runs of a "train" result (one), of "checks" or of "methods". */
typedef struct mi_runs {
    size_t count;
    mi_trained *runs;
    double *probe_ratios; /* (count), of the table of checks */
    mi_probe_curve curve;
    mi_comparison comparison; /* of methods */
} mi_runs;

/* MI_INPUT where something is not of its type or length; status->place says where. */
mi_code mi_runs_read(const cJSON *result, mi_runs_kind kind, mi_runs **ret_runs, mi_status *status);
void mi_runs_destroy(mi_runs *runs); /* accepts NULL */

/* Fill `shown`; the source is read. `node` is that of the run. */
void mi_shown_read(mi_reader *reader, const mi_node *node, const mi_trained *trained,
                   mi_shown *shown);
void mi_shown_free(mi_shown *shown);

/* How the loss stands to the floor, as one sentence; at a leak it begins with "LEAK". Returns
 * text. */
char *mi_trained_verdict(const mi_trained *trained, char *text, size_t size);
/* Is there a leak, at the training ratio or at any other? */
bool mi_trained_leaks(const mi_trained *trained);

/* A column of rows: has it a number? Its smallest and largest, widened to *low and *high, plus and
 * minus `errors` times another column (columns of the rows: none). */
bool mi_rows_have(const mi_number_rows *rows, size_t column);
void mi_rows_range(const mi_number_rows *rows, size_t column, double errors, size_t error_column,
                   double *low, double *high);
static inline double mi_rows_at(const mi_number_rows *rows, size_t row, size_t column)
{
    return rows->values[row * rows->columns + column];
}

#endif
