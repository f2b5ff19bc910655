/* What a method told of its steps beside the loss, and whether its outputs collapsed. */
#ifndef MASKINFO_REPORT_MONITORED_H
#define MASKINFO_REPORT_MONITORED_H

#include "reader.h"

/* Columns of the monitors that the figures know; a method's others follow MI_M_KNOWN. */
enum {
    MI_M_STEP,
    MI_M_TEACHER_ENTROPY,
    MI_M_MEAN_ENTROPY,
    MI_M_INFORMATION,
    MI_M_DIVERGENCE,
    MI_M_CENTER_NORM,
    MI_M_CENTER_DISTANCE,
    MI_M_CENTER_NOISE,
    MI_M_RANK,
    MI_M_DEVIATION,
    MI_M_PATCH_TEACHER_ENTROPY,
    MI_M_PATCH_MEAN_ENTROPY,
    MI_M_PATCH_INFORMATION,
    MI_M_PATCH_DIVERGENCE,
    MI_M_PATCH_CENTER_NORM,
    MI_M_KOLEO,
    MI_M_COSINE,
    MI_M_KNOWN
};

enum { MI_MOST_MONITORS = 24, MI_MONITOR_NAME = 32 };

typedef struct mi_monitored {
    mi_number_rows steps;                                /* MI_M_ columns, then the others */
    double log_prototypes, log_patch_prototypes;         /* ln K; NAN: the method has none */
    size_t others;                                       /* that the figures do not know */
    char other_names[MI_MOST_MONITORS][MI_MONITOR_NAME]; /* lower case letters, digits, '_' */
    char other_units[MI_MOST_MONITORS][MI_MONITOR_NAME]; /* as mi_text_clean; "": none */
} mi_monitored;

typedef enum mi_verdict {
    MI_VERDICT_NONE, /* no collapse */
    MI_VERDICT_UNIFORM,
    MI_VERDICT_ONE,
    MI_VERDICT_DIMENSIONAL,
    MI_VERDICT_UNKNOWN, /* the result tells nothing */
    MI_VERDICTS
} mi_verdict;

typedef struct mi_collapse {
    mi_verdict verdict;
    double step, information, threshold; /* NAN where absent */
    char *message, *remark;              /* as mi_text_clean; "" where absent */
} mi_collapse;

/* `node` is that of the run; for the outputs for patches that of its "collapse", and the key is
 * "patch". Release with the next two. */
void mi_monitored_read(mi_reader *reader, const mi_node *node, mi_monitored *monitored);
void mi_collapse_read(mi_reader *reader, const mi_node *node, const char *key,
                      mi_collapse *collapse);
void mi_monitored_free(mi_monitored *monitored);
void mi_collapse_free(mi_collapse *collapse);

/* The verdict at a key of a node, "uniform" or "uniform (2 of 3)" of several seeds;
 * MI_VERDICT_UNKNOWN where it is missing or null. */
mi_verdict mi_verdict_read(mi_reader *reader, const mi_node *node, const char *key);

/* "no collapse", "uniform", ... and the colour that stands for it. */
const char *mi_verdict_name(mi_verdict verdict);
const char *mi_verdict_color(mi_verdict verdict);

#endif
