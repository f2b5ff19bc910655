/* Masks of published accuracies with the information of a source, in order. */
#ifndef MASKINFO_LAB_BOARD_H
#define MASKINFO_LAB_BOARD_H

#include "lab.h"

enum { MI_MAX_ROWS = 64, MI_METRICS = 2, MI_SENTENCE = 8192 };

/* Kinds of accuracy: their keys in published files and results, and their names. */
typedef struct mi_metric {
    const char *key, *name;
} mi_metric;

extern const mi_metric mi_metrics[MI_METRICS];

/* Texts are borrowed from the JSON. */
typedef struct mi_mask_row {
    const char *strategy;
    double ratio, accuracy[MI_METRICS];
    const cJSON *opt_curve; /* NULL: no curve, or none at this ratio */
    double information, error;
} mi_mask_row;

typedef struct mi_board {
    const char *source;
    size_t count;
    mi_mask_row rows[MI_MAX_ROWS];
    double ratio;                          /* that most rows with a curve share */
    size_t compared;                       /* of them */
    const mi_mask_row *order[MI_MAX_ROWS]; /* (compared) most predictable first */
} mi_board;

/* Read the published rows, find their information in the curves of board->source, and order those
 * of the ratio that most of them share. MI_INPUT after adding a fault. */
mi_code mi_board_fill(mi_board *board, const cJSON *curves, const cJSON *published,
                      mi_faults *faults);

/* Text at a key, "" where there is none. */
const char *mi_lab_text(const cJSON *object, const char *name);

/* Is the curve of the row a misfit? The row has a curve. */
bool mi_mask_misfit(const mi_mask_row *row);

/* Accuracy of a metric, or the information where metric is -1. */
double mi_mask_value(const mi_mask_row *row, int metric);

/* Largest value first; equal ones keep their order. */
void mi_mask_sort(const mi_mask_row **rows, size_t count, int metric);

/* Difference of information over its error, within +-1e6. */
double mi_mask_z(const mi_mask_row *more, const mi_mask_row *less);

/* Over pairs of the compared masks: +1 where every one is ordered alike by information and
 * accuracy, -1 where every one is ordered the other way, else 0. */
int mi_board_agreement(const mi_board *board, int metric);

/* Spearman's rank correlation of information and accuracy over all rows with a curve; false where
 * there are too few. */
bool mi_board_correlate(const mi_board *board, int metric, double *ret_correlation,
                        size_t *ret_pairs);

/* What the numbers say, in text. */
void mi_board_sentence(const mi_board *board, char text[MI_SENTENCE]);

#endif
